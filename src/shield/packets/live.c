#include "shield/packets/live.h"

#include <pcap/pcap.h>
#include <poll.h>

#include "base/late.h"

/* Kept by the system while nobody takes it. */
#define LIVE_BUFFER (16 * 1024 * 1024)

#define PCAP_FUNCTIONS(F)                                                                          \
    F(pcap_, activate)                                                                             \
    F(pcap_, close)                                                                                \
    F(pcap_, compile)                                                                              \
    F(pcap_, create)                                                                               \
    F(pcap_, datalink)                                                                             \
    F(pcap_, freecode)                                                                             \
    F(pcap_, get_selectable_fd)                                                                    \
    F(pcap_, geterr)                                                                               \
    F(pcap_, next_ex)                                                                              \
    F(pcap_, set_buffer_size)                                                                      \
    F(pcap_, set_promisc)                                                                          \
    F(pcap_, set_snaplen)                                                                          \
    F(pcap_, set_timeout)                                                                          \
    F(pcap_, setfilter)                                                                            \
    F(pcap_, setnonblock)                                                                          \
    F(pcap_, stats)                                                                                \
    F(pcap_, statustostr)

LATE_DECLARE(static, late_pcap, LatePcap, PCAP_FUNCTIONS)
LATE_DEFINE(late_pcap, LatePcap, PCAP_FUNCTIONS, LATE_SONAME_PCAP, "libpcap0.8", "pcap",
            "packets of network interfaces", "recommended")

struct Live {
    pcap_t *pcap;
    char *interface;
    guint64 number;
};

static ConcertError code_of(int status)
{
    return status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED
               ? CONCERT_ERROR_DENIED
           : status == PCAP_ERROR_NO_SUCH_DEVICE || status == PCAP_ERROR_IFACE_NOT_UP
               ? CONCERT_ERROR_NOT_FOUND
               : CONCERT_ERROR_IO;
}

static gboolean activate(Live *live, const LiveOptions *options, GError **error)
{
    guint snaplen = options->snaplen > 0 ? options->snaplen : CAPTURE_MAX_PACKET;

    late_pcap()->set_snaplen(live->pcap, (int)MIN(snaplen, CAPTURE_MAX_PACKET));
    late_pcap()->set_promisc(live->pcap, options->promiscuous);
    late_pcap()->set_timeout(live->pcap, LIVE_WAIT);
    late_pcap()->set_buffer_size(live->pcap, LIVE_BUFFER);
    char message[PCAP_ERRBUF_SIZE] = "";
    int status = late_pcap()->activate(live->pcap);
    if (status >= 0 && late_pcap()->setnonblock(live->pcap, 1, message) == 0)
        return TRUE;
    if (status >= 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "interface %s: %s", live->interface,
                    message);
        return FALSE;
    }
    ConcertError code = code_of(status);
    g_set_error(error, CONCERT_ERROR, code, "interface %s: %s%s", live->interface,
                late_pcap()->statustostr(status),
                code == CONCERT_ERROR_DENIED
                    ? " (run as root, or give the program the capability CAP_NET_RAW)"
                    : "");
    return FALSE;
}

static gboolean set_filter(Live *live, const char *filter, GError **error)
{
    struct bpf_program program;

    if (late_pcap()->compile(live->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "filter \"%s\": %s", filter,
                    late_pcap()->geterr(live->pcap));
        return FALSE;
    }
    int status = late_pcap()->setfilter(live->pcap, &program);
    late_pcap()->freecode(&program);
    if (status < 0)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "interface %s: %s", live->interface,
                    late_pcap()->geterr(live->pcap));
    return status >= 0;
}

Live *live_open(const char *interface, const LiveOptions *options, GError **error)
{
    char message[PCAP_ERRBUF_SIZE] = "";

    if (!late_pcap_load(error))
        return NULL;
    pcap_t *pcap = late_pcap()->create(interface, message);
    if (!pcap) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "interface %s: %s", interface,
                    message);
        return NULL;
    }
    g_autoptr(Live) live = g_new0(Live, 1);
    live->pcap = pcap;
    live->interface = g_strdup(interface);
    if (!activate(live, options, error) ||
        (options->filter && !set_filter(live, options->filter, error)))
        return NULL;
    return g_steal_pointer(&live);
}

void live_close(Live *live)
{
    if (!live)
        return;
    late_pcap()->close(live->pcap);
    g_free(live->interface);
    g_free(live);
}

gboolean live_next(Live *live, CapturePacket *ret_packet, gboolean *ret_there, GError **error)
{
    struct pcap_pkthdr *header;
    const u_char *data;
    int status = late_pcap()->next_ex(live->pcap, &header, &data);

    /* libpcap's own waiting has no end on Linux while no packet comes. */
    if (status == 0) {
        struct pollfd wait = {.fd = late_pcap()->get_selectable_fd(live->pcap), .events = POLLIN};
        poll(&wait, 1, LIVE_WAIT);
        status = late_pcap()->next_ex(live->pcap, &header, &data);
    }
    if (status < 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "interface %s: %s", live->interface,
                    late_pcap()->geterr(live->pcap));
        return FALSE;
    }
    *ret_there = status > 0;
    if (status > 0)
        *ret_packet = (CapturePacket){
            .number = ++live->number,
            .time = (gint64)header->ts.tv_sec * G_USEC_PER_SEC + header->ts.tv_usec,
            .link = (guint32)late_pcap()->datalink(live->pcap),
            .data = data,
            .length = header->caplen,
            .original = header->len,
        };
    return TRUE;
}

guint64 live_dropped(Live *live)
{
    struct pcap_stat stat;

    return late_pcap()->stats(live->pcap, &stat) == 0 ? (guint64)stat.ps_drop + stat.ps_ifdrop : 0;
}
