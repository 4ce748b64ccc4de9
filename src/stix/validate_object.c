#include "stix/validate_object.h"

#include <string.h>

#include "base/timestamp.h"
#include "stix/identifier.h"
#include "stix/validate_text.h"
#include "stix/validate_value.h"

static gboolean parse_time(yyjson_val *value, gint64 *ret_time)
{
    return yyjson_is_str(value) && timestamp_parse(unsafe_yyjson_get_str(value),
                                                   unsafe_yyjson_get_len(value), ret_time, NULL);
}

/* The names of a rule, for a message: "a, b or c". */
static void report_names(ValidateContext *context, yyjson_val *object, const char *what,
                         const ValidateRule *rule)
{
    g_auto(GStrv) names = g_strsplit(rule->names, " ", 0);
    g_autofree char *list = g_strjoinv(", ", names);
    validate_context_must(context, object, "%s: %s", what, list);
}

static void check_order(ValidateContext *context, const ValidateCompiled *compiled,
                        const ValidateCompiledRule *rule, yyjson_val *const *found)
{
    gint64 late, early;
    if (!parse_time(found[rule->first], &late) || !parse_time(found[rule->second], &early))
        return;
    const char *early_name = compiled->properties[rule->second].property->name;
    if (rule->kind == RULE_AFTER && late <= early)
        validate_context_must(context, found[rule->first], "not later than %s", early_name);
    else if (rule->kind == RULE_NOT_BEFORE && late < early)
        validate_context_must(context, found[rule->first], "earlier than %s", early_name);
}

static void check_rule(ValidateContext *context, const ValidateCompiled *compiled,
                       const ValidateCompiledRule *rule, yyjson_val *object, guint64 present,
                       yyjson_val *const *found)
{
    guint64 names = present & rule->names;
    guint64 first = G_GUINT64_CONSTANT(1) << rule->first;
    switch (rule->kind) {
    case RULE_ONE_OF:
        if (names == 0)
            report_names(context, object, "one of these is required", rule->rule);
        break;
    case RULE_EXACTLY_ONE:
        if (names == 0)
            report_names(context, object, "one of these is required", rule->rule);
        else if ((names & (names - 1)) != 0)
            report_names(context, object, "only one of these may be present", rule->rule);
        break;
    case RULE_ANY_OWN:
        if ((present & compiled->own) == 0)
            validate_context_must(context, object, "has no property of its type");
        break;
    case RULE_NEEDS:
        if ((names & first) != 0 && names != rule->names)
            report_names(context, object, "these are required together", rule->rule);
        break;
    case RULE_NOT_BEFORE:
    case RULE_AFTER:
        if (names == rule->names)
            check_order(context, compiled, rule, found);
        break;
    case RULE_WISHED:
        if (names != rule->names)
            validate_context_should(context, object,
                                    compiled->schema->family == FAMILY_OBSERVABLE
                                        ? "should have both src_port and dst_port"
                                        : "should have both name and description");
        break;
    case RULE_FUNCTION:
        rule->rule->function(context, object);
        break;
    case RULE_END:
        break;
    }
}

static void report_missing(ValidateContext *context, const ValidateCompiled *compiled,
                           yyjson_val *object, guint64 missing)
{
    for (guint i = 0; i < compiled->count; i++)
        if (missing >> i & 1)
            validate_context_missing(context, object, compiled->properties[i].property->name);
}

void validate_object_check(ValidateContext *context, const ValidateCompiled *compiled,
                           yyjson_val *object)
{
    if (!yyjson_is_obj(object)) {
        validate_context_must(context, object, "not a JSON object");
        return;
    }
    yyjson_val *found[VALIDATE_SCHEMA_MAX_PROPERTIES];
    guint64 present = 0;
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (object, at, size, key, value) {
        int index = validate_schema_property(compiled, unsafe_yyjson_get_str(key),
                                             unsafe_yyjson_get_len(key));
        if (index < 0) {
            validate_value_check_custom(context, key, value);
            continue;
        }
        present |= G_GUINT64_CONSTANT(1) << index;
        found[index] = value;
        validate_value_check(context, compiled, (guint)index, value);
    }

    if ((compiled->required & ~present) != 0)
        report_missing(context, compiled, object, compiled->required & ~present);
    if ((compiled->deprecated & present) != 0)
        validate_context_should(context, object, "has deprecated properties");
    for (guint i = 0; i < compiled->rule_count; i++)
        check_rule(context, compiled, &compiled->rules[i], object, present, found);
}

