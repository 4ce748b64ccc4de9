#include "stix/validate_pattern.h"

#include <string.h>

#include "stix/validate_schema.h"
#include "stix/validate_text.h"

static gboolean is_custom_name(const char *name, const char *prefix, char separator)
{
    return g_str_has_prefix(name, prefix) && strchr(name + strlen(prefix), separator);
}

/* One type or property is enough to be said once a pattern, so breaches of names end the check. */
static gboolean check_test(const PatternTest *test, ObjectSpec spec, PatternBreach breach,
                           void *user)
{
    gsize type_length = strlen(test->type);
    const ValidateCompiled *compiled = validate_schema_find(spec, test->type, type_length);
    if (!compiled && !validate_text_is_type(OBJECT_SPEC_20, test->type, type_length)) {
        g_autofree char *message = g_strdup_printf("\"%s\" is not the name of a type", test->type);
        breach(user, TRUE, message);
        return FALSE;
    }
    const char *property = test->steps->name;
    gsize length = strlen(property);
    if (compiled && validate_schema_property(compiled, property, length) >= 0)
        return TRUE;
    if (!validate_text_is_property(OBJECT_SPEC_20, property, length)) {
        g_autofree char *message =
            g_strdup_printf("\"%s\" is not the name of a property", property);
        breach(user, TRUE, message);
        return FALSE;
    }
    if (spec == OBJECT_SPEC_21)
        return TRUE; /* an extension may define any name */
    if (!compiled && !is_custom_name(test->type, "x-", '-')) {
        g_autofree char *message = g_strdup_printf(
            "the custom type \"%s\" should begin with x-, its source and -", test->type);
        breach(user, FALSE, message);
        return FALSE;
    }
    if (compiled && !is_custom_name(property, "x_", '_')) {
        g_autofree char *message = g_strdup_printf(
            "the custom property \"%s\" should begin with x_, its source and _", property);
        breach(user, FALSE, message);
        return FALSE;
    }
    return TRUE;
}

void validate_pattern(const Pattern *pattern, ObjectSpec spec, PatternBreach breach, void *user)
{
    pattern_foreach_breach(pattern, breach, user);
    for (const PatternTest *test = pattern_tests(pattern); test; test = test->following)
        if (!check_test(test, spec, breach, user))
            return;
}
