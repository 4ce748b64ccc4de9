/* forked_log.h - a log whose owner has signed two trees with one key, for the tests of witnesses.
 */
#pragma once

#include <string.h>

#include "ledger/witness.h"

#define FORKED_LOG_ORIGIN "cert.birch.example/ledger"
#define FORKED_LOG_LEAVES 40
#define FORKED_LOG_COMMON 21 /* leaves that both trees have */

/* A log that its owner's key has signed twice over: fork 0 and fork 1. */
typedef struct {
    NoteSigner *signer;
    MerkleHash leaves[2][FORKED_LOG_LEAVES], roots[2][FORKED_LOG_LEAVES + 1];
} ForkedLog;

static MerkleHash forked_log_range(const MerkleHash *leaves, guint64 n)
{
    MerkleFrontier frontier;
    MerkleHash root;
    merkle_frontier_init(&frontier);
    g_assert_true(merkle_frontier_extend(&frontier, leaves, n, NULL, NULL, NULL));
    merkle_frontier_root(&frontier, &root);
    return root;
}

static gboolean forked_log_fetch(guint level, guint64 index, MerkleHash *ret_hash, gpointer leaves,
                                 GError **error)
{
    *ret_hash = forked_log_range((const MerkleHash *)leaves + (index << level),
                                 G_GUINT64_CONSTANT(1) << level);
    return TRUE;
}

static void forked_log_init(ForkedLog *log)
{
    log->signer = note_signer_generate(FORKED_LOG_ORIGIN, NOTE_ED25519, NULL);
    for (guint8 fork = 0; fork < 2; fork++) {
        for (guint8 i = 0; i < FORKED_LOG_LEAVES; i++) {
            const guint8 entry[2] = {i >= FORKED_LOG_COMMON ? fork : 0, i};
            merkle_leaf_hash(entry, sizeof entry, &log->leaves[fork][i]);
        }
        for (guint i = 0; i <= FORKED_LOG_LEAVES; i++)
            log->roots[fork][i] = forked_log_range(log->leaves[fork], i);
    }
}

static char *forked_log_checkpoint(const ForkedLog *log, guint fork, guint64 size)
{
    g_autoptr(GError) error = NULL;
    const Checkpoint checkpoint = {
        .origin = (char *)FORKED_LOG_ORIGIN, .size = size, .root = log->roots[fork][size]};
    char *note = checkpoint_sign(&checkpoint, log->signer, &error);
    g_assert_no_error(error);
    return note;
}

/* The body of an add-checkpoint. */
static char *forked_log_body(const ForkedLog *log, guint fork, guint64 old, guint64 size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = forked_log_checkpoint(log, fork, size);
    g_autoptr(Note) note = note_parse(text, strlen(text), &error);
    MerkleProof proof = {0};
    g_assert_true(merkle_prove_consistency(old, size, forked_log_fetch, (gpointer)log->leaves[fork],
                                           &proof, &error));
    char *body = witness_request_format(old, &proof, note, &error);
    g_assert_no_error(error);
    return body;
}

G_GNUC_UNUSED static WitnessRequest *forked_log_request(const ForkedLog *log, guint fork,
                                                        guint64 old, guint64 size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *body = forked_log_body(log, fork, old, size);
    WitnessRequest *request = witness_request_parse(body, strlen(body), &error);
    g_assert_no_error(error);
    return request;
}
