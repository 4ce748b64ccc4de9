/* marking.h - the Traffic Light Protocol as STIX objects carry it, and the Permissible Actions
 * Protocol.
 *
 * STIX names TLP levels by fixed marking-definition objects: the four of TLP 1 in STIX 2.1 section
 * 7.2.1.4 (the same ids in STIX 2.0), the five of TLP 2.0 in the OASIS TLP 2.0 marking extension.
 * TLP 1 WHITE is TLP 2.0 CLEAR.
 *
 * TLP says who may know; PAP says what may be done with it where others could notice. What bears no
 * PAP level has none: it does not follow from the TLP level. */
#pragma once

#include <yyjson.h>

#include "base/error.h"

/* In ascending order of restriction. The numbers are stored: never renumber. */
typedef enum {
    MARKING_TLP_NONE = 0, /* the object says nothing */
    MARKING_TLP_CLEAR = 1,
    MARKING_TLP_GREEN = 2,
    MARKING_TLP_AMBER = 3,
    MARKING_TLP_AMBER_STRICT = 4,
    MARKING_TLP_RED = 5,
} MarkingTlp;

/* "clear", "green", "amber", "amber+strict", "red"; NULL for MARKING_TLP_NONE. Static text. */
const char *marking_tlp_name(MarkingTlp tlp);

/* The level of a name, in any case, with or without "TLP:", "white" being clear; MARKING_TLP_NONE
 * when it is none. */
MarkingTlp marking_tlp_from_name(const char *name);

/* The level that a marking-definition's id stands for; MARKING_TLP_NONE for any other id. */
MarkingTlp marking_tlp_from_id(const char *id);

/* The id of the TLP 2.0 marking-definition of @tlp; NULL for MARKING_TLP_NONE. Static text. */
const char *marking_tlp_id(MarkingTlp tlp);

/* The level of an object from its `object_marking_refs` (the array, or NULL): the most restrictive
 * when there are several. Elements that are no text are passed over. */
MarkingTlp marking_tlp_from_refs(yyjson_val *refs);

/* The level of the STIX object @object: the most restrictive that it bears anywhere, those of its
 * `granular_markings` (STIX 2.1 section 7.2.3) too, since an object goes as a whole or not at all.
 */
MarkingTlp marking_tlp_of_object(yyjson_val *object);

/* The same of an object's JSON: few bear any marking, and only these are parsed. */
MarkingTlp marking_tlp_of_bytes(const char *bytes, gsize length);

/* The most restrictive level of the marking-definitions @ids (NULL-terminated; NULL: none), as
 * stix/object.h has them. */
MarkingTlp marking_tlp_of_ids(const char *const *ids);

/* In ascending order of restriction. The numbers are stored: never renumber. */
typedef enum {
    MARKING_PAP_NONE = 0, /* nothing was said */
    MARKING_PAP_CLEAR = 1,
    MARKING_PAP_GREEN = 2, /* active use is fine: blocking, for one */
    MARKING_PAP_AMBER = 3, /* nothing that the other side could see: no blocking, no contact */
    MARKING_PAP_RED = 4,   /* own logs only, nothing that leaves a trace outside */
} MarkingPap;

/* "clear", "green", "amber", "red"; NULL for MARKING_PAP_NONE. Static text. */
const char *marking_pap_name(MarkingPap pap);

/* The level of a name, in any case, with or without "PAP:", "white" being clear; MARKING_PAP_NONE
 * when it is none. */
MarkingPap marking_pap_from_name(const char *name);

/* The id of the marking-definition of @pap; NULL for MARKING_PAP_NONE. Static text. */
const char *marking_pap_id(MarkingPap pap);

/* The level of the STIX object @object, as marking_tlp_of_object() has it; STIX names PAP levels by
 * the marking-definitions of OASIS' PAP marking extension. */
MarkingPap marking_pap_of_object(yyjson_val *object);
