/* fill_ledger.c - grows a node's ledger to a size, for the tests of those who verify it.
 *
 *   fill-ledger NODE SIZE
 */
#include <glib.h>

#include "base/timestamp.h"
#include "node/node.h"
#include "store/openings.h"

#define BATCH 4096 /* entries of a request */

/* A request; what the entries point to lives as long. */
typedef struct {
    guint count;
    Opening *openings[BATCH];
    LedgerItem *items[BATCH];
    LedgerEntry entries[BATCH];
} Fill;

static gboolean apply(StoreTx *tx, gpointer user, GError **error)
{
    const Fill *fill = user;
    guint64 index;
    for (guint i = 0; i < fill->count; i++)
        if (!ledger_append(tx, &fill->entries[i], &index, error))
            return FALSE;
    return TRUE;
}

static gboolean append(Writer *writer, const char *origin, guint count, GError **error)
{
    const OpeningSpec spec = {.origin = origin, .kind = "statement", .time_us = timestamp_now()};
    g_autofree Fill *fill = g_new0(Fill, 1);
    gboolean good = TRUE;
    for (; good && fill->count < count; fill->count += good) {
        guint i = fill->count;
        fill->openings[i] = opening_build(&spec, NULL, error);
        good = fill->openings[i] != NULL;
        if (good)
            fill->entries[i] = openings_entry(fill->openings[i], &fill->items[i]);
    }
    good = good && writer_run(writer, 0, apply, fill, error);
    for (guint i = 0; i < fill->count; i++) {
        opening_free(fill->openings[i]);
        g_free(fill->items[i]);
    }
    return good;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_auto(LedgerReadState) state = {0};
    if (argc != 3) {
        g_printerr("usage: fill-ledger NODE SIZE\n");
        return 2;
    }
    guint64 size = g_ascii_strtoull(argv[2], NULL, 10);
    g_autoptr(Node) node = node_open(argv[1], NODE_SERVE, &error);
    if (!node || !ledger_read_state(node_store(node), &state, &error)) {
        g_printerr("fill-ledger: %s\n", error->message);
        return 2;
    }
    for (guint count; state.size < size; state.size += count) {
        count = (guint)MIN(size - state.size, BATCH);
        if (!append(node_writer(node), state.origin, count, &error)) {
            g_printerr("fill-ledger: %s\n", error->message);
            return 2;
        }
    }
    return 0;
}
