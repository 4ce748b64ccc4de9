#include "policy/decide.h"

#include <string.h>

#include "identity/role.h"

#define ALDER  "cert.alder.example/ledger"
#define BIRCH  "cert.birch.example/ledger"
#define CEDAR  "cert.cedar.example/ledger"
#define FORUM  "desk.forum.example/ledger"

#define CLUB   "club@forum.example"
#define GUILD  "guild@forum.example"

#define CLEAR  MARKING_TLP_CLEAR
#define GREEN  MARKING_TLP_GREEN
#define AMBER  MARKING_TLP_AMBER
#define STRICT MARKING_TLP_AMBER_STRICT
#define RED    MARKING_TLP_RED

/* What one question in this test varies; what a row leaves out is: a dispatch of another node to
 * Birch, named one by one, and to Cedar through a community it is not said to be addressed to. */
typedef struct {
    const char *rule; /* expected */
    DecideQuestion question;
    DecideWho who;
    MarkingTlp tlp;
    gboolean own, public, nobody; /* nobody: an empty audience */
    const char *granted;
    const char *community;
    const char *origin, *member; /* of the peer */
    gboolean other_peering;      /* than active */
    DecidePeering peering;
    gboolean other_roles; /* than reader, for an account */
    guint roles;
    const char *account, *reader;
    DecideState state;
    MarkingTlp object_tlp, unmarked;
} Row;

#define DELIVER    .question = DECIDE_DELIVER, .own = TRUE
#define ONWARD     .question = DECIDE_ONWARD
#define STAFF      .question = DECIDE_READ, .who = DECIDE_STAFF
#define CLIENT     .question = DECIDE_READ, .who = DECIDE_CLIENT
#define ANYONE     .question = DECIDE_READ, .who = DECIDE_ANYONE
#define ACCOUNT    .question = DECIDE_READ, .who = DECIDE_PEER
#define PEERING(x) .other_peering = TRUE, .peering = (x)
#define ROLES(x)   .other_roles = TRUE, .roles = (x)

