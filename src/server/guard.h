/* guard.h - keeps track of who is connected, so that no client, slow or greedy, takes the server
 * away from the others.
 *
 * Every connection has a deadline for what it is doing now: sending a request, or taking the
 * answer. A client that lets it pass is disconnected, however busily it dribbles. Connections are
 * counted in all and by address, IPv6 by its /64. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/* A client on a line slower than this, in bytes a second, is not served (64 kbit/s). */
#define GUARD_MIN_RATE 8000

typedef struct Guard Guard;
typedef struct GuardEntry GuardEntry;

/* Starts the thread that disconnects. */
Guard *guard_new(guint max_connections, guint max_per_address, guint deadline_seconds);

/* Every entry must have been removed. */
void guard_free(Guard *guard);

/* What stands for @address: equal for clients counted together. */
typedef struct {
    guint8 bytes[17];
} GuardKey;

GuardKey guard_key(const struct sockaddr *address);

/* May one more from @address connect? */
gboolean guard_admits(Guard *guard, const struct sockaddr *address);

/* A connection was opened: it has until the deadline to send a whole request header. */
GuardEntry *guard_add(Guard *guard, const struct sockaddr *address, int fd);

/* It is about to be closed: after this @fd is not touched any more. */
void guard_remove(Guard *guard, GuardEntry *entry);

/* From now on the client has the deadline, and the time that @bytes take at the least rate. Cheap;
 * any thread. */
void guard_expect(Guard *guard, GuardEntry *entry, guint64 bytes);

/* The client sent @bytes of what has no length told beforehand: it has the time for them too. */
void guard_extend(GuardEntry *entry, guint64 bytes);

/* It is our turn: no deadline. */
void guard_pause(GuardEntry *entry);

typedef struct {
    guint connections;
    guint64 accepted, refused, disconnected;
} GuardStats;

void guard_stats(Guard *guard, GuardStats *ret_stats);
