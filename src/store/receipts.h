/* receipts.h - TAXII status resources (section 4.3): what became of each object of a POST. */
#pragma once

#include "store/store.h"

/* Keeps @json, the status resource's text, under @id (UUID) for @account, for a day; older ones go,
 * and of more than 4,096 the oldest. */
gboolean receipts_put(StoreTx *tx, const char *id, const char *root, const char *account,
                      const char *json, gsize length, GError **error);

/* The JSON text of status @id as @account left it in @root; CONCERT_ERROR_NOT_FOUND otherwise. */
char *receipts_get(Store *store, const char *id, const char *root, const char *account,
                   gsize *ret_length, GError **error);
