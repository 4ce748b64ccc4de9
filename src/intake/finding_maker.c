#include "intake/finding_maker.h"

#include <string.h>

#include "base/timestamp.h"
#include "intake/rsit.h"
#include "intake/value.h"

#define SHOWN_MAX 80 /* bytes of a wrong value that are shown */

static void refusal_free(gpointer data)
{
    FindingRefusal *refusal = data;
    g_free(refusal->where);
    g_free(refusal->why);
    g_free(refusal);
}

void finding_maker_init(FindingMaker *maker, const FindingOptions *options, const FindingSink *sink,
                        FindingSummary *summary)
{
    *maker = (FindingMaker){
        .options = options,
        .sink = sink,
        .summary = summary,
        .texts = g_string_chunk_new(16 * 1024),
        .fields = g_array_sized_new(FALSE, FALSE, sizeof(FindingField), 64),
    };
    if (!summary->refusals)
        summary->refusals = g_ptr_array_new_with_free_func(refusal_free);
}

void finding_maker_clear(FindingMaker *maker)
{
    g_clear_pointer(&maker->texts, g_string_chunk_free);
    g_clear_pointer(&maker->fields, g_array_unref);
    g_clear_pointer(&maker->wrong, g_free);
}

void finding_maker_begin(FindingMaker *maker, guint64 line, gboolean further)
{
    maker->finding = (Finding){.line = line};
    g_string_chunk_clear(maker->texts);
    g_array_set_size(maker->fields, 0);
    maker->fields_size = 0;
    g_clear_pointer(&maker->wrong, g_free);
    if (!further)
        maker->summary->records++;
}

/* --- Texts ----------------------------------------------------------------------------------- */

static gsize cut_at_character(const char *text, gsize length, gsize max)
{
    if (length <= max)
        return length;
    while (max > 0 && ((guchar)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

const char *finding_maker_text(FindingMaker *maker, const char *text, gsize length)
{
    g_autofree char *valid = NULL;
    if (!text)
        return NULL;
    while (length > 0 && g_ascii_isspace(text[0]))
        text++, length--;
    length = cut_at_character(text, length, FINDING_MAX_TEXT);
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    if (length == 0)
        return NULL;
    if (!g_utf8_validate(text, (gssize)length, NULL)) {
        valid = g_utf8_make_valid(text, (gssize)length);
        text = valid;
        length = cut_at_character(text, strlen(text), FINDING_MAX_TEXT);
    }
    char *copy = g_string_chunk_insert_len(maker->texts, text, (gssize)length);
    /* Line ends and other control characters become a blank, several blanks one. */
    gsize kept = 0;
    for (gsize i = 0; i < length; i++) {
        char c = (guchar)copy[i] < ' ' || copy[i] == 0x7f ? ' ' : copy[i];
        if (c == ' ' && kept > 0 && copy[kept - 1] == ' ')
            continue;
        copy[kept++] = c;
    }
    copy[kept] = '\0';
    return kept > 0 ? copy : NULL;
}

void finding_maker_field(FindingMaker *maker, const char *name, const char *text, gsize length)
{
    if (length == 0)
        return;
    if (maker->fields->len == FINDING_MAX_FIELDS || maker->fields_size >= FINDING_MAX_FIELDS_SIZE) {
        maker->finding.fields_cut = TRUE;
        return;
    }
    maker->finding.fields_cut |= length > FINDING_MAX_TEXT;
    FindingField field = {
        .name = finding_maker_text(maker, name, MIN(strlen(name), 256)),
        .value = finding_maker_text(maker, text, length),
    };
    if (!field.name || !field.value)
        return;
    maker->fields_size += strlen(field.name) + strlen(field.value);
    g_array_append_val(maker->fields, field);
}

/* --- Values ---------------------------------------------------------------------------------- */

static void remember(FindingMaker *maker, const char *name, const char *what, const char *text,
                     gsize length)
{
    if (maker->wrong)
        return;
    g_autofree char *valid =
        g_utf8_make_valid(text, (gssize)cut_at_character(text, length, SHOWN_MAX));
    g_autofree char *shown = g_strescape(valid, NULL);
    maker->wrong = g_strdup_printf("%s: \"%s\" is no %s", name, shown, what);
}

static const char *kind_words(ObservableKind kind)
{
    switch (kind) {
    case OBSERVABLE_IPV4:
    case OBSERVABLE_IPV6:
        return "address";
    case OBSERVABLE_CIDR:
        return "address or prefix";
    case OBSERVABLE_NONE:
        return "address, name, URL, e-mail address or hash";
    case OBSERVABLE_DOMAIN:
        return "domain name";
    case OBSERVABLE_URL:
        return "URL";
    case OBSERVABLE_EMAIL:
        return "e-mail address";
    default:
        return "hash";
    }
}

/* Where a value of @kind goes; NULL for kinds that findings do not have. */
static const char **slot(Finding *finding, ObservableKind kind)
{
    switch (kind) {
    case OBSERVABLE_IPV4:
    case OBSERVABLE_IPV6:
        return &finding->address;
    case OBSERVABLE_CIDR:
        return &finding->prefix;
    case OBSERVABLE_DOMAIN:
        return &finding->domain;
    case OBSERVABLE_URL:
        return &finding->url;
    case OBSERVABLE_EMAIL:
        return &finding->email;
    case OBSERVABLE_MD5:
    case OBSERVABLE_SHA1:
    case OBSERVABLE_SHA256:
    case OBSERVABLE_SHA512:
        return &finding->hash;
    default:
        return NULL;
    }
}

gboolean finding_maker_value(FindingMaker *maker, const char *name, const char *text, gsize length,
                             ObservableKind kind)
{
    g_auto(Value) value = {0};
    const char **place = NULL;
    if (length <= OBSERVABLE_MAX_LENGTH && value_read(text, length, kind, &value))
        place = slot(&maker->finding, value.kind);
    if (!place) {
        remember(maker, name, kind_words(kind), text, length);
        return FALSE;
    }
    if (*place)
        return TRUE;
    *place = g_string_chunk_insert(maker->texts, value.canonical);
    if (place == &maker->finding.hash)
        maker->finding.hash_kind = value.kind;
    if (value.port > 0 && maker->finding.port == 0)
        maker->finding.port = value.port;
    return TRUE;
}

static gboolean number(const char *text, gsize length, guint64 max, guint64 *ret_number)
{
    char digits[24];
    while (length > 0 && g_ascii_isspace(text[0]))
        text++, length--;
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    if (length == 0 || length >= sizeof digits)
        return FALSE;
    memcpy(digits, text, length);
    digits[length] = '\0';
    return g_ascii_string_to_unsigned(digits, 10, 0, max, ret_number, NULL);
}

gboolean finding_maker_port(FindingMaker *maker, const char *text, gsize length)
{
    guint64 port;
    if (!number(text, length, 65535, &port)) {
        remember(maker, "port", "port", text, length);
        return FALSE;
    }
    if (maker->finding.port == 0)
        maker->finding.port = (guint)port;
    return TRUE;
}

gboolean finding_maker_asn(FindingMaker *maker, const char *text, gsize length)
{
    guint64 asn;
    if (length > 2 && g_ascii_strncasecmp(text, "AS", 2) == 0)
        text += 2, length -= 2;
    if (!number(text, length, G_MAXUINT32, &asn)) {
        remember(maker, "AS number", "AS number", text, length);
        return FALSE;
    }
    if (maker->finding.asn == 0)
        maker->finding.asn = (guint32)asn;
    return TRUE;
}

gboolean finding_maker_time(FindingMaker *maker, const char *text, gsize length)
{
    gint64 us;
    while (length > 0 && g_ascii_isspace(text[0]))
        text++, length--;
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    if (length > 4 && g_ascii_strncasecmp(text + length - 4, " UTC", 4) == 0)
        length -= 4;
    if (length == 0 || !timestamp_parse_lenient(text, length, &us)) {
        remember(maker, "time", "time", text, length);
        return FALSE;
    }
    if (maker->finding.time == 0)
        maker->finding.time = us;
    return TRUE;
}

void finding_maker_protocol(FindingMaker *maker, const char *text, gsize length)
{
    char word[32];
    if (maker->finding.protocol || length == 0 || length >= sizeof word)
        return;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isalnum(text[i]) && !strchr("-_./+", text[i]))
            return;
        word[i] = g_ascii_tolower(text[i]);
    }
    word[length] = '\0';
    maker->finding.protocol = g_string_chunk_insert(maker->texts, word);
}

void finding_maker_severity(FindingMaker *maker, const char *text, gsize length)
{
    static const char *const words[] = {"info", "low", "medium", "high", "critical"};
    static const struct {
        const char *other, *word;
    } others[] = {{"informational", "info"}, {"moderate", "medium"}, {"severe", "high"}};
    if (maker->finding.severity || !text)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strlen(words[i]) == length && g_ascii_strncasecmp(words[i], text, length) == 0)
            maker->finding.severity = words[i];
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if (strlen(others[i].other) == length &&
            g_ascii_strncasecmp(others[i].other, text, length) == 0)
            maker->finding.severity = others[i].word;
}

