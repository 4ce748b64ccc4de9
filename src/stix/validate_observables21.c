/* The cyber-observable objects of STIX 2.1 (section 6); their extensions are in
 * validate_extensions.c. */
#include "stix/validate_parts.h"
#include "stix/validate_rules.h"
#include "stix/validate_table.h"

static const ValidateProperty common[] = {
    TEXT("type", REQUIRED, TYPE),
    TEXT("spec_version", OPTIONAL, SPEC_VERSION),
    REFERENCE("id", REQUIRED, OWN),
    REFERENCES("object_marking_refs", OPTIONAL, MARKING),
    PARTS("granular_markings", OPTIONAL, validate_parts_granular_marking),
    BOOLEAN("defanged", OPTIONAL),
    EXTENSIONS("extensions"),
    END,
};

static const ValidateProperty none[] = {END};

const ValidateSchema validate_observables21_custom = {NULL, FAMILY_OBSERVABLE, common, none, NULL};

static const ValidateSchema artifact = {
    "artifact", FAMILY_OBSERVABLE, common,
    PROPERTIES(TEXT("mime_type", OPTIONAL, MEDIA_TYPE), BINARY("payload_bin", OPTIONAL),
               TEXT("url", OPTIONAL, URL), HASHES("hashes", OPTIONAL),
               ENUM("encryption_algorithm", OPTIONAL, ENCRYPTION),
               STRING("decryption_key", OPTIONAL)),
    RULES(EXACTLY_ONE("payload_bin url"), NEEDS("url hashes"),
          NEEDS("decryption_key encryption_algorithm"))};

static const ValidateSchema autonomous_system = {
    "autonomous-system", FAMILY_OBSERVABLE, common,
    PROPERTIES(INTEGER("number", REQUIRED, ANY), STRING("name", OPTIONAL), STRING("rir", OPTIONAL)),
    NULL};

static const ValidateSchema directory = {
    "directory", FAMILY_OBSERVABLE, common,
    PROPERTIES(STRING("path", REQUIRED), TEXT("path_enc", OPTIONAL, CHARSET),
               TIMESTAMP("ctime", OPTIONAL), TIMESTAMP("mtime", OPTIONAL),
               TIMESTAMP("atime", OPTIONAL),
               REFERENCES("contains_refs", OPTIONAL, DIRECTORY_CONTENT)),
    NULL};

static const ValidateSchema domain_name = {
    "domain-name", FAMILY_OBSERVABLE, common,
    PROPERTIES(TEXT("value", REQUIRED, DOMAIN),
               REFERENCES("resolves_to_refs", PROPERTY_DEPRECATED, DOMAIN_TARGET)),
    NULL};

static const ValidateSchema email_addr = {
    "email-addr", FAMILY_OBSERVABLE, common,
    PROPERTIES(TEXT("value", REQUIRED, EMAIL), STRING("display_name", OPTIONAL),
               REFERENCE("belongs_to_ref", OPTIONAL, USER_ACCOUNT)),
    NULL};

static const ValidateSchema email_message = {
    "email-message", FAMILY_OBSERVABLE, common,
    PROPERTIES(BOOLEAN("is_multipart", REQUIRED), TIMESTAMP("date", OPTIONAL),
               STRING("content_type", OPTIONAL), REFERENCE("from_ref", OPTIONAL, EMAIL_ADDRESS),
               REFERENCE("sender_ref", OPTIONAL, EMAIL_ADDRESS),
               REFERENCES("to_refs", OPTIONAL, EMAIL_ADDRESS),
               REFERENCES("cc_refs", OPTIONAL, EMAIL_ADDRESS),
               REFERENCES("bcc_refs", OPTIONAL, EMAIL_ADDRESS), STRING("message_id", OPTIONAL),
               STRING("subject", OPTIONAL), STRINGS("received_lines", OPTIONAL),
               DICTIONARY("additional_header_fields", OPTIONAL, HEADERS), STRING("body", OPTIONAL),
               PARTS("body_multipart", OPTIONAL, validate_parts_mime_part),
               REFERENCE("raw_email_ref", OPTIONAL, ARTIFACT)),
    RULES(CHECK(validate_rules_email_message))};

