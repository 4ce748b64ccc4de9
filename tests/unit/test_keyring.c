/* Keyrings: made, sealed, rotated with a crash at every step, replaced, backed up. */
#include "identity/keyring.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "identity/keyring_bundle.h"
#include "identity/keyring_card.h"
#include "identity/keyring_public.h"
#include "identity/seal.h"
#include "tree.h"

#define NODE   "cert.alder.example"
#define FIRST  "the first passphrase"
#define SECOND "the second passphrase"

typedef struct {
    char *parent;
    char *directory;
    char *recovery;
} Fixture;

/* @data is the passphrase, or NULL. */
static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->parent = g_dir_make_tmp("concert-keyring-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->directory = g_build_filename(fixture->parent, "keys", NULL);
    keyring_create(fixture->directory, NODE, data, &fixture->recovery, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    tree_remove(fixture->parent);
    g_free(fixture->parent);
    g_free(fixture->directory);
    seal_secret_free(fixture->recovery);
}

static char *path_of(const Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->directory, name, NULL);
}

static char *read_file(const Fixture *fixture, const char *name)
{
    g_autofree char *path = path_of(fixture, name);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void write_file(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = path_of(fixture, name);
    g_autoptr(GError) error = NULL;
    g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
    g_assert_no_error(error);
    g_chmod(path, 0600);
}

static void delete_file(const Fixture *fixture, const char *name)
{
    g_autofree char *path = path_of(fixture, name);
    g_assert_cmpint(g_remove(path), ==, 0);
}

static gboolean has_file(const Fixture *fixture, const char *name)
{
    g_autofree char *path = path_of(fixture, name);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static Keyring *open_keyring(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    Keyring *keyring = keyring_open(fixture->directory, &error);
    g_assert_no_error(error);
    return keyring;
}

/* Opened, and unlocked if it has a passphrase. */
static Keyring *unlocked(const Fixture *fixture, const char *passphrase)
{
    g_autoptr(GError) error = NULL;
    Keyring *keyring = open_keyring(fixture);
    g_assert_cmpint(keyring_is_locked(keyring), ==, passphrase != NULL);
    if (passphrase)
        keyring_unlock(keyring, passphrase, &error);
    g_assert_no_error(error);
    g_assert_false(keyring_is_locked(keyring));
    return keyring;
}

static char *vkey_of(Keyring *keyring, KeyringRole role)
{
    g_autoptr(NoteVerifier) verifier = keyring_verifier(keyring, role);
    return note_verifier_format(verifier);
}

static char *vkey_of_signer(const NoteSigner *signer)
{
    g_assert_nonnull(signer);
    return note_verifier_format(note_signer_verifier(signer));
}

/* The role's key signs, and it is @vkey. */
static void check_signs(Keyring *keyring, KeyringRole role, const char *vkey)
{
    g_autoptr(GError) error = NULL;
    const NoteSigner *signer = keyring_signer(keyring, role, &error);
    g_assert_no_error(error);
    g_autofree char *signed_by = vkey_of_signer(signer);
    g_assert_cmpstr(signed_by, ==, vkey);
    g_autofree char *text = note_sign("text\n", signer, 1, &error);
    g_assert_no_error(error);
    g_autoptr(Note) note = note_parse(text, strlen(text), &error);
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(vkey, &error);
    const NoteVerifier *verifiers[] = {verifier};
    note_verify(note, verifiers, 1, NULL, &error);
    g_assert_no_error(error);
}

static void check_no_signer(Keyring *keyring, KeyringRole role, int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(keyring_signer(keyring, role, &error));
    g_assert_error(error, CONCERT_ERROR, code);
}

static void settle(Keyring *keyring, KeyringRole role, const char *vkey)
{
    g_autoptr(GError) error = NULL;
    keyring_settle(keyring, role, vkey, &error);
    g_assert_no_error(error);
}

static void check_not_settled(Keyring *keyring, KeyringRole role, const char *vkey, int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(keyring_settle(keyring, role, vkey, &error));
    g_assert_error(error, CONCERT_ERROR, code);
    check_no_signer(keyring, role, code);
}

static char *stage(Keyring *keyring, KeyringRole role)
{
    g_autoptr(GError) error = NULL;
    const NoteSigner *signer = keyring_stage(keyring, role, &error);
    g_assert_no_error(error);
    return vkey_of_signer(signer);
}

static char *replace(Keyring *keyring, KeyringRole role, const char *current)
{
    g_autoptr(GError) error = NULL;
    const NoteSigner *signer = keyring_replace(keyring, role, current, &error);
    g_assert_no_error(error);
    return vkey_of_signer(signer);
}

static char *foreign_vkey(const char *name)
{
    g_autoptr(NoteSigner) signer = note_signer_generate(name, NOTE_ED25519, NULL);
    return vkey_of_signer(signer);
}

/* The vkey of a message or parcel key, which is made if it never was. */
static char *card_vkey(Keyring *keyring, KeyringRole role)
{
    g_autoptr(GError) error = NULL;
    const NoteSigner *signer = keyring_card_signer(keyring, role, &error);
    g_assert_no_error(error);
    return vkey_of_signer(signer);
}

/* --- making and opening ------------------------------------------------------------------------
 */

static void check_mode(const char *path, mode_t mode)
{
    GStatBuf info;
    g_assert_cmpint(g_stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, mode);
}

static void test_create(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = {"ledger.key", "cosign.key", "message.key", "parcel.key",
                                        "public.json"};
    check_mode(fixture->directory, 0700);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = path_of(fixture, names[i]);
        check_mode(path, 0600);
        g_autofree char *text = read_file(fixture, names[i]);
        g_assert_cmpint(strstr(text, "PRIVATE") != NULL, ==, data == NULL && i < 4);
        g_assert_null(strstr(text, fixture->recovery));
    }
    g_autoptr(Keyring) keyring = unlocked(fixture, data);
    g_assert_cmpstr(keyring_node(keyring), ==, NODE);
    g_assert_cmpint(keyring_is_sealed(keyring), ==, data != NULL);
    static const char *const suffixes[] = {"/ledger", "/witness", "/recovery", "/message",
                                           "/parcel"};
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
        g_autoptr(NoteVerifier) key = keyring_verifier(keyring, role);
        g_autofree char *name = g_strconcat(NODE, suffixes[role], NULL);
        g_assert_cmpstr(key->name, ==, name);
        g_assert_cmpint(key->algorithm, ==,
                        role == KEYRING_COSIGN ? NOTE_COSIGNATURE : NOTE_ED25519);
        g_assert_null(keyring_staged(keyring, role));
    }
    for (KeyringRole role = 0; role < KEYRING_SETTLED; role++) {
        g_autofree char *vkey = vkey_of(keyring, role);
        check_no_signer(keyring, role, CONCERT_ERROR_CONFLICT); /* not settled */
        settle(keyring, role, NULL);                            /* a new ledger */
        check_signs(keyring, role, vkey);
        settle(keyring, role, vkey);
        check_signs(keyring, role, vkey);
    }
}

