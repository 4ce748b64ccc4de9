#include "dossier/resolution_rules.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/engine.h"
#include "dossier/resolution.h"
#include "dossier/resolution_count.h"
#include "dossier/resolution_text.h"

/* The command line says "14d" a moment before the event bears its time. */
#define LOST_US (60 * G_USEC_PER_SEC)

static gboolean miss_time(GError **error, const char *what, gint64 time_us)
{
    char time[TIMESTAMP_MAX];
    return error_denied(error, "%s %s", what, timestamp_format(time, time_us, 0));
}

/* --- periods -----------------------------------------------------------------------------------
 */

static gint64 least_seconds(const char *opened)
{
    static const struct {
        const char *opened;
        gint64 seconds;
    } periods[] = {
        {"consultation-opened", RESOLUTION_CONSULTATION_S},
        {"silence-opened", RESOLUTION_SILENCE_S},
        {"vote-opened", RESOLUTION_VOTE_S},
    };
    for (guint i = 0; i < G_N_ELEMENTS(periods); i++)
        if (strcmp(periods[i].opened, opened) == 0)
            return periods[i].seconds;
    return 0;
}

static gint64 until_of(const Event *event)
{
    const char *text = event_text(event, "until");
    gint64 until;
    return text && timestamp_parse(text, strlen(text), &until, NULL) ? until : event->time_us;
}

gint64 resolution_rules_end(const EngineResult *dossier, const char *opened)
{
    const Event *event = engine_last(dossier, opened);
    if (!event)
        return G_MAXINT64;
    gint64 until = until_of(event);
    if (dossier->opening->is_exercise)
        return until;
    return MAX(until, event->time_us + least_seconds(opened) * G_USEC_PER_SEC);
}

gint64 resolution_rules_patience(const EngineResult *dossier)
{
    static const char *const last[] = {
        [RESOLUTION_TABLED] = "tabled",
        [RESOLUTION_CONTESTED] = "silence-broken",
    };
    static const char *const opened[] = {
        [RESOLUTION_CONSULTATION] = "consultation-opened",
        [RESOLUTION_SILENCE] = "silence-opened",
        [RESOLUTION_VOTING] = "vote-opened",
    };
    const gint64 patience = (gint64)RESOLUTION_PATIENCE_S * G_USEC_PER_SEC;
    guint state = (guint)dossier->state;
    if (state < G_N_ELEMENTS(opened) && opened[state])
        return resolution_rules_end(dossier, opened[state]) + patience;
    const Event *event =
        state < G_N_ELEMENTS(last) && last[state] ? engine_last(dossier, last[state]) : NULL;
    return event ? event->time_us + patience : G_MAXINT64;
}

/* A period that begins with @event is long enough. */
static gboolean until_is_long(const EngineResult *dossier, const Event *event, GError **error)
{
    gint64 until = until_of(event);
    gint64 seconds = least_seconds(event->type);
    if (until <= event->time_us)
        return error_denied(error, "it would be over already");
    if (!dossier->opening->is_exercise &&
        until < event->time_us + seconds * G_USEC_PER_SEC - LOST_US)
        return error_denied(error, "%" G_GINT64_FORMAT " hours are the least", seconds / 3600);
    return TRUE;
}

static gboolean is_over(const EngineResult *dossier, const Event *event, const char *opened,
                        const char *what, GError **error)
{
    gint64 end = resolution_rules_end(dossier, opened);
    return event->time_us >= end || miss_time(error, what, end);
}

static gboolean is_during(const EngineResult *dossier, const Event *event, const char *opened,
                          const char *what, GError **error)
{
    gint64 end = resolution_rules_end(dossier, opened);
    return event->time_us < end || miss_time(error, what, end);
}

static gboolean consultation_over(const EngineResult *dossier, const Event *event, GError **error)
{
    return is_over(dossier, event, "consultation-opened", "it lasts until", error);
}

static gboolean consultation_on(const EngineResult *dossier, const Event *event, GError **error)
{
    return dossier->state != RESOLUTION_CONSULTATION ||
           is_during(dossier, event, "consultation-opened", "it lasted until", error);
}

