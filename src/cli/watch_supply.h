/* watch_supply.h - the set that `concert watch` looks for, made anew on a thread of its own when
 * what it is made of has changed: the compiled file, the files of -i, or the node's store. */
#pragma once

#include "cli/command.h"
#include "shield/load.h"
#include "shield/set.h"
#include "shield/withhold.h"

typedef struct WatchSupply WatchSupply;

/* Opens the first set, and begins to look for changes, every second. What cannot be opened later is
 * told on standard error, and the set before stays. Fails where @withhold names lists that the
 * first set does not have. */
WatchSupply *watch_supply_start(const CommandCall *call, const LoadOptions *options,
                                const Withhold *withhold, GError **error);

void watch_supply_stop(WatchSupply *supply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WatchSupply, watch_supply_stop)

/* A set that was not taken yet, which becomes the caller's; NULL: nothing has changed. */
Set *watch_supply_take(WatchSupply *supply);

/* Makes the set anew, whether anything has changed or not. */
void watch_supply_again(WatchSupply *supply);
