#include "node/resume.h"

#include <string.h>

void resume_report_clear(ResumeReport *report)
{
    survey_clear(&report->survey);
    g_clear_pointer(&report->origin, g_free);
    g_clear_pointer(&report->archive, g_free);
}

static gboolean check_held(Notary *notary, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(notary_store(notary), &state, error))
        return FALSE;
    if (state.held)
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                        "the ledger is not held: it goes on already");
    return FALSE;
}

static LogSource *open_source(const Config *config, const ResumeOptions *options, GError **error)
{
    const FetchOptions fetch = {.allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                .ca_file = config_path(config, SETTING_FETCH_CA_FILE),
                                .bearer = options->token};
    return log_source_open(options->from, &fetch, error);
}

/* Brings the ledger to where the source is. If that cannot be, a ledger that is to follow names at
 * least the checkpoint that is there: *ret_note. */
static gboolean regain(Notary *notary, const Config *config, const ResumeOptions *options,
                       RegainReport *ret_report, char **ret_note, GError **error)
{
    g_autoptr(LogSource) source = open_source(config, options, error);
    g_autoptr(GError) local = NULL;
    if (!source)
        return FALSE;
    if (regain_ledger(notary_store(notary), notary_writer(notary), source, ret_report, &local)) {
        notary_follow(notary);
        return TRUE;
    }
    if (options->recovery_path)
        *ret_note = regain_checkpoint(notary_store(notary), source, NULL);
    if (*ret_note)
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&local), "%s: ", options->from);
    return FALSE;
}

static gboolean apply_release(StoreTx *tx, gpointer user, GError **error)
{
    return ledger_hold(tx, FALSE, error);
}

/* Puts down what a person has said. Without the key it cannot be: what replaces the key is then the
 * first entry since. */
static gboolean state_it(Notary *notary)
{
    static const char members[] =
        "{\"title\":\"This ledger was restored from a backup. Its owner states that nothing was "
        "signed after the backup was taken.\"}";
    const OpeningSpec spec = {.kind = "statement",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = strlen(members)};
    guint64 index;
    g_autoptr(GError) ignored = NULL;
    return notary_append(notary, &spec, &index, &ignored);
}

/* A word is enough only where no witness could have said it. */
static gboolean may_go_on(const ResumeOptions *options, const Survey *survey)
{
    return !survey->obstacle || (options->nothing_was_signed && survey->witnesses->len == 0);
}

static gboolean release(Notary *notary, const ResumeOptions *options, ResumeReport *report,
                        GError **error)
{
    if (!may_go_on(options, &report->survey))
        return TRUE;
    if (!writer_run(notary_writer(notary), 0, apply_release, NULL, error))
        return FALSE;
    report->released = TRUE;
    if (report->survey.obstacle)
        report->is_stated = state_it(notary);
    report->survey.obstacle = NULL;
    return TRUE;
}

/* @note: the newest checkpoint that is known, NULL: that of the store. */
static gboolean relink(Notary *notary, const ResumeOptions *options, const char *note,
                       ResumeReport *report, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(notary_store(notary), &state, error))
        return FALSE;
    if (!note && !report->survey.obstacle) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "nothing is missing of the ledger, as its witnesses say: it can go on, "
                            "and no other need follow");
        return FALSE;
    }
    if (!state.checkpoint && !note) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                            "there is no checkpoint that another ledger could follow");
        return FALSE;
    }
    if (!notary_relink(notary, options->recovery_path, note ? note : state.checkpoint,
                       report->survey.seen, &report->archive, error))
        return FALSE;
    report->released = TRUE;
    return TRUE;
}

static gboolean finish(Notary *notary, ResumeReport *report, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(notary_store(notary), &state, error))
        return FALSE;
    report->origin = g_steal_pointer(&state.origin);
    report->size = state.size;
    return TRUE;
}

gboolean resume_ledger(Notary *notary, const ResumeOptions *options, ResumeReport *ret_report,
                       GError **error)
{
    g_auto(ResumeReport) report = {0};
    g_autofree char *note = NULL;
    if (!check_held(notary, error))
        return FALSE;
    g_autoptr(Config) config = config_load_node(notary_node(notary), error);
    if (!config ||
        (options->from && !regain(notary, config, options, &report.regain, &note, error)))
        return FALSE;
    if (!survey_witnesses(config, notary, &report.survey, error))
        return FALSE;
    gboolean good = options->recovery_path ? relink(notary, options, note, &report, error)
                                           : release(notary, options, &report, error);
    if (!good || !finish(notary, &report, error))
        return FALSE;
    *ret_report = report;
    report = (ResumeReport){0};
    return TRUE;
}
