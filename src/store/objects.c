#include "store/objects.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/membership.h"
#include "store/pack.h"
#include "store/pending.h"
#include "store/row.h"
#include "store/tx.h"

const char *objects_outcome_name(ObjectsOutcome outcome)
{
    static const char *const names[] = {"accepted", "unchanged", "variant", "claim"};
    return names[outcome];
}

void objects_row_free(ObjectsRow *row)
{
    if (!row)
        return;
    g_free(row->id);
    g_free(row->type);
    g_free(row->source);
    if (row->bytes)
        g_bytes_unref(row->bytes);
    g_free(row);
}

/* One request to put objects, as far as it has got. */
typedef struct {
    StoreTx *tx;
    gint64 source;
    gint64 now;
    gboolean joining; /* a collection was named */
    Membership membership;
    PackWriter packs;
} Put;

/* What the store knows of an (object, version) before a put. */
typedef struct {
    gint64 same; /* number of the version with the very same bytes; 0: none */
    gint64 same_flags;
    gint64 same_source;
    PackSpan same_span;
    gboolean effective; /* some version with these id and version has effect */
    gboolean any;       /* any row at all */
} Known;

static gboolean look_up_version(StoreTx *tx, gint64 object, const Object *given, Known *ret_known,
                                GError **error)
{
    if (!pending_settle(tx, object, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT number, flags, source, sha256, pack, offset, length"
                       " FROM version INDEXED BY version_object"
                       " WHERE object = ?1 AND version = ?2",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, object);
    sqlite3_bind_int64(statement, 2, given->version);
    Known known = {0};
    for (;;) {
        gboolean row;
        if (!sqlite_step(tx->db, statement, &row, error))
            return FALSE;
        if (!row)
            break;
        gint64 flags = sqlite3_column_int64(statement, 1);
        /* The same version as 2.0 and as 2.1 is not a variant: TAXII serves both. */
        if (!(flags & ROW_SPEC_21) != (given->spec != OBJECT_SPEC_21))
            continue;
        known.any = TRUE;
        known.effective |= !(flags & ROW_WITHOUT_EFFECT);
        if (sqlite3_column_bytes(statement, 3) == SHA256_SIZE &&
            memcmp(sqlite3_column_blob(statement, 3), given->sha256, SHA256_SIZE) == 0) {
            known.same = sqlite3_column_int64(statement, 0);
            known.same_flags = flags;
            known.same_source = sqlite3_column_int64(statement, 2);
            known.same_span = (PackSpan){.pack = sqlite3_column_int64(statement, 4),
                                         .offset = sqlite3_column_int64(statement, 5),
                                         .length = sqlite3_column_int64(statement, 6)};
        }
    }
    *ret_known = known;
    return TRUE;
}

static gboolean index_values(StoreTx *tx, const Object *given, gint64 version, GError **error)
{
    for (guint i = 0; given->values && i < given->values->len; i++) {
        const ObjectValue *value = &g_array_index(given->values, ObjectValue, i);
        if (!pending_add_value(tx, hashkey_value(&tx->hashkey, value->kind, value->text), version,
                               error))
            return FALSE;
    }
    return TRUE;
}

static gboolean insert_version(Put *put, const Object *given, gint64 object, gint64 type,
                               gint64 flags, gint64 *ret_number, PackSpan *ret_span, GError **error)
{
    StoreTx *tx = put->tx;
    PackSpan span;
    if (!pack_append(tx, &put->packs, given->bytes, given->length, &span, error))
        return FALSE;
    const PendingVersion version = {.object = object,
                                    .version = given->version,
                                    .flags = flags,
                                    .type = type,
                                    .source = put->source,
                                    .stored_at = put->now,
                                    .span = span,
                                    .sha256 = given->sha256};
    if (!pending_add_version(tx, &version, ret_number, error))
        return FALSE;
    *ret_span = span;
    tx->changed = TRUE;
    return index_values(tx, given, *ret_number, error);
}

static gint64 flags_of(const Object *given, gboolean variant, gboolean claim)
{
    return (given->spec == OBJECT_SPEC_21 ? ROW_SPEC_21 : 0) | (given->revoked ? ROW_REVOKED : 0) |
           (variant ? ROW_VARIANT : 0) | (claim ? ROW_CLAIM : 0) |
           ((gint64)given->version_digits << ROW_DIGITS_SHIFT);
}

static gboolean set_flags(StoreTx *tx, gint64 version, gint64 flags, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db, "UPDATE version SET flags = ?2 WHERE number = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, version);
    sqlite3_bind_int64(statement, 2, flags);
    tx->changed = TRUE;
    return sqlite_run(tx->db, statement, error);
}

/* Remembers that another source gave these bytes as well. */
static gboolean note_provenance(Put *put, gint64 version, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(
        put->tx->db,
        "INSERT OR IGNORE INTO provenance (version, source, stored_at) VALUES (?1, ?2, ?3)", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, version);
    sqlite3_bind_int64(statement, 2, put->source);
    sqlite3_bind_int64(statement, 3, put->now);
    return sqlite_run(put->tx->db, statement, error);
}

/* Stores what is new of @given. */
static gboolean store_version(Put *put, const Object *given, gint64 object, gint64 first_source,
                              gint64 type, PackSpan *ret_span, ObjectsResult *ret_result,
                              GError **error)
{
    Known known;
    if (!look_up_version(put->tx, object, given, &known, error))
        return FALSE;
    gboolean owner = first_source == put->source;

    if (known.same) {
        if (known.same_source != put->source && !note_provenance(put, known.same, error))
            return FALSE;
        ret_result->outcome = OBJECTS_UNCHANGED;
        *ret_span = known.same_span;
        ret_result->version = known.same;
        ret_result->joins = !(known.same_flags & ROW_CLAIM);
        /* The first source says itself what another had claimed: now it has effect. */
        if (owner && !known.effective) {
            ret_result->joins = TRUE;
            ret_result->outcome = OBJECTS_ACCEPTED;
            return set_flags(put->tx, known.same, flags_of(given, FALSE, FALSE), error);
        }
        return TRUE;
    }

    gboolean claim = !owner;
    gboolean variant = known.effective || (claim && known.any);
    if (!insert_version(put, given, object, type, flags_of(given, variant, claim),
                        &ret_result->version, ret_span, error))
        return FALSE;
    /* A variant of the owner's joins a collection that has no member of that version: there it is
     * the first. */
    ret_result->joins = !claim;
    ret_result->outcome = variant ? OBJECTS_VARIANT : claim ? OBJECTS_CLAIM : OBJECTS_ACCEPTED;
    return TRUE;
}

static gboolean put_object(Put *put, const Object *given, const TxObject *before,
                           ObjectsResult *ret_result, GError **error)
{
    StoreTx *tx = put->tx;
    gint64 type, object = before->number;
    PackSpan span;
    *ret_result = (ObjectsResult){.outcome = OBJECTS_ACCEPTED, .joins = TRUE};
    if (!tx_type(tx, given->type, &type, error))
        return FALSE;
    gboolean first_ever = object == 0;
    if (first_ever) {
        if (!pending_add_object(tx, before->key, given->id, put->source, &object, error) ||
            !insert_version(put, given, object, type, flags_of(given, FALSE, FALSE),
                            &ret_result->version, &span, error))
            return FALSE;
    } else if (!store_version(put, given, object, before->source, type, &span, ret_result, error)) {
        return FALSE;
    }

    if (!ret_result->joins || !put->joining)
        return TRUE;
    MembershipItem item = {.version = ret_result->version,
                           .object = object,
                           .type = type,
                           .spec21 = given->spec == OBJECT_SPEC_21,
                           .modified = given->version,
                           .digits = given->version_digits,
                           .span = span,
                           .first_ever = first_ever};
    gboolean added;
    if (!membership_add(tx, &put->membership, &item, &added, &ret_result->date, error))
        return FALSE;
    if (added)
        ret_result->outcome = OBJECTS_ACCEPTED;
    return TRUE;
}

/* Looks all objects of a request up at once. The few that it brings twice and that are new are
 * looked up again when their turn comes the second time. */
static gboolean put_objects(Put *put, Object *const *objects, gsize count,
                            ObjectsResult *ret_results, GError **error)
{
    StoreTx *tx = put->tx;
    g_autofree TxObject *before = g_new(TxObject, count);
    for (gsize i = 0; i < count; i++)
        before[i].id = objects[i]->id;
    if (!tx_objects(tx, before, count, error))
        return FALSE;
    g_autoptr(GHashTable) fresh = g_hash_table_new(g_int64_hash, g_int64_equal); /* their keys */
    for (gsize i = 0; i < count; i++) {
        if (before[i].number == 0 && !g_hash_table_add(fresh, &before[i].key) &&
            (!pending_flush(tx, error) || !tx_objects(tx, &before[i], 1, error)))
            return FALSE;
        if (!put_object(put, objects[i], &before[i], &ret_results[i], error))
            return FALSE;
    }
    return TRUE;
}

gboolean objects_put(StoreTx *tx, const char *source, gint64 collection, Object *const *objects,
                     gsize count, ObjectsResult *ret_results, GError **error)
{
    Put put = {.tx = tx, .now = timestamp_now(), .joining = collection != 0};
    if (!tx_source(tx, source, &put.source, error) ||
        (put.joining && !membership_begin(tx, collection, &put.membership, error)))
        return FALSE;
    gboolean good = put_objects(&put, objects, count, ret_results, error) &&
                    pack_flush(tx, &put.packs, error) && pending_flush(tx, error) &&
                    (!put.joining || membership_end(tx, &put.membership, error));
    pack_writer_clear(&put.packs);
    return good;
}

/* --- stored versions and collections -----------------------------------------------------------
 */

/* What membership asks of a stored version; *ret_effect: whether it may be a member at all. */
static gboolean read_item(StoreTx *tx, gint64 version, MembershipItem *ret_item,
                          gboolean *ret_effect, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT object, type, flags, version, pack, offset, length FROM version"
                       " WHERE number = ?1",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, version);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_effect = FALSE;
    if (!row)
        return TRUE;
    gint64 flags = sqlite3_column_int64(statement, 2);
    *ret_item = (MembershipItem){.version = version,
                                 .object = sqlite3_column_int64(statement, 0),
                                 .type = sqlite3_column_int64(statement, 1),
                                 .spec21 = (flags & ROW_SPEC_21) != 0,
                                 .modified = sqlite3_column_int64(statement, 3),
                                 .digits = (guint)(flags >> ROW_DIGITS_SHIFT) & 0xff,
                                 .span = {.pack = sqlite3_column_int64(statement, 4),
                                          .offset = sqlite3_column_int64(statement, 5),
                                          .length = sqlite3_column_int64(statement, 6)}};
    *ret_effect = !(flags & ROW_CLAIM);
    sqlite3_reset(statement);
    return TRUE;
}

