#include "stix/validate_value.h"

#include <math.h>
#include <string.h>

#include "base/timestamp.h"
#include "stix/identifier.h"
#include "stix/validate_object.h"
#include "stix/validate_text.h"

static void check_string(ValidateContext *context, ValidateText kind, yyjson_val *value)
{
    gboolean must;
    const char *problem = validate_text_check(kind, context->spec, unsafe_yyjson_get_str(value),
                                              unsafe_yyjson_get_len(value), &must);
    if (!problem)
        return;
    if (must)
        validate_context_must(context, value, "%s", problem);
    else
        validate_context_should(context, value, problem);
}

/* Numbers. */

static const struct {
    double least;
    double most;
} ranges[] = {
    [RANGE_ANY] = {-9007199254740991.0, 9007199254740991.0},
    [RANGE_UNSIGNED] = {0, 9007199254740991.0},
    [RANGE_PORT] = {0, 65535},
    [RANGE_PERCENT] = {0, 100},
    [RANGE_COUNT] = {0, 999999999},
    [RANGE_OBSERVED] = {1, 999999999},
    [RANGE_LATITUDE] = {-90, 90},
    [RANGE_LONGITUDE] = {-180, 180},
};

static void check_number(ValidateContext *context, const ValidateProperty *property,
                         yyjson_val *value)
{
    double number = yyjson_get_num(value);
    gboolean is_float = property->kind == KIND_FLOAT;
    if (!is_float && yyjson_is_real(value) && number != trunc(number)) {
        validate_context_must(context, value, "not an integer");
        return;
    }
    if (is_float && property->detail == RANGE_ANY)
        return;
    if (number < ranges[property->detail].least || number > ranges[property->detail].most)
        validate_context_must(context, value, "not between %.0f and %.0f",
                              ranges[property->detail].least, ranges[property->detail].most);
}

static void check_timestamp(ValidateContext *context, ValidatePrecision precision,
                            yyjson_val *value)
{
    gint64 time;
    guint digits;
    if (!timestamp_parse(unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value), &time,
                         &digits))
        validate_context_must(context, value,
                              "not a timestamp of the form YYYY-MM-DDThh:mm:ss[.s+]Z");
    else if (precision == PRECISION_MILLISECONDS && digits < 3)
        validate_context_must(context, value, "less precise than milliseconds");
    else if (precision == PRECISION_SECONDS && digits > 0)
        validate_context_must(context, value, "more precise than seconds");
}

static void check_vocabulary(ValidateContext *context, const ValidateProperty *property,
                             yyjson_val *value)
{
    const char *text = unsafe_yyjson_get_str(value);
    gsize length = unsafe_yyjson_get_len(value);
    if (vocabulary_contains(property->detail, text, length))
        return;
    if (property->kind == KIND_ENUM) {
        validate_context_must(context, value, "not a value of %s",
                              vocabulary_name(property->detail));
        return;
    }
    validate_context_should(context, value, "not a value of the suggested vocabulary");
    for (gsize i = 0; i < length; i++) {
        if (g_ascii_isupper(text[i]) || text[i] == ' ' || text[i] == '_') {
            validate_context_should(context, value,
                                    "a value outside the vocabulary should be lower-case words "
                                    "joined by hyphens");
            return;
        }
    }
}

/* References. */

#define DOMAIN_TYPES                                                                               \
    "|attack-pattern|campaign|course-of-action|grouping|identity|incident|indicator|"              \
    "infrastructure|intrusion-set|location|malware|malware-analysis|note|observed-data|opinion|"   \
    "report|threat-actor|tool|vulnerability|"
#define META_TYPES "bundle|marking-definition|language-content|extension-definition|"

