/* procedure_document.c - docs/procedures.md, from the tables. */
#include <string.h>

#include "dossier/procedure.h"

static const char head[] =
    "# Procedures\n\n"
    "How nodes act together: each procedure is a table that one engine runs (`src/dossier/`). This "
    "page is written\nfrom the tables; `tests/unit/test_procedure.c` holds it to them, and run "
    "with "
    "`CONCERT_WRITE_DOCS=1` writes it anew.\n\n"
    "A **dossier** is the joint record of one procedure: a set of signed events, which travel as "
    "dispatches\n(docs/protocol.md, \"Dossiers\"). Its state follows from the set alone:\n\n"
    "- Events are judged in one order: after all that they follow, else by claimed time, then by "
    "hash.\n"
    "- An event is **valid**, or **void** with a reason: then it is kept and shown, and changes "
    "nothing. It is **pending**\n  while an event that it follows is missing, and **unknown** if "
    "this version does not know its type.\n"
    "- An event that ends a dossier lists in `decides` the hashes of all events that it follows, "
    "and is judged by these\n  alone. What was made without knowing of it, and turns up later, is "
    "void. Of two ends that do not know of each\n  other the first in the order counts.\n"
    "- Who makes an event names the person who signs for it (`signatory`); what a machine makes "
    "names none.\n"
    "- A clock runs while the dossier is in certain states, by the claimed times of the events "
    "that begin and end it.\n"
    "- An event that claims a time more than a day ahead of the clock of the node that gets it is "
    "no part of the set there until\n  a day before that time (clocks.md).\n"
    "- What a clock counts \"in hours\" is counted in those in which who has to act is at work, as "
    "their card says; critical\n  ones around the clock where there is a 24/7 contact. That is "
    "each "
    "node's own view, no part of the state (clocks.md).\n";

static const char *type_name(ProcedureType type)
{
    static const char *const names[] = {"text",  "line",   "word",  "time",  "node",
                                        "nodes", "hashes", "words", "lines", "number",
                                        "flag",  "event",  "files", "data"};
    return names[type];
}

static void append_states(GString *text, const Procedure *procedure, guint states)
{
    const char *separator = "";
    for (guint i = 0; i < procedure->n_states; i++)
        if (states & PROCEDURE_BIT(i)) {
            g_string_append_printf(text, "%s%s", separator, procedure->states[i].name);
            separator = ", ";
        }
}

/* A state diagram that GitHub, GitLab and others draw. Remarks and the like are left out. */
static void append_diagram(GString *text, const Procedure *procedure)
{
    g_string_append(text, "\n```mermaid\nstateDiagram-v2\n");
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++) {
        if (row->to == PROCEDURE_STAY)
            continue;
        g_autofree char *who = procedure_roles(procedure, row->who);
        const char *machine = row->maker == PROCEDURE_MACHINE ? ", machine" : "";
        const char *to = procedure->states[row->to].name;
        if (row->from == 0)
            g_string_append_printf(text, "    [*] --> %s: %s (%s%s)\n", to, row->verb, who,
                                   machine);
        for (guint i = 0; i < procedure->n_states; i++)
            if (row->from & ~row->stays & PROCEDURE_BIT(i))
                g_string_append_printf(text, "    %s --> %s: %s (%s%s)\n",
                                       procedure->states[i].name, to, row->verb, who, machine);
    }
    for (guint i = 0; i < procedure->n_states; i++)
        if (procedure->states[i].is_final)
            g_string_append_printf(text, "    %s --> [*]\n", procedure->states[i].name);
    g_string_append(text, "```\n");
}

static void append_roles(GString *text, const Procedure *procedure)
{
    g_string_append(text, "\n| role | who |\n|---|---|\n");
    for (const ProcedureRole *role = procedure->roles; role->name; role++)
        g_string_append_printf(text, "| %s | %s |\n", role->name, role->help);
}

static void append_state_table(GString *text, const Procedure *procedure)
{
    g_string_append(text, "\n| state | what it means | waits for |\n|---|---|---|\n");
    for (guint i = 0; i < procedure->n_states; i++) {
        const ProcedureState *state = &procedure->states[i];
        g_autofree char *who = procedure_roles(procedure, state->waits_for);
        g_string_append_printf(text, "| %s | %s | ", state->name, state->help);
        if (state->is_final)
            g_string_append(text, "nobody: it is over |\n");
        else if (state->is_rest)
            g_string_append(text, "nobody |\n");
        else
            g_string_append_printf(text, "the %s, to %s |\n", who, state->waits_what);
    }
}

