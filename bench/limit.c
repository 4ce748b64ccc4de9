/* limit.c - what no import can beat: yyjson reads every object of the given bundles, and SQLite
 * inserts each object's bytes into a table with one index-free column, durably (WAL,
 * synchronous=FULL), 1,000 objects a transaction. No validation, no hash, no index, one thread.
 *
 *   bench-limit DIRECTORY-FOR-THE-DATABASE BUNDLE.json...
 *
 * Prints: objects, bytes, seconds, objects a second. Reading the files and finding the objects'
 * bytes is not timed. */
#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "intake/bundle.h"

#define OBJECTS_PER_TRANSACTION 1000

typedef struct {
    char *bytes;
    gsize length;
} Text;

static void text_clear(gpointer data)
{
    g_free(((Text *)data)->bytes);
}

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Text text = {g_strndup(bytes, length), length};
    g_array_append_val((GArray *)user, text);
    return TRUE;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    if (note == INTAKE_BROKEN)
        g_error("%s: %s", where, message);
}

/* The objects of a bundle, exactly as they stand there. */
static gboolean load(const char *path, GArray *texts)
{
    g_autoptr(GError) error = NULL;
    const IntakeOptions options = {.confidence = -1};
    const IntakeSink sink = {.object = take_object, .note = take_note, .user = texts};
    g_autoptr(Stream) stream = stream_open(path, &error);
    if (stream && bundle_read(stream, path, &options, &sink, &error))
        return TRUE;
    g_printerr("%s\n", error->message);
    return FALSE;
}

static sqlite3 *open_database(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "limit.db", NULL);
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    g_unlink(path);
    g_unlink(wal);
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE object (body BLOB)",
                     NULL, NULL, NULL) != SQLITE_OK)
        g_error("%s: %s", path, sqlite3_errmsg(db));
    return db;
}

static void run(sqlite3 *db, const GArray *texts)
{
    sqlite3_stmt *insert;
    if (sqlite3_prepare_v2(db, "INSERT INTO object VALUES (?1)", -1, &insert, NULL) != SQLITE_OK)
        g_error("%s", sqlite3_errmsg(db));
    for (guint i = 0; i < texts->len; i++) {
        const Text *text = &g_array_index(texts, Text, i);
        if (i % OBJECTS_PER_TRANSACTION == 0)
            sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        yyjson_doc *doc = yyjson_read(text->bytes, text->length, 0);
        if (!doc)
            g_error("object %u is no JSON", i);
        yyjson_doc_free(doc);
        sqlite3_bind_blob64(insert, 1, text->bytes, text->length, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE)
            g_error("%s", sqlite3_errmsg(db));
        sqlite3_reset(insert);
        if ((i + 1) % OBJECTS_PER_TRANSACTION == 0 || i + 1 == texts->len)
            sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
    sqlite3_finalize(insert);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        g_printerr("usage: bench-limit DIRECTORY BUNDLE.json...\n");
        return 2;
    }
    g_autoptr(GArray) texts = g_array_new(FALSE, FALSE, sizeof(Text));
    g_array_set_clear_func(texts, text_clear);
    for (int i = 2; i < argc; i++)
        if (!load(argv[i], texts))
            return 2;
    gsize bytes = 0;
    for (guint i = 0; i < texts->len; i++)
        bytes += g_array_index(texts, Text, i).length;

    sqlite3 *db = open_database(argv[1]);
    gint64 start = g_get_monotonic_time();
    run(db, texts);
    double seconds = (double)(g_get_monotonic_time() - start) / 1e6;
    sqlite3_close(db);
    printf("%u %" G_GSIZE_FORMAT " %.3f %.0f\n", texts->len, bytes, seconds, texts->len / seconds);
    return 0;
}
