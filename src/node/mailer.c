#include "node/mailer.h"

#include "base/background.h"
#include "base/ticker.h"
#include "base/timestamp.h"
#include "node/mail_send.h"
#include "store/mails.h"

#define HOUR_US    ((gint64)3600 * G_USEC_PER_SEC)
#define TICK_US    (G_USEC_PER_SEC / 2)
#define PAUSE_US   ((gint64)60 * G_USEC_PER_SEC) /* when nothing can be sent at all */
#define AT_ONCE    32
#define FAILED_MAX 5 /* in a row, after which the server is left alone for a while */

void mailer_result_clear(MailerResult *result)
{
    g_clear_pointer(&result->failure, g_free);
}

/* A run under way. */
typedef struct {
    Node *node;
    const gint *stop;
    const MailSettings *settings;
    MailSender *sender;
    MailerResult *result;
    guint64 sent_hour; /* in the last hour */
    guint in_a_row;    /* failures */
} Run;

/* How a try ended, for the writer. */
typedef struct {
    const Mail *mail;
    const char *failure; /* NULL: it went out */
    gboolean final;
    gint64 now;
} Outcome;

static gboolean record(StoreTx *tx, gpointer user, GError **error)
{
    const Outcome *outcome = user;
    return outcome->failure ? mails_set_failed(tx, outcome->mail->number, outcome->now,
                                               outcome->failure, outcome->final, error)
                            : mails_set_sent(tx, outcome->mail->number, outcome->now, error);
}

static gboolean is_stopped(const Run *run)
{
    return run->stop && g_atomic_int_get(run->stop) != 0;
}

/* Whether the limits leave room for one more to its recipient. */
static gboolean may_send(Run *run, const Mail *mail, gboolean *ret_may, GError **error)
{
    guint64 count;
    *ret_may = TRUE;
    if (mail->is_urgent)
        return TRUE;
    if (!mails_count_sent(node_store(run->node), mail->to, timestamp_now() - HOUR_US, &count,
                          error))
        return FALSE;
    *ret_may = run->sent_hour < run->settings->per_hour && count < run->settings->per_contact_hour;
    return TRUE;
}

static gboolean send_one(Run *run, const Mail *mail, GError **error)
{
    g_autoptr(GError) failure = NULL;
    Outcome outcome = {.mail = mail};
    gboolean may;
    if (!may_send(run, mail, &may, error))
        return FALSE;
    if (!may) {
        run->result->held++;
        return TRUE;
    }
    if (mail_send(run->sender, mail->to, mail->bytes, &outcome.final, &failure)) {
        run->sent_hour++;
        run->in_a_row = 0;
        run->result->sent++;
    } else {
        run->in_a_row += outcome.final ? 0 : 1;
        run->result->failed++;
        outcome.failure = failure->message;
        g_free(run->result->failure);
        run->result->failure = g_strdup(failure->message);
    }
    outcome.now = timestamp_now();
    return writer_run(node_writer(run->node), 1, record, &outcome, error);
}

static gboolean is_over(const Run *run)
{
    return is_stopped(run) || run->in_a_row >= FAILED_MAX;
}

/* Tries some, those after the number *after, and moves it; *ret_any FALSE: there was none. */
static gboolean send_some(Run *run, gint64 now, gboolean urgent, gint64 *after, gboolean *ret_any,
                          GError **error)
{
    g_autoptr(GPtrArray) mails =
        mails_due(node_store(run->node), now, urgent, *after, AT_ONCE, error);
    if (!mails)
        return FALSE;
    for (guint i = 0; i < mails->len && !is_over(run); i++) {
        const Mail *mail = mails->pdata[i];
        if (!send_one(run, mail, error))
            return FALSE;
        *after = mail->number;
    }
    *ret_any = mails->len > 0;
    return TRUE;
}

/* However many notices wait, reminders that come meanwhile go first. */
static gboolean send_due(Run *run, gint64 now, gboolean only_urgent, GError **error)
{
    gint64 after = 0, after_urgent = 0;
    gboolean any = TRUE;
    while (any && !is_over(run)) {
        do
            if (!send_some(run, now, TRUE, &after_urgent, &any, error))
                return FALSE;
        while (any && !is_over(run));
        if (!only_urgent && !is_over(run) && !send_some(run, now, FALSE, &after, &any, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean run_mails(Node *node, gboolean early, gboolean only_urgent, const gint *stop,
                          MailerResult *ret_result, GError **error)
{
    gint64 next, now = early ? G_MAXINT64 - 1 : timestamp_now();
    g_auto(MailerResult) result = {0};
    if (!mails_next(node_store(node), only_urgent, &next, error))
        return FALSE;
    if (next > now) {
        *ret_result = result;
        return TRUE;
    }
    g_autoptr(MailSettings) settings = mail_settings_read(node_config(node), TRUE, error);
    g_autoptr(MailSender) sender = settings ? mail_send_new(settings, error) : NULL;
    Run run = {
        .node = node, .stop = stop, .settings = settings, .sender = sender, .result = &result};
    if (!sender ||
        !mails_count_sent(node_store(node), NULL, timestamp_now() - HOUR_US, &run.sent_hour,
                          error) ||
        !send_due(&run, now, only_urgent, error))
        return FALSE;
    *ret_result = result;
    result = (MailerResult){0};
    return TRUE;
}

gboolean mailer_run(Node *node, gboolean early, const gint *stop, MailerResult *ret_result,
                    GError **error)
{
    return run_mails(node, early, FALSE, stop, ret_result, error);
}

/* --- as long as the node is served -------------------------------------------------------------
 */

struct Mailer {
    Node *node;
    MailerTell tell;
    gpointer user;
    Ticker *ticker;
    /* Of the ticker alone. */
    gint64 paused_until; /* monotonic; for all but reminders */
    char *told;          /* the last failure that was */
};

static void report(Mailer *mailer, const char *failure)
{
    if (g_strcmp0(mailer->told, failure) == 0)
        return;
    g_free(mailer->told);
    mailer->told = g_strdup(failure);
    mailer->tell(failure, mailer->user);
}

/* While notices pause, reminders do not: each has a time of its own for its next try. */
static void run_once(Mailer *mailer, const gint *stop)
{
    g_auto(MailerResult) result = {0};
    g_autoptr(GError) error = NULL;
    gint64 now = g_get_monotonic_time();
    gboolean only_urgent = now < mailer->paused_until;
    if (!run_mails(mailer->node, FALSE, only_urgent, stop, &result, &error)) {
        report(mailer, error->message);
        mailer->paused_until = now + PAUSE_US;
        return;
    }
    if (result.sent > 0 || result.failure)
        report(mailer, result.failure);
    if (!only_urgent && (result.held > 0 || result.failure))
        mailer->paused_until = now + PAUSE_US;
}

static gint64 run_mailer(gpointer user, const gint *stop)
{
    background_enter();
    run_once(user, stop);
    return TICK_US;
}

Mailer *mailer_start(Node *node, MailerTell tell, gpointer user)
{
    Mailer *mailer = g_new0(Mailer, 1);
    mailer->node = node;
    mailer->tell = tell;
    mailer->user = user;
    mailer->ticker = ticker_start("mailer", run_mailer, mailer);
    return mailer;
}

void mailer_stop(Mailer *mailer)
{
    if (!mailer)
        return;
    ticker_stop(mailer->ticker);
    g_free(mailer->told);
    g_free(mailer);
}
