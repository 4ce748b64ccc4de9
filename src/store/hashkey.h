/* hashkey.h - the narrow keys of the store's indexes: SipHash-2-4 under a secret that each store
 * makes for itself, so that nobody outside can craft texts whose keys collide. A key only narrows a
 * search down; the text itself decides. Private to the store. */
#pragma once

#include "stix/observable.h"
#include "store/sqlite.h"

typedef struct {
    guint8 secret[16];
} Hashkey;

gboolean hashkey_load(Sqlite *db, Hashkey *ret_key, GError **error);

gint64 hashkey_text(const Hashkey *key, const char *text);

/* The key of an observable's canonical text. Kinds that one text may belong to have keys of their
 * own. */
gint64 hashkey_value(const Hashkey *key, ObservableKind kind, const char *canonical);
