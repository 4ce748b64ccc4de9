#include "shield/packets/dnstap.h"

#include "shield/packets/bytes.h"
#include "shield/packets/lookahead.h"

/* Frame Streams: a frame is its length and that many bytes; length 0 escapes a control frame. */
enum { CONTROL_START = 2, CONTROL_MAX = 512, FIELD_CONTENT_TYPE = 1 };

static const char content_type[] = "protobuf:dnstap.Dnstap";

struct Dnstap {
    Lookahead ahead;
    guint64 number, broken;
    gsize taken; /* of the frame given last */
    gboolean cut_off, stopped;
};

gboolean dnstap_detect(const char *start, gsize length)
{
    const guint8 *bytes = (const guint8 *)start;

    return length >= DNSTAP_MAGIC && bytes_be32(bytes) == 0 && bytes_be32(bytes + 4) >= 4 &&
           bytes_be32(bytes + 4) <= CONTROL_MAX && bytes_be32(bytes + 8) == CONTROL_START;
}

Dnstap *dnstap_new(Stream *stream)
{
    Dnstap *dnstap = g_new0(Dnstap, 1);
    lookahead_init(&dnstap->ahead, stream, DNSTAP_MAX_FRAME + 4);
    return dnstap;
}

void dnstap_free(Dnstap *dnstap)
{
    if (!dnstap)
        return;
    lookahead_clear(&dnstap->ahead);
    g_free(dnstap);
}

gboolean dnstap_cut_off(const Dnstap *dnstap)
{
    return dnstap->cut_off;
}

guint64 dnstap_broken(const Dnstap *dnstap)
{
    return dnstap->broken;
}

/* --- Protocol buffers --------------------------------------------------------------------------
 */

typedef enum { WIRE_NUMBER = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 } Wire;

typedef struct {
    guint number;
    Wire wire;
    guint64 value;
    const guint8 *bytes;
    gsize length;
} Field;

typedef struct {
    const guint8 *at, *end;
    gboolean broken;
} Fields;

