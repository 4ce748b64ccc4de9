/* A ledger after a restore: held from the first moment, brought to where it was without signing
 * anything anew, or replaced by another. */
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "ledger/checkpoint.h"
#include "store/backup.h"
#include "store/ledger_read.h"
#include "store/writer.h"

#define ORIGIN "cert.alder.example/ledger"
#define NEXT   "cert.alder.example/ledger-2"
#define KEPT   300 /* entries in the backup */
#define ALL    700

typedef struct {
    char *directory, *path, *backup;
    Writer *writer;
    Store *store;
    const char *origin;
    guint signatures;
} Fixture;

static const char *const keys[LEDGER_KEYS] = {"ledger key", "cosign key", "recovery key"};
static const char *const other_keys[LEDGER_KEYS] = {"new key", "cosign key", "recovery key"};

/* No signature, but what one would be made of. */
static char *sign(const char *vkey, guint64 size, const MerkleHash *root, gpointer user,
                  GError **error)
{
    Fixture *fixture = user;
    fixture->signatures++;
    return checkpoint_format(
        &(Checkpoint){.origin = (char *)fixture->origin, .size = size, .root = *root}, error);
}

static void open_node(Fixture *fixture, const char *path)
{
    g_autoptr(GError) error = NULL;
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    writer_set_sign(fixture->writer, sign, fixture);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
}

static void close_node(Fixture *fixture)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
}

typedef struct {
    guint64 from, count;
    gboolean regains;
    gboolean keeps_openings; /* of what is regained: of every second entry */
    char *checkpoint;        /* to be adopted; NULL: none */
    guint64 size;
    MerkleHash root;
} Grow;

static gboolean grow_one(StoreTx *tx, const Grow *grow, guint64 number, GError **error)
{
    static const guint8 nonce[LEDGER_NONCE_SIZE] = {1};
    static guint8 entries[ALL + 1][LEDGER_ENTRY_SIZE];
    static const LedgerItem items[] = {{nonce, "item", 4}, {NULL, NULL, 0}};
    guint8 *entry = entries[number];
    entry[0] = 1;
    memcpy(entry + 1, &number, sizeof number);
    LedgerEntry row = {
        .entry = entry, .nonce = nonce, .header = "{}", .header_length = 2, .items = items};
    row.n_items = grow->regains ? 2 : 1;
    if (grow->regains && (!grow->keeps_openings || number % 2 == 1))
        row = (LedgerEntry){.entry = entry};
    guint64 index;
    gboolean good = grow->regains ? ledger_regain(tx, &row, &index, error)
                                  : ledger_append(tx, &row, &index, error);
    if (good)
        g_assert_cmpuint(index, ==, number);
    return good;
}

static gboolean apply_grow(StoreTx *tx, gpointer user, GError **error)
{
    const Grow *grow = user;
    for (guint64 i = 0; i < grow->count; i++)
        if (!grow_one(tx, grow, grow->from + i, error))
            return FALSE;
    return !grow->checkpoint || ledger_adopt(tx, grow->checkpoint, grow->size, &grow->root, error);
}

static gboolean apply_create(StoreTx *tx, gpointer user, GError **error)
{
    return ledger_create(tx, ORIGIN, keys, error);
}

static gboolean apply_release(StoreTx *tx, gpointer user, GError **error)
{
    return ledger_hold(tx, FALSE, error);
}

static gboolean apply_replace(StoreTx *tx, gpointer user, GError **error)
{
    const Grow first = {.count = 1};
    return ledger_replace(tx, NEXT, other_keys, error) && ledger_hold(tx, FALSE, error) &&
           apply_grow(tx, (gpointer)&first, error);
}

static void must(Fixture *fixture, WriterApply apply, gpointer request)
{
    g_autoptr(GError) error = NULL;
    writer_run(fixture->writer, 0, apply, request, &error);
    g_assert_no_error(error);
}

static void must_not(Fixture *fixture, WriterApply apply, gpointer request, gint code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(fixture->writer, 0, apply, request, &error));
    g_assert_error(error, CONCERT_ERROR, code);
}

