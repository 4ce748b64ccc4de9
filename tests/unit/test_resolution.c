/* Resolutions: nothing is adopted without a quorum and the right count, or a silence that a
 * majority noted and nobody broke; and no other road leads there. */
#include "dossier_order.h"
#include "resolution_maker.h"

#include "dossier/resolution_count.h"
#include "dossier/resolution_rules.h"
#include "dossier/resolution_text.h"

#define YES     "{\"vote\":\"yes\"}"
#define NO      "{\"vote\":\"no\"}"
#define ABSTAIN "{\"vote\":\"abstain\"}"

static void assert_fault(const Resolution *one, const char *type, const char *node,
                         const char *payload, const char *part)
{
    g_autofree char *fault = resolution_fault(one, type, node, payload);
    if (!fault || !strstr(fault, part))
        g_error("%s by %s: \"%s\" does not say \"%s\"", type, node, fault ? fault : "(nothing)",
                part);
}

static void do_until(Resolution *one, const char *type, gint64 span, const char *state)
{
    g_autofree char *payload = resolution_until(one, span, "");
    resolution_well(one, type, FORUM, payload, state);
}

static void assert_until_fault(const Resolution *one, const char *type, gint64 span,
                               const char *part)
{
    g_autofree char *payload = resolution_until(one, span, "");
    assert_fault(one, type, FORUM, payload, part);
}

static char *adopted(guint yes, guint no, guint abstain, const char *text)
{
    return g_strdup_printf("{\"abstain\":%u,\"no\":%u,\"text\":\"%s\",\"yes\":%u}", abstain, no,
                           text, yes);
}

/* --- the usual course --------------------------------------------------------------------------
 */

static void test_vote(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_consult(&one, RESOLUTION_TABLED);
    resolution_well(&one, "co-sponsored", BIRCH, "{}", "consultation");
    resolution_call(&one, "");
    resolution_well(&one, "ballot", ALDER, YES, "voting");
    resolution_well(&one, "ballot", BIRCH, NO, "voting");
    g_autofree char *right = adopted(2, 1, 0, RESOLUTION_TEXT);
    assert_fault(&one, "adopted", FORUM, right, "it lasts until");
    resolution_well(&one, "ballot", CEDAR, YES, "voting");
    g_autofree char *wrong = adopted(3, 0, 0, RESOLUTION_TEXT);
    g_autofree char *other = adopted(2, 1, 0, "Members pay.");
    assert_fault(&one, "adopted", FORUM, wrong, "they are 2 yes, 1 no, 0 abstentions");
    assert_fault(&one, "adopted", FORUM, other, "with all amendments that were carried");
    assert_fault(&one, "adopted", ALDER, right, "only its chair can");
    assert_fault(&one, "rejected", FORUM, "{\"abstain\":0,\"no\":1,\"yes\":2}", "did not carry");
    resolution_well(&one, "adopted", FORUM, right, "adopted");
    g_assert_cmpuint(one.result->n_void, ==, 0);
}

/* Nobody but the chair has a ballot before the vote is closed, and all have all ballots after. */
static void test_ballots_are_private(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_consult(&one, RESOLUTION_TABLED);
    resolution_call(&one, "");
    resolution_well(&one, "ballot", ALDER, YES, "voting");
    resolution_well(&one, "ballot", BIRCH, YES, "voting");
    resolution_well(&one, "ballot", CEDAR, ABSTAIN, "voting");
    g_autoptr(EngineResult) birch = resolution_view(one.result, BIRCH);
    g_autoptr(EngineResult) forum = resolution_view(one.result, FORUM);
    g_assert_cmpuint(engine_count(birch, "ballot"), ==, 1);
    g_assert_cmpuint(engine_count(forum, "ballot"), ==, 3);
    /* No ballot follows another, which would show that there is one. */
    for (guint i = 0; i < 3; i++)
        g_assert_cmpuint(engine_nth(one.result, "ballot", i)->n_parents, ==, 1);
    g_autofree char *right = adopted(2, 0, 1, RESOLUTION_TEXT);
    resolution_well(&one, "adopted", FORUM, right, "adopted");
    g_autoptr(EngineResult) after = resolution_view(one.result, BIRCH);
    g_assert_cmpuint(engine_count(after, "ballot"), ==, 3);
    guint8 of_birch[SHA256_SIZE], of_all[SHA256_SIZE];
    engine_digest(after, of_birch);
    engine_digest(one.result, of_all);
    g_assert_cmpmem(of_birch, SHA256_SIZE, of_all, SHA256_SIZE);
}

static void test_draft_is_private(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_well(&one, "revised", ALDER, "{\"text\":\"Members answer.\"}", "draft");
    g_assert_cmpuint(one.result->participants->len, ==, 1);
    resolution_consult(&one, RESOLUTION_TABLED);
    g_autoptr(EngineResult) birch = resolution_view(one.result, BIRCH);
    g_autofree char *text = resolution_text_now(birch);
    g_assert_cmpstr(text, ==, "Members answer.");
}

/* --- who ---------------------------------------------------------------------------------------
 */

#define TABLED(chair, members, voters)                                                             \
    "{\"chair\":\"" chair "\",\"community\":\"coast@" FORUM "\",\"members\":[" members             \
    "],\"record\":3,\"voters\":[" voters "]}"

