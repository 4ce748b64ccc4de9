#include "node/release_operation.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "node/operation_params.h"
#include "node/release_act.h"
#include "node/releaser.h"
#include "shield/release.h"

/* One person, however the name is written. */
static gboolean is_same_person(const char *a, const char *b)
{
    const char *const names[] = {a, b};
    char *folded[2];
    for (guint i = 0; i < 2; i++) {
        g_autofree char *normal = g_utf8_normalize(names[i], -1, G_NORMALIZE_ALL);
        g_auto(GStrv) words = g_strsplit_set(normal ? normal : names[i], " \t", -1);
        g_autoptr(GString) joined = g_string_new(NULL);
        for (guint j = 0; words[j]; j++)
            g_string_append(joined, words[j]);
        folded[i] = g_utf8_casefold(joined->str, -1);
    }
    gboolean same = g_str_equal(folded[0], folded[1]);
    g_free(folded[0]);
    g_free(folded[1]);
    return same;
}

/* --- what a release changes --------------------------------------------------------------------
 */

typedef struct {
    const Protect *ground;
    guint64 dangerous;
} Judging;

static void judge(gpointer user, const ReleaseEntry *entry)
{
    Judging *judging = user;
    judging->dangerous += release_danger(judging->ground, entry->kind, entry->value) != NULL;
}

static void count(gpointer user, const ReleaseEntry *entry)
{
    *(guint64 *)user += 1;
}

static Release *read_release(Store *store, gint64 number, GError **error)
{
    g_autoptr(GBytes) content = releases_content(store, number, error);
    return content ? release_read(content, error) : NULL;
}

/* Says in @result of which AS numbers it is not known what lies in them. */
static void add_unknown(yyjson_mut_doc *result, const GPtrArray *unknown)
{
    yyjson_mut_val *list =
        yyjson_mut_obj_add_arr(result, yyjson_mut_doc_get_root(result), "unresolved");
    for (guint i = 0; i < unknown->len; i++) {
        const ReleaserUnknown *each = unknown->pdata[i];
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(result, list);
        yyjson_mut_obj_add_uint(result, row, "as", each->as);
        yyjson_mut_obj_add_strcpy(result, row, "of", each->whose);
    }
}

/* Of what @after blocks beyond release @before (0: nothing). */
static gboolean count_dangerous(Notary *notary, const Config *config, gint64 before,
                                const Release *after, yyjson_mut_doc *result,
                                guint64 *ret_dangerous, GError **error)
{
    Store *store = notary_store(notary);
    g_autoptr(GPtrArray) unknown = NULL;
    g_autoptr(Protect) ground = releaser_ground(config, store, &unknown, error);
    g_autoptr(Release) old = ground && before > 0 ? read_release(store, before, error) : NULL;
    if (!ground || (before > 0 && !old))
        return FALSE;
    Judging judging = {.ground = ground};
    release_compare(old, after, judge, NULL, &judging);
    add_unknown(result, unknown);
    *ret_dangerous = judging.dangerous;
    return TRUE;
}

/* --- proposing ---------------------------------------------------------------------------------
 */

/* What @after changes of what blocks now; more than [shield] change_limit only for a reason, which
 * stays in @row only then. */
static gboolean count_changes(Notary *notary, const Config *config, const Release *after,
                              ReleasesRow *row, GError **error)
{
    ReleaseLimit limit;
    if (!releaser_limit(config, &limit, error))
        return FALSE;
    g_autoptr(Releaser) releaser =
        releaser_open_parts(notary_node(notary), config, notary_store(notary), row->made, error);
    if (!releaser)
        return FALSE;
    if (releaser->number != row->base) {
        release_act_refuse_overtaken(releaser->number, error);
        return FALSE;
    }
    g_autoptr(Release) before = releaser_in_force(releaser);
    guint64 allowed = release_limit_values(&limit, release_count_values(before));
    row->added = row->removed = 0;
    release_compare(before, after, count, NULL, &row->added);
    release_compare(before, after, NULL, count, &row->removed);
    if (row->added + row->removed <= allowed) {
        row->over_limit = NULL;
        return TRUE;
    }
    if (row->over_limit)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%" G_GUINT64_FORMAT " values would change, more than the limit of "
                "%" G_GUINT64_FORMAT ": nothing is proposed (--over-limit REASON)",
                row->added + row->removed, allowed);
    return FALSE;
}

