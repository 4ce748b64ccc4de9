/* witness.h - what a node keeps as a witness of others' logs, and what witnesses have said of its
 * own (c2sp.org/tlog-witness; the decision itself is ledger/witness.h).
 *
 * As a witness: the logs that are watched, with the newest checkpoint that was cosigned of each.
 * A decision and what it changes are one request of the writer, and no cosignature leaves before
 * that is committed. What was once cosigned is never forgotten, not even when a log is no longer
 * watched: two trees of one size are never cosigned.
 *
 * Two checkpoints that convict a log of having signed two trees are kept as evidence, and the log
 * is frozen: nothing of it is cosigned until a person decides.
 *
 * As a log: the witnesses that are asked, and their cosignatures of the checkpoints that are
 * served. */
#pragma once

#include "ledger/quorum.h"
#include "ledger/witness.h"
#include "store/ledger.h"

#define WITNESS_LOGS_MAX          1024
#define WITNESS_KEYS_MAX          8 /* of one log */
#define WITNESS_ASKED_MAX         64
#define WITNESS_PEERS_MAX         32 /* of those that are asked, through peering */
#define WITNESS_COSIGNATURES_MAX  15 /* on a checkpoint that is served */
#define WITNESS_CHECKPOINTS_MAX   64 /* of the own log that are kept with their cosignatures */
#define WITNESS_TOO_MANY_REQUESTS 429

/* Counts for status and metrics. */
typedef struct {
    guint watched, frozen;            /* logs */
    guint asked, failing;             /* witnesses; whose last answer was no cosignature */
    guint watched_peers, asked_peers; /* of them, through peering (store/peer_witness.h) */
    guint64 newest, agreed; /* sizes of the own ledger: now, and the largest that any witness has
                               cosigned */
} WitnessSummary;

gboolean witness_summary(Store *store, WitnessSummary *ret_summary, GError **error);

/* --- logs that this node watches ---------------------------------------------------------------
 */

typedef struct {
    char *origin;
    char **vkeys;     /* any of them signs for the log */
    gboolean watched; /* FALSE: no longer; what was cosigned is still known */
    gboolean frozen;  /* there is evidence that nobody has settled */
    WitnessState state;
    char *note;         /* the checkpoint of `state`, a signed note; NULL: none yet */
    gint64 cosigned_at; /* microseconds since 1970; 0: never */
    char *peer;         /* the node whose peering it is watched through; NULL: a person said so */
} WitnessLog;

void witness_log_free(WitnessLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WitnessLog, witness_log_free)

/* Watches the log whose key is @vkey (Ed25519) under @origin; NULL: the name of the key. A further
 * key of a log that is watched already is added: after a rotation both may sign. What was watched
 * through peering is watched from then on because a person said so. */
gboolean witness_watch(StoreTx *tx, const char *origin, const char *vkey, GError **error);

/* CONCERT_ERROR_NOT_FOUND when it is not watched. */
gboolean witness_unwatch(StoreTx *tx, const char *origin, GError **error);

/* By origin. Elements: WitnessLog *. Those that are no longer watched are among them. */
GPtrArray *witness_logs(Store *store, GError **error);

/* What a witness cosigns with. */
typedef struct {
    const NoteSigner *cosigner; /* NOTE_COSIGNATURE; NULL: nothing can be cosigned now */
    gint64 interval_us;         /* between two cosignatures of one log; 0: no bound */
} WitnessOffice;

/* The answer to an add-checkpoint. */
typedef struct {
    guint status;             /* of HTTP */
    const char *content_type; /* static */
    char *body;
    char *known; /* with a WITNESS_SIZE_TYPE: the signed checkpoint of that size; NULL: none */
    guint retry_after; /* seconds; with WITNESS_TOO_MANY_REQUESTS */
    gboolean is_fork;  /* the checkpoint convicts its log; kept as evidence by witness_judge() */
} WitnessVerdict;

void witness_verdict_clear(WitnessVerdict *verdict);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WitnessVerdict, witness_verdict_clear)

/* Decides on a request as far as nothing has to be written for it: *ret_final FALSE means that
 * witness_judge() has to, and the verdict is then empty. So the writer sees only requests that
 * the log's own key has signed and that bring something new. */
gboolean witness_preview(Store *store, const WitnessRequest *request, const WitnessOffice *office,
                         WitnessVerdict *ret_verdict, gboolean *ret_final, GError **error);

/* Decides and writes what follows from it. The verdict may be told to nobody before the commit. */
gboolean witness_judge(StoreTx *tx, const WitnessRequest *request, const WitnessOffice *office,
                       WitnessVerdict *ret_verdict, GError **error);

/* Compares a signed checkpoint of a watched log, learnt from anywhere, with what was cosigned: when
 * it is of the same size with another root, both are kept as evidence (*ret_fork).
 * CONCERT_ERROR_NOT_FOUND when the log is not watched, CONCERT_ERROR_DENIED when it is not signed
 * by the log, CONCERT_ERROR_INPUT when it is no checkpoint. */
gboolean witness_learn(StoreTx *tx, const char *note, gsize length, gboolean *ret_fork,
                       GError **error);

/* Keeps two signed checkpoints of any log, that the caller has verified and that contradict each
 * other, as evidence, and the proof that shows it when their sizes differ (NULL: they do not);
 * unless there is some of the log that nobody has settled. */
