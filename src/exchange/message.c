#include "exchange/message.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"
#include "base/jsontext.h"
#include "base/timestamp.h"
#include "ledger/line.h"

#define TYPE        "message/v1"
#define BLOCK       256 /* bytes; what is in a box is filled up to a multiple of it */
#define TIME_DIGITS 6
#define UUID_LENGTH 36

G_STATIC_ASSERT(MESSAGE_NONCE_SIZE == crypto_box_NONCEBYTES);
G_STATIC_ASSERT(MESSAGE_KEY_SIZE == crypto_box_PUBLICKEYBYTES);
G_STATIC_ASSERT(MESSAGE_KEY_SIZE == crypto_box_SECRETKEYBYTES);

void message_free(Message *message)
{
    if (!message)
        return;
    g_free(message->id);
    g_free(message->from);
    g_free(message->to);
    g_free(message->text);
    g_free(message->reply_to);
    g_free(message->by);
    g_free(message);
}

gboolean message_read_key(const char *base64, guint8 ret_key[MESSAGE_KEY_SIZE])
{
    g_autoptr(GBytes) key = line_base64(base64, strlen(base64));
    if (!key || g_bytes_get_size(key) != MESSAGE_KEY_SIZE)
        return FALSE;
    memcpy(ret_key, g_bytes_get_data(key, NULL), MESSAGE_KEY_SIZE);
    return TRUE;
}

/* --- What a message has to be ---------------------------------------------------------------- */

static gboolean check_id(const char *name, const char *id, GError **error)
{
    gboolean good = strlen(id) == UUID_LENGTH && g_uuid_string_is_valid(id);
    for (const char *at = id; good && *at; at++)
        good = !g_ascii_isupper(*at);
    return good || error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is no UUID in lower case", name);
}

/* UTF-8 of at most @max bytes; the control characters newline and tab are allowed if @lines. */
static gboolean check_text(const char *name, const char *text, gsize max, gboolean lines,
                           GError **error)
{
    gsize length = strnlen(text, max + 1);
    if (length > max)
        return error_set(error, CONCERT_ERROR_LIMIT,
                         "\"%s\" has more than %" G_GSIZE_FORMAT " bytes", name, max);
    if (length == 0)
        return error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is empty", name);
    if (!g_utf8_validate(text, (gssize)length, NULL))
        return error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is not UTF-8", name);
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (g_unichar_iscntrl(character) && !(lines && (character == '\n' || character == '\t')))
            return error_set(error, CONCERT_ERROR_INPUT, "\"%s\" has the control character U+%04X",
                             name, character);
    }
    return TRUE;
}

static gboolean check_node(const char *name, const char *node, GError **error)
{
    return note_name_is_valid(node, strlen(node)) ||
           error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is not the name of a node", name);
}

gboolean message_check(const Message *message, GError **error)
{
    gboolean acknowledges = message->kind == MESSAGE_ACKNOWLEDGEMENT;
    if (acknowledges && !message->reply_to)
        return error_set(error, CONCERT_ERROR_INPUT,
                         "an acknowledgement says of what: \"reply_to\"");
    if (!acknowledges && !message->text)
        return error_set(error, CONCERT_ERROR_INPUT, "\"text\" is empty");
    if (!acknowledges && message->by)
        return error_set(error, CONCERT_ERROR_INPUT, "only an acknowledgement has \"by\"");
    return check_id("id", message->id, error) && check_node("from", message->from, error) &&
           check_node("to", message->to, error) &&
           (!message->text || check_text("text", message->text, MESSAGES_TEXT_MAX, TRUE, error)) &&
           (!message->by || check_text("by", message->by, MESSAGES_BY_MAX, FALSE, error)) &&
           (!message->reply_to || check_id("reply_to", message->reply_to, error));
}

/* --- Sealing --------------------------------------------------------------------------------- */

static GString *canonical(yyjson_mut_doc *made)
{
    GString *json = g_string_new(NULL);
    yyjson_doc *doc = yyjson_mut_doc_imut_copy(made, NULL);
    canonjson_append(json, yyjson_doc_get_root(doc), NULL); /* as deep as it was made */
    yyjson_doc_free(doc);
    yyjson_mut_doc_free(made);
    return json;
}

/* What is in the box. */
static GString *write_plain(const Message *message)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    const struct {
        const char *name;
        const char *text;
    } members[] = {{"kind", message_kind_name(message->kind)},
                   {"id", message->id},
                   {"from", message->from},
                   {"to", message->to},
                   {"time", timestamp_format(time, message->time_us, TIME_DIGITS)},
                   {"text", message->text},
                   {"reply_to", message->reply_to},
                   {"by", message->by}};
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        if (members[i].text)
            yyjson_mut_obj_add_str(doc, root, members[i].name, members[i].text);
    if (message->exercise)
        yyjson_mut_obj_add_bool(doc, root, "exercise", TRUE);
    GString *plain = canonical(doc);
    while (plain->len % BLOCK != 0)
        g_string_append_c(plain, ' ');
    return plain;
}

