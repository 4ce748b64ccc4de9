#include "node/parcel_operation.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "exchange/author.h"
#include "exchange/card.h"
#include "exchange/dispatch_header.h"
#include "exchange/follower.h"
#include "exchange/message.h"
#include "exchange/parcel_record.h"
#include "node/card_publisher.h"
#include "node/config.h"
#include "node/docket_machine.h"
#include "node/operation_params.h"
#include "node/parcel_box.h"
#include "node/policy_file.h"
#include "store/peers.h"
#include "store/records.h"

#define RECEIPTS_MAX 32 /* the newest ones of a peer that are looked at */

/* The peer of that name or origin, with whom peering is agreed. */
static Peer *get_active(Notary *notary, const char *name, GError **error)
{
    g_autoptr(Peer) peer = peers_get(notary_store(notary), name, error);
    if (!peer)
        return NULL;
    if (peer->state != PEER_ACTIVE) {
        error_set(error, CONCERT_ERROR_DENIED, "the peering with %s is %s", peer->node,
                  peer_state_name(peer->state));
        return NULL;
    }
    if (peer->fork) {
        error_set(error, CONCERT_ERROR_CONFLICT,
                  "%s is not followed since its ledger contradicts itself: %s", peer->node,
                  peer->fork_reason ? peer->fork_reason : "it was forked");
        return NULL;
    }
    return g_steal_pointer(&peer);
}

static void add_number(yyjson_mut_doc *result, const char *name, guint64 number)
{
    yyjson_mut_obj_add_uint(result, yyjson_mut_doc_get_root(result), name, number);
}

static void add_text(yyjson_mut_doc *result, const char *name, const char *text)
{
    yyjson_mut_obj_add_strcpy(result, yyjson_mut_doc_get_root(result), name, text);
}

/* --- Writing --------------------------------------------------------------------------------- */

/* A parcel under way. */
typedef struct {
    Notary *notary;
    const Peer *peer;
    const NoteSigner *messenger; /* the notary's */
    Quorum *policy;
    char *card;
    LedgerReadState own;
    guint64 base; /* size of a tree that the peer surely knows */
    guint64 from, end, size;
    guint answers, openings;
    int fd;
    char *path;
    guint64 bytes;
    ParcelSeal *seal;
} Writing;

