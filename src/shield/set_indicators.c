#include "shield/set_indicators.h"

#include <string.h>

#include "shield/set_ahead.h"
#include "stix/identifier.h"

#define ID_PREFIX      "indicator--"

#define UUID_TEXT      36

#define INDICATORS_MAX (G_MAXINT32 / 64)

/* Indicators that are worth a thread. */
#define MANY 20000

/* A flag in `file.spare` until it is written. */
#define WITHDRAWN 1u

void set_indicators_init(SetIndicators *all)
{
    *all = (SetIndicators){
        .pool = g_string_new_len("", 1),
        .patterns = g_array_new(FALSE, FALSE, sizeof(SetFilePattern)),
        .sources = g_ptr_array_new_with_free_func(g_free),
        .known = g_hash_table_new(g_str_hash, g_str_equal),
    };
    g_ptr_array_add(all->sources, g_strdup(""));
}

void set_indicators_clear(SetIndicators *all)
{
    set_queue_free(all->queue);
    set_region_clear(&all->made);
    set_region_clear(&all->files);
    g_string_free(all->pool, TRUE);
    g_array_unref(all->patterns);
    g_hash_table_unref(all->known);
    g_ptr_array_unref(all->sources);
}

void set_indicators_clear_values(SetIndicatorsValues *values)
{
    set_region_clear(&values->digests);
    set_region_clear(&values->any);
}

static guint64 digest_at(const SetIndicatorsValues *values, guint32 number)
{
    return ((const guint64 *)(gconstpointer)values->digests.bytes)[number];
}

static gboolean is_full(gsize length, GError **error)
{
    if (length <= G_MAXUINT32)
        return FALSE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "too many indicators: their texts take more than 4 GiB");
    return TRUE;
}

/* Appends @text and its NUL to the pool. */
static gboolean keep_text(SetIndicators *all, const char *text, gsize length, guint32 *ret_offset,
                          GError **error)
{
    if (is_full(all->pool->len + length + 1, error))
        return FALSE;
    *ret_offset = (guint32)all->pool->len;
    g_string_append_len(all->pool, text, (gssize)length);
    g_string_append_c(all->pool, '\0');
    return TRUE;
}

/* "indicator--" and a UUID in lower case, as bytes; FALSE for any other text. */
static gboolean pack_id(const char *id, gsize length, guint8 ret_uuid[16])
{
    return length == strlen(ID_PREFIX) + UUID_TEXT &&
           memcmp(id, ID_PREFIX, strlen(ID_PREFIX)) == 0 &&
           set_file_pack_uuid(id + strlen(ID_PREFIX), ret_uuid);
}

static const char *source_name(const SetIndicators *all, guint32 source)
{
    return g_ptr_array_index(all->sources, source);
}

/* What comes from one source mostly comes together. */
static gboolean keep_source(SetIndicators *all, const char *source, guint32 *ret_number,
                            GError **error)
{
    if (all->source == 0 || strcmp(source_name(all, all->source), source) != 0) {
        /* It may be the name of a file. */
        g_autofree char *valid =
            g_utf8_validate(source, -1, NULL) ? g_strdup(source) : g_utf8_make_valid(source, -1);
        gpointer number = g_hash_table_lookup(all->known, valid);
        if (!number) {
            all->sources_length += strlen(valid) + 1;
            if (is_full(all->sources_length, error))
                return FALSE;
            number = GUINT_TO_POINTER(all->sources->len);
            g_hash_table_insert(all->known, valid, number);
            g_ptr_array_add(all->sources, g_steal_pointer(&valid));
        }
        all->source = GPOINTER_TO_UINT(number);
    }
    *ret_number = all->source;
    return TRUE;
}

/* Keeps the pattern of the indicator that is about to be added. */
static gboolean keep_pattern(SetIndicators *all, const SetIndicator *given, GError **error)
{
    SetFilePattern file = {.indicator = all->count | (given->pattern_20 ? SET_FILE_PATTERN_20 : 0)};
    if (!keep_text(all, given->pattern, strlen(given->pattern), &file.text, error))
        return FALSE;
    g_array_append_val(all->patterns, file);
    return TRUE;
}

