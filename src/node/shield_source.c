#include "node/shield_source.h"

#include "base/timestamp.h"
#include "store/objects.h"
#include "store/records.h"

typedef struct {
    const ShieldSourceQuery *query;
    LoadOptions load; /* the query's, with the level of what each object came in */
    LoadCounts *counts;
    GHashTable *retired;    /* versions of the store that are left out; NULL: none are */
    GHashTable *levels;     /* records_levels() */
    GHashTable *pap_levels; /* records_pap_levels() */
    GHashTable *community;  /* records_of_community(); NULL: all */
    GError *error;
} Reading;

static void note_broken(const Reading *reading, const char *id, const char *message)
{
    reading->counts->broken++;
    if (reading->query->broken)
        reading->query->broken(reading->query->user, id, message);
}

static gboolean take_row(const ObjectsRow *row, gpointer user)
{
    Reading *reading = user;
    gconstpointer version = GSIZE_TO_POINTER((gsize)row->number);
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    g_autoptr(GError) broken = NULL;
    LoadOutcome outcome;

    if (reading->community && !g_hash_table_contains(reading->community, version))
        return TRUE;
    if (reading->retired && g_hash_table_contains(reading->retired, &row->number)) {
        reading->counts->out_of_date++;
        return TRUE;
    }
    g_autoptr(Object) object = object_read(bytes, length, row->spec, OBJECT_VALUES, &broken);
    if (!object) {
        note_broken(reading, row->id, broken->message);
        return TRUE;
    }
    gpointer tlp = g_hash_table_lookup(reading->levels, version);
    gpointer pap = g_hash_table_lookup(reading->pap_levels, version);
    reading->load.pap = (MarkingPap)GPOINTER_TO_UINT(pap);
    if (!reading->query->take(reading->query->into, object, row->source,
                              (MarkingTlp)GPOINTER_TO_UINT(tlp), &reading->load, &outcome,
                              &reading->error))
        return FALSE;
    load_count(reading->counts, outcome);
    if (outcome == LOAD_MISREAD && reading->query->broken)
        reading->query->broken(reading->query->user, row->id, object->pattern_problem);
    return TRUE;
}

static gboolean read_objects(Store *store, Reading *reading, GError **error)
{
    ObjectsQuery query = OBJECTS_QUERY_INIT;

    /* Observables have many types; which objects have values, load_object() tells. */
    query.type = reading->load.observables ? NULL : "indicator";
    query.ahead = TRUE;
    if (!objects_find(store, &query, take_row, reading, NULL, error)) {
        g_clear_error(&reading->error);
        return FALSE;
    }
    if (reading->error) {
        g_propagate_error(error, reading->error);
        return FALSE;
    }
    return TRUE;
}

gboolean shield_source_each(Store *store, const ShieldSourceQuery *query, LoadCounts *counts,
                            GError **error)
{
    g_autoptr(GHashTable) retired = NULL;
    g_autoptr(GHashTable) levels = NULL;
    g_autoptr(GHashTable) pap_levels = NULL;
    g_autoptr(GHashTable) community = NULL;

    if ((!query->load.expired && !(retired = records_retired(store, error))) ||
        (query->community && !(community = records_of_community(store, query->community, error))) ||
        !(levels = records_levels(store, error)) ||
        !(pap_levels = records_pap_levels(store, error)))
        return FALSE;
    Reading reading = {.query = query,
                       .load = query->load,
                       .counts = counts,
                       .retired = retired,
                       .levels = levels,
                       .pap_levels = pap_levels,
                       .community = community};
    return read_objects(store, &reading, error);
}

static gboolean take_into_builder(gpointer into, const Object *object, const char *source,
                                  MarkingTlp tlp, const LoadOptions *options,
                                  LoadOutcome *ret_outcome, GError **error)
{
    return load_object(into, object, source, tlp, options, ret_outcome, error);
}

gboolean shield_source_read(Store *store, SetBuilder *builder, GError **error)
{
    const ShieldSourceQuery query = {.load = {.now = timestamp_now(), .future = TRUE},
                                     .take = take_into_builder,
                                     .into = builder};
    LoadCounts counts = {0};
    return shield_source_each(store, &query, &counts, error);
}
