/* The table of cases: drafted alone, shared, joined, declined and left; a lead that moves by
 * consent of both; takedowns that are measured; and that there is no other road to any of it. */
#include "base/timestamp.h"
#include "dossier/case.h"
#include "dossier_search.h"

#define DORA  "cert.dora.example"
#define OPEN  "\"severity\":\"high\",\"subject\":\"Counterfeit pages\""
#define CLASS "\"class\":\"fraud.phishing\""

static const SearchMove opening = {"opened", OPEN};

/* --- one case, event after event ---------------------------------------------------------------
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

static void dossier_clear(Dossier *dossier)
{
    g_clear_pointer(&dossier->result, engine_result_free);
    g_clear_pointer(&dossier->events, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Dossier, dossier_clear)

static const Search plain = {.procedure = "case", .step = 10};

static void dossier_init(Dossier *dossier)
{
    dossier->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    dossier->result = NULL;
    g_ptr_array_add(dossier->events, search_event(&plain, NULL, &opening, ALDER, TRUE, TRUE));
    run(dossier);
}

/* Makes an event ten minutes after the one before; returns why it is void, and then it is not kept.
 * Caller frees. */
static char *try(Dossier *dossier, const char *type, const char *node, const char *members)
{
    g_autoptr(GError) error = NULL;
    const SearchMove move = {type, members ? members : ""};
    g_autoptr(Event) event = search_event(&plain, dossier->result, &move, node, TRUE, TRUE);
    g_autoptr(EngineResult) after = engine_after(dossier->result, event, &error);
    if (!after)
        return g_strdup(error->message);
    g_ptr_array_add(dossier->events, g_steal_pointer(&event));
    run(dossier);
    return NULL;
}

static void add(Dossier *dossier, const char *type, const char *node, const char *members,
                const char *state)
{
    g_autofree char *reason = try(dossier, type, node, members);
    g_assert_cmpstr(reason, ==, NULL);
    g_assert_cmpstr(engine_state(dossier->result)->name, ==, state);
}

static void assert_refused(Dossier *dossier, const char *type, const char *node,
                           const char *members, const char *says)
{
    g_autofree char *reason = try(dossier, type, node, members);
    g_assert_nonnull(reason);
    if (!strstr(reason, says))
        g_error("\"%s\" does not say \"%s\"", reason, says);
}

static void assert_role(const Dossier *dossier, const char *node, const char *role)
{
    g_autofree char *roles = procedure_roles(&case_procedure, engine_roles(dossier->result, node));
    g_assert_cmpstr(roles, ==, role);
}

static const Event *last_event(const Dossier *dossier)
{
    return dossier->events->pdata[dossier->events->len - 1];
}

static void assert_audience(const Dossier *dossier, const char *wanted)
{
    g_auto(GStrv) nodes = engine_audience(dossier->result, last_event(dossier));
    g_autofree char *found = g_strjoinv(" ", nodes);
    g_assert_cmpstr(found, ==, wanted);
}

#define TO(nodes) "\"to\":[" nodes "]"
#define BOTH      TO("\"" BIRCH "\",\"" CEDAR "\"")

static void share(Dossier *dossier)
{
    dossier_init(dossier);
    add(dossier, "shared", ALDER, BOTH, "shared");
    add(dossier, "acknowledged", BIRCH, NULL, "acknowledged");
}

/* --- the course --------------------------------------------------------------------------------
 */

