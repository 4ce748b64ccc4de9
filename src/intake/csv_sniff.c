#include <string.h>

#include "intake/csv.h"
#include "intake/value.h"

#define SNIFF_RECORDS 50

/* What the records of a sample look like when split at one separator. */
typedef struct {
    guint records;
    guint fields[SNIFF_RECORDS]; /* of each record */
    guint values[SNIFF_RECORDS]; /* records in which this column is a value */
    guint count;                 /* fields that most records have */
    guint agreeing;              /* records that have so many */
    GPtrArray *first;            /* char *: the first record's fields */
    gboolean first_has_value;
    guint64 first_line;
} Sample;

static GPtrArray *copy_fields(const GArray *fields)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < fields->len; i++)
        g_ptr_array_add(names, g_strstrip(g_strdup(g_array_index(fields, RecordField, i).text)));
    return names;
}

static void sample_clear(Sample *sample)
{
    g_clear_pointer(&sample->first, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sample, sample_clear)

static void count_values(Sample *sample, const GArray *fields)
{
    for (guint i = 0; i < MIN(fields->len, SNIFF_RECORDS); i++) {
        const RecordField *field = &g_array_index(fields, RecordField, i);
        g_auto(Value) value = {0};
        if (!value_read(field->text, field->length, OBSERVABLE_NONE, &value))
            continue;
        if (sample->records == 1)
            sample->first_has_value = TRUE;
        sample->values[i]++;
    }
}

static void count_fields(Sample *sample)
{
    for (guint i = 0; i < sample->records; i++) {
        guint agreeing = 0;
        for (guint j = 0; j < sample->records; j++)
            agreeing += sample->fields[j] == sample->fields[i];
        if (agreeing > sample->agreeing) {
            sample->agreeing = agreeing;
            sample->count = sample->fields[i];
        }
    }
}

static void take_sample(Sample *sample, const char *text, gsize length, char separator)
{
    static const IntakeSink silent = {0};
    g_autoptr(Stream) stream = stream_from_memory(text, length);
    g_auto(Window) window = {0};
    g_auto(Record) record = {0};
    const char *why;
    window_init(&window, stream, &silent, 2 * RECORD_MAX_SIZE);
    record_init(&record, &window, separator);
    while (sample->records < SNIFF_RECORDS) {
        RecordResult result = record_next(&record, &why, NULL);
        if (result == RECORD_BROKEN)
            continue;
        if (result != RECORD_READ)
            break;
        if (sample->records == 0) {
            sample->first = copy_fields(record.fields);
            sample->first_line = record.line;
        }
        sample->fields[sample->records++] = record.fields->len;
        count_values(sample, record.fields);
    }
    count_fields(sample);
}

/* Looks for a header among the comments before the first record, the nearest first: "# id,url,...".
 * TRUE when one has as many columns as the records and names a value. */
static gboolean find_comment_header(const char *text, gsize length, const Sample *sample, Csv *csv)
{
    gboolean found = FALSE;
    g_auto(Record) record = {0};
    record_init(&record, NULL, csv->separator);
    guint64 line = 1;
    for (const char *end = text + length; text < end && line < sample->first_line; line++) {
        const char *newline = memchr(text, '\n', (gsize)(end - text));
        const char *stop = newline ? newline : end;
        const char *start = text;
        text = newline ? newline + 1 : end;
        while (start < stop && (*start == '#' || *start == ' '))
            start++;
        record_split(&record, start, (gsize)(stop - start));
        g_autoptr(GArray) columns = columns_from_header(record.fields);
        if (record.fields->len != sample->count || !columns_have_value(columns))
            continue;
        csv_clear(csv);
        csv->columns = g_steal_pointer(&columns);
        csv->names = copy_fields(record.fields);
        csv->header = line;
        csv->comment = found = TRUE;
    }
    return found;
}

/* Takes the first record for the header when it names a value and has none. */
static gboolean find_record_header(const Sample *sample, Csv *csv)
{
    g_autoptr(GArray) fields = g_array_new(FALSE, TRUE, sizeof(RecordField));
    for (guint i = 0; i < sample->first->len; i++) {
        const char *text = g_ptr_array_index(sample->first, i);
        RecordField field = {text, strlen(text), FALSE};
        g_array_append_val(fields, field);
    }
    g_autoptr(GArray) columns = columns_from_header(fields);
    if (sample->first_has_value || !columns_have_value(columns))
        return FALSE;
    csv->columns = g_steal_pointer(&columns);
    csv->names = g_ptr_array_ref(sample->first);
    csv->header = sample->first_line;
    return TRUE;
}

/* Without header: the first column that holds a value in most records. */
static gboolean guess_columns(const Sample *sample, Csv *csv)
{
    guint best = 0;
    for (guint i = 0; i < MIN(sample->count, SNIFF_RECORDS); i++)
        if (sample->values[i] > sample->values[best])
            best = i;
    if (sample->values[best] * 2 <= sample->records)
        return FALSE;
    csv->columns = g_array_new(FALSE, TRUE, sizeof(Column));
    g_array_set_size(csv->columns, sample->count);
    g_array_index(csv->columns, Column, best).role = COLUMNS_VALUE;
    return TRUE;
}

/* Puts the option's columns in the place of what the header says. */
static gboolean use_option(const char *text, const Sample *sample, Csv *csv, GError **error)
{
    const GPtrArray *names = csv->names ? csv->names : sample->first;
    g_autoptr(GArray) header = g_array_new(FALSE, TRUE, sizeof(RecordField));
    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        RecordField field = {name, strlen(name), FALSE};
        g_array_append_val(header, field);
    }
    gboolean named = FALSE;
    GArray *columns =
        columns_from_text(text, header, MAX(sample->count, header->len), &named, error);
    if (!columns)
        return FALSE;
    g_clear_pointer(&csv->columns, g_array_unref);
    csv->columns = columns;
    if (named && csv->header == 0 && sample->first) {
        csv->names = g_ptr_array_ref(sample->first);
        csv->header = sample->first_line;
    }
    return TRUE;
}

