/* Twelve nodes that send, grant, take back, suspend and follow each other at random, over lines
 * that lose, repeat and swap answers, and that are closed and opened in between: after each step
 * everything is exactly where exchange_model.h says that it may and must be, and in the end both
 * ends of each peering know the same. GLib prints the seed, `--seed` repeats a run;
 * CONCERT_WORLDS says how many rounds. */
#include "unit/exchange_model.h"
#include "unit/exchange_nodes.h"

#include "exchange/reach.h"
#include "node/community_operation.h"
#include "store/deliveries.h"
#include "store/ledger_read.h"

#define ROUNDS      6
#define MORE_ROUNDS 60
#define STEPS       160
#define HELD        8
#define HOUR_US     (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

static const struct {
    const char *name, *reach;
} classes[] = {
    {"officers", "officers"}, {"staff", "staff"}, {"clients", "clients"}, {"anyone", "anyone"}};

/* An answer on a slow line. */
typedef struct {
    GBytes *bytes;
    guint author, reader;
    guint64 size;
} Held;

typedef struct {
    ExchangeNode nodes[NODES];
    gint64 collections[NODES][READERS]; /* numbers */
    guint collection_peer[NODES];
    char *ids[MODEL_THINGS];
    Held held[HELD];
    Model model;
    gint64 hours; /* from where the hours of expiry are counted */
    guint sends, refusals, onward, club_sends, grants, retractions, follows, lost;
} World;

static guint below(guint count)
{
    return (guint)g_test_rand_int_range(0, (gint32)count);
}

static gboolean chance(guint percent)
{
    return below(100) < percent;
}

static guint one_of(Set set)
{
    guint count = 0;
    for (guint i = 0; i < NODES; i++)
        count += HAS(set, i);
    guint pick = below(count);
    for (guint i = 0;; i++)
        if (HAS(set, i) && pick-- == 0)
            return i;
}

static guint64 size_of(World *world, guint node)
{
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(node_store(world->nodes[node].node), &state, NULL));
    return state.size;
}

/* --- looking -----------------------------------------------------------------------------------
 */

static gboolean count_row(const ObjectsRow *row, gpointer count)
{
    ++*(guint *)count;
    return TRUE;
}

static gboolean is_there(World *world, guint thing, guint node)
{
    guint count = 0;
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.id = world->ids[thing];
    query.variants = TRUE;
    g_assert_true(
        objects_find(node_store(world->nodes[node].node), &query, count_row, &count, NULL, NULL));
    return count > 0;
}

static void complain(World *world, guint thing, guint node, const char *where, gboolean found)
{
    const Model *model = &world->model;
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < model->n_sent; i++) {
        const ModelSent *sent = &model->sent[i];
        guint item;
        if (!model_carries(sent, thing, &item))
            continue;
        g_string_append_printf(text,
                               "\n  dispatch %u of %u, entry %" G_GUINT64_FORMAT
                               ", item %u, colour %u, audience %03x, club %d, public %d, grants %u,"
                               " retractions %u, expired %03x; came %d, holds %d",
                               i, sent->sender, sent->entry, item, sent->colour, sent->audience,
                               sent->club, sent->is_public, sent->n_grants, sent->n_retractions,
                               sent->expired, model_came(model, sent, node),
                               model_holds(model, sent, item, node));
    }
    for (int club = 0; club < MODEL_CLUBS; club++)
        g_string_append_printf(text, "\n  members of %d, of %u: %03x", club,
                               model->clubs[club].owner, model_members(model, node, club));
    g_error("thing %u of %u (colour %u) is%s %s at %u (its peer: %u)%s", thing,
            model->things[thing].author, model->things[thing].colour, found ? "" : " not", where,
            node, world->collection_peer[node], text->str);
}

/* Everything of this round is exactly where it may and must be at @node. */
static void check_node(World *world, guint node)
{
    Store *store = node_store(world->nodes[node].node);
    guint peer = world->collection_peer[node];
    for (guint thing = 0; thing < world->model.n_things; thing++) {
        gboolean found = is_there(world, thing, node);
        if (found != model_is_there(&world->model, thing, node))
            complain(world, thing, node, "there", found);
        for (ModelReader reader = OFFICERS; reader < READERS; reader++) {
            gint64 number = world->collections[node][reader];
            if (number == 0)
                continue;
            g_assert_true(collections_contains(store, number, world->ids[thing], &found, NULL));
            if (found != model_shows(&world->model, thing, node, reader, peer))
                complain(world, thing, node, reader == A_PEER ? "in peer's" : classes[reader].name,
                         found);
        }
    }
}

