#include "server/exchange_peering.h"

#include <string.h>

#include "node/peer_step.h"
#include "server/exchange_auth.h"
#include "server/problem.h"

#define FULL_RETRY_SECONDS 3600 /* when there is no room for another invitation */

static Reply *refuse(const GError *error)
{
    if (g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_BUSY))
        return problem_later(503, error->message, FULL_RETRY_SECONDS);
    return problem_from_error(error);
}

/* Our own step to the peer, for who signed this very request: a step that was copied and sent again
 * must tell nobody that there is a peering. */
static Reply *answer(ApiCall *call, GError **error)
{
    g_autoptr(Peer) peer = NULL;
    g_autofree char *said = NULL;
    if (http_header(call->request, "Signature-Input")) {
        g_autoptr(Reply) ignored G_GNUC_UNUSED =
            exchange_auth_check(call, EXCHANGE_AUTH_ANY_STATE, &peer, error);
        if (*error)
            return NULL;
    }
    if (peer && !peers_get_said(call->api->store, peer->number, &said, error))
        return NULL;
    if (!said)
        return reply_new(204, NULL, NEGOTIATE_IDENTITY, NULL, NULL, 0);
    gsize length = strlen(said);
    return reply_new(200, PEERING_MEDIA_TYPE, call->coding, NULL, g_steal_pointer(&said), length);
}

Reply *exchange_peering_post(ApiCall *call, GError **error)
{
    const GString *body = call->request->body;
    g_autoptr(GError) failure = NULL;
    if (!body)
        return problem_reply(400, "a step of a peering is expected");
    return peer_step_hear(call->api->store, call->api->writer, body->str, body->len, NULL, NULL,
                          &failure)
               ? answer(call, error)
               : refuse(failure);
}
