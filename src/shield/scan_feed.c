#include "shield/scan_feed.h"

#include <string.h>

#include "shield/hit_port.h"
#include "shield/scan_lines.h"
#include "shield/spot.h"

struct ScanFeed {
    const Set *set;
    ScanFound found;
    gpointer user;
    const ScanWindow *window;
    gsize at; /* what lies before was reported */

    guint64 line;
    guint64 line_bytes; /* bytes of the line before `at` */
    guint place;        /* the first one of the window that does not lie before `at` */
    GArray *matches;    /* SpotMatch; of the window, once they were looked for */
    GArray *places;     /* gsize, in order */
    GArray *of_line;    /* gsize: those of one line, from its start */
    gboolean spotted;

    ScanLines *lines;
    gboolean structured; /* they are read as records */
};

/* Moves on to @to, counting lines. */
static void advance(ScanFeed *feed, gsize to)
{
    if (feed->at >= to)
        return;
    const char *start = feed->window->text + feed->at;
    const char *newline = memrchr(start, '\n', to - feed->at);
    if (newline) {
        feed->line +=
            scan_window_count_feeds(feed->window, feed->at, (gsize)(newline - feed->window->text)) +
            1;
        feed->line_bytes = to - (gsize)(newline + 1 - feed->window->text);
    } else {
        feed->line_bytes += to - feed->at;
    }
    feed->at = to;
}

static gboolean report(ScanFeed *feed, const SpotMatch *match)
{
    ScanHit hit = {
        .seen = feed->window->text + match->start,
        .seen_length = match->end - match->start,
        .line = feed->line,
        .column = feed->line_bytes + 1,
    };
    for (SetEntry entry = match->entry; entry != SET_NONE; entry = set_next(feed->set, entry)) {
        if (!set_read(feed->set, entry, &hit.value))
            return FALSE;
        gboolean go_on = !hit_port_fits(&hit, feed->window->looked - match->end) ||
                         feed->found(feed->user, &hit);
        set_value_clear(&hit.value);
        if (!go_on)
            return FALSE;
    }
    return TRUE;
}

/* Reports what begins before @end, as running text. */
static gboolean look_at_text(ScanFeed *feed, gsize end)
{
    const ScanWindow *window = feed->window;

    if (!feed->spotted)
        spot_places(feed->set, window->text, window->looked, feed->places, feed->matches);
    feed->spotted = TRUE;
    for (guint i = 0; i < feed->matches->len; i++) {
        const SpotMatch *match = &g_array_index(feed->matches, SpotMatch, i);
        if (match->start < feed->at || match->start >= end)
            continue; /* the neighbouring window's, or reported */
        advance(feed, match->start);
        if (!report(feed, match))
            return FALSE;
    }
    advance(feed, end);
    return TRUE;
}

/* The places that lie in the line from `at` to @end; lines are come to in their order. */
static GArray *places_of_line(ScanFeed *feed, gsize end)
{
    g_array_set_size(feed->of_line, 0);
    for (guint i = feed->place; i < feed->places->len; i++) {
        gsize place = g_array_index(feed->places, gsize, i);
        if (place < feed->at) {
            feed->place = i;
            continue;
        }
        if (place >= end)
            break;
        place -= feed->at;
        g_array_append_val(feed->of_line, place);
    }
    return feed->of_line;
}

/* Looks at the line around @place as a record. */
static gboolean look_at_record(ScanFeed *feed, gsize place, gsize end)
{
    const char *text = feed->window->text;
    const char *before = memrchr(text + feed->at, '\n', place - feed->at);
    const char *newline = memchr(text + place, '\n', end - place);
    gsize line_end = newline ? (gsize)(newline - text) : end;

    if (before)
        advance(feed, (gsize)(before + 1 - text));
    if (!scan_lines_look(feed->lines, text + feed->at, line_end - feed->at,
                         places_of_line(feed, line_end), feed->line, feed->found, feed->user))
        return FALSE;
    advance(feed, MIN(line_end + 1, end));
    return TRUE;
}

