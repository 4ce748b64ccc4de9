/* Dossiers as nodes keep them: what comes is verified, kept once and judged; what is to be done is
 * drafted; nodes that got the same events in other orders have the same. */
#include "base/error.h"
#include "dossier/docket.h"
#include "dossier/docket_held.h"
#include "dossier_maker.h"
#include "store/held_events.h"
#include "store/writer.h"
#include "tree.h"

/* A node with its store. */
typedef struct {
    const char *name;
    char *origin;
    char *directory;
    NoteSigner *signer;
    Writer *writer;
    Store *store;
} Node;

typedef struct {
    Node alder, birch, cedar;
} Fixture;

static char *database(const Node *node)
{
    return g_build_filename(node->directory, "concert.db", NULL);
}

static void node_open(Node *node)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = database(node);
    node->writer = writer_open(path, &error);
    g_assert_no_error(error);
    node->store = store_open(path, &error);
    g_assert_no_error(error);
}

static void node_close(Node *node)
{
    store_close(node->store);
    writer_close(node->writer);
}

/* Knows the nodes of @user by their message keys. */
static gboolean apply_meet(StoreTx *tx, gpointer user, GError **error)
{
    const char *const *nodes = user;
    for (guint i = 0; nodes[i]; i++) {
        g_autoptr(NoteSigner) signer = maker_signer(nodes[i]);
        g_autofree char *origin = g_strconcat(nodes[i], "/ledger", NULL);
        g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
        const PeerCard card = {.origin = origin,
                               .node = nodes[i],
                               .organisation = nodes[i],
                               .card = "{}",
                               .card_number = 1,
                               .ledger_vkey = vkey,
                               .recovery_vkey = vkey,
                               .message_vkey = vkey,
                               .parcel_key = ""};
        gint64 number;
        gboolean changed;
        if (!peers_put(tx, &card, FALSE, &number, error) ||
            !peers_step(tx, number, PEER_US, PEER_STEP_INVITE, MAKER_START, NULL, &changed, error))
            return FALSE;
    }
    return TRUE;
}

static void node_init(Node *node, const char *name, const char *const *peers)
{
    g_autoptr(GError) error = NULL;
    node->name = name;
    node->origin = g_strconcat(name, "/ledger", NULL);
    node->directory = g_dir_make_tmp("concert-docket-XXXXXX", &error);
    node->signer = maker_signer(name);
    node_open(node);
    g_assert_true(writer_run(node->writer, 1, apply_meet, (gpointer)peers, &error));
    g_assert_no_error(error);
}

static void node_clear(Node *node)
{
    node_close(node);
    tree_remove(node->directory);
    g_free(node->directory);
    g_free(node->origin);
    note_signer_free(node->signer);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const char *const of_alder[] = {BIRCH, CEDAR, NULL};
    static const char *const of_birch[] = {ALDER, NULL};
    static const char *const of_cedar[] = {ALDER, BIRCH, NULL};
    node_init(&fixture->alder, ALDER, of_alder);
    node_init(&fixture->birch, BIRCH, of_birch);
    node_init(&fixture->cedar, CEDAR, of_cedar);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    node_clear(&fixture->alder);
    node_clear(&fixture->birch);
    node_clear(&fixture->cedar);
}

/* --- what a node does --------------------------------------------------------------------------
 */

typedef struct {
    Node *node;
    const char *source;
    GBytes *bytes;
    gint64 now;
    DocketOutcome outcome;
} Receiving;

static DocketPlace place_of(const Node *node, const char *source, gint64 now)
{
    return (DocketPlace){node->origin, note_signer_verifier(node->signer), source, now};
}

static gboolean apply_receive(StoreTx *tx, gpointer user, GError **error)
{
    Receiving *receiving = user;
    const DocketPlace place = place_of(receiving->node, receiving->source, receiving->now);
    docket_outcome_clear(&receiving->outcome);
    return docket_receive(tx, receiving->bytes, &place, &receiving->outcome, error);
}

static DocketOutcome receive(Node *node, const char *source, GBytes *bytes, int minute)
{
    g_autoptr(GError) error = NULL;
    Receiving receiving = {node, source, bytes, MAKER_START + minute * MAKER_MINUTE, {0}};
    writer_run(node->writer, 1, apply_receive, &receiving, &error);
    g_assert_no_error(error);
    return receiving.outcome;
}

typedef struct {
    Node *node;
    DocketAct act;
    gint64 now;
    GBytes *bytes;
    DocketDraft *draft;
} Acting;

