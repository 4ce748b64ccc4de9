#include "stix/object.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/timestamp.h"

#define UUID   "11111111-2222-4333-8444-555555555555"
#define TIMES  "'created':'2024-01-02T03:04:05.678Z','modified':'2024-01-02T03:04:06.678901Z'"
#define TOOL   "{'type':'tool','id':'tool--" UUID "','spec_version':'2.1'," TIMES ",'name':'x'"
#define SHA256 "aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f"

/* Test cases are written with apostrophes for quotation marks; a grave accent stands for one. */
static char *quote(const char *text)
{
    char *json = g_strdup(text);
    g_strdelimit(json, "'", '"');
    return g_strdelimit(json, "`", '\'');
}

/* Who only asks for values gets what the lenient level gives, and is refused in the same words. */
static void check_values_level(const char *json, ObjectSpec spec)
{
    g_autoptr(GError) error = NULL, other_error = NULL;
    g_autoptr(Object) lenient = object_read(json, strlen(json), spec, OBJECT_LENIENT, &error);
    g_autoptr(Object) other = object_read(json, strlen(json), spec, OBJECT_VALUES, &other_error);

    g_assert_true(!lenient == !other);
    if (!lenient) {
        g_assert_cmpstr(other_error->message, ==, error->message);
        return;
    }
    g_assert_nonnull(other->document);
    g_assert_null(other->warnings);
    g_assert_cmpstr(other->id, ==, lenient->id);
    g_assert_cmpstr(other->type, ==, lenient->type);
    g_assert_cmpint(other->spec, ==, lenient->spec);
    g_assert_cmpint(other->version, ==, lenient->version);
    g_assert_cmpuint(other->version_digits, ==, lenient->version_digits);
    g_assert_cmpint(other->revoked, ==, lenient->revoked);
    g_assert_cmpint(other->pattern_20, ==, lenient->pattern_20);
    g_assert_cmpint(other->whole_pattern, ==, lenient->whole_pattern);
    guint count = lenient->values ? lenient->values->len : 0;
    g_assert_cmpuint(other->values ? other->values->len : 0, ==, count);
    for (guint i = 0; i < count; i++) {
        const ObjectValue *one = &g_array_index(lenient->values, ObjectValue, i);
        const ObjectValue *two = &g_array_index(other->values, ObjectValue, i);
        g_assert_cmpint(two->kind, ==, one->kind);
        g_assert_cmpint(two->from_pattern, ==, one->from_pattern);
        g_assert_cmpstr(two->text, ==, one->text);
    }
}

static Object *read_text(const char *text, ObjectSpec spec, ObjectLevel level, char **ret_json)
{
    *ret_json = quote(text);
    g_autoptr(GError) error = NULL;
    check_values_level(*ret_json, spec);
    Object *object = object_read(*ret_json, strlen(*ret_json), spec, level, &error);
    if (!object)
        g_error("%s\n%s", text, error->message);
    return object;
}

static void check_refused(const char *text, ObjectLevel level, int code, const char *expected)
{
    g_autofree char *json = quote(text);
    g_autoptr(GError) error = NULL;
    check_values_level(json, OBJECT_SPEC_21);
    g_autoptr(Object) object = object_read(json, strlen(json), OBJECT_SPEC_21, level, &error);
    if (object)
        g_error("accepted: %s", text);
    g_assert_error(error, CONCERT_ERROR, code);
    if (!g_str_has_prefix(error->message, expected))
        g_error("%s\nexpected %s, found %s", text, expected, error->message);
}

