/* Captures of others, judged by what another program (Arkime) recorded of them: addresses, DNS
 * names and answers, hosts, URLs, JA3 fingerprints, e-mail addresses. Each value that we do not
 * find has its reason in a table; a reason that is no longer needed fails, too. */
#include <string.h>
#include <yyjson.h>

#include "shield/packets/packets.h"
#include "stix/observable_domain.h"

/* Why values are not found: those of a capture and a kind, all of them or one. */
typedef struct {
    const char *capture;
    const char *kind;
    const char *value; /* NULL: all */
    const char *reason;
    gboolean used;
} Exception;

static Exception exceptions[] = {
    /* What came before QUIC was a standard is not read. */
    {"arkime_synthetic.pcap", "hosts", "zerolen.example", "Google QUIC"},
    {"fbzero-android.pcap", "hosts", NULL, "Facebook's Zero protocol, like QUIC"},
    {"quic24-wireshark.pcap", "hosts", NULL, "Google QUIC"},
    {"quic33-wireshark.pcap", "hosts", NULL, "Google QUIC"},
    {"quic34.pcap", "hosts", NULL, "Google QUIC"},
    {"quic43.pcap", "hosts", NULL, "Google QUIC"},
    /* Protocols that are not read. */
    {"openvpn_synthetic.pcap", "hosts", NULL, "TLS within OpenVPN"},
    {"openvpn_synthetic.pcap", "ja3", NULL, "TLS within OpenVPN"},
    {"http2-nghttp2.pcap", "hosts", NULL, "HTTP/2 in the clear"},
    {"http2-nghttp2.pcap", "urls", NULL, "HTTP/2 in the clear"},
    {"sctp-www.pcap", "hosts", NULL, "HTTP over SCTP"},
    {"sctp-www.pcap", "urls", NULL, "HTTP over SCTP"},
    {"arkime_synthetic.pcap", "ips", "192.168.4.1", "an Ethernet type without a name"},
    {"arkime_synthetic.pcap", "ips", "192.168.4.2", "an Ethernet type without a name"},
    /* Arkime writes otherwise, or less. */
    {"arkime_synthetic.pcap", "urls", "*", "the target of OPTIONS * is no URL"},
    {"https-connect.pcap", "urls", NULL, "the target of CONNECT is a host and a port"},
    {"gre-erspan-vxlan.pcap", "urls", NULL, "no Host: ours has the address"},
    {"http-empty-useragent.pcap", "urls", NULL, "no Host: ours has the address"},
    {"wireshark-retrans.pcap", "urls", NULL, "no Host: ours has the address"},
    {"socks5-reverse.pcap", "urls", NULL, "Arkime's capture differs in upper case"},
};

/* Everything found in a capture, "field=text", texts in lower case but URLs. */
typedef struct {
    GHashTable *values;
    GString *texts; /* of all pieces of text */
} Found;

static gboolean is_name(const char *field)
{
    return g_str_has_prefix(field, "dns.") || strcmp(field, "tls.sni") == 0 ||
           strcmp(field, "http.host") == 0;
}

static gboolean collect(gpointer user, const Observation *observation, guint64 packet)
{
    Found *found = user;

    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        g_autofree char *text = g_strndup(value->text, value->length);
        g_autofree char *lower = g_ascii_strdown(text, -1);
        const char *name = g_str_has_prefix(value->field, "dns.")  ? "dns"
                           : g_str_has_prefix(value->field, "ip.") ? "ip"
                           : is_name(value->field)                 ? "host"
                                                                   : value->field;
        g_hash_table_add(found->values, g_strdup_printf("%s=%s", name, text));
        g_hash_table_add(found->values, g_strdup_printf("%s=%s", name, lower));
        g_string_append_printf(found->texts, "%s\n", lower);
    }
    return TRUE;
}

static gboolean has(const Found *found, const char *name, const char *value)
{
    g_autofree char *key = g_strconcat(name, "=", value, NULL);
    return g_hash_table_contains(found->values, key);
}

/* Arkime shows names of other scripts as they read, the DNS has their A-labels. */
static gboolean has_name(const Found *found, const char *value)
{
    char ascii[OBSERVABLE_DOMAIN_MAX + 1];

    if (*value == '\0' || strcmp(value, "<root>") == 0 || has(found, "dns", value))
        return TRUE;
    return observable_domain_canonical(value, strlen(value), 1, ascii) > 0 &&
           has(found, "dns", ascii);
}

