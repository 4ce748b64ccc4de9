#include "node/notice_told.h"

#include <string.h>

#include "base/timestamp.h"
#include "dossier/event.h"
#include "node/notice_compose.h"
#include "store/dossiers.h"

/* A group, by what its findings are known by. */
typedef struct {
    NoticeGroup *group;
    GHashTable *places; /* notice_compose_key() -> place among the findings */
    gboolean *is_told;  /* as many as there are findings */
} Wanted;

static void wanted_free(gpointer data)
{
    Wanted *wanted = data;
    g_hash_table_unref(wanted->places);
    g_free(wanted->is_told);
    g_free(wanted);
}

static void notice_free(gpointer data)
{
    NoticeToldNotice *notice = data;
    g_free(notice->dossier);
    g_free(notice->state);
    g_free(notice->recipient);
    g_free(notice);
}

void notice_told_clear(NoticeTold *told)
{
    g_clear_pointer(&told->notices, g_ptr_array_unref);
    told->findings = 0;
}

/* By recipient: a mail address or the name of a node. */
static GHashTable *list_wanted(const NoticeSplit *split)
{
    GHashTable *list = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, wanted_free);
    for (guint i = 0; i < split->groups->len; i++) {
        NoticeGroup *group = split->groups->pdata[i];
        const RoutingParty party = routing_party(split->routing, group->party);
        Wanted *wanted = g_new0(Wanted, 1);
        wanted->group = group;
        wanted->is_told = g_new0(gboolean, group->findings->len);
        wanted->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint k = 0; k < group->findings->len; k++)
            g_hash_table_insert(wanted->places, notice_compose_key(group->findings->pdata[k]),
                                GUINT_TO_POINTER(k));
        g_hash_table_insert(list, g_strdup(party.email ? party.email : party.key), wanted);
    }
    return list;
}

/* The event that opened the dossier, if this node drafted it and it counts; NULL: it does not. */
static Event *read_opening(Store *store, const Dossier *dossier, GError **error)
{
    g_autoptr(GPtrArray) events = dossiers_events(store, dossier->id, error);
    for (guint i = 0; events && i < events->len; i++) {
        const DossierEvent *stored = events->pdata[i];
        gsize length;
        const char *text = g_bytes_get_data(stored->bytes, &length);
        EventHash hash;
        memcpy(hash.bytes, stored->hash, sizeof hash.bytes);
        g_autoptr(Event) event = event_restore(text, length, &hash);
        if (event && event->n_parents == 0)
            return g_steal_pointer(&event);
    }
    return NULL;
}

static gboolean is_later(const Finding *finding, yyjson_val *told, gint64 drafted)
{
    const char *text = yyjson_get_str(yyjson_obj_get(told, "time"));
    gint64 time;
    if (finding->time == 0)
        return FALSE;
    if (!text || !timestamp_parse(text, strlen(text), &time, NULL))
        return finding->time > drafted;
    return finding->time / G_USEC_PER_SEC > time / G_USEC_PER_SEC;
}

/* Marks what the notice has; returns how much was not marked yet. */
static guint mark(Wanted *wanted, const Event *opening)
{
    guint count = 0;
    size_t at, size;
    yyjson_val *told;
    yyjson_arr_foreach (yyjson_obj_get(opening->payload, "findings"), at, size, told) {
        g_autofree char *key = notice_compose_key_again(told);
        gpointer place;
        if (!g_hash_table_lookup_extended(wanted->places, key, NULL, &place))
            continue;
        guint i = GPOINTER_TO_UINT(place);
        if (wanted->is_told[i] ||
            is_later(wanted->group->findings->pdata[i], told, opening->time_us))
            continue;
        wanted->is_told[i] = TRUE;
        count++;
    }
    return count;
}

static gboolean look(Store *store, const Dossier *dossier, GHashTable *list, NoticeTold *told,
                     GError **error)
{
    GError *local = NULL;
    g_autoptr(Event) opening = read_opening(store, dossier, &local);
    if (!opening) {
        g_propagate_error(error, local);
        return local == NULL;
    }
    const char *recipient = event_text(opening, "contact");
    if (!recipient)
        recipient = event_text(opening, "to");
    Wanted *wanted = recipient ? g_hash_table_lookup(list, recipient) : NULL;
    guint count = wanted ? mark(wanted, opening) : 0;
    if (count == 0)
        return TRUE;
    NoticeToldNotice *notice = g_new(NoticeToldNotice, 1);
    *notice = (NoticeToldNotice){g_strdup(dossier->id), g_strdup(dossier->state),
                                 g_strdup(recipient), count};
    g_ptr_array_add(told->notices, notice);
    told->findings += count;
    return TRUE;
}

static gboolean counts(const Dossier *dossier, const char *self, gboolean is_exercise)
{
    return g_strcmp0(dossier->opener, self) == 0 && dossier->state &&
           dossier->is_exercise == is_exercise && strcmp(dossier->state, "withdrawn") != 0 &&
           strcmp(dossier->state, "discarded") != 0;
}

static void drop_marked(GHashTable *list)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, list);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Wanted *wanted = value;
        GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
        for (guint i = 0; i < wanted->group->findings->len; i++)
            if (!wanted->is_told[i])
                g_ptr_array_add(kept, g_steal_pointer(&wanted->group->findings->pdata[i]));
            else
                finding_free(g_steal_pointer(&wanted->group->findings->pdata[i]));
        g_ptr_array_set_size(wanted->group->findings, 0);
        g_ptr_array_unref(wanted->group->findings);
        wanted->group->findings = kept;
    }
}

gboolean notice_told_drop(Store *store, const char *self, gboolean is_exercise, NoticeSplit *split,
                          NoticeTold *ret_told, GError **error)
{
    const DossiersQuery query = {.procedure = "notice"};
    g_auto(NoticeTold) told = {.notices = g_ptr_array_new_with_free_func(notice_free)};
    g_autoptr(GHashTable) list = list_wanted(split);
    g_autoptr(GPtrArray) dossiers = dossiers_list(store, &query, error);
    if (!dossiers)
        return FALSE;
    for (guint i = 0; i < dossiers->len; i++)
        if (counts(dossiers->pdata[i], self, is_exercise) &&
            !look(store, dossiers->pdata[i], list, &told, error))
            return FALSE;
    drop_marked(list);
    *ret_told = told;
    told.notices = NULL;
    return TRUE;
}
