/* Claims: nobody is named without evidence, review, direct contact and the reply or silence, by
 * whatever road; and what has to be known of a claim is told. */
#include "dossier_story.h"

#include "dossier/claim.h"
#include "dossier/claim_copy.h"
#include "dossier/claim_evidence.h"
#include "dossier/claim_gate.h"
#include "dossier/claim_rules.h"

#define A    ALDER, "A. Writer"
#define B    ALDER, "B. Reader"
#define C    ALDER, "C. Reader"
#define D    ALDER, "D. Caller"
#define E    ALDER, "E. Listener"
#define F    ALDER, "F. Director"
#define X    BIRCH, "X. Reviewer"
#define P    CEDAR, "P. Speaker"

#define TEXT "\"text\":\"t\""
#define DRAFT                                                                                      \
    "\"about\":\"actor\",\"actor\":\"Group One\",\"actor_kind\":\"group\",\"names_no_person\":"    \
    "true,\"subject\":\"s\",\"text\":\"Group One did it. These are the grounds.\""
#define ROLE_DRAFT                                                                                 \
    "\"about\":\"state-role\",\"actor\":\"Dalia\",\"actor_kind\":\"state\",\"names_no_person\":"   \
    "true,\"rests_on\":\"claim-00000000-0000-8000-8000-000000000000\",\"subject\":\"s\","          \
    "\"text\":\"Dalia directed it. These are the grounds.\""
#define ITEM(name, root)       "\"kind\":\"fact\",\"name\":\"" name "\",\"root\":\"" root "\"," TEXT
#define APART(of)              ",\"independent_of\":[\"" of "\"],\"shown_by\":\"other sensors\""
#define HYPOTHESIS(name, kind) "{\"kind\":\"" kind "\",\"name\":\"" name "\",\"text\":\"" kind "\"}"
#define WEIGHT(hypothesis, item)                                                                   \
    "{\"hypothesis\":\"" hypothesis "\",\"item\":\"" item "\",\"weight\":\"for\",\"why\":\"w\"}"
#define BOTH(hypothesis) WEIGHT(hypothesis, "e1") "," WEIGHT(hypothesis, "e2")
#define WEIGHING(hypotheses, weights)                                                              \
    "\"weighing\":{\"hypotheses\":[" hypotheses "],\"weights\":[" weights "]}"
#define H1      HYPOTHESIS("h1", "claimed")
#define H2      HYPOTHESIS("h2", "false-flag")
#define H3      HYPOTHESIS("h3", "accident")
#define WEIGHED WEIGHING(H1 "," H2 "," H3, BOTH("h1") "," BOTH("h2") "," BOTH("h3"))
#define REVIEW  "\"finding\":\"supports\"," TEXT
#define TRY(channel)                                                                               \
    "\"channel\":\"" channel "\",\"contact\":\"desk\",\"listed_in\":\"register\"," TEXT
#define ASSESS(confidence) "\"basis\":\"b\",\"confidence\":\"" confidence "\",\"dissent\":\"none\""

static gboolean step(Story *story, const StoryStep *one)
{
    return story_do(story, &claim_procedure, one);
}

static void well(Story *story, StoryStep one)
{
    if (!step(story, &one))
        g_error("%s: %s", one.type, story->error);
}

/* @wanted: what the message has to say. */
static void badly(Story *story, StoryStep one, const char *wanted)
{
    if (step(story, &one))
        g_error("%s was accepted", one.type);
    if (!strstr(story->error, wanted))
        g_error("\"%s\" does not say \"%s\"", story->error, wanted);
}

/* A claim about an actor who has no node: all that is needed, and nothing else. */
static const StoryStep whole[] = {
    {"draft", "drafted", A, DRAFT},
    {"e1", "item", A, ITEM("e1", "capture")},
    {"e2", "item", A, ITEM("e2", "register") APART("capture")},
    {"weighed", "weighed", A, WEIGHED},
    {"ready", "evidence-ready", A, ""},
    {"review1", "reviewed", B, REVIEW},
    {"review2", "reviewed", C, REVIEW},
    {"closed", "reviews-closed", A, ""},
    {"contact", "contacting", D, "\"name\":\"Group One\"," TEXT ",\"urgency\":\"ordinary\""},
    {"mail", "attempted", D, TRY("e-mail")},
    {"call", "attempted-again", D, TRY("telephone")},
    {"confirm1", "attempt-confirmed", E, "", .names = "mail", .member = "attempt"},
    {"confirm2", "attempt-confirmed", E, "", .names = "call", .member = "attempt"},
    {"silence", "silent", D, "", .minutes = 14 * STORY_DAY},
    {"assessed", "assessed", A, ASSESS("medium")},
    {"published", "published", F, ""},
};

/* Does all steps before that of the label. */
static void tell_until(Story *story, const char *label)
{
    for (guint i = 0; i < G_N_ELEMENTS(whole) && strcmp(whole[i].label, label) != 0; i++)
        well(story, whole[i]);
}

