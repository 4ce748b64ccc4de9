/* made_card.h - nodes with keys of made-up seeds and the cards that they write. */
#pragma once

#include <string.h>

#include "base/error.h"
#include "base/jsonguard.h"
#include "exchange/card.h"

#define MADE_CARD_PARCEL "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define MADE_CARD_PIN    "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define MADE_CARD_TIME   G_GINT64_CONSTANT(1767323045000000) /* 2026-01-02T03:04:05Z */

typedef struct {
    char *node, *origin;
    NoteSigner *signers[CARD_KEYS];
    char *vkeys[CARD_KEYS];
} MadeNode;

static NoteSigner *made_signer(const char *name, NoteAlgorithm algorithm, guint8 seed)
{
    guint8 bytes[NOTE_SEED_SIZE];
    memset(bytes, seed, sizeof bytes);
    NoteSigner *signer = note_signer_new(name, algorithm, bytes, NULL);
    g_assert_nonnull(signer);
    return signer;
}

/* The keys' seeds are bytes of @seed and those that follow. */
static void made_node_init(MadeNode *made, const char *node, guint8 seed)
{
    static const char *const suffixes[] = {"/ledger", "/witness", "/recovery", "/message"};
    made->node = g_strdup(node);
    made->origin = g_strconcat(node, "/ledger", NULL);
    for (guint i = 0; i < CARD_KEYS; i++) {
        g_autofree char *name = g_strconcat(node, suffixes[i], NULL);
        made->signers[i] = made_signer(name, i == CARD_COSIGN_KEY ? NOTE_COSIGNATURE : NOTE_ED25519,
                                       (guint8)(seed + i));
        made->vkeys[i] = note_verifier_format(note_signer_verifier(made->signers[i]));
    }
}

static void made_node_clear(MadeNode *made)
{
    for (guint i = 0; i < CARD_KEYS; i++) {
        note_signer_free(made->signers[i]);
        g_free(made->vkeys[i]);
    }
    g_free(made->node);
    g_free(made->origin);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MadeNode, made_node_clear)

/* A card with little in it, for a test to add to. */
static CardSpec made_card_spec(const MadeNode *made, guint64 number)
{
    static const char *const endpoints[] = {"https://node.example:8470", NULL};
    static const char *const pins[] = {MADE_CARD_PIN, NULL};
    static const char *const capabilities[] = {"exchange/v1", NULL};
    CardSpec spec = {.node = made->node,
                     .origin = made->origin,
                     .number = number,
                     .time_us = MADE_CARD_TIME,
                     .organisation = "Alder CERT",
                     .endpoints = endpoints,
                     .tls = pins,
                     .capabilities = capabilities,
                     .parcel = MADE_CARD_PARCEL};
    for (guint i = 0; i < CARD_KEYS; i++)
        spec.vkeys[i] = made->vkeys[i];
    return spec;
}

static char *made_card_text(const MadeNode *made, guint64 number)
{
    g_autoptr(GError) error = NULL;
    const CardSpec spec = made_card_spec(made, number);
    char *text = card_make(&spec, made->signers[CARD_LEDGER_KEY], &error);
    g_assert_no_error(error);
    return text;
}
