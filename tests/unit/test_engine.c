/* The state of a dossier is a function of its set of events: the same in whatever order they come,
 * never changed by what turns up after an end, with a reason for whatever is void. */
#include "base/error.h"
#include "dossier_maker.h"

/* Events as a test makes them, one after the other. */
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

static void dossier_init(Dossier *dossier)
{
    dossier->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    dossier->result = NULL;
    g_ptr_array_add(dossier->events, maker_request());
    run(dossier);
}

static void dossier_clear(Dossier *dossier)
{
    g_clear_pointer(&dossier->result, engine_result_free);
    g_clear_pointer(&dossier->events, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Dossier, dossier_clear)

static const Event *event_at(const Dossier *dossier, guint i)
{
    return dossier->events->pdata[i];
}

/* An event that follows those of which the places are given, ending with -1. */
static void add_after(Dossier *dossier, const char *type, const char *node, int minute,
                      const char *members, ...)
{
    g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(EventHash));
    const char *signatory = strcmp(type, "received") == 0 ? NULL : "Somebody";
    va_list places;
    va_start(places, members);
    for (int i; (i = va_arg(places, int)) >= 0;)
        g_array_append_val(parents, event_at(dossier, (guint)i)->hash);
    va_end(places);
    gboolean ends = strcmp(type, "closed") == 0 || strcmp(type, "withdrawn") == 0;
    g_autofree char *decides = ends ? engine_decides(dossier->result, parents) : NULL;
    g_autofree char *payload =
        decides ? g_strdup_printf("{\"decides\":%s}", decides) : g_strdup(members ? members : "{}");
    g_ptr_array_add(dossier->events,
                    maker_event(event_at(dossier, 0)->dossier, type, node, signatory, minute,
                                (const EventHash *)(gconstpointer)parents->data, parents->len,
                                payload));
    run(dossier);
}

#define ANSWER  "{\"outcome\":\"given\",\"text\":\"a\"}"
#define REFUSED "{\"ground\":\"no-legal-basis\",\"provision\":\"p\",\"text\":\"a\"}"
#define REMARK  "{\"text\":\"r\"}"

static const char *state(const Dossier *dossier)
{
    return engine_state(dossier->result) ? engine_state(dossier->result)->name : "none";
}

static const EngineEvent *find(const EngineResult *result, const Event *event)
{
    for (guint i = 0; i < result->events->len; i++)
        if (g_array_index(result->events, EngineEvent, i).event == event)
            return &g_array_index(result->events, EngineEvent, i);
    g_assert_not_reached();
}

static void assert_verdict(const Dossier *dossier, guint i, EngineVerdict verdict,
                           const char *reason)
{
    const EngineEvent *one = find(dossier->result, event_at(dossier, i));
    g_assert_cmpstr(engine_verdict_name(one->verdict), ==, engine_verdict_name(verdict));
    g_assert_true((one->reason != NULL) == (verdict != ENGINE_VALID));
    if (reason && !strstr(one->reason, reason))
        g_error("\"%s\" does not say \"%s\"", one->reason, reason);
}

/* --- the usual course --------------------------------------------------------------------------
 */

static void test_course(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    g_assert_cmpstr(state(&dossier), ==, "sent");
    g_assert_cmpuint(engine_roles(dossier.result, ALDER), ==, 1);
    g_assert_cmpuint(engine_roles(dossier.result, BIRCH), ==, 2);
    g_assert_cmpuint(engine_roles(dossier.result, CEDAR), ==, 0);
    g_assert_cmpuint(engine_state(dossier.result)->waits_for, ==, 2);

    g_assert_null(engine_machine(dossier.result, ALDER));
    g_assert_cmpstr(engine_machine(dossier.result, BIRCH)->type, ==, "received");
    add_after(&dossier, "received", BIRCH, 1, NULL, 0, -1);
    g_assert_cmpstr(state(&dossier), ==, "received");
    g_assert_null(engine_machine(dossier.result, BIRCH));

    add_after(&dossier, "acknowledged", BIRCH, 2, NULL, 1, -1);
    g_assert_cmpstr(state(&dossier), ==, "acknowledged");
    add_after(&dossier, "remark", ALDER, 3, REMARK, 2, -1);
    add_after(&dossier, "remark", BIRCH, 3, REMARK, 2, -1);
    g_assert_cmpstr(state(&dossier), ==, "acknowledged");
    add_after(&dossier, "answered", BIRCH, 4, ANSWER, 3, 4, -1);
    g_assert_cmpstr(state(&dossier), ==, "delivered");
    g_assert_cmpuint(engine_state(dossier.result)->waits_for, ==, 1);
    add_after(&dossier, "closed", ALDER, 5, NULL, 5, -1);
    g_assert_cmpstr(state(&dossier), ==, "closed");
    g_assert_cmpuint(dossier.result->n_valid, ==, 7);
    g_assert_cmpuint(dossier.result->n_void, ==, 0);
    g_assert_cmpint(dossier.result->opened_us, ==, MAKER_START);
    g_assert_cmpint(dossier.result->last_us, ==, MAKER_START + 5 * MAKER_MINUTE);
}

