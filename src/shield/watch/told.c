#include "shield/watch/told.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/error.h"
#include "shield/watch/log_file.h"

#define MAGIC   "concert told 1 "
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Pieces and prints that are read, and bytes. */
#define READ_MAX      (4 * TOLD_MAX)
#define READ_MAX_SIZE (64 * 1024 * 1024)

/* A piece of a file, and where its prints are. */
typedef struct {
    ToldPiece piece;
    guint first, count;
} Piece;

struct ToldFile {
    GArray *pieces; /* Piece */
    GArray *prints; /* ToldPrint, in the order of pieces */
    GArray *sorted; /* ToldPrint; of the pieces that are still what they were */
    guint64 end;
};

struct Told {
    int fd; /* -1: none */
    char *path;
    char *boot;        /* NULL: nobody knows */
    GHashTable *files; /* key -> ToldFile; of before */
    guint read;        /* pieces and prints that were read */

    GString *text; /* not written yet */
    guint64 size;  /* written */
    gboolean anew; /* it replaces what was written */
    guint waiting, kept;
    ToldPiece piece;
    const char *bytes; /* of it */
    gboolean begun;    /* its line is written */
};

static char *make_key(const ToldPiece *piece)
{
    return g_strdup_printf("%" G_GINT64_MODIFIER "x:%" G_GINT64_MODIFIER "x:%" G_GINT64_FORMAT,
                           piece->device, piece->inode, piece->born);
}

static void file_free(gpointer user)
{
    ToldFile *file = user;
    g_array_unref(file->pieces);
    g_array_unref(file->prints);
    g_array_unref(file->sorted);
    g_free(file);
}

static ToldFile *file_of(Told *told, const ToldPiece *piece)
{
    g_autofree char *key = make_key(piece);
    ToldFile *file = g_hash_table_lookup(told->files, key);
    if (file)
        return file;
    file = g_new0(ToldFile, 1);
    file->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    file->prints = g_array_new(FALSE, FALSE, sizeof(ToldPrint));
    file->sorted = g_array_new(FALSE, FALSE, sizeof(ToldPrint));
    g_hash_table_insert(told->files, g_steal_pointer(&key), file);
    return file;
}

/* --- Prints ---------------------------------------------------------------------------------- */

void told_print(const ScanHit *hit, ToldPrint *ret_print)
{
    const char *const texts[] = {hit->value.id, hit->value.value, hit->value.source, hit->field};
    const guint64 place[] = {hit->line, hit->column, hit->value.kind, hit->value.port};
    guint8 digest[SHA256_SIZE];
    g_autoptr(GString) text = g_string_sized_new(256);

    g_string_append_len(text, (const char *)place, sizeof(place));
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i])
            g_string_append_len(text, texts[i], (gssize)strlen(texts[i]) + 1);
        else
            g_string_append_c(text, '\0');
    g_string_append_len(text, hit->seen, (gssize)hit->seen_length);
    sha256_digest(text->str, text->len, digest);
    memcpy(ret_print->bytes, digest, sizeof(ret_print->bytes));
}

guint told_print_hash(gconstpointer print)
{
    guint hash;
    memcpy(&hash, print, sizeof(hash));
    return hash;
}

static int compare_prints(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(ToldPrint));
}

gboolean told_print_equal(gconstpointer a, gconstpointer b)
{
    return compare_prints(a, b) == 0;
}

/* Bytes of the end of a piece that its print is of. */
static gsize end_sample(guint64 length)
{
    return length > TOLD_SAMPLE ? (gsize)MIN(length - TOLD_SAMPLE, TOLD_SAMPLE) : 0;
}

void told_piece_print(ToldPiece *piece, const char *text)
{
    gsize end = end_sample(piece->length);
    sha256_digest_pair(text, (gsize)MIN(piece->length, TOLD_SAMPLE), text + piece->length - end,
                       end, piece->print);
}

/* Are the bytes of @piece still what they were? */
static gboolean is_same(int fd, const ToldPiece *piece)
{
    char bytes[2 * TOLD_SAMPLE];
    guint8 print[SHA256_SIZE];
    gsize start = (gsize)MIN(piece->length, TOLD_SAMPLE), end = end_sample(piece->length);

    if (log_file_read(fd, bytes, start, piece->offset) != start ||
        log_file_read(fd, bytes + start, end, piece->offset + piece->length - end) != end)
        return FALSE;
    sha256_digest(bytes, start + end, print);
    return memcmp(print, piece->print, SHA256_SIZE) == 0;
}

/* --- Before ---------------------------------------------------------------------------------- */

