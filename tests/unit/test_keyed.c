/* The indexes in two tables: what was found by its id and its value is found all the same when it
 * has moved on from the small table into the large one, after a rollback, and in a store that was
 * made when there was one. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "base/sha256.h"
#include "store/collections.h"
#include "store/hashkey.h"
#include "store/objects.h"
#include "store/row.h"
#include "store/schema.h"
#include "store/tx.h"
#include "store/writer.h"

#define OBJECTS      300
#define RECENT       64
#define STEPS_BEFORE 12 /* of the schema, before the indexes became two tables */

typedef struct {
    char *directory, *path;
    Writer *writer;
    gint64 collection;
} Fixture;

static gboolean apply_setup(StoreTx *tx, gpointer user, GError **error)
{
    Fixture *fixture = user;
    tx->keyed.max = RECENT;
    return fixture->collection != 0 ||
           (collections_add_root(tx, "main", "Main", NULL, error) &&
            collections_add(tx, "main", NULL, "first", "First", NULL, &fixture->collection, error));
}

static void open_writer(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    fixture->writer = writer_open(fixture->path, &error);
    g_assert_no_error(error);
    g_assert_true(writer_run(fixture->writer, 0, apply_setup, fixture, &error));
}

static void fixture_set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-keyed-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->directory, "concert.db", NULL);
}

static void fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    writer_close(fixture->writer);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->path);
}

static char *id_of(guint number)
{
    return g_strdup_printf("indicator--11111111-1111-4111-8111-%012x", number);
}

static char *json_of(guint number)
{
    g_autofree char *id = id_of(number);
    return g_strdup_printf("{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"%s\","
                           "\"created\":\"2026-01-01T00:00:00.000Z\","
                           "\"modified\":\"2026-01-01T00:00:00.000Z\",\"pattern_type\":\"stix\","
                           "\"valid_from\":\"2026-01-01T00:00:00Z\","
                           "\"pattern\":\"[domain-name:value = 'alder%u.example' OR "
                           "domain-name:value = 'alder.example']\"}",
                           id, number);
}

typedef struct {
    const Fixture *fixture;
    guint from, count;
    gboolean fails;
    ObjectsResult results[OBJECTS];
} Put;

static gboolean apply_put(StoreTx *tx, gpointer user, GError **error)
{
    Put *put = user;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_free);
    for (guint i = 0; i < put->count; i++) {
        char *json = json_of(put->from + i);
        g_ptr_array_add(texts, json);
        Object *object = object_read(json, strlen(json), OBJECT_SPEC_21, OBJECT_LENIENT, error);
        if (!object)
            return FALSE;
        g_ptr_array_add(objects, object);
    }
    if (!objects_put(tx, "alder.example", put->fixture->collection, (Object **)objects->pdata,
                     put->count, put->results, error))
        return FALSE;
    if (put->fails)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "broken off");
    return !put->fails;
}

static void put(Fixture *fixture, guint from, guint count, ObjectsOutcome outcome)
{
    g_autoptr(GError) error = NULL;
    Put request = {.fixture = fixture, .from = from, .count = count};
    g_assert_true(writer_run(fixture->writer, count, apply_put, &request, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < count; i++)
        g_assert_cmpint(request.results[i].outcome, ==, outcome);
}

static gboolean pass(const ObjectsRow *row, gpointer user)
{
    return TRUE;
}

static guint64 find(const Fixture *fixture, const char *id, const char *value)
{
    g_autoptr(GError) error = NULL;
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    guint64 count;
    g_autoptr(Store) store = store_open(fixture->path, &error);
    g_assert_no_error(error);
    query.id = id;
    query.value = value;
    g_assert_true(objects_find(store, &query, pass, NULL, &count, &error));
    g_assert_no_error(error);
    return count;
}

/* All objects before @end are found, each once, and the one at @end is not. */
static void assert_found(const Fixture *fixture, guint end)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = store_open(fixture->path, &error);
    g_assert_no_error(error);
    for (guint i = 0; i <= end; i += i + 7 < end ? 7 : 1) {
        g_autofree char *id = id_of(i), *value = g_strdup_printf("alder%u.example", i);
        gboolean contains;
        g_assert_cmpuint(find(fixture, id, NULL), ==, i < end);
        g_assert_cmpuint(find(fixture, NULL, value), ==, i < end);
        g_assert_true(collections_contains(store, fixture->collection, id, &contains, &error));
        g_assert_cmpint(contains, ==, i < end);
    }
    g_assert_cmpuint(find(fixture, NULL, "alder.example"), ==, end);
    ObjectsStats stats;
    g_assert_true(objects_stats(store, &stats, &error));
    g_assert_cmpuint(stats.objects, ==, end);
}