static void test_nothing(void)
{
    g_autoptr(EngineResult) result = engine_run(NULL, 0);
    g_assert_null(engine_state(result));
    g_assert_null(result->dossier);
    g_autoptr(GPtrArray) open = engine_open(result, G_MAXUINT);
    g_assert_cmpuint(open->len, ==, 0);
    guint8 digest[SHA256_SIZE];
    engine_digest(result, digest);
}

static void test_open_transitions(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    g_autoptr(GPtrArray) alder = engine_open(dossier.result, 1),
                         birch = engine_open(dossier.result, 2);
    g_assert_cmpuint(alder->len, ==, 2); /* withdraw, remark */
    /* receive, acknowledge, ask back, warn, postpone, accept, accept a part, refuse, answer, remark
     */
    g_assert_cmpuint(birch->len, ==, 10);
    add_after(&dossier, "withdrawn", ALDER, 1, NULL, 0, -1);
    g_autoptr(GPtrArray) over = engine_open(dossier.result, 3);
    g_assert_cmpuint(over->len, ==, 0);
}

/* --- what is void, and why ---------------------------------------------------------------------
 */

static void test_roles(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "received", ALDER, 1, NULL, 0, -1);
    add_after(&dossier, "acknowledged", CEDAR, 1, NULL, 0, -1);
    add_after(&dossier, "withdrawn", BIRCH, 1, NULL, 0, -1);
    add_after(&dossier, "remark", CEDAR, 1, REMARK, 0, -1);
    assert_verdict(&dossier, 1, ENGINE_VOID, "its requester cannot receive");
    assert_verdict(&dossier, 2, ENGINE_VOID, "no participant cannot acknowledge");
    assert_verdict(&dossier, 3, ENGINE_VOID, "only its requester can");
    assert_verdict(&dossier, 4, ENGINE_VOID, "only its requester or responder can");
    g_assert_cmpstr(state(&dossier), ==, "sent");
}

static void test_person_or_machine(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    const Event *opening = event_at(&dossier, 0);
    g_ptr_array_add(dossier.events, maker_event(opening->dossier, "acknowledged", BIRCH, NULL, 1,
                                                &opening->hash, 1, NULL));
    g_ptr_array_add(dossier.events, maker_event(opening->dossier, "received", BIRCH, "Somebody", 1,
                                                &opening->hash, 1, NULL));
    run(&dossier);
    assert_verdict(&dossier, 1, ENGINE_VOID, "only a person can acknowledge");
    assert_verdict(&dossier, 2, ENGINE_VOID, "no person can receive");
}

static void test_states(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "closed", ALDER, 1, NULL, 0, -1);
    add_after(&dossier, "answered", BIRCH, 2, ANSWER, 1, -1);
    add_after(&dossier, "acknowledged", BIRCH, 3, NULL, 2, -1);
    add_after(&dossier, "withdrawn", ALDER, 4, NULL, 3, -1);
    add_after(&dossier, "closed", ALDER, 5, NULL, 4, -1);
    add_after(&dossier, "remark", BIRCH, 6, REMARK, 5, -1);
    assert_verdict(&dossier, 1, ENGINE_VOID, "one cannot close a request that is sent");
    assert_verdict(&dossier, 2, ENGINE_VALID, NULL); /* to follow a void event does no harm */
    assert_verdict(&dossier, 3, ENGINE_VOID, "that is delivered");
    assert_verdict(&dossier, 4, ENGINE_VOID, "one cannot withdraw a request that is delivered");
    assert_verdict(&dossier, 5, ENGINE_VALID, NULL);
    assert_verdict(&dossier, 6, ENGINE_VOID, "that is closed");
    g_assert_cmpstr(state(&dossier), ==, "closed");
}

