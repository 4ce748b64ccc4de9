#include <string.h>

#include "intake/taxii_walk.h"
#include "node/follow_core.h"

/* A collection on its way. */
typedef struct {
    FollowRun *run;
    const char *url;
} Part;

static gboolean keep(gpointer user, const char *mark, GError **error)
{
    Part *part = user;
    return follow_run_keep(part->run, (const char *const[]){part->url, mark}, 1, error);
}

static void note_skipped(gpointer user, const char *message)
{
    FollowRun *run = user;
    const IntakeSink *sink = importer_sink(run->importer);
    sink->note(sink->user, INTAKE_IGNORED, run->followed->name, message);
}

static gboolean is_wanted(char **remote, const TaxiiClientCollection *collection)
{
    return g_strv_contains((const char *const *)remote, collection->id) ||
           (collection->alias && g_strv_contains((const char *const *)remote, collection->alias));
}

/* The URLs of the wanted collections, as far as marks tell them. */
static GPtrArray *known_urls(FollowRun *run, char **remote)
{
    GPtrArray *urls = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; remote[i]; i++) {
        g_autofree char *end = g_strdup_printf("/collections/%s/", remote[i]);
        GHashTableIter iter;
        gpointer part;
        g_hash_table_iter_init(&iter, run->marks);
        while (g_hash_table_iter_next(&iter, &part, NULL))
            if (g_str_has_suffix(part, end))
                g_ptr_array_add(urls, g_strdup(part));
    }
    return urls;
}

/* The URLs of the collections to be read; NULL with @error. */
static GPtrArray *find_urls(FollowRun *run, TaxiiClient *client, GError **error)
{
    const char *text = run->followed->remote;
    g_auto(GStrv) remote = text ? g_strsplit(text, " ", -1) : NULL;
    g_autoptr(GPtrArray) urls =
        remote ? known_urls(run, remote) : g_ptr_array_new_with_free_func(g_free);
    if (remote && urls->len >= g_strv_length(remote))
        return g_steal_pointer(&urls);
    g_ptr_array_set_size(urls, 0);
    g_autoptr(GPtrArray) found =
        taxii_client_collections(client, run->followed->url, note_skipped, run, error);
    if (!found)
        return NULL;
    for (guint i = 0; i < found->len; i++) {
        const TaxiiClientCollection *collection = found->pdata[i];
        if (remote ? is_wanted(remote, collection) : collection->readable)
            g_ptr_array_add(urls, g_strdup(collection->url));
    }
    if (urls->len > 0)
        return g_steal_pointer(&urls);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                "%s: the server has %s collection for this user", run->followed->url,
                remote ? "no such" : "no readable");
    return NULL;
}

/* "…/collections/ID/" -> "ID". */
static char *id_of(const char *url)
{
    g_autofree char *path = g_strndup(url, strlen(url) - 1);
    const char *slash = strrchr(path, '/');
    return g_strdup(slash ? slash + 1 : path);
}

static gboolean read_collection(FollowRun *run, TaxiiClient *client, const char *url,
                                GError **error)
{
    Part part = {run, url};
    g_autofree char *id = id_of(url);
    g_autofree char *mark = g_strdup(g_hash_table_lookup(run->marks, url));
    const TaxiiWalkOptions options = {
        .sink = importer_sink(run->importer),
        .name = id,
        .limit = (guint)config_int(node_config(run->node), SETTING_FOLLOW_PAGE_LIMIT),
        .since = run->followed->since,
        .deadline = run->deadline,
        .max_bytes = run->max_bytes,
        .keep = keep,
        .user = &part,
    };
    gboolean more = FALSE;
    gboolean good = taxii_walk(client, url, mark, &options, &more, error);
    run->more |= more;
    return good;
}

/* What is wrong with one collection says nothing of the others. */
static gboolean is_of_one(const GError *failure)
{
    return failure->domain == CONCERT_ERROR &&
           (failure->code == CONCERT_ERROR_INPUT || failure->code == CONCERT_ERROR_NOT_FOUND ||
            failure->code == CONCERT_ERROR_DENIED);
}

gboolean follow_core_taxii(FollowRun *run, GError **error)
{
    TaxiiClient client = {.fetch = run->fetch};
    g_autoptr(GError) first = NULL;
    g_autoptr(GPtrArray) urls = find_urls(run, &client, &first);
    guint count = urls ? urls->len : 0, failed = 0;
    /* From another one each time, so that none waits for ever behind one without end. */
    guint from = count > 0 ? (guint)g_random_int_range(0, (gint32)count) : 0;
    for (guint i = 0; i < count; i++) {
        g_autoptr(GError) failure = NULL;
        if (run->more) /* it has taken long enough */
            break;
        if (read_collection(run, &client, urls->pdata[(from + i) % count], &failure))
            continue;
        gboolean go_on = is_of_one(failure) && !follow_run_is_stopped(run);
        failed++;
        if (!first)
            first = g_steal_pointer(&failure);
        if (!go_on)
            break;
    }
    run->requests = client.requests;
    run->bytes = client.bytes;
    run->wait = client.wait;
    if (!first)
        return TRUE;
    if (failed > 1)
        g_prefix_error(&first, "%u of %u collections; the first: ", failed, count);
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}
