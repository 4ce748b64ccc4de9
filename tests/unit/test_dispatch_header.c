#include "exchange/dispatch_header.h"

#include <string.h>

#include "base/error.h"

#define ORIGIN "cert.alder.example/ledger"
#define BIRCH  "cert.birch.example/ledger"
#define TIME   1767323045000000 /* 2026-01-02T03:04:05.000000Z */

static Opening *make(const char *kind, const char *members)
{
    g_autoptr(GError) error = NULL;
    const OpeningSpec spec = {.origin = ORIGIN,
                              .kind = kind,
                              .time_us = TIME,
                              .members = members,
                              .members_length = strlen(members)};
    Opening *opening = opening_build(&spec, NULL, &error);
    g_assert_no_error(error);
    return opening;
}

static void assert_error(GError *error, const char *message)
{
    g_assert_nonnull(error);
    if (!strstr(error->message, message))
        g_error("\"%s\" is expected, not \"%s\"", message, error->message);
    g_error_free(error);
}

static DispatchHeader *read_again(const DispatchHeader *header)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *members = dispatch_header_write(header, &error);
    g_assert_no_error(error);
    g_autoptr(Opening) opening = make("dispatch", members);
    DispatchHeader *again = dispatch_header_read(opening, &error);
    g_assert_no_error(error);
    return again;
}

static void test_dispatch(void)
{
    char *named[] = {(char *)BIRCH, (char *)"cert.cedar.example/ledger", NULL};
    const DispatchHeader header = {.title = (char *)"A \"counterfeit\" page, überall",
                                   .tlp = MARKING_TLP_AMBER_STRICT,
                                   .pap = MARKING_PAP_AMBER,
                                   .community = (char *)"north@forum.example",
                                   .named = named,
                                   .purpose = (char *)"To take it\ndown",
                                   .is_exercise = TRUE,
                                   .expires_us = TIME + 1,
                                   .onward_origin = (char *)BIRCH,
                                   .onward_index = 12};
    g_autoptr(DispatchHeader) again = read_again(&header);
    g_assert_cmpstr(again->title, ==, header.title);
    g_assert_cmpint(again->tlp, ==, header.tlp);
    g_assert_cmpint(again->pap, ==, header.pap);
    g_assert_cmpstr(again->community, ==, header.community);
    g_assert_true(g_strv_equal((const char *const *)again->named, (const char *const *)named));
    g_assert_cmpstr(again->purpose, ==, header.purpose);
    g_assert_true(again->is_exercise);
    g_assert_cmpint(again->expires_us, ==, header.expires_us);
    g_assert_cmpstr(again->onward_origin, ==, header.onward_origin);
    g_assert_cmpuint(again->onward_index, ==, 12);
}

/* Nobody named, and not saying so, are two things. */
static void test_dispatch_least(void)
{
    char *nobody[] = {NULL};
    DispatchHeader header = {
        .title = (char *)"x", .tlp = MARKING_TLP_CLEAR, .expires_us = DISPATCH_HEADER_NO_TIME};
    g_autoptr(DispatchHeader) again = read_again(&header);
    g_assert_cmpint(again->pap, ==, MARKING_PAP_NONE);
    g_assert_null(again->community);
    g_assert_null(again->named);
    g_assert_null(again->purpose);
    g_assert_false(again->is_exercise);
    g_assert_cmpint(again->expires_us, ==, DISPATCH_HEADER_NO_TIME);
    g_assert_null(again->onward_origin);
    g_assert_cmpuint(again->onward_index, ==, DISPATCH_HEADER_NO_INDEX);
    header.named = nobody;
    g_autoptr(DispatchHeader) other = read_again(&header);
    g_assert_nonnull(other->named);
    g_assert_null(other->named[0]);
}

