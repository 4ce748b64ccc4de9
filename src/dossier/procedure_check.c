/* procedure_check.c - what every table has to keep to. */
#include <string.h>

#include "dossier/procedure.h"

/* The sets of a table that are asked for again and again. */
typedef struct {
    const Procedure *procedure;
    guint roles, states; /* all there are */
    guint gone;          /* roles of who takes no part any more */
    guint finals;
    const ProcedureTransition *opening;
} Table;

static gboolean fail(GError **error, const char *what, const char *name)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", name, what);
    return FALSE;
}

static guint set_of(guint count)
{
    return count >= PROCEDURE_SET_MAX ? G_MAXUINT32 : PROCEDURE_BIT(count) - 1;
}

/* Where one may get from the states @from; backwards: from where one may get there. */
static guint closure(const Procedure *procedure, guint states, gboolean backwards)
{
    for (guint before = 0; before != states;) {
        before = states;
        for (const ProcedureTransition *row = procedure->transitions; row->type; row++) {
            if (row->to == PROCEDURE_STAY)
                continue;
            guint from = row->from & ~row->stays;
            if (backwards ? (states & PROCEDURE_BIT(row->to)) != 0 : (states & from) != 0)
                states |= backwards ? from : PROCEDURE_BIT(row->to);
        }
    }
    return states;
}

static gboolean check_field(const ProcedureField *field, const Table *table, GError **error)
{
    gboolean is_text = field->type == PROCEDURE_TEXT || field->type == PROCEDURE_LINE;
    gboolean is_node = field->type == PROCEDURE_NODE || field->type == PROCEDURE_NODES;
    if (is_text && (field->max == 0 || field->max > PROCEDURE_TEXT_MAX))
        return fail(error, "a text needs a maximum", field->name);
    if (field->type == PROCEDURE_NODES && (field->max == 0 || field->max > PROCEDURE_LIST_MAX))
        return fail(error, "a list needs a maximum", field->name);
    gboolean is_word = field->type == PROCEDURE_WORD || field->type == PROCEDURE_WORDS;
    if (is_word != (field->words != NULL))
        return fail(error, "words, and only they, have a list", field->name);
    if (field->type == PROCEDURE_LINES && (field->max == 0 || field->max > PROCEDURE_LIST_MAX))
        return fail(error, "a list needs a maximum", field->name);
    if (field->type == PROCEDURE_DATA && !field->check)
        return fail(error, "somebody has to read what it is", field->name);
    if (field->gives && (!is_node || (field->gives & ~table->roles)))
        return fail(error, "only nodes get a role that there is", field->name);
    return TRUE;
}

/* What changes the state is known to everybody, unless it is not shared yet; what shares it shows
 * all that came before. */
static gboolean check_shown(const ProcedureTransition *row, const Table *table, GError **error)
{
    guint privates = 0;
    for (guint i = 0; i < table->procedure->n_states; i++)
        if (table->procedure->states[i].is_private)
            privates |= PROCEDURE_BIT(i);
    gboolean stays = row->to == PROCEDURE_STAY || (privates & PROCEDURE_BIT(row->to));
    if (row->who & table->gone)
        return fail(error, "who takes no part any more may make it", row->type);
    if (!stays && (row->tells | table->gone) != table->roles)
        return fail(error, "it changes the state, and does not tell everybody", row->type);
    if (!stays && (row->from & privates) && !row->opens)
        return fail(error, "it shares what was private, and does not show it", row->type);
    if (row->to != PROCEDURE_STAY && stays && (row->from & ~privates))
        return fail(error, "what was shared cannot be private again", row->type);
    return TRUE;
}

static gboolean check_transition(const ProcedureTransition *row, const Table *table, GError **error)
{
    const Procedure *procedure = table->procedure;
    gboolean needs = row->rules != NULL || procedure_closes(procedure, row);
    if (procedure_transition(procedure, row->type) != row)
        return fail(error, "there are two of that name", row->type);
    if (row->who == 0 || (row->who & ~table->roles) || (row->tells & ~table->roles))
        return fail(error, "nobody may make it, or it has a role that there is not", row->type);
    if ((row->from & ~table->states) || (row->stays & ~row->from) || row->to < PROCEDURE_STAY ||
        row->to >= (int)procedure->n_states)
        return fail(error, "it has a state that there is not", row->type);
    if (row->from == 0 && (row->to == PROCEDURE_STAY || (row->who & (row->who - 1))))
        return fail(error, "what opens a dossier gives one role and a state", row->type);
    for (const ProcedureField *field = row->fields; field && field->name; field++) {
        needs = needs || field->is_required;
        if (!check_field(field, table, error)) {
            g_prefix_error(error, "%s: ", row->type);
            return FALSE;
        }
    }
    if (row->maker == PROCEDURE_PERSON && strchr(row->command ? row->command : row->verb, ' '))
        return fail(error, "its command is not one word", row->type);
    if ((row->becomes & ~table->roles) || (row->swaps && !row->becomes))
        return fail(error, "its author becomes what there is not", row->type);
    for (guint i = 0; row->rules && row->rules[i]; i++)
        if (!row->rules[i]->rule || !row->rules[i]->holds == !row->rules[i]->check)
            return fail(error, "a rule has words, and one way to tell whether it is met",
                        row->type);
    if (row->maker == PROCEDURE_MACHINE &&
        (needs || row->to == PROCEDURE_STAY || (row->from & PROCEDURE_BIT(row->to))))
        return fail(error, "a machine cannot make it, or would again and again", row->type);
    return check_shown(row, table, error);
}

