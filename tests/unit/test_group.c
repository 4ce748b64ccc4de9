/* Working groups: meetings, minutes that each confirms or objects to, texts in versions, actions
 * that only their owner can call done. */
#include "dossier_story.h"

#include "dossier/group.h"

#define A    ALDER, "A. Chair"
#define B    BIRCH, "B. Member"
#define C    CEDAR, "C. Member"

#define TEXT "\"text\":\"t\""

static gboolean step(Story *story, StoryStep one)
{
    return story_do(story, &group_procedure, &one);
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

static const StoryStep convene = {
    "x", "convened", A, "\"subject\":\"s\"," TEXT ",\"to\":[\"" BIRCH "\",\"" CEDAR "\"]"};
static const StoryStep call = {
    "x", "meeting-called", A,
    "\"agenda\":[\"Two\",\"One\"],\"meeting\":\"2026-05-01T09:00:00Z\",\"place\":\"p\""};
static const StoryStep minutes = {"x", "minutes", A, "\"present\":[\"" ALDER "\"]," TEXT};

static void test_meeting(void)
{
    g_auto(Story) story;
    story_init(&story);
    well(&story, convene);
    badly(&story, minutes, "open");
    badly(&story,
          (StoryStep){"x", "meeting-called", A,
                      "\"agenda\":[\"One\"],\"meeting\":\"2020-05-01T09:00:00Z\",\"place\":\"p\""},
          "later");
    badly(&story, (StoryStep){"x", "meeting-called", B, call.members}, "only its convener");
    well(&story, call);
    well(&story, (StoryStep){"x", "meeting-cancelled", A, ""});
    well(&story, call);
    badly(&story, (StoryStep){"x", "minutes", A, "\"present\":[\"cert.dora.example\"]," TEXT},
          "is in the group");
    well(&story, minutes);
    badly(&story, (StoryStep){"x", "settled", A, ""}, BIRCH " has said nothing");
    well(&story, (StoryStep){"x", "confirmed", B, ""});
    badly(&story, (StoryStep){"x", "objected", B, TEXT}, "once");
    badly(&story, (StoryStep){"x", "settled", A, ""}, CEDAR " has said nothing");
    well(&story, (StoryStep){"x", "objected", C, TEXT});
    /* Minutes that are written anew are confirmed anew. */
    well(&story, minutes);
    badly(&story, (StoryStep){"x", "settled", A, ""}, BIRCH " has said nothing");
    well(&story, (StoryStep){"x", "confirmed", B, ""});
    well(&story, (StoryStep){"x", "settled", A, "", .minutes = 7 * STORY_DAY});
    g_assert_cmpstr(story_state(&story), ==, "open");
    well(&story, (StoryStep){"x", "closed", A, ""});
    story_assert_any_order(&story);
}

static void test_members(void)
{
    g_auto(Story) story;
    story_init(&story);
    well(&story, convene);
    well(&story, (StoryStep){"x", "left", B, ""});
    badly(&story, (StoryStep){"x", "remark", B, TEXT}, "former");
    well(&story, (StoryStep){"x", "invited", A, "\"members\":[\"cert.dora.example\"]"});
    well(&story, call);
    well(&story, minutes);
    well(&story, (StoryStep){"x", "confirmed", C, ""});
    badly(&story, (StoryStep){"x", "settled", A, ""}, "cert.dora.example");
    well(&story, (StoryStep){"x", "confirmed", "cert.dora.example", "D. Member", ""});
    well(&story, (StoryStep){"x", "settled", A, ""});
}

static void test_texts(void)
{
    g_auto(Story) story;
    story_init(&story);
    well(&story, convene);
    well(&story, (StoryStep){"first", "text", B, "\"name\":\"Draft\"," TEXT});
    well(&story, (StoryStep){"x", "text", C, "\"name\":\"Draft\"," TEXT, .names = "first",
                             .member = "replaces"});
    badly(&story,
          (StoryStep){"x", "text", C, "\"name\":\"Other\"," TEXT, .names = "first",
                      .member = "replaces"},
          "of the same name");
}

static void assert_actions(const Story *story, guint count, guint done)
{
    g_autoptr(GArray) actions = group_actions(story->result);
    guint found = 0;
    g_assert_cmpuint(actions->len, ==, count);
    for (guint i = 0; i < actions->len; i++)
        found += g_array_index(actions, GroupAction, i).done != NULL;
    g_assert_cmpuint(found, ==, done);
}

static void test_actions(void)
{
    g_auto(Story) story;
    story_init(&story);
    well(&story, convene);
    badly(&story,
          (StoryStep){"x", "action", A,
                      "\"due\":\"2020-05-01T09:00:00Z\",\"owner\":\"" BIRCH "\"," TEXT},
          "later");
    badly(&story,
          (StoryStep){"x", "action", A,
                      "\"due\":\"2030-05-01T09:00:00Z\",\"owner\":\"cert.dora.example\"," TEXT},
          "owner");
    well(&story, (StoryStep){"act", "action", A,
                             "\"due\":\"2030-05-01T09:00:00Z\",\"owner\":\"" BIRCH "\"," TEXT});
    assert_actions(&story, 1, 0);
    badly(&story, (StoryStep){"x", "action-done", C, "", .names = "act", .member = "action"},
          "this node owns");
    well(&story, (StoryStep){"x", "action-done", B, "", .names = "act", .member = "action"});
    badly(&story, (StoryStep){"x", "action-done", B, "", .names = "act", .member = "action"},
          "not done yet");
    assert_actions(&story, 1, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/group/meeting", test_meeting);
    g_test_add_func("/group/members", test_members);
    g_test_add_func("/group/texts", test_texts);
    g_test_add_func("/group/actions", test_actions);
    return g_test_run();
}
