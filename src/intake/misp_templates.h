/* misp_templates.h - the object templates of MISP that STIX has a place for, and where each of
 * their relations goes.
 *
 * A relation that is not named here is taken by its attribute type (misp_types.h), as an observable
 * of its own. Templates that are not named here become x-misp-object. */
#pragma once

#include <glib.h>

typedef enum {
    MISP_GROUP_OBSERVED, /* observables, an indicator when to_ids */
    MISP_GROUP_RULE,     /* an indicator in another language */
    MISP_GROUP_THING,    /* a domain object */
} MispGroup;

typedef struct {
    const char *name; /* of the template */
    MispGroup as;
    const char *family; /* which relations it has */
    const char *root;   /* of a thing: the STIX type; of a rule: the pattern_type */
    const char *set;    /* "path=constant"; NULL: none */
} MispTemplate;

/* The template called @name, or NULL. */
const MispTemplate *misp_templates_find(const char *name);

/* All of them. */
const MispTemplate *misp_templates_all(gsize *ret_count);

/* The path (misp_path.h) of @relation in @template, or NULL. Paths of rules are property names of
 * the indicator; those of things lack the type before the colon. */
const char *misp_templates_path(const MispTemplate *template, const char *relation);