static void writing_clear(Writing *writing)
{
    quorum_free(writing->policy);
    g_free(writing->card);
    ledger_read_state_clear(&writing->own);
    parcel_seal_free(writing->seal);
    if (writing->fd >= 0)
        close(writing->fd);
    if (writing->path)
        unlink(writing->path);
    g_free(writing->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writing, writing_clear)

static gboolean write_sealed(const void *bytes, gsize length, gpointer user, GError **error)
{
    Writing *writing = user;
    const guint8 *at = bytes;
    writing->bytes += length;
    while (length > 0) {
        gssize n = write(writing->fd, at, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_from_errno(error, errno, "%s", writing->path);
        at += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* How far the peer has come, as its newest receipts say. */
static gboolean look_at_receipts(Writing *writing, GError **error)
{
    static const guint8 nonce[OPENING_NONCE_SIZE];
    const RecordsQuery query = {
        .origin = writing->peer->origin, .kind = DISPATCH_HEADER_RECEIPT, .limit = RECEIPTS_MAX};
    g_autoptr(GPtrArray) records = records_list(notary_store(writing->notary), &query, error);
    for (guint i = 0; records && i < records->len; i++) {
        const Record *record = g_ptr_array_index(records, i);
        g_autoptr(Opening) opening =
            record->header
                ? opening_new(nonce, record->header, strlen(record->header), NULL, 0, NULL)
                : NULL;
        g_autoptr(DispatchReceipt) receipt =
            opening ? dispatch_header_read_receipt(opening, NULL) : NULL;
        if (!receipt || strcmp(receipt->ledger, writing->own.origin) != 0 ||
            receipt->end <= writing->from)
            continue;
        writing->from = receipt->end;
        writing->base = receipt->size;
    }
    return records != NULL;
}

static gboolean read_start(Writing *writing, yyjson_val *params, GError **error)
{
    static const char operation[] = "parcel.write";
    gint64 from, size;
    if (!yyjson_obj_get(params, "from"))
        return look_at_receipts(writing, error);
    if (!operation_params_int(params, operation, "from", &from, error))
        return FALSE;
    size = from;
    if (yyjson_obj_get(params, "size") &&
        !operation_params_int(params, operation, "size", &size, error))
        return FALSE;
    if (from < 0 || size < from)
        return error_set(error, CONCERT_ERROR_INPUT,
                         "%s: \"from\" and \"size\" are not in that order", operation);
    writing->from = (guint64)from;
    writing->base = (guint64)size;
    return TRUE;
}

/* From the tree that the peer surely knows to the answer's, unless that is too far. */
static gboolean make_bridge(const Writing *writing, guint64 size, GBytes **ret_bridge,
                            GError **error)
{
    MerkleFrontier frontier;
    *ret_bridge = NULL;
    if (size < writing->base || size - writing->base > PARCEL_RECORD_BRIDGE_MAX)
        return TRUE;
    g_autoptr(GArray) leaves =
        ledger_read_leaves(notary_store(writing->notary), writing->base, size, &frontier, error);
    if (!leaves)
        return FALSE;
    *ret_bridge =
        parcel_record_bridge(&frontier, (const MerkleHash *)(gpointer)leaves->data, leaves->len);
    return TRUE;
}

static gboolean write_record(Writing *writing, const Answer *answer, GBytes *content,
                             GError **error)
{
    g_autoptr(GBytes) bridge = NULL;
    gsize length, bridge_length = 0;
    /* As long as the tree stays the same, one bridge is enough. */
    if (answer->size != writing->size && !make_bridge(writing, answer->size, &bridge, error))
        return FALSE;
    const void *bytes = g_bytes_get_data(content, &length);
    const void *bridge_bytes = bridge ? g_bytes_get_data(bridge, &bridge_length) : NULL;
    ParcelManifest manifest = {.origin = writing->own.origin,
                               .to = writing->peer->origin,
                               .time_us = timestamp_now(),
                               .kind = (char *)PARCEL_RECORD_ANSWER,
                               .from = answer->from,
                               .end = answer->end,
                               .size = answer->size,
                               .bridge = bridge_length,
                               .length = length,
                               .card = writing->card,
                               .is_last = answer->end >= writing->own.size};
    sha256_digest_pair(bridge_bytes, bridge_length, bytes, length, manifest.digest);
    g_autofree char *text = parcel_record_make(&manifest, writing->messenger, error);
    if (!text || !parcel_record_write(writing->seal, text, bridge, content, error))
        return FALSE;
    writing->answers++;
    writing->openings += answer->openings->len;
    writing->end = answer->end;
    writing->size = answer->size;
    return TRUE;
}

static gboolean refuse_outcome(const Writing *writing, AuthorOutcome outcome, GError **error)
{
    return outcome == AUTHOR_BEHIND
               ? error_set(error, CONCERT_ERROR_CONFLICT,
                           "%s has this ledger up to entry %" G_GUINT64_FORMAT
                           ", and it has only %" G_GUINT64_FORMAT
                           ": it was rolled back, or a copy of it went on",
                           writing->peer->node, MAX(writing->from, writing->base),
                           writing->own.size)
               : error_set(error, CONCERT_ERROR_NOT_FOUND,
                           "there is nothing new for %s: its receipts say that it has all",
                           writing->peer->node);
}

/* Answers one after the other, up to what the ledger had when it began. */
static gboolean write_answers(Writing *writing, GError **error)
{
    guint64 from = writing->from, size = writing->base;
    do {
        g_autoptr(GBytes) content = NULL;
        AuthorOutcome outcome;
        guint64 now;
        const AuthorQuestion question = {
            .to = writing->peer->origin, .from = from, .size = size, .max = AUTHOR_ANSWER_MAX};
        if (!author_answer(notary_store(writing->notary), &question, writing->messenger,
                           writing->policy, &outcome, &content, &now, error))
            return FALSE;
        if (outcome != AUTHOR_ANSWERED)
            return refuse_outcome(writing, outcome, error);
        g_autoptr(Answer) answer = answer_parse(content, G_MAXSIZE, error);
        if (!answer || !write_record(writing, answer, content, error))
            return FALSE;
        from = answer->end;
        size = answer->size;
    } while (from < writing->own.size);
    return TRUE;
}

static gboolean begin_writing(Writing *writing, yyjson_val *params, GError **error)
{
    g_autoptr(Config) config = config_load_node(notary_node(writing->notary), error);
    guint8 key[PARCEL_KEY_SIZE];
    if (!config || !policy_file_load(config, &writing->policy, error) ||
        !ledger_read_state(notary_store(writing->notary), &writing->own, error))
        return FALSE;
    writing->messenger = notary_messenger(writing->notary, error);
    writing->card = writing->messenger ? card_publisher_get(writing->notary, error) : NULL;
    /* Again: the first card is an entry too. */
    ledger_read_state_clear(&writing->own);
    if (!writing->card || !ledger_read_state(notary_store(writing->notary), &writing->own, error) ||
        !read_start(writing, params, error))
        return FALSE;
    if (!message_read_key(writing->peer->parcel_key, key))
        return error_set(error, CONCERT_ERROR_INPUT, "the parcel key of %s is none",
                         writing->peer->node);
    writing->fd = parcel_box_outgoing(notary_node(writing->notary), &writing->path, error);
    if (writing->fd < 0)
        return FALSE;
    writing->seal = parcel_seal_new(key, write_sealed, writing, error);
    return writing->seal != NULL;
}

gboolean parcel_operation_write(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                GError **error)
{
    const char *name;
    guint8 key[PARCEL_KEY_SIZE];
    char key_id[PARCEL_KEY_ID_SIZE + 1];
    if (!operation_params_text(params, "parcel.write", "peer", TRUE, &name, error))
        return FALSE;
    g_autoptr(Peer) peer = get_active(notary, name, error);
    if (!peer)
        return FALSE;
    g_auto(Writing) writing = {.notary = notary, .peer = peer, .fd = -1};
    if (!begin_writing(&writing, params, error) || !write_answers(&writing, error) ||
        !parcel_seal_end(writing.seal, error))
        return FALSE;
    message_read_key(peer->parcel_key, key);
    parcel_key_id(key, key_id);
    add_text(result, "file", writing.path);
    add_text(result, "peer", peer->node);
    add_text(result, "key", key_id);
    add_number(result, "bytes", writing.bytes);
    add_number(result, "from", writing.from);
    add_number(result, "end", writing.end);
    add_number(result, "size", writing.size);
    add_number(result, "answers", writing.answers);
    add_number(result, "openings", writing.openings);
    g_clear_pointer(&writing.path, g_free); /* the file is the caller's now */
    return TRUE;
}

/* --- Reading --------------------------------------------------------------------------------- */

/* A parcel that is read, and what it brought. */
typedef struct {
    Notary *notary;
    FollowerOptions options;
    char *own;      /* origin */
    char *node;     /* of whom it is; NULL: not known yet */
    GBytes *bridge; /* the newest that was in a record */
    guint answers, known_answers, unknown;
    guint openings, dispatches, events, retractions, receipts;
    guint64 stored, known, refused;
    guint64 end, size;
} Reading;

static void reading_clear(Reading *reading)
{
    g_free(reading->own);
    g_free(reading->node);
    g_clear_pointer(&reading->bridge, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

/* Whether a later card, signed by the peer's ledger, has the key that signed the manifest. */
static gboolean is_signed_by_card(const ParcelManifest *manifest, const Peer *peer,
                                  const Answer *answer)
{
    g_autoptr(KeyHistory) history = peers_history(peer, NULL);
    g_autoptr(Card) card =
        manifest->card ? card_parse(manifest->card, strlen(manifest->card), NULL) : NULL;
    if (!history || !card || card->number <= peer->card_number)
        return FALSE;
    keychange_history_add_list(history, (const char *const *)answer->changes,
                               g_strv_length(answer->changes), NULL);
    return card_verify(card, history, NULL) &&
           signed_json_verify(manifest->json, card->keys[CARD_MESSAGE_KEY], NULL);
}

static gboolean check_sender(const Reading *reading, const ParcelRecord *record, const Peer *peer,
                             GError **error)
{
    const ParcelManifest *manifest = record->manifest;
    g_autoptr(NoteVerifier) key = note_verifier_parse(peer->message_vkey, error);
    if (!key)
        return FALSE;
    if (strcmp(manifest->to, reading->own) != 0)
        return error_set(error, CONCERT_ERROR_DENIED, "it was made for %s", manifest->to);
    if (signed_json_verify(manifest->json, key, NULL))
        return TRUE;
    g_autoptr(Answer) answer = answer_parse(record->content, FOLLOWER_ANSWER_MAX, NULL);
    return (answer && is_signed_by_card(manifest, peer, answer)) ||
           error_set(
               error, CONCERT_ERROR_DENIED,
               "it says that it is from %s, and none of that node's message keys that are known "
               "signed it",
               peer->node);
}

static void count(Reading *reading, const FollowerResult *accepted)
{
    reading->answers++;
    reading->openings += accepted->openings;
    reading->dispatches += accepted->dispatches;
    reading->events += accepted->events;
    reading->retractions += accepted->retractions;
    reading->receipts += accepted->receipt != G_MAXUINT64 ? 1 : 0;
    reading->stored += accepted->stored;
    reading->known += accepted->known;
    reading->refused += accepted->refused;
    reading->end = accepted->end;
    reading->size = accepted->size;
}

static gboolean accept(Reading *reading, const ParcelRecord *record, const Peer *peer,
                       gboolean *ret_is_overtaken, GError **error)
{
    const ParcelManifest *manifest = record->manifest;
    FollowerOptions options = reading->options;
    FollowerResult accepted;
    MerkleProof proof;
    *ret_is_overtaken = FALSE;
    reading->end = peer->cursor;
    reading->size = peer->size;
    if (manifest->end <= peer->cursor) {
        reading->known_answers++;
        return TRUE;
    }
    if (manifest->from > peer->cursor)
        return error_set(error, CONCERT_ERROR_CONFLICT,
                         "it begins at entry %" G_GUINT64_FORMAT
                         " of %s, of which this node has those before %" G_GUINT64_FORMAT
                         ": read the parcel before it first, or ask %s for `concert parcel write "
                         "--from %" G_GUINT64_FORMAT " --size %" G_GUINT64_FORMAT "`",
                         manifest->from, peer->node, peer->cursor, peer->node, peer->cursor,
                         peer->size);
    if (reading->bridge && peer->size > 0 && peer->size < manifest->size &&
        parcel_record_cross(reading->bridge, peer->size, manifest->size, &proof, NULL))
        options.consistency = &proof;
    gboolean good = follower_accept(&options, peer->origin, record->content, &accepted, error);
    *ret_is_overtaken = accepted.overtaken;
    if (good)
        count(reading, &accepted);
    return good;
}

/* An answer by the wire may come between: then it is looked at again where this node is now. */
static gboolean read_record(Reading *reading, const ParcelRecord *record, GError **error)
{
    for (gboolean again = TRUE; again;) {
        g_autoptr(GError) reason = NULL;
        g_autoptr(Peer) peer = get_active(reading->notary, record->manifest->origin, error);
        if (!peer || !check_sender(reading, record, peer, error))
            return FALSE;
        g_free(reading->node);
        reading->node = g_strdup(peer->node);
        if (strcmp(record->manifest->kind, PARCEL_RECORD_ANSWER) != 0) {
            reading->unknown++;
            return TRUE;
        }
        if (accept(reading, record, peer, &again, &reason))
            return TRUE;
        if (!again)
            g_propagate_error(error, g_steal_pointer(&reason));
    }
    return FALSE;
}

static gboolean read_records(Reading *reading, ParcelOpen *open, GError **error)
{
    gboolean is_expected = TRUE;
    for (;;) {
        g_autoptr(ParcelRecord) record = NULL;
        if (!parcel_record_read(open, is_expected, &record, error))
            return FALSE;
        if (!record)
            return TRUE;
        if (record->bridge) {
            g_clear_pointer(&reading->bridge, g_bytes_unref);
            reading->bridge = g_bytes_ref(record->bridge);
        }
        if (!read_record(reading, record, error))
            return FALSE;
        is_expected = !record->manifest->is_last;
    }
}

/* The secret key that the parcel is sealed to: this node's present one, or the one before. */
static gboolean find_key(Notary *notary, const char *key_id, guint8 ret_secret[PARCEL_KEY_SIZE],
                         GError **error)
{
    for (guint which = 0; which < 2; which++) {
        guint8 secret[PARCEL_KEY_SIZE], public_key[PARCEL_KEY_SIZE];
        char id[PARCEL_KEY_ID_SIZE + 1];
        g_autoptr(GError) reason = NULL;
        if (!notary_parcel_secret(notary, which, secret, &reason)) {
            if (which > 0 && g_error_matches(reason, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
                break;
            g_propagate_error(error, g_steal_pointer(&reason));
            return FALSE;
        }
        crypto_scalarmult_base(public_key, secret);
        parcel_key_id(public_key, id);
        if (strcmp(id, key_id) == 0)
            memcpy(ret_secret, secret, sizeof secret);
        sodium_memzero(secret, sizeof secret);
        if (strcmp(id, key_id) == 0)
            return TRUE;
    }
    return error_set(
        error, CONCERT_ERROR_DENIED,
        "it is sealed to key %s, which is none of this node's: it is for somebody else, "
        "or for a key that was replaced twice",
        key_id);
}

static void report(const Reading *reading, yyjson_mut_doc *result)
{
    if (reading->node)
        add_text(result, "peer", reading->node);
    const struct {
        const char *name;
        guint64 value;
    } numbers[] = {
        {"answers", reading->answers},
        {"known_answers", reading->known_answers},
        {"unknown_records", reading->unknown},
        {"openings", reading->openings},
        {"dispatches", reading->dispatches},
        {"events", reading->events},
        {"retractions", reading->retractions},
        {"receipts", reading->receipts},
        {"stored", reading->stored},
        {"known", reading->known},
        {"refused", reading->refused},
        {"end", reading->end},
        {"size", reading->size},
    };
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        add_number(result, numbers[i].name, numbers[i].value);
    yyjson_mut_obj_add_int(result, yyjson_mut_doc_get_root(result), "time", timestamp_now());
}

static gboolean open_and_read(Reading *reading, const ParcelBox *box, GError **error)
{
    guint8 secret[PARCEL_KEY_SIZE];
    if (!find_key(reading->notary, box->key, secret, error))
        return FALSE;
    g_autoptr(ParcelBoxReader) reader = parcel_box_reader_new(notary_node(reading->notary), box);
    g_autoptr(ParcelOpen) open = parcel_open_new(secret, parcel_box_reader_read, reader);
    sodium_memzero(secret, sizeof secret);
    return read_records(reading, open, error);
}

gboolean parcel_operation_read(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                               GError **error)
{
    const char *id;
    g_auto(LedgerReadState) own = {0};
    if (!operation_params_text(params, "parcel.read", "parcel", TRUE, &id, error))
        return FALSE;
    g_autoptr(ParcelBox) box = parcel_box_find(notary_node(notary), id, error);
    g_autoptr(Config) config = box ? config_load_node(notary_node(notary), error) : NULL;
    if (!config || !ledger_read_state(notary_store(notary), &own, error))
        return FALSE;
    if (box->read)
        return error_set(error, CONCERT_ERROR_CONFLICT, "it was read already");
    if (box->n_has < box->parts)
        return error_set(error, CONCERT_ERROR_CONFLICT, "%u of its %u parts are missing",
                         box->parts - box->n_has, box->parts);
    g_autofree char *own_key = notary_message_key(notary, error);
    if (!own_key)
        return FALSE;
    g_auto(Reading) reading = {
        .notary = notary,
        .options = {.store = notary_store(notary),
                    .writer = notary_writer(notary),
                    .own_message_key = own_key,
                    .unmarked = (MarkingTlp)(config_enum(config, SETTING_EXCHANGE_UNMARKED) +
                                             MARKING_TLP_CLEAR)},
        .own = g_strdup(own.origin)};
    if (!open_and_read(&reading, box, error))
        return FALSE;
    if (reading.events > 0)
        docket_machine_run(notary);
    report(&reading, result);
    g_autofree char *text = yyjson_mut_write(result, 0, NULL);
    return parcel_box_done(notary_node(notary), box, text, error);
}
