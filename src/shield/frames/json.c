/* JSON that is not an object a line: an array of objects ("[{...}, {...}]"), objects one after the
 * other that stretch over lines, and an object around an array ({"Records": [...]}), as services
 * give it. Of each object one line. Nothing has to be right for that: brackets that do not fit, and
 * strings that do not end, end the object they are in where the next one seems to begin. */
#include <string.h>

#include "shield/frames/format.h"

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* --- What it is ------------------------------------------------------------------------------ */

/* What arrays of records are called in the objects around them. */
static gboolean is_wrapper(const char *key, gsize length)
{
    static const char *const names[] = {"Records", "records", "Events",  "events",   "hits",
                                        "value",   "results", "items",   "data",     "logs",
                                        "entries", "alerts",  "objects", "logEvents"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strlen(names[i]) == length && memcmp(names[i], key, length) == 0)
            return TRUE;
    return FALSE;
}

typedef struct {
    const char *text;
    gsize length, at;
    gsize key, key_length; /* of the value that comes */
    guint depth;
    guint way;              /* so many of the open ones are on a way of wrappers */
    gboolean lines, values; /* what came before has line feeds; says something */
} Look;

/* Goes over blanks; FALSE at the end. */
static gboolean skip_blanks(Look *look)
{
    for (; look->at < look->length && is_blank(look->text[look->at]); look->at++)
        look->lines = look->lines || look->text[look->at] == '\n';
    return look->at < look->length;
}

/* Goes over the string at the place, which is noted as a key; FALSE when it has no end. */
static gboolean skip_string(Look *look)
{
    look->key = ++look->at;
    for (; look->at < look->length && look->text[look->at] != '"'; look->at++)
        look->at += look->text[look->at] == '\\';
    if (look->at >= look->length)
        return FALSE;
    look->key_length = look->at++ - look->key;
    return TRUE;
}

/* Does an object begin at the place? */
static FrameAnswer begins_object(Look *look)
{
    if (!skip_blanks(look))
        return FRAME_MORE;
    if (look->text[look->at] != '{')
        return FRAME_NO;
    Look behind = *look;
    behind.at++;
    if (!skip_blanks(&behind))
        return FRAME_MORE;
    return behind.text[behind.at] == '"' || behind.text[behind.at] == '}' ? FRAME_YES : FRAME_NO;
}

/* An object that ended: another must follow, and it must have more than one line. */
static FrameAnswer look_behind(Look *look)
{
    if (!look->lines)
        return FRAME_NO;
    return begins_object(look);
}

/* A bracket opens: FRAME_YES when it is that of the records; FRAME_NO when it is another. */
static FrameAnswer look_into(Look *look, char c)
{
    gboolean on_way = look->depth == look->way && look->depth > 0 && look->depth < 4 &&
                      is_wrapper(look->text + look->key, look->key_length);

    look->depth++;
    look->way += look->depth == 1 || on_way;
    look->at++;
    if (!on_way || c != '[')
        return FRAME_NO;
    Look inside = *look;
    FrameAnswer answer = begins_object(&inside);
    if (answer != FRAME_NO)
        look->at = inside.at;
    return answer;
}

/* At an object that may be around an array, or one of several. */
static FrameAnswer look_through(Look *look)
{
    while (skip_blanks(look)) {
        char c = look->text[look->at];
        if (c == '"') {
            if (!skip_string(look))
                break;
        } else if (c == '{' || c == '[') {
            FrameAnswer answer = look_into(look, c);
            if (answer != FRAME_NO)
                return answer;
        } else if (c == '}' || c == ']') {
            look->at++;
            look->depth--;
            look->way = MIN(look->way, look->depth);
            if (look->depth == 0)
                return look_behind(look);
        } else {
            look->values = look->values || (c != ':' && c != ',');
            look->at++;
        }
    }
    return FRAME_MORE;
}

/* "Record 7", as evtx_dump writes before each. */
static gboolean skip_number(Look *look)
{
    static const char record[] = "Record ";
    gsize left = look->length - look->at;

    if (memcmp(look->text + look->at, record, MIN(left, strlen(record))) != 0)
        return FALSE;
    for (look->at += MIN(left, strlen(record)); look->at < look->length; look->at++)
        if (!g_ascii_isdigit(look->text[look->at]))
            break;
    return TRUE;
}

static FrameAnswer detect(Frame *frame, const char *text, gsize length, gboolean whole)
{
    Look look = {.text = text, .length = length};
    FrameAnswer answer;

    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        look.at = 3;
    if (!skip_blanks(&look))
        return FRAME_MORE;
    gsize first = look.at;
    look.lines = FALSE;
    frame->of.json.start = -1;
    if (text[look.at] == '[') {
        look.at++;
        answer = begins_object(&look);
        frame->of.json.blank = TRUE;
    } else if (text[look.at] == '{') {
        answer = look_through(&look);
        /* One that ended, and has others behind it, is a record itself. */
        if (answer == FRAME_YES && look.depth == 0)
            look.at = first;
        frame->of.json.blank = !look.values || look.at == first;
    } else if (skip_number(&look)) {
        answer = begins_object(&look);
        look.at = first;
    } else {
        return FRAME_NO;
    }
    frame->of.json.head = look.at;
    return answer;
}

/* --- Reading --------------------------------------------------------------------------------- */

static gboolean top_is_object(const Frame *frame)
{
    guint depth = frame->of.json.depth;
    return depth > 0 && depth <= 64 && frame->of.json.objects >> (depth - 1) & 1;
}

static void open_bracket(Frame *frame, char c)
{
    guint depth = frame->of.json.depth++;
    if (depth < 64) {
        guint64 bit = G_GUINT64_CONSTANT(1) << depth;
        frame->of.json.objects =
            c == '{' ? frame->of.json.objects | bit : frame->of.json.objects & ~bit;
    }
}

