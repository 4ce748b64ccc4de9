#include "server/ledger_witness.h"

#include <microhttpd.h>
#include <string.h>

#include "server/exchange_auth.h"
#include "server/problem.h"
#include "store/witness.h"

/* A request on its way through the writer. */
typedef struct {
    ApiCall *call;
    HttpRequest *http;
    WitnessRequest *request;
    WitnessOffice office;
    WitnessVerdict verdict;
    gint64 peer; /* who asks over the exchange; 0: anybody */
} Asking;

static void asking_free(Asking *asking)
{
    witness_request_free(asking->request);
    witness_verdict_clear(&asking->verdict);
    g_free(asking);
}

static void count(Api *api, const WitnessVerdict *verdict)
{
    guint64 *counter =
        verdict->status == WITNESS_COSIGN ? &api->counts.cosigned : &api->counts.cosign_refused;
    __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* Takes the verdict's body. A peer is shown the checkpoint that a size is of. */
static Reply *reply_with(Api *api, WitnessVerdict *verdict, gint64 peer)
{
    count(api, verdict);
    gboolean shows = peer > 0 && verdict->known;
    char *body = shows ? g_steal_pointer(&verdict->known) : g_steal_pointer(&verdict->body);
    Reply *reply =
        reply_new(verdict->status, shows ? WITNESS_CHECKPOINT_TYPE : verdict->content_type,
                  NEGOTIATE_IDENTITY, NULL, body, strlen(body));
    if (verdict->retry_after > 0) {
        g_autofree char *seconds = g_strdup_printf("%u", verdict->retry_after);
        reply_header(reply, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    return reply;
}

static gboolean apply(StoreTx *tx, gpointer data, GError **error)
{
    Asking *asking = data;
    witness_verdict_clear(&asking->verdict); /* of an earlier try */
    if (!witness_judge(tx, asking->request, &asking->office, &asking->verdict, error))
        return FALSE;
    return !asking->verdict.is_fork || asking->peer == 0 ||
           peers_set_fork(tx, asking->peer,
                          "it asked this node, as its witness, to cosign another tree of its "
                          "ledger than before",
                          error);
}

/* What was cosigned is on the disk now, and only now is it said. */
static void judged(gpointer data, const GError *error)
{
    Asking *asking = data;
    http_resume(asking->http, error
                                  ? problem_from_error(error)
                                  : reply_with(asking->call->api, &asking->verdict, asking->peer));
}

static Reply *refuse(Api *api, const GError *reason)
{
    g_auto(WitnessAnswer) answer = {0};
    witness_malformed(reason, &answer);
    g_auto(WitnessVerdict) verdict = {.status = answer.status,
                                      .content_type = answer.content_type,
                                      .body = g_steal_pointer(&answer.body)};
    return reply_with(api, &verdict, 0);
}

/* @peer NULL: whoever asks. */
static Reply *add(ApiCall *call, const Peer *peer, GError **error)
{
    Api *api = call->api;
    const ApiOptions *options = &api->options;
    const GString *body = call->request->body;
    gint64 number = peer ? peer->number : 0;
    g_autoptr(GError) reason = NULL;
    g_autoptr(WitnessRequest) request =
        witness_request_parse(body ? body->str : "", body ? body->len : 0, &reason);
    if (!request)
        return refuse(api, reason);
    if (peer && !g_str_equal(request->checkpoint.origin, peer->origin))
        return problem_reply(WITNESS_FORBIDDEN, "a peer asks for its own ledger");
    const WitnessOffice office = {
        .cosigner = options->cosigner ? options->cosigner(options->cosigner_user) : NULL,
        .interval_us = (gint64)options->cosign_interval * G_USEC_PER_SEC};
    gboolean final;
    g_auto(WitnessVerdict) verdict = {0};
    if (!witness_preview(api->store, request, &office, &verdict, &final, error))
        return NULL;
    if (final)
        return reply_with(api, &verdict, number);

    Asking *asking = call->work = g_new0(Asking, 1);
    call->work_free = (GDestroyNotify)asking_free;
    *asking = (Asking){.call = call,
                       .http = call->request,
                       .request = g_steal_pointer(&request),
                       .office = office,
                       .peer = number};
    writer_submit(api->writer, 1, apply, judged, asking, error);
    return NULL;
}

Reply *ledger_witness_add_checkpoint(ApiCall *call, GError **error)
{
    return add(call, NULL, error);
}

Reply *ledger_witness_add_peers(ApiCall *call, GError **error)
{
    g_autoptr(Peer) peer = NULL;
    Reply *refusal = exchange_auth_check(call, 0, &peer, error);
    return refusal || *error ? refusal : add(call, peer, error);
}
