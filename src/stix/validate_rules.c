#include "stix/validate_rules.h"

#include <string.h>

#include "stix/validate_context.h"

static gboolean is_true(yyjson_val *object, const char *name)
{
    return yyjson_is_true(yyjson_obj_get(object, name));
}

static gboolean text_is(yyjson_val *value, const char *text)
{
    return yyjson_equals_str(value, text);
}

/* "CVE-YYYY-NNNN" with four digits or more at the end, the first of more than four not zero. */
static gboolean is_cve(yyjson_val *value)
{
    if (!yyjson_is_str(value))
        return FALSE;
    const char *text = unsafe_yyjson_get_str(value);
    gsize length = unsafe_yyjson_get_len(value);
    if (length < 13 || memcmp(text, "CVE-", 4) != 0 || text[8] != '-')
        return FALSE;
    for (gsize i = 4; i < length; i++)
        if (i != 8 && !g_ascii_isdigit(text[i]))
            return FALSE;
    return length == 13 || text[9] != '0';
}

/* "CAPEC-N". */
static gboolean is_capec(yyjson_val *value)
{
    if (!yyjson_is_str(value))
        return FALSE;
    const char *text = unsafe_yyjson_get_str(value);
    gsize length = unsafe_yyjson_get_len(value);
    return length > 6 && memcmp(text, "CAPEC-", 6) == 0 &&
           strspn(text + 6, "0123456789") == length - 6;
}

/* STIX 2.1 sections 2.5, 4.1.1 and 4.19.1: who says cve or capec gives their numbers, and who gives
 * their numbers says so. */
static void check_registries(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *source = yyjson_obj_get(object, "source_name");
    yyjson_val *id = yyjson_obj_get(object, "external_id");
    gboolean cve = is_cve(id);
    gboolean capec = is_capec(id);
    if (text_is(source, "cve") != cve)
        validate_context_must(context, id ? id : object,
                              "source_name cve and an external_id CVE-YYYY-NNNN belong together");
    if (text_is(source, "capec") != capec)
        validate_context_must(context, id ? id : object,
                              "source_name capec and an external_id CAPEC-N belong together");
}

void validate_rules_external_reference(ValidateContext *context, yyjson_val *object)
{
    check_registries(context, object);
    yyjson_val *url = yyjson_obj_get(object, "url");
    if (url && !yyjson_obj_get(object, "hashes"))
        validate_context_should(context, url, "a URL should come with hashes of what it leads to");
}

/* Finds what @selector, already known to be well-formed, selects in @object. */
static yyjson_val *resolve_selector(yyjson_val *object, const char *selector, gsize length)
{
    yyjson_val *value = object;
    const char *end = selector + length;
    for (const char *at = selector; value && at <= end;) {
        const char *dot = memchr(at, '.', (gsize)(end - at));
        gsize component = (gsize)((dot ? dot : end) - at);
        if (component > 2 && at[0] == '[') {
            gsize index = 0;
            for (gsize i = 1; i + 1 < component && index < 100000000; i++)
                index = index * 10 + (gsize)(at[i] - '0');
            value = yyjson_is_arr(value) ? yyjson_arr_get(value, index) : NULL;
        } else {
            value = yyjson_obj_getn(value, at, component);
        }
        at += component + 1;
    }
    return value;
}

void validate_rules_granular_marking(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *selectors = yyjson_obj_get(object, "selectors");
    size_t at, size;
    yyjson_val *selector;
    if (yyjson_is_arr(selectors)) {
        yyjson_arr_foreach (selectors, at, size, selector) {
            if (yyjson_is_str(selector) &&
                !resolve_selector(context->object, unsafe_yyjson_get_str(selector),
                                  unsafe_yyjson_get_len(selector)))
                validate_context_must(context, selector, "selects nothing in the object");
        }
    }
    yyjson_val *own_id = yyjson_obj_get(context->object, "id");
    yyjson_val *marking = yyjson_obj_get(object, "marking_ref");
    if (yyjson_is_str(own_id) && yyjson_is_str(marking) && yyjson_equals(own_id, marking))
        validate_context_must(context, marking, "a marking must not mark itself");
}

/* The TLP markings of STIX 2.1 section 7.2.1.4 and STIX 2.0 part 1 section 4.1.4, the only ones of
 * their type that may exist. */
static const struct {
    const char *id;
    const char *name;
    const char *level;
} tlp1[] = {
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "TLP:WHITE", "white"},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "TLP:GREEN", "green"},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "TLP:AMBER", "amber"},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "TLP:RED", "red"},
};

/* The markings of TLP 2.0, by the extension that OASIS defined for them. */
#define TLP2_EXTENSION "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

static const struct {
    const char *id;
    const char *level;
} tlp2[] = {
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "clear"},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green"},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber"},
    {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "red"},
};

/* Whether @object has no properties but those a TLP marking is printed with. */
static gboolean has_only_tlp_properties(yyjson_val *object)
{
    static const char *const allowed[] = {"type", "spec_version",    "id",        "created",
                                          "name", "definition_type", "definition"};
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (object, at, size, key, value) {
        gboolean known = FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(allowed) && !known; i++)
            known = unsafe_yyjson_equals_str(key, allowed[i]);
        if (!known)
            return FALSE;
    }
    return TRUE;
}

