/* claim_view.h - a claim as somebody knew it who made an event of it.
 *
 * The rules of claims look at nothing but what an event follows. So what turns up later, whatever
 * time it bears, neither makes good a publication that lacked something nor takes anything from one
 * that had all.
 *
 * A claim is made in versions: with "evidence-ready" the writing of one ends. What was reviewed,
 * put to the party or assessed before that, was of another version and counts no more. */
#pragma once

#include "dossier/engine.h"

typedef enum {
    CLAIM_EVER,
    CLAIM_CURRENT,   /* follows the last "evidence-ready" */
    CLAIM_CONTACTED, /* follows the last "contacting" of this version */
} ClaimSince;

typedef struct ClaimView {
    const EngineResult *dossier;
    const Event *act;     /* the event that is judged; NULL: none, all there is counts */
    const Event *opening; /* NULL: it is not open */
    gint64 time_us;
    GArray *events; /* ClaimViewEvent */
} ClaimView;

typedef struct {
    const Event *event;
    ClaimSince since; /* how far it reaches */
} ClaimViewEvent;

/* What @act follows of @dossier, which outlives the view; without @act all that is valid, at
 * @now_us. */
ClaimView *claim_view_new(const EngineResult *dossier, const Event *act, gint64 now_us);
void claim_view_free(ClaimView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClaimView, claim_view_free)

/* The next event of @type from place *at on (0 first), or NULL; moves *at behind it. */
const Event *claim_view_next(const ClaimView *view, const char *type, ClaimSince since, guint *at);

/* The last one, or NULL. */
const Event *claim_view_last(const ClaimView *view, const char *type, ClaimSince since);

/* Whether the same person made both: of one node, and of one name but for case and white space. */
gboolean claim_view_same_person(const Event *a, const Event *b);

/* Whether who made @event wrote some of the claim. */
gboolean claim_view_wrote(const ClaimView *view, const Event *event);

/* The text that the claim has now. */
const char *claim_view_text(const ClaimView *view);

/* Whether the claim is about a state's role. */
gboolean claim_view_is_state_role(const ClaimView *view);

/* --- the direct contact ------------------------------------------------------------------------
 */

/* When the party was reached, or tried the second time, by what counts: its node's receipt or
 * reply, or two attempts by different channels that each a second person confirmed. FALSE: neither
 * is there yet, and @error says what is missing. */
gboolean claim_view_contact(const ClaimView *view, gint64 *ret_time_us, GError **error);

/* The last reply since the contact, by the party's node or recorded; NULL: there is none. */
const Event *claim_view_reply(const ClaimView *view);

/* Until when silence has to last that began at @contact_us. */
gint64 claim_view_silence_due(const ClaimView *view, gint64 contact_us);
