#include "exchange/reach.h"

#include <string.h>

#include "exchange/subject.h"
#include "identity/role.h"
#include "store/collections.h"
#include "store/objects.h"
#include "store/peers.h"
#include "store/records.h"

/* A collection and who reads it. */
typedef struct {
    gint64 collection;
    DecideViewer viewer;
    char *origin; /* owned, of viewer.origin */
} Reader;

struct Reach {
    GArray *readers; /* Reader */
    MarkingTlp unmarked;
    GArray *found; /* gint64 */
};

static void reader_clear(gpointer reader)
{
    g_free(((Reader *)reader)->origin);
}

static const struct {
    const char *name;
    DecideViewer viewer;
} classes[] = {
    {"officers", {.who = DECIDE_STAFF, .roles = ROLE_OFFICER}},
    {"staff", {.who = DECIDE_STAFF}},
    {"clients", {.who = DECIDE_CLIENT}},
    {"anyone", {.who = DECIDE_ANYONE}},
};

#define PEER "peer:"

gboolean reach_check(const char *text, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (g_str_equal(text, classes[i].name))
            return TRUE;
    if (g_str_has_prefix(text, PEER) && text[strlen(PEER)] != '\0')
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "\"%s\" is no reach: it is officers, staff, clients, anyone or peer:NAME", text);
    return FALSE;
}

/* A peer that is not active any more reads nothing. */
static gboolean fill_peer(StoreTx *tx, const char *name, Reader *reader, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Peer) peer = peers_get_tx(tx, name, &local);
    if (!peer && !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    reader->viewer = (DecideViewer){.who = DECIDE_PEER};
    if (peer && peer->state == PEER_ACTIVE)
        reader->viewer.peering = DECIDE_PEERING_ACTIVE;
    if (peer)
        reader->viewer.origin = reader->origin = g_strdup(peer->origin);
    return TRUE;
}

static gboolean add_reader(Reach *reach, StoreTx *tx, const CollectionReach *row, GError **error)
{
    Reader reader = {.collection = row->number};
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (g_str_equal(row->reach, classes[i].name))
            reader.viewer = classes[i].viewer;
    if (g_str_has_prefix(row->reach, PEER) &&
        !fill_peer(tx, row->reach + strlen(PEER), &reader, error))
        return FALSE;
    g_array_append_val(reach->readers, reader);
    return TRUE;
}

Reach *reach_load(StoreTx *tx, MarkingTlp unmarked, GError **error)
{
    g_autoptr(GPtrArray) rows = collections_reaches(tx, error);
    if (!rows)
        return NULL;
    g_autoptr(Reach) reach = g_new0(Reach, 1);
    reach->unmarked = unmarked;
    reach->found = g_array_new(FALSE, FALSE, sizeof(gint64));
    reach->readers = g_array_new(FALSE, FALSE, sizeof(Reader));
    g_array_set_clear_func(reach->readers, reader_clear);
    for (guint i = 0; i < rows->len; i++)
        if (!add_reader(reach, tx, rows->pdata[i], error))
            return NULL;
    return g_steal_pointer(&reach);
}

void reach_free(Reach *reach)
{
    if (!reach)
        return;
    g_array_unref(reach->readers);
    g_array_unref(reach->found);
    g_free(reach);
}

const GArray *reach_collections(Reach *reach, const DecideSubject *subject, MarkingTlp object_tlp)
{
    DecideSubject item = *subject;
    item.object_tlp = object_tlp;
    item.unmarked = reach->unmarked;
    g_array_set_size(reach->found, 0);
    for (guint i = 0; i < reach->readers->len; i++) {
        const Reader *reader = &g_array_index(reach->readers, Reader, i);
        /* Their own content the staff have where they put it. */
        if (item.is_own && reader->viewer.who == DECIDE_STAFF)
            continue;
        if (decide_whether(DECIDE_READ, &item, &reader->viewer)->allows)
            g_array_append_val(reach->found, reader->collection);
    }
    return reach->found;
}

/* Whether any of the dispatches that still carry a version lets the collection have it. The level
 * that the object bears is not known here, and could only be stricter than that of its dispatch:
 * it was looked at when the version joined. */
static gboolean is_let(Reach *reach, const Reader *reader, const GPtrArray *records)
{
    for (guint i = 0; i < records->len; i++) {
        const Record *record = records->pdata[i];
        g_auto(Subject) subject = {0};
        subject_of_record(record, reach->unmarked, &subject);
        if (decide_whether(DECIDE_READ, &subject.subject, &reader->viewer)->allows)
            return TRUE;
    }
    return FALSE;
}

gboolean reach_review(Reach *reach, StoreTx *tx, const GArray *versions, GError **error)
{
    for (guint i = 0; i < versions->len; i++) {
        gint64 version = g_array_index(versions, gint64, i);
        g_autoptr(GPtrArray) records = records_of_version(tx, version, error);
        if (!records)
            return FALSE;
        for (guint j = 0; j < reach->readers->len; j++) {
            const Reader *reader = &g_array_index(reach->readers, Reader, j);
            if (!is_let(reach, reader, records) &&
                !objects_leave(tx, reader->collection, &version, 1, error))
                return FALSE;
        }
    }
    return TRUE;
}
