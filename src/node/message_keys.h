/* message_keys.h - what a node needs to write messages to its peers and to open theirs
 * (exchange/message.h): its name and its parcel keys. */
#pragma once

#include "exchange/message.h"
#include "node/notary.h"

typedef struct {
    char *node;
    guint8 secrets[MESSAGE_BOXES_MAX][MESSAGE_KEY_SIZE]; /* newest first */
    guint n_secrets;
} MessageKeys;

/* Errors as of notary_parcel_secret(). */
gboolean message_keys_load(Notary *notary, MessageKeys *ret_keys, GError **error);

/* Wipes them. */
void message_keys_clear(MessageKeys *keys);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MessageKeys, message_keys_clear)
