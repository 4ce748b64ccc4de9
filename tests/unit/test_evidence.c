/* Evidence: nobody but who holds a copy moves it, a dispute is of one copy, and there is no other
 * road. The rules are held against a small model of custody, in every state that can be reached. */
#include "dossier_maker.h"
#include "dossier_order.h"

#include "dossier/evidence.h"
#include "dossier/evidence_chain.h"

#define H1       "1111111111111111111111111111111111111111111111111111111111111111"
#define H2       "2222222222222222222222222222222222222222222222222222222222222222"
#define VERIFIED "\"verified\":[\"" H1 "\",\"" H2 "\"]"
#define BAD      "\"verified\":[\"" H1 "\"]"
#define FOUND    "\"found\":[\"" H2 "\"]"
#define TAKEN    "\"time\":\"2026-01-02T03:04:05Z\",\"method\":\"m\",\"tool\":\"t 1\""
#define FILE1    "{\"name\":\"a\",\"type\":\"text/plain\",\"sha256\":\"" H1 "\",\"size\":3}"
#define ITEM2    "{\"name\":\"b\",\"sha256\":\"" H2 "\",\"size\":4}"
#define OPENED   "\"subject\":\"Disk\",\"kind\":\"image\",\"source\":\"web-3\""
#define SEALED   TAKEN ",\"files\":[" FILE1 "],\"items\":[" ITEM2 "]"

/* An evidence under way: nobody signs here, that is another test's. */
typedef struct {
    GPtrArray *events; /* Event */
    EngineResult *result;
} Case;

static void case_clear(Case *one)
{
    g_clear_pointer(&one->result, engine_result_free);
    g_clear_pointer(&one->events, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Case, case_clear)

static Event *draft(const Case *one, const char *type, const char *node, const char *members)
{
    static const guint8 nonce[EVENT_NONCE_SIZE] = {7};
    g_autoptr(GError) error = NULL;
    const EngineResult *dossier = one->result;
    const ProcedureTransition *row = procedure_transition(&evidence_procedure, type);
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    g_autoptr(GArray) heads = dossier ? engine_heads(dossier, row) : NULL;
    g_autofree char *decides = dossier && procedure_closes(&evidence_procedure, row)
                                   ? engine_decides(dossier, heads)
                                   : NULL;
    g_autofree char *payload =
        g_strdup_printf("{%s%s%s%s}", decides ? "\"decides\":" : "", decides ? decides : "",
                        decides && *members ? "," : "", members);
    const EventSpec spec = {.procedure = "evidence",
                            .dossier = dossier ? dossier->dossier : NULL,
                            .type = type,
                            .author = origin,
                            .signatory = "Officer",
                            .time_us = MAKER_START + one->events->len * MAKER_MINUTE,
                            .parents = heads ? (const EventHash *)(gpointer)heads->data : NULL,
                            .n_parents = heads ? heads->len : 0,
                            .payload = payload,
                            .tlp = MARKING_TLP_AMBER};
    g_autofree char *body = event_build(&spec, nonce, &error);
    g_assert_no_error(error);
    Event *event = event_draft(body, strlen(body), &error);
    g_assert_no_error(error);
    sha256_digest(body, strlen(body), event->hash.bytes);
    return event;
}

/* Does it; NULL, or why it is refused. Caller frees. */
static char *try_step(Case *one, const char *type, const char *node, const char *members)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Event) event = draft(one, type, node, members);
    EngineResult *after = engine_after(one->result, event, &error);
    if (!after)
        return g_strdup(error->message);
    g_clear_pointer(&one->result, engine_result_free);
    one->result = after;
    g_ptr_array_add(one->events, g_steal_pointer(&event));
    return NULL;
}

static void step(Case *one, const char *type, const char *node, const char *members)
{
    g_autofree char *fault = try_step(one, type, node, members);
    g_assert_cmpstr(fault, ==, NULL);
}

