/* notice_told.h - what was drafted or sent to whom before, so that a list given twice tells nobody
 * twice.
 *
 * A finding was told before when a notice of this node to the same recipient, neither withdrawn nor
 * discarded, has it - the same value, address, port, protocol and class - and it was not seen later
 * than that one was, or, where that one has no time, than that notice was drafted. What is seen
 * again is told again; a finding without a time never is. */
#pragma once

#include "node/notice_split.h"
#include "store/store.h"

/* A notice that has some of the findings. */
typedef struct {
    char *dossier, *state;
    char *recipient;
    guint findings;
} NoticeToldNotice;

typedef struct {
    guint64 findings;   /* that were taken out */
    GPtrArray *notices; /* NoticeToldNotice *, those with the newest events first */
} NoticeTold;

void notice_told_clear(NoticeTold *told);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NoticeTold, notice_told_clear)

/* Takes out of the groups of @split, some of which may then be empty, what the node @self told
 * before; @is_exercise: in exercises, which count apart. */
gboolean notice_told_drop(Store *store, const char *self, gboolean is_exercise, NoticeSplit *split,
                          NoticeTold *ret_told, GError **error);
