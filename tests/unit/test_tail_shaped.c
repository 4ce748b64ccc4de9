/* A file or a pipe that is not UTF-8, or whose records are no lines, as it grows: in pieces cut
 * anywhere, left and gone on with, cut off, and with what does not end. */
#include "shield/watch/pipe.h"
#include "shield/watch/shaped.h"
#include "watched_file.h"

/* @text as UTF-16, or as it is. */
static GBytes *encode(const char *text, const char *encoding)
{
    gsize length;
    char *bytes = g_convert(text, -1, encoding, "UTF-8", NULL, &length, NULL);
    g_assert_nonnull(bytes);
    return g_bytes_new_take(bytes, length);
}

/* The file grows by @piece bytes at a time; with @anew the watcher is another each time. */
static void grow(Fixture *fixture, GBytes *bytes, gsize piece, gboolean anew)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    g_autoptr(Tail) tail = NULL;

    g_unlink(fixture->path);
    append_bytes(fixture->path, "", 0);
    tail = open_tail(fixture->path);
    for (gsize at = 0; at < length; at += piece) {
        TailMark mark;
        append_bytes(fixture->path, data + at, MIN(piece, length - at));
        g_assert_true(tail_has_news(tail));
        look_to_end(fixture, tail);
        tail_mark(tail, &mark);
        if (!anew)
            continue;
        tail_free(tail);
        tail = open_tail(fixture->path);
        g_assert_true(tail_go_on(tail, &mark));
    }
    g_assert_cmpint(tail_look_at_partial(tail, &fixture->means, TRUE), ==, TAIL_END);
}

/* The same through a pipe. */
static void pour(Fixture *fixture, GBytes *bytes, gsize piece)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    int fds[2];

    g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
    g_autoptr(Pipe) pipe = pipe_new(fds[0]);
    for (gsize at = 0; at < length; at += piece) {
        gsize size = MIN(piece, length - at);
        g_assert_cmpint(write(fds[1], data + at, size), ==, size);
        g_assert_cmpint(pipe_look(pipe, &fixture->means), ==, TAIL_MORE);
    }
    close(fds[1]);
    g_assert_cmpint(pipe_look(pipe, &fixture->means), ==, TAIL_END);
    close(fds[0]);
}

typedef struct {
    const char *text, *hits;
    gboolean lines; /* its records are lines: whoever goes on knows their numbers */
} Row;

static const Row rows[] = {
    {"first line\nx alder.example\nb\xc3\xbc \xf0\x9f\x98\x80 www.alder.example\nend 192.0.2.1",
     "2:3 alder.example\n3:10 www.alder.example\n4:5 192.0.2.1\n", TRUE},
    {"time,src_ip\n1,192.0.2.1\n2,192.0.2.1\n", "2:3 192.0.2.1 src_ip\n3:3 192.0.2.1 src_ip\n",
     TRUE},
    {"[{\"time\": 1, \"x\": \"alder.example\"},\n{\"x\":\n\"alder.example\"}]\n",
     "1:20 alder.example x\n2:8 alder.example x\n", FALSE},
    {"{\n\"x\": 1\n}\n{\n\"x\": \"alder.example\"\n}\n{\n\"x\": \"192.0.2.1\"\n}\n",
     "4:9 alder.example x\n7:9 192.0.2.1 x\n", TRUE},
    {"<Events>\n<Event>\n<System/><x>192.0.2.1</x>\n</Event>\n<Event><System/>\n"
     "<x>alder.example</x></Event>\n</Events>\n",
     "2:21 192.0.2.1 x\n5:21 alder.example x\n", TRUE},
    {"55 <34>1 2024-01-31T10:00:00Z a.test b - - - alder.example46 <34>1 2024-01-31T10:00:00Z a b "
     "- "
     "- - 192.0.2.1",
     "1:43 alder.example message\n2:38 192.0.2.1 message\n", FALSE},
};

static const char *const encodings[] = {"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE"};

static void test_pieces(Fixture *fixture, gconstpointer data)
{
    static const gsize pieces[] = {1, 2, 3, 7, 30, 1000};
    for (gsize i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(encodings); i++) {
        const Row *row = &rows[i / G_N_ELEMENTS(encodings)];
        const char *encoding = encodings[i % G_N_ELEMENTS(encodings)];
        g_autoptr(GBytes) bytes = encode(row->text, encoding);
        for (gsize p = 0; p < G_N_ELEMENTS(pieces); p++) {
            g_test_message("%s, %u: %s", encoding, (guint)pieces[p], row->text);
            grow(fixture, bytes, pieces[p], FALSE);
            assert_hits(fixture, row->hits);
            pour(fixture, bytes, pieces[p]);
            assert_hits(fixture, row->hits);
            grow(fixture, bytes, pieces[p], TRUE);
            if (row->lines)
                assert_hits(fixture, row->hits);
            g_string_truncate(fixture->hits, 0);
        }
    }
}

static void append_as(const Fixture *fixture, const char *text, const char *encoding)
{
    g_autoptr(GBytes) bytes = encode(text, encoding);
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    append_bytes(fixture->path, data, length);
}

