/* release_bounds.c - the operations on what never blocks, and on what blocks without being asked
 * for again. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "node/operation_params.h"
#include "node/release_act.h"
#include "shield/release.h"

#define STANDING_DAILY_MAX 1000000
#define STANDING_AHEAD_US  (G_GINT64_CONSTANT(366) * 86400 * G_USEC_PER_SEC)

/* --- the never-block list ----------------------------------------------------------------------
 */

static gboolean apply_never_add(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                                yyjson_mut_val *root, GError **error)
{
    yyjson_mut_obj_add_str(doc, root, "step", "added");
    yyjson_mut_obj_add_str(doc, root, "value", act->never.value);
    jsontext_add(doc, root, "reason", act->never.reason);
    return releases_add_never(tx, &act->never, error);
}

static gboolean apply_never_remove(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                                   yyjson_mut_val *root, GError **error)
{
    yyjson_mut_obj_add_str(doc, root, "step", "removed");
    yyjson_mut_obj_add_str(doc, root, "value", act->never.value);
    return releases_remove_never(tx, act->never.value, error);
}

static gboolean change_never(Notary *notary, yyjson_val *params, const char *operation,
                             gboolean add, yyjson_mut_doc *result, GError **error)
{
    const char *text, *by, *reason;
    g_autofree char *canonical = NULL;
    if (!release_act_text(params, operation, "value", TRUE, &text, error) ||
        !release_act_text(params, operation, "by", TRUE, &by, error) ||
        !release_act_text(params, operation, "reason", FALSE, &reason, error))
        return FALSE;
    ObservableKind kind = observable_classify(text, strlen(text), &canonical);
    if (kind != OBSERVABLE_DOMAIN && kind != OBSERVABLE_IPV4 && kind != OBSERVABLE_IPV6 &&
        kind != OBSERVABLE_CIDR) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no address, prefix or domain",
                    text);
        return FALSE;
    }
    ReleaseAct act = {.kind = "never-block.changed",
                      .apply = add ? apply_never_add : apply_never_remove,
                      .by = by,
                      .in_force = -1,
                      .never = {.kind = (char *)observable_kind_name(kind),
                                .value = canonical,
                                .by = (char *)by,
                                .reason = (char *)reason,
                                .made = timestamp_now()}};
    if (!release_act_perform(notary, &act, error))
        return FALSE;
    yyjson_mut_obj_add_strcpy(result, yyjson_mut_doc_get_root(result), "value", canonical);
    return TRUE;
}

gboolean release_operation_never_add(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                     GError **error)
{
    return change_never(notary, params, "never-block.add", TRUE, result, error);
}

gboolean release_operation_never_remove(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                        GError **error)
{
    return change_never(notary, params, "never-block.remove", FALSE, result, error);
}

/* --- standing approvals ------------------------------------------------------------------------
 */

static gboolean apply_standing_add(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                                   yyjson_mut_val *root, GError **error)
{
    ReleasesStanding *standing = &act->standing;
    char time[TIMESTAMP_MAX];
    if (!releases_next_standing(tx, &standing->number, error) ||
        !releases_add_standing(tx, standing, error))
        return FALSE;
    yyjson_mut_obj_add_sint(doc, root, "standing", standing->number);
    yyjson_mut_obj_add_str(doc, root, "source", standing->source);
    jsontext_add(doc, root, "of_kind", standing->kind);
    yyjson_mut_obj_add_int(doc, root, "min_confidence", standing->min_confidence);
    yyjson_mut_obj_add_uint(doc, root, "daily", standing->daily);
    yyjson_mut_obj_add_strcpy(doc, root, "until", timestamp_format(time, standing->until, 6));
    return TRUE;
}

static gboolean check_standing(const ReleasesStanding *standing, gint64 daily, GError **error)
{
    ObservableKind kind =
        standing->kind ? observable_kind_from_name(standing->kind) : OBSERVABLE_NONE;
    const char *wrong = NULL;
    if (standing->kind && (kind == OBSERVABLE_NONE || kind == OBSERVABLE_OTHER))
        wrong = "there is no such kind of value";
    else if (standing->min_confidence < 0 || standing->min_confidence > 100)
        wrong = "confidence is 0 to 100";
    else if (daily < 1 || daily > STANDING_DAILY_MAX)
        wrong = "a day's bound is 1 to " G_STRINGIFY(STANDING_DAILY_MAX) " values";
    else if (standing->until <= standing->made ||
             standing->until > standing->made + STANDING_AHEAD_US)
        wrong = "it ends later than now, and within a year";
    if (wrong)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "standing approval: %s", wrong);
    return !wrong;
}

