/* releaser_ground.c - what must not be blocked lightly. */
#include <string.h>

#include "exchange/card.h"
#include "node/releaser.h"
#include "store/contacts.h"
#include "store/own_card.h"
#include "store/peers.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* Longest list of resolvers, in the file or the setting, in bytes; most that count. */
#define RESOLVERS_BYTES (64 * 1024)

/* Numbers that are named in words. */
#define WORDS_MAX 10

/* An AS number that a card names. */
typedef struct {
    guint32 as;
    char *whose;
    char *label;
    gboolean routed; /* the table has a network of it */
} Named;

typedef struct {
    Protect *protect;
    GHashTable *named;   /* AS number -> Named */
    GPtrArray *in_order; /* the same, owned */
} Ground;

static void named_free(gpointer user)
{
    Named *named = user;
    g_free(named->whose);
    g_free(named->label);
    g_free(named);
}

static void ground_clear(Ground *ground)
{
    protect_free(ground->protect);
    g_hash_table_unref(ground->named);
    g_ptr_array_unref(ground->in_order);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ground, ground_clear)

/* --- what cards and concert.conf say ---------------------------------------------------------- */

static void add_list(Ground *ground, const char *const *list, const char *label)
{
    for (; list && *list; list++)
        protect_add_text(ground->protect, *list, label);
}

/* Who names it first has it. */
static void add_as(Ground *ground, guint32 as, const char *whose)
{
    if (g_hash_table_contains(ground->named, GUINT_TO_POINTER(as)))
        return;
    Named *named = g_new0(Named, 1);
    *named = (Named){.as = as,
                     .whose = g_strdup(whose),
                     .label = g_strdup_printf("AS%u, constituency of %s", as, whose)};
    g_ptr_array_add(ground->in_order, named);
    g_hash_table_insert(ground->named, GUINT_TO_POINTER(as), named);
}

static void add_card(Ground *ground, const char *text, const char *whose)
{
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), NULL) : NULL;
    if (!card)
        return;
    g_autofree char *constituency = g_strdup_printf("constituency of %s", whose);
    g_autofree char *endpoint = g_strdup_printf("endpoint of %s", whose);
    add_list(ground, (const char *const *)card->endpoints, endpoint);
    add_list(ground, (const char *const *)card->ip, constituency);
    add_list(ground, (const char *const *)card->domains, constituency);
    for (guint i = 0; i < card->as->len; i++)
        add_as(ground, g_array_index(card->as, guint32, i), whose);
}

static char **split_words(const char *text)
{
    return g_strsplit_set(text ? text : "", " \t,", -1);
}

static void add_words(Ground *ground, const char *text, const char *label)
{
    g_auto(GStrv) words = split_words(text);
    for (guint i = 0; words[i]; i++)
        if (*words[i])
            protect_add_text(ground->protect, words[i], label);
}

/* "AS64500 64501" */
static void add_numbers(Ground *ground, const char *text, const char *whose)
{
    g_auto(GStrv) words = split_words(text);
    for (guint i = 0; words[i]; i++) {
        const char *digits = words[i] + (g_ascii_strncasecmp(words[i], "AS", 2) == 0 ? 2 : 0);
        guint64 as;
        if (g_ascii_string_to_unsigned(digits, 10, 1, G_MAXUINT32, &as, NULL))
            add_as(ground, (guint32)as, whose);
    }
}

/* The node itself: what its card says, and what concert.conf does before it is published. */
static gboolean add_own(Ground *ground, const Config *config, Store *store, GError **error)
{
    g_autofree char *card = NULL;
    const char *name = config_string(config, SETTING_NODE_NAME);
    if (!own_card_get(store, &card, error))
        return FALSE;
    add_card(ground, card, "this node");
    add_words(ground, name, "name of this node");
    add_words(ground, config_text(config, SETTING_CARD_URL), "endpoint of this node");
    add_words(ground, config_text(config, SETTING_CARD_CONSTITUENCY_IP),
              "constituency of this node");
    add_words(ground, config_text(config, SETTING_CARD_CONSTITUENCY_DOMAINS),
              "constituency of this node");
    add_numbers(ground, config_text(config, SETTING_CARD_CONSTITUENCY_AS), "this node");
    return TRUE;
}

