/* answer_scene.h - a ledger of Alder's, with something for Birch in it, for the tests of answers.
 */
#pragma once

#include <string.h>

#include "base/error.h"
#include "exchange/answer.h"
#include "exchange/dispatch_header.h"

#define ANSWER_SCENE_NODE    "cert.alder.example"
#define ANSWER_SCENE_ORIGIN  ANSWER_SCENE_NODE "/ledger"
#define ANSWER_SCENE_BIRCH   "cert.birch.example/ledger"
#define ANSWER_SCENE_CEDAR   "cert.cedar.example/ledger"
#define ANSWER_SCENE_TIME    1767323045000000 /* 2026-01-02T03:04:05.000000Z */
#define ANSWER_SCENE_MAX     64
#define ANSWER_SCENE_ENTRIES 6 /* that answer_scene_init() makes */

/* Its first entries: 0 for all; 1, two items, and 3, the grant of 2, for Birch; 2 and 4 for Cedar;
 * 5 for Birch. */
typedef struct {
    NoteSigner *ledger, *message; /* seeds 1 and 11 */
    Opening *openings[ANSWER_SCENE_MAX];
    MerkleHash leaves[ANSWER_SCENE_MAX];
    guint count;
    char *checkpoint; /* of the last answer_scene_head() */
    char *statement;
    MerkleProof consistency;
} AnswerScene;

static NoteSigner *answer_scene_signer(const char *name, guint8 byte)
{
    guint8 seed[NOTE_SEED_SIZE];
    g_autoptr(GError) error = NULL;
    memset(seed, byte, sizeof seed);
    NoteSigner *signer = note_signer_new(name, NOTE_ED25519, seed, &error);
    g_assert_no_error(error);
    return signer;
}

/* Appends an entry; its nonces count up from 64 times its index. */
static guint answer_scene_append(AnswerScene *scene, const char *kind, const char *audience,
                                 const char *members, const char *const *items)
{
    const char *const list[] = {audience, NULL};
    OpeningItemSpec specs[8] = {{NULL}};
    guint n = 0;
    g_autoptr(GError) error = NULL;
    guint8 nonces[9 * OPENING_NONCE_SIZE];
    for (guint i = 0; i < sizeof nonces; i++)
        nonces[i] = (guint8)(64 * scene->count + i);
    for (; items && items[n]; n++)
        specs[n] = (OpeningItemSpec){g_bytes_new_static(items[n], strlen(items[n])),
                                     "application/stix+json;version=2.1"};
    const OpeningSpec spec = {.origin = ANSWER_SCENE_ORIGIN,
                              .kind = kind,
                              .time_us = ANSWER_SCENE_TIME,
                              .is_public = audience == NULL,
                              .audience = audience ? list : NULL,
                              .items = specs,
                              .n_items = n,
                              .members = members,
                              .members_length = members ? strlen(members) : 0};
    Opening *opening = opening_build(&spec, nonces, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < n; i++)
        g_bytes_unref(specs[i].bytes);
    scene->openings[scene->count] = opening;
    merkle_leaf_hash(opening_entry(opening), OPENING_ENTRY_SIZE, &scene->leaves[scene->count]);
    return scene->count++;
}

G_GNUC_UNUSED static void answer_scene_init(AnswerScene *scene)
{
    static const char *const items[] = {"{\"type\":\"indicator\"}", "{\"type\":\"malware\"}", NULL};
    memset(scene, 0, sizeof *scene);
    scene->ledger = answer_scene_signer(ANSWER_SCENE_ORIGIN, 1);
    scene->message = answer_scene_signer(ANSWER_SCENE_NODE "/message", 11);
    answer_scene_append(scene, "statement", NULL, "{\"title\":\"To all\"}", NULL);
    answer_scene_append(scene, "dispatch", ANSWER_SCENE_BIRCH,
                        "{\"marking\":{\"tlp\":\"green\"},\"title\":\"Two\"}", items);
    answer_scene_append(scene, "statement", ANSWER_SCENE_CEDAR, "{\"title\":\"Later\"}", items + 1);
    answer_scene_append(scene, "grant", ANSWER_SCENE_BIRCH, "{\"of\":2}", NULL);
    answer_scene_append(scene, "statement", ANSWER_SCENE_CEDAR, "{\"title\":\"Other\"}", NULL);
    answer_scene_append(scene, "withdrawal", ANSWER_SCENE_BIRCH,
                        "{\"of\":1,\"reason\":\"A mistake\"}", NULL);
}

static void answer_scene_clear(AnswerScene *scene)
{
    note_signer_free(scene->ledger);
    note_signer_free(scene->message);
    for (guint i = 0; i < scene->count; i++)
        opening_free(scene->openings[i]);
    g_free(scene->checkpoint);
    g_free(scene->statement);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AnswerScene, answer_scene_clear)