/* --- peerings ----------------------------------------------------------------------------------
 */

static void set_peering(World *world, guint a, guint b, ModelPeering peering)
{
    world->model.peering[a][b] = world->model.peering[b][a] = peering;
}

static void set_holders(World *world, guint a, guint b, Set holders)
{
    world->model.holders[a][b] = world->model.holders[b][a] = holders;
    set_peering(world, a, b, holders ? SUSPENDED : ACTIVE);
}

static void step_peering(World *world)
{
    guint a = below(NODES), b = one_of(MODEL_EVERYBODY & ~ONLY(a));
    ExchangeNode *node = &world->nodes[a], *other = &world->nodes[b];
    Set holders = world->model.holders[a][b];
    switch (world->model.peering[a][b]) {
    case NO_PEERS:
    case ENDED:
        exchange_nodes_peer(node, other);
        set_holders(world, a, b, 0);
        break;
    case ACTIVE:
        if (chance(15)) {
            exchange_nodes_step(node, other, PEER_STEP_END);
            set_peering(world, a, b, ENDED);
            break;
        }
        exchange_nodes_step(node, other, PEER_STEP_SUSPEND);
        set_holders(world, a, b, ONLY(a));
        break;
    case SUSPENDED:
        exchange_nodes_step(node, other, HAS(holders, a) ? PEER_STEP_RESUME : PEER_STEP_SUSPEND);
        set_holders(world, a, b, holders ^ ONLY(a));
        break;
    }
    check_node(world, a);
    check_node(world, b);
}

/* --- sending -----------------------------------------------------------------------------------
 */

static void step_thing(World *world)
{
    static const Colour usual[] = {BLANK, BLANK, CLEAR, CLEAR,  GREEN,
                                   GREEN, GREEN, AMBER, STRICT, RED};
    Model *model = &world->model;
    if (model->n_things == MODEL_THINGS)
        return;
    guint thing = model->n_things++;
    const ModelThing made = {below(NODES), usual[below(G_N_ELEMENTS(usual))]};
    model->things[thing] = made;
    world->ids[thing] = exchange_nodes_put(&world->nodes[made.author], "thing",
                                           marking_tlp_id((MarkingTlp)made.colour));
    check_node(world, made.author);
}

/* Names of @set, for DispatcherSpec. */
static void write_names(const World *world, Set set, const char **names)
{
    guint count = 0;
    for (guint i = 0; i < NODES; i++)
        if (HAS(set, i))
            names[count++] = world->nodes[i].name;
    names[count] = NULL;
}

/* Of what came to who sends it on: mostly to those to whom that may be let go. */
static void draw_onward(const Model *model, ModelSent *sent)
{
    guint item, first = below(model->n_sent);
    for (guint i = 0; i < model->n_sent; i++) {
        const ModelSent *from = &model->sent[(first + i) % model->n_sent];
        if (!model_carries(from, sent->items[0], &item) || !model_came(model, from, sent->sender))
            continue;
        if (model_colour(model, from, item) == GREEN)
            sent->named &= model_green(model, from, sent->sender);
        sent->colour = BLANK;
        sent->club = chance(70) ? from->club : -1;
        sent->pap = from->pap;
        sent->expires = from->expires;
        sent->is_exercise = from->is_exercise;
        return;
    }
}

/* Who has something sends it, mostly to peers. */
static ModelSent draw_sent(const World *world)
{
    const Model *model = &world->model;
    guint sender = below(NODES), first = below(model->n_things);
    gboolean onward = chance(40);
    for (guint i = 0; i < 40 && (!model_is_there(model, first, sender) ||
                                 (onward && model->things[first].author == sender));
         i++) {
        first = below(model->n_things);
        sender = below(NODES);
    }
    ModelSent sent = {.sender = sender,
                      .n_items = 1,
                      .items = {first},
                      .is_public = chance(10),
                      .is_exercise = chance(20),
                      .club = -1,
                      .colour = chance(50) ? BLANK : (Colour)below(6),
                      .pap = below(4) == 0 ? below(5) : 0,
                      .expires = below(4) == 0 ? 1 + below(2) : 0};
    Set peers = model_of(model, sender, ACTIVE) | model_of(model, sender, SUSPENDED);
    for (guint i = below(4); i > 0 && !sent.is_public; i--)
        sent.named |= chance(95) ? peers & (Set)g_test_rand_int() : ONLY(below(NODES));
    sent.named &= ~ONLY(sender);
    for (int club = 0; club < MODEL_CLUBS && !sent.is_public; club++)
        if (sent.club < 0 && chance(HAS(model_members(model, sender, club), sender) ? 30 : 1)) {
            sent.club = club;
            sent.named &= (Set)g_test_rand_int() & (Set)g_test_rand_int();
        }
    if (model->things[first].author != sender && model->n_sent > 0 && chance(70))
        draw_onward(model, &sent);
    guint more = below(model->n_things);
    if (more != first && chance(50) && (model_is_there(model, more, sender) || chance(10)))
        sent.items[sent.n_items++] = more;
    return sent;
}