static void test_payload_and_rules(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "answered", BIRCH, 1, "{\"outcome\":\"given\"}", 0, -1);
    add_after(&dossier, "refused", BIRCH, 1, "{\"ground\":\"human-rights\",\"text\":\"a\"}", 0, -1);
    add_after(&dossier, "preserved", BIRCH, 1, "{\"until\":\"2030-01-01T00:00:00Z\"}", 0, -1);
    add_after(&dossier, "sent", BIRCH, 1, MAKER_SENT(CEDAR, "low"), 0, -1);
    assert_verdict(&dossier, 1, ENGINE_VOID, "\"text\" is missing");
    assert_verdict(&dossier, 2, ENGINE_VOID, "a refusal names the \"provision\"");
    assert_verdict(&dossier, 3, ENGINE_VOID,
                   "one cannot preserve the data of a request that is sent");
    assert_verdict(&dossier, 4, ENGINE_VOID, "it has parents");
    g_assert_cmpstr(state(&dossier), ==, "sent");
}

static void assert_opening_void(const char *type, const char *payload, const char *reason)
{
    g_autoptr(Event) opening = maker_event(NULL, type, ALDER, "A", 0, NULL, 0, payload);
    g_autoptr(EngineResult) result = engine_run((const Event *const *)&opening, 1);
    g_assert_cmpuint(result->n_void, ==, 1);
    g_assert_null(engine_state(result));
    g_assert_cmpuint(result->participants->len, ==, 0);
    const char *found = g_array_index(result->events, EngineEvent, 0).reason;
    if (!strstr(found, reason))
        g_error("\"%s\" does not say \"%s\"", found, reason);
}

static void test_bad_openings(void)
{
    assert_opening_void("remark", REMARK, "it has no parents");
    assert_opening_void("sent", "{}", "\"to\" is missing");
    assert_opening_void("sent", MAKER_SENT(ALDER, "low"), ALDER " is the requester already");
    assert_opening_void("sent",
                        "{\"kind\":\"advice\",\"observers\":[\"" BIRCH
                        "\"],\"subject\":\"s\",\"text\":\"t\",\"to\":\"" BIRCH
                        "\",\"urgency\":\"low\"}",
                        "is the responder already");
    assert_opening_void("sent",
                        "{\"kind\":\"advice\",\"subject\":\"s\",\"text\":\"t\",\"to\":\"" BIRCH
                        "\",\"urgency\":\"low\",\"wanted_by\":\"2020-01-01T00:00:00Z\"}",
                        "wanted_by");
}

static void test_unknown(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "pondered", BIRCH, 1, "{}", 0, -1);
    add_after(&dossier, "acknowledged", BIRCH, 2, NULL, 1, -1);
    assert_verdict(&dossier, 1, ENGINE_UNKNOWN, "pondered");
    assert_verdict(&dossier, 2, ENGINE_VALID, NULL);
    g_assert_cmpuint(dossier.result->n_unknown, ==, 1);
}

/* --- order -------------------------------------------------------------------------------------
 */

static void test_pending(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "received", BIRCH, 1, NULL, 0, -1);
    add_after(&dossier, "acknowledged", BIRCH, 2, NULL, 1, -1);
    add_after(&dossier, "answered", BIRCH, 3, ANSWER, 2, -1);
    const Event *some[] = {event_at(&dossier, 3), event_at(&dossier, 0), event_at(&dossier, 2)};
    g_autoptr(EngineResult) result = engine_run(some, 3);
    g_assert_cmpstr(engine_state(result)->name, ==, "sent");
    g_assert_cmpuint(result->n_pending, ==, 2);
    g_assert_cmpint(find(result, some[0])->verdict, ==, ENGINE_PENDING);

    g_autoptr(EngineResult) headless = engine_run(&some[2], 1);
    g_assert_null(engine_state(headless));
    g_assert_cmpuint(headless->n_pending, ==, 1);
}

