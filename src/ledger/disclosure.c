#include "ledger/disclosure.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"

#define FORM        "disclosure/v1"
#define FORM_FAMILY "disclosure/v"

void disclosure_free(Disclosure *disclosure)
{
    if (!disclosure)
        return;
    opening_free(disclosure->opening);
    proof_free(disclosure->proof);
    g_strfreev(disclosure->changes);
    g_free(disclosure);
}

static gboolean read_changes(yyjson_val *list, Disclosure *disclosure, GError **error)
{
    size_t n = yyjson_arr_size(list), at;
    yyjson_val *change;
    if (list && !yyjson_is_arr(list))
        return error_input_null(error, "\"changes\" is not a list") != NULL;
    if (n > KEYCHANGE_LIST_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d key changes",
                    KEYCHANGE_LIST_MAX);
        return FALSE;
    }
    disclosure->changes = g_new0(char *, n + 1);
    disclosure->n_changes = (guint)n;
    yyjson_arr_foreach (list, at, n, change) {
        const char *text = yyjson_get_str(change);
        g_autoptr(KeyChange) parsed =
            keychange_parse(text ? text : "", yyjson_get_len(change), error);
        if (!parsed) {
            g_prefix_error(error, "key change %zu: ", at);
            return FALSE;
        }
        disclosure->changes[at] = g_strdup(text);
    }
    return TRUE;
}

static Disclosure *read_object(yyjson_val *root, GError **error)
{
    yyjson_val *form = yyjson_obj_get(root, "concert");
    yyjson_val *proof = yyjson_obj_get(root, "proof");
    if (!yyjson_equals_str(form, FORM)) {
        if (yyjson_is_str(form) && g_str_has_prefix(yyjson_get_str(form), FORM_FAMILY)) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                                "the disclosure is of a later version");
            return NULL;
        }
        return error_input_null(error, "not a disclosure: \"concert\" is not \"" FORM "\"");
    }
    if (!yyjson_is_str(proof))
        return error_input_null(error, "\"proof\" is not a text");
    g_autoptr(Disclosure) disclosure = g_new0(Disclosure, 1);
    disclosure->opening = opening_read(yyjson_obj_get(root, "opening"), error);
    if (!disclosure->opening) {
        g_prefix_error(error, "opening: ");
        return NULL;
    }
    disclosure->proof = proof_parse(yyjson_get_str(proof), yyjson_get_len(proof), error);
    if (!disclosure->proof) {
        g_prefix_error(error, "proof: ");
        return NULL;
    }
    return read_changes(yyjson_obj_get(root, "changes"), disclosure, error)
               ? g_steal_pointer(&disclosure)
               : NULL;
}

Disclosure *disclosure_parse(const char *text, gsize length, gsize max, GError **error)
{
    if (length > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "the disclosure has more than %" G_GSIZE_FORMAT " bytes", max);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    return doc ? read_object(yyjson_doc_get_root(doc), error) : NULL;
}

char *disclosure_format(const Opening *opening, const char *proof, const char *const *changes,
                        guint n_changes, GError **error)
{
    g_autoptr(GString) json = g_string_new("{\"concert\":\"" FORM "\",\"opening\":");
    opening_append(json, opening);
    g_string_append(json, ",\"proof\":");
    canonjson_append_string(json, proof, strlen(proof));
    g_string_append(json, ",\"changes\":[");
    for (guint i = 0; i < n_changes; i++) {
        if (i > 0)
            g_string_append_c(json, ',');
        canonjson_append_string(json, changes[i], strlen(changes[i]));
    }
    g_string_append(json, "]}\n");
    g_autoptr(Disclosure) disclosure = disclosure_parse(json->str, json->len, json->len, error);
    return disclosure ? g_string_free(g_steal_pointer(&json), FALSE) : NULL;
}

/* Whether the log's signature leads back to @key; @ret_key_id is that of the key that signed. */
static gboolean verify_key(const Disclosure *disclosure, const NoteVerifier *key,
                           const NoteVerifier *recovery, guint32 *ret_key_id, GError **error)
{
    const Proof *proof = disclosure->proof;
    g_autoptr(KeyHistory) history = keychange_history_new(key, NULL, recovery, error);
    if (!history || !keychange_history_add_list(history, (const char *const *)disclosure->changes,
                                                disclosure->n_changes, error))
        return FALSE;
    if (!keychange_history_verify(history, proof->note, NULL, error)) {
        g_prefix_error(error, "checkpoint: ");
        return FALSE;
    }
    *ret_key_id = keychange_history_valid(history, proof->checkpoint.size)->id;
    return TRUE;
}

