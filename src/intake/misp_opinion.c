#include "intake/misp_opinion.h"

#include <string.h>

#include "intake/misp_value.h"

/* How deep notes on notes are followed. */
#define ANALYST_DEPTH 8

static void add_target(MispUnit *unit, yyjson_mut_val *object, const char *target)
{
    yyjson_mut_val *refs = yyjson_mut_arr(unit->doc);
    yyjson_mut_arr_add_strcpy(unit->doc, refs, target);
    yyjson_mut_obj_add_val(unit->doc, object, "object_refs", refs);
}

/* The UUID of @entry, or one made of what it says of what. */
static char *uuid_of(yyjson_val *entry, const char *target)
{
    char *uuid = misp_value_uuid(entry, "uuid");
    if (uuid != NULL)
        return uuid;
    g_autofree char *text = yyjson_val_write(entry, 0, NULL);
    return misp_value_make_uuid(target, text, NULL);
}

static void add_sighting(MispUnit *unit, const char *uuid, const char *target, const char *sighter,
                         gint64 seen, const MispTags *tags, yyjson_mut_val **ret_sighting)
{
    yyjson_mut_val *sighting = misp_event_object(unit, "sighting", uuid, sighter, seen, seen);
    misp_event_put_time(unit, sighting, "first_seen", seen, 0);
    misp_event_put_time(unit, sighting, "last_seen", seen, 0);
    yyjson_mut_obj_add_int(unit->doc, sighting, "count", 1);
    yyjson_mut_obj_add_strcpy(unit->doc, sighting, "sighting_of_ref", target);
    if (sighter != NULL) {
        yyjson_mut_val *where = yyjson_mut_arr(unit->doc);
        yyjson_mut_arr_add_strcpy(unit->doc, where, sighter);
        yyjson_mut_obj_add_val(unit->doc, sighting, "where_sighted_refs", where);
    }
    *ret_sighting = sighting;
}

static void read_sighting(MispEvent *event, yyjson_val *entry, const char *path, const char *target,
                          const MispTags *tags)
{
    gint64 seen;
    if (!misp_value_time(yyjson_obj_get(entry, "date_sighting"), &seen)) {
        misp_event_note(event, INTAKE_BROKEN, path, "sighting without a date");
        return;
    }
    g_autofree char *uuid = uuid_of(entry, target);
    g_autofree char *sighter =
        misp_event_organisation(event, yyjson_obj_get(entry, "Organisation"), path);
    g_autofree char *kind = misp_value_text(yyjson_obj_get(entry, "type"));
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    yyjson_mut_val *object;
    if (g_strcmp0(kind, "1") == 0) {
        object = misp_event_object(unit, "opinion", uuid, sighter, seen, seen);
        yyjson_mut_obj_add_str(unit->doc, object, "explanation", "False positive sighting");
        yyjson_mut_obj_add_str(unit->doc, object, "opinion", "strongly-disagree");
        add_target(unit, object, target);
    } else if (g_strcmp0(kind, "2") == 0) {
        object = misp_event_object(unit, "note", uuid, sighter, seen, seen);
        yyjson_mut_obj_add_str(unit->doc, object, "abstract", "Expiration sighting");
        yyjson_mut_obj_add_str(unit->doc, object, "content",
                               "The attribute is said to be of no more use from this time on.");
        add_target(unit, object, target);
    } else {
        add_sighting(unit, uuid, target, sighter, seen, tags, &object);
        if (kind != NULL && strcmp(kind, "0") != 0)
            yyjson_mut_obj_add_strcpy(unit->doc, object, "x_misp_sighting_type", kind);
    }
    misp_tags_mark(tags, unit->doc, object);
    static const char *const known[] = {"uuid",         "date_sighting",  "type",
                                        "Organisation", "attribute_uuid", NULL};
    misp_event_keep(event, unit, object, entry, known);
    misp_event_emit_or_note(event, unit, path);
}

void misp_opinion_sightings(MispEvent *event, yyjson_val *entry, const char *path,
                            const char *target, const MispTags *tags)
{
    size_t at, size;
    yyjson_val *sighting;
    yyjson_arr_foreach (yyjson_obj_get(entry, "Sighting"), at, size, sighting) {
        g_autofree char *where = g_strdup_printf("%s.Sighting[%u]", path, (guint)at);
        read_sighting(event, sighting, where, target, tags);
    }
}

/* MISP's 0 to 100 on the five steps of STIX. */
static const char *opinion_of(gint64 percent)
{
    static const char *const steps[] = {"strongly-disagree", "disagree", "neutral", "agree",
                                        "strongly-agree"};
    return steps[CLAMP(percent / 20, 0, 4)];
}

static void analyst_data(MispEvent *event, yyjson_val *entry, const char *path, const char *target,
                         const MispTags *tags, guint depth);

