/* evidence_party.h - who signed something in an evidence bundle: a node's card with the history of
 * its keys, as its frame of the bundle tells them. */
#pragma once

#include "exchange/card.h"

/* A node that signed something. */
typedef struct {
    char *node, *origin;
    Card *card;
    KeyHistory *history;
    char *ledger_vkey;   /* with which its history begins, as the bundle's maker knew it */
    GPtrArray *messages; /* NoteVerifier *: message keys, the card's first */
    gboolean is_known;   /* by a key of the verifier's */
} EvidenceParty;

EvidenceParty *evidence_party_new(void);
void evidence_party_free(EvidenceParty *party);

/* Reads the frame @root into a new @party. Where the verifier has a key of its ledger (@known:
 * NoteVerifier *; may be NULL), the history begins with that one. CONCERT_ERROR_INPUT or what
 * card_read(), card_verify() and keychange_history_add_list() say; what was read until then is in
 * @party. */
gboolean evidence_party_read(EvidenceParty *party, yyjson_val *root, const GPtrArray *known,
                             GError **error);
