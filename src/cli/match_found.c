#include "cli/match_found.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "cli/output.h"

void match_found_init(MatchFound *found, Detector *detector, const CommandCall *call)
{
    *found = (MatchFound){
        .detector = detector,
        .json = command_json(call),
        .quiet = command_flag(call, "quiet"),
        .count = command_flag(call, "count"),
    };
}

void match_found_begin(MatchFound *found, const char *file)
{
    found->file = file;
    found->live = strcmp(file, "-") == 0;
    found->file_hits = 0;
}

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(doc, object, key, text);
    else
        yyjson_mut_obj_add_null(doc, object, key);
}

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us,
                     guint digits)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_obj_add_strcpy(doc, object, key, timestamp_format(time, us, digits));
}

static void print_json(const MatchFound *found, const DetectorIndicator *indicator,
                       const EvaluateHit *hit)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *file = g_utf8_make_valid(found->file, -1);

    add_text(doc, root, "type", "pattern");
    add_text(doc, root, "value", indicator->pattern);
    add_text(doc, root, "indicator", indicator->id);
    add_text(doc, root, "source", indicator->source);
    add_text(doc, root, "name", indicator->name);
    add_text(doc, root, "file", file);
    yyjson_mut_val *ids = yyjson_mut_obj_add_arr(doc, root, "observations");
    for (guint i = 0; i < hit->n; i++)
        yyjson_mut_arr_add_strcpy(doc, ids, hit->observations[i]->id);
    add_time(doc, root, "first_observed", hit->first, 6);
    add_time(doc, root, "last_observed", hit->last, 6);
    if (indicator->confidence >= 0)
        yyjson_mut_obj_add_int(doc, root, "confidence", indicator->confidence);
    else
        yyjson_mut_obj_add_null(doc, root, "confidence");
    if (indicator->valid_until != 0)
        add_time(doc, root, "valid_until", indicator->valid_until, 3);
    else
        yyjson_mut_obj_add_null(doc, root, "valid_until");
    add_text(doc, root, "tlp", marking_tlp_name(indicator->tlp));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_row(const MatchFound *found, const DetectorIndicator *indicator,
                      const EvaluateHit *hit)
{
    char first[TIMESTAMP_MAX], last[TIMESTAMP_MAX];
    g_autoptr(GString) ids = g_string_new(NULL);
    if (found->hits + found->file_hits == 1)
        output_line("%-22s  %-20s  %-20s  %-47s  %-16s  %s", "WHERE", "FIRST", "LAST", "INDICATOR",
                    "SOURCE", "OBSERVATIONS");
    for (guint i = 0; i < hit->n; i++)
        g_string_append_printf(ids, "%s%s", i > 0 ? " " : "", hit->observations[i]->id);
    output_line("%-22s  %-20s  %-20s  %-47s  %-16s  %s", found->file,
                timestamp_format(first, hit->first, 0), timestamp_format(last, hit->last, 0),
                indicator->id, indicator->source, ids->str);
}

void match_found_print(gpointer user, const DetectorIndicator *indicator, const EvaluateHit *hit)
{
    MatchFound *found = user;
    found->file_hits++;
    if (found->quiet || found->count)
        return;
    if (found->json)
        print_json(found, indicator, hit);
    else
        print_row(found, indicator, hit);
    if (found->live)
        fflush(stdout);
}

static void print_count(const MatchFound *found)
{
    if (!found->json) {
        output_line("%s: %" G_GUINT64_FORMAT, found->file, found->file_hits);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    g_autofree char *file = g_utf8_make_valid(found->file, -1);
    yyjson_mut_obj_add_str(doc, root, "file", file);
    yyjson_mut_obj_add_uint(doc, root, "hits", found->file_hits);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

void match_found_end(MatchFound *found)
{
    if (found->count && !found->quiet)
        print_count(found);
    found->hits += found->file_hits;
}

void match_found_fail(MatchFound *found, const char *path, const GError *error)
{
    found->failed++;
    output_failure(path, error);
}

gboolean match_found_is_done(const MatchFound *found)
{
    return found->quiet && found->hits + found->file_hits > 0;
}

int match_found_finish(const MatchFound *found)
{
    const EvaluateCounts *counts = detector_counts(found->detector);
    if (counts->problems > 0)
        output_note("concert: %" G_GUINT64_FORMAT " comparisons had no answer; the last: %s",
                    counts->problems, counts->problem);
    if (counts->given_up > 0)
        output_note("concert: %" G_GUINT64_FORMAT
                    " times it would have taken too long to try all observations",
                    counts->given_up);
    if (counts->forgotten > 0)
        output_note("concert: %" G_GUINT64_FORMAT
                    " times observations may have been needed that were not kept so long",
                    counts->forgotten);
    if (found->quiet && found->hits > 0)
        return COMMAND_OK;
    if (found->failed > 0)
        return COMMAND_ERROR;
    return found->hits > 0 ? COMMAND_OK : COMMAND_NOTHING;
}
