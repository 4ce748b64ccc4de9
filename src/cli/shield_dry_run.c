#include "cli/shield_dry_run.h"

#include "base/timestamp.h"
#include "cli/output.h"
#include "shield/container.h"
#include "shield/load.h"
#include "shield/packets/packets.h"
#include "shield/scan.h"
#include "shield/set_builder.h"
#include "shield/sieve.h"

typedef struct {
    Set *set;
    gint64 now;
    guint64 *hits; /* of each value */
    guint count;
    DryRun *run;
} Looking;

void shield_dry_run_clear(DryRun *run)
{
    g_clear_pointer(&run->values, g_array_unref);
}

/* The id of each value's indicator is its place. */
static Set *build_set(const GPtrArray *added, GError **error)
{
    const LoadOptions options = {.expired = TRUE};
    LoadOutcome outcome;
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    for (guint i = 0; i < added->len; i++) {
        const ReleaseEntry *entry = added->pdata[i];
        char id[OUTPUT_NUMBER_MAX];
        g_snprintf(id, sizeof(id), "%u", i);
        const SetIndicator indicator = {.id = id, .source = "", .confidence = -1};
        if (!load_value(builder, &indicator, entry->kind, entry->value, entry->port, &options,
                        &outcome, error))
            return NULL;
    }
    return set_builder_open(builder, error);
}

static gboolean count_hit(gpointer user, const ScanHit *hit)
{
    Looking *looking = user;
    guint64 place = g_ascii_strtoull(hit->value.id, NULL, 10);
    if (place < looking->count) {
        looking->hits[place]++;
        looking->run->hits++;
    }
    return TRUE;
}

static gboolean scan(Looking *looking, Stream *stream, GError **error)
{
    PacketsCounts counts;
    gboolean packets;
    if (!packets_detect(stream, &packets, error))
        return FALSE;
    return packets ? packets_scan(looking->set, stream, count_hit, looking, &counts, error)
                   : scan_log(looking->set, stream, NULL, looking->now, count_hit, looking, error);
}

static void tell(Looking *looking, const char *name, const GError *error)
{
    looking->run->unreadable++;
    output_failure(name, error);
}

static gboolean scan_file(gpointer user, const char *name, Stream *stream, const GError *unreadable)
{
    Looking *looking = user;
    g_autoptr(GError) error = NULL;
    looking->run->files += unreadable == NULL;
    if (unreadable || !scan(looking, stream, &error))
        tell(looking, name, unreadable ? unreadable : error);
    return TRUE;
}

static int compare_hits(gconstpointer a, gconstpointer b)
{
    const DryRunHits *first = a, *second = b;
    return first->hits > second->hits ? -1 : first->hits < second->hits;
}

gboolean shield_dry_run(const GPtrArray *added, const char *const *paths, DryRun *ret_run,
                        GError **error)
{
    g_autoptr(Set) set = sieve_check_environment(error) ? build_set(added, error) : NULL;
    if (!set)
        return FALSE;
    g_autofree guint64 *hits = g_new0(guint64, added->len + 1);
    *ret_run = (DryRun){.values = g_array_new(FALSE, FALSE, sizeof(DryRunHits))};
    Looking looking = {
        .set = set, .now = timestamp_now(), .hits = hits, .count = added->len, .run = ret_run};
    for (; *paths; paths++)
        container_walk(*paths, TRUE, scan_file, &looking);
    for (guint i = 0; i < added->len; i++) {
        const DryRunHits found = {added->pdata[i], hits[i]};
        if (hits[i] > 0)
            g_array_append_val(ret_run->values, found);
    }
    g_array_sort(ret_run->values, compare_hits);
    return TRUE;
}
