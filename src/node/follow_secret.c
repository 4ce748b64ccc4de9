#include "node/follow_secret.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/durable.h"
#include "identity/keyfile.h"
#include "store/followed.h"

static char *path_of(const char *directory, const char *name)
{
    return g_build_filename(directory, "secrets", name, NULL);
}

gboolean follow_secret_write(const char *directory, const char *name, const char *secret,
                             GError **error)
{
    g_autofree char *folder = g_build_filename(directory, "secrets", NULL);
    g_autofree char *path = path_of(directory, name);
    if (!followed_check_name(name, error))
        return FALSE;
    if (!*secret || strpbrk(secret, "\r\n")) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "the password or token must be one line that is not empty");
        return FALSE;
    }
    return durable_make_directory(folder, 0700, error) &&
           durable_write(path, secret, strlen(secret), 0600, error);
}

char *follow_secret_read(const char *directory, const char *name, GError **error)
{
    g_autofree char *path = path_of(directory, name);
    g_autoptr(GError) failure = NULL;
    char *secret = keyfile_read(path, NULL, &failure);
    if (secret)
        return secret;
    if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the password or token of %s is not here (backups have none); give it anew "
                    "with `concert follow secret %s`",
                    name, name);
    else
        g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
}

void follow_secret_remove(const char *directory, const char *name)
{
    g_autofree char *path = path_of(directory, name);
    g_unlink(path);
}
