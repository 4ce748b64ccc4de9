#include "exchange/routing.h"

#include <string.h>

#include "exchange/card.h"
#include "exchange/routing_index.h"
#include "stix/observable_domain.h"
#include "stix/observable_url.h"
#include "store/own_card.h"
#include "store/peers.h"

/* Of those filed under the same, who comes first. */
enum { RANK_PEER, RANK_CONTACT, RANK_OWN };

#define OWN 0 /* the number of the party that is this node itself */

typedef struct {
    RoutingParty party;
    gboolean is_contact;
    char *source; /* "its node card says", "the list contacts.csv says" */
} Party;

typedef struct {
    ContactsStopKind stop;
    char *value, *reason;
} Stop;

struct Routing {
    GPtrArray *parties; /* Party *; the first is this node */
    RoutingIndex *answer, *routes, *stops;
    GPtrArray *stop_list;  /* Stop * */
    GHashTable *by_stop;   /* recipients who are not told: key -> Stop */
    GHashTable *by_key;    /* key -> number of the party + 1 */
    GHashTable *hosts;     /* host -> number of the party + 1 */
    GHashTable *by_number; /* number of the store's contact -> number of the party + 1 */
};

const char *routing_verdict_name(RoutingVerdict verdict)
{
    static const char *const names[] = {"nobody", "party", "own", "opt-out", "hold"};
    return names[verdict];
}

void routing_result_clear(RoutingResult *result)
{
    g_clear_pointer(&result->why, g_free);
}

static void party_free(Party *party)
{
    g_free((char *)party->party.key);
    g_free((char *)party->party.email);
    g_free((char *)party->party.name);
    g_free((char *)party->party.language);
    g_free((char *)party->party.openpgp);
    g_free(party->source);
    g_free(party);
}

static void stop_free(Stop *stop)
{
    g_free(stop->value);
    g_free(stop->reason);
    g_free(stop);
}

void routing_free(Routing *routing)
{
    if (!routing)
        return;
    g_clear_pointer(&routing->parties, g_ptr_array_unref);
    g_clear_pointer(&routing->answer, routing_index_free);
    g_clear_pointer(&routing->routes, routing_index_free);
    g_clear_pointer(&routing->stops, routing_index_free);
    g_clear_pointer(&routing->by_stop, g_hash_table_unref);
    g_clear_pointer(&routing->stop_list, g_ptr_array_unref);
    g_clear_pointer(&routing->by_key, g_hash_table_unref);
    g_clear_pointer(&routing->by_number, g_hash_table_unref);
    g_clear_pointer(&routing->hosts, g_hash_table_unref);
    g_free(routing);
}

guint routing_count(const Routing *routing)
{
    return routing->parties->len;
}

RoutingParty routing_party(const Routing *routing, guint number)
{
    return ((const Party *)routing->parties->pdata[number])->party;
}

/* --- what is known -----------------------------------------------------------------------------
 */

/* Takes @source. */
static guint add_party(Routing *routing, const RoutingParty *from, gboolean is_contact,
                       char *source)
{
    Party *party = g_new0(Party, 1);
    party->party = (RoutingParty){.key = g_strdup(from->key),
                                  .email = g_strdup(from->email),
                                  .name = g_strdup(from->name),
                                  .language = g_strdup(from->language),
                                  .openpgp = g_strdup(from->openpgp)};
    party->is_contact = is_contact;
    party->source = source;
    g_ptr_array_add(routing->parties, party);
    guint number = routing->parties->len - 1;
    g_hash_table_insert(routing->by_key, (gpointer)party->party.key, GUINT_TO_POINTER(number + 1));
    return number;
}

static void file(RoutingIndex *index, ContactsKind kind, const char *value, guint rank,
                 guint32 number)
{
    ObservableAddress network;
    if (kind == CONTACTS_NETWORK && observable_address_parse(value, strlen(value), &network))
        routing_index_add_network(index, &network, rank, number);
    else if (kind == CONTACTS_AS)
        routing_index_add_as(index, (guint32)g_ascii_strtoull(value, NULL, 10), rank, number);
    else if (kind == CONTACTS_DOMAIN)
        routing_index_add_domain(index, value, rank, number);
}

static void file_card(Routing *routing, const Card *card, guint rank, guint number)
{
    for (guint i = 0; card->ip[i]; i++)
        file(routing->answer, CONTACTS_NETWORK, card->ip[i], rank, number);
    for (guint i = 0; i < card->as->len; i++)
        routing_index_add_as(routing->answer, g_array_index(card->as, guint32, i), rank, number);
    for (guint i = 0; card->domains[i]; i++)
        file(routing->answer, CONTACTS_DOMAIN, card->domains[i], rank, number);
}

