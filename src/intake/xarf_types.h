/* xarf_types.h - what X-ARF calls things, and which class of incident each is. */
#pragma once

#include <glib.h>

typedef struct {
    const char *category; /* "connection"; of versions 1 to 3 "Activity"; NULL: of any */
    const char *type;     /* "login_attack" */
    const char *word;     /* class, intake/rsit.h */
    gboolean writes;      /* reports of the class are written as this type */
} XarfType;

/* The class of a report of that category and type, however they are spelled ("LoginAttack",
 * "login-attack"); NULL when X-ARF has no such type. */
const char *xarf_types_class(const char *category, const char *type);

/* The version 4 type that reports of a class are written as. Never NULL. */
const XarfType *xarf_types_for(const char *word);
