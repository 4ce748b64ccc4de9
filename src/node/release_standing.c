#include "node/release_standing.h"

#include <string.h>

#include "base/background.h"
#include "base/ticker.h"
#include "base/timestamp.h"
#include "node/release_operation.h"
#include "node/releaser.h"

#define TICK_US (250 * G_TIME_SPAN_MILLISECOND)

/* Most values that come into force at once. */
#define VALUES_MAX 1000000

/* A standing approval being applied. */
typedef struct {
    ReleaseStanding standing;
    guint64 taken, waiting; /* values */
    guint64 was_waiting;
} Applying;

typedef struct {
    const Releaser *releaser;
    const Release *in_force;
    const Protect *ground;
    GArray *applying; /* Applying */
    Release *release;
    guint64 added; /* values */
    ObservableKind kind;
    char value[OBSERVABLE_MAX_LENGTH + 1]; /* the last that was judged */
    guint16 port;
    gboolean is_taken, is_waiting; /* in this round */
    gboolean is_blocked;           /* before it */
    gboolean is_dangerous;
} Round;

/* Entries of one value come one after the other. */
static void begin_value(Round *round, const SetValue *value)
{
    guint16 port = set_value_port(value);
    if (round->kind == value->kind && round->port == port &&
        strcmp(round->value, value->value) == 0)
        return;
    round->port = port;
    round->kind = value->kind;
    g_strlcpy(round->value, value->value, sizeof(round->value));
    round->is_blocked = release_has_value(round->in_force, value);
    round->is_dangerous = release_danger(round->ground, value->kind, value->value) != NULL;
    round->is_taken = round->is_waiting = FALSE;
}

/* The first standing approval that wants it and still has room today, or for another indicator of a
 * value that was just taken. *ret_full: one that wants it and has no room. */
static Applying *find_room(const Round *round, const SetValue *value, Applying **ret_full)
{
    gint64 now = round->releaser->rules.now;
    *ret_full = NULL;
    for (guint i = 0; i < round->applying->len; i++) {
        Applying *each = &g_array_index(round->applying, Applying, i);
        if (!release_standing_admits(&each->standing, value, now))
            continue;
        if (round->is_taken ||
            each->taken < MIN(release_standing_left(&each->standing, now), VALUES_MAX))
            return each;
        *ret_full = each;
    }
    return NULL;
}

/* What is in force stays; what another indicator blocks already needs nothing. */
static gboolean take_entry(gpointer user, SetEntry entry, const SetValue *value)
{
    Round *round = user;
    const Releaser *releaser = round->releaser;
    Applying *full;
    if (releaser_blocks((gpointer)releaser, value)) {
        release_add_value(round->release, value);
        return TRUE;
    }
    if (release_judge(&releaser->rules, value) != RELEASE_TAKEN)
        return TRUE;
    begin_value(round, value);
    if (round->is_blocked || round->is_dangerous)
        return TRUE;
    Applying *applying = find_room(round, value, &full);
    if (applying) {
        applying->taken += !round->is_taken;
        round->added += !round->is_taken;
        round->is_taken = TRUE;
        release_add_value(round->release, value);
    } else if (full && !round->is_waiting) {
        full->waiting++;
        round->is_waiting = TRUE;
    }
    return TRUE;
}

static GArray *live_standing(const Releaser *releaser)
{
    GArray *applying = g_array_new(FALSE, FALSE, sizeof(Applying));
    for (guint i = 0; i < releaser->standing->len; i++) {
        const ReleasesStanding *row = releaser->standing->pdata[i];
        const Applying one = {.standing = releaser_standing(row), .was_waiting = row->waiting};
        g_array_append_val(applying, one);
    }
    return applying;
}

typedef struct {
    gint64 number;
    guint64 waiting;
} Waiting;

static gboolean apply_waiting(StoreTx *tx, gpointer user, GError **error)
{
    const Waiting *waiting = user;
    return releases_wait_standing(tx, waiting->number, waiting->waiting, error);
}

