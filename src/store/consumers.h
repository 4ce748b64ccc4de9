/* consumers.h - the machines that fetch exports (shield/export.h) over HTTP: resolvers, packet
 * filters, sensors. Each has a name, one token, and the formats it may fetch; nothing else. */
#pragma once

#include "base/sha256.h"
#include "store/store.h"

#define CONSUMERS_NAME_MAX 64
#define CONSUMERS_MAX      10000

typedef struct {
    char *name;     /* 1 to CONSUMERS_NAME_MAX of a-z 0-9 . _ - */
    char **formats; /* NULL-terminated */
    gint64 created; /* microseconds */
    gint64 expires; /* microseconds; 0: never */
} Consumer;

void consumer_free(Consumer *consumer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Consumer, consumer_free)

/* @formats are separated by blanks; only the SHA-256 of the token's text is kept.
 * CONCERT_ERROR_CONFLICT when there is one of that name, CONCERT_ERROR_LIMIT when there are
 * CONSUMERS_MAX. */
gboolean consumers_add(StoreTx *tx, const char *name, const char *formats,
                       const guint8 sha256[SHA256_SIZE], gint64 expires, GError **error);

/* CONCERT_ERROR_NOT_FOUND when there is none. */
gboolean consumers_remove(StoreTx *tx, const char *name, GError **error);

/* The consumer whose token has that digest and has not expired; CONCERT_ERROR_NOT_FOUND. */
Consumer *consumers_lookup(Store *store, const guint8 sha256[SHA256_SIZE], gint64 now,
                           GError **error);

/* Elements: Consumer *, by name. */
GPtrArray *consumers_list(Store *store, GError **error);
