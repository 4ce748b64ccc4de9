#include "node/sightings.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "node/importer.h"
#include "policy/marking.h"
#include "stix/identifier.h"
#include "store/content.h"
#include "store/objects.h"
#include "store/peers.h"

#define US_PER_DAY (24 * 3600 * G_GINT64_CONSTANT(1000000))

/* Namespace of the identifiers of sightings: Concert's own. */
#define NAMESPACE "6d5e0f3a-2f0b-5c1c-9a55-4b0f6b7a2f11"

/* What the store's secret is for: no other node makes, or guesses, the same identifiers. */
#define SECRET "sightings"

/* Largest count that STIX allows a sighting. */
#define COUNT_MAX 999999999

/* Sightings that go into one dispatch. */
#define SEND_MAX 4096

typedef struct {
    char *indicator;
    char *source;
    MarkingTlp tlp;
    gint64 day; /* its start */
    gint64 first, last;
    guint64 count;
} Row;

/* Whom what is to be sent to. */
typedef struct {
    GHashTable *ids; /* char * */
} Outgoing;

struct Sightings {
    GHashTable *rows;     /* indicator and day -> Row */
    GHashTable *outgoing; /* source -> Outgoing */
    guint64 hits;
    SightingsLeftOut left_out;
};

static void row_free(gpointer user)
{
    Row *row = user;
    g_free(row->indicator);
    g_free(row->source);
    g_free(row);
}

static void outgoing_free(gpointer user)
{
    Outgoing *outgoing = user;
    g_hash_table_unref(outgoing->ids);
    g_free(outgoing);
}

Sightings *sightings_new(void)
{
    Sightings *sightings = g_new0(Sightings, 1);
    sightings->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, row_free);
    sightings->outgoing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, outgoing_free);
    return sightings;
}

void sightings_free(Sightings *sightings)
{
    if (!sightings)
        return;
    g_hash_table_unref(sightings->rows);
    g_hash_table_unref(sightings->outgoing);
    g_free(sightings);
}

void sightings_add(Sightings *sightings, const ScanHit *hit, gint64 now)
{
    gint64 time = hit->observation && hit->observation->time > 0 ? hit->observation->time : now;
    gint64 day = time - time % US_PER_DAY;
    char key[OBSERVABLE_MAX_LENGTH / 8 + 32];

    g_snprintf(key, sizeof(key), "%" G_GINT64_FORMAT " %s", day, hit->value.id);
    Row *row = g_hash_table_lookup(sightings->rows, key);
    if (!row && g_hash_table_size(sightings->rows) == SIGHTINGS_MAX) {
        sightings->left_out.no_room++;
        return;
    }
    if (!row) {
        row = g_new0(Row, 1);
        *row = (Row){.indicator = g_strdup(hit->value.id),
                     .source = g_strdup(hit->value.source),
                     .day = day,
                     .first = time,
                     .last = time};
        g_hash_table_insert(sightings->rows, g_strdup(key), row);
    }
    row->tlp = MAX(row->tlp, hit->value.tlp);
    row->first = MIN(row->first, time);
    row->last = MAX(row->last, time);
    row->count++;
    sightings->hits++;
}

guint64 sightings_waiting(const Sightings *sightings)
{
    return sightings->hits;
}

/* --- Storing --------------------------------------------------------------------------------- */

/* What the store has of the same indicator and day. */
typedef struct {
    gint64 first, last, modified;
    guint64 count;
    MarkingTlp tlp;
} Before;

static void read_time(yyjson_val *root, const char *key, gint64 *ret_time)
{
    yyjson_val *text = yyjson_obj_get(root, key);
    if (yyjson_is_str(text))
        timestamp_parse(yyjson_get_str(text), yyjson_get_len(text), ret_time, NULL);
}

