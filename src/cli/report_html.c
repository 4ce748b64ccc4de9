/* report_html.c - a report as a page. All text is escaped; there is no script, and nothing is
 * fetched. */
#include <string.h>

#include "cli/report_view.h"

#define SIGNED_START "<pre id=\"signed\">"
#define SIGNED_END   "</pre>"
#define BAR_HEIGHT   22
#define BAR_WIDTH    360
#define LABEL_WIDTH  260

static const char style[] =
    "body{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#1a1a1a}"
    "h1{font-size:1.6em}h2{font-size:1.15em;margin:2em 0 .2em}"
    "p.definition{color:#555;margin:.2em 0 .6em;font-size:.9em}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2em .6em;"
    "border-bottom:1px solid #ddd}td.value,th.value{text-align:right;white-space:nowrap}"
    "td.hidden{color:#777}svg{display:block;margin:.6em 0;max-width:100%;height:auto}"
    "svg text{font:13px sans-serif;fill:#1a1a1a}rect.bar{fill:#2b6ca3}"
    "rect.hidden{fill:none;stroke:#999;stroke-dasharray:3 3}"
    "pre{white-space:pre-wrap;word-break:break-all;font-size:.7em}"
    "@media print{body{margin:0;max-width:none;font-size:11pt}section{break-inside:avoid}"
    "details{display:none}rect.bar{fill:#444}}";

static const char *text_of(yyjson_val *object, const char *member)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, member));
    return text ? text : "";
}

static void append_escaped(GString *html, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        if (entity)
            g_string_append(html, entity);
        else
            g_string_append_c(html, *text);
    }
}

static void append_element(GString *html, const char *begin, const char *text, const char *end)
{
    g_string_append(html, begin);
    append_escaped(html, text);
    g_string_append(html, end);
}

/* --- charts ------------------------------------------------------------------------------------
 */

static guint64 largest(yyjson_val *figures)
{
    guint64 most = 1;
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (figures, at, size, one)
        if (at > 0)
            most = MAX(most, yyjson_get_uint(yyjson_obj_get(one, "value")));
    return most;
}

static void append_bar(GString *html, yyjson_val *figure, guint place, guint64 most)
{
    yyjson_val *value = yyjson_obj_get(figure, "value");
    g_autofree char *number = report_view_value(figure, "hidden");
    guint top = place * BAR_HEIGHT;
    guint width = value ? (guint)(yyjson_get_uint(value) * BAR_WIDTH / most) : 24;
    g_string_append_printf(html, "<text x=\"0\" y=\"%u\">", top + 15);
    append_element(html, "", text_of(figure, "label"), "</text>");
    g_string_append_printf(html,
                           "<rect class=\"%s\" x=\"%d\" y=\"%u\" width=\"%u\" height=\"%d\"/>"
                           "<text x=\"%u\" y=\"%u\">%s</text>",
                           value ? "bar" : "hidden", LABEL_WIDTH, top + 3, MAX(width, 1),
                           BAR_HEIGHT - 6, LABEL_WIDTH + width + 6, top + 15, number);
}

/* Bars of the parts of a total. */
static void append_chart(GString *html, yyjson_val *table)
{
    yyjson_val *figures = yyjson_obj_get(table, "figures"), *figure;
    guint bars = (guint)yyjson_arr_size(figures);
    guint64 most = largest(figures);
    size_t at, size;
    if (!yyjson_is_true(yyjson_obj_get(table, "total")) || bars < 2)
        return;
    g_string_append_printf(html,
                           "<svg role=\"img\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\">",
                           LABEL_WIDTH + BAR_WIDTH + 80, (bars - 1) * BAR_HEIGHT,
                           LABEL_WIDTH + BAR_WIDTH + 80, (bars - 1) * BAR_HEIGHT);
    append_element(html, "<title>", text_of(table, "title"), "</title>");
    yyjson_arr_foreach (figures, at, size, figure)
        if (at > 0)
            append_bar(html, figure, (guint)at - 1, most);
    g_string_append(html, "</svg>\n");
}

/* --- tables ------------------------------------------------------------------------------------
 */

static void append_row(GString *html, yyjson_val *figure)
{
    g_autofree char *value = report_view_value(figure, "hidden");
    append_element(html, "<tr><td>", text_of(figure, "label"), "</td>");
    append_element(html,
                   yyjson_obj_get(figure, "value") ? "<td class=\"value\">"
                                                   : "<td class=\"value hidden\">",
                   value, "</td></tr>\n");
}

static void append_table(GString *html, yyjson_val *table)
{
    yyjson_val *figures = yyjson_obj_get(table, "figures"), *figure;
    size_t at, size;
    append_element(html, "<section>\n<h2>", text_of(table, "title"), "</h2>\n");
    append_element(html, "<p class=\"definition\">", text_of(table, "definition"), "</p>\n");
    append_chart(html, table);
    g_string_append(html, "<table>\n");
    yyjson_arr_foreach (figures, at, size, figure)
        append_row(html, figure);
    if (size == 0)
        g_string_append(html, "<tr><td>none</td></tr>\n");
    g_string_append(html, "</table>\n</section>\n");
}

static void append_head(GString *html, yyjson_val *body)
{
    g_autofree char *title = g_strdup_printf(
        "Report %u of %s", (guint)yyjson_get_uint(yyjson_obj_get(body, "year")),
        *text_of(body, "organisation") ? text_of(body, "organisation") : text_of(body, "node"));
    g_string_append(html,
                    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    append_element(html, "<title>", title, "</title>\n");
    g_string_append_printf(html, "<style>%s</style>\n</head>\n<body>\n", style);
    append_element(html, "<h1>", title, "</h1>\n");
    append_element(html, "<p>Node ", text_of(body, "node"), "; made ");
    append_element(html, "", text_of(body, "time"),
                   ". Exercises are counted as drills alone; a dossier that several nodes share "
                   "counts once. A count below 5 is hidden, and with it whatever would tell it; "
                   "the country or territory of an organisation is what it declares.</p>\n");
}

GString *report_view_html(yyjson_val *body, const char *signed_text)
{
    GString *html = g_string_new(NULL);
    yyjson_val *table;
    size_t at, size;
    append_head(html, body);
    yyjson_arr_foreach (yyjson_obj_get(body, "tables"), at, size, table)
        append_table(html, table);
    g_string_append(html, "<details>\n<summary>The signed report: <code>concert report verify "
                          "FILE</code> verifies this page</summary>\n");
    append_element(html, SIGNED_START, signed_text, SIGNED_END "\n</details>\n</body>\n</html>\n");
    return html;
}

static char unescape(const char **text, const char *end)
{
    static const struct {
        const char *entity;
        char letter;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    for (guint i = 0; i < G_N_ELEMENTS(entities); i++) {
        gsize length = strlen(entities[i].entity);
        if ((gsize)(end - *text) >= length && memcmp(*text, entities[i].entity, length) == 0) {
            *text += length;
            return entities[i].letter;
        }
    }
    return *(*text)++;
}

char *report_view_html_signed(const char *page, gsize length)
{
    const char *begin = g_strstr_len(page, (gssize)length, SIGNED_START);
    const char *end;
    if (!begin)
        return NULL;
    begin += strlen(SIGNED_START);
    end = g_strstr_len(begin, (gssize)(length - (gsize)(begin - page)), SIGNED_END);
    if (!end)
        return NULL;
    GString *text = g_string_new(NULL);
    while (begin < end)
        g_string_append_c(text, unescape(&begin, end));
    return g_string_free(text, FALSE);
}
