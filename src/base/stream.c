#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unpack.h"

/* A stream is a stack: the source at the bottom, over it at most two decoders. Each decoder reads
 * what the layer below gives into its own input buffer. */
#define STREAM_LAYERS   2
#define STREAM_GRACE    (64 * 1024 * 1024)
#define STREAM_PEEK_MAX (1024 * 1024)
#define STREAM_CHUNK    (128 * 1024)
#define STREAM_PIPE     (256 * 1024)
#define STREAM_READ_MAX (1024 * 1024 * 1024)

typedef struct {
    const UnpackCoding *coding;
    Unpack *unpack;
    UnpackInput in;   /* of what the layer below gave */
    gboolean between; /* at a place where the data may end: before or after a whole member */
    gboolean done;
    GError *failed; /* broken behind what was read last */
    guint64 given;
} Layer;

struct Stream {
    char *name;   /* for messages; NULL: unknown */
    int fd;       /* -1: memory, or @source */
    gboolean own; /* nobody else has the descriptor, nor sees how far it was read */
    int wake;     /* -1: none */
    const char *memory;
    gsize memory_length;
    StreamSource source;
    gpointer source_user;
    GDestroyNotify source_free;
    const Stream *under; /* whose progress counts; NULL: one's own */
    guint64 taken, total;
    Layer layers[STREAM_LAYERS];
    guint depth;     /* layers in use */
    gboolean opened; /* the compression was looked for */
    char *peek;
    gsize peek_at, peek_length, peek_size;
    GError *failed; /* once failed, always failed */
};

static gboolean stream_fail(Stream *stream, GError **error, ConcertError code, const char *format,
                            ...) G_GNUC_PRINTF(4, 5);

static gboolean stream_fail(Stream *stream, GError **error, ConcertError code, const char *format,
                            ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    if (stream->name)
        g_set_error(error, CONCERT_ERROR, code, "%s: %s", stream->name, what);
    else
        g_set_error_literal(error, CONCERT_ERROR, code, what);
    return FALSE;
}

gboolean stream_fail_reading(const Stream *stream, int errnum, GError **error)
{
    return error_from_errno(error, errnum, "%s", stream->name ? stream->name : "reading");
}

/* --- The source ------------------------------------------------------------------------------ */

/* Other threads may ask how far it is. */
static void source_count(Stream *stream, gsize length)
{
    __atomic_store_n(&stream->taken, stream->taken + length, __ATOMIC_RELAXED);
}

/* Waits for bytes, or for somebody who wants no more of them; then it is FALSE. */
static gboolean source_wait(const Stream *stream)
{
    struct pollfd both[] = {{.fd = stream->fd, .events = POLLIN},
                            {.fd = stream->wake, .events = POLLIN}};

    if (stream->wake < 0)
        return TRUE;
    while (poll(both, G_N_ELEMENTS(both), -1) < 0 && errno == EINTR)
        ;
    return both[1].revents == 0;
}

static gboolean source_read(Stream *stream, char *buffer, gsize size, gsize *ret_read,
                            GError **error)
{
    if (stream->source) {
        if (!stream->source(stream->source_user, buffer, size, ret_read, error))
            return FALSE;
        source_count(stream, *ret_read);
        return TRUE;
    }
    if (stream->fd < 0) {
        gsize length = MIN(size, stream->memory_length - (gsize)stream->taken);
        if (length > 0)
            memcpy(buffer, stream->memory + stream->taken, length);
        source_count(stream, length);
        *ret_read = length;
        return TRUE;
    }
    ssize_t length = 0;
    if (!source_wait(stream)) {
        *ret_read = 0;
        return TRUE;
    }
    do
        length = read(stream->fd, buffer, size);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return stream_fail_reading(stream, errno, error);
    source_count(stream, (gsize)length);
    *ret_read = (gsize)length;
    return TRUE;
}

/* --- The stack ------------------------------------------------------------------------------- */

static gboolean layer_read(Stream *stream, guint level, char *buffer, gsize size, gsize *ret_read,
                           GError **error);

static void layer_clear(Layer *layer)
{
    unpack_free(layer->unpack);
    g_clear_error(&layer->failed);
    g_free(layer->in.bytes);
}

