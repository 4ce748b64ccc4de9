#include "node/notice_sender.h"

#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "node/mail_message.h"
#include "node/mail_protect.h"
#include "node/mail_settings.h"
#include "node/notice_compose.h"
#include "node/operation_params.h"
#include "store/contacts.h"
#include "store/mails.h"

#define SEND_MAX 1000 /* in one call */

/* A mail on its way, and the event that says so. */
typedef struct {
    const char *type; /* "sent" or "reminded" */
    Docket *docket;
    NoticeView notice;
    Config *config;
    MailSettings *settings;
    char *subject, *text; /* of a reminder; else those of the notice */
    char *first_id;       /* the Message-ID of the first mail; NULL: there was none */
    Mail mail;            /* its dossier is borrowed */
    char *payload;
} Letter;

static void letter_clear(Letter *letter)
{
    g_clear_pointer(&letter->docket, docket_free);
    g_clear_pointer(&letter->config, config_free);
    g_clear_pointer(&letter->settings, mail_settings_free);
    g_free(letter->subject);
    g_free(letter->text);
    g_free(letter->first_id);
    g_free(letter->mail.token);
    g_free(letter->mail.to);
    g_free(letter->mail.message_id);
    g_clear_pointer(&letter->mail.bytes, g_bytes_unref);
    g_free(letter->payload);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Letter, letter_clear)

/* --- reading the notice ------------------------------------------------------------------------
 */

static gboolean read_notice(Letter *letter, GError **error)
{
    const EngineResult *result = letter->docket->result;
    const Event *opening = result->opening, *revised;
    if (!opening || !result->procedure || strcmp(result->procedure->name, "notice") != 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s is no notice",
                    letter->docket->dossier->id);
        return FALSE;
    }
    revised = engine_last(result, "revised");
    const Event *written = revised ? revised : opening;
    letter->notice = (NoticeView){.subject = event_text(written, "subject"),
                                  .text = event_text(written, "text"),
                                  .language = event_text(opening, "language"),
                                  .reference = event_text(opening, "reference"),
                                  .contact = event_text(opening, "contact"),
                                  .contact_name = event_text(opening, "contact_name"),
                                  .findings = yyjson_obj_get(opening->payload, "findings")};
    return TRUE;
}

static gboolean open_letter(Notary *notary, const char *dossier, const char *type, Letter *letter,
                            GError **error)
{
    letter->type = type;
    letter->docket = docket_load(notary_store(notary), dossier, error);
    if (!letter->docket || !read_notice(letter, error))
        return FALSE;
    letter->config = config_load_node(notary_node(notary), error);
    return letter->config != NULL;
}

/* --- the mail ----------------------------------------------------------------------------------
 */

