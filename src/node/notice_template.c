#include "node/notice_template.h"

#include <string.h>

#include "base/escape.h"
#include "node/notice_texts.h"

/* All are required, and there are no others. */
static const char *const part_names[] = {"subject",          "text",         "more",
                                         "wanted-by",        "reply-mail",   "reply-node",
                                         "reminder-subject", "reminder-text"};
static const char *const value_names[] = {
    "name",  "organisation",   "count",     "findings", "more",      "more-count", "wanted-by",
    "reply", "wanted-by-time", "reference", "subject",  "sent-time", "signatory",  NULL};

#define FIRST_STRONG_ISOLATE "\xe2\x81\xa8"
#define POP_ISOLATE          "\xe2\x81\xa9"

struct NoticeTemplate {
    char *language;
    gboolean is_rtl;
    char *parts[G_N_ELEMENTS(part_names)];
};

void notice_template_free(NoticeTemplate *template)
{
    if (!template)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(template->parts); i++)
        g_free(template->parts[i]);
    g_free(template->language);
    g_free(template);
}

const char *notice_template_language(const NoticeTemplate *template)
{
    return template->language;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static int find_part(const char *name, gsize length)
{
    for (guint i = 0; i < G_N_ELEMENTS(part_names); i++)
        if (strlen(part_names[i]) == length && memcmp(part_names[i], name, length) == 0)
            return (int)i;
    return -1;
}

/* The name in braces that @text begins with; its length with them, 0: none. */
static gsize read_name(const char *text, char ret_name[32])
{
    gsize length = strcspn(text + 1, "{}\n");
    if (text[0] != '{' || text[1 + length] != '}' || length == 0 || length > 31)
        return 0;
    memcpy(ret_name, text + 1, length);
    ret_name[length] = '\0';
    return length + 2;
}

static gboolean check_names(const char *text, GError **error)
{
    char name[32];
    for (const char *at = text; (at = strpbrk(at, "{}"));) {
        gsize length = read_name(at, name);
        if (length == 0)
            return error_input(error, "a brace stands for nothing: \"%.20s\"", at);
        if (!g_strv_contains(value_names, name))
            return error_input(error, "there is no {%s}", name);
        at += length;
    }
    return TRUE;
}

/* A line "[name]" begins a part. */
static gboolean read_line(NoticeTemplate *template, GString **parts, int *part, const char *line,
                          GError **error)
{
    gsize length = strlen(line);
    if (line[0] == '[' && length > 2 && line[length - 1] == ']') {
        *part = find_part(line + 1, length - 2);
        if (*part < 0 || parts[*part])
            return error_input(error, "%s is no part, or there are two of it", line);
        parts[*part] = g_string_new(NULL);
        return TRUE;
    }
    if (*part < 0)
        return line[0] == '#' || line[0] == '\0' ||
               error_input(error, "\"%.40s\" stands in no part", line);
    g_string_append(parts[*part], line);
    g_string_append_c(parts[*part], '\n');
    return TRUE;
}

static gboolean take_parts(NoticeTemplate *template, GString **parts, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(part_names); i++) {
        if (!parts[i])
            return error_input(error, "there is no [%s]", part_names[i]);
        template->parts[i] = g_strchomp(g_strdup(parts[i]->str));
        if (!check_names(template->parts[i], error)) {
            g_prefix_error(error, "[%s]: ", part_names[i]);
            return FALSE;
        }
    }
    if (strchr(template->parts[0], '\n') ||
        strchr(template->parts[find_part("reminder-subject", 16)], '\n'))
        return error_input(error, "a subject is one line");
    return TRUE;
}

static gboolean is_rtl(const char *language)
{
    static const char *const languages[] = {"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"};
    for (guint i = 0; i < G_N_ELEMENTS(languages); i++)
        if (g_ascii_strncasecmp(language, languages[i], 2) == 0 && !g_ascii_isalpha(language[2]))
            return TRUE;
    return FALSE;
}

