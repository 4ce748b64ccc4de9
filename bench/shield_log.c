/* shield_log.c - indicators and a log to look for them in, made up.
 *
 *     bench-shield-log INDICATORS COUNT LOG BYTES [eve|feed]
 *
 * Lines of access logs, of connections, of name lookups and of an intrusion detection system; one
 * in a thousand has an indicator, three in a hundred have escapes, other scripts or defanged
 * names. Or Suricata's EVE alone, as its events come at a site: name lookups and flows mostly, then
 * TLS and HTTP, some files and alerts; one in a thousand has an indicator, in a field of its type.
 * With "feed" the indicators are there already (`bench-shield indicators`), and the log's names are
 * below the same top domains as theirs. The same numbers give the same files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

typedef struct {
    guint64 state;
    gboolean tops; /* names are below top domains as those of feeds are */
} Dice;

static void fail(const char *what)
{
    fprintf(stderr, "bench-shield-log: %s\n", what);
    exit(2);
}

static guint roll(Dice *dice, guint below)
{
    dice->state = dice->state * G_GUINT64_CONSTANT(6364136223846793005) +
                  G_GUINT64_CONSTANT(1442695040888963407);
    return (guint)((dice->state >> 33) * below >> 31);
}

static void append_word(GString *into, Dice *dice, guint syllables)
{
    static const char *const parts[] = {"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu",
                                        "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu"};
    while (syllables-- > 0)
        g_string_append(into, parts[roll(dice, G_N_ELEMENTS(parts))]);
}

static void append_hex(GString *into, Dice *dice, guint digits)
{
    while (digits-- > 0)
        g_string_append_c(into, "0123456789abcdef"[roll(dice, 16)]);
}

static void append_name(GString *into, Dice *dice, const char *top)
{
    static const char *const tops[] = {"com", "net", "org", "info", "top", "xyz", "ru", "cn", "de"};
    if (roll(dice, 2))
        g_string_append(into, roll(dice, 2) ? "www." : "cdn.");
    append_word(into, dice, 1 + roll(dice, 3));
    g_string_append_c(into, '.');
    append_word(into, dice, 3 + roll(dice, 3));
    if (dice->tops)
        top = tops[roll(dice, G_N_ELEMENTS(tops))];
    g_string_append_printf(into, ".%s", top);
}

static void append_v4(GString *into, Dice *dice)
{
    g_string_append_printf(into, "%u.%u.%u.%u", 1 + roll(dice, 223), roll(dice, 256),
                           roll(dice, 256), 1 + roll(dice, 254));
}

static void append_path(GString *into, Dice *dice)
{
    for (guint parts = 1 + roll(dice, 4); parts > 0; parts--) {
        g_string_append_c(into, '/');
        append_word(into, dice, 1 + roll(dice, 3));
    }
    g_string_append(into, roll(dice, 2) ? ".html" : "");
}

/* A kind, a tab and a value. */
static void append_indicator(GString *into, Dice *dice)
{
    guint kind = roll(dice, 1000);
    if (kind < 450) {
        g_string_append(into, "domain\t");
        append_name(into, dice, "example");
    } else if (kind < 700) {
        g_string_append(into, "ipv4\t");
        append_v4(into, dice);
    } else if (kind < 705) {
        g_string_append(into, "cidr\t");
        g_string_append_printf(into, "%u.%u.%u.0/24", 1 + roll(dice, 223), roll(dice, 256),
                               roll(dice, 256));
    } else if (kind < 870) {
        g_string_append(into, "sha256\t");
        append_hex(into, dice, 64);
    } else if (kind < 985) {
        g_string_append(into, "url\thttps://");
        append_name(into, dice, "example");
        append_path(into, dice);
    } else {
        g_string_append(into, "email\t");
        append_word(into, dice, 3);
        g_string_append_c(into, '@');
        append_name(into, dice, "example");
    }
}

static void append_odd(GString *into, Dice *dice)
{
    static const char *const odd[] = {
        "q=%D1%81%D0%BB%D0%BE%D0%B2%D0%BE%20%2Fa.b",
        "C:\\\\Users\\\\new\\\\tool.exe",
        "caf\303\251.b\303\274cher.test",
        "hxxp://www[.]forum[.]test/a",
        "http%3A%2F%2Fwww.forum.test%2Fx",
        "\344\276\213\343\200\202\345\255\227",
    };
    g_string_append(into, odd[roll(dice, G_N_ELEMENTS(odd))]);
}

