#include "shield/packets/payload.h"

#include <string.h>

#include "shield/packets/bytes.h"
#include "shield/packets/dns.h"
#include "shield/packets/http1.h"

/* A line of text that goes on in the next segment is kept up to here. */
#define LINE_MAX_KEPT 4096

/* Longest line between the chunks of a body. */
#define CHUNK_LINE_MAX 1024

typedef enum {
    STATE_LOOKING, /* what is it? */
    STATE_TEXT,
    STATE_DNS,
    STATE_TLS,
    STATE_REQUEST,
    STATE_RESPONSE,
    STATE_BODY,    /* of a request: `skip` bytes, then the next */
    STATE_CHUNK,   /* how long the next piece of a body is */
    STATE_TRAILER, /* fields behind the last piece, and an empty line */
    STATE_DONE,
} State;

struct Payload {
    State state;
    Http1Kind spoken; /* requests or responses before: only such are looked for */
    guint looks;      /* segments in which nothing was recognised */
    gsize text;       /* bytes of text looked through */
    guint64 skip;     /* of a body */
    gboolean chunked; /* it is a piece of one */
    GByteArray *kept; /* the beginning of something not yet whole; NULL: nothing */
};

/* What a reader made of the bytes it was given. */
typedef struct {
    gsize taken;
    gboolean more; /* the rest is to be kept until there is more */
} Step;

Payload *payload_new(gboolean dns)
{
    Payload *payload = g_new0(Payload, 1);
    payload->state = dns ? STATE_DNS : STATE_LOOKING;
    return payload;
}

static void drop_kept(Payload *payload, const PayloadSink *sink)
{
    if (!payload->kept)
        return;
    *sink->held -= payload->kept->len;
    g_clear_pointer(&payload->kept, g_byte_array_unref);
}

gboolean payload_is_text(const guint8 *data, gsize length)
{
    for (gsize i = 0; i < MIN(length, 64); i++)
        if (data[i] < 0x20 && !(data[i] >= '\t' && data[i] <= '\r'))
            return FALSE;
    return length > 0;
}

void payload_emit_text(const PayloadSink *sink, const guint8 *text, gsize length)
{
    draft_begin(sink->draft);
    draft_add(sink->draft, OBSERVABLE_NONE, text, length, "payload", NULL);
    sink->emit(sink->user);
}

void payload_emit_hello(const PayloadSink *sink, const Hello *hello)
{
    Draft *draft = sink->draft;

    draft_begin(draft);
    draft_add(draft, OBSERVABLE_DOMAIN, hello->name, hello->name_length, "tls.sni",
              "domain-name:value");
    draft_add(draft, OBSERVABLE_JA3, hello->ja3, strlen(hello->ja3), "tls.ja3", NULL);
    draft_add(draft, OBSERVABLE_JA4, hello->ja4, strlen(hello->ja4), "tls.ja4", NULL);
    draft_add(draft, OBSERVABLE_JA4, hello->ja4_suricata, strlen(hello->ja4_suricata), "tls.ja4",
              NULL);
    sink->emit(sink->user);
}

/* --- Readers -----------------------------------------------------------------------------------
 */

static Step read_tls(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length)
{
    Hello hello;
    HelloOutcome outcome = hello_read(data, length, &hello);

    if (outcome == HELLO_MORE && length < 2 * HELLO_MAX)
        return (Step){0, TRUE};
    if (outcome == HELLO_FOUND)
        payload_emit_hello(sink, &hello);
    payload->state = STATE_DONE;
    return (Step){length, FALSE};
}

static Step read_dns(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length)
{
    gsize size = length < 2 ? 0 : bytes_be16(data);

    if (length < 2 || length - 2 < size)
        return (Step){0, TRUE};
    draft_begin(sink->draft);
    dns_read(data + 2, size, sink->draft);
    if (sink->draft->observation.count > 0)
        sink->emit(sink->user);
    return (Step){2 + size, FALSE};
}

