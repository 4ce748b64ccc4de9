/* disclosure.h - disclosures (docs/protocol.md, "Disclosure"): one file that proves to anyone that
 * an entry stands in a ledger and what it says, with no network and no account. */
#pragma once

#include <glib.h>

#include "ledger/keychange.h"
#include "ledger/opening.h"
#include "ledger/proof.h"
#include "ledger/quorum.h"

typedef struct {
    Opening *opening;
    Proof *proof;
    char **changes; /* the ledger's key changes, oldest first, NULL-terminated; may be empty */
    guint n_changes;
} Disclosure;

/* The text of a disclosure, with a newline at the end. @proof is the text of a tlog-proof;
 * @changes may be NULL. CONCERT_ERROR_INPUT or _LIMIT if disclosure_parse() would refuse it. */
char *disclosure_format(const Opening *opening, const char *proof, const char *const *changes,
                        guint n_changes, GError **error);

/* Reads a disclosure of at most @max bytes; nothing is verified. CONCERT_ERROR_INPUT, _LIMIT or
 * _NEWER. Members that are not known are passed over. */
Disclosure *disclosure_parse(const char *text, gsize length, gsize max, GError **error);
void disclosure_free(Disclosure *disclosure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Disclosure, disclosure_free)

/* Whom the verifier believes: a ledger key, a policy, or both, and then both must agree. Keys of
 * either are followed through the disclosure's key changes; recoveries only with @recovery. */
typedef struct {
    const NoteVerifier *ledger;   /* NULL: only the policy counts */
    const NoteVerifier *recovery; /* may be NULL */
    const Quorum *quorum;         /* NULL: cosignatures do not count */
} DisclosureTrust;

/* What a disclosure shows; the texts are the disclosure's. What stands in the opening may be
 * believed as far as the ledger's owner is. */
typedef struct {
    const char *origin; /* of the log */
    guint64 index;      /* of the entry */
    guint64 size;       /* of the tree that the checkpoint is of */
    guint32 key_id;     /* of the ledger key that signed it */
    guint n_cosigned;   /* witnesses of the policy that cosigned it */
    gboolean is_erased; /* the entry stands there, of what it said nothing is left; the rest is
                           empty */
    const char *kind;
    gint64 time_us; /* by the author's clock */
    gboolean is_public;
    guint n_items;
    guint n_present, n_withheld, n_erased; /* of the items; each one's state is in
                                              opening->items */
} DisclosureResult;

/* Verifies all of it: the checkpoint's signature, the quorum, the place of the entry in the tree,
 * opening and items, and that the header is of that log. Errors as of keychange_history_verify(),
 * quorum_verify() and opening_verify(); CONCERT_ERROR_INPUT also if @trust is empty. The message
 * begins with the part that is wrong: "checkpoint: ", "key change K: ", "proof: ", "opening: ". */
gboolean disclosure_verify(const Disclosure *disclosure, const DisclosureTrust *trust,
                           DisclosureResult *ret_result, GError **error);
