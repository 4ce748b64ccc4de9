/* fragments.h - puts the fragments of IP packets together (RFC 791 section 3.2, RFC 8200 section
 * 4.5), within bounds. Where fragments overlap, the bytes that came first count. */
#pragma once

#include "shield/packets/packet.h"

/* Packets being put together; the oldest has to go when there is one more. */
#define FRAGMENTS_MAX_PACKETS 256

/* Largest packet. */
#define FRAGMENTS_MAX_LENGTH 65535

/* Fragments further apart than this belong to different packets, in microseconds. */
#define FRAGMENTS_TIMEOUT (60 * G_TIME_SPAN_SECOND)

typedef struct Fragments Fragments;

Fragments *fragments_new(void);

void fragments_free(Fragments *fragments);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fragments, fragments_free)

/* Takes a packet that is a fragment. TRUE when its packet is whole: *ret_whole is read, its payload
 * good until the next call. */
gboolean fragments_add(Fragments *fragments, const Packet *part, gint64 time, Packet *ret_whole);

/* Packets of which parts were missing, so far; those still waiting are not among them. */
guint64 fragments_lost(const Fragments *fragments);