static const ValidateSchema file = {
    "file", FAMILY_OBSERVABLE, common,
    PROPERTIES(HASHES("hashes", OPTIONAL), INTEGER("size", OPTIONAL, UNSIGNED),
               STRING("name", OPTIONAL), TEXT("name_enc", OPTIONAL, CHARSET),
               HEX("magic_number_hex", OPTIONAL), TEXT("mime_type", OPTIONAL, MEDIA_TYPE_WISHED),
               TIMESTAMP("ctime", OPTIONAL), TIMESTAMP("mtime", OPTIONAL),
               TIMESTAMP("atime", OPTIONAL), REFERENCE("parent_directory_ref", OPTIONAL, DIRECTORY),
               REFERENCES("contains_refs", OPTIONAL, ANY),
               REFERENCE("content_ref", OPTIONAL, ARTIFACT)),
    RULES(ONE_OF("hashes name"), NEEDS("name_enc name"))};

static const ValidateSchema ipv4_addr = {
    "ipv4-addr", FAMILY_OBSERVABLE, common,
    PROPERTIES(TEXT("value", REQUIRED, IPV4),
               REFERENCES("resolves_to_refs", PROPERTY_DEPRECATED, MAC),
               REFERENCES("belongs_to_refs", PROPERTY_DEPRECATED, AUTONOMOUS_SYSTEM)),
    NULL};

static const ValidateSchema ipv6_addr = {
    "ipv6-addr", FAMILY_OBSERVABLE, common,
    PROPERTIES(TEXT("value", REQUIRED, IPV6),
               REFERENCES("resolves_to_refs", PROPERTY_DEPRECATED, MAC),
               REFERENCES("belongs_to_refs", PROPERTY_DEPRECATED, AUTONOMOUS_SYSTEM)),
    NULL};

static const ValidateSchema mac_addr = {"mac-addr", FAMILY_OBSERVABLE, common,
                                        PROPERTIES(TEXT("value", REQUIRED, MAC)), NULL};

static const ValidateSchema mutex = {"mutex", FAMILY_OBSERVABLE, common,
                                     PROPERTIES(STRING("name", REQUIRED)), NULL};

static const ValidateSchema network_traffic = {
    "network-traffic", FAMILY_OBSERVABLE, common,
    PROPERTIES(
        TIMESTAMP("start", OPTIONAL), TIMESTAMP("end", OPTIONAL), BOOLEAN("is_active", OPTIONAL),
        REFERENCE("src_ref", OPTIONAL, ADDRESS), REFERENCE("dst_ref", OPTIONAL, ADDRESS),
        INTEGER("src_port", OPTIONAL, PORT), INTEGER("dst_port", OPTIONAL, PORT),
        TEXTS("protocols", REQUIRED, PROTOCOL), INTEGER("src_byte_count", OPTIONAL, UNSIGNED),
        INTEGER("dst_byte_count", OPTIONAL, UNSIGNED), INTEGER("src_packets", OPTIONAL, UNSIGNED),
        INTEGER("dst_packets", OPTIONAL, UNSIGNED), DICTIONARY("ipfix", OPTIONAL, IPFIX),
        REFERENCE("src_payload_ref", OPTIONAL, ARTIFACT),
        REFERENCE("dst_payload_ref", OPTIONAL, ARTIFACT),
        REFERENCES("encapsulates_refs", OPTIONAL, TRAFFIC),
        REFERENCE("encapsulated_by_ref", OPTIONAL, TRAFFIC)),
    RULES(ONE_OF("src_ref dst_ref"), AFTER("end", "start"), WISHED("src_port dst_port"),
          CHECK(validate_rules_network_traffic))};

