/* dispatcher_core.h - what the files of the dispatcher share. Private to them. */
#pragma once

#include "node/dispatcher.h"
#include "policy/audience.h"
#include "policy/decide.h"
#include "store/peers.h"

/* Whom something goes to, and what the policy has to know of them. */
typedef struct {
    Audience *audience;
    GPtrArray *peers;       /* Peer *, one for each origin of the audience, in its order */
    GPtrArray *communities; /* char **, of each of these: those that it is a member of now */
    gboolean is_public;
} DispatcherTarget;

void dispatcher_core_target_clear(DispatcherTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DispatcherTarget, dispatcher_core_target_clear)

/* @community NULL: none. Of its members those that are active peers are added to the ones named. */
gboolean dispatcher_core_resolve(Notary *notary, const char *const *to, const char *community,
                                 gboolean is_public, DispatcherTarget *ret_target, GError **error);

/* The same of peers by name, on the writer's thread: there nothing may wait for a reader. */
gboolean dispatcher_core_resolve_tx(StoreTx *tx, const char *const *to,
                                    DispatcherTarget *ret_target, GError **error);

/* What the policy asks about each of the target's peers; the viewer is borrowed from it. */
DecideViewer dispatcher_core_viewer(const DispatcherTarget *target, guint place);

/* What was received goes on to @target as @carrier says. All borrowed. */
typedef struct {
    Store *store;
    const DispatcherTarget *target;
    DecideCarrier carrier;
    MarkingTlp unmarked;
} DispatcherOnward;

/* An object that came in several dispatches may go on if one of them lets it; the error is that of
 * the last. What no live dispatch carries does not go on at all. */
gboolean dispatcher_core_check_onward(const DispatcherOnward *onward, const ObjectsRow *row,
                                      GError **error);

/* The names of the nodes whose objects are theirs. Caller unrefs. */
GHashTable *dispatcher_core_sources(Store *store, GError **error);

/* Sets @error: @what may not go to the node of @origin (NULL: anywhere), as @rule says. FALSE. */
gboolean dispatcher_core_deny(const char *what, const char *origin, const DecideRule *rule,
                              GError **error);

/* An object on its way out. */
typedef struct {
    gint64 version;
    ObjectSpec spec;
    char *source;
    GBytes *bytes;
} DispatcherObject;

DispatcherObject *dispatcher_object_new(const ObjectsRow *row);
void dispatcher_object_free(DispatcherObject *object);

/* Puts in the place of own objects among @objects (DispatcherObject *) what the rules leave of
 * them, stored as new versions of the same source; what they leave nothing of is taken out. Adds
 * to @counts. What came of @sources stays as it is. */
gboolean dispatcher_core_minimise(Notary *notary, const Minimise *minimise, GHashTable *sources,
                                  GPtrArray *objects, DispatcherMinimised *counts, GError **error);
