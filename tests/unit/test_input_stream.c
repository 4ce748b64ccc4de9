/* A structured log read record by record: which lines are records, by what numbers, and what
 * becomes of those that are none, are too long, or are cut off. */
#include "shield/input_stream.h"

#include <string.h>

#include "shield/scan_window.h"

#define NOW G_GINT64_CONSTANT(1896170400000000)

typedef struct {
    GString *told; /* "line=first value;" of each record */
    guint left;    /* records until it ends */
} Told;

static gboolean take(gpointer user, const Observation *observation, guint64 line)
{
    Told *told = user;
    g_string_append_printf(told->told, "%" G_GUINT64_FORMAT "=", line);
    if (observation->count > 0)
        g_string_append_len(told->told, observation->values[0].text,
                            (gssize)observation->values[0].length);
    g_string_append_c(told->told, ';');
    return --told->left > 0;
}

/* Gives a text in pieces, then its end or a failure. */
typedef struct {
    const char *text;
    gsize length, piece;
    gboolean fails;
} Source;

static gboolean give(gpointer user, void *buffer, gsize size, gsize *ret_read, GError **error)
{
    Source *source = user;
    gsize length = MIN(MIN(size, source->piece), source->length);

    if (length == 0 && source->fails) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "the disk is gone");
        return FALSE;
    }
    memcpy(buffer, source->text, length);
    source->text += length;
    source->length -= length;
    *ret_read = length;
    return TRUE;
}

typedef struct {
    char *told;
    const InputFormat *format;
    InputStreamCounts counts;
    GError *error;
} Read;

static void read_clear(Read *read)
{
    g_free(read->told);
    g_clear_error(&read->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Read, read_clear)

static Read read_most(Source source, const char *format, guint most)
{
    g_autoptr(Stream) stream = stream_from_source(give, &source, NULL, FALSE);
    Told told = {g_string_new(NULL), most};
    Read read = {0};

    gboolean whole = input_stream_read(stream, format ? input_format_find(format) : NULL, NOW, take,
                                       &told, &read.format, &read.counts, &read.error);
    g_assert_true(whole == (read.error == NULL));
    read.told = g_string_free(told.told, FALSE);
    return read;
}

static Read read_text(const char *text, const char *format)
{
    const Source source = {text, strlen(text), G_MAXSIZE, FALSE};
    return read_most(source, format, G_MAXUINT);
}

static void assert_counts(const Read *read, guint64 records, guint64 others, guint64 cut)
{
    g_assert_cmpuint(read->counts.records, ==, records);
    g_assert_cmpuint(read->counts.others, ==, others);
    g_assert_cmpuint(read->counts.cut, ==, cut);
}

static const char log_lines[] =
    "{\"timestamp\":\"\",\"event_type\":\"dns\",\"dns\":{\"rrname\":\"a\"}}\n"
    "\n"
    "no record\r\n"
    "{\"timestamp\":\"\",\"event_type\":\"dns\"}\r\n"
    "{\"event_type\":\"cut";

static void test_lines(void)
{
    g_auto(Read) read = read_text(log_lines, NULL);
    g_assert_no_error(read.error);
    g_assert_cmpstr(input_format_name(read.format), ==, "eve");
    g_assert_cmpstr(read.told, ==, "1=dns;4=dns;");
    assert_counts(&read, 2, 2, 0);
}

/* However it comes, it says the same. */
static void test_pieces(void)
{
    g_auto(Read) expected = read_text(log_lines, "eve");
    for (gsize piece = 1; piece < sizeof(log_lines); piece++) {
        const Source source = {log_lines, strlen(log_lines), piece, FALSE};
        g_auto(Read) read = read_most(source, "eve", G_MAXUINT);
        g_assert_no_error(read.error);
        g_assert_cmpstr(read.told, ==, expected.told);
        assert_counts(&read, 2, 2, 0);
    }
}

static void test_text(void)
{
    g_auto(Read) text = read_text("alder.example is a name\nand 192.0.2.1 an address\n", NULL);
    g_assert_no_error(text.error);
    g_assert_null(text.format);
    g_assert_cmpstr(text.told, ==, "");
    assert_counts(&text, 0, 0, 0);
    g_auto(Read) empty = read_text("", NULL);
    g_assert_no_error(empty.error);
    g_assert_null(empty.format);
    /* Whoever says what it is gets what it has of that. */
    g_auto(Read) none = read_text("", "zeek");
    g_assert_cmpstr(input_format_name(none.format), ==, "zeek");
    g_auto(Read) named = read_text("alder.example is a name\n", "eve");
    assert_counts(&named, 0, 1, 0);
}

/* Longer than any window: one line, no record, and what follows keeps its number. */
static void test_long_lines(void)
{
    static const guint lengths[] = {INPUT_MAX_LINE, SCAN_WINDOW_CAPACITY, 3 * SCAN_WINDOW_CAPACITY};
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GString) text = g_string_new("{\"event_type\":\"one\"}\n{\"event_type\":\"");
        g_autofree char *filling = g_strnfill(lengths[i], 'x');
        g_string_append(text, filling);
        g_string_append(text, "\"}\n{\"event_type\":\"two\"}\n");
        g_auto(Read) read = read_text(text->str, "eve");
        g_assert_no_error(read.error);
        g_assert_cmpstr(read.told, ==, "1=one;3=two;");
        assert_counts(&read, 2, 1, 0);

        g_string_append(text, filling); /* and nothing behind it */
        g_auto(Read) open = read_text(text->str, "eve");
        g_assert_cmpstr(open.told, ==, "1=one;3=two;");
        assert_counts(&open, 2, 2, 0);
    }
}

