#include "intake/misp_report.h"

#include <string.h>

#include "intake/indicator.h"
#include "intake/misp_attribute.h"
#include "intake/misp_galaxy.h"
#include "intake/misp_object.h"
#include "intake/misp_opinion.h"
#include "intake/misp_reference.h"
#include "intake/misp_value.h"

/* References in one report or grouping; OBJECT_MAX_VALUES bounds them, and so does patience. */
#define PART_REFS 20000

void misp_report_context(MispEvent *state, yyjson_val *event, const char *path)
{
    state->uuid = misp_value_uuid(event, "uuid");
    misp_value_time(yyjson_obj_get(event, "date"), &state->created);
    if (!misp_value_time(yyjson_obj_get(event, "timestamp"), &state->modified))
        state->modified = state->created;
    MispTags *own = misp_event_tags(state, event, path);
    misp_tags_free(state->tags);
    state->tags = own;
    if (state->tags->tlp->len == 0 && state->options->tlp != NULL) {
        g_autofree char *tag = g_strconcat("tlp:", state->options->tlp, NULL);
        misp_tags_add(state->tags, tag);
    }
    if (state->tags->confidence < 0)
        state->tags->confidence = state->options->confidence;

    yyjson_val *creator = yyjson_obj_get(event, "Orgc");
    if (creator == NULL)
        creator = yyjson_obj_get(event, "Org");
    state->creator = misp_event_organisation(state, creator, path);
    state->creator_name = g_strdup(yyjson_get_str(yyjson_obj_get(creator, "name")));
    const char *source = state->options->source;
    if (state->creator != NULL || source == NULL || *source == '\0')
        return;
    /* nobody signs the event: the source speaks for it */
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *org = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, org, "name", source);
    yyjson_mut_doc_set_root(doc, org);
    yyjson_doc *fixed = yyjson_mut_doc_imut_copy(doc, NULL);
    state->creator = misp_event_organisation(state, yyjson_doc_get_root(fixed), path);
    state->creator_name = g_strdup(source);
    yyjson_doc_free(fixed);
    yyjson_mut_doc_free(doc);
}

static void read_parts(MispEvent *state, yyjson_val *event, const char *path)
{
    size_t at, size;
    yyjson_val *part;
    yyjson_arr_foreach (yyjson_obj_get(event, "Attribute"), at, size, part) {
        g_autofree char *where = g_strdup_printf("%s.Attribute[%u]", path, (guint)at);
        if (state->stopped)
            return;
        misp_attribute_read(state, part, where);
    }
    yyjson_arr_foreach (yyjson_obj_get(event, "Object"), at, size, part) {
        g_autofree char *where = g_strdup_printf("%s.Object[%u]", path, (guint)at);
        if (state->stopped)
            return;
        misp_object_read(state, part, where);
    }
    misp_reference_relate(state);
    MispTimes times = misp_event_times(state, event);
    misp_galaxy_read(state, event, path, NULL, &times, state->tags);
}

static void add_refs(MispUnit *unit, yyjson_mut_val *object, const GPtrArray *refs, guint from,
                     guint to)
{
    yyjson_mut_val *list = yyjson_mut_arr(unit->doc);
    for (guint i = from; i < to; i++)
        yyjson_mut_arr_add_str(unit->doc, list, refs->pdata[i]);
    yyjson_mut_obj_add_val(unit->doc, object, "object_refs", list);
}

/* Groupings for the parts of an event too large for one report; the list of their ids. */
static GPtrArray *split_refs(MispEvent *state, const char *uuid, const char *name, const char *path)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    guint count = state->refs->len;
    for (guint from = 0, n = 1; from < count && !state->stopped; from += PART_REFS, n++) {
        g_autofree char *number = g_strdup_printf("%u", n);
        g_autofree char *part_uuid = misp_value_make_uuid(uuid, "part", number, NULL);
        g_autofree char *part_name = g_strdup_printf("%s (part %u)", name, n);
        g_autoptr(MispUnit) unit = misp_event_unit_new();
        yyjson_mut_val *part = misp_event_object(
            unit, "grouping", part_uuid, state->creator,
            state->created != 0 ? MIN(state->created, state->modified) : state->modified,
            state->modified);
        yyjson_mut_obj_add_strcpy(unit->doc, part, "name", part_name);
        yyjson_mut_obj_add_str(unit->doc, part, "context", "suspicious-activity");
        add_refs(unit, part, state->refs, from, MIN(from + PART_REFS, count));
        misp_tags_mark(state->tags, unit->doc, part);
        misp_event_emit_or_note(state, unit, path);
        g_ptr_array_add(parts, g_strconcat("grouping--", part_uuid, NULL));
    }
    return parts;
}

/* The report, or, when the event is not published, the grouping. NULL when nothing can be referred
 * to, or it is not valid. Caller frees the id. */
