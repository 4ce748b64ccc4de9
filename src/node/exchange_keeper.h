/* exchange_keeper.h - what falls due by itself while the exchange runs: what peers let expire
 * leaves the collections, copies whose time is over are erased (store/retention.h), and what could
 * not be done in dossiers is tried again. On the exchanger's thread alone. */
#pragma once

#include "node/config.h"
#include "node/notary.h"

typedef struct {
    const Config *config;
    Notary *notary;
    gint64 next_machine, next_retention; /* monotonic */
} ExchangeKeeper;

/* Does what is due; *ret_next is lowered to when there is something again, in monotonic time. What
 * fails is tried again then. */
void exchange_keeper_run(ExchangeKeeper *keeper, gint64 *ret_next);
