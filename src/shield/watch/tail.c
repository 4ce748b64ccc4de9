#include "shield/watch/tail.h"

#include <string.h>
#include <unistd.h>

#include "shield/input.h"
#include "shield/watch/log_file.h"
#include "shield/watch/shaped.h"

/* Hits of a line without an end that are remembered. What is more may be told twice. */
#define TOLD_MAX_LINE 10000

struct Tail {
    char *path;
    int fd;
    guint64 device, inode;
    gint64 born;
    guint64 offset; /* what lies before was looked at */
    ScanPlace place;
    guint64 seen;    /* bytes of it that were there, and looked at, last */
    gint64 modified; /* before that; nanoseconds */
    guint8 behind[TAIL_BEHIND];
    guint behind_length;
    guint8 head[SHA256_SIZE];
    guint head_length;
    gboolean shaped;        /* it is known what it comes as ... */
    Shape *shape;           /* ... at the offset; NULL: its bytes are the text */
    ShapedPiece piece_read; /* what the window was made of; of plain text it is the window */
    Input *input;           /* of a structured log */
    gsize sample;           /* bytes that were asked what it is */
    GHashTable *told;       /* ToldPrint; hits of the line at `offset`; NULL: none */
    guint64 told_until;     /* bytes of it that were looked at; 0: none */
    ToldPiece piece;        /* these */
    Told *memory;           /* what was told by who watched before; NULL: nothing */
    ToldFile *before;       /* of it, of this file; NULL: nothing behind `offset` */
};

/* A hit on its way out, held against what was told. */
typedef struct {
    Tail *tail;
    const TailMeans *means;
    gboolean remember;
} Passing;

Tail *tail_open(const char *path, GError **error)
{
    struct stat status;
    int fd = log_file_open(path, &status, error);

    if (fd < 0)
        return NULL;
    Tail *tail = g_new0(Tail, 1);
    tail->path = g_strdup(path);
    tail->fd = fd;
    tail->device = status.st_dev;
    tail->inode = status.st_ino;
    tail->born = log_file_born(fd);
    tail->place.line = 1;
    return tail;
}

void tail_free(Tail *tail)
{
    if (!tail)
        return;
    close(tail->fd);
    input_free(tail->input);
    g_clear_pointer(&tail->told, g_hash_table_unref);
    g_free(tail->shape);
    g_free(tail->piece_read.bytes);
    g_free(tail->path);
    g_free(tail);
}

const char *tail_path(const Tail *tail)
{
    return tail->path;
}

void tail_set_path(Tail *tail, const char *path)
{
    if (strcmp(tail->path, path) == 0)
        return;
    g_free(tail->path);
    tail->path = g_strdup(path);
}

gboolean tail_is(const Tail *tail, guint64 device, guint64 inode)
{
    return tail->device == device && tail->inode == inode;
}

static gint64 modified(const struct stat *status)
{
    return status->st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + status->st_mtim.tv_nsec;
}

static guint64 size_of(const Tail *tail)
{
    struct stat status;
    return fstat(tail->fd, &status) == 0 ? (guint64)status.st_size : 0;
}

static void forget_line(Tail *tail)
{
    g_clear_pointer(&tail->told, g_hash_table_unref);
    tail->told_until = 0;
}

static void forget_before(Tail *tail)
{
    if (tail->before)
        told_forget(tail->memory, tail->before);
    tail->before = NULL;
}

static void start_over(Tail *tail)
{
    forget_before(tail);
    tail->offset = 0;
    tail->seen = 0;
    tail->place = (ScanPlace){.line = 1};
    tail->behind_length = tail->head_length = 0;
    g_clear_pointer(&tail->input, input_free);
    tail->sample = 0;
    g_clear_pointer(&tail->shape, g_free);
    tail->shaped = FALSE;
    forget_line(tail);
}

/* --- Marks ----------------------------------------------------------------------------------- */

/* Is what was looked at still there? */
static gboolean is_same(const Tail *tail)
{
    guint8 behind[TAIL_BEHIND];
    return log_file_read(tail->fd, behind, tail->behind_length,
                         tail->offset - tail->behind_length) == tail->behind_length &&
           memcmp(behind, tail->behind, tail->behind_length) == 0;
}