static const Row rows[] = {
    /* Delivery: the audience, whatever the marking; RED only to who was named. */
    {"audience", DELIVER, .tlp = CLEAR, .origin = BIRCH},
    {"audience", DELIVER, .tlp = GREEN, .origin = BIRCH},
    {"audience", DELIVER, .tlp = AMBER, .origin = CEDAR},
    {"audience", DELIVER, .tlp = STRICT, .origin = CEDAR},
    {"tlp-red-named", DELIVER, .tlp = RED, .origin = BIRCH},
    {"tlp-red-not-named", DELIVER, .tlp = RED, .origin = CEDAR},
    {"tlp-red-not-named", DELIVER, .tlp = RED, .origin = FORUM, .granted = FORUM},
    {"audience-not-in", DELIVER, .tlp = CLEAR, .origin = FORUM},
    {"audience-not-in", DELIVER, .tlp = RED, .origin = FORUM},
    {"audience-grant", DELIVER, .tlp = CLEAR, .origin = FORUM, .granted = FORUM},
    {"audience-grant", DELIVER, .tlp = STRICT, .origin = FORUM, .granted = FORUM},
    {"audience-grant", DELIVER, .tlp = AMBER, .origin = FORUM, .granted = FORUM, .nobody = TRUE},
    {"audience-not-in", DELIVER, .tlp = AMBER, .origin = BIRCH, .granted = FORUM, .nobody = TRUE},
    {"audience-empty", DELIVER, .tlp = CLEAR, .origin = BIRCH, .nobody = TRUE},
    {"audience-empty", DELIVER, .tlp = AMBER, .origin = BIRCH, .nobody = TRUE},
    {"audience-public", DELIVER, .tlp = CLEAR, .origin = FORUM, .public = TRUE},
    {"public-needs-clear", DELIVER, .tlp = GREEN, .origin = BIRCH, .public = TRUE},
    {"public-needs-clear", DELIVER, .tlp = RED, .origin = BIRCH, .public = TRUE},
    {"public-needs-clear", DELIVER, .origin = BIRCH, .public = TRUE},
    /* Membership now neither widens nor narrows what was resolved at the commit. */
    {"audience-not-in", DELIVER, .tlp = GREEN, .origin = FORUM, .community = CLUB, .member = CLUB},
    {"audience", DELIVER, .tlp = GREEN, .origin = CEDAR, .community = CLUB},
    /* Who is no active peer gets nothing, not even what is public. */
    {"peer-suspended", DELIVER, .tlp = CLEAR, .origin = BIRCH, PEERING(DECIDE_PEERING_SUSPENDED)},
    {"peer-ended", DELIVER, .tlp = CLEAR, .origin = BIRCH, PEERING(DECIDE_PEERING_ENDED)},
    {"peer-unknown", DELIVER, .tlp = CLEAR, .origin = BIRCH, PEERING(DECIDE_PEERING_NONE)},
    {"peer-unknown", DELIVER, .tlp = CLEAR, .origin = BIRCH, PEERING(99)},
    {"peer-unknown", DELIVER, .tlp = CLEAR, .public = TRUE},
    {"peer-suspended", DELIVER, .tlp = CLEAR, .origin = BIRCH, .public = TRUE,
     PEERING(DECIDE_PEERING_SUSPENDED)},
    {"state-withdrawn", DELIVER, .tlp = CLEAR, .origin = BIRCH, .state = DECIDE_WITHDRAWN},
    {"state-recalled", DELIVER, .tlp = CLEAR, .origin = BIRCH, .state = DECIDE_RECALLED},
    {"state-expired", DELIVER, .tlp = CLEAR, .origin = BIRCH, .state = DECIDE_EXPIRED},
    {"state-withdrawn", DELIVER, .tlp = CLEAR, .origin = BIRCH, .state = 99},
    {"not-a-peer", DELIVER, .who = DECIDE_STAFF, ROLES(ROLE_ALL), .tlp = CLEAR},
    {"not-a-peer", DELIVER, .who = DECIDE_ANYONE, .public = TRUE, .tlp = CLEAR},
    {"not-author", .question = DECIDE_DELIVER, .tlp = CLEAR, .origin = BIRCH},

    /* Sending on. */
    {"tlp-clear", ONWARD, .tlp = CLEAR, .origin = FORUM},
    {"tlp-clear", ONWARD, .tlp = CLEAR, .origin = FORUM, .public = TRUE},
    {"tlp-clear", ONWARD, .tlp = CLEAR, .origin = FORUM, .community = CLUB},
    {"audience", ONWARD, .tlp = GREEN, .origin = BIRCH},
    {"audience-grant", ONWARD, .tlp = GREEN, .origin = FORUM, .granted = FORUM},
    {"audience-not-in", ONWARD, .tlp = GREEN, .origin = FORUM},
    {"audience-not-in", ONWARD, .tlp = GREEN, .origin = FORUM, .member = CLUB},
    {"community-member", ONWARD, .tlp = GREEN, .origin = FORUM, .community = CLUB, .member = CLUB},
    {"community-member", ONWARD, .tlp = GREEN, .origin = BIRCH, .community = CLUB, .member = CLUB},
    {"community-not-member", ONWARD, .tlp = GREEN, .origin = BIRCH, .community = CLUB},
    {"community-not-member", ONWARD, .tlp = GREEN, .origin = BIRCH, .community = CLUB,
     .member = GUILD},
    {"tlp-amber", ONWARD, .tlp = AMBER, .origin = BIRCH},
    {"tlp-amber", ONWARD, .tlp = AMBER, .origin = BIRCH, .community = CLUB, .member = CLUB},
    {"tlp-amber-strict", ONWARD, .tlp = STRICT, .origin = BIRCH},
    {"tlp-red", ONWARD, .tlp = RED, .origin = BIRCH},
    {"public-needs-clear", ONWARD, .tlp = GREEN, .origin = BIRCH, .public = TRUE},
    {"audience-empty", ONWARD, .tlp = CLEAR, .origin = BIRCH, .nobody = TRUE},
    {"peer-suspended", ONWARD, .tlp = CLEAR, .origin = BIRCH, PEERING(DECIDE_PEERING_SUSPENDED)},
    {"peer-ended", ONWARD, .tlp = CLEAR, .origin = BIRCH, PEERING(DECIDE_PEERING_ENDED)},
    {"peer-unknown", ONWARD, .tlp = CLEAR, .origin = BIRCH, PEERING(DECIDE_PEERING_NONE)},
    {"state-withdrawn", ONWARD, .tlp = CLEAR, .origin = BIRCH, .state = DECIDE_WITHDRAWN},
    {"state-recalled", ONWARD, .tlp = CLEAR, .origin = BIRCH, .state = DECIDE_RECALLED},
    {"state-expired", ONWARD, .tlp = CLEAR, .origin = BIRCH, .state = DECIDE_EXPIRED},
    {"not-received", .question = DECIDE_ONWARD, .own = TRUE, .tlp = CLEAR, .origin = BIRCH},
    {"not-a-peer", ONWARD, .who = DECIDE_CLIENT, ROLES(ROLE_ALL), .tlp = CLEAR},

    /* Staff, at the author and at a recipient. */
    {"staff", STAFF, .tlp = CLEAR},
    {"staff", STAFF, .tlp = GREEN, .own = TRUE},
    {"staff", STAFF, .tlp = AMBER},
    {"staff", STAFF, .tlp = STRICT},
    {"staff", STAFF, .tlp = AMBER, .own = TRUE, .nobody = TRUE},
    {"staff", STAFF, .tlp = AMBER, .public = TRUE},
    {"tlp-red-not-officer", STAFF, .tlp = RED},
    {"tlp-red-not-officer", STAFF, .tlp = RED, .own = TRUE, .account = "ann", .reader = "ann"},
    {"tlp-red-officer", STAFF, .tlp = RED, ROLES(ROLE_OFFICER)},
    {"tlp-red-officer", STAFF, .tlp = RED, ROLES(ROLE_OFFICER), .own = TRUE, .reader = "ann"},
    {"tlp-red-reader", STAFF, .tlp = RED, .account = "ann", .reader = "ann"},
    {"tlp-red-not-reader", STAFF, .tlp = RED, .account = "bob", .reader = "ann",
     ROLES(ROLE_OFFICER)},
    {"tlp-red-not-reader", STAFF, .tlp = RED, .reader = "ann", ROLES(ROLE_OFFICER)},
    {"staff-not-live", STAFF, .tlp = AMBER, .state = DECIDE_WITHDRAWN},
    {"staff-not-live", STAFF, .tlp = CLEAR, .state = DECIDE_RECALLED, .own = TRUE},
    {"staff-not-live", STAFF, .tlp = STRICT, .state = DECIDE_EXPIRED},
    {"staff-not-live", STAFF, .tlp = RED, .state = DECIDE_RECALLED, ROLES(ROLE_OFFICER)},
    {"tlp-red-not-officer", STAFF, .tlp = RED, .state = DECIDE_RECALLED},
    {"account-no-reading", STAFF, .tlp = CLEAR, ROLES(ROLE_ADMIN | ROLE_AUDITOR)},
    {"account-no-reading", STAFF, .tlp = RED, ROLES(ROLE_ADMIN), .account = "ann", .reader = "ann"},

    /* Clients. */
    {"client", CLIENT, .tlp = CLEAR},
    {"client", CLIENT, .tlp = GREEN},
    {"client", CLIENT, .tlp = AMBER},
    {"client", CLIENT, .tlp = AMBER, .own = TRUE},
    {"tlp-amber-strict", CLIENT, .tlp = STRICT},
    {"tlp-red", CLIENT, .tlp = RED, ROLES(ROLE_ALL), .account = "ann", .reader = "ann"},
    {"state-withdrawn", CLIENT, .tlp = CLEAR, .state = DECIDE_WITHDRAWN},
    {"state-recalled", CLIENT, .tlp = CLEAR, .state = DECIDE_RECALLED},
    {"state-expired", CLIENT, .tlp = CLEAR, .state = DECIDE_EXPIRED},
    {"audience-empty", CLIENT, .tlp = CLEAR, .own = TRUE, .nobody = TRUE},
    {"public-needs-clear", CLIENT, .tlp = AMBER, .public = TRUE},
    {"account-no-reading", CLIENT, .tlp = CLEAR, ROLES(0), .account = "pat"},
    {"client", CLIENT, .tlp = CLEAR, ROLES(0)},
    {"tlp-red-not-officer", STAFF, .tlp = RED, ROLES(0)},
    {"account-no-reading", STAFF, .tlp = CLEAR, ROLES(0), .account = "eve"},
    {"account-no-reading", CLIENT, .tlp = CLEAR, ROLES(ROLE_ADMIN)},

    /* An account that stands for a peer: delivery at the author, sending on at a recipient; never
     * RED, since no account of a peer is known to be a named reader's or an officer's. */
    {"audience", ACCOUNT, .own = TRUE, .tlp = STRICT, .origin = BIRCH},
    {"audience-grant", ACCOUNT, .own = TRUE, .tlp = AMBER, .origin = FORUM, .granted = FORUM},
    {"audience-not-in", ACCOUNT, .own = TRUE, .tlp = CLEAR, .origin = FORUM},
    {"audience-public", ACCOUNT, .own = TRUE, .tlp = CLEAR, .origin = FORUM, .public = TRUE},
    {"audience-empty", ACCOUNT, .own = TRUE, .tlp = CLEAR, .origin = BIRCH, .nobody = TRUE},
    {"tlp-red", ACCOUNT, .own = TRUE, .tlp = RED, .origin = BIRCH, ROLES(ROLE_OFFICER)},
    {"tlp-clear", ACCOUNT, .tlp = CLEAR, .origin = FORUM},
    {"community-member", ACCOUNT, .tlp = GREEN, .origin = FORUM, .community = CLUB, .member = CLUB},
    {"community-not-member", ACCOUNT, .tlp = GREEN, .origin = BIRCH, .community = CLUB},
    {"audience", ACCOUNT, .tlp = GREEN, .origin = BIRCH},
    {"tlp-amber", ACCOUNT, .tlp = AMBER, .origin = BIRCH},
    {"tlp-amber-strict", ACCOUNT, .tlp = STRICT, .origin = BIRCH},
    {"tlp-red", ACCOUNT, .tlp = RED, .origin = BIRCH},
    {"peer-suspended", ACCOUNT, .tlp = CLEAR, .origin = BIRCH, PEERING(DECIDE_PEERING_SUSPENDED)},
    {"peer-ended", ACCOUNT, .own = TRUE, .tlp = CLEAR, .origin = BIRCH,
     PEERING(DECIDE_PEERING_ENDED)},
    {"state-withdrawn", ACCOUNT, .own = TRUE, .tlp = CLEAR, .origin = BIRCH,
     .state = DECIDE_WITHDRAWN},
    {"account-no-reading", ACCOUNT, .tlp = CLEAR, .origin = BIRCH, ROLES(ROLE_ADMIN)},

    /* Anyone. */
    {"audience-public", ANYONE, .own = TRUE, .tlp = CLEAR, .public = TRUE},
    {"audience-not-public", ANYONE, .own = TRUE, .tlp = CLEAR},
    {"audience-empty", ANYONE, .own = TRUE, .tlp = CLEAR, .nobody = TRUE},
    {"tlp-clear", ANYONE, .tlp = CLEAR},
    {"tlp-green", ANYONE, .tlp = GREEN},
    {"tlp-green", ANYONE, .tlp = GREEN, .own = TRUE},
    {"tlp-amber", ANYONE, .tlp = AMBER},
    {"tlp-amber-strict", ANYONE, .tlp = STRICT},
    {"tlp-red", ANYONE, .tlp = RED, ROLES(ROLE_ALL)},
    {"public-needs-clear", ANYONE, .own = TRUE, .tlp = GREEN, .public = TRUE},
    {"state-recalled", ANYONE, .own = TRUE, .tlp = CLEAR, .public = TRUE, .state = DECIDE_RECALLED},

    /* What is unmarked, and what is marked twice. */
    {"tlp-amber", ONWARD, .origin = BIRCH},
    {"tlp-red", ONWARD, .origin = BIRCH, .unmarked = RED},
    {"tlp-clear", ONWARD, .origin = BIRCH, .unmarked = CLEAR},
    {"tlp-clear", ONWARD, .origin = BIRCH, .object_tlp = CLEAR, .unmarked = RED},
    {"tlp-clear", ONWARD, .origin = BIRCH, .tlp = CLEAR, .unmarked = RED},
    {"tlp-red", ONWARD, .origin = BIRCH, .tlp = CLEAR, .object_tlp = RED},
    {"tlp-amber-strict", ONWARD, .origin = BIRCH, .tlp = STRICT, .object_tlp = CLEAR},
    {"public-needs-clear", ANYONE, .own = TRUE, .tlp = CLEAR, .object_tlp = GREEN, .public = TRUE},
    {"tlp-red", ONWARD, .origin = BIRCH, .tlp = 99},

    /* What nobody asks. */
    {"no-rule", .question = 99, .who = DECIDE_PEER, .origin = BIRCH, .tlp = CLEAR},
    {"no-rule", .question = DECIDE_READ, .who = 99, ROLES(ROLE_ALL), .tlp = CLEAR},
};

