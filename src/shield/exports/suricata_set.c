/* suricata_set.c - what many values take in Suricata: datasets, lists of hashes and a reputation
 * list, each a file of its own, and the rules that use them. Files are called concert-KIND.lst. */
#include <string.h>

#include "shield/exports/format.h"

static void begin(Export *export)
{
}

/* Datasets of text are in base64; names are looked up as they are. */
static ExportReason add_text(Export *export, const ExportValue *value)
{
    g_autofree char *base64 = g_base64_encode((const guchar *)value->text, strlen(value->text));
    g_string_append_printf(export->out, "%s\n", base64);
    return value->kind == OBSERVABLE_DOMAIN && !export->options.exact ? EXPORT_NARROWED
                                                                      : EXPORT_DONE;
}

static ExportReason add_line(Export *export, const ExportValue *value)
{
    g_string_append_printf(export->out, "%s\n", value->text);
    return EXPORT_DONE;
}

/* Suricata 8 takes IPv4 addresses in datasets only as IPv6 has them, and 7 takes these, too. */
static ExportReason add_address(Export *export, const ExportValue *value)
{
    g_string_append_printf(export->out, "%s%s\n", value->kind == OBSERVABLE_IPV4 ? "::ffff:" : "",
                           value->text);
    return EXPORT_DONE;
}

/* "address,category,score": the first category, and the confidence as score from 1 to 100. */
static ExportReason add_reputation(Export *export, const ExportValue *value)
{
    int score = value->confidence < 0 ? 50 : MAX(value->confidence, 1);
    g_string_append_printf(export->out, "%s,1,%d\n", value->text, score);
    return EXPORT_DONE;
}

static const struct {
    ObservableKind kind;
    const char *rules;
} rules[] = {
    {OBSERVABLE_DOMAIN,
     "alert dns any any -> any any (msg:\"Concert domain\"; dns.query; to_lowercase; "
     "dataset:isset,concert-domain,type string,load concert-domain.lst; sid:1400000001; rev:1;)\n"
     "alert tls any any -> any any (msg:\"Concert domain\"; tls.sni; to_lowercase; "
     "dataset:isset,concert-domain,type string,load concert-domain.lst; sid:1400000002; rev:1;)\n"
     "alert http any any -> any any (msg:\"Concert domain\"; http.host; "
     "dataset:isset,concert-domain,type string,load concert-domain.lst; sid:1400000003; rev:1;)\n"},
    {OBSERVABLE_IPV4,
     "alert ip any any -> any any (msg:\"Concert address\"; ip.src; "
     "dataset:isset,concert-ip,type ip,load concert-ip.lst; sid:1400000004; rev:1;)\n"
     "alert ip any any -> any any (msg:\"Concert address\"; ip.dst; "
     "dataset:isset,concert-ip,type ip,load concert-ip.lst; sid:1400000005; rev:1;)\n"},
    {OBSERVABLE_MD5, "alert http any any -> any any (msg:\"Concert md5\"; "
                     "filemd5:concert-md5.lst; sid:1400000006; rev:1;)\n"},
    {OBSERVABLE_SHA1, "alert http any any -> any any (msg:\"Concert sha1\"; "
                      "filesha1:concert-sha1.lst; sid:1400000007; rev:1;)\n"},
    {OBSERVABLE_SHA256, "alert http any any -> any any (msg:\"Concert sha256\"; "
                        "filesha256:concert-sha256.lst; sid:1400000008; rev:1;)\n"},
    {OBSERVABLE_JA3, "alert tls any any -> any any (msg:\"Concert ja3\"; ja3.hash; "
                     "dataset:isset,concert-ja3,type string,load concert-ja3.lst; sid:1400000009; "
                     "rev:1;)\n"},
};

typedef struct {
    guint32 kinds; /* that came */
} State;

static ExportReason note_kind(Export *export, const ExportValue *value)
{
    State *state = export->state;
    state->kinds |= value->kind == OBSERVABLE_IPV6 ? FORMAT_KIND(IPV4) : 1u << value->kind;
    return value->kind == OBSERVABLE_DOMAIN && !export->options.exact ? EXPORT_NARROWED
                                                                      : EXPORT_DONE;
}

/* Tried with 7.0.10: of the hashes that rules ask for it makes one kind. */
static const char one_hash[] =
    "# Suricata 7 looks for one kind of hash alone, unless suricata.yaml has, under outputs,\n"
    "# eve-log, types, files: force-hash: [md5, sha1, sha256]\n";

/* Only for lists that will not be empty: a rule whose list is not there is refused. */
static void write_rules(Export *export)
{
    const State *state = export->state;
    guint32 hashes = state->kinds & (FORMAT_KIND(MD5) | FORMAT_KIND(SHA1) | FORMAT_KIND(SHA256));
    format_head(export, "#");
    if (hashes & (hashes - 1))
        g_string_append(export->out, one_hash);
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
        if (state->kinds & 1u << rules[i].kind)
            g_string_append(export->out, rules[i].rules);
}

#define PLAIN "text/plain; charset=utf-8"

const ExportFormat format_suricata_sets = {
    .name = "suricata-sets",
    .summary = "rules for Suricata that use the lists below",
    .media_type = PLAIN,
    .kinds = FORMAT_KIND(DOMAIN) | FORMAT_KIND(IPV4) | FORMAT_KIND(IPV6) | FORMAT_KIND(MD5) |
             FORMAT_KIND(SHA1) | FORMAT_KIND(SHA256) | FORMAT_KIND(JA3),
    .names = FORMAT_EXACT,
    .state_size = sizeof(State),
    .begin = begin,
    .value = note_kind,
    .end = write_rules,
};

#define LIST(list, what, which, add)                                                               \
    .name = "suricata-" list, .summary = what, .media_type = PLAIN, .kinds = which,                \
    .names = FORMAT_EXACT, .begin = begin, .value = add

const ExportFormat format_suricata_domain = {LIST(
    "domain", "a Suricata dataset of names (concert-domain.lst)", FORMAT_KIND(DOMAIN), add_text)};
const ExportFormat format_suricata_ip = {LIST("ip",
                                              "a Suricata dataset of addresses (concert-ip.lst)",
                                              FORMAT_KIND(IPV4) | FORMAT_KIND(IPV6), add_address)};
const ExportFormat format_suricata_md5 = {
    LIST("md5", "a list of MD5s for Suricata (concert-md5.lst)", FORMAT_KIND(MD5), add_line)};
const ExportFormat format_suricata_sha1 = {
    LIST("sha1", "a list of SHA-1s for Suricata (concert-sha1.lst)", FORMAT_KIND(SHA1), add_line)};
const ExportFormat format_suricata_sha256 = {
    LIST("sha256", "a list of SHA-256s for Suricata (concert-sha256.lst)", FORMAT_KIND(SHA256),
         add_line)};
const ExportFormat format_suricata_ja3 = {LIST(
    "ja3", "a Suricata dataset of JA3 fingerprints (concert-ja3.lst)", FORMAT_KIND(JA3), add_text)};
const ExportFormat format_suricata_iprep = {
    LIST("iprep", "a reputation list of addresses and networks for Suricata", FORMAT_ADDRESSES,
         add_reputation)};
