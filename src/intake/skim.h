/* skim.h - walks the members of a JSON object or array of which only the beginning may be there.
 *
 * For telling what a text is before reading it. Nothing is checked beyond what walking needs. */
#pragma once

#include <glib.h>

typedef enum {
    SKIM_MEMBER, /* here is one */
    SKIM_END,    /* the closing bracket was reached */
    SKIM_CUT,    /* the text ends first */
    SKIM_BROKEN, /* this is no JSON */
} SkimResult;

typedef struct {
    const char *text;
    gsize length, at;
    gboolean object; /* rather than array */
    gboolean first;
} Skim;

typedef struct {
    const char *key; /* as written, without the quotes; NULL in arrays */
    gsize key_length;
    const char *value; /* as written */
    gsize value_length;
    gboolean whole; /* the value's end is known; FALSE: the text ends first */
} SkimMember;

/* Begins at the bracket in @text[0], '{' or '['. */
void skim_init(Skim *skim, const char *text, gsize length);

SkimResult skim_next(Skim *skim, SkimMember *ret_member);

/* Whether the key, or the string value, of @member is @text. */
gboolean skim_key_is(const SkimMember *member, const char *text);
gboolean skim_value_is(const SkimMember *member, const char *text);

/* The bytes of white space at the start of @text. */
gsize skim_blank(const char *text, gsize length);

/* The length of the value (of any type) that starts at @text, or 0 when the text ends before it
 * does or it is no value. */
gsize skim_value(const char *text, gsize length);
