/* dossier_fill.c - what a user typed, as the payload of an event: by the types of its fields. */
#include <stdlib.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/texts.h"
#include "base/timestamp.h"
#include "cli/attachment_file.h"
#include "cli/document.h"
#include "cli/dossier_command.h"
#include "cli/dossier_core.h"
#include "node/config.h"
#include "store/introductions.h"
#include "store/peers.h"

#define AHEAD_MAX (10 * 366 * 24 * 3600) /* seconds from now that a time may be */

/* Where a value is put. */
typedef struct {
    const CommandCall *call;
    Node *node;
    const Procedure *procedure;
    DossierAct *act;
    const Docket *docket; /* NULL: the event opens one */
} Filling;

char *dossier_core_option(const ProcedureField *field)
{
    return g_strdelimit(g_strdup(field->name), "_", '-');
}

/* --- texts and lists ---------------------------------------------------------------------------
 */

/* The words of the call's arguments from @first on, or standard input for a single "-". */
static gboolean read_words(char **words, char **ret_text, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    if (words[0] && !words[1] && g_str_equal(words[0], "-")) {
        text = document_read(NULL, "-", NULL, 2 * PROCEDURE_TEXT_MAX, &length, error);
        if (!text)
            return FALSE;
        if (strlen(text) != length) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "standard input is no text");
            return FALSE;
        }
    } else {
        text = g_strjoinv(" ", words);
    }
    g_strstrip(text);
    *ret_text = *text ? g_steal_pointer(&text) : NULL;
    return TRUE;
}

static void put_text(const Filling *filling, const ProcedureField *field, const char *text)
{
    yyjson_mut_doc *doc = filling->act->params;
    yyjson_mut_obj_put(filling->act->payload, yyjson_mut_strcpy(doc, field->name),
                       yyjson_mut_strcpy(doc, text));
}

/* Puts a list of @texts, of which it takes the members; sorted, none twice, unless @as_given. */
static void put_list(const Filling *filling, const ProcedureField *field, GPtrArray *texts,
                     gboolean as_given)
{
    yyjson_mut_doc *doc = filling->act->params;
    if (texts->len == 0)
        return;
    if (!as_given)
        g_ptr_array_sort(texts, texts_compare);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, filling->act->payload, field->name);
    for (guint i = 0; i < texts->len; i++)
        if (as_given || i == 0 || !g_str_equal(texts->pdata[i], texts->pdata[i - 1]))
            yyjson_mut_arr_add_strcpy(doc, list, texts->pdata[i]);
}

/* --- values by their types ---------------------------------------------------------------------
 */

static gboolean fill_time(const Filling *filling, const ProcedureField *field, const char *option,
                          const char *text, GError **error)
{
    char time[TIMESTAMP_MAX];
    gint64 us;
    guint seconds;
    if (config_read_duration(text, AHEAD_MAX, &seconds)) {
        us = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    } else if (!timestamp_parse_lenient(text, strlen(text), &us)) {
        command_usage(filling->call, error,
                      "--%s %s: neither a time such as 2026-05-01T10:20Z nor a duration such as "
                      "48h",
                      option, text);
        return FALSE;
    }
    put_text(filling, field, timestamp_format(time, us, 0));
    return TRUE;
}

/* A peer by whatever it is named by; or this node itself; or, by its name, a node that a peer
 * introduced. */
static char *read_node(const Filling *filling, const char *name, GError **error)
{
    g_autoptr(GError) unknown = NULL;
    g_autofree char *key = NULL, *by = NULL;
    g_autoptr(Peer) peer = peers_get(node_store(filling->node), name, &unknown);
    if (peer)
        return g_strdup(peer->node);
    if (g_error_matches(unknown, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        if (!introductions_get(node_store(filling->node), name, &key, &by, error))
            return NULL;
        if (by)
            return g_strdup(name);
    }
    g_propagate_error(error, g_steal_pointer(&unknown));
    return NULL;
}

static gboolean fill_nodes(const Filling *filling, const ProcedureField *field,
                           const char *const *names, GError **error)
{
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; names && names[i]; i++) {
        char *node = read_node(filling, names[i], error);
        if (!node)
            return FALSE;
        g_ptr_array_add(nodes, node);
    }
    if (field->type == PROCEDURE_NODES)
        put_list(filling, field, nodes, FALSE);
    else if (nodes->len > 0)
        put_text(filling, field, nodes->pdata[0]);
    return TRUE;
}

