/* attachments.h - files that belong to events of dossiers, known by the SHA-256 of their bytes.
 *
 * An attachment is kept in chunks (store/chunk.h). What was added here lies in the chunk's row
 * until it is sent; then its one home is the entry of the own ledger that carries it, as that of
 * what was received is the record of the dispatch that brought it. Chunks of one file from
 * different senders are kept apart: only all chunks of one sender make a copy, so nobody can spoil
 * what another sends. A copy is whole when its bytes have been hashed and are what they are called
 * by.
 *
 * Nothing here is ever looked into: attachments are quarantined. Names and types are what events
 * say of them; a file that one event calls malicious is so. */
#pragma once

#include "store/chunk.h"
#include "store/store.h"

/* The numbers are stored: never renumber. */
typedef enum {
    ATTACHMENT_ARRIVING = 0, /* chunks are missing */
    ATTACHMENT_COMPLETE = 1, /* all are here; nobody has hashed them yet */
    ATTACHMENT_WHOLE = 2,
    ATTACHMENT_DAMAGED = 3, /* all are here, and are not what was announced */
} AttachmentState;

/* "arriving", "unchecked", "whole", "damaged"; static. */
const char *attachment_state_name(AttachmentState state);

/* A copy. */
typedef struct {
    gint64 number;
    guint8 sha256[SHA256_SIZE];
    char *origin; /* of the ledger that it came from; NULL: it was added here */
    guint64 size; /* bytes */
    guint here;   /* chunks that are here, of chunk_count() */
    AttachmentState state;
    gboolean is_malicious; /* as was said when it was added, or by an event */
    gint64 added;          /* microseconds since 1970 */
} Attachment;

void attachment_free(Attachment *attachment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attachment, attachment_free)

/* --- keeping -----------------------------------------------------------------------------------
 */

/* Keeps the chunk in @item (chunk_make()) of a file that is added here. *ret_new (may be NULL)
 * FALSE: it was here. */
gboolean attachments_keep(StoreTx *tx, const Chunk *chunk, GBytes *item, gboolean is_malicious,
                          gboolean *ret_new, GError **error);

/* Item @place of the record @record (records_add()), which came from the ledger @origin, is this
 * chunk. *ret_new FALSE: the sender had sent it before. */
gboolean attachments_receive(StoreTx *tx, const char *origin, const Chunk *chunk, gint64 record,
                             guint place, gboolean *ret_new, GError **error);

/* What came of hashing a copy (COMPLETE, WHOLE or DAMAGED). What is no longer complete stays as it
 * is. Who waits for what is whole now gets it (attachments_pass_on()). */
gboolean attachments_set_state(StoreTx *tx, gint64 number, AttachmentState state, GError **error);

/* What entry @index of the own ledger carried was erased: chunks whose bytes that were are not here
 * any more. */
gboolean attachments_erased(StoreTx *tx, guint64 index, GError **error);

/* What an event says of a file; borrowed. */
typedef struct {
    const guint8 *event; /* its hash, SHA256_SIZE bytes */
    guint place;         /* of the file among those of the event */
    const char *dossier; /* its id */
    const char *name, *type;
    const guint8 *sha256; /* SHA256_SIZE bytes */
    guint64 size;
    gboolean is_malicious;
} AttachmentsMention;

/* Nothing happens when it is known. */
gboolean attachments_mention(StoreTx *tx, const AttachmentsMention *mention, GError **error);

/* --- looking -----------------------------------------------------------------------------------
 */

typedef struct {
    char *dossier, *name, *type;
    guint8 event[SHA256_SIZE];
    guint64 size;
    gboolean is_malicious;
} AttachmentMention;

void attachment_mention_free(AttachmentMention *mention);

/* All copies, the newest first. Elements: Attachment *. */
GPtrArray *attachments_list(Store *store, GError **error);

/* The copies of one file, what is whole first, what was added here before what came. May be empty.
 */
GPtrArray *attachments_find(Store *store, const guint8 sha256[SHA256_SIZE], GError **error);

/* The copies that wait to be hashed. */
GPtrArray *attachments_unchecked(Store *store, GError **error);

/* What events say of it, in the order in which these came. Elements: AttachmentMention *. */
GPtrArray *attachments_mentions(Store *store, const guint8 sha256[SHA256_SIZE], GError **error);

/* The one file, here or mentioned, whose SHA-256 begins with the hex digits @prefix.
 * CONCERT_ERROR_NOT_FOUND; _CONFLICT if there are several; _INPUT if it is none or too short. */
