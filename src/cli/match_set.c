#include "cli/match_set.h"

#include "cli/output.h"
#include "node/shield_direct.h"

/* Broken entries of one input that are named. */
#define NAMED_MAX 5

typedef struct {
    LoadTake take;
    gpointer into;
    const char *source;
    const LoadOptions *options;
    LoadCounts *counts;
    guint64 broken;   /* of this input */
    gboolean begun;   /* something of this input was read */
    gboolean refused; /* it was what takes the objects that failed */
} Reading;

static void note_broken(gpointer user, const char *where, const char *message)
{
    Reading *reading = user;
    if (++reading->broken <= NAMED_MAX)
        output_note("concert: %s: %s", where, message);
}

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Reading *reading = user;
    g_autoptr(GError) broken = NULL;
    g_autoptr(Object) object = object_read(bytes, length, spec, OBJECT_VALUES, &broken);
    LoadOutcome outcome;

    reading->begun = TRUE;
    if (!object) {
        reading->counts->broken++;
        note_broken(reading, where, broken->message);
        return TRUE;
    }
    reading->refused = !reading->take(reading->into, object, reading->source, MARKING_TLP_NONE,
                                      reading->options, &outcome, error);
    if (reading->refused)
        return FALSE;
    load_count(reading->counts, outcome);
    if (outcome == LOAD_MISREAD) {
        g_autofree char *which = g_strdup_printf("%s: %s", where, object->id);
        note_broken(reading, which, object->pattern_problem);
    }
    return TRUE;
}

/* Of a builder. */
static gboolean take_indicator(gpointer user, const Indicator *indicator, gboolean *ret_taken,
                               GError **error)
{
    Reading *reading = user;
    LoadOutcome outcome;

    reading->begun = TRUE;
    reading->refused = !shield_direct_add(reading->into, indicator, reading->source,
                                          reading->options, ret_taken, &outcome, error);
    if (reading->refused)
        return FALSE;
    if (*ret_taken)
        load_count(reading->counts, outcome);
    return TRUE;
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    Reading *reading = user;
    if (note == INTAKE_BROKEN) {
        reading->counts->broken++;
        note_broken(reading, where, message);
    } else if (note == INTAKE_LOST) {
        reading->counts->lost++;
        output_note("concert: %s: %s", where, message);
    }
}

gboolean match_set_take(gpointer into, const Object *object, const char *source, MarkingTlp tlp,
                        const LoadOptions *options, LoadOutcome *ret_outcome, GError **error)
{
    return load_object(into, object, source, tlp, options, ret_outcome, error);
}

gboolean match_set_read_input(LoadTake take, gpointer into, const char *input,
                              const IntakeOptions *intake, const LoadOptions *options,
                              gboolean partly, LoadCounts *counts, GError **error)
{
    g_autoptr(GError) failure = NULL;
    Reading reading = {
        .take = take, .into = into, .source = intake->source, .options = options, .counts = counts};
    IntakeSink sink = {.object = take_object,
                       .indicator = take == match_set_take ? take_indicator : NULL,
                       .note = take_note,
                       .user = &reading};
    gboolean url = g_str_has_prefix(input, "http://") || g_str_has_prefix(input, "https://");
    gboolean read = url ? intake_url(input, intake, &sink, &failure)
                        : intake_path(input, intake, &sink, &failure);
    if (reading.broken > NAMED_MAX)
        output_note("concert: %s: %" G_GUINT64_FORMAT " broken entries in all", input,
                    reading.broken);
    if (!read && partly && reading.begun && !reading.refused) {
        counts->lost++;
        output_error(failure->message);
        return TRUE;
    }
    if (!read)
        g_propagate_error(error, g_steal_pointer(&failure));
    return read;
}

gboolean match_set_read_store(LoadTake take, gpointer into, Store *store, const char *community,
                              const LoadOptions *options, LoadCounts *counts, GError **error)
{
    Reading reading = {0};
    const ShieldSourceQuery query = {.load = *options,
                                     .community = community,
                                     .take = take,
                                     .into = into,
                                     .broken = note_broken,
                                     .user = &reading};
    return shield_source_each(store, &query, counts, error);
}