static void test_dispatch_refused(void)
{
#define MARKED "\"marking\":{\"tlp\":\"green\"}"
    static const struct {
        const char *members, *message;
    } cases[] = {
        {"{" MARKED "}", "\"title\" is missing"},
        {"{" MARKED ",\"title\":7}", "\"title\" is not one line"},
        {"{" MARKED ",\"title\":\"\"}", "\"title\" is not one line"},
        {"{" MARKED ",\"title\":\"a\\nb\"}", "\"title\" is not one line"},
        {"{" MARKED ",\"title\":\"a\\u0000b\"}", "\"title\" is not one line"},
        {"{\"title\":\"a\"}", "\"marking\" is not an object"},
        {"{\"title\":\"a\",\"marking\":{}}", "\"tlp\" is not a level"},
        {"{\"title\":\"a\",\"marking\":{\"tlp\":\"purple\"}}", "\"tlp\" is not a level"},
        {"{\"title\":\"a\",\"marking\":{\"tlp\":\"GREEN\"}}", "\"tlp\" is not a level"},
        {"{\"title\":\"a\",\"marking\":{\"tlp\":\"white\"}}", "\"tlp\" is not a level"},
        {"{\"title\":\"a\",\"marking\":{\"tlp\":[\"red\"]}}", "\"tlp\" is not a level"},
        {"{\"title\":\"a\",\"marking\":{\"tlp\":\"red\",\"pap\":\"no\"}}",
         "\"pap\" is not a level"},
        {"{\"title\":\"a\"," MARKED ",\"community\":\"north\"}",
         "\"community\" is not of the form"},
        {"{\"title\":\"a\"," MARKED ",\"community\":\"@forum\"}", "\"community\" is not"},
        {"{\"title\":\"a\"," MARKED ",\"community\":\"a@b@c\"}", "\"community\" is not"},
        {"{\"title\":\"a\"," MARKED ",\"named\":\"x\"}", "\"named\" is not a list"},
        {"{\"title\":\"a\"," MARKED ",\"named\":[\"b\",\"a\"]}", "\"named\" is not sorted"},
        {"{\"title\":\"a\"," MARKED ",\"named\":[\"b\",\"b\"]}", "\"named\" is not sorted"},
        {"{\"title\":\"a\"," MARKED ",\"named\":[\"a b\"]}", "\"named\" has a member"},
        {"{\"title\":\"a\"," MARKED ",\"purpose\":\"a\\u0007\"}", "\"purpose\" is not a text"},
        {"{\"title\":\"a\"," MARKED ",\"exercise\":false}", "\"exercise\" is not true"},
        {"{\"title\":\"a\"," MARKED ",\"exercise\":1}", "\"exercise\" is not true"},
        {"{\"title\":\"a\"," MARKED ",\"expires\":\"2026-01-02T03:04:05Z\"}", "\"expires\" is not"},
        {"{\"title\":\"a\"," MARKED ",\"onward\":[]}", "\"onward\" is not an object"},
        {"{\"title\":\"a\"," MARKED ",\"onward\":{\"index\":1}}",
         "\"onward\": \"origin\" is missing"},
        {"{\"title\":\"a\"," MARKED ",\"onward\":{\"origin\":\"x\",\"index\":-1}}",
         "\"onward\": \"index\" is not a number"},
    };
#undef MARKED
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autoptr(Opening) opening = make("dispatch", cases[i].members);
        g_assert_null(dispatch_header_read(opening, &error));
        assert_error(error, cases[i].message);
    }
}

/* What would be refused is not written. */
static void test_write_refused(void)
{
    g_autofree char *long_title = g_strnfill(DISPATCH_HEADER_TEXT_MAX + 1, 'x');
    DispatchHeader header = {
        .title = long_title, .tlp = MARKING_TLP_CLEAR, .expires_us = DISPATCH_HEADER_NO_TIME};
    GError *error = NULL;
    g_assert_null(dispatch_header_write(&header, &error));
    assert_error(error, "\"title\" is not one line");
    error = NULL;
    header.title = (char *)"a";
    header.tlp = MARKING_TLP_NONE;
    g_assert_null(dispatch_header_write(&header, &error));
    assert_error(error, "\"tlp\" is not a level");
    error = NULL;
    header.tlp = MARKING_TLP_RED;
    header.purpose = (char *)"\xff";
    g_assert_null(dispatch_header_write(&header, &error));
    assert_error(error, "a text is not UTF-8");
}