static gboolean add_box(yyjson_mut_doc *doc, yyjson_mut_val *list, const GString *plain,
                        const guint8 *public_key, const guint8 *secret, const guint8 *nonce,
                        GError **error)
{
    guint8 random[MESSAGE_NONCE_SIZE];
    gsize size = plain->len + crypto_box_MACBYTES;
    g_autofree guint8 *box = g_malloc(size);
    if (!nonce) {
        randombytes_buf(random, sizeof random);
        nonce = random;
    }
    if (crypto_box_easy(box, (const guint8 *)plain->str, plain->len, nonce, public_key, secret) !=
        0)
        return error_set(error, CONCERT_ERROR_INPUT, "nothing can be sealed to that parcel key");
    g_autofree char *box_text = g_base64_encode(box, size);
    g_autofree char *nonce_text = g_base64_encode(nonce, MESSAGE_NONCE_SIZE);
    yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_strcpy(doc, item, "box", box_text);
    yyjson_mut_obj_add_strcpy(doc, item, "nonce", nonce_text);
    return TRUE;
}

GBytes *message_seal(const Message *message, const guint8 public_key[MESSAGE_KEY_SIZE],
                     const guint8 (*secrets)[MESSAGE_KEY_SIZE], guint n_secrets,
                     const guint8 *nonces, GError **error)
{
    g_assert(sodium_init() >= 0);
    if (!message_check(message, error))
        return NULL;
    GString *plain = write_plain(message);
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "concert", TYPE);
    yyjson_mut_obj_add_str(doc, root, "from", message->from);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "boxes");
    gboolean good = TRUE;
    for (guint i = 0; good && i < MIN(n_secrets, MESSAGE_BOXES_MAX); i++)
        good = add_box(doc, list, plain, public_key, secrets[i],
                       nonces ? nonces + i * MESSAGE_NONCE_SIZE : NULL, error);
    GBytes *body = good ? g_string_free_to_bytes(canonical(g_steal_pointer(&doc))) : NULL;
    yyjson_mut_doc_free(doc);
    sodium_memzero(plain->str, plain->len);
    g_string_free(plain, TRUE);
    return body;
}

/* --- Opening --------------------------------------------------------------------------------- */

void message_envelope_free(MessageEnvelope *envelope)
{
    if (!envelope)
        return;
    for (guint i = 0; i < envelope->n_boxes; i++)
        g_bytes_unref(envelope->boxes[i].box);
    g_free(envelope->from);
    g_free(envelope);
}

/* A string without NUL; NULL when it is absent. FALSE for anything else. */
static gboolean get_text(yyjson_val *object, const char *name, const char **ret_text,
                         GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    const char *text = yyjson_get_str(value);
    if (value && (!text || strlen(text) != yyjson_get_len(value)))
        return error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is not text", name);
    *ret_text = text;
    return TRUE;
}

