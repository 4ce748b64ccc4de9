#include "node/card_publisher.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "exchange/card.h"
#include "exchange/card_field.h"
#include "exchange/rulebook.h"
#include "ledger/origin.h"
#include "node/tls.h"
#include "store/declared_hours.h"
#include "store/ledger_read.h"
#include "store/own_card.h"

#define CONTACTS_MAX (256 * 1024) /* bytes of the file */

/* One card at a time. */
static GMutex publishing;

/* What the node is, gathered; the CardSpec borrows from it. */
typedef struct {
    Config *config;
    LedgerReadState ledger;
    char *node, *message_vkey, *parcel, *contacts, *pin;
    char **roles, **languages, **urls, **ip, **as, **domains;
    const char *pins[2];
    const char *capabilities[5];
} Facts;

static void facts_clear(Facts *facts)
{
    g_clear_pointer(&facts->config, config_free);
    ledger_read_state_clear(&facts->ledger);
    char *const texts[] = {facts->node, facts->message_vkey, facts->parcel, facts->contacts,
                           facts->pin};
    char **const lists[] = {facts->roles, facts->languages, facts->urls,
                            facts->ip,    facts->as,        facts->domains};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        g_strfreev(lists[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Facts, facts_clear)

/* --- settings ----------------------------------------------------------------------------------
 */

/* The words of a setting, in the form that cards have them in. */
static gboolean read_words(const Config *config, SettingId id, CardField field, char ***ret_words,
                           GError **error)
{
    const char *text = config_string(config, id);
    g_auto(GStrv) parts = g_strsplit_set(text ? text : "", " \t,", -1);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; parts[i]; i++) {
        if (!*parts[i])
            continue;
        char *word = card_field_canonical(field, parts[i]);
        if (!word) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "[card] %s: \"%s\" is not %s",
                        settings_get(id)->name, parts[i], card_field_what(field));
            return FALSE;
        }
        g_ptr_array_add(words, word);
    }
    g_ptr_array_add(words, NULL);
    *ret_words = (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
    return TRUE;
}

static gboolean check_roles(char **roles, GError **error)
{
    for (guint i = 0; roles[i]; i++) {
        if (card_role_is_known(roles[i]))
            continue;
        g_autofree char *all = g_strjoinv(", ", (char **)card_roles());
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "[card] roles: there is no role \"%s\"; there are %s", roles[i], all);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_contacts(const Config *config, char **ret_contacts, GError **error)
{
    const char *path = config_path(config, SETTING_CARD_CONTACTS);
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;
    gsize length;
    if (!path)
        return TRUE;
    if (!g_file_get_contents(path, &text, &length, &local) || length > CONTACTS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "[card] contacts: %s",
                    local ? local->message : "the file is too large");
        return FALSE;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, &local);
    if (!doc || !card_check_contacts(yyjson_doc_get_root(doc), &local)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "[card] contacts: %s: %s", path,
                    local->message);
        return FALSE;
    }
    *ret_contacts = g_steal_pointer(&text);
    return TRUE;
}

/* The pin of the certificate, which is made if there is none; none as long as no TLS is spoken. */
static gboolean read_pin(Facts *facts, GError **error)
{
    gboolean tls = FALSE;
    for (guint i = 0; facts->urls[i]; i++)
        tls = tls || g_str_has_prefix(facts->urls[i], "https:");
    if (!tls)
        return TRUE;
    g_autofree char *key = NULL, *certificate = NULL;
    if (!tls_load(config_path(facts->config, SETTING_SERVER_TLS_KEY),
                  config_path(facts->config, SETTING_SERVER_TLS_CERTIFICATE),
                  config_string(facts->config, SETTING_NODE_NAME), &key, &certificate, error))
        return FALSE;
    memset(key, 0, strlen(key));
    facts->pins[0] = facts->pin = tls_pin(certificate, error);
    return facts->pin != NULL;
}

static gboolean read_settings(Facts *facts, GError **error)
{
    static const struct {
        SettingId id;
        CardField field;
        gsize offset;
    } lists[] = {
        {SETTING_CARD_ROLES, CARD_FIELD_WORD, G_STRUCT_OFFSET(Facts, roles)},
        {SETTING_CARD_LANGUAGES, CARD_FIELD_LANGUAGE, G_STRUCT_OFFSET(Facts, languages)},
        {SETTING_CARD_URL, CARD_FIELD_ENDPOINT, G_STRUCT_OFFSET(Facts, urls)},
        {SETTING_CARD_CONSTITUENCY_IP, CARD_FIELD_PREFIX, G_STRUCT_OFFSET(Facts, ip)},
        {SETTING_CARD_CONSTITUENCY_AS, CARD_FIELD_AS, G_STRUCT_OFFSET(Facts, as)},
        {SETTING_CARD_CONSTITUENCY_DOMAINS, CARD_FIELD_DOMAIN, G_STRUCT_OFFSET(Facts, domains)},
    };
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        if (!read_words(facts->config, lists[i].id, lists[i].field,
                        G_STRUCT_MEMBER_P(facts, lists[i].offset), error))
            return FALSE;
    return check_roles(facts->roles, error) &&
           read_contacts(facts->config, &facts->contacts, error) && read_pin(facts, error);
}

/* --- keys --------------------------------------------------------------------------------------
 */

