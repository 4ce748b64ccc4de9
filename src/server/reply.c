#include "server/reply.h"

#include <microhttpd.h>
#include <string.h>

#include "server/compress.h"

/* A body up to this size is joined with its head: one piece goes out with the headers in one system
 * call, and a page of objects is not copied. */
#define JOIN_MAX (16 * 1024)

struct Reply {
    gatomicrefcount references;
    guint status;
    gsize length;
    struct MHD_Response *response;
    char *next;
};

/* Takes @body over. */
static char *join(const char *head, gsize head_length, char *body, gsize length)
{
    char *whole = g_malloc(head_length + length);
    memcpy(whole, head, head_length);
    if (length > 0)
        memcpy(whole + head_length, body, length);
    g_free(body);
    return whole;
}

Reply *reply_new(guint status, const char *type, NegotiateCoding coding, const char *head,
                 char *body, gsize length)
{
    gsize head_length = head ? strlen(head) : 0;
    gboolean large = head_length + length >= COMPRESS_MIN;
    if (large && coding != NEGOTIATE_IDENTITY) {
        gsize packed_length;
        char *packed = compress_joined(coding, head, head_length, body, length, &packed_length);
        if (packed) {
            g_free(body);
            body = packed;
            length = packed_length;
            head_length = 0;
        } else {
            coding = NEGOTIATE_IDENTITY;
        }
    } else {
        coding = NEGOTIATE_IDENTITY;
    }

    if (head_length > 0 && head_length + length <= JOIN_MAX) {
        body = join(head, head_length, body, length);
        length += head_length;
        head_length = 0;
    }
    Reply *reply = g_new0(Reply, 1);
    g_atomic_ref_count_init(&reply->references);
    reply->status = status;
    reply->length = head_length + length;
    if (reply->length == 0) {
        g_free(body);
        reply->response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    } else if (head_length == 0) {
        reply->response = MHD_create_response_from_buffer_with_free_callback(length, body, g_free);
    } else {
        const struct MHD_IoVec parts[] = {{head, head_length}, {body, length}};
        reply->response = MHD_create_response_from_iovec(parts, length > 0 ? 2 : 1, g_free, body);
    }
    g_assert(reply->response);
    if (type)
        reply_header(reply, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (negotiate_coding_name(coding))
        reply_header(reply, MHD_HTTP_HEADER_CONTENT_ENCODING, negotiate_coding_name(coding));
    if (large)
        reply_header(reply, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding, Authorization");
    return reply;
}

void reply_header(Reply *reply, const char *name, const char *value)
{
    MHD_add_response_header(reply->response, name, value);
}

void reply_set_next(Reply *reply, const char *next)
{
    g_free(reply->next);
    reply->next = g_strdup(next);
}

const char *reply_next(const Reply *reply)
{
    return reply->next;
}

Reply *reply_ref(Reply *reply)
{
    g_atomic_ref_count_inc(&reply->references);
    return reply;
}

void reply_unref(Reply *reply)
{
    if (!g_atomic_ref_count_dec(&reply->references))
        return;
    /* libmicrohttpd counts for itself the connections that still send it. */
    MHD_destroy_response(reply->response);
    g_free(reply->next);
    g_free(reply);
}

guint reply_status(const Reply *reply)
{
    return reply->status;
}

gsize reply_length(const Reply *reply)
{
    return reply->length;
}

gboolean reply_send(Reply *reply, struct MHD_Connection *connection)
{
    return MHD_queue_response(connection, reply->status, reply->response) == MHD_YES;
}
