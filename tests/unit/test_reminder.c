/* test_reminder.c - clocks reach people: when, whom, once. The clock is the caller's. */
#include <string.h>

#include "base/timestamp.h"
#include "dossier/clock_hours.h"
#include "dossier/silence.h"
#include "exchange_nodes.h"
#include "node/docket_machine.h"
#include "node/docket_sender.h"
#include "node/reminder.h"
#include "store/declared_hours.h"
#include "store/records.h"

#define HOUR ((gint64)3600 * G_USEC_PER_SEC)

typedef struct {
    ExchangeNode alder, birch;
    GString *given; /* "acknowledge 50 here;" */
    gboolean fails;
    gint64 since; /* before the first request, after all cards */
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
    if (fixture->since == 0)
        fixture->since = timestamp_now();
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

/* --- the hours of who has to act ---------------------------------------------------------------
 */

typedef struct {
    const char *node, *hours;
    gint64 since;
} Declaration;

static gboolean put_hours(StoreTx *tx, gpointer user, GError **error)
{
    const Declaration *what = user;
    return declared_hours_put(tx, what->node, what->since, what->hours, error) &&
           declared_hours_put(tx, what->node, G_MAXINT64 / 2, "Mon 00:00-00:01", error); /* later */
}

static void declare(Fixture *fixture, ExchangeNode *at, const char *hours)
{
    g_autoptr(GError) error = NULL;
    Declaration what = {fixture->birch.name, hours, fixture->since};
    writer_run(node_writer(at->node), 1, put_hours, &what, &error);
    g_assert_no_error(error);
}

/* The clock number @i of a dossier, as @node sees it. */
static void assert_clock(ExchangeNode *node, const char *id, guint i, const char *why, gint64 due)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Docket) docket = docket_load(node_store(node->node), id, &error);
    g_assert_no_error(error);
    const EngineClock *clock = &g_array_index(docket->result->clocks, EngineClock, i);
    g_assert_cmpstr(clock_hours_name(clock->hours), ==, why);
    g_assert_cmpint(clock->due_us, ==, due);
}

/* Hours of the day, from @from hours after the one in which the clock of @id began. */
static char *window(ExchangeNode *node, const char *id, int from, int length)
{
    int hour = (int)(started(node, id) / HOUR % 24) + from;
    return g_strdup_printf("%02d:00-%02d:00", hour % 24, (hour + length) % 24);
}

static void assert_same_digest(Fixture *fixture, const char *id)
{
    guint8 digests[2][SHA256_SIZE];
    ExchangeNode *const nodes[] = {&fixture->alder, &fixture->birch};
    for (guint i = 0; i < 2; i++) {
        g_autoptr(Docket) docket = docket_load(node_store(nodes[i]->node), id, NULL);
        engine_digest(docket->result, digests[i]);
    }
    g_assert_cmpmem(digests[0], SHA256_SIZE, digests[1], SHA256_SIZE);
}

/* 24 hours of an office that is open for two each day are twelve days; who knows nothing of its
 * hours counts all. The state is the same. */
static void test_declared(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = ask(fixture, "medium");
    gint64 start = started(&fixture->birch, id), opens = (start / HOUR + 2) * HOUR;
    const gint64 day = 24 * HOUR, due = opens + 11 * day + 2 * HOUR;
    g_autofree char *hours = window(&fixture->birch, id, 2, 2);
    declare(fixture, &fixture->birch, hours);
    assert_clock(&fixture->birch, id, 0, "declared", due);
    assert_clock(&fixture->alder, id, 0, "undeclared", start + day);
    assert_same_digest(fixture, id);
    declare(fixture, &fixture->alder, hours);
    assert_clock(&fixture->alder, id, 0, "declared", due);
    assert_same_digest(fixture, id);

    assert_given(fixture, &fixture->birch, NULL, start + day, "");
    assert_given(fixture, &fixture->birch, NULL, opens + 5 * day + 2 * HOUR - 1, "");
    assert_given(fixture, &fixture->birch, NULL, opens + 5 * day + 2 * HOUR,
                 "acknowledge 50 here;");
    assert_given(fixture, &fixture->alder, NULL, due - 1, "");
    assert_given(fixture, &fixture->alder, NULL, due, "acknowledge 100 there;");
    assert_given(fixture, &fixture->birch, NULL, due, "acknowledge 100 here;");
    assert_given(fixture, &fixture->birch, NULL, opens + 17 * day + 2 * HOUR,
                 "acknowledge 150 here second;");
}

