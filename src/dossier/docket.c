#include "dossier/docket.h"

#include <string.h>

#include "base/error.h"
#include "dossier/clock_hours.h"
#include "dossier/docket_files.h"
#include "dossier/docket_held.h"
#include "ledger/origin.h"
#include "store/declared_hours.h"
#include "store/introductions.h"
#include "store/peer_past.h"
#include "store/reminders.h"

G_STATIC_ASSERT(DOSSIERS_EVENTS_MAX == ENGINE_EVENTS_MAX);
G_STATIC_ASSERT(PROCEDURE_HASHES_MAX >= ENGINE_EVENTS_MAX);

void docket_outcome_clear(DocketOutcome *outcome)
{
    g_clear_pointer(&outcome->refusal, g_free);
    g_clear_pointer(&outcome->dossier, g_free);
    g_clear_pointer(&outcome->machine, g_free);
}

void docket_draft_free(DocketDraft *draft)
{
    if (!draft)
        return;
    g_free(draft->body);
    g_free(draft->dossier);
    g_free(draft->state);
    g_strfreev(draft->told);
    g_strfreev(draft->untold);
    g_clear_pointer(&draft->authors, g_ptr_array_unref);
    g_clear_pointer(&draft->carried, g_ptr_array_unref);
    g_free(draft);
}

void docket_free(Docket *docket)
{
    if (!docket)
        return;
    engine_result_free(docket->result);
    g_clear_pointer(&docket->hours, g_ptr_array_unref);
    g_clear_pointer(&docket->events, g_ptr_array_unref);
    g_clear_pointer(&docket->stored, g_ptr_array_unref);
    dossier_free(docket->dossier);
    g_free(docket);
}

/* --- judging what is stored --------------------------------------------------------------------
 */

/* Reads and judges; takes @stored. What was stored by a later version and cannot be read here is
 * left out. The signatures are only there if it is @whole. */
static Docket *open_docket(GPtrArray *stored, gboolean whole)
{
    Docket *docket = g_new0(Docket, 1);
    docket->stored = stored;
    docket->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    for (guint i = 0; i < stored->len; i++) {
        const DossierEvent *row = stored->pdata[i];
        gsize length;
        EventHash hash;
        const char *bytes = g_bytes_get_data(row->bytes, &length);
        memcpy(hash.bytes, row->hash, sizeof hash.bytes);
        Event *event =
            whole ? event_parse(bytes, length, NULL) : event_restore(bytes, length, &hash);
        if (event)
            g_ptr_array_add(docket->events, event);
    }
    docket->result = engine_run((const Event *const *)docket->events->pdata, docket->events->len);
    return docket;
}

static gboolean ask_store(gpointer store, const char *node, gint64 when, char **ret_hours,
                          GError **error)
{
    return declared_hours_get(store, node, when, ret_hours, error);
}

static gboolean ask_tx(gpointer tx, const char *node, gint64 when, char **ret_hours, GError **error)
{
    return declared_hours_get_tx(tx, node, when, ret_hours, error);
}

/* Has the clocks counted in the hours of those who have to act. */
static gboolean set_hours(Docket *docket, ClockHoursAsk ask, gpointer user, GError **error)
{
    docket->hours = g_ptr_array_new_with_free_func((GDestroyNotify)clock_hours_free);
    for (guint i = 0; i < docket->result->clocks->len; i++) {
        EngineClock *clock = &g_array_index(docket->result->clocks, EngineClock, i);
        if (!clock->clock->in_hours)
            continue;
        ClockHours *hours = clock_hours_new(docket->result, clock, ask, user, error);
        if (!hours)
            return FALSE;
        g_ptr_array_add(docket->hours, hours);
        clock->hours = hours;
        clock->due_us = clock_hours_after(hours, clock->started_us, clock->length_us);
    }
    return TRUE;
}

Docket *docket_load(Store *store, const char *id, GError **error)
{
    g_autoptr(Dossier) dossier = dossiers_get(store, id, error);
    g_autoptr(GPtrArray) stored = dossier ? dossiers_events(store, dossier->id, error) : NULL;
    if (!stored)
        return NULL;
    g_autoptr(Docket) docket = open_docket(g_steal_pointer(&stored), TRUE);
    docket->dossier = g_steal_pointer(&dossier);
    return set_hours(docket, ask_store, store, error) ? g_steal_pointer(&docket) : NULL;
}