static void test_course(void)
{
    g_auto(Dossier) dossier = {0};
    dossier_init(&dossier);
    g_assert_cmpstr(engine_state(dossier.result)->name, ==, "draft");
    assert_audience(&dossier, "");
    add(&dossier, "revised", ALDER, "\"text\":\"More\",\"victims\":3", "draft");
    assert_audience(&dossier, "");
    assert_refused(&dossier, "remark", ALDER, "\"text\":\"r\"", "that is draft");
    add(&dossier, "shared", ALDER, BOTH, "shared");
    assert_audience(&dossier, BIRCH " " CEDAR);
    assert_refused(&dossier, "triaged", ALDER, "\"severity\":\"low\"," CLASS, "that is shared");
    add(&dossier, "acknowledged", BIRCH, NULL, "acknowledged");
    assert_refused(&dossier, "triaged", BIRCH, "\"severity\":\"low\"," CLASS, "only its lead");
    add(&dossier, "triaged", ALDER, "\"severity\":\"critical\"," CLASS, "triaged");
    add(&dossier, "acknowledged", CEDAR, NULL, "triaged");
    assert_role(&dossier, CEDAR, "member");
    add(&dossier, "started", CEDAR, NULL, "active");
    add(&dossier, "left", CEDAR, NULL, "active");
    add(&dossier, "resolved", ALDER, "\"text\":\"All pages are gone\"", "resolved");
    assert_audience(&dossier, BIRCH);
    assert_refused(&dossier, "remark", CEDAR, "\"text\":\"r\"", "its gone cannot");
    add(&dossier, "resumed", BIRCH, "\"text\":\"One is back\"", "active");
    assert_refused(&dossier, "closed", ALDER, "\"outcome\":\"resolved\"", "and no other is");
    add(&dossier, "resolved", ALDER, "\"text\":\"Now they are\"", "resolved");
    assert_refused(&dossier, "closed", ALDER, "\"outcome\":\"abandoned\"", "and no other is");
    add(&dossier, "closed", ALDER, "\"outcome\":\"resolved\"", "closed");
    add(&dossier, "reopened", BIRCH, "\"text\":\"They are back\"", "reopened");
    add(&dossier, "started", BIRCH, NULL, "active");
    g_assert_cmpuint(yyjson_get_uint(case_latest(dossier.result, "victims")), ==, 3);
    g_assert_cmpstr(yyjson_get_str(case_latest(dossier.result, "severity")), ==, "critical");
    g_assert_null(case_latest(dossier.result, "loss"));
    g_assert_cmpuint(dossier.events->len, >=, 12);
    order_assert_any((const Event *const *)dossier.events->pdata, dossier.events->len,
                     dossier.result);
    for (guint i = 0; i < dossier.result->clocks->len; i++)
        g_assert_false(g_array_index(dossier.result->clocks, EngineClock, i).is_running);
}

/* Severity says how soon: 1, 4, 24 or 72 hours. */
static void test_clocks(void)
{
    static const struct {
        const char *severity;
        gint64 hours;
    } terms[] = {{"critical", 1}, {"high", 4}, {"medium", 24}, {"low", 72}};
    for (guint i = 0; i < G_N_ELEMENTS(terms); i++) {
        g_auto(Dossier) dossier = {0};
        g_autofree char *members = g_strdup_printf("\"severity\":\"%s\"," CLASS, terms[i].severity);
        share(&dossier);
        add(&dossier, "triaged", ALDER, members, "triaged");
        const EngineClock *clock =
            &g_array_index(dossier.result->clocks, EngineClock, dossier.result->clocks->len - 1);
        g_assert_cmpstr(clock->clock->name, ==, "start");
        g_assert_true(clock->is_running);
        g_assert_cmpint(clock->due_us - clock->started_us, ==,
                        terms[i].hours * 3600 * G_USEC_PER_SEC);
        const EngineClock *first = &g_array_index(dossier.result->clocks, EngineClock, 0);
        g_assert_cmpstr(first->clock->name, ==, "acknowledge");
        g_assert_cmpint(first->due_us - first->started_us, ==,
                        G_GINT64_CONSTANT(4) * 3600 * G_USEC_PER_SEC);
        g_assert_false(first->is_running);
    }
}

/* Two who are invited acknowledge without knowing of each other: both take part. */
static void test_both_acknowledge(void)
{
    g_auto(Dossier) dossier = {0};
    const SearchMove move = {"acknowledged", ""};
    dossier_init(&dossier);
    add(&dossier, "shared", ALDER, BOTH, "shared");
    Event *birch = search_event(&plain, dossier.result, &move, BIRCH, TRUE, TRUE);
    Event *cedar = search_event(&plain, dossier.result, &move, CEDAR, TRUE, TRUE);
    g_ptr_array_add(dossier.events, birch);
    g_ptr_array_add(dossier.events, cedar);
    run(&dossier);
    g_assert_cmpuint(dossier.result->n_valid, ==, 4);
    g_assert_cmpstr(engine_state(dossier.result)->name, ==, "acknowledged");
    assert_role(&dossier, BIRCH, "member");
    assert_role(&dossier, CEDAR, "member");
}

