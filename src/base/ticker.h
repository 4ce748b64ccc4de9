/* ticker.h - a thread that does something again and again until it is told to end. */
#pragma once

#include <glib.h>

typedef struct Ticker Ticker;

/* One round, on the ticker's own thread: returns in how many microseconds the next begins, 0 (or
 * less) at once. *@stop (atomic) is not 0 as soon as the ticker is to end; what takes long looks at
 * it. */
typedef gint64 (*TickerRound)(gpointer user, const gint *stop);

/* Begins the first round at once, on a thread called @name. */
Ticker *ticker_start(const char *name, TickerRound round, gpointer user);

/* Waits for the end of the round that is running, cuts the pause short, and frees. NULL is
 * nothing. Not from within a round. */
void ticker_stop(Ticker *ticker);
