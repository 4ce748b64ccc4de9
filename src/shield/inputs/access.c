/* Access logs of Apache and nginx: common, combined, and with the virtual host in front.
 * https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats */
#include <string.h>

#include "shield/input_row.h"
#include "shield/input_time.h"

/* In the order of the line; what comes behind them is text. */
enum { VHOST, HOST, IDENT, USER, TIME, REQUEST, STATUS, BYTES, REFERER, AGENT, MORE, TARGET };

static const InputField fields[] = {
    [VHOST] = {"vhost", OBSERVABLE_DOMAIN, INPUT_HOST, "domain-name:value"},
    [HOST] = {"remote_host", OBSERVABLE_DOMAIN, INPUT_SOURCE, "network-traffic:src_ref.value"},
    [IDENT] = {"ident", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    [USER] = {"user", OBSERVABLE_NONE, INPUT_VALUE, "user-account:user_id"},
    [TIME] = {"time", OBSERVABLE_NONE, INPUT_TIME, NULL},
    [REQUEST] = {"request", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    [STATUS] = {"status", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    [BYTES] = {"bytes", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    [REFERER] = {"referer", OBSERVABLE_URL, INPUT_VALUE, NULL},
    [AGENT] = {"user_agent", OBSERVABLE_OTHER, INPUT_VALUE, NULL},
    [MORE] = {"more", OBSERVABLE_NONE, INPUT_VALUE, NULL},
    [TARGET] = {"request", OBSERVABLE_URL, INPUT_TARGET,
                "network-traffic:extensions.'http-request-ext'.request_value"},
    {NULL, 0, 0, NULL},
};

typedef struct {
    const char *text;
    gsize length;
} Piece;

#define PIECES_MAX 32

/* Splits at blanks, outside of "..." with backslashes, and of [...]. Returns how many. */
static guint split(const char *line, gsize length, Piece pieces[PIECES_MAX])
{
    guint count = 0;

    for (gsize at = 0; at < length && count < PIECES_MAX; at++) {
        char close = line[at] == '"' ? '"' : line[at] == '[' && count < 6 ? ']' : ' ';
        gsize start = close == ' ' ? at : at + 1;
        for (at = start; at < length && line[at] != close; at++)
            if (close == '"' && line[at] == '\\')
                at++;
        at = MIN(at, length);
        pieces[count++] = (Piece){line + start, at - start};
        if (count == PIECES_MAX)
            pieces[count - 1].length = length - start;
        else if (close != ' ' && at < length && at + 1 < length && line[at + 1] == ' ')
            at++;
    }
    return count;
}

static gboolean is_time(const Piece *piece)
{
    gint64 time;
    return piece->length >= 20 && piece->text[-1] == '[' &&
           input_time_read(piece->text, piece->length, 0, &time) > 0;
}

/* Where the time stands tells whether there is a virtual host; 0: it is no such line. */
static guint find_time(const Piece *pieces, guint count)
{
    for (guint i = 3; i <= 4 && i + 2 < count; i++)
        if (is_time(&pieces[i]) && pieces[i + 1].text[-1] == '"')
            return i;
    return 0;
}

static gboolean detect(const char *sample, gsize length)
{
    Piece pieces[PIECES_MAX];
    gsize at = 0, line_length;
    const char *line;

    return input_next_line(sample, length, &at, &line, &line_length) &&
           find_time(pieces, split(line, line_length, pieces)) > 0;
}

/* Undoes the escapes: \", \\, \n, \x22. */
static void add(InputRow *row, const InputField *field, const Piece *piece)
{
    const char *text = piece->text;
    if (!memchr(text, '\\', piece->length)) {
        input_row_add_piece(row, field, field->name, text, piece->length);
        return;
    }
    char *plain = input_row_take(row, piece->length);
    gsize size = 0;
    for (gsize i = 0; plain && i < piece->length; i++) {
        gsize left = piece->length - i;
        if (left >= 4 && text[i] == '\\' && text[i + 1] == 'x' && g_ascii_isxdigit(text[i + 2]) &&
            g_ascii_isxdigit(text[i + 3])) {
            plain[size++] =
                (char)(g_ascii_xdigit_value(text[i + 2]) * 16 + g_ascii_xdigit_value(text[i + 3]));
            i += 3;
        } else if (left >= 2 && text[i] == '\\' && (text[i + 1] == '"' || text[i + 1] == '\\')) {
            plain[size++] = text[++i];
        } else {
            plain[size++] = text[i];
        }
    }
    if (plain)
        input_row_add(row, field, field->name, plain, size, (gsize)(text - row->line));
}

/* "GET /path HTTP/1.1": a path, or what a proxy was asked for. */
static void add_request(InputRow *row, const Piece *request)
{
    const char *blank = memchr(request->text, ' ', request->length);
    gsize method = blank ? (gsize)(blank - request->text) : 0;
    const char *last = method > 0 ? memrchr(blank + 1, ' ', request->length - method - 1) : NULL;

    if (!last || request->length - (gsize)(last - request->text) < 5 ||
        memcmp(last + 1, "HTTP", 4) != 0) {
        add(row, &fields[REQUEST], request);
        return;
    }
    Piece target = {blank + 1, (gsize)(last - blank) - 1};
    add(row, &fields[TARGET], &target);
}

static gboolean read_line(Input *input, InputRow *row)
{
    Piece pieces[PIECES_MAX];
    guint count = split(row->line, row->length, pieces);
    guint time = find_time(pieces, count);

    if (time == 0)
        return FALSE;
    for (guint i = 0; i < count; i++) {
        guint which = MIN(i + TIME - time, (guint)MORE);
        if (which == REQUEST)
            add_request(row, &pieces[i]);
        else
            add(row, &fields[which], &pieces[i]);
    }
    return TRUE;
}

const InputFormat input_access = {
    .name = "access", .detect = detect, .read = read_line, .fields = fields};
