#include "dossier/dossier_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "base/timestamp.h"

#define HEAD           "{\"concert\":\"events/v1\"}"
#define HEAD_START     "{\"concert\":\"events/v"
#define KEY_START      "{\"key\":"
#define PLACE_START    "{\"affiliation\":"
#define LINE_MAX_BYTES 1024 /* of a key or a place */
#define ROLE           "/message"

void dossier_file_begin(GString *text)
{
    g_string_append(text, HEAD "\n");
}

void dossier_file_add_key(GString *text, const char *vkey)
{
    /* Names and base64 need no escapes. */
    g_string_append_printf(text, KEY_START "\"%s\"}\n", vkey);
}

void dossier_file_add_place(GString *text, const char *node, const char *place)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "affiliation", place);
    yyjson_mut_obj_add_str(doc, root, "node", node);
    char *line = yyjson_mut_write(doc, 0, NULL);
    g_string_append_printf(text, "%s\n", line);
    free(line);
    yyjson_mut_doc_free(doc);
}

void dossier_file_add_event(GString *text, GBytes *bytes)
{
    gsize length;
    const char *event = g_bytes_get_data(bytes, &length);
    g_string_append_len(text, event, (gssize)length);
    g_string_append_c(text, '\n');
}

void dossier_file_free(DossierFile *file)
{
    if (!file)
        return;
    g_ptr_array_unref(file->keys);
    g_hash_table_unref(file->places);
    g_ptr_array_unref(file->events);
    g_ptr_array_unref(file->faults);
    g_free(file);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean read_head(const char *line, gsize length, GError **error)
{
    if (length == strlen(HEAD) && memcmp(line, HEAD, length) == 0)
        return TRUE;
    if (length > strlen(HEAD_START) && memcmp(line, HEAD_START, strlen(HEAD_START)) == 0)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                            "the file is of a later version of Concert");
    else
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "it is no file of events");
    return FALSE;
}

static NoteVerifier *parse_key(const char *line, gsize length, GError **error)
{
    g_autoptr(yyjson_doc) doc =
        length <= LINE_MAX_BYTES ? jsonguard_read(line, length, error) : NULL;
    const char *vkey = doc ? yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "key")) : NULL;
    g_autoptr(NoteVerifier) key = vkey ? note_verifier_parse(vkey, error) : NULL;
    if (key && g_str_has_suffix(key->name, ROLE) && key->algorithm == NOTE_ED25519)
        return g_steal_pointer(&key);
    if (error && !*error)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "it is no key for messages");
    return NULL;
}

static gboolean is_of(const NoteVerifier *key, const Event *event)
{
    gsize length = strlen(key->name) - strlen(ROLE);
    return strlen(event->node) == length && memcmp(event->node, key->name, length) == 0;
}

static gboolean verify(const Event *event, const GPtrArray *keys, GError **error)
{
    gboolean is_known = FALSE;
    for (guint i = 0; i < keys->len; i++) {
        const NoteVerifier *key = keys->pdata[i];
        if (!is_of(key, event))
            continue;
        is_known = TRUE;
        if (event_verify(event, key, NULL))
            return TRUE;
    }
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                        is_known ? "its signature is wrong: it was changed, or another made it"
                                 : "the key of its author is not known");
    return FALSE;
}

/* What a line says of itself, and what is wrong with it. */
static char *describe(guint number, const Event *event, const GError *error)
{
    char time[TIMESTAMP_MAX], hex[2 * SHA256_SIZE + 1];
    if (!event)
        return g_strdup_printf("line %u: %s", number, error->message);
    return g_strdup_printf("line %u: %s of %s at %s (%.16s): %s", number, event->type, event->node,
                           timestamp_format(time, event->time_us, 0),
                           event_hash_format(&event->hash, hex), error->message);
}

static void read_event(DossierFile *file, guint number, const char *line, gsize length,
                       const GPtrArray *keys)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Event) event = event_parse(line, length, &error);
    if (event && verify(event, keys, &error))
        g_ptr_array_add(file->events, g_steal_pointer(&event));
    else
        g_ptr_array_add(file->faults, describe(number, event, error));
}

static void read_place(DossierFile *file, guint number, const char *line, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(yyjson_doc) doc =
        length <= LINE_MAX_BYTES ? jsonguard_read(line, length, &error) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *node = yyjson_get_str(yyjson_obj_get(root, "node"));
    const char *place = yyjson_get_str(yyjson_obj_get(root, "affiliation"));
    if (node && place)
        g_hash_table_insert(file->places, g_strdup(node), g_strdup(place));
    else
        g_ptr_array_add(file->faults,
                        g_strdup_printf("line %u: it names no node or affiliation", number));
}

static gboolean begins(const char *line, gsize length, const char *start)
{
    return length >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

/* Keys come before the events that they verify. */
static gboolean read_line(DossierFile *file, guint number, const char *line, gsize length,
                          const GPtrArray *trusted, GError **error)
{
    if (number == 1)
        return read_head(line, length, error);
    if (begins(line, length, PLACE_START)) {
        read_place(file, number, line, length);
        return TRUE;
    }
    if (!begins(line, length, KEY_START)) {
        read_event(file, number, line, length, trusted ? trusted : file->keys);
        return TRUE;
    }
    g_autoptr(GError) local = NULL;
    NoteVerifier *key = parse_key(line, length, &local);
    if (!key)
        g_ptr_array_add(file->faults, describe(number, NULL, local));
    else
        g_ptr_array_add(file->keys, key);
    if (file->keys->len <= DOSSIER_FILE_KEYS_MAX)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the file has more than %d keys",
                DOSSIER_FILE_KEYS_MAX);
    return FALSE;
}

DossierFile *dossier_file_read(const char *text, gsize length, const GPtrArray *trusted,
                               GError **error)
{
    g_autoptr(DossierFile) file = g_new0(DossierFile, 1);
    guint number = 0;
    file->keys = g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    file->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    file->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    file->faults = g_ptr_array_new_with_free_func(g_free);
    if (length > DOSSIER_FILE_BYTES_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the file is too large");
        return NULL;
    }
    for (gsize at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        gsize size = end ? (gsize)(end - text) - at : length - at;
        if (size > 0 && !read_line(file, ++number, text + at, size, trusted, error))
            return NULL;
        at += size + 1;
    }
    return number > 0 || read_head("", 0, error) ? g_steal_pointer(&file) : NULL;
}
