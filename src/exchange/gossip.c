#include "exchange/gossip.h"

#include <string.h>

#include "exchange/card.h"
#include "ledger/checkpoint.h"
#include "store/communities.h"
#include "store/peers.h"
#include "store/records.h"
#include "store/witness.h"

#define LOOK_US                                                                                    \
    (10 * G_USEC_PER_SEC) /* how often it is looked whether there is something to tell */

/* A log that is told of. */
typedef struct {
    char *origin;
    guint64 size;
    guint64 change; /* number of its newest change; they ascend */
} Log;

/* What a peer was told: everything up to a change. */
typedef struct {
    guint64 change, before; /* `before`: the last time, should that not have arrived */
    gint64 next;            /* not before this */
} Told;

/* A tree that others were shown. */
typedef struct {
    guint64 size;
    char *from;
} Heard;

struct Gossip {
    GMutex lock;
    GHashTable *logs;  /* origin -> Log */
    GHashTable *told;  /* origin -> Told */
    GHashTable *heard; /* origin -> Heard; of peers alone */
    guint64 changes;
};

static void log_free(gpointer data)
{
    Log *log = data;
    g_free(log->origin);
    g_free(log);
}

static void heard_free(gpointer data)
{
    Heard *heard = data;
    g_free(heard->from);
    g_free(heard);
}

Gossip *gossip_new(void)
{
    Gossip *gossip = g_new0(Gossip, 1);
    g_mutex_init(&gossip->lock);
    gossip->logs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, log_free);
    gossip->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    gossip->heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, heard_free);
    return gossip;
}

void gossip_free(Gossip *gossip)
{
    if (!gossip)
        return;
    g_hash_table_unref(gossip->logs);
    g_hash_table_unref(gossip->told);
    g_hash_table_unref(gossip->heard);
    g_mutex_clear(&gossip->lock);
    g_free(gossip);
}

/* --- telling -----------------------------------------------------------------------------------
 */

/* A peer's checkpoint, and its log. */
typedef struct {
    const Peer *peer;
    const Log *log;
} Item;

static int compare_items(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const Item *)a)->log->change, y = ((const Item *)b)->log->change;
    return (x > y) - (x < y);
}

static const Log *note_log(Gossip *gossip, const Peer *peer)
{
    Log *log = g_hash_table_lookup(gossip->logs, peer->origin);
    if (!log) {
        log = g_new0(Log, 1);
        log->origin = g_strdup(peer->origin);
        g_hash_table_insert(gossip->logs, log->origin, log);
    }
    if (log->size != peer->size) {
        log->size = peer->size;
        log->change = ++gossip->changes;
    }
    return log;
}

/* The checkpoint with the log's own signatures alone; NULL: it is too long even so. */
static char *strip(const Peer *peer)
{
    g_autoptr(Note) note = note_parse(peer->checkpoint, strlen(peer->checkpoint), NULL);
    if (!note)
        return NULL;
    g_autofree char *own = g_strconcat("\xe2\x80\x94 ", peer->origin, " ", NULL);
    g_autoptr(GString) text = g_string_new_len(note->bytes, (gssize)note->text_length);
    g_string_append_c(text, '\n');
    for (guint i = 0; i < note->n_signatures; i++) {
        const NoteSignature *signature = &note->signatures[i];
        if (signature->line_length < strlen(own) || memcmp(signature->line, own, strlen(own)) != 0)
            continue;
        g_string_append_len(text, signature->line, (gssize)signature->line_length);
        g_string_append_c(text, '\n');
    }
    return text->len <= GOSSIP_NOTE_MAX ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

/* What @to has not been told, oldest change first. Called with the lock held. */
static GArray *find_items(Gossip *gossip, const GPtrArray *peers, const char *to, guint64 after)
{
    GArray *items = g_array_new(FALSE, FALSE, sizeof(Item));
    for (guint i = 0; i < peers->len; i++) {
        const Peer *peer = peers->pdata[i];
        if (!peer->checkpoint || peer->fork || g_str_equal(peer->origin, to))
            continue;
        const Item item = {peer, note_log(gossip, peer)};
        if (item.log->change > after)
            g_array_append_val(items, item);
    }
    g_array_sort(items, compare_items);
    return items;
}

static char **take_notes(const GArray *items, Told *told)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new();
    told->before = told->change;
    for (guint i = 0; i < items->len && notes->len < GOSSIP_AT_ONCE; i++) {
        const Item *item = &g_array_index(items, Item, i);
        char *note = strip(item->peer);
        if (note)
            g_ptr_array_add(notes, note);
        told->change = item->log->change;
    }
    if (notes->len == 0)
        return NULL;
    g_ptr_array_add(notes, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&notes), FALSE);
}

