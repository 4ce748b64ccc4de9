#include "store/pending.h"

/* So many rows at most wait: more saves nothing and would leave the processor's cache. */
#define MAX_ROWS 1024

/* Values are numbers only, and nobody looks for them before the commit, so they wait for it: their
 * keys are random, and the more are written in order at once, the fewer pages are written twice. */
#define MAX_VALUES 65536

struct Pending {
    Bulk objects, keys, versions, values, members;
    gint64 first_new;    /* number of the first object that waits itself; G_MAXINT64: none does */
    GHashTable *touched; /* numbers of the older objects of which rows wait */
};

G_STATIC_ASSERT(sizeof(gpointer) >= sizeof(gint64));

Pending *pending_new(void)
{
    Pending *pending = g_new0(Pending, 1);
    bulk_init(&pending->objects, 3);
    bulk_init(&pending->keys, 2);
    bulk_init(&pending->versions, 11);
    bulk_init(&pending->values, 2);
    bulk_init(&pending->members, 13);
    pending->first_new = G_MAXINT64;
    pending->touched = g_hash_table_new(g_direct_hash, g_direct_equal);
    return pending;
}

void pending_free(Pending *pending)
{
    if (!pending)
        return;
    bulk_clear(&pending->objects);
    bulk_clear(&pending->keys);
    bulk_clear(&pending->versions);
    bulk_clear(&pending->values);
    bulk_clear(&pending->members);
    g_hash_table_unref(pending->touched);
    g_free(pending);
}

/* All but the values. */
static void forget_rows(Pending *pending)
{
    bulk_empty(&pending->objects);
    bulk_empty(&pending->keys);
    bulk_empty(&pending->versions);
    bulk_empty(&pending->members);
    pending->first_new = G_MAXINT64;
    g_hash_table_remove_all(pending->touched);
}

void pending_forget(Pending *pending)
{
    forget_rows(pending);
    bulk_empty(&pending->values);
}

/* New objects are numbered upwards, so that one number says it of all of them. */
static gboolean waits(const Pending *pending, gint64 object)
{
    return object >= pending->first_new ||
           g_hash_table_contains(pending->touched, GSIZE_TO_POINTER(object));
}

static void touch(Pending *pending, gint64 object)
{
    if (object < pending->first_new)
        g_hash_table_add(pending->touched, GSIZE_TO_POINTER(object));
}

static gboolean make_room(StoreTx *tx, const Bulk *bulk, GError **error)
{
    return bulk_rows(bulk) < MAX_ROWS || pending_flush(tx, error);
}

gboolean pending_add_object(StoreTx *tx, gint64 key, const char *id, gint64 source,
                            gint64 *ret_number, GError **error)
{
    Bulk *rows = &tx->pending->objects;
    gint64 number;
    if (!make_room(tx, rows, error) ||
        !tx_next(tx, &tx->next_object, "SELECT max(number) FROM object", &number, error))
        return FALSE;
    bulk_add(rows, (BulkCell[]){
                       {.number = number}, {.bytes = id, .kind = BULK_TEXT}, {.number = source}});
    bulk_add(&tx->pending->keys, (BulkCell[]){{.number = key}, {.number = number}});
    tx->pending->first_new = MIN(tx->pending->first_new, number);
    *ret_number = number;
    return TRUE;
}

gboolean pending_add_version(StoreTx *tx, const PendingVersion *version, gint64 *ret_number,
                             GError **error)
{
    Bulk *rows = &tx->pending->versions;
    gint64 number;
    if (!make_room(tx, rows, error) ||
        !tx_next(tx, &tx->next_version, "SELECT max(number) FROM version", &number, error))
        return FALSE;
    bulk_add(rows,
             (BulkCell[]){{.number = number},
                          {.number = version->object},
                          {.number = version->version},
                          {.number = version->flags},
                          {.number = version->type},
                          {.number = version->source},
                          {.number = version->stored_at},
                          {.number = version->span.pack},
                          {.number = version->span.offset},
                          {.number = version->span.length},
                          {.bytes = version->sha256, .length = SHA256_SIZE, .kind = BULK_BLOB}});
    touch(tx->pending, version->object);
    *ret_number = number;
    return TRUE;
}

static gboolean flush_values(StoreTx *tx, GError **error)
{
    return keyed_add(tx, KEYED_VALUES, &tx->pending->values, error);
}

gboolean pending_add_value(StoreTx *tx, gint64 key, gint64 version, GError **error)
{
    Bulk *rows = &tx->pending->values;
    if (bulk_rows(rows) >= MAX_VALUES && !flush_values(tx, error))
        return FALSE;
    bulk_add(rows, (BulkCell[]){{.number = key}, {.number = version}});
    return TRUE;
}

gboolean pending_add_member(StoreTx *tx, gint64 collection, const MembershipItem *item, gint64 date,
                            gboolean is_last, gboolean is_first, GError **error)
{
    Bulk *rows = &tx->pending->members;
    if (!make_room(tx, rows, error))
        return FALSE;
    bulk_add(rows, (BulkCell[]){{.number = collection},
                                {.number = date},
                                {.number = item->version},
                                {.number = item->object},
                                {.number = item->type},
                                {.number = item->spec21},
                                {.number = item->modified},
                                {.number = item->digits},
                                {.number = date, .kind = is_last ? BULK_NULL : BULK_INT},
                                {.number = date, .kind = is_first ? BULK_NULL : BULK_INT},
                                {.number = item->span.pack},
                                {.number = item->span.offset},
                                {.number = item->span.length}});
    touch(tx->pending, item->object);
    return TRUE;
}

gboolean pending_settle(StoreTx *tx, gint64 object, GError **error)
{
    return !waits(tx->pending, object) || pending_flush(tx, error);
}

gboolean pending_flush(StoreTx *tx, GError **error)
{
    Pending *pending = tx->pending;
    if (!bulk_run(&pending->objects, tx->db,
                  "INSERT OR FAIL INTO object (number, id, source) SELECT c0, c1, c2 FROM bulk(?1)",
                  error) ||
        !keyed_add(tx, KEYED_OBJECTS, &pending->keys, error) ||
        !bulk_run(
            &pending->versions, tx->db,
            "INSERT OR FAIL INTO version (number, object, version, flags, type, source, stored_at,"
            " pack, offset, length, sha256)"
            " SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 FROM bulk(?1)",
            error) ||
        !bulk_run(
            &pending->members, tx->db,
            "INSERT OR FAIL INTO member (collection, added, version, object, type, spec, modified,"
            " digits, last_until, first_until, pack, offset, length)"
            " SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12 FROM bulk(?1)",
            error))
        return FALSE;
    forget_rows(pending);
    return TRUE;
}

gboolean pending_end(StoreTx *tx, GError **error)
{
    return pending_flush(tx, error) && flush_values(tx, error) && keyed_end(tx, error);
}
