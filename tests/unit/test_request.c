/* The table of requests: what each kind needs, how data is preserved and released, what a legal
 * profile adds; and that there is no other road to any of it. */
#include "base/timestamp.h"
#include "dossier/profile.h"
#include "dossier/request.h"
#include "dossier/request_rules.h"
#include "dossier_search.h"

#define SINCE   "2020-01-01T00:00:00Z"
#define LATER   "2031-01-01T00:00:00Z"
#define DAY     (G_GINT64_CONSTANT(24) * 3600 * G_USEC_PER_SEC)
#define DAYS(n) ((n)*24 * 60) /* minutes */
#define DIGEST  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* The treaty of the tests, as an event carries it. */
#define TERMS(requester, responder)                                                                \
    "{\"name\":\"treaty\",\"title\":\"Treaty of the Tests\",\"sha256\":\"" DIGEST                  \
    "\",\"requester_since\":\"" requester "\",\"responder_since\":\"" responder                    \
    "\",\"requires\":[\"authority\",\"offence\"],\"grounds\":[\"human-rights\"],"                  \
    "\"preservation_days\":60}"

#define HEAD(kind)                                                                                 \
    "\"kind\":\"" kind "\",\"subject\":\"s\",\"text\":\"t\",\"to\":\"" BIRCH                       \
    "\",\"urgency\":\"high\",\"observers\":[\"" CEDAR "\"]"
#define AUTHORITY  ",\"authority\":\"Court of Birch\",\"data\":\"logs\""
#define TREATY     ",\"offence\":\"fraud\",\"profile\":" TERMS(SINCE, SINCE)

#define VOLUNTARY  HEAD("preservation") AUTHORITY
#define UNDER      HEAD("preservation") AUTHORITY TREATY
#define DISCLOSURE HEAD("disclosure") ",\"authority\":\"a\",\"preserved_in\":\"x\""
#define ADVICE     HEAD("advice")

/* --- one dossier, event after event --------------------------------------------------------------
 */

typedef struct {
    GPtrArray *events;
    EngineResult *result;
} Dossier;

static void run(Dossier *dossier)
{
    g_clear_pointer(&dossier->result, engine_result_free);
    dossier->result =
        engine_run((const Event *const *)dossier->events->pdata, dossier->events->len);
}

static void dossier_init(Dossier *dossier, const char *payload)
{
    dossier->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    dossier->result = NULL;
    g_ptr_array_add(dossier->events,
                    maker_event(NULL, "sent", ALDER, "Duty Officer", 0, NULL, 0, payload));
    run(dossier);
}

static void dossier_clear(Dossier *dossier)
{
    g_clear_pointer(&dossier->result, engine_result_free);
    g_clear_pointer(&dossier->events, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Dossier, dossier_clear)

/* Makes an event; NULL if it is valid, else why it is not, and then it is not kept. Caller frees.
 */
static char *try(Dossier *dossier, const char *type, const char *node, int minute,
                 const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) heads = engine_heads(dossier->result, NULL);
    gboolean ends = strcmp(type, "closed") == 0 || strcmp(type, "withdrawn") == 0;
    g_autofree char *decides = ends ? engine_decides(dossier->result, heads) : NULL;
    g_autofree char *all =
        ends ? g_strdup_printf("{\"decides\":%s}", decides) : g_strdup(payload ? payload : "{}");
    g_autoptr(Event) event =
        maker_event(dossier->result->dossier, type, node, "Somebody", minute,
                    (const EventHash *)(gconstpointer)heads->data, heads->len, all);
    g_autoptr(EngineResult) after = engine_after(dossier->result, event, &error);
    if (!after)
        return g_strdup(error->message);
    g_ptr_array_add(dossier->events, g_steal_pointer(&event));
    run(dossier);
    return NULL;
}

static void add(Dossier *dossier, const char *type, const char *node, int minute,
                const char *payload, const char *state)
{
    g_autofree char *reason = try(dossier, type, node, minute, payload);
    g_assert_cmpstr(reason, ==, NULL);
    g_assert_cmpstr(engine_state(dossier->result)->name, ==, state);
}

