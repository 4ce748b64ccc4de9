/* Whatever the text: a canonical text is a fixed point, valid UTF-8, bounded, and of its kind. */
#include <stdint.h>
#include <string.h>

#include "stix/observable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fixed_point(ObservableKind kind, const char *canonical)
{
    ObservableKind again_kind = OBSERVABLE_NONE;
    g_autofree char *again = observable_normalise(kind, canonical, strlen(canonical), &again_kind);
    g_assert_cmpstr(again, ==, canonical);
    g_assert_cmpint(again_kind, ==, kind);
    g_assert_true(g_utf8_validate(canonical, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    for (int kind = OBSERVABLE_NONE; kind <= OBSERVABLE_OTHER; kind++) {
        ObservableKind actual = OBSERVABLE_NONE;
        g_autofree char *canonical = observable_normalise(kind, text, size, &actual);
        if (canonical)
            check_fixed_point(actual, canonical);
    }
    g_autofree char *canonical = NULL;
    ObservableKind kind = observable_classify(text, size, &canonical);
    g_assert_true((kind == OBSERVABLE_NONE) == (canonical == NULL));
    if (canonical)
        check_fixed_point(kind, canonical);
    return 0;
}
