#include "node/notice_compose.h"

#include <sodium.h>
#include <string.h>

#include "base/escape.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "dossier/notice.h"

#define DATA_MAX      (88 * 1024) /* bytes of findings in one notice, below PROCEDURE_DATA_MAX */
#define MEMBER_MAX    1024        /* bytes of one text of a finding */
#define FINDINGS_MAX  800         /* in one notice, below NOTICE_FINDINGS_MAX */
#define SHOWN_LENGTH  300         /* bytes of a finding's line in the text */
#define REFERENCE_RAW 15          /* random bytes: 24 letters and digits */

/* --- findings as data --------------------------------------------------------------------------
 */

/* One line of at most @max bytes. Caller frees. */
static char *to_line(const char *text, gsize max)
{
    GString *line = g_string_new(NULL);
    for (const char *at = text; *at && line->len < max; at = g_utf8_next_char(at)) {
        gunichar letter = g_utf8_get_char(at);
        if (letter < 0x20 || letter == 0x7f)
            g_string_append_c(line, ' ');
        else
            g_string_append_unichar(line, letter);
    }
    return g_strstrip(g_string_free(line, FALSE));
}

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name,
                     const char *text)
{
    g_autofree char *line = text ? to_line(text, MEMBER_MAX) : NULL;
    if (line && *line)
        yyjson_mut_obj_add_strcpy(doc, object, name, line);
}

/* In the order of the table's columns. */
static yyjson_mut_val *make_finding(yyjson_mut_doc *doc, const Finding *finding)
{
    ObservableKind kind;
    char time[TIMESTAMP_MAX];
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    const char *value = finding_value(finding, &kind);
    yyjson_mut_obj_add_strcpy(doc, object, "value", value);
    yyjson_mut_obj_add_str(doc, object, "kind", observable_kind_name(kind));
    if (finding->address && value != finding->address)
        yyjson_mut_obj_add_strcpy(doc, object, "address", finding->address);
    if (finding->port)
        yyjson_mut_obj_add_uint(doc, object, "port", finding->port);
    add_text(doc, object, "protocol", finding->protocol);
    if (finding->time)
        yyjson_mut_obj_add_strcpy(doc, object, "time", timestamp_format(time, finding->time, 0));
    if (finding->asn)
        yyjson_mut_obj_add_uint(doc, object, "as", finding->asn);
    add_text(doc, object, "class", finding->classification);
    add_text(doc, object, "severity", finding->severity);
    add_text(doc, object, "report", finding->report_type);
    add_text(doc, object, "description", finding->description);
    add_text(doc, object, "reporter", finding->reporter);
    add_text(doc, object, "id", finding->report_id);
    return object;
}

static char *make_key(const char *value, const char *address, guint64 port, const char *protocol,
                      const char *class)
{
    return g_strdup_printf("%s\n%s\n%" G_GUINT64_FORMAT "\n%s\n%s", value, address ? address : "",
                           port, protocol ? protocol : "", class ? class : "");
}

char *notice_compose_key(const Finding *finding)
{
    const char *value = finding_value(finding, NULL);
    g_autofree char *protocol = finding->protocol ? to_line(finding->protocol, MEMBER_MAX) : NULL;
    g_autofree char *class = to_line(finding->classification, MEMBER_MAX);
    return make_key(value, value != finding->address ? finding->address : NULL, finding->port,
                    protocol, class);
}

char *notice_compose_key_again(yyjson_val *finding)
{
    const char *value = yyjson_get_str(yyjson_obj_get(finding, "value"));
    return make_key(value ? value : "", yyjson_get_str(yyjson_obj_get(finding, "address")),
                    yyjson_get_uint(yyjson_obj_get(finding, "port")),
                    yyjson_get_str(yyjson_obj_get(finding, "protocol")),
                    yyjson_get_str(yyjson_obj_get(finding, "class")));
}

/* --- findings as text --------------------------------------------------------------------------
 */

