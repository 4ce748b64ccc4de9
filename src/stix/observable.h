/* observable.h - the values that indicators and observables are about: addresses, names, hashes.
 *
 * One canonical text per value, whatever spelling it came in, is what the store indexes, what the
 * scanner compares and what lists are imported as. Two texts are the same observable exactly when
 * their kind and canonical text are equal. */
#pragma once

#include <glib.h>

/* The numbers are stored in the database: add at the end, never renumber. */
typedef enum {
    OBSERVABLE_NONE = 0,
    OBSERVABLE_IPV4 = 1,   /* "192.0.2.1" */
    OBSERVABLE_IPV6 = 2,   /* RFC 5952: "2001:db8::1"; v4-mapped addresses are OBSERVABLE_IPV4 */
    OBSERVABLE_CIDR = 3,   /* "192.0.2.0/24", "2001:db8::/32", host bits cleared; a full-length
                              prefix (/32, /128) is the address itself, not a CIDR */
    OBSERVABLE_DOMAIN = 4, /* A-labels, lower case, no trailing dot */
    OBSERVABLE_URL = 5,    /* normalised; see docs/match.md */
    OBSERVABLE_MD5 = 6,    /* lower-case hex, 32 digits */
    OBSERVABLE_SHA1 = 7,   /* 40 */
    OBSERVABLE_SHA256 = 8, /* 64 */
    OBSERVABLE_SHA512 = 9, /* 128 */
    OBSERVABLE_EMAIL = 10, /* domain as OBSERVABLE_DOMAIN, local part lower-cased */
    OBSERVABLE_JA3 = 11,   /* MD5 form, known only from context */
    OBSERVABLE_JA4 = 12,   /* "t13d1516h2_8daaf6152771_02713d6af862" */
    OBSERVABLE_OTHER = 13, /* anything else worth finding again: file names, registry keys, ...;
                              canonical text = the text itself */
} ObservableKind;

/* "ipv4", "ipv6", "cidr", "domain", "url", "md5", "sha1", "sha256", "sha512", "email", "ja3",
 * "ja4", "other"; NULL for OBSERVABLE_NONE. Static text. */
const char *observable_kind_name(ObservableKind kind);

/* The kind of that name, or OBSERVABLE_NONE. */
ObservableKind observable_kind_from_name(const char *name);

/* Longest text that is considered a value at all, in bytes. */
#define OBSERVABLE_MAX_LENGTH 4096

/* The canonical text of @text taken as @kind, or NULL when it is no such thing. OBSERVABLE_IPV4,
 * OBSERVABLE_IPV6 and OBSERVABLE_CIDR are interchangeable on input: *ret_kind (may be NULL) says
 * which of them it is ("192.0.2.1/32" is an IPV4, "::ffff:192.0.2.1" too). Caller frees. */
char *observable_normalise(ObservableKind kind, const char *text, gsize length,
                           ObservableKind *ret_kind);

/* Says what @text, one token without blanks, is by its looks alone, defanged forms ("hxxp://",
 * "[.]", "(dot)", "[@]") included, and gives its canonical text. OBSERVABLE_NONE and *ret_canonical
 * untouched when it is nothing Concert knows. Never says JA3 (its text is that of an MD5) or OTHER.
 */
ObservableKind observable_classify(const char *text, gsize length, char **ret_canonical);
