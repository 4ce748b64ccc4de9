#include "intake/misp_event.h"

#include <string.h>

#include "base/timestamp.h"
#include "intake/indicator.h"
#include "intake/misp_value.h"

/* An entry with more members than this is nothing MISP makes; it is kept in one piece. */
#define MEMBERS_MAX 500

/* Members that mean something only inside one MISP database or its screens. */
static const char *const local_keys[] = {
    "id",
    "event_id",
    "object_id",
    "attribute_id",
    "org_id",
    "orgc_id",
    "user_id",
    "sharing_group_id",
    "galaxy_id",
    "galaxy_cluster_id",
    "tag_id",
    "template_id",
    "source_org_id",
    "referenced_id",
    "attribute_count",
    "proposal_email_lock",
    "locked",
    "sighting_timestamp",
    "value1",
    "value2",
    NULL,
};

MispUnit *misp_event_unit_new(void)
{
    MispUnit *unit = g_new0(MispUnit, 1);
    unit->doc = yyjson_mut_doc_new(NULL);
    unit->objects = g_ptr_array_new();
    return unit;
}

void misp_event_unit_free(MispUnit *unit)
{
    if (unit == NULL)
        return;
    yyjson_mut_doc_free(unit->doc);
    g_ptr_array_unref(unit->objects);
    g_free(unit);
}

void misp_event_subject_clear(MispSubject *subject)
{
    g_free(subject->uuid);
    misp_tags_free(subject->tags);
    g_clear_pointer(&subject->labels, g_ptr_array_unref);
    g_free(subject->comment);
    g_free(subject->category);
}

void misp_event_init(MispEvent *event)
{
    event->refs = g_ptr_array_new_with_free_func(g_free);
    event->seen = g_hash_table_new(g_str_hash, g_str_equal);
    event->mains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    event->pending = g_ptr_array_new_with_free_func(g_free);
    event->tags = misp_tags_new();
}

void misp_event_clear(MispEvent *event)
{
    g_free(event->uuid);
    g_free(event->creator);
    g_free(event->creator_name);
    misp_tags_free(event->tags);
    g_hash_table_unref(event->seen);
    g_ptr_array_unref(event->refs);
    g_hash_table_unref(event->mains);
    g_ptr_array_unref(event->pending);
    g_clear_error(&event->error);
}

