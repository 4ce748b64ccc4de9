#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/disk.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "node/control.h"
#include "node/operation.h"
#include "store/backup.h"
#include "store/collections.h"

/* How long a command waits for another short command that holds the lock. */
#define LOCK_PATIENCE_MS 10000
#define LOCK_RETRY_MS    20

struct Node {
    char *directory;
    Config *config;
    int lock_fd;      /* -1: not ours */
    int control_fd;   /* connection to who holds the lock; -1: none */
    GMutex call_lock; /* one call at a time over control_fd */
    Writer *writer;
    Store *store;
    Notary *notary;  /* of the writer */
    gboolean serves; /* NODE_SERVE */
    ControlServer *control;
    gint64 started;
    GMutex listening_lock;
    char *listening;
};

static char *path_in(const char *directory, const char *name)
{
    return g_build_filename(directory, name, NULL);
}

/* --- making ------------------------------------------------------------------------------------
 */

static gboolean make_directory(const char *directory, GError **error)
{
    if (g_mkdir_with_parents(directory, 0700) != 0)
        return error_from_errno(error, errno, "%s", directory);
    if (g_access(directory, R_OK | W_OK | X_OK) != 0)
        return error_from_errno(error, errno, "%s", directory);
    g_autoptr(GDir) entries = g_dir_open(directory, 0, error);
    if (!entries)
        return FALSE;
    if (g_dir_read_name(entries)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "%s is not empty; a node needs a directory of its own", directory);
        return FALSE;
    }
    if (g_chmod(directory, 0700) != 0)
        return error_from_errno(error, errno, "%s", directory);
    return TRUE;
}

static gboolean write_file(const char *path, const char *text, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (g_file_set_contents_full(path, text, -1,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &local))
        return TRUE;
    gboolean full = g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    g_set_error(error, CONCERT_ERROR, full ? CONCERT_ERROR_FULL : CONCERT_ERROR_IO, "%s",
                local->message);
    return FALSE;
}

static gboolean apply_first_rows(StoreTx *tx, gpointer user, GError **error)
{
    gint64 own, partners;
    return collections_add_root(tx, "main", "Main", NULL, error) &&
           collections_add(tx, "main", NULL, "main", "Main",
                           "What this node holds and nobody put elsewhere.", &own, error) &&
           collections_add(tx, "main", NULL, "partners", "From partners",
                           "What peers sent, as far as this organisation's staff may read it.",
                           &partners, error) &&
           collections_set_reach(tx, partners, "staff", error);
}

/* Keys and an empty ledger but for the entry that opens it. */
static gboolean create_ledger(const char *directory, const NodeKeys *keys, Writer *writer,
                              Store *store, GError **error)
{
    g_autoptr(Notary) notary = notary_open(directory, NULL, writer, store, error);
    return notary &&
           notary_create(notary, keys->name, keys->recovery_path, keys->passphrase, error);
}

/* What was made in a directory that was empty before, so that it can be tried again. */
static void remove_made(const char *directory)
{
    static const char *const names[] = {"concert.db", "concert.db-wal", "concert.db-shm",
                                        "recovery.key"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = path_in(directory, names[i]);
        g_unlink(path);
    }
    g_autofree char *keys_path = path_in(directory, "keys");
    keyring_remove(keys_path, NULL);
}

static gboolean create_into(const char *directory, const char *config_text, const NodeKeys *keys,
                            GError **error)
{
    g_autofree char *db_path = path_in(directory, "concert.db");
    g_autoptr(Writer) writer = writer_open(db_path, error);
    if (!writer || !writer_run(writer, 0, apply_first_rows, NULL, error))
        return FALSE;
    g_autoptr(Store) store = keys ? store_open(db_path, error) : NULL;
    if (keys && (!store || !create_ledger(directory, keys, writer, store, error)))
        return FALSE;
    /* The configuration comes last: a directory without it is no node. */
    g_autofree char *config_path = path_in(directory, "concert.conf");
    return write_file(config_path, config_text, error);
}

gboolean node_create(const char *directory, const char *config_text, const NodeKeys *keys,
                     GError **error)
{
    if (!make_directory(directory, error))
        return FALSE;
    if (create_into(directory, config_text, keys, error))
        return TRUE;
    remove_made(directory);
    return FALSE;
}

/* --- who writes --------------------------------------------------------------------------------
 */

/* Tries the lock once. *ret_fd -1: somebody else holds it. */
static gboolean try_lock(const char *directory, int *ret_fd, GError **error)
{
    g_autofree char *path = path_in(directory, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return disk_fail(error, errno, path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return TRUE;
    }
    int errnum = errno;
    close(fd);
    if (errnum != EWOULDBLOCK)
        return error_from_errno(error, errnum, "%s", path);
    *ret_fd = -1;
    return TRUE;
}

/* Bytes of this process that are in memory; 0: the kernel does not say. */
static guint64 resident_memory(void)
{
    static const char name[] = "\nVmRSS:";
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL))
        return 0;
    const char *line = strstr(text, name);
    return line ? g_ascii_strtoull(line + strlen(name), NULL, 10) * 1024 : 0;
}

