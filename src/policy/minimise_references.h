/* minimise_references.h - the references of a STIX object to others: values of properties whose
 * names end in `_ref` or `_refs`, at any depth. Those to the creator and to markings are left alone
 * (minimise.h): they say whose the object is, and how it may be shared. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Calls @found with each reference of @object, which jsonguard_check() accepted. */
void minimise_references_each(yyjson_val *object, void (*found)(void *user, const char *id),
                              void *user);

/* Asks @map about each reference of @object: the same pointer leaves it, NULL takes it out, and
 * lists that become empty with it; another text, which is copied, takes its place. TRUE if anything
 * changed. */
gboolean minimise_references_map(yyjson_mut_doc *doc, yyjson_mut_val *object,
                                 const char *(*map)(void *user, const char *id), void *user);

/* Keeps of @list the elements that @keep is TRUE for, in their order. (The iterator of yyjson 0.10
 * passes over the element behind one that it removes.) */
void minimise_references_filter(yyjson_mut_val *list,
                                gboolean (*keep)(void *user, yyjson_mut_val *element), void *user);

/* Mends the `granular_markings` of @object after properties or references were taken out: what
 * selects nothing any more goes; what selects an element of a list of references, whose places may
 * have changed, selects the whole list. */
void minimise_references_mend_selectors(yyjson_mut_doc *doc, yyjson_mut_val *object);
