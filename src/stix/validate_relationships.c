/* Which relationships STIX 2.1 (section 5.1.1) and STIX 2.0 (part 2) suggest between which types.
 * Any other may be used; it is only noted. */
#include <string.h>

#include "stix/identifier.h"
#include "stix/validate_context.h"
#include "stix/validate_rules.h"

/* For each source ";type:|target|target|;" one after the other. */
typedef struct {
    const char *source;
    const char *relationships;
} Suggestions;

#define OBSERVABLES                                                                                \
    "artifact|autonomous-system|directory|domain-name|email-addr|email-message|file|ipv4-addr|"    \
    "ipv6-addr|mac-addr|mutex|network-traffic|process|software|url|user-account|"                  \
    "windows-registry-key|x509-certificate|"

static const Suggestions suggestions21[] = {
    {"attack-pattern", ";delivers:|malware|;targets:|identity|location|vulnerability|"
                       ";uses:|malware|tool|;"},
    {"campaign", ";attributed-to:|intrusion-set|threat-actor|;compromises:|infrastructure|"
                 ";originates-from:|location|;targets:|identity|location|vulnerability|"
                 ";uses:|attack-pattern|infrastructure|malware|tool|;"},
    {"course-of-action", ";investigates:|indicator|;mitigates:|attack-pattern|indicator|malware|"
                         "tool|vulnerability|;remediates:|malware|vulnerability|;"},
    {"domain-name", ";resolves-to:|domain-name|ipv4-addr|ipv6-addr|;"},
    {"identity", ";located-at:|location|;"},
    {"indicator", ";indicates:|attack-pattern|campaign|infrastructure|intrusion-set|malware|"
                  "threat-actor|tool|;based-on:|observed-data|;"},
    {"infrastructure", ";communicates-with:|infrastructure|ipv4-addr|ipv6-addr|domain-name|url|"
                       ";consists-of:|infrastructure|observed-data|" OBSERVABLES
                       ";controls:|infrastructure|malware|;delivers:|malware|;has:|vulnerability|"
                       ";hosts:|tool|malware|;located-at:|location|;uses:|infrastructure|;"},
    {"intrusion-set", ";attributed-to:|threat-actor|;compromises:|infrastructure|"
                      ";hosts:|infrastructure|;owns:|infrastructure|;originates-from:|location|"
                      ";targets:|identity|location|vulnerability|"
                      ";uses:|attack-pattern|infrastructure|malware|tool|;"},
    {"ipv4-addr", ";resolves-to:|mac-addr|;belongs-to:|autonomous-system|;"},
    {"ipv6-addr", ";resolves-to:|mac-addr|;belongs-to:|autonomous-system|;"},
    {"malware", ";authored-by:|threat-actor|intrusion-set|;beacons-to:|infrastructure|"
                ";exfiltrate-to:|infrastructure|;exfiltrates-to:|infrastructure|"
                ";communicates-with:|ipv4-addr|ipv6-addr|domain-name|url|;controls:|malware|"
                ";downloads:|malware|tool|file|;drops:|malware|tool|file|;exploits:|vulnerability|"
                ";originates-from:|location|;targets:|identity|infrastructure|location|"
                "vulnerability|;uses:|attack-pattern|infrastructure|malware|tool|"
                ";variant-of:|malware|;"},
    {"malware-analysis", ";characterizes:|malware|;analysis-of:|malware|"
                         ";static-analysis-of:|malware|;dynamic-analysis-of:|malware|;"},
    {"threat-actor", ";attributed-to:|identity|;compromises:|infrastructure|"
                     ";hosts:|infrastructure|;owns:|infrastructure|;impersonates:|identity|"
                     ";located-at:|location|;targets:|identity|location|vulnerability|"
                     ";uses:|attack-pattern|infrastructure|malware|tool|;"},
    {"tool", ";delivers:|malware|;drops:|malware|;has:|vulnerability|"
             ";targets:|identity|infrastructure|location|vulnerability|;uses:|infrastructure|;"},
};

