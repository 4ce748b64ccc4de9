#include "server/exchange_event.h"

#include "node/docket_post.h"
#include "server/exchange_auth.h"
#include "server/problem.h"

#define LOCKED_WAIT 60 /* seconds */

Reply *exchange_event(ApiCall *call, GError **error)
{
    const GString *body = call->request->body;
    g_autoptr(Peer) peer = NULL;
    g_autoptr(GError) failure = NULL;
    Reply *refusal = exchange_auth_check(call, EXCHANGE_AUTH_SUSPENDED, &peer, error);
    if (refusal || *error)
        return refusal;
    if (!body)
        return problem_reply(400, "events are expected");
    if (!call->api->options.notary)
        return problem_later(503, "this node's keys are locked", LOCKED_WAIT);
    if (docket_post_take(call->api->options.notary, peer->node, body->str, body->len, &failure))
        return reply_new(204, NULL, NEGOTIATE_IDENTITY, NULL, NULL, 0);
    return problem_from_error(failure);
}
