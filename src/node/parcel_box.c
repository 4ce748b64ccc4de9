#include "node/parcel_box.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/durable.h"
#include "base/timestamp.h"

#define DIRECTORY        "parcels"
#define HEAD_FILE        "head"
#define READ_FILE        "read"
#define READ_MAX         (1024 * 1024)
#define OUTGOING         "outgoing-"
#define OUTGOING_SECONDS 86400

void parcel_box_free(ParcelBox *box)
{
    if (!box)
        return;
    g_free(box->has);
    g_free(box->read);
    g_free(box);
}

static char *box_path(const char *node, const char *id, const char *name)
{
    return g_build_filename(node, DIRECTORY, id, name, NULL);
}

static char *part_path(const char *node, const char *id, guint part)
{
    g_autofree char *name = g_strdup_printf("%u.part", part);
    return box_path(node, id, name);
}

static gboolean is_id(const char *name)
{
    gsize length = strlen(name);
    gboolean good = length == PARCEL_PART_ID_SIZE;
    for (gsize i = 0; good && i < length; i++)
        good = g_ascii_isdigit(name[i]) || (name[i] >= 'a' && name[i] <= 'f');
    return good;
}

/* What is there. */

static void look_for_parts(const char *node, ParcelBox *box)
{
    for (guint i = 0; i < box->parts; i++) {
        g_autofree char *path = part_path(node, box->id, i + 1);
        struct stat status;
        if (stat(path, &status) != 0)
            continue;
        box->has[i] = 1;
        box->n_has++;
        box->bytes += (guint64)status.st_size;
    }
}

/* NULL without @error if it is no parcel, or not yet. */
static ParcelBox *load(const char *node, const char *id, GError **error)
{
    g_autofree char *head_path = box_path(node, id, HEAD_FILE);
    g_autofree char *read_path = box_path(node, id, READ_FILE);
    g_autofree char *head = NULL;
    gsize length, used;
    ParcelPart part;
    struct stat status;
    if (stat(head_path, &status) != 0 || status.st_size > PARCEL_PART_HEAD_MAX ||
        !g_file_get_contents(head_path, &head, &length, NULL) ||
        !parcel_part_parse(head, length, &part, &used, NULL))
        return NULL;
    g_autoptr(ParcelBox) box = g_new0(ParcelBox, 1);
    g_strlcpy(box->id, id, sizeof box->id);
    g_strlcpy(box->key, part.key, sizeof box->key);
    box->parts = part.parts;
    box->since = status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;
    box->has = g_new0(guint8, part.parts);
    look_for_parts(node, box);
    if (stat(read_path, &status) == 0 && status.st_size <= READ_MAX)
        g_file_get_contents(read_path, &box->read, NULL, NULL);
    return g_steal_pointer(&box);
}

static int compare_boxes(gconstpointer a, gconstpointer b)
{
    const ParcelBox *left = *(ParcelBox *const *)a, *right = *(ParcelBox *const *)b;
    if (!left->read != !right->read)
        return left->read ? 1 : -1;
    return left->since < right->since ? -1 : left->since > right->since;
}

GPtrArray *parcel_box_list(const char *node, GError **error)
{
    g_autofree char *path = g_build_filename(node, DIRECTORY, NULL);
    g_autoptr(GPtrArray) boxes = g_ptr_array_new_with_free_func((GDestroyNotify)parcel_box_free);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        ParcelBox *box = is_id(name) ? load(node, name, error) : NULL;
        if (box)
            g_ptr_array_add(boxes, box);
    }
    g_ptr_array_sort(boxes, compare_boxes);
    return g_steal_pointer(&boxes);
}

