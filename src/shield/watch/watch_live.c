#include "shield/watch/watch_live.h"

#include "shield/packets/packets.h"

/* Between tellings of what was dropped, and between writings of hits while packets do not end. */
#define TELL_EVERY  (10 * G_USEC_PER_SEC)
#define FLUSH_EVERY (50 * 1000)

typedef struct {
    const WatchOptions *options;
    const char *interface;
    Set *set;
    guint64 dropped; /* that were told of */
} WatchLive;

static gboolean pass_on(gpointer user, const ScanHit *hit)
{
    const WatchLive *watch = user;
    return watch->options->found(watch->options->user, watch->interface, hit);
}

static gboolean look_up(gpointer user, const Observation *observation, guint64 packet)
{
    const WatchLive *watch = user;
    return packets_look_up(watch->set, observation, packet, pass_on, user);
}

static void tell_dropped(WatchLive *watch, Live *live)
{
    guint64 dropped = live_dropped(live);
    if (dropped == watch->dropped)
        return;
    g_autofree char *message =
        g_strdup_printf("%s: %" G_GUINT64_FORMAT
                        " packets were dropped by the system, %" G_GUINT64_FORMAT " in all",
                        watch->interface, dropped - watch->dropped, dropped);
    watch->options->note(watch->options->user, message);
    watch->dropped = dropped;
}

/* What is to be done now and then; FALSE when it is to stop. */
static gboolean turn(WatchLive *watch)
{
    Set *set = watch->options->supply(watch->options->user);
    if (set) {
        set_free(watch->set);
        watch->set = set;
    }
    return watch->options->turn(watch->options->user) != WATCH_STOP;
}

static gboolean loop(WatchLive *watch, Live *live, Packets *packets, GError **error)
{
    gint64 next_tell = 0, next_flush = 0;
    gboolean go_on = TRUE;

    while (go_on) {
        CapturePacket packet;
        gboolean there;
        if (!live_next(live, &packet, &there, error))
            return FALSE;
        if (there)
            go_on = packets_add(packets, &packet);
        gint64 now = g_get_monotonic_time();
        if (there && now < next_flush)
            continue;
        next_flush = now + FLUSH_EVERY;
        go_on = go_on && turn(watch);
        if (!watch->options->flush(watch->options->user, FALSE, error))
            return FALSE;
        if (now >= next_tell) {
            tell_dropped(watch, live);
            next_tell = now + TELL_EVERY;
        }
    }
    packets_end(packets);
    tell_dropped(watch, live);
    return !set_failed(watch->set, error) &&
           watch->options->flush(watch->options->user, FALSE, error);
}

gboolean watch_live_run(const char *interface, const LiveOptions *live, const WatchOptions *options,
                        GError **error)
{
    WatchLive watch = {.options = options, .interface = interface};
    g_autoptr(Live) source = live_open(interface, live, error);
    g_autoptr(Packets) packets = packets_new(look_up, &watch);

    if (!source)
        return FALSE;
    watch.set = options->supply(options->user);
    gboolean good = loop(&watch, source, packets, error);
    set_free(watch.set);
    return good;
}
