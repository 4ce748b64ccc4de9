#include "cli/match_observed.h"

#include "base/jsonguard.h"
#include "cli/match_found.h"
#include "cli/output.h"
#include "intake/bundle.h"
#include "shield/walk.h"

/* Observations of a file that are put in the order of time before they are looked at. */
#define HELD_BYTES ((gsize)64 * 1024 * 1024)

/* Broken entries that are named. */
#define NAMED_MAX 5

typedef struct {
    MatchFound found;
    GPtrArray *held;    /* yyjson_doc *: observed-data that wait */
    GPtrArray *objects; /* yyjson_doc *: what the pool borrows from */
    ObservedPool *pool;
    gsize held_bytes, pool_bytes;
    guint64 broken, missing;
} Match;

gboolean match_observed_take(gpointer into, const Object *object, const char *source,
                             MarkingTlp tlp, const LoadOptions *options, LoadOutcome *ret_outcome,
                             GError **error)
{
    g_autoptr(GError) wrong = NULL;
    if (!detector_add_object(into, object, source, tlp, options, ret_outcome, &wrong)) {
        *ret_outcome = LOAD_OTHER;
        output_error(wrong->message);
    }
    return TRUE;
}

static void note_broken(gpointer user, IntakeNote note, const char *where, const char *message)
{
    Match *match = user;
    if ((note == INTAKE_BROKEN || note == INTAKE_LOST) && ++match->broken <= NAMED_MAX)
        output_note("concert: %s: %s", where, message);
}

static void feed(Match *match, Observed *observed)
{
    match->missing += observed->missing;
    if (!match_found_is_done(&match->found))
        detector_feed_observed(match->found.detector, observed, match_found_print, &match->found);
}

static gint compare_begin(gconstpointer a, gconstpointer b)
{
    const Observed *one = *(Observed *const *)a, *other = *(Observed *const *)b;
    return (one->first > other->first) - (one->first < other->first);
}

static void forget_objects(Match *match)
{
    observed_pool_free(match->pool);
    match->pool = observed_pool_new();
    g_ptr_array_set_size(match->objects, 0);
    match->pool_bytes = 0;
}

/* Shows what waits, in the order of time. */
static void feed_held(Match *match)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)observed_free);
    for (guint i = 0; i < match->held->len; i++) {
        yyjson_val *root = yyjson_doc_get_root(match->held->pdata[i]);
        g_autoptr(GError) error = NULL;
        Observed *observed = observed_read(root, match->pool, &error);
        if (observed)
            g_ptr_array_add(all, observed);
        else
            note_broken(match, INTAKE_BROKEN, yyjson_get_str(yyjson_obj_get(root, "id")),
                        error->message);
    }
    g_ptr_array_sort(all, compare_begin);
    for (guint i = 0; i < all->len; i++)
        feed(match, all->pdata[i]);
    g_ptr_array_set_size(match->held, 0);
    match->held_bytes = 0;
}

/* Of what keeps coming, an observation is shown at once if all it refers to is there. */
static gboolean feed_live(Match *match, yyjson_val *root)
{
    g_autoptr(Observed) observed = observed_read(root, match->pool, NULL);
    if (!observed || observed->missing > 0)
        return FALSE;
    feed(match, observed);
    return TRUE;
}

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Match *match = user;
    g_autoptr(GError) broken = NULL;
    g_autoptr(yyjson_doc) doc = jsonguard_read(bytes, length, &broken);
    yyjson_val *root = yyjson_doc_get_root(doc);

    if (!doc) {
        note_broken(match, INTAKE_BROKEN, where, broken->message);
    } else if (!yyjson_equals_str(yyjson_obj_get(root, "type"), "observed-data")) {
        observed_pool_add(match->pool, root);
        g_ptr_array_add(match->objects, g_steal_pointer(&doc));
        match->pool_bytes += length;
    } else if (!match->found.live || !feed_live(match, root)) {
        g_ptr_array_add(match->held, g_steal_pointer(&doc));
        match->held_bytes += length;
    }
    if (match->held_bytes + match->pool_bytes > HELD_BYTES) {
        feed_held(match);
        forget_objects(match);
    }
    if (!match_found_is_done(&match->found))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "found");
    return FALSE;
}

static gboolean read_file(gpointer user, const char *path, const GError *unreadable)
{
    Match *match = user;
    const IntakeOptions options = {.format = INTAKE_STIX, .confidence = -1};
    const IntakeSink sink = {.object = take_object, .note = note_broken, .user = match};
    g_autoptr(GError) error = NULL;

    if (unreadable) {
        match_found_fail(&match->found, path, unreadable);
        return TRUE;
    }
    match_found_begin(&match->found, path);
    match->broken = 0;
    g_autoptr(Stream) stream = stream_open(path, &error);
    if (!stream || (!bundle_read(stream, path, &options, &sink, &error) &&
                    !match_found_is_done(&match->found)))
        match_found_fail(&match->found, path, error);
    feed_held(match);
    forget_objects(match);
    if (match->broken > 0) {
        match->found.failed++;
        output_note("concert: %s: %" G_GUINT64_FORMAT " entries could not be read", path,
                    match->broken);
    }
    match_found_end(&match->found);
    return !match_found_is_done(&match->found);
}

int match_observed(Detector *detector, const CommandCall *call)
{
    static const char *const standard_input[] = {"-", NULL};
    Match match = {
        .held = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free),
        .objects = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free),
        .pool = observed_pool_new(),
    };
    const char *const *paths =
        call->count > 0 ? (const char *const *)call->arguments : standard_input;
    gboolean go_on = TRUE;

    match_found_init(&match.found, detector, call);
    for (; *paths && go_on; paths++)
        go_on = walk_files(*paths, read_file, &match);
    if (match.missing > 0)
        output_note("concert: %" G_GUINT64_FORMAT " objects that observations refer to are missing",
                    match.missing);
    g_ptr_array_unref(match.held);
    g_ptr_array_unref(match.objects);
    observed_pool_free(match.pool);
    return match_found_finish(&match.found);
}
