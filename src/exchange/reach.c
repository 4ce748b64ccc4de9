#include "exchange/reach.h"

#include <string.h>

#include "exchange/subject.h"
#include "identity/role.h"
#include "store/collections.h"
#include "store/communities.h"
#include "store/deliveries.h"
#include "store/objects.h"
#include "store/peers.h"
#include "store/placed.h"
#include "store/records.h"

/* A collection and who reads it. */
typedef struct {
    gint64 collection;
    DecideViewer viewer;
    char *origin;              /* owned, of viewer.origin */
    char **communities;        /* owned, of viewer.communities */
    GArray *joining, *leaving; /* gint64: versions under review */
} Reader;

struct Reach {
    GArray *readers; /* Reader */
    MarkingTlp unmarked;
    GArray *found; /* gint64 */
};

static void reader_clear(gpointer reader)
{
    Reader *old = reader;
    g_free(old->origin);
    g_strfreev(old->communities);
    g_array_unref(old->joining);
    g_array_unref(old->leaving);
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
    if (!peer)
        return TRUE;
    reader->viewer.origin = reader->origin = g_strdup(peer->origin);
    reader->communities = communities_of_tx(tx, peer->origin, error);
    reader->viewer.communities = decide_list((const char *const *)reader->communities);
    return reader->communities != NULL;
}

static gboolean add_reader(Reach *reach, StoreTx *tx, const CollectionReach *row, GError **error)
{
    Reader reader = {.collection = row->number,
                     .joining = g_array_new(FALSE, FALSE, sizeof(gint64)),
                     .leaving = g_array_new(FALSE, FALSE, sizeof(gint64))};
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (g_str_equal(row->reach, classes[i].name))
            reader.viewer = classes[i].viewer;
    gboolean good = !g_str_has_prefix(row->reach, PEER) ||
                    fill_peer(tx, row->reach + strlen(PEER), &reader, error);
    g_array_append_val(reach->readers, reader);
    return good;
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

/* What does not hold any more is in no collection, although the staff still see it elsewhere. Their
 * own content they have where they put it. */
static gboolean lets(const Reader *reader, const DecideSubject *subject)
{
    if (subject->state != DECIDE_LIVE || (subject->is_own && reader->viewer.who == DECIDE_STAFF))
        return FALSE;
    return decide_whether(DECIDE_READ, subject, &reader->viewer)->allows;
}

const GArray *reach_collections(Reach *reach, const DecideSubject *subject, MarkingTlp object_tlp)
{
    DecideSubject item = *subject;
    item.object_tlp = object_tlp;
    item.unmarked = reach->unmarked;
    g_array_set_size(reach->found, 0);
    for (guint i = 0; i < reach->readers->len; i++) {
        const Reader *reader = &g_array_index(reach->readers, Reader, i);
        if (lets(reader, &item))
            g_array_append_val(reach->found, reader->collection);
    }
    return reach->found;
}

/* --- reviewing ---------------------------------------------------------------------------------
 */

#define REVIEW_VERSIONS 4096 /* at a time */

/* A dispatch that carries the version that is looked at. */
typedef struct {
    Subject subject;
    char *community;
    char **grants;
} Carrier;

static void carrier_clear(gpointer carrier)
{
    Carrier *old = carrier;
    subject_clear(&old->subject);
    g_free(old->community);
    g_strfreev(old->grants);
}

/* The live dispatches that carry @version. Elements: Carrier. */
static GArray *find_carriers(const Reach *reach, StoreTx *tx, gint64 version, GError **error)
{
    g_autoptr(GPtrArray) records = records_of_version(tx, version, error);
    g_autoptr(GBytes) bytes = records && records->len > 0 ? objects_read(tx, version, error) : NULL;
    if (!records || (records->len > 0 && !bytes))
        return NULL;
    gsize length = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &length) : "";
    MarkingTlp tlp = marking_tlp_of_bytes(text, length);
    g_autoptr(GArray) carriers = g_array_new(FALSE, TRUE, sizeof(Carrier));
    g_array_set_clear_func(carriers, carrier_clear);
    for (guint i = 0; i < records->len; i++) {
        const Record *record = records->pdata[i];
        g_array_set_size(carriers, i + 1);
        Carrier *carrier = &g_array_index(carriers, Carrier, i);
        subject_of_record(record, reach->unmarked, &carrier->subject);
        carrier->subject.subject.object_tlp = tlp;
        carrier->subject.subject.community = carrier->community = g_strdup(record->community);
        if (record->origin)
            continue;
        carrier->grants = deliveries_granted(tx, record->entry, error);
        if (!carrier->grants)
            return NULL;
        carrier->subject.subject.grants = decide_list((const char *const *)carrier->grants);
    }
    return g_steal_pointer(&carriers);
}

static gboolean is_let(const Reader *reader, const GArray *carriers)
{
    for (guint i = 0; i < carriers->len; i++)
        if (lets(reader, &g_array_index(carriers, Carrier, i).subject.subject))
            return TRUE;
    return FALSE;
}

