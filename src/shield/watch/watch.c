#include "shield/watch/watch.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "shield/walk.h"
#include "shield/watch/pipe.h"
#include "shield/watch/places.h"

/* Between looks at which files there are, and whether they have grown. */
#define SWEEP_WATCHED G_USEC_PER_SEC
#define SWEEP_POLLED  (100 * 1000)
#define SWEEP_SOON    (20 * 1000)

/* Between writings of the state. */
#define SAVE_EVERY G_USEC_PER_SEC

/* Windows of one file before it is another's turn. */
#define TURN_WINDOWS 16

/* Hits that are written out together when it is noted which were: so many may be told twice. */
#define BATCH 8

/* Files and troubles that are remembered, so that each is told once. */
#define NOTED_MAX 10000

#define EVENTS                                                                                     \
    (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR)

typedef struct {
    Tail *tail;
    char *key;     /* device and inode */
    char *name;    /* directory's watch and name in it; NULL: not watched */
    guint64 sweep; /* when it was last found under a name */
    gboolean queued;
    TailState state;
    gint64 grown; /* monotonic */
} Followed;

typedef struct {
    const WatchOptions *options;
    Set *set;
    TailMeans means;
    const char *file; /* being looked through */

    GHashTable *files;   /* key -> Followed */
    GHashTable *names;   /* name -> Followed, borrowed */
    GHashTable *refused; /* keys of files that are not to be followed */
    GHashTable *noted;   /* what was told of */
    GQueue ready;        /* Followed */
    Places *places;
    Pipe *pipe;

    int inotify;             /* -1: polling */
    GHashTable *directories; /* path -> watch */
    guint64 sweeps;
    gint64 next_sweep, next_save;
    gboolean changed; /* since the state was written */
    GError *failed;   /* why hits could not go out */
} Watch;

static void note(Watch *watch, const char *message)
{
    if (g_hash_table_size(watch->noted) < NOTED_MAX &&
        g_hash_table_add(watch->noted, g_strdup(message)))
        watch->options->note(watch->options->user, message);
}

static void followed_free(gpointer user)
{
    Followed *followed = user;
    tail_free(followed->tail);
    g_free(followed->key);
    g_free(followed->name);
    g_free(followed);
}

static char *make_key(guint64 device, guint64 inode)
{
    return g_strdup_printf("%" G_GINT64_MODIFIER "x:%" G_GINT64_MODIFIER "x", device, inode);
}

static void queue(Watch *watch, Followed *followed)
{
    if (followed->queued)
        return;
    followed->queued = TRUE;
    g_queue_push_tail(&watch->ready, followed);
}

/* --- What the system tells ------------------------------------------------------------------- */

static void stop_asking(Watch *watch)
{
    close(watch->inotify);
    watch->inotify = -1;
    g_hash_table_remove_all(watch->directories);
    g_hash_table_remove_all(watch->names);
}

/* The name under which events tell of the file @path; NULL when they will not. */
static char *watch_directory(Watch *watch, const char *path)
{
    if (watch->inotify < 0)
        return NULL;
    g_autofree char *directory = g_path_get_dirname(path), *base = g_path_get_basename(path);
    gpointer number = g_hash_table_lookup(watch->directories, directory);
    if (!number) {
        int wd = inotify_add_watch(watch->inotify, directory, EVENTS);
        if (wd < 0) {
            if (errno == ENOSPC) {
                note(watch, "the system watches no more directories (fs.inotify.max_user_watches);"
                            " files are polled");
                stop_asking(watch);
            }
            return NULL;
        }
        number = GINT_TO_POINTER(wd);
        g_hash_table_insert(watch->directories, g_strdup(directory), number);
    }
    return g_strdup_printf("%d/%s", GPOINTER_TO_INT(number), base);
}

static void take_event(Watch *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW) {
        watch->next_sweep = 0;
        return;
    }
    if (event->mask & IN_IGNORED) {
        GHashTableIter iter;
        gpointer number;
        g_hash_table_iter_init(&iter, watch->directories);
        while (g_hash_table_iter_next(&iter, NULL, &number))
            if (GPOINTER_TO_INT(number) == event->wd)
                g_hash_table_iter_remove(&iter);
        watch->next_sweep = 0;
        return;
    }
    if (event->mask & IN_MODIFY && event->len > 0) {
        g_autofree char *name = g_strdup_printf("%d/%s", event->wd, event->name);
        Followed *followed = g_hash_table_lookup(watch->names, name);
        if (followed)
            queue(watch, followed);
        return;
    }
    watch->next_sweep = MIN(watch->next_sweep, g_get_monotonic_time() + SWEEP_SOON);
}

