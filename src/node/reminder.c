#include "node/reminder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/background.h"
#include "base/jsontext.h"
#include "base/ticker.h"
#include "base/timestamp.h"
#include "ledger/origin.h"
#include "node/operation_params.h"
#include "node/reminder_mail.h"
#include "node/silence_teller.h"
#include "store/ledger_read.h"
#include "store/reminders.h"

#define BATCH_MAX      256 /* dossiers in one round */
#define CLOCKS_MAX     256 /* of one dossier that run at once */
#define MAILS_MAX      (CLOCKS_MAX * 2 * REMINDER_MAIL_ADDRESSES_MAX)
#define SECOND_PERCENT 150
#define OVER_PERCENT   100
#define TICK_US        (G_USEC_PER_SEC)
#define RETRY_US       ((gint64)60 * G_USEC_PER_SEC) /* after one that could not be given */
#define PROGRAM_US     ((gint64)30 * G_USEC_PER_SEC) /* that a program may take */

Hours *reminder_hours(const Config *config, GError **error)
{
    Hours *hours = hours_parse(config_string(config, SETTING_CLOCK_HOURS), error);
    if (!hours)
        g_prefix_error(error, "[clock] hours: ");
    return hours;
}

/* --- what is to be given -----------------------------------------------------------------------
 */

/* A dossier being looked at. */
typedef struct {
    const Docket *docket;
    const Config *config;
    const char *self;
    const Hours *hours;
    gint64 now;
    ReminderGive give;
    gpointer user;
    GArray *given;    /* RemindersGiven */
    GPtrArray *mails; /* Mail *, to be sent */
    gint64 next;      /* when it is to be looked at again */
    guint count;
    GError *failure; /* the first */
} Round;

static gboolean has_to_act(const Round *round)
{
    const EngineResult *result = round->docket->result;
    const ProcedureState *state = engine_state(result);
    return state && (engine_roles(result, round->self) & state->waits_for) != 0;
}

static Reminder make_reminder(const Round *round, const EngineClock *clock)
{
    const EngineResult *result = round->docket->result;
    guint percent;
    engine_clock_read(clock, round->now, &percent, NULL, NULL);
    return (Reminder){.dossier = round->docket->dossier->id,
                      .procedure = result->procedure->name,
                      .state = engine_state(result)->name,
                      .clock = clock->clock->name,
                      .help = clock->clock->help,
                      .started = clock->started_us,
                      .due = clock->due_us,
                      .percent = percent,
                      .waits_here = has_to_act(round),
                      .is_second = percent >= SECOND_PERCENT,
                      .is_exercise = round->docket->dossier->is_exercise};
}

static gboolean is_urgent(const EngineClock *clock)
{
    return clock->length_us <= REMINDER_URGENT_US;
}

static void remember(Round *round, const EngineClock *clock, guint count, guint mailed)
{
    const RemindersGiven given = {clock->clock->name, clock->started_us, count, mailed};
    g_array_append_val(round->given, given);
}

static void fail_later(Round *round, GError *error)
{
    round->next = MIN(round->next, round->now + RETRY_US);
    if (round->failure)
        g_error_free(error);
    else
        round->failure = error;
}

/* Mails and programs do not wait for each other: *given and *mailed become @due where it went well.
 */
static void give(Round *round, const Reminder *reminder, guint due, guint *given, guint *mailed)
{
    GError *failure = NULL;
    if (*mailed < due) {
        GPtrArray *mails = reminder_mail_make(reminder, due, round->config, &failure);
        if (mails) {
            g_ptr_array_extend_and_steal(round->mails, mails);
            *mailed = due;
        } else {
            fail_later(round, g_steal_pointer(&failure));
        }
    }
    if (*given == due)
        return;
    if (round->give(reminder, round->user, &failure)) {
        round->count++;
        *given = due;
    } else {
        fail_later(round, failure);
    }
}

