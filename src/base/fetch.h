/* fetch.h - every outgoing request of a node goes through here.
 *
 * Only http and https; the name is resolved once, every address checked, and the connection pinned
 * to what was checked, so that no second answer of the DNS leads elsewhere. Addresses that are not
 * globally reachable (loopback, private, link-local, carrier-grade NAT, multicast, metadata
 * services, v4-mapped and 6to4 forms of them) are refused unless allow_private is set. No redirect
 * to another host. Size and time are bounded. No cookie, no netrc, no proxy from the environment
 * unless configured. */
#pragma once

#include <glib.h>

#include "base/error.h"

typedef struct {
    gsize max_bytes;       /* 0: 256 MiB */
    guint timeout_seconds; /* of the whole transfer; 0: 300 */
    gboolean allow_private;
    gboolean accept_compressed; /* the body may come gzipped or deflated; max_bytes is of what it
                                   unpacks to */
    gboolean any_status;        /* of fetch_get(): whatever status, as of fetch_post() */
    const char *etag;           /* If-None-Match; NULL: none */
    const char *modified;       /* If-Modified-Since; NULL: none */
    const char *accept;         /* Accept header; NULL: any */
    const char *bearer;         /* token; NULL: none */
    const char *user;           /* with password, if there is no bearer; NULL: none */
    const char *password;
    const char *const *keep;  /* headers of the answer that are wanted, NULL-terminated */
    const gint *stop;         /* a thread that sets it (atomically) to other than 0 ends the
                                 transfer within a second or two: CONCERT_ERROR_BUSY */
    const char *ca_file;      /* further trusted CA, PEM; NULL: the system's */
    gboolean any_certificate; /* whoever answers, over TLS too: only for a public document that says
                                 by its own signature whose it is */
} FetchOptions;

typedef struct {
    guint status;       /* 200, or 304 with an empty body; of fetch_post() any */
    int fd;             /* unlinked temporary file at offset 0 with the body; -1 when empty */
    guint64 length;     /* of the body; 0: there is no fd */
    char *content_type; /* may be NULL */
    char *etag;         /* may be NULL */
    char **kept;        /* an element for each of options->keep, NULL where there is none */
    guint n_kept;
    guint retry_after; /* seconds that the server asks to wait; 0: not said */
} FetchResult;

void fetch_result_clear(FetchResult *result);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FetchResult, fetch_result_clear)

/* GETs @url. A status other than 200 and 304 is an error that names it: CONCERT_ERROR_NOT_FOUND for
 * 404 and 410, CONCERT_ERROR_DENIED for 401 and 403 as for what the rules above refuse,
 * CONCERT_ERROR_LIMIT for what is too large or too slow, else CONCERT_ERROR_IO. Resolving the name
 * takes as long as the system's resolver does, besides the timeout. With any_status every status
 * but a redirect is a result, with its body. @options may be NULL. */
gboolean fetch_get(const char *url, const FetchOptions *options, FetchResult *ret_result,
                   GError **error);

/* POSTs @length bytes of @body, of media type @type, to @url. Whatever status the server answers
 * with is a result, with its body, for there are protocols in which each means something; but no
 * redirect is followed: CONCERT_ERROR_DENIED. @body is not NULL. Other errors as fetch_get(). Of
 * @options the etag is not used. */
gboolean fetch_post(const char *url, const void *body, gsize length, const char *type,
                    const FetchOptions *options, FetchResult *ret_result, GError **error);
