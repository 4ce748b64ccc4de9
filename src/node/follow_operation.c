#include "node/follow_operation.h"

#include <string.h>

#include "node/follow_run.h"
#include "node/operation_params.h"
#include "store/followed.h"

#define MARKS_MAX 1000 /* in one call */

static gboolean refuse(GError **error, const char *why)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "follow: %s", why);
    return FALSE;
}

gboolean follow_operation_add(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "follow.add";
    Followed row = {0};
    const struct {
        const char *name;
        gboolean required;
        char **text;
    } texts[] = {
        {"name", TRUE, &row.name},        {"url", TRUE, &row.url},
        {"remote", FALSE, &row.remote},   {"collection", TRUE, &row.collection},
        {"source", TRUE, &row.source},    {"user", FALSE, &row.user},
        {"reading", FALSE, &row.reading},
    };
    gint64 kind, level, every, auth, since;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (!operation_params_text(params, operation, texts[i].name, texts[i].required,
                                   (const char **)texts[i].text, error))
            return FALSE;
    if (!operation_params_int(params, operation, "kind", &kind, error) ||
        !operation_params_int(params, operation, "level", &level, error) ||
        !operation_params_int(params, operation, "every", &every, error) ||
        !operation_params_int(params, operation, "auth", &auth, error) ||
        !operation_params_int(params, operation, "since", &since, error))
        return FALSE;
    if (kind < FOLLOWED_TAXII || kind > FOLLOWED_LIST || level < OBJECT_LENIENT ||
        level > OBJECT_STRICT || auth < FOLLOWED_OPEN || auth > FOLLOWED_BEARER || every < 1 ||
        every > FOLLOWED_EVERY_MAX)
        return refuse(error, "a number is out of its bounds");
    row.kind = (FollowedKind)kind;
    row.level = (ObjectLevel)level;
    row.every = (guint)every;
    row.auth = (FollowedAuth)auth;
    row.since = since;
    return follow_run_may_send(&row, error) && followed_add(tx, &row, error);
}

gboolean follow_operation_remove(StoreTx *tx, yyjson_val *params, GError **error)
{
    const char *name;
    return operation_params_text(params, "follow.remove", "name", TRUE, &name, error) &&
           followed_remove(tx, name, error);
}

gboolean follow_operation_pause(StoreTx *tx, yyjson_val *params, GError **error)
{
    const char *name;
    gboolean paused;
    return operation_params_text(params, "follow.pause", "name", TRUE, &name, error) &&
           operation_params_bool(params, "follow.pause", "paused", &paused, error) &&
           followed_pause(tx, name, paused, error);
}

gboolean follow_operation_mark(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "follow.mark";
    gint64 number;
    yyjson_val *list, *pair;
    size_t at, size;
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    g_autoptr(GPtrArray) marks = g_ptr_array_new();
    if (!operation_params_int(params, operation, "number", &number, error) ||
        !operation_params_list(params, operation, "marks", MARKS_MAX, &list, error))
        return FALSE;
    yyjson_arr_foreach (list, at, size, pair) {
        const char *part = yyjson_get_str(yyjson_arr_get(pair, 0));
        const char *mark = yyjson_get_str(yyjson_arr_get(pair, 1));
        if (!part)
            return refuse(error, "a mark is [part, text]");
        g_ptr_array_add(parts, (gpointer)part);
        g_ptr_array_add(marks, (gpointer)mark);
    }
    return followed_mark(tx, number, (const char *const *)parts->pdata,
                         (const char *const *)marks->pdata, parts->len, error);
}

gboolean follow_operation_finish(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "follow.finish";
    Followed row = {0};
    const struct {
        const char *name;
        gint64 *number;
    } numbers[] = {
        {"number", &row.number},
        {"started", &row.started},
        {"finished", &row.finished},
        {"due", &row.due},
    };
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (!operation_params_int(params, operation, numbers[i].name, numbers[i].number, error))
            return FALSE;
    if (!operation_params_bool(params, operation, "more", &row.more, error) ||
        !operation_params_text(params, operation, "failure", FALSE, (const char **)&row.failure,
                               error) ||
        !operation_params_text(params, operation, "remark", FALSE, (const char **)&row.remark,
                               error))
        return FALSE;
    for (FollowedCount i = 0; i < FOLLOWED_COUNTS; i++) {
        gint64 count;
        if (!operation_params_int(params, operation, followed_count_name(i), &count, error))
            return FALSE;
        row.last[i] = (guint64)MAX(count, 0);
    }
    return followed_finish(tx, &row, error);
}
