#include "shield/set_sort.h"

#include <string.h>

#include "shield/set_ahead.h"

/* Items are dealt out by the first bits of their keys that were not looked at yet, each heap again,
 * until few are left in one. More heaps at once than this leave the caches. */
#define DIGIT_BITS_MAX 9

/* So many are sorted one by one, and as many should come to a heap. */
#define FEW 16

/* So many are sorted on two threads. */
#define MANY     200000

#define KEY_BITS 64

typedef struct {
    GCompareDataFunc compare;
    gpointer user;
} Comparing;

static inline gboolean is_less(const Comparing *comparing, const SetSortItem *a,
                               const SetSortItem *b)
{
    return a->key != b->key ? a->key < b->key : comparing->compare(a, b, comparing->user) < 0;
}

/* @to may be @from. */
static void sort_few(const Comparing *comparing, const SetSortItem *from, SetSortItem *to,
                     gsize count)
{
    for (gsize i = 0; i < count; i++) {
        SetSortItem item = from[i];
        gsize at = i;
        for (; at > 0 && is_less(comparing, &item, &to[at - 1]); at--)
            to[at] = to[at - 1];
        to[at] = item;
    }
}

static guint digit_bits(gsize count, guint used)
{
    guint bits = g_bit_storage(count / FEW) + 1;
    return MIN(MIN(bits, DIGIT_BITS_MAX), KEY_BITS - used);
}

/* Heaps that items were dealt out to. */
typedef struct {
    guint32 count;
    guint32 ends[1 << DIGIT_BITS_MAX];
    guint used; /* bits that the keys of each have in common */
} Heaps;

/* Deals out @count items whose first @used bits are the same. */
static void deal_out(const SetSortItem *from, SetSortItem *to, gsize count, guint used,
                     Heaps *ret_heaps)
{
    guint bits = digit_bits(count, used), shift = KEY_BITS - used - bits;
    guint32 *ends = ret_heaps->ends, last = (1u << bits) - 1, begin = 0;

    ret_heaps->count = last + 1;
    ret_heaps->used = used + bits;
    memset(ends, 0, ret_heaps->count * sizeof(*ends));
    for (gsize i = 0; i < count; i++)
        ends[from[i].key >> shift & last]++;
    for (guint32 i = 0; i <= last; i++) {
        guint32 size = ends[i];
        ends[i] = begin; /* moves to the end as items are put there */
        begin += size;
    }
    for (gsize i = 0; i < count; i++)
        to[ends[from[i].key >> shift & last]++] = from[i];
}

/* A half of the items that are dealt out by two threads. */
typedef struct {
    const SetSortItem *from;
    SetSortItem *to;
    gsize count;
    guint shift;
    guint32 last;
    guint32 ends[1 << DIGIT_BITS_MAX]; /* of its own part of each heap */
} Dealer;

static gpointer count_heaps(gpointer user)
{
    Dealer *dealer = user;
    for (gsize i = 0; i < dealer->count; i++)
        dealer->ends[dealer->from[i].key >> dealer->shift & dealer->last]++;
    return NULL;
}

static gpointer fill_heaps(gpointer user)
{
    Dealer *dealer = user;
    for (gsize i = 0; i < dealer->count; i++)
        dealer->to[dealer->ends[dealer->from[i].key >> dealer->shift & dealer->last]++] =
            dealer->from[i];
    return NULL;
}

/* As deal_out() of whole keys. */
static void deal_out_many(const SetSortItem *from, SetSortItem *to, gsize count, Heaps *ret_heaps)
{
    guint bits = digit_bits(count, 0);
    guint32 last = (1u << bits) - 1, begin = 0;
    Dealer low = {.from = from,
                  .to = to,
                  .count = count / 2,
                  .shift = KEY_BITS - bits,
                  .last = last},
           high = low;

    high.from += low.count;
    high.count = count - low.count;
    set_ahead_both(count_heaps, &low, &high);
    for (guint32 i = 0; i <= last; i++) {
        guint32 size = low.ends[i], others = high.ends[i];
        low.ends[i] = begin; /* moves to the end as items are put there */
        high.ends[i] = begin + size;
        begin += size + others;
    }
    set_ahead_both(fill_heaps, &low, &high);
    ret_heaps->count = last + 1;
    ret_heaps->used = bits;
    memcpy(ret_heaps->ends, high.ends, sizeof(high.ends));
}

/* Sorts @from, whose keys have the first @used bits in common; the result is put to @to, or stays
 * when @stay is set. Calls itself for each heap, with more bits used. */
static void sort_by_digits(const Comparing *comparing, SetSortItem *from, SetSortItem *to,
                           gsize count, guint used, gboolean stay)
{
    Heaps heaps;

    if (count <= FEW) {
        sort_few(comparing, from, stay ? from : to, count);
        return;
    }
    if (used == KEY_BITS) {
        g_qsort_with_data(from, (gint)count, sizeof(*from), comparing->compare, comparing->user);
        if (!stay)
            memcpy(to, from, count * sizeof(*from));
        return;
    }
    deal_out(from, to, count, used, &heaps);
    for (guint32 i = 0, start = 0; i < heaps.count; start = heaps.ends[i++])
        if (heaps.ends[i] > start)
            sort_by_digits(comparing, to + start, from + start, heaps.ends[i] - start, heaps.used,
                           !stay);
}

/* A part of the heaps that many items were dealt out to, from `other`; the result goes to `items`.
 */
typedef struct {
    const Comparing *comparing;
    const SetSort *sort;
    const Heaps *heaps;
    guint32 first, end; /* of the heaps */
} Part;

static gpointer sort_part(gpointer user)
{
    const Part *part = user;
    const guint32 *ends = part->heaps->ends;
    guint32 start = part->first > 0 ? ends[part->first - 1] : 0;

    for (guint32 i = part->first; i < part->end; start = ends[i++])
        sort_by_digits(part->comparing, part->sort->other + start, part->sort->items + start,
                       ends[i] - start, part->heaps->used, FALSE);
    return NULL;
}

/* The same, each half of the heaps on a thread. */
static void sort_many(const Comparing *comparing, const SetSort *sort, gsize count)
{
    Heaps heaps;
    guint32 half = 0;

    deal_out_many(sort->items, sort->other, count, &heaps);
    while (heaps.ends[half] < count / 2)
        half++;
    Part low = {comparing, sort, &heaps, 0, half},
         high = {comparing, sort, &heaps, half, heaps.count};
    set_ahead_both(sort_part, &low, &high);
}

SetSortItem *set_sort_begin(SetSort *sort, gsize count)
{
    if (count > sort->room) {
        set_sort_clear(sort);
        sort->items = g_new(SetSortItem, count);
        sort->other = g_new(SetSortItem, count);
        sort->room = count;
    }
    return sort->items;
}

void set_sort_run(SetSort *sort, gsize count, GCompareDataFunc compare, gpointer user)
{
    const Comparing comparing = {compare, user};
    if (count >= MANY)
        sort_many(&comparing, sort, count);
    else
        sort_by_digits(&comparing, sort->items, sort->other, count, 0, TRUE);
}

void set_sort_keep(const SetSort *sort, gsize count, SetSort *ret_kept)
{
    *ret_kept = (SetSort){.items = g_new(SetSortItem, count), .room = count};
    if (count > 0)
        memcpy(ret_kept->items, sort->items, count * sizeof(SetSortItem));
}

void set_sort_clear(SetSort *sort)
{
    g_free(sort->items);
    g_free(sort->other);
    *sort = (SetSort){0};
}
