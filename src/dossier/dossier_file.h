/* dossier_file.h - events of dossiers and the keys that verify them as one file, for who has no
 * node, or wants to check what a node says: JSON, one value a line.
 *
 *     {"concert":"events/v1"}
 *     {"key":"cert.alder.example/message+0123abcd+AQ..."}
 *     {"affiliation":"XA","node":"cert.alder.example"}
 *     {"body":{...},"concert":"event/v1","signatures":[...]}
 *
 * Whose key it is, the file only claims: who reads it compares the keys with those that it knows.
 */
#pragma once

#include "dossier/event.h"

#define DOSSIER_FILE_BYTES_MAX (256 * 1024 * 1024)
#define DOSSIER_FILE_KEYS_MAX  16384

/* --- writing -----------------------------------------------------------------------------------
 */

void dossier_file_begin(GString *text);
void dossier_file_add_key(GString *text, const char *vkey);

/* The country or territory that a node declares. */
void dossier_file_add_place(GString *text, const char *node, const char *place);

/* @bytes as event_make() made them: on one line. */
void dossier_file_add_event(GString *text, GBytes *bytes);

/* --- reading -----------------------------------------------------------------------------------
 */

typedef struct {
    GPtrArray *keys;    /* NoteVerifier *, of messages: the name ends in "/message" */
    GHashTable *places; /* node -> what it declares; as the file has it */
    GPtrArray *events;  /* Event *, those whose signature is right */
    GPtrArray *faults;  /* char *, what is wrong with each of the others: "line 7: ballot of
                           cert.birch.example ...: ..." */
} DossierFile;

/* Reads and verifies it. An event counts if a key of its author's node signed it: one of the
 * file's, or of @trusted (elements: NoteVerifier *) only, unless that is NULL. What is wrong with
 * single lines is told by `faults`. CONCERT_ERROR_INPUT if it is no such file, _LIMIT, _NEWER. */
DossierFile *dossier_file_read(const char *text, gsize length, const GPtrArray *trusted,
                               GError **error);

void dossier_file_free(DossierFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DossierFile, dossier_file_free)
