/* parcel.h - what is inside an offline parcel (docs/protocol.md, "Parcels"): compressed, and sealed
 * to the recipient's parcel key, as a stream in bounded memory either way.
 *
 * Anybody can seal a parcel to anybody: who it is from is told by what is inside (parcel_record.h).
 * What was cut off, appended or changed anywhere is noticed when that place is read, and the end is
 * only told when all of it was there. Pure: bytes go to a sink and come from a source. */
#pragma once

#include <glib.h>

#include "base/error.h"

#define PARCEL_KEY_SIZE    32                          /* X25519 */
#define PARCEL_KEY_ID_SIZE 16                          /* hex digits */
#define PARCEL_CHUNK       (64 * 1024)                 /* bytes sealed at once */
#define PARCEL_RATIO_MAX   100                         /* bytes that may come out of one */
#define PARCEL_RATIO_GRACE ((guint64)64 * 1024 * 1024) /* before that counts */

/* How a parcel says in clear whose it is: 16 hex digits of a hash of the public key, and a NUL. */
void parcel_key_id(const guint8 public_key[PARCEL_KEY_SIZE], char ret_id[PARCEL_KEY_ID_SIZE + 1]);

/* Takes all of the bytes. */
typedef gboolean (*ParcelSink)(const void *bytes, gsize length, gpointer user, GError **error);

/* Gives at most @size bytes; *ret_read 0 is the end. */
typedef gboolean (*ParcelSource)(void *buffer, gsize size, gsize *ret_read, gpointer user,
                                 GError **error);

typedef struct ParcelSeal ParcelSeal;

/* Begins a parcel for @public_key. CONCERT_ERROR_INPUT if that is no key. */
ParcelSeal *parcel_seal_new(const guint8 public_key[PARCEL_KEY_SIZE], ParcelSink sink,
                            gpointer user, GError **error);
gboolean parcel_seal_add(ParcelSeal *seal, const void *bytes, gsize length, GError **error);

/* All that is left goes to the sink. Without this it is a parcel cut off. */
gboolean parcel_seal_end(ParcelSeal *seal, GError **error);
void parcel_seal_free(ParcelSeal *seal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParcelSeal, parcel_seal_free)

typedef struct ParcelOpen ParcelOpen;

/* Opens what parcel_seal_new() began, with the secret key. Nothing is read yet. */
ParcelOpen *parcel_open_new(const guint8 secret_key[PARCEL_KEY_SIZE], ParcelSource source,
                            gpointer user);

/* Up to @size bytes of what is inside, *ret_read 0 at the end. CONCERT_ERROR_INPUT if it is sealed
 * to another key, cut off or changed, CONCERT_ERROR_LIMIT if too much would come out of it; then it
 * is to be freed. */
gboolean parcel_open_read(ParcelOpen *open, void *buffer, gsize size, gsize *ret_read,
                          GError **error);
void parcel_open_free(ParcelOpen *open);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParcelOpen, parcel_open_free)