static void test_whole(void)
{
    g_auto(Story) story;
    story_init(&story);
    tell_until(&story, "");
    g_assert_cmpstr(story_state(&story), ==, "published");
    well(&story, (StoryStep){"x", "corrected", A, TEXT});
    well(&story, (StoryStep){"x", "retracted", A, TEXT});
    g_assert_cmpstr(story_state(&story), ==, "retracted");
    story_assert_any_order(&story);
}

/* --- model check -------------------------------------------------------------------------------
 */

/* All subsets of the whole, in its order: only the whole gets to "published". */
static guint explore_subsets(Story *story, guint at)
{
    guint reached = 0;
    if (at == G_N_ELEMENTS(whole))
        return strcmp(story_state(story), "published") == 0;
    int minute = story->minute;
    if (step(story, &whole[at])) {
        reached += explore_subsets(story, at + 1);
        story_undo(story, minute);
        story->minute += whole[at].minutes + 1; /* time passes without it */
    } else if (story->events->len == 0) {
        return 0;
    }
    reached += explore_subsets(story, at + 1);
    story->minute = minute;
    return reached;
}

static void test_subsets(void)
{
    g_auto(Story) story;
    story_init(&story);
    well(&story, whole[0]);
    g_assert_cmpuint(explore_subsets(&story, 1), ==, 1);
}

/* What the events of a claim have to have before it is shown, told once more and otherwise than the
 * gate does: by the labels of the steps, in the order they were done. */

static int place_of(const Story *story, const char *label, guint from)
{
    for (guint i = from; i < story->labels->len; i++)
        if (strcmp(story->labels->pdata[i], label) == 0)
            return (int)i;
    return -1;
}

static int last_place(const Story *story, const char *type)
{
    for (guint i = story->events->len; i-- > 0;)
        if (strcmp(((const Event *)story->events->pdata[i])->type, type) == 0)
            return (int)i;
    return -1;
}

static gint64 time_at(const Story *story, int place)
{
    return ((const Event *)story->events->pdata[place])->time_us;
}

/* Whether the contact of the version counts, and since when. */
static gboolean oracle_contact(const Story *story, guint contact, gint64 *ret_since)
{
    int received = place_of(story, "received", contact), reply = place_of(story, "reply", contact);
    int mail = place_of(story, "mail", contact), call = place_of(story, "call", contact);
    gboolean tried = mail >= 0 && call >= 0 && place_of(story, "confirm1", contact) >= 0 &&
                     place_of(story, "confirm2", contact) >= 0;
    *ret_since = G_MAXINT64;
    if (received >= 0)
        *ret_since = MIN(*ret_since, time_at(story, received));
    if (reply >= 0)
        *ret_since = MIN(*ret_since, time_at(story, reply));
    if (tried)
        *ret_since = MIN(*ret_since, time_at(story, MAX(mail, call)));
    return *ret_since != G_MAXINT64;
}

static gboolean oracle_may_be_shown(const Story *story)
{
    gint64 since;
    int ready = last_place(story, "evidence-ready"), contact = last_place(story, "contacting");
    if (ready < 0 || contact < ready || !oracle_contact(story, (guint)contact, &since))
        return FALSE;
    gboolean has_evidence =
        story_count(story, "e1") && story_count(story, "e2") && !story_count(story, "weak") &&
        last_place(story, "weighed") >= 0 &&
        strcmp(story->labels->pdata[last_place(story, "weighed")], "weighed") == 0;
    gboolean has_reviews = (place_of(story, "review1", (guint)ready) >= 0 ||
                            place_of(story, "as-well", (guint)ready) >= 0) &&
                           place_of(story, "review2", (guint)ready) >= 0;
    gboolean has_reply = place_of(story, "reply", (guint)contact) >= 0;
    gint64 now = time_at(story, (int)story->events->len - 1);
    gboolean was_silent = now >= since + 14 * STORY_DAY * MAKER_MINUTE;
    return has_evidence && has_reviews && (has_reply || was_silent) &&
           last_place(story, "assessed") > contact;
}

