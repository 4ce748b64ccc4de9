/* Suricata's EVE: a JSON object a line. https://docs.suricata.io/en/latest/output/eve/ */
#include "shield/input_json.h"

#define SOURCE      "network-traffic:src_ref.value"
#define DESTINATION "network-traffic:dst_ref.value"
#define DOMAIN      "domain-name:value"
#define ADDRESS     "ipv4-addr:value"
#define URL         "url:value"
#define MD5         "file:hashes.MD5"
#define SHA1        "file:hashes.'SHA-1'"
#define SHA256      "file:hashes.'SHA-256'"
#define FROM        "email-message:from_ref.value"
#define TO          "email-message:to_refs[*].value"
#define REQUEST     "network-traffic:extensions.'http-request-ext'."
#define AGENT       REQUEST "request_header.'User-Agent'"

static const InputField fields[] = {
    {"timestamp", OBSERVABLE_NONE, INPUT_TIME, NULL},
    {"src_ip", OBSERVABLE_IPV4, INPUT_SOURCE, SOURCE},
    {"src_port", OBSERVABLE_NONE, INPUT_SOURCE_PORT, "network-traffic:src_port"},
    {"dest_ip", OBSERVABLE_IPV4, INPUT_DESTINATION, DESTINATION},
    {"dest_port", OBSERVABLE_NONE, INPUT_DESTINATION_PORT, "network-traffic:dst_port"},
    {"proto", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"xff", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},

    {"http.hostname", OBSERVABLE_DOMAIN, INPUT_HOST, DOMAIN},
    {"http.url", OBSERVABLE_URL, INPUT_TARGET, REQUEST "request_value"},
    {"http.http_port", OBSERVABLE_NONE, INPUT_URL_PORT, NULL},
    {"http.http_user_agent", OBSERVABLE_OTHER, INPUT_VALUE, AGENT},
    {"http.http_refer", OBSERVABLE_URL, INPUT_VALUE, REQUEST "request_header.Referer"},
    {"http.redirect", OBSERVABLE_URL, INPUT_VALUE, URL},
    {"http.xff", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},

    {"dns.rrname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.rdata", OBSERVABLE_DOMAIN, INPUT_VALUE, NULL},
    {"dns.query.rrname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.queries.rrname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.answer.rrname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.answers.rrname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.answers.rdata", OBSERVABLE_DOMAIN, INPUT_VALUE, NULL},
    {"dns.authorities.rrname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.grouped.A", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"dns.grouped.AAAA", OBSERVABLE_IPV6, INPUT_VALUE, "ipv6-addr:value"},
    {"dns.grouped.CNAME", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.grouped.MX", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.grouped.NS", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"dns.grouped.PTR", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},

    {"tls.sni", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"tls.ja3.hash", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"tls.ja3s.hash", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"tls.ja3.string", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"tls.ja3s.string", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"tls.ja4", OBSERVABLE_JA4, INPUT_VALUE, NULL},
    {"tls.subjectaltname", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"tls.fingerprint", OBSERVABLE_NONE, INPUT_VALUE, "x509-certificate:hashes.'SHA-1'"},
    {"quic.sni", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"quic.ja3.hash", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"quic.ja3.string", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"quic.ja3s.hash", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"quic.ja3s.string", OBSERVABLE_JA3, INPUT_VALUE, NULL},
    {"quic.ja4", OBSERVABLE_JA4, INPUT_VALUE, NULL},
    {"quic.ua", OBSERVABLE_OTHER, INPUT_VALUE, AGENT},
    {"ssh.client.hassh.hash", OBSERVABLE_NONE, INPUT_NOTHING, NULL},
    {"ssh.server.hassh.hash", OBSERVABLE_NONE, INPUT_NOTHING, NULL},
    {"ssh.client.software_version", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    {"ssh.server.software_version", OBSERVABLE_OTHER, INPUT_VALUE, NULL},

    {"fileinfo.md5", OBSERVABLE_MD5, INPUT_VALUE, MD5},
    {"fileinfo.sha1", OBSERVABLE_SHA1, INPUT_VALUE, SHA1},
    {"fileinfo.sha256", OBSERVABLE_SHA256, INPUT_VALUE, SHA256},
    {"files.md5", OBSERVABLE_MD5, INPUT_VALUE, MD5},
    {"files.sha1", OBSERVABLE_SHA1, INPUT_VALUE, SHA1},
    {"files.sha256", OBSERVABLE_SHA256, INPUT_VALUE, SHA256},

    {"smtp.helo", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"smtp.mail_from", OBSERVABLE_EMAIL, INPUT_VALUE, FROM},
    {"smtp.rcpt_to", OBSERVABLE_EMAIL, INPUT_VALUE, TO},
    {"email.from", OBSERVABLE_EMAIL, INPUT_VALUE, FROM},
    {"email.to", OBSERVABLE_EMAIL, INPUT_VALUE, TO},
    {"email.url", OBSERVABLE_URL, INPUT_VALUE, URL},
    {"email.attachment", OBSERVABLE_NONE, INPUT_VALUE, "file:name"},
    {"fileinfo.filename", OBSERVABLE_NONE, INPUT_VALUE, "file:name"},

    {"dhcp.assigned_ip", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {"dhcp.client_ip", OBSERVABLE_IPV4, INPUT_VALUE, ADDRESS},
    {NULL, 0, 0, NULL},
};

static gboolean detect(const char *sample, gsize length)
{
    static const char *const keys[] = {"timestamp", "event_type", NULL};
    return input_json_has(sample, length, keys);
}

static gboolean read_line(Input *input, InputRow *row)
{
    return input_json_read(input, row, FALSE);
}

const InputFormat input_eve = {
    .name = "eve", .detect = detect, .read = read_line, .fields = fields};
