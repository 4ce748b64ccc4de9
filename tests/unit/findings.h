/* findings.h - keeps what a reader of reports tells, for tests. */
#pragma once

#include <string.h>

#include "intake/finding.h"

typedef struct {
    GPtrArray *found;   /* Finding * */
    GPtrArray *refused; /* char *: "where: why" */
    FindingSummary summary;
    GError *error;
} Findings;

static gboolean findings_found(gpointer user, const Finding *finding, GError **error)
{
    g_ptr_array_add(((Findings *)user)->found, finding_copy(finding));
    return TRUE;
}

static void findings_refused(gpointer user, const char *where, const char *why)
{
    g_ptr_array_add(((Findings *)user)->refused, g_strdup_printf("%s: %s", where, why));
}

static gboolean findings_read_bytes(Findings *findings, const char *text, gsize length,
                                    const FindingOptions *options)
{
    static const FindingOptions none = {0};
    FindingSink sink = {findings_found, findings_refused, findings};
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    *findings = (Findings){
        .found = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free),
        .refused = g_ptr_array_new_with_free_func(g_free),
    };
    return finding_read(stream, options ? options : &none, &sink, &findings->summary,
                        &findings->error);
}

/* Reads @text, which must go well. */
__attribute__((unused)) static void findings_read(Findings *findings, const char *text,
                                                  const FindingOptions *options)
{
    gboolean good = findings_read_bytes(findings, text, strlen(text), options);
    g_assert_no_error(findings->error);
    g_assert_true(good);
}

/* Reads @text, which must fail with a message that has @part. */
__attribute__((unused)) static void findings_fail(const char *text, const FindingOptions *options,
                                                  const char *part);

static void findings_clear(Findings *findings)
{
    g_clear_pointer(&findings->found, g_ptr_array_unref);
    g_clear_pointer(&findings->refused, g_ptr_array_unref);
    g_clear_error(&findings->error);
    finding_summary_clear(&findings->summary);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Findings, findings_clear)

static void findings_fail(const char *text, const FindingOptions *options, const char *part)
{
    g_auto(Findings) findings = {0};
    g_assert_false(findings_read_bytes(&findings, text, strlen(text), options));
    g_assert_nonnull(findings.error);
    if (!strstr(findings.error->message, part))
        g_error("\"%s\" does not have \"%s\"", findings.error->message, part);
}

__attribute__((unused)) static const Finding *findings_at(const Findings *findings, guint index)
{
    g_assert_cmpuint(index, <, findings->found->len);
    return g_ptr_array_index(findings->found, index);
}