static void append_transitions(GString *text, const Procedure *procedure)
{
    g_string_append(text, "\n| event | what it does | in | leads to | made by | told to |\n"
                          "|---|---|---|---|---|---|\n");
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++) {
        g_autofree char *who = procedure_roles(procedure, row->who);
        g_autofree char *told = procedure_roles(procedure, row->tells);
        g_auto(GStrv) parts = g_strsplit(told, " or ", -1);
        g_autofree char *list = g_strjoinv(", ", parts);
        g_string_append_printf(text, "| %s | %s | ", row->type, row->help);
        append_states(text, procedure, row->from);
        g_string_append_printf(
            text, "%s | %s%s | %s: %s | %s |\n", row->from == 0 ? "nothing" : "",
            row->to == PROCEDURE_STAY ? "the same" : procedure->states[row->to].name,
            row->stays ? " at first, else the same" : "", who,
            row->maker == PROCEDURE_MACHINE ? "the node itself" : "a person", list);
    }
}

static void append_words(GString *text, const ProcedureField *field)
{
    for (const ProcedureWord *word = field->words; word && word->word; word++)
        g_string_append_printf(text, "%s`%s` (%s)", word == field->words ? ": " : ", ", word->word,
                               word->label);
}

static void append_field(GString *text, const Procedure *procedure, const char *event,
                         const ProcedureField *field)
{
    g_string_append_printf(text, "| %s | `%s`%s | %s", event, field->name,
                           field->is_required ? "" : " (optional)", type_name(field->type));
    if (field->max > 0)
        g_string_append_printf(
            text, ", at most %u%s", field->max,
            field->type == PROCEDURE_TEXT || field->type == PROCEDURE_LINE ? " bytes" : "");
    g_string_append_printf(text, " | %s", field->help);
    append_words(text, field);
    if (field->gives) {
        g_autofree char *role = procedure_roles(procedure, field->gives);
        g_string_append_printf(text, "; becomes %s", role);
    }
    g_string_append(text, " |\n");
}

static void append_fields(GString *text, const Procedure *procedure)
{
    g_string_append(text, "\n| event | member | is | meaning |\n|---|---|---|---|\n");
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++) {
        for (const ProcedureField *field = row->fields; field && field->name; field++)
            append_field(text, procedure, row->type, field);
        if (procedure_closes(procedure, row))
            append_field(text, procedure, row->type, procedure_decides());
    }
}

static void append_rules(GString *text, const Procedure *procedure)
{
    const char *title = "\nRules besides:\n\n";
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++)
        for (guint i = 0; row->rules && row->rules[i]; i++) {
            g_string_append_printf(text, "%s- %s: %s.\n", title, row->type, row->rules[i]->rule);
            title = "";
        }
}

static void append_clock(GString *text, const Procedure *procedure, const ProcedureClock *clock)
{
    g_string_append_printf(text, "| %s | %s | ", clock->name, clock->help);
    append_states(text, procedure, clock->runs_in);
    g_string_append(text, " | ");
    for (const ProcedureTerm *term = clock->terms; term && term->word; term++)
        g_string_append_printf(text, "%s%s: %" G_GINT64_FORMAT " h",
                               term == clock->terms ? "" : ", ", term->word, term->seconds / 3600);
    if (clock->in_hours)
        g_string_append(text, "; in hours");
    if (clock->seconds > 0)
        g_string_append_printf(text, "%u h", clock->seconds / 3600);
    else if (!clock->terms)
        g_string_append_printf(text, "until `%s`, if that is given", clock->field);
    g_string_append(text, " | ");
    for (const guint *one = clock->reminders; one && *one; one++)
        g_string_append_printf(text, "%s%u%%", one == clock->reminders ? "" : ", ", *one);
    for (const guint *one = clock->before; one && *one; one++)
        g_string_append_printf(text, "%u h, ", *one / 3600);
    g_string_append(text, clock->before ? "0 h before the end |\n" : " |\n");
}

static void append_procedure(GString *text, const Procedure *procedure)
{
    g_string_append_printf(text, "\n## %s\n\n`%s`. %s\n", procedure->title, procedure->name,
                           procedure->help);
    append_diagram(text, procedure);
    append_roles(text, procedure);
    append_state_table(text, procedure);
    append_transitions(text, procedure);
    append_fields(text, procedure);
    append_rules(text, procedure);
    if (procedure->n_clocks == 0)
        return;
    g_string_append(text, "\n| clock | what for | runs while | how long | reminders at |\n"
                          "|---|---|---|---|---|\n");
    for (guint i = 0; i < procedure->n_clocks; i++)
        append_clock(text, procedure, &procedure->clocks[i]);
}

char *procedure_document(void)
{
    GString *text = g_string_new(head);
    for (const Procedure *const *one = procedure_all(); *one; one++)
        append_procedure(text, *one);
    return g_string_free(text, FALSE);
}
