/* Logs of DNS queries as BIND, Unbound and dnsmasq write them, alone or in syslog. */
#include <string.h>

#include "shield/input_syslog.h"
#include "shield/input_time.h"

#define DOMAIN "domain-name:value"

static const InputField fields[] = {
    {"client", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"query", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"answer", OBSERVABLE_DOMAIN, INPUT_VALUE, NULL},
    {"message", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    {NULL, 0, 0, NULL},
};

enum { CLIENT, QUERY, ANSWER, MESSAGE };

typedef struct {
    const char *text;
    gsize length;
} Word;

#define WORDS_MAX 32

/* The words of a line; the last has all that is left. */
static guint split(const char *text, gsize length, Word words[WORDS_MAX])
{
    guint count = 0;
    for (gsize at = 0; at < length && count < WORDS_MAX;) {
        while (at < length && text[at] == ' ')
            at++;
        gsize start = at;
        while (at < length && (text[at] != ' ' || count == WORDS_MAX - 1))
            at++;
        if (at > start)
            words[count++] = (Word){text + start, at - start};
    }
    return count;
}

static gboolean is(const Word *word, const char *text)
{
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

static gboolean begins(const Word *word, const char *text)
{
    return word->length > strlen(text) && memcmp(word->text, text, strlen(text)) == 0;
}

static void add(InputRow *row, guint which, const char *text, gsize length)
{
    input_row_add_piece(row, &fields[which], fields[which].name, text, length);
}

/* The byte that an escape of a name stands for (RFC 1035, 5.1): "\DDD", in decimal, or "\X"; the
 * length of the escape, 0 when it is none. A dot so written is none between labels, and stays. */
static gsize read_escape(const char *text, gsize length, char *ret_byte)
{
    guint number = 0;

    if (length < 2 || text[0] != '\\' || text[1] == '.')
        return 0;
    if (g_ascii_ispunct(text[1])) {
        *ret_byte = text[1];
        return 2;
    }
    if (length < 4 || !g_ascii_isdigit(text[1]) || !g_ascii_isdigit(text[2]) ||
        !g_ascii_isdigit(text[3]))
        return 0;
    for (guint i = 1; i < 4; i++)
        number = number * 10 + (guint)(text[i] - '0');
    *ret_byte = (char)number;
    return number <= 0xff && number != '.' ? 4 : 0;
}

/* Adds a name, its escapes undone. */
static void add_name(InputRow *row, guint which, const Word *word)
{
    char *plain = memchr(word->text, '\\', word->length) ? input_row_take(row, word->length) : NULL;
    gsize size = 0;

    if (!plain) {
        add(row, which, word->text, word->length);
        return;
    }
    for (gsize at = 0; at < word->length; size++) {
        gsize used = read_escape(word->text + at, word->length - at, &plain[size]);
        if (used == 0)
            plain[size] = word->text[at];
        at += MAX(used, 1);
    }
    input_row_add(row, &fields[which], fields[which].name, plain, size,
                  (gsize)(word->text - row->line));
}

/* What stands before the word. */
static void add_head(InputRow *row, const Word *word)
{
    add(row, MESSAGE, row->line, (gsize)(word->text - row->line));
}

static void add_rest(InputRow *row, const Word *words, guint from, guint count)
{
    if (from < count)
        add(row, MESSAGE, words[from].text,
            (gsize)(words[count - 1].text + words[count - 1].length - words[from].text));
}

/* "client @0x7f00 192.0.2.1#53124 (www.alder.example): query: www.alder.example IN A + (...)" */
static gboolean read_bind(InputRow *row, const Word *words, guint count)
{
    guint client = 0, query = 0;

    for (guint i = 0; i + 1 < count; i++) {
        if (client == 0 && is(&words[i], "client"))
            client = i + 1;
        else if (client > 0 && is(&words[i], "query:"))
            query = i + 1;
        if (query > 0)
            break;
    }
    if (query == 0)
        return FALSE;
    if (begins(&words[client], "@0x"))
        client++;
    const char *port = memchr(words[client].text, '#', words[client].length);
    if (!port || client >= query)
        return FALSE;
    gsize length = (gsize)(port - words[client].text);
    add_head(row, &words[client]);
    add(row, CLIENT, words[client].text, length);
    row->observation->source.port =
        (guint16)CLAMP(g_ascii_strtoll(port + 1, NULL, 10), 0, G_MAXUINT16);
    add_name(row, QUERY, &words[query]);
    add_rest(row, words, query + 1, count);
    return TRUE;
}

/* "unbound[1234:0] info: 192.0.2.1 www.alder.example. A IN" and, of replies, more. */
static gboolean read_unbound(InputRow *row, const Word *words, guint count)
{
    for (guint i = 0; i + 4 < count && i < 8; i++) {
        ObservableAddress address;
        if (!begins(&words[i], "unbound") || !is(&words[i + 1], "info:"))
            continue;
        if (!observable_address_parse(words[i + 2].text, words[i + 2].length, &address))
            return FALSE;
        add_head(row, &words[i]);
        add(row, CLIENT, words[i + 2].text, words[i + 2].length);
        add_name(row, QUERY, &words[i + 3]);
        add_rest(row, words, i + 4, count);
        return TRUE;
    }
    return FALSE;
}

/* "dnsmasq[99]: query[A] www.alder.example from 192.0.2.1", "... reply X is Y", "cached X is Y",
 * "forwarded X to Y". */
static gboolean read_dnsmasq(InputRow *row, const Word *words, guint count)
{
    guint at = 0;

    while (at < count && !begins(&words[at], "dnsmasq"))
        at++;
    /* With log-queries=extra: a number, and the client's address and port. */
    for (at++; at + 3 < count; at++)
        if (is(&words[at + 2], "from") || is(&words[at + 2], "is") || is(&words[at + 2], "to"))
            break;
    if (at + 3 >= count)
        return FALSE;
    add_head(row, &words[at]);
    add_name(row, QUERY, &words[at + 1]);
    add_name(row, begins(&words[at], "query[") ? CLIENT : ANSWER, &words[at + 3]);
    add_rest(row, words, at + 4, count);
    return TRUE;
}

static gboolean read_words(InputRow *row, const Word *words, guint count)
{
    return read_bind(row, words, count) || read_unbound(row, words, count) ||
           read_dnsmasq(row, words, count);
}

/* The time at the start, which may stand in brackets. */
static void read_time(InputRow *row)
{
    gsize at = row->length > 0 && row->line[0] == '[';
    InputSyslog header;

    if (input_time_read(row->line + at, row->length - at, row->now, &row->observation->time) == 0 &&
        input_syslog_header(row->line, row->length, row->now, &header))
        row->observation->time = header.us;
}

static gboolean read_line(Input *input, InputRow *row)
{
    Word words[WORDS_MAX];
    guint count = split(row->line, row->length, words);

    if (!read_words(row, words, count))
        return FALSE;
    read_time(row);
    row->observation->destination.port = 53;
    return TRUE;
}

/* Other lines stand between queries; one of the first must be one. */
static gboolean detect(const char *sample, gsize length)
{
    static const char *const marks[] = {": query: ", " unbound[", "dnsmasq[", "] unbound"};
    gsize at = 0, line_length;
    const char *line;

    for (guint i = 0; i < 20 && input_next_line(sample, length, &at, &line, &line_length); i++)
        for (gsize m = 0; m < G_N_ELEMENTS(marks); m++)
            if (memmem(line, MIN(line_length, 512), marks[m], strlen(marks[m])) &&
                (m > 0 || memmem(line, line_length, "client ", 7)))
                return TRUE;
    return FALSE;
}

const InputFormat input_dns = {
    .name = "dns", .detect = detect, .read = read_line, .fields = fields};
