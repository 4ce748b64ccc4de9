#include "cli/report_data.h"

#include <string.h>

#include "cli/event_keys.h"
#include "exchange/card.h"
#include "node/sighting_list.h"
#include "store/dossiers.h"
#include "store/own_card.h"

/* --- places ------------------------------------------------------------------------------------
 */

static void add_card(GHashTable *places, const char *text)
{
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), NULL) : NULL;
    if (card && card->affiliation)
        g_hash_table_insert(places, g_strdup(card->node), g_strdup(card->affiliation));
}

static gboolean add_known(Store *store, GHashTable *places, GError **error)
{
    g_autofree char *own = NULL;
    g_autoptr(GPtrArray) peers = peers_list(store, error);
    if (!peers || !own_card_get(store, &own, error))
        return FALSE;
    add_card(places, own);
    for (guint i = 0; i < peers->len; i++) {
        g_autoptr(Peer) peer = peers_get(store, ((const Peer *)peers->pdata[i])->origin, error);
        if (!peer)
            return FALSE;
        add_card(places, peer->card);
    }
    return TRUE;
}

static void add_places(GHashTable *places, const DossierFile *file)
{
    GHashTableIter iter;
    gpointer node, place;
    g_hash_table_iter_init(&iter, file->places);
    while (g_hash_table_iter_next(&iter, &node, &place))
        if (!g_hash_table_contains(places, node))
            g_hash_table_insert(places, g_strdup(node), g_strdup(place));
}

/* --- dossiers ----------------------------------------------------------------------------------
 */

/* The dossiers of @store of a year. Elements: Dossier *. */
static GPtrArray *list_year(Store *store, guint year, GError **error)
{
    const DossiersQuery query = {0};
    gint64 first = statistics_year_start(year), end = statistics_year_start(year + 1);
    g_autoptr(GPtrArray) all = dossiers_list(store, &query, error);
    if (!all)
        return NULL;
    for (guint i = all->len; i-- > 0;) {
        const Dossier *dossier = all->pdata[i];
        if (dossier->opened < first || dossier->opened >= end)
            g_ptr_array_remove_index_fast(all, i);
    }
    return g_steal_pointer(&all);
}

/* What was kept was verified when it came. Elements: Event *. */
static GPtrArray *restore_events(const GPtrArray *stored)
{
    GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    for (guint i = 0; i < stored->len; i++) {
        const DossierEvent *row = stored->pdata[i];
        gsize length;
        EventHash hash;
        const char *bytes = g_bytes_get_data(row->bytes, &length);
        memcpy(hash.bytes, row->hash, sizeof hash.bytes);
        Event *event = event_restore(bytes, length, &hash);
        if (event)
            g_ptr_array_add(events, event);
    }
    return events;
}

static void add_events(StatisticsCount *count, const GPtrArray *events)
{
    g_autoptr(EngineResult) result = engine_run((const Event *const *)events->pdata, events->len);
    statistics_add(count, result);
}

static gboolean add_store(StatisticsCount *count, Store *store, guint year, GError **error)
{
    g_autoptr(GPtrArray) dossiers = list_year(store, year, error);
    for (guint i = 0; dossiers && i < dossiers->len; i++) {
        g_autoptr(GPtrArray) stored =
            dossiers_events(store, ((const Dossier *)dossiers->pdata[i])->id, error);
        if (!stored)
            return FALSE;
        g_autoptr(GPtrArray) events = restore_events(stored);
        add_events(count, events);
    }
    return dossiers != NULL;
}

static void add_file(StatisticsCount *count, const DossierFile *file)
{
    g_autoptr(GHashTable) dossiers =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    GHashTableIter iter;
    gpointer events;
    for (guint i = 0; i < file->events->len; i++) {
        const Event *event = file->events->pdata[i];
        GPtrArray *list = g_hash_table_lookup(dossiers, event->dossier);
        if (!list) {
            list = g_ptr_array_new();
            g_hash_table_insert(dossiers, (gpointer)event->dossier, list);
        }
        g_ptr_array_add(list, (gpointer)event);
    }
    g_hash_table_iter_init(&iter, dossiers);
    while (g_hash_table_iter_next(&iter, NULL, &events))
        add_events(count, events);
}

/* --- sightings ---------------------------------------------------------------------------------
 */

static gboolean count_sightings(Store *store, guint year, guint64 *ret_count, GError **error)
{
    SightingListQuery query = SIGHTING_LIST_QUERY_INIT;
    query.since = statistics_year_start(year);
    query.until = statistics_year_start(year + 1);
    return sighting_list_count(store, &query, ret_count, error);
}

/* --- all of it ---------------------------------------------------------------------------------
 */

Statistics *report_data_count(Node *node, const char *self, guint year, const GPtrArray *files,
                              GError **error)
{
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    StatisticsScope scope = {.year = year, .self = self, .places = places};
    if (node && (!add_known(node_store(node), places, error) ||
                 !count_sightings(node_store(node), year, &scope.sightings, error)))
        return NULL;
    for (guint i = 0; files && i < files->len; i++)
        add_places(places, files->pdata[i]);
    StatisticsCount *count = statistics_begin(&scope);
    gboolean good = !node || add_store(count, node_store(node), year, error);
    for (guint i = 0; good && files && i < files->len; i++)
        add_file(count, files->pdata[i]);
    g_autoptr(Statistics) statistics = statistics_end(count);
    return good ? g_steal_pointer(&statistics) : NULL;
}

static void add_all_places(GString *text, GHashTable *places)
{
    GHashTableIter iter;
    gpointer node, place;
    g_hash_table_iter_init(&iter, places);
    while (g_hash_table_iter_next(&iter, &node, &place))
        dossier_file_add_place(text, node, place);
}

/* Reads the events of @dossiers: their bytes into @text, and themselves. Elements: Event *. */
static GPtrArray *read_all(Store *store, const GPtrArray *dossiers, GString *text, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    for (guint i = 0; i < dossiers->len; i++) {
        g_autoptr(GPtrArray) stored =
            dossiers_events(store, ((const Dossier *)dossiers->pdata[i])->id, error);
        if (!stored)
            return NULL;
        for (guint k = 0; k < stored->len; k++)
            dossier_file_add_event(text, ((const DossierEvent *)stored->pdata[k])->bytes);
        g_ptr_array_extend_and_steal(all, restore_events(stored));
    }
    return g_steal_pointer(&all);
}

GString *report_data_export(Node *node, guint year, GError **error)
{
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GString) events_text = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) dossiers = list_year(node_store(node), year, error);
    g_autoptr(GPtrArray) events =
        dossiers ? read_all(node_store(node), dossiers, events_text, error) : NULL;
    if (!events || !add_known(node_store(node), places, error))
        return NULL;
    g_auto(GStrv) keys = event_keys_known(node, events, error);
    if (!keys)
        return NULL;
    dossier_file_begin(text);
    for (guint i = 0; keys[i]; i++)
        dossier_file_add_key(text, keys[i]);
    add_all_places(text, places);
    g_string_append_len(text, events_text->str, (gssize)events_text->len);
    return g_steal_pointer(&text);
}
