#include "policy/marking.h"

#include <string.h>

static const char *const names[] = {
    [MARKING_TLP_CLEAR] = "clear", [MARKING_TLP_GREEN] = "green",
    [MARKING_TLP_AMBER] = "amber", [MARKING_TLP_AMBER_STRICT] = "amber+strict",
    [MARKING_TLP_RED] = "red",
};

/* TLP 2.0 first, in the order of the levels, so that the first of a level is the one to write. */
static const struct {
    MarkingTlp tlp;
    const char *id;
} markings[] = {
    {MARKING_TLP_CLEAR, "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"},
    {MARKING_TLP_GREEN, "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"},
    {MARKING_TLP_AMBER, "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"},
    {MARKING_TLP_AMBER_STRICT, "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"},
    {MARKING_TLP_RED, "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"},
    {MARKING_TLP_CLEAR, "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"},
    {MARKING_TLP_GREEN, "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"},
    {MARKING_TLP_AMBER, "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"},
    {MARKING_TLP_RED, "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"},
};

const char *marking_tlp_name(MarkingTlp tlp)
{
    return (gsize)tlp < G_N_ELEMENTS(names) ? names[tlp] : NULL;
}

MarkingTlp marking_tlp_from_name(const char *name)
{
    if (g_ascii_strncasecmp(name, "tlp:", 4) == 0)
        name += 4;
    if (g_ascii_strcasecmp(name, "white") == 0)
        return MARKING_TLP_CLEAR;
    for (int tlp = MARKING_TLP_CLEAR; tlp <= MARKING_TLP_RED; tlp++)
        if (g_ascii_strcasecmp(name, names[tlp]) == 0)
            return tlp;
    return MARKING_TLP_NONE;
}

MarkingTlp marking_tlp_from_id(const char *id)
{
    for (gsize i = 0; i < G_N_ELEMENTS(markings); i++)
        if (strcmp(id, markings[i].id) == 0)
            return markings[i].tlp;
    return MARKING_TLP_NONE;
}

const char *marking_tlp_id(MarkingTlp tlp)
{
    for (gsize i = 0; i < G_N_ELEMENTS(markings); i++)
        if (markings[i].tlp == tlp)
            return markings[i].id;
    return NULL;
}

static int level_of_tlp(const char *id)
{
    return (int)marking_tlp_from_id(id);
}

static int highest_of_refs(yyjson_val *refs, int (*level)(const char *id))
{
    int highest = 0;
    size_t at, size;
    yyjson_val *ref;
    yyjson_arr_foreach (refs, at, size, ref)
        if (yyjson_is_str(ref))
            highest = MAX(highest, level(yyjson_get_str(ref)));
    return highest;
}

static int highest_of_object(yyjson_val *object, int (*level)(const char *id))
{
    int highest = highest_of_refs(yyjson_obj_get(object, "object_marking_refs"), level);
    size_t at, size;
    yyjson_val *granular;
    yyjson_arr_foreach (yyjson_obj_get(object, "granular_markings"), at, size, granular) {
        yyjson_val *ref = yyjson_obj_get(granular, "marking_ref");
        if (yyjson_is_str(ref))
            highest = MAX(highest, level(yyjson_get_str(ref)));
    }
    return highest;
}

MarkingTlp marking_tlp_from_refs(yyjson_val *refs)
{
    return (MarkingTlp)highest_of_refs(refs, level_of_tlp);
}

MarkingTlp marking_tlp_of_ids(const char *const *ids)
{
    MarkingTlp highest = MARKING_TLP_NONE;
    for (guint i = 0; ids && ids[i]; i++)
        highest = MAX(highest, marking_tlp_from_id(ids[i]));
    return highest;
}

MarkingTlp marking_tlp_of_object(yyjson_val *object)
{
    return (MarkingTlp)highest_of_object(object, level_of_tlp);
}

MarkingTlp marking_tlp_of_bytes(const char *bytes, gsize length)
{
    if (!memmem(bytes, length, "_marking", strlen("_marking")))
        return MARKING_TLP_NONE;
    yyjson_doc *doc = yyjson_read(bytes, length, 0);
    MarkingTlp tlp = marking_tlp_of_object(yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return tlp;
}

static const char *const pap_names[] = {
    [MARKING_PAP_CLEAR] = "clear",
    [MARKING_PAP_GREEN] = "green",
    [MARKING_PAP_AMBER] = "amber",
    [MARKING_PAP_RED] = "red",
};

const char *marking_pap_name(MarkingPap pap)
{
    return (gsize)pap < G_N_ELEMENTS(pap_names) ? pap_names[pap] : NULL;
}

MarkingPap marking_pap_from_name(const char *name)
{
    if (g_ascii_strncasecmp(name, "pap:", 4) == 0)
        name += 4;
    if (g_ascii_strcasecmp(name, "white") == 0)
        return MARKING_PAP_CLEAR;
    for (int pap = MARKING_PAP_CLEAR; pap <= MARKING_PAP_RED; pap++)
        if (g_ascii_strcasecmp(name, pap_names[pap]) == 0)
            return pap;
    return MARKING_PAP_NONE;
}

/* "white" is what the extension called CLEAR at first. */
static const struct {
    MarkingPap pap;
    const char *id;
} pap_markings[] = {
    {MARKING_PAP_CLEAR, "marking-definition--ad15a0cd-55b6-4588-a14c-a66105329b92"},
    {MARKING_PAP_CLEAR, "marking-definition--a3bea94c-b469-41dc-9cfe-d6e7daba7730"},
    {MARKING_PAP_GREEN, "marking-definition--c43594d1-4b11-4c59-93ab-1c9b14d53ce9"},
    {MARKING_PAP_AMBER, "marking-definition--60f8932b-e51e-4458-b265-a2e8be9a80ab"},
    {MARKING_PAP_RED, "marking-definition--740d36e5-7714-4c30-961a-3ae632ceee0e"},
};

const char *marking_pap_id(MarkingPap pap)
{
    for (guint i = 0; i < G_N_ELEMENTS(pap_markings); i++)
        if (pap_markings[i].pap == pap)
            return pap_markings[i].id;
    return NULL;
}

static int level_of_pap(const char *id)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pap_markings); i++)
        if (strcmp(id, pap_markings[i].id) == 0)
            return (int)pap_markings[i].pap;
    return 0;
}

MarkingPap marking_pap_of_object(yyjson_val *object)
{
    return (MarkingPap)highest_of_object(object, level_of_pap);
}
