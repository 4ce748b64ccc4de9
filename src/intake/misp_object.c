#include "intake/misp_object.h"

#include <string.h>

#include "intake/misp_attribute.h"
#include "intake/misp_galaxy.h"
#include "intake/misp_observation.h"
#include "intake/misp_opinion.h"
#include "intake/misp_reference.h"
#include "intake/misp_templates.h"
#include "intake/misp_value.h"

/* Up to this length a pattern is searched before a comparison is added to it again. */
#define LOOK_BACK (16 * 1024)

/* An object on its way. */
typedef struct {
    MispEvent *event;
    MispSubject *subject;
    const MispTemplate *template; /* NULL: every attribute stands for itself */
    MispUnit *unit;
    MispGraph *graph;
    GString *all;   /* comparisons of the object itself, joined by AND */
    GString *any;   /* patterns of attributes that stand for themselves, joined by OR */
    GString *other; /* relations that have no place, for the note */
} Draft;

static void draft_clear(Draft *draft)
{
    g_clear_pointer(&draft->graph, misp_path_graph_free);
    g_clear_pointer(&draft->unit, misp_event_unit_free);
    g_string_free(draft->all, TRUE);
    g_string_free(draft->any, TRUE);
    g_string_free(draft->other, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)

static Draft draft_begin(MispEvent *event, MispSubject *subject, const MispTemplate *template)
{
    Draft draft = {
        .event = event,
        .subject = subject,
        .template = template,
        .unit = misp_event_unit_new(),
        .all = g_string_new(NULL),
        .any = g_string_new(NULL),
        .other = g_string_new(NULL),
    };
    draft.graph = misp_path_graph_new(draft.unit->doc);
    return draft;
}

/* Appends one more comparison of the object itself, unless it is there already. */
static void and_also(Draft *draft, const char *path, const char *text)
{
    g_autoptr(GString) one = g_string_new(NULL);
    if (misp_path_compare(one, path, text) &&
        (draft->all->len > LOOK_BACK || strstr(draft->all->str, one->str) == NULL))
        g_string_append_printf(draft->all, "%s%s", draft->all->len > 0 ? " AND " : "", one->str);
}

/* Puts "path=constant" of a template; "type" goes before a path that begins with the colon. */
static void put_constant(Draft *draft, const char *root)
{
    const char *set = draft->template->set;
    if (set == NULL)
        return;
    g_autofree char *path = g_strdup_printf("%s%.*s", root, (int)(strchr(set, '=') - set), set);
    misp_path_put(draft->graph, path, draft->subject->uuid, draft->subject->uuid,
                  strchr(set, '=') + 1);
}

static char *attribute_uuid(const MispSubject *subject, yyjson_val *attribute)
{
    char *uuid = misp_value_uuid(attribute, "uuid");
    if (uuid != NULL)
        return uuid;
    g_autofree char *text = yyjson_val_write(attribute, 0, NULL);
    return misp_value_make_uuid(subject->uuid, text, NULL);
}

/* An attribute that stands for itself. */
static gboolean put_alone(Draft *draft, yyjson_val *attribute, const char *uuid, const char *text)
{
    const char *name = yyjson_get_str(yyjson_obj_get(attribute, "type"));
    const MispType *type = name != NULL ? misp_types_find(name) : NULL;
    if (type != NULL && type->as == MISP_SAMPLE && strchr(text, '|') == NULL)
        type = misp_types_find("attachment");
    g_autoptr(GString) pattern = g_string_new(NULL);
    guint before = draft->graph->nodes->len;
    if (!misp_attribute_observe(draft->graph, pattern, type, uuid, text))
        return FALSE;
    if (draft->graph->nodes->len == before && type->as != MISP_PATTERN)
        return TRUE;
    /* the name of a file, or a port, tells too little where the object says more */
    gboolean weak = type->as == MISP_PATTERN || type->as == MISP_ATTACHMENT ||
                    strcmp(type->name, "filename") == 0;
    if (misp_value_true(yyjson_obj_get(attribute, "to_ids")) && !(weak && draft->template != NULL))
        g_string_append_printf(draft->any, "%s[%s]", draft->any->len > 0 ? " OR " : "",
                               pattern->str);
    yyjson_val *data = yyjson_obj_get(attribute, "data");
    if ((type->as == MISP_SAMPLE || type->as == MISP_ATTACHMENT) && yyjson_get_len(data) > 0)
        misp_observation_attach(draft->graph, draft->graph->nodes->pdata[before], uuid, data,
                                type->as == MISP_SAMPLE);
    return TRUE;
}

/* The bytes of the file that the object is. */
static gboolean put_content(Draft *draft, yyjson_val *attribute, const char *uuid,
                            const char *relation, const char *text)
{
    gboolean sample = strcmp(relation, "malware-sample") == 0;
    const char *family = draft->template->family;
    if (strcmp(family, "artifact") == 0 && strcmp(relation, "payload_bin") == 0)
        return misp_observation_attach(draft->graph, NULL, draft->subject->uuid,
                                       yyjson_obj_get(attribute, "data"), FALSE);
    if (strcmp(family, "file") != 0 || (!sample && (strcmp(relation, "attachment") != 0 ||
                                                    strcmp(draft->template->name, "image") != 0)))
        return FALSE;
    const char *cut = sample ? strrchr(text, '|') : NULL;
    g_autofree char *name = cut != NULL ? g_strndup(text, (gsize)(cut - text)) : g_strdup(text);
    const char *own = draft->subject->uuid;
    misp_path_put(draft->graph, "file:name", own, uuid, name);
    if (cut != NULL)
        misp_path_put(draft->graph, "file:hashes.MD5", own, uuid, cut + 1);
    g_autofree char *id = g_strconcat("file--", own, NULL);
    yyjson_mut_val *file = g_hash_table_lookup(draft->graph->by_id, id);
    yyjson_val *data = yyjson_obj_get(attribute, "data");
    if (file == NULL)
        return FALSE;
    /* bytes that cannot be attached stay with the attribute, in x_misp_attributes */
    if (data != NULL)
        misp_observation_attach(draft->graph, file, uuid, data, sample);
    if (misp_value_true(yyjson_obj_get(attribute, "to_ids")) && cut != NULL)
        and_also(draft, "file:hashes.MD5", cut + 1);
    return TRUE;
}

/* An attribute with a place of its own in the object. */
static gboolean put_related(Draft *draft, yyjson_val *attribute, const char *uuid,
                            const char *relation, const char *text)
{
    if (put_content(draft, attribute, uuid, relation, text))
        return TRUE;
    const char *path = misp_templates_path(draft->template, relation);
    if (path == NULL)
        return FALSE;
    g_autofree char *lower = NULL;
    if (g_str_has_suffix(path, ":protocols[]"))
        text = lower = g_ascii_strdown(text, -1);
    if (!misp_path_put(draft->graph, path, draft->subject->uuid, uuid, text))
        return FALSE;
    if (misp_value_true(yyjson_obj_get(attribute, "to_ids")))
        and_also(draft, path, text);
    return TRUE;
}

static void put_attribute(Draft *draft, yyjson_val *attribute)
{
    g_autofree char *text = misp_value_text(yyjson_obj_get(attribute, "value"));
    const char *relation = yyjson_get_str(yyjson_obj_get(attribute, "object_relation"));
    if (text == NULL || *text == '\0')
        return;
    g_autofree char *uuid = attribute_uuid(draft->subject, attribute);
    if (draft->template != NULL && relation != NULL &&
        put_related(draft, attribute, uuid, relation, text))
        return;
    if (put_alone(draft, attribute, uuid, text))
        return;
    if (draft->other->len < 400)
        g_string_append_printf(draft->other, "%s%s", draft->other->len > 0 ? ", " : "",
                               relation != NULL ? relation : "?");
}

/* The attributes as they were, so that nothing of them is lost. Bytes that became an artifact are
 * not repeated. */
static void keep_attributes(Draft *draft, yyjson_mut_val *keeper)
{
    yyjson_mut_val *list = yyjson_mut_arr(draft->unit->doc);
    size_t at, size;
    yyjson_val *attribute;
    yyjson_arr_foreach (yyjson_obj_get(draft->subject->entry, "Attribute"), at, size, attribute) {
        g_autofree char *uuid = attribute_uuid(draft->subject, attribute);
        g_autofree char *artifact = g_strconcat("artifact--", uuid, NULL);
        g_autofree char *own = g_strconcat("artifact--", draft->subject->uuid, NULL);
        gboolean told = g_hash_table_contains(draft->graph->by_id, artifact) ||
                        g_hash_table_contains(draft->graph->by_id, own);
        yyjson_mut_arr_append(list, misp_event_copy(draft->unit, attribute, !told));
    }
    if (yyjson_mut_arr_size(list) > 0)
        yyjson_mut_obj_add_val(draft->unit->doc, keeper, "x_misp_attributes", list);
    static const char *const known[] = {
        "uuid",        "name",          "meta-category",    "Attribute",
        "comment",     "timestamp",     "first_seen",       "last_seen",
        "deleted",     "Note",          "Opinion",          "Relationship",
        "description", "template_uuid", "template_version", "ObjectReference",
        NULL};
    misp_event_keep(draft->event, draft->unit, keeper, draft->subject->entry, known);
}

static char *whole_pattern(Draft *draft)
{
    if (draft->all->len == 0)
        return g_strdup(draft->any->str);
    /* which service an account is of */
    const char *set = draft->template->set;
    if (set != NULL) {
        g_autofree char *path = g_strndup(set, (gsize)(strchr(set, '=') - set));
        and_also(draft, path, strchr(set, '=') + 1);
    }
    return g_strdup_printf("[%s]%s%s", draft->all->str, draft->any->len > 0 ? " OR " : "",
                           draft->any->str);
}

static void put_all(Draft *draft)
{
    size_t at, size;
    yyjson_val *attribute;
    yyjson_arr_foreach (yyjson_obj_get(draft->subject->entry, "Attribute"), at, size, attribute)
        put_attribute(draft, attribute);
}

static void note_other(const Draft *draft, const char *name)
{
    if (draft->other->len > 0)
        misp_event_note(draft->event, INTAKE_UNMAPPED, draft->subject->path,
                        "object %s: kept in x_misp_attributes only: %s", name, draft->other->str);
}

static gboolean read_observed(MispEvent *event, MispSubject *subject, const MispTemplate *template,
                              char **ret_problem)
{
    g_auto(Draft) draft = draft_begin(event, subject, template);
    put_constant(&draft, "");
    put_all(&draft);
    g_autofree char *pattern = whole_pattern(&draft);
    g_autofree char *main_id = NULL;
    yyjson_mut_val *keeper;
    if (!misp_observation_build(event, draft.unit, subject, draft.graph, pattern, template->name,
                                &keeper, &main_id)) {
        *ret_problem = g_strdup("too little is filled in for a STIX object");
        return FALSE;
    }
    keep_attributes(&draft, keeper);
    if (!misp_observation_finish(event, draft.unit, subject, main_id, ret_problem))
        return FALSE;
    note_other(&draft, template->name);
    return TRUE;
}

static gboolean read_rule(MispEvent *event, MispSubject *subject, const MispTemplate *template,
                          char **ret_problem)
{
    g_auto(Draft) draft = draft_begin(event, subject, template);
    const char *pattern = NULL;
    const char *name = NULL;
    size_t at, size;
    yyjson_val *attribute;
    yyjson_arr_foreach (yyjson_obj_get(subject->entry, "Attribute"), at, size, attribute) {
        const char *relation = yyjson_get_str(yyjson_obj_get(attribute, "object_relation"));
        const char *text = yyjson_get_str(yyjson_obj_get(attribute, "value"));
        const char *path = relation != NULL ? misp_templates_path(template, relation) : NULL;
        if (path == NULL || text == NULL || *text == '\0')
            continue;
        if (strcmp(path, "pattern") == 0 && pattern == NULL)
            pattern = text;
        else if (strcmp(path, "name") == 0 && name == NULL)
            name = text;
        else if (strcmp(path, "description") == 0 && subject->comment == NULL)
            subject->comment = g_strdup(text);
    }
    if (pattern == NULL) {
        *ret_problem = g_strdup("it has no rule");
        return FALSE;
    }
    yyjson_mut_val *indicator =
        misp_observation_indicator(event, draft.unit, subject, pattern, template->root, name);
    keep_attributes(&draft, indicator);
    g_autofree char *id = g_strconcat("indicator--", subject->uuid, NULL);
    return misp_observation_finish(event, draft.unit, subject, id, ret_problem);
}

/* The value of the first attribute of @relation, or NULL. */
static const char *relation_text(yyjson_val *object, const char *relation)
{
    size_t at, size;
    yyjson_val *attribute;
    yyjson_arr_foreach (yyjson_obj_get(object, "Attribute"), at, size, attribute)
        if (yyjson_equals_str(yyjson_obj_get(attribute, "object_relation"), relation))
            return yyjson_get_str(yyjson_obj_get(attribute, "value"));
    return NULL;
}

/* What a type demands, from where the template has it. */
static void complete_thing(Draft *draft, yyjson_mut_val *thing, const char *root)
{
    yyjson_mut_doc *doc = draft->unit->doc;
    yyjson_val *object = draft->subject->entry;
    if (strcmp(root, "malware") == 0)
        yyjson_mut_obj_add_bool(doc, thing, "is_family", FALSE);
    if (strcmp(root, "note") == 0) {
        yyjson_mut_val *refs = yyjson_mut_arr(doc);
        if (draft->event->creator != NULL)
            yyjson_mut_arr_add_strcpy(doc, refs, draft->event->creator);
        yyjson_mut_obj_add_val(doc, thing, "object_refs", refs);
    }
    const char *first = relation_text(object, "first-name");
    const char *last = relation_text(object, "last-name");
    if (strcmp(root, "identity") == 0 && yyjson_mut_obj_get(thing, "name") == NULL &&
        (first != NULL || last != NULL)) {
        g_autofree char *name =
            g_strdup_printf("%s%s%s", first != NULL ? first : "",
                            first != NULL && last != NULL ? " " : "", last != NULL ? last : "");
        yyjson_mut_obj_add_strcpy(doc, thing, "name", name);
    }
    const char *name = yyjson_mut_get_str(yyjson_mut_obj_get(thing, "name"));
    if (strcmp(root, "vulnerability") == 0 && name != NULL) {
        g_autofree char *copy = g_strdup(name);
        misp_path_put(draft->graph, "vulnerability:@cve", draft->subject->uuid,
                      draft->subject->uuid, copy);
    }
}

/* Detection that a domain object's attributes ask for, as an indicator beside it. */
static gboolean add_indicator(Draft *draft, const char *main_id)
{
    if (draft->any->len == 0)
        return TRUE;
    yyjson_mut_val *indicator = misp_observation_indicator(
        draft->event, draft->unit, draft->subject, draft->any->str, "stix", draft->subject->path);
    yyjson_mut_obj_remove_key(indicator, "name");
    misp_event_relate(draft->event, draft->unit, NULL,
                      yyjson_mut_get_str(yyjson_mut_obj_get(indicator, "id")), "related-to",
                      main_id, &draft->subject->times, draft->subject->tags);
    return TRUE;
}

static gboolean read_thing(MispEvent *event, MispSubject *subject, const MispTemplate *template,
                           char **ret_problem)
{
    const char *root = template->root;
    const char *state = relation_text(subject->entry, "state");
    if (strcmp(template->name, "script") == 0 && g_strcmp0(state, "Malicious") == 0)
        root = "malware";

    g_auto(Draft) draft = draft_begin(event, subject, template);
    put_constant(&draft, root);
    yyjson_mut_val *thing = misp_event_object(draft.unit, root, subject->uuid, event->creator,
                                              subject->times.created, subject->times.modified);
    /* the graph fills in the object that is there */
    g_autofree char *id = g_strdup_printf("%s--%s", root, subject->uuid);
    yyjson_mut_val *constant = g_hash_table_lookup(draft.graph->by_id, id);
    const char *identity_class = yyjson_mut_get_str(yyjson_mut_obj_get(constant, "identity_class"));
    if (identity_class != NULL)
        yyjson_mut_obj_add_strcpy(draft.unit->doc, thing, "identity_class", identity_class);
    g_ptr_array_set_size(draft.graph->nodes, 0);
    g_hash_table_remove_all(draft.graph->by_id);
    g_hash_table_insert(draft.graph->by_id, g_strdup(id), thing);

    size_t at, size;
    yyjson_val *attribute;
    yyjson_arr_foreach (yyjson_obj_get(subject->entry, "Attribute"), at, size, attribute) {
        g_autofree char *text = misp_value_text(yyjson_obj_get(attribute, "value"));
        const char *relation = yyjson_get_str(yyjson_obj_get(attribute, "object_relation"));
        const char *path = relation != NULL ? misp_templates_path(template, relation) : NULL;
        if (text == NULL || *text == '\0')
            continue;
        if (path != NULL) {
            g_autofree char *full = g_strconcat(root, path, NULL);
            g_autofree char *named = NULL;
            if (g_str_has_suffix(path, "+"))
                named = g_strdup_printf("%s: %s", relation, text);
            misp_path_put(draft.graph, full, subject->uuid, subject->uuid,
                          named != NULL ? named : text);
        }
        /* what is to be detected is detected, whatever the object says; but the address of an
         * organisation is flagged by its template, not by anyone who wants it detected */
        g_autofree char *uuid = attribute_uuid(subject, attribute);
        if (misp_value_true(yyjson_obj_get(attribute, "to_ids")) && strcmp(root, "identity") != 0)
            put_alone(&draft, attribute, uuid, text);
    }
    complete_thing(&draft, thing, root);
    if (subject->deleted)
        yyjson_mut_obj_add_bool(draft.unit->doc, thing, "revoked", TRUE);
    misp_tags_write(subject->tags, subject->labels, draft.unit->doc, thing);
    if (subject->comment != NULL)
        yyjson_mut_obj_add_strcpy(draft.unit->doc, thing, "x_misp_comment", subject->comment);
    g_ptr_array_set_size(draft.graph->nodes, 0);
    g_hash_table_remove_all(draft.graph->by_id);
    keep_attributes(&draft, thing);
    add_indicator(&draft, id);
    return misp_observation_finish(event, draft.unit, subject, id, ret_problem);
}

/* The last resort, which takes everything: x-misp-object, with observables and an indicator for
 * those attributes that mean something alone. */
static void keep_object(MispEvent *event, MispSubject *subject, const char *name, const char *why)
{
    g_auto(Draft) draft = draft_begin(event, subject, NULL);
    put_all(&draft);
    g_autofree char *id = g_strconcat("x-misp-object--", subject->uuid, NULL);
    g_autofree char *observed_id = NULL;
    yyjson_mut_val *ignored;
    if (!misp_observation_build(event, draft.unit, subject, draft.graph, draft.any->str, name,
                                &ignored, &observed_id))
        g_ptr_array_set_size(draft.unit->objects, 0);
    yyjson_mut_val *kept =
        misp_event_object(draft.unit, "x-misp-object", subject->uuid, event->creator,
                          subject->times.created, subject->times.modified);
    yyjson_mut_obj_add_strcpy(draft.unit->doc, kept, "x_misp_name", name);
    if (subject->category != NULL)
        yyjson_mut_obj_add_strcpy(draft.unit->doc, kept, "x_misp_meta_category", subject->category);
    if (subject->comment != NULL)
        yyjson_mut_obj_add_strcpy(draft.unit->doc, kept, "x_misp_comment", subject->comment);
    if (subject->deleted)
        yyjson_mut_obj_add_bool(draft.unit->doc, kept, "revoked", TRUE);
    misp_tags_write(subject->tags, subject->labels, draft.unit->doc, kept);
    keep_attributes(&draft, kept);
    if (observed_id != NULL)
        misp_event_relate(event, draft.unit, NULL, observed_id, "related-to", id, &subject->times,
                          subject->tags);

    g_autofree char *problem = NULL;
    gboolean done = misp_observation_finish(event, draft.unit, subject, id, &problem);
    if (!done && observed_id != NULL) {
        /* one of the observables is not valid after all: without them, then */
        g_ptr_array_set_size(draft.unit->objects, 0);
        g_hash_table_remove_all(draft.graph->by_id);
        g_ptr_array_add(draft.unit->objects, kept);
        yyjson_mut_obj_remove_key(kept, "x_misp_attributes");
        keep_attributes(&draft, kept);
        g_clear_pointer(&problem, g_free);
        done = misp_observation_finish(event, draft.unit, subject, id, &problem);
    }
    if (done)
        misp_event_note(event, INTAKE_UNMAPPED, subject->path,
                        "object %s: kept as x-misp-object: %s", name, why);
    else
        misp_event_note(event, INTAKE_BROKEN, subject->path, "object %s: %s", name, problem);
}

/* What the attributes say of the whole: tags, to_ids. Broken ones are noted. */
static void read_attributes(MispEvent *event, yyjson_val *object, MispSubject *subject)
{
    g_autoptr(MispTags) merged = misp_tags_new();
    size_t at, size;
    yyjson_val *attribute;
    yyjson_arr_foreach (yyjson_obj_get(object, "Attribute"), at, size, attribute) {
        g_autofree char *path = g_strdup_printf("%s.Attribute[%u]", subject->path, (guint)at);
        g_autofree char *text = misp_value_text(yyjson_obj_get(attribute, "value"));
        if (text == NULL)
            misp_event_note(event, INTAKE_BROKEN, path, "attribute without value");
        g_autoptr(MispTags) tags = misp_event_tags(event, attribute, path);
        misp_tags_merge(merged, tags);
        subject->to_ids |= misp_value_true(yyjson_obj_get(attribute, "to_ids"));
    }
    misp_tags_merge(subject->tags, merged);
}

/* What is said of single attributes is said of the object. */
static void read_remarks(MispEvent *event, yyjson_val *object, const MispSubject *subject)
{
    const char *main_id = g_hash_table_lookup(event->mains, subject->uuid);
    size_t at, size;
    yyjson_val *attribute;
    if (main_id == NULL)
        return;
    g_autofree char *target = g_strdup(main_id);
    yyjson_arr_foreach (yyjson_obj_get(object, "Attribute"), at, size, attribute) {
        g_autofree char *path = g_strdup_printf("%s.Attribute[%u]", subject->path, (guint)at);
        g_autofree char *uuid = misp_value_uuid(attribute, "uuid");
        if (uuid != NULL && !g_hash_table_contains(event->mains, uuid))
            g_hash_table_insert(event->mains, g_steal_pointer(&uuid), g_strdup(target));
        misp_galaxy_read(event, attribute, path, target, &subject->times, subject->tags);
        misp_opinion_sightings(event, attribute, path, target, subject->tags);
        misp_opinion_analyst_data(event, attribute, path, target, subject->tags);
    }
}

void misp_object_read(MispEvent *event, yyjson_val *object, const char *path)
{
    const char *name = yyjson_get_str(yyjson_obj_get(object, "name"));
    if (name == NULL || *name == '\0') {
        misp_event_note(event, INTAKE_BROKEN, path, "object without name");
        name = "unnamed";
    }
    g_auto(MispSubject) subject = {0};
    misp_observation_subject(event, object, path, "meta-category", "comment", &subject);
    misp_observation_label(&subject, "name", name);
    misp_observation_label(&subject, "meta-category", subject.category);
    read_attributes(event, object, &subject);

    const MispTemplate *template = misp_templates_find(name);
    g_autofree char *problem = NULL;
    gboolean done = FALSE;
    if (template == NULL)
        problem = g_strdup("STIX has no such object");
    else if (template->as == MISP_GROUP_RULE)
        done = read_rule(event, &subject, template, &problem);
    else if (template->as == MISP_GROUP_THING)
        done = read_thing(event, &subject, template, &problem);
    else
        done = read_observed(event, &subject, template, &problem);
    if (!done && !event->stopped)
        keep_object(event, &subject, name, problem);
    read_remarks(event, object, &subject);
    misp_reference_await(event, object, path);
}
