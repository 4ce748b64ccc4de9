/* succession.h - how a ledger follows a lost one (docs/protocol.md, "Succession"): the signed note
 * that names the last known checkpoint of the old and the key of the new.
 *
 * The recovery key, which both ledgers have, and the new ledger's key sign it: whoever pinned the
 * recovery key knows the successor for the owner's, and the old ledger's end for no fork. */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "ledger/note.h"

typedef struct {
    Checkpoint previous; /* of the old ledger; its signature is elsewhere */
    NoteVerifier *key;   /* of the new one, whose origin is its name */
    Note *note;          /* as it came */
} Succession;

/* Makes the note. CONCERT_ERROR_INPUT if succession_parse() would refuse it, or @recovery is not
 * the recovery key of the node. */
char *succession_sign(const Checkpoint *previous, const NoteSigner *recovery, const NoteSigner *key,
                      GError **error);

/* Reads one, strictly. Nothing is verified. CONCERT_ERROR_INPUT or _LIMIT. */
Succession *succession_parse(const char *text, gsize length, GError **error);
void succession_free(Succession *succession);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Succession, succession_free)

/* Whether @recovery, the pinned recovery key, and the new key have signed it.
 * CONCERT_ERROR_DENIED if not. */
gboolean succession_verify(const Succession *succession, const NoteVerifier *recovery,
                           GError **error);
