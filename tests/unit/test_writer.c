/* The writer: many threads, group commit, failures that stay alone; schemas and backups. */
#include <glib/gstdio.h>
#include <string.h>

#include "store/accounts.h"
#include "store/backup.h"
#include "store/schema.h"
#include "store/writer.h"

typedef struct {
    char *directory;
    char *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp("concert-writer-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "concert.db", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->path);
}

static gboolean add_account(StoreTx *tx, gpointer user, GError **error)
{
    return accounts_add(tx, user, NULL, 1, NULL, error);
}

enum { THREADS = 6, PER_THREAD = 60 };

typedef struct {
    Writer *writer;
    int thread;
    int failures;
} Worker;

/* Every thread adds accounts of its own, and now and then one that all of them add. */
static gpointer work(gpointer user)
{
    Worker *worker = user;
    for (int i = 0; i < PER_THREAD; i++) {
        g_autofree char *name =
            i % 10 == 9 ? g_strdup("shared") : g_strdup_printf("a%d-%d", worker->thread, i);
        g_autoptr(GError) error = NULL;
        if (!writer_run(worker->writer, 1, add_account, name, &error)) {
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
            worker->failures++;
        }
    }
    return NULL;
}

static void test_threads(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Writer) writer = writer_open(fixture->path, &error);
    g_assert_no_error(error);
    guint64 before = writer_generation(writer);
    Worker workers[THREADS];
    GThread *threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (Worker){writer, i, 0};
        threads[i] = g_thread_new("worker", work, &workers[i]);
    }
    int failures = 0;
    for (int i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
        failures += workers[i].failures;
    }
    /* Of all who added "shared" one succeeded, and nobody's own was lost with a neighbour's. */
    g_assert_cmpint(failures, ==, THREADS * PER_THREAD / 10 - 1);
    g_autoptr(Store) store = store_open(fixture->path, &error);
    g_autoptr(GPtrArray) accounts = accounts_list(store, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(accounts->len, ==, THREADS * PER_THREAD * 9 / 10 + 1);
    WriterStats stats;
    writer_stats(writer, &stats);
    g_assert_cmpuint(stats.requests, ==, THREADS * PER_THREAD);
    g_assert_cmpuint(stats.failures, ==, (guint64)failures);
    g_assert_cmpuint(stats.waiting, ==, 0);
    g_assert_cmpuint(writer_generation(writer), >, before);
}

typedef struct {
    GMutex lock;
    GCond changed;
    gboolean blocked, go_on;
    int done;
} Gate;

static gboolean block(StoreTx *tx, gpointer user, GError **error)
{
    Gate *gate = user;
    g_mutex_lock(&gate->lock);
    gate->blocked = TRUE;
    g_cond_broadcast(&gate->changed);
    while (!gate->go_on)
        g_cond_wait(&gate->changed, &gate->lock);
    g_mutex_unlock(&gate->lock);
    return TRUE;
}

static gboolean nothing(StoreTx *tx, gpointer user, GError **error)
{
    return TRUE;
}

static void count_done(gpointer user, const GError *error)
{
    Gate *gate = user;
    g_assert_no_error((GError *)error);
    g_mutex_lock(&gate->lock);
    gate->done++;
    g_cond_broadcast(&gate->changed);
    g_mutex_unlock(&gate->lock);
}

static void test_busy(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Writer) writer = writer_open(fixture->path, &error);
    g_assert_no_error(error);
    Gate gate = {0};
    g_mutex_init(&gate.lock);
    g_cond_init(&gate.changed);
    g_assert_true(writer_submit(writer, 1, block, count_done, &gate, &error));
    g_mutex_lock(&gate.lock);
    while (!gate.blocked)
        g_cond_wait(&gate.changed, &gate.lock);
    g_mutex_unlock(&gate.lock);

    int submitted = 1;
    while (writer_submit(writer, 10000, nothing, count_done, &gate, &error))
        g_assert_cmpint(++submitted, <, 1000);
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY);
    g_mutex_lock(&gate.lock);
    gate.go_on = TRUE;
    g_cond_broadcast(&gate.changed);
    while (gate.done < submitted)
        g_cond_wait(&gate.changed, &gate.lock);
    g_mutex_unlock(&gate.lock);
    g_clear_error(&error);
    g_assert_true(writer_run(writer, 10000, nothing, NULL, &error));
    g_mutex_clear(&gate.lock);
    g_cond_clear(&gate.changed);
}