static void assert_as_expected(World *world, gboolean done, gboolean expected, const char *what,
                               const ModelSent *sent, const GError *error)
{
    if (done == expected)
        return;
    g_error("%s by %u of %u item(s), the first %u, colour %u, to %03x (club %d, public %d) was %s",
            what, sent->sender, sent->n_items, sent->items[0], sent->colour, sent->audience,
            sent->club, sent->is_public, done ? "let through" : error->message);
}

static void step_send(World *world)
{
    Model *model = &world->model;
    if (model->n_sent == MODEL_SENT || model->n_things == 0)
        return;
    g_autoptr(GError) error = NULL;
    ModelSent sent = draw_sent(world);
    const char *to[NODES + 1], *ids[MODEL_ITEMS + 1] = {NULL};
    write_names(world, sent.named, to);
    for (guint i = 0; i < sent.n_items; i++)
        ids[i] = world->ids[sent.items[i]];
    g_autofree char *club = sent.club >= 0
                                ? g_strdup_printf("club%d@%s", sent.club,
                                                  world->nodes[model->clubs[sent.club].owner].name)
                                : NULL;
    const DispatcherSpec spec = {.title = "Exercise",
                                 .community = club,
                                 .tlp = (MarkingTlp)sent.colour,
                                 .pap = (MarkingPap)sent.pap,
                                 .is_public = sent.is_public,
                                 .to = to,
                                 .is_exercise = sent.is_exercise,
                                 .expires = sent.expires ? world->hours + sent.expires * HOUR_US
                                                         : G_MAXINT64,
                                 .ids = ids,
                                 .unmarked = MARKING_TLP_AMBER};
    g_auto(DispatcherResult) result = {0};
    gboolean may = model_may_send(model, &sent);
    gboolean done =
        dispatcher_send(node_notary(world->nodes[sent.sender].node), &spec, &result, &error);
    assert_as_expected(world, done, may, "sending", &sent, error);
    world->refusals += !done;
    if (done) {
        g_assert_cmpuint(result.entries->len, ==, 1);
        sent.entry = g_array_index(result.entries, guint64, 0);
        model->sent[model->n_sent++] = sent;
        world->sends++;
        world->club_sends += sent.club >= 0;
        world->onward += model->things[sent.items[0]].author != sent.sender;
    }
    check_node(world, sent.sender);
}

static ModelSent *some_sent(World *world)
{
    return world->model.n_sent > 0 ? &world->model.sent[below(world->model.n_sent)] : NULL;
}

static void step_grant(World *world)
{
    ModelSent *sent = some_sent(world);
    if (!sent || sent->n_grants == MODEL_LATER)
        return;
    g_autoptr(GError) error = NULL;
    Set peers = model_of(&world->model, sent->sender, ACTIVE) |
                model_of(&world->model, sent->sender, SUSPENDED);
    Set set = chance(95) && peers ? ONLY(one_of(peers)) : ONLY(below(NODES)) & ~ONLY(sent->sender);
    const char *to[NODES + 1];
    guint64 entry;
    write_names(world, set, to);
    gboolean may = model_may_grant(&world->model, sent, set);
    gboolean done = dispatcher_grant(node_notary(world->nodes[sent->sender].node), sent->entry, to,
                                     &entry, &error);
    assert_as_expected(world, done, may, "granting", sent, error);
    if (done)
        sent->grants[sent->n_grants++] = (ModelGrant){entry, set};
    world->grants += done;
    check_node(world, sent->sender);
}