/* Who is added later is sent all that came before; who declined is told nothing more. */
static void test_added(void)
{
    g_auto(Dossier) dossier = {0};
    share(&dossier);
    add(&dossier, "declined", CEDAR, NULL, "acknowledged");
    const SearchMove move = {"added", TO("\"" DORA "\"")};
    g_autoptr(Event) event = search_event(&plain, dossier.result, &move, ALDER, TRUE, TRUE);
    g_autoptr(EngineResult) after = engine_after(dossier.result, event, NULL);
    g_assert_nonnull(after);
    g_autoptr(GPtrArray) missing = engine_missing(dossier.result, after, event);
    g_assert_cmpuint(missing->len, ==, dossier.events->len);
    add(&dossier, "added", ALDER, TO("\"" DORA "\""), "acknowledged");
    assert_audience(&dossier, BIRCH " " DORA);
    assert_role(&dossier, DORA, "invited");
    assert_refused(&dossier, "added", ALDER, TO("\"" BIRCH "\""), "is the member already");
    assert_refused(&dossier, "added", BIRCH, TO("\"" DORA "\""), "only its lead");
    add(&dossier, "acknowledged", DORA, NULL, "acknowledged");
}

/* Who declined, or took part and left, is invited again: it gets what it missed, and takes part. */
static void test_invited_again(void)
{
    g_auto(Dossier) dossier = {0};
    share(&dossier);
    add(&dossier, "declined", CEDAR, NULL, "acknowledged");
    add(&dossier, "left", BIRCH, NULL, "acknowledged");
    g_assert_true(engine_is_gone(dossier.result, BIRCH));
    g_assert_false(engine_is_gone(dossier.result, ALDER));
    g_assert_false(engine_is_gone(dossier.result, DORA));
    add(&dossier, "revised", ALDER, "\"text\":\"More\"", "acknowledged");
    assert_audience(&dossier, "");
    assert_refused(&dossier, "acknowledged", BIRCH, NULL, "its gone cannot");
    assert_refused(&dossier, "added", BIRCH, TO("\"" BIRCH "\""), "only its lead");
    /* One of them has a part: then none of them gets any. */
    add(&dossier, "added", ALDER, TO("\"" DORA "\""), "acknowledged");
    add(&dossier, "acknowledged", DORA, NULL, "acknowledged");
    assert_refused(&dossier, "added", ALDER, TO("\"" BIRCH "\",\"" DORA "\""),
                   "the member already");
    assert_refused(&dossier, "added", ALDER, TO("\"" ALDER "\",\"" BIRCH "\""), "the lead already");
    assert_role(&dossier, BIRCH, "gone");

    const SearchMove move = {"added", BOTH};
    g_autoptr(Event) event = search_event(&plain, dossier.result, &move, ALDER, TRUE, TRUE);
    g_autoptr(EngineResult) after = engine_after(dossier.result, event, NULL);
    g_assert_nonnull(after);
    g_autoptr(GPtrArray) missing = engine_missing(dossier.result, after, event);
    g_assert_cmpuint(missing->len, >=, 2); /* what was revised, and that Dora was added */
    add(&dossier, "added", ALDER, BOTH, "acknowledged");
    assert_audience(&dossier, BIRCH " " CEDAR " " DORA);
    assert_role(&dossier, BIRCH, "invited");
    add(&dossier, "acknowledged", BIRCH, NULL, "acknowledged");
    assert_role(&dossier, BIRCH, "member");
    add(&dossier, "declined", CEDAR, NULL, "acknowledged");
    add(&dossier, "added", ALDER, TO("\"" CEDAR "\""), "acknowledged");
    add(&dossier, "acknowledged", CEDAR, NULL, "acknowledged");
    add(&dossier, "triaged", ALDER, "\"severity\":\"low\"," CLASS, "triaged");
    add(&dossier, "started", CEDAR, NULL, "active");
    g_assert_cmpuint(dossier.result->participants->len, ==, 4);
    order_assert_any((const Event *const *)dossier.events->pdata, dossier.events->len,
                     dossier.result);
}

/* What a member says without knowing that somebody is just being invited (anew, or again after it
 * left) was not sent to it: so it goes with what is said next. */
