/* Notices: nothing is sent that was not approved as it is sent, nobody answers for a recipient that
 * has a node, and every road ends. */
#include "dossier/notice.h"

#include "dossier_search.h"
#include "dossier_story.h"

#define FINDINGS "\"findings\":[{\"value\":\"192.0.2.1\",\"kind\":\"ipv4\",\"port\":23}]"
#define COMMON                                                                                     \
    "\"subject\":\"s\",\"text\":\"t\",\"urgency\":\"high\",\"why\":\"w\",\"reference\":"           \
    "\"r\"," FINDINGS
#define TO_NODE "\"to\":\"" BIRCH "\"," COMMON
#define TO_MAIL "\"contact\":\"abuse@isp.birch.example\"," COMMON
#define HEX     "0123456789abcdef"
#define MAIL                                                                                       \
    "\"mail\":{\"message_id\":\"r.1@cert.alder.example\",\"protection\":\"none\","                 \
    "\"sha256\":\"" HEX HEX HEX HEX "\",\"to\":\"abuse@isp.birch.example\"}"
#define REVISED "\"subject\":\"s\",\"text\":\"u\""
#define REMARK  "\"text\":\"x\""

static const char *const nodes[] = {ALDER, BIRCH, CEDAR, NULL};

static const SearchMove moves[] = {
    {"revised", REVISED},
    {"approved", ""},
    {"discarded", ""},
    {"sent", ""},
    {"sent", MAIL},
    {"received", ""},
    {"returned", REMARK},
    {"acknowledged", ""},
    {"in-progress", ""},
    {"answered", "\"outcome\":\"fixed\""},
    {"answered", "\"outcome\":\"disputed\""},
    {"answered", "\"outcome\":\"disputed\",\"text\":\"no\""},
    {"reopened", REMARK},
    {"reminded", ""},
    {"reminded", MAIL},
    {"remark", REMARK},
    {"closed", ""},
    {"withdrawn", ""},
    {NULL, NULL},
};

/* --- every road --------------------------------------------------------------------------------
 */

static guint64 key(const EngineResult *dossier)
{
    return engine_count(dossier, "reminded");
}

static gboolean is_one_of(const char *type, const char *const *types)
{
    return g_strv_contains(types, type);
}

/* That the last word on what is sent is an approval. */
static void assert_approved(const EngineResult *after)
{
    const Event *written = engine_last(after, "revised");
    const Event *approved = engine_last(after, "approved");
    if (!written)
        written = engine_last(after, "drafted");
    g_assert_nonnull(approved);
    g_assert_nonnull(approved->signatory);
    g_assert_cmpint(approved->time_us, >, written->time_us);
}

static void check_event(const EngineResult *after, const Event *event, gpointer data)
{
    static const char *const answers[] = {"acknowledged", "in-progress", "answered", NULL};
    gboolean by_mail = GPOINTER_TO_INT(data);
    const char *speaks = by_mail ? ALDER : BIRCH;
    g_assert_cmpstr(event->node, !=, CEDAR);
    g_assert_cmpint(g_str_equal(event->type, "received"), ==, event->signatory == NULL);
    if (is_one_of(event->type, answers))
        g_assert_cmpstr(event->node, ==, speaks);
    if (g_str_equal(event->type, "sent") || g_str_equal(event->type, "reminded")) {
        g_assert_cmpint(yyjson_obj_get(event->payload, "mail") != NULL, ==, by_mail);
        assert_approved(after);
    }
    if (g_str_equal(event->type, "returned"))
        g_assert_true(by_mail);
    if (g_strcmp0(event_text(event, "outcome"), "disputed") == 0)
        g_assert_nonnull(event_text(event, "text"));
    g_assert_cmpuint(engine_count(after, "reminded"), <=, NOTICE_REMINDERS_MAX);
    /* What is not private was approved. */
    if (!notice_is_private(engine_state(after)->name))
        assert_approved(after);
}

static guint states_of(const char *const *names)
{
    guint states = 0;
    for (guint i = 0; names[i]; i++)
        for (guint k = 0; k < notice_procedure.n_states; k++)
            if (g_str_equal(notice_procedure.states[k].name, names[i]))
                states |= PROCEDURE_BIT(k);
    return states;
}

static guint search(const char *opening, gboolean by_mail)
{
    guint states;
    const Search all = {.procedure = "notice",
                        .opening = {"drafted", opening},
                        .opener = ALDER,
                        .nodes = nodes,
                        .moves = moves,
                        .step = 1,
                        .key = key,
                        .check = check_event,
                        .data = GINT_TO_POINTER(by_mail)};
    g_assert_cmpuint(search_run(&all, &states), >, 50);
    return states;
}

