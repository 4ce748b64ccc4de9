/* peers.h - the nodes that this one knows: what was pinned of each when it was met, what it says of
 * itself (its card), what both sides agreed (docs/protocol.md, "Peering"), and how far its ledger
 * was followed.
 *
 * A peering is what the two sides said last, each by a step with a time. A step never undoes a
 * newer one of the same side, so a step that arrives twice, or late, changes nothing. An end undoes
 * what both had said before it: after it both have to say yes again.
 *
 * A peer is never deleted: its ledger, its pinned keys and what was received of it stay known by
 * its number. Only an invitation that was withdrawn before anybody here answered leaves nothing. */
#pragma once

#include "ledger/keychange.h"
#include "ledger/merkle.h"
#include "store/store.h"

#define PEERS_MAX         4096 /* known nodes */
#define PEERS_WAITING_MAX 64   /* invitations that nobody here has answered */
#define PEERS_AHEAD_US                                                                             \
    (G_GINT64_CONSTANT(24) * 3600 * G_USEC_PER_SEC) /* a step's time may be ahead of the clock */

typedef enum {
    PEER_INVITED, /* by us; no answer yet */
    PEER_ASKED,   /* they invited us; nobody here has answered yet */
    PEER_ACTIVE,  /* the only state in which anything is followed or delivered */
    PEER_SUSPENDED,
    PEER_ENDED,
} PeerState;

/* "invited", "asked", "active", "suspended", "ended". */
const char *peer_state_name(PeerState state);

typedef enum {
    PEER_STEP_NONE, /* nothing was said */
    PEER_STEP_INVITE,
    PEER_STEP_ACCEPT,
    PEER_STEP_SUSPEND,
    PEER_STEP_RESUME,
    PEER_STEP_END,
} PeerStep;

/* "none", "invite", "accept", "suspend", "resume", "end"; FALSE if @name is none of the latter
 * five. */
const char *peer_step_name(PeerStep step);
gboolean peer_step_parse(const char *name, PeerStep *ret_step);

typedef enum { PEER_US, PEER_THEM } PeerSide;

/* All texts are the peer's; lists are NULL-terminated and never NULL. Times are microseconds since
 * 1970, 0: never. */
typedef struct {
    gint64 number;
    char *origin; /* of its ledger: "cert.birch.example/ledger" */
    char *node;   /* its name: "cert.birch.example" */
    char *organisation;

    PeerState state;
    gboolean suspended_by_us, suspended_by_them;
    PeerStep ours, theirs; /* what each side said last; NONE when an end has undone it */
    gint64 ours_at, theirs_at;
    gint64 ended_at;   /* the newest end by either side */
    gboolean agreed;   /* we once said yes: a person here accepted its pinned keys */
    char *reason;      /* of their last step that had one; NULL: none */
    gint64 since;      /* when the peer was first met, by our clock */
    gboolean compared; /* a person compared the words */

    char *card; /* signed JSON; NULL from peers_list() and peers_find_key() */
    guint64 card_number;
    char *ledger_vkey;   /* as first met: pinned */
    char *recovery_vkey; /* pinned */
    char *message_vkey;  /* of the newest card, as the rest */
    char *parcel_key;    /* base64 of an X25519 public key */
    char **urls;         /* endpoints, without a slash at the end */
    char **tls;          /* pins, "sha256//BASE64" */
    char **changes;      /* its ledger's key changes that are known, oldest first; empty from
                            peers_list() */

    guint64 size; /* of the newest tree that was verified; 0: none */
    MerkleHash root;
    char *checkpoint;       /* of that tree, a signed note; NULL: none */
    guint64 cursor;         /* everything up to this index is held */
    gint64 contacted;       /* last contact that succeeded, whoever began it */
    char *failure;          /* of the last try to reach it; NULL: it succeeded */
    gint64 failed;          /* when that was */
    guint failures;         /* in a row */
    gint64 skew_us;         /* its clock less ours, as last seen */
    gint64 skew_at;         /* when that was, by our clock; 0: never */
    guint64 received, sent; /* bytes on the day `traffic_day` (days since 1970, UTC) */
    gint64 traffic_day;
    gboolean fork; /* convicted of two trees: nothing of it is accepted until a person decides */
    char *fork_reason; /* NULL: none */
} Peer;

void peer_free(Peer *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Peer, peer_free)

/* By name of node. Elements: Peer *. */
GPtrArray *peers_list(Store *store, GError **error);

/* The peer of that origin or of that node's name. CONCERT_ERROR_NOT_FOUND when it is not known. */
Peer *peers_get(Store *store, const char *name, GError **error);
Peer *peers_get_tx(StoreTx *tx, const char *name, GError **error);

