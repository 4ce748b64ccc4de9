#include "stix/vocabulary.h"

#include <string.h>

/* A list of words between bars reads like the specification; the longest has 2 kB, and few values
 * of an object are looked up. */
static const struct {
    const char *name;
    const char *terms;
} vocabularies[VOCABULARY_COUNT] = {
    [VOCABULARY_ACCOUNT_TYPE] =
        {"account-type-ov",
         "|facebook|ldap|nis|openid|radius|skype|tacacs|twitter|unix|windows-local|"
         "windows-domain|kavi|"},
    [VOCABULARY_ACCOUNT_TYPE_20] =
        {"account-type-ov",
         "|unix|windows local|windows domain|ldap|tacacs|radius|nis|openid|facebook|skype|"
         "twitter|kavi|"},
    [VOCABULARY_ADDRESS_FAMILY] =
        {"network-socket-address-family-enum",
         "|AF_UNSPEC|AF_INET|AF_IPX|AF_APPLETALK|AF_NETBIOS|AF_INET6|AF_IRDA|AF_BTH|"},
    [VOCABULARY_ATTACK_MOTIVATION] =
        {"attack-motivation-ov",
         "|accidental|coercion|dominance|ideology|notoriety|organizational-gain|"
         "personal-gain|personal-satisfaction|revenge|unpredictable|"},
    [VOCABULARY_ATTACK_RESOURCE_LEVEL] = {"attack-resource-level-ov",
                                          "|individual|club|contest|team|organization|government|"},
    [VOCABULARY_ENCRYPTION] = {"encryption-algorithm-enum",
                               "|AES-256-GCM|ChaCha20-Poly1305|mime-type-indicated|"},
    [VOCABULARY_ENCRYPTION_20] =
        {"encryption-algo-ov",
         "|AES128-ECB|AES128-CBC|AES128-CFB|AES128-COFB|AES128-CTR|AES128-XTS|AES128-GCM|"
         "Salsa20|Salsa12|Salsa8|ChaCha20-Poly1305|ChaCha20|DES-CBC|3DES-CBC|DES-EBC|"
         "3DES-EBC|CAST128-CBC|CAST256-CBC|RSA|DSA|"},
    [VOCABULARY_EXTENSION_TYPE] =
        {"extension-type-enum",
         "|new-sdo|new-sco|new-sro|property-extension|toplevel-property-extension|"},
    [VOCABULARY_GROUPING_CONTEXT] = {"grouping-context-ov",
                                     "|suspicious-activity|malware-analysis|unspecified|"},
    [VOCABULARY_HASH] = {"hash-algorithm-ov",
                         "|MD5|SHA-1|SHA-256|SHA-512|SHA3-256|SHA3-512|SSDEEP|TLSH|"},
    [VOCABULARY_HASH_20] =
        {"hash-algorithm-ov",
         "|MD5|MD6|RIPEMD-160|SHA-1|SHA-224|SHA-256|SHA-384|SHA-512|SHA3-224|SHA3-256|"
         "SHA3-384|SHA3-512|ssdeep|WHIRLPOOL|"},
    [VOCABULARY_IDENTITY_CLASS] = {"identity-class-ov",
                                   "|individual|group|system|organization|class|unknown|"},
    [VOCABULARY_IDENTITY_CLASS_20] = {"identity-class-ov",
                                      "|individual|group|organization|class|unknown|"},
    [VOCABULARY_IMPLEMENTATION_LANGUAGE] =
        {"implementation-language-ov",
         "|applescript|bash|c|c++|c#|go|java|javascript|lua|objective-c|perl|php|powershell|"
         "python|ruby|scala|swift|typescript|visual-basic|x86-32|x86-64|"},
    [VOCABULARY_INDICATOR_TYPE] =
        {"indicator-type-ov",
         "|anomalous-activity|anonymization|benign|compromised|malicious-activity|"
         "attribution|unknown|"},
    [VOCABULARY_INDICATOR_LABEL_20] =
        {"indicator-label-ov",
         "|anomalous-activity|anonymization|benign|compromised|malicious-activity|"
         "attribution|"},
    [VOCABULARY_INDUSTRY_SECTOR] =
        {"industry-sector-ov",
         "|agriculture|aerospace|automotive|chemical|commercial|communications|construction|"
         "defense|education|energy|engineering|entertainment|financial-services|government|"
         "emergency-services|government-local|government-national|"
         "government-public-services|government-regional|healthcare|hospitality-leisure|"
         "infrastructure|dams|nuclear|water|insurance|manufacturing|mining|non-profit|"
         "pharmaceuticals|retail|technology|telecommunications|transportation|utilities|"},
    [VOCABULARY_INDUSTRY_SECTOR_20] =
        {"industry-sector-ov",
         "|agriculture|aerospace|automotive|communications|construction|defence|education|"
         "energy|entertainment|financial-services|government-national|government-regional|"
         "government-local|government-public-services|healthcare|hospitality-leisure|"
         "infrastructure|insurance|manufacturing|mining|non-profit|pharmaceuticals|retail|"
         "technology|telecommunications|transportation|utilities|"},
    [VOCABULARY_INFRASTRUCTURE_TYPE] =
        {"infrastructure-type-ov",
         "|amplification|anonymization|botnet|command-and-control|control-system|"
         "exfiltration|firewall|hosting-malware|hosting-target-lists|phishing|"
         "reconnaissance|routers-switches|staging|workstation|unknown|"},
    [VOCABULARY_INTEGRITY_LEVEL] = {"windows-integrity-level-enum", "|low|medium|high|system|"},
    [VOCABULARY_MALWARE_RESULT] = {"malware-result-ov", "|malicious|suspicious|benign|unknown|"},
    [VOCABULARY_MALWARE_CAPABILITY] =
        {"malware-capabilities-ov",
         "|accesses-remote-machines|anti-debugging|anti-disassembly|anti-emulation|"
         "anti-memory-forensics|anti-sandbox|anti-vm|captures-input-peripherals|"
         "captures-output-peripherals|captures-system-state-data|cleans-traces-of-infection|"
         "commits-fraud|communicates-with-c2|compromises-data-availability|"
         "compromises-data-integrity|compromises-system-availability|controls-local-machine|"
         "degrades-security-software|degrades-system-updates|determines-c2-server|"
         "emails-spam|escalates-privileges|evades-av|exfiltrates-data|fingerprints-host|"
         "hides-artifacts|hides-executing-code|infects-files|infects-remote-machines|"
         "installs-other-components|persists-after-system-reboot|prevents-artifact-access|"
         "prevents-artifact-deletion|probes-network-environment|self-modifies|"
         "steals-authentication-credentials|violates-system-operational-integrity|"},
    [VOCABULARY_MALWARE_TYPE] =
        {"malware-type-ov",
         "|adware|backdoor|bot|bootkit|ddos|downloader|dropper|exploit-kit|keylogger|"
         "ransomware|remote-access-trojan|resource-exploitation|rogue-security-software|"
         "rootkit|screen-capture|spyware|trojan|unknown|virus|webshell|wiper|worm|"},
    [VOCABULARY_MALWARE_LABEL_20] =
        {"malware-label-ov",
         "|adware|backdoor|bot|ddos|dropper|exploit-kit|keylogger|ransomware|"
         "remote-access-trojan|resource-exploitation|rogue-security-software|rootkit|"
         "screen-capture|spyware|trojan|virus|worm|"},
    [VOCABULARY_MARKING_TYPE] = {"marking definition types", "|statement|tlp|"},
    [VOCABULARY_OPINION] = {"opinion-enum",
                            "|strongly-disagree|disagree|neutral|agree|strongly-agree|"},
    [VOCABULARY_PATTERN_TYPE] = {"pattern-type-ov", "|stix|pcre|sigma|snort|suricata|yara|"},
    [VOCABULARY_PDF_INFORMATION] =
        {"PDF document information keys",
         "|Title|Author|Subject|Keywords|Creator|Producer|CreationDate|ModDate|Trapped|"},
    [VOCABULARY_PE_TYPE] = {"windows-pebinary-type-ov", "|dll|exe|sys|"},
    [VOCABULARY_PROCESSOR_ARCHITECTURE] = {"processor-architecture-ov",
                                           "|alpha|arm|ia-64|mips|powerpc|sparc|x86|x86-64|"},
    [VOCABULARY_PROTOCOL_FAMILY_20] =
        {"network-socket-protocol-family-enum",
         "|PF_INET|PF_AX25|PF_IPX|PF_INET6|PF_APPLETALK|PF_NETROM|PF_BRIDGE|PF_ATMPVC|"
         "PF_X25|PF_ROSE|PF_DECNET|PF_NETBEUI|PF_SECURITY|PF_KEY|PF_NETLINK|PF_ROUTE|"
         "PF_PACKET|PF_ASH|PF_ECONET|PF_ATMSVC|PF_SNA|PF_IRDA|PF_PPPOX|PF_WANPIPE|"
         "PF_BLUETOOTH|"},
    [VOCABULARY_REGION] =
        {"region-ov",
         "|africa|eastern-africa|middle-africa|northern-africa|southern-africa|"
         "western-africa|americas|caribbean|central-america|latin-america-caribbean|"
         "northern-america|south-america|asia|central-asia|eastern-asia|southern-asia|"
         "south-eastern-asia|western-asia|europe|eastern-europe|northern-europe|"
         "southern-europe|western-europe|oceania|antarctica|australia-new-zealand|melanesia|"
         "micronesia|polynesia|"},
    [VOCABULARY_REGISTRY_DATA_TYPE] =
        {"windows-registry-datatype-enum",
         "|REG_NONE|REG_SZ|REG_EXPAND_SZ|REG_BINARY|REG_DWORD|REG_DWORD_BIG_ENDIAN|"
         "REG_DWORD_LITTLE_ENDIAN|REG_LINK|REG_MULTI_SZ|REG_RESOURCE_LIST|"
         "REG_FULL_RESOURCE_DESCRIPTION|REG_RESOURCE_REQUIREMENTS_LIST|REG_QWORD|"
         "REG_INVALID_TYPE|"},
    [VOCABULARY_REPORT_TYPE] =
        {"report-type-ov",
         "|attack-pattern|campaign|identity|incident|indicator|intrusion-set|malware|"
         "observed-data|threat-actor|threat-report|tool|vulnerability|"},
    [VOCABULARY_REPORT_LABEL_20] =
        {"report-label-ov",
         "|threat-report|attack-pattern|campaign|identity|indicator|intrusion-set|malware|"
         "observed-data|threat-actor|tool|vulnerability|"},
    [VOCABULARY_SERVICE_START] =
        {"windows-service-start-type-enum",
         "|SERVICE_AUTO_START|SERVICE_BOOT_START|SERVICE_DEMAND_START|SERVICE_DISABLED|"
         "SERVICE_SYSTEM_ALERT|"},
    [VOCABULARY_SERVICE_STATUS] =
        {"windows-service-status-enum",
         "|SERVICE_CONTINUE_PENDING|SERVICE_PAUSE_PENDING|SERVICE_PAUSED|SERVICE_RUNNING|"
         "SERVICE_START_PENDING|SERVICE_STOP_PENDING|SERVICE_STOPPED|"},
    [VOCABULARY_SERVICE_TYPE] =
        {"windows-service-type-enum",
         "|SERVICE_KERNEL_DRIVER|SERVICE_FILE_SYSTEM_DRIVER|SERVICE_WIN32_OWN_PROCESS|"
         "SERVICE_WIN32_SHARE_PROCESS|"},
    [VOCABULARY_SOCKET_OPTION] =
        {"socket options",
         "|SO_ACCEPTCONN|SO_BINDTODEVICE|SO_BROADCAST|SO_BUSY_POLL|SO_CONDITIONAL_ACCEPT|"
         "SO_CONNECT_TIME|SO_DEBUG|SO_DOMAIN|SO_DONTLINGER|SO_DONTROUTE|SO_ERROR|"
         "SO_EXCLUSIVEADDRUSE|SO_GROUP_ID|SO_GROUP_PRIORITY|SO_INCOMING_CPU|SO_KEEPALIVE|"
         "SO_LINGER|SO_MARK|SO_MAX_MSG_SIZE|SO_OOBINLINE|SO_PASSCRED|SO_PAUSE_ACCEPT|"
         "SO_PEEK_OFF|SO_PEERCRED|SO_PEERSEC|SO_PORT_SCALABILITY|SO_PRIORITY|SO_PROTOCOL|"
         "SO_PROTOCOL_INFO|SO_RANDOMIZE_PORT|SO_RCVBUF|SO_RCVBUFFORCE|SO_RCVLOWAT|"
         "SO_RCVTIMEO|SO_REUSEADDR|SO_REUSEPORT|SO_REUSE_MULTICASTPORT|SO_REUSE_UNICASTPORT|"
         "SO_RXQ_OVFL|SO_SNDBUF|SO_SNDBUFFORCE|SO_SNDLOWAT|SO_SNDTIMEO|SO_TIMESTAMP|"
         "SO_TIMESTAMPNS|SO_TIMESTAMPING|SO_TYPE|SO_UPDATE_ACCEPT_CONTEXT|"
         "SO_UPDATE_CONNECT_CONTEXT|SO_USELOOPBACK|IP_ADD_IFLIST|IP_ADD_MEMBERSHIP|"
         "IP_ADD_SOURCE_MEMBERSHIP|IP_BLOCK_SOURCE|IP_DEL_IFLIST|IP_DONTFRAGMENT|"
         "IP_DROP_MEMBERSHIP|IP_DROP_SOURCE_MEMBERSHIP|IP_FREEBIND|IP_GET_IFLIST|IP_HDRINCL|"
         "IP_MSFILTER|IP_MTU|IP_MTU_DISCOVER|IP_MULTICAST_ALL|IP_MULTICAST_IF|"
         "IP_MULTICAST_LOOP|IP_MULTICAST_TTL|IP_NODEFRAG|IP_OPTIONS|IP_ORIGINAL_ARRIVAL_IF|"
         "IP_PKTINFO|IP_RECEIVE_BROADCAST|IP_RECVDSTADDR|IP_RECVERR|IP_RECVIF|IP_RECVOPTS|"
         "IP_RECVORIGDSTADDR|IP_RECVTOS|IP_RECVTTL|IP_RETOPTS|IP_ROUTER_ALERT|IP_TOS|"
         "IP_TRANSPARENT|IP_TTL|IP_UNBLOCK_SOURCE|IP_UNICAST_IF|IP_WFP_REDIRECT_CONTEXT|"
         "IP_WFP_REDIRECT_RECORDS|IPV6_ADD_MEMBERSHIP|IPV6_CHECKSUM|IPV6_DONTFRAG|"
         "IPV6_DROP_MEMBERSHIP|IPV6_GET_IFLIST|IPV6_HDRINCL|IPV6_HOPLIMIT|IPV6_JOIN_GROUP|"
         "IPV6_LEAVE_GROUP|IPV6_MTU|IPV6_MTU_DISCOVER|IPV6_MULTICAST_HOPS|IPV6_MULTICAST_IF|"
         "IPV6_MULTICAST_LOOP|IPV6_PKTINFO|IPV6_PROTECTION_LEVEL|IPV6_RECVIF|"
         "IPV6_RECVPKTINFO|IPV6_RECVTCLASS|IPV6_RTHDR|IPV6_TCLASS|IPV6_UNICAST_HOPS|"
         "IPV6_UNICAST_IF|IPV6_V6ONLY|MCAST_BLOCK_SOURCE|MCAST_JOIN_GROUP|"
         "MCAST_JOIN_SOURCE_GROUP|MCAST_LEAVE_GROUP|MCAST_LEAVE_SOURCE_GROUP|"
         "MCAST_UNBLOCK_SOURCE|ICMP_FILTER|ICMP6_FILTER|TCP_BSDURGENT|TCP_CONGESTION|"
         "TCP_CORK|TCP_DEFER_ACCEPT|TCP_EXPEDITED_1122|TCP_FASTOPEN|TCP_INFO|TCP_KEEPCNT|"
         "TCP_KEEPIDLE|TCP_KEEPINTVL|TCP_LINGER2|TCP_MAXRT|TCP_MAXSEG|TCP_NODELAY|"
         "TCP_QUICKACK|TCP_SYNCNT|TCP_TIMESTAMPS|TCP_USER_TIMEOUT|TCP_WINDOW_CLAMP|"
         "IRLMP_9WIRE_MODE|IRLMP_DISCOVERY_MODE|IRLMP_ENUMDEVICES|IRLMP_EXCLUSIVE_MODE|"
         "IRLMP_IAS_QUERY|IRLMP_IAS_SET|IRLMP_IRLPT_MODE|IRLMP_PARAMETERS|"
         "IRLMP_SEND_PDU_LEN|IRLMP_SHARP_MODE|IRLMP_TINYTP_MODE|"},
    [VOCABULARY_SOCKET_TYPE] = {"network-socket-type-enum",
                                "|SOCK_STREAM|SOCK_DGRAM|SOCK_RAW|SOCK_RDM|SOCK_SEQPACKET|"},
    [VOCABULARY_THREAT_ACTOR_TYPE] =
        {"threat-actor-type-ov",
         "|activist|competitor|crime-syndicate|criminal|hacker|insider-accidental|"
         "insider-disgruntled|nation-state|private-sector|sensationalist|spy|terrorist|"
         "unknown|"},
    [VOCABULARY_THREAT_ACTOR_LABEL_20] =
        {"threat-actor-label-ov",
         "|activist|competitor|crime-syndicate|criminal|hacker|insider-accidental|"
         "insider-disgruntled|nation-state|sensationalist|spy|terrorist|"},
    [VOCABULARY_THREAT_ACTOR_ROLE] =
        {"threat-actor-role-ov",
         "|agent|director|independent|infrastructure-architect|infrastructure-operator|"
         "malware-author|sponsor|"},
    [VOCABULARY_THREAT_ACTOR_SOPHISTICATION] =
        {"threat-actor-sophistication-ov",
         "|none|minimal|intermediate|advanced|expert|innovator|strategic|"},
    [VOCABULARY_TOOL_TYPE] =
        {"tool-type-ov", "|denial-of-service|exploitation|information-gathering|network-capture|"
                         "credential-exploitation|remote-access|vulnerability-scanning|unknown|"},
    [VOCABULARY_TOOL_LABEL_20] =
        {"tool-label-ov", "|denial-of-service|exploitation|information-gathering|network-capture|"
                          "credential-exploitation|remote-access|vulnerability-scanning|"},
};

gboolean vocabulary_list_contains(const char *list, const char *text, gsize length)
{
    if (length == 0)
        return FALSE;
    for (const char *word = list + 1; *word;) {
        const char *bar = strchr(word, '|');
        if ((gsize)(bar - word) == length && memcmp(word, text, length) == 0)
            return TRUE;
        word = bar + 1;
    }
    return FALSE;
}

gboolean vocabulary_contains(Vocabulary vocabulary, const char *text, gsize length)
{
    return vocabulary_list_contains(vocabularies[vocabulary].terms, text, length);
}

const char *vocabulary_name(Vocabulary vocabulary)
{
    return vocabularies[vocabulary].name;
}
