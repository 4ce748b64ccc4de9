/* cmd_peer.h - what the files of `concert peer` share. */
#pragma once

#include "cli/command.h"
#include "cli/peer_witness_view.h"
#include "store/peers.h"

extern const Command cmd_peer_list;
extern const Command cmd_peer_show;
extern const Command cmd_peer_succeed;

/* Prints what is known of a peer as JSON; @words and @witness may be NULL. */
void cmd_peer_json(const Peer *peer, const char *words, const PeerWitnessView *witness);

/* The words of the peer (of peers_get()) and this node. Caller frees. */
char *cmd_peer_words(Store *store, const Peer *peer, GError **error);
