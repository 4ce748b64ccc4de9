#include "dossier/claim_view.h"

#include <string.h>

#include "dossier/claim.h"

/* --- what an event follows ---------------------------------------------------------------------
 */

static const EngineEvent *judged(const EngineResult *dossier, guint i)
{
    return &g_array_index(dossier->events, EngineEvent, i);
}

/* Finds the places of events by their hashes. It is made anew for each judgement, so it is made
 * quickly: what a peer sends must not keep others busy. */
typedef struct {
    const EngineResult *dossier;
    guint64 factor; /* other in each process: nobody can choose hashes that collide */
    guint shift;
    guint *slots; /* each place plus 1; 0: free */
} Places;

static void places_clear(Places *places)
{
    g_free(places->slots);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Places, places_clear)

/* The slot of the event of that hash, or the free one where it would be. */
static guint *find_slot(const Places *places, const EventHash *hash)
{
    guint64 key;
    memcpy(&key, hash->bytes, sizeof key);
    guint mask = (1u << (64 - places->shift)) - 1;
    guint at = (guint)(key * places->factor >> places->shift);
    while (places->slots[at] != 0 &&
           event_hash_compare(&judged(places->dossier, places->slots[at] - 1)->event->hash, hash) !=
               0)
        at = (at + 1) & mask;
    return &places->slots[at];
}

static void places_init(Places *places, const EngineResult *dossier)
{
    guint bits = 3;
    while ((1u << bits) < 2 * dossier->events->len)
        bits++;
    places->dossier = dossier;
    places->factor = (guint64)(guintptr)dossier * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) | 1;
    places->shift = 64 - bits;
    places->slots = g_new0(guint, (gsize)1 << bits);
    for (guint i = 0; i < dossier->events->len; i++)
        *find_slot(places, &judged(dossier, i)->event->hash) = i + 1;
}

/* The place of the event's @k-th parent plus 1; 0: it is not there. */
static guint parent_place(const Places *places, const Event *event, guint k)
{
    return *find_slot(places, &event->parents[k]);
}

static void mark_parents(const Places *places, const Event *event, guint8 *set)
{
    for (guint k = 0; k < event->n_parents; k++) {
        guint place = parent_place(places, event, k);
        if (place > 0)
            set[place - 1] = TRUE;
    }
}

/* Fills @followed with what the view's act follows. Parents come before children. */
static void mark_followed(const ClaimView *view, const Places *places, guint8 *followed)
{
    const EngineResult *dossier = view->dossier;
    if (!view->act) {
        memset(followed, TRUE, dossier->events->len);
        return;
    }
    mark_parents(places, view->act, followed);
    for (guint i = dossier->events->len; i-- > 0;)
        if (followed[i])
            mark_parents(places, judged(dossier, i)->event, followed);
}

/* Whether a parent of @event has @since. */
static gboolean parent_since(const Places *places, const Event *event, const guint8 *reach,
                             ClaimSince since)
{
    for (guint k = 0; k < event->n_parents; k++) {
        guint place = parent_place(places, event, k);
        if (place > 0 && reach[place - 1] >= since)
            return TRUE;
    }
    return FALSE;
}

static guint last_place(const ClaimView *view, const guint8 *followed, const char *type)
{
    for (guint i = view->dossier->events->len; i-- > 0;) {
        const EngineEvent *one = judged(view->dossier, i);
        if (followed[i] && one->verdict == ENGINE_VALID && strcmp(one->event->type, type) == 0)
            return i;
    }
    return G_MAXUINT;
}