static gboolean read_varint(Fields *fields, guint64 *ret_value)
{
    guint64 value = 0;

    for (guint shift = 0; shift < 64 && fields->at < fields->end; shift += 7) {
        guint8 byte = *fields->at++;
        value |= (guint64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_value = value;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean read_value(Fields *fields, Field *field)
{
    gsize left;

    if (field->wire == WIRE_NUMBER)
        return read_varint(fields, &field->value);
    if (field->wire == WIRE_BYTES) {
        if (!read_varint(fields, &field->value) || field->value > (gsize)(fields->end - fields->at))
            return FALSE;
        field->bytes = fields->at;
        field->length = (gsize)field->value;
        fields->at += field->length;
        return TRUE;
    }
    left = (gsize)(fields->end - fields->at);
    gsize size = field->wire == WIRE_FIXED64 ? 8 : 4;
    if ((field->wire != WIRE_FIXED64 && field->wire != WIRE_FIXED32) || left < size)
        return FALSE; /* groups are not used */
    field->value = bytes_le32(fields->at);
    fields->at += size;
    return TRUE;
}

static gboolean next_field(Fields *fields, Field *ret_field)
{
    guint64 tag;

    if (fields->at == fields->end || fields->broken)
        return FALSE;
    *ret_field = (Field){0};
    fields->broken = !read_varint(fields, &tag) || tag >> 3 == 0 || tag >> 3 > G_MAXINT32;
    if (fields->broken)
        return FALSE;
    ret_field->number = (guint)(tag >> 3);
    ret_field->wire = (Wire)(tag & 7);
    fields->broken = !read_value(fields, ret_field);
    return !fields->broken;
}

static void read_end(const Field *field, DnstapEnd *end)
{
    if (field->length != 4 && field->length != 16)
        return;
    end->length = field->length;
    memcpy(end->bytes, field->bytes, field->length);
}

/* Times in seconds and, apart, nanoseconds. */
typedef struct {
    guint64 seconds;
    guint32 nanoseconds;
} Moment;

static gint64 to_time(const Moment *moment)
{
    if (moment->seconds == 0 || moment->seconds > G_MAXINT32 * (guint64)4)
        return 0;
    return (gint64)moment->seconds * G_USEC_PER_SEC + moment->nanoseconds % 1000000000 / 1000;
}

/* The fields of dnstap.proto's Message. */
static gboolean parse_message(const guint8 *data, gsize length, DnstapMessage *message)
{
    Fields fields = {data, data + length, FALSE};
    Moment query = {0}, response = {0};
    Field field;

    while (next_field(&fields, &field)) {
        gboolean bytes = field.wire == WIRE_BYTES;
        if (field.number == 1 && !bytes)
            message->type = (guint)field.value;
        else if (field.number == 3 && !bytes)
            message->protocol = (guint)field.value;
        else if (field.number == 4 && bytes)
            read_end(&field, &message->query_end);
        else if (field.number == 5 && bytes)
            read_end(&field, &message->response_end);
        else if (field.number == 6 && !bytes)
            message->query_end.port = (guint16)field.value;
        else if (field.number == 7 && !bytes)
            message->response_end.port = (guint16)field.value;
        else if (field.number == 8 && !bytes)
            query.seconds = field.value;
        else if (field.number == 9 && !bytes)
            query.nanoseconds = (guint32)field.value;
        else if (field.number == 10 && bytes)
            message->query = field.bytes, message->query_length = field.length;
        else if (field.number == 12 && !bytes)
            response.seconds = field.value;
        else if (field.number == 13 && !bytes)
            response.nanoseconds = (guint32)field.value;
        else if (field.number == 14 && bytes)
            message->response = field.bytes, message->response_length = field.length;
    }
    message->time = to_time(response.seconds ? &response : &query);
    return !fields.broken;
}

gboolean dnstap_parse(const guint8 *data, gsize length, DnstapMessage *ret_message)
{
    Fields fields = {data, data + length, FALSE};
    DnstapMessage message = {0};
    gboolean found = FALSE;
    Field field;

    while (next_field(&fields, &field)) {
        if (field.number != 14 || field.wire != WIRE_BYTES)
            continue;
        found = parse_message(field.bytes, field.length, &message);
        if (!found)
            return FALSE;
    }
    if (!found || fields.broken)
        return FALSE;
    *ret_message = message;
    return TRUE;
}

/* --- Frames ------------------------------------------------------------------------------------
 */

static gboolean fail(const Dnstap *dnstap, GError **error, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "broken dnstap behind message %" G_GUINT64_FORMAT ": %s", dnstap->number, what);
    return FALSE;
}

/* START may say what the frames hold, and that has to be dnstap. */
static gboolean check_start(const Dnstap *dnstap, const guint8 *control, gsize length,
                            GError **error)
{
    for (gsize at = 4; length - at >= 8;) {
        guint32 field = bytes_be32(control + at), size = bytes_be32(control + at + 4);
        at += 8;
        if (size > length - at)
            return fail(dnstap, error, "a field longer than its frame");
        if (field == FIELD_CONTENT_TYPE &&
            (size != sizeof(content_type) - 1 || memcmp(control + at, content_type, size) != 0))
            return fail(dnstap, error, "these Frame Streams hold something else");
        at += size;
    }
    return TRUE;
}

/* A control frame, of which the escape is ready. */
static gboolean read_control(Dnstap *dnstap, GError **error)
{
    Lookahead *ahead = &dnstap->ahead;

    if (!lookahead_need(ahead, 8, error))
        return FALSE;
    gsize size = lookahead_ready(ahead) < 8 ? 0 : bytes_be32(lookahead_data(ahead) + 4);
    if (lookahead_ready(ahead) >= 8 && (size < 4 || size > CONTROL_MAX))
        return fail(dnstap, error, "a control frame of an impossible length");
    if (!lookahead_need(ahead, 8 + size, error))
        return FALSE;
    if (lookahead_ready(ahead) < 8 + size || size == 0) {
        dnstap->cut_off = dnstap->stopped = TRUE;
        return TRUE;
    }
    const guint8 *control = lookahead_data(ahead) + 8;
    guint32 type = bytes_be32(control);
    if (type == CONTROL_START && !check_start(dnstap, control, size, error))
        return FALSE;
    ahead->at += 8 + size;
    return TRUE;
}

gboolean dnstap_next(Dnstap *dnstap, DnstapMessage *ret_message, gboolean *ret_end, GError **error)
{
    Lookahead *ahead = &dnstap->ahead;

    ahead->at += dnstap->taken;
    dnstap->taken = 0;
    while (!dnstap->stopped) {
        if (!lookahead_need(ahead, 4, error))
            return FALSE;
        if (lookahead_ready(ahead) < 4) {
            dnstap->cut_off = lookahead_ready(ahead) > 0;
            break;
        }
        gsize size = bytes_be32(lookahead_data(ahead));
        if (size == 0) {
            if (!read_control(dnstap, error))
                return FALSE;
            continue;
        }
        if (size > DNSTAP_MAX_FRAME)
            return fail(dnstap, error, "a frame is longer than any may be");
        if (!lookahead_need(ahead, 4 + size, error))
            return FALSE;
        if (lookahead_ready(ahead) < 4 + size) {
            dnstap->cut_off = TRUE;
            break;
        }
        dnstap->number++;
        if (dnstap_parse(lookahead_data(ahead) + 4, size, ret_message)) {
            ret_message->number = dnstap->number;
            dnstap->taken = 4 + size;
            *ret_end = FALSE;
            return TRUE;
        }
        dnstap->broken++;
        ahead->at += 4 + size;
    }
    *ret_end = TRUE;
    return TRUE;
}