/* Of two that cannot both be, the earlier by its claimed time; whatever its author calls itself. */
static void test_concurrent(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "acknowledged", BIRCH, 9, NULL, 0, -1);
    add_after(&dossier, "answered", BIRCH, 8, ANSWER, 0, -1);
    assert_verdict(&dossier, 2, ENGINE_VALID, NULL);
    assert_verdict(&dossier, 1, ENGINE_VOID, "that is delivered");
    g_assert_cmpstr(state(&dossier), ==, "delivered");
}

/* A child comes after its parent, whatever time it claims. */
static void test_claimed_times(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "received", BIRCH, 100, NULL, 0, -1);
    add_after(&dossier, "acknowledged", BIRCH, -1000, NULL, 1, -1);
    g_assert_cmpuint(dossier.result->n_valid, ==, 3);
    g_assert_cmpstr(state(&dossier), ==, "acknowledged");
}

static void test_end_is_final(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "answered", BIRCH, 10, ANSWER, 0, -1);
    add_after(&dossier, "closed", ALDER, 20, NULL, 1, -1);
    g_assert_cmpstr(state(&dossier), ==, "closed");
    /* What claims to be earlier, but was made without knowing of the end. */
    add_after(&dossier, "remark", BIRCH, 1, REMARK, 0, -1);
    add_after(&dossier, "refused", BIRCH, 2, REFUSED, 0, -1);
    add_after(&dossier, "withdrawn", ALDER, 5, NULL, 1, -1);
    assert_verdict(&dossier, 2, ENGINE_VALID, NULL);
    assert_verdict(&dossier, 3, ENGINE_VOID, "not among the events");
    assert_verdict(&dossier, 4, ENGINE_VOID, "not among the events");
    assert_verdict(&dossier, 5, ENGINE_VOID, "withdraw a request that is delivered");
    g_assert_cmpstr(state(&dossier), ==, "closed");
}

/* An end is judged by what it lists: not by what others made meanwhile, though they claim to have
 * been earlier. */
static void test_end_is_judged_alone(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "acknowledged", BIRCH, 1, NULL, 0, -1);
    add_after(&dossier, "answered", BIRCH, 2, ANSWER, 1, -1);
    add_after(&dossier, "withdrawn", ALDER, 3, NULL, 1, -1); /* did not know of the answer */
    assert_verdict(&dossier, 3, ENGINE_VALID, NULL);
    assert_verdict(&dossier, 2, ENGINE_VOID, "(withdrawn) decides on");
    g_assert_cmpstr(state(&dossier), ==, "withdrawn");

    /* And the other way round: what is no end by its list is none by what others made. */
    g_auto(Dossier) other = {0};
    dossier_init(&other);
    add_after(&other, "answered", BIRCH, 1, ANSWER, 0, -1);
    add_after(&other, "closed", ALDER, 2, NULL, 0, -1);
    assert_verdict(&other, 2, ENGINE_VOID, "that is sent");
    g_assert_cmpstr(state(&other), ==, "delivered");
}

static void test_two_ends(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    add_after(&dossier, "withdrawn", ALDER, 9, NULL, 0, -1);
    add_after(&dossier, "answered", BIRCH, 1, ANSWER, 0, -1);
    add_after(&dossier, "closed", ALDER, 8, NULL, 2, -1);
    assert_verdict(&dossier, 3, ENGINE_VALID, NULL);
    assert_verdict(&dossier, 1, ENGINE_VOID, "(closed) decides on");
    assert_verdict(&dossier, 2, ENGINE_VALID, NULL);
    g_assert_cmpstr(state(&dossier), ==, "closed");
}