/* For `concert status`. One that was removed meanwhile has nothing that waits. */
static gboolean remember_waiting(Node *node, const GArray *applying, GError **error)
{
    for (guint i = 0; i < applying->len; i++) {
        const Applying *each = &g_array_index(applying, Applying, i);
        Waiting waiting = {each->standing.number, each->waiting};
        g_autoptr(GError) failure = NULL;
        if (each->waiting == each->was_waiting ||
            writer_run(node_writer(node), 1, apply_waiting, &waiting, &failure) ||
            g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
            continue;
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    return TRUE;
}

/* Puts what was taken in force. */
static gboolean enforce(Node *node, const Round *round, GError **error)
{
    const Releaser *releaser = round->releaser;
    g_autoptr(GArray) uses = g_array_new(FALSE, FALSE, sizeof(ReleaseOperationUse));
    ReleasesRow row = {.base = releaser->number,
                       .made = releaser->rules.now,
                       .entries = release_size(round->release),
                       .values = release_count_values(round->release),
                       .added = round->added};
    for (guint i = 0; i < round->applying->len; i++) {
        const Applying *each = &g_array_index(round->applying, Applying, i);
        const ReleaseOperationUse use = {each->standing.number, each->taken};
        if (each->taken == 0)
            continue;
        g_array_append_val(uses, use);
        const ReleasesStanding *standing = releaser->standing->pdata[i];
        if (row.standing == 0) {
            row.standing = standing->number;
            row.by = standing->by;
        }
    }
    release_digest(round->release, row.digest);
    g_autoptr(GBytes) content = release_write(round->release, error);
    return content && release_operation_apply_standing(
                          node_notary(node), &row, content,
                          (const ReleaseOperationUse *)(gpointer)uses->data, uses->len, error);
}

static gboolean is_live(const Releaser *releaser)
{
    for (guint i = 0; i < releaser->standing->len; i++) {
        const ReleasesStanding *row = releaser->standing->pdata[i];
        if (row->waiting > 0 || (!row->paused && releaser->rules.now < row->until))
            return TRUE;
    }
    return FALSE;
}

/* Nothing to do is found out without looking at the indicators. */
static gboolean has_standing(Store *store, gboolean *ret_any, GError **error)
{
    g_autoptr(GPtrArray) standing = releases_standing(store, error);
    *ret_any = standing && standing->len > 0;
    return standing != NULL;
}

gboolean release_standing_run(Node *node, gint64 now, guint64 *ret_values, GError **error)
{
    gboolean any;
    if (ret_values)
        *ret_values = 0;
    if (!has_standing(node_store(node), &any, error))
        return FALSE;
    g_autoptr(Releaser) releaser = any ? releaser_open(node, now, error) : NULL;
    if (!any || !releaser)
        return !any;
    if (!is_live(releaser))
        return TRUE;
    g_autoptr(GPtrArray) unknown = NULL;
    g_autoptr(Protect) ground =
        releaser_ground(node_config(node), node_store(node), &unknown, error);
    if (!ground)
        return FALSE;
    g_autoptr(GArray) applying = live_standing(releaser);
    g_autoptr(Release) in_force = releaser_in_force(releaser);
    g_autoptr(Release) release = release_new();
    Round round = {.releaser = releaser,
                   .in_force = in_force,
                   .ground = ground,
                   .applying = applying,
                   .release = release};
    set_each(releaser->set, take_entry, &round);
    release_finish(release);
    if (round.added > 0 && !enforce(node, &round, error))
        return FALSE;
    if (ret_values)
        *ret_values = round.added;
    return remember_waiting(node, applying, error);
}

/* --- as long as the node is served -------------------------------------------------------------
 */

/* When it ran, and of what. */
typedef struct {
    guint64 generation;
    gint64 day, at; /* at: monotonic */
} Ran;

struct ReleaseStandingWatch {
    Node *node;
    ReleaseStandingTell tell;
    gpointer user;
    Ticker *ticker;
    /* Of the ticker alone. */
    Ran ran;
    char *told; /* the last failure that was */
};

static gboolean is_due(ReleaseStandingWatch *watch)
{
    gint64 interval =
        (gint64)config_duration(node_config(watch->node), SETTING_SHIELD_STANDING_INTERVAL) *
        G_USEC_PER_SEC;
    const Ran now = {writer_generation(node_writer(watch->node)), release_day(timestamp_now()),
                     g_get_monotonic_time()};
    const Ran *ran = &watch->ran;
    if (ran->at > 0 &&
        (now.at - ran->at < interval || (now.generation == ran->generation && now.day == ran->day)))
        return FALSE;
    watch->ran = now;
    return TRUE;
}

static gint64 watch_standing(gpointer user, const gint *stop)
{
    ReleaseStandingWatch *watch = user;
    g_autoptr(GError) error = NULL;
    background_enter();
    if (!is_due(watch))
        return TICK_US;
    /* That another release came into force meanwhile is the next round's affair. */
    release_standing_run(watch->node, timestamp_now(), NULL, &error);
    if (g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT))
        watch->ran.generation = G_MAXUINT64;
    const char *message = error ? error->message : NULL;
    if (g_strcmp0(message, watch->told) != 0)
        watch->tell(message, watch->user);
    g_free(watch->told);
    watch->told = g_strdup(message);
    return TICK_US;
}

ReleaseStandingWatch *release_standing_start(Node *node, ReleaseStandingTell tell, gpointer user)
{
    ReleaseStandingWatch *watch = g_new0(ReleaseStandingWatch, 1);
    watch->node = node;
    watch->tell = tell;
    watch->user = user;
    watch->ticker = ticker_start("standing", watch_standing, watch);
    return watch;
}

void release_standing_stop(ReleaseStandingWatch *watch)
{
    if (!watch)
        return;
    ticker_stop(watch->ticker);
    g_free(watch->told);
    g_free(watch);
}
