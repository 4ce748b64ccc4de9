#include "node/release_act.h"

#include <string.h>

#include "base/jsontext.h"
#include "node/operation_params.h"

gboolean release_act_refuse_overtaken(gint64 number, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "release %" G_GINT64_FORMAT " came into force meanwhile: try again", number);
    return FALSE;
}

static gboolean check_in_force(StoreTx *tx, const ReleaseAct *act, GError **error)
{
    gint64 number;
    if (act->in_force < 0)
        return TRUE;
    if (!releases_in_force_tx(tx, &number, error))
        return FALSE;
    return number == act->in_force || release_act_refuse_overtaken(number, error);
}

static gboolean make_entry(StoreTx *tx, gpointer user, OpeningSpec *ret_spec, GError **error)
{
    ReleaseAct *act = user;
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    jsontext_add(doc, root, "by", act->by);
    if (!check_in_force(tx, act, error) || !act->apply(tx, act, doc, root, error)) {
        yyjson_mut_doc_free(doc);
        return FALSE;
    }
    g_free(act->members);
    act->members = jsontext_take(doc);
    if (!act->members) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not UTF-8 text", act->kind);
        return FALSE;
    }
    *ret_spec = (OpeningSpec){
        .kind = act->kind, .members = act->members, .members_length = strlen(act->members)};
    return TRUE;
}

static gboolean add_nothing(StoreTx *tx, const Opening *opening, guint64 index, gpointer user,
                            GError **error)
{
    return TRUE;
}

gboolean release_act_perform(Notary *notary, ReleaseAct *act, GError **error)
{
    guint64 index;
    gboolean good = notary_append_made(notary, make_entry, add_nothing, act, &index, error);
    g_clear_pointer(&act->members, g_free);
    return good;
}

/* A name, reason or source. */
gboolean release_act_text(yyjson_val *params, const char *operation, const char *name,
                          gboolean required, const char **ret_text, GError **error)
{
    const char *text;
    if (!operation_params_text(params, operation, name, required, &text, error))
        return FALSE;
    gboolean good = !text || (strlen(text) <= RELEASE_OPERATION_TEXT_MAX &&
                              strspn(text, " \t") < strlen(text) && !strpbrk(text, "\r\n"));
    if (good)
        *ret_text = text;
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: \"%s\" is one line of at most %d bytes", operation, name,
                    RELEASE_OPERATION_TEXT_MAX);
    return good;
}

void release_act_add_release(const ReleasesRow *row, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_obj_add_sint(doc, root, "release", row->number);
    yyjson_mut_obj_add_strcpy(doc, root, "digest", sha256_hex(row->digest, hex));
    yyjson_mut_obj_add_uint(doc, root, "values", row->values);
    yyjson_mut_obj_add_uint(doc, root, "entries", row->entries);
}

void release_act_add_changes(const ReleasesRow *row, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    yyjson_mut_obj_add_uint(doc, root, "added", row->added);
    yyjson_mut_obj_add_uint(doc, root, "removed", row->removed);
    yyjson_mut_obj_add_uint(doc, root, "dangerous", row->dangerous);
}

gboolean release_act_enforce(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                             yyjson_mut_val *root, GError **error)
{
    release_act_add_release(act->row, doc, root);
    release_act_add_changes(act->row, doc, root);
    yyjson_mut_obj_add_sint(doc, root, "instead_of", act->in_force);
    return releases_enforce(tx, act->row->number, act->now, error);
}