/* What stands before the text that an id is to be made of. */
typedef struct {
    guint32 number, length;
    guint8 space[16];
} Head;

static gboolean make_ids(gpointer user, const guint8 *records, gsize length, GError **error)
{
    SetIndicators *all = user;

    for (gsize at = 0; at < length;) {
        Head head;
        memcpy(&head, records + at, sizeof(head));
        at += sizeof(head);
        SetIndicatorsMade made = {.number = head.number};
        identifier_hash_v5(head.space, (const char *)records + at, head.length, made.uuid);
        memcpy(set_region_room(&all->made, sizeof(made)), &made, sizeof(made));
        all->made.length += sizeof(made);
        at += head.length;
    }
    return TRUE;
}

/* Has the id of the indicator that is about to be added made. */
static gboolean make_id(SetIndicators *all, const char *id, const guint8 *space, GError **error)
{
    Head head = {.number = all->count, .length = (guint32)strlen(id)};

    if (!all->queue)
        all->queue = set_queue_new(make_ids, all);
    guint8 *room = set_queue_room(all->queue, sizeof(head) + head.length, error);
    if (!room)
        return FALSE;
    memcpy(head.space, space, sizeof(head.space));
    memcpy(room, &head, sizeof(head));
    memcpy(room + sizeof(head), id, head.length);
    return TRUE;
}

static gboolean keep_id(SetIndicators *all, const char *id, const guint8 *space,
                        SetFileIndicator *file, GError **error)
{
    gsize length;

    if (space)
        return make_id(all, id, space, error);
    length = strlen(id);
    return pack_id(id, length, file->uuid) ||
           keep_text(all, id, MIN(length, sizeof(((SetValue *)NULL)->id) - 1), &file->id, error);
}

gboolean set_indicators_add(SetIndicators *all, const SetIndicator *given, const guint8 *space,
                            GError **error)
{
    SetFileIndicator file = {
        .version = given->version,
        .valid_from = given->valid_from,
        .valid_until = given->valid_until,
        .confidence = (gint8)CLAMP(given->confidence, -1, 100),
        .tlp = (guint8)given->tlp,
        .pap = (guint8)given->pap,
        .spare = given->withdrawn ? WITHDRAWN : 0,
    };

    if (all->count >= INDICATORS_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "too many indicators");
    if (!keep_id(all, given->id, space, &file, error))
        return FALSE;
    if (given->name && !keep_text(all, given->name, strlen(given->name), &file.name, error))
        return FALSE;
    if (!keep_source(all, given->source, &file.source, error) ||
        (given->pattern && *given->pattern != '\0' && !given->withdrawn &&
         !keep_pattern(all, given, error)))
        return FALSE;
    memcpy(set_region_room(&all->files, sizeof(file)), &file, sizeof(file));
    all->files.length += sizeof(file);
    all->count++;
    return TRUE;
}

gboolean set_indicators_end(SetIndicators *all, GError **error)
{
    if (!all->queue)
        return TRUE;
    if (!set_queue_end(all->queue, error))
        return FALSE;
    const SetIndicatorsMade *made = (const SetIndicatorsMade *)(gconstpointer)all->made.bytes;
    for (gsize i = 0; i < all->made.length / sizeof(*made); i++)
        memcpy(set_indicators_at(all, made[i].number)->uuid, made[i].uuid, sizeof(made->uuid));
    set_region_clear(&all->made);
    return TRUE;
}

gboolean set_indicators_want_values(const SetIndicators *all)
{
    return (set_indicators_at(all, all->count - 1)->spare & WITHDRAWN) == 0;
}

/* --- Which of them, and in which order ------------------------------------------------------- */

static gint compare_ids(const SetIndicators *all, const SetFileIndicator *a,
                        const SetFileIndicator *b)
{
    if ((a->id != 0) != (b->id != 0))
        return a->id != 0 ? 1 : -1;
    return a->id != 0 ? strcmp(set_indicators_text(all, a->id), set_indicators_text(all, b->id))
                      : memcmp(a->uuid, b->uuid, sizeof(a->uuid));
}

