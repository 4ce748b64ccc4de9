#include "dossier/request_rules.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/profile.h"

#define HOUR_US  (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define DAY_US   (24 * HOUR_US)
#define BASIS    "basis"
#define PROFILE  "profile"
#define CONTESTS "voluntary"

/* --- what kinds need --------------------------------------------------------------------------
 */

static const struct {
    const char *kind;
    const char *needs[3]; /* ends with NULL */
} coercive[] = {
    {"preservation", {"authority", "data", NULL}},
    {"disclosure", {"authority", "preserved_in", NULL}},
};

static const char *const *needs_of(const char *kind)
{
    static const char *const nothing[] = {NULL};
    for (guint i = 0; i < G_N_ELEMENTS(coercive); i++)
        if (g_strcmp0(kind, coercive[i].kind) == 0)
            return coercive[i].needs;
    return nothing;
}

gboolean request_rules_is_coercive(const char *kind)
{
    return needs_of(kind)[0] != NULL;
}

static void add_missing(GString *list, yyjson_val *payload, const char *member)
{
    g_autofree char *quoted = g_strdup_printf("\"%s\"", member);
    if (!yyjson_obj_get(payload, member) && !strstr(list->str, quoted))
        g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", quoted);
}

char *request_rules_missing(yyjson_val *payload)
{
    g_autoptr(GString) list = g_string_new(NULL);
    const char *const *need = needs_of(yyjson_get_str(yyjson_obj_get(payload, "kind")));
    size_t at, size;
    yyjson_val *member;
    for (; *need; need++)
        add_missing(list, payload, *need);
    yyjson_arr_foreach (profile_terms_requires(yyjson_obj_get(payload, PROFILE)), at, size, member)
        add_missing(list, payload, yyjson_get_str(member));
    return list->len > 0 ? g_string_free(g_steal_pointer(&list), FALSE) : NULL;
}

static gboolean is_complete(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autofree char *missing = request_rules_missing(event->payload);
    if (missing)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "it lacks %s%s", missing,
                    strstr(missing, "\"authority\"")
                        ? " (nobody here can compel: it is addressed to a competent authority)"
                        : "");
    return !missing;
}

/* --- the legal profile ------------------------------------------------------------------------
 */

static gboolean in_force(const EngineResult *dossier, const Event *event, GError **error)
{
    yyjson_val *terms = yyjson_obj_get(event->payload, PROFILE);
    return !terms || profile_terms_apply(terms, event->time_us, error);
}

static yyjson_val *terms_of(const EngineResult *dossier)
{
    return dossier->opening ? yyjson_obj_get(dossier->opening->payload, PROFILE) : NULL;
}

/* What the responder said last when it took the request on; NULL: it did not yet. */
static const char *last_basis(const EngineResult *dossier)
{
    for (guint i = dossier->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        if (one->verdict == ENGINE_VALID && (strcmp(one->event->type, "accepted") == 0 ||
                                             strcmp(one->event->type, "partly-accepted") == 0))
            return event_text(one->event, BASIS);
    }
    return NULL;
}

gboolean request_rules_profile_applies(const EngineResult *dossier)
{
    return terms_of(dossier) && g_strcmp0(last_basis(dossier), CONTESTS) != 0;
}

static gboolean says_basis(const EngineResult *dossier, const Event *event, GError **error)
{
    const char *basis = event_text(event, BASIS);
    yyjson_val *terms = terms_of(dossier);
    if (terms ? basis != NULL : g_strcmp0(basis, PROFILE) != 0)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                terms ? "say whether \"%s\" applies (\"basis\": \"profile\") or not "
                        "(\"voluntary\")"
                      : "the request names no profile%s",
                terms ? profile_terms_name(terms) : "");
    return FALSE;
}

/* --- refusing ---------------------------------------------------------------------------------
 */

static gboolean ground_is_open(const EngineResult *dossier, const Event *event, GError **error)
{
    yyjson_val *terms = terms_of(dossier);
    const char *basis = event_text(event, BASIS);
    gboolean applies =
        basis ? strcmp(basis, CONTESTS) != 0 : request_rules_profile_applies(dossier);
    if (!terms || !applies || profile_terms_allows(terms, event_text(event, "ground")))
        return TRUE;
    g_autofree char *grounds = profile_terms_grounds(terms);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "under \"%s\" it is %s; who holds that it does not apply says so (\"basis\": "
                "\"voluntary\")",
                profile_terms_name(terms), grounds);
    return FALSE;
}

