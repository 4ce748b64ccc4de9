/* dossier_search.h - tries, in every state that a dossier can get to, all that anybody could do.
 *
 * From an opening event on, every move of a list is tried by every node, as a person and as a
 * machine, after every history that a shorter one does not stand for; what is valid is followed.
 * Two histories are alike if they are in the same state and of the same `key`, which the test gives
 * as all that its rules look at. So no road is left out, however long. */
#pragma once

#include "dossier_maker.h"
#include "dossier_order.h"

#define SEARCH_KEYS_MAX   200000
#define SEARCH_EVENTS_MAX 64

typedef struct {
    const char *type;
    const char *payload; /* members, without braces; "" for none */
} SearchMove;

typedef struct {
    const char *procedure;
    SearchMove opening;
    const char *opener;
    const char *const *nodes; /* NULL-terminated */
    const SearchMove *moves;  /* end with a NULL type */
    int step;                 /* minutes between two events */
    /* Besides the state: all that rules look at. */
    guint64 (*key)(const EngineResult *dossier);
    /* Called for every valid event, with the dossier after it. */
    void (*check)(const EngineResult *after, const Event *event, gpointer data);
    gpointer data;
} Search;

/* One history: its events, the last of them its own. */
typedef struct {
    GPtrArray *events; /* Event *, a reference each */
    EngineResult *result;
    guint64 key;
    gboolean can_end;
    GArray *next; /* guint: places of the histories that follow */
} SearchPlace;

static inline void search_place_free(gpointer data)
{
    SearchPlace *place = data;
    engine_result_free(place->result);
    g_ptr_array_unref(place->events);
    g_array_unref(place->next);
    g_free(place);
}

static inline SearchPlace *search_place_new(const Search *search, GPtrArray *events)
{
    SearchPlace *place = g_new0(SearchPlace, 1);
    place->events = events;
    place->next = g_array_new(FALSE, FALSE, sizeof(guint));
    place->result = engine_run((const Event *const *)events->pdata, events->len);
    place->key = search->key(place->result) << 6 | (guint64)(place->result->state + 1);
    place->can_end = engine_state(place->result)->is_final;
    return place;
}

/* The event, signed; or as a draft, which is quicker and has no hash. */
static inline Event *search_event(const Search *search, const EngineResult *before,
                                  const SearchMove *move, const char *node, gboolean is_person,
                                  gboolean is_signed)
{
    g_autoptr(GError) error = NULL;
    const ProcedureTransition *row =
        procedure_transition(procedure_find(search->procedure), move->type);
    g_autoptr(GArray) heads =
        before ? engine_heads(before, row) : g_array_new(FALSE, FALSE, sizeof(EventHash));
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    g_autofree char *decides =
        before && procedure_closes(before->procedure, row) ? engine_decides(before, heads) : NULL;
    g_autofree char *payload = decides ? g_strdup_printf("{%s%s\"decides\":%s}", move->payload,
                                                         *move->payload ? "," : "", decides)
                                       : g_strdup_printf("{%s}", move->payload);
    const guint8 nonce[EVENT_NONCE_SIZE] = {1};
    const EventSpec spec = {.procedure = search->procedure,
                            .dossier = before ? before->dossier : NULL,
                            .type = move->type,
                            .author = origin,
                            .signatory = is_person ? "Somebody" : NULL,
                            .time_us = MAKER_START + (gint64)(before ? before->events->len : 0) *
                                                         search->step * MAKER_MINUTE,
                            .parents = (const EventHash *)(gconstpointer)heads->data,
                            .n_parents = heads->len,
                            .payload = payload,
                            .tlp = MARKING_TLP_AMBER};
    g_autoptr(NoteSigner) signer = is_signed ? maker_signer(node) : NULL;
    g_autofree char *text =
        is_signed ? event_make(&spec, signer, &error) : event_build(&spec, nonce, &error);
    g_assert_no_error(error);
    Event *event = is_signed ? event_parse(text, strlen(text), &error)
                             : event_draft(text, strlen(text), &error);
    g_assert_no_error(error);
    return event;
}