static char *live_status(gpointer user)
{
    Node *node = user;
    WriterStats stats;
    writer_stats(node->writer, &stats);
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_int(doc, root, "pid", getpid());
    yyjson_mut_obj_add_sint(doc, root, "started", node->started);
    yyjson_mut_obj_add_uint(doc, root, "memory", resident_memory());
    g_mutex_lock(&node->listening_lock);
    jsontext_add(doc, root, "listening", node->listening);
    g_mutex_unlock(&node->listening_lock);
    yyjson_mut_obj_add_uint(doc, root, "requests", stats.requests);
    yyjson_mut_obj_add_uint(doc, root, "failures", stats.failures);
    yyjson_mut_obj_add_uint(doc, root, "commits", stats.commits);
    yyjson_mut_obj_add_uint(doc, root, "waiting", stats.waiting);
    return jsontext_take(doc);
}

static gboolean become_writer(Node *node, GError **error)
{
    g_autofree char *db_path = path_in(node->directory, "concert.db");
    g_autofree char *socket_path = path_in(node->directory, "control.sock");
    if (!g_file_test(db_path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s: no such store", db_path);
        return FALSE;
    }
    node->writer = writer_open(db_path, error);
    node->store = node->writer ? store_open(db_path, error) : NULL;
    if (!node->store)
        return FALSE;
    node->notary =
        notary_open(node->directory, config_path(node->config, SETTING_LEDGER_KEY_PASSPHRASE_FILE),
                    node->writer, node->store, error);
    if (!node->notary)
        return FALSE;
    node->control =
        control_serve(socket_path, node->writer, node->notary, live_status, node, error);
    return node->control != NULL;
}

/* Takes the lock, or connects to who holds it and answers; waits while a holder does not. */
static gboolean find_writer(Node *node, NodeMode mode, GError **error)
{
    g_autofree char *socket_path = path_in(node->directory, "control.sock");
    for (int waited = 0;; waited += LOCK_RETRY_MS) {
        if (!try_lock(node->directory, &node->lock_fd, error))
            return FALSE;
        if (node->lock_fd >= 0)
            return become_writer(node, error);
        if (mode == NODE_WRITE && !control_connect(socket_path, &node->control_fd, error))
            return FALSE;
        if (node->control_fd >= 0)
            return TRUE;
        if (waited >= LOCK_PATIENCE_MS || mode == NODE_SERVE) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                        "%s: another process is writing to this node: `concert status` tells "
                        "whether it is served",
                        node->directory);
            return FALSE;
        }
        g_usleep(LOCK_RETRY_MS * 1000);
    }
}

/* --- opening -----------------------------------------------------------------------------------
 */

Node *node_open(const char *directory, NodeMode mode, GError **error)
{
    g_autofree char *config_path = path_in(directory, "concert.conf");
    g_autofree char *db_path = path_in(directory, "concert.db");
    if (g_access(config_path, F_OK) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) {
            error_from_errno(error, errno, "%s", config_path);
            return NULL;
        }
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s is no node: it has no concert.conf (name one with --node, or make one with "
                    "`concert init`)",
                    directory);
        return NULL;
    }
    g_autoptr(Node) node = g_new0(Node, 1);
    node->directory = g_strdup(directory);
    node->lock_fd = node->control_fd = -1;
    node->started = timestamp_now();
    node->serves = mode == NODE_SERVE;
    g_mutex_init(&node->call_lock);
    g_mutex_init(&node->listening_lock);
    node->config = config_load(config_path, error);
    if (!node->config || (mode != NODE_READ && !find_writer(node, mode, error)))
        return NULL;
    if (!node->store)
        node->store = store_open(db_path, error);
    return node->store ? g_steal_pointer(&node) : NULL;
}

void node_close(Node *node)
{
    if (!node)
        return;
    /* Another command may be in the middle of its work through a command that is done with its own;
     * who stops a server means it. */
    control_stop(node->control, !node->serves);
    notary_free(node->notary);
    store_close(node->store);
    writer_close(node->writer);
    config_free(node->config);
    if (node->control_fd >= 0)
        close(node->control_fd);
    if (node->lock_fd >= 0)
        close(node->lock_fd);
    g_mutex_clear(&node->call_lock);
    g_mutex_clear(&node->listening_lock);
    g_free(node->listening);
    g_free(node->directory);
    g_free(node);
}

const char *node_directory(const Node *node)
{
    return node->directory;
}

const Config *node_config(const Node *node)
{
    return node->config;
}

Store *node_store(Node *node)
{
    return node->store;
}

Writer *node_writer(Node *node)
{
    return node->writer;
}