static gboolean read_before(const ObjectsRow *row, gpointer user)
{
    Before *before = user;
    gsize length, i, max;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_autoptr(yyjson_doc) doc = jsonguard_read(bytes, length, NULL);
    yyjson_val *root = doc ? yyjson_doc_get_root(doc) : NULL, *mark;

    before->modified = row->version;
    read_time(root, "first_seen", &before->first);
    read_time(root, "last_seen", &before->last);
    before->count = yyjson_get_uint(yyjson_obj_get(root, "count"));
    yyjson_arr_foreach (yyjson_obj_get(root, "object_marking_refs"), i, max, mark) {
        for (int tlp = MARKING_TLP_NONE + 1; tlp <= MARKING_TLP_RED; tlp++)
            if (yyjson_equals_str(mark, marking_tlp_id((MarkingTlp)tlp)))
                before->tlp = MAX(before->tlp, (MarkingTlp)tlp);
    }
    return TRUE;
}

static char *make_id(const Row *row, const guint8 secret[CONTENT_SECRET])
{
    char hex[2 * SHA256_SIZE + 1];
    g_autofree char *name = g_strdup_printf("%s\n%s\n%" G_GINT64_FORMAT, sha256_hex(secret, hex),
                                            row->indicator, row->day);
    return identifier_make_v5("sighting", NAMESPACE, name, strlen(name));
}

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 time)
{
    char text[TIMESTAMP_MAX];
    yyjson_mut_obj_add_strcpy(doc, object, key, timestamp_format(text, time, 3));
}

/* The properties in the order that the specification lists them. */
static char *make_sighting(const Row *row, const char *id, const Before *before)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    MarkingTlp tlp = MAX(row->tlp, before->tlp);
    gint64 now = timestamp_now();

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "type", "sighting");
    yyjson_mut_obj_add_str(doc, root, "spec_version", "2.1");
    yyjson_mut_obj_add_str(doc, root, "id", id);
    add_time(doc, root, "created", row->day);
    add_time(doc, root, "modified", MAX(MAX(now, row->day), before->modified + 1000));
    if (tlp != MARKING_TLP_NONE) {
        yyjson_mut_val *refs = yyjson_mut_obj_add_arr(doc, root, "object_marking_refs");
        yyjson_mut_arr_add_str(doc, refs, marking_tlp_id(tlp));
    }
    add_time(doc, root, "first_seen",
             before->count > 0 ? MIN(row->first, before->first) : row->first);
    add_time(doc, root, "last_seen", MAX(row->last, before->last));
    yyjson_mut_obj_add_uint(doc, root, "count", MIN(row->count + before->count, COUNT_MAX));
    yyjson_mut_obj_add_str(doc, root, "sighting_of_ref", row->indicator);
    return jsontext_take(doc);
}

static void remember(Sightings *sightings, const Row *row, const char *id)
{
    Outgoing *outgoing = g_hash_table_lookup(sightings->outgoing, row->source);
    if (!outgoing) {
        outgoing = g_new0(Outgoing, 1);
        outgoing->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(sightings->outgoing, g_strdup(row->source), outgoing);
    }
    if (g_hash_table_size(outgoing->ids) < SIGHTINGS_MAX)
        g_hash_table_add(outgoing->ids, g_strdup(id));
}

static gboolean read_source(const ObjectsRow *row, gpointer user)
{
    char **source = user;
    g_free(*source);
    *source = g_strdup(row->source);
    return TRUE;
}

/* A sighting of what the node does not have says nothing to anybody, and who made a set may have
 * written into it that its indicators came from any peer. */
static gboolean forget_unknown(Sightings *sightings, Store *store, GError **error)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, sightings->rows);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Row *row = value;
        g_autofree char *source = NULL;
        ObjectsQuery query = OBJECTS_QUERY_INIT;
        query.id = row->indicator;
        if (!objects_find(store, &query, read_source, &source, NULL, error))
            return FALSE;
        if (source) {
            g_free(row->source);
            row->source = g_steal_pointer(&source);
            continue;
        }
        sightings->hits -= row->count;
        sightings->left_out.unknown += row->count;
        g_hash_table_iter_remove(&iter);
    }
    return TRUE;
}

static gboolean put_all(const Sightings *sightings, Store *store, const IntakeSink *sink,
                        const guint8 secret[CONTENT_SECRET], GError **error)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, sightings->rows);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Row *row = value;
        Before before = {0};
        g_autofree char *id = make_id(row, secret);
        ObjectsQuery query = OBJECTS_QUERY_INIT;
        query.id = id;
        if (!objects_find(store, &query, read_before, &before, NULL, error))
            return FALSE;
        g_autofree char *text = make_sighting(row, id, &before);
        if (!sink->object(sink->user, text, strlen(text), OBJECT_SPEC_21, "sighting", error))
            return FALSE;
    }
    return TRUE;
}

