#include "node/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void frame_clear(Frame *frame)
{
    g_clear_pointer(&frame->header, g_free);
    g_clear_pointer(&frame->body, g_free);
}

static gboolean send_all(int fd, const void *data, gsize length, GError **error)
{
    for (const char *next = data; length > 0;) {
        ssize_t sent = send(fd, next, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return error_from_errno(error, errno, "control socket");
        next += sent;
        length -= (gsize)sent;
    }
    return TRUE;
}

/* Reads exactly @length bytes; *ret_read says how many there were before the end. */
static gboolean receive_all(int fd, void *data, gsize length, gsize *ret_read, GError **error)
{
    gsize have = 0;
    while (have < length) {
        ssize_t got = recv(fd, (char *)data + have, length - have, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_from_errno(error, errno, "control socket");
        if (got == 0)
            break;
        have += (gsize)got;
    }
    *ret_read = have;
    return TRUE;
}

gboolean frame_send(int fd, const char *header, gsize header_length, const void *body,
                    gsize body_length, GError **error)
{
    if (header_length > FRAME_MAX_HEADER || body_length > FRAME_MAX_BODY) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "control socket: message too large");
        return FALSE;
    }
    guint32 lengths[2] = {GUINT32_TO_BE((guint32)header_length),
                          GUINT32_TO_BE((guint32)body_length)};
    return send_all(fd, lengths, sizeof lengths, error) &&
           send_all(fd, header, header_length, error) && send_all(fd, body, body_length, error);
}

static gboolean cut_short(GError **error)
{
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO,
                        "control socket: the connection was cut");
    return FALSE;
}

gboolean frame_receive(int fd, Frame *ret_frame, gboolean *ret_end, GError **error)
{
    guint32 lengths[2];
    gsize have;
    if (!receive_all(fd, lengths, sizeof lengths, &have, error))
        return FALSE;
    if (have == 0) {
        *ret_end = TRUE;
        return TRUE;
    }
    if (have < sizeof lengths)
        return cut_short(error);
    g_auto(Frame) frame = {.header_length = GUINT32_FROM_BE(lengths[0]),
                           .body_length = GUINT32_FROM_BE(lengths[1])};
    if (frame.header_length > FRAME_MAX_HEADER || frame.body_length > FRAME_MAX_BODY) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "control socket: message too large");
        return FALSE;
    }
    frame.header = g_malloc(frame.header_length + 1);
    frame.header[frame.header_length] = '\0';
    if (frame.body_length > 0)
        frame.body = g_malloc(frame.body_length);
    if (!receive_all(fd, frame.header, frame.header_length, &have, error))
        return FALSE;
    if (have < frame.header_length)
        return cut_short(error);
    if (!receive_all(fd, frame.body, frame.body_length, &have, error))
        return FALSE;
    if (have < frame.body_length)
        return cut_short(error);
    *ret_frame = frame;
    frame = (Frame){0};
    *ret_end = FALSE;
    return TRUE;
}