ParcelBox *parcel_box_find(const char *node, const char *id, GError **error)
{
    g_autoptr(GPtrArray) boxes = parcel_box_list(node, error);
    ParcelBox *found = NULL;
    for (guint i = 0; boxes && i < boxes->len; i++) {
        ParcelBox *box = g_ptr_array_index(boxes, i);
        if (!g_str_has_prefix(box->id, id))
            continue;
        if (found) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                        "more than one parcel begins with \"%s\"", id);
            return NULL;
        }
        found = box;
    }
    if (!found) {
        if (boxes)
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "there is no parcel \"%s\"",
                        id);
        return NULL;
    }
    g_ptr_array_set_free_func(boxes, NULL);
    for (guint i = 0; i < boxes->len; i++)
        if (g_ptr_array_index(boxes, i) != found)
            parcel_box_free(g_ptr_array_index(boxes, i));
    return found;
}

char *parcel_box_missing(const ParcelBox *box)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < box->parts; i++) {
        guint last = i;
        if (box->has[i])
            continue;
        while (last + 1 < box->parts && !box->has[last + 1])
            last++;
        g_string_append_printf(text, "%s%u", text->len > 0 ? ", " : "", i + 1);
        if (last > i)
            g_string_append_printf(text, "%s%u", last > i + 1 ? "-" : ", ", last + 1);
        i = last;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Taking a part. */

/* A file that is read: its beginning, and the rest of it, or of the text in it. */
typedef struct {
    int fd;
    GBytes *text; /* of an armored file; NULL: none */
    gsize at;
    guint8 begin[PARCEL_PART_HEAD_MAX];
    gsize begun, taken; /* of begin */
} Input;

static void input_clear(Input *input)
{
    if (input->fd > STDERR_FILENO)
        close(input->fd);
    g_clear_pointer(&input->text, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Input, input_clear)

static gboolean read_fd(int fd, void *buffer, gsize size, gsize *ret_read, GError **error)
{
    gsize done = 0;
    while (done < size) {
        gssize n = read(fd, (guint8 *)buffer + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_from_errno(error, errno, "cannot read it");
        if (n == 0)
            break;
        done += (gsize)n;
    }
    *ret_read = done;
    return TRUE;
}

/* At most @size bytes; fewer only at the end. */
static gboolean input_read(Input *input, void *buffer, gsize size, gsize *ret_read, GError **error)
{
    if (input->text) {
        gsize length;
        const guint8 *bytes = g_bytes_get_data(input->text, &length);
        gsize n = MIN(size, length - input->at);
        if (n > 0)
            memcpy(buffer, bytes + input->at, n);
        input->at += n;
        *ret_read = n;
        return TRUE;
    }
    gsize first = MIN(size, input->begun - input->taken), rest = 0;
    if (first > 0)
        memcpy(buffer, input->begin + input->taken, first);
    input->taken += first;
    if (first < size && !read_fd(input->fd, (guint8 *)buffer + first, size - first, &rest, error))
        return FALSE;
    *ret_read = first + rest;
    return TRUE;
}

/* The rest of a file that is no part as it stands: perhaps a text with one in it. */
static gboolean take_armor(Input *input, GError **error)
{
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_autoptr(GError) reason = NULL;
    gsize n = 1;
    while (n > 0) {
        guint8 buffer[65536];
        if (!input_read(input, buffer, sizeof buffer, &n, error))
            return FALSE;
        g_byte_array_append(text, buffer, (guint)n);
        if (text->len > PARCEL_PART_ARMOR_MAX) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                                "neither a part of a parcel nor a text of at most 96 MiB");
            return FALSE;
        }
    }
    input->text = parcel_part_dearmor((const char *)text->data, text->len, &reason);
    if (input->text)
        return TRUE;
    if (reason)
        g_propagate_error(error, g_steal_pointer(&reason));
    else
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "not a part of a parcel");
    return FALSE;
}

static gboolean input_open(const char *path, Input *input, GError **error)
{
    input->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0)
        return error_from_errno(error, errno, "cannot open it");
    return read_fd(input->fd, input->begin, sizeof input->begin, &input->begun, error) &&
           (parcel_part_is_one(input->begin, input->begun) || take_armor(input, error));
}

