#include "shield/set_sort.h"

#include <string.h>

/* Bits looked at in one pass, and passes. They tell nearly all keys apart that are random, and all
 * addresses; what they leave together is few, and compared. */
#define DIGIT_BITS 11
#define DIGITS     3
#define SHIFT      (64 - DIGITS * DIGIT_BITS)

/* Fewer are sorted by comparing. */
#define FEW 256

static guint digit_of(guint64 key, guint digit)
{
    return (guint)(key >> (SHIFT + digit * DIGIT_BITS)) & ((1u << DIGIT_BITS) - 1);
}

static void pass(const SetSortItem *from, SetSortItem *to, gsize count, guint digit, guint32 *next)
{
    guint32 at = 0;
    for (guint i = 0; i < 1u << DIGIT_BITS; i++) {
        guint32 here = next[i];
        next[i] = at;
        at += here;
    }
    for (gsize i = 0; i < count; i++)
        to[next[digit_of(from[i].key, digit)]++] = from[i];
}

/* Sorts by the first bits, from the last digit of them to the first; digits that are the same in
 * all keys are passed over. */
static void sort_by_key(SetSortItem *items, gsize count)
{
    g_autofree SetSortItem *other = g_new(SetSortItem, count);
    g_autofree guint32 *counts = g_new0(guint32, DIGITS << DIGIT_BITS);
    SetSortItem *from = items, *to = other;

    for (gsize i = 0; i < count; i++)
        for (guint digit = 0; digit < DIGITS; digit++)
            counts[(digit << DIGIT_BITS) + digit_of(items[i].key, digit)]++;
    for (guint digit = 0; digit < DIGITS; digit++) {
        guint32 *next = counts + (digit << DIGIT_BITS);
        if (next[digit_of(from[0].key, digit)] == count)
            continue;
        pass(from, to, count, digit, next);
        SetSortItem *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*items));
}

typedef struct {
    GCompareDataFunc compare;
    gpointer user;
} Comparing;

static gint compare_all(gconstpointer a, gconstpointer b, gpointer user)
{
    const Comparing *comparing = user;
    guint64 first = ((const SetSortItem *)a)->key, second = ((const SetSortItem *)b)->key;
    return first != second ? (first < second ? -1 : 1) : comparing->compare(a, b, comparing->user);
}

void set_sort(SetSortItem *items, gsize count, GCompareDataFunc compare, gpointer user)
{
    Comparing comparing = {compare, user};

    if (count <= FEW) {
        g_qsort_with_data(items, (gint)count, sizeof(*items), compare_all, &comparing);
        return;
    }
    sort_by_key(items, count);
    for (gsize i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && items[end].key >> SHIFT == items[i].key >> SHIFT;)
            end++;
        if (end - i > 1)
            g_qsort_with_data(items + i, (gint)(end - i), sizeof(*items), compare_all, &comparing);
    }
}