/* As a node does it: draft, sign, keep, in one transaction. */
static gboolean apply_act(StoreTx *tx, gpointer user, GError **error)
{
    Acting *acting = user;
    const DocketPlace place = place_of(acting->node, NULL, acting->now);
    g_auto(DocketOutcome) outcome = {0};
    g_clear_pointer(&acting->draft, docket_draft_free);
    g_clear_pointer(&acting->bytes, g_bytes_unref);
    if (!(acting->draft = docket_draft(tx, &acting->act, &place, error)))
        return FALSE;
    char *text =
        signed_json_make_text(EVENT_SIGNED_TYPE, acting->draft->body, strlen(acting->draft->body),
                              (const NoteSigner *const *)&acting->node->signer, 1, error);
    if (!text)
        return FALSE;
    acting->bytes = g_bytes_new_take(text, strlen(text));
    if (!docket_receive(tx, acting->bytes, &place, &outcome, error))
        return FALSE;
    g_assert_null(outcome.refusal);
    g_assert_true(outcome.is_new);
    g_assert_cmpstr(outcome.dossier, ==, acting->draft->dossier);
    return TRUE;
}

/* The bytes of the event; *ret_dossier (may be NULL) and *ret_audience (may be NULL) are new. */
static GBytes *act(Node *node, const char *dossier, const char *type, const char *signatory,
                   const char *payload, int minute, char **ret_dossier)
{
    g_autoptr(GError) error = NULL;
    Acting acting = {.node = node,
                     .act = {.dossier = dossier,
                             .procedure = "request",
                             .type = type,
                             .signatory = signatory,
                             .payload = payload,
                             .tlp = dossier ? MARKING_TLP_NONE : MARKING_TLP_GREEN},
                     .now = MAKER_START + minute * MAKER_MINUTE};
    writer_run(node->writer, 1, apply_act, &acting, &error);
    g_assert_no_error(error);
    g_assert_cmpint(acting.draft->tlp, ==, MARKING_TLP_GREEN);
    if (ret_dossier)
        *ret_dossier = g_strdup(acting.draft->dossier);
    docket_draft_free(acting.draft);
    return acting.bytes;
}

static void assert_cannot(Node *node, const char *dossier, const char *type, const char *payload,
                          ConcertError code)
{
    g_autoptr(GError) error = NULL;
    Acting acting = {
        .node = node,
        .act = {.dossier = dossier, .type = type, .signatory = "S", .payload = payload},
        .now = MAKER_START};
    g_assert_false(writer_run(node->writer, 1, apply_act, &acting, &error));
    g_assert_error(error, CONCERT_ERROR, (int)code);
    g_assert_null(acting.draft);
}

static void pass(Node *to, const char *source, GBytes *bytes, const char *machine)
{
    g_auto(DocketOutcome) outcome = receive(to, source, bytes, 1);
    g_assert_cmpstr(outcome.refusal, ==, NULL);
    g_assert_true(outcome.is_new);
    g_assert_cmpstr(outcome.machine, ==, machine);
}

static Dossier *row(Node *node, const char *id)
{
    g_autoptr(GError) error = NULL;
    Dossier *dossier = dossiers_get(node->store, id, &error);
    g_assert_no_error(error);
    return dossier;
}

static void assert_row(Node *node, const char *id, const char *state, const char *waits_for,
                       gboolean waits_here)
{
    g_autoptr(Dossier) dossier = row(node, id);
    g_autofree char *waits = g_strjoinv(" ", dossier->waits_for);
    g_assert_cmpstr(dossier->state, ==, state);
    g_assert_cmpstr(waits, ==, waits_for);
    g_assert_cmpint(dossier->waits_here, ==, waits_here);
}

/* --- tests -------------------------------------------------------------------------------------
 */

