/* validate_schema.h - the form of the tables that describe STIX objects, and their compiled form.
 *
 * A schema lists the properties of one object type, or of one structure inside objects (an external
 * reference, a section of a PE file), and the rules that relate its properties to each other. The
 * tables are written to be read beside the specification's own; validate_schema_find() gives their
 * compiled form, in which a property is found by one hash and one comparison. */
#pragma once

#include "stix/object.h"
#include "stix/vocabulary.h"

typedef struct ValidateSchema ValidateSchema;

/* What a property's value is; what `detail` means with it. */
typedef enum {
    KIND_STRING, /* detail: ValidateText */
    KIND_BOOLEAN,
    KIND_INTEGER,   /* detail: ValidateRange */
    KIND_FLOAT,     /* detail: ValidateRange */
    KIND_TIMESTAMP, /* detail: ValidatePrecision */
    KIND_HEX,
    KIND_BINARY,
    KIND_DICTIONARY, /* detail: ValidateDictionary */
    KIND_HASHES,     /* detail: TRUE when names must come from the vocabulary */
    KIND_IDENTIFIER, /* detail: ValidateReference */
    KIND_OPEN,       /* detail: Vocabulary; other values are a SHOULD breach */
    KIND_ENUM,       /* detail: Vocabulary; other values are a MUST breach */
    KIND_PART,       /* a structure, by schema */
    KIND_EXTENSIONS,
    KIND_CONTAINER, /* the observables of an observed-data object */
    KIND_OBJECTS,   /* the objects of a bundle */
} ValidateKind;

/* Further demands on a string. */
typedef enum {
    TEXT_ANY,
    TEXT_TYPE,         /* the object's type; checked apart */
    TEXT_SPEC_VERSION, /* "2.0" or "2.1" */
    TEXT_URL,
    TEXT_LANGUAGE,     /* RFC 5646 */
    TEXT_TOKEN,        /* a-z, 0-9 and hyphen */
    TEXT_TOKEN_WISHED, /* the same, as a SHOULD */
    TEXT_PHASE,        /* lower case without blanks and underscores, as a SHOULD */
    TEXT_PROPERTY,     /* the name of a property */
    TEXT_SELECTOR,     /* of a granular marking */
    TEXT_IPV4,
    TEXT_IPV6,
    TEXT_MAC,
    TEXT_DOMAIN,
    TEXT_EMAIL,
    TEXT_MEDIA_TYPE,
    TEXT_MEDIA_TYPE_WISHED,
    TEXT_CHARSET,
    TEXT_CPE,
    TEXT_REGISTRY_KEY,
    TEXT_PROTOCOL, /* an IANA service name's form, as a SHOULD */
    TEXT_COUNTRY,  /* two letters, as a SHOULD */
    TEXT_PRIORITY, /* ends in _CLASS, as a SHOULD */
} ValidateText;

typedef enum {
    RANGE_ANY, /* 54 bits signed, STIX 2.1 section 2.10 */
    RANGE_UNSIGNED,
    RANGE_PORT,
    RANGE_PERCENT,
    RANGE_COUNT,
    RANGE_OBSERVED,
    RANGE_LATITUDE,
    RANGE_LONGITUDE,
} ValidateRange;

typedef enum {
    PRECISION_ANY,
    PRECISION_MILLISECONDS, /* at least three digits after the point */
    PRECISION_SECONDS,      /* none */
} ValidatePrecision;

typedef enum {
    DICTIONARY_ANY,
    DICTIONARY_IPFIX,     /* values are strings or integers */
    DICTIONARY_STRINGS,   /* values are strings */
    DICTIONARY_HEADERS,   /* values are strings or lists of strings */
    DICTIONARY_LANGUAGES, /* of a language-content object */
    DICTIONARY_SOCKET,    /* keys are socket options, values integers */
    DICTIONARY_PDF,       /* keys are those of a PDF's document information */
    DICTIONARY_STARTUP,   /* STARTUPINFO of Windows: no list of keys is given */
} ValidateDictionary;

/* Which objects an identifier may refer to. */
typedef enum {
    REF_OWN, /* the object itself: its id */
    REF_ANY,
    REF_MARKING,
    REF_OBSERVED_DATA,
    REF_SIGHTED_AT,
    REF_SIGHTED_AT_20,
    REF_OBSERVABLE,      /* any observable or relationship: not a domain object */
    REF_ONLY_OBSERVABLE, /* any observable */
    REF_RELATABLE,       /* not a bundle, marking, relationship or the like */
    REF_TRANSLATABLE,    /* not a bundle or language-content */
    REF_SOFTWARE,
    REF_SAMPLE,
    REF_ANALYSED,
    REF_ARTIFACT,
    REF_AUTONOMOUS_SYSTEM,
    REF_DIRECTORY,
    REF_DIRECTORY_CONTENT,
    REF_DOMAIN_TARGET,
    REF_ADDRESS,
    REF_EMAIL_ADDRESS,
    REF_EMAIL_BODY,
    REF_FILE,
    REF_MAC,
    REF_PROCESS,
    REF_TRAFFIC,
    REF_USER_ACCOUNT,
    REF_COUNT,
} ValidateReference;