/* The types between bars are the only ones allowed, or with except the ones that are not. */
static const struct {
    gboolean except;
    const char *types;
} references[REF_COUNT] = {
    [REF_OWN] = {TRUE, "|"},
    [REF_ANY] = {TRUE, "|"},
    [REF_MARKING] = {FALSE, "|marking-definition|"},
    [REF_OBSERVED_DATA] = {FALSE, "|observed-data|"},
    [REF_SIGHTED_AT] = {FALSE, "|identity|location|"},
    [REF_SIGHTED_AT_20] = {FALSE, "|identity|"},
    [REF_OBSERVABLE] = {TRUE, DOMAIN_TYPES META_TYPES},
    [REF_ONLY_OBSERVABLE] = {TRUE, DOMAIN_TYPES META_TYPES "relationship|sighting|"},
    [REF_RELATABLE] = {TRUE, "|relationship|sighting|bundle|marking-definition|language-content|"},
    [REF_TRANSLATABLE] = {TRUE, "|bundle|language-content|"},
    [REF_SOFTWARE] = {FALSE, "|software|"},
    [REF_SAMPLE] = {FALSE, "|artifact|file|"},
    [REF_ANALYSED] = {FALSE, "|artifact|file|network-traffic|"},
    [REF_ARTIFACT] = {FALSE, "|artifact|"},
    [REF_AUTONOMOUS_SYSTEM] = {FALSE, "|autonomous-system|"},
    [REF_DIRECTORY] = {FALSE, "|directory|"},
    [REF_DIRECTORY_CONTENT] = {FALSE, "|directory|file|"},
    [REF_DOMAIN_TARGET] = {FALSE, "|ipv4-addr|ipv6-addr|domain-name|"},
    [REF_ADDRESS] = {FALSE, "|ipv4-addr|ipv6-addr|mac-addr|domain-name|"},
    [REF_EMAIL_ADDRESS] = {FALSE, "|email-addr|"},
    [REF_EMAIL_BODY] = {FALSE, "|artifact|file|"},
    [REF_FILE] = {FALSE, "|file|"},
    [REF_MAC] = {FALSE, "|mac-addr|"},
    [REF_PROCESS] = {FALSE, "|process|"},
    [REF_TRAFFIC] = {FALSE, "|network-traffic|"},
    [REF_USER_ACCOUNT] = {FALSE, "|user-account|"},
};

static gboolean type_is_allowed(ValidateReference reference, const char *type, gsize length)
{
    return vocabulary_list_contains(references[reference].types, type, length) !=
           references[reference].except;
}

/* A key of the container the object lives in. TRUE when @value is one. */
static gboolean check_local_reference(ValidateContext *context, ValidateReference reference,
                                      yyjson_val *value)
{
    yyjson_val *target = yyjson_obj_getn(context->container, unsafe_yyjson_get_str(value),
                                         unsafe_yyjson_get_len(value));
    if (!target)
        return FALSE;
    yyjson_val *type = yyjson_obj_get(target, "type");
    if (yyjson_is_str(type) &&
        !type_is_allowed(reference, unsafe_yyjson_get_str(type), unsafe_yyjson_get_len(type)))
        validate_context_must(context, value, "must not refer to an object of type %s",
                              unsafe_yyjson_get_str(type));
    return TRUE;
}

void validate_value_check_reference(ValidateContext *context, ValidateReference reference,
                                    yyjson_val *value)
{
    const char *text = unsafe_yyjson_get_str(value);
    gsize length = unsafe_yyjson_get_len(value);
    if (context->container && reference > REF_MARKING) {
        if (check_local_reference(context, reference, value))
            return;
        if (context->spec == OBJECT_SPEC_20) {
            validate_context_must(context, value, "there is no such object beside this one");
            return;
        }
    }
    gsize type_length = identifier_type_length(text, length);
    if (type_length == 0 ||
        !identifier_is_uuid(text + type_length + 2, length - type_length - 2, NULL) ||
        !validate_text_is_type(OBJECT_SPEC_21, text, type_length)) {
        validate_context_must(context, value, "not an identifier of the form type--UUID");
        return;
    }
    if (!type_is_allowed(reference, text, type_length))
        validate_context_must(context, value, "must not refer to an object of type %.*s",
                              (int)type_length, text);
}

/* Hashes. */

