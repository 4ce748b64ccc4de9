/* procedure.h - what a procedure is, as data: states, roles, transitions, fields, rules, clocks.
 *
 * A procedure is a constant table in a file of its own (request.c) that the one engine (engine.h)
 * runs. Nothing in a table depends on which node runs it: the same set of events has the same
 * outcome everywhere. docs/procedures.md is written from the tables (procedure_document()), and
 * procedure_check() holds them to what every procedure promises: no state is a dead end, every
 * clock stops.
 *
 * States, roles and clocks are named by their place in the table; sets of them are bits. */
#pragma once

#include "base/error.h"
#include "dossier/event.h"

#define PROCEDURE_SET_MAX 32 /* states, roles or clocks of a procedure */
#define PROCEDURE_STAY    (-1)
#define PROCEDURE_BIT(i)  (1u << (i))

/* Limits that tables may not exceed. */
#define PROCEDURE_TEXT_MAX   (64 * 1024) /* bytes of a text */
#define PROCEDURE_LIST_MAX   250         /* members of a list of nodes */
#define PROCEDURE_HASHES_MAX 2048
#define PROCEDURE_NODE_MAX   240 /* bytes of a node's name */
#define PROCEDURE_LINE_MAX   1024
#define PROCEDURE_NUMBER_MAX G_MAXUINT32
#define PROCEDURE_FILES_MAX  256         /* attachments of an event */
#define PROCEDURE_DATA_MAX   (96 * 1024) /* bytes of a PROCEDURE_DATA, written compactly */

/* A word and what it means, for people. Lists end with a NULL word. */
typedef struct {
    const char *word, *label;
} ProcedureWord;

/* Somebody's part: "requester". Lists end with a NULL name. */
typedef struct {
    const char *name, *help;
    gboolean is_gone; /* who has it takes no part any more: it may do nothing, and is not told; it
                         may be given a part again */
} ProcedureRole;

typedef struct {
    const char *name, *help;
    gboolean is_final;
    gboolean is_private;    /* not shared yet: not everybody whom it concerns knows of it */
    gboolean is_rest;       /* nobody has to act; something may come yet */
    guint waits_for;        /* roles of those who have to act; 0 if final, or a rest */
    const char *waits_what; /* "acknowledge the request" */
} ProcedureState;

typedef enum {
    PROCEDURE_TEXT,   /* UTF-8, may have lines */
    PROCEDURE_LINE,   /* without control characters */
    PROCEDURE_WORD,   /* one of `words` */
    PROCEDURE_TIME,   /* as times are written everywhere, any number of digits */
    PROCEDURE_NODE,   /* the name of a node */
    PROCEDURE_NODES,  /* a list of them, ascending by their bytes */
    PROCEDURE_HASHES, /* a list of hashes of events, ascending */
    PROCEDURE_WORDS,  /* a list of some of `words`, ascending by their bytes */
    PROCEDURE_LINES,  /* a list of lines of at most PROCEDURE_LINE_MAX bytes, in any order */
    PROCEDURE_NUMBER, /* a whole number from 0 to `max` (0: PROCEDURE_NUMBER_MAX) */
    PROCEDURE_FLAG,   /* true; where it is not so the member is not there */
    PROCEDURE_EVENT,  /* the hash of a valid event of the dossier that the event follows */
    PROCEDURE_FILES,  /* attachments: a list of {"name", "type", "sha256", "size", "malicious"?} */
    PROCEDURE_DATA,   /* an object or a list that `check` reads */
} ProcedureType;

/* A member of an event's payload. Lists end with a NULL name. On the command line it is an option
 * of its name, with "-" for "_"; "text" is what stands there without an option, and so is "to" of
 * an event that opens a dossier. */
typedef struct {
    const char *name, *help;
    ProcedureType type;
    gboolean is_required;
    guint max;                  /* bytes of a text, members of a list, a number */
    const ProcedureWord *words; /* of a PROCEDURE_WORD or PROCEDURE_WORDS */
    const char *otherwise;      /* the word that who makes it says if nothing else; NULL: none */
    const char *filled;         /* what its command puts where it is not typed; NULL: nothing */
    guint gives;                /* roles that the nodes named here get; 0: none */
    /* Of a PROCEDURE_DATA: whether it is well formed; CONCERT_ERROR_INPUT or _LIMIT names what is
     * not. It may be given for other types too, after their own check. */
    gboolean (*check)(yyjson_val *value, GError **error);
} ProcedureField;

typedef struct EngineResult EngineResult;

/* What must hold besides, told by a predicate. It looks at nothing but its arguments. */
typedef struct {
    const char *rule; /* what satisfies it: "a refusal names its ground" */
    /* @dossier is as it is where the event stands; @event has passed all other checks. */
    gboolean (*holds)(const EngineResult *dossier, const Event *event);
    /* Instead of it, where there is more to say: the error tells what is missing. */
    gboolean (*check)(const EngineResult *dossier, const Event *event, GError **error);
} ProcedureGuard;

