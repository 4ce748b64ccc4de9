/* Consultations: who speaks when, and that a record is agreed only by both and word by word. */
#include "dossier_story.h"

#include "dossier/consultation.h"

#define A    ALDER, "A. Envoy"
#define B    BIRCH, "B. Envoy"

#define TEXT "\"text\":\"t\""

static gboolean step(Story *story, StoryStep one)
{
    return story_do(story, &consultation_procedure, &one);
}

static void well(Story *story, StoryStep one)
{
    if (!step(story, one))
        g_error("%s: %s", one.type, story->error);
}

static void badly(Story *story, StoryStep one, const char *wanted)
{
    if (step(story, one))
        g_error("%s was accepted", one.type);
    if (!strstr(story->error, wanted))
        g_error("\"%s\" does not say \"%s\"", story->error, wanted);
}

static void assert_state(const Story *story, const char *state)
{
    g_assert_cmpstr(story_state(story), ==, state);
}

/* Caller frees. */
static char *record(const char *text)
{
    g_autofree char *digest = consultation_digest(text);
    return g_strdup_printf("\"record\":\"%s\",\"text\":\"%s\"", digest, text);
}

/* Caller frees. */
static char *digest_of(const char *text)
{
    g_autofree char *digest = consultation_digest(text);
    return g_strdup_printf("\"record\":\"%s\"", digest);
}

static const StoryStep opening = {
    "opened", "opened", A, "\"kind\":\"question\",\"subject\":\"s\"," TEXT ",\"to\":\"" BIRCH "\""};

static void test_course(void)
{
    g_autofree char *one = record("We agree."), *of_one = digest_of("We agree.");
    g_autofree char *other = record("We do not."), *of_other = digest_of("We do not.");
    g_auto(Story) story;
    story_init(&story);
    well(&story, opening);
    assert_state(&story, "asked");
    g_assert_cmpstr(engine_machine(story.result, BIRCH)->type, ==, "received");
    well(&story, (StoryStep){"x", "received", BIRCH, NULL, ""});
    badly(&story, (StoryStep){"x", "replied", A, TEXT}, "the respondent replies");
    well(&story, (StoryStep){"x", "clarification-asked", B, TEXT});
    badly(&story, (StoryStep){"x", "replied", B, TEXT}, "clarifying");
    well(&story, (StoryStep){"x", "clarified", A, TEXT});
    well(&story, (StoryStep){"reply", "replied", B, "\"language\":\"xb\"," TEXT});
    well(&story, (StoryStep){"x", "translated", A, "\"language\":\"en\"," TEXT, .names = "reply",
                             .member = "of"});
    badly(&story,
          (StoryStep){"x", "translated", A, "\"language\":\"en\"," TEXT, .names = "x",
                      .member = "of"},
          "an original");
    well(&story, (StoryStep){"x", "represented", A, TEXT});
    assert_state(&story, "represented");
    well(&story, (StoryStep){"x", "counter-represented", B, TEXT});
    badly(&story, (StoryStep){"x", "replied", B, TEXT},
          "to a counter-representation the initiator");
    well(&story, (StoryStep){"x", "replied", A, TEXT});
    badly(&story, (StoryStep){"x", "record-proposed", B, "\"record\":\"00\"," TEXT}, "SHA-256");
    well(&story, (StoryStep){"x", "record-proposed", B, one});
    badly(&story, (StoryStep){"x", "record-agreed", B, of_one}, "did not propose the record");
    badly(&story, (StoryStep){"x", "record-agreed", A, of_other}, "proposed last");
    well(&story, (StoryStep){"x", "record-declined", A, ""});
    well(&story, (StoryStep){"x", "record-proposed", B, one});
    well(&story, (StoryStep){"x", "record-proposed", A, other});
    badly(&story, (StoryStep){"x", "record-agreed", B, of_one}, "proposed last");
    well(&story, (StoryStep){"x", "record-agreed", B, of_other});
    assert_state(&story, "agreed");
    badly(&story, (StoryStep){"x", "closed", A, ""}, "agreed");
    story_assert_any_order(&story);
}

/* A record's digest has to be that of its text. */
static void test_digest(void)
{
    g_autofree char *other = digest_of("Something else.");
    g_autofree char *wrong = g_strconcat(other, ",", TEXT, NULL);
    g_auto(Story) story;
    story_init(&story);
    well(&story, opening);
    well(&story, (StoryStep){"x", "received", BIRCH, NULL, ""});
    badly(&story, (StoryStep){"x", "record-proposed", B, wrong}, "the SHA-256 of the text");
}

/* --- model check -------------------------------------------------------------------------------
 */

/* Whether the last two steps are one side's proposal, and the other's agreement to that text. */
static gboolean is_agreed(const Story *story)
{
    const Event *agreed = story->events->pdata[story->events->len - 1];
    const Event *proposed = NULL;
    for (guint i = 0; i + 1 < story->events->len; i++) {
        const Event *one = story->events->pdata[i];
        if (strcmp(one->type, "record-proposed") == 0)
            proposed = one;
    }
    if (!proposed || strcmp(agreed->type, "record-agreed") != 0)
        return FALSE;
    g_autofree char *digest = consultation_digest(event_text(proposed, "text"));
    return strcmp(proposed->node, agreed->node) != 0 &&
           g_strcmp0(event_text(agreed, "record"), digest) == 0;
}

static guint explore(Story *story, const StoryStep *steps, guint n_steps, guint depth)
{
    guint reached = 0;
    for (guint i = 0; depth > 0 && i < n_steps; i++) {
        int minute = story->minute;
        if (!step(story, steps[i]))
            continue;
        if (strcmp(story_state(story), "agreed") == 0) {
            g_assert_true(is_agreed(story));
            reached++;
        }
        reached += explore(story, steps, n_steps, depth - 1);
        story_undo(story, minute);
    }
    return reached;
}

/* In whatever order who says what: no record is agreed but by both, to the same words. */
static void test_model(void)
{
    g_autofree char *one = record("One."), *of_one = digest_of("One.");
    g_autofree char *two = record("Two."), *of_two = digest_of("Two.");
    const StoryStep steps[] = {
        {"x", "replied", B, TEXT},         {"x", "counter-represented", B, TEXT},
        {"x", "record-proposed", A, one},  {"x", "record-proposed", B, two},
        {"x", "record-agreed", A, of_one}, {"x", "record-agreed", A, of_two},
        {"x", "record-agreed", B, of_one}, {"x", "record-agreed", B, of_two},
        {"x", "record-declined", A, ""},   {"x", "closed", A, ""},
    };
    g_auto(Story) story;
    story_init(&story);
    well(&story, opening);
    well(&story, (StoryStep){"x", "received", BIRCH, NULL, ""});
    g_assert_cmpuint(explore(&story, steps, G_N_ELEMENTS(steps), 5), >, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/consultation/course", test_course);
    g_test_add_func("/consultation/digest", test_digest);
    g_test_add_func("/consultation/model", test_model);
    return g_test_run();
}
