#include "base/background.h"

#include <glib.h>
#include <sys/resource.h>
#include <unistd.h>

#define STEP 5

void background_enter(void)
{
    static __thread gboolean entered;
    if (entered)
        return;
    entered = TRUE;
    /* On Linux the nice value is the thread's own, and the id of a thread names it. */
    id_t self = (id_t)gettid();
    setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + STEP);
}