/* What may be done in any order, at any time, as often as one likes. */
static const StoryStep writing[] = {
    {"e1", "item", A, ITEM("e1", "capture")},
    {"e2", "item", A, ITEM("e2", "register") APART("capture")},
    {"weak", "item", A, ITEM("e2", "register")},
    {"weighed", "weighed", A, WEIGHED},
    {"one-short", "weighed", A, WEIGHING(H1 "," H2, BOTH("h1") "," BOTH("h2"))},
    {"ready", "evidence-ready", A, ""},
    {"redrafted", "redrafted", A, TEXT},
    {"rest", NULL, NULL, NULL, ""},
};
static const StoryStep reviewing[] = {
    {"by-writer", "reviewed", A, REVIEW},
    {"review1", "reviewed", B, REVIEW},
    {"as-well", "reviewed", ALDER, "b.  reader", REVIEW},
    {"against", "reviewed", C, "\"finding\":\"does-not-support\"," TEXT},
    {"review2", "reviewed", C, REVIEW},
    {"closed", "reviews-closed", A, ""},
    {"redrafted", "redrafted", A, TEXT},
    {"ready", "evidence-ready", A, ""},
    {"rest", NULL, NULL, NULL, ""},
};
static const StoryStep contacting[] = {
    {"contact", "contacting", D, "\"name\":\"Group One\"," TEXT ",\"urgency\":\"ordinary\""},
    {"mail", "attempted", D, TRY("e-mail")},
    {"call", "attempted-again", D, TRY("telephone")},
    {"again", "attempted-again", D, TRY("e-mail")},
    {"confirm1", "attempt-confirmed", E, "", .names = "mail", .member = "attempt"},
    {"confirm2", "attempt-confirmed", E, "", .names = "call", .member = "attempt"},
    {"self", "attempt-confirmed", D, "", .names = "call", .member = "attempt"},
    {"wait", NULL, NULL, NULL, "", .minutes = 14 * STORY_DAY},
    {"silence", "silent", D, ""},
    {"rest", NULL, NULL, NULL, ""},
};
static const StoryStep replying[] = {
    {"contact", "contacting", D,
     "\"name\":\"Group One\",\"party\":\"" CEDAR "\"," TEXT ",\"urgency\":\"ordinary\""},
    {"received", "received", CEDAR, NULL, ""},
    {"reply", "replied", P, TEXT},
    {"taken", "reply-taken", A, ""},
    {"wait", NULL, NULL, NULL, "", .minutes = 14 * STORY_DAY},
    {"silence", "silent", D, ""},
    {"assessed", "assessed", A, ASSESS("medium")},
    {"considered", "assessed", A, ASSESS("medium") ",\"on_reply\":\"o\""},
    {"published", "published", F, ""},
    {"restricted", "restricted", F, "\"readers\":[\"cert.forum.example\"]"},
    {"redrafted", "redrafted", A, TEXT},
    {"rest", NULL, NULL, NULL, ""},
};

/* The rest of the usual course, whatever of it is possible. */
static guint do_rest(Story *story)
{
    guint done = 0;
    for (guint i = 1; i < G_N_ELEMENTS(whole); i++)
        done += step(story, &whole[i]);
    return done;
}

typedef struct {
    const StoryStep *steps;
    guint n_steps, depth;
    GHashTable *seen;
    guint n_shown;
} Model;

static void check_shown(Model *model, const Story *story)
{
    const char *state = story_state(story);
    if (strcmp(state, "published") != 0 && strcmp(state, "restricted") != 0)
        return;
    if (!oracle_may_be_shown(story)) {
        for (guint i = 0; i < story->labels->len; i++)
            g_test_message("%s", (const char *)story->labels->pdata[i]);
        g_error("the claim is %s", state);
    }
    model->n_shown++;
}

/* What can still become of the claim depends on this alone: the state, and what was done in the
 * version and before it. */
static char *fingerprint(const Story *story, guint depth)
{
    GString *text = g_string_new(NULL);
    int ready = last_place(story, "redrafted");
    g_string_append_printf(text, "%u %s %d", depth, story_state(story),
                           story->minute >= 14 * STORY_DAY);
    for (guint i = 0; i < story->labels->len; i++)
        if (place_of(story, story->labels->pdata[i], 0) == (int)i || (int)i > ready)
            g_string_append_printf(text, " %s%s", (int)i > ready ? "+" : "",
                                   (const char *)story->labels->pdata[i]);
    return g_string_free(text, FALSE);
}

static void explore(Model *model, Story *story, guint depth)
{
    if (depth == 0 || !g_hash_table_add(model->seen, fingerprint(story, depth)))
        return;
    for (guint i = 0; i < model->n_steps; i++) {
        const StoryStep *one = &model->steps[i];
        int minute = story->minute;
        guint before = story->events->len;
        if (strcmp(one->label, "rest") == 0)
            do_rest(story);
        else if (!step(story, one) || (one->type && story->events->len == before))
            goto next;
        check_shown(model, story);
        if (strcmp(one->label, "rest") != 0)
            explore(model, story, depth - 1);
    next:
        while (story->events->len > before)
            story_undo(story, minute);
        story->minute = minute;
    }
}

