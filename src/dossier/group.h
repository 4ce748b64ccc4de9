/* group.h - the procedure "group": a working group with its meetings, texts, minutes, and actions
 * that have an owner and a due date. */
#pragma once

#include "dossier/engine.h"

extern const Procedure group_procedure;

/* Something that a member has to do. */
typedef struct {
    const Event *event; /* that set it */
    const Event *done;  /* that says it is done; NULL: it is not */
    gint64 due_us;
} GroupAction;

/* The actions of a group, in the order they were set. Elements: GroupAction. Caller frees. */
GArray *group_actions(const EngineResult *dossier);
