/* told.h - which hits were told since places were last written down, so that a watcher that was
 * killed does not tell them again.
 *
 * A file beside the state, which grows with what is told and begins anew with each writing of the
 * state. It holds lines:
 *
 *     concert told 1 BOOT                              what follows was told in this run of the
 * system r DEVICE INODE BORN OFFSET LENGTH SHA-256        a piece of a file that was looked
 * through, h PRINT                                          and a hit in it
 *
 * It is written behind the hits, and never synced: whoever kills a process does not harm it, and
 * after a loss of power, which may have taken the hits as well, another BOOT says not to believe
 * it. A piece whose bytes are others now says nothing, and what cannot be read neither: then hits
 * are told twice. The file is locked as long as the watcher lives. */
#pragma once

#include "base/sha256.h"
#include "shield/scan.h"

#define TOLD_SUFFIX ".told"

/* Hits between two writings of the state that are kept; more may be told twice. */
#define TOLD_MAX (128 * 1024)

/* Bytes of a piece's beginning and of its end that its print is of. */
#define TOLD_SAMPLE 4096

/* Of what makes a hit this one: place, indicator, value, spelling. */
typedef struct {
    guint8 bytes[16];
} ToldPrint;

/* A piece of a file. */
typedef struct {
    guint64 device, inode;
    gint64 born;
    guint64 offset, length;
    guint8 print[SHA256_SIZE];
} ToldPiece;

typedef struct Told Told;

/* What was told of one file. */
typedef struct ToldFile ToldFile;

/* Knows nothing, and keeps what it is told in no file. */
Told *told_new(void);

/* Locks and reads the file beside the state @state, made if it is not there; with @forget what it
 * holds is not believed. CONCERT_ERROR_BUSY when another process has it. */
Told *told_open(const char *state, gboolean forget, GError **error);

/* Takes in the lines of @text; from a damaged one only what is whole. */
void told_read(Told *told, const char *text, gsize length);

void told_free(Told *told);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Told, told_free)

/* --- What was told before -------------------------------------------------------------------- */

/* What was told behind @offset of the file @fd, of which @piece says which it is; NULL: nothing.
 * Belongs to @told, until told_forget(). */
ToldFile *told_find(Told *told, int fd, const ToldPiece *piece, guint64 offset);

gboolean told_has(const ToldFile *file, const ToldPrint *print);

/* Behind this nothing was told. */
guint64 told_end(const ToldFile *file);

void told_forget(Told *told, ToldFile *file);

/* --- What is told now ------------------------------------------------------------------------ */

void told_print(const ScanHit *hit, ToldPrint *ret_print);
guint told_print_hash(gconstpointer print);
gboolean told_print_equal(gconstpointer a, gconstpointer b);

/* Sets the print of @piece, whose bytes are @text. */
void told_piece_print(ToldPiece *piece, const char *text);

/* The next hits are in @piece; its print is made only when there are any, of @text, which must be
 * there until the next call. */
void told_look(Told *told, const ToldPiece *piece, const char *text);

/* A hit of the piece, which is on its way out. */
void told_add(Told *told, const ToldPrint *print);

/* Hits that were added and not committed. */
guint told_waiting(const Told *told);

/* Notes those that wait: they are out. */
gboolean told_commit(Told *told, GError **error);

/* Should the state be written, so that it can begin anew? */
gboolean told_is_full(const Told *told);

/* Forgets what was told since the last time; of what was told before only what nobody forgot is
 * kept. What is told_keep()t and then committed takes the place of all that there was. */
void told_begin_anew(Told *told);

/* Keeps @n_prints hits of @piece. */
void told_keep(Told *told, const ToldPiece *piece, const ToldPrint *prints, guint n_prints);
