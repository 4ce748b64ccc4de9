#include "stix/validate.h"

#include <string.h>

#include "stix/vocabulary.h"

#define UUID   "11111111-2222-4333-8444-555555555555"
#define UUID_5 "11111111-2222-5333-8444-555555555555"
#define TIMES  "'created':'2024-01-02T03:04:05.678Z','modified':'2024-01-02T03:04:05.678Z'"
#define COMMON "'spec_version':'2.1'," TIMES
#define GREEN  "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"

/* The beginning of an object of a type, to be followed by more properties and a brace. */
#define SDO(type)   "{'type':'" type "','id':'" type "--" UUID "'," COMMON
#define SDO20(type) "{'type':'" type "','id':'" type "--" UUID "'," TIMES
#define SCO(type)   "{'type':'" type "','id':'" type "--" UUID_5 "'"

typedef struct {
    GString *musts; /* "path: message\n" */
    GString *shoulds;
    guint count;
} Findings;

static void note(void *user, const char *path, gboolean must, const char *message)
{
    Findings *findings = user;
    g_string_append_printf(must ? findings->musts : findings->shoulds, "%s: %s\n", path, message);
    findings->count++;
}

/* Test cases are written with apostrophes for quotation marks. */
static yyjson_doc *parse(const char *text)
{
    g_autofree char *json = g_strdup(text);
    g_strdelimit(json, "'", '"');
    yyjson_read_err problem;
    yyjson_doc *document = yyjson_read_opts(json, strlen(json), 0, NULL, &problem);
    if (!document)
        g_error("%s: %s", text, problem.msg);
    return document;
}

static Findings find(const char *text, ObjectSpec spec)
{
    yyjson_doc *document = parse(text);
    Findings findings = {g_string_new(NULL), g_string_new(NULL), 0};
    validate_object(yyjson_doc_get_root(document), spec, TRUE, note, &findings);
    yyjson_doc_free(document);
    return findings;
}

static void findings_clear(Findings *findings)
{
    g_string_free(findings->musts, TRUE);
    g_string_free(findings->shoulds, TRUE);
}

/* @must is how the first line about a MUST begins, NULL for none; @should occurs in the lines about
 * SHOULDs, "" for none, NULL for any. */
static void check(ObjectSpec spec, const char *text, const char *must, const char *should)
{
    Findings findings = find(text, spec);
    gboolean fine = must ? g_str_has_prefix(findings.musts->str, must) : findings.musts->len == 0;
    if (should)
        fine = fine && (should[0] ? strstr(findings.shoulds->str, should) != NULL
                                  : findings.shoulds->len == 0);
    if (!fine)
        g_error("%s\nexpected %s / %s, found\n%s%s", text, must ? must : "nothing",
                should ? should : "any", findings.musts->str, findings.shoulds->str);
    findings_clear(&findings);
}

typedef struct {
    const char *text;
    const char *must;
    const char *should;
} Case;

static void check_all(ObjectSpec spec, const Case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++)
        check(spec, cases[i].text, cases[i].must, cases[i].should);
}

