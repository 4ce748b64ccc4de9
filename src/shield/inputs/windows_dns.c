/* The debug log of Windows' DNS server, in which a name is spelled by the lengths of its labels,
 * "(3)www(5)alder(7)example(0)": packets, a line each, and the details of them that lie between.
 *
 * "6/5/2013 10:00:32 AM 0E70 PACKET  00000000033397A0 UDP Rcv 192.0.2.1  5b47   Q [0001   D
 * NOERROR] A      (3)www(5)alder(7)example(0)": date and time as the server's language has them,
 * thread, context, the packet's number (not of old servers), protocol, direction, the other end's
 * address, the message's number, R for a response, kind, [flags], type and name. The log's own
 * first lines say so. */
#include <string.h>

#include "shield/input_row.h"
#include "shield/input_time.h"

#define DOMAIN "domain-name:value"

static const InputField fields[] = {
    {"client", OBSERVABLE_IPV4, INPUT_SOURCE, "network-traffic:src_ref.value"},
    {"server", OBSERVABLE_IPV4, INPUT_DESTINATION, "network-traffic:dst_ref.value"},
    {"protocol", OBSERVABLE_NONE, INPUT_PROTOCOL, "network-traffic:protocols[*]"},
    {"query", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"name", OBSERVABLE_DOMAIN, INPUT_VALUE, DOMAIN},
    {"message", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    {NULL, 0, 0, NULL},
};

enum { CLIENT, SERVER, PROTOCOL, QUERY, NAME, MESSAGE };

/* Longest name, and longest label; RFC 1035, 2.3.4. */
#define NAME_MAX_LENGTH  255
#define LABEL_MAX_LENGTH 63

typedef struct {
    const char *text;
    gsize length;
} Word;

/* Those before the flags. */
#define WORDS_MAX 16

static gboolean is(const Word *word, const char *text)
{
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

static void add(InputRow *row, guint which, const char *text, gsize length)
{
    input_row_add_piece(row, &fields[which], fields[which].name, text, length);
}

/* --- Names ----------------------------------------------------------------------------------- */

/* "(5)" at the start of @text: its size, 0 when there is none. */
static gsize read_count(const char *text, gsize length, guint *ret_count)
{
    guint count = 0;
    gsize at = 1;

    while (at < length && at < 4 && g_ascii_isdigit(text[at]))
        count = count * 10 + (guint)(text[at++] - '0');
    if (at == 1 || at >= length || text[0] != '(' || text[at] != ')' || count > LABEL_MAX_LENGTH)
        return 0;
    *ret_count = count;
    return at + 1;
}

/* The name spelled at the start of @text, which ends with "(0)": how much of the text that is, 0
 * when it is none; nor is the root's, "(0)". A label that has a dot of its own is no host's. */
static gsize read_name(const char *text, gsize length, char name[NAME_MAX_LENGTH],
                       gsize *ret_length)
{
    gsize at = 0, used = 0;

    for (;;) {
        guint count;
        gsize size = read_count(text + at, length - at, &count);
        if (size == 0)
            return 0;
        at += size;
        if (count == 0)
            break;
        if (count > length - at || used + count + 1 > NAME_MAX_LENGTH ||
            memchr(text + at, '.', count))
            return 0;
        if (used > 0)
            name[used++] = '.';
        memcpy(name + used, text + at, count);
        used += count;
        at += count;
    }
    *ret_length = used;
    return used > 0 ? at : 0;
}

/* The names in [from, to) as fields of @which, and what is between them as text; returns how many.
 */
static guint add_names(InputRow *row, guint which, const char *from, const char *to)
{
    const char *rest = from;
    guint names = 0;

    for (const char *at = from; at < to && (at = memchr(at, '(', (gsize)(to - at)));) {
        char name[NAME_MAX_LENGTH];
        gsize length, size = read_name(at, (gsize)(to - at), name, &length);
        char *kept = size > 0 ? input_row_take(row, length) : NULL;
        if (!kept) {
            at++;
            continue;
        }
        memcpy(kept, name, length);
        add(row, MESSAGE, rest, (gsize)(at - rest));
        input_row_add(row, &fields[which], fields[which].name, kept, length,
                      (gsize)(at - row->line));
        rest = at += size;
        names++;
    }
    add(row, MESSAGE, rest, (gsize)(to - rest));
    return names;
}

/* --- Packets --------------------------------------------------------------------------------- */

static guint split(const char *text, gsize length, Word words[WORDS_MAX])
{
    guint count = 0;

    for (gsize at = 0; at < length && count < WORDS_MAX;) {
        while (at < length && text[at] == ' ')
            at++;
        gsize start = at;
        while (at < length && text[at] != ' ')
            at++;
        if (at > start)
            words[count++] = (Word){text + start, at - start};
    }
    return count;
}

typedef struct {
    const Word *protocol, *direction, *end;
    gboolean response;
} Packet;

static gboolean find_packet(const Word *words, guint count, Packet *ret_packet)
{
    guint at = 1;

    while (at < count && at < 6 && !is(&words[at], "PACKET"))
        at++;
    if (at + 1 < count && !is(&words[at + 1], "UDP") && !is(&words[at + 1], "TCP"))
        at++; /* the packet's number */
    if (at + 4 >= count || (!is(&words[at + 1], "UDP") && !is(&words[at + 1], "TCP")) ||
        (!is(&words[at + 2], "Rcv") && !is(&words[at + 2], "Snd")))
        return FALSE;
    *ret_packet = (Packet){.protocol = &words[at + 1],
                           .direction = &words[at + 2],
                           .end = &words[at + 3],
                           .response = at + 5 < count && is(&words[at + 5], "R")};
    return TRUE;
}

/* Up to three numbers with the same sign between them. */
static guint read_numbers(const Word *word, char sign, guint numbers[3])
{
    guint count = 0;

    for (gsize at = 0; at < word->length && count < 3;) {
        gsize start = at;
        for (numbers[count] = 0; at < word->length && g_ascii_isdigit(word->text[at]); at++)
            numbers[count] = MIN(numbers[count] * 10 + (guint)(word->text[at] - '0'), 100000000);
        if (at == start || (at < word->length && word->text[at] != sign))
            return 0;
        count++;
        at++;
    }
    return count;
}

/* "6/5/2013 10:00:32 AM", "22/12/2021 21:46:04", "20.01.2026", "2019/08/20", "2019-08-20",
 * "20050405". Where it could be either, those who write AM and PM put the month first. */
static void read_time(InputRow *row, const Word *words)
{
    guint d[3], c[3];
    char text[32];
    gboolean am = is(&words[2], "AM"), pm = is(&words[2], "PM");
    char date_sign = memchr(words[0].text, '/', words[0].length)   ? '/'
                     : memchr(words[0].text, '.', words[0].length) ? '.'
                                                                   : '-';

    guint parts = read_numbers(&words[0], date_sign, d);
    char clock_sign = memchr(words[1].text, ':', words[1].length) ? ':' : '.';
    if ((parts != 3 && parts != 1) || read_numbers(&words[1], clock_sign, c) != 3)
        return;
    guint year = d[2], month = d[1], day = d[0];
    if (parts == 1) {
        year = d[0] / 10000;
        month = d[0] / 100 % 100;
        day = d[0] % 100;
    } else if (d[0] >= 1000) {
        year = d[0];
        day = d[2];
    } else if ((am || pm || d[1] > 12) && d[0] <= 12) {
        month = d[0];
        day = d[1];
    }
    if (am || pm)
        c[0] = c[0] % 12 + (pm ? 12 : 0);
    if (year > 9999 || month > 12 || day > 31 || c[0] > 23 || c[1] > 59 || c[2] > 60)
        return;
    g_snprintf(text, sizeof(text), "%04u-%02u-%02u %02u:%02u:%02u", year, month, day, c[0], c[1],
               c[2]);
    input_time_read(text, strlen(text), row->now, &row->observation->time);
}

/* The other end has asked when it sent a query or got a response, else it was asked. */
static void add_packet(InputRow *row, const Packet *packet)
{
    gboolean asked = is(packet->direction, "Rcv") == !packet->response;
    const char *behind = packet->end->text + packet->end->length;

    add(row, MESSAGE, row->line, (gsize)(packet->protocol->text - row->line));
    add(row, PROTOCOL, packet->protocol->text, packet->protocol->length);
    add(row, asked ? CLIENT : SERVER, packet->end->text, packet->end->length);
    add_names(row, QUERY, behind, row->line + row->length);
    row->observation->destination.port = 53;
}

static gboolean read_line(Input *input, InputRow *row)
{
    Word words[WORDS_MAX];
    Packet packet;
    guint count = split(row->line, row->length, words);

    if (find_packet(words, count, &packet)) {
        read_time(row, words);
        add_packet(row, &packet);
        return TRUE;
    }
    return add_names(row, NAME, row->line, row->line + row->length) > 0;
}

/* A new file has nothing but its key. */
static gboolean detect(const char *sample, gsize length)
{
    static const char key[] = "Message logging key (for packets";
    gsize at = 0, line_length;
    const char *line;

    for (guint i = 0; i < 100 && input_next_line(sample, length, &at, &line, &line_length); i++) {
        Word words[WORDS_MAX];
        Packet packet;
        if (memmem(line, MIN(line_length, 256), key, strlen(key)) ||
            find_packet(words, split(line, line_length, words), &packet))
            return TRUE;
    }
    return FALSE;
}

const InputFormat input_windows_dns = {.name = "windows-dns",
                                       .detect = detect,
                                       .read = read_line,
                                       .all_lines = TRUE,
                                       .fields = fields};
