#include "policy/minimise.h"

#include <string.h>

#include "base/jsonguard.h"
#include "stix/identifier.h"
#include "stix/object.h"

#define U(n)   "00000000-0000-4000-8000-0000000000" n
#define TIMES  "\"created\":\"2026-01-02T03:04:05.000Z\",\"modified\":\"2026-01-02T03:04:05.000Z\""
#define TIMES2 "\"created\":\"2026-01-02T03:04:05.000Z\",\"modified\":\"2026-02-02T03:04:05.000Z\""
#define HEAD(type, n, times)                                                                       \
    "{\"type\":\"" type "\",\"spec_version\":\"2.1\",\"id\":\"" type "--" U(n) "\"," times
#define OWNER        ",\"created_by_ref\":\"identity--" U("01") "\""
#define LISTED(text) ",\"object_refs\":[" text "]}"

#define ANN                                                                                        \
    HEAD("identity", "01", TIMES)                                                                  \
    OWNER ",\"name\":\"Ann\",\"identity_class\":\"individual\",\"contact_information\":\"+1 "      \
          "555\"}"
#define ANN_LATER                                                                                  \
    HEAD("identity", "01", TIMES2)                                                                 \
    OWNER ",\"revoked\":true,\"name\":\"Ann\",\"identity_class\":\"individual\"}"
#define TOOL HEAD("tool", "02", TIMES) OWNER ",\"name\":\"mop\"}"
#define USES                                                                                       \
    HEAD("relationship", "03", TIMES)                                                              \
    OWNER ",\"relationship_type\":\"related-to\",\"source_ref\":\"tool--" U(                       \
        "02") "\",\"target_ref\":\"identity--" U("01") "\"}"
#define REPORT                                                                                     \
    HEAD("report", "04", TIMES)                                                                    \
    ",\"name\":\"r\",\"published\":\"2026-01-02T03:04:05Z\"" LISTED(                               \
        "\"tool--" U("02") "\",\"identity--" U("01") "\",\"relationship--" U("03") "\"")

/* Observables; the ids are those of section 2.9, or drawn. */

#define DRAWN(t, n) "{\"type\":\"" t "\",\"spec_version\":\"2.1\",\"id\":\"" t "--" U(n) "\""

typedef struct {
    GPtrArray *inputs;  /* GBytes */
    GPtrArray *outputs; /* MinimiseObject */
} Run;

static void run_clear(Run *run)
{
    g_ptr_array_unref(run->inputs);
    if (run->outputs)
        g_ptr_array_unref(run->outputs);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static GPtrArray *apply(const char *rules, GPtrArray *inputs)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Minimise) minimise = minimise_new(rules, &error);
    g_assert_no_error(error);
    GPtrArray *outputs =
        minimise_apply(minimise, (GBytes *const *)inputs->pdata, inputs->len, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(outputs->len, ==, inputs->len);
    return outputs;
}

/* What holds of every run. */
static void check_run(const Run *run)
{
    for (guint i = 0; i < run->outputs->len; i++) {
        const MinimiseObject *object = run->outputs->pdata[i];
        g_assert_cmpint(object->reason != NULL, ==, object->fate == MINIMISE_LEFT_OUT);
        g_assert_cmpint(object->new_id != NULL, ==, object->fate != MINIMISE_LEFT_OUT);
        g_assert_cmpint(object->bytes != NULL, ==,
                        object->fate == MINIMISE_SAME || object->fate == MINIMISE_REPLACED);
        if (object->fate == MINIMISE_SAME) {
            g_assert_true(g_bytes_equal(object->bytes, run->inputs->pdata[i]));
            g_assert_cmpstr(object->new_id, ==, object->id);
        }
        if (object->fate != MINIMISE_REPLACED)
            continue;
        g_assert_cmpstr(object->new_id, !=, object->id);
        g_autoptr(GError) error = NULL;
        gsize length;
        const char *text = g_bytes_get_data(object->bytes, &length);
        g_autoptr(Object) read = object_read(text, length, OBJECT_SPEC_20, OBJECT_DEFAULT, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(read->id, ==, object->new_id);
    }
}

/* Applies @rules to the texts up to NULL. */
static Run run_on(const char *rules, ...) G_GNUC_NULL_TERMINATED;
static Run run_on(const char *rules, ...)
{
    Run run = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref), NULL};
    va_list texts;
    va_start(texts, rules);
    for (const char *text; (text = va_arg(texts, const char *));)
        g_ptr_array_add(run.inputs, g_bytes_new(text, strlen(text)));
    va_end(texts);
    run.outputs = apply(rules, run.inputs);
    check_run(&run);
    return run;
}

