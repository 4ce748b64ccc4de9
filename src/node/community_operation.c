#include "node/community_operation.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/texts.h"
#include "exchange/community.h"
#include "ledger/origin.h"
#include "node/operation_params.h"
#include "store/ledger_read.h"
#include "store/peers.h"

/* --- appending ---------------------------------------------------------------------------------
 */

/* A record on its way to the writer. */
typedef struct {
    const char *own; /* origin */
    const char *kind, *members;
    GBytes *item;
    guint64 before; /* the record's number less one; what the community has to be at */
    const char *community;
} Record;

/* That nothing was recorded meanwhile. */
static gboolean check_before(StoreTx *tx, const Record *record, GError **error)
{
    g_autoptr(Community) community = communities_get_tx(tx, record->community, error);
    if (!community)
        return FALSE;
    if (community->records == record->before)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s was changed meanwhile: look and try again", record->community);
    return FALSE;
}

/* A NotaryExtra: applies the record as every member will. */
static gboolean apply_record(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                             GError **error)
{
    const Record *record = user;
    g_autoptr(yyjson_doc) doc = jsonguard_read(record->members, strlen(record->members), error);
    return doc && (record->before == G_MAXUINT64 || check_before(tx, record, error)) &&
           community_receive(tx, record->own, record->own, record->kind, yyjson_doc_get_root(doc),
                             record->item, error);
}

/* Appends a record for @audience (NULL-terminated), from which this node itself is left out. */
static gboolean append(Notary *notary, const Record *record, char *const *audience, GError **error)
{
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    for (guint i = 0; audience[i]; i++)
        if (!g_str_equal(audience[i], record->own))
            g_ptr_array_add(others, audience[i]);
    g_ptr_array_add(others, NULL);
    const OpeningItemSpec item = {record->item, RULEBOOK_MEDIA_TYPE};
    const OpeningSpec spec = {.kind = record->kind,
                              .audience = (const char *const *)others->pdata,
                              .items = record->item ? &item : NULL,
                              .n_items = record->item ? 1 : 0,
                              .members = record->members,
                              .members_length = strlen(record->members)};
    guint64 index;
    return notary_append_with(notary, &spec, apply_record, (gpointer)record, &index, error);
}

static gboolean append_opened(Notary *notary, const Community *community, char *const *audience,
                              GError **error)
{
    g_autofree char *members = community_opened_members(community);
    const Record record = {.own = community->owner,
                           .kind = COMMUNITY_OPENED_KIND,
                           .members = members,
                           .item = community->rules,
                           .before = G_MAXUINT64,
                           .community = community->name};
    return append(notary, &record, audience, error);
}

/* The members, and @about who is none yet, or not any more. */
static GPtrArray *everybody(const Community *community, const char *about)
{
    g_auto(GStrv) members = communities_members(community);
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; members[i]; i++)
        if (!g_str_equal(members[i], about))
            g_ptr_array_add(all, g_strdup(members[i]));
    g_ptr_array_add(all, g_strdup(about));
    g_ptr_array_sort(all, texts_compare);
    g_ptr_array_add(all, NULL);
    return all;
}

static gboolean append_member(Notary *notary, const Community *community, const char *member,
                              CommunityStep step, gboolean votes, const char *reason,
                              GError **error)
{
    const CommunityRecord content = {.community = community->name,
                                     .number = community->records + 1,
                                     .member = member,
                                     .step = step,
                                     .votes = votes,
                                     .reason = reason};
    g_autofree char *members = community_member_members(&content);
    g_autoptr(GPtrArray) audience = everybody(community, member);
    const Record record = {.own = community->owner,
                           .kind = COMMUNITY_MEMBER_KIND,
                           .members = members,
                           .before = community->records,
                           .community = community->name};
    return append(notary, &record, (char *const *)audience->pdata, error);
}

/* --- which community ---------------------------------------------------------------------------
 */

/* "name" is one of this node's own, "name@node" anybody's. */
static Community *find(Notary *notary, const char *name, const char *own, GError **error)
{
    g_autofree char *node = origin_node(own);
    g_autofree char *whole = strchr(name, '@') ? g_strdup(name) : community_name(name, node, error);
    return whole ? communities_get(notary_store(notary), whole, error) : NULL;
}

static Community *find_own(Notary *notary, const char *name, const char *own, GError **error)
{
    g_autoptr(Community) community = find(notary, name, own, error);
    if (community && !community_name_is_of(community->name, own)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "%s belongs to another node: its owner admits and removes", community->name);
        return NULL;
    }
    return g_steal_pointer(&community);
}

