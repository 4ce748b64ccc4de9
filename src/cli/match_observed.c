#include "cli/match_observed.h"

#include <stdio.h>
#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "cli/output.h"
#include "intake/bundle.h"
#include "shield/walk.h"

/* Observations of a file that are put in the order of time before they are looked at. */
#define HELD_BYTES ((gsize)64 * 1024 * 1024)

/* Broken entries that are named. */
#define NAMED_MAX 5

typedef struct {
    Detector *detector;
    gboolean json, quiet, count, live;
    const char *file;
    GPtrArray *held;    /* yyjson_doc *: observed-data that wait */
    GPtrArray *objects; /* yyjson_doc *: what the pool borrows from */
    ObservedPool *pool;
    gsize held_bytes, pool_bytes;
    guint64 file_hits, hits, failed, broken, missing;
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

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(doc, object, key, text);
    else
        yyjson_mut_obj_add_null(doc, object, key);
}

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us,
                     guint digits)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_obj_add_strcpy(doc, object, key, timestamp_format(time, us, digits));
}

static void print_json(const Match *match, const DetectorIndicator *indicator,
                       const EvaluateHit *hit)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *file = g_utf8_make_valid(match->file, -1);

    add_text(doc, root, "type", "pattern");
    add_text(doc, root, "value", indicator->pattern);
    add_text(doc, root, "indicator", indicator->id);
    add_text(doc, root, "source", indicator->source);
    add_text(doc, root, "name", indicator->name);
    add_text(doc, root, "file", file);
    yyjson_mut_val *ids = yyjson_mut_obj_add_arr(doc, root, "observations");
    for (guint i = 0; i < hit->n; i++)
        yyjson_mut_arr_add_strcpy(doc, ids, hit->observations[i]->id);
    add_time(doc, root, "first_observed", hit->first, 6);
    add_time(doc, root, "last_observed", hit->last, 6);
    if (indicator->confidence >= 0)
        yyjson_mut_obj_add_int(doc, root, "confidence", indicator->confidence);
    else
        yyjson_mut_obj_add_null(doc, root, "confidence");
    if (indicator->valid_until != 0)
        add_time(doc, root, "valid_until", indicator->valid_until, 3);
    else
        yyjson_mut_obj_add_null(doc, root, "valid_until");
    add_text(doc, root, "tlp", marking_tlp_name(indicator->tlp));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_row(const Match *match, const DetectorIndicator *indicator,
                      const EvaluateHit *hit)
{
    char first[TIMESTAMP_MAX], last[TIMESTAMP_MAX];
    g_autoptr(GString) ids = g_string_new(NULL);
    if (match->hits + match->file_hits == 1)
        output_line("%-22s  %-20s  %-20s  %-47s  %-16s  %s", "WHERE", "FIRST", "LAST", "INDICATOR",
                    "SOURCE", "OBSERVATIONS");
    for (guint i = 0; i < hit->n; i++)
        g_string_append_printf(ids, "%s%s", i > 0 ? " " : "", hit->observations[i]->id);
    output_line("%-22s  %-20s  %-20s  %-47s  %-16s  %s", match->file,
                timestamp_format(first, hit->first, 0), timestamp_format(last, hit->last, 0),
                indicator->id, indicator->source, ids->str);
}

static void print_hit(gpointer user, const DetectorIndicator *indicator, const EvaluateHit *hit)
{
    Match *match = user;
    match->file_hits++;
    if (match->quiet || match->count)
        return;
    if (match->json)
        print_json(match, indicator, hit);
    else
        print_row(match, indicator, hit);
    if (match->live)
        fflush(stdout);
}

static gboolean is_done(const Match *match)
{
    return match->quiet && match->file_hits > 0;
}

static void note_broken(gpointer user, IntakeNote note, const char *where, const char *message)
{
    Match *match = user;
    if (note == INTAKE_BROKEN && ++match->broken <= NAMED_MAX)
        output_note("concert: %s: %s", where, message);
}

