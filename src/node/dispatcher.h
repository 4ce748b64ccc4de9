/* dispatcher.h - sending: who a dispatch is for is resolved, each object is put to the policy for
 * each recipient, and what passes is committed in the ledger, where peers follow it.
 *
 * All or nothing of a dispatch is sent as far as the policy is concerned: one object that one
 * recipient may not have refuses the whole, with the rule that says so, before anything is
 * committed. What is larger than an entry becomes several, alike but for their items. */
#pragma once

#include "node/config.h"
#include "node/notary.h"
#include "policy/marking.h"
#include "policy/minimise.h"
#include "store/objects.h"

#define DISPATCHER_ITEMS_MAX   4096
#define DISPATCHER_BYTES       (1024 * 1024) /* of an entry's items; one item may be larger */
#define DISPATCHER_OBJECTS_MAX 10000000u
#define DISPATCHER_SET_BYTES   (64 * 1024 * 1024) /* of objects that are minimised together */

/* All borrowed. */
typedef struct {
    const char *title;
    MarkingTlp tlp; /* MARKING_TLP_NONE: the strictest that an object bears, or what the
                       configuration has for what is unmarked */
    MarkingPap pap;
    gboolean is_public;
    const char *const *to; /* names or origins of peers; NULL: none */
    const char *community; /* "name@node"; NULL: none */
    const char *purpose;   /* NULL: none */
    gboolean is_exercise;
    gboolean check_only;    /* ask the policy, and commit nothing: there are no entries then */
    gint64 expires;         /* G_MAXINT64: never */
    const char *const *ids; /* of objects, their latest versions; NULL: those of `query` */
    const ObjectsQuery *query;
    MarkingTlp unmarked;      /* [exchange] unmarked */
    const Minimise *minimise; /* [exchange] minimise: of own objects, alike for all recipients.
                                 References follow within MINIMISE_OBJECTS_MAX objects and
                                 DISPATCHER_SET_BYTES of them, in the order in which they are
                                 sent; NULL: all goes as it is */
} DispatcherSpec;

typedef struct {
    guint64 replaced; /* objects that went out without something */
    guint64 left_out; /* objects that did not go out */
} DispatcherMinimised;

typedef struct {
    GArray *entries; /* guint64: indexes in the ledger */
    guint64 objects;
    char **audience; /* origins */
    MarkingTlp tlp;
    DispatcherMinimised minimised;
} DispatcherResult;

void dispatcher_result_clear(DispatcherResult *result);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DispatcherResult, dispatcher_result_clear)

/* CONCERT_ERROR_DENIED: the policy forbids it; the message has the object, the recipient and the
 * rule. CONCERT_ERROR_NOT_FOUND: no such peer, community or object, or minimising left nothing;
 * CONCERT_ERROR_INPUT: nobody or nothing was named. */
gboolean dispatcher_send(Notary *notary, const DispatcherSpec *spec, DispatcherResult *ret_result,
                         GError **error);

/* Items of another kind, such as events of a dossier, that are made in the transaction which
 * commits their dispatch. Both functions run on the writer's thread and may run twice. A dispatch
 * to nobody is one too: it is committed, and stays here. */
typedef struct {
    /* Says whom they go to and how, and makes them (OpeningItemSpec). What *ret_spec borrows, and
     * *ret_items, live until dispatcher_send_item() returns. */
    gboolean (*make)(StoreTx *tx, gpointer user, DispatcherSpec *ret_spec, GArray **ret_items,
                     GError **error);
    /* Entry @index carries it: what is written now is durable with it or not at all. */
    gboolean (*sent)(StoreTx *tx, guint64 index, gpointer user, GError **error);
    gpointer user;
} DispatcherItem;

/* To peers by name; nobody is asked but the policy. */
gboolean dispatcher_send_item(Notary *notary, const DispatcherItem *item, guint64 *ret_index,
                              GError **error);

/* Gives the earlier dispatch @of to further peers, if the policy lets them have it. */
gboolean dispatcher_grant(Notary *notary, guint64 of, const char *const *to, guint64 *ret_index,
                          GError **error);

/* Withdraws or recalls the dispatch @of (or items of it) for all who have it.
 * CONCERT_ERROR_CONFLICT when it was already. */
gboolean dispatcher_retract(Notary *notary, guint64 of, gboolean is_recall, const guint *places,
                            guint n_places, const char *reason, guint64 *ret_index, GError **error);

/* What was sent on and was taken back by its author since is taken back from whoever has it from
 * here. Whatever was done already is not done again. */
gboolean dispatcher_settle_onward(Notary *notary, GError **error);