/* Fills the input buffer of the layer at @level when it is empty. */
static gboolean layer_fill(Stream *stream, guint level, GError **error)
{
    UnpackInput *in = &stream->layers[level].in;
    if (in->at < in->length || in->end)
        return TRUE;
    gsize length;
    if (!layer_read(stream, level, in->bytes, STREAM_CHUNK, &length, error))
        return FALSE;
    in->at = 0;
    in->length = length;
    in->end = length == 0;
    return TRUE;
}

/* After a member only another one, or zeros up to the end, may follow. */
static gboolean layer_skip_zeros(Stream *stream, guint level, GError **error)
{
    const Layer *layer = &stream->layers[level];
    UnpackInput *in = &stream->layers[level].in;
    while (in->at < in->length && in->bytes[in->at] == '\0') {
        in->at++;
        if (!layer_fill(stream, level, error))
            return FALSE;
    }
    if (in->at < in->length && in->bytes[in->at] != unpack_after(layer->coding))
        return stream_fail(stream, error, CONCERT_ERROR_INPUT, "garbage after the %s data",
                           unpack_name(layer->coding));
    return TRUE;
}

/* The bound holds for the whole stack: what comes out at any level against what was read from the
 * source. */
static gboolean layer_check_ratio(Stream *stream, Layer *layer, GError **error)
{
    if (layer->given <= STREAM_GRACE || layer->given / STREAM_MAX_RATIO <= stream->taken)
        return TRUE;
    return stream_fail(stream, error, CONCERT_ERROR_LIMIT,
                       "%s data unpack to more than %d times their size",
                       unpack_name(layer->coding), STREAM_MAX_RATIO);
}

static gboolean layer_fail(Layer *layer, GError **error)
{
    g_propagate_error(error, g_steal_pointer(&layer->failed));
    return FALSE;
}

/* One step of the decoder; FALSE with layer->failed. */
static gboolean layer_step(const Stream *stream, Layer *layer, char *buffer, gsize size,
                           gsize *ret_given, gboolean *ret_end)
{
    if (unpack_step(layer->unpack, &layer->in, buffer, size, ret_given, ret_end, &layer->failed))
        return TRUE;
    if (stream->name)
        g_prefix_error(&layer->failed, "%s: ", stream->name);
    return FALSE;
}

/* Reads from the decoder at @level - 1, or from the source when @level is 0. */
static gboolean layer_read(Stream *stream, guint level, char *buffer, gsize size, gsize *ret_read,
                           GError **error)
{
    if (level == 0)
        return source_read(stream, buffer, size, ret_read, error);
    Layer *layer = &stream->layers[level - 1];
    gsize given = 0;
    if (layer->failed)
        return layer_fail(layer, error);
    while (given == 0 && !layer->done) {
        if (!layer_fill(stream, level - 1, error))
            return FALSE;
        if (layer->between && unpack_after(layer->coding) != 0 &&
            !layer_skip_zeros(stream, level - 1, error))
            return FALSE;
        gboolean knows_end = unpack_knows_end(layer->coding);
        gboolean empty = layer->in.end && layer->in.at == layer->in.length;
        if (empty && layer->between && !knows_end) {
            layer->done = TRUE;
            break;
        }
        gboolean end = FALSE;
        gsize before = layer->in.at;
        if (!layer_step(stream, layer, buffer, size, &given, &end) && given == 0)
            return layer_fail(layer, error);
        if (empty && given == 0 && !end)
            return stream_fail(stream, error, CONCERT_ERROR_INPUT, "the %s data are cut off",
                               unpack_name(layer->coding));
        layer->done = end && knows_end;
        layer->between = end || (layer->between && layer->in.at == before);
        layer->given += given;
        if (!layer_check_ratio(stream, layer, error))
            return FALSE;
    }
    *ret_read = given;
    return TRUE;
}

/* Reads a little at @level to see whether a decoder has to be put on it. What was read becomes the
 * decoder's first input, or, at the top, the first of the peek buffer. */
