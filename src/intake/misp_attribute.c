#include "intake/misp_attribute.h"

#include <string.h>

#include "intake/indicator.h"
#include "intake/misp_observation.h"
#include "intake/misp_value.h"
#include "stix/pattern.h"

/* Members that are told by standard properties, or elsewhere. */
static const char *const known_keys[] = {
    "uuid", "type",    "category",   "value",     "comment",      "to_ids",
    "Tag",  "Galaxy",  "timestamp",  "deleted",   "Sighting",     "data",
    "Note", "Opinion", "first_seen", "last_seen", "Relationship", NULL,
};

/* What STIX has no better word for, kept as it is. */
static void keep_attribute(MispEvent *event, MispSubject *subject, const char *type,
                           const char *why)
{
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    yyjson_mut_val *kept =
        misp_event_object(unit, "x-misp-attribute", subject->uuid, event->creator,
                          subject->times.created, subject->times.modified);
    if (subject->deleted)
        yyjson_mut_obj_add_bool(unit->doc, kept, "revoked", TRUE);
    misp_tags_write(subject->tags, subject->labels, unit->doc, kept);
    static const char *const told[] = {"uuid",     "Tag",  "Galaxy",  "timestamp",    "deleted",
                                       "Sighting", "Note", "Opinion", "Relationship", NULL};
    misp_event_keep(event, unit, kept, subject->entry, told);
    g_autofree char *id = g_strconcat("x-misp-attribute--", subject->uuid, NULL);
    g_autofree char *problem = NULL;
    if (!misp_observation_finish(event, unit, subject, id, &problem))
        misp_event_note(event, INTAKE_BROKEN, subject->path, "%s: %s", type, problem);
    else
        misp_event_note(event, INTAKE_UNMAPPED, subject->path, "%s: kept as x-misp-attribute: %s",
                        type, why);
}

/* Cuts a composite value. Without its separator the whole is the first part. */
static void split_value(const MispType *type, const char *text, char **ret_first, char **ret_second)
{
    const char *cut = type->split == 'f'   ? strchr(text, '|')
                      : type->split == 'l' ? strrchr(text, '|')
                                           : NULL;
    *ret_first = cut != NULL ? g_strndup(text, (gsize)(cut - text)) : g_strdup(text);
    *ret_second = cut != NULL ? g_strdup(cut + 1) : NULL;
}

/* Appends the comparison for one part, joined by AND. */
static gboolean compare_part(GString *pattern, const char *path, const char *text)
{
    gsize before = pattern->len;
    if (before > 0)
        g_string_append(pattern, " AND ");
    if (misp_path_compare(pattern, path, text))
        return TRUE;
    g_string_truncate(pattern, before);
    return FALSE;
}

gboolean misp_attribute_observe(MispGraph *graph, GString *pattern, const MispType *type,
                                const char *uuid, const char *text)
{
    if (type == NULL || (type->as != MISP_OBSERVED && type->as != MISP_PATTERN &&
                         type->as != MISP_ATTACHMENT && type->as != MISP_SAMPLE))
        return FALSE;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    split_value(type, text, &first, &second);
    if (type->split != 0 && second == NULL)
        return FALSE;

    g_autoptr(GString) comparisons = g_string_new(NULL);
    const char *parts[G_N_ELEMENTS(type->paths)] = {first, second, NULL};
    g_autofree char *constant_path = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(type->paths) && type->paths[i] != NULL; i++) {
        const char *equals = strchr(type->paths[i], '=');
        const char *path = type->paths[i];
        if (equals != NULL) {
            constant_path = g_strndup(path, (gsize)(equals - path));
            path = constant_path;
            parts[i] = equals + 1;
        }
        /* comparing checks what putting checks, so that a bad second part makes no node */
        if (!compare_part(comparisons, path, parts[i]))
            return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(type->paths) && type->paths[i] != NULL; i++) {
        const char *equals = strchr(type->paths[i], '=');
        if (type->as != MISP_PATTERN)
            misp_path_put(graph, equals != NULL ? constant_path : type->paths[i], uuid, uuid,
                          parts[i]);
    }
    g_string_append(pattern, comparisons->str);
    return TRUE;
}

