#include "intake/misp_observation.h"

#include <string.h>

#include "intake/misp_galaxy.h"
#include "intake/misp_opinion.h"
#include "intake/misp_value.h"

void misp_observation_subject(const MispEvent *event, yyjson_val *entry, const char *path,
                              const char *category, const char *comment, MispSubject *ret_subject)
{
    *ret_subject = (MispSubject){
        .entry = entry,
        .path = path,
        .uuid = misp_value_uuid(entry, "uuid"),
        .times = misp_event_times(event, entry),
        .tags = misp_event_tags(event, entry, path),
        .labels = g_ptr_array_new_with_free_func(g_free),
        .comment = misp_value_text(yyjson_obj_get(entry, comment)),
        .category = misp_value_text(yyjson_obj_get(entry, category)),
        .to_ids = misp_value_true(yyjson_obj_get(entry, "to_ids")),
        .deleted = misp_value_true(yyjson_obj_get(entry, "deleted")),
    };
    if (ret_subject->uuid == NULL) {
        /* the same entry of the same event gets the same name again */
        g_autofree char *text = yyjson_val_write(entry, 0, NULL);
        ret_subject->uuid =
            misp_value_make_uuid(event->uuid != NULL ? event->uuid : "", text, NULL);
        ret_subject->made_uuid = TRUE;
        yyjson_val *given = yyjson_obj_get(entry, "uuid");
        if (given != NULL && !yyjson_is_null(given))
            misp_event_note(event, INTAKE_BROKEN, path, "uuid is no UUID; another was made");
    }
    if (ret_subject->comment != NULL && *ret_subject->comment == '\0')
        g_clear_pointer(&ret_subject->comment, g_free);
    if (ret_subject->category != NULL && *ret_subject->category == '\0')
        g_clear_pointer(&ret_subject->category, g_free);
}

void misp_observation_label(MispSubject *subject, const char *key, const char *text)
{
    if (text != NULL)
        g_ptr_array_add(subject->labels, g_strdup_printf("misp:%s=\"%s\"", key, text));
}

yyjson_mut_val *misp_observation_indicator(const MispEvent *event, MispUnit *unit,
                                           const MispSubject *subject, const char *pattern,
                                           const char *pattern_type, const char *name)
{
    yyjson_mut_doc *doc = unit->doc;
    yyjson_mut_val *indicator = misp_event_object(unit, "indicator", subject->uuid, event->creator,
                                                  subject->times.created, subject->times.modified);
    if (name != NULL && *name != '\0' && strlen(name) <= 1000)
        yyjson_mut_obj_add_strcpy(doc, indicator, "name", name);
    if (subject->comment != NULL)
        yyjson_mut_obj_add_strcpy(doc, indicator, "description", subject->comment);
    yyjson_mut_obj_add_strcpy(doc, indicator, "pattern", pattern);
    yyjson_mut_obj_add_strcpy(doc, indicator, "pattern_type", pattern_type);
    if (strcmp(pattern_type, "stix") == 0)
        yyjson_mut_obj_add_str(doc, indicator, "pattern_version", "2.1");
    gint64 from = subject->times.first != 0 ? subject->times.first : subject->times.modified;
    if (event->options->valid_from != 0)
        from = event->options->valid_from;
    misp_event_put_time(unit, indicator, "valid_from", from, 0);
    if (event->options->valid_until > from)
        misp_event_put_time(unit, indicator, "valid_until", event->options->valid_until, 0);
    if (subject->category != NULL) {
        yyjson_mut_val *phases = yyjson_mut_arr(doc);
        yyjson_mut_val *phase = yyjson_mut_arr_add_obj(doc, phases);
        yyjson_mut_obj_add_str(doc, phase, "kill_chain_name", "misp-category");
        yyjson_mut_obj_add_strcpy(doc, phase, "phase_name", subject->category);
        yyjson_mut_obj_add_val(doc, indicator, "kill_chain_phases", phases);
    }
    if (subject->deleted)
        yyjson_mut_obj_add_bool(doc, indicator, "revoked", TRUE);
    misp_tags_write(subject->tags, subject->labels, doc, indicator);
    return indicator;
}

