/* readahead.h - makes the page that a client will ask for next while it still reads this one.
 *
 * One thread of its own takes what is pushed, oldest first. What is made goes into the cache under
 * the key the client's request will have; a request that comes while its page is being made waits
 * for it instead of making it twice. */
#pragma once

#include <glib.h>

typedef struct ReadAhead ReadAhead;

/* Makes what @data asks for, on the thread. */
typedef void (*ReadAheadWork)(gpointer user, gpointer data);

/* @data_free frees what was pushed, done or not. */
ReadAhead *readahead_new(ReadAheadWork work, gpointer user, GDestroyNotify data_free);

/* Finishes what is being made, forgets the rest. */
void readahead_free(ReadAhead *ahead);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReadAhead, readahead_free)

/* Takes @data over. Does nothing when @key is waiting or being made already, or too much is. */
void readahead_push(ReadAhead *ahead, const char *key, gpointer data);

/* When @key waits or is being made, returns once it has been; TRUE then. */
gboolean readahead_wait(ReadAhead *ahead, const char *key);
