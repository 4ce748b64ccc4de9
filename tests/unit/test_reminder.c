/* test_reminder.c - clocks reach people: when, whom, once. The clock is the caller's. */
#include <string.h>

#include "base/timestamp.h"
#include "exchange_nodes.h"
#include "node/docket_machine.h"
#include "node/docket_sender.h"
#include "node/reminder.h"

#define HOUR ((gint64)3600 * G_USEC_PER_SEC)

typedef struct {
    ExchangeNode alder, birch;
    GString *given; /* "acknowledge 50 here;" */
    gboolean fails;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    exchange_nodes_make(&fixture->birch, "cert.birch.example");
    exchange_nodes_peer(&fixture->alder, &fixture->birch);
    fixture->given = g_string_new(NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
    g_string_free(fixture->given, TRUE);
}

static char *ask(Fixture *fixture, const char *urgency)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    g_autofree char *payload = g_strdup_printf(
        "{\"to\":\"%s\",\"kind\":\"advice\",\"urgency\":\"%s\",\"subject\":\"Scans\","
        "\"text\":\"Are these yours?\"}",
        fixture->birch.name, urgency);
    const DocketAct act = {.procedure = "request",
                           .type = "sent",
                           .signatory = "A. Example",
                           .payload = payload,
                           .tlp = MARKING_TLP_GREEN};
    docket_sender_send(node_notary(fixture->alder.node), &act, &sent, &error);
    g_assert_no_error(error);
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    docket_machine_run(node_notary(fixture->birch.node));
    exchange_nodes_follow(&fixture->birch, &fixture->alder);
    return g_strdup(sent.dossier);
}

static gboolean give(const Reminder *reminder, gpointer user, GError **error)
{
    Fixture *fixture = user;
    if (fixture->fails) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, "the pager is broken");
        return FALSE;
    }
    g_assert_cmpstr(reminder->procedure, ==, "request");
    g_string_append_printf(fixture->given, "%s %u %s%s;", reminder->clock, reminder->percent,
                           reminder->waits_here ? "here" : "there",
                           reminder->is_second ? " second" : "");
    return TRUE;
}

/* What is given at @node when @hours have gone by since now. */
static void assert_given(Fixture *fixture, ExchangeNode *node, const Hours *hours, gint64 now,
                         const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_string_truncate(fixture->given, 0);
    reminder_run(node->node, hours, now, FALSE, give, fixture, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fixture->given->str, ==, wanted);
}

/* When the clock that runs at @node began. */
static gint64 started(ExchangeNode *node, const char *id)
{
    g_autoptr(Docket) docket = docket_load(node_store(node->node), id, NULL);
    return g_array_index(docket->result->clocks, EngineClock, 0).started_us;
}

/* Of 24 hours: who has to act at a half and at the end, who waits only at the end; each once. */
static void test_times(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = ask(fixture, "medium");
    gint64 start = started(&fixture->birch, id);
    assert_given(fixture, &fixture->birch, NULL, start + 11 * HOUR, "");
    assert_given(fixture, &fixture->birch, NULL, start + 12 * HOUR, "acknowledge 50 here;");
    assert_given(fixture, &fixture->birch, NULL, start + 13 * HOUR, "");
    assert_given(fixture, &fixture->alder, NULL, start + 13 * HOUR, "");
    assert_given(fixture, &fixture->birch, NULL, start + 24 * HOUR, "acknowledge 100 here;");
    assert_given(fixture, &fixture->alder, NULL, start + 24 * HOUR, "acknowledge 100 there;");
    assert_given(fixture, &fixture->birch, NULL, start + 36 * HOUR, "acknowledge 150 here second;");
    assert_given(fixture, &fixture->birch, NULL, start + 900 * HOUR, "");
}

static void act(ExchangeNode *node, const char *id, const char *type, const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    const DocketAct what = {
        .dossier = id, .type = type, .signatory = "B. Example", .payload = payload};
    docket_sender_send(node_notary(node->node), &what, &sent, &error);
    g_assert_no_error(error);
}

/* Data is preserved for 60 days: both sides are warned 14, 7 and 2 days before the end, and then.
 */
