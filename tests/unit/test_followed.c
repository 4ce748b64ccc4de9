/* What is kept of followed sources: what may be one, how far it was read, what came of its runs,
 * and which is next. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "store/collections.h"
#include "store/followed.h"
#include "store/writer.h"

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
} Fixture;

static gboolean apply_rows(StoreTx *tx, gpointer user, GError **error)
{
    gint64 number;
    return collections_add_root(tx, "main", "Main", NULL, error) &&
           collections_add(tx, "main", NULL, "main", "Main", NULL, &number, error);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-followed-XXXXXX", &error);
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
    g_assert_true(writer_run(fixture->writer, 0, apply_rows, NULL, &error));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
}

/* One change: what is NULL or 0 is not asked for. */
typedef struct {
    const Followed *add, *finish;
    const char *remove, *pause, *resume;
    gint64 number; /* whose marks */
    const char *parts[4], *marks[4];
    guint count;
} Change;

static gboolean apply_change(StoreTx *tx, gpointer user, GError **error)
{
    const Change *change = user;
    return (!change->add || followed_add(tx, change->add, error)) &&
           (!change->finish || followed_finish(tx, change->finish, error)) &&
           (!change->remove || followed_remove(tx, change->remove, error)) &&
           (!change->pause || followed_pause(tx, change->pause, TRUE, error)) &&
           (!change->resume || followed_pause(tx, change->resume, FALSE, error)) &&
           (change->count == 0 ||
            followed_mark(tx, change->number, change->parts, change->marks, change->count, error));
}

static void change_it(Fixture *fixture, Change change)
{
    g_autoptr(GError) error = NULL;
    writer_run(fixture->writer, 0, apply_change, &change, &error);
    g_assert_no_error(error);
}

static void check_refused(Fixture *fixture, Change change, ConcertError code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(fixture->writer, 0, apply_change, &change, &error));
    g_assert_error(error, CONCERT_ERROR, (gint)code);
}

static Followed source(const char *name)
{
    return (Followed){.name = (char *)name,
                      .kind = FOLLOWED_TAXII,
                      .url = (char *)"https://taxii.birch.example/taxii2/",
                      .collection = (char *)"main",
                      .source = (char *)"birch",
                      .level = OBJECT_DEFAULT,
                      .every = 900};
}

static Followed *find(Fixture *fixture, const char *name)
{
    g_autoptr(GError) error = NULL;
    Followed *followed = followed_find(fixture->store, name, &error);
    g_assert_no_error(error);
    return followed;
}

