#include "base/fetch.h"
#include "intake/misp.h"
#include "intake/misp_feed.h"

typedef struct {
    const char *base; /* ends in "/" */
    const IntakeOptions *options;
} Remote;

static Stream *open_remote(gpointer user, const char *file, GError **error)
{
    const Remote *remote = user;
    g_autofree char *url = g_strconcat(remote->base, file, NULL);
    FetchOptions options = remote->options->fetch;
    options.etag = NULL;
    options.accept = "application/json";
    if (options.max_bytes == 0)
        options.max_bytes = MISP_MAX_EVENT;
    g_auto(FetchResult) result = {.fd = -1};
    if (!fetch_get(url, &options, &result, error))
        return NULL;
    if (result.fd < 0)
        return stream_from_memory("", 0);
    int fd = result.fd;
    result.fd = -1;
    return stream_from_fd(fd, error);
}

gboolean misp_feed_url(const char *url, const IntakeOptions *options, const IntakeSink *sink,
                       GError **error)
{
    g_autofree char *base =
        g_str_has_suffix(url, "/") ? g_strdup(url) : g_strconcat(url, "/", NULL);
    Remote remote = {.base = base, .options = options};
    return misp_feed_read(url, open_remote, &remote, options, sink, error);
}
