#include "identity/httpsig.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "ledger/line.h"

#define FIELD_MAX        2048 /* bytes of a field, or of a target URI */
#define METHOD_MAX       32
#define NONCE_LENGTH     22           /* base64url of 16 bytes, without padding */
#define TIME_MAX         253402300799 /* the last second of the year 9999 */
#define ALGORITHM        "ed25519"    /* of the HTTP Signature Algorithms registry */
#define DIGEST_MEMBER    "sha-256=:"
#define INPUT_MEMBER     HTTPSIG_LABEL "="
#define SIGNATURE_MEMBER HTTPSIG_LABEL "=:"

/* The components that a signature may cover. The first three it has to, and ours covers just them,
 * in this order. */
enum { METHOD, TARGET_URI, CONTENT_DIGEST, CONTENT_TYPE, CONTENT_LENGTH, N_COMPONENTS };

static const struct {
    const char *name;
    gboolean required;
} components[] = {
    [METHOD] = {"@method", TRUE},
    [TARGET_URI] = {"@target-uri", TRUE},
    [CONTENT_DIGEST] = {"content-digest", TRUE},
    [CONTENT_TYPE] = {"content-type", FALSE},
    [CONTENT_LENGTH] = {"content-length", FALSE},
};

G_STATIC_ASSERT(N_COMPONENTS == HTTPSIG_COMPONENTS_MAX);

/* --- What both sides do ---------------------------------------------------------------------- */

/* Visible ASCII, and blanks if @blanks says so, but not at the ends. */
static gboolean is_plain(const char *text, gsize max, gboolean blanks)
{
    gsize length = strnlen(text, max + 1);
    if (length == 0 || length > max || text[0] == ' ' || text[length - 1] == ' ')
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isgraph(text[i]) && !(blanks && text[i] == ' '))
            return FALSE;
    return TRUE;
}