/* What is critical does not wait where there is a 24/7 contact; where there is none it does, and
 * that is said. Such a contact is for what is critical alone where others have hours. */
static void test_round(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = ask(fixture, "critical"), *other = ask(fixture, "high");
    gint64 start = started(&fixture->birch, id), opens = (start / HOUR + 3) * HOUR;
    gint64 other_opens = (started(&fixture->birch, other) / HOUR + 3) * HOUR;
    g_autofree char *hours = window(&fixture->birch, id, 3, 8);
    g_autofree char *other_hours = window(&fixture->birch, other, 3, 8);
    g_autofree char *both = g_strdup_printf("%s\n24/7", other_hours);
    declare(fixture, &fixture->birch, hours);
    assert_clock(&fixture->birch, id, 0, "declared-only", opens + HOUR);
    declare(fixture, &fixture->birch, both);
    assert_clock(&fixture->birch, id, 0, "around-the-clock", start + HOUR);
    assert_clock(&fixture->birch, other, 0, "declared", other_opens + 4 * HOUR);
    declare(fixture, &fixture->birch, "24/7");
    assert_clock(&fixture->birch, other, 0, "declared", started(&fixture->birch, other) + 4 * HOUR);
}

/* Hours that would put an answer off for good are none, and neither is what nobody understands. */
static void test_evasive(Fixture *fixture, gconstpointer data)
{
    g_autofree char *id = ask(fixture, "low");
    gint64 start = started(&fixture->birch, id);
    static const struct {
        const char *hours, *why;
    } cases[] = {
        {"Mon 00:00-00:01", "too-few"}, {"whenever it suits", "undeclared"}, {"", "undeclared"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        declare(fixture, &fixture->birch, cases[i].hours);
        assert_clock(&fixture->birch, id, 0, cases[i].why, start + 72 * HOUR);
    }
}

/* --- telling a coordinator ---------------------------------------------------------------------
 */

/* What a node was told of silence, live or not: "cert.alder.example live;". */
static void assert_told(ExchangeNode *node, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) told = g_string_new(NULL);
    const RecordsQuery query = {.kind = "dispatch"};
    g_autoptr(GPtrArray) records = records_list(node_store(node->node), &query, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < records->len; i++) {
        const Record *record = records->pdata[i];
        if (record->origin && g_strcmp0(record->title, SILENCE_TITLE) == 0)
            g_string_append_printf(told, "%s %s;", record->origin,
                                   record_state_name(record->state));
    }
    g_assert_cmpstr(told->str, ==, wanted);
}

static void run(Fixture *fixture, ExchangeNode *node, gint64 now)
{
    g_autoptr(GError) error = NULL;
    reminder_run(node->node, NULL, now, FALSE, give, fixture, NULL, &error);
    g_assert_no_error(error);
}

/* Only where both sides want it, once, to whom both named; it is taken back. */
static void test_silence(Fixture *fixture, gconstpointer data)
{
    static const char forum_named[] = "{\"coordinator\":\"cert.forum.example\"}";
    static const char alder_told[] = "cert.alder.example/ledger live;";
    ExchangeNode forum = {0};
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    exchange_nodes_make(&forum, "cert.forum.example");
    exchange_nodes_peer(&forum, alder);
    exchange_nodes_peer(&forum, birch);
    g_autofree char *id = ask(fixture, "medium");
    gint64 start = started(birch, id);

    act(alder, id, SILENCE_WATCHED, forum_named);
    exchange_nodes_follow(alder, birch);
    run(fixture, alder, start + 36 * HOUR);
    exchange_nodes_follow(alder, &forum);
    assert_told(&forum, ""); /* one side is not enough */

    act(birch, id, SILENCE_WATCHED, "{\"coordinator\":\"cert.dogwood.example\"}");
    exchange_nodes_follow(birch, alder);
    run(fixture, alder, start + 36 * HOUR);
    exchange_nodes_follow(alder, &forum);
    assert_told(&forum, ""); /* nor are two that name two */

    act(birch, id, SILENCE_WATCHED, forum_named);
    exchange_nodes_follow(birch, alder);
    run(fixture, alder, start + 35 * HOUR);
    exchange_nodes_follow(alder, &forum);
    assert_told(&forum, ""); /* nor is half a day */
    for (guint i = 0; i < 3; i++) {
        run(fixture, alder, start + (36 + i) * HOUR);
        run(fixture, birch, start + (36 + i) * HOUR);
    }
    exchange_nodes_follow(alder, &forum);
    exchange_nodes_follow(birch, &forum);
    assert_told(&forum, alder_told);

    act(birch, id, SILENCE_UNWATCHED, NULL);
    exchange_nodes_follow(birch, alder);
    run(fixture, alder, start + 40 * HOUR);
    exchange_nodes_follow(alder, &forum);
    assert_told(&forum, "cert.alder.example/ledger withdrawn;");
    exchange_nodes_close(&forum);
}

