/* exported_values.h - values of each kind, and the text that a format makes of them; for the tests
 * of exports. */
#pragma once

#include "shield/export.h"

#include <string.h>

#define DAY    (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)
#define NOW    (20000 * DAY) /* 2024-10-04 */
#define ID     "indicator--0a000000-0000-4000-8000-00000000000a"
#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define JA4    "t13d1516h2_8daaf6152771_02713d6af862"

static const ExportOptions plain_options = {
    .now = NOW, .time = NOW, .action = -1, .unmarked = MARKING_PAP_CLEAR};

static gboolean collect(gpointer user, const char *bytes, gsize length, GError **error)
{
    g_string_append_len(user, bytes, (gssize)length);
    return TRUE;
}

static ExportValue make_value(ObservableKind kind, const char *text)
{
    return (ExportValue){.kind = kind, .text = text, .id = ID, .source = "birch", .confidence = -1};
}

/* The export of @count values. */
static char *export_text(const char *name, const ExportOptions *options, const ExportValue *values,
                         gsize count, ExportCounts *ret_counts)
{
    GError *error = NULL;
    GString *text = g_string_new(NULL);
    const ExportFormat *format = export_format_find(name, &error);
    g_assert_no_error(error);
    g_autoptr(Export) export = export_new(format, options, collect, text, &error);
    g_assert_no_error(error);
    for (gsize i = 0; i < count; i++)
        g_assert_true(export_add(export, &values[i], NULL));
    g_assert_true(export_finish(export, ret_counts, NULL));
    return g_string_free(text, FALSE);
}

/* One value of each kind, in the order of a set. */
static const struct {
    ObservableKind kind;
    const char *text;
} kinds[] = {
    {OBSERVABLE_IPV4, "192.0.2.1"},
    {OBSERVABLE_IPV6, "2001:db8::1"},
    {OBSERVABLE_CIDR, "198.51.100.0/24"},
    {OBSERVABLE_CIDR, "2001:db8:1::/48"},
    {OBSERVABLE_DOMAIN, "alder.example"},
    {OBSERVABLE_URL, "http://birch.example/a?b='c;d"},
    {OBSERVABLE_URL, "https://birch.example/"},
    {OBSERVABLE_MD5, MD5},
    {OBSERVABLE_SHA256, SHA256},
    {OBSERVABLE_EMAIL, "eve@cedar.example"},
    {OBSERVABLE_JA3, MD5},
    {OBSERVABLE_JA4, JA4},
};

G_GNUC_UNUSED static char *export_kinds(const char *name, const ExportOptions *options,
                                        ExportCounts *ret_counts)
{
    ExportValue values[G_N_ELEMENTS(kinds)];
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        values[i] = make_value(kinds[i].kind, kinds[i].text);
    return export_text(name, options, values, G_N_ELEMENTS(values), ret_counts);
}
