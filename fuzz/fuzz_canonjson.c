/* fuzz_canonjson.c - canonical JSON read and written again is the same, and means the same. */
#include <glib.h>
#include <stdint.h>
#include <yyjson.h>

#include "base/canonjson.h"
#include "base/jsonguard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GString *canonicalise(const char *text, size_t size)
{
    yyjson_doc *document = yyjson_read(text, size, 0);
    if (!document)
        return NULL;
    GString *out = g_string_new(NULL);
    yyjson_val *root = yyjson_doc_get_root(document);
    if (!jsonguard_check(root, NULL) || !canonjson_append(out, root, NULL)) {
        g_string_free(out, TRUE);
        out = NULL;
    }
    yyjson_doc_free(document);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GString) once = canonicalise((const char *)data, size);
    if (!once)
        return 0;
    g_autoptr(GString) twice = canonicalise(once->str, once->len);
    g_assert_nonnull(twice);
    g_assert_true(g_string_equal(once, twice));
    return 0;
}