static void test_create_refused(Fixture *fixture, gconstpointer data)
{
    g_autofree char *recovery = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *before = read_file(fixture, "ledger.key");
    g_assert_false(keyring_create(fixture->directory, NODE, NULL, &recovery, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_autofree char *after = read_file(fixture, "ledger.key");
    g_assert_cmpstr(before, ==, after);

    g_autofree char *other = g_build_filename(fixture->parent, "other", NULL);
    g_autofree char *longest = g_strnfill(250, 'a');
    const char *const names[] = {"", "with space", "a+b", "a/b", longest};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_clear_error(&error);
        g_assert_false(keyring_create(other, names[i], NULL, &recovery, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_clear_error(&error);
    g_assert_false(keyring_create(other, NODE, "short", &recovery, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
    g_assert_null(recovery);

    /* An empty directory will do, and what a crash left beside it does not matter. */
    g_autofree char *leftover = g_strconcat(other, ".new", NULL);
    g_autofree char *half = g_build_filename(leftover, "ledger.key", NULL);
    g_mkdir(other, 0755);
    g_mkdir(leftover, 0700);
    g_file_set_contents(half, "half of a k", -1, NULL);
    g_clear_error(&error);
    g_assert_true(keyring_create(other, NODE, NULL, &recovery, &error));
    g_assert_no_error(error);
    check_mode(other, 0700);
    g_assert_false(g_file_test(leftover, G_FILE_TEST_EXISTS));
}

static void check_open_fails(const Fixture *fixture, int code, const char *says)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(keyring_open(fixture->directory, &error));
    g_assert_error(error, CONCERT_ERROR, code);
    g_assert_nonnull(strstr(error->message, says));
}

static void test_modes(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = {"ledger.key",          "cosign.key",  "ledger.key.next",
                                        "cosign.key.next",     "message.key", "parcel.key",
                                        "parcel.key.previous", "public.json"};
    g_autofree char *text = read_file(fixture, "ledger.key");
    write_file(fixture, "ledger.key.next", text);
    g_autofree char *other = read_file(fixture, "cosign.key");
    write_file(fixture, "cosign.key.next", other);
    g_autofree char *parcel = read_file(fixture, "parcel.key");
    write_file(fixture, "parcel.key.previous", parcel);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = path_of(fixture, names[i]);
        g_chmod(path, 0640);
        check_open_fails(fixture, CONCERT_ERROR_DENIED, "0640");
        check_open_fails(fixture, CONCERT_ERROR_DENIED, path);
        g_chmod(path, 0600);
    }
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_chmod(fixture->directory, 0711);
    check_open_fails(fixture, CONCERT_ERROR_DENIED, "0711");
    g_chmod(fixture->directory, 0700);
}

static void test_damaged_public(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = read_file(fixture, "public.json");
    g_autofree char *doubled = g_strdup_printf("{\"node\": \"x\", %s", good + 1);
    g_autofree char *renamed = g_strdup(good);
    memcpy(strstr(renamed, "alder"), "birch", 5); /* "node", no longer that of the keys */
    const char *const bad[] = {"", "no JSON", "[]", "{}", doubled, renamed};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        write_file(fixture, "public.json", bad[i]);
        check_open_fails(fixture, CONCERT_ERROR_INPUT, "public.json");
    }
    delete_file(fixture, "public.json");
    check_open_fails(fixture, CONCERT_ERROR_NOT_FOUND, "public.json");
    tree_remove(fixture->directory);
    check_open_fails(fixture, CONCERT_ERROR_NOT_FOUND, fixture->directory);
}

/* The keyring opens, tells of the key only when it is wanted, and the key can be replaced. */
static void test_lost_key(Fixture *fixture, gconstpointer data)
{
    g_autofree char *cosign = read_file(fixture, "cosign.key");
    const struct {
        const char *text; /* NULL: no file */
        int code;
    } cases[] = {
        {NULL, CONCERT_ERROR_NOT_FOUND},
        {"", CONCERT_ERROR_INPUT},
        {"PRIVATE+KEY+half", CONCERT_ERROR_INPUT},
        {"concert/v1 sealed key\n", CONCERT_ERROR_INPUT},
        {cosign, CONCERT_ERROR_INPUT}, /* another role's */
    };
    g_autofree char *vkey = NULL;
    {
        g_autoptr(Keyring) keyring = open_keyring(fixture);
        vkey = vkey_of(keyring, KEYRING_LEDGER);
    }
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (cases[i].text)
            write_file(fixture, "ledger.key", cases[i].text);
        else
            delete_file(fixture, "ledger.key");
        g_autoptr(Keyring) keyring = open_keyring(fixture);
        g_autofree char *still = vkey_of(keyring, KEYRING_LEDGER); /* public.json has it */
        g_assert_cmpstr(still, ==, vkey);
        check_not_settled(keyring, KEYRING_LEDGER, vkey, cases[i].code);
        g_autoptr(GError) error = NULL;
        g_assert_null(keyring_stage(keyring, KEYRING_LEDGER, &error));
        g_assert_error(error, CONCERT_ERROR, cases[i].code);
        g_assert_null(keyring_export(keyring, SECOND, NULL));
        settle(keyring, KEYRING_COSIGN, NULL); /* the other one works */

        g_autofree char *next = replace(keyring, KEYRING_LEDGER, vkey);
        g_assert_cmpstr(next, !=, vkey);
        settle(keyring, KEYRING_LEDGER, next);
        check_signs(keyring, KEYRING_LEDGER, next);
        g_free(vkey);
        vkey = g_strdup(next);
    }
}

/* --- rotation ----------------------------------------------------------------------------------
 */

static void test_rotation(Fixture *fixture, gconstpointer data)
{
    for (KeyringRole role = 0; role < KEYRING_SETTLED; role++) {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        g_autoptr(GError) error = NULL;
        g_autofree char *old = vkey_of(keyring, role);
        g_assert_null(keyring_stage(keyring, role, &error)); /* not settled */
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
        g_clear_error(&error);
        settle(keyring, role, old);
        g_autofree char *next = stage(keyring, role);
        g_assert_cmpstr(next, !=, old);
        g_autoptr(NoteVerifier) staged = keyring_staged(keyring, role);
        g_autofree char *staged_vkey = note_verifier_format(staged);
        g_assert_cmpstr(staged_vkey, ==, next);
        check_signs(keyring, role, old);
        /* A retry does not make another one. */
        g_autofree char *again = stage(keyring, role);
        g_assert_cmpstr(again, ==, next);
        const NoteSigner *old_signer = keyring_signer(keyring, role, NULL);
        settle(keyring, role, next);
        check_signs(keyring, role, next);
        g_assert_null(keyring_staged(keyring, role));
        /* Who was signing meanwhile still can. */
        g_autofree char *line = note_signature_line(old_signer, "text\n", 1, &error);
        g_assert_no_error(error);

        g_autoptr(Keyring) reopened = unlocked(fixture, data);
        settle(reopened, role, next);
        check_signs(reopened, role, next);
        check_not_settled(reopened, role, old, CONCERT_ERROR_CONFLICT);
        g_autofree char *json = read_file(fixture, "public.json");
        g_assert_nonnull(strstr(json, next));
        g_assert_null(strstr(json, old));
        g_assert_cmpint(keyring_is_sealed(reopened), ==, data != NULL);
    }
    g_assert_false(has_file(fixture, "ledger.key.next"));
    g_assert_false(has_file(fixture, "cosign.key.next"));
}

/* The files as each step of a rotation leaves them. */
typedef struct {
    char *key, *next, *json;
} Files;

static Files take_files(const Fixture *fixture)
{
    return (Files){read_file(fixture, "ledger.key"), read_file(fixture, "ledger.key.next"),
                   read_file(fixture, "public.json")};
}

static void put(const Fixture *fixture, const char *name, const char *text)
{
    if (text)
        write_file(fixture, name, text);
    else if (has_file(fixture, name))
        delete_file(fixture, name);
}

static void free_files(Files *files)
{
    g_free(files->key);
    g_free(files->next);
    g_free(files->json);
}

static void test_crashes(Fixture *fixture, gconstpointer data)
{
    g_autofree char *old = NULL, *next = NULL;
    Files before = take_files(fixture), staged, after;
    {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        old = vkey_of(keyring, KEYRING_LEDGER);
        settle(keyring, KEYRING_LEDGER, old);
        next = stage(keyring, KEYRING_LEDGER);
        staged = take_files(fixture);
        settle(keyring, KEYRING_LEDGER, next);
        after = take_files(fixture);
    }
    g_assert_cmpstr(staged.key, ==, before.key);
    g_assert_cmpstr(after.key, ==, staged.next);
    g_assert_null(after.next);

    const struct {
        const char *step;
        const char *key, *next, *json, *temporary;
        gboolean old, new; /* which the ledger may say, and get */
    } steps[] = {
        {"before anything", before.key, NULL, before.json, NULL, TRUE, FALSE},
        {"next half written", before.key, NULL, before.json, "ledger.key.next.tmp", TRUE, FALSE},
        {"next in place", before.key, staged.next, before.json, NULL, TRUE, TRUE},
        {"renamed", after.key, NULL, before.json, NULL, FALSE, TRUE},
        {"json half written", after.key, NULL, before.json, "public.json.tmp", FALSE, TRUE},
        {"done", after.key, NULL, after.json, NULL, FALSE, TRUE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        for (guint new = 0; new < 2; new ++) {
            g_test_message("%s, the ledger says %s", steps[i].step, new ? "next" : "old");
            put(fixture, "ledger.key", steps[i].key);
            put(fixture, "ledger.key.next", steps[i].next);
            put(fixture, "public.json", steps[i].json);
            if (steps[i].temporary)
                write_file(fixture, steps[i].temporary, "half of it");
            g_autoptr(Keyring) keyring = unlocked(fixture, data);
            const char *vkey = new ? next : old;
            if (!(new ? steps[i].new : steps[i].old)) {
                check_not_settled(keyring, KEYRING_LEDGER, vkey, CONCERT_ERROR_CONFLICT);
                continue;
            }
            settle(keyring, KEYRING_LEDGER, vkey);
            check_signs(keyring, KEYRING_LEDGER, vkey);
            g_assert_false(has_file(fixture, "ledger.key.next.tmp"));
            g_assert_false(has_file(fixture, "public.json.tmp"));
            g_autofree char *json = read_file(fixture, "public.json");
            g_assert_nonnull(strstr(json, vkey));
            /* What is staged is kept until it is used: the ledger may learn of it yet. */
            g_assert_cmpint(has_file(fixture, "ledger.key.next"), ==, steps[i].next && !new);
            if (steps[i].next && !new) {
                g_autofree char *again = stage(keyring, KEYRING_LEDGER);
                g_assert_cmpstr(again, ==, next);
                settle(keyring, KEYRING_LEDGER, next);
                check_signs(keyring, KEYRING_LEDGER, next);
            }
        }
    }
    free_files(&before);
    free_files(&staged);
    free_files(&after);
}

/* Settling needs no passphrase: the files are in line before anybody gives one. */
static void test_settle_locked(Fixture *fixture, gconstpointer data)
{
    g_autofree char *next = NULL;
    {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        settle(keyring, KEYRING_LEDGER, NULL);
        next = stage(keyring, KEYRING_LEDGER);
    }
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(keyring_settle(keyring, KEYRING_LEDGER, next, &error));
    g_assert_no_error(error);
    check_no_signer(keyring, KEYRING_LEDGER, CONCERT_ERROR_DENIED);
    keyring_unlock(keyring, data, &error);
    g_assert_no_error(error);
    check_signs(keyring, KEYRING_LEDGER, next);
}

static void test_settle_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autofree char *vkey = vkey_of(keyring, KEYRING_LEDGER);
    g_autofree char *foreign = foreign_vkey(NODE "/ledger");
    settle(keyring, KEYRING_LEDGER, vkey);
    check_not_settled(keyring, KEYRING_LEDGER, foreign, CONCERT_ERROR_CONFLICT);
    settle(keyring, KEYRING_LEDGER, vkey);
    g_autoptr(GError) error = NULL;
    g_assert_false(keyring_settle(keyring, KEYRING_LEDGER, "no key", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    check_signs(keyring, KEYRING_LEDGER, vkey); /* nothing was said about a key */
}

/* Puts a directory where a file is to be written, so that writing it fails; and takes it away. */
static void obstruct(const Fixture *fixture, const char *name)
{
    g_autofree char *path = path_of(fixture, name);
    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
}

/* What could not be written is not relied on, and trying again mends it. */
static void test_disk_refuses(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autofree char *old = vkey_of(keyring, KEYRING_LEDGER);
    g_autoptr(GError) error = NULL;
    settle(keyring, KEYRING_LEDGER, old);
    obstruct(fixture, "ledger.key.next.tmp");
    g_assert_null(keyring_stage(keyring, KEYRING_LEDGER, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_clear_error(&error);
    g_assert_null(keyring_staged(keyring, KEYRING_LEDGER));
    check_signs(keyring, KEYRING_LEDGER, old);
    delete_file(fixture, "ledger.key.next.tmp");
    g_autofree char *next = stage(keyring, KEYRING_LEDGER);

    delete_file(fixture, "ledger.key");
    obstruct(fixture, "ledger.key"); /* the rename fails */
    g_assert_false(keyring_settle(keyring, KEYRING_LEDGER, next, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_clear_error(&error);
    check_no_signer(keyring, KEYRING_LEDGER, CONCERT_ERROR_CONFLICT);
    g_assert_true(has_file(fixture, "ledger.key.next"));
    delete_file(fixture, "ledger.key");

    obstruct(fixture, "public.json.tmp"); /* renamed, but public.json cannot follow */
    g_assert_false(keyring_settle(keyring, KEYRING_LEDGER, next, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_clear_error(&error);
    check_no_signer(keyring, KEYRING_LEDGER, CONCERT_ERROR_CONFLICT);
    delete_file(fixture, "public.json.tmp");
    settle(keyring, KEYRING_LEDGER, next);
    check_signs(keyring, KEYRING_LEDGER, next);
    g_autofree char *json = read_file(fixture, "public.json");
    g_assert_nonnull(strstr(json, next));
}

/* --- replacement -------------------------------------------------------------------------------
 */

static void test_replacement(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autofree char *old = vkey_of(keyring, KEYRING_LEDGER);
    settle(keyring, KEYRING_LEDGER, old);
    g_autofree char *stolen = stage(keyring, KEYRING_LEDGER);
    /* After a theft what was staged is not used. */
    g_autofree char *fresh = replace(keyring, KEYRING_LEDGER, old);
    g_assert_cmpstr(fresh, !=, stolen);
    g_autofree char *fresher = replace(keyring, KEYRING_LEDGER, old);
    g_assert_cmpstr(fresher, !=, fresh);
    /* But what the ledger has announced is never overwritten. */
    g_autofree char *last = replace(keyring, KEYRING_LEDGER, fresher);
    g_autofree char *present = vkey_of(keyring, KEYRING_LEDGER);
    g_assert_cmpstr(present, ==, fresher);
    g_autoptr(Keyring) reopened = open_keyring(fixture);
    settle(reopened, KEYRING_LEDGER, fresher);
    check_signs(reopened, KEYRING_LEDGER, fresher);
    settle(reopened, KEYRING_LEDGER, last);
    check_signs(reopened, KEYRING_LEDGER, last);
}

static void test_recovery_key(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->parent, "recovery.key", NULL);
    keyring_write_recovery(path, fixture->recovery, &error);
    g_assert_no_error(error);
    check_mode(path, 0600);
    g_assert_false(keyring_write_recovery(path, fixture->recovery, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autofree char *pinned = vkey_of(keyring, KEYRING_RECOVERY);
    {
        g_autoptr(NoteSigner) signer = keyring_read_recovery(keyring, path, &error);
        g_assert_no_error(error);
        g_autofree char *vkey = vkey_of_signer(signer);
        g_assert_cmpstr(vkey, ==, pinned);
    }
    g_chmod(path, 0604);
    g_assert_null(keyring_read_recovery(keyring, path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);

    g_autofree char *ledger = path_of(fixture, "ledger.key");
    g_assert_null(keyring_read_recovery(keyring, ledger, &error));
    int code = data ? CONCERT_ERROR_INPUT : CONCERT_ERROR_CONFLICT;
    g_assert_error(error, CONCERT_ERROR, code);
}

/* --- passphrases -------------------------------------------------------------------------------
 */

static void test_unlock(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(keyring_is_sealed(keyring));
    g_assert_true(keyring_is_locked(keyring));
    g_assert_false(keyring_unlock(keyring, SECOND, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_true(keyring_is_locked(keyring));
    settle(keyring, KEYRING_LEDGER, NULL);
    check_no_signer(keyring, KEYRING_LEDGER, CONCERT_ERROR_DENIED);
    g_assert_null(keyring_stage(keyring, KEYRING_LEDGER, NULL));
    g_assert_null(keyring_replace(keyring, KEYRING_LEDGER, NULL, NULL));
    g_assert_null(keyring_export(keyring, SECOND, NULL));
    g_assert_false(keyring_seal(keyring, SECOND, NULL));
    g_assert_false(has_file(fixture, "ledger.key.next"));
    g_clear_error(&error);
    g_assert_true(keyring_unlock(keyring, data, &error));
    g_assert_no_error(error);
    g_assert_false(keyring_is_locked(keyring));
    g_assert_true(keyring_unlock(keyring, SECOND, &error)); /* nothing is locked any more */
    g_autofree char *vkey = vkey_of(keyring, KEYRING_LEDGER);
    check_signs(keyring, KEYRING_LEDGER, vkey);
    g_assert_false(keyring_abandon(keyring, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
}

/* A sealed file that was changed is as good as a wrong passphrase; the other key still opens. */
static void test_damaged_seal(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = read_file(fixture, "ledger.key");
    char *last = text + strlen(text) - 10;
    *last = *last == 'A' ? 'B' : 'A';
    write_file(fixture, "ledger.key", text);
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(keyring_unlock(keyring, data, &error));
    g_assert_no_error(error);
    g_assert_true(keyring_is_locked(keyring));
    settle(keyring, KEYRING_COSIGN, NULL);
    g_autofree char *vkey = vkey_of(keyring, KEYRING_COSIGN);
    check_signs(keyring, KEYRING_COSIGN, vkey);
    check_no_signer(keyring, KEYRING_LEDGER, CONCERT_ERROR_DENIED);
}

static void test_seal(Fixture *fixture, gconstpointer data)
{
    static const char *const passphrases[] = {FIRST, SECOND, NULL, SECOND};
    g_autofree char *ledger = NULL, *next = NULL;
    {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        ledger = vkey_of(keyring, KEYRING_LEDGER);
        settle(keyring, KEYRING_LEDGER, NULL);
        next = stage(keyring, KEYRING_LEDGER);
    }
    const char *before = data;
    for (guint i = 0; i < G_N_ELEMENTS(passphrases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Keyring) keyring = unlocked(fixture, before);
        g_assert_false(keyring_seal(keyring, "short", &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
        keyring_seal(keyring, passphrases[i], &error);
        g_assert_no_error(error);
        before = passphrases[i];
        g_assert_cmpint(keyring_is_sealed(keyring), ==, before != NULL);
        g_assert_false(keyring_is_locked(keyring));
        g_autofree char *text = read_file(fixture, "ledger.key.next"); /* staged keys too */
        g_assert_cmpint(strstr(text, "PRIVATE") == NULL, ==, before != NULL);
    }
    g_autoptr(Keyring) keyring = unlocked(fixture, before);
    settle(keyring, KEYRING_LEDGER, ledger);
    settle(keyring, KEYRING_LEDGER, next);
    check_signs(keyring, KEYRING_LEDGER, next);
}

/* A crash between the files: both passphrases open them, and sealing again finishes it. */
static void test_seal_half_done(Fixture *fixture, gconstpointer data)
{
    g_autofree char *old = read_file(fixture, "cosign.key");
    {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        g_assert_true(keyring_seal(keyring, SECOND, NULL));
    }
    write_file(fixture, "cosign.key", old);
    {
        g_autoptr(Keyring) keyring = open_keyring(fixture);
        g_autoptr(GError) error = NULL;
        if (data) {
            g_assert_true(keyring_unlock(keyring, data, &error));
            g_assert_true(keyring_is_locked(keyring));
        }
        g_assert_true(keyring_unlock(keyring, SECOND, &error));
        g_assert_no_error(error);
        g_assert_false(keyring_is_locked(keyring));
        settle(keyring, KEYRING_LEDGER, NULL);
        g_autofree char *next = stage(keyring, KEYRING_LEDGER);
        g_autofree char *text = read_file(fixture, "ledger.key.next");
        g_assert_null(strstr(text, "PRIVATE")); /* sealed, since one is */
        g_assert_true(keyring_seal(keyring, SECOND, &error));
        g_assert_no_error(error);
    }
    g_autoptr(Keyring) keyring = unlocked(fixture, SECOND);
}

/* The passphrase is lost: all keys are replaced under a new one. */
static void test_abandon(Fixture *fixture, gconstpointer data)
{
    char *next[KEYRING_SETTLED];
    {
        g_autoptr(Keyring) keyring = open_keyring(fixture);
        g_autoptr(GError) error = NULL;
        g_assert_false(keyring_abandon(keyring, "short", &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_true(keyring_is_locked(keyring));
        g_clear_error(&error);
        g_assert_true(keyring_abandon(keyring, SECOND, &error));
        g_assert_no_error(error);
        g_assert_false(keyring_is_locked(keyring));
        for (KeyringRole role = 0; role < KEYRING_SETTLED; role++) {
            g_autofree char *old = vkey_of(keyring, role);
            check_no_signer(keyring, role, CONCERT_ERROR_DENIED);
            next[role] = replace(keyring, role, old);
        }
        g_assert_nonnull(keyring_card_replace(keyring, KEYRING_MESSAGE, &error));
        g_assert_nonnull(keyring_card_replace(keyring, KEYRING_PARCEL, &error));
        g_assert_no_error(error);
        settle(keyring, KEYRING_LEDGER, next[KEYRING_LEDGER]);
        check_signs(keyring, KEYRING_LEDGER, next[KEYRING_LEDGER]);
    }
    /* A crash before the second one took its place. */
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autoptr(GError) error = NULL;
    g_assert_true(keyring_unlock(keyring, SECOND, &error));
    g_assert_true(keyring_is_locked(keyring)); /* the old cosign.key */
    settle(keyring, KEYRING_COSIGN, next[KEYRING_COSIGN]);
    g_assert_false(keyring_is_locked(keyring));
    check_signs(keyring, KEYRING_COSIGN, next[KEYRING_COSIGN]);
    g_free(next[KEYRING_LEDGER]);
    g_free(next[KEYRING_COSIGN]);
}

static void check_passphrase(const char *path, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_auto(SealSecret) passphrase = NULL;
    g_assert_true(keyring_read_passphrase(path, &passphrase, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(passphrase, ==, expected);
}

static void test_read_passphrase(Fixture *fixture, gconstpointer data)
{
    static const char *const files[] = {FIRST, FIRST "\n", FIRST "\r\n", FIRST "\nand more\n"};
    g_autofree char *path = path_of(fixture, "passphrase");
    g_setenv("CONCERT_PASSPHRASE", SECOND, TRUE);
    check_passphrase(NULL, SECOND);
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        write_file(fixture, "passphrase", files[i]);
        check_passphrase(path, FIRST); /* the file comes first */
    }
    g_setenv("CONCERT_PASSPHRASE", "", TRUE);
    check_passphrase(NULL, NULL);
    g_unsetenv("CONCERT_PASSPHRASE");
    check_passphrase(NULL, NULL);
    g_auto(SealSecret) passphrase = NULL;
    g_autoptr(GError) error = NULL;
    g_chmod(path, 0440);
    g_assert_false(keyring_read_passphrase(path, &passphrase, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_nonnull(strstr(error->message, "0440"));
    g_clear_error(&error);
    write_file(fixture, "passphrase", "\nsecond line\n");
    g_assert_false(keyring_read_passphrase(path, &passphrase, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    delete_file(fixture, "passphrase");
    g_assert_false(keyring_read_passphrase(path, &passphrase, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_assert_null(passphrase);
}

/* --- backup ------------------------------------------------------------------------------------
 */

/* What was exported makes a keyring with the same keys. */
static void check_imported(const Fixture *fixture, const char *text, const char *passphrase,
                           char *const vkeys[KEYRING_ROLES], const char *staged)
{
    g_autoptr(GError) error = NULL;
    Fixture copy = {.directory = g_build_filename(fixture->parent, "copy", NULL)};
    g_assert_false(
        keyring_import(copy.directory, text, strlen(text), "another passphrase", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_false(g_file_test(copy.directory, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    keyring_import(copy.directory, text, strlen(text), passphrase, &error);
    g_assert_no_error(error);
    {
        g_autoptr(Keyring) keyring = unlocked(&copy, passphrase);
        for (KeyringRole role = 0; role < KEYRING_ROLES; role++) {
            g_autofree char *vkey = vkey_of(keyring, role);
            g_assert_cmpstr(vkey, ==, vkeys[role]);
        }
        settle(keyring, KEYRING_LEDGER, vkeys[KEYRING_LEDGER]);
        check_signs(keyring, KEYRING_LEDGER, vkeys[KEYRING_LEDGER]);
        settle(keyring, KEYRING_COSIGN, vkeys[KEYRING_COSIGN]);
        check_signs(keyring, KEYRING_COSIGN, vkeys[KEYRING_COSIGN]);
        g_autofree char *message = card_vkey(keyring, KEYRING_MESSAGE);
        g_assert_cmpstr(message, ==, vkeys[KEYRING_MESSAGE]);
        if (staged) {
            settle(keyring, KEYRING_COSIGN, staged);
            check_signs(keyring, KEYRING_COSIGN, staged);
            g_assert_nonnull(keyring_card_previous(keyring, NULL));
        }
    }
    g_assert_false(keyring_import(copy.directory, text, strlen(text), passphrase, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    tree_remove(copy.directory);
    g_free(copy.directory);
}

static void test_backup(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Keyring) keyring = unlocked(fixture, data);
    g_autoptr(GError) error = NULL;
    char *vkeys[KEYRING_ROLES];
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++)
        vkeys[role] = vkey_of(keyring, role);
    g_autofree char *text = keyring_export(keyring, SECOND, &error);
    g_assert_no_error(error);
    g_assert_null(strstr(text, "PRIVATE"));
    check_imported(fixture, text, SECOND, vkeys, NULL);

    settle(keyring, KEYRING_COSIGN, NULL);
    g_autofree char *staged = stage(keyring, KEYRING_COSIGN);
    g_assert_nonnull(keyring_card_replace(keyring, KEYRING_PARCEL, &error));
    g_assert_no_error(error);
    g_free(vkeys[KEYRING_PARCEL]);
    vkeys[KEYRING_PARCEL] = vkey_of(keyring, KEYRING_PARCEL);
    g_autofree char *own = keyring_export(keyring, NULL, &error);
    if (data) {
        g_assert_no_error(error);
        check_imported(fixture, own, data, vkeys, staged);
    } else {
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT); /* never in the clear */
        g_clear_error(&error);
        own = keyring_export(keyring, FIRST, &error);
        g_assert_no_error(error);
        check_imported(fixture, own, FIRST, vkeys, staged);
    }
    g_assert_null(keyring_export(keyring, "short", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    for (KeyringRole role = 0; role < KEYRING_ROLES; role++)
        g_free(vkeys[role]);
}

/* Rightly sealed, but not what keyring_export() gives. */
static void test_import_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(NoteSigner) recovery = keyring_public_generate(NODE, KEYRING_RECOVERY, NULL);
    g_autoptr(NoteSigner) ledger = keyring_public_generate(NODE, KEYRING_LEDGER, NULL);
    g_autoptr(NoteSigner) cosign = keyring_public_generate(NODE, KEYRING_COSIGN, NULL);
    g_autoptr(NoteSigner) other =
        keyring_public_generate("cert.birch.example", KEYRING_COSIGN, NULL);
    g_autofree char *r = vkey_of_signer(recovery), *l = vkey_of_signer(ledger);
    g_autofree char *c = vkey_of_signer(cosign), *o = vkey_of_signer(other);
    g_autofree char *ls = note_signer_format(ledger), *cs = note_signer_format(cosign);
    g_autofree char *os = note_signer_format(other);
    g_autoptr(NoteSigner) message = keyring_public_generate(NODE, KEYRING_MESSAGE, NULL);
    g_autoptr(NoteSigner) parcel = keyring_public_generate(NODE, KEYRING_PARCEL, NULL);
    g_autofree char *m = vkey_of_signer(message), *p = vkey_of_signer(parcel);
    g_autofree char *ms = note_signer_format(message), *ps = note_signer_format(parcel);
    struct {
        char *head, *secret;
        gboolean good;
    } cases[] = {
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\n", r, l, c),
         g_strdup_printf("ledger %s\ncosign %s\n", ls, cs), TRUE}, /* of an older node */
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\nmessage %s\nparcel %s\n", r, l, c, m,
                         p),
         g_strdup_printf("ledger %s\ncosign %s\nmessage %s\nparcel %s\n", ls, cs, ms, ps), TRUE},
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\nmessage %s\n", r, l, c, p),
         g_strdup_printf("ledger %s\ncosign %s\nmessage %s\n", ls, cs, ps), FALSE},
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\n", r, l, o),
         g_strdup_printf("ledger %s\ncosign %s\n", ls, os), FALSE}, /* of two nodes */
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\n", l, l, c),
         g_strdup_printf("ledger %s\ncosign %s\n", ls, cs), FALSE},
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\n", r, l, o),
         g_strdup_printf("ledger %s\ncosign %s\n", ls, cs), FALSE}, /* the head says another */
        {g_strdup_printf("recovery %s\nledger %s\n", r, l), g_strdup_printf("ledger %s\n", ls),
         FALSE},
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\n", r, l, c),
         g_strdup_printf("cosign %s\nledger %s\n", cs, ls), FALSE},
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\n", r, l, c),
         g_strdup_printf("ledger %s\ncosign %s\nmore\n", ls, cs), FALSE},
        {g_strdup_printf("recovery %s\nledger %s\ncosign %s\n", r, l, c),
         g_strdup_printf("ledger %s\ncosign %s", ls, cs), FALSE},
        {g_strdup("recovery no-key\n"), g_strdup_printf("ledger %s\ncosign %s\n", ls, cs), FALSE},
    };
    g_autofree char *target = g_build_filename(fixture->parent, "copy", NULL);
    /* A cheap one; this is not about passphrases. */
    SealText cheap = {.memory_kib = 8, .passes = 1};
    g_autoptr(Seal) seal = seal_new_for(&cheap, FIRST, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = seal_close(seal, "keyring", cases[i].head, cases[i].secret, &error);
        g_assert_no_error(error);
        g_assert_cmpint(keyring_import(target, text, strlen(text), FIRST, &error), ==,
                        cases[i].good);
        if (cases[i].good) {
            g_assert_no_error(error);
            tree_remove(target);
        } else {
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
            g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
        }
        g_free(cases[i].head);
        g_free(cases[i].secret);
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *key = read_file(fixture, "ledger.key");
    g_assert_false(keyring_import(target, key, strlen(key), FIRST, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* Nothing secret is left: all of it is replaced, the ledger's key also under the name of a ledger
 * that follows. */
static void test_adopt(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *target = g_build_filename(fixture->directory, "again", NULL);
    g_autofree char *foreign = foreign_vkey("cert.birch.example/ledger");
    g_autoptr(Keyring) before = open_keyring(fixture);
    g_autofree char *ledger = vkey_of(before, KEYRING_LEDGER);
    g_autofree char *cosign = vkey_of(before, KEYRING_COSIGN);
    g_autofree char *recovery = vkey_of(before, KEYRING_RECOVERY);
    const char *vkeys[KEYRING_PINNED] = {foreign, cosign, recovery};
    g_assert_false(keyring_adopt(target, vkeys, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));

    vkeys[KEYRING_LEDGER] = ledger;
    keyring_adopt(target, vkeys, &error);
    g_assert_no_error(error);
    check_mode(target, 0700);
    g_autoptr(Keyring) keyring = keyring_open(target, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(keyring_node(keyring), ==, NODE);
    for (KeyringRole role = 0; role < KEYRING_PINNED; role++) {
        g_autofree char *vkey = vkey_of(keyring, role);
        g_assert_cmpstr(vkey, ==, vkeys[role]);
    }
    g_assert_null(keyring_verifier(keyring, KEYRING_MESSAGE));
    g_autofree char *message = card_vkey(keyring, KEYRING_MESSAGE); /* a new one follows */
    g_autofree char *lost = vkey_of(before, KEYRING_MESSAGE);
    g_assert_cmpstr(message, !=, lost);
    check_not_settled(keyring, KEYRING_LEDGER, ledger, CONCERT_ERROR_NOT_FOUND);
    g_assert_null(keyring_stage(keyring, KEYRING_LEDGER, NULL));
    g_autofree char *next = replace(keyring, KEYRING_COSIGN, cosign);
    settle(keyring, KEYRING_COSIGN, next);
    check_signs(keyring, KEYRING_COSIGN, next);

    g_assert_null(keyring_replace_as(keyring, "cert.birch.example/ledger-2", ledger, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    const NoteSigner *other = keyring_replace_as(keyring, NODE "/ledger-2", ledger, &error);
    g_assert_no_error(error);
    g_autofree char *successor = vkey_of_signer(other);
    g_assert_true(g_str_has_prefix(successor, NODE "/ledger-2+"));
    settle(keyring, KEYRING_LEDGER, successor);
    check_signs(keyring, KEYRING_LEDGER, successor);
    g_autofree char *rotated = stage(keyring, KEYRING_LEDGER);
    g_assert_true(g_str_has_prefix(rotated, NODE "/ledger-2+"));

    g_assert_false(keyring_adopt(target, vkeys, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
}

/* --- what the card announces -------------------------------------------------------------------
 */

static const KeyringRole card_roles[] = {KEYRING_MESSAGE, KEYRING_PARCEL};

/* The files as a node has them that is older than these keys. */
static void make_older(const Fixture *fixture)
{
    g_autofree char *json = read_file(fixture, "public.json");
    g_auto(GStrv) parts = g_strsplit(json, ",\n    \"message\"", 2);
    g_autofree char *older = g_strconcat(parts[0], "\n}\n", NULL);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    write_file(fixture, "public.json", older);
    delete_file(fixture, "message.key");
    delete_file(fixture, "parcel.key");
}

static void test_card_signs(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < G_N_ELEMENTS(card_roles); i++) {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        g_autofree char *vkey = vkey_of(keyring, card_roles[i]);
        g_autofree char *own = card_vkey(keyring, card_roles[i]); /* nothing to settle */
        g_assert_cmpstr(vkey, ==, own);
        g_autofree char *json = read_file(fixture, "public.json");
        g_assert_nonnull(strstr(json, vkey));
    }
}

static void test_card_made_when_missing(Fixture *fixture, gconstpointer data)
{
    make_older(fixture);
    char *vkeys[G_N_ELEMENTS(card_roles)];
    {
        g_autoptr(Keyring) keyring = open_keyring(fixture);
        g_autoptr(GError) error = NULL;
        g_assert_null(keyring_verifier(keyring, KEYRING_MESSAGE));
        if (data) {
            /* It would not be sealed. */
            g_assert_null(keyring_card_signer(keyring, KEYRING_MESSAGE, &error));
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
            g_assert_false(has_file(fixture, "message.key"));
            g_clear_error(&error);
            g_assert_true(keyring_unlock(keyring, data, &error));
        }
        for (guint i = 0; i < G_N_ELEMENTS(card_roles); i++) {
            vkeys[i] = card_vkey(keyring, card_roles[i]);
            g_autofree char *again = card_vkey(keyring, card_roles[i]);
            g_assert_cmpstr(vkeys[i], ==, again);
        }
    }
    g_autofree char *text = read_file(fixture, "message.key");
    g_assert_cmpint(strstr(text, "PRIVATE") == NULL, ==, data != NULL);
    g_autoptr(Keyring) keyring = unlocked(fixture, data);
    g_autofree char *json = read_file(fixture, "public.json");
    for (guint i = 0; i < G_N_ELEMENTS(card_roles); i++) {
        g_autofree char *vkey = card_vkey(keyring, card_roles[i]);
        g_assert_cmpstr(vkey, ==, vkeys[i]);
        g_assert_nonnull(strstr(json, vkey));
        g_free(vkeys[i]);
    }
}

/* A key that was made and is gone is not made anew unasked; but when asked. */
static void test_card_lost(Fixture *fixture, gconstpointer data)
{
    for (guint damaged = 0; damaged < 2; damaged++) {
        if (damaged)
            write_file(fixture, "message.key", "PRIVATE+KEY+half");
        else
            delete_file(fixture, "message.key");
        g_autoptr(Keyring) keyring = open_keyring(fixture);
        g_autofree char *lost = vkey_of(keyring, KEYRING_MESSAGE); /* public.json has it */
        g_autoptr(GError) error = NULL;
        g_assert_null(keyring_card_signer(keyring, KEYRING_MESSAGE, &error));
        int code = damaged ? CONCERT_ERROR_INPUT : CONCERT_ERROR_NOT_FOUND;
        g_assert_error(error, CONCERT_ERROR, code);
        g_assert_nonnull(strstr(error->message, "message.key"));
        g_assert_null(keyring_export(keyring, SECOND, NULL)); /* no backup without it */
        g_clear_error(&error);
        g_assert_nonnull(keyring_card_replace(keyring, KEYRING_MESSAGE, &error));
        g_assert_no_error(error);
        g_autofree char *vkey = card_vkey(keyring, KEYRING_MESSAGE);
        g_assert_cmpstr(vkey, !=, lost);
        g_autoptr(Keyring) reopened = open_keyring(fixture);
        g_autofree char *again = card_vkey(reopened, KEYRING_MESSAGE);
        g_assert_cmpstr(vkey, ==, again);
    }
}

static void check_previous(Keyring *keyring, const char *vkey)
{
    g_autoptr(GError) error = NULL;
    const NoteSigner *signer = keyring_card_previous(keyring, &error);
    g_assert_no_error(error);
    g_autofree char *previous = vkey_of_signer(signer);
    g_assert_cmpstr(previous, ==, vkey);
}

static void test_card_replaced(Fixture *fixture, gconstpointer data)
{
    g_autofree char *before = NULL;
    {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        g_autoptr(GError) error = NULL;
        g_assert_null(keyring_card_previous(keyring, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
        before = card_vkey(keyring, KEYRING_PARCEL);
    }
    for (guint i = 0; i < 2; i++) {
        g_autoptr(Keyring) keyring = unlocked(fixture, data);
        g_autoptr(GError) error = NULL;
        const NoteSigner *old = keyring_card_signer(keyring, KEYRING_PARCEL, NULL);
        const NoteSigner *new = keyring_card_replace(keyring, KEYRING_PARCEL, &error);
        g_assert_no_error(error);
        g_autofree char *vkey = vkey_of_signer(new);
        g_assert_cmpstr(vkey, !=, before);
        check_previous(keyring, before);
        g_autofree char *still = vkey_of_signer(old); /* who holds it still can */
        g_assert_cmpstr(still, ==, before);
        g_autofree char *json = read_file(fixture, "public.json");
        g_assert_nonnull(strstr(json, vkey));

        g_autoptr(Keyring) reopened = unlocked(fixture, data);
        g_autofree char *again = card_vkey(reopened, KEYRING_PARCEL);
        g_assert_cmpstr(vkey, ==, again);
        check_previous(reopened, before);
        g_free(before);
        before = g_steal_pointer(&again);
    }
    /* Nothing but a parcel key is kept. */
    g_autoptr(Keyring) keyring = unlocked(fixture, data);
    g_assert_nonnull(keyring_card_replace(keyring, KEYRING_MESSAGE, NULL));
    g_assert_false(has_file(fixture, "message.key.previous"));
}

/* A crash or the disk may stop a replacement at each step: the present key is never lost. */
static void test_card_crashes(Fixture *fixture, gconstpointer data)
{
    static const char *const steps[] = {"parcel.key.previous.tmp", "parcel.key.tmp"};
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    g_autofree char *vkey = card_vkey(keyring, KEYRING_PARCEL);
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *blocker = g_build_filename(steps[i], "x", NULL);
        g_autoptr(GError) error = NULL;
        obstruct(fixture, steps[i]);
        obstruct(fixture, blocker);
        g_assert_null(keyring_card_replace(keyring, KEYRING_PARCEL, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
        g_autofree char *still = card_vkey(keyring, KEYRING_PARCEL);
        g_assert_cmpstr(still, ==, vkey);
        g_autoptr(Keyring) reopened = open_keyring(fixture);
        g_autofree char *again = card_vkey(reopened, KEYRING_PARCEL);
        g_assert_cmpstr(again, ==, vkey);
        delete_file(fixture, blocker);
        delete_file(fixture, steps[i]);
    }
    /* Both files are written, public.json is not. */
    g_autofree char *json = read_file(fixture, "public.json");
    g_assert_nonnull(keyring_card_replace(keyring, KEYRING_PARCEL, NULL));
    write_file(fixture, "public.json", json);
    g_autoptr(Keyring) reopened = open_keyring(fixture);
    g_autofree char *new = card_vkey(reopened, KEYRING_PARCEL);
    g_assert_cmpstr(new, !=, vkey);
    check_previous(reopened, vkey);
    g_autofree char *mended = read_file(fixture, "public.json");
    g_assert_nonnull(strstr(mended, new));
}

/* What is public is there while the keys are locked, what is secret is not. */
static void test_card_locked(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Keyring) keyring = open_keyring(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(card_roles); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NoteVerifier) key = keyring_card_verifier(keyring, card_roles[i], &error);
        g_assert_no_error(error);
        g_autofree char *vkey = note_verifier_format(key);
        g_assert_null(keyring_card_signer(keyring, card_roles[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
        g_clear_error(&error);
        g_assert_null(keyring_card_replace(keyring, card_roles[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
        g_autofree char *still = vkey_of(keyring, card_roles[i]);
        g_assert_cmpstr(still, ==, vkey);
    }
}

#define ADD(name, passphrase, function)                                                            \
    g_test_add("/keyring/" name, Fixture, passphrase, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("create", NULL, test_create);
    ADD("create/sealed", FIRST, test_create);
    ADD("create-refused", NULL, test_create_refused);
    ADD("modes", NULL, test_modes);
    ADD("damaged-public", NULL, test_damaged_public);
    ADD("lost-key", NULL, test_lost_key);
    ADD("rotation", NULL, test_rotation);
    ADD("rotation/sealed", FIRST, test_rotation);
    ADD("crashes", NULL, test_crashes);
    ADD("settle-locked", FIRST, test_settle_locked);
    ADD("settle-refused", NULL, test_settle_refused);
    ADD("disk-refuses", NULL, test_disk_refuses);
    ADD("replacement", NULL, test_replacement);
    ADD("recovery-key", NULL, test_recovery_key);
    ADD("recovery-key/sealed", FIRST, test_recovery_key);
    ADD("unlock", FIRST, test_unlock);
    ADD("damaged-seal", FIRST, test_damaged_seal);
    ADD("seal", NULL, test_seal);
    ADD("seal-half-done", NULL, test_seal_half_done);
    ADD("seal-half-done/again", FIRST, test_seal_half_done);
    ADD("abandon", FIRST, test_abandon);
    ADD("read-passphrase", NULL, test_read_passphrase);
    ADD("backup", NULL, test_backup);
    ADD("backup/sealed", FIRST, test_backup);
    ADD("import-refused", NULL, test_import_refused);
    ADD("adopt", NULL, test_adopt);
    ADD("card/signs", NULL, test_card_signs);
    ADD("card/made-when-missing", NULL, test_card_made_when_missing);
    ADD("card/made-when-missing/sealed", FIRST, test_card_made_when_missing);
    ADD("card/lost", NULL, test_card_lost);
    ADD("card/replaced", NULL, test_card_replaced);
    ADD("card/replaced/sealed", FIRST, test_card_replaced);
    ADD("card/crashes", NULL, test_card_crashes);
    ADD("card/locked", FIRST, test_card_locked);
    return g_test_run();
}