void misp_event_note(const MispEvent *event, IntakeNote note, const char *path, const char *format,
                     ...)
{
    if (event->sink->note == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *where = g_strdup_printf("%s: %s", event->name, path);
    event->sink->note(event->sink->user, note, where, message);
}

MispTags *misp_event_tags(const MispEvent *event, yyjson_val *entry, const char *path)
{
    MispTags *tags = misp_tags_new();
    size_t at, size;
    yyjson_val *tag;
    if (yyjson_arr_size(yyjson_obj_get(entry, "Tag")) > MISP_TAGS_MAX)
        misp_event_note(event, INTAKE_BROKEN, path, "more than %d tags: the others are left out",
                        MISP_TAGS_MAX);
    yyjson_arr_foreach (yyjson_obj_get(entry, "Tag"), at, size, tag) {
        const char *name = yyjson_get_str(yyjson_obj_get(tag, "name"));
        if (name == NULL || *name == '\0')
            misp_event_note(event, INTAKE_BROKEN, path, "tag %u has no name", (guint)at);
        else
            misp_tags_add(tags, name);
        const char *role = yyjson_get_str(yyjson_obj_get(tag, "relationship_type"));
        if (name != NULL && role != NULL && *role != '\0')
            misp_event_note(event, INTAKE_UNMAPPED, path,
                            "tag %s: kept, its relationship \"%s\" is not", name, role);
    }
    misp_tags_inherit(tags, event->tags);
    return tags;
}

MispTimes misp_event_times(const MispEvent *event, yyjson_val *entry)
{
    MispTimes times = {0};
    if (!misp_value_time(yyjson_obj_get(entry, "timestamp"), &times.modified))
        times.modified = event->modified;
    /* MISP knows when something was changed last, not when it was made; the date of the event is
     * the one time before that which does not change with it */
    times.created = event->created != 0 ? event->created : times.modified;
    times.created = MIN(times.created, times.modified);
    misp_value_time(yyjson_obj_get(entry, "first_seen"), &times.first);
    misp_value_time(yyjson_obj_get(entry, "last_seen"), &times.last);
    if (times.first != 0 && times.last != 0 && times.last < times.first)
        times.last = times.first;
    return times;
}

void misp_event_put_time(MispUnit *unit, yyjson_mut_val *object, const char *key, gint64 us,
                         guint digits)
{
    char buffer[TIMESTAMP_MAX];
    if (digits < 6 && us % 1000 != 0)
        digits = 6;
    yyjson_mut_obj_add_strcpy(unit->doc, object, key, timestamp_format(buffer, us, digits));
}

yyjson_mut_val *misp_event_object(MispUnit *unit, const char *type, const char *uuid,
                                  const char *creator, gint64 created, gint64 modified)
{
    yyjson_mut_val *object = yyjson_mut_obj(unit->doc);
    g_autofree char *id = g_strdup_printf("%s--%s", type, uuid);
    yyjson_mut_obj_add_strcpy(unit->doc, object, "type", type);
    yyjson_mut_obj_add_str(unit->doc, object, "spec_version", "2.1");
    yyjson_mut_obj_add_strcpy(unit->doc, object, "id", id);
    if (creator != NULL)
        yyjson_mut_obj_add_strcpy(unit->doc, object, "created_by_ref", creator);
    misp_event_put_time(unit, object, "created", created, 3);
    misp_event_put_time(unit, object, "modified", modified, 3);
    g_ptr_array_add(unit->objects, object);
    return object;
}

yyjson_mut_val *misp_event_relate(const MispEvent *event, MispUnit *unit, const char *uuid,
                                  const char *source_ref, const char *type, const char *target_ref,
                                  const MispTimes *times, const MispTags *tags)
{
    g_autofree char *made =
        uuid == NULL ? misp_value_make_uuid(source_ref, type, target_ref, NULL) : g_strdup(uuid);
    yyjson_mut_val *relationship = misp_event_object(unit, "relationship", made, event->creator,
                                                     times->created, times->modified);
    yyjson_mut_obj_add_strcpy(unit->doc, relationship, "relationship_type", type);
    yyjson_mut_obj_add_strcpy(unit->doc, relationship, "source_ref", source_ref);
    yyjson_mut_obj_add_strcpy(unit->doc, relationship, "target_ref", target_ref);
    misp_tags_mark(tags, unit->doc, relationship);
    return relationship;
}

/* Hands one object's text on. */
static void emit_text(MispEvent *event, const char *id, const char *text, gsize length,
                      const char *path)
{
    if (event->stopped)
        return;
    if (!g_hash_table_contains(event->seen, id)) {
        char *kept = g_strdup(id);
        g_ptr_array_add(event->refs, kept);
        g_hash_table_add(event->seen, kept);
    }
    g_autofree char *where = g_strdup_printf("%s: %s", event->name, path);
    event->stopped =
        !intake_give_made(event->sink, text, length, OBJECT_SPEC_21, where, &event->error);
}

gboolean misp_event_emit(MispEvent *event, MispUnit *unit, const char *path, char **ret_problem)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(free);
    g_autoptr(GArray) lengths = g_array_new(FALSE, FALSE, sizeof(gsize));
    for (guint i = 0; i < unit->objects->len; i++) {
        gsize length = 0;
        char *text = yyjson_mut_val_write(unit->objects->pdata[i], 0, &length);
        g_autoptr(GError) error = NULL;
        g_autoptr(Object) object = NULL;
        if (text != NULL) {
            g_ptr_array_add(texts, text);
            g_array_append_val(lengths, length);
            object = object_read(text, length, OBJECT_SPEC_21, OBJECT_DEFAULT, &error);
        }
        if (object == NULL) {
            const char *type =
                yyjson_mut_get_str(yyjson_mut_obj_get(unit->objects->pdata[i], "type"));
            *ret_problem = g_strdup_printf("as %s: %s", type,
                                           error != NULL ? error->message : "cannot be written");
            return FALSE;
        }
    }
    for (guint i = 0; i < texts->len; i++)
        emit_text(event, yyjson_mut_get_str(yyjson_mut_obj_get(unit->objects->pdata[i], "id")),
                  texts->pdata[i], g_array_index(lengths, gsize, i), path);
    return TRUE;
}