static const ValidateSchema process = {
    "process", FAMILY_OBSERVABLE, common,
    PROPERTIES(BOOLEAN("is_hidden", OPTIONAL), INTEGER("pid", OPTIONAL, ANY),
               TIMESTAMP("created_time", OPTIONAL), STRING("cwd", OPTIONAL),
               STRING("command_line", OPTIONAL),
               DICTIONARY("environment_variables", OPTIONAL, STRINGS),
               REFERENCES("opened_connection_refs", OPTIONAL, TRAFFIC),
               REFERENCE("creator_user_ref", OPTIONAL, USER_ACCOUNT),
               REFERENCE("image_ref", OPTIONAL, FILE), REFERENCE("parent_ref", OPTIONAL, PROCESS),
               REFERENCES("child_refs", OPTIONAL, PROCESS)),
    RULES(ANY_OWN)};

static const ValidateSchema software = {
    "software", FAMILY_OBSERVABLE, common,
    PROPERTIES(STRING("name", REQUIRED), TEXT("cpe", OPTIONAL, CPE), STRING("swid", OPTIONAL),
               TEXTS("languages", OPTIONAL, LANGUAGE), STRING("vendor", OPTIONAL),
               STRING("version", OPTIONAL)),
    NULL};

static const ValidateSchema url = {"url", FAMILY_OBSERVABLE, common,
                                   PROPERTIES(TEXT("value", REQUIRED, URL)), NULL};

static const ValidateSchema user_account = {
    "user-account", FAMILY_OBSERVABLE, common,
    PROPERTIES(
        STRING("user_id", OPTIONAL), STRING("credential", OPTIONAL),
        STRING("account_login", OPTIONAL), OPEN("account_type", OPTIONAL, ACCOUNT_TYPE),
        STRING("display_name", OPTIONAL), BOOLEAN("is_service_account", OPTIONAL),
        BOOLEAN("is_privileged", OPTIONAL), BOOLEAN("can_escalate_privs", OPTIONAL),
        BOOLEAN("is_disabled", OPTIONAL), TIMESTAMP("account_created", OPTIONAL),
        TIMESTAMP("account_expires", OPTIONAL), TIMESTAMP("credential_last_changed", OPTIONAL),
        TIMESTAMP("account_first_login", OPTIONAL), TIMESTAMP("account_last_login", OPTIONAL)),
    RULES(ANY_OWN)};

static const ValidateSchema windows_registry_key = {
    "windows-registry-key", FAMILY_OBSERVABLE, common,
    PROPERTIES(TEXT("key", OPTIONAL, REGISTRY_KEY),
               PARTS("values", OPTIONAL, validate_parts_registry_value),
               TIMESTAMP("modified_time", OPTIONAL),
               REFERENCE("creator_user_ref", OPTIONAL, USER_ACCOUNT),
               INTEGER("number_of_subkeys", OPTIONAL, ANY)),
    RULES(ANY_OWN)};

static const ValidateSchema x509_certificate = {
    "x509-certificate", FAMILY_OBSERVABLE, common,
    PROPERTIES(BOOLEAN("is_self_signed", OPTIONAL), HASHES("hashes", OPTIONAL),
               STRING("version", OPTIONAL), STRING("serial_number", OPTIONAL),
               STRING("signature_algorithm", OPTIONAL), STRING("issuer", OPTIONAL),
               TIMESTAMP("validity_not_before", OPTIONAL),
               TIMESTAMP("validity_not_after", OPTIONAL), STRING("subject", OPTIONAL),
               STRING("subject_public_key_algorithm", OPTIONAL),
               STRING("subject_public_key_modulus", OPTIONAL),
               INTEGER("subject_public_key_exponent", OPTIONAL, ANY),
               PART("x509_v3_extensions", OPTIONAL, validate_parts_certificate_extensions)),
    RULES(ANY_OWN)};

const ValidateSchema *const validate_observables21[] = {
    &artifact,
    &autonomous_system,
    &directory,
    &domain_name,
    &email_addr,
    &email_message,
    &file,
    &ipv4_addr,
    &ipv6_addr,
    &mac_addr,
    &mutex,
    &network_traffic,
    &process,
    &software,
    &url,
    &user_account,
    &windows_registry_key,
    &x509_certificate,
    NULL,
};