static const struct {
    const char *name;
    guint digits; /* of hex; 0: not hex */
    gboolean spec20_only;
} hash_lengths[] = {
    {"MD5", 32, FALSE},       {"SHA-1", 40, FALSE},     {"SHA-256", 64, FALSE},
    {"SHA-512", 128, FALSE},  {"SHA3-256", 64, FALSE},  {"SHA3-512", 128, FALSE},
    {"MD6", 0, TRUE},         {"RIPEMD-160", 40, TRUE}, {"SHA-224", 56, TRUE},
    {"SHA-384", 96, TRUE},    {"SHA3-224", 56, TRUE},   {"SHA3-384", 96, TRUE},
    {"WHIRLPOOL", 128, TRUE},
};

static gboolean hash_is_well_formed(ObjectSpec spec, yyjson_val *key, yyjson_val *value)
{
    const char *text = unsafe_yyjson_get_str(value);
    gsize length = unsafe_yyjson_get_len(value);
    for (guint i = 0; i < G_N_ELEMENTS(hash_lengths); i++) {
        if (!unsafe_yyjson_equals_str(key, hash_lengths[i].name) || hash_lengths[i].digits == 0 ||
            (hash_lengths[i].spec20_only && spec != OBJECT_SPEC_20))
            continue;
        return length == hash_lengths[i].digits && validate_text_is_hex(text, length);
    }
    if (unsafe_yyjson_equals_str(key, "TLSH")) { /* with or without its version, "T1" */
        gsize version = length == 72 && text[0] == 'T' ? 2 : 0;
        return length - version == 70 && validate_text_is_hex(text + version, 70);
    }
    return length > 0;
}

static void check_hashes(ValidateContext *context, gboolean closed, yyjson_val *value)
{
    Vocabulary vocabulary = context->spec == OBJECT_SPEC_21 ? VOCABULARY_HASH : VOCABULARY_HASH_20;
    size_t at, size;
    yyjson_val *key, *hash;
    yyjson_obj_foreach (value, at, size, key, hash) {
        const char *name = unsafe_yyjson_get_str(key);
        gsize length = unsafe_yyjson_get_len(key);
        if (length < 3 || !validate_text_is_key(context->spec, name, length))
            validate_context_must(context, key, "not the name of a hash algorithm");
        else if (!yyjson_is_str(hash))
            validate_context_must(context, hash, "not a string");
        else if (!hash_is_well_formed(context->spec, key, hash))
            validate_context_must(context, hash, "not a hash of the algorithm named");
        else if (vocabulary_contains(vocabulary, name, length))
            continue;
        else if (closed)
            validate_context_must(context, key, "not a value of %s", vocabulary_name(vocabulary));
        else if (strncmp(name, "x_", 2) != 0)
            validate_context_should(context, key,
                                    "the algorithm should be of hash-algorithm-ov or begin with "
                                    "x_");
    }
}

/* Dictionaries. */

static gboolean is_string_or_strings(yyjson_val *value)
{
    if (yyjson_is_str(value))
        return TRUE;
    size_t at, size;
    yyjson_val *element;
    if (!yyjson_is_arr(value) || yyjson_arr_size(value) == 0)
        return FALSE;
    yyjson_arr_foreach (value, at, size, element) {
        if (!yyjson_is_str(element))
            return FALSE;
    }
    return TRUE;
}

/* The translations of one language: properties of the object translated. */
static void check_translations(ValidateContext *context, yyjson_val *key, yyjson_val *value)
{
    if (vocabulary_language(unsafe_yyjson_get_str(key), unsafe_yyjson_get_len(key)) !=
        VOCABULARY_LANGUAGE_KNOWN)
        validate_context_must(context, key, "no registered language (RFC 5646)");
    if (!yyjson_is_obj(value) || yyjson_obj_size(value) == 0) {
        validate_context_must(context, value, "not a dictionary of translations");
        return;
    }
    size_t at, size;
    yyjson_val *name, *text;
    yyjson_obj_foreach (value, at, size, name, text) {
        if (!validate_text_is_property(OBJECT_SPEC_20, unsafe_yyjson_get_str(name),
                                       unsafe_yyjson_get_len(name)))
            validate_context_must(context, name, "not the name of a property");
    }
}