static void begin(Frame *frame, gssize start)
{
    frame_begin(frame);
    frame->of.json.depth = 0;
    frame->of.json.objects = 0;
    frame->of.json.start = start;
    frame->of.json.known = frame->of.json.flat = FALSE;
    open_bracket(frame, '{');
    frame_put(frame, '{');
}

/* Goes up to the next bracket that @c closes; FALSE when there is none in the record. */
static gboolean close_bracket(Frame *frame, char c)
{
    while (frame->of.json.depth > 0) {
        gboolean fits = top_is_object(frame) == (c == '}') || frame->of.json.depth > 64;
        frame->of.json.depth--;
        if (fits)
            return TRUE;
    }
    return FALSE;
}

/* In an array, or around it. What parts records is left out, and so are blanks in the rest of the
 * line that a record ended in. */
static gboolean take_between(Frame *frame, char c, gboolean first)
{
    if (c == '{')
        begin(frame, first ? (gssize)frame->of.json.column : -1);
    else if (frame->filled || (!strchr(",[]}", c) && !(is_blank(c) && frame->owed < 0)))
        frame_put(frame, strchr(",[]}", c) ? ' ' : c);
    return TRUE;
}

/* Can an object begin here, within the record? */
static gboolean may_open(const Frame *frame, gboolean first)
{
    gssize column = (gssize)frame->of.json.column;

    if (frame_is_over(frame) || (top_is_object(frame) && frame->of.json.last != ':'))
        return FALSE;
    return !first || column != frame->of.json.start || frame->of.json.flat;
}

/* A byte of a record that is in no string. FALSE: the record ended before it. */
static gboolean take_inside(Frame *frame, char c, gboolean first)
{
    if (c == '{' && !may_open(frame, first)) {
        frame_finish(frame);
        return FALSE;
    }
    if (first && !frame->of.json.known) {
        frame->of.json.known = TRUE;
        frame->of.json.flat = (gssize)frame->of.json.column <= frame->of.json.start;
    }
    if (c == '{' || c == '[') {
        open_bracket(frame, c);
    } else if (c == '}' || c == ']') {
        if (!close_bracket(frame, c)) {
            frame_finish(frame);
            return FALSE;
        }
        frame_put(frame, c);
        if (frame->of.json.depth == 0)
            frame_finish(frame);
        return TRUE;
    }
    frame_put(frame, c);
    return TRUE;
}

/* A string that seemed to end behind '{"' did not, when @c stands behind it: it has no end, and
 * these are the first bytes of the next object. FALSE: the record had to end before them. */
static gboolean take_behind_held(Frame *frame, char c)
{
    gboolean ended = frame->held_length == 2;

    if (!frame->inside) {
        frame->held_length = 0;
        begin(frame, -1);
        frame_put(frame, '"');
        frame->of.json.string = TRUE;
        return TRUE;
    }
    if (ended && !is_blank(c) && !strchr(",:]}", c)) {
        frame_finish(frame);
        return FALSE;
    }
    frame->of.json.string = !ended;
    frame->of.json.last = '"';
    frame_release(frame);
    return TRUE;
}

static void take_in_string(Frame *frame, char c)
{
    if (c == '{' && frame->inside && !frame->of.json.escaped) {
        frame->held[frame->held_length++] = c;
        return;
    }
    frame->of.json.string = c != '"' || frame->of.json.escaped;
    frame->of.json.escaped = c == '\\' && !frame->of.json.escaped;
    frame->of.json.last = '"';
    frame_put(frame, c);
}

static gboolean take_byte(Frame *frame, char c)
{
    gboolean first = !frame->of.json.begun && !is_blank(c);

    if (frame->held_length == 1 && c == '"') {
        frame->held[frame->held_length++] = c;
        return TRUE;
    }
    if (frame->held_length > 0 && !take_behind_held(frame, c))
        return FALSE;
    if (c == '\n') {
        frame->of.json.string = frame->of.json.escaped = FALSE; /* none goes over lines */
        frame_take_feed(frame);
        return TRUE;
    }
    if (frame->of.json.string) {
        take_in_string(frame, c);
        return TRUE;
    }
    frame->of.json.string = c == '"';
    gboolean taken = frame->inside ? take_inside(frame, c, first) : take_between(frame, c, first);
    if (taken && !is_blank(c))
        frame->of.json.last = c;
    return taken;
}

static void take_head(Frame *frame, char c)
{
    frame->of.json.head--;
    frame_take_plain(frame, frame->of.json.blank && c != '\n' ? ' ' : c);
}

static gboolean take(Frame *frame, char c)
{
    if (frame->of.json.head > 0)
        take_head(frame, c);
    else if (!take_byte(frame, c))
        return FALSE;
    frame->of.json.column = c == '\n' ? 0 : frame->of.json.column + 1;
    frame->of.json.begun = c != '\n' && (frame->of.json.begun || !is_blank(c));
    return TRUE;
}

/* Blanks, of any number; and of a string all but what may end it. */
static gsize pass(Frame *frame, const char *text, gsize length)
{
    static const gboolean ends[256] = {['"'] = TRUE, ['\\'] = TRUE, ['{'] = TRUE, ['\n'] = TRUE};
    gsize at = 0;

    if (frame->of.json.head > 0 || frame->held_length > 0 || frame->of.json.escaped)
        return 0;
    if (frame->of.json.string)
        while (at < length && !ends[(guchar)text[at]])
            at++;
    else
        while (at < length && text[at] == ' ')
            at++;
    frame->of.json.column += at;
    return at;
}

const FrameFormat frame_json = {detect, take, pass};
