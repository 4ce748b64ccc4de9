#include "dossier/claim_copy.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/claim_evidence.h"
#include "dossier/claim_fields.h"
#include "dossier/claim_view.h"

/* --- building ----------------------------------------------------------------------------------
 */

static void section_free(gpointer data)
{
    ClaimCopySection *section = data;
    g_free(section->heading);
    g_ptr_array_unref(section->blocks);
    g_free(section);
}

void claim_copy_free(ClaimCopy *copy)
{
    if (!copy)
        return;
    g_free(copy->title);
    g_ptr_array_unref(copy->sections);
    g_free(copy);
}

static ClaimCopySection *add_section(ClaimCopy *copy, gboolean is_statement, const char *format,
                                     ...) G_GNUC_PRINTF(3, 4);

static ClaimCopySection *add_section(ClaimCopy *copy, gboolean is_statement, const char *format,
                                     ...)
{
    ClaimCopySection *section = g_new0(ClaimCopySection, 1);
    va_list arguments;
    va_start(arguments, format);
    section->heading = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    section->is_statement = is_statement;
    section->blocks = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(copy->sections, section);
    return section;
}

static void add(ClaimCopySection *section, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(ClaimCopySection *section, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(section->blocks, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void add_text(ClaimCopySection *section, const char *text)
{
    g_ptr_array_add(section->blocks, g_strdup(text));
}

/* --- the parts ---------------------------------------------------------------------------------
 */

/* What was put right or taken back, first of all. */
static void add_changes(ClaimCopy *copy, const ClaimView *view)
{
    static const struct {
        const char *type, *heading;
    } changes[] = {{"retracted", "Retracted"}, {"corrected", "Corrected"}};
    char time[TIMESTAMP_MAX];
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        const Event *one;
        for (guint at = 0; (one = claim_view_next(view, changes[i].type, CLAIM_CURRENT, &at));) {
            ClaimCopySection *section =
                add_section(copy, FALSE, "%s by %s, %s", changes[i].heading, one->node,
                            timestamp_format(time, one->time_us, 0));
            add_text(section, event_text(one, "text"));
        }
    }
}

static void add_claim(ClaimCopy *copy, const ClaimView *view, const Event *shown)
{
    char time[TIMESTAMP_MAX];
    ClaimCopySection *section = add_section(copy, TRUE, "The claim of %s, %s", view->opening->node,
                                            timestamp_format(time, shown->time_us, 0));
    add_text(section, claim_view_text(view));
}

static void add_reply(ClaimCopy *copy, const Event *reply)
{
    char time[TIMESTAMP_MAX];
    const char *author = event_text(reply, "author");
    ClaimCopySection *section =
        add_section(copy, TRUE, "The reply of %s, %s", author ? author : reply->node,
                    timestamp_format(time, reply->time_us, 0));
    add_text(section, event_text(reply, "text"));
}

/* The replies, whenever they came, and if there are none, that. */
static void add_replies(ClaimCopy *copy, const ClaimView *view)
{
    static const char *const types[] = {"replied", "reply-recorded"};
    char time[TIMESTAMP_MAX];
    guint count = 0;
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        const Event *one;
        for (guint at = 0; (one = claim_view_next(view, types[i], CLAIM_EVER, &at)); count++)
            add_reply(copy, one);
    }
    const Event *silent = claim_view_last(view, "silent", CLAIM_CONTACTED);
    if (count > 0 || !silent)
        return;
    ClaimCopySection *section = add_section(copy, TRUE, "The reply");
    add(section,
        "No reply came before %s. That says nothing either way. A reply that comes later will "
        "stand here.",
        timestamp_format(time, silent->time_us, 0));
}

static void add_facts(ClaimCopy *copy, const ClaimView *view, const Event *shown)
{
    const Event *opening = view->opening;
    ClaimCopySection *section = add_section(copy, FALSE, "What this is");
    add(section, "Claim: %s", opening->dossier);
    add(section, "About: %s", claim_view_is_state_role(view) ? "a state's role" : "an actor");
    add(section, "Named: %s (%s)", event_text(opening, "actor"), event_text(opening, "actor_kind"));
    if (event_text(opening, "rests_on"))
        add(section, "Rests on: %s", event_text(opening, "rests_on"));
    if (event_text(opening, "incident"))
        add(section, "Incident: %s", event_text(opening, "incident"));
    add(section, "Status: %s", engine_state(view->dossier)->name);
    if (strcmp(shown->type, "restricted") == 0)
        add(section, "This copy is for the nodes that it was shown to, and for nobody else.");
    add(section, "Decided by: %s, for %s", shown->signatory, shown->node);
    add(section, "No natural person is named. Facts, assessments and opinions are marked as such.");
}

static void add_assessment(ClaimCopy *copy, const ClaimView *view)
{
    const Event *one = claim_view_last(view, "assessed", CLAIM_CONTACTED);
    if (!one)
        return;
    ClaimCopySection *section = add_section(copy, FALSE, "Assessment of the claimant");
    add(section, "Confidence: %s", event_text(one, "confidence"));
    add(section, "Basis: %s", event_text(one, "basis"));
    add(section, "Dissent: %s", event_text(one, "dissent"));
    if (event_text(one, "on_reply"))
        add(section, "On the reply: %s", event_text(one, "on_reply"));
}

static void add_contact(ClaimCopy *copy, const ClaimView *view)
{
    ClaimCopySection *section = add_section(copy, FALSE, "How the party was contacted");
    char time[TIMESTAMP_MAX];
    for (guint i = 0; i < view->events->len; i++) {
        const ClaimViewEvent *seen = &g_array_index(view->events, ClaimViewEvent, i);
        const Event *one = seen->event;
        timestamp_format(time, one->time_us, 0);
        if (seen->since < CLAIM_CURRENT)
            continue;
        if (strcmp(one->type, "deferred") == 0)
            add(section, "%s: put off because of a live operation", time);
        else if (strcmp(one->type, "contacting") == 0)
            add(section, "%s: %s was contacted (time to reply: %s)", time, event_text(one, "name"),
                event_text(one, "urgency"));
        else if (strcmp(one->type, "received") == 0)
            add(section, "%s: received by %s", time, one->node);
        else if (g_str_has_prefix(one->type, "attempted"))
            add(section, "%s: attempt by %s, to a contact listed in %s", time,
                event_text(one, "channel"), event_text(one, "listed_in"));
    }
}

/* --- evidence ----------------------------------------------------------------------------------
 */

static char *join(yyjson_val *list)
{
    GString *text = g_string_new(NULL);
    size_t at, count;
    yyjson_val *one;
    yyjson_arr_foreach (list, at, count, one) {
        g_string_append_printf(text, "%s%s", at > 0 ? ", " : "", yyjson_get_str(one));
    }
    return g_string_free(text, FALSE);
}

static void add_item(ClaimCopySection *section, const Event *item)
{
    g_autofree char *apart = join(yyjson_obj_get(item->payload, "independent_of"));
    g_autofree char *sponsors = join(yyjson_obj_get(item->payload, "sponsors"));
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(
        text, "%s (%s%s): %s", event_text(item, "name"), event_text(item, "kind"),
        claim_evidence_is_sealed(item) ? ", sealed" : "", event_text(item, "text"));
    if (event_text(item, "root"))
        g_string_append_printf(text, "\nroot: %s", event_text(item, "root"));
    if (*apart)
        g_string_append_printf(text, "; independent of %s, shown by: %s", apart,
                               event_text(item, "shown_by"));
    if (*sponsors)
        g_string_append_printf(text, "\ntold also by: %s", sponsors);
    g_ptr_array_add(section->blocks, g_strdup(text->str));
}

/* Who says to have seen the item, with the part it has. */
static char *seen_by(const ClaimView *view, const char *name)
{
    GString *text = g_string_new(NULL);
    const Event *one;
    for (guint at = 0; (one = claim_view_next(view, "sealed-seen", CLAIM_EVER, &at));) {
        size_t i, count;
        yyjson_val *item;
        yyjson_arr_foreach (yyjson_obj_get(one->payload, "items"), i, count, item) {
            if (!yyjson_equals_str(item, name))
                continue;
            guint role = engine_roles(view->dossier, one->node);
            g_autofree char *part = procedure_roles(view->dossier->procedure, role);
            g_string_append_printf(text, "%s%s (%s)", text->len > 0 ? ", " : "", one->node, part);
            break;
        }
    }
    return g_string_free(text, FALSE);
}

static void add_sealed(ClaimCopySection *section, const ClaimView *view, const GPtrArray *items)
{
    guint count = 0;
    for (guint i = 0; i < items->len; i++)
        count += claim_evidence_is_sealed(items->pdata[i]);
    if (count == 0)
        return;
    add(section, "%u of %u items %s sealed: shown to the party and an agreed panel alone.", count,
        items->len, count == 1 ? "is" : "are");
    for (guint i = 0; i < items->len; i++) {
        if (!claim_evidence_is_sealed(items->pdata[i]))
            continue;
        const char *name = event_text(items->pdata[i], "name");
        g_autofree char *who = seen_by(view, name);
        add(section, "%s was seen by %s.", name, *who ? who : "nobody yet");
    }
}

static void add_evidence(ClaimCopy *copy, const ClaimView *view)
{
    g_autoptr(GPtrArray) items = claim_evidence_items(view);
    guint named, roots = claim_evidence_roots(items, &named);
    ClaimCopySection *section = add_section(copy, FALSE, "What it rests on");
    for (guint i = 0; i < items->len; i++)
        add_item(section, items->pdata[i]);
    add(section, "Roots of evidence: %u named, %u shown to be independent of each other.", named,
        roots);
    add_sealed(section, view, items);
}

static void add_weights(GString *text, yyjson_val *weighing, const char *hypothesis)
{
    size_t at, count;
    yyjson_val *one;
    yyjson_arr_foreach (yyjson_obj_get(weighing, "weights"), at, count, one) {
        if (yyjson_equals_str(yyjson_obj_get(one, "hypothesis"), hypothesis))
            g_string_append_printf(text, "\n%s is %s it: %s",
                                   yyjson_get_str(yyjson_obj_get(one, "item")),
                                   yyjson_get_str(yyjson_obj_get(one, "weight")),
                                   yyjson_get_str(yyjson_obj_get(one, "why")));
    }
}

static void add_hypotheses(ClaimCopy *copy, const ClaimView *view)
{
    const Event *event = claim_view_last(view, "weighed", CLAIM_EVER);
    yyjson_val *weighing = event ? yyjson_obj_get(event->payload, "weighing") : NULL, *one;
    ClaimCopySection *section = add_section(copy, FALSE, "Hypotheses that were weighed");
    size_t at, count;
    yyjson_arr_foreach (yyjson_obj_get(weighing, "hypotheses"), at, count, one) {
        const char *name = yyjson_get_str(yyjson_obj_get(one, "name"));
        g_autoptr(GString) text = g_string_new(NULL);
        g_string_append_printf(text, "%s (%s): %s", name,
                               yyjson_get_str(yyjson_obj_get(one, "kind")),
                               yyjson_get_str(yyjson_obj_get(one, "text")));
        add_weights(text, weighing, name);
        g_ptr_array_add(section->blocks, g_strdup(text->str));
    }
}

static void add_reviews(ClaimCopy *copy, const ClaimView *view)
{
    ClaimCopySection *section = add_section(copy, FALSE, "Reviews");
    const Event *one;
    for (guint at = 0; (one = claim_view_next(view, "reviewed", CLAIM_CURRENT, &at));)
        add(section, "A person of %s who wrote none of it: %s", one->node,
            event_text(one, "finding"));
}

/* The event by which it was shown to most, or NULL. */
static const Event *find_shown(const ClaimView *view)
{
    const Event *published = claim_view_last(view, "published", CLAIM_CURRENT);
    return published ? published : claim_view_last(view, "restricted", CLAIM_CURRENT);
}

ClaimCopy *claim_copy_new(const EngineResult *dossier, GError **error)
{
    const ProcedureState *state = engine_state(dossier);
    g_autoptr(ClaimView) view = state ? claim_view_new(dossier, NULL, 0) : NULL;
    const Event *shown = view ? find_shown(view) : NULL;
    if (!shown) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the claim is %s: there is no copy of it before it is restricted or published",
                    state ? state->name : "not open");
        return NULL;
    }
    ClaimCopy *copy = g_new0(ClaimCopy, 1);
    copy->title = g_strdup(event_text(view->opening, "subject"));
    copy->sections = g_ptr_array_new_with_free_func(section_free);
    add_changes(copy, view);
    add_claim(copy, view, shown);
    add_replies(copy, view);
    add_facts(copy, view, shown);
    add_assessment(copy, view);
    add_contact(copy, view);
    add_evidence(copy, view);
    add_hypotheses(copy, view);
    add_reviews(copy, view);
    return copy;
}

