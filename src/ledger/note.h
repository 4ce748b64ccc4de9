/* note.h - signed notes (c2sp.org/signed-note): text, a blank line, signature lines; and the text
 * forms of the keys that sign and verify them.
 *
 * A note is kept byte for byte as it came, signatures of unknown keys and algorithms included, so
 * that it can be relayed. Base64 must be canonical: a signature has one spelling. */
#pragma once

#include <glib.h>

#define NOTE_BYTES_MAX       (1024 * 1024)
#define NOTE_SIGNATURES_MAX  100 /* as golang.org/x/mod/sumdb/note */
#define NOTE_NAME_MAX        255 /* bytes of a key name, as the ML-DSA-44 cosignature can hold */
#define NOTE_LINE_PREFIX     "\342\200\224 " /* em dash (U+2014) and space: begins a signature line */
#define NOTE_PUBLIC_KEY_SIZE 32
#define NOTE_SEED_SIZE       32
#define NOTE_SIGNATURE_SIZE  64 /* of plain Ed25519 */

/* Signature type identifier bytes. Any other is possible in a note and never verifies. */
typedef enum {
    NOTE_ED25519 = 0x01,
    NOTE_COSIGNATURE = 0x04,       /* cosignature/v1: Ed25519 with a time */
    NOTE_COSIGNATURE_MLDSA = 0x06, /* ML-DSA-44: keys are read and written, nothing verifies */
} NoteAlgorithm;

/* "Ed25519", "cosignature/v1", "ML-DSA-44"; NULL for a byte that is in no specification. And
 * whether signatures of that kind can be verified here. */
const char *note_algorithm_name(guint8 algorithm);
gboolean note_algorithm_is_verifiable(guint8 algorithm);

/* Whether a key may bear the name: UTF-8, 1 to NOTE_NAME_MAX bytes, no spaces of Unicode, no "+".
 */
gboolean note_name_is_valid(const char *name, gsize length);

/* A public key under a name. */
typedef struct {
    char *name;
    guint32 id; /* first 4 bytes of SHA-256(name || \n || algorithm || key) */
    guint8 algorithm;
    GBytes *key; /* without the algorithm byte */
} NoteVerifier;

/* Reads "<name>+<id, 8 hex digits>+<base64 of algorithm and key>". CONCERT_ERROR_INPUT if it is no
 * such text, its id is not that of the key, or the algorithm is unknown. */
NoteVerifier *note_verifier_parse(const char *vkey, GError **error);
NoteVerifier *note_verifier_new(const char *name, NoteAlgorithm algorithm, const void *key,
                                gsize length, GError **error);
char *note_verifier_format(const NoteVerifier *verifier);

/* Whether @signature (without a key id) is one of @verifier's on @text. FALSE for an algorithm that
 * cannot be verified. */
gboolean note_verifier_check(const NoteVerifier *verifier, const char *text, gsize length,
                             const guint8 *signature, gsize size);

NoteVerifier *note_verifier_copy(const NoteVerifier *verifier);
void note_verifier_free(NoteVerifier *verifier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NoteVerifier, note_verifier_free)

/* A secret key under a name; algorithms NOTE_ED25519 and NOTE_COSIGNATURE. Kept in memory that is
 * not swapped out where the system allows, and wiped when freed. */
typedef struct NoteSigner NoteSigner;

NoteSigner *note_signer_generate(const char *name, NoteAlgorithm algorithm, GError **error);
NoteSigner *note_signer_new(const char *name, NoteAlgorithm algorithm,
                            const guint8 seed[NOTE_SEED_SIZE], GError **error);

/* The same name and seed under another algorithm: a cosign key signs its key changes as Ed25519. */
NoteSigner *note_signer_as(const NoteSigner *signer, NoteAlgorithm algorithm, GError **error);

/* The X25519 form of a NOTE_ED25519 key pair (the birational map of RFC 7748 section 4.1, as
 * libsodium has it): for agreeing on keys, by one that signs nothing. Who gets the secret wipes it.
 * CONCERT_ERROR_INPUT if a public key has none. */
