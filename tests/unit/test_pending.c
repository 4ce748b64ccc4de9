/* Rows that wait to be written together: a request of many objects, ids and versions repeated
 * within it, leaves exactly what the same objects leave when each comes in a request of its own. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "store/collections.h"
#include "store/objects.h"
#include "store/tx.h"
#include "store/writer.h"

#define REQUEST 3000
#define IDS     900 /* most come again, many of them at once */

typedef struct {
    char *directory, *path;
    Writer *writer;
    gint64 collection, recent;
} Node;

static gboolean apply_setup(StoreTx *tx, gpointer user, GError **error)
{
    Node *node = user;
    tx->keyed.max = node->recent;
    return collections_add_root(tx, "main", "Main", NULL, error) &&
           collections_add(tx, "main", NULL, "first", "First", NULL, &node->collection, error);
}

/* @recent: rows of keys and values that gather before they move on. */
static void node_open(Node *node, gint64 recent)
{
    g_autoptr(GError) error = NULL;
    *node = (Node){.recent = recent};
    node->directory = g_dir_make_tmp("concert-pending-XXXXXX", &error);
    g_assert_no_error(error);
    node->path = g_build_filename(node->directory, "concert.db", NULL);
    node->writer = writer_open(node->path, &error);
    g_assert_no_error(error);
    g_assert_true(writer_run(node->writer, 0, apply_setup, node, &error));
}

static void node_close(Node *node)
{
    writer_close(node->writer);
    g_autoptr(GDir) directory = g_dir_open(node->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(node->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(node->directory);
    g_free(node->directory);
    g_free(node->path);
}

/* One of a few versions and texts of one of IDS objects, as indicator or as malware. */
static Object *random_object(GRand *random, GPtrArray *texts)
{
    g_autoptr(GError) error = NULL;
    guint id = (guint)g_rand_int_range(random, 0, IDS);
    guint second = (guint)g_rand_int_range(random, 0, 4);
    guint other = (guint)g_rand_int_range(random, 0, 8) == 0;
    char *json =
        id % 2
            ? g_strdup_printf("{\"type\":\"malware\",\"spec_version\":\"2.1\","
                              "\"id\":\"malware--11111111-1111-4111-8111-%012x\","
                              "\"created\":\"2026-01-01T00:00:00.000Z\","
                              "\"modified\":\"2026-01-01T00:00:%02u.000Z\","
                              "\"name\":\"Sample %u\",\"is_family\":false}",
                              id, second, other)
            : g_strdup_printf("{\"type\":\"indicator\",\"spec_version\":\"2.1\","
                              "\"id\":\"indicator--11111111-1111-4111-8111-%012x\","
                              "\"created\":\"2026-01-01T00:00:00.000Z\","
                              "\"modified\":\"2026-01-01T00:00:%02u.000Z\","
                              "\"pattern_type\":\"stix\",\"valid_from\":\"2026-01-01T00:00:00Z\","
                              "\"pattern\":\"[ipv4-addr:value = '192.0.2.%u' OR "
                              "domain-name:value = 'alder%u.example']\"}",
                              id, second, other, id);
    g_ptr_array_add(texts, json); /* the object keeps no copy of it */
    Object *object = object_read(json, strlen(json), OBJECT_SPEC_20, OBJECT_LENIENT, &error);
    g_assert_no_error(error);
    return object;
}

typedef struct {
    const char *source;
    gint64 collection;
    Object **objects;
    gsize count;
    ObjectsResult *results;
} PutRequest;

static gboolean apply_put(StoreTx *tx, gpointer user, GError **error)
{
    PutRequest *request = user;
    return objects_put(tx, request->source, request->collection, request->objects, request->count,
                       request->results, error);
}

static void put(Node *node, const char *source, Object **objects, gsize count,
                ObjectsResult *ret_results)
{
    g_autoptr(GError) error = NULL;
    PutRequest request = {source, node->collection, objects, count, ret_results};
    g_assert_true(writer_run(node->writer, 1, apply_put, &request, &error));
    g_assert_no_error(error);
}

/* Everything but times, keys (each store has its own secret) and where the bytes lie. */
static char *contents(Node *node)
{
    static const char *const queries[] = {
        "SELECT o.number, o.id, s.name FROM object o JOIN source s ON s.number = o.source ORDER BY "
        "1",
        "SELECT number, object, version, flags, type, source, length, hex(sha256) FROM version"
        " ORDER BY number",
        "SELECT version, count(*) FROM (SELECT version FROM value UNION ALL"
        " SELECT version FROM value_recent) GROUP BY version ORDER BY version",
        "SELECT object, count(*) FROM (SELECT object FROM object_key UNION ALL"
        " SELECT object FROM object_key_recent) GROUP BY object ORDER BY object",
        "SELECT version, source FROM provenance ORDER BY 1, 2",
        "SELECT m.version, m.object, m.type, m.spec, m.modified, m.digits, m.length,"
        " (SELECT version FROM member l WHERE l.added = m.last_until),"
        " (SELECT version FROM member f WHERE f.added = m.first_until)"
        " FROM member m ORDER BY added",
        "SELECT v.number, substr(p.data, v.offset + 1, v.length) FROM version v"
        " JOIN pack p ON p.number = v.pack ORDER BY 1",
        "SELECT members FROM collection",
    };
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(node->path, &db), ==, SQLITE_OK);
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(queries); i++) {
        sqlite3_stmt *statement;
        g_assert_cmpint(sqlite3_prepare_v2(db, queries[i], -1, &statement, NULL), ==, SQLITE_OK);
        while (sqlite3_step(statement) == SQLITE_ROW) {
            for (int c = 0; c < sqlite3_column_count(statement); c++)
                g_string_append_printf(all, "%s|", (char *)sqlite3_column_text(statement, c));
            g_string_append_c(all, '\n');
        }
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return g_string_free(all, FALSE);
}

static void test_together_as_alone(gconstpointer seed)
{
    Node together, alone;
    node_open(&together, G_MAXINT64);
    node_open(&alone, 100);
    g_autoptr(GRand) random = g_rand_new_with_seed(GPOINTER_TO_UINT(seed));
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_free);
    for (guint i = 0; i < REQUEST; i++)
        g_ptr_array_add(objects, random_object(random, texts));
    Object **list = (Object **)objects->pdata;

    const char *const sources[] = {"alder.example", "birch.example", "alder.example"};
    for (guint round = 0; round < G_N_ELEMENTS(sources); round++) {
        guint from = round * REQUEST / 3, count = REQUEST / 3;
        ObjectsResult at_once[REQUEST], one_by_one[REQUEST];
        put(&together, sources[round], list + from, count, at_once);
        for (guint i = 0; i < count; i++)
            put(&alone, sources[round], list + from + i, 1, &one_by_one[i]);
        for (guint i = 0; i < count; i++)
            g_assert_cmpint(at_once[i].outcome, ==, one_by_one[i].outcome);
    }
    g_autofree char *one = contents(&together), *other = contents(&alone);
    g_assert_cmpuint(strlen(one), >, 100000);
    g_assert_cmpstr(one, ==, other);
    node_close(&together);
    node_close(&alone);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint seed = 1; seed <= 2; seed++) {
        g_autofree char *path = g_strdup_printf("/pending/together-as-alone/%u", seed);
        g_test_add_data_func(path, GUINT_TO_POINTER(seed), test_together_as_alone);
    }
    return g_test_run();
}
