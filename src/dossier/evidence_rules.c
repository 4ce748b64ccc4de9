#include "dossier/evidence_rules.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/evidence_chain.h"

#define NAME_MAX_BYTES 32
#define ITEMS_MAX      256

G_GNUC_PRINTF(2, 3) static gboolean refuse(GError **error, const char *format, ...)
{
    if (!error)
        return FALSE;
    va_list arguments;
    va_start(arguments, format);
    *error = g_error_new_valist(CONCERT_ERROR, CONCERT_ERROR_DENIED, format, arguments);
    va_end(arguments);
    return FALSE;
}

/* --- fields ------------------------------------------------------------------------------------
 */

gboolean evidence_rules_check_name(yyjson_val *value, GError **error)
{
    const char *name = yyjson_get_str(value);
    gboolean good = name && *name && yyjson_get_len(value) <= NAME_MAX_BYTES;
    for (const char *at = name; good && *at; at++)
        good = g_ascii_islower(*at) || g_ascii_isdigit(*at) || (*at == '-' && at > name);
    return good || error_input(error, "a copy is called by a word of a-z, 0-9 and \"-\" of at most "
                                      "32 letters");
}

static gboolean is_item(yyjson_val *item)
{
    EventHash hash;
    yyjson_val *name = yyjson_obj_get(item, "name"), *sha256 = yyjson_obj_get(item, "sha256");
    gboolean good = yyjson_is_str(name) && yyjson_get_len(name) > 0 &&
                    yyjson_get_len(name) <= PROCEDURE_LINE_MAX && yyjson_is_str(sha256) &&
                    event_hash_parse(yyjson_get_str(sha256), yyjson_get_len(sha256), &hash) &&
                    yyjson_is_uint(yyjson_obj_get(item, "size"));
    for (size_t i = 0; good && i < yyjson_get_len(name); i++)
        good = !g_ascii_iscntrl(yyjson_get_str(name)[i]);
    return good;
}

gboolean evidence_rules_check_items(yyjson_val *value, GError **error)
{
    size_t at, size;
    yyjson_val *item;
    if (!yyjson_is_arr(value) || yyjson_arr_size(value) == 0 || yyjson_arr_size(value) > ITEMS_MAX)
        return error_input(error, "is not a list of 1 to 256 items");
    yyjson_arr_foreach (value, at, size, item)
        if (!is_item(item))
            return error_input(error, "an item has a \"name\", a \"sha256\" of 64 lower-case hex "
                                      "digits, and a \"size\" in bytes");
    return TRUE;
}

/* --- collecting and sealing --------------------------------------------------------------------
 */

static gboolean is_past(const EngineResult *dossier, const Event *event)
{
    const char *text = event_text(event, "time");
    gint64 time;
    return !text || (timestamp_parse(text, strlen(text), &time, NULL) && time <= event->time_us);
}

static gboolean has_items_once(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(GArray) items = evidence_chain_items(event);
    if (items->len == 0)
        return refuse(error, "it has neither \"files\" nor \"items\"");
    for (guint i = 0; i < items->len; i++)
        for (guint j = 0; j < i; j++)
            if (event_hash_compare(&g_array_index(items, EvidenceItem, i).sha256,
                                   &g_array_index(items, EvidenceItem, j).sha256) == 0)
                return refuse(error, "\"%s\" and \"%s\" have the same bytes",
                              g_array_index(items, EvidenceItem, j).name,
                              g_array_index(items, EvidenceItem, i).name);
    return TRUE;
}

static gboolean has_item(const GArray *items, const EventHash *hash)
{
    for (guint i = 0; i < items->len; i++)
        if (event_hash_compare(&g_array_index(items, EvidenceItem, i).sha256, hash) == 0)
            return TRUE;
    return FALSE;
}

