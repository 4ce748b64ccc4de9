/* evidence_bundle.h - the file that carries an evidence out of the nodes (docs/protocol.md,
 * "Evidence bundles"): frames, each with its kind and length, so that it is written and read in one
 * go and may be of any size. The last frame is signed and lists the hashes of all others.
 *
 * Nothing in it is a path: files are known by their hashes. Pure: the caller moves the bytes. */
#pragma once

#include <glib.h>

#include "base/stream.h"
#include "ledger/signed_json.h"

#define EVIDENCE_BUNDLE_MAGIC      "concert/evidence/v1\n"
#define EVIDENCE_BUNDLE_TYPE       "evidence-bundle" /* of the signed JSON at its end */
#define EVIDENCE_BUNDLE_FRAMES_MAX 8192
#define EVIDENCE_BUNDLE_FILES_MAX  1024
#define EVIDENCE_BUNDLE_SMALL_MAX  (8 * 1024 * 1024) /* bytes of a frame that is no file */
#define EVIDENCE_BUNDLE_KEPT_MAX   (64 * 1024) /* bytes of a file that are kept when reading */
#define EVIDENCE_BUNDLE_HEADER     9           /* bytes before each frame: kind, length */

/* The kinds of frames, in the order in which they come. */
typedef enum {
    EVIDENCE_BUNDLE_HEAD = 'H',        /* once, first: JSON */
    EVIDENCE_BUNDLE_PARTY = 'K',       /* a node's card and keys: JSON */
    EVIDENCE_BUNDLE_EVENT = 'E',       /* signed JSON, as it came */
    EVIDENCE_BUNDLE_PROOF = 'P',       /* that an event stands in a ledger: a disclosure */
    EVIDENCE_BUNDLE_CERTIFICATE = 'C', /* at most once: text, to be printed */
    EVIDENCE_BUNDLE_FILE = 'F',        /* SHA-256, and the bytes of a file */
    EVIDENCE_BUNDLE_END = 'Z',         /* once, last: signed JSON */
} EvidenceBundleKind;

/* --- writing -----------------------------------------------------------------------------------
 */

typedef gboolean (*EvidenceBundlePut)(const void *bytes, gsize length, gpointer user,
                                      GError **error);

typedef struct EvidenceBundleWriter EvidenceBundleWriter;

EvidenceBundleWriter *evidence_bundle_writer_new(EvidenceBundlePut put, gpointer user);
void evidence_bundle_writer_free(EvidenceBundleWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvidenceBundleWriter, evidence_bundle_writer_free)

/* A frame in one piece. */
gboolean evidence_bundle_write(EvidenceBundleWriter *writer, EvidenceBundleKind kind,
                               const void *bytes, gsize length, GError **error);

/* A frame of @length bytes that follow in pieces. */
gboolean evidence_bundle_begin(EvidenceBundleWriter *writer, EvidenceBundleKind kind,
                               guint64 length, GError **error);
gboolean evidence_bundle_add(EvidenceBundleWriter *writer, const void *bytes, gsize length,
                             GError **error);

/* The body of the signed JSON at the end, which lists all frames so far: @origin is the maker's
 * ledger's, @time_us when. Caller frees. */
char *evidence_bundle_body(const EvidenceBundleWriter *writer, const char *dossier,
                           const char *origin, gint64 time_us);

/* The last frame: that body, signed by the maker's message key. */
gboolean evidence_bundle_end(EvidenceBundleWriter *writer, const char *text, GError **error);

/* --- reading -----------------------------------------------------------------------------------
 */

/* A frame. */
typedef struct {
    EvidenceBundleKind kind;
    guint64 offset; /* of its header in the bundle */
    guint64 length;
    GBytes *bytes;             /* of a file only if it is small: else they were only hashed */
    guint8 file[SHA256_SIZE];  /* of a file: what it is said to be, and */
    guint8 found[SHA256_SIZE]; /* what it is */
    guint8 hash[SHA256_SIZE];  /* of header and bytes */
} EvidenceBundleFrame;

void evidence_bundle_frame_clear(EvidenceBundleFrame *frame);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EvidenceBundleFrame, evidence_bundle_frame_clear)

typedef struct EvidenceBundleReader EvidenceBundleReader;

/* Reads the beginning of @stream, which outlives the reader. CONCERT_ERROR_INPUT if it is no
 * bundle, _NEWER if it is of a later version. */
EvidenceBundleReader *evidence_bundle_reader_new(Stream *stream, GError **error);
void evidence_bundle_reader_free(EvidenceBundleReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvidenceBundleReader, evidence_bundle_reader_free)

/* Reads the next frame; *ret_end after the last one, and nothing follows it. CONCERT_ERROR_INPUT or
 * _LIMIT says at which byte something is wrong: then nothing after it can be read. */
gboolean evidence_bundle_read(EvidenceBundleReader *reader, EvidenceBundleFrame *ret_frame,
                              gboolean *ret_end, GError **error);
