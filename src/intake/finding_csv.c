#include "intake/finding_csv.h"

#include <string.h>

#include "intake/rsit.h"
#include "intake/shadowserver.h"
#include "intake/value.h"

static const IntakeSink silent = {0};

/* Whether the fields may be names: of letters, none a value itself. */
static gboolean may_be_header(const GArray *fields)
{
    for (guint i = 0; i < fields->len; i++) {
        const RecordField *field = &g_array_index(fields, RecordField, i);
        g_auto(Value) value = {0};
        if (field->length > 100 ||
            value_read(field->text, field->length, OBSERVABLE_NONE, &value)) {
            /* "source.ip" looks like a name of the DNS. */
            if (field->length > 100 || value.kind != OBSERVABLE_DOMAIN)
                return FALSE;
        }
    }
    return TRUE;
}

/* Of one column only that a value's is a table: a sentence may begin with a word that is one. */
static gboolean looks_like_table(const GArray *fields, const GArray *columns)
{
    if (!may_be_header(fields) || !finding_columns_have_value(columns))
        return FALSE;
    return columns->len >= 2 || (fields->len == columns->len && fields->len == 1);
}

gboolean finding_csv_sniff(const char *sample, gsize length, FindingCsv *ret_csv)
{
    static const char separators[] = {',', ';', '\t', '|'};
    FindingCsv best = {0};
    for (guint i = 0; i < sizeof separators; i++) {
        g_autoptr(Stream) stream = stream_from_memory(sample, length);
        g_auto(Window) window = {0};
        g_auto(Record) record = {0};
        const char *why;
        window_init(&window, stream, &silent, 2 * RECORD_MAX_SIZE);
        record_init(&record, &window, separators[i]);
        if (!window_skip_mark(&window, NULL) || record_next(&record, &why, NULL) != RECORD_READ)
            continue;
        gboolean shadowserver = shadowserver_is_header(record.fields);
        g_autoptr(GArray) columns = finding_columns_from_header(record.fields);
        if (!shadowserver && !looks_like_table(record.fields, columns))
            continue;
        if (columns->len > best.recognised || (shadowserver && !best.shadowserver))
            best = (FindingCsv){separators[i], shadowserver, MAX(columns->len, 1)};
    }
    if (best.recognised == 0)
        return FALSE;
    *ret_csv = best;
    return TRUE;
}

/* --- Reading --------------------------------------------------------------------------------- */

typedef struct {
    FindingMaker *maker;
    GArray *columns;  /* FindingColumn */
    GPtrArray *names; /* char *: of the columns */
    const ShadowserverReport *report;
    char *type; /* of the report */
} Table;

static void table_clear(Table *table)
{
    g_clear_pointer(&table->columns, g_array_unref);
    g_clear_pointer(&table->names, g_ptr_array_unref);
    g_clear_pointer(&table->type, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Table, table_clear)

/* Which report of Shadowserver's it is: as said, by the file's name, by its columns. */
static gboolean choose_report(Table *table, const GArray *fields, GError **error)
{
    const FindingOptions *options = table->maker->options;
    if (options->report_type) {
        table->type = g_strdup(options->report_type);
        table->report = shadowserver_report(table->type);
        if (!table->report) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "no report of Shadowserver is called \"%s\"", table->type);
            return FALSE;
        }
    } else {
        table->type = options->name ? shadowserver_type_of_file(options->name) : NULL;
        table->report = table->type ? shadowserver_report(table->type) : shadowserver_guess(fields);
    }
    if (table->type)
        finding_maker_what(table->maker, "Shadowserver report %s", table->type);
    else
        finding_maker_what(table->maker, "Shadowserver report; neither the file's name nor an "
                                         "option says which");
    return TRUE;
}

static gboolean choose_columns(Table *table, const GArray *fields, gboolean shadowserver,
                               GError **error)
{
    const FindingOptions *options = table->maker->options;
    if (shadowserver && !choose_report(table, fields, error))
        return FALSE;
    if (!shadowserver)
        finding_maker_what(table->maker, "table of %u columns", fields->len);
    if (options->csv_columns)
        table->columns = finding_columns_from_text(options->csv_columns, fields, FALSE, error);
    else if (table->report)
        table->columns = finding_columns_from_text(table->report->columns, fields, TRUE, error);
    else
        table->columns = finding_columns_from_header(fields);
    if (!table->columns)
        return FALSE;
    if (finding_columns_have_value(table->columns))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "no column's name says that it holds addresses, names, URLs, e-mail "
                        "addresses or hashes; name the columns");
    return FALSE;
}

static void take_names(Table *table, const GArray *fields)
{
    table->names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < fields->len; i++) {
        const char *text = g_array_index(fields, RecordField, i).text;
        g_ptr_array_add(table->names, g_strstrip(g_utf8_make_valid(text, -1)));
    }
}

/* "Infected System: mirai": what one line can say. */
static void describe(Finding *finding, FindingMaker *maker)
{
    const RsitClass *class = rsit_find(finding->classification);
    if (!class || !finding->description)
        return;
    g_autofree char *text = g_strdup_printf("%s: %s", class->title, finding->description);
    finding->description = finding_maker_text(maker, text, strlen(text));
}

static gboolean read_row(Table *table, const Record *record, GError **error)
{
    FindingMaker *maker = table->maker;
    Finding *finding = &maker->finding;
    finding_maker_begin(maker, record->line, FALSE);
    if (record->fields->len > table->names->len) {
        finding_maker_refuse(maker, NULL, "%u columns where the header has %u", record->fields->len,
                             table->names->len);
        return TRUE;
    }
    if (table->report) {
        finding->classification = table->report->word;
        finding->role = table->report->role;
        finding->reporter = "Shadowserver";
        if (table->type)
            finding->report_type = finding_maker_text(maker, table->type, strlen(table->type));
    }
    if (!finding_columns_use(table->columns, record->fields, maker)) {
        finding_maker_refuse(maker, NULL, "%s", maker->wrong);
        return TRUE;
    }
    for (guint i = 0; i < record->fields->len; i++) {
        const RecordField *field = &g_array_index(record->fields, RecordField, i);
        finding_maker_field(maker, g_ptr_array_index(table->names, i), field->text, field->length);
    }
    if (table->report)
        describe(finding, maker);
    return finding_maker_give(maker, NULL, error);
}

gboolean finding_csv_read(Stream *stream, char separator, gboolean shadowserver,
                          FindingMaker *maker, GError **error)
{
    g_auto(Window) window = {0};
    g_auto(Record) record = {0};
    g_auto(Table) table = {.maker = maker};
    window_init(&window, stream, &silent, 2 * RECORD_MAX_SIZE);
    record_init(&record, &window, separator);
    if (!window_skip_mark(&window, error))
        return FALSE;
    for (;;) {
        const char *why = NULL;
        switch (record_next(&record, &why, error)) {
        case RECORD_FAILED:
            return FALSE;
        case RECORD_END:
            return TRUE;
        case RECORD_BROKEN:
            finding_maker_begin(maker, record.line, FALSE);
            finding_maker_refuse(maker, NULL, "%s", why);
            break;
        case RECORD_READ:
            if (table.names) {
                if (!read_row(&table, &record, error))
                    return FALSE;
                break;
            }
            take_names(&table, record.fields);
            if (!choose_columns(&table, record.fields, shadowserver, error))
                return FALSE;
            break;
        }
    }
}
