/* dispatcher_target.c - whom something goes to. */
#include "node/dispatcher_core.h"
#include "store/communities.h"
#include "store/ledger.h"

void dispatcher_core_target_clear(DispatcherTarget *target)
{
    g_clear_pointer(&target->audience, audience_free);
    g_clear_pointer(&target->peers, g_ptr_array_unref);
    g_clear_pointer(&target->communities, g_ptr_array_unref);
}

static gboolean refuse_peer(const Peer *peer, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                peer->state == PEER_ENDED ? "the peering with %s has ended"
                                          : "the peering with %s is not agreed yet",
                peer->node);
    return FALSE;
}

/* Where peers are looked up: on the writer's thread in the transaction, as nothing may wait for a
 * reader there. */
typedef struct {
    Store *store;
    StoreTx *tx; /* NULL: in the store */
} Book;

static Peer *look_up(const Book *book, const char *name, GError **error)
{
    return book->tx ? peers_get_tx(book->tx, name, error) : peers_get(book->store, name, error);
}

/* The peers named one by one. Those that are suspended stay: it waits for them. */
static gboolean find_named(const Book *book, const char *const *to, GPtrArray *origins,
                           GError **error)
{
    for (guint i = 0; to && to[i]; i++) {
        g_autoptr(Peer) peer = look_up(book, to[i], error);
        if (!peer)
            return FALSE;
        if (peer->state != PEER_ACTIVE && peer->state != PEER_SUSPENDED)
            return refuse_peer(peer, error);
        g_ptr_array_add(origins, g_strdup(peer->origin));
    }
    g_ptr_array_add(origins, NULL);
    return TRUE;
}

static gboolean find_peers(const Book *book, DispatcherTarget *target, GError **error)
{
    target->peers = g_ptr_array_new_with_free_func((GDestroyNotify)peer_free);
    target->communities = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; target->audience->origins[i]; i++) {
        const char *origin = target->audience->origins[i];
        Peer *peer = look_up(book, origin, error);
        if (!peer)
            return FALSE;
        g_ptr_array_add(target->peers, peer);
        char **names = book->tx ? communities_of_tx(book->tx, origin, error)
                                : communities_of(book->store, origin, error);
        if (!names)
            return FALSE;
        g_ptr_array_add(target->communities, names);
    }
    return TRUE;
}

/* Members whom nothing may be given now: their peering is suspended, has ended, or is none. */
static gboolean find_barred(const Book *book, char **members, GPtrArray *barred, GError **error)
{
    for (guint i = 0; members && members[i]; i++) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(Peer) peer = look_up(book, members[i], &failure);
        if (!peer && !g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        if (!peer || peer->state != PEER_ACTIVE)
            g_ptr_array_add(barred, members[i]);
    }
    g_ptr_array_add(barred, NULL);
    return TRUE;
}

/* Who is in the community now; only members send to it. */
static char **find_members(const Book *book, const char *name, const char *self, GError **error)
{
    g_autoptr(Community) community = book->tx ? communities_get_tx(book->tx, name, error)
                                              : communities_get(book->store, name, error);
    if (!community)
        return NULL;
    if (communities_has(community, self))
        return communities_members(community);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "this node is no member of %s", name);
    return NULL;
}

static gboolean check_somebody(const DispatcherTarget *target, const char *community,
                               GError **error)
{
    guint count = target->audience->n_origins;
    if (!target->is_public && count == 0 && community)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "it is for nobody: no other member of %s is an active peer of this node",
                    community);
    else if (!target->is_public && count == 0)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "it is for nobody: name peers, a community, or say that it is public");
    else if (target->is_public && (count > 0 || community))
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "it is public, so it is for everybody: name no recipients");
    else
        return TRUE;
    return FALSE;
}

/* @self: the origin of the own ledger. */
static gboolean resolve(const Book *book, const char *const *to, const char *community,
                        const char *self, gboolean is_public, DispatcherTarget *ret_target,
                        GError **error)
{
    g_autoptr(GPtrArray) named = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) barred = g_ptr_array_new();
    g_auto(DispatcherTarget) target = {.is_public = is_public};
    g_auto(GStrv) members = NULL;
    if (community && !(members = find_members(book, community, self, error)))
        return FALSE;
    if (!find_named(book, to, named, error) || !find_barred(book, members, barred, error))
        return FALSE;
    target.audience =
        audience_resolve((const char *const *)named->pdata, (const char *const *)members,
                         (const char *const *)barred->pdata, self, error);
    if (!target.audience || !find_peers(book, &target, error))
        return FALSE;
    *ret_target = target;
    target = (DispatcherTarget){0};
    return TRUE;
}

gboolean dispatcher_core_resolve(Notary *notary, const char *const *to, const char *community,
                                 gboolean is_public, DispatcherTarget *ret_target, GError **error)
{
    const Book book = {.store = notary_store(notary)};
    g_auto(LedgerReadState) own = {0};
    g_auto(DispatcherTarget) target = {0};
    if (!ledger_read_state(book.store, &own, error) ||
        !resolve(&book, to, community, own.origin, is_public, &target, error) ||
        !check_somebody(&target, community, error))
        return FALSE;
    *ret_target = target;
    target = (DispatcherTarget){0};
    return TRUE;
}

gboolean dispatcher_core_resolve_tx(StoreTx *tx, const char *const *to,
                                    DispatcherTarget *ret_target, GError **error)
{
    const Book book = {.tx = tx};
    const char *own;
    guint64 size;
    return ledger_look(tx, &own, &size, error) &&
           resolve(&book, to, NULL, own, FALSE, ret_target, error);
}

DecideViewer dispatcher_core_viewer(const DispatcherTarget *target, guint place)
{
    static const DecidePeering peerings[] = {[PEER_INVITED] = DECIDE_PEERING_NONE,
                                             [PEER_ASKED] = DECIDE_PEERING_NONE,
                                             [PEER_ACTIVE] = DECIDE_PEERING_ACTIVE,
                                             /* It waits until the peering is resumed. */
                                             [PEER_SUSPENDED] = DECIDE_PEERING_ACTIVE,
                                             [PEER_ENDED] = DECIDE_PEERING_ENDED};
    const Peer *peer = target->peers->pdata[place];
    return (DecideViewer){.who = DECIDE_PEER,
                          .origin = peer->origin,
                          .peering = peerings[peer->state],
                          .communities = decide_list(target->communities->pdata[place])};
}

gboolean dispatcher_core_deny(const char *what, const char *origin, const DecideRule *rule,
                              GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "%s may not go to %s: %s (rule %s)",
                what, origin ? origin : "that audience", rule->sentence, rule->id);
    return FALSE;
}
