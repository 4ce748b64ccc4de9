/* log_keys.h - what a ledger serves beside its checkpoint as `keys` (docs/protocol.md, "Key
 * changes"): its present keys, and the changes that led to them. */
#pragma once

#include <glib.h>

#include "ledger/note.h"

#define LOG_KEYS_PATH      "keys"
#define LOG_KEYS_BYTES_MAX (8 * 1024 * 1024)

typedef struct {
    char *origin;
    NoteVerifier *ledger, *cosign, *recovery; /* of the present */
    char **changes;                           /* oldest first, NULL-terminated */
    guint n_changes;
} LogKeys;

/* Reads the file. That the changes are well-formed, and signed as those demand whom they name, is
 * verified; whether anybody should trust them is for trust_follow() to tell.
 * CONCERT_ERROR_INPUT, _LIMIT or _DENIED says what is wrong. */
LogKeys *log_keys_parse(const char *text, gsize length, GError **error);
void log_keys_free(LogKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogKeys, log_keys_free)
