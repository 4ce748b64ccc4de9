/* jsonguard.h - what a JSON library does not check: duplicate keys, depth, and which object is
 * meant by a path.
 *
 * yyjson reads recursively nested text without recursion, and keeps duplicate keys. Concert refuses
 * both deep nesting and duplicate keys (DESIGN, "Bytes are kept"): two readers of the same bytes
 * must never see different values. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Levels of arrays and objects that any JSON from outside may have. */
#define JSONGUARD_MAX_DEPTH 64

/* Walks @root and fails with CONCERT_ERROR_INPUT naming the JSON path of the first duplicate key,
 * or CONCERT_ERROR_LIMIT when @root nests deeper than JSONGUARD_MAX_DEPTH. */
gboolean jsonguard_check(yyjson_val *root, GError **error);

/* Reads @text strictly as RFC 8259 has it, and checks it so. CONCERT_ERROR_INPUT also if it is no
 * JSON. The caller bounds @length. */
yyjson_doc *jsonguard_read(const char *text, gsize length, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(yyjson_doc, yyjson_doc_free)

/* The JSON path of @target, a value or key of the document below @root: "$.external_references[0]".
 * Depth is that of the document; meant for messages about something already found wrong. Caller
 * frees. */
char *jsonguard_path(yyjson_val *root, yyjson_val *target);

/* The same, appended to @path. */
void jsonguard_append_path(GString *path, yyjson_val *root, yyjson_val *target);