static void test_kind(void)
{
    static const guint8 entry[OPENING_ENTRY_SIZE] = {1};
    g_autoptr(Opening) grant = make("grant", "{\"of\":1}");
    g_autoptr(Opening) erased = opening_new_erased(entry);
    GError *error = NULL;
    g_assert_null(dispatch_header_read(grant, &error));
    assert_error(error, "it is of the kind \"grant\", not \"dispatch\"");
    error = NULL;
    g_assert_null(dispatch_header_read_receipt(erased, &error));
    assert_error(error, "the opening was erased");
    error = NULL;
    g_assert_null(dispatch_header_read_retract(erased, &error));
    assert_error(error, "the opening was erased");
    error = NULL;
    g_assert_null(dispatch_header_read_retract(grant, &error));
    assert_error(error, "it is of the kind \"grant\", not \"withdrawal\"");
}

static void test_grant(void)
{
    guint64 of = 0;
    GError *error = NULL;
    g_autofree char *members = dispatch_header_write_grant(OPENING_INTEGER_MAX, &error);
    g_assert_no_error(error);
    g_autoptr(Opening) opening = make("grant", members);
    g_assert_true(dispatch_header_read_grant(opening, &of, &error));
    g_assert_cmpuint(of, ==, OPENING_INTEGER_MAX);
    g_assert_null(dispatch_header_write_grant(OPENING_INTEGER_MAX + 1, &error));
    assert_error(error, "\"of\" is not a number");
}

static void test_retract(void)
{
    guint places[] = {0, 3, 4095};
    for (int is_recall = 0; is_recall < 2; is_recall++)
        for (guint n = 0; n <= G_N_ELEMENTS(places); n += 3) {
            g_autoptr(GError) error = NULL;
            const DispatchRetract retract = {.is_recall = is_recall,
                                             .of = 7,
                                             .places = n > 0 ? places : NULL,
                                             .n_places = n,
                                             .reason = (char *)"It names the wrong host."};
            g_autofree char *members = dispatch_header_write_retract(&retract, &error);
            g_assert_no_error(error);
            g_autoptr(Opening) opening = make(is_recall ? "recall" : "withdrawal", members);
            g_autoptr(DispatchRetract) again = dispatch_header_read_retract(opening, &error);
            g_assert_no_error(error);
            g_assert_cmpint(again->is_recall, ==, is_recall);
            g_assert_cmpuint(again->of, ==, 7);
            g_assert_cmpmem(again->places, again->n_places * sizeof *places, places,
                            n * sizeof *places);
            g_assert_cmpstr(again->reason, ==, retract.reason);
        }
}

