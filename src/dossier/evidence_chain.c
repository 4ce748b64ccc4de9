#include "dossier/evidence_chain.h"

#include <string.h>

const char *evidence_chain_status_name(EvidenceChainStatus status)
{
    static const char *const names[] = {"held", "offered", "disputed", "disposed of"};
    return names[status];
}

static void copy_free(EvidenceCopy *copy)
{
    g_ptr_array_unref(copy->before);
    g_free(copy);
}

void evidence_chain_free(EvidenceChain *chain)
{
    if (!chain)
        return;
    g_array_unref(chain->hashes);
    g_ptr_array_unref(chain->copies);
    g_free(chain);
}

EvidenceCopy *evidence_chain_find(const EvidenceChain *chain, const char *name)
{
    for (guint i = 0; name && i < chain->copies->len; i++) {
        EvidenceCopy *copy = chain->copies->pdata[i];
        if (strcmp(copy->name, name) == 0)
            return copy;
    }
    return NULL;
}

EvidenceCopy *evidence_chain_offered(const EvidenceChain *chain, const Event *offer)
{
    for (guint i = 0; offer && i < chain->copies->len; i++) {
        EvidenceCopy *copy = chain->copies->pdata[i];
        if (copy->offer && event_hash_compare(&copy->offer->hash, &offer->hash) == 0)
            return copy;
    }
    return NULL;
}

/* --- what was sealed ---------------------------------------------------------------------------
 */

static void add_items(GArray *items, yyjson_val *list, gboolean is_kept)
{
    size_t at, size;
    yyjson_val *one;
    yyjson_arr_foreach (list, at, size, one) {
        yyjson_val *sha256 = yyjson_obj_get(one, "sha256");
        EvidenceItem item = {.name = yyjson_get_str(yyjson_obj_get(one, "name")),
                             .type = yyjson_get_str(yyjson_obj_get(one, "type")),
                             .size = yyjson_get_uint(yyjson_obj_get(one, "size")),
                             .is_kept = is_kept,
                             .is_malicious = yyjson_is_true(yyjson_obj_get(one, "malicious"))};
        if (item.name && yyjson_is_str(sha256) &&
            event_hash_parse(yyjson_get_str(sha256), yyjson_get_len(sha256), &item.sha256))
            g_array_append_val(items, item);
    }
}

GArray *evidence_chain_items(const Event *seal)
{
    GArray *items = g_array_new(FALSE, FALSE, sizeof(EvidenceItem));
    add_items(items, yyjson_obj_get(seal->payload, "files"), TRUE);
    add_items(items, yyjson_obj_get(seal->payload, "items"), FALSE);
    return items;
}

static int compare_hashes(gconstpointer a, gconstpointer b)
{
    return event_hash_compare(a, b);
}

static void set_hashes(EvidenceChain *chain)
{
    g_autoptr(GArray) items = evidence_chain_items(chain->seal);
    guint kept = 0;
    for (guint i = 0; i < items->len; i++)
        g_array_append_val(chain->hashes, g_array_index(items, EvidenceItem, i).sha256);
    g_array_sort(chain->hashes, compare_hashes);
    for (guint i = 0; i < chain->hashes->len; i++) {
        const EventHash *hash = &g_array_index(chain->hashes, EventHash, i);
        if (kept == 0 ||
            event_hash_compare(hash, &g_array_index(chain->hashes, EventHash, kept - 1)) != 0)
            g_array_index(chain->hashes, EventHash, kept++) = *hash;
    }
    g_array_set_size(chain->hashes, kept);
}

gboolean evidence_chain_matches(const EvidenceChain *chain, const Event *event, const char *name)
{
    yyjson_val *list = yyjson_obj_get(event->payload, name), *one;
    size_t at, size;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) != chain->hashes->len)
        return FALSE;
    yyjson_arr_foreach (list, at, size, one) {
        EventHash hash;
        if (!yyjson_is_str(one) ||
            !event_hash_parse(yyjson_get_str(one), yyjson_get_len(one), &hash) ||
            event_hash_compare(&hash, &g_array_index(chain->hashes, EventHash, at)) != 0)
            return FALSE;
    }
    return TRUE;
}

/* --- the steps ---------------------------------------------------------------------------------
 */

static EvidenceCopy *add_copy(EvidenceChain *chain, const char *name, const char *of,
                              const Event *event)
{
    EvidenceCopy *copy = g_new0(EvidenceCopy, 1);
    copy->name = name;
    copy->of = of;
    copy->first = event;
    copy->custodian = event->node;
    copy->before = g_ptr_array_new();
    g_ptr_array_add(chain->copies, copy);
    return copy;
}

static EvidenceCopy *take_sealed(EvidenceChain *chain, const Event *event)
{
    chain->seal = event;
    set_hashes(chain);
    return add_copy(chain, EVIDENCE_CHAIN_ORIGINAL, NULL, event);
}

