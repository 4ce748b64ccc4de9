/* Logs whose records are not one line each: what becomes of them, in whatever pieces they come,
 * what is none of them, and what one record that is broken costs the others. */
#include "shield/frame.h"

#include <string.h>

#include "shield/input.h"

#define ROOM (4 * FRAME_ROOM)

/* What @text becomes, coming in pieces of @piece bytes; NULL when it is left as it is. */
static char *convert(const char *text, gsize length, gsize piece)
{
    GString *lines = g_string_new(NULL);
    char into[ROOM];
    Frame frame;

    if (frame_detect(&frame, text, length, TRUE) != FRAME_YES) {
        g_string_free(lines, TRUE);
        return NULL;
    }
    for (gsize at = 0; at < length;) {
        gsize taken, size = MIN(piece, length - at);
        g_autofree char *copy = g_memdup2(text + at, size); /* of exactly that size */
        gsize written = frame_convert(&frame, copy, size, &taken, into, ROOM);
        g_assert_cmpuint(written, <=, ROOM);
        g_string_append_len(lines, into, (gssize)written);
        at += taken;
    }
    gsize taken, written;
    while ((written = frame_convert(&frame, "", 0, &taken, into, ROOM)) > 0)
        g_string_append_len(lines, into, (gssize)written);
    g_string_append_len(lines, into, (gssize)frame_end(&frame, into, ROOM));
    return g_string_free(lines, FALSE);
}

typedef struct {
    const char *text, *lines; /* NULL: it is left as it is */
} Row;

static void check(const Row *row)
{
    gsize length = strlen(row->text);
    for (gsize piece = 1; piece <= length; piece++) {
        g_autofree char *lines = convert(row->text, length, piece);
        g_assert_cmpstr(lines, ==, row->lines);
    }
}

static void check_rows(const Row *rows, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_test_message("%s", rows[i].text);
        check(&rows[i]);
    }
}

static void test_json(void)
{
    static const Row rows[] = {
        {"[{\"a\":1},{\"b\":2}]", " {\"a\":1}\n{\"b\":2}\n"},
        {"\xef\xbb\xbf[{}, {} ]\n", "    {}\n{}\n"},
        /* A record stands in the line that it began in. */
        {"[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]\n",
         " \n  {     \"a\": 1   }\n\n\n  {     \"b\": 2   }\n\n\n\n"},
        {"[\r\n{\"a\":\r\n1}\r\n]", "  \n{\"a\":\r 1}\n\r\n"},
        /* also when several do */
        {"[{\"a\":1}, {\"b\":\n2}, {\"c\":3},\n{}]", " {\"a\":1}\n{\"b\": 2}\n{\"c\":3}\n{}\n"},
        {"{\n\"a\": 1\n}\n{\n\"b\": 2\n}\n", "{ \"a\": 1 }\n\n\n{ \"b\": 2 }\n\n\n"},
        {"{\"a\":\n1}{\"b\":2}", "{\"a\": 1}\n{\"b\":2}\n"},
        {"Record 1\n{\n\"a\": 1\n}\nRecord 2\n{}\n", "Record 1\n{ \"a\": 1 }\n\n\nRecord 2\n{}\n"},
        {"{\"Records\":[{\"a\":1},{\"b\":2}],\"c\":{\"d\":3}}",
         "            {\"a\":1}\n{\"b\":2}\n\"c\":\n{\"d\":3}\n"},
        {"{\"took\":5, \"hits\":{\"total\":2,\n\"hits\":[\n{\"a\":1}\n]}}\n",
         "{\"took\":5, \"hits\":{\"total\":2,\n\"hits\":[\n{\"a\":1}\n\n"},
        /* What is within a string is none of it. */
        {"[{\"a\":\"},{\\\"\\\\\"},{\"b\":\"]\"}]", " {\"a\":\"},{\\\"\\\\\"}\n{\"b\":\"]\"}\n"},
        {"[{\"a\":\"{\"},{\"b\":\"{\",\"{\":1}]", " {\"a\":\"{\"}\n{\"b\":\"{\",\"{\":1}\n"},
        {"[{\"a\":[{\"x\":{}},{}]},1,\"{\",null]", " {\"a\":[{\"x\":{}},{}]}\n1 \"{\" null "},
    };
    check_rows(rows, G_N_ELEMENTS(rows));
}