const DossierEvent *docket_stored(const Docket *docket, const Event *event)
{
    for (guint i = 0; i < docket->stored->len; i++) {
        const DossierEvent *one = docket->stored->pdata[i];
        if (memcmp(one->hash, event->hash.bytes, SHA256_SIZE) == 0)
            return one;
    }
    return NULL;
}

static Docket *load_tx(StoreTx *tx, const char *id, GError **error)
{
    GPtrArray *stored = dossiers_events_tx(tx, id, error);
    g_autoptr(Docket) docket = stored ? open_docket(stored, FALSE) : NULL;
    return docket && set_hours(docket, ask_tx, tx, error) ? g_steal_pointer(&docket) : NULL;
}

Docket *docket_load_tx(StoreTx *tx, const char *id, GError **error)
{
    return load_tx(tx, id, error);
}

/* The nodes for which the dossier waits. NULL-terminated; caller frees the array alone. */
static const char **waiting_nodes(const EngineResult *result)
{
    const ProcedureState *state = engine_state(result);
    GPtrArray *nodes = g_ptr_array_new();
    for (guint i = 0; state && i < result->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(result->participants, EngineParticipant, i);
        if ((one->roles & state->waits_for) != 0)
            g_ptr_array_add(nodes, (gpointer)one->node);
    }
    g_ptr_array_add(nodes, NULL);
    return (const char **)g_ptr_array_free(nodes, FALSE);
}

static gint64 first_due(const EngineResult *result)
{
    gint64 due = G_MAXINT64;
    for (guint i = 0; i < result->clocks->len; i++) {
        const EngineClock *clock = &g_array_index(result->clocks, EngineClock, i);
        if (clock->is_running)
            due = MIN(due, clock->due_us);
    }
    return due;
}

/* When somebody has to be reminded first, of any clock that runs; what was given already is for
 * node/reminder.h to tell. */
static gint64 first_reminder(const EngineResult *result)
{
    gint64 first = G_MAXINT64;
    for (guint i = 0; i < result->clocks->len; i++) {
        const EngineClock *clock = &g_array_index(result->clocks, EngineClock, i);
        gint64 next;
        engine_clock_read(clock, clock->started_us - 1, NULL, NULL, &next);
        if (clock->is_running && next > 0)
            first = MIN(first, next);
    }
    return first;
}

static MarkingTlp strictest(const EngineResult *result)
{
    MarkingTlp tlp = MARKING_TLP_NONE;
    for (guint i = 0; i < result->events->len; i++)
        tlp = MAX(tlp, g_array_index(result->events, EngineEvent, i).event->tlp);
    return tlp;
}

/* Writes what follows from the events into the dossier's row. */
static gboolean put_state(StoreTx *tx, gint64 number, const EngineResult *result, const char *self,
                          GError **error)
{
    const ProcedureState *state = engine_state(result);
    const Event *opening = result->opening;
    const ProcedureTransition *machine = engine_machine(result, self);
    g_autofree const char **waits_for = waiting_nodes(result);
    const Dossier row = {
        .title = opening && result->procedure->subject
                     ? (char *)event_text(opening, result->procedure->subject)
                     : NULL,
        .opener = opening ? opening->node : NULL,
        .state = state ? (char *)state->name : NULL,
        .is_final = state && state->is_final,
        .opened = result->opened_us,
        .last = result->last_us,
        .waits_for = (char **)waits_for,
        .waits_what = state ? (char *)state->waits_what : NULL,
        .waits_here = g_strv_contains(waits_for, self),
        .due = first_due(result),
        .machine = machine ? (char *)machine->type : NULL,
        .tlp = strictest(result),
        .is_exercise = opening && opening->is_exercise,
        .n_void = result->n_void,
        .n_pending = result->n_pending,
    };
    return dossiers_put_state(tx, number, &row, error) &&
           reminders_set(tx, number, first_reminder(result), error);
}

gboolean docket_rejudge(StoreTx *tx, const char *self, gint64 after, guint max, gint64 *ret_last,
                        guint *ret_count, GError **error)
{
    g_autoptr(GArray) numbers = dossiers_after_tx(tx, after, max, error);
    gint64 last = 0;
    for (guint i = 0; numbers && i < numbers->len; i++) {
        const DossiersNumber *one = &g_array_index(numbers, DossiersNumber, i);
        g_autoptr(Docket) docket = load_tx(tx, one->id, error);
        if (!docket || !put_state(tx, one->number, docket->result, self, error))
            return FALSE;
        last = one->number;
    }
    if (!numbers)
        return FALSE;
    *ret_last = last;
    *ret_count = numbers->len;
    return TRUE;
}