static EvidenceCopy *take_copied(EvidenceChain *chain, const Event *event)
{
    return add_copy(chain, event_text(event, "copy"), event_text(event, "of"), event);
}

static EvidenceCopy *named(const EvidenceChain *chain, const Event *event)
{
    return evidence_chain_find(chain, event_text(event, "copy"));
}

static EvidenceCopy *take_stored(EvidenceChain *chain, const Event *event)
{
    EvidenceCopy *copy = named(chain, event);
    if (copy)
        copy->place = event_text(event, "place");
    return copy;
}

static EvidenceCopy *take_examined(EvidenceChain *chain, const Event *event)
{
    return named(chain, event);
}

static EvidenceCopy *take_checked(EvidenceChain *chain, const Event *event)
{
    EvidenceCopy *copy = named(chain, event);
    if (copy)
        copy->status = EVIDENCE_CHAIN_HELD;
    return copy;
}

static EvidenceCopy *open_offer(EvidenceCopy *copy, const Event *event, const char *to)
{
    if (copy) {
        copy->status = EVIDENCE_CHAIN_OFFERED;
        copy->offer = event;
        copy->to = to;
    }
    return copy;
}

static EvidenceCopy *take_offered(EvidenceChain *chain, const Event *event)
{
    return open_offer(named(chain, event), event, event_text(event, "to"));
}

/* To who had it before. */
static EvidenceCopy *take_returned(EvidenceChain *chain, const Event *event)
{
    EvidenceCopy *copy = named(chain, event);
    return copy && copy->before->len > 0
               ? open_offer(copy, event, copy->before->pdata[copy->before->len - 1])
               : copy;
}

static void close_offer(EvidenceCopy *copy, EvidenceChainStatus status)
{
    copy->status = status;
    copy->offer = NULL;
    copy->to = NULL;
}

/* The copy whose open offer the event names. */
static EvidenceCopy *of_offer(const EvidenceChain *chain, const Event *event)
{
    const char *text = event_text(event, "offer");
    EventHash hash;
    if (!text || !event_hash_parse(text, strlen(text), &hash))
        return NULL;
    const Event offer = {.hash = hash};
    return evidence_chain_offered(chain, &offer);
}

/* What is given back is no step further: who had it before that has it again. */
static EvidenceCopy *take_accepted(EvidenceChain *chain, const Event *event)
{
    EvidenceCopy *copy = of_offer(chain, event);
    if (!copy)
        return NULL;
    if (strcmp(copy->offer->type, "returned") == 0)
        g_ptr_array_set_size(copy->before, (gint)copy->before->len - 1);
    else
        g_ptr_array_add(copy->before, (gpointer)copy->custodian);
    copy->custodian = event->node;
    copy->place = event_text(event, "place");
    close_offer(copy, EVIDENCE_CHAIN_HELD);
    return copy;
}

static EvidenceCopy *take_declined(EvidenceChain *chain, const Event *event)
{
    EvidenceCopy *copy = of_offer(chain, event);
    if (copy)
        close_offer(copy, EVIDENCE_CHAIN_HELD);
    return copy;
}

static EvidenceCopy *take_disputed(EvidenceChain *chain, const Event *event)
{
    EvidenceCopy *copy = named(chain, event);
    if (copy)
        close_offer(copy, EVIDENCE_CHAIN_DISPUTED);
    return copy;
}

static EvidenceCopy *take_disposed(EvidenceChain *chain, const Event *event)
{
    EvidenceCopy *copy = named(chain, event);
    if (copy)
        close_offer(copy, EVIDENCE_CHAIN_DISPOSED);
    return copy;
}

static const struct {
    const char *type;
    EvidenceCopy *(*take)(EvidenceChain *chain, const Event *event);
} steps[] = {
    {"sealed", take_sealed},     {"copied", take_copied},     {"stored", take_stored},
    {"examined", take_examined}, {"checked", take_checked},   {"offered", take_offered},
    {"returned", take_returned}, {"accepted", take_accepted}, {"declined", take_declined},
    {"recalled", take_declined}, {"disputed", take_disputed}, {"disposed", take_disposed},
};

static void take(EvidenceChain *chain, const Event *event)
{
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (strcmp(steps[i].type, event->type) != 0)
            continue;
        EvidenceCopy *copy = steps[i].take(chain, event);
        if (copy)
            copy->last = event;
        return;
    }
}

EvidenceChain *evidence_chain_new(const EngineResult *result)
{
    EvidenceChain *chain = g_new0(EvidenceChain, 1);
    chain->hashes = g_array_new(FALSE, FALSE, sizeof(EventHash));
    chain->copies = g_ptr_array_new_with_free_func((GDestroyNotify)copy_free);
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (one->verdict == ENGINE_VALID)
            take(chain, one->event);
    }
    return chain;
}
