/* vocabulary.h - the vocabularies and enumerations of STIX 2.1 (section 10) and STIX 2.0 (part 1
 * section 6, part 4 appendix). Open and closed ones alike: which it is, the property that draws
 * from it knows. */
#pragma once

#include <glib.h>

typedef enum {
    VOCABULARY_ACCOUNT_TYPE,
    VOCABULARY_ACCOUNT_TYPE_20,
    VOCABULARY_ADDRESS_FAMILY,
    VOCABULARY_ATTACK_MOTIVATION,
    VOCABULARY_ATTACK_RESOURCE_LEVEL,
    VOCABULARY_ENCRYPTION,
    VOCABULARY_ENCRYPTION_20,
    VOCABULARY_EXTENSION_TYPE,
    VOCABULARY_GROUPING_CONTEXT,
    VOCABULARY_HASH,
    VOCABULARY_HASH_20,
    VOCABULARY_IDENTITY_CLASS,
    VOCABULARY_IDENTITY_CLASS_20,
    VOCABULARY_IMPLEMENTATION_LANGUAGE,
    VOCABULARY_INDICATOR_TYPE,
    VOCABULARY_INDICATOR_LABEL_20,
    VOCABULARY_INDUSTRY_SECTOR,
    VOCABULARY_INDUSTRY_SECTOR_20,
    VOCABULARY_INFRASTRUCTURE_TYPE,
    VOCABULARY_INTEGRITY_LEVEL,
    VOCABULARY_MALWARE_RESULT,
    VOCABULARY_MALWARE_CAPABILITY,
    VOCABULARY_MALWARE_TYPE,
    VOCABULARY_MALWARE_LABEL_20,
    VOCABULARY_MARKING_TYPE,
    VOCABULARY_OPINION,
    VOCABULARY_PATTERN_TYPE,
    VOCABULARY_PDF_INFORMATION,
    VOCABULARY_PE_TYPE,
    VOCABULARY_PROCESSOR_ARCHITECTURE,
    VOCABULARY_PROTOCOL_FAMILY_20,
    VOCABULARY_REGION,
    VOCABULARY_REGISTRY_DATA_TYPE,
    VOCABULARY_REPORT_TYPE,
    VOCABULARY_REPORT_LABEL_20,
    VOCABULARY_SERVICE_START,
    VOCABULARY_SERVICE_STATUS,
    VOCABULARY_SERVICE_TYPE,
    VOCABULARY_SOCKET_OPTION,
    VOCABULARY_SOCKET_TYPE,
    VOCABULARY_THREAT_ACTOR_TYPE,
    VOCABULARY_THREAT_ACTOR_LABEL_20,
    VOCABULARY_THREAT_ACTOR_ROLE,
    VOCABULARY_THREAT_ACTOR_SOPHISTICATION,
    VOCABULARY_TOOL_TYPE,
    VOCABULARY_TOOL_LABEL_20,
    VOCABULARY_COUNT,
} Vocabulary;

/* Whether @text is a term of @vocabulary. */
gboolean vocabulary_contains(Vocabulary vocabulary, const char *text, gsize length);

/* Whether @text is one of the words of @list, which stand between bars: "|one|two|". */
gboolean vocabulary_list_contains(const char *list, const char *text, gsize length);

/* The name the specification gives it: "indicator-type-ov". Static text. */
const char *vocabulary_name(Vocabulary vocabulary);

/* What is to be said of a language tag (RFC 5646). */
typedef enum {
    VOCABULARY_LANGUAGE_KNOWN,   /* well-formed, and its language is registered */
    VOCABULARY_LANGUAGE_UNKNOWN, /* well-formed, but there is no such language */
    VOCABULARY_LANGUAGE_BROKEN,  /* not well-formed */
} VocabularyLanguage;

VocabularyLanguage vocabulary_language(const char *text, gsize length);
