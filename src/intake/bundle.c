#include "intake/bundle.h"

#include <string.h>
#include <yyjson.h>

#include "intake/extent.h"
#include "intake/report.h"
#include "intake/skim.h"
#include "intake/window.h"
#include "stix/identifier.h"

#define BUNDLE_LOOK_AHEAD 4096                /* what may stand between two objects at one time */
#define BUNDLE_SKIM_MAX   (1024 * 1024)       /* how far to look whether an object is a bundle */
#define BUNDLE_MEMBER_MAX 4096                /* longest member of a bundle that is looked at */
#define BUNDLE_SEARCH_MAX (512 * 1024 * 1024) /* bytes looked at, of one input, to find back */

/* An object that does not say is STIX 2.0, unless it is an observable (STIX 2.1 section 3.2,
 * spec_version). That holds for each object by itself, so it does not matter whether a bundle
 * says "spec_version" and whether before or behind its objects. */
#define BUNDLE_FALLBACK OBJECT_SPEC_20

typedef struct {
    Window window;
    const char *name;
    const IntakeSink *sink;
    GString *where;
    guint64 search_left; /* of BUNDLE_SEARCH_MAX */
    guint64 found;       /* objects handed on */
    gboolean lost;       /* after broken text: which brackets are open is no longer known */
} Bundle;

/* A list of values in the input: where they stand, and what the next is called. */
typedef struct {
    const char *path; /* "$.objects", "$", or NULL: values one after the other */
    guint64 index;
} Series;

static const char *where_path(Bundle *bundle, const char *path)
{
    g_string_printf(bundle->where, "%s: %s", bundle->name, path);
    return bundle->where->str;
}

static const char *where_entry(Bundle *bundle, const Series *series)
{
    char digits[24];
    if (!series->path) {
        g_string_printf(bundle->where, "%s: object %" G_GUINT64_FORMAT, bundle->name,
                        series->index + 1);
        return bundle->where->str;
    }
    char *text = digits + sizeof digits;
    *--text = '\0';
    *--text = ']';
    for (guint64 rest = series->index, first = 1; rest > 0 || first; rest /= 10, first = 0)
        *--text = (char)('0' + rest % 10);
    g_string_assign(bundle->where, bundle->name);
    g_string_append(bundle->where, ": ");
    g_string_append(bundle->where, series->path);
    g_string_append_c(bundle->where, '[');
    g_string_append(bundle->where, text);
    return bundle->where->str;
}

/* Skips white space, and the record separators of RFC 7464. *ret_next is the byte that follows, not
 * read, or -1 at the end. */
static gboolean next_byte(Bundle *bundle, int *ret_next, GError **error)
{
    Window *window = &bundle->window;
    for (;;) {
        gsize length = window_length(window);
        const char *data = window_data(window);
        gsize at = 0;
        while (at < length && (data[at] == ' ' || data[at] == '\n' || data[at] == '\t' ||
                               data[at] == '\r' || data[at] == '\x1e'))
            at++;
        window_skip(window, at);
        if (at < length) {
            *ret_next = (guchar)data[at];
            return TRUE;
        }
        if (window->end) {
            *ret_next = -1;
            return TRUE;
        }
        if (!window_more(window, error))
            return FALSE;
    }
}

/* --- Finding back ---------------------------------------------------------------------------- */

typedef enum { FOUND_NO, FOUND_YES, FOUND_FAILED } Found;

