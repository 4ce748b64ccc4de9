/* follower_objects.h - the objects of a dispatch on their way into the store, and into the
 * collections that they reach. Private to the follower. */
#pragma once

#include "exchange/follower_items.h"
#include "exchange/reach.h"
#include "store/peers.h"

/* Puts the objects among the items of a dispatch; each item knows its version afterwards, and
 * @receipt counts what is new and what was known. FALSE only when the store fails. */
gboolean follower_objects_put(StoreTx *tx, Reach *reach, const Peer *peer, FollowerOpening *opening,
                              DispatchReceipt *receipt, GError **error);
