/* silence.h - whether a coordinator may be told that nobody answers in a dossier: only where all
 * sides of it want that.
 *
 * Each side says so by an event of the procedure and names the coordinator; either can take it
 * back. What is told is that there is no answer, to whom both named, once for a clock:
 * docs/clocks.md. */
#pragma once

#include "dossier/engine.h"

#define SILENCE_WATCHED    "silence-watched"
#define SILENCE_UNWATCHED  "silence-unwatched"
#define SILENCE_MEDIA_TYPE "application/vnd.concert.silence+json" /* of an item of a dispatch */
#define SILENCE_TITLE      "No answer"                            /* of that dispatch */
#define SILENCE_PERCENT    150 /* of a clock's time, after which there is silence */
#define SILENCE_BYTES_MAX  1024

/* The fields of the event that says so, and of the one that takes it back. */
extern const ProcedureField silence_fields[];
extern const ProcedureField silence_end_fields[];

/* The rows of a procedure's table for both: possible in the states @live to the roles @sides, told
 * to @all. */
#define SILENCE_TRANSITIONS(live, sides, all)                                                      \
    {.type = SILENCE_WATCHED,                                                                      \
     .verb = "have silence watched in",                                                            \
     .command = "watch-silence",                                                                   \
     .help =                                                                                       \
         "wants a coordinator told if nobody answers; counts once all who have to act named it",   \
     .from = (live),                                                                               \
     .to = PROCEDURE_STAY,                                                                         \
     .who = (sides),                                                                               \
     .tells = (all),                                                                               \
     .is_aside = TRUE,                                                                             \
     .fields = silence_fields},                                                                    \
    {                                                                                              \
        .type = SILENCE_UNWATCHED, .verb = "have silence watched no more in",                      \
        .command = "unwatch-silence", .help = "does not want a coordinator told any more",         \
        .from = (live), .to = PROCEDURE_STAY, .who = (sides), .tells = (all), .is_aside = TRUE,    \
        .fields = silence_end_fields                                                               \
    }

/* Whom @node named last, and did not take back; NULL: nobody. */
const char *silence_coordinator(const EngineResult *dossier, const char *node);

/* Whom @node, which waits for an answer, has to tell of @clock, at @now_us; NULL: nobody. All who
 * have to act have to have named the same. */
const char *silence_whom(const EngineResult *dossier, const EngineClock *clock, const char *node,
                         gint64 now_us);

/* What is told: the id of the dossier, and since when there is no answer. Caller frees. */
char *silence_write(const char *dossier, gint64 since_us);

/* Reads it; @ret_dossier is the caller's. CONCERT_ERROR_INPUT, _LIMIT. */
gboolean silence_read(const char *text, gsize length, char **ret_dossier, gint64 *ret_since_us,
                      GError **error);
