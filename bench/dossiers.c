/* dossiers.c - many dossiers in a node, for bench/run dossiers:
 *
 *   bench-dossiers NODE fill N   N requests of 20 events, as they would have come, without states
 *   bench-dossiers NODE judge    all states anew; prints seconds that passed, and of one core
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"
#include "dossier/docket.h"
#include "ledger/origin.h"
#include "node/docket_rebuild.h"
#include "node/node.h"
#include "store/ledger_read.h"

#define EVENTS 20
#define BATCH  500
#define PEER   "cert.birch.example"

typedef struct {
    const char *origin, *name;
    NoteSigner *own, *peer;
    guint64 from, to; /* dossiers */
} Fill;

static const char *const middle[] = {"received", "acknowledged"};

/* The type of event @i, and whether the node that asks makes it. */
static const char *type_of(guint i, gboolean *ret_own)
{
    *ret_own = i == 0 || i == EVENTS - 1 || (i > 2 && i < EVENTS - 2 && i % 2 == 0);
    return i == 0            ? "sent"
           : i < 3           ? middle[i - 1]
           : i == EVENTS - 2 ? "answered"
           : i == EVENTS - 1 ? "closed"
                             : "remark";
}

static char *payload_of(const Fill *fill, guint i, guint64 dossier, const EventHash *hashes)
{
    if (i == 0)
        return g_strdup_printf("{\"kind\":\"advice\",\"subject\":\"Scans %" G_GUINT64_FORMAT
                               "\",\"text\":\"Are these yours?\",\"to\":\"" PEER
                               "\",\"urgency\":\"%s\"}",
                               dossier, dossier % 4 ? "medium" : "high");
    if (i == EVENTS - 2)
        return g_strdup("{\"outcome\":\"given\",\"text\":\"They are.\"}");
    if (i < EVENTS - 1)
        return i < 3 ? g_strdup("{}") : g_strdup("{\"text\":\"One more thing about these.\"}");
    g_autofree EventHash *sorted = g_memdup2(hashes, i * sizeof *hashes);
    qsort(sorted, i, sizeof *sorted, (int (*)(const void *, const void *))event_hash_compare);
    GString *text = g_string_new("{\"decides\":[");
    for (guint k = 0; k < i; k++) {
        char hex[2 * SHA256_SIZE + 1];
        g_string_append_printf(text, "%s\"%s\"", k ? "," : "", event_hash_format(&sorted[k], hex));
    }
    g_string_append(text, "]}");
    return g_string_free(text, FALSE);
}

/* Every third dossier is not over yet: it has no end. */
static gboolean add_dossier(StoreTx *tx, const Fill *fill, guint64 number, GError **error)
{
    EventHash hashes[EVENTS];
    g_autofree char *id = NULL;
    gint64 start = timestamp_now() - (gint64)(number % 1000000) * G_USEC_PER_SEC;
    guint count = number % 3 ? EVENTS : EVENTS - 1;
    for (guint i = 0; i < count; i++) {
        gboolean own, is_new;
        gint64 row;
        const char *type = type_of(i, &own);
        g_autofree char *payload = payload_of(fill, i, number, hashes);
        const EventSpec spec = {.procedure = "request",
                                .dossier = id,
                                .type = type,
                                .author = own ? fill->origin : PEER "/ledger",
                                .signatory = i == 1 ? NULL : "Duty Officer",
                                .time_us = start + i * G_USEC_PER_SEC,
                                .parents = i ? &hashes[i - 1] : NULL,
                                .n_parents = i > 0,
                                .payload = payload,
                                .tlp = MARKING_TLP_AMBER};
        g_autofree char *text = event_make(&spec, own ? fill->own : fill->peer, error);
        g_autoptr(Event) event = text ? event_parse(text, strlen(text), error) : NULL;
        if (!event)
            return FALSE;
        if (i == 0)
            id = g_strdup(event->dossier);
        hashes[i] = event->hash;
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
        const DossiersEvent kept = {.dossier = id,
                                    .procedure = "request",
                                    .hash = event->hash.bytes,
                                    .author = own ? fill->name : PEER,
                                    .bytes = bytes,
                                    .arrived = start,
                                    .source = own ? NULL : PEER};
        if (!dossiers_add_event(tx, &kept, &row, &is_new, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean apply(StoreTx *tx, gpointer request, GError **error)
{
    const Fill *fill = request;
    for (guint64 i = fill->from; i < fill->to; i++)
        if (!add_dossier(tx, fill, i, error))
            return FALSE;
    return TRUE;
}

static NoteSigner *signer_of(const char *name, GError **error)
{
    const guint8 seed[NOTE_SEED_SIZE] = {7};
    return note_signer_new(name, NOTE_ED25519, seed, error);
}

static gboolean fill(Node *node, guint64 count, GError **error)
{
    g_auto(LedgerReadState) own = {0};
    if (!ledger_read_state(node_store(node), &own, error))
        return FALSE;
    g_autofree char *name = origin_node(own.origin);
    g_autoptr(NoteSigner) mine = signer_of("bench.example/message", error);
    g_autoptr(NoteSigner) peer = signer_of(PEER "/message", error);
    Fill filling = {.origin = own.origin, .name = name, .own = mine, .peer = peer};
    for (; mine && peer && filling.from < count; filling.from = filling.to) {
        filling.to = MIN(count, filling.from + BATCH);
        if (!writer_run(node_writer(node), 1, apply, &filling, error))
            return FALSE;
    }
    return mine && peer;
}

static gboolean judge(Node *node, GError **error)
{
    guint64 count;
    gint64 start = g_get_monotonic_time();
    clock_t core = clock();
    if (!docket_rebuild(node_notary(node), TRUE, &count, error))
        return FALSE;
    printf("%.3f %.3f\n", (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC,
           (double)(clock() - core) / CLOCKS_PER_SEC);
    return TRUE;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    setlocale(LC_ALL, "C.UTF-8");
    g_autoptr(Node) node = argc > 2 ? node_open(argv[1], NODE_WRITE, &error) : NULL;
    gboolean good = node && (g_str_equal(argv[2], "fill") && argc > 3
                                 ? fill(node, g_ascii_strtoull(argv[3], NULL, 10), &error)
                                 : g_str_equal(argv[2], "judge") && judge(node, &error));
    if (!good)
        fprintf(stderr, "bench-dossiers: %s\n", error ? error->message : "usage");
    return good ? 0 : 1;
}