/* The head, which is taken off. */
static gboolean input_head(Input *input, ParcelPart *ret_part, GError **error)
{
    guint8 begin[PARCEL_PART_HEAD_MAX];
    gsize length, head;
    if (!input_read(input, begin, sizeof begin, &length, error) ||
        !parcel_part_parse(begin, length, ret_part, &head, error))
        return FALSE;
    if (input->text)
        input->at = head;
    else
        input->taken = head;
    return TRUE;
}

static gboolean write_all(int fd, const guint8 *bytes, gsize length, GError **error)
{
    while (length > 0) {
        gssize n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_from_errno(error, errno, "cannot write into the node's directory");
        bytes += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* Copies exactly the part's bytes into @fd, and verifies them. */
static gboolean copy_part(Input *input, const ParcelPart *part, int fd, GError **error)
{
    ParcelPartHash hash;
    MerkleHash leaf;
    guint8 buffer[65536];
    gsize n;
    parcel_part_hash_begin(&hash);
    for (guint64 left = part->length; left > 0; left -= n) {
        if (!input_read(input, buffer, (gsize)MIN(left, sizeof buffer), &n, error))
            return FALSE;
        if (n == 0) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "it is cut off");
            return FALSE;
        }
        parcel_part_hash_add(&hash, buffer, n);
        if (!write_all(fd, buffer, n, error))
            return FALSE;
    }
    if (!input_read(input, buffer, 1, &n, error))
        return FALSE;
    if (n > 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "it goes on after its end");
        return FALSE;
    }
    parcel_part_hash_end(&hash, &leaf);
    return parcel_part_verify(part, &leaf, error);
}

static gboolean check_room(const char *node, const ParcelPart *part, GError **error)
{
    g_autoptr(GPtrArray) boxes = parcel_box_list(node, error);
    guint64 bytes = part->length;
    guint waiting = 0;
    if (!boxes)
        return FALSE;
    for (guint i = 0; i < boxes->len; i++) {
        const ParcelBox *box = g_ptr_array_index(boxes, i);
        bytes += box->bytes;
        waiting += box->read ? 0 : 1;
    }
    if (waiting < PARCEL_BOX_PARCELS_MAX && bytes <= PARCEL_BOX_BYTES_MAX)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "too many parcels wait for their other parts: see `concert parcel list`, "
                        "and remove those that are not wanted");
    return FALSE;
}

/* Writes the part beside its place, and puts it there. */
static gboolean keep_part(const char *node, Input *input, const ParcelPart *part, const char *id,
                          GError **error)
{
    g_autofree char *path = part_path(node, id, part->part);
    g_autofree char *partial = g_strdup_printf("%s.%d%s", path, (int)getpid(), DURABLE_SUFFIX);
    int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return disk_fail(error, errno, partial);
    gboolean good = copy_part(input, part, fd, error) &&
                    (fsync(fd) == 0 || error_from_errno(error, errno, "%s", partial));
    close(fd);
    if (good && durable_rename(partial, path, error))
        return TRUE;
    unlink(partial);
    return FALSE;
}

/* The directory of the parcel, and what says which it is. */
static gboolean begin_box(const char *node, const ParcelPart *part, const char *id, GError **error)
{
    g_autofree char *directory = box_path(node, id, NULL);
    g_autofree char *head_path = box_path(node, id, HEAD_FILE);
    g_autofree char *head = parcel_part_format(part);
    return durable_make_directory(directory, 0700, error) &&
           (g_file_test(head_path, G_FILE_TEST_EXISTS) ||
            durable_write(head_path, head, strlen(head), 0600, error));
}

static gboolean take(const char *node, Input *input, char *ret_id, gboolean *ret_known,
                     GError **error)
{
    ParcelPart part;
    if (!input_head(input, &part, error))
        return FALSE;
    parcel_part_id(&part.parcel, ret_id);
    g_autoptr(ParcelBox) box = load(node, ret_id, error);
    *ret_known = box && (box->read || box->has[part.part - 1]);
    if (*ret_known)
        return TRUE;
    if (!check_room(node, &part, error) || !begin_box(node, &part, ret_id, error))
        return FALSE;
    if (keep_part(node, input, &part, ret_id, error))
        return TRUE;
    g_autoptr(ParcelBox) now = box ? NULL : load(node, ret_id, NULL);
    if (now && now->n_has == 0)
        parcel_box_remove(node, now, NULL);
    return FALSE;
}

