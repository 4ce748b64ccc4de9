#include "stix/validate_context.h"

#include "base/jsonguard.h"

static void report(ValidateContext *context, const char *path, gboolean must, const char *message)
{
    if (context->breaches++ < VALIDATE_CONTEXT_MAX_BREACHES)
        context->report(context->user, path, must, message);
}

void validate_context_must(ValidateContext *context, yyjson_val *at, const char *format, ...)
{
    if (context->breaches >= VALIDATE_CONTEXT_MAX_BREACHES)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *path = jsonguard_path(context->root, at);
    report(context, path, TRUE, message);
}

void validate_context_missing(ValidateContext *context, yyjson_val *object, const char *name)
{
    if (context->breaches >= VALIDATE_CONTEXT_MAX_BREACHES)
        return;
    g_autofree char *container = jsonguard_path(context->root, object);
    g_autofree char *path = g_strconcat(container, ".", name, NULL);
    report(context, path, TRUE, "required, but missing");
}

void validate_context_should(ValidateContext *context, yyjson_val *at, const char *message)
{
    for (guint i = 0; i < context->wish_count; i++) {
        if (context->wishes[i].message == message) {
            context->wishes[i].count++;
            return;
        }
    }
    if (context->wish_count == VALIDATE_CONTEXT_MAX_WISHES)
        return;
    context->wishes[context->wish_count].message = message;
    context->wishes[context->wish_count].first = at;
    context->wishes[context->wish_count].count = 1;
    context->wish_count++;
}

void validate_context_finish(ValidateContext *context)
{
    for (guint i = 0; i < context->wish_count; i++) {
        g_autofree char *path = jsonguard_path(context->root, context->wishes[i].first);
        if (context->wishes[i].count == 1) {
            report(context, path, FALSE, context->wishes[i].message);
            continue;
        }
        g_autofree char *message = g_strdup_printf(
            "%s (and %u more like it)", context->wishes[i].message, context->wishes[i].count - 1);
        report(context, path, FALSE, message);
    }
    context->wish_count = 0;
}