static MerkleHash answer_scene_root(const AnswerScene *scene, guint64 size)
{
    MerkleFrontier frontier;
    MerkleHash root;
    merkle_frontier_init(&frontier);
    g_assert_true(merkle_frontier_extend(&frontier, scene->leaves, size, NULL, NULL, NULL));
    merkle_frontier_root(&frontier, &root);
    return root;
}

static gboolean answer_scene_fetch(guint level, guint64 index, MerkleHash *ret_hash,
                                   gpointer user_data, GError **error)
{
    const AnswerScene *scene = user_data;
    MerkleFrontier frontier;
    merkle_frontier_init(&frontier);
    g_assert_true(merkle_frontier_extend(&frontier, &scene->leaves[index << level],
                                         G_GUINT64_CONSTANT(1) << level, NULL, NULL, NULL));
    merkle_frontier_root(&frontier, ret_hash);
    return TRUE;
}

static AnswerOpening answer_scene_at(const AnswerScene *scene, guint64 index, guint64 size)
{
    AnswerOpening opening = {.index = index, .opening = scene->openings[index]};
    g_autoptr(GError) error = NULL;
    merkle_prove_inclusion(index, size, answer_scene_fetch, (gpointer)scene, &opening.proof,
                           &error);
    g_assert_no_error(error);
    return opening;
}

static char *answer_scene_checkpoint(const AnswerScene *scene, guint64 size)
{
    g_autoptr(GError) error = NULL;
    const Checkpoint checkpoint = {.origin = (char *)ANSWER_SCENE_ORIGIN,
                                   .size = size,
                                   .root = answer_scene_root(scene, size)};
    char *note = checkpoint_sign(&checkpoint, scene->ledger, &error);
    g_assert_no_error(error);
    return note;
}

static char *answer_scene_statement(const AnswerScene *scene, guint64 from, guint64 end,
                                    guint64 size, const guint64 *indices, guint n)
{
    g_autoptr(GError) error = NULL;
    const Coverage coverage = {.origin = (char *)ANSWER_SCENE_ORIGIN,
                               .to = (char *)ANSWER_SCENE_BIRCH,
                               .from = from,
                               .end = end,
                               .size = size,
                               .root = answer_scene_root(scene, size),
                               .indices = (guint64 *)indices,
                               .n_indices = n,
                               .time_us = ANSWER_SCENE_TIME};
    char *text = coverage_make(&coverage, scene->message, &error);
    g_assert_no_error(error);
    return text;
}

/* The head of an answer for who knows the tree of @known entries; the scene's texts. */
static AnswerHead answer_scene_head(AnswerScene *scene, const AnswerBuilder *builder, guint64 known,
                                    guint64 from, guint64 end)
{
    g_autoptr(GError) error = NULL;
    guint n;
    const guint64 *indices = answer_builder_indices(builder, &n);
    g_free(scene->checkpoint);
    g_free(scene->statement);
    scene->checkpoint = answer_scene_checkpoint(scene, scene->count);
    scene->statement = answer_scene_statement(scene, from, end, scene->count, indices, n);
    scene->consistency.count = 0;
    if (known > 0)
        merkle_prove_consistency(known, scene->count, answer_scene_fetch, scene,
                                 &scene->consistency, &error);
    g_assert_no_error(error);
    return (AnswerHead){.origin = ANSWER_SCENE_ORIGIN,
                        .from = from,
                        .end = end,
                        .size = scene->count,
                        .checkpoint = scene->checkpoint,
                        .consistency = &scene->consistency,
                        .statement = scene->statement};
}

/* All entries from @from to @end that are for Birch, and what they grant. */
static AnswerBuilder *answer_scene_collect(const AnswerScene *scene, guint64 from, guint64 end)
{
    AnswerBuilder *builder = answer_builder_new(1024 * 1024);
    for (guint64 i = from; i < end; i++) {
        g_autoptr(GError) error = NULL;
        gboolean is_full = TRUE;
        guint64 of;
        if (!opening_is_for(scene->openings[i], ANSWER_SCENE_BIRCH) &&
            !scene->openings[i]->is_erased)
            continue;
        AnswerOpening opening = answer_scene_at(scene, i, scene->count), granted;
        gboolean is_grant = !opening.opening->is_erased &&
                            dispatch_header_read_grant(opening.opening, &of, NULL) && of < i;
        if (is_grant)
            granted = answer_scene_at(scene, of, scene->count);
        answer_builder_add(builder, &opening, is_grant ? &granted : NULL, &is_full, &error);
        g_assert_no_error(error);
        g_assert_false(is_full);
    }
    return builder;
}

/* An honest answer. */
G_GNUC_UNUSED static GBytes *answer_scene_answer(AnswerScene *scene, guint64 known, guint64 from,
                                                 guint64 end)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(AnswerBuilder) builder = answer_scene_collect(scene, from, end);
    AnswerHead head = answer_scene_head(scene, builder, known, from, end);
    GBytes *bytes = answer_builder_end(builder, &head, &error);
    g_assert_no_error(error);
    return bytes;
}
