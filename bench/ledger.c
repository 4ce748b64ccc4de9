/* ledger.c - how fast the ledger takes entries, against what the machine can do at most.
 *
 *   bench-ledger NODE [SECONDS]          measures, on a node that nobody serves
 *   bench-ledger NODE fill ENTRIES       only appends
 *   bench-ledger NODE hash ENTRIES       seconds of bare SHA-256 over as many leaves and nodes as a
 *                                        tree of so many entries has, one thread
 *
 * Prints lines of "name value":
 *   append        durable, integrated, signed entries a second; 64 submitters, 256 outstanding each
 *   rows          bare rows of that size into SQLite, durably, one thread, 8,000 a transaction
 *   append_p50    microseconds of an append when nobody else appends, p50 of 2,000
 *   fdatasync_p50 microseconds of writing 4 KiB to the end of a file and fdatasync()
 *   prove         inclusion proofs of random entries a second, one thread
 * The openings are built by the submitters (random nonces, RFC 8785 header, SHA-256) as those of
 * real entries are. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "node/node.h"
#include "store/openings.h"

#define SUBMITTERS  64
#define OUTSTANDING 256
#define LONE        2000
#define PROOFS      20000

typedef struct {
    Writer *writer;
    char *origin;
    gint64 end;    /* monotonic microseconds */
    guint64 limit; /* entries of each submitter */
} Bench;

/* One entry on its way; a submitter has OUTSTANDING of them. */
typedef struct Slot Slot;

typedef struct {
    Bench *bench;
    GMutex lock;
    GCond wake;
    GPtrArray *idle; /* Slot */
    guint64 done;
} Submitter;

struct Slot {
    Submitter *submitter;
    Opening *opening;
    LedgerItem *items;
    LedgerEntry entry;
    guint64 index;
};

static gboolean apply_append(StoreTx *tx, gpointer user, GError **error)
{
    Slot *slot = user;
    return ledger_append(tx, &slot->entry, &slot->index, error);
}

static void slot_build(Slot *slot, const char *origin)
{
    static const char *const audience[] = {"birch.example/ledger", "cedar.example/ledger", NULL};
    const OpeningSpec spec = {
        .origin = origin, .kind = "dispatch", .time_us = timestamp_now(), .audience = audience};
    g_autoptr(GError) error = NULL;
    slot->opening = opening_build(&spec, NULL, &error);
    if (!slot->opening)
        g_error("%s", error->message);
    slot->entry = openings_entry(slot->opening, &slot->items);
}

static void slot_clear(Slot *slot)
{
    opening_free(slot->opening);
    g_free(slot->items);
}

static void on_done(gpointer request, const GError *error)
{
    Slot *slot = request;
    if (error)
        g_error("%s", error->message);
    Submitter *submitter = slot->submitter;
    g_mutex_lock(&submitter->lock);
    g_ptr_array_add(submitter->idle, slot);
    submitter->done++;
    if (submitter->idle->len == 1 || submitter->idle->len == OUTSTANDING)
        g_cond_signal(&submitter->wake);
    g_mutex_unlock(&submitter->lock);
}

static gpointer submit(gpointer user)
{
    Submitter *submitter = user;
    Bench *bench = submitter->bench;
    Slot *slots = g_new0(Slot, OUTSTANDING);
    g_autoptr(GPtrArray) idle = g_ptr_array_new();
    g_mutex_lock(&submitter->lock);
    for (guint i = 0; i < OUTSTANDING; i++) {
        slots[i].submitter = submitter;
        g_ptr_array_add(submitter->idle, &slots[i]);
    }
    while (g_get_monotonic_time() < bench->end && submitter->done < bench->limit) {
        while (submitter->idle->len == 0)
            g_cond_wait(&submitter->wake, &submitter->lock);
        g_ptr_array_extend_and_steal(idle, submitter->idle);
        submitter->idle = g_ptr_array_new();
        g_mutex_unlock(&submitter->lock);
        for (guint i = 0; i < idle->len; i++) {
            Slot *slot = idle->pdata[i];
            slot_clear(slot);
            slot_build(slot, bench->origin);
            while (!writer_submit(bench->writer, 0, apply_append, on_done, slot, NULL))
                g_usleep(100);
        }
        g_ptr_array_set_size(idle, 0);
        g_mutex_lock(&submitter->lock);
    }
    while (submitter->idle->len < OUTSTANDING)
        g_cond_wait(&submitter->wake, &submitter->lock);
    g_mutex_unlock(&submitter->lock);
    for (guint i = 0; i < OUTSTANDING; i++)
        slot_clear(&slots[i]);
    g_free(slots);
    return NULL;
}