static gboolean has_all(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(GArray) sealed = evidence_chain_items(event);
    for (guint i = 0; i < dossier->events->len; i++) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        if (one->verdict != ENGINE_VALID || (strcmp(one->event->type, "collected") != 0 &&
                                             strcmp(one->event->type, "acquired") != 0))
            continue;
        g_autoptr(GArray) items = evidence_chain_items(one->event);
        for (guint j = 0; j < items->len; j++)
            if (!has_item(sealed, &g_array_index(items, EvidenceItem, j).sha256))
                return refuse(error, "\"%s\" is missing",
                              g_array_index(items, EvidenceItem, j).name);
    }
    return TRUE;
}

/* --- custody -----------------------------------------------------------------------------------
 */

/* The copy that a member names, in the author's hands. @allowed: statuses, as bits. */
static EvidenceCopy *find_own(const EvidenceChain *chain, const Event *event, const char *member,
                              guint allowed, GError **error)
{
    const char *name = event_text(event, member);
    EvidenceCopy *copy = evidence_chain_find(chain, name);
    if (!copy)
        refuse(error, "there is no copy \"%s\"", name ? name : "");
    else if (strcmp(copy->custodian, event->node) != 0)
        refuse(error, "\"%s\" is in the hands of %s", name, copy->custodian);
    else if (!(allowed & PROCEDURE_BIT(copy->status)))
        refuse(error, "\"%s\" is %s%s%s", name, evidence_chain_status_name(copy->status),
               copy->to ? " to " : "", copy->to ? copy->to : "");
    else
        return copy;
    return NULL;
}

#define HELD     PROCEDURE_BIT(EVIDENCE_CHAIN_HELD)
#define DISPUTED PROCEDURE_BIT(EVIDENCE_CHAIN_DISPUTED)

static gboolean is_held(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    return find_own(chain, event, "copy", HELD, error) != NULL;
}

static gboolean is_new_copy(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    if (!find_own(chain, event, "of", HELD, error))
        return FALSE;
    if (evidence_chain_find(chain, event_text(event, "copy")))
        return refuse(error, "there is a copy \"%s\" already", event_text(event, "copy"));
    return chain->copies->len < EVIDENCE_CHAIN_COPIES_MAX ||
           refuse(error, "there are %d copies already", EVIDENCE_CHAIN_COPIES_MAX);
}

static gboolean matches(const EngineResult *dossier, const Event *event)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    return evidence_chain_matches(chain, event, "verified");
}

static gboolean is_copy(const EngineResult *dossier, const Event *event)
{
    const char *name = event_text(event, "copy");
    return name && strcmp(name, EVIDENCE_CHAIN_ORIGINAL) != 0;
}

static gboolean may_check(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    return find_own(chain, event, "copy", HELD | DISPUTED, error) != NULL;
}

static gboolean is_other(const EngineResult *dossier, const Event *event)
{
    return g_strcmp0(event_text(event, "to"), event->node) != 0;
}

static gboolean had_another(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    const EvidenceCopy *copy = find_own(chain, event, "copy", HELD, error);
    return copy && (copy->before->len > 0 || refuse(error, "nobody else had \"%s\"", copy->name));
}

/* The copy whose open offer the event names. */
static EvidenceCopy *find_offered(const EngineResult *dossier, const EvidenceChain *chain,
                                  const Event *event, GError **error)
{
    EvidenceCopy *copy = evidence_chain_offered(chain, engine_named(dossier, event, "offer"));
    if (!copy)
        refuse(error, "it is no offer, or is not open any more");
    return copy;
}

static gboolean is_addressed(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    const EvidenceCopy *copy = find_offered(dossier, chain, event, error);
    return copy && (strcmp(copy->to, event->node) == 0 ||
                    refuse(error, "\"%s\" is offered to %s", copy->name, copy->to));
}

static gboolean is_offerer(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    const EvidenceCopy *copy = find_offered(dossier, chain, event, error);
    return copy && (strcmp(copy->custodian, event->node) == 0 ||
                    refuse(error, "%s offers \"%s\"", copy->custodian, copy->name));
}