static void test_decides(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    const Event *opening = event_at(&dossier, 0);
    add_after(&dossier, "answered", BIRCH, 1, ANSWER, 0, -1);
    char first[2 * SHA256_SIZE + 1], second[2 * SHA256_SIZE + 1];
    event_hash_format(&opening->hash, first);
    event_hash_format(&event_at(&dossier, 1)->hash, second);
    g_autofree char *few = g_strdup_printf("{\"decides\":[\"%s\"]}", first);
    g_autofree char *other = g_strdup_printf("{\"decides\":[\"%064d\",\"%s\"]}", 0, first);
    const char *const wrong[] = {few, "{\"decides\":[]}", other, "{}"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_ptr_array_add(dossier.events, maker_event(opening->dossier, "closed", ALDER, "A", 2,
                                                    &event_at(&dossier, 1)->hash, 1, wrong[i]));
    run(&dossier);
    assert_verdict(&dossier, 2, ENGINE_VOID, "not the list of the events that it follows");
    assert_verdict(&dossier, 3, ENGINE_VOID, "not the list of the events that it follows");
    assert_verdict(&dossier, 4, ENGINE_VOID, "\"decides\"");
    assert_verdict(&dossier, 5, ENGINE_VOID, "\"decides\" is missing");
    g_assert_cmpstr(state(&dossier), ==, "delivered");
}

/* --- clocks ------------------------------------------------------------------------------------
 */

static void test_clocks(void)
{
    guint percent, reminders;
    gint64 next;
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    g_assert_cmpuint(dossier.result->clocks->len, ==, 1);
    const EngineClock *clock = &g_array_index(dossier.result->clocks, EngineClock, 0);
    g_assert_cmpstr(clock->clock->name, ==, "acknowledge");
    g_assert_true(clock->is_running);
    g_assert_cmpint(clock->due_us, ==, MAKER_START + 4 * 60 * MAKER_MINUTE);
    engine_clock_read(clock, MAKER_START - MAKER_MINUTE, &percent, &reminders, &next);
    g_assert_cmpuint(percent, ==, 0);
    g_assert_cmpint(next, ==, MAKER_START + 120 * MAKER_MINUTE);
    engine_clock_read(clock, MAKER_START + 120 * MAKER_MINUTE - 1, &percent, &reminders, &next);
    g_assert_cmpuint(percent, ==, 49);
    g_assert_cmpuint(reminders, ==, 0);
    engine_clock_read(clock, MAKER_START + 120 * MAKER_MINUTE, &percent, &reminders, &next);
    g_assert_cmpuint(percent, ==, 50);
    g_assert_cmpuint(reminders, ==, 1);
    g_assert_cmpint(next, ==, clock->due_us);
    engine_clock_read(clock, G_MAXINT64, &percent, &reminders, &next);
    g_assert_cmpuint(reminders, ==, 3);
    g_assert_cmpint(next, ==, 0);

    add_after(&dossier, "received", BIRCH, 1, NULL, 0, -1);
    clock = &g_array_index(dossier.result->clocks, EngineClock, 0);
    g_assert_true(clock->is_running); /* it goes on: nobody has seen it yet */
    add_after(&dossier, "acknowledged", BIRCH, 60, NULL, 1, -1);
    clock = &g_array_index(dossier.result->clocks, EngineClock, 0);
    g_assert_false(clock->is_running);
    g_assert_cmpint(clock->stopped_us, ==, MAKER_START + 60 * MAKER_MINUTE);
    engine_clock_read(clock, G_MAXINT64, &percent, &reminders, &next);
    g_assert_cmpuint(percent, ==, 25);
    g_assert_cmpuint(reminders, ==, 0);
    g_assert_cmpint(next, ==, 0);
}

static void test_terms(void)
{
    static const struct {
        const char *payload;
        int hours;
    } terms[] = {{MAKER_SENT(BIRCH, "critical"), 1},
                 {MAKER_SENT(BIRCH, "high"), 4},
                 {MAKER_SENT(BIRCH, "medium"), 24},
                 {MAKER_SENT(BIRCH, "low"), 72}};
    for (guint i = 0; i < G_N_ELEMENTS(terms); i++) {
        g_autoptr(Event) opening =
            maker_event(NULL, "sent", ALDER, "A", 0, NULL, 0, terms[i].payload);
        g_autoptr(EngineResult) result = engine_run((const Event *const *)&opening, 1);
        g_assert_cmpint(g_array_index(result->clocks, EngineClock, 0).due_us, ==,
                        MAKER_START + terms[i].hours * 60 * MAKER_MINUTE);
    }
}

static void test_wanted_by(void)
{
    g_autoptr(Event) opening =
        maker_event(NULL, "sent", ALDER, "A", 0, NULL, 0,
                    "{\"kind\":\"takedown\",\"subject\":\"s\",\"text\":\"t\",\"to\":\"" BIRCH
                    "\",\"urgency\":\"low\",\"wanted_by\":\"2026-01-03T03:04:05Z\"}");
    g_autoptr(EngineResult) result = engine_run((const Event *const *)&opening, 1);
    g_assert_cmpuint(result->clocks->len, ==, 2);
    const EngineClock *clock = &g_array_index(result->clocks, EngineClock, 1);
    g_assert_cmpstr(clock->clock->name, ==, "answer");
    g_assert_cmpint(clock->due_us, ==, MAKER_START + 24 * 60 * MAKER_MINUTE);
}

/* --- the next event ----------------------------------------------------------------------------
 */

static Event *draft(const Dossier *dossier, const char *type, const char *node,
                    const char *signatory, const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) heads = engine_heads(dossier->result, NULL);
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    g_autofree char *decides = engine_decides(dossier->result, heads);
    g_autofree char *end = g_strdup_printf("{\"decides\":%s}", decides);
    const EventSpec spec = {.procedure = "request",
                            .dossier = event_at(dossier, 0)->dossier,
                            .type = type,
                            .author = origin,
                            .signatory = signatory,
                            .time_us = MAKER_START + 500 * MAKER_MINUTE,
                            .parents = (const EventHash *)(gconstpointer)heads->data,
                            .n_parents = heads->len,
                            .payload = payload ? payload : end,
                            .tlp = MARKING_TLP_AMBER};
    g_autofree char *body = event_build(&spec, NULL, &error);
    g_assert_no_error(error);
    Event *event = event_draft(body, strlen(body), &error);
    g_assert_no_error(error);
    return event;
}

