/* engine_result.c - what follows from the state of a dossier: what is open, what is due, who is
 * told. */
#include <stdlib.h>
#include <string.h>

#include "dossier/clock_hours.h"
#include "dossier/engine_order.h"

#define DIGEST_PREFIX "concert/dossier-state/v1\n"

static gboolean is_open(const EngineResult *result, const ProcedureTransition *row, guint roles)
{
    return result->state >= 0 && (row->who & roles) != 0 &&
           (row->from & PROCEDURE_BIT(result->state)) != 0;
}

GPtrArray *engine_open(const EngineResult *result, guint roles)
{
    GPtrArray *open = g_ptr_array_new();
    if (!result->procedure)
        return open;
    for (const ProcedureTransition *row = result->procedure->transitions; row->type; row++)
        if (!row->is_aside && is_open(result, row, roles))
            g_ptr_array_add(open, (gpointer)row);
    return open;
}

const ProcedureTransition *engine_machine(const EngineResult *result, const char *node)
{
    guint roles = engine_roles(result, node);
    if (!result->procedure)
        return NULL;
    for (const ProcedureTransition *row = result->procedure->transitions; row->type; row++)
        if (row->maker == PROCEDURE_MACHINE && is_open(result, row, roles))
            return row;
    return NULL;
}

/* --- what is valid so far ----------------------------------------------------------------------
 */

static guint hash_hash(gconstpointer key)
{
    guint value;
    memcpy(&value, ((const EventHash *)key)->bytes, sizeof value);
    return value;
}

static gboolean hash_equal(gconstpointer a, gconstpointer b)
{
    return event_hash_compare(a, b) == 0;
}

static gboolean is_valid(const EngineEvent *one, const char *type)
{
    return one->verdict == ENGINE_VALID && strcmp(one->event->type, type) == 0;
}

guint engine_count(const EngineResult *result, const char *type)
{
    guint count = 0;
    for (guint i = 0; i < result->events->len; i++)
        count += is_valid(&g_array_index(result->events, EngineEvent, i), type);
    return count;
}

const Event *engine_nth(const EngineResult *result, const char *type, guint n)
{
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (is_valid(one, type) && n-- == 0)
            return one->event;
    }
    return NULL;
}

const Event *engine_last(const EngineResult *result, const char *type)
{
    for (guint i = result->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (is_valid(one, type))
            return one->event;
    }
    return NULL;
}

const Event *engine_find(const EngineResult *result, const EventHash *hash)
{
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (one->verdict == ENGINE_VALID && hash_equal(&one->event->hash, hash))
            return one->event;
    }
    return NULL;
}

const Event *engine_named(const EngineResult *result, const Event *event, const char *member)
{
    const char *text = event_text(event, member);
    EventHash hash;
    return text && event_hash_parse(text, strlen(text), &hash) ? engine_find(result, &hash) : NULL;
}

guint engine_count_roles(const EngineResult *result, guint roles)
{
    guint count = 0;
    for (guint i = 0; i < result->participants->len; i++)
        count += (g_array_index(result->participants, EngineParticipant, i).roles & roles) != 0;
    return count;
}

/* --- the next event ----------------------------------------------------------------------------
 */

/* Whether all whom @next is for may see @one. */
static gboolean is_visible(const EngineEvent *one, const ProcedureTransition *next)
{
    return one->verdict == ENGINE_VALID &&
           (!next || next->opens || (next->tells & ~one->shown) == 0);
}

GArray *engine_heads(const EngineResult *result, const ProcedureTransition *row)
{
    g_autoptr(GHashTable) followed = g_hash_table_new(hash_hash, hash_equal);
    GArray *heads = g_array_new(FALSE, FALSE, sizeof(EventHash));
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        for (guint k = 0; is_visible(one, row) && k < one->event->n_parents; k++)
            g_hash_table_add(followed, &one->event->parents[k]);
    }
    for (guint i = result->events->len; i-- > 0 && heads->len < EVENT_PARENTS_MAX;) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (is_visible(one, row) && !g_hash_table_contains(followed, &one->event->hash))
            g_array_append_val(heads, one->event->hash);
    }
    return heads;
}

