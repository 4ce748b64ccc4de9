#include "intake/rsit.h"

#include <string.h>

static const RsitClass classes[] = {
    {"abusive-content.spam", "Spam"},
    {"abusive-content.harmful-speech", "Harmful Speech"},
    {"abusive-content.violence", "(Child) Sexual Exploitation/Sexual/Violent Content"},
    {"malicious-code.infected-system", "Infected System"},
    {"malicious-code.c2-server", "C2 Server"},
    {"malicious-code.malware-distribution", "Malware Distribution"},
    {"malicious-code.malware-configuration", "Malware Configuration"},
    {"information-gathering.scanner", "Scanning"},
    {"information-gathering.sniffing", "Sniffing"},
    {"information-gathering.social-engineering", "Social Engineering"},
    {"intrusion-attempts.ids-alert", "Exploitation of Known Vulnerabilities"},
    {"intrusion-attempts.brute-force", "Login Attempts"},
    {"intrusion-attempts.exploit", "New Attack Signature"},
    {"intrusions.privileged-account-compromise", "Privileged Account Compromise"},
    {"intrusions.unprivileged-account-compromise", "Unprivileged Account Compromise"},
    {"intrusions.application-compromise", "Application Compromise"},
    {"intrusions.system-compromise", "System Compromise"},
    {"intrusions.burglary", "Burglary"},
    {"availability.dos", "Denial of Service"},
    {"availability.ddos", "Distributed Denial of Service"},
    {"availability.misconfiguration", "Misconfiguration"},
    {"availability.sabotage", "Sabotage"},
    {"availability.outage", "Outage"},
    {"information-content-security.unauthorised-information-access",
     "Unauthorised Access to Information"},
    {"information-content-security.unauthorised-information-modification",
     "Unauthorised Modification of Information"},
    {"information-content-security.data-loss", "Data Loss"},
    {"information-content-security.data-leak", "Leak of Confidential Information"},
    {"fraud.unauthorised-use-of-resources", "Unauthorised Use of Resources"},
    {"fraud.copyright", "Copyright"},
    {"fraud.masquerade", "Masquerade"},
    {"fraud.phishing", "Phishing"},
    {"vulnerable.weak-crypto", "Weak Cryptography"},
    {"vulnerable.ddos-amplifier", "DDoS Amplifier"},
    {"vulnerable.potentially-unwanted-accessible", "Potentially Unwanted Accessible Services"},
    {"vulnerable.information-disclosure", "Information Disclosure"},
    {"vulnerable.vulnerable-system", "Vulnerable System"},
    {"other.other", "Uncategorised"},
    {"other.undetermined", "Undetermined"},
    {"test.test", "Test"},
};

/* What other readers and writers of reports call a class: former words of the taxonomy, and those
 * of its predecessors. */
static const struct {
    const char *type;
    const char *word;
} former[] = {
    {"blacklist", "other.other"},
    {"blocklist", "other.other"},
    {"botnet-drone", "malicious-code.infected-system"},
    {"malware", "malicious-code.infected-system"},
    {"ransomware", "malicious-code.infected-system"},
    {"c2server", "malicious-code.c2-server"},
    {"c&c", "malicious-code.c2-server"},
    {"unauthorized-use-of-resources", "fraud.unauthorised-use-of-resources"},
    {"unauthorized-information-access",
     "information-content-security.unauthorised-information-access"},
    {"unauthorized-information-modification",
     "information-content-security.unauthorised-information-modification"},
    {"dropzone", "information-content-security.data-leak"},
    {"leak", "information-content-security.data-leak"},
    {"defacement", "intrusions.application-compromise"},
    {"compromised", "intrusions.system-compromise"},
    {"backdoor", "intrusions.system-compromise"},
    {"unknown", "other.undetermined"},
    {"dga-domain", "other.other"},
    {"proxy", "other.other"},
    {"tor", "other.other"},
    {"vulnerable-client", "vulnerable.vulnerable-system"},
    {"vulnerable-service", "vulnerable.vulnerable-system"},
};

#define WORD_MAX 96

const RsitClass *rsit_classes(guint *ret_count)
{
    *ret_count = G_N_ELEMENTS(classes);
    return classes;
}

/* "RSIT:Fraud=\"Phishing\"", "fraud/phishing", "Fraud: phishing" as "fraud.phishing"; FALSE when
 * longer than any word is. */
static gboolean plain(const char *word, char buffer[WORD_MAX])
{
    gsize length = 0;
    gboolean gap = FALSE;

    if (g_ascii_strncasecmp(word, "rsit:", 5) == 0)
        word += 5;
    for (; *word; word++) {
        char c = g_ascii_tolower(*word);
        if (strchr("/:=.", c)) {
            c = '.';
            gap = FALSE;
        } else if (c == ' ' || c == '_' || c == '-') {
            gap = TRUE;
            continue;
        } else if (c == '"') {
            continue;
        }
        if (length + 2 >= WORD_MAX)
            return FALSE;
        if (gap && length > 0 && buffer[length - 1] != '.')
            buffer[length++] = '-';
        gap = FALSE;
        buffer[length++] = c;
    }
    buffer[length] = '\0';
    return length > 0;
}

static const RsitClass *find_word(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (strcmp(classes[i].word, word) == 0)
            return &classes[i];
    return NULL;
}

const RsitClass *rsit_find(const char *word)
{
    char text[WORD_MAX];
    const RsitClass *found = NULL;

    if (!word || !plain(word, text))
        return NULL;
    if ((found = find_word(text)))
        return found;
    /* Types are unique among the classes; the class before a former word is passed over. */
    const char *point = strchr(text, '.');
    const char *type = point ? point + 1 : text;
    for (guint i = 0; i < G_N_ELEMENTS(classes) && !point; i++)
        if (strcmp(strchr(classes[i].word, '.') + 1, type) == 0)
            return &classes[i];
    for (guint i = 0; i < G_N_ELEMENTS(former); i++)
        if (strcmp(former[i].type, type) == 0)
            return find_word(former[i].word);
    return NULL;
}