static void read_remark(MispEvent *event, const char *kind, yyjson_val *entry, const char *path,
                        const char *target, const MispTags *tags, guint depth)
{
    gint64 created = event->created, modified = 0, percent = 50;
    misp_value_time(yyjson_obj_get(entry, "created"), &created);
    if (!misp_value_time(yyjson_obj_get(entry, "modified"), &modified) || modified < created)
        modified = created;
    g_autofree char *uuid = uuid_of(entry, target);
    gboolean opinion = strcmp(kind, "Opinion") == 0;
    const char *type = opinion ? "opinion" : "note";
    const char *text = yyjson_get_str(yyjson_obj_get(entry, opinion ? "comment" : "note"));
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    yyjson_mut_val *object = misp_event_object(unit, type, uuid, event->creator, created, modified);
    if (opinion) {
        misp_value_integer(yyjson_obj_get(entry, "opinion"), &percent);
        yyjson_mut_obj_add_str(unit->doc, object, "opinion", opinion_of(percent));
        yyjson_mut_obj_add_sint(unit->doc, object, "x_misp_opinion", percent);
    }
    if (text != NULL && *text != '\0')
        yyjson_mut_obj_add_strcpy(unit->doc, object, opinion ? "explanation" : "content", text);
    const char *author = yyjson_get_str(yyjson_obj_get(entry, "authors"));
    if (author != NULL && *author != '\0') {
        yyjson_mut_val *authors = yyjson_mut_arr(unit->doc);
        yyjson_mut_arr_add_strcpy(unit->doc, authors, author);
        yyjson_mut_obj_add_val(unit->doc, object, "authors", authors);
    }
    const char *language = yyjson_get_str(yyjson_obj_get(entry, "language"));
    if (!opinion && language != NULL && *language != '\0')
        yyjson_mut_obj_add_strcpy(unit->doc, object, "lang", language);
    add_target(unit, object, target);
    misp_tags_mark(tags, unit->doc, object);
    static const char *const known[] = {
        "uuid",     "created", "modified", "note",         "opinion",     "comment",     "authors",
        "language", "Note",    "Opinion",  "Relationship", "object_uuid", "object_type", NULL};
    misp_event_keep(event, unit, object, entry, known);
    misp_event_emit_or_note(event, unit, path);
    g_autofree char *id = g_strdup_printf("%s--%s", type, uuid);
    if (g_hash_table_contains(event->seen, id))
        analyst_data(event, entry, path, id, tags, depth + 1);
}

/* A relationship that an analyst drew, to something that may be in no event of ours. */
static void read_drawn(MispEvent *event, yyjson_val *entry, const char *path, const char *target)
{
    g_autofree char *uuid = uuid_of(entry, target);
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    gint64 created = event->created;
    misp_value_time(yyjson_obj_get(entry, "created"), &created);
    yyjson_mut_val *kept =
        misp_event_object(unit, "x-misp-relationship", uuid, event->creator, created, created);
    misp_tags_mark(event->tags, unit->doc, kept);
    yyjson_mut_obj_add_strcpy(unit->doc, kept, "x_misp_source_ref", target);
    static const char *const known[] = {"uuid", "created", NULL};
    misp_event_keep(event, unit, kept, entry, known);
    misp_event_emit_or_note(event, unit, path);
    misp_event_note(event, INTAKE_UNMAPPED, path, "kept as x-misp-relationship");
}

static void analyst_data(MispEvent *event, yyjson_val *entry, const char *path, const char *target,
                         const MispTags *tags, guint depth)
{
    static const char *const kinds[] = {"Note", "Opinion", "Relationship"};
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t at, size;
        yyjson_val *remark;
        yyjson_arr_foreach (yyjson_obj_get(entry, kinds[i]), at, size, remark) {
            g_autofree char *where = g_strdup_printf("%s.%s[%u]", path, kinds[i], (guint)at);
            if (depth >= ANALYST_DEPTH)
                misp_event_note(event, INTAKE_BROKEN, where, "remarks nest too deeply");
            else if (i == 2)
                read_drawn(event, remark, where, target);
            else
                read_remark(event, kinds[i], remark, where, target, tags, depth);
        }
    }
}

void misp_opinion_analyst_data(MispEvent *event, yyjson_val *entry, const char *path,
                               const char *target, const MispTags *tags)
{
    analyst_data(event, entry, path, target, tags, 0);
}

void misp_opinion_reports(MispEvent *event, yyjson_val *entry, const char *path, const char *target)
{
    size_t at, size;
    yyjson_val *report;
    yyjson_arr_foreach (yyjson_obj_get(entry, "EventReport"), at, size, report) {
        g_autofree char *where = g_strdup_printf("%s.EventReport[%u]", path, (guint)at);
        const char *name = yyjson_get_str(yyjson_obj_get(report, "name"));
        const char *content = yyjson_get_str(yyjson_obj_get(report, "content"));
        MispTimes times = misp_event_times(event, report);
        g_autofree char *uuid = uuid_of(report, target);
        g_autoptr(MispUnit) unit = misp_event_unit_new();
        yyjson_mut_val *note =
            misp_event_object(unit, "note", uuid, event->creator, times.created, times.modified);
        if (name != NULL && *name != '\0')
            yyjson_mut_obj_add_strcpy(unit->doc, note, "abstract", name);
        yyjson_mut_obj_add_strcpy(unit->doc, note, "content",
                                  content != NULL && *content != '\0' ? content
                                  : name != NULL                      ? name
                                                                      : "");
        add_target(unit, note, target);
        if (misp_value_true(yyjson_obj_get(report, "deleted")))
            yyjson_mut_obj_add_bool(unit->doc, note, "revoked", TRUE);
        g_autoptr(MispTags) tags = misp_event_tags(event, report, where);
        misp_tags_write(tags, NULL, unit->doc, note);
        misp_event_emit_markings(event, tags, where);
        static const char *const known[] = {"uuid",       "name", "content", "timestamp",
                                            "event_uuid", "Tag",  "deleted", NULL};
        misp_event_keep(event, unit, note, report, known);
        misp_event_emit_or_note(event, unit, where);
    }
}