static void check_entry(ValidateContext *context, ValidateDictionary kind, yyjson_val *key,
                        yyjson_val *value)
{
    const char *name = unsafe_yyjson_get_str(key);
    gsize length = unsafe_yyjson_get_len(key);
    if (kind == DICTIONARY_LANGUAGES) {
        check_translations(context, key, value);
        return;
    }
    if (!validate_text_is_key(context->spec, name, length)) {
        validate_context_must(context, key,
                              "a key of a dictionary has only a-z, A-Z, 0-9, - and _");
        return;
    }
    if (yyjson_is_null(value) && kind != DICTIONARY_STARTUP)
        validate_context_must(context, value, "must not be null");
    else if (yyjson_is_arr(value) && yyjson_arr_size(value) == 0)
        validate_context_must(context, value, "must not be empty");
    else if (kind == DICTIONARY_STRINGS && !yyjson_is_str(value))
        validate_context_must(context, value, "not a string");
    else if (kind == DICTIONARY_HEADERS && !is_string_or_strings(value))
        validate_context_must(context, value, "neither a string nor a list of strings");
    else if (kind == DICTIONARY_IPFIX && !yyjson_is_str(value) && !yyjson_is_int(value))
        validate_context_must(context, value, "neither a string nor an integer");
    else if (kind == DICTIONARY_IPFIX && context->spec == OBJECT_SPEC_20 &&
             g_ascii_isupper(name[0]))
        validate_context_should(context, key, "the key should be lower case");
    else if (kind == DICTIONARY_SOCKET &&
             !vocabulary_contains(VOCABULARY_SOCKET_OPTION, name, length))
        validate_context_should(context, key, "should be a socket option");
    else if (kind == DICTIONARY_PDF &&
             !vocabulary_contains(VOCABULARY_PDF_INFORMATION, name, length))
        validate_context_should(context, key, "should be a key of PDF document information");
    if (context->spec == OBJECT_SPEC_20 && kind == DICTIONARY_ANY && length > 30)
        validate_context_should(context, key, "the key should have no more than 30 characters");
}

static void check_dictionary(ValidateContext *context, ValidateDictionary kind, yyjson_val *value)
{
    if (yyjson_obj_size(value) == 0)
        validate_context_must(context, value, "must not be empty");
    size_t at, size;
    yyjson_val *key, *entry;
    yyjson_obj_foreach (value, at, size, key, entry)
        check_entry(context, kind, key, entry);
}

/* Extensions (STIX 2.1 sections 3.10, 7.3 and 11.3). */

static gboolean is_custom_extension_name(ObjectSpec spec, const char *name, gsize length)
{
    if (spec == OBJECT_SPEC_20)
        return validate_text_is_key(spec, name, length);
    return length > 4 && memcmp(name + length - 4, "-ext", 4) == 0 &&
           validate_text_is_type(spec, name, length);
}

static void check_custom_properties(ValidateContext *context, yyjson_val *object)
{
    gboolean extended = context->extended;
    context->extended = TRUE; /* that these properties are an extension's is the point */
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (object, at, size, key, value)
        validate_value_check_custom(context, key, value);
    context->extended = extended;
}

static void check_defined_extension(ValidateContext *context, yyjson_val *key, yyjson_val *value)
{
    static const gsize prefix = sizeof "extension-definition--" - 1;
    const char *name = unsafe_yyjson_get_str(key);
    gsize length = unsafe_yyjson_get_len(key);
    if (!identifier_is_uuid(name + prefix, length - prefix, NULL))
        validate_context_must(context, key, "not the identifier of an extension definition");
    yyjson_val *type = yyjson_obj_get(value, "extension_type");
    if (!type)
        validate_context_missing(context, value, "extension_type");
    else if (!yyjson_is_str(type) ||
             !vocabulary_contains(VOCABULARY_EXTENSION_TYPE, unsafe_yyjson_get_str(type),
                                  unsafe_yyjson_get_len(type)))
        validate_context_must(context, type, "not a value of %s",
                              vocabulary_name(VOCABULARY_EXTENSION_TYPE));
    check_custom_properties(context, value);
}

