#include "intake/list.h"

#include <string.h>

#include "intake/maker.h"
#include "intake/report.h"
#include "intake/window.h"

#define LIST_LINE_MAX    (64 * 1024)
#define LIST_COMMENT_MAX 1000 /* bytes of a comment that are kept */
#define LIST_SHOWN_MAX   80   /* bytes of an unknown line that are shown */

typedef struct {
    const char *text;
    gsize length;
} Slice;

typedef struct {
    ObservableKind kind;
    const ListReader *reader;
    guint64 line, numbers;
    char comment[LIST_COMMENT_MAX + 1];
} List;

static gboolean is_blank(char c)
{
    static const guint8 blank[256] = {
        [' '] = TRUE, ['\t'] = TRUE, ['\r'] = TRUE, ['\v'] = TRUE, ['\f'] = TRUE,
    };
    return blank[(guchar)c];
}

static Slice trim(Slice slice)
{
    while (slice.length > 0 && is_blank(slice.text[0]))
        slice.text++, slice.length--;
    while (slice.length > 0 && is_blank(slice.text[slice.length - 1]))
        slice.length--;
    return slice;
}

/* Cuts the first word off @slice. */
static Slice take_word(Slice *slice)
{
    Slice word = {slice->text, 0};
    while (word.length < slice->length && !is_blank(word.text[word.length]))
        word.length++;
    slice->text += word.length;
    slice->length -= word.length;
    *slice = trim(*slice);
    return word;
}

static gboolean starts_with(Slice slice, const char *prefix)
{
    gsize length = strlen(prefix);
    return slice.length >= length && memcmp(slice.text, prefix, length) == 0;
}

