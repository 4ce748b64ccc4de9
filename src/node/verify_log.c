#include "node/verify_log.h"

void verify_log_report_clear(VerifyLogReport *report)
{
    g_clear_pointer(&report->note, note_free);
    checkpoint_clear(&report->checkpoint);
    g_clear_pointer(&report->distrust, g_free);
    verify_tree_report_clear(&report->tree);
}

static void free_problem(gpointer problem)
{
    verify_tree_problem_free(problem);
}

/* Takes the checkpoint apart. FALSE if it is none, which the report then says. */
static gboolean read_checkpoint(const GByteArray *bytes, VerifyLogReport *report)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(Note) note = note_parse((const char *)bytes->data, bytes->len, &failure);
    if (note && checkpoint_parse(note->bytes, note->text_length, &report->checkpoint, &failure)) {
        report->note = g_steal_pointer(&note);
        return TRUE;
    }
    report->tree.problems = g_ptr_array_new_with_free_func(free_problem);
    g_ptr_array_add(
        report->tree.problems,
        verify_tree_problem_new(VERIFY_TREE_WRONG, VERIFY_LOG_CHECKPOINT, failure->message));
    return FALSE;
}

gboolean verify_log(const LogSource *source, const Trust *trust, const VerifyTreeOptions *options,
                    VerifyLogReport *ret_report, GError **error)
{
    g_auto(VerifyLogReport) report = {0};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) distrust = NULL;
    if (!log_source_read(source, VERIFY_LOG_CHECKPOINT, NOTE_BYTES_MAX, bytes, error))
        return FALSE;
    if (read_checkpoint(bytes, &report)) {
        if (!trust_check(trust, report.note, &report.checkpoint, &distrust))
            report.distrust = g_strdup(distrust->message);
        /* Also of a log that is not trusted people want to know whether it is whole. */
        if (!verify_tree(source, report.checkpoint.size, &report.checkpoint.root, options,
                         &report.tree, error))
            return FALSE;
    }
    *ret_report = report;
    report = (VerifyLogReport){0};
    return TRUE;
}