/* So that nothing in it is a link any more: "hxxps://www[.]alder[.]example/x". Caller frees. */
static char *defang(const char *value, const char *kind)
{
    GString *text = g_string_new(NULL);
    gboolean is_url = g_str_equal(kind, "url"),
             is_name = is_url || g_str_equal(kind, "domain") || g_str_equal(kind, "email");
    const char *host = is_url && strstr(value, "://") ? strstr(value, "://") + 3 : value;
    const char *end = host + strcspn(host, is_url ? "/?#" : "");
    for (const char *at = value; *at; at++) {
        gboolean in_host = is_name && at >= host && at < end;
        if (is_url && at == value && g_str_has_prefix(value, "http")) {
            g_string_append(text, "hxxp");
            at += 3;
        } else if (in_host && *at == '.') {
            g_string_append(text, "[.]");
        } else if (in_host && *at == '@') {
            g_string_append(text, "[@]");
        } else {
            g_string_append_c(text, *at);
        }
    }
    return g_string_free(text, FALSE);
}

static const char *member(yyjson_val *finding, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(finding, name));
}

static void append_line(GString *text, yyjson_val *finding)
{
    static const char *const members[] = {"address", "time", "class", "report", "description"};
    const char *kind = member(finding, "kind");
    guint64 port = yyjson_get_uint(yyjson_obj_get(finding, "port"));
    g_autofree char *value = defang(member(finding, "value"), kind ? kind : "");
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "- %s", value);
    if (port)
        g_string_append_printf(line, ", port %" G_GUINT64_FORMAT, port);
    if (port && member(finding, "protocol"))
        g_string_append_printf(line, "/%s", member(finding, "protocol"));
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        if (member(finding, members[i]))
            g_string_append_printf(line, " | %s", member(finding, members[i]));
    g_autofree char *cut = to_line(line->str, SHOWN_LENGTH);
    g_autofree char *shown = escape_terminal(cut, -1);
    g_string_append_printf(text, "%s%s\n", shown, strlen(cut) < line->len ? "..." : "");
}

/* What stands in the text of the findings, and what of the rest. */
static void show_findings(yyjson_val *findings, const NoticeTemplate *template, char **ret_shown,
                          char **ret_more)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t at, count;
    yyjson_val *finding;
    yyjson_arr_foreach (findings, at, count, finding) {
        if (at < NOTICE_COMPOSE_SHOWN)
            append_line(text, finding);
    }
    count = yyjson_arr_size(findings);
    g_autofree char *rest =
        count > NOTICE_COMPOSE_SHOWN ? g_strdup_printf("%zu", count - NOTICE_COMPOSE_SHOWN) : NULL;
    const NoticeValue values[] = {{"more-count", rest}, {NULL}};
    *ret_more = rest ? notice_template_expand(template, "more", values) : g_strdup("");
    *ret_shown = g_strchomp(g_strdup(text->str));
}

/* --- texts -------------------------------------------------------------------------------------
 */

/* The line above the organisation's name; NULL: the organisation itself signs. */
static const char *signing(const NoticeStyle *style)
{
    return g_strcmp0(style->signatory, style->organisation) == 0 ? NULL : style->signatory;
}

static void make_texts(const NoticeTemplate *template, const NoticeView *notice,
                       const NoticeStyle *style, char **ret_subject, char **ret_text)
{
    g_autofree char *findings = NULL, *more = NULL;
    g_autofree char *count = g_strdup_printf("%zu", yyjson_arr_size(notice->findings));
    const NoticeValue of_time[] = {{"wanted-by-time", style->wanted_by}, {NULL}};
    const NoticeValue of_reply[] = {{"reference", notice->reference}, {NULL}};
    g_autofree char *wanted =
        style->wanted_by ? notice_template_expand(template, "wanted-by", of_time) : NULL;
    g_autofree char *reply =
        notice_template_expand(template, notice->contact ? "reply-mail" : "reply-node", of_reply);
    show_findings(notice->findings, template, &findings, &more);
    const NoticeValue values[] = {
        {"name", notice->contact_name},   {"organisation", style->organisation},
        {"signatory", signing(style)},    {"count", count},
        {"findings", findings, TRUE},     {"more", more, TRUE},
        {"wanted-by", wanted, TRUE},      {"reply", reply, TRUE},
        {"reference", notice->reference}, {NULL}};
    *ret_subject = notice_template_expand(template, "subject", values);
    *ret_text = notice_template_expand(template, "text", values);
}