static void test_fields(void)
{
    g_autofree char *json = NULL;
    g_autoptr(Object) object =
        read_text("\n " TOOL ",'revoked':true} \t", OBJECT_SPEC_20, OBJECT_DEFAULT, &json);
    g_assert_true(object->bytes == json);
    g_assert_cmpuint(object->length, ==, strlen(json));
    g_assert_cmpstr(object->id, ==, "tool--" UUID);
    g_assert_cmpstr(object->type, ==, "tool");
    g_assert_cmpint(object->spec, ==, OBJECT_SPEC_21);
    g_assert_cmpint(object->version, ==, G_GINT64_CONSTANT(1704164646678901));
    g_assert_cmpuint(object->version_digits, ==, 6);
    g_assert_true(object->revoked);
    guint8 digest[SHA256_SIZE];
    sha256_digest(json, strlen(json), digest);
    g_assert_cmpmem(object->sha256, SHA256_SIZE, digest, SHA256_SIZE);
    g_autofree char *version = object_version_text(object->version, object->version_digits);
    g_assert_cmpstr(version, ==, "2024-01-02T03:04:06.678901Z");
    g_assert_null(object->warnings);
}

static void test_version(void)
{
    static const struct {
        const char *text;
        gint64 version;
        guint digits;
        const char *written;
    } cases[] = {
        {"{'type':'tool','id':'tool--1','modified':'1970-01-01T00:00:01Z'}", 1000000, 0,
         "1970-01-01T00:00:01Z"},
        {"{'type':'tool','id':'tool--1','created':'1970-01-01T00:00:02.50Z'}", 2500000, 2,
         "1970-01-01T00:00:02.50Z"},
        {"{'type':'tool','id':'tool--1','created':'1970-01-01T00:00:02Z',"
         "'modified':'1969-12-31T23:59:59.9Z'}",
         -100000, 1, "1969-12-31T23:59:59.9Z"},
        {"{'type':'tool','id':'tool--1'}", 0, 0, "1970-01-01T00:00:00Z"},
        {"{'type':'tool','id':'tool--1','modified':'1970-01-01 02:00:00.25+02:00'}", 250000, 2,
         "1970-01-01T00:00:00.25Z"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *json = NULL;
        g_autoptr(Object) object = read_text(cases[i].text, OBJECT_SPEC_21, OBJECT_LENIENT, &json);
        g_assert_cmpint(object->version, ==, cases[i].version);
        g_assert_cmpuint(object->version_digits, ==, cases[i].digits);
        g_autofree char *written = object_version_text(object->version, object->version_digits);
        g_assert_cmpstr(written, ==, cases[i].written);
    }
}

static void test_spec(void)
{
    static const struct {
        const char *text;
        ObjectSpec fallback;
        ObjectSpec spec;
    } cases[] = {
        {"{'type':'tool','id':'tool--1'}", OBJECT_SPEC_20, OBJECT_SPEC_20},
        {"{'type':'tool','id':'tool--1'}", OBJECT_SPEC_21, OBJECT_SPEC_21},
        {"{'type':'tool','id':'tool--1','spec_version':'2.1'}", OBJECT_SPEC_20, OBJECT_SPEC_21},
        {"{'type':'tool','id':'tool--1','spec_version':'2.0'}", OBJECT_SPEC_21, OBJECT_SPEC_20},
        {"{'type':'ipv4-addr','id':'ipv4-addr--1','value':'192.0.2.1'}", OBJECT_SPEC_20,
         OBJECT_SPEC_21},
        {"{'type':'x-alder','id':'x-alder--1'}", OBJECT_SPEC_20, OBJECT_SPEC_20},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *json = NULL;
        g_autoptr(Object) object =
            read_text(cases[i].text, cases[i].fallback, OBJECT_LENIENT, &json);
        g_assert_cmpint(object->spec, ==, cases[i].spec);
    }
}

/* What no level stores. */
static void test_refused(void)
{
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"", "$: not JSON"},
        {"{", "$: not JSON"},
        {"[]", "$: not a JSON object"},
        {"'x'", "$: not a JSON object"},
        {"\xef\xbb\xbf" TOOL "}", "$: not JSON"},
        {TOOL "} {}", "$: not JSON"},
        {TOOL ",}", "$: not JSON"},
        {TOOL ",'x_alder':NaN}", "$: not JSON"},
        {TOOL ",'x_alder':'\xff'}", "$: not JSON"},
        {TOOL ",'x_alder':'\\ud800'}", "$: not JSON"},
        {TOOL ",'name':'y'}", "$: duplicate key \"name\""},
        {TOOL ",'x_alder':[{'a':{'b':1,'b':2}}]}", "$.x_alder[0].a: duplicate key \"b\""},
        {"{'id':'tool--1'}", "$.type: a string is required"},
        {"{'type':'tool'}", "$.id: a string is required"},
        {"{'type':'tool','id':5}", "$.id: a string is required"},
        {"{'type':'tool','id':'tool-1'}", "$.id: not of the form type--UUID"},
        {"{'type':'tool','id':'tool--'}", "$.id: not of the form type--UUID"},
        {"{'type':'tool','id':'tools--1'}", "$.id: does not begin with the object's type"},
        {"{'type':'tools','id':'tool--1'}", "$.id: does not begin with the object's type"},
        {"{'type':'tool','id':'tool--\\u0000'}", "$.id: contains a NUL"},
        {"{'type':'tool','id':'tool--1','modified':5}", "$.modified: not a timestamp"},
        {"{'type':'tool','id':'tool--1','modified':'yesterday'}", "$.modified: not a timestamp"},
        {"{'type':'tool','id':'tool--1','created':''}", "$.created: not a timestamp"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_refused(cases[i].text, OBJECT_LENIENT, CONCERT_ERROR_INPUT, cases[i].error);

    g_autofree char *long_part = g_strnfill(OBJECT_MAX_ID - 6, 'a');
    g_autofree char *fits = g_strdup_printf("{'type':'tool','id':'tool--%s'}", long_part);
    g_autofree char *json = NULL;
    g_autoptr(Object) object = read_text(fits, OBJECT_SPEC_21, OBJECT_LENIENT, &json);
    g_assert_cmpuint(strlen(object->id), ==, OBJECT_MAX_ID);
    g_autofree char *too_long = g_strdup_printf("{'type':'tool','id':'tool--%sa'}", long_part);
    check_refused(too_long, OBJECT_LENIENT, CONCERT_ERROR_INPUT, "$.id: longer than 255 bytes");

    g_autoptr(GString) deep = g_string_new(TOOL ",'x_alder':");
    for (guint i = 0; i < 64; i++)
        g_string_append_c(deep, '[');
    for (guint i = 0; i < 64; i++)
        g_string_append_c(deep, ']');
    g_string_append_c(deep, '}');
    check_refused(deep->str, OBJECT_LENIENT, CONCERT_ERROR_LIMIT, "$.x_alder[0][0]");

    g_autofree char *huge = g_strnfill(OBJECT_MAX_SIZE + 1, ' ');
    check_refused(huge, OBJECT_LENIENT, CONCERT_ERROR_LIMIT, "$: larger than");
}

static void test_levels(void)
{
    static const char must[] = TOOL ",'labels':[],'confidence':200}";
    check_refused(must, OBJECT_DEFAULT, CONCERT_ERROR_INPUT,
                  "$.labels: a list must not be empty (and 1 more)");
    check_refused(must, OBJECT_STRICT, CONCERT_ERROR_INPUT, "$.labels: a list must not be empty");
    g_autofree char *json = NULL;
    g_autoptr(Object) lenient = read_text(must, OBJECT_SPEC_21, OBJECT_LENIENT, &json);
    g_assert_cmpuint(lenient->warnings->len, ==, 2);
    g_assert_cmpstr(lenient->warnings->pdata[0], ==, "$.labels: a list must not be empty");
    g_assert_cmpstr(lenient->warnings->pdata[1], ==, "$.confidence: not between 0 and 100");

    static const char should[] = TOOL ",'x_alder_rank':1,'x_alder_note':2}";
    check_refused(should, OBJECT_STRICT, CONCERT_ERROR_INPUT, "$.x_alder_rank: a custom property");
    g_autofree char *other_json = NULL;
    g_autoptr(Object) plain = read_text(should, OBJECT_SPEC_21, OBJECT_DEFAULT, &other_json);
    g_assert_cmpuint(plain->warnings->len, ==, 1);
    g_assert_cmpstr(plain->warnings->pdata[0], ==,
                    "$.x_alder_rank: a custom property should be in an extension "
                    "(and 1 more like it)");
}

/* The values of an object, "kind:text" or "kind<text" when of a pattern, joined by blanks. */
static char *list_values(const Object *object)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; object->values && i < object->values->len; i++) {
        const ObjectValue *value = &g_array_index(object->values, ObjectValue, i);
        g_string_append_printf(list, "%s%s%c%s", i > 0 ? " " : "",
                               observable_kind_name(value->kind), value->from_pattern ? '<' : ':',
                               value->text);
    }
    return g_string_free(list, FALSE);
}

