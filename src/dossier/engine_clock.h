/* engine_clock.h - the clocks of a dossier: which begin, stop and begin anew where its state turns.
 * Private to the engine. */
#pragma once

#include "dossier/engine.h"

/* Turns the clocks of @dossier, which went by @event from the state @from (negative: it was not
 * open) to @to, the same perhaps. The event stands among the valid ones already. */
void engine_clock_turn(EngineResult *dossier, int from, int to, const Event *event);