/* The participants that @event was sent to, by name; the author's own node is not among them. */
static GHashTable *told_of(const EngineResult *result, const EngineEvent *one, const char *author)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < result->participants->len; i++) {
        const char *node = g_array_index(result->participants, EngineParticipant, i).node;
        if ((one->told[i / 64] >> (i % 64) & 1) != 0 && strcmp(node, author) != 0)
            g_hash_table_add(names, (gpointer)node);
    }
    return names;
}

static const EngineEvent *judged(const EngineResult *result, const Event *event)
{
    for (guint i = result->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (one->event == event)
            return one;
    }
    return NULL;
}

static gboolean knows_all(GHashTable *names, GHashTable *wanted)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(names, name))
            return FALSE;
    return TRUE;
}

GPtrArray *engine_missing(const EngineResult *before, const EngineResult *after, const Event *event)
{
    const EngineEvent *next = judged(after, event);
    GPtrArray *missing = g_ptr_array_new();
    if (!next || !next->transition)
        return missing;
    g_autoptr(GHashTable) wanted = told_of(after, next, event->node);
    for (guint i = 0; i < before->events->len; i++) {
        EngineEvent *one = &g_array_index(before->events, EngineEvent, i);
        g_autoptr(GHashTable) known = told_of(before, one, event->node);
        g_hash_table_add(known, one->event->node);
        if (is_visible(one, next->transition) && !knows_all(known, wanted))
            g_ptr_array_add(missing, one);
    }
    return missing;
}

/* Whether one of @nodes was not sent @one, and will not be for its own sake. */
static gboolean is_lacked(const EngineResult *result, const EngineEvent *one,
                          const char *const *nodes)
{
    g_autoptr(GHashTable) known = told_of(result, one, one->event->node);
    for (guint i = 0; nodes[i]; i++)
        if (strcmp(nodes[i], one->event->node) != 0 && !g_hash_table_contains(known, nodes[i]) &&
            !event_is_untold(one->event, nodes[i]))
            return TRUE;
    return FALSE;
}

GPtrArray *engine_lacking(const EngineResult *result, const Event *event, const char *const *nodes)
{
    const EngineEvent *next = judged(result, event);
    GPtrArray *lacking = g_ptr_array_new();
    for (guint i = 0; next && next->transition && i < result->events->len; i++) {
        EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (one == next)
            break;
        if (is_visible(one, next->transition) && is_lacked(result, one, nodes))
            g_ptr_array_add(lacking, one);
    }
    return lacking;
}

/* Adds to @set what an event follows of those that come before @place. */
static void add_parents(const EngineOrder *order, const EventHash *parents, guint n_parents,
                        gboolean *set)
{
    guint place;
    for (guint k = 0; k < n_parents; k++)
        if (engine_order_find(order, &parents[k], &place))
            set[place] = TRUE;
}

