#include "intake/misp_reference.h"

#include <string.h>

#include "intake/misp_tags.h"
#include "intake/misp_value.h"

/* A reference that waits for what it refers to. The values live as long as the event. */
typedef struct {
    yyjson_val *reference;
    yyjson_val *object;
    guint at;
    char path[];
} Pending;

void misp_reference_await(MispEvent *event, yyjson_val *object, const char *path)
{
    size_t at, size;
    yyjson_val *reference;
    yyjson_arr_foreach (yyjson_obj_get(object, "ObjectReference"), at, size, reference) {
        Pending *pending = g_malloc(sizeof *pending + strlen(path) + 1);
        pending->reference = reference;
        pending->object = object;
        pending->at = (guint)at;
        memcpy(pending->path, path, strlen(path) + 1);
        g_ptr_array_add(event->pending, pending);
    }
}

/* "Connected to" as STIX writes such words: lower case, digits and hyphens. */
static char *relationship_type(const char *text)
{
    g_autoptr(GString) type = g_string_new(NULL);
    for (; *text != '\0' && type->len < 250; text++) {
        if (g_ascii_isalnum(*text))
            g_string_append_c(type, g_ascii_tolower(*text));
        else if (type->len > 0 && type->str[type->len - 1] != '-')
            g_string_append_c(type, '-');
    }
    if (type->len > 0 && type->str[type->len - 1] == '-')
        g_string_truncate(type, type->len - 1);
    return g_strdup(type->len > 0 ? type->str : "related-to");
}

static void relate(MispEvent *event, const Pending *pending)
{
    yyjson_val *reference = pending->reference;
    g_autofree char *path = g_strdup_printf("%s.ObjectReference[%u]", pending->path, pending->at);
    g_autofree char *from = misp_value_uuid(reference, "object_uuid");
    if (from == NULL)
        from = misp_value_uuid(pending->object, "uuid");
    g_autofree char *to = misp_value_uuid(reference, "referenced_uuid");
    if (to == NULL) {
        /* older versions of MISP name what is referred to inside the reference */
        yyjson_val *inner = yyjson_obj_get(reference, "Object");
        to =
            misp_value_uuid(inner != NULL ? inner : yyjson_obj_get(reference, "Attribute"), "uuid");
    }
    const char *source = from != NULL ? g_hash_table_lookup(event->mains, from) : NULL;
    const char *target = to != NULL ? g_hash_table_lookup(event->mains, to) : NULL;
    const char *word = yyjson_get_str(yyjson_obj_get(reference, "relationship_type"));
    MispTimes times = misp_event_times(event, reference);
    g_autofree char *uuid = misp_value_uuid(reference, "uuid");
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    static const char *const known[] = {"uuid",
                                        "timestamp",
                                        "relationship_type",
                                        "object_uuid",
                                        "referenced_uuid",
                                        "referenced_type",
                                        "Object",
                                        "Attribute",
                                        "comment",
                                        "deleted",
                                        NULL};
    if (source == NULL || target == NULL) {
        g_autofree char *text = yyjson_val_write(reference, 0, NULL);
        if (uuid == NULL)
            uuid = misp_value_make_uuid("x-misp-object-reference", text, NULL);
        yyjson_mut_val *kept = misp_event_object(unit, "x-misp-object-reference", uuid,
                                                 event->creator, times.created, times.modified);
        misp_tags_mark(event->tags, unit->doc, kept);
        yyjson_mut_obj_add_val(unit->doc, kept, "x_misp_reference",
                               misp_event_copy(unit, reference, TRUE));
        misp_event_note(event, INTAKE_UNMAPPED, path,
                        "kept as x-misp-object-reference: what it refers to is not in the event");
    } else {
        g_autofree char *type = relationship_type(word != NULL ? word : "");
        yyjson_mut_val *relationship =
            misp_event_relate(event, unit, uuid, source, type, target, &times, event->tags);
        const char *comment = yyjson_get_str(yyjson_obj_get(reference, "comment"));
        if (comment != NULL && *comment != '\0')
            yyjson_mut_obj_add_strcpy(unit->doc, relationship, "description", comment);
        if (word != NULL && strcmp(word, type) != 0)
            yyjson_mut_obj_add_strcpy(unit->doc, relationship, "x_misp_relationship_type", word);
        if (misp_value_true(yyjson_obj_get(reference, "deleted")))
            yyjson_mut_obj_add_bool(unit->doc, relationship, "revoked", TRUE);
        misp_event_keep(event, unit, relationship, reference, known);
    }
    misp_event_emit_or_note(event, unit, path);
}

void misp_reference_relate(MispEvent *event)
{
    for (guint i = 0; i < event->pending->len && !event->stopped; i++)
        relate(event, event->pending->pdata[i]);
}