/* Reads the head of @length bytes, which may be cut off. */
static void read_head(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length)
{
    Http1Rest rest;

    draft_begin(sink->draft);
    rest = payload->state == STATE_REQUEST ? http1_read_request(data, length, sink->draft)
                                           : http1_read_response(data, length, sink->draft);
    if (sink->draft->observation.count > 0)
        sink->emit(sink->user);
    payload->spoken = rest.body == HTTP1_BODY_TUNNEL    ? HTTP1_NO
                      : payload->state == STATE_REQUEST ? HTTP1_REQUEST
                                                        : HTTP1_RESPONSE;
    payload->chunked = rest.body == HTTP1_BODY_CHUNKS;
    payload->skip = rest.length;
    payload->state = payload->chunked                                    ? STATE_CHUNK
                     : rest.body == HTTP1_BODY_LENGTH && rest.length > 0 ? STATE_BODY
                                                                         : STATE_LOOKING;
    payload->looks = 0;
}

static Step read_http(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length)
{
    gsize head = http1_head_length(data, MIN(length, HTTP1_MAX_HEAD));

    if (head == 0 && length < HTTP1_MAX_HEAD)
        return (Step){0, TRUE};
    if (head == 0)
        head = HTTP1_MAX_HEAD;
    read_head(payload, sink, data, head);
    return (Step){head, FALSE};
}

/* A line between the chunks of a body, its line feed included. What is none is no chunk, either,
 * and is looked at for what else it may be: *ret_length is 0. */
static Step read_chunk_line(Payload *payload, const guint8 *data, gsize length, gsize *ret_length)
{
    const guint8 *feed = memchr(data, '\n', MIN(length, CHUNK_LINE_MAX));

    *ret_length = feed ? (gsize)(feed - data) + 1 : 0;
    if (feed || length < CHUNK_LINE_MAX)
        return (Step){*ret_length, !feed};
    payload->state = STATE_LOOKING;
    return (Step){0, FALSE};
}

/* The size of a chunk, which may have extensions behind it (RFC 9112 section 7.1). */
static Step read_chunk(Payload *payload, const guint8 *data, gsize length)
{
    gsize line, digits = 0;
    guint64 size = 0;
    Step made = read_chunk_line(payload, data, length, &line);

    while (digits < line && digits < 15 && g_ascii_isxdigit(data[digits]))
        size = size << 4 | (guint64)g_ascii_xdigit_value(data[digits++]);
    if (line == 0)
        return made;
    if (digits == 0) {
        payload->state = STATE_LOOKING;
        return (Step){0, FALSE};
    }
    payload->skip = size + strlen("\r\n");
    payload->state = size > 0 ? STATE_BODY : STATE_TRAILER;
    return made;
}

static Step read_trailer(Payload *payload, const guint8 *data, gsize length)
{
    gsize line;
    Step made = read_chunk_line(payload, data, length, &line);

    if (line == 1 || (line == 2 && data[0] == '\r'))
        payload->state = STATE_LOOKING;
    return made;
}

static Step read_text(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length)
{
    const guint8 *feed = memrchr(data, '\n', length);
    gsize whole = feed ? (gsize)(feed - data) + 1 : 0;

    if (length - whole > LINE_MAX_KEPT)
        whole = length;
    if (whole > 0) {
        payload_emit_text(sink, data, whole);
        payload->text += whole;
        if (payload->text >= PAYLOAD_MAX_TEXT)
            payload->state = STATE_DONE;
    }
    return (Step){whole, TRUE};
}

/* Tells what begins here. */
static Step look(Payload *payload, const guint8 *data, gsize length)
{
    static const guint8 tls[] = {22, 3};
    Http1Kind http = http1_detect(data, length);

    if (http == HTTP1_MAYBE || (length == 1 && data[0] == tls[0]))
        return (Step){0, TRUE};
    if (http != HTTP1_NO && (payload->spoken == HTTP1_NO || payload->spoken == http)) {
        payload->state = http == HTTP1_REQUEST ? STATE_REQUEST : STATE_RESPONSE;
        return (Step){0, FALSE};
    }
    if (data[0] == tls[0] && data[1] == tls[1]) {
        payload->state = STATE_TLS;
        return (Step){0, FALSE};
    }
    if (payload->spoken == HTTP1_NO && payload_is_text(data, length)) {
        payload->state = STATE_TEXT;
        return (Step){0, FALSE};
    }
    if (payload->spoken == HTTP1_NO && ++payload->looks >= PAYLOAD_MAX_LOOKS)
        payload->state = STATE_DONE;
    return (Step){length, FALSE};
}