static void test_retract_refused(void)
{
    static const struct {
        const char *members, *message;
    } cases[] = {
        {"{\"reason\":\"x\"}", "\"of\" is not a number"},
        {"{\"of\":1}", "\"reason\" is missing"},
        {"{\"of\":1,\"reason\":\"x\",\"places\":[]}", "\"places\" is empty"},
        {"{\"of\":1,\"reason\":\"x\",\"places\":[1,1]}", "ascending"},
        {"{\"of\":1,\"reason\":\"x\",\"places\":[2,1]}", "ascending"},
        {"{\"of\":1,\"reason\":\"x\",\"places\":[4096]}", "ascending"},
        {"{\"of\":1,\"reason\":\"x\",\"places\":[-1]}", "ascending"},
        {"{\"of\":1,\"reason\":\"x\",\"places\":0}", "\"places\" is not a list"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autoptr(Opening) opening = make("recall", cases[i].members);
        g_assert_null(dispatch_header_read_retract(opening, &error));
        assert_error(error, cases[i].message);
    }
}

static void test_receipt(void)
{
    guint64 indices[] = {2, 1200, 1259};
    DispatchRefusal refusals[] = {{1203, 4, (char *)"it has no \"id\""}, {1203, 5, (char *)"x"}};
    DispatchReceipt receipt = {.ledger = (char *)BIRCH,
                               .from = 1200,
                               .end = 1260,
                               .size = 1300,
                               .root = {{1, 2, 3}},
                               .indices = indices,
                               .n_indices = 3,
                               .stored = 10,
                               .known = 5,
                               .refused = 2,
                               .refusals = refusals,
                               .n_refusals = 2};
    for (guint n = 0; n <= 2; n += 2) {
        g_autoptr(GError) error = NULL;
        receipt.n_refusals = n;
        g_autofree char *members = dispatch_header_write_receipt(&receipt, &error);
        g_assert_no_error(error);
        g_autoptr(Opening) opening = make("receipt", members);
        g_autoptr(DispatchReceipt) again = dispatch_header_read_receipt(opening, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(again->ledger, ==, BIRCH);
        g_assert_cmpuint(again->from, ==, 1200);
        g_assert_cmpuint(again->end, ==, 1260);
        g_assert_cmpuint(again->size, ==, 1300);
        g_assert_true(merkle_hash_equal(&again->root, &receipt.root));
        g_assert_cmpmem(again->indices, again->n_indices * sizeof *indices, indices,
                        sizeof indices);
        g_assert_cmpuint(again->stored, ==, 10);
        g_assert_cmpuint(again->known, ==, 5);
        g_assert_cmpuint(again->refused, ==, 2);
        g_assert_cmpuint(again->n_refusals, ==, n);
        for (guint i = 0; i < n; i++) {
            g_assert_cmpuint(again->refusals[i].index, ==, refusals[i].index);
            g_assert_cmpuint(again->refusals[i].place, ==, refusals[i].place);
            g_assert_cmpstr(again->refusals[i].reason, ==, refusals[i].reason);
        }
    }
}

static void test_receipt_refused(void)
{
#define TREE(from, end, size)                                                                      \
    "{\"ledger\":\"" BIRCH "\",\"from\":" #from ",\"end\":" #end ",\"size\":" #size                \
    ",\"root\":\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define COUNTS ",\"stored\":1,\"known\":2,\"refused\":3"
    static const struct {
        const char *members, *message;
    } cases[] = {
        {TREE(1, 2, 3) ",\"indices\":[1]" COUNTS "}", NULL},
        {TREE(2, 1, 3) ",\"indices\":[]" COUNTS "}", "are not in that order"},
        {TREE(1, 4, 3) ",\"indices\":[]" COUNTS "}", "are not in that order"},
        {TREE(1, 2, 3) ",\"indices\":[2]" COUNTS "}", "\"indices\" are not ascending"},
        {TREE(1, 2, 3) ",\"indices\":[1,0]" COUNTS "}", "\"indices\" are not ascending"},
        {TREE(1, 2, 3) COUNTS "}", "\"indices\" is not a list"},
        {TREE(1, 2, 3) ",\"indices\":[]}", "\"stored\" is not a number"},
        {TREE(1, 2, 3) ",\"indices\":[]" COUNTS ",\"refusals\":[7]}", "\"refusals\", member 0: "},
        {TREE(1, 2, 3) ",\"indices\":[]" COUNTS ",\"refusals\":[{\"index\":1,\"place\":4096,"
                       "\"reason\":\"x\"}]}",
         "\"refusals\", member 0: \"place\""},
        {"{\"ledger\":\"" BIRCH "\",\"from\":1,\"end\":1,\"size\":1,\"root\":\"AQID\"}",
         "\"root\" is not a hash"},
        {"{\"from\":1,\"end\":1,\"size\":1}", "\"ledger\" is missing"},
    };
#undef TREE
#undef COUNTS
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        g_autoptr(Opening) opening = make("receipt", cases[i].members);
        g_autoptr(DispatchReceipt) receipt = dispatch_header_read_receipt(opening, &error);
        g_assert_cmpint(receipt != NULL, ==, cases[i].message == NULL);
        if (cases[i].message)
            assert_error(error, cases[i].message);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dispatch-header/dispatch", test_dispatch);
    g_test_add_func("/dispatch-header/dispatch-least", test_dispatch_least);
    g_test_add_func("/dispatch-header/dispatch-refused", test_dispatch_refused);
    g_test_add_func("/dispatch-header/write-refused", test_write_refused);
    g_test_add_func("/dispatch-header/kind", test_kind);
    g_test_add_func("/dispatch-header/grant", test_grant);
    g_test_add_func("/dispatch-header/retract", test_retract);
    g_test_add_func("/dispatch-header/retract-refused", test_retract_refused);
    g_test_add_func("/dispatch-header/receipt", test_receipt);
    g_test_add_func("/dispatch-header/receipt-refused", test_receipt_refused);
    return g_test_run();
}
