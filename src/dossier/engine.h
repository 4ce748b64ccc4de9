/* engine.h - the state of a dossier, a pure function of its set of events.
 *
 * The events are put in one order: parents before children, else by claimed time, then by hash.
 * Each is then judged at its place by the procedure's table: valid, or void with a reason; a void
 * event is kept and shown and changes nothing. An event of which a parent (or a parent's parent) is
 * not there is pending and changes nothing yet. So two nodes that have the same events have the
 * same state, in whatever order these came.
 *
 * An event that ends a dossier (procedure_closes()) lists the events that it decides on: exactly
 * those that it follows. It is judged by these alone. If it is valid, all that neither precedes nor
 * follows it is void; of two ends that do not know of each other the first in the order counts.
 *
 * Nothing here reads a clock, a file or the store: what is due is told for a time that the caller
 * names. */
#pragma once

#include "dossier/procedure.h"

#define ENGINE_EVENTS_MAX       2048 /* of a dossier */
#define ENGINE_PARTICIPANTS_MAX 256
#define ENGINE_ENDS_MAX         64 /* valid events that end a dossier; it may be opened again */

typedef enum {
    ENGINE_VALID,
    ENGINE_VOID,
    ENGINE_PENDING, /* events before it are missing */
    ENGINE_UNKNOWN, /* of a type, or in a procedure, that this version does not know */
} EngineVerdict;

/* "valid", "void", "pending", "unknown". Static text. */
const char *engine_verdict_name(EngineVerdict verdict);

typedef struct {
    const Event *event;                    /* the caller's */
    const ProcedureTransition *transition; /* NULL: unknown */
    EngineVerdict verdict;
    char *reason;      /* why it is not valid; NULL if it is */
    ConcertError code; /* the kind of reason */
    /* The participants, by their places, whose nodes were sent it: with its own dispatch or
     * together with a later one. Its author is among them. */
    guint64 told[ENGINE_PARTICIPANTS_MAX / 64];
    guint shown; /* roles that may see it, by its own transition or by a later one that `opens` */
    guint place; /* in the one order */
} EngineEvent;

typedef struct {
    const char *node; /* an event's text */
    guint roles;
    guint came; /* where among `events` the one is that asked it in, or in again */
} EngineParticipant;

typedef struct ClockHours ClockHours;

/* A time that runs, or ran. The engine counts all hours; docket_load() has it counted in those of
 * who has to act. */
typedef struct {
    const ProcedureClock *clock;
    const ProcedureTerm *term; /* NULL: it is of no fixed length, or always of the same */
    /* The participants, by their places, that had to act when it began. */
    guint64 actors[ENGINE_PARTICIPANTS_MAX / 64];
    gint64 started_us; /* time of the event with which it began */
    gint64 length_us;
    gint64 due_us;
    const ClockHours *hours; /* in which it counts (clock_hours.h); NULL: all */
    gint64 stopped_us;       /* time of the event that ended it */
    gboolean is_running;
} EngineClock;

struct EngineResult {
    const Procedure *procedure; /* NULL: not known here */
    const char *dossier;        /* NULL: there is no event */
    int state;                  /* -1: not open yet */
    const Event *opening;       /* NULL: not here yet */
    GArray *participants;       /* EngineParticipant, in the order they came in */
    GArray *events;             /* EngineEvent, in their order; pending ones last */
    GArray *clocks;             /* EngineClock, in the order they began */
    guint n_valid, n_void, n_pending, n_unknown;
    gint64 opened_us, last_us; /* times of the opening event and the last valid one; 0: none */
};

/* Judges the events of one dossier, which outlive the result. An event that is there twice counts
 * once; those of another dossier than the first, and those beyond ENGINE_EVENTS_MAX, are left out:
 * callers take care of both. */
EngineResult *engine_run(const Event *const *events, guint n_events);
void engine_result_free(EngineResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EngineResult, engine_result_free)