static void test_tabling(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    assert_fault(&one, "tabled", ALDER,
                 TABLED(FORUM, "\"" BIRCH "\"", "\"" BIRCH "\",\"" FORUM "\""), "has no vote");
    assert_fault(&one, "tabled", ALDER, TABLED(FORUM, "\"" BIRCH "\"", "\"" ALDER "\""),
                 "nobody else who votes");
    assert_fault(&one, "tabled", ALDER,
                 TABLED(FORUM, "\"" BIRCH "\"", "\"" ALDER "\",\"" CEDAR "\""),
                 "none of the members");
    assert_fault(&one, "tabled", ALDER,
                 TABLED(ALDER, "\"" BIRCH "\"", "\"" ALDER "\",\"" BIRCH "\""),
                 "is the sponsor already");
    assert_fault(&one, "tabled", ALDER,
                 "{\"chair\":\"" FORUM "\",\"community\":\"coast\",\"members\":[\"" BIRCH
                 "\"],\"record\":1,\"voters\":[\"" ALDER "\",\"" BIRCH "\"]}",
                 "NAME@NODE");
    resolution_well(&one, "tabled", ALDER, RESOLUTION_TABLED, "tabled");
    /* The chair has no vote in this one, nor has who does not take part. */
    do_until(&one, "consultation-opened", 14 * MAKER_DAY, "consultation");
    assert_fault(&one, "co-sponsored", FORUM, "{}", "cannot co-sponsor");
    assert_fault(&one, "co-sponsored", ALDER, "{}", "cannot co-sponsor");
    resolution_well(&one, "co-sponsored", CEDAR, "{}", "consultation");
    assert_fault(&one, "co-sponsored", CEDAR, "{}", "each member does it once");
}

/* A member that reads along has no vote. */
static void test_without_vote(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_consult(&one,
                       TABLED(FORUM, "\"" BIRCH "\",\"" CEDAR "\"", "\"" ALDER "\",\"" BIRCH "\""));
    assert_fault(&one, "amendment", CEDAR, "{\"replaces\":\"a day\"}", "accredited member");
    resolution_call(&one, "");
    assert_fault(&one, "ballot", CEDAR, YES, "accredited member");
    assert_fault(&one, "ballot", FORUM, YES, "its chair cannot vote");
}

/* A chair that has a vote gives it in the opening, before there is any other. */
static void test_chair_votes(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_consult(&one,
                       TABLED(FORUM, "\"" BIRCH "\"", "\"" ALDER "\",\"" BIRCH "\",\"" FORUM "\""));
    resolution_call(&one, "\"vote\":\"no\"");
    assert_fault(&one, "ballot", FORUM, YES, "its chair cannot vote");
    resolution_well(&one, "ballot", ALDER, YES, "voting");
    resolution_well(&one, "ballot", BIRCH, YES, "voting");
    g_assert_cmpstr(resolution_count_ballot(one.result, FORUM)->type, ==, "vote-opened");
    g_autofree char *right = adopted(2, 1, 0, RESOLUTION_TEXT);
    resolution_well(&one, "adopted", FORUM, right, "adopted");

    g_auto(Resolution) other = {0};
    resolution_draft(&other, "norm", RESOLUTION_TEXT);
    resolution_consult(&other, RESOLUTION_TABLED);
    other.now_us += 18 * MAKER_DAY;
    g_autofree char *until = resolution_until(&other, 3 * MAKER_DAY, "\"vote\":\"yes\"");
    assert_fault(&other, "vote-opened", FORUM, until, "any other does not");
}

/* --- periods -----------------------------------------------------------------------------------
 */

static void test_periods(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_well(&one, "tabled", ALDER, RESOLUTION_TABLED, "tabled");
    assert_until_fault(&one, "consultation-opened", 13 * MAKER_DAY, "336 hours are the least");
    assert_until_fault(&one, "consultation-opened", -MAKER_HOUR, "over already");
    do_until(&one, "consultation-opened", 15 * MAKER_DAY, "consultation");
    gint64 begun = one.now_us;
    one.now_us = begun + 15 * MAKER_DAY - 1;
    assert_until_fault(&one, "vote-opened", 3 * MAKER_DAY, "it lasts until");
    assert_until_fault(&one, "silence-opened", 3 * MAKER_DAY, "it lasts until");
    one.now_us = begun + 15 * MAKER_DAY;
    assert_until_fault(&one, "vote-opened", 71 * MAKER_HOUR, "72 hours are the least");
    assert_until_fault(&one, "silence-opened", 71 * MAKER_HOUR, "72 hours are the least");
    assert_fault(&one, "revised", ALDER, "{\"text\":\"Members pay.\"}", "it lasted until");
    assert_fault(&one, "amendment", BIRCH, "{\"replaces\":\"a day\"}", "it lasted until");
    do_until(&one, "vote-opened", 3 * MAKER_DAY, "voting");
    one.now_us += 3 * MAKER_DAY;
    assert_fault(&one, "ballot", BIRCH, YES, "it lasted until");
    resolution_well(&one, "rejected", FORUM, "{\"abstain\":0,\"no\":0,\"yes\":0}", "rejected");
}

