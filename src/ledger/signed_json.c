#include "ledger/signed_json.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "ledger/line.h"
#include "ledger/opening.h"

#define TEXT_PREFIX    "concert/v1 "
#define VERSION_PREFIX "/v"
#define VERSION        1

/* "TYPE/vN" apart; NULL with @error set unless it is @wanted's (if that is not NULL) and of the
 * version that is known here. */
static char *read_type(yyjson_val *form, const char *wanted, GError **error)
{
    const char *text = yyjson_is_str(form) ? yyjson_get_str(form) : "";
    gsize length = yyjson_is_str(form) ? yyjson_get_len(form) : 0;
    const char *version = g_strrstr_len(text, (gssize)length, VERSION_PREFIX);
    const char *digits = version ? version + strlen(VERSION_PREFIX) : NULL;
    guint64 number;
    if (!version || !opening_kind_is_valid(text, (gsize)(version - text)) ||
        !line_number(digits, (gsize)(text + length - digits), G_MAXUINT32, &number) || number == 0)
        return error_input_null(error,
                                "not signed JSON: \"concert\" is not a type and its version");
    g_autofree char *type = g_strndup(text, (gsize)(version - text));
    if (wanted && strcmp(type, wanted) != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"concert\" is \"%s\", \"%s/v1\" is expected", text, wanted);
        return NULL;
    }
    if (number != VERSION) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER, "\"%s\" is of a later version",
                    text);
        return NULL;
    }
    return g_steal_pointer(&type);
}

/* The text that is signed. */
static GString *build_text(const char *type, yyjson_val *body, GError **error)
{
    g_autoptr(GString) text = g_string_new(TEXT_PREFIX);
    g_string_append_printf(text, "%s\n", type);
    if (!yyjson_is_obj(body))
        return error_input_null(error, "\"body\" is not an object");
    if (!canonjson_append(text, body, error)) {
        g_prefix_error(error, "body: ");
        return NULL;
    }
    g_string_append_c(text, '\n');
    return g_steal_pointer(&text);
}

/* Appends the signature lines to @text, which makes a note of it; what a line is the note tells. */
static gboolean append_signatures(GString *text, yyjson_val *lines, GError **error)
{
    size_t at, size;
    yyjson_val *line;
    if (!yyjson_is_arr(lines) || yyjson_arr_size(lines) == 0)
        return error_input_null(error, "\"signatures\" is not a list of signatures") != NULL;
    if (yyjson_arr_size(lines) > NOTE_SIGNATURES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d signatures",
                    NOTE_SIGNATURES_MAX);
        return FALSE;
    }
    g_string_append_c(text, '\n');
    yyjson_arr_foreach (lines, at, size, line) {
        const char *signature = yyjson_get_str(line);
        gsize length = yyjson_get_len(line);
        if (!signature || length == 0 || memchr(signature, '\n', length))
            return error_input_null(error, "a signature is not one line of text") != NULL;
        g_string_append_len(text, signature, (gssize)length);
        g_string_append_c(text, '\n');
    }
    return TRUE;
}

/* Out of the whole note, which begins as build_text() has it. */
static SignedJson *assemble(const char *type, const GString *text, GError **error)
{
    g_autoptr(SignedJson) json = g_new0(SignedJson, 1);
    gsize begin = strlen(TEXT_PREFIX) + strlen(type) + 1;
    if (!(json->note = note_parse(text->str, text->len, error)))
        return NULL;
    json->type = g_strdup(type);
    json->text = json->note->bytes + begin;
    json->text_length = json->note->text_length - begin - 1;
    if (!(json->doc = jsonguard_read(json->text, json->text_length, error)))
        return NULL;
    json->body = yyjson_doc_get_root(json->doc);
    return g_steal_pointer(&json);
}