static void take_events(Watch *watch)
{
    char buffer[64 * 1024] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;

    while (watch->inotify >= 0 && (got = read(watch->inotify, buffer, sizeof(buffer))) > 0) {
        for (const char *at = buffer; at < buffer + got;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            take_event(watch, event);
            at += sizeof(*event) + event->len;
        }
    }
}

/* What the watcher itself writes is not watched: it would find its own hits. */
static void refuse_own(Watch *watch)
{
    struct stat status;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
            g_hash_table_add(watch->refused, make_key(status.st_dev, status.st_ino));
}

/* --- Which files there are ------------------------------------------------------------------- */

static Followed *follow(Watch *watch, const char *path, char *key)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *own = key;
    Tail *tail = g_hash_table_size(watch->files) < WATCH_MAX_FILES ? tail_open(path, &error) : NULL;

    if (!tail) {
        note(watch, error ? error->message : "too many files; some are not watched");
        if (g_hash_table_size(watch->refused) < WATCH_MAX_FILES &&
            g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_INPUT))
            g_hash_table_add(watch->refused, g_steal_pointer(&own));
        return NULL;
    }
    Followed *followed = g_new0(Followed, 1);
    followed->tail = tail;
    followed->key = g_steal_pointer(&own);
    followed->grown = g_get_monotonic_time();
    followed->state = TAIL_MORE;
    if (!places_resume(watch->places, tail) && watch->options->only_new && watch->sweeps == 1)
        tail_skip(tail);
    places_recall(watch->places, tail);
    g_hash_table_insert(watch->files, followed->key, followed);
    queue(watch, followed);
    watch->changed = TRUE;
    return followed;
}

static gboolean meet(gpointer user, const char *path, const GError *unreadable)
{
    Watch *watch = user;
    struct stat status;

    if (unreadable) {
        note(watch, unreadable->message);
        return TRUE;
    }
    if (places_is_own(watch->places, path) || stat(path, &status) != 0)
        return TRUE; /* or gone again */
    if (!S_ISREG(status.st_mode)) {
        g_autofree char *message =
            g_strconcat(path, ": it is no regular file; `-` reads a pipe", NULL);
        note(watch, message);
        return TRUE;
    }
    g_autofree char *key = make_key(status.st_dev, status.st_ino);
    g_autofree char *name = watch_directory(watch, path);
    if (g_hash_table_contains(watch->refused, key))
        return TRUE;
    Followed *followed = g_hash_table_lookup(watch->files, key);
    if (!followed)
        followed = follow(watch, path, g_steal_pointer(&key));
    if (!followed || followed->sweep == watch->sweeps)
        return TRUE; /* a second name of one file */
    followed->sweep = watch->sweeps;
    tail_set_path(followed->tail, path);
    if (g_strcmp0(name, followed->name) != 0) {
        if (followed->name && g_hash_table_lookup(watch->names, followed->name) == followed)
            g_hash_table_remove(watch->names, followed->name);
        g_free(followed->name);
        followed->name = g_steal_pointer(&name);
    }
    if (followed->name)
        g_hash_table_replace(watch->names, g_strdup(followed->name), followed);
    return TRUE;
}

static void meet_all(Watch *watch, const char *path)
{
    struct stat status;
    glob_t found = {0};

    if (strcmp(path, "-") == 0)
        return;
    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            /* The directory's own first file is told of at once, too. */
            g_autofree char *inside = g_build_filename(path, "*", NULL);
            g_free(watch_directory(watch, inside));
        }
        walk_files(path, meet, watch);
        return;
    }
    g_free(watch_directory(watch, path));
    if (!strpbrk(path, "*?[")) {
        g_autofree char *message =
            g_strdup_printf("%s: %s; waiting for it", path, g_strerror(errno));
        note(watch, message);
        return;
    }
    if (glob(path, 0, NULL, &found) == 0)
        for (gsize i = 0; i < found.gl_pathc; i++)
            walk_files(found.gl_pathv[i], meet, watch);
    if (found.gl_pathc == 0) {
        g_autofree char *message =
            g_strdup_printf("%s: no file is called so yet; waiting for one", path);
        note(watch, message);
    }
    globfree(&found);
}

/* Files that were renamed while nobody watched are read to their end. */
static void seek_renamed(Watch *watch, const WatchStateFile *file)
{
    g_autofree char *directory = g_path_get_dirname(file->path);
    DIR *listing = opendir(directory);
    const struct dirent *entry;

    while (listing && file->path && (entry = readdir(listing))) {
        struct stat status;
        if (entry->d_ino != file->mark.inode)
            continue;
        g_autofree char *path = g_build_filename(directory, entry->d_name, NULL);
        if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        g_autofree char *key = make_key(status.st_dev, status.st_ino);
        if (g_hash_table_contains(watch->files, key))
            continue;
        g_autoptr(Tail) tail = tail_open(path, NULL);
        if (tail && tail_go_on(tail, &file->mark))
            follow(watch, path, g_steal_pointer(&key));
    }
    if (listing)
        closedir(listing);
}

