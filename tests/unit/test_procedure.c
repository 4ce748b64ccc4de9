/* The tables of procedures are sound, and docs/procedures.md says what they say. */
#include <string.h>

#include "base/jsonguard.h"
#include "dossier/request.h"

static void test_sound(void)
{
    for (const Procedure *const *one = procedure_all(); *one; one++) {
        g_autoptr(GError) error = NULL;
        procedure_check(*one, &error);
        g_assert_no_error(error);
        g_assert_true(procedure_find((*one)->name) == *one);
    }
    g_assert_null(procedure_find("wish"));
    g_assert_cmpstr(procedure_command("request"), ==, "request");
    g_assert_cmpstr(procedure_command("notice"), ==, "notify");
}

/* --- that the check finds what is unsound ------------------------------------------------------
 */

typedef struct {
    Procedure procedure;
    ProcedureState states[PROCEDURE_SET_MAX];
    ProcedureTransition transitions[32];
    ProcedureClock clocks[8];
} Copy;

static void copy_request(Copy *copy)
{
    const Procedure *request = &request_procedure;
    guint count = 0;
    copy->procedure = *request;
    memcpy(copy->states, request->states, request->n_states * sizeof *request->states);
    while (request->transitions[count].type)
        count++;
    memcpy(copy->transitions, request->transitions, (count + 1) * sizeof *request->transitions);
    memcpy(copy->clocks, request->clocks, request->n_clocks * sizeof *request->clocks);
    copy->procedure.states = copy->states;
    copy->procedure.transitions = copy->transitions;
    copy->procedure.clocks = copy->clocks;
}

static ProcedureTransition *row(Copy *copy, const char *type)
{
    return (ProcedureTransition *)procedure_transition(&copy->procedure, type);
}

static void remove_end(Copy *copy)
{
    row(copy, "closed")->to = PROCEDURE_STAY;
}

static void remove_way_in(Copy *copy)
{
    row(copy, "executing")->to = PROCEDURE_STAY;
}

static void wait_for_nobody(Copy *copy)
{
    copy->states[0].waits_for = 0;
}

static void wait_for_the_wrong(Copy *copy)
{
    copy->states[row(copy, "answered")->to].waits_for =
        procedure_role(&copy->procedure, "responder");
}

static void let_clock_run_on(Copy *copy)
{
    copy->clocks[0].runs_in |= PROCEDURE_BIT(copy->procedure.n_states - 1);
}

static void let_machine_answer(Copy *copy)
{
    row(copy, "answered")->maker = PROCEDURE_MACHINE;
}

static void let_machine_go_on(Copy *copy)
{
    row(copy, "received")->to = PROCEDURE_STAY;
}

static void let_nobody(Copy *copy)
{
    row(copy, "answered")->who = 0;
}

static void name_twice(Copy *copy)
{
    row(copy, "answered")->type = "closed";
}

static void miss_a_field(Copy *copy)
{
    copy->clocks[1].field = "wanted";
}

static void remind_in_two_ways(Copy *copy)
{
    copy->clocks[0].before = copy->procedure.clocks[3].before;
}

static void remind_out_of_order(Copy *copy)
{
    static const guint before[] = {60, 120, 0};
    copy->clocks[3].before = before;
}

static void miss_a_term(Copy *copy)
{
    static const ProcedureTerm terms[] = {{"critical", 3600}, {NULL, 0}};
    copy->clocks[0].terms = terms;
}

