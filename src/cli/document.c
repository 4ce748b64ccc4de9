#include "cli/document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fetch.h"

#define TIMEOUT_SECONDS 30

static char *too_large(const char *what, gsize max, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                "%s: more than %" G_GSIZE_FORMAT " bytes", what, max);
    return NULL;
}

static char *read_all(int fd, const char *what, gsize max, gsize *ret_length, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[64 * 1024];
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error_from_errno(error, errno, "%s", what);
            return NULL;
        }
        if (got == 0)
            break;
        g_string_append_len(text, buffer, got);
        if (text->len > max)
            return too_large(what, max, error);
    }
    *ret_length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *read_file(const char *path, gsize max, gsize *ret_length, GError **error)
{
    if (g_str_equal(path, "-"))
        return read_all(STDIN_FILENO, "standard input", max, ret_length, error);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_from_errno(error, errno, "%s", path);
        command_file_error(error);
        return NULL;
    }
    char *text = read_all(fd, path, max, ret_length, error);
    close(fd);
    return text;
}

/* "https://host" or "https://host/" with the path that is meant. */
static char *complete_url(const char *url, const char *well_known)
{
    const char *host = strstr(url, "://") + 3;
    const char *path = strchr(host, '/');
    if (well_known && (!path || path[1] == '\0'))
        return g_strdup_printf("%.*s%s", (int)(path ? path - url : (gssize)strlen(url)), url,
                               well_known);
    return g_strdup(url);
}

char *document_read(const Config *config, const char *what, const char *well_known, gsize max,
                    gsize *ret_length, GError **error)
{
    if (!config || (!g_str_has_prefix(what, "https://") && !g_str_has_prefix(what, "http://")))
        return read_file(what, max, ret_length, error);
    const FetchOptions options = {.max_bytes = max,
                                  .timeout_seconds = TIMEOUT_SECONDS,
                                  .allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                  .any_certificate = TRUE};
    g_autofree char *url = complete_url(what, well_known);
    g_auto(FetchResult) result = {.fd = -1};
    if (!fetch_get(url, &options, &result, error))
        return NULL;
    if (result.fd >= 0)
        return read_all(result.fd, url, max, ret_length, error);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: nothing is there", url);
    return NULL;
}