gboolean attachments_resolve(Store *store, const char *prefix, guint8 ret_sha256[SHA256_SIZE],
                             GError **error);

/* The places of the chunks that the copy added here still lacks: all when there is none. Elements:
 * guint. Caller unrefs. */
GArray *attachments_missing(Store *store, const guint8 sha256[SHA256_SIZE], guint64 size,
                            GError **error);

/* A chunk of the copy @number, as an item. CONCERT_ERROR_NOT_FOUND: it is not here, or its bytes
 * were erased. */
GBytes *attachments_chunk(Store *store, gint64 number, guint place, GError **error);
GBytes *attachments_chunk_tx(StoreTx *tx, gint64 number, guint place, GError **error);

/* Takes bytes of a file, from its beginning on. */
typedef gboolean (*AttachmentsTake)(const void *bytes, gsize length, gpointer user, GError **error);

/* Gives all bytes of a copy to @take (may be NULL), chunk by chunk, and hashes them:
 * CONCERT_ERROR_INPUT if they are not what they are called by, which is known only at the end;
 * CONCERT_ERROR_NOT_FOUND if some are not here. */
gboolean attachments_read(Store *store, const Attachment *copy, AttachmentsTake take, gpointer user,
                          GError **error);

/* Hashes a copy, whatever comes out. */
gboolean attachments_digest(Store *store, const Attachment *copy, guint8 ret_digest[SHA256_SIZE],
                            GError **error);

/* --- sending -----------------------------------------------------------------------------------
 */

/* Who is to get a file, and how it is marked. */
typedef struct {
    const guint8 *sha256; /* SHA256_SIZE bytes */
    guint64 size;
    const char *origin; /* of the peer's ledger */
    guint tlp, pap;     /* MarkingTlp, MarkingPap */
    gboolean is_exercise;
} AttachmentsWanted;

/* From now on it waits to be sent to that peer, unless it was sent or waits already.
 * CONCERT_ERROR_NOT_FOUND if no copy here is complete. */
gboolean attachments_want(StoreTx *tx, const AttachmentsWanted *wanted, GError **error);

#define ATTACHMENTS_WANTED_MAX 4096 /* that wait because of one author */

/* The same for a file that another, @author (origin of its ledger), named in @dossier: it is sent
 * on as soon as a copy is whole here. Whoever knows the hash of a file can name it, so what is here
 * goes on only if its author has it, that is, sent it here or was sent it from here, or if it came
 * because of that dossier alone. Beyond ATTACHMENTS_WANTED_MAX nothing happens. */
gboolean attachments_pass_on(StoreTx *tx, const AttachmentsWanted *wanted, const char *dossier,
                             const char *author, GError **error);

/* Files of which a copy is whole now and that are to be passed on, if they may. */
gboolean attachments_pass_waiting(StoreTx *tx, gint64 number, GError **error);

#define ATTACHMENTS_NO_ENTRY G_MAXUINT64

/* The next chunk that is to be sent. */
typedef struct {
    gint64 number; /* of the copy */
    guint8 sha256[SHA256_SIZE];
    guint place, count;
    guint64 entry;  /* of the own ledger that carries it already; ATTACHMENTS_NO_ENTRY */
    char **origins; /* to whom */
    guint tlp, pap;
    gboolean is_exercise;
} AttachmentSend;

void attachment_send_clear(AttachmentSend *send);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AttachmentSend, attachment_send_clear)

/* *ret_send.origins NULL: nothing waits. */
gboolean attachments_next(Store *store, AttachmentSend *ret_send, GError **error);
gboolean attachments_next_tx(StoreTx *tx, AttachmentSend *ret_send, GError **error);

/* The chunk went out, in entry @entry of the own ledger. */
gboolean attachments_sent(StoreTx *tx, const AttachmentSend *send, guint64 entry, GError **error);

/* It could not be sent: waits no more, until it is wanted anew. */
gboolean attachments_give_up(StoreTx *tx, const AttachmentSend *send, const char *why,
                             GError **error);

/* How far a file has been sent. */
typedef struct {
    char *origin;
    guint sent;    /* chunks */
    char *failure; /* why no more is; NULL */
} AttachmentSending;

void attachment_sending_free(AttachmentSending *sending);

/* Elements: AttachmentSending *, by origin. */
GPtrArray *attachments_sendings(Store *store, const guint8 sha256[SHA256_SIZE], GError **error);
