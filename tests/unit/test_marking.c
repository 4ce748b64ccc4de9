#include "policy/marking.h"

#include <string.h>

#define CLEAR_2  "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
#define WHITE_1  "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"
#define AMBER_1  "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
#define STRICT_2 "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
#define RED_1    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/marking/refs", test_refs);
    g_test_add_func("/marking/names", test_names);
    g_test_add_func("/marking/pap", test_pap);
    return g_test_run();
}
