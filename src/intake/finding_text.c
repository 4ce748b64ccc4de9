#include "intake/finding_text.h"

#include <string.h>

#include "intake/value.h"
#include "intake/window.h"

#define TEXT_LINE_MAX  (64 * 1024)
#define TEXT_WORDS_MAX 2000 /* of a line that are looked at */

typedef struct {
    FindingMaker *maker;
    const char *line; /* without line end */
    gsize length;
    guint64 number;
    GPtrArray *told; /* char *: the line's values so far */
    guint words;
    gint64 time;
} Text;

/* --- Times ----------------------------------------------------------------------------------- */

static gboolean has_form(const char *text, gsize length, const char *form)
{
    if (length < strlen(form))
        return FALSE;
    for (gsize i = 0; form[i]; i++)
        if (form[i] == '9'   ? !g_ascii_isdigit(text[i])
            : form[i] == 'a' ? !g_ascii_isalpha(text[i])
                             : text[i] != form[i])
            return FALSE;
    return TRUE;
}

/* "10/Oct/2026:13:55:36 +0200" of web servers, as ISO 8601 writes it. */
static gboolean web_time(const char *text, gsize length, char buffer[40])
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = {text[3], text[4], text[5], '\0'};
    const char *found = strstr(months, month);
    if (!found || (found - months) % 3 != 0)
        return FALSE;
    gboolean zone = length >= 26 && has_form(text + 20, 6, " ") &&
                    (text[21] == '+' || text[21] == '-') && has_form(text + 22, 4, "9999");
    g_snprintf(buffer, 40, "%.4s-%02d-%.2sT%.8s%s%.3s%s%.2s", text + 7,
               (int)(found - months) / 3 + 1, text, text + 12, "", zone ? text + 21 : "Z",
               zone ? ":" : "", zone ? text + 24 : "");
    return TRUE;
}

/* The first time in the line. */
static gint64 find_time(Text *text)
{
    FindingMaker *maker = text->maker;
    for (gsize at = 0; at + 10 <= text->length; at++) {
        const char *here = text->line + at;
        gsize left = text->length - at;
        char buffer[40];
        if (!g_ascii_isdigit(*here) || (at > 0 && g_ascii_isalnum(here[-1])))
            continue;
        if (has_form(here, left, "9999-99-99")) {
            gsize end = 10;
            if (has_form(here + 10, left - 10, " 99:99") ||
                has_form(here + 10, left - 10, "T99:99"))
                for (end = 16;
                     end < left && (g_ascii_isdigit(here[end]) || strchr(":.,+-Zz", here[end]));)
                    end++;
            maker->finding.time = 0;
            for (; end >= 10; end--) /* what follows may be no part of it */
                if (finding_maker_time(maker, here, end))
                    return maker->finding.time;
        } else if (has_form(here, left, "99/aaa/9999:99:99:99") && web_time(here, left, buffer)) {
            maker->finding.time = 0;
            if (finding_maker_time(maker, buffer, strlen(buffer)))
                return maker->finding.time;
        }
    }
    return 0;
}

/* --- Words ----------------------------------------------------------------------------------- */