static const MinimiseObject *output(const Run *run, guint place)
{
    g_assert_cmpuint(place, <, run->outputs->len);
    return run->outputs->pdata[place];
}

static char *text_of(const Run *run, guint place)
{
    const MinimiseObject *object = output(run, place);
    g_assert_nonnull(object->bytes);
    gsize length;
    const char *text = g_bytes_get_data(object->bytes, &length);
    return g_strndup(text, length);
}

static void expect_text(const Run *run, guint place, const char *expected)
{
    g_autofree char *text = text_of(run, place);
    g_assert_cmpstr(text, ==, expected);
}

static void expect_fates(const Run *run, const char *fates)
{
    static const char letters[] = {[MINIMISE_SAME] = 's',
                                   [MINIMISE_REPLACED] = 'r',
                                   [MINIMISE_MERGED] = 'm',
                                   [MINIMISE_LEFT_OUT] = 'l'};
    g_autoptr(GString) found = g_string_new(NULL);
    for (guint i = 0; i < run->outputs->len; i++)
        g_string_append_c(found, letters[output(run, i)->fate]);
    for (guint i = 0; i < run->outputs->len; i++)
        if (output(run, i)->reason)
            g_test_message("%u: %s", i, output(run, i)->reason);
    g_assert_cmpstr(found->str, ==, fates);
}

static char *standard_id(const Run *run, guint place)
{
    g_autofree char *text = text_of(run, place);
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, strlen(text), NULL);
    return identifier_of_observable(yyjson_doc_get_root(doc));
}

