/* The operations on releases, asked for directly: what they refuse, nobody gets by leaving the
 * command out. */
#include "base/durable.h"
#include "base/timestamp.h"
#include "exchange_nodes.h"
#include "node/importer.h"
#include "node/release_operation.h"
#include "shield/release.h"

typedef struct {
    ExchangeNode alder;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    const char *directory = fixture->alder.directory;
    g_autofree char *path = g_build_filename(directory, "concert.conf", NULL);
    g_autofree char *shield = g_build_filename(directory, RELEASE_OPERATION_DIRECTORY, NULL);
    static const char conf[] = "[node]\nname = cert.alder.example\n"
                               "[shield]\nchange_limit = 3\nunmarked = green\n";
    g_assert_true(durable_write(path, conf, strlen(conf), 0600, &error));
    g_assert_true(durable_make_directory(shield, 0700, &error));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
}

static char *make_id(guint number)
{
    return g_strdup_printf("indicator--0a000000-0000-4000-8000-%012u", number);
}

/* The node has @count indicators, of the domains 1.example, 2.example, ... */
static void give(Fixture *fixture, guint count)
{
    g_autoptr(GError) error = NULL;
    const ImporterOptions options = {.source = "birch", .level = OBJECT_LENIENT};
    ImporterCounts counts;
    Importer *importer = importer_new(fixture->alder.node, &options, &error);
    g_assert_no_error(error);
    const IntakeSink *sink = importer_sink(importer);
    for (guint i = 1; i <= count; i++) {
        g_autofree char *id = make_id(i);
        g_autofree char *text = g_strdup_printf(
            "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"%s\",\"created\":"
            "\"2024-01-01T00:00:00.000Z\",\"modified\":\"2024-01-01T00:00:00.000Z\",\"pattern\":"
            "\"[domain-name:value = '%u.example']\",\"pattern_type\":\"stix\",\"valid_from\":"
            "\"2024-01-01T00:00:00Z\"}",
            id, i);
        g_assert_true(sink->object(sink->user, text, strlen(text), OBJECT_SPEC_21, "test", &error));
    }
    g_assert_true(importer_finish(importer, &counts, &error));
    g_assert_cmpuint(counts.rejected, ==, 0);
}

/* Lays down a candidate of the first @count domains, and of @also (NULL: nothing). */
static void lay_down(Fixture *fixture, guint count, const char *also)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Release) release = release_new();
    for (guint i = 1; i <= count + (also != NULL); i++) {
        g_autofree char *id = make_id(i);
        g_autofree char *name = i > count ? g_strdup(also) : g_strdup_printf("%u.example", i);
        const ReleaseEntry entry = {OBSERVABLE_DOMAIN, name, id, "birch"};
        release_add(release, &entry);
    }
    release_finish(release);
    g_autoptr(GBytes) bytes = release_write(release, &error);
    g_autofree char *path = g_build_filename(fixture->alder.directory, RELEASE_OPERATION_DIRECTORY,
                                             "candidate.1", NULL);
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);
    g_assert_true(durable_write(path, data, length, 0600, &error));
}

static gboolean call(Fixture *fixture, const char *operation, const char *params, GError **error)
{
    return node_call(fixture->alder.node, operation, params, NULL, error);
}

/* @params without its braces; "base" is what is in force. */
static gboolean propose(Fixture *fixture, const char *members, GError **error)
{
    gint64 base;
    g_assert_true(releases_in_force(node_store(fixture->alder.node), &base, NULL));
    g_autofree char *params = g_strdup_printf("{\"file\":\"candidate.1\",\"by\":\"Anna\",\"base\":"
                                              "%" G_GINT64_FORMAT "%s}",
                                              base, members);
    return call(fixture, "release.propose", params, error);
}

static void approve(Fixture *fixture, guint number, const char *by, ConcertError *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *params = g_strdup_printf("{\"release\":%u,\"by\":\"%s\"}", number, by);
    g_assert_cmpint(call(fixture, "release.approve", params, &error), ==, expected == NULL);
    if (expected)
        g_assert_error(error, CONCERT_ERROR, (gint)*expected);
}

