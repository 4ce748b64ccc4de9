#include "cli/parcel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/durable.h"
#include "exchange/parcel_part.h"

#define ARMORED_MAX (PARCEL_PART_ARMOR_MAX / 3 * 2) /* bytes that surely fit as text */
#define COPY_BYTES  65536

/* A parcel that is taken apart. */
typedef struct {
    int fd;
    guint64 length, part_size;
    guint count;
    ParcelPart *parts;
    GPtrArray *names; /* of what was written */
    gboolean is_armored, is_done;
} Splitting;

static void splitting_clear(Splitting *splitting)
{
    for (guint i = 0; !splitting->is_done && i < splitting->names->len; i++)
        unlink(g_ptr_array_index(splitting->names, i));
    g_ptr_array_unref(splitting->names);
    g_free(splitting->parts);
    if (splitting->fd >= 0)
        close(splitting->fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Splitting, splitting_clear)

static guint64 part_length(const Splitting *splitting, guint part)
{
    return MIN(splitting->part_size, splitting->length - part * splitting->part_size);
}

static gboolean read_at(const Splitting *splitting, guint64 at, void *buffer, gsize length,
                        GError **error)
{
    for (gsize done = 0; done < length;) {
        gssize n = pread(splitting->fd, (guint8 *)buffer + done, length - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_from_errno(error, n < 0 ? errno : EIO, "cannot read the parcel");
        done += (gsize)n;
    }
    return TRUE;
}

static gboolean hash_part(const Splitting *splitting, guint part, MerkleHash *ret_leaf,
                          GError **error)
{
    guint8 buffer[COPY_BYTES];
    guint64 length = part_length(splitting, part), at = part * splitting->part_size;
    ParcelPartHash hash;
    parcel_part_hash_begin(&hash);
    for (gsize n; length > 0; length -= n, at += n) {
        n = (gsize)MIN(length, sizeof buffer);
        if (!read_at(splitting, at, buffer, n, error))
            return FALSE;
        parcel_part_hash_add(&hash, buffer, n);
    }
    parcel_part_hash_end(&hash, ret_leaf);
    return TRUE;
}

static gboolean number_parts(Splitting *splitting, const char *key, GError **error)
{
    guint64 count = (splitting->length + splitting->part_size - 1) / splitting->part_size;
    if (count > PARCEL_PARTS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "parts of that size would be %" G_GUINT64_FORMAT ", more than %d", count,
                    PARCEL_PARTS_MAX);
        return FALSE;
    }
    g_autofree MerkleHash *leaves = g_new(MerkleHash, count);
    splitting->count = (guint)count;
    splitting->parts = g_new0(ParcelPart, count);
    for (guint i = 0; i < count; i++)
        if (!hash_part(splitting, i, &leaves[i], error))
            return FALSE;
    return parcel_part_number(leaves, (guint)count, key, splitting->parts, error);
}

static gboolean write_all(int fd, const void *bytes, gsize length, const char *path, GError **error)
{
    for (gsize done = 0; done < length;) {
        gssize n = write(fd, (const guint8 *)bytes + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_from_errno(error, errno, "%s", path);
        done += (gsize)n;
    }
    return TRUE;
}

static gboolean write_plain(const Splitting *splitting, guint part, const char *head, int fd,
                            const char *path, GError **error)
{
    guint8 buffer[COPY_BYTES];
    guint64 length = part_length(splitting, part), at = part * splitting->part_size;
    if (!write_all(fd, head, strlen(head), path, error))
        return FALSE;
    for (gsize n; length > 0; length -= n, at += n) {
        n = (gsize)MIN(length, sizeof buffer);
        if (!read_at(splitting, at, buffer, n, error) || !write_all(fd, buffer, n, path, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean write_armored(const Splitting *splitting, guint part, const char *head, int fd,
                              const char *path, GError **error)
{
    gsize length = (gsize)part_length(splitting, part), before = strlen(head);
    g_autofree guint8 *bytes = g_malloc(before + length);
    memcpy(bytes, head, before);
    if (!read_at(splitting, part * splitting->part_size, bytes + before, length, error))
        return FALSE;
    g_autofree char *text = parcel_part_armor(bytes, before + length);
    return write_all(fd, text, strlen(text), path, error);
}

/* Whoever finds the file may keep it: only its recipient can open it. */
static gboolean write_part(Splitting *splitting, guint part, const char *path, GError **error)
{
    splitting->parts[part].length = part_length(splitting, part);
    g_autofree char *head = parcel_part_format(&splitting->parts[part]);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already", path);
        return FALSE;
    }
    if (fd < 0)
        return disk_fail(error, errno, path);
    g_ptr_array_add(splitting->names, g_strdup(path));
    gboolean good = (splitting->is_armored ? write_armored : write_plain)(splitting, part, head, fd,
                                                                          path, error) &&
                    (fsync(fd) == 0 || error_from_errno(error, errno, "%s", path));
    close(fd);
    return good && durable_sync_parent(path, error);
}

static gboolean open_sealed(Splitting *splitting, const char *sealed, GError **error)
{
    struct stat status;
    splitting->fd = open(sealed, O_RDONLY | O_CLOEXEC);
    if (splitting->fd < 0 || fstat(splitting->fd, &status) != 0)
        return error_from_errno(error, errno, "%s", sealed);
    splitting->length = (guint64)status.st_size;
    splitting->part_size = MIN(splitting->part_size, splitting->length);
    if (!splitting->is_armored || splitting->part_size <= ARMORED_MAX)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "too large for a text: give a --part-size of at most 64M");
    return FALSE;
}

char **parcel_file_write(const char *sealed, const char *key, const char *path, guint64 part_size,
                         gboolean is_armored, GError **error)
{
    g_auto(Splitting) splitting = {.fd = -1,
                                   .part_size = part_size,
                                   .is_armored = is_armored,
                                   .names = g_ptr_array_new_with_free_func(g_free)};
    if (!open_sealed(&splitting, sealed, error) || !number_parts(&splitting, key, error))
        return NULL;
    for (guint i = 0; i < splitting.count; i++) {
        g_autofree char *name =
            splitting.count == 1 ? g_strdup(path) : g_strdup_printf("%s.%03u", path, i + 1);
        if (!write_part(&splitting, i, name, error))
            return NULL;
    }
    splitting.is_done = TRUE;
    g_ptr_array_set_free_func(splitting.names, NULL);
    g_ptr_array_add(splitting.names, NULL);
    char **names = g_memdup2(splitting.names->pdata, splitting.names->len * sizeof(char *));
    return names;
}