/* Somebody answers: it is over. What was told has an id and a time, and nothing else. */
static void test_silence_ends(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    ExchangeNode forum = {0};
    exchange_nodes_make(&forum, "cert.forum.example");
    exchange_nodes_peer(&forum, &fixture->alder);
    g_autofree char *id = ask(fixture, "medium"), *dossier = NULL;
    gint64 start = started(&fixture->birch, id), since;
    act(&fixture->birch, id, SILENCE_WATCHED, "{\"coordinator\":\"cert.forum.example\"}");
    act(&fixture->alder, id, SILENCE_WATCHED, "{\"coordinator\":\"cert.forum.example\"}");
    exchange_nodes_follow(&fixture->birch, &fixture->alder);
    run(fixture, &fixture->alder, start + 50 * HOUR);
    exchange_nodes_follow(&fixture->alder, &forum);
    const RecordsQuery query = {.kind = "dispatch"};
    g_autoptr(GPtrArray) records = records_list(node_store(forum.node), &query, &error);
    g_assert_cmpuint(records->len, ==, 1);
    const Record *record = records->pdata[0];
    g_autoptr(Opening) opening =
        records_opening(node_store(forum.node), record->origin, record->entry, &error);
    g_assert_no_error(error);
    gsize length;
    const char *text = g_bytes_get_data(opening->items[0].bytes, &length);
    g_assert_true(silence_read(text, length, &dossier, &since, &error));
    g_assert_cmpstr(dossier, ==, id);
    g_assert_cmpint(since / G_USEC_PER_SEC, ==, start / G_USEC_PER_SEC);
    g_assert_null(g_strstr_len(text, (gssize)length, "birch"));
    g_assert_null(g_strstr_len(text, (gssize)length, "Scans"));
    act(&fixture->birch, id, "acknowledged", NULL);
    exchange_nodes_follow(&fixture->birch, &fixture->alder);
    run(fixture, &fixture->alder, start + 51 * HOUR);
    run(fixture, &fixture->alder, start + 52 * HOUR);
    exchange_nodes_follow(&fixture->alder, &forum);
    assert_told(&forum, "cert.alder.example/ledger withdrawn;");
    exchange_nodes_close(&forum);
}

/* What is no such message is not read. */
static void test_silence_read(void)
{
    static const char good[] = "request-00000000-0000-8000-8000-000000000000";
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"dossier\":\"x\",\"no_answer_since\":\"2026-05-01T00:00:00Z\"}",
        "{\"dossier\":\"request-00000000-0000-8000-8000-000000000000\"}",
        "{\"dossier\":\"request-00000000-0000-8000-8000-000000000000\","
        "\"no_answer_since\":\"soon\"}"};
    char *dossier = NULL;
    gint64 since;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(silence_read(texts[i], strlen(texts[i]), &dossier, &since, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autofree char *text = silence_write(good, 1000 * (gint64)G_USEC_PER_SEC);
    g_assert_true(silence_read(text, strlen(text), &dossier, &since, NULL));
    g_assert_cmpstr(dossier, ==, good);
    g_assert_cmpint(since, ==, 1000 * (gint64)G_USEC_PER_SEC);
    g_free(dossier);
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
    g_test_add("/reminder/declared", Fixture, NULL, set_up, test_declared, tear_down);
    g_test_add("/reminder/round", Fixture, NULL, set_up, test_round, tear_down);
    g_test_add("/reminder/evasive", Fixture, NULL, set_up, test_evasive, tear_down);
    g_test_add("/reminder/silence", Fixture, NULL, set_up, test_silence, tear_down);
    g_test_add("/reminder/silence_ends", Fixture, NULL, set_up, test_silence_ends, tear_down);
    g_test_add_func("/reminder/silence_read", test_silence_read);
    return g_test_run();
}