static gboolean silence_over(const EngineResult *dossier, const Event *event, GError **error)
{
    return dossier->state != RESOLUTION_SILENCE ||
           is_over(dossier, event, "silence-opened", "it lasts until", error);
}

static gboolean silence_on(const EngineResult *dossier, const Event *event, GError **error)
{
    return is_during(dossier, event, "silence-opened", "it lasted until", error);
}

static gboolean vote_on(const EngineResult *dossier, const Event *event, GError **error)
{
    return is_during(dossier, event, "vote-opened", "it lasted until", error);
}

static gboolean patience_over(const EngineResult *dossier, const Event *event, GError **error)
{
    gint64 end = resolution_rules_patience(dossier);
    return event->time_us >= end || miss_time(error, "the chair has time until", end);
}

static const ProcedureGuard until_guard = {
    "the consultation lasts at least 14 days, the silence and the vote at least 72 hours each; "
    "only in an exercise as long as it says",
    .check = until_is_long};
static const ProcedureGuard consultation_over_guard = {"the consultation period is over",
                                                       .check = consultation_over};
static const ProcedureGuard consultation_on_guard = {
    "the text and its amendments change only during the consultation period",
    .check = consultation_on};
static const ProcedureGuard silence_over_guard = {"the time of the silence is over",
                                                  .check = silence_over};
static const ProcedureGuard silence_on_guard = {"the silence is still on", .check = silence_on};
static const ProcedureGuard vote_on_guard = {"the vote is still on", .check = vote_on};
static const ProcedureGuard patience_guard = {
    "the chair has done nothing for 14 days since it had to", .check = patience_over};

/* --- who ---------------------------------------------------------------------------------------
 */

static gboolean has_name(yyjson_val *list, const char *name)
{
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (list, at, size, one)
        if (yyjson_equals_str(one, name))
            return TRUE;
    return FALSE;
}

/* Judged before those whom the event names are participants. */
static gboolean voters_take_part(const EngineResult *dossier, const Event *event, GError **error)
{
    yyjson_val *voters = yyjson_obj_get(event->payload, "voters"), *one;
    yyjson_val *members = yyjson_obj_get(event->payload, "members");
    const char *chair = event_text(event, "chair");
    size_t at, size;
    if (!has_name(voters, event->node))
        return error_denied(error, "%s has no vote", event->node);
    if (yyjson_arr_size(voters) < 2)
        return error_denied(error, "there is nobody else who votes");
    yyjson_arr_foreach (voters, at, size, one) {
        const char *node = yyjson_get_str(one);
        if (strcmp(node, event->node) != 0 && strcmp(node, chair) != 0 && !has_name(members, node))
            return error_denied(error, "%s votes, but is none of the members", node);
    }
    return TRUE;
}

static gboolean community_is_named(const EngineResult *dossier, const Event *event)
{
    const char *name = event_text(event, "community");
    const char *at = name ? strchr(name, '@') : NULL;
    return at && at != name && at[1] && !strchr(at + 1, '@') && !strchr(name, ' ');
}

static gboolean is_voter(const EngineResult *dossier, const Event *event)
{
    return resolution_count_may_vote(dossier, event->node);
}

