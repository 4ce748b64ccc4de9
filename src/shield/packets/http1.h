/* http1.h - heads of HTTP/1 messages (RFC 9112): the host, the URL that host and target make
 * together, the user agent, and other fields that name hosts. */
#pragma once

#include "shield/packets/draft.h"

/* Longest head that is read whole; of a longer one the beginning is read. */
#define HTTP1_MAX_HEAD (16 * 1024)

typedef enum {
    HTTP1_NO,
    HTTP1_MAYBE, /* too little to tell */
    HTTP1_REQUEST,
    HTTP1_RESPONSE,
} Http1Kind;

/* What begins like this? */
Http1Kind http1_detect(const guint8 *data, gsize length);

/* The length of the head at the start of @data, the empty line included; 0: it does not end there.
 */
gsize http1_head_length(const guint8 *data, gsize length);

typedef enum {
    HTTP1_BODY_LENGTH, /* `length` bytes follow, then another message */
    HTTP1_BODY_CHUNKS, /* likewise, in pieces that say how long they are */
    HTTP1_BODY_UNKNOWN,
    HTTP1_BODY_TUNNEL, /* what follows is another protocol's */
} Http1Body;

typedef struct {
    Http1Body body;
    guint64 length;
} Http1Rest;

/* Adds what a request's head says: "http.host", the fields of a table in http1.c, and last
 * "http.url". It may be cut off. Without a Host field the URL has the destination's address. */
Http1Rest http1_read_request(const guint8 *head, gsize length, Draft *draft);

/* Adds what a response's head says. */
Http1Rest http1_read_response(const guint8 *head, gsize length, Draft *draft);