static void test_unsound(void)
{
    static void (*const spoils[])(Copy *) = {
        remove_end,          remove_way_in,      wait_for_nobody,   wait_for_the_wrong,
        let_clock_run_on,    let_machine_answer, let_machine_go_on, let_nobody,
        name_twice,          miss_a_field,       miss_a_term,       remind_in_two_ways,
        remind_out_of_order,
    };
    Copy copy;
    copy_request(&copy);
    g_assert_true(procedure_check(&copy.procedure, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(spoils); i++) {
        g_autoptr(GError) error = NULL;
        copy_request(&copy);
        spoils[i](&copy);
        g_assert_false(procedure_check(&copy.procedure, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_test_message("%s", error->message);
    }
}

/* --- payloads ----------------------------------------------------------------------------------
 */

typedef struct {
    const char *type, *payload;
    const char *named; /* in the message; NULL: it is good */
} Payload;

#define SENT "\"kind\":\"advice\",\"subject\":\"s\",\"to\":\"a.example\",\"urgency\":\"low\""

static const Payload payloads[] = {
    {"sent", "{" SENT ",\"text\":\"x\\n\\ty\"}", NULL},
    {"sent", "{" SENT ",\"text\":\"x\",\"later\":{\"a\":[1]}}", NULL},
    {"sent", "{" SENT ",\"text\":\"x\",\"wanted_by\":\"2026-01-02T03:04:05Z\"}", NULL},
    {"sent", "{" SENT ",\"text\":\"x\",\"observers\":[\"b.example\",\"c.example\"]}", NULL},
    {"sent", "{" SENT "}", "text"},
    {"sent", "{" SENT ",\"text\":\"\"}", "text"},
    {"sent", "{" SENT ",\"text\":7}", "text"},
    {"sent", "{" SENT ",\"text\":\"a\\u0000b\"}", "text"},
    {"sent", "{" SENT ",\"text\":\"a\\u001bb\"}", "text"},
    {"sent", "{" SENT ",\"text\":\"x\",\"wanted_by\":\"soon\"}", "wanted_by"},
    {"sent", "{" SENT ",\"text\":\"x\",\"observers\":\"b.example\"}", "observers"},
    {"sent", "{" SENT ",\"text\":\"x\",\"observers\":[\"c.example\",\"b.example\"]}", "observers"},
    {"sent", "{" SENT ",\"text\":\"x\",\"observers\":[\"b.example\",\"b.example\"]}", "observers"},
    {"sent", "{" SENT ",\"text\":\"x\",\"observers\":[\"b/ledger\"]}", "observers"},
    {"sent",
     "{\"kind\":\"gossip\",\"subject\":\"s\",\"text\":\"x\",\"to\":\"a.example\",\"urgency\":"
     "\"low\"}",
     "kind"},
    {"sent",
     "{\"kind\":\"advice\",\"subject\":\"a\\nb\",\"text\":\"x\",\"to\":\"a.example\",\"urgency\":"
     "\"low\"}",
     "subject"},
    {"sent",
     "{\"kind\":\"advice\",\"subject\":\"s\",\"text\":\"x\",\"to\":\"\",\"urgency\":\"low\"}",
     "to"},
    {"acknowledged", "{}", NULL},
    {"closed", "{}", "decides"},
    {"closed", "{\"decides\":[\"00\"]}", "decides"},
    {"closed", "{\"decides\":[]}", NULL},
};

static void test_payloads(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(payloads); i++) {
        const Payload *one = &payloads[i];
        g_autoptr(GError) error = NULL;
        g_autoptr(yyjson_doc) doc = jsonguard_read(one->payload, strlen(one->payload), &error);
        g_assert_no_error(error);
        g_test_message("%s %s", one->type, one->payload);
        gboolean is_good = procedure_check_payload(
            &request_procedure, procedure_transition(&request_procedure, one->type),
            yyjson_doc_get_root(doc), &error);
        if (!one->named) {
            g_assert_no_error(error);
            g_assert_true(is_good);
            continue;
        }
        g_assert_false(is_good);
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, one->named));
    }
}

static void test_too_long(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *subject = g_strnfill(257, 'x');
    g_autofree char *text =
        g_strdup_printf("{\"kind\":\"advice\",\"subject\":\"%s\",\"text\":\"x\","
                        "\"to\":\"a.example\",\"urgency\":\"low\"}",
                        subject);
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, strlen(text), &error);
    g_assert_false(procedure_check_payload(&request_procedure,
                                           procedure_transition(&request_procedure, "sent"),
                                           yyjson_doc_get_root(doc), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_document(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "procedures.md", NULL);
    g_autofree char *wanted = procedure_document(), *found = NULL;
    if (g_getenv("CONCERT_WRITE_DOCS")) {
        g_file_set_contents(path, wanted, -1, &error);
        g_assert_no_error(error);
    }
    g_file_get_contents(path, &found, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, wanted);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/procedure/sound", test_sound);
    g_test_add_func("/procedure/unsound", test_unsound);
    g_test_add_func("/procedure/payloads", test_payloads);
    g_test_add_func("/procedure/too_long", test_too_long);
    g_test_add_func("/procedure/document", test_document);
    return g_test_run();
}
