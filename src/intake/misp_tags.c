#include "intake/misp_tags.h"

#include <string.h>

#include "intake/indicator.h"

/* The taxonomy "misp" gives these numbers. "confidence-cannot-be-evaluated" is no number. */
static const struct {
    const char *tag;
    int confidence;
} confidences[] = {
    {"misp:confidence-level=\"completely-confident\"", 100},
    {"misp:confidence-level=\"usually-confident\"", 75},
    {"misp:confidence-level=\"fairly-confident\"", 50},
    {"misp:confidence-level=\"rarely-confident\"", 25},
    {"misp:confidence-level=\"unconfident\"", 0},
};

MispTags *misp_tags_new(void)
{
    MispTags *tags = g_new0(MispTags, 1);
    tags->labels = g_ptr_array_new_with_free_func(g_free);
    tags->tlp = g_ptr_array_new_with_free_func(g_free);
    tags->confidence = -1;
    return tags;
}

void misp_tags_free(MispTags *tags)
{
    if (tags == NULL)
        return;
    g_ptr_array_unref(tags->labels);
    g_ptr_array_unref(tags->tlp);
    g_free(tags->pap);
    g_free(tags);
}

static void add_once(GPtrArray *list, const char *text)
{
    if (list->len < MISP_TAGS_MAX &&
        !g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
        g_ptr_array_add(list, g_strdup(text));
}

/* The level that the machine tag @name of @taxonomy names, lower case: "amber" for tlp:amber,
 * TLP:AMBER and tlp="amber"; NULL when it is another tag. */
static char *level_of(const char *name, const char *taxonomy)
{
    gsize length = strlen(taxonomy);
    if (g_ascii_strncasecmp(name, taxonomy, length) != 0 || strchr(":=", name[length]) == NULL)
        return NULL;
    const char *level = name + length + 1;
    level += *level == '"';
    return g_ascii_strdown(level, (gssize)strcspn(level, "\""));
}

void misp_tags_add(MispTags *tags, const char *name)
{
    g_autofree char *tlp = level_of(name, "tlp");
    if (tlp != NULL && indicator_tlp_marking(tlp) != NULL) {
        /* FIRST renamed WHITE to CLEAR */
        add_once(tags->tlp, strcmp(tlp, "white") == 0 ? "clear" : tlp);
        return;
    }
    add_once(tags->labels, name);
    static const char *const pap_levels[] = {"clear", "white", "green", "amber", "red", NULL};
    g_autofree char *pap = level_of(name, "pap");
    if (pap != NULL && g_strv_contains(pap_levels, pap)) {
        g_free(tags->pap);
        tags->pap = g_strdup(strcmp(pap, "white") == 0 ? "clear" : pap);
    }
    for (guint i = 0; i < G_N_ELEMENTS(confidences); i++)
        if (strcmp(confidences[i].tag, name) == 0)
            tags->confidence = confidences[i].confidence;
}

void misp_tags_inherit(MispTags *tags, const MispTags *outer)
{
    for (guint i = 0, own = tags->tlp->len; own == 0 && i < outer->tlp->len; i++)
        add_once(tags->tlp, outer->tlp->pdata[i]);
    if (tags->pap == NULL)
        tags->pap = g_strdup(outer->pap);
    if (tags->confidence < 0)
        tags->confidence = outer->confidence;
}

void misp_tags_merge(MispTags *tags, const MispTags *other)
{
    for (guint i = 0; i < other->labels->len; i++)
        add_once(tags->labels, other->labels->pdata[i]);
    for (guint i = 0; i < other->tlp->len; i++)
        add_once(tags->tlp, other->tlp->pdata[i]);
    if (tags->pap == NULL)
        tags->pap = g_strdup(other->pap);
    if (other->confidence >= 0 && (tags->confidence < 0 || other->confidence < tags->confidence))
        tags->confidence = other->confidence;
}

void misp_tags_mark(const MispTags *tags, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    if (tags->tlp->len == 0)
        return;
    yyjson_mut_val *refs = yyjson_mut_arr(doc);
    for (guint i = 0; i < tags->tlp->len; i++)
        yyjson_mut_arr_add_str(doc, refs, indicator_tlp_marking(tags->tlp->pdata[i]));
    yyjson_mut_obj_add_val(doc, object, "object_marking_refs", refs);
}

void misp_tags_write(const MispTags *tags, const GPtrArray *first, yyjson_mut_doc *doc,
                     yyjson_mut_val *object)
{
    yyjson_mut_val *labels = yyjson_mut_arr(doc);
    for (guint i = 0; first != NULL && i < first->len; i++)
        yyjson_mut_arr_add_strcpy(doc, labels, first->pdata[i]);
    for (guint i = 0; i < tags->labels->len; i++)
        yyjson_mut_arr_add_strcpy(doc, labels, tags->labels->pdata[i]);
    if (yyjson_mut_arr_size(labels) > 0)
        yyjson_mut_obj_add_val(doc, object, "labels", labels);
    misp_tags_mark(tags, doc, object);
    if (tags->confidence >= 0)
        yyjson_mut_obj_add_int(doc, object, "confidence", tags->confidence);
    if (tags->pap != NULL)
        yyjson_mut_obj_add_strcpy(doc, object, "x_misp_pap", tags->pap);
}
