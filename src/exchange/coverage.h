/* coverage.h - coverage statements (docs/protocol.md, "Answers"): the author's signed word that of
 * the entries of a range exactly these are for a peer. A statement that leaves out an entry which
 * is for that peer convicts whoever signed it. */
#pragma once

#include <glib.h>

#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/opening.h"
#include "ledger/signed_json.h"

#define COVERAGE_TYPE        "coverage"
#define COVERAGE_INDICES_MAX 4096
#define COVERAGE_BYTES_MAX   (1024 * 1024)

typedef struct {
    char *origin; /* of the ledger */
    char *to;     /* of the peer's ledger */
    guint64 from, end, size;
    MerkleHash root;  /* of the tree of size entries */
    guint64 *indices; /* ascending, from <= each < end */
    guint n_indices;
    gint64 time_us;   /* by the author's clock */
    SignedJson *json; /* as it came; NULL where coverage_make() takes one */
} Coverage;

/* Writes and signs a statement by the author's message key: the text of signed JSON, on one line.
 * CONCERT_ERROR_INPUT or _LIMIT if coverage_parse() would refuse it. */
char *coverage_make(const Coverage *coverage, const NoteSigner *signer, GError **error);

/* Reads a statement; nothing is verified. CONCERT_ERROR_INPUT, _LIMIT or _NEWER. */
Coverage *coverage_parse(const char *text, gsize length, GError **error);
void coverage_free(Coverage *coverage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coverage, coverage_free)

/* Whether one of @keys signed it: the place of that key in *ret_key (may be NULL).
 * CONCERT_ERROR_DENIED if none did. */
gboolean coverage_verify(const Coverage *coverage, const NoteVerifier *const *keys, guint n_keys,
                         guint *ret_key, GError **error);

/* Whether the statement claims entry @index for the peer. */
gboolean coverage_claims(const Coverage *coverage, guint64 index);

/* Whether @opening, which was verified to stand at @index of the same ledger, convicts the author:
 * it is for the peer, the statement covers it and leaves it out. Public ones count. */
gboolean coverage_omits(const Coverage *coverage, guint64 index, const Opening *opening);