static gboolean stream_look(Stream *stream, gboolean *ret_plain, GError **error)
{
    g_autofree char *buffer = g_malloc(STREAM_CHUNK);
    gsize length = 0, got = 1;
    while (length < UNPACK_MAGIC && got > 0) {
        if (!layer_read(stream, stream->depth, buffer + length, STREAM_CHUNK - length, &got, error))
            return FALSE;
        length += got;
    }
    const UnpackCoding *coding = unpack_tell(buffer, length);
    if (coding && stream->depth == STREAM_LAYERS)
        return stream_fail(stream, error, CONCERT_ERROR_LIMIT, "compressed more than %d times over",
                           STREAM_LAYERS);
    if (coding) {
        Layer *layer = &stream->layers[stream->depth++];
        *layer = (Layer){.coding = coding,
                         .unpack = unpack_new(coding),
                         .in = {.bytes = g_steal_pointer(&buffer), .length = length},
                         .between = TRUE};
        *ret_plain = FALSE;
        return layer->unpack || stream_fail(stream, error, CONCERT_ERROR_IO,
                                            "no memory to unpack %s data", unpack_name(coding));
    }
    stream->peek_size = STREAM_CHUNK;
    stream->peek = g_steal_pointer(&buffer);
    stream->peek_length = length;
    *ret_plain = TRUE;
    return TRUE;
}

static gboolean stream_start(Stream *stream, GError **error)
{
    gboolean plain = stream->opened;
    stream->opened = TRUE;
    while (!plain)
        if (!stream_look(stream, &plain, error))
            return FALSE;
    return TRUE;
}

/* --- What the header offers ------------------------------------------------------------------ */

static Stream *stream_new(int fd, const char *name)
{
    Stream *stream = g_new0(Stream, 1);
    stream->fd = fd;
    stream->wake = -1;
    stream->name = g_strdup(name);
    return stream;
}

/* Who writes and who reads wake each other less often when more fits in between. A pipe that may
 * not be widened, or is wider, does as it is. */
static void widen_pipe(int fd)
{
    if (fcntl(fd, F_GETPIPE_SZ) < STREAM_PIPE)
        fcntl(fd, F_SETPIPE_SZ, STREAM_PIPE);
}

static Stream *stream_from_named_fd(int fd, const char *name, GError **error)
{
    struct stat info;
    if (fstat(fd, &info) < 0) {
        error_from_errno(error, errno, "%s", name ? name : "reading");
        close(fd);
        return NULL;
    }
    if (S_ISDIR(info.st_mode)) {
        error_from_errno(error, EISDIR, "%s", name ? name : "reading");
        close(fd);
        return NULL;
    }
    Stream *stream = stream_new(fd, name);
    if (S_ISREG(info.st_mode))
        stream->total = (guint64)info.st_size;
    if (S_ISFIFO(info.st_mode))
        widen_pipe(fd);
    return stream;
}

Stream *stream_open(const char *path, GError **error)
{
    gboolean standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                            : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        error_from_errno(error, errno, "%s", standard_input ? "standard input" : path);
        return NULL;
    }
    Stream *stream = stream_from_named_fd(fd, standard_input ? "standard input" : path, error);
    if (stream)
        stream->own = !standard_input;
    return stream;
}

Stream *stream_from_fd(int fd, GError **error)
{
    return stream_from_named_fd(fd, NULL, error);
}

Stream *stream_from_memory(const void *data, gsize length)
{
    Stream *stream = stream_new(-1, NULL);
    stream->memory = data;
    stream->memory_length = length;
    stream->total = length;
    return stream;
}

Stream *stream_from_source(StreamSource source, gpointer user, GDestroyNotify free_user,
                           gboolean plain)
{
    Stream *stream = stream_new(-1, NULL);
    stream->source = source;
    stream->source_user = user;
    stream->source_free = free_user;
    if (plain) {
        stream->opened = TRUE;
        stream->peek_size = STREAM_CHUNK;
        stream->peek = g_malloc(stream->peek_size);
    }
    return stream;
}

void stream_set_wake(Stream *stream, int fd)
{
    stream->wake = fd;
}

void stream_set_under(Stream *stream, const Stream *under)
{
    stream->under = under;
}

/* The failure of @stream, if it has failed; else remembers @failure (taken over) and passes it on.
 */
