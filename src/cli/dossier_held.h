/* dossier_held.h - events that claim times ahead, for people: `concert dossier held`, and what
 * `show` tells of them. */
#pragma once

#include <yyjson.h>

#include "cli/command.h"
#include "store/held_events.h"

/* Adds the events (HeldEvent *) as a list "held" to @root. */
void dossier_held_add(yyjson_mut_doc *doc, yyjson_mut_val *root, const GPtrArray *events);

/* A line or two each. */
void dossier_held_print(const GPtrArray *events);

extern const Command cmd_dossier_held;