static void test_many_windows(void)
{
    g_autoptr(GString) text = g_string_new(NULL), expected = g_string_new(NULL);
    guint64 lines = 0;
    while (text->len < 3 * SCAN_WINDOW_CAPACITY) {
        g_string_append_printf(text, "{\"event_type\":\"%u\"}\n", (guint)lines % 97);
        lines++;
        g_string_append_printf(expected, "%u=%u;", (guint)lines, (guint)(lines - 1) % 97);
    }
    g_auto(Read) read = read_text(text->str, "eve");
    g_assert_cmpstr(read.told, ==, expected->str);
    assert_counts(&read, lines, 0, 0);
}

/* Headers count from where they stand, in whatever window that is. */
static void test_headers(void)
{
    g_autoptr(GString) text = g_string_new("#separator \\x09\n#fields\tquery\talder\nfirst\t-\n");
    while (text->len < 2 * SCAN_WINDOW_CAPACITY)
        g_string_append(text, "# nothing\n");
    g_string_append(text, "#fields\tone\nsecond\nthird\t-\n");
    g_auto(Read) read = read_text(text->str, "zeek");
    g_assert_nonnull(strstr(read.told, "3=first;"));
    g_assert_nonnull(strstr(read.told, "=second;"));
    g_assert_null(strstr(read.told, "third"));
    g_assert_cmpuint(read.counts.records, ==, 2);
    g_auto(Read) csv = read_text("time,domain\n2030-02-01,alder.example\n", "csv");
    assert_counts(&csv, 1, csv.counts.others, 0);
    g_assert_true(g_str_has_prefix(csv.told, "2="));
}

/* Of what says more than an observation holds, what it holds. */
static void test_cut(void)
{
    g_autoptr(GString) text = g_string_new("{\"event_type\":\"one\",\"all\":[\"0\"");
    for (guint i = 0; i < OBSERVATION_MAX_VALUES; i++)
        g_string_append_printf(text, ",\"%u\"", i);
    g_string_append(text, "]}\n{\"event_type\":\"two\"}\n");
    g_auto(Read) read = read_text(text->str, "eve");
    g_assert_cmpstr(read.told, ==, "1=one;2=two;");
    assert_counts(&read, 2, 0, 1);
}

static void test_ended(void)
{
    const Source source = {log_lines, strlen(log_lines), G_MAXSIZE, FALSE};
    g_auto(Read) read = read_most(source, "eve", 1);
    g_assert_no_error(read.error);
    g_assert_cmpstr(read.told, ==, "1=dns;");
    assert_counts(&read, 1, 0, 0);
}

/* What came before a failure is told; a record that it cut is none. */
static void test_failure(void)
{
    static const char lines[] = "#separator \\x09\n#fields\tquery\n alder.example\nbirch.exa";
    const Source source = {lines, strlen(lines), 7, TRUE};
    g_auto(Read) read = read_most(source, "zeek", G_MAXUINT);
    g_assert_error(read.error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_assert_cmpstr(read.told, ==, "3= alder.example;");
    g_assert_cmpuint(read.counts.records, ==, 1);
    const Source nothing = {"", 0, 7, TRUE};
    g_auto(Read) none = read_most(nothing, NULL, G_MAXUINT);
    g_assert_error(none.error, CONCERT_ERROR, CONCERT_ERROR_IO);
}

static void test_utf16(void)
{
    g_autoptr(GString) text = g_string_new_len("\xff\xfe", 2);
    for (const char *at = log_lines; *at; at++) {
        g_string_append_c(text, *at);
        g_string_append_c(text, '\0');
    }
    for (gsize piece = 1; piece < 9; piece++) {
        const Source source = {text->str, text->len, piece, FALSE};
        g_auto(Read) read = read_most(source, "eve", G_MAXUINT);
        g_assert_cmpstr(read.told, ==, "1=dns;4=dns;");
        assert_counts(&read, 2, 2, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/input_stream/lines", test_lines);
    g_test_add_func("/input_stream/pieces", test_pieces);
    g_test_add_func("/input_stream/text", test_text);
    g_test_add_func("/input_stream/long_lines", test_long_lines);
    g_test_add_func("/input_stream/many_windows", test_many_windows);
    g_test_add_func("/input_stream/headers", test_headers);
    g_test_add_func("/input_stream/cut", test_cut);
    g_test_add_func("/input_stream/ended", test_ended);
    g_test_add_func("/input_stream/failure", test_failure);
    g_test_add_func("/input_stream/utf16", test_utf16);
    return g_test_run();
}