char *engine_decides(const EngineResult *result, const GArray *parents)
{
    guint count = result->events->len;
    g_autofree const Event **events = g_new(const Event *, count + 1);
    g_autofree gboolean *set = g_new0(gboolean, count + 1);
    g_auto(EngineOrder) order = {0};
    char hex[2 * SHA256_SIZE + 1];
    for (guint i = 0; i < count; i++)
        events[i] = g_array_index(result->events, EngineEvent, i).event;
    engine_order_init(&order, events, count, count);
    add_parents(&order, (const EventHash *)(gconstpointer)parents->data, parents->len, set);
    for (guint place = order.n_placed; place-- > 0;)
        if (set[place])
            add_parents(&order, order.events[place]->parents, order.events[place]->n_parents, set);

    GString *list = g_string_new("[");
    for (guint i = 0; i < order.n_events; i++)
        if (set[order.by_hash[i]])
            g_string_append_printf(list, "%s\"%s\"", list->len > 1 ? "," : "",
                                   event_hash_format(&order.events[order.by_hash[i]]->hash, hex));
    g_string_append_c(list, ']');
    return g_string_free(list, FALSE);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **engine_audience(const EngineResult *result, const Event *event)
{
    const ProcedureTransition *row =
        result->procedure ? procedure_transition(result->procedure, event->type) : NULL;
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; row && i < result->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(result->participants, EngineParticipant, i);
        if ((one->roles & row->tells) != 0 && strcmp(one->node, event->node) != 0)
            g_ptr_array_add(names, g_strdup(one->node));
    }
    if (names->len > 0)
        qsort(names->pdata, names->len, sizeof *names->pdata, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

/* --- clocks ------------------------------------------------------------------------------------
 */

/* When the @n-th reminder is due; FALSE if there are not so many. */
static gboolean reminder_time(const EngineClock *clock, guint n, gint64 *ret_time)
{
    const guint *percent = clock->clock->reminders, *before = clock->clock->before;
    gint64 span = clock->length_us;
    if (before && n > 0 && before[n - 1] == 0)
        return FALSE;
    if (before) {
        *ret_time = clock->due_us - (gint64)before[n] * G_USEC_PER_SEC;
        return TRUE;
    }
    span = span / 100 * percent[n] + span % 100 * percent[n] / 100;
    *ret_time = clock_hours_after(clock->hours, clock->started_us, span);
    return percent[n] != 0;
}

void engine_clock_read(const EngineClock *clock, gint64 now_us, guint *ret_percent,
                       guint *ret_reminders, gint64 *ret_next_us)
{
    gint64 end = clock->is_running ? now_us : MIN(now_us, clock->stopped_us);
    gdouble span = (gdouble)clock->length_us;
    gdouble over = (gdouble)clock_hours_between(clock->hours, clock->started_us, end);
    gdouble percent = span > 0 ? over * 100 / span : end >= clock->due_us ? 100 : 0;
    guint reminders = 0;
    gint64 next = 0, time;
    for (guint n = 0; next == 0 && reminder_time(clock, n, &time); n++) {
        if (time <= end)
            reminders++;
        else if (clock->is_running)
            next = time;
        else
            break;
    }
    if (ret_percent)
        *ret_percent = (guint)CLAMP(percent, 0, (gdouble)G_MAXINT);
    if (ret_reminders)
        *ret_reminders = reminders;
    if (ret_next_us)
        *ret_next_us = next;
}

/* --- digest ------------------------------------------------------------------------------------
 */

static int compare_participants(const void *a, const void *b)
{
    return strcmp(((const EngineParticipant *)a)->node, ((const EngineParticipant *)b)->node);
}

void engine_digest(const EngineResult *result, guint8 ret_digest[SHA256_SIZE])
{
    g_autoptr(GString) text = g_string_new(DIGEST_PREFIX);
    g_autoptr(GArray) participants = g_array_copy(result->participants);
    char hex[2 * SHA256_SIZE + 1];
    const ProcedureState *state = engine_state(result);
    g_string_append_printf(text, "%s\n%s\n", result->dossier ? result->dossier : "",
                           state ? state->name : "");
    guint all = 0;
    for (guint i = 0; result->procedure && result->procedure->roles[i].name; i++)
        if (!result->procedure->roles[i].is_gone)
            all |= PROCEDURE_BIT(i);
    g_array_sort(participants, compare_participants);
    for (guint i = 0; i < participants->len; i++) {
        const EngineParticipant *one = &g_array_index(participants, EngineParticipant, i);
        g_autofree char *roles = procedure_roles(result->procedure, one->roles);
        g_string_append_printf(text, "%s %s\n", one->node, roles);
    }
    for (guint i = 0; i < result->events->len; i++) {
        const EngineEvent *one = &g_array_index(result->events, EngineEvent, i);
        if (all & ~one->shown)
            continue;
        g_string_append_printf(text, "%s %s\n", event_hash_format(&one->event->hash, hex),
                               engine_verdict_name(one->verdict));
    }
    sha256_digest(text->str, text->len, ret_digest);
}