/* Where @version is to be, for each reader: in reader->joining or reader->leaving. */
static gboolean review_version(Reach *reach, StoreTx *tx, gint64 version, GError **error)
{
    g_autoptr(GArray) carriers = find_carriers(reach, tx, version, error);
    if (!carriers)
        return FALSE;
    for (guint i = 0; i < reach->readers->len; i++) {
        Reader *reader = &g_array_index(reach->readers, Reader, i);
        gboolean stays = is_let(reader, carriers);
        if (stays)
            g_array_append_val(reader->joining, version);
        else if (!placed_has(tx, reader->collection, version, &stays, error))
            return FALSE;
        else if (!stays)
            g_array_append_val(reader->leaving, version);
    }
    return TRUE;
}

static gboolean apply_review(StoreTx *tx, const Reader *reader, GError **error)
{
    const GArray *joining = reader->joining, *leaving = reader->leaving;
    return (joining->len == 0 || objects_join(tx, reader->collection, (const gint64 *)joining->data,
                                              joining->len, error)) &&
           (leaving->len == 0 || objects_leave(tx, reader->collection,
                                               (const gint64 *)leaving->data, leaving->len, error));
}

gboolean reach_review(Reach *reach, StoreTx *tx, const GArray *versions, GError **error)
{
    if (reach->readers->len == 0)
        return TRUE;
    for (guint i = 0; i < reach->readers->len; i++) {
        Reader *reader = &g_array_index(reach->readers, Reader, i);
        g_array_set_size(reader->joining, 0);
        g_array_set_size(reader->leaving, 0);
    }
    for (guint i = 0; i < versions->len; i++)
        if (!review_version(reach, tx, g_array_index(versions, gint64, i), error))
            return FALSE;
    for (guint i = 0; i < reach->readers->len; i++)
        if (!apply_review(tx, &g_array_index(reach->readers, Reader, i), error))
            return FALSE;
    return TRUE;
}

/* --- adopting ----------------------------------------------------------------------------------
 */

static gboolean adopt_in(StoreTx *tx, gint64 collection, gint64 version, gboolean by_hand,
                         GError **error)
{
    const ObjectsResult placed = {.version = version, .joins = TRUE};
    return objects_replace(tx, collection, version, error) &&
           (!by_hand || placed_add(tx, collection, &placed, 1, error));
}

gboolean reach_adopt(StoreTx *tx, gint64 version, GError **error)
{
    gboolean received;
    g_autoptr(Reach) reach = reach_load(tx, MARKING_TLP_NONE, error);
    g_autoptr(GArray) carriers = reach ? find_carriers(reach, tx, version, error) : NULL;
    if (!carriers || !records_was_received(tx, version, &received, error))
        return FALSE;
    for (guint i = 0; i < reach->readers->len; i++) {
        const Reader *reader = &g_array_index(reach->readers, Reader, i);
        gboolean let = is_let(reader, carriers), by_hand = FALSE;
        if (!let && !received && !objects_is_in(tx, reader->collection, version, &by_hand, error))
            return FALSE;
        if ((let || by_hand) && !adopt_in(tx, reader->collection, version, by_hand, error))
            return FALSE;
    }
    return TRUE;
}

/* --- reviewing everything ----------------------------------------------------------------------
 */

/* Reviews all that any dispatch carries. */
static gboolean review_all(Reach *reach, StoreTx *tx, GError **error)
{
    for (gint64 after = 0; reach->readers->len > 0;) {
        g_autoptr(GArray) versions = records_versions(tx, after, REVIEW_VERSIONS, error);
        if (!versions || !reach_review(reach, tx, versions, error))
            return FALSE;
        if (versions->len < REVIEW_VERSIONS)
            return TRUE;
        after = g_array_index(versions, gint64, versions->len - 1);
    }
    return TRUE;
}

/* Whether the reader is the peer of @origin; NULL: any peer. */
static gboolean is_of(const Reader *reader, const char *origin)
{
    return reader->viewer.who == DECIDE_PEER && reader->origin &&
           (!origin || g_str_equal(reader->origin, origin));
}

gboolean reach_review_peer(StoreTx *tx, const char *origin, GError **error)
{
    g_autoptr(Reach) reach = reach_load(tx, MARKING_TLP_NONE, error);
    for (guint i = reach ? reach->readers->len : 0; i-- > 0;)
        if (!is_of(&g_array_index(reach->readers, Reader, i), origin))
            g_array_remove_index(reach->readers, i);
    return reach && review_all(reach, tx, error);
}

gboolean reach_review_collection(StoreTx *tx, gint64 collection, GError **error)
{
    g_autoptr(Reach) reach = reach_load(tx, MARKING_TLP_NONE, error);
    for (guint i = reach ? reach->readers->len : 0; i-- > 0;)
        if (g_array_index(reach->readers, Reader, i).collection != collection)
            g_array_remove_index(reach->readers, i);
    return reach && review_all(reach, tx, error);
}
