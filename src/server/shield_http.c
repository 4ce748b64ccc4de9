#include "server/shield_http.h"

#include <microhttpd.h>
#include <string.h>

#include "base/timestamp.h"
#include "node/releaser.h"
#include "server/once.h"
#include "server/problem.h"
#include "server/shield_query.h"
#include "shield/export_set.h"

/* Bytes of replies that are kept; of one export. */
#define KEPT_BYTES   (G_GUINT64_CONSTANT(1) << 30)
#define EXPORT_BYTES (G_GUINT64_CONSTANT(2) << 30)

/* There is one only of the state: its key. */
#define STATE_KEY ""

/* The indicators at one time, and which of them may block. It does not change once it is there. */
typedef struct {
    Releaser *releaser;
    char *info;   /* of the indicators, and what is in force */
    gint64 until; /* when they change by themselves */
    guint8 digest[SHA256_SIZE];
    gint64 time;    /* since when they have been as they are */
    guint64 number; /* another one when they are others */
} State;

struct ShieldHttp {
    GMutex lock;        /* of what follows; nothing is made while it is held */
    Node *node;         /* NULL: not there yet */
    State *state;       /* NULL: nobody looked yet */
    guint64 generation; /* of the store that the state was seen to be that of */

    Once *states;  /* who looks at the indicators, and who waits for that: ApiCall */
    Once *exports; /* who makes which export; likewise */
    Cache *kept;   /* replies, by what was asked for and the number of the state */
};

static void state_clear(gpointer data)
{
    State *state = data;
    releaser_free(state->releaser);
    g_free(state->info);
}

