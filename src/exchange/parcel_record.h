/* parcel_record.h - what a parcel carries (docs/protocol.md, "Parcels"): answers, each with a
 * manifest that says who sends it to whom, and a bridge to whatever tree the recipient knows.
 *
 * Who writes a parcel does not know how far the recipient has come meanwhile, by another parcel or
 * by the wire. The bridge is what a consistency proof from any size can be made of: the right edge
 * of the tree of some size that the recipient surely had, and the leaf hashes from there on. */
#pragma once

#include <glib.h>

#include "exchange/parcel.h"
#include "ledger/merkle.h"
#include "ledger/signed_json.h"

#define PARCEL_RECORD_TYPE         "parcel"
#define PARCEL_RECORD_ANSWER       "answer"
#define PARCEL_RECORD_MANIFEST_MAX (1024 * 1024)
#define PARCEL_RECORD_BRIDGE_MAX   16384                        /* leaf hashes */
#define PARCEL_RECORD_BYTES_MAX    ((guint64)256 * 1024 * 1024) /* of a content */

typedef struct {
    char *origin, *to; /* ledgers */
    gint64 time_us;
    char *kind;                 /* of the content: PARCEL_RECORD_ANSWER, or one that is not known */
    guint64 from, end, size;    /* as in the answer's head */
    guint64 bridge;             /* bytes of the bridge; 0: none */
    guint64 length;             /* bytes of the content */
    guint8 digest[SHA256_SIZE]; /* of bridge and content */
    char *card;                 /* the sender's newest card, signed JSON; NULL: none */
    gboolean is_last;           /* no other record follows */
    SignedJson *json;           /* as it came; NULL where parcel_record_make() takes one */
} ParcelManifest;

/* Writes and signs a manifest by the sender's message key. CONCERT_ERROR_INPUT or _LIMIT if
 * parcel_record_parse() would refuse it. */
char *parcel_record_make(const ParcelManifest *manifest, const NoteSigner *signer, GError **error);

/* Reads one; nothing is verified. CONCERT_ERROR_INPUT, _LIMIT or _NEWER. */
ParcelManifest *parcel_record_parse(const char *text, gsize length, GError **error);
void parcel_record_manifest_free(ParcelManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParcelManifest, parcel_record_manifest_free)

/* A record as it stands in a parcel. */
gboolean parcel_record_write(ParcelSeal *seal, const char *manifest, GBytes *bridge,
                             GBytes *content, GError **error);

typedef struct {
    ParcelManifest *manifest;
    GBytes *bridge; /* NULL: none */
    GBytes *content;
} ParcelRecord;

void parcel_record_free(ParcelRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParcelRecord, parcel_record_free)

/* Reads the next record; *ret_record NULL at the end of the parcel. Length and digest are as the
 * manifest says; who signed that is not verified. Errors as of parcel_open_read() and
 * parcel_record_parse(), CONCERT_ERROR_INPUT also if records are missing at the end. @is_expected:
 * the record before was not the last, or there was none. */
gboolean parcel_record_read(ParcelOpen *open, gboolean is_expected, ParcelRecord **ret_record,
                            GError **error);

/* A bridge from the tree that @frontier is the edge of: the leaves that follow it, at most
 * PARCEL_RECORD_BRIDGE_MAX. */
GBytes *parcel_record_bridge(const MerkleFrontier *frontier, const MerkleHash *leaves,
                             guint64 count);

/* The consistency proof from the tree of @known entries to that of @size, by a bridge. FALSE
 * (CONCERT_ERROR_INPUT) if it does not reach from the one to the other or is none. Whether it holds
 * is for merkle_verify_consistency() to tell. */
gboolean parcel_record_cross(GBytes *bridge, guint64 known, guint64 size, MerkleProof *ret_proof,
                             GError **error);
