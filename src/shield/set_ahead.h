/* set_ahead.h - does a part of compiling on another thread. Private to set_*.c. */
#pragma once

#include <glib.h>

/* Runs @work; if there can be no other thread, before this returns, and NULL is returned. */
GThread *set_ahead_start(GThreadFunc work, gpointer user);

/* Waits for it; NULL is nothing to wait for. Sets @thread to NULL. */
void set_ahead_end(GThread **thread);

/* Runs @work for both, one of them on another thread, and returns when both are done. */
void set_ahead_both(GThreadFunc work, gpointer one, gpointer other);
