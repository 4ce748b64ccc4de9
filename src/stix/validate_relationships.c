#include "stix/validate_relationships.h"

#include <string.h>

#include "stix/identifier.h"
#include "stix/validate_context.h"

/* STIX 2.1 section 5.1.1 and STIX 2.0 part 2. Any other relationship may be used. */

typedef struct {
    const char *source;
    const char *type;
    const char *targets; /* between bars */
} Suggestion;

#define OBSERVABLES                                                                                \
    "artifact|autonomous-system|directory|domain-name|email-addr|email-message|file|ipv4-addr|"    \
    "ipv6-addr|mac-addr|mutex|network-traffic|process|software|url|user-account|"                  \
    "windows-registry-key|x509-certificate|"

static const Suggestion suggestions21[] = {
    {"attack-pattern", "delivers", "|malware|"},
    {"attack-pattern", "targets", "|identity|location|vulnerability|"},
    {"attack-pattern", "uses", "|malware|tool|"},
    {"campaign", "attributed-to", "|intrusion-set|threat-actor|"},
    {"campaign", "compromises", "|infrastructure|"},
    {"campaign", "originates-from", "|location|"},
    {"campaign", "targets", "|identity|location|vulnerability|"},
    {"campaign", "uses", "|attack-pattern|infrastructure|malware|tool|"},
    {"course-of-action", "investigates", "|indicator|"},
    {"course-of-action", "mitigates", "|attack-pattern|indicator|malware|tool|vulnerability|"},
    {"course-of-action", "remediates", "|malware|vulnerability|"},
    {"domain-name", "resolves-to", "|domain-name|ipv4-addr|ipv6-addr|"},
    {"identity", "located-at", "|location|"},
    {"indicator", "indicates",
     "|attack-pattern|campaign|infrastructure|intrusion-set|malware|threat-actor|tool|"},
    {"indicator", "based-on", "|observed-data|"},
    {"infrastructure", "communicates-with", "|infrastructure|ipv4-addr|ipv6-addr|domain-name|url|"},
    {"infrastructure", "consists-of", "|infrastructure|observed-data|" OBSERVABLES},
    {"infrastructure", "controls", "|infrastructure|malware|"},
    {"infrastructure", "delivers", "|malware|"},
    {"infrastructure", "has", "|vulnerability|"},
    {"infrastructure", "hosts", "|tool|malware|"},
    {"infrastructure", "located-at", "|location|"},
    {"infrastructure", "uses", "|infrastructure|"},
    {"intrusion-set", "attributed-to", "|threat-actor|"},
    {"intrusion-set", "compromises", "|infrastructure|"},
    {"intrusion-set", "hosts", "|infrastructure|"},
    {"intrusion-set", "owns", "|infrastructure|"},
    {"intrusion-set", "originates-from", "|location|"},
    {"intrusion-set", "targets", "|identity|location|vulnerability|"},
    {"intrusion-set", "uses", "|attack-pattern|infrastructure|malware|tool|"},
    {"ipv4-addr", "resolves-to", "|mac-addr|"},
    {"ipv4-addr", "belongs-to", "|autonomous-system|"},
    {"ipv6-addr", "resolves-to", "|mac-addr|"},
    {"ipv6-addr", "belongs-to", "|autonomous-system|"},
    {"malware", "authored-by", "|threat-actor|intrusion-set|"},
    {"malware", "beacons-to", "|infrastructure|"},
    {"malware", "exfiltrate-to", "|infrastructure|"},
    {"malware", "exfiltrates-to", "|infrastructure|"},
    {"malware", "communicates-with", "|ipv4-addr|ipv6-addr|domain-name|url|"},
    {"malware", "controls", "|malware|"},
    {"malware", "downloads", "|malware|tool|file|"},
    {"malware", "drops", "|malware|tool|file|"},
    {"malware", "exploits", "|vulnerability|"},
    {"malware", "originates-from", "|location|"},
    {"malware", "targets", "|identity|infrastructure|location|vulnerability|"},
    {"malware", "uses", "|attack-pattern|infrastructure|malware|tool|"},
    {"malware", "variant-of", "|malware|"},
    {"malware-analysis", "characterizes", "|malware|"},
    {"malware-analysis", "analysis-of", "|malware|"},
    {"malware-analysis", "static-analysis-of", "|malware|"},
    {"malware-analysis", "dynamic-analysis-of", "|malware|"},
    {"threat-actor", "attributed-to", "|identity|"},
    {"threat-actor", "compromises", "|infrastructure|"},
    {"threat-actor", "hosts", "|infrastructure|"},
    {"threat-actor", "owns", "|infrastructure|"},
    {"threat-actor", "impersonates", "|identity|"},
    {"threat-actor", "located-at", "|location|"},
    {"threat-actor", "targets", "|identity|location|vulnerability|"},
    {"threat-actor", "uses", "|attack-pattern|infrastructure|malware|tool|"},
    {"tool", "delivers", "|malware|"},
    {"tool", "drops", "|malware|"},
    {"tool", "has", "|vulnerability|"},
    {"tool", "targets", "|identity|infrastructure|location|vulnerability|"},
    {"tool", "uses", "|infrastructure|"},
};

