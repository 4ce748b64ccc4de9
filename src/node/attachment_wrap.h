/* attachment_wrap.h - an attachment as a file on the disk.
 *
 * What is said to be malicious never lies there as it is: it is wrapped into a ZIP archive whose
 * one file, called by its SHA-256, is encrypted with the password "infected", as is customary among
 * those who exchange such files: no mail gateway, virus scanner or careless click acts on it. So is
 * what came without anybody saying what it is. */
#pragma once

#include "store/attachments.h"

#define ATTACHMENT_WRAP_PASSWORD "infected"

/* Whether a copy must be wrapped: it is malicious, or came from elsewhere and no event names it. */
gboolean attachment_wrap_is_due(Store *store, const Attachment *copy, gboolean *ret_due,
                                GError **error);

/* Writes a copy to the new file @path (mode 0600), wrapped or not. Its bytes are hashed on the way;
 * on failure there is no file. CONCERT_ERROR_CONFLICT if @path is there already; other errors as of
 * attachments_read(). */
gboolean attachment_wrap_save(Store *store, const Attachment *copy, gboolean is_wrapped,
                              const char *path, GError **error);
