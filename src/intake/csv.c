#include "intake/csv.h"

#include <string.h>

#include "base/timestamp.h"
#include "intake/maker.h"
#include "intake/report.h"

#define CSV_SAMPLE    (64 * 1024)
#define CSV_TAGS_MAX  100
#define CSV_SHOWN_MAX 80 /* characters of a field that is shown */

typedef struct {
    Maker *maker;
    const Csv *csv;
    Record *record;
    GString *comment;
    GPtrArray *tags; /* char *, the last NULL */
} Reader;

void csv_clear(Csv *csv)
{
    g_clear_pointer(&csv->columns, g_array_unref);
    g_clear_pointer(&csv->names, g_ptr_array_unref);
}

static const char *field_shown(const RecordField *field, char buffer[4 * CSV_SHOWN_MAX])
{
    g_autofree char *valid =
        g_utf8_make_valid(field->text, (gssize)MIN(field->length, CSV_SHOWN_MAX));
    g_autofree char *shown = g_strescape(valid, NULL);
    g_strlcpy(buffer, shown, 4 * CSV_SHOWN_MAX);
    return buffer;
}

/* Notes that a field of the present record cannot be used. */
static void note_field(Reader *reader, guint column, const char *why)
{
    char shown[4 * CSV_SHOWN_MAX];
    const RecordField *field = &g_array_index(reader->record->fields, RecordField, column);
    report_note(reader->maker->sink, INTAKE_IGNORED,
                maker_where(reader->maker, reader->record->line), "column %u: %s: \"%s\"",
                column + 1, why, field_shown(field, shown));
}

/* The trimmed text of a field in place; NULL when it is empty or says that it is. */
static char *field_text(const RecordField *field)
{
    char *text = g_strstrip((char *)field->text); /* inside Record.texts, ours until the next one */
    static const char *const nothing[] = {"", "-", "None", "none", "null", "NULL", "n/a", "N/A"};
    if (strnlen(text, 5) == 5) /* none of these */
        return text;
    for (gsize i = 0; i < G_N_ELEMENTS(nothing); i++)
        if (strcmp(text, nothing[i]) == 0)
            return NULL;
    return text;
}

static gboolean read_time(const char *text, gint64 *ret_us)
{
    gsize length = strlen(text);
    if (g_str_has_suffix(text, " UTC"))
        length -= 4;
    if (timestamp_parse_lenient(text, length, ret_us))
        return TRUE;
    gint64 seconds; /* since 1970, as some feeds have it */
    if (!g_ascii_string_to_signed(text, 10, 1, G_GINT64_CONSTANT(253402300799), &seconds, NULL))
        return FALSE;
    *ret_us = seconds * G_USEC_PER_SEC;
    return TRUE;
}

static void take_tags(Reader *reader, char *text)
{
    char *rest = NULL;
    for (char *tag = strtok_r(text, ",;|", &rest); tag; tag = strtok_r(NULL, ",;|", &rest)) {
        g_strstrip(tag);
        if (*tag && reader->tags->len < CSV_TAGS_MAX)
            g_ptr_array_add(reader->tags, tag);
    }
}

/* What a record says besides its values. */
typedef struct {
    ObservableKind kind;
    guint port;
    const char *name, *tlp, *reference;
    gint64 first_seen, last_seen, valid_until; /* 0: not said */
    int confidence;
} Context;

static void take_time(Reader *reader, guint column, const char *text, gint64 *ret_us)
{
    if (!read_time(text, ret_us))
        note_field(reader, column, "not a time");
}

static void take_number(Reader *reader, guint column, const char *text, guint64 max,
                        guint64 *ret_number)
{
    if (!g_ascii_string_to_unsigned(text, 10, 0, max, ret_number, NULL))
        note_field(reader, column, "not a number in its range");
}

