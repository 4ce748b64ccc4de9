#include "node/follow_reading.h"

#include <string.h>

#include "base/jsontext.h"
#include "stix/observable.h"

static IntakeFormat format_of(const char *name)
{
    for (guint format = INTAKE_STIX; format <= INTAKE_CSV; format++)
        if (g_strcmp0(name, intake_format_name((IntakeFormat)format)) == 0)
            return (IntakeFormat)format;
    return INTAKE_NONE;
}

gboolean follow_reading_parse(const char *text, IntakeOptions *ret_options, yyjson_doc **ret_doc,
                              GError **error)
{
    yyjson_doc *doc = text ? yyjson_read(text, strlen(text), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (text && !yyjson_is_obj(root)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "how the list is read is not said in JSON");
        yyjson_doc_free(doc);
        return FALSE;
    }
    yyjson_val *confidence = yyjson_obj_get(root, "confidence");
    const char *kind = yyjson_get_str(yyjson_obj_get(root, "kind"));
    *ret_options = (IntakeOptions){
        .format = format_of(yyjson_get_str(yyjson_obj_get(root, "format"))),
        .csv_columns = yyjson_get_str(yyjson_obj_get(root, "columns")),
        .confidence = confidence ? yyjson_get_int(confidence) : -1,
        .tlp = yyjson_get_str(yyjson_obj_get(root, "tlp")),
        .kind = kind ? observable_kind_from_name(kind) : OBSERVABLE_NONE,
    };
    *ret_doc = doc;
    return TRUE;
}

char *follow_reading_format(const IntakeOptions *options)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    if (options->format != INTAKE_NONE)
        yyjson_mut_obj_add_str(doc, root, "format", intake_format_name(options->format));
    jsontext_add(doc, root, "columns", options->csv_columns);
    if (options->confidence >= 0)
        yyjson_mut_obj_add_int(doc, root, "confidence", options->confidence);
    jsontext_add(doc, root, "tlp", options->tlp);
    if (options->kind != OBSERVABLE_NONE)
        yyjson_mut_obj_add_str(doc, root, "kind", observable_kind_name(options->kind));
    gboolean is_empty = yyjson_mut_obj_size(root) == 0;
    g_autofree char *text = jsontext_take(doc);
    return is_empty ? NULL : g_steal_pointer(&text);
}