static gboolean read_keys(Notary *notary, Facts *facts, GError **error)
{
    guint8 parcel[NOTE_X25519_SIZE];
    if (!ledger_read_state(notary_store(notary), &facts->ledger, error) ||
        !(facts->message_vkey = notary_message_key(notary, error)) ||
        !notary_parcel_public(notary, parcel, error))
        return FALSE;
    facts->node = origin_node(facts->ledger.origin);
    facts->parcel = g_base64_encode(parcel, sizeof parcel);
    return TRUE;
}

static gboolean gather(Notary *notary, Facts *facts, GError **error)
{
    guint n = 0;
    if (!(facts->config = config_load_node(notary_node(notary), error)) ||
        !read_settings(facts, error) || !read_keys(notary, facts, error))
        return FALSE;
    facts->capabilities[n++] = "exchange/v1";
    facts->capabilities[n++] = "parcel/v1";
    if (config_bool(facts->config, SETTING_EXCHANGE_WITNESS_PEERS))
        facts->capabilities[n++] = CARD_CAPABILITY_WITNESS;
    if (config_bool(facts->config, SETTING_CARD_LISTED))
        facts->capabilities[n++] = CARD_CAPABILITY_LISTED;
    return TRUE;
}

static CardSpec make_spec(const Facts *facts, guint64 number)
{
    return (CardSpec){
        .node = facts->node,
        .origin = facts->ledger.origin,
        .number = number,
        .time_us = timestamp_now(),
        .organisation = config_string(facts->config, SETTING_NODE_ORGANISATION),
        .affiliation = config_string(facts->config, SETTING_CARD_AFFILIATION),
        .roles = (const char *const *)facts->roles,
        .languages = (const char *const *)facts->languages,
        .endpoints = (const char *const *)facts->urls,
        .tls = facts->pins,
        .capabilities = facts->capabilities,
        .contacts = facts->contacts,
        .vkeys = {facts->ledger.keys[LEDGER_KEY], facts->ledger.keys[LEDGER_COSIGN_KEY],
                  facts->ledger.keys[LEDGER_RECOVERY_KEY], facts->message_vkey},
        .parcel = facts->parcel,
        .ip = (const char *const *)facts->ip,
        .as = (const char *const *)facts->as,
        .domains = (const char *const *)facts->domains,
        .rulebook = rulebook_default_hash(),
    };
}

/* --- publishing --------------------------------------------------------------------------------
 */

static gboolean read_newest(Store *store, Card **ret_card, GError **error)
{
    g_autofree char *text = NULL;
    if (!own_card_get(store, &text, error))
        return FALSE;
    *ret_card = text ? card_parse(text, strlen(text), error) : NULL;
    return *ret_card || !text;
}

/* A card that is new. */
typedef struct {
    const Card *card;
    const char *text;
} Fresh;

static gboolean keep_card(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                          GError **error)
{
    const Fresh *fresh = user;
    return own_card_put(tx, fresh->text, error) &&
           declared_hours_put(tx, fresh->card->node, fresh->card->time_us, fresh->card->hours,
                              error);
}

static gboolean append_card(Notary *notary, const Card *card, const char *text, GError **error)
{
    Fresh fresh = {card, text};
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    const OpeningItemSpec item = {bytes, CARD_MEDIA_TYPE};
    g_autofree char *members = g_strdup_printf("{\"number\":%" G_GUINT64_FORMAT "}", card->number);
    const OpeningSpec spec = {.kind = CARD_KIND,
                              .is_public = TRUE,
                              .items = &item,
                              .n_items = 1,
                              .members = members,
                              .members_length = strlen(members)};
    guint64 index;
    return notary_append_with(notary, &spec, keep_card, &fresh, &index, error);
}

static gboolean update(Notary *notary, gboolean force, gboolean *ret_published, GError **error)
{
    g_autoptr(Card) newest = NULL;
    g_auto(Facts) facts = {0};
    if (!read_newest(notary_store(notary), &newest, error) || !gather(notary, &facts, error))
        return FALSE;
    const CardSpec spec = make_spec(&facts, newest ? newest->number + 1 : 1);
    const NoteSigner *signer = notary_ledger_signer(notary, error);
    g_autofree char *text = signer ? card_make(&spec, signer, error) : NULL;
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), error) : NULL;
    if (!card)
        return FALSE;
    *ret_published = force || !newest || !card_equal(newest, card);
    return !*ret_published || append_card(notary, card, text, error);
}

gboolean card_publisher_update(Notary *notary, gboolean force, gboolean *ret_published,
                               GError **error)
{
    gboolean published;
    g_mutex_lock(&publishing);
    gboolean good = update(notary, force, &published, error);
    g_mutex_unlock(&publishing);
    if (good && ret_published)
        *ret_published = published;
    return good;
}

gboolean card_publisher_refresh(Notary *notary, gboolean *ret_published, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    if (!config || !own_card_get(notary_store(notary), &text, error))
        return FALSE;
    const char *url = config_string(config, SETTING_CARD_URL);
    if (text || (url && *url))
        return card_publisher_update(notary, FALSE, ret_published, error);
    if (ret_published)
        *ret_published = FALSE;
    return TRUE;
}

char *card_publisher_get(Notary *notary, GError **error)
{
    char *text = NULL;
    if (!own_card_get(notary_store(notary), &text, error))
        return NULL;
    if (text)
        return text;
    return card_publisher_update(notary, FALSE, NULL, error) &&
                   own_card_get(notary_store(notary), &text, error)
               ? text
               : NULL;
}