static gboolean add_peers(Ground *ground, Store *store, GError **error)
{
    g_autoptr(GPtrArray) peers = peers_list(store, error);
    for (guint i = 0; peers && i < peers->len; i++) {
        const Peer *known = peers->pdata[i];
        if (known->state != PEER_ACTIVE && known->state != PEER_SUSPENDED)
            continue;
        g_autoptr(Peer) peer = peers_get(store, known->origin, error);
        if (!peer)
            return FALSE;
        g_autofree char *name = g_strdup_printf("name of %s", peer->node);
        add_words(ground, peer->node, name);
        add_card(ground, peer->card, peer->node);
    }
    return peers != NULL;
}

static void add_resolvers(Ground *ground, const Config *config)
{
    g_autofree char *text = NULL;
    gsize length;
    if (g_file_get_contents(RESOLV_CONF, &text, &length, NULL) && length <= RESOLVERS_BYTES) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (guint i = 0; lines[i]; i++)
            if (g_str_has_prefix(lines[i], "nameserver"))
                add_words(ground, lines[i] + strlen("nameserver"), "resolver of this machine");
    }
    add_words(ground, config_string(config, SETTING_SHIELD_RESOLVERS),
              "resolver named in concert.conf");
}

/* --- what lies in an AS ----------------------------------------------------------------------- */

static void take_route(gpointer user, const char *prefix, guint32 asn)
{
    Ground *ground = user;
    Named *named = g_hash_table_lookup(ground->named, GUINT_TO_POINTER(asn));
    if (!named)
        return;
    named->routed = TRUE;
    protect_add_route(ground->protect, prefix, named->label);
}

/* Smaller networks in it that the table gives to others. */
static void take_other(gpointer user, const char *prefix, guint32 asn)
{
    Ground *ground = user;
    if (!g_hash_table_contains(ground->named, GUINT_TO_POINTER(asn)))
        protect_add_route(ground->protect, prefix, NULL);
}

static gboolean add_routes(Ground *ground, Store *store, GError **error)
{
    return ground->in_order->len == 0 || (contacts_each_route(store, take_route, ground, error) &&
                                          contacts_each_route(store, take_other, ground, error));
}

static void unknown_free(gpointer user)
{
    ReleaserUnknown *unknown = user;
    g_free(unknown->whose);
    g_free(unknown);
}

static GPtrArray *list_unknown(const Ground *ground)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(unknown_free);
    for (guint i = 0; i < ground->in_order->len; i++) {
        const Named *named = ground->in_order->pdata[i];
        if (named->routed)
            continue;
        ReleaserUnknown *unknown = g_new0(ReleaserUnknown, 1);
        *unknown = (ReleaserUnknown){.as = named->as, .whose = g_strdup(named->whose)};
        g_ptr_array_add(list, unknown);
    }
    return list;
}

char *releaser_unknown_words(const GPtrArray *unknown)
{
    g_autoptr(GString) words = g_string_new(NULL);
    for (guint i = 0; i < MIN(unknown->len, WORDS_MAX); i++) {
        const ReleaserUnknown *each = unknown->pdata[i];
        g_string_append_printf(words, "%sAS%u of %s", i > 0 ? ", " : "", each->as, each->whose);
    }
    if (unknown->len > WORDS_MAX)
        g_string_append_printf(words, ", and %u more", unknown->len - WORDS_MAX);
    return g_string_free(g_steal_pointer(&words), FALSE);
}

Protect *releaser_ground(const Config *config, Store *store, GPtrArray **ret_unknown,
                         GError **error)
{
    g_auto(Ground) ground = {.protect = protect_new(),
                             .named = g_hash_table_new(NULL, NULL),
                             .in_order = g_ptr_array_new_with_free_func(named_free)};
    if (!add_own(&ground, config, store, error) || !add_peers(&ground, store, error) ||
        !add_routes(&ground, store, error))
        return NULL;
    add_resolvers(&ground, config);
    *ret_unknown = list_unknown(&ground);
    return g_steal_pointer(&ground.protect);
}