/* What is sorted. */
typedef struct {
    const SetIndicators *all;
    const SetIndicatorsValues *values;
} Sorted;

/* Of one id the latest version comes first; of several that are as late a withdrawn one, and else
 * one that does not depend on the order they came in. */
static gint compare_indicators(gconstpointer first, gconstpointer second, gpointer user)
{
    const Sorted *sorted = user;
    const SetIndicators *all = sorted->all;
    guint32 at = ((const SetSortItem *)first)->at, other = ((const SetSortItem *)second)->at;
    const SetFileIndicator *a = set_indicators_at(all, at), *b = set_indicators_at(all, other);
    guint a_withdrawn = a->spare & WITHDRAWN, b_withdrawn = b->spare & WITHDRAWN;

    guint64 digest = digest_at(sorted->values, at), others = digest_at(sorted->values, other);

    gint order = compare_ids(all, a, b);
    if (order == 0 && a->version != b->version)
        order = a->version > b->version ? -1 : 1;
    if (order == 0 && a_withdrawn != b_withdrawn)
        order = a_withdrawn ? -1 : 1;
    if (order == 0)
        order = strcmp(source_name(all, a->source), source_name(all, b->source));
    if (order == 0 && digest != others)
        order = digest < others ? -1 : 1;
    if (order == 0)
        order = strcmp(set_indicators_text(all, a->name), set_indicators_text(all, b->name));
    if (order == 0)
        order = memcmp(&a->version, &b->version, 3 * sizeof(gint64));
    return order != 0 ? order : memcmp(&a->confidence, &b->confidence, 3);
}

void set_indicators_add_patterns(const SetIndicators *all, SetIndicatorsValues *values)
{
    guint64 *digests = (guint64 *)(gpointer)values->digests.bytes;

    for (guint i = 0; i < all->patterns->len; i++) {
        const SetFilePattern *file = &g_array_index(all->patterns, SetFilePattern, i);
        guint32 number = file->indicator & ~SET_FILE_PATTERN_20;
        const char *text = set_indicators_text(all, file->text);
        guint64 key = set_file_text_key(values->seed, text, strlen(text));
        digests[number] += key_mix(key, 1 + (file->indicator >> 31));
        values->any.bytes[number] = TRUE;
    }
}

/* An indicator's part of what the seed is made of: a sum, so that their order does not count. */
static guint64 seed_part(const SetIndicatorsValues *values, guint32 number)
{
    guint64 digest = digest_at(values, number);
    return key_mix(digest ^ values->seed, digest);
}

/* A part of the indicators that one of two threads looks at. */
typedef struct {
    Sorted *sorted;
    SetSortItem *items;
    guint32 first, end;
    guint64 parts; /* of the seed */
    guint32 *used; /* how many are of each source */
    guint32 kept, left_out;
    guint32 *numbers, *order;
    guint32 count, left; /* of those before that are kept, and left out */
} Share;

static gpointer begin_share(gpointer user)
{
    Share *share = user;
    const SetIndicators *all = share->sorted->all;
    const SetIndicatorsValues *values = share->sorted->values;

    for (guint32 i = share->first; i < share->end; i++) {
        const SetFileIndicator *file = set_indicators_at(all, i);
        gboolean counts = file->spare == 0 && values->any.bytes[i];
        share->items[i] = (SetSortItem){
            .key = file->id != 0 ? G_MAXUINT64 : set_file_first(file->uuid, 16),
            .at = i,
            .indicator = counts,
        };
        share->used[file->source] += counts;
        share->parts += seed_part(values, i);
    }
    return NULL;
}