/* Notes what lies before the offset. */
static void print_behind(Tail *tail)
{
    guint length = (guint)MIN(tail->offset, TAIL_BEHIND);
    tail->behind_length =
        (guint)log_file_read(tail->fd, tail->behind, length, tail->offset - length);
}

/* The first bytes, as long as there are ever more of them. */
static void print_head(Tail *tail)
{
    char start[TAIL_HEAD];
    guint length = (guint)MIN(tail->offset, TAIL_HEAD);
    if (tail->head_length >= length || log_file_read(tail->fd, start, length, 0) != length)
        return;
    sha256_digest(start, length, tail->head);
    tail->head_length = length;
}

void tail_mark(const Tail *tail, TailMark *ret_mark)
{
    *ret_mark = (TailMark){.device = tail->device,
                           .inode = tail->inode,
                           .born = tail->born,
                           .offset = tail->offset,
                           .place = tail->place,
                           .head_length = tail->head_length,
                           .behind_length = tail->behind_length};
    memcpy(ret_mark->head, tail->head, SHA256_SIZE);
    sha256_digest(tail->behind, tail->behind_length, ret_mark->behind);
}

static gboolean has_print(int fd, guint64 offset, guint length, const guint8 print[SHA256_SIZE])
{
    char bytes[TAIL_HEAD];
    guint8 digest[SHA256_SIZE];
    if (length == 0)
        return TRUE;
    if (log_file_read(fd, bytes, length, offset) != length)
        return FALSE;
    sha256_digest(bytes, length, digest);
    return memcmp(digest, print, SHA256_SIZE) == 0;
}

gboolean tail_go_on(Tail *tail, const TailMark *mark)
{
    /* The number of a device may change when the machine starts anew; that of an inode does not. */
    if (mark->inode != tail->inode || mark->offset > size_of(tail) ||
        (mark->born != 0 && tail->born != 0 && mark->born != tail->born) ||
        mark->head_length > MIN(mark->offset, TAIL_HEAD) ||
        mark->behind_length > MIN(mark->offset, TAIL_BEHIND) ||
        !has_print(tail->fd, 0, mark->head_length, mark->head) ||
        !has_print(tail->fd, mark->offset - mark->behind_length, mark->behind_length, mark->behind))
        return FALSE;
    start_over(tail);
    tail->offset = mark->offset;
    tail->place = mark->place;
    print_behind(tail);
    print_head(tail);
    return TRUE;
}

/* The @length bytes at the offset. */
static ToldPiece piece_of(const Tail *tail, gsize length)
{
    return (ToldPiece){.device = tail->device,
                       .inode = tail->inode,
                       .born = tail->born,
                       .offset = tail->offset,
                       .length = length};
}

void tail_recall(Tail *tail, Told *told)
{
    const ToldPiece which = piece_of(tail, 0);
    tail->memory = told;
    tail->before = told_find(told, tail->fd, &which, tail->offset);
}

void tail_keep_told(const Tail *tail, Told *told)
{
    GHashTableIter iter;
    gpointer print;

    if (!tail->told || g_hash_table_size(tail->told) == 0)
        return;
    g_autoptr(GArray) prints = g_array_new(FALSE, FALSE, sizeof(ToldPrint));
    g_hash_table_iter_init(&iter, tail->told);
    while (g_hash_table_iter_next(&iter, &print, NULL))
        g_array_append_vals(prints, print, 1);
    told_keep(told, &tail->piece, (const ToldPrint *)(gconstpointer)prints->data, prints->len);
}