char *docket_tables(void)
{
    g_autofree char *document = procedure_document();
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    sha256_digest(document, strlen(document), digest);
    return g_strdup(sha256_hex(digest, hex));
}

/* --- receiving ---------------------------------------------------------------------------------
 */

/* Whether the peer signed @event with the key of its newest card, or with one that its card had at
 * the time at which the event says it was made: events arrive late, and by way of others. */
static gboolean verify_peer(StoreTx *tx, const Event *event, const Peer *peer, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(NoteVerifier) key = note_verifier_parse(peer->message_vkey, error);
    if (!key)
        return FALSE;
    if (event_verify(event, key, &failure))
        return TRUE;
    g_auto(GStrv) earlier = peer_past_keys(tx, peer->number, event->time_us, error);
    if (!earlier)
        return FALSE;
    for (guint i = 0; earlier[i]; i++) {
        g_autoptr(NoteVerifier) old = note_verifier_parse(earlier[i], NULL);
        if (old && event_verify(event, old, NULL))
            return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

/* Of a node that is no peer: by the card with which a peer introduced it. */
static gboolean verify_introduced(StoreTx *tx, const Event *event, GError **error)
{
    g_autofree char *vkey = NULL, *by = NULL;
    if (!introductions_get_tx(tx, event->node, &vkey, &by, error))
        return FALSE;
    if (!vkey) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "nobody here knows the key of %s, which is no peer and was not introduced",
                    event->node);
        return FALSE;
    }
    g_autoptr(NoteVerifier) key = note_verifier_parse(vkey, error);
    return key && event_verify(event, key, error);
}

static gboolean verify(StoreTx *tx, const Event *event, const char *self, const DocketPlace *place,
                       GError **error)
{
    if (strcmp(event->node, self) == 0) {
        if (place->own_key)
            return event_verify(event, place->own_key, error);
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "the event would be our own, but is not known here");
        return FALSE;
    }
    g_autoptr(GError) unknown = NULL;
    g_autoptr(Peer) peer = peers_get_tx(tx, event->node, &unknown);
    if (!peer && !g_error_matches(unknown, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&unknown));
        return FALSE;
    }
    if (!peer)
        return verify_introduced(tx, event, error);
    if (!peer->agreed) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "nobody here has accepted the key of %s", event->node);
        return FALSE;
    }
    return verify_peer(tx, event, peer, error);
}

/* What happened is the event's fault, not the store's. */
static gboolean is_refusal(const GError *error)
{
    return error->domain == CONCERT_ERROR && error->code != CONCERT_ERROR_IO &&
           error->code != CONCERT_ERROR_FULL && error->code != CONCERT_ERROR_BUSY;
}

/* Keeps an event; *ret_new FALSE: it was there. */
static gboolean keep(StoreTx *tx, GBytes *bytes, const Event *event, const DocketPlace *place,
                     gint64 *ret_number, gboolean *ret_new, GError **error)
{
    const DossiersEvent row = {.dossier = event->dossier,
                               .procedure = event->procedure,
                               .hash = event->hash.bytes,
                               .author = event->node,
                               .bytes = bytes,
                               .arrived = place->now_us,
                               .source = place->source};
    return dossiers_add_event(tx, &row, ret_number, ret_new, error);
}

/* Holds the event if it claims a time far ahead. What was taken once stays. */
static gboolean hold(StoreTx *tx, GBytes *bytes, const Event *event, const DocketPlace *place,
                     DocketOutcome *outcome, GError **error)
{
    gboolean is_known;
    if (!docket_held_is_due(event, place))
        return TRUE;
    if (!dossiers_is_known(tx, event->hash.bytes, &is_known, error))
        return FALSE;
    if (is_known)
        return TRUE;
    if (!docket_held_put(tx, bytes, event, place, error))
        return FALSE;
    outcome->is_held = TRUE;
    outcome->refusal = docket_held_reason(event);
    return TRUE;
}