static char *write_report(MispEvent *state, yyjson_val *event, const char *path)
{
    gboolean published = misp_value_true(yyjson_obj_get(event, "published"));
    const char *type = published ? "report" : "grouping";
    const char *info = yyjson_get_str(yyjson_obj_get(event, "info"));
    g_autofree char *text = info != NULL ? NULL : yyjson_val_write(event, 0, NULL);
    g_autofree char *uuid = state->uuid != NULL
                                ? g_strdup(state->uuid)
                                : misp_value_make_uuid(info != NULL ? info : text, NULL);
    const char *name = info != NULL && *info != '\0' ? info : uuid;
    g_autoptr(GPtrArray) parts = NULL;
    if (state->refs->len > PART_REFS)
        parts = split_refs(state, uuid, name, path);
    const GPtrArray *refs = parts != NULL ? parts : state->refs;
    if (refs->len == 0) {
        misp_event_note(state, INTAKE_BROKEN, path,
                        "event without content or organisation: nothing to report on");
        return NULL;
    }

    g_autoptr(MispUnit) unit = misp_event_unit_new();
    yyjson_mut_doc *doc = unit->doc;
    MispTimes times = misp_event_times(state, event);
    yyjson_mut_val *report =
        misp_event_object(unit, type, uuid, state->creator, times.created, times.modified);
    yyjson_mut_obj_add_strcpy(doc, report, "name", name);
    if (published) {
        gint64 when;
        if (!misp_value_time(yyjson_obj_get(event, "publish_timestamp"), &when))
            when = times.modified;
        misp_event_put_time(unit, report, "published", when, 0);
    } else {
        yyjson_mut_obj_add_str(doc, report, "context", "suspicious-activity");
    }
    add_refs(unit, report, refs, 0, refs->len);
    misp_tags_write(state->tags, NULL, doc, report);
    static const char *const known[] = {
        "uuid",      "info",         "timestamp",       "published", "publish_timestamp", "Orgc",
        "Attribute", "Object",       "Galaxy",          "Tag",       "EventReport",       "Note",
        "Opinion",   "Relationship", "ShadowAttribute", NULL};
    misp_event_keep(state, unit, report, event, known);
    misp_event_emit_markings(state, state->tags, path);
    g_autofree char *problem = NULL;
    if (!misp_event_emit(state, unit, path, &problem)) {
        misp_event_note(state, INTAKE_BROKEN, path, "the event itself: %s", problem);
        return NULL;
    }
    return g_strdup_printf("%s--%s", type, uuid);
}

/* Members that no one expects; what is expected is documented. */
static void note_unknown(MispEvent *state, yyjson_val *event, const char *path)
{
    static const char *const expected[] = {"uuid",
                                           "info",
                                           "timestamp",
                                           "published",
                                           "publish_timestamp",
                                           "Orgc",
                                           "Org",
                                           "Attribute",
                                           "Object",
                                           "Galaxy",
                                           "Tag",
                                           "EventReport",
                                           "Note",
                                           "Opinion",
                                           "Relationship",
                                           "date",
                                           "threat_level_id",
                                           "analysis",
                                           "distribution",
                                           "sharing_group_id",
                                           "SharingGroup",
                                           "id",
                                           "org_id",
                                           "orgc_id",
                                           "attribute_count",
                                           "locked",
                                           "proposal_email_lock",
                                           "sighting_timestamp",
                                           "disable_correlation",
                                           "extends_uuid",
                                           "protected",
                                           "event_creator_email",
                                           "RelatedEvent",
                                           "CryptographicKey",
                                           "ShadowAttribute",
                                           NULL};
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (event, at, size, key, value) {
        if (!g_strv_contains(expected, yyjson_get_str(key)))
            misp_event_note(state, INTAKE_UNMAPPED, path, "%s: kept as a property of the report",
                            yyjson_get_str(key));
    }
}

/* Proposals that nobody has accepted are not what the event says. They are kept apart. */
static void keep_proposals(MispEvent *state, yyjson_val *event, const char *path)
{
    size_t at, size;
    yyjson_val *proposal;
    yyjson_arr_foreach (yyjson_obj_get(event, "ShadowAttribute"), at, size, proposal) {
        g_autofree char *where = g_strdup_printf("%s.ShadowAttribute[%u]", path, (guint)at);
        MispTimes times = misp_event_times(state, proposal);
        g_autofree char *text = yyjson_val_write(proposal, 0, NULL);
        g_autofree char *uuid = misp_value_make_uuid(
            "x-misp-proposal", state->uuid != NULL ? state->uuid : "", text, NULL);
        g_autoptr(MispUnit) unit = misp_event_unit_new();
        yyjson_mut_val *kept =
            misp_event_object(unit, "x-misp-proposal", uuid, NULL, times.created, times.modified);
        misp_tags_mark(state->tags, unit->doc, kept);
        static const char *const told[] = {NULL};
        misp_event_keep(state, unit, kept, proposal, told);
        misp_event_emit_or_note(state, unit, where);
        misp_event_note(state, INTAKE_UNMAPPED, where, "proposal: kept as x-misp-proposal");
    }
}

void misp_report_read(MispEvent *state, yyjson_val *event, const char *path)
{
    misp_report_context(state, event, path);
    read_parts(state, event, path);
    keep_proposals(state, event, path);
    note_unknown(state, event, path);
    if (state->stopped)
        return;
    g_autofree char *report = write_report(state, event, path);
    if (report == NULL)
        return;
    misp_opinion_reports(state, event, path, report);
    misp_opinion_analyst_data(state, event, path, report, state->tags);
}
