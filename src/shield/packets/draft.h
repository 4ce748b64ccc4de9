/* draft.h - an observation being made from a packet, with the texts that had to be written for it.
 */
#pragma once

#include "shield/observation.h"

/* Bytes of texts one observation may need; values beyond are counted as left out. */
#define DRAFT_MAX_TEXTS (64 * 1024)

typedef struct {
    Observation observation;
    gsize used;
    char texts[DRAFT_MAX_TEXTS];
} Draft;

/* Begins anew: no values; times and ends stay as they are. */
void draft_begin(Draft *draft);

/* Adds a value whose text outlives the draft. Empty texts are none. */
void draft_add(Draft *draft, ObservableKind kind, const void *text, gsize length, const char *field,
               const char *path);

/* Adds a value, keeping a copy of its text. */
void draft_add_copy(Draft *draft, ObservableKind kind, const char *text, gsize length,
                    const char *field, const char *path);

/* Adds an address; 4 or 16 bytes in network order. */
void draft_add_address(Draft *draft, const guint8 *bytes, gboolean v6, const char *field,
                       const char *path);

/* Has the draft a name with this text already? */
gboolean draft_has_name(const Draft *draft, const char *text, gsize length);
