/* The predefined extensions of observables (STIX 2.1 section 6, STIX 2.0 part 4). */
#include "stix/validate_parts.h"
#include "stix/validate_table.h"

static const ValidateSchema archive = {
    "archive-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(REFERENCES("contains_refs", REQUIRED, DIRECTORY_CONTENT),
               STRING("comment", OPTIONAL)),
    NULL};

static const ValidateSchema archive20 = {"archive-ext", FAMILY_EXTENSION, NULL,
                                         PROPERTIES(REFERENCES("contains_refs", OPTIONAL, FILE),
                                                    STRING("version", OPTIONAL),
                                                    STRING("comment", OPTIONAL)),
                                         RULES(ANY_OWN)};

static const ValidateSchema alternate_data_stream = {
    "alternate-data-stream", FAMILY_PART, NULL,
    PROPERTIES(STRING("name", REQUIRED), HASHES("hashes", OPTIONAL),
               INTEGER("size", OPTIONAL, UNSIGNED)),
    NULL};

static const ValidateSchema ntfs = {
    "ntfs-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(STRING("sid", OPTIONAL),
               PARTS("alternate_data_streams", OPTIONAL, alternate_data_stream)),
    RULES(ANY_OWN)};

static const ValidateSchema pdf = {
    "pdf-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(STRING("version", OPTIONAL), BOOLEAN("is_optimized", OPTIONAL),
               DICTIONARY("document_info_dict", OPTIONAL, PDF), STRING("pdfid0", OPTIONAL),
               STRING("pdfid1", OPTIONAL)),
    RULES(ANY_OWN)};

static const ValidateSchema raster_image = {
    "raster-image-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(INTEGER("image_height", OPTIONAL, ANY), INTEGER("image_width", OPTIONAL, ANY),
               INTEGER("bits_per_pixel", OPTIONAL, ANY), DICTIONARY("exif_tags", OPTIONAL, IPFIX)),
    RULES(ANY_OWN)};

static const ValidateSchema raster_image20 = {
    "raster-image-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(INTEGER("image_height", OPTIONAL, ANY), INTEGER("image_width", OPTIONAL, ANY),
               INTEGER("bits_per_pixel", OPTIONAL, ANY),
               STRING("image_compression_algorithm", OPTIONAL),
               DICTIONARY("exif_tags", OPTIONAL, IPFIX)),
    RULES(ANY_OWN)};

static const ValidateSchema pe_section = {
    "windows-pe-section", FAMILY_PART, NULL,
    PROPERTIES(STRING("name", REQUIRED), INTEGER("size", OPTIONAL, UNSIGNED),
               FLOAT("entropy", OPTIONAL, ANY), HASHES("hashes", OPTIONAL)),
    NULL};

static const ValidateSchema pe_optional_header = {
    "windows-pe-optional-header", FAMILY_PART, NULL,
    PROPERTIES(
        HEX("magic_hex", OPTIONAL), INTEGER("major_linker_version", OPTIONAL, ANY),
        INTEGER("minor_linker_version", OPTIONAL, ANY), INTEGER("size_of_code", OPTIONAL, UNSIGNED),
        INTEGER("size_of_initialized_data", OPTIONAL, UNSIGNED),
        INTEGER("size_of_uninitialized_data", OPTIONAL, UNSIGNED),
        INTEGER("address_of_entry_point", OPTIONAL, ANY), INTEGER("base_of_code", OPTIONAL, ANY),
        INTEGER("base_of_data", OPTIONAL, ANY), INTEGER("image_base", OPTIONAL, ANY),
        INTEGER("section_alignment", OPTIONAL, ANY), INTEGER("file_alignment", OPTIONAL, ANY),
        INTEGER("major_os_version", OPTIONAL, ANY), INTEGER("minor_os_version", OPTIONAL, ANY),
        INTEGER("major_image_version", OPTIONAL, ANY),
        INTEGER("minor_image_version", OPTIONAL, ANY),
        INTEGER("major_subsystem_version", OPTIONAL, ANY),
        INTEGER("minor_subsystem_version", OPTIONAL, ANY), HEX("win32_version_value_hex", OPTIONAL),
        INTEGER("size_of_image", OPTIONAL, UNSIGNED),
        INTEGER("size_of_headers", OPTIONAL, UNSIGNED), HEX("checksum_hex", OPTIONAL),
        HEX("subsystem_hex", OPTIONAL), HEX("dll_characteristics_hex", OPTIONAL),
        INTEGER("size_of_stack_reserve", OPTIONAL, UNSIGNED),
        INTEGER("size_of_stack_commit", OPTIONAL, UNSIGNED),
        INTEGER("size_of_heap_reserve", OPTIONAL, UNSIGNED),
        INTEGER("size_of_heap_commit", OPTIONAL, UNSIGNED), HEX("loader_flags_hex", OPTIONAL),
        INTEGER("number_of_rva_and_sizes", OPTIONAL, ANY), HASHES("hashes", OPTIONAL)),
    RULES(ANY_OWN)};

