#include "node/release_operation.h"

#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "node/operation_params.h"
#include "node/releaser.h"
#include "shield/release.h"

#define STANDING_DAILY_MAX 1000000
#define STANDING_AHEAD_US  (G_GINT64_CONSTANT(366) * 86400 * G_USEC_PER_SEC)

/* --- acts --------------------------------------------------------------------------------------
 */

/* What a person, or a standing approval, does: it changes the store and says so in the ledger. */
typedef struct Act Act;
struct Act {
    const char *kind;
    /* Does it, and adds to the entry what it is about. May run twice. */
    gboolean (*apply)(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                      GError **error);
    const char *by;
    gint64 now;
    gint64 in_force; /* what has to be in force still; -1: anything */

    ReleasesRow *row; /* the release */
    GBytes *content;
    guint place;
    gboolean is_second;
    gint64 target; /* to go back to */
    ReleasesNever never;
    ReleasesStanding standing;
    guint64 count;

    char *members; /* of the entry */
};

static gboolean check_in_force(StoreTx *tx, const Act *act, GError **error)
{
    gint64 number;
    if (act->in_force < 0)
        return TRUE;
    if (!releases_in_force_tx(tx, &number, error))
        return FALSE;
    if (number == act->in_force)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "release %" G_GINT64_FORMAT " came into force meanwhile: try again", number);
    return FALSE;
}