static void test_said_meanwhile(void)
{
    const SearchMove remark = {"remark", "\"text\":\"r\""}, again = {"remark", "\"text\":\"s\""};
    for (guint left = 0; left < 2; left++) {
        g_auto(Dossier) dossier = {0};
        share(&dossier);
        if (left)
            add(&dossier, "declined", CEDAR, NULL, "acknowledged");
        g_autofree char *to = g_strdup_printf(TO("\"%s\""), left ? CEDAR : DORA);
        const SearchMove invite = {"added", to};
        const Search later = {.procedure = "case", .step = 11};
        Event *added = search_event(&plain, dossier.result, &invite, ALDER, TRUE, TRUE);
        Event *said = search_event(&later, dossier.result, &remark, BIRCH, TRUE, TRUE);
        g_assert_cmpint(added->time_us, <, said->time_us);
        g_ptr_array_add(dossier.events, added);
        g_ptr_array_add(dossier.events, said);
        run(&dossier);
        g_assert_cmpuint(dossier.result->n_void, ==, 0);

        g_autoptr(Event) next = search_event(&plain, dossier.result, &again, ALDER, TRUE, TRUE);
        g_autoptr(EngineResult) after = engine_after(dossier.result, next, NULL);
        g_autoptr(GPtrArray) missing = engine_missing(dossier.result, after, next);
        g_assert_cmpuint(missing->len, ==, 1);
        g_assert_true(((const EngineEvent *)missing->pdata[0])->event == said);
    }
}

/* It leaves while it is being invited again for having left before: whatever came first, all see
 * the same, and the lead can still invite it. */
static void test_leaves_meanwhile(void)
{
    g_auto(Dossier) dossier = {0};
    const SearchMove leave = {"left", ""}, invite = {"added", TO("\"" BIRCH "\"")};
    share(&dossier);
    Event *added = search_event(&plain, dossier.result, &invite, ALDER, TRUE, TRUE);
    Event *left = search_event(&plain, dossier.result, &leave, BIRCH, TRUE, TRUE);
    g_ptr_array_add(dossier.events, added);
    g_ptr_array_add(dossier.events, left);
    run(&dossier);
    gboolean again = event_hash_compare(&left->hash, &added->hash) < 0; /* of the same time */
    g_assert_cmpuint(dossier.result->n_void, ==, again ? 0 : 1);
    assert_role(&dossier, BIRCH, again ? "invited" : "gone");
    if (!again)
        add(&dossier, "added", ALDER, TO("\"" BIRCH "\""), "acknowledged");
    add(&dossier, "acknowledged", BIRCH, NULL, "acknowledged");
    order_assert_any((const Event *const *)dossier.events->pdata, dossier.events->len,
                     dossier.result);
}

/* --- the lead ----------------------------------------------------------------------------------
 */

#define OFFER(node) "\"to\":\"" node "\""

static void test_lead(void)
{
    g_auto(Dossier) dossier = {0};
    share(&dossier);
    assert_refused(&dossier, "lead-taken", BIRCH, NULL, "the lead was offered");
    assert_refused(&dossier, "lead-offered", ALDER, OFFER(CEDAR), "to a member");
    assert_refused(&dossier, "lead-offered", BIRCH, OFFER(BIRCH), "only its lead");
    add(&dossier, "acknowledged", CEDAR, NULL, "acknowledged");
    add(&dossier, "lead-offered", ALDER, OFFER(BIRCH), "acknowledged");
    assert_refused(&dossier, "lead-taken", CEDAR, NULL, "the lead was offered");
    add(&dossier, "lead-kept", ALDER, NULL, "acknowledged");
    assert_refused(&dossier, "lead-taken", BIRCH, NULL, "the offer stands");
    add(&dossier, "lead-offered", ALDER, OFFER(BIRCH), "acknowledged");
    add(&dossier, "lead-refused", BIRCH, NULL, "acknowledged");
    assert_refused(&dossier, "lead-taken", BIRCH, NULL, "the offer stands");
    add(&dossier, "lead-offered", ALDER, OFFER(BIRCH), "acknowledged");
    add(&dossier, "lead-offered", ALDER, OFFER(CEDAR), "acknowledged");
    assert_refused(&dossier, "lead-taken", BIRCH, NULL, "the offer stands");
    add(&dossier, "lead-taken", CEDAR, NULL, "acknowledged");
    assert_role(&dossier, CEDAR, "lead");
    assert_role(&dossier, ALDER, "member");
    assert_refused(&dossier, "lead-taken", CEDAR, NULL, "only its member");
    assert_refused(&dossier, "triaged", ALDER, "\"severity\":\"low\"," CLASS, "only its lead");
    add(&dossier, "triaged", CEDAR, "\"severity\":\"low\"," CLASS, "triaged");
    add(&dossier, "left", ALDER, NULL, "triaged");
}

/* --- takedowns ---------------------------------------------------------------------------------
 */

static char *naming(const Event *event, const char *more)
{
    char hex[2 * SHA256_SIZE + 1];
    return g_strdup_printf("\"asked\":\"%s\"%s", event_hash_format(&event->hash, hex), more);
}

