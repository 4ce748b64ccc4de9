/* release_act.h - what the operations on releases share. Private to them: an act changes the store
 * and says so in the ledger, for nobody, in one transaction. */
#pragma once

#include <yyjson.h>

#include "node/release_operation.h"

/* What a person, or a standing approval, does: it changes the store and says so in the ledger. */
typedef struct ReleaseAct ReleaseAct;
struct ReleaseAct {
    const char *kind;
    /* Does it, and adds to the entry what it is about. May run twice. */
    gboolean (*apply)(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc, yyjson_mut_val *root,
                      GError **error);
    const char *by;
    gint64 now;
    gint64 in_force; /* what has to be in force still; -1: anything */

    ReleasesRow *row; /* the release */
    GBytes *content;
    guint place;
    gboolean is_second;
    gboolean is_own; /* of who proposed it */
    gint64 target;   /* to go back to */
    ReleasesNever never;
    ReleasesStanding standing;
    guint64 count;
    const ReleaseOperationUse *uses; /* of standing approvals */
    guint n_uses;

    char *members; /* of the entry */
};

gboolean release_act_perform(Notary *notary, ReleaseAct *act, GError **error);

/* Release @number (0: none) is in force and not the one that was reckoned with:
 * CONCERT_ERROR_CONFLICT. Returns FALSE. */
gboolean release_act_refuse_overtaken(gint64 number, GError **error);

/* The parameter @name of @operation: a person's name, a reason, a source. Borrowed. */
gboolean release_act_text(yyjson_val *params, const char *operation, const char *name,
                          gboolean required, const char **ret_text, GError **error);

/* Adds which release it is about, and what came with it. */
void release_act_add_release(const ReleasesRow *row, yyjson_mut_doc *doc, yyjson_mut_val *root);
void release_act_add_changes(const ReleasesRow *row, yyjson_mut_doc *doc, yyjson_mut_val *root);

/* The apply of what puts act->row in force. */
gboolean release_act_enforce(StoreTx *tx, ReleaseAct *act, yyjson_mut_doc *doc,
                             yyjson_mut_val *root, GError **error);
