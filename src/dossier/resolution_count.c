#include "dossier/resolution_count.h"

#include <string.h>

#include "dossier/resolution.h"
#include "dossier/resolution_text.h"

/* --- who votes ---------------------------------------------------------------------------------
 */

static yyjson_val *voters_of(const EngineResult *dossier)
{
    const Event *tabled = engine_last(dossier, "tabled");
    return tabled ? yyjson_obj_get(tabled->payload, "voters") : NULL;
}

guint resolution_count_voters(const EngineResult *dossier)
{
    return (guint)yyjson_arr_size(voters_of(dossier));
}

gboolean resolution_count_may_vote(const EngineResult *dossier, const char *node)
{
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (voters_of(dossier), at, size, one)
        if (yyjson_equals_str(one, node))
            return TRUE;
    return FALSE;
}

gboolean resolution_count_is_quorum(guint have, guint voters)
{
    return 2 * have > voters;
}

gboolean resolution_count_needs_two_thirds(const EngineResult *dossier)
{
    const char *kind = dossier->opening ? event_text(dossier->opening, "kind") : NULL;
    return g_strcmp0(kind, "rulebook") == 0 || g_strcmp0(kind, "membership") == 0;
}

/* --- votes -------------------------------------------------------------------------------------
 */

gboolean resolution_count_carries(const ResolutionTally *tally, gboolean two_thirds)
{
    return tally->yes > tally->no &&
           (!two_thirds || 3 * tally->yes >= 2 * (tally->yes + tally->no));
}

const char *resolution_count_fate(ResolutionFate fate)
{
    static const char *const names[] = {"lost", "carried", "fallen"};
    return names[fate];
}

static void add_vote(ResolutionTally *tally, yyjson_val *vote)
{
    if (yyjson_equals_str(vote, "yes"))
        tally->yes++;
    else if (yyjson_equals_str(vote, "no"))
        tally->no++;
    else if (yyjson_equals_str(vote, "abstain"))
        tally->abstain++;
}

static gboolean is_vote(yyjson_val *vote)
{
    ResolutionTally tally = {0};
    add_vote(&tally, vote);
    return tally.yes + tally.no + tally.abstain == 1;
}

gboolean resolution_count_is_ballot(yyjson_val *votes, guint n_amendments)
{
    yyjson_val *list = yyjson_obj_get(votes, "amendments"), *one;
    yyjson_val *if_amended = yyjson_obj_get(votes, "if_amended");
    size_t at, size;
    if (!is_vote(yyjson_obj_get(votes, "vote")) || (if_amended && !is_vote(if_amended)) ||
        yyjson_arr_size(list) != n_amendments)
        return FALSE;
    yyjson_arr_foreach (list, at, size, one)
        if (!is_vote(one))
            return FALSE;
    return TRUE;
}

/* The ballots that count, that in the opening of the vote first. Elements: const Event *. */
static GPtrArray *ballots_of(const EngineResult *dossier, const Event *opened)
{
    GPtrArray *ballots = g_ptr_array_new();
    const Event *ballot;
    if (yyjson_obj_get(opened->payload, "vote"))
        g_ptr_array_add(ballots, (gpointer)opened);
    for (guint i = 0; (ballot = engine_nth(dossier, "ballot", i)) != NULL; i++)
        g_ptr_array_add(ballots, (gpointer)ballot);
    return ballots;
}

const Event *resolution_count_ballot(const EngineResult *dossier, const char *node)
{
    const Event *opened = engine_last(dossier, "vote-opened");
    g_autoptr(GPtrArray) ballots = opened ? ballots_of(dossier, opened) : NULL;
    for (guint i = 0; ballots && i < ballots->len; i++)
        if (strcmp(((const Event *)ballots->pdata[i])->node, node) == 0)
            return ballots->pdata[i];
    return NULL;
}

static void count_amendment(ResolutionCount *count, const Event *event, guint place,
                            const GPtrArray *ballots)
{
    ResolutionAmendment one = {event, {0}, RESOLUTION_LOST};
    for (guint i = 0; i < ballots->len; i++) {
        const Event *ballot = ballots->pdata[i];
        add_vote(&one.tally, yyjson_arr_get(yyjson_obj_get(ballot->payload, "amendments"), place));
    }
    g_autofree char *amended = resolution_text_amend(count->text, event);
    if (!amended) {
        one.fate = RESOLUTION_FALLEN;
    } else if (count->is_quorum && resolution_count_carries(&one.tally, count->two_thirds)) {
        one.fate = RESOLUTION_CARRIED;
        count->is_amended = TRUE;
        g_free(count->text);
        count->text = g_steal_pointer(&amended);
    }
    g_array_append_val(count->amendments, one);
}

static void count_text(ResolutionCount *count, const GPtrArray *ballots)
{
    for (guint i = 0; i < ballots->len; i++) {
        yyjson_val *votes = ((const Event *)ballots->pdata[i])->payload;
        yyjson_val *if_amended = yyjson_obj_get(votes, "if_amended");
        add_vote(&count->tally,
                 count->is_amended && if_amended ? if_amended : yyjson_obj_get(votes, "vote"));
    }
    count->is_adopted =
        count->is_quorum && resolution_count_carries(&count->tally, count->two_thirds);
}

ResolutionCount *resolution_count_new(const EngineResult *dossier)
{
    const Event *opened = engine_last(dossier, "vote-opened");
    if (!opened)
        return NULL;
    g_autoptr(GPtrArray) ballots = ballots_of(dossier, opened);
    ResolutionCount *count = g_new0(ResolutionCount, 1);
    size_t at, size;
    yyjson_val *hex;
    count->voters = resolution_count_voters(dossier);
    count->ballots = ballots->len;
    count->is_quorum = resolution_count_is_quorum(count->ballots, count->voters);
    count->two_thirds = resolution_count_needs_two_thirds(dossier);
    count->amendments = g_array_new(FALSE, FALSE, sizeof(ResolutionAmendment));
    count->text = resolution_text_now(dossier);
    yyjson_arr_foreach (yyjson_obj_get(opened->payload, "order"), at, size, hex) {
        EventHash hash;
        const Event *amendment = event_hash_parse(yyjson_get_str(hex), yyjson_get_len(hex), &hash)
                                     ? engine_find(dossier, &hash)
                                     : NULL;
        if (amendment)
            count_amendment(count, amendment, (guint)at, ballots);
    }
    count_text(count, ballots);
    return count;
}

void resolution_count_free(ResolutionCount *count)
{
    if (!count)
        return;
    g_array_unref(count->amendments);
    g_free(count->text);
    g_free(count);
}

char *resolution_count_line(const ResolutionAmendment *amendment)
{
    return g_strdup_printf("%s %u %u %u", resolution_count_fate(amendment->fate),
                           amendment->tally.yes, amendment->tally.no, amendment->tally.abstain);
}

guint resolution_count_noted(const EngineResult *dossier)
{
    return engine_count(dossier, "noted");
}
