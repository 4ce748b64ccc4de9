/* misp_types.h - the attribute types of MISP (its describeTypes) and what STIX has for each. */
#pragma once

#include <glib.h>

typedef enum {
    MISP_KEPT,       /* no counterpart: x-misp-attribute */
    MISP_OBSERVED,   /* observables; an indicator too when to_ids */
    MISP_PATTERN,    /* an indicator when to_ids; no observable can hold it alone */
    MISP_RULE,       /* an indicator in another language: paths[0] is its pattern_type */
    MISP_THING,      /* a domain object: a vulnerability, a campaign */
    MISP_ATTACHMENT, /* a file, and its bytes when they came along */
    MISP_SAMPLE,     /* the same with its MD5, the bytes in a ZIP with the password "infected" */
} MispAs;

typedef struct {
    const char *name;
    MispAs as;
    char split;           /* where a composite value is cut: 'f' at the first '|', 'l' at the last,
                             0 for whole values */
    const char *paths[3]; /* of the whole value or its two parts; what follows '=' is constant; see
                             misp_path.h */
} MispType;

/* The type called @name, or NULL when Concert does not know it. */
const MispType *misp_types_find(const char *name);

/* All of them, in order of name. */
const MispType *misp_types_all(gsize *ret_count);
