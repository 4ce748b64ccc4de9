#include "node/control.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/disk.h"
#include "base/jsontext.h"
#include "node/frame.h"
#include "node/operation.h"

/* Connections served at a time; more wait. */
#define MAX_CONNECTIONS 16

struct ControlServer {
    char *path;
    Writer *writer;
    Notary *notary;
    ControlStatus status;
    gpointer user;
    int listener;
    GThread *acceptor;
    GMutex lock; /* guards what follows */
    GCond changed;
    GArray *connections; /* int */
    gboolean stopping;   /* whoever is not served yet will not be */
};

static gboolean set_address(const char *path, struct sockaddr_un *ret_address, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: the path is too long for a Unix socket (%zu bytes at most)", path,
                    sizeof address.sun_path - 1);
        return FALSE;
    }
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    *ret_address = address;
    return TRUE;
}

static gboolean is_same_user(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

/* --- serving -----------------------------------------------------------------------------------
 */

static gboolean answer_result(int fd, const char *result, GBytes *body, GError **error)
{
    g_autofree char *header = g_strdup_printf("{\"result\":%s}", result);
    gsize length = 0;
    const void *data = body ? g_bytes_get_data(body, &length) : NULL;
    return frame_send(fd, header, strlen(header), data, length, error);
}

static gboolean answer_error(int fd, const GError *failure, GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, "error");
    yyjson_mut_obj_add_int(doc, object, "code", failure->code);
    yyjson_mut_obj_add_str(doc, object, "message", failure->message);
    size_t length;
    char *header = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &length);
    gboolean good = frame_send(fd, header, length, NULL, 0, error);
    free(header);
    yyjson_mut_doc_free(doc);
    return good;
}

static gboolean put_objects(ControlServer *server, yyjson_val *params, const Frame *frame,
                            GBytes **ret_results, GError **error)
{
    const char *source = yyjson_get_str(yyjson_obj_get(params, "source"));
    yyjson_val *level = yyjson_obj_get(params, "level");
    if (!source || !yyjson_is_int(level) || yyjson_get_int(level) > OBJECT_STRICT) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "objects.put: source and level are required");
        return FALSE;
    }
    g_autoptr(Batch) batch =
        batch_new(source, yyjson_get_sint(yyjson_obj_get(params, "collection")),
                  (ObjectLevel)yyjson_get_int(level));
    if (!batch_decode(batch, frame->body, frame->body_length, error))
        return FALSE;
    batch_read(batch);
    if (!writer_run(server->writer, batch->objects, batch_apply, batch, error))
        return FALSE;
    *ret_results = batch_encode_results(batch);
    return TRUE;
}

static gboolean run_request(ControlServer *server, const Frame *frame, char **ret_result,
                            GBytes **ret_body, GError **error)
{
    yyjson_doc *doc = yyjson_read(frame->header, frame->header_length, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *operation = yyjson_get_str(yyjson_obj_get(root, "operation"));
    yyjson_val *params = yyjson_obj_get(root, "params");
    gboolean good = FALSE;
    if (!operation) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "control socket: a request without an operation");
    } else if (g_str_equal(operation, "node.status")) {
        *ret_result = server->status(server->user);
        good = TRUE;
    } else if (g_str_equal(operation, "objects.put")) {
        good = put_objects(server, params, frame, ret_body, error);
        *ret_result = good ? g_strdup("{}") : NULL;
    } else {
        size_t length = 0;
        char *text = yyjson_val_write(params, 0, &length);
        good = operation_run(server->writer, server->notary, operation, text ? text : "", length,
                             ret_result, error);
        free(text);
    }
    yyjson_doc_free(doc);
    return good;
}