/* Fills in how far each event reaches. The last contact counts only if it is of this version. */
static void mark_reach(const ClaimView *view, const Places *places, const guint8 *followed,
                       guint8 *reach)
{
    guint ready = last_place(view, followed, "evidence-ready");
    guint contact = last_place(view, followed, "contacting");
    for (guint i = 0; i < view->dossier->events->len; i++) {
        const Event *event = judged(view->dossier, i)->event;
        if (i == ready || parent_since(places, event, reach, CLAIM_CURRENT))
            reach[i] = CLAIM_CURRENT;
        if (reach[i] == CLAIM_CURRENT &&
            (i == contact || parent_since(places, event, reach, CLAIM_CONTACTED)))
            reach[i] = CLAIM_CONTACTED;
    }
}

ClaimView *claim_view_new(const EngineResult *dossier, const Event *act, gint64 now_us)
{
    ClaimView *view = g_new0(ClaimView, 1);
    guint count = dossier->events->len;
    g_autofree guint8 *followed = g_new0(guint8, count + 1);
    g_autofree guint8 *reach = g_new0(guint8, count + 1);
    g_auto(Places) places = {0};
    places_init(&places, dossier);
    view->dossier = dossier;
    view->act = act;
    view->opening = dossier->opening;
    view->time_us = act ? act->time_us : now_us;
    view->events = g_array_new(FALSE, FALSE, sizeof(ClaimViewEvent));
    mark_followed(view, &places, followed);
    mark_reach(view, &places, followed, reach);
    for (guint i = 0; i < count; i++) {
        const ClaimViewEvent one = {judged(dossier, i)->event, (ClaimSince)reach[i]};
        if (followed[i] && judged(dossier, i)->verdict == ENGINE_VALID)
            g_array_append_val(view->events, one);
    }
    return view;
}

void claim_view_free(ClaimView *view)
{
    if (!view)
        return;
    g_array_unref(view->events);
    g_free(view);
}

const Event *claim_view_next(const ClaimView *view, const char *type, ClaimSince since, guint *at)
{
    while (*at < view->events->len) {
        const ClaimViewEvent *one = &g_array_index(view->events, ClaimViewEvent, *at);
        ++*at;
        if (one->since >= since && strcmp(one->event->type, type) == 0)
            return one->event;
    }
    return NULL;
}

const Event *claim_view_last(const ClaimView *view, const char *type, ClaimSince since)
{
    for (guint i = view->events->len; i-- > 0;) {
        const ClaimViewEvent *one = &g_array_index(view->events, ClaimViewEvent, i);
        if (one->since >= since && strcmp(one->event->type, type) == 0)
            return one->event;
    }
    return NULL;
}

/* --- who and what ------------------------------------------------------------------------------
 */

/* A name without what does not make it another's. */
static char *plain_name(const char *name)
{
    g_autofree char *folded = g_utf8_casefold(name, -1);
    g_autofree char *normal = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL);
    GString *plain = g_string_new(NULL);
    for (const char *at = normal ? normal : folded; *at; at = g_utf8_next_char(at))
        if (!g_unichar_isspace(g_utf8_get_char(at)))
            g_string_append_unichar(plain, g_utf8_get_char(at));
    return g_string_free(plain, FALSE);
}

gboolean claim_view_same_person(const Event *a, const Event *b)
{
    if (strcmp(a->node, b->node) != 0 || !a->signatory != !b->signatory)
        return FALSE;
    if (!a->signatory)
        return TRUE;
    g_autofree char *name_a = plain_name(a->signatory), *name_b = plain_name(b->signatory);
    return strcmp(name_a, name_b) == 0;
}

gboolean claim_view_wrote(const ClaimView *view, const Event *event)
{
    static const char *const writing[] = {"drafted", "revised", "item", "weighed"};
    for (guint i = 0; i < G_N_ELEMENTS(writing); i++) {
        const Event *one;
        for (guint at = 0; (one = claim_view_next(view, writing[i], CLAIM_EVER, &at));)
            if (claim_view_same_person(one, event))
                return TRUE;
    }
    return FALSE;
}

const char *claim_view_text(const ClaimView *view)
{
    const Event *revised = claim_view_last(view, "revised", CLAIM_EVER);
    return event_text(revised ? revised : view->opening, "text");
}

