#include "dossier/evidence_certificate.h"

#include <string.h>

#include "base/escape.h"
#include "base/timestamp.h"

static const char rule[] =
    "------------------------------------------------------------------------\n";

/* Whatever came from outside stays on its line. */
static void add_line(GString *text, const char *label, const char *value)
{
    g_autofree char *shown = value ? escape_terminal(value, -1) : NULL;
    if (shown)
        g_string_append_printf(text, "  %-14s %s\n", label, shown);
}

static void add_member(GString *text, const Event *event, const char *member, const char *label)
{
    add_line(text, label, event_text(event, member));
}

static void add_head(GString *text, const EngineResult *result)
{
    const Event *opening = result->opening;
    g_string_append(text, "CERTIFICATE OF EVIDENCE\n");
    g_string_append(text, rule);
    if (opening->is_exercise)
        g_string_append(text, "THIS IS AN EXERCISE\n");
    add_line(text, "Evidence", result->dossier);
    add_member(text, opening, "subject", "Subject");
    add_member(text, opening, "kind", "Kind");
    add_member(text, opening, "source", "Source");
    add_member(text, opening, "basis", "Basis");
    add_member(text, opening, "reference", "Reference");
    add_line(text, "Holder", opening->node);
}

static void add_seal(GString *text, const EvidenceChain *chain)
{
    g_string_append(text, "\nSEALED FILES (SHA-256, bytes, name)\n");
    if (!chain->seal) {
        g_string_append(text, "  It is not sealed.\n");
        return;
    }
    g_autoptr(GArray) items = evidence_chain_items(chain->seal);
    for (guint i = 0; i < items->len; i++) {
        const EvidenceItem *item = &g_array_index(items, EvidenceItem, i);
        char hex[2 * SHA256_SIZE + 1];
        g_autofree char *name = escape_terminal(item->name, -1);
        g_string_append_printf(text, "  %s  %" G_GUINT64_FORMAT "  %s%s\n",
                               event_hash_format(&item->sha256, hex), item->size, name,
                               item->is_malicious ? "  (MALICIOUS)" : "");
    }
}

static void add_step(GString *text, const EngineEvent *one, guint number)
{
    static const char *const members[][2] = {
        {"copy", "copy"},           {"of", "made of"},
        {"offer", "answers offer"}, {"to", "to"},
        {"time", "done at"},        {"place", "place"},
        {"method", "method"},       {"tool", "tool"},
        {"condition", "condition"}, {"approved_by", "approved by"},
        {"text", "text"},
    };
    const Event *event = one->event;
    char time[TIMESTAMP_MAX], hex[2 * SHA256_SIZE + 1];
    g_autofree char *signatory = event->signatory ? escape_terminal(event->signatory, -1) : NULL;
    g_string_append_printf(text, "%3u. %s  %s  by %s, %s\n", number,
                           timestamp_format(time, event->time_us, 0), event->type,
                           signatory ? signatory : "the node itself", event->node);
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        add_member(text, event, members[i][0], members[i][1]);
    if (yyjson_obj_get(event->payload, "verified"))
        add_line(text, "hashed", "all files, equal to the seal");
    if (yyjson_obj_get(event->payload, "found"))
        add_line(text, "hashed", "the files, and they DIFFER from the seal");
    if (yyjson_obj_get(event->payload, "timestamp"))
        add_line(text, "time stamp", "a token is kept with it; it was not verified here");
    if (one->verdict != ENGINE_VALID)
        add_line(text, engine_verdict_name(one->verdict), one->reason);
    add_line(text, "event", event_hash_format(&event->hash, hex));
}

static void add_copies(GString *text, const EvidenceChain *chain)
{
    g_string_append(text, "\nCOPIES\n");
    for (guint i = 0; i < chain->copies->len; i++) {
        const EvidenceCopy *copy = chain->copies->pdata[i];
        g_string_append_printf(text, "  %s: %s, in the hands of %s%s%s\n", copy->name,
                               evidence_chain_status_name(copy->status), copy->custodian,
                               copy->to ? ", to " : "", copy->to ? copy->to : "");
    }
}

char *evidence_certificate(const EngineResult *result, const EvidenceChain *chain)
{
    GString *text = g_string_new(NULL);
    if (!result->opening)
        return g_string_free(text, FALSE);
    add_head(text, result);
    add_seal(text, chain);
    g_string_append(text, "\nSTEPS, by the clocks of those who made them\n");
    for (guint i = 0; i < result->events->len; i++)
        add_step(text, &g_array_index(result->events, EngineEvent, i), i + 1);
    add_copies(text, chain);
    g_string_append(text, rule);
    g_string_append(
        text,
        "I have collected or acquired what is named above, by the methods and with the tools\n"
        "named above, and sealed it by the hashes named above. The steps above are those that\n"
        "I know of.\n\n"
        "Name      ______________________________   Office  ______________________________\n\n"
        "Date      ______________________________   Signed  ______________________________\n");
    return g_string_free(text, FALSE);
}