/* An event of the dossier by the beginning of its hash, or by its type if there is one of it. */
static char *read_event(const Filling *filling, const char *text, GError **error)
{
    char hex[2 * SHA256_SIZE + 1], found[2 * SHA256_SIZE + 1] = "";
    guint count = 0;
    for (guint i = 0; filling->docket && i < filling->docket->result->events->len; i++) {
        const Event *event = g_array_index(filling->docket->result->events, EngineEvent, i).event;
        event_hash_format(&event->hash, hex);
        if (!g_str_has_prefix(hex, text) && !g_str_equal(event->type, text))
            continue;
        memcpy(found, hex, sizeof found);
        count++;
    }
    if (count == 1)
        return g_strdup(found);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                count == 0 ? "no event of it begins with \"%s\""
                           : "\"%s\" is more than one event: name it by its hash",
                text);
    return NULL;
}

static gboolean fill_events(const Filling *filling, const ProcedureField *field,
                            const char *const *names, GError **error)
{
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; names && names[i]; i++) {
        char *hash = read_event(filling, names[i], error);
        if (!hash)
            return FALSE;
        g_ptr_array_add(hashes, hash);
    }
    if (field->type == PROCEDURE_HASHES)
        put_list(filling, field, hashes, FALSE);
    else if (hashes->len > 0)
        put_text(filling, field, hashes->pdata[0]);
    return TRUE;
}

static gboolean fill_data(const Filling *filling, const ProcedureField *field, const char *path,
                          GError **error)
{
    gsize length;
    yyjson_read_err fault;
    g_autofree char *text = document_read(NULL, path, NULL, PROCEDURE_DATA_MAX, &length, error);
    if (!text)
        return FALSE;
    yyjson_doc *read = yyjson_read_opts(text, length, 0, NULL, &fault);
    if (!read) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: byte %zu: %s", path, fault.pos,
                    fault.msg);
        return FALSE;
    }
    yyjson_mut_doc *doc = filling->act->params;
    yyjson_mut_obj_put(filling->act->payload, yyjson_mut_strcpy(doc, field->name),
                       yyjson_val_mut_copy(doc, yyjson_doc_get_root(read)));
    yyjson_doc_free(read);
    return TRUE;
}

static gboolean fill_files(const Filling *filling, const ProcedureField *field,
                           const char *const *paths, GError **error)
{
    yyjson_mut_doc *doc = filling->act->params;
    gboolean malicious = command_flag(filling->call, DOSSIER_CORE_MALICIOUS);
    if (!paths || !paths[0])
        return TRUE;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, filling->act->payload, field->name);
    for (guint i = 0; paths[i]; i++)
        if (!attachment_file_add(filling->node, paths[i], malicious, doc, list, error))
            return FALSE;
    return TRUE;
}

static gboolean fill_texts(const Filling *filling, const ProcedureField *field,
                           const char *const *values)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; values && values[i]; i++)
        g_ptr_array_add(texts, g_strdup(values[i]));
    put_list(filling, field, texts, field->type == PROCEDURE_LINES);
    return TRUE;
}

static gboolean fill_number(const Filling *filling, const ProcedureField *field, const char *option)
{
    yyjson_mut_doc *doc = filling->act->params;
    gint64 number = command_int(filling->call, option, -1);
    if (number >= 0)
        yyjson_mut_obj_put(filling->act->payload, yyjson_mut_strcpy(doc, field->name),
                           yyjson_mut_uint(doc, (guint64)number));
    return TRUE;
}

static void fill_word(const Filling *filling, const ProcedureField *field, const char *option)
{
    const char *word = command_text(filling->call, option);
    if (word || field->otherwise)
        put_text(filling, field, word ? word : field->otherwise);
}

