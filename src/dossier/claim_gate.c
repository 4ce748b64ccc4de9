#include "dossier/claim_gate.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/claim_evidence.h"

#define REVIEWS_MIN 2

/* --- the conditions ----------------------------------------------------------------------------
 */

static gboolean check_person(const ClaimView *view, GError **error)
{
    return yyjson_get_bool(yyjson_obj_get(view->opening->payload, "names_no_person")) ||
           error_denied(error, "it was not stated that no natural person is named");
}

static gboolean check_roots(const ClaimView *view, GError **error)
{
    g_autoptr(GPtrArray) items = claim_evidence_items(view);
    guint named, roots = claim_evidence_roots(items, &named);
    if (roots >= CLAIM_ROOTS_MIN)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "the facts name %u root%s, of which %u can be shown to be independent", named,
                named == 1 ? "" : "s", roots);
    return FALSE;
}

static gboolean check_hypotheses(const ClaimView *view, GError **error)
{
    return claim_evidence_is_weighed(view, error);
}

/* Whether the review counts: it supports this version, and is by somebody who wrote none of it. */
static gboolean counts(const ClaimView *view, const Event *review)
{
    return g_strcmp0(event_text(review, "finding"), "supports") == 0 &&
           !claim_view_wrote(view, review);
}

/* Whether the two together satisfy the rule: two people, of two organisations if need be. */
static gboolean are_two(const ClaimView *view, const Event *a, const Event *b)
{
    return !claim_view_same_person(a, b) &&
           (!claim_view_is_state_role(view) || strcmp(a->node, b->node) != 0);
}

static gboolean check_reviews(const ClaimView *view, GError **error)
{
    g_autoptr(GPtrArray) reviews = g_ptr_array_new();
    const Event *one;
    for (guint at = 0; (one = claim_view_next(view, "reviewed", CLAIM_CURRENT, &at));) {
        if (!counts(view, one))
            continue;
        for (guint i = 0; i < reviews->len; i++)
            if (are_two(view, reviews->pdata[i], one))
                return TRUE;
        g_ptr_array_add(reviews, (gpointer)one);
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%u supporting review%s of this version by others than its writers; %d are needed, "
                "by different people%s",
                reviews->len, reviews->len == 1 ? "" : "s", REVIEWS_MIN,
                claim_view_is_state_role(view) ? " of different organisations" : "");
    return FALSE;
}

static gboolean check_contact(const ClaimView *view, GError **error)
{
    gint64 time_us;
    return claim_view_contact(view, &time_us, error);
}

static gboolean check_reply(const ClaimView *view, GError **error)
{
    gint64 contact_us, due;
    char time[TIMESTAMP_MAX];
    if (claim_view_reply(view))
        return TRUE;
    if (!claim_view_contact(view, &contact_us, NULL))
        return error_denied(error, "the time to reply has not begun: the contact is not made yet");
    due = claim_view_silence_due(view, contact_us);
    if (view->time_us >= due)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "there is no reply, and the time for it is not over before %s",
                timestamp_format(time, due, 0));
    return FALSE;
}

static const Event *assessment(const ClaimView *view)
{
    return claim_view_last(view, "assessed", CLAIM_CONTACTED);
}

static gboolean check_assessment(const ClaimView *view, GError **error)
{
    const Event *one = assessment(view);
    if (!one)
        return error_denied(error, "the claim was not assessed since the party was contacted");
    return (event_text(one, "confidence") && event_text(one, "basis") &&
            event_text(one, "dissent")) ||
           error_denied(error, "the assessment lacks its confidence, its basis or its dissent");
}

static gboolean check_state_role(const ClaimView *view, GError **error)
{
    const Event *one = assessment(view);
    if (!claim_view_is_state_role(view))
        return TRUE;
    if (!event_text(view->opening, "rests_on"))
        return error_denied(error, "it does not name the claim about the actor that it rests on");
    return (one && g_strcmp0(event_text(one, "confidence"), "high") == 0) ||
           error_denied(error, "the confidence in it is not high");
}

static gboolean check_decision(const ClaimView *view, GError **error)
{
    if (!view->act || !claim_view_wrote(view, view->act))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%s wrote some of it: somebody else decides", view->act->signatory);
    return FALSE;
}

static const ClaimCondition conditions[] = {
    {"no-person", "no natural person is named", check_person},
    {"roots",
     "facts of two roots, where an item says what shows that the one is independent of the other",
     check_roots},
    {"hypotheses",
     "three competing hypotheses, the claimed one and a false flag among them, each weighed "
     "against each item",
     check_hypotheses},
    {"reviews",
     "two people who wrote none of it support this version; for a state's role, of two "
     "organisations",
     check_reviews},
    {"contact",
     "the party named was contacted about this version: its node received it, or two attempts by "
     "different channels to listed contacts are documented, each by one person and confirmed by "
     "another",
     check_contact},
    {"reply",
     "the party's reply, or 14 days of silence since the second attempt or the receipt (72 hours "
     "while harm goes on)",
     check_reply},
    {"assessment",
     "an assessment since the contact: confidence, its basis in words, and the dissent",
     check_assessment},
    {"state-role",
     "a state's role is a claim of its own, resting on that about the actor, with high confidence",
     check_state_role},
    {"decision", "who decides to show it wrote none of it", check_decision},
    {NULL},
};

const ClaimCondition *claim_gate_conditions(void)
{
    return conditions;
}

/* --- the rules ---------------------------------------------------------------------------------
 */

/* Whether all conditions hold of those whose names are given, or simply all (NULL). */
static gboolean check_some(const EngineResult *dossier, const Event *event,
                           const char *const *names, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    for (const ClaimCondition *one = conditions; one->name; one++) {
        if ((names && !g_strv_contains(names, one->name)) || one->check(view, error))
            continue;
        g_prefix_error(error, "%s (%s): ", one->name, one->rule);
        return FALSE;
    }
    return TRUE;
}

static gboolean is_evident(const EngineResult *dossier, const Event *event, GError **error)
{
    static const char *const names[] = {"no-person", "roots", "hypotheses", NULL};
    return check_some(dossier, event, names, error);
}

static gboolean is_reviewed(const EngineResult *dossier, const Event *event, GError **error)
{
    static const char *const names[] = {"reviews", NULL};
    return check_some(dossier, event, names, error);
}

static gboolean is_silent(const EngineResult *dossier, const Event *event, GError **error)
{
    static const char *const names[] = {"contact", "reply", NULL};
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    if (claim_view_reply(view))
        return error_denied(error, "there is a reply: take it instead");
    return check_some(dossier, event, names, error);
}

static gboolean is_met(const EngineResult *dossier, const Event *event, GError **error)
{
    return check_some(dossier, event, NULL, error);
}

const ProcedureGuard claim_gate_evidence = {
    .rule = "no natural person is named, and the evidence is complete: two independent roots, "
            "three hypotheses weighed against each item",
    .check = is_evident};
const ProcedureGuard claim_gate_reviews = {
    .rule = "two people who wrote none of it support it, for a state's role of two organisations",
    .check = is_reviewed};
const ProcedureGuard claim_gate_silence = {
    .rule = "the party was contacted, and did not reply in the time for it", .check = is_silent};
const ProcedureGuard claim_gate_all = {
    .rule = "all conditions of the gate are met: evidence, reviews, direct contact, reply or "
            "silence, assessment",
    .check = is_met};