/* Whether somebody for whom the state waits can get the dossier out of it. */
static gboolean can_act(const Procedure *procedure, guint state)
{
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++)
        if ((row->from & ~row->stays & PROCEDURE_BIT(state)) && row->to != PROCEDURE_STAY &&
            row->to != (int)state && (row->who & procedure->states[state].waits_for))
            return TRUE;
    return FALSE;
}

static gboolean check_states(const Table *table, GError **error)
{
    const Procedure *procedure = table->procedure;
    guint reached = closure(procedure, PROCEDURE_BIT(table->opening->to), FALSE);
    guint ending = closure(procedure, table->finals, TRUE);
    for (guint i = 0; i < procedure->n_states; i++) {
        const ProcedureState *state = &procedure->states[i];
        if (!(reached & PROCEDURE_BIT(i)))
            return fail(error, "it cannot be reached", state->name);
        if (!(ending & PROCEDURE_BIT(i)))
            return fail(error, "it is a dead end", state->name);
        if (state->is_final && state->is_rest)
            return fail(error, "an end is no rest", state->name);
        if (state->is_final || state->is_rest ? state->waits_for != 0 || state->waits_what != NULL
                                              : !state->waits_what || !can_act(procedure, i))
            return fail(error, "it waits for who cannot act, or an end waits", state->name);
    }
    return TRUE;
}

static const ProcedureField *find_field(const ProcedureTransition *row, const char *name)
{
    for (const ProcedureField *field = row->fields; field && field->name; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static gboolean check_terms(const ProcedureClock *clock, const ProcedureField *field,
                            GError **error)
{
    guint words = 0, terms = 0;
    for (const ProcedureWord *word = field->words; word && word->word; word++)
        words++;
    for (const ProcedureTerm *term = clock->terms; term->word; term++, terms++)
        if (terms >= words || strcmp(field->words[terms].word, term->word) != 0 ||
            term->seconds <= 0)
            return fail(error, "its terms are not for the words of its field", clock->name);
    return terms == words || fail(error, "a word of its field has no term", clock->name);
}

static gboolean check_reminders(const ProcedureClock *clock)
{
    gboolean is_good = !clock->reminders != !clock->before;
    for (const guint *one = clock->reminders; is_good && one && *one; one++)
        is_good = one == clock->reminders || *one > one[-1];
    for (const guint *one = clock->before; is_good && one && *one; one++)
        is_good = *one > one[1];
    return is_good;
}

static gboolean check_clock(const ProcedureClock *clock, const Table *table, GError **error)
{
    const ProcedureTransition *row =
        clock->event ? procedure_transition(table->procedure, clock->event) : table->opening;
    const ProcedureField *field = row && clock->field ? find_field(row, clock->field) : NULL;
    if (clock->runs_in == 0 || (clock->runs_in & (table->finals | ~table->states)))
        return fail(error, "it runs nowhere, or never stops", clock->name);
    if (clock->seconds > 0 ? clock->field != NULL : !field)
        return fail(error, "its field is not in the event that it names, or it needs none",
                    clock->name);
    if (clock->in_hours && !clock->terms && clock->seconds == 0)
        return fail(error, "a date is not counted in hours of work", clock->name);
    if (!check_reminders(clock))
        return fail(error, "its reminders are not in order, or are told in two ways", clock->name);
    if (clock->seconds > 0)
        return TRUE;
    if (!clock->terms)
        return field->type == PROCEDURE_TIME || fail(error, "its field is no time", clock->name);
    return check_terms(clock, field, error);
}

static gboolean fill_table(Table *table, const Procedure *procedure, GError **error)
{
    guint roles = 0;
    while (procedure->roles[roles].name)
        roles++;
    if (roles > PROCEDURE_SET_MAX || procedure->n_states > PROCEDURE_SET_MAX ||
        procedure->n_clocks > PROCEDURE_SET_MAX)
        return fail(error, "too many roles, states or clocks", procedure->name);
    *table = (Table){
        .procedure = procedure, .roles = set_of(roles), .states = set_of(procedure->n_states)};
    for (guint i = 0; i < roles; i++)
        if (procedure->roles[i].is_gone)
            table->gone |= PROCEDURE_BIT(i);
    for (guint i = 0; i < procedure->n_states; i++)
        if (procedure->states[i].is_final)
            table->finals |= PROCEDURE_BIT(i);
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++)
        if (row->from == 0) {
            if (table->opening)
                return fail(error, "it is opened in two ways", procedure->name);
            table->opening = row;
        }
    return table->opening || fail(error, "nothing opens it", procedure->name);
}

gboolean procedure_check(const Procedure *procedure, GError **error)
{
    Table table;
    if (!fill_table(&table, procedure, error))
        return FALSE;
    for (const ProcedureTransition *row = procedure->transitions; row->type; row++)
        if (!check_transition(row, &table, error))
            return FALSE;
    for (guint i = 0; i < procedure->n_clocks; i++)
        if (!check_clock(&procedure->clocks[i], &table, error))
            return FALSE;
    return check_states(&table, error);
}
