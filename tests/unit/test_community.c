/* Communities: what the owner records is applied alike by everybody, once, in order; what others
 * say of it is refused. */
#include <string.h>

#include "base/jsonguard.h"
#include "exchange/community.h"
#include "store/writer.h"
#include "tree.h"

#define OWNER  "cert.forum.example/ledger"
#define ALDER  "cert.alder.example/ledger"
#define BIRCH  "cert.birch.example/ledger"
#define CEDAR  "cert.cedar.example/ledger"
#define REGION "region@cert.forum.example"
#define OPENED COMMUNITY_OPENED_KIND
#define MEMBER COMMUNITY_MEMBER_KIND

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-community-XXXXXX", &error);
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
    tree_remove(fixture->directory);
    g_free(fixture->directory);
}

/* --- receiving ---------------------------------------------------------------------------------
 */

typedef struct {
    const char *own, *author, *kind, *header, *item;
    GError *refusal; /* what the follower passes over; the rest is committed */
} Arrival;

static gboolean apply(StoreTx *tx, gpointer user, GError **error)
{
    Arrival *arrival = user;
    g_autoptr(yyjson_doc) doc = jsonguard_read(arrival->header, strlen(arrival->header), error);
    g_autoptr(GBytes) item =
        arrival->item ? g_bytes_new(arrival->item, strlen(arrival->item)) : NULL;
    g_assert_nonnull(doc);
    community_receive(tx, arrival->own, arrival->author, arrival->kind, yyjson_doc_get_root(doc),
                      item, &arrival->refusal);
    return TRUE;
}

static GError *arrive(Fixture *fixture, const char *own, const char *author, const char *kind,
                      const char *header, const char *item)
{
    Arrival arrival = {own, author, kind, header, item, NULL};
    g_autoptr(GError) error = NULL;
    g_assert_true(writer_run(fixture->writer, 1, apply, &arrival, &error));
    return arrival.refusal;
}

static void good(Fixture *fixture, const char *kind, const char *header, const char *item)
{
    g_autoptr(GError) refusal = arrive(fixture, ALDER, OWNER, kind, header, item);
    g_assert_no_error(refusal);
}

static void bad(Fixture *fixture, const char *author, const char *kind, const char *header,
                const char *item, ConcertError code)
{
    g_autoptr(GError) refusal = arrive(fixture, ALDER, author, kind, header, item);
    g_assert_error(refusal, CONCERT_ERROR, (gint)code);
}

/* What the owner would write, with the @rules. */
static char *opened(guint64 number, guint64 records, const char *members, const char *rules)
{
    g_autofree char *hash = rulebook_hash(rules, strlen(rules));
    return g_strdup_printf(
        "{\"community\":\"" REGION "\",\"title\":\"The region\",\"number\":%" G_GUINT64_FORMAT
        ",\"records\":%" G_GUINT64_FORMAT ",\"rulebook\":\"%s\",\"members\":[%s],"
        "\"time\":\"2026-01-02T03:04:05.000000Z\"}",
        number, records, hash, members);
}

static char *record(guint64 number, const char *member, const char *step)
{
    return g_strdup_printf("{\"community\":\"" REGION "\",\"number\":%" G_GUINT64_FORMAT
                           ",\"member\":\"%s\",\"step\":\"%s\",\"votes\":true,"
                           "\"time\":\"2026-01-02T03:04:05.000000Z\"}",
                           number, member, step);
}

static void good_record(Fixture *fixture, guint64 number, const char *member, const char *step)
{
    g_autofree char *header = record(number, member, step);
    good(fixture, MEMBER, header, NULL);
}

static void bad_record(Fixture *fixture, const char *author, guint64 number, const char *member,
                       const char *step, ConcertError code)
{
    g_autofree char *header = record(number, member, step);
    bad(fixture, author, MEMBER, header, NULL, code);
}

static void open_region(Fixture *fixture)
{
    g_autofree char *header = opened(1, 1, "{\"member\":\"" OWNER "\"}", rulebook_default());
    good(fixture, OPENED, header, rulebook_default());
}

