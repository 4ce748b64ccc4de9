#include "node/importer.h"

#include "base/background.h"
#include "node/batch.h"
#include "store/collections.h"

/* A batch goes on its way at so many objects or bytes. */
#define BATCH_OBJECTS 512
#define BATCH_BYTES   (1024 * 1024)
/* Batches under way at a time: bounds memory, and keeps the writer busy while others are read. */
#define MAX_UNDER_WAY 12
#define MAX_WORKERS   4

typedef enum {
    STAGE_READING,
    STAGE_READ,
    STAGE_WRITING,
    STAGE_DONE,
} Stage;

typedef struct {
    Importer *importer;
    Batch *batch;
    Stage stage;
    GError *error;
} Shipment;

struct Importer {
    Node *node;
    ImporterOptions options;
    gint64 collection;
    ImporterCounts counts;
    IntakeSink sink;
    Batch *filling;
    GThreadPool *workers;
    GMutex lock; /* guards what follows */
    GCond changed;
    GQueue under_way; /* Shipment, in input order */
    gboolean writing; /* somebody is handing shipments to the writer */
    GError *failure;  /* the first failure of the store; nothing is stored after it */
};

const char *importer_event_name(ImporterEvent event)
{
    static const char *const names[] = {"accepted", "unchanged", "variant", "claim",    "rejected",
                                        "warning",  "detected",  "ignored", "unmapped", "broken"};
    return names[event];
}

static void shipment_free(Shipment *shipment)
{
    batch_free(shipment->batch);
    g_clear_error(&shipment->error);
    g_free(shipment);
}

/* --- storing, in input order -------------------------------------------------------------------
 */

static void finish_shipment(Shipment *shipment, const GError *error)
{
    Importer *importer = shipment->importer;
    g_mutex_lock(&importer->lock);
    shipment->stage = STAGE_DONE;
    if (error) {
        shipment->error = g_error_copy(error);
        if (!importer->failure)
            importer->failure = g_error_copy(error);
    }
    g_cond_broadcast(&importer->changed);
    g_mutex_unlock(&importer->lock);
}

static gboolean apply_shipment(StoreTx *tx, gpointer user, GError **error)
{
    Shipment *shipment = user;
    return batch_apply(tx, shipment->batch, error);
}

static void shipment_done(gpointer user, const GError *error)
{
    finish_shipment(user, error);
}

/* Hands one shipment to whoever writes. */
static void store_shipment(Importer *importer, Shipment *shipment)
{
    g_autoptr(GError) error = NULL;
    Writer *writer = node_writer(importer->node);
    if (importer->options.dry_run) {
        finish_shipment(shipment, NULL);
        return;
    }
    if (!writer) {
        node_put(importer->node, shipment->batch, &error);
        finish_shipment(shipment, error);
        return;
    }
    while (!writer_submit(writer, shipment->batch->objects, apply_shipment, shipment_done, shipment,
                          &error)) {
        if (!g_error_matches(error, CONCERT_ERROR, CONCERT_ERROR_BUSY)) {
            finish_shipment(shipment, error);
            return;
        }
        g_clear_error(&error);
        g_usleep(10000);
    }
}

/* The first shipment that is read and has none unread before it. */
static Shipment *next_to_write(Importer *importer)
{
    for (GList *link = importer->under_way.head; link; link = link->next) {
        Shipment *shipment = link->data;
        if (shipment->stage == STAGE_READ)
            return shipment;
        if (shipment->stage == STAGE_READING)
            return NULL;
    }
    return NULL;
}

/* Called with the lock held: stores what can be stored, in order, one thread at a time. */
static void store_in_order(Importer *importer)
{
    if (importer->writing)
        return;
    importer->writing = TRUE;
    for (Shipment *shipment; (shipment = next_to_write(importer));) {
        shipment->stage = STAGE_WRITING;
        g_autoptr(GError) failure = importer->failure ? g_error_copy(importer->failure) : NULL;
        g_mutex_unlock(&importer->lock);
        if (failure)
            finish_shipment(shipment, failure);
        else
            store_shipment(importer, shipment);
        g_mutex_lock(&importer->lock);
    }
    importer->writing = FALSE;
}