static void expect(Fixture *fixture, guint64 size, gboolean held)
{
    g_autoptr(GError) error = NULL;
    g_auto(LedgerReadState) state = {0};
    ledger_read_state(fixture->store, &state, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(state.size, ==, size);
    g_assert_cmpint(state.held, ==, held);
    g_auto(Checkpoint) checkpoint = {0};
    g_assert_true(
        checkpoint_parse(state.checkpoint, strlen(state.checkpoint), &checkpoint, &error));
    g_assert_cmpuint(checkpoint.size, ==, size);
    g_assert_true(merkle_hash_equal(&checkpoint.root, &state.root));
}

/* A node whose backup has KEPT entries, and that had ALL; then the restored one. */
static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->origin = ORIGIN;
    fixture->directory = g_dir_make_tmp("concert-regain-XXXXXX", &error);
    fixture->path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->backup = g_build_filename(fixture->directory, "backup", NULL);
    g_autofree char *restored = g_build_filename(fixture->directory, "restored.db", NULL);
    Grow kept = {.count = KEPT}, more = {.from = KEPT, .count = ALL - KEPT};
    open_node(fixture, fixture->path);
    must(fixture, apply_create, NULL);
    must(fixture, apply_grow, &kept);
    g_assert_true(backup_write(fixture->path, fixture->backup, NULL, &error));
    must(fixture, apply_grow, &more);
    close_node(fixture);
    g_autofree char *attachment = NULL;
    g_assert_true(backup_read(fixture->backup, restored, &attachment, &error));
    fixture->signatures = 0;
    open_node(fixture, restored);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    close_node(fixture);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->path);
    g_free(fixture->backup);
}

/* The checkpoint that was signed last before the loss. */
static Grow regain_all(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) before = store_open(fixture->path, &error);
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(before, &state, &error));
    return (Grow){.from = KEPT,
                  .count = ALL - KEPT,
                  .regains = TRUE,
                  .keeps_openings = TRUE,
                  .checkpoint = g_steal_pointer(&state.checkpoint),
                  .size = ALL,
                  .root = state.root};
}

static void test_held(Fixture *fixture, gconstpointer data)
{
    Grow one = {.from = KEPT, .count = 1};
    expect(fixture, KEPT, TRUE);
    must_not(fixture, apply_grow, &one, CONCERT_ERROR_CONFLICT);
    must(fixture, apply_release, NULL);
    one.regains = TRUE;
    must_not(fixture, apply_grow, &one, CONCERT_ERROR_CONFLICT);
    must_not(fixture, apply_replace, NULL, CONCERT_ERROR_CONFLICT);
    one.regains = FALSE;
    must(fixture, apply_grow, &one);
    expect(fixture, KEPT + 1, FALSE);
}

static void test_regain(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Grow all = regain_all(fixture);
    g_autofree char *checkpoint = all.checkpoint;
    must(fixture, apply_grow, &all);
    expect(fixture, ALL, TRUE);
    g_assert_cmpuint(fixture->signatures, ==, 0);

    g_autoptr(LedgerReadEntry) lost = ledger_read_entry(fixture->store, 601, TRUE, &error);
    g_assert_true(lost->is_lost);
    g_assert_null(lost->nonce);
    g_assert_null(lost->header);
    g_autoptr(LedgerReadEntry) there = ledger_read_entry(fixture->store, 600, TRUE, &error);
    g_assert_false(there->is_lost);
    g_assert_cmpstr(there->header, ==, "{}");
    g_assert_cmpuint(there->n_items, ==, 2);
    g_assert_nonnull(there->items[0].bytes);
    g_assert_null(there->items[1].bytes);

    must(fixture, apply_release, NULL);
    Grow next = {.from = ALL, .count = 1};
    must(fixture, apply_grow, &next);
    expect(fixture, ALL + 1, FALSE);
}

/* Of a tree that was not signed nothing stays. */
static void test_wrong(Fixture *fixture, gconstpointer data)
{
    Grow all = regain_all(fixture);
    g_autofree char *checkpoint = all.checkpoint;
    all.count--;
    must_not(fixture, apply_grow, &all, CONCERT_ERROR_CONFLICT);
    all.count++;
    all.root.bytes[0] ^= 1;
    must_not(fixture, apply_grow, &all, CONCERT_ERROR_CONFLICT);
    all.root.bytes[0] ^= 1;
    all.checkpoint = NULL;
    must_not(fixture, apply_grow, &all, CONCERT_ERROR_CONFLICT);
    expect(fixture, KEPT, TRUE);
    all.checkpoint = checkpoint;
    must(fixture, apply_grow, &all);
    expect(fixture, ALL, TRUE);
    g_assert_cmpuint(fixture->signatures, ==, 0);
}

static void test_replace(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->origin = NEXT;
    must(fixture, apply_replace, NULL);
    expect(fixture, 1, FALSE);
    g_auto(LedgerReadState) state = {0};
    g_assert_true(ledger_read_state(fixture->store, &state, &error));
    g_assert_cmpstr(state.origin, ==, NEXT);
    g_assert_cmpstr(state.keys[LEDGER_KEY], ==, "new key");
    g_assert_null(ledger_read_entry(fixture->store, 1, FALSE, &error));
    Grow more = {.from = 1, .count = 600};
    must(fixture, apply_grow, &more);
    expect(fixture, 601, FALSE);
}

int main(int argc, char **argv)
{
    g_assert_cmpint(sodium_init(), >=, 0);
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/regain/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(held);
    TEST(regain);
    TEST(wrong);
    TEST(replace);
    return g_test_run();
}
