#include "shield/tally.h"

#include <string.h>
#include <yyjson.h>

#include "base/escape.h"
#include "base/jsontext.h"
#include "base/sha256.h"
#include "base/timestamp.h"
#include "stix/identifier.h"

#define US_PER_HOUR (3600 * G_GINT64_CONSTANT(1000000))

/* Namespace of the identifiers of sightings and their bundle: Concert's own. */
#define NAMESPACE "6d5e0f3a-2f0b-5c1c-9a55-4b0f6b7a2f11"

enum { BY_INDICATOR, BY_VALUE, BY_SOURCE, BY_FILE, BY_ADDRESS, BY_HOUR, BY_COUNT };

static const char *const names[BY_COUNT] = {"indicators", "values",    "sources",
                                            "files",      "addresses", "hours"};

typedef struct {
    char *text; /* what is counted */
    guint64 count;
    gint64 first, last; /* microseconds; 0: not known */
    MarkingTlp tlp;
    guint8 places[SHA256_SIZE]; /* the sum of the digests of all places, in any order the same */
} Row;

struct Tally {
    GHashTable *rows[BY_COUNT]; /* text -> Row */
    guint64 more[BY_COUNT];     /* hits that came when there were too many */
    guint64 hits;
};

static void row_free(gpointer user)
{
    Row *row = user;
    g_free(row->text);
    g_free(row);
}

Tally *tally_new(void)
{
    Tally *tally = g_new0(Tally, 1);
    for (guint i = 0; i < BY_COUNT; i++)
        tally->rows[i] = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, row_free);
    return tally;
}

void tally_free(Tally *tally)
{
    if (!tally)
        return;
    for (guint i = 0; i < BY_COUNT; i++)
        g_hash_table_unref(tally->rows[i]);
    g_free(tally);
}

static Row *count(Tally *tally, guint by, const char *text, gint64 time)
{
    Row *row = g_hash_table_lookup(tally->rows[by], text);

    if (!row && g_hash_table_size(tally->rows[by]) == TALLY_MAX) {
        tally->more[by]++;
        return NULL;
    }
    if (!row) {
        row = g_new0(Row, 1);
        row->text = g_strdup(text);
        g_hash_table_insert(tally->rows[by], row->text, row);
    }
    row->count++;
    if (time != 0) {
        row->first = row->first == 0 ? time : MIN(row->first, time);
        row->last = MAX(row->last, time);
    }
    return row;
}

static void add_place(Row *row, const char *file, const ScanHit *hit)
{
    guint8 digest[SHA256_SIZE];
    g_autofree char *place = g_strdup_printf("%s\n%" G_GUINT64_FORMAT "\n%" G_GUINT64_FORMAT "\n%s",
                                             file, hit->line, hit->column, hit->value.value);

    sha256_digest(place, strlen(place), digest);
    for (guint i = 0, carry = 0; i < SHA256_SIZE; i++) {
        carry += row->places[i] + digest[i];
        row->places[i] = (guint8)carry;
        carry >>= 8;
    }
}

/* Who is told of in a record is most often who asked. */
static void count_address(Tally *tally, const Observation *observation)
{
    char address[OBSERVABLE_ADDRESS_MAX];
    if (!observation->source.known)
        return;
    observable_address_format(&observation->source.address, address);
    count(tally, BY_ADDRESS, address, observation->time);
}

void tally_add(Tally *tally, const char *file, const ScanHit *hit)
{
    const SetValue *value = &hit->value;
    gint64 time = hit->observation ? hit->observation->time : 0;
    char hour[TIMESTAMP_MAX];

    tally->hits++;
    Row *row = count(tally, BY_INDICATOR, value->id, time);
    if (row) {
        row->tlp = value->tlp;
        add_place(row, file, hit);
    }
    g_autofree char *typed =
        g_strconcat(observable_kind_name(value->kind), " ", value->value, NULL);
    count(tally, BY_VALUE, typed, time);
    count(tally, BY_SOURCE, value->source, time);
    count(tally, BY_FILE, file, time);
    if (hit->observation)
        count_address(tally, hit->observation);
    if (time != 0) {
        timestamp_format(hour, time - ((time % US_PER_HOUR) + US_PER_HOUR) % US_PER_HOUR, 0);
        count(tally, BY_HOUR, hour, time);
    }
}

static int compare_text(gconstpointer a, gconstpointer b)
{
    const Row *x = *(const Row *const *)a, *y = *(const Row *const *)b;
    return strcmp(x->text, y->text);
}