/* "14d" on a command line is a moment less when the event is made; the period is whole all the
 * same. */
static void test_a_moment_less(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_well(&one, "tabled", ALDER, RESOLUTION_TABLED, "tabled");
    do_until(&one, "consultation-opened", 14 * MAKER_DAY - G_USEC_PER_SEC, "consultation");
    one.now_us += 14 * MAKER_DAY - 1;
    assert_until_fault(&one, "vote-opened", 3 * MAKER_DAY, "it lasts until");
    one.now_us += 1;
    do_until(&one, "vote-opened", 3 * MAKER_DAY, "voting");
}

static void test_exercise(void)
{
    g_auto(Resolution) one = {.is_exercise = TRUE};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_well(&one, "tabled", ALDER, RESOLUTION_TABLED, "tabled");
    do_until(&one, "consultation-opened", G_USEC_PER_SEC, "consultation");
    one.now_us += 2 * G_USEC_PER_SEC;
    do_until(&one, "vote-opened", G_USEC_PER_SEC, "voting");
    resolution_well(&one, "ballot", ALDER, YES, "voting");
    resolution_well(&one, "ballot", BIRCH, YES, "voting");
    one.now_us += 2 * G_USEC_PER_SEC;
    g_autofree char *right = adopted(2, 0, 0, RESOLUTION_TEXT);
    resolution_well(&one, "adopted", FORUM, right, "adopted");
}

/* --- silence -----------------------------------------------------------------------------------
 */

#define AGREED "{\"noted\":2,\"text\":\"" RESOLUTION_TEXT "\"}"

static void silence(Resolution *one)
{
    resolution_draft(one, "norm", RESOLUTION_TEXT);
    resolution_consult(one, RESOLUTION_TABLED);
    one->now_us += 14 * MAKER_DAY;
    do_until(one, "silence-opened", 3 * MAKER_DAY, "silence");
    resolution_well(one, "noted", BIRCH, "{}", "silence");
}

static void test_silence(void)
{
    g_auto(Resolution) one = {0};
    silence(&one);
    assert_fault(&one, "noted", BIRCH, "{}", "once");
    assert_fault(&one, "noted", FORUM, "{}", "accredited member");
    one.now_us += 3 * MAKER_DAY - 1;
    assert_fault(&one, "agreed", FORUM, AGREED, "it lasts until");
    resolution_well(&one, "noted", CEDAR, "{}", "silence");
    one.now_us += 1;
    assert_fault(&one, "silence-broken", CEDAR, "{\"text\":\"No.\"}", "it lasted until");
    assert_until_fault(&one, "vote-opened", 3 * MAKER_DAY, "is an agreement");
    assert_fault(&one, "agreed", FORUM, "{\"noted\":3,\"text\":\"" RESOLUTION_TEXT "\"}",
                 "it was 2");
    assert_fault(&one, "agreed", FORUM, "{\"noted\":2,\"text\":\"Members pay.\"}", "amendments");
    resolution_well(&one, "agreed", FORUM, AGREED, "adopted");
}

static void test_silence_without_quorum(void)
{
    g_auto(Resolution) one = {0};
    silence(&one);
    one.now_us += 3 * MAKER_DAY;
    assert_fault(&one, "agreed", FORUM, "{\"noted\":1,\"text\":\"" RESOLUTION_TEXT "\"}",
                 "1 of 3 members have");
    do_until(&one, "vote-opened", 3 * MAKER_DAY, "voting");
}

static void test_silence_broken(void)
{
    g_auto(Resolution) one = {0};
    silence(&one);
    resolution_well(&one, "noted", CEDAR, "{}", "silence");
    resolution_well(&one, "silence-broken", CEDAR, "{\"text\":\"Not so.\"}", "contested");
    one.now_us += 3 * MAKER_DAY;
    assert_fault(&one, "agreed", FORUM, AGREED, "that is contested");
    do_until(&one, "vote-opened", 3 * MAKER_DAY, "voting");
}

/* On the rulebook there is always a vote. */
static void test_no_silence_on_rulebook(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "rulebook", RESOLUTION_TEXT);
    resolution_consult(&one, RESOLUTION_TABLED);
    one.now_us += 14 * MAKER_DAY;
    assert_until_fault(&one, "silence-opened", 3 * MAKER_DAY, "never silence");
}

/* --- the text ----------------------------------------------------------------------------------
 */

static char *hash_of(const Event *event)
{
    char hex[2 * SHA256_SIZE + 1];
    return g_strdup(event_hash_format(&event->hash, hex));
}

static const Event *amend(Resolution *one, const char *node, const char *passage,
                          const char *instead)
{
    g_autofree char *payload =
        g_strdup_printf("{\"replaces\":\"%s\",\"text\":\"%s\"}", passage, instead);
    return resolution_well(one, "amendment", node, payload, "consultation");
}

static char *naming(const Event *amendment)
{
    g_autofree char *hash = hash_of(amendment);
    return g_strdup_printf("{\"amendment\":\"%s\"}", hash);
}