static gboolean make_entry(StoreTx *tx, gpointer user, OpeningSpec *ret_spec, GError **error)
{
    Act *act = user;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    if (act->by)
        yyjson_mut_obj_add_str(doc, root, "by", act->by);
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

static gboolean perform(Notary *notary, Act *act, GError **error)
{
    guint64 index;
    gboolean good = notary_append_made(notary, make_entry, add_nothing, act, &index, error);
    g_clear_pointer(&act->members, g_free);
    return good;
}

/* A name, reason or source. */
static gboolean read_text(yyjson_val *params, const char *operation, const char *name,
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

static void add_release(const ReleasesRow *row, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_obj_add_sint(doc, root, "release", row->number);
    yyjson_mut_obj_add_strcpy(doc, root, "digest", sha256_hex(row->digest, hex));
    yyjson_mut_obj_add_uint(doc, root, "values", row->values);
    yyjson_mut_obj_add_uint(doc, root, "entries", row->entries);
}

static void add_changes(const ReleasesRow *row, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    yyjson_mut_obj_add_uint(doc, root, "added", row->added);
    yyjson_mut_obj_add_uint(doc, root, "removed", row->removed);
    yyjson_mut_obj_add_uint(doc, root, "dangerous", row->dangerous);
}

/* --- what is dangerous in a release ------------------------------------------------------------
 */

typedef struct {
    const Protect *ground;
    guint64 added, dangerous;
} Judging;

static void judge(gpointer user, const ReleaseEntry *entry)
{
    Judging *judging = user;
    judging->added++;
    judging->dangerous += release_danger(judging->ground, entry->kind, entry->value) != NULL;
}

static Release *read_release(Store *store, gint64 number, GError **error)
{
    g_autoptr(GBytes) content = releases_content(store, number, error);
    return content ? release_read(content, error) : NULL;
}

/* Of what @after blocks beyond release @before (0: nothing). */
static gboolean count_dangerous(Notary *notary, gint64 before, const Release *after,
                                guint64 *ret_dangerous, GError **error)
{
    Store *store = notary_store(notary);
    g_autofree char *path = g_build_filename(notary_node(notary), "concert.conf", NULL);
    g_autoptr(Config) config = config_load(path, error);
    g_autoptr(Protect) ground = config ? releaser_ground(config, store, error) : NULL;
    g_autoptr(Release) old = ground && before > 0 ? read_release(store, before, error) : NULL;
    if (!ground || (before > 0 && !old))
        return FALSE;
    Judging judging = {.ground = ground};
    release_compare(old, after, judge, NULL, &judging);
    *ret_dangerous = judging.dangerous;
    return TRUE;
}

/* --- proposing ---------------------------------------------------------------------------------
 */

static gboolean apply_propose(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                              GError **error)
{
    ReleasesRow *row = act->row;
    if (!releases_next(tx, &row->number, error) || !releases_add(tx, row, act->content, error))
        return FALSE;
    add_release(row, doc, root);
    add_changes(row, doc, root);
    if (row->selection)
        yyjson_mut_obj_add_str(doc, root, "selection", row->selection);
    if (row->over_limit)
        yyjson_mut_obj_add_str(doc, root, "over_limit", row->over_limit);
    return TRUE;
}

/* The candidate that the caller laid down. */
static GBytes *take_file(Notary *notary, const char *name, GError **error)
{
    g_autofree char *path =
        g_build_filename(notary_node(notary), RELEASE_OPERATION_DIRECTORY, name, NULL);
    g_autoptr(GError) failure = NULL;
    char *data;
    gsize length;
    if (!g_str_has_prefix(name, "candidate.") || strchr(name, '/')) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "release.propose: \"file\" is candidate.*");
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
    gint64 base, added, removed;
    if (!operation_params_text(params, operation, "file", TRUE, &file, error) ||
        !read_text(params, operation, "by", TRUE, &by, error) ||
        !read_text(params, operation, "selection", FALSE, &selection, error) ||
        !read_text(params, operation, "over_limit", FALSE, &over_limit, error) ||
        !operation_params_int(params, operation, "base", &base, error) ||
        !operation_params_int(params, operation, "added", &added, error) ||
        !operation_params_int(params, operation, "removed", &removed, error))
        return FALSE;
    g_autoptr(GBytes) content = take_file(notary, file, error);
    g_autoptr(Release) release = content ? release_read(content, error) : NULL;
    ReleasesRow row = {.base = base,
                       .made = timestamp_now(),
                       .by = (char *)by,
                       .selection = (char *)selection,
                       .over_limit = (char *)over_limit,
                       .added = (guint64)MAX(added, 0),
                       .removed = (guint64)MAX(removed, 0)};
    if (!release || !count_dangerous(notary, base, release, &row.dangerous, error))
        return FALSE;
    row.entries = release_size(release);
    row.values = release_count_values(release);
    release_digest(release, row.digest);
    Act act = {.kind = "release.proposed",
               .apply = apply_propose,
               .by = by,
               .in_force = base,
               .row = &row,
               .content = content};
    if (!perform(notary, &act, error))
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

static gboolean apply_approve(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                              GError **error)
{
    g_autoptr(ReleasesRow) now = releases_get_tx(tx, act->row->number, error);
    if (!now)
        return FALSE;
    if (now->since > 0 || now->approvers[act->place])
        return refuse_release(now->number, "was approved meanwhile", error);
    add_release(act->row, doc, root);
    yyjson_mut_obj_add_bool(doc, root, "second", act->is_second);
    return releases_approve(tx, now->number, act->place, act->by, act->now, error);
}

static gboolean apply_enforce(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                              GError **error)
{
    add_release(act->row, doc, root);
    add_changes(act->row, doc, root);
    yyjson_mut_obj_add_sint(doc, root, "instead_of", act->in_force);
    return releases_enforce(tx, act->row->number, act->now, error);
}

/* Release @row as it may be approved now. */
static gboolean check_release(Notary *notary, ReleasesRow *row, gint64 in_force, GError **error)
{
    gboolean current;
    if (row->in_force)
        return refuse_release(row->number, "is in force", error);
    if (row->since > 0)
        return refuse_release(row->number, "was in force before: `concert shield rollback`", error);
    if (!is_current(notary_store(notary), row, in_force, &current, error))
        return FALSE;
    if (!current)
        return refuse_release(row->number,
                              "was made before another came into force: `concert shield propose`",
                              error);
    g_autoptr(Release) release = read_release(notary_store(notary), row->number, error);
    return release && count_dangerous(notary, in_force, release, &row->dangerous, error);
}

/* Keeps the approval of @by, unless it is there already. */
static gboolean approve(Notary *notary, ReleasesRow *row, const char *by, gint64 now,
                        GError **error)
{
    gboolean again = row->approvers[0] && is_same_person(row->approvers[0], by);
    if (again && row->dangerous == 0)
        return TRUE;
    if (again) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "%s has approved release %" G_GINT64_FORMAT
                    " already: what is dangerous needs another person, too",
                    row->approvers[0], row->number);
        return FALSE;
    }
    Act act = {.kind = "release.approved",
               .apply = apply_approve,
               .by = by,
               .now = now,
               .in_force = -1,
               .row = row,
               .place = row->approvers[0] ? 1 : 0,
               .is_second = row->approvers[0] != NULL};
    if (!perform(notary, &act, error))
        return FALSE;
    row->approvers[act.place] = g_strdup(by);
    return TRUE;
}