gboolean objects_join(StoreTx *tx, gint64 collection, const gint64 *versions, gsize count,
                      GError **error)
{
    Membership membership;
    if (!pending_flush(tx, error) || !membership_begin(tx, collection, &membership, error))
        return FALSE;
    for (gsize i = 0; i < count; i++) {
        MembershipItem item;
        gboolean effect, added;
        gint64 date;
        if (!read_item(tx, versions[i], &item, &effect, error) ||
            (effect && !membership_add(tx, &membership, &item, &added, &date, error)))
            return FALSE;
    }
    return membership_end(tx, &membership, error);
}

GBytes *objects_read(StoreTx *tx, gint64 version, GError **error)
{
    MembershipItem item = {0};
    gboolean effect;
    if (!pending_flush(tx, error) || !read_item(tx, version, &item, &effect, error))
        return NULL;
    if (item.version == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "there is no version %" G_GINT64_FORMAT, version);
        return NULL;
    }
    g_auto(PackReader)
        reader = {.db = tx->db, .into = g_string_sized_new((gsize)item.span.length + 1)};
    gboolean good =
        pack_reader_add(&reader, &item.span, error) && pack_reader_finish(&reader, error);
    GBytes *bytes = g_string_free_to_bytes(reader.into);
    if (!good)
        g_clear_pointer(&bytes, g_bytes_unref);
    return bytes;
}