/* The same back to any of the keys that the policy has for the log. */
static gboolean verify_log(const Disclosure *disclosure, const DisclosureTrust *trust,
                           guint32 *ret_key_id, GError **error)
{
    const char *origin = disclosure->proof->checkpoint.origin;
    g_autoptr(GError) reason = NULL;
    for (guint i = 0; i < quorum_n_logs(trust->quorum); i++) {
        const NoteVerifier *key = quorum_log(trust->quorum, i).key;
        if (strcmp(key->name, origin) != 0)
            continue;
        g_clear_error(&reason);
        if (verify_key(disclosure, key, trust->recovery, ret_key_id, &reason))
            return TRUE;
    }
    if (!reason)
        g_set_error(&reason, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "checkpoint: the policy has no log \"%s\"", origin);
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

static gboolean verify_quorum(const Disclosure *disclosure, const DisclosureTrust *trust,
                              DisclosureResult *result, GError **error)
{
    guint n = quorum_n_witnesses(trust->quorum);
    g_autofree gboolean *has_cosigned = g_new0(gboolean, n + 1);
    if (!verify_log(disclosure, trust, &result->key_id, error))
        return FALSE;
    if (!quorum_verify_witnesses(trust->quorum, disclosure->proof->note, has_cosigned, error)) {
        g_prefix_error(error, "checkpoint: ");
        return FALSE;
    }
    for (guint i = 0; i < n; i++)
        result->n_cosigned += has_cosigned[i] ? 1 : 0;
    return TRUE;
}

static gboolean verify_place(const Disclosure *disclosure, GError **error)
{
    const Proof *proof = disclosure->proof;
    const Opening *opening = disclosure->opening;
    MerkleHash leaf;
    if (!opening_verify(opening, proof->checkpoint.origin, opening_entry(opening),
                        OPENING_ENTRY_SIZE, error)) {
        g_prefix_error(error, "opening: ");
        return FALSE;
    }
    merkle_leaf_hash(opening_entry(opening), OPENING_ENTRY_SIZE, &leaf);
    if (!merkle_verify_inclusion(proof->index, proof->checkpoint.size, &leaf, &proof->path,
                                 &proof->checkpoint.root, error)) {
        g_prefix_error(error,
                       "proof: the entry that the opening commits to does not stand there: ");
        return FALSE;
    }
    return TRUE;
}

static void describe(const Disclosure *disclosure, DisclosureResult *result)
{
    const Opening *opening = disclosure->opening;
    result->origin = disclosure->proof->checkpoint.origin;
    result->index = disclosure->proof->index;
    result->size = disclosure->proof->checkpoint.size;
    result->is_erased = opening->is_erased;
    result->kind = opening->kind;
    result->time_us = opening->time_us;
    result->is_public = opening->is_public;
    result->n_items = opening->n_items;
    for (guint i = 0; i < opening->n_items; i++) {
        OpeningState state = opening->items[i].state;
        result->n_present += state == OPENING_PRESENT ? 1 : 0;
        result->n_withheld += state == OPENING_WITHHELD ? 1 : 0;
        result->n_erased += state == OPENING_ERASED ? 1 : 0;
    }
}

gboolean disclosure_verify(const Disclosure *disclosure, const DisclosureTrust *trust,
                           DisclosureResult *ret_result, GError **error)
{
    DisclosureResult result = {0};
    if (!trust->ledger && !trust->quorum)
        return error_input_null(
                   error, "neither a key nor a policy to hold the disclosure against") != NULL;
    if (trust->quorum && !verify_quorum(disclosure, trust, &result, error))
        return FALSE;
    if (trust->ledger &&
        !verify_key(disclosure, trust->ledger, trust->recovery, &result.key_id, error))
        return FALSE;
    if (!verify_place(disclosure, error))
        return FALSE;
    describe(disclosure, &result);
    if (ret_result)
        *ret_result = result;
    return TRUE;
}