gboolean parcel_box_take(const char *node, const char *path, char ret_id[PARCEL_PART_ID_SIZE + 1],
                         gboolean *ret_known, GError **error)
{
    g_auto(Input) input = {.fd = -1};
    char id[PARCEL_PART_ID_SIZE + 1];
    if (!input_open(path, &input, error) || !take(node, &input, id, ret_known, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    memcpy(ret_id, id, sizeof id);
    return TRUE;
}

/* Reading the whole. */

struct ParcelBoxReader {
    char *node;
    char id[PARCEL_PART_ID_SIZE + 1];
    guint parts, next;
    int fd; /* of part `next`; -1: none is open */
};

ParcelBoxReader *parcel_box_reader_new(const char *node, const ParcelBox *box)
{
    ParcelBoxReader *reader = g_new0(ParcelBoxReader, 1);
    reader->node = g_strdup(node);
    g_strlcpy(reader->id, box->id, sizeof reader->id);
    reader->parts = box->parts;
    reader->fd = -1;
    return reader;
}

void parcel_box_reader_free(ParcelBoxReader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    g_free(reader->node);
    g_free(reader);
}

gboolean parcel_box_reader_read(void *buffer, gsize size, gsize *ret_read, gpointer user,
                                GError **error)
{
    ParcelBoxReader *reader = user;
    *ret_read = 0;
    while (*ret_read == 0 && reader->next < reader->parts) {
        g_autofree char *path = part_path(reader->node, reader->id, reader->next + 1);
        if (reader->fd < 0)
            reader->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (reader->fd < 0)
            return error_from_errno(error, errno, "%s", path);
        if (!read_fd(reader->fd, buffer, size, ret_read, error))
            return FALSE;
        if (*ret_read > 0)
            break;
        close(reader->fd);
        reader->fd = -1;
        reader->next++;
    }
    return TRUE;
}

/* Dropping. */

static void drop_parts(const char *node, const ParcelBox *box)
{
    for (guint i = 0; i < box->parts; i++) {
        g_autofree char *path = part_path(node, box->id, i + 1);
        if (box->has[i])
            unlink(path);
    }
}

gboolean parcel_box_done(const char *node, const ParcelBox *box, const char *read, GError **error)
{
    g_autofree char *path = box_path(node, box->id, READ_FILE);
    if (!durable_write(path, read, strlen(read), 0600, error))
        return FALSE;
    drop_parts(node, box);
    return TRUE;
}

gboolean parcel_box_remove(const char *node, const ParcelBox *box, GError **error)
{
    g_autofree char *directory_path = box_path(node, box->id, NULL);
    g_autoptr(GDir) directory = g_dir_open(directory_path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *path = box_path(node, box->id, name);
        unlink(path);
    }
    return rmdir(directory_path) == 0 || error_from_errno(error, errno, "%s", directory_path);
}

/* Writing. */

static void drop_outgoing(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    gint64 now = timestamp_now() / G_USEC_PER_SEC;
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        struct stat status;
        if (g_str_has_prefix(name, OUTGOING) && stat(file, &status) == 0 &&
            now - status.st_mtim.tv_sec > OUTGOING_SECONDS)
            unlink(file);
    }
}

int parcel_box_outgoing(const char *node, char **ret_path, GError **error)
{
    g_autofree char *directory = g_build_filename(node, DIRECTORY, NULL);
    if (!durable_make_directory(directory, 0700, error))
        return -1;
    drop_outgoing(directory);
    g_autofree char *path = g_build_filename(directory, OUTGOING "XXXXXX", NULL);
    int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        disk_fail(error, errno, path);
    else
        *ret_path = g_steal_pointer(&path);
    return fd;
}
