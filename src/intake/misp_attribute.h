/* misp_attribute.h - one MISP attribute to STIX, by the table of misp_types.h. */
#pragma once

#include "intake/misp_event.h"
#include "intake/misp_types.h"

/* Takes the attribute @attribute (a member of "Attribute") at the JSON path @path. */
void misp_attribute_read(MispEvent *event, yyjson_val *attribute, const char *path);

/* Puts the value @text of a @type into @graph as an observable of its own with @uuid, and appends
 * the comparisons that find it, joined by AND, to @pattern. FALSE when the type has no such place
 * or the text is not of the type; @pattern is then unchanged, and no node was made. */
gboolean misp_attribute_observe(MispGraph *graph, GString *pattern, const MispType *type,
                                const char *uuid, const char *text);