/* What one that is not right costs: itself. */
static void test_broken_json(void)
{
    static const Row rows[] = {
        {"[{\"a\":},{\"b\":2}]", " {\"a\":}\n{\"b\":2}\n"},
        {"[{\"a\":1}},{\"b\":2}]", " {\"a\":1}\n{\"b\":2}\n"},
        {"[{\"a\":1}],{\"b\":2}]", " {\"a\":1}\n{\"b\":2}\n"},
        {"[{\"a\":1,{\"b\":2}]", " {\"a\":1,\n{\"b\":2}\n"},
        {"[{\"a\":{\"x\":1},{\"b\":2}]", " {\"a\":{\"x\":1},\n{\"b\":2}\n"},
        {"[{\"a\":[1},{\"b\":2}]", " {\"a\":[1}\n{\"b\":2}\n"},
        {"[{\"a\":{\"x\":1]\n", " {\"a\":{\"x\":1\n"},
        {"[{\"a\":\"x},{\"b\":\"y\"},{}]", " {\"a\":\"x},\n{\"b\":\"y\"}\n{}\n"},
        {"[{\"a\":\"x\n},{\"b\":2}]", " {\"a\":\"x }\n{\"b\":2}\n"},
        {"[\n{\"a\":[1,\n{\"b\":2},\n{\"c\":3}\n]", " \n{\"a\":[1, \n{\"b\":2}\n{\"c\":3}\n"},
        {"[\n  {\n    \"a\": [\n      {\n  },\n  {\n    \"b\": 2\n  }\n]",
         " \n  {     \"a\": [       {   },   \n\n\n\n{     \"b\": 2   }\n\n\n"},
        {"[{\"a\":1", " {\"a\":1"},
        {"[{\"a\":\"{\"", " {\"a\":\"{\""},
    };
    check_rows(rows, G_N_ELEMENTS(rows));
}

#define EVENT "<Event xmlns='x'>\n <System/>\n</Event>"