gboolean notice_compose_reminder(const NoticeView *notice, const NoticeStyle *style, gint64 sent,
                                 char **ret_subject, char **ret_text, GError **error)
{
    g_autofree char *findings = NULL, *more = NULL;
    char time[TIMESTAMP_MAX];
    g_autoptr(NoticeTemplate) template = notice_template_load(
        style->templates, notice->language ? notice->language : "en", style->otherwise, error);
    if (!template)
        return FALSE;
    timestamp_format(time, sent, 0);
    const NoticeValue of_reply[] = {{"reference", notice->reference}, {NULL}};
    g_autofree char *reply =
        notice_template_expand(template, notice->contact ? "reply-mail" : "reply-node", of_reply);
    show_findings(notice->findings, template, &findings, &more);
    const NoticeValue values[] = {{"name", notice->contact_name},
                                  {"organisation", style->organisation},
                                  {"signatory", signing(style)},
                                  {"findings", findings, TRUE},
                                  {"more", more, TRUE},
                                  {"reply", reply, TRUE},
                                  {"subject", notice->subject, TRUE},
                                  {"sent-time", time},
                                  {"reference", notice->reference},
                                  {NULL}};
    *ret_subject = notice_template_expand(template, "reminder-subject", values);
    *ret_text = notice_template_expand(template, "reminder-text", values);
    return TRUE;
}

/* --- payloads ----------------------------------------------------------------------------------
 */

/* What mails about it are known by: nobody can guess it. Caller frees. */
static char *make_reference(void)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    guint8 raw[REFERENCE_RAW];
    GString *text = g_string_new(NULL);
    randombytes_buf(raw, sizeof raw);
    for (guint i = 0; i < sizeof raw / 5; i++) {
        guint64 bits = 0;
        for (guint j = 0; j < 5; j++)
            bits = bits << 8 | raw[5 * i + j];
        for (int j = 7; j >= 0; j--)
            g_string_append_c(text, digits[bits >> (5 * j) & 31]);
    }
    return g_string_free(text, FALSE);
}

/* "192.0.2.0/24: its node card says; and 3 other reasons". Caller frees. */
static char *join_whys(const NoticeGroup *group)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < group->whys->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", (char *)group->whys->pdata[i]);
    if (group->n_whys > group->whys->len)
        g_string_append_printf(text, "; and %u others", group->n_whys - group->whys->len);
    return to_line(text->str, 500);
}

/* One notice under way. */
typedef struct {
    const RoutingParty *party;
    const NoticeGroup *group;
    const NoticeStyle *style;
    const NoticeTemplate *template;
    char *reference;
} Making;

/* The findings from @from on that one notice holds; *ret_end is the first that it does not. */
static yyjson_doc *make_findings(const NoticeGroup *group, guint from, guint *ret_end)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    yyjson_mut_doc_set_root(doc, list);
    gsize size = 2;
    guint i = from;
    for (; i < group->findings->len && i - from < FINDINGS_MAX; i++) {
        yyjson_mut_val *finding = make_finding(doc, group->findings->pdata[i]);
        gsize length = 0;
        char *text = yyjson_mut_val_write(finding, 0, &length);
        free(text);
        if (i > from && size + length + 1 > DATA_MAX)
            break;
        size += length + 1;
        yyjson_mut_arr_append(list, finding);
    }
    *ret_end = i;
    yyjson_doc *copy = yyjson_mut_doc_imut_copy(doc, NULL);
    yyjson_mut_doc_free(doc);
    return copy;
}

static void add_some(yyjson_mut_doc *doc, const char *name, const char *text)
{
    if (text && *text)
        yyjson_mut_obj_add_strcpy(doc, yyjson_mut_doc_get_root(doc), name, text);
}