static void step_retract(World *world)
{
    ModelSent *sent = some_sent(world);
    if (!sent || sent->n_retractions == MODEL_LATER)
        return;
    g_autoptr(GError) error = NULL;
    const guint place = below(sent->n_items);
    ModelRetraction retraction = {.items = chance(60) ? MODEL_ALL_ITEMS : 1u << place,
                                  .is_recall = chance(50)};
    guint n_places = retraction.items == MODEL_ALL_ITEMS ? 0 : 1;
    gboolean may = model_may_retract(sent, retraction.is_recall);
    gboolean done = dispatcher_retract(node_notary(world->nodes[sent->sender].node), sent->entry,
                                       retraction.is_recall, n_places > 0 ? &place : NULL, n_places,
                                       "it was wrong", &retraction.entry, &error);
    assert_as_expected(world, done, may, "taking back", sent, error);
    if (done)
        sent->retractions[sent->n_retractions++] = retraction;
    world->retractions += done;
    check_node(world, sent->sender);
}

/* --- communities -------------------------------------------------------------------------------
 */

typedef gboolean (*Operation)(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                              GError **error);

static gboolean operate(ExchangeNode *node, Operation operation, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autoptr(GError) error = NULL;
    yyjson_doc *params = yyjson_read(text, strlen(text), 0);
    yyjson_mut_doc *result = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(result, yyjson_mut_obj(result));
    gboolean good = operation(node_notary(node->node), yyjson_doc_get_root(params), result, &error);
    if (!good)
        g_test_message("%s", error->message);
    yyjson_doc_free(params);
    yyjson_mut_doc_free(result);
    return good;
}

static void record(ModelClub *club, guint64 entry, Set to, Set members)
{
    club->records[club->n_records++] = (ModelRecord){entry, to, members};
}

static void open_club(World *world, guint number)
{
    ModelClub *club = &world->model.clubs[number];
    club->owner = below(NODES);
    guint64 entry = size_of(world, club->owner);
    g_assert_true(operate(&world->nodes[club->owner], community_operation_create,
                          "{\"name\":\"club%u\",\"title\":\"Club\",\"votes\":true}", number));
    record(club, entry, 0, ONLY(club->owner));
}

/* Somebody joins, or is removed; the owner stays. */
static void step_club(World *world)
{
    guint number = below(MODEL_CLUBS);
    ModelClub *club = &world->model.clubs[number];
    if (club->n_records == 0)
        open_club(world, number);
    if (club->n_records + 2 > MODEL_RECORDS)
        return;
    Set members = club->records[club->n_records - 1].members;
    Set peers = model_of(&world->model, club->owner, ACTIVE);
    guint about = one_of(MODEL_EVERYBODY & ~ONLY(club->owner));
    guint64 entry = size_of(world, club->owner);
    ExchangeNode *owner = &world->nodes[club->owner];
    if (HAS(members, about) && chance(50)) {
        g_assert_true(operate(owner, community_operation_remove,
                              "{\"community\":\"club%u\",\"peer\":\"%s\"}", number,
                              world->nodes[about].name));
        record(club, entry, members, members & ~ONLY(about));
    } else if (!HAS(members, about) && HAS(peers, about)) {
        g_assert_true(operate(owner, community_operation_add,
                              "{\"community\":\"club%u\",\"peer\":\"%s\",\"votes\":false}", number,
                              world->nodes[about].name));
        record(club, entry, ONLY(about), members);
        record(club, entry + 1, members | ONLY(about), members | ONLY(about));
    }
    check_node(world, club->owner);
}

/* --- time --------------------------------------------------------------------------------------
 */

static gboolean apply_expiry(StoreTx *tx, gpointer now, GError **error)
{
    g_autoptr(GArray) versions = NULL;
    g_autoptr(Reach) reach = reach_load(tx, MARKING_TLP_AMBER, error);
    return reach && records_expire(tx, *(gint64 *)now, 1000, &versions, error) &&
           reach_review(reach, tx, versions, error);
}

/* At one node the clock is ahead, and what it holds has expired. */
static void step_expire(World *world)
{
    guint node = below(NODES), hour = 1 + below(2);
    gint64 now = world->hours + hour * HOUR_US;
    g_autoptr(GError) error = NULL;
    writer_run(node_writer(world->nodes[node].node), 1, apply_expiry, &now, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < world->model.n_sent; i++) {
        ModelSent *sent = &world->model.sent[i];
        if (sent->expires > 0 && sent->expires <= hour && model_came(&world->model, sent, node))
            sent->expired |= ONLY(node);
    }
    check_node(world, node);
}