static const DecideRule *ask(const Row *row, gboolean is_exercise)
{
    static const char *const both[] = {BIRCH, CEDAR, NULL};
    static const char *const birch[] = {BIRCH, NULL};
    const char *granted[] = {row->granted, NULL}, *reader[] = {row->reader, NULL};
    const char *member[] = {row->member, NULL};
    DecideSubject subject = {
        .is_own = row->own,
        .is_public = row->public,
        .audience = decide_list(row->nobody ? NULL : both),
        .named = decide_list(row->nobody ? NULL : birch),
        .grants = decide_list(granted),
        .community = row->community,
        .tlp = row->tlp,
        .object_tlp = row->object_tlp,
        .unmarked = row->unmarked,
        .pap = is_exercise ? MARKING_PAP_RED : MARKING_PAP_NONE,
        .state = row->state,
        .readers = decide_list(reader),
        .is_exercise = is_exercise,
    };
    DecideViewer viewer = {
        .who = row->who,
        .origin = row->origin,
        .peering = row->other_peering ? row->peering : DECIDE_PEERING_ACTIVE,
        .communities = decide_list(member),
        .account = row->account,
        .roles = row->other_roles            ? row->roles
                 : row->who == DECIDE_ANYONE ? 0
                                             : ROLE_READER,
    };
    return decide_whether(row->question, &subject, &viewer);
}