void tail_skip(Tail *tail)
{
    g_autofree char *text = g_malloc(SCAN_WINDOW);
    guint64 size = size_of(tail), at = 0;
    ScanPlace place = {.line = 1};
    guint64 line_start = 0;
    Shape shape;

    gsize start = log_file_read(tail->fd, text, UTF16_SAMPLE, 0);
    gboolean wide = shape_detect(&shape, text, start, TRUE, FALSE) == FRAME_YES;
    for (gsize got;
         at < size && (got = log_file_read(tail->fd, text, MIN(SCAN_WINDOW, size - at), at));
         at += got) {
        for (const char *next = text;
             (next = shaped_next_feed(text, next, text + got, wide, shape.utf16.big_endian));) {
            place.line++;
            line_start = at + (gsize)(next - text);
        }
    }
    start_over(tail);
    tail->offset = line_start;
    tail->place = place;
    print_behind(tail);
    print_head(tail);
}

/* --- Looking --------------------------------------------------------------------------------- */

/* Remembers a hit of a line without an end. */
static void remember(Tail *tail, const ToldPrint *print)
{
    if (!tail->told)
        tail->told = g_hash_table_new_full(told_print_hash, told_print_equal, g_free, NULL);
    if (g_hash_table_size(tail->told) < TOLD_MAX_LINE)
        g_hash_table_add(tail->told, g_memdup2(print, sizeof(*print)));
}

static gboolean pass_on(gpointer user, const ScanHit *hit)
{
    const Passing *passing = user;
    const TailMeans *means = passing->means;
    Tail *tail = passing->tail;
    ToldPrint print;

    if (!passing->remember && !tail->told && !tail->before && !means->told)
        return means->found(means->user, hit);
    told_print(hit, &print);
    gboolean known = (tail->told && g_hash_table_contains(tail->told, &print)) ||
                     (tail->before && told_has(tail->before, &print));
    if (passing->remember)
        remember(tail, &print);
    if (known)
        return TRUE;
    if (means->told)
        told_add(means->told, &print);
    return means->found(means->user, hit);
}

/* What its text comes as; with @whole from what is there, else FALSE when that does not tell. */
static gboolean find_shape(Tail *tail, const TailMeans *means, gboolean whole)
{
    static const gsize sizes[] = {4, SHAPE_SAMPLE};
    FrameAnswer answer = FRAME_MORE;
    Shape shape;

    for (guint i = 0; i < G_N_ELEMENTS(sizes) && !tail->shaped && answer == FRAME_MORE; i++) {
        g_autofree char *start = g_malloc(sizes[i]);
        gsize length = log_file_read(tail->fd, start, sizes[i], 0);
        answer = shape_detect(&shape, start, length, whole && length < sizes[i], means->log);
    }
    if (tail->shaped || answer == FRAME_MORE)
        return tail->shaped;
    tail->shaped = TRUE;
    if (answer == FRAME_NO)
        return TRUE;
    tail->shape = g_memdup2(&shape, sizeof(shape));
    if (tail->offset > 0)
        shape_go_on(tail->shape);
    return TRUE;
}

/* The first bytes as text, at most @size. */
static gsize read_start(const Tail *tail, char *text, gsize size)
{
    gsize at = 0, written = 0, taken, more;
    Shape shape;

    if (!tail->shape)
        return log_file_read(tail->fd, text, size, 0);
    g_autofree char *raw = g_malloc(SHAPE_SAMPLE);
    gsize length = log_file_read(tail->fd, raw, SHAPE_SAMPLE, 0);
    shape_detect(&shape, raw, length, TRUE, tail->shape->is_framed);
    do {
        more = shape_convert(&shape, raw + at, length - at, &taken, text + written, size - written);
        at += taken;
        written += more;
    } while (taken + more > 0 && size - written >= SHAPE_ROOM);
    return written;
}

/* Shows @input all headers that lie before the offset. */
static void read_headers(Tail *tail, Input *input)
{
    g_autofree char *text = g_malloc(SCAN_WINDOW);
    gsize kept = 0, got;
    guint64 at = 0;
    gboolean first = TRUE;

    /* Those that come later are of formats that nobody writes so. */
    if (tail->shape) {
        input_take_headers(input, text, read_start(tail, text, SCAN_WINDOW), TRUE);
        return;
    }
    while (at < tail->offset &&
           (got = log_file_read(tail->fd, text + kept, MIN(SCAN_WINDOW - kept, tail->offset - at),
                                at))) {
        at += got;
        const char *lf = memrchr(text, '\n', kept + got);
        gsize lines = lf ? (gsize)(lf + 1 - text) : kept + got;
        input_take_headers(input, text, lines, first);
        first = FALSE;
        kept = kept + got - lines;
        memmove(text, text + lines, kept);
        if (!input_has_late_headers(input))
            return;
    }
}