static gboolean is_tlp1(ObjectSpec spec, yyjson_val *object, guint level)
{
    yyjson_val *definition = yyjson_obj_get(object, "definition");
    yyjson_val *name = yyjson_obj_get(object, "name");
    return text_is(yyjson_obj_get(object, "id"), tlp1[level].id) &&
           text_is(yyjson_obj_get(object, "created"), "2017-01-20T00:00:00.000Z") &&
           text_is(yyjson_obj_get(object, "definition_type"), "tlp") &&
           yyjson_obj_size(definition) == 1 &&
           text_is(yyjson_obj_get(definition, "tlp"), tlp1[level].level) &&
           (spec == OBJECT_SPEC_20 ? !name || text_is(name, tlp1[level].name)
                                   : text_is(name, tlp1[level].name)) &&
           has_only_tlp_properties(object);
}

/* Nothing may be of type tlp but these markings. Something else under the identifier of one of them
 * is at least suspicious. */
static void check_tlp1(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *id = yyjson_obj_get(object, "id");
    gboolean has_id = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(tlp1); i++) {
        if (is_tlp1(context->spec, object, i))
            return;
        has_id = has_id || text_is(id, tlp1[i].id);
    }
    if (text_is(yyjson_obj_get(object, "definition_type"), "tlp"))
        validate_context_must(context, object,
                              "not one of the TLP markings the specification defines");
    else if (has_id)
        validate_context_should(context, object,
                                "has the identifier of a TLP marking, but is none");
}

static void check_tlp2(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *id = yyjson_obj_get(object, "id");
    yyjson_val *extension = yyjson_obj_get(yyjson_obj_get(object, "extensions"), TLP2_EXTENSION);
    yyjson_val *level = yyjson_obj_get(extension, "tlp_2_0");
    gboolean has_id = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(tlp2); i++) {
        if (!text_is(id, tlp2[i].id))
            continue;
        if (text_is(level, tlp2[i].level))
            return;
        has_id = TRUE;
    }
    if (extension)
        validate_context_must(context, extension, "not one of the markings of TLP 2.0");
    else if (has_id)
        validate_context_should(context, object,
                                "has the identifier of a TLP marking, but is none");
}

void validate_rules_marking_definition(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *type = yyjson_obj_get(object, "definition_type");
    yyjson_val *definition = yyjson_obj_get(object, "definition");
    if (context->spec == OBJECT_SPEC_21 && !yyjson_obj_get(object, "extensions") &&
        (!type || !definition))
        validate_context_must(context, object,
                              "needs definition_type and definition, or an extension");
    if (text_is(type, "statement") && !yyjson_is_str(yyjson_obj_get(definition, "statement")))
        validate_context_must(context, definition ? definition : object,
                              "a statement needs its text in statement");
    check_tlp1(context, object);
    check_tlp2(context, object);

    yyjson_val *own_id = yyjson_obj_get(object, "id");
    yyjson_val *markings = yyjson_obj_get(object, "object_marking_refs");
    size_t at, size;
    yyjson_val *marking;
    if (!yyjson_is_arr(markings) || !yyjson_is_str(own_id))
        return;
    yyjson_arr_foreach (markings, at, size, marking) {
        if (yyjson_is_str(marking) && yyjson_equals(own_id, marking))
            validate_context_must(context, marking, "a marking must not mark itself");
    }
}

void validate_rules_extension_definition(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *types = yyjson_obj_get(object, "extension_types");
    yyjson_val *properties = yyjson_obj_get(object, "extension_properties");
    gboolean toplevel = FALSE;
    size_t at, size;
    yyjson_val *type;
    if (yyjson_is_arr(types)) {
        yyjson_arr_foreach (types, at, size, type)
            toplevel = toplevel || text_is(type, "toplevel-property-extension");
    }
    if (properties && !toplevel)
        validate_context_must(context, properties, "only with toplevel-property-extension");
    else if (toplevel && !properties)
        validate_context_should(context, object,
                                "a toplevel-property-extension should name its "
                                "extension_properties");
    if (!yyjson_obj_get(object, "created_by_ref"))
        validate_context_missing(context, object, "created_by_ref");
}

void validate_rules_malware(ValidateContext *context, yyjson_val *object)
{
    if (is_true(object, "is_family") && !yyjson_obj_get(object, "name"))
        validate_context_missing(context, object, "name");
}

void validate_rules_email_message(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *multipart = yyjson_obj_get(object, "is_multipart");
    yyjson_val *body = yyjson_obj_get(object, "body");
    yyjson_val *parts = yyjson_obj_get(object, "body_multipart");
    if (yyjson_is_true(multipart) && body)
        validate_context_must(context, body, "not in a message with is_multipart true");
    if (yyjson_is_false(multipart) && parts)
        validate_context_must(context, parts, "not in a message with is_multipart false");
}

void validate_rules_file20(ValidateContext *context, yyjson_val *object)
{
    static const char *const names[] = {"encryption_algorithm", "decryption_key"};
    if (is_true(object, "is_encrypted"))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        yyjson_val *value = yyjson_obj_get(object, names[i]);
        if (value)
            validate_context_must(context, value, "only with is_encrypted true");
    }
}

void validate_rules_network_traffic(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *end = yyjson_obj_get(object, "end");
    if (end && is_true(object, "is_active"))
        validate_context_must(context, end, "not with is_active true");
}