ToldFile *told_find(Told *told, int fd, const ToldPiece *which, guint64 offset)
{
    g_autofree char *key = make_key(which);
    ToldFile *file = g_hash_table_lookup(told->files, key);

    if (!file)
        return NULL;
    file->end = 0;
    g_array_set_size(file->sorted, 0);
    for (guint i = 0; i < file->pieces->len; i++) {
        const Piece *piece = &g_array_index(file->pieces, Piece, i);
        guint64 end = piece->piece.offset + piece->piece.length;
        if (end <= offset || !is_same(fd, &piece->piece))
            continue;
        g_array_append_vals(file->sorted, &g_array_index(file->prints, ToldPrint, piece->first),
                            piece->count);
        file->end = MAX(file->end, end);
    }
    g_array_sort(file->sorted, compare_prints);
    if (file->sorted->len > 0)
        return file;
    told_forget(told, file);
    return NULL;
}

gboolean told_has(const ToldFile *file, const ToldPrint *print)
{
    return g_array_binary_search(file->sorted, print, compare_prints, NULL);
}

guint64 told_end(const ToldFile *file)
{
    return file->end;
}

void told_forget(Told *told, ToldFile *file)
{
    if (!file)
        return;
    g_autofree char *key = make_key(&g_array_index(file->pieces, Piece, 0).piece);
    g_hash_table_remove(told->files, key);
}

/* Reads the line of a piece, which ends with a NUL. */
static gboolean parse_piece(const char *line, ToldPiece *ret_piece)
{
    char hex[2 * SHA256_SIZE + 1];
    ToldPiece piece;
    int end = 0;

    if (sscanf(line,
               "r %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %" G_GINT64_FORMAT
               " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %64[0-9a-f]%n",
               &piece.device, &piece.inode, &piece.born, &piece.offset, &piece.length, hex,
               &end) != 6 ||
        line[end] != '\0' || piece.length == 0 || piece.offset > G_MAXINT64 ||
        piece.length > G_MAXINT64 - piece.offset || !sha256_parse(hex, strlen(hex), piece.print))
        return FALSE;
    *ret_piece = piece;
    return TRUE;
}

