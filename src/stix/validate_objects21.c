/* The domain, relationship and meta objects of STIX 2.1 (sections 4, 5, 7 and 8). */
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

static const ValidateProperty common[] = {
    TEXT("type", REQUIRED, TYPE),
    TEXT("spec_version", REQUIRED, SPEC_VERSION),
    REFERENCE("id", REQUIRED, OWN),
    REFERENCE("created_by_ref", OPTIONAL, ANY),
    VERSION_TIME("created", REQUIRED),
    VERSION_TIME("modified", REQUIRED),
    BOOLEAN("revoked", OPTIONAL),
    STRINGS("labels", OPTIONAL),
    INTEGER("confidence", OPTIONAL, PERCENT),
    TEXT("lang", OPTIONAL, LANGUAGE),
    PARTS("external_references", OPTIONAL, validate_parts_external_reference),
    REFERENCES("object_marking_refs", OPTIONAL, MARKING),
    PARTS("granular_markings", OPTIONAL, validate_parts_granular_marking),
    EXTENSIONS("extensions"),
    END,
};

static const ValidateProperty none[] = {END};

const ValidateSchema validate_objects21_custom = {NULL, FAMILY_DOMAIN, common, none,
                                                  RULES(NOT_BEFORE("modified", "created"))};

/* A type whose only relation of properties is that of all versioned objects, or with more. */
#define OBJECT(name, family, properties, ...)                                                      \
    {                                                                                              \
        name, family, common, properties, RULES(NOT_BEFORE("modified", "created"), ##__VA_ARGS__)  \
    }

static const ValidateSchema attack_pattern =
    OBJECT("attack-pattern", FAMILY_DOMAIN, PROPERTIES(NAME, DESCRIPTION, ALIASES, KILL_CHAIN));

static const ValidateSchema campaign = OBJECT(
    "campaign", FAMILY_DOMAIN,
    PROPERTIES(NAME, DESCRIPTION, ALIASES, SEEN, STRING("objective", OPTIONAL)), SEEN_ORDERED);

static const ValidateSchema course_of_action =
    OBJECT("course-of-action", FAMILY_DOMAIN, PROPERTIES(NAME, DESCRIPTION));

static const ValidateSchema grouping = OBJECT(
    "grouping", FAMILY_DOMAIN,
    PROPERTIES(STRING("name", OPTIONAL), DESCRIPTION, OPEN("context", REQUIRED, GROUPING_CONTEXT),
               REFERENCES("object_refs", REQUIRED, ANY)));

static const ValidateSchema identity =
    OBJECT("identity", FAMILY_DOMAIN,
           PROPERTIES(NAME, DESCRIPTION, STRINGS("roles", OPTIONAL),
                      OPEN("identity_class", OPTIONAL, IDENTITY_CLASS),
                      OPENS("sectors", OPTIONAL, INDUSTRY_SECTOR),
                      STRING("contact_information", OPTIONAL)));

static const ValidateSchema incident =
    OBJECT("incident", FAMILY_DOMAIN, PROPERTIES(NAME, DESCRIPTION));

static const ValidateSchema indicator = OBJECT(
    "indicator", FAMILY_DOMAIN,
    PROPERTIES(STRING("name", OPTIONAL), DESCRIPTION,
               OPENS("indicator_types", OPTIONAL, INDICATOR_TYPE), STRING("pattern", REQUIRED),
               OPEN("pattern_type", REQUIRED, PATTERN_TYPE), STRING("pattern_version", OPTIONAL),
               TIMESTAMP("valid_from", REQUIRED), TIMESTAMP("valid_until", OPTIONAL), KILL_CHAIN),
    AFTER("valid_until", "valid_from"), WISHED("name description"));

static const ValidateSchema infrastructure = OBJECT(
    "infrastructure", FAMILY_DOMAIN,
    PROPERTIES(NAME, DESCRIPTION, OPENS("infrastructure_types", OPTIONAL, INFRASTRUCTURE_TYPE),
               ALIASES, KILL_CHAIN, SEEN),
    SEEN_ORDERED);

static const ValidateSchema intrusion_set =
    OBJECT("intrusion-set", FAMILY_DOMAIN,
           PROPERTIES(NAME, DESCRIPTION, ALIASES, SEEN, STRINGS("goals", OPTIONAL),
                      OPEN("resource_level", OPTIONAL, ATTACK_RESOURCE_LEVEL),
                      OPEN("primary_motivation", OPTIONAL, ATTACK_MOTIVATION),
                      OPENS("secondary_motivations", OPTIONAL, ATTACK_MOTIVATION)),
           SEEN_ORDERED);

static const ValidateSchema location =
    OBJECT("location", FAMILY_DOMAIN,
           PROPERTIES(STRING("name", OPTIONAL), DESCRIPTION, FLOAT("latitude", OPTIONAL, LATITUDE),
                      FLOAT("longitude", OPTIONAL, LONGITUDE), FLOAT("precision", OPTIONAL, ANY),
                      OPEN("region", OPTIONAL, REGION), TEXT("country", OPTIONAL, COUNTRY),
                      STRING("administrative_area", OPTIONAL), STRING("city", OPTIONAL),
                      STRING("street_address", OPTIONAL), STRING("postal_code", OPTIONAL)),
           ONE_OF("region country latitude"), NEEDS("latitude longitude"),
           NEEDS("longitude latitude"), NEEDS("precision latitude longitude"));

static const ValidateSchema malware = OBJECT(
    "malware", FAMILY_DOMAIN,
    PROPERTIES(STRING("name", OPTIONAL), DESCRIPTION,
               OPENS("malware_types", OPTIONAL, MALWARE_TYPE), BOOLEAN("is_family", REQUIRED),
               ALIASES, KILL_CHAIN, SEEN, REFERENCES("operating_system_refs", OPTIONAL, SOFTWARE),
               OPENS("architecture_execution_envs", OPTIONAL, PROCESSOR_ARCHITECTURE),
               OPENS("implementation_languages", OPTIONAL, IMPLEMENTATION_LANGUAGE),
               OPENS("capabilities", OPTIONAL, MALWARE_CAPABILITY),
               REFERENCES("sample_refs", OPTIONAL, SAMPLE)),
    SEEN_ORDERED, CHECK(validate_rules_malware));

static const ValidateSchema malware_analysis = OBJECT(
    "malware-analysis", FAMILY_DOMAIN,
    PROPERTIES(TEXT("product", REQUIRED, TOKEN_WISHED), STRING("version", OPTIONAL),
               REFERENCE("host_vm_ref", OPTIONAL, SOFTWARE),
               REFERENCE("operating_system_ref", OPTIONAL, SOFTWARE),
               REFERENCES("installed_software_refs", OPTIONAL, SOFTWARE),
               STRING("configuration_version", OPTIONAL), STRINGS("modules", OPTIONAL),
               STRING("analysis_engine_version", OPTIONAL),
               STRING("analysis_definition_version", OPTIONAL), TIMESTAMP("submitted", OPTIONAL),
               TIMESTAMP("analysis_started", OPTIONAL), TIMESTAMP("analysis_ended", OPTIONAL),
               STRING("result_name", OPTIONAL), OPEN("result", OPTIONAL, MALWARE_RESULT),
               REFERENCES("analysis_sco_refs", OPTIONAL, ONLY_OBSERVABLE),
               REFERENCE("sample_ref", OPTIONAL, ANALYSED)),
    ONE_OF("result analysis_sco_refs"), NOT_BEFORE("analysis_ended", "analysis_started"));

static const ValidateSchema note =
    OBJECT("note", FAMILY_DOMAIN,
           PROPERTIES(STRING("abstract", OPTIONAL), STRING("content", REQUIRED),
                      STRINGS("authors", OPTIONAL), REFERENCES("object_refs", REQUIRED, ANY)));

static const ValidateSchema observed_data =
    OBJECT("observed-data", FAMILY_DOMAIN,
           PROPERTIES(TIMESTAMP("first_observed", REQUIRED), TIMESTAMP("last_observed", REQUIRED),
                      INTEGER("number_observed", REQUIRED, OBSERVED),
                      {"objects", KIND_CONTAINER, PROPERTY_DEPRECATED, 0, NULL},
                      REFERENCES("object_refs", OPTIONAL, OBSERVABLE)),
           NOT_BEFORE("last_observed", "first_observed"), EXACTLY_ONE("objects object_refs"));

static const ValidateSchema opinion = OBJECT(
    "opinion", FAMILY_DOMAIN,
    PROPERTIES(STRING("explanation", OPTIONAL), STRINGS("authors", OPTIONAL),
               ENUM("opinion", REQUIRED, OPINION), REFERENCES("object_refs", REQUIRED, ANY)));

static const ValidateSchema report =
    OBJECT("report", FAMILY_DOMAIN,
           PROPERTIES(NAME, DESCRIPTION, OPENS("report_types", OPTIONAL, REPORT_TYPE),
                      TIMESTAMP("published", REQUIRED), REFERENCES("object_refs", REQUIRED, ANY)));

static const ValidateSchema threat_actor = OBJECT(
    "threat-actor", FAMILY_DOMAIN,
    PROPERTIES(NAME, DESCRIPTION, OPENS("threat_actor_types", OPTIONAL, THREAT_ACTOR_TYPE), ALIASES,
               SEEN, OPENS("roles", OPTIONAL, THREAT_ACTOR_ROLE), STRINGS("goals", OPTIONAL),
               OPEN("sophistication", OPTIONAL, THREAT_ACTOR_SOPHISTICATION),
               OPEN("resource_level", OPTIONAL, ATTACK_RESOURCE_LEVEL),
               OPEN("primary_motivation", OPTIONAL, ATTACK_MOTIVATION),
               OPENS("secondary_motivations", OPTIONAL, ATTACK_MOTIVATION),
               OPENS("personal_motivations", OPTIONAL, ATTACK_MOTIVATION)),
    SEEN_ORDERED);

static const ValidateSchema tool =
    OBJECT("tool", FAMILY_DOMAIN,
           PROPERTIES(NAME, DESCRIPTION, OPENS("tool_types", OPTIONAL, TOOL_TYPE), ALIASES,
                      KILL_CHAIN, STRING("tool_version", OPTIONAL)));

static const ValidateSchema vulnerability =
    OBJECT("vulnerability", FAMILY_DOMAIN, PROPERTIES(NAME, DESCRIPTION));

static const ValidateSchema relationship =
    OBJECT("relationship", FAMILY_RELATIONSHIP,
           PROPERTIES(TEXT("relationship_type", REQUIRED, TOKEN), DESCRIPTION,
                      REFERENCE("source_ref", REQUIRED, RELATABLE),
                      REFERENCE("target_ref", REQUIRED, RELATABLE),
                      TIMESTAMP("start_time", OPTIONAL), TIMESTAMP("stop_time", OPTIONAL)),
           AFTER("stop_time", "start_time"), CHECK(validate_relationships_check));

static const ValidateSchema sighting =
    OBJECT("sighting", FAMILY_RELATIONSHIP,
           PROPERTIES(DESCRIPTION, SEEN, INTEGER("count", OPTIONAL, COUNT),
                      REFERENCE("sighting_of_ref", REQUIRED, RELATABLE),
                      REFERENCES("observed_data_refs", OPTIONAL, OBSERVED_DATA),
                      REFERENCES("where_sighted_refs", OPTIONAL, SIGHTED_AT),
                      BOOLEAN("summary", OPTIONAL)),
           SEEN_ORDERED);

static const ValidateSchema language_content =
    OBJECT("language-content", FAMILY_META,
           PROPERTIES(REFERENCE("object_ref", REQUIRED, TRANSLATABLE),
                      TIMESTAMP("object_modified", OPTIONAL),
                      DICTIONARY("contents", REQUIRED, LANGUAGES)));

static const ValidateSchema extension_definition =
    OBJECT("extension-definition", FAMILY_META,
           PROPERTIES(NAME, DESCRIPTION, STRING("schema", REQUIRED), STRING("version", REQUIRED),
                      ENUMS("extension_types", REQUIRED, EXTENSION_TYPE),
                      TEXTS("extension_properties", OPTIONAL, PROPERTY)),
           CHECK(validate_rules_extension_definition));

static const ValidateProperty marking_common[] = {
    TEXT("type", REQUIRED, TYPE),
    TEXT("spec_version", REQUIRED, SPEC_VERSION),
    REFERENCE("id", REQUIRED, OWN),
    REFERENCE("created_by_ref", OPTIONAL, ANY),
    TIMESTAMP("created", REQUIRED),
    PARTS("external_references", OPTIONAL, validate_parts_external_reference),
    REFERENCES("object_marking_refs", OPTIONAL, MARKING),
    PARTS("granular_markings", OPTIONAL, validate_parts_granular_marking),
    EXTENSIONS("extensions"),
    END,
};

static const ValidateSchema marking_definition = {
    "marking-definition", FAMILY_META, marking_common,
    PROPERTIES(STRING("name", OPTIONAL), OPEN("definition_type", OPTIONAL, MARKING_TYPE),
               DICTIONARY("definition", OPTIONAL, ANY)),
    RULES(CHECK(validate_rules_marking_definition))};

static const ValidateProperty bundle_common[] = {
    TEXT("type", REQUIRED, TYPE),
    REFERENCE("id", REQUIRED, OWN),
    END,
};

static const ValidateSchema bundle = {"bundle", FAMILY_META, bundle_common,
                                      PROPERTIES({"objects", KIND_OBJECTS, PROPERTY_LIST, 0, NULL}),
                                      NULL};

const ValidateSchema *const validate_objects21[] = {
    &attack_pattern,
    &campaign,
    &course_of_action,
    &grouping,
    &identity,
    &incident,
    &indicator,
    &infrastructure,
    &intrusion_set,
    &location,
    &malware,
    &malware_analysis,
    &note,
    &observed_data,
    &opinion,
    &report,
    &threat_actor,
    &tool,
    &vulnerability,
    &relationship,
    &sighting,
    &language_content,
    &marking_definition,
    &extension_definition,
    &bundle,
    NULL,
};