/* What the extensions of an object say of it. */
typedef struct {
    gboolean new_object; /* its type is defined by one of them */
    gboolean new_observable;
    gboolean toplevel; /* they define properties beside them */
} ExtensionSummary;

static ExtensionSummary summarise_extensions(yyjson_val *object)
{
    ExtensionSummary summary = {FALSE, FALSE, FALSE};
    yyjson_val *extensions = yyjson_obj_get(object, "extensions");
    size_t at, size;
    yyjson_val *key, *value;
    if (!yyjson_is_obj(extensions))
        return summary;
    yyjson_obj_foreach (extensions, at, size, key, value) {
        yyjson_val *type = yyjson_obj_get(value, "extension_type");
        if (yyjson_equals_str(type, "toplevel-property-extension"))
            summary.toplevel = TRUE;
        else if (yyjson_equals_str(type, "new-sco"))
            summary.new_object = summary.new_observable = TRUE;
        else if (yyjson_equals_str(type, "new-sdo") || yyjson_equals_str(type, "new-sro"))
            summary.new_object = TRUE;
    }
    return summary;
}

static void check_custom_type(ValidateContext *context, yyjson_val *type, gboolean defined)
{
    const char *name = unsafe_yyjson_get_str(type);
    gsize length = unsafe_yyjson_get_len(type);
    gboolean reserved = context->spec == OBJECT_SPEC_21
                            ? yyjson_equals_str(type, "action")
                            : yyjson_equals_str(type, "action") ||
                                  yyjson_equals_str(type, "incident") ||
                                  yyjson_equals_str(type, "infrastructure");
    if (!validate_text_is_type(context->spec, name, length))
        validate_context_must(context, type,
                              "not the name of a type: a-z, 0-9 and single hyphens, 3 to 250");
    else if (reserved)
        validate_context_must(context, type, "a reserved name");
    else if (context->spec == OBJECT_SPEC_21 && !defined)
        validate_context_should(context, type, "a custom type should have an extension definition");
    else if (context->spec == OBJECT_SPEC_20 &&
             (strncmp(name, "x-", 2) != 0 || !strchr(name + 2, '-')))
        validate_context_should(context, type,
                                "a custom type's name should begin with x-, its source and -");
}

/* The UUID of an identifier (STIX 2.1 section 2.9). */
static void check_uuid_version(ValidateContext *context, const ValidateCompiled *compiled,
                               yyjson_val *object, gboolean observable)
{
    yyjson_val *id = yyjson_obj_get(object, "id");
    guint version;
    if (!yyjson_is_str(id) || context->spec != OBJECT_SPEC_21)
        return;
    const char *text = unsafe_yyjson_get_str(id);
    gsize length = unsafe_yyjson_get_len(id);
    gsize type_length = identifier_type_length(text, length);
    if (type_length == 0 ||
        !identifier_is_uuid(text + type_length + 2, length - type_length - 2, &version))
        return;
    if (!observable) {
        if (version != 4 && !g_str_has_prefix(text, "marking-definition--"))
            validate_context_should(context, id, "should be a UUID of version 4");
        return;
    }
    if (!compiled->schema->name)
        return; /* which properties a custom observable's identifier is made of is not known */
    g_autofree char *expected = identifier_of_observable(object);
    if (!expected && version != 4)
        validate_context_must(context, id,
                              "must be a UUID of version 4: nothing to derive another from");
    else if (expected && version != 5)
        validate_context_should(context, id, "should be a UUID of version 5");
    else if (expected && strcmp(expected, text) != 0)
        validate_context_should(context, id,
                                "differs from the deterministic identifier of its properties");
}