static void append_line(GString *into, Dice *dice, const char *planted)
{
    guint kind = roll(dice, 4);
    if (kind == 0) {
        append_v4(into, dice);
        g_string_append(into, " - - [01/Feb/2030:10:20:30 +0000] \"GET ");
        append_path(into, dice);
        g_string_append_printf(into, " HTTP/1.1\" 200 %u \"https://", roll(dice, 99999));
        append_name(into, dice, "test");
        g_string_append(into,
                        "/\" \"Mozilla/5.0 (X11; Linux x86_64) Chrome/124.0.0.0 Safari/537.36\" ");
    } else if (kind == 1) {
        g_string_append_printf(into, "1900000000.%06u\tC", roll(dice, 1000000));
        append_hex(into, dice, 17);
        g_string_append_c(into, '\t');
        append_v4(into, dice);
        g_string_append_printf(into, "\t%u\t", roll(dice, 65536));
        append_v4(into, dice);
        g_string_append(into, "\t443\ttcp\tssl\t1.234567\t1000\t20000\tSF\t");
    } else if (kind == 2) {
        g_string_append_printf(into, "1900000000.%06u\t10.0.%u.%u\t53\tudp\t", roll(dice, 1000000),
                               roll(dice, 256), roll(dice, 256));
        append_name(into, dice, "test");
        g_string_append(into, "\t1\tC_INTERNET\tA\tNOERROR\t");
    } else {
        g_string_append(into, "{\"timestamp\":\"2030-02-01T10:20:30.123456+0000\",\"src_ip\":\"");
        append_v4(into, dice);
        g_string_append_printf(into, "\",\"dest_ip\":\"2001:db8:%x::%x\",\"http\":{\"hostname\":\"",
                               roll(dice, 65536), roll(dice, 65536));
        append_name(into, dice, "test");
        g_string_append(into, "\",\"url\":\"\\/");
        append_word(into, dice, 3);
        g_string_append(into, "\\/\"},\"sha256\":\"");
        append_hex(into, dice, 64);
        g_string_append(into, "\"} ");
    }
    if (roll(dice, 100) < 3)
        append_odd(into, dice);
    g_string_append_printf(into, " %s\n", planted);
}

/* --- EVE ------------------------------------------------------------------------------------- */

/* What every event has: when, and between whom. */
static void append_event(GString *into, Dice *dice, const char *type, const char *protocol,
                         guint port, const char *destination)
{
    g_string_append_printf(
        into,
        "{\"timestamp\":\"2030-02-01T%02u:%02u:%02u.%06u+0000\",\"flow_id\":%u%09u,"
        "\"in_iface\":\"eth0\",\"event_type\":\"%s\",\"src_ip\":\"10.%u.%u.%u\","
        "\"src_port\":%u,\"dest_ip\":\"",
        roll(dice, 24), roll(dice, 60), roll(dice, 60), roll(dice, 1000000),
        1 + roll(dice, 2000000), roll(dice, 1000000000), type, roll(dice, 4), roll(dice, 256),
        1 + roll(dice, 254), 1024 + roll(dice, 64000));
    if (destination)
        g_string_append(into, destination);
    else if (roll(dice, 8) == 0)
        g_string_append_printf(into, "2001:db8:%x:%x::%x", roll(dice, 65536), roll(dice, 65536),
                               roll(dice, 65536));
    else
        append_v4(into, dice);
    g_string_append_printf(into, "\",\"dest_port\":%u,\"proto\":\"%s\",", port, protocol);
}

/* @name, or any. */
static void append_host(GString *into, Dice *dice, const char *name)
{
    if (name)
        g_string_append(into, name);
    else
        append_name(into, dice, "test");
}

static void append_dns(GString *into, Dice *dice, const char *name)
{
    append_event(into, dice, "dns", "UDP", 53, NULL);
    g_string_append_printf(into,
                           "\"pkt_src\":\"wire/pcap\",\"dns\":{\"version\":2,\"type\":\"answer\","
                           "\"id\":%u,\"flags\":\"8180\",\"qr\":true,\"rd\":true,\"ra\":true,"
                           "\"opcode\":0,\"rcode\":\"NOERROR\",\"rrname\":\"",
                           roll(dice, 65536));
    gsize at = into->len;
    append_host(into, dice, name);
    g_autofree char *asked = g_strdup(into->str + at);
    g_string_append_printf(into,
                           "\",\"rrtype\":\"A\",\"answers\":[{\"rrname\":\"%s\",\"rrtype\":\"A\","
                           "\"ttl\":%u,\"rdata\":\"",
                           asked, roll(dice, 3600));
    append_v4(into, dice);
    g_string_append(into, "\"}],\"grouped\":{\"A\":[\"");
    append_v4(into, dice);
    g_string_append(into, "\"]}}}");
}

