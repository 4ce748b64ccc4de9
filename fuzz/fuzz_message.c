/* fuzz_message.c - messages between people: what a stranger may post, and, as if it came in a box
 * that opens, what a peer may. */
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "exchange/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const guint8 alder[MESSAGE_KEY_SIZE] = {1}, birch[MESSAGE_KEY_SIZE] = {2};

static Message *open_envelope(const MessageEnvelope *envelope)
{
    guint8 public_key[MESSAGE_KEY_SIZE];
    crypto_scalarmult_base(public_key, alder);
    return message_open(envelope, public_key, &birch, 1, "cert.birch.example", NULL);
}

/* What was read is a message, can be sent again, and is read as the same. */
static void check(const Message *message)
{
    guint8 public_key[MESSAGE_KEY_SIZE];
    crypto_scalarmult_base(public_key, birch);
    if (!message_check(message, NULL))
        g_error("what was opened is no message");
    g_autoptr(GBytes) body = message_seal(message, public_key, &alder, 1, NULL, NULL);
    g_autoptr(MessageEnvelope) envelope =
        body ? message_envelope_parse(g_bytes_get_data(body, NULL), g_bytes_get_size(body), NULL)
             : NULL;
    g_autoptr(Message) again = envelope ? open_envelope(envelope) : NULL;
    if (!again || g_strcmp0(again->text, message->text) != 0 ||
        g_strcmp0(again->by, message->by) != 0 || again->time_us != message->time_us)
        g_error("a message that was read is not read again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(MessageEnvelope) posted = message_envelope_parse((const char *)data, size, NULL);
    g_autoptr(Message) opened = posted ? open_envelope(posted) : NULL;
    if (opened)
        check(opened);

    guint8 public_key[MESSAGE_KEY_SIZE];
    const guint8 nonce[MESSAGE_NONCE_SIZE] = {0};
    g_autofree guint8 *box = g_malloc(size + crypto_box_MACBYTES);
    crypto_scalarmult_base(public_key, birch);
    if (crypto_box_easy(box, data, size, nonce, public_key, alder) != 0)
        return 0;
    MessageEnvelope envelope = {.from = (char *)"cert.alder.example", .n_boxes = 1};
    envelope.boxes[0].box = g_bytes_new_static(box, size + crypto_box_MACBYTES);
    g_autoptr(Message) message = open_envelope(&envelope);
    if (message)
        check(message);
    g_bytes_unref(envelope.boxes[0].box);
    return 0;
}