static gboolean leave(StoreTx *tx, Membership *membership, gint64 version, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT m.added, m.object, m.spec FROM version v JOIN member m"
                       " INDEXED BY member_object ON m.collection = ?1 AND m.object = v.object"
                       " WHERE v.number = ?2 AND m.version = ?2",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, membership->collection);
    sqlite3_bind_int64(statement, 2, version);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row)
        return TRUE;
    gint64 date = sqlite3_column_int64(statement, 0), object = sqlite3_column_int64(statement, 1);
    gboolean spec21 = sqlite3_column_int(statement, 2) != 0;
    sqlite3_reset(statement);
    return membership_remove(tx, membership, date, error) &&
           membership_settle(tx, membership->collection, object, spec21, error);
}

gboolean objects_leave(StoreTx *tx, gint64 collection, const gint64 *versions, gsize count,
                       GError **error)
{
    Membership membership;
    if (!pending_flush(tx, error) || !membership_begin(tx, collection, &membership, error))
        return FALSE;
    for (gsize i = 0; i < count; i++)
        if (!leave(tx, &membership, versions[i], error))
            return FALSE;
    return membership_end(tx, &membership, error);
}

/* --- adopting ----------------------------------------------------------------------------------
 */

/* The version that is to be adopted. */
typedef struct {
    gint64 object, number, version, flags, type;
    PackSpan span;
} Adoptee;