static gboolean word_is(Slice word, const char *const *words, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (word.length == strlen(words[i]) && memcmp(word.text, words[i], word.length) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_comment(Slice line)
{
    return line.text[0] == '#' || line.text[0] == ';' || line.text[0] == '!' ||
           starts_with(line, "//");
}

static void tell_unknown(List *list, Slice what, const char *why)
{
    g_autofree char *part = g_utf8_make_valid(what.text, (gssize)MIN(what.length, LIST_SHOWN_MAX));
    g_autofree char *shown = g_strescape(part, NULL);
    list->reader->unknown(list->reader->user, shown, why, list->line);
}

/* What is behind a value: numbers alone are no comment and are counted instead. */
static void take_comment(List *list, Slice rest)
{
    while (rest.length > 0 && (is_blank(rest.text[0]) || strchr("#;,|/", rest.text[0])))
        rest.text++, rest.length--;
    gboolean number = rest.length > 0;
    for (gsize i = 0; i < rest.length && number; i++)
        number = g_ascii_isdigit(rest.text[i]) || is_blank(rest.text[i]) ||
                 strchr(".,;+-", rest.text[i]);
    list->numbers += number;
    gsize length = number ? 0 : MIN(rest.length, LIST_COMMENT_MAX);
    while (length > 0 && length < rest.length && ((guchar)rest.text[length] & 0xc0) == 0x80)
        length--; /* not in the middle of a character */
    memcpy(list->comment, rest.text, length);
    list->comment[length] = '\0';
}

static gboolean give(List *list, const Value *value, GError **error)
{
    return list->reader->found(list->reader->user, value, list->comment, list->line, error);
}

/* "0.0.0.0 name name # comment" */
static gboolean read_hosts(List *list, Slice names, GError **error)
{
    static const char *const own[] = {"localhost",      "localhost.localdomain", "local",
                                      "broadcasthost",  "ip6-localhost",         "ip6-loopback",
                                      "ip6-localnet",   "ip6-mcastprefix",       "ip6-allnodes",
                                      "ip6-allrouters", "ip6-allhosts",          "0.0.0.0"};
    const char *hash = memchr(names.text, '#', names.length);
    Slice comment = {names.text + names.length, 0};
    if (hash) {
        comment = (Slice){hash, (gsize)(names.text + names.length - hash)};
        names = trim((Slice){names.text, (gsize)(hash - names.text)});
    }
    take_comment(list, comment);
    while (names.length > 0) {
        Slice name = take_word(&names);
        g_auto(Value) value = {0};
        if (word_is(name, own, G_N_ELEMENTS(own)))
            tell_unknown(list, name, "the machine's own name");
        else if (!value_read(name.text, name.length, OBSERVABLE_DOMAIN, &value))
            tell_unknown(list, name, "not a domain name");
        else if (!give(list, &value, error))
            return FALSE;
    }
    return TRUE;
}

/* "||name^" and "||name^$options": what blocks a whole host. */
static gboolean read_filter(List *list, Slice line, GError **error)
{
    Slice name = {line.text + 2, 0};
    while (name.length < line.length - 2 && !strchr("^/$*|", name.text[name.length]))
        name.length++;
    gboolean whole = name.length < line.length - 2 ? name.text[name.length] == '^' : TRUE;
    Slice behind = {name.text + name.length + 1, 0};
    if (name.length + 3 < line.length)
        behind.length = line.length - name.length - 3;
    g_auto(Value) value = {0};
    if (!whole || (behind.length > 0 && behind.text[0] != '$' && behind.text[0] != '|') ||
        !value_read(name.text, name.length, OBSERVABLE_NONE, &value)) {
        tell_unknown(list, line, "a filter rule that is not for a whole host");
        return TRUE;
    }
    list->comment[0] = '\0';
    return give(list, &value, error);
}

/* A word that is a value, or a value up to a separator: the rest of the word goes to @rest. */
static gboolean read_word(List *list, Slice word, Slice *rest, Value *ret_value)
{
    if (value_read(word.text, word.length, list->kind, ret_value))
        return TRUE;
    for (gsize i = 1; i < word.length; i++) {
        if (!strchr(",;#|", word.text[i]))
            continue;
        if (!value_read(word.text, i, list->kind, ret_value))
            return FALSE;
        rest->length += (gsize)(rest->text - (word.text + i));
        rest->text = word.text + i;
        return TRUE;
    }
    return FALSE;
}

/* "##" and "#@#" of filter lists, which hide parts of pages. */
static gboolean hides_parts(Slice line)
{
    const char *end = line.text + line.length, *hash = line.text;
    for (; (hash = memchr(hash, '#', (gsize)(end - hash))); hash++) {
        gsize left = (gsize)(end - hash);
        if ((left >= 2 && hash[1] == '#') || (left >= 3 && hash[1] == '@' && hash[2] == '#'))
            return TRUE;
    }
    return FALSE;
}

static gboolean read_line(List *list, Slice line, GError **error)
{
    static const char *const nowhere[] = {"0.0.0.0", "127.0.0.1", "127.0.1.1", "255.255.255.255",
                                          "::",      "::1",       "0",         "fe80::1%lo0"};
    line = trim(line);
    if (line.length == 0 || is_comment(line))
        return TRUE;
    if (starts_with(line, "||"))
        return read_filter(list, line, error);
    if (starts_with(line, "@@") || hides_parts(line)) {
        tell_unknown(list, line, "a filter rule that blocks nothing");
        return TRUE;
    }
    Slice rest = line;
    Slice word = take_word(&rest);
    if (rest.length > 0 && rest.text[0] != '#' && word_is(word, nowhere, G_N_ELEMENTS(nowhere)))
        return read_hosts(list, rest, error);
    g_auto(Value) value = {0};
    if (!read_word(list, word, &rest, &value)) {
        tell_unknown(list, line, "nothing that is known");
        return TRUE;
    }
    take_comment(list, rest);
    return give(list, &value, error);
}

/* Steps over the rest of a line that is too long. */
static gboolean skip_line(Window *window, GError **error)
{
    for (;;) {
        const char *newline = memchr(window_data(window), '\n', window_length(window));
        if (newline) {
            window_skip(window, (gsize)(newline - window_data(window)) + 1);
            return TRUE;
        }
        window_skip(window, window_length(window));
        if (window->end)
            return TRUE;
        if (!window_more(window, error))
            return FALSE;
    }
}

static gboolean scan_window(List *list, Window *window, GError **error)
{
    for (;;) {
        const char *data = window_data(window);
        gsize length = window_length(window);
        const char *newline = memchr(data, '\n', length);
        gsize line = newline ? (gsize)(newline - data) : length;
        if (line > LIST_LINE_MAX) {
            list->line++;
            tell_unknown(list, (Slice){data, LIST_SHOWN_MAX}, "a line of more than 64 KiB");
            if (!skip_line(window, error))
                return FALSE;
        } else if (newline || (window->end && length > 0)) {
            Slice slice = {data, line};
            list->line++;
            if (!read_line(list, slice, error))
                return FALSE;
            window_skip(window, line + (newline ? 1 : 0));
        } else if (window->end) {
            return TRUE;
        } else if (!window_more(window, error)) {
            return FALSE;
        }
    }
}

gboolean list_scan(Stream *stream, ObservableKind kind, const ListReader *reader,
                   const IntakeSink *sink, guint64 *ret_numbers, GError **error)
{
    List list = {.kind = kind, .reader = reader};
    g_auto(Window) window = {0};
    window_init(&window, stream, sink, 4 * LIST_LINE_MAX);
    if (!window_skip_mark(&window, error) || !scan_window(&list, &window, error))
        return FALSE;
    if (ret_numbers)
        *ret_numbers = list.numbers;
    return TRUE;
}

/* --- Indicators ------------------------------------------------------------------------------ */

static gboolean make_found(gpointer user, const Value *value, const char *comment, guint64 line,
                           GError **error)
{
    Maker *maker = user;
    Indicator indicator = maker_indicator(maker, value);
    indicator.description = comment;
    return maker_give(maker, &indicator, NULL, line, error);
}

static void make_unknown(gpointer user, const char *text, const char *why, guint64 line)
{
    Maker *maker = user;
    report_note(maker->sink, INTAKE_IGNORED, maker_where(maker, line), "%s: \"%s\"", why, text);
}

gboolean list_read(Stream *stream, const char *name, const IntakeOptions *options,
                   const IntakeSink *sink, GError **error)
{
    g_auto(Maker) maker = {0};
    guint64 numbers = 0;
    if (!maker_init(&maker, name, options, sink, error))
        return FALSE;
    ListReader reader = {make_found, make_unknown, &maker};
    if (!list_scan(stream, options->kind, &reader, sink, &numbers, error))
        return FALSE;
    if (numbers > 0)
        report_note(sink, INTAKE_IGNORED, name,
                    "the numbers behind %" G_GUINT64_FORMAT " values are not kept", numbers);
    return TRUE;
}
