#include "store/attachments.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/ledger.h"
#include "store/ledger_tx.h"
#include "store/reader.h"
#include "store/tx.h"

/* Chunks of a copy are numbered from here. */
#define FIRST_CHUNK(number) ((number) << 20)
#define PREFIX_MIN          4 /* hex digits */

const char *attachment_state_name(AttachmentState state)
{
    static const char *const names[] = {"arriving", "unchecked", "whole", "damaged"};
    return names[state];
}

void attachment_free(Attachment *attachment)
{
    if (!attachment)
        return;
    g_free(attachment->origin);
    g_free(attachment);
}

void attachment_mention_free(AttachmentMention *mention)
{
    if (!mention)
        return;
    g_free(mention->dossier);
    g_free(mention->name);
    g_free(mention->type);
    g_free(mention);
}

/* --- keeping -----------------------------------------------------------------------------------
 */

/* A copy as it is being added to. */
typedef struct {
    gint64 number, party;
    guint here;
    AttachmentState state;
} Copy;

static gboolean find_copy(StoreTx *tx, const Chunk *chunk, Copy *copy, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "SELECT number, here, state FROM attachment"
                                             " WHERE sha256 = ?1 AND party = ?2 AND size = ?3",
                                             error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, chunk->sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, copy->party);
    sqlite3_bind_int64(statement, 3, (gint64)chunk->size);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    copy->number = row ? sqlite3_column_int64(statement, 0) : 0;
    copy->here = row ? (guint)sqlite3_column_int64(statement, 1) : 0;
    copy->state = row ? (AttachmentState)sqlite3_column_int(statement, 2) : ATTACHMENT_ARRIVING;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

static gboolean add_copy(StoreTx *tx, const Chunk *chunk, Copy *copy, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT INTO attachment (sha256, party, size, added) VALUES (?1, ?2, ?3, ?4)",
        error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, chunk->sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, copy->party);
    sqlite3_bind_int64(statement, 3, (gint64)chunk->size);
    sqlite3_bind_int64(statement, 4, timestamp_now());
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    copy->number = sqlite3_last_insert_rowid(tx->db->handle);
    return TRUE;
}

static gboolean run_numbers(StoreTx *tx, const char *sql, gint64 first, gint64 second,
                            GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, first);
    sqlite3_bind_int64(statement, 2, second);
    return sqlite_run(tx->db, statement, error);
}

/* A copy that turned out damaged begins anew with whatever comes then: so each byte that is hashed
 * was sent once more. */
static gboolean begin_anew(StoreTx *tx, Copy *copy, GError **error)
{
    copy->here = 0;
    copy->state = ATTACHMENT_ARRIVING;
    return run_numbers(tx, "DELETE FROM chunk WHERE number BETWEEN ?1 AND ?2",
                       FIRST_CHUNK(copy->number), FIRST_CHUNK(copy->number + 1) - 1, error);
}

static gboolean open_copy(StoreTx *tx, const char *origin, const Chunk *chunk, Copy *copy,
                          GError **error)
{
    *copy = (Copy){0};
    if ((origin && !tx_party(tx, origin, &copy->party, error)) ||
        !find_copy(tx, chunk, copy, error))
        return FALSE;
    if (copy->number == 0)
        return add_copy(tx, chunk, copy, error);
    return copy->state != ATTACHMENT_DAMAGED || begin_anew(tx, copy, error);
}

/* Of a chunk's row the bytes, wherever their home is. */
#define HOMES                                                                                      \
    " FROM chunk c LEFT JOIN record_item i ON i.number = c.item"                                   \
    " LEFT JOIN entry_item e ON e.number = c.entry * 4096"
#define BYTES "coalesce(c.data, i.data, e.data)"

/* Whether there is a row, and whether its bytes are there. */
static gboolean look_at_chunk(StoreTx *tx, gint64 number, gboolean *ret_row, gboolean *ret_bytes,
                              GError **error)
{
    sqlite3_stmt *statement =
        ledger_tx_write(tx, error)
            ? sqlite_prepare(tx->db,
                             "SELECT c.data IS NOT NULL OR i.data IS NOT NULL OR"
                             " e.data IS NOT NULL" HOMES " WHERE c.number = ?1",
                             error)
            : NULL;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    if (!sqlite_step(tx->db, statement, ret_row, error))
        return FALSE;
    *ret_bytes = *ret_row && sqlite3_column_int(statement, 0) != 0;
    if (*ret_row)
        sqlite3_reset(statement);
    return TRUE;
}

