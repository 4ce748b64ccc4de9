#include "node/statement_operation.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ledger/origin.h"
#include "ledger/signed_json.h"
#include "node/operation_params.h"

static const char operation[] = "statement.sign";

static gboolean refuse(GError **error, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", operation, what);
    return FALSE;
}

/* Only what nothing else is taken for is signed so. */
static gboolean is_statement(const char *type)
{
    static const char *const types[] = {"conventions", "report", NULL};
    return g_strv_contains(types, type);
}

gboolean statement_operation_sign(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error)
{
    const char *type;
    yyjson_val *body = yyjson_obj_get(params, "body");
    g_auto(LedgerReadState) ledger = {0};
    if (!operation_params_text(params, operation, "type", TRUE, &type, error) ||
        !ledger_read_state(notary_store(notary), &ledger, error))
        return FALSE;
    g_autofree char *self = origin_node(ledger.origin);
    if (!is_statement(type))
        return refuse(error, "\"type\" is \"report\" or \"conventions\"");
    if (!yyjson_is_obj(body) || !yyjson_equals_str(yyjson_obj_get(body, "node"), self))
        return refuse(error, "\"body\" is not of this node");
    const NoteSigner *signer = notary_messenger(notary, error);
    g_autofree char *text = signer ? signed_json_make(type, body, &signer, 1, error) : NULL;
    if (!text)
        return FALSE;
    yyjson_mut_obj_add_strcpy(result, yyjson_mut_doc_get_root(result), "text", text);
    return TRUE;
}
