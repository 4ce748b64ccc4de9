#include "node/evidence_maker.h"

#include <string.h>
#include <yyjson.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "dossier/docket_files.h"
#include "dossier/evidence_certificate.h"
#include "ledger/disclosure.h"
#include "ledger/keychange.h"
#include "ledger/opening.h"
#include "ledger/origin.h"
#include "store/attachments.h"
#include "store/event_proofs.h"
#include "store/introductions.h"
#include "store/ledger_read.h"
#include "store/openings.h"
#include "store/own_card.h"
#include "store/peer_past.h"
#include "store/peers.h"
#include "store/records.h"
#include "store/witness.h"

typedef struct {
    const EvidenceMaker *maker;
    LedgerReadState state; /* of the own ledger */
    char *self;            /* this node's name */
    char *checkpoint;      /* of the own ledger, cosigned */
    EvidenceBundleWriter *writer;
    EvidenceMakerCounts counts;
} Making;

static void making_clear(Making *making)
{
    ledger_read_state_clear(&making->state);
    g_free(making->self);
    g_free(making->checkpoint);
    evidence_bundle_writer_free(making->writer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Making, making_clear)

static gboolean put_json(Making *making, EvidenceBundleKind kind, yyjson_mut_doc *doc,
                         GError **error)
{
    g_autofree char *text = jsontext_take(doc);
    return evidence_bundle_write(making->writer, kind, text, strlen(text), error);
}

static gboolean write_head(Making *making, gint64 now, GError **error)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "dossier", making->maker->docket->dossier->id);
    yyjson_mut_obj_add_str(doc, root, "origin", making->state.origin);
    yyjson_mut_obj_add_strcpy(doc, root, "time", timestamp_format(time, now, OPENING_TIME_DIGITS));
    return put_json(making, EVIDENCE_BUNDLE_HEAD, doc, error);
}

/* --- parties -----------------------------------------------------------------------------------
 */

/* What is known of a node's keys. */
typedef struct {
    char *card, *ledger_vkey;
    char **changes, **earlier; /* may be NULL */
} Keys;

static void keys_clear(Keys *keys)
{
    g_free(keys->card);
    g_free(keys->ledger_vkey);
    g_strfreev(keys->changes);
    g_strfreev(keys->earlier);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

/* The ledger key that was the first one. */
static char *first_key(const Making *making, char **changes)
{
    for (guint i = 0; changes[i]; i++) {
        g_autoptr(KeyChange) change = keychange_parse(changes[i], strlen(changes[i]), NULL);
        if (change && change->role == KEYCHANGE_LEDGER)
            return note_verifier_format(change->old_key);
    }
    return g_strdup(making->state.keys[LEDGER_KEY]);
}

static gboolean read_own_keys(const Making *making, Keys *keys, GError **error)
{
    Store *store = making->maker->store;
    keys->changes = ledger_read_key_changes(store, error);
    if (!keys->changes || !own_card_get(store, &keys->card, error))
        return FALSE;
    keys->ledger_vkey = first_key(making, keys->changes);
    if (!keys->card)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                            "this node has no card yet: `concert card publish` makes it");
    return keys->card != NULL;
}

/* Of a peer, or of who was introduced by one. */
static gboolean read_keys(const Making *making, const char *node, Keys *keys, GError **error)
{
    Store *store = making->maker->store;
    g_autoptr(GError) local = NULL;
    if (strcmp(node, making->self) == 0)
        return read_own_keys(making, keys, error);
    g_autoptr(Peer) peer = peers_get(store, node, &local);
    if (!peer && g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return introductions_card(store, node, &keys->card, &keys->ledger_vkey, error);
    if (!peer) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    keys->card = g_strdup(peer->card);
    keys->ledger_vkey = g_strdup(peer->ledger_vkey);
    keys->changes = g_strdupv(peer->changes);
    keys->earlier = peer_past_every_key(store, peer->number, error);
    return keys->earlier != NULL;
}

static void add_texts(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name, char **texts)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, name);
    for (guint i = 0; texts && texts[i]; i++)
        yyjson_mut_arr_add_strcpy(doc, list, texts[i]);
}

