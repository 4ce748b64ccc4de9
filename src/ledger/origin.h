/* origin.h - how the ledgers of a node are called (docs/protocol.md, "Names and keys"):
 * NODE/ledger, and those that follow a lost one NODE/ledger-2, NODE/ledger-3 and so on. */
#pragma once

#include <glib.h>

#define ORIGIN_NUMBER_MAX 999999

/* The name of the node whose ledger is called @origin; NULL if that is the name of none. Caller
 * frees. */
char *origin_node(const char *origin);

/* Which of its node's ledgers @origin is: 1 for NODE/ledger; 0 if it is the name of none. */
guint64 origin_number(const char *origin);

/* How the ledger is called that follows @origin; NULL if @origin is none of a node's or the last
 * possible. Caller frees. */
char *origin_next(const char *origin);
