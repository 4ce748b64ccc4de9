/* warninglist_lists.h - what was read of warninglists, as warninglist.c puts it and
 * warninglist_match.c looks it up. Private to them. */
#pragma once

#include "shield/warninglist.h"

/* Bytes by which entries of substrings are found. */
#define WARNINGLIST_STEM 3

#define WARNINGLIST_ADDRESSES                                                                      \
    (1u << OBSERVABLE_IPV4 | 1u << OBSERVABLE_IPV6 | 1u << OBSERVABLE_CIDR)

typedef struct {
    char *name, *version;
    guint32 kinds;    /* bits by ObservableKind */
    GPtrArray *regex; /* GRegex * */
} WarninglistList;

/* What a key is on: one list, or several. */
typedef struct {
    GHashTable *keys; /* -> number of the only list + 1, or WARNINGLIST_MAX + 1 + place in `many` */
    GPtrArray *many;  /* GArray * of guint16 */
} WarninglistTable;

typedef struct {
    guint8 prefix, v6;
    guint8 bytes[16];
} WarninglistNet;

typedef struct {
    const char *text;
    gsize length;
    guint16 list;
} WarninglistSubstring;

struct Warninglist {
    GPtrArray *lists; /* WarninglistList * */
    GStringChunk *texts;
    WarninglistTable strings, hosts, nets;
    GHashTable *stems;  /* the first WARNINGLIST_STEM bytes, as a number, -> GArray of
                           WarninglistSubstring */
    GArray *short_ones; /* WarninglistSubstring: shorter than that */
    gboolean prefixes[2][129];
    gboolean has_regex;
    guint16 *places; /* of each list in the order of names */
    guint16 *order;  /* the list at each place */
};

static inline gpointer warninglist_stem(const char *text)
{
    return GUINT_TO_POINTER((guint)(guchar)text[0] << 16 | (guint)(guchar)text[1] << 8 |
                            (guint)(guchar)text[2]);
}

static inline const WarninglistList *warninglist_list(const Warninglist *lists, guint number)
{
    return g_ptr_array_index(lists->lists, number);
}
