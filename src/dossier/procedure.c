#include "dossier/procedure.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/request.h"
#include "ledger/note.h"

static const Procedure *const all[] = {&request_procedure, NULL};

static const ProcedureField decides = {
    .name = "decides",
    .help = "the hashes of all events that it follows, sorted",
    .type = PROCEDURE_HASHES,
    .is_required = TRUE,
};

const Procedure *const *procedure_all(void)
{
    return all;
}

const Procedure *procedure_find(const char *name)
{
    for (guint i = 0; all[i]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

const ProcedureTransition *procedure_transition(const Procedure *procedure, const char *type)
{
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++)
        if (strcmp(row->type, type) == 0)
            return row;
    return NULL;
}

gboolean procedure_closes(const Procedure *procedure, const ProcedureTransition *transition)
{
    return transition->to != PROCEDURE_STAY && procedure->states[transition->to].is_final;
}

const ProcedureField *procedure_decides(void)
{
    return &decides;
}

guint procedure_role(const Procedure *procedure, const char *name)
{
    for (guint i = 0; procedure->roles[i].name; i++)
        if (strcmp(procedure->roles[i].name, name) == 0)
            return PROCEDURE_BIT(i);
    return 0;
}

char *procedure_roles(const Procedure *procedure, guint roles)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; procedure->roles[i].name; i++)
        if (roles & PROCEDURE_BIT(i))
            g_string_append_printf(text, "%s%s", text->len > 0 ? " or " : "",
                                   procedure->roles[i].name);
    return g_string_free(text, FALSE);
}

/* --- payloads ----------------------------------------------------------------------------------
 */

static gboolean refuse(GError **error, const ProcedureField *field, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" %s", field->name, what);
    return FALSE;
}

static gboolean check_text(const ProcedureField *field, yyjson_val *value, GError **error)
{
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    if (length == 0)
        return refuse(error, field, "is empty");
    if (length > field->max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "\"%s\" has more than %u bytes",
                    field->name, field->max);
        return FALSE;
    }
    for (gsize i = 0; i < length; i++)
        if (g_ascii_iscntrl(text[i]) &&
            (field->type == PROCEDURE_LINE || (text[i] != '\n' && text[i] != '\t')))
            return refuse(error, field, "has a control character");
    return TRUE;
}

static gboolean check_word(const ProcedureField *field, yyjson_val *value, GError **error)
{
    g_autoptr(GString) known = NULL;
    for (const ProcedureWord *word = field->words; word->word; word++)
        if (yyjson_equals_str(value, word->word))
            return TRUE;
    known = g_string_new("is none of");
    for (const ProcedureWord *word = field->words; word->word; word++)
        g_string_append_printf(known, "%s %s", word == field->words ? "" : ",", word->word);
    return refuse(error, field, known->str);
}

static gboolean is_node(yyjson_val *value)
{
    const char *name = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    return name && length <= PROCEDURE_NODE_MAX && note_name_is_valid(name, length) &&
           !memchr(name, '/', length);
}

static gboolean is_hash(yyjson_val *value)
{
    EventHash hash;
    return yyjson_is_str(value) &&
           event_hash_parse(yyjson_get_str(value), yyjson_get_len(value), &hash);
}

/* A list of texts that all pass @is_one, ascending by their bytes so that none is there twice. */
static gboolean check_list(const ProcedureField *field, yyjson_val *list, guint max,
                           gboolean (*is_one)(yyjson_val *), GError **error)
{
    size_t at, size;
    yyjson_val *value;
    const char *previous = NULL;
    if (!yyjson_is_arr(list))
        return refuse(error, field, "is not a list");
    if (yyjson_arr_size(list) > max) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "\"%s\" has more than %u members",
                    field->name, max);
        return FALSE;
    }
    yyjson_arr_foreach (list, at, size, value) {
        if (!is_one(value))
            return refuse(error, field, "has a member that is none");
        if (previous && strcmp(previous, yyjson_get_str(value)) >= 0)
            return refuse(error, field, "is not sorted, or has one twice");
        previous = yyjson_get_str(value);
    }
    return TRUE;
}

static gboolean check_field(const ProcedureField *field, yyjson_val *value, GError **error)
{
    gint64 time;
    switch (field->type) {
    case PROCEDURE_TEXT:
    case PROCEDURE_LINE:
        return yyjson_is_str(value) ? check_text(field, value, error)
                                    : refuse(error, field, "is not a text");
    case PROCEDURE_WORD:
        return check_word(field, value, error);
    case PROCEDURE_TIME:
        return (yyjson_is_str(value) &&
                timestamp_parse(yyjson_get_str(value), yyjson_get_len(value), &time, NULL)) ||
               refuse(error, field, "is not a time in UTC");
    case PROCEDURE_NODE:
        return is_node(value) || refuse(error, field, "is not the name of a node");
    case PROCEDURE_NODES:
        return check_list(field, value, field->max, is_node, error);
    case PROCEDURE_HASHES:
        return check_list(field, value, PROCEDURE_HASHES_MAX, is_hash, error);
    }
    return refuse(error, field, "is of no type that is known");
}

static gboolean check_member(const ProcedureField *field, yyjson_val *payload, GError **error)
{
    yyjson_val *value = yyjson_obj_get(payload, field->name);
    if (!value)
        return !field->is_required || refuse(error, field, "is missing");
    return check_field(field, value, error);
}

gboolean procedure_check_payload(const Procedure *procedure, const ProcedureTransition *transition,
                                 yyjson_val *payload, GError **error)
{
    for (const ProcedureField *field = transition->fields; field && field->name; field++)
        if (!check_member(field, payload, error))
            return FALSE;
    return !procedure_closes(procedure, transition) || check_member(&decides, payload, error);
}
