#include "node/own_clock.h"

#include "base/timestamp.h"
#include "dossier/docket_held.h"
#include "store/peers.h"

#define HOUR_US ((gint64)3600 * G_USEC_PER_SEC)

/* Of one other clock nobody can tell whether it is the one that is wrong. */
#define LEAST_SEEN 2

/* What the active peers' clocks say. */
typedef struct {
    guint seen, behind; /* in the last day; of them, those a day behind this node's */
    const Peer *first;  /* of the latter */
    gint64 newest;      /* when one was seen last */
} Clocks;

static Clocks read_clocks(const GPtrArray *peers, gint64 now)
{
    Clocks clocks = {0};
    for (guint i = 0; i < peers->len; i++) {
        const Peer *peer = peers->pdata[i];
        gint64 age = now - peer->skew_at;
        if (peer->state != PEER_ACTIVE || peer->fork || peer->skew_at == 0)
            continue;
        clocks.newest = MAX(clocks.newest, peer->skew_at);
        if (age < 0 || age > DOCKET_HELD_AHEAD_US) /* before the clock was set back; long ago */
            continue;
        clocks.seen++;
        if (peer->skew_us >= -DOCKET_HELD_AHEAD_US)
            continue;
        clocks.behind++;
        if (!clocks.first)
            clocks.first = peer;
    }
    return clocks;
}

gboolean own_clock_check(Store *store, gint64 now, GError **error)
{
    char text[TIMESTAMP_MAX];
    g_autoptr(GPtrArray) peers = peers_list(store, error);
    if (!peers)
        return FALSE;
    const Clocks clocks = read_clocks(peers, now);
    if (clocks.seen < LEAST_SEEN || 2 * clocks.behind <= clocks.seen)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                "this node's clock says %s, which is %" G_GINT64_FORMAT
                " hours ahead of that of %s (and a day or more of %u of %u peers'): they would "
                "hold back what is signed with it. Set the clock right first",
                timestamp_format(text, now, 0), -clocks.first->skew_us / HOUR_US,
                clocks.first->node, clocks.behind, clocks.seen);
    return FALSE;
}

char *own_clock_doubt(Store *store, gint64 now)
{
    char text[TIMESTAMP_MAX], seen[TIMESTAMP_MAX];
    g_autoptr(GPtrArray) peers = peers_list(store, NULL);
    const Clocks clocks = peers ? read_clocks(peers, now) : (Clocks){0};
    if (clocks.behind > 0 && clocks.seen < LEAST_SEEN)
        return g_strdup_printf("this node's clock says %s, which is %" G_GINT64_FORMAT
                               " hours ahead of that of %s, the only peer whose clock was seen in "
                               "the last day: one of the two is wrong, and if it is this one, "
                               "others hold back what was signed now (docs/clocks.md)",
                               timestamp_format(text, now, 0), -clocks.first->skew_us / HOUR_US,
                               clocks.first->node);
    if (clocks.newest == 0 || now - clocks.newest <= DOCKET_HELD_AHEAD_US)
        return NULL;
    return g_strdup_printf("this node's clock says %s, and was last compared with a peer's when it "
                           "said %s: if it is ahead, others hold back what was signed now "
                           "(docs/clocks.md)",
                           timestamp_format(text, now, 0),
                           timestamp_format(seen, clocks.newest, 0));
}
