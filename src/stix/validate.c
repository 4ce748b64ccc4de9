#include "stix/validate.h"

#include "stix/validate_object.h"

void validate_object(yyjson_val *root, ObjectSpec spec, gboolean wishes, ValidateReport report,
                     void *user)
{
    ValidateContext context;
    context.root = root;
    context.object = root;
    context.container = NULL;
    context.spec = spec;
    context.wishes_wanted = wishes;
    context.extended = FALSE;
    context.report = report;
    context.user = user;
    context.breaches = 0;
    context.wish_count = 0;
    validate_object_check_whole(&context, root);
    validate_context_finish(&context);
}

gboolean validate_is_observable(const char *type, gsize length)
{
    const ValidateCompiled *compiled = validate_schema_find(OBJECT_SPEC_21, type, length);
    return compiled && compiled->schema->family == FAMILY_OBSERVABLE;
}