static const ValidateSchema pe_binary = {
    "windows-pebinary-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(OPEN("pe_type", REQUIRED, PE_TYPE), STRING("imphash", OPTIONAL),
               HEX("machine_hex", OPTIONAL), INTEGER("number_of_sections", OPTIONAL, UNSIGNED),
               SECONDS("time_date_stamp", OPTIONAL), HEX("pointer_to_symbol_table_hex", OPTIONAL),
               INTEGER("number_of_symbols", OPTIONAL, UNSIGNED),
               INTEGER("size_of_optional_header", OPTIONAL, UNSIGNED),
               HEX("characteristics_hex", OPTIONAL), HASHES("file_header_hashes", OPTIONAL),
               PART("optional_header", OPTIONAL, pe_optional_header),
               PARTS("sections", OPTIONAL, pe_section)),
    NULL};

static const ValidateSchema http_request = {
    "http-request-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(STRING("request_method", REQUIRED), STRING("request_value", REQUIRED),
               STRING("request_version", OPTIONAL), DICTIONARY("request_header", OPTIONAL, HEADERS),
               INTEGER("message_body_length", OPTIONAL, UNSIGNED),
               REFERENCE("message_body_data_ref", OPTIONAL, ARTIFACT)),
    NULL};

static const ValidateSchema icmp = {
    "icmp-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(HEX("icmp_type_hex", REQUIRED), HEX("icmp_code_hex", REQUIRED)), NULL};

static const ValidateSchema socket21 = {
    "socket-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(ENUM("address_family", REQUIRED, ADDRESS_FAMILY), BOOLEAN("is_blocking", OPTIONAL),
               BOOLEAN("is_listening", OPTIONAL), DICTIONARY("options", OPTIONAL, SOCKET),
               ENUM("socket_type", OPTIONAL, SOCKET_TYPE),
               INTEGER("socket_descriptor", OPTIONAL, UNSIGNED),
               INTEGER("socket_handle", OPTIONAL, ANY)),
    NULL};

static const ValidateSchema socket20 = {
    "socket-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(
        ENUM("address_family", REQUIRED, ADDRESS_FAMILY), BOOLEAN("is_blocking", OPTIONAL),
        BOOLEAN("is_listening", OPTIONAL), ENUM("protocol_family", OPTIONAL, PROTOCOL_FAMILY_20),
        DICTIONARY("options", OPTIONAL, SOCKET), ENUM("socket_type", OPTIONAL, SOCKET_TYPE),
        INTEGER("socket_descriptor", OPTIONAL, ANY), INTEGER("socket_handle", OPTIONAL, ANY)),
    NULL};

static const ValidateSchema tcp = {
    "tcp-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(HEX("src_flags_hex", OPTIONAL), HEX("dst_flags_hex", OPTIONAL)), RULES(ANY_OWN)};

static const ValidateSchema windows_process = {
    "windows-process-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(BOOLEAN("aslr_enabled", OPTIONAL), BOOLEAN("dep_enabled", OPTIONAL),
               TEXT("priority", OPTIONAL, PRIORITY), STRING("owner_sid", OPTIONAL),
               STRING("window_title", OPTIONAL), DICTIONARY("startup_info", OPTIONAL, STARTUP),
               ENUM("integrity_level", OPTIONAL, INTEGRITY_LEVEL)),
    RULES(ANY_OWN)};

static const ValidateSchema windows_service = {
    "windows-service-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(STRING("service_name", OPTIONAL), STRINGS("descriptions", OPTIONAL),
               STRING("display_name", OPTIONAL), STRING("group_name", OPTIONAL),
               ENUM("start_type", OPTIONAL, SERVICE_START),
               REFERENCES("service_dll_refs", OPTIONAL, FILE),
               ENUM("service_type", OPTIONAL, SERVICE_TYPE),
               ENUM("service_status", OPTIONAL, SERVICE_STATUS)),
    RULES(ANY_OWN)};

static const ValidateSchema windows_service20 = {
    "windows-service-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(STRING("service_name", REQUIRED), STRINGS("descriptions", OPTIONAL),
               STRING("display_name", OPTIONAL), STRING("group_name", OPTIONAL),
               ENUM("start_type", OPTIONAL, SERVICE_START),
               REFERENCES("service_dll_refs", OPTIONAL, FILE),
               ENUM("service_type", OPTIONAL, SERVICE_TYPE),
               ENUM("service_status", OPTIONAL, SERVICE_STATUS)),
    NULL};

static const ValidateSchema unix_account = {
    "unix-account-ext", FAMILY_EXTENSION, NULL,
    PROPERTIES(INTEGER("gid", OPTIONAL, ANY), STRINGS("groups", OPTIONAL),
               STRING("home_dir", OPTIONAL), STRING("shell", OPTIONAL)),
    RULES(ANY_OWN)};

const ValidateSchema *const validate_extensions21[] = {
    &archive,         &ntfs,         &pdf,      &raster_image, &pe_binary,
    &http_request,    &icmp,         &socket21, &tcp,          &windows_process,
    &windows_service, &unix_account, NULL,
};

const ValidateSchema *const validate_extensions20[] = {
    &archive20, &ntfs,     &pdf, &raster_image20,  &pe_binary,         &http_request,
    &icmp,      &socket20, &tcp, &windows_process, &windows_service20, &unix_account,
    NULL,
};
