#include "intake/taxii_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonguard.h"

#define TAXII_TYPE   "application/taxii+json;version=2.1"
#define RESOURCE_MAX ((gsize)32 * 1024 * 1024) /* bytes of what is not a page of objects */
#define WORDS_MAX    (64 * 1024)               /* bytes of an error message, as JSON */
#define ROOTS_MAX    64
#define WAIT_MAX     10 /* seconds that are waited here */
#define WAITS_MAX    3  /* times, for one answer */
#define TICK_US      (G_USEC_PER_SEC / 10)

void taxii_client_answer_clear(TaxiiClientAnswer *answer)
{
    fetch_result_clear(&answer->result);
    g_clear_pointer(&answer->first, g_free);
    g_clear_pointer(&answer->last, g_free);
}

void taxii_client_collection_free(TaxiiClientCollection *collection)
{
    if (!collection)
        return;
    g_free(collection->url);
    g_free(collection->id);
    g_free(collection->alias);
    g_free(collection->title);
    g_free(collection);
}

static gboolean fail(GError **error, ConcertError code, const char *url, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static gboolean fail(GError **error, ConcertError code, const char *url, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CONCERT_ERROR, code, "%s: %s", url, what);
    return FALSE;
}

/* --- one answer --------------------------------------------------------------------------------
 */