static void state_unref(State *state)
{
    if (state)
        g_atomic_rc_box_release_full(state, state_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(State, state_unref)

static void refuse_waiter(ApiCall *call, const GError *error)
{
    http_resume(call->request, problem_from_error(error));
}

/* There is a state now: with it the call goes its way from the start. */
static void tell_state(gpointer waiter, gpointer state, const GError *error)
{
    ApiCall *call = waiter;
    if (state)
        http_again(call->request);
    else
        refuse_waiter(call, error);
}

static void tell_export(gpointer waiter, gpointer reply, const GError *error)
{
    ApiCall *call = waiter;
    if (reply)
        http_resume(call->request, reply_ref(reply));
    else
        refuse_waiter(call, error);
}

ShieldHttp *shield_http_new(void)
{
    ShieldHttp *shield = g_new0(ShieldHttp, 1);
    g_mutex_init(&shield->lock);
    shield->states = once_new(tell_state);
    shield->exports = once_new(tell_export);
    shield->kept = cache_new(KEPT_BYTES);
    return shield;
}

void shield_http_free(ShieldHttp *shield)
{
    state_unref(shield->state);
    once_free(shield->states);
    once_free(shield->exports);
    cache_free(shield->kept);
    g_mutex_clear(&shield->lock);
    g_free(shield);
}

void shield_http_set_node(ShieldHttp *shield, Node *node)
{
    g_mutex_lock(&shield->lock);
    shield->node = node;
    g_mutex_unlock(&shield->lock);
}

static Node *get_node(ShieldHttp *shield)
{
    g_mutex_lock(&shield->lock);
    Node *node = shield->node;
    g_mutex_unlock(&shield->lock);
    return node;
}

/* --- the indicators ----------------------------------------------------------------------------
 */

/* A text that is another one when other values may be exported: @state is releases_state(). */
static char *describe(const Set *set, const char *state)
{
    gsize length;
    const char *info = set_info(set, &length);
    return g_strdup_printf("%.*s %s", (int)length, info, state);
}

/* The state, if it is that of the store at @generation or later; NULL: somebody has to look. */
static State *get_current(ShieldHttp *shield, guint64 generation, gint64 now)
{
    g_mutex_lock(&shield->lock);
    State *state = shield->state;
    gboolean current = state && shield->generation >= generation && now < state->until;
    if (current)
        g_atomic_rc_box_acquire(state);
    g_mutex_unlock(&shield->lock);
    return current ? state : NULL;
}

/* What is served now, however old; NULL: nothing is. */
static State *get_last(ShieldHttp *shield)
{
    g_mutex_lock(&shield->lock);
    State *state = shield->state ? g_atomic_rc_box_acquire(shield->state) : NULL;
    g_mutex_unlock(&shield->lock);
    return state;
}

static void number_state(State *state, const State *before, gint64 now)
{
    gboolean same = before && memcmp(state->digest, before->digest, sizeof state->digest) == 0;
    state->number = !before ? 1 : same ? before->number : before->number + 1;
    /* A serial number counts seconds: it has to grow. */
    state->time = !before ? now : same ? before->time : MAX(now, before->time + G_USEC_PER_SEC);
}

/* Looks at the indicators as they are now; returns @before (another reference) when it still is
 * what there is. */
static State *look(Node *node, State *before, gint64 now, GError **error)
{
    guint8 digests[2][SHA256_SIZE];
    gint64 until[2];

    g_autofree char *text = releases_state(node_store(node), error);
    g_autoptr(Releaser) releaser = text ? releaser_open(node, now, error) : NULL;
    if (!releaser)
        return NULL;
    g_autofree char *info = describe(releaser->set, text);
    /* What changed in the store may be something else. */
    if (before && now < before->until && strcmp(info, before->info) == 0)
        return g_atomic_rc_box_acquire(before);
    export_set_digest(releaser->set, NULL, NULL, now, digests[0], &until[0]);
    export_set_digest(releaser->set, releaser_blocks, releaser, now, digests[1], &until[1]);
    State *state = g_atomic_rc_box_new0(State);
    sha256_digest(digests, sizeof digests, state->digest);
    state->until = MIN(until[0], until[1]);
    state->info = g_steal_pointer(&info);
    state->releaser = g_steal_pointer(&releaser);
    number_state(state, before, now);
    return state;
}

/* Takes @state over. Only one at a time looks. */
static void install(ShieldHttp *shield, State *state, guint64 generation)
{
    g_mutex_lock(&shield->lock);
    State *before = shield->state;
    shield->state = g_atomic_rc_box_acquire(state);
    shield->generation = MAX(shield->generation, generation);
    g_mutex_unlock(&shield->lock);
    state_unref(before);
}

/* The indicators as they are for @call. NULL without @error: the call waits, and is not to be
 * touched any more. */
static State *get_state(ShieldHttp *shield, ApiCall *call, Node *node, gint64 now, GError **error)
{
    guint64 generation = call->generation;
    State *state = get_current(shield, generation, now);
    if (state || !once_begin(shield->states, STATE_KEY, call))
        return state;
    GError *failure = NULL;
    state = get_current(shield, generation, now);
    if (!state) {
        g_autoptr(State) before = get_last(shield);
        state = look(node, before, now, &failure);
        if (state)
            install(shield, state, generation);
    }
    once_end(shield->states, STATE_KEY, state, failure);
    if (failure)
        g_propagate_error(error, failure);
    return state;
}

/* --- one export --------------------------------------------------------------------------------
 */

/* What is asked for. */
typedef struct {
    const ExportFormat *format;
    ExportOptions options;
    GPtrArray *texts; /* that the options borrow */
    char *words;      /* export_options_text() */
} Wanted;

static void wanted_clear(Wanted *wanted)
{
    g_clear_pointer(&wanted->texts, g_ptr_array_unref);
    g_clear_pointer(&wanted->words, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static gboolean append(gpointer user, const char *bytes, gsize length, GError **error)
{
    GByteArray *into = user;
    if (into->len + length > EXPORT_BYTES) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "the export is too large for HTTP");
        return FALSE;
    }
    g_byte_array_append(into, (const guint8 *)bytes, (guint)length);
    return TRUE;
}

/* Formats that block have what was approved; as long as nothing was, nothing. */
static GByteArray *make_bytes(const State *state, const Wanted *wanted, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(Export) export = export_new(wanted->format, &wanted->options, append, bytes, error);
    if (!export ||
        !export_set_add(export, state->releaser->set,
                        wanted->options.approved ? releaser_blocks : NULL, state->releaser,
                        error) ||
        !export_finish(export, NULL, error))
        return NULL;
    return g_steal_pointer(&bytes);
}

/* What differs between two exports changes the digest; the time keeps apart what two runs of the
 * program have made of the same. */
static char *make_etag(const State *state, const Wanted *wanted)
{
    char hex[2 * SHA256_SIZE + 1], options[2 * SHA256_SIZE + 1] = "";
    guint8 digest[SHA256_SIZE];
    if (*wanted->words) {
        sha256_digest(wanted->words, strlen(wanted->words), digest);
        sha256_hex(digest, options);
    }
    return g_strdup_printf("W/\"%s-%.32s-%" G_GINT64_FORMAT "%s%.16s\"",
                           export_format_name(wanted->format), sha256_hex(state->digest, hex),
                           state->time / G_USEC_PER_SEC, *options ? "-" : "", options);
}

static void add_headers(Reply *reply, const char *etag)
{
    reply_header(reply, MHD_HTTP_HEADER_ETAG, etag);
    reply_header(reply, MHD_HTTP_HEADER_CACHE_CONTROL, "private, no-cache");
}

/* Whether If-None-Match (RFC 9110 section 13.1.2) names @etag. */
static gboolean is_known(const char *header, const char *etag)
{
    g_auto(GStrv) tags = g_strsplit(header ? header : "", ",", 64);
    for (guint i = 0; tags[i]; i++) {
        const char *tag = g_strstrip(tags[i]);
        if (g_str_equal(tag, "*") || g_str_equal(tag, etag) ||
            g_str_equal(tag, etag + strlen("W/")))
            return TRUE;
    }
    return FALSE;
}

static Reply *make_reply(const State *state, const Wanted *wanted, NegotiateCoding coding,
                         const char *etag, GError **error)
{
    GByteArray *bytes = make_bytes(state, wanted, error);
    if (!bytes)
        return NULL;
    gsize length = bytes->len;
    Reply *reply = reply_new(200, export_format_media_type(wanted->format), coding, NULL,
                             (char *)g_byte_array_free(bytes, FALSE), length);
    add_headers(reply, etag);
    return reply;
}

/* NULL without @error: the call waits, and is not to be touched any more. */
static Reply *get_export(ShieldHttp *shield, ApiCall *call, const State *state,
                         const Wanted *wanted, const char *etag, GError **error)
{
    NegotiateCoding coding = call->coding;
    /* The options' digest in the ETag is cut short: here they are said in full. */
    g_autofree char *key = g_strdup_printf("%d %s %s", coding, etag, wanted->words);
    Reply *reply = cache_get(shield->kept, key, state->number);
    if (reply || !once_begin(shield->exports, key, call))
        return reply;
    GError *failure = NULL;
    reply = cache_get(shield->kept, key, state->number);
    if (!reply) {
        reply = make_reply(state, wanted, coding, etag, &failure);
        if (reply)
            cache_put(shield->kept, key, state->number, reply);
    }
    once_end(shield->exports, key, reply, failure);
    if (failure)
        g_propagate_error(error, failure);
    return reply;
}

static Reply *answer(ApiCall *call, Node *node, Wanted *wanted, GError **error)
{
    ShieldHttp *shield = call->api->shield;
    gint64 now = timestamp_now();
    g_autoptr(State) state = get_state(shield, call, node, now, error);
    if (!state)
        return NULL;
    wanted->options.now = now;
    wanted->options.time = state->time;
    g_autofree char *etag = make_etag(state, wanted);
    if (!is_known(http_header(call->request, MHD_HTTP_HEADER_IF_NONE_MATCH), etag))
        return get_export(shield, call, state, wanted, etag, error);
    Reply *reply = reply_new(304, NULL, NEGOTIATE_IDENTITY, NULL, NULL, 0);
    add_headers(reply, etag);
    return reply;
}

Reply *shield_http_export(ApiCall *call, GError **error)
{
    const char *name = call->match.values[0], *query = strchr(call->request->uri, '?');
    const char *const *formats = (const char *const *)call->principal->formats;

    if (!formats)
        return call->principal->anonymous ? problem_unauthorized(NULL)
                                          : problem_reply(403, "for consumers of exports");
    /* Whether there is such a format at all is nothing to who may not fetch it. */
    const ExportFormat *format =
        g_strv_contains(formats, name) ? export_format_find(name, NULL) : NULL;
    if (!format)
        return problem_reply(403, "this consumer may not fetch that format");
    g_auto(Wanted) wanted = {
        .format = format,
        .options = {.action = -1, .approved = export_format_blocks(format)},
    };
    if (!shield_query_read(query ? query + 1 : NULL, format, &wanted.options, &wanted.texts, error))
        return NULL;
    wanted.words = export_options_text(&wanted.options);
    Node *node = get_node(call->api->shield);
    return node ? answer(call, node, &wanted, error)
                : problem_later(503, "the node is starting", 1);
}