/* Whether @data is JSON and a STIX object by its looks. */
static gboolean is_object(const char *data, gsize length)
{
    yyjson_doc *doc = yyjson_read(data, length, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    gboolean good =
        yyjson_is_str(yyjson_obj_get(root, "type")) && yyjson_is_str(yyjson_obj_get(root, "id"));
    yyjson_doc_free(doc);
    return good;
}

/* Whether the brace at @at of the window may begin an object: it follows what separates values. */
static gboolean follows_separator(const char *data, gsize at)
{
    while (at > 0 && (data[at - 1] == ' ' || data[at - 1] == '\t'))
        at--;
    return at == 0 || strchr(",[}\n\r\x1e", data[at - 1]) != NULL;
}

/* Whether a whole STIX object begins at @at of the window. */
static Found try_object(Bundle *bundle, gsize at, GError **error)
{
    Window *window = &bundle->window;
    Extent extent = {0};
    gsize end = 0;
    ExtentResult result;
    while ((result = extent_scan(&extent, window_data(window) + at, window_length(window) - at,
                                 &end)) == EXTENT_MORE &&
           !window->end && !window_full(window))
        if (!window_more(window, error))
            return FOUND_FAILED;
    gsize looked = result == EXTENT_MORE ? extent.at : end;
    bundle->search_left -= MIN(bundle->search_left, looked + 64);
    if (result != EXTENT_END || end > OBJECT_MAX_SIZE)
        return FOUND_NO;
    return is_object(window_data(window) + at, end) ? FOUND_YES : FOUND_NO;
}

/* Leaves the window at the next whole object that begins @from or more bytes behind the present
 * place. FOUND_NO when there is none: with the window where it was when only bytes already @within
 * it are searched, else at the end of the input. */
static Found find_object(Bundle *bundle, gsize from, gboolean within, GError **error)
{
    Window *window = &bundle->window;
    for (gsize at = from; bundle->search_left > 0;) {
        const char *data = window_data(window);
        gsize length = window_length(window);
        const char *brace = at < length ? memchr(data + at, '{', length - at) : NULL;
        if (!brace && within)
            return FOUND_NO;
        if (!brace) {
            window_skip(window, length);
            at = 0;
            if (window->end)
                return FOUND_NO;
            if (!window_more(window, error))
                return FOUND_FAILED;
            continue;
        }
        at = (gsize)(brace - data);
        Found found = follows_separator(data, at) ? try_object(bundle, at, error) : FOUND_NO;
        if (found == FOUND_YES)
            window_skip(window, at);
        if (found != FOUND_NO)
            return found;
        at++;
    }
    while (!within && (!window->end || window_length(window) > 0)) {
        window_skip(window, window_length(window));
        if (!window_more(window, error))
            return FOUND_FAILED;
    }
    return FOUND_NO;
}

/* Notes that the text is broken @wrong bytes behind the present place, for @reason, and finds the
 * next object that begins @from bytes behind it. */
static gboolean find_back(Bundle *bundle, const char *where, gsize wrong, gsize from,
                          const char *reason, GError **error)
{
    guint64 at = bundle->window.offset + wrong;
    g_autofree char *place = g_strdup(where);
    Found found = find_object(bundle, from, FALSE, error);
    bundle->lost = TRUE;
    if (found == FOUND_FAILED)
        return FALSE;
    if (found == FOUND_YES)
        report_note(bundle->sink, INTAKE_BROKEN, place,
                    "%s at byte %" G_GUINT64_FORMAT "; reading goes on at byte %" G_GUINT64_FORMAT,
                    reason, at, bundle->window.offset);
    else
        report_note(bundle->sink, INTAKE_LOST, place, "%s at byte %" G_GUINT64_FORMAT "; %s",
                    reason, at,
                    bundle->search_left > 0 ? "no object follows" : "too broken to go on");
    return TRUE;
}

/* --- Objects --------------------------------------------------------------------------------- */

static gboolean hand_on(Bundle *bundle, const Series *series, gsize length, GError **error)
{
    bundle->found++;
    return bundle->sink->object(bundle->sink->user, window_data(&bundle->window), length,
                                BUNDLE_FALLBACK, where_entry(bundle, series), error);
}

/* The byte behind the object of @length bytes and white space, -1 at the end of the input. */
static gboolean byte_behind(Bundle *bundle, gsize length, int *ret_next, GError **error)
{
    Window *window = &bundle->window;
    gsize limit = MIN(length + BUNDLE_LOOK_AHEAD, window->max - 1);
    for (gsize at = length;;) {
        gsize available = window_length(window);
        for (const char *data = window_data(window); at < available && at < limit; at++)
            if (!strchr(" \t\r\n\x1e", data[at]) || data[at] == '\0') {
                *ret_next = (guchar)data[at];
                return TRUE;
            }
        if (at >= limit || window->end) {
            *ret_next =
                at >= limit ? ' ' : -1; /* more white space than anybody writes: let it be */
            return TRUE;
        }
        if (!window_more(window, error))
            return FALSE;
    }
}

static gboolean may_follow(const Bundle *bundle, const Series *series, int next)
{
    if (next == ' ' || next == ',')
        return TRUE;
    if (series->path)
        return next == ']';
    return next == -1 || next == '{' || next == '[' ||
           (bundle->lost && (next == ']' || next == '}'));
}

static void note_large(Bundle *bundle, const char *where, guint64 start)
{
    report_note(bundle->sink, INTAKE_BROKEN, where,
                "the object at byte %" G_GUINT64_FORMAT " is larger than %d MiB", start,
                OBJECT_MAX_SIZE >> 20);
}

/* Deals with an object that does not end within the bound: when another object seems to begin in
 * it, a brace was forgotten, and that one is next; else it is skipped to its end. */
static gboolean skip_large(Bundle *bundle, const Series *series, Extent *extent, GError **error)
{
    Window *window = &bundle->window;
    g_autofree char *where = g_strdup(where_entry(bundle, series));
    guint64 start = window->offset;
    Found found = find_object(bundle, 1, TRUE, error);
    if (found != FOUND_NO) {
        bundle->lost = TRUE;
        report_note(bundle->sink, INTAKE_BROKEN, where,
                    "the object at byte %" G_GUINT64_FORMAT
                    " does not end; reading goes on at byte %" G_GUINT64_FORMAT,
                    start, window->offset);
        return found == FOUND_YES;
    }
    gsize end = 0;
    ExtentResult result;
    do {
        window_skip(window, extent->at);
        extent->at = 0;
        if (!window_more(window, error))
            return FALSE;
        result = extent_scan(extent, window_data(window), window_length(window), &end);
    } while (result == EXTENT_MORE && !window->end);
    if (result != EXTENT_END)
        return find_back(bundle, where, end, end, "an object of more than 16 MiB is broken", error);
    window_skip(window, end);
    note_large(bundle, where, start);
    return TRUE;
}

/* Reads the object at the window's present place, at its brace. */
static gboolean read_object(Bundle *bundle, Series *series, GError **error)
{
    Window *window = &bundle->window;
    Extent extent = {0};
    gsize end = 0;
    ExtentResult result;
    while ((result = extent_scan(&extent, window_data(window), window_length(window), &end)) ==
               EXTENT_MORE &&
           !window->end && extent.at < OBJECT_MAX_SIZE)
        if (!window_more(window, error))
            return FALSE;

    gboolean good = TRUE;
    if (result == EXTENT_BROKEN) {
        good = find_back(bundle, where_entry(bundle, series), end, 1, "broken JSON", error);
    } else if (result == EXTENT_MORE && window->end) {
        good = find_back(bundle, where_entry(bundle, series), 0, 1,
                         "the input ends before the object", error);
    } else if (result == EXTENT_MORE) {
        good = skip_large(bundle, series, &extent, error);
    } else if (end > OBJECT_MAX_SIZE) {
        note_large(bundle, where_entry(bundle, series), window->offset);
        window_skip(window, end);
    } else {
        int next;
        if (!byte_behind(bundle, end, &next, error))
            return FALSE;
        if (may_follow(bundle, series, next) || is_object(window_data(window), end)) {
            good = hand_on(bundle, series, end, error);
            window_skip(window, end);
        } else {
            good = find_back(bundle, where_entry(bundle, series), 0, 1,
                             "the object does not end where it should", error);
        }
    }
    series->index++;
    return good;
}

/* --- What is around the objects -------------------------------------------------------------- */

/* Steps over the value at the present place, however long. *ret_good: it was one. */
static gboolean skip_value(Bundle *bundle, gboolean *ret_good, GError **error)
{
    Window *window = &bundle->window;
    gsize depth = 0;
    gboolean string = FALSE, escape = FALSE, begun = FALSE;
    *ret_good = FALSE;
    for (;;) {
        const char *data = window_data(window);
        gsize length = window_length(window);
        for (gsize at = 0; at < length; at++) {
            char c = data[at];
            gboolean outside = !string;
            if (string) {
                string = escape || c != '"';
                escape = c == '\\' && !escape;
            } else if (depth == 0 && begun && strchr(",]} \t\r\n", c)) {
                window_skip(window, at); /* a number, true, false or null ended */
                *ret_good = TRUE;
                return TRUE;
            } else if (c == '"') {
                string = TRUE;
            } else if (c == '{' || c == '[') {
                depth++;
            } else if ((c == '}' || c == ']') && depth-- == 0) {
                return TRUE;
            }
            begun = TRUE;
            if (depth == 0 && ((!outside && !string) || (outside && (c == '}' || c == ']')))) {
                window_skip(window, at + 1);
                *ret_good = TRUE;
                return TRUE;
            }
        }
        window_skip(window, length);
        if (window->end)
            return TRUE;
        if (!window_more(window, error))
            return FALSE;
    }
}

static gboolean read_top(Bundle *bundle, Series *series, GError **error);

/* Reads an array, at its bracket; with @bundles its elements may be such, too. */
static gboolean read_array(Bundle *bundle, const char *path, gboolean bundles, GError **error)
{
    Series series = {.path = path};
    window_skip(&bundle->window, 1);
    for (gboolean comma = TRUE;;) {
        int next;
        if (!next_byte(bundle, &next, error))
            return FALSE;
        if (next == -1) {
            if (!bundle->lost)
                report_note(bundle->sink, INTAKE_LOST, where_path(bundle, path),
                            "the input is cut off after %" G_GUINT64_FORMAT " objects",
                            bundle->found);
            bundle->lost = TRUE;
            return TRUE;
        }
        if (next == ']') {
            window_skip(&bundle->window, 1);
            return TRUE;
        }
        if (next == ',' && (!comma || bundle->lost)) {
            window_skip(&bundle->window, 1);
            comma = TRUE;
            continue;
        }
        if (!comma && !bundle->lost) {
            if (!find_back(bundle, where_entry(bundle, &series), 0, 0, "a comma is missing", error))
                return FALSE;
            continue;
        }
        comma = FALSE;
        gboolean value = TRUE;
        if (next == '{' && bundles) {
            if (!read_top(bundle, &series, error))
                return FALSE;
        } else if (next == '{') {
            if (!read_object(bundle, &series, error))
                return FALSE;
        } else {
            report_note(bundle->sink, INTAKE_BROKEN, where_entry(bundle, &series),
                        "not an object, at byte %" G_GUINT64_FORMAT, bundle->window.offset);
            series.index++;
            if (!skip_value(bundle, &value, error) ||
                (!value &&
                 !find_back(bundle, where_entry(bundle, &series), 0, 0, "broken JSON", error)))
                return FALSE;
        }
    }
}

/* Looks at a member of a bundle or envelope other than its objects. */
static void check_member(Bundle *bundle, const SkimMember *member)
{
    g_autofree char *key = g_strndup(member->key, member->key_length);
    g_autofree char *path = g_strdup_printf("$.%s", key);
    const char *where = where_path(bundle, path);
    if (strcmp(key, "type") == 0) {
        if (!skim_value_is(member, "bundle"))
            report_note(bundle->sink, INTAKE_BROKEN, where, "not \"bundle\"");
    } else if (strcmp(key, "id") == 0) {
        if (!member->whole || member->value_length < 10 ||
            memcmp(member->value, "\"bundle--", 9) != 0 ||
            !identifier_is_uuid(member->value + 9, member->value_length - 10, NULL))
            report_note(bundle->sink, INTAKE_BROKEN, where, "not \"bundle--\" and a UUID");
    } else if (strcmp(key, "spec_version") == 0) {
        if (!skim_value_is(member, "2.0") && !skim_value_is(member, "2.1"))
            report_note(bundle->sink, INTAKE_BROKEN, where, "neither \"2.0\" nor \"2.1\"");
    } else if (strcmp(key, "more") == 0) {
        if (member->whole && member->value[0] == 't')
            report_note(bundle->sink, INTAKE_IGNORED, where,
                        "this is one page of several: there are more objects at the source");
    } else if (strcmp(key, "next") != 0) {
        report_note(bundle->sink, INTAKE_IGNORED, where,
                    "a bundle has no such property; it is not kept");
    }
}

/* Makes the member at the present place whole in the window, as far as BUNDLE_MEMBER_MAX goes. */
static gboolean look_at_member(Bundle *bundle, SkimMember *member, gsize *ret_value,
                               SkimResult *ret_result, GError **error)
{
    Window *window = &bundle->window;
    for (;;) {
        Skim skim = {.text = window_data(window), .length = window_length(window)};
        skim.object = skim.first = TRUE;
        *ret_result = skim_next(&skim, member);
        gboolean incomplete = *ret_result == SKIM_CUT ||
                              (*ret_result == SKIM_MEMBER && !member->whole &&
                               !(skim_key_is(member, "objects") && member->value[0] == '['));
        if (!incomplete || window->end || window_length(window) > BUNDLE_MEMBER_MAX) {
            *ret_value = *ret_result == SKIM_MEMBER ? (gsize)(member->value - skim.text) : 0;
            return TRUE;
        }
        if (!window_more(window, error))
            return FALSE;
    }
}

/* Reads a bundle or envelope, at its brace. */
static gboolean read_wrapper(Bundle *bundle, GError **error)
{
    Window *window = &bundle->window;
    guint64 before = bundle->found;
    gboolean objects = FALSE;
    window_skip(window, 1);
    for (gboolean first = TRUE;; first = FALSE) {
        int next;
        if (!next_byte(bundle, &next, error))
            return FALSE;
        if (next == '}') {
            window_skip(window, 1);
            return TRUE;
        }
        if (!first && next == ',') {
            window_skip(window, 1);
            if (!next_byte(bundle, &next, error))
                return FALSE;
        } else if (!first) {
            next = next == -1 ? -1 : 0;
        }
        if (next == -1 && bundle->lost)
            return TRUE;
        SkimMember member = {0};
        SkimResult result = SKIM_BROKEN;
        gsize value = 0;
        if (next == '"' && !look_at_member(bundle, &member, &value, &result, error))
            return FALSE;
        if (result != SKIM_MEMBER) {
            g_autofree char *reason = g_strdup_printf(
                next == -1 ? "cut off after %" G_GUINT64_FORMAT " objects"
                           : "the bundle is broken after %" G_GUINT64_FORMAT " objects",
                bundle->found - before);
            return find_back(bundle, where_path(bundle, "$"), 0, 0, reason, error);
        }
        gboolean is_objects = skim_key_is(&member, "objects") && member.value[0] == '[';
        if (!is_objects)
            check_member(bundle, &member);
        else if (objects)
            report_note(bundle->sink, INTAKE_BROKEN, where_path(bundle, "$.objects"),
                        "is there twice; both are read");
        objects |= is_objects;
        window_skip(window, value);
        gboolean good = TRUE;
        if (is_objects ? !read_array(bundle, "$.objects", FALSE, error)
                       : !skip_value(bundle, &good, error))
            return FALSE;
        if (!good)
            return find_back(bundle, where_path(bundle, "$"), 0, 0, "broken JSON", error);
    }
}

typedef enum { SHAPE_UNKNOWN, SHAPE_OBJECT, SHAPE_WRAPPER } Shape;

/* What the object at the start of @text is, as far as can be seen. An object of neither type nor
 * objects counts as an envelope only when it has nothing that an envelope does not. */
static Shape tell_shape(const char *text, gsize length)
{
    static const char *const envelope_keys[] = {"more", "next", "id", "spec_version"};
    Skim skim;
    SkimMember member;
    SkimResult result;
    gboolean foreign = FALSE;
    skim_init(&skim, text, length);
    while ((result = skim_next(&skim, &member)) == SKIM_MEMBER) {
        if (skim_key_is(&member, "objects") && member.value[0] == '[')
            return SHAPE_WRAPPER;
        if (skim_key_is(&member, "type") && member.whole)
            return skim_value_is(&member, "bundle") ? SHAPE_WRAPPER : SHAPE_OBJECT;
        gboolean known = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(envelope_keys); i++)
            known |= skim_key_is(&member, envelope_keys[i]);
        foreign |= !known;
    }
    if (result == SKIM_CUT)
        return SHAPE_UNKNOWN;
    return foreign || result == SKIM_BROKEN ? SHAPE_OBJECT : SHAPE_WRAPPER;
}