static void assert_fault(Case *one, const char *type, const char *node, const char *members,
                         const char *part)
{
    g_autofree char *fault = try_step(one, type, node, members);
    if (!fault || !strstr(fault, part))
        g_error("%s by %s: \"%s\" does not say \"%s\"", type, node, fault ? fault : "(done)", part);
}

static void begin(Case *one)
{
    *one = (Case){.events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free)};
    step(one, "identified", ALDER, OPENED);
}

static void begin_sealed(Case *one)
{
    begin(one);
    step(one, "acquired", ALDER, TAKEN ",\"files\":[" FILE1 "]");
    step(one, "sealed", ALDER, SEALED);
}

static char *naming(const Event *offer, const char *members)
{
    char hex[2 * SHA256_SIZE + 1];
    return g_strdup_printf("\"offer\":\"%s\"%s%s", event_hash_format(&offer->hash, hex),
                           *members ? "," : "", members);
}

static void answer(Case *one, const char *type, const char *node, const char *members)
{
    g_autofree char *whole = naming(engine_last(one->result, "offered"), members);
    step(one, type, node, whole);
}

static void assert_copy(const Case *one, const char *name, const char *custodian,
                        EvidenceChainStatus status)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(one->result);
    const EvidenceCopy *copy = evidence_chain_find(chain, name);
    g_assert_nonnull(copy);
    g_assert_cmpstr(copy->custodian, ==, custodian);
    g_assert_cmpint(copy->status, ==, status);
}

/* --- the usual course, and each rule -----------------------------------------------------------
 */

static void test_course(void)
{
    g_auto(Case) one = {0};
    begin_sealed(&one);
    assert_copy(&one, "original", ALDER, EVIDENCE_CHAIN_HELD);
    g_assert_cmpuint(one.result->participants->len, ==, 1);
    step(&one, "stored", ALDER, "\"copy\":\"original\",\"place\":\"safe 2\"");
    step(&one, "copied", ALDER,
         "\"copy\":\"c1\",\"of\":\"original\",\"method\":\"m\",\"tool\":\"t\"," VERIFIED);
    step(&one, "examined", ALDER, "\"copy\":\"c1\",\"method\":\"m\",\"tool\":\"t\",\"text\":\"x\"");
    step(&one, "offered", ALDER, "\"copy\":\"c1\",\"to\":\"" BIRCH "\"," VERIFIED);
    assert_copy(&one, "c1", ALDER, EVIDENCE_CHAIN_OFFERED);
    g_assert_cmpstr(engine_state(one.result)->name, ==, "shared");
    answer(&one, "accepted", BIRCH, VERIFIED ",\"place\":\"vault\"");
    assert_copy(&one, "c1", BIRCH, EVIDENCE_CHAIN_HELD);
    assert_copy(&one, "original", ALDER, EVIDENCE_CHAIN_HELD);
    assert_fault(&one, "closed", ALDER, "", "\"c1\" is in the hands of " BIRCH);
    step(&one, "returned", BIRCH, "\"copy\":\"c1\"," VERIFIED);
    g_autofree char *back = naming(engine_last(one.result, "returned"), VERIFIED);
    step(&one, "accepted", ALDER, back);
    assert_copy(&one, "c1", ALDER, EVIDENCE_CHAIN_HELD);
    assert_fault(&one, "returned", ALDER, "\"copy\":\"c1\"," VERIFIED, "nobody else had");
    step(&one, "disposed", ALDER, "\"copy\":\"c1\",\"method\":\"m\",\"approved_by\":\"Chief\"");
    step(&one, "closed", ALDER, "");
    g_assert_cmpstr(engine_state(one.result)->name, ==, "closed");
    g_assert_cmpuint(one.events->len, >=, 12);
    order_assert_any((const Event *const *)one.events->pdata, one.events->len, one.result);
}