static void assert_refused(const Dossier *dossier, const char *type, const char *node,
                           const char *payload, ConcertError code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Event) event = draft(dossier, type, node, "S", payload);
    g_assert_null(engine_after(dossier->result, event, &error));
    g_assert_error(error, CONCERT_ERROR, (int)code);
}

static void test_after(void)
{
    g_auto(Dossier) dossier = {0};
    g_autoptr(GError) error = NULL;
    dossier_init(&dossier);
    add_after(&dossier, "remark", ALDER, 1, REMARK, 0, -1);
    add_after(&dossier, "remark", BIRCH, 1, REMARK, 0, -1);
    add_after(&dossier, "remark", CEDAR, 1, REMARK, 2, -1); /* void: nothing builds on it */
    g_autoptr(GArray) heads = engine_heads(dossier.result, NULL);
    g_assert_cmpuint(heads->len, ==, 2);

    assert_refused(&dossier, "answered", ALDER, ANSWER, CONCERT_ERROR_DENIED);
    assert_refused(&dossier, "answered", BIRCH, "{}", CONCERT_ERROR_INPUT);
    assert_refused(&dossier, "closed", ALDER, NULL, CONCERT_ERROR_CONFLICT);
    assert_refused(&dossier, "praised", ALDER, NULL, CONCERT_ERROR_NEWER);
    g_autoptr(Event) event = draft(&dossier, "withdrawn", ALDER, "S", NULL);
    g_autoptr(EngineResult) after = engine_after(dossier.result, event, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(engine_state(after)->name, ==, "withdrawn");
    g_auto(GStrv) audience = engine_audience(after, event);
    g_assert_cmpuint(g_strv_length(audience), ==, 1);
    g_assert_cmpstr(audience[0], ==, BIRCH);
    g_assert_cmpstr(state(&dossier), ==, "sent");

    g_autoptr(Event) foreign = maker_request();
    g_assert_null(engine_after(dossier.result, foreign, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_audience_of_opening(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Event) opening = maker_event(NULL, "sent", BIRCH, "B", 0, NULL, 0,
                                           "{\"kind\":\"advice\",\"observers\":[\"" CEDAR
                                           "\"],\"subject\":\"s\",\"text\":\"t\",\"to\":\"" ALDER
                                           "\",\"urgency\":\"low\"}");
    g_autoptr(EngineResult) after = engine_after(NULL, opening, &error);
    g_assert_no_error(error);
    g_auto(GStrv) audience = engine_audience(after, opening);
    g_assert_cmpuint(g_strv_length(audience), ==, 2);
    g_assert_cmpstr(audience[0], ==, ALDER);
    g_assert_cmpstr(audience[1], ==, CEDAR);
}

/* --- any order, any subset ---------------------------------------------------------------------
 */

/* What a node builds on that knows @seen: the newest, and perhaps one more, void or not. */
static GArray *choose_parents(GRand *rand, const EngineResult *seen)
{
    GArray *parents = engine_heads(seen, NULL);
    const EngineEvent *more = &g_array_index(seen->events, EngineEvent,
                                             g_rand_int_range(rand, 0, (gint)seen->events->len));
    for (guint i = 0; i < parents->len; i++)
        if (event_hash_compare(&g_array_index(parents, EventHash, i), &more->event->hash) == 0)
            return parents;
    if (parents->len == 0 || g_rand_int_range(rand, 0, 3) == 0)
        g_array_append_val(parents, more->event->hash);
    return parents;
}

/* @count different events, each made by who knew only some of those before. */
static void make_random(GRand *rand, Dossier *all, guint count)
{
    static const char *const nodes[] = {ALDER, BIRCH, CEDAR};
    static const struct {
        const char *type, *payload; /* "end": of one that lists what it follows */
    } kinds[] = {{"received", NULL},   {"acknowledged", NULL},
                 {"answered", ANSWER}, {"refused", REFUSED},
                 {"remark", REMARK},   {"remark", "{}"},
                 {"closed", "end"},    {"withdrawn", "end"},
                 {"praised", NULL},    {"closed", "{\"decides\":[]}"}};
    dossier_init(all);
    while (all->result->events->len < count) {
        guint known = (guint)g_rand_int_range(rand, 1, (gint)all->events->len + 1);
        g_autoptr(EngineResult) seen = engine_run((const Event *const *)all->events->pdata, known);
        g_autoptr(GArray) parents = choose_parents(rand, seen);
        guint kind = (guint)g_rand_int_range(rand, 0, G_N_ELEMENTS(kinds));
        gboolean ends = g_strcmp0(kinds[kind].payload, "end") == 0;
        g_autofree char *decides = ends ? engine_decides(seen, parents) : NULL;
        g_autofree char *payload =
            ends ? g_strdup_printf("{\"decides\":%s}", decides) : g_strdup(kinds[kind].payload);
        g_ptr_array_add(all->events,
                        maker_event(event_at(all, 0)->dossier, kinds[kind].type,
                                    nodes[g_rand_int_range(rand, 0, G_N_ELEMENTS(nodes))],
                                    kind == 0 ? NULL : "Somebody", g_rand_int_range(rand, 0, 40),
                                    (const EventHash *)(gconstpointer)parents->data, parents->len,
                                    payload));
        run(all);
        if (all->result->events->len < all->events->len) /* the same again */
            g_ptr_array_set_size(all->events, (gint)all->events->len - 1);
    }
    run(all);
}

/* The events arrive one by one in a random order, some twice; the state is never anything but the
 * function of what is there, and in the end that of all. */
static void test_any_order(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    guint rounds = g_test_thorough() ? 2000 : 120, closed = 0, voids = 0;
    for (guint round = 0; round < rounds; round++) {
        g_auto(Dossier) all = {0};
        make_random(rand, &all, 12);
        guint count = all.events->len;
        guint8 wanted[SHA256_SIZE], found[SHA256_SIZE];
        engine_digest(all.result, wanted);
        closed += engine_state(all.result)->is_final;
        voids += all.result->n_void;
        g_assert_cmpuint(all.result->n_pending, ==, 0);
        for (guint node = 0; node < 4; node++) {
            g_autoptr(GPtrArray) there = g_ptr_array_new();
            g_autoptr(GPtrArray) mixed = g_ptr_array_new();
            for (guint i = 0; i < count; i++)
                g_ptr_array_add(mixed, all.events->pdata[i]);
            while (mixed->len > 0) {
                gpointer event = g_ptr_array_steal_index_fast(
                    mixed, (guint)g_rand_int_range(rand, 0, (gint)mixed->len));
                g_ptr_array_add(there, event);
                if (g_rand_boolean(rand))
                    g_ptr_array_insert(there, 0, event);
                g_autoptr(EngineResult) part =
                    engine_run((const Event *const *)there->pdata, there->len);
                g_assert_cmpuint(part->events->len, ==, count - mixed->len);
                if (mixed->len == 0) {
                    engine_digest(part, found);
                    g_assert_cmpmem(found, SHA256_SIZE, wanted, SHA256_SIZE);
                }
            }
        }
    }
    g_test_message("%u of %u rounds ended, %u events were void", closed, rounds, voids);
    g_assert_cmpuint(closed, >, rounds / 10);
    g_assert_cmpuint(closed, <, rounds);
    g_assert_cmpuint(voids, >, rounds);
}

/* Once an end is valid it stays so, whatever arrives that its author did not know; unless its
 * author made a second one that does not know of the first. */
static void test_ends_stay(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    guint rounds = g_test_thorough() ? 2000 : 150, tried = 0;
    for (guint round = 0; round < rounds; round++) {
        g_auto(Dossier) all = {0};
        make_random(rand, &all, 12);
        const Event *end = NULL;
        guint ends = 0;
        for (guint i = 0; i < all.events->len; i++) {
            const Event *one = event_at(&all, i);
            gboolean ending =
                strcmp(one->type, "closed") == 0 || strcmp(one->type, "withdrawn") == 0;
            if (!ending || strcmp(one->node, ALDER) != 0)
                continue;
            g_autoptr(EngineResult) then =
                engine_run((const Event *const *)all.events->pdata, i + 1);
            if (find(then, one)->verdict == ENGINE_VALID) {
                end = one;
                ends++;
            }
        }
        if (ends != 1)
            continue;
        tried++;
        g_assert_cmpint(find(all.result, end)->verdict, ==, ENGINE_VALID);
        g_assert_true(engine_state(all.result)->is_final);
    }
    g_assert_cmpuint(tried, >, 0);
}

/* --- bounds ------------------------------------------------------------------------------------
 */

static void test_many(void)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    g_ptr_array_add(events, maker_request());
    const Event *opening = events->pdata[0];
    /* A chain, whose last events claim to be the first. */
    for (guint i = 1; i < 300; i++) {
        const Event *last = events->pdata[i - 1];
        g_ptr_array_add(events, maker_event(opening->dossier, "remark", i % 2 ? ALDER : BIRCH, "S",
                                            -(int)i, &last->hash, 1, REMARK));
    }
    g_autoptr(EngineResult) result = engine_run((const Event *const *)events->pdata, events->len);
    g_assert_cmpuint(result->n_valid, ==, 300);
    for (guint i = 0; i < 300; i++)
        g_assert_true(g_array_index(result->events, EngineEvent, i).event == events->pdata[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/course", test_course);
    g_test_add_func("/engine/nothing", test_nothing);
    g_test_add_func("/engine/open_transitions", test_open_transitions);
    g_test_add_func("/engine/roles", test_roles);
    g_test_add_func("/engine/person_or_machine", test_person_or_machine);
    g_test_add_func("/engine/states", test_states);
    g_test_add_func("/engine/payload_and_rules", test_payload_and_rules);
    g_test_add_func("/engine/bad_openings", test_bad_openings);
    g_test_add_func("/engine/unknown", test_unknown);
    g_test_add_func("/engine/pending", test_pending);
    g_test_add_func("/engine/concurrent", test_concurrent);
    g_test_add_func("/engine/claimed_times", test_claimed_times);
    g_test_add_func("/engine/end_is_final", test_end_is_final);
    g_test_add_func("/engine/end_is_judged_alone", test_end_is_judged_alone);
    g_test_add_func("/engine/two_ends", test_two_ends);
    g_test_add_func("/engine/decides", test_decides);
    g_test_add_func("/engine/clocks", test_clocks);
    g_test_add_func("/engine/terms", test_terms);
    g_test_add_func("/engine/wanted_by", test_wanted_by);
    g_test_add_func("/engine/after", test_after);
    g_test_add_func("/engine/audience_of_opening", test_audience_of_opening);
    g_test_add_func("/engine/any_order", test_any_order);
    g_test_add_func("/engine/ends_stay", test_ends_stay);
    g_test_add_func("/engine/many", test_many);
    return g_test_run();
}
