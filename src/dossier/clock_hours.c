#include "dossier/clock_hours.h"

#include <string.h>

void clock_hours_free(ClockHours *hours)
{
    if (!hours)
        return;
    g_free(hours->nodes);
    g_free(hours->text);
    g_clear_pointer(&hours->hours, g_ptr_array_unref);
    g_free(hours);
}

/* --- which hours -------------------------------------------------------------------------------
 */

/* What the nodes declare that have to act. */
typedef struct {
    GString *nodes;
    GPtrArray *hours, *texts; /* Hours *, char *: all but "24/7" */
    gboolean is_round;        /* one has a 24/7 contact */
    gboolean is_open;         /* one has no other hours than all, or declares none */
    gboolean is_undeclared;   /* one declares none */
} Declared;

static void declared_clear(Declared *declared)
{
    g_string_free(declared->nodes, TRUE);
    g_ptr_array_unref(declared->hours);
    g_ptr_array_unref(declared->texts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Declared, declared_clear)

/* Takes in the lines of one node. What is not understood was not declared. */
static void add_lines(Declared *declared, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    guint n_round = 0, n_other = 0;
    for (guint i = 0; lines[i]; i++) {
        Hours *hours = hours_parse(lines[i], NULL);
        if (!hours)
            continue;
        if (hours_is_always(hours)) {
            n_round++;
            hours_free(hours);
            continue;
        }
        n_other++;
        if (declared->hours->len >= CLOCK_HOURS_MAX ||
            g_ptr_array_find_with_equal_func(declared->texts, lines[i], g_str_equal, NULL)) {
            hours_free(hours);
            continue;
        }
        g_ptr_array_add(declared->hours, hours);
        g_ptr_array_add(declared->texts, g_strdup(lines[i]));
    }
    declared->is_round |= n_round > 0;
    declared->is_open |= n_other == 0;
    declared->is_undeclared |= n_other + n_round == 0;
}

static gboolean ask_all(const EngineResult *result, const EngineClock *clock, ClockHoursAsk ask,
                        gpointer user, Declared *declared, GError **error)
{
    for (guint i = 0; i < result->participants->len; i++) {
        const char *node = g_array_index(result->participants, EngineParticipant, i).node;
        g_autofree char *text = NULL;
        if (!(clock->actors[i / 64] >> (i % 64) & 1))
            continue;
        if (!ask(user, node, clock->started_us, &text, error))
            return FALSE;
        g_string_append_printf(declared->nodes, "%s%s", declared->nodes->len > 0 ? ", " : "", node);
        add_lines(declared, text);
    }
    return TRUE;
}

static ClockHoursWhy choose(const Declared *declared, const EngineClock *clock)
{
    gboolean may_wait = !clock->term || !clock->term->is_urgent;
    gint64 limit = clock->started_us + clock->length_us + CLOCK_HOURS_MORE_US;
    if (!may_wait && declared->is_round)
        return CLOCK_HOURS_ROUND;
    if (declared->is_undeclared || (declared->hours->len == 0 && !declared->is_open))
        return CLOCK_HOURS_UNDECLARED;
    if (declared->is_open)
        return CLOCK_HOURS_DECLARED;
    if (hours_after((const Hours *const *)declared->hours->pdata, declared->hours->len,
                    clock->started_us, clock->length_us, limit) == limit)
        return CLOCK_HOURS_TOO_FEW;
    return may_wait ? CLOCK_HOURS_DECLARED : CLOCK_HOURS_NOT_ROUND;
}

ClockHours *clock_hours_new(const EngineResult *result, const EngineClock *clock, ClockHoursAsk ask,
                            gpointer user, GError **error)
{
    g_autoptr(ClockHours) hours = g_new0(ClockHours, 1);
    if (!clock->clock->in_hours) {
        hours->nodes = g_strdup("");
        return g_steal_pointer(&hours);
    }
    g_auto(Declared)
        declared = {.nodes = g_string_new(NULL),
                    .hours = g_ptr_array_new_with_free_func((GDestroyNotify)hours_free),
                    .texts = g_ptr_array_new_with_free_func(g_free)};
    if (!ask_all(result, clock, ask, user, &declared, error))
        return NULL;
    hours->nodes = g_strdup(declared.nodes->str);
    hours->why = choose(&declared, clock);
    if (!declared.is_open &&
        (hours->why == CLOCK_HOURS_DECLARED || hours->why == CLOCK_HOURS_NOT_ROUND)) {
        hours->hours = g_ptr_array_ref(declared.hours);
        g_ptr_array_add(declared.texts, NULL);
        hours->text = g_strjoinv("; ", (char **)declared.texts->pdata);
    }
    return g_steal_pointer(&hours);
}

/* --- telling -----------------------------------------------------------------------------------
 */

const char *clock_hours_name(const ClockHours *hours)
{
    static const char *const names[] = {
        "date", "undeclared", "too-few", "around-the-clock", "declared-only", "declared"};
    return names[hours ? hours->why : CLOCK_HOURS_DATE];
}

char *clock_hours_explain(const ClockHours *hours)
{
    switch (hours ? hours->why : CLOCK_HOURS_DATE) {
    case CLOCK_HOURS_DATE:
        return g_strdup("all hours: a date, or a term of the rules");
    case CLOCK_HOURS_UNDECLARED:
        return g_strdup_printf("all hours: not every card declares some of %s", hours->nodes);
    case CLOCK_HOURS_TOO_FEW:
        return g_strdup_printf("all hours: %s declares too few to count in", hours->nodes);
    case CLOCK_HOURS_ROUND:
        return g_strdup_printf("all hours: it is critical, and %s has a 24/7 contact",
                               hours->nodes);
    case CLOCK_HOURS_NOT_ROUND:
        return g_strdup_printf("%s: the hours of %s; it is critical, but no 24/7 contact is "
                               "declared there: use another way too",
                               hours->text, hours->nodes);
    case CLOCK_HOURS_DECLARED:
        return g_strdup_printf("%s: the hours of %s", hours->text ? hours->text : "24/7",
                               hours->nodes);
    }
    g_assert_not_reached();
}

/* --- counting ----------------------------------------------------------------------------------
 */

gint64 clock_hours_after(const ClockHours *hours, gint64 start, gint64 span)
{
    if (!hours || !hours->hours)
        return start + span;
    return hours_after((const Hours *const *)hours->hours->pdata, hours->hours->len, start, span,
                       start + span + 2 * CLOCK_HOURS_MORE_US);
}

gint64 clock_hours_between(const ClockHours *hours, gint64 start, gint64 end)
{
    if (!hours || !hours->hours)
        return end - start;
    /* What lies longer ago is not to be told apart. */
    end = MIN(end, start + 8 * CLOCK_HOURS_MORE_US);
    return hours_between((const Hours *const *)hours->hours->pdata, hours->hours->len, start, end);
}