static void test_events(void)
{
    static const Row rows[] = {
        {"<?xml version='1.0'?>\n<Events>\n" EVENT "\n<Event>1</Event>\n</Events>\n",
         "<?xml version='1.0'?>\n<Events>\n<Event xmlns='x'>  <System/> </Event>\n\n\n"
         "<Event>1</Event>\n</Events>\n"},
        {EVENT EVENT,
         "<Event xmlns='x'>  <System/> </Event>\n\n<Event xmlns='x'>  <System/> </Event>\n\n"},
        {"<Events><Event>1</Event><Event\n>2</Event></Events>",
         "<Events><Event>1</Event>\n<Event >2</Event>\n</Events>"},
        {"<Event>a lot\r\nof <b>text</Event>\r\n", "<Event>a lot\r of <b>text</Event>\n\r\n"},
        {"<Event><EventData>1</EventData><<Event2></Event></Event>",
         "<Event><EventData>1</EventData><<Event2></Event>\n</Event>"},
        /* What CDATA and comments say of events is text ... */
        {"<Event><![CDATA[\n</Event><Event >]]></Event><Event>2</Event>\n",
         "<Event><![CDATA[ </Event><Event >]]></Event>\n<Event>2</Event>\n"},
        {"<Event>\n<!--</Event>\n <Event> -- > - - > ]]> \n--></Event>\n<Event>2</Event>\n",
         "<Event> <!--</Event>  <Event> -- > - - > ]]>  --></Event>\n\n\n\n<Event>2</Event>\n"},
        {"<Event><![CDATA[--></Event>]]]]]></Event>x",
         "<Event><![CDATA[--></Event>]]]]]></Event>\nx"},
        {"<Event><![CDATA[<!--]]></Event>x", "<Event><![CDATA[<!--]]></Event>\nx"},
        {"<Event><!-- <![CDATA[ --></Event>x", "<Event><!-- <![CDATA[ --></Event>\nx"},
        {"<Event><!----></Event>x", "<Event><!----></Event>\nx"},
        {"<Event><![CDATA[a<]]></Event>x", "<Event><![CDATA[a<]]></Event>\nx"},
        {"<Event><![CDATA[a<Event]]></Event>x", "<Event><![CDATA[a<Event]]></Event>\nx"},
        {"<Event><![CDATA[a</Event]]></Event>x", "<Event><![CDATA[a</Event]]></Event>\nx"},
        {"<Events>\n <Event>\n  <![CDATA[\n  <Event>1</Event>]]></Event>\n</Events>",
         "<Events>\n <Event>   <![CDATA[   <Event>1</Event>]]></Event>\n\n\n</Events>"},
        /* unless a line begins with one: then they were cut off. */
        {"<Event><![CDATA[1\n<Event>2</Event>\n", "<Event><![CDATA[1 \n<Event>2</Event>\n"},
        {" <Event><!--1\n\t<Event>2</Event>\n", " <Event><!--1 \t\n<Event>2</Event>\n"},
        {"<Event><![CDATA[1\n]]", "<Event><![CDATA[1 ]]"},
        /* one that does not end */
        {"<Event>1\n<Event>2</Event>\n", "<Event>1 \n<Event>2</Event>\n"},
        {"<Event>1\n</Even", "<Event>1 </Even"},
    };
    check_rows(rows, G_N_ELEMENTS(rows));
}

static void test_counted(void)
{
    static const Row rows[] = {
        {"7 <34>1 a7 <34>1 b", "<34>1 a\n<34>1 b\n"},
        {"8 <34>1 a\n8 <34>1 b\n", "<34>1 a \n<34>1 b \n"},
        {"7 <34>1 a\n7 <34>1 b\n", "<34>1 a\n<34>1 b\n"},
        {"8 <34>1 \na7 <34>1 b", "<34>1  a\n<34>1 b\n"},
        /* one that says what is not so */
        {"7 <34>1 abc7 <34>1 b7 <34>1 c", NULL},
        {"7 <34>1 a7 <34>1 bcd7 <34>1 e\n7 x7 <34>1 f",
         "<34>1 a\n<34>1 b\ncd\n<34>1 e\n7 x\n<34>1 f\n"},
    };
    check_rows(rows, G_N_ELEMENTS(rows));
}

static void test_others(void)
{
    static const char *const texts[] = {
        "",
        "text\n",
        "[",
        "[]",
        "[1, 2]",
        "[{main}] a message\n",
        "[2024-01-31 10:00:00] a message\n",
        "{\"a\": 1}\n{\"b\": 2}\n",
        "{\"a\": [{}]}\n",
        "{\"answers\": [{\"a\": 1}], \"b\": 2}\n{\"c\": 3}\n",
        "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n",
        "{ a brace",
        "Record 1 of 5\n",
        "<html>\n<Event>\n",
        "<EventData>\n",
        "<Eventide>",
        "<14>1 2024-01-31T10:00:00Z a b - - - c\n",
        "12 monkeys\n",
        "12 <b>\n",
        "6 <34>1 a\n",
        "08 <34>1 ab\n",
        "9999999 <34>1 a\n",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_test_message("%s", texts[i]);
        check(&(const Row){texts[i], NULL});
        Frame frame;
        g_assert_cmpint(frame_detect(&frame, texts[i], strlen(texts[i]), TRUE), ==, FRAME_NO);
    }
}

