#include "cli/match_options.h"

#include "cli/output.h"

/* Places among the choices of MATCH_OPTIONS_INPUT. */
enum { CHOICE_NONE = -1, CHOICE_TEXT = 0, CHOICE_FIRST_FORMAT = 1 };

gboolean match_options_logs(const CommandCall *call, const InputFormat **ret_format)
{
    int choice = command_choice(call, "input", CHOICE_NONE);
    *ret_format = choice < CHOICE_FIRST_FORMAT
                      ? NULL
                      : input_format_find(input_format_names()[choice - CHOICE_FIRST_FORMAT]);
    return choice != CHOICE_TEXT;
}

Withhold *match_options_withhold(const CommandCall *call, gboolean expired)
{
    const WithholdOptions options = {
        .expired = expired,
        .suppressed = command_flag(call, "suppressed"),
        .allowed = command_texts(call, "allow-list"),
    };
    return withhold_new(&options);
}

static void note_list(gpointer user, const char *list, guint64 hits)
{
    output_note("  %" G_GUINT64_FORMAT " by \"%s\"", hits, list);
}

void match_options_note_withheld(const Withhold *withhold)
{
    guint64 hits = withhold_each(withhold, NULL, NULL);
    if (hits == 0)
        return;
    output_note("%" G_GUINT64_FORMAT " hits of well-known values left out (see --suppressed):",
                hits);
    withhold_each(withhold, note_list, NULL);
}