static gboolean differs(const EngineResult *dossier, const Event *event)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    return !evidence_chain_matches(chain, event, "found");
}

static gboolean concerns(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    const char *name = event_text(event, "copy");
    const EvidenceCopy *copy = evidence_chain_find(chain, name);
    if (!copy || copy->status == EVIDENCE_CHAIN_DISPOSED)
        return refuse(error, "there is no copy \"%s\"", name ? name : "");
    if (copy->status == EVIDENCE_CHAIN_OFFERED)
        return strcmp(copy->to, event->node) == 0 ||
               refuse(error, "\"%s\" is offered to %s", name, copy->to);
    return strcmp(copy->custodian, event->node) == 0 ||
           refuse(error, "\"%s\" is in the hands of %s", name, copy->custodian);
}

static gboolean is_approved(const EngineResult *dossier, const Event *event)
{
    return g_strcmp0(event_text(event, "approved_by"), event->signatory) != 0;
}

static gboolean is_at_rest(const EngineResult *dossier, const Event *event, GError **error)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(dossier);
    for (guint i = 0; i < chain->copies->len; i++) {
        const EvidenceCopy *copy = chain->copies->pdata[i];
        if (copy->status == EVIDENCE_CHAIN_DISPOSED)
            continue;
        if (copy->status == EVIDENCE_CHAIN_OFFERED)
            return refuse(error, "\"%s\" is offered to %s", copy->name, copy->to);
        if (strcmp(copy->custodian, event->node) != 0)
            return refuse(error, "\"%s\" is in the hands of %s", copy->name, copy->custodian);
    }
    return TRUE;
}

/* --- the rules ---------------------------------------------------------------------------------
 */

const ProcedureGuard evidence_rules_past = {"\"time\" is not later than the step itself", is_past};
const ProcedureGuard evidence_rules_sealed = {
    .rule = "a seal has at least one file or item, none twice", .check = has_items_once};
const ProcedureGuard evidence_rules_complete = {
    .rule = "every file that was collected or acquired is sealed", .check = has_all};
const ProcedureGuard evidence_rules_held = {
    .rule = "only who holds a copy may act on it, and not while it is offered, disputed or "
            "disposed of",
    .check = is_held};
const ProcedureGuard evidence_rules_new = {
    .rule = "a copy is made, under a new name, of one that its maker holds", .check = is_new_copy};
const ProcedureGuard evidence_rules_matches = {
    "\"verified\" lists exactly the hashes that were sealed: else the copy is to be disputed",
    matches};
const ProcedureGuard evidence_rules_copy = {"a copy is examined, not the original", is_copy};
const ProcedureGuard evidence_rules_checked = {.rule = "only who holds a copy checks it",
                                               .check = may_check};
const ProcedureGuard evidence_rules_other = {"nobody offers a copy to themselves", is_other};
const ProcedureGuard evidence_rules_before = {.rule = "a copy is given back to who had it before",
                                              .check = had_another};
const ProcedureGuard evidence_rules_offered = {
    .rule = "\"offer\" is an open one, to who answers it", .check = is_addressed};
const ProcedureGuard evidence_rules_own = {.rule = "\"offer\" is an open one, of who takes it back",
                                           .check = is_offerer};
const ProcedureGuard evidence_rules_differs = {
    "\"found\" differs from the hashes that were sealed: else there is nothing to dispute",
    differs};
const ProcedureGuard evidence_rules_concerns = {
    .rule = "a copy is disputed by who holds it, or by whom it is offered to", .check = concerns};
const ProcedureGuard evidence_rules_disposed = {
    .rule = "only who holds a copy disposes of it, and not while it is offered",
    .check = may_check};
const ProcedureGuard evidence_rules_approved = {
    "\"approved_by\" is another person than the one who signs", is_approved};
const ProcedureGuard evidence_rules_at_rest = {
    .rule = "every copy is back in the holder's hands or disposed of, and none is on its way",
    .check = is_at_rest};