/* Answers one request; FALSE when the connection is of no more use. */
static gboolean serve_request(ControlServer *server, int fd)
{
    g_auto(Frame) frame = {0};
    gboolean end;
    if (!frame_receive(fd, &frame, &end, NULL) || end)
        return FALSE;
    g_autofree char *result = NULL;
    g_autoptr(GBytes) body = NULL;
    g_autoptr(GError) failure = NULL;
    if (run_request(server, &frame, &result, &body, &failure))
        return answer_result(fd, result, body, NULL);
    return answer_error(fd, failure, NULL);
}

typedef struct {
    ControlServer *server;
    int fd;
} Connection;

static gpointer connection_thread(gpointer user)
{
    g_autofree Connection *connection = user;
    ControlServer *server = connection->server;
    while (serve_request(server, connection->fd))
        ;
    g_mutex_lock(&server->lock);
    for (guint i = 0; i < server->connections->len; i++)
        if (g_array_index(server->connections, int, i) == connection->fd) {
            g_array_remove_index_fast(server->connections, i);
            break;
        }
    close(connection->fd);
    g_cond_broadcast(&server->changed);
    g_mutex_unlock(&server->lock);
    return NULL;
}

/* Waits for a free place; FALSE when the server stops. */
static gboolean start_connection(ControlServer *server, int fd)
{
    g_mutex_lock(&server->lock);
    while (!server->stopping && server->connections->len >= MAX_CONNECTIONS)
        g_cond_wait(&server->changed, &server->lock);
    gboolean go_on = !server->stopping;
    if (go_on) {
        Connection *connection = g_new(Connection, 1);
        *connection = (Connection){server, fd};
        g_array_append_val(server->connections, fd);
        g_thread_unref(g_thread_new("control", connection_thread, connection));
    } else {
        close(fd);
    }
    g_mutex_unlock(&server->lock);
    return go_on;
}

static gpointer acceptor_thread(gpointer user)
{
    ControlServer *server = user;
    for (;;) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0)
            return NULL; /* the listener was shut down */
        if (!is_same_user(fd))
            close(fd);
        else if (!start_connection(server, fd))
            return NULL;
    }
}

static int open_listener(const char *path, GError **error)
{
    struct sockaddr_un address;
    if (!set_address(path, &address, error))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_unlink(path);
    mode_t before = umask(0177);
    gboolean good = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                    listen(fd, MAX_CONNECTIONS) == 0;
    int errnum = errno;
    umask(before);
    if (good)
        return fd;
    disk_fail(error, errnum, path);
    if (fd >= 0)
        close(fd);
    return -1;
}

ControlServer *control_serve(const char *path, Writer *writer, Notary *notary, ControlStatus status,
                             gpointer user, GError **error)
{
    int listener = open_listener(path, error);
    if (listener < 0)
        return NULL;
    ControlServer *server = g_new0(ControlServer, 1);
    server->path = g_strdup(path);
    server->writer = writer;
    server->notary = notary;
    server->status = status;
    server->user = user;
    server->listener = listener;
    server->connections = g_array_new(FALSE, FALSE, sizeof(int));
    g_mutex_init(&server->lock);
    g_cond_init(&server->changed);
    server->acceptor = g_thread_new("control-accept", acceptor_thread, server);
    return server;
}

void control_stop(ControlServer *server, gboolean linger)
{
    if (!server)
        return;
    /* Nobody finds the socket any more; who has connected already is still accepted. */
    g_unlink(server->path);
    shutdown(server->listener, SHUT_RDWR);
    g_mutex_lock(&server->lock);
    if (!linger) {
        server->stopping = TRUE;
        g_cond_broadcast(&server->changed);
        /* Whoever waits for a request sees the end; a request under way is still answered. */
        for (guint i = 0; i < server->connections->len; i++)
            shutdown(g_array_index(server->connections, int, i), SHUT_RD);
    }
    g_mutex_unlock(&server->lock);
    g_thread_join(server->acceptor);
    g_mutex_lock(&server->lock);
    while (server->connections->len > 0)
        g_cond_wait(&server->changed, &server->lock);
    g_mutex_unlock(&server->lock);
    close(server->listener);
    g_array_unref(server->connections);
    g_mutex_clear(&server->lock);
    g_cond_clear(&server->changed);
    g_free(server->path);
    g_free(server);
}

