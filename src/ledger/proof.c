#include "ledger/proof.h"

#include "base/error.h"
#include "ledger/line.h"

#define HEADER "c2sp.org/tlog-proof@v1"

void proof_free(Proof *proof)
{
    if (!proof)
        return;
    g_clear_pointer(&proof->extra, g_bytes_unref);
    note_free(proof->note);
    checkpoint_clear(&proof->checkpoint);
    g_free(proof);
}

static gboolean is_too_large(gsize length, gsize max, GError **error)
{
    if (length <= max)
        return FALSE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the proof is too large");
    return TRUE;
}

Proof *proof_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(Proof) proof = g_new0(Proof, 1);
    LineReader reader = {text, length};
    const char *line;
    gsize n;
    if (is_too_large(length, PROOF_BYTES_MAX, error))
        return NULL;
    if (!line_next(&reader, &line, &n) || !line_skip(&line, &n, HEADER) || n != 0)
        return error_input_null(error, "not a proof: its first line is not \"" HEADER "\"");
    if (!line_next(&reader, &line, &n))
        return error_input_null(error, "the proof lacks an index");
    if (line_skip(&line, &n, "extra ")) {
        proof->extra = line_base64(line, n);
        if (!proof->extra || g_bytes_get_size(proof->extra) == 0)
            return error_input_null(error, "the proof's extra data is not base64");
        if (is_too_large(g_bytes_get_size(proof->extra), PROOF_EXTRA_MAX, error))
            return NULL;
        if (!line_next(&reader, &line, &n))
            return error_input_null(error, "the proof lacks an index");
    }
    if (!line_skip(&line, &n, "index ") || !line_number(line, n, MERKLE_SIZE_MAX, &proof->index))
        return error_input_null(error, "the proof lacks an index");
    if (!line_read_proof(&reader, MERKLE_PROOF_MAX, &proof->path))
        return error_input_null(error, "a proof's hashes, one a line, end in an empty line");
    proof->note = note_parse(reader.rest, reader.length, error);
    if (!proof->note ||
        !checkpoint_parse(proof->note->bytes, proof->note->text_length, &proof->checkpoint, error))
        return NULL;
    return g_steal_pointer(&proof);
}

char *proof_format(guint64 index, const MerkleProof *path, const Note *checkpoint, GBytes *extra,
                   GError **error)
{
    g_autoptr(GString) text = g_string_new(HEADER "\n");
    if (extra) {
        gsize length;
        const void *bytes = g_bytes_get_data(extra, &length);
        g_string_append(text, "extra ");
        line_append_base64(text, bytes, length);
        g_string_append_c(text, '\n');
    }
    g_string_append_printf(text, "index %" G_GUINT64_FORMAT "\n", index);
    line_append_proof(text, path);
    g_string_append_c(text, '\n');
    g_string_append_len(text, checkpoint->bytes, (gssize)checkpoint->length);
    g_autoptr(Proof) proof = proof_parse(text->str, text->len, error);
    return proof ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

gboolean proof_verify(const Proof *proof, const MerkleHash *leaf, const Quorum *quorum,
                      GError **error)
{
    return quorum_verify(quorum, proof->note, NULL, error) &&
           merkle_verify_inclusion(proof->index, proof->checkpoint.size, leaf, &proof->path,
                                   &proof->checkpoint.root, error);
}
