/* introductions.h - nodes that are no peers of this one and that peers introduced: whose events
 * take part in dossiers with this node. A peer vouches for the card that it sends along; the first
 * card of a node counts, and newer ones of the same keys. And what this node has to send on. */
#pragma once

#include "base/sha256.h"
#include "store/store.h"

#define INTRODUCTIONS_MAX 4096 /* nodes that one peer can introduce */

/* All borrowed. */
typedef struct {
    const char *node, *card; /* its name; the text of its card */
    const char *ledger_vkey, *recovery_vkey, *message_vkey;
    guint64 number;
    gint64 made;       /* when the card was made, by its author's clock */
    const char *hours; /* as declared_hours_put() takes them; NULL: none */
    const char *by;    /* the peer who introduces it: name of its node */
    gint64 at;         /* microseconds since 1970 */
} Introduction;

/* CONCERT_ERROR_CONFLICT: it was introduced with other keys; _LIMIT: by a peer that introduced too
 * many. A card that is not newer changes nothing. */
gboolean introductions_put(StoreTx *tx, const Introduction *introduction, GError **error);

/* The message key and who introduced the node; both NULL: nobody did. Caller frees. */
gboolean introductions_get_tx(StoreTx *tx, const char *node, char **ret_message_vkey, char **ret_by,
                              GError **error);
gboolean introductions_get(Store *store, const char *node, char **ret_message_vkey, char **ret_by,
                           GError **error);

/* The card and the ledger key with which it was introduced; both NULL: nobody did. Caller frees. */
gboolean introductions_card(Store *store, const char *node, char **ret_card, char **ret_ledger_vkey,
                            GError **error);

/* Whether the card of @node, of that number, was sent to the peer before; remembers that it is. */
gboolean introductions_sent(StoreTx *tx, const char *node, const char *peer, guint64 number,
                            gboolean *ret_before, GError **error);

/* --- what is to be sent on ---------------------------------------------------------------------
 */

/* The event is to be sent on to nodes that its author could not reach. */
gboolean introductions_add_relay(StoreTx *tx, const char *dossier, const guint8 *hash,
                                 GError **error);
gboolean introductions_remove_relay(StoreTx *tx, const guint8 *hash, GError **error);

/* The dossiers and hashes of at most @max events. Elements: IntroductionsRelay. Caller frees. */
typedef struct {
    char *dossier;
    guint8 hash[SHA256_SIZE];
} IntroductionsRelay;

GArray *introductions_relays(Store *store, guint max, GError **error);
