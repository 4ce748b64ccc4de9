/* resolution_count.h - who may vote on a resolution, and the count: a pure function of its events,
 * which the chair's closing event has to agree with, and which anybody can repeat.
 *
 * One accredited member has one vote. The ballots that count are the first of each member; the
 * chair, who knows the ballots before the others, votes in the opening of the vote, before there is
 * any. A quorum is a majority of those who may vote; it is made by ballots, abstentions included. A
 * question is carried by more yes than no, abstentions not counted; on the rulebook and on
 * membership by at least two thirds of yes and no. A tie fails. Amendments are taken in the order
 * that the opening of the vote has, furthest from the text first: one whose passage is gone because
 * an earlier one was carried has fallen. Last comes the text as it then stands; a member's vote on
 * it may depend on whether an amendment was carried. */
#pragma once

#include "dossier/engine.h"

/* --- who votes ---------------------------------------------------------------------------------
 */

/* How many may vote; and whether @node is one of them. 0 and FALSE before it is tabled. */
guint resolution_count_voters(const EngineResult *dossier);
gboolean resolution_count_may_vote(const EngineResult *dossier, const char *node);

/* Whether @have of @voters are a quorum. */
gboolean resolution_count_is_quorum(guint have, guint voters);

/* Whether it takes two thirds. */
gboolean resolution_count_needs_two_thirds(const EngineResult *dossier);

/* --- votes -------------------------------------------------------------------------------------
 */

typedef struct {
    guint yes, no, abstain;
} ResolutionTally;

/* Whether that carries a question. */
gboolean resolution_count_carries(const ResolutionTally *tally, gboolean two_thirds);

typedef enum { RESOLUTION_LOST, RESOLUTION_CARRIED, RESOLUTION_FALLEN } ResolutionFate;

/* "lost", "carried", "fallen". */
const char *resolution_count_fate(ResolutionFate fate);

typedef struct {
    const Event *event;
    ResolutionTally tally;
    ResolutionFate fate;
} ResolutionAmendment;

typedef struct {
    guint voters, ballots; /* who may vote; who did, the chair included */
    gboolean is_quorum, two_thirds;
    GArray *amendments; /* ResolutionAmendment, in the order of the vote */
    gboolean is_amended;
    ResolutionTally tally; /* on the text as it then stands */
    char *text;            /* that text */
    gboolean is_adopted;
} ResolutionCount;

/* Counts the valid ballots; NULL before the vote is opened. */
ResolutionCount *resolution_count_new(const EngineResult *dossier);
void resolution_count_free(ResolutionCount *count);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResolutionCount, resolution_count_free)

/* The amendments' outcome as closing events have it, "carried 3 1 0": yes, no, abstain. Caller
 * frees. */
char *resolution_count_line(const ResolutionAmendment *amendment);

/* The vote of @node as it counts: its ballot, or the opening of the vote if it chairs and votes
 * there; NULL: it has none. */
const Event *resolution_count_ballot(const EngineResult *dossier, const char *node);

/* Whether @votes, a payload, answers every question: one "amendments" for each of @n_amendments,
 * and "vote". */
gboolean resolution_count_is_ballot(yyjson_val *votes, guint n_amendments);

/* How many voters have said since the silence began that they have seen the text. */
guint resolution_count_noted(const EngineResult *dossier);