static void test_truth(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        for (int is_exercise = FALSE; is_exercise <= TRUE; is_exercise++) {
            const DecideRule *rule = ask(&rows[i], is_exercise);
            if (strcmp(rule->id, rows[i].rule) != 0)
                g_error("row %u: %s instead of %s", i, rule->id, rows[i].rule);
        }
}

typedef struct {
    const char *rule;
    DecideSubject subject;
    DecideCarrier carrier;
} Carriage;

#define TO_CLUB .audience = {audience, 1}, .community = CLUB
#define TO_ONE  .audience = {audience, 1}

static const char *const audience[] = {BIRCH};

static const Carriage carriages[] = {
    {"carry", {TO_ONE, .tlp = CLEAR}, {.tlp = CLEAR}},
    {"carry", {TO_ONE, .tlp = CLEAR}, {.tlp = RED}},
    {"carry", {TO_ONE, .tlp = CLEAR}, {.tlp = CLEAR, .is_public = TRUE}},
    {"carry", {TO_ONE, .tlp = CLEAR}, {.tlp = GREEN, .community = CLUB}},
    {"carry", {TO_ONE, .tlp = CLEAR}, {.tlp = MARKING_TLP_NONE}},
    {"public-needs-clear", {TO_ONE, .tlp = CLEAR}, {.tlp = GREEN, .is_public = TRUE}},
    {"public-needs-clear", {TO_CLUB, .tlp = GREEN}, {.tlp = CLEAR, .is_public = TRUE}},
    {"carry", {TO_CLUB, .tlp = GREEN}, {.tlp = GREEN, .community = CLUB}},
    {"carry", {TO_CLUB, .tlp = GREEN}, {.tlp = GREEN}},
    {"carry", {TO_CLUB, .tlp = GREEN}, {.tlp = CLEAR, .object_tlp = GREEN}},
    {"carry", {TO_CLUB, .tlp = GREEN}, {.tlp = AMBER, .community = GUILD}},
    {"carry-tlp", {TO_CLUB, .tlp = GREEN}, {.tlp = CLEAR, .community = CLUB}},
    {"carry-tlp", {TO_CLUB, .tlp = GREEN}, {.tlp = MARKING_TLP_NONE}},
    {"carry-community", {TO_CLUB, .tlp = GREEN}, {.tlp = GREEN, .community = GUILD}},
    {"carry-community", {TO_ONE, .tlp = GREEN}, {.tlp = GREEN, .community = CLUB}},
    {"carry", {TO_ONE, .tlp = GREEN}, {.tlp = GREEN}},
    {"tlp-amber", {TO_CLUB, .tlp = AMBER}, {.tlp = RED}},
    {"tlp-amber", {TO_CLUB}, {.tlp = RED}},
    {"tlp-amber-strict", {TO_CLUB, .tlp = STRICT}, {.tlp = RED}},
    {"tlp-red", {TO_CLUB, .object_tlp = RED}, {.tlp = RED}},
    {"not-received", {TO_ONE, .tlp = CLEAR, .is_own = TRUE}, {.tlp = CLEAR}},
    {"audience-empty", {.tlp = CLEAR}, {.tlp = CLEAR}},
    {"state-recalled", {TO_ONE, .tlp = CLEAR, .state = DECIDE_RECALLED}, {.tlp = CLEAR}},
    {"carry-pap",
     {TO_ONE, .tlp = CLEAR, .pap = MARKING_PAP_AMBER},
     {.tlp = CLEAR, .pap = MARKING_PAP_GREEN}},
    {"carry-pap", {TO_ONE, .tlp = CLEAR, .pap = MARKING_PAP_GREEN}, {.tlp = CLEAR}},
    {"carry",
     {TO_ONE, .tlp = CLEAR, .pap = MARKING_PAP_GREEN},
     {.tlp = CLEAR, .pap = MARKING_PAP_RED}},
    {"carry-expiry", {TO_ONE, .tlp = CLEAR, .expires = 5}, {.tlp = CLEAR}},
    {"carry-expiry", {TO_ONE, .tlp = CLEAR, .expires = 5}, {.tlp = CLEAR, .expires = 6}},
    {"carry", {TO_ONE, .tlp = CLEAR, .expires = 5}, {.tlp = CLEAR, .expires = 5}},
    {"carry", {TO_ONE, .tlp = CLEAR}, {.tlp = CLEAR, .expires = 5}},
    {"carry-exercise", {TO_ONE, .tlp = CLEAR, .is_exercise = TRUE}, {.tlp = CLEAR}},
    {"carry", {TO_ONE, .tlp = CLEAR}, {.tlp = CLEAR, .is_exercise = TRUE}},
};