static void run_model(const StoryStep *steps, guint n_steps, const char *until, guint depth)
{
    g_auto(Story) story;
    Model model = {.steps = steps,
                   .n_steps = n_steps,
                   .depth = depth,
                   .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    story_init(&story);
    tell_until(&story, until);
    explore(&model, &story, depth);
    g_test_message("%u states, %u ways to be shown", g_hash_table_size(model.seen), model.n_shown);
    g_assert_cmpuint(model.n_shown, >, 0);
    g_hash_table_unref(model.seen);
}

static void test_model(void)
{
    run_model(writing, G_N_ELEMENTS(writing), "e1", 5);
    run_model(reviewing, G_N_ELEMENTS(reviewing), "review1", 6);
    run_model(contacting, G_N_ELEMENTS(contacting), "contact", 6);
    run_model(replying, G_N_ELEMENTS(replying), "contact", 7);
}

/* --- the gate ----------------------------------------------------------------------------------
 */

/* The names of the conditions that are not met, in their order. Caller frees. */
static char *unmet(const Story *story)
{
    GString *names = g_string_new(NULL);
    g_autoptr(ClaimView) view =
        claim_view_new(story->result, NULL, MAKER_START + story->minute * MAKER_MINUTE);
    for (const ClaimCondition *one = claim_gate_conditions(); one->name; one++) {
        g_autoptr(GError) error = NULL;
        if (one->check(view, &error)) {
            g_assert_no_error(error);
            continue;
        }
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
        g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", one->name);
    }
    return g_string_free(names, FALSE);
}

static void assert_unmet(const Story *story, const char *wanted)
{
    g_autofree char *names = unmet(story);
    g_assert_cmpstr(names, ==, wanted);
}

/* Each condition is met by its step, and by none before. */
static void test_conditions(void)
{
    static const struct {
        const char *label, *unmet;
    } table[] = {
        {"draft", "roots hypotheses reviews contact reply assessment"},
        {"e1", "roots hypotheses reviews contact reply assessment"},
        {"e2", "hypotheses reviews contact reply assessment"},
        {"weighed", "reviews contact reply assessment"},
        {"review1", "reviews contact reply assessment"},
        {"review2", "contact reply assessment"},
        {"contact", "contact reply assessment"},
        {"call", "contact reply assessment"},
        {"confirm1", "contact reply assessment"},
        {"confirm2", "reply assessment"},
        {"silence", "assessment"},
        {"assessed", ""},
    };
    g_auto(Story) story;
    story_init(&story);
    for (guint i = 0, k = 0; k < G_N_ELEMENTS(table); i++) {
        well(&story, whole[i]);
        if (strcmp(whole[i].label, table[k].label) == 0)
            assert_unmet(&story, table[k++].unmet);
    }
    well(&story, (StoryStep){"x", "redrafted", A, TEXT});
    assert_unmet(&story, "");
    well(&story, (StoryStep){"ready", "evidence-ready", A, ""});
    assert_unmet(&story, "reviews contact reply assessment");
}

/* What is refused says which rule, and what would satisfy it. */
static void test_refusals(void)
{
    g_auto(Story) story;
    story_init(&story);
    well(&story, whole[0]);
    badly(&story, whole[4], "the facts name 0 roots");
    well(&story, whole[1]);
    well(&story, (StoryStep){"x", "item", A, ITEM("e2", "register")});
    badly(&story, whole[4], "2 roots, of which 1 can be shown to be independent");
    badly(&story, whole[1], "there was an item e1 before");
    badly(&story, (StoryStep){"x", "item", A, "\"kind\":\"fact\",\"name\":\"e3\"," TEXT}, "root");
    badly(&story, (StoryStep){"x", "item", A, ITEM("e3", "r") ",\"independent_of\":[\"a\"]"},
          "shown_by");
    badly(&story, (StoryStep){"x", "item", A, ITEM("E3", "r")}, "lower-case");
    badly(&story,
          (StoryStep){"x", "item", A, "\"kind\":\"opinion\",\"name\":\"e3\",\"root\":\"r\"," TEXT},
          "a fact has a \"root\"");
    well(&story, (StoryStep){"x", "item-dropped", A, "\"item\":\"e2\""});
    badly(&story, (StoryStep){"x", "item-dropped", A, "\"item\":\"e2\""}, "no item e2");
    well(&story, (StoryStep){"x", "item", A, ITEM("e3", "register") APART("capture")});
    badly(&story, whole[4], "no hypotheses were weighed");
    well(&story, whole[3]);
    badly(&story, whole[4], "hypothesis h1 is not weighed against item e3");
    badly(&story, whole[15], "one cannot publish a claim that is draft");
}

static void test_reviews(void)
{
    g_auto(Story) story;
    story_init(&story);
    tell_until(&story, "review1");
    badly(&story, (StoryStep){"x", "reviewed", A, REVIEW}, "A. Writer wrote some of it");
    badly(&story, whole[7], "0 supporting reviews");
    well(&story, whole[5]);
    badly(&story, whole[5], "has reviewed this version already");
    badly(&story, (StoryStep){"x", "reviewed", ALDER, "B. READER", REVIEW}, "already");
    badly(&story, whole[7], "1 supporting review ");
    well(&story, (StoryStep){"x", "reviewed", C, "\"finding\":\"does-not-support\"," TEXT});
    badly(&story, whole[7], "1 supporting review ");
    badly(&story, (StoryStep){"x", "reviewed", X, REVIEW}, "no participant");
    well(&story, (StoryStep){"x", "review-asked", A, "\"reviewers\":[\"" BIRCH "\"]"});
    well(&story, (StoryStep){"x", "reviewed", X, REVIEW});
    well(&story, whole[7]);
    /* A new version is reviewed anew. */
    well(&story, (StoryStep){"x", "redrafted", A, TEXT});
    well(&story, whole[4]);
    badly(&story, whole[7], "0 supporting reviews");
}

static void test_contact(void)
{
    g_auto(Story) story;
    story_init(&story);
    tell_until(&story, "contact");
    well(&story, (StoryStep){"x", "deferred", F,
                             "\"decided_by\":\"Forum\",\"operation\":\"o\",\"until\":"
                             "\"2026-03-01T00:00:00Z\"," TEXT});
    badly(&story, whole[15], "deferred");
    badly(&story,
          (StoryStep){"x", "contacting", D, "\"name\":\"g\"," TEXT ",\"urgency\":\"ongoing-harm\""},
          "\"harm\" says what it is");
    well(&story,
         (StoryStep){"contact", "contacting", D,
                     "\"harm\":\"h\",\"name\":\"g\"," TEXT ",\"urgency\":\"ongoing-harm\""});
    badly(&story, whole[10], "no attempt by another channel than telephone");
    well(&story, whole[9]);
    badly(&story, (StoryStep){"x", "attempted-again", D, TRY("e-mail")}, "another channel");
    well(&story, whole[10]);
    int second = story.minute;
    badly(&story,
          (StoryStep){"x", "attempt-confirmed", D, "", .names = "mail", .member = "attempt"},
          "D. Caller documented it");
    badly(&story,
          (StoryStep){"x", "attempt-confirmed", E, "", .names = "contact", .member = "attempt"},
          "names none");
    well(&story, whole[11]);
    badly(&story, whole[13], "2 are documented, 1 confirmed");
    well(&story, whole[12]);
    story.minute = second + 72 * 60 - 2;
    badly(&story, (StoryStep){"x", "silent", D, ""}, "is not over before");
    story.minute = second + 72 * 60 - 1;
    well(&story, (StoryStep){"x", "silent", D, ""});
}

/* --- the party ---------------------------------------------------------------------------------
 */

static const StoryStep contact_node = {"contact", "contacting", D,
                                       "\"name\":\"Group One\",\"party\":\"" CEDAR "\"," TEXT
                                       ",\"urgency\":\"ordinary\""};

static void test_reply(void)
{
    g_autofree char *line = g_strnfill(400, 'x');
    g_autofree char *too_long = g_strdup_printf("\"text\":\"%s\"", line);
    g_auto(Story) story;
    story_init(&story);
    tell_until(&story, "contact");
    well(&story, contact_node);
    g_assert_cmpstr(engine_machine(story.result, CEDAR)->type, ==, "received");
    well(&story, (StoryStep){"received", "received", CEDAR, NULL, ""});
    g_assert_cmpstr(story_state(&story), ==, "contacted");
    badly(&story, (StoryStep){"x", "reply-taken", A, ""}, "there is a reply");
    badly(&story, (StoryStep){"x", "silent", D, ""}, "is not over before");
    badly(&story, (StoryStep){"x", "replied", P, too_long}, "it has 400 characters, the claim 42");
    well(&story, (StoryStep){"x", "replied", P, TEXT});
    badly(&story, (StoryStep){"x", "silent", D, "", .minutes = 15 * STORY_DAY},
          "there is a reply: take it");
    well(&story, (StoryStep){"x", "reply-taken", A, ""});
    badly(&story, whole[14], "says what was made of it");
    well(&story, (StoryStep){"x", "assessed", A, ASSESS("low") ",\"on_reply\":\"o\""});
    badly(&story, (StoryStep){"x", "published", A, ""}, "A. Writer wrote some of it");
    well(&story, (StoryStep){"x", "restricted", F, "\"readers\":[\"cert.forum.example\"]"});
    badly(&story,
          (StoryStep){"x", "relayed", "cert.forum.example", "R. Reader",
                      "\"readers\":[\"cert.dora.example\"]"},
          "restricted");
    well(&story, (StoryStep){"x", "corrected", A, TEXT});
    badly(&story,
          (StoryStep){"x", "relayed", "cert.forum.example", "R. Reader",
                      "\"readers\":[\"cert.dora.example\"]"},
          "the claim was published");
    /* A reply may come at any time. */
    well(&story, (StoryStep){"x", "replied", P, TEXT});
    well(&story, (StoryStep){"x", "retracted", A, TEXT});
    well(&story, (StoryStep){"x", "replied", P, TEXT});
}

/* A reply of somebody without a node counts as a reply, and not as the contact. */
static void test_recorded(void)
{
    g_auto(Story) story;
    StoryStep record = {"x", "reply-recorded", D,
                        "\"author\":\"Group One\",\"channel\":\"e-mail\",\"cleared\":\"by mail of "
                        "2 May\"," TEXT};
    story_init(&story);
    tell_until(&story, "mail");
    well(&story, record);
    assert_unmet(&story, "contact assessment");
    well(&story, whole[9]);
    well(&story, whole[10]);
    well(&story, (StoryStep){"x", "reply-taken", A, ""});
    well(&story, (StoryStep){"x", "assessed", A, ASSESS("low") ",\"on_reply\":\"o\""});
    badly(&story, whole[15], "2 are documented, 0 confirmed");
}

static void test_relay(void)
{
    g_auto(Story) story;
    story_init(&story);
    tell_until(&story, "published");
    well(&story, (StoryStep){"x", "published", F, "\"readers\":[\"cert.forum.example\"]"});
    well(&story, (StoryStep){"x", "relayed", "cert.forum.example", "R. Reader",
                             "\"readers\":[\"cert.dora.example\"]"});
    g_assert_cmpuint(engine_roles(story.result, "cert.dora.example"), !=, 0);
}

static void test_state_role(void)
{
    g_auto(Story) story;
    story_init(&story);
    badly(&story,
          (StoryStep){"x", "drafted", A,
                      "\"about\":\"actor\",\"actor\":\"Dalia\",\"actor_kind\":\"state\","
                      "\"names_no_person\":true,\"subject\":\"s\"," TEXT},
          "a claim of its own");
    badly(&story,
          (StoryStep){"x", "drafted", A,
                      "\"about\":\"state-role\",\"actor\":\"Dalia\",\"actor_kind\":\"state\","
                      "\"names_no_person\":true,\"subject\":\"s\"," TEXT},
          "rests_on");
    well(&story, (StoryStep){"draft", "drafted", A, ROLE_DRAFT});
    for (guint i = 1; i < 7; i++)
        well(&story, whole[i]);
    badly(&story, whole[7], "of different organisations");
    well(&story, (StoryStep){"x", "review-asked", A, "\"reviewers\":[\"" BIRCH "\"]"});
    well(&story, (StoryStep){"x", "reviewed", X, REVIEW});
    for (guint i = 7; i < 15; i++)
        well(&story, whole[i]);
    badly(&story, whole[15], "the confidence in it is not high");
    well(&story, (StoryStep){"x", "assessed", A, ASSESS("high")});
    well(&story, whole[15]);
}

static void test_person(void)
{
    g_auto(Story) story;
    story_init(&story);
    badly(&story,
          (StoryStep){"x", "drafted", A,
                      "\"about\":\"actor\",\"actor\":\"One\",\"actor_kind\":\"group\","
                      "\"subject\":\"s\"," TEXT},
          "names_no_person");
    badly(&story,
          (StoryStep){"x", "drafted", A,
                      "\"about\":\"actor\",\"actor\":\"One\",\"actor_kind\":\"person\","
                      "\"names_no_person\":true,\"subject\":\"s\"," TEXT},
          "actor_kind");
}

/* --- what is sealed ----------------------------------------------------------------------------
 */

#define SALT "0123456789abcdef"

static void test_sealed(void)
{
    g_autofree char *digest = claim_rules_seal(SALT, "who told us");
    g_autofree char *item = g_strdup_printf(ITEM("e3", "source") ",\"sealed\":\"%s\"", digest);
    StoryStep shown = {"x", "sealed-shown", A,
                       "\"item\":\"e3\",\"salt\":\"" SALT "\",\"text\":\"who told us\""};
    g_auto(Story) story;
    story_init(&story);
    tell_until(&story, "weighed");
    well(&story, (StoryStep){"e3", "item", A, item});
    well(&story,
         (StoryStep){"x", "weighed", A,
                     WEIGHING(H1 "," H2 "," H3,
                              BOTH("h1") "," BOTH("h2") "," BOTH("h3") "," WEIGHT(
                                  "h1", "e3") "," WEIGHT("h2", "e3") "," WEIGHT("h3", "e3"))});
    for (guint i = 4; i < 8; i++)
        well(&story, whole[i]);
    badly(&story, shown, "reviewed");
    well(&story, contact_node);
    well(&story, shown);
    badly(&story,
          (StoryStep){"x", "sealed-shown", A,
                      "\"item\":\"e3\",\"salt\":\"" SALT "\",\"text\":\"somebody else\""},
          "not what item e3 sealed");
    badly(&story,
          (StoryStep){"x", "sealed-shown", A, "\"item\":\"e1\",\"salt\":\"" SALT "\"," TEXT},
          "no sealed item e1");
    well(&story, (StoryStep){"x", "sealed-seen", P, "\"items\":[\"e3\"]"});
    badly(&story, (StoryStep){"x", "sealed-seen", P, "\"items\":[\"e2\"]"}, "no sealed item e2");
    well(&story, (StoryStep){"panel", "panel-proposed", A, "\"panel\":[\"" BIRCH "\"]"});
    badly(&story,
          (StoryStep){"x", "panel-agreed", P, "\"panel\":[\"cert.forum.example\"]",
                      .names = "panel", .member = "proposal"},
          "another than the one that was proposed");
    well(&story, (StoryStep){"x", "panel-agreed", P, "\"panel\":[\"" BIRCH "\"]", .names = "panel",
                             .member = "proposal"});
    story_assert_any_order(&story);
    /* Who is shown the claim later is not shown that. */
    guint panel = procedure_role(&claim_procedure, "panel");
    guint party = procedure_role(&claim_procedure, "party");
    for (guint i = 0; i < story.result->events->len; i++) {
        const EngineEvent *one = &g_array_index(story.result->events, EngineEvent, i);
        gboolean is_secret = strcmp(one->event->type, "sealed-shown") == 0;
        if (is_secret)
            g_assert_cmpuint(one->shown, ==, panel | party);
        else
            g_assert_true(one->shown & procedure_role(&claim_procedure, "reader"));
    }
}

/* --- the public copy ---------------------------------------------------------------------------
 */

static void test_copy(void)
{
    g_auto(Story) story;
    g_autoptr(GError) error = NULL;
    story_init(&story);
    g_autoptr(EngineResult) nothing = engine_run(NULL, 0);
    g_assert_null(claim_copy_new(nothing, NULL));
    tell_until(&story, "published");
    g_assert_null(claim_copy_new(story.result, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    well(&story, whole[15]);
    g_autoptr(ClaimCopy) silent = claim_copy_new(story.result, NULL);
    g_autofree char *text = claim_copy_text(silent), *page = claim_copy_html(silent);
    g_assert_nonnull(strstr(text, "No reply came before"));
    g_assert_nonnull(strstr(text, "says nothing either way"));
    g_assert_nonnull(strstr(page, "No reply came before"));
    well(&story, (StoryStep){"x", "reply-recorded", D,
                             "\"author\":\"Group <One>\",\"channel\":\"e-mail\",\"cleared\":\"by "
                             "mail\",\"text\":\"No & no.\""});
    g_autoptr(ClaimCopy) answered = claim_copy_new(story.result, NULL);
    const ClaimCopySection *first = answered->sections->pdata[0];
    const ClaimCopySection *second = answered->sections->pdata[1];
    g_assert_true(first->is_statement && second->is_statement);
    g_assert_nonnull(strstr(second->heading, "Group <One>"));
    g_assert_cmpstr(second->blocks->pdata[0], ==, "No & no.");
    g_autofree char *escaped = claim_copy_html(answered);
    g_assert_nonnull(strstr(escaped, "Group &lt;One&gt;"));
    g_assert_nonnull(strstr(escaped, "No &amp; no."));
    g_assert_null(strstr(escaped, "No reply came"));
}

/* --- what turns up later -----------------------------------------------------------------------
 */

/* Puts an event of Alder into the past: it follows the draft alone. */
static Event *in_the_past(const Story *story, const char *type, const char *members, int minute)
{
    const Event *opening = story->events->pdata[0];
    g_autofree char *payload = g_strdup_printf("{%s}", members);
    const EventSpec spec = {.procedure = "claim",
                            .dossier = opening->dossier,
                            .type = type,
                            .author = ALDER "/ledger",
                            .signatory = "G. Late",
                            .time_us = MAKER_START + minute * MAKER_MINUTE,
                            .parents = &opening->hash,
                            .n_parents = 1,
                            .payload = payload,
                            .tlp = MARKING_TLP_AMBER};
    return story_event(&spec);
}

/* An item that bears an early time and was not known to who ended the writing makes good nothing.
 */
static void test_backdated(void)
{
    g_auto(Story) story;
    story_init(&story);
    well(&story, whole[0]);
    well(&story, whole[1]);
    g_autoptr(Event) late = in_the_past(&story, "item", ITEM("e2", "register") APART("capture"), 2);
    const Event *all[] = {story.events->pdata[0], story.events->pdata[1], late};
    story_add(&story, g_steal_pointer(&late), "late", engine_run(all, G_N_ELEMENTS(all)));
    g_assert_cmpuint(story.result->n_valid, ==, 3);
    /* An own event that follows only the draft and the first item. */
    const Event *first = story.events->pdata[1];
    const EventSpec spec = {.procedure = "claim",
                            .dossier = first->dossier,
                            .type = "evidence-ready",
                            .author = ALDER "/ledger",
                            .signatory = "A. Writer",
                            .time_us = MAKER_START + 100 * MAKER_MINUTE,
                            .parents = &first->hash,
                            .n_parents = 1,
                            .payload = "{}",
                            .tlp = MARKING_TLP_AMBER};
    g_autoptr(Event) ready = story_event(&spec);
    g_autoptr(GError) error = NULL;
    g_assert_null(engine_after(story.result, ready, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_nonnull(strstr(error->message, "1 root,"));
}

/* --- evidence ----------------------------------------------------------------------------------
 */

static void assert_roots(const char *const *items, guint n_items, guint named, guint independent)
{
    g_auto(Story) story;
    guint found;
    story_init(&story);
    well(&story, whole[0]);
    for (guint i = 0; i < n_items; i++)
        well(&story, (StoryStep){"x", "item", A, items[i]});
    g_autoptr(ClaimView) view = claim_view_new(story.result, NULL, 0);
    g_autoptr(GPtrArray) list = claim_evidence_items(view);
    g_assert_cmpuint(claim_evidence_roots(list, &found), ==, independent);
    g_assert_cmpuint(found, ==, named);
}

static void test_roots(void)
{
    static const char *const none[] = {"\"kind\":\"opinion\",\"name\":\"e1\"," TEXT};
    static const char *const sponsors[] = {
        ITEM("e1", "capture") ",\"sponsors\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"]",
        ITEM("e2", "capture"), ITEM("e3", "capture") APART("capture")};
    static const char *const unshown[] = {ITEM("e1", "a"), ITEM("e2", "b"), ITEM("e3", "c")};
    static const char *const elsewhere[] = {ITEM("e1", "a") APART("nowhere"), ITEM("e2", "b")};
    static const char *const one_way[] = {ITEM("e1", "a"), ITEM("e2", "b"),
                                          ITEM("e3", "c") APART("b")};
    static const char *const all[] = {ITEM("e1", "a"), ITEM("e2", "b") APART("a"),
                                      ITEM("e3", "c") APART("b"), ITEM("e4", "c") APART("a")};
    assert_roots(none, G_N_ELEMENTS(none), 0, 0);
    assert_roots(sponsors, G_N_ELEMENTS(sponsors), 1, 1);
    assert_roots(unshown, G_N_ELEMENTS(unshown), 3, 1);
    assert_roots(elsewhere, G_N_ELEMENTS(elsewhere), 2, 1);
    assert_roots(one_way, G_N_ELEMENTS(one_way), 3, 2);
    assert_roots(all, G_N_ELEMENTS(all), 3, 3);
}

static void test_weighing(void)
{
    static const struct {
        const char *members, *named; /* NULL: it is good */
    } table[] = {
        {WEIGHED, NULL},
        {WEIGHING("", ""), NULL},
        {"\"weighing\":[]", "no object"},
        {"\"weighing\":{\"weights\":[]}", "hypotheses"},
        {"\"weighing\":{\"hypotheses\":[]}", "weights"},
        {WEIGHING("7", ""), "hypothesis 1"},
        {WEIGHING(H1 "," H1, ""), "twice"},
        {WEIGHING(H1 ",{\"kind\":\"other\",\"name\":\"h2\",\"text\":\"claimed\"}", ""), "twice"},
        {WEIGHING(HYPOTHESIS("h1", "guess"), ""), "kind"},
        {WEIGHING(HYPOTHESIS("H1", "other"), ""), "lower-case"},
        {WEIGHING("{\"kind\":\"other\",\"name\":\"h1\",\"text\":\"\"}", ""), "text"},
        {WEIGHING(H1, WEIGHT("h2", "e1")), "hypothesis"},
        {WEIGHING(H1, "{\"hypothesis\":\"h1\",\"item\":\"e1\",\"weight\":\"so\",\"why\":\"w\"}"),
         "weight"},
        {WEIGHING(H1, "{\"hypothesis\":\"h1\",\"item\":\"e1\",\"weight\":\"for\"}"), "why"},
        {WEIGHING(H1, "{\"hypothesis\":\"h1\",\"weight\":\"for\",\"why\":\"w\"}"), "item"},
        {WEIGHING(H1, "null"), "weight 1"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        StoryStep one = {"x", "weighed", A, table[i].members};
        g_auto(Story) story;
        story_init(&story);
        well(&story, whole[0]);
        if (table[i].named)
            badly(&story, one, table[i].named);
        else
            well(&story, one);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/claim/whole", test_whole);
    g_test_add_func("/claim/subsets", test_subsets);
    g_test_add_func("/claim/model", test_model);
    g_test_add_func("/claim/conditions", test_conditions);
    g_test_add_func("/claim/refusals", test_refusals);
    g_test_add_func("/claim/reviews", test_reviews);
    g_test_add_func("/claim/contact", test_contact);
    g_test_add_func("/claim/reply", test_reply);
    g_test_add_func("/claim/recorded", test_recorded);
    g_test_add_func("/claim/relay", test_relay);
    g_test_add_func("/claim/state_role", test_state_role);
    g_test_add_func("/claim/person", test_person);
    g_test_add_func("/claim/sealed", test_sealed);
    g_test_add_func("/claim/copy", test_copy);
    g_test_add_func("/claim/backdated", test_backdated);
    g_test_add_func("/claim/roots", test_roots);
    g_test_add_func("/claim/weighing", test_weighing);
    return g_test_run();
}