static gboolean apply_propose(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                              yyjson_mut_val *root, GError **error)
{
    ReleasesRow *row = act->row;
    if (!releases_next(tx, &row->number, error) || !releases_add(tx, row, act->content, error))
        return FALSE;
    release_act_add_release(row, doc, root);
    release_act_add_changes(row, doc, root);
    jsontext_add(doc, root, "selection", row->selection);
    jsontext_add(doc, root, "over_limit", row->over_limit);
    return TRUE;
}

/* The candidate that the caller laid down. */
static GBytes *take_file(Notary *notary, const char *name, GError **error)
{
    g_autofree char *path =
        g_build_filename(notary_node(notary), RELEASE_OPERATION_DIRECTORY, name, NULL);
    g_autoptr(GError) failure = NULL;
    GStatBuf status;
    char *data;
    gsize length;
    if (!g_str_has_prefix(name, "candidate.") || strchr(name, '/')) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "release.propose: \"file\" is candidate.*");
        return NULL;
    }
    if (g_stat(path, &status) == 0 && (guint64)status.st_size > RELEASE_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%s is too large", path);
        return NULL;
    }
    if (g_file_get_contents(path, &data, &length, &failure))
        return g_bytes_new_take(data, length);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s", failure->message);
    return NULL;
}

gboolean release_operation_propose(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error)
{
    static const char operation[] = "release.propose";
    const char *file, *by, *selection, *over_limit;
    gint64 base;
    if (!operation_params_text(params, operation, "file", TRUE, &file, error) ||
        !release_act_text(params, operation, "by", TRUE, &by, error) ||
        !release_act_text(params, operation, "selection", FALSE, &selection, error) ||
        !release_act_text(params, operation, "over_limit", FALSE, &over_limit, error) ||
        !operation_params_int(params, operation, "base", &base, error))
        return FALSE;
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    g_autoptr(GBytes) content = config ? take_file(notary, file, error) : NULL;
    g_autoptr(Release) release = content ? release_read(content, error) : NULL;
    ReleasesRow row = {.base = base,
                       .made = timestamp_now(),
                       .by = (char *)by,
                       .selection = (char *)selection,
                       .over_limit = (char *)over_limit};
    if (!release || !count_changes(notary, config, release, &row, error) ||
        !count_dangerous(notary, config, base, release, result, &row.dangerous, error))
        return FALSE;
    row.entries = release_size(release);
    row.values = release_count_values(release);
    release_digest(release, row.digest);
    ReleaseAct act = {.kind = "release.proposed",
                      .apply = apply_propose,
                      .by = by,
                      .in_force = base,
                      .row = &row,
                      .content = content};
    if (!release_act_perform(notary, &act, error))
        return FALSE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(result);
    yyjson_mut_obj_add_sint(result, root, "release", row.number);
    yyjson_mut_obj_add_uint(result, root, "dangerous", row.dangerous);
    return TRUE;
}

/* --- approving ---------------------------------------------------------------------------------
 */

static gboolean refuse_release(gint64 number, const char *why, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "release %" G_GINT64_FORMAT " %s",
                number, why);
    return FALSE;
}

/* Was it made against what is in force, or against what only standing approvals have added to
 * since? They add it again. */
static gboolean is_current(Store *store, const ReleasesRow *row, gint64 in_force,
                           gboolean *ret_current, GError **error)
{
    while (in_force != row->base && in_force > row->base) {
        g_autoptr(ReleasesRow) later = releases_get(store, in_force, error);
        if (!later)
            return FALSE;
        if (later->standing == 0)
            break;
        in_force = later->base;
    }
    *ret_current = in_force == row->base;
    return TRUE;
}

