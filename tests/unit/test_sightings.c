/* Sightings on their way into the store: each is counted once. */
#include "node/sightings.h"

#include "base/jsonguard.h"
#include "exchange_nodes.h"
#include "node/sighting_list.h"

#define FIRST  "indicator--0a000000-0000-4000-8000-000000000001"
#define SECOND "indicator--0a000000-0000-4000-8000-000000000002"
#define NOON   (G_GINT64_CONSTANT(43200) * G_USEC_PER_SEC)

static void add(Sightings *sightings, const char *id)
{
    ScanHit hit = {.value = {.source = "birch", .tlp = MARKING_TLP_GREEN}};
    g_strlcpy(hit.value.id, id, sizeof(hit.value.id));
    sightings_add(sightings, &hit, NOON);
}

static gboolean add_count(const ObjectsRow *row, gpointer user)
{
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_autoptr(yyjson_doc) doc = jsonguard_read(bytes, length, NULL);
    *(guint64 *)user += yyjson_get_uint(yyjson_obj_get(yyjson_doc_get_root(doc), "count"));
    return TRUE;
}

/* The sum of what the store has. */
static guint64 stored(const ExchangeNode *node)
{
    g_autoptr(GError) error = NULL;
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    guint64 sum = 0;
    query.type = "sighting";
    g_assert_true(objects_find(node_store(node->node), &query, add_count, &sum, NULL, &error));
    g_assert_no_error(error);
    return sum;
}

/* A node that has the indicators. */
static void make_node(ExchangeNode *node)
{
    static const char *const ids[] = {FIRST, SECOND};
    exchange_nodes_make(node, "cert.alder.example");
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *json = g_strdup_printf(
            "{\"type\":\"indicator\",\"id\":\"%s\",\"spec_version\":\"2.1\"}", ids[i]);
        ExchangePut put = {"birch", json, {0}};
        g_assert_true(
            writer_run(node_writer(node->node), 1, exchange_nodes_apply_put, &put, &error));
        g_assert_no_error(error);
    }
}

/* Opens the node anew, with another name for what it imports. */
static void rename_source(ExchangeNode *node)
{
    static const char conf[] = "[node]\nname = cert.alder.example\n[import]\nsource = other\n";
    g_autofree char *path = g_build_filename(node->directory, "concert.conf", NULL);
    node_close(node->node);
    g_assert_true(g_file_set_contents(path, conf, -1, NULL));
    exchange_nodes_open(node);
}

static void test_store(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Sightings) sightings = sightings_new();
    ExchangeNode alder;
    make_node(&alder);
    add(sightings, FIRST);
    add(sightings, FIRST);
    g_assert_cmpuint(sightings_waiting(sightings), ==, 2);
    g_assert_true(sightings_store(sightings, alder.node, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(sightings_waiting(sightings), ==, 0);
    g_assert_cmpuint(stored(&alder), ==, 2);
    add(sightings, FIRST);
    g_assert_true(sightings_store(sightings, alder.node, NULL, &error));
    g_assert_cmpuint(stored(&alder), ==, 3);

    /* What the store does not take over waits on, and lets nothing else be counted twice. */
    rename_source(&alder);
    add(sightings, FIRST);
    add(sightings, SECOND);
    for (guint i = 0; i < 3; i++) {
        g_assert_false(sightings_store(sightings, alder.node, NULL, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
        g_clear_error(&error);
        g_assert_cmpuint(sightings_waiting(sightings), ==, 1);
        g_assert_cmpuint(stored(&alder), ==, 4);
    }
    exchange_nodes_close(&alder);
}

/* What the node does not have is counted as left out, once. */
static void test_unknown(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Sightings) sightings = sightings_new();
    SightingsLeftOut left_out;
    ExchangeNode alder;
    make_node(&alder);
    add(sightings, FIRST);
    add(sightings, "indicator--0a000000-0000-4000-8000-000000000003");
    add(sightings, "indicator--0a000000-0000-4000-8000-000000000003");
    for (int unknown = 2; unknown >= 0; unknown -= 2) {
        g_assert_true(sightings_store(sightings, alder.node, &left_out, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(left_out.unknown, ==, unknown);
        g_assert_cmpuint(left_out.no_room, ==, 0);
        g_assert_cmpuint(sightings_waiting(sightings), ==, 0);
        g_assert_cmpuint(stored(&alder), ==, 1);
    }
    exchange_nodes_close(&alder);
}

static void check_sum(const SightingListSum *sum, guint64 sightings, guint64 count)
{
    g_assert_cmpuint(sum->sightings, ==, sightings);
    g_assert_cmpuint(sum->count, ==, count);
    g_assert_cmpint(sum->first, ==, NOON);
    g_assert_cmpint(sum->last, ==, NOON);
}

/* Most seen first; a sighting lies where it was last seen. */
static void test_list(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Sightings) sightings = sightings_new();
    SightingListQuery query = SIGHTING_LIST_QUERY_INIT;
    ExchangeNode alder;
    guint64 left_out, count;
    make_node(&alder);
    add(sightings, FIRST);
    add(sightings, SECOND);
    add(sightings, SECOND);
    g_assert_true(sightings_store(sightings, alder.node, NULL, &error));

    g_autoptr(GPtrArray) rows = sighting_list_read(alder.node, &query, &left_out, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(left_out, ==, 0);
    g_assert_cmpuint(rows->len, ==, 2);
    for (guint i = 0; i < rows->len; i++) {
        const SightingListRow *row = rows->pdata[i];
        const SightingListPart *part = row->parts->pdata[0];
        g_assert_cmpstr(row->id, ==, i == 0 ? SECOND : FIRST);
        g_assert_cmpuint(row->parts->len, ==, 1);
        g_assert_cmpint(part->who, ==, SIGHTING_LIST_OWN);
        check_sum(&row->sum, 1, 2 - i);
        check_sum(&part->sum, 1, 2 - i);
    }
    static const struct {
        gint64 since, until;
        guint64 count;
    } spans[] = {
        {NOON, NOON + 1, 2},
        {NOON + 1, G_MAXINT64, 0},
        {G_MININT64, NOON, 0},
        {NOON - 1, NOON + 1, 2},
    };
    for (guint i = 0; i < G_N_ELEMENTS(spans); i++) {
        query.since = spans[i].since;
        query.until = spans[i].until;
        g_assert_true(sighting_list_count(node_store(alder.node), &query, &count, &error));
        g_assert_cmpuint(count, ==, spans[i].count);
    }
    exchange_nodes_close(&alder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sightings/store", test_store);
    g_test_add_func("/sightings/unknown", test_unknown);
    g_test_add_func("/sightings/list", test_list);
    return g_test_run();
}