static void test_amendments_accepted(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_consult(&one, RESOLUTION_TABLED);
    assert_fault(&one, "amendment", BIRCH, "{\"replaces\":\"Members\"}", "more than once");
    assert_fault(&one, "amendment", BIRCH, "{\"replaces\":\"a week\"}", "has that passage not");
    assert_fault(&one, "amendment", BIRCH, "{\"replaces\":\"" RESOLUTION_TEXT "\"}",
                 "nothing but it");
    const Event *first = amend(&one, BIRCH, "a day", "two days");
    const Event *second = amend(&one, CEDAR, "within a day", "at once");
    g_autofree char *named_first = naming(first), *named_second = naming(second);
    assert_fault(&one, "amendment-withdrawn", CEDAR, named_first, "an own one");
    assert_fault(&one, "amendment-accepted", BIRCH, named_first, "cannot accept");
    resolution_well(&one, "amendment-accepted", ALDER, named_first, "consultation");
    g_autofree char *text = resolution_text_now(one.result);
    g_assert_cmpstr(text, ==, "Members answer within two days. Members warn each other.");
    assert_fault(&one, "amendment-accepted", ALDER, named_first, "one that stands");
    assert_fault(&one, "amendment-accepted", ALDER, named_second, "its passage is in the text");
    resolution_well(&one, "amendment-withdrawn", CEDAR, named_second, "consultation");
    g_autoptr(GPtrArray) standing = resolution_text_standing(one.result);
    g_assert_cmpuint(standing->len, ==, 0);
    /* What was changed late in the consultation ripens before there is a vote. */
    one.now_us += 14 * MAKER_DAY - 2 * MAKER_HOUR;
    resolution_well(&one, "revised", ALDER, "{\"text\":\"Members [always] answer.\"}",
                    "consultation");
    one.now_us += 2 * MAKER_DAY;
    assert_until_fault(&one, "vote-opened", 3 * MAKER_DAY, "square brackets");
    g_auto(Resolution) other = {0};
    resolution_draft(&other, "norm", RESOLUTION_TEXT);
    resolution_consult(&other, RESOLUTION_TABLED);
    other.now_us += 14 * MAKER_DAY - 2 * MAKER_HOUR;
    resolution_well(&other, "revised", ALDER, "{\"text\":\"Members answer.\"}", "consultation");
    other.now_us += 2 * MAKER_DAY;
    assert_until_fault(&other, "vote-opened", 3 * MAKER_DAY, "it is ripe from");
    other.now_us += 1 * MAKER_DAY;
    do_until(&other, "silence-opened", 3 * MAKER_DAY, "silence");
}

/* Furthest first; one whose passage is gone has fallen; the text as it then stands comes last, and
 * a vote on it may depend on that. */
static void test_amendments_voted(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_consult(&one, RESOLUTION_TABLED);
    g_autofree char *near = hash_of(amend(&one, BIRCH, "a day", "two days"));
    g_autofree char *far = hash_of(amend(&one, CEDAR, "within a day", "at once"));
    one.now_us += 18 * MAKER_DAY;
    assert_until_fault(&one, "silence-opened", 3 * MAKER_DAY, "2 stand");
    assert_until_fault(&one, "vote-opened", 3 * MAKER_DAY, "2 stand, it has 0");
    g_autofree char *twice = g_strdup_printf("\"order\":[\"%s\",\"%s\"]", far, far);
    g_autofree char *until = resolution_until(&one, 3 * MAKER_DAY, twice);
    assert_fault(&one, "vote-opened", FORUM, until, "is there twice");
    g_autofree char *order = g_strdup_printf("\"order\":[\"%s\",\"%s\"]", far, near);
    one.now_us -= 18 * MAKER_DAY;
    resolution_call(&one, order);
    assert_fault(&one, "ballot", ALDER, YES, "there are 2 amendments");
    assert_fault(&one, "ballot", ALDER, "{\"amendments\":[\"yes\",\"maybe\"],\"vote\":\"yes\"}",
                 "there are 2 amendments");
    resolution_well(&one, "ballot", ALDER,
                    "{\"amendments\":[\"no\",\"no\"],\"if_amended\":\"no\",\"vote\":\"yes\"}",
                    "voting");
    resolution_well(&one, "ballot", BIRCH, "{\"amendments\":[\"yes\",\"yes\"],\"vote\":\"yes\"}",
                    "voting");
    resolution_well(&one, "ballot", CEDAR,
                    "{\"amendments\":[\"yes\",\"abstain\"],\"if_amended\":\"yes\",\"vote\":\"no\"}",
                    "voting");
    static const char right[] =
        "{\"abstain\":0,\"amendments\":[\"carried 2 1 0\",\"fallen 1 1 1\"],\"no\":1,"
        "\"text\":\"Members answer at once. Members warn each other.\",\"yes\":2}";
    static const char wrong[] =
        "{\"abstain\":0,\"amendments\":[\"carried 2 1 0\",\"lost 1 1 1\"],\"no\":1,"
        "\"text\":\"Members answer at once. Members warn each other.\",\"yes\":2}";
    assert_fault(&one, "adopted", FORUM, wrong, "those of the amendments are others");
    resolution_well(&one, "adopted", FORUM, right, "adopted");
}

/* --- the count ---------------------------------------------------------------------------------
 */

static const char *const answers[] = {NULL, "yes", "no", "abstain"};

