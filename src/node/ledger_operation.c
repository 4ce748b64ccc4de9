#include "node/ledger_operation.h"

#include "base/jsontext.h"
#include "base/texts.h"
#include "node/operation_params.h"
#include "node/resume.h"

static void set_index(yyjson_mut_doc *result, guint64 index)
{
    yyjson_mut_obj_add_uint(result, yyjson_mut_doc_get_root(result), "index", index);
}

gboolean ledger_operation_open(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error)
{
    static const char operation[] = "ledger.open";
    const char *name, *recovery_path, *passphrase;
    return operation_params_text(params, operation, "name", TRUE, &name, error) &&
           operation_params_text(params, operation, "recovery_path", TRUE, &recovery_path, error) &&
           operation_params_text(params, operation, "passphrase", FALSE, &passphrase, error) &&
           notary_create(notary, name, recovery_path, passphrase, error);
}

/* What is appended, as it came. */
typedef struct {
    OpeningItemSpec *items;
    guint n_items;
    GPtrArray *audience; /* NULL-terminated */
} Statement;

static void statement_clear(Statement *statement)
{
    for (guint i = 0; i < statement->n_items; i++)
        g_bytes_unref(statement->items[i].bytes);
    g_free(statement->items);
    g_clear_pointer(&statement->audience, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Statement, statement_clear)

static gboolean read_audience(yyjson_val *list, Statement *statement, GError **error)
{
    statement->audience = g_ptr_array_new();
    gsize i, count;
    yyjson_val *origin;
    yyjson_arr_foreach (list, i, count, origin) {
        if (!yyjson_is_str(origin)) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "ledger.append: the audience are origins of ledgers");
            return FALSE;
        }
        g_ptr_array_add(statement->audience, (gpointer)yyjson_get_str(origin));
    }
    g_ptr_array_sort(statement->audience, texts_compare);
    g_ptr_array_add(statement->audience, NULL);
    return TRUE;
}

static gboolean read_items(yyjson_val *list, Statement *statement, GError **error)
{
    gsize i, count;
    yyjson_val *item;
    statement->items = g_new0(OpeningItemSpec, yyjson_arr_size(list));
    yyjson_arr_foreach (list, i, count, item) {
        const char *type, *text;
        if (!operation_params_text(item, "ledger.append", "type", TRUE, &type, error) ||
            !operation_params_text(item, "ledger.append", "bytes", TRUE, &text, error))
            return FALSE;
        gsize length;
        guchar *bytes = g_base64_decode(text, &length);
        statement->items[i] = (OpeningItemSpec){g_bytes_new_take(bytes, length), type};
        statement->n_items++;
    }
    return TRUE;
}

gboolean ledger_operation_append(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    static const char operation[] = "ledger.append";
    const char *title;
    gboolean is_public;
    yyjson_val *audience, *items;
    g_auto(Statement) statement = {0};
    if (!operation_params_text(params, operation, "title", TRUE, &title, error) ||
        !operation_params_bool(params, operation, "public", &is_public, error) ||
        !operation_params_list(params, operation, "audience", OPENING_AUDIENCE_MAX, &audience,
                               error) ||
        !operation_params_list(params, operation, "items", OPENING_ITEMS_MAX, &items, error) ||
        !read_audience(audience, &statement, error) || !read_items(items, &statement, error))
        return FALSE;
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "title", title);
    gsize length;
    char *members = yyjson_mut_write(doc, 0, &length);
    const OpeningSpec spec = {.kind = "statement",
                              .is_public = is_public,
                              .audience = (const char *const *)statement.audience->pdata,
                              .items = statement.items,
                              .n_items = statement.n_items,
                              .members = members,
                              .members_length = length};
    guint64 index;
    gboolean good = notary_append(notary, &spec, &index, error);
    free(members);
    yyjson_mut_doc_free(doc);
    if (good)
        set_index(result, index);
    return good;
}

/* What is to be destroyed is named exactly, or nothing is. */
static gboolean read_places(yyjson_val *list, guint *places, GError **error)
{
    gsize i, count;
    yyjson_val *place;
    yyjson_arr_foreach (list, i, count, place) {
        if (!yyjson_is_uint(place) || yyjson_get_uint(place) >= OPENING_ITEMS_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "ledger.erase: an item is named by its place, from 0 to %d",
                        OPENING_ITEMS_MAX - 1);
            return FALSE;
        }
        places[i] = (guint)yyjson_get_uint(place);
    }
    return TRUE;
}

gboolean ledger_operation_erase(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error)
{
    static const char operation[] = "ledger.erase";
    gint64 index;
    yyjson_val *list;
    if (!operation_params_int(params, operation, "index", &index, error) ||
        !operation_params_list(params, operation, "items", OPENING_ITEMS_MAX, &list, error))
        return FALSE;
    g_autofree guint *places = g_new(guint, yyjson_arr_size(list) + 1);
    guint64 entry;
    if (index < 0 || (list && yyjson_arr_size(list) == 0)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: no entry, or no item of it, is named", operation);
        return FALSE;
    }
    if (!read_places(list, places, error) ||
        !notary_erase(notary, (guint64)index, places, (guint)yyjson_arr_size(list), &entry, error))
        return FALSE;
    set_index(result, entry);
    return TRUE;
}