static const Suggestion suggestions20[] = {
    {"attack-pattern", "targets", "|identity|vulnerability|"},
    {"attack-pattern", "uses", "|malware|tool|"},
    {"campaign", "attributed-to", "|intrusion-set|threat-actor|"},
    {"campaign", "targets", "|identity|vulnerability|"},
    {"campaign", "uses", "|attack-pattern|malware|tool|"},
    {"course-of-action", "mitigates", "|attack-pattern|malware|tool|vulnerability|"},
    {"indicator", "indicates", "|attack-pattern|campaign|intrusion-set|malware|threat-actor|tool|"},
    {"intrusion-set", "attributed-to", "|threat-actor|"},
    {"intrusion-set", "targets", "|identity|vulnerability|"},
    {"intrusion-set", "uses", "|attack-pattern|malware|tool|"},
    {"malware", "targets", "|identity|vulnerability|"},
    {"malware", "uses", "|tool|"},
    {"malware", "variant-of", "|malware|"},
    {"threat-actor", "attributed-to", "|identity|"},
    {"threat-actor", "impersonates", "|identity|"},
    {"threat-actor", "targets", "|identity|vulnerability|"},
    {"threat-actor", "uses", "|attack-pattern|malware|tool|"},
    {"tool", "targets", "|identity|vulnerability|"},
};

static gboolean text_is(const char *text, const char *other, gsize length)
{
    return strncmp(text, other, length) == 0 && text[length] == '\0';
}

void validate_relationships_check(ValidateContext *context, yyjson_val *object)
{
    if (!context->wishes_wanted)
        return; /* the whole table is of suggestions */
    yyjson_val *type = yyjson_obj_get(object, "relationship_type");
    yyjson_val *source = yyjson_obj_get(object, "source_ref");
    yyjson_val *target = yyjson_obj_get(object, "target_ref");
    if (!yyjson_is_str(type) || !yyjson_is_str(source) || !yyjson_is_str(target))
        return;
    const char *type_text = unsafe_yyjson_get_str(type);
    const char *source_text = unsafe_yyjson_get_str(source);
    const char *target_text = unsafe_yyjson_get_str(target);
    gsize type_length = unsafe_yyjson_get_len(type);
    gsize source_length = identifier_type_length(source_text, unsafe_yyjson_get_len(source));
    gsize target_length = identifier_type_length(target_text, unsafe_yyjson_get_len(target));
    if (source_length == 0 || target_length == 0 ||
        vocabulary_list_contains("|derived-from|duplicate-of|related-to|", type_text, type_length))
        return;

    gboolean is_21 = context->spec == OBJECT_SPEC_21;
    const Suggestion *table = is_21 ? suggestions21 : suggestions20;
    gsize count = is_21 ? G_N_ELEMENTS(suggestions21) : G_N_ELEMENTS(suggestions20);
    gboolean source_known = FALSE;
    for (gsize i = 0; i < count; i++) {
        if (!text_is(table[i].source, source_text, source_length))
            continue;
        source_known = TRUE;
        if (!text_is(table[i].type, type_text, type_length))
            continue;
        if (!vocabulary_list_contains(table[i].targets, target_text, target_length))
            validate_context_should(context, target,
                                    "not a target suggested for this relationship");
        return;
    }
    validate_context_should(context, source_known ? type : source,
                            source_known ? "not a relationship suggested for its source"
                                         : "no relationship is suggested from this type");
}