static gboolean sniff_separator(const char *text, gsize length, char separator, const char *columns,
                                Csv *csv, GError **error)
{
    g_auto(Sample) sample = {0};
    csv->separator = separator;
    take_sample(&sample, text, length, separator);
    csv->count = sample.count;
    if (sample.records == 0 || (sample.count < 2 && !columns))
        return FALSE;
    if (sample.agreeing * 10 < sample.records * 9 && !columns)
        return FALSE;
    gboolean header =
        find_comment_header(text, length, &sample, csv) || find_record_header(&sample, csv);
    if (columns)
        return use_option(columns, &sample, csv, error);
    return header || guess_columns(&sample, csv);
}

gboolean csv_sniff(const char *sample, gsize length, const char *columns, Csv *ret_csv,
                   GError **error)
{
    static const char separators[] = {',', ';', '\t', '|'};
    g_auto(Csv) best = {0};
    for (gsize i = 0; i < sizeof separators; i++) {
        g_auto(Csv) csv = {0};
        g_autoptr(GError) failure = NULL;
        if (!sniff_separator(sample, length, separators[i], columns, &csv, &failure)) {
            /* With another separator the option may fit; the first failure is told if none does. */
            if (failure && error && !*error)
                g_propagate_error(error, g_steal_pointer(&failure));
            continue;
        }
        /* A header beats a guess, more columns beat fewer. */
        if (best.columns && ((best.header > 0) > (csv.header > 0) ||
                             ((best.header > 0) == (csv.header > 0) && best.count >= csv.count)))
            continue;
        csv_clear(&best);
        best = csv;
        csv = (Csv){0};
    }
    if (!best.columns)
        return FALSE;
    if (error)
        g_clear_error(error);
    *ret_csv = best;
    best = (Csv){0};
    return TRUE;
}