static void test_roads(void)
{
    const guint all = PROCEDURE_BIT(notice_procedure.n_states) - 1;
    static const char *const of_mail[] = {"returned", NULL};
    static const char *const of_nodes[] = {"received", NULL};
    g_assert_cmphex(search(TO_NODE, FALSE), ==, all & ~states_of(of_mail));
    g_assert_cmphex(search(TO_MAIL, TRUE), ==, all & ~states_of(of_nodes));
}

/* --- four eyes ---------------------------------------------------------------------------------
 */

static gboolean step(Story *story, const char *type, const char *signatory, const char *members)
{
    const StoryStep one = {
        .label = type, .type = type, .node = ALDER, .signatory = signatory, .members = members};
    return story_do(story, &notice_procedure, &one);
}

/* All ways of drafting, revising and approving among three people, up to @depth steps: whoever
 * approves what is sent wrote none of it. */
static void try_eyes(Story *story, guint depth)
{
    static const char *const people[] = {"A", "B", "C"};
    static const char *const types[] = {"revised", "approved", "sent"};
    for (guint i = 0; depth > 0 && i < G_N_ELEMENTS(types); i++)
        for (guint k = 0; k < G_N_ELEMENTS(people); k++) {
            int minute = story->minute;
            if (!step(story, types[i], people[k], i == 0 ? REVISED : ""))
                continue;
            if (i == 1) {
                g_assert_cmpstr(people[k], !=, "A");
                for (guint n = 0; n < engine_count(story->result, "revised"); n++)
                    g_assert_cmpstr(engine_nth(story->result, "revised", n)->signatory, !=,
                                    people[k]);
            }
            if (i == 2)
                assert_approved(story->result);
            else
                try_eyes(story, depth - 1);
            story_undo(story, minute);
        }
}

static void test_eyes(void)
{
    g_auto(Story) story = {0};
    story_init(&story);
    g_assert_true(step(&story, "drafted", "A", TO_NODE ",\"four_eyes\":true"));
    g_assert_false(step(&story, "approved", "A", ""));
    g_assert_nonnull(strstr(story.error, "four eyes"));
    try_eyes(&story, 5);

    g_auto(Story) alone = {0};
    story_init(&alone);
    g_assert_true(step(&alone, "drafted", "A", TO_NODE));
    g_assert_true(step(&alone, "approved", "A", ""));
    g_assert_false(step(&alone, "approved", "B", ""));
    g_assert_true(step(&alone, "revised", "A", REVISED));
    g_assert_false(step(&alone, "sent", "A", ""));
}

/* --- what a draft may not be -------------------------------------------------------------------
 */

static void test_drafts(void)
{
    static const char *const wrong[] = {
        COMMON,                                     /* to nobody */
        TO_NODE ",\"contact\":\"a@birch.example\"", /* to two */
        "\"to\":\"" ALDER "\"," COMMON,             /* to itself */
        "\"contact\":\"a@b.example\\r\\nBcc: c@d.example\"," COMMON,
        "\"contact\":\"<a@b.example>\"," COMMON,
        "\"contact\":\"a@b@c.example\"," COMMON,
        "\"contact\":\"nobody\"," COMMON,
        "\"contact\":\"a@b.example\",\"subject\":\"s\",\"text\":\"t\",\"urgency\":\"high\","
        "\"why\":\"w\",\"findings\":[]",
        "\"contact\":\"a@b.example\",\"subject\":\"s\",\"text\":\"t\",\"urgency\":\"high\","
        "\"why\":\"w\",\"findings\":[{\"kind\":\"ipv4\"}]",
        "\"contact\":\"a@b.example\",\"subject\":\"s\",\"text\":\"t\",\"urgency\":\"high\","
        "\"why\":\"w\",\"findings\":[{\"value\":\"x\",\"more\":{}}]",
        "\"contact\":\"a@b.example\",\"subject\":\"s\",\"text\":\"t\",\"urgency\":\"high\","
        "\"why\":\"w\",\"findings\":[{\"value\":\"x\\ny\"}]",
        TO_NODE ",\"wanted_by\":\"2020-01-01T00:00:00Z\"",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_auto(Story) story = {0};
        story_init(&story);
        g_assert_false(step(&story, "drafted", "A", wrong[i]));
        g_assert_nonnull(story.error);
    }
    static const char *const right[] = {TO_NODE, TO_MAIL,
                                        TO_NODE ",\"wanted_by\":\"2030-01-01T00:00:00Z\""};
    for (guint i = 0; i < G_N_ELEMENTS(right); i++) {
        g_auto(Story) story = {0};
        story_init(&story);
        g_assert_true(step(&story, "drafted", "A", right[i]));
        g_assert_cmpstr(story_state(&story), ==, "drafted");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notice/roads", test_roads);
    g_test_add_func("/notice/eyes", test_eyes);
    g_test_add_func("/notice/drafts", test_drafts);
    return g_test_run();
}