static gboolean find_adoptee(StoreTx *tx, const char *id, const guint8 sha256[SHA256_SIZE],
                             Adoptee *ret_adoptee, GError **error)
{
    TxObject object = {.id = id};
    if (!tx_objects(tx, &object, 1, error))
        return FALSE;
    Adoptee adoptee = {.object = object.number};
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT number, version, flags, type, pack, offset, length"
                       " FROM version INDEXED BY version_object"
                       " WHERE object = ?1 AND sha256 = ?2",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, adoptee.object);
    sqlite3_bind_blob(statement, 2, sha256, SHA256_SIZE, SQLITE_STATIC);
    gboolean row;
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    if (!row) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "%s: no stored version has this SHA-256", id);
        return FALSE;
    }
    adoptee.number = sqlite3_column_int64(statement, 0);
    adoptee.version = sqlite3_column_int64(statement, 1);
    adoptee.flags = sqlite3_column_int64(statement, 2);
    adoptee.type = sqlite3_column_int64(statement, 3);
    adoptee.span = (PackSpan){.pack = sqlite3_column_int64(statement, 4),
                              .offset = sqlite3_column_int64(statement, 5),
                              .length = sqlite3_column_int64(statement, 6)};
    sqlite3_reset(statement);
    *ret_adoptee = adoptee;
    return TRUE;
}

/* Whichever version had effect under this (object, version) becomes a variant. */
static gboolean demote_others(StoreTx *tx, const Adoptee *adoptee, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "UPDATE version SET flags = flags | ?4 WHERE object = ?1 AND version = ?2"
                       " AND number <> ?3 AND (flags & ?5) = ?6",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, adoptee->object);
    sqlite3_bind_int64(statement, 2, adoptee->version);
    sqlite3_bind_int64(statement, 3, adoptee->number);
    sqlite3_bind_int64(statement, 4, ROW_VARIANT);
    sqlite3_bind_int64(statement, 5, ROW_SPEC_21);
    sqlite3_bind_int64(statement, 6, adoptee->flags & ROW_SPEC_21);
    return sqlite_run(tx->db, statement, error);
}

/* Element: gint64, the collections without a reach that any version of @object is in. */
static GArray *collections_of(StoreTx *tx, gint64 object, GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT number FROM collection c WHERE reach IS NULL"
                       " AND EXISTS (SELECT 1 FROM member m"
                       " INDEXED BY member_object WHERE m.collection = c.number AND m.object = ?1)",
                       error);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, object);
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
    gboolean row;
    for (;;) {
        if (!sqlite_step(tx->db, statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&numbers);
        gint64 number = sqlite3_column_int64(statement, 0);
        g_array_append_val(numbers, number);
    }
}

gboolean objects_is_in(StoreTx *tx, gint64 collection, gint64 version, gboolean *ret_is_in,
                       GError **error)
{
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "SELECT 1 FROM version v CROSS JOIN member m INDEXED BY member_object"
                       " ON m.collection = ?1 AND m.object = v.object WHERE v.number = ?2 LIMIT 1",
                       error);
    if (!statement || !pending_flush(tx, error))
        return FALSE;
    sqlite3_bind_int64(statement, 1, collection);
    sqlite3_bind_int64(statement, 2, version);
    if (!sqlite_step(tx->db, statement, ret_is_in, error))
        return FALSE;
    sqlite3_reset(statement);
    return TRUE;
}

gboolean objects_replace(StoreTx *tx, gint64 collection, gint64 version, GError **error)
{
    Membership membership;
    MembershipItem item;
    gboolean effect, added;
    gint64 date;
    if (!pending_flush(tx, error) || !read_item(tx, version, &item, &effect, error) ||
        !membership_begin(tx, collection, &membership, error) ||
        (effect && !membership_add(tx, &membership, &item, &added, &date, error)))
        return FALSE;
    if (effect && !added &&
        (!membership_remove(tx, &membership, date, error) ||
         !membership_add(tx, &membership, &item, &added, &date, error) ||
         !membership_settle(tx, collection, item.object, item.spec21, error)))
        return FALSE;
    return membership_end(tx, &membership, error);
}

/* For store/content.h: another version has effect although none is new. */
static gboolean count_adoption(StoreTx *tx, GError **error)
{
    return sqlite_exec(tx->db,
                       "INSERT INTO meta VALUES ('adoptions', 1)"
                       " ON CONFLICT (name) DO UPDATE SET value = value + 1",
                       error);
}

gboolean objects_adopt(StoreTx *tx, const char *id, const guint8 sha256[SHA256_SIZE],
                       gint64 *ret_version, GError **error)
{
    Adoptee adoptee;
    if (!find_adoptee(tx, id, sha256, &adoptee, error))
        return FALSE;
    if (!(adoptee.flags & ROW_WITHOUT_EFFECT)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s: this version is in effect already", id);
        return FALSE;
    }
    if (!count_adoption(tx, error) || !demote_others(tx, &adoptee, error) ||
        !set_flags(tx, adoptee.number, adoptee.flags & ~(gint64)ROW_WITHOUT_EFFECT, error))
        return FALSE;
    g_autoptr(GArray) collections = collections_of(tx, adoptee.object, error);
    if (!collections)
        return FALSE;
    for (guint i = 0; i < collections->len; i++)
        if (!objects_replace(tx, g_array_index(collections, gint64, i), adoptee.number, error))
            return FALSE;
    *ret_version = adoptee.number;
    return TRUE;
}