/* Of a pipe nothing is waited for that is not needed. */
static void test_waiting(void)
{
    static const struct {
        const char *text;
        FrameAnswer answer;
    } rows[] = {
        {"", FRAME_MORE},         {"t", FRAME_NO},
        {"[", FRAME_MORE},        {"[{", FRAME_MORE},
        {"[{\"", FRAME_YES},      {"{\"a\":1", FRAME_MORE},
        {"{\"a\":1}", FRAME_NO},  {"{\"a\":\n1}", FRAME_MORE},
        {"<Even", FRAME_MORE},    {"<Event>", FRAME_YES},
        {"<?xml", FRAME_MORE},    {"<1", FRAME_NO},
        {"8 <", FRAME_MORE},      {"8 <34>1 ", FRAME_MORE},
        {"7 <34>1 a", FRAME_YES}, {"7 <34>1 a8", FRAME_MORE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Frame frame;
        g_test_message("%s", rows[i].text);
        g_assert_cmpint(frame_detect(&frame, rows[i].text, strlen(rows[i].text), FALSE), ==,
                        rows[i].answer);
    }
}

/* A record longer than any that is read: behind it all is as before. */
static void test_long(void)
{
    static const char *const ends[] = {"\n]},\n{\"b\": 2}\n]\n", "]},{\"b\": 2}]"};

    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autoptr(GString) text = g_string_new("[\n{\"a\": [");
        while (text->len < 2 * INPUT_MAX_LINE)
            g_string_append(text, i == 0 ? "1,\n" : "1,");
        g_string_append(text, ends[i]);
        g_autofree char *lines = convert(text->str, text->len, text->len);
        g_assert_nonnull(strstr(lines, "\n{\"b\": 2}\n"));
        g_assert_cmpuint(strlen(lines), <=, 2 * text->len);
        /* No more than that is put into one line, where it has several. */
        for (const char *at = lines, *feed; (feed = strchr(at, '\n')); at = feed + 1)
            g_assert_true(i == 1 || (gsize)(feed - at) < INPUT_MAX_LINE + 16);
    }
}

/* An event without an end, and the next one. */
static void test_long_event(void)
{
    g_autoptr(GString) text = g_string_new("<Event>\n");
    while (text->len < 2 * INPUT_MAX_LINE)
        g_string_append(text, "<Data>1</Data>\n");
    g_string_append(text, "<Event>2</Event>\n");
    g_autofree char *lines = convert(text->str, text->len, text->len);
    g_assert_nonnull(strstr(lines, "\n<Event>2</Event>\n"));
    g_assert_nonnull(strstr(lines, "\n<Data>1</Data>\n<Data>1</Data>\n"));
}

/* CDATA whose end is cut costs no more than one record may be long, in lines or in one. */
static void test_long_literal(void)
{
    static const char *const begins[] = {"<Event><![CDATA[", "<Event>\n<!--"};
    static const char *const fills[] = {"x <Event> </Event>", " x <Event>\n </Event>"};

    for (gsize i = 0; i < 4; i++) {
        g_autoptr(GString) text = g_string_new(begins[i / 2]);
        while (text->len < INPUT_MAX_LINE)
            g_string_append(text, fills[i % 2]);
        g_autofree char *quiet = convert(text->str, text->len, text->len);
        g_assert_null(strstr(quiet, "</Event>\n"));
        while (text->len < INPUT_MAX_LINE + 64)
            g_string_append(text, fills[i % 2]);
        g_string_append(text, "<Event>2</Event><Event>3</Event>\n");
        g_autofree char *lines = convert(text->str, text->len, text->len);
        g_assert_nonnull(strstr(lines, "\n<Event>2</Event>\n<Event>3</Event>\n"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/json", test_json);
    g_test_add_func("/frame/broken-json", test_broken_json);
    g_test_add_func("/frame/events", test_events);
    g_test_add_func("/frame/counted", test_counted);
    g_test_add_func("/frame/others", test_others);
    g_test_add_func("/frame/waiting", test_waiting);
    g_test_add_func("/frame/long", test_long);
    g_test_add_func("/frame/long-event", test_long_event);
    g_test_add_func("/frame/long-literal", test_long_literal);
    return g_test_run();
}
