/* claim_evidence.h - what a claim rests on: items, their roots, and the weighing of hypotheses.
 *
 * An item is a fact, an assessment or an opinion, and says so. A fact names its root: where the
 * knowledge of it comes from in the end, however many tell it. Two roots are independent only where
 * an item of one of them says what shows that; all others count as one. Only facts count as
 * evidence.
 *
 * A weighing (canonical JSON in the event "weighed"):
 *     {"hypotheses": [{"name": "h1", "kind": "claimed", "text": "..."}, ...],
 *      "weights": [{"hypothesis": "h1", "item": "e1", "weight": "for", "why": "..."}, ...]} */
#pragma once

#include "dossier/claim_view.h"

#define CLAIM_ITEMS_MAX      64
#define CLAIM_HYPOTHESES_MAX 16
#define CLAIM_HYPOTHESES_MIN 3
#define CLAIM_ROOTS_MIN      2
#define CLAIM_NAME_MAX       32 /* bytes of the name of an item, root or hypothesis */

/* Whether a value is a name: lower-case letters, digits and "-". Checks of fields. */
gboolean claim_evidence_check_name(yyjson_val *value, GError **error);
gboolean claim_evidence_check_names(yyjson_val *value, GError **error);

/* Whether it is a weighing, well formed; whether it is complete is another question. */
gboolean claim_evidence_check_weighing(yyjson_val *value, GError **error);

/* The items that were not dropped: their events, in order. Caller frees the array. */
GPtrArray *claim_evidence_items(const ClaimView *view);

gboolean claim_evidence_is_fact(const Event *item);
gboolean claim_evidence_is_sealed(const Event *item);

/* How many roots the facts of @items have that were shown to be independent of each other; 1 where
 * none were, 0 without any. *ret_named of them were named. */
guint claim_evidence_roots(const GPtrArray *items, guint *ret_named);

/* Whether the last weighing has enough hypotheses, a false flag among them, each weighed against
 * each item. CONCERT_ERROR_DENIED says what is missing. */
gboolean claim_evidence_is_weighed(const ClaimView *view, GError **error);

/* Characters of the claim's text and of its open items: as long may a reply be. */
gsize claim_evidence_length(const ClaimView *view);