static void append_flow(GString *into, Dice *dice, const char *address)
{
    append_event(into, dice, "flow", "TCP", 443, address);
    g_string_append_printf(
        into,
        "\"app_proto\":\"tls\",\"flow\":{\"pkts_toserver\":%u,\"pkts_toclient\":"
        "%u,\"bytes_toserver\":%u,\"bytes_toclient\":%u,\"start\":"
        "\"2030-02-01T10:20:30.123456+0000\",\"end\":"
        "\"2030-02-01T10:20:31.654321+0000\",\"age\":1,\"state\":\"closed\","
        "\"reason\":\"timeout\",\"alerted\":false},\"tcp\":{\"tcp_flags\":\"1b\","
        "\"syn\":true,\"fin\":true,\"psh\":true,\"ack\":true}}",
        roll(dice, 1000), roll(dice, 1000), roll(dice, 1000000), roll(dice, 10000000));
}

static void append_tls(GString *into, Dice *dice, const char *name)
{
    append_event(into, dice, "tls", "TCP", 443, NULL);
    g_string_append(into, "\"tls\":{\"subject\":\"CN=www.forum.test\",\"issuerdn\":\"C=XX, O=Forum "
                          "Trust, CN=Forum R3\",\"serial\":\"04:A1:");
    append_hex(into, dice, 2);
    g_string_append(into, ":3B\",\"fingerprint\":\"");
    for (guint i = 0; i < 20; i++) {
        append_hex(into, dice, 2);
        g_string_append(into, i < 19 ? ":" : "\",\"sni\":\"");
    }
    append_host(into, dice, name);
    g_string_append(into, "\",\"version\":\"TLS 1.2\",\"notbefore\":\"2030-01-01T00:00:00\","
                          "\"notafter\":\"2030-04-01T00:00:00\",\"ja3\":{\"hash\":\"");
    append_hex(into, dice, 32);
    g_string_append(into, "\",\"string\":\"771,4865-4866-4867-49195-49199-52393,0-23-65281-10-11,"
                          "29-23-24,0\"},\"ja3s\":{\"hash\":\"");
    append_hex(into, dice, 32);
    g_string_append(into, "\",\"string\":\"771,4865,51-43\"}}}");
}

/* Of @url the host and the rest stand apart. */
static void append_http(GString *into, Dice *dice, const char *name, const char *url)
{
    const char *host = url ? strstr(url, "://") + 3 : NULL;
    const char *path = host ? strchr(host, '/') : NULL;
    g_autofree char *host_only = host ? g_strndup(host, (gsize)(path - host)) : NULL;

    append_event(into, dice, "http", "TCP", 80, NULL);
    g_string_append(into, "\"tx_id\":0,\"http\":{\"hostname\":\"");
    append_host(into, dice, host_only ? host_only : name);
    g_string_append(into, "\",\"url\":\"");
    if (path)
        g_string_append(into, path);
    else
        append_path(into, dice);
    g_string_append(into, "\",\"http_user_agent\":\"Mozilla\\/5.0 (X11; Linux x86_64) "
                          "AppleWebKit\\/537.36 Chrome\\/124.0.0.0 Safari\\/537.36\","
                          "\"http_content_type\":\"text\\/html\",\"http_refer\":\"http:\\/\\/");
    append_name(into, dice, "test");
    g_string_append_printf(into,
                           "\\/\",\"http_method\":\"GET\",\"protocol\":\"HTTP\\/1.1\","
                           "\"status\":200,\"length\":%u}}",
                           roll(dice, 100000));
}