enum {
    PROPERTY_REQUIRED = 1 << 0,
    PROPERTY_LIST = 1 << 1,       /* a list of the kind, never empty */
    PROPERTY_DEPRECATED = 1 << 2, /* a SHOULD NOT */
};

typedef struct {
    const char *name; /* NULL ends a table */
    ValidateKind kind;
    guint flags;
    guint detail;
    const ValidateSchema *part;
} ValidateProperty;

/* The object under validation and what is known of it; see validate.c. */
typedef struct ValidateContext ValidateContext;

typedef void (*ValidateFunction)(ValidateContext *context, yyjson_val *object);

typedef enum {
    RULE_END,
    RULE_ONE_OF,      /* at least one of the names is present */
    RULE_EXACTLY_ONE, /* exactly one of the names is present */
    RULE_ANY_OWN,     /* at least one property that is not common to all types is present */
    RULE_NEEDS,       /* with the first name, the others are present too */
    RULE_NOT_BEFORE,  /* the first name's time is not before the second's */
    RULE_AFTER,       /* the first name's time is after the second's */
    RULE_WISHED,      /* SHOULD have all of the names */
    RULE_FUNCTION,
} ValidateRuleKind;

typedef struct {
    ValidateRuleKind kind;
    const char *names; /* separated by one blank */
    ValidateFunction function;
} ValidateRule;

typedef enum {
    FAMILY_DOMAIN,       /* SDO */
    FAMILY_RELATIONSHIP, /* SRO */
    FAMILY_OBSERVABLE,   /* SCO */
    FAMILY_META,
    FAMILY_EXTENSION, /* a predefined extension of an observable; name is its key */
    FAMILY_PART,      /* a structure inside an object */
} ValidateFamily;

struct ValidateSchema {
    const char *name;
    ValidateFamily family;
    const ValidateProperty *common; /* may be NULL */
    const ValidateProperty *own;
    const ValidateRule *rules; /* may be NULL */
};

/* The compiled form. */

#define VALIDATE_SCHEMA_MAX_PROPERTIES 64
#define VALIDATE_SCHEMA_MAX_RULES      6
#define VALIDATE_SCHEMA_SLOTS          128

typedef struct ValidateCompiled ValidateCompiled;

typedef struct {
    ValidateRuleKind kind;
    guint first;   /* index of the first name */
    guint second;  /* and of the second */
    guint64 names; /* bits of all names */
    const ValidateRule *rule;
} ValidateCompiledRule;

struct ValidateCompiled {
    const ValidateSchema *schema;
    guint count;
    guint rule_count;
    guint64 required; /* bits of properties */
    guint64 own;
    guint64 deprecated;
    struct {
        const ValidateProperty *property;
        gsize name_length;
        const ValidateCompiled *part;
    } properties[VALIDATE_SCHEMA_MAX_PROPERTIES];
    ValidateCompiledRule rules[VALIDATE_SCHEMA_MAX_RULES];
    guint8 slots[VALIDATE_SCHEMA_SLOTS]; /* index into properties, plus one */
};

/* The schema of object type @name in @spec, or NULL when the specification defines no such type. */
const ValidateCompiled *validate_schema_find(ObjectSpec spec, const char *name, gsize length);

/* The schema of the predefined extension @name, or NULL. */
const ValidateCompiled *validate_schema_find_extension(ObjectSpec spec, const char *name,
                                                       gsize length);

/* The schema of custom objects: common properties only. */
const ValidateCompiled *validate_schema_custom(ObjectSpec spec, gboolean observable);

/* Index of property @name in @compiled, or -1. */
int validate_schema_property(const ValidateCompiled *compiled, const char *name, gsize length);

/* The tables themselves: NULL-terminated lists of schemas. */
extern const ValidateSchema *const validate_objects21[];
extern const ValidateSchema *const validate_objects20[];
extern const ValidateSchema *const validate_observables21[];
extern const ValidateSchema *const validate_observables20[];
extern const ValidateSchema *const validate_extensions21[];
extern const ValidateSchema *const validate_extensions20[];
extern const ValidateSchema validate_objects21_custom;
extern const ValidateSchema validate_objects20_custom;
extern const ValidateSchema validate_observables21_custom;
extern const ValidateSchema validate_observables20_custom;
