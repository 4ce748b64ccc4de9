/* Segments in order: gaps, overlaps, numbers that go round, bounds; and random ones against a plain
 * model. */
#include <glib.h>
#include <string.h>

#include "shield/packets/tcp.h"

typedef struct {
    TcpSide side;
    GString *text; /* what came, a gap as "<5>" */
    gsize held;
    gsize enough; /* after so many bytes no more are wanted */
} Side;

static gboolean take_bytes(gpointer user, const guint8 *data, gsize length)
{
    Side *side = user;
    g_string_append_len(side->text, (const char *)data, (gssize)length);
    return side->text->len < side->enough;
}

static gboolean take_gap(gpointer user, gsize length)
{
    Side *side = user;
    g_string_append_printf(side->text, "<%" G_GSIZE_FORMAT ">", length);
    return TRUE;
}

static TcpSink sink_of(Side *side)
{
    return (TcpSink){take_bytes, take_gap, side, &side->held};
}

static void side_init(Side *side)
{
    *side = (Side){.text = g_string_new(NULL), .enough = G_MAXSIZE};
}

static void add(Side *side, guint32 sequence, const char *text, gsize missing)
{
    TcpSink sink = sink_of(side);
    /* A copy of just that size: whoever reads too far is caught. */
    g_autofree char *copy = g_memdup2(text, strlen(text));
    tcp_side_add(&side->side, &sink, sequence, (const guint8 *)copy, strlen(text), missing);
}

static void finish(Side *side, const char *expected)
{
    TcpSink sink = sink_of(side);
    tcp_side_end(&side->side, &sink);
    g_assert_cmpstr(side->text->str, ==, expected);
    g_assert_cmpuint(side->held, ==, 0);
    g_assert_null(side->side.pieces);
    g_string_free(side->text, TRUE);
}

static void test_order(void)
{
    Side side;

    side_init(&side);
    tcp_side_begin(&side.side, 0xfffffffe);
    add(&side, 0xfffffffe, "ab", 0);
    add(&side, 2, "ef", 0);
    g_assert_cmpstr(side.text->str, ==, "ab");
    add(&side, 6, "ij", 0);
    add(&side, 0, "cd", 0);
    g_assert_cmpstr(side.text->str, ==, "abcdef");
    add(&side, 0, "cd", 0); /* once more */
    add(&side, 4, "gh", 0);
    finish(&side, "abcdefghij");
}

/* Where bytes overlap, those that came first count. */
static void test_overlap(void)
{
    Side side;

    side_init(&side);
    tcp_side_begin(&side.side, 0);
    add(&side, 0, "abcd", 0);
    add(&side, 2, "XXef", 0);
    add(&side, 8, "ij", 0);
    add(&side, 12, "mn", 0);
    add(&side, 7, "hXXklXXop", 0); /* around two that are kept */
    g_assert_cmpstr(side.text->str, ==, "abcdef");
    add(&side, 6, "g", 0);
    finish(&side, "abcdefghijklmnop");
}

static void test_gap(void)
{
    Side side;

    side_init(&side);
    add(&side, 100, "ab", 3); /* not begun: begins here; three bytes were not captured */
    add(&side, 105, "cd", 0);
    add(&side, 110, "ef", 2);
    finish(&side, "ab<3>cd<3>ef<2>");

    side_init(&side);
    tcp_side_begin(&side.side, 0);
    add(&side, 0, "ab", 4);
    add(&side, 2, "cdefg", 0); /* what was missing was said to be there: it does not come again */
    finish(&side, "ab<4>g");
}

static void test_enough(void)
{
    Side side;

    side_init(&side);
    side.enough = 3;
    tcp_side_begin(&side.side, 0);
    add(&side, 4, "ef", 0);
    add(&side, 6, "gh", 0);
    add(&side, 0, "abcd", 0);
    g_assert_true(side.side.done);
    add(&side, 8, "ij", 0);
    finish(&side, "abcd");
}

static void test_bounds(void)
{
    Side side;
    g_autofree char *many = g_strnfill(60000, 'x');

    side_init(&side);
    tcp_side_begin(&side.side, 0);
    for (guint i = 0; i <= TCP_MAX_PIECES; i++)
        add(&side, 10 + 2 * i, "a", 0);
    g_assert_cmpuint(side.side.pieces_kept, <=, TCP_MAX_PIECES);
    g_assert_true(g_str_has_prefix(side.text->str, "<10>a"));
    g_string_truncate(side.text, 0);
    add(&side, 1000000, many, 0);
    add(&side, 2000000, many, 0);
    add(&side, 3000000, many, 0);
    g_assert_cmpuint(side.side.bytes_kept, <=, TCP_MAX_KEPT);
    TcpSink sink = sink_of(&side);
    tcp_side_end(&side.side, &sink);
    g_assert_cmpuint(side.held, ==, 0);
    g_string_free(side.text, TRUE);
}

/* Random segments of a known text, twice over and out of order: the text comes out. */
static void test_random(void)
{
    for (guint round = 0; round < 300; round++) {
        Side side;
        char text[200];
        guint32 base = g_test_rand_int_range(0, 2) ? 0xffffffc0u : 7;
        gsize length = (gsize)g_test_rand_int_range(1, sizeof(text) - 1);

        for (gsize i = 0; i < length; i++)
            text[i] = (char)('a' + i % 26);
        text[length] = '\0';
        side_init(&side);
        tcp_side_begin(&side.side, base);
        for (guint i = 0; i < 40; i++) {
            gsize at = (gsize)g_test_rand_int_range(0, (gint)length);
            gsize size = (gsize)g_test_rand_int_range(1, (gint)MIN(20, length - at) + 1);
            g_autofree char *part = g_strndup(text + at, size);
            add(&side, base + (guint32)at, part, 0);
            g_assert_true(strncmp(side.text->str, text, side.text->len) == 0);
        }
        for (gsize at = 0; at < length; at += 7) {
            g_autofree char *part = g_strndup(text + at, 7);
            add(&side, base + (guint32)at, part, 0);
        }
        finish(&side, text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp/order", test_order);
    g_test_add_func("/tcp/overlap", test_overlap);
    g_test_add_func("/tcp/gap", test_gap);
    g_test_add_func("/tcp/enough", test_enough);
    g_test_add_func("/tcp/bounds", test_bounds);
    g_test_add_func("/tcp/random", test_random);
    return g_test_run();
}
