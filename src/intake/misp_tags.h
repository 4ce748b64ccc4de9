/* misp_tags.h - MISP tags: TLP becomes a marking, PAP and confidence properties, the rest labels.
 */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Tags on one thing that become labels; hand-made events have a few dozen. */
#define MISP_TAGS_MAX 500

typedef struct {
    GPtrArray *labels; /* char *: every tag that is not TLP, as it is written */
    GPtrArray *tlp;    /* char *: TLP levels, lower case, without "tlp:"; none twice */
    char *pap;         /* "amber"; NULL: none */
    int confidence;    /* 0 to 100; -1: none */
} MispTags;

MispTags *misp_tags_new(void);
void misp_tags_free(MispTags *tags);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MispTags, misp_tags_free)

/* Adds the tag called @name. */
void misp_tags_add(MispTags *tags, const char *name);

/* Gives @tags the TLP, PAP and confidence of @outer, each if it has none of its own. An entry that
 * says nothing of its own is covered by what was said of the whole. */
void misp_tags_inherit(MispTags *tags, const MispTags *outer);

/* Adds what @other says to @tags, for an object that is made of several tagged attributes. */
void misp_tags_merge(MispTags *tags, const MispTags *other);

/* Writes object_marking_refs into @object. */
void misp_tags_mark(const MispTags *tags, yyjson_mut_doc *doc, yyjson_mut_val *object);

/* Writes labels (@first, an array of char *, may be NULL, before those of the tags),
 * object_marking_refs, confidence and x_misp_pap into the domain object @object. */
void misp_tags_write(const MispTags *tags, const GPtrArray *first, yyjson_mut_doc *doc,
                     yyjson_mut_val *object);