static void test_seal(void)
{
    g_auto(Case) one = {0};
    begin(&one);
    assert_fault(&one, "sealed", ALDER, SEALED, "identified");
    step(&one, "collected", ALDER,
         "\"time\":\"2026-01-02T03:04:05Z\",\"method\":\"m\",\"files\":[" FILE1 "]");
    assert_fault(&one, "acquired", ALDER,
                 "\"time\":\"2030-01-02T03:04:05Z\",\"method\":\"m\",\"tool\":\"t\"",
                 "not later than");
    assert_fault(&one, "sealed", ALDER, TAKEN, "neither");
    assert_fault(&one, "sealed", ALDER, TAKEN ",\"items\":[" ITEM2 "]", "\"a\" is missing");
    assert_fault(&one, "sealed", ALDER, TAKEN ",\"files\":[" FILE1 "," FILE1 "]", "same bytes");
    assert_fault(&one, "sealed", ALDER, TAKEN ",\"items\":[{\"name\":\"b\"}]", "sha256");
    assert_fault(&one, "offered", ALDER, "\"copy\":\"original\",\"to\":\"" BIRCH "\"," VERIFIED,
                 "collected");
    step(&one, "sealed", ALDER, SEALED);
    assert_fault(&one, "sealed", ALDER, SEALED, "sealed");
    g_autoptr(EvidenceChain) chain = evidence_chain_new(one.result);
    g_assert_cmpuint(chain->hashes->len, ==, 2);
}

static void test_rules(void)
{
    g_auto(Case) one = {0};
    begin_sealed(&one);
    assert_fault(&one, "examined", ALDER,
                 "\"copy\":\"original\",\"method\":\"m\",\"tool\":\"t\",\"text\":\"x\"",
                 "not the original");
    assert_fault(&one, "stored", ALDER, "\"copy\":\"c9\",\"place\":\"p\"", "no copy \"c9\"");
    assert_fault(&one, "stored", ALDER, "\"copy\":\"../x\",\"place\":\"p\"", "a word of a-z");
    assert_fault(&one, "offered", ALDER, "\"copy\":\"original\",\"to\":\"" BIRCH "\"," BAD,
                 "to be disputed");
    assert_fault(&one, "disposed", ALDER,
                 "\"copy\":\"original\",\"method\":\"m\",\"approved_by\":\"Officer\"",
                 "another person");
    step(&one, "offered", ALDER, "\"copy\":\"original\",\"to\":\"" BIRCH "\"," VERIFIED);
    g_autofree char *bad = naming(engine_last(one.result, "offered"), BAD);
    g_autofree char *good = naming(engine_last(one.result, "offered"), VERIFIED);
    assert_fault(&one, "accepted", BIRCH, bad, "to be disputed");
    assert_fault(&one, "accepted", ALDER, good, "is offered to " BIRCH);
    assert_fault(&one, "accepted", CEDAR, good, "no participant");
    assert_fault(&one, "disputed", BIRCH,
                 "\"copy\":\"original\",\"text\":\"x\",\"found\":[\"" H1 "\",\"" H2 "\"]",
                 "nothing to dispute");
    step(&one, "disputed", BIRCH, "\"copy\":\"original\",\"text\":\"x\"," FOUND);
    assert_copy(&one, "original", ALDER, EVIDENCE_CHAIN_DISPUTED);
    assert_fault(&one, "accepted", BIRCH, good, "not open any more");
    assert_fault(&one, "offered", ALDER, "\"copy\":\"original\",\"to\":\"" BIRCH "\"," VERIFIED,
                 "is disputed");
    step(&one, "checked", ALDER, "\"copy\":\"original\"," VERIFIED);
    assert_copy(&one, "original", ALDER, EVIDENCE_CHAIN_HELD);
}

/* --- every state that can be reached -----------------------------------------------------------
 */

#define NODES  3
#define COPIES 2
#define DEPTH  9

static const char *const nodes[NODES] = {ALDER, BIRCH, CEDAR};
static const char *const copies[COPIES] = {"original", "c1"};