gboolean claim_view_is_state_role(const ClaimView *view)
{
    return g_strcmp0(event_text(view->opening, "about"), "state-role") == 0;
}

/* --- the direct contact ------------------------------------------------------------------------
 */

static gboolean is_confirmed(const ClaimView *view, const Event *attempt)
{
    char hex[2 * SHA256_SIZE + 1];
    const Event *one;
    event_hash_format(&attempt->hash, hex);
    for (guint at = 0; (one = claim_view_next(view, "attempt-confirmed", CLAIM_CONTACTED, &at));)
        if (g_strcmp0(event_text(one, "attempt"), hex) == 0 &&
            !claim_view_same_person(one, attempt))
            return TRUE;
    return FALSE;
}

/* Whether of the attempts so far (@first: channels of confirmed ones) one was by another channel.
 */
static gboolean is_second(const GPtrArray *first, const Event *attempt)
{
    for (guint i = 0; i < first->len; i++)
        if (g_strcmp0(first->pdata[i], event_text(attempt, "channel")) != 0)
            return TRUE;
    return FALSE;
}

/* The time of the second of two confirmed attempts by different channels; how far it got. */
static gboolean find_attempts(const ClaimView *view, gint64 *ret_time_us, guint *ret_made,
                              guint *ret_confirmed)
{
    g_autoptr(GPtrArray) channels = g_ptr_array_new();
    *ret_made = *ret_confirmed = 0;
    for (guint i = 0; i < view->events->len; i++) {
        const ClaimViewEvent *one = &g_array_index(view->events, ClaimViewEvent, i);
        if (one->since < CLAIM_CONTACTED || !claim_is_attempt(one->event))
            continue;
        ++*ret_made;
        if (!is_confirmed(view, one->event))
            continue;
        ++*ret_confirmed;
        if (is_second(channels, one->event)) {
            *ret_time_us = one->event->time_us;
            return TRUE;
        }
        g_ptr_array_add(channels, (gpointer)event_text(one->event, "channel"));
    }
    return FALSE;
}

/* What the party's node said: that the contact arrived, or its reply. */
static const Event *find_receipt(const ClaimView *view)
{
    guint receipts = 0, replies = 0;
    const Event *receipt = claim_view_next(view, "received", CLAIM_CONTACTED, &receipts);
    const Event *reply = claim_view_next(view, "replied", CLAIM_CONTACTED, &replies);
    if (!receipt || !reply)
        return receipt ? receipt : reply;
    return receipt->time_us <= reply->time_us ? receipt : reply;
}

gboolean claim_view_contact(const ClaimView *view, gint64 *ret_time_us, GError **error)
{
    const Event *receipt = find_receipt(view);
    gint64 attempts_us;
    guint made, confirmed;
    gboolean has_attempts = find_attempts(view, &attempts_us, &made, &confirmed);
    if (receipt || has_attempts) {
        *ret_time_us = !receipt       ? attempts_us
                       : has_attempts ? MIN(receipt->time_us, attempts_us)
                                      : receipt->time_us;
        return TRUE;
    }
    if (!claim_view_last(view, "contacting", CLAIM_CURRENT))
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                            "the party named was not contacted about this version");
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the party's node has not received it, and of two attempts by different "
                    "channels %u %s documented, %u confirmed by a second person",
                    made, made == 1 ? "is" : "are", confirmed);
    return FALSE;
}

const Event *claim_view_reply(const ClaimView *view)
{
    const Event *own = claim_view_last(view, "replied", CLAIM_CONTACTED);
    return own ? own : claim_view_last(view, "reply-recorded", CLAIM_CONTACTED);
}

gint64 claim_view_silence_due(const ClaimView *view, gint64 contact_us)
{
    const Event *contact = claim_view_last(view, "contacting", CLAIM_CURRENT);
    return contact_us + claim_silence_seconds(contact) * G_USEC_PER_SEC;
}
