/* event_post.h - events of dossiers that are posted to a peer while the peering is suspended
 * (docs/protocol.md, "While a peering is suspended"). Pure.
 *
 * Nothing is followed then; but some procedures are there to talk above all when relations are
 * poor. What is posted stands in its author's ledger as always, and comes once more, with its
 * proof, when the peering is resumed. */
#pragma once

#include <glib.h>

#include "base/error.h"

#define EVENT_POST_PATH      "/exchange/v1/events"
#define EVENT_POST_EVENTS    64           /* at most in one post */
#define EVENT_POST_RAW_MAX   (384 * 1024) /* bytes of the events in one post */
#define EVENT_POST_BYTES_MAX (1024 * 1024)

/* The body of a post with @events (GBytes, texts): the last of them that fit, in their order. NULL:
 * there are none, or the last one does not fit. */
GBytes *event_post_make(const GPtrArray *events);

/* Reads one. Elements: GBytes, whatever they are; the caller reads them as events.
 * CONCERT_ERROR_INPUT or _LIMIT says what is wrong. */
GPtrArray *event_post_parse(const char *body, gsize length, GError **error);