NoticeTemplate *notice_template_parse(const char *language, const char *text, GError **error)
{
    g_autoptr(NoticeTemplate) template = g_new0(NoticeTemplate, 1);
    GString *parts[G_N_ELEMENTS(part_names)] = {NULL};
    g_auto(GStrv) lines = NULL;
    int part = -1;
    template->language = g_ascii_strdown(language, -1);
    template->is_rtl = is_rtl(language);
    if (strlen(text) > NOTICE_TEMPLATE_BYTES_MAX || !g_utf8_validate(text, -1, NULL)) {
        error_input(error, "a template is at most %d bytes of UTF-8", NOTICE_TEMPLATE_BYTES_MAX);
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    gboolean good = TRUE;
    for (guint i = 0; good && lines[i]; i++) {
        g_strchomp(lines[i]);
        good = read_line(template, parts, &part, lines[i], error);
        if (!good)
            g_prefix_error(error, "line %u: ", i + 1);
    }
    good = good && take_parts(template, parts, error);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        if (parts[i])
            g_string_free(parts[i], TRUE);
    return good ? g_steal_pointer(&template) : NULL;
}

/* A tag is a part of a file's name. */
static gboolean is_tag(const char *language)
{
    gsize length = strspn(language, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && length <= 35 && language[length] == '\0';
}

/* NULL without @error: there is none of that very name. */
static NoticeTemplate *load_exactly(const char *directory, const char *language, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *name = g_strconcat(language, ".txt", NULL);
    g_autofree char *path = directory ? g_build_filename(directory, name, NULL) : NULL;
    g_autoptr(GError) failure = NULL;
    gsize length;
    if (path && !g_file_get_contents(path, &text, &length, &failure) &&
        !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_IO, failure->message);
        return NULL;
    }
    const char *found = text ? text : notice_texts_find(language);
    NoticeTemplate *template = found ? notice_template_parse(language, found, error) : NULL;
    if (found && !template)
        g_prefix_error(error, "%s: ", text ? path : language);
    return template;
}

NoticeTemplate *notice_template_load(const char *directory, const char *language,
                                     const char *otherwise, GError **error)
{
    const char *const wanted[] = {language, otherwise};
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_autofree char *tag = wanted[i] ? g_ascii_strdown(wanted[i], -1) : NULL;
        while (tag && is_tag(tag)) {
            g_autoptr(GError) failure = NULL;
            NoticeTemplate *template = load_exactly(directory, tag, &failure);
            if (template)
                return template;
            if (failure) {
                g_propagate_error(error, g_steal_pointer(&failure));
                return NULL;
            }
            char *cut = strrchr(tag, '-');
            if (!cut)
                break;
            *cut = '\0';
        }
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                "there is no template of notices for the language \"%s\"",
                otherwise ? otherwise : language);
    return NULL;
}

/* --- putting in values -------------------------------------------------------------------------
 */

static void append_value(GString *text, const NoticeTemplate *template, const NoticeValue *value)
{
    if (!value->text || !*value->text)
        return;
    if (value->is_block) {
        g_string_append(text, value->text);
        return;
    }
    g_autofree char *line = escape_terminal(value->text, -1);
    if (template->is_rtl)
        g_string_append_printf(text, FIRST_STRONG_ISOLATE "%s" POP_ISOLATE, line);
    else
        g_string_append(text, line);
}

static const NoticeValue *find_value(const NoticeValue *values, const char *name)
{
    for (; values->name; values++)
        if (strcmp(values->name, name) == 0)
            return values;
    return NULL;
}

/* Never more than one empty line, and no blanks at the ends of lines. */
static char *tidy(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *tidied = g_string_new(NULL);
    gboolean was_empty = TRUE;
    for (guint i = 0; lines[i]; i++) {
        g_strchomp(lines[i]);
        if (*lines[i] || !was_empty)
            g_string_append_printf(tidied, "%s\n", lines[i]);
        was_empty = *lines[i] == '\0';
    }
    return g_strchomp(g_string_free(tidied, FALSE));
}

char *notice_template_expand(const NoticeTemplate *template, const char *part,
                             const NoticeValue *values)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *at = template->parts[find_part(part, strlen(part))];
    char name[32];
    for (const char *brace; (brace = strchr(at, '{')); at = brace) {
        g_string_append_len(text, at, brace - at);
        brace += read_name(brace, name);
        const NoticeValue *value = find_value(values, name);
        if (value)
            append_value(text, template, value);
    }
    g_string_append(text, at);
    return tidy(text->str);
}
