#include "node/exchange_deliver.h"

#include "base/timestamp.h"
#include "exchange/event_post.h"
#include "exchange/message.h"
#include "node/peer_step.h"

#define URGENT_TIMEOUT_MS 20000 /* of an urgent post; the next try is to be soon */

typedef struct {
    gint64 number;
    const char *failure;
    guint retry_after;
    gboolean done, for_good;
} Posted;

static gboolean apply_posted(StoreTx *tx, gpointer user, GError **error)
{
    const Posted *posted = user;
    if (posted->done)
        return outbox_done(tx, posted->number, error);
    if (posted->for_good)
        return outbox_give_up(tx, posted->number, posted->failure, error);
    return outbox_failed(tx, posted->number, timestamp_now(), posted->failure, posted->retry_after,
                         error);
}

/* What a peer answers when asking again will not help. A message to who is no peer any more is of
 * no use later either. */
static gboolean is_final(guint status, const Peer *peer, const OutboxPost *post)
{
    if (status == 403 && peer->state == PEER_ENDED &&
        (g_str_equal(post->path, MESSAGE_PATH) || g_str_equal(post->path, EVENT_POST_PATH)))
        return TRUE;
    return status == 400 || status == 404 || status == 405 || status == 409 || status == 413 ||
           status == 422;
}

void exchange_deliver(Notary *notary, ExchangePost *line, const Peer *peer, const OutboxPost *post)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reason = NULL;
    g_auto(ExchangePostResult) result = {0};
    const NoteSigner *messenger = notary_messenger(notary, &error);
    gsize length;
    const void *body = g_bytes_get_data(post->body, &length);
    const ExchangePostRequest request = {.path = post->path,
                                         .body = body,
                                         .length = length,
                                         .type = post->type,
                                         .timeout_ms = post->urgent ? URGENT_TIMEOUT_MS : 0};
    Posted posted = {.number = post->number};
    if (!messenger || !exchange_post(line, messenger, peer, &request, &result, &error)) {
        posted.failure = error->message;
    } else {
        posted.done = result.http.status >= 200 && result.http.status < 300;
        posted.for_good = is_final(result.http.status, peer, post);
        posted.retry_after = result.http.retry_after;
        posted.failure = reason = exchange_post_reason(&result);
        const char *again = posted.done && g_str_equal(post->path, PEERING_PATH)
                                ? peer_step_delivered(notary, peer, result.http.body)
                                : NULL;
        if (again) {
            posted.done = FALSE;
            posted.failure = again;
        }
    }
    writer_run(notary_writer(notary), 0, apply_posted, &posted, NULL);
}