static gboolean write_party(Making *making, const char *node, GError **error)
{
    g_auto(Keys) keys = {0};
    if (!read_keys(making, node, &keys, error))
        return FALSE;
    if (!keys.card)
        return TRUE;
    yyjson_doc *card = yyjson_read(keys.card, strlen(keys.card), 0);
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_val(doc, root, "card", yyjson_val_mut_copy(doc, yyjson_doc_get_root(card)));
    add_texts(doc, root, "changes", keys.changes);
    add_texts(doc, root, "earlier", keys.earlier);
    yyjson_mut_obj_add_strcpy(doc, root, "ledger", keys.ledger_vkey);
    yyjson_doc_free(card);
    making->counts.parties++;
    return put_json(making, EVIDENCE_BUNDLE_PARTY, doc, error);
}

/* This node, and all who made a step. */
static gboolean write_parties(Making *making, GError **error)
{
    const GArray *events = making->maker->docket->result->events;
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_add(done, making->self);
    if (!write_party(making, making->self, error))
        return FALSE;
    for (guint i = 0; i < events->len; i++) {
        char *node = g_array_index(events, EngineEvent, i).event->node;
        if (g_hash_table_add(done, node) && !write_party(making, node, error))
            return FALSE;
    }
    return TRUE;
}

/* --- steps and proofs --------------------------------------------------------------------------
 */

static gboolean write_steps(Making *making, GError **error)
{
    const Docket *docket = making->maker->docket;
    for (guint i = 0; i < docket->result->events->len; i++) {
        const Event *event = g_array_index(docket->result->events, EngineEvent, i).event;
        const DossierEvent *stored = docket_stored(docket, event);
        gsize length;
        const void *bytes = g_bytes_get_data(stored->bytes, &length);
        if (!evidence_bundle_write(making->writer, EVIDENCE_BUNDLE_EVENT, bytes, length, error))
            return FALSE;
        making->counts.steps++;
    }
    return TRUE;
}

/* Which item of the entry the event is; OPENING_NO_ITEM: none. */
static guint find_item(const Opening *opening, GBytes *bytes)
{
    for (guint i = 0; i < opening->n_items; i++)
        if (opening->items[i].bytes && g_bytes_equal(opening->items[i].bytes, bytes))
            return i;
    return OPENING_NO_ITEM;
}

static char *prove_own(const Making *making, const DossierEvent *stored, GError **error)
{
    Store *store = making->maker->store;
    g_autoptr(Opening) opening = openings_read(store, stored->entry, error);
    if (!opening)
        return NULL;
    guint place = find_item(opening, stored->bytes);
    return place == OPENING_NO_ITEM
               ? g_strdup("")
               : openings_disclose(store, stored->entry, place, making->checkpoint, error);
}

/* By what came with it. */
static char *prove_received(const Making *making, const DossierEvent *stored, GError **error)
{
    Store *store = making->maker->store;
    g_auto(EventProof) kept = {0};
    if (!event_proofs_get(store, stored->hash, &kept, error))
        return NULL;
    if (!kept.origin || !kept.checkpoint || !*kept.checkpoint)
        return g_strdup("");
    g_autoptr(Note) note = note_parse(kept.checkpoint, strlen(kept.checkpoint), error);
    g_autofree char *proof = note ? proof_format(kept.entry, &kept.path, note, NULL, error) : NULL;
    g_autoptr(Opening) whole =
        proof ? records_opening(store, kept.origin, kept.entry, error) : NULL;
    if (!whole)
        return NULL;
    if (whole->is_erased || kept.place >= whole->n_items || !whole->items[kept.place].bytes)
        return g_strdup("");
    g_autoptr(Opening) part = opening_withhold(whole, kept.place, error);
    g_autofree char *node = origin_node(kept.origin);
    g_autoptr(Peer) peer = part ? peers_get(store, node, NULL) : NULL;
    if (!part)
        return NULL;
    return disclosure_format(part, proof, peer ? (const char *const *)peer->changes : NULL,
                             peer ? g_strv_length(peer->changes) : 0, error);
}

static gboolean write_proofs(Making *making, GError **error)
{
    const Docket *docket = making->maker->docket;
    for (guint i = 0; i < docket->result->events->len; i++) {
        const Event *event = g_array_index(docket->result->events, EngineEvent, i).event;
        const DossierEvent *stored = docket_stored(docket, event);
        g_autofree char *proof = stored->entry != DOSSIERS_NO_ENTRY
                                     ? prove_own(making, stored, error)
                                     : prove_received(making, stored, error);
        if (!proof)
            return FALSE;
        if (!*proof)
            continue;
        if (!evidence_bundle_write(making->writer, EVIDENCE_BUNDLE_PROOF, proof, strlen(proof),
                                   error))
            return FALSE;
        making->counts.proofs++;
    }
    return TRUE;
}

