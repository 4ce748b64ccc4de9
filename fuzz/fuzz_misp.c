/* fuzz_misp.c - any bytes as a MISP input: what comes out is valid STIX, and the same when it comes
 * again. */
#include <stddef.h>
#include <stdint.h>

#include "intake/misp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    g_autoptr(Object) object = object_read(bytes, length, spec, OBJECT_DEFAULT, NULL);
    g_assert_nonnull(object);
    g_string_append_len(user, bytes, (gssize)length);
    return TRUE;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    g_assert_true(g_utf8_validate(message, -1, NULL));
}

static GString *import(const uint8_t *data, size_t size)
{
    GString *all = g_string_new(NULL);
    IntakeOptions options = {.confidence = -1, .source = "forum"};
    IntakeSink sink = {.object = take_object, .note = take_note, .user = all};
    g_autoptr(Stream) stream = stream_from_memory(data, size);
    misp_read(stream, "fuzz", &options, &sink, NULL);
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GString *first = import(data, size);
    GString *second = import(data, size);
    g_assert_true(g_string_equal(first, second));
    g_string_free(first, TRUE);
    g_string_free(second, TRUE);
    return 0;
}
