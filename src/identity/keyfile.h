/* keyfile.h - one secret key in a file: a line with the text of note_signer_format(), or that line
 * sealed as a "key" (identity/seal.h) whose head is the line of its public key.
 *
 * Only its owner may read such a file. */
#pragma once

#include "identity/seal.h"
#include "ledger/note.h"

#define KEYFILE_BYTES_MAX SEAL_TEXT_MAX

/* A key as it came. */
typedef struct {
    NoteVerifier *verifier; /* while it is sealed: as its head claims */
    NoteSigner *signer;     /* NULL while it is sealed */
    SealText *sealed;       /* NULL if it came in the clear */
} KeyFile;

/* CONCERT_ERROR_INPUT if it is neither. */
KeyFile *keyfile_parse(const char *text, gsize length, GError **error);
void keyfile_free(KeyFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyFile, keyfile_free)

/* Unseals it. CONCERT_ERROR_DENIED if the seal is another one or the text was changed. */
gboolean keyfile_open(KeyFile *file, const Seal *seal, GError **error);

/* What is to be written: sealed, or in the clear when @seal is NULL. Free with
 * seal_secret_free(). */
char *keyfile_format(const NoteSigner *signer, const Seal *seal, GError **error);

/* The bytes of the file @path, with a NUL after them; free with seal_secret_free(). The length may
 * be NULL. CONCERT_ERROR_NOT_FOUND if it is not there, CONCERT_ERROR_DENIED if it is not a plain
 * file or others than its owner may read or write it, CONCERT_ERROR_INPUT if it has a NUL in it,
 * CONCERT_ERROR_LIMIT if it is larger than KEYFILE_BYTES_MAX. */
char *keyfile_read(const char *path, gsize *ret_length, GError **error);

/* CONCERT_ERROR_DENIED if others than its owner can get at the directory. */
gboolean keyfile_check_directory(const char *path, GError **error);