/* Names that a machine has for itself, and endings that files have and domains do not. */
static gboolean is_beside_the_point(const Value *value)
{
    static const char *const own[] = {"0.0.0.0", "255.255.255.255", "::", "::1"};
    static const char *const endings[] = {
        "html", "htm",      "php", "asp",  "aspx", "jsp",     "js",      "css",   "exe",
        "dll",  "txt",      "log", "png",  "jpg",  "jpeg",    "gif",     "ico",   "svg",
        "xml",  "json",     "csv", "pdf",  "doc",  "docx",    "xls",     "xlsx",  "conf",
        "cfg",  "ini",      "bak", "tmp",  "gz",   "tar",     "bz2",     "xz",    "bin",
        "dat",  "db",       "sql", "yaml", "yml",  "toml",    "service", "local", "localdomain",
        "lan",  "internal", "c",   "h",    "cpp",  "service", "socket",
    };
    if (value->kind == OBSERVABLE_IPV4 && g_str_has_prefix(value->canonical, "127."))
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        if (strcmp(value->canonical, own[i]) == 0)
            return TRUE;
    if (value->kind != OBSERVABLE_DOMAIN)
        return FALSE;
    const char *ending = strrchr(value->canonical, '.');
    for (guint i = 0; ending && i < G_N_ELEMENTS(endings); i++)
        if (strcmp(ending + 1, endings[i]) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_told(Text *text, const char *canonical)
{
    for (guint i = 0; i < text->told->len; i++)
        if (strcmp(g_ptr_array_index(text->told, i), canonical) == 0)
            return TRUE;
    g_ptr_array_add(text->told, g_strdup(canonical));
    return FALSE;
}

static gboolean is_hash(ObservableKind kind)
{
    return kind >= OBSERVABLE_MD5 && kind <= OBSERVABLE_SHA512;
}

/* "... 192.0.2.1 port 52342 ...": the number behind a value at @behind. */
static void take_port(Text *text, const char *behind)
{
    static const char word[] = " port ";
    gsize left = (gsize)(text->line + text->length - behind);
    gsize digits = 0;
    if (left <= strlen(word) || strncmp(behind, word, strlen(word)) != 0)
        return;
    behind += strlen(word);
    left -= strlen(word);
    while (digits < left && g_ascii_isdigit(behind[digits]))
        digits++;
    if (digits > 0 && digits <= 5)
        finding_maker_port(text->maker, behind, digits);
}

/* Tells the value that the word is. *ret_taken: it is one, or was told already. */
static gboolean try_word(Text *text, const char *word, gsize length, gboolean *ret_taken,
                         GError **error)
{
    FindingMaker *maker = text->maker;
    g_auto(Value) value = {0};
    *ret_taken = FALSE;
    if (length < 3 || length > OBSERVABLE_MAX_LENGTH ||
        (!memchr(word, '.', length) && !memchr(word, ':', length) && length < 32 &&
         !memchr(word, '(', length)))
        return TRUE;
    if (!value_read(word, length, OBSERVABLE_NONE, &value))
        return TRUE;
    if ((is_hash(value.kind) && word != text->line) || is_beside_the_point(&value))
        return TRUE;
    *ret_taken = TRUE;
    if (is_told(text, value.canonical))
        return TRUE;
    finding_maker_begin(maker, text->number, text->told->len > 1);
    if (!finding_maker_value(maker, "value", word, length, OBSERVABLE_NONE)) {
        *ret_taken = FALSE;
        return TRUE;
    }
    maker->finding.time = text->time;
    take_port(text, word + length);
    finding_maker_field(maker, "line", text->line, text->length);
    return finding_maker_give(maker, NULL, error);
}

/* Leaves brackets and punctuation away that stand around a word, unless they are part of it:
 * "(192.0.2.1)," but "[2001:db8::1]:80" and "alder[.]example". */
static void trim_word(const char **word, gsize *length)
{
    while (*length > 0 && strchr("({<*", (*word)[0]))
        (*word)++, (*length)--;
    for (gboolean more = TRUE; more && *length > 0;) {
        char last = (*word)[*length - 1];
        char open = last == ')' ? '(' : last == ']' ? '[' : last == '}' ? '{' : '\0';
        more = strchr(".,;:!?>*", last) || (open && !memchr(*word, open, *length));
        *length -= more;
    }
}

static gboolean is_gap(char c)
{
    return g_ascii_isspace(c) || strchr("\"'`<>", c);
}

/* The word as a whole, behind its first "=", then its pieces. */
static gboolean read_word(Text *text, const char *word, gsize length, GError **error)
{
    gboolean taken;
    trim_word(&word, &length);
    if (!try_word(text, word, length, &taken, error))
        return FALSE;
    const char *equals = taken ? NULL : memchr(word, '=', length);
    if (equals && !try_word(text, equals + 1, length - (gsize)(equals + 1 - word), &taken, error))
        return FALSE;
    if (taken)
        return TRUE;
    for (const char *end = word + length; word < end && text->words < TEXT_WORDS_MAX;) {
        gsize piece = 0;
        while (word + piece < end && !strchr(",;|=()[]{}", word[piece]))
            piece++;
        if (piece < length) {
            const char *part = word;
            gsize part_length = piece;
            text->words++;
            trim_word(&part, &part_length);
            if (!try_word(text, part, part_length, &taken, error))
                return FALSE;
        }
        word += piece + 1;
    }
    return TRUE;
}

static gboolean read_line(Text *text, GError **error)
{
    FindingMaker *maker = text->maker;
    g_ptr_array_set_size(text->told, 0);
    text->words = 0;
    while (text->length > 0 && g_ascii_isspace(text->line[0]))
        text->line++, text->length--;
    if (text->length == 0 || text->line[0] == '#')
        return TRUE;
    text->time = find_time(text);
    for (gsize at = 0; at < text->length && text->words < TEXT_WORDS_MAX; text->words++) {
        while (at < text->length && is_gap(text->line[at]))
            at++;
        gsize end = at;
        while (end < text->length && !is_gap(text->line[end]))
            end++;
        if (end > at && !read_word(text, text->line + at, end - at, error))
            return FALSE;
        at = end;
    }
    if (text->told->len == 0) {
        maker->summary->records++;
        maker->summary->empty++;
    }
    return TRUE;
}

gboolean finding_text_read(Stream *stream, FindingMaker *maker, GError **error)
{
    static const IntakeSink silent = {0};
    g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func(g_free);
    g_auto(Window) window = {0};
    Text text = {.maker = maker, .told = told};
    finding_maker_what(maker, "text");
    window_init(&window, stream, &silent, 2 * TEXT_LINE_MAX);
    if (!window_skip_mark(&window, error))
        return FALSE;
    for (;;) {
        const char *data = window_data(&window);
        gsize length = window_length(&window);
        const char *newline = memchr(data, '\n', length);
        if (!newline && !window.end && length < TEXT_LINE_MAX) {
            if (!window_more(&window, error))
                return FALSE;
            continue;
        }
        if (length == 0)
            return TRUE;
        /* A line that is too long is looked at in pieces. */
        gsize line = newline ? (gsize)(newline - data) : MIN(length, TEXT_LINE_MAX);
        text.number++;
        text.line = data;
        text.length = line;
        if (!read_line(&text, error))
            return FALSE;
        text.number -= !newline && !window.end;
        window_skip(&window, newline ? line + 1 : line);
    }
}
