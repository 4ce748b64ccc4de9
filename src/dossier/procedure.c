#include "dossier/procedure.h"

#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "dossier/board.h"
#include "dossier/case.h"
#include "dossier/claim.h"
#include "dossier/consultation.h"
#include "dossier/evidence.h"
#include "dossier/group.h"
#include "dossier/notice.h"
#include "dossier/request.h"
#include "dossier/resolution.h"
#include "ledger/note.h"

static const Procedure *const all[] = {&board_procedure,      &case_procedure,
                                       &claim_procedure,      &consultation_procedure,
                                       &evidence_procedure,   &group_procedure,
                                       &notice_procedure,     &request_procedure,
                                       &resolution_procedure, NULL};

static const ProcedureField decides = {
    .name = "decides",
    .help = "the hashes of all events that it follows, sorted",
    .type = PROCEDURE_HASHES,
    .is_required = TRUE,
};

const guint procedure_reminders[] = {50, 100, 150, 0};

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

const char *procedure_command(const char *name)
{
    const Procedure *procedure = procedure_find(name);
    return procedure && procedure->command ? procedure->command : name;
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

/* Some of the field's words, ascending. */
static gboolean check_words(const ProcedureField *field, yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *value;
    const char *previous = NULL;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) == 0)
        return refuse(error, field, "is not a list of words");
    yyjson_arr_foreach (list, at, size, value) {
        if (!check_word(field, value, error))
            return FALSE;
        if (previous && strcmp(previous, yyjson_get_str(value)) >= 0)
            return refuse(error, field, "is not sorted, or has one twice");
        previous = yyjson_get_str(value);
    }
    return TRUE;
}

static gboolean is_line(yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    if (!text || length == 0 || length > PROCEDURE_LINE_MAX)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (g_ascii_iscntrl(text[i]))
            return FALSE;
    return TRUE;
}

static gboolean check_lines(const ProcedureField *field, yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *value;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > field->max)
        return refuse(error, field, "is not a list of lines, or a long one");
    yyjson_arr_foreach (list, at, size, value)
        if (!is_line(value))
            return refuse(error, field, "has a member that is not a line");
    return TRUE;
}

static gboolean check_number(const ProcedureField *field, yyjson_val *value, GError **error)
{
    guint max = field->max > 0 ? field->max : PROCEDURE_NUMBER_MAX;
    if (yyjson_is_uint(value) && yyjson_get_uint(value) <= max)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "\"%s\" is not a whole number from 0 to %u", field->name, max);
    return FALSE;
}

/* {"name", "type", "sha256", "size", "malicious"?} of an attachment. */
static gboolean is_file(yyjson_val *value)
{
    yyjson_val *malicious = yyjson_obj_get(value, "malicious");
    yyjson_val *name = yyjson_obj_get(value, "name");
    return is_line(name) && !strchr(yyjson_get_str(name), '/') &&
           is_line(yyjson_obj_get(value, "type")) && is_hash(yyjson_obj_get(value, "sha256")) &&
           yyjson_is_uint(yyjson_obj_get(value, "size")) &&
           (!malicious || yyjson_is_true(malicious));
}

static gboolean check_files(const ProcedureField *field, yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *value;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > PROCEDURE_FILES_MAX)
        return refuse(error, field, "is not a list of files, or a long one");
    yyjson_arr_foreach (list, at, size, value)
        if (!is_file(value))
            return refuse(error, field,
                          "has a member without \"name\", \"type\", \"sha256\" and \"size\"");
    return TRUE;
}

static gboolean check_data(const ProcedureField *field, yyjson_val *value, GError **error)
{
    size_t length = 0;
    char *text = NULL;
    if (!yyjson_is_ctn(value))
        return refuse(error, field, "is neither an object nor a list");
    text = yyjson_val_write(value, 0, &length);
    free(text);
    return (text && length <= PROCEDURE_DATA_MAX) || refuse(error, field, "is too long");
}

static gboolean check_type(const ProcedureField *field, yyjson_val *value, GError **error)
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
    case PROCEDURE_WORDS:
        return check_words(field, value, error);
    case PROCEDURE_LINES:
        return check_lines(field, value, error);
    case PROCEDURE_NUMBER:
        return check_number(field, value, error);
    case PROCEDURE_FLAG:
        return yyjson_is_true(value) || refuse(error, field, "is not true");
    case PROCEDURE_EVENT:
        return is_hash(value) || refuse(error, field, "is not the hash of an event");
    case PROCEDURE_FILES:
        return check_files(field, value, error);
    case PROCEDURE_DATA:
        return check_data(field, value, error);
    }
    return refuse(error, field, "is of no type that is known");
}

static gboolean check_field(const ProcedureField *field, yyjson_val *value, GError **error)
{
    if (!check_type(field, value, error))
        return FALSE;
    if (!field->check || field->check(value, error))
        return TRUE;
    g_prefix_error(error, "\"%s\": ", field->name);
    return FALSE;
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
