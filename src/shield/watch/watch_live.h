/* watch_live.h - looks through the packets of a network interface as they come. */
#pragma once

#include "shield/packets/live.h"
#include "shield/watch/watch.h"

/* Watches @interface as watch_run() does files; of @options only the calls count, and hits are of
 * the file that is called as the interface. Packets that the system dropped, because they were not
 * taken in time, are told by note(). */
gboolean watch_live_run(const char *interface, const LiveOptions *live, const WatchOptions *options,
                        GError **error);
