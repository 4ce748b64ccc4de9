#include "base/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fetch_target.h"
#include "base/late_curl.h"

#define FETCH_MAX_BYTES     ((gsize)256 * 1024 * 1024)
#define FETCH_TIMEOUT       300
#define FETCH_CONNECT       30 /* seconds */
#define FETCH_MAX_REDIRECTS 5
#define FETCH_MAX_WAIT      (24 * 3600) /* seconds, of Retry-After */

typedef struct {
    const FetchOptions *options;
    const void *body; /* to be POSTed; NULL: this is a GET */
    gsize body_length;
    const char *body_type;
    FetchTarget target;
    int fd;
    guint64 length, max;
    int write_errno;
    gboolean too_large;
    gint64 deadline; /* monotonic, microseconds */
} Fetch;

static size_t write_body(char *data, size_t size, size_t count, void *user)
{
    Fetch *fetch = user;
    gsize length = size * count;
    if (fetch->length + length > fetch->max) {
        fetch->too_large = TRUE;
        return 0;
    }
    for (gsize at = 0; at < length;) {
        gssize written = write(fetch->fd, data + at, length - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            fetch->write_errno = errno;
            return 0;
        }
        at += (gsize)written;
    }
    fetch->length += length;
    return length;
}

static int watch_stop(void *user, curl_off_t to_come, curl_off_t came, curl_off_t to_go,
                      curl_off_t gone)
{
    const Fetch *fetch = user;
    return g_atomic_int_get(fetch->options->stop) != 0;
}

static gboolean open_body(Fetch *fetch, GError **error)
{
    const char *directory = g_get_tmp_dir();
    fetch->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fetch->fd >= 0)
        return TRUE;
    g_autofree char *path = g_build_filename(directory, "concert-fetch-XXXXXX", NULL);
    fetch->fd = mkostemp(path, O_CLOEXEC);
    if (fetch->fd < 0)
        return error_from_errno(error, errno, "%s", path);
    unlink(path);
    return TRUE;
}

static struct curl_slist *make_headers(const Fetch *fetch)
{
    const FetchOptions *options = fetch->options;
    g_autofree char *basic = NULL;
    if (options->user && options->password && !options->bearer) {
        g_autofree char *both = g_strconcat(options->user, ":", options->password, NULL);
        basic = g_base64_encode((const guchar *)both, strlen(both));
    }
    /* A server that was asked to say whether it wants the body may take its time. */
    struct curl_slist *headers = fetch->body ? late_curl()->slist_append(NULL, "Expect:") : NULL;
    const char *const fields[][2] = {
        {"If-None-Match: ", fetch->body ? NULL : options->etag},
        {"If-Modified-Since: ", fetch->body ? NULL : options->modified},
        {"Accept: ", options->accept},
        {"Authorization: Bearer ", options->bearer},
        {"Authorization: Basic ", basic},
        {"Content-Type: ", fetch->body_type},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!fields[i][1] || strpbrk(fields[i][1], "\r\n"))
            continue;
        g_autofree char *line = g_strconcat(fields[i][0], fields[i][1], NULL);
        headers = late_curl()->slist_append(headers, line);
    }
    return headers;
}

/* A further CA stands beside the system's, which libcurl can have as a directory. */
static void set_trust(CURL *curl, const char *ca_file)
{
    if (!ca_file)
        return;
    const curl_version_info_data *info = late_curl()->version_info(CURLVERSION_NOW);
    g_autofree char *beside = info->cainfo ? g_path_get_dirname(info->cainfo) : NULL;
    late_curl()->easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    if (info->capath || beside)
        late_curl()->easy_setopt(curl, CURLOPT_CAPATH, info->capath ? info->capath : beside);
}