static void check_own_id(ValidateContext *context, yyjson_val *object, yyjson_val *type)
{
    yyjson_val *id = yyjson_obj_get(object, "id");
    if (!yyjson_is_str(id))
        return;
    gsize type_length = unsafe_yyjson_get_len(type);
    if (unsafe_yyjson_get_len(id) < type_length + 2 ||
        memcmp(unsafe_yyjson_get_str(id), unsafe_yyjson_get_str(type), type_length) != 0 ||
        memcmp(unsafe_yyjson_get_str(id) + type_length, "--", 2) != 0)
        validate_context_must(context, id, "does not begin with the object's type");
}

/* Which specification an object of a bundle follows. */
static ObjectSpec spec_of(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *version = yyjson_obj_get(object, "spec_version");
    if (yyjson_equals_str(version, "2.1"))
        return OBJECT_SPEC_21;
    if (yyjson_equals_str(version, "2.0"))
        return OBJECT_SPEC_20;
    return context->spec;
}

static void check_typed(ValidateContext *context, yyjson_val *object, yyjson_val *type)
{
    const char *name = unsafe_yyjson_get_str(type);
    gsize length = unsafe_yyjson_get_len(type);
    const ValidateCompiled *compiled = validate_schema_find(context->spec, name, length);
    ExtensionSummary summary = summarise_extensions(object);
    gboolean observable;
    if (compiled) {
        observable = compiled->schema->family == FAMILY_OBSERVABLE;
        context->extended = summary.toplevel;
    } else {
        observable = summary.new_observable;
        compiled = validate_schema_custom(context->spec, observable);
        check_custom_type(context, type, summary.new_object);
        context->extended = TRUE; /* all properties of a custom object are custom */
    }
    validate_object_check(context, compiled, object);
    check_own_id(context, object, type);
    if (!observable && yyjson_obj_get(object, "defanged") && context->spec == OBJECT_SPEC_21)
        validate_context_must(context, yyjson_obj_get(object, "defanged"),
                              "only observables can be defanged");
    if (!yyjson_equals_str(type, "bundle") || context->spec == OBJECT_SPEC_21)
        check_uuid_version(context, compiled, object, observable);
}

void validate_object_check_whole(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *type = yyjson_obj_get(object, "type");
    if (!type) {
        validate_context_missing(context, object, "type");
        return;
    }
    if (!yyjson_is_str(type)) {
        validate_context_must(context, type, "not a string");
        return;
    }
    yyjson_val *outer_object = context->object;
    ObjectSpec outer_spec = context->spec;
    gboolean outer_extended = context->extended;
    context->object = object;
    context->spec = spec_of(context, object);
    check_typed(context, object, type);
    context->object = outer_object;
    context->spec = outer_spec;
    context->extended = outer_extended;
}

void validate_object_check_contained(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *type = yyjson_obj_get(object, "type");
    if (!yyjson_is_obj(object)) {
        validate_context_must(context, object, "not a JSON object");
        return;
    }
    if (!yyjson_is_str(type)) {
        validate_context_missing(context, object, "type");
        return;
    }
    /* STIX 2.1 (section 2.13) allows both its own observables in a container, which have an
     * identifier, and those of STIX 2.0, which have none. */
    ObjectSpec spec = context->spec;
    gboolean extended = context->extended;
    if (!yyjson_obj_get(object, "id"))
        context->spec = OBJECT_SPEC_20;

    const char *name = unsafe_yyjson_get_str(type);
    gsize length = unsafe_yyjson_get_len(type);
    const ValidateCompiled *compiled = validate_schema_find(context->spec, name, length);
    if (compiled && compiled->schema->family != FAMILY_OBSERVABLE) {
        validate_context_must(context, type, "not an observable");
    } else {
        ExtensionSummary summary = summarise_extensions(object);
        if (!compiled)
            check_custom_type(context, type, summary.new_object);
        context->extended = !compiled || summary.toplevel;
        validate_object_check(
            context, compiled ? compiled : validate_schema_custom(context->spec, TRUE), object);
    }
    context->spec = spec;
    context->extended = extended;
}
