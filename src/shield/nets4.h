/* nets4.h - which networks of IPv4 a set may have around an address, as its filters know them. */
#pragma once

#include "shield/filter.h"
#include "shield/key.h"

/* Networks whose prefixes are longer are known by the first 24 bits they reach into, the others by
 * the first 16. */
#define NETS4_WIDE 16

/* Does any reach into what begins with the same 16 bits? */
static inline gboolean nets4_reach(const Filters *filters, guint32 address)
{
    return filter_bit(filters->v4_nets, address >> 16);
}

static inline gboolean nets4_has_narrow(const Filters *filters, guint32 address)
{
    return filter_has(&filters->v4_near, key_v4_net(filters->seed, address >> 8));
}

static inline gboolean nets4_has_wide(const Filters *filters, guint32 address)
{
    return filter_has(&filters->v4_near, key_v4_net(filters->seed, 1u << 24 | address >> 16));
}

/* Begins to fetch what nets4_may_have() will ask for. */
static inline void nets4_fetch(const Filters *filters, guint32 address)
{
    if (!nets4_reach(filters, address))
        return;
    filter_fetch(&filters->v4_near, key_v4_net(filters->seed, address >> 8));
    filter_fetch(&filters->v4_near, key_v4_net(filters->seed, 1u << 24 | address >> 16));
}

/* May one have the address? */
static inline gboolean nets4_may_have(const Filters *filters, guint32 address)
{
    return nets4_reach(filters, address) &&
           (nets4_has_narrow(filters, address) || nets4_has_wide(filters, address));
}