static void assert_refused(Dossier *dossier, const char *type, const char *node, int minute,
                           const char *payload, const char *says)
{
    g_autofree char *reason = try(dossier, type, node, minute, payload);
    g_assert_nonnull(reason);
    if (!strstr(reason, says))
        g_error("\"%s\" does not say \"%s\"", reason, says);
}

static void assert_opening(const char *payload, const char *says)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Event) event = maker_event(NULL, "sent", ALDER, "Duty Officer", 0, NULL, 0, payload);
    g_autoptr(EngineResult) after = engine_after(NULL, event, &error);
    if (!says) {
        g_assert_no_error(error);
        return;
    }
    g_assert_null(after);
    if (!strstr(error->message, says))
        g_error("\"%s\" does not say \"%s\"", error->message, says);
}

/* In whatever order the events come, and some twice: what is there when all are is the same. */
static void assert_any_order(const Dossier *dossier)
{
    guint8 wanted[SHA256_SIZE], found[SHA256_SIZE];
    guint count = dossier->events->len;
    engine_digest(dossier->result, wanted);
    for (guint round = 0; round < 100; round++) {
        g_autoptr(GPtrArray) come = g_ptr_array_new();
        for (guint i = 0; i < count + 3; i++)
            g_ptr_array_insert(come, g_test_rand_int_range(0, (gint)come->len + 1),
                               dossier->events->pdata[i % count]);
        g_autoptr(EngineResult) result = engine_run((const Event *const *)come->pdata, come->len);
        engine_digest(result, found);
        g_assert_cmpmem(wanted, SHA256_SIZE, found, SHA256_SIZE);
        g_autoptr(EngineResult) some = engine_run((const Event *const *)come->pdata, come->len / 2);
        g_assert_cmpuint(some->n_void, ==, 0);
    }
}

/* --- asking ------------------------------------------------------------------------------------
 */

