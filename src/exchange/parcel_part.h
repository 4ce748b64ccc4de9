/* parcel_part.h - parts of a parcel (docs/protocol.md, "Parcels"): files that say in clear whose
 * parcel they are a part of, and which, and nothing else.
 *
 * A parcel is known by a hash of whose key it is for, how many parts it has, and the root of a
 * Merkle tree over them; and each part has the proof that it belongs there. So parts may arrive in
 * any order and from anywhere: one that is damaged, or of another parcel, is told at once, and
 * cannot take the place of the right one. Pure. */
#pragma once

#include <glib.h>
#include <sodium.h>

#include "exchange/parcel.h"
#include "ledger/merkle.h"

#define PARCEL_PART_HEAD_MAX  (8 * 1024) /* bytes before those of the parcel */
#define PARCEL_PARTS_MAX      10000
#define PARCEL_PART_MIN       1024 /* bytes of a part; the last may be smaller */
#define PARCEL_PART_ID_SIZE   (2 * SHA256_SIZE)
#define PARCEL_PART_ARMOR_MAX (96 * 1024 * 1024) /* bytes of an armored file */

typedef struct {
    char key[PARCEL_KEY_ID_SIZE + 1]; /* parcel_key_id() of the recipient's key */
    MerkleHash parcel, root;
    guint part, parts; /* 1 <= part <= parts <= PARCEL_PARTS_MAX */
    guint64 length;    /* bytes of the parcel in it, at least 1 */
    MerkleProof proof;
} ParcelPart;

/* What stands before a part's bytes: text, with a newline at the end. Caller frees. */
char *parcel_part_format(const ParcelPart *part);

/* Reads it from the beginning of a file, of which @bytes are the first PARCEL_PART_HEAD_MAX or all;
 * *ret_head is how long it is. That the parcel is the one of that key, parts and root is checked.
 * CONCERT_ERROR_INPUT or _NEWER. */
gboolean parcel_part_parse(const void *bytes, gsize length, ParcelPart *ret_part, gsize *ret_head,
                           GError **error);

/* Whether a file begins like a part; like a later version's too. */
gboolean parcel_part_is_one(const void *bytes, gsize length);

/* The parcel's id in hex, and back. */
void parcel_part_id(const MerkleHash *parcel, char ret_id[PARCEL_PART_ID_SIZE + 1]);

/* The hash of a part's bytes, as they come. */
typedef struct {
    crypto_hash_sha256_state state;
} ParcelPartHash;

void parcel_part_hash_begin(ParcelPartHash *hash);
void parcel_part_hash_add(ParcelPartHash *hash, const void *bytes, gsize length);
void parcel_part_hash_end(ParcelPartHash *hash, MerkleHash *ret_leaf);

/* Whether bytes of that hash are the part. CONCERT_ERROR_INPUT if not. */
gboolean parcel_part_verify(const ParcelPart *part, const MerkleHash *leaf, GError **error);

/* The parts of a parcel whose bytes have these hashes: fills all of each but length, which is the
 * caller's. */
gboolean parcel_part_number(const MerkleHash *leaves, guint count, const char *key,
                            ParcelPart *ret_parts, GError **error);

/* A file as text, to be sent by mail: lines of base64 between "-----BEGIN CONCERT PARCEL-----" and
 * "-----END CONCERT PARCEL-----". */
char *parcel_part_armor(const void *bytes, gsize length);

/* Takes the first such block out of a text, whatever stands around it. NULL and no error if there
 * is none; CONCERT_ERROR_INPUT if it is not whole. */
GBytes *parcel_part_dearmor(const char *text, gsize length, GError **error);
