#include "cli/watch_supply.h"

#include <string.h>
#include <sys/stat.h>

#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/match_indicators.h"
#include "cli/output.h"
#include "node/shield_cache.h"
#include "shield/walk.h"
#include "store/content.h"

struct WatchSupply {
    const CommandCall *call;
    LoadOptions options;
    Node *node;     /* NULL: no node is needed */
    gboolean whole; /* the node's own compiled set is what is wanted */
    char *state;    /* what the last set was made of */
    char *failure;  /* that was told */

    GMutex mutex;
    GCond changed;
    Set *next;
    gboolean stop, again;
    GThread *thread;
};

static gboolean add_file(gpointer user, const char *path, const GError *unreadable)
{
    struct stat status;
    if (!unreadable && stat(path, &status) == 0)
        g_string_append_printf(user, "%s %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %lld.%ld\n",
                               path, (guint64)status.st_ino, (gint64)status.st_size,
                               (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    return TRUE;
}

static void add_files(GString *into, const char *const *paths)
{
    for (; paths && *paths; paths++)
        if (strcmp(*paths, "-") != 0)
            walk_files(*paths, add_file, into);
}

/* A text that is another one when another set is to be made; NULL when nobody can say. */
static char *describe(const WatchSupply *supply)
{
    const char *set[] = {command_text(supply->call, "set"), NULL};
    g_autoptr(GString) text = g_string_new(NULL);

    add_files(text, set);
    add_files(text, command_texts(supply->call, "indicators"));
    add_files(text, command_texts(supply->call, "suppress"));
    if (supply->node) {
        const char *lists[] = {config_path(node_config(supply->node), SETTING_SHIELD_SUPPRESS),
                               NULL};
        add_files(text, lists);
        g_autofree char *content = content_state(node_store(supply->node), NULL);
        if (!content)
            return NULL;
        g_string_append(text, content);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A compiled set is read into memory: who writes over it in its place, instead of replacing it,
 * must not take it away while it is used. */
static Set *read_compiled(const char *path, GError **error)
{
    char *bytes;
    gsize length;
    g_autoptr(GError) unreadable = NULL;

    if (!g_file_get_contents(path, &bytes, &length, &unreadable)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, unreadable->message);
        return NULL;
    }
    g_autoptr(GBytes) owned = g_bytes_new_take(bytes, length);
    g_autoptr(Set) set = set_open_bytes(owned, error);
    if (set && set_check(set, error))
        return g_steal_pointer(&set);
    g_prefix_error(error, "%s: ", path);
    return NULL;
}

/* Half a list is better than none, but not than a whole one that is there. */
static Set *make(const WatchSupply *supply, GError **error)
{
    const char *compiled = command_text(supply->call, "set");
    LoadOptions options = supply->options;
    if (compiled)
        return read_compiled(compiled, error);
    options.now = timestamp_now();
    return supply->whole
               ? shield_cache_open(supply->node, NULL, error)
               : match_indicators_open(supply->call, &options, supply->state != NULL, NULL, error);
}

/* That a set cannot be made is told once. */
static void tell(WatchSupply *supply, const char *message)
{
    if (g_strcmp0(message, supply->failure) != 0 && message)
        output_note("concert: %s; going on with the indicators that were there before", message);
    g_free(supply->failure);
    supply->failure = g_strdup(message);
}

static void renew(WatchSupply *supply, gboolean again)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *state = describe(supply);

    if (!state || (!again && strcmp(state, supply->state) == 0))
        return;
    Set *set = make(supply, &error);
    tell(supply, error ? error->message : NULL);
    if (!set && !g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_INPUT))
        return; /* tried again in a second */
    /* What is wrong with an input stays wrong, and would be told again, until it changes. */
    g_free(supply->state);
    supply->state = g_steal_pointer(&state);
    if (!set)
        return;
    g_mutex_lock(&supply->mutex);
    Set *before = supply->next;
    supply->next = set;
    g_mutex_unlock(&supply->mutex);
    set_free(before);
}

static gpointer look_for_changes(gpointer user)
{
    WatchSupply *supply = user;

    g_mutex_lock(&supply->mutex);
    while (!supply->stop) {
        gint64 until = g_get_monotonic_time() + G_USEC_PER_SEC;
        while (!supply->stop && !supply->again &&
               g_cond_wait_until(&supply->changed, &supply->mutex, until))
            continue;
        gboolean again = supply->again;
        supply->again = FALSE;
        if (supply->stop)
            break;
        g_mutex_unlock(&supply->mutex);
        renew(supply, again);
        g_mutex_lock(&supply->mutex);
    }
    g_mutex_unlock(&supply->mutex);
    return NULL;
}

WatchSupply *watch_supply_start(const CommandCall *call, const LoadOptions *options,
                                const Withhold *withhold, GError **error)
{
    WatchSupply *supply = g_new0(WatchSupply, 1);
    supply->call = call;
    supply->options = *options;
    g_mutex_init(&supply->mutex);
    g_cond_init(&supply->changed);
    gboolean node = !command_text(call, "set") && !command_texts(call, "indicators");
    if (node)
        supply->node = command_node_open(call, NODE_READ, error);
    supply->whole =
        node && !command_texts(call, "suppress") && !options->expired && !options->observables;
    if (!node || supply->node) {
        g_autofree char *state = describe(supply);
        supply->next = make(supply, error);
        supply->state = g_steal_pointer(&state);
    }
    if (!supply->next || !withhold_check(withhold, supply->next, error)) {
        watch_supply_stop(supply);
        return NULL;
    }
    if (!supply->state)
        supply->state = g_strdup("");
    if (set_count_values(supply->next) == 0)
        output_note("concert: there are no indicators to look for yet");
    supply->thread = g_thread_new("supply", look_for_changes, supply);
    return supply;
}

void watch_supply_stop(WatchSupply *supply)
{
    if (!supply)
        return;
    g_mutex_lock(&supply->mutex);
    supply->stop = TRUE;
    g_cond_broadcast(&supply->changed);
    g_mutex_unlock(&supply->mutex);
    if (supply->thread)
        g_thread_join(supply->thread);
    set_free(supply->next);
    g_clear_pointer(&supply->node, node_close);
    g_free(supply->state);
    g_free(supply->failure);
    g_mutex_clear(&supply->mutex);
    g_cond_clear(&supply->changed);
    g_free(supply);
}

Set *watch_supply_take(WatchSupply *supply)
{
    g_mutex_lock(&supply->mutex);
    Set *set = g_steal_pointer(&supply->next);
    g_mutex_unlock(&supply->mutex);
    return set;
}

void watch_supply_again(WatchSupply *supply)
{
    g_mutex_lock(&supply->mutex);
    supply->again = TRUE;
    g_cond_broadcast(&supply->changed);
    g_mutex_unlock(&supply->mutex);
}