static gboolean enforce(Notary *notary, ReleasesRow *row, gint64 in_force, gint64 now,
                        GError **error)
{
    Act act = {.kind = "release.in-force",
               .apply = apply_enforce,
               .now = now,
               .in_force = in_force,
               .row = row};
    return perform(notary, &act, error);
}

gboolean release_operation_approve(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                   GError **error)
{
    static const char operation[] = "release.approve";
    Store *store = notary_store(notary);
    const char *by;
    gint64 number, in_force, now = timestamp_now();
    if (!operation_params_int(params, operation, "release", &number, error) ||
        !read_text(params, operation, "by", TRUE, &by, error) ||
        !releases_in_force(store, &in_force, error))
        return FALSE;
    g_autoptr(ReleasesRow) row = releases_get(store, number, error);
    if (!row || !check_release(notary, row, in_force, error) ||
        !approve(notary, row, by, now, error))
        return FALSE;
    gboolean complete = row->dangerous == 0 || row->approvers[1];
    if (complete && !enforce(notary, row, in_force, now, error))
        return FALSE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(result);
    yyjson_mut_obj_add_bool(result, root, "in_force", complete);
    yyjson_mut_obj_add_uint(result, root, "dangerous", row->dangerous);
    return TRUE;
}

/* --- going back --------------------------------------------------------------------------------
 */

static gboolean apply_rollback(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                               GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "from", act->in_force);
    if (act->row)
        add_release(act->row, doc, root);
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
    if (!read_text(params, operation, "by", TRUE, &by, error) ||
        !releases_in_force(store, &in_force, error) ||
        !(named ? operation_params_int(params, operation, "release", &number, error)
                : find_previous(store, in_force, &number, error)))
        return FALSE;
    if (!named && in_force == 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "no release is in force");
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
    Act act = {.kind = "release.rolled-back",
               .apply = apply_rollback,
               .by = by,
               .now = timestamp_now(),
               .in_force = in_force,
               .row = row,
               .target = number};
    if (!perform(notary, &act, error))
        return FALSE;
    yyjson_mut_obj_add_sint(result, yyjson_mut_doc_get_root(result), "release", number);
    return TRUE;
}

/* --- the never-block list ----------------------------------------------------------------------
 */

static gboolean apply_never_add(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                                GError **error)
{
    yyjson_mut_obj_add_str(doc, root, "step", "added");
    yyjson_mut_obj_add_str(doc, root, "value", act->never.value);
    if (act->never.reason)
        yyjson_mut_obj_add_str(doc, root, "reason", act->never.reason);
    return releases_add_never(tx, &act->never, error);
}

static gboolean apply_never_remove(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                                   GError **error)
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
    if (!read_text(params, operation, "value", TRUE, &text, error) ||
        !read_text(params, operation, "by", TRUE, &by, error) ||
        !read_text(params, operation, "reason", FALSE, &reason, error))
        return FALSE;
    ObservableKind kind = observable_classify(text, strlen(text), &canonical);
    if (kind != OBSERVABLE_DOMAIN && kind != OBSERVABLE_IPV4 && kind != OBSERVABLE_IPV6 &&
        kind != OBSERVABLE_CIDR) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no address, prefix or domain",
                    text);
        return FALSE;
    }
    Act act = {.kind = "never-block.changed",
               .apply = add ? apply_never_add : apply_never_remove,
               .by = by,
               .in_force = -1,
               .never = {.kind = (char *)observable_kind_name(kind),
                         .value = canonical,
                         .by = (char *)by,
                         .reason = (char *)reason,
                         .made = timestamp_now()}};
    if (!perform(notary, &act, error))
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

