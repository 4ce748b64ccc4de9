#include "shield/hit.h"

#include <string.h>
#include <yyjson.h>

#include "base/escape.h"
#include "base/timestamp.h"

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(doc, object, key, text);
    else
        yyjson_mut_obj_add_null(doc, object, key);
}

/* Who speaks, or is spoken to: address and port. */
static void add_end(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                    const char *port_key, const ObservationEnd *end)
{
    char address[OBSERVABLE_ADDRESS_MAX];

    if (end->known)
        observable_address_format(&end->address, address);
    add_text(doc, object, key, end->known ? address : NULL);
    if (end->port != 0)
        yyjson_mut_obj_add_uint(doc, object, port_key, end->port);
    else
        yyjson_mut_obj_add_null(doc, object, port_key);
}

static void add_observation(yyjson_mut_doc *doc, yyjson_mut_val *object, const ScanHit *hit)
{
    const Observation *observation = hit->observation;
    char time[TIMESTAMP_MAX];

    add_text(doc, object, "format", observation->format);
    add_text(doc, object, "field", hit->field);
    add_text(doc, object, "time",
             observation->time ? timestamp_format(time, observation->time, 6) : NULL);
    add_text(doc, object, "proto", observation->protocol);
    add_end(doc, object, "src_ip", "src_port", &observation->source);
    add_end(doc, object, "dest_ip", "dest_port", &observation->destination);
}

/* Only of what is on a warninglist. */
static void add_lists(yyjson_mut_doc *doc, yyjson_mut_val *object, const SetValue *value)
{
    if (!value->lists[0])
        return;
    yyjson_mut_val *lists = yyjson_mut_obj_add_arr(doc, object, "suppressed_by");
    for (const char *const *list = value->lists; *list; list++)
        yyjson_mut_arr_add_str(doc, lists, *list);
}

void hit_append_json(GString *into, const char *file, const ScanHit *hit)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    const SetValue *value = &hit->value;
    char until[TIMESTAMP_MAX];
    g_autofree char *seen = g_utf8_make_valid(hit->seen, (gssize)hit->seen_length);
    g_autofree char *valid_file = g_utf8_make_valid(file, -1);
    size_t length;

    yyjson_mut_doc_set_root(doc, object);
    add_text(doc, object, "type", observable_kind_name(value->kind));
    add_text(doc, object, "value", value->value);
    add_text(doc, object, "seen", seen);
    add_text(doc, object, "indicator", value->id);
    add_text(doc, object, "source", value->source);
    add_text(doc, object, "name", value->name);
    add_text(doc, object, "file", valid_file);
    yyjson_mut_obj_add_uint(doc, object, "line", hit->line);
    if (hit->column > 0)
        yyjson_mut_obj_add_uint(doc, object, "column", hit->column);
    else
        yyjson_mut_obj_add_null(doc, object, "column");
    if (value->port != 0)
        yyjson_mut_obj_add_uint(doc, object, "port", value->port);
    if (value->confidence >= 0)
        yyjson_mut_obj_add_int(doc, object, "confidence", value->confidence);
    else
        yyjson_mut_obj_add_null(doc, object, "confidence");
    add_text(doc, object, "valid_until",
             value->valid_until ? timestamp_format(until, value->valid_until, 3) : NULL);
    add_text(doc, object, "tlp", marking_tlp_name(value->tlp));
    add_lists(doc, object, value);
    if (hit->observation)
        add_observation(doc, object, hit);
    char *json = yyjson_mut_write(doc, 0, &length);
    if (json)
        g_string_append_len(into, json, (gssize)length);
    g_string_append_c(into, '\n');
    free(json);
    yyjson_mut_doc_free(doc);
}

/* Columns of the table; a longer cell pushes the rest to the right. */
enum { WHERE_WIDTH = 28, TYPE_WIDTH = 6, VALUE_WIDTH = 32, SEEN_WIDTH = 32, ID_WIDTH = 47 };

static void append_cell(GString *into, const char *text, gssize length, guint width)
{
    g_autofree char *safe = escape_terminal(text, length);
    g_string_append(into, safe);
    for (glong written = g_utf8_strlen(safe, -1); written < (glong)width; written++)
        g_string_append_c(into, ' ');
    g_string_append(into, "  ");
}

static void end_row(GString *into)
{
    while (into->len > 0 && into->str[into->len - 1] == ' ')
        g_string_truncate(into, into->len - 1);
    g_string_append_c(into, '\n');
}

void hit_append_heading(GString *into)
{
    append_cell(into, "WHERE", -1, WHERE_WIDTH);
    append_cell(into, "TYPE", -1, TYPE_WIDTH);
    append_cell(into, "VALUE", -1, VALUE_WIDTH);
    append_cell(into, "SEEN AS", -1, SEEN_WIDTH);
    append_cell(into, "INDICATOR", -1, ID_WIDTH);
    append_cell(into, "SOURCE", -1, 0);
    end_row(into);
}

/* "192.0.2.1:443" */
static void append_end(GString *into, const ObservationEnd *end)
{
    char address[OBSERVABLE_ADDRESS_MAX];

    if (!end->known) {
        g_string_append_c(into, '?');
        return;
    }
    observable_address_format(&end->address, address);
    g_string_append_printf(into, end->address.v6 && end->port ? "[%s]" : "%s", address);
    if (end->port != 0)
        g_string_append_printf(into, ":%u", end->port);
}

/* Which field, when, and between whom. */
static void append_observation(GString *into, const ScanHit *hit)
{
    const Observation *observation = hit->observation;
    char time[TIMESTAMP_MAX];

    if (hit->field)
        append_cell(into, hit->field, -1, 0);
    if (observation->time != 0)
        append_cell(into, timestamp_format(time, observation->time, 3), -1, 0);
    if (!observation->source.known && !observation->destination.known)
        return;
    append_end(into, &observation->source);
    g_string_append(into, " > ");
    append_end(into, &observation->destination);
    g_string_append(into, "  ");
    if (observation->protocol)
        append_cell(into, observation->protocol, -1, 0);
}

void hit_append_row(GString *into, const char *file, const ScanHit *hit)
{
    const SetValue *value = &hit->value;
    g_autoptr(GString) where = g_string_new(file);
    gboolean same = strlen(value->value) == hit->seen_length &&
                    memcmp(value->value, hit->seen, hit->seen_length) == 0;
    char until[TIMESTAMP_MAX];

    g_string_append_printf(where, ":%" G_GUINT64_FORMAT, hit->line);
    if (hit->column > 0)
        g_string_append_printf(where, ":%" G_GUINT64_FORMAT, hit->column);
    append_cell(into, where->str, -1, WHERE_WIDTH);
    append_cell(into, observable_kind_name(value->kind), -1, TYPE_WIDTH);
    append_cell(into, value->value, -1, VALUE_WIDTH);
    append_cell(into, same ? "=" : hit->seen, same ? 1 : (gssize)hit->seen_length, SEEN_WIDTH);
    append_cell(into, value->id, -1, ID_WIDTH);
    append_cell(into, value->source, -1, 0);
    if (value->tlp != MARKING_TLP_NONE) {
        g_autofree char *tlp = g_ascii_strup(marking_tlp_name(value->tlp), -1);
        g_string_append_printf(into, "TLP:%s  ", tlp);
    }
    if (value->confidence >= 0)
        g_string_append_printf(into, "confidence %d  ", value->confidence);
    if (value->valid_until != 0)
        g_string_append_printf(into, "until %s  ", timestamp_format(until, value->valid_until, 0));
    if (hit->observation)
        append_observation(into, hit);
    end_row(into);
}
