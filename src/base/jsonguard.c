#include "base/jsonguard.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Objects of up to this many keys are checked with a table on the stack. */
#define SMALL_KEYS  128
#define SMALL_SLOTS 256

static gboolean keys_equal(yyjson_val *a, yyjson_val *b)
{
    size_t length = unsafe_yyjson_get_len(a);
    return length == unsafe_yyjson_get_len(b) &&
           memcmp(unsafe_yyjson_get_str(a), unsafe_yyjson_get_str(b), length) == 0;
}

/* Spreads the keys seen in practice, which often share long prefixes ("x_mitre_"), well enough. */
static guint8 key_slot(yyjson_val *key)
{
    size_t length = unsafe_yyjson_get_len(key);
    const guint8 *text = (const guint8 *)unsafe_yyjson_get_str(key);
    if (length == 0)
        return 0;
    return (guint8)(length * 29 + text[0] * 5u + text[length / 2] * 17u + text[length - 1] * 3u);
}

/* The first key of @object that stood there before, or NULL. Open addressing; at half load the
 * worst an attacker can do is SMALL_KEYS squared comparisons of lengths. */
static yyjson_val *find_duplicate_small(yyjson_val *object)
{
    yyjson_val *keys[SMALL_KEYS];
    guint8 slots[SMALL_SLOTS] = {0}; /* index into keys, plus one */
    guint count = 0;

    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (object, at, size, key, value) {
        guint8 slot = key_slot(key);
        for (; slots[slot] != 0; slot++)
            if (keys_equal(keys[slots[slot] - 1], key))
                return key;
        keys[count++] = key;
        slots[slot] = (guint8)count;
    }
    return NULL;
}

static int compare_keys(const void *a, const void *b)
{
    yyjson_val *left = *(yyjson_val *const *)a;
    yyjson_val *right = *(yyjson_val *const *)b;
    size_t left_length = unsafe_yyjson_get_len(left);
    size_t right_length = unsafe_yyjson_get_len(right);
    if (left_length != right_length)
        return left_length < right_length ? -1 : 1;
    return memcmp(unsafe_yyjson_get_str(left), unsafe_yyjson_get_str(right), left_length);
}

/* The same for any number of keys; n log n however they are chosen. */
static yyjson_val *find_duplicate_large(yyjson_val *object)
{
    size_t count = unsafe_yyjson_get_len(object);
    g_autofree yyjson_val **keys = g_new(yyjson_val *, count);
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (object, at, size, key, value)
        keys[at] = key;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (compare_keys(&keys[i - 1], &keys[i]) == 0)
            return MAX(keys[i - 1], keys[i]); /* yyjson keeps values in the order of the text */
    return NULL;
}

static yyjson_val *find_duplicate(yyjson_val *object)
{
    size_t count = unsafe_yyjson_get_len(object);
    if (count < 2)
        return NULL;
    return count <= SMALL_KEYS ? find_duplicate_small(object) : find_duplicate_large(object);
}

static gboolean report_duplicate(yyjson_val *root, yyjson_val *object, yyjson_val *key,
                                 GError **error)
{
    g_autofree char *path = jsonguard_path(root, object);
    g_autofree char *name =
        g_utf8_make_valid(unsafe_yyjson_get_str(key), (gssize)MIN(unsafe_yyjson_get_len(key), 255));
    g_autofree char *shown = g_strescape(name, NULL);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: duplicate key \"%s\"", path, shown);
    return FALSE;
}

/* yyjson keeps all values of a document in one array, each container right before its content, so
 * that one pass over the array meets every container; only the ends of the open ones are kept. */
gboolean jsonguard_check(yyjson_val *root, GError **error)
{
    yyjson_val *ends[JSONGUARD_MAX_DEPTH];
    guint depth = 0;
    if (!root || !unsafe_yyjson_is_ctn(root))
        return TRUE;

    yyjson_val *end = unsafe_yyjson_get_next(root);
    for (yyjson_val *value = root; value < end; value++) {
        if (!unsafe_yyjson_is_ctn(value))
            continue;
        while (depth > 0 && value >= ends[depth - 1])
            depth--;
        if (depth == JSONGUARD_MAX_DEPTH) {
            g_autofree char *path = jsonguard_path(root, value);
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "%s: nested deeper than %d levels", path, JSONGUARD_MAX_DEPTH);
            return FALSE;
        }
        ends[depth++] = unsafe_yyjson_get_next(value);
        if (unsafe_yyjson_get_type(value) != YYJSON_TYPE_OBJ)
            continue;
        yyjson_val *duplicate = find_duplicate(value);
        if (duplicate)
            return report_duplicate(root, value, duplicate, error);
    }
    return TRUE;
}

yyjson_doc *jsonguard_read(const char *text, gsize length, GError **error)
{
    yyjson_read_err problem;
    /* Without YYJSON_READ_INSITU the text is not written to. */
    g_autoptr(yyjson_doc) doc = yyjson_read_opts((char *)text, length, 0, NULL, &problem);
    if (!doc) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "byte %zu: %s", problem.pos,
                    problem.msg);
        return NULL;
    }
    return jsonguard_check(yyjson_doc_get_root(doc), error) ? g_steal_pointer(&doc) : NULL;
}

/* Keys that read well behind a point are written so, others quoted: $.a["x-y"]. */
static gboolean key_is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '_' && text[i] != '-')
            return FALSE;
    return length > 0 && length <= 255;
}

static void append_key(GString *path, yyjson_val *key)
{
    const char *text = unsafe_yyjson_get_str(key);
    size_t length = unsafe_yyjson_get_len(key);
    if (key_is_plain(text, length)) {
        g_string_append_c(path, '.');
        g_string_append_len(path, text, (gssize)length);
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)MIN(length, 255));
    g_autofree char *shown = g_strescape(valid, NULL);
    g_string_append_printf(path, "[\"%s\"]", shown);
}

void jsonguard_append_path(GString *path, yyjson_val *root, yyjson_val *target)
{
    g_string_append_c(path, '$');
    yyjson_val *container = root;
    while (container != target && unsafe_yyjson_is_ctn(container)) {
        gboolean is_object = unsafe_yyjson_get_type(container) == YYJSON_TYPE_OBJ;
        size_t count = unsafe_yyjson_get_len(container);
        yyjson_val *child = count > 0 ? unsafe_yyjson_get_first(container) : NULL;
        for (size_t i = 0; i < count; i++) {
            yyjson_val *key = child;
            if (is_object)
                child++;
            yyjson_val *next = unsafe_yyjson_get_next(child);
            if (target >= key && target < next) {
                if (is_object)
                    append_key(path, key);
                else
                    g_string_append_printf(path, "[%zu]", i);
                if (target == key)
                    child = target;
                break;
            }
            child = next;
        }
        if (!child || (child != target && !(target > child)))
            break;
        container = child;
    }
}

char *jsonguard_path(yyjson_val *root, yyjson_val *target)
{
    GString *path = g_string_new(NULL);
    jsonguard_append_path(path, root, target);
    return g_string_free(path, FALSE);
}