static const Suggestions suggestions20[] = {
    {"attack-pattern", ";targets:|identity|vulnerability|;uses:|malware|tool|;"},
    {"campaign", ";attributed-to:|intrusion-set|threat-actor|;targets:|identity|vulnerability|"
                 ";uses:|attack-pattern|malware|tool|;"},
    {"course-of-action", ";mitigates:|attack-pattern|malware|tool|vulnerability|;"},
    {"indicator", ";indicates:|attack-pattern|campaign|intrusion-set|malware|threat-actor|tool|;"},
    {"intrusion-set", ";attributed-to:|threat-actor|;targets:|identity|vulnerability|"
                      ";uses:|attack-pattern|malware|tool|;"},
    {"malware", ";targets:|identity|vulnerability|;uses:|tool|;variant-of:|malware|;"},
    {"threat-actor", ";attributed-to:|identity|;impersonates:|identity|"
                     ";targets:|identity|vulnerability|;uses:|attack-pattern|malware|tool|;"},
    {"tool", ";targets:|identity|vulnerability|;"},
};

static const char *find_source(ObjectSpec spec, const char *source, gsize length)
{
    const Suggestions *table = spec == OBJECT_SPEC_21 ? suggestions21 : suggestions20;
    gsize count =
        spec == OBJECT_SPEC_21 ? G_N_ELEMENTS(suggestions21) : G_N_ELEMENTS(suggestions20);
    for (gsize i = 0; i < count; i++)
        if (strncmp(table[i].source, source, length) == 0 && table[i].source[length] == '\0')
            return table[i].relationships;
    return NULL;
}

/* Finds @word between the bytes @before and @after in @text. */
static const char *find_word(const char *text, gsize text_length, char before, char after,
                             const char *word, gsize length)
{
    const char *end = text + text_length;
    for (const char *at = text; (at = memmem(at, (gsize)(end - at), word, length)); at++)
        if (at > text && at[-1] == before && at + length < end && at[length] == after)
            return at;
    return NULL;
}

/* Whether @text names a type that all objects may have, or of an object the table is not about. */
static gboolean is_common(const char *text, gsize length)
{
    static const char common[] = "|derived-from|duplicate-of|related-to|";
    return find_word(common, sizeof common - 1, '|', '|', text, length) != NULL;
}

void validate_rules_relationship(ValidateContext *context, yyjson_val *object)
{
    yyjson_val *type = yyjson_obj_get(object, "relationship_type");
    yyjson_val *source = yyjson_obj_get(object, "source_ref");
    yyjson_val *target = yyjson_obj_get(object, "target_ref");
    if (!yyjson_is_str(type) || !yyjson_is_str(source) || !yyjson_is_str(target))
        return;
    const char *type_text = unsafe_yyjson_get_str(type);
    gsize type_length = unsafe_yyjson_get_len(type);
    gsize source_length =
        identifier_type_length(unsafe_yyjson_get_str(source), unsafe_yyjson_get_len(source));
    gsize target_length =
        identifier_type_length(unsafe_yyjson_get_str(target), unsafe_yyjson_get_len(target));
    if (source_length == 0 || target_length == 0 || type_length == 0 ||
        is_common(type_text, type_length))
        return;

    const char *suggestions =
        find_source(context->spec, unsafe_yyjson_get_str(source), source_length);
    if (!suggestions) {
        validate_context_should(context, source, "no relationship is suggested from this type");
        return;
    }
    const char *found =
        find_word(suggestions, strlen(suggestions), ';', ':', type_text, type_length);
    if (!found) {
        validate_context_should(context, type, "not a relationship suggested for its source");
        return;
    }
    const char *targets = found + type_length + 1;
    if (!find_word(targets, strcspn(targets, ";"), '|', '|', unsafe_yyjson_get_str(target),
                   target_length))
        validate_context_should(context, target, "not a target suggested for this relationship");
}