static void add_survey(yyjson_mut_doc *result, yyjson_mut_val *root, const Survey *survey)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(result, root, "witnesses");
    for (guint i = 0; i < survey->witnesses->len; i++) {
        const WitnessAsked *asked = survey->witnesses->pdata[i];
        SurveyAnswer answer = g_array_index(survey->answers, SurveyAnswer, i);
        yyjson_mut_val *witness = yyjson_mut_arr_add_obj(result, list);
        yyjson_mut_obj_add_strcpy(result, witness, "name", asked->name);
        yyjson_mut_obj_add_str(result, witness, "answer", survey_answer_name(answer));
        if (answer <= SURVEY_AHEAD)
            yyjson_mut_obj_add_uint(result, witness, "size", asked->size);
        jsontext_add(result, witness, "failure", asked->failure);
    }
    jsontext_add(result, root, "obstacle", survey->obstacle);
}

gboolean ledger_operation_resume(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    static const char operation[] = "ledger.resume";
    ResumeOptions options = {NULL};
    g_auto(ResumeReport) report = {0};
    if (!operation_params_text(params, operation, "from", FALSE, &options.from, error) ||
        !operation_params_text(params, operation, "token", FALSE, &options.token, error) ||
        !operation_params_text(params, operation, "recovery_path", FALSE, &options.recovery_path,
                               error) ||
        !operation_params_bool(params, operation, "nothing_was_signed", &options.nothing_was_signed,
                               error) ||
        !resume_ledger(notary, &options, &report, error))
        return FALSE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(result);
    yyjson_mut_obj_add_bool(result, root, "released", report.released);
    yyjson_mut_obj_add_strcpy(result, root, "origin", report.origin);
    yyjson_mut_obj_add_uint(result, root, "size", report.size);
    yyjson_mut_obj_add_uint(result, root, "regained", report.regain.size - report.regain.before);
    yyjson_mut_obj_add_uint(result, root, "openings", report.regain.openings);
    jsontext_add(result, root, "archive", report.archive);
    yyjson_mut_obj_add_bool(result, root, "stated", report.is_stated);
    add_survey(result, root, &report.survey);
    return TRUE;
}

gboolean ledger_operation_export(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    static const char operation[] = "key.export";
    const char *passphrase, *vkeys[LEDGER_KEYS] = {NULL};
    if (!operation_params_text(params, operation, "passphrase", FALSE, &passphrase, error) ||
        !operation_params_text(params, operation, "ledger", TRUE, &vkeys[LEDGER_KEY], error) ||
        !operation_params_text(params, operation, "cosign", TRUE, &vkeys[LEDGER_COSIGN_KEY], error))
        return FALSE;
    g_autofree char *text = notary_export(notary, passphrase, vkeys, error);
    jsontext_add(result, yyjson_mut_doc_get_root(result), "text", text);
    return text != NULL;
}

/* One of @roles, the bits of those that will do. */
static gboolean get_role(yyjson_val *params, const char *operation, guint roles,
                         KeyringRole *ret_role, GError **error)
{
    const char *name;
    if (!operation_params_text(params, operation, "role", TRUE, &name, error))
        return FALSE;
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
        if ((roles & 1u << role) && g_str_equal(name, keyring_role_name(role))) {
            *ret_role = role;
            return TRUE;
        }
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: no key has the role \"%s\"",
                operation, name);
    return FALSE;
}

#define ANNOUNCED_BY_LEDGER (1u << KEYRING_LEDGER | 1u << KEYRING_COSIGN)
#define ANNOUNCED_BY_CARD   (1u << KEYRING_MESSAGE | 1u << KEYRING_PARCEL)

gboolean ledger_operation_rotate(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    KeyringRole role;
    guint64 index;
    if (!get_role(params, "key.rotate", ANNOUNCED_BY_LEDGER | ANNOUNCED_BY_CARD, &role, error))
        return FALSE;
    if (ANNOUNCED_BY_CARD & 1u << role) {
        g_autofree char *key = NULL;
        if (!notary_renew(notary, role, &key, error))
            return FALSE;
        yyjson_mut_obj_add_strcpy(result, yyjson_mut_doc_get_root(result), "key", key);
        return TRUE;
    }
    if (!notary_rotate(notary, role, &index, error))
        return FALSE;
    set_index(result, index);
    return TRUE;
}

gboolean ledger_operation_recover(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                  GError **error)
{
    static const char operation[] = "key.recover";
    KeyringRole role;
    const char *path;
    gint64 trusted = 0;
    guint64 index;
    gboolean stolen = yyjson_obj_get(params, "trusted_size") != NULL;
    if (!get_role(params, operation, ANNOUNCED_BY_LEDGER, &role, error) ||
        !operation_params_text(params, operation, "recovery_path", TRUE, &path, error) ||
        (stolen && !operation_params_int(params, operation, "trusted_size", &trusted, error)))
        return FALSE;
    if (trusted < 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: no ledger has a size below 0",
                    operation);
        return FALSE;
    }
    if (!notary_recover(notary, role, path, stolen ? (guint64)trusted : G_MAXUINT64, &index, error))
        return FALSE;
    set_index(result, index);
    return TRUE;
}

gboolean ledger_operation_seal(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error)
{
    const char *passphrase;
    return operation_params_text(params, "key.seal", "passphrase", FALSE, &passphrase, error) &&
           notary_seal(notary, passphrase, error);
}

gboolean ledger_operation_unlock(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                 GError **error)
{
    const char *passphrase;
    return operation_params_text(params, "key.unlock", "passphrase", TRUE, &passphrase, error) &&
           notary_unlock(notary, passphrase, error);
}