/* --- files -------------------------------------------------------------------------------------
 */

static gboolean take(const void *bytes, gsize length, gpointer user, GError **error)
{
    return length == 0 || evidence_bundle_add(user, bytes, length, error);
}

static gboolean write_file(Making *making, const DocketFile *file, GError **error)
{
    Store *store = making->maker->store;
    g_autoptr(GPtrArray) copies = attachments_find(store, file->sha256, error);
    if (!copies)
        return FALSE;
    const Attachment *copy = copies->len > 0 ? (const Attachment *)copies->pdata[0] : NULL;
    if (!copy || copy->here != chunk_count(copy->size) || copy->state == ATTACHMENT_DAMAGED) {
        making->counts.files_missing++;
        return TRUE;
    }
    if (copy->is_malicious || file->is_malicious) {
        making->counts.files_malicious++;
        return TRUE;
    }
    making->counts.files++;
    return evidence_bundle_begin(making->writer, EVIDENCE_BUNDLE_FILE, SHA256_SIZE + copy->size,
                                 error) &&
           evidence_bundle_add(making->writer, file->sha256, SHA256_SIZE, error) &&
           attachments_read(store, copy, take, making->writer, error);
}

static guint hash_sha256(gconstpointer key)
{
    guint value;
    memcpy(&value, key, sizeof value);
    return value;
}

static gboolean equal_sha256(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, SHA256_SIZE) == 0;
}

static gboolean write_files(Making *making, GError **error)
{
    const GArray *events = making->maker->docket->result->events;
    g_autoptr(GHashTable) done = g_hash_table_new_full(hash_sha256, equal_sha256, g_free, NULL);
    for (guint i = 0; !making->maker->without_files && i < events->len; i++) {
        g_autoptr(GArray) files = docket_files_list(g_array_index(events, EngineEvent, i).event);
        for (guint j = 0; j < files->len; j++) {
            const DocketFile *file = &g_array_index(files, DocketFile, j);
            if (g_hash_table_add(done, g_memdup2(file->sha256, SHA256_SIZE)) &&
                !write_file(making, file, error))
                return FALSE;
        }
    }
    return TRUE;
}

/* --- all of it ---------------------------------------------------------------------------------
 */

static gboolean put(const void *bytes, gsize length, gpointer user, GError **error)
{
    Making *making = user;
    making->counts.bytes += length;
    return making->maker->put(bytes, length, making->maker->user, error);
}

static gboolean write_certificate(Making *making, GError **error)
{
    const EngineResult *result = making->maker->docket->result;
    g_autoptr(EvidenceChain) chain = evidence_chain_new(result);
    g_autofree char *text = evidence_certificate(result, chain);
    return evidence_bundle_write(making->writer, EVIDENCE_BUNDLE_CERTIFICATE, text, strlen(text),
                                 error);
}

static gboolean write_end(Making *making, gint64 now, GError **error)
{
    g_autofree char *body = evidence_bundle_body(making->writer, making->maker->docket->dossier->id,
                                                 making->state.origin, now);
    g_autofree char *text = making->maker->sign(body, making->maker->user, error);
    return text && evidence_bundle_end(making->writer, text, error);
}

gboolean evidence_maker_write(const EvidenceMaker *maker, EvidenceMakerCounts *ret_counts,
                              GError **error)
{
    g_auto(Making) making = {.maker = maker};
    gint64 now = timestamp_now();
    if (!ledger_read_state(maker->store, &making.state, error))
        return FALSE;
    making.self = origin_node(making.state.origin);
    making.writer = evidence_bundle_writer_new(put, &making);
    making.checkpoint = witness_cosigned(maker->store, making.state.checkpoint, NULL, error);
    if (!making.checkpoint || !write_head(&making, now, error) || !write_parties(&making, error) ||
        !write_steps(&making, error) || !write_proofs(&making, error) ||
        !write_certificate(&making, error) || !write_files(&making, error) ||
        !write_end(&making, now, error))
        return FALSE;
    *ret_counts = making.counts;
    return TRUE;
}
