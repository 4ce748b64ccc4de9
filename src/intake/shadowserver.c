#include "intake/shadowserver.h"

#include <string.h>

/* Of most reports: a scan found the address, or the address was the source of an event. */
#define COMMON "time=timestamp,protocol=protocol,severity=severity,report_id=event_id"
#define DETAIL                                                                                     \
    ",description=infection,description=family,description=vulnerability_id,description=tag"
#define SCAN       COMMON ",address=ip,port=port,asn=asn" DETAIL
#define EVENT      COMMON ",address=src_ip,port=src_port,asn=src_asn" DETAIL

#define DDOS       "availability.ddos"
#define INFECTED   "malicious-code.infected-system"
#define SPREADING  "malicious-code.malware-distribution"
#define OTHER      "other.other"
#define VULNERABLE "vulnerable.vulnerable-system"
#define UNWANTED   "vulnerable.potentially-unwanted-accessible"
#define WEAK       "vulnerable.weak-crypto"

/* The first that fits counts. */
static const ShadowserverReport reports[] = {
    {"blocklist", FALSE, OTHER, SCAN ",description=reason"},
    {"compromised_account", FALSE, "information-content-security.data-leak",
     COMMON ",email=email,email=username" DETAIL},
    {"compromised_iot", FALSE, "intrusions.system-compromise", SCAN},
    {"compromised_website", FALSE, "intrusions.system-compromise",
     SCAN ",domain=http_host,url=url,description=category"},
    {"device_id", FALSE, "other.undetermined", SCAN},
    {"dns_openresolver", FALSE, VULNERABLE, SCAN},
    {"event_ddos_participant", FALSE, DDOS, EVENT},
    {"event_honeypot_brute_force", FALSE, "intrusion-attempts.brute-force", EVENT},
    {"event_honeypot_darknet", FALSE, OTHER, EVENT},
    {"event_honeypot_ddos_amp", FALSE, DDOS, EVENT, FINDING_TARGET},
    {"event_honeypot_ddos_target", FALSE, DDOS,
     COMMON ",address=dst_ip,port=dst_port,asn=dst_asn" DETAIL, FINDING_TARGET},
    {"event_honeypot_ddos", FALSE, DDOS, EVENT},
    {"event_honeypot_", FALSE, "information-gathering.scanner", EVENT},
    {"event_ip_spoofer", FALSE, "fraud.masquerade", EVENT ",prefix=network"},
    {"event_sinkhole_dns", FALSE, OTHER, EVENT},
    {"event_sinkhole_http_referer", FALSE, INFECTED,
     COMMON ",address=http_referer_ip,port=http_referer_port,asn=http_referer_asn,"
            "url=http_referer" DETAIL},
    {"event_sinkhole", FALSE, INFECTED, EVENT},
    {"event_microsoft_sinkhole", FALSE, INFECTED, EVENT},
    {"malware_url", FALSE, SPREADING, SCAN ",url=url,hash=sha256"},
    {"population_http_proxy", FALSE, OTHER, SCAN},
    {"population_isakmp", FALSE, OTHER, SCAN},
    {"population_ntrip", FALSE, OTHER, SCAN},
    {"population_", FALSE, VULNERABLE, SCAN},
    {"ransomware_victim", FALSE, "intrusions.system-compromise",
     COMMON ",value=website,description=ransomware"},
    {"sandbox_conn", FALSE, SPREADING, SCAN ",hash=sha256,hash=sha1,hash=md5"},
    {"sandbox_dns", FALSE, OTHER, COMMON ",domain=request,hash=sha256,hash=sha1,hash=md5" DETAIL},
    {"sandbox_url", FALSE, SPREADING, SCAN ",url=url,hash=sha256,hash=sha1,hash=md5"},
    {"scan_badsecrets", FALSE, WEAK, SCAN},
    {"scan_gtp", FALSE, UNWANTED, SCAN},
    {"scan_http", TRUE, OTHER, SCAN},
    {"scan_imap", TRUE, OTHER, SCAN},
    {"scan_msrpc", TRUE, UNWANTED, SCAN},
    {"scan_pop3", TRUE, OTHER, SCAN},
    {"scan_post_exploitation_framework", FALSE, INFECTED, SCAN},
    {"scan_quic", TRUE, OTHER, SCAN},
    {"scan_smtp", TRUE, OTHER, SCAN},
    {"scan_ssh", TRUE, OTHER, SCAN},
    {"scan_ssl", TRUE, OTHER, SCAN},
    {"scan_ssl_", FALSE, WEAK, SCAN},
    {"scan_stun", TRUE, OTHER, SCAN},
    {"scan_", FALSE, VULNERABLE, SCAN},
    {"spam_url", FALSE, "abusive-content.spam", SCAN ",url=url,description=subject"},
    {"special", TRUE, VULNERABLE, SCAN ",description=detail"},
};