static gboolean put_chunk(StoreTx *tx, gint64 number, GBytes *item, gint64 record_item,
                          GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        tx->db, "INSERT OR REPLACE INTO chunk (number, item, data) VALUES (?1, ?2, ?3)", error);
    gsize length;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_null(statement, 2);
    sqlite3_bind_null(statement, 3);
    if (item) {
        const void *bytes = g_bytes_get_data(item, &length);
        sqlite3_bind_blob64(statement, 3, bytes, length, SQLITE_STATIC);
    } else {
        sqlite3_bind_int64(statement, 2, record_item);
    }
    gboolean good = sqlite_run(tx->db, statement, error);
    sqlite3_clear_bindings(statement);
    return good;
}

static gboolean put_copy(StoreTx *tx, const Copy *copy, gboolean is_malicious, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "UPDATE attachment SET here = ?2, state = ?3, "
                                             "malicious = malicious OR ?4 WHERE number = ?1",
                                             error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, copy->number);
    sqlite3_bind_int64(statement, 2, copy->here);
    sqlite3_bind_int(statement, 3, (int)copy->state);
    sqlite3_bind_int(statement, 4, is_malicious ? 1 : 0);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* Adds a chunk to a copy: @item, or the bytes of @record_item. */
static gboolean add_chunk(StoreTx *tx, Copy *copy, const Chunk *chunk, GBytes *item,
                          gint64 record_item, gboolean *ret_new, GError **error)
{
    gint64 number = FIRST_CHUNK(copy->number) + chunk->place;
    gboolean has_row, has_bytes;
    if (!look_at_chunk(tx, number, &has_row, &has_bytes, error))
        return FALSE;
    *ret_new = !has_bytes;
    if (has_bytes)
        return TRUE;
    copy->here += !has_row;
    if (copy->here == chunk_count(chunk->size))
        copy->state = ATTACHMENT_COMPLETE;
    return put_chunk(tx, number, item, record_item, error);
}

gboolean attachments_keep(StoreTx *tx, const Chunk *chunk, GBytes *item, gboolean is_malicious,
                          gboolean *ret_new, GError **error)
{
    Copy copy;
    gboolean is_new;
    if (!open_copy(tx, NULL, chunk, &copy, error) ||
        !add_chunk(tx, &copy, chunk, item, 0, &is_new, error) ||
        !put_copy(tx, &copy, is_malicious, error))
        return FALSE;
    if (ret_new)
        *ret_new = is_new;
    return TRUE;
}

gboolean attachments_receive(StoreTx *tx, const char *origin, const Chunk *chunk, gint64 record,
                             guint place, gboolean *ret_new, GError **error)
{
    Copy copy;
    return open_copy(tx, origin, chunk, &copy, error) &&
           add_chunk(tx, &copy, chunk, NULL, record * LEDGER_ITEMS_MAX + place, ret_new, error) &&
           put_copy(tx, &copy, FALSE, error);
}

gboolean attachments_set_state(StoreTx *tx, gint64 number, AttachmentState state, GError **error)
{
    tx->changed = TRUE;
    return run_numbers(tx, "UPDATE attachment SET state = ?2 WHERE number = ?1 AND state != 0",
                       number, state, error) &&
           (state != ATTACHMENT_WHOLE || attachments_pass_waiting(tx, number, error));
}

gboolean attachments_erased(StoreTx *tx, guint64 index, GError **error)
{
    /* ?2: item 0, which a chunk is, is not there. */
    static const char gone[] =
        "UPDATE attachment SET here = here - 1, state = 0 WHERE number = (SELECT c.number >> 20"
        " FROM chunk c JOIN entry_item e ON e.number = ?2"
        " WHERE c.entry = ?1 AND c.item IS NULL AND e.data IS NULL)";
    static const char drop[] =
        "DELETE FROM chunk WHERE entry = ?1 AND item IS NULL AND EXISTS"
        " (SELECT 1 FROM entry_item e WHERE e.number = ?2 AND e.data IS NULL)";
    gint64 entry = (gint64)index;
    return run_numbers(tx, gone, entry, entry * LEDGER_ITEMS_MAX, error) &&
           run_numbers(tx, drop, entry, entry * LEDGER_ITEMS_MAX, error);
}

