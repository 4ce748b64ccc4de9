#include "node/log_keys.h"

#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"
#include "ledger/keychange.h"

void log_keys_free(LogKeys *keys)
{
    if (!keys)
        return;
    g_free(keys->origin);
    note_verifier_free(keys->ledger);
    note_verifier_free(keys->cosign);
    note_verifier_free(keys->recovery);
    g_strfreev(keys->changes);
    g_free(keys);
}

/* A text without NUL inside; NULL with @error set if @value is none. */
static const char *read_text(yyjson_val *value, const char *name, GError **error)
{
    const char *text = yyjson_get_str(value);
    if (text && strlen(text) == yyjson_get_len(value))
        return text;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is not there as a text", name);
    return NULL;
}

/* A key, in the one spelling in which keys are written. */
static NoteVerifier *read_key(yyjson_val *object, const char *name, GError **error)
{
    const char *vkey = read_text(yyjson_obj_get(object, name), name, error);
    g_autoptr(NoteVerifier) key = vkey ? note_verifier_parse(vkey, error) : NULL;
    g_autofree char *written = key ? note_verifier_format(key) : NULL;
    if (written && strcmp(written, vkey) == 0)
        return g_steal_pointer(&key);
    if (written)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "not as keys are written");
    if (vkey)
        g_prefix_error(error, "\"%s\": ", name);
    return NULL;
}

static gboolean check_change(const char *text, const LogKeys *keys, GError **error)
{
    g_autoptr(KeyChange) change = keychange_parse(text, strlen(text), error);
    return change && keychange_verify(change, keys->recovery, error);
}

static gboolean read_changes(yyjson_val *list, LogKeys *keys, GError **error)
{
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > KEYCHANGE_LIST_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"changes\" is not a list of at most %d", KEYCHANGE_LIST_MAX);
        return FALSE;
    }
    keys->changes = g_new0(char *, yyjson_arr_size(list) + 1);
    for (; keys->n_changes < yyjson_arr_size(list); keys->n_changes++) {
        const char *text = read_text(yyjson_arr_get(list, keys->n_changes), "changes", error);
        if (!text || !check_change(text, keys, error)) {
            g_prefix_error(error, "key change %u: ", keys->n_changes);
            return FALSE;
        }
        keys->changes[keys->n_changes] = g_strdup(text);
    }
    return TRUE;
}

LogKeys *log_keys_parse(const char *text, gsize length, GError **error)
{
    if (length > LOG_KEYS_BYTES_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "too large");
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    if (!doc)
        return NULL;
    g_autoptr(LogKeys) keys = g_new0(LogKeys, 1);
    yyjson_val *root = yyjson_doc_get_root(doc), *present = yyjson_obj_get(root, "keys");
    keys->origin = g_strdup(read_text(yyjson_obj_get(root, "origin"), "origin", error));
    if (!keys->origin || !(keys->ledger = read_key(present, "ledger", error)) ||
        !(keys->cosign = read_key(present, "cosign", error)) ||
        !(keys->recovery = read_key(present, "recovery", error)) ||
        !read_changes(yyjson_obj_get(root, "changes"), keys, error))
        return NULL;
    return g_steal_pointer(&keys);
}
