/* fetch_session.h - requests to one peer, over a connection that lives from one to the next.
 *
 * What fetch.h promises holds here too: http and https only, the name resolved once for each
 * connection and every address checked, the connection made only to what was checked, private
 * ranges refused unless allowed, no redirects, no proxy, no cookies, size and time bounded. A
 * connection that has ended is noticed, and the name resolved and checked again before the next.
 *
 * A session serves one thread at a time, and one peer; the functions that end a request early are
 * for other threads. */
#pragma once

#include <glib.h>

#include "base/error.h"

typedef struct {
    /* "sha256//BASE64" of the peer's public key (SPKI), several separated by ";". With a pin the
     * certificate's chain, names and dates are not looked at: the pin is all that counts, and
     * https is required. NULL: the system's CAs decide. */
    const char *pin;
    gboolean allow_private;
    gboolean accept_compressed;    /* answers may come gzipped or deflated; bounds are of what they
                                      unpack to */
    gsize max_bytes;               /* of an answer; 0: 16 MiB */
    guint timeout_seconds;         /* of a whole request, unless it says otherwise; 0: 300 */
    guint connect_timeout_seconds; /* of making a connection, TLS included; 0: 30 */
    /* While a request is sent or its answer comes, but not between the two, so many bytes have to
     * pass in each period of so many seconds. */
    guint low_speed_bytes;   /* 0: 1000 */
    guint low_speed_seconds; /* 0: 30 */
} FetchSessionOptions;

typedef struct FetchSession FetchSession;

/* Copies the options (NULL: defaults). TLS is 1.3 or nothing. */
FetchSession *fetch_session_new(const FetchSessionOptions *options, GError **error);
void fetch_session_free(FetchSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchSession, fetch_session_free)

typedef struct {
    guint status;
    GBytes *body;       /* never NULL after a success */
    char *content_type; /* may be NULL */
    guint retry_after;  /* seconds that the server asks to wait, at most a day; 0: not said */
    gint64 date_us;     /* of the server's Date header, whole seconds; 0: not said */
    guint64 sent;       /* bytes of HTTP, headers included, without TLS */
    guint64 received;
    gint64 took_us;     /* from the first byte sent, or the begin of connecting, to the last */
    gboolean connected; /* a new connection was made for it */
} FetchSessionResult;

void fetch_session_result_clear(FetchSessionResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FetchSessionResult, fetch_session_result_clear)

/* POSTs @length bytes of @body (may be NULL when there are none) of media type @type to @url.
 * @headers are further lines "Name: value", NULL-terminated, or NULL. Whatever status the server
 * answers with is a result.
 *
 * A kept connection that turns out to have ended before anything was sent is replaced. When it ends
 * later there is CONCERT_ERROR_IO, for the server may have got the request; who makes it again
 * signs it anew. CONCERT_ERROR_DENIED for what the rules refuse, a redirect, and a server whose key
 * is not pinned; CONCERT_ERROR_LIMIT for what is too large or too slow; CONCERT_ERROR_BUSY after
 * fetch_session_cancel(); else CONCERT_ERROR_IO or, for what is no URL or no header,
 * CONCERT_ERROR_INPUT. */
gboolean fetch_session_post(FetchSession *session, const char *url, const void *body, gsize length,
                            const char *type, const char *const *headers,
                            FetchSessionResult *ret_result, GError **error);

/* The same with a time limit of its own (milliseconds; 0: the session's), for long polls. */
gboolean fetch_session_post_within(FetchSession *session, guint timeout_ms, const char *url,
                                   const void *body, gsize length, const char *type,
                                   const char *const *headers, FetchSessionResult *ret_result,
                                   GError **error);

/* Whether the last request failed when its answer had begun to come: who asks for less may get it.
 */
gboolean fetch_session_broke_off(const FetchSession *session);

/* From any thread: the request that runs ends at once (while its name is being resolved, after
 * that), and so does each later one, with CONCERT_ERROR_BUSY, until fetch_session_allow(). */
void fetch_session_cancel(FetchSession *session);
void fetch_session_allow(FetchSession *session);