static gboolean stream_failed(Stream *stream, GError *failure, GError **error)
{
    if (failure)
        stream->failed = failure;
    if (stream->failed && error)
        *error = g_error_copy(stream->failed);
    return FALSE;
}

gboolean stream_read(Stream *stream, void *buffer, gsize size, gsize *ret_read, GError **error)
{
    GError *failure = NULL;
    if (stream->failed || !stream_start(stream, &failure))
        return stream_failed(stream, failure, error);
    if (stream->peek_at < stream->peek_length) {
        gsize length = MIN(size, stream->peek_length - stream->peek_at);
        memcpy(buffer, stream->peek + stream->peek_at, length);
        stream->peek_at += length;
        *ret_read = length;
        return TRUE;
    }
    if (stream->peek) {
        g_clear_pointer(&stream->peek, g_free);
        stream->peek_at = stream->peek_length = stream->peek_size = 0;
    }
    gsize length = 0;
    size = MIN(size, STREAM_READ_MAX);
    if (size > 0 && !layer_read(stream, stream->depth, buffer, size, &length, &failure))
        return stream_failed(stream, failure, error);
    *ret_read = length;
    return TRUE;
}

gboolean stream_peek(Stream *stream, gsize wanted, const char **ret_data, gsize *ret_length,
                     GError **error)
{
    GError *failure = NULL;
    if (stream->failed || !stream_start(stream, &failure))
        return stream_failed(stream, failure, error);
    wanted = MIN(wanted, STREAM_PEEK_MAX);
    if (stream->peek_at > 0) {
        memmove(stream->peek, stream->peek + stream->peek_at,
                stream->peek_length - stream->peek_at);
        stream->peek_length -= stream->peek_at;
        stream->peek_at = 0;
    }
    if (stream->peek_size < wanted) {
        stream->peek_size = wanted;
        stream->peek = g_realloc(stream->peek, wanted);
    }
    for (gsize got = 1; stream->peek_length < wanted && got > 0; stream->peek_length += got)
        if (!layer_read(stream, stream->depth, stream->peek + stream->peek_length,
                        stream->peek_size - stream->peek_length, &got, &failure)) {
            if (stream->depth == 0 || stream->peek_length == 0)
                return stream_failed(stream, failure, error);
            stream->layers[stream->depth - 1].failed = failure; /* once that was read */
            break;
        }
    *ret_data = stream->peek;
    *ret_length = stream->peek_length;
    return TRUE;
}

gboolean stream_place(Stream *stream, int *ret_fd, guint64 *ret_offset)
{
    if (!stream->own || stream->wake >= 0 || stream->total == 0 || !stream->opened ||
        stream->depth > 0 || stream->failed)
        return FALSE;
    off_t at = lseek(stream->fd, 0, SEEK_CUR);
    gsize unread = stream->peek_length - stream->peek_at;
    if (at < 0 || (gsize)at < unread)
        return FALSE;
    /* What was peeked is read again. */
    stream->taken -= unread;
    *ret_fd = stream->fd;
    *ret_offset = (guint64)at - unread;
    return TRUE;
}

void stream_count(Stream *stream, gsize length)
{
    __atomic_add_fetch(&stream->taken, length, __ATOMIC_RELAXED);
}

void stream_progress(const Stream *stream, guint64 *ret_done, guint64 *ret_total)
{
    if (stream->under) {
        stream_progress(stream->under, ret_done, ret_total);
        return;
    }
    *ret_done = __atomic_load_n(&stream->taken, __ATOMIC_RELAXED);
    *ret_total = stream->total;
}

const char *stream_compression(const Stream *stream)
{
    return stream->depth > 0 ? unpack_name(stream->layers[0].coding) : NULL;
}

void stream_close(Stream *stream)
{
    if (!stream)
        return;
    for (guint i = 0; i < stream->depth; i++)
        layer_clear(&stream->layers[i]);
    if (stream->source_free)
        stream->source_free(stream->source_user);
    if (stream->fd >= 0)
        close(stream->fd);
    g_clear_error(&stream->failed);
    g_free(stream->peek);
    g_free(stream->name);
    g_free(stream);
}