static void test_migration(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    const char *const steps[] = {"CREATE TABLE one (x); INSERT INTO one VALUES (7)",
                                 "CREATE TABLE two AS SELECT x + 1 AS y FROM one",
                                 "CREATE TABLE broken ("};
    g_autofree char *copy = g_strdup_printf("%s.before-2", fixture->path);
    g_autoptr(Sqlite) db = sqlite_open(fixture->path, SQLITE_FOR_WRITING, 256, &error);
    g_assert_no_error(error);
    g_assert_true(schema_migrate_steps(db, steps, 1, &error));
    g_assert_false(g_file_test(copy, G_FILE_TEST_EXISTS));
    g_assert_true(schema_migrate_steps(db, steps, 2, &error));
    gint64 y;
    g_assert_true(sqlite_get_int(db, "SELECT y FROM two", 0, &y, &error));
    g_assert_cmpint(y, ==, 8);

    /* The copy is the store as it was. */
    g_autoptr(Sqlite) before = sqlite_open(copy, SQLITE_FOR_READING, 256, &error);
    g_assert_no_error(error);
    g_assert_true(sqlite_get_int(before, "PRAGMA user_version", 0, &y, &error));
    g_assert_cmpint(y, ==, 1);
    g_assert_false(sqlite_get_int(before, "SELECT y FROM two", 0, &y, NULL));

    /* A step that fails changes nothing. */
    g_assert_false(schema_migrate_steps(db, steps, 3, &error));
    g_clear_error(&error);
    g_assert_true(sqlite_get_int(db, "PRAGMA user_version", 0, &y, &error));
    g_assert_cmpint(y, ==, 2);

    /* A newer schema is refused. */
    g_assert_false(schema_migrate_steps(db, steps, 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER);
}

static void test_refuse(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open(fixture->path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);

    Sqlite *db = sqlite_open(fixture->path, SQLITE_FOR_WRITING, 256, &error);
    g_assert_true(schema_migrate(db, &error));
    g_assert_true(sqlite_exec(db, "PRAGMA user_version=9999", &error));
    sqlite_close(db);
    g_assert_null(store_open(fixture->path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER);
    g_clear_error(&error);
    g_assert_null(writer_open(fixture->path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER);
    g_clear_error(&error);

    db = sqlite_open(fixture->path, SQLITE_FOR_WRITING, 256, &error);
    g_assert_true(sqlite_exec(db, "PRAGMA user_version=3; PRAGMA application_id=5", &error));
    sqlite_close(db);
    g_assert_null(writer_open(fixture->path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);

    g_assert_true(
        g_file_set_contents(fixture->path, "This is no database, whatever it says.", -1, NULL));
    g_assert_null(store_open(fixture->path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
}

static void test_backup(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *backup = g_build_filename(fixture->directory, "backup", NULL);
    g_autofree char *restored = g_build_filename(fixture->directory, "restored.db", NULL);
    g_autofree char *attachment = NULL;
    g_autoptr(Writer) writer = writer_open(fixture->path, &error);
    g_assert_true(writer_run(writer, 1, add_account, (gpointer) "before", &error));
    g_assert_true(backup_write(fixture->path, backup, "[node]\n", &error));
    g_assert_true(writer_run(writer, 1, add_account, (gpointer) "after", &error));
    g_assert_false(backup_write(fixture->path, backup, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);

    g_assert_true(backup_read(backup, restored, &attachment, &error));
    g_assert_cmpstr(attachment, ==, "[node]\n");
    g_autoptr(Store) store = store_open(restored, &error);
    g_assert_no_error(error);
    g_autoptr(Account) account = accounts_lookup(store, "before", &error);
    g_assert_no_error(error);
    g_assert_null(accounts_lookup(store, "after", NULL));

    /* A damaged backup is found out. */
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(backup, &text, &length, NULL));
    memset(text + length / 2, 0xa5, length / 4);
    g_assert_true(g_file_set_contents(backup, text, (gssize)length, NULL));
    g_autofree char *second = g_build_filename(fixture->directory, "second.db", NULL);
    g_autofree char *none = NULL;
    g_assert_false(backup_read(backup, second, &none, &error));
    g_assert_false(g_file_test(second, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/writer/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(threads);
    TEST(busy);
    TEST(migration);
    TEST(refuse);
    TEST(backup);
    return g_test_run();
}