/* Reads one object, bundle or envelope, at its brace. */
static gboolean read_top(Bundle *bundle, Series *series, GError **error)
{
    Window *window = &bundle->window;
    Shape shape;
    while ((shape = tell_shape(window_data(window), window_length(window))) == SHAPE_UNKNOWN &&
           !window->end && window_length(window) < BUNDLE_SKIM_MAX)
        if (!window_more(window, error))
            return FALSE;
    if (shape != SHAPE_WRAPPER)
        return read_object(bundle, series, error);
    series->index++;
    return read_wrapper(bundle, error);
}

/* Reads values one after the other to the end of the input. */
static gboolean read_all(Bundle *bundle, GError **error)
{
    Series series = {0};
    for (;;) {
        int next;
        if (!next_byte(bundle, &next, error))
            return FALSE;
        gboolean good = TRUE;
        if (next == -1)
            return TRUE;
        if (next == '{')
            good = read_top(bundle, &series, error);
        else if (next == '[')
            good = read_array(bundle, "$", TRUE, error);
        else if (next == ',' || (bundle->lost && (next == ']' || next == '}')))
            window_skip(&bundle->window, 1);
        else
            good = find_back(bundle, where_entry(bundle, &series), 0, 0, "no JSON object", error);
        if (!good)
            return FALSE;
    }
}

gboolean bundle_read(Stream *stream, const char *name, const IntakeOptions *options,
                     const IntakeSink *sink, GError **error)
{
    Bundle bundle = {.name = name, .sink = sink, .search_left = BUNDLE_SEARCH_MAX};
    window_init(&bundle.window, stream, sink, OBJECT_MAX_SIZE + 2 * BUNDLE_LOOK_AHEAD);
    bundle.where = g_string_new(NULL);
    gboolean good = window_skip_mark(&bundle.window, error) && read_all(&bundle, error);
    g_string_free(bundle.where, TRUE);
    window_clear(&bundle.window);
    return good;
}
