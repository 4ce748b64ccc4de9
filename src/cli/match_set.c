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
    guint64 broken; /* of this input */
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
    if (!object) {
        reading->counts->broken++;
        note_broken(reading, where, broken->message);
        return TRUE;
    }
    if (!reading->take(reading->into, object, reading->source, MARKING_TLP_NONE, reading->options,
                       &outcome, error))
        return FALSE;
    load_count(reading->counts, outcome);
    return TRUE;
}

/* Of a builder. */
static gboolean take_indicator(gpointer user, const Indicator *indicator, gboolean *ret_taken,
                               GError **error)
{
    Reading *reading = user;
    LoadOutcome outcome;

    if (!shield_direct_add(reading->into, indicator, reading->source, reading->options, ret_taken,
                           &outcome, error))
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
    }
}

gboolean match_set_take(gpointer into, const Object *object, const char *source, MarkingTlp tlp,
                        const LoadOptions *options, LoadOutcome *ret_outcome, GError **error)
{
    return load_object(into, object, source, tlp, options, ret_outcome, error);
}

gboolean match_set_read_input(LoadTake take, gpointer into, const char *input,
                              const IntakeOptions *intake, const LoadOptions *options,
                              LoadCounts *counts, GError **error)
{
    Reading reading = {
        .take = take, .into = into, .source = intake->source, .options = options, .counts = counts};
    IntakeSink sink = {.object = take_object,
                       .indicator = take == match_set_take ? take_indicator : NULL,
                       .note = take_note,
                       .user = &reading};
    gboolean url = g_str_has_prefix(input, "http://") || g_str_has_prefix(input, "https://");
    gboolean read =
        url ? intake_url(input, intake, &sink, error) : intake_path(input, intake, &sink, error);
    if (reading.broken > NAMED_MAX)
        output_note("concert: %s: %" G_GUINT64_FORMAT " broken entries in all", input,
                    reading.broken);
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