/* The whole body, at most @max bytes of it; NULL when it cannot be read. */
static char *read_body(const FetchResult *result, gsize max, gsize *ret_length)
{
    gsize wanted = MIN(result->length, max), length = 0;
    g_autofree char *body = g_malloc(wanted + 1);
    while (length < wanted) {
        gssize got = pread(result->fd, body + length, wanted - length, (off_t)length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return NULL;
        length += (gsize)got;
    }
    body[length] = '\0';
    *ret_length = length;
    return g_steal_pointer(&body);
}

/* What a server says of its refusal (section 3.6.1, error message); "" when it says nothing. */
static char *read_words(const FetchResult *result)
{
    gsize length = 0;
    g_autofree char *body = result->fd >= 0 ? read_body(result, WORDS_MAX, &length) : NULL;
    yyjson_doc *doc = body ? yyjson_read(body, length, 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *title = yyjson_get_str(yyjson_obj_get(root, "title"));
    const char *more = yyjson_get_str(yyjson_obj_get(root, "description"));
    char *words = g_strdup_printf("%s%.200s%s%.300s", title ? ": " : "", title ? title : "",
                                  more ? ": " : "", more ? more : "");
    yyjson_doc_free(doc);
    g_autofree char *cut = words;
    return g_utf8_make_valid(cut, -1); /* it may have been cut inside a letter */
}

/* A status that is not 200. */
static gboolean fail_status(TaxiiClient *client, const FetchResult *result, const char *url,
                            GError **error)
{
    static const struct {
        guint status;
        ConcertError code;
        const char *meaning;
    } meanings[] = {
        {206, CONCERT_ERROR_INPUT, "pages by ranges, as TAXII 2.0 does; only TAXII 2.1 is spoken"},
        {401, CONCERT_ERROR_DENIED, "wants a user's password or a token, or another one"},
        {403, CONCERT_ERROR_DENIED, "does not let this user read it"},
        {404, CONCERT_ERROR_NOT_FOUND, "has nothing there for this user"},
        {406, CONCERT_ERROR_INPUT, "does not speak TAXII 2.1"},
        {410, CONCERT_ERROR_NOT_FOUND, "has nothing there any more"},
        {415, CONCERT_ERROR_INPUT, "does not speak TAXII 2.1"},
        {429, CONCERT_ERROR_BUSY, "has had too many requests"},
        {503, CONCERT_ERROR_BUSY, "is overloaded or being worked at"},
    };
    g_autofree char *words = read_words(result);
    for (guint i = 0; i < G_N_ELEMENTS(meanings); i++)
        if (meanings[i].status == result->status) {
            if (meanings[i].code == CONCERT_ERROR_BUSY)
                client->wait = result->retry_after;
            return fail(error, meanings[i].code, url, "the server %s (status %u%s)",
                        meanings[i].meaning, result->status, words);
        }
    return fail(error, result->status / 100 == 4 ? CONCERT_ERROR_INPUT : CONCERT_ERROR_IO, url,
                "the server answers with status %u%s", result->status, words);
}

static gboolean has_type(const char *type, const char *name)
{
    gsize length = strlen(name);
    return g_ascii_strncasecmp(type, name, length) == 0 &&
           (!type[length] || strchr("; \t", type[length]));
}

/* What TAXII 2.1 answers are made of; plain JSON is let pass, since many servers say so. */
static gboolean check_type(const FetchResult *result, const char *url, GError **error)
{
    static const char *const good[] = {"application/taxii+json", "application/stix+json",
                                       "application/json"};
    static const char *const old[] = {"application/vnd.oasis.taxii+json",
                                      "application/vnd.oasis.stix+json"};
    const char *type = result->content_type ? result->content_type : "application/json";
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        if (has_type(type, good[i])) {
            if (i == 0 && strstr(type, "version=2.0"))
                break;
            return TRUE;
        }
    for (guint i = 0; i < G_N_ELEMENTS(old); i++)
        if (has_type(type, old[i]))
            return fail(error, CONCERT_ERROR_INPUT, url,
                        "the server speaks TAXII 2.0 (%s); only TAXII 2.1 is spoken here. Does it "
                        "have another address for that?",
                        type);
    return fail(error, CONCERT_ERROR_INPUT, url, "the answer is %s, not TAXII 2.1", type);
}

/* FALSE when the client was told to stop meanwhile. */
static gboolean wait_a_little(const TaxiiClient *client, guint seconds)
{
    gint64 end = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    while (g_get_monotonic_time() < end) {
        if (client->fetch.stop && g_atomic_int_get(client->fetch.stop) != 0)
            return FALSE;
        g_usleep(TICK_US);
    }
    return TRUE;
}

gboolean taxii_client_get(TaxiiClient *client, const char *url, TaxiiClientAnswer *ret_answer,
                          GError **error)
{
    static const char *const dates[] = {"X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last",
                                        NULL};
    FetchOptions options = client->fetch;
    options.any_status = options.accept_compressed = TRUE;
    options.accept = TAXII_TYPE;
    options.keep = dates;
    for (guint waits = 0;; waits++) {
        g_auto(FetchResult) result = {.fd = -1};
        g_autoptr(GError) failure = NULL;
        client->wait = 0;
        client->requests++;
        if (!fetch_get(url, &options, &result, error))
            return FALSE;
        client->bytes += result.length;
        if (result.status == 200) {
            if (!check_type(&result, url, error))
                return FALSE;
            ret_answer->first = g_steal_pointer(&result.kept[0]);
            ret_answer->last = g_steal_pointer(&result.kept[1]);
            ret_answer->result = result;
            result = (FetchResult){.fd = -1};
            return TRUE;
        }
        fail_status(client, &result, url, &failure);
        if (client->wait == 0 || client->wait > WAIT_MAX || waits == WAITS_MAX ||
            !wait_a_little(client, client->wait)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
    }
}

yyjson_doc *taxii_client_resource(TaxiiClient *client, const char *url, GError **error)
{
    g_auto(TaxiiClientAnswer) answer = {.result.fd = -1};
    TaxiiClient small = *client;
    gsize length = 0;
    small.fetch.max_bytes = RESOURCE_MAX;
    gboolean good = taxii_client_get(&small, url, &answer, error);
    client->requests = small.requests;
    client->bytes = small.bytes;
    client->wait = small.wait;
    if (!good)
        return NULL;
    g_autofree char *body =
        answer.result.fd >= 0 ? read_body(&answer.result, RESOURCE_MAX, &length) : NULL;
    g_autoptr(yyjson_doc) doc = body ? jsonguard_read(body, length, error) : NULL;
    if (!body)
        fail(error, CONCERT_ERROR_INPUT, url, "the answer is empty");
    else if (!doc)
        g_prefix_error(error, "%s: ", url);
    else if (!yyjson_is_obj(yyjson_doc_get_root(doc)))
        fail(error, CONCERT_ERROR_INPUT, url, "the answer is no resource of TAXII 2.1");
    else
        return g_steal_pointer(&doc);
    return NULL;
}

/* --- what a server has -------------------------------------------------------------------------
 */

typedef struct {
    TaxiiClient *client;
    GUri *base; /* that the user gave */
    GPtrArray *found;
    void (*skipped)(gpointer user, const char *message);
    gpointer user;
} Search;

/* The URL of @path on the host that the user gave. */
static char *url_of(const GUri *base, const char *path)
{
    gboolean slash = g_str_has_suffix(path, "/");
    g_autofree char *full = g_strconcat(path, slash ? "" : "/", NULL);
    return g_uri_join(G_URI_FLAGS_ENCODED, g_uri_get_scheme((GUri *)base), NULL,
                      g_uri_get_host((GUri *)base), g_uri_get_port((GUri *)base), full, NULL, NULL);
}

static int port_of(GUri *uri)
{
    int port = g_uri_get_port(uri);
    return port > 0 ? port : g_str_equal(g_uri_get_scheme(uri), "https") ? 443 : 80;
}

/* The URL of an API root, which may be relative (section 4.1.1) to the discovery's. NULL when it is
 * none, or is elsewhere. */
static char *root_url(const Search *search, const char *from, const char *root, GError **error)
{
    g_autoptr(GUri) at = g_uri_parse(from, G_URI_FLAGS_ENCODED, NULL);
    g_autoptr(GUri) uri = at ? g_uri_parse_relative(at, root, G_URI_FLAGS_ENCODED, NULL) : NULL;
    if (!uri || !g_uri_get_host(uri)) {
        fail(error, CONCERT_ERROR_INPUT, from, "\"%.200s\" is no URL of an API root", root);
        return NULL;
    }
    if (!g_str_equal(g_uri_get_scheme(uri), g_uri_get_scheme(search->base)) ||
        g_ascii_strcasecmp(g_uri_get_host(uri), g_uri_get_host(search->base)) != 0 ||
        port_of(uri) != port_of(search->base)) {
        fail(error, CONCERT_ERROR_DENIED, from,
             "the API root %.200s is on another host; follow that URL itself", root);
        return NULL;
    }
    return url_of(search->base, g_uri_get_path(uri));
}

static char *dup_text(yyjson_val *object, const char *name)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, name));
    return text ? g_strndup(text, 1024) : NULL;
}