static yyjson_mut_val *add_observed_data(const MispEvent *event, MispUnit *unit,
                                         const MispSubject *subject, const MispGraph *graph)
{
    yyjson_mut_doc *doc = unit->doc;
    const MispTimes *times = &subject->times;
    gint64 first = times->first != 0 ? times->first : times->last;
    gint64 last = times->last != 0 ? times->last : times->first;
    yyjson_mut_val *observed = misp_event_object(unit, "observed-data", subject->uuid,
                                                 event->creator, times->created, times->modified);
    misp_event_put_time(unit, observed, "first_observed", first != 0 ? first : times->modified, 0);
    misp_event_put_time(unit, observed, "last_observed", last != 0 ? last : times->modified, 0);
    yyjson_mut_obj_add_int(doc, observed, "number_observed", 1);
    yyjson_mut_val *refs = yyjson_mut_arr(doc);
    for (guint i = 0; i < graph->nodes->len; i++)
        yyjson_mut_arr_add_str(
            doc, refs, yyjson_mut_get_str(yyjson_mut_obj_get(graph->nodes->pdata[i], "id")));
    yyjson_mut_obj_add_val(doc, observed, "object_refs", refs);
    if (subject->deleted)
        yyjson_mut_obj_add_bool(doc, observed, "revoked", TRUE);
    misp_tags_write(subject->tags, subject->labels, doc, observed);
    return observed;
}

gboolean misp_observation_build(const MispEvent *event, MispUnit *unit, const MispSubject *subject,
                                MispGraph *graph, const char *pattern, const char *name,
                                yyjson_mut_val **ret_keeper, char **ret_main)
{
    gboolean flagged = subject->to_ids && *pattern != '\0';
    if (graph->nodes->len == 0 && !flagged)
        return FALSE;
    for (guint i = 0; i < graph->nodes->len; i++) {
        if (!misp_path_complete(graph, graph->nodes->pdata[i]))
            return FALSE;
        misp_tags_mark(subject->tags, unit->doc, graph->nodes->pdata[i]);
        g_ptr_array_add(unit->objects, graph->nodes->pdata[i]);
    }
    yyjson_mut_val *observed = NULL;
    yyjson_mut_val *indicator = NULL;
    if (graph->nodes->len > 0)
        observed = add_observed_data(event, unit, subject, graph);
    if (flagged)
        indicator = misp_observation_indicator(event, unit, subject, pattern, "stix", name);
    else if (subject->comment != NULL)
        yyjson_mut_obj_add_strcpy(unit->doc, observed, "x_misp_comment", subject->comment);
    yyjson_mut_val *main_object = indicator != NULL ? indicator : observed;
    const char *main_id = yyjson_mut_get_str(yyjson_mut_obj_get(main_object, "id"));
    if (indicator != NULL && observed != NULL)
        misp_event_relate(event, unit, NULL, main_id, "based-on",
                          yyjson_mut_get_str(yyjson_mut_obj_get(observed, "id")), &subject->times,
                          subject->tags);
    *ret_keeper = observed != NULL ? observed : indicator;
    *ret_main = g_strdup(main_id);
    return TRUE;
}

static gboolean is_base64(const char *text, gsize length)
{
    gsize padding = length >= 2 && text[length - 1] == '=' ? 1 + (text[length - 2] == '=') : 0;
    if (length == 0 || length % 4 != 0)
        return FALSE;
    for (gsize i = 0; i < length - padding; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '+' && text[i] != '/')
            return FALSE;
    return TRUE;
}

gboolean misp_observation_attach(MispGraph *graph, yyjson_mut_val *file, const char *uuid,
                                 yyjson_val *data, gboolean sample)
{
    const char *text = yyjson_get_str(data);
    gsize length = yyjson_get_len(data);
    if (text == NULL || length > MISP_OBSERVATION_PAYLOAD_MAX || !is_base64(text, length))
        return FALSE;
    if (!misp_path_put(graph, "artifact:payload_bin", uuid, uuid, text))
        return FALSE;
    if (sample) {
        misp_path_put(graph, "artifact:mime_type", uuid, uuid, "application/zip");
        misp_path_put(graph, "artifact:encryption_algorithm", uuid, uuid, "mime-type-indicated");
        misp_path_put(graph, "artifact:decryption_key", uuid, uuid, "infected");
    }
    if (file != NULL && yyjson_mut_obj_get(file, "content_ref") == NULL) {
        g_autofree char *id = g_strconcat("artifact--", uuid, NULL);
        yyjson_mut_obj_add_strcpy(graph->doc, file, "content_ref", id);
    }
    return TRUE;
}

gboolean misp_observation_finish(MispEvent *event, MispUnit *unit, const MispSubject *subject,
                                 const char *main_id, char **ret_problem)
{
    misp_event_emit_markings(event, subject->tags, subject->path);
    if (!misp_event_emit(event, unit, subject->path, ret_problem))
        return FALSE;
    g_hash_table_insert(event->mains, g_strdup(subject->uuid), g_strdup(main_id));
    misp_galaxy_read(event, subject->entry, subject->path, main_id, &subject->times, subject->tags);
    misp_opinion_sightings(event, subject->entry, subject->path, main_id, subject->tags);
    misp_opinion_analyst_data(event, subject->entry, subject->path, main_id, subject->tags);
    return TRUE;
}