static void step_reopen(World *world)
{
    guint node = below(NODES);
    node_close(world->nodes[node].node);
    exchange_nodes_open(&world->nodes[node]);
    check_node(world, node);
}

/* --- following ---------------------------------------------------------------------------------
 */

/* Gives an answer that was made when the author's ledger had @size entries. */
static gboolean give(World *world, guint author, guint reader, GBytes *bytes, guint64 size)
{
    g_autoptr(GError) error = NULL;
    Node *node = world->nodes[reader].node;
    const FollowerOptions options = {
        .store = node_store(node), .writer = node_writer(node), .unmarked = MARKING_TLP_AMBER};
    FollowerResult result;
    guint64 *read = &world->model.read[reader][author];
    gboolean good = follower_accept(&options, world->nodes[author].origin, bytes, &result, &error);
    if (!good && (result.verdict == ANSWER_FORKED || result.verdict == ANSWER_LYING))
        g_error("%u took %u for a liar: %s", reader, author, error->message);
    if (good && *read >= size)
        g_assert_cmpuint(result.openings, ==, 0);
    if (good)
        *read = MAX(*read, size);
    return good;
}

static gboolean is_active(World *world, guint node, guint other)
{
    g_autoptr(Peer) peer =
        peers_get(node_store(world->nodes[node].node), world->nodes[other].origin, NULL);
    gboolean active = peer && peer->state == PEER_ACTIVE;
    g_assert_cmpint(active, ==, world->model.peering[node][other] == ACTIVE);
    return active;
}

/* @reader asks @author, as a server would let it; FALSE when there was nothing. */
static gboolean follow(World *world, guint author, guint reader, gboolean badly)
{
    if (!is_active(world, author, reader) || !is_active(world, reader, author))
        return FALSE;
    g_autoptr(GBytes) bytes = exchange_nodes_answer(&world->nodes[author], &world->nodes[reader]);
    guint64 size = size_of(world, author);
    if (!bytes) {
        g_assert_cmpuint(world->model.read[reader][author], ==, size);
        return FALSE;
    }
    world->follows++;
    if (badly && chance(20)) { /* it is lost, or comes later */
        Held *held = &world->held[below(HELD)];
        g_clear_pointer(&held->bytes, g_bytes_unref);
        *held = (Held){g_steal_pointer(&bytes), author, reader, size};
        world->lost++;
    } else {
        g_assert_true(give(world, author, reader, bytes, size));
        if (badly && chance(20)) /* it comes twice */
            give(world, author, reader, bytes, size);
    }
    check_node(world, reader);
    return TRUE;
}

static void step_follow(World *world)
{
    guint reader = below(NODES);
    Set peers = model_of(&world->model, reader, ACTIVE);
    if (peers)
        follow(world, one_of(peers), reader, TRUE);
}

