/* dossier_maker.h - dossiers for tests: nodes with keys, and events that they make. */
#pragma once

#include <glib.h>
#include <string.h>

#include "dossier/engine.h"

#define MAKER_START  (G_GINT64_CONSTANT(1767323045) * G_USEC_PER_SEC)
#define MAKER_MINUTE (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)

#define MAKER_SENT(to, urgency)                                                                    \
    "{\"kind\":\"advice\",\"subject\":\"s\",\"text\":\"t\",\"to\":\"" to                           \
    "\",\"urgency\":\"" urgency "\"}"

#define ALDER "cert.alder.example"
#define BIRCH "cert.birch.example"
#define CEDAR "cert.cedar.example"

static inline NoteSigner *maker_signer(const char *node)
{
    g_autofree char *name = g_strconcat(node, "/message", NULL);
    guint8 seed[NOTE_SEED_SIZE];
    sha256_digest(name, strlen(name), seed);
    return note_signer_new(name, NOTE_ED25519, seed, NULL);
}

/* The bytes of an event of @node at @minute. @dossier NULL opens one. */
static inline char *maker_text(const char *dossier, const char *type, const char *node,
                               const char *signatory, int minute, const EventHash *parents,
                               guint n_parents, const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NoteSigner) signer = maker_signer(node);
    g_autofree char *origin = g_strconcat(node, "/ledger", NULL);
    const EventSpec spec = {.procedure = "request",
                            .dossier = dossier,
                            .type = type,
                            .author = origin,
                            .signatory = signatory,
                            .time_us = MAKER_START + minute * MAKER_MINUTE,
                            .parents = parents,
                            .n_parents = n_parents,
                            .payload = payload,
                            .tlp = MARKING_TLP_AMBER};
    char *text = event_make(&spec, signer, &error);
    g_assert_no_error(error);
    return text;
}

static inline Event *maker_event(const char *dossier, const char *type, const char *node,
                                 const char *signatory, int minute, const EventHash *parents,
                                 guint n_parents, const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        maker_text(dossier, type, node, signatory, minute, parents, n_parents, payload);
    Event *event = event_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return event;
}

/* The request of Alder to Birch that most tests begin with, at minute 0. */
static inline Event *maker_request(void)
{
    return maker_event(NULL, "sent", ALDER, "Duty Officer", 0, NULL, 0, MAKER_SENT(BIRCH, "high"));
}
