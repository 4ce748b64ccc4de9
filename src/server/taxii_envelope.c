#include "server/taxii_envelope.h"

#include <string.h>
#include <yyjson.h>

#include "intake/extent.h"
#include "intake/skim.h"

#define SEND "send {\"objects\": [...]}"

/* Reads the envelope from the front; what is at the cursor is always inside the text or its end. */
typedef struct {
    const char *at, *end;
} Cursor;

/* What an envelope has. */
typedef struct {
    GArray *items;          /* of "objects"; NULL until it was seen */
    TaxiiEnvelopeItem type; /* value of "type", which an envelope has not, but a STIX object */
} Members;

static gboolean refuse(GError **error, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "the envelope %s", what);
    return FALSE;
}

/* The next byte that is no white space, or 0 at the end. */
static char peek(Cursor *cursor)
{
    cursor->at += skim_blank(cursor->at, (gsize)(cursor->end - cursor->at));
    return cursor->at < cursor->end ? *cursor->at : '\0';
}

static gboolean take(Cursor *cursor, char wanted)
{
    if (peek(cursor) != wanted)
        return FALSE;
    cursor->at++;
    return TRUE;
}

/* The value at the cursor, as far as brackets and quotes tell; length 0 when it has no end. Objects
 * are nearly all of an envelope, and extent_scan() is the fast way through them. */
static TaxiiEnvelopeItem take_value(Cursor *cursor)
{
    TaxiiEnvelopeItem item = {cursor->at, 0};
    gsize left = (gsize)(cursor->end - cursor->at);
    if (left > 0 && *cursor->at == '{') {
        Extent extent = {0};
        gsize at;
        if (extent_scan(&extent, cursor->at, left, &at) == EXTENT_END)
            item.length = at;
    } else {
        item.length = skim_value(cursor->at, left);
    }
    cursor->at += item.length;
    return item;
}

static gboolean take_objects(Cursor *cursor, GArray *items, GError **error)
{
    if (!take(cursor, '['))
        return refuse(error, "has \"objects\" that is no list");
    if (take(cursor, ']'))
        return TRUE;
    do {
        peek(cursor);
        TaxiiEnvelopeItem item = take_value(cursor);
        if (item.length == 0)
            return refuse(error, "is broken or cut off inside \"objects\"");
        if (items->len == TAXII_ENVELOPE_MAX_OBJECTS) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "the envelope has more than %d objects", TAXII_ENVELOPE_MAX_OBJECTS);
            return FALSE;
        }
        g_array_append_val(items, item);
    } while (take(cursor, ','));
    return take(cursor, ']') || refuse(error, "is broken inside \"objects\"");
}

/* Unknown properties are ignored (section 7.1.1), but must be JSON. */
static gboolean take_other(Cursor *cursor, TaxiiEnvelopeItem *ret_value, GError **error)
{
    peek(cursor);
    TaxiiEnvelopeItem value = take_value(cursor);
    yyjson_doc *doc =
        value.length > 0 ? yyjson_read(value.bytes, value.length, YYJSON_READ_NOFLAG) : NULL;
    yyjson_doc_free(doc);
    *ret_value = value;
    return doc || refuse(error, "has a property that is no JSON");
}

static gboolean is_text(TaxiiEnvelopeItem item, const char *text)
{
    return item.length == strlen(text) && memcmp(item.bytes, text, item.length) == 0;
}

/* One `"key": value`. */
static gboolean take_member(Cursor *cursor, Members *members, GError **error)
{
    if (peek(cursor) != '"')
        return refuse(error, "is broken or cut off");
    TaxiiEnvelopeItem key = take_value(cursor);
    if (key.length == 0 || !take(cursor, ':'))
        return refuse(error, "is broken or cut off");
    if (!is_text(key, "\"objects\"")) {
        TaxiiEnvelopeItem value;
        return take_other(cursor, is_text(key, "\"type\"") ? &members->type : &value, error);
    }
    if (members->items)
        return refuse(error, "has \"objects\" twice");
    members->items = g_array_new(FALSE, FALSE, sizeof(TaxiiEnvelopeItem));
    return take_objects(cursor, members->items, error);
}

/* Without "objects": what was it meant to be? */
static gboolean refuse_empty(const Members *members, GError **error)
{
    if (members->type.length == 0)
        return refuse(error, "has no \"objects\"; " SEND);
    if (is_text(members->type, "\"bundle\""))
        return refuse(error, "has no \"objects\": it is a bundle of nothing; " SEND);
    return refuse(error,
                  "has no \"objects\": it is an object itself; put it in an envelope and " SEND);
}

GArray *taxii_envelope_split(const char *text, gsize length, GError **error)
{
    Members members = {0};
    Cursor cursor = {text, text + length};
    gboolean good = take(&cursor, '{') || refuse(error, "is no JSON object; " SEND);
    if (good && !take(&cursor, '}')) {
        do {
            good = take_member(&cursor, &members, error);
        } while (good && take(&cursor, ','));
        good = good && (take(&cursor, '}') || refuse(error, "is broken or cut off"));
    }
    if (good && (peek(&cursor) != '\0' || cursor.at != cursor.end))
        good = refuse(error, "is followed by something else");
    if (good && !members.items)
        good = refuse_empty(&members, error);
    if (!good && members.items)
        g_array_unref(g_steal_pointer(&members.items));
    return members.items;
}