static gboolean has_made(const EngineResult *dossier, const Event *event)
{
    const Event *one;
    for (guint i = 0; (one = engine_nth(dossier, event->type, i)) != NULL; i++)
        if (strcmp(one->node, event->node) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_first(const EngineResult *dossier, const Event *event)
{
    return !has_made(dossier, event);
}

static const ProcedureGuard voters_guard = {
    "who tables it and everybody who votes is one of those it concerns, and there are two or more",
    .check = voters_take_part};
static const ProcedureGuard community_guard = {"\"community\" is NAME@NODE", community_is_named};
static const ProcedureGuard voter_guard = {
    "it takes an accredited member, one of the \"voters\" of the tabling", is_voter};
static const ProcedureGuard first_guard = {"each member does it once, and for good", is_first};

/* --- the text ----------------------------------------------------------------------------------
 */

static gboolean amendment_fits(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autofree char *text = resolution_text_now(dossier);
    g_autofree char *amended = text ? resolution_text_amend(text, event) : NULL;
    g_autoptr(GPtrArray) standing = resolution_text_standing(dossier);
    if (!amended)
        return error_denied(error,
                            "the text has that passage not, or more than once, or nothing but it");
    return standing->len < RESOLUTION_AMENDMENTS_MAX ||
           error_denied(error, "%u amendments stand already", standing->len);
}

static const Event *named_amendment(const EngineResult *dossier, const Event *event)
{
    const Event *amendment = engine_named(dossier, event, "amendment");
    g_autoptr(GPtrArray) standing = resolution_text_standing(dossier);
    return amendment && g_ptr_array_find(standing, amendment, NULL) ? amendment : NULL;
}

static gboolean amendment_applies(const EngineResult *dossier, const Event *event)
{
    const Event *amendment = named_amendment(dossier, event);
    g_autofree char *text = resolution_text_now(dossier);
    g_autofree char *amended = amendment && text ? resolution_text_amend(text, amendment) : NULL;
    return amended != NULL;
}

static gboolean amendment_is_own(const EngineResult *dossier, const Event *event)
{
    const Event *amendment = named_amendment(dossier, event);
    return amendment && strcmp(amendment->node, event->node) == 0;
}

static gboolean text_is_ripe(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autofree char *text = resolution_text_now(dossier);
    gint64 ripe = resolution_text_since(dossier) + (gint64)RESOLUTION_SILENCE_S * G_USEC_PER_SEC;
    if (!text || resolution_text_is_bracketed(text))
        return error_denied(error, "something is still in [square brackets]");
    return dossier->opening->is_exercise || event->time_us >= ripe ||
           miss_time(error, "it is ripe from", ripe);
}

static gboolean none_stands(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(GPtrArray) standing = resolution_text_standing(dossier);
    return standing->len == 0 || error_denied(error, "%u stand", standing->len);
}

static gboolean silence_is_allowed(const EngineResult *dossier, const Event *event)
{
    return !resolution_count_needs_two_thirds(dossier);
}

static const ProcedureGuard fits_guard = {
    "an amendment replaces a passage that stands in the text exactly once, and at most 32 stand",
    .check = amendment_fits};
static const ProcedureGuard applies_guard = {
    "\"amendment\" is one that stands, and its passage is in the text", amendment_applies};
static const ProcedureGuard own_guard = {"\"amendment\" is an own one that stands",
                                         amendment_is_own};
static const ProcedureGuard ripe_guard = {
    "the text has nothing in square brackets and was not changed in the last 72 hours",
    .check = text_is_ripe};
static const ProcedureGuard none_stands_guard = {
    "silence is for a text without open amendments: they are accepted, withdrawn or voted on",
    .check = none_stands};
static const ProcedureGuard allowed_guard = {
    "on the rulebook and on membership there is a vote, never silence", silence_is_allowed};

/* --- votes -------------------------------------------------------------------------------------
 */

/* The order has each amendment that stands once. */
static gboolean order_is_whole(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(GPtrArray) standing = resolution_text_standing(dossier);
    yyjson_val *order = yyjson_obj_get(event->payload, "order"), *one;
    size_t at, size;
    if (yyjson_arr_size(order) != standing->len)
        return error_denied(error, "%u stand, it has %u", standing->len,
                            (guint)yyjson_arr_size(order));
    yyjson_arr_foreach (order, at, size, one) {
        EventHash hash;
        const Event *amendment = event_hash_parse(yyjson_get_str(one), yyjson_get_len(one), &hash)
                                     ? engine_find(dossier, &hash)
                                     : NULL;
        if (!amendment || !g_ptr_array_remove(standing, (gpointer)amendment))
            return error_denied(error, "%s is none that stands, or is there twice",
                                yyjson_get_str(one));
    }
    return TRUE;
}

static gboolean has_votes(const Event *event)
{
    return yyjson_obj_get(event->payload, "vote") != NULL ||
           yyjson_obj_get(event->payload, "amendments") != NULL ||
           yyjson_obj_get(event->payload, "if_amended") != NULL;
}

static gboolean chair_votes_well(const EngineResult *dossier, const Event *event)
{
    guint questions = (guint)yyjson_arr_size(yyjson_obj_get(event->payload, "order"));
    return !has_votes(event) || (resolution_count_may_vote(dossier, event->node) &&
                                 resolution_count_is_ballot(event->payload, questions));
}

static gboolean ballot_is_whole(const EngineResult *dossier, const Event *event, GError **error)
{
    const Event *opened = engine_last(dossier, "vote-opened");
    guint questions = opened ? (guint)yyjson_arr_size(yyjson_obj_get(opened->payload, "order")) : 0;
    return resolution_count_is_ballot(event->payload, questions) ||
           error_denied(error, "there are %u amendments", questions);
}

static gboolean vote_is_over(const EngineResult *dossier, const Event *event, GError **error)
{
    const Event *opened = engine_last(dossier, "vote-opened");
    guint votes = engine_count(dossier, "ballot") + (opened && has_votes(opened) ? 1 : 0);
    return votes == resolution_count_voters(dossier) ||
           is_over(dossier, event, "vote-opened", "it lasts until", error);
}

static gboolean says_number(const Event *event, const char *member, guint number)
{
    return yyjson_get_uint(yyjson_obj_get(event->payload, member)) == number;
}

static gboolean says_amendments(const Event *event, const ResolutionCount *count)
{
    yyjson_val *list = yyjson_obj_get(event->payload, "amendments"), *one;
    size_t at, size;
    if (yyjson_arr_size(list) != count->amendments->len)
        return FALSE;
    yyjson_arr_foreach (list, at, size, one) {
        g_autofree char *line = resolution_count_line(
            &g_array_index(count->amendments, ResolutionAmendment, (guint)at));
        if (!yyjson_equals_str(one, line))
            return FALSE;
    }
    return TRUE;
}

static gboolean counts_are_right(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ResolutionCount) count = resolution_count_new(dossier);
    if (!count)
        return error_denied(error, "there was no vote");
    const ResolutionTally *tally = &count->tally;
    if (!says_number(event, "yes", tally->yes) || !says_number(event, "no", tally->no) ||
        !says_number(event, "abstain", tally->abstain))
        return error_denied(error, "they are %u yes, %u no, %u abstentions", tally->yes, tally->no,
                            tally->abstain);
    return says_amendments(event, count) ||
           error_denied(error, "those of the amendments are others");
}

static gboolean is_carried(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ResolutionCount) count = resolution_count_new(dossier);
    if (!count)
        return error_denied(error, "there was no vote");
    if (!count->is_quorum)
        return error_denied(error, "%u of %u members voted, which is no quorum", count->ballots,
                            count->voters);
    return count->is_adopted || error_denied(error, "%u yes and %u no do not carry it",
                                             count->tally.yes, count->tally.no);
}

