#include "exchange/follower.h"

#include <string.h>

#include "base/timestamp.h"
#include "exchange/community.h"
#include "exchange/dispatch_header.h"
#include "exchange/follower_effects.h"
#include "exchange/follower_items.h"
#include "exchange/follower_objects.h"
#include "store/ledger_read.h"
#include "store/openings.h"
#include "store/peers.h"
#include "store/records.h"
#include "store/witness.h"

struct FollowerPrepared {
    Answer *answer;
    FollowerOpening *openings; /* all of the answer's */
    gsize bytes;
};

/* An answer on its way into the store. */
typedef struct {
    const FollowerOptions *options;
    const Peer *peer;
    const Answer *answer;
    const AnswerVerified *verified;
    const NoteVerifier *own_key;
    FollowerOpening *openings; /* those that are new, of what was prepared */
    guint n_openings;
    gsize bytes;
    FollowerResult result;
    DispatchReceipt receipt; /* what was found while applying; its arrays are these: */
    GArray *indices;         /* guint64 */
    GArray *refusals;        /* DispatchRefusal */
    Opening *opening;        /* of the receipt; must outlive the request */
    LedgerItem *receipt_items;
} Accepting;

static void refusal_clear(gpointer refusal)
{
    g_free(((DispatchRefusal *)refusal)->reason);
}

