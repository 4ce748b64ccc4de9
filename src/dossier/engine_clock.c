#include "dossier/engine_clock.h"

#include <string.h>

#include "base/timestamp.h"

/* How long a clock runs that begins at @started; FALSE if it does not run in this dossier. */
static gboolean due(const EngineResult *dossier, const ProcedureClock *clock, gint64 started,
                    gint64 *ret_due, const ProcedureTerm **ret_term)
{
    if (clock->seconds > 0) {
        *ret_due = started + (gint64)clock->seconds * G_USEC_PER_SEC;
        return TRUE;
    }
    const Event *event = clock->event ? engine_last(dossier, clock->event) : dossier->opening;
    const char *text = event ? event_text(event, clock->field) : NULL;
    if (!text)
        return FALSE;
    if (!clock->terms)
        return timestamp_parse(text, strlen(text), ret_due, NULL);
    for (const ProcedureTerm *term = clock->terms; term->word; term++)
        if (strcmp(term->word, text) == 0) {
            *ret_due = started + term->seconds * G_USEC_PER_SEC;
            *ret_term = term;
            return TRUE;
        }
    return FALSE;
}

static void stop(EngineResult *dossier, const ProcedureClock *clock, gint64 time_us)
{
    for (guint i = dossier->clocks->len; i-- > 0;) {
        EngineClock *run = &g_array_index(dossier->clocks, EngineClock, i);
        if (run->clock != clock || !run->is_running)
            continue;
        run->is_running = FALSE;
        run->stopped_us = time_us;
    }
}

static void set_actors(const EngineResult *dossier, EngineClock *clock)
{
    guint roles = engine_state(dossier)->waits_for;
    for (guint i = 0; i < dossier->participants->len; i++)
        if (g_array_index(dossier->participants, EngineParticipant, i).roles & roles)
            clock->actors[i / 64] |= (guint64)1 << (i % 64);
}

void engine_clock_turn(EngineResult *dossier, int from, int to, const Event *event)
{
    for (guint i = 0; i < dossier->procedure->n_clocks; i++) {
        const ProcedureClock *clock = &dossier->procedure->clocks[i];
        gboolean ran = from >= 0 && (clock->runs_in & PROCEDURE_BIT(from)) != 0;
        gboolean runs = (clock->runs_in & PROCEDURE_BIT(to)) != 0;
        gboolean anew = clock->event && strcmp(clock->event, event->type) == 0;
        EngineClock run = {.clock = clock, .started_us = event->time_us, .is_running = TRUE};
        if (ran && (!runs || anew))
            stop(dossier, clock, event->time_us);
        if (!runs || (ran && !anew) || !due(dossier, clock, event->time_us, &run.due_us, &run.term))
            continue;
        run.length_us = run.due_us - run.started_us;
        set_actors(dossier, &run);
        g_array_append_val(dossier->clocks, run);
    }
}
