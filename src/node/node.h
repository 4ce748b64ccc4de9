/* node.h - a node's directory: who may write to it now, and how everybody else gets at it.
 *
 * Layout of the directory (mode 0700):
 *   concert.conf   settings (node/settings.h)
 *   concert.db     the store (SQLite, with -wal and -shm beside it)
 *   lock           held (flock) by the one writer
 *   control.sock   the writer's Unix socket (mode 0600)
 *   tls/           key.pem (0600) and cert.pem
 *   keys/          the node's secret keys (identity/keyring.h)
 *   secrets/       passwords and tokens of followed sources (node/follow_secret.h)
 *   follow.lock    held (by ranges) for each source that is being read
 *   ledger/        tiles of the ledger, to be served; made anew when lost
 *
 * The holder of the lock is the writer. A command that wants to write takes the lock; when a
 * running `serve` holds it, the command sends its operation to the control socket instead. */
#pragma once

#include "node/batch.h"
#include "node/config.h"
#include "node/notary.h"
#include "store/store.h"
#include "store/writer.h"

typedef struct Node Node;

typedef enum {
    NODE_READ,  /* only look; works beside any writer */
    NODE_WRITE, /* take the lock, or use the control socket of who holds it */
    NODE_SERVE, /* take the lock or fail with CONCERT_ERROR_BUSY; open the control socket */
} NodeMode;

/* What the keys of a new node need. */
typedef struct {
    const char *name;          /* the node's */
    const char *recovery_path; /* new file for the recovery key, which its owner takes offline */
    const char *passphrase;    /* seals the keys; NULL: they lie in the clear */
} NodeKeys;

/* Makes a node in @directory, which must be absent or empty: configuration, store, the API root
 * "main" with the collections "main" and "partners" (what peers sent, for this organisation's
 * staff), keys and ledger (unless @keys is NULL: see notary_create()).
 * @config_text is written as concert.conf. */
gboolean node_create(const char *directory, const char *config_text, const NodeKeys *keys,
                     GError **error);

Node *node_open(const char *directory, NodeMode mode, GError **error);

void node_close(Node *node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_close)

const char *node_directory(const Node *node);
const Config *node_config(const Node *node);
Store *node_store(Node *node);

/* The writer when this process is it, else NULL. */
Writer *node_writer(Node *node);

/* Who signs, when this process is the writer, else NULL. */
Notary *node_notary(Node *node);

/* Where the server listens, as `concert status` is to show it to who asks the running process. */
void node_set_listening(Node *node, const char *addresses);

/* Carries out a named operation (node/operation.h) with @params, a JSON object's text, here or
 * through the control socket; *ret_result (may be NULL) is a JSON object's text. When this returns
 * TRUE it is durable. */
gboolean node_call(Node *node, const char *operation, const char *params, char **ret_result,
                   GError **error);

/* Stores @batch, which has been read, through the control socket: for who is not the writer. */
gboolean node_put(Node *node, Batch *batch, GError **error);

/* Who holds the lock: TRUE when another process answers on the control socket. */
gboolean node_is_served(const char *directory);

/* Writes a backup of the node in @directory to the new file @path, beside a running writer: the
 * store as of one moment and concert.conf. No keys are in it. *ret_bytes may be NULL. */
gboolean node_backup(const char *directory, const char *path, guint64 *ret_bytes, GError **error);

/* What keyring_export() gave, and what it is sealed under. */
typedef struct {
    const char *text;
    gsize length;
    const char *passphrase;
} NodeSealedKeys;

/* Makes a node in @directory, which must be absent or empty, from the backup @path, with the keys
 * @keys (NULL: with none). Its ledger is held from the first moment (node/resume.h).
 * CONCERT_ERROR_CONFLICT if the keys are another node's. */
gboolean node_restore(const char *directory, const char *path, const NodeSealedKeys *keys,
                      GError **error);