static void test_rules(void)
{
    static const char *const wrong[] = {"a b.",
                                        ".body",
                                        "*",
                                        "*.",
                                        "a.b.c",
                                        "a;b",
                                        "identity.id",
                                        "*.object_marking_refs",
                                        "*.granular_markings",
                                        "tool.created_by_ref",
                                        "*.modified",
                                        "marking-definition",
                                        "marking-definition.name",
                                        "extension-definition",
                                        "bundle",
                                        "e\xc3\xa9"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(minimise_new(wrong[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autoptr(Minimise) minimise = minimise_new(" email-addr,*.x_b\n,, *.x_a\temail-addr ", NULL);
    g_assert_cmpstr(minimise_text(minimise), ==, "*.x_a, *.x_b, email-addr");
    g_autoptr(Minimise) none = minimise_new("", NULL);
    g_assert_cmpstr(minimise_text(none), ==, "");

    g_autoptr(GString) many = g_string_new(NULL);
    for (guint i = 0; i <= MINIMISE_RULES_MAX; i++)
        g_string_append_printf(many, "t%u ", i);
    g_autoptr(GError) error = NULL;
    g_assert_null(minimise_new(many->str, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_namespace(void)
{
    static const char name[] = "minimise.concert.example";
    g_autofree char *id =
        identifier_make_v5("x", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", name, strlen(name));
    g_assert_cmpstr(id, ==, "x--" MINIMISE_NAMESPACE);
}

static void test_same(void)
{
    g_auto(Run) none = run_on("", ANN, TOOL, USES, NULL);
    expect_fates(&none, "sss");
    g_auto(Run) others = run_on("*.x_owner_phone, email-addr, tool.aliases", ANN, TOOL, USES, NULL);
    expect_fates(&others, "sss");
    g_auto(Run) empty = run_on("email-addr", NULL);
    expect_fates(&empty, "");
}

/* The id of what a domain or relationship object is replaced by. */
static char *replaced(const char *type, const char *rules, const char *n)
{
    g_autofree char *name =
        g_strdup_printf("%s\n%s--00000000-0000-4000-8000-0000000000%s", rules, type, n);
    return identifier_make_v5(type, MINIMISE_NAMESPACE, name, strlen(name));
}

#define LINK(type, n)                                                                              \
    ",\"external_references\":[{\"source_name\":\"derived-from\",\"description\":"                 \
    "\"The same with personal data left out.\",\"external_id\":\"" type "--" U(n) "\"}]}"

static void test_replaced(void)
{
    static const char rules[] = "identity.contact_information";
    g_auto(Run) run = run_on(rules, REPORT, USES, TOOL, ANN, NULL);
    expect_fates(&run, "rrsr");
    g_autofree char *ann = replaced("identity", rules, "01");
    g_autofree char *uses = replaced("relationship", rules, "03");
    g_autofree char *report = replaced("report", rules, "04");

    g_autofree char *ann_text = g_strdup_printf(
        "{\"type\":\"identity\",\"spec_version\":\"2.1\",\"id\":\"%s\"," TIMES OWNER
        ",\"name\":\"Ann\",\"identity_class\":\"individual\"" LINK("identity", "01"),
        ann);
    expect_text(&run, 3, ann_text);
    g_autofree char *uses_text = g_strdup_printf(
        "{\"type\":\"relationship\",\"spec_version\":\"2.1\",\"id\":\"%s\"," TIMES OWNER
        ",\"relationship_type\":\"related-to\",\"source_ref\":\"tool--" U(
            "02") "\","
                  "\"target_ref\":\"%s\"" LINK("relationship", "03"),
        uses, ann);
    expect_text(&run, 1, uses_text);
    g_autofree char *report_text = g_strdup_printf(
        "{\"type\":\"report\",\"spec_version\":\"2.1\",\"id\":\"%s\"," TIMES
        ",\"name\":\"r\",\"published\":\"2026-01-02T03:04:05Z\",\"object_refs\":[\"tool--" U(
            "02") "\",\"%s\",\"%s\"]" LINK("report", "04"),
        report, ann, uses);
    expect_text(&run, 0, report_text);
}

/* The new version of what was replaced is a new version of the replacement, above all when it
 * revokes it. */
static void test_versions(void)
{
    g_auto(Run) run = run_on("identity.contact_information", ANN_LATER, ANN, NULL);
    expect_fates(&run, "rr");
    g_assert_cmpstr(output(&run, 0)->new_id, ==, output(&run, 1)->new_id);
    g_autofree char *later = text_of(&run, 0);
    g_assert_nonnull(strstr(later, "\"modified\":\"2026-02-02T03:04:05.000Z\""));
    g_assert_nonnull(strstr(later, "\"revoked\":true"));

    g_auto(Run) alone = run_on("identity.contact_information", ANN, NULL);
    g_assert_cmpstr(output(&alone, 0)->new_id, ==, output(&run, 0)->new_id);
    g_auto(Run) other = run_on("identity.contact_information, tool.x", ANN, NULL);
    g_assert_cmpstr(output(&other, 0)->new_id, !=, output(&run, 0)->new_id);
}

static void test_old_links_stay(void)
{
    g_auto(Run) run =
        run_on("*.x_owner",
               HEAD("tool", "02",
                    TIMES) ",\"name\":\"mop\",\"external_references\":[{\"source_name\":\"s\","
                           "\"external_id\":\"e\"}],\"x_owner\":{\"phone\":1.5}}",
               NULL);
    g_autofree char *text = text_of(&run, 0);
    g_assert_nonnull(strstr(text, "[{\"source_name\":\"s\",\"external_id\":\"e\"},{\"source_name\":"
                                  "\"derived-from\""));
    g_assert_null(strstr(text, "x_owner"));
}

#define ADDR(n, more) DRAWN("email-addr", n) ",\"value\":\"ann@alder.example\"" more "}"
#define MESSAGE(more) DRAWN("email-message", "11") ",\"is_multipart\":false" more "}"
#define FROM_TO                                                                                    \
    ",\"from_ref\":\"email-addr--" U("10") "\",\"to_refs\":[\"email-addr--" U(                     \
        "10") "\",\"email-addr--" U("12") "\"],\"subject\":\"s\""

/* A type that is left out takes references to it along, whether the object is there or not, and
 * what cannot be without them. */
static void test_type(void)
{
    g_auto(Run) run = run_on(
        "email-addr", MESSAGE(FROM_TO), ADDR("10", ""), USES, TOOL,
        HEAD("relationship", "05",
             TIMES) ",\"relationship_type\":\"related-to\",\"source_ref\":"
                    "\"tool--" U("02") "\",\"target_ref\":\"email-addr--" U("99") "\"}",
        HEAD("grouping", "06", TIMES) ",\"context\":\"c\"" LISTED("\"email-addr--" U("10") "\""),
        HEAD("note", "07", TIMES) ",\"content\":\"c\"" LISTED("\"grouping--" U("06") "\""),
        HEAD("note", "08",
             TIMES) ",\"content\":\"c\"" LISTED("\"note--" U("07") "\",\"tool--" U("02") "\""),
        NULL);
    expect_fates(&run, "rlsslllr");
    g_autofree char *message = text_of(&run, 0);
    g_assert_null(strstr(message, "email-addr"));
    g_assert_null(strstr(message, "_ref"));
    g_assert_nonnull(strstr(message, "\"subject\":\"s\""));
    g_autofree char *note = text_of(&run, 7);
    g_assert_nonnull(strstr(note, "\"object_refs\":[\"tool--" U("02") "\"]"));
    g_assert_nonnull(strstr(output(&run, 6)->reason, "object_refs"));

    /* One behind the other. */
    g_auto(Run) crowd =
        run_on("email-addr",
               HEAD("note", "09", TIMES) ",\"content\":\"c\"" LISTED(
                   "\"email-addr--" U("10") "\",\"email-addr--" U("12") "\",\"tool--" U(
                       "02") "\",\"email-addr--" U("13") "\",\"email-addr--" U("14") "\""),
               NULL);
    expect_fates(&crowd, "r");
    g_autofree char *left = text_of(&crowd, 0);
    g_assert_nonnull(strstr(left, "\"object_refs\":[\"tool--" U("02") "\"]"));

    /* Who made it stays said, though no object of that type goes out. */
    g_auto(Run) makers = run_on("identity", TOOL, ANN, USES, NULL);
    expect_fates(&makers, "sll");
}

static void test_required(void)
{
    g_auto(Run) run = run_on("identity.name tool.name", ANN, TOOL, USES, REPORT, NULL);
    expect_fates(&run, "llll");
    g_assert_nonnull(strstr(output(&run, 0)->reason, "$.name"));
    /* One version of two goes out, so references to it hold. */
    g_auto(Run) half = run_on(
        "email-addr",
        HEAD("grouping", "06", TIMES) ",\"context\":\"c\"" LISTED("\"email-addr--" U("10") "\""),
        HEAD("grouping", "06", TIMES2) ",\"context\":\"c\"" LISTED("\"tool--" U("02") "\""),
        HEAD("note", "07", TIMES) ",\"content\":\"c\"" LISTED("\"grouping--" U("06") "\""), NULL);
    expect_fates(&half, "lrr");
    g_autofree char *note = text_of(&half, 2);
    g_assert_nonnull(strstr(note, output(&half, 1)->new_id));
}

/* What was no valid object before need not be one after, but one that can be stored. */
static void test_lenient(void)
{
    Run run = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref), NULL};
    static const char text[] = HEAD("tool", "02", TIMES) ",\"x_owner\":1}";
    g_ptr_array_add(run.inputs, g_bytes_new_static(text, sizeof text - 1));
    run.outputs = apply("*.x_owner", run.inputs);
    expect_fates(&run, "r");
    const MinimiseObject *object = output(&run, 0);
    gsize length;
    const char *bytes = g_bytes_get_data(object->bytes, &length);
    g_autoptr(Object) read = object_read(bytes, length, OBJECT_SPEC_20, OBJECT_LENIENT, NULL);
    g_assert_nonnull(read);
    run_clear(&run);
}

static char *with_standard_id(const char *text)
{
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, strlen(text), NULL);
    g_assert_nonnull(doc);
    g_autofree char *id = identifier_of_observable(yyjson_doc_get_root(doc));
    g_autofree char *old = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "id")));
    g_auto(GStrv) parts = g_strsplit(text, old, 2);
    return g_strconcat(parts[0], id, parts[1], NULL);
}

static void test_observables(void)
{
    /* What contributed is gone: the standard's id of the rest. */
    g_autofree char *account =
        with_standard_id(DRAWN("user-account", "20") ",\"user_id\":\"7\","
                                                     "\"account_login\":\"ann\"}");
    g_auto(Run) login = run_on("user-account.account_login", account, NULL);
    expect_fates(&login, "r");
    g_autofree char *expected = standard_id(&login, 0);
    g_assert_cmpstr(output(&login, 0)->new_id, ==, expected);

    /* Nothing that contributes is left: a UUID of version 4, of what is left if the old id told of
     * the content, else of the old id. */
    g_autofree char *message = with_standard_id(MESSAGE(",\"body\":\"secret\""));
    g_autofree char *other = with_standard_id(MESSAGE(",\"body\":\"other\""));
    g_auto(Run) body = run_on("email-message.body", message, other, NULL);
    expect_fates(&body, "rm");
    g_assert_cmpstr(output(&body, 0)->new_id, ==, output(&body, 1)->new_id);
    g_assert_cmpint(output(&body, 0)->new_id[strlen("email-message--") + 14], ==, '4');
    g_auto(Run) drawn =
        run_on("process.command_line", DRAWN("process", "21") ",\"pid\":1,\"command_line\":\"a\"}",
               DRAWN("process", "22") ",\"pid\":1,\"command_line\":\"a\"}", NULL);
    expect_fates(&drawn, "rr");
    g_assert_cmpstr(output(&drawn, 0)->new_id, !=, output(&drawn, 1)->new_id);

    /* What contributes is left: one that nobody else has. No observable says what it was. */
    g_autofree char *ann = with_standard_id(ADDR("10", ",\"display_name\":\"Ann\""));
    g_autofree char *bob = with_standard_id(ADDR("10", ",\"display_name\":\"Bob\""));
    g_auto(Run) name = run_on("email-addr.display_name", ann, NULL);
    g_auto(Run) again = run_on("email-addr.display_name", bob, NULL);
    expect_fates(&name, "r");
    g_assert_cmpstr(output(&name, 0)->new_id, ==, output(&again, 0)->new_id);
    g_autofree char *text = text_of(&name, 0);
    g_assert_null(strstr(text, output(&name, 0)->id));
    g_assert_null(strstr(text, "external_references"));
}

/* An observable's id is made of those it refers to. */
static void test_observable_references(void)
{
    g_autofree char *message = with_standard_id(MESSAGE(FROM_TO));
    g_auto(Run) run = run_on("email-addr.display_name", message,
                             ADDR("10", ",\"display_name\":\"Ann\",\"belongs_to_ref\":"
                                        "\"user-account--" U("20") "\""),
                             NULL);
    expect_fates(&run, "rr");
    g_autofree char *address = standard_id(&run, 1);
    g_assert_cmpstr(output(&run, 1)->new_id, ==, address);
    g_autofree char *text = text_of(&run, 0);
    g_autofree char *from = g_strdup_printf(
        "\"from_ref\":\"%s\",\"to_refs\":[\"%s\",\"email-addr--" U("12") "\"]", address, address);
    g_assert_nonnull(strstr(text, from));
    g_autofree char *expected = standard_id(&run, 0);
    g_assert_cmpstr(output(&run, 0)->new_id, ==, expected);

    /* Under the standard's id the address is in the set already. */
    g_autofree char *plain = with_standard_id(ADDR("12", ""));
    g_auto(Run) both =
        run_on("email-addr.display_name", ADDR("10", ",\"display_name\":\"Ann\""), plain, NULL);
    expect_fates(&both, "ms");
    g_assert_cmpstr(output(&both, 0)->new_id, ==, output(&both, 1)->id);
}

/* A directory and a file in it refer to each other. */
static void test_circle(void)
{
    g_auto(Run) run = run_on(
        "*.x_owner",
        DRAWN("file", "30") ",\"name\":\"f\",\"parent_directory_ref\":"
                            "\"directory--" U("31") "\",\"x_owner\":1}",
        DRAWN("directory", "31") ",\"path\":\"/\",\"contains_refs\":[\"file--" U("30") "\"]}",
        NULL);
    expect_fates(&run, "rr");
    g_autofree char *file = text_of(&run, 0), *directory = text_of(&run, 1);
    g_assert_nonnull(strstr(file, output(&run, 1)->new_id));
    g_assert_nonnull(strstr(directory, output(&run, 0)->new_id));
    g_autofree char *expected = standard_id(&run, 0);
    g_assert_cmpstr(output(&run, 0)->new_id, ==, expected);
}

#define OBSERVED(n, objects)                                                                       \
    HEAD("observed-data", n, TIMES)                                                                \
    ",\"first_observed\":\"2026-01-02T03:04:05Z\",\"last_observed\":\"2026-01-02T03:04:05Z\","     \
    "\"number_observed\":1,\"objects\":{" objects "}}"

static void test_inside(void)
{
    static const char three[] =
        OBSERVED("40", "\"0\":{\"type\":\"email-addr\",\"value\":\"ann@alder.example\"},"
                       "\"1\":{\"type\":\"email-message\",\"is_multipart\":false,\"body\":\"b\","
                       "\"from_ref\":\"0\",\"to_refs\":[\"0\",\"0\"]}");
    g_auto(Run) body = run_on("email-message.body", three, NULL);
    expect_fates(&body, "r");
    g_autofree char *without_body = text_of(&body, 0);
    g_assert_null(strstr(without_body, "body"));
    g_assert_nonnull(strstr(without_body, "ann@alder.example"));

    g_auto(Run) address = run_on("email-addr", three, NULL);
    expect_fates(&address, "r");
    g_autofree char *without_address = text_of(&address, 0);
    g_assert_nonnull(strstr(without_address, "\"objects\":{\"1\":{\"type\":\"email-message\","
                                             "\"is_multipart\":false,\"body\":\"b\"}}"));
    g_auto(Run) both = run_on("email-addr, email-message", three, NULL);
    expect_fates(&both, "l");
    g_auto(Run) neither = run_on("url, *.x", three, NULL);
    expect_fates(&neither, "s");
}

static void test_translations(void)
{
    static const char german[] =
        HEAD("language-content", "50", TIMES) ",\"object_ref\":\"identity--" U(
            "01") "\",\"object_modified\":\"2026-01-02T03:04:05.000Z\","
                  "\"contents\":{\"de\":{\"contact_information\":\"Tel. 555\",\"name\":\"Anna\"},"
                  "\"fr\":{\"contact_information\":\"555\"}}}";
    g_auto(Run) run = run_on("identity.contact_information", german, ANN, NULL);
    expect_fates(&run, "rr");
    g_autofree char *text = text_of(&run, 0);
    g_assert_nonnull(strstr(text, "\"contents\":{\"de\":{\"name\":\"Anna\"}}"));
    g_assert_nonnull(strstr(text, output(&run, 1)->new_id));
    g_auto(Run) both = run_on("identity.contact_information identity.name", german, NULL);
    expect_fates(&both, "l");
    g_auto(Run) other = run_on("tool.contact_information", german, NULL);
    expect_fates(&other, "s");
}

#define RED_2            "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
#define MARKS(selectors) "{\"marking_ref\":\"" RED_2 "\",\"selectors\":[" selectors "]}"

static void test_markings(void)
{
    g_auto(Run) run = run_on(
        "email-addr, *.x_owner",
        HEAD("note", "60", TIMES) ",\"content\":\"c\",\"x_owner\":[{\"a\":1}],\"object_refs\":["
                                  "\"email-addr--" U("10") "\",\"tool--" U(
                                      "02") "\"],\"object_marking_refs\":[\"" RED_2
                                            "\"],\"granular_markings\":[" MARKS(
                                                "\"x_owner.[0].a\"") "," MARKS("\"content\",\"x_"
                                                                               "owner\",\"object_"
                                                                               "refs.[1]\","
                                                                               "\"object_refs.[0]"
                                                                               "\"") "]}",
        NULL);
    expect_fates(&run, "r");
    g_autofree char *text = text_of(&run, 0);
    g_assert_nonnull(
        strstr(text, "\"object_marking_refs\":[\"" RED_2
                     "\"],\"granular_markings\":[" MARKS("\"content\",\"object_refs\"") "]"));
    g_auto(Run) all = run_on(
        "*.x_owner",
        HEAD("tool", "02", TIMES) ",\"name\":\"m\",\"x_owner\":1,\"granular_markings\":[" MARKS(
            "\"x_owner\"") "]}",
        NULL);
    g_autofree char *bare = text_of(&all, 0);
    g_assert_null(strstr(bare, "granular"));
}

/* Alike whatever the order, and nothing more to do the second time. */
static void test_repeated(void)
{
    static const char rules[] = "email-addr.display_name, identity.contact_information, tool.x";
    static const char *const texts[] = {REPORT,
                                        USES,
                                        TOOL,
                                        ANN,
                                        ANN_LATER,
                                        MESSAGE(FROM_TO),
                                        ADDR("10", ",\"display_name\":\"Ann\"")};
    Run forth = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref), NULL};
    Run back = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref), NULL};
    Run again = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref), NULL};
    guint count = G_N_ELEMENTS(texts);
    for (guint i = 0; i < count; i++) {
        const char *last = texts[count - 1 - i];
        g_ptr_array_add(forth.inputs, g_bytes_new_static(texts[i], strlen(texts[i])));
        g_ptr_array_add(back.inputs, g_bytes_new_static(last, strlen(last)));
    }
    forth.outputs = apply(rules, forth.inputs);
    back.outputs =
        apply("tool.x identity.contact_information\nemail-addr.display_name", back.inputs);
    check_run(&forth);
    expect_fates(&forth, "rrsrrrr");
    for (guint i = 0; i < count; i++) {
        g_assert_true(g_bytes_equal(output(&forth, i)->bytes, output(&back, count - 1 - i)->bytes));
        g_ptr_array_add(again.inputs, g_bytes_ref(output(&forth, i)->bytes));
    }
    again.outputs = apply(rules, again.inputs);
    expect_fates(&again, "sssssss");
    run_clear(&forth);
    run_clear(&back);
    run_clear(&again);
}