static gboolean receive(StoreTx *tx, GBytes *bytes, const DocketPlace *place,
                        DocketOutcome *outcome, GError **error)
{
    gsize length;
    gint64 number;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(Event) event = event_parse(text, length, error);
    g_autofree char *self = origin_node(place->origin);
    if (!event || !verify(tx, event, self, place, error) ||
        !hold(tx, bytes, event, place, outcome, error))
        return FALSE;
    if (outcome->is_held)
        return TRUE;
    if (!keep(tx, bytes, event, place, &number, &outcome->is_new, error))
        return FALSE;
    outcome->dossier = g_strdup(event->dossier);
    if (!outcome->is_new)
        return TRUE;
    if (!docket_files_mention(tx, event, error))
        return FALSE;
    if (event->untold && place->source &&
        !introductions_add_relay(tx, event->dossier, event->hash.bytes, error))
        return FALSE;
    g_autoptr(Docket) docket = load_tx(tx, event->dossier, error);
    if (!docket || !put_state(tx, number, docket->result, self, error))
        return FALSE;
    const ProcedureTransition *machine = engine_machine(docket->result, self);
    outcome->machine = machine ? g_strdup(machine->type) : NULL;
    return TRUE;
}

gboolean docket_receive(StoreTx *tx, GBytes *bytes, const DocketPlace *place,
                        DocketOutcome *ret_outcome, GError **error)
{
    g_auto(DocketOutcome) outcome = {0};
    g_autoptr(GError) failure = NULL;
    if (!receive(tx, bytes, place, &outcome, &failure)) {
        if (!is_refusal(failure)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        docket_outcome_clear(&outcome);
        outcome = (DocketOutcome){.refusal = g_strdup(failure->message)};
    }
    *ret_outcome = outcome;
    outcome = (DocketOutcome){0};
    return TRUE;
}

/* --- drafting ----------------------------------------------------------------------------------
 */

/* @payload with what an end lists. What is no object stays as it is, and is refused later. */
static char *with_decides(const char *payload, const EngineResult *result, const GArray *parents)
{
    const char *begin = payload + strspn(payload, " \t\r\n");
    if (*begin != '{')
        return g_strdup(payload);
    g_autofree char *decides = engine_decides(result, parents);
    gboolean is_empty = begin[1 + strspn(begin + 1, " \t\r\n")] == '}';
    return g_strdup_printf("{\"%s\":%s%s%s", procedure_decides()->name, decides,
                           is_empty ? "" : ",", begin + 1);
}

/* --- whom it goes to ---------------------------------------------------------------------------
 */

static gboolean is_reachable(StoreTx *tx, const char *node, gboolean *ret_reachable, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Peer) peer = peers_get_tx(tx, node, &local);
    if (!peer && !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    *ret_reachable = peer && (peer->state == PEER_ACTIVE || peer->state == PEER_SUSPENDED);
    return TRUE;
}

/* Divides the audience into those who are told and those who cannot be. */
static gboolean divide(StoreTx *tx, char **audience, DocketDraft *draft, GError **error)
{
    g_autoptr(GStrvBuilder) told = g_strv_builder_new();
    g_autoptr(GStrvBuilder) untold = g_strv_builder_new();
    for (guint i = 0; audience[i]; i++) {
        gboolean reachable;
        if (!is_reachable(tx, audience[i], &reachable, error))
            return FALSE;
        g_strv_builder_add(reachable ? told : untold, audience[i]);
    }
    g_clear_pointer(&draft->told, g_strfreev);
    g_clear_pointer(&draft->untold, g_strfreev);
    draft->told = g_strv_builder_end(told);
    draft->untold = g_strv_builder_end(untold);
    return TRUE;
}

/* The body of an event that follows all of @result; @result NULL: that opens a dossier. */
static char *build(const EngineResult *result, const DocketAct *act, const DocketPlace *place,
                   char **untold, GError **error)
{
    const Event *opening = result ? result->opening : NULL;
    const Procedure *procedure = result ? result->procedure : procedure_find(act->procedure);
    const ProcedureTransition *row = procedure ? procedure_transition(procedure, act->type) : NULL;
    g_autoptr(GArray) heads = result ? engine_heads(result, row) : NULL;
    const char *payload = act->payload ? act->payload : "{}";
    gboolean ends = result && row && procedure_closes(procedure, row);
    gboolean inherits = act->tlp == MARKING_TLP_NONE && opening;
    g_autofree char *whole = ends ? with_decides(payload, result, heads) : g_strdup(payload);
    const EventSpec spec = {
        .procedure = opening ? opening->procedure : act->procedure,
        .dossier = act->dossier,
        .type = act->type,
        .author = place->origin,
        .signatory = act->signatory,
        .time_us = place->now_us,
        .parents = heads ? (const EventHash *)(gconstpointer)heads->data : NULL,
        .n_parents = heads ? heads->len : 0,
        .payload = whole,
        .tlp = inherits ? opening->tlp : act->tlp,
        .pap = inherits ? opening->pap : act->pap,
        .is_exercise = opening ? opening->is_exercise : act->is_exercise,
        .checkpoint = act->checkpoint,
        .untold = (const char *const *)untold,
    };
    return event_build(&spec, NULL, error);
}

/* What goes with the draft; the marking is that of all. What another made for those named alone is
 * not this node's to show. */
static gboolean carry(DocketDraft *draft, const Docket *docket, const EngineResult *after,
                      const Event *event, GError **error)
{
    draft->carried = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    draft->authors = g_ptr_array_new_with_free_func(g_free);
    if (!docket)
        return TRUE;
    g_autoptr(GPtrArray) missing = engine_missing(docket->result, after, event);
    for (guint i = 0; i < missing->len; i++) {
        const Event *earlier = ((const EngineEvent *)missing->pdata[i])->event;
        const DossierEvent *stored = docket_stored(docket, earlier);
        if (!stored)
            continue;
        if (earlier->tlp >= MARKING_TLP_AMBER_STRICT && strcmp(earlier->node, event->node) != 0) {
            char hex[2 * SHA256_SIZE + 1];
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                        "event %.8s (%s) of %s is TLP:%s: it cannot be shown to further nodes",
                        event_hash_format(&earlier->hash, hex), earlier->type, earlier->node,
                        marking_tlp_name(earlier->tlp));
            return FALSE;
        }
        g_ptr_array_add(draft->carried, g_bytes_ref(stored->bytes));
        if (strcmp(earlier->node, event->node) != 0 &&
            !g_ptr_array_find_with_equal_func(draft->authors, earlier->node, g_str_equal, NULL))
            g_ptr_array_add(draft->authors, g_strdup(earlier->node));
        draft->tlp = MAX(draft->tlp, earlier->tlp);
        draft->pap = MAX(draft->pap, earlier->pap);
    }
    return TRUE;
}