/* One of a root's collections. What has no id that can be part of a path is no collection. */
static void take_collection(Search *search, const char *root, yyjson_val *value)
{
    const char *id = yyjson_get_str(yyjson_obj_get(value, "id"));
    yyjson_val *readable = yyjson_obj_get(value, "can_read");
    gsize length = id ? strlen(id) : 0;
    gboolean good = length > 0 && length <= 200 && id[0] != '.';
    for (gsize i = 0; good && i < length; i++)
        good = g_ascii_isalnum(id[i]) || strchr("-._~", id[i]);
    if (!good || search->found->len >= TAXII_CLIENT_COLLECTIONS_MAX)
        return;
    TaxiiClientCollection *collection = g_new0(TaxiiClientCollection, 1);
    collection->url = g_strdup_printf("%scollections/%s/", root, id);
    collection->id = g_strdup(id);
    collection->alias = dup_text(value, "alias");
    collection->title = dup_text(value, "title");
    collection->readable = !yyjson_is_false(readable);
    g_ptr_array_add(search->found, collection);
}

static void take_list(Search *search, const char *root, yyjson_val *list)
{
    size_t at, size;
    yyjson_val *value;
    yyjson_arr_foreach (list, at, size, value)
        take_collection(search, root, value);
}

static gboolean take_root(Search *search, const char *root, GError **error)
{
    g_autofree char *url = g_strconcat(root, "collections/", NULL);
    g_autoptr(yyjson_doc) doc = taxii_client_resource(search->client, url, error);
    if (!doc)
        return FALSE;
    take_list(search, root, yyjson_obj_get(yyjson_doc_get_root(doc), "collections"));
    return TRUE;
}

