/* tls.h - the server's certificate and key: given, or made by the node for itself. */
#pragma once

#include "base/error.h"

/* Reads the key and the certificate chain, both PEM, from their files. When neither file is there,
 * makes them: a P-256 key (mode 0600) and a certificate for @name, signed with that key and valid
 * for ten years. Only one of the two is an error. Both results are freed by the caller. */
gboolean tls_load(const char *key_path, const char *certificate_path, const char *name,
                  char **ret_key, char **ret_certificate, GError **error);

/* What is wrong with the time of the certificate in the file @path, in words for people: that it
 * has ended, is soon to end, or is not valid yet. NULL when all is well, or the file cannot be
 * read, of which others tell. Caller frees. */
char *tls_lapse(const char *path);

/* The SHA-256 of the first certificate in @pem, as "AB:CD:...", for people to compare. Caller
 * frees. NULL with @error when it is no certificate. */
char *tls_fingerprint(const char *pem, GError **error);

/* The pin of the first certificate in @pem: "sha256//" and the base64 of the SHA-256 of its public
 * key (SubjectPublicKeyInfo, DER), as libcurl and RFC 7469 section 2.4 have it. It stays the same
 * when the certificate is renewed with its key. Caller frees. NULL with @error when it is no
 * certificate. */
char *tls_pin(const char *pem, GError **error);
