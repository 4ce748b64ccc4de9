#include "stix/validate_parts.h"

#include "stix/validate_rules.h"
#include "stix/validate_table.h"

const ValidateSchema validate_parts_external_reference = {
    "external-reference", FAMILY_PART, NULL,
    PROPERTIES(STRING("source_name", REQUIRED), STRING("description", OPTIONAL),
               TEXT("url", OPTIONAL, URL), {"hashes", KIND_HASHES, OPTIONAL, TRUE, NULL},
               STRING("external_id", OPTIONAL)),
    RULES(ONE_OF("description url external_id"), CHECK(validate_rules_external_reference))};

const ValidateSchema validate_parts_external_reference20 = {
    "external-reference", FAMILY_PART, NULL,
    PROPERTIES(STRING("source_name", REQUIRED), STRING("description", OPTIONAL),
               TEXT("url", OPTIONAL, URL), HASHES("hashes", OPTIONAL),
               STRING("external_id", OPTIONAL)),
    RULES(ONE_OF("description url external_id"), CHECK(validate_rules_external_reference))};

const ValidateSchema validate_parts_granular_marking = {
    "granular-marking", FAMILY_PART, NULL,
    PROPERTIES(TEXT("lang", OPTIONAL, LANGUAGE), REFERENCE("marking_ref", OPTIONAL, MARKING),
               TEXTS("selectors", REQUIRED, SELECTOR)),
    RULES(EXACTLY_ONE("lang marking_ref"), CHECK(validate_rules_granular_marking))};

const ValidateSchema validate_parts_granular_marking20 = {
    "granular-marking", FAMILY_PART, NULL,
    PROPERTIES(REFERENCE("marking_ref", REQUIRED, MARKING), TEXTS("selectors", REQUIRED, SELECTOR)),
    RULES(CHECK(validate_rules_granular_marking))};

const ValidateSchema validate_parts_kill_chain_phase = {
    "kill-chain-phase", FAMILY_PART, NULL,
    PROPERTIES(TEXT("kill_chain_name", REQUIRED, PHASE), TEXT("phase_name", REQUIRED, PHASE)),
    NULL};

const ValidateSchema validate_parts_mime_part = {
    "mime-part", FAMILY_PART, NULL,
    PROPERTIES(STRING("body", OPTIONAL), REFERENCE("body_raw_ref", OPTIONAL, EMAIL_BODY),
               STRING("content_type", OPTIONAL), STRING("content_disposition", OPTIONAL)),
    RULES(EXACTLY_ONE("body body_raw_ref"))};

const ValidateSchema validate_parts_registry_value = {
    "windows-registry-value", FAMILY_PART, NULL,
    PROPERTIES(STRING("name", OPTIONAL), STRING("data", OPTIONAL),
               ENUM("data_type", OPTIONAL, REGISTRY_DATA_TYPE)),
    RULES(ONE_OF("name data data_type"))};

const ValidateSchema validate_parts_certificate_extensions = {
    "x509-v3-extensions", FAMILY_PART, NULL,
    PROPERTIES(STRING("basic_constraints", OPTIONAL), STRING("name_constraints", OPTIONAL),
               STRING("policy_constraints", OPTIONAL), STRING("key_usage", OPTIONAL),
               STRING("extended_key_usage", OPTIONAL), STRING("subject_key_identifier", OPTIONAL),
               STRING("authority_key_identifier", OPTIONAL),
               STRING("subject_alternative_name", OPTIONAL),
               STRING("issuer_alternative_name", OPTIONAL),
               STRING("subject_directory_attributes", OPTIONAL),
               STRING("crl_distribution_points", OPTIONAL), STRING("inhibit_any_policy", OPTIONAL),
               TIMESTAMP("private_key_usage_period_not_before", OPTIONAL),
               TIMESTAMP("private_key_usage_period_not_after", OPTIONAL),
               STRING("certificate_policies", OPTIONAL), STRING("policy_mappings", OPTIONAL)),
    RULES(ANY_OWN)};
