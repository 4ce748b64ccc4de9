#include "node/sighting_list.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "store/objects.h"
#include "store/peers.h"
#include "store/records.h"

/* Largest count that STIX allows a sighting. */
#define COUNT_MAX 999999999

const char *sighting_list_who_name(SightingListWho who)
{
    static const char *const names[] = {"own", "peer", "other"};
    return names[who];
}

/* --- One sighting after the other ------------------------------------------------------------ */

/* What a sighting says; the texts are its row's and document's. */
typedef struct {
    const char *of, *source;
    SightingListSum sum;
} Seen;

typedef struct {
    const SightingListQuery *query;
    GHashTable *retired;
    void (*each)(gpointer user, const Seen *seen);
    gpointer user;
} Walk;

static gint64 read_time(yyjson_val *root, const char *key)
{
    yyjson_val *text = yyjson_obj_get(root, key);
    gint64 time = 0;
    if (yyjson_is_str(text))
        timestamp_parse(yyjson_get_str(text), yyjson_get_len(text), &time, NULL);
    return time;
}

static guint64 read_count(yyjson_val *root)
{
    yyjson_val *count = yyjson_obj_get(root, "count");
    return yyjson_is_uint(count) ? MIN(yyjson_get_uint(count), COUNT_MAX) : 1;
}

static gboolean visit(const ObjectsRow *row, gpointer user)
{
    const Walk *walk = user;
    const SightingListQuery *query = walk->query;
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);

    if (row->revoked || g_hash_table_contains(walk->retired, &row->number))
        return TRUE;
    g_autoptr(yyjson_doc) doc = jsonguard_read(bytes, length, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *of = yyjson_get_str(yyjson_obj_get(root, "sighting_of_ref"));
    gint64 first = read_time(root, "first_seen"), last = read_time(root, "last_seen");
    gint64 when = last ? last : first ? first : read_time(root, "created");
    if (!of || when < query->since || when >= query->until ||
        (query->ids && !g_hash_table_contains(query->ids, of)))
        return TRUE;
    const Seen seen = {.of = of,
                       .source = row->source,
                       .sum = {.sightings = 1,
                               .count = read_count(root),
                               .first = first ? first : last,
                               .last = last ? last : first}};
    walk->each(walk->user, &seen);
    return TRUE;
}

static gboolean walk(Store *store, const SightingListQuery *query,
                     void (*each)(gpointer user, const Seen *seen), gpointer user, GError **error)
{
    g_autoptr(GHashTable) retired = records_retired(store, error);
    ObjectsQuery objects = OBJECTS_QUERY_INIT;
    Walk state = {.query = query, .retired = retired, .each = each, .user = user};

    objects.type = "sighting";
    objects.source = query->source;
    return retired && objects_find(store, &objects, visit, &state, NULL, error);
}

static void count_one(gpointer user, const Seen *seen)
{
    *(guint64 *)user += 1;
}

gboolean sighting_list_count(Store *store, const SightingListQuery *query, guint64 *ret_count,
                             GError **error)
{
    guint64 count = 0;
    if (!walk(store, query, count_one, &count, error))
        return FALSE;
    *ret_count = count;
    return TRUE;
}

/* --- Rows -------------------------------------------------------------------------------------
 */

typedef struct {
    const char *own;   /* the source of what this node records */
    GHashTable *peers; /* names of nodes */
    GHashTable *rows;  /* id -> SightingListRow */
    guint parts;       /* of all rows */
    guint64 left_out;
} Listing;

static void part_free(gpointer user)
{
    SightingListPart *part = user;
    g_free(part->source);
    g_free(part);
}

static void row_free(gpointer user)
{
    SightingListRow *row = user;
    g_free(row->id);
    g_ptr_array_unref(row->parts);
    g_free(row);
}

static void add_sum(SightingListSum *sum, const SightingListSum *more)
{
    sum->sightings += more->sightings;
    sum->count += more->count;
    if (more->first != 0 && (sum->first == 0 || more->first < sum->first))
        sum->first = more->first;
    sum->last = MAX(sum->last, more->last);
}

static SightingListPart *find_part(Listing *listing, SightingListRow *row, const char *source)
{
    for (guint i = 0; i < row->parts->len; i++) {
        SightingListPart *part = row->parts->pdata[i];
        if (g_str_equal(part->source, source))
            return part;
    }
    if (listing->parts == SIGHTING_LIST_MAX)
        return NULL;
    SightingListPart *part = g_new0(SightingListPart, 1);
    part->source = g_strdup(source);
    part->who = g_str_equal(source, listing->own)               ? SIGHTING_LIST_OWN
                : g_hash_table_contains(listing->peers, source) ? SIGHTING_LIST_PEER
                                                                : SIGHTING_LIST_OTHER;
    g_ptr_array_add(row->parts, part);
    listing->parts++;
    return part;
}

static void add_seen(gpointer user, const Seen *seen)
{
    Listing *listing = user;
    SightingListRow *row = g_hash_table_lookup(listing->rows, seen->of);
    if (!row && listing->parts < SIGHTING_LIST_MAX) {
        row = g_new0(SightingListRow, 1);
        row->id = g_strdup(seen->of);
        row->parts = g_ptr_array_new_with_free_func(part_free);
        g_hash_table_insert(listing->rows, row->id, row);
    }
    SightingListPart *part = row ? find_part(listing, row, seen->source) : NULL;
    if (!part) {
        listing->left_out++;
        return;
    }
    add_sum(&part->sum, &seen->sum);
    add_sum(&row->sum, &seen->sum);
}

static int compare_parts(gconstpointer a, gconstpointer b)
{
    const SightingListPart *first = *(SightingListPart *const *)a;
    const SightingListPart *second = *(SightingListPart *const *)b;
    return first->who != second->who ? (int)first->who - (int)second->who
                                     : strcmp(first->source, second->source);
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
    const SightingListRow *first = *(SightingListRow *const *)a;
    const SightingListRow *second = *(SightingListRow *const *)b;
    if (first->sum.count != second->sum.count)
        return first->sum.count > second->sum.count ? -1 : 1;
    return strcmp(first->id, second->id);
}

static GHashTable *read_peers(Store *store, GError **error)
{
    g_autoptr(GPtrArray) list = peers_list(store, error);
    if (!list)
        return NULL;
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < list->len; i++)
        g_hash_table_add(names, g_strdup(((const Peer *)list->pdata[i])->node));
    return names;
}

GPtrArray *sighting_list_read(Node *node, const SightingListQuery *query, guint64 *ret_left_out,
                              GError **error)
{
    g_autoptr(GHashTable) rows = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) peers = read_peers(node_store(node), error);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(row_free);
    Listing listing = {
        .own = config_string(node_config(node), SETTING_IMPORT_SOURCE),
        .peers = peers,
        .rows = rows,
    };
    GHashTableIter iter;
    gpointer row;

    gboolean good = peers && walk(node_store(node), query, add_seen, &listing, error);
    g_hash_table_iter_init(&iter, rows);
    while (g_hash_table_iter_next(&iter, NULL, &row)) {
        g_ptr_array_sort(((SightingListRow *)row)->parts, compare_parts);
        g_ptr_array_add(list, row);
    }
    if (!good)
        return NULL;
    g_ptr_array_sort(list, compare_rows);
    *ret_left_out = listing.left_out;
    return g_steal_pointer(&list);
}