static void take_field(Reader *reader, guint column, ColumnsRole role, char *text, Context *context)
{
    guint64 number = 0;
    switch (role) {
    case COLUMNS_TYPE:
        context->kind = columns_kind(text);
        break;
    case COLUMNS_PORT:
        take_number(reader, column, text, 65535, &number);
        context->port = (guint)number;
        break;
    case COLUMNS_NAME:
        context->name = text;
        break;
    case COLUMNS_COMMENT:
        g_string_append(reader->comment, reader->comment->len > 0 ? ", " : "");
        g_string_append(reader->comment, text);
        break;
    case COLUMNS_FIRST_SEEN:
        take_time(reader, column, text, &context->first_seen);
        break;
    case COLUMNS_LAST_SEEN:
        take_time(reader, column, text, &context->last_seen);
        break;
    case COLUMNS_VALID_UNTIL:
        take_time(reader, column, text, &context->valid_until);
        break;
    case COLUMNS_CONFIDENCE:
        number = G_MAXUINT64;
        take_number(reader, column, text, 100, &number);
        context->confidence = number <= 100 ? (int)number : context->confidence;
        break;
    case COLUMNS_TLP:
        if (indicator_tlp_marking(text))
            context->tlp = text;
        else
            note_field(reader, column, "not a TLP level");
        break;
    case COLUMNS_TAGS:
        take_tags(reader, text);
        break;
    case COLUMNS_REFERENCE:
        context->reference = text;
        break;
    case COLUMNS_NONE:
    case COLUMNS_VALUE:
        break;
    }
}

static const Column *column_at(const Reader *reader, guint i)
{
    static const Column none = {COLUMNS_NONE, OBSERVABLE_NONE};
    return i < reader->csv->columns->len ? &g_array_index(reader->csv->columns, Column, i) : &none;
}

static void take_context(Reader *reader, Context *context)
{
    const GArray *fields = reader->record->fields;
    g_string_truncate(reader->comment, 0);
    g_ptr_array_set_size(reader->tags, 0);
    for (guint i = 0; i < fields->len; i++) {
        ColumnsRole role = column_at(reader, i)->role;
        if (role == COLUMNS_NONE || role == COLUMNS_VALUE)
            continue;
        char *text = field_text(&g_array_index(fields, RecordField, i));
        if (text)
            take_field(reader, i, role, text, context);
    }
    g_ptr_array_add(reader->tags, NULL);
}

static gboolean give_value(Reader *reader, const Value *value, const Context *context,
                           GError **error)
{
    Indicator indicator = maker_indicator(reader->maker, value);
    gboolean endpoint = value->kind == OBSERVABLE_IPV4 || value->kind == OBSERVABLE_IPV6 ||
                        value->kind == OBSERVABLE_DOMAIN;
    if (indicator.port == 0 && endpoint)
        indicator.port = context->port;
    if (context->first_seen > 0)
        indicator.created = indicator.valid_from = context->first_seen;
    indicator.modified = MAX(MAX(indicator.created, indicator.modified), context->last_seen);
    if (context->valid_until > 0)
        indicator.valid_until = context->valid_until;
    if (context->confidence >= 0)
        indicator.confidence = context->confidence;
    indicator.name = context->name;
    indicator.description = reader->comment->str;
    indicator.reference = context->reference;
    indicator.labels = (const char *const *)reader->tags->pdata;
    return maker_give(reader->maker, &indicator, context->tlp, reader->record->line, error);
}

/* What a value of the present record is: what the record says, if that may be, else what the column
 * says, else what its looks say. */
static gboolean read_value(const RecordField *field, ObservableKind said, ObservableKind column,
                           Value *ret_value)
{
    return (said != OBSERVABLE_NONE && value_read(field->text, field->length, said, ret_value)) ||
           (column != OBSERVABLE_NONE &&
            value_read(field->text, field->length, column, ret_value)) ||
           value_read(field->text, field->length, OBSERVABLE_NONE, ret_value);
}

