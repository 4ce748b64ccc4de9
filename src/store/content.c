#include "store/content.h"

#include <sodium.h>
#include <string.h>

#include "store/reader.h"

gboolean content_secret(Store *store, const char *purpose, guint8 ret_secret[CONTENT_SECRET],
                        GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    const Hashkey *key = reader_hashkey(&reader);
    crypto_generichash(ret_secret, CONTENT_SECRET, (const guint8 *)purpose, strlen(purpose),
                       key->secret, sizeof(key->secret));
    return TRUE;
}

/* Versions are only ever added; which of an object's has effect changes with adoption, which moves
 * an object to another source or marks a version; what is out of use by records and items. */
#define STATE                                                                                      \
    "SELECT (SELECT coalesce(max(number), 0) FROM version) || '-' ||"                              \
    " (SELECT coalesce(max(value), 0) FROM meta WHERE name = 'adoptions') || '-' ||"               \
    " (SELECT coalesce(max(number), 0) || '-' || coalesce(sum(state), 0) || '-' ||"                \
    " coalesce(sum(coalesce(tlp, 0) * 8 + coalesce(pap, 0)), 0) FROM record) || '-' ||"            \
    " (SELECT count(*) FROM record_item WHERE retracted IS NOT NULL) || '-' ||"                    \
    " (SELECT coalesce(sum(members), 0) || '-' || coalesce(max(last_added), 0) FROM collection)"

char *content_state(Store *store, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return NULL;
    sqlite3_stmt *statement = sqlite_prepare(reader.db, STATE, error);
    if (!statement || !sqlite_step(reader.db, statement, &row, error))
        return NULL;
    char *state = sqlite_dup_text(statement, 0);
    sqlite3_reset(statement);
    return state;
}