/* The same by another road: rules of the charter written down once more. */
static gboolean carried_by_hand(const int of[4], gboolean two_thirds)
{
    int against = of[2], in_favour = of[1];
    if (in_favour <= against)
        return FALSE;
    return !two_thirds || 100 * in_favour / (in_favour + against) >= 66;
}

/* Every ballot of three members, given or not, on a norm and on the rulebook: the count is that of
 * this test, and of all counts that a chair could state only the right one is taken. */
static void check_ballots(const char *kind)
{
    gboolean two_thirds = g_str_equal(kind, "rulebook");
    static const char *const nodes[] = {ALDER, BIRCH, CEDAR};
    g_auto(Resolution) base = {0};
    g_autoptr(GPtrArray) ballots = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    resolution_draft(&base, kind, RESOLUTION_TEXT);
    resolution_consult(&base, RESOLUTION_TABLED);
    resolution_call(&base, "");
    for (guint i = 0; i < 12; i++) {
        g_autofree char *payload =
            g_strdup_printf("{\"vote\":\"%s\"}", answers[i % 4] ? answers[i % 4] : "no");
        g_autofree char *body = resolution_body(&base, "ballot", nodes[i / 4], payload, NULL);
        g_ptr_array_add(ballots, resolution_sign(body, nodes[i / 4]));
    }
    for (guint all = 0; all < 64; all++) {
        const guint given[] = {all & 3, all >> 2 & 3, all >> 4 & 3};
        g_autoptr(GPtrArray) events = g_ptr_array_copy(base.events, NULL, NULL);
        int of[4] = {0};
        g_ptr_array_set_free_func(events, NULL);
        for (guint i = 0; i < 3; i++) {
            of[given[i]]++;
            if (given[i] > 0)
                g_ptr_array_add(events, ballots->pdata[4 * i + given[i]]);
        }
        Resolution one = {.events = events, .now_us = base.now_us + 3 * MAKER_DAY};
        resolution_run(&one);
        g_autoptr(ResolutionCount) count = resolution_count_new(one.result);
        gboolean wanted = of[0] <= 1 && carried_by_hand(of, two_thirds);
        g_assert_cmpuint(count->ballots, ==, 3 - (guint)of[0]);
        g_assert_cmpint(count->is_quorum, ==, of[0] <= 1);
        g_assert_cmpint(count->is_adopted, ==, wanted);
        for (guint said = 0; said < 64; said++) {
            guint yes = said & 3, no = said >> 2 & 3, abstain = said >> 4 & 3;
            if (yes + no + abstain > 3)
                continue;
            gboolean right = (int)yes == of[1] && (int)no == of[2] && (int)abstain == of[3];
            g_autofree char *payload = adopted(yes, no, abstain, RESOLUTION_TEXT);
            g_autofree char *as_adopted = resolution_fault(&one, "adopted", FORUM, payload);
            g_autofree char *as_rejected = resolution_fault(&one, "rejected", FORUM, payload);
            g_assert_cmpint(as_adopted == NULL, ==, right && wanted);
            g_assert_cmpint(as_rejected == NULL, ==, right && !wanted);
        }
        g_clear_pointer(&one.result, engine_result_free);
    }
}

static void test_every_ballot(void)
{
    check_ballots("norm");
    check_ballots("rulebook");
}