static void test_carry(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(carriages); i++) {
        const DecideRule *rule = decide_carry(&carriages[i].subject, &carriages[i].carrier);
        if (strcmp(rule->id, carriages[i].rule) != 0)
            g_error("carriage %u: %s instead of %s", i, rule->id, carriages[i].rule);
    }
}

/* A rule that no row reaches would be dead, or not tested. */
static void test_rules(void)
{
    guint count;
    const DecideRule *rules = decide_rules(&count);
    g_autoptr(GHashTable) expected = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_hash_table_add(expected, (gpointer)rows[i].rule);
    for (guint i = 0; i < G_N_ELEMENTS(carriages); i++)
        g_hash_table_add(expected, (gpointer)carriages[i].rule);
    for (guint i = 0; i < count; i++) {
        g_assert_true(g_hash_table_add(ids, (gpointer)rules[i].id));
        g_assert_true(g_str_has_suffix(rules[i].sentence, "."));
        if (!g_hash_table_contains(expected, rules[i].id))
            g_error("no row expects %s", rules[i].id);
    }
}

static void test_lists(void)
{
    static const char *const names[] = {"a", "b", "c", NULL};
    DecideList list = decide_list(names);
    g_assert_cmpuint(list.count, ==, 3);
    for (guint i = 0; i < 3; i++)
        g_assert_true(decide_list_has(list, names[i]));
    g_assert_false(decide_list_has(list, "ab"));
    g_assert_false(decide_list_has(list, ""));
    g_assert_false(decide_list_has(list, NULL));
    g_assert_false(decide_list_has(decide_list(NULL), "a"));

    DecideSubject subject = {.audience = list, .grants = {(const char *const[]){"d"}, 1}};
    g_assert_true(decide_is_for(&subject, "b"));
    g_assert_true(decide_is_for(&subject, "d"));
    g_assert_false(decide_is_for(&subject, "e"));
    subject.is_public = TRUE;
    g_assert_true(decide_is_for(&subject, "e"));
}