/* Whether @to may be told something now; NULL: it may not. Called with the lock held. */
static Told *get_told(Gossip *gossip, const char *to, gint64 now)
{
    Told *told = g_hash_table_lookup(gossip->told, to);
    if (!told) {
        told = g_new0(Told, 1);
        g_hash_table_insert(gossip->told, g_strdup(to), told);
    }
    return now >= told->next ? told : NULL;
}

/* Whom one is a peer of is not everybody's business: @to hears of nodes that it may know of anyway,
 * for they want to be listed, or are members of a community with it. */
static gboolean may_name(Store *store, const Peer *peer, char **communities)
{
    g_autoptr(Peer) whole = peers_get(store, peer->origin, NULL);
    if (whole && whole->card && strstr(whole->card, "\"" CARD_CAPABILITY_LISTED "\""))
        return TRUE;
    g_auto(GStrv) theirs = communities_of(store, peer->origin, NULL);
    for (guint i = 0; theirs && communities && theirs[i]; i++)
        if (g_strv_contains((const char *const *)communities, theirs[i]))
            return TRUE;
    return FALSE;
}

/* The peers of which @to may hear. */
static GPtrArray *list_named(Store *store, const char *to, GError **error)
{
    g_autoptr(GPtrArray) peers = peers_list(store, error);
    g_auto(GStrv) communities = peers ? communities_of(store, to, error) : NULL;
    if (!communities)
        return NULL;
    for (guint i = peers->len; i-- > 0;)
        if (!may_name(store, peers->pdata[i], communities))
            g_ptr_array_remove_index(peers, i);
    return g_steal_pointer(&peers);
}

char **gossip_tell(Gossip *gossip, Store *store, const char *to, gint64 now, GError **error)
{
    g_mutex_lock(&gossip->lock);
    gboolean may = get_told(gossip, to, now) != NULL;
    g_mutex_unlock(&gossip->lock);
    g_autoptr(GPtrArray) peers = may ? list_named(store, to, error) : NULL;
    if (!peers)
        return NULL;
    char **notes = NULL;
    g_mutex_lock(&gossip->lock);
    Told *told = get_told(gossip, to, now); /* another thread may have been quicker */
    if (told) {
        g_autoptr(GArray) items = find_items(gossip, peers, to, told->change);
        notes = take_notes(items, told);
        told->next = now + (notes ? GOSSIP_INTERVAL_US : LOOK_US);
    }
    g_mutex_unlock(&gossip->lock);
    return notes;
}

void gossip_untold(Gossip *gossip, const char *to)
{
    g_mutex_lock(&gossip->lock);
    Told *told = g_hash_table_lookup(gossip->told, to);
    if (told) {
        told->change = told->before;
        told->next -= MIN(told->next, GOSSIP_INTERVAL_US - LOOK_US);
    }
    g_mutex_unlock(&gossip->lock);
}

/* --- hearing -----------------------------------------------------------------------------------
 */

/* Two trees of one size. */
typedef struct {
    gint64 peer;
    const char *origin, *first, *second;
    char *reason;
} Conviction;

static gboolean apply_conviction(StoreTx *tx, gpointer user, GError **error)
{
    const Conviction *conviction = user;
    gboolean fork; /* where this node cosigns the log, it is frozen there, too */
    witness_learn(tx, conviction->second, strlen(conviction->second), &fork, NULL);
    return witness_keep(tx, conviction->origin, conviction->first, conviction->second, NULL,
                        error) &&
           peers_set_fork(tx, conviction->peer, conviction->reason, error);
}

/* The checkpoint by which a tree of @size entries is known here; NULL without @error: none is. */
static gboolean find_known(Store *store, const Peer *peer, guint64 size, char **ret_note,
                           GError **error)
{
    *ret_note = NULL;
    if (peer->checkpoint && peer->size == size) {
        *ret_note = g_strdup(peer->checkpoint);
        return TRUE;
    }
    return size > peer->size || records_checkpoint(store, peer->origin, size, ret_note, error);
}