static double bench_append(Bench *bench, double seconds, guint64 limit)
{
    Submitter submitters[SUBMITTERS];
    GThread *threads[SUBMITTERS];
    gint64 start = g_get_monotonic_time();
    bench->end = start + (gint64)(seconds * 1e6);
    bench->limit = limit / SUBMITTERS;
    for (guint i = 0; i < SUBMITTERS; i++) {
        submitters[i] = (Submitter){.bench = bench, .idle = g_ptr_array_new()};
        g_mutex_init(&submitters[i].lock);
        g_cond_init(&submitters[i].wake);
        threads[i] = g_thread_new("submitter", submit, &submitters[i]);
    }
    guint64 done = 0;
    for (guint i = 0; i < SUBMITTERS; i++) {
        g_thread_join(threads[i]);
        done += submitters[i].done;
        g_ptr_array_unref(submitters[i].idle);
    }
    return (double)done / ((double)(g_get_monotonic_time() - start) / 1e6);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, guint count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* Appends and bare syncs in turn, so that both meet the same disk. */
static void bench_lone(Bench *bench, const char *directory, double *ret_append, double *ret_sync)
{
    static double appends[LONE], syncs[LONE];
    char block[4096] = {0};
    g_autofree char *path = g_build_filename(directory, "sync", NULL);
    int fd = g_open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (guint i = 0; i < LONE; i++) {
        Slot slot = {0};
        g_autoptr(GError) error = NULL;
        gint64 start = g_get_monotonic_time();
        slot_build(&slot, bench->origin);
        if (!writer_run(bench->writer, 0, apply_append, &slot, &error))
            g_error("%s", error->message);
        gint64 middle = g_get_monotonic_time();
        slot_clear(&slot);
        if (write(fd, block, sizeof block) != sizeof block || fdatasync(fd) != 0)
            g_error("%s: cannot be written", path);
        syncs[i] = (double)(g_get_monotonic_time() - middle);
        appends[i] = (double)(middle - start);
    }
    close(fd);
    *ret_append = median(appends, LONE);
    *ret_sync = median(syncs, LONE);
}

static double bench_rows(const Bench *bench, const char *directory, double seconds)
{
    g_autofree char *path = g_build_filename(directory, "rows.db", NULL);
    sqlite3 *db;
    sqlite3_stmt *insert;
    Slot slot = {0};
    slot_build(&slot, bench->origin);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE entry (entry BLOB, nonce BLOB, header BLOB)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO entry VALUES (?1, ?2, ?3)", -1, &insert, NULL) !=
            SQLITE_OK)
        g_error("%s: %s", path, sqlite3_errmsg(db));
    guint64 done = 0;
    gint64 start = g_get_monotonic_time(), end = start + (gint64)(seconds * 1e6);
    while (g_get_monotonic_time() < end) {
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (guint i = 0; i < 8000; i++, done++) {
            sqlite3_bind_blob(insert, 1, slot.entry.entry, LEDGER_ENTRY_SIZE, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 2, slot.entry.nonce, LEDGER_NONCE_SIZE, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 3, slot.entry.header, (int)slot.entry.header_length,
                              SQLITE_STATIC);
            if (sqlite3_step(insert) != SQLITE_DONE)
                g_error("%s: %s", path, sqlite3_errmsg(db));
            sqlite3_reset(insert);
        }
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
    double rate = (double)done / ((double)(g_get_monotonic_time() - start) / 1e6);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    slot_clear(&slot);
    return rate;
}

static double bench_prove(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(store, &state, &error))
        g_error("%s", error->message);
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    gint64 start = g_get_monotonic_time();
    for (guint i = 0; i < PROOFS; i++) {
        MerkleProof proof;
        guint64 index = (guint64)(g_rand_double(random) * (double)state.size);
        if (!ledger_read_inclusion(store, index, state.size, &proof, &error))
            g_error("%s", error->message);
    }
    return PROOFS / ((double)(g_get_monotonic_time() - start) / 1e6);
}

static void bench_hash(guint64 entries)
{
    guint8 entry[LEDGER_ENTRY_SIZE] = {1};
    MerkleHash hash;
    gint64 start = g_get_monotonic_time();
    for (guint64 i = 0; i < entries; i++) {
        memcpy(entry + 1, &i, sizeof i);
        merkle_leaf_hash(entry, sizeof entry, &hash);
        merkle_node_hash(&hash, &hash, &hash);
    }
    printf("%.3f\n", (double)(g_get_monotonic_time() - start) / 1e6);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        g_printerr("usage: bench-ledger NODE [SECONDS | fill ENTRIES]\n");
        return 2;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = node_open(argv[1], NODE_SERVE, &error);
    g_auto(LedgerReadState) state = {0};
    if (!node || !ledger_read_state(node_store(node), &state, &error)) {
        g_printerr("%s\n", error->message);
        return 2;
    }
    Bench bench = {.writer = node_writer(node), .origin = state.origin};
    if (argc > 3) {
        guint64 entries = g_ascii_strtoull(argv[3], NULL, 10);
        if (g_str_equal(argv[2], "hash"))
            bench_hash(entries);
        else
            bench_append(&bench, 3600, entries);
        return 0;
    }
    double seconds = argc > 2 ? g_ascii_strtod(argv[2], NULL) : 5;
    double lone, sync;
    bench_lone(&bench, argv[1], &lone, &sync);
    printf("append_p50 %.0f\nfdatasync_p50 %.0f\n", lone, sync);
    printf("append %.0f\n", bench_append(&bench, seconds, G_MAXUINT64));
    printf("rows %.0f\n", bench_rows(&bench, argv[1], seconds));
    printf("prove %.0f\n", bench_prove(node_store(node)));
    return 0;
}