/* A request of Alder, answered by Birch. */
static void test_course(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = NULL;
    g_autoptr(GBytes) sent =
        act(alder, NULL, "sent", "Duty Officer", MAKER_SENT(BIRCH, "high"), 0, &id);
    assert_row(alder, id, "sent", BIRCH, FALSE);
    g_autoptr(Dossier) first = row(alder, id);
    g_assert_cmpstr(first->title, ==, "s");
    g_assert_cmpstr(first->opener, ==, ALDER);
    g_assert_cmpint(first->due, ==, MAKER_START + 240 * MAKER_MINUTE);
    g_assert_cmpuint(first->tlp, ==, MARKING_TLP_GREEN);
    g_assert_null(first->machine);

    pass(birch, ALDER, sent, "received");
    g_autoptr(Dossier) there = row(birch, id);
    g_assert_cmpstr(there->machine, ==, "received");
    g_assert_true(there->waits_here);
    g_autoptr(GBytes) received = act(birch, id, "received", NULL, NULL, 1, NULL);
    g_autoptr(Dossier) after = row(birch, id);
    g_assert_null(after->machine);
    assert_row(birch, id, "received", BIRCH, TRUE);
    g_autoptr(GBytes) acknowledged = act(birch, id, "acknowledged", "B", NULL, 2, NULL);
    g_autoptr(GBytes) answered =
        act(birch, id, "answered", "B", "{\"outcome\":\"given\",\"text\":\"a\"}", 3, NULL);

    /* The other way round: what is pending shows, and then follows. */
    pass(alder, BIRCH, answered, NULL);
    g_autoptr(Dossier) pending = row(alder, id);
    g_assert_cmpuint(pending->n_pending, ==, 1);
    assert_row(alder, id, "sent", BIRCH, FALSE);
    pass(alder, BIRCH, received, NULL);
    pass(alder, BIRCH, acknowledged, NULL);
    assert_row(alder, id, "delivered", ALDER, TRUE);
    g_autoptr(GBytes) closed = act(alder, id, "closed", "A", "{\"text\":\"thanks\"}", 4, NULL);
    pass(birch, ALDER, closed, NULL);
    assert_row(birch, id, "closed", "", FALSE);
    g_autoptr(Dossier) last = row(birch, id);
    g_assert_true(last->is_final);
    g_assert_cmpint(last->due, ==, G_MAXINT64);
    g_assert_cmpuint(last->n_events, ==, 5);

    g_autoptr(Docket) docket = docket_load(birch->store, id, NULL);
    g_assert_cmpuint(docket->result->n_valid, ==, 5);
    const EngineEvent *end = &g_array_index(docket->result->events, EngineEvent, 4);
    g_assert_cmpstr(end->event->type, ==, "closed");
    g_assert_cmpstr(docket_stored(docket, end->event)->source, ==, ALDER);
    g_assert_true(g_bytes_equal(docket_stored(docket, end->event)->bytes, closed));
}

static void test_cannot(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = NULL;
    g_autoptr(GBytes) sent =
        act(alder, NULL, "sent", "Duty Officer", MAKER_SENT(BIRCH, "high"), 0, &id);
    pass(birch, ALDER, sent, "received");
    assert_cannot(alder, id, "acknowledged", NULL, CONCERT_ERROR_DENIED);
    assert_cannot(birch, id, "answered", "{\"outcome\":\"given\"}", CONCERT_ERROR_INPUT);
    assert_cannot(birch, id, "refused", "{\"ground\":\"human-rights\",\"text\":\"a\"}",
                  CONCERT_ERROR_DENIED);
    assert_cannot(alder, id, "closed", NULL, CONCERT_ERROR_CONFLICT);
    assert_cannot(alder, id, "withdrawn", "[]", CONCERT_ERROR_INPUT);
    assert_cannot(alder, id, "withdrawn", "{\"decides\":[]}", CONCERT_ERROR_INPUT);
    assert_cannot(alder, "request-01234567-89ab-8cde-8f01-23456789abcd", "withdrawn", NULL,
                  CONCERT_ERROR_NOT_FOUND);
    assert_row(alder, id, "sent", BIRCH, FALSE);
    g_autoptr(Dossier) dossier = row(alder, id);
    g_assert_cmpuint(dossier->n_events, ==, 1);
}

static void assert_refusal(Node *node, GBytes *bytes, const char *named)
{
    g_auto(DocketOutcome) outcome = receive(node, ALDER, bytes, 0);
    g_assert_nonnull(outcome.refusal);
    g_assert_null(outcome.dossier);
    if (!strstr(outcome.refusal, named))
        g_error("\"%s\" does not say \"%s\"", outcome.refusal, named);
}

