/* misp_object.h - one MISP object (a template filled with attributes) to STIX, by the tables of
 * misp_templates.h and misp_types.h. */
#pragma once

#include "intake/misp_event.h"

/* Takes the object @object (a member of "Object") at the JSON path @path. Its references wait until
 * misp_reference_relate(). */
void misp_object_read(MispEvent *event, yyjson_val *object, const char *path);
