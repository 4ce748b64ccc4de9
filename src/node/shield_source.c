#include "node/shield_source.h"

#include "base/timestamp.h"
#include "shield/load.h"
#include "store/objects.h"
#include "store/records.h"

typedef struct {
    SetBuilder *builder;
    LoadOptions options;
    ShieldSourceCounts counts;
    GHashTable *retired;    /* versions of the store that are left out */
    GHashTable *levels;     /* records_levels() */
    GHashTable *pap_levels; /* records_pap_levels() */
    GError *error;
} Reading;

static gboolean take_row(const ObjectsRow *row, gpointer user)
{
    Reading *reading = user;
    gsize length;
    LoadOutcome outcome;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    if (g_hash_table_contains(reading->retired, &row->number)) {
        reading->counts.out_of_date++;
        return TRUE;
    }
    g_autoptr(Object) object = object_read(bytes, length, row->spec, OBJECT_LENIENT, NULL);
    if (!object) {
        reading->counts.broken++;
        return TRUE;
    }
    gconstpointer version = GSIZE_TO_POINTER((gsize)row->number);
    gpointer tlp = g_hash_table_lookup(reading->levels, version);
    gpointer pap = g_hash_table_lookup(reading->pap_levels, version);
    reading->options.pap = (MarkingPap)GPOINTER_TO_UINT(pap);
    if (!load_object(reading->builder, object, row->source, (MarkingTlp)GPOINTER_TO_UINT(tlp),
                     &reading->options, &outcome, &reading->error))
        return FALSE;
    reading->counts.taken += outcome == LOAD_TAKEN;
    reading->counts.empty += outcome == LOAD_EMPTY;
    reading->counts.out_of_date += outcome == LOAD_OUT_OF_DATE;
    return TRUE;
}

gboolean shield_source_read(Store *store, SetBuilder *builder, ShieldSourceCounts *ret_counts,
                            GError **error)
{
    g_autoptr(GHashTable) retired = records_retired(store, error);
    g_autoptr(GHashTable) levels = retired ? records_levels(store, error) : NULL;
    g_autoptr(GHashTable) pap_levels = levels ? records_pap_levels(store, error) : NULL;
    if (!pap_levels)
        return FALSE;
    Reading reading = {.builder = builder,
                       .options = {.now = timestamp_now(), .future = TRUE},
                       .retired = retired,
                       .levels = levels,
                       .pap_levels = pap_levels};
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.type = "indicator";
    if (!objects_find(store, &query, take_row, &reading, NULL, error)) {
        g_clear_error(&reading.error);
        return FALSE;
    }
    if (reading.error) {
        g_propagate_error(error, reading.error);
        return FALSE;
    }
    if (ret_counts)
        *ret_counts = reading.counts;
    return TRUE;
}
