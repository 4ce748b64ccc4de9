/* fuzz_minimise.c - leaves personal data out: the first line is rules, each other one an object. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "policy/minimise.h"
#include "stix/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean is_object(GBytes *bytes, ObjectLevel level)
{
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(Object) object = object_read(text, length, OBJECT_SPEC_20, level, NULL);
    return object != NULL;
}

/* What came out is as valid as what it was made of; and there is nothing more to leave out. */
static void check(const Minimise *minimise, GPtrArray *inputs, GPtrArray *outputs)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    for (guint i = 0; i < outputs->len; i++) {
        const MinimiseObject *object = outputs->pdata[i];
        g_assert((object->reason != NULL) == (object->fate == MINIMISE_LEFT_OUT));
        if (!object->bytes)
            continue;
        g_ptr_array_add(left, object->bytes);
        if (object->fate == MINIMISE_SAME) {
            g_assert(g_bytes_equal(object->bytes, inputs->pdata[i]));
            continue;
        }
        g_assert(is_object(object->bytes, OBJECT_LENIENT));
        if (is_object(inputs->pdata[i], OBJECT_MUSTS))
            g_assert(is_object(object->bytes, OBJECT_MUSTS));
    }
    g_autoptr(GPtrArray) again =
        minimise_apply(minimise, (GBytes *const *)left->pdata, left->len, NULL);
    g_assert(again);
    for (guint i = 0; i < again->len; i++)
        g_assert(((MinimiseObject *)again->pdata[i])->fate == MINIMISE_SAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = text + size;
    const char *line = memchr(text, '\n', size);
    if (!line)
        return 0;
    g_autofree char *rules = g_strndup(text, (gsize)(line - text));
    g_autoptr(Minimise) minimise = minimise_new(rules, NULL);
    if (!minimise)
        return 0;
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    while (line + 1 < end) {
        const char *start = line + 1;
        line = memchr(start, '\n', (gsize)(end - start));
        line = line ? line : end;
        g_ptr_array_add(inputs, g_bytes_new(start, (gsize)(line - start)));
    }
    g_autoptr(GPtrArray) outputs =
        minimise_apply(minimise, (GBytes *const *)inputs->pdata, inputs->len, NULL);
    if (outputs)
        check(minimise, inputs, outputs);
    return 0;
}
