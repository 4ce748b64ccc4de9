/* flow.h - who speaks with whom: a bounded table of conversations.
 *
 * Both directions of one conversation are one flow, with two sides: what each end sends. When the
 * table is full the flow longest silent has to go. */
#pragma once

#include "shield/packets/packet.h"
#include "shield/packets/payload.h"
#include "shield/packets/quic.h"
#include "shield/packets/tcp.h"

/* A flow silent for longer is over, in microseconds: TCP, and all else. */
#define FLOW_TCP_TIMEOUT   (3600 * G_TIME_SPAN_SECOND)
#define FLOW_OTHER_TIMEOUT (300 * G_TIME_SPAN_SECOND)

typedef struct {
    guint8 address[2][16]; /* of the two ends, the lower one first */
    guint16 port[2];
    guint8 protocol;
    gboolean v6 : 8;
    guint16 zero;
} FlowKey;

typedef struct {
    FlowKey key;
    gint64 time;    /* of its last packet */
    guint8 seen[2]; /* has this end sent anything? */
    TcpSide tcp[2];
    union {
        Payload *payload[2]; /* TCP; NULL: nothing yet, or nothing more */
        QuicFlow *quic;      /* UDP; NULL: nothing yet */
    };
    guint32 chain; /* the table's */
    guint32 older, newer;
} Flow;

typedef struct FlowTable FlowTable;

/* Called before a flow goes; must free what the flow has. */
typedef void (*FlowEnd)(gpointer user, Flow *flow);

FlowTable *flow_table_new(guint limit, FlowEnd end, gpointer user);

/* Ends all flows. */
void flow_table_free(FlowTable *table);

/* The flow of @packet, which may be new, and which end sent it, 0 or 1. Good until the next call.
 */
Flow *flow_table_find(FlowTable *table, const Packet *packet, gint64 time, guint *ret_side);

/* Ends @flow's past: what comes now is another conversation between the same ends. */
void flow_table_restart(FlowTable *table, Flow *flow);

/* Ends the flow longest silent, if it is not @except; FALSE if there is none. */
gboolean flow_table_end_oldest(FlowTable *table, const Flow *except);

/* Ends all flows, oldest first. */
void flow_table_clear(FlowTable *table);

/* Flows so far, and of them those that had to go before their time. */
guint64 flow_table_count(const FlowTable *table);
guint64 flow_table_out(const FlowTable *table);
