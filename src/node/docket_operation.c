#include "node/docket_operation.h"

#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "node/attachment_sender.h"
#include "node/config.h"
#include "node/docket_sender.h"
#include "node/operation_params.h"
#include "node/own_clock.h"

static const char operation[] = "dossier.event";

static gboolean refuse_level(const char *text, const char *of, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" is no level of %s", text, of);
    return FALSE;
}

/* A new dossier is marked as what bears no marking is, unless the call says otherwise. */
static gboolean read_unmarked(Notary *notary, MarkingTlp *ret_tlp, GError **error)
{
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    if (!config)
        return FALSE;
    *ret_tlp = (MarkingTlp)(config_enum(config, SETTING_EXCHANGE_UNMARKED) + MARKING_TLP_CLEAR);
    return TRUE;
}

static gboolean read_marking(Notary *notary, yyjson_val *params, DocketAct *act, GError **error)
{
    const char *tlp = NULL, *pap = NULL;
    if (!operation_params_text(params, operation, "tlp", FALSE, &tlp, error) ||
        !operation_params_text(params, operation, "pap", FALSE, &pap, error))
        return FALSE;
    act->tlp = tlp ? marking_tlp_from_name(tlp) : MARKING_TLP_NONE;
    act->pap = pap ? marking_pap_from_name(pap) : MARKING_PAP_NONE;
    if (tlp && act->tlp == MARKING_TLP_NONE)
        return refuse_level(tlp, "TLP", error);
    if (pap && act->pap == MARKING_PAP_NONE)
        return refuse_level(pap, "PAP", error);
    return act->dossier || act->tlp != MARKING_TLP_NONE || read_unmarked(notary, &act->tlp, error);
}

static gboolean read_exercise(yyjson_val *params, DocketAct *act, GError **error)
{
    return !yyjson_obj_get(params, "exercise") ||
           operation_params_bool(params, operation, "exercise", &act->is_exercise, error);
}

static gboolean read_payload(yyjson_val *params, char **ret_payload, GError **error)
{
    yyjson_val *payload = yyjson_obj_get(params, "payload");
    if (payload && !yyjson_is_obj(payload)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: \"payload\" must be an object",
                    operation);
        return FALSE;
    }
    char *text = payload ? yyjson_val_write(payload, 0, NULL) : NULL;
    *ret_payload = g_strdup(text ? text : "{}");
    free(text);
    return TRUE;
}

/* Borrowed from @params. Exactly one of dossier and procedure. */
static gboolean read_act(yyjson_val *params, DocketAct *act, GError **error)
{
    if (!operation_params_text(params, operation, "dossier", FALSE, &act->dossier, error) ||
        !operation_params_text(params, operation, "procedure", FALSE, &act->procedure, error) ||
        !operation_params_text(params, operation, "type", TRUE, &act->type, error) ||
        !operation_params_text(params, operation, "signatory", TRUE, &act->signatory, error))
        return FALSE;
    if (!act->dossier == !act->procedure) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: either \"dossier\" or \"procedure\" says where it happens", operation);
        return FALSE;
    }
    return TRUE;
}

static void give_nodes(yyjson_mut_doc *doc, const char *name, char **nodes)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, yyjson_mut_doc_get_root(doc), name);
    for (guint i = 0; nodes[i]; i++)
        yyjson_mut_arr_add_strcpy(doc, list, nodes[i]);
}

static void give_sent(const DocketSent *sent, yyjson_mut_doc *doc)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_obj_add_strcpy(doc, root, "dossier", sent->dossier);
    yyjson_mut_obj_add_strcpy(doc, root, "event", event_hash_format(&sent->hash, hex));
    yyjson_mut_obj_add_uint(doc, root, "index", sent->index);
    yyjson_mut_obj_add_strcpy(doc, root, "state", sent->state);
    give_nodes(doc, "told", sent->told);
    give_nodes(doc, "untold", sent->untold);
}

gboolean docket_operation_event(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error)
{
    DocketAct act = {0};
    g_autofree char *payload = NULL;
    g_auto(DocketSent) sent = {0};
    if (!read_act(params, &act, error) || !read_payload(params, &payload, error) ||
        !read_exercise(params, &act, error) || !read_marking(notary, params, &act, error))
        return FALSE;
    act.payload = payload;
    g_autoptr(Dossier) dossier =
        act.dossier ? dossiers_get(notary_store(notary), act.dossier, error) : NULL;
    if (act.dossier && !dossier)
        return FALSE;
    if (dossier)
        act.dossier = dossier->id;
    if (!docket_sender_send(notary, &act, &sent, error))
        return FALSE;
    attachment_sender_run(notary);
    give_sent(&sent, result);
    g_autofree char *doubt = own_clock_doubt(notary_store(notary), timestamp_now());
    jsontext_add(result, yyjson_mut_doc_get_root(result), "note", doubt);
    return TRUE;
}