/* The end of the header lines at the place that was come to, and of the records they are for: where
 * the next header stands, or @end. */
static gsize records_end(const ScanFeed *feed, gsize end)
{
    const char *text = feed->window->text;
    gsize at = feed->at;

    if (!scan_lines_have_late_headers(feed->lines))
        return end;
    while (at < end && text[at] == '#') {
        const char *newline = memchr(text + at, '\n', end - at);
        at = newline ? (gsize)(newline + 1 - text) : end;
    }
    for (const char *hash; at < end && (hash = memchr(text + at, '#', end - at));
         at = (gsize)(hash + 1 - text))
        if (hash > text + feed->at && hash[-1] == '\n')
            return (gsize)(hash - text);
    return end;
}

/* Looks at the lines up to @end as records of one header, those in which the sieve saw something;
 * at all when there may be something that it cannot see. */
static gboolean look_at_part(ScanFeed *feed, gsize end)
{
    gboolean all = set_has_one_label_urls(feed->set) || scan_lines_need_all(feed->lines);

    scan_lines_take_headers(feed->lines, feed->window->text + feed->at, end - feed->at,
                            feed->line == 1);
    while (all && feed->at < end)
        if (!look_at_record(feed, feed->at, end))
            return FALSE;
    for (; feed->place < feed->places->len; feed->place++) {
        gsize place = g_array_index(feed->places, gsize, feed->place);
        if (place < feed->at)
            continue;
        if (place >= end)
            break;
        if (!look_at_record(feed, place, end))
            return FALSE;
    }
    advance(feed, end);
    return TRUE;
}

static gboolean look_at_records(ScanFeed *feed, gsize end)
{
    while (feed->at < end)
        if (!look_at_part(feed, records_end(feed, end)))
            return FALSE;
    return TRUE;
}

/* A line of a structured log that is longer than a window is text, to its end. */
static gboolean look_at_log(ScanFeed *feed)
{
    const ScanWindow *window = feed->window;

    if (feed->line_bytes > 0) {
        const char *newline = memchr(window->text + feed->at, '\n', window->stop - feed->at);
        gsize end = newline ? (gsize)(newline - window->text) + 1 : window->stop;
        if (!look_at_text(feed, end))
            return FALSE;
    }
    if (feed->at == window->stop)
        return TRUE;
    return window->last || window->text[window->stop - 1] == '\n'
               ? look_at_records(feed, window->stop)
               : look_at_text(feed, window->stop);
}

gboolean scan_feed_look(ScanFeed *feed, const ScanWindow *window, ScanFound found, gpointer user)
{
    feed->found = found;
    feed->user = user;
    feed->window = window;
    feed->at = window->from;
    feed->places = window->places;
    feed->place = 0;
    feed->spotted = FALSE;
    g_array_set_size(feed->matches, 0);
    return feed->structured ? look_at_log(feed) : look_at_text(feed, window->stop);
}

ScanFeed *scan_feed_new(const Set *set)
{
    ScanFeed *feed = g_new0(ScanFeed, 1);
    feed->set = set;
    feed->line = 1;
    feed->matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    feed->of_line = g_array_new(FALSE, FALSE, sizeof(gsize));
    feed->lines = scan_lines_new(set);
    return feed;
}

void scan_feed_free(ScanFeed *feed)
{
    if (!feed)
        return;
    g_array_unref(feed->matches);
    g_array_unref(feed->of_line);
    scan_lines_free(feed->lines);
    g_free(feed);
}

void scan_feed_go_on(ScanFeed *feed, Input *input, const ScanPlace *place)
{
    feed->line = place->line;
    feed->line_bytes = place->line_bytes;
    feed->structured = input != NULL;
    if (input)
        scan_lines_use(feed->lines, input);
}

void scan_feed_place(const ScanFeed *feed, ScanPlace *ret_place)
{
    *ret_place = (ScanPlace){.line = feed->line, .line_bytes = feed->line_bytes};
}
