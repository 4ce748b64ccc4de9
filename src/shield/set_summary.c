#include "shield/set_summary.h"

#include "shield/set_rows.h"

/* What is asked of an indicator for each of its values: a byte, so that all stay in the caches. */
enum {
    NOT_YET = 1,
    EXPIRED = 2,
    HAS_VALUE = 4,
};

static void look_at(const SetFileIndicator *indicators, guint32 count, gint64 now, guint8 *states)
{
    for (guint32 i = 0; i < count; i++) {
        gint64 until = indicators[i].valid_until;
        states[i] = (guint8)((indicators[i].valid_from > now ? NOT_YET : 0) |
                             (until != 0 && until <= now ? EXPIRED : 0));
    }
}

/* Counts the links from @first on, up to @end; returns where the next ones begin. A file by hand
 * may have its values share links: each is counted once. */
static guint32 count_links(const Set *set, guint32 first, guint32 end, SetSummary *summary,
                           guint64 *count, guint8 *states)
{
    const guint32 *links = set_rows_part(set, SET_PART_LINKS, NULL);

    for (; first < end; first++) {
        guint32 number = links[first] & ~SET_FILE_LINK_MORE;
        guint8 *state = number < set->header->indicators ? &states[number] : NULL;
        (*count)++;
        if (!state)
            continue;
        summary->not_yet += (*state & NOT_YET) != 0;
        summary->expired += (*state & EXPIRED) != 0;
        *state |= HAS_VALUE;
    }
    return first;
}

static gint64 find_newest(const SetFileIndicator *indicators, guint32 count, const guint8 *states)
{
    gint64 newest = 0;
    for (guint32 i = 0; i < count; i++)
        if (states[i] & HAS_VALUE)
            newest = MAX(newest, indicators[i].version);
    return newest;
}

void set_summary_read(const Set *set, gint64 now, SetSummary *ret_summary)
{
    const SetFileIndicator *indicators = set_rows_part(set, SET_PART_INDICATORS, NULL);
    const guint32 *first_links = set_rows_part(set, SET_PART_FIRST_LINKS, NULL);
    guint32 count = set->header->indicators, next = 0;
    g_autofree guint8 *states = g_malloc((gsize)count + 1);
    SetSummary summary = {0};

    look_at(indicators, count, now, states);
    for (guint table = 0; table < SET_TABLES; table++) {
        guint32 end = MIN(first_links[set->first_values[table + 1]], set->links);
        next = count_links(set, next, end, &summary, &summary.kinds[set_file_kinds[table]], states);
    }
    summary.newest = find_newest(indicators, count, states);
    *ret_summary = summary;
}
