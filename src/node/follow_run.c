#include "node/follow_run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/disk.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "identity/seal.h"
#include "node/follow_core.h"
#include "node/follow_secret.h"

#define RETRY_FIRST 60 /* seconds after the first failure; each time twice as long */
#define RETRY_MAX   (6 * 3600)
#define REMARK_MAX  500 /* bytes */
#define FAILURE_MAX 2000

/* --- one at a time -----------------------------------------------------------------------------
 */

/* Locks the source for this run, so that no two read it at once. The lock goes with the
 * descriptor, and with the process. */
static gboolean lock_source(Node *node, const Followed *followed, int *ret_fd, GError **error)
{
    g_autofree char *path = g_build_filename(node_directory(node), "follow.lock", NULL);
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = followed->number, .l_len = 1};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return disk_fail(error, errno, path);
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        *ret_fd = fd;
        return TRUE;
    }
    int errnum = errno;
    close(fd);
    if (errnum != EAGAIN && errnum != EACCES)
        return error_from_errno(error, errnum, "%s", path);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY, "%s is being read right now",
                followed->name);
    return FALSE;
}

gboolean follow_run_is_stopped(const FollowRun *run)
{
    return run->options->stop && g_atomic_int_get(run->options->stop) != 0;
}

/* --- what is kept ------------------------------------------------------------------------------
 */

/* Takes over @params. */
static gboolean call(Node *node, const char *operation, yyjson_mut_doc *params, GError **error)
{
    char *text = yyjson_mut_write(params, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL);
    yyjson_mut_doc_free(params);
    gboolean good = text && node_call(node, operation, text, NULL, error);
    if (!text)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not UTF-8 text", operation);
    free(text);
    return good;
}

static yyjson_mut_doc *params_new(const Followed *followed)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_sint(doc, root, "number", followed->number);
    return doc;
}

gboolean follow_run_keep(FollowRun *run, const char *const *pairs, guint count, GError **error)
{
    if (!importer_flush(run->importer, error))
        return FALSE;
    yyjson_mut_doc *doc = params_new(run->followed);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, yyjson_mut_doc_get_root(doc), "marks");
    guint changed = 0;
    for (guint i = 0; i < count; i++) {
        const char *part = pairs[2 * i], *mark = pairs[2 * i + 1];
        if (g_strcmp0(g_hash_table_lookup(run->marks, part), mark) == 0)
            continue;
        g_hash_table_insert(run->marks, g_strdup(part), g_strdup(mark));
        yyjson_mut_val *pair = yyjson_mut_arr_add_arr(doc, list);
        yyjson_mut_arr_add_strcpy(doc, pair, part);
        yyjson_mut_arr_add_strcpy(doc, pair, mark);
        changed++;
    }
    if (changed > 0)
        return call(run->node, "follow.mark", doc, error);
    yyjson_mut_doc_free(doc);
    return TRUE;
}

/* The first reason why something was refused is remembered for `concert follow show`. */
static void report(gpointer user, ImporterEvent event, const char *where, const char *id,
                   const char *message)
{
    FollowRun *run = user;
    if (!run->remark && (event == IMPORTER_REJECTED || event == IMPORTER_BROKEN)) {
        g_autofree char *text =
            g_strdup_printf("%s%s%s%s%s", where ? where : "", id ? ": " : "", id ? id : "",
                            message ? ": " : "", message ? message : "");
        g_autofree char *cut = g_strndup(text, REMARK_MAX);
        run->remark = g_utf8_make_valid(cut, -1);
    }
    if (run->options->report)
        run->options->report(run->options->user, event, where, id, message);
}

static void progress(gpointer user, guint64 done, guint64 total, const ImporterCounts *counts)
{
    FollowRun *run = user;
    if (run->options->progress)
        run->options->progress(run->options->user, done, total, counts);
}

/* --- when again --------------------------------------------------------------------------------
 */

/* Up to a tenth more, so that nodes do not come all at once. */
static gint64 jitter(gdouble seconds)
{
    return (gint64)(seconds * g_random_double_range(1.0, 1.1) * G_USEC_PER_SEC);
}

static gint64 next_due(const FollowRun *run, gboolean failed)
{
    const Followed *followed = run->followed;
    gint64 now = timestamp_now();
    if (!failed)
        return run->more ? now : now + jitter(followed->every);
    gdouble patience = MIN(followed->every, RETRY_FIRST);
    for (guint i = 0; i < MIN(followed->failures, 20); i++)
        patience *= 2;
    patience = MIN(patience, MAX(followed->every, RETRY_MAX));
    return now + jitter(MAX(patience, run->wait));
}

