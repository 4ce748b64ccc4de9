/* Answers that come by mail: which notice they answer, what they say, and what is quoted. */
#include "intake/mail_reply.h"

#include <string.h>

#define TOKEN "abcdefghijklmnopqrstuvwx"
#define OTHER "zyxwvutsrqponmlkjihgfedc"

static MailReply *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    MailReply *reply = mail_reply_parse(text, strlen(text), NULL, &error);
    g_assert_no_error(error);
    return reply;
}

static void test_plain(void)
{
    g_autoptr(MailReply) reply =
        parse("From: \"NOC, Birch\" <NOC@isp.birch.example>\r\n"
              "To: notices+" TOKEN "@cert.alder.example\r\n"
              "Subject: =?UTF-8?B?UsOpcG9uc2U=?= =?utf-8?Q?_\xc3\xa0_?= [" OTHER "]\r\n"
              "Message-ID: <1@isp.birch.example>\r\n"
              "In-Reply-To:\r\n <" TOKEN ".1@cert.alder.example>\r\n"
              "\r\n"
              "Status: Taken-Down\r\n"
              "The host is off.\r\n"
              "> Status: disputed\r\n"
              "-----Original Message-----\r\n"
              "Status: not-ours\r\n");
    g_assert_cmpstr(reply->from, ==, "noc@isp.birch.example");
    g_assert_cmpstr(reply->message_id, ==, "1@isp.birch.example");
    g_assert_true(g_str_has_prefix(reply->subject, "Réponse"));
    g_assert_cmpstr(reply->references[0], ==, TOKEN ".1@cert.alder.example");
    g_assert_cmpstr(reply->tokens[0], ==, TOKEN);
    g_assert_cmpstr(reply->tokens[1], ==, OTHER);
    g_assert_null(reply->tokens[2]);
    g_assert_cmpstr(reply->status, ==, "taken-down");
    g_assert_cmpstr(reply->text, ==, "Status: Taken-Down\nThe host is off.");
    g_assert_false(reply->is_automatic);
    g_assert_false(reply->is_bounce);
}

/* What stands below our own text is ours, quoted or not; a template's "(word)" is no status. */
static void test_quoted(void)
{
    g_autoptr(MailReply) reply =
        parse("From: a@birch.example\nTo: n+" TOKEN "@cert.alder.example\n"
              "\nWe look.\n  Status: (word)\nReference " TOKEN "\nStatus: fixed\n");
    g_assert_null(reply->status);
    g_assert_cmpstr(reply->text, ==, "We look.\n  Status: (word)");
}

static void test_parts(void)
{
    g_autoptr(MailReply) reply =
        parse("From: a@birch.example\nSubject: Re: x [" TOKEN "]\n"
              "Content-Type: multipart/mixed; boundary=\"out er\"\n\nbefore\n--out er\n"
              "Content-Type: multipart/alternative; boundary=in\n\n"
              "--in\nContent-Type: text/plain; charset=ISO-8859-1\n"
              "Content-Transfer-Encoding: quoted-printable\n\nR=E9pondu =\ndemain\nSTATUS : fixed\n"
              "--in\nContent-Type: text/html\n\n<p>Status: disputed\n--in--\n"
              "--out er\nContent-Type: text/plain\n\nStatus: not-ours\n--out er--\n");
    g_assert_cmpstr(reply->text, ==, "Répondu demain\nSTATUS : fixed");
    g_assert_cmpstr(reply->status, ==, "fixed");

    g_autoptr(MailReply) base64 =
        parse("From: a@birch.example\nContent-Type: text/plain; charset=utf-8\n"
              "Content-Transfer-Encoding: base64\n\nU3RhdHVz77yaIGluLXByb2dyZXNz\n");
    g_assert_cmpstr(base64->status, ==, "in-progress");
    g_assert_null(base64->tokens[0]);
}

static void test_machines(void)
{
    g_autoptr(MailReply) vacation = parse("From: a@birch.example\nAuto-Submitted: auto-replied\n"
                                          "Subject: Away [" TOKEN "]\n\nStatus: fixed\n");
    g_assert_true(vacation->is_automatic);
    g_autoptr(MailReply) bounce = parse(
        "From: MAILER-DAEMON@birch.example\nAuto-Submitted: auto-replied\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\n\nYour mail could not be delivered.\n"
        "--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822;x@birch.example\n"
        "Status: 5.1.1\n"
        "--b\nContent-Type: message/rfc822\n\nMessage-ID: <" TOKEN ".1@cert.alder.example>\n\n"
        "--b--\n");
    g_assert_true(bounce->is_bounce);
    g_assert_cmpstr(bounce->tokens[0], ==, TOKEN);
    g_assert_null(bounce->status);
    g_assert_nonnull(strstr(bounce->text, "could not be delivered"));
}