static Step step(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length)
{
    gsize skip;

    switch (payload->state) {
    case STATE_LOOKING:
        return look(payload, data, length);
    case STATE_TEXT:
        return read_text(payload, sink, data, length);
    case STATE_DNS:
        return read_dns(payload, sink, data, length);
    case STATE_TLS:
        return read_tls(payload, sink, data, length);
    case STATE_REQUEST:
    case STATE_RESPONSE:
        return read_http(payload, sink, data, length);
    case STATE_BODY:
        skip = MIN(payload->skip, length);
        payload->skip -= skip;
        if (payload->skip == 0)
            payload->state = payload->chunked ? STATE_CHUNK : STATE_LOOKING;
        return (Step){skip, FALSE};
    case STATE_CHUNK:
        return read_chunk(payload, data, length);
    case STATE_TRAILER:
        return read_trailer(payload, data, length);
    case STATE_DONE:
        break;
    }
    return (Step){length, FALSE};
}

/* --- What the header offers --------------------------------------------------------------------
 */

/* Reads as much as there is of what is not whole. */
static void read_rest(Payload *payload, const PayloadSink *sink)
{
    GByteArray *kept = payload->kept;

    if (!kept)
        return;
    if (payload->state == STATE_REQUEST || payload->state == STATE_RESPONSE) {
        read_head(payload, sink, kept->data, kept->len);
    } else if (payload->state == STATE_TEXT) {
        payload_emit_text(sink, kept->data, kept->len);
    } else if (payload->state == STATE_DNS && kept->len > 2) {
        draft_begin(sink->draft);
        dns_read(kept->data + 2, kept->len - 2, sink->draft);
        if (sink->draft->observation.count > 0)
            sink->emit(sink->user);
    }
    drop_kept(payload, sink);
}

/* In text something else may begin with a segment: TLS behind STARTTLS, HTTP behind a greeting. */
static gboolean ends_text(const guint8 *data, gsize length)
{
    Http1Kind http = http1_detect(data, length);
    return http == HTTP1_REQUEST || http == HTTP1_RESPONSE || !payload_is_text(data, length);
}

gboolean payload_add(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length)
{
    if (payload->state == STATE_TEXT && ends_text(data, length)) {
        read_rest(payload, sink);
        payload->state = STATE_LOOKING;
    }
    if (payload->kept) {
        g_byte_array_append(payload->kept, data, (guint)length);
        *sink->held += length;
        data = payload->kept->data;
        length = payload->kept->len;
    }
    Step made = {0, FALSE};
    gsize at = 0;
    while (at < length && !made.more && payload->state != STATE_DONE) {
        made = step(payload, sink, data + at, length - at);
        at += made.taken;
    }
    if (payload->state == STATE_DONE || at == length) {
        drop_kept(payload, sink);
    } else if (payload->kept) {
        g_byte_array_remove_range(payload->kept, 0, (guint)at);
        *sink->held -= at;
    } else {
        payload->kept = g_byte_array_sized_new((guint)(length - at));
        g_byte_array_append(payload->kept, data + at, (guint)(length - at));
        *sink->held += length - at;
    }
    return payload->state != STATE_DONE;
}

gboolean payload_gap(Payload *payload, const PayloadSink *sink, gsize length)
{
    if (payload->state == STATE_BODY && payload->skip > length) {
        payload->skip -= length;
        return TRUE;
    }
    read_rest(payload, sink);
    /* Where messages of DNS begin behind a gap nothing says. */
    gboolean lost = payload->state == STATE_DNS || payload->state == STATE_TLS;
    payload->state = lost || payload->state == STATE_DONE ? STATE_DONE : STATE_LOOKING;
    return payload->state != STATE_DONE;
}

void payload_end(Payload *payload, const PayloadSink *sink)
{
    if (!payload)
        return;
    read_rest(payload, sink);
    drop_kept(payload, sink);
    g_free(payload);
}
