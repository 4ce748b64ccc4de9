#include "exchange/author.h"

#include <string.h>

#include "base/timestamp.h"
#include "exchange/dispatch_header.h"
#include "store/deliveries.h"
#include "store/ledger_read.h"
#include "store/openings.h"
#include "store/own_card.h"
#include "store/witness.h"

/* One answer under way. */
typedef struct {
    Store *store;
    const AuthorQuestion *question;
    const LedgerReadState *state;
    AnswerBuilder *builder;
    guint64 end;
} Making;

static AnswerOpening *read_opening(const Making *making, guint64 index, GError **error)
{
    g_autofree AnswerOpening *opening = g_new0(AnswerOpening, 1);
    opening->index = index;
    opening->granted_by = ANSWER_NOT_GRANTED;
    if (!ledger_read_inclusion(making->store, index, making->state->size, &opening->proof, error))
        return NULL;
    opening->opening = openings_read(making->store, index, error);
    return opening->opening ? g_steal_pointer(&opening) : NULL;
}

/* What the entry grants to the peer, should it be a grant; *ret_granted NULL: nothing. An earlier
 * entry that is not the peer's by that grant is not handed out, whatever the header says. */
static gboolean read_granted(const Making *making, const AnswerOpening *grant,
                             AnswerOpening **ret_granted, GError **error)
{
    guint64 of;
    gboolean includes;
    const Opening *opening = grant->opening;
    *ret_granted = NULL;
    if (opening->is_erased || !g_str_equal(opening->kind, DISPATCH_HEADER_GRANT))
        return TRUE;
    if (!dispatch_header_read_grant(opening, &of, error) ||
        !deliveries_includes(making->store, making->question->to, of, &includes, error))
        return FALSE;
    if (includes && of < grant->index)
        *ret_granted = read_opening(making, of, error);
    return *ret_granted || !(includes && of < grant->index);
}

static gboolean add_entry(Making *making, guint64 index, gboolean *ret_is_full, GError **error)
{
    AnswerOpening *opening = read_opening(making, index, error);
    AnswerOpening *granted = NULL;
    gboolean good = opening && read_granted(making, opening, &granted, error) &&
                    answer_builder_add(making->builder, opening, granted, ret_is_full, error);
    answer_opening_free(granted);
    answer_opening_free(opening);
    return good;
}

/* As many entries as fit; making->end is then where the answer ends. */
static gboolean add_entries(Making *making, GError **error)
{
    const AuthorQuestion *question = making->question;
    g_autoptr(GArray) list =
        deliveries_between(making->store, question->to, question->from, making->state->size,
                           COVERAGE_INDICES_MAX / 2 + 1, error);
    if (!list)
        return FALSE;
    making->end = making->state->size;
    for (guint i = 0; i < list->len; i++) {
        guint64 index = g_array_index(list, Delivery, i).entry;
        gboolean is_full = i == COVERAGE_INDICES_MAX / 2;
        if (!is_full && !add_entry(making, index, &is_full, error))
            return FALSE;
        if (is_full) {
            making->end = index;
            return TRUE;
        }
    }
    return TRUE;
}

static char *make_statement(const Making *making, const NoteSigner *messenger, GError **error)
{
    Coverage coverage = {.origin = making->state->origin,
                         .to = (char *)making->question->to,
                         .from = making->question->from,
                         .end = making->end,
                         .size = making->state->size,
                         .root = making->state->root,
                         .time_us = timestamp_now()};
    coverage.indices =
        (guint64 *)answer_builder_indices(making->builder, &coverage.n_indices); /* only read */
    return coverage_make(&coverage, messenger, error);
}

static GBytes *finish(Making *making, const NoteSigner *messenger, const Quorum *policy,
                      GError **error)
{
    const AuthorQuestion *question = making->question;
    const LedgerReadState *state = making->state;
    MerkleProof consistency = {0};
    g_autofree char *statement = make_statement(making, messenger, error);
    g_auto(GStrv) changes = statement ? ledger_read_key_changes(making->store, error) : NULL;
    g_autofree char *checkpoint = NULL;
    if (!changes)
        return NULL;
    if (question->size > 0 && question->size < state->size &&
        !ledger_read_consistency(making->store, question->size, state->size, &consistency, error))
        return NULL;
    if (question->size != state->size) {
        checkpoint = witness_cosigned(making->store, state->checkpoint, policy, error);
        if (!checkpoint)
            return NULL;
    }
    /* The statement may be signed by a key that only a card beyond the end tells of. */
    g_autofree char *card = NULL;
    if (making->end < state->size && !own_card_get(making->store, &card, error))
        return NULL;
    const AnswerHead head = {.origin = state->origin,
                             .from = question->from,
                             .end = making->end,
                             .size = state->size,
                             .checkpoint = checkpoint,
                             .consistency = &consistency,
                             .changes = (const char *const *)changes,
                             .card = card,
                             .gossip = question->gossip,
                             .statement = statement};
    return answer_builder_end(making->builder, &head, error);
}

gboolean author_answer(Store *store, const AuthorQuestion *question, const NoteSigner *messenger,
                       const Quorum *policy, AuthorOutcome *ret_outcome, GBytes **ret_answer,
                       guint64 *ret_size, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(store, &state, error))
        return FALSE;
    guint64 known = MAX(question->from, question->size);
    if (known > state.size || !state.checkpoint ||
        (question->from == state.size && question->size == state.size)) {
        *ret_outcome = known > state.size ? AUTHOR_BEHIND : AUTHOR_NOTHING;
        *ret_size = state.size;
        return TRUE;
    }
    Making making = {.store = store, .question = question, .state = &state};
    g_autoptr(AnswerBuilder) builder G_GNUC_UNUSED = making.builder =
        answer_builder_new(CLAMP(question->max, AUTHOR_ANSWER_MIN, AUTHOR_ANSWER_MAX));
    GBytes *answer = add_entries(&making, error) ? finish(&making, messenger, policy, error) : NULL;
    if (!answer)
        return FALSE;
    *ret_outcome = AUTHOR_ANSWERED;
    *ret_answer = answer;
    *ret_size = state.size;
    return TRUE;
}
