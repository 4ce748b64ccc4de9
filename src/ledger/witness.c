#include "ledger/witness.h"

#include <string.h>

#include "base/error.h"
#include "ledger/cosignature.h"
#include "ledger/line.h"

static gboolean check_length(gsize length, GError **error)
{
    if (length <= WITNESS_REQUEST_MAX)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "more than a witness and a log have to say to each other");
    return FALSE;
}

void witness_request_free(WitnessRequest *request)
{
    if (!request)
        return;
    note_free(request->note);
    checkpoint_clear(&request->checkpoint);
    g_free(request);
}

WitnessRequest *witness_request_parse(const char *body, gsize length, GError **error)
{
    g_autoptr(WitnessRequest) request = g_new0(WitnessRequest, 1);
    LineReader reader = {body, length};
    const char *line;
    gsize line_length;
    if (!check_length(length, error))
        return NULL;
    if (!line_next(&reader, &line, &line_length) || !line_skip(&line, &line_length, "old ") ||
        !line_number(line, line_length, MERKLE_SIZE_MAX, &request->old_size)) {
        error_input(error, "the first line is not \"old\" and a size");
        return NULL;
    }
    if (!line_read_proof(&reader, WITNESS_PROOF_MAX, &request->proof)) {
        error_input(error,
                    "at most 63 hashes, one a line, and an empty line come before a checkpoint");
        return NULL;
    }
    request->note = note_parse(reader.rest, reader.length, error);
    if (!request->note || !checkpoint_parse(request->note->bytes, request->note->text_length,
                                            &request->checkpoint, error))
        return NULL;
    return g_steal_pointer(&request);
}

char *witness_request_format(guint64 old_size, const MerkleProof *proof, const Note *checkpoint,
                             GError **error)
{
    g_autoptr(GString) body = g_string_new(NULL);
    g_string_append_printf(body, "old %" G_GUINT64_FORMAT "\n", old_size);
    line_append_proof(body, proof);
    g_string_append_c(body, '\n');
    g_string_append_len(body, checkpoint->bytes, (gssize)checkpoint->length);
    g_autoptr(WitnessRequest) request = witness_request_parse(body->str, body->len, error);
    return request ? g_string_free(g_steal_pointer(&body), FALSE) : NULL;
}

void witness_answer_clear(WitnessAnswer *answer)
{
    g_clear_pointer(&answer->body, g_free);
}

/* Hands the answer over: a body that is a sentence, with a newline. */
static void answer_text(WitnessAnswer *answer, WitnessStatus status, const char *text)
{
    answer->status = status;
    answer->content_type = WITNESS_TEXT_TYPE;
    answer->body = g_strconcat(text, "\n", NULL);
}

static void answer_size(WitnessAnswer *answer, guint64 size)
{
    answer->status = WITNESS_CONFLICT;
    answer->content_type = WITNESS_SIZE_TYPE;
    answer->body = g_strdup_printf("%" G_GUINT64_FORMAT "\n", size);
}

/* The part of the decision that compares the trees. */
static void compare(const WitnessRequest *request, const WitnessState *state, WitnessAnswer *answer)
{
    const Checkpoint *checkpoint = &request->checkpoint;
    WitnessState last = *state;
    g_autoptr(GError) reason = NULL;
    if (!last.is_known) {
        last.size = 0;
        merkle_empty_root(&last.root);
    }
    answer->is_fork =
        checkpoint->size == last.size && !merkle_hash_equal(&checkpoint->root, &last.root);
    if (request->old_size > checkpoint->size) {
        answer_text(answer, WITNESS_MALFORMED, "the old size is above that of the checkpoint");
    } else if (request->old_size != last.size) {
        answer_size(answer, last.size);
    } else if (answer->is_fork) {
        answer_text(answer, WITNESS_CONFLICT, "another root was cosigned at this size");
    } else if (!merkle_verify_consistency(last.size, &last.root, checkpoint->size,
                                          &checkpoint->root, &request->proof, &reason)) {
        MerkleHash other;
        answer->is_fork = merkle_consistency_root(last.size, checkpoint->size, &checkpoint->root,
                                                  &request->proof, &other);
        answer_text(answer, WITNESS_INCONSISTENT, reason->message);
    } else {
        answer->status = WITNESS_COSIGN;
        answer->content_type = WITNESS_TEXT_TYPE;
        answer->is_new = !state->is_known || checkpoint->size > last.size;
        answer->next = (WitnessState){TRUE, checkpoint->size, checkpoint->root};
    }
}

void witness_decide(const WitnessRequest *request, const WitnessState *state,
                    const NoteVerifier *const *keys, guint n_keys, WitnessAnswer *ret_answer)
{
    g_autoptr(GError) reason = NULL;
    *ret_answer = (WitnessAnswer){.next = *state};
    if (n_keys == 0)
        answer_text(ret_answer, WITNESS_UNKNOWN_LOG, "the log is not known here");
    else if (!note_verify(request->note, keys, n_keys, NULL, &reason))
        answer_text(ret_answer, WITNESS_FORBIDDEN, reason->message);
    else
        compare(request, state, ret_answer);
}

void witness_malformed(const GError *reason, WitnessAnswer *ret_answer)
{
    *ret_answer = (WitnessAnswer){0};
    answer_text(ret_answer, WITNESS_MALFORMED, reason->message);
}

gboolean witness_cosign(WitnessAnswer *answer, const WitnessRequest *request,
                        const NoteSigner *signer, guint64 time_s, GError **error)
{
    g_return_val_if_fail(answer->status == WITNESS_COSIGN, FALSE);
    g_autofree char *line = cosignature_line(request->note, signer, time_s, error);
    if (!line)
        return FALSE;
    g_autofree char *before = g_steal_pointer(&answer->body);
    answer->body = g_strconcat(before ? before : "", line, NULL);
    return TRUE;
}

gboolean witness_read_size(const char *body, gsize length, guint64 *ret_size)
{
    return length > 0 && body[length - 1] == '\n' &&
           line_number(body, length - 1, MERKLE_SIZE_MAX, ret_size);
}

char *witness_read_cosignatures(const char *body, gsize length, const Note *checkpoint,
                                const NoteVerifier *const *witnesses, guint n_witnesses,
                                GError **error)
{
    if (!check_length(length, error))
        return NULL;
    g_autoptr(GString) text =
        g_string_new_len(checkpoint->bytes, (gssize)checkpoint->text_length + 1);
    g_string_append_len(text, body, (gssize)length);
    g_autoptr(Note) note = note_parse(text->str, text->len, error);
    if (!note)
        return NULL;
    if (note->text_length != checkpoint->text_length) {
        error_input(error, "the answer is more than signature lines");
        return NULL;
    }
    g_autofree gboolean *has_signed = g_new0(gboolean, MAX(n_witnesses, 1));
    if (!note_verify(note, witnesses, n_witnesses, has_signed, error))
        return NULL;
    g_string_truncate(text, 0);
    for (guint i = 0; i < note->n_signatures; i++) {
        const NoteSignature *signature = &note->signatures[i];
        for (guint j = 0; j < n_witnesses; j++)
            if (has_signed[j] && witnesses[j]->algorithm == NOTE_COSIGNATURE &&
                note_signature_is_of(signature, witnesses[j]))
                g_string_append_len(text, signature->line, (gssize)signature->line_length + 1);
    }
    if (text->len == 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "the answer has no cosignature");
        return NULL;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