static void test_refused(void)
{
    static const char *const wrong[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"type\":\"tool\"}",
                                        "{\"type\":\"tool\",\"id\":\"mop--" U("01") "\"}",
                                        "{\"type\":\"tool\",\"id\":\"tool\"}",
                                        "{\"type\":\"tool\",\"id\":7}",
                                        TOOL TOOL,
                                        "{\"type\":\"\",\"id\":\"--" U("01") "\"}",
                                        "{\"id\":\"tool--1\",\"id\":\"tool--1\"}"};
    g_autoptr(Minimise) minimise = minimise_new("email-addr", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GBytes) tool = g_bytes_new_static(TOOL, strlen(TOOL));
        g_autoptr(GBytes) bad = g_bytes_new_static(wrong[i], strlen(wrong[i]));
        GBytes *const objects[] = {tool, bad};
        g_autoptr(GError) error = NULL;
        g_assert_null(minimise_apply(minimise, objects, 2, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_true(g_str_has_prefix(error->message, "object 1: "));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(minimise_apply(minimise, NULL, MINIMISE_OBJECTS_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    /* Only what was to be changed need be an object: the rest is not touched. */
    g_auto(Run) odd = run_on("email-addr", "{\"type\":\"tool\",\"id\":\"tool--1\"}", NULL);
    expect_fates(&odd, "s");
}

/* Chains and crowds cost no more than there are references. */
static void test_long(void)
{
    enum { LENGTH = 3000 };
    Run run = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref), NULL};
    for (guint i = 0; i < LENGTH; i++) {
        g_autofree char *next =
            i == 0 ? g_strdup("email-addr--" U("10"))
                   : g_strdup_printf("grouping--00000000-0000-4000-8000-%012u", i - 1);
        char *text = g_strdup_printf(
            "{\"type\":\"grouping\",\"spec_version\":\"2.1\",\"id\":\"grouping--00000000-0000-4000-"
            "8000-%012u\"," TIMES ",\"context\":\"c\",\"object_refs\":[\"%s\"]}",
            i, next);
        g_ptr_array_add(run.inputs, g_bytes_new_take(text, strlen(text)));
    }
    for (guint i = 0; i < LENGTH; i++) /* all versions of one, all of them referring to it */
        g_ptr_array_add(run.inputs, g_bytes_new_static(REPORT, strlen(REPORT)));
    run.outputs = apply("email-addr, identity", run.inputs);
    for (guint i = 0; i < LENGTH; i++) {
        g_assert_cmpint(output(&run, i)->fate, ==, MINIMISE_LEFT_OUT);
        g_assert_cmpint(output(&run, LENGTH + i)->fate, ==, MINIMISE_REPLACED);
    }
    run_clear(&run);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/minimise/rules", test_rules);
    g_test_add_func("/minimise/namespace", test_namespace);
    g_test_add_func("/minimise/same", test_same);
    g_test_add_func("/minimise/replaced", test_replaced);
    g_test_add_func("/minimise/versions", test_versions);
    g_test_add_func("/minimise/old-links", test_old_links_stay);
    g_test_add_func("/minimise/type", test_type);
    g_test_add_func("/minimise/required", test_required);
    g_test_add_func("/minimise/lenient", test_lenient);
    g_test_add_func("/minimise/observables", test_observables);
    g_test_add_func("/minimise/observable-references", test_observable_references);
    g_test_add_func("/minimise/circle", test_circle);
    g_test_add_func("/minimise/inside", test_inside);
    g_test_add_func("/minimise/translations", test_translations);
    g_test_add_func("/minimise/markings", test_markings);
    g_test_add_func("/minimise/repeated", test_repeated);
    g_test_add_func("/minimise/refused", test_refused);
    g_test_add_func("/minimise/long", test_long);
    return g_test_run();
}