/* --- as text and as a page ---------------------------------------------------------------------
 */

static void underline(GString *text, const char *line, char with)
{
    g_string_append_printf(text, "%s\n", line);
    for (glong i = g_utf8_strlen(line, -1); i > 0; i--)
        g_string_append_c(text, with);
    g_string_append(text, "\n\n");
}

char *claim_copy_text(const ClaimCopy *copy)
{
    GString *text = g_string_new(NULL);
    underline(text, copy->title, '=');
    for (guint i = 0; i < copy->sections->len; i++) {
        const ClaimCopySection *section = copy->sections->pdata[i];
        underline(text, section->heading, section->is_statement ? '=' : '-');
        for (guint k = 0; k < section->blocks->len; k++)
            g_string_append_printf(text, "%s\n", (const char *)section->blocks->pdata[k]);
        g_string_append_c(text, '\n');
    }
    g_string_truncate(text, text->len - 1);
    return g_string_free(text, FALSE);
}

static void append_html(GString *page, const char *element, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append_printf(page, "<%s dir=\"auto\">%s</%s>\n", element, escaped, element);
}

char *claim_copy_html(const ClaimCopy *copy)
{
    g_autofree char *title = g_markup_escape_text(copy->title, -1);
    GString *page = g_string_new("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                                 "<meta charset=\"utf-8\">\n");
    g_string_append_printf(page, "<title>%s</title>\n", title);
    g_string_append(page, "<style>body{font-family:sans-serif;max-width:50em;margin:2em auto;"
                          "padding:0 1em}p{white-space:pre-wrap;overflow-wrap:anywhere;"
                          "unicode-bidi:isolate}section.statement{border:2px solid;padding:0 1em;"
                          "margin:1em 0}</style>\n</head>\n<body>\n");
    append_html(page, "h1", copy->title);
    for (guint i = 0; i < copy->sections->len; i++) {
        const ClaimCopySection *section = copy->sections->pdata[i];
        g_string_append(page,
                        section->is_statement ? "<section class=\"statement\">\n" : "<section>\n");
        append_html(page, "h2", section->heading);
        for (guint k = 0; k < section->blocks->len; k++)
            append_html(page, "p", section->blocks->pdata[k]);
        g_string_append(page, "</section>\n");
    }
    g_string_append(page, "</body>\n</html>\n");
    return g_string_free(page, FALSE);
}