gboolean release_operation_standing_add(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                        GError **error)
{
    static const char operation[] = "standing.add";
    const char *source, *kind, *by;
    gint64 confidence, daily, until;
    if (!release_act_text(params, operation, "source", TRUE, &source, error) ||
        !release_act_text(params, operation, "kind", FALSE, &kind, error) ||
        !release_act_text(params, operation, "by", TRUE, &by, error) ||
        !operation_params_int(params, operation, "min_confidence", &confidence, error) ||
        !operation_params_int(params, operation, "daily", &daily, error) ||
        !operation_params_int(params, operation, "until", &until, error))
        return FALSE;
    ReleaseAct act = {.kind = "standing.added",
                      .apply = apply_standing_add,
                      .by = by,
                      .in_force = -1,
                      .standing = {.source = (char *)source,
                                   .kind = (char *)kind,
                                   .min_confidence = (int)CLAMP(confidence, -1, 101),
                                   .daily = (guint64)MAX(daily, 0),
                                   .made = timestamp_now(),
                                   .until = until,
                                   .by = (char *)by}};
    if (!check_standing(&act.standing, daily, error) || !release_act_perform(notary, &act, error))
        return FALSE;
    yyjson_mut_obj_add_sint(result, yyjson_mut_doc_get_root(result), "standing",
                            act.standing.number);
    return TRUE;
}

static gboolean apply_standing_remove(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                                      yyjson_mut_val *root, GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "standing", act->standing.number);
    return releases_remove_standing(tx, act->standing.number, error);
}

static gboolean apply_standing_resume(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                                      yyjson_mut_val *root, GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "standing", act->standing.number);
    return releases_resume_standing(tx, act->standing.number, error);
}

static gboolean change_standing(Notary *notary, yyjson_val *params, const char *operation,
                                ReleaseAct *act, GError **error)
{
    return operation_params_int(params, operation, "standing", &act->standing.number, error) &&
           release_act_text(params, operation, "by", TRUE, &act->by, error) &&
           release_act_perform(notary, act, error);
}

gboolean release_operation_standing_remove(Notary *notary, yyjson_val *params,
                                           yyjson_mut_doc *result, GError **error)
{
    ReleaseAct act = {.kind = "standing.removed", .apply = apply_standing_remove, .in_force = -1};
    return change_standing(notary, params, "standing.remove", &act, error);
}

gboolean release_operation_standing_resume(Notary *notary, yyjson_val *params,
                                           yyjson_mut_doc *result, GError **error)
{
    ReleaseAct act = {.kind = "standing.resumed", .apply = apply_standing_resume, .in_force = -1};
    return change_standing(notary, params, "standing.resume", &act, error);
}

static gboolean apply_use(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                          GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "standing", act->standing.number);
    yyjson_mut_obj_add_uint(doc, root, "values", act->count);
    return releases_check_standing(tx, act->standing.number, act->now, error) &&
           releases_use_standing(tx, act->standing.number, release_day(act->now), act->count,
                                 error);
}

static gboolean apply_standing_release(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                                       yyjson_mut_val *root, GError **error)
{
    ReleasesRow *row = act->row;
    for (guint i = 0; i < act->n_uses; i++)
        if (!releases_check_standing(tx, act->uses[i].standing, act->now, error))
            return FALSE;
    if (!releases_next(tx, &row->number, error) || !releases_add(tx, row, act->content, error))
        return FALSE;
    yyjson_mut_obj_add_sint(doc, root, "standing", row->standing);
    return release_act_enforce(tx, act, doc, root, error);
}

gboolean release_operation_apply_standing(Notary *notary, ReleasesRow *row, GBytes *content,
                                          const ReleaseOperationUse *uses, guint n_uses,
                                          GError **error)
{
    /* What was counted and then did not come into force counts all the same: the bound holds. */
    for (guint i = 0; i < n_uses; i++) {
        ReleaseAct use = {.kind = "standing.used",
                          .apply = apply_use,
                          .now = row->made,
                          .in_force = row->base,
                          .standing = {.number = uses[i].standing},
                          .count = uses[i].values};
        if (!release_act_perform(notary, &use, error))
            return FALSE;
    }
    ReleaseAct act = {.kind = "release.in-force",
                      .apply = apply_standing_release,
                      .now = row->made,
                      .in_force = row->base,
                      .row = row,
                      .content = content,
                      .uses = uses,
                      .n_uses = n_uses};
    return release_act_perform(notary, &act, error);
}