/* Looks at one clock that runs. Several reminders that became due meanwhile are one. */
static gboolean look_at_clock(Store *store, Round *round, const EngineClock *clock, GError **error)
{
    guint due, given, mailed;
    gint64 next;
    engine_clock_read(clock, round->now, NULL, &due, &next);
    if (next > 0)
        round->next = MIN(round->next, next);
    if (!reminders_count(store, round->docket->dossier->id, clock->clock->name, clock->started_us,
                         &given, &mailed, error))
        return FALSE;
    if (due <= given && due <= mailed)
        return TRUE;
    if (round->hours && !is_urgent(clock) && !hours_is_open(round->hours, round->now)) {
        round->next = MIN(round->next, hours_next(round->hours, round->now));
        return TRUE;
    }
    const Reminder reminder = make_reminder(round, clock);
    /* A warning before an end concerns both sides: who has to act, and who lets something go. */
    gboolean concerns = reminder.waits_here || clock->clock->before != NULL;
    if (concerns || reminder.percent >= OVER_PERCENT)
        give(round, &reminder, due, &given, &mailed);
    else
        given = mailed = due;
    remember(round, clock, given, mailed);
    return TRUE;
}

static gboolean mark(Node *node, const Round *round, GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "dossier", round->docket->dossier->id);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "given");
    for (guint i = 0; i < round->given->len; i++) {
        const RemindersGiven *one = &g_array_index(round->given, RemindersGiven, i);
        yyjson_mut_val *row = yyjson_mut_arr_add_arr(doc, list);
        yyjson_mut_arr_add_str(doc, row, one->clock);
        yyjson_mut_arr_add_sint(doc, row, one->started);
        yyjson_mut_arr_add_uint(doc, row, one->count);
        yyjson_mut_arr_add_uint(doc, row, one->mailed);
    }
    list = yyjson_mut_obj_add_arr(doc, root, "mails");
    for (guint i = 0; i < round->mails->len; i++) {
        const Mail *mail = round->mails->pdata[i];
        gsize length;
        const char *text = g_bytes_get_data(mail->bytes, &length);
        yyjson_mut_val *row = yyjson_mut_arr_add_arr(doc, list);
        yyjson_mut_arr_add_str(doc, row, mail->to);
        yyjson_mut_arr_add_str(doc, row, mail->message_id);
        yyjson_mut_arr_add_strn(doc, row, text, length);
    }
    if (round->next != G_MAXINT64)
        yyjson_mut_obj_add_sint(doc, root, "next", round->next);
    char *params = yyjson_mut_write(doc, 0, NULL);
    yyjson_mut_doc_free(doc);
    gboolean good = node_call(node, "dossier.reminded", params, NULL, error);
    free(params);
    return good;
}

static gboolean look_at(Node *node, const char *id, Round *round, gboolean only_look,
                        GError **error)
{
    g_autoptr(Docket) docket = docket_load(node_store(node), id, error);
    if (!docket)
        return FALSE;
    round->docket = docket;
    round->next = G_MAXINT64;
    g_array_set_size(round->given, 0);
    g_ptr_array_set_size(round->mails, 0);
    const GArray *clocks = docket->result->clocks;
    for (guint i = 0; i < clocks->len && i < CLOCKS_MAX; i++) {
        const EngineClock *clock = &g_array_index(clocks, EngineClock, i);
        if (clock->is_running && !look_at_clock(node_store(node), round, clock, error))
            return FALSE;
    }
    if (only_look)
        return TRUE;
    GError *failure = NULL;
    Notary *notary = node_notary(node); /* NULL: a node that is served does it by itself */
    if (notary && !silence_teller_tell(notary, docket, round->self, round->now, &failure))
        fail_later(round, failure);
    return mark(node, round, error);
}