#define ASK "\"target\":\"http://192.0.2.7/login\",\"what\":\"counterfeit-page\""

static void test_takedowns(void)
{
    g_auto(Dossier) dossier = {0};
    share(&dossier);
    const Event *acknowledged = last_event(&dossier);
    add(&dossier, "takedown-asked", BIRCH, ASK, "acknowledged");
    const Event *first = last_event(&dossier);
    add(&dossier, "takedown-asked", ALDER, ASK, "acknowledged");
    const Event *second = last_event(&dossier);
    add(&dossier, "takedown-asked", ALDER, ASK, "acknowledged");

    g_autofree char *wrong = naming(acknowledged, ""), *down = naming(first, "");
    g_autofree char *early = naming(second, ",\"at\":\"2026-01-02T03:04:05Z\"");
    g_autofree char *late = naming(second, ",\"at\":\"2030-01-02T03:04:05Z\"");
    g_autofree char *failed = naming(second, ",\"text\":\"Nobody answers\"");
    assert_refused(&dossier, "taken-down", ALDER, wrong, "that was asked for");
    assert_refused(&dossier, "taken-down", ALDER, early, "not before it was asked for");
    assert_refused(&dossier, "taken-down", ALDER, late, "nor later");
    add(&dossier, "taken-down", ALDER, down, "acknowledged");
    const Event *done = last_event(&dossier);
    assert_refused(&dossier, "taken-down", BIRCH, down, "is not over");
    add(&dossier, "takedown-failed", BIRCH, failed, "acknowledged");
    assert_refused(&dossier, "taken-down", BIRCH, failed, "is not over");

    g_autoptr(GArray) list = case_takedowns(dossier.result);
    g_assert_cmpuint(list->len, ==, 3);
    const CaseTakedown *one = &g_array_index(list, CaseTakedown, 0);
    g_assert_true(one->is_down);
    g_assert_cmpint(one->down_us - one->asked_us, ==, done->time_us - first->time_us);
    g_assert_cmpstr(one->target, ==, "http://192.0.2.7/login");
    g_assert_false(g_array_index(list, CaseTakedown, 1).is_down);
    g_assert_nonnull(g_array_index(list, CaseTakedown, 1).ended);
    g_assert_null(g_array_index(list, CaseTakedown, 2).ended);
}

/* --- what is said ------------------------------------------------------------------------------
 */

