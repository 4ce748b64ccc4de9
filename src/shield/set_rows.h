/* set_rows.h - an opened set, private to set*.c.
 *
 * Opening has checked that every part lies in the file and has the length that the header's numbers
 * ask for, that texts end in a NUL, and that tables of lengths are what they must be. Anything else
 * that a part says is looked at as what a stranger wrote: numbers from it are bounded before they
 * are used. */
#pragma once

#include "shield/set.h"
#include "shield/set_file.h"
#include "shield/set_side.h"
#include "shield/set_texts.h"

struct Set {
    GBytes *bytes;
    const guint8 *data;
    const SetFileHeader *header;
    Filters filters;
    Filter url_hosts;
    guint32 first_values[SET_TABLES + 1]; /* the number of each table's first value */
    guint32 links;
    SetTexts *texts;
    guint32 nets4[34], nets6[130]; /* the position of each prefix length's first network */
    guint32 lengths4;              /* a bit for each prefix length, up to 31, that has any */
    char *path;                    /* NULL: in memory */
    SetSide *side;                 /* the same */
};

static inline const void *set_rows_part(const Set *set, guint part, gsize *ret_length)
{
    if (ret_length)
        *ret_length = set->header->parts[part].length;
    return set->data + set->header->parts[part].offset;
}

/* The position of the first value of a table of one width, between @low and @high, that is not less
 * than @bytes, whose first @size bytes count. */
static inline guint32 set_rows_not_less(const Set *set, SetFileTable table, const guint8 *bytes,
                                        guint size, guint32 low, guint32 high)
{
    const guint8 *values = set_rows_part(set, SET_PART_VALUES + table, NULL);
    guint width = set_file_widths[table];

    while (low < high) {
        guint32 middle = low + (high - low) / 2;
        if (memcmp(values + (gsize)middle * width, bytes, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A text in its part, of which @ret_left bytes are left; NULL when there is none at @offset. */
static inline const char *set_rows_text(const Set *set, guint part, guint64 offset, gsize *ret_left)
{
    gsize length;
    const char *text = set_rows_part(set, part, &length);
    if (offset >= length)
        return NULL;
    *ret_left = length - offset;
    return text + offset;
}