gboolean reminder_run(Node *node, const Hours *hours, gint64 now, gboolean only_look,
                      ReminderGive run, gpointer user, guint *ret_count, GError **error)
{
    g_auto(LedgerReadState) own = {0};
    g_auto(GStrv) ids = NULL;
    if (!ledger_read_state(node_store(node), &own, error) ||
        !(ids = reminders_due(node_store(node), now, BATCH_MAX, error)))
        return FALSE;
    g_autofree char *self = own.origin ? origin_node(own.origin) : g_strdup("");
    g_autoptr(GArray) given = g_array_new(FALSE, FALSE, sizeof(RemindersGiven));
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)mails_free);
    Round round = {.config = node_config(node),
                   .self = self,
                   .hours = hours,
                   .now = now,
                   .give = run,
                   .user = user,
                   .given = given,
                   .mails = mails};
    gboolean good = TRUE;
    for (guint i = 0; good && ids[i]; i++)
        good = look_at(node, ids[i], &round, only_look, error);
    if (good && !only_look && node_notary(node))
        good = silence_teller_settle(node_notary(node), self, now, error);
    if (good && round.failure) {
        g_propagate_error(error, g_steal_pointer(&round.failure));
        good = FALSE;
    }
    g_clear_error(&round.failure);
    if (ret_count)
        *ret_count = round.count;
    return good;
}

static gboolean add_mails(StoreTx *tx, const char *dossier, yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *row;
    yyjson_arr_foreach (list, at, size, row) {
        yyjson_val *bytes = yyjson_arr_get(row, 2);
        Mail mail = {.dossier = (char *)dossier,
                     .token = (char *)"",
                     .to = (char *)yyjson_get_str(yyjson_arr_get(row, 0)),
                     .message_id = (char *)yyjson_get_str(yyjson_arr_get(row, 1)),
                     .made = timestamp_now(),
                     .is_urgent = TRUE};
        if (!mail.to || !mail.message_id || !yyjson_is_str(bytes)) {
            g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                                "dossier.reminded: a mail is [address, message id, text]");
            return FALSE;
        }
        mail.bytes = g_bytes_new(yyjson_get_str(bytes), yyjson_get_len(bytes));
        gboolean good = mails_add(tx, &mail, error);
        g_bytes_unref(mail.bytes);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

gboolean reminder_operation_mark(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "dossier.reminded";
    const char *dossier;
    yyjson_val *list, *row, *mails;
    size_t at, size;
    g_autoptr(GArray) given = g_array_new(FALSE, FALSE, sizeof(RemindersGiven));
    gint64 next = G_MAXINT64;
    if (!operation_params_text(params, operation, "dossier", TRUE, &dossier, error) ||
        !operation_params_list(params, operation, "given", CLOCKS_MAX, &list, error) ||
        !operation_params_list(params, operation, "mails", MAILS_MAX, &mails, error) ||
        (yyjson_obj_get(params, "next") &&
         !operation_params_int(params, operation, "next", &next, error)))
        return FALSE;
    yyjson_arr_foreach (list, at, size, row) {
        const char *clock = yyjson_get_str(yyjson_arr_get(row, 0));
        if (!clock || strlen(clock) > REMINDERS_CLOCK_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "%s: what was given is [clock, started, count, mailed]", operation);
            return FALSE;
        }
        const RemindersGiven one = {clock, yyjson_get_sint(yyjson_arr_get(row, 1)),
                                    (guint)yyjson_get_uint(yyjson_arr_get(row, 2)),
                                    (guint)yyjson_get_uint(yyjson_arr_get(row, 3))};
        g_array_append_val(given, one);
    }
    return add_mails(tx, dossier, mails, error) &&
           reminders_mark(tx, dossier, (const RemindersGiven *)(gpointer)given->data, given->len,
                          next, error);
}

/* --- giving ------------------------------------------------------------------------------------
 */

void reminder_write(const Reminder *reminder, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_obj_add_str(doc, root, "dossier", reminder->dossier);
    yyjson_mut_obj_add_str(doc, root, "procedure", reminder->procedure);
    yyjson_mut_obj_add_str(doc, root, "state", reminder->state);
    yyjson_mut_obj_add_str(doc, root, "clock", reminder->clock);
    yyjson_mut_obj_add_str(doc, root, "what", reminder->help);
    yyjson_mut_obj_add_strcpy(doc, root, "started", timestamp_format(time, reminder->started, 0));
    yyjson_mut_obj_add_strcpy(doc, root, "due", timestamp_format(time, reminder->due, 0));
    yyjson_mut_obj_add_uint(doc, root, "percent", reminder->percent);
    yyjson_mut_obj_add_bool(doc, root, "waits_here", reminder->waits_here);
    yyjson_mut_obj_add_bool(doc, root, "second_contact", reminder->is_second);
    yyjson_mut_obj_add_bool(doc, root, "exercise", reminder->is_exercise);
}

