#include "intake/misp_source.h"

#include <string.h>
#include <yyjson.h>

#include "intake/misp.h"

#define CHUNK (64 * 1024)

/* Where the cutter is. A top-level object is taken for an item until its "response" turns out to be
 * an array; what stood before it (MISP writes nothing there) goes. */
typedef enum {
    BETWEEN,     /* before a top-level value */
    IN_ARRAY,    /* between the elements of an array */
    IN_ITEM,     /* inside an item */
    AFTER_ARRAY, /* after the array "response", inside its object */
} Place;

struct MispSource {
    Stream *stream;
    char *chunk;
    gsize at, end;

    Place place;
    gboolean in_response; /* the array is "response" */
    guint64 index;        /* of the element in its array */
    GString *item;
    guint64 skipped; /* bytes of the item beyond the bound */

    guint64 depth; /* of brackets, inside the item or after the array */
    gboolean in_string, escaped;
    gboolean top; /* the item is a top-level value */
    gsize key_at; /* where in the item the last string of depth 1 began */
    gboolean key_is_response, after_colon;
    char *path;
    gboolean ended, truncated;
};

MispSource *misp_source_new(Stream *stream)
{
    MispSource *source = g_new0(MispSource, 1);
    source->stream = stream;
    source->chunk = g_malloc(CHUNK);
    source->item = g_string_new(NULL);
    return source;
}

void misp_source_free(MispSource *source)
{
    if (source == NULL)
        return;
    g_free(source->chunk);
    g_string_free(source->item, TRUE);
    g_free(source->path);
    g_free(source);
}

gboolean misp_source_truncated(const MispSource *source)
{
    return source->truncated;
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void keep(MispSource *source, char c)
{
    if (source->item->len < MISP_MAX_EVENT)
        g_string_append_c(source->item, c);
    else
        source->skipped++;
}

static void begin_item(MispSource *source, gboolean top)
{
    source->place = IN_ITEM;
    source->top = top;
    g_string_truncate(source->item, 0);
    source->skipped = 0;
    source->depth = 0;
    source->in_string = source->escaped = FALSE;
    source->key_is_response = source->after_colon = FALSE;
    g_free(source->path);
    if (top)
        source->path = g_strdup("$");
    else
        source->path = g_strdup_printf(source->in_response ? "$.response[%" G_GUINT64_FORMAT "]"
                                                           : "$[%" G_GUINT64_FORMAT "]",
                                       source->index);
}

static void end_item(MispSource *source)
{
    source->place = source->top ? BETWEEN : IN_ARRAY;
    source->index++;
}

/* Follows strings and brackets. TRUE when @c closed the outermost bracket. */
static gboolean follow(MispSource *source, char c)
{
    if (source->in_string) {
        if (source->escaped)
            source->escaped = FALSE;
        else if (c == '\\')
            source->escaped = TRUE;
        else if (c == '"')
            source->in_string = FALSE;
        return FALSE;
    }
    if (c == '"')
        source->in_string = TRUE;
    else if (c == '{' || c == '[')
        source->depth++;
    else if ((c == '}' || c == ']') && source->depth > 0)
        return --source->depth == 0;
    return FALSE;
}

/* Watches a top-level object for "response": [. TRUE when @c is that bracket. */
static gboolean opens_response(MispSource *source, char c)
{
    if (!source->top || source->depth != 1)
        return FALSE;
    if (source->in_string) {
        if (c == '"' && !source->escaped) {
            static const char key[] = "\"response";
            source->key_is_response =
                source->item->len - source->key_at == sizeof key - 1 &&
                memcmp(source->item->str + source->key_at, key, sizeof key - 1) == 0;
        }
        return FALSE;
    }
    if (is_blank(c))
        return FALSE;
    if (c == '"') {
        source->key_at = source->item->len;
        source->key_is_response = FALSE;
    } else if (c == ':') {
        source->after_colon = source->key_is_response;
        return FALSE;
    } else if (c == '[' && source->after_colon) {
        return TRUE;
    }
    source->after_colon = FALSE;
    return FALSE;
}

/* One character inside an item. TRUE when the item is complete; *ret_again asks to see @c again,
 * as it belongs to what follows. */
static gboolean step_item(MispSource *source, char c, gboolean *ret_again)
{
    if (opens_response(source, c)) {
        source->place = IN_ARRAY;
        source->in_response = TRUE;
        source->index = 0;
        return FALSE;
    }
    if (source->depth == 0 && !source->in_string && source->item->len > 0 &&
        (c == ',' || c == ']' || c == '}' || is_blank(c) || c == '{' || c == '[' || c == '"')) {
        /* a number or a word ends where something else begins */
        *ret_again = TRUE;
        end_item(source);
        return TRUE;
    }
    gboolean was_string = source->in_string;
    keep(source, c);
    if (follow(source, c) || (was_string && !source->in_string && source->depth == 0)) {
        end_item(source);
        return TRUE;
    }
    return FALSE;
}

/* One character. TRUE when an item is complete. */
static gboolean step(MispSource *source, char c, gboolean *ret_again)
{
    switch (source->place) {
    case BETWEEN:
        if (c == '[') {
            source->place = IN_ARRAY;
            source->in_response = FALSE;
            source->index = 0;
        } else if (!is_blank(c) && c != ',') {
            begin_item(source, TRUE);
            return step_item(source, c, ret_again);
        }
        return FALSE;
    case IN_ARRAY:
        if (c == ']') {
            source->place = source->in_response ? AFTER_ARRAY : BETWEEN;
            source->depth = 1;
        } else if (!is_blank(c) && c != ',') {
            begin_item(source, FALSE);
            return step_item(source, c, ret_again);
        }
        return FALSE;
    case AFTER_ARRAY:
        if (follow(source, c))
            source->place = BETWEEN;
        return FALSE;
    default:
        return step_item(source, c, ret_again);
    }
}

gboolean misp_source_next(MispSource *source, char **ret_bytes, gsize *ret_length,
                          const char **ret_path, GError **error)
{
    gboolean complete = FALSE;
    while (!complete && !source->ended) {
        if (source->at == source->end) {
            source->at = 0;
            if (!stream_read(source->stream, source->chunk, CHUNK, &source->end, error))
                return FALSE;
            if (source->end == 0)
                break;
        }
        gboolean again = FALSE;
        complete = step(source, source->chunk[source->at], &again);
        if (!again)
            source->at++;
    }
    if (!complete && !source->ended) {
        /* an item cut off, or a bare word that only the end ends: the parser will say */
        complete = source->place == IN_ITEM && source->item->len > 0;
        source->truncated =
            source->place != BETWEEN && !(source->top && source->depth == 0 && !source->in_string);
        source->ended = TRUE;
    }
    if (!complete) {
        *ret_bytes = NULL;
        return TRUE;
    }
    *ret_length = source->item->len;
    *ret_path = source->path;
    if (source->skipped > 0) {
        *ret_length += source->skipped;
        g_string_truncate(source->item, 0);
    }
    for (gsize pad = 0; pad < YYJSON_PADDING_SIZE; pad++)
        g_string_append_c(source->item, '\0');
    *ret_bytes = source->item->str;
    return TRUE;
}
