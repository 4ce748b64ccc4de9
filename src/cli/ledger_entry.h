/* ledger_entry.h - how commands show an entry of the ledger and what opens it, and how they read
 * the number of one. */
#pragma once

#include "cli/command.h"
#include "cli/output.h"
#include "ledger/opening.h"
#include "node/node.h"

/* The call's argument @place as an index. CONCERT_ERROR_INPUT if it is none. */
gboolean ledger_entry_index(const CommandCall *call, guint place, guint64 *ret_index,
                            GError **error);

/* "lost", "erased", "public", "nobody", or the origins. Caller frees. */
char *ledger_entry_audience(const Opening *opening);

/* A line of INDEX, TIME, KIND, AUDIENCE, ITEMS, TITLE. */
void ledger_entry_row(OutputTable *table, guint64 index, const Opening *opening);

/* One line of JSON: index, commitment, and what is left of the header. */
void ledger_entry_json(guint64 index, const Opening *opening);

/* The checkpoint under which entry @index is best proven to others: the newest that covers it and
 * was cosigned as [ledger] policy wants, else the newest of all. Caller frees. */
char *ledger_entry_best_note(Node *node, guint64 index, GError **error);

/* Writes @bytes to the new file @path, or to standard output for NULL or "-".
 * CONCERT_ERROR_CONFLICT when there is such a file. */
gboolean ledger_entry_write(const char *path, const void *bytes, gsize length, GError **error);
