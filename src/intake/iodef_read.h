/* iodef_read.h - what the elements of an IODEF document say (RFC 7970, and RFC 5070 before it), for
 * the readers of its XML and its JSON. Read leniently: order, name spaces and what else the schema
 * asks do not matter. */
#pragma once

#include "intake/finding_maker.h"
#include "intake/iodef_node.h"

/* What is known of the incident whose elements are being read. */
typedef struct {
    FindingMaker *maker;
    Incident *incident; /* NULL: nobody wants to know */
    Incident *own;      /* what is filled then */
    gboolean json;
    guint texts;          /* Descriptions of the incident so far */
    char *place;          /* "/IODEF-Document/Incident[2]", "$.Incident[1]" */
    guint64 line;         /* JSON: number of the incident */
    char *classification; /* what its assessment says */
    char *severity;
} IodefRead;

/* Begins incident number @number (from 1), whose attributes or members are those of @node. */
void iodef_read_begin(IodefRead *read, FindingMaker *maker, const xmlNode *node, guint64 number,
                      gboolean json);

void iodef_read_clear(IodefRead *read);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IodefRead, iodef_read_clear)

/* Reads one child element of the incident: the @number-th (from 1) of its name. Those before
 * EventData tell what all findings share, so they have to come first. FALSE with @error when the
 * sink says so. */
gboolean iodef_read_child(IodefRead *read, const xmlNode *node, guint number, GError **error);