/* Whether what was put says the value as it was; else it is kept beside. */
static gboolean says_value(const MispGraph *graph, const char *pattern, const char *text)
{
    g_autofree char *quoted = g_strdup_printf("'%s'", text);
    for (guint i = 0; i < graph->nodes->len; i++) {
        yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(graph->nodes->pdata[i]);
        for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&members)) != NULL;)
            if (yyjson_mut_equals_str(yyjson_mut_obj_iter_get_val(key), text))
                return TRUE;
    }
    return strstr(pattern, quoted) != NULL;
}

/* Bytes that no artifact can hold. */
static void keep_data(const MispEvent *event, MispUnit *unit, yyjson_mut_val *keeper,
                      const MispSubject *subject, yyjson_val *data)
{
    gboolean fits = yyjson_get_len(data) <= MISP_OBSERVATION_PAYLOAD_MAX;
    if (fits)
        yyjson_mut_obj_add_val(unit->doc, keeper, "x_misp_data",
                               yyjson_val_mut_copy(unit->doc, data));
    misp_event_note(event, fits ? INTAKE_UNMAPPED : INTAKE_BROKEN, subject->path,
                    fits ? "data of %" G_GSIZE_FORMAT " bytes: kept as x_misp_data: no base64, or "
                           "of no file"
                         : "data of %" G_GSIZE_FORMAT " bytes: left out: too large for one object",
                    yyjson_get_len(data));
}

static gboolean read_observed(MispEvent *event, MispSubject *subject, const MispType *type,
                              const char *text, char **ret_problem)
{
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    g_autoptr(MispGraph) graph = misp_path_graph_new(unit->doc);
    g_autoptr(GString) comparisons = g_string_new(NULL);
    g_autofree char *pattern = NULL;
    g_autofree char *main_id = NULL;
    yyjson_mut_val *keeper;
    if (g_str_equal(type->name, "ja3-fingerprint-md5")) {
        g_autofree char *canonical = observable_normalise(OBSERVABLE_JA3, text, strlen(text), NULL);
        pattern = canonical != NULL ? indicator_pattern(OBSERVABLE_JA3, canonical) : NULL;
    } else if (misp_attribute_observe(graph, comparisons, type, subject->uuid, text)) {
        pattern = g_strdup_printf("[%s]", comparisons->str);
    }
    if (pattern == NULL) {
        *ret_problem = g_strdup("the value is not of that type");
        return FALSE;
    }
    yyjson_val *data = yyjson_obj_get(subject->entry, "data");
    gboolean attached = FALSE;
    if ((type->as == MISP_ATTACHMENT || type->as == MISP_SAMPLE) && yyjson_get_len(data) > 0)
        attached = misp_observation_attach(graph, graph->nodes->pdata[0], subject->uuid, data,
                                           type->as == MISP_SAMPLE);
    if (!misp_observation_build(event, unit, subject, graph, pattern, text, &keeper, &main_id)) {
        *ret_problem = g_strdup("no STIX object can hold it alone");
        return FALSE;
    }
    misp_event_keep(event, unit, keeper, subject->entry, known_keys);
    if (!says_value(graph, pattern, text))
        yyjson_mut_obj_add_strcpy(unit->doc, keeper, "x_misp_value", text);
    if (yyjson_get_len(data) > 0 && !attached)
        keep_data(event, unit, keeper, subject, data);
    return misp_observation_finish(event, unit, subject, main_id, ret_problem);
}

/* A rule in the language of another program. It is an indicator whatever to_ids says, as the label
 * does; only that program ever matches it. */