/* Marks by `same` what is left out. */
static gpointer choose_share(gpointer user)
{
    Share *share = user;
    const SetIndicators *all = share->sorted->all;
    SetSortItem *items = share->items;

    for (guint32 i = share->first; i < share->end; i++) {
        guint32 at = items[i].at;
        gboolean older = i > 0 && items[i].key == items[i - 1].key &&
                         compare_ids(all, set_indicators_at(all, items[i - 1].at),
                                     set_indicators_at(all, at)) == 0;
        if (!older && items[i].indicator) {
            share->kept++;
            continue;
        }
        items[i].same = TRUE;
        share->left_out++;
        share->used[set_indicators_at(all, at)->source] -= items[i].indicator;
        share->parts -= seed_part(share->sorted->values, at);
    }
    return NULL;
}

static gpointer number_share(gpointer user)
{
    Share *share = user;
    guint32 end = share->sorted->all->count;

    for (guint32 i = share->first; i < share->end; i++) {
        guint32 at = share->items[i].at;
        if (share->items[i].same) {
            share->numbers[at] = SET_INDICATORS_NONE;
            share->order[end - ++share->left] = at;
        } else {
            share->numbers[at] = share->count;
            share->order[share->count++] = at;
        }
    }
    return NULL;
}

static gint compare_sources(gconstpointer a, gconstpointer b, gpointer user)
{
    return strcmp(source_name(user, *(const guint32 *)a), source_name(user, *(const guint32 *)b));
}

/* The sources of what is kept, in an order that does not depend on who came first. */
static void share_sources(const SetIndicators *all, const guint32 *used, SetIndicatorsKept *kept)
{
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(guint32));

    kept->shared = g_string_new_len("", 1);
    kept->sources = g_new0(guint32, all->sources->len);
    for (guint32 i = 1; i < all->sources->len; i++)
        if (used[i] > 0)
            g_array_append_val(sources, i);
    g_array_sort_with_data(sources, compare_sources, (gpointer)all);
    for (guint i = 0; i < sources->len; i++) {
        guint32 source = g_array_index(sources, guint32, i);
        const char *name = source_name(all, source);
        if (*name == '\0')
            continue; /* as the empty text */
        kept->sources[source] = (guint32)kept->shared->len;
        g_string_append_len(kept->shared, name, (gssize)strlen(name) + 1);
    }
}

/* Does it for both halves at once, when there are many. */
static void do_shares(GThreadFunc work, Share shares[2])
{
    if (shares[1].end > MANY) {
        set_ahead_both(work, &shares[1], &shares[0]);
        return;
    }
    work(&shares[0]);
    work(&shares[1]);
}

void set_indicators_keep(const SetIndicators *all, const SetIndicatorsValues *values, SetSort *sort,
                         SetIndicatorsKept *ret_kept)
{
    Sorted sorted = {all, values};
    g_autofree guint32 *used = g_new0(guint32, all->sources->len);
    g_autofree guint32 *others = g_new0(guint32, all->sources->len);
    Share shares[2] = {{
        .sorted = &sorted,
        .items = set_sort_begin(sort, all->count),
        .end = all->count / 2,
        .used = used,
        .numbers = g_new(guint32, (gsize)all->count + 1),
        .order = g_new(guint32, (gsize)all->count + 1),
    }};

    shares[1] = shares[0];
    shares[1].used = others;
    shares[1].first = shares[0].end;
    shares[1].end = all->count;
    do_shares(begin_share, shares);
    set_sort_run(sort, all->count, compare_indicators, &sorted);
    do_shares(choose_share, shares);
    shares[1].count = shares[0].kept;
    shares[1].left = shares[0].left_out;
    do_shares(number_share, shares);
    for (guint i = 0; i < all->sources->len; i++)
        used[i] += others[i];
    *ret_kept = (SetIndicatorsKept){
        .numbers = shares[0].numbers,
        .order = shares[0].order,
        .count = shares[1].count,
        .parts = shares[0].parts + shares[1].parts,
    };
    share_sources(all, used, ret_kept);
}

void set_indicators_clear_kept(SetIndicatorsKept *kept)
{
    g_free(kept->numbers);
    g_free(kept->order);
    g_free(kept->sources);
    if (kept->shared)
        g_string_free(kept->shared, TRUE);
}