static void test_bounds(void)
{
    g_autoptr(GString) deep = g_string_new("From: a@birch.example\n");
    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(deep, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i,
                               i);
    g_string_append(deep, "\nStatus: fixed\n");
    g_autoptr(MailReply) reply = parse(deep->str);
    g_assert_null(reply->status);

    g_autoptr(GString) many = g_string_new("From: a@birch.example\n");
    for (guint i = 0; i < 5000; i++)
        g_string_append_printf(many, "To: n+%024u@cert.alder.example\n", i);
    g_string_append(many, "\n\n");
    for (guint i = 0; i < 5000; i++)
        g_string_append(many, "A long line of what somebody wrote.\n");
    g_autoptr(MailReply) large = parse(many->str);
    g_assert_cmpuint(g_strv_length(large->tokens), <=, MAIL_REPLY_REFERENCES_MAX);
    g_assert_cmpuint(strlen(large->text), <=, MAIL_REPLY_TEXT_MAX);

    g_autoptr(GError) error = NULL;
    g_assert_null(mail_reply_parse("nothing\n", 8, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_mbox(void)
{
    static const char box[] =
        "From a@birch.example Mon Mar  2 10:00:00 2026\nFrom: a@birch.example\n"
        "\nFrom here on.\n\nFrom b@birch.example Mon Mar  2\nFrom: b@c.example\n";
    gsize skip, length = mail_reply_mbox_next(box, strlen(box), &skip);
    g_autofree char *first = g_strndup(box + skip, length);
    g_assert_cmpstr(first, ==, "From: a@birch.example\n\nFrom here on.\n\n");
    const char *rest = box + skip + length;
    length = mail_reply_mbox_next(rest, strlen(rest), &skip);
    g_autofree char *second = g_strndup(rest + skip, length);
    g_assert_cmpstr(second, ==, "From: b@c.example\n");
    rest += skip + length;
    g_assert_cmpuint(mail_reply_mbox_next(rest, strlen(rest), &skip), ==, 0);
}

/* A layer is a letter in front of what is in it; "!" cannot be opened. */
static char *open_letter(const void *cms, gsize length, gsize *ret_length, gpointer user,
                         GError **error)
{
    guint *opened = user;
    const char *text = cms;
    if (length == 0 || text[0] == '!') {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "no key");
        return NULL;
    }
    (*opened)++;
    *ret_length = length - 1;
    return g_strndup(text + 1, length - 1);
}

#define CLOSED "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\n"
#define HEAD   "From: a@birch.example\nSubject: Re: x [" TOKEN "]\n"

static MailReply *parse_closed(const char *text, guint *opened)
{
    g_autoptr(GError) error = NULL;
    const MailReplyOpener opener = {open_letter, opened};
    *opened = 0;
    MailReply *reply = mail_reply_parse(text, strlen(text), &opener, &error);
    g_assert_no_error(error);
    return reply;
}

static void test_closed(void)
{
    guint opened;
    g_autoptr(MailReply) two = parse_closed(
        HEAD CLOSED "x" CLOSED "xContent-Type: text/plain\n\nStatus: fixed\n", &opened);
    g_assert_cmpstr(two->status, ==, "fixed");
    g_assert_cmpstr(two->tokens[0], ==, TOKEN);
    g_assert_null(two->closed);
    g_assert_cmpuint(opened, ==, 2);

    /* What the inner part says of its sender and subject does not count. */
    g_autoptr(MailReply) inner =
        parse_closed(HEAD CLOSED "xFrom: b@cedar.example\nSubject: " OTHER "\n\nHi.\n", &opened);
    g_assert_cmpstr(inner->from, ==, "a@birch.example");
    g_assert_null(inner->tokens[1]);

    g_autoptr(MailReply) no_key = parse_closed(HEAD CLOSED "!", &opened);
    g_assert_cmpstr(no_key->closed, ==, "no key");
    g_autoptr(MailReply) base64 = parse_closed(
        HEAD "Content-Type: application/x-pkcs7-mime\nContent-Transfer-Encoding: base64\n\neApI\n"
             "aS4=\n",
        &opened);
    g_assert_cmpstr(base64->text, ==, "Hi.");

    /* Not without end, and no part among what others wrote. */
    g_autoptr(MailReply) deep =
        parse_closed(HEAD CLOSED "x" CLOSED "x" CLOSED "x" CLOSED "x" CLOSED "x\nHi.\n", &opened);
    g_assert_cmpuint(opened, ==, MAIL_REPLY_CLOSED_MAX);
    g_autoptr(MailReply) part = parse_closed(
        HEAD "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b\n" CLOSED "xxx\n--b--\n",
        &opened);
    g_assert_cmpuint(opened, ==, 0);
    g_assert_cmpstr(part->text, ==, "Hi.");

    /* Without a key nothing is opened, and it is said. */
    g_autoptr(MailReply) plainly = parse(HEAD CLOSED "x\nHi.\n");
    g_assert_nonnull(plainly->closed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail_reply/plain", test_plain);
    g_test_add_func("/mail_reply/quoted", test_quoted);
    g_test_add_func("/mail_reply/parts", test_parts);
    g_test_add_func("/mail_reply/machines", test_machines);
    g_test_add_func("/mail_reply/bounds", test_bounds);
    g_test_add_func("/mail_reply/mbox", test_mbox);
    g_test_add_func("/mail_reply/closed", test_closed);
    return g_test_run();
}
