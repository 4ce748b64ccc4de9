/* reply.h - an answer that is ready to be sent, once or many times.
 *
 * A reply does not change after it was made, so one reply may be sent to many clients at once: that
 * is what the cache (server/cache.h) keeps. */
#pragma once

#include <glib.h>

#include "server/negotiate.h"

struct MHD_Connection;

typedef struct Reply Reply;

/* The body is @head (static text; NULL: none) followed by @body, @length bytes that are taken over
 * and freed with g_free() (NULL: none). It is sent compressed when @coding says so and that makes
 * it smaller. @type (static text; NULL: none) is its Content-Type. */
Reply *reply_new(guint status, const char *type, NegotiateCoding coding, const char *head,
                 char *body, gsize length);

/* Adds a header; only before the reply is first sent. */
void reply_header(Reply *reply, const char *name, const char *value);

/* The `next` that the reply's page leads to; NULL when it is no page or the last one. Set before
 * the reply is first sent. */
void reply_set_next(Reply *reply, const char *next);
const char *reply_next(const Reply *reply);

Reply *reply_ref(Reply *reply);
void reply_unref(Reply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reply, reply_unref)

guint reply_status(const Reply *reply);

/* Bytes of the body as it is sent. */
gsize reply_length(const Reply *reply);

/* Hands the reply to a connection; FALSE when the connection cannot take one now. */
gboolean reply_send(Reply *reply, struct MHD_Connection *connection);