static gint64 count_rows(const Fixture *fixture, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Sqlite) db = sqlite_open(fixture->path, SQLITE_FOR_READING, 256, &error);
    gint64 count;
    g_assert_no_error(error);
    g_assert_true(sqlite_get_int(db, sql, 0, &count, &error));
    return count;
}

static void assert_rows(const Fixture *fixture, gint64 large, gint64 recent)
{
    g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM object_key"), ==, large);
    g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM object_key_recent"), ==, recent);
}

static void test_moves(Fixture *fixture, gconstpointer data)
{
    open_writer(fixture);
    put(fixture, 0, 40, OBJECTS_ACCEPTED);
    assert_rows(fixture, 0, 40);
    assert_found(fixture, 40);
    put(fixture, 0, 40, OBJECTS_UNCHANGED);
    put(fixture, 40, 40, OBJECTS_ACCEPTED);
    assert_rows(fixture, 80, 0);
    assert_found(fixture, 80);
    put(fixture, 80, 20, OBJECTS_ACCEPTED);
    assert_rows(fixture, 80, 20);
    put(fixture, 70, 30, OBJECTS_UNCHANGED); /* of both */
    assert_found(fixture, 100);
    /* Who opens the store anew counts what is there. */
    writer_close(fixture->writer);
    open_writer(fixture);
    put(fixture, 100, 44, OBJECTS_ACCEPTED);
    assert_rows(fixture, 144, 0);
    put(fixture, 144, OBJECTS - 144, OBJECTS_ACCEPTED);
    assert_rows(fixture, OBJECTS, 0);
    put(fixture, 0, OBJECTS, OBJECTS_UNCHANGED);
    assert_found(fixture, OBJECTS);
    g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM value"), ==, 2 * OBJECTS);
    g_assert_cmpint(count_rows(fixture, "SELECT count(*) FROM value_recent"), ==, 0);
}

/* What was added is never missed, and of what was not little is taken for it. */
static void test_filter(Fixture *fixture, gconstpointer data)
{
    g_auto(Keyfilter) filter = {NULL};
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    g_autofree gint64 *keys = g_new(gint64, 20000);
    guint wrong = 0;
    keyfilter_init(&filter, 10000);
    for (guint i = 0; i < 20000; i++) {
        keys[i] = (gint64)((guint64)g_rand_int(random) << 32 | g_rand_int(random));
        if (i < 10000)
            keyfilter_add(&filter, keys[i]);
    }
    g_assert_cmpuint(filter.held, ==, 10000);
    g_assert_cmpuint(filter.room, >=, 10000);
    for (guint i = 0; i < 10000; i++)
        g_assert_true(keyfilter_may_have(&filter, keys[i]));
    for (guint i = 10000; i < 20000; i++)
        wrong += keyfilter_may_have(&filter, keys[i]);
    g_assert_cmpuint(wrong, <, 300);
}

static gboolean apply_filter_is_made(StoreTx *tx, gpointer user, GError **error)
{
    g_assert_cmpint(tx->keyed.filter.bits != NULL, ==, *(const gboolean *)user);
    return TRUE;
}

static void assert_filter(Fixture *fixture, gboolean is_made)
{
    g_assert_true(writer_run(fixture->writer, 0, apply_filter_is_made, &is_made, NULL));
}

/* A few objects are looked up without the filter, many make it; both find what there is. */
static void test_few_and_many(Fixture *fixture, gconstpointer data)
{
    open_writer(fixture);
    put(fixture, 0, 200, OBJECTS_ACCEPTED);
    assert_filter(fixture, TRUE);
    writer_close(fixture->writer);
    open_writer(fixture);
    put(fixture, 199, 1, OBJECTS_UNCHANGED);
    put(fixture, 200, 1, OBJECTS_ACCEPTED);
    assert_filter(fixture, FALSE);
    put(fixture, 150, 51, OBJECTS_UNCHANGED);
    assert_filter(fixture, TRUE);
    put(fixture, 201, 20, OBJECTS_ACCEPTED);
    put(fixture, 0, 221, OBJECTS_UNCHANGED);
    assert_found(fixture, 221);
}

