#include "exchange/card.h"

#include <string.h>

#include "base/error.h"
#include "base/hours.h"
#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "exchange/card_field.h"
#include "ledger/opening.h"
#include "ledger/origin.h"

static const char *const roles[] = {
    "national-cert", "contact-point-24-7", "law-enforcement", "diplomatic", "sector-team",
    "operator",      "coordinator",        "observer",        "witness",    NULL,
};

const char *const *card_roles(void)
{
    return roles;
}

gboolean card_role_is_known(const char *role)
{
    return g_strv_contains(roles, role);
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* The keys, what they have to be called after the node, and what they sign with. */
static const struct {
    const char *name, *suffix; /* NULL: the origin itself */
    NoteAlgorithm algorithm;
} keys[CARD_KEYS] = {
    [CARD_LEDGER_KEY] = {"ledger", NULL, NOTE_ED25519},
    [CARD_COSIGN_KEY] = {"cosign", "/witness", NOTE_COSIGNATURE},
    [CARD_RECOVERY_KEY] = {"recovery", "/recovery", NOTE_ED25519},
    [CARD_MESSAGE_KEY] = {"message", "/message", NOTE_ED25519},
};

static gboolean read_key(yyjson_val *object, CardKey which, Card *card, GError **error)
{
    const char *vkey = yyjson_get_str(yyjson_obj_get(object, keys[which].name));
    if (!vkey)
        return error_input(error, "keys: \"%s\" is missing", keys[which].name);
    NoteVerifier *key = card->keys[which] = note_verifier_parse(vkey, error);
    if (!key) {
        g_prefix_error(error, "keys: \"%s\": ", keys[which].name);
        return FALSE;
    }
    g_autofree char *name = keys[which].suffix ? g_strconcat(card->node, keys[which].suffix, NULL)
                                               : g_strdup(card->origin);
    if (!g_str_equal(key->name, name) || key->algorithm != keys[which].algorithm)
        return error_input(error, "keys: \"%s\" is no %s key called %s", keys[which].name,
                           note_algorithm_name(keys[which].algorithm), name);
    for (guint i = 0; i < which; i++)
        if (g_bytes_equal(card->keys[i]->key, key->key))
            return error_input(error, "keys: \"%s\" and \"%s\" are the same", keys[i].name,
                               keys[which].name);
    card->vkeys[which] = g_strdup(vkey);
    return TRUE;
}

static gboolean read_keys(yyjson_val *body, Card *card, GError **error)
{
    yyjson_val *object = yyjson_obj_get(body, "keys");
    if (!yyjson_is_obj(object))
        return error_input(error, "\"keys\" is missing");
    for (guint i = 0; i < CARD_KEYS; i++)
        if (!read_key(object, (CardKey)i, card, error))
            return FALSE;
    if (!card_field_text(object, "parcel", CARD_FIELD_KEY, TRUE, &card->parcel, error)) {
        g_prefix_error(error, "keys: ");
        return FALSE;
    }
    return TRUE;
}

static gboolean read_as(yyjson_val *constituency, Card *card, GError **error)
{
    yyjson_val *list = yyjson_obj_get(constituency, "as"), *number;
    size_t at, count;
    if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > CARD_CONSTITUENCY_MAX))
        return error_input(error, "constituency: \"as\" is no list of at most %d numbers",
                           CARD_CONSTITUENCY_MAX);
    yyjson_arr_foreach (list, at, count, number) {
        guint64 value = yyjson_get_uint(number);
        if (!yyjson_is_uint(number) || value == 0 || value > G_MAXUINT32)
            return error_input(error, "constituency: as[%zu] is no number of an autonomous system",
                               at);
        guint32 as = (guint32)value;
        g_array_append_val(card->as, as);
    }
    return TRUE;
}

static gboolean read_constituency(yyjson_val *body, Card *card, GError **error)
{
    yyjson_val *object = yyjson_obj_get(body, "constituency");
    if (object && !yyjson_is_obj(object))
        return error_input(error, "\"constituency\" is no object");
    if (card_field_list(object, "ip", CARD_FIELD_PREFIX, CARD_CONSTITUENCY_MAX, &card->ip, error) &&
        card_field_list(object, "domains", CARD_FIELD_DOMAIN, CARD_CONSTITUENCY_MAX, &card->domains,
                        error) &&
        read_as(object, card, error))
        return TRUE;
    if (error && *error && !g_str_has_prefix((*error)->message, "constituency: "))
        g_prefix_error(error, "constituency: ");
    return FALSE;
}

