/* plain.c - one value a line, nothing else. */
#include "shield/exports/format.h"

static void begin(Export *export)
{
}

static ExportReason add(Export *export, const ExportValue *value)
{
    g_string_append_printf(export->out, "%s\n", value->text);
    return EXPORT_DONE;
}

const ExportFormat format_plain = {
    .name = "plain",
    .summary = "one value a line",
    .media_type = "text/plain; charset=utf-8",
    .kinds = FORMAT_ALL_KINDS,
    .names = FORMAT_EITHER,
    .begin = begin,
    .value = add,
};
