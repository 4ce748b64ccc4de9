#include "shield/export_option.h"

#include <string.h>

static gboolean refuse(GError **error, const char *value, const char *choices)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is none of %s", value, choices);
    return FALSE;
}

/* The place of @value among @choices; -1: it is none of them. */
static int find_choice(const char *choices, const char *value)
{
    g_auto(GStrv) list = g_strsplit(choices, "|", -1);
    for (int i = 0; list[i]; i++)
        if (g_str_equal(list[i], value))
            return i;
    return -1;
}

static gboolean set_kind(ExportOptions *options, const char *value, GError **error)
{
    if (find_choice(EXPORT_KIND_CHOICES, value) < 0)
        return refuse(error, value, EXPORT_KIND_CHOICES);
    options->kinds |= 1u << observable_kind_from_name(value);
    return TRUE;
}

static gboolean set_exact(ExportOptions *options, const char *value, GError **error)
{
    return options->exact = TRUE;
}

static gboolean set_suppressed(ExportOptions *options, const char *value, GError **error)
{
    return options->suppressed = TRUE;
}

static gboolean set_any_port(ExportOptions *options, const char *value, GError **error)
{
    return options->any_port = TRUE;
}

static gboolean set_action(ExportOptions *options, const char *value, GError **error)
{
    int action = find_choice(EXPORT_ACTION_CHOICES, value);
    if (action < 0)
        return refuse(error, value, EXPORT_ACTION_CHOICES);
    options->action = action;
    return TRUE;
}

static gboolean set_redirect(ExportOptions *options, const char *value, GError **error)
{
    options->redirect = value;
    return TRUE;
}

#define LEVEL_CHOICES "none|clear|green"

static gboolean set_unmarked(ExportOptions *options, const char *value, GError **error)
{
    static const MarkingPap levels[] = {MARKING_PAP_NONE, MARKING_PAP_CLEAR, MARKING_PAP_GREEN};
    int level = find_choice(LEVEL_CHOICES, value);
    if (level < 0)
        return refuse(error, value, LEVEL_CHOICES);
    options->unmarked = levels[level];
    return TRUE;
}

static const ExportOption table[] = {
    {"kind", 'k', "KIND", NULL, "only values of this kind: " EXPORT_KIND_CHOICES, .many = TRUE,
     .set = set_kind},
    {"exact", 0, NULL, NULL, "the names themselves, not the names under them", .set = set_exact},
    {"suppressed", 0, NULL, NULL, "also what is on warninglists", .set = set_suppressed},
    {"any-port", 0, NULL, NULL,
     "also what is meant for one port, then for every port, where the format cannot say ports",
     .fits = export_format_widens, .set = set_any_port},
    {"action", 'a', "ACTION", EXPORT_ACTION_CHOICES,
     "what a resolver answers (default: what the format does by itself)",
     .fits = export_format_blocks, .set = set_action},
    {"redirect", 0, "TARGET", NULL, "the address or name it answers with instead",
     .fits = export_format_blocks, .set = set_redirect},
    {"unmarked", 0, "LEVEL", LEVEL_CHOICES,
     "with --from or --from-store: the level of what bears no PAP level, which may not block with "
     "none (default: of --from none, of --from-store [shield] unmarked)",
     .fits = export_format_blocks, .local = TRUE, .set = set_unmarked},
    {0},
};

const ExportOption *export_options(void)
{
    return table;
}

gboolean export_option_fits(const ExportOption *option, const ExportFormat *format)
{
    return !option->fits || option->fits(format);
}

static gboolean take_nothing(gpointer user, const char *bytes, gsize length, GError **error)
{
    return TRUE;
}

gboolean export_options_check(const ExportOptions *options, const ExportFormat *format,
                              GError **error)
{
    g_autoptr(Export) export = export_new(format, options, take_nothing, NULL, error);
    return export != NULL;
}

char *export_options_text(const ExportOptions *options)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (options->kinds != 0)
        g_string_append_printf(text, "kinds %x ", options->kinds);
    if (options->exact)
        g_string_append(text, "exact ");
    if (options->suppressed)
        g_string_append(text, "suppressed ");
    if (options->any_port)
        g_string_append(text, "any-port ");
    if (options->unmarked != MARKING_PAP_NONE)
        g_string_append_printf(text, "unmarked %d ", options->unmarked);
    if (options->action >= 0)
        g_string_append_printf(text, "action %d ", options->action);
    if (options->redirect)
        g_string_append_printf(text, "redirect %s", options->redirect);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