gboolean attachments_mention(StoreTx *tx, const AttachmentsMention *mention, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR IGNORE INTO attachment_mention (event, place, dossier, name,"
                       " type, sha256, size, malicious) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, mention->event, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, mention->place);
    sqlite_bind_text(statement, 3, mention->dossier);
    sqlite_bind_text(statement, 4, mention->name);
    sqlite_bind_text(statement, 5, mention->type);
    sqlite3_bind_blob(statement, 6, mention->sha256, SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 7, (gint64)mention->size);
    sqlite3_bind_int(statement, 8, mention->is_malicious ? 1 : 0);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* --- looking -----------------------------------------------------------------------------------
 */

#define SELECT_COPIES                                                                              \
    "SELECT a.number, a.sha256, p.origin, a.size, a.here, a.state, a.malicious OR EXISTS"          \
    " (SELECT 1 FROM attachment_mention m WHERE m.sha256 = a.sha256 AND m.malicious),"             \
    " a.added FROM attachment a LEFT JOIN party p ON p.number = a.party AND a.party > 0"

static gpointer read_copy(sqlite3_stmt *statement)
{
    Attachment *copy = g_new0(Attachment, 1);
    copy->number = sqlite3_column_int64(statement, 0);
    if (sqlite3_column_bytes(statement, 1) == SHA256_SIZE)
        memcpy(copy->sha256, sqlite3_column_blob(statement, 1), SHA256_SIZE);
    copy->origin = sqlite_dup_text(statement, 2);
    copy->size = (guint64)sqlite3_column_int64(statement, 3);
    copy->here = (guint)sqlite3_column_int64(statement, 4);
    copy->state = (AttachmentState)sqlite3_column_int(statement, 5);
    copy->is_malicious = sqlite3_column_int(statement, 6) != 0;
    copy->added = sqlite3_column_int64(statement, 7);
    return copy;
}

static GPtrArray *read_copies(Sqlite *db, sqlite3_stmt *statement, GError **error)
{
    return sqlite_collect(db, statement, read_copy, (GDestroyNotify)attachment_free, error);
}

static GPtrArray *find_copies(Store *store, const char *sql, const guint8 *sha256, GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error) ? sqlite_prepare(reader.db, sql, error) : NULL;
    if (!statement)
        return NULL;
    if (sha256)
        sqlite3_bind_blob(statement, 1, sha256, SHA256_SIZE, SQLITE_TRANSIENT);
    return read_copies(reader.db, statement, error);
}

GPtrArray *attachments_list(Store *store, GError **error)
{
    return find_copies(store, SELECT_COPIES " ORDER BY a.number DESC", NULL, error);
}

GPtrArray *attachments_find(Store *store, const guint8 sha256[SHA256_SIZE], GError **error)
{
    return find_copies(store,
                       SELECT_COPIES " WHERE a.sha256 = ?1 ORDER BY a.state = 2 DESC,"
                                     " a.state = 1 DESC, a.party, a.number",
                       sha256, error);
}

GPtrArray *attachments_unchecked(Store *store, GError **error)
{
    return find_copies(store, SELECT_COPIES " WHERE a.state = 1 ORDER BY a.number", NULL, error);
}

static gpointer read_mention(sqlite3_stmt *statement)
{
    AttachmentMention *mention = g_new0(AttachmentMention, 1);
    mention->dossier = sqlite_dup_text(statement, 0);
    mention->name = sqlite_dup_text(statement, 1);
    mention->type = sqlite_dup_text(statement, 2);
    if (sqlite3_column_bytes(statement, 3) == SHA256_SIZE)
        memcpy(mention->event, sqlite3_column_blob(statement, 3), SHA256_SIZE);
    mention->size = (guint64)sqlite3_column_int64(statement, 4);
    mention->is_malicious = sqlite3_column_int(statement, 5) != 0;
    return mention;
}

GPtrArray *attachments_mentions(Store *store, const guint8 sha256[SHA256_SIZE], GError **error)
{
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT dossier, name, type, event, size, malicious"
                             " FROM attachment_mention WHERE sha256 = ?1 ORDER BY number",
                             error)
            : NULL;
    if (!statement)
        return NULL;
    sqlite3_bind_blob(statement, 1, sha256, SHA256_SIZE, SQLITE_TRANSIENT);
    return sqlite_collect(reader.db, statement, read_mention,
                          (GDestroyNotify)attachment_mention_free, error);
}