static gboolean need_text(yyjson_val *object, const char *name, const char **ret_text,
                          GError **error)
{
    return get_text(object, name, ret_text, error) &&
           (*ret_text || error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is missing", name));
}

static gboolean read_box(yyjson_val *item, MessageEnvelope *envelope, GError **error)
{
    const char *box_text, *nonce_text;
    if (!need_text(item, "box", &box_text, error) || !need_text(item, "nonce", &nonce_text, error))
        return FALSE;
    g_autoptr(GBytes) nonce = line_base64(nonce_text, strlen(nonce_text));
    g_autoptr(GBytes) box = line_base64(box_text, strlen(box_text));
    if (!nonce || g_bytes_get_size(nonce) != MESSAGE_NONCE_SIZE)
        return error_set(error, CONCERT_ERROR_INPUT, "\"nonce\" is not the base64 of 24 bytes");
    if (!box || g_bytes_get_size(box) <= crypto_box_MACBYTES)
        return error_set(error, CONCERT_ERROR_INPUT, "\"box\" is not the base64 of a box");
    memcpy(envelope->boxes[envelope->n_boxes].nonce, g_bytes_get_data(nonce, NULL),
           MESSAGE_NONCE_SIZE);
    envelope->boxes[envelope->n_boxes++].box = g_steal_pointer(&box);
    return TRUE;
}

MessageEnvelope *message_envelope_parse(const char *body, gsize length, GError **error)
{
    if (length > MESSAGE_BYTES_MAX) {
        error_set(error, CONCERT_ERROR_LIMIT, "a message has more than %d bytes",
                  MESSAGE_BYTES_MAX);
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(body, length, error);
    if (!doc)
        return NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *list = yyjson_obj_get(root, "boxes");
    const char *type, *from;
    if (!need_text(root, "concert", &type, error) || !need_text(root, "from", &from, error) ||
        !check_node("from", from, error))
        return NULL;
    if (strcmp(type, TYPE) != 0) {
        error_set(error, CONCERT_ERROR_INPUT, "\"concert\" is not \"" TYPE "\"");
        return NULL;
    }
    if (yyjson_arr_size(list) < 1 || yyjson_arr_size(list) > MESSAGE_BOXES_MAX) {
        error_set(error, CONCERT_ERROR_INPUT, "\"boxes\" is not a list of one or two");
        return NULL;
    }
    g_autoptr(MessageEnvelope) envelope = g_new0(MessageEnvelope, 1);
    envelope->from = g_strdup(from);
    for (gsize i = 0; i < yyjson_arr_size(list); i++)
        if (!read_box(yyjson_arr_get(list, i), envelope, error))
            return NULL;
    return g_steal_pointer(&envelope);
}

static gboolean read_kind(yyjson_val *root, MessageKind *ret_kind, GError **error)
{
    const char *name;
    if (!need_text(root, "kind", &name, error))
        return FALSE;
    for (MessageKind kind = MESSAGE_EMERGENCY; kind <= MESSAGE_ACKNOWLEDGEMENT; kind++) {
        if (strcmp(name, message_kind_name(kind)) == 0) {
            *ret_kind = kind;
            return TRUE;
        }
    }
    return error_set(error, CONCERT_ERROR_INPUT, "\"kind\" is none that is known here");
}

static gboolean read_time(yyjson_val *root, gint64 *ret_us, GError **error)
{
    const char *text;
    guint digits = 0;
    return need_text(root, "time", &text, error) &&
           ((timestamp_parse(text, strlen(text), ret_us, &digits) && digits == TIME_DIGITS) ||
            error_set(error, CONCERT_ERROR_INPUT,
                      "\"time\" is not of the form YYYY-MM-DDThh:mm:ss.ffffffZ"));
}

static gboolean read_exercise(yyjson_val *root, gboolean *ret_exercise, GError **error)
{
    yyjson_val *value = yyjson_obj_get(root, "exercise");
    if (value && !yyjson_is_true(value))
        return error_set(error, CONCERT_ERROR_INPUT, "\"exercise\" is true or absent");
    *ret_exercise = value != NULL;
    return TRUE;
}

static Message *read_message(yyjson_val *root, GError **error)
{
    g_autoptr(Message) message = g_new0(Message, 1);
    const struct {
        const char *name;
        char **text;
        gboolean needed;
    } members[] = {{"id", &message->id, TRUE},  {"from", &message->from, TRUE},
                   {"to", &message->to, TRUE},  {"text", &message->text, FALSE},
                   {"by", &message->by, FALSE}, {"reply_to", &message->reply_to, FALSE}};
    if (!read_kind(root, &message->kind, error) || !read_time(root, &message->time_us, error) ||
        !read_exercise(root, &message->exercise, error))
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        const char *text = NULL;
        if (!(members[i].needed ? need_text : get_text)(root, members[i].name, &text, error))
            return NULL;
        *members[i].text = g_strdup(text);
    }
    return message_check(message, error) ? g_steal_pointer(&message) : NULL;
}

/* What is in the first box that opens; NULL when none does. */
static GString *open_boxes(const MessageEnvelope *envelope, const guint8 *public_key,
                           const guint8 (*secrets)[MESSAGE_KEY_SIZE], guint n_secrets)
{
    for (guint i = 0; i < envelope->n_boxes; i++) {
        gsize size;
        const guint8 *box = g_bytes_get_data(envelope->boxes[i].box, &size);
        GString *plain = g_string_sized_new(size);
        g_string_set_size(plain, size - crypto_box_MACBYTES);
        for (guint j = 0; j < n_secrets; j++)
            if (crypto_box_open_easy((guint8 *)plain->str, box, size, envelope->boxes[i].nonce,
                                     public_key, secrets[j]) == 0)
                return plain;
        g_string_free(plain, TRUE);
    }
    return NULL;
}

Message *message_open(const MessageEnvelope *envelope, const guint8 public_key[MESSAGE_KEY_SIZE],
                      const guint8 (*secrets)[MESSAGE_KEY_SIZE], guint n_secrets, const char *self,
                      GError **error)
{
    g_assert(sodium_init() >= 0);
    GString *plain = open_boxes(envelope, public_key, secrets, n_secrets);
    if (!plain) {
        error_set(error, CONCERT_ERROR_DENIED, "no box of the message can be opened");
        return NULL;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(plain->str, plain->len, error);
    g_autoptr(Message) message = doc ? read_message(yyjson_doc_get_root(doc), error) : NULL;
    sodium_memzero(plain->str, plain->len);
    g_string_free(plain, TRUE);
    if (!message)
        return NULL;
    if (strcmp(message->from, envelope->from) != 0 || strcmp(message->to, self) != 0) {
        error_set(error, CONCERT_ERROR_DENIED, "the message in the box is from %s to %s",
                  message->from, message->to);
        return NULL;
    }
    return g_steal_pointer(&message);
}
