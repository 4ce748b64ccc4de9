/* The domain, relationship and meta objects of STIX 2.0 (parts 1 to 3). */
#include "stix/validate_parts.h"
#include "stix/validate_relationships.h"
#include "stix/validate_rules.h"
#include "stix/validate_table.h"

#define NAME         STRING("name", REQUIRED)
#define DESCRIPTION  STRING("description", OPTIONAL)
#define ALIASES      STRINGS("aliases", OPTIONAL)
#define KILL_CHAIN   PARTS("kill_chain_phases", OPTIONAL, validate_parts_kill_chain_phase)
#define SEEN         TIMESTAMP("first_seen", OPTIONAL), TIMESTAMP("last_seen", OPTIONAL)

#define SEEN_ORDERED NOT_BEFORE("last_seen", "first_seen")

#define COMMON_WITHOUT_LABELS                                                                      \
    TEXT("type", REQUIRED, TYPE), REFERENCE("id", REQUIRED, OWN),                                  \
        REFERENCE("created_by_ref", OPTIONAL, ANY), VERSION_TIME("created", REQUIRED),             \
        VERSION_TIME("modified", REQUIRED), BOOLEAN("revoked", OPTIONAL),                          \
        PARTS("external_references", OPTIONAL, validate_parts_external_reference20),               \
        REFERENCES("object_marking_refs", OPTIONAL, MARKING),                                      \
        PARTS("granular_markings", OPTIONAL, validate_parts_granular_marking20)

static const ValidateProperty common[] = {COMMON_WITHOUT_LABELS, STRINGS("labels", OPTIONAL), END};

/* Types that draw their labels from a vocabulary. */
static const ValidateProperty labelled[] = {COMMON_WITHOUT_LABELS, END};

static const ValidateProperty none[] = {END};

const ValidateSchema validate_objects20_custom = {NULL, FAMILY_DOMAIN, common, none,
                                                  RULES(NOT_BEFORE("modified", "created"))};

