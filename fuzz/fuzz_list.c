/* fuzz_list.c - reads lists of values. */
#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

#include "intake/detect.h"
#include "intake/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    /* What is made is JSON, whatever it was made from. */
    yyjson_doc *doc = yyjson_read(bytes, length, 0);
    g_assert(yyjson_is_obj(yyjson_doc_get_root(doc)));
    yyjson_doc_free(doc);
    return TRUE;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    g_assert(g_utf8_validate(message, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const IntakeSink sink = {.object = take_object, .note = take_note};
    static const IntakeOptions options = {.source = "fuzz", .confidence = -1};
    g_autoptr(GError) error = NULL;
    g_auto(Detection) detection = {0};
    g_autoptr(Stream) stream = stream_from_memory(data, size);
    if (detect_format(stream, &options, &detection, NULL))
        list_read(stream, "input", &options, &sink, &error);
    return 0;
}