static gboolean check_request(const HttpsigRequest *request, GError **error)
{
    gsize letters = strspn(request->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (letters == 0 || letters > METHOD_MAX || request->method[letters] != '\0')
        return error_set(error, CONCERT_ERROR_INPUT,
                         "the method of a signed request is of capitals");
    const char *uri = request->target_uri;
    if ((!g_str_has_prefix(uri, "https://") && !g_str_has_prefix(uri, "http://")) ||
        !is_plain(uri, FIELD_MAX, FALSE) || strchr(uri, '#'))
        return error_set(
            error, CONCERT_ERROR_INPUT,
            "the target of a signed request is an absolute URI of http or https in ASCII, "
            "without a fragment, of at most %d bytes",
            FIELD_MAX);
    return TRUE;
}

char *httpsig_base(const HttpsigComponent *covered, guint n_components, const char *params)
{
    GString *base = g_string_sized_new(512);
    for (guint i = 0; i < n_components; i++)
        g_string_append_printf(base, "\"%s\": %s\n", covered[i].name, covered[i].value);
    g_string_append_printf(base, "\"@signature-params\": %s", params);
    return g_string_free(base, FALSE);
}

static char *format_digest(const guint8 digest[SHA256_SIZE])
{
    g_autofree char *base64 = g_base64_encode(digest, SHA256_SIZE);
    return g_strconcat(DIGEST_MEMBER, base64, ":", NULL);
}

char *httpsig_digest(const void *body, gsize length)
{
    guint8 digest[SHA256_SIZE];
    sha256_digest(length > 0 ? body : "", length, digest);
    return format_digest(digest);
}

/* --- Signing --------------------------------------------------------------------------------- */

static char *format_nonce(const guint8 nonce[HTTPSIG_NONCE_SIZE])
{
    char *text = g_base64_encode(nonce, HTTPSIG_NONCE_SIZE);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[NONCE_LENGTH] = '\0';
    return text;
}

static char *format_params(const NoteVerifier *key, gint64 created_s, const guint8 *nonce)
{
    guint8 random[HTTPSIG_NONCE_SIZE];
    if (!nonce)
        randombytes_buf(random, sizeof random);
    g_autofree char *nonce_text = format_nonce(nonce ? nonce : random);
    GString *params = g_string_new("(");
    for (guint i = 0; i < N_COMPONENTS; i++)
        if (components[i].required)
            g_string_append_printf(params, "%s\"%s\"", i > 0 ? " " : "", components[i].name);
    g_string_append_printf(params,
                           ");created=%" G_GINT64_FORMAT
                           ";nonce=\"%s\";keyid=\"%s+%08x\";tag=\"" HTTPSIG_TAG "\"",
                           created_s, nonce_text, key->name, key->id);
    return g_string_free(params, FALSE);
}

gboolean httpsig_sign(const HttpsigRequest *request, const NoteSigner *signer, gint64 now_us,
                      const guint8 *nonce, HttpsigHeaders *ret_headers, GError **error)
{
    const NoteVerifier *key = note_signer_verifier(signer);
    gint64 created_s = now_us / G_USEC_PER_SEC;
    guint8 signature[NOTE_SIGNATURE_SIZE];
    if (!check_request(request, error))
        return FALSE;
    if (!is_plain(key->name, NOTE_NAME_MAX, FALSE) || strpbrk(key->name, "\"\\"))
        return error_set(
            error, CONCERT_ERROR_INPUT,
            "a key that signs requests has a name in ASCII, without quotes and \"\\\"");
    if (now_us < 0 || created_s > TIME_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "no request can be signed at such a time");
    g_autofree char *params = format_params(key, created_s, nonce);
    g_autofree char *digest = httpsig_digest(request->body, request->length);
    const HttpsigComponent covered[] = {
        {components[METHOD].name, request->method},
        {components[TARGET_URI].name, request->target_uri},
        {components[CONTENT_DIGEST].name, digest},
    };
    g_autofree char *base = httpsig_base(covered, G_N_ELEMENTS(covered), params);
    if (!note_signer_sign(signer, base, strlen(base), signature, error))
        return FALSE;
    g_autofree char *base64 = g_base64_encode(signature, sizeof signature);
    ret_headers->content_digest = g_steal_pointer(&digest);
    ret_headers->signature_input = g_strconcat(INPUT_MEMBER, params, NULL);
    ret_headers->signature = g_strconcat(SIGNATURE_MEMBER, base64, ":", NULL);
    return TRUE;
}

void httpsig_headers_clear(HttpsigHeaders *headers)
{
    g_clear_pointer(&headers->content_digest, g_free);
    g_clear_pointer(&headers->signature_input, g_free);
    g_clear_pointer(&headers->signature, g_free);
}

char **httpsig_headers_lines(const HttpsigHeaders *headers)
{
    char **lines = g_new0(char *, 4);
    lines[0] = g_strconcat(HTTPSIG_CONTENT_DIGEST ": ", headers->content_digest, NULL);
    lines[1] = g_strconcat(HTTPSIG_SIGNATURE_INPUT ": ", headers->signature_input, NULL);
    lines[2] = g_strconcat(HTTPSIG_SIGNATURE ": ", headers->signature, NULL);
    return lines;
}

/* --- Reading --------------------------------------------------------------------------------- */

/* What is left of Signature-Input. */
typedef struct {
    const char *start, *at;
} Cursor;

static gboolean fail_at(const Cursor *cursor, GError **error, const char *what)
{
    return error_set(error, CONCERT_ERROR_INPUT, HTTPSIG_SIGNATURE_INPUT ", byte %d: %s",
                     (int)(cursor->at - cursor->start), what);
}

static gboolean cursor_skip(Cursor *cursor, const char *text)
{
    if (!g_str_has_prefix(cursor->at, text))
        return FALSE;
    cursor->at += strlen(text);
    return TRUE;
}

/* "text" without anything that would have to be escaped. Caller frees; NULL if it is not that. */
static char *cursor_string(Cursor *cursor)
{
    if (*cursor->at != '"')
        return NULL;
    const char *end = cursor->at + 1;
    while (*end == ' ' || (g_ascii_isgraph(*end) && *end != '"' && *end != '\\'))
        end++;
    if (*end != '"')
        return NULL;
    char *text = g_strndup(cursor->at + 1, (gsize)(end - cursor->at - 1));
    cursor->at = end + 1;
    return text;
}

static gboolean cursor_number(Cursor *cursor, guint64 max, guint64 *ret_number)
{
    gsize digits = strspn(cursor->at, "0123456789");
    if (!line_number(cursor->at, digits, max, ret_number))
        return FALSE;
    cursor->at += digits;
    return TRUE;
}

static gboolean read_component(Httpsig *signature, Cursor *cursor, GError **error)
{
    g_autofree char *name = cursor_string(cursor);
    guint found = 0;
    if (!name)
        return fail_at(cursor, error, "the name of a component in quotes is expected");
    while (found < N_COMPONENTS && strcmp(name, components[found].name) != 0)
        found++;
    if (found == N_COMPONENTS)
        return error_set(
            error, CONCERT_ERROR_INPUT,
            HTTPSIG_SIGNATURE_INPUT " covers the component \"%s\", which is not known here", name);
    if (memchr(signature->covered, (int)found, signature->n_covered))
        return error_set(error, CONCERT_ERROR_INPUT, HTTPSIG_SIGNATURE_INPUT " covers \"%s\" twice",
                         name);
    signature->covered[signature->n_covered++] = (guint8)found;
    return TRUE;
}

static gboolean read_components(Httpsig *signature, Cursor *cursor, GError **error)
{
    if (!cursor_skip(cursor, "("))
        return fail_at(cursor, error, "a list of components is expected");
    do
        if (!read_component(signature, cursor, error))
            return FALSE;
    while (cursor_skip(cursor, " "));
    if (!cursor_skip(cursor, ")"))
        return fail_at(cursor, error, "one blank and a component, or \")\" is expected");
    for (guint i = 0; i < N_COMPONENTS; i++)
        if (components[i].required && !memchr(signature->covered, (int)i, signature->n_covered))
            return error_set(error, CONCERT_ERROR_INPUT,
                             HTTPSIG_SIGNATURE_INPUT " does not cover \"%s\"", components[i].name);
    return TRUE;
}

static gboolean take_created(Httpsig *signature, const char *text, guint64 number)
{
    signature->created_us = (gint64)number * G_USEC_PER_SEC;
    return TRUE;
}

static gboolean take_expires(Httpsig *signature, const char *text, guint64 number)
{
    signature->expires_us = (gint64)number * G_USEC_PER_SEC;
    return TRUE;
}

static gboolean take_nonce(Httpsig *signature, const char *text, guint64 number)
{
    if (strlen(text) != NONCE_LENGTH || strpbrk(text, "+/="))
        return FALSE;
    g_autofree char *base64 = g_strconcat(text, "==", NULL);
    g_strdelimit(base64, "-", '+');
    g_strdelimit(base64, "_", '/');
    g_autoptr(GBytes) nonce = line_base64(base64, strlen(base64));
    if (!nonce || g_bytes_get_size(nonce) != HTTPSIG_NONCE_SIZE)
        return FALSE;
    memcpy(signature->nonce, g_bytes_get_data(nonce, NULL), HTTPSIG_NONCE_SIZE);
    return TRUE;
}

static gboolean take_keyid(Httpsig *signature, const char *text, guint64 number)
{
    const char *plus = strchr(text, '+'); /* a name has none */
    if (!plus || strlen(plus + 1) != 8 || strspn(plus + 1, "0123456789abcdef") != 8 ||
        !note_name_is_valid(text, (gsize)(plus - text)))
        return FALSE;
    signature->keyid = g_strdup(text);
    signature->key_name = g_strndup(text, (gsize)(plus - text));
    signature->key_id = (guint32)g_ascii_strtoull(plus + 1, NULL, 16);
    return TRUE;
}

static gboolean take_tag(Httpsig *signature, const char *text, guint64 number)
{
    return strcmp(text, HTTPSIG_TAG) == 0;
}

static gboolean take_algorithm(Httpsig *signature, const char *text, guint64 number)
{
    return strcmp(text, ALGORITHM) == 0;
}

/* RFC 9421 section 2.3. */
static const struct {
    const char *name;
    gboolean is_number, required;
    gboolean (*take)(Httpsig *signature, const char *text, guint64 number);
    const char *expected;
} params[] = {
    {"created", TRUE, TRUE, take_created, "seconds since 1970"},
    {"expires", TRUE, FALSE, take_expires, "seconds since 1970"},
    {"nonce", FALSE, TRUE, take_nonce, "base64url of 16 bytes, without padding"},
    {"keyid", FALSE, TRUE, take_keyid, "the name of a key, \"+\" and its id in 8 hex digits"},
    {"tag", FALSE, TRUE, take_tag, HTTPSIG_TAG},
    {"alg", FALSE, FALSE, take_algorithm, ALGORITHM},
};

static gboolean read_param(Httpsig *signature, Cursor *cursor, guint *seen, GError **error)
{
    gsize length = strspn(cursor->at, "abcdefghijklmnopqrstuvwxyz0123456789_-.*");
    g_autofree char *name = g_strndup(cursor->at, length);
    g_autofree char *text = NULL;
    guint64 number = 0;
    guint i = 0;
    while (i < G_N_ELEMENTS(params) && strcmp(name, params[i].name) != 0)
        i++;
    if (i == G_N_ELEMENTS(params))
        return fail_at(cursor, error, "no parameter that is known here");
    if (*seen & 1u << i)
        return fail_at(cursor, error, "the parameter is there twice");
    *seen |= 1u << i;
    cursor->at += length;
    gboolean good = cursor_skip(cursor, "=");
    if (good && params[i].is_number)
        good = cursor_number(cursor, TIME_MAX, &number);
    else if (good)
        good = (text = cursor_string(cursor)) != NULL;
    if (good && params[i].take(signature, text, number))
        return TRUE;
    return error_set(error, CONCERT_ERROR_INPUT,
                     HTTPSIG_SIGNATURE_INPUT ", parameter %s: expected is %s", params[i].name,
                     params[i].expected);
}

static gboolean read_signature_input(Httpsig *signature, const char *field, GError **error)
{
    Cursor cursor = {field, field};
    guint seen = 0;
    if (strnlen(field, FIELD_MAX + 1) > FIELD_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, HTTPSIG_SIGNATURE_INPUT ": more than %d bytes",
                         FIELD_MAX);
    if (!cursor_skip(&cursor, INPUT_MEMBER))
        return fail_at(&cursor, error, "one signature is expected, labelled " HTTPSIG_LABEL);
    const char *start = cursor.at;
    if (!read_components(signature, &cursor, error))
        return FALSE;
    while (cursor_skip(&cursor, ";"))
        if (!read_param(signature, &cursor, &seen, error))
            return FALSE;
    if (*cursor.at != '\0')
        return fail_at(&cursor, error, "\";\" and a parameter, or the end is expected");
    for (guint i = 0; i < G_N_ELEMENTS(params); i++)
        if (params[i].required && !(seen & 1u << i))
            return error_set(error, CONCERT_ERROR_INPUT,
                             HTTPSIG_SIGNATURE_INPUT ": the parameter %s is missing",
                             params[i].name);
    signature->params = g_strdup(start); /* canonical as it is, so that it is what was signed */
    return TRUE;
}

/* @prefix, base64 of @size bytes, and ":". */
static gboolean read_bytes(const char *field, const char *prefix, gsize size, guint8 *ret_bytes)
{
    gsize skip = strlen(prefix), length = strnlen(field, FIELD_MAX + 1);
    if (length > FIELD_MAX || !g_str_has_prefix(field, prefix) || length < skip + 1 ||
        field[length - 1] != ':')
        return FALSE;
    g_autoptr(GBytes) bytes = line_base64(field + skip, length - skip - 1);
    if (!bytes || g_bytes_get_size(bytes) != size)
        return FALSE;
    memcpy(ret_bytes, g_bytes_get_data(bytes, NULL), size);
    return TRUE;
}

static gboolean is_covered(const Httpsig *signature, guint component)
{
    return memchr(signature->covered, (int)component, signature->n_covered) != NULL;
}

/* A field that a signature may cover besides: kept as it came. */
static gboolean keep_field(const Httpsig *signature, guint component, const char *field,
                           char **ret_value, GError **error)
{
    if (!is_covered(signature, component))
        return TRUE;
    if (!field || !is_plain(field, FIELD_MAX, TRUE))
        return error_set(error, CONCERT_ERROR_INPUT,
                         HTTPSIG_SIGNATURE_INPUT
                         " covers \"%s\", and the request has none that can be "
                         "signed",
                         components[component].name);
    *ret_value = g_strdup(field);
    return TRUE;
}

Httpsig *httpsig_parse(const HttpsigFields *fields, GError **error)
{
    g_autoptr(Httpsig) signature = g_new0(Httpsig, 1);
    signature->expires_us = G_MAXINT64;
    gboolean good = FALSE;
    if (!fields->signature_input && !fields->signature)
        error_set(error, CONCERT_ERROR_DENIED, "the request is not signed");
    else if (!fields->signature_input || !fields->signature || !fields->content_digest)
        error_set(error, CONCERT_ERROR_INPUT, "a signed request has the fields %s, %s and %s",
                  HTTPSIG_CONTENT_DIGEST, HTTPSIG_SIGNATURE_INPUT, HTTPSIG_SIGNATURE);
    else if (!read_bytes(fields->content_digest, DIGEST_MEMBER, sizeof signature->digest,
                         signature->digest))
        error_set(error, CONCERT_ERROR_INPUT,
                  HTTPSIG_CONTENT_DIGEST ": expected is one digest, " DIGEST_MEMBER "base64:");
    else if (!read_bytes(fields->signature, SIGNATURE_MEMBER, sizeof signature->signature,
                         signature->signature))
        error_set(error, CONCERT_ERROR_INPUT,
                  HTTPSIG_SIGNATURE ": expected is one of 64 bytes, " SIGNATURE_MEMBER "base64:");
    else
        good = read_signature_input(signature, fields->signature_input, error) &&
               keep_field(signature, CONTENT_TYPE, fields->content_type, &signature->content_type,
                          error) &&
               keep_field(signature, CONTENT_LENGTH, fields->content_length,
                          &signature->content_length, error);
    if (!good)
        return NULL;
    signature->content_digest = g_strdup(fields->content_digest);
    return g_steal_pointer(&signature);
}

void httpsig_free(Httpsig *signature)
{
    if (!signature)
        return;
    g_free(signature->keyid);
    g_free(signature->key_name);
    g_free(signature->params);
    g_free(signature->content_digest);
    g_free(signature->content_type);
    g_free(signature->content_length);
    g_free(signature);
}

/* --- Verifying ------------------------------------------------------------------------------- */

static char *make_base(const Httpsig *signature, const HttpsigRequest *request)
{
    const char *const values[] = {
        [METHOD] = request->method,
        [TARGET_URI] = request->target_uri,
        [CONTENT_DIGEST] = signature->content_digest,
        [CONTENT_TYPE] = signature->content_type,
        [CONTENT_LENGTH] = signature->content_length,
    };
    HttpsigComponent covered[N_COMPONENTS];
    for (guint i = 0; i < signature->n_covered; i++) {
        guint component = signature->covered[i];
        covered[i] = (HttpsigComponent){components[component].name, values[component]};
    }
    return httpsig_base(covered, signature->n_covered, signature->params);
}

static gboolean check_time(const Httpsig *signature, gint64 now_us, gint64 max_skew_us,
                           GError **error)
{
    gint64 skew_us = now_us - signature->created_us;
    gint64 max_s = max_skew_us / G_USEC_PER_SEC;
    if (skew_us > max_skew_us)
        return error_set(error, CONCERT_ERROR_DENIED,
                         "the request is too old: it was signed %" G_GINT64_FORMAT
                         " s ago, and at most %" G_GINT64_FORMAT
                         " are accepted; one of the two clocks may be wrong",
                         skew_us / G_USEC_PER_SEC, max_s);
    if (skew_us < -max_skew_us)
        return error_set(error, CONCERT_ERROR_DENIED,
                         "the request is from the future: it was signed in %" G_GINT64_FORMAT
                         " s, and at most %" G_GINT64_FORMAT
                         " are accepted; one of the two clocks is wrong",
                         -skew_us / G_USEC_PER_SEC, max_s);
    if (signature->expires_us < now_us - max_skew_us)
        return error_set(error, CONCERT_ERROR_DENIED, "the request's signature has expired");
    return TRUE;
}

gboolean httpsig_verify(const Httpsig *signature, const HttpsigRequest *request,
                        const NoteVerifier *verifier, gint64 now_us, gint64 max_skew_us,
                        gint64 *ret_skew_us, GError **error)
{
    guint8 digest[SHA256_SIZE];
    if (!check_request(request, error))
        return FALSE;
    if (verifier->algorithm != NOTE_ED25519 || verifier->id != signature->key_id ||
        strcmp(verifier->name, signature->key_name) != 0)
        return error_set(error, CONCERT_ERROR_DENIED,
                         "the request is signed by %s, and not by %s+%08x", signature->keyid,
                         verifier->name, verifier->id);
    sha256_digest(request->length > 0 ? request->body : "", request->length, digest);
    if (memcmp(digest, signature->digest, sizeof digest) != 0)
        return error_set(
            error, CONCERT_ERROR_DENIED,
            "the digest of the request's content is not the one that " HTTPSIG_CONTENT_DIGEST
            " says");
    g_autofree char *base = make_base(signature, request);
    if (!note_verifier_check(verifier, base, strlen(base), signature->signature,
                             sizeof signature->signature))
        return error_set(error, CONCERT_ERROR_DENIED,
                         "the request's signature is not that of %s on %s %s", signature->keyid,
                         request->method, request->target_uri);
    if (!check_time(signature, now_us, max_skew_us, error))
        return FALSE;
    *ret_skew_us = now_us - signature->created_us;
    return TRUE;
}