/* The least SHA-256 that begins with @prefix, and the greatest. */
static gboolean read_prefix(const char *prefix, guint8 low[SHA256_SIZE], guint8 high[SHA256_SIZE])
{
    gsize length = strlen(prefix);
    if (length < PREFIX_MIN || length > 2 * SHA256_SIZE)
        return FALSE;
    memset(low, 0x00, SHA256_SIZE);
    memset(high, 0xff, SHA256_SIZE);
    for (gsize i = 0; i < length; i++) {
        int digit = g_ascii_xdigit_value(prefix[i]), shift = i % 2 == 0 ? 4 : 0;
        if (digit < 0)
            return FALSE;
        low[i / 2] |= (guint8)(digit << shift);
        high[i / 2] &= (guint8) ~((15 - digit) << shift);
    }
    return TRUE;
}

gboolean attachments_resolve(Store *store, const char *prefix, guint8 ret_sha256[SHA256_SIZE],
                             GError **error)
{
    guint8 low[SHA256_SIZE], high[SHA256_SIZE], found[SHA256_SIZE];
    guint n_found = 0;
    if (!read_prefix(prefix, low, high)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" is not the SHA-256 of a file, or %d digits of its beginning at least",
                    prefix, PREFIX_MIN);
        return FALSE;
    }
    g_auto(Reader) reader = {0};
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT sha256 FROM attachment WHERE sha256 BETWEEN ?1 AND ?2 UNION"
                             " SELECT sha256 FROM attachment_mention"
                             " WHERE sha256 BETWEEN ?1 AND ?2 LIMIT 2",
                             error)
            : NULL;
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, low, SHA256_SIZE, SQLITE_TRANSIENT);
    sqlite3_bind_blob(statement, 2, high, SHA256_SIZE, SQLITE_TRANSIENT);
    for (gboolean row;;) {
        if (!sqlite_step(reader.db, statement, &row, error))
            return FALSE;
        if (!row)
            break;
        if (sqlite3_column_bytes(statement, 0) == SHA256_SIZE && n_found++ == 0)
            memcpy(found, sqlite3_column_blob(statement, 0), SHA256_SIZE);
    }
    if (n_found != 1) {
        g_set_error(
            error, CONCERT_ERROR, n_found == 0 ? CONCERT_ERROR_NOT_FOUND : CONCERT_ERROR_CONFLICT,
            n_found == 0 ? "there is no attachment %s" : "several attachments are %s...", prefix);
        return FALSE;
    }
    memcpy(ret_sha256, found, SHA256_SIZE);
    return TRUE;
}

/* Takes out of the sorted @missing the chunks whose bytes are there. */
static gboolean drop_present(Sqlite *db, gint64 number, GArray *missing, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db,
                       "SELECT c.number - ?1" HOMES " WHERE c.number BETWEEN ?1 AND ?2 AND"
                       " (c.data IS NOT NULL OR i.data IS NOT NULL OR e.data IS NOT NULL)"
                       " ORDER BY c.number",
                       error);
    guint kept = 0, next = 0;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, FIRST_CHUNK(number));
    sqlite3_bind_int64(statement, 2, FIRST_CHUNK(number + 1) - 1);
    for (gboolean row;;) {
        if (!sqlite_step(db, statement, &row, error))
            return FALSE;
        guint place = row ? (guint)sqlite3_column_int64(statement, 0) : G_MAXUINT;
        while (next < missing->len && g_array_index(missing, guint, next) < place)
            g_array_index(missing, guint, kept++) = g_array_index(missing, guint, next++);
        if (!row)
            break;
        next++;
    }
    g_array_set_size(missing, kept);
    return TRUE;
}