static gboolean read_name(yyjson_val *body, Card *card, GError **error)
{
    if (!card_field_text(body, "node", CARD_FIELD_HOST, TRUE, &card->node, error) ||
        !card_field_text(body, "origin", CARD_FIELD_LINE, TRUE, &card->origin, error))
        return FALSE;
    g_autofree char *node = origin_node(card->origin);
    return (node && g_str_equal(node, card->node)) ||
           error_input(error, "%s is not called as a ledger of the node %s is", card->origin,
                       card->node);
}

static gboolean read_number(yyjson_val *body, Card *card, GError **error)
{
    yyjson_val *number = yyjson_obj_get(body, "number"), *time = yyjson_obj_get(body, "time");
    guint digits = 0;
    if (!yyjson_is_uint(number) || yyjson_get_uint(number) == 0 ||
        yyjson_get_uint(number) > OPENING_INTEGER_MAX)
        return error_input(error, "\"number\" is no number from 1 on");
    card->number = yyjson_get_uint(number);
    return (yyjson_is_str(time) &&
            timestamp_parse(yyjson_get_str(time), yyjson_get_len(time), &card->time_us, &digits) &&
            digits == OPENING_TIME_DIGITS) ||
           error_input(error, "\"time\" is not of the form YYYY-MM-DDThh:mm:ss.ffffffZ");
}

static void add_hours(GPtrArray *lines, const char *text)
{
    g_autoptr(Hours) hours = text && lines->len < CARD_HOURS_MAX ? hours_parse(text, NULL) : NULL;
    if (hours && !g_ptr_array_find_with_equal_func(lines, text, g_str_equal, NULL))
        g_ptr_array_add(lines, (gpointer)text);
}

static char *gather_hours(const Card *card)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    size_t at, size;
    yyjson_val *contact;
    if (g_strv_contains((const char *const *)card->roles, CARD_ROLE_ROUND))
        add_hours(lines, "24/7");
    yyjson_arr_foreach (card->contacts, at, size, contact)
        add_hours(lines, yyjson_get_str(yyjson_obj_get(contact, "hours")));
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

/* After the roles. */
static gboolean read_contacts(yyjson_val *body, Card *card, GError **error)
{
    card->contacts = yyjson_obj_get(body, "contacts");
    if (card->contacts && !card_check_contacts(card->contacts, error))
        return FALSE;
    card->hours = gather_hours(card);
    return TRUE;
}

static gboolean read_body(yyjson_val *body, Card *card, GError **error)
{
    return read_name(body, card, error) && read_number(body, card, error) &&
           card_field_text(body, "organisation", CARD_FIELD_LINE, FALSE, &card->organisation,
                           error) &&
           card_field_text(body, "affiliation", CARD_FIELD_LINE, FALSE, &card->affiliation,
                           error) &&
           card_field_list(body, "roles", CARD_FIELD_WORD, CARD_ROLES_MAX, &card->roles, error) &&
           card_field_list(body, "languages", CARD_FIELD_LANGUAGE, CARD_LANGUAGES_MAX,
                           &card->languages, error) &&
           read_contacts(body, card, error) &&
           card_field_list(body, "endpoints", CARD_FIELD_ENDPOINT, CARD_ENDPOINTS_MAX,
                           &card->endpoints, error) &&
           card_field_list(body, "tls", CARD_FIELD_PIN, CARD_PINS_MAX, &card->tls, error) &&
           read_keys(body, card, error) &&
           card_field_list(body, "capabilities", CARD_FIELD_WORD, CARD_CAPABILITIES_MAX,
                           &card->capabilities, error) &&
           read_constituency(body, card, error) &&
           card_field_text(body, "rulebook", CARD_FIELD_SHA256, FALSE, &card->rulebook, error);
}

