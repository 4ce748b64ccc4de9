/* The policy function against a second statement of its rules, written as sets of nodes and
 * persons, over random nodes, peerings, communities, dispatches, and chains of them. GLib prints
 * the seed;
 * `--seed` repeats a run. */
#include <string.h>

#include "identity/role.h"
#include "policy/audience.h"
#include "policy/decide.h"

#define ROUNDS      6000
#define NODES       12
#define COMMUNITIES 3
#define THINGS      6 /* of one chain */
#define EVERYONE    ((Set)((1u << NODES) - 1))

typedef guint16 Set; /* of nodes */

/* In the order of their bytes. */
static const char *const origins[NODES] = {
    "n00.example/ledger", "n01.example/ledger", "n02.example/ledger", "n03.example/ledger",
    "n04.example/ledger", "n05.example/ledger", "n06.example/ledger", "n07.example/ledger",
    "n08.example/ledger", "n09.example/ledger", "n10.example/ledger", "n11.example/ledger"};
static const char *const communities[COMMUNITIES] = {"club@n00.example", "desk@n00.example",
                                                     "guild@n01.example"};

/* The persons at every node. */
static const struct {
    const char *name;
    DecideWho who;
    guint roles;
} persons[] = {
    {"ann", DECIDE_STAFF, ROLE_READER},   {"bob", DECIDE_STAFF, ROLE_ANALYST | ROLE_ADMIN},
    {"eve", DECIDE_STAFF, ROLE_ADMIN},    {"olga", DECIDE_STAFF, ROLE_OFFICER},
    {"pat", DECIDE_CLIENT, ROLE_READER},  {"quinn", DECIDE_CLIENT, ROLE_AUDITOR},
    {"rob", DECIDE_CLIENT, ROLE_OFFICER},
};
enum { ANN = 1, BOB = 2, EVE = 4, OLGA = 8, PAT = 16, QUINN = 32, ROB = 64 };

typedef struct {
    DecidePeering peering[NODES][NODES]; /* as the one sees the other */
    Set before[COMMUNITIES];             /* members when the dispatch is made */
    Set now[COMMUNITIES];                /* and later */
    MarkingTlp unmarked;
} World;

typedef struct {
    guint author;
    gboolean is_public;
    Set audience, named, grants;
    int community; /* -1: none */
    MarkingTlp tlp, object_tlp;
    DecideState state;
    guint readers; /* persons */
} Thing;

/* ---- The second statement: sets. ---- */

static MarkingTlp strictest(const World *world, const Thing *thing)
{
    static const MarkingTlp downwards[] = {MARKING_TLP_RED, MARKING_TLP_AMBER_STRICT,
                                           MARKING_TLP_AMBER, MARKING_TLP_GREEN, MARKING_TLP_CLEAR};
    for (guint i = 0; i < G_N_ELEMENTS(downwards); i++)
        if (thing->tlp == downwards[i] || thing->object_tlp == downwards[i])
            return downwards[i];
    return world->unmarked ? world->unmarked : MARKING_TLP_AMBER;
}

static Set with_peering(const World *world, guint node, DecidePeering peering)
{
    Set set = 0;
    for (guint other = 0; other < NODES; other++)
        if (world->peering[node][other] == peering)
            set |= (Set)(1u << other);
    return set;
}

static Set active(const World *world, guint node)
{
    return with_peering(world, node, DECIDE_PEERING_ACTIVE);
}

static gboolean contradicts(const World *world, const Thing *thing)
{
    return thing->is_public && strictest(world, thing) != MARKING_TLP_CLEAR;
}

/* Whom the author meant, all in all. */
static Set meant(const Thing *thing)
{
    return thing->is_public ? EVERYONE : thing->audience | thing->grants;
}

/* Whether it is for anybody at all outside the staff of who has it. */
static gboolean goes_out(const World *world, const Thing *thing)
{
    return thing->state == DECIDE_LIVE && !contradicts(world, thing) && meant(thing) != 0;
}

static Set receives(const World *world, const Thing *thing)
{
    if (!goes_out(world, thing))
        return 0;
    Set set = meant(thing);
    if (strictest(world, thing) == MARKING_TLP_RED)
        set = thing->audience & thing->named;
    return set & active(world, thing->author);
}