static void accepting_clear(Accepting *accepting)
{
    g_clear_pointer(&accepting->indices, g_array_unref);
    g_clear_pointer(&accepting->refusals, g_array_unref);
    g_clear_pointer(&accepting->opening, opening_free);
    g_clear_pointer(&accepting->receipt_items, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Accepting, accepting_clear)

/* --- records -----------------------------------------------------------------------------------
 */

/* Of events and of chunks. */
static void count_events(Accepting *accepting, const FollowerOpening *opening)
{
    for (guint i = 0; i < opening->opening->n_items; i++) {
        const FollowerItem *item = &opening->items[i];
        if ((item->kind != FOLLOWER_EVENT && item->kind != FOLLOWER_CHUNK) || !item->bytes ||
            item->refusal)
            continue;
        if (item->is_known)
            accepting->receipt.known++;
        else
            accepting->receipt.stored++;
    }
}

static void note_refusals(Accepting *accepting, const FollowerOpening *opening)
{
    for (guint i = 0; i < opening->opening->n_items; i++) {
        const FollowerItem *item = &opening->items[i];
        if (!item->refusal)
            continue;
        accepting->receipt.refused++;
        if (accepting->refusals->len >= DISPATCH_HEADER_REFUSALS_MAX)
            continue;
        g_autofree char *reason = g_utf8_make_valid(item->refusal, -1);
        if (strlen(reason) > 200)
            *g_utf8_find_prev_char(reason, reason + 200) = '\0';
        const DispatchRefusal refusal = {opening->index, i, g_steal_pointer(&reason)};
        g_array_append_val(accepting->refusals, refusal);
    }
}

static gboolean add_record(Accepting *accepting, StoreTx *tx, gint64 answer,
                           const FollowerOpening *opening, gint64 *ret_number, gboolean *ret_new,
                           GError **error)
{
    const Opening *from = opening->opening;
    const DispatchHeader *header = opening->dispatch;
    g_autofree RecordsItem *items = g_new0(RecordsItem, from->n_items + 1);
    for (guint i = 0; i < from->n_items; i++) {
        const FollowerItem *item = &opening->items[i];
        items[i] = (RecordsItem){.version = item->version,
                                 .bytes = item->version > 0 ? NULL : item->bytes,
                                 .refusal = item->refusal};
    }
    RecordsSpec spec = {.origin = accepting->peer->origin,
                        .entry = opening->index,
                        .opening = from,
                        .granted_by = opening->granted_by,
                        .answer = answer,
                        .expires = G_MAXINT64,
                        .items = items};
    if (header) {
        spec.title = header->title;
        spec.tlp = header->tlp;
        spec.pap = header->pap;
        spec.community = header->community;
        spec.exercise = header->is_exercise;
        spec.expires = header->expires_us;
    }
    return records_add(tx, &spec, ret_number, ret_new, error);
}

static gboolean is_receipt(const Opening *opening)
{
    return !opening->is_erased && g_str_equal(opening->kind, DISPATCH_HEADER_RECEIPT);
}

static void count_kind(FollowerResult *result, const FollowerOpening *opening)
{
    const char *kind = opening->opening->is_erased ? "" : opening->opening->kind;
    result->openings++;
    result->dispatches += opening->dispatch != NULL;
    result->retractions +=
        g_str_equal(kind, DISPATCH_HEADER_WITHDRAWAL) || g_str_equal(kind, DISPATCH_HEADER_RECALL);
    for (guint i = 0; i < opening->opening->n_items; i++)
        result->events += opening->items[i].kind == FOLLOWER_EVENT;
}

/* The proof with which one of the new openings came. */
static const MerkleProof *path_of(const Accepting *accepting, const FollowerOpening *opening)
{
    guint place = accepting->verified->first_new + (guint)(opening - accepting->openings);
    return &((const AnswerOpening *)accepting->answer->openings->pdata[place])->proof;
}

static gboolean apply_opening(Accepting *accepting, StoreTx *tx, Reach *reach, gint64 answer,
                              FollowerOpening *opening, GError **error)
{
    gint64 number;
    gboolean is_new;
    if ((opening->dispatch &&
         !follower_objects_put(tx, reach, accepting->peer, opening, &accepting->receipt, error)) ||
        !follower_effects_events(tx, accepting->peer, accepting->own_key, opening, error) ||
        !add_record(accepting, tx, answer, opening, &number, &is_new, error))
        return FALSE;
    if (is_new &&
        (!follower_effects_chunks(tx, accepting->peer, opening, number, error) ||
         !follower_effects_proofs(tx, opening, number, path_of(accepting, opening), error)))
        return FALSE;
    count_events(accepting, opening);
    note_refusals(accepting, opening);
    if (is_new && !follower_effects_apply(tx, reach, accepting->peer, opening, error))
        return FALSE;
    if (is_new)
        count_kind(&accepting->result, opening);
    if (!is_receipt(opening->opening))
        g_array_append_val(accepting->indices, opening->index);
    return TRUE;
}

/* --- the receipt -------------------------------------------------------------------------------
 */

static int compare_indices(gconstpointer a, gconstpointer b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
    return (x > y) - (x < y);
}

static void drop_twins(GArray *indices)
{
    guint kept = 0;
    g_array_sort(indices, compare_indices);
    for (guint i = 0; i < indices->len; i++) {
        guint64 index = g_array_index(indices, guint64, i);
        if (kept == 0 || g_array_index(indices, guint64, kept - 1) != index)
            g_array_index(indices, guint64, kept++) = index;
    }
    g_array_set_size(indices, kept);
}

/* Appends the receipt to the own ledger. */
static gboolean append_receipt(Accepting *accepting, StoreTx *tx, GError **error)
{
    const char *own;
    guint64 size;
    DispatchReceipt *receipt = &accepting->receipt;
    if (!ledger_look(tx, &own, &size, error))
        return FALSE;
    drop_twins(accepting->indices);
    receipt->ledger = accepting->peer->origin;
    receipt->from = accepting->answer->from;
    receipt->end = accepting->verified->end;
    receipt->size = accepting->verified->size;
    receipt->root = accepting->verified->root;
    receipt->indices = (guint64 *)accepting->indices->data;
    receipt->n_indices = accepting->indices->len;
    receipt->refusals = (DispatchRefusal *)accepting->refusals->data;
    receipt->n_refusals = accepting->refusals->len;
    g_autofree char *members = dispatch_header_write_receipt(receipt, error);
    if (!members)
        return FALSE;
    const char *const audience[] = {accepting->peer->origin, NULL};
    const OpeningSpec spec = {.origin = own,
                              .kind = DISPATCH_HEADER_RECEIPT,
                              .time_us = timestamp_now(),
                              .audience = audience,
                              .members = members,
                              .members_length = strlen(members)};
    g_clear_pointer(&accepting->opening, opening_free);
    g_clear_pointer(&accepting->receipt_items, g_free);
    accepting->opening = opening_build(&spec, NULL, error);
    if (!accepting->opening)
        return FALSE;
    LedgerEntry entry = openings_entry(accepting->opening, &accepting->receipt_items);
    return ledger_append(tx, &entry, &accepting->result.receipt, error);
}

/* --- all of it ---------------------------------------------------------------------------------
 */

/* Another answer may have been accepted since this one was verified, a parcel perhaps. */
static gboolean check_cursor(Accepting *accepting, StoreTx *tx, GError **error)
{
    g_autoptr(Peer) now = peers_get_tx(tx, accepting->peer->origin, error);
    if (!now)
        return FALSE;
    if (now->state != PEER_ACTIVE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "the peering with %s is %s",
                    now->node, peer_state_name(now->state));
        return FALSE;
    }
    if (now->cursor == accepting->peer->cursor && now->size == accepting->peer->size && !now->fork)
        return TRUE;
    accepting->result.overtaken = TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s was followed by another way meanwhile: ask again", now->node);
    return FALSE;
}

