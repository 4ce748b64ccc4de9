/* The keys that a node's card announces, as the node has them from its notary. */
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "identity/keyring.h"
#include "node/notary.h"
#include "tree.h"

#define NODE "cert.alder.example"

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
    Notary *notary;
} Fixture;

static char *path_of(const Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->directory, name, NULL);
}

static void start(Fixture *fixture)
{
    g_autofree char *path = path_of(fixture, "concert.db");
    g_autoptr(GError) error = NULL;
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
    fixture->notary =
        notary_open(fixture->directory, NULL, fixture->writer, fixture->store, &error);
    g_assert_no_error(error);
}

static void stop(Fixture *fixture)
{
    notary_free(fixture->notary);
    store_close(fixture->store);
    writer_close(fixture->writer);
}

/* A node without keys yet. */
static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-notary-XXXXXX", &error);
    g_assert_no_error(error);
    start(fixture);
}

static void create(Fixture *fixture)
{
    g_autofree char *recovery = path_of(fixture, "recovery.key");
    g_autoptr(GError) error = NULL;
    notary_create(fixture->notary, NODE, recovery, NULL, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    stop(fixture);
    tree_remove(fixture->directory);
    g_free(fixture->directory);
}

static void get_public(Fixture *fixture, guint8 ret_public[NOTE_X25519_SIZE])
{
    g_autoptr(GError) error = NULL;
    notary_parcel_public(fixture->notary, ret_public, &error);
    g_assert_no_error(error);
}

/* That secret is the public key's. */
static void check_secret(Fixture *fixture, guint which, const guint8 public[NOTE_X25519_SIZE])
{
    guint8 secret[NOTE_X25519_SIZE], derived[NOTE_X25519_SIZE];
    g_autoptr(GError) error = NULL;
    notary_parcel_secret(fixture->notary, which, secret, &error);
    g_assert_no_error(error);
    g_assert_cmpint(crypto_scalarmult_curve25519_base(derived, secret), ==, 0);
    g_assert_cmpmem(derived, sizeof derived, public, NOTE_X25519_SIZE);
}

static void test_no_keys(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *key = NULL;
    guint8 bytes[NOTE_X25519_SIZE];
    g_assert_null(notary_messenger(fixture->notary, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_assert_false(notary_parcel_public(fixture->notary, bytes, NULL));
    g_assert_false(notary_parcel_secret(fixture->notary, 0, bytes, NULL));
    g_assert_null(notary_message_key(fixture->notary, NULL));
    g_assert_false(notary_renew(fixture->notary, KEYRING_MESSAGE, &key, NULL));
    g_assert_null(key);
}

static void test_message(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    create(fixture);
    const NoteSigner *signer = notary_messenger(fixture->notary, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(note_signer_verifier(signer)->name, ==, NODE "/message");
    g_autofree char *own = note_verifier_format(note_signer_verifier(signer));
    g_autofree char *vkey = notary_message_key(fixture->notary, &error);
    g_assert_cmpstr(vkey, ==, own);

    g_autofree char *renewed = NULL;
    g_assert_true(notary_renew(fixture->notary, KEYRING_MESSAGE, &renewed, &error));
    g_assert_cmpstr(renewed, !=, vkey);
    stop(fixture);
    start(fixture);
    g_autofree char *again = notary_message_key(fixture->notary, &error);
    g_assert_cmpstr(again, ==, renewed);
    /* The ledger knows nothing of it. */
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(fixture->store, &state, NULL));
    g_assert_cmpuint(state.size, ==, 1);
}

static void test_parcel(Fixture *fixture, gconstpointer data)
{
    guint8 first[NOTE_X25519_SIZE], second[NOTE_X25519_SIZE], secret[NOTE_X25519_SIZE];
    g_autoptr(GError) error = NULL;
    create(fixture);
    get_public(fixture, first);
    check_secret(fixture, 0, first);
    g_assert_false(notary_parcel_secret(fixture->notary, 1, secret, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_clear_error(&error);

    g_autofree char *renewed = NULL;
    g_assert_true(notary_renew(fixture->notary, KEYRING_PARCEL, &renewed, &error));
    get_public(fixture, second);
    g_autofree char *base64 = g_base64_encode(second, sizeof second);
    g_assert_cmpstr(renewed, ==, base64);
    g_assert_cmpint(memcmp(first, second, sizeof first), !=, 0);
    for (guint i = 0; i < 2; i++) {
        check_secret(fixture, 0, second);
        check_secret(fixture, 1, first);
        stop(fixture);
        start(fixture);
    }
}

/* A node that was made before it had these keys gets them when it needs them. */
static void test_older_node(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = {"message.key", "parcel.key"};
    g_autofree char *json_path = path_of(fixture, "keys/public.json");
    g_autofree char *json = NULL;
    create(fixture);
    stop(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(fixture->directory, "keys", names[i], NULL);
        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_true(g_file_get_contents(json_path, &json, NULL, NULL));
    g_auto(GStrv) parts = g_strsplit(json, ",\n    \"message\"", 2);
    g_autofree char *older = g_strconcat(parts[0], "\n}\n", NULL);
    g_assert_true(
        g_file_set_contents_full(json_path, older, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
    start(fixture);
    guint8 public[NOTE_X25519_SIZE], again[NOTE_X25519_SIZE];
    g_autofree char *vkey = notary_message_key(fixture->notary, NULL);
    g_assert_nonnull(vkey);
    get_public(fixture, public);
    stop(fixture);
    start(fixture);
    g_autofree char *still = notary_message_key(fixture->notary, NULL);
    get_public(fixture, again);
    g_assert_cmpstr(vkey, ==, still);
    g_assert_cmpmem(public, sizeof public, again, sizeof again);
    check_secret(fixture, 0, public);
}

#define ADD(name, function)                                                                        \
    g_test_add("/notary-card/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("no-keys", test_no_keys);
    ADD("message", test_message);
    ADD("parcel", test_parcel);
    ADD("older-node", test_older_node);
    return g_test_run();
}