static void expect(Fixture *fixture, gint64 in_force, guint count)
{
    gint64 number;
    g_autoptr(GPtrArray) list = releases_list(node_store(fixture->alder.node), 0, NULL);
    g_assert_true(releases_in_force(node_store(fixture->alder.node), &number, NULL));
    g_assert_cmpint(number, ==, in_force);
    g_assert_cmpuint(list->len, ==, count);
}

static ReleasesRow *get(Fixture *fixture, gint64 number)
{
    g_autoptr(GError) error = NULL;
    ReleasesRow *row = releases_get(node_store(fixture->alder.node), number, &error);
    g_assert_no_error(error);
    return row;
}

static void test_limit(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    give(fixture, 6);
    lay_down(fixture, 4, NULL);
    /* Whatever the caller says of how little it changes. */
    g_assert_false(propose(fixture, ",\"added\":0,\"removed\":0", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "4 values would change, more than the limit of 3"));
    g_clear_error(&error);
    g_assert_false(propose(fixture, ",\"over_limit\":\" \"", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    expect(fixture, 0, 0);
    g_assert_true(propose(fixture, ",\"over_limit\":\"the first\"", &error));
    g_assert_no_error(error);
    g_autoptr(ReleasesRow) first = get(fixture, 1);
    g_assert_cmpuint(first->added, ==, 4);
    g_assert_cmpuint(first->removed, ==, 0);
    g_assert_cmpstr(first->over_limit, ==, "the first");
    ConcertError denied = CONCERT_ERROR_DENIED;
    approve(fixture, 1, "Anna", &denied); /* who proposed it */
    expect(fixture, 0, 1);
    approve(fixture, 1, "Ben", NULL);
    expect(fixture, 1, 1);

    /* What is taken away counts, too. */
    lay_down(fixture, 0, NULL);
    g_assert_false(propose(fixture, "", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);
    /* Within the limit a reason is none. */
    lay_down(fixture, 6, NULL);
    g_assert_true(propose(fixture, ",\"over_limit\":\"for nothing\"", &error));
    g_assert_no_error(error);
    g_autoptr(ReleasesRow) second = get(fixture, 2);
    g_assert_cmpuint(second->added, ==, 2);
    g_assert_null(second->over_limit);
}

/* What was approved and blocks no more, since its indicator is gone, is no change. */
static void test_gone(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    give(fixture, 2);
    lay_down(fixture, 9, NULL);
    g_assert_true(propose(fixture, ",\"over_limit\":\"the first\"", &error));
    approve(fixture, 1, "Ben", NULL);
    lay_down(fixture, 1, NULL);
    g_assert_true(propose(fixture, "", &error));
    g_assert_no_error(error);
    g_autoptr(ReleasesRow) row = get(fixture, 2);
    g_assert_cmpuint(row->added, ==, 0);
    g_assert_cmpuint(row->removed, ==, 1);
}

static void test_input(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *params;
        ConcertError code;
    } cases[] = {
        {"{\"by\":\"Anna\",\"base\":0}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"candidate.1\",\"base\":0}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"candidate.1\",\"by\":\"Anna\"}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"candidate.1\",\"by\":\" \",\"base\":0}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"candidate.1\",\"by\":\"An\\nna\",\"base\":0}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"../concert.conf\",\"by\":\"Anna\",\"base\":0}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"candidate.1/../x\",\"by\":\"Anna\",\"base\":0}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"candidate.2\",\"by\":\"Anna\",\"base\":0}", CONCERT_ERROR_IO},
        {"{\"file\":\"candidate.3\",\"by\":\"Anna\",\"base\":0}", CONCERT_ERROR_INPUT},
        {"{\"file\":\"candidate.1\",\"by\":\"Anna\",\"base\":7}", CONCERT_ERROR_CONFLICT},
        {"{\"file\":\"candidate.1\",\"by\":\"Anna\",\"base\":18446744073709551615}",
         CONCERT_ERROR_INPUT},
    };
    g_autofree char *path = g_build_filename(fixture->alder.directory, RELEASE_OPERATION_DIRECTORY,
                                             "candidate.3", NULL);
    g_assert_true(g_file_set_contents(path, "no release", -1, NULL));
    lay_down(fixture, 1, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].params);
        g_assert_false(call(fixture, "release.propose", cases[i].params, &error));
        g_assert_error(error, CONCERT_ERROR, (gint)cases[i].code);
    }
    expect(fixture, 0, 0);
}

