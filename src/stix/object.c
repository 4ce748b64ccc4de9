#include "stix/object.h"

#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "stix/identifier.h"
#include "stix/object_values.h"
#include "stix/pattern.h"
#include "stix/validate.h"
#include "stix/validate_pattern.h"

/* An object while it is being read. */
typedef struct {
    Object *object;
    yyjson_val *root;
    ObjectLevel level;
    Pattern *pattern; /* of an indicator; NULL when there is none */
    char *failure;    /* the first breach that is an error at this level */
    guint failures;
} Reader;

static gboolean fail(GError **error, const char *path, const char *message)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", path, message);
    return FALSE;
}

static yyjson_val *get_string(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    return yyjson_is_str(value) ? value : NULL;
}

/* Type and id, which storing needs at any level. */
static gboolean read_identity(Reader *reader, GError **error)
{
    yyjson_val *type = get_string(reader->root, "type");
    yyjson_val *id = get_string(reader->root, "id");
    if (!type)
        return fail(error, "$.type", "a string is required");
    if (!id)
        return fail(error, "$.id", "a string is required");

    const char *text = yyjson_get_str(id);
    gsize length = yyjson_get_len(id);
    if (length > OBJECT_MAX_ID)
        return fail(error, "$.id", "longer than 255 bytes");
    if (memchr(text, '\0', length))
        return fail(error, "$.id", "contains a NUL character");
    gsize type_length = identifier_type_length(text, length);
    if (type_length == 0)
        return fail(error, "$.id", "not of the form type--UUID");
    if (type_length != yyjson_get_len(type) || memcmp(text, yyjson_get_str(type), type_length) != 0)
        return fail(error, "$.id", "does not begin with the object's type");
    reader->object->id = g_strndup(text, length);
    reader->object->type = g_strndup(text, type_length);
    return TRUE;
}

/* Digits after the point of a time of day, for timestamps only the lenient parser takes. */
static guint count_digits(const char *text, gsize length)
{
    const char *point = memchr(text, '.', length);
    guint digits = 0;
    if (point)
        for (point++; point < text + length && g_ascii_isdigit(*point) && digits < 255; point++)
            digits++;
    return digits;
}

static gboolean read_version(Reader *reader, GError **error)
{
    Object *object = reader->object;
    const char *key = "modified";
    yyjson_val *value = yyjson_obj_get(reader->root, key);
    if (!value) {
        key = "created";
        value = yyjson_obj_get(reader->root, key);
    }
    if (!value)
        return TRUE;
    const char *text = yyjson_is_str(value) ? yyjson_get_str(value) : "";
    gsize length = yyjson_is_str(value) ? yyjson_get_len(value) : 0;
    if (timestamp_parse(text, length, &object->version, &object->version_digits))
        return TRUE;
    if ((reader->level == OBJECT_LENIENT || reader->level == OBJECT_VALUES) &&
        timestamp_parse_lenient(text, length, &object->version)) {
        object->version_digits = count_digits(text, length);
        return TRUE;
    }
    g_autofree char *path = g_strconcat("$.", key, NULL);
    return fail(error, path, "not a timestamp");
}

static yyjson_doc *parse(const char *bytes, gsize length, GError **error)
{
    if (length > OBJECT_MAX_SIZE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "$: larger than %d bytes",
                    OBJECT_MAX_SIZE);
        return NULL;
    }
    yyjson_read_err problem;
    yyjson_doc *document =
        yyjson_read_opts((char *)bytes, length, YYJSON_READ_NOFLAG, NULL, &problem);
    if (!document)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "$: not JSON: %s at byte %zu",
                    problem.msg, problem.pos);
    return document;
}

/* An object of a specification that is not known cannot be kept as one of another. A bundle's is
 * the bundle's affair. */
static gboolean read_spec(Reader *reader, GError **error)
{
    Object *object = reader->object;
    yyjson_val *version = yyjson_obj_get(reader->root, "spec_version");
    if (yyjson_equals_str(version, "2.1"))
        object->spec = OBJECT_SPEC_21;
    else if (yyjson_equals_str(version, "2.0"))
        object->spec = OBJECT_SPEC_20;
    else if (version)
        return fail(error, "$.spec_version", "must be \"2.0\" or \"2.1\"");
    else if (validate_is_observable(object->type, strlen(object->type)))
        object->spec = OBJECT_SPEC_21;
    return TRUE;
}

/* A breach becomes an error or a warning, as the level has it. */
static void on_breach(void *user, const char *path, gboolean must, const char *message)
{
    Reader *reader = user;
    if (!must && (reader->level == OBJECT_LENIENT || reader->level == OBJECT_MUSTS))
        return;
    gboolean is_error = must ? reader->level != OBJECT_LENIENT : reader->level == OBJECT_STRICT;
    if (is_error && reader->failures++ > 0)
        return;
    char *text = g_strconcat(path, ": ", message, NULL);
    if (is_error) {
        reader->failure = text;
        return;
    }
    if (!reader->object->warnings)
        reader->object->warnings = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(reader->object->warnings, text);
}