static void append_file(GString *into, Dice *dice, const char *hash)
{
    append_event(into, dice, "fileinfo", "TCP", 80, NULL);
    g_string_append(into, "\"http\":{\"hostname\":\"");
    append_name(into, dice, "test");
    g_string_append(into, "\",\"url\":\"");
    append_path(into, dice);
    g_string_append(into, "\"},\"app_proto\":\"http\",\"fileinfo\":{\"filename\":\"");
    append_path(into, dice);
    g_string_append(into, "\",\"gaps\":false,\"state\":\"CLOSED\",\"md5\":\"");
    append_hex(into, dice, 32);
    g_string_append(into, "\",\"sha256\":\"");
    if (hash)
        g_string_append(into, hash);
    else
        append_hex(into, dice, 64);
    g_string_append_printf(into, "\",\"stored\":false,\"size\":%u,\"tx_id\":0}}",
                           roll(dice, 1000000));
}

static void append_alert(GString *into, Dice *dice, const char *address)
{
    append_event(into, dice, "alert", "TCP", 80, address);
    g_string_append_printf(
        into,
        "\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":%u,"
        "\"rev\":3,\"signature\":\"FORUM POLICY curl User-Agent Outbound\","
        "\"category\":\"Attempted Information Leak\",\"severity\":2},\"payload\":\"",
        2000000 + roll(dice, 100000));
    append_hex(into, dice, 200);
    g_string_append(into, "\",\"stream\":1}");
}

/* @planted: "kind<TAB>value", or NULL. */
static void append_eve(GString *into, Dice *dice, const char *planted)
{
    const char *value = planted ? strchr(planted, '\t') + 1 : NULL;
    guint kind = roll(dice, 100);

    if (value && planted[0] == 'i')
        append_flow(into, dice, value);
    else if (value && planted[0] == 's')
        append_file(into, dice, value);
    else if (value && planted[0] == 'u')
        append_http(into, dice, NULL, value);
    else if (value && planted[0] == 'e')
        append_http(into, dice, strchr(value, '@') + 1, NULL);
    else if (kind < 35)
        append_dns(into, dice, value);
    else if (value || kind < 52)
        append_tls(into, dice, value);
    else if (kind < 80)
        append_flow(into, dice, NULL);
    else if (kind < 92)
        append_http(into, dice, NULL, NULL);
    else if (kind < 98)
        append_file(into, dice, NULL);
    else
        append_alert(into, dice, NULL);
    g_string_append_c(into, '\n');
}

/* May it be planted in a text, as it is? */
static void plant(GPtrArray *planted, const char *line)
{
    if (planted->len < 1000 && !g_str_has_prefix(line, "cidr"))
        g_ptr_array_add(planted, g_strdup(line));
}

static void make_indicators(const char *path, guint64 count, Dice *dice, GPtrArray *planted)
{
    g_autoptr(GString) text = g_string_new(NULL);
    FILE *file = fopen(path, "w");
    for (; file && count > 0; count--) {
        g_string_truncate(text, 0);
        append_indicator(text, dice);
        fprintf(file, "%s\n", text->str);
        plant(planted, text->str);
    }
    if (!file || fclose(file) != 0)
        fail("the indicators cannot be written");
}

static void read_indicators(const char *path, GPtrArray *planted)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (!file)
        fail("the indicators cannot be read");
    while (planted->len < 1000 && fgets(line, sizeof line, file))
        plant(planted, g_strchomp(line));
    fclose(file);
}

int main(int argc, char **argv)
{
    Dice dice = {42};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) planted = g_ptr_array_new_with_free_func(g_free);

    gboolean eve = argc == 6 && strcmp(argv[5], "eve") == 0;
    gboolean feed = argc == 6 && strcmp(argv[5], "feed") == 0;
    if (argc != 5 && !eve && !feed)
        fail("usage: bench-shield-log INDICATORS COUNT LOG BYTES [eve|feed]");
    FILE *log = fopen(argv[3], "w");
    if (!log)
        fail("the log cannot be written");
    if (feed)
        read_indicators(argv[1], planted);
    else
        make_indicators(argv[1], g_ascii_strtoull(argv[2], NULL, 10), &dice, planted);
    dice.tops = feed;
    guint64 left = g_ascii_strtoull(argv[4], NULL, 10);
    while (left > 0) {
        gboolean hit = roll(&dice, 1000) == 0 && planted->len > 0;
        g_string_truncate(text, 0);
        const char *value = hit ? planted->pdata[roll(&dice, planted->len)] : NULL;
        if (eve)
            append_eve(text, &dice, value);
        else
            append_line(text, &dice, value ? strchr(value, '\t') + 1 : "-");
        fwrite(text->str, 1, text->len, log);
        left -= MIN(left, text->len);
    }
    return fclose(log) == 0 ? 0 : 1;
}