static void test_opening(void)
{
    assert_opening("{" ADVICE "}", NULL);
    assert_opening("{" VOLUNTARY "}", NULL);
    assert_opening("{" UNDER "}", NULL);
    assert_opening("{" DISCLOSURE "}", NULL);
    assert_opening("{" HEAD("preservation") "}", "it lacks \"authority\", \"data\"");
    assert_opening("{" HEAD("disclosure") ",\"authority\":\"a\"}", "it lacks \"preserved_in\"");
    assert_opening("{" HEAD("preservation") AUTHORITY ",\"profile\":" TERMS(SINCE, SINCE) "}",
                   "it lacks \"offence\"");
    assert_opening("{" HEAD("preservation") ",\"profile\":" TERMS(SINCE, SINCE) "}",
                   "it lacks \"authority\", \"data\", \"offence\"");
    assert_opening("{" HEAD("advice") ",\"wanted_by\":\"" SINCE "\"}", "\"wanted_by\" is later");
    static const char *const profiles[][2] = {
        {TERMS(SINCE, LATER), "not in force yet for the responder"},
        {TERMS(LATER, SINCE), "not in force yet for the requester"},
        {TERMS("soon", SINCE), "\"requester_since\" is not a time"},
        {"[]", "\"profile\" is not an object"},
        {"{}", "\"requester_since\" is not a time"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(profiles); i++) {
        g_autofree char *payload = g_strdup_printf("{%s%s,\"offence\":\"o\",\"profile\":%s}",
                                                   HEAD("preservation"), AUTHORITY, profiles[i][0]);
        assert_opening(payload, profiles[i][1]);
    }
}

static void test_terms(void)
{
    static const char *const bad[][2] = {
        {"\"name\":\"treaty\"", "\"name\":\"Treaty A\""},
        {"\"title\":\"Treaty of the Tests\"", "\"title\":\"\""},
        {"\"sha256\":\"0", "\"sha256\":\"g"},
        {"\"preservation_days\":60", "\"preservation_days\":-1"},
        {"\"preservation_days\":60", "\"preservation_days\":3651"},
        {"\"grounds\":[\"human-rights\"]", "\"grounds\":\"human-rights\""},
        {"\"requires\":[\"authority\"", "\"requires\":[7"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) parts = g_strsplit(TERMS(SINCE, SINCE), bad[i][0], 2);
        g_assert_nonnull(parts[1]);
        g_autofree char *text = g_strconcat(parts[0], bad[i][1], parts[1], NULL);
        g_autoptr(yyjson_doc) doc = jsonguard_read(text, strlen(text), &error);
        g_assert_no_error(error);
        g_assert_false(profile_terms_check(yyjson_doc_get_root(doc), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

/* --- the courses -------------------------------------------------------------------------------
 */

static void test_states(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier, "{" ADVICE "}");
    add(&dossier, "acknowledged", BIRCH, 1, NULL, "acknowledged");
    add(&dossier, "information-needed", BIRCH, 2, "{\"text\":\"When?\"}",
        "more-information-needed");
    assert_refused(&dossier, "information-given", BIRCH, 3, "{\"text\":\"x\"}",
                   "only its requester");
    add(&dossier, "information-given", ALDER, 3, "{\"text\":\"Today.\"}", "acknowledged");
    add(&dossier, "postponed", BIRCH, 4, "{\"text\":\"Busy\",\"until\":\"" LATER "\"}",
        "postponed");
    assert_refused(&dossier, "postponed", BIRCH, 5, "{\"text\":\"x\",\"until\":\"" SINCE "\"}",
                   "\"until\" lies ahead");
    assert_refused(&dossier, "accepted", BIRCH, 5, "{\"basis\":\"profile\"}", "names no profile");
    add(&dossier, "partly-accepted", BIRCH, 5, "{\"text\":\"The first half\"}", "partial");
    add(&dossier, "accepted", BIRCH, 6, NULL, "accepted");
    add(&dossier, "warned", BIRCH, 7, "{\"risk\":\"would-alert\",\"text\":\"He sees it.\"}",
        "warned");
    assert_refused(&dossier, "answered", BIRCH, 8, "{\"outcome\":\"given\",\"text\":\"x\"}",
                   "cannot answer a request that is warned");
    add(&dossier, "go-on", ALDER, 8, NULL, "acknowledged");
    add(&dossier, "accepted", BIRCH, 9, "{\"basis\":\"voluntary\"}", "accepted");
    add(&dossier, "executing", BIRCH, 10, NULL, "executing");
    assert_refused(&dossier, "preserved", BIRCH, 11, "{\"until\":\"" LATER "\"}",
                   "only a preservation");
    assert_refused(&dossier, "formal-received", BIRCH, 11,
                   "{\"authority\":\"a\",\"reference\":\"r\"}", "a formal request is one for");
    add(&dossier, "answered", BIRCH, 11, "{\"outcome\":\"given\",\"text\":\"x\"}", "delivered");
    add(&dossier, "confirmed", ALDER, 12, NULL, "confirmed");
    add(&dossier, "closed", ALDER, 13, NULL, "closed");
    g_assert_cmpuint(dossier.events->len, >=, 12);
    assert_any_order(&dossier);
}

#define UNTIL(text) "{\"until\":\"" text "\"}"

/* Preserved for 60 days at least, as the treaty has it; warned of in time; extended; released after
 * the formal request. MAKER_START is 2026-01-02T03:04:05Z. */
static void test_preservation(void)
{
    g_auto(Dossier) dossier = {0};
    guint reminders;
    gint64 next;
    dossier_init(&dossier, "{" UNDER "}");
    assert_refused(&dossier, "accepted", BIRCH, 1, NULL, "say whether \"treaty\" applies");
    add(&dossier, "accepted", BIRCH, 1, "{\"basis\":\"profile\"}", "accepted");
    g_assert_true(request_rules_profile_applies(dossier.result));
    assert_refused(&dossier, "answered", BIRCH, 1, "{\"outcome\":\"given\",\"text\":\"x\"}",
                   "not answered by the way");
    assert_refused(&dossier, "preserved", BIRCH, 1, UNTIL("2026-03-03T02:05:04Z"),
                   "demands 60 days");
    assert_refused(&dossier, "formal-received", BIRCH, 1,
                   "{\"authority\":\"a\",\"reference\":\"r\"}", "data that is preserved");
    add(&dossier, "preserved", BIRCH, 1, UNTIL("2026-03-03T02:05:05Z"), "preserved");

    const EngineClock *clock = &g_array_index(dossier.result->clocks, EngineClock, 1);
    g_assert_cmpstr(clock->clock->name, ==, "preservation");
    g_assert_true(clock->is_running);
    static const guint before[] = {14, 7, 2, 0};
    for (guint i = 0; i < G_N_ELEMENTS(before); i++) {
        gint64 time = clock->due_us - before[i] * DAY;
        engine_clock_read(clock, time - 1, NULL, &reminders, &next);
        g_assert_cmpuint(reminders, ==, i);
        g_assert_cmpint(next, ==, time);
        engine_clock_read(clock, time, NULL, &reminders, &next);
        g_assert_cmpuint(reminders, ==, i + 1);
    }
    g_assert_cmpint(next, ==, 0);

    assert_refused(&dossier, "lapsed", BIRCH, DAYS(59), NULL, "when its time is over");
    assert_refused(&dossier, "extended", BIRCH, 2, UNTIL("2026-03-03T02:05:05Z"), "ends later");
    assert_refused(&dossier, "released", BIRCH, 2, "{\"order\":\"o\",\"text\":\"x\"}",
                   "that is preserved");
    add(&dossier, "extended", BIRCH, 3, UNTIL("2026-04-03T00:00:00Z"), "extended");
    add(&dossier, "extended", BIRCH, 4, UNTIL("2026-05-03T00:00:00Z"), "extended");
    guint running = 0;
    for (guint i = 0; i < dossier.result->clocks->len; i++)
        if (g_array_index(dossier.result->clocks, EngineClock, i).is_running) {
            clock = &g_array_index(dossier.result->clocks, EngineClock, i);
            running++;
        }
    g_assert_cmpuint(running, ==, 1);
    g_assert_cmpstr(clock->clock->name, ==, "extension");
    char time[TIMESTAMP_MAX];
    g_assert_cmpstr(timestamp_format(time, clock->due_us, 0), ==, "2026-05-03T00:00:00Z");

    add(&dossier, "formal-sent", ALDER, 5, "{\"authority\":\"a\",\"reference\":\"r\"}", "extended");
    assert_refused(&dossier, "formal-received", ALDER, 6,
                   "{\"authority\":\"a\",\"reference\":\"r\"}", "only its responder");
    add(&dossier, "formal-received", BIRCH, 6, "{\"authority\":\"a\",\"reference\":\"r\"}",
        "formal-request-received");
    assert_refused(&dossier, "released", BIRCH, 7, "{\"text\":\"x\"}", "\"order\" is missing");
    add(&dossier, "released", BIRCH, 7, "{\"order\":\"o\",\"text\":\"x\"}", "released");
    add(&dossier, "closed", ALDER, 8, NULL, "closed");
    for (guint i = 0; i < dossier.result->clocks->len; i++)
        g_assert_false(g_array_index(dossier.result->clocks, EngineClock, i).is_running);
}

/* A profile that the responder contests binds nobody; one promised date is as good as another. */
static void test_contested(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier, "{" UNDER "}");
    g_assert_true(request_rules_profile_applies(dossier.result));
    add(&dossier, "remark", ALDER, 1, "{\"text\":\"r\",\"basis\":\"voluntary\"}", "sent");
    g_assert_true(request_rules_profile_applies(dossier.result));
    add(&dossier, "accepted", BIRCH, 1, "{\"basis\":\"voluntary\"}", "accepted");
    g_assert_false(request_rules_profile_applies(dossier.result));
    add(&dossier, "preserved", BIRCH, 2, UNTIL("2026-01-03T00:00:00Z"), "preserved");
    add(&dossier, "lapsed", BIRCH, DAYS(2), NULL, "lapsed");
    add(&dossier, "closed", ALDER, DAYS(2) + 1, NULL, "closed");
}

static void test_refusal(void)
{
    g_auto(Dossier) under = {0}, free_of = {0};
    dossier_init(&under, "{" UNDER "}");
    dossier_init(&free_of, "{" VOLUNTARY "}");
#define REFUSAL(ground) "{\"ground\":\"" ground "\",\"provision\":\"p\",\"text\":\"t\"}"
    assert_refused(&free_of, "refused", BIRCH, 1, "{\"text\":\"t\"}", "\"ground\" is missing");
    assert_refused(&free_of, "refused", BIRCH, 1, "{\"ground\":\"human-rights\",\"text\":\"t\"}",
                   "names the \"provision\"");
    assert_refused(&free_of, "refused", BIRCH, 1, REFUSAL("mood"), "\"ground\" is none of");
    assert_refused(&under, "refused", BIRCH, 1, REFUSAL("dual-criminality"), "human-rights");
    assert_refused(&under, "refused", BIRCH, 1,
                   "{\"ground\":\"other\",\"text\":\"t\",\"basis\":\"profile\"}",
                   "who holds that it does not apply");
    g_auto(Dossier) contested = {0}, unlawful = {0};
    dossier_init(&contested, "{" UNDER "}");
    dossier_init(&unlawful, "{" UNDER "}");
    add(&contested, "refused", BIRCH, 1,
        "{\"ground\":\"other\",\"text\":\"t\",\"basis\":\"voluntary\"}", "refused");
    add(&unlawful, "refused", BIRCH, 1, REFUSAL("no-legal-basis"), "refused");
    add(&under, "refused", BIRCH, 1, REFUSAL("human-rights"), "refused");
    add(&free_of, "refused", BIRCH, 1, "{\"ground\":\"other\",\"text\":\"t\"}", "refused");
    assert_refused(&free_of, "accepted", BIRCH, 2, NULL, "that is refused");
}

/* --- every road --------------------------------------------------------------------------------
 */

static const SearchMove moves[] = {
    {"received", ""},
    {"acknowledged", ""},
    {"information-needed", "\"text\":\"t\""},
    {"information-given", "\"text\":\"t\""},
    {"warned", "\"risk\":\"would-alert\",\"text\":\"t\""},
    {"go-on", ""},
    {"postponed", "\"text\":\"t\",\"until\":\"" LATER "\""},
    {"accepted", ""},
    {"accepted", "\"basis\":\"profile\""},
    {"accepted", "\"basis\":\"voluntary\""},
    {"partly-accepted", "\"text\":\"t\""},
    {"partly-accepted", "\"basis\":\"profile\",\"text\":\"t\""},
    {"partly-accepted", "\"basis\":\"voluntary\",\"text\":\"t\""},
    {"refused", "\"text\":\"t\""},
    {"refused", "\"ground\":\"other\",\"text\":\"t\""},
    {"refused", "\"ground\":\"human-rights\",\"provision\":\"p\",\"text\":\"t\""},
    {"executing", ""},
    {"answered", "\"outcome\":\"given\",\"text\":\"t\""},
    {"preserved", "\"until\":\"2026-01-05T00:00:00Z\""},
    {"preserved", "\"basis\":\"voluntary\",\"until\":\"2026-01-05T00:00:00Z\""},
    {"preserved", "\"until\":\"" LATER "\""},
    {"extended", "\"until\":\"2026-02-12T00:00:00Z\""},
    {"extended", "\"until\":\"2032-01-01T00:00:00Z\""},
    {"lapsed", ""},
    {"formal-sent", "\"authority\":\"a\",\"reference\":\"r\""},
    {"formal-received", "\"authority\":\"a\",\"reference\":\"r\""},
    {"released", "\"order\":\"o\",\"text\":\"t\""},
    {"released", "\"text\":\"t\""},
    {"confirmed", ""},
    {"closed", ""},
    {"withdrawn", ""},
    {"remark", "\"text\":\"t\""},
    {"remark", "\"basis\":\"voluntary\",\"text\":\"t\""},
    {"silence-watched", "\"coordinator\":\"cert.forum.example\""},
    {"silence-unwatched", ""},
    {NULL, NULL},
};

static const char *const marks[] = {"preserved", "extended", "formal-received"};

/* What has happened of all that rules look at, and what is asserted of. */
static guint64 key(const EngineResult *dossier)
{
    guint64 set = request_rules_profile_applies(dossier);
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
        set = set << 1 | (engine_last(dossier, marks[i]) != NULL);
    const Event *preserved = engine_last(dossier, "preserved");
    const Event *extended = engine_last(dossier, "extended");
    set = set << 1 | (preserved && strstr(event_text(preserved, "until"), "2031"));
    return set << 1 | (extended && strstr(event_text(extended, "until"), "2032"));
}

static void check(const EngineResult *after, const Event *event, gpointer data)
{
    const char *state = engine_state(after)->name;
    const char *kind = event_text(after->opening, "kind");
    gboolean coerces = request_rules_is_coercive(kind);
    gboolean is_preserved = engine_count(after, "preserved") > 0;
    gboolean is_formal = engine_count(after, "formal-received") > 0;
    g_assert_false(coerces && !event_text(after->opening, "authority"));
    g_assert_true((event->signatory == NULL) == (strcmp(event->type, "received") == 0));
    g_assert_cmpstr(event->node, !=, CEDAR);
    if (is_preserved)
        g_assert_cmpstr(kind, ==, "preservation");
    if (strcmp(state, "delivered") == 0)
        g_assert_false(coerces);
    if (is_formal)
        g_assert_true(is_preserved || strcmp(kind, "disclosure") == 0);
    if (strcmp(event->type, "released") == 0) {
        g_assert_true(is_formal);
        g_assert_cmpstr(event->node, ==, BIRCH);
        g_assert_nonnull(event->signatory);
        g_assert_nonnull(event_text(event, "order"));
    }
    if (strcmp(event->type, "refused") == 0)
        g_assert_nonnull(event_text(event, "ground"));
    if (strcmp(event->type, "preserved") == 0 && request_rules_profile_applies(after))
        g_assert_nonnull(strstr(event_text(event, "until"), "2031"));
    for (guint i = 0; engine_state(after)->is_final && i < after->clocks->len; i++)
        g_assert_false(g_array_index(after->clocks, EngineClock, i).is_running);
}

static void test_every_road(void)
{
    static const char *const nodes[] = {ALDER, BIRCH, CEDAR, NULL};
    static const struct {
        const char *opening;
        const char *without[8]; /* states that it cannot get to */
    } cases[] = {
        {ADVICE, {"preserved", "extended", "lapsed", "formal-request-received", "released"}},
        {VOLUNTARY, {"delivered"}},
        {UNDER, {"delivered"}},
        {DISCLOSURE, {"delivered", "preserved", "extended", "lapsed"}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Search search = {.procedure = "request",
                               .opening = {"sent", cases[i].opening},
                               .opener = ALDER,
                               .nodes = nodes,
                               .moves = moves,
                               .step = DAYS(1),
                               .key = key,
                               .check = check};
        guint states, wanted = (guint)((G_GUINT64_CONSTANT(1) << request_procedure.n_states) - 1);
        guint count = search_run(&search, &states);
        for (guint k = 0; k < request_procedure.n_states; k++)
            if (g_strv_contains(cases[i].without, request_procedure.states[k].name))
                wanted &= ~PROCEDURE_BIT(k);
        /* The machine receives, or not; nothing else is out of reach. */
        g_assert_cmphex(states, ==, wanted);
        g_test_message("%u histories", count);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/request/opening", test_opening);
    g_test_add_func("/request/terms", test_terms);
    g_test_add_func("/request/states", test_states);
    g_test_add_func("/request/preservation", test_preservation);
    g_test_add_func("/request/contested", test_contested);
    g_test_add_func("/request/refusal", test_refusal);
    g_test_add_func("/request/every_road", test_every_road);
    return g_test_run();
}
