#include "intake/detect.h"

#include <string.h>

#include "intake/csv.h"
#include "intake/list.h"
#include "intake/skim.h"
#include "stix/identifier.h"

#define DETECT_SAMPLE (64 * 1024)
#define DETECT_LIST   (8 * 1024) /* of it, to try as a list */

void detect_clear(Detection *detection)
{
    g_clear_pointer(&detection->why, g_free);
}

static gboolean decide(Detection *detection, IntakeFormat format, const char *why)
{
    detection->format = format;
    detection->why = g_strdup(why);
    return TRUE;
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* What the members of the object looked at say. */
typedef struct {
    gboolean type, id, objects, bundle, event, attributes, response, spec21, spec20, manifest,
        envelope, whole;
    char type_name[64];
} Looks;

/* A MISP feed's manifest has UUIDs for keys. */
static gboolean is_uuid_key(const SkimMember *member)
{
    return identifier_is_uuid(member->key, member->key_length, NULL);
}

static void look_at_member(Looks *looks, const SkimMember *member)
{
    char first = member->value[0];
    if (skim_key_is(member, "type") && first == '"') {
        looks->type = TRUE;
        looks->bundle = skim_value_is(member, "bundle");
        if (member->whole && member->value_length - 2 < sizeof looks->type_name)
            memcpy(looks->type_name, member->value + 1, member->value_length - 2);
    } else if (skim_key_is(member, "id") && first == '"') {
        looks->id = memmem(member->value, member->value_length, "--", 2) != NULL;
    } else if (skim_key_is(member, "objects") && first == '[') {
        looks->objects = TRUE;
    } else if (skim_key_is(member, "spec_version")) {
        looks->spec20 = skim_value_is(member, "2.0");
        looks->spec21 = skim_value_is(member, "2.1");
    } else if (skim_key_is(member, "Event") && first == '{') {
        looks->event = TRUE;
    } else if (skim_key_is(member, "response") && (first == '[' || first == '{')) {
        looks->response = TRUE;
    } else if ((skim_key_is(member, "Attribute") || skim_key_is(member, "Object")) &&
               (first == '[' || first == '{')) {
        looks->attributes = TRUE;
    } else if (skim_key_is(member, "more") || skim_key_is(member, "next")) {
        looks->envelope = TRUE;
    } else if (first == '{' && is_uuid_key(member)) {
        looks->manifest = TRUE;
    }
}

/* The first element of a list of objects at @text tells what its bundle is. */
static void look_at_first(Looks *looks, const char *text, gsize length)
{
    Skim list, object;
    SkimMember element, member;
    skim_init(&list, text, length);
    if (skim_next(&list, &element) != SKIM_MEMBER || element.value[0] != '{')
        return;
    skim_init(&object, element.value, element.value_length);
    gboolean spec = FALSE;
    while (skim_next(&object, &member) == SKIM_MEMBER)
        if (skim_key_is(&member, "spec_version")) {
            looks->spec21 |= skim_value_is(&member, "2.1");
            spec = TRUE;
        }
    looks->spec20 |= !spec && element.whole && !looks->spec21;
}

static SkimResult look_at_object(Looks *looks, const char *text, gsize length)
{
    Skim skim;
    SkimMember member;
    SkimResult result;
    skim_init(&skim, text, length);
    while ((result = skim_next(&skim, &member)) == SKIM_MEMBER) {
        look_at_member(looks, &member);
        if (skim_key_is(&member, "objects") && member.value[0] == '[')
            look_at_first(looks, member.value, member.value_length);
    }
    looks->whole = result == SKIM_END;
    return result;
}

/* @what is "", "array of " or the like. */
static gboolean decide_json(Detection *detection, const Looks *looks, const char *what)
{
    const char *spec = looks->spec21 ? "2.1 " : looks->spec20 ? "2.0 " : "";
    detection->format = INTAKE_STIX;
    if (looks->event || looks->response || (looks->attributes && !looks->objects)) {
        detection->format = INTAKE_MISP;
        detection->why = g_strdup_printf("%sMISP %s", what,
                                         looks->event      ? "event"
                                         : looks->response ? "search result"
                                                           : "event content");
    } else if (looks->bundle) {
        detection->why = g_strdup_printf("%sSTIX %sbundle", what, spec);
    } else if (looks->objects && !looks->type) {
        detection->why = g_strdup_printf("%sTAXII envelope of STIX %sobjects", what, spec);
    } else if (looks->type && looks->id) {
        detection->why = g_strdup_printf("%sSTIX %sobject (%s)", what, spec, looks->type_name);
    } else if (looks->whole && looks->envelope && !looks->type) {
        detection->why = g_strdup_printf("%sempty TAXII envelope", what);
    } else {
        detection->format = INTAKE_NONE;
        detection->why =
            g_strdup(looks->manifest ? "manifest of a MISP feed: give the feed's directory instead"
                                     : "JSON, but neither STIX nor MISP");
    }
    return TRUE;
}

static gboolean detect_json(Detection *detection, const char *text, gsize length)
{
    Looks looks = {0};
    if (text[0] == '{') {
        SkimResult result = look_at_object(&looks, text, length);
        if (result == SKIM_END && length == 2)
            return decide(detection, INTAKE_STIX, "empty TAXII envelope");
        return decide_json(detection, &looks, "");
    }
    Skim skim;
    SkimMember element;
    skim_init(&skim, text, length);
    SkimResult result = skim_next(&skim, &element);
    if (result == SKIM_END)
        return decide(detection, INTAKE_STIX, "empty array");
    if (result != SKIM_MEMBER || element.value[0] != '{')
        return FALSE; /* "[Adblock Plus 2.0]", "[2001:db8::1]:80": a list */
    look_at_object(&looks, element.value, element.value_length);
    return decide_json(detection, &looks, "array, first element a ");
}

/* --- Text ------------------------------------------------------------------------------------ */

typedef struct {
    guint kinds[OBSERVABLE_OTHER + 1];
    guint values, unknown;
} Tally;

static gboolean tally_found(gpointer user, const Value *value, const char *comment, guint64 line,
                            GError **error)
{
    Tally *tally = user;
    tally->kinds[value->kind]++;
    tally->values++;
    return TRUE;
}

static void tally_unknown(gpointer user, const char *text, const char *why, guint64 line)
{
    Tally *tally = user;
    tally->unknown++;
}

/* The complete lines of @text, or all of it when @whole or there is no line end. */
static gsize whole_lines(const char *text, gsize length, gboolean whole)
{
    const char *newline = whole ? NULL : memrchr(text, '\n', length);
    return newline ? (gsize)(newline - text) + 1 : length;
}

static void tally_list(Tally *tally, const char *text, gsize length, ObservableKind kind)
{
    static const IntakeSink silent = {0};
    gsize part = whole_lines(text, MIN(length, DETECT_LIST), length <= DETECT_LIST);
    ListReader reader = {tally_found, tally_unknown, tally};
    *tally = (Tally){0};
    g_autoptr(Stream) stream = stream_from_memory(text, part);
    list_scan(stream, kind, &reader, &silent, NULL, NULL); /* memory does not fail */
}

static gboolean decide_list(Detection *detection, const Tally *tally)
{
    guint most = OBSERVABLE_IPV4;
    for (guint i = 0; i < G_N_ELEMENTS(tally->kinds); i++)
        if (tally->kinds[i] > tally->kinds[most])
            most = i;
    detection->format = INTAKE_LIST;
    if (tally->values == 0)
        detection->why = g_strdup("list without values");
    else
        detection->why = g_strdup_printf("list, %s%s (%u of %u lines looked at)",
                                         tally->kinds[most] == tally->values ? "" : "mostly ",
                                         observable_kind_name((ObservableKind)most),
                                         tally->kinds[most], tally->values + tally->unknown);
    return TRUE;
}

static char *describe_csv(const Csv *csv)
{
    g_autoptr(GString) text = g_string_new("CSV");
    if (csv->names) {
        g_string_append(text, " with header ");
        for (guint i = 0; i < MIN(csv->names->len, 20); i++) {
            g_autofree char *valid = g_utf8_make_valid(g_ptr_array_index(csv->names, i), -1);
            g_autofree char *shown = g_strescape(valid, NULL);
            g_string_append_printf(text, "%s%s", i > 0 ? "," : "", shown);
        }
    } else {
        g_string_append_printf(text, " of %u columns without header", csv->count);
    }
    g_string_append(text, "; values in column");
    for (guint i = 0; i < csv->columns->len; i++)
        if (g_array_index(csv->columns, Column, i).role == COLUMNS_VALUE)
            g_string_append_printf(text, " %u", i + 1);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Whether reading @csv as a list would lose nothing: the values come first, and nothing else in it
 * has a place. */
static gboolean is_list(const Csv *csv)
{
    for (guint i = 0; i < csv->columns->len; i++) {
        ColumnsRole role = g_array_index(csv->columns, Column, i).role;
        if (i == 0 ? role != COLUMNS_VALUE : role != COLUMNS_NONE && role != COLUMNS_COMMENT)
            return FALSE;
    }
    return csv->header == 0 || csv->comment;
}

static gboolean detect_text(Detection *detection, const char *text, gsize length, gboolean whole,
                            const IntakeOptions *options, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_auto(Csv) csv = {0};
    Tally tally;
    gsize lines = whole_lines(text, length, whole);
    gboolean table = csv_sniff(text, lines, options->csv_columns, &csv, &failure);
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (table && (options->csv_columns || !is_list(&csv))) {
        detection->format = INTAKE_CSV;
        detection->why = describe_csv(&csv);
        return TRUE;
    }
    tally_list(&tally, text, lines, options->kind);
    if (tally.values > 0 || tally.unknown == 0)
        return decide_list(detection, &tally);
    if (text[0] == '<')
        return decide(detection, INTAKE_NONE, "XML or HTML, which is not read");
    /* Comments and oddities may fill the first part of a list. */
    ListReader reader = {tally_found, tally_unknown, &tally};
    static const IntakeSink silent = {0};
    g_autoptr(Stream) stream = stream_from_memory(text, lines);
    tally = (Tally){0};
    list_scan(stream, options->kind, &reader, &silent, NULL, NULL);
    if (tally.values > 0)
        return decide_list(detection, &tally);
    return decide(detection, INTAKE_NONE,
                  "no format that is known, and no value in its first lines");
}

static gboolean is_binary(const char *text, gsize length)
{
    if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return TRUE; /* UTF-16 */
    return memchr(text, '\0', length) != NULL;
}

gboolean detect_format(Stream *stream, const IntakeOptions *options, Detection *ret_detection,
                       GError **error)
{
    g_auto(Detection) detection = {0};
    const char *text;
    gsize length;
    if (!stream_peek(stream, DETECT_SAMPLE, &text, &length, error))
        return FALSE;
    gboolean whole = length < DETECT_SAMPLE;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3, length -= 3;
    gsize blank = skim_blank(text, length);
    gboolean good = TRUE;
    if (is_binary(text, length))
        decide(&detection, INTAKE_NONE, "binary data or UTF-16, which is not read");
    else if (blank == length)
        decide(&detection, INTAKE_LIST, "empty");
    else if ((text[blank] != '{' && text[blank] != '[' && text[blank] != '\x1e') ||
             !detect_json(&detection, text + blank, length - blank))
        good = detect_text(&detection, text, length, whole, options, error);
    if (!good)
        return FALSE;
    *ret_detection = detection;
    detection.why = NULL;
    return TRUE;
}