/* Takes @json, which may be NULL. */
static Card *open_card(SignedJson *json, GError **error)
{
    if (!json)
        return NULL;
    g_autoptr(Card) card = g_new0(Card, 1);
    card->json = json;
    card->as = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (json->text_length > CARD_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a card has at most %d bytes",
                    CARD_BYTES_MAX);
        return NULL;
    }
    return read_body(json->body, card, error) &&
                   signed_json_verify(json, card->keys[CARD_LEDGER_KEY], error)
               ? g_steal_pointer(&card)
               : NULL;
}

Card *card_parse(const char *text, gsize length, GError **error)
{
    Card *card =
        open_card(signed_json_parse(text, length, CARD_BYTES_MAX, CARD_TYPE, error), error);
    if (!card)
        g_prefix_error(error, "node card: ");
    return card;
}

Card *card_read(yyjson_val *value, GError **error)
{
    Card *card = open_card(signed_json_read(value, CARD_TYPE, error), error);
    if (!card)
        g_prefix_error(error, "node card: ");
    return card;
}

void card_free(Card *card)
{
    if (!card)
        return;
    char *const texts[] = {card->node,     card->origin,   card->organisation, card->affiliation,
                           card->parcel,   card->rulebook, card->hours,        card->vkeys[0],
                           card->vkeys[1], card->vkeys[2], card->vkeys[3]};
    char **const lists[] = {card->roles,        card->languages, card->endpoints, card->tls,
                            card->capabilities, card->ip,        card->domains};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        g_strfreev(lists[i]);
    for (guint i = 0; i < CARD_KEYS; i++)
        note_verifier_free(card->keys[i]);
    g_array_unref(card->as);
    signed_json_free(card->json);
    g_free(card);
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void put_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name,
                     const char *text)
{
    if (text && *text)
        yyjson_mut_obj_add_strcpy(doc, object, name, text);
}

static void put_list(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, CardField field,
                     const char *const *list)
{
    yyjson_mut_val *array = yyjson_mut_obj_add_arr(doc, object, name);
    for (guint i = 0; list && list[i]; i++) {
        /* What cannot be made canonical is refused when the card is read again. */
        g_autofree char *text = card_field_canonical(field, list[i]);
        yyjson_mut_arr_add_strcpy(doc, array, text ? text : list[i]);
    }
}

static gboolean put_as(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *const *list,
                       GError **error)
{
    yyjson_mut_val *array = yyjson_mut_obj_add_arr(doc, object, "as");
    for (guint i = 0; list && list[i]; i++) {
        g_autofree char *number = card_field_canonical(CARD_FIELD_AS, list[i]);
        if (!number)
            return error_input(error, "constituency: \"%s\" is not %s", list[i],
                               card_field_what(CARD_FIELD_AS));
        yyjson_mut_arr_add_uint(doc, array, g_ascii_strtoull(number, NULL, 10));
    }
    return TRUE;
}

static gboolean put_contacts(yyjson_mut_doc *doc, yyjson_mut_val *body, const char *text,
                             GError **error)
{
    if (!text)
        return yyjson_mut_obj_add_arr(doc, body, "contacts") != NULL;
    g_autoptr(yyjson_doc) contacts = jsonguard_read(text, strlen(text), error);
    if (!contacts || !card_check_contacts(yyjson_doc_get_root(contacts), error))
        return FALSE;
    yyjson_mut_obj_add_val(doc, body, "contacts",
                           yyjson_val_mut_copy(doc, yyjson_doc_get_root(contacts)));
    return TRUE;
}