static gboolean read_rule(MispEvent *event, MispSubject *subject, const MispType *type,
                          const char *text, char **ret_problem)
{
    gboolean stix = strcmp(type->paths[0], "stix") == 0;
    if (stix) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Pattern) parsed = pattern_parse(text, strlen(text), &error);
        if (parsed == NULL || !subject->to_ids) {
            *ret_problem = g_strdup(error != NULL ? error->message : "not for detection");
            return FALSE;
        }
    }
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    if (!subject->to_ids)
        misp_observation_label(subject, "to_ids", "False");
    yyjson_mut_val *indicator =
        misp_observation_indicator(event, unit, subject, text, type->paths[0], NULL);
    misp_event_keep(event, unit, indicator, subject->entry, known_keys);
    g_autofree char *id = g_strconcat("indicator--", subject->uuid, NULL);
    return misp_observation_finish(event, unit, subject, id, ret_problem);
}

static gboolean read_thing(MispEvent *event, MispSubject *subject, const MispType *type,
                           const char *text, char **ret_problem)
{
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    g_autofree char *stix_type = g_strndup(type->paths[0], strcspn(type->paths[0], ":"));
    yyjson_mut_val *thing = misp_event_object(unit, stix_type, subject->uuid, event->creator,
                                              subject->times.created, subject->times.modified);
    yyjson_mut_obj_add_strcpy(unit->doc, thing, "name", text);
    if (subject->comment != NULL)
        yyjson_mut_obj_add_strcpy(unit->doc, thing, "description", subject->comment);
    if (type->paths[1] != NULL && g_str_has_prefix(text, "CVE-")) {
        yyjson_mut_val *references = yyjson_mut_arr(unit->doc);
        yyjson_mut_val *cve = yyjson_mut_arr_add_obj(unit->doc, references);
        yyjson_mut_obj_add_str(unit->doc, cve, "source_name", "cve");
        yyjson_mut_obj_add_strcpy(unit->doc, cve, "external_id", text);
        yyjson_mut_obj_add_val(unit->doc, thing, "external_references", references);
    }
    if (subject->deleted)
        yyjson_mut_obj_add_bool(unit->doc, thing, "revoked", TRUE);
    if (subject->to_ids)
        misp_observation_label(subject, "to_ids", "True");
    misp_tags_write(subject->tags, subject->labels, unit->doc, thing);
    misp_event_keep(event, unit, thing, subject->entry, known_keys);
    g_autofree char *id = g_strdup_printf("%s--%s", stix_type, subject->uuid);
    return misp_observation_finish(event, unit, subject, id, ret_problem);
}

void misp_attribute_read(MispEvent *event, yyjson_val *attribute, const char *path)
{
    const char *name = yyjson_get_str(yyjson_obj_get(attribute, "type"));
    g_autofree char *text = misp_value_text(yyjson_obj_get(attribute, "value"));
    if (name == NULL || text == NULL) {
        misp_event_note(event, INTAKE_BROKEN, path, "attribute without %s",
                        name == NULL ? "type" : "value");
        return;
    }
    g_auto(MispSubject) subject = {0};
    misp_observation_subject(event, attribute, path, "category", "comment", &subject);
    misp_observation_label(&subject, "type", name);
    misp_observation_label(&subject, "category", subject.category);

    const MispType *type = misp_types_find(name);
    g_autofree char *problem = NULL;
    gboolean done = FALSE;
    if (type == NULL) {
        problem = g_strdup("unknown type");
    } else if (*text == '\0') {
        problem = g_strdup("empty value");
    } else if (type->as == MISP_RULE) {
        done = read_rule(event, &subject, type, text, &problem);
    } else if (type->as == MISP_THING) {
        done = read_thing(event, &subject, type, text, &problem);
    } else if (type->as == MISP_KEPT) {
        problem = g_strdup("STIX has no such type");
    } else {
        /* feeds name samples and attachments whose bytes and hash they do not give */
        if (type->as == MISP_SAMPLE && strchr(text, '|') == NULL)
            type = misp_types_find("attachment");
        done = read_observed(event, &subject, type, text, &problem);
    }
    if (!done && !event->stopped)
        keep_attribute(event, &subject, name, problem);
}