static gboolean load_own(Routing *routing, Store *store, GError **error)
{
    g_autofree char *text = NULL;
    const RoutingParty self = {.key = ""};
    add_party(routing, &self, FALSE, g_strdup("this node's own card says"));
    if (!own_card_get(store, &text, error))
        return FALSE;
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), NULL) : NULL;
    if (card)
        file_card(routing, card, RANK_OWN, OWN);
    return TRUE;
}

static gboolean load_peers(Routing *routing, Store *store, GError **error)
{
    g_autoptr(GPtrArray) peers = peers_list(store, error);
    for (guint i = 0; peers && i < peers->len; i++) {
        const Peer *one = peers->pdata[i];
        if (one->state != PEER_ACTIVE)
            continue;
        g_autoptr(Peer) peer = peers_get(store, one->node, error);
        if (!peer)
            return FALSE;
        g_autoptr(Card) card = peer->card ? card_parse(peer->card, strlen(peer->card), NULL) : NULL;
        const RoutingParty party = {.key = peer->node,
                                    .name = peer->organisation,
                                    .language = card ? card->languages[0] : NULL};
        guint number = add_party(routing, &party, FALSE, g_strdup("its node card says"));
        if (card)
            file_card(routing, card, RANK_PEER, number);
    }
    return peers != NULL;
}

/* A contact that is a node is told only as long as it is a peer. */
static gboolean load_contacts(Routing *routing, Store *store, GError **error)
{
    g_autoptr(GPtrArray) contacts = contacts_list(store, error);
    for (guint i = 0; contacts && i < contacts->len; i++) {
        const Contact *one = contacts->pdata[i];
        guint known = GPOINTER_TO_UINT(g_hash_table_lookup(routing->by_key, one->key));
        if (!known && one->node)
            continue;
        const RoutingParty party = {.key = one->key,
                                    .email = one->email,
                                    .name = one->name,
                                    .language = one->language,
                                    .openpgp = one->openpgp};
        guint number = known
                           ? known - 1
                           : add_party(routing, &party, TRUE,
                                       g_strdup_printf("the list %s says",
                                                       one->source ? one->source : "of contacts"));
        gint64 *key = g_memdup2(&one->number, sizeof one->number);
        g_hash_table_insert(routing->by_number, key, GUINT_TO_POINTER(number + 1));
    }
    return contacts != NULL;
}

static void load_scope(gpointer user, const ContactsScope *scope)
{
    Routing *routing = user;
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(routing->by_number, &scope->contact));
    if (number)
        file(routing->answer, scope->kind, scope->value, RANK_CONTACT, number - 1);
}

static void load_route(gpointer user, const char *prefix, guint32 asn)
{
    Routing *routing = user;
    file(routing->routes, CONTACTS_NETWORK, prefix, 0, asn);
}

static gboolean load_stops(Routing *routing, Store *store, gint64 now, GError **error)
{
    g_autoptr(GPtrArray) stops = contacts_stops(store, error);
    for (guint i = 0; stops && i < stops->len; i++) {
        const ContactsStop *one = stops->pdata[i];
        if (one->until != 0 && one->until <= now)
            continue;
        Stop *stop = g_new0(Stop, 1);
        *stop = (Stop){one->stop, g_strdup(one->value), g_strdup(one->reason)};
        guint rank = one->stop == CONTACTS_HOLD ? 0 : 1;
        if (one->kind == CONTACTS_ADDRESS)
            g_hash_table_insert(routing->by_stop, stop->value, stop);
        else
            file(routing->stops, one->kind, one->value, rank, routing->stop_list->len);
        g_ptr_array_add(routing->stop_list, stop);
    }
    return stops != NULL;
}

Routing *routing_load(Store *store, gint64 now, GError **error)
{
    g_autoptr(Routing) routing = g_new0(Routing, 1);
    routing->parties = g_ptr_array_new_with_free_func((GDestroyNotify)party_free);
    routing->answer = routing_index_new();
    routing->routes = routing_index_new();
    routing->stops = routing_index_new();
    routing->stop_list = g_ptr_array_new_with_free_func((GDestroyNotify)stop_free);
    routing->by_stop = g_hash_table_new(g_str_hash, g_str_equal);
    routing->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    routing->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    routing->by_number = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    if (!load_own(routing, store, error) || !load_peers(routing, store, error) ||
        !load_contacts(routing, store, error) ||
        !contacts_each_scope(store, load_scope, routing, error) ||
        !contacts_each_route(store, load_route, routing, error) ||
        !load_stops(routing, store, now, error))
        return NULL;
    routing_index_seal(routing->answer);
    routing_index_seal(routing->routes);
    routing_index_seal(routing->stops);
    return g_steal_pointer(&routing);
}