/* A line without an end is told once; written anew, the file may come as something else. */
static void test_partial(Fixture *fixture, gconstpointer data)
{
    append_as(fixture, "first\nx alder.example", "UTF-16");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    g_assert_cmpint(look_to_end(fixture, tail), ==, TAIL_PARTIAL);
    assert_hits(fixture, "");
    g_assert_cmpint(tail_look_at_partial(tail, &fixture->means, FALSE), ==, TAIL_PARTIAL);
    assert_hits(fixture, "2:3 alder.example\n");
    g_assert_false(tail_has_news(tail));
    append_as(fixture, " 192.0.2.1\n", "UTF-16LE");
    g_assert_cmpint(look_to_end(fixture, tail), ==, TAIL_END);
    assert_hits(fixture, "2:17 192.0.2.1\n");
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append_as(fixture, "alder.example\n", "UTF-8");
    g_assert_cmpint(look_to_end(fixture, tail), ==, TAIL_END);
    assert_hits(fixture, "1:1 alder.example\n");
    g_assert_cmpint(truncate(fixture->path, 0), ==, 0);
    append_as(fixture, "x alder.example\n", "UTF-16BE");
    g_assert_cmpint(look_to_end(fixture, tail), ==, TAIL_END);
    assert_hits(fixture, "1:3 alder.example\n");
}

/* What nobody can tell is, after a while, what it seems to be. */
static void test_untold(Fixture *fixture, gconstpointer data)
{
    append_as(fixture, "{\n\"x\": \"alder.example\"\n}\n", "UTF-8");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    g_assert_cmpint(look_to_end(fixture, tail), ==, TAIL_PARTIAL);
    g_assert_false(tail_has_news(tail));
    g_assert_cmpint(tail_look_at_partial(tail, &fixture->means, FALSE), ==, TAIL_MORE);
    g_assert_true(tail_has_news(tail));
    g_assert_cmpint(look_to_end(fixture, tail), ==, TAIL_END);
    assert_hits(fixture, "2:7 alder.example\n");
    g_autoptr(Tail) gone = open_tail(fixture->path);
    g_assert_cmpint(tail_look_at_partial(gone, &fixture->means, TRUE), ==, TAIL_END);
    assert_hits(fixture, "2:7 alder.example\n");
}

/* Nobody who looks for text only gets records. */
static void test_text(Fixture *fixture, gconstpointer data)
{
    fixture->means.log = FALSE;
    append_as(fixture, "[{\"a\": 1},\n{\"x\":\n\"alder.example\"}]\n", "UTF-16LE");
    g_autoptr(Tail) tail = open_tail(fixture->path);
    g_assert_cmpint(look_to_end(fixture, tail), ==, TAIL_END);
    assert_hits(fixture, "3:2 alder.example\n");
}

static void test_skip(Fixture *fixture, gconstpointer data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++) {
        g_unlink(fixture->path);
        /* units that have the byte of a line feed, and are none */
        append_as(fixture, "alder.example\n\xc4\x8a\xe0\xa8\x80\xe0\xa8\x8a\n192.0.", encodings[i]);
        g_autoptr(Tail) tail = open_tail(fixture->path);
        tail_skip(tail);
        append_as(fixture, "2.1\n", i == 1 ? "UTF-16LE" : encodings[i]);
        g_test_message("%s", encodings[i]);
        look_to_end(fixture, tail);
        assert_hits(fixture, "3:1 192.0.2.1\n");
    }
}

/* Lines and records longer than any window. */
static void test_long(Fixture *fixture, gconstpointer data)
{
    static const char *const starts[] = {"yyyyyyyyy", "[{\"x\":\"", "<Event><System>"};
    for (gsize i = 0; i < G_N_ELEMENTS(starts) * G_N_ELEMENTS(encodings); i++) {
        g_autoptr(GString) text = g_string_new(starts[i / G_N_ELEMENTS(encodings)]);
        const char *encoding = encodings[i % G_N_ELEMENTS(encodings)];
        guint hits = 0, wanted = 0;
        for (; text->len < 1500000; wanted++) {
            g_string_append(text, " alder.example ");
            for (gsize y = 0; y < 10007; y++)
                g_string_append_c(text, 'y');
        }
        g_string_append(text, "\nend www.alder.example\n");
        g_autoptr(GBytes) bytes = encode(text->str, encoding);
        g_test_message("%s, %s", encoding, starts[i / G_N_ELEMENTS(encodings)]);
        grow(fixture, bytes, 3 * SHAPED_RAW, i % 2 == 0);
        for (const char *at = fixture->hits->str; (at = strchr(at, '\n')); at++)
            hits++;
        g_assert_cmpuint(hits, ==, wanted + 1);
        g_assert_nonnull(strstr(fixture->hits->str, "2:5 www.alder.example\n"));
        g_string_truncate(fixture->hits, 0);
    }
}

/* Lines are counted in pieces of a window, and places come in their order, whoever reads. */
static void test_many_lines(Fixture *fixture, gconstpointer data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++) {
        g_autoptr(GString) text = g_string_new("first line\n");
        g_autoptr(GString) hits = g_string_new(NULL);
        for (guint line = 2; line < 700; line++) {
            gboolean hit = line % 150 == 0;
            g_string_append_printf(text, "a text, %s\n", hit ? "alder.example" : "nothing here");
            if (hit)
                g_string_append_printf(hits, "%u:9 alder.example\n", line);
        }
        g_autoptr(GBytes) bytes = encode(text->str, encodings[i]);
        g_test_message("%s", encodings[i]);
        grow(fixture, bytes, text->len * 4, FALSE);
        assert_hits(fixture, hits->str);
        pour(fixture, bytes, text->len * 4);
        assert_hits(fixture, hits->str);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/tail-shaped/pieces", test_pieces},
        {"/tail-shaped/partial", test_partial},
        {"/tail-shaped/untold", test_untold},
        {"/tail-shaped/text", test_text},
        {"/tail-shaped/skip", test_skip},
        {"/tail-shaped/long", test_long},
        {"/tail-shaped/many-lines", test_many_lines},
    };
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run();
}