static gboolean apply_approve(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                              yyjson_mut_val *root, GError **error)
{
    g_autoptr(ReleasesRow) now = releases_get_tx(tx, act->row->number, error);
    if (!now)
        return FALSE;
    if (now->since > 0 || now->approvers[act->place])
        return refuse_release(now->number, "was approved meanwhile", error);
    release_act_add_release(act->row, doc, root);
    yyjson_mut_obj_add_bool(doc, root, "second", act->is_second);
    if (act->is_own)
        yyjson_mut_obj_add_bool(doc, root, "own", TRUE);
    return releases_approve(tx, now->number, act->place, act->by, act->now, error);
}

/* Release @row as it may be approved now. */
static gboolean check_release(Notary *notary, const Config *config, ReleasesRow *row,
                              gint64 in_force, yyjson_mut_doc *result, GError **error)
{
    gboolean current;
    if (row->in_force)
        return refuse_release(row->number, "is in force", error);
    if (row->since > 0)
        return refuse_release(row->number, "was in force before: `concert shield rollback NUMBER`",
                              error);
    if (!is_current(notary_store(notary), row, in_force, &current, error))
        return FALSE;
    if (!current)
        return refuse_release(row->number,
                              "was made before another came into force: `concert shield propose`",
                              error);
    g_autoptr(Release) release = read_release(notary_store(notary), row->number, error);
    return release &&
           count_dangerous(notary, config, in_force, release, result, &row->dangerous, error);
}

/* Nobody approves their own act, unless [shield] own_approval says that nobody else is there. */
static gboolean check_person(const Config *config, const ReleasesRow *row, const char *by,
                             gboolean *ret_own, GError **error)
{
    const char *earlier = row->approvers[0];
    const char *organisation = config_string(config, SETTING_NODE_ORGANISATION);
    *ret_own = is_same_person(row->by, by);
    if (config_bool(config, SETTING_SHIELD_OWN_APPROVAL))
        return TRUE;
    /* It is what signs unless somebody is named: who proposed a release could approve it by leaving
     * out the name. */
    if (organisation && is_same_person(organisation, by)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "%s is the organisation: say which person of it approves release "
                    "%" G_GINT64_FORMAT " (--as NAME)",
                    organisation, row->number);
        return FALSE;
    }
    if (*ret_own) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "%s has proposed release %" G_GINT64_FORMAT
                    " and does not approve it: another person does (--as NAME)",
                    row->by, row->number);
        return FALSE;
    }
    if (earlier && is_same_person(row->by, earlier))
        return refuse_release(row->number,
                              "was approved by who proposed it: `concert shield propose`", error);
    return TRUE;
}

/* Keeps the approval of @by, unless it is there already, or all that are needed are: then the
 * release only did not come into force with the last one. */
static gboolean approve(Notary *notary, ReleasesRow *row, const char *by, gboolean is_own,
                        gint64 now, GError **error)
{
    gboolean again = row->approvers[0] && is_same_person(row->approvers[0], by);
    if (row->approvers[1] || (again && row->dangerous == 0))
        return TRUE;
    if (again) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "%s has approved release %" G_GINT64_FORMAT
                    " already: what is dangerous needs another person, too",
                    row->approvers[0], row->number);
        return FALSE;
    }
    ReleaseAct act = {.kind = "release.approved",
                      .apply = apply_approve,
                      .by = by,
                      .now = now,
                      .in_force = -1,
                      .row = row,
                      .place = row->approvers[0] ? 1 : 0,
                      .is_second = row->approvers[0] != NULL,
                      .is_own = is_own};
    if (!release_act_perform(notary, &act, error))
        return FALSE;
    row->approvers[act.place] = g_strdup(by);
    return TRUE;
}