static void read_shipment(gpointer data, gpointer user)
{
    Shipment *shipment = data;
    Importer *importer = user;
    background_enter();
    g_mutex_lock(&importer->lock);
    Batch *batch = shipment->batch;
    g_mutex_unlock(&importer->lock);
    batch_read(batch);
    g_mutex_lock(&importer->lock);
    shipment->stage = STAGE_READ;
    store_in_order(importer);
    g_mutex_unlock(&importer->lock);
}

/* --- reporting, in input order -----------------------------------------------------------------
 */

static void report(Importer *importer, ImporterEvent event, const BatchEntry *entry,
                   const char *message)
{
    if (importer->options.report)
        importer->options.report(importer->options.user, event, entry->where,
                                 entry->object ? entry->object->id : NULL, message);
}

static void report_object(Importer *importer, const BatchEntry *entry)
{
    ImporterCounts *counts = &importer->counts;
    if (!entry->object) {
        counts->rejected++;
        report(importer, IMPORTER_REJECTED, entry, entry->message);
        return;
    }
    guint64 *const counters[] = {&counts->accepted, &counts->unchanged, &counts->variants,
                                 &counts->claims};
    ++*counters[entry->outcome];
    report(importer, (ImporterEvent)entry->outcome, entry, NULL);
    const GPtrArray *warnings = entry->object->warnings;
    for (guint i = 0; warnings && i < warnings->len; i++) {
        counts->warnings++;
        report(importer, IMPORTER_WARNING, entry, warnings->pdata[i]);
    }
}

static void report_note(Importer *importer, const BatchEntry *entry)
{
    ImporterCounts *counts = &importer->counts;
    static const ImporterEvent events[] = {
        [INTAKE_DETECTED] = IMPORTER_DETECTED, [INTAKE_IGNORED] = IMPORTER_IGNORED,
        [INTAKE_UNMAPPED] = IMPORTER_UNMAPPED, [INTAKE_BROKEN] = IMPORTER_BROKEN,
        [INTAKE_LOST] = IMPORTER_BROKEN,
    };
    guint64 none = 0;
    guint64 *const counters[] = {
        [INTAKE_DETECTED] = &none,
        [INTAKE_IGNORED] = &counts->ignored,
        [INTAKE_UNMAPPED] = &counts->unmapped,
        [INTAKE_BROKEN] = &counts->broken,
        [INTAKE_LOST] = &counts->broken,
    };
    ++*counters[entry->note];
    report(importer, events[entry->note], entry, entry->message);
}

static void report_shipment(Importer *importer, const Shipment *shipment)
{
    const GArray *entries = shipment->batch->entries;
    for (guint i = 0; i < entries->len; i++) {
        const BatchEntry *entry = &g_array_index(entries, BatchEntry, i);
        if (entry->kind == BATCH_NOTE)
            report_note(importer, entry);
        else if (!shipment->error)
            report_object(importer, entry);
    }
    if (!shipment->error)
        importer->counts.bytes += shipment->batch->bytes->len;
}

/* Reports what is done, waiting until at most @remaining shipments are under way. */
static void drain(Importer *importer, guint remaining)
{
    g_mutex_lock(&importer->lock);
    for (;;) {
        Shipment *first = g_queue_peek_head(&importer->under_way);
        if (first && first->stage == STAGE_DONE) {
            g_queue_pop_head(&importer->under_way);
            g_mutex_unlock(&importer->lock);
            report_shipment(importer, first);
            shipment_free(first);
            g_mutex_lock(&importer->lock);
        } else if (g_queue_get_length(&importer->under_way) > remaining) {
            g_cond_wait(&importer->changed, &importer->lock);
        } else {
            break;
        }
    }
    g_mutex_unlock(&importer->lock);
}