/* Tries one move; a new history is added. */
static inline void search_try(const Search *search, GPtrArray *places, GHashTable *known,
                              GPtrArray *owned, guint from, const SearchMove *move,
                              const char *node, gboolean is_person)
{
    SearchPlace *before = places->pdata[from];
    g_autoptr(Event) draft = search_event(search, before->result, move, node, is_person, FALSE);
    g_autoptr(EngineResult) possible = engine_after(before->result, draft, NULL);
    if (!possible)
        return;
    Event *event = search_event(search, before->result, move, node, is_person, TRUE);
    g_ptr_array_add(owned, event);
    g_autoptr(EngineResult) after = engine_after(before->result, event, NULL);
    g_assert_nonnull(after);
    search->check(after, event, search->data);
    GPtrArray *events = g_ptr_array_copy(before->events, NULL, NULL);
    g_ptr_array_add(events, event);
    g_assert_cmpuint(events->len, <, SEARCH_EVENTS_MAX);
    SearchPlace *place = search_place_new(search, events);
    gpointer index;
    if (g_hash_table_lookup_extended(known, &place->key, NULL, &index)) {
        search_place_free(place);
    } else {
        index = GUINT_TO_POINTER(places->len);
        g_hash_table_insert(known, &place->key, index);
        g_ptr_array_add(places, place);
    }
    guint at = GPOINTER_TO_UINT(index);
    g_array_append_val(before->next, at);
    g_assert_cmpuint(places->len, <, SEARCH_KEYS_MAX);
}

/* That from every history there is a way to an end, the rules held. */
static inline void search_assert_ends(const GPtrArray *places)
{
    for (gboolean is_new = TRUE; is_new;) {
        is_new = FALSE;
        for (guint i = 0; i < places->len; i++) {
            SearchPlace *place = places->pdata[i];
            for (guint k = 0; !place->can_end && k < place->next->len; k++) {
                SearchPlace *next = places->pdata[g_array_index(place->next, guint, k)];
                place->can_end = next->can_end;
                is_new = is_new || next->can_end;
            }
        }
    }
    for (guint i = 0; i < places->len; i++) {
        SearchPlace *place = places->pdata[i];
        if (!place->can_end)
            g_error("no way out of %s", engine_state(place->result)->name);
    }
}

/* The longest history is the same in any order. */
static inline void search_assert_order(const GPtrArray *places)
{
    const SearchPlace *longest = places->pdata[0];
    for (guint i = 1; i < places->len; i++) {
        const SearchPlace *place = places->pdata[i];
        if (place->events->len > longest->events->len)
            longest = place;
    }
    order_assert_any((const Event *const *)longest->events->pdata, longest->events->len,
                     longest->result);
}

/* Returns how many histories there are; @ret_states (may be NULL) gets the states that were
 * reached, as bits. */
static inline guint search_run(const Search *search, guint *ret_states)
{
    g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(search_place_free);
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    g_autoptr(GHashTable) known = g_hash_table_new(g_int64_hash, g_int64_equal);
    Event *opening = search_event(search, NULL, &search->opening, search->opener, TRUE, TRUE);
    g_ptr_array_add(owned, opening);
    GPtrArray *events = g_ptr_array_new();
    g_ptr_array_add(events, opening);
    guint states = 0;
    g_ptr_array_add(places, search_place_new(search, events));
    SearchPlace *first = places->pdata[0];
    g_hash_table_insert(known, &first->key, GUINT_TO_POINTER(0));
    for (guint i = 0; i < places->len; i++) {
        states |= PROCEDURE_BIT(((SearchPlace *)places->pdata[i])->result->state);
        for (const SearchMove *move = search->moves; move->type; move++)
            for (const char *const *node = search->nodes; *node; node++) {
                search_try(search, places, known, owned, i, move, *node, TRUE);
                search_try(search, places, known, owned, i, move, *node, FALSE);
            }
    }
    search_assert_ends(places);
    search_assert_order(places);
    if (ret_states)
        *ret_states = states;
    return places->len;
}