static gboolean approve_twice(StoreTx *tx, gpointer user, GError **error)
{
    const gint64 *number = user;
    return releases_approve(tx, *number, 0, "Dora", 1, error) &&
           releases_approve(tx, *number, 1, "Ben", 2, error);
}

static void test_two(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    ConcertError denied = CONCERT_ERROR_DENIED, conflict = CONCERT_ERROR_CONFLICT;
    gint64 second = 2;
    lay_down(fixture, 1, "www.cert.alder.example"); /* one's own */
    g_assert_true(propose(fixture, "", &error));
    g_assert_true(propose(fixture, "", &error));
    g_assert_no_error(error);
    approve(fixture, 1, " a NN a", &denied); /* who proposed it */
    approve(fixture, 1, "Dora", NULL);
    approve(fixture, 1, " d OR a", &denied);
    approve(fixture, 1, "Anna", &denied);
    expect(fixture, 0, 2);
    approve(fixture, 1, "Ben", NULL);
    expect(fixture, 1, 2);
    approve(fixture, 1, "Cleo", &conflict);
    approve(fixture, 2, "Ben", &conflict); /* made before */

    /* Both said yes, and then another came into force before it could: it still can. */
    g_assert_true(call(fixture, "release.rollback", "{\"by\":\"Anna\",\"release\":0}", &error));
    g_assert_true(writer_run(node_writer(fixture->alder.node), 1, approve_twice, &second, &error));
    approve(fixture, 2, "Ben", NULL);
    expect(fixture, 2, 2);
}

/* A standing approval that a person ended while it was being applied lets nothing block. */
static void test_standing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Notary *notary = node_notary(fixture->alder.node);
    g_autoptr(Release) release = release_new();
    const ReleaseEntry entry = {OBSERVABLE_DOMAIN, "1.example", "indicator--1", "birch"};
    gint64 now = timestamp_now();
    release_add(release, &entry);
    release_finish(release);
    g_autoptr(GBytes) content = release_write(release, &error);
    g_autofree char *params =
        g_strdup_printf("{\"source\":\"birch\",\"by\":\"Anna\",\"min_confidence\":0,\"daily\":5,"
                        "\"until\":%" G_GINT64_FORMAT "}",
                        now + 60 * G_USEC_PER_SEC);
    g_assert_true(call(fixture, "standing.add", params, &error));
    g_assert_true(call(fixture, "standing.add", params, &error));
    g_assert_true(call(fixture, "standing.remove", "{\"standing\":1,\"by\":\"Ben\"}", &error));

    static const gint64 late[] = {0, 120 * G_USEC_PER_SEC};
    for (guint i = 0; i < 2; i++) { /* ended; over */
        const ReleaseOperationUse uses[] = {{2, 1}, {1 + i, 1}};
        ReleasesRow row = {.made = now + late[i], .by = (char *)"Anna", .standing = 2};
        g_assert_false(release_operation_apply_standing(notary, &row, content, uses, 2, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
        g_clear_error(&error);
        expect(fixture, 0, 0);
    }
    const ReleaseOperationUse uses[] = {{2, 1}};
    ReleasesRow row = {.made = now, .by = (char *)"Anna", .standing = 2};
    g_assert_true(release_operation_apply_standing(notary, &row, content, uses, 1, &error));
    g_assert_no_error(error);
    expect(fixture, 1, 1);
    /* A rollback stops it. */
    g_assert_true(call(fixture, "release.rollback", "{\"by\":\"Ben\"}", &error));
    g_assert_false(release_operation_apply_standing(notary, &row, content, uses, 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
    g_test_add("/release-operation/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("limit", test_limit);
    ADD("gone", test_gone);
    ADD("input", test_input);
    ADD("two", test_two);
    ADD("standing", test_standing);
    return g_test_run();
}
