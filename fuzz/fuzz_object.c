/* fuzz_object.c - any bytes as an object: what a stricter level accepts, a more lenient one does
 * too, and the same bytes are the same object. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "stix/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Object *read_as(const uint8_t *data, size_t size, ObjectSpec spec, ObjectLevel level)
{
    GError *error = NULL;
    Object *object = object_read((const char *)data, size, spec, level, &error);
    g_assert_true((object != NULL) == (error == NULL));
    if (error)
        g_assert_cmpint(error->message[0], ==, '$');
    g_clear_error(&error);
    return object;
}

static void compare(const Object *lenient, const Object *strict)
{
    g_assert_nonnull(lenient);
    g_assert_cmpstr(lenient->id, ==, strict->id);
    g_assert_cmpstr(lenient->type, ==, strict->type);
    g_assert_true(g_str_has_prefix(lenient->id, lenient->type));
    g_assert_cmpint(lenient->version, ==, strict->version);
    g_assert_cmpuint(lenient->version_digits, ==, strict->version_digits);
    g_assert_cmpint(memcmp(lenient->sha256, strict->sha256, SHA256_SIZE), ==, 0);
    guint count = lenient->values ? lenient->values->len : 0;
    g_assert_cmpuint(strict->values ? strict->values->len : 0, ==, count);
    for (guint i = 0; i < count; i++) {
        const ObjectValue *value = &g_array_index(lenient->values, ObjectValue, i);
        g_assert_cmpint(value->kind, !=, OBSERVABLE_NONE);
        g_assert_cmpint(value->text[0], !=, '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (ObjectSpec spec = OBJECT_SPEC_20; spec <= OBJECT_SPEC_21; spec++) {
        g_autoptr(Object) strict = read_as(data, size, spec, OBJECT_STRICT);
        g_autoptr(Object) plain = read_as(data, size, spec, OBJECT_DEFAULT);
        g_autoptr(Object) lenient = read_as(data, size, spec, OBJECT_LENIENT);
        if (strict)
            compare(plain, strict);
        if (plain)
            compare(lenient, plain);
        if (strict)
            g_assert_null(strict->warnings);
    }
    return 0;
}
