/* Needs and offers: what fits what, and that no answer reaches anybody but the poster. */
#include "dossier_maker.h"
#include "dossier_order.h"

#include "dossier/board.h"

static Event *make_event(const EngineResult *before, const char *type, const char *node,
                         const char *payload, gboolean is_exercise)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = maker_signer(node);
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    const ProcedureTransition *row = procedure_transition(&board_procedure, type);
    g_autoptr(GArray) heads = before ? engine_heads(before, row) : NULL;
    const EventSpec spec = {
        .procedure = "board",
        .dossier = before ? before->dossier : NULL,
        .type = type,
        .author = origin,
        .signatory = "Somebody",
        .time_us = MAKER_START,
        .parents = heads ? (const EventHash *)(gconstpointer)heads->data : NULL,
        .n_parents = heads ? heads->len : 0,
        .payload = payload,
        .tlp = MARKING_TLP_GREEN,
        .is_exercise = is_exercise,
    };
    g_autofree char *text = event_make(&spec, signer, &error);
    g_assert_no_error(error);
    return event_parse(text, strlen(text), &error);
}

typedef struct {
    const char *side, *from, *to, *topics;
    gboolean is_exercise;
} Posting;

static Event *post(const Posting *posting)
{
    g_autofree char *payload =
        g_strdup_printf("{\"side\":\"%s\",\"title\":\"t\",\"to\":[%s],\"topics\":[%s]}",
                        posting->side, posting->to, posting->topics);
    return make_event(NULL, "posted", posting->from, payload, posting->is_exercise);
}

#define Q(node) "\"" node "\""

static void test_matches(void)
{
    static const Posting need = {"need", ALDER, Q(BIRCH) "," Q(CEDAR),
                                 Q("analysis") "," Q("people"), FALSE};
    static const struct {
        Posting posting;
        gboolean fits;
    } cases[] = {
        {{"offer", BIRCH, Q(ALDER), Q("people"), FALSE}, TRUE},
        {{"offer", BIRCH, Q(ALDER) "," Q(CEDAR), Q("analysis") "," Q("other"), FALSE}, TRUE},
        {{"need", BIRCH, Q(ALDER), Q("people"), FALSE}, FALSE},                /* both need it */
        {{"offer", BIRCH, Q(ALDER), Q("legal"), FALSE}, FALSE},                /* something else */
        {{"offer", BIRCH, Q(CEDAR), Q("people"), FALSE}, FALSE},               /* not for Alder */
        {{"offer", BIRCH, Q(ALDER), Q("people"), TRUE}, FALSE},                /* an exercise */
        {{"offer", "cert.dora.example", Q(ALDER), Q("people"), FALSE}, FALSE}, /* cannot read it */
    };
    g_autoptr(Event) wanted = post(&need);
    g_autoptr(EngineResult) of_need = engine_run((const Event *const *)&wanted, 1);
    g_assert_cmpuint(of_need->n_valid, ==, 1);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Event) event = post(&cases[i].posting);
        g_autoptr(EngineResult) of_other = engine_run((const Event *const *)&event, 1);
        g_assert_cmpuint(of_other->n_valid, ==, 1);
        g_assert_cmpint(board_matches(of_need, of_other), ==, cases[i].fits);
        g_assert_cmpint(board_matches(of_other, of_need), ==, cases[i].fits);
    }
    g_assert_false(board_matches(of_need, of_need));
}

static void test_answers_are_private(void)
{
    static const Posting need = {"need", ALDER, Q(BIRCH) "," Q(CEDAR), Q("people"), FALSE};
    const Event *events[2];
    g_autoptr(Event) posted = post(&need);
    events[0] = posted;
    g_autoptr(EngineResult) before = engine_run(events, 1);
    g_autoptr(Event) answer = make_event(before, "answered", BIRCH, "{\"text\":\"two\"}", FALSE);
    events[1] = answer;
    g_autoptr(EngineResult) after = engine_run(events, 2);
    g_assert_cmpuint(after->n_valid, ==, 2);
    g_auto(GStrv) told = engine_audience(after, answer);
    g_assert_cmpuint(g_strv_length(told), ==, 1);
    g_assert_cmpstr(told[0], ==, ALDER);
    /* Nobody but the poster takes it off the board. */
    g_autoptr(Event) closed = make_event(before, "closed", CEDAR, "{\"decides\":[]}", FALSE);
    events[1] = closed;
    g_autoptr(EngineResult) same = engine_run(events, 2);
    g_assert_cmpstr(engine_state(same)->name, ==, "posted");
    g_assert_cmpuint(same->n_void, ==, 1);
}

/* Twelve answers and what is said to them, in any order. */
static void test_any_order(void)
{
    static const Posting need = {"need", ALDER, Q(BIRCH) "," Q(CEDAR), Q("people"), FALSE};
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    g_ptr_array_add(events, post(&need));
    for (guint i = 0; i < 11; i++) {
        g_autoptr(EngineResult) before =
            engine_run((const Event *const *)events->pdata, events->len);
        g_autofree char *payload = g_strdup_printf("{\"text\":\"%u\"}", i);
        g_ptr_array_add(events,
                        make_event(before, "answered", i % 2 ? BIRCH : CEDAR, payload, FALSE));
    }
    g_autoptr(EngineResult) open = engine_run((const Event *const *)events->pdata, events->len);
    g_assert_cmpuint(open->n_valid, ==, 12);
    order_assert_any((const Event *const *)events->pdata, events->len, open);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/board/matches", test_matches);
    g_test_add_func("/board/answers_are_private", test_answers_are_private);
    g_test_add_func("/board/any_order", test_any_order);
    return g_test_run();
}