static gboolean has_provision(const EngineResult *dossier, const Event *event)
{
    return g_strcmp0(event_text(event, "ground"), "other") == 0 ||
           event_text(event, "provision") != NULL;
}

/* --- times ------------------------------------------------------------------------------------
 */

static gboolean read_time(const Event *event, const char *member, gint64 *ret_time)
{
    const char *text = event ? event_text(event, member) : NULL;
    return text && timestamp_parse(text, strlen(text), ret_time, NULL);
}

static gboolean wanted_later(const EngineResult *dossier, const Event *event)
{
    gint64 wanted;
    return !read_time(event, "wanted_by", &wanted) || wanted > event->time_us;
}

static gboolean until_later(const EngineResult *dossier, const Event *event)
{
    gint64 until;
    return read_time(event, "until", &until) && until > event->time_us;
}

static gboolean long_enough(const EngineResult *dossier, const Event *event, GError **error)
{
    yyjson_val *terms = terms_of(dossier);
    guint days = request_rules_profile_applies(dossier) ? profile_terms_days(terms) : 0;
    gint64 until;
    /* "60 days from now" is said a moment before it is signed. */
    if (read_time(event, "until", &until) && until + HOUR_US >= event->time_us + days * DAY_US)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "\"%s\" demands %u days",
                profile_terms_name(terms), days);
    return FALSE;
}

/* Until when the data is preserved, as it was said last. */
static gboolean preserved_until(const EngineResult *dossier, gint64 *ret_until)
{
    const Event *extended = engine_last(dossier, "extended");
    return read_time(extended ? extended : engine_last(dossier, "preserved"), "until", ret_until);
}

static gboolean extends(const EngineResult *dossier, const Event *event)
{
    gint64 before, until;
    return preserved_until(dossier, &before) && read_time(event, "until", &until) && until > before;
}

static gboolean has_expired(const EngineResult *dossier, const Event *event)
{
    gint64 until;
    return preserved_until(dossier, &until) && event->time_us >= until;
}

/* --- kinds ------------------------------------------------------------------------------------
 */

static gboolean is_kind(const EngineResult *dossier, const char *kind)
{
    return dossier->opening && g_strcmp0(event_text(dossier->opening, "kind"), kind) == 0;
}

static gboolean is_not_coercive(const EngineResult *dossier, const Event *event)
{
    return dossier->opening && !request_rules_is_coercive(event_text(dossier->opening, "kind"));
}

static gboolean is_preservation(const EngineResult *dossier, const Event *event)
{
    return is_kind(dossier, "preservation");
}

static gboolean formal_is_due(const EngineResult *dossier, const Event *event)
{
    return is_kind(dossier, "disclosure") ||
           (is_kind(dossier, "preservation") && engine_count(dossier, "preserved") > 0);
}

const ProcedureGuard request_rules_in_force = {
    .rule = "a legal profile is in force for both sides; without one the request is voluntary",
    .check = in_force};
const ProcedureGuard request_rules_complete = {
    .rule = "it has all that its kind and its profile require", .check = is_complete};
const ProcedureGuard request_rules_wanted_later = {
    .rule = "\"wanted_by\" is later than the request itself", .holds = wanted_later};
const ProcedureGuard request_rules_basis = {
    .rule = "who takes a request on confirms or contests the profile that it names",
    .check = says_basis};
const ProcedureGuard request_rules_ground = {
    .rule = "under a profile a refusal has one of its grounds, or \"no-legal-basis\"",
    .check = ground_is_open};
const ProcedureGuard request_rules_provision = {
    .rule = "a refusal names the \"provision\" that its ground rests on, unless it is \"other\"",
    .holds = has_provision};
const ProcedureGuard request_rules_until_later = {.rule = "\"until\" lies ahead",
                                                  .holds = until_later};
const ProcedureGuard request_rules_not_coercive = {
    .rule = "what is to be preserved or disclosed is not answered by the way: it is preserved, and "
            "released once a formal request was received, or refused",
    .holds = is_not_coercive};
const ProcedureGuard request_rules_preservation = {.rule = "only a preservation is preserved",
                                                   .holds = is_preservation};
const ProcedureGuard request_rules_long_enough = {
    .rule = "data is preserved as long as the profile requires, to the hour", .check = long_enough};
const ProcedureGuard request_rules_extends = {
    .rule = "an extension ends later than what it extends", .holds = extends};
const ProcedureGuard request_rules_expired = {
    .rule = "preservation lapses when its time is over, not before", .holds = has_expired};
const ProcedureGuard request_rules_formal_is_due = {
    .rule = "a formal request is one for data that is preserved, or for disclosure",
    .holds = formal_is_due};
