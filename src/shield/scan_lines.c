#include "shield/scan_lines.h"

#include "shield/hit_port.h"
#include "shield/spot.h"

struct ScanLines {
    const Set *set;
    Input *input;
    Observation *observation;
    GArray *matches; /* SpotMatch */
    GArray *places;  /* Place */
};

/* A value found in a line. */
typedef struct {
    gsize offset;
    guint order; /* of those at the same offset */
    SetEntry entry;
    const char *seen;
    gsize seen_length;
    gsize left; /* bytes that stand behind it */
    const char *field;
} Place;

ScanLines *scan_lines_new(const Set *set)
{
    ScanLines *lines = g_new0(ScanLines, 1);
    lines->set = set;
    lines->observation = g_new0(Observation, 1);
    lines->matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    lines->places = g_array_new(FALSE, FALSE, sizeof(Place));
    return lines;
}

void scan_lines_free(ScanLines *lines)
{
    if (!lines)
        return;
    g_free(lines->observation);
    g_array_unref(lines->matches);
    g_array_unref(lines->places);
    g_free(lines);
}

void scan_lines_use(ScanLines *lines, Input *input)
{
    lines->input = input;
}

void scan_lines_take_headers(ScanLines *lines, const char *text, gsize length, gboolean start)
{
    input_take_headers(lines->input, text, length, start);
}

gboolean scan_lines_have_late_headers(const ScanLines *lines)
{
    return input_has_late_headers(lines->input);
}

gboolean scan_lines_need_all(const ScanLines *lines)
{
    return input_needs_all_lines(lines->input);
}

static void add_place(ScanLines *lines, Place place)
{
    place.order = lines->places->len;
    g_array_append_val(lines->places, place);
}

static gboolean take_hit(gpointer user, const Observation *observation, const ObservationHit *hit)
{
    ScanLines *lines = user;
    add_place(lines,
              (Place){.offset = input_offset(lines->input, hit->value, hit->seen, hit->seen_length),
                      .entry = hit->entry,
                      .seen = hit->seen,
                      .seen_length = hit->seen_length,
                      .left = (gsize)(hit->value->text + hit->value->length - hit->seen) -
                              hit->seen_length,
                      .field = hit->value->field});
    return TRUE;
}

static void look_at_text(ScanLines *lines, const char *line, gsize length, GArray *places)
{
    g_array_set_size(lines->matches, 0);
    spot_places(lines->set, line, length, places, lines->matches);
    for (guint i = 0; i < lines->matches->len; i++) {
        const SpotMatch *match = &g_array_index(lines->matches, SpotMatch, i);
        add_place(lines, (Place){.offset = match->start,
                                 .entry = match->entry,
                                 .seen = line + match->start,
                                 .seen_length = match->end - match->start,
                                 .left = length - match->end});
    }
}

/* Of one place, in the order that running text has. */
static int compare(gconstpointer a, gconstpointer b, gpointer set)
{
    const Place *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->entry != y->entry)
        return set_compare(set, x->entry, y->entry);
    return x->order < y->order ? -1 : x->order > y->order;
}

static gboolean report(ScanLines *lines, guint64 number, ScanFound found, gpointer user)
{
    for (guint i = 0; i < lines->places->len; i++) {
        const Place *place = &g_array_index(lines->places, Place, i);
        ScanHit hit = {.seen = place->seen,
                       .seen_length = place->seen_length,
                       .line = number,
                       .column = place->offset + 1,
                       .observation = lines->observation,
                       .field = place->field};
        for (SetEntry entry = place->entry; entry != SET_NONE;
             entry = set_next(lines->set, entry)) {
            if (!set_read(lines->set, entry, &hit.value))
                return FALSE;
            gboolean go_on = !hit_port_fits(&hit, place->left) || found(user, &hit);
            set_value_clear(&hit.value);
            if (!go_on)
                return FALSE;
        }
    }
    return TRUE;
}

gboolean scan_lines_look(ScanLines *lines, const char *line, gsize length, GArray *places,
                         guint64 number, ScanFound found, gpointer user)
{
    g_array_set_size(lines->places, 0);
    if (input_read(lines->input, line, length, lines->observation))
        observation_look_up(lines->set, lines->observation, take_hit, lines);
    else
        look_at_text(lines, line, length, places);
    if (lines->places->len > 1)
        g_array_sort_with_data(lines->places, compare, (gpointer)lines->set);
    return report(lines, number, found, user);
}