static void check_extension(ValidateContext *context, yyjson_val *key, yyjson_val *value)
{
    const char *name = unsafe_yyjson_get_str(key);
    gsize length = unsafe_yyjson_get_len(key);
    if (!yyjson_is_obj(value) || yyjson_obj_size(value) == 0) {
        validate_context_must(context, value, "not a dictionary with properties");
        return;
    }
    const ValidateCompiled *predefined =
        validate_schema_find_extension(context->spec, name, length);
    if (predefined) {
        validate_object_check(context, predefined, value);
        return;
    }
    if (context->spec == OBJECT_SPEC_21 && g_str_has_prefix(name, "extension-definition--")) {
        check_defined_extension(context, key, value);
        return;
    }
    if (!is_custom_extension_name(context->spec, name, length))
        validate_context_must(context, key,
                              context->spec == OBJECT_SPEC_21
                                  ? "neither an extension definition nor a name ending in -ext"
                                  : "not the name of an extension");
    else if (context->spec == OBJECT_SPEC_21)
        validate_context_should(context, key, "a custom extension should have a definition");
    else if (strncmp(name, "x-", 2) != 0 || !strchr(name + 2, '-'))
        validate_context_should(context, key,
                                "a custom extension's name should begin with x-, its source and -");
    check_custom_properties(context, value);
}

static void check_extensions(ValidateContext *context, yyjson_val *value)
{
    if (yyjson_obj_size(value) == 0)
        validate_context_must(context, value, "must not be empty");
    size_t at, size;
    yyjson_val *key, *extension;
    yyjson_obj_foreach (value, at, size, key, extension)
        check_extension(context, key, extension);
}

/* Observables in observed-data, objects in a bundle. */

static void check_container(ValidateContext *context, yyjson_val *value)
{
    if (yyjson_obj_size(value) == 0)
        validate_context_must(context, value, "must not be empty");
    yyjson_val *outer = context->container;
    context->container = value;
    size_t at, size;
    yyjson_val *key, *object;
    yyjson_obj_foreach (value, at, size, key, object) {
        const char *name = unsafe_yyjson_get_str(key);
        if (strspn(name, "0123456789") != unsafe_yyjson_get_len(key) || name[0] == '\0')
            validate_context_should(context, key, "the key should be a non-negative integer");
        validate_object_check_contained(context, object);
    }
    context->container = outer;
}

/* The JSON type each kind is made of. */
static gboolean has_right_type(ValidateKind kind, yyjson_val *value)
{
    switch (kind) {
    case KIND_BOOLEAN:
        return yyjson_is_bool(value);
    case KIND_INTEGER:
    case KIND_FLOAT:
        return yyjson_is_num(value);
    case KIND_DICTIONARY:
    case KIND_HASHES:
    case KIND_PART:
    case KIND_EXTENSIONS:
    case KIND_CONTAINER:
    case KIND_OBJECTS:
        return yyjson_is_obj(value);
    default:
        return yyjson_is_str(value);
    }
}

static const char *type_name(ValidateKind kind)
{
    switch (kind) {
    case KIND_BOOLEAN:
        return "true or false";
    case KIND_INTEGER:
        return "an integer";
    case KIND_FLOAT:
        return "a number";
    case KIND_DICTIONARY:
    case KIND_HASHES:
    case KIND_PART:
    case KIND_EXTENSIONS:
    case KIND_CONTAINER:
    case KIND_OBJECTS:
        return "a JSON object";
    default:
        return "a string";
    }
}

static void check_one(ValidateContext *context, const ValidateProperty *property,
                      const ValidateCompiled *part, yyjson_val *value)
{
    if (!has_right_type(property->kind, value)) {
        validate_context_must(context, value, "not %s", type_name(property->kind));
        return;
    }
    switch (property->kind) {
    case KIND_STRING:
        check_string(context, property->detail, value);
        break;
    case KIND_BOOLEAN:
        break;
    case KIND_INTEGER:
    case KIND_FLOAT:
        check_number(context, property, value);
        break;
    case KIND_TIMESTAMP:
        check_timestamp(context, property->detail, value);
        break;
    case KIND_HEX:
        if (!validate_text_is_hex(unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)))
            validate_context_must(context, value, "not an even number of hex digits");
        break;
    case KIND_BINARY:
        if (!validate_text_is_base64(unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)))
            validate_context_must(context, value, "not base64");
        break;
    case KIND_DICTIONARY:
        check_dictionary(context, property->detail, value);
        break;
    case KIND_HASHES:
        if (yyjson_obj_size(value) == 0)
            validate_context_must(context, value, "must not be empty");
        check_hashes(context, (gboolean)property->detail, value);
        break;
    case KIND_IDENTIFIER:
        validate_value_check_reference(context, property->detail, value);
        break;
    case KIND_OPEN:
    case KIND_ENUM:
        check_vocabulary(context, property, value);
        break;
    case KIND_PART:
        validate_object_check(context, part, value);
        break;
    case KIND_EXTENSIONS:
        check_extensions(context, value);
        break;
    case KIND_CONTAINER:
        check_container(context, value);
        break;
    case KIND_OBJECTS:
        validate_object_check_whole(context, value);
        break;
    }
}

