/* answer.h - answers (docs/protocol.md, "Answers"): what a peer may see of a range of a ledger,
 * with proof that it stands there and the author's signed word that it is all.
 *
 * An answer is the same bytes on the wire and in a parcel. It is built of openings, and parsed into
 * them; the bytes of items are copied once when it is built and never when it is parsed. It is
 * accepted as a whole or not at all. Pure: no I/O. */
#pragma once

#include <glib.h>

#include "exchange/coverage.h"
#include "ledger/keychange.h"
#include "ledger/merkle.h"
#include "ledger/opening.h"

#define ANSWER_TYPE         "application/vnd.concert.answer"
#define ANSWER_HEAD_MAX     (4 * 1024 * 1024) /* bytes of the head */
#define ANSWER_OPENING_MAX  (3 * 1024 * 1024) /* of a frame "O" or "G": any opening fits */
#define ANSWER_OPENINGS_MAX 4096              /* "O" and "G" together */
#define ANSWER_GOSSIP_MAX   8
#define ANSWER_NOT_GRANTED  G_MAXUINT64

/* An opening at its place: a frame "O", or "G" if granted_by is the index of the grant. */
typedef struct {
    guint64 index;
    MerkleProof proof; /* of the entry in the tree of the head */
    Opening *opening;
    guint64 granted_by; /* ANSWER_NOT_GRANTED: it is an "O" */
} AnswerOpening;

void answer_opening_free(AnswerOpening *opening);

typedef struct {
    char *origin;
    guint64 from, end; /* the answer is for entries from <= index < end */
    guint64 size;      /* of the tree that the proofs are of; end <= size */
    char *checkpoint;  /* of that tree, a signed note; NULL if absent: the peer knows that tree */
    MerkleProof consistency;
    char **changes;  /* key changes, signed notes; NULL-terminated, never NULL */
    char **gossip;   /* newest checkpoints of other logs, the same */
    char *card;      /* the author's newest card, signed JSON as canonical text; NULL if absent */
    char *statement; /* the signed JSON, as canonical text (coverage.h) */
    GPtrArray *openings; /* of AnswerOpening, in the order of the frames */
} Answer;

void answer_free(Answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)

/* Reads an answer of at most @max bytes. Items are slices of @bytes, which live as long as any of
 * them. Nothing is verified but the form: frames in order, all that is announced there and nothing
 * else, bounds. CONCERT_ERROR_INPUT, _LIMIT or _NEWER; the message names the frame by its offset or
 * the opening by its index. */
Answer *answer_parse(GBytes *bytes, gsize max, GError **error);

/* How far an answer says that it comes, unverified: for who asks for the next while this one is
 * accepted. FALSE if its head cannot be read. */
gboolean answer_peek(GBytes *bytes, guint64 *ret_end, guint64 *ret_size);

/* Building. */
typedef struct AnswerBuilder AnswerBuilder;

/* An answer of at most @max bytes or thereabouts: the head comes on top, and a single entry may be
 * larger. */
AnswerBuilder *answer_builder_new(gsize max);
void answer_builder_free(AnswerBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AnswerBuilder, answer_builder_free)

/* Appends an opening (granted_by of both is not read), and after it the one that it grants if
 * @granted is not NULL: both or none. *ret_is_full TRUE: it does not fit any more and was not
 * added, so the answer ends before its index; never with the first one. CONCERT_ERROR_INPUT if the
 * index is not greater than the one before, or an item is withheld. The openings are not kept. */
gboolean answer_builder_add(AnswerBuilder *builder, const AnswerOpening *opening,
                            const AnswerOpening *granted, gboolean *ret_is_full, GError **error);

/* The indices added so far, for the statement: the builder's, until the next is added. */
const guint64 *answer_builder_indices(const AnswerBuilder *builder, guint *ret_count);

/* What is known last; everything is borrowed. */
typedef struct {
    const char *origin;
    guint64 from, end, size;
    const char *checkpoint;         /* may be NULL */
    const MerkleProof *consistency; /* NULL: empty */
    const char *const *changes;     /* NULL-terminated; NULL: none */
    const char *card; /* signed JSON: the newest card, if it was published at or after from: a peer
                         that does not know it could not tell whose the statement is; else NULL */
    const char *const *gossip; /* the same */
    const char *statement;     /* of coverage_make() */
} AnswerHead;

/* The whole, in one piece. The builder is spent and is to be freed. CONCERT_ERROR_INPUT or _LIMIT
 * if answer_parse() would refuse the head. */
GBytes *answer_builder_end(AnswerBuilder *builder, const AnswerHead *head, GError **error);

/* Verifying. */

/* What an answer that does not hold says of its author. */
typedef enum {
    ANSWER_ACCEPTED = 0,
    ANSWER_DAMAGED, /* something is wrong, and nothing proves by whom: ask again */
    ANSWER_LYING,   /* the author's signed statement is contradicted by its own ledger */
    ANSWER_FORKED,  /* the author signed two trees that do not belong to one log: the checkpoint of
                       the answer and that of the known tree, with the answer's consistency proof if
                       the sizes differ, are the evidence */
} AnswerVerdict;

typedef struct {
    const char *origin;  /* of the ledger that was asked */
    const char *to;      /* of our own */
    KeyHistory *history; /* from the pinned keys on, with the changes that are known. The answer's
                            changes are added, and stay whatever else is wrong: they are signed */
    const NoteVerifier *const *message_keys; /* of the newest known card: who stole an earlier one
                                             could leave out what is for us */
    guint n_message_keys;
    guint64 card_number; /* of the newest known card: only a later one announces a key */
    guint64 from; /* up to which we have everything: the answer may begin earlier, not later */
    guint64 size; /* of the newest tree that is known; 0: none */
    MerkleHash root;
    const MerkleProof *consistency; /* from that tree to the answer's, when it came another way;
                                       NULL: the answer's own */
} AnswerTrust;

typedef struct {
    guint64 end, size; /* the new cursor and the newest tree */
    MerkleHash root;
    char *checkpoint;   /* NULL if the answer has none */
    char **learnt;      /* those of the answer's key changes that were new: NULL-terminated */
    Coverage *coverage; /* the statement */
    NoteVerifier *message_key;   /* that signed it */
    gboolean is_new_message_key; /* it is none of the trust's: a card in the answer announces it */
    guint first_new;             /* place of the first opening that is not from before trust.from */
} AnswerVerified;

void answer_verified_clear(AnswerVerified *verified);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AnswerVerified, answer_verified_clear)

/* Verifies all that docs/protocol.md lists, what is cheap first; the verdict, and @error set unless
 * it is ANSWER_ACCEPTED. The message begins with what is wrong: "head: ", "key change K: ",
 * "checkpoint: ", "coverage: ", "opening N: ", "opening N: item K: ". CONCERT_ERROR_DENIED where a
 * signature is not what it should be, CONCERT_ERROR_CONFLICT for a fork, else CONCERT_ERROR_INPUT
 * or _NEWER. A statement may be signed by a message key that a later card announces: one that is in
 * the head, or the item of a "card.published" in the answer. */
AnswerVerdict answer_verify(const Answer *answer, const AnswerTrust *trust,
                            AnswerVerified *ret_verified, GError **error);

/* "accepted", "damaged", "lying", "forked". */
const char *answer_verdict_name(AnswerVerdict verdict);
