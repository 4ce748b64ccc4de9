#include "cli/event_keys.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/texts.h"
#include "exchange/card.h"
#include "identity/keyring_public.h"
#include "ledger/opening.h"
#include "store/introductions.h"
#include "store/ledger_read.h"
#include "store/peer_past.h"

#define CARDS_MAX 4096 /* own ones that are looked for */

static void add_vkey(GHashTable *keys, const char *vkey)
{
    if (vkey && *vkey)
        g_hash_table_add(keys, g_strdup(vkey));
}

/* The message key of the card that an entry of the own ledger published, if it did. */
static void add_entry(GHashTable *keys, const LedgerReadEntry *entry)
{
    if (!entry->header || !strstr(entry->header, "\"" CARD_KIND "\"") || entry->n_items == 0 ||
        !entry->items[0].bytes)
        return;
    gsize length;
    const char *text = g_bytes_get_data(entry->items[0].bytes, &length);
    g_autoptr(Card) card = card_parse(text, length, NULL);
    if (card)
        add_vkey(keys, card->vkeys[CARD_MESSAGE_KEY]);
}

/* The present key, which no card may have told yet. Whoever cannot read the file has none to show.
 */
static void add_present(const char *directory, GHashTable *keys)
{
    g_autofree char *path = g_build_filename(directory, "keys", KEYRING_PUBLIC_FILE, NULL);
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_get_contents(path, &text, &length, NULL))
        return;
    g_autoptr(KeyringPublic) known = keyring_public_parse(text, length, NULL);
    g_autofree char *vkey = known && known->keys[KEYRING_MESSAGE]
                                ? note_verifier_format(known->keys[KEYRING_MESSAGE])
                                : NULL;
    add_vkey(keys, vkey);
}

static gboolean add_own(Store *store, const LedgerReadState *ledger, GHashTable *keys,
                        GError **error)
{
    g_autoptr(GArray) indexes = ledger_read_public(store, 0, ledger->size, CARDS_MAX, error);
    for (guint i = 0; indexes && i < indexes->len; i++) {
        g_autoptr(LedgerReadEntry) entry =
            ledger_read_entry(store, g_array_index(indexes, guint64, i), TRUE, error);
        if (!entry)
            return FALSE;
        add_entry(keys, entry);
    }
    return indexes != NULL;
}

static gboolean add_peer(Store *store, const char *name, GHashTable *keys, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Peer) peer = peers_get(store, name, &local);
    if (!peer && g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_autofree char *vkey = NULL, *by = NULL;
        if (!introductions_get(store, name, &vkey, &by, error))
            return FALSE;
        add_vkey(keys, vkey);
        return TRUE;
    }
    if (!peer) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    g_auto(GStrv) past = peer_past_every_key(store, peer->number, error);
    add_vkey(keys, peer->message_vkey);
    for (guint i = 0; past && past[i]; i++)
        add_vkey(keys, past[i]);
    return past != NULL;
}

static char **sorted(GHashTable *keys)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, keys);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(list, g_strdup(key));
    g_ptr_array_sort(list, texts_compare);
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

char **event_keys_known(Node *node, const GPtrArray *events, GError **error)
{
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) authors = g_hash_table_new(g_str_hash, g_str_equal);
    g_auto(LedgerReadState) ledger = {0};
    Store *store = node_store(node);
    if (!ledger_read_state(store, &ledger, error) || !add_own(store, &ledger, keys, error))
        return NULL;
    add_present(node_directory(node), keys);
    for (guint i = 0; i < events->len; i++) {
        const Event *event = events->pdata[i];
        if (strcmp(event->author, ledger.origin) != 0 && g_hash_table_add(authors, event->node) &&
            !add_peer(store, event->node, keys, error))
            return NULL;
    }
    return sorted(keys);
}
