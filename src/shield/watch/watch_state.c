#include "shield/watch/watch_state.h"

#include <string.h>

#include "base/durable.h"
#include "base/escape.h"
#include "base/jsonguard.h"
#include "base/jsontext.h"

#define VERSION 1

/* Bytes of a state with the most files and long names. */
#define SIZE_MAX_STATE (512 * 1024 * 1024)

static void file_free(gpointer user)
{
    WatchStateFile *file = user;
    g_free(file->path);
    g_free(file);
}

GPtrArray *watch_state_new(void)
{
    return g_ptr_array_new_with_free_func(file_free);
}

void watch_state_add(GPtrArray *files, const char *path, const TailMark *mark)
{
    WatchStateFile *file = g_new0(WatchStateFile, 1);
    file->path = g_strdup(path);
    file->mark = *mark;
    g_ptr_array_add(files, file);
}

/* Numbers of the state, by their name in it. */
static const struct {
    const char *name;
    gsize offset;
} numbers[] = {
    {"device", G_STRUCT_OFFSET(TailMark, device)},
    {"inode", G_STRUCT_OFFSET(TailMark, inode)},
    {"born", G_STRUCT_OFFSET(TailMark, born)},
    {"offset", G_STRUCT_OFFSET(TailMark, offset)},
    {"line", G_STRUCT_OFFSET(TailMark, place.line)},
    {"line_bytes", G_STRUCT_OFFSET(TailMark, place.line_bytes)},
};

/* Names are bytes; what of them is no text, and "%", is escaped. */
static char *path_to_text(const char *path)
{
    return g_uri_escape_string(path, "/ !#$&'()*+,:;=?@[]{}^|<>\"\\`", TRUE);
}

static gboolean read_print(yyjson_val *entry, const char *name, const char *length_name,
                           guint length_max, guint8 ret_print[SHA256_SIZE], guint *ret_length)
{
    yyjson_val *print = yyjson_obj_get(entry, name);
    guint64 length = yyjson_get_uint(yyjson_obj_get(entry, length_name));
    *ret_length = (guint)length;
    return length <= length_max && yyjson_is_str(print) &&
           sha256_parse(yyjson_get_str(print), yyjson_get_len(print), ret_print);
}

static gboolean read_file(yyjson_val *entry, GPtrArray *files)
{
    TailMark mark = {0};
    const char *text = yyjson_get_str(yyjson_obj_get(entry, "path"));

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        yyjson_val *number = yyjson_obj_get(entry, numbers[i].name);
        guint64 value = yyjson_get_uint(number);
        if (!yyjson_is_uint(number))
            return FALSE;
        memcpy((char *)&mark + numbers[i].offset, &value, sizeof(value));
    }
    if (!text || mark.place.line == 0 ||
        !read_print(entry, "head", "head_length", TAIL_HEAD, mark.head, &mark.head_length) ||
        !read_print(entry, "behind", "behind_length", TAIL_BEHIND, mark.behind,
                    &mark.behind_length))
        return FALSE;
    g_autofree char *path = g_uri_unescape_string(text, NULL);
    if (!path)
        return FALSE;
    watch_state_add(files, path, &mark);
    return TRUE;
}

GPtrArray *watch_state_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length, index, max;
    g_autoptr(GError) unreadable = NULL;
    yyjson_val *entry;
    g_autoptr(GPtrArray) files = watch_state_new();

    if (!g_file_get_contents(path, &text, &length, &unreadable)) {
        if (g_error_matches(unreadable, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return g_steal_pointer(&files);
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, unreadable->message);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc =
        length <= SIZE_MAX_STATE ? jsonguard_read(text, length, NULL) : NULL;
    yyjson_val *root = doc ? yyjson_doc_get_root(doc) : NULL;
    yyjson_val *list = yyjson_obj_get(root, "files");
    gboolean good = yyjson_get_uint(yyjson_obj_get(root, "version")) == VERSION &&
                    yyjson_is_arr(list) && yyjson_arr_size(list) <= WATCH_STATE_MAX;
    if (good) {
        yyjson_arr_foreach (list, index, max, entry) {
            good = good && read_file(entry, files);
        }
    }
    if (!good) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: it does not say where files were left; remove it to begin anew", path);
        return NULL;
    }
    return g_steal_pointer(&files);
}

static void write_file(yyjson_mut_doc *doc, yyjson_mut_val *list, const WatchStateFile *file)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, list);
    g_autofree char *path = path_to_text(file->path);

    yyjson_mut_obj_add_strcpy(doc, entry, "path", path);
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        guint64 value;
        memcpy(&value, (const char *)&file->mark + numbers[i].offset, sizeof(value));
        yyjson_mut_obj_add_uint(doc, entry, numbers[i].name, value);
    }
    yyjson_mut_obj_add_uint(doc, entry, "head_length", file->mark.head_length);
    yyjson_mut_obj_add_strcpy(doc, entry, "head", sha256_hex(file->mark.head, hex));
    yyjson_mut_obj_add_uint(doc, entry, "behind_length", file->mark.behind_length);
    yyjson_mut_obj_add_strcpy(doc, entry, "behind", sha256_hex(file->mark.behind, hex));
}

gboolean watch_state_write(const char *path, const GPtrArray *files, GError **error)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_uint(doc, root, "version", VERSION);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "files");
    for (guint i = 0; i < MIN(files->len, WATCH_STATE_MAX); i++)
        write_file(doc, list, files->pdata[i]);
    g_autofree char *text = jsontext_take(doc);
    if (!text) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: cannot be written", path);
        return FALSE;
    }
    return durable_write(path, text, strlen(text), 0600, error);
}
