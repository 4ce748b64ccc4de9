#include "intake/misp.h"

#include <string.h>

#include "base/jsonguard.h"
#include "intake/misp_attribute.h"
#include "intake/misp_galaxy.h"
#include "intake/misp_object.h"
#include "intake/misp_reference.h"
#include "intake/misp_report.h"
#include "intake/misp_source.h"

/* How deep "response" and "Event" may wrap each other. */
#define WRAP_DEPTH 4

typedef void (*ReadPart)(MispEvent *event, yyjson_val *part, const char *path);

/* One part, or an array of them: searches give either. */
static void read_parts(MispEvent *event, yyjson_val *parts, const char *path, ReadPart read)
{
    if (!yyjson_is_arr(parts)) {
        read(event, parts, path);
        return;
    }
    size_t at, size;
    yyjson_val *part;
    yyjson_arr_foreach (parts, at, size, part) {
        g_autofree char *where = g_strdup_printf("%s[%u]", path, (guint)at);
        if (!event->stopped)
            read(event, part, where);
    }
}

/* Attributes and objects without their event, or with no more than its name. */
static void read_loose(MispEvent *event, yyjson_val *root, const char *path)
{
    yyjson_val *context = yyjson_obj_get(root, "Event");
    yyjson_val *attributes = yyjson_obj_get(root, "Attribute");
    yyjson_val *objects = yyjson_obj_get(root, "Object");
    g_autofree char *attribute_path = g_strconcat(path, ".Attribute", NULL);
    g_autofree char *object_path = g_strconcat(path, ".Object", NULL);
    misp_report_context(event, context != NULL ? context : root, path);
    if (attributes != NULL)
        read_parts(event, attributes, attribute_path, misp_attribute_read);
    if (objects != NULL)
        read_parts(event, objects, object_path, misp_object_read);
    misp_reference_relate(event);
    MispTimes times = misp_event_times(event, root);
    misp_galaxy_read(event, root, path, NULL, &times, event->tags);
    const char *info = yyjson_get_str(yyjson_obj_get(context, "info"));
    if (info != NULL)
        misp_event_note(event, INTAKE_UNMAPPED, path,
                        "attributes without the rest of their event \"%s\": no report is made",
                        info);
}

/* Sees what @root is and takes it. FALSE when it is nothing of MISP. */
static gboolean read_item(MispEvent *event, yyjson_val *root, const char *path, guint depth)
{
    if (!yyjson_is_obj(root) || depth > WRAP_DEPTH)
        return FALSE;
    yyjson_val *response = yyjson_obj_get(root, "response");
    yyjson_val *inner = yyjson_obj_get(root, "Event");
    yyjson_val *attributes = yyjson_obj_get(root, "Attribute");
    yyjson_val *objects = yyjson_obj_get(root, "Object");
    const char *wrapper = response != NULL ? "response" : "Event";
    g_autofree char *deeper = g_strdup_printf("%s.%s", path, wrapper);
    if (yyjson_is_obj(response))
        return read_item(event, response, deeper, depth + 1);
    if (yyjson_is_obj(inner) && attributes == NULL && objects == NULL) {
        misp_report_read(event, inner, deeper);
        return TRUE;
    }
    if (yyjson_is_str(yyjson_obj_get(root, "info"))) {
        misp_report_read(event, root, path);
        return TRUE;
    }
    if (yyjson_is_str(yyjson_obj_get(root, "meta-category")) && yyjson_is_arr(attributes)) {
        misp_report_context(event, NULL, path);
        misp_object_read(event, root, path);
        misp_reference_relate(event);
        return TRUE;
    }
    if (attributes != NULL || objects != NULL) {
        read_loose(event, root, path);
        return TRUE;
    }
    if (yyjson_is_str(yyjson_obj_get(root, "type")) &&
        (yyjson_obj_get(root, "value") != NULL || yyjson_obj_get(root, "uuid") != NULL)) {
        misp_report_context(event, NULL, path);
        misp_attribute_read(event, root, path);
        return TRUE;
    }
    return FALSE;
}

/* Parses one item and takes it; what is wrong with it is noted. FALSE when the sink stops. */
static gboolean take_item(char *bytes, gsize length, const char *path, const char *name,
                          const IntakeOptions *options, const IntakeSink *sink, GError **error)
{
    MispEvent event = {.name = name, .path = path, .options = options, .sink = sink};
    misp_event_init(&event);
    yyjson_read_err problem;
    yyjson_doc *doc = yyjson_read_opts(bytes, length, YYJSON_READ_INSITU, NULL, &problem);
    g_autoptr(GError) guard = NULL;
    if (doc == NULL)
        misp_event_note(&event, INTAKE_BROKEN, path, "byte %" G_GSIZE_FORMAT ": %s", problem.pos,
                        problem.msg);
    else if (!jsonguard_check(yyjson_doc_get_root(doc), &guard))
        misp_event_note(&event, INTAKE_BROKEN, path, "%s", guard->message);
    else if (!read_item(&event, yyjson_doc_get_root(doc), path, 0))
        misp_event_note(&event, INTAKE_BROKEN, path, "no MISP event, attribute or object");
    yyjson_doc_free(doc);
    gboolean go_on = !event.stopped;
    if (!go_on)
        g_propagate_error(error, g_steal_pointer(&event.error));
    misp_event_clear(&event);
    return go_on;
}

gboolean misp_read(Stream *stream, const char *name, const IntakeOptions *options,
                   const IntakeSink *sink, GError **error)
{
    g_autoptr(MispSource) source = misp_source_new(stream);
    while (TRUE) {
        char *bytes;
        gsize length;
        const char *path;
        if (!misp_source_next(source, &bytes, &length, &path, error))
            return FALSE;
        if (sink->progress != NULL) {
            guint64 done, total;
            stream_progress(stream, &done, &total);
            sink->progress(sink->user, done, total);
        }
        g_autofree char *where = g_strdup_printf("%s: %s", name, bytes != NULL ? path : "$");
        if (bytes == NULL) {
            if (misp_source_truncated(source) && sink->note != NULL)
                sink->note(sink->user, INTAKE_LOST, where, "the input ends too early");
            return TRUE;
        }
        if (*bytes == '\0' && length > MISP_MAX_EVENT) {
            if (sink->note != NULL)
                sink->note(sink->user, INTAKE_BROKEN, where, "larger than 256 MiB: left out");
            continue;
        }
        if (!take_item(bytes, length, path, name, options, sink, error))
            return FALSE;
    }
}
