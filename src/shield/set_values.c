#include "shield/set_values.h"

#include <string.h>

/* What stands before a value, its NUL behind it. */
typedef struct {
    guint32 number;
    guint16 kind, length;
} Head;

G_STATIC_ASSERT(OBSERVABLE_MAX_LENGTH <= G_MAXUINT16);

static gboolean look_at_all(gpointer user, const guint8 *records, gsize length, GError **error);

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
    values->queue = set_queue_new(look_at_all, values);
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

static gboolean look_at_all(gpointer user, const guint8 *records, gsize length, GError **error)
{
    for (gsize at = 0; at < length;) {
        Head head;
        memcpy(&head, records + at, sizeof(head));
        at += sizeof(head);
        if (!look_at(user, &head, (const char *)records + at, error))
            return FALSE;
        at += head.length + 1u;
    }
    return TRUE;
}

/* --- The caller ------------------------------------------------------------------------------ */

gboolean set_values_add(SetValues *values, guint32 number, ObservableKind kind,
                        const char *canonical, gsize length, GError **error)
{
    const Head head = {.number = number, .kind = (guint16)kind, .length = (guint16)length};
    guint8 *room = set_queue_room(values->queue, sizeof(head) + length + 1, error);

    if (!room)
        return FALSE;
    memcpy(room, &head, sizeof(head));
    memcpy(room + sizeof(head), canonical, length + 1);
    return TRUE;
}

gboolean set_values_end(SetValues *values, guint32 count, GError **error)
{
    if (!set_queue_end(values->queue, error))
        return FALSE;
    cover(&values->of, count);
    return TRUE;
}

void set_values_free(SetValues *values)
{
    if (!values)
        return;
    set_queue_free(values->queue);
    set_tables_clear(&values->tables);
    set_indicators_clear_values(&values->of);
    suffix_free(values->suffix);
    g_tree_unref(values->refused);
    g_free(values);
}
