/* other_clock.c - a clock that is wrong: loaded into a node with LD_PRELOAD, it makes all that asks
 * GLib for the time get one OTHER_CLOCK seconds later. */
#include <glib.h>
#include <stdlib.h>
#include <time.h>

gint64 g_get_real_time(void)
{
    struct timespec now;
    const char *ahead = getenv("OTHER_CLOCK");
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec + (ahead ? atoll(ahead) : 0)) * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