/* --- Handing on ------------------------------------------------------------------------------ */

gboolean finding_maker_has_value(const FindingMaker *maker)
{
    const Finding *finding = &maker->finding;
    return finding->address || finding->prefix || finding->domain || finding->url ||
           finding->email || finding->hash;
}

gboolean finding_maker_give(FindingMaker *maker, const char *where, GError **error)
{
    Finding *finding = &maker->finding;
    if (!finding_maker_has_value(maker)) {
        if (maker->wrong)
            finding_maker_refuse(maker, where, "%s", maker->wrong);
        else
            maker->summary->empty++;
        return TRUE;
    }
    if (!finding->classification)
        finding->classification =
            maker->options->classification ? maker->options->classification : RSIT_UNDETERMINED;
    finding->fields = maker->fields->len > 0 ? (const FindingField *)maker->fields->data : NULL;
    finding->field_count = maker->fields->len;
    maker->summary->findings++;
    if (maker->sink->found(maker->sink->user, finding, error))
        return TRUE;
    maker->handing = TRUE;
    return FALSE;
}

void finding_maker_refuse(FindingMaker *maker, const char *where, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *place =
        where ? g_strdup(where) : g_strdup_printf("line %" G_GUINT64_FORMAT, maker->finding.line);
    maker->summary->refused++;
    if (maker->sink->refused)
        maker->sink->refused(maker->sink->user, place, why);
    if (maker->summary->refusals->len >= FINDING_MAX_REFUSALS)
        return;
    FindingRefusal *refusal = g_new(FindingRefusal, 1);
    refusal->where = g_steal_pointer(&place);
    refusal->why = g_steal_pointer(&why);
    g_ptr_array_add(maker->summary->refusals, refusal);
}

void finding_maker_what(FindingMaker *maker, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_free(maker->summary->what);
    maker->summary->what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}
