/* dispatcher_core.h - what the files of the dispatcher share. Private to them. */
#pragma once

#include "node/dispatcher.h"
#include "policy/audience.h"
#include "policy/decide.h"
#include "store/peers.h"

/* Whom something goes to, and what the policy has to know of them. */
typedef struct {
    Audience *audience;
    GPtrArray *peers; /* Peer *, one for each origin of the audience, in its order */
    gboolean is_public;
} DispatcherTarget;

void dispatcher_core_target_clear(DispatcherTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DispatcherTarget, dispatcher_core_target_clear)

gboolean dispatcher_core_resolve(Notary *notary, const char *const *to, const char *community,
                                 gboolean is_public, DispatcherTarget *ret_target, GError **error);

/* The same of peers by name, on the writer's thread: there nothing may wait for a reader. */
gboolean dispatcher_core_resolve_tx(StoreTx *tx, const char *const *to,
                                    DispatcherTarget *ret_target, GError **error);

/* What the policy asks about each of the target's peers; the viewer is borrowed from it. */
DecideViewer dispatcher_core_viewer(const DispatcherTarget *target, guint place,
                                    const char *community);

/* Sets @error: @what may not go to the node of @origin (NULL: anywhere), as @rule says. FALSE. */
gboolean dispatcher_core_deny(const char *what, const char *origin, const DecideRule *rule,
                              GError **error);