static void test_add(Fixture *fixture, gconstpointer data)
{
    Followed first = source("birch"), second = source("birch.list-2");
    first.remote = (char *)"one two";
    first.auth = FOLLOWED_BASIC;
    first.user = (char *)"alder";
    first.since = 17;
    second.kind = FOLLOWED_LIST;
    second.reading = (char *)"{\"tlp\":\"green\"}";
    second.auth = FOLLOWED_BEARER;
    gint64 before = timestamp_now();
    change_it(fixture, (Change){.add = &first});
    change_it(fixture, (Change){.add = &second});
    check_refused(fixture, (Change){.add = &first}, CONCERT_ERROR_CONFLICT);

    g_autoptr(Followed) found = find(fixture, "birch");
    g_assert_cmpstr(found->remote, ==, "one two");
    g_assert_cmpstr(found->user, ==, "alder");
    g_assert_cmpint(found->since, ==, 17);
    g_assert_cmpint(found->due, >=, before);
    g_assert_cmpint(found->finished, ==, 0);
    g_assert_null(found->reading);
    g_autoptr(GPtrArray) list = followed_list(fixture->store, NULL);
    g_assert_cmpuint(list->len, ==, 2);
    const Followed *last = list->pdata[1];
    g_assert_cmpstr(last->reading, ==, second.reading);
    g_assert_cmpint(last->kind, ==, FOLLOWED_LIST);
    g_assert_cmpint(last->auth, ==, FOLLOWED_BEARER);

    g_autoptr(GError) error = NULL;
    g_assert_null(followed_find(fixture->store, "cedar", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = {"",   ".",   "..",       "../x", "a/b",
                                        "-a", "a b", "\xc3\xa4", "a\n"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        Followed bad = source(names[i]);
        check_refused(fixture, (Change){.add = &bad}, CONCERT_ERROR_INPUT);
    }
    g_autofree char *name = g_strnfill(FOLLOWED_NAME_MAX, 'a');
    g_autofree char *longer = g_strnfill(FOLLOWED_NAME_MAX + 1, 'a');
    Followed row = source(longer);
    check_refused(fixture, (Change){.add = &row}, CONCERT_ERROR_INPUT);
    static const char *const urls[] = {"ftp://birch.example/", "birch.example", "",
                                       "https://birch.example/a b", "https://birch.example/\n"};
    for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
        row = source(name);
        row.url = (char *)urls[i];
        check_refused(fixture, (Change){.add = &row}, CONCERT_ERROR_INPUT);
    }
    row = source(name);
    row.every = 0;
    check_refused(fixture, (Change){.add = &row}, CONCERT_ERROR_INPUT);
    row = source(name);
    row.auth = FOLLOWED_BASIC;
    check_refused(fixture, (Change){.add = &row}, CONCERT_ERROR_INPUT);
    row.user = (char *)"a:b";
    check_refused(fixture, (Change){.add = &row}, CONCERT_ERROR_INPUT);
    row = source(name);
    row.collection = (char *)"nowhere";
    check_refused(fixture, (Change){.add = &row}, CONCERT_ERROR_NOT_FOUND);
    row = source(name);
    change_it(fixture, (Change){.add = &row});
    check_refused(fixture, (Change){.remove = "cedar"}, CONCERT_ERROR_NOT_FOUND);
    check_refused(fixture, (Change){.pause = "cedar"}, CONCERT_ERROR_NOT_FOUND);
}

static void test_marks(Fixture *fixture, gconstpointer data)
{
    Followed row = source("birch");
    change_it(fixture, (Change){.add = &row});
    g_autoptr(Followed) found = find(fixture, "birch");
    change_it(fixture, (Change){.number = found->number,
                                .parts = {"one", "two", "three"},
                                .marks = {"1", "2", "3"},
                                .count = 3});
    change_it(fixture, (Change){.number = found->number,
                                .parts = {"two", "three"},
                                .marks = {"22", NULL},
                                .count = 2});
    g_autoptr(GHashTable) marks = followed_marks(fixture->store, found->number, NULL);
    g_assert_cmpuint(g_hash_table_size(marks), ==, 2);
    g_assert_cmpstr(g_hash_table_lookup(marks, "one"), ==, "1");
    g_assert_cmpstr(g_hash_table_lookup(marks, "two"), ==, "22");

    g_autofree char *large = g_strnfill(FOLLOWED_MARK_MAX + 1, 'x');
    check_refused(fixture,
                  (Change){.number = found->number, .parts = {"one"}, .marks = {large}, .count = 1},
                  CONCERT_ERROR_LIMIT);
    /* What is named alike later begins anew, and what is gone takes no marks. */
    change_it(fixture, (Change){.remove = "birch"});
    change_it(fixture, (Change){.add = &row});
    g_autoptr(Followed) again = find(fixture, "birch");
    g_assert_cmpint(again->number, >, found->number);
    g_autoptr(GHashTable) none = followed_marks(fixture->store, again->number, NULL);
    g_assert_cmpuint(g_hash_table_size(none), ==, 0);
    check_refused(fixture,
                  (Change){.number = found->number, .parts = {"one"}, .marks = {"1"}, .count = 1},
                  CONCERT_ERROR_NOT_FOUND);
}

static void test_runs(Fixture *fixture, gconstpointer data)
{
    Followed row = source("birch");
    change_it(fixture, (Change){.add = &row});
    g_autoptr(Followed) found = find(fixture, "birch");
    Followed run = {.number = found->number,
                    .started = 100,
                    .finished = 200,
                    .due = 1000,
                    .more = TRUE,
                    .remark = (char *)"a reason",
                    .last = {[FOLLOWED_ACCEPTED] = 7, [FOLLOWED_BYTES] = 70}};
    change_it(fixture, (Change){.finish = &run});
    run = (Followed){.number = found->number,
                     .started = 300,
                     .finished = 400,
                     .due = 2000,
                     .failure = (char *)"no answer",
                     .last = {[FOLLOWED_ACCEPTED] = 1, [FOLLOWED_REJECTED] = 2}};
    change_it(fixture, (Change){.finish = &run});
    change_it(fixture, (Change){.finish = &run});
    g_autoptr(Followed) failed = find(fixture, "birch");
    g_assert_cmpint(failed->started, ==, 300);
    g_assert_cmpint(failed->succeeded, ==, 200);
    g_assert_cmpint(failed->due, ==, 2000);
    g_assert_cmpuint(failed->failures, ==, 2);
    g_assert_cmpstr(failed->failure, ==, "no answer");
    g_assert_null(failed->remark);
    g_assert_false(failed->more);
    g_assert_cmpuint(failed->last[FOLLOWED_ACCEPTED], ==, 1);
    g_assert_cmpuint(failed->total[FOLLOWED_ACCEPTED], ==, 9);
    g_assert_cmpuint(failed->total[FOLLOWED_REJECTED], ==, 4);
    g_assert_cmpuint(failed->last[FOLLOWED_BYTES], ==, 0);
    g_assert_cmpuint(failed->total[FOLLOWED_BYTES], ==, 70);
    run.failure = NULL;
    change_it(fixture, (Change){.finish = &run});
    g_autoptr(Followed) well = find(fixture, "birch");
    g_assert_cmpuint(well->failures, ==, 0);
    g_assert_null(well->failure);
    g_assert_cmpint(well->succeeded, ==, 400);
    run.number = 77;
    check_refused(fixture, (Change){.finish = &run}, CONCERT_ERROR_NOT_FOUND);
}

static void check_next(Fixture *fixture, gint64 now, GHashTable *without, const char *name)
{
    g_autoptr(Followed) next = NULL;
    g_assert_true(followed_next(fixture->store, now, without, &next, NULL));
    g_assert_cmpstr(next ? next->name : NULL, ==, name);
}

static void test_next(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = {"one", "two", "three"};
    g_autoptr(GHashTable) without =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < 3; i++) {
        Followed row = source(names[i]);
        change_it(fixture, (Change){.add = &row});
        g_autoptr(Followed) found = find(fixture, names[i]);
        Followed run = {.number = found->number, .due = 3000 - 1000 * (gint64)i};
        change_it(fixture, (Change){.finish = &run});
        if (i == 2)
            g_hash_table_add(without, g_memdup2(&found->number, sizeof(gint64)));
    }
    check_next(fixture, 999, NULL, NULL);
    check_next(fixture, 1000, NULL, "three");
    check_next(fixture, 1000, without, NULL);
    check_next(fixture, 3000, without, "two");
    change_it(fixture, (Change){.pause = "two"});
    check_next(fixture, 3000, without, "one");
    change_it(fixture, (Change){.resume = "two"});
    check_next(fixture, 3000, without, "one");
    check_next(fixture, timestamp_now(), without, "one");
    change_it(fixture, (Change){.remove = "one"});
    check_next(fixture, timestamp_now(), without, "two"); /* due since it was resumed */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/followed/add", Fixture, NULL, set_up, test_add, tear_down);
    g_test_add("/followed/refused", Fixture, NULL, set_up, test_refused, tear_down);
    g_test_add("/followed/marks", Fixture, NULL, set_up, test_marks, tear_down);
    g_test_add("/followed/runs", Fixture, NULL, set_up, test_runs, tear_down);
    g_test_add("/followed/next", Fixture, NULL, set_up, test_next, tear_down);
    return g_test_run();
}