/* What custody is, said a second time. */
typedef struct {
    gboolean exists;
    int custodian, to; /* to -1: no open offer */
    gboolean disputed, disposed, offered_once;
    gboolean goes_back; /* the offer is a return */
    int before[DEPTH], n_before;
} ModelCopy;

typedef struct {
    gboolean shared, over;
    gboolean joined[NODES];
    ModelCopy copies[COPIES];
} Model;

typedef enum {
    STORE,
    COPY,
    EXAMINE,
    CHECK,
    CHECK_BADLY,
    OFFER,
    OFFER_BADLY,
    ACCEPT,
    ACCEPT_BADLY,
    DECLINE,
    RECALL,
    DISPUTE,
    RETURN,
    DISPOSE,
    DISPOSE_ALONE,
    CLOSE,
    SHELVE,
    ACTS
} Act;

static const struct {
    const char *type, *members;
    gboolean has_copy, has_to, has_offer;
} acts[ACTS] = {
    [STORE] = {"stored", "\"place\":\"p\"", TRUE},
    [COPY] = {"copied", "\"of\":\"original\",\"method\":\"m\",\"tool\":\"t\"," VERIFIED, TRUE},
    [EXAMINE] = {"examined", "\"method\":\"m\",\"tool\":\"t\",\"text\":\"x\"", TRUE},
    [CHECK] = {"checked", VERIFIED, TRUE},
    [CHECK_BADLY] = {"checked", BAD, TRUE},
    [OFFER] = {"offered", VERIFIED, TRUE, TRUE},
    [OFFER_BADLY] = {"offered", BAD, TRUE, TRUE},
    [ACCEPT] = {"accepted", VERIFIED, .has_offer = TRUE},
    [ACCEPT_BADLY] = {"accepted", BAD, .has_offer = TRUE},
    [DECLINE] = {"declined", "\"text\":\"x\"", .has_offer = TRUE},
    [RECALL] = {"recalled", "\"text\":\"x\"", .has_offer = TRUE},
    [DISPUTE] = {"disputed", "\"text\":\"x\"," FOUND, TRUE},
    [RETURN] = {"returned", VERIFIED, TRUE},
    [DISPOSE] = {"disposed", "\"method\":\"m\",\"approved_by\":\"Chief\"", TRUE},
    [DISPOSE_ALONE] = {"disposed", "\"method\":\"m\",\"approved_by\":\"Officer\"", TRUE},
    [CLOSE] = {"closed", ""},
    [SHELVE] = {"shelved", ""},
};

static gboolean rests(const ModelCopy *copy, int node)
{
    return copy->exists && !copy->disposed && copy->to < 0 && copy->custodian == node;
}

static gboolean all_back(const Model *model)
{
    for (int i = 0; i < COPIES; i++)
        if (model->copies[i].exists && !model->copies[i].disposed && !rests(&model->copies[i], 0))
            return FALSE;
    return TRUE;
}

/* Whether the model lets @node do it. */
static gboolean allows(const Model *model, Act act, int node, int which, int to)
{
    const ModelCopy *copy = &model->copies[which];
    gboolean held = rests(copy, node) && !copy->disputed;
    if (model->over || !model->joined[node])
        return FALSE;
    switch (act) {
    case STORE:
        return held;
    case COPY:
        return rests(&model->copies[0], node) && !model->copies[0].disputed && !copy->exists;
    case EXAMINE:
        return held && which > 0;
    case CHECK:
        return rests(copy, node);
    case OFFER:
        return held && to != node && to != 0;
    case ACCEPT:
    case DECLINE:
        return model->shared && copy->to == node;
    case RECALL:
        return model->shared && copy->to >= 0 && copy->custodian == node;
    case DISPUTE:
        return copy->to >= 0 ? copy->to == node : rests(copy, node);
    case RETURN:
        return model->shared && held && copy->n_before > 0;
    case DISPOSE:
        return rests(copy, node);
    case CLOSE:
        return model->shared && node == 0 && all_back(model);
    case SHELVE:
        return !model->shared && node == 0;
    default:
        return FALSE;
    }
}

