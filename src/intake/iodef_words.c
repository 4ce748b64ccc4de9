#include "intake/iodef_words.h"

#include <string.h>

#define DOS    "availability.dos"
#define LEAK   "information-content-security.data-leak"
#define CHANGE "information-content-security.unauthorised-information-modification"
#define ACCESS "information-content-security.unauthorised-information-access"

typedef struct {
    const char *word, *meaning;
} Pair;

/* SystemImpact and BusinessImpact of RFC 7970 section 3.12, Impact of RFC 5070 section 3.10.1. */
static const Pair impacts[] = {
    {"takeover-account", "intrusions.unprivileged-account-compromise"},
    {"takeover-service", "intrusions.application-compromise"},
    {"takeover-system", "intrusions.system-compromise"},
    {"cps-manipulation", "availability.sabotage"},
    {"cps-damage", "availability.sabotage"},
    {"availability-data", DOS},
    {"availability-account", DOS},
    {"availability-service", DOS},
    {"availability-system", DOS},
    {"damaged-system", "availability.sabotage"},
    {"damaged-data", "information-content-security.data-loss"},
    {"breach-proprietary", LEAK},
    {"breach-privacy", LEAK},
    {"breach-credential", LEAK},
    {"breach-configuration", LEAK},
    {"integrity-data", CHANGE},
    {"integrity-configuration", CHANGE},
    {"integrity-hardware", CHANGE},
    {"traffic-redirection", "information-gathering.sniffing"},
    {"monitoring-traffic", "information-gathering.sniffing"},
    {"monitoring-host", "information-gathering.sniffing"},
    {"loss-of-integrity", CHANGE},
    {"loss-of-service", DOS},
    {"theft-financial", "fraud.masquerade"},
    {"theft-service", "fraud.unauthorised-use-of-resources"},
    {"extortion", "malicious-code.infected-system"},
    {"admin", "intrusions.privileged-account-compromise"},
    {"user", "intrusions.unprivileged-account-compromise"},
    {"dos", DOS},
    {"file", ACCESS},
    {"info-leak", LEAK},
    {"misconfiguration", "availability.misconfiguration"},
    {"recon", "information-gathering.scanner"},
    {"social-engineering", "information-gathering.social-engineering"},
};

/* NodeRole of RFC 7970 section 3.18.2. */
static const Pair roles[] = {
    {"c2-server", "malicious-code.c2-server"},
    {"malware-distribution", "malicious-code.malware-distribution"},
    {"drop-server", LEAK},
    {"reflector", "vulnerable.ddos-amplifier"},
    {"phishing-site", "fraud.phishing"},
    {"phishing", "fraud.phishing"},
    {"spear-phishing-site", "fraud.phishing"},
    {"fraudulent-site", "fraud.masquerade"},
    {"hop-point", "intrusions.system-compromise"},
};

/* The beginning of a class, the more exact first. */
static const Pair classes[] = {
    {"availability.", "availability-system"},
    {"information-content-security.data-loss", "damaged-data"},
    {"information-content-security.unauthorised-information-modification", "integrity-data"},
    {"information-content-security.", "breach-proprietary"},
    {"information-gathering.sniffing", "monitoring-traffic"},
    {"intrusions.application-compromise", "takeover-service"},
    {"intrusions.privileged-account-compromise", "takeover-account"},
    {"intrusions.unprivileged-account-compromise", "takeover-account"},
    {"intrusions.", "takeover-system"},
    {"malicious-code.infected-system", "takeover-system"},
};

static const Pair restrictions[] = {
    {"white", "clear"}, {"green", "green"},  {"amber", "amber"},   {"need-to-know", "amber+strict"},
    {"red", "red"},     {"public", "clear"}, {"partner", "amber"}, {"private", "red"},
};

static const struct {
    guint number;
    const char *name;
} protocols[] = {{1, "icmp"}, {2, "igmp"}, {6, "tcp"}, {17, "udp"},    {41, "ipv6"},
                 {47, "gre"}, {50, "esp"}, {51, "ah"}, {58, "icmpv6"}, {132, "sctp"}};

static const char *find(const Pair *pairs, gsize count, const char *word)
{
    for (gsize i = 0; word && i < count; i++)
        if (strcmp(pairs[i].word, word) == 0)
            return pairs[i].meaning;
    return NULL;
}

const char *iodef_words_class_of_impact(const char *type)
{
    return find(impacts, G_N_ELEMENTS(impacts), type);
}

const char *iodef_words_class_of_role(const char *category)
{
    return find(roles, G_N_ELEMENTS(roles), category);
}

const char *iodef_words_impact_of_class(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (g_str_has_prefix(word, classes[i].word))
            return classes[i].meaning;
    return "unknown";
}

const char *iodef_words_tlp(const char *restriction)
{
    return find(restrictions, G_N_ELEMENTS(restrictions), restriction);
}

const char *iodef_words_restriction(const char *tlp)
{
    for (guint i = 0; tlp && i < G_N_ELEMENTS(restrictions); i++)
        if (strcmp(restrictions[i].meaning, tlp) == 0)
            return restrictions[i].word;
    return NULL;
}

const char *iodef_words_protocol(const char *number)
{
    guint64 value;
    if (number && g_ascii_string_to_unsigned(number, 10, 0, 255, &value, NULL))
        for (guint i = 0; i < G_N_ELEMENTS(protocols); i++)
            if (protocols[i].number == value)
                return protocols[i].name;
    return NULL;
}

guint iodef_words_protocol_number(const char *name)
{
    guint64 value;
    for (guint i = 0; name && i < G_N_ELEMENTS(protocols); i++)
        if (strcmp(protocols[i].name, name) == 0)
            return protocols[i].number;
    return name && g_ascii_string_to_unsigned(name, 10, 0, 255, &value, NULL) ? (guint)value : 0;
}
