/* fuzz_pattern.c - any bytes at the pattern parser: whatever is accepted must print as a pattern
 * that is accepted again and prints the same. */
#include <glib.h>
#include <stdint.h>

#include "stix/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_value(void *user, ObservableKind kind, const char *canonical)
{
    g_assert_cmpint(kind, !=, OBSERVABLE_NONE);
    g_assert_cmpint(canonical[0], !=, '\0');
    ++*(guint *)user;
}

static void count_breach(void *user, gboolean must, const char *message)
{
    g_assert_true(g_str_has_prefix(message, "line "));
    ++*(guint *)user;
}

static void check(Pattern *(*parse)(const char *, gsize, GError **), const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Pattern) pattern = parse(text, size, &error);
    if (!pattern) {
        g_assert_nonnull(error);
        return;
    }
    guint values = 0, breaches = 0;
    pattern_foreach_value(pattern, count_value, &values);
    pattern_foreach_breach(pattern, count_breach, &breaches);
    g_assert_cmpuint(breaches, <=, PATTERN_MAX_BREACHES);

    g_autofree char *printed = pattern_to_string(pattern);
    g_autoptr(Pattern) again = parse(printed, strlen(printed), &error);
    g_assert_no_error(error);
    g_autofree char *reprinted = pattern_to_string(again);
    g_assert_cmpstr(reprinted, ==, printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536)
        return 0;
    check(pattern_parse, (const char *)data, size);
    check(pattern_parse_20, (const char *)data, size);
    return 0;
}