SignedJson *signed_json_read(yyjson_val *value, const char *type, GError **error)
{
    g_autofree char *own_type = read_type(yyjson_obj_get(value, "concert"), type, error);
    if (!own_type)
        return NULL;
    g_autoptr(GString) text = build_text(own_type, yyjson_obj_get(value, "body"), error);
    return text && append_signatures(text, yyjson_obj_get(value, "signatures"), error)
               ? assemble(own_type, text, error)
               : NULL;
}

SignedJson *signed_json_parse(const char *text, gsize length, gsize max, const char *type,
                              GError **error)
{
    if (length > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the signed JSON has more than %" G_GSIZE_FORMAT " bytes", max);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    return doc ? signed_json_read(yyjson_doc_get_root(doc), type, error) : NULL;
}

void signed_json_free(SignedJson *json)
{
    if (!json)
        return;
    g_free(json->type);
    yyjson_doc_free(json->doc);
    note_free(json->note);
    g_free(json);
}

void signed_json_append(GString *text, const SignedJson *json)
{
    g_string_append(text, "{\"body\":");
    g_string_append_len(text, json->text, (gssize)json->text_length);
    g_string_append_printf(text, ",\"concert\":\"%s/v%d\",\"signatures\":[", json->type, VERSION);
    for (guint i = 0; i < json->note->n_signatures; i++) {
        const NoteSignature *signature = &json->note->signatures[i];
        if (i > 0)
            g_string_append_c(text, ',');
        canonjson_append_string(text, signature->line, signature->line_length);
    }
    g_string_append(text, "]}");
}

char *signed_json_format(const SignedJson *json)
{
    GString *text = g_string_new(NULL);
    signed_json_append(text, json);
    return g_string_free(text, FALSE);
}

/* Signs @text and appends the lines: a note, as text. */
static gboolean sign(GString *text, const NoteSigner *const *signers, guint n_signers,
                     GError **error)
{
    g_autoptr(GString) lines = g_string_new("\n");
    if (n_signers == 0)
        return error_input_null(error, "nobody signs it") != NULL;
    for (guint i = 0; i < n_signers; i++) {
        if (note_signer_verifier(signers[i])->algorithm != NOTE_ED25519)
            return error_input_null(error, "only an Ed25519 key signs JSON") != NULL;
        g_autofree char *line = note_signature_line(signers[i], text->str, 0, error);
        if (!line)
            return FALSE;
        g_string_append(lines, line);
    }
    g_string_append_len(text, lines->str, (gssize)lines->len);
    return TRUE;
}

char *signed_json_make(const char *type, yyjson_val *body, const NoteSigner *const *signers,
                       guint n_signers, GError **error)
{
    if (!opening_kind_is_valid(type, strlen(type)))
        return error_input_null(error, "a type is lower-case words, joined by dots or hyphens");
    if (!jsonguard_check(body, error))
        return NULL;
    g_autoptr(GString) text = build_text(type, body, error);
    if (!text || !sign(text, signers, n_signers, error))
        return NULL;
    g_autoptr(SignedJson) json = assemble(type, text, error);
    if (!json)
        return NULL;
    g_autofree char *whole = signed_json_format(json);
    /* The body is one level deeper in the whole, which must be readable. */
    g_autoptr(yyjson_doc) doc = jsonguard_read(whole, strlen(whole), error);
    return doc ? g_steal_pointer(&whole) : NULL;
}

char *signed_json_make_text(const char *type, const char *body, gsize length,
                            const NoteSigner *const *signers, guint n_signers, GError **error)
{
    g_autoptr(yyjson_doc) doc = jsonguard_read(body, length, error);
    return doc ? signed_json_make(type, yyjson_doc_get_root(doc), signers, n_signers, error) : NULL;
}

gboolean signed_json_verify(const SignedJson *json, const NoteVerifier *key, GError **error)
{
    if (key->algorithm != NOTE_ED25519) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "only an Ed25519 key signs JSON");
        return FALSE;
    }
    return note_verify(json->note, &key, 1, NULL, error);
}

void signed_json_hash(const SignedJson *json, guint8 ret_hash[SHA256_SIZE])
{
    sha256_digest(json->note->bytes, json->note->text_length, ret_hash);
}
