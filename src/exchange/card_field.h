/* card_field.h - the texts in a node card: each kind of them has one reader, used for cards that
 * came and for those that are made. */
#pragma once

#include <glib.h>
#include <yyjson.h>

#define CARD_FIELD_MAX 500 /* bytes of a text */

typedef enum {
    CARD_FIELD_LINE,     /* one line of text that shows what it is: no control characters */
    CARD_FIELD_WORD,     /* a-z, 0-9, "-", "/", ".": names of roles and capabilities */
    CARD_FIELD_HOST,     /* what a node is called: lower-case labels joined by dots */
    CARD_FIELD_ENDPOINT, /* "https://HOST[:PORT]" */
    CARD_FIELD_PIN,      /* "sha256//" and the base64 of 32 bytes */
    CARD_FIELD_KEY,      /* base64 of 32 bytes */
    CARD_FIELD_SHA256,   /* 64 lower-case hex digits */
    CARD_FIELD_PREFIX,   /* an address or prefix in canonical form */
    CARD_FIELD_AS,       /* "64500", as a setting has it; numbers on a card */
    CARD_FIELD_DOMAIN,   /* a domain name in canonical form */
    CARD_FIELD_LANGUAGE, /* RFC 5646, by its characters: "en", "pt-BR" */
    CARD_FIELD_EMAIL,
    CARD_FIELD_PHONE, /* digits, blanks and "+-().;=ext" */
} CardField;

/* @text in the form that a card has it in; NULL if it is none of that kind. Caller frees. */
char *card_field_canonical(CardField field, const char *text);

/* What such a text should be, in words: "one line of text of at most 500 bytes". */
const char *card_field_what(CardField field);

/* The member @name of @object (NULL: empty) as text; NULL when it is absent and not @required. One
 * that is not canonical is refused: what is signed has one spelling. CONCERT_ERROR_INPUT names the
 * member. *ret_text may not be NULL; caller frees. */
gboolean card_field_text(yyjson_val *object, const char *name, CardField field, gboolean required,
                         char **ret_text, GError **error);

/* A list of at most @max such texts, none twice; empty when it is absent. Caller frees. */
gboolean card_field_list(yyjson_val *object, const char *name, CardField field, gsize max,
                         char ***ret_list, GError **error);