/* Before the entries, of which a card may be signed by a key that the answer itself announces. */
static gboolean apply_changes(Accepting *accepting, StoreTx *tx, GError **error)
{
    char **learnt = accepting->verified->learnt;
    for (guint i = 0; learnt && learnt[i]; i++)
        if (!peers_add_change(tx, accepting->peer->number, learnt[i], error))
            return FALSE;
    return TRUE;
}

static gboolean apply_progress(Accepting *accepting, StoreTx *tx, GError **error)
{
    const AnswerVerified *verified = accepting->verified;
    gint64 peer = accepting->peer->number;
    gboolean fork; /* what this node cosigns of the log is compared on the way; others' word is not
                      needed for that */
    if (verified->checkpoint)
        witness_learn(tx, verified->checkpoint, strlen(verified->checkpoint), &fork, NULL);
    return peers_set_progress(tx, peer, verified->size, &verified->root, verified->checkpoint,
                              verified->end, error) &&
           peers_add_traffic(tx, peer, timestamp_now(), accepting->bytes, 0, error);
}

static void begin_again(Accepting *accepting)
{
    accepting->result =
        (FollowerResult){.end = accepting->verified->end,
                         .size = accepting->verified->size,
                         .more = accepting->verified->end < accepting->verified->size,
                         .receipt = G_MAXUINT64};
    accepting->receipt = (DispatchReceipt){0};
    g_array_set_size(accepting->indices, 0);
    g_array_set_size(accepting->refusals, 0);
}

/* After a record of a community others may be its members than those that @reach knows of. */
static gboolean renew_reach(const Accepting *accepting, StoreTx *tx, const FollowerOpening *opening,
                            Reach **reach, GError **error)
{
    const Opening *from = opening->opening;
    if (from->is_erased || (!g_str_equal(from->kind, COMMUNITY_OPENED_KIND) &&
                            !g_str_equal(from->kind, COMMUNITY_MEMBER_KIND)))
        return TRUE;
    reach_free(*reach);
    *reach = reach_load(tx, accepting->options->unmarked, error);
    return *reach != NULL;
}