static void take(Model *model, Act act, int node, int which, int to)
{
    ModelCopy *copy = &model->copies[which];
    if (act == COPY)
        *copy = (ModelCopy){.exists = TRUE, .custodian = node, .to = -1};
    if (act == OFFER) {
        model->shared = model->joined[to] = TRUE;
        copy->to = to;
        copy->goes_back = FALSE;
    }
    if (act == RETURN) {
        copy->to = copy->before[copy->n_before - 1];
        copy->goes_back = TRUE;
    }
    if (act == OFFER || act == RETURN)
        copy->offered_once = TRUE;
    if (act == ACCEPT) {
        if (copy->goes_back)
            copy->n_before--;
        else
            copy->before[copy->n_before++] = copy->custodian;
        copy->custodian = node;
    }
    if (act == ACCEPT || act == DECLINE || act == RECALL || act == DISPUTE)
        copy->to = -1;
    if (act == DISPUTE || act == CHECK)
        copy->disputed = act == DISPUTE;
    if (act == DISPOSE)
        copy->disposed = TRUE;
    model->over |= act == CLOSE || act == SHELVE;
}

static char *model_key(const Model *model)
{
    GString *key = g_string_new(NULL);
    g_string_append_printf(key, "%d%d%d%d", model->shared, model->over, model->joined[1],
                           model->joined[2]);
    for (int i = 0; i < COPIES; i++) {
        const ModelCopy *copy = &model->copies[i];
        g_string_append_printf(key, "|%d%d%d%d%d%d:", copy->exists, copy->custodian, copy->to,
                               copy->disputed, copy->disposed, copy->offered_once);
        for (int j = 0; j < copy->n_before; j++)
            g_string_append_printf(key, "%d", copy->before[j]);
    }
    return g_string_free(key, FALSE);
}

/* The newest offer of a copy, open or not. */
static const Event *newest_offer(const EngineResult *result, const char *copy)
{
    for (guint i = result->events->len; i-- > 0;) {
        const Event *event = g_array_index(result->events, EngineEvent, i).event;
        if ((g_str_equal(event->type, "offered") || g_str_equal(event->type, "returned")) &&
            g_str_equal(event_text(event, "copy"), copy))
            return event;
    }
    return NULL;
}

static void assert_agrees(const EngineResult *result, const Model *model)
{
    g_autoptr(EvidenceChain) chain = evidence_chain_new(result);
    for (int i = 0; i < COPIES; i++) {
        const ModelCopy *wanted = &model->copies[i];
        const EvidenceCopy *copy = evidence_chain_find(chain, copies[i]);
        g_assert_true((copy != NULL) == wanted->exists);
        if (!copy)
            continue;
        g_assert_cmpstr(copy->custodian, ==, nodes[wanted->custodian]);
        g_assert_cmpstr(copy->to, ==, wanted->to >= 0 ? nodes[wanted->to] : NULL);
        g_assert_true((copy->status == EVIDENCE_CHAIN_DISPUTED) ==
                      (wanted->disputed && !wanted->disposed));
        g_assert_true((copy->status == EVIDENCE_CHAIN_DISPOSED) == wanted->disposed);
    }
}

/* A state, and how it was reached. */
typedef struct {
    Model model;
    GPtrArray *events; /* Event, shared by reference counts of the pool */
    guint depth;
} Reached;

typedef struct {
    GPtrArray *pool; /* all events ever made */
    GQueue waiting;  /* Reached */
    GHashTable *seen;
    guint states, tries, done;
} Search;