static void recipient_clear(MailRecipient *recipient)
{
    g_free(recipient->openpgp);
    g_clear_pointer(&recipient->smime, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailRecipient, recipient_clear)

/* The contact's keys to encrypt to, as they are known now. */
static gboolean find_keys(Store *store, const char *address, MailRecipient *ret_recipient,
                          GError **error)
{
    g_autoptr(Contact) contact = NULL;
    g_autofree char *key = contacts_canonical(address, CONTACTS_ADDRESS, NULL);
    if (key && (!contacts_get(store, key, &contact, error) ||
                !contacts_smime(store, key, &ret_recipient->smime, error)))
        return FALSE;
    ret_recipient->openpgp = contact ? g_strdup(contact->openpgp) : NULL;
    return TRUE;
}

/* Which mail of the dossier it is; the first keeps its id when it is made again. */
static gboolean name_mail(Notary *notary, Letter *letter, GError **error)
{
    const char *domain = strrchr(letter->settings->from, '@') + 1;
    g_autoptr(GPtrArray) mails =
        mails_of(notary_store(notary), letter->docket->dossier->id, FALSE, error);
    if (!mails)
        return FALSE;
    if (mails->len > 0)
        letter->first_id = g_strdup(((const Mail *)mails->pdata[0])->message_id);
    letter->mail.dossier = letter->docket->dossier->id;
    letter->mail.token = g_strdup(letter->notice.reference);
    letter->mail.to = g_strdup(letter->notice.contact);
    letter->mail.message_id =
        g_strdup_printf("%s.%u@%s", letter->notice.reference, mails->len + 1, domain);
    letter->mail.made = timestamp_now();
    return TRUE;
}

static gboolean write_mail(Letter *letter, const MailRecipient *recipient,
                           const char **ret_protection, GError **error)
{
    const char *subject = letter->subject ? letter->subject : letter->notice.subject;
    g_autofree char *title = g_strdup_printf("%s [%s]", subject, letter->notice.reference);
    g_autofree char *csv = notice_compose_csv(letter->notice.findings);
    g_autofree char *reply =
        mail_settings_reply_address(letter->settings, letter->notice.reference);
    const MailMessage message = {.from = letter->settings->from,
                                 .from_name = letter->settings->from_name,
                                 .to = letter->mail.to,
                                 .reply_to = reply,
                                 .subject = title,
                                 .message_id = letter->mail.message_id,
                                 .in_reply_to = letter->first_id,
                                 .language = letter->notice.language,
                                 .time_us = letter->mail.made,
                                 .text = letter->text ? letter->text : letter->notice.text,
                                 .file = csv,
                                 .file_name = "findings.csv",
                                 .file_type = "text/csv; charset=utf-8"};
    g_autofree char *content = mail_message_content(&message, error);
    g_autofree char *guarded = content ? mail_protect(letter->settings, recipient, &message,
                                                      content, ret_protection, error)
                                       : NULL;
    char *bytes = guarded ? mail_message_build(&message, guarded, error) : NULL;
    if (!bytes)
        return FALSE;
    letter->mail.bytes = g_bytes_new_take(bytes, strlen(bytes));
    return TRUE;
}

/* What the event says of the mail: by its hash it can be shown later what went out. */
static char *describe_mail(const Letter *letter, const char *protection)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    gsize length;
    const void *bytes = g_bytes_get_data(letter->mail.bytes, &length);
    sha256_digest(bytes, length, digest);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *mail;
    yyjson_mut_doc_set_root(doc, root);
    mail = yyjson_mut_obj_add_obj(doc, root, "mail");
    yyjson_mut_obj_add_str(doc, mail, "to", letter->mail.to);
    yyjson_mut_obj_add_str(doc, mail, "message_id", letter->mail.message_id);
    yyjson_mut_obj_add_str(doc, mail, "protection", protection);
    yyjson_mut_obj_add_str(doc, mail, "sha256", sha256_hex(digest, hex));
    return jsontext_take(doc);
}

static gboolean prepare_mail(Notary *notary, Letter *letter, GError **error)
{
    const char *protection = NULL;
    if (!letter->notice.reference) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "the notice has no \"reference\": nobody could answer it by mail");
        return FALSE;
    }
    letter->settings = mail_settings_read(letter->config, FALSE, error);
    if (!letter->settings || !name_mail(notary, letter, error))
        return FALSE;
    g_auto(MailRecipient) recipient = {0};
    if (!find_keys(notary_store(notary), letter->mail.to, &recipient, error) ||
        !write_mail(letter, &recipient, &protection, error))
        return FALSE;
    letter->payload = describe_mail(letter, protection);
    return TRUE;
}

static gboolean put_mail(StoreTx *tx, const DocketSent *sent, gpointer user, GError **error)
{
    const Letter *letter = user;
    return mails_add(tx, &letter->mail, error);
}

/* --- doing it ----------------------------------------------------------------------------------
 */

static gboolean make_event(Notary *notary, Letter *letter, const char *signatory,
                           const char *payload, DocketSent *ret_sent, GError **error)
{
    const DocketAct act = {.dossier = letter->docket->dossier->id,
                           .type = letter->type,
                           .signatory = signatory,
                           .payload = letter->notice.contact ? letter->payload : payload};
    return docket_sender_send_also(notary, &act, letter->notice.contact ? put_mail : NULL, letter,
                                   ret_sent, error);
}

/* A notice that cannot be sent now is refused before anything is made of it. */
static gboolean check_state(const Letter *letter, GError **error)
{
    const ProcedureTransition *row =
        procedure_transition(letter->docket->result->procedure, letter->type);
    int state = letter->docket->result->state;
    if (state >= 0 && (row->from & PROCEDURE_BIT(state)))
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT, "%s is %s: nobody can %s it now",
                letter->docket->dossier->id, letter->docket->dossier->state, row->verb);
    return FALSE;
}

