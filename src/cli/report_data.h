/* report_data.h - the dossiers that a report counts: those of this node, and those of files. */
#pragma once

#include "dossier/dossier_file.h"
#include "dossier/statistics.h"
#include "node/node.h"

/* Counts the year @year of @self. @node: its dossiers, the countries and territories in the cards
 * it knows, and its sightings; NULL: none. @files (elements: DossierFile *; may be NULL) add
 * theirs: a dossier that several have counts once. */
Statistics *report_data_count(Node *node, const char *self, guint year, const GPtrArray *files,
                              GError **error);

/* The events of all dossiers that @node opened or takes part in and that were opened in @year, with
 * keys and places: what report_data_count() needs of a file. Caller frees. */
GString *report_data_export(Node *node, guint year, GError **error);