/* Where it may go from there, were everyone everyone's peer. */
static Set ceiling(const World *world, const Thing *thing)
{
    if (!goes_out(world, thing))
        return 0;
    if (strictest(world, thing) == MARKING_TLP_CLEAR)
        return EVERYONE;
    if (strictest(world, thing) == MARKING_TLP_GREEN)
        return thing->community >= 0 ? world->now[thing->community] : meant(thing);
    return 0;
}

static Set passes(const World *world, const Thing *thing, guint holder)
{
    return ceiling(world, thing) & active(world, holder);
}

static Set peers_accounts(const World *world, const Thing *thing, guint node)
{
    if (node != thing->author)
        return passes(world, thing, node);
    return strictest(world, thing) == MARKING_TLP_RED ? 0 : receives(world, thing);
}

static guint who_reads(const World *world, const Thing *thing, guint node)
{
    guint staff = ANN | BOB | OLGA, clients = PAT | ROB;
    MarkingTlp tlp = strictest(world, thing);
    if (tlp == MARKING_TLP_RED)
        staff &= node != thing->author && thing->readers ? thing->readers : OLGA;
    if (!goes_out(world, thing) || tlp == MARKING_TLP_RED || tlp == MARKING_TLP_AMBER_STRICT)
        clients = 0;
    return staff | clients;
}

static gboolean anyone_reads(const World *world, const Thing *thing, guint node)
{
    return goes_out(world, thing) && strictest(world, thing) == MARKING_TLP_CLEAR &&
           (node != thing->author || thing->is_public);
}

/* What who gets @thing may do with it at most, as marks on a list of all that could ever be meant
 * by "to whom it may go on": everyone, the members of a community whoever they will be, nodes. */
#define MARK_EVERYONE     (1u << 31)
#define MARK_COMMUNITY(c) (1u << (16 + (c)))

static guint marks(MarkingTlp tlp, int community, Set nodes)
{
    if (tlp == MARKING_TLP_NONE || tlp == MARKING_TLP_CLEAR)
        return G_MAXUINT;
    if (tlp != MARKING_TLP_GREEN)
        return 0;
    return community >= 0 ? MARK_COMMUNITY(community) : nodes;
}

/* Whether @next gives nobody more than @thing does. The nodes it is sent to were asked for each by
 * itself, so they are no more. */
static gboolean keeps_terms(const World *world, const Thing *thing, const Thing *next)
{
    MarkingTlp tlp = strictest(world, thing), on = MAX(next->tlp, next->object_tlp);
    if (!goes_out(world, thing) || tlp > MARKING_TLP_GREEN)
        return FALSE;
    if (next->is_public && (tlp > MARKING_TLP_CLEAR || on > MARKING_TLP_CLEAR))
        return FALSE;
    return (marks(on, next->community, 0) & ~marks(tlp, thing->community, 0)) == 0;
}

/* ---- Asking the policy function. ---- */

typedef struct {
    DecideSubject subject;
    const char *audience[NODES], *named[NODES], *grants[NODES], *readers[G_N_ELEMENTS(persons)];
} Asked;

static DecideList list_of(Set set, const char *const *all, guint n_all, const char **names)
{
    DecideList list = {names, 0};
    for (guint i = 0; i < n_all; i++)
        if (set & (1u << i))
            names[list.count++] = all[i];
    return list;
}

static void set_up(const World *world, const Thing *thing, guint node, Asked *asked)
{
    const char *names[G_N_ELEMENTS(persons)];
    for (guint i = 0; i < G_N_ELEMENTS(persons); i++)
        names[i] = persons[i].name;
    asked->subject = (DecideSubject){
        .is_own = node == thing->author,
        .is_public = thing->is_public,
        .audience = list_of(thing->audience, origins, NODES, asked->audience),
        .named = list_of(thing->named, origins, NODES, asked->named),
        .grants = list_of(thing->grants, origins, NODES, asked->grants),
        .community = thing->community >= 0 ? communities[thing->community] : NULL,
        .tlp = thing->tlp,
        .object_tlp = thing->object_tlp,
        .unmarked = world->unmarked,
        .state = thing->state,
        .readers = list_of((Set)thing->readers, names, G_N_ELEMENTS(persons), asked->readers),
        .is_exercise = g_test_rand_bit(),
        .pap = (MarkingPap)g_test_rand_int_range(0, 5),
    };
}

/* How often each column of the table said no and yes at each level: a run that leaves out what can
 * happen tests nothing. */
static guint seen[MARKING_TLP_RED + 1][DECIDE_COLUMNS][2];

