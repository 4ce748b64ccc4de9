#include "base/jsontext.h"

#include <stdlib.h>

yyjson_mut_doc *jsontext_object(yyjson_mut_val **ret_root)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    *ret_root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, *ret_root);
    return doc;
}

void jsontext_add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(doc, object, key, text);
}

char *jsontext_take(yyjson_mut_doc *doc)
{
    char *written = yyjson_mut_write(doc, 0, NULL);
    char *text = g_strdup(written);
    free(written);
    yyjson_mut_doc_free(doc);
    return text;
}