static gboolean is_not_carried(const EngineResult *dossier, const Event *event)
{
    g_autoptr(ResolutionCount) count = resolution_count_new(dossier);
    return count && !count->is_adopted;
}

static gboolean text_is_final(const EngineResult *dossier, const Event *event)
{
    g_autoptr(ResolutionCount) count = resolution_count_new(dossier);
    g_autofree char *text = count ? g_strdup(count->text) : resolution_text_now(dossier);
    return g_strcmp0(event_text(event, "text"), text) == 0;
}

static gboolean is_noted(const EngineResult *dossier, const Event *event, GError **error)
{
    guint noted = resolution_count_noted(dossier), voters = resolution_count_voters(dossier);
    if (!resolution_count_is_quorum(noted, voters))
        return error_denied(error, "%u of %u members have", noted, voters);
    return says_number(event, "noted", noted) || error_denied(error, "it was %u", noted);
}

static gboolean silence_failed(const EngineResult *dossier, const Event *event)
{
    return dossier->state != RESOLUTION_SILENCE ||
           !resolution_count_is_quorum(resolution_count_noted(dossier),
                                       resolution_count_voters(dossier));
}

static const ProcedureGuard failed_guard = {
    "a silence that a majority of the members noted and nobody broke is an agreement: there is no "
    "vote after it",
    silence_failed};
