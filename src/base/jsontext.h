/* jsontext.h - a JSON document that was built, as text. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Writes @doc without white space and frees it. The caller frees the text with g_free(). NULL when
 * @doc is NULL or holds what is not UTF-8. */
char *jsontext_take(yyjson_mut_doc *doc);