static void assert_members(Fixture *fixture, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Community) community = communities_get(fixture->store, REGION, &error);
    g_assert_no_error(error);
    g_auto(GStrv) members = communities_members(community);
    g_autofree char *joined = g_strjoinv(" ", members);
    g_assert_cmpstr(joined, ==, expected);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_life(Fixture *fixture, gconstpointer data)
{
    open_region(fixture);
    good_record(fixture, 2, ALDER, "admitted");
    good_record(fixture, 3, BIRCH, "admitted");
    assert_members(fixture, ALDER " " BIRCH " " OWNER);
    /* Each counts once, however often it comes. */
    good_record(fixture, 2, ALDER, "removed");
    open_region(fixture);
    assert_members(fixture, ALDER " " BIRCH " " OWNER);
    good_record(fixture, 4, BIRCH, "removed");
    assert_members(fixture, ALDER " " OWNER);
    g_autoptr(Community) community = communities_get(fixture->store, REGION, NULL);
    g_assert_cmpuint(community->records, ==, 4);
    g_assert_cmpstr(community->title, ==, "The region");
    g_assert_cmpint(communities_member(community, BIRCH)->step, ==, COMMUNITY_REMOVED);
    g_assert_false(communities_member(community, BIRCH)->votes);
    g_assert_true(communities_member(community, ALDER)->votes);
    g_auto(GStrv) of = communities_of(fixture->store, ALDER, NULL);
    g_assert_cmpstr(of[0], ==, REGION);
    g_auto(GStrv) none = communities_of(fixture->store, BIRCH, NULL);
    g_assert_null(none[0]);
}

/* What is written is what is read. */
static void test_writing(Fixture *fixture, gconstpointer data)
{
    open_region(fixture);
    good_record(fixture, 2, ALDER, "admitted");
    g_autoptr(Community) community = communities_get(fixture->store, REGION, NULL);
    community->rules_number = 5;
    community->records = 9;
    g_autofree char *header = community_opened_members(community);
    good(fixture, OPENED, header, rulebook_default());
    const CommunityRecord content = {.community = REGION,
                                     .number = 10,
                                     .member = BIRCH,
                                     .step = COMMUNITY_ADMITTED,
                                     .votes = TRUE,
                                     .reason = "she asked"};
    g_autofree char *next = community_member_members(&content);
    good(fixture, MEMBER, next, NULL);
    assert_members(fixture, ALDER " " BIRCH " " OWNER);
    g_autoptr(Community) later = communities_get(fixture->store, REGION, NULL);
    g_assert_cmpuint(later->rules_number, ==, 5);
    g_assert_cmpuint(later->records, ==, 10);
    g_assert_true(communities_member(later, BIRCH)->votes);
    g_assert_false(communities_member(later, OWNER)->votes);
}

static void test_gap(Fixture *fixture, gconstpointer data)
{
    open_region(fixture);
    bad_record(fixture, OWNER, 3, BIRCH, "admitted", CONCERT_ERROR_CONFLICT);
    assert_members(fixture, OWNER);
    g_autoptr(Community) community = communities_get(fixture->store, REGION, NULL);
    g_assert_nonnull(strstr(community->complaint, "record 3 came after record 1"));
    /* What was missing comes, and all is well; or the owner tells the whole again. */
    good_record(fixture, 2, ALDER, "admitted");
    bad_record(fixture, OWNER, 7, BIRCH, "admitted", CONCERT_ERROR_CONFLICT);
    g_autofree char *whole =
        opened(1, 7, "{\"member\":\"" ALDER "\"},{\"member\":\"" BIRCH "\"}", rulebook_default());
    good(fixture, OPENED, whole, rulebook_default());
    assert_members(fixture, ALDER " " BIRCH);
    g_autoptr(Community) well = communities_get(fixture->store, REGION, NULL);
    g_assert_null(well->complaint);
}

static void test_rules(Fixture *fixture, gconstpointer data)
{
    open_region(fixture);
    g_autofree char *next = opened(2, 1, "", "Be kind.\n");
    good(fixture, OPENED, next, "Be kind.\n");
    g_autofree char *old = opened(1, 1, "", rulebook_default());
    good(fixture, OPENED, old, rulebook_default());
    g_autoptr(Community) community = communities_get(fixture->store, REGION, NULL);
    g_assert_cmpuint(community->rules_number, ==, 2);
    g_assert_cmpuint(g_bytes_get_size(community->rules), ==, strlen("Be kind.\n"));
    assert_members(fixture, OWNER);
    bad(fixture, OWNER, OPENED, next, "Be unkind.\n", CONCERT_ERROR_INPUT);
    bad(fixture, OWNER, OPENED, next, NULL, CONCERT_ERROR_INPUT);
}

