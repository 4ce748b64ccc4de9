/* set_queue.h - records on their way to a thread that looks at them in turn, while whoever makes
 * them makes the next ones. Without threads they are looked at where they are made. Private to
 * set_*.c. */
#pragma once

#include "base/error.h"

typedef struct SetQueue SetQueue;

/* Looks at the records of @length bytes. After a failure it is asked of no others. */
typedef gboolean (*SetQueueLook)(gpointer user, const guint8 *records, gsize length,
                                 GError **error);

SetQueue *set_queue_new(SetQueueLook look, gpointer user);
void set_queue_free(SetQueue *queue);

/* Room for a record of @size bytes, to be filled before anything else is done; it lies anywhere.
 * NULL: something was wrong with a record before. */
guint8 *set_queue_room(SetQueue *queue, gsize size, GError **error);

/* Waits until all were looked at, and ends the thread. */
gboolean set_queue_end(SetQueue *queue, GError **error);