void routing_add_host(Routing *routing, const char *email, const char *language, const char *host,
                      const char *source)
{
    g_autofree char *key = g_ascii_strdown(email, -1);
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(routing->by_key, key));
    const RoutingParty party = {.key = key, .email = email, .language = language};
    guint number =
        known ? known - 1 : add_party(routing, &party, TRUE, g_strdup_printf("%s says", source));
    g_hash_table_insert(routing->hosts, g_strdup(host), GUINT_TO_POINTER(number + 1));
}

/* --- finding -----------------------------------------------------------------------------------
 */

/* What a finding is looked up by. */
typedef struct {
    ObservableAddress networks[2]; /* its address or prefix; the host of its URL */
    guint n_networks;
    char *domains[3];
    guint n_domains;
    guint32 as[2]; /* of the table of routes, and of the report */
    guint n_as;
    ObservableAddress routed; /* by which network the first AS was found */
    gboolean by_route;
} Subject;

static void subject_clear(Subject *subject)
{
    for (guint i = 0; i < subject->n_domains; i++)
        g_free(subject->domains[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Subject, subject_clear)

static void take_network(Subject *subject, const char *text, gsize length)
{
    if (subject->n_networks < G_N_ELEMENTS(subject->networks) &&
        observable_address_parse(text, length, &subject->networks[subject->n_networks]))
        subject->n_networks++;
}

static void take_domain(Subject *subject, const char *text, gsize length)
{
    if (length > 0 && subject->n_domains < G_N_ELEMENTS(subject->domains))
        subject->domains[subject->n_domains++] = g_strndup(text, length);
}

static void take_url(Subject *subject, const char *url)
{
    g_autoptr(GString) text = g_string_new(NULL);
    ObservableUrlParts parts;
    if (!observable_url_append(url, strlen(url), text, &parts))
        return;
    if (parts.host_kind == OBSERVABLE_DOMAIN)
        take_domain(subject, text->str + parts.host, parts.host_length);
    else
        take_network(subject, text->str + parts.host, parts.host_length);
}

static gboolean take_route(gpointer user, const RoutingHit *hit)
{
    Subject *subject = user;
    subject->as[subject->n_as++] = hit->value;
    subject->routed = hit->network;
    subject->by_route = TRUE;
    return FALSE;
}

static void read_subject(const Routing *routing, const Finding *finding, Subject *subject)
{
    if (finding->url)
        take_url(subject, finding->url);
    if (finding->domain)
        take_domain(subject, finding->domain, strlen(finding->domain));
    if (finding->email && strchr(finding->email, '@')) {
        const char *domain = strrchr(finding->email, '@') + 1;
        take_domain(subject, domain, strlen(domain));
    }
    if (finding->address)
        take_network(subject, finding->address, strlen(finding->address));
    else if (finding->prefix)
        take_network(subject, finding->prefix, strlen(finding->prefix));
    for (guint i = 0; i < subject->n_networks && subject->n_as == 0; i++)
        routing_index_network(routing->routes, &subject->networks[i], take_route, subject);
    if (finding->asn != 0 && (subject->n_as == 0 || subject->as[0] != finding->asn))
        subject->as[subject->n_as++] = finding->asn;
}

typedef struct {
    const Routing *routing;
    guint party; /* ROUTING_NO_PARTY: none yet */
    RoutingHit hit;
    gboolean is_own; /* something more exact is this node's own */
    RoutingHit own;
} Search;

static gboolean visit_party(gpointer user, const RoutingHit *hit)
{
    Search *search = user;
    if (hit->value == OWN) {
        if (!search->is_own)
            search->own = *hit;
        search->is_own = TRUE;
        return TRUE;
    }
    const Party *party = search->routing->parties->pdata[hit->value];
    if (search->is_own && !party->is_contact)
        return TRUE;
    search->party = hit->value;
    search->hit = *hit;
    return FALSE;
}

/* "192.0.2.0/24", or the domain. Caller frees. */
static char *describe(const RoutingHit *hit)
{
    char buffer[OBSERVABLE_ADDRESS_MAX];
    if (hit->domain)
        return g_strdup(hit->domain);
    observable_address_format(&hit->network, buffer);
    return g_strdup(buffer);
}

/* "AS64496, as the report says". */
static char *describe_as(const Subject *subject, guint i)
{
    if (i > 0 || !subject->by_route)
        return g_strdup_printf("AS%u, as the report says", subject->as[i]);
    const RoutingHit hit = {.network = subject->routed};
    g_autofree char *network = describe(&hit);
    return g_strdup_printf("AS%u, to which %s belongs", subject->as[0], network);
}

static char *explain(const Routing *routing, const char *what, guint party)
{
    const Party *one = routing->parties->pdata[party];
    return g_strdup_printf("%s: %s", what, one->source);
}

static gboolean found(const Search *search)
{
    return search->party != ROUTING_NO_PARTY;
}

/* Who the very host names. */
static char *search_host(Search *search, const Subject *subject)
{
    const Routing *routing = search->routing;
    for (guint i = 0; i < subject->n_domains; i++) {
        guint number = GPOINTER_TO_UINT(g_hash_table_lookup(routing->hosts, subject->domains[i]));
        if (!number)
            continue;
        search->party = number - 1;
        return explain(routing, subject->domains[i], search->party);
    }
    return NULL;
}

/* The party, and what it was found by. Caller frees; NULL: none. */
static char *search_party(Search *search, const Subject *subject)
{
    const Routing *routing = search->routing;
    for (guint i = 0; i < subject->n_domains && !found(search); i++)
        routing_index_domain(routing->answer, subject->domains[i], visit_party, search);
    for (guint i = 0; i < subject->n_networks && !found(search); i++)
        routing_index_network(routing->answer, &subject->networks[i], visit_party, search);
    if (found(search)) {
        g_autofree char *what = describe(&search->hit);
        return explain(routing, what, search->party);
    }
    gboolean was_own = search->is_own;
    for (guint i = 0; i < subject->n_as && !found(search); i++) {
        routing_index_as(routing->answer, subject->as[i], visit_party, search);
        g_autofree char *what = describe_as(subject, i);
        if (found(search))
            return explain(routing, what, search->party);
        if (search->is_own && !was_own)
            return explain(routing, what, OWN);
    }
    if (!search->is_own)
        return search_host(search, subject);
    g_autofree char *what = describe(&search->own);
    return explain(routing, what, OWN);
}

static gboolean visit_stop(gpointer user, const RoutingHit *hit)
{
    gpointer *search = user;
    const Routing *routing = search[0];
    const Stop *stop = routing->stop_list->pdata[hit->value], *known = search[1];
    if (!known || (stop->stop == CONTACTS_HOLD && known->stop != CONTACTS_HOLD))
        search[1] = (gpointer)stop;
    return TRUE;
}

/* A hold of anything that it is about, else an opt-out. */
static const Stop *search_stop(const Routing *routing, const Subject *subject,
                               const Finding *finding, guint party)
{
    gpointer search[2] = {(gpointer)routing, NULL};
    for (guint i = 0; i < subject->n_domains; i++)
        routing_index_domain(routing->stops, subject->domains[i], visit_stop, search);
    for (guint i = 0; i < subject->n_networks; i++)
        routing_index_network(routing->stops, &subject->networks[i], visit_stop, search);
    for (guint i = 0; i < subject->n_as; i++)
        routing_index_as(routing->stops, subject->as[i], visit_stop, search);
    const char *keys[] = {finding->email,
                          party == ROUTING_NO_PARTY ? NULL : routing_party(routing, party).key};
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        const Stop *stop = keys[i] ? g_hash_table_lookup(routing->by_stop, keys[i]) : NULL;
        const Stop *known = search[1];
        if (stop && (!known || (stop->stop == CONTACTS_HOLD && known->stop != CONTACTS_HOLD)))
            search[1] = (gpointer)stop;
    }
    return search[1];
}

void routing_find(const Routing *routing, const Finding *finding, RoutingResult *ret_result)
{
    g_auto(Subject) subject = {0};
    Search search = {.routing = routing, .party = ROUTING_NO_PARTY};
    read_subject(routing, finding, &subject);
    char *why = search_party(&search, &subject);
    const Stop *stop = search_stop(routing, &subject, finding, search.party);
    *ret_result = (RoutingResult){.party = search.party, .why = why};
    if (stop) {
        ret_result->verdict = stop->stop == CONTACTS_HOLD ? ROUTING_HOLD : ROUTING_OPT_OUT;
        g_free(ret_result->why);
        ret_result->why =
            stop->reason ? g_strdup_printf("%s of %s: %s", contacts_stop_name(stop->stop),
                                           stop->value, stop->reason)
                         : g_strdup_printf("%s of %s", contacts_stop_name(stop->stop), stop->value);
    } else if (found(&search)) {
        ret_result->verdict = ROUTING_PARTY;
    } else if (search.is_own) {
        ret_result->verdict = ROUTING_OWN;
    } else {
        ret_result->verdict = ROUTING_NOBODY;
        ret_result->why = g_strdup("nobody is known who answers for it");
    }
}

char *routing_host(const Finding *finding)
{
    g_auto(Subject) subject = {0};
    if (finding->url)
        take_url(&subject, finding->url);
    else if (finding->domain)
        take_domain(&subject, finding->domain, strlen(finding->domain));
    return subject.n_domains > 0 ? g_strdup(subject.domains[0]) : NULL;
}
