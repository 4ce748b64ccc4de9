#include "cli/match_set.h"

#include "cli/output.h"
#include "store/objects.h"
#include "store/records.h"

/* Broken entries of one input that are named. */
#define NAMED_MAX 5

typedef struct {
    MatchSetTake take;
    gpointer into;
    const char *source;
    const LoadOptions *options;
    MatchSetCounts *counts;
    guint64 broken;         /* of this input */
    GHashTable *retired;    /* versions of the store that are left out */
    GHashTable *levels;     /* records_levels() */
    GHashTable *pap_levels; /* records_pap_levels() */
    LoadOptions each;       /* `options`, with the level of what each object came in */
    GError *error;
} Reading;

static void note_broken(Reading *reading, const char *where, const char *message)
{
    reading->counts->broken++;
    if (++reading->broken <= NAMED_MAX)
        output_note("concert: %s: %s", where, message);
}

static gboolean load(Reading *reading, const Object *object, const char *source, MarkingTlp tlp,
                     GError **error)
{
    LoadOutcome outcome;
    MatchSetCounts *counts = reading->counts;

    if (!reading->take(reading->into, object, source, tlp, reading->options, &outcome, error))
        return FALSE;
    counts->taken += outcome == LOAD_TAKEN;
    counts->empty += outcome == LOAD_EMPTY;
    counts->out_of_date += outcome == LOAD_OUT_OF_DATE;
    counts->unwanted += outcome == LOAD_UNWANTED;
    counts->observables += outcome == LOAD_OBSERVABLE;
    return TRUE;
}

static gboolean take_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Reading *reading = user;
    g_autoptr(GError) broken = NULL;
    g_autoptr(Object) object = object_read(bytes, length, spec, OBJECT_LENIENT, &broken);
    if (!object) {
        note_broken(reading, where, broken->message);
        return TRUE;
    }
    return load(reading, object, reading->source, MARKING_TLP_NONE, error);
}

static void take_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    if (note == INTAKE_BROKEN)
        note_broken(user, where, message);
}

gboolean match_set_take(gpointer into, const Object *object, const char *source, MarkingTlp tlp,
                        const LoadOptions *options, LoadOutcome *ret_outcome, GError **error)
{
    return load_object(into, object, source, tlp, options, ret_outcome, error);
}

gboolean match_set_read_input(MatchSetTake take, gpointer into, const char *input,
                              const IntakeOptions *intake, const LoadOptions *options,
                              MatchSetCounts *counts, GError **error)
{
    Reading reading = {
        .take = take, .into = into, .source = intake->source, .options = options, .counts = counts};
    IntakeSink sink = {.object = take_object, .note = take_note, .user = &reading};
    gboolean url = g_str_has_prefix(input, "http://") || g_str_has_prefix(input, "https://");
    gboolean read =
        url ? intake_url(input, intake, &sink, error) : intake_path(input, intake, &sink, error);
    if (reading.broken > NAMED_MAX)
        output_note("concert: %s: %" G_GUINT64_FORMAT " broken entries in all", input,
                    reading.broken);
    return read;
}

static gboolean take_row(const ObjectsRow *row, gpointer user)
{
    Reading *reading = user;
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_autoptr(GError) broken = NULL;
    if (g_hash_table_contains(reading->retired, &row->number)) {
        reading->counts->out_of_date++;
        return TRUE;
    }
    g_autoptr(Object) object = object_read(bytes, length, row->spec, OBJECT_LENIENT, &broken);
    if (!object) {
        note_broken(reading, row->id, broken->message);
        return TRUE;
    }
    gconstpointer version = GSIZE_TO_POINTER((gsize)row->number);
    gpointer tlp = g_hash_table_lookup(reading->levels, version);
    gpointer pap = g_hash_table_lookup(reading->pap_levels, version);
    reading->each.pap = (MarkingPap)GPOINTER_TO_UINT(pap);
    return load(reading, object, row->source, (MarkingTlp)GPOINTER_TO_UINT(tlp), &reading->error);
}

gboolean match_set_read_store(MatchSetTake take, gpointer into, Store *store,
                              const LoadOptions *options, MatchSetCounts *counts, GError **error)
{
    g_autoptr(GHashTable) retired = options->expired ? g_hash_table_new(g_int64_hash, g_int64_equal)
                                                     : records_retired(store, error);
    g_autoptr(GHashTable) levels = retired ? records_levels(store, error) : NULL;
    g_autoptr(GHashTable) pap_levels = levels ? records_pap_levels(store, error) : NULL;
    if (!pap_levels)
        return FALSE;
    Reading reading = {.take = take,
                       .into = into,
                       .options = options,
                       .counts = counts,
                       .retired = retired,
                       .levels = levels,
                       .pap_levels = pap_levels,
                       .each = *options};
    reading.options = &reading.each;
    ObjectsQuery query = OBJECTS_QUERY_INIT;

    /* Observables have many types; which objects have values, load_object() tells. */
    query.type = options->observables ? NULL : "indicator";
    if (!objects_find(store, &query, take_row, &reading, NULL, error)) {
        g_clear_error(&reading.error);
        return FALSE;
    }
    if (reading.error) {
        g_propagate_error(error, reading.error);
        return FALSE;
    }
    return TRUE;
}