static gboolean ask(const World *world, const Thing *thing, DecideColumn column,
                    DecideQuestion question, const Asked *asked, const DecideViewer *viewer)
{
    const DecideRule *rule = decide_whether(question, &asked->subject, viewer);
    seen[strictest(world, thing)][column][rule->allows]++;
    return rule->allows;
}

static gboolean ask_peer(const World *world, const Thing *thing, guint node, guint peer,
                         DecideColumn column, DecideQuestion question, const Asked *asked)
{
    Set member_of = 0;
    for (guint c = 0; c < COMMUNITIES; c++)
        member_of |= (Set)((world->now[c] >> peer & 1u) << c);
    const char *names[COMMUNITIES];
    DecideViewer viewer = {
        .who = DECIDE_PEER,
        .origin = origins[peer],
        .peering = world->peering[node][peer],
        .communities = list_of(member_of, communities, COMMUNITIES, names),
        .roles = question == DECIDE_READ ? ROLE_READER : 0,
    };
    return ask(world, thing, column, question, asked, &viewer);
}

static Set ask_peers(const World *world, const Thing *thing, guint node, DecideColumn column,
                     DecideQuestion question, const Asked *asked)
{
    Set set = 0;
    for (guint peer = 0; peer < NODES; peer++)
        if (ask_peer(world, thing, node, peer, column, question, asked))
            set |= (Set)(1u << peer);
    return set;
}

static void compare_persons(const World *world, const Thing *thing, guint node, const Asked *asked)
{
    gboolean is_own = node == thing->author;
    guint reading = 0;
    for (guint i = 0; i < G_N_ELEMENTS(persons); i++) {
        DecideViewer viewer = {
            .who = persons[i].who, .account = persons[i].name, .roles = persons[i].roles};
        DecideColumn column =
            persons[i].who == DECIDE_STAFF ? DECIDE_COLUMN_STAFF : DECIDE_COLUMN_CLIENT;
        reading |= (guint)ask(world, thing, column, DECIDE_READ, asked, &viewer) << i;
    }
    g_assert_cmphex(reading, ==, who_reads(world, thing, node));

    DecideViewer anyone = {.who = DECIDE_ANYONE};
    DecideColumn column = is_own ? DECIDE_COLUMN_ANYONE_OWN : DECIDE_COLUMN_ANYONE_RECEIVED;
    g_assert_cmpint(ask(world, thing, column, DECIDE_READ, asked, &anyone), ==,
                    anyone_reads(world, thing, node));
}

/* All that can be asked about @thing at @node. */
static void compare(const World *world, const Thing *thing, guint node)
{
    Asked asked;
    set_up(world, thing, node, &asked);
    gboolean is_own = node == thing->author;
    Set delivered = ask_peers(world, thing, node, DECIDE_COLUMN_DELIVER, DECIDE_DELIVER, &asked);
    g_assert_cmphex(delivered, ==, is_own ? receives(world, thing) : 0);
    Set sent_on = ask_peers(world, thing, node, DECIDE_COLUMN_ONWARD, DECIDE_ONWARD, &asked);
    g_assert_cmphex(sent_on, ==, is_own ? 0 : passes(world, thing, node));
    DecideColumn column = is_own ? DECIDE_COLUMN_PEER_OWN : DECIDE_COLUMN_PEER_RECEIVED;
    Set accounts = ask_peers(world, thing, node, column, DECIDE_READ, &asked);
    g_assert_cmphex(accounts, ==, peers_accounts(world, thing, node));
    compare_persons(world, thing, node, &asked);
}

/* ---- Random worlds. ---- */

static Set random_set(guint density)
{
    Set set = 0;
    for (guint node = 0; node < NODES; node++)
        if ((guint)g_test_rand_int_range(0, 100) < density)
            set |= (Set)(1u << node);
    return set;
}

static gboolean chance(int percent)
{
    return g_test_rand_int_range(0, 100) < percent;
}

static void make_world(World *world)
{
    memset(world, 0, sizeof *world);
    for (guint a = 0; a < NODES; a++)
        for (guint b = 0; b < a; b++)
            world->peering[a][b] = world->peering[b][a] =
                chance(70) ? DECIDE_PEERING_ACTIVE : (DecidePeering)g_test_rand_int_range(0, 4);
    for (guint c = 0; c < COMMUNITIES; c++) {
        world->before[c] = random_set(50);
        world->now[c] = (world->before[c] & ~random_set(20)) | random_set(10);
    }
    world->unmarked = (MarkingTlp)g_test_rand_int_range(0, 6);
}

