/* control.h - the writer's Unix socket: how other commands ask the process that holds the lock.
 *
 * Only processes of the same user are answered (SO_PEERCRED, and the socket's mode 0600). Each
 * connection carries any number of requests, one after the other (node/frame.h). A request's header
 * is {"operation": NAME, "params": {..}}; "objects.put" (params: source, collection, level) has the
 * objects as its body (node/batch.h). The answer's header is {"result": {..}} or {"error": {"code":
 * N, "message": TEXT}}, N a ConcertError. */
#pragma once

#include "node/batch.h"
#include "node/notary.h"
#include "store/writer.h"

typedef struct ControlServer ControlServer;

/* Gives the JSON object that "node.status" answers. Called on a thread of the server. Caller frees.
 */
typedef char *(*ControlStatus)(gpointer user);

/* Opens the socket @path, replacing what a killed process left there. */
ControlServer *control_serve(const char *path, Writer *writer, Notary *notary, ControlStatus status,
                             gpointer user, GError **error);

/* Removes the socket, answers what was begun, and closes. @linger: serves whoever has connected for
 * as long as they like, since they take this process for the writer. */
void control_stop(ControlServer *server, gboolean linger);

/* Connects to @path. *ret_fd -1, and TRUE, when nobody answers there. */
gboolean control_connect(const char *path, int *ret_fd, GError **error);

/* One request over the connection @fd; *ret_result is a JSON object's text. */
gboolean control_call(int fd, const char *operation, const char *params, char **ret_result,
                      GError **error);

/* Stores @batch, which has been read, over the connection @fd. */
gboolean control_put(int fd, Batch *batch, GError **error);
