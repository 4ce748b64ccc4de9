/* line.h - the lines of the ledger's texts, and the numbers, hashes and base64 in them, each of
 * which has one spelling only. */
#pragma once

#include <glib.h>

#include "ledger/merkle.h"

/* What is still to be read, line by line. */
typedef struct {
    const char *rest;
    gsize length;
} LineReader;

/* Takes the next line off, without its newline. FALSE if none is left that ends in a newline. */
gboolean line_next(LineReader *reader, const char **ret_line, gsize *ret_length);

/* Takes @prefix off the front of a line. FALSE, and nothing changed, if it does not begin so. */
gboolean line_skip(const char **line, gsize *length, const char *prefix);

/* ASCII decimal, no sign, no leading zero, at most @max. */
gboolean line_number(const char *text, gsize length, guint64 max, guint64 *ret_number);

/* Standard base64 with padding (RFC 4648 section 4), unused bits zero; NULL if it is not that. */
GBytes *line_base64(const char *text, gsize length);
gboolean line_hash(const char *text, gsize length, MerkleHash *ret_hash);

void line_append_base64(GString *text, const void *bytes, gsize length);

/* Appends the hashes of a proof, one a line. */
void line_append_proof(GString *text, const MerkleProof *proof);

/* Reads the hashes of a proof, one a line, up to an empty line, which is taken too. FALSE if a line
 * is no hash, there are more than @max, or the empty line is missing. */
gboolean line_read_proof(LineReader *reader, guint max, MerkleProof *ret_proof);