/* What kind of log it is, asked until its first bytes are all there. */
static void find_format(Tail *tail, const TailMeans *means)
{
    if (!means->log || tail->input || tail->sample == INPUT_SAMPLE)
        return;
    g_autofree char *sample = g_malloc(INPUT_SAMPLE);
    gsize length = read_start(tail, sample, INPUT_SAMPLE);
    if (length <= tail->sample)
        return;
    tail->sample = length + SHAPE_ROOM < INPUT_SAMPLE ? length : INPUT_SAMPLE;
    /* Half a line is none of its kind. */
    const char *lf = memrchr(sample, '\n', length);
    if (lf)
        length = (gsize)(lf + 1 - sample);
    const InputFormat *format = means->format ? means->format : input_format_detect(sample, length);
    if (!format)
        return;
    tail->input = input_new(format, means->now);
    read_headers(tail, tail->input);
}

static gboolean read_shaped_window(Tail *tail, ScanWindow *window, gboolean whole)
{
    ShapedPiece *piece = &tail->piece_read;
    gsize context = tail->place.line_bytes > 0 ? (gsize)MIN(tail->offset, SHAPED_CONTEXT) : 0;

    g_free(piece->bytes);
    piece->bytes = g_malloc(SHAPED_CONTEXT + SHAPED_RAW);
    piece->from = piece->stop = context;
    piece->length =
        log_file_read(tail->fd, piece->bytes, context + SHAPED_RAW, tail->offset - context);
    return shaped_window(tail->shape, piece, whole, window) && piece->length > context;
}

/* Reads the next window: whole lines, or of a line longer than a window what can be decided. FALSE
 * when there is no such thing; with @whole it has all of that last line then. */
static gboolean read_window(Tail *tail, ScanWindow *window, gboolean whole)
{
    gsize context = (gsize)MIN(tail->place.line_bytes, MIN(tail->offset, SPOT_CONTEXT));

    g_array_set_size(window->places, 0);
    if (tail->shape)
        return read_shaped_window(tail, window, whole);
    window->from = context;
    window->last = FALSE;
    window->length =
        log_file_read(tail->fd, window->text, SCAN_WINDOW_CAPACITY, tail->offset - context);
    tail->piece_read.from = context;
    tail->piece_read.length = window->length;
    tail->piece_read.stop = window->length;
    if (window->length <= context)
        return FALSE;
    const char *lf = memrchr(window->text + context, '\n', window->length - context);
    window->stop = window->looked = lf ? (gsize)(lf + 1 - window->text) : window->length;
    if (!lf)
        window->stop = window->length - MIN(window->length - context, SPOT_CONTEXT);
    tail->piece_read.stop = window->stop;
    return lf || window->length == SCAN_WINDOW_CAPACITY;
}

/* Bytes of the file behind the offset that were read. */
static gsize bytes_read(const Tail *tail)
{
    return tail->piece_read.length - MIN(tail->piece_read.length, tail->piece_read.from);
}

static gboolean look(Tail *tail, const TailMeans *means, gboolean remember)
{
    ScanWindow *window = means->window;
    Passing passing = {.tail = tail, .means = means, .remember = remember};
    const ShapedPiece *read = &tail->piece_read;
    const char *text = tail->shape ? read->bytes + read->from : window->text + window->from;
    gsize looked = window->looked == window->stop ? read->stop : read->length;

    tail->piece = piece_of(tail, looked - read->from);
    if (remember)
        told_piece_print(&tail->piece, text);
    if (means->told)
        told_look(means->told, &tail->piece, text);
    scan_window_sieve(window, means->sieve);
    scan_feed_go_on(means->feed, tail->input, &tail->place);
    return scan_feed_look(means->feed, window, pass_on, &passing);
}

