#include "dossier/claim_rules.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/claim.h"
#include "dossier/claim_evidence.h"
#include "dossier/claim_fields.h"

static gboolean is(const Event *event, const char *member, const char *word)
{
    return g_strcmp0(event_text(event, member), word) == 0;
}

static gboolean has(const Event *event, const char *member)
{
    return yyjson_obj_get(event->payload, member) != NULL;
}

/* --- fields ------------------------------------------------------------------------------------
 */

char *claim_rules_seal(const char *salt, const char *text)
{
    g_autofree char *both = g_strconcat(salt, "\n", text, NULL);
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest(both, strlen(both), digest);
    return g_strdup(sha256_hex(digest, hex));
}

gboolean claim_rules_check_digest(yyjson_val *value, GError **error)
{
    EventHash hash;
    return event_hash_parse(yyjson_get_str(value), yyjson_get_len(value), &hash) ||
           (g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "it is no SHA-256 in hex"),
            FALSE);
}

gboolean claim_rules_check_claim(yyjson_val *value, GError **error)
{
    return event_dossier_is_valid(yyjson_get_str(value), "claim") ||
           (g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "it is no id of a claim"),
            FALSE);
}

/* --- writing -----------------------------------------------------------------------------------
 */

static gboolean check_about(const EngineResult *dossier, const Event *event, GError **error)
{
    gboolean is_role = is(event, "about", "state-role"),
             is_state = is(event, "actor_kind", "state");
    if (is_role != is_state)
        return error_denied(
            error, "what a state did is a claim of its own: about state-role, and only that");
    return is_role == has(event, "rests_on") ||
           error_denied(error, is_role ? "\"rests_on\" is missing: the claim about the actor"
                                       : "\"rests_on\" is for a claim about a state's role");
}

/* The item of that name in the claim as the event knew it; NULL: there is none. */
static const Event *find_item(const ClaimView *view, const char *name)
{
    g_autoptr(GPtrArray) items = claim_evidence_items(view);
    for (guint i = 0; i < items->len; i++)
        if (is(items->pdata[i], "name", name))
            return items->pdata[i];
    return NULL;
}

/* Whether there ever was one: a name is not used again. */
static gboolean was_item(const ClaimView *view, const char *name, guint *ret_count)
{
    gboolean was = FALSE;
    const Event *one;
    *ret_count = 0;
    for (guint at = 0; (one = claim_view_next(view, "item", CLAIM_EVER, &at)); ++*ret_count)
        was = was || is(one, "name", name);
    return was;
}

static gboolean check_item(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    guint count;
    if (was_item(view, event_text(event, "name"), &count))
        return error_denied(error, "there was an item %s before", event_text(event, "name"));
    if (count >= CLAIM_ITEMS_MAX)
        return error_denied(error, "there are %d items already", CLAIM_ITEMS_MAX);
    if (claim_evidence_is_fact(event) != has(event, "root"))
        return error_denied(error, "a fact has a \"root\", an assessment or an opinion has none");
    if (has(event, "independent_of") != has(event, "shown_by"))
        return error_denied(error, "\"independent_of\" and \"shown_by\" belong together");
    if (has(event, "independent_of") && !claim_evidence_is_fact(event))
        return error_denied(error, "only the root of a fact can be independent");
    return !has(event, "sealed") || !has(event, "files") ||
           error_denied(error, "a sealed item has no open files");
}

static gboolean are_few(const EngineResult *dossier, const Event *event)
{
    return engine_count(dossier, event->type) < CLAIM_ITEMS_MAX;
}

static gboolean check_dropped(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    return find_item(view, event_text(event, "item")) ||
           error_denied(error, "there is no item %s", event_text(event, "item"));
}

/* --- reviewing ---------------------------------------------------------------------------------
 */

static gboolean check_reviewer(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    const Event *one;
    if (claim_view_wrote(view, event))
        return error_denied(error, "%s wrote some of it", event->signatory);
    for (guint at = 0; (one = claim_view_next(view, "reviewed", CLAIM_CURRENT, &at));)
        if (claim_view_same_person(one, event))
            return error_denied(error, "%s has reviewed this version already", event->signatory);
    return TRUE;
}

/* --- the contact -------------------------------------------------------------------------------
 */

static gboolean ends_later(const EngineResult *dossier, const Event *event)
{
    const char *text = event_text(event, "until");
    gint64 until;
    return timestamp_parse(text, strlen(text), &until, NULL) && until > event->time_us;
}

static gboolean says_harm(const EngineResult *dossier, const Event *event)
{
    return is(event, "urgency", CLAIM_FIELDS_HARM) == has(event, "harm");
}

static gboolean check_second(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    const Event *one;
    for (guint at = 0; (one = claim_view_next(view, "attempted", CLAIM_CONTACTED, &at));)
        if (!is(event, "channel", event_text(one, "channel")))
            return TRUE;
    return error_denied(error, "no attempt by another channel than %s is documented",
                        event_text(event, "channel"));
}