static void test_hostile(Fixture *fixture, gconstpointer data)
{
    Node *birch = &fixture->birch;
    g_autoptr(GBytes) none = g_bytes_new_static("{}", 2);
    assert_refusal(birch, none, "not signed JSON");

    /* Cedar is no peer of Birch. */
    g_autofree char *stranger =
        maker_text(NULL, "sent", CEDAR, "C", 0, NULL, 0, MAKER_SENT(BIRCH, "low"));
    g_autoptr(GBytes) unknown = g_bytes_new(stranger, strlen(stranger));
    assert_refusal(birch, unknown, "nobody here knows the key of " CEDAR);

    /* One that Alder did not sign, though it says so. */
    g_autofree char *text =
        maker_text(NULL, "sent", ALDER, "A", 0, NULL, 0, MAKER_SENT(BIRCH, "low"));
    g_autoptr(Event) event = event_parse(text, strlen(text), NULL);
    g_autoptr(NoteSigner) thief = note_signer_generate(ALDER "/message", NOTE_ED25519, NULL);
    g_autofree char *forged_text = signed_json_make(EVENT_SIGNED_TYPE, event->json->body,
                                                    (const NoteSigner *const *)&thief, 1, NULL);
    g_autoptr(GBytes) forged = g_bytes_new(forged_text, strlen(forged_text));
    assert_refusal(birch, forged, "sign");

    /* What Birch itself would have said. */
    g_autofree char *own_text = maker_text(event->dossier, "answered", BIRCH, "B", 1, &event->hash,
                                           1, "{\"outcome\":\"given\",\"text\":\"a\"}");
    g_autoptr(Event) own = event_parse(own_text, strlen(own_text), NULL);
    g_autoptr(NoteSigner) other = note_signer_generate(BIRCH "/message", NOTE_ED25519, NULL);
    g_autofree char *false_text = signed_json_make(EVENT_SIGNED_TYPE, own->json->body,
                                                   (const NoteSigner *const *)&other, 1, NULL);
    g_autoptr(GBytes) false_own = g_bytes_new(false_text, strlen(false_text));
    assert_refusal(birch, false_own, "sign");

    g_autoptr(GPtrArray) all = dossiers_list(birch->store, &(DossiersQuery){0}, NULL);
    g_assert_cmpuint(all->len, ==, 0);

    /* What is really its own is taken back. */
    g_autoptr(GBytes) mine = g_bytes_new(own_text, strlen(own_text));
    pass(birch, ALDER, mine, NULL);
}

static void test_twice(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = NULL;
    g_autoptr(GBytes) sent =
        act(alder, NULL, "sent", "Duty Officer", MAKER_SENT(BIRCH, "high"), 0, &id);
    pass(birch, ALDER, sent, "received");
    g_auto(DocketOutcome) again = receive(birch, ALDER, sent, 1);
    g_assert_null(again.refusal);
    g_assert_false(again.is_new);
    g_assert_null(again.machine);
    g_assert_cmpstr(again.dossier, ==, id);
    /* In another spelling: the same event. */
    gsize length;
    const char *text = g_bytes_get_data(sent, &length);
    g_autofree char *spaced = g_strdup_printf(" %.*s\n", (int)length, text);
    g_autoptr(GBytes) other = g_bytes_new(spaced, strlen(spaced));
    g_auto(DocketOutcome) same = receive(birch, ALDER, other, 1);
    g_assert_null(same.refusal);
    g_assert_false(same.is_new);
    g_autoptr(Dossier) dossier = row(birch, id);
    g_assert_cmpuint(dossier->n_events, ==, 1);
}

/* What a node was to do by itself when it stopped is still to be done. */
static void test_restart(Fixture *fixture, gconstpointer data)
{
    Node *birch = &fixture->birch;
    g_autofree char *id = NULL;
    g_autoptr(GBytes) sent =
        act(&fixture->alder, NULL, "sent", "Duty Officer", MAKER_SENT(BIRCH, "critical"), 0, &id);
    pass(birch, ALDER, sent, "received");
    node_close(birch);
    node_open(birch);
    g_autoptr(GPtrArray) due =
        dossiers_list(birch->store, &(DossiersQuery){.has_machine = TRUE}, NULL);
    g_assert_cmpuint(due->len, ==, 1);
    g_assert_cmpstr(((Dossier *)due->pdata[0])->machine, ==, "received");
    g_autoptr(GBytes) received G_GNUC_UNUSED = act(birch, id, "received", NULL, NULL, 1, NULL);
    g_autoptr(GPtrArray) done =
        dossiers_list(birch->store, &(DossiersQuery){.has_machine = TRUE}, NULL);
    g_assert_cmpuint(done->len, ==, 0);
}

static guint count(Node *node, DossiersQuery query)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) found = dossiers_list(node->store, &query, &error);
    g_assert_no_error(error);
    return found->len;
}

