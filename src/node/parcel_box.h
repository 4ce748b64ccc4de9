/* parcel_box.h - parcels on their way in: the parts that came, kept in NODE/parcels until the whole
 * is there.
 *
 *   parcels/ID/head      the head of a part, which says how many there are and whose key it is for
 *   parcels/ID/N.part    the bytes of part N, verified
 *   parcels/ID/read      when the parcel was read, and what it brought: JSON; the parts are gone
 *   parcels/outgoing-*   what is being written
 *
 * Anybody may hand in parts, so what is kept is bounded. */
#pragma once

#include "exchange/parcel_part.h"

#define PARCEL_BOX_PARCELS_MAX 256
#define PARCEL_BOX_BYTES_MAX   ((guint64)8 * 1024 * 1024 * 1024) /* of all parts that wait */

typedef struct {
    char id[PARCEL_PART_ID_SIZE + 1];
    char key[PARCEL_KEY_ID_SIZE + 1];
    guint parts;
    guint8 *has; /* [parts]: whether part i + 1 is there */
    guint n_has;
    guint64 bytes; /* of those that are there */
    gint64 since;  /* when the first part came, microseconds */
    char *read;    /* JSON; NULL: it was not read yet */
} ParcelBox;

void parcel_box_free(ParcelBox *box);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParcelBox, parcel_box_free)

/* Keeps the part in the file @path ("-": standard input), armored or not. *ret_id is the parcel's;
 * *ret_known TRUE: it was there already, or the parcel was read. CONCERT_ERROR_INPUT if it is none,
 * damaged or cut off; CONCERT_ERROR_LIMIT if too much waits already. */
gboolean parcel_box_take(const char *node, const char *path, char ret_id[PARCEL_PART_ID_SIZE + 1],
                         gboolean *ret_known, GError **error);

/* The parcel whose id begins with @id. CONCERT_ERROR_NOT_FOUND if there is none,
 * CONCERT_ERROR_CONFLICT if there is more than one. */
ParcelBox *parcel_box_find(const char *node, const char *id, GError **error);

/* All, those that wait first, the oldest first. Elements: ParcelBox *. */
GPtrArray *parcel_box_list(const char *node, GError **error);

/* Which parts are missing: "2, 5-7"; empty if none are. Caller frees. */
char *parcel_box_missing(const ParcelBox *box);

/* The bytes of a parcel that is all there, as a ParcelSource reads them (its @user). */
typedef struct ParcelBoxReader ParcelBoxReader;
ParcelBoxReader *parcel_box_reader_new(const char *node, const ParcelBox *box);
void parcel_box_reader_free(ParcelBoxReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParcelBoxReader, parcel_box_reader_free)
gboolean parcel_box_reader_read(void *buffer, gsize size, gsize *ret_read, gpointer reader,
                                GError **error);

/* Notes that it was read, and drops its parts. */
gboolean parcel_box_done(const char *node, const ParcelBox *box, const char *read, GError **error);

/* Drops the parcel, parts and all. */
gboolean parcel_box_remove(const char *node, const ParcelBox *box, GError **error);

/* Makes a new file for a parcel that is written: an open descriptor, and its path. Caller closes
 * and frees. What a crash left of earlier ones is dropped after a day. */
int parcel_box_outgoing(const char *node, char **ret_path, GError **error);
