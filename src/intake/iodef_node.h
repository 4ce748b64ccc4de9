/* iodef_node.h - the elements of an IODEF document, in XML or in JSON, seen alike: what is an
 * attribute, a child element or a member of a JSON object is asked for by its name. */
#pragma once

#include <glib.h>
#include <libxml/tree.h>
#include <yyjson.h>

#define IODEF_NODE_MAX_DEPTH 64 /* of elements that are looked at */

/* Is the element called so, in whatever name space? */
gboolean iodef_node_is(const xmlNode *node, const char *name);

/* The first child element of that name, NULL for none; NULL as name: of any. */
const xmlNode *iodef_node_child(const xmlNode *node, const char *name);

/* The next sibling of the same name as @node; or of any name. */
const xmlNode *iodef_node_next(const xmlNode *node, gboolean any);

/* The text of the attribute or child @name, blanks around it left away; NULL when there is none or
 * it is empty. Caller frees. */
char *iodef_node_text(const xmlNode *node, const char *name);

/* The element's own text: of JSON objects their "value", or "id". NULL when empty. Caller frees. */
char *iodef_node_value(const xmlNode *node);

/* "/EventData[1]/Flow[1]/System[2]" below @top; from JSON ".Flow[0].System[1]". */
char *iodef_node_path(const xmlNode *top, const xmlNode *node, gboolean json);

/* An element @name that stands for the JSON @value: members become child elements, arrays elements
 * of the same name. At most IODEF_NODE_MAX_DEPTH deep. Free with xmlFreeNode(). */
xmlNode *iodef_node_from_json(const char *name, yyjson_val *value);