/* Waits for @pid at most PROGRAM_US. */
static gboolean wait_for(GPid pid, const char *program, GError **error)
{
    gint64 end = g_get_monotonic_time() + PROGRAM_US;
    int status;
    pid_t done;
    while ((done = waitpid(pid, &status, WNOHANG)) == 0 && g_get_monotonic_time() < end)
        g_usleep(10000);
    if (done == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: took longer than %d s", program,
                    (int)(PROGRAM_US / G_USEC_PER_SEC));
        return FALSE;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "%s: exit status %d", program,
                WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return FALSE;
}

/* A file without a name that holds @text, to be read from its beginning: a program that reads
 * nothing of it is no failure, as it would be with a pipe. */
static int text_fd(const char *text, GError **error)
{
    int fd = memfd_create("reminder", MFD_CLOEXEC);
    gsize length = strlen(text);
    if (fd >= 0 && write(fd, text, length) == (gssize)length && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "[clock]: %s", g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Runs @program with @text on its standard input; its output goes nowhere. */
static gboolean run_program(const char *program, const char *text, GError **error)
{
    g_autoptr(GError) failure = NULL;
    GPid pid;
    const char *const argv[] = {program, NULL};
    int input = text_fd(text, error), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    gboolean started =
        input >= 0 && g_spawn_async_with_fds(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                             NULL, NULL, &pid, input, nowhere, -1, &failure);
    if (input >= 0)
        close(input);
    if (nowhere >= 0)
        close(nowhere);
    if (started)
        return wait_for(pid, program, error);
    if (failure)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "[clock]: %s", failure->message);
    return FALSE;
}

gboolean reminder_give(const Reminder *reminder, gpointer user, GError **error)
{
    const Config *config = user;
    const char *first = config_path(config, SETTING_CLOCK_COMMAND);
    const char *second = config_path(config, SETTING_CLOCK_SECOND_COMMAND);
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    reminder_write(reminder, doc, root);
    char *json = yyjson_mut_write(doc, YYJSON_WRITE_NEWLINE_AT_END, NULL);
    yyjson_mut_doc_free(doc);
    gboolean good = (!first || run_program(first, json, error)) &&
                    (!second || !reminder->is_second || run_program(second, json, error));
    free(json);
    return good;
}

/* --- as long as the node is served -------------------------------------------------------------
 */

struct ReminderWatch {
    Node *node;
    Hours *hours;
    ReminderTell tell;
    gpointer user;
    Ticker *ticker;
    char *told; /* the last failure that was; the ticker's alone */
};

static gint64 watch_clocks(gpointer user, const gint *stop)
{
    ReminderWatch *watch = user;
    g_autoptr(GError) error = NULL;
    background_enter();
    reminder_run(watch->node, watch->hours, timestamp_now(), FALSE, reminder_give,
                 (gpointer)node_config(watch->node), NULL, &error);
    const char *message = error ? error->message : NULL;
    if (g_strcmp0(message, watch->told) != 0)
        watch->tell(message, watch->user);
    g_free(watch->told);
    watch->told = g_strdup(message);
    return TICK_US;
}

ReminderWatch *reminder_start(Node *node, ReminderTell tell, gpointer user, GError **error)
{
    Hours *hours = reminder_hours(node_config(node), error);
    if (!hours || !reminder_mail_check(node_config(node), error)) {
        hours_free(hours);
        return NULL;
    }
    ReminderWatch *watch = g_new0(ReminderWatch, 1);
    watch->node = node;
    watch->hours = hours;
    watch->tell = tell;
    watch->user = user;
    watch->ticker = ticker_start("clocks", watch_clocks, watch);
    return watch;
}

void reminder_stop(ReminderWatch *watch)
{
    if (!watch)
        return;
    ticker_stop(watch->ticker);
    hours_free(watch->hours);
    g_free(watch->told);
    g_free(watch);
}
