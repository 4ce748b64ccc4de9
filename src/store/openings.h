/* openings.h - openings and proofs out of the store, as ledger/opening.h and its kin know them. */
#pragma once

#include "ledger/opening.h"
#include "store/ledger_read.h"

/* What is kept of the opening of entry @index; erased parts are so. CONCERT_ERROR_NOT_FOUND when
 * there is no such entry. */
Opening *openings_read(Store *store, guint64 index, GError **error);

/* An opening as the store takes it: all of it borrowed but *ret_items, which the caller frees. */
LedgerEntry openings_entry(const Opening *opening, LedgerItem **ret_items);

/* A tlog-proof that entry @index stands under the checkpoint @note, a signed note of this ledger;
 * NULL: under the newest. Caller frees. */
char *openings_prove(Store *store, guint64 index, const char *note, GError **error);

/* A disclosure (docs/protocol.md) of entry @index under @note, as openings_prove() has it, with all
 * items or with @item alone (OPENING_NO_ITEM: with none; OPENINGS_ALL_ITEMS: with all). */
#define OPENINGS_ALL_ITEMS (OPENING_NO_ITEM - 1)
char *openings_disclose(Store *store, guint64 index, guint item, const char *note, GError **error);