static const ProcedureGuard order_guard = {
    "\"order\" has each amendment that stands once, the furthest from the text first",
    .check = order_is_whole};
static const ProcedureGuard chair_votes_guard = {
    "a chair that has a vote votes now or not at all, on each amendment and the text; any other "
    "does not",
    chair_votes_well};
static const ProcedureGuard ballot_guard = {
    "a ballot answers yes, no or abstain for each amendment, in their order, and for the text",
    .check = ballot_is_whole};
static const ProcedureGuard vote_over_guard = {"the vote is over: its time, or all have voted",
                                               .check = vote_is_over};
static const ProcedureGuard counts_guard = {"the counts are right", .check = counts_are_right};
static const ProcedureGuard carried_guard = {
    "a majority of the members voted, and there are more yes than no; on the rulebook and on "
    "membership two thirds",
    .check = is_carried};
static const ProcedureGuard not_carried_guard = {"the vote did not carry it", is_not_carried};
static const ProcedureGuard final_guard = {
    "\"text\" is the text with all amendments that were carried", text_is_final};
static const ProcedureGuard noted_guard = {
    "a majority of the members have noted the text, and \"noted\" says how many",
    .check = is_noted};

/* --- after adoption ----------------------------------------------------------------------------
 */

static gboolean due_is_later(const EngineResult *dossier, const Event *event)
{
    const char *text = event_text(event, "due");
    gint64 due;
    return text && timestamp_parse(text, strlen(text), &due, NULL) && due > event->time_us;
}

static gboolean is_own_commitment(const EngineResult *dossier, const Event *event)
{
    const Event *commitment = engine_named(dossier, event, "commitment"), *one;
    if (!commitment || strcmp(commitment->type, "commitment") != 0 ||
        strcmp(commitment->node, event->node) != 0)
        return FALSE;
    for (guint i = 0; (one = engine_nth(dossier, "fulfilled", i)) != NULL; i++)
        if (engine_named(dossier, one, "commitment") == commitment)
            return FALSE;
    return TRUE;
}

static const ProcedureGuard due_guard = {"\"due\" is later than the commitment itself",
                                         due_is_later};
static const ProcedureGuard own_commitment_guard = {
    "\"commitment\" is an own one that is not fulfilled yet", is_own_commitment};

/* --- the lists ---------------------------------------------------------------------------------
 */

#define RULES(name, ...) const ProcedureGuard *const resolution_rules_##name[] = {__VA_ARGS__, NULL}

RULES(tabled, &community_guard, &voters_guard);
RULES(consultation_opened, &until_guard);
RULES(co_sponsored, &voter_guard, &first_guard);
RULES(revised, &consultation_on_guard);
RULES(amendment, &voter_guard, &consultation_on_guard, &fits_guard);
RULES(amendment_accepted, &consultation_on_guard, &applies_guard);
RULES(amendment_withdrawn, &own_guard);
RULES(silence_opened, &allowed_guard, &consultation_over_guard, &none_stands_guard, &ripe_guard,
      &until_guard);
RULES(noted, &voter_guard, &first_guard, &silence_on_guard);
RULES(silence_broken, &voter_guard, &silence_on_guard);
RULES(agreed, &silence_over_guard, &noted_guard, &final_guard);
RULES(vote_opened, &consultation_over_guard, &silence_over_guard, &failed_guard, &ripe_guard,
      &order_guard, &chair_votes_guard, &until_guard);
RULES(ballot, &voter_guard, &vote_on_guard, &first_guard, &ballot_guard);
RULES(adopted, &vote_over_guard, &counts_guard, &carried_guard, &final_guard);
RULES(rejected, &vote_over_guard, &counts_guard, &not_carried_guard);
RULES(lapsed, &patience_guard);
RULES(commitment, &due_guard);
RULES(progress, &own_commitment_guard);
RULES(implementation, &voter_guard);