void misp_event_emit_or_note(MispEvent *event, MispUnit *unit, const char *path)
{
    g_autofree char *problem = NULL;
    if (!misp_event_emit(event, unit, path, &problem))
        misp_event_note(event, INTAKE_BROKEN, path, "%s", problem);
}

char *misp_event_organisation(MispEvent *event, yyjson_val *org, const char *path)
{
    const char *name = yyjson_get_str(yyjson_obj_get(org, "name"));
    g_autofree char *uuid = misp_value_uuid(org, "uuid");
    if (name == NULL && uuid == NULL)
        return NULL;
    if (uuid == NULL)
        uuid = misp_value_make_uuid("identity", name, NULL);
    char *id = g_strconcat("identity--", uuid, NULL);
    if (g_hash_table_contains(event->seen, id))
        return id;
    /* the same in every event that names it, so without times of one event */
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    yyjson_mut_val *identity = misp_event_object(unit, "identity", uuid, NULL, 0, 0);
    yyjson_mut_obj_add_strcpy(unit->doc, identity, "name",
                              name != NULL && *name != '\0' ? name : uuid);
    yyjson_mut_obj_add_str(unit->doc, identity, "identity_class", "organization");
    misp_event_emit_or_note(event, unit, path);
    return id;
}

void misp_event_emit_markings(MispEvent *event, const MispTags *tags, const char *path)
{
    for (guint i = 0; i < tags->tlp->len; i++) {
        const char *id = indicator_tlp_marking(tags->tlp->pdata[i]);
        const char *text = indicator_tlp_object(tags->tlp->pdata[i]);
        if (text == NULL || event->stopped || !g_hash_table_add(event->seen, (gpointer)id))
            continue;
        g_autofree char *where = g_strdup_printf("%s: %s", event->name, path);
        event->stopped = !intake_give_made(event->sink, text, strlen(text), OBJECT_SPEC_21, where,
                                           &event->error);
    }
}

/* "x_misp_" and @key with what STIX allows in names: a to z, 0 to 9, _ (section 3.1). */
static char *property_name(const char *key)
{
    g_autoptr(GString) name = g_string_new("x_misp_");
    for (; *key != '\0' && name->len < 200; key++)
        g_string_append_c(name, g_ascii_isalnum(*key) ? g_ascii_tolower(*key) : '_');
    return g_strdup(name->str);
}

static gboolean is_empty(yyjson_val *value)
{
    return value == NULL || yyjson_is_null(value) || yyjson_equals_str(value, "") ||
           (yyjson_is_arr(value) && yyjson_arr_size(value) == 0) ||
           (yyjson_is_obj(value) && yyjson_obj_size(value) == 0);
}

void misp_event_keep(const MispEvent *event, MispUnit *unit, yyjson_mut_val *object,
                     yyjson_val *entry, const char *const *known)
{
    if (yyjson_obj_size(entry) > MEMBERS_MAX) {
        yyjson_mut_obj_add_val(unit->doc, object, "x_misp_members",
                               misp_event_copy(unit, entry, TRUE));
        return;
    }
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (entry, at, size, key, value) {
        const char *text = yyjson_get_str(key);
        if (g_strv_contains(local_keys, text) || g_strv_contains(known, text) || is_empty(value))
            continue;
        g_autofree char *name = property_name(text);
        if (yyjson_mut_obj_get(object, name) != NULL)
            continue;
        yyjson_mut_obj_add(object, yyjson_mut_strcpy(unit->doc, name),
                           yyjson_val_mut_copy(unit->doc, value));
    }
}

yyjson_mut_val *misp_event_copy(MispUnit *unit, yyjson_val *entry, gboolean with_data)
{
    yyjson_mut_val *copy = yyjson_mut_obj(unit->doc);
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (entry, at, size, key, value) {
        const char *text = yyjson_get_str(key);
        if (g_strv_contains(local_keys, text) || (!with_data && strcmp(text, "data") == 0))
            continue;
        yyjson_mut_obj_add(copy, yyjson_val_mut_copy(unit->doc, key),
                           yyjson_val_mut_copy(unit->doc, value));
    }
    return copy;
}
