#include "node/releaser.h"

#include <string.h>

#include "node/shield_cache.h"

static Protect *read_never(Store *store, GError **error)
{
    g_autoptr(GPtrArray) list = releases_never(store, error);
    if (!list)
        return NULL;
    Protect *never = protect_new();
    for (guint i = 0; i < list->len; i++) {
        const ReleasesNever *each = list->pdata[i];
        protect_add(never, observable_kind_from_name(each->kind), each->value, "never-block list");
    }
    return never;
}

static Release *read_approved(Store *store, gint64 number, GError **error)
{
    g_autoptr(GBytes) content = number > 0 ? releases_content(store, number, error) : NULL;
    if (content)
        return release_read(content, error);
    if (number > 0)
        return NULL;
    Release *none = release_new();
    release_finish(none);
    return none;
}

MarkingPap releaser_unmarked(const Config *config)
{
    static const MarkingPap levels[] = {MARKING_PAP_NONE, MARKING_PAP_CLEAR, MARKING_PAP_GREEN};
    return levels[config_enum(config, SETTING_SHIELD_UNMARKED)];
}

Releaser *releaser_open_parts(const char *directory, const Config *config, Store *store, gint64 now,
                              GError **error)
{
    g_autoptr(Releaser) releaser = g_new0(Releaser, 1);

    if (!releases_in_force(store, &releaser->number, error) ||
        !(releaser->approved = read_approved(store, releaser->number, error)) ||
        !(releaser->never = read_never(store, error)) ||
        !(releaser->standing = releases_standing(store, error)) ||
        !(releaser->set = shield_cache_open_parts(directory, config, store, NULL, error)))
        return NULL;
    releaser->rules = (ReleaseRules){
        .now = now,
        .unmarked = releaser_unmarked(config),
        .never = releaser->never,
    };
    return g_steal_pointer(&releaser);
}

Releaser *releaser_open(Node *node, gint64 now, GError **error)
{
    return releaser_open_parts(node_directory(node), node_config(node), node_store(node), now,
                               error);
}

void releaser_free(Releaser *releaser)
{
    if (!releaser)
        return;
    g_clear_pointer(&releaser->set, set_free);
    g_clear_pointer(&releaser->never, protect_free);
    g_clear_pointer(&releaser->approved, release_free);
    g_clear_pointer(&releaser->standing, g_ptr_array_unref);
    g_free(releaser);
}

gboolean releaser_blocks(gpointer user, const SetValue *value)
{
    const Releaser *releaser = user;
    return release_has(releaser->approved, value) &&
           release_judge(&releaser->rules, value) == RELEASE_TAKEN;
}

/* --- making ------------------------------------------------------------------------------------
 */

typedef struct {
    const Releaser *releaser;
    const ReleaseSelection *selection; /* NULL: what is in force */
    ReleaserCounts counts;
    Release *release;
} Making;

static gboolean take_blocked(gpointer user, SetEntry entry, const SetValue *value)
{
    Making *making = user;
    if (releaser_blocks((gpointer)making->releaser, value))
        release_add_value(making->release, value);
    return TRUE;
}

Release *releaser_in_force(const Releaser *releaser)
{
    Making making = {.releaser = releaser, .release = release_new()};
    set_each(releaser->set, take_blocked, &making);
    release_finish(making.release);
    return making.release;
}

ReleaseStanding releaser_standing(const ReleasesStanding *row)
{
    return (ReleaseStanding){
        .number = row->number,
        .source = row->source,
        .kind = row->kind ? observable_kind_from_name(row->kind) : OBSERVABLE_NONE,
        .min_confidence = row->min_confidence,
        .daily = row->daily,
        .until = row->until,
        .paused = row->paused,
        .day = row->day,
        .used = row->used,
    };
}

/* Is it in force, and does a standing approval still want it? */
static gboolean stands(const Releaser *releaser, const SetValue *value)
{
    gboolean wanted = FALSE;
    for (guint i = 0; i < releaser->standing->len && !wanted; i++) {
        const ReleaseStanding standing = releaser_standing(releaser->standing->pdata[i]);
        wanted = release_standing_admits(&standing, value, releaser->rules.now);
    }
    return wanted && release_has(releaser->approved, value);
}

static gboolean take_candidate(gpointer user, SetEntry entry, const SetValue *value)
{
    Making *making = user;
    ReleaseReason reason = release_judge(&making->releaser->rules, value);
    if (reason == RELEASE_TAKEN && !release_selects(making->selection, value) &&
        !stands(making->releaser, value))
        reason = RELEASE_UNWANTED;
    if (reason == RELEASE_TAKEN)
        release_add_value(making->release, value);
    else
        making->counts.left_out[reason]++;
    return TRUE;
}

Release *releaser_candidate(const Releaser *releaser, const ReleaseSelection *selection,
                            ReleaserCounts *ret_counts)
{
    Making making = {.releaser = releaser, .selection = selection, .release = release_new()};
    set_each(releaser->set, take_candidate, &making);
    release_finish(making.release);
    *ret_counts = making.counts;
    return making.release;
}

gboolean releaser_limit(const Config *config, ReleaseLimit *ret_limit, GError **error)
{
    return release_limit_parse(config_string(config, SETTING_SHIELD_CHANGE_LIMIT), ret_limit,
                               error);
}
