/* desk.h - what a node keeps of a dossier for itself: who works on it here, and notes. None of it
 * is ever sent. */
#pragma once

#include "store/store.h"

#define DESK_NAME_MAX  256         /* bytes of a person's name */
#define DESK_TEXT_MAX  (16 * 1024) /* bytes of a note */
#define DESK_NOTES_MAX 1000        /* notes of a dossier */

/* Who works on it from @at on; NULL: nobody. Of a dossier by its whole id. */
gboolean desk_assign(StoreTx *tx, const char *dossier, const char *name, gint64 at, GError **error);

/* Adds a note. CONCERT_ERROR_LIMIT beyond DESK_NOTES_MAX. */
gboolean desk_add_note(StoreTx *tx, const char *dossier, const char *author, const char *text,
                       gint64 at, GError **error);

typedef struct {
    char *author, *text;
    gint64 at;
} DeskNote;

typedef struct {
    char *dossier;
    char *assignee; /* NULL: nobody */
    gint64 since;
    GPtrArray *notes; /* DeskNote *, as they were added; of desk_list(): NULL */
} Desk;

void desk_free(Desk *desk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Desk, desk_free)

/* What is kept of one dossier; empty if nothing is. */
Desk *desk_get(Store *store, const char *dossier, GError **error);

/* What is assigned, to @name or (NULL) to anybody, the longest first. Elements: Desk *. */
GPtrArray *desk_list(Store *store, const char *name, GError **error);