static void seek_all_renamed(Watch *watch)
{
    const WatchStateFile *file;
    guint index = 0;

    while ((file = places_next(watch->places, &index))) {
        seek_renamed(watch, file);
        /* Another file has its name now, and nobody has seen it: it is gone. */
        if (file->path && g_file_test(file->path, G_FILE_TEST_EXISTS))
            places_give_up(watch->places, index);
    }
}

/* --- Looking through them -------------------------------------------------------------------- */

/* Hits go out, and it is noted that they did. */
static gboolean flush(Watch *watch, GError **error)
{
    Told *told = places_told(watch->places);
    return watch->options->flush(watch->options->user, FALSE, error) &&
           (!told || told_commit(told, error));
}

static gboolean pass_on(gpointer user, const ScanHit *hit)
{
    Watch *watch = user;
    const Told *told = places_told(watch->places);

    if (!watch->options->found(watch->options->user, watch->file, hit))
        return FALSE;
    return !told || told_waiting(told) < BATCH || flush(watch, &watch->failed);
}

static void use_set(Watch *watch, Set *set)
{
    scan_feed_free(watch->means.feed);
    sieve_free(watch->means.sieve);
    set_free(watch->set);
    watch->set = set;
    watch->means.feed = scan_feed_new(set);
    watch->means.sieve = sieve_new(set);
}

/* FALSE when it is to stop. */
static gboolean look(Watch *watch, Followed *followed)
{
    TailState state = TAIL_MORE;

    followed->grown = g_get_monotonic_time();
    watch->file = tail_path(followed->tail);
    watch->changed = TRUE;
    const Told *told = places_told(watch->places);
    for (guint i = 0; i < TURN_WINDOWS && state == TAIL_MORE && !(told && told_is_full(told)); i++)
        state = tail_look(followed->tail, &watch->means);
    followed->state = state;
    if (state == TAIL_MORE)
        queue(watch, followed);
    return state != TAIL_STOPPED;
}

static void forget(Watch *watch, Followed *followed)
{
    if (followed->name && g_hash_table_lookup(watch->names, followed->name) == followed)
        g_hash_table_remove(watch->names, followed->name);
    if (followed->queued)
        g_queue_remove(&watch->ready, followed);
    watch->changed = TRUE;
}

/* Asks all files whether they have grown, looks at lines that got no end, and lets go of what has
 * no name any more. FALSE when it is to stop. */
static gboolean ask_all(Watch *watch)
{
    GHashTableIter iter;
    gpointer value;
    gint64 now = g_get_monotonic_time();

    g_hash_table_iter_init(&iter, watch->files);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Followed *followed = value;
        gboolean gone = followed->sweep != watch->sweeps && now - followed->grown >= WATCH_GONE;
        gboolean partial =
            followed->state == TAIL_PARTIAL && now - followed->grown >= WATCH_PARTIAL;
        if (followed->queued)
            continue;
        if (tail_has_news(followed->tail)) {
            queue(watch, followed);
            continue;
        }
        watch->file = tail_path(followed->tail);
        if ((gone || partial) &&
            tail_look_at_partial(followed->tail, &watch->means, gone) == TAIL_STOPPED)
            return FALSE;
        if (gone) {
            forget(watch, followed);
            g_hash_table_iter_remove(&iter);
        }
    }
    return TRUE;
}

static gboolean sweep(Watch *watch)
{
    watch->sweeps++;
    for (const char *const *path = watch->options->paths; *path; path++)
        meet_all(watch, *path);
    if (watch->sweeps == 1)
        seek_all_renamed(watch);
    if (!ask_all(watch))
        return FALSE;
    watch->next_sweep =
        g_get_monotonic_time() + (watch->inotify < 0 ? SWEEP_POLLED : SWEEP_WATCHED);
    return TRUE;
}

/* --- The state ------------------------------------------------------------------------------- */

static gboolean save(Watch *watch, GError **error)
{
    GHashTableIter iter;
    gpointer value;
    gint64 start = g_get_monotonic_time();

    if (!watch->options->flush(watch->options->user, watch->options->state != NULL, error))
        return FALSE;
    if (watch->changed) {
        g_autoptr(GPtrArray) tails = g_ptr_array_new();
        g_hash_table_iter_init(&iter, watch->files);
        while (g_hash_table_iter_next(&iter, NULL, &value))
            g_ptr_array_add(tails, ((const Followed *)value)->tail);
        if (!places_save(watch->places, tails, error))
            return FALSE;
    }
    watch->changed = FALSE;
    gint64 end = g_get_monotonic_time();
    /* A large state, or a slow disk, must not be all that there is time for. */
    watch->next_save = end + MAX(SAVE_EVERY, 10 * (end - start));
    return TRUE;
}

