/* case.h - the procedure "case": an incident that several nodes work on together.
 *
 * Its lead drafts it, where nobody else sees it, and shares it with whom it concerns; these take
 * part or decline, and may leave. Who is added later gets what came before. The lead moves to
 * another by consent of both. What a case is about is a technical act, never an opinion. */
#pragma once

#include "dossier/engine.h"

extern const Procedure case_procedure;

/* The words of "purposes" and "loss"; they end with a NULL word. */
extern const ProcedureWord case_purposes[], case_losses[];

/* A member of the payload as it was said last: by the event that opened the case, one that revised
 * it or one that triaged it. NULL if nobody said it. */
yyjson_val *case_latest(const EngineResult *result, const char *member);

/* Something that was to be taken off the net. */
typedef struct {
    const Event *asked;
    const char *target, *what; /* the event's */
    const Event *ended;        /* that it is down, or that it cannot be had down; NULL: neither */
    gboolean is_down;
    gint64 asked_us, down_us; /* down_us 0: it is not down */
} CaseTakedown;

/* All of them, in the order in which they were asked for. Elements: CaseTakedown. Caller frees. */
GArray *case_takedowns(const EngineResult *result);