static gboolean apply_standing_add(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                                   GError **error)
{
    ReleasesStanding *standing = &act->standing;
    char time[TIMESTAMP_MAX];
    if (!releases_next_standing(tx, &standing->number, error) ||
        !releases_add_standing(tx, standing, error))
        return FALSE;
    yyjson_mut_obj_add_sint(doc, root, "standing", standing->number);
    yyjson_mut_obj_add_str(doc, root, "source", standing->source);
    if (standing->kind)
        yyjson_mut_obj_add_str(doc, root, "of_kind", standing->kind);
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
    if (!read_text(params, operation, "source", TRUE, &source, error) ||
        !read_text(params, operation, "kind", FALSE, &kind, error) ||
        !read_text(params, operation, "by", TRUE, &by, error) ||
        !operation_params_int(params, operation, "min_confidence", &confidence, error) ||
        !operation_params_int(params, operation, "daily", &daily, error) ||
        !operation_params_int(params, operation, "until", &until, error))
        return FALSE;
    Act act = {.kind = "standing.added",
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
    if (!check_standing(&act.standing, daily, error) || !perform(notary, &act, error))
        return FALSE;
    yyjson_mut_obj_add_sint(result, yyjson_mut_doc_get_root(result), "standing",
                            act.standing.number);
    return TRUE;
}

static gboolean apply_standing_remove(StoreTx *tx, Act *act, yyjson_mut_doc *doc,
                                      yyjson_mut_val *root, GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "standing", act->standing.number);
    return releases_remove_standing(tx, act->standing.number, error);
}

static gboolean apply_standing_resume(StoreTx *tx, Act *act, yyjson_mut_doc *doc,
                                      yyjson_mut_val *root, GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "standing", act->standing.number);
    return releases_resume_standing(tx, act->standing.number, error);
}

static gboolean change_standing(Notary *notary, yyjson_val *params, const char *operation, Act *act,
                                GError **error)
{
    return operation_params_int(params, operation, "standing", &act->standing.number, error) &&
           read_text(params, operation, "by", TRUE, &act->by, error) && perform(notary, act, error);
}

gboolean release_operation_standing_remove(Notary *notary, yyjson_val *params,
                                           yyjson_mut_doc *result, GError **error)
{
    Act act = {.kind = "standing.removed", .apply = apply_standing_remove, .in_force = -1};
    return change_standing(notary, params, "standing.remove", &act, error);
}

gboolean release_operation_standing_resume(Notary *notary, yyjson_val *params,
                                           yyjson_mut_doc *result, GError **error)
{
    Act act = {.kind = "standing.resumed", .apply = apply_standing_resume, .in_force = -1};
    return change_standing(notary, params, "standing.resume", &act, error);
}

static gboolean apply_use(StoreTx *tx, Act *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                          GError **error)
{
    yyjson_mut_obj_add_sint(doc, root, "standing", act->standing.number);
    yyjson_mut_obj_add_uint(doc, root, "values", act->count);
    return releases_use_standing(tx, act->standing.number, release_day(act->now), act->count,
                                 error);
}

static gboolean apply_standing_release(StoreTx *tx, Act *act, yyjson_mut_doc *doc,
                                       yyjson_mut_val *root, GError **error)
{
    ReleasesRow *row = act->row;
    if (!releases_next(tx, &row->number, error) || !releases_add(tx, row, act->content, error))
        return FALSE;
    yyjson_mut_obj_add_sint(doc, root, "standing", row->standing);
    return apply_enforce(tx, act, doc, root, error);
}

gboolean release_operation_apply_standing(Notary *notary, ReleasesRow *row, GBytes *content,
                                          const ReleaseOperationUse *uses, guint n_uses,
                                          GError **error)
{
    /* What was counted and then did not come into force counts all the same: the bound holds. */
    for (guint i = 0; i < n_uses; i++) {
        Act use = {.kind = "standing.used",
                   .apply = apply_use,
                   .now = row->made,
                   .in_force = row->base,
                   .standing = {.number = uses[i].standing},
                   .count = uses[i].values};
        if (!perform(notary, &use, error))
            return FALSE;
    }
    Act act = {.kind = "release.in-force",
               .apply = apply_standing_release,
               .now = row->made,
               .in_force = row->base,
               .row = row,
               .content = content};
    return perform(notary, &act, error);
}
