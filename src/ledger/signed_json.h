/* signed_json.h - JSON that a node signs (docs/protocol.md, "Signed JSON"): a type, a body, and the
 * signature lines of a signed note (note.h) whose text is the type and the body in RFC 8785 form.
 *
 * What is signed is a value, not the bytes that carry it: order of members and white space are free
 * on the way. The body that callers see is read from the signed text, so that a number which RFC
 * 8785 rounds is the same for whoever verified it and whoever uses it. Signatures of unknown keys
 * and algorithms are kept and written again. The fields are for reading. */
#pragma once

#include <glib.h>
#include <yyjson.h>

#include "base/sha256.h"
#include "ledger/note.h"

typedef struct {
    char *type;       /* "card", "coverage", ...: formed as the kinds of entries (opening.h) */
    yyjson_val *body; /* an object, of doc */
    const char *text; /* the body in RFC 8785 form, within note; not terminated */
    gsize text_length;
    Note *note; /* what is signed, and all signatures */
    yyjson_doc *doc;
} SignedJson;

/* Signs @body, an object, as a @type with each of @signers (at least one, all NOTE_ED25519). The
 * whole in RFC 8785 form, on one line without newline; caller frees. CONCERT_ERROR_INPUT if type,
 * body or a signer is none for it or the body has a key twice, CONCERT_ERROR_LIMIT if it nests too
 * deep or is, as a signed note, larger than NOTE_BYTES_MAX. */
char *signed_json_make(const char *type, yyjson_val *body, const NoteSigner *const *signers,
                       guint n_signers, GError **error);

/* The same of a body that is the text of a JSON object, as a caller has put it together. */
char *signed_json_make_text(const char *type, const char *body, gsize length,
                            const NoteSigner *const *signers, guint n_signers, GError **error);

/* Reads the text of at most @max bytes; of the type @type, or any if that is NULL.
 * CONCERT_ERROR_INPUT if it is none, or of another type; CONCERT_ERROR_LIMIT beyond @max and the
 * bounds above; CONCERT_ERROR_NEWER if it is of a later version of that type. Members beside those
 * known are passed over: nobody signed them. Nothing is verified. */
SignedJson *signed_json_parse(const char *text, gsize length, gsize max, const char *type,
                              GError **error);

/* The same from a value of a document that jsonguard_check() accepted. Nothing of it is kept. */
SignedJson *signed_json_read(yyjson_val *value, const char *type, GError **error);

void signed_json_free(SignedJson *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignedJson, signed_json_free)

/* What signed_json_make() would have written, with all signatures as they came. Caller frees. */
char *signed_json_format(const SignedJson *json);
void signed_json_append(GString *text, const SignedJson *json);

/* Whether @key signed it. CONCERT_ERROR_DENIED if it did not, if its signature is wrong, or if it
 * is no NOTE_ED25519 key. */
gboolean signed_json_verify(const SignedJson *json, const NoteVerifier *key, GError **error);

/* What the statement is known by: SHA-256 of the signed text, whoever signed it. */
void signed_json_hash(const SignedJson *json, guint8 ret_hash[SHA256_SIZE]);
