/* reach.h - collections whose members follow from the policy: what a collection's readers may see
 * of what peers sent, and of what was sent to them, is in it as soon as it is kept, and leaves it
 * with a withdrawal. So reading a collection decides nothing.
 *
 * A collection's `reach` says who reads it:
 *   officers          accounts of this organisation with that role
 *   staff             any account of this organisation
 *   clients           accounts that are flagged as its clients
 *   anyone            whoever asks
 *   peer:NAME         accounts of a peer that reads by TAXII
 * What reaches nobody of these stays in the store alone. */
#pragma once

#include "policy/decide.h"
#include "store/store.h"

typedef struct Reach Reach;

/* Reads the collections that have a reach, within a transaction; valid until its end. */
Reach *reach_load(StoreTx *tx, MarkingTlp unmarked, GError **error);
void reach_free(Reach *reach);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reach, reach_free)

/* CONCERT_ERROR_INPUT if @text is no reach. */
gboolean reach_check(const char *text, GError **error);

/* Of an item with the TLP level @object_tlp in @subject (whose own object_tlp is not read): the
 * collections it joins, as numbers; the reach's, until the next call. */
const GArray *reach_collections(Reach *reach, const DecideSubject *subject, MarkingTlp object_tlp);

/* Something has changed about the dispatches that carry these versions: each is put into the
 * collections that one of them lets it be in, and taken out of the others, unless people put it
 * there (store/placed.h). */
gboolean reach_review(Reach *reach, StoreTx *tx, const GArray *versions, GError **error);

/* @version was adopted (store/objects.h): it takes its place in the collections that a dispatch
 * lets it be in. What no peer ever sent is the node's own, and takes its place wherever people put
 * the object. */
gboolean reach_adopt(StoreTx *tx, gint64 version, GError **error);

/* Reviews everything, in the collections that the peer of @origin reads (NULL: any peer): its
 * peering or its membership of a community has changed. Nothing happens when there is no such
 * collection. */
gboolean reach_review_peer(StoreTx *tx, const char *origin, GError **error);

/* The same of everything, in one collection: its reach was set. */
gboolean reach_review_collection(StoreTx *tx, gint64 collection, GError **error);
