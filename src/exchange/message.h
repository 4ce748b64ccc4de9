/* message.h - messages between people in boxes that their recipient can open, and could have made
 * (docs/protocol.md, "Messages between people", which says what that proves). Pure.
 *
 * Nothing of this is ever signed. */
#pragma once

#include "ledger/note.h"
#include "store/messages.h"

#define MESSAGE_PATH       "/exchange/v1/message"
#define MESSAGE_BYTES_MAX  (64 * 1024)
#define MESSAGE_BOXES_MAX  2
#define MESSAGE_NONCE_SIZE 24
#define MESSAGE_KEY_SIZE   NOTE_X25519_SIZE

typedef struct {
    MessageKind kind;
    char *id;
    char *from, *to; /* nodes */
    gint64 time_us;
    char *text; /* NULL only of an acknowledgement */
    gboolean exercise;
    char *reply_to; /* NULL: none */
    char *by;       /* of an acknowledgement; NULL: not said */
} Message;

void message_free(Message *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_free)

/* Whether it is as the protocol wants it: CONCERT_ERROR_INPUT or CONCERT_ERROR_LIMIT names what is
 * not. */
gboolean message_check(const Message *message, GError **error);

/* The body of a request that carries @message: a box by each of the sender's @n_secrets parcel keys
 * (secret X25519 keys, newest first, at most MESSAGE_BOXES_MAX) to the recipient's @public_key.
 * @nonces are n_secrets * MESSAGE_NONCE_SIZE bytes (NULL: random ones). CONCERT_ERROR_INPUT also
 * when a key is none. */
GBytes *message_seal(const Message *message, const guint8 public_key[MESSAGE_KEY_SIZE],
                     const guint8 (*secrets)[MESSAGE_KEY_SIZE], guint n_secrets,
                     const guint8 *nonces, GError **error);

/* A body that came in. What it says it is from is not verified. */
typedef struct {
    char *from;
    guint n_boxes;
    struct {
        GBytes *box;
        guint8 nonce[MESSAGE_NONCE_SIZE];
    } boxes[MESSAGE_BOXES_MAX];
} MessageEnvelope;

MessageEnvelope *message_envelope_parse(const char *body, gsize length, GError **error);
void message_envelope_free(MessageEnvelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MessageEnvelope, message_envelope_free)

/* Opens it: @public_key is the parcel key of the node that it says it is from, @secrets are the
 * recipient's, @self is the recipient's node. CONCERT_ERROR_DENIED when no box opens or it was not
 * from the one to the other, CONCERT_ERROR_INPUT or CONCERT_ERROR_LIMIT when it opens and is no
 * message. */
Message *message_open(const MessageEnvelope *envelope, const guint8 public_key[MESSAGE_KEY_SIZE],
                      const guint8 (*secrets)[MESSAGE_KEY_SIZE], guint n_secrets, const char *self,
                      GError **error);

/* Reads the base64 of a parcel key, as a card has it. FALSE if it is none. */
gboolean message_read_key(const char *base64, guint8 ret_key[MESSAGE_KEY_SIZE]);