GArray *attachments_missing(Store *store, const guint8 sha256[SHA256_SIZE], guint64 size,
                            GError **error)
{
    g_auto(Reader) reader = {0};
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint place = 0; place < chunk_count(size); place++)
        g_array_append_val(missing, place);
    sqlite3_stmt *statement =
        reader_begin(store, &reader, error)
            ? sqlite_prepare(reader.db,
                             "SELECT number FROM attachment WHERE sha256 = ?1 AND party = 0"
                             " AND size = ?2 AND state != 3",
                             error)
            : NULL;
    gboolean row;
    if (!statement)
        return NULL;
    sqlite3_bind_blob(statement, 1, sha256, SHA256_SIZE, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, (gint64)size);
    if (!sqlite_step(reader.db, statement, &row, error))
        return NULL;
    gint64 number = row ? sqlite3_column_int64(statement, 0) : 0;
    if (row)
        sqlite3_reset(statement);
    return !row || drop_present(reader.db, number, missing, error) ? g_steal_pointer(&missing)
                                                                   : NULL;
}

static GBytes *read_chunk(Sqlite *db, gint64 number, guint place, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(db, "SELECT " BYTES HOMES " WHERE c.number = ?1", error);
    gboolean row;
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, FIRST_CHUNK(number) + place);
    if (!sqlite_step(db, statement, &row, error))
        return NULL;
    GBytes *item = row && sqlite3_column_type(statement, 0) != SQLITE_NULL
                       ? g_bytes_new(sqlite3_column_blob(statement, 0),
                                     (gsize)sqlite3_column_bytes(statement, 0))
                       : NULL;
    if (row)
        sqlite3_reset(statement);
    if (!item)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    row ? "chunk %u of the attachment was erased"
                        : "chunk %u of the attachment is not here",
                    place);
    return item;
}

GBytes *attachments_chunk(Store *store, gint64 number, guint place, GError **error)
{
    g_auto(Reader) reader = {0};
    return reader_begin(store, &reader, error) ? read_chunk(reader.db, number, place, error) : NULL;
}

GBytes *attachments_chunk_tx(StoreTx *tx, gint64 number, guint place, GError **error)
{
    return ledger_tx_write(tx, error) ? read_chunk(tx->db, number, place, error) : NULL;
}

static gboolean read_all(Store *store, const Attachment *copy, AttachmentsTake take, gpointer user,
                         guint8 ret_digest[SHA256_SIZE], GError **error)
{
    Sha256 *hash = sha256_begin();
    gboolean good = TRUE;
    for (guint place = 0; good && place < chunk_count(copy->size); place++) {
        Chunk chunk;
        gsize length = 0;
        g_autoptr(GBytes) item = attachments_chunk(store, copy->number, place, error);
        const guint8 *bytes = item ? g_bytes_get_data(item, &length) : NULL;
        good = item && chunk_parse(bytes, length, &chunk, error);
        if (!good)
            break;
        sha256_add(hash, bytes + CHUNK_HEAD, length - CHUNK_HEAD);
        good = !take || take(bytes + CHUNK_HEAD, length - CHUNK_HEAD, user, error);
    }
    sha256_end(hash, ret_digest);
    return good;
}

gboolean attachments_digest(Store *store, const Attachment *copy, guint8 ret_digest[SHA256_SIZE],
                            GError **error)
{
    return read_all(store, copy, NULL, NULL, ret_digest, error);
}

gboolean attachments_read(Store *store, const Attachment *copy, AttachmentsTake take, gpointer user,
                          GError **error)
{
    guint8 digest[SHA256_SIZE];
    if (!read_all(store, copy, take, user, digest, error))
        return FALSE;
    if (memcmp(digest, copy->sha256, SHA256_SIZE) == 0)
        return TRUE;
    char hex[2 * SHA256_SIZE + 1];
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "the bytes of the attachment are not those that it was announced with: their "
                "SHA-256 is %s",
                sha256_hex(digest, hex));
    return FALSE;
}