static gboolean read_record(Reader *reader, GError **error)
{
    const GArray *fields = reader->record->fields;
    Context context = {.kind = reader->maker->options->kind, .confidence = -1};
    guint values = 0;
    take_context(reader, &context);
    for (guint i = 0; i < fields->len; i++) {
        const Column *column = column_at(reader, i);
        RecordField *field = &g_array_index(fields, RecordField, i);
        if (column->role != COLUMNS_VALUE || !field_text(field))
            continue;
        field->length = strlen(field->text);
        values++;
        g_auto(Value) value = {0};
        if (!read_value(field, context.kind, column->kind, &value))
            note_field(reader, i, "nothing that is known");
        else if (!give_value(reader, &value, &context, error))
            return FALSE;
    }
    if (values == 0)
        report_note(reader->maker->sink, INTAKE_IGNORED,
                    maker_where(reader->maker, reader->record->line), "there is no value in it");
    return TRUE;
}

/* Names the columns that have no place, once. */
static void note_columns(const Csv *csv, const char *name, const IntakeSink *sink)
{
    g_autoptr(GString) unused = g_string_new(NULL);
    for (guint i = 0; i < csv->columns->len; i++) {
        if (g_array_index(csv->columns, Column, i).role != COLUMNS_NONE)
            continue;
        const char *header =
            csv->names && i < csv->names->len ? g_ptr_array_index(csv->names, i) : NULL;
        g_autofree char *valid = header ? g_utf8_make_valid(header, -1) : NULL;
        g_autofree char *shown = valid ? g_strescape(valid, NULL) : NULL;
        g_string_append_printf(unused, "%s%u", unused->len > 0 ? ", " : "", i + 1);
        if (shown && *shown)
            g_string_append_printf(unused, " (%s)", shown);
    }
    if (unused->len > 0)
        report_note(sink, INTAKE_IGNORED, name, "columns that are not kept: %s", unused->str);
}

/* Whether the input ends in the middle of the present record: no line end follows, and there are
 * fewer fields than in the others. Its last field may be half a value, which is another one. */
static gboolean is_cut(const Reader *reader)
{
    return reader->record->open_end && reader->record->fields->len < reader->csv->count;
}

static gboolean read_records(Reader *reader, Record *record, GError **error)
{
    for (;;) {
        const char *why = NULL;
        switch (record_next(record, &why, error)) {
        case RECORD_READ:
            if (record->line == reader->csv->header && !reader->csv->comment)
                break;
            if (is_cut(reader)) {
                report_note(reader->maker->sink, INTAKE_LOST,
                            maker_where(reader->maker, record->line),
                            "the input ends in the middle of a record");
                break;
            }
            if (!read_record(reader, error))
                return FALSE;
            break;
        case RECORD_BROKEN:
            /* Of the last line the rest is missing; behind another one the next is read. */
            report_note(reader->maker->sink,
                        record->window->end && window_length(record->window) == 0 ? INTAKE_LOST
                                                                                  : INTAKE_BROKEN,
                        maker_where(reader->maker, record->line), "%s", why);
            break;
        case RECORD_END:
            return TRUE;
        case RECORD_FAILED:
            return FALSE;
        }
    }
}

gboolean csv_read(Stream *stream, const char *name, const IntakeOptions *options,
                  const IntakeSink *sink, GError **error)
{
    g_auto(Csv) csv = {0};
    g_auto(Maker) maker = {0};
    g_auto(Window) window = {0};
    g_auto(Record) record = {0};
    g_autoptr(GError) failure = NULL;
    const char *sample;
    gsize length;
    if (!stream_peek(stream, CSV_SAMPLE, &sample, &length, error))
        return FALSE;
    gsize mark = length >= 3 && memcmp(sample, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (!csv_sniff(sample + mark, length - mark, options->csv_columns, &csv, &failure)) {
        if (!failure)
            g_set_error(&failure, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "no column with values was found; name it with a column mapping "
                        "(\"value=2\")");
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", name);
        return FALSE;
    }
    if (!maker_init(&maker, name, options, sink, error))
        return FALSE;
    note_columns(&csv, name, sink);
    window_init(&window, stream, sink, 2 * RECORD_MAX_SIZE);
    record_init(&record, &window, csv.separator);
    Reader reader = {&maker, &csv, &record, g_string_new(NULL), g_ptr_array_new()};
    gboolean good = window_skip_mark(&window, error) && read_records(&reader, &record, error);
    g_string_free(reader.comment, TRUE);
    g_ptr_array_unref(reader.tags);
    return good;
}
