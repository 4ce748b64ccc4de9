#include "store/store.h"

#include "store/reader.h"
#include "store/schema.h"

/* Connections at most, and the page cache of each. */
#define MAX_READERS      8
#define READER_CACHE_KIB 2048

struct Store {
    char *path;
    Hashkey hashkey;
    GMutex lock; /* guards what follows */
    GCond given_back;
    GQueue idle;
    guint open;
};

/* NULL: there is none, after all. What would show the same for ever is not used again. */
static void give_back(Store *store, Sqlite *db)
{
    if (db && db->snapshot)
        g_clear_pointer(&db, sqlite_close);
    g_mutex_lock(&store->lock);
    if (db)
        g_queue_push_head(&store->idle, db);
    else
        store->open--;
    g_cond_signal(&store->given_back);
    g_mutex_unlock(&store->lock);
}

Store *store_open(const char *path, GError **error)
{
    g_autoptr(Sqlite) db = sqlite_open(path, SQLITE_FOR_READING, READER_CACHE_KIB, error);
    Hashkey hashkey;
    if (!db || !schema_check(db, error) || !hashkey_load(db, &hashkey, error))
        return NULL;
    Store *store = g_new0(Store, 1);
    store->path = g_strdup(path);
    store->hashkey = hashkey;
    g_mutex_init(&store->lock);
    g_cond_init(&store->given_back);
    g_queue_init(&store->idle);
    store->open = 1;
    give_back(store, g_steal_pointer(&db));
    return store;
}

void store_close(Store *store)
{
    if (!store)
        return;
    g_queue_clear_full(&store->idle, (GDestroyNotify)sqlite_close);
    g_mutex_clear(&store->lock);
    g_cond_clear(&store->given_back);
    g_free(store->path);
    g_free(store);
}

/* An idle connection, or NULL when the caller is to open one: its place is taken already. */
static Sqlite *take_place(Store *store)
{
    g_mutex_lock(&store->lock);
    while (g_queue_is_empty(&store->idle) && store->open >= MAX_READERS)
        g_cond_wait(&store->given_back, &store->lock);
    Sqlite *db = g_queue_pop_head(&store->idle);
    if (!db)
        store->open++;
    g_mutex_unlock(&store->lock);
    return db;
}

gboolean reader_begin(Store *store, Reader *ret_reader, GError **error)
{
    Sqlite *db = take_place(store);
    if (!db) {
        db = sqlite_open(store->path, SQLITE_FOR_READING, READER_CACHE_KIB, error);
        if (!db) {
            give_back(store, NULL);
            return FALSE;
        }
    }
    sqlite3_stmt *begin = db->snapshot ? NULL : sqlite_prepare(db, "BEGIN", error);
    if (!db->snapshot && (!begin || !sqlite_run(db, begin, error))) {
        give_back(store, db);
        return FALSE;
    }
    *ret_reader = (Reader){.db = db, .store = store};
    return TRUE;
}

void reader_end(Reader *reader)
{
    if (!reader->db)
        return;
    sqlite3_stmt *end = sqlite_prepare(reader->db, "ROLLBACK", NULL);
    if (end)
        sqlite_run(reader->db, end, NULL);
    give_back(reader->store, reader->db);
    *reader = (Reader){0};
}

const Hashkey *reader_hashkey(const Reader *reader)
{
    return &reader->store->hashkey;
}
