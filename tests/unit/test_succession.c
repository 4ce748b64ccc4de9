/* How ledgers of a node are called, and the note by which one follows a lost one. */
#include "ledger/succession.h"

#include <string.h>

#include "base/error.h"
#include "ledger/origin.h"

#define NODE   "cert.alder.example"
#define ORIGIN NODE "/ledger"

static void test_origins(void)
{
    static const struct {
        const char *origin, *node, *next;
    } rows[] = {
        {ORIGIN, NODE, NODE "/ledger-2"},
        {NODE "/ledger-2", NODE, NODE "/ledger-3"},
        {NODE "/ledger-9", NODE, NODE "/ledger-10"},
        {NODE "/ledger-999999", NODE, NULL},
        {NODE "/ledger-1000000", NULL, NULL},
        {NODE "/ledger-1", NULL, NULL},
        {NODE "/ledger-02", NULL, NULL},
        {NODE "/ledger-", NULL, NULL},
        {NODE "/ledger2", NULL, NULL},
        {NODE "/ledger-2x", NULL, NULL},
        {NODE "/ledger-+2", NULL, NULL},
        {NODE "/witness", NULL, NULL},
        {NODE "/x/ledger", NULL, NULL},
        {"/ledger", NULL, NULL},
        {NODE, NULL, NULL},
        {"", NULL, NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *node = origin_node(rows[i].origin);
        g_autofree char *next = origin_next(rows[i].origin);
        g_assert_cmpstr(node, ==, rows[i].node);
        g_assert_cmpstr(next, ==, rows[i].next);
    }
}

static NoteSigner *make_signer(const char *name, guint8 byte)
{
    guint8 seed[NOTE_SEED_SIZE];
    g_autoptr(GError) error = NULL;
    memset(seed, byte, sizeof seed);
    NoteSigner *signer = note_signer_new(name, NOTE_ED25519, seed, &error);
    g_assert_no_error(error);
    return signer;
}

/* The root of the tree of the three entries that the vector of a disclosure has. */
static Checkpoint previous(void)
{
    Checkpoint checkpoint = {.origin = (char *)ORIGIN, .size = 3};
    gsize length;
    g_autofree guchar *root =
        g_base64_decode("ER9oclHkpAaMHFUY4Pkyrf1c56RKv8Sxu3z0Ff2jCK8=", &length);
    g_assert_cmpuint(length, ==, sizeof checkpoint.root.bytes);
    memcpy(checkpoint.root.bytes, root, length);
    return checkpoint;
}

static char *make(void)
{
    g_autoptr(NoteSigner) recovery = make_signer(NODE "/recovery", 7);
    g_autoptr(NoteSigner) key = make_signer(NODE "/ledger-2", 4);
    g_autoptr(GError) error = NULL;
    const Checkpoint checkpoint = previous();
    char *note = succession_sign(&checkpoint, recovery, key, &error);
    g_assert_no_error(error);
    return note;
}

static void test_vector(void)
{
    g_autofree char *note = make();
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "protocol.md", NULL);
    g_autofree char *document = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &document, NULL, &error);
    g_assert_no_error(error);
    if (!strstr(document, note))
        g_error("docs/protocol.md has no %s", note);
}

static void test_verify(void)
{
    g_autofree char *note = make();
    g_autoptr(GError) error = NULL;
    g_autoptr(Succession) succession = succession_parse(note, strlen(note), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(succession->previous.origin, ==, ORIGIN);
    g_assert_cmpuint(succession->previous.size, ==, 3);
    g_assert_cmpstr(succession->key->name, ==, NODE "/ledger-2");
    g_autoptr(NoteSigner) recovery = make_signer(NODE "/recovery", 7);
    g_autoptr(NoteSigner) stranger = make_signer(NODE "/recovery", 8);
    g_autoptr(NoteSigner) birch = make_signer("cert.birch.example/recovery", 7);
    succession_verify(succession, note_signer_verifier(recovery), &error);
    g_assert_no_error(error);
    g_assert_false(succession_verify(succession, note_signer_verifier(stranger), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    g_assert_false(succession_verify(succession, note_signer_verifier(birch), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

/* Either signature is needed. */
static void test_signatures(void)
{
    g_autofree char *note = make();
    g_autoptr(NoteSigner) recovery = make_signer(NODE "/recovery", 7);
    char *second = strrchr(note, '\n'); /* the end; then the line before it */
    while (!g_str_has_prefix(--second, NOTE_LINE_PREFIX))
        ;
    g_autofree char *one = g_strndup(note, (gsize)(second - note));
    char *first = strstr(note, "\n\n") + 2;
    g_autofree char *text = g_strndup(note, (gsize)(first - note));
    g_autofree char *other = g_strconcat(text, second, NULL);
    const char *const halves[] = {one, other};
    for (guint i = 0; i < G_N_ELEMENTS(halves); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Succession) succession = succession_parse(halves[i], strlen(halves[i]), &error);
        g_assert_no_error(error);
        g_assert_false(succession_verify(succession, note_signer_verifier(recovery), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    }
}

static void test_malformed(void)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"succession", "change"},
        {"concert/v1", "concert/v2"},
        {"\n3\n", "\n03\n"},
        {"\n3\n", "\n"},
        {"\n3\n", "\n3\n3\n"},
        {NODE "/ledger\n", "cert.birch.example/ledger\n"},
        {NODE "/ledger\n", NODE "/ledger-2\n"},
        {NODE "/ledger\n", NODE "\n"},
        {"/ledger-2+", "/ledger-3+"},
        {"\n\n", "\nextension\n\n"},
        {"=\n", "\n"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *note = make();
        g_auto(GStrv) parts = g_strsplit(note, changes[i].from, 2);
        g_assert_nonnull(parts[1]);
        g_autofree char *bad = g_strconcat(parts[0], changes[i].to, parts[1], NULL);
        g_autoptr(GError) error = NULL;
        g_assert_null(succession_parse(bad, strlen(bad), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

/* Nobody is made to sign what nobody would accept. */
static void test_not_signed(void)
{
    g_autoptr(NoteSigner) recovery = make_signer(NODE "/recovery", 7);
    g_autoptr(NoteSigner) birch = make_signer("cert.birch.example/recovery", 7);
    g_autoptr(NoteSigner) same = make_signer(ORIGIN, 4);
    g_autoptr(NoteSigner) key = make_signer(NODE "/ledger-2", 4);
    const Checkpoint checkpoint = previous();
    const struct {
        const NoteSigner *recovery, *key;
    } rows[] = {{birch, key}, {key, key}, {recovery, same}, {recovery, birch}};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(succession_sign(&checkpoint, rows[i].recovery, rows[i].key, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/succession/origins", test_origins);
    g_test_add_func("/succession/vector", test_vector);
    g_test_add_func("/succession/verify", test_verify);
    g_test_add_func("/succession/signatures", test_signatures);
    g_test_add_func("/succession/malformed", test_malformed);
    g_test_add_func("/succession/not-signed", test_not_signed);
    return g_test_run();
}
