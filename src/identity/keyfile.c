#include "identity/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIND "key"

/* The one line of @text; its newline may be missing, as editors have it. */
static char *only_line(const char *text, gsize length, GError **error)
{
    if (length > 0 && text[length - 1] == '\n')
        length--;
    if (length == 0 || memchr(text, '\n', length) || memchr(text, '\0', length)) {
        error_input(error, "a key is one line of text");
        return NULL;
    }
    return g_strndup(text, length);
}

static NoteSigner *parse_signer(const char *text, gsize length, GError **error)
{
    g_auto(SealSecret) line = only_line(text, length, error);
    return line ? note_signer_parse(line, error) : NULL;
}

KeyFile *keyfile_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(KeyFile) file = g_new0(KeyFile, 1);
    if (!seal_is_sealed(text, length)) {
        file->signer = parse_signer(text, length, error);
        if (!file->signer)
            return NULL;
        file->verifier = note_verifier_copy(note_signer_verifier(file->signer));
        return g_steal_pointer(&file);
    }
    file->sealed = seal_parse(text, length, KIND, error);
    if (!file->sealed)
        return NULL;
    g_autofree char *vkey = only_line(file->sealed->head, strlen(file->sealed->head), error);
    file->verifier = vkey ? note_verifier_parse(vkey, error) : NULL;
    return file->verifier ? g_steal_pointer(&file) : NULL;
}

void keyfile_free(KeyFile *file)
{
    if (!file)
        return;
    note_verifier_free(file->verifier);
    note_signer_free(file->signer);
    seal_text_free(file->sealed);
    g_free(file);
}

gboolean keyfile_open(KeyFile *file, const Seal *seal, GError **error)
{
    if (file->signer)
        return TRUE;
    g_auto(SealSecret) secret = seal_open(seal, file->sealed, error);
    if (!secret)
        return FALSE;
    g_autoptr(NoteSigner) signer = parse_signer(secret, strlen(secret), error);
    if (!signer)
        return FALSE;
    const NoteVerifier *verifier = note_signer_verifier(signer);
    if (strcmp(verifier->name, file->verifier->name) != 0 ||
        verifier->algorithm != file->verifier->algorithm ||
        !g_bytes_equal(verifier->key, file->verifier->key))
        return error_input(error, "what is sealed is not the key that the text names");
    file->signer = g_steal_pointer(&signer);
    return TRUE;
}

char *keyfile_format(const NoteSigner *signer, const Seal *seal, GError **error)
{
    g_auto(SealSecret) text = note_signer_format(signer);
    g_auto(SealSecret) line = g_strconcat(text, "\n", NULL);
    if (!seal)
        return g_steal_pointer(&line);
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
    g_autofree char *head = g_strconcat(vkey, "\n", NULL);
    return seal_close(seal, KIND, head, line, error);
}

/* --- reading -----------------------------------------------------------------------------------
 */

#define OTHERS (S_IRWXG | S_IRWXO)

static gboolean check_mode(const struct stat *info, const char *path, const char *wanted,
                           GError **error)
{
    if ((info->st_mode & OTHERS) == 0)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                "%s has mode %04o, so others than its owner can get at it; `chmod %s` it", path,
                (guint)info->st_mode & 07777, wanted);
    return FALSE;
}

gboolean keyfile_check_directory(const char *path, GError **error)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_from_errno(error, errno, "%s", path);
    if (!S_ISDIR(info.st_mode)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "%s is no directory", path);
        return FALSE;
    }
    return check_mode(&info, path, "0700", error);
}

/* Fills @buffer with all of @fd, which must be less than @size bytes. */
static gboolean read_all(int fd, const char *path, char *buffer, gsize size, gsize *ret_length,
                         GError **error)
{
    gsize length = 0;
    while (length < size) {
        gssize got = read(fd, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_from_errno(error, errno, "%s", path);
        if (got == 0) {
            *ret_length = length;
            return TRUE;
        }
        length += (gsize)got;
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "%s is larger than %d bytes", path,
                KEYFILE_BYTES_MAX);
    return FALSE;
}

static char *read_checked(int fd, const char *path, gsize *ret_length, GError **error)
{
    char buffer[KEYFILE_BYTES_MAX + 1];
    gsize length = 0;
    struct stat info;
    if (fstat(fd, &info) != 0) {
        error_from_errno(error, errno, "%s", path);
        return NULL;
    }
    if (!S_ISREG(info.st_mode)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "%s is no plain file", path);
        return NULL;
    }
    char *text = NULL;
    if (check_mode(&info, path, "0600", error) &&
        read_all(fd, path, buffer, sizeof buffer, &length, error)) {
        if (memchr(buffer, '\0', length)) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no text", path);
        } else {
            text = g_strndup(buffer, length);
            *ret_length = length;
        }
    }
    sodium_memzero(buffer, sizeof buffer);
    return text;
}

char *keyfile_read(const char *path, gsize *ret_length, GError **error)
{
    /* O_NONBLOCK: a pipe is refused, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        error_from_errno(error, errno, "%s", path);
        return NULL;
    }
    gsize length = 0;
    char *text = read_checked(fd, path, &length, error);
    close(fd);
    if (text && ret_length)
        *ret_length = length;
    return text;
}
