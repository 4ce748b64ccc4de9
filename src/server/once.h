/* once.h - what many ask for at once is made once.
 *
 * Who asks first makes it, outside of every lock; who asks for the same thing meanwhile is noted,
 * holds no thread, and is told when it is there. Who asks for anything else waits for nobody. What
 * was made is kept by others (server/cache.h): whoever begins looks there once more, for it may
 * have been made just before. */
#pragma once

#include <glib.h>

typedef struct Once Once;

/* Tells @waiter, on the thread of who made it: @made is borrowed; NULL: @error says why not. */
typedef void (*OnceTell)(gpointer waiter, gpointer made, const GError *error);

Once *once_new(OnceTell tell);

/* Nothing may be in the making any more. */
void once_free(Once *once);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Once, once_free)

/* TRUE: nobody makes @key; the caller does now, and calls once_end() whatever comes of it. FALSE:
 * somebody does, and @waiter is told; that may have happened before this returns. */
gboolean once_begin(Once *once, const char *key, gpointer waiter);

/* Ends what once_begin() began, and tells everybody who came since. */
void once_end(Once *once, const char *key, gpointer made, const GError *error);

/* How many wait for @key; -1: nobody makes it. */
int once_waiting(Once *once, const char *key);
