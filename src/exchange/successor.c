#include "exchange/successor.h"

#include <string.h>

#include "base/error.h"
#include "exchange/reach.h"
#include "ledger/opening.h"
#include "ledger/origin.h"

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean read_opening(const SuccessorSpec *spec, Successor *successor, GError **error)
{
    g_autoptr(Opening) opening =
        opening_parse(spec->opening, spec->opening_length, SUCCESSOR_OPENING_MAX, error);
    if (!opening)
        return FALSE;
    g_autoptr(yyjson_doc) header = opening->is_erased ? NULL : opening_header(opening);
    yyjson_val *root = header ? yyjson_doc_get_root(header) : NULL;
    yyjson_val *text = yyjson_obj_get(root, "succession");
    if (!root || !g_str_equal(opening->kind, SUCCESSOR_KIND) || !yyjson_is_str(text)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the ledger %s follows no other",
                    successor->card->origin);
        return FALSE;
    }
    successor->seen = yyjson_get_uint(yyjson_obj_get(root, "seen"));
    successor->succession = succession_parse(yyjson_get_str(text), yyjson_get_len(text), error);
    return successor->succession != NULL;
}

Successor *successor_read(const SuccessorSpec *spec, GError **error)
{
    g_autoptr(Successor) successor = g_new0(Successor, 1);
    successor->card = card_parse(spec->card, spec->card_length, error);
    if (!successor->card || !read_opening(spec, successor, error))
        return NULL;
    successor->changes = spec->changes ? g_strdupv((char **)spec->changes) : g_new0(char *, 1);
    return g_steal_pointer(&successor);
}

void successor_free(Successor *successor)
{
    if (!successor)
        return;
    card_free(successor->card);
    succession_free(successor->succession);
    g_strfreev(successor->changes);
    g_free(successor);
}

/* --- verifying ---------------------------------------------------------------------------------
 */

static gboolean check_origins(const Successor *successor, const Peer *peer, GError **error)
{
    const char *next = successor->succession->key->name;
    const char *previous = successor->succession->previous.origin;
    g_autofree char *node = origin_node(next);
    if (!g_str_equal(successor->card->origin, next))
        return error_denied(error, "the succession is to %s, the card is of %s", next,
                            successor->card->origin);
    if (g_strcmp0(node, peer->node) != 0 || !g_str_equal(successor->card->node, peer->node))
        return error_denied(error, "%s is no ledger of %s", next, peer->node);
    /* Ledgers between the pinned one and this, should those have been lost too, nobody can show any
     * more; the recovery key is the same in all. */
    if (origin_number(next) <= origin_number(peer->origin) ||
        origin_number(previous) < origin_number(peer->origin))
        return error_denied(error, "%s, which goes on after %s, does not follow %s", next, previous,
                            peer->origin);
    return TRUE;
}

/* Whether the old ledger ever had the new one's key. */
static gboolean check_fresh(const Successor *successor, const KeyHistory *old, GError **error)
{
    const NoteVerifier *next = successor->succession->key;
    guint count = keychange_history_n_keys(old, KEYCHANGE_LEDGER);
    for (guint i = 0; i < count; i++)
        if (g_bytes_equal(keychange_history_key(old, KEYCHANGE_LEDGER, i).key->key, next->key))
            return error_denied(error, "the key of %s was one of the lost ledger's", next->name);
    return TRUE;
}

static gboolean check_tree(const Successor *successor, const Peer *peer, GError **error)
{
    const Checkpoint *previous = &successor->succession->previous;
    if (!g_str_equal(previous->origin, peer->origin) || previous->size != peer->size ||
        peer->size == 0 || merkle_hash_equal(&previous->root, &peer->root))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s follows another tree of %" G_GUINT64_FORMAT
                " entries of %s than the one that was shown here: the lost ledger was forked",
                successor->card->origin, peer->size, peer->origin);
    return FALSE;
}

gboolean successor_verify(const Successor *successor, const Peer *peer, GError **error)
{
    g_autoptr(NoteVerifier) recovery = note_verifier_parse(peer->recovery_vkey, error);
    g_autoptr(KeyHistory) old = recovery ? peers_history(peer, error) : NULL;
    if (!old || !check_origins(successor, peer, error) ||
        !succession_verify(successor->succession, recovery, error) ||
        !check_fresh(successor, old, error) || !check_tree(successor, peer, error))
        return FALSE;
    g_autoptr(KeyHistory) history =
        keychange_history_new(successor->succession->key, NULL, recovery, error);
    return history &&
           keychange_history_add_list(history, (const char *const *)successor->changes,
                                      g_strv_length(successor->changes), error) &&
           card_verify(successor->card, history, error);
}

gboolean successor_follow(StoreTx *tx, const char *peer, const Successor *successor, GError **error)
{
    g_autoptr(Peer) known = peers_get_tx(tx, peer, error);
    if (!known || !successor_verify(successor, known, error))
        return FALSE;
    g_autofree char *text = card_format(successor->card);
    g_autofree char *vkey = note_verifier_format(successor->succession->key);
    const PeerCard facts = card_peer(successor->card, text);
    if (!peers_succeed(tx, known->number, &facts, vkey, error))
        return FALSE;
    for (guint i = 0; successor->changes[i]; i++)
        if (!peers_add_change(tx, known->number, successor->changes[i], error))
            return FALSE;
    return reach_review_peer(tx, successor->card->origin, error);
}
