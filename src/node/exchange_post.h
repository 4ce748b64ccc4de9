/* exchange_post.h - one line to a peer: signed requests (docs/protocol.md, "Signed requests") over
 * a connection that is kept.
 *
 * The endpoints of the peer's card are tried in order, the one that worked last first. The server's
 * key has to be one that the card pins; a card without pins leaves that to the system's CAs. Plain
 * http is spoken only to a loopback address (in numbers), and to that, as to any private address,
 * only when those are allowed: a card must not lead to what is local. A line serves one thread at a
 * time; only exchange_post_cancel() and exchange_post_allow() are for others. */
#pragma once

#include "base/fetch_session.h"
#include "ledger/note.h"
#include "store/peers.h"

typedef struct {
    gboolean allow_private; /* [fetch] allow_private */
    guint timeout_seconds;  /* of a request; 0: 60 */
    gsize max_bytes;        /* of an answer; 0: 16 MiB */
} ExchangePostOptions;

typedef struct ExchangePost ExchangePost;

/* Copies the options (NULL: defaults). */
ExchangePost *exchange_post_new(const ExchangePostOptions *options);
void exchange_post_free(ExchangePost *post);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ExchangePost, exchange_post_free)

typedef struct {
    const char *path; /* "/exchange/v1/wake", perhaps with a query */
    const void *body; /* NULL only when @length is 0 */
    gsize length;
    const char *type; /* media type of the body; NULL: "application/json" */
    guint timeout_ms; /* 0: the line's; a long poll needs a longer one */
} ExchangePostRequest;

typedef struct {
    FetchSessionResult http; /* whatever status */
    gboolean has_skew;
    gint64 skew_us; /* the peer's clock less ours by its Date header: to within a second or so, and
                       half of the time that the way took */
} ExchangePostResult;

void exchange_post_result_clear(ExchangePostResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ExchangePostResult, exchange_post_result_clear)

/* Posts @request to @peer, signed by @signer (notary_messenger()), unless it is one to
 * MESSAGE_PATH, which is never signed (exchange/message.h says why). May
 * be called with another peer, or a newer card, than before: connection and memory start anew then.
 * Whatever status the peer answers with is a result. CONCERT_ERROR_NOT_FOUND when no endpoint of
 * the peer's card may be used; errors of fetch_session_post() otherwise, those of the last endpoint
 * that was tried; @request may have arrived even then. CONCERT_ERROR_BUSY after
 * exchange_post_cancel(). */
gboolean exchange_post(ExchangePost *post, const NoteSigner *signer, const Peer *peer,
                       const ExchangePostRequest *request, ExchangePostResult *ret_result,
                       GError **error);

/* Whether an answer to the last request had begun to come when the line broke. */
gboolean exchange_post_broke_off(const ExchangePost *post);

/* What went wrong, for people, of an answer that is not what was hoped for: its status and the
 * reason that the peer gives, if it gives one. Caller frees. */
char *exchange_post_reason(const ExchangePostResult *result);

/* From any thread: the request that runs ends at once, and so does each later one until
 * exchange_post_allow(). */
void exchange_post_cancel(ExchangePost *post);
void exchange_post_allow(ExchangePost *post);