static void step_late(World *world)
{
    Held *held = &world->held[below(HELD)];
    if (!held->bytes || !is_active(world, held->reader, held->author))
        return;
    give(world, held->author, held->reader, held->bytes, held->size);
    check_node(world, held->reader);
    g_clear_pointer(&held->bytes, g_bytes_unref);
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void check_ends(World *world, guint author, guint reader)
{
    guint64 sent, came;
    guint8 of_sent[SHA256_SIZE], of_came[SHA256_SIZE];
    ExchangeNode *a = &world->nodes[author], *r = &world->nodes[reader];
    g_assert_true(
        deliveries_digest(node_store(a->node), r->origin, G_MAXUINT64, &sent, of_sent, NULL));
    g_assert_true(
        records_digest(node_store(r->node), a->origin, G_MAXUINT64, &came, of_came, NULL));
    g_assert_cmpuint(sent, ==, came);
    g_assert_cmpmem(of_sent, SHA256_SIZE, of_came, SHA256_SIZE);
    g_assert_true(deliveries_waiting(node_store(a->node), r->origin, &sent, NULL));
    g_assert_cmpuint(sent, ==, 0);
}

static void settle(World *world)
{
    gboolean more = TRUE;
    for (guint i = 0; more; i++) {
        g_assert_cmpuint(i, <, 5); /* receipts of receipts there are none */
        more = FALSE;
        for (guint author = 0; author < NODES; author++)
            for (guint reader = 0; reader < NODES; reader++)
                if (author != reader)
                    more |= follow(world, author, reader, FALSE);
    }
    for (guint author = 0; author < NODES; author++)
        for (guint reader = 0; reader < NODES; reader++)
            if (author != reader && world->model.peering[author][reader] == ACTIVE)
                check_ends(world, author, reader);
    for (guint node = 0; node < NODES; node++)
        check_node(world, node);
}

/* --- the world ---------------------------------------------------------------------------------
 */

typedef struct {
    const char *name, *reach;
    gint64 number;
} NewCollection;

static gboolean apply_collection(StoreTx *tx, gpointer user, GError **error)
{
    NewCollection *made = user;
    return collections_add(tx, "main", NULL, made->name, made->name, NULL, &made->number, error) &&
           collections_set_reach(tx, made->number, made->reach, error);
}

static gint64 add_collection(ExchangeNode *node, const char *name, const char *reach)
{
    g_autoptr(GError) error = NULL;
    NewCollection made = {name, reach, 0};
    writer_run(node_writer(node->node), 1, apply_collection, &made, &error);
    g_assert_no_error(error);
    return made.number;
}

static void make_collections(World *world, guint node)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        world->collections[node][i] =
            add_collection(&world->nodes[node], classes[i].name, classes[i].reach);
    guint peer = world->collection_peer[node] = one_of(MODEL_EVERYBODY & ~ONLY(node));
    g_autofree char *reach = g_strconcat("peer:", world->nodes[peer].name, NULL);
    world->collections[node][A_PEER] = add_collection(&world->nodes[node], "a-peer", reach);
}

static World *make_world(void)
{
    World *world = g_new0(World, 1);
    world->hours = g_get_real_time();
    for (guint i = 0; i < NODES; i++) {
        g_autofree char *name = g_strdup_printf("n%02u.example", i);
        exchange_nodes_make(&world->nodes[i], name);
    }
    for (guint i = 0; i < NODES; i += 2)
        make_collections(world, i);
    for (guint i = 0; i < 36; i++)
        step_peering(world);
    for (guint i = 0; i < 24; i++)
        step_club(world);
    return world;
}

static void run_round(World *world)
{
    static const struct {
        void (*step)(World *world);
        guint weight;
    } steps[] = {{step_thing, 18},  {step_send, 30}, {step_grant, 6},   {step_retract, 7},
                 {step_follow, 50}, {step_late, 5},  {step_peering, 5}, {step_expire, 2},
                 {step_club, 8},    {step_reopen, 1}};
    guint total = 0;
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        total += steps[i].weight;
    for (guint i = 0; i < STEPS; i++) {
        guint pick = below(total), which = 0;
        while (pick >= steps[which].weight)
            pick -= steps[which++].weight;
        steps[which].step(world);
    }
    settle(world);
    for (guint i = 0; i < world->model.n_things; i++)
        g_clear_pointer(&world->ids[i], g_free);
    world->model.n_things = world->model.n_sent = 0;
}

/* Each kind of step was taken; what chance leaves out of six rounds once in a while, a few more
 * rounds bring. */
static gboolean has_seen_all(const World *world)
{
    return world->sends > 0 && world->onward > 0 && world->refusals > 0 && world->grants > 0 &&
           world->retractions > 0 && world->lost > 0;
}

static void test_worlds(void)
{
    const char *wanted = g_getenv("CONCERT_WORLDS");
    guint64 rounds = wanted ? g_ascii_strtoull(wanted, NULL, 10) : ROUNDS;
    World *world = make_world();
    for (guint64 i = 0; i < rounds; i++)
        run_round(world);
    for (guint more = 0; rounds >= ROUNDS && more < MORE_ROUNDS && !has_seen_all(world); more++)
        run_round(world);
    g_test_message("%u sent (%u onward, %u to communities), %u refused, %u grants, %u taken back, "
                   "%u answers, %u lost",
                   world->sends, world->onward, world->club_sends, world->refusals, world->grants,
                   world->retractions, world->follows, world->lost);
    g_assert_true(rounds < ROUNDS || has_seen_all(world));
    for (guint i = 0; i < HELD; i++)
        g_clear_pointer(&world->held[i].bytes, g_bytes_unref);
    for (guint i = 0; i < NODES; i++)
        exchange_nodes_close(&world->nodes[i]);
    g_free(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exchange/worlds", test_worlds);
    return g_test_run();
}
