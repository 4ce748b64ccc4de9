/* claim_copy.h - what anybody may be shown of a claim: its public copy.
 *
 * There is one for claims that were restricted, published, corrected or retracted, and none for
 * others. Every copy has the party's reply right after the claim, in the same form, or says that
 * there was none; what was put right or taken back comes first. Of reviewers it names the
 * organisations, of contacts the channels, of what is sealed how much there is and who saw it. */
#pragma once

#include "dossier/engine.h"

typedef struct {
    char *heading;
    gboolean is_statement; /* the claim, or the reply: these have the same form */
    GPtrArray *blocks;     /* char *: texts, of one line or more */
} ClaimCopySection;

typedef struct {
    char *title;
    GPtrArray *sections; /* ClaimCopySection * */
} ClaimCopy;

/* CONCERT_ERROR_DENIED if the claim was never shown: then nothing of it is to be copied. */
ClaimCopy *claim_copy_new(const EngineResult *dossier, GError **error);
void claim_copy_free(ClaimCopy *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClaimCopy, claim_copy_free)

/* The copy as plain text, and as a page of HTML without scripts, that loads nothing. The text is
 * not escaped for terminals. Caller frees. */
char *claim_copy_text(const ClaimCopy *copy);
char *claim_copy_html(const ClaimCopy *copy);