static void check_values(const char *text, ObjectSpec spec, const char *expected)
{
    g_autofree char *json = NULL;
    g_autoptr(Object) object = read_text(text, spec, OBJECT_LENIENT, &json);
    g_autofree char *values = list_values(object);
    g_assert_cmpstr(values, ==, expected);
    g_assert_true((object->values != NULL) == (expected[0] != '\0'));
}

static void test_values(void)
{
#define SCO(type, body) "{'type':'" type "','id':'" type "--" UUID "'," body "}"
    static const struct {
        const char *text;
        const char *values;
    } cases[] = {
        {"{'type':'tool','id':'tool--1'}", ""},
        {"{'type':'tool','id':'tool--1','name':'Alder\\u00c4x Kit'}", "other:alder\xc3\xa4x kit"},
        {"{'type':'tool','id':'tool--1','name':''}", ""},
        {"{'type':'tool','id':'tool--1','name':5}", ""},
        {"{'type':'tool','id':'tool--1','name':'a\\u0000b'}", ""},
        {SCO("ipv4-addr", "'value':'192.0.2.7/32'"), "ipv4:192.0.2.7"},
        {SCO("ipv4-addr", "'value':'192.0.2.7/24'"), "cidr:192.0.2.0/24"},
        {SCO("ipv6-addr", "'value':'2001:DB8:0::1'"), "ipv6:2001:db8::1"},
        {SCO("ipv4-addr", "'value':'not an address'"), "other:not an address"},
        {SCO("domain-name", "'value':'C2.Alder.EXAMPLE.'"), "domain:c2.alder.example"},
        {SCO("email-addr", "'value':'Mail@Alder.example'"), "email:mail@alder.example"},
        {SCO("autonomous-system", "'number':64496"), "other:64496"},
        {SCO("mutex", "'name':'Global_X'"), "other:Global_X other:global_x"},
        {SCO("file", "'name':'a.exe','hashes':{'SHA-256':'" SHA256
                     "','MD5':'CEAD3F77F6CDA6EC00F57D76C9A6879F','SSDEEP':'3:abc'}"),
         "sha256:" SHA256 " md5:cead3f77f6cda6ec00f57d76c9a6879f other:3:abc other:a.exe"},
        {SCO("windows-registry-key", "'key':'HKEY_LOCAL_MACHINE_X'"), "other:HKEY_LOCAL_MACHINE_X"},
        {"{'type':'indicator','id':'indicator--1','name':'Beacon','pattern_type':'stix','pattern':"
         "'[ipv4-addr:value = `192.0.2.7` OR ipv4-addr:value = `192.0.2.7` OR "
         "domain-name:value IN (`c2.example`, `beacon`)]'}",
         "other:beacon ipv4<192.0.2.7 domain<c2.example other<beacon"},
        {"{'type':'indicator','id':'indicator--1','pattern_type':'yara','pattern':"
         "'[ipv4-addr:value = `192.0.2.7`]'}",
         ""},
        {"{'type':'indicator','id':'indicator--1','pattern_type':'stix','pattern':'['}", ""},
        /* values of something that is no observable are its own affair */
        {"{'type':'tool','id':'tool--1','value':'192.0.2.7','hashes':{'MD5':'x'},"
         "'objects':{'0':{'type':'url','value':'https://a.example/'}}}",
         ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_values(cases[i].text, OBJECT_SPEC_21, cases[i].values);
    check_values("{'type':'observed-data','id':'observed-data--1','objects':{"
                 "'0':{'type':'ipv4-addr','value':'192.0.2.7'},"
                 "'1':{'type':'ipv4-addr','value':'192.0.2.7'},"
                 "'2':{'type':'file','name':'A','hashes':{'MD5':"
                 "'cead3f77f6cda6ec00f57d76c9a6879f'}}}}",
                 OBJECT_SPEC_20, "ipv4:192.0.2.7 md5:cead3f77f6cda6ec00f57d76c9a6879f other:A");
    check_values("{'type':'indicator','id':'indicator--1','pattern':"
                 "'[url:value = `https://a.example/`] START `2024-01-01T00:00:00Z` STOP "
                 "`2024-01-02T00:00:00Z`'}",
                 OBJECT_SPEC_20, "url<https://a.example/");
}

static void test_many_values(void)
{
    g_autoptr(GString) text =
        g_string_new("{'type':'observed-data','id':'observed-data--1','objects':{");
    for (guint i = 0; i < OBJECT_MAX_VALUES + 2; i++) /* every second value twice */
        g_string_append_printf(text, "%s'%u':{'type':'mutex','name':'m%u'}", i > 0 ? "," : "", i,
                               i / 2);
    g_autofree char *half = g_strconcat(text->str, "}}", NULL);
    g_autofree char *json = NULL;
    g_autoptr(Object) object = read_text(half, OBJECT_SPEC_20, OBJECT_LENIENT, &json);
    g_assert_cmpuint(object->values->len, ==, OBJECT_MAX_VALUES / 2 + 1);
    for (guint i = 0; i < OBJECT_MAX_VALUES; i++)
        g_string_append_printf(text, ",'x%u':{'type':'mutex','name':'n%u'}", i, i);
    g_string_append(text, "}}");
    check_refused(text->str, OBJECT_LENIENT, CONCERT_ERROR_LIMIT, "$: about more than");
}

static void test_patterns(void)
{
#define INDICATOR(pattern)                                                                         \
    "{'type':'indicator','id':'indicator--" UUID "','spec_version':'2.1'," TIMES                   \
    ",'name':'x','description':'y','pattern_type':'stix','valid_from':'2024-01-01T00:00:00Z',"     \
    "'pattern':'" pattern "'}"
    check_refused(INDICATOR("[ipv4-addr:value = ]"), OBJECT_DEFAULT, CONCERT_ERROR_INPUT,
                  "$.pattern: line 1, column 20: ");
    check_refused(INDICATOR(""), OBJECT_DEFAULT, CONCERT_ERROR_INPUT, "$.pattern: line 1");
    check_refused(INDICATOR("[ab:value = 1]"), OBJECT_DEFAULT, CONCERT_ERROR_INPUT,
                  "$.pattern: \"ab\" is not the name of a type");
    check_refused(INDICATOR("[file:n = 1]"), OBJECT_DEFAULT, CONCERT_ERROR_INPUT,
                  "$.pattern: \"n\" is not the name of a property");
    g_autofree char *json = NULL;
    g_autoptr(Object) lenient = read_text(INDICATOR("["), OBJECT_SPEC_21, OBJECT_LENIENT, &json);
    g_assert_true(g_str_has_prefix(lenient->warnings->pdata[0], "$.pattern: line 1, column 2"));
    g_autofree char *fine_json = NULL;
    g_autoptr(Object) fine = read_text(INDICATOR("[file:name = `a`] AND [x-alder:some = 1]"),
                                       OBJECT_SPEC_21, OBJECT_STRICT, &fine_json);
    g_assert_null(fine->warnings);
}

/* Where this reader and the OASIS validator disagree about MUSTs, and why that is meant so. */
static const struct {
    const char *id;
    const char *reason;
} disagreements[] = {
    {"so-0071", "the identifier of another type"},
    {"so-0106", "the identifier of another type"},
    {"so-0086", "a prefix of custom names is a SHOULD"},
    {"so-0087", "a prefix of custom names is a SHOULD"},
    {"so-0088", "a prefix of custom names is a SHOULD"},
    {"so-0089", "a prefix of custom names is a SHOULD"},
    {"so-0177", "character sets are checked for the form of their names only"},
    {"so-0501", "an exclamation mark in the name of a property"},
    {"so-0659", "an observable by itself cannot refer to keys of a container"},
    {"so-0660", "an observable by itself cannot refer to keys of a container"},
    {"so-0661", "an observable by itself cannot refer to keys of a container"},
    {"so-0662", "an observable by itself cannot refer to keys of a container"},
    {"so-0664", "an observable by itself cannot refer to keys of a container"},
    {"so-0665", "an observable by itself cannot refer to keys of a container"},
    {"so-0666", "an observable by itself cannot refer to keys of a container"},
    {"so-0669", "an observable by itself cannot refer to keys of a container"},
    {"so-0670", "an observable by itself cannot refer to keys of a container"},
    {"so-0874", "a bundle of STIX 2.1 with an object that does not say it is of STIX 2.0"},
    {"so-0875", "a bundle of STIX 2.1 with an object that does not say it is of STIX 2.0"},
    {"so-0785", "\"bbb\" is a registered language (ISO 639-3, Barai)"},
};

static const char *reason_for(const char *id)
{
    for (guint i = 0; i < G_N_ELEMENTS(disagreements); i++)
        if (strcmp(disagreements[i].id, id) == 0)
            return disagreements[i].reason;
    return NULL;
}

static gboolean is_accepted(yyjson_val *value, ObjectSpec spec, char **ret_why)
{
    size_t at, size;
    yyjson_val *element;
    if (yyjson_is_arr(value)) {
        gboolean fine = TRUE;
        yyjson_arr_foreach (value, at, size, element)
            fine = is_accepted(element, spec, ret_why) && fine;
        return fine;
    }
    size_t length;
    char *json = yyjson_val_write(value, 0, &length);
    g_autoptr(GError) error = NULL;
    g_autoptr(Object) object = object_read(json, length, spec, OBJECT_DEFAULT, &error);
    if (error && !*ret_why)
        *ret_why = g_strdup(error->message);
    free(json);
    return object != NULL;
}

static yyjson_doc *open_data(const char *name)
{
    const char *folder = g_getenv("CONCERT_DATA");
    if (!folder) {
        g_print("# SKIP %s: no CONCERT_DATA\n", name);
        g_test_skip("no CONCERT_DATA");
        return NULL;
    }
    g_autofree char *path = g_build_filename(folder, "objects", name, NULL);
    yyjson_doc *document = yyjson_read_file(path, 0, NULL, NULL);
    g_assert_nonnull(document);
    return document;
}

static void test_validator_cases(void)
{
    yyjson_doc *document = open_data("validator-cases.json");
    if (!document)
        return;
    size_t at, count;
    yyjson_val *test;
    guint differing = 0, unexplained = 0;
    yyjson_arr_foreach (yyjson_obj_get(yyjson_doc_get_root(document), "cases"), at, count, test) {
        gboolean is_20 = yyjson_equals_str(yyjson_obj_get(test, "stix_version"), "2.0");
        ObjectSpec spec = is_20 ? OBJECT_SPEC_20 : OBJECT_SPEC_21;
        yyjson_val *reference = yyjson_obj_get(yyjson_obj_get(test, "reference"), "must");
        gboolean expected = yyjson_get_bool(yyjson_obj_get(reference, "valid"));
        g_autofree char *why = NULL;
        if (is_accepted(yyjson_obj_get(test, "object"), spec, &why) == expected)
            continue;
        differing++;
        const char *id = yyjson_get_str(yyjson_obj_get(test, "id"));
        if (reason_for(id))
            continue;
        unexplained++;
        yyjson_val *other = yyjson_arr_get_first(yyjson_obj_get(reference, "errors"));
        g_test_message("%s: found %s, the other validator %s", id, why ? why : "nothing wrong",
                       other ? yyjson_get_str(other) : "nothing wrong");
    }
    g_test_message("%zu cases, %u otherwise than the OASIS validator, %u of them unexplained",
                   count, differing, unexplained);
    g_assert_cmpuint(unexplained, ==, 0);
    yyjson_doc_free(document);
}

/* The specification's own examples, but for those that break it (they are elided or misprinted). */
static void test_specification_examples(void)
{
    static const char *const broken[] = {
        "spec-023", /* "file-..." instead of "file--..." */
        "spec-062", /* a payload ending in "..." */
        "spec-063", /* likewise */
        "spec-162", /* a custom object without spec_version */
        "spec-163", /* an elided object without id */
        "spec-201", /* a payload ending in "..." */
        "spec-205", /* "property_extension" instead of "property-extension" */
        "spec-155", /* an object without its common properties */
    };
    yyjson_doc *document = open_data("spec-examples.json");
    if (!document)
        return;
    size_t at, count;
    yyjson_val *example;
    guint read = 0, refused = 0;
    yyjson_arr_foreach (yyjson_obj_get(yyjson_doc_get_root(document), "examples"), at, count,
                        example) {
        yyjson_val *object = yyjson_obj_get(example, "object");
        if (!object || yyjson_get_bool(yyjson_obj_get(example, "fragment")))
            continue;
        read++;
        g_autofree char *why = NULL;
        const char *id = yyjson_get_str(yyjson_obj_get(example, "id"));
        if (is_accepted(object, OBJECT_SPEC_21, &why) ||
            g_strv_contains((const char *const[]){"spec-055", "spec-150", NULL}, id))
            continue; /* bundles with an indicator that lacks properties */
        gboolean known = FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(broken); i++)
            known = known || strcmp(broken[i], id) == 0;
        refused += !known;
        if (!known)
            g_test_message("%s: %s", id, why);
    }
    g_test_message("%u examples", read);
    g_assert_cmpuint(refused, ==, 0);
    g_assert_cmpuint(read, >, 0);
    yyjson_doc_free(document);
}

/* Every object of a real corpus, of all its releases: those refused break the specification in ways
 * that were looked at one by one. */
static void test_corpora(void)
{
    static const char *const sins[] = {"a list must not be empty",
                                       "$.modified: earlier than created", "not a URL: "};
    const char *folder = g_getenv("CONCERT_DATA");
    if (!folder) {
        g_print("# SKIP corpora: no CONCERT_DATA\n");
        g_test_skip("no CONCERT_DATA");
        return;
    }
    g_autofree char *path = g_build_filename(folder, "corpora", "ics-attack", NULL);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    g_assert_nonnull(directory);
    guint accepted = 0, refused = 0;
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        yyjson_doc *document = yyjson_read_file(file, 0, NULL, NULL);
        yyjson_val *objects = yyjson_obj_get(yyjson_doc_get_root(document), "objects");
        size_t at, count;
        yyjson_val *object;
        yyjson_arr_foreach (objects, at, count, object) {
            g_autofree char *why = NULL;
            if (is_accepted(object, OBJECT_SPEC_20, &why)) {
                accepted++;
                continue;
            }
            gboolean known = FALSE;
            for (guint i = 0; i < G_N_ELEMENTS(sins); i++)
                known = known || strstr(why, sins[i]) != NULL;
            if (!known)
                g_error("%s: %s", name, why);
            refused++;
        }
        yyjson_doc_free(document);
    }
    g_test_message("%u accepted, %u refused", accepted, refused);
    g_assert_cmpuint(accepted, >, 50 * refused);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/object/fields", test_fields);
    g_test_add_func("/object/version", test_version);
    g_test_add_func("/object/spec", test_spec);
    g_test_add_func("/object/refused", test_refused);
    g_test_add_func("/object/levels", test_levels);
    g_test_add_func("/object/values", test_values);
    g_test_add_func("/object/many-values", test_many_values);
    g_test_add_func("/object/patterns", test_patterns);
    g_test_add_func("/object/validator-cases", test_validator_cases);
    g_test_add_func("/object/specification-examples", test_specification_examples);
    g_test_add_func("/object/corpora", test_corpora);
    return g_test_run();
}