static gboolean fill_body(yyjson_mut_doc *doc, yyjson_mut_val *body, const CardSpec *spec,
                          GError **error)
{
    char time[TIMESTAMP_MAX];
    put_text(doc, body, "node", spec->node);
    put_text(doc, body, "origin", spec->origin);
    yyjson_mut_obj_add_uint(doc, body, "number", spec->number);
    timestamp_format(time, spec->time_us, OPENING_TIME_DIGITS);
    put_text(doc, body, "time", time);
    put_text(doc, body, "organisation", spec->organisation);
    put_text(doc, body, "affiliation", spec->affiliation);
    put_list(doc, body, "roles", CARD_FIELD_WORD, spec->roles);
    put_list(doc, body, "languages", CARD_FIELD_LANGUAGE, spec->languages);
    put_list(doc, body, "endpoints", CARD_FIELD_ENDPOINT, spec->endpoints);
    put_list(doc, body, "tls", CARD_FIELD_PIN, spec->tls);
    put_list(doc, body, "capabilities", CARD_FIELD_WORD, spec->capabilities);
    put_text(doc, body, "rulebook", spec->rulebook);
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, body, "keys");
    for (guint i = 0; i < CARD_KEYS; i++)
        put_text(doc, object, keys[i].name, spec->vkeys[i]);
    put_text(doc, object, "parcel", spec->parcel);
    object = yyjson_mut_obj_add_obj(doc, body, "constituency");
    put_list(doc, object, "ip", CARD_FIELD_PREFIX, spec->ip);
    put_list(doc, object, "domains", CARD_FIELD_DOMAIN, spec->domains);
    return put_as(doc, object, spec->as, error) && put_contacts(doc, body, spec->contacts, error);
}

char *card_make(const CardSpec *spec, const NoteSigner *ledger, GError **error)
{
    yyjson_mut_val *body;
    yyjson_mut_doc *doc = jsontext_object(&body);
    g_autofree char *text = NULL;
    if (fill_body(doc, body, spec, error)) {
        gsize length;
        char *plain = yyjson_mut_write(doc, 0, &length);
        text = signed_json_make_text(CARD_TYPE, plain, length, &ledger, 1, error);
        free(plain);
    }
    yyjson_mut_doc_free(doc);
    g_autoptr(Card) again = text ? card_parse(text, strlen(text), error) : NULL;
    return again ? g_steal_pointer(&text) : NULL;
}

char *card_format(const Card *card)
{
    return signed_json_format(card->json);
}

/* --- what it is worth --------------------------------------------------------------------------
 */

gboolean card_verify(const Card *card, const KeyHistory *history, GError **error)
{
    const NoteVerifier *present = keychange_history_present(history, KEYCHANGE_LEDGER);
    const NoteVerifier *recovery = keychange_history_recovery(history);
    g_autofree char *vkey = note_verifier_format(present);
    if (!g_str_equal(card->origin, keychange_history_origin(history)) ||
        !g_str_equal(card->vkeys[CARD_LEDGER_KEY], vkey)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the card of %s is signed by %s, the ledger's key is %s", card->node,
                    card->vkeys[CARD_LEDGER_KEY], vkey);
        return FALSE;
    }
    g_autofree char *pinned = recovery ? note_verifier_format(recovery) : NULL;
    if (pinned && !g_str_equal(card->vkeys[CARD_RECOVERY_KEY], pinned)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the card of %s names another recovery key than was pinned, and that never "
                    "changes",
                    card->node);
        return FALSE;
    }
    return signed_json_verify(card->json, present, error);
}

/* The body without what is new in each card. */
static char *content(const Card *card)
{
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(card->json->doc, NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_obj_remove_key(root, "number");
    yyjson_mut_obj_remove_key(root, "time");
    return jsontext_take(doc);
}

gboolean card_equal(const Card *a, const Card *b)
{
    g_autofree char *left = content(a), *right = content(b);
    return g_str_equal(left, right); /* both bodies are in RFC 8785 form */
}

gboolean card_has_capability(const Card *card, const char *capability)
{
    return g_strv_contains((const char *const *)card->capabilities, capability);
}

PeerCard card_peer(const Card *card, const char *text)
{
    return (PeerCard){.origin = card->origin,
                      .node = card->node,
                      .organisation = card->organisation,
                      .card = text,
                      .card_number = card->number,
                      .time_us = card->time_us,
                      .ledger_vkey = card->vkeys[CARD_LEDGER_KEY],
                      .recovery_vkey = card->vkeys[CARD_RECOVERY_KEY],
                      .message_vkey = card->vkeys[CARD_MESSAGE_KEY],
                      .parcel_key = card->parcel,
                      .urls = (const char *const *)card->endpoints,
                      .tls = (const char *const *)card->tls,
                      .hours = card->hours};
}