/* @place "(2/3)", or NULL. */
static char *make_payload(const Making *making, yyjson_val *findings, const char *place)
{
    const RoutingParty *party = making->party;
    g_autofree char *subject = NULL, *text = NULL;
    g_autofree char *name = party->name ? to_line(party->name, 250) : NULL;
    g_autofree char *why = join_whys(making->group);
    const NoticeView view = {.reference = making->reference,
                             .contact = party->email,
                             .contact_name = name ? name : party->key,
                             .findings = findings};
    make_texts(making->template, &view, making->style, &subject, &text);
    g_autofree char *title = place ? g_strdup_printf("%s %s", subject, place) : g_strdup(subject);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    add_some(doc, party->email ? "contact" : "to", party->email ? party->email : party->key);
    add_some(doc, "contact_name", party->email ? name : NULL);
    add_some(doc, "why", why);
    add_some(doc, "language", notice_template_language(making->template));
    add_some(doc, "subject", title);
    add_some(doc, "text", text);
    add_some(doc, "reference", party->email ? making->reference : NULL);
    add_some(doc, "urgency", making->style->urgency);
    add_some(doc, "wanted_by", making->style->wanted_by);
    add_some(doc, "batch", making->style->batch);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    if (making->style->four_eyes)
        yyjson_mut_obj_add_bool(doc, root, "four_eyes", TRUE);
    yyjson_mut_obj_add_val(doc, root, "findings", yyjson_val_mut_copy(doc, findings));
    return jsontext_take(doc);
}

static gboolean make_payloads(Making *making, GPtrArray *payloads, GError **error)
{
    g_autoptr(GPtrArray) lists = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free);
    for (guint from = 0; from < making->group->findings->len;)
        g_ptr_array_add(lists, make_findings(making->group, from, &from));
    for (guint i = 0; i < lists->len; i++) {
        g_autofree char *place =
            lists->len > 1 ? g_strdup_printf("(%u/%u)", i + 1, lists->len) : NULL;
        g_autofree char *reference = make_reference();
        making->reference = reference;
        char *payload = make_payload(making, yyjson_doc_get_root(lists->pdata[i]), place);
        if (!payload) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "a finding is not UTF-8 text");
            return FALSE;
        }
        g_ptr_array_add(payloads, payload);
    }
    return TRUE;
}

GPtrArray *notice_compose(const Routing *routing, const NoticeGroup *group,
                          const NoticeStyle *style, GError **error)
{
    const RoutingParty party = routing_party(routing, group->party);
    const char *language = style->language  ? style->language
                           : party.language ? party.language
                                            : style->otherwise;
    g_autoptr(NoticeTemplate) template =
        notice_template_load(style->templates, language, style->otherwise, error);
    g_autoptr(GPtrArray) payloads = g_ptr_array_new_with_free_func(g_free);
    Making making = {&party, group, style, template, NULL};
    if (!template || !make_payloads(&making, payloads, error))
        return NULL;
    return g_steal_pointer(&payloads);
}

/* --- a table -----------------------------------------------------------------------------------
 */

static void append_cell(GString *csv, yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    if (yyjson_is_uint(value))
        g_string_append_printf(csv, "%" G_GUINT64_FORMAT, yyjson_get_uint(value));
    if (!text)
        return;
    gboolean is_formula = *text && strchr("=+-@\t\r", *text);
    gboolean is_quoted = is_formula || strpbrk(text, ",\"\r\n'") || g_ascii_isspace(*text);
    if (is_quoted)
        g_string_append_c(csv, '"');
    if (is_formula)
        g_string_append_c(csv, '\'');
    for (; *text; text++) {
        if (*text == '"')
            g_string_append_c(csv, '"');
        g_string_append_c(csv, *text);
    }
    if (is_quoted)
        g_string_append_c(csv, '"');
}

char *notice_compose_csv(yyjson_val *findings)
{
    static const char *const columns[] = {
        "value", "kind",     "address", "port",        "protocol", "time", "as",
        "class", "severity", "report",  "description", "reporter", "id"};
    GString *csv = g_string_new(NULL);
    size_t at, count;
    yyjson_val *finding;
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        g_string_append_printf(csv, "%s%s", i > 0 ? "," : "", columns[i]);
    g_string_append(csv, "\r\n");
    yyjson_arr_foreach (findings, at, count, finding) {
        for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
            if (i > 0)
                g_string_append_c(csv, ',');
            append_cell(csv, yyjson_obj_get(finding, columns[i]));
        }
        g_string_append(csv, "\r\n");
    }
    return g_string_free(csv, FALSE);
}
