/* A file that grows, is renamed, cut off, copied and cut off, written anew, or vanishes; and what
 * was told of it before. */
#include "shield/watch/tail.h"

#include "watched_file.h"

static void append(const char *path, const char *text)
{
    append_bytes(path, text, strlen(text));
}

/* Looks until there is no more, and compares what was told. */
static void look(Fixture *fixture, Tail *tail, TailState wanted, const char *hits)
{
    g_assert_cmpint(look_to_end(fixture, tail), ==, wanted);
    assert_hits(fixture, hits);
}

static void test_growing(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "x\nalder.example\nwww.al");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    look(fixture, tail, TAIL_PARTIAL, "2:1 alder.example\n");
    g_assert_false(tail_has_news(tail));
    append(fixture->path, "der.example");
    g_assert_true(tail_has_news(tail));
    look(fixture, tail, TAIL_PARTIAL, "");
    /* As it stands; then again, when there is no more of it. */
    g_assert_cmpint(tail_look_at_partial(tail, &fixture->means, FALSE), ==, TAIL_PARTIAL);
    look(fixture, tail, TAIL_PARTIAL, "3:1 www.alder.example\n");
    g_assert_cmpint(tail_look_at_partial(tail, &fixture->means, FALSE), ==, TAIL_PARTIAL);
    append(fixture->path, " alder.example\n");
    look(fixture, tail, TAIL_END, "3:19 alder.example\n");
    append(fixture->path, "end alder.example");
    look(fixture, tail, TAIL_PARTIAL, "");
    g_assert_cmpint(tail_look_at_partial(tail, &fixture->means, TRUE), ==, TAIL_END);
    look(fixture, tail, TAIL_END, "4:5 alder.example\n");
}

static void test_renamed(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "alder.example\n");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    look(fixture, tail, TAIL_END, "1:1 alder.example\n");
    g_assert_cmpint(g_rename(fixture->path, fixture->other), ==, 0);
    append(fixture->other, "b.alder.example\n");
    append(fixture->path, "c.alder.example\n");
    look(fixture, tail, TAIL_END, "2:1 b.alder.example\n");
    g_autoptr(Tail) anew = open_tail(fixture->path);
    look(fixture, anew, TAIL_END, "1:1 c.alder.example\n");
    g_assert_cmpstr(tail_path(tail), ==, fixture->path);
    tail_set_path(tail, fixture->other);
    g_assert_cmpstr(tail_path(tail), ==, fixture->other);
    /* A mark is of the file, not of its name. */
    TailMark mark;
    tail_mark(tail, &mark);
    g_assert_true(tail_is(tail, mark.device, mark.inode));
    g_assert_false(tail_is(anew, mark.device, mark.inode));
    append(fixture->other, "d.alder.example\n");
    g_assert_false(tail_go_on(anew, &mark));
    g_autoptr(Tail) again = open_tail(fixture->other);
    g_assert_true(tail_go_on(again, &mark));
    look(fixture, again, TAIL_END, "3:1 d.alder.example\n");
}

static void test_cut_off(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "alder.example\nalder.example\n");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    look(fixture, tail, TAIL_END, "1:1 alder.example\n2:1 alder.example\n");
    TailMark mark;
    tail_mark(tail, &mark);
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    g_assert_true(tail_has_news(tail));
    look(fixture, tail, TAIL_END, "");
    append(fixture->path, "b.alder.example\n");
    look(fixture, tail, TAIL_END, "1:1 b.alder.example\n");
    /* Cut off, and longer than it was before anybody looked. */
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append(fixture->path, "0123456789012345678901234567890123456789\nc.alder.example\n");
    g_assert_true(tail_has_news(tail));
    look(fixture, tail, TAIL_END, "2:1 c.alder.example\n");
    g_autoptr(Tail) again = open_tail(fixture->path);
    g_assert_false(tail_go_on(again, &mark));
    look(fixture, again, TAIL_END, "2:1 c.alder.example\n");
}

/* The copy is another file, and the original begins anew. */
static void test_copied_and_cut_off(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "alder.example\n");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    look(fixture, tail, TAIL_END, "1:1 alder.example\n");
    append(fixture->path, "b.alder.example\n");
    append(fixture->other, "alder.example\nb.alder.example\n");
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append(fixture->path, "c.alder.example\n");
    look(fixture, tail, TAIL_END, "1:1 c.alder.example\n");
    g_autoptr(Tail) copy = open_tail(fixture->other);
    look(fixture, copy, TAIL_END, "1:1 alder.example\n2:1 b.alder.example\n");
}