static gboolean convict(Writer *writer, const Peer *peer, const char *from, const char *known,
                        const char *told, guint64 size, GError **error)
{
    Conviction conviction = {peer->number, peer->origin, known, told,
                             g_strdup_printf("%s was shown another tree of %" G_GUINT64_FORMAT
                                             " entries than this node",
                                             from, size)};
    gboolean good = writer_run(writer, 1, apply_conviction, &conviction, error);
    g_free(conviction.reason);
    return good;
}

static void remember(Gossip *gossip, const Peer *peer, const char *from, guint64 size)
{
    g_mutex_lock(&gossip->lock);
    const Heard *known = g_hash_table_lookup(gossip->heard, peer->origin);
    if (!known || known->size < size) {
        Heard *heard = g_new0(Heard, 1);
        *heard = (Heard){size, g_strdup(from)};
        g_hash_table_insert(gossip->heard, g_strdup(peer->origin), heard);
    }
    g_mutex_unlock(&gossip->lock);
}

/* The peer whose ledger's checkpoint @text is, verified; NULL: it is none's, or not signed so. */
static Peer *verify(Store *store, const char *text, Checkpoint *ret_checkpoint)
{
    g_auto(Checkpoint) claimed = {0};
    g_autoptr(Note) note =
        strlen(text) <= GOSSIP_NOTE_MAX ? note_parse(text, strlen(text), NULL) : NULL;
    if (!note || !checkpoint_parse(note->bytes, note->text_length, &claimed, NULL))
        return NULL;
    g_autoptr(Peer) peer = peers_get(store, claimed.origin, NULL);
    if (!peer || !g_str_equal(peer->origin, claimed.origin))
        return NULL;
    g_autoptr(KeyHistory) history = peers_history(peer, NULL);
    return history && keychange_history_verify(history, note, ret_checkpoint, NULL)
               ? g_steal_pointer(&peer)
               : NULL;
}

static gboolean hear_note(Gossip *gossip, Store *store, Writer *writer, const char *from,
                          const char *text, guint *convicted, GError **error)
{
    g_auto(Checkpoint) told = {0};
    g_auto(Checkpoint) known = {0};
    g_autofree char *note = NULL;
    g_autoptr(Peer) peer = verify(store, text, &told);
    if (!peer || peer->fork || g_str_equal(peer->origin, from))
        return TRUE;
    if (!find_known(store, peer, told.size, &note, error))
        return FALSE;
    if (told.size > peer->size)
        remember(gossip, peer, from, told.size);
    g_autoptr(Note) parsed = note ? note_parse(note, strlen(note), NULL) : NULL;
    if (!parsed || !checkpoint_parse(parsed->bytes, parsed->text_length, &known, NULL) ||
        known.size != told.size || merkle_hash_equal(&known.root, &told.root))
        return TRUE;
    ++*convicted;
    return convict(writer, peer, from, note, text, told.size, error);
}

gboolean gossip_hear(Gossip *gossip, Store *store, Writer *writer, const char *from,
                     const char *const *notes, guint *ret_convicted, GError **error)
{
    *ret_convicted = 0;
    for (guint i = 0; notes && notes[i] && i < GOSSIP_AT_ONCE; i++)
        if (!hear_note(gossip, store, writer, from, notes[i], ret_convicted, error))
            return FALSE;
    return TRUE;
}

guint64 gossip_expected(Gossip *gossip, const char *origin, char **ret_from)
{
    g_mutex_lock(&gossip->lock);
    const Heard *heard = g_hash_table_lookup(gossip->heard, origin);
    guint64 size = heard ? heard->size : 0;
    if (ret_from)
        *ret_from = heard ? g_strdup(heard->from) : NULL;
    g_mutex_unlock(&gossip->lock);
    return size;
}

void gossip_shown(Gossip *gossip, const char *origin, guint64 size)
{
    g_mutex_lock(&gossip->lock);
    const Heard *heard = g_hash_table_lookup(gossip->heard, origin);
    if (heard && heard->size <= size)
        g_hash_table_remove(gossip->heard, origin);
    g_mutex_unlock(&gossip->lock);
}
