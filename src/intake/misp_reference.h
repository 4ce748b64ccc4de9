/* misp_reference.h - what a MISP object refers to (its "ObjectReference"): a relationship in STIX,
 * to be made when all that may be referred to is known. */
#pragma once

#include "intake/misp_event.h"

/* Notes the references of @object, which stands at the JSON path @path, until
 * misp_reference_relate(). The values of @object have to live as long as the event. */
void misp_reference_await(MispEvent *event, yyjson_val *object, const char *path);

/* Makes relationships of the references that the objects of @event have to each other and to its
 * attributes, now that all are known. */
void misp_reference_relate(MispEvent *event);
