/* fuzz_bundle.c - takes JSON apart into STIX objects, and tells its format. */
#include "intake/bundle.h"
#include "intake/detect.h"
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    /* What is handed on begins and ends as an object, and keeps to the bound. */
    g_assert(length >= 2 && length <= OBJECT_MAX_SIZE);
    g_assert(bytes[0] == '{' && bytes[length - 1] == '}');
    return TRUE;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    g_assert(*message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const IntakeSink sink = {.object = take_object, .note = take_note};
    static const IntakeOptions options = {.source = "fuzz", .confidence = -1};
    g_autoptr(GError) error = NULL;
    g_auto(Detection) detection = {0};
    g_autoptr(Stream) stream = stream_from_memory(data, size);
    if (detect_format(stream, &options, &detection, NULL))
        bundle_read(stream, "input", &options, &sink, &error);
    return 0;
}