static void test_list(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder;
    g_autofree char *first = NULL, *second = NULL;
    g_autoptr(GBytes) one G_GNUC_UNUSED =
        act(alder, NULL, "sent", "A", MAKER_SENT(BIRCH, "critical"), 0, &first);
    g_autoptr(GBytes) two G_GNUC_UNUSED =
        act(alder, NULL, "sent", "A", MAKER_SENT(CEDAR, "low"), 1, &second);
    g_autoptr(GBytes) end G_GNUC_UNUSED = act(alder, first, "withdrawn", "A", NULL, 2, NULL);
    g_assert_cmpuint(count(alder, (DossiersQuery){0}), ==, 2);
    g_assert_cmpuint(count(alder, (DossiersQuery){.limit = 1}), ==, 1);
    g_assert_cmpuint(count(alder, (DossiersQuery){.is_live = TRUE}), ==, 1);
    g_assert_cmpuint(count(alder, (DossiersQuery){.state = "withdrawn"}), ==, 1);
    g_assert_cmpuint(count(alder, (DossiersQuery){.state = "closed"}), ==, 0);
    g_assert_cmpuint(count(alder, (DossiersQuery){.procedure = "request", .state = "sent"}), ==, 1);
    g_assert_cmpuint(count(alder, (DossiersQuery){.procedure = "case"}), ==, 0);
    g_assert_cmpuint(count(alder, (DossiersQuery){.waits_here = TRUE}), ==, 0);
    gint64 low = MAKER_START + (72 * 60 + 1) * MAKER_MINUTE;
    g_assert_cmpuint(count(alder, (DossiersQuery){.due_before = low}), ==, 0);
    g_assert_cmpuint(count(alder, (DossiersQuery){.due_before = low + 1}), ==, 1);

    g_autoptr(GPtrArray) all = dossiers_list(alder->store, &(DossiersQuery){0}, NULL);
    g_assert_cmpstr(((Dossier *)all->pdata[0])->id, ==, first); /* the newest event */
    DossiersSummary summary;
    g_assert_true(dossiers_summary(alder->store, low + 1, &summary, NULL));
    g_assert_cmpuint(summary.live, ==, 1);
    g_assert_cmpuint(summary.waiting, ==, 0);
    g_assert_cmpuint(summary.overdue, ==, 1);

    g_autoptr(GError) error = NULL;
    g_autofree char *begin = g_strndup(second, strlen("request-") + 12);
    g_autoptr(Dossier) found = dossiers_get(alder->store, begin, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found->id, ==, second);
    g_assert_null(dossiers_get(alder->store, "request-", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_null(dossiers_get(alder->store, "request-x", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(dossiers_get(alder->store, "", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

/* Events come to three nodes in three orders, some twice: all end alike. */
static void test_any_order(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = NULL;
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(events, act(alder, NULL, "sent", "A",
                                "{\"kind\":\"advice\",\"observers\":[\"" CEDAR
                                "\"],\"subject\":\"s\",\"text\":\"t\",\"to\":\"" BIRCH
                                "\",\"urgency\":\"low\"}",
                                0, &id));
    pass(birch, ALDER, events->pdata[0], "received");
    g_ptr_array_add(events, act(birch, id, "received", NULL, NULL, 1, NULL));
    /* Both go on without having heard of the other. */
    g_ptr_array_add(events, act(alder, id, "remark", "A", "{\"text\":\"1\"}", 2, NULL));
    g_ptr_array_add(events, act(birch, id, "acknowledged", "B", NULL, 3, NULL));
    g_ptr_array_add(events, act(alder, id, "withdrawn", "A", NULL, 4, NULL));
    g_ptr_array_add(
        events, act(birch, id, "answered", "B", "{\"outcome\":\"given\",\"text\":\"a\"}", 3, NULL));
    g_ptr_array_add(events, act(birch, id, "remark", "B", "{\"text\":\"2\"}", 5, NULL));

    static const guint orders[][7] = {
        {6, 5, 4, 3, 2, 1, 0}, {0, 3, 1, 5, 2, 6, 4}, {4, 0, 6, 2, 5, 1, 3}};
    Node *const nodes[] = {alder, birch, &fixture->cedar};
    guint8 digests[3][SHA256_SIZE];
    for (guint n = 0; n < 3; n++) {
        if (n == 1) { /* Birch knows no Cedar, and needs not */
            node_close(birch);
            node_open(birch);
        }
        for (guint i = 0; i < 7; i++) {
            g_auto(DocketOutcome) one = receive(nodes[n], ALDER, events->pdata[orders[n][i]], 6);
            g_assert_cmpstr(one.refusal, ==, NULL);
        }
        g_auto(DocketOutcome) twice = receive(nodes[n], BIRCH, events->pdata[3], 6);
        g_assert_false(twice.is_new);
        g_autoptr(Docket) docket = docket_load(nodes[n]->store, id, NULL);
        engine_digest(docket->result, digests[n]);
        g_assert_cmpstr(docket->dossier->state, ==, "withdrawn");
        g_assert_cmpuint(docket->dossier->n_events, ==, 7);
        g_assert_cmpuint(docket->dossier->n_void, ==, 4);
        g_assert_cmpmem(digests[n], SHA256_SIZE, digests[0], SHA256_SIZE);
    }
}

/* --- bounds ------------------------------------------------------------------------------------
 */

typedef struct {
    DossiersEvent event;
    guint from, to;
    gboolean other_dossiers;
} Flood;

static gboolean apply_flood(StoreTx *tx, gpointer user, GError **error)
{
    const Flood *flood = user;
    for (guint i = flood->from; i < flood->to; i++) {
        DossiersEvent event = flood->event;
        guint8 hash[SHA256_SIZE] = {0};
        gint64 number;
        gboolean is_new;
        memcpy(hash, &i, sizeof i);
        hash[SHA256_SIZE - 1] = (guint8)event.author[5];
        event.hash = hash;
        g_autofree char *id = flood->other_dossiers ? g_strdup_printf("request-%u", i) : NULL;
        if (id)
            event.dossier = id;
        if (!dossiers_add_event(tx, &event, &number, &is_new, error))
            return FALSE;
        g_assert_true(is_new);
    }
    return TRUE;
}

static void flood(Node *node, const char *author, guint from, guint to, gboolean other_dossiers,
                  const char *refusal)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
    Flood request = {{.dossier = "request-0",
                      .procedure = "request",
                      .author = author,
                      .bytes = bytes,
                      .source = author},
                     from,
                     to,
                     other_dossiers};
    writer_run(node->writer, 1, apply_flood, &request, &error);
    if (!refusal) {
        g_assert_no_error(error);
        return;
    }
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_assert_nonnull(strstr(error->message, refusal));
}

static void test_bounds(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder;
    flood(alder, "cert.b", 0, DOSSIERS_AUTHOR_MAX, FALSE, NULL);
    flood(alder, "cert.b", DOSSIERS_AUTHOR_MAX, DOSSIERS_AUTHOR_MAX + 1, FALSE,
          "cert.b has 512 events");
    flood(alder, "cert.c", 0, DOSSIERS_AUTHOR_MAX, FALSE, NULL);
    flood(alder, "cert.d", 0, DOSSIERS_AUTHOR_MAX, FALSE, NULL);
    flood(alder, "cert.e", 0, DOSSIERS_AUTHOR_MAX, FALSE, NULL);
    flood(alder, "cert.f", 0, 1, FALSE, "2048 events");
    flood(alder, "cert.g", 1000, 1000 + DOSSIERS_UNOPENED_MAX, TRUE, NULL);
    flood(alder, "cert.g", 2000, 2001, TRUE, "the opening event is missing");
    flood(alder, "cert.h", 3000, 3001, TRUE, NULL);
}

/* --- earlier keys ------------------------------------------------------------------------------
 */

/* A newer card of the node, made at a minute, with the message key of the signer. */
typedef struct {
    const char *node;
    guint64 number;
    int minute;
    const NoteSigner *signer;
} NewCard;

static gboolean apply_new_card(StoreTx *tx, gpointer user, GError **error)
{
    const NewCard *new_card = user;
    g_autoptr(Peer) peer = peers_get_tx(tx, new_card->node, error);
    if (!peer)
        return FALSE;
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(new_card->signer));
    const PeerCard card = {.origin = peer->origin,
                           .node = peer->node,
                           .organisation = "",
                           .card = "{}",
                           .card_number = new_card->number,
                           .time_us = MAKER_START + new_card->minute * MAKER_MINUTE,
                           .message_vkey = vkey,
                           .parcel_key = ""};
    return peers_set_card(tx, peer->number, &card, error);
}

static void put_card(Node *node, const char *of, guint64 number, int minute,
                     const NoteSigner *signer)
{
    g_autoptr(GError) error = NULL;
    NewCard card = {of, number, minute, signer};
    writer_run(node->writer, 1, apply_new_card, &card, &error);
    g_assert_no_error(error);
}

static NoteSigner *other_signer(const char *node, guint8 byte)
{
    g_autofree char *name = g_strconcat(node, "/message", NULL);
    guint8 seed[NOTE_SEED_SIZE];
    memset(seed, byte, sizeof seed);
    return note_signer_new(name, NOTE_ED25519, seed, NULL);
}

/* Whether Birch takes a request of Alder made at a minute and signed by a key. */
static gboolean takes(Fixture *fixture, const NoteSigner *signer, int minute)
{
    g_autoptr(GError) error = NULL;
    const EventSpec spec = {.procedure = "request",
                            .type = "sent",
                            .author = ALDER "/ledger",
                            .signatory = "Duty Officer",
                            .time_us = MAKER_START + minute * MAKER_MINUTE,
                            .payload = MAKER_SENT(BIRCH, "high"),
                            .tlp = MARKING_TLP_GREEN};
    char *text = event_make(&spec, signer, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
    g_auto(DocketOutcome) outcome = receive(&fixture->birch, CEDAR, bytes, 10000);
    return outcome.refusal == NULL;
}

static void test_earlier_keys(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NoteSigner) first = maker_signer(ALDER), second = other_signer(ALDER, 2),
                          third = other_signer(ALDER, 3);
    /* The slack is a quarter of an hour. */
    g_assert_false(takes(fixture, second, 0));
    put_card(&fixture->birch, ALDER, 2, 100, second);
    g_assert_true(takes(fixture, first, 99));
    g_assert_true(takes(fixture, first, 114));
    g_assert_false(takes(fixture, first, 116));
    g_assert_true(takes(fixture, second, 116));
    put_card(&fixture->birch, ALDER, 3, 200, third);
    g_assert_true(takes(fixture, first, 98));
    g_assert_false(takes(fixture, first, 150));
    g_assert_false(takes(fixture, second, 84));
    g_assert_true(takes(fixture, second, 150));
    g_assert_false(takes(fixture, second, 216));
    g_assert_true(takes(fixture, third, 300));
    /* A card that is not newer changes nothing, and neither does one with the same key. */
    put_card(&fixture->birch, ALDER, 3, 400, first);
    g_assert_false(takes(fixture, first, 300));
    put_card(&fixture->birch, ALDER, 4, 400, third);
    g_assert_true(takes(fixture, third, 301));
    g_assert_false(takes(fixture, second, 302));
    /* A key of nobody's. */
    g_autoptr(NoteSigner) stranger = other_signer(ALDER, 4);
    g_assert_false(takes(fixture, stranger, 50));
}

/* --- claimed times -----------------------------------------------------------------------------
 */

#define DAY (24 * 60) /* minutes */

typedef struct {
    Node *node;
    gint64 now;
    guint count;
} Releasing;

static gboolean apply_release(StoreTx *tx, gpointer user, GError **error)
{
    Releasing *releasing = user;
    const DocketPlace place = place_of(releasing->node, NULL, releasing->now);
    return docket_held_release(tx, &place, 8, &releasing->count, error);
}

static guint release(Node *node, int minute)
{
    g_autoptr(GError) error = NULL;
    Releasing releasing = {node, MAKER_START + minute * MAKER_MINUTE, 0};
    writer_run(node->writer, 1, apply_release, &releasing, &error);
    g_assert_no_error(error);
    return releasing.count;
}

static void assert_held(Node *node, const char *source, GBytes *bytes, int minute)
{
    g_auto(DocketOutcome) outcome = receive(node, source, bytes, minute);
    g_assert_true(outcome.is_held);
    g_assert_nonnull(strstr(outcome.refusal, "claims a time ahead"));
    g_assert_false(outcome.is_new);
    g_assert_null(outcome.dossier);
}

static guint n_held(Node *node, const char *dossier)
{
    g_autoptr(GPtrArray) list = held_events_list(node->store, dossier, NULL);
    return list->len;
}

static void digest_of(Node *node, const char *id, guint8 digest[SHA256_SIZE])
{
    g_autoptr(Docket) docket = docket_load(node->store, id, NULL);
    engine_digest(docket->result, digest);
}

/* What is dated more than a day ahead changes nothing until a day before; what follows it waits;
 * then the state is what it would have been had all come then, in whatever order. */
static void test_ahead(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder, *birch = &fixture->birch;
    guint8 before[SHA256_SIZE], after[SHA256_SIZE], there[SHA256_SIZE];
    g_autofree char *id = NULL;
    g_autoptr(GBytes) sent =
        act(alder, NULL, "sent", "Duty Officer", MAKER_SENT(BIRCH, "high"), 0, &id);
    pass(birch, ALDER, sent, "received");
    g_autoptr(GBytes) received = act(birch, id, "received", NULL, NULL, 1, NULL);
    pass(alder, BIRCH, received, NULL);
    digest_of(alder, id, before);

    /* Birch dates its answer ten days ahead; its own node has it at once, for it made it. */
    g_autoptr(GBytes) acknowledged = act(birch, id, "acknowledged", "B", NULL, 10 * DAY + 1, NULL);
    g_autoptr(GBytes) remark = act(birch, id, "remark", "B", "{\"text\":\"r\"}", 2, NULL);
    assert_row(birch, id, "acknowledged", BIRCH, TRUE);
    assert_held(alder, BIRCH, acknowledged, 2);
    assert_held(alder, BIRCH, acknowledged, 9 * DAY);
    g_assert_cmpuint(n_held(alder, id), ==, 1);
    g_assert_cmpuint(n_held(alder, "request-x"), ==, 0);
    digest_of(alder, id, after);
    g_assert_cmpmem(before, SHA256_SIZE, after, SHA256_SIZE);
    g_autoptr(Dossier) clock = row(alder, id);
    g_assert_cmpint(clock->due, ==, MAKER_START + 240 * MAKER_MINUTE);
    g_assert_cmpint(clock->last, ==, MAKER_START + MAKER_MINUTE);
    pass(alder, BIRCH, remark, NULL);
    g_autoptr(Dossier) waits = row(alder, id);
    g_assert_cmpuint(waits->n_pending, ==, 1);

    gint64 until = 0;
    g_assert_true(held_events_next(alder->store, &until, NULL));
    g_assert_cmpint(until, ==, MAKER_START + (9 * DAY + 1) * MAKER_MINUTE);
    g_assert_cmpuint(release(alder, 9 * DAY), ==, 0);
    g_assert_cmpuint(release(alder, 9 * DAY + 1), ==, 1);
    g_assert_cmpuint(release(alder, 9 * DAY + 1), ==, 0);
    g_assert_cmpuint(n_held(alder, NULL), ==, 0);
    digest_of(alder, id, after);
    digest_of(birch, id, there);
    g_assert_cmpmem(there, SHA256_SIZE, after, SHA256_SIZE);
    assert_row(alder, id, "acknowledged", BIRCH, FALSE);

    /* What was taken stays, though the clock went back. */
    g_auto(DocketOutcome) again = receive(alder, BIRCH, acknowledged, 3);
    g_assert_null(again.refusal);
    g_assert_cmpuint(n_held(alder, NULL), ==, 0);
}

/* A day ahead is no more than a clock that is wrong; no more than so many of one source are held;
 * what nobody signed is not. */
static void test_ahead_bounds(Fixture *fixture, gconstpointer data)
{
    Node *alder = &fixture->alder, *birch = &fixture->birch;
    g_autofree char *id = NULL;
    g_autoptr(GBytes) sent =
        act(alder, NULL, "sent", "Duty Officer", MAKER_SENT(BIRCH, "high"), 0, &id);
    pass(birch, ALDER, sent, "received");
    g_autoptr(GBytes) day = act(alder, id, "remark", "A", "{\"text\":\"r\"}", DAY + 1, NULL);
    pass(birch, ALDER, day, "received");
    for (guint i = 0; i <= HELD_EVENTS_MAX; i++) {
        g_autoptr(GBytes) far =
            act(alder, id, "remark", "A", "{\"text\":\"r\"}", 3 * DAY + (int)i, NULL);
        g_auto(DocketOutcome) outcome = receive(birch, ALDER, far, 1);
        g_assert_nonnull(outcome.refusal);
        g_assert_cmpint(outcome.is_held, ==, i < HELD_EVENTS_MAX);
    }
    g_assert_cmpuint(n_held(birch, id), ==, HELD_EVENTS_MAX);

    g_autofree char *text =
        maker_text(NULL, "sent", ALDER, "A", 9 * DAY, NULL, 0, MAKER_SENT(BIRCH, "low"));
    g_autoptr(Event) event = event_parse(text, strlen(text), NULL);
    g_autoptr(NoteSigner) thief = note_signer_generate(ALDER "/message", NOTE_ED25519, NULL);
    g_autofree char *forged_text = signed_json_make(EVENT_SIGNED_TYPE, event->json->body,
                                                    (const NoteSigner *const *)&thief, 1, NULL);
    g_autoptr(GBytes) forged = g_bytes_new(forged_text, strlen(forged_text));
    assert_refusal(birch, forged, "sign");
    g_assert_cmpuint(release(birch, 2 * DAY), ==, 1);
    g_assert_cmpuint(release(birch, 9 * DAY), ==, 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/docket/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    ADD(course);
    ADD(cannot);
    ADD(hostile);
    ADD(twice);
    ADD(restart);
    ADD(list);
    ADD(any_order);
    ADD(bounds);
    ADD(earlier_keys);
#undef ADD
    g_test_add("/docket/ahead", Fixture, NULL, set_up, test_ahead, tear_down);
    g_test_add("/docket/ahead-bounds", Fixture, NULL, set_up, test_ahead_bounds, tear_down);
    return g_test_run();
}