static void test_fields(void)
{
    static const char *const bad[][2] = {
        {"\"class\":\"fraud\"", "\"class\""},
        {"\"class\":\"evil.deeds\"", "\"class\""},
        {"\"purposes\":[\"opinion\"]", "\"purposes\""},
        {"\"purposes\":[\"sabotage\",\"fraud\"]", "not sorted"},
        {"\"currency\":\"eur\"", "\"currency\""},
        {"\"currency\":\"EURO\"", "\"currency\""},
        {"\"loss\":\"much\"", "\"loss\""},
        {"\"victims\":-1", "\"victims\""},
        {"\"objects\":[\"url\"]", "\"objects\""},
        {"\"objects\":[\"url--1\"]", "\"objects\""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *members = g_strdup_printf(OPEN ",%s", bad[i][0]);
        const SearchMove move = {"opened", members};
        g_autoptr(Event) event = search_event(&plain, NULL, &move, ALDER, TRUE, TRUE);
        g_assert_null(engine_after(NULL, event, &error));
        if (!strstr(error->message, bad[i][1]))
            g_error("\"%s\" does not say %s", error->message, bad[i][1]);
    }
    g_autoptr(GError) error = NULL;
    const SearchMove move = {
        "opened", OPEN "," CLASS ",\"purposes\":[\"data-theft\",\"fraud\"],\"currency\":\"EUR\","
                       "\"loss\":\"10k-to-100k\",\"victims\":0,\"objects\":"
                       "[\"url--2a3f5a0e-5d3c-5c1b-9a0e-0123456789ab\"]"};
    g_autoptr(Event) event = search_event(&plain, NULL, &move, ALDER, TRUE, TRUE);
    g_autoptr(EngineResult) after G_GNUC_UNUSED = engine_after(NULL, event, &error);
    g_assert_no_error(error);
}

/* --- every road --------------------------------------------------------------------------------
 */

static const SearchMove moves[] = {
    {"discarded", ""},
    {"shared", TO("\"" BIRCH "\"")},
    {"added", TO("\"" CEDAR "\"")},
    {"acknowledged", ""},
    {"declined", ""},
    {"left", ""},
    {"triaged", "\"severity\":\"low\"," CLASS},
    {"started", ""},
    {"resolved", "\"text\":\"t\""},
    {"resumed", "\"text\":\"t\""},
    {"closed", "\"outcome\":\"resolved\""},
    {"closed", "\"outcome\":\"abandoned\""},
    {"reopened", "\"text\":\"t\""},
    {"lead-offered", OFFER(BIRCH)},
    {"lead-offered", OFFER(ALDER)},
    {"lead-taken", ""},
    {"lead-refused", ""},
    {"lead-kept", ""},
    {NULL, NULL},
};

static const char *const nodes[] = {ALDER, BIRCH, CEDAR, NULL};

/* The part of each node, and the offer that stands: all that rules look at. */
static guint64 key(const EngineResult *dossier)
{
    guint64 set = 0;
    for (guint i = 0; nodes[i]; i++)
        set = set << 4 | engine_roles(dossier, nodes[i]);
    for (guint i = dossier->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        if (!g_str_has_prefix(one->event->type, "lead-"))
            continue;
        const char *to = event_text(one->event, "to");
        return set << 2 | (!to ? 0 : strcmp(to, BIRCH) == 0 ? 1 : 2);
    }
    return set << 2;
}

static guint count_leads(const EngineResult *dossier)
{
    return engine_count_roles(dossier, procedure_role(&case_procedure, "lead"));
}

static void check(const EngineResult *after, const Event *event, gpointer data)
{
    guint member = procedure_role(&case_procedure, "member");
    guint lead = procedure_role(&case_procedure, "lead");
    g_auto(GStrv) audience = engine_audience(after, event);
    /* There is one lead, always. Nobody is told of a draft; who is gone is told nothing. */
    g_assert_cmpuint(count_leads(after), ==, 1);
    if (engine_state(after)->is_private)
        g_assert_null(audience[0]);
    for (guint i = 0; audience[i]; i++)
        g_assert_true(engine_roles(after, audience[i]) & ~procedure_role(&case_procedure, "gone"));
    g_assert_nonnull(event->signatory);
    /* Who takes part said so itself; the lead moved because both said so. */
    for (guint i = 0; nodes[i]; i++) {
        guint roles = engine_roles(after, nodes[i]);
        gboolean said = strcmp(nodes[i], ALDER) == 0;
        for (guint k = 0; k < after->events->len; k++) {
            const Event *one = g_array_index(after->events, EngineEvent, k).event;
            said = said ||
                   (strcmp(one->node, nodes[i]) == 0 && strcmp(one->type, "acknowledged") == 0);
        }
        if (roles & (member | lead))
            g_assert_true(said);
    }
    if (strcmp(event->type, "lead-taken") == 0) {
        const Event *offer = engine_last(after, "lead-offered");
        g_assert_cmpstr(event_text(offer, "to"), ==, event->node);
        g_assert_cmpstr(offer->node, !=, event->node);
        g_assert_cmphex(engine_roles(after, event->node), ==, lead);
        g_assert_cmphex(engine_roles(after, offer->node), ==, member);
    }
    for (guint i = 0; engine_state(after)->is_final && i < after->clocks->len; i++)
        g_assert_false(g_array_index(after->clocks, EngineClock, i).is_running);
}

static void test_every_road(void)
{
    const Search search = {.procedure = "case",
                           .opening = opening,
                           .opener = ALDER,
                           .nodes = nodes,
                           .moves = moves,
                           .step = 10,
                           .key = key,
                           .check = check};
    guint states, count = search_run(&search, &states);
    g_assert_cmphex(states, ==, (1u << case_procedure.n_states) - 1);
    g_test_message("%u histories", count);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/case/course", test_course);
    g_test_add_func("/case/clocks", test_clocks);
    g_test_add_func("/case/both_acknowledge", test_both_acknowledge);
    g_test_add_func("/case/added", test_added);
    g_test_add_func("/case/invited-again", test_invited_again);
    g_test_add_func("/case/said-meanwhile", test_said_meanwhile);
    g_test_add_func("/case/leaves-meanwhile", test_leaves_meanwhile);
    g_test_add_func("/case/lead", test_lead);
    g_test_add_func("/case/takedowns", test_takedowns);
    g_test_add_func("/case/fields", test_fields);
    g_test_add_func("/case/every_road", test_every_road);
    return g_test_run();
}