static void test_majorities(void)
{
    static const struct {
        ResolutionTally tally;
        gboolean simple, two_thirds;
    } cases[] = {
        {{0, 0, 0}, FALSE, FALSE}, {{0, 0, 9}, FALSE, FALSE}, {{1, 0, 9}, TRUE, TRUE},
        {{3, 3, 0}, FALSE, FALSE}, {{4, 3, 0}, TRUE, FALSE},  {{4, 2, 5}, TRUE, TRUE},
        {{5, 3, 0}, TRUE, FALSE},  {{66, 33, 1}, TRUE, TRUE}, {{66, 34, 0}, TRUE, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(resolution_count_carries(&cases[i].tally, FALSE), ==, cases[i].simple);
        g_assert_cmpint(resolution_count_carries(&cases[i].tally, TRUE), ==, cases[i].two_thirds);
    }
    g_assert_false(resolution_count_is_quorum(0, 0));
    g_assert_false(resolution_count_is_quorum(2, 4));
    g_assert_true(resolution_count_is_quorum(3, 4));
    g_assert_true(resolution_count_is_quorum(3, 5));
}

/* The first ballot of a member counts; one that the closing event does not list is void. */
static void test_late_and_second(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_consult(&one, RESOLUTION_TABLED);
    resolution_call(&one, "");
    resolution_well(&one, "ballot", ALDER, YES, "voting");
    g_autofree char *late = resolution_body(&one, "ballot", CEDAR, NO, NULL);
    resolution_well(&one, "ballot", BIRCH, YES, "voting");
    assert_fault(&one, "ballot", BIRCH, NO, "once, and for good");
    one.now_us += 3 * MAKER_DAY;
    g_autofree char *right = adopted(2, 0, 0, RESOLUTION_TEXT);
    resolution_well(&one, "adopted", FORUM, right, "adopted");
    resolution_add(&one, resolution_sign(late, CEDAR));
    g_assert_cmpstr(resolution_state(&one), ==, "adopted");
    g_assert_cmpuint(one.result->n_void, ==, 1);
    g_autoptr(ResolutionCount) count = resolution_count_new(one.result);
    g_assert_cmpuint(count->tally.yes + count->tally.no, ==, 2);
    order_assert_any((const Event *const *)one.events->pdata, one.events->len, one.result);
}

/* A community of two hundred: every ballot is among those that the chair lists. */
static void test_many(void)
{
    g_auto(Resolution) one = {0};
    g_autoptr(GString) members = g_string_new(NULL);
    resolution_draft(&one, "membership", RESOLUTION_TEXT);
    for (guint i = 0; i < 200; i++)
        g_string_append_printf(members, "%s\"n%03u.example\"", i > 0 ? "," : "", i);
    g_autofree char *tabled =
        g_strdup_printf("{\"chair\":\"" FORUM "\",\"community\":\"coast@" FORUM
                        "\",\"members\":[%s],\"record\":3,\"voters\":[\"" ALDER "\",%s]}",
                        members->str, members->str);
    resolution_consult(&one, tabled);
    resolution_call(&one, "");
    for (guint i = 0; i < 200; i++) {
        g_autofree char *node = g_strdup_printf("n%03u.example", i);
        g_autofree char *body = resolution_body(&one, "ballot", node, i % 3 == 0 ? NO : YES, NULL);
        g_ptr_array_add(one.events, resolution_sign(body, node));
    }
    resolution_run(&one);
    g_assert_cmpuint(engine_count(one.result, "ballot"), ==, 200);
    one.now_us += 3 * MAKER_DAY;
    resolution_well(&one, "rejected", FORUM, "{\"abstain\":0,\"no\":67,\"yes\":133}", "rejected");
    g_assert_cmpuint(one.result->n_void, ==, 0);
    g_assert_cmpuint(one.events->len, ==, 205);
}

/* --- ends --------------------------------------------------------------------------------------
 */

static void test_lapsed(void)
{
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    assert_fault(&one, "lapsed", ALDER, "{}", "that is draft");
    resolution_consult(&one, RESOLUTION_TABLED);
    one.now_us += 28 * MAKER_DAY - 1;
    assert_fault(&one, "lapsed", BIRCH, "{}", "the chair has time until");
    one.now_us += 1;
    g_autofree char *fault = resolution_fault(&one, "lapsed", BIRCH, "{}");
    g_assert_cmpstr(fault, ==, NULL);
    resolution_call(&one, "");
    assert_fault(&one, "withdrawn", ALDER, "{}", "that is voting");
    one.now_us += 17 * MAKER_DAY;
    resolution_well(&one, "lapsed", CEDAR, "{}", "lapsed");

    g_auto(Resolution) other = {0};
    resolution_draft(&other, "norm", RESOLUTION_TEXT);
    resolution_well(&other, "tabled", ALDER, RESOLUTION_TABLED, "tabled");
    other.now_us += 13 * MAKER_DAY;
    assert_fault(&other, "lapsed", BIRCH, "{}", "the chair has time until");
    other.now_us += 1 * MAKER_DAY;
    resolution_well(&other, "lapsed", BIRCH, "{}", "lapsed");
}

static void test_commitments(void)
{
    g_auto(Resolution) one = {.is_exercise = TRUE};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_well(&one, "tabled", ALDER, RESOLUTION_TABLED, "tabled");
    do_until(&one, "consultation-opened", MAKER_HOUR, "consultation");
    one.now_us += MAKER_HOUR;
    do_until(&one, "vote-opened", MAKER_HOUR, "voting");
    resolution_well(&one, "ballot", ALDER, YES, "voting");
    resolution_well(&one, "ballot", BIRCH, YES, "voting");
    one.now_us += MAKER_HOUR;
    g_autofree char *right = adopted(2, 0, 0, RESOLUTION_TEXT);
    resolution_well(&one, "adopted", FORUM, right, "adopted");
    assert_fault(&one, "commitment", BIRCH, "{\"due\":\"2020-01-01T00:00:00Z\",\"text\":\"x\"}",
                 "later than the commitment");
    const Event *made = resolution_well(
        &one, "commitment", BIRCH,
        "{\"due\":\"2030-01-01T00:00:00Z\",\"text\":\"A duty officer.\"}", "adopted");
    g_autofree char *hash = hash_of(made);
    g_autofree char *payload = g_strdup_printf("{\"commitment\":\"%s\",\"text\":\"half\"}", hash);
    assert_fault(&one, "progress", CEDAR, payload, "an own one");
    resolution_well(&one, "progress", BIRCH, payload, "adopted");
    resolution_well(&one, "fulfilled", BIRCH, payload, "adopted");
    assert_fault(&one, "fulfilled", BIRCH, payload, "not fulfilled yet");
    assert_fault(&one, "implementation", FORUM, "{\"status\":\"fully\"}", "accredited member");
    resolution_well(&one, "implementation", CEDAR, "{\"status\":\"partly\"}", "adopted");
}

/* --- every road --------------------------------------------------------------------------------
 */

typedef struct {
    const char *type, *node;
    const char *payload; /* NULL: see payload_of() */
    gint64 span;         /* of a period that it opens */
    guint yes, no;
} Step;

static const Step steps[] = {
    {"revised", ALDER, "{\"text\":\"Members [may] answer.\"}"},
    {"revised", ALDER, "{\"text\":\"Members answer.\"}"},
    {"tabled", ALDER, RESOLUTION_TABLED},
    {"tabled", BIRCH, RESOLUTION_TABLED},
    {"consultation-opened", FORUM, .span = MAKER_HOUR},
    {"consultation-opened", FORUM, .span = 14 * MAKER_DAY},
    {"consultation-opened", ALDER, .span = 14 * MAKER_DAY},
    {"silence-opened", FORUM, .span = MAKER_HOUR},
    {"silence-opened", FORUM, .span = 3 * MAKER_DAY},
    {"noted", ALDER, "{}"},
    {"noted", BIRCH, "{}"},
    {"noted", FORUM, "{}"},
    {"silence-broken", CEDAR, "{\"text\":\"No.\"}"},
    {"agreed", FORUM, .yes = 1},
    {"agreed", FORUM, .yes = 2},
    {"agreed", FORUM, .yes = 3},
    {"agreed", ALDER, .yes = 2},
    {"vote-opened", FORUM, .span = MAKER_HOUR},
    {"vote-opened", FORUM, .span = 3 * MAKER_DAY},
    {"vote-opened", ALDER, .span = 3 * MAKER_DAY},
    {"ballot", ALDER, YES},
    {"ballot", BIRCH, YES},
    {"ballot", BIRCH, NO},
    {"ballot", CEDAR, NO},
    {"ballot", FORUM, YES},
    {"adopted", FORUM, .yes = 1},
    {"adopted", FORUM, .yes = 2},
    {"adopted", FORUM, .yes = 3},
    {"adopted", FORUM, .yes = 1, .no = 1},
    {"adopted", FORUM, .yes = 2, .no = 1},
    {"adopted", ALDER, .yes = 2, .no = 1},
    {"rejected", FORUM},
    {"rejected", FORUM, .yes = 1},
    {"rejected", FORUM, .yes = 1, .no = 1},
    {"rejected", FORUM, .yes = 1, .no = 2},
    {"withdrawn", ALDER, "{}"},
    {"lapsed", BIRCH, "{}"},
};

static char *payload_of(const Resolution *one, const Step *step)
{
    g_autofree char *text = resolution_text_now(one->result);
    if (step->payload)
        return g_strdup(step->payload);
    if (step->span > 0)
        return resolution_until(one, step->span, "");
    if (g_str_equal(step->type, "agreed"))
        return g_strdup_printf("{\"noted\":%u,\"text\":\"%s\"}", step->yes, text);
    if (g_str_equal(step->type, "rejected"))
        return g_strdup_printf("{\"abstain\":0,\"no\":%u,\"yes\":%u}", step->no, step->yes);
    return adopted(step->yes, step->no, 0, text);
}

static const Event *only(const GPtrArray *events, const char *type)
{
    const Event *found = NULL;
    for (guint i = 0; i < events->len; i++)
        if (g_str_equal(((const Event *)events->pdata[i])->type, type))
            found = events->pdata[i];
    return found;
}

static guint count_where(const GPtrArray *events, const char *type, const char *vote)
{
    g_autoptr(GHashTable) nodes = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < events->len; i++) {
        const Event *event = events->pdata[i];
        if (g_str_equal(event->type, type) && g_strcmp0(event_text(event, "vote"), vote) == 0 &&
            strstr(RESOLUTION_TABLED, event->node) && !g_str_equal(event->node, FORUM))
            g_assert_true(g_hash_table_add(nodes, (gpointer)event->node));
    }
    return g_hash_table_size(nodes);
}

