#include "node/attachment_wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/durable.h"
#include "base/late_archive.h"

/* A file that is being written. */
typedef struct {
    const char *path;
    char *under_way; /* its name until it is whole */
    int fd;
    struct archive *zip; /* NULL: it is not wrapped */
} Saving;

static void saving_clear(Saving *saving)
{
    if (saving->zip)
        late_archive()->write_free(saving->zip);
    if (saving->fd >= 0) {
        close(saving->fd);
        g_unlink(saving->under_way);
    }
    g_free(saving->under_way);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Saving, saving_clear)

static gboolean fail(const Saving *saving, int code, GError **error)
{
    if (code == ENOSPC)
        return disk_fail(error, code, saving->path);
    return error_set(error, CONCERT_ERROR_IO, "%s: %s", saving->path, g_strerror(code));
}

static gboolean fail_zip(const Saving *saving, GError **error)
{
    const char *what = late_archive()->error_string(saving->zip);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: %s", saving->path,
                what ? what : "cannot be wrapped");
    return FALSE;
}

gboolean attachment_wrap_is_due(Store *store, const Attachment *copy, gboolean *ret_due,
                                GError **error)
{
    g_autoptr(GPtrArray) mentions = attachments_mentions(store, copy->sha256, error);
    if (!mentions)
        return FALSE;
    *ret_due = copy->is_malicious || (copy->origin && mentions->len == 0);
    return TRUE;
}

static gboolean begin_zip(Saving *saving, const Attachment *copy, GError **error)
{
    char hex[2 * SHA256_SIZE + 1];
    if (!late_archive_load(error))
        return FALSE;
    saving->zip = late_archive()->write_new();
    if (late_archive()->write_set_format_zip(saving->zip) != ARCHIVE_OK ||
        late_archive()->write_set_options(
            saving->zip, "zip:encryption=zipcrypt,zip:compression=store") != ARCHIVE_OK ||
        late_archive()->write_set_passphrase(saving->zip, ATTACHMENT_WRAP_PASSWORD) != ARCHIVE_OK ||
        late_archive()->write_open_fd(saving->zip, saving->fd) != ARCHIVE_OK)
        return fail_zip(saving, error);
    struct archive_entry *entry = late_archive()->entry_new();
    late_archive()->entry_set_pathname(entry, sha256_hex(copy->sha256, hex));
    late_archive()->entry_set_filetype(entry, AE_IFREG);
    late_archive()->entry_set_perm(entry, 0600);
    late_archive()->entry_set_size(entry, (la_int64_t)copy->size);
    late_archive()->entry_set_mtime(entry, (time_t)(copy->added / G_USEC_PER_SEC), 0);
    int result = late_archive()->write_header(saving->zip, entry);
    late_archive()->entry_free(entry);
    return result == ARCHIVE_OK || fail_zip(saving, error);
}

static gboolean take(const void *bytes, gsize length, gpointer user, GError **error)
{
    Saving *saving = user;
    const char *at = bytes;
    while (length > 0) {
        ssize_t written = saving->zip ? late_archive()->write_data(saving->zip, at, length)
                                      : write(saving->fd, at, length);
        if (written < 0 && !saving->zip && errno == EINTR)
            continue;
        if (written <= 0)
            return saving->zip ? fail_zip(saving, error) : fail(saving, errno, error);
        at += written;
        length -= (gsize)written;
    }
    return TRUE;
}

/* Puts the whole file in its place, where there is none. */
static gboolean finish(Saving *saving, GError **error)
{
    if (saving->zip && late_archive()->write_close(saving->zip) != ARCHIVE_OK)
        return fail_zip(saving, error);
    if (fsync(saving->fd) != 0 || link(saving->under_way, saving->path) != 0) {
        if (errno != EEXIST)
            return fail(saving, errno, error);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already",
                    saving->path);
        return FALSE;
    }
    return durable_sync_parent(saving->path, error);
}

gboolean attachment_wrap_save(Store *store, const Attachment *copy, gboolean is_wrapped,
                              const char *path, GError **error)
{
    g_auto(Saving) saving = {.path = path, .fd = -1};
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is there already", path);
        return FALSE;
    }
    saving.under_way = g_strconcat(path, DURABLE_SUFFIX, NULL);
    saving.fd = open(saving.under_way, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (saving.fd < 0)
        return fail(&saving, errno, error);
    return (!is_wrapped || begin_zip(&saving, copy, error)) &&
           attachments_read(store, copy, take, &saving, error) && finish(&saving, error);
}