#define OBJECT(name, family, shared, properties, ...)                                              \
    {                                                                                              \
        name, family, shared, properties, RULES(NOT_BEFORE("modified", "created"), ##__VA_ARGS__)  \
    }

static const ValidateSchema attack_pattern =
    OBJECT("attack-pattern", FAMILY_DOMAIN, common, PROPERTIES(NAME, DESCRIPTION, KILL_CHAIN));

static const ValidateSchema campaign = OBJECT(
    "campaign", FAMILY_DOMAIN, common,
    PROPERTIES(NAME, DESCRIPTION, ALIASES, SEEN, STRING("objective", OPTIONAL)), SEEN_ORDERED);

static const ValidateSchema course_of_action =
    OBJECT("course-of-action", FAMILY_DOMAIN, common, PROPERTIES(NAME, DESCRIPTION));

static const ValidateSchema identity =
    OBJECT("identity", FAMILY_DOMAIN, common,
           PROPERTIES(NAME, DESCRIPTION, OPEN("identity_class", REQUIRED, IDENTITY_CLASS_20),
                      OPENS("sectors", OPTIONAL, INDUSTRY_SECTOR_20),
                      STRING("contact_information", OPTIONAL)));

static const ValidateSchema indicator =
    OBJECT("indicator", FAMILY_DOMAIN, labelled,
           PROPERTIES(OPENS("labels", REQUIRED, INDICATOR_LABEL_20), STRING("name", OPTIONAL),
                      DESCRIPTION, STRING("pattern", REQUIRED), TIMESTAMP("valid_from", REQUIRED),
                      TIMESTAMP("valid_until", OPTIONAL), KILL_CHAIN),
           NOT_BEFORE("valid_until", "valid_from"));

static const ValidateSchema intrusion_set =
    OBJECT("intrusion-set", FAMILY_DOMAIN, common,
           PROPERTIES(NAME, DESCRIPTION, ALIASES, SEEN, STRINGS("goals", OPTIONAL),
                      OPEN("resource_level", OPTIONAL, ATTACK_RESOURCE_LEVEL),
                      OPEN("primary_motivation", OPTIONAL, ATTACK_MOTIVATION),
                      OPENS("secondary_motivations", OPTIONAL, ATTACK_MOTIVATION)),
           SEEN_ORDERED);

static const ValidateSchema malware =
    OBJECT("malware", FAMILY_DOMAIN, labelled,
           PROPERTIES(OPENS("labels", REQUIRED, MALWARE_LABEL_20), NAME, DESCRIPTION, KILL_CHAIN));

static const ValidateSchema observed_data =
    OBJECT("observed-data", FAMILY_DOMAIN, common,
           PROPERTIES(TIMESTAMP("first_observed", REQUIRED), TIMESTAMP("last_observed", REQUIRED),
                      INTEGER("number_observed", REQUIRED, OBSERVED),
                      {"objects", KIND_CONTAINER, REQUIRED, 0, NULL}),
           NOT_BEFORE("last_observed", "first_observed"));

static const ValidateSchema report =
    OBJECT("report", FAMILY_DOMAIN, labelled,
           PROPERTIES(OPENS("labels", REQUIRED, REPORT_LABEL_20), NAME, DESCRIPTION,
                      TIMESTAMP("published", REQUIRED), REFERENCES("object_refs", REQUIRED, ANY)));

static const ValidateSchema threat_actor =
    OBJECT("threat-actor", FAMILY_DOMAIN, labelled,
           PROPERTIES(OPENS("labels", REQUIRED, THREAT_ACTOR_LABEL_20), NAME, DESCRIPTION, ALIASES,
                      OPENS("roles", OPTIONAL, THREAT_ACTOR_ROLE), STRINGS("goals", OPTIONAL),
                      OPEN("sophistication", OPTIONAL, THREAT_ACTOR_SOPHISTICATION),
                      OPEN("resource_level", OPTIONAL, ATTACK_RESOURCE_LEVEL),
                      OPEN("primary_motivation", OPTIONAL, ATTACK_MOTIVATION),
                      OPENS("secondary_motivations", OPTIONAL, ATTACK_MOTIVATION),
                      OPENS("personal_motivations", OPTIONAL, ATTACK_MOTIVATION)));

static const ValidateSchema tool =
    OBJECT("tool", FAMILY_DOMAIN, labelled,
           PROPERTIES(OPENS("labels", REQUIRED, TOOL_LABEL_20), NAME, DESCRIPTION, KILL_CHAIN,
                      STRING("tool_version", OPTIONAL)));

static const ValidateSchema vulnerability =
    OBJECT("vulnerability", FAMILY_DOMAIN, common, PROPERTIES(NAME, DESCRIPTION));

static const ValidateSchema relationship =
    OBJECT("relationship", FAMILY_RELATIONSHIP, common,
           PROPERTIES(TEXT("relationship_type", REQUIRED, TOKEN), DESCRIPTION,
                      REFERENCE("source_ref", REQUIRED, RELATABLE),
                      REFERENCE("target_ref", REQUIRED, RELATABLE)),
           CHECK(validate_relationships_check));

static const ValidateSchema sighting =
    OBJECT("sighting", FAMILY_RELATIONSHIP, common,
           PROPERTIES(SEEN, INTEGER("count", OPTIONAL, COUNT),
                      REFERENCE("sighting_of_ref", REQUIRED, RELATABLE),
                      REFERENCES("observed_data_refs", OPTIONAL, OBSERVED_DATA),
                      REFERENCES("where_sighted_refs", OPTIONAL, SIGHTED_AT_20),
                      BOOLEAN("summary", OPTIONAL)),
           SEEN_ORDERED);

static const ValidateProperty marking_common[] = {
    TEXT("type", REQUIRED, TYPE),
    REFERENCE("id", REQUIRED, OWN),
    REFERENCE("created_by_ref", OPTIONAL, ANY),
    TIMESTAMP("created", REQUIRED),
    PARTS("external_references", OPTIONAL, validate_parts_external_reference20),
    REFERENCES("object_marking_refs", OPTIONAL, MARKING),
    PARTS("granular_markings", OPTIONAL, validate_parts_granular_marking20),
    END,
};

static const ValidateSchema marking_definition = {
    "marking-definition", FAMILY_META, marking_common,
    PROPERTIES(OPEN("definition_type", REQUIRED, MARKING_TYPE),
               DICTIONARY("definition", REQUIRED, ANY)),
    RULES(CHECK(validate_rules_marking_definition))};

static const ValidateProperty bundle_common[] = {
    TEXT("type", REQUIRED, TYPE),
    REFERENCE("id", REQUIRED, OWN),
    TEXT("spec_version", REQUIRED, SPEC_VERSION),
    END,
};

static const ValidateSchema bundle = {"bundle", FAMILY_META, bundle_common,
                                      PROPERTIES({"objects", KIND_OBJECTS, PROPERTY_LIST, 0, NULL}),
                                      NULL};

const ValidateSchema *const validate_objects20[] = {
    &attack_pattern, &campaign,      &course_of_action, &identity, &indicator,
    &intrusion_set,  &malware,       &observed_data,    &report,   &threat_actor,
    &tool,           &vulnerability, &relationship,     &sighting, &marking_definition,
    &bundle,         NULL,
};
