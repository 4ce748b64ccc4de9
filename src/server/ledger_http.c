#include "server/ledger_http.h"

#include <microhttpd.h>
#include <string.h>

#include "base/timestamp.h"
#include "identity/role.h"
#include "ledger/tile.h"
#include "node/mirror.h"
#include "node/notary.h"
#include "server/problem.h"
#include "store/ledger_read.h"
#include "store/witness.h"

#define HOUR_US G_GINT64_CONSTANT(3600000000)

#define TEXT    "text/plain; charset=utf-8"
#define BYTES   "application/octet-stream"
#define JSON    "application/json"

/* What never changes may be kept for ever; by whom, depends on whom it is for. */
#define CACHE_PUBLIC  "public, max-age=31536000, immutable"
#define CACHE_PRIVATE "private, max-age=31536000, immutable"
#define CACHE_NOT     "no-cache"

static gboolean may_audit(const ApiCall *call)
{
    return call->api->options.ledger_public || call->principal->actions & ROLE_ACTION_AUDIT;
}

/* What is not there is not there for anybody: logging in would not help. */
static Reply *reply_not_found(GError *error)
{
    Reply *reply = problem_from_error(error);
    g_error_free(error);
    return reply;
}

/* A reply with the text @body, which is taken over; NULL: what @local says went wrong. */
static Reply *reply_text(ApiCall *call, const char *type, char *body, GError *local, GError **error)
{
    if (!body && g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return reply_not_found(local);
    if (!body) {
        g_propagate_error(error, local);
        return NULL;
    }
    Reply *reply = reply_new(200, type, call->coding, NULL, body, strlen(body));
    reply_header(reply, MHD_HTTP_HEADER_CACHE_CONTROL, CACHE_NOT);
    return reply;
}

/* With the cosignatures that there are. */
static char *newest_checkpoint(const Api *api, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(api->store, &state, error))
        return NULL;
    if (state.checkpoint)
        return witness_cosigned(api->store, state.checkpoint, api->options.ledger_policy, error);
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "the node has no checkpoint yet");
    return NULL;
}

/* What had been cosigned, as the policy wants it, when the hour of @now began; else what was the
 * newest then, with the cosignatures that there are. */
static char *hourly_checkpoint(const Api *api, gint64 now, GError **error)
{
    const Quorum *policy = api->options.ledger_policy;
    g_auto(WitnessServed) served = {0};
    if (policy &&
        !witness_served_checkpoint(api->store, policy, now - now % HOUR_US, &served, error))
        return NULL;
    if (served.earlier)
        return g_steal_pointer(&served.earlier);
    g_autofree char *note = ledger_read_hourly(api->store, now, error);
    return note ? witness_cosigned(api->store, note, policy, error) : NULL;
}

Reply *ledger_http_checkpoint(ApiCall *call, GError **error)
{
    Api *api = call->api;
    gint64 now = timestamp_now();
    gboolean newest = may_audit(call);
    /* Cosignatures are verified at most once a commit, or hour. */
    g_autofree char *key = g_strdup_printf("%d checkpoint %" G_GINT64_FORMAT, call->coding,
                                           newest ? -1 : now / HOUR_US);
    Reply *reply = cache_get(api->cache, key, call->generation);
    if (reply)
        return reply;
    GError *local = NULL;
    char *note = newest ? newest_checkpoint(api, &local) : hourly_checkpoint(api, now, &local);
    reply = reply_text(call, TEXT, note, local, error);
    if (reply && reply_status(reply) == 200)
        cache_put(api->cache, key, call->generation, reply);
    return reply;
}

Reply *ledger_http_tile(ApiCall *call, GError **error)
{
    if (!may_audit(call))
        return call->principal->anonymous ? problem_unauthorized(NULL)
                                          : problem_reply(403, "for auditors");
    g_autofree char *path = g_strconcat("tile/", call->match.values[0], NULL);
    Tile tile;
    if (!tile_path_parse(path, &tile, NULL))
        return problem_reply(404, "no tile has such a name");
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = ledger_read_tile(call->api->store, &tile, &local);
    if (!bytes && g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return reply_not_found(g_steal_pointer(&local));
    if (!bytes) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    gsize length;
    char *body = g_bytes_unref_to_data(g_steal_pointer(&bytes), &length);
    /* Hashes and commitments do not become smaller (a bundle by three in a hundred), and trying to
     * costs more than all the rest. */
    Reply *reply = reply_new(200, BYTES, NEGOTIATE_IDENTITY, NULL, body, length);
    reply_header(reply, MHD_HTTP_HEADER_CACHE_CONTROL,
                 call->api->options.ledger_public ? CACHE_PUBLIC : CACHE_PRIVATE);
    return reply;
}

Reply *ledger_http_opening(ApiCall *call, GError **error)
{
    const char *text = call->match.values[0];
    guint64 index;
    GError *local = NULL;
    /* One spelling a number, as elsewhere in a log. */
    if ((text[0] == '0' && text[1] != '\0') || !g_ascii_isdigit(text[0]) ||
        !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &index, NULL))
        return problem_reply(404, "no entry has such a number");
    char *opening = mirror_opening(call->api->store, index, &local);
    return reply_text(call, JSON, opening, local, error);
}

Reply *ledger_http_keys(ApiCall *call, GError **error)
{
    GError *local = NULL;
    char *keys = notary_keys(call->api->store, &local);
    return reply_text(call, JSON, keys, local, error);
}