/* The state's row; NULL while the dossier is not open. */
const ProcedureState *engine_state(const EngineResult *result);

/* The roles of a node; 0: it is no participant. */
guint engine_roles(const EngineResult *result, const char *node);

/* Whether a node took part and does no more; it may be given a part again. */
gboolean engine_is_gone(const EngineResult *result, const char *node);

/* What would be if @draft were there too (@result may be NULL: nothing is there yet); both outlive
 * what is returned. Fails if the draft would not be valid: CONCERT_ERROR_INPUT or _LIMIT: its
 * payload is wrong; _DENIED: its author may not, or a rule forbids it; _CONFLICT: not in this
 * state. The message says what would satisfy the rule. */
EngineResult *engine_after(const EngineResult *result, const Event *draft, GError **error);

/* The transitions that are open now to a node with @roles (rules and payload aside), those that a
 * machine makes included, those beside the course not. Elements are the table's; caller frees the
 * array. */
GPtrArray *engine_open(const EngineResult *result, guint roles);

/* The transition that @node's machine has to make now by itself; NULL: none. */
const ProcedureTransition *engine_machine(const EngineResult *result, const char *node);

/* --- for rules: what is valid so far -----------------------------------------------------------
 */

/* How many valid events of a type there are; and the @n-th (from 0) or last of them, or NULL. */
guint engine_count(const EngineResult *result, const char *type);
const Event *engine_nth(const EngineResult *result, const char *type, guint n);
const Event *engine_last(const EngineResult *result, const char *type);

/* The valid event of that hash, or NULL. */
const Event *engine_find(const EngineResult *result, const EventHash *hash);

/* The event that a PROCEDURE_EVENT member of @event's payload names, or NULL. */
const Event *engine_named(const EngineResult *result, const Event *event, const char *member);

/* How many participants have one of @roles. */
guint engine_count_roles(const EngineResult *result, guint roles);

/* --- the next event ----------------------------------------------------------------------------
 */

/* The parents of the next event of @row: the valid ones that no other valid one follows, of those
 * that all whom it is for may see; at most EVENT_PARENTS_MAX. Elements: EventHash. Caller frees. */
GArray *engine_heads(const EngineResult *result, const ProcedureTransition *row);

/* The valid events of @before that some of the nodes @event is for were not sent yet and all of
 * them may see: they go with it. @after is what engine_after() gave for it. Elements: const
 * EngineEvent *, of @before, in their order. Caller frees the array. */
GPtrArray *engine_missing(const EngineResult *before, const EngineResult *after,
                          const Event *event);

/* The valid events before @event that all whom it is for may see and one of @nodes, which it was
 * not sent to, lacks: those that nobody was to send on to it. Elements: const EngineEvent *, in
 * their order. Caller frees the array. */
GPtrArray *engine_lacking(const EngineResult *result, const Event *event, const char *const *nodes);

/* What an event with these parents has to list that ends the dossier: the JSON text of an array.
 * Caller frees. */
char *engine_decides(const EngineResult *result, const GArray *parents);

/* The names of the nodes that @event, which is part of @result, is for; without its author's own.
 * Sorted, NULL-terminated; caller frees. */
char **engine_audience(const EngineResult *result, const Event *event);

/* How a clock stands at @now_us: *ret_percent of its time is over (0 to G_MAXINT), *ret_reminders
 * of its reminders were due by then, and the next is due at *ret_next_us (0: none is left, or it
 * stopped). All may be NULL. */
void engine_clock_read(const EngineClock *clock, gint64 now_us, guint *ret_percent,
                       guint *ret_reminders, gint64 *ret_next_us);

/* SHA-256 of all that everybody in the dossier may know of it: state, participants, verdicts. Two
 * nodes with the same of these events have the same. */
void engine_digest(const EngineResult *result, guint8 ret_digest[SHA256_SIZE]);