static void test_common(void)
{
    static const Case cases[] = {
        {SDO("tool") ",'name':'x'}", NULL, ""},
        {SDO("tool") "}", "$.name: required, but missing", ""},
        {"{'type':'tool','id':'tool--" UUID "'," TIMES ",'name':'x'}", "$.spec_version: required",
         ""},
        {"{'id':'tool--" UUID "'}", "$.type: required", ""},
        {"{'type':5}", "$.type: not a string", ""},
        {"[]", "$.type: required", ""},
        {SDO("tool") ",'name':5}", "$.name: not a string", ""},
        {SDO("tool") ",'name':null}", "$.name: not a string", ""},
        {SDO("tool") ",'name':'x','labels':[]}", "$.labels: a list must not be empty", ""},
        {SDO("tool") ",'name':'x','labels':'y'}", "$.labels: not a list", ""},
        {SDO("tool") ",'name':'x','labels':['y',5]}", "$.labels[1]: not a string", ""},
        {SDO("tool") ",'name':'x','revoked':'true'}", "$.revoked: not true or false", ""},
        {SDO("tool") ",'name':'x','confidence':100}", NULL, ""},
        {SDO("tool") ",'name':'x','confidence':101}", "$.confidence: not between 0 and 100", ""},
        {SDO("tool") ",'name':'x','confidence':-1}", "$.confidence: not between", ""},
        {SDO("tool") ",'name':'x','confidence':1.5}", "$.confidence: not an integer", ""},
        {SDO("tool") ",'name':'x','lang':'pt-BR'}", NULL, ""},
        {SDO("tool") ",'name':'x','lang':'not a language'}", "$.lang: not a language tag", ""},
        {SDO("tool") ",'name':'x','lang':'qx'}", "$.lang: no registered language", ""},
        {SDO("tool") ",'name':'x','defanged':true}", "$.defanged: only observables", NULL},
        {SDO("tool") ",'name':'x','severity':1}", "$.severity: a reserved name", NULL},
        {SDO("tool") ",'name':'x','object_marking_refs':['" GREEN "']}", NULL, ""},
        {SDO("tool") ",'name':'x','object_marking_refs':['tool--" UUID "']}",
         "$.object_marking_refs[0]: must not refer to an object of type tool", ""},
        {SDO("tool") ",'name':'x','created_by_ref':'identity--1'}",
         "$.created_by_ref: not an identifier", ""},
        {"{'type':'tool','id':'malware--" UUID "'," COMMON ",'name':'x'}",
         "$.id: does not begin with the object's type", NULL},
        {"{'type':'tool','id':'tool--1'," COMMON ",'name':'x'}", "$.id: not an identifier", NULL},
        {"{'type':'tool','id':'tool--" UUID_5 "'," COMMON ",'name':'x'}", NULL,
         "$.id: should be a UUID of version 4"},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_times(void)
{
#define TOOL(created, modified)                                                                    \
    "{'type':'tool','id':'tool--" UUID "','spec_version':'2.1','name':'x','created':'" created     \
    "','modified':'" modified "'}"
    static const Case cases[] = {
        {TOOL("2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z"), NULL, ""},
        {TOOL("2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000001Z"), NULL, ""},
        {TOOL("2024-02-29T00:00:00.000001Z", "2024-02-29T00:00:00.000Z"),
         "$.modified: earlier than created", ""},
        {TOOL("2023-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z"), "$.created: not a timestamp",
         ""},
        {TOOL("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
         "$.created: less precise than milliseconds", ""},
        {TOOL("2024-02-29T00:00:00.00Z", "2024-02-29T00:00:00.000Z"),
         "$.created: less precise than milliseconds", ""},
        {TOOL("2024-02-29T00:00:00.000+00:00", "2024-02-29T00:00:00.000Z"),
         "$.created: not a timestamp", ""},
        {SDO("campaign") ",'name':'x','first_seen':'2024-01-01T00:00:00Z',"
                         "'last_seen':'2024-01-01T00:00:00.0Z'}",
         NULL, ""},
        {SDO("campaign") ",'name':'x','first_seen':'2024-01-01T00:00:01Z',"
                         "'last_seen':'2024-01-01T00:00:00Z'}",
         "$.last_seen: earlier than first_seen", ""},
        {SDO("indicator") ",'name':'x','description':'y','pattern':'[a:b = 1]',"
                          "'pattern_type':'stix','valid_from':'2024-01-01T00:00:00Z',"
                          "'valid_until':'2024-01-01T00:00:00Z'}",
         "$.valid_until: not later than valid_from", ""},
        {SDO("relationship") ",'relationship_type':'uses','source_ref':'malware--" UUID
                             "','target_ref':'tool--" UUID "','start_time':'2024-01-01T00:00:00Z',"
                             "'stop_time':'2024-01-01T00:00:00Z'}",
         "$.stop_time: not later than start_time", ""},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_parts(void)
{
#define REFERENCE(body) SDO("tool") ",'name':'x','external_references':[" body "]}"
    static const Case cases[] = {
        {REFERENCE("{'source_name':'alder','description':'y'}"), NULL, ""},
        {REFERENCE("{'description':'y'}"), "$.external_references[0].source_name: required", ""},
        {REFERENCE("{'source_name':'alder'}"),
         "$.external_references[0]: one of these is required: description, url, external_id", ""},
        {REFERENCE("5"), "$.external_references[0]: not a JSON object", ""},
        {REFERENCE("{'source_name':'cve','external_id':'CVE-2024-0001'}"), NULL, ""},
        {REFERENCE("{'source_name':'cve','external_id':'CVE-2024-12345'}"), NULL, ""},
        {REFERENCE("{'source_name':'cve','external_id':'CVE-2024-01234'}"),
         "$.external_references[0].external_id: source_name cve", ""},
        {REFERENCE("{'source_name':'cve','external_id':'CVE-2024-001'}"),
         "$.external_references[0].external_id: source_name cve", ""},
        {REFERENCE("{'source_name':'cve','description':'y'}"),
         "$.external_references[0]: source_name cve", ""},
        {REFERENCE("{'source_name':'alder','external_id':'CVE-2024-0001'}"),
         "$.external_references[0].external_id: source_name cve", ""},
        {REFERENCE("{'source_name':'capec','external_id':'CAPEC-13'}"), NULL, ""},
        {REFERENCE("{'source_name':'capec','external_id':'13'}"),
         "$.external_references[0].external_id: source_name capec", ""},
        {REFERENCE("{'source_name':'alder','url':'https://cert.alder.example/'}"), NULL,
         "$.external_references[0].url: a URL should come with hashes"},
        {REFERENCE("{'source_name':'a','url':'https://a.example/1'},"
                   "{'source_name':'b','url':'https://b.example/2'},"
                   "{'source_name':'c','url':'https://c.example/3'}"),
         NULL,
         "$.external_references[0].url: a URL should come with hashes of what it leads to "
         "(and 2 more like it)"},
        {REFERENCE("{'source_name':'alder','url':'cert.alder.example'}"),
         "$.external_references[0].url: not a URL: no scheme", NULL},
        {REFERENCE("{'source_name':'alder','url':'https://cert.alder.example/a b'}"),
         "$.external_references[0].url: not a URL: contains a blank", NULL},
        {REFERENCE("{'source_name':'alder','url':'https://cert.alder.example/{a}'}"), NULL,
         "percent-encoded"},
        {REFERENCE("{'source_name':'alder','url':'https://a.example','hashes':{'CRC32':'1'}}"),
         "$.external_references[0].hashes.CRC32: not a value of hash-algorithm-ov", ""},
        {SDO("tool") ",'name':'x','kill_chain_phases':[{'kill_chain_name':'k-c'}]}",
         "$.kill_chain_phases[0].phase_name: required", ""},
        {SDO("tool") ",'name':'x','kill_chain_phases':[{'kill_chain_name':'K','phase_name':'a "
                     "b'}]}",
         NULL,
         "$.kill_chain_phases[0].kill_chain_name: should be lower-case words joined by "
         "hyphens (and 1 more like it)"},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_granular_markings(void)
{
#define MARKED(selector)                                                                           \
    SDO("tool")                                                                                    \
    ",'name':'x','aliases':['y','z'],'extensions':{'extension-definition--" UUID                   \
    "':{'extension_type':'property-extension','rank':1}},"                                         \
    "'granular_markings':[{'marking_ref':'" GREEN "','selectors':['" selector "']}]}"
#define MARKING(body) SDO("tool") ",'name':'x','granular_markings':[{" body "}]}"
    static const Case cases[] = {
        {MARKED("name"), NULL, ""},
        {MARKED("id"), NULL, ""},
        {MARKED("aliases.[1]"), NULL, ""},
        {MARKED("extensions.extension-definition--" UUID ".rank"), NULL, ""},
        {MARKED("granular_markings.[0].selectors.[0]"), NULL, ""},
        {MARKED("aliases.[2]"), "$.granular_markings[0].selectors[0]: selects nothing", ""},
        {MARKED("name.[0]"), "$.granular_markings[0].selectors[0]: selects nothing", ""},
        {MARKED("aliases.one"), "$.granular_markings[0].selectors[0]: selects nothing", ""},
        {MARKED("description"), "$.granular_markings[0].selectors[0]: selects nothing", ""},
        {MARKED("[0]"), "$.granular_markings[0].selectors[0]: not a selector", ""},
        {MARKED("aliases[0]"), "$.granular_markings[0].selectors[0]: not a selector", ""},
        {MARKED("aliases."), "$.granular_markings[0].selectors[0]: not a selector", ""},
        {MARKED("aliases.[]"), "$.granular_markings[0].selectors[0]: not a selector", ""},
        {MARKED("aliases.[99999999999999999999]"),
         "$.granular_markings[0].selectors[0]: selects nothing", ""},
        {MARKED(""), "$.granular_markings[0].selectors[0]: not a selector", ""},
        {MARKING("'lang':'de','selectors':['name']"), NULL, ""},
        {MARKING("'selectors':['name']"),
         "$.granular_markings[0]: one of these is required: lang, marking_ref", ""},
        {MARKING("'lang':'de','marking_ref':'" GREEN "','selectors':['name']"),
         "$.granular_markings[0]: only one of these may be present", ""},
        {MARKING("'marking_ref':'" GREEN "'"), "$.granular_markings[0].selectors: required", ""},
        {MARKING("'marking_ref':'" GREEN "','selectors':[]"),
         "$.granular_markings[0].selectors: a list must not be empty", ""},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_domain_objects(void)
{
#define LOCATION(body) SDO("location") body "}"
#define MALWARE(body)  SDO("malware") body "}"
#define OBSERVED(body)                                                                             \
    SDO("observed-data")                                                                           \
    ",'first_observed':'2024-01-01T00:00:00Z','last_observed':'2024-01-01T00:00:00Z'," body "}"
#define ANALYSIS(body) SDO("malware-analysis") ",'product':'" body "}"
    static const Case cases[] = {
        {LOCATION(",'region':'antarctica'"), NULL, ""},
        {LOCATION(",'region':'Lemuria'"), NULL, "$.region: not a value of the suggested"},
        {LOCATION(",'latitude':90,'longitude':-180.0,'precision':0.5"), NULL, ""},
        {LOCATION(",'latitude':90.1,'longitude':0"), "$.latitude: not between -90 and 90", ""},
        {LOCATION(",'latitude':1"), "$: these are required together: latitude, longitude", ""},
        {LOCATION(",'region':'asia','precision':1"), "$: these are required together: precision",
         ""},
        {LOCATION(",'city':'x'"), "$: one of these is required: region, country, latitude", ""},
        {LOCATION(",'country':'XA'"), NULL, ""},
        {LOCATION(",'country':'Alder'"), NULL, "$.country: should be a code"},
        {MALWARE(",'is_family':false"), NULL, ""},
        {MALWARE(""), "$.is_family: required", ""},
        {MALWARE(",'is_family':true"), "$.name: required", ""},
        {MALWARE(",'is_family':false,'sample_refs':['tool--" UUID "']"),
         "$.sample_refs[0]: must not refer to an object of type tool", ""},
        {MALWARE(",'is_family':false,'malware_types':['worm','Big Worm']"), NULL,
         "$.malware_types[1]: a value outside the vocabulary should be lower-case"},
        {OBSERVED("'number_observed':1,'object_refs':['ipv4-addr--" UUID_5 "']"), NULL, ""},
        {OBSERVED("'number_observed':1,'object_refs':['x-alder--" UUID_5 "']"), NULL, ""},
        {OBSERVED("'number_observed':0,'object_refs':['ipv4-addr--" UUID_5 "']"),
         "$.number_observed: not between 1", ""},
        {OBSERVED("'number_observed':1,'object_refs':['malware--" UUID "']"),
         "$.object_refs[0]: must not refer to an object of type malware", ""},
        {OBSERVED("'number_observed':1"), "$: one of these is required: objects, object_refs", ""},
        {OBSERVED("'number_observed':1,'object_refs':['url--" UUID_5
                  "'],'objects':{'0':{'type':'mutex','name':'x'}}"),
         "$: only one of these may be present", NULL},
        {OBSERVED("'number_observed':1,'objects':{'0':{'type':'mutex','name':'x'}}"), NULL,
         "has deprecated properties"},
        {OBSERVED("'number_observed':1,'objects':{}"), "$.objects: must not be empty", NULL},
        {OBSERVED("'number_observed':1,'objects':[]"), "$.objects: not a JSON object", NULL},
        {ANALYSIS("some-scanner','result':'benign'"), NULL, ""},
        {ANALYSIS("Some Scanner','result':'benign'"), NULL, "$.product: should be lower-case"},
        {ANALYSIS("s'"), "$: one of these is required: result, analysis_sco_refs", ""},
        {SDO("opinion") ",'opinion':'agree','object_refs':['tool--" UUID "']}", NULL, ""},
        {SDO("opinion") ",'opinion':'Agree','object_refs':['tool--" UUID "']}",
         "$.opinion: not a value of opinion-enum", ""},
        {SDO("sighting") ",'sighting_of_ref':'malware--" UUID "','count':0,"
                         "'where_sighted_refs':['location--" UUID "']}",
         NULL, ""},
        {SDO("sighting") ",'sighting_of_ref':'relationship--" UUID "'}",
         "$.sighting_of_ref: must not refer", ""},
        {SDO("sighting") ",'sighting_of_ref':'malware--" UUID "','where_sighted_refs':['tool--" UUID
                         "']}",
         "$.where_sighted_refs[0]: must not refer", ""},
        {SDO("sighting") ",'sighting_of_ref':'malware--" UUID "','count':1000000000}",
         "$.count: not between 0 and 999999999", ""},
        {SDO("indicator") ",'pattern':'x','pattern_type':'yara',"
                          "'valid_from':'2024-01-01T00:00:00Z'}",
         NULL, "should have both name and description"},
        {SDO("note") ",'content':'x','object_refs':['tool--" UUID "','x--1']}",
         "$.object_refs[1]: not an identifier", ""},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_relationships(void)
{
#define RELATES(source, type, target)                                                              \
    SDO("relationship")                                                                            \
    ",'relationship_type':'" type "','source_ref':'" source "--" UUID "','target_ref':'" target    \
    "--" UUID "'}"
    static const Case cases[] = {
        {RELATES("malware", "uses", "tool"), NULL, ""},
        {RELATES("infrastructure", "consists-of", "x509-certificate"), NULL, ""},
        {RELATES("tool", "related-to", "x-alder-thing"), NULL, ""},
        {RELATES("malware", "uses", "identity"), NULL, "$.target_ref: not a target suggested"},
        {RELATES("malware", "mitigates", "tool"), NULL, "$.relationship_type: not a relationship"},
        {RELATES("report", "uses", "tool"), NULL, "$.source_ref: no relationship is suggested"},
        {RELATES("malware", "Uses", "tool"), "$.relationship_type: has other characters", NULL},
        {RELATES("relationship", "uses", "tool"), "$.source_ref: must not refer", NULL},
        {RELATES("malware", "uses", "marking-definition"), "$.target_ref: must not refer", NULL},
        {RELATES("malware", "uses", "bundle"), "$.target_ref: must not refer", NULL},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_meta_objects(void)
{
#define STATEMENT(id, body)                                                                        \
    "{'type':'marking-definition','spec_version':'2.1','id':'" id "'," body "}"
#define TLP "'created':'2017-01-20T00:00:00.000Z','definition_type':'tlp'"
#define TLP2                                                                                       \
    "'extensions':{'extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d':"                  \
    "{'extension_type':'property-extension','tlp_2_0':'"
#define EXTENSION(body)                                                                            \
    SDO("extension-definition")                                                                    \
    ",'name':'x','created_by_ref':'identity--" UUID "','schema':'s','version':'1.0.0'," body "}"
#define CONTENT(body) SDO("language-content") ",'object_ref':'tool--" UUID "','contents':" body "}"
    static const Case cases[] = {
        {STATEMENT(GREEN, TLP ",'name':'TLP:GREEN','definition':{'tlp':'green'}"), NULL, ""},
        {STATEMENT(GREEN, TLP ",'name':'TLP:GREEN','definition':{'tlp':'red'}"),
         "$: not one of the TLP markings", ""},
        {STATEMENT(GREEN, TLP ",'definition':{'tlp':'green'}"), "$: not one of the TLP", ""},
        {STATEMENT(GREEN, TLP ",'name':'TLP:GREEN','definition':{'tlp':'green'},"
                              "'created_by_ref':'identity--" UUID "'"),
         "$: not one of the TLP markings", ""},
        {STATEMENT("marking-definition--" UUID, TLP ",'definition':{'tlp':'green'}"),
         "$: not one of the TLP markings", ""},
        {STATEMENT("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                   "'created':'2022-10-01T00:00:00.000Z','name':'TLP:GREEN'," TLP2 "green'}}"),
         NULL, ""},
        {STATEMENT("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                   "'created':'2022-10-01T00:00:00.000Z','name':'TLP:CLEAR'," TLP2 "clear'}}"),
         "$.extensions.extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d: not one of "
         "the markings of TLP 2.0",
         NULL},
        {STATEMENT("marking-definition--" UUID,
                   "'created':'2024-01-01T00:00:00Z','definition_type':'statement',"
                   "'definition':{'statement':'Handle with care'}"),
         NULL, ""},
        {STATEMENT("marking-definition--" UUID,
                   "'created':'2024-01-01T00:00:00Z','definition_type':'statement',"
                   "'definition':{'text':'Handle with care'}"),
         "$.definition: a statement needs its text", ""},
        {STATEMENT("marking-definition--" UUID, "'created':'2024-01-01T00:00:00Z'"),
         "$: needs definition_type and definition, or an extension", ""},
        {STATEMENT(
             "marking-definition--" UUID,
             "'created':'2024-01-01T00:00:00Z','definition_type':'statement',"
             "'definition':{'statement':'x'},'object_marking_refs':['marking-definition--" UUID
             "']"),
         "$.object_marking_refs[0]: a marking must not mark itself", ""},
        {STATEMENT(GREEN, "'created':'2024-01-01T00:00:00Z','definition_type':'statement',"
                          "'definition':{'statement':'x'}"),
         NULL, "has the identifier of a TLP marking, but is none"},
        {EXTENSION("'extension_types':['new-sdo']"), NULL, ""},
        {EXTENSION("'extension_types':['new-thing']"),
         "$.extension_types[0]: not a value of extension-type-enum", ""},
        {EXTENSION("'extension_types':['new-sdo'],'extension_properties':['rank']"),
         "$.extension_properties: only with toplevel-property-extension", ""},
        {EXTENSION("'extension_types':['toplevel-property-extension']"), NULL,
         "should name its extension_properties"},
        {EXTENSION("'extension_types':['toplevel-property-extension'],"
                   "'extension_properties':['Rank']"),
         "$.extension_properties[0]: not the name of a property", ""},
        {CONTENT("{'de':{'name':'x'},'zh-Hant':{'name':'y'}}"), NULL, ""},
        {CONTENT("{'de de':{'name':'x'}}"), "$.contents[\"de de\"]: no registered language", ""},
        {CONTENT("{'de':{'N':'x'}}"), "$.contents.de.N: not the name of a property", ""},
        {CONTENT("{'de':{}}"), "$.contents.de: not a dictionary of translations", ""},
        {CONTENT("{}"), "$.contents: must not be empty", ""},
        {"{'type':'bundle','id':'bundle--" UUID "'}", NULL, ""},
        {"{'type':'bundle','id':'bundle--" UUID "','objects':[]}",
         "$.objects: a list must not be empty", ""},
        {"{'type':'bundle','id':'bundle--" UUID
         "','objects':[" SDO("tool") ",'name':'x'}," SDO("tool") "}]}",
         "$.objects[1].name: required", ""},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_custom(void)
{
#define EXTENDED(type)                                                                             \
    ",'extensions':{'extension-definition--" UUID "':{'extension_type':'" type "'}}"
    static const Case cases[] = {
        {SDO("tool") ",'name':'x','x_alder_rank':1}", NULL,
         "$.x_alder_rank: a custom property should be in an extension"},
        {SDO("tool") ",'name':'x','rank':1" EXTENDED("toplevel-property-extension") "}", NULL, ""},
        {SDO("tool") ",'name':'x','rank':1" EXTENDED("property-extension") "}", NULL, "$.rank: "},
        {SDO("tool") ",'name':'x','x-alder':1}", "$.x-alder: not the name of a property", NULL},
        {SDO("tool") ",'name':'x','ab':1}", "$.ab: not the name of a property", NULL},
        {SDO("tool") ",'name':'x','1ab':1}", "$.1ab: not the name of a property", NULL},
        {SDO("tool") ",'name':'x','x_alder':null}", "$.x_alder: must not be null", NULL},
        {SDO("tool") ",'name':'x','x_alder':[]}", "$.x_alder: a list must not be empty", NULL},
        {SDO("tool") ",'name':'x','x_alder_hex':'0a1'}", "$.x_alder_hex: not an even number", NULL},
        {SDO("tool") ",'name':'x','x_alder_bin':'###='}", "$.x_alder_bin: not base64", NULL},
        {SDO("tool") ",'name':'x','x_alder_bin':'AAE='}", NULL, NULL},
        {SDO("x-alder-thing") ",'anything_at_all':1}", NULL, "$.type: a custom type should have"},
        {SDO("x-alder-thing") EXTENDED("new-sdo") "}", NULL, ""},
        {SDO("Alder-Thing") "}", "$.type: not the name of a type", NULL},
        {SDO("x-alder--thing") "}", "$.type: not the name of a type", NULL},
        {SDO("action") "}", "$.type: a reserved name", NULL},
        {"{'type':'x-alder-thing','id':'x-alder-thing--" UUID "'}", "$.spec_version: required",
         NULL},
        {"{'type':'x-alder-thing','id':'x-alder-thing--" UUID "'" EXTENDED("new-sco") "}", NULL,
         ""},
        {SDO("tool") ",'name':'x'" EXTENDED("no-such-thing") "}",
         "$.extensions.extension-definition--" UUID ".extension_type: not a value of", ""},
        {SDO("tool") ",'name':'x','extensions':{}}", "$.extensions: must not be empty", ""},
        {SDO("tool") ",'name':'x','extensions':{'extension-definition--1':{'extension_type':"
                     "'property-extension'}}}",
         "$.extensions.extension-definition--1: not the identifier", ""},
        {SDO("tool") ",'name':'x','extensions':{'extension-definition--" UUID "':{'rank':1}}}",
         "$.extensions.extension-definition--" UUID ".extension_type: required", ""},
        {SCO("mutex") ",'name':'x','extensions':{'x-alder-ext':{'some':1}}}", NULL,
         "a custom extension should have a definition"},
        {SCO("mutex") ",'name':'x','extensions':{'x-alder':{'some':1}}}",
         "$.extensions.x-alder: neither an extension definition nor", NULL},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_observables(void)
{
#define VALUE(type, value) SCO(type) ",'value':'" value "'}"
#define TRAFFIC(body)      SCO("network-traffic") ",'protocols':['tcp']" body "}"
#define SOURCE             ",'src_ref':'ipv4-addr--" UUID_5 "'"
    static const Case cases[] = {
        {"{'type':'ipv4-addr','id':'ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4',"
         "'value':'198.51.100.3'}",
         NULL, ""},
        {VALUE("ipv4-addr", "198.51.100.3"), NULL, "$.id: differs from the deterministic"},
        {"{'type':'ipv4-addr','id':'ipv4-addr--" UUID "','value':'198.51.100.3'}", NULL,
         "$.id: should be a UUID of version 5"},
        {VALUE("ipv4-addr", "198.51.100.0/24"), NULL, NULL},
        {VALUE("ipv4-addr", "198.51.100.0/33"), "$.value: not an IPv4 address", NULL},
        {VALUE("ipv4-addr", "198.51.100.0/"), "$.value: not an IPv4 address", NULL},
        {VALUE("ipv4-addr", "198.51.100.0/024"), "$.value: not an IPv4 address", NULL},
        {VALUE("ipv4-addr", "198.51.100.256"), "$.value: not an IPv4 address", NULL},
        {VALUE("ipv4-addr", "2001:db8::1"), "$.value: not an IPv4 address", NULL},
        {VALUE("ipv6-addr", "2001:db8::1"), NULL, NULL},
        {VALUE("ipv6-addr", "2001:db8::/32"), NULL, NULL},
        {VALUE("ipv6-addr", "fe80::1%eth0"), NULL, NULL},
        {VALUE("ipv6-addr", "2001:db8::1/129"), "$.value: not an IPv6 address", NULL},
        {VALUE("ipv6-addr", "198.51.100.3"), "$.value: not an IPv6 address", NULL},
        {VALUE("mac-addr", "00:00:5e:00:53:af"), NULL, NULL},
        {VALUE("mac-addr", "00:00:5E:00:53:AF"), "$.value: not a MAC address", NULL},
        {VALUE("mac-addr", "00-00-5e-00-53-af"), "$.value: not a MAC address", NULL},
        {VALUE("domain-name", "c2.alder.example"), NULL, NULL},
        {VALUE("domain-name", "_dmarc.b\xc3\xbc"
                              "cher.example."),
         NULL, NULL},
        {VALUE("domain-name", "c2..example"), "$.value: not a domain name", NULL},
        {VALUE("domain-name", "c2.example/x"), "$.value: not a domain name", NULL},
        {VALUE("url", "https://alder.example/a"), NULL, NULL},
        {VALUE("url", "alder.example/a"), "$.value: not a URL", NULL},
        {VALUE("email-addr", "mail@alder.example"), NULL, NULL},
        {VALUE("email-addr", "Mail <mail@alder.example>"), "$.value: not an e-mail address", NULL},
        {SCO("file") ",'name':'x','size':-1}", "$.size: not between 0", NULL},
        {SCO("file") ",'size':1}", "$: one of these is required: hashes, name", NULL},
        {SCO("file") ",'hashes':{'MD5':'abc'}}", "$.hashes.MD5: not a hash of the algorithm", NULL},
        {SCO("file") ",'hashes':{'XY':'abc'}}", "$.hashes.XY: not the name of a hash", NULL},
        {SCO("file") ",'hashes':{'crc32':'abc'}}", NULL, "$.hashes.crc32: the algorithm should"},
        {SCO("file") ",'hashes':{}}", "$.hashes: must not be empty", NULL},
        {SCO("file") ",'hashes':{'MD5':5}}", "$.hashes.MD5: not a string", NULL},
        {SCO("file") ",'name':'x','magic_number_hex':'0'}", "$.magic_number_hex: not an even",
         NULL},
        {SCO("file") ",'hashes':{'x_own':'1'},'name_enc':'UTF-8'}",
         "$: these are required together: name_enc, name", NULL},
        {SCO("file") ",'name':'x','extensions':{'windows-pebinary-ext':{'pe_type':'elf',"
                     "'sections':[{'size':5}]}}}",
         "$.extensions.windows-pebinary-ext.sections[0].name: required",
         "$.extensions.windows-pebinary-ext.pe_type: not a value"},
        {SCO("file") ",'name':'x','extensions':{'windows-pebinary-ext':{'pe_type':'exe',"
                     "'time_date_stamp':'2024-01-01T00:00:00.5Z'}}}",
         "$.extensions.windows-pebinary-ext.time_date_stamp: more precise than seconds", NULL},
        {SCO("file") ",'name':'x','extensions':{'ntfs-ext':{}}}",
         "$.extensions.ntfs-ext: not a dictionary with properties", NULL},
        {SCO("file") ",'name':'x','extensions':{'pdf-ext':{'document_info_dict':{'Colour':'x'}}}}",
         NULL, "$.extensions.pdf-ext.document_info_dict.Colour: should be a key"},
        {SCO("artifact") ",'payload_bin':'AAAA'}", NULL, NULL},
        {SCO("artifact") ",'payload_bin':'AAA'}", "$.payload_bin: not base64", NULL},
        {SCO("artifact") ",'url':'https://alder.example/'}",
         "$: these are required together: url, hashes", NULL},
        {SCO("artifact") ",'payload_bin':'AAAA','url':'https://alder.example/',"
                         "'hashes':{'MD5':'00000000000000000000000000000000'}}",
         "$: only one of these may be present: payload_bin, url", NULL},
        {SCO("artifact") ",'payload_bin':'AAAA','decryption_key':'x'}",
         "$: these are required together: decryption_key, encryption_algorithm", NULL},
        {SCO("artifact") ",'payload_bin':'AAAA','mime_type':'picture/png'}",
         "$.mime_type: not a media type", NULL},
        {SCO("email-message") ",'is_multipart':false,'body':'x'}", NULL, NULL},
        {SCO("email-message") ",'is_multipart':true,'body':'x'}", "$.body: not in a message", NULL},
        {SCO("email-message") ",'is_multipart':true,'body_multipart':[{'content_type':'a/b'}]}",
         "$.body_multipart[0]: one of these is required: body, body_raw_ref", NULL},
        {SCO("email-message") ",'is_multipart':false,'subject':'x',"
                              "'additional_header_fields':{'Reply-To':['a',5]}}",
         "$.additional_header_fields.Reply-To: neither a string nor a list", NULL},
        {TRAFFIC(SOURCE ",'src_port':1,'dst_port':65535"), NULL, NULL},
        {TRAFFIC(SOURCE ",'src_port':65536"), "$.src_port: not between 0 and 65535", NULL},
        {TRAFFIC(SOURCE), NULL, "should have both src_port and dst_port"},
        {TRAFFIC(""), "$: one of these is required: src_ref, dst_ref", NULL},
        {TRAFFIC(",'src_ref':'file--" UUID_5 "'"), "$.src_ref: must not refer", NULL},
        {TRAFFIC(",'src_ref':'0'"), "$.src_ref: not an identifier", NULL},
        {TRAFFIC(SOURCE ",'is_active':true,'end':'2024-01-01T00:00:00Z'"),
         "$.end: not with is_active true", NULL},
        {TRAFFIC(SOURCE ",'extensions':{'socket-ext':{'address_family':'AF_INET',"
                        "'options':{'SO_DEBUG':1,'SO_BEBUG':1}}}"),
         NULL, "options.SO_BEBUG: should be a socket option"},
        {TRAFFIC(SOURCE ",'extensions':{'tcp-ext':{'src_flags_hex':'zz'}}"),
         "$.extensions.tcp-ext.src_flags_hex: not an even", NULL},
        {TRAFFIC(SOURCE ",'ipfix':{'a':{}}"), "$.ipfix.a: neither a string nor an integer", NULL},
        {"{'type':'process','id':'process--" UUID "','pid':1}", NULL, ""},
        {SCO("process") ",'pid':1}", "$.id: must be a UUID of version 4", ""},
        {"{'type':'process','id':'process--" UUID "'}", "$: has no property of its type", ""},
        {SCO("user-account") ",'display_name':'x'}", "$.id: must be a UUID of version 4", NULL},
        {SCO("software") ",'name':'x','cpe':'cpe:2.3:a:alder:tool:1.0:*:*:*:*:*:*:*'}", NULL, NULL},
        {SCO("software") ",'name':'x','cpe':'cpe:2.3:a:alder:tool:1.0:*:*:*:*:*:*'}",
         "$.cpe: not a CPE", NULL},
        {SCO("software") ",'name':'x','cpe':'cpe:/a:alder:tool'}", "$.cpe: not a CPE", NULL},
        {SCO("software") ",'name':'x','languages':['eng','de-CH']}", NULL, NULL},
        {SCO("windows-registry-key") ",'key':'HKLM\\\\Software'}",
         "$.key: the hive's name must not be abbreviated", NULL},
        {SCO("windows-registry-key") ",'key':'HKEY_LOCAL_MACHINE\\\\X','values':[{'data_type':"
                                     "'REG_TEXT'}]}",
         "$.values[0].data_type: not a value of windows-registry-datatype-enum", NULL},
        {SCO("x509-certificate") ",'serial_number':'1','x509_v3_extensions':{'key_usage':5}}",
         "$.x509_v3_extensions.key_usage: not a string", NULL},
    };
    check_all(OBJECT_SPEC_21, cases, G_N_ELEMENTS(cases));
}

static void test_stix20(void)
{
#define OBSERVED20(objects)                                                                        \
    SDO20("observed-data")                                                                         \
    ",'first_observed':'2024-01-01T00:00:00Z','last_observed':'2024-01-01T00:00:00Z',"             \
    "'number_observed':1,'objects':{" objects "}}"
    static const Case cases[] = {
        {SDO20("malware") ",'name':'x','labels':['worm']}", NULL, ""},
        {SDO20("malware") ",'name':'x'}", "$.labels: required", ""},
        {SDO20("malware") ",'name':'x','labels':['big']}", NULL, "$.labels[0]: not a value"},
        {SDO20("identity") ",'name':'x'}", "$.identity_class: required", ""},
        {SDO20("indicator") ",'labels':['benign'],'pattern':'x','valid_from':"
                            "'2024-01-01T00:00:00Z'}",
         NULL, ""},
        {SDO20("malware") ",'name':'x','labels':['worm'],'confidence':5}",
         "$.confidence: a reserved name", NULL},
        {SDO20("malware") ",'name':'x','labels':['worm'],'rank':5}", NULL,
         "$.rank: a custom property's name should begin with x_"},
        {SDO20("malware") ",'name':'x','labels':['worm'],'x_alder_rank':5}", NULL, ""},
        {SDO20("incident") "}", "$.type: a reserved name", NULL},
        {SDO20("x-alder-thing") ",'some':1}", NULL, ""},
        {SDO20("alder-thing") ",'some':1}", NULL, "$.type: a custom type's name should begin"},
        {"{'type':'marking-definition','id':'" GREEN "'," TLP ",'definition':{'tlp':'green'}}",
         NULL, ""},
        {OBSERVED20("'0':{'type':'ipv4-addr','value':'198.51.100.3'},"
                    "'1':{'type':'network-traffic','src_ref':'0','protocols':['tcp'],"
                    "'src_port':1,'dst_port':2}"),
         NULL, ""},
        {OBSERVED20("'a':{'type':'mutex','name':'x'}"), NULL, "should be a non-negative integer"},
        {OBSERVED20("'0':{'type':'network-traffic','src_ref':'1','protocols':['tcp']}"),
         "$.objects.0.src_ref: there is no such object beside this one", NULL},
        {OBSERVED20("'0':{'type':'network-traffic','src_ref':'1','protocols':['tcp']},"
                    "'1':{'type':'mutex','name':'x'}"),
         "$.objects.0.src_ref: must not refer to an object of type mutex", NULL},
        {OBSERVED20("'0':{'type':'malware','name':'x'}"), "$.objects.0.type: not an observable",
         NULL},
        {OBSERVED20("'0':{'type':'FOO'}"), "$.objects.0.type: not the name of a type", NULL},
        {OBSERVED20("'0':{'name':'x'}"), "$.objects.0.type: required", NULL},
        {OBSERVED20("'0':5"), "$.objects.0: not a JSON object", NULL},
        {OBSERVED20("'0':{'type':'file','name':'x','decryption_key':'y'}"),
         "$.objects.0.decryption_key: only with is_encrypted", NULL},
        {OBSERVED20("'0':{'type':'file','name':'x','hashes':{'WHIRLPOOL':'00'}}"),
         "$.objects.0.hashes.WHIRLPOOL: not a hash", NULL},
    };
    check_all(OBJECT_SPEC_20, cases, G_N_ELEMENTS(cases));
    /* Both kinds of observables may be in a container of STIX 2.1. */
    check(OBJECT_SPEC_21,
          OBSERVED("'number_observed':1,'objects':{'0':{'type':'file','name':'x','is_encrypted':"
                   "false}}"),
          NULL, NULL);
    check(
        OBJECT_SPEC_21,
        OBSERVED("'number_observed':1,'objects':{'0':{'type':'mutex','id':'mutex--1','name':'x'}}"),
        "$.objects.0.id: not an identifier", NULL);
}

static void test_bounds(void)
{
    g_autoptr(GString) text = g_string_new(SDO("tool") ",'name':'x'");
    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(text, ",'X%u':null", i);
    g_string_append_c(text, '}');
    Findings findings = find(text->str, OBJECT_SPEC_21);
    g_assert_cmpuint(findings.count, ==, 100);
    findings_clear(&findings);
}

static void test_languages(void)
{
    static const struct {
        const char *tag;
        VocabularyLanguage expected;
    } cases[] = {
        {"en", VOCABULARY_LANGUAGE_KNOWN},
        {"EN-us", VOCABULARY_LANGUAGE_KNOWN},
        {"zh-cmn-Hans-CN", VOCABULARY_LANGUAGE_KNOWN},
        {"sl-rozaj-biske-1994", VOCABULARY_LANGUAGE_KNOWN},
        {"de-DE-u-co-phonebk", VOCABULARY_LANGUAGE_KNOWN},
        {"es-419", VOCABULARY_LANGUAGE_KNOWN},
        {"x-alder", VOCABULARY_LANGUAGE_KNOWN},
        {"i-klingon", VOCABULARY_LANGUAGE_KNOWN},
        {"qaa-Qaaa-QM-x-alder", VOCABULARY_LANGUAGE_KNOWN},
        {"gsw", VOCABULARY_LANGUAGE_KNOWN},
        {"foo", VOCABULARY_LANGUAGE_UNKNOWN},
        {"xx", VOCABULARY_LANGUAGE_UNKNOWN},
        {"abcd", VOCABULARY_LANGUAGE_UNKNOWN},
        {"", VOCABULARY_LANGUAGE_BROKEN},
        {"e", VOCABULARY_LANGUAGE_BROKEN},
        {"en-", VOCABULARY_LANGUAGE_BROKEN},
        {"-en", VOCABULARY_LANGUAGE_BROKEN},
        {"en--US", VOCABULARY_LANGUAGE_BROKEN},
        {"en_US", VOCABULARY_LANGUAGE_BROKEN},
        {"en-u", VOCABULARY_LANGUAGE_BROKEN},
        {"english language", VOCABULARY_LANGUAGE_BROKEN},
        {"a-alder", VOCABULARY_LANGUAGE_BROKEN},
        {"espa\xc3\xb1ol", VOCABULARY_LANGUAGE_BROKEN},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (vocabulary_language(cases[i].tag, strlen(cases[i].tag)) != cases[i].expected)
            g_error("\"%s\"", cases[i].tag);
}

static void test_vocabularies(void)
{
    for (Vocabulary v = 0; v < VOCABULARY_COUNT; v++) {
        g_assert_nonnull(vocabulary_name(v));
        g_assert_false(vocabulary_contains(v, "", 0));
        g_assert_false(vocabulary_contains(v, "|", 1));
        g_assert_false(vocabulary_contains(v, "no such term", 12));
    }
    g_assert_true(vocabulary_contains(VOCABULARY_OPINION, "strongly-agree", 14));
    g_assert_true(vocabulary_contains(VOCABULARY_OPINION, "strongly-disagree", 17));
    g_assert_false(vocabulary_contains(VOCABULARY_OPINION, "strongly", 8));
    g_assert_false(vocabulary_contains(VOCABULARY_OPINION, "agree|strongly-agree", 20));
    g_assert_true(validate_is_observable("ipv4-addr", 9));
    g_assert_false(validate_is_observable("malware", 7));
    g_assert_false(validate_is_observable("ipv4-addr2", 10));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/validate/common", test_common);
    g_test_add_func("/validate/times", test_times);
    g_test_add_func("/validate/parts", test_parts);
    g_test_add_func("/validate/granular-markings", test_granular_markings);
    g_test_add_func("/validate/domain-objects", test_domain_objects);
    g_test_add_func("/validate/relationships", test_relationships);
    g_test_add_func("/validate/meta-objects", test_meta_objects);
    g_test_add_func("/validate/custom", test_custom);
    g_test_add_func("/validate/observables", test_observables);
    g_test_add_func("/validate/stix20", test_stix20);
    g_test_add_func("/validate/bounds", test_bounds);
    g_test_add_func("/validate/languages", test_languages);
    g_test_add_func("/validate/vocabularies", test_vocabularies);
    return g_test_run();
}