gboolean notice_sender_send(Notary *notary, const char *dossier, const char *signatory,
                            DocketSent *ret_sent, GError **error)
{
    g_auto(Letter) letter = {0};
    return open_letter(notary, dossier, "sent", &letter, error) && check_state(&letter, error) &&
           (!letter.notice.contact || prepare_mail(notary, &letter, error)) &&
           make_event(notary, &letter, signatory, "{}", ret_sent, error);
}

static gboolean write_reminder(Letter *letter, GError **error)
{
    const Event *sent = engine_last(letter->docket->result, "sent");
    const NoticeStyle style = {.organisation =
                                   config_string(letter->config, SETTING_NODE_ORGANISATION),
                               .signatory = config_string(letter->config, SETTING_NODE_SIGNATORY),
                               .templates = config_path(letter->config, SETTING_NOTIFY_TEMPLATES),
                               .otherwise = config_string(letter->config, SETTING_NOTIFY_LANGUAGE)};
    return notice_compose_reminder(&letter->notice, &style, sent ? sent->time_us : 0,
                                   &letter->subject, &letter->text, error);
}

static char *remark_payload(const char *text)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    jsontext_add(doc, yyjson_mut_doc_get_root(doc), "text", text);
    return jsontext_take(doc);
}

gboolean notice_sender_remind(Notary *notary, const char *dossier, const char *signatory,
                              const char *text, DocketSent *ret_sent, GError **error)
{
    g_auto(Letter) letter = {0};
    g_autofree char *payload = remark_payload(text);
    return open_letter(notary, dossier, "reminded", &letter, error) &&
           check_state(&letter, error) &&
           (!letter.notice.contact ||
            (write_reminder(&letter, error) && prepare_mail(notary, &letter, error))) &&
           make_event(notary, &letter, signatory, payload ? payload : "{}", ret_sent, error);
}

/* --- operations --------------------------------------------------------------------------------
 */

typedef gboolean (*SendOne)(Notary *notary, const char *dossier, const char *signatory,
                            const char *text, DocketSent *ret_sent, GError **error);

static gboolean send_plainly(Notary *notary, const char *dossier, const char *signatory,
                             const char *text, DocketSent *ret_sent, GError **error)
{
    return notice_sender_send(notary, dossier, signatory, ret_sent, error);
}

static void tell_one(yyjson_mut_doc *result, yyjson_mut_val *list, const char *dossier,
                     const DocketSent *sent, const GError *error)
{
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(result, list);
    yyjson_mut_obj_add_strcpy(result, one, "dossier", error ? dossier : sent->dossier);
    if (error) {
        yyjson_mut_obj_add_strcpy(result, one, "failure", error->message);
        return;
    }
    yyjson_mut_obj_add_strcpy(result, one, "state", sent->state);
    yyjson_mut_obj_add_uint(result, one, "index", sent->index);
    yyjson_mut_obj_add_strcpy(result, one, "by", sent->told[0] ? "node" : "mail");
}

/* Each alone: one that cannot be sent does not keep back the others. */
static gboolean run_all(Notary *notary, const char *operation, yyjson_val *params, SendOne send,
                        yyjson_mut_doc *result, GError **error)
{
    const char *signatory, *text;
    yyjson_val *list, *one;
    size_t at, count;
    if (!operation_params_text(params, operation, "signatory", TRUE, &signatory, error) ||
        !operation_params_text(params, operation, "text", FALSE, &text, error) ||
        !operation_params_list(params, operation, "dossiers", SEND_MAX, &list, error))
        return FALSE;
    yyjson_mut_val *done =
        yyjson_mut_obj_add_arr(result, yyjson_mut_doc_get_root(result), "notices");
    yyjson_arr_foreach (list, at, count, one) {
        g_auto(DocketSent) sent = {0};
        g_autoptr(GError) failure = NULL;
        const char *dossier = yyjson_get_str(one);
        if (dossier) {
            send(notary, dossier, signatory, text, &sent, &failure);
            tell_one(result, done, dossier, &sent, failure);
        }
    }
    return TRUE;
}

gboolean notice_sender_operation_send(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                      GError **error)
{
    return run_all(notary, "notice.send", params, send_plainly, result, error);
}

gboolean notice_sender_operation_remind(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                        GError **error)
{
    return run_all(notary, "notice.remind", params, notice_sender_remind, result, error);
}
