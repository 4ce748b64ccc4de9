#include "node/verify_log.h"

#include <string.h>

#include "node/log_keys.h"
#include "node/verify_openings.h"
#include "node/verify_partials.h"

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

static void tell(VerifyLogReport *report, const char *path, const char *what)
{
    g_ptr_array_insert(report->tree.problems, 0,
                       verify_tree_problem_new(VERIFY_TREE_WRONG, path, what));
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
    tell(report, VERIFY_LOG_CHECKPOINT, failure->message);
    return FALSE;
}

/* Follows the log's key changes where it has any to tell of. What is wrong with them is
 * @ret_wrong. */
static gboolean read_keys(const LogSource *source, const char *origin, Trust *trust,
                          char **ret_wrong, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) failure = NULL;
    g_autoptr(LogKeys) keys = NULL;
    if (log_source_read(source, LOG_KEYS_PATH, LOG_KEYS_BYTES_MAX, bytes, &failure))
        keys = log_keys_parse((const char *)bytes->data, bytes->len, &failure);
    else if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) ||
             g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_DENIED))
        return TRUE; /* logs of others have no such file */
    else if (g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_IO)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (!keys)
        *ret_wrong = g_strdup(failure->message);
    else if (strcmp(keys->origin, origin) != 0)
        *ret_wrong = g_strdup_printf("it is of the log \"%s\"", keys->origin);
    else if (!trust_follow(trust, origin, (const char *const *)keys->changes, keys->n_changes,
                           &failure))
        *ret_wrong = g_strdup(failure->message);
    else if (!trust_is_present(trust, origin, keys->ledger))
        *ret_wrong = g_strdup("the present key is not the one that the changes lead to");
    return TRUE;
}

/* Verifies what the checkpoint is of. */
static gboolean verify_files(const LogSource *source, const VerifyTreeOptions *options,
                             VerifyLogReport *report, GError **error)
{
    const Checkpoint *checkpoint = &report->checkpoint;
    VerifyTreeReport *tree = &report->tree;
    return verify_tree(source, checkpoint->size, &checkpoint->root, options, tree, error) &&
           (tree->gave_up ||
            verify_partials(source, checkpoint->size, options->hashes_only, tree, error)) &&
           (tree->gave_up || options->hashes_only ||
            verify_openings(source, checkpoint->origin, checkpoint->size, tree, error));
}

gboolean verify_log(const LogSource *source, Trust *trust, const VerifyTreeOptions *options,
                    VerifyLogReport *ret_report, GError **error)
{
    g_auto(VerifyLogReport) report = {0};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) distrust = NULL;
    g_autofree char *wrong_keys = NULL;
    if (!log_source_read(source, VERIFY_LOG_CHECKPOINT, NOTE_BYTES_MAX, bytes, error))
        return FALSE;
    if (read_checkpoint(bytes, &report)) {
        if (!read_keys(source, report.checkpoint.origin, trust, &wrong_keys, error))
            return FALSE;
        if (!trust_check(trust, report.note, &report.checkpoint, &distrust))
            report.distrust = g_strdup(distrust->message);
        /* Also of a log that is not trusted people want to know whether it is whole. */
        if (!verify_files(source, options, &report, error))
            return FALSE;
        if (wrong_keys)
            tell(&report, LOG_KEYS_PATH, wrong_keys);
    }
    *ret_report = report;
    report = (VerifyLogReport){0};
    return TRUE;
}
