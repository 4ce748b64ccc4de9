#include "intake/xarf_types.h"

#include <string.h>

#define BRUTE    "intrusion-attempts.brute-force"
#define EXPLOIT  "intrusion-attempts.ids-alert"
#define SCANNER  "information-gathering.scanner"
#define INFECTED "malicious-code.infected-system"
#define DDOS     "availability.ddos"
#define SPAM     "abusive-content.spam"
#define ABUSE    "abusive-content.violence"
#define COPY     "fraud.copyright"
#define MASK     "fraud.masquerade"
#define SERVICE  "vulnerable.potentially-unwanted-accessible"

/* Version 4 first; then the words of versions 0.2 to 3. */
static const XarfType types[] = {
    {"connection", "login_attack", BRUTE, TRUE},
    {"connection", "auth_failure", BRUTE},
    {"connection", "port_scan", SCANNER, TRUE},
    {"connection", "reconnaissance", SCANNER},
    {"connection", "scraping", SCANNER},
    {"connection", "vulnerability_scan", SCANNER},
    {"connection", "vuln_scanning", SCANNER},
    {"connection", "sql_injection", EXPLOIT},
    {"connection", "ddos", DDOS, TRUE},
    {"connection", "ddos_amplification", "vulnerable.ddos-amplifier"},
    {"connection", "infected_host", INFECTED, TRUE},
    {"connection", "bot", INFECTED},
    {"connection", "ip_spoof", MASK},
    {"content", "phishing", "fraud.phishing", TRUE},
    {"content", "malware", "malicious-code.malware-distribution", TRUE},
    {"content", "fraud", MASK, TRUE},
    {"content", "brand_infringement", MASK},
    {"content", "csam", ABUSE},
    {"content", "csem", ABUSE},
    {"content", "exposed_data", "information-content-security.data-leak"},
    {"content", "remote_compromise", "intrusions.application-compromise"},
    {"content", "suspicious_registration", "other.other"},
    {"copyright", NULL, COPY},
    {"infrastructure", "botnet", INFECTED},
    {"infrastructure", "bot", INFECTED},
    {"infrastructure", "compromised_server", "intrusions.system-compromise", TRUE},
    {"messaging", "spam", SPAM, TRUE},
    {"messaging", "bulk_messaging", SPAM},
    {"messaging", "phishing", "fraud.phishing"},
    {"reputation", "blocklist", "other.other", TRUE},
    {"reputation", "threat_intelligence", "other.other"},
    {"vulnerability", "cve", "vulnerable.vulnerable-system"},
    {"vulnerability", "misconfiguration", "vulnerable.vulnerable-system"},
    {"vulnerability", "open_service", SERVICE, TRUE},
    {"vulnerability", "open", SERVICE},
    {"activity", "dos", "availability.dos"},
    {"activity", "exploit", EXPLOIT},
    {"activity", "harassment", "abusive-content.harmful-speech"},
    {"activity", "malware", INFECTED},
    {"activity", "potentially_compromised_account", "intrusions.unprivileged-account-compromise"},
    {"activity", "web_crawler", SCANNER},
    {"content", "botnet", INFECTED},
    {"content", "child_abuse", ABUSE},
    {"content", "child_sexual_abuse_material", ABUSE},
    {"content", "copyright", COPY},
    {"content", "trademark", MASK},
    {NULL, "malware_attack", INFECTED},
    {NULL, "info", "other.undetermined"},
    {NULL, "login_attack", BRUTE},
    {NULL, "port_scan", SCANNER},
    {NULL, "spam", SPAM},
    {NULL, "spamvertized", SPAM},
    {NULL, "open_service", SERVICE},
    {NULL, "phishing", "fraud.phishing"},
    {NULL, "ddos", DDOS},
    {NULL, "dos", "availability.dos"},
    {NULL, "botnet", INFECTED},
    {NULL, "malware", INFECTED},
    {NULL, "copyright", COPY},
    {NULL, "trademark", MASK},
};

/* Whether the words are the same but for case and for what joins their parts. */
static gboolean same(const char *a, const char *b)
{
    for (;;) {
        while (*a == '_' || *a == '-' || *a == ' ')
            a++;
        while (*b == '_' || *b == '-' || *b == ' ')
            b++;
        if (g_ascii_tolower(*a) != g_ascii_tolower(*b))
            return FALSE;
        if (*a == '\0')
            return TRUE;
        a++;
        b++;
    }
}

const char *xarf_types_class(const char *category, const char *type)
{
    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if ((!types[i].category || (category && same(types[i].category, category))) &&
            (!types[i].type || (type && same(types[i].type, type))))
            return types[i].word;
    return NULL;
}

const XarfType *xarf_types_for(const char *word)
{
    static const XarfType fallback = {"reputation", "threat_intelligence", "other.undetermined",
                                      TRUE};
    /* Classes that have no type of their own go where their reader would look. */
    static const struct {
        const char *prefix, *word;
    } near[] = {
        {"abusive-content.", SPAM},
        {"availability.", DDOS},
        {"fraud.", MASK},
        {"information-gathering.", SCANNER},
        {"intrusion-attempts.", BRUTE},
        {"intrusions.", "intrusions.system-compromise"},
        {"malicious-code.", INFECTED},
        {"vulnerable.", SERVICE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if (types[i].writes && strcmp(types[i].word, word) == 0)
            return &types[i];
    for (guint i = 0; i < G_N_ELEMENTS(near); i++)
        if (g_str_has_prefix(word, near[i].prefix))
            return xarf_types_for(near[i].word);
    return &fallback;
}