/* The peer whose message key has the name @key ("cert.birch.example/message"): one look-up of an
 * index, for every signed request. */
Peer *peers_find_key(Store *store, const char *key, GError **error);

/* The keys of @peer's ledger as they follow from the pinned ones (peers_get(), not peers_list()).
 */
KeyHistory *peers_history(const Peer *peer, GError **error);

/* What a card says, for the columns above; all borrowed. */
typedef struct {
    const char *origin, *node, *organisation;
    const char *card; /* signed JSON */
    guint64 card_number;
    gint64 time_us;                          /* when it was made; 0: now */
    const char *ledger_vkey, *recovery_vkey; /* only for a peer that is new */
    const char *message_vkey, *parcel_key;
    const char *const *urls, *const *tls; /* NULL: none */
    const char *hours;                    /* as declared_hours_put() takes them; NULL: none */
} PeerCard;

/* Meets a node: pins the keys of @card, and gives it a number. No step was said yet by anybody.
 * A node that is known is met anew, with keys pinned anew and nothing followed, compared or said,
 * only when @replace; else CONCERT_ERROR_CONFLICT. CONCERT_ERROR_LIMIT beyond PEERS_MAX. */
gboolean peers_put(StoreTx *tx, const PeerCard *card, gboolean replace, gint64 *ret_number,
                   GError **error);

/* Takes a newer card; origin, node and pinned keys stay. The caller has verified it. One whose
 * number is not greater is no failure and changes nothing. */
gboolean peers_set_card(StoreTx *tx, gint64 number, const PeerCard *card, GError **error);

/* The peer goes on with the ledger of @card, whose pinned key is @ledger_vkey; the caller has
 * verified the succession and the card. It keeps its number, its recovery key and what was agreed;
 * the new ledger is followed from its first entry. What was known of the old one is kept
 * (store/peer_past.h). */
gboolean peers_succeed(StoreTx *tx, gint64 number, const PeerCard *card, const char *ledger_vkey,
                       GError **error);

/* Keeps a key change of the peer's ledger that the caller has followed; one that is kept already
 * changes nothing. CONCERT_ERROR_LIMIT beyond KEYCHANGE_LIST_MAX. */
gboolean peers_add_change(StoreTx *tx, gint64 number, const char *change, GError **error);

/* What a side says at @when. *ret_changed (may be NULL) is FALSE when the step is older than what
 * that side said last, or says nothing to anybody: SUSPEND and RESUME count only while the side
 * has agreed to the peering, END only while there is one or one is asked for. @reason may be NULL.
 * Their END of an invitation that we never answered forgets the node altogether.
 * CONCERT_ERROR_BUSY: PEERS_WAITING_MAX invitations wait already. */
gboolean peers_step(StoreTx *tx, gint64 number, PeerSide side, PeerStep step, gint64 when,
                    const char *reason, gboolean *ret_changed, GError **error);

/* Our last step towards the peer as it was signed, and NULL if there is none: what is posted, or
 * handed over as a file. Caller frees. */
gboolean peers_set_said(StoreTx *tx, gint64 number, const char *text, GError **error);
gboolean peers_get_said(Store *store, gint64 number, char **ret_text, GError **error);

/* Whether there is room for another invitation of a node that nobody here knows. */
gboolean peers_has_room(StoreTx *tx, gboolean *ret_room, GError **error);

gboolean peers_set_compared(StoreTx *tx, gint64 number, gboolean compared, GError **error);

/* Follows: the tree of @size entries with @root was verified by @checkpoint (a signed note), and
 * all up to @cursor is held. @checkpoint NULL: the tree stays, only the cursor moves. */
gboolean peers_set_progress(StoreTx *tx, gint64 number, guint64 size, const MerkleHash *root,
                            const char *checkpoint, guint64 cursor, GError **error);

#define PEERS_SKEW_UNKNOWN G_MININT64

/* What became of a contact at @when; @failure NULL: it succeeded. @skew_us: of the peer's clock,
 * which a peer that refuses may have told, too. */
gboolean peers_set_contact(StoreTx *tx, gint64 number, gint64 when, const char *failure,
                           gint64 skew_us, GError **error);

/* Adds to the bytes of the day on which @when lies. */
gboolean peers_add_traffic(StoreTx *tx, gint64 number, gint64 when, guint64 received, guint64 sent,
                           GError **error);

/* Convicts a peer of two trees (@reason says which), or lets it go on (@reason NULL). */
gboolean peers_set_fork(StoreTx *tx, gint64 number, const char *reason, GError **error);