static void test_rollback(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    open_writer(fixture);
    put(fixture, 0, 60, OBJECTS_ACCEPTED);
    Put broken = {.fixture = fixture, .from = 60, .count = 100, .fails = TRUE};
    g_assert_false(writer_run(fixture->writer, 100, apply_put, &broken, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    assert_rows(fixture, 0, 60);
    assert_found(fixture, 60);
    put(fixture, 60, 3, OBJECTS_ACCEPTED); /* those that were rolled back do not count */
    assert_rows(fixture, 0, 63);
    put(fixture, 63, 1, OBJECTS_ACCEPTED);
    assert_rows(fixture, 64, 0);
    assert_found(fixture, 64);
}

/* The object of that number, as the store of old had it. */
static void insert_old(Sqlite *db, const Hashkey *hashkey, guint number)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = json_of(number), *id = id_of(number),
                    *value = g_strdup_printf("alder%u.example", number);
    char hex[2 * SHA256_SIZE + 1];
    guint8 digest[SHA256_SIZE];
    sha256_digest(json, strlen(json), digest);
    char *text = sqlite3_mprintf("%Q", json);
    guint n = number + 1;
    gint64 key = hashkey_text(hashkey, id);
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO object VALUES (%u, %" G_GINT64_FORMAT ", '%s', 1);"
        "INSERT INTO pack VALUES (%u, %s);"
        "INSERT INTO version VALUES (%u, %u, 1767225600000000, %d, 1, 1, 1767225600000000, %u, 0,"
        " %zu, x'%s');"
        "INSERT INTO value VALUES (%" G_GINT64_FORMAT ", %u);"
        "INSERT INTO member VALUES (1, %u, %u, %u, 1, 1, 1767225600000000, 3, NULL, NULL, %u, 0,"
        " %zu);",
        n, key, id, n, text, n, n, ROW_SPEC_21 | 3 << ROW_DIGITS_SHIFT, n, strlen(json),
        sha256_hex(digest, hex), hashkey_value(hashkey, OBSERVABLE_DOMAIN, value), n, n, n, n, n,
        strlen(json));
    sqlite3_free(text);
    g_assert_true(sqlite_exec(db, sql, &error));
}

static void test_migration(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Hashkey hashkey;
    Sqlite *db = sqlite_open(fixture->path, SQLITE_FOR_WRITING, 256, &error);
    g_assert_no_error(error);
    g_assert_true(schema_migrate_to(db, STEPS_BEFORE, &error));
    g_assert_true(hashkey_load(db, &hashkey, &error));
    g_assert_true(sqlite_exec(db,
                              "INSERT INTO source VALUES (1, 'alder.example');"
                              "INSERT INTO type VALUES (1, 'indicator');"
                              "INSERT INTO root VALUES (1, 'main', 'Main', NULL);"
                              "INSERT INTO collection (number, id, root, name, title, members,"
                              " last_added) VALUES (1, '0', 1, 'first', 'First', 50, 50)",
                              &error));
    for (guint i = 0; i < 50; i++)
        insert_old(db, &hashkey, i);
    sqlite_close(db);

    fixture->collection = 1;
    open_writer(fixture);
    assert_rows(fixture, 50, 0);
    put(fixture, 0, 50, OBJECTS_UNCHANGED);
    put(fixture, 50, 10, OBJECTS_ACCEPTED);
    assert_rows(fixture, 50, 10);
    for (guint i = 0; i < 60; i++) {
        g_autofree char *id = id_of(i), *value = g_strdup_printf("alder%u.example", i);
        g_assert_cmpuint(find(fixture, id, NULL), ==, 1);
        g_assert_cmpuint(find(fixture, NULL, value), ==, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    g_test_add("/keyed/" #name, Fixture, NULL, fixture_set_up, test_##name, fixture_tear_down)
    TEST(moves);
    TEST(filter);
    TEST(few_and_many);
    TEST(rollback);
    TEST(migration);
    return g_test_run();
}
