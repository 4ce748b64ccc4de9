#include "shield/watch/watch_state.h"

#include <string.h>
#include <sys/stat.h>

#include "base/durable.h"
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

static gboolean read_number(yyjson_val *entry, const char *name, guint64 *ret_number,
                            GError **error)
{
    yyjson_val *number = yyjson_obj_get(entry, name);
    if (!yyjson_is_uint(number)) {
        g_autofree char *what = g_strconcat(name, ": no number from 0 on", NULL);
        return error_input(error, "%s", what);
    }
    *ret_number = yyjson_get_uint(number);
    return TRUE;
}

static gboolean read_print(yyjson_val *entry, const char *name, guint most,
                           guint8 ret_print[SHA256_SIZE], guint *ret_length, GError **error)
{
    g_autofree char *length_name = g_strconcat(name, "_length", NULL);
    yyjson_val *print = yyjson_obj_get(entry, name);
    guint64 length;

    if (!read_number(entry, length_name, &length, error))
        return FALSE;
    if (length > most) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: more than %u", length_name,
                    most);
        return FALSE;
    }
    *ret_length = (guint)length;
    if (yyjson_is_str(print) &&
        sha256_parse(yyjson_get_str(print), yyjson_get_len(print), ret_print))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: no SHA-256", name);
    return FALSE;
}

static gboolean read_file(yyjson_val *entry, GPtrArray *files, GError **error)
{
    TailMark mark = {0};
    yyjson_val *name = yyjson_obj_get(entry, "path");
    g_autofree char *path = NULL;

    /* A NUL would cut it off. */
    if (yyjson_is_str(name) && strlen(yyjson_get_str(name)) == yyjson_get_len(name))
        path = g_uri_unescape_string(yyjson_get_str(name), NULL);
    if (!path || *path == '\0')
        return error_input(error, "path: no name of a file");
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        guint64 value;
        if (!read_number(entry, numbers[i].name, &value, error))
            return FALSE;
        memcpy((char *)&mark + numbers[i].offset, &value, sizeof(value));
    }
    if (mark.place.line == 0)
        return error_input(error, "line: they begin with 1");
    if (!read_print(entry, "head", TAIL_HEAD, mark.head, &mark.head_length, error) ||
        !read_print(entry, "behind", TAIL_BEHIND, mark.behind, &mark.behind_length, error))
        return FALSE;
    watch_state_add(files, path, &mark);
    return TRUE;
}

GPtrArray *watch_state_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(GPtrArray) files = watch_state_new();
    g_autoptr(GError) wrong = NULL;
    gsize index, max;
    yyjson_val *entry;

    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    if (!doc)
        return NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *version = yyjson_obj_get(root, "version"), *list = yyjson_obj_get(root, "files");
    if (!yyjson_is_uint(version) || yyjson_get_uint(version) == 0) {
        error_input(error, "$.version: no number from 1 on");
        return NULL;
    }
    if (yyjson_get_uint(version) > VERSION) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                    "$.version: a newer version of Concert wrote it");
        return NULL;
    }
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > WATCH_STATE_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "$.files: no list of at most %d files", WATCH_STATE_MAX);
        return NULL;
    }
    yyjson_arr_foreach (list, index, max, entry) {
        if (!read_file(entry, files, &wrong)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "$.files[%" G_GSIZE_FORMAT "].%s", index, wrong->message);
            return NULL;
        }
    }
    return g_steal_pointer(&files);
}

/* The text of @path; NULL without an error: there is none. */
static char *read_text(const char *path, gsize *ret_length, GError **error)
{
    g_autoptr(GError) unreadable = NULL;
    struct stat status;
    char *text = NULL;

    if (stat(path, &status) == 0 && status.st_size > SIZE_MAX_STATE)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%s: larger than %d MiB", path,
                    SIZE_MAX_STATE >> 20);
    else if (!g_file_get_contents(path, &text, ret_length, &unreadable) &&
             !g_error_matches(unreadable, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, unreadable->message);
    return text;
}

GPtrArray *watch_state_read(const char *path, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    gsize length;

    g_autofree char *text = read_text(path, &length, &wrong);
    if (wrong) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return NULL;
    }
    if (!text)
        return watch_state_new();
    GPtrArray *files = watch_state_parse(text, length, &wrong);
    if (!files)
        g_set_error(error, wrong->domain, wrong->code,
                    "%s: it does not say where files were left (%s); remove it to begin anew", path,
                    wrong->message);
    return files;
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

char *watch_state_format(const GPtrArray *files)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_uint(doc, root, "version", VERSION);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "files");
    for (guint i = 0; i < MIN(files->len, WATCH_STATE_MAX); i++)
        write_file(doc, list, files->pdata[i]);
    return jsontext_take(doc);
}

gboolean watch_state_write(const char *path, const GPtrArray *files, GError **error)
{
    g_autofree char *text = watch_state_format(files);
    return durable_write(path, text, strlen(text), 0600, error);
}