/* What columns tell where no name does: those that only one family of reports has. */
static const struct {
    const char *column, *type;
} telling[] = {
    {"http_referer_ip", "event_sinkhole_http_referer"},
    {"request_type", "sandbox_dns"},
    {"ransomware", "ransomware_victim"},
    {"sender", "spam_url"},
    {"routedspoof", "event_ip_spoofer"},
    {"redirect_target", "compromised_website"},
    {"attack_src_ip", "event_honeypot_ddos"},
    {"query_type", "event_sinkhole_dns"},
    {"http_url", "event_sinkhole_http"},
};

static gboolean has_column(const GArray *fields, const char *name)
{
    for (guint i = 0; i < fields->len; i++)
        if (strcmp(g_array_index(fields, RecordField, i).text, name) == 0)
            return TRUE;
    return FALSE;
}

/* "scan6_telnet", "event4_sinkhole", "device_id6" without the IP version. */
static char *plain_type(const char *type)
{
    static const char *const families[] = {"scan", "event", "population"};
    for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
        gsize length = strlen(families[i]);
        if (strncmp(type, families[i], length) == 0 &&
            (type[length] == '4' || type[length] == '6') && type[length + 1] == '_')
            return g_strconcat(families[i], type + length + 1, NULL);
    }
    char *plain = g_strdup(type);
    if (g_str_has_suffix(plain, "6"))
        plain[strlen(plain) - 1] = '\0';
    return plain;
}

const ShadowserverReport *shadowserver_report(const char *type)
{
    g_autofree char *plain = plain_type(type);
    for (guint i = 0; i < G_N_ELEMENTS(reports); i++)
        if (reports[i].whole ? strcmp(plain, reports[i].name) == 0
                             : g_str_has_prefix(plain, reports[i].name))
            return &reports[i];
    return NULL;
}

/* "2026-01-31-": the day a file is of. */
static gsize date_length(const char *name)
{
    static const char form[] = "dddd-dd-dd-";
    for (gsize i = 0; form[i]; i++)
        if (form[i] == 'd' ? !g_ascii_isdigit(name[i]) : name[i] != form[i])
            return 0;
    return sizeof form - 1;
}

char *shadowserver_type_of_file(const char *name)
{
    g_autofree char *base = g_path_get_basename(name);
    char *type = base + date_length(base);
    type[strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789_")] = '\0';
    return shadowserver_report(type) ? g_strdup(type) : NULL;
}

gboolean shadowserver_is_header(const GArray *fields)
{
    static const char *const own[] = {"geo",   "src_geo",       "dst_geo",     "http_referer_geo",
                                      "naics", "public_source", "request_type"};
    if (!has_column(fields, "timestamp"))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        if (has_column(fields, own[i]))
            return TRUE;
    return FALSE;
}

const ShadowserverReport *shadowserver_guess(const GArray *fields)
{
    static const ShadowserverReport scan = {"", FALSE, NULL, SCAN ",url=url"};
    static const ShadowserverReport event = {"", FALSE, NULL, EVENT};
    for (guint i = 0; i < G_N_ELEMENTS(telling); i++)
        if (has_column(fields, telling[i].column))
            return shadowserver_report(telling[i].type);
    if (has_column(fields, "email"))
        return shadowserver_report("compromised_account");
    return has_column(fields, "src_ip") ? &event : &scan;
}
