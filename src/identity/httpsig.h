/* httpsig.h - the requests of nodes to each other are signed: HTTP message signatures (RFC 9421)
 * with Ed25519 over the method, the target URI and the digest of the content (Content-Digest, RFC
 * 9530, SHA-256). Pure: what came in is given, what is to be sent is returned.
 *
 * What is signed, by which key, and what a receiver refuses is in docs/protocol.md, "Signed
 * requests". That a request is not accepted twice is up to replay.h. */
#pragma once

#include <glib.h>

#include "base/sha256.h"
#include "ledger/note.h"

#define HTTPSIG_NONCE_SIZE 16
#define HTTPSIG_LABEL      "concert"
#define HTTPSIG_TAG        "concert-v1"

/* Names of the fields. */
#define HTTPSIG_CONTENT_DIGEST  "Content-Digest"
#define HTTPSIG_SIGNATURE_INPUT "Signature-Input"
#define HTTPSIG_SIGNATURE       "Signature"

/* A request, as both sides know it. */
typedef struct {
    const char *method; /* "POST" */
    /* Absolute, http or https, visible ASCII, no fragment. The sender's is the URL that it calls.
     * The receiver's is its own endpoint, as its card names it, with the path and query that it was
     * asked for: made from the Host header, a request to another node would pass for one to it. */
    const char *target_uri;
    const void *body; /* NULL only when @length is 0 */
    gsize length;
} HttpsigRequest;

/* Values of the fields of a signed request. */
typedef struct {
    char *content_digest;
    char *signature_input;
    char *signature;
} HttpsigHeaders;

void httpsig_headers_clear(HttpsigHeaders *headers);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpsigHeaders, httpsig_headers_clear)

/* The three as lines "Name: value" for a client, NULL-terminated; freed with g_strfreev(). */
char **httpsig_headers_lines(const HttpsigHeaders *headers);

/* Signs @request by @signer, a NOTE_ED25519 key with a name in ASCII. @now_us is microseconds since
 * 1970, of which the whole seconds are signed; @nonce has HTTPSIG_NONCE_SIZE bytes (NULL: random
 * ones). CONCERT_ERROR_INPUT when the request or the key is not as described. */
gboolean httpsig_sign(const HttpsigRequest *request, const NoteSigner *signer, gint64 now_us,
                      const guint8 *nonce, HttpsigHeaders *ret_headers, GError **error);

/* The fields of a request that came in; NULL for one that is not there. A field that came several
 * times is one value, joined by ", " (RFC 9110 section 5.3). */
typedef struct {
    const char *content_digest;
    const char *signature_input;
    const char *signature;
    const char *content_type;
    const char *content_length;
} HttpsigFields;

#define HTTPSIG_COMPONENTS_MAX 5

/* What a signature claims. Nothing of it is verified. */
typedef struct {
    char *keyid;    /* "cert.alder.example/message+1a2b3c4d" */
    char *key_name; /* "cert.alder.example/message" */
    guint32 key_id; /* 0x1a2b3c4d, as a NoteVerifier's */
    gint64 created_us;
    gint64 expires_us; /* G_MAXINT64: not said */
    guint8 nonce[HTTPSIG_NONCE_SIZE];

    /* private */
    guint8 digest[SHA256_SIZE];
    guint8 signature[NOTE_SIGNATURE_SIZE];
    char *params; /* of the signature, as in Signature-Input, without the label */
    char *content_digest, *content_type, *content_length;
    guint8 covered[HTTPSIG_COMPONENTS_MAX]; /* components, in the order signed */
    guint n_covered;
} Httpsig;

/* Reads the fields; a copy is kept of what is needed. CONCERT_ERROR_DENIED when the request bears
 * no signature at all. CONCERT_ERROR_INPUT when the fields are not in the canonical form of RFC
 * 8941 section 4.1, have another label, tag or algorithm, do not cover what has to be covered, or
 * say what is not known here; the message names field and reason. */
Httpsig *httpsig_parse(const HttpsigFields *fields, GError **error);
void httpsig_free(Httpsig *signature);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Httpsig, httpsig_free)

/* Whether the signature is @verifier's and is on @request. *ret_skew_us is how long before @now_us
 * it was made, by the clocks of both: their difference, the way, and up to a second of rounding;
 * negative when the sender's clock is ahead. CONCERT_ERROR_DENIED says what is wrong: the key, the
 * digest, the signature, or that it was made more than @max_skew_us before or after @now_us; the
 * last is only said of what is genuine. CONCERT_ERROR_INPUT when @request is not as described. */
gboolean httpsig_verify(const Httpsig *signature, const HttpsigRequest *request,
                        const NoteVerifier *verifier, gint64 now_us, gint64 max_skew_us,
                        gint64 *ret_skew_us, GError **error);

/* A covered component (RFC 9421 section 2): its name, which begins with "@" when it is derived, and
 * its value. */
typedef struct {
    const char *name;
    const char *value;
} HttpsigComponent;

/* The bytes that are signed (RFC 9421 section 2.5). @params are the signature's, in canonical form.
 * Neither names nor values have line breaks. Caller frees. */
char *httpsig_base(const HttpsigComponent *components, guint n_components, const char *params);

/* The value of Content-Digest (RFC 9530) with SHA-256. Caller frees. */
char *httpsig_digest(const void *body, gsize length);
