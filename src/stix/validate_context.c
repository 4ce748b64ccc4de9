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
    if (!context->wishes_wanted)
        return;
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

/* Appends " (and @count more like it)"; by hand, since most imported objects need it and printf is
 * slow. */
static void append_count(GString *message, guint count)
{
    char digits[12];
    gsize at = sizeof digits;
    for (; count > 0; count /= 10)
        digits[--at] = (char)('0' + count % 10);
    g_string_append(message, " (and ");
    g_string_append_len(message, digits + at, (gssize)(sizeof digits - at));
    g_string_append(message, " more like it)");
}

void validate_context_finish(ValidateContext *context)
{
    if (context->wish_count == 0)
        return;
    g_autoptr(GString) message = g_string_sized_new(128);
    g_autoptr(GString) path = g_string_sized_new(64);
    for (guint i = 0; i < context->wish_count; i++) {
        g_string_truncate(path, 0);
        jsonguard_append_path(path, context->root, context->wishes[i].first);
        g_string_assign(message, context->wishes[i].message);
        if (context->wishes[i].count > 1)
            append_count(message, context->wishes[i].count - 1);
        report(context, path->str, FALSE, message->str);
    }
    context->wish_count = 0;
}
