/* peer_witness_view.h - what `concert peer show` says of who witnesses whom. */
#pragma once

#include <yyjson.h>

#include "exchange/card.h"
#include "node/node.h"
#include "store/witness.h"

/* What there is between this node and one peer. */
typedef struct {
    WitnessAsked *asked; /* the peer as a witness of this node's ledger; NULL: it is none */
    WitnessLog *log;     /* its ledger, that this node cosigns; NULL: it does not */
    const char *not_asked, *not_watched; /* static: why not, where there is none */
} PeerWitnessView;

gboolean peer_witness_view_read(Node *node, const Peer *peer, const Card *card,
                                PeerWitnessView *ret_view, GError **error);
void peer_witness_view_clear(PeerWitnessView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PeerWitnessView, peer_witness_view_clear)

/* Two lines. */
void peer_witness_view_print(const PeerWitnessView *view);

/* The members "witnesses_us" and "witnessed" of @root; their texts must live as long as @view. */
void peer_witness_view_json(const PeerWitnessView *view, yyjson_mut_doc *doc, yyjson_mut_val *root);