static void add_name(yyjson_mut_doc *result, const char *name)
{
    yyjson_mut_obj_add_strcpy(result, yyjson_mut_doc_get_root(result), "community", name);
}

/* --- create and rules --------------------------------------------------------------------------
 */

static GBytes *get_rules(const char *text)
{
    const char *rules = text ? text : rulebook_default();
    return g_bytes_new(rules, strlen(rules));
}

static gboolean create(Notary *notary, const char *name, const char *title, const char *rules,
                       gboolean votes, const char *own, GError **error)
{
    g_autoptr(GPtrArray) members = g_ptr_array_new();
    g_autoptr(GBytes) text = get_rules(rules);
    char *const nobody[] = {NULL};
    Community community = {.name = (char *)name,
                           .owner = (char *)own,
                           .title = (char *)title,
                           .rules_number = 1,
                           .rules = text,
                           .members = members};
    return append_opened(notary, &community, nobody, error) &&
           append_member(notary, &community, own, COMMUNITY_ADMITTED, votes, NULL, error);
}

gboolean community_operation_create(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error)
{
    static const char operation[] = "community.create";
    const char *name, *title, *rules;
    gboolean votes;
    g_auto(LedgerReadState) own = {0};
    g_autoptr(GError) none = NULL;
    if (!operation_params_text(params, operation, "name", TRUE, &name, error) ||
        !operation_params_text(params, operation, "title", TRUE, &title, error) ||
        !operation_params_text(params, operation, "rulebook", FALSE, &rules, error) ||
        !operation_params_bool(params, operation, "votes", &votes, error) ||
        !ledger_read_state(notary_store(notary), &own, error))
        return FALSE;
    g_autofree char *node = origin_node(own.origin);
    g_autofree char *whole = community_name(name, node, error);
    if (!whole)
        return FALSE;
    g_autoptr(Community) known = communities_get(notary_store(notary), whole, &none);
    if (known) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "there is a community %s", whole);
        return FALSE;
    }
    add_name(result, whole);
    return create(notary, whole, title, rules, votes, own.origin, error);
}

gboolean community_operation_rules(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error)
{
    static const char operation[] = "community.rules";
    const char *name, *rules;
    g_auto(LedgerReadState) own = {0};
    g_autoptr(Community) community = NULL;
    if (!operation_params_text(params, operation, "community", TRUE, &name, error) ||
        !operation_params_text(params, operation, "rulebook", TRUE, &rules, error) ||
        !ledger_read_state(notary_store(notary), &own, error) ||
        !(community = find_own(notary, name, own.origin, error)))
        return FALSE;
    g_auto(GStrv) members = communities_members(community);
    g_bytes_unref(community->rules);
    community->rules = get_rules(rules);
    community->rules_number++;
    add_name(result, community->name);
    return append_opened(notary, community, members, error);
}

/* --- members -----------------------------------------------------------------------------------
 */

static gboolean check_peer(const Peer *peer, GError **error)
{
    if (peer->state == PEER_ACTIVE || peer->state == PEER_SUSPENDED)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "the peering with %s is %s: only a peer can be a member", peer->node,
                peer_state_name(peer->state));
    return FALSE;
}

/* Who joins is told first what there is: it gets nothing older. */
static gboolean admit(Notary *notary, const Community *community, const char *origin,
                      gboolean votes, GError **error)
{
    const CommunityMember *known = communities_member(community, origin);
    char *const joining[] = {(char *)origin, NULL};
    if (known && known->step == COMMUNITY_ADMITTED && known->votes == votes) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is a member of %s", origin,
                    community->name);
        return FALSE;
    }
    if (!communities_has(community, origin) && !append_opened(notary, community, joining, error))
        return FALSE;
    return append_member(notary, community, origin, COMMUNITY_ADMITTED, votes, NULL, error);
}

/* The peer of that name, or this node itself, under its own. */
static char *find_member(Notary *notary, const char *name, const char *own, gboolean joins,
                         GError **error)
{
    g_autofree char *node = origin_node(own);
    if (g_str_equal(name, node) || g_str_equal(name, own))
        return g_strdup(own);
    g_autoptr(Peer) peer = peers_get(notary_store(notary), name, error);
    return peer && (!joins || check_peer(peer, error)) ? g_strdup(peer->origin) : NULL;
}

