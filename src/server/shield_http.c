#include "server/shield_http.h"

#include <microhttpd.h>
#include <string.h>

#include "base/timestamp.h"
#include "node/releaser.h"
#include "server/problem.h"
#include "shield/export_set.h"

#define CODINGS 3 /* as NegotiateCoding */

/* What was made of one format. */
typedef struct {
    GBytes *bytes;
    Reply *replies[CODINGS]; /* NULL: not made yet */
} Made;

struct ShieldHttp {
    Node *node;         /* NULL: not there yet */
    GMutex lock;        /* of all below; held while something is made, so that it is made once */
    Releaser *releaser; /* the indicators, and which of them may block */
    char *info;         /* of the indicators, and what is in force */
    guint64 generation; /* of the store that the sets were made from */
    gint64 until;       /* when they change by themselves */
    guint8 digest[SHA256_SIZE];
    gint64 time;      /* since when they have been as they are */
    GHashTable *made; /* format -> Made */
};

static void made_free(gpointer data)
{
    Made *made = data;
    g_bytes_unref(made->bytes);
    for (guint i = 0; i < CODINGS; i++)
        g_clear_pointer(&made->replies[i], reply_unref);
    g_free(made);
}

ShieldHttp *shield_http_new(void)
{
    ShieldHttp *shield = g_new0(ShieldHttp, 1);
    g_mutex_init(&shield->lock);
    shield->made = g_hash_table_new_full(NULL, NULL, NULL, made_free);
    return shield;
}

void shield_http_free(ShieldHttp *shield)
{
    releaser_free(shield->releaser);
    g_free(shield->info);
    g_hash_table_unref(shield->made);
    g_mutex_clear(&shield->lock);
    g_free(shield);
}

void shield_http_set_node(ShieldHttp *shield, Node *node)
{
    g_mutex_lock(&shield->lock);
    shield->node = node;
    g_mutex_unlock(&shield->lock);
}

/* A text that is another one when other values may be exported: @state is releases_state(). */
static char *describe(const Set *set, const char *state)
{
    gsize length;
    const char *info = set_info(set, &length);
    return g_strdup_printf("%.*s %s", (int)length, info, state);
}

/* Has the indicators as they are now; forgets what was made when they have changed. */
static gboolean refresh(ShieldHttp *shield, guint64 generation, gint64 now, GError **error)
{
    guint8 digests[2][SHA256_SIZE], digest[SHA256_SIZE];
    gint64 until[2];

    if (shield->releaser && shield->generation == generation && now < shield->until)
        return TRUE;
    g_autofree char *state = releases_state(node_store(shield->node), error);
    g_autoptr(Releaser) releaser = state ? releaser_open(shield->node, now, error) : NULL;
    if (!releaser)
        return FALSE;
    g_autofree char *info = describe(releaser->set, state);
    /* What changed in the store may be something else. */
    if (shield->releaser && now < shield->until && strcmp(info, shield->info) == 0) {
        shield->generation = generation;
        return TRUE;
    }
    export_set_digest(releaser->set, NULL, NULL, now, digests[0], &until[0]);
    export_set_digest(releaser->set, releaser_blocks, releaser, now, digests[1], &until[1]);
    sha256_digest(digests, sizeof digests, digest);
    if (!shield->releaser || memcmp(digest, shield->digest, sizeof digest) != 0) {
        memcpy(shield->digest, digest, sizeof digest);
        /* A serial number counts seconds: it has to grow. */
        shield->time = MAX(now, shield->time + G_USEC_PER_SEC);
        g_hash_table_remove_all(shield->made);
    }
    releaser_free(shield->releaser);
    g_free(shield->info);
    shield->releaser = g_steal_pointer(&releaser);
    shield->info = g_steal_pointer(&info);
    shield->generation = generation;
    shield->until = MIN(until[0], until[1]);
    return TRUE;
}

static gboolean append(gpointer user, const char *bytes, gsize length, GError **error)
{
    g_byte_array_append(user, (const guint8 *)bytes, (guint)length);
    return TRUE;
}

/* Formats that block have what was approved; as long as nothing was, nothing. */
static GBytes *make_bytes(ShieldHttp *shield, const ExportFormat *format, gint64 now,
                          GError **error)
{
    gboolean blocks = export_format_blocks(format);
    ExportOptions options = {.now = now, .time = shield->time, .action = -1, .approved = blocks};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(Export) export = export_new(format, &options, append, bytes, error);
    if (!export ||
        !export_set_add(export, shield->releaser->set, blocks ? releaser_blocks : NULL,
                        shield->releaser, error) ||
        !export_finish(export, NULL, error))
        return NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

/* What differs between two exports changes the digest; the time keeps apart what two runs of the
 * program have made of the same. */
static char *make_etag(const ShieldHttp *shield, const ExportFormat *format)
{
    char hex[2 * SHA256_SIZE + 1];
    return g_strdup_printf("W/\"%s-%.32s-%" G_GINT64_FORMAT "\"", export_format_name(format),
                           sha256_hex(shield->digest, hex), shield->time / G_USEC_PER_SEC);
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

static Reply *reply_locked(ShieldHttp *shield, ApiCall *call, const ExportFormat *format,
                           GError **error)
{
    gint64 now = timestamp_now();
    if (!refresh(shield, call->generation, now, error))
        return NULL;
    g_autofree char *etag = make_etag(shield, format);
    if (is_known(http_header(call->request, MHD_HTTP_HEADER_IF_NONE_MATCH), etag)) {
        Reply *reply = reply_new(304, NULL, NEGOTIATE_IDENTITY, NULL, NULL, 0);
        add_headers(reply, etag);
        return reply;
    }
    Made *made = g_hash_table_lookup(shield->made, format);
    if (!made) {
        GBytes *bytes = make_bytes(shield, format, now, error);
        if (!bytes)
            return NULL;
        made = g_new0(Made, 1);
        made->bytes = bytes;
        g_hash_table_insert(shield->made, (gpointer)format, made);
    }
    Reply **reply = &made->replies[call->coding];
    if (!*reply) {
        gsize length;
        gconstpointer bytes = g_bytes_get_data(made->bytes, &length);
        *reply = reply_new(200, export_format_media_type(format), call->coding, NULL,
                           g_memdup2(bytes, length), length);
        add_headers(*reply, etag);
    }
    return reply_ref(*reply);
}

Reply *shield_http_export(ApiCall *call, GError **error)
{
    ShieldHttp *shield = call->api->shield;
    const char *name = call->match.values[0];
    const char *const *formats = (const char *const *)call->principal->formats;

    if (!formats)
        return call->principal->anonymous ? problem_unauthorized(NULL)
                                          : problem_reply(403, "for consumers of exports");
    /* Whether there is such a format at all is nothing to who may not fetch it. */
    const ExportFormat *format =
        g_strv_contains(formats, name) ? export_format_find(name, NULL) : NULL;
    if (!format)
        return problem_reply(403, "this consumer may not fetch that format");
    g_mutex_lock(&shield->lock);
    Reply *reply = shield->node ? reply_locked(shield, call, format, error)
                                : problem_later(503, "the node is starting", 1);
    g_mutex_unlock(&shield->lock);
    return reply;
}