static int compare_count(gconstpointer a, gconstpointer b)
{
    const Row *x = *(const Row *const *)a, *y = *(const Row *const *)b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* The rows in order: hours by time, all others by how many. */
static GPtrArray *sorted(const Tally *tally, guint by, gboolean by_text)
{
    GHashTableIter iter;
    gpointer row;
    GPtrArray *rows = g_ptr_array_new();

    g_hash_table_iter_init(&iter, tally->rows[by]);
    while (g_hash_table_iter_next(&iter, NULL, &row))
        g_ptr_array_add(rows, row);
    g_ptr_array_sort(rows, by_text || by == BY_HOUR ? compare_text : compare_count);
    return rows;
}

void tally_append_table(const Tally *tally, GString *into, guint most)
{
    g_string_append_printf(into, "%" G_GUINT64_FORMAT " hits\n", tally->hits);
    for (guint by = 0; by < BY_COUNT; by++) {
        g_autoptr(GPtrArray) rows = sorted(tally, by, FALSE);
        if (rows->len == 0)
            continue;
        guint shown = most > 0 ? MIN(most, rows->len) : rows->len;
        g_string_append_printf(into, "\n%s: %u%s\n", names[by], rows->len,
                               tally->more[by] > 0 ? " and more" : "");
        for (guint i = 0; i < shown; i++) {
            const Row *row = g_ptr_array_index(rows, i);
            g_autofree char *safe = escape_terminal(row->text, -1);
            char first[TIMESTAMP_MAX], last[TIMESTAMP_MAX];
            g_string_append_printf(into, "%10" G_GUINT64_FORMAT "  %s", row->count, safe);
            if (row->first != 0 && by != BY_HOUR)
                g_string_append_printf(into, "  %s to %s", timestamp_format(first, row->first, 0),
                                       timestamp_format(last, row->last, 0));
            g_string_append_c(into, '\n');
        }
        if (shown < rows->len)
            g_string_append_printf(into, "            (%u more)\n", rows->len - shown);
    }
}

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 time)
{
    char text[TIMESTAMP_MAX];
    if (time != 0)
        yyjson_mut_obj_add_strcpy(doc, object, key, timestamp_format(text, time, 3));
}

static void append_doc(yyjson_mut_doc *doc, GString *into)
{
    g_autofree char *json = jsontext_take(doc);
    g_string_append(into, json ? json : "{}");
    g_string_append_c(into, '\n');
}

void tally_append_json(const Tally *tally, GString *into, guint most)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_uint(doc, root, "hits", tally->hits);
    for (guint by = 0; by < BY_COUNT; by++) {
        g_autoptr(GPtrArray) rows = sorted(tally, by, FALSE);
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, names[by]);
        for (guint i = 0; i < rows->len && (most == 0 || i < most); i++) {
            const Row *row = g_ptr_array_index(rows, i);
            yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
            g_autofree char *valid = g_utf8_make_valid(row->text, -1);
            yyjson_mut_obj_add_strcpy(doc, object, "name", valid);
            yyjson_mut_obj_add_uint(doc, object, "hits", row->count);
            add_time(doc, object, "first", row->first);
            add_time(doc, object, "last", row->last);
        }
    }
    append_doc(doc, into);
}

/* --- Sightings ------------------------------------------------------------------------------- */

/* The properties in the order that the specification lists them. */
static void add_sighting(yyjson_mut_doc *doc, yyjson_mut_val *objects, const Row *row,
                         const char *id, gint64 now)
{
    yyjson_mut_val *sighting = yyjson_mut_arr_add_obj(doc, objects);

    yyjson_mut_obj_add_str(doc, sighting, "type", "sighting");
    yyjson_mut_obj_add_str(doc, sighting, "spec_version", "2.1");
    yyjson_mut_obj_add_strcpy(doc, sighting, "id", id);
    add_time(doc, sighting, "created", now);
    add_time(doc, sighting, "modified", now);
    if (row->tlp != MARKING_TLP_NONE) {
        yyjson_mut_val *refs = yyjson_mut_obj_add_arr(doc, sighting, "object_marking_refs");
        yyjson_mut_arr_add_str(doc, refs, marking_tlp_id(row->tlp));
    }
    add_time(doc, sighting, "first_seen", row->first);
    add_time(doc, sighting, "last_seen", row->last);
    yyjson_mut_obj_add_uint(doc, sighting, "count", MIN(row->count, 999999999));
    yyjson_mut_obj_add_strcpy(doc, sighting, "sighting_of_ref", row->text);
}

void tally_append_stix(const Tally *tally, GString *into, gint64 now)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autoptr(GPtrArray) rows = sorted(tally, BY_INDICATOR, TRUE);
    g_autoptr(GString) all = g_string_new(NULL);
    yyjson_mut_val *objects = yyjson_mut_arr(doc);

    yyjson_mut_doc_set_root(doc, root);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = g_ptr_array_index(rows, i);
        char places[2 * SHA256_SIZE + 1];
        g_autofree char *name = g_strconcat(row->text, "\n", sha256_hex(row->places, places), NULL);
        g_autofree char *id = identifier_make_v5("sighting", NAMESPACE, name, strlen(name));
        add_sighting(doc, objects, row, id, now);
        g_string_append(all, id);
    }
    g_autofree char *id = identifier_make_v5("bundle", NAMESPACE, all->str, all->len);
    yyjson_mut_obj_add_str(doc, root, "type", "bundle");
    yyjson_mut_obj_add_strcpy(doc, root, "id", id);
    if (rows->len > 0)
        yyjson_mut_obj_add_val(doc, root, "objects", objects);
    append_doc(doc, into);
}