/* Is it time to write the state? */
static gboolean is_due(const Watch *watch)
{
    const Told *told = places_told(watch->places);
    return g_get_monotonic_time() >= watch->next_save || (told && told_is_full(told));
}

/* --- The loop -------------------------------------------------------------------------------- */

/* Waits for something to do; TRUE when the pipe has something. */
static gboolean wait_for_more(Watch *watch, gboolean busy)
{
    struct pollfd all[] = {{.fd = watch->inotify, .events = POLLIN},
                           {.fd = watch->options->wake, .events = POLLIN},
                           {.fd = watch->pipe ? STDIN_FILENO : -1, .events = POLLIN}};
    gint64 left = watch->next_sweep - g_get_monotonic_time();

    if (watch->options->state && watch->changed)
        left = MIN(left, watch->next_save - g_get_monotonic_time());
    poll(all, G_N_ELEMENTS(all), busy ? 0 : (int)CLAMP(left / 1000 + 1, 0, 1000));
    return all[2].revents != 0;
}

static gboolean look_at_pipe(Watch *watch)
{
    watch->file = "-";
    TailState state = pipe_look(watch->pipe, &watch->means);
    if (state == TAIL_END)
        g_clear_pointer(&watch->pipe, pipe_free);
    return state != TAIL_STOPPED;
}

static gboolean has_files(const Watch *watch)
{
    for (const char *const *path = watch->options->paths; *path; path++)
        if (strcmp(*path, "-") != 0)
            return TRUE;
    return FALSE;
}

/* FALSE when it is to stop. */
static gboolean turn(Watch *watch)
{
    WatchOrder order = watch->options->turn(watch->options->user);
    Set *set = watch->options->supply(watch->options->user);

    if (set)
        use_set(watch, set);
    if (order == WATCH_REOPEN) {
        g_hash_table_remove_all(watch->refused);
        refuse_own(watch);
        g_hash_table_remove_all(watch->noted);
        watch->next_sweep = 0;
    }
    watch->means.now = timestamp_now();
    return order != WATCH_STOP;
}

static gboolean loop(Watch *watch, GError **error)
{
    gboolean files = has_files(watch), go_on = TRUE;

    while (go_on && (files || watch->pipe)) {
        go_on = turn(watch);
        take_events(watch);
        if (go_on && files && g_get_monotonic_time() >= watch->next_sweep)
            go_on = sweep(watch);
        Followed *followed = go_on ? g_queue_pop_head(&watch->ready) : NULL;
        if (followed) {
            followed->queued = FALSE;
            go_on = look(watch, followed);
        }
        gboolean busy = !g_queue_is_empty(&watch->ready);
        if (watch->failed) {
            g_propagate_error(error, g_steal_pointer(&watch->failed));
            return FALSE;
        }
        if (!flush(watch, error) || (is_due(watch) && !save(watch, error)))
            return FALSE;
        if (go_on && wait_for_more(watch, busy) && watch->pipe)
            go_on = look_at_pipe(watch);
    }
    if (set_failed(watch->set, error))
        return FALSE;
    watch->changed = TRUE;
    return save(watch, error);
}

gboolean watch_run(const WatchOptions *options, GError **error)
{
    Watch watch = {
        .options = options,
        .files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, followed_free),
        .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .noted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .inotify = options->poll ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
        .means = {.log = options->log, .format = options->format, .found = pass_on},
    };
    watch.means.user = &watch;
    watch.means.window = scan_window_new();
    g_queue_init(&watch.ready);
    use_set(&watch, options->supply(options->user));
    refuse_own(&watch);
    if (!options->poll && watch.inotify < 0)
        note(&watch, "the system does not tell of changes; files are polled");
    if (g_strv_contains(options->paths, "-"))
        watch.pipe = pipe_new(STDIN_FILENO);
    watch.places = places_open(options->state, error);
    watch.means.told = watch.places ? places_told(watch.places) : NULL;
    gboolean good = watch.places && loop(&watch, error);

    g_queue_clear(&watch.ready);
    g_clear_pointer(&watch.pipe, pipe_free);
    g_hash_table_unref(watch.names);
    g_hash_table_unref(watch.files);
    g_hash_table_unref(watch.refused);
    g_hash_table_unref(watch.noted);
    g_hash_table_unref(watch.directories);
    places_free(watch.places);
    g_clear_error(&watch.failed);
    scan_window_free(watch.means.window);
    scan_feed_free(watch.means.feed);
    sieve_free(watch.means.sieve);
    set_free(watch.set);
    if (watch.inotify >= 0)
        close(watch.inotify);
    return good;
}
