/* fuzz_mail_reply.c - reads answers that came by mail, alone and in an mbox. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "intake/mail_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, gsize max)
{
    g_assert(!text || (g_utf8_validate(text, -1, NULL) && strlen(text) <= max));
}

static void parse(const char *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MailReply) reply = mail_reply_parse(bytes, length, NULL, &error);
    g_assert(!reply == (error != NULL));
    if (!reply)
        return;
    check_text(reply->text, MAIL_REPLY_TEXT_MAX);
    check_text(reply->from, 254);
    check_text(reply->subject, 16 * MAIL_REPLY_LINE_MAX);
    check_text(reply->status, 32);
    g_assert(g_strv_length(reply->tokens) <= MAIL_REPLY_REFERENCES_MAX);
    g_assert(g_strv_length(reply->references) <= MAIL_REPLY_REFERENCES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    gsize skip, length, at = 0;
    parse(bytes, size);
    while ((length = mail_reply_mbox_next(bytes + at, size - at, &skip)) > 0) {
        parse(bytes + at + skip, length);
        at += skip + length;
    }
    return 0;
}
