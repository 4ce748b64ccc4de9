#include "shield/set_values.h"

#include <string.h>

/* Bytes of values that are handed over at once. */
#define BATCH_SIZE (128u << 10)

/* What stands before a value, its NUL behind it. */
typedef struct {
    guint32 number;
    guint16 kind, length;
} Head;

struct SetValuesBatch {
    gsize length;
    guint8 bytes[BATCH_SIZE];
};

G_STATIC_ASSERT(BATCH_SIZE > sizeof(Head) + OBSERVABLE_MAX_LENGTH + 1);
G_STATIC_ASSERT(OBSERVABLE_MAX_LENGTH <= G_MAXUINT16);

static gint compare_texts(gconstpointer a, gconstpointer b, gpointer user)
{
    return strcmp(a, b);
}

SetValues *set_values_new(guint64 seed)
{
    SetValues *values = g_new0(SetValues, 1);
    values->of.seed = seed;
    values->suffix = suffix_new();
    values->refused = g_tree_new_full(compare_texts, NULL, g_free, NULL);
    values->filling = g_new(SetValuesBatch, 1);
    values->filling->length = 0;
    g_mutex_init(&values->mutex);
    g_cond_init(&values->changed);
    return values;
}

/* --- On the thread --------------------------------------------------------------------------- */

/* Any number of domains can be under a rule with "*". */
static void refuse(SetValues *values, const char *domain)
{
    if (g_tree_nnodes(values->refused) < SET_VALUES_REFUSED_MAX)
        g_tree_replace(values->refused, g_strdup(domain), NULL);
}

static void make_room(SetRegion *region, gsize length)
{
    if (length <= region->length)
        return;
    set_region_room(region, length - region->length);
    region->length = length;
}

static void cover(SetIndicatorsValues *of, guint32 count)
{
    make_room(&of->digests, count * sizeof(guint64));
    make_room(&of->any, count);
}

static gboolean look_at(SetValues *values, const Head *head, const char *canonical, GError **error)
{
    ObservableKind kind = (ObservableKind)head->kind;
    guint8 bytes[64];

    SetFileTable table = set_file_pack(kind, canonical, head->length, bytes);
    if (table == SET_TABLE_NONE)
        return TRUE;
    if (table == SET_TABLE_DOMAIN && suffix_is_public(values->suffix, canonical)) {
        refuse(values, canonical);
        return TRUE;
    }
    cover(&values->of, head->number + 1);
    values->of.any.bytes[head->number] = 1;
    /* A sum, so that the order of the values does not count. */
    ((guint64 *)(gpointer)values->of.digests.bytes)[head->number] +=
        set_file_text_key(values->of.seed + kind, canonical, head->length);
    return set_tables_add(&values->tables, table, bytes, canonical, head->length, head->number,
                          error);
}

static gboolean look_at_all(SetValues *values, const SetValuesBatch *batch, GError **error)
{
    for (gsize at = 0; at < batch->length;) {
        Head head;
        memcpy(&head, batch->bytes + at, sizeof(head));
        at += sizeof(head);
        if (!look_at(values, &head, (const char *)batch->bytes + at, error))
            return FALSE;
        at += head.length + 1u;
    }
    return TRUE;
}

static gpointer run(gpointer user)
{
    SetValues *values = user;

    g_mutex_lock(&values->mutex);
    while (values->given || !values->ending) {
        if (!values->given) {
            g_cond_wait(&values->changed, &values->mutex);
            continue;
        }
        SetValuesBatch *batch = values->given;
        gboolean failed = values->failed != NULL;
        GError *error = NULL;
        g_mutex_unlock(&values->mutex);
        if (!failed)
            look_at_all(values, batch, &error);
        g_mutex_lock(&values->mutex);
        if (error)
            values->failed = error;
        values->given = NULL;
        values->spare = batch;
        g_cond_broadcast(&values->changed);
    }
    g_mutex_unlock(&values->mutex);
    return NULL;
}

/* --- The caller ------------------------------------------------------------------------------ */

static gboolean tell(const SetValues *values, GError **error)
{
    if (values->failed)
        g_propagate_error(error, g_error_copy(values->failed));
    return values->failed == NULL;
}

/* Without a thread. */
static gboolean look_now(SetValues *values, GError **error)
{
    if (!values->failed)
        look_at_all(values, values->filling, &values->failed);
    values->filling->length = 0;
    return tell(values, error);
}

/* Hands over what was filled, when the one before is done with. */
static gboolean hand_over(SetValues *values, GError **error)
{
    if (!values->thread)
        values->thread = g_thread_try_new("values", run, values, NULL);
    if (!values->thread)
        return look_now(values, error);
    g_mutex_lock(&values->mutex);
    while (values->given)
        g_cond_wait(&values->changed, &values->mutex);
    values->given = values->filling;
    values->filling = g_steal_pointer(&values->spare);
    gboolean good = tell(values, error);
    g_cond_broadcast(&values->changed);
    g_mutex_unlock(&values->mutex);
    if (!values->filling)
        values->filling = g_new(SetValuesBatch, 1);
    values->filling->length = 0;
    return good;
}

gboolean set_values_add(SetValues *values, guint32 number, ObservableKind kind,
                        const char *canonical, gsize length, GError **error)
{
    const Head head = {.number = number, .kind = (guint16)kind, .length = (guint16)length};
    SetValuesBatch *batch = values->filling;

    if (BATCH_SIZE - batch->length < sizeof(head) + length + 1) {
        if (!hand_over(values, error))
            return FALSE;
        batch = values->filling;
    }
    guint8 *at = batch->bytes + batch->length;
    memcpy(at, &head, sizeof(head));
    memcpy(at + sizeof(head), canonical, length + 1);
    batch->length += sizeof(head) + length + 1;
    return TRUE;
}

static void end_thread(SetValues *values)
{
    if (!values->thread)
        return;
    g_mutex_lock(&values->mutex);
    values->ending = TRUE;
    g_cond_broadcast(&values->changed);
    g_mutex_unlock(&values->mutex);
    g_thread_join(g_steal_pointer(&values->thread));
}

gboolean set_values_end(SetValues *values, guint32 count, GError **error)
{
    end_thread(values);
    if (!look_now(values, error))
        return FALSE;
    cover(&values->of, count);
    return TRUE;
}

void set_values_free(SetValues *values)
{
    if (!values)
        return;
    end_thread(values);
    g_free(values->filling);
    g_free(values->spare);
    set_tables_clear(&values->tables);
    set_indicators_clear_values(&values->of);
    suffix_free(values->suffix);
    g_tree_unref(values->refused);
    g_clear_error(&values->failed);
    g_mutex_clear(&values->mutex);
    g_cond_clear(&values->changed);
    g_free(values);
}