/* Root by root. One that cannot be read costs the others nothing. */
static gboolean take_roots(Search *search, const char *from, yyjson_val *roots, GError **error)
{
    guint good = 0, bad = 0;
    size_t at, size;
    yyjson_val *value;
    g_autoptr(GError) first = NULL;
    yyjson_arr_foreach (roots, at, size, value) {
        g_autoptr(GError) failure = NULL;
        const char *text = yyjson_get_str(value);
        if (good + bad == ROOTS_MAX)
            break;
        g_autofree char *url = text ? root_url(search, from, text, &failure) : NULL;
        if (url && take_root(search, url, &failure)) {
            good++;
            continue;
        }
        bad++;
        if (failure && search->skipped)
            search->skipped(search->user, failure->message);
        if (failure && !first)
            first = g_steal_pointer(&failure);
    }
    if (good > 0 || bad == 0)
        return TRUE;
    if (first)
        g_propagate_error(error, g_steal_pointer(&first));
    else
        fail(error, CONCERT_ERROR_INPUT, from, "the API roots are not URLs");
    return FALSE;
}

/* The path before and behind "/collections/"; the id is NULL when @path has none behind. */
static gboolean split_path(const char *path, char **ret_root, char **ret_id)
{
    static const char name[] = "/collections";
    const char *at = g_strrstr(path, name);
    if (!at || (at[strlen(name)] != '/' && at[strlen(name)] != '\0'))
        return FALSE;
    g_auto(GStrv) parts = g_strsplit(at + strlen(name), "/", 4);
    guint count = g_strv_length(parts);
    gboolean id = count > 1 && *parts[1];
    if (count > 2 && *parts[2] && !g_str_equal(parts[2], "objects"))
        return FALSE;
    *ret_root = g_strndup(path, (gsize)(at - path) + 1);
    *ret_id = id ? g_strdup(parts[1]) : NULL;
    return TRUE;
}

static gboolean look(Search *search, const char *url, GError **error)
{
    const char *path = g_uri_get_path(search->base);
    g_autofree char *root = NULL, *id = NULL;
    g_autofree char *clean =
        url_of(search->base, *path && !g_str_equal(path, "/") ? path : "/taxii2/");
    if (split_path(path, &root, &id)) {
        g_autofree char *root_text = url_of(search->base, root);
        if (!id)
            return take_root(search, root_text, error);
        g_free(clean);
        clean = g_strdup_printf("%scollections/%s/", root_text, id);
        g_autoptr(yyjson_doc) doc = taxii_client_resource(search->client, clean, error);
        if (doc)
            take_collection(search, root_text, yyjson_doc_get_root(doc));
        return doc != NULL;
    }
    g_autoptr(yyjson_doc) doc = taxii_client_resource(search->client, clean, error);
    yyjson_val *top = yyjson_doc_get_root(doc);
    if (!doc)
        return FALSE;
    if (yyjson_is_arr(yyjson_obj_get(top, "api_roots")))
        return take_roots(search, clean, yyjson_obj_get(top, "api_roots"), error);
    if (yyjson_obj_get(top, "versions") || yyjson_obj_get(top, "max_content_length"))
        return take_root(search, clean, error);
    return fail(error, CONCERT_ERROR_INPUT, clean,
                "neither discovery nor API root nor collection of a TAXII 2.1 server");
}

GPtrArray *taxii_client_collections(TaxiiClient *client, const char *url,
                                    void (*skipped)(gpointer user, const char *message),
                                    gpointer user, GError **error)
{
    g_autoptr(GUri) base = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
    g_autoptr(GPtrArray) found =
        g_ptr_array_new_with_free_func((GDestroyNotify)taxii_client_collection_free);
    Search search = {client, base, found, skipped, user};
    if (!base || !g_uri_get_host(base) || g_uri_get_userinfo(base)) {
        fail(error, CONCERT_ERROR_INPUT, url, "not a URL with a host and without a password");
        return NULL;
    }
    return look(&search, url, error) ? g_steal_pointer(&found) : NULL;
}
