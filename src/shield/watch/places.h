/* places.h - what a watcher remembers when it ends: where each file was left (watch_state.h), and
 * which hits were told since that was written (told.h). */
#pragma once

#include "shield/watch/tail.h"
#include "shield/watch/watch_state.h"

typedef struct Places Places;

/* Reads what is kept in @path, and locks it: CONCERT_ERROR_BUSY when another watcher has it. The
 * file is made if there is none. NULL: nothing is known, and nothing will be kept. */
Places *places_open(const char *path, GError **error);

void places_free(Places *places);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Places, places_free)

/* NULL: nothing is kept. */
Told *places_told(const Places *places);

/* Is the file @path one in which places are kept, or on its way to become one? */
gboolean places_is_own(const Places *places, const char *path);

/* Has @tail go on where it was left. FALSE: nobody knows. What was told of it is not told again,
 * after places_recall(). */
gboolean places_resume(Places *places, Tail *tail);
void places_recall(const Places *places, Tail *tail);

/* A file that nobody followed yet: the next one behind *index, which begins with 0. NULL: there are
 * no more. */
const WatchStateFile *places_next(const Places *places, guint *index);

/* The last that places_next() gave is gone. */
void places_give_up(Places *places, guint index);

/* Writes down where @tails (Tail *) are, durably; hits must be out. */
gboolean places_save(Places *places, const GPtrArray *tails, GError **error);