static void feed(Match *match, Observed *observed)
{
    match->missing += observed->missing;
    if (!is_done(match))
        detector_feed_observed(match->detector, observed, print_hit, match);
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
    } else if (!match->live || !feed_live(match, root)) {
        g_ptr_array_add(match->held, g_steal_pointer(&doc));
        match->held_bytes += length;
    }
    if (match->held_bytes + match->pool_bytes > HELD_BYTES) {
        feed_held(match);
        forget_objects(match);
    }
    if (!is_done(match))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "found");
    return FALSE;
}

static void print_count(const Match *match)
{
    if (!match->json) {
        output_line("%s: %" G_GUINT64_FORMAT, match->file, match->file_hits);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *file = g_utf8_make_valid(match->file, -1);
    yyjson_mut_obj_add_str(doc, root, "file", file);
    yyjson_mut_obj_add_uint(doc, root, "hits", match->file_hits);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_failure(Match *match, const char *path, const GError *error)
{
    g_autofree char *message = strstr(error->message, path)
                                   ? g_strdup(error->message)
                                   : g_strdup_printf("%s: %s", path, error->message);
    match->failed++;
    output_error(message);
}

static gboolean read_file(gpointer user, const char *path, const GError *unreadable)
{
    Match *match = user;
    const IntakeOptions options = {.format = INTAKE_STIX, .confidence = -1};
    const IntakeSink sink = {.object = take_object, .note = note_broken, .user = match};
    g_autoptr(GError) error = NULL;

    if (unreadable) {
        print_failure(match, path, unreadable);
        return TRUE;
    }
    match->file = path;
    match->live = strcmp(path, "-") == 0;
    match->file_hits = match->broken = 0;
    g_autoptr(Stream) stream = stream_open(path, &error);
    if (!stream || (!bundle_read(stream, path, &options, &sink, &error) && !is_done(match)))
        print_failure(match, path, error);
    feed_held(match);
    forget_objects(match);
    if (match->broken > 0) {
        match->failed++;
        output_note("concert: %s: %" G_GUINT64_FORMAT " entries could not be read", path,
                    match->broken);
    }
    if (match->count && !match->quiet)
        print_count(match);
    match->hits += match->file_hits;
    return !is_done(match);
}

/* What was not looked for as it should be. */
static void explain(const Match *match)
{
    const EvaluateCounts *counts = detector_counts(match->detector);
    if (match->missing > 0)
        output_note("concert: %" G_GUINT64_FORMAT " objects that observations refer to are missing",
                    match->missing);
    if (counts->problems > 0)
        output_note("concert: %" G_GUINT64_FORMAT " comparisons had no answer; the last: %s",
                    counts->problems, counts->problem);
    if (counts->given_up > 0)
        output_note("concert: %" G_GUINT64_FORMAT
                    " times it would have taken too long to try all observations",
                    counts->given_up);
    if (counts->forgotten > 0)
        output_note("concert: %" G_GUINT64_FORMAT
                    " times observations may have been needed that were not kept so long",
                    counts->forgotten);
}

int match_observed(Detector *detector, const CommandCall *call)
{
    static const char *const standard_input[] = {"-", NULL};
    Match match = {
        .detector = detector,
        .json = command_json(call),
        .quiet = command_flag(call, "quiet"),
        .count = command_flag(call, "count"),
        .held = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free),
        .objects = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free),
        .pool = observed_pool_new(),
    };
    const char *const *paths =
        call->count > 0 ? (const char *const *)call->arguments : standard_input;
    gboolean go_on = TRUE;

    for (; *paths && go_on; paths++)
        go_on = walk_files(*paths, read_file, &match);
    explain(&match);
    g_ptr_array_unref(match.held);
    g_ptr_array_unref(match.objects);
    observed_pool_free(match.pool);
    if (match.quiet && match.hits > 0)
        return COMMAND_OK;
    if (match.failed > 0)
        return COMMAND_ERROR;
    return match.hits > 0 ? COMMAND_OK : COMMAND_NOTHING;
}