static void fill_flag(const Filling *filling, const ProcedureField *field, const char *option)
{
    yyjson_mut_doc *doc = filling->act->params;
    if (command_flag(filling->call, option))
        yyjson_mut_obj_put(filling->act->payload, yyjson_mut_strcpy(doc, field->name),
                           yyjson_mut_true(doc));
}

/* A text; "-" is standard input. */
static gboolean fill_text(const Filling *filling, const ProcedureField *field, const char *text,
                          GError **error)
{
    g_autofree char *read = NULL;
    if (!read_words((char *[]){(char *)text, NULL}, &read, error))
        return FALSE;
    if (read)
        put_text(filling, field, read);
    return TRUE;
}

static gboolean fill_option(const Filling *filling, const ProcedureField *field, GError **error)
{
    const CommandCall *call = filling->call;
    g_autofree char *option = dossier_core_option(field);
    const char *text = NULL;
    switch (field->type) {
    case PROCEDURE_WORD:
        fill_word(filling, field, option);
        return TRUE;
    case PROCEDURE_NUMBER:
        return fill_number(filling, field, option);
    case PROCEDURE_FLAG:
        fill_flag(filling, field, option);
        return TRUE;
    case PROCEDURE_WORDS:
    case PROCEDURE_LINES:
        return fill_texts(filling, field, command_texts(call, option));
    case PROCEDURE_NODES:
        return fill_nodes(filling, field, command_texts(call, option), error);
    case PROCEDURE_HASHES:
        return fill_events(filling, field, command_texts(call, option), error);
    case PROCEDURE_FILES:
        return fill_files(filling, field, command_texts(call, option), error);
    default:
        text = command_text(call, option);
    }
    const char *const one[] = {text, NULL};
    if (!text)
        return TRUE;
    switch (field->type) {
    case PROCEDURE_TIME:
        return fill_time(filling, field, option, text, error);
    case PROCEDURE_NODE:
        return fill_nodes(filling, field, one, error);
    case PROCEDURE_EVENT:
        return fill_events(filling, field, one, error);
    case PROCEDURE_DATA:
        return fill_data(filling, field, text, error);
    case PROCEDURE_TEXT:
        return fill_text(filling, field, text, error);
    default:
        put_text(filling, field, text);
        return TRUE;
    }
}

/* --- all of it ---------------------------------------------------------------------------------
 */

static gboolean fill_arguments(const Filling *filling, const ProcedureField *field, guint first,
                               GError **error)
{
    char **arguments = filling->call->arguments + MIN(first, filling->call->count);
    if (dossier_core_is_nodes(field))
        return fill_nodes(filling, field, (const char *const *)arguments, error);
    g_autofree char *text = NULL;
    if (!read_words(arguments, &text, error))
        return FALSE;
    if (text)
        put_text(filling, field, text);
    return TRUE;
}

static void add_marking(const CommandCall *call, DossierAct *act, gboolean opens)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(act->params);
    const char *tlp = command_text(call, "tlp"), *pap = command_text(call, "pap");
    jsontext_add(act->params, root, "tlp", tlp);
    jsontext_add(act->params, root, "pap", pap);
    if (opens && command_flag(call, "exercise"))
        yyjson_mut_obj_add_bool(act->params, root, "exercise", TRUE);
}

gboolean dossier_command_fill(const CommandCall *call, Node *node, const Procedure *procedure,
                              const ProcedureTransition *row, DossierAct *act, GError **error)
{
    const ProcedureField *argument = dossier_core_argument(row);
    gboolean opens = row->from == 0;
    g_autofree char *id = opens ? NULL : dossier_command_id(call, procedure);
    g_autoptr(Docket) docket = opens ? NULL : docket_load(node_store(node), id, error);
    const Filling filling = {call, node, procedure, act, docket};
    if (!opens && !docket)
        return FALSE;
    for (const ProcedureField *field = row->fields; field && field->name; field++) {
        if (dossier_core_is_own(call, field))
            continue;
        if (field == argument ? !fill_arguments(&filling, field, opens ? 0 : 1, error)
                              : !fill_option(&filling, field, error))
            return FALSE;
    }
    add_marking(call, act, opens);
    return TRUE;
}