static gboolean parse_print(const char *line, gsize length, ToldPrint *ret_print)
{
    if (length != 2 + 2 * sizeof(ret_print->bytes))
        return FALSE;
    for (gsize i = 0; i < sizeof(ret_print->bytes); i++) {
        int high = g_ascii_xdigit_value(line[2 + 2 * i]),
            low = g_ascii_xdigit_value(line[3 + 2 * i]);
        if (high < 0 || low < 0)
            return FALSE;
        ret_print->bytes[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}

/* Takes in a line; *file is that of the last piece. */
static void read_line(Told *told, const char *line, gsize length, ToldFile **file)
{
    ToldPiece piece;
    ToldPrint print;

    if (told->read == READ_MAX)
        return;
    if (g_str_has_prefix(line, "r ") && parse_piece(line, &piece)) {
        *file = file_of(told, &piece);
        const Piece added = {piece, (*file)->prints->len, 0};
        g_array_append_val((*file)->pieces, added);
        told->read++;
    } else if (g_str_has_prefix(line, "h ") && *file && parse_print(line, length, &print)) {
        g_array_append_val((*file)->prints, print);
        g_array_index((*file)->pieces, Piece, (*file)->pieces->len - 1).count++;
        told->read++;
    }
}

void told_read(Told *told, const char *text, gsize length)
{
    const char *end = text + MIN(length, READ_MAX_SIZE), *newline;
    g_autofree char *magic = g_strconcat(MAGIC, told->boot, "\n", NULL);
    gsize skipped = strlen(magic);
    ToldFile *file = NULL;
    char line[256];

    if (!told->boot || length < skipped || memcmp(text, magic, skipped) != 0)
        return;
    for (text += skipped; (newline = memchr(text, '\n', (gsize)(end - text))); text = newline + 1) {
        gsize line_length = (gsize)(newline - text);
        if (line_length >= sizeof(line))
            continue;
        memcpy(line, text, line_length);
        line[line_length] = '\0';
        read_line(told, line, line_length, &file);
    }
}

/* --- Now ------------------------------------------------------------------------------------- */

void told_look(Told *told, const ToldPiece *piece, const char *text)
{
    told->piece = *piece;
    told->bytes = text;
    told->begun = FALSE;
}

static void append_piece(GString *text, const ToldPiece *piece)
{
    char hex[2 * SHA256_SIZE + 1];
    g_string_append_printf(text,
                           "r %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %" G_GINT64_FORMAT
                           " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n",
                           piece->device, piece->inode, piece->born, piece->offset, piece->length,
                           sha256_hex(piece->print, hex));
}

static void append_print(GString *text, const ToldPrint *print)
{
    static const char digits[] = "0123456789abcdef";
    char line[3 + 2 * sizeof(print->bytes)] = "h ", *at = line + 2;
    for (gsize i = 0; i < sizeof(print->bytes); i++) {
        *at++ = digits[print->bytes[i] >> 4];
        *at++ = digits[print->bytes[i] & 15];
    }
    *at++ = '\n';
    g_string_append_len(text, line, at - line);
}

void told_add(Told *told, const ToldPrint *print)
{
    told->waiting++;
    if (told->kept >= TOLD_MAX)
        return;
    if (!told->begun) {
        told_piece_print(&told->piece, told->bytes);
        append_piece(told->text, &told->piece);
    }
    told->begun = TRUE;
    append_print(told->text, print);
    told->kept++;
}

guint told_waiting(const Told *told)
{
    return told->waiting;
}

gboolean told_is_full(const Told *told)
{
    return told->kept >= TOLD_MAX;
}

gboolean told_commit(Told *told, GError **error)
{
    told->waiting = 0;
    if (told->text->len == 0)
        return TRUE;
    if (told->fd >= 0) {
        const char *at = told->text->str;
        gsize left = told->text->len;
        guint64 size = told->anew ? 0 : told->size;
        while (left > 0) {
            ssize_t written = pwrite(told->fd, at, left, (off_t)size);
            if (written < 0 && errno == EINTR)
                continue;
            if (written < 0)
                return error_from_errno(error, errno, "%s", told->path);
            at += written;
            size += (guint64)written;
            left -= (gsize)written;
        }
        /* What stood there is cut off only now: killed in between there is more than needed. */
        if (told->anew && ftruncate(told->fd, (off_t)size) != 0)
            return error_from_errno(error, errno, "%s", told->path);
        told->size = size;
    }
    if (told->anew)
        told->kept = 0;
    told->anew = FALSE;
    g_string_truncate(told->text, 0);
    return TRUE;
}

void told_keep(Told *told, const ToldPiece *piece, const ToldPrint *prints, guint n_prints)
{
    append_piece(told->text, piece);
    for (guint i = 0; i < n_prints; i++)
        append_print(told->text, &prints[i]);
}

void told_begin_anew(Told *told)
{
    GHashTableIter iter;
    gpointer value;

    told->anew = TRUE;
    told->begun = FALSE;
    g_string_printf(told->text, MAGIC "%s\n", told->boot ? told->boot : "?");
    g_hash_table_iter_init(&iter, told->files);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const ToldFile *file = value;
        for (guint i = 0; i < file->pieces->len; i++) {
            const Piece *piece = &g_array_index(file->pieces, Piece, i);
            told_keep(told, &piece->piece, &g_array_index(file->prints, ToldPrint, piece->first),
                      piece->count);
        }
    }
}

/* --- The file -------------------------------------------------------------------------------- */

Told *told_new(void)
{
    Told *told = g_new0(Told, 1);
    told->fd = -1;
    told->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, file_free);
    told->text = g_string_new(NULL);
    if (g_file_get_contents(BOOT_ID, &told->boot, NULL, NULL))
        g_strstrip(told->boot);
    return told;
}

static gboolean lock(Told *told, const char *state, GError **error)
{
    told->fd = open(told->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (told->fd < 0)
        return disk_fail(error, errno, told->path);
    if (flock(told->fd, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
    if (errno != EWOULDBLOCK)
        return error_from_errno(error, errno, "%s", told->path);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY,
                "%s: another watcher keeps its places there", state);
    return FALSE;
}

Told *told_open(const char *state, gboolean forget, GError **error)
{
    g_autoptr(Told) told = told_new();
    g_autofree char *text = NULL;
    gsize length;

    told->path = g_strconcat(state, TOLD_SUFFIX, NULL);
    if (!lock(told, state, error))
        return NULL;
    if (!forget && g_file_get_contents(told->path, &text, &length, NULL))
        told_read(told, text, length);
    told_begin_anew(told);
    return told_commit(told, error) ? g_steal_pointer(&told) : NULL;
}

void told_free(Told *told)
{
    if (!told)
        return;
    if (told->fd >= 0)
        close(told->fd);
    g_hash_table_unref(told->files);
    g_string_free(told->text, TRUE);
    g_free(told->path);
    g_free(told->boot);
    g_free(told);
}
