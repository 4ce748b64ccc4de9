#include "base/jsontext.h"

#include <stdlib.h>

char *jsontext_take(yyjson_mut_doc *doc)
{
    char *written = yyjson_mut_write(doc, 0, NULL);
    char *text = g_strdup(written);
    free(written);
    yyjson_mut_doc_free(doc);
    return text;
}