static void test_hostile(Fixture *fixture, gconstpointer data)
{
    static const char *const headers[] = {
        "{}",
        "{\"community\":5}",
        "{\"community\":\"region@cert.forum.example\",\"member\":\"nobody\",\"step\":\"admitted\","
        "\"number\":2}",
        "{\"community\":\"region@cert.forum.example\",\"member\":\"" BIRCH
        "\",\"step\":\"leaving\",\"number\":2}",
        "{\"community\":\"region@cert.forum.example\",\"member\":\"" BIRCH
        "\",\"step\":\"admitted\"}",
        "{\"community\":\"region@cert.forum.example\",\"member\":\"" BIRCH
        "\",\"step\":\"admitted\",\"number\":-2}",
        "{\"community\":\"region@cert.forum.example\",\"member\":\"" BIRCH
        "\",\"step\":\"admitted\",\"number\":2,\"votes\":1}",
    };
    bad_record(fixture, OWNER, 1, BIRCH, "admitted", CONCERT_ERROR_NOT_FOUND);
    open_region(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(headers); i++)
        bad(fixture, OWNER, MEMBER, headers[i], NULL, CONCERT_ERROR_INPUT);
    /* Of whom it is not. */
    bad_record(fixture, BIRCH, 2, BIRCH, "admitted", CONCERT_ERROR_DENIED);
    bad_record(fixture, BIRCH, 2, CEDAR, "left", CONCERT_ERROR_DENIED);
    bad_record(fixture, BIRCH, 2, BIRCH, "left", CONCERT_ERROR_DENIED);
    g_autofree char *taken = opened(9, 9, "", rulebook_default());
    bad(fixture, BIRCH, OPENED, taken, rulebook_default(), CONCERT_ERROR_DENIED);
    bad(fixture, "cert.forum.example.evil.example/ledger", OPENED, taken, rulebook_default(),
        CONCERT_ERROR_DENIED);
    assert_members(fixture, OWNER);
    /* An owner does not fill the node with communities. */
    guint made = 1;
    for (guint i = 0; i < COMMUNITIES_OF_OWNER_MAX + 3; i++) {
        g_autofree char *name = g_strdup_printf("r%u@cert.forum.example", i);
        g_autofree char *first = opened(1, 1, "", rulebook_default());
        GString *header = g_string_new(first);
        g_string_replace(header, REGION, name, 1);
        g_autoptr(GError) refusal =
            arrive(fixture, ALDER, OWNER, OPENED, header->str, rulebook_default());
        made += refusal == NULL;
        if (refusal)
            g_assert_error(refusal, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
        g_string_free(header, TRUE);
    }
    g_assert_cmpuint(made, ==, COMMUNITIES_OF_OWNER_MAX);
}

/* The owner hears that a member leaves; it is no member from then on. */
static void test_leave(Fixture *fixture, gconstpointer data)
{
    open_region(fixture);
    good_record(fixture, 2, BIRCH, "admitted");
    g_autofree char *wish =
        g_strdup("{\"community\":\"" REGION "\",\"member\":\"" BIRCH "\",\"step\":\"left\","
                 "\"time\":\"2026-01-03T00:00:00.000000Z\"}");
    g_autoptr(GError) refusal = arrive(fixture, OWNER, BIRCH, MEMBER, wish, NULL);
    g_assert_no_error(refusal);
    assert_members(fixture, OWNER);
    g_autoptr(Community) community = communities_get(fixture->store, REGION, NULL);
    g_assert_cmpint(communities_member(community, BIRCH)->step, ==, COMMUNITY_LEAVING);
    /* An old wish does not undo a later admission. */
    g_autofree char *again = record(3, BIRCH, "admitted");
    GString *later = g_string_new(again);
    g_string_replace(later, "2026-01-02", "2026-01-04", 1);
    good(fixture, MEMBER, later->str, NULL);
    g_string_free(later, TRUE);
    g_autoptr(GError) none = arrive(fixture, OWNER, BIRCH, MEMBER, wish, NULL);
    g_assert_no_error(none);
    assert_members(fixture, BIRCH " " OWNER);
}

static void test_names(void)
{
    static const char *const wrong[] = {"", "-a", "A", "a b", "a@b", "a/b", "\xc3\xa4", NULL};
    g_autofree char *name = community_name("r-1", "cert.forum.example", NULL);
    g_assert_cmpstr(name, ==, "r-1@cert.forum.example");
    for (guint i = 0; wrong[i]; i++)
        g_assert_null(community_name(wrong[i], "cert.forum.example", NULL));
    g_assert_true(community_name_is_of(REGION, OWNER));
    g_assert_true(community_name_is_of(REGION, "cert.forum.example/ledger-2"));
    g_assert_false(community_name_is_of(REGION, ALDER));
    g_assert_false(community_name_is_of("@cert.forum.example", OWNER));
    g_assert_true(rulebook_check(rulebook_default(), strlen(rulebook_default()), NULL));
    g_assert_false(rulebook_check("a\0b", 3, NULL));
    g_assert_false(rulebook_check("\x1b[2J", 4, NULL));
    g_assert_false(rulebook_check("", 0, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    TEST("/community/life", test_life);
    TEST("/community/writing", test_writing);
    TEST("/community/gap", test_gap);
    TEST("/community/rules", test_rules);
    TEST("/community/hostile", test_hostile);
    TEST("/community/leave", test_leave);
    g_test_add_func("/community/names", test_names);
    return g_test_run();
}