static MarkingTlp random_tlp(void)
{
    return (MarkingTlp)g_test_rand_int_range(MARKING_TLP_NONE, MARKING_TLP_RED + 1);
}

/* The set of what audience_resolve() makes, which is compared with what it should be. */
static void address(const World *world, Thing *thing, Set named, Set members)
{
    const char *one_by_one[NODES + 1] = {NULL}, *others[NODES + 1] = {NULL};
    const char *suspended[NODES + 1] = {NULL};
    Set asleep = with_peering(world, thing->author, DECIDE_PEERING_SUSPENDED);
    list_of(named, origins, NODES, one_by_one);
    list_of(members, origins, NODES, others);
    list_of(asleep, origins, NODES, suspended);
    g_autoptr(Audience) audience =
        audience_resolve(one_by_one, others, suspended, origins[thing->author], NULL);
    g_assert_nonnull(audience);
    for (guint node = 0; node < NODES; node++) {
        Set bit = (Set)(1u << node);
        if (g_strv_contains((const char *const *)audience->origins, origins[node]))
            thing->audience |= bit;
        if (g_strv_contains((const char *const *)audience->named, origins[node]))
            thing->named |= bit;
    }
    Set self = (Set)(1u << thing->author);
    g_assert_cmphex(thing->named, ==, named & ~self);
    g_assert_cmphex(thing->audience, ==, (named | (members & ~asleep)) & ~self);
}

static void make_thing(const World *world, guint author, Thing *thing)
{
    *thing = (Thing){
        .author = author,
        .is_public = chance(15),
        .community = chance(60) ? g_test_rand_int_range(0, COMMUNITIES) : -1,
        .tlp = random_tlp(),
        .object_tlp = chance(50) ? MARKING_TLP_NONE : random_tlp(),
        .state = chance(80) ? DECIDE_LIVE : (DecideState)g_test_rand_int_range(0, 4),
        .readers = chance(50) ? 0 : (guint)g_test_rand_int_range(0, 128),
        .grants = chance(30) ? random_set(20) : 0,
    };
    if (!thing->is_public && !chance(10))
        address(world, thing, chance(60) ? random_set(25) : 0,
                thing->community >= 0 ? world->before[thing->community] : 0);
    if (chance(10)) /* a header may name who is not in its audience */
        thing->named |= random_set(20);
}

/* ---- Chains. ---- */

/* What @holder would send on of @thing: its own choice of terms, and of nodes among those it may
 * choose. FALSE if it may not. */
static gboolean make_next(const World *world, const Thing *thing, guint holder, Thing *next)
{
    make_thing(world, holder, next);
    next->audience = next->named = next->grants = 0;
    if (chance(50)) {
        next->community = thing->community;
        next->tlp = thing->tlp;
        next->object_tlp = thing->object_tlp;
    }
    Asked asked;
    set_up(world, thing, holder, &asked);
    asked.subject.is_exercise = FALSE;
    asked.subject.pap = MARKING_PAP_NONE;
    DecideCarrier carrier = {
        .is_public = next->is_public,
        .tlp = next->tlp,
        .object_tlp = next->object_tlp,
        .community = next->community >= 0 ? communities[next->community] : NULL,
    };
    gboolean may = decide_carry(&asked.subject, &carrier)->allows;
    g_assert_cmpint(may, ==, keeps_terms(world, thing, next));
    if (!may)
        return FALSE;
    Set chosen = ask_peers(world, thing, holder, DECIDE_COLUMN_ONWARD, DECIDE_ONWARD, &asked);
    next->audience = next->is_public ? 0 : chosen & random_set(70);
    next->named = next->audience & random_set(70);
    next->grants = next->is_public ? 0 : chosen & random_set(20);
    return TRUE;
}

/* Whoever comes to hold it at the end of any chain, and whoever reads it there, is allowed to by
 * what the first author said. */
static void check_against_first(const World *world, const Thing *first, const Thing *last)
{
    MarkingTlp tlp = strictest(world, first);
    Set allowed = receives(world, first) | ceiling(world, first);
    g_assert_cmphex(receives(world, last) & ~allowed, ==, 0);
    for (guint node = 0; node < NODES; node++) {
        g_assert_cmphex(passes(world, last, node) & ~allowed, ==, 0);
        if (tlp != MARKING_TLP_CLEAR)
            g_assert_false(anyone_reads(world, last, node));
        if (tlp > MARKING_TLP_AMBER)
            g_assert_cmphex(who_reads(world, last, node) & (PAT | ROB), ==, 0);
    }
}

