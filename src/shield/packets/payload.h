/* payload.h - what one side of a connection says: tells the protocol by how it begins and hands it
 * to its reader, whole.
 *
 * TLS up to the ClientHello, every head of HTTP/1, every message of DNS over TCP (by the port), and
 * of what is text its first PAYLOAD_MAX_TEXT bytes. A protocol may begin late, behind a proxy's
 * greeting or STARTTLS: the first PAYLOAD_MAX_LOOKS segments are looked at for that. */
#pragma once

#include "shield/packets/draft.h"
#include "shield/packets/hello.h"

#define PAYLOAD_MAX_TEXT  (64 * 1024)
#define PAYLOAD_MAX_LOOKS 32

typedef struct Payload Payload;

typedef struct {
    Draft *draft;                /* to be filled; its ends are set */
    void (*emit)(gpointer user); /* the draft is whole */
    gpointer user;
    gsize *held; /* bytes kept by all payloads are counted here */
} PayloadSink;

/* @dns: the port says that it is DNS. */
Payload *payload_new(gboolean dns);

/* Takes the next bytes. FALSE when nothing more of this side is of interest. */
gboolean payload_add(Payload *payload, const PayloadSink *sink, const guint8 *data, gsize length);

/* Goes over @length bytes that were not captured. FALSE as above. */
gboolean payload_gap(Payload *payload, const PayloadSink *sink, gsize length);

/* Reads what is still kept, though it is not whole, and frees @payload. */
void payload_end(Payload *payload, const PayloadSink *sink);

/* Does every byte of @data up to the first 64 belong to text? */
gboolean payload_is_text(const guint8 *data, gsize length);

/* Emits @text, to be looked through. */
void payload_emit_text(const PayloadSink *sink, const guint8 *text, gsize length);

/* Emits what a ClientHello says. */
void payload_emit_hello(const PayloadSink *sink, const Hello *hello);