static void set_options(CURL *curl, Fetch *fetch, struct curl_slist *headers,
                        struct curl_slist *pins, char *message)
{
    gint64 left = MAX((fetch->deadline - g_get_monotonic_time()) / 1000, 1);
    fetch_target_set_options(&fetch->target, curl);
    late_curl()->easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left);
    late_curl()->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT);
    /* What cannot be compressed becomes a little longer; write_body() counts what it unpacks to. */
    guint64 max = fetch->max + (fetch->options->accept_compressed ? fetch->max / 8 + 1024 : 0);
    late_curl()->easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max);
    late_curl()->easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    late_curl()->easy_setopt(curl, CURLOPT_RESOLVE, pins);
    late_curl()->easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body);
    late_curl()->easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    late_curl()->easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    if (fetch->options->accept_compressed)
        late_curl()->easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    if (fetch->options->stop) {
        late_curl()->easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        late_curl()->easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_stop);
        late_curl()->easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
    }
    if (fetch->body) {
        late_curl()->easy_setopt(curl, CURLOPT_POST, 1L);
        late_curl()->easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetch->body_length);
        late_curl()->easy_setopt(curl, CURLOPT_POSTFIELDS, fetch->body);
    }
    set_trust(curl, fetch->options->ca_file);
    if (fetch->options->any_certificate) {
        late_curl()->easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        late_curl()->easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static gboolean fail_transfer(const Fetch *fetch, CURLcode code, const char *message,
                              GError **error)
{
    const char *url = fetch->target.url;
    if (fetch->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return fetch_target_fail(error, CONCERT_ERROR_LIMIT, url,
                                 "larger than %" G_GUINT64_FORMAT " bytes", fetch->max);
    if (fetch->write_errno != 0)
        return error_from_errno(error, fetch->write_errno, "%s: keeping what was fetched", url);
    if (fetch->target.refused)
        return fetch_target_fail(error, CONCERT_ERROR_DENIED, url,
                                 "leads to an address that was not checked");
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return fetch_target_fail(error, CONCERT_ERROR_BUSY, url,
                                 "broken off, since it was asked to stop");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fetch_target_fail(error, CONCERT_ERROR_LIMIT, url, "it takes too long (%s)",
                                 *message ? message : late_curl()->easy_strerror(code));
    return fetch_target_fail(
        error, CONCERT_ERROR_IO, url, "%s%s", *message ? message : late_curl()->easy_strerror(code),
        code == CURLE_PEER_FAILED_VERIFICATION
            ? " ([fetch] ca_file, or --ca-file of commands that have it, names "
              "one to trust)"
            : "");
}

static void keep_headers(const Fetch *fetch, CURL *curl, FetchResult *result)
{
    const char *const *names = fetch->options->keep;
    result->n_kept = names ? g_strv_length((char **)names) : 0;
    result->kept = g_new0(char *, result->n_kept);
    for (guint i = 0; i < result->n_kept; i++)
        result->kept[i] = fetch_target_header(curl, names[i]);
}

/* Makes the request. *ret_redirect: where it sends us instead, or NULL. */
static gboolean fetch_once(Fetch *fetch, FetchResult *ret_result, char **ret_redirect,
                           GError **error)
{
    char message[CURL_ERROR_SIZE] = "";
    g_autofree char *pin = fetch_target_pin(&fetch->target);
    struct curl_slist *pins =
        late_curl()->slist_append(NULL, pin); /* of no effect for an address */
    struct curl_slist *headers = make_headers(fetch);
    CURL *curl = late_curl()->easy_init();
    gboolean good = curl && pins;
    if (!good) {
        fetch_target_fail(error, CONCERT_ERROR_IO, fetch->target.url, "no memory for a request");
    } else {
        set_options(curl, fetch, headers, pins, message);
        CURLcode code = late_curl()->easy_perform(curl);
        if (code != CURLE_OK)
            good = fail_transfer(fetch, code, message, error);
    }
    if (good) {
        long status = 0;
        char *redirect = NULL;
        curl_off_t wait = 0;
        late_curl()->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        late_curl()->easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
        late_curl()->easy_getinfo(curl, CURLINFO_REDIRECT_URL, &redirect);
        *ret_redirect = g_strdup(redirect);
        ret_result->status = (guint)status;
        ret_result->content_type = fetch_target_header(curl, "Content-Type");
        ret_result->etag = fetch_target_header(curl, "ETag");
        ret_result->retry_after = (guint)CLAMP(wait, 0, FETCH_MAX_WAIT);
        keep_headers(fetch, curl, ret_result);
    }
    late_curl()->easy_cleanup(curl);
    late_curl()->slist_free_all(headers);
    late_curl()->slist_free_all(pins);
    return good;
}

/* A redirect is followed on the same host and port, and from http to https on their own ports. */
static gboolean may_follow(const FetchTarget *from, const FetchTarget *to)
{
    if (g_ascii_strcasecmp(from->host, to->host) != 0)
        return FALSE;
    if (strcmp(from->scheme, to->scheme) == 0)
        return strcmp(from->port, to->port) == 0;
    return strcmp(from->scheme, "http") == 0 && strcmp(to->scheme, "https") == 0 &&
           ((strcmp(from->port, "80") == 0 && strcmp(to->port, "443") == 0) ||
            strcmp(from->port, to->port) == 0);
}

static gboolean fetch_redirect(Fetch *fetch, const char *to, GError **error)
{
    FetchTarget next = {0};
    if (!fetch_target_parse(to, &next, error)) {
        g_prefix_error(error, "%s: redirected to ", fetch->target.url);
        return FALSE;
    }
    if (!may_follow(&fetch->target, &next)) {
        fetch_target_fail(error, CONCERT_ERROR_DENIED, fetch->target.url,
                          "redirected to %s; other hosts are not followed, give that URL itself",
                          next.url);
        fetch_target_clear(&next);
        return FALSE;
    }
    fetch_target_clear(&fetch->target);
    fetch->target = next;
    if (ftruncate(fetch->fd, 0) < 0 || lseek(fetch->fd, 0, SEEK_SET) < 0)
        return error_from_errno(error, errno, "%s", fetch->target.url);
    fetch->length = 0;
    return fetch_target_resolve(&fetch->target, fetch->options->allow_private, error);
}

static gboolean fetch_run(Fetch *fetch, FetchResult *result, GError **error)
{
    for (guint hops = 0;; hops++) {
        g_autofree char *redirect = NULL;
        fetch_result_clear(result);
        if (!fetch_once(fetch, result, &redirect, error))
            return FALSE;
        if (!redirect)
            break;
        if (fetch->body)
            return fetch_target_fail(error, CONCERT_ERROR_DENIED, fetch->target.url,
                                     "redirected to %s; what is sent there is not sent elsewhere",
                                     redirect);
        if (hops == FETCH_MAX_REDIRECTS)
            return fetch_target_fail(error, CONCERT_ERROR_LIMIT, fetch->target.url,
                                     "redirected more than %d times", FETCH_MAX_REDIRECTS);
        if (!fetch_redirect(fetch, redirect, error))
            return FALSE;
    }
    if (result->status == 200 || result->status == 304 || fetch->body || fetch->options->any_status)
        return TRUE;
    ConcertError code = CONCERT_ERROR_IO;
    if (result->status == 404 || result->status == 410)
        code = CONCERT_ERROR_NOT_FOUND;
    else if (result->status == 401 || result->status == 403)
        code = CONCERT_ERROR_DENIED;
    return fetch_target_fail(error, code, fetch->target.url, "the server answers with status %u",
                             result->status);
}

/* @fetch says what is asked for; its other members are filled in here. */
static gboolean fetch_all(Fetch *fetch, const char *url, const FetchOptions *options,
                          FetchResult *ret_result, GError **error)
{
    static const FetchOptions defaults;
    if (!fetch_target_start(url, error))
        return FALSE;

    FetchResult result = {.fd = -1};
    fetch->options = options ? options : &defaults;
    fetch->fd = -1;
    guint timeout =
        fetch->options->timeout_seconds ? fetch->options->timeout_seconds : FETCH_TIMEOUT;
    fetch->max = fetch->options->max_bytes ? fetch->options->max_bytes : FETCH_MAX_BYTES;
    fetch->deadline = g_get_monotonic_time() + (gint64)timeout * G_USEC_PER_SEC;
    gboolean good = fetch_target_parse(url, &fetch->target, error) &&
                    fetch_target_resolve(&fetch->target, fetch->options->allow_private, error) &&
                    open_body(fetch, error) && fetch_run(fetch, &result, error);
    gboolean has_body =
        fetch->length > 0 && (result.status == 200 || fetch->body || fetch->options->any_status);
    if (good && has_body && lseek(fetch->fd, 0, SEEK_SET) < 0)
        good = error_from_errno(error, errno, "%s", url);
    if (good && has_body) {
        result.fd = fetch->fd;
        result.length = fetch->length;
        fetch->fd = -1;
    }
    if (fetch->fd >= 0)
        close(fetch->fd);
    fetch_target_clear(&fetch->target);
    if (!good) {
        fetch_result_clear(&result);
        return FALSE;
    }
    *ret_result = result;
    return TRUE;
}

gboolean fetch_get(const char *url, const FetchOptions *options, FetchResult *ret_result,
                   GError **error)
{
    Fetch fetch = {0};
    return fetch_all(&fetch, url, options, ret_result, error);
}

gboolean fetch_post(const char *url, const void *body, gsize length, const char *type,
                    const FetchOptions *options, FetchResult *ret_result, GError **error)
{
    Fetch fetch = {.body = body, .body_length = length, .body_type = type};
    return fetch_all(&fetch, url, options, ret_result, error);
}

void fetch_result_clear(FetchResult *result)
{
    if (result->length > 0 && result->fd >= 0) /* so that one that is all zeros is fine, too */
        close(result->fd);
    g_clear_pointer(&result->content_type, g_free);
    g_clear_pointer(&result->etag, g_free);
    for (guint i = 0; i < result->n_kept; i++)
        g_free(result->kept[i]);
    g_free(result->kept);
    *result = (FetchResult){.fd = -1};
}
