#include "dossier/case_rules.h"

#include <string.h>

#include "base/timestamp.h"
#include "intake/rsit.h"
#include "stix/identifier.h"

/* --- fields ------------------------------------------------------------------------------------
 */

gboolean case_rules_check_class(yyjson_val *value, GError **error)
{
    const RsitClass *class = rsit_find(yyjson_get_str(value));
    return (class && yyjson_equals_str(value, class->word)) ||
           error_input(error, "it is no class of the Reference Security Incident Taxonomy, such as "
                              "fraud.phishing or malicious-code.c2-server");
}

gboolean case_rules_check_currency(yyjson_val *value, GError **error)
{
    const char *text = yyjson_get_str(value);
    return (text && strlen(text) == 3 && g_ascii_isupper(text[0]) && g_ascii_isupper(text[1]) &&
            g_ascii_isupper(text[2])) ||
           error_input(error, "it is not the three letters of a currency");
}

gboolean case_rules_check_objects(yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *value;
    yyjson_arr_foreach (list, at, size, value) {
        const char *id = yyjson_get_str(value);
        gsize length = yyjson_get_len(value), type = id ? identifier_type_length(id, length) : 0;
        if (type == 0 ||
            !identifier_is_uuid(id + type + strlen("--"), length - type - strlen("--"), NULL))
            return error_input(error, "it has a member that is not the id of a STIX object");
    }
    return TRUE;
}

/* --- rules -------------------------------------------------------------------------------------
 */

static gboolean outcome_fits(const EngineResult *dossier, const Event *event)
{
    const ProcedureState *state = engine_state(dossier);
    return (g_strcmp0(event_text(event, "outcome"), "resolved") == 0) ==
           (state && strcmp(state->name, "resolved") == 0);
}

static gboolean has_role(const EngineResult *dossier, const char *node, const char *role)
{
    return node && (engine_roles(dossier, node) & procedure_role(dossier->procedure, role)) != 0;
}

static gboolean to_member(const EngineResult *dossier, const Event *event)
{
    return has_role(dossier, event_text(event, "to"), "member");
}

/* The last valid event of any of @types (NULL-terminated), or NULL. */
static const Event *last_of(const EngineResult *dossier, const char *const *types)
{
    for (guint i = dossier->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        if (one->verdict == ENGINE_VALID && g_strv_contains(types, one->event->type))
            return one->event;
    }
    return NULL;
}

/* The offer that stands is the last that was said of the lead, by who has it, to this node. */
static gboolean was_offered(const EngineResult *dossier, const Event *event)
{
    static const char *const types[] = {"lead-offered", "lead-kept", "lead-refused", "lead-taken",
                                        NULL};
    const Event *last = last_of(dossier, types);
    return last && strcmp(last->type, "lead-offered") == 0 &&
           has_role(dossier, last->node, "lead") &&
           g_strcmp0(event_text(last, "to"), event->node) == 0;
}

static gboolean is_over(const EngineResult *dossier, const Event *asked)
{
    for (guint i = 0; i < dossier->events->len; i++) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        gboolean ends = strcmp(one->event->type, "taken-down") == 0 ||
                        strcmp(one->event->type, "takedown-failed") == 0;
        if (ends && one->verdict == ENGINE_VALID &&
            engine_named(dossier, one->event, "asked") == asked)
            return TRUE;
    }
    return FALSE;
}

static gboolean open_asking(const EngineResult *dossier, const Event *event)
{
    const Event *asked = engine_named(dossier, event, "asked");
    return asked && strcmp(asked->type, "takedown-asked") == 0 && !is_over(dossier, asked);
}

static gboolean down_since(const EngineResult *dossier, const Event *event)
{
    const Event *asked = engine_named(dossier, event, "asked");
    const char *text = event_text(event, "at");
    gint64 at;
    return asked && (!text || (timestamp_parse(text, strlen(text), &at, NULL) &&
                               at >= asked->time_us && at <= event->time_us));
}

const ProcedureGuard case_rules_outcome = {
    .rule = "a case that is resolved is closed with the outcome \"resolved\", and no other is",
    .holds = outcome_fits};
const ProcedureGuard case_rules_to_member = {.rule = "the lead is offered to a member",
                                             .holds = to_member};
const ProcedureGuard case_rules_offered = {
    .rule = "the lead was offered to who takes it, by who has it, and the offer stands",
    .holds = was_offered};
const ProcedureGuard case_rules_open_asking = {
    .rule = "\"asked\" is a takedown that was asked for and is not over", .holds = open_asking};
const ProcedureGuard case_rules_down_since = {
    .rule = "\"at\" is not before it was asked for, nor later than it is said",
    .holds = down_since};