/* Arkime lists hosts with and without their ports. */
static gboolean has_host(const Found *found, const char *value)
{
    const char *colon = strrchr(value, ':');
    g_autofree char *host = colon ? g_strndup(value, (gsize)(colon - value)) : g_strdup(value);

    return *value == '\0' || has(found, "host", value) || has(found, "host", host);
}

static gboolean has_url(const Found *found, const char *value)
{
    g_autofree char *url = g_strconcat("http://", value, NULL);
    return has(found, "http.url", url) || has(found, "http.url", value);
}

static gboolean has_ip(const Found *found, const char *value)
{
    return has(found, "ip", value);
}

static gboolean has_ja3(const Found *found, const char *value)
{
    return has(found, "tls.ja3", value);
}

static gboolean has_text(const Found *found, const char *value)
{
    g_autofree char *lower = g_ascii_strdown(value, -1);
    return strstr(found->texts->str, lower) != NULL;
}

/* The kinds that can be compared; bodies and certificates are not looked at. */
static const struct {
    const char *kind;
    gboolean (*has)(const Found *found, const char *value);
} kinds[] = {
    {"ips", has_ip},   {"dns", has_name}, {"dns_answers", has_name}, {"hosts", has_host},
    {"urls", has_url}, {"ja3", has_ja3},  {"emails", has_text},      {"email_hosts", has_text},
};

static gboolean is_exception(const char *capture, const char *kind, const char *value)
{
    for (guint i = 0; i < G_N_ELEMENTS(exceptions); i++) {
        Exception *exception = &exceptions[i];
        if (strcmp(exception->capture, capture) == 0 && strcmp(exception->kind, kind) == 0 &&
            (!exception->value || strcmp(exception->value, value) == 0))
            return exception->used = TRUE;
    }
    return FALSE;
}

/* Compares a capture; returns how many values were found, and counts those that were not. */
static guint judge(const char *folder, yyjson_val *entry, guint *missed)
{
    const char *listed = yyjson_get_str(yyjson_obj_get(entry, "pcap"));
    g_autofree char *capture = g_path_get_basename(listed);
    g_autofree char *path = g_build_filename(folder, "traffic/arkime/pcap", capture, NULL);
    g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) texts = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    Found found = {values, texts};
    PacketsCounts counts;
    guint right = 0;
    size_t index, max;
    yyjson_val *value;

    g_autoptr(Stream) stream = stream_open(path, &error);
    g_assert_no_error(error);
    packets_read(stream, collect, &found, &counts, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        yyjson_arr_foreach (yyjson_obj_get(entry, kinds[i].kind), index, max, value) {
            const char *text = yyjson_get_str(value);
            if (kinds[i].has(&found, text)) {
                right++;
            } else if (!is_exception(capture, kinds[i].kind, text)) {
                g_test_message("%s: no %s \"%s\"", capture, kinds[i].kind, text);
                (*missed)++;
            }
        }
    }
    return right;
}

static void test_arkime(void)
{
    const char *folder = g_getenv("CONCERT_DATA");
    guint right = 0, missed = 0;
    size_t index, max;
    yyjson_val *entry;

    if (!folder) {
        g_print("# SKIP captures of others: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autofree char *path = g_build_filename(folder, "traffic/arkime-observables.json", NULL);
    yyjson_doc *doc = yyjson_read_file(path, 0, NULL, NULL);
    g_assert_nonnull(doc);
    yyjson_arr_foreach (yyjson_obj_get(yyjson_doc_get_root(doc), "pcaps"), index, max, entry)
        right += judge(folder, entry, &missed);
    yyjson_doc_free(doc);
    g_test_message("%u values found, %u not", right, missed);
    g_assert_cmpuint(missed, ==, 0);
    g_assert_cmpuint(right, >, 1600);
    for (guint i = 0; i < G_N_ELEMENTS(exceptions); i++)
        if (!exceptions[i].used)
            g_error("%s: the exception for %s (%s) is not needed", exceptions[i].capture,
                    exceptions[i].kind, exceptions[i].reason);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/traffic/arkime", test_arkime);
    return g_test_run();
}