static void reach(Search *search, const Model *model, const GPtrArray *before, Event *event,
                  guint depth)
{
    g_autofree char *key = model_key(model);
    if (event)
        g_ptr_array_add(search->pool, event);
    if (!g_hash_table_add(search->seen, g_steal_pointer(&key)))
        return;
    Reached *one = g_new0(Reached, 1);
    one->model = *model;
    one->depth = depth;
    one->events = g_ptr_array_new();
    g_ptr_array_extend(one->events, (GPtrArray *)before, NULL, NULL);
    if (event)
        g_ptr_array_add(one->events, event);
    g_queue_push_tail(&search->waiting, one);
    search->states++;
}

static void try_act(Search *search, const Reached *from, const Case *one, Act act, int node,
                    int which, int to)
{
    g_autoptr(GString) members = g_string_new(NULL);
    const Event *offer = acts[act].has_offer ? newest_offer(one->result, copies[which]) : NULL;
    if (acts[act].has_offer && !offer)
        return;
    if (acts[act].has_copy)
        g_string_append_printf(members, "\"copy\":\"%s\",", copies[which]);
    if (acts[act].has_to)
        g_string_append_printf(members, "\"to\":\"%s\",", nodes[to]);
    if (offer) {
        g_autofree char *text = naming(offer, "");
        g_string_append_printf(members, "%s,", text);
    }
    g_string_append(members, acts[act].members);
    g_autoptr(Event) event = draft(one, acts[act].type, nodes[node], members->str);
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineResult) after = engine_after(one->result, event, &error);
    gboolean wanted = allows(&from->model, act, node, which, to);
    if ((after != NULL) != wanted) {
        g_autofree char *key = model_key(&from->model);
        g_error("in %s, %s of %s by %s to %s: %s", key, acts[act].type, copies[which], nodes[node],
                nodes[to], error ? error->message : "was done");
    }
    search->tries++;
    if (!after)
        return;
    Model model = from->model;
    take(&model, act, node, which, to);
    assert_agrees(after, &model);
    search->done++;
    reach(search, &model, from->events, g_steal_pointer(&event), from->depth + 1);
}

static void try_all(Search *search, const Reached *from)
{
    g_auto(Case) one = {.events = g_ptr_array_ref(from->events)};
    one.result = engine_run((const Event *const *)from->events->pdata, from->events->len);
    g_assert_cmpuint(one.result->n_void, ==, 0);
    for (int act = 0; act < ACTS; act++)
        for (int node = 0; node < NODES; node++)
            for (int which = 0; which < (act == CLOSE || act == SHELVE ? 1 : COPIES); which++)
                for (int to = 0; to < (acts[act].has_to ? NODES : 1); to++)
                    try_act(search, from, &one, (Act)act, node, which, to);
}

static void reached_free(Reached *one)
{
    g_ptr_array_unref(one->events);
    g_free(one);
}

static void test_no_other_road(void)
{
    g_auto(Case) one = {0};
    Search search = {.pool = g_ptr_array_new_with_free_func((GDestroyNotify)event_free),
                     .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    Model model = {.joined = {TRUE}, .copies = {{.exists = TRUE, .to = -1}, {.to = -1}}};
    guint depth = g_test_slow() ? DEPTH : 5;
    begin_sealed(&one);
    reach(&search, &model, one.events, NULL, 0);
    for (Reached *next; (next = g_queue_pop_head(&search.waiting));) {
        if (next->depth < depth && !next->model.over)
            try_all(&search, next);
        reached_free(next);
    }
    g_test_message("%u states, %u tries, %u done", search.states, search.tries, search.done);
    g_assert_cmpuint(search.states, >, 100);
    g_assert_cmpuint(search.done, <, search.tries);
    g_hash_table_unref(search.seen);
    g_ptr_array_unref(search.pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evidence/course", test_course);
    g_test_add_func("/evidence/seal", test_seal);
    g_test_add_func("/evidence/rules", test_rules);
    g_test_add_func("/evidence/no_other_road", test_no_other_road);
    return g_test_run();
}
