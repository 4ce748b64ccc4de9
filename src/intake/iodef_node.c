#include "intake/iodef_node.h"

#include <string.h>

#include "intake/late_xml.h"

gboolean iodef_node_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *find(const xmlNode *node, const char *name)
{
    for (; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && (!name || iodef_node_is(node, name)))
            return node;
    return NULL;
}

const xmlNode *iodef_node_child(const xmlNode *node, const char *name)
{
    return node ? find(node->children, name) : NULL;
}

const xmlNode *iodef_node_next(const xmlNode *node, gboolean any)
{
    return find(node->next, any ? NULL : (const char *)node->name);
}

/* Takes over libxml2's text. */
static char *take_text(xmlChar *text)
{
    char *copy = text ? g_strdup(g_strstrip((char *)text)) : NULL;
    (*late_xml()->Free)(text);
    if (copy && !*copy)
        g_clear_pointer(&copy, g_free);
    return copy;
}

char *iodef_node_value(const xmlNode *node)
{
    static const char *const members[] = {"value", "id"};
    if (!node)
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        const xmlNode *child = iodef_node_child(node, members[i]);
        if (child)
            return take_text(late_xml()->NodeGetContent(child));
    }
    return take_text(late_xml()->NodeGetContent(node));
}

char *iodef_node_text(const xmlNode *node, const char *name)
{
    if (!node)
        return NULL;
    xmlChar *attribute = late_xml()->GetNoNsProp(node, (const xmlChar *)name);
    return attribute ? take_text(attribute) : iodef_node_value(iodef_node_child(node, name));
}

static guint position(const xmlNode *node)
{
    guint count = 0;
    for (const xmlNode *before = node->prev; before; before = before->prev)
        count += before->type == XML_ELEMENT_NODE &&
                 strcmp((const char *)before->name, (const char *)node->name) == 0;
    return count;
}

char *iodef_node_path(const xmlNode *top, const xmlNode *node, gboolean json)
{
    GString *path = g_string_new(NULL);
    for (; node && node != top; node = node->parent) {
        g_autofree char *step =
            json ? g_strdup_printf(".%s[%u]", (const char *)node->name, position(node))
                 : g_strdup_printf("/%s[%u]", (const char *)node->name, position(node) + 1);
        g_string_prepend(path, step);
    }
    return g_string_free(path, FALSE);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void add_members(xmlNode *node, yyjson_val *object, guint depth);

static void add_value(xmlNode *parent, const char *name, yyjson_val *value, guint depth)
{
    if (yyjson_is_arr(value)) {
        yyjson_arr_iter iter = yyjson_arr_iter_with(value);
        yyjson_val *element;
        /* An array in an array has no meaning here. */
        while ((element = yyjson_arr_iter_next(&iter)))
            if (!yyjson_is_arr(element))
                add_value(parent, name, element, depth);
        return;
    }
    if (yyjson_is_null(value) || depth == 0)
        return;
    xmlNode *child = late_xml()->NewChild(parent, NULL, (const xmlChar *)name, NULL);
    if (yyjson_is_obj(value)) {
        add_members(child, value, depth - 1);
    } else if (yyjson_is_str(value)) {
        late_xml()->NodeAddContent(child, (const xmlChar *)yyjson_get_str(value));
    } else {
        char *text = yyjson_val_write(value, 0, NULL);
        if (text)
            late_xml()->NodeAddContent(child, (const xmlChar *)text);
        free(text);
    }
}

static void add_members(xmlNode *node, yyjson_val *object, guint depth)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&iter)))
        add_value(node, yyjson_get_str(key), yyjson_obj_iter_get_val(key), depth);
}

xmlNode *iodef_node_from_json(const char *name, yyjson_val *value)
{
    xmlNode *node = late_xml()->NewNode(NULL, (const xmlChar *)name);
    if (yyjson_is_obj(value))
        add_members(node, value, IODEF_NODE_MAX_DEPTH);
    else if (yyjson_is_str(value))
        late_xml()->NodeAddContent(node, (const xmlChar *)yyjson_get_str(value));
    return node;
}