/* What would be if the event were there whose body is @draft's. */
static EngineResult *try_draft(const EngineResult *result, const DocketDraft *draft,
                               Event **ret_event, GError **error)
{
    g_autoptr(Event) event = event_draft(draft->body, strlen(draft->body), error);
    EngineResult *after = event ? engine_after(result, event, error) : NULL;
    if (after)
        *ret_event = g_steal_pointer(&event);
    return after;
}

/* @docket NULL: the event opens a dossier. Whom an event is for follows from what it does, and
 * whom it cannot be sent to stands in it: so it is built again where there is somebody. */
static DocketDraft *make_draft(StoreTx *tx, const Docket *docket, const DocketAct *act,
                               const DocketPlace *place, GError **error)
{
    const EngineResult *result = docket ? docket->result : NULL;
    g_autoptr(DocketDraft) draft = g_new0(DocketDraft, 1);
    for (guint round = 0; round < 2; round++) {
        g_autoptr(Event) event = NULL;
        char *body = build(result, act, place, draft->untold, error);
        g_free(draft->body);
        draft->body = body;
        g_autoptr(EngineResult) after = body ? try_draft(result, draft, &event, error) : NULL;
        if (!after)
            return NULL;
        g_auto(GStrv) audience = engine_audience(after, event);
        if (round == 0) {
            if (!divide(tx, audience, draft, error))
                return NULL;
            if (draft->untold[0])
                continue;
        }
        draft->dossier = g_strdup(event->dossier);
        draft->procedure = after->procedure;
        draft->state = g_strdup(engine_state(after)->name);
        draft->tlp = event->tlp;
        draft->pap = event->pap;
        draft->is_exercise = event->is_exercise;
        draft->is_private = procedure_transition(after->procedure, event->type)->tells == 0;
        return carry(draft, docket, after, event, error) ? g_steal_pointer(&draft) : NULL;
    }
    g_assert_not_reached();
}

DocketDraft *docket_draft(StoreTx *tx, const DocketAct *act, const DocketPlace *place,
                          GError **error)
{
    if (!act->dossier)
        return make_draft(tx, NULL, act, place, error);
    g_autoptr(Docket) docket = load_tx(tx, act->dossier, error);
    if (!docket)
        return NULL;
    if (!docket->result->opening) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    docket->stored->len == 0 ? "no dossier \"%s\""
                                             : "the event that opens %s is not here",
                    act->dossier);
        return NULL;
    }
    return make_draft(tx, docket, act, place, error);
}