/* The lines of a Markdown table from its heading to the first line that is not of it. */
static char *table_below(const char *text, const char *heading)
{
    const char *start = strstr(text, heading);
    if (!start)
        return g_strdup("");
    const char *end = start;
    while (*end == '|') {
        end = strchr(end, '\n');
        g_assert_nonnull(end);
        end++;
    }
    return g_strndup(start, (gsize)(end - start));
}

static void expect_table(const char *expected)
{
    g_autofree char *path =
        g_build_filename(g_getenv("G_TEST_SRCDIR"), "..", "docs", "policy.md", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *heading = g_strndup(expected, strcspn(expected, "\n"));
    g_autofree char *found = table_below(text, heading);
    if (strcmp(found, expected) != 0)
        g_error("docs/policy.md should have this table:\n%s", expected);
}

static void test_document(void)
{
    g_autoptr(GString) truth = g_string_new("| |");
    for (int tlp = CLEAR; tlp <= RED; tlp++) {
        g_autofree char *name = g_ascii_strup(marking_tlp_name(tlp), -1);
        g_string_append_printf(truth, " %s |", name);
    }
    g_string_append(truth, "\n|---|---|---|---|---|---|\n");
    for (int column = 0; column < DECIDE_COLUMNS; column++) {
        g_string_append_printf(truth, "| %s |", decide_column(column));
        for (int tlp = CLEAR; tlp <= RED; tlp++)
            g_string_append_printf(truth, " %s |", decide_cell(tlp, column));
        g_string_append_c(truth, '\n');
    }
    expect_table(truth->str);

    guint count;
    const DecideRule *rules = decide_rules(&count);
    g_autoptr(GString) list = g_string_new("| rule | answer | meaning |\n|---|---|---|\n");
    for (guint i = 0; i < count; i++)
        g_string_append_printf(list, "| `%s` | %s | %s |\n", rules[i].id,
                               rules[i].allows ? "yes" : "no", rules[i].sentence);
    expect_table(list->str);

    g_assert_null(decide_column(DECIDE_COLUMNS));
    g_assert_null(decide_cell(MARKING_TLP_NONE, DECIDE_COLUMN_STAFF));
    g_assert_null(decide_cell(RED + 1, DECIDE_COLUMN_STAFF));
    g_assert_null(decide_cell(RED, DECIDE_COLUMNS));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decide/truth", test_truth);
    g_test_add_func("/decide/carry", test_carry);
    g_test_add_func("/decide/rules", test_rules);
    g_test_add_func("/decide/lists", test_lists);
    g_test_add_func("/decide/document", test_document);
    return g_test_run();
}