gboolean community_operation_add(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    static const char operation[] = "community.add";
    const char *name, *peer;
    gboolean votes;
    g_auto(LedgerReadState) own = {0};
    g_autoptr(Community) community = NULL;
    g_autofree char *member = NULL;
    if (!operation_params_text(params, operation, "community", TRUE, &name, error) ||
        !operation_params_text(params, operation, "peer", TRUE, &peer, error) ||
        !operation_params_bool(params, operation, "votes", &votes, error) ||
        !ledger_read_state(notary_store(notary), &own, error) ||
        !(community = find_own(notary, name, own.origin, error)) ||
        !(member = find_member(notary, peer, own.origin, TRUE, error)))
        return FALSE;
    add_name(result, community->name);
    return admit(notary, community, member, votes, error);
}

static gboolean check_member(const Community *community, const char *origin, GError **error)
{
    if (communities_has(community, origin))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s is no member of %s", origin,
                community->name);
    return FALSE;
}

gboolean community_operation_remove(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error)
{
    static const char operation[] = "community.remove";
    const char *name, *peer, *reason;
    g_auto(LedgerReadState) own = {0};
    g_autoptr(Community) community = NULL;
    g_autofree char *member = NULL;
    if (!operation_params_text(params, operation, "community", TRUE, &name, error) ||
        !operation_params_text(params, operation, "peer", TRUE, &peer, error) ||
        !operation_params_text(params, operation, "reason", FALSE, &reason, error) ||
        !ledger_read_state(notary_store(notary), &own, error) ||
        !(community = find_own(notary, name, own.origin, error)) ||
        !(member = find_member(notary, peer, own.origin, FALSE, error)) ||
        !check_member(community, member, error))
        return FALSE;
    add_name(result, community->name);
    return append_member(notary, community, member, COMMUNITY_REMOVED, FALSE, reason, error);
}

/* --- leaving -----------------------------------------------------------------------------------
 */

typedef struct {
    const Community *community;
    const char *own;
} Leaving;

/* A NotaryExtra: at once, whenever the owner records it. */
static gboolean apply_leaving(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                              GError **error)
{
    const Leaving *leaving = user;
    const CommunityMember *known = communities_member(leaving->community, leaving->own);
    CommunityMember member = *known;
    member.step = COMMUNITY_LEAVING;
    return communities_set_member(tx, leaving->community->name, &member, error);
}

static gboolean leave(Notary *notary, const Community *community, const char *own, GError **error)
{
    const CommunityRecord content = {
        .community = community->name, .member = own, .step = COMMUNITY_LEFT};
    g_autofree char *members = community_member_members(&content);
    const char *const audience[] = {community->owner, NULL};
    const OpeningSpec spec = {.kind = COMMUNITY_MEMBER_KIND,
                              .audience = audience,
                              .members = members,
                              .members_length = strlen(members)};
    Leaving leaving = {community, own};
    guint64 index;
    return notary_append_with(notary, &spec, apply_leaving, &leaving, &index, error);
}

gboolean community_operation_leave(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error)
{
    const char *name;
    g_auto(LedgerReadState) own = {0};
    g_autoptr(Community) community = NULL;
    if (!operation_params_text(params, "community.leave", "community", TRUE, &name, error) ||
        !ledger_read_state(notary_store(notary), &own, error) ||
        !(community = find(notary, name, own.origin, error)) ||
        !check_member(community, own.origin, error))
        return FALSE;
    add_name(result, community->name);
    return community_name_is_of(community->name, own.origin)
               ? append_member(notary, community, own.origin, COMMUNITY_LEFT, FALSE, NULL, error)
               : leave(notary, community, own.origin, error);
}

/* Each record changes the community: it is read anew. */
static gboolean settle_next(Notary *notary, const char *own, gboolean *ret_found, GError **error)
{
    g_autoptr(GPtrArray) list = communities_list(notary_store(notary), error);
    *ret_found = FALSE;
    for (guint i = 0; list && i < list->len; i++) {
        const Community *community = list->pdata[i];
        if (!community_name_is_of(community->name, own))
            continue;
        for (guint j = 0; j < community->members->len; j++) {
            const CommunityMember *member = community->members->pdata[j];
            if (member->step != COMMUNITY_LEAVING)
                continue;
            *ret_found = TRUE;
            return append_member(notary, community, member->origin, COMMUNITY_LEFT, FALSE, NULL,
                                 error);
        }
    }
    return list != NULL;
}

gboolean community_operation_settle(Notary *notary, GError **error)
{
    g_auto(LedgerReadState) own = {0};
    if (!ledger_read_state(notary_store(notary), &own, error))
        return FALSE;
    for (gboolean found = TRUE; found;)
        if (!settle_next(notary, own.origin, &found, error))
            return FALSE;
    return TRUE;
}