/* The `rules` of a transition: addresses of guards. */
#define PROCEDURE_RULES(...) ((const ProcedureGuard *const[]){__VA_ARGS__, NULL})

typedef enum {
    PROCEDURE_PERSON,  /* a person signs for it */
    PROCEDURE_MACHINE, /* the node makes it by itself as soon as it can */
} ProcedureMaker;

/* What an event of a type does. Lists end with a NULL type. */
typedef struct {
    const char *type, *verb; /* "acknowledged", "acknowledge": what who makes it does */
    const char *command;     /* the word for it on the command line; NULL: the verb */
    const char *help;
    guint from;  /* states in which it is possible; 0: it opens the dossier */
    int to;      /* state, or PROCEDURE_STAY */
    guint stays; /* states of `from` in which it leaves the state as it is all the same */
    guint who;   /* roles that may make it; who opens gets this role */
    guint tells; /* roles that it is for; 0: it stays at its author's node */
    ProcedureMaker maker;
    guint becomes;     /* roles that its author has from then on; 0: those that it had */
    gboolean swaps;    /* who had the roles `becomes` gets those that the author had */
    gboolean opens;    /* shows whom it is for all that came before, whomever that was for */
    gboolean is_aside; /* possible, but no step of the course: not named among what comes next */
    const ProcedureField *fields;       /* may be NULL */
    const ProcedureGuard *const *rules; /* NULL-terminated; may be NULL */
} ProcedureTransition;

/* How long for one word of the field. Lists end with a NULL word. */
typedef struct {
    const char *word;
    gint64 seconds;
    gboolean is_urgent; /* in a clock in_hours: counts around the clock where there is a contact */
} ProcedureTerm;

/* Runs while the dossier is in one of some states; begins anew when it gets there again, and when
 * an event of the type `event` is made there. */
typedef struct {
    const char *name, *help;
    guint runs_in;
    guint seconds;              /* how long it always runs; then it has no field. 0: it has one */
    const char *event;          /* type of the event with the field, the last valid one before the
                                   clock begins; NULL: the one that opens the dossier */
    const char *field;          /* which term, or the time itself */
    const ProcedureTerm *terms; /* NULL: the field is a time; without the field there is no clock */
    gboolean in_hours;          /* somebody has to answer: only the hours count in which who has to
                                   act is at work, as each node sees it (clock_hours.h). Never of
                                   what a treaty, a rule or somebody set as a date */
    const guint *reminders;     /* percent of the time, ascending, ends with 0 */
    const guint *before;        /* instead of them: seconds before the end, descending, ends with
                                   0, which is a reminder too */
} ProcedureClock;

typedef struct {
    const char *name, *title, *help;
    const char *command; /* whose subcommands its steps are; NULL: that of its name */
    const char
        *subject;     /* the member of the opening event that a dossier is called by; may be NULL */
    gboolean goes_on; /* what is said in it is delivered while the peering is suspended, too */
    const ProcedureRole *roles;
    const ProcedureState *states;
    guint n_states;
    const ProcedureTransition *transitions;
    const ProcedureClock *clocks;
    guint n_clocks;
} Procedure;

/* The `reminders` of most clocks: at half of the time, at its end, and when half as much has gone
 * by again. */
extern const guint procedure_reminders[];

/* All procedures, NULL-terminated; and one by its name or NULL. */
const Procedure *const *procedure_all(void);
const Procedure *procedure_find(const char *name);

/* The command whose subcommands the steps of the procedure of that name are. */
const char *procedure_command(const char *name);

/* The transition that events of a type make; NULL if there is none. */
const ProcedureTransition *procedure_transition(const Procedure *procedure, const char *type);

/* Whether a transition ends in a final state. Its event lists in the member "decides" exactly the
 * events that it follows, and is judged by those alone; whatever else was made without knowing of
 * it is void. So nothing that turns up later changes an end. */
gboolean procedure_closes(const Procedure *procedure, const ProcedureTransition *transition);

/* The member "decides" itself. */
const ProcedureField *procedure_decides(void);

/* Whether @payload has what the transition requires, and nothing of it is malformed; members that
 * are not known are passed over. CONCERT_ERROR_INPUT or _LIMIT names the member. */
gboolean procedure_check_payload(const Procedure *procedure, const ProcedureTransition *transition,
                                 yyjson_val *payload, GError **error);

/* "requester or responder" for a set of roles. Caller frees. */
char *procedure_roles(const Procedure *procedure, guint roles);

/* The role of that name as a bit; 0 if there is none. */
guint procedure_role(const Procedure *procedure, const char *name);

/* Whether the table is sound: names differ, every state can be reached and has a way to an end, who
 * has to act can act, no clock runs in an end, what a machine makes needs nothing of a person.
 * CONCERT_ERROR_INPUT says what is not so. For tests. */
gboolean procedure_check(const Procedure *procedure, GError **error);

/* docs/procedures.md: Markdown of all tables. Caller frees. */
char *procedure_document(void);