/* --- asking ------------------------------------------------------------------------------------
 */

gboolean control_connect(const char *path, int *ret_fd, GError **error)
{
    struct sockaddr_un address;
    if (!set_address(path, &address, error))
        return FALSE;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_from_errno(error, errno, "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        *ret_fd = fd;
        return TRUE;
    }
    int errnum = errno;
    close(fd);
    if (errnum != ENOENT && errnum != ECONNREFUSED)
        return error_from_errno(error, errnum, "%s", path);
    *ret_fd = -1;
    return TRUE;
}

/* Turns {"error": ..} into a GError; TRUE when the answer holds a result. */
static gboolean check_answer(yyjson_val *root, GError **error)
{
    if (yyjson_obj_get(root, "result"))
        return TRUE;
    yyjson_val *failure = yyjson_obj_get(root, "error");
    const char *message = yyjson_get_str(yyjson_obj_get(failure, "message"));
    int code = yyjson_get_int(yyjson_obj_get(failure, "code"));
    g_set_error(error, CONCERT_ERROR, message ? code : CONCERT_ERROR_IO, "%s",
                message ? message : "control socket: an answer that cannot be read");
    return FALSE;
}

/* Sends a request and takes its answer; *ret_doc is the answer's header. */
static gboolean ask(int fd, const char *header, GBytes *body, Frame *ret_frame,
                    yyjson_doc **ret_doc, GError **error)
{
    gsize length = 0;
    const void *data = body ? g_bytes_get_data(body, &length) : NULL;
    g_auto(Frame) frame = {0};
    gboolean end = FALSE;
    if (!frame_send(fd, header, strlen(header), data, length, error) ||
        !frame_receive(fd, &frame, &end, error))
        return FALSE;
    if (end) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO,
                            "the serving process ended before it answered");
        return FALSE;
    }
    yyjson_doc *doc = yyjson_read(frame.header, frame.header_length, 0);
    if (!check_answer(yyjson_doc_get_root(doc), error)) {
        yyjson_doc_free(doc);
        return FALSE;
    }
    *ret_doc = doc;
    *ret_frame = frame;
    frame = (Frame){0};
    return TRUE;
}

gboolean control_call(int fd, const char *operation, const char *params, char **ret_result,
                      GError **error)
{
    g_autofree char *header =
        g_strdup_printf("{\"operation\":\"%s\",\"params\":%s}", operation, params);
    g_auto(Frame) frame = {0};
    yyjson_doc *doc;
    if (!ask(fd, header, NULL, &frame, &doc, error))
        return FALSE;
    if (ret_result) {
        char *text = yyjson_val_write(yyjson_obj_get(yyjson_doc_get_root(doc), "result"), 0, NULL);
        *ret_result = g_strdup(text);
        free(text);
    }
    yyjson_doc_free(doc);
    return TRUE;
}

gboolean control_put(int fd, Batch *batch, GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *request = jsontext_object(&root);
    yyjson_mut_obj_add_str(request, root, "operation", "objects.put");
    yyjson_mut_val *params = yyjson_mut_obj_add_obj(request, root, "params");
    yyjson_mut_obj_add_str(request, params, "source", batch->source);
    yyjson_mut_obj_add_sint(request, params, "collection", batch->collection);
    yyjson_mut_obj_add_int(request, params, "level", batch->level);
    char *header = yyjson_mut_write(request, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL);
    g_autoptr(GBytes) body = batch_encode(batch);
    g_auto(Frame) frame = {0};
    yyjson_doc *doc = NULL;
    gboolean good = ask(fd, header, body, &frame, &doc, error) &&
                    batch_decode_results(batch, frame.body, frame.body_length, error);
    yyjson_doc_free(doc);
    free(header);
    yyjson_mut_doc_free(request);
    return good;
}