/* --- the sink ----------------------------------------------------------------------------------
 */

static Batch *filling(Importer *importer)
{
    if (!importer->filling)
        importer->filling =
            batch_new(importer->options.source, importer->collection, importer->options.level);
    return importer->filling;
}

static void ship(Importer *importer)
{
    if (!importer->filling)
        return;
    Shipment *shipment = g_new0(Shipment, 1);
    shipment->importer = importer;
    shipment->batch = g_steal_pointer(&importer->filling);
    g_mutex_lock(&importer->lock);
    g_queue_push_tail(&importer->under_way, shipment);
    g_mutex_unlock(&importer->lock);
    g_thread_pool_push(importer->workers, shipment, NULL);
    drain(importer, MAX_UNDER_WAY);
}

static gboolean check_failure(Importer *importer, GError **error)
{
    g_mutex_lock(&importer->lock);
    const GError *failure = importer->failure;
    if (failure && error)
        *error = g_error_copy(failure);
    g_mutex_unlock(&importer->lock);
    return failure == NULL;
}

static gboolean add_object(Importer *importer, const char *bytes, gsize length, ObjectSpec spec,
                           gboolean made, const char *where, GError **error)
{
    Batch *batch = filling(importer);
    batch_add_object(batch, bytes, length, spec, made, where);
    if (batch->objects < BATCH_OBJECTS && batch->bytes->len < BATCH_BYTES)
        return TRUE;
    ship(importer);
    return check_failure(importer, error);
}

static gboolean sink_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    return add_object(user, bytes, length, spec, FALSE, where, error);
}

static gboolean sink_made(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                          const char *where, GError **error)
{
    return add_object(user, bytes, length, spec, TRUE, where, error);
}

static void sink_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    Importer *importer = user;
    Batch *batch = filling(importer);
    batch_add_note(batch, note, where, message);
    if (batch->entries->len >= 8 * BATCH_OBJECTS)
        ship(importer);
}

static void sink_progress(gpointer user, guint64 done, guint64 total)
{
    Importer *importer = user;
    if (importer->options.progress)
        importer->options.progress(importer->options.user, done, total, &importer->counts);
}

Importer *importer_new(Node *node, const ImporterOptions *options, GError **error)
{
    gint64 number = 0;
    if (options->collection) {
        g_autoptr(Collection) collection =
            collections_lookup(node_store(node), NULL, options->collection, error);
        if (!collection)
            return NULL;
        number = collection->number;
    }
    Importer *importer = g_new0(Importer, 1);
    importer->node = node;
    importer->options = *options;
    importer->collection = number;
    importer->sink = (IntakeSink){.object = sink_object,
                                  .made = sink_made,
                                  .note = sink_note,
                                  .progress = sink_progress,
                                  .user = importer};
    g_mutex_init(&importer->lock);
    g_cond_init(&importer->changed);
    g_queue_init(&importer->under_way);
    importer->workers = g_thread_pool_new(
        read_shipment, importer, (int)MIN(g_get_num_processors(), MAX_WORKERS), FALSE, NULL);
    return importer;
}

const IntakeSink *importer_sink(Importer *importer)
{
    return &importer->sink;
}

gboolean importer_flush(Importer *importer, GError **error)
{
    ship(importer);
    drain(importer, 0);
    return check_failure(importer, error);
}

gboolean importer_finish(Importer *importer, ImporterCounts *ret_counts, GError **error)
{
    gboolean good = importer_flush(importer, error);
    *ret_counts = importer->counts;
    g_thread_pool_free(importer->workers, FALSE, TRUE);
    /* What the workers did last they did under the lock. */
    g_mutex_lock(&importer->lock);
    g_clear_error(&importer->failure);
    g_mutex_unlock(&importer->lock);
    g_mutex_clear(&importer->lock);
    g_cond_clear(&importer->changed);
    g_free(importer);
    return good;
}