static void test_vanished(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    append(fixture->path, "alder.example\n");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    look(fixture, tail, TAIL_END, "1:1 alder.example\n");
    int fd = open(fixture->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    g_assert_cmpint(g_unlink(fixture->path), ==, 0);
    g_assert_cmpint(write(fd, "b.alder.example\n", 16), ==, 16);
    close(fd);
    g_assert_true(tail_has_news(tail));
    look(fixture, tail, TAIL_END, "2:1 b.alder.example\n");
    g_assert_null(tail_open(fixture->path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    /* What took its name is another, whatever its inode. */
    TailMark mark;
    tail_mark(tail, &mark);
    append(fixture->path, "c.alder.example and what is longer than before\n");
    g_autoptr(Tail) anew = open_tail(fixture->path);
    g_assert_false(tail_go_on(anew, &mark));
    look(fixture, anew, TAIL_END, "1:1 c.alder.example\n");
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    static const char *const starts[] = {"\x1f\x8b", "BZh9", "\x28\xb5\x2f\xfd",
                                         "\xfd"
                                         "7zXZ",
                                         "PK\x03\x04"};
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autoptr(GError) error = NULL;
        append(fixture->path, starts[i]);
        g_assert_null(tail_open(fixture->path, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, fixture->path));
        g_unlink(fixture->path);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(tail_open(fixture->directory, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* Marks that no watcher made. */
static void test_hostile_marks(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "alder.example\n");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    TailMark good, mark;
    look(fixture, tail, TAIL_END, "1:1 alder.example\n");
    tail_mark(tail, &good);
    g_assert_true(tail_go_on(tail, &good));
    mark = good, mark.offset = G_MAXUINT64;
    g_assert_false(tail_go_on(tail, &mark));
    mark = good, mark.offset = 3;
    g_assert_false(tail_go_on(tail, &mark));
    mark = good, mark.head[0] ^= 1;
    g_assert_false(tail_go_on(tail, &mark));
    mark = good, mark.behind[31] ^= 1;
    g_assert_false(tail_go_on(tail, &mark));
    mark = good, mark.inode++;
    g_assert_false(tail_go_on(tail, &mark));
    mark = good, mark.place.line_bytes = G_MAXUINT64;
    g_assert_true(tail_go_on(tail, &mark)); /* columns are wrong then, and nothing else */
    append(fixture->path, "b.alder.example\n");
    look_to_end(fixture, tail);
    g_assert_nonnull(strstr(fixture->hits->str, " b.alder.example\n"));
}

/* --- What was told ---------------------------------------------------------------------------- */

static Told *open_told(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    Told *told = told_open(fixture->state, FALSE, &error);
    g_assert_no_error(error);
    return told;
}

/* Somebody watches the file from @mark (NULL: its start), and is killed. */
static void look_once(Fixture *fixture, const TailMark *mark, TailState wanted, const char *hits)
{
    g_autoptr(Told) told = open_told(fixture);
    g_autoptr(Tail) tail = open_tail(fixture->path);
    if (mark)
        g_assert_true(tail_go_on(tail, mark));
    tail_recall(tail, told);
    fixture->means.told = told;
    look(fixture, tail, wanted, hits);
    if (wanted == TAIL_PARTIAL)
        tail_look_at_partial(tail, &fixture->means, FALSE);
    g_assert_true(told_commit(told, NULL));
    fixture->means.told = NULL;
}

static void test_told_once(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "alder.example\nx\nalder.example\n");
    look_once(fixture, NULL, TAIL_END, "1:1 alder.example\n3:1 alder.example\n");
    look_once(fixture, NULL, TAIL_END, "");
    append(fixture->path, "alder.example\n");
    look_once(fixture, NULL, TAIL_END, "4:1 alder.example\n");
    look_once(fixture, NULL, TAIL_END, "");
    /* A line without an end. */
    append(fixture->path, "b.alder.example");
    look_once(fixture, NULL, TAIL_PARTIAL, "");
    assert_hits(fixture, "5:1 b.alder.example\n");
    append(fixture->path, " c.alder.example\n");
    look_once(fixture, NULL, TAIL_END, "5:17 c.alder.example\n");
}

static void test_told_of_another(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "1 alder.example\n");
    look_once(fixture, NULL, TAIL_END, "1:3 alder.example\n");
    /* The same place of the same inode, and another text. */
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append(fixture->path, "2 alder.example\n");
    look_once(fixture, NULL, TAIL_END, "1:3 alder.example\n");
    /* Another spelling. */
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append(fixture->path, "2 ALDER.example\n");
    look_once(fixture, NULL, TAIL_END, "1:3 ALDER.example\n");
    /* Cut off while it is watched: what was known of it counts no more. */
    g_autoptr(Told) told = open_told(fixture);
    g_autoptr(Tail) tail = open_tail(fixture->path);
    tail_recall(tail, told);
    look(fixture, tail, TAIL_END, "");
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append(fixture->path, "2 ALDER.example\n");
    look(fixture, tail, TAIL_END, "");
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append(fixture->path, "3 alder.example\n");
    look(fixture, tail, TAIL_END, "1:3 alder.example\n");
}

/* A hit that was found, and not yet out, is told by the next. */
static void test_killed_between(Fixture *fixture, gconstpointer data)
{
    append(fixture->path, "a.alder.example\nb.alder.example\nc.alder.example\n");
    g_autoptr(Told) told = open_told(fixture);
    g_autoptr(Tail) tail = open_tail(fixture->path);
    fixture->means.told = told;
    fixture->left = 2;
    look(fixture, tail, TAIL_STOPPED, "1:1 a.alder.example\n2:1 b.alder.example\n");
    g_assert_cmpuint(told_waiting(told), ==, 2);
    g_assert_true(told_commit(told, NULL));
    g_assert_cmpuint(told_waiting(told), ==, 0);
    g_clear_pointer(&told, told_free);
    fixture->left = 0;
    look_once(fixture, NULL, TAIL_END, "3:1 c.alder.example\n");
}

static void test_begun_anew(Fixture *fixture, gconstpointer data)
{
    TailMark start, mark;
    append(fixture->path, "alder.example\nalder.example\n");
    g_autoptr(Told) told = open_told(fixture);
    g_autoptr(Tail) tail = open_tail(fixture->path);
    tail_mark(tail, &start);
    fixture->means.told = told;
    look(fixture, tail, TAIL_END, "1:1 alder.example\n2:1 alder.example\n");
    append(fixture->path, "alder.example");
    look(fixture, tail, TAIL_PARTIAL, "");
    tail_look_at_partial(tail, &fixture->means, FALSE);
    g_string_truncate(fixture->hits, 0);
    tail_mark(tail, &mark);
    told_commit(told, NULL);
    /* As when the state is written: only of the last line something is to be kept. */
    told_begin_anew(told);
    tail_keep_told(tail, told);
    g_assert_true(told_commit(told, NULL));
    g_clear_pointer(&told, told_free);
    append(fixture->path, "\n");
    look_once(fixture, &mark, TAIL_END, "");
    look_once(fixture, &start, TAIL_END, "1:1 alder.example\n2:1 alder.example\n");
}

static void test_locked(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Told) told = open_told(fixture);
    g_assert_null(told_open(fixture->state, FALSE, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, fixture->state));
    g_clear_pointer(&told, told_free);
    told = open_told(fixture);
}

/* What cannot be read, or is of another run of the system, is as if it were not there. */
static void test_damaged(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_strconcat(fixture->state, TOLD_SUFFIX, NULL);
    g_autofree char *text = NULL;
    gsize length;

    append(fixture->path, "alder.example\nb.alder.example\n");
    look_once(fixture, NULL, TAIL_END, "1:1 alder.example\n2:1 b.alder.example\n");
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    /* Cut off in the last line. */
    g_assert_true(g_file_set_contents(path, text, (gssize)length - 2, NULL));
    look_once(fixture, NULL, TAIL_END, "2:1 b.alder.example\n");
    g_autoptr(GString) other = g_string_new_len(text, (gssize)length);
    other->str[strlen("concert told 1 ")] ^= 1;
    g_assert_true(g_file_set_contents(path, other->str, (gssize)length, NULL));
    look_once(fixture, NULL, TAIL_END, "1:1 alder.example\n2:1 b.alder.example\n");
    /* Other lines between are passed over. */
    g_string_truncate(other, 0);
    for (const char *line = text; *line;) {
        const char *end = strchr(line, '\n') + 1;
        g_string_append_len(other, line, end - line);
        g_string_append(other,
                        "r 1 2 x\nh 00\nr\n\nr 1 1 1 9223372036854775807 1 " TEXTS_SHA256 "\n");
        line = end;
    }
    g_assert_true(g_file_set_contents(path, other->str, (gssize)other->len, NULL));
    look_once(fixture, NULL, TAIL_END, "");
    g_autoptr(Told) forgotten = told_open(fixture->state, TRUE, NULL);
    g_clear_pointer(&forgotten, told_free);
    look_once(fixture, NULL, TAIL_END, "1:1 alder.example\n2:1 b.alder.example\n");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/tail/growing", test_growing},
        {"/tail/renamed", test_renamed},
        {"/tail/cut-off", test_cut_off},
        {"/tail/copied-and-cut-off", test_copied_and_cut_off},
        {"/tail/vanished", test_vanished},
        {"/tail/refused", test_refused},
        {"/tail/hostile-marks", test_hostile_marks},
        {"/tail/told/once", test_told_once},
        {"/tail/told/of-another", test_told_of_another},
        {"/tail/told/killed-between", test_killed_between},
        {"/tail/told/begun-anew", test_begun_anew},
        {"/tail/told/locked", test_locked},
        {"/tail/told/damaged", test_damaged},
    };
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run();
}