/* What has to have happened before anything is adopted, told from the events alone. */
static void assert_earned(const Resolution *one)
{
    const GPtrArray *events = one->events;
    const Event *end = events->pdata[events->len - 1];
    const Event *consulted = only(events, "consultation-opened"),
                *vote = only(events, "vote-opened");
    const Event *silent = only(events, "silence-opened");
    g_assert_cmpstr(end->node, ==, FORUM);
    g_assert_nonnull(only(events, "tabled"));
    g_assert_nonnull(consulted);
    g_assert_null(strchr(event_text(end, "text"), '['));
    if (g_str_equal(end->type, "agreed")) {
        g_assert_null(only(events, "silence-broken"));
        g_assert_cmpuint(count_where(events, "noted", NULL), >=, 2);
        g_assert_cmpint(end->time_us - silent->time_us, >=, 3 * MAKER_DAY);
        g_assert_cmpint(silent->time_us - consulted->time_us, >=, 14 * MAKER_DAY);
        return;
    }
    g_assert_cmpstr(end->type, ==, "adopted");
    guint yes = count_where(events, "ballot", "yes"), no = count_where(events, "ballot", "no");
    g_assert_cmpuint(yes, >, no);
    g_assert_cmpuint(yes + no, >=, 2);
    g_assert_cmpint(vote->time_us - consulted->time_us, >=, 14 * MAKER_DAY);
    g_assert_true(yes + no == 3 || end->time_us - vote->time_us >= 3 * MAKER_DAY);
}

typedef struct {
    GHashTable *known; /* states that were met */
    guint n_adopted, n_tried;
} Search;

