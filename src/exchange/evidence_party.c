#include "exchange/evidence_party.h"

#include <string.h>

EvidenceParty *evidence_party_new(void)
{
    EvidenceParty *party = g_new0(EvidenceParty, 1);
    party->messages = g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    return party;
}

void evidence_party_free(EvidenceParty *party)
{
    g_free(party->node);
    g_free(party->origin);
    g_free(party->ledger_vkey);
    card_free(party->card);
    keychange_history_free(party->history);
    g_ptr_array_unref(party->messages);
    g_free(party);
}

/* The key with which the ledger's history begins: the verifier's own, if it has one. */
static NoteVerifier *choose_key(const GPtrArray *keys, EvidenceParty *party, GError **error)
{
    for (guint i = 0; keys && i < keys->len; i++) {
        const NoteVerifier *key = keys->pdata[i];
        if (strcmp(key->name, party->origin) != 0)
            continue;
        party->is_known = TRUE;
        return note_verifier_copy(key);
    }
    return note_verifier_parse(party->ledger_vkey, error);
}

/* A list of texts; NULL-terminated, borrowed. NULL if it is none. */
static const char **read_texts(yyjson_val *list, guint max)
{
    size_t at, size;
    yyjson_val *one;
    if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > max))
        return NULL;
    const char **texts = g_new0(const char *, yyjson_arr_size(list) + 1);
    yyjson_arr_foreach (list, at, size, one) {
        if (!yyjson_is_str(one)) {
            g_free(texts);
            return NULL;
        }
        texts[at] = yyjson_get_str(one);
    }
    return texts;
}

static gboolean read_keys(EvidenceParty *party, yyjson_val *root, GError **error)
{
    g_autofree const char **earlier = read_texts(yyjson_obj_get(root, "earlier"), 256);
    g_ptr_array_add(party->messages, note_verifier_copy(party->card->keys[CARD_MESSAGE_KEY]));
    for (guint i = 0; earlier && earlier[i]; i++) {
        NoteVerifier *key = note_verifier_parse(earlier[i], error);
        if (!key)
            return FALSE;
        g_ptr_array_add(party->messages, key);
    }
    return TRUE;
}

static gboolean follow_keys(const GPtrArray *keys, EvidenceParty *party, yyjson_val *root,
                            GError **error)
{
    g_autofree const char **changes =
        read_texts(yyjson_obj_get(root, "changes"), KEYCHANGE_LIST_MAX);
    g_autoptr(NoteVerifier) key = choose_key(keys, party, error);
    if (!key || !changes) {
        if (!*error)
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "\"changes\" is no list of texts");
        return FALSE;
    }
    party->history = keychange_history_new(key, NULL, party->card->keys[CARD_RECOVERY_KEY], error);
    return party->history &&
           keychange_history_add_list(party->history, changes, g_strv_length((char **)changes),
                                      error) &&
           card_verify(party->card, party->history, error);
}

gboolean evidence_party_read(EvidenceParty *party, yyjson_val *root, const GPtrArray *known,
                             GError **error)
{
    const char *vkey = yyjson_get_str(yyjson_obj_get(root, "ledger"));
    party->card = card_read(yyjson_obj_get(root, "card"), error);
    if (!party->card)
        return FALSE;
    party->node = g_strdup(party->card->node);
    party->origin = g_strdup(party->card->origin);
    party->ledger_vkey = g_strdup(vkey ? vkey : party->card->vkeys[CARD_LEDGER_KEY]);
    return read_keys(party, root, error) && follow_keys(known, party, root, error);
}
