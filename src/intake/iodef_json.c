#include <string.h>

#include "base/jsonguard.h"
#include "intake/iodef.h"
#include "intake/iodef_read.h"
#include "intake/late_xml.h"

/* The whole of the stream. Caller frees. */
static char *read_all(Stream *stream, gsize *ret_length, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (;;) {
        char buffer[64 * 1024];
        gsize got;
        if (!stream_read(stream, buffer, sizeof buffer, &got, error))
            return NULL;
        if (got == 0)
            break;
        if (text->len + got > IODEF_MAX_JSON) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "IODEF in JSON of more than %d MiB is not read", IODEF_MAX_JSON >> 20);
            return NULL;
        }
        g_string_append_len(text, buffer, (gssize)got);
    }
    gsize mark = g_str_has_prefix(text->str, "\xef\xbb\xbf") ? 3 : 0;
    g_string_erase(text, 0, (gssize)mark);
    *ret_length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* One element of the incident; members that are lists are as many elements. */
static gboolean read_member(IodefRead *read, const char *name, yyjson_val *value, GError **error)
{
    guint count = yyjson_is_arr(value) ? (guint)yyjson_arr_size(value) : 1;
    yyjson_val *element = yyjson_is_arr(value) ? yyjson_arr_get_first(value) : value;
    for (guint i = 0; i < count; i++, element = unsafe_yyjson_get_next(element)) {
        xmlNode *node = iodef_node_from_json(name, element);
        gboolean good = iodef_read_child(read, node, i + 1, error);
        late_xml()->FreeNode(node);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

/* What all findings share comes first, whatever the order of the members. */
static gboolean read_incident(IodefRead *read, yyjson_val *incident, GError **error)
{
    for (guint pass = 0; pass < 2; pass++) {
        yyjson_obj_iter iter = yyjson_obj_iter_with(incident);
        yyjson_val *key;
        while ((key = yyjson_obj_iter_next(&iter))) {
            const char *name = yyjson_get_str(key);
            gboolean late = strcmp(name, "EventData") == 0 || strcmp(name, "Indicator") == 0;
            if (late == (pass == 1) &&
                !read_member(read, name, yyjson_obj_iter_get_val(key), error))
                return FALSE;
        }
    }
    return TRUE;
}

/* The members that are no elements: what attributes are in XML. */
static xmlNode *attributes(yyjson_val *incident)
{
    static const char *const names[] = {"purpose", "status", "restriction", "lang"};
    xmlNode *node = late_xml()->NewNode(NULL, (const xmlChar *)"Incident");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *text = yyjson_get_str(yyjson_obj_get(incident, names[i]));
        if (text)
            late_xml()->NewProp(node, (const xmlChar *)names[i], (const xmlChar *)text);
    }
    return node;
}

gboolean iodef_read_json(Stream *stream, FindingMaker *maker, GError **error)
{
    gsize length = 0;
    g_autofree char *text = read_all(stream, &length, error);
    if (!text)
        return FALSE;
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    if (!doc || !late_xml_load(error))
        return FALSE;
    late_xml()->InitParser();
    yyjson_val *incidents = yyjson_obj_get(yyjson_doc_get_root(doc), "Incident");
    guint count = yyjson_is_arr(incidents) ? (guint)yyjson_arr_size(incidents) : incidents != NULL;
    yyjson_val *incident = yyjson_is_arr(incidents) ? yyjson_arr_get_first(incidents) : incidents;
    finding_maker_what(maker, "IODEF in JSON, %u incident%s", count, count == 1 ? "" : "s");
    for (guint i = 0; i < count; i++, incident = unsafe_yyjson_get_next(incident)) {
        if (!yyjson_is_obj(incident)) {
            g_autofree char *where = g_strdup_printf("$.Incident[%u]", i);
            finding_maker_begin(maker, i + 1, FALSE);
            finding_maker_refuse(maker, where, "not an object");
            continue;
        }
        g_auto(IodefRead) read = {0};
        xmlNode *node = attributes(incident);
        iodef_read_begin(&read, maker, node, i + 1, TRUE);
        late_xml()->FreeNode(node);
        if (!read_incident(&read, incident, error))
            return FALSE;
    }
    return TRUE;
}
