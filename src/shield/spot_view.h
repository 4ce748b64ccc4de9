/* spot_view.h - a text as the spotters see it: as it is, or with escapes unfolded. Private to the
 * spot_* files. */
#pragma once

#include "shield/spot.h"
#include "shield/unfold.h"

enum {
    SPOT_LETTER = 1,
    SPOT_DIGIT = 2,
    SPOT_DOT = 4,
    SPOT_DASH = 8, /* '-' and '_' */
    SPOT_HEX = 16,
    SPOT_HIGH = 32,    /* not ASCII */
    SPOT_SPECIAL = 64, /* may begin something: ':', '@', escapes */
    SPOT_ALNUM = SPOT_LETTER | SPOT_DIGIT,
    SPOT_HOST = SPOT_ALNUM | SPOT_DOT | SPOT_DASH,
};

extern const guint8 spot_view_classes[256];

static inline guint8 spot_view_class(char c)
{
    return spot_view_classes[(guchar)c];
}

#define SPOT_VIEW_KINDS 2

typedef struct {
    const Set *set;
    GArray *matches; /* SpotMatch */
    const char *text;
    gsize length;
    const guint32 *offsets; /* of each byte, and of the end, in the real text; NULL: the same */
    const guint8 *kinds;    /* UnfoldKind each byte came out of, 0: none; NULL: all 0 */
    guint depth;
    gsize address_until; /* text before this is an IPv6 address that was looked at already */
    gsize colons_until;  /* the same for what only looked like one */
    gsize other_script_until;
    gsize url_from, url_until; /* between these nothing ends a URL */
    gsize unfolded_until[SPOT_VIEW_KINDS];
    gboolean cut_start, cut_end; /* the text is a piece of a longer field */
} SpotView;

/* What is unfolded together. */
extern const guint spot_view_kinds[SPOT_VIEW_KINDS];

/* Where the field around the escape at @at begins and ends, or, when it is a long one, the piece of
 * it that is unfolded for this escape. Escapes before the returned offset need no other look. */
gsize spot_view_field(const char *text, gsize length, gsize at, gsize *ret_start, gsize *ret_end);

/* The bytes that no value contains and no look crosses: what lies between them is a field. */
static inline gboolean spot_view_parts_fields(char c)
{
    return (guchar)c <= 0x20 || c == '"' || c == 0x7f;
}

/* The class of the byte at @at, 0 outside the text. */
static inline guint8 spot_view_class_at(const SpotView *view, gsize at)
{
    return at < view->length ? spot_view_class(view->text[at]) : 0;
}

/* Notes that [start, end) spells a value of @entry, unless the spelling owes nothing to an escape
 * and was found in the text as it is already. */
void spot_view_add(SpotView *view, gsize start, gsize end, SetEntry entry);

/* The same for a URL whose "://" and host end at @authority_end: a percent escape in its path is
 * part of the URL, so one in the path alone does not count, nor one behind it. */
void spot_view_add_url(SpotView *view, gsize start, gsize authority_end, gsize end, SetEntry entry);

/* spot_address.c: the IPv6 address, or hash with colons, around the colon at @at. */
void spot_address_v6(SpotView *view, gsize at);
/* The run of digits, dots and dashes [start, end). */
void spot_address_v4(SpotView *view, gsize start, gsize end);

/* Is the dotted quad [start, end) of @text a product's version? */
gboolean spot_address_is_version(const char *text, gsize length, gsize start, gsize end);

/* spot_name.c: the run [start, end) that has dots and letters. */
void spot_name_run(SpotView *view, gsize start, gsize end);
/* The name in another script around @at. */
void spot_name_other_script(SpotView *view, gsize at);
/* The pieces of [start, end), part of a run of letters, digits, dots, dashes and bytes that are not
 * ASCII, that may be names in another script. @each says FALSE to end it. */
typedef gboolean (*SpotNamePiece)(gpointer user, const char *text, gsize length);
void spot_name_pieces(const char *text, gsize start, gsize end, SpotNamePiece each, gpointer user);

/* spot_url.c: the URL around the "://" at @at. */
void spot_url(SpotView *view, gsize at);
/* Is the host, or what looks like one, [start, end) the user name of a URL? */
gboolean spot_url_is_user(const SpotView *view, gsize start, gsize end);
/* The URL without its scheme whose host, canonical @host, is [start, end). */
void spot_url_bare(SpotView *view, gsize start, gsize end, const char *host, gsize host_length);