static gboolean enforce(Notary *notary, ReleasesRow *row, gint64 in_force, gint64 now,
                        GError **error)
{
    ReleaseAct act = {.kind = "release.in-force",
                      .apply = release_act_enforce,
                      .now = now,
                      .in_force = in_force,
                      .row = row};
    return release_act_perform(notary, &act, error);
}

gboolean release_operation_approve(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error)
{
    static const char operation[] = "release.approve";
    Store *store = notary_store(notary);
    const char *by;
    gboolean is_own;
    gint64 number, in_force, now = timestamp_now();
    if (!operation_params_int(params, operation, "release", &number, error) ||
        !release_act_text(params, operation, "by", TRUE, &by, error) ||
        !releases_in_force(store, &in_force, error))
        return FALSE;
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    g_autoptr(ReleasesRow) row = config ? releases_get(store, number, error) : NULL;
    if (!row || !check_release(notary, config, row, in_force, result, error) ||
        !check_person(config, row, by, &is_own, error) ||
        !approve(notary, row, by, is_own, now, error))
        return FALSE;
    gboolean complete = row->dangerous == 0 || row->approvers[1];
    if (complete && !enforce(notary, row, in_force, now, error))
        return FALSE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(result);
    yyjson_mut_obj_add_bool(result, root, "in_force", complete);
    yyjson_mut_obj_add_bool(result, root, "own", is_own);
    yyjson_mut_obj_add_uint(result, root, "dangerous", row->dangerous);
    return TRUE;
}

/* --- going back --------------------------------------------------------------------------------
 */

static gboolean apply_rollback(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                               yyjson_mut_val *root, GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "from", act->in_force);
    if (act->row)
        release_act_add_release(act->row, doc, root);
    else
        yyjson_mut_obj_add_sint(doc, root, "release", 0);
    return releases_enforce(tx, act->target, act->now, error) && releases_pause_standing(tx, error);
}

/* The newest release before @in_force that was in force; 0: there is none. */
static gboolean find_previous(Store *store, gint64 in_force, gint64 *ret_number, GError **error)
{
    g_autoptr(GPtrArray) list = releases_list(store, 0, error);
    if (!list)
        return FALSE;
    *ret_number = 0;
    for (guint i = 0; i < list->len; i++) {
        const ReleasesRow *row = list->pdata[i];
        if (row->number < in_force && row->since > 0 && row->has_content) {
            *ret_number = row->number;
            break;
        }
    }
    return TRUE;
}

gboolean release_operation_rollback(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                    GError **error)
{
    static const char operation[] = "release.rollback";
    Store *store = notary_store(notary);
    const char *by;
    gint64 number, in_force;
    gboolean named = yyjson_obj_get(params, "release") != NULL;
    if (!release_act_text(params, operation, "by", TRUE, &by, error) ||
        !releases_in_force(store, &in_force, error) ||
        !(named ? operation_params_int(params, operation, "release", &number, error)
                : find_previous(store, in_force, &number, error)))
        return FALSE;
    if (!named && in_force == 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "no release is in force: `concert shield rollback NUMBER` goes back to "
                            "one that was");
        return FALSE;
    }
    g_autoptr(ReleasesRow) row = number != 0 ? releases_get(store, number, error) : NULL;
    if (number != 0 && !row)
        return FALSE;
    if (number == in_force)
        return refuse_release(number, "is in force", error);
    if (row && (row->since == 0 || !row->has_content))
        return refuse_release(number,
                              row->since == 0 ? "never was in force"
                                              : "is too old, its content is not kept any more",
                              error);
    ReleaseAct act = {.kind = "release.rolled-back",
                      .apply = apply_rollback,
                      .by = by,
                      .now = timestamp_now(),
                      .in_force = in_force,
                      .row = row,
                      .target = number};
    if (!release_act_perform(notary, &act, error))
        return FALSE;
    yyjson_mut_obj_add_sint(result, yyjson_mut_doc_get_root(result), "release", number);
    return TRUE;
}