static void test_preservation(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    char time[TIMESTAMP_MAX];
    const gint64 day = 24 * HOUR, end = (timestamp_now() / day + 60) * day;
    static const char payload[] =
        "{\"to\":\"cert.birch.example\",\"kind\":\"preservation\",\"urgency\":\"high\",\"subject\":"
        "\"s\",\"text\":\"t\",\"authority\":\"a\",\"data\":\"d\"}";
    const DocketAct open = {.procedure = "request",
                            .type = "sent",
                            .signatory = "A. Example",
                            .payload = payload,
                            .tlp = MARKING_TLP_GREEN};
    docket_sender_send(node_notary(fixture->alder.node), &open, &sent, &error);
    g_assert_no_error(error);
    exchange_nodes_follow(&fixture->alder, &fixture->birch);
    g_autofree char *until = g_strdup_printf("{\"until\":\"%s\"}", timestamp_format(time, end, 0));
    act(&fixture->birch, sent.dossier, "accepted", NULL);
    act(&fixture->birch, sent.dossier, "preserved", until);
    exchange_nodes_follow(&fixture->birch, &fixture->alder);

    ExchangeNode *const nodes[] = {&fixture->alder, &fixture->birch};
    static const guint before[] = {14, 7, 2, 0};
    for (guint i = 0; i < G_N_ELEMENTS(nodes); i++) {
        for (guint k = 0; k < G_N_ELEMENTS(before); k++) {
            assert_given(fixture, nodes[i], NULL, end - before[k] * day - 1, "");
            reminder_run(nodes[i]->node, NULL, end - before[k] * day, FALSE, give, fixture, NULL,
                         &error);
            g_assert_no_error(error);
            g_assert_true(g_str_has_prefix(fixture->given->str, "preservation "));
        }
        g_assert_cmpstr(fixture->given->str, ==,
                        i == 0 ? "preservation 100 here;" : "preservation 100 there;");
        assert_given(fixture, nodes[i], NULL, end + 100 * day, "");
    }
}

/* A node that was off gives one for all that it missed. */
static void test_missed(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = ask(fixture, "medium");
    gint64 start = started(&fixture->birch, id);
    assert_given(fixture, &fixture->birch, NULL, start + 30 * HOUR, "acknowledge 125 here;");
    assert_given(fixture, &fixture->birch, NULL, start + 31 * HOUR, "");
}

/* What has time waits for the next morning; what is urgent does not. */
static void test_hours(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = ask(fixture, "medium");
    gint64 start = started(&fixture->birch, id), due = start + 12 * HOUR;
    int hour = (int)(due / HOUR % 24);
    g_autofree char *text = g_strdup_printf("%02d:00-%02d:00", (hour + 2) % 24, (hour + 3) % 24);
    g_autoptr(Hours) hours = hours_parse(text, NULL);
    gint64 opens = hours_next(hours, due);
    assert_given(fixture, &fixture->birch, hours, due, "");
    assert_given(fixture, &fixture->birch, hours, opens - 1, "");
    g_string_truncate(fixture->given, 0);
    reminder_run(fixture->birch.node, hours, opens, FALSE, give, fixture, NULL, NULL);
    g_assert_true(g_str_has_prefix(fixture->given->str, "acknowledge 5"));

    g_autofree char *urgent = ask(fixture, "critical");
    gint64 half = started(&fixture->birch, urgent) + HOUR / 2;
    g_autofree char *never = g_strdup_printf("%02d:00-%02d:00", (int)(half / HOUR + 5) % 24,
                                             (int)(half / HOUR + 6) % 24);
    g_autoptr(Hours) later = hours_parse(never, NULL);
    assert_given(fixture, &fixture->birch, later, half, "acknowledge 50 here;");
}

/* What could not be given is given later; looking changes nothing. */
static void test_fails(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = ask(fixture, "medium");
    gint64 due = started(&fixture->birch, id) + 12 * HOUR;
    g_assert_true(reminder_run(fixture->birch.node, NULL, due, TRUE, give, fixture, NULL, NULL));
    g_assert_cmpstr(fixture->given->str, ==, "acknowledge 50 here;");
    fixture->fails = TRUE;
    g_assert_false(
        reminder_run(fixture->birch.node, NULL, due, FALSE, give, fixture, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    fixture->fails = FALSE;
    assert_given(fixture, &fixture->birch, NULL, due + 1, ""); /* not at once again */
    assert_given(fixture, &fixture->birch, NULL, due + HOUR, "acknowledge 54 here;");
}

/* Once somebody has acted nobody is reminded. */
static void test_acted(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    g_autofree char *id = ask(fixture, "medium");
    const DocketAct act = {.dossier = id, .type = "acknowledged", .signatory = "B. Example"};
    docket_sender_send(node_notary(fixture->birch.node), &act, &sent, &error);
    g_assert_no_error(error);
    assert_given(fixture, &fixture->birch, NULL, started(&fixture->birch, id) + 24 * HOUR, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/reminder/times", Fixture, NULL, set_up, test_times, tear_down);
    g_test_add("/reminder/preservation", Fixture, NULL, set_up, test_preservation, tear_down);
    g_test_add("/reminder/missed", Fixture, NULL, set_up, test_missed, tear_down);
    g_test_add("/reminder/hours", Fixture, NULL, set_up, test_hours, tear_down);
    g_test_add("/reminder/fails", Fixture, NULL, set_up, test_fails, tear_down);
    g_test_add("/reminder/acted", Fixture, NULL, set_up, test_acted, tear_down);
    return g_test_run();
}
