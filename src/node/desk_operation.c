#include "node/desk_operation.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/event.h"
#include "node/operation_params.h"
#include "store/desk.h"

static gboolean is_line(const char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text))
            return FALSE;
    return TRUE;
}

/* A person's name; NULL if there is none. */
static gboolean read_name(yyjson_val *params, const char *operation, const char *member,
                          gboolean required, const char **ret_name, GError **error)
{
    if (!operation_params_text(params, operation, member, required, ret_name, error))
        return FALSE;
    if (!*ret_name || (**ret_name && strlen(*ret_name) <= DESK_NAME_MAX && is_line(*ret_name)))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s: \"%s\" is not a name of at most %d bytes", operation, member, DESK_NAME_MAX);
    return FALSE;
}

static gboolean read_dossier(yyjson_val *params, const char *operation, const char **ret_dossier,
                             GError **error)
{
    if (!operation_params_text(params, operation, "dossier", TRUE, ret_dossier, error))
        return FALSE;
    if (event_dossier_is_valid(*ret_dossier, NULL))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: \"dossier\" is not the id of one",
                operation);
    return FALSE;
}

gboolean desk_operation_assign(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "dossier.assign";
    const char *dossier, *name;
    return read_dossier(params, operation, &dossier, error) &&
           read_name(params, operation, "assignee", FALSE, &name, error) &&
           desk_assign(tx, dossier, name, timestamp_now(), error);
}

gboolean desk_operation_jot(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "dossier.jot";
    const char *dossier, *author, *text;
    if (!read_dossier(params, operation, &dossier, error) ||
        !read_name(params, operation, "author", TRUE, &author, error) ||
        !operation_params_text(params, operation, "text", TRUE, &text, error))
        return FALSE;
    if (*text && strlen(text) <= DESK_TEXT_MAX)
        return desk_add_note(tx, dossier, author, text, timestamp_now(), error);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%s: a note has a text of at most %d bytes", operation, DESK_TEXT_MAX);
    return FALSE;
}