static gboolean check_confirmed(const EngineResult *dossier, const Event *event, GError **error)
{
    const Event *attempt = engine_named(dossier, event, "attempt");
    if (!attempt || !claim_is_attempt(attempt))
        return error_denied(error, "\"attempt\" names none");
    return !claim_view_same_person(attempt, event) ||
           error_denied(error, "%s documented it", event->signatory);
}

static gboolean check_length(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    gsize may = claim_evidence_length(view);
    gsize length = (gsize)g_utf8_strlen(event_text(event, "text"), -1);
    return length <= may ||
           error_denied(error, "it has %" G_GSIZE_FORMAT " characters, the claim %" G_GSIZE_FORMAT,
                        length, may);
}

static gboolean has_reply(const EngineResult *dossier, const Event *event)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    return claim_view_reply(view) != NULL;
}

static gboolean considers_reply(const EngineResult *dossier, const Event *event)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    return (claim_view_reply(view) != NULL) == has(event, "on_reply");
}

/* What is corrected may have been shown to some only. */
static gboolean was_published(const EngineResult *dossier, const Event *event)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    return claim_view_last(view, "published", CLAIM_CURRENT) != NULL;
}

/* --- sealed items ------------------------------------------------------------------------------
 */

static gboolean check_panel(const EngineResult *dossier, const Event *event, GError **error)
{
    const Event *proposal = engine_named(dossier, event, "proposal");
    if (!proposal || strcmp(proposal->type, "panel-proposed") != 0)
        return error_denied(error, "\"proposal\" names none");
    return yyjson_equals(yyjson_obj_get(proposal->payload, "panel"),
                         yyjson_obj_get(event->payload, "panel")) ||
           error_denied(error, "the panel is another than the one that was proposed");
}

static gboolean check_sealed(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    const Event *item = find_item(view, event_text(event, "item"));
    if (!item || !claim_evidence_is_sealed(item))
        return error_denied(error, "there is no sealed item %s", event_text(event, "item"));
    g_autofree char *digest =
        claim_rules_seal(event_text(event, "salt"), event_text(event, "text"));
    return is(item, "sealed", digest) ||
           error_denied(error, "this is not what item %s sealed", event_text(event, "item"));
}

static gboolean check_seen(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(ClaimView) view = claim_view_new(dossier, event, 0);
    size_t at, count;
    yyjson_val *name;
    yyjson_arr_foreach (yyjson_obj_get(event->payload, "items"), at, count, name) {
        const Event *item = find_item(view, yyjson_get_str(name));
        if (!item || !claim_evidence_is_sealed(item))
            return error_denied(error, "there is no sealed item %s", yyjson_get_str(name));
    }
    return TRUE;
}

const ProcedureGuard claim_rules_about = {
    .rule = "a state's role is a claim of its own, and rests on the claim about the actor",
    .check = check_about};
const ProcedureGuard claim_rules_item = {
    .rule = "an item has a name of its own; a fact, and nothing else, has its root; independence "
            "is stated together with what shows it",
    .check = check_item};
const ProcedureGuard claim_rules_few = {
    .rule = "there are at most " G_STRINGIFY(CLAIM_ITEMS_MAX) " of a kind", .holds = are_few};
const ProcedureGuard claim_rules_dropped = {.rule = "\"item\" is one of the claim's items",
                                            .check = check_dropped};
const ProcedureGuard claim_rules_reviewer = {
    .rule = "who reviews wrote none of it, and reviews a version once", .check = check_reviewer};
const ProcedureGuard claim_rules_deferred = {.rule = "\"until\" is later than the event itself",
                                             .holds = ends_later};
const ProcedureGuard claim_rules_harm = {
    .rule = "the short time is for ongoing harm, and \"harm\" says what it is", .holds = says_harm};
const ProcedureGuard claim_rules_second = {
    .rule = "the second attempt is by another channel than one before", .check = check_second};
const ProcedureGuard claim_rules_confirmed = {.rule = "a second person confirms an attempt",
                                              .check = check_confirmed};
const ProcedureGuard claim_rules_length = {
    .rule = "a reply is at most as long as the claim's text and its open items",
    .check = check_length};
const ProcedureGuard claim_rules_taken = {.rule = "there is a reply to this version",
                                          .holds = has_reply};
const ProcedureGuard claim_rules_considered = {
    .rule = "where there is a reply, \"on_reply\" says what was made of it, and only there",
    .holds = considers_reply};
const ProcedureGuard claim_rules_published = {
    .rule = "the claim was published: what is restricted only its claimant shows to others",
    .holds = was_published};
const ProcedureGuard claim_rules_panel = {.rule = "the party agrees to the panel that was proposed",
                                          .check = check_panel};
const ProcedureGuard claim_rules_sealed = {
    .rule = "what is shown is what the item sealed, with its salt", .check = check_sealed};
const ProcedureGuard claim_rules_seen = {.rule = "\"items\" are sealed items of the claim",
                                         .check = check_seen};