static gboolean apply_answer(StoreTx *tx, gpointer user, GError **error)
{
    Accepting *accepting = user;
    const Answer *answer = accepting->answer;
    gint64 number = 0;
    begin_again(accepting);
    if (!check_cursor(accepting, tx, error) || !apply_changes(accepting, tx, error))
        return FALSE;
    g_autoptr(Reach) reach = reach_load(tx, accepting->options->unmarked, error);
    if (!reach)
        return FALSE;
    const char *checkpoint = accepting->verified->checkpoint ? accepting->verified->checkpoint
                                                             : accepting->peer->checkpoint;
    const RecordsAnswer row = {.origin = accepting->peer->origin,
                               .from = answer->from,
                               .end = accepting->verified->end,
                               .size = accepting->verified->size,
                               .statement = answer->statement,
                               .checkpoint = checkpoint ? checkpoint : ""};
    if (accepting->n_openings > 0 && !records_add_answer(tx, &row, &number, error))
        return FALSE;
    for (guint i = 0; i < accepting->n_openings; i++)
        if (!apply_opening(accepting, tx, reach, number, &accepting->openings[i], error) ||
            !renew_reach(accepting, tx, &accepting->openings[i], &reach, error))
            return FALSE;
    FollowerResult *result = &accepting->result;
    result->stored = accepting->receipt.stored;
    result->known = accepting->receipt.known;
    result->refused = accepting->receipt.refused;
    return apply_progress(accepting, tx, error) &&
           (accepting->indices->len == 0 || append_receipt(accepting, tx, error));
}

/* Those that are new: the answer may begin earlier than where this node had got. */
static void take_openings(Accepting *accepting, const FollowerPrepared *prepared)
{
    guint first = accepting->verified->first_new;
    accepting->n_openings = prepared->answer->openings->len - first;
    accepting->openings = prepared->openings + first;
}

typedef struct {
    const Peer *peer;
    const char *reason;
    const Answer *answer;
} Conviction;

/* The author's own words against it: two checkpoints with what shows that they do not agree, and
 * the statement. */
static gboolean keep_evidence(StoreTx *tx, const Conviction *conviction, GError **error)
{
    const Peer *peer = conviction->peer;
    const Answer *answer = conviction->answer;
    gint64 number;
    const RecordsAnswer row = {.origin = peer->origin,
                               .from = answer->from,
                               .end = answer->end,
                               .size = answer->size,
                               .statement = answer->statement,
                               .checkpoint = answer->checkpoint ? answer->checkpoint : ""};
    if (!records_add_answer(tx, &row, &number, error))
        return FALSE;
    return !peer->checkpoint || !answer->checkpoint ||
           witness_keep(tx, peer->origin, peer->checkpoint, answer->checkpoint,
                        answer->size != peer->size ? &answer->consistency : NULL, error);
}

static gboolean apply_conviction(StoreTx *tx, gpointer user, GError **error)
{
    const Conviction *conviction = user;
    const char *checkpoint = conviction->answer->checkpoint;
    gboolean fork;
    if (checkpoint)
        witness_learn(tx, checkpoint, strlen(checkpoint), &fork, NULL);
    return keep_evidence(tx, conviction, error) &&
           peers_set_fork(tx, conviction->peer->number, conviction->reason, error);
}

static void convict(const FollowerOptions *options, const Peer *peer, const Answer *answer,
                    const GError *reason)
{
    Conviction conviction = {peer, reason->message, answer};
    /* Should that fail, the next answer tells the same. */
    writer_run(options->writer, 0, apply_conviction, &conviction, NULL);
}

static gboolean verify(const FollowerOptions *options, const Peer *peer, const Answer *answer,
                       const char *own, AnswerVerified *ret_verified, AnswerVerdict *ret_verdict,
                       GError **error)
{
    g_autoptr(KeyHistory) history = peers_history(peer, error);
    g_autoptr(NoteVerifier) key = history ? note_verifier_parse(peer->message_vkey, error) : NULL;
    if (!key)
        return FALSE;
    const NoteVerifier *keys[] = {key};
    const AnswerTrust trust = {.origin = peer->origin,
                               .to = own,
                               .history = history,
                               .message_keys = keys,
                               .n_message_keys = G_N_ELEMENTS(keys),
                               .card_number = peer->card_number,
                               .from = peer->cursor,
                               .size = peer->size,
                               .root = peer->root,
                               .consistency = options->consistency};
    g_autoptr(GError) local = NULL;
    *ret_verdict = answer_verify(answer, &trust, ret_verified, &local);
    if (*ret_verdict == ANSWER_ACCEPTED)
        return TRUE;
    if (*ret_verdict == ANSWER_FORKED || *ret_verdict == ANSWER_LYING)
        convict(options, peer, answer, local);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean refuse_convicted(const Peer *peer, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s is not followed since its ledger contradicts itself: %s", peer->node,
                peer->fork_reason ? peer->fork_reason : "it was forked");
    return FALSE;
}

