/* jsontext.h - JSON documents that are built: their beginning, members that may be missing, and
 * the text that they become. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* A new document whose root, @ret_root, is an object without members. */
yyjson_mut_doc *jsontext_object(yyjson_mut_val **ret_root);

/* Adds a copy of @text to @object of @doc as its member @key, which has to outlive @doc; nothing
 * where @text is NULL. */
void jsontext_add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text);

/* Writes @doc without white space and frees it. The caller frees the text with g_free(). NULL when
 * @doc is NULL or holds what is not UTF-8. */
char *jsontext_take(yyjson_mut_doc *doc);