static int compare_marks(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What of the past matters for the future. */
static char *key_of(const Resolution *one)
{
    static const char *const periods[] = {"consultation-opened", "silence-opened", "vote-opened"};
    g_autofree char *text = resolution_text_now(one->result);
    GString *key = g_string_new(resolution_state(one));
    g_autoptr(GPtrArray) marks = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < one->events->len; i++) {
        const Event *event = one->events->pdata[i];
        const char *vote = event_text(event, "vote");
        if (g_str_equal(event->type, "noted") || g_str_equal(event->type, "ballot"))
            g_ptr_array_add(marks, g_strconcat(event->type, event->node, vote, NULL));
    }
    g_ptr_array_sort(marks, compare_marks);
    for (guint i = 0; i < marks->len; i++)
        g_string_append_printf(key, " %s", (const char *)marks->pdata[i]);
    for (guint i = 0; i < G_N_ELEMENTS(periods); i++)
        g_string_append_c(key,
                          one->now_us >= resolution_rules_end(one->result, periods[i]) ? '+' : '-');
    gboolean is_ripe = one->now_us >= resolution_text_since(one->result) + 3 * MAKER_DAY;
    gboolean is_late = one->now_us >= resolution_rules_patience(one->result);
    g_string_append_printf(key, "%d%d %s", is_ripe, is_late, text);
    return g_string_free(key, FALSE);
}

static void search(Search *all, Resolution *one);

static void try_step(Search *all, const Resolution *one, const Step *step)
{
    g_autofree char *payload = payload_of(one, step);
    all->n_tried++;
    g_autofree char *fault = resolution_fault(one, step->type, step->node, payload);
    if (fault)
        return;
    Resolution next = {.events = g_ptr_array_copy(one->events, NULL, NULL), .now_us = one->now_us};
    g_ptr_array_set_free_func(next.events, NULL);
    resolution_run(&next);
    g_autoptr(Event) event G_GNUC_UNUSED =
        (Event *)resolution_do(&next, step->type, step->node, payload);
    if (g_str_equal(resolution_state(&next), "adopted")) {
        assert_earned(&next);
        all->n_adopted++;
    }
    search(all, &next);
    resolution_clear(&next);
}

/* Every live state has a way out, however long nobody does anything. */
static void assert_way_out(const Resolution *one)
{
    Resolution later = *one;
    later.now_us += 60 * MAKER_DAY;
    g_autofree char *withdrawn = resolution_fault(&later, "withdrawn", ALDER, "{}");
    g_autofree char *lapsed = resolution_fault(&later, "lapsed", BIRCH, "{}");
    g_assert_true(!withdrawn || !lapsed);
}

static void search(Search *all, Resolution *one)
{
    static const gint64 waits[] = {0, 4 * MAKER_DAY, 15 * MAKER_DAY};
    const gint64 now = one->now_us;
    if (engine_state(one->result)->is_final)
        return;
    for (guint w = 0; w < G_N_ELEMENTS(waits); w++) {
        one->now_us = now + waits[w] + MAKER_HOUR;
        g_autofree char *key = key_of(one);
        if (!g_hash_table_add(all->known, g_steal_pointer(&key)))
            continue;
        assert_way_out(one);
        for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
            try_step(all, one, &steps[i]);
    }
    one->now_us = now;
}

static void test_every_road(void)
{
    Search all = {.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_auto(Resolution) one = {0};
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    search(&all, &one);
    g_test_message("%u states, %u steps tried, adopted %u times", g_hash_table_size(all.known),
                   all.n_tried, all.n_adopted);
    g_assert_cmpuint(g_hash_table_size(all.known), >, 100);
    g_assert_cmpuint(all.n_adopted, >, 10);
    g_hash_table_unref(all.known);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resolution/vote", test_vote);
    g_test_add_func("/resolution/ballots_are_private", test_ballots_are_private);
    g_test_add_func("/resolution/draft_is_private", test_draft_is_private);
    g_test_add_func("/resolution/tabling", test_tabling);
    g_test_add_func("/resolution/without_vote", test_without_vote);
    g_test_add_func("/resolution/chair_votes", test_chair_votes);
    g_test_add_func("/resolution/periods", test_periods);
    g_test_add_func("/resolution/a_moment_less", test_a_moment_less);
    g_test_add_func("/resolution/exercise", test_exercise);
    g_test_add_func("/resolution/silence", test_silence);
    g_test_add_func("/resolution/silence_without_quorum", test_silence_without_quorum);
    g_test_add_func("/resolution/silence_broken", test_silence_broken);
    g_test_add_func("/resolution/no_silence_on_rulebook", test_no_silence_on_rulebook);
    g_test_add_func("/resolution/amendments_accepted", test_amendments_accepted);
    g_test_add_func("/resolution/amendments_voted", test_amendments_voted);
    g_test_add_func("/resolution/every_ballot", test_every_ballot);
    g_test_add_func("/resolution/majorities", test_majorities);
    g_test_add_func("/resolution/late_and_second", test_late_and_second);
    g_test_add_func("/resolution/many", test_many);
    g_test_add_func("/resolution/lapsed", test_lapsed);
    g_test_add_func("/resolution/commitments", test_commitments);
    g_test_add_func("/resolution/every_road", test_every_road);
    return g_test_run();
}