void validate_value_check(ValidateContext *context, const ValidateCompiled *compiled, guint index,
                          yyjson_val *value)
{
    const ValidateProperty *property = compiled->properties[index].property;
    const ValidateCompiled *part = compiled->properties[index].part;
    if (!(property->flags & PROPERTY_LIST)) {
        check_one(context, property, part, value);
        return;
    }
    if (!yyjson_is_arr(value)) {
        validate_context_must(context, value, "not a list");
        return;
    }
    if (yyjson_arr_size(value) == 0)
        validate_context_must(context, value, "a list must not be empty");
    size_t at, size;
    yyjson_val *element;
    yyjson_arr_foreach (value, at, size, element)
        check_one(context, property, part, element);
}

/* Custom properties (STIX 2.1 section 11.1, STIX 2.0 part 1 section 7.1). */

static gboolean is_reserved(ObjectSpec spec, const char *name, gsize length)
{
    static const char reserved21[] = "|severity|action|username|phone_number|phone_numbers|";
    static const char reserved20[] = "|confidence|severity|action|usernames|phone_numbers|"
                                     "addresses|first_seen_precision|last_seen_precision|"
                                     "valid_from_precision|valid_until_precision|";
    if (strncmp(name, "x_", 2) == 0) /* most custom names; none of those reserved */
        return FALSE;
    return vocabulary_list_contains(spec == OBJECT_SPEC_21 ? reserved21 : reserved20, name, length);
}

static gboolean has_suffix(const char *name, gsize length, const char *suffix)
{
    gsize suffix_length = strlen(suffix);
    return length > suffix_length &&
           memcmp(name + length - suffix_length, suffix, suffix_length) == 0;
}

void validate_value_check_custom(ValidateContext *context, yyjson_val *key, yyjson_val *value)
{
    const char *name = unsafe_yyjson_get_str(key);
    gsize length = unsafe_yyjson_get_len(key);
    ObjectSpec spec = context->spec;
    gboolean reserves = spec == OBJECT_SPEC_21 || !context->container;
    if (reserves && is_reserved(spec, name, length))
        validate_context_must(context, key, "a reserved name");
    else if (!validate_text_is_property(spec, name, length))
        validate_context_must(context, key,
                              "not the name of a property: a-z, 0-9 and underscore, 3 to 250");

    if (yyjson_is_null(value))
        validate_context_must(context, value, "must not be null");
    else if (yyjson_is_arr(value) && yyjson_arr_size(value) == 0)
        validate_context_must(context, value, "a list must not be empty");
    else if (spec == OBJECT_SPEC_21 && has_suffix(name, length, "_hex") &&
             !(yyjson_is_str(value) &&
               validate_text_is_hex(yyjson_get_str(value), yyjson_get_len(value))))
        validate_context_must(context, value, "not an even number of hex digits");
    else if (spec == OBJECT_SPEC_21 && has_suffix(name, length, "_bin") &&
             !(yyjson_is_str(value) &&
               validate_text_is_base64(yyjson_get_str(value), yyjson_get_len(value))))
        validate_context_must(context, value, "not base64");

    if (context->extended)
        return;
    if (spec == OBJECT_SPEC_21)
        validate_context_should(context, key, "a custom property should be in an extension");
    else if (strncmp(name, "x_", 2) != 0 || !strchr(name + 2, '_'))
        validate_context_should(context, key,
                                "a custom property's name should begin with x_, its source and _");
}