/* What comes of it is kept by itself; the answer is good, whatever it tells of others. */
static void hear(const FollowerOptions *options, const Peer *peer, const Answer *answer,
                 guint64 size)
{
    guint convicted;
    gossip_shown(options->gossip, peer->origin, size);
    gossip_hear(options->gossip, options->store, options->writer, peer->origin,
                (const char *const *)answer->gossip, &convicted, NULL);
}

FollowerPrepared *follower_prepare(GBytes *bytes, GError **error)
{
    Answer *answer = answer_parse(bytes, FOLLOWER_ANSWER_MAX, error);
    if (!answer)
        return NULL;
    FollowerPrepared *prepared = g_new0(FollowerPrepared, 1);
    guint count = answer->openings->len;
    prepared->answer = answer;
    prepared->bytes = g_bytes_get_size(bytes);
    prepared->openings = g_new0(FollowerOpening, count + 1);
    for (guint i = 0; i < count; i++) {
        const AnswerOpening *from = answer->openings->pdata[i];
        prepared->openings[i] = (FollowerOpening){
            .opening = from->opening, .index = from->index, .granted_by = from->granted_by};
    }
    follower_items_read(prepared->openings, count);
    return prepared;
}

void follower_prepared_free(FollowerPrepared *prepared)
{
    if (!prepared)
        return;
    for (guint i = 0; i < prepared->answer->openings->len; i++)
        follower_items_clear(&prepared->openings[i]);
    g_free(prepared->openings);
    answer_free(prepared->answer);
    g_free(prepared);
}

gboolean follower_accept(const FollowerOptions *options, const char *origin, GBytes *bytes,
                         FollowerResult *ret_result, GError **error)
{
    *ret_result = (FollowerResult){.verdict = ANSWER_DAMAGED, .receipt = G_MAXUINT64};
    g_autoptr(FollowerPrepared) prepared = follower_prepare(bytes, error);
    return prepared && follower_accept_prepared(options, origin, prepared, ret_result, error);
}

gboolean follower_accept_prepared(const FollowerOptions *options, const char *origin,
                                  FollowerPrepared *prepared, FollowerResult *ret_result,
                                  GError **error)
{
    Answer *answer = prepared->answer;
    g_auto(LedgerReadState) own = {0};
    *ret_result = (FollowerResult){.verdict = ANSWER_ACCEPTED, .receipt = G_MAXUINT64};
    g_autoptr(Peer) peer = peers_get(options->store, origin, error);
    if (!peer || !ledger_read_state(options->store, &own, error))
        return FALSE;
    if (peer->fork)
        return refuse_convicted(peer, error);
    ret_result->verdict = ANSWER_DAMAGED;
    g_auto(AnswerVerified) verified = {0};
    g_autoptr(NoteVerifier) own_key =
        options->own_message_key ? note_verifier_parse(options->own_message_key, NULL) : NULL;
    if (!verify(options, peer, answer, own.origin, &verified, &ret_result->verdict, error))
        return FALSE;
    g_auto(Accepting) accepting = {.options = options,
                                   .peer = peer,
                                   .answer = answer,
                                   .verified = &verified,
                                   .own_key = own_key,
                                   .bytes = prepared->bytes,
                                   .indices = g_array_new(FALSE, FALSE, sizeof(guint64)),
                                   .refusals = g_array_new(FALSE, FALSE, sizeof(DispatchRefusal))};
    g_array_set_clear_func(accepting.refusals, refusal_clear);
    take_openings(&accepting, prepared);
    gboolean good =
        writer_run(options->writer, accepting.n_openings, apply_answer, &accepting, error);
    if (good && options->gossip)
        hear(options, peer, answer, verified.size);
    if (good)
        *ret_result = accepting.result;
    else
        *ret_result = (FollowerResult){.overtaken = accepting.result.overtaken};
    return good;
}