/* Called when @id is durable, or was refused. What was there already, byte for byte, is another's
 * that counted as much in the same moment, or was not accepted before: this one is not counted yet.
 */
static void note_stored(gpointer user, ImporterEvent event, const char *where, const char *id,
                        const char *message)
{
    if (id && event == IMPORTER_ACCEPTED)
        g_hash_table_add(user, g_strdup(id));
}

/* What is in the store is not counted again, whatever became of the rest. */
static void settle(Sightings *sightings, GHashTable *stored, const guint8 secret[CONTENT_SECRET])
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, sightings->rows);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Row *row = value;
        g_autofree char *id = make_id(row, secret);
        if (!g_hash_table_contains(stored, id))
            continue;
        remember(sightings, row, id);
        sightings->hits -= (guint64)row->count;
        g_hash_table_iter_remove(&iter);
    }
}

gboolean sightings_store(Sightings *sightings, Node *node, SightingsLeftOut *ret_left_out,
                         GError **error)
{
    g_autoptr(GHashTable) stored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const ImporterOptions options = {
        .source = config_string(node_config(node), SETTING_IMPORT_SOURCE),
        .level = OBJECT_LENIENT,
        .report = note_stored,
        .user = stored,
    };
    guint8 secret[CONTENT_SECRET];
    ImporterCounts counts;

    if (!forget_unknown(sightings, node_store(node), error) ||
        !content_secret(node_store(node), SECRET, secret, error))
        return FALSE;
    Importer *importer = importer_new(node, &options, error);
    if (!importer)
        return FALSE;
    gboolean put = put_all(sightings, node_store(node), importer_sink(importer), secret, error);
    gboolean good = importer_finish(importer, &counts, put ? error : NULL) && put;
    settle(sightings, stored, secret);
    if (!good)
        return FALSE;
    if (g_hash_table_size(sightings->rows) > 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%u sightings were not accepted",
                    g_hash_table_size(sightings->rows));
        return FALSE;
    }
    if (ret_left_out)
        *ret_left_out = sightings->left_out;
    sightings->left_out = (SightingsLeftOut){0};
    return TRUE;
}

/* --- Telling who gave the indicators --------------------------------------------------------- */

static char *make_call(const char *peer, gpointer *ids, guint count)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "title", "Sightings of your indicators");
    yyjson_mut_val *to = yyjson_mut_obj_add_arr(doc, root, "to");
    yyjson_mut_arr_add_str(doc, to, peer);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "ids");
    for (guint i = 0; i < count; i++)
        yyjson_mut_arr_add_str(doc, list, ids[i]);
    return jsontext_take(doc);
}

static gboolean send_to(Node *node, const char *peer, GHashTable *ids, GError **error)
{
    guint count;
    g_autofree gpointer *all = g_hash_table_get_keys_as_array(ids, &count);

    for (guint done = 0; done < count; done += SEND_MAX) {
        g_autofree char *result = NULL;
        g_autofree char *call = make_call(peer, all + done, MIN(SEND_MAX, count - done));
        if (!node_call(node, "dispatch.send", call, &result, error))
            return FALSE;
    }
    return TRUE;
}

gboolean sightings_return(Sightings *sightings, Node *node, SightingsEach each, gpointer user,
                          GError **error)
{
    GHashTableIter iter;
    gpointer source, value;

    g_hash_table_iter_init(&iter, sightings->outgoing);
    while (g_hash_table_iter_next(&iter, &source, &value)) {
        const Outgoing *outgoing = value;
        g_autoptr(GError) failure = NULL;
        g_autoptr(Peer) peer = peers_get(node_store(node), source, &failure);
        gboolean stranger = g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
        if (!peer && !stranger) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        if (peer)
            send_to(node, peer->node, outgoing->ids, &failure);
        if (peer && each)
            each(user, peer->node, g_hash_table_size(outgoing->ids), failure);
        if (stranger || !failure)
            g_hash_table_iter_remove(&iter);
    }
    return TRUE;
}