Notary *node_notary(Node *node)
{
    return node->notary;
}

void node_set_listening(Node *node, const char *addresses)
{
    g_mutex_lock(&node->listening_lock);
    g_free(node->listening);
    node->listening = g_strdup(addresses);
    g_mutex_unlock(&node->listening_lock);
}

gboolean node_is_served(const char *directory)
{
    g_autofree char *socket_path = path_in(directory, "control.sock");
    int fd;
    if (!control_connect(socket_path, &fd, NULL) || fd < 0)
        return FALSE;
    close(fd);
    return TRUE;
}

/* --- calling -----------------------------------------------------------------------------------
 */

gboolean node_call(Node *node, const char *operation, const char *params, char **ret_result,
                   GError **error)
{
    if (node->writer && g_str_equal(operation, "node.status")) {
        if (ret_result)
            *ret_result = live_status(node);
        return TRUE;
    }
    if (node->writer)
        return operation_run(node->writer, node->notary, operation, params, strlen(params),
                             ret_result, error);
    int fd = node->control_fd;
    g_autofree char *socket_path = path_in(node->directory, "control.sock");
    if (fd < 0 && !control_connect(socket_path, &fd, error))
        return FALSE;
    if (fd < 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY, "%s: nobody serves this node",
                    node->directory);
        return FALSE;
    }
    g_mutex_lock(&node->call_lock);
    gboolean good = control_call(fd, operation, params, ret_result, error);
    g_mutex_unlock(&node->call_lock);
    if (fd != node->control_fd)
        close(fd);
    return good;
}

gboolean node_put(Node *node, Batch *batch, GError **error)
{
    g_mutex_lock(&node->call_lock);
    gboolean good = control_put(node->control_fd, batch, error);
    g_mutex_unlock(&node->call_lock);
    return good;
}

/* --- backup ------------------------------------------------------------------------------------
 */

gboolean node_backup(const char *directory, const char *path, guint64 *ret_bytes, GError **error)
{
    g_autofree char *config_path = path_in(directory, "concert.conf");
    g_autofree char *db_path = path_in(directory, "concert.db");
    g_autofree char *config_text = NULL;
    g_autoptr(GError) local = NULL;
    if (!g_file_get_contents(config_path, &config_text, NULL, &local)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no node: %s", directory,
                    local->message);
        return FALSE;
    }
    if (!backup_write(db_path, path, config_text, error))
        return FALSE;
    GStatBuf info;
    if (ret_bytes)
        *ret_bytes = g_stat(path, &info) == 0 ? (guint64)info.st_size : 0;
    return TRUE;
}

/* Whether the keys are those of the node whose ledger is in the store: the recovery key never
 * changes. The others may have; the ledger then has yet to learn of it. */
static gboolean keys_fit(const char *db_path, const char *keys_path, GError **error)
{
    g_autoptr(Keyring) keyring = keyring_open(keys_path, error);
    g_autoptr(Store) store = keyring ? store_open(db_path, NULL) : NULL;
    g_auto(LedgerReadState) state = {0};
    if (!keyring)
        return FALSE;
    if (!store || !ledger_read_state(store, &state, NULL))
        return TRUE; /* of an older version: told when the ledger is to sign */
    g_autoptr(NoteVerifier) recovery = keyring_verifier(keyring, KEYRING_RECOVERY);
    g_autofree char *vkey = note_verifier_format(recovery);
    if (g_str_equal(vkey, state.keys[LEDGER_RECOVERY_KEY]))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "these are the keys of %s, but the backup is of the ledger %s",
                keyring_node(keyring), state.origin);
    return FALSE;
}

static gboolean restore_keys(const char *directory, const char *db_path, const NodeSealedKeys *keys,
                             GError **error)
{
    g_autofree char *keys_path = path_in(directory, "keys");
    return keyring_import(keys_path, keys->text, keys->length, keys->passphrase, error) &&
           keys_fit(db_path, keys_path, error);
}

/* The store, held, and the keys; the configuration comes last: a directory without it is no node.
 */
static gboolean restore_into(const char *directory, const char *path, const NodeSealedKeys *keys,
                             GError **error)
{
    g_autofree char *config_path = path_in(directory, "concert.conf");
    g_autofree char *db_path = path_in(directory, "concert.db");
    g_autofree char *config_text = NULL;
    if (!backup_read(path, db_path, &config_text, error))
        return FALSE;
    if (!config_text) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no backup of a node", path);
        return FALSE;
    }
    return (!keys || restore_keys(directory, db_path, keys, error)) &&
           write_file(config_path, config_text, error);
}

gboolean node_restore(const char *directory, const char *path, const NodeSealedKeys *keys,
                      GError **error)
{
    if (!make_directory(directory, error))
        return FALSE;
    if (restore_into(directory, path, keys, error))
        return TRUE;
    remove_made(directory);
    return FALSE;
}
