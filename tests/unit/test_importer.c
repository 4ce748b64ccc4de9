/* A node's directory: importing in order on many threads, here and through the control socket of
 * who holds the lock; operations; backups. */
#include <string.h>

#include "node/importer.h"
#include "node/node.h"
#include "store/accounts.h"
#include "store/collections.h"
#include "tree.h"

typedef struct {
    char *parent;
    char *directory;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->parent = g_dir_make_tmp("concert-node-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->directory = g_build_filename(fixture->parent, "node", NULL);
    g_assert_true(
        node_create(fixture->directory, "[node]\nname = cert.alder.example\n", NULL, &error));
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    tree_remove(fixture->parent);
    g_free(fixture->parent);
    g_free(fixture->directory);
}

static Node *open_node(Fixture *fixture, NodeMode mode)
{
    g_autoptr(GError) error = NULL;
    Node *node = node_open(fixture->directory, mode, &error);
    g_assert_no_error(error);
    return node;
}

enum { COUNT = 3000 };

/* A bundle of COUNT notes, every hundredth without its `content`, every thousandth of no type. */
static char *make_bundle(void)
{
    GString *json = g_string_new("{\"type\":\"bundle\",\"id\":\"bundle--"
                                 "00000000-0000-4000-8000-000000000000\",\"objects\":[");
    for (int i = 0; i < COUNT; i++)
        g_string_append_printf(
            json,
            "%s{\"type\":\"%s\",\"spec_version\":\"2.1\",\"id\":\"note--00000000-0000-4000-8000-"
            "%012d\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00."
            "000Z\",\"object_refs\":[\"identity--00000000-0000-4000-8000-000000000000\"]%s}",
            i > 0 ? ",\n" : "", i % 1000 == 999 ? "" : "note", i,
            i % 100 == 50 ? "" : ",\"content\":\"x\"");
    return g_string_free(g_string_append(json, "]}"), FALSE);
}

typedef struct {
    int next; /* number of the object that is to be reported next */
    int rejected;
} Reported;

static void report(gpointer user, ImporterEvent event, const char *where, const char *id,
                   const char *message)
{
    Reported *reported = user;
    if (event != IMPORTER_ACCEPTED && event != IMPORTER_UNCHANGED && event != IMPORTER_REJECTED)
        return;
    int number = reported->next++;
    g_autofree char *expected = g_strdup_printf("memory: $.objects[%d]", number);
    g_assert_cmpstr(where, ==, expected);
    if (event == IMPORTER_REJECTED) {
        reported->rejected++;
        g_assert_true(number % 100 == 50 || number % 1000 == 999);
        g_assert_true(strstr(message, number % 100 == 50 ? "$.content" : "$.") != NULL);
    }
}

static ImporterCounts import(Node *node)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bundle = make_bundle();
    Reported reported = {0};
    ImporterOptions options = {.source = "alder",
                               .collection = "main",
                               .level = OBJECT_DEFAULT,
                               .report = report,
                               .user = &reported};
    Importer *importer = importer_new(node, &options, &error);
    g_assert_no_error(error);
    g_autoptr(Stream) stream = stream_from_memory(bundle, strlen(bundle));
    IntakeOptions intake = {.source = "alder", .confidence = -1};
    g_assert_true(intake_stream(stream, "memory", &intake, importer_sink(importer), &error));
    ImporterCounts counts;
    g_assert_true(importer_finish(importer, &counts, &error));
    g_assert_no_error(error);
    g_assert_cmpint(reported.next, ==, COUNT);
    g_assert_cmpint(reported.rejected, ==, COUNT / 100 + COUNT / 1000);
    return counts;
}

static void expect_members(Node *node, gint64 expected)
{
    g_autoptr(Collection) collection = collections_lookup(node_store(node), NULL, "main", NULL);
    g_assert_nonnull(collection);
    g_assert_cmpint(collection->members, ==, expected);
}

enum { GOOD = COUNT - COUNT / 100 - COUNT / 1000 };

static void test_local(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Node) node = open_node(fixture, NODE_WRITE);
    g_assert_nonnull(node_writer(node));
    g_assert_cmpuint(import(node).accepted, ==, GOOD);
    g_assert_cmpuint(import(node).unchanged, ==, GOOD);
    expect_members(node, GOOD);
}

static void test_through_socket(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Node) server = open_node(fixture, NODE_SERVE);
    g_autoptr(Node) node = open_node(fixture, NODE_WRITE);
    g_assert_null(node_writer(node));
    g_assert_true(node_is_served(fixture->directory));
    g_assert_cmpuint(import(node).accepted, ==, GOOD);
    g_assert_cmpuint(import(server).unchanged, ==, GOOD);
    expect_members(node, GOOD);

    g_autoptr(GError) error = NULL;
    g_assert_null(node_open(fixture->directory, NODE_SERVE, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY);
}

static void test_operations(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Node) server = open_node(fixture, NODE_SERVE);
    g_autoptr(Node) client = open_node(fixture, NODE_WRITE);
    Node *nodes[] = {server, client};
    const char *names[] = {"one", "two"};
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *result = NULL;
        g_autofree char *add =
            g_strdup_printf("{\"name\":\"%s\",\"roles\":[\"reader\"]}", names[i]);
        g_assert_true(node_call(nodes[i], "account.add", add, NULL, &error));
        g_assert_no_error(error);
        g_assert_false(node_call(nodes[i], "account.add", add, NULL, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
        g_clear_error(&error);
        g_assert_false(node_call(nodes[i], "account.add", "{\"roles\":[]}", NULL, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
        g_assert_false(node_call(nodes[i], "no.such", "{}", NULL, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
        g_assert_true(node_call(nodes[i], "node.status", "{}", &result, &error));
        g_assert_nonnull(strstr(result, "\"pid\""));
    }
    g_autoptr(GPtrArray) accounts = accounts_list(node_store(client), NULL);
    g_assert_cmpuint(accounts->len, ==, 2);
}

static void test_backup(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->parent, "backup", NULL);
    g_autofree char *copy = g_build_filename(fixture->parent, "copy", NULL);
    {
        g_autoptr(Node) node = open_node(fixture, NODE_SERVE);
        import(node);
        g_assert_true(node_backup(fixture->directory, path, NULL, &error));
    }
    g_assert_true(node_restore(copy, path, NULL, &error));
    g_assert_no_error(error);
    g_assert_false(node_restore(copy, path, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_autoptr(Node) restored = node_open(copy, NODE_WRITE, NULL);
    g_assert_nonnull(restored);
    g_assert_cmpstr(config_string(node_config(restored), SETTING_NODE_NAME), ==,
                    "cert.alder.example");
    expect_members(restored, GOOD);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/importer/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(local);
    TEST(through_socket);
    TEST(operations);
    TEST(backup);
    return g_test_run();
}