static void on_pattern_breach(void *user, gboolean must, const char *message)
{
    on_breach(user, "$.pattern", must, message);
}

/* Patterns of other languages (pattern_type snort, yara, ...) are not looked into. */
static void read_pattern(Reader *reader)
{
    yyjson_val *pattern = get_string(reader->root, "pattern");
    if (!pattern || strcmp(reader->object->type, "indicator") != 0)
        return;
    gboolean is_20 = reader->object->spec == OBJECT_SPEC_20;
    if (!is_20 && !yyjson_equals_str(yyjson_obj_get(reader->root, "pattern_type"), "stix"))
        return;
    is_20 = is_20 || yyjson_equals_str(yyjson_obj_get(reader->root, "pattern_version"), "2.0");
    reader->object->pattern_20 = is_20;

    g_autoptr(GError) problem = NULL;
    const char *text = yyjson_get_str(pattern);
    gsize length = yyjson_get_len(pattern);
    reader->pattern =
        is_20 ? pattern_parse_20(text, length, &problem) : pattern_parse(text, length, &problem);
    if (reader->level == OBJECT_VALUES) {
        if (problem)
            reader->object->pattern_problem = g_strdup_printf("$.pattern: %s", problem->message);
        return;
    }
    if (reader->pattern)
        validate_pattern(reader->pattern, reader->object->spec, on_pattern_breach, reader);
    else
        on_pattern_breach(reader, TRUE, problem->message);
}

/* STIX 2.1 section 7.2: markings of the whole and of parts. */
static void read_markings(Reader *reader)
{
    yyjson_val *refs = yyjson_obj_get(reader->root, "object_marking_refs");
    yyjson_val *granular = yyjson_obj_get(reader->root, "granular_markings");
    gsize room = yyjson_arr_size(refs) + yyjson_arr_size(granular), count = 0, i, n;
    if (room == 0)
        return;
    char **markings = g_new0(char *, room + 1);
    yyjson_val *value;
    yyjson_arr_foreach (refs, i, n, value)
        if (yyjson_is_str(value))
            markings[count++] = g_strdup(yyjson_get_str(value));
    yyjson_arr_foreach (granular, i, n, value) {
        yyjson_val *ref = get_string(value, "marking_ref");
        if (ref)
            markings[count++] = g_strdup(yyjson_get_str(ref));
    }
    reader->object->markings = markings;
}

static gboolean check_breaches(const Reader *reader, GError **error)
{
    if (reader->failures == 0)
        return TRUE;
    if (reader->failures == 1)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, reader->failure);
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s (and %u more)", reader->failure,
                    reader->failures - 1);
    return FALSE;
}

static gboolean read_root(Reader *reader, GError **error)
{
    if (!yyjson_is_obj(reader->root))
        return fail(error, "$", "not a JSON object");
    if (!jsonguard_check(reader->root, error) || !read_identity(reader, error) ||
        !read_version(reader, error) || !read_spec(reader, error))
        return FALSE;
    reader->object->revoked = yyjson_get_bool(yyjson_obj_get(reader->root, "revoked"));
    read_pattern(reader);
    read_markings(reader);
    gboolean wishes = reader->level == OBJECT_DEFAULT || reader->level == OBJECT_STRICT;
    if (reader->level != OBJECT_VALUES)
        validate_object(reader->root, reader->object->spec, wishes, on_breach, reader);
    return check_breaches(reader, error) &&
           object_values_collect(reader->object, reader->root, reader->pattern, error);
}

Object *object_read(const char *bytes, gsize length, ObjectSpec fallback_spec, ObjectLevel level,
                    GError **error)
{
    yyjson_doc *document = parse(bytes, length, error);
    if (!document)
        return NULL;
    g_autoptr(Object) object = g_new0(Object, 1);
    object->bytes = bytes;
    object->length = length;
    object->spec = fallback_spec;
    Reader reader = {.object = object, .root = yyjson_doc_get_root(document), .level = level};
    gboolean fine = read_root(&reader, error);
    if (fine && level != OBJECT_VALUES)
        sha256_digest(bytes, length, object->sha256);
    if (level == OBJECT_VALUES)
        object->document = g_steal_pointer(&document);
    g_free(reader.failure);
    pattern_free(reader.pattern);
    yyjson_doc_free(document);
    return fine ? g_steal_pointer(&object) : NULL;
}

void object_free(Object *object)
{
    if (!object)
        return;
    g_free(object->id);
    g_free(object->type);
    g_strfreev(object->markings);
    if (object->values)
        g_array_unref(object->values);
    if (object->texts)
        g_string_chunk_free(object->texts);
    if (object->warnings)
        g_ptr_array_unref(object->warnings);
    yyjson_doc_free(object->document);
    g_free(object->pattern_problem);
    g_free(object);
}

char *object_version_text(gint64 version, guint digits)
{
    char buffer[TIMESTAMP_MAX];
    return g_strdup(timestamp_format(buffer, version, digits));
}