#define NOTE_X25519_SIZE 32
gboolean note_signer_x25519(const NoteSigner *signer, guint8 ret_secret[NOTE_X25519_SIZE],
                            GError **error);
gboolean note_verifier_x25519(const NoteVerifier *verifier, guint8 ret_public[NOTE_X25519_SIZE],
                              GError **error);

/* "PRIVATE+KEY+<name>+<id>+<base64 of algorithm and seed>". Who gets that text wipes it. */
NoteSigner *note_signer_parse(const char *skey, GError **error);
char *note_signer_format(const NoteSigner *signer);
const NoteVerifier *note_signer_verifier(const NoteSigner *signer); /* the signer's */

/* The Ed25519 signature (RFC 8032) of @length bytes that are no note; note_verifier_check() checks
 * it. Whoever signs so sees to it that the bytes can never be a note's text. NOTE_ED25519 only:
 * CONCERT_ERROR_INPUT for another key. */
gboolean note_signer_sign(const NoteSigner *signer, const void *bytes, gsize length,
                          guint8 ret_signature[NOTE_SIGNATURE_SIZE], GError **error);
void note_signer_free(NoteSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NoteSigner, note_signer_free)

typedef struct {
    char *name;
    guint32 key_id;
    GBytes *signature; /* without the key id */
    const char *line;  /* the note's: "— name base64", without the newline */
    gsize line_length;
} NoteSignature;

typedef struct {
    char *bytes; /* all of it, NUL-terminated */
    gsize length;
    gsize text_length; /* of the signed text at the start of bytes, its last newline included */
    guint n_signatures;
    NoteSignature *signatures;
} Note;

/* Takes a copy of a signed note apart. CONCERT_ERROR_INPUT if it is none, CONCERT_ERROR_LIMIT if
 * it is too large or has too many signatures. Nothing is verified. */
Note *note_parse(const char *bytes, gsize length, GError **error);
void note_free(Note *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Note, note_free)

/* Whether the signature claims to be of that key: by its name and id. */
gboolean note_signature_is_of(const NoteSignature *signature, const NoteVerifier *verifier);

/* Fills ret_signed[i] with whether verifier i has signed. As note_verify(), but that nobody has is
 * no failure. */
gboolean note_find_signers(const Note *note, const NoteVerifier *const *verifiers,
                           guint n_verifiers, gboolean *ret_signed, GError **error);

/* Whether @verifiers say that the note is genuine: at least one of them signed it, and no
 * signature under the name and id of one of them is wrong. Signatures of other keys, and of
 * algorithms that cannot be verified, are passed over. ret_signed[i] (may be NULL) says whether
 * verifier i signed; it is filled on success only. CONCERT_ERROR_DENIED if none signed or a
 * signature is wrong, CONCERT_ERROR_INPUT if two verifiers for one signature have one name and id.
 */
gboolean note_verify(const Note *note, const NoteVerifier *const *verifiers, guint n_verifiers,
                     gboolean *ret_signed, GError **error);

/* Whether @text may be that of a note: ends in a newline, is UTF-8, has no other control
 * characters. CONCERT_ERROR_INPUT if not. */
gboolean note_text_check(const char *text, gsize length, GError **error);

/* The line "— name base64\n" by which @signer signs @text. @time_s (POSIX, at most 2^63 - 1) is
 * when a NOTE_COSIGNATURE is made; NOTE_ED25519 has no time. */
char *note_signature_line(const NoteSigner *signer, const char *text, guint64 time_s,
                          GError **error);

/* Text and signature line together: a new note. */
char *note_sign(const char *text, const NoteSigner *signer, guint64 time_s, GError **error);

/* The note with @lines ("— name base64\n", one or more) after its signatures; those of the same
 * name and key id make way for the new ones. Order and bytes of the others stay. */
char *note_append(const Note *note, const char *lines, GError **error);
