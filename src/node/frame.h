/* frame.h - messages on the control socket: a JSON header and a block of bytes, each with its
 * length (32 bits, big-endian) before it. Blocking, for stream sockets. */
#pragma once

#include "base/error.h"

/* Bounds of one message. */
#define FRAME_MAX_HEADER (4u * 1024 * 1024)
#define FRAME_MAX_BODY   (64u * 1024 * 1024)

typedef struct {
    char *header; /* NUL-terminated */
    gsize header_length;
    char *body; /* NULL when empty */
    gsize body_length;
} Frame;

void frame_clear(Frame *frame);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Frame, frame_clear)

gboolean frame_send(int fd, const char *header, gsize header_length, const void *body,
                    gsize body_length, GError **error);

/* *ret_end TRUE: the other side closed between two messages, and there is no frame. */
gboolean frame_receive(int fd, Frame *ret_frame, gboolean *ret_end, GError **error);