gboolean witness_keep(StoreTx *tx, const char *origin, const char *first, const char *second,
                      const MerkleProof *proof, GError **error);

/* Keeps two signed checkpoints of a watched log, the smaller one first, as evidence if they
 * convict it: of one size with two roots, or @proof (NULL otherwise) leads to the root of the
 * second from another root than that of the first. CONCERT_ERROR_INPUT when they do not;
 * CONCERT_ERROR_CONFLICT when the log is frozen already. */
gboolean witness_report(StoreTx *tx, const char *first, const char *second,
                        const MerkleProof *proof, GError **error);

/* Two signed checkpoints that convict a log. */
typedef struct {
    gint64 number;
    char *origin;
    gint64 found;   /* microseconds since 1970 */
    char *first;    /* signed notes; what was known when the second came */
    char *second;   /* of the same size, or larger */
    char *proof;    /* hashes in base64, a line each, that lead from another root at the size
                       of the first to that of the second; NULL: both are of one size */
    gint64 settled; /* 0: the log is frozen */
    char *decision; /* "first", "second", "drop"; NULL before it is settled */
} WitnessEvidence;

void witness_evidence_free(WitnessEvidence *evidence);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WitnessEvidence, witness_evidence_free)

/* Of @origin (NULL: of all), oldest first; only what is not settled when @is_open. Elements:
 * WitnessEvidence *. */
GPtrArray *witness_evidence(Store *store, const char *origin, gboolean is_open, GError **error);

typedef enum {
    WITNESS_KEEP_FIRST,  /* goes on from the first */
    WITNESS_KEEP_SECOND, /* goes on from the second; sizes up to the largest that was cosigned are
                            not cosigned a second time */
    WITNESS_DROP,        /* does not watch the log any more */
} WitnessDecision;

/* Decides what becomes of a frozen log. CONCERT_ERROR_NOT_FOUND when it is not frozen. */
gboolean witness_settle(StoreTx *tx, const char *origin, WitnessDecision decision, GError **error);

/* --- witnesses that are asked about the own log ------------------------------------------------
 */

typedef struct {
    gint64 number;          /* grows in the order they were added */
    char *name;             /* the vkey's */
    char *vkey;             /* cosignature/v1 */
    char *url;              /* the submission prefix: requests go to URL/add-checkpoint */
    char *peer;             /* the node that is asked as a peer instead, over the exchange, and is
                               here through peering: `url` is empty. NULL: a person said so */
    guint64 size;           /* that it has last cosigned, as far as is known */
    gint64 asked, cosigned; /* microseconds since 1970; 0: never */
    guint status;           /* of its last answer; 0: there was none */
    char *failure;          /* of the last time it was asked; NULL: none */
} WitnessAsked;

void witness_asked_free(WitnessAsked *asked);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WitnessAsked, witness_asked_free)

/* CONCERT_ERROR_CONFLICT when there is one of that name, unless it is there through peering: then
 * it takes that one's place. _INPUT when @vkey is none of a witness or @url is no http(s) URL. */
gboolean witness_add(StoreTx *tx, const char *vkey, const char *url, GError **error);

/* Adds a witness that is asked as the peer of that number. CONCERT_ERROR_CONFLICT when there is one
 * of that name, however it came; _LIMIT beyond WITNESS_PEERS_MAX. */
gboolean witness_add_peer(StoreTx *tx, const char *vkey, gint64 peer, GError **error);
gboolean witness_remove(StoreTx *tx, const char *name, GError **error);

/* In the order they were added. Elements: WitnessAsked *. */
GPtrArray *witness_asked(Store *store, GError **error);

/* Keeps what became of asking the witness @asked->number: its size, asked, cosigned, status and
 * failure, and when @line is not NULL its verified cosignature ("— name base64\n") of @checkpoint,
 * a note as ledger_read_state() gives it. Of what is kept only that stays which can still be
 * served;
 * @policy as for witness_served_checkpoint(). Nothing happens when the witness was removed
 * meanwhile. */
gboolean witness_put_answer(StoreTx *tx, const WitnessAsked *asked, const char *checkpoint,
                            const char *line, const Quorum *policy, GError **error);

/* @checkpoint (a signed note of the own log) with at most WITNESS_COSIGNATURES_MAX of the
 * cosignatures that are kept of its size: those of the policy's witnesses (@policy NULL: none) in
 * its order, then of the others in the order they were added. Without any it is a copy. */
char *witness_cosigned(Store *store, const char *checkpoint, const Quorum *policy, GError **error);

/* The checkpoints to be served, with cosignatures as witness_cosigned() has them. */
typedef struct {
    char *newest;  /* NULL: the ledger is empty */
    char *trusted; /* the newest that meets the policy; NULL: none does */
    char *earlier; /* the newest that meets the policy and was cosigned first before a time that is
                      asked for; NULL: none */
    guint64 newest_size, trusted_size, earlier_size;
} WitnessServed;

void witness_served_clear(WitnessServed *served);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WitnessServed, witness_served_clear)

/* Reads one committed moment. Without a policy (NULL) any checkpoint meets it: trusted is the
 * newest, and earlier one with any cosignature. @before, in microseconds since 1970, is at least
 * the beginning of the present hour: what is older may be gone. CONCERT_ERROR_NOT_FOUND when the
 * node has no ledger. */
gboolean witness_served_checkpoint(Store *store, const Quorum *policy, gint64 before,
                                   WitnessServed *ret_served, GError **error);