static void test_chains(void)
{
    guint longest = 0;
    for (guint round = 0; round < ROUNDS; round++) {
        World world;
        make_world(&world);
        Thing things[THINGS];
        guint hops[THINGS] = {0}, n_things = 1;
        make_thing(&world, (guint)g_test_rand_int_range(0, NODES), &things[0]);
        for (guint i = 0; i < n_things; i++) {
            Set holders = receives(&world, &things[i]);
            compare(&world, &things[i], things[i].author);
            /* Also where it never came to: what leaked is held to the same terms. */
            compare(&world, &things[i], (guint)g_test_rand_int_range(0, NODES));
            check_against_first(&world, &things[0], &things[i]);
            for (guint node = 0; node < NODES && n_things < THINGS; node++) {
                if (!(holders & (1u << node)) || !chance(60))
                    continue;
                if (!make_next(&world, &things[i], node, &things[n_things]))
                    continue;
                hops[n_things] = hops[i] + 1;
                longest = MAX(longest, hops[n_things]);
                n_things++;
            }
        }
    }
    g_test_message("longest chain: %u", longest);
    g_assert_cmpuint(longest, >=, 3);
}

static void test_seen(void)
{
    for (int tlp = MARKING_TLP_CLEAR; tlp <= MARKING_TLP_RED; tlp++)
        for (int column = 0; column < DECIDE_COLUMNS; column++) {
            g_assert_cmpuint(seen[tlp][column][FALSE], >, 0);
            gboolean never = strcmp(decide_cell(tlp, column), "no") == 0;
            if (never)
                g_assert_cmpuint(seen[tlp][column][TRUE], ==, 0);
            else
                g_assert_cmpuint(seen[tlp][column][TRUE], >, 0);
        }
}

/* Everyone passes on to all it may, on the same terms: what is permitted arrives, and no more. */
static Set flood(const World *world, const Thing *first)
{
    Asked asked;
    set_up(world, first, first->author, &asked);
    Set reached =
        ask_peers(world, first, first->author, DECIDE_COLUMN_DELIVER, DECIDE_DELIVER, &asked);
    struct {
        Thing thing;
        guint holder;
    } queue[NODES * 2];
    guint n_queue = 0;
    for (guint node = 0; node < NODES; node++)
        if (reached & (1u << node)) {
            queue[n_queue].thing = *first;
            queue[n_queue++].holder = node;
        }
    for (guint i = 0; i < n_queue; i++) {
        Thing next = queue[i].thing;
        set_up(world, &next, queue[i].holder, &asked);
        Set on =
            ask_peers(world, &next, queue[i].holder, DECIDE_COLUMN_ONWARD, DECIDE_ONWARD, &asked);
        next.author = queue[i].holder;
        next.is_public = FALSE;
        next.audience = on;
        next.named = next.grants = 0;
        for (guint node = 0; node < NODES; node++)
            if (on & ~reached & (1u << node)) {
                queue[n_queue].thing = next;
                queue[n_queue++].holder = node;
            }
        reached |= on;
    }
    return reached;
}

static Set flooded(const World *world, const Thing *first)
{
    Set reached = receives(world, first);
    gboolean once = strictest(world, first) == MARKING_TLP_GREEN && first->community < 0;
    for (Set before = 0; before != reached;) {
        before = reached;
        for (guint node = 0; node < NODES; node++)
            if (before & (1u << node))
                reached |= passes(world, first, node);
        if (once) /* the next dispatch's audience is part of this one's */
            break;
    }
    return reached;
}

static void test_flood(void)
{
    guint grown = 0;
    for (guint round = 0; round < ROUNDS; round++) {
        World world;
        make_world(&world);
        Thing thing;
        make_thing(&world, (guint)g_test_rand_int_range(0, NODES), &thing);
        Set reached = flooded(&world, &thing);
        g_assert_cmphex(flood(&world, &thing), ==, reached);
        grown += reached != receives(&world, &thing);
    }
    g_assert_cmpuint(grown, >, ROUNDS / 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/topologies/chains", test_chains);
    g_test_add_func("/topologies/flood", test_flood);
    g_test_add_func("/topologies/seen", test_seen);
    return g_test_run();
}
