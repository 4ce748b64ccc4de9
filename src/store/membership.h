/* membership.h - who is in a collection since when, and who was the last version until when.
 * Runs on the writer's thread. Private to the store. */
#pragma once

#include "store/pack.h"
#include "store/tx.h"

/* A version that is to become a member. */
typedef struct {
    gint64 version; /* number of the stored version */
    gint64 object;
    gint64 type;
    gboolean spec21;
    gint64 modified; /* microseconds */
    guint digits;
    PackSpan span;       /* where its bytes lie */
    gboolean first_ever; /* the store knew no version of the object before: no need to look */
} MembershipItem;

/* A collection open for changes within one request. */
typedef struct {
    gint64 collection;
    gint64 last_added; /* newest date_added so far */
    gint64 count;      /* members added less members removed by this request */
} Membership;

/* Fails with CONCERT_ERROR_NOT_FOUND when there is no such collection. */
gboolean membership_begin(StoreTx *tx, gint64 collection, Membership *ret_membership,
                          GError **error);

/* Makes @item a member unless that (object, specification, modified) is one already: *ret_added
 * says which, *ret_date is its date_added either way. */
gboolean membership_add(StoreTx *tx, Membership *membership, const MembershipItem *item,
                        gboolean *ret_added, gint64 *ret_date, GError **error);

/* Takes the member of date_added @date out. Call membership_settle() for its object afterwards. */
gboolean membership_remove(StoreTx *tx, Membership *membership, gint64 date, GError **error);

/* Works out anew who of the object's members was first and last until when. */
gboolean membership_settle(StoreTx *tx, gint64 collection, gint64 object, gboolean spec21,
                           GError **error);

/* Writes the collection's counters. */
gboolean membership_end(StoreTx *tx, const Membership *membership, GError **error);
