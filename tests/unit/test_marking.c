#include "policy/marking.h"

#include <string.h>

#define CLEAR_2   "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
#define WHITE_1   "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"
#define AMBER_1   "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
#define STRICT_2  "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
#define PAP_AMBER "marking-definition--60f8932b-e51e-4458-b265-a2e8be9a80ab"
#define PAP_WHITE "marking-definition--a3bea94c-b469-41dc-9cfe-d6e7daba7730"
#define RED_1     "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"

static MarkingTlp of_refs(const char *json)
{
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    g_assert_nonnull(doc);
    MarkingTlp tlp = marking_tlp_from_refs(yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return tlp;
}

static void test_refs(void)
{
    g_assert_cmpint(marking_tlp_from_refs(NULL), ==, MARKING_TLP_NONE);
    g_assert_cmpint(of_refs("[]"), ==, MARKING_TLP_NONE);
    g_assert_cmpint(of_refs("\"" RED_1 "\""), ==, MARKING_TLP_NONE);
    g_assert_cmpint(of_refs("[1, null, {}]"), ==, MARKING_TLP_NONE);
    g_assert_cmpint(of_refs("[\"marking-definition--00000000-0000-4000-8000-000000000000\"]"), ==,
                    MARKING_TLP_NONE);
    g_assert_cmpint(of_refs("[\"" WHITE_1 "\"]"), ==, MARKING_TLP_CLEAR);
    g_assert_cmpint(of_refs("[\"" AMBER_1 "\"]"), ==, MARKING_TLP_AMBER);
    g_assert_cmpint(of_refs("[\"" AMBER_1 "\", 7, \"" CLEAR_2 "\"]"), ==, MARKING_TLP_AMBER);
    g_assert_cmpint(of_refs("[\"" CLEAR_2 "\", \"" STRICT_2 "\", \"" AMBER_1 "\"]"), ==,
                    MARKING_TLP_AMBER_STRICT);
    g_assert_cmpint(of_refs("[\"" RED_1 "\", \"" STRICT_2 "\"]"), ==, MARKING_TLP_RED);
}

static void test_names(void)
{
    for (int tlp = MARKING_TLP_CLEAR; tlp <= MARKING_TLP_RED; tlp++) {
        g_assert_cmpint(marking_tlp_from_name(marking_tlp_name(tlp)), ==, tlp);
        g_assert_cmpint(marking_tlp_from_id(marking_tlp_id(tlp)), ==, tlp);
    }
    g_assert_cmpstr(marking_tlp_name(MARKING_TLP_AMBER_STRICT), ==, "amber+strict");
    g_assert_cmpstr(marking_tlp_id(MARKING_TLP_CLEAR), ==, CLEAR_2);
    g_assert_null(marking_tlp_name(MARKING_TLP_NONE));
    g_assert_null(marking_tlp_name(MARKING_TLP_RED + 1));
    g_assert_null(marking_tlp_id(MARKING_TLP_NONE));
    g_assert_cmpint(marking_tlp_from_name("TLP:WHITE"), ==, MARKING_TLP_CLEAR);
    g_assert_cmpint(marking_tlp_from_name("tlp:Amber+Strict"), ==, MARKING_TLP_AMBER_STRICT);
    g_assert_cmpint(marking_tlp_from_name("purple"), ==, MARKING_TLP_NONE);
    g_assert_cmpint(marking_tlp_from_name(""), ==, MARKING_TLP_NONE);
}

static void test_pap(void)
{
    for (int pap = MARKING_PAP_CLEAR; pap <= MARKING_PAP_RED; pap++)
        g_assert_cmpint(marking_pap_from_name(marking_pap_name(pap)), ==, pap);
    g_assert_null(marking_pap_name(MARKING_PAP_NONE));
    g_assert_null(marking_pap_name(MARKING_PAP_RED + 1));
    g_assert_cmpint(marking_pap_from_name("PAP:WHITE"), ==, MARKING_PAP_CLEAR);
    g_assert_cmpint(marking_pap_from_name("Pap:Amber"), ==, MARKING_PAP_AMBER);
    g_assert_cmpint(marking_pap_from_name("amber+strict"), ==, MARKING_PAP_NONE);
    g_assert_cmpint(marking_pap_from_name("TLP:RED"), ==, MARKING_PAP_NONE);
    g_assert_cmpint(marking_pap_from_name(""), ==, MARKING_PAP_NONE);
}

/* The text is strict as its strictest part; others' markings and what is malformed say nothing. */
static void test_object(void)
{
    static const struct {
        const char *json;
        MarkingTlp tlp;
        MarkingPap pap;
    } cases[] = {
        {"{}", MARKING_TLP_NONE, MARKING_PAP_NONE},
        {"[]", MARKING_TLP_NONE, MARKING_PAP_NONE},
        {"{\"object_marking_refs\": [\"" CLEAR_2 "\"]}", MARKING_TLP_CLEAR, MARKING_PAP_NONE},
        {"{\"object_marking_refs\": [\"" CLEAR_2 "\", \"" PAP_AMBER "\", \"" PAP_WHITE "\"]}",
         MARKING_TLP_CLEAR, MARKING_PAP_AMBER},
        {"{\"object_marking_refs\": [\"" CLEAR_2 "\"], \"granular_markings\": "
         "[{\"lang\": \"en\"}, 7, {\"marking_ref\": 1}, "
         "{\"marking_ref\": \"" RED_1 "\", \"selectors\": [\"name\"]}]}",
         MARKING_TLP_RED, MARKING_PAP_NONE},
        {"{\"object_marking_refs\": \"" RED_1 "\", \"granular_markings\": {}}", MARKING_TLP_NONE,
         MARKING_PAP_NONE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        yyjson_doc *doc = yyjson_read(cases[i].json, strlen(cases[i].json), 0);
        g_assert_nonnull(doc);
        g_assert_cmpint(marking_tlp_of_object(yyjson_doc_get_root(doc)), ==, cases[i].tlp);
        g_assert_cmpint(marking_pap_of_object(yyjson_doc_get_root(doc)), ==, cases[i].pap);
        yyjson_doc_free(doc);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/marking/refs", test_refs);
    g_test_add_func("/marking/names", test_names);
    g_test_add_func("/marking/pap", test_pap);
    g_test_add_func("/marking/object", test_object);
    return g_test_run();
}
