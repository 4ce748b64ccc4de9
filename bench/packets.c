/* packets.c - how fast packets are looked through: a generated capture in a file, one core.
 *
 *   bench-packets FILE-TO-WRITE [MEGABYTES] [INDICATORS]
 *
 * Four mixes: "bulk", long transfers in packets of 1,460 bytes; "small", a lookup in the DNS and a
 * short request for each of many hosts, as sensors see them at the border of an office; "quic", the
 * first packet of a QUIC connection for each; "junk", the same, but they do not open. Prints of
 * each: packets, bytes, seconds, packets a second, GB/s. Writing the capture is not timed; it is
 * read once before, so that it lies in the memory of the system. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tests/unit/quic_maker.h"
#include "shield/packets/packets.h"
#include "shield/set_builder.h"

#define SEGMENT 1460

typedef struct {
    FILE *file;
    guint64 written;
    guint32 state; /* of the generator */
} Maker;

static guint32 next_random(Maker *maker)
{
    maker->state = maker->state * 1664525 + 1013904223;
    return maker->state >> 8;
}

static void put16(guint8 *at, guint value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

static void put32(guint8 *at, guint32 value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* Writes one packet: 10.x.x.x asks, 100.64.x.x answers. */
static void write_packet(Maker *maker, guint host, gboolean back, guint protocol, guint port,
                         guint32 sequence, const char *payload, gsize length)
{
    guint8 frame[16 + 14 + 20 + 20] = {0}, *ip = frame + 30, *transport = ip + 20;
    gsize header = protocol == 6 ? 20 : 8, total = 14 + 20 + header + length;
    guint32 sizes[4] = {1700000000 + (guint32)(maker->written / 10000000), 0, (guint32)total,
                        (guint32)total};

    memcpy(frame, sizes, sizeof(sizes));
    put16(frame + 28, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, (guint)(20 + header + length));
    ip[9] = (guint8)protocol;
    put32(ip + (back ? 16 : 12), 0x0a000000 | (host & 0xffff));
    put32(ip + (back ? 12 : 16), 0x64400000 | (host * 7 & 0xffff));
    put16(transport + (back ? 2 : 0), 1024 + host % 60000);
    put16(transport + (back ? 0 : 2), port);
    if (protocol == 6) {
        put32(transport + 4, sequence);
        put16(transport + 12, 0x5010);
    } else {
        put16(transport + 4, (guint)(8 + length));
    }
    fwrite(frame, 1, 16 + 14 + 20 + header, maker->file);
    fwrite(payload, 1, length, maker->file);
    maker->written += 16 + total;
}

static void write_query(Maker *maker, guint host, const char *name)
{
    char message[128] = "\0\1\1\0\0\1\0\0\0\0\0\0";
    gsize at = 12;

    for (const char *label = name; label; label = strchr(label, '.')) {
        label += *label == '.';
        gsize length = strcspn(label, ".");
        message[at++] = (char)length;
        memcpy(message + at, label, length);
        at += length;
    }
    memcpy(message + at, "\0\0\1\0\1", 5);
    write_packet(maker, host, FALSE, 17, 53, 0, message, at + 5);
}

/* A lookup, a request, and an answer of @segments packets. */
static void write_visit(Maker *maker, guint segments)
{
    static char body[SEGMENT];
    guint host = next_random(maker);
    char name[64], request[256];

    g_snprintf(name, sizeof(name), "www%u.host%u.example", host % 7, host);
    gsize length = (gsize)g_snprintf(
        request, sizeof(request),
        "GET /path/%u HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n", host,
        name);
    write_query(maker, host, name);
    write_packet(maker, host, FALSE, 6, 80, 1, request, length);
    memset(body, 'x', sizeof(body));
    memcpy(body, "HTTP/1.1 200 OK\r\nServer: s\r\n\r\n", 30);
    for (guint i = 0; i < segments; i++) {
        write_packet(maker, host, TRUE, 6, 80, 1 + i * SEGMENT, body,
                     segments == 1 ? 200 : SEGMENT);
        body[0] = (char)next_random(maker);
        if (i % 4 == 3)
            write_packet(maker, host, FALSE, 6, 80, 1 + (guint32)length, "", 0);
    }
}

/* The first packet of a client, which does not open if it is @junk. */
static GByteArray *make_quic(gboolean junk)
{
    g_autoptr(GByteArray) hello = quic_hello("www1.host1.example", 500);
    GByteArray *frames = g_byte_array_new();

    quic_crypto(frames, 0, hello->data, hello->len);
    GByteArray *packet = quic_seal(&(QuicMade){.destination = "8394c8f03e515708"}, frames, 1162);
    packet->data[packet->len - 1] ^= junk;
    return packet;
}

static void write_capture(const char *path, guint64 bytes, guint segments, const GByteArray *quic)
{
    static const guint32 header[6] = {0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1};
    Maker maker = {.file = fopen(path, "wb"), .state = 1};

    if (!maker.file)
        g_error("%s: cannot be written", path);
    fwrite(header, 1, sizeof(header), maker.file);
    while (maker.written < bytes)
        if (quic)
            write_packet(&maker, next_random(&maker), FALSE, 17, 443, 0, (const char *)quic->data,
                         quic->len);
        else
            write_visit(&maker, segments);
    fclose(maker.file);
}

static Set *make_set(guint count)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetIndicator indicator = {.id = "indicator--00000000-0000-4000-8000-000000000001",
                              .source = "bench",
                              .confidence = -1};
    g_autoptr(GError) error = NULL;
    char value[64];

    set_builder_add_indicator(builder, &indicator, NULL);
    for (guint i = 0; i < count; i++) {
        gboolean name = i % 2;
        g_snprintf(value, sizeof(value), name ? "bad%u.example" : "203.%u.%u.%u",
                   name ? i : i >> 17, i >> 9 & 255, i >> 1 & 255);
        set_builder_add_value(builder, name ? OBSERVABLE_DOMAIN : OBSERVABLE_IPV4, value, NULL);
    }
    Set *set = set_builder_open(builder, &error);
    if (!set)
        g_error("%s", error->message);
    return set;
}

static gboolean count_hit(gpointer user, const ScanHit *hit)
{
    ++*(guint64 *)user;
    return TRUE;
}

/* Of this process, the system's part included: one thread does all, and whatever else runs on the
 * machine does not count. */
static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const char *path, const Set *set, const char *mix)
{
    for (guint run = 0; run < 3; run++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Stream) stream = stream_open(path, &error);
        PacketsCounts counts = {0};
        guint64 hits = 0, done, total;
        double start = processor_seconds();

        if (!stream || !packets_scan(set, stream, count_hit, &hits, &counts, &error))
            g_error("%s", error->message);
        double seconds = processor_seconds() - start;
        stream_progress(stream, &done, &total);
        if (run > 0)
            printf("%s: %" G_GUINT64_FORMAT " packets, %" G_GUINT64_FORMAT
                   " bytes, %.3f s, %.2f M packets/s, %.2f GB/s, %" G_GUINT64_FORMAT " flows\n",
                   mix, counts.packets, done, seconds, (double)counts.packets / seconds / 1e6,
                   (double)done / seconds / 1e9, counts.flows);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        guint segments;
    } mixes[] = {{"bulk", 100}, {"small", 1}, {"quic", 0}, {"junk", 0}};

    if (argc < 2)
        return 2;
    guint64 bytes = (argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 500) * 1000000;
    g_autoptr(Set) set = make_set(argc > 3 ? (guint)atoi(argv[3]) : 1000000);
    for (guint i = 0; i < G_N_ELEMENTS(mixes); i++) {
        g_autoptr(GByteArray) quic = make_quic(strcmp(mixes[i].name, "junk") == 0);
        write_capture(argv[1], bytes, mixes[i].segments, mixes[i].segments ? NULL : quic);
        measure(argv[1], set, mixes[i].name);
    }
    g_unlink(argv[1]);
    return 0;
}