static gboolean finish(FollowRun *run, gint64 started, const ImporterCounts *counts,
                       const char *failure, GError **error)
{
    const gint64 came[FOLLOWED_COUNTS] = {
        [FOLLOWED_ACCEPTED] = (gint64)counts->accepted,
        [FOLLOWED_UNCHANGED] = (gint64)counts->unchanged,
        [FOLLOWED_VARIANTS] = (gint64)counts->variants,
        [FOLLOWED_CLAIMS] = (gint64)counts->claims,
        [FOLLOWED_REJECTED] = (gint64)counts->rejected,
        [FOLLOWED_BROKEN] = (gint64)counts->broken,
        [FOLLOWED_REQUESTS] = (gint64)run->requests,
        [FOLLOWED_BYTES] = (gint64)run->bytes,
    };
    yyjson_mut_doc *doc = params_new(run->followed);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    g_autofree char *cut = failure ? g_strndup(failure, FAILURE_MAX) : NULL;
    g_autofree char *words = cut ? g_utf8_make_valid(cut, -1) : NULL;
    yyjson_mut_obj_add_sint(doc, root, "started", started);
    yyjson_mut_obj_add_sint(doc, root, "finished", timestamp_now());
    yyjson_mut_obj_add_sint(doc, root, "due", next_due(run, failure != NULL));
    yyjson_mut_obj_add_bool(doc, root, "more", run->more);
    jsontext_add(doc, root, "failure", words);
    jsontext_add(doc, root, "remark", run->remark);
    for (guint i = 0; i < FOLLOWED_COUNTS; i++)
        yyjson_mut_obj_add_sint(doc, root, followed_count_name((FollowedCount)i), came[i]);
    return call(run->node, "follow.finish", doc, error);
}

/* --- a run -------------------------------------------------------------------------------------
 */

/* A name of this machine, to which a password may go in the clear. */
static gboolean is_loopback(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
    const char *host = uri ? g_uri_get_host(uri) : NULL;
    return host && (g_str_equal(host, "localhost") || g_str_equal(host, "::1") ||
                    (g_str_has_prefix(host, "127.") && g_hostname_is_ip_address(host)));
}

gboolean follow_run_may_send(const Followed *followed, GError **error)
{
    if (followed->auth == FOLLOWED_OPEN || g_str_has_prefix(followed->url, "https://") ||
        is_loopback(followed->url))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s: a password or token would go over the net in the clear; use https",
                followed->url);
    return FALSE;
}

FetchOptions follow_run_fetch(const Config *config, const Followed *followed, const char *secret)
{
    return (FetchOptions){
        .max_bytes = config_size(config, SETTING_FETCH_MAX_BYTES),
        .timeout_seconds = config_duration(config, SETTING_FETCH_TIMEOUT),
        .allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
        .ca_file = config_path(config, SETTING_FETCH_CA_FILE),
        .bearer = followed->auth == FOLLOWED_BEARER ? secret : NULL,
        .user = followed->auth == FOLLOWED_BASIC ? followed->user : NULL,
        .password = followed->auth == FOLLOWED_BASIC ? secret : NULL,
    };
}

/* Fetches and stores. What fails there goes into *failure. FALSE when it has to be stopped. */
static gboolean read_source(FollowRun *run, ImporterCounts *counts, GError **failure)
{
    const Followed *followed = run->followed;
    const ImporterOptions options = {
        .source = followed->source,
        .collection = followed->collection,
        .level = followed->level,
        .report = report,
        .progress = progress,
        .user = run,
    };
    if (followed->auth != FOLLOWED_OPEN) {
        run->secret = follow_secret_read(node_directory(run->node), followed->name, failure);
        if (!run->secret)
            return FALSE;
    }
    run->fetch = follow_run_fetch(node_config(run->node), followed, run->secret);
    run->fetch.stop = run->options->stop;
    run->importer = importer_new(run->node, &options, failure);
    if (!run->importer)
        return FALSE;
    gboolean good = followed->kind == FOLLOWED_TAXII ? follow_core_taxii(run, failure)
                                                     : follow_core_list(run, failure);
    return importer_finish(run->importer, counts, good ? failure : NULL) && good;
}

static gboolean run_locked(FollowRun *run, GError **error)
{
    const Config *config = node_config(run->node);
    gint64 started = timestamp_now();
    ImporterCounts counts = {0};
    g_autoptr(GError) failure = NULL;
    run->deadline = g_get_monotonic_time() +
                    (gint64)config_duration(config, SETTING_FOLLOW_RUN_TIME) * G_USEC_PER_SEC;
    run->max_bytes = config_size(config, SETTING_FOLLOW_RUN_BYTES);
    gboolean good = read_source(run, &counts, &failure);
    if (!good && follow_run_is_stopped(run)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    return finish(run, started, &counts, good ? NULL : failure->message, error);
}

gboolean follow_run(Node *node, const char *name, const FollowRunOptions *options,
                    Followed **ret_followed, GError **error)
{
    FollowRun run = {.node = node, .options = options};
    int lock = -1;
    gboolean good = FALSE;
    g_autoptr(Followed) before = followed_find(node_store(node), name, error);
    if (!before || !lock_source(node, before, &lock, error))
        return FALSE;
    /* Only now is it sure that nobody else moves the marks. */
    run.followed = followed_find(node_store(node), name, error);
    run.marks = run.followed ? followed_marks(node_store(node), run.followed->number, error) : NULL;
    if (run.marks && run_locked(&run, error)) {
        Followed *after = followed_find(node_store(node), name, error);
        good = after != NULL;
        if (good)
            *ret_followed = after;
    }
    close(lock);
    g_clear_pointer(&run.marks, g_hash_table_unref);
    followed_free(run.followed);
    seal_secret_free(run.secret);
    g_free(run.remark);
    return good;
}