/* Notes what lies before the offset, which the window ends with. */
static void print_window(Tail *tail, const ScanWindow *window)
{
    tail->behind_length = (guint)MIN(window->stop, TAIL_BEHIND);
    memcpy(tail->behind, window->text + window->stop - tail->behind_length, tail->behind_length);
    if (tail->behind_length < TAIL_BEHIND)
        print_behind(tail); /* there may be more of it before the window */
}

/* What of the window was looked at is done with. */
static void move_on(Tail *tail, const TailMeans *means)
{
    guint64 line = tail->place.line;

    tail->offset += tail->piece_read.stop - tail->piece_read.from;
    scan_feed_place(means->feed, &tail->place);
    if (tail->shape) {
        *tail->shape = tail->piece_read.behind;
        print_behind(tail);
    } else {
        print_window(tail, means->window);
    }
    print_head(tail);
    if (tail->place.line != line)
        forget_line(tail);
    if (tail->before && tail->offset >= told_end(tail->before))
        forget_before(tail);
}

static TailState look_on(Tail *tail, const TailMeans *means)
{
    struct stat status = {0};
    fstat(tail->fd, &status);
    tail->modified = modified(&status);
    if ((guint64)status.st_size < tail->offset || !is_same(tail))
        start_over(tail);
    if (!find_shape(tail, means, FALSE)) {
        tail->seen = (guint64)status.st_size;
        return tail->seen > tail->offset ? TAIL_PARTIAL : TAIL_END;
    }
    find_format(tail, means);
    if (!read_window(tail, means->window, FALSE)) {
        tail->seen = tail->offset + bytes_read(tail);
        return tail->seen > tail->offset ? TAIL_PARTIAL : TAIL_END;
    }
    if (!look(tail, means, FALSE))
        return TAIL_STOPPED;
    guint64 until = tail->offset + bytes_read(tail);
    move_on(tail, means);
    tail->seen = until;
    if (until > tail->offset || size_of(tail) != tail->offset)
        return TAIL_MORE;
    return TAIL_END;
}

TailState tail_look(Tail *tail, const TailMeans *means)
{
    TailState state = look_on(tail, means);
    g_clear_pointer(&tail->piece_read.bytes, g_free); /* there may be many tails */
    return state;
}

/* What nobody could tell yet is what it seems to be. */
static TailState look_at_start(Tail *tail, const TailMeans *means, gboolean done)
{
    TailState state = TAIL_MORE;

    find_shape(tail, means, TRUE);
    while (done && state == TAIL_MORE)
        state = tail_look(tail, means);
    tail->seen = done ? tail->seen : G_MAXUINT64; /* the lines there are news */
    return state;
}

static TailState look_at_rest(Tail *tail, const TailMeans *means, gboolean done)
{
    ScanWindow *window = means->window;
    if (size_of(tail) < tail->offset || !is_same(tail))
        return TAIL_MORE;
    if (!tail->shaped) {
        TailState state = look_at_start(tail, means, done);
        if (state != TAIL_PARTIAL)
            return state;
    }
    if (read_window(tail, window, TRUE))
        return TAIL_MORE;
    gsize left = bytes_read(tail);
    if (left == 0)
        return TAIL_END;
    if (done || tail->told_until != left) {
        window->stop = window->looked = window->length;
        tail->piece_read.stop = tail->piece_read.length;
        window->last = TRUE;
        if (!look(tail, means, !done))
            return TAIL_STOPPED;
        tail->told_until = left;
    }
    tail->seen = tail->offset + left;
    if (!done)
        return TAIL_PARTIAL;
    move_on(tail, means);
    return TAIL_END;
}

TailState tail_look_at_partial(Tail *tail, const TailMeans *means, gboolean done)
{
    TailState state = look_at_rest(tail, means, done);
    g_clear_pointer(&tail->piece_read.bytes, g_free);
    return state;
}

gboolean tail_has_news(const Tail *tail)
{
    struct stat status;
    return fstat(tail->fd, &status) == 0 &&
           ((guint64)status.st_size != tail->seen || modified(&status) != tail->modified);
}
