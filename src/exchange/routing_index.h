/* routing_index.h - numbers found by the network, AS number or domain that they are filed under:
 * the longest prefix first, and of a name the nearest domain first.
 *
 * It is filled, sealed, and then only read. A search costs a binary search and as many steps as
 * prefixes are nested there. */
#pragma once

#include "stix/observable_address.h"

typedef struct RoutingIndex RoutingIndex;

RoutingIndex *routing_index_new(void);
void routing_index_free(RoutingIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RoutingIndex, routing_index_free)

/* Under one and the same network, AS number or domain those of a lower @rank come first, then those
 * that were added first. @domain is canonical. */
void routing_index_add_network(RoutingIndex *index, const ObservableAddress *network, guint rank,
                               guint32 value);
void routing_index_add_as(RoutingIndex *index, guint32 as, guint rank, guint32 value);
void routing_index_add_domain(RoutingIndex *index, const char *domain, guint rank, guint32 value);

void routing_index_seal(RoutingIndex *index);

/* One that was found. */
typedef struct {
    guint32 value;
    ObservableAddress network; /* that it is filed under */
    const char *domain;        /* likewise; the index's */
} RoutingHit;

/* Says whether to go on to the next, which is less exact. */
typedef gboolean (*RoutingVisit)(gpointer user, const RoutingHit *hit);

/* All that hold the whole of @network, of @as, or of @domain and those above it. */
void routing_index_network(const RoutingIndex *index, const ObservableAddress *network,
                           RoutingVisit visit, gpointer user);
void routing_index_as(const RoutingIndex *index, guint32 as, RoutingVisit visit, gpointer user);
void routing_index_domain(const RoutingIndex *index, const char *domain, RoutingVisit visit,
                          gpointer user);
