#include "ledger/keychange.h"

#include <string.h>

#include "base/error.h"

#define NODE   "cert.alder.example"
#define ORIGIN NODE "/ledger"

/* The signers of a node: seeds of one repeated byte each, as in the vectors of docs/protocol.md. */
typedef struct {
    NoteSigner *ledger[4]; /* seeds 1 to 4 */
    NoteSigner *cosign[2]; /* 5, 6 */
    NoteSigner *recovery;  /* 7 */
    NoteSigner *stranger;  /* 8, named as the ledger */
} Keys;

static NoteSigner *make_signer(const char *name, NoteAlgorithm algorithm, guint8 byte)
{
    guint8 seed[NOTE_SEED_SIZE];
    g_autoptr(GError) error = NULL;
    memset(seed, byte, sizeof seed);
    NoteSigner *signer = note_signer_new(name, algorithm, seed, &error);
    g_assert_no_error(error);
    return signer;
}

static void keys_init(Keys *keys)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys->ledger); i++)
        keys->ledger[i] = make_signer(ORIGIN, NOTE_ED25519, (guint8)(1 + i));
    for (guint i = 0; i < G_N_ELEMENTS(keys->cosign); i++)
        keys->cosign[i] = make_signer(NODE "/witness", NOTE_COSIGNATURE, (guint8)(5 + i));
    keys->recovery = make_signer(NODE "/recovery", NOTE_ED25519, 7);
    keys->stranger = make_signer(ORIGIN, NOTE_ED25519, 8);
}

static void keys_clear(Keys *keys)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys->ledger); i++)
        note_signer_free(keys->ledger[i]);
    for (guint i = 0; i < G_N_ELEMENTS(keys->cosign); i++)
        note_signer_free(keys->cosign[i]);
    note_signer_free(keys->recovery);
    note_signer_free(keys->stranger);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

static const NoteVerifier *key_of(const NoteSigner *signer)
{
    return note_signer_verifier(signer);
}

static char *rotation(const NoteSigner *from, const NoteSigner *to, guint64 size)
{
    g_autoptr(GError) error = NULL;
    char *note = keychange_rotate(ORIGIN, from, to, size, &error);
    g_assert_no_error(error);
    return note;
}

static char *recovery(const Keys *keys, const NoteSigner *from, const NoteSigner *to, guint64 size)
{
    g_autoptr(GError) error = NULL;
    char *note = keychange_recover(ORIGIN, key_of(from), keys->recovery, to, size, &error);
    g_assert_no_error(error);
    return note;
}

static KeyHistory *pin(const Keys *keys, guint which)
{
    g_autoptr(GError) error = NULL;
    KeyHistory *history = keychange_history_new(
        key_of(keys->ledger[which]), key_of(keys->cosign[0]), key_of(keys->recovery), &error);
    g_assert_no_error(error);
    return history;
}

static gboolean try_add(KeyHistory *history, const char *note, gboolean *ret_is_new, GError **error)
{
    g_autoptr(KeyChange) change = keychange_parse(note, strlen(note), error);
    return change && keychange_history_add(history, change, ret_is_new, error);
}

/* Adds what must be accepted and be new, and frees it. */
static void add(KeyHistory *history, char *note)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *owned = note;
    gboolean is_new = FALSE;
    try_add(history, owned, &is_new, &error);
    g_assert_no_error(error);
    g_assert_true(is_new);
}

/* The same with what must be refused, for a reason that says @about; nothing may change. */
static void assert_refused(KeyHistory *history, char *note, ConcertError code, const char *about)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *owned = note;
    const guint n_keys = keychange_history_n_keys(history, KEYCHANGE_LEDGER);
    const NoteVerifier *before = keychange_history_present(history, KEYCHANGE_LEDGER);
    g_assert_false(try_add(history, owned, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, (gint)code);
    if (!strstr(error->message, about))
        g_error("\"%s\" says nothing of \"%s\"", error->message, about);
    g_assert_cmpuint(keychange_history_n_keys(history, KEYCHANGE_LEDGER), ==, n_keys);
    g_assert_true(keychange_history_present(history, KEYCHANGE_LEDGER) == before);
}

static void assert_valid(const KeyHistory *history, guint64 size, const NoteSigner *expected)
{
    g_assert_cmphex(keychange_history_valid(history, size)->id, ==, key_of(expected)->id);
}

static void assert_documented(const char *text)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "protocol.md", NULL);
    g_autofree char *document = NULL;
    g_autofree char *lines = g_strconcat("\n", text, NULL);
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &document, NULL, &error);
    g_assert_no_error(error);
    if (!strstr(document, lines))
        g_error("docs/protocol.md has no %s", text);
}

static void test_vectors(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autofree char *vkey = note_verifier_format(key_of(keys.recovery));
    g_autofree char *rotated = rotation(keys.ledger[0], keys.ledger[1], 1000);
    g_autofree char *recovered = recovery(&keys, keys.ledger[1], keys.ledger[2], 900);
    g_autofree char *cosign = rotation(keys.cosign[0], keys.cosign[1], 1001);
    assert_documented(vkey);
    assert_documented(rotated);
    assert_documented(recovered);
    assert_documented(cosign);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    add(history, g_steal_pointer(&rotated));
    add(history, g_steal_pointer(&recovered));
    assert_valid(history, 900, keys.ledger[0]);
    assert_valid(history, 901, keys.ledger[2]);
}

static void test_round_trip(void)
{
    g_auto(Keys) keys;
    g_autoptr(GError) error = NULL;
    keys_init(&keys);
    g_autofree char *text = recovery(&keys, keys.cosign[0], keys.cosign[1], MERKLE_SIZE_MAX);
    g_autoptr(KeyChange) change = keychange_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpint(change->type, ==, KEYCHANGE_RECOVERY);
    g_assert_cmpint(change->role, ==, KEYCHANGE_COSIGN);
    g_assert_cmpstr(change->origin, ==, ORIGIN);
    g_assert_cmphex(change->old_key->id, ==, key_of(keys.cosign[0])->id);
    g_assert_cmphex(change->new_key->id, ==, key_of(keys.cosign[1])->id);
    g_assert_cmpuint(change->size, ==, MERKLE_SIZE_MAX);
    g_assert_cmpstr(change->note->bytes, ==, text);
    g_assert_true(keychange_verify(change, key_of(keys.recovery), &error));
    g_assert_false(keychange_verify(change, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* The cosign key's own kind of signature is not what a change is signed by. */
static void test_cosign_signature(void)
{
    g_auto(Keys) keys;
    g_autoptr(GError) error = NULL;
    keys_init(&keys);
    g_autofree char *text = rotation(keys.cosign[0], keys.cosign[1], 5);
    g_autoptr(Note) note = note_parse(text, strlen(text), NULL);
    g_autofree char *body = g_strndup(note->bytes, note->text_length);
    g_autofree char *wrong = note_sign(body, keys.cosign[0], 1, NULL);
    g_autoptr(Note) wrong_note = note_parse(wrong, strlen(wrong), NULL);
    g_autofree char *line = note_signature_line(keys.cosign[1], body, 1, NULL);
    g_autofree char *both = note_append(wrong_note, line, NULL);
    g_autoptr(KeyChange) change = keychange_parse(both, strlen(both), &error);
    g_assert_no_error(error);
    g_assert_false(keychange_verify(change, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* One bit anywhere: another text or a signature that fails. */
static void test_any_bit(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autofree char *text = rotation(keys.ledger[0], keys.ledger[1], 1000);
    const gsize length = strlen(text);
    for (gsize bit = 0; bit < length * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        g_autoptr(KeyChange) change = keychange_parse(text, length, NULL);
        g_assert_false(change && keychange_verify(change, NULL, NULL));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
}

static void test_parse_refuses(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autofree char *old_vkey = note_verifier_format(key_of(keys.ledger[0]));
    g_autofree char *new_vkey = note_verifier_format(key_of(keys.ledger[1]));
    g_autofree char *cosign_vkey = note_verifier_format(key_of(keys.cosign[0]));
    g_autofree char *recovery_vkey = note_verifier_format(key_of(keys.recovery));
    g_autofree char *shouted = g_ascii_strup(old_vkey, -1);
    const struct {
        const char *heading, *origin, *type, *old_key, *new_key, *size, *more;
    } texts[] = {
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, new_vkey, "7", ""}, /* good */
        {"concert/v2 key change", ORIGIN, "rotation", old_vkey, new_vkey, "7", ""},
        {"concert/v1 key change ", ORIGIN, "rotation", old_vkey, new_vkey, "7", ""},
        {"concert/v1 key change", "", "rotation", old_vkey, new_vkey, "7", ""},
        {"concert/v1 key change", NODE, "rotation", old_vkey, new_vkey, "7", ""},
        {"concert/v1 key change", "other.example/ledger", "rotation", old_vkey, new_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "Rotation", old_vkey, new_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "", old_vkey, new_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "rotation", "x", new_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, "x", "7", ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, old_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, cosign_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "rotation", recovery_vkey, new_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "rotation", shouted, new_vkey, "7", ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, new_vkey, "07", ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, new_vkey, "-1", ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, new_vkey, "9223372036854775808",
         ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, new_vkey, "", ""},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, new_vkey, "7", "\n"},
        {"concert/v1 key change", ORIGIN, "rotation", old_vkey, new_vkey, "7", "more\n"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *body = g_strdup_printf("%s\n%s\n%s\n%s\n%s\n%s\n%s", texts[i].heading,
                                                texts[i].origin, texts[i].type, texts[i].old_key,
                                                texts[i].new_key, texts[i].size, texts[i].more);
        g_autofree char *note = note_sign(body, keys.ledger[0], 0, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(KeyChange) change = keychange_parse(note, strlen(note), &error);
        g_assert_cmpint(change != NULL, ==, i == 0);
        if (i > 0)
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autofree char *large = g_strnfill(KEYCHANGE_BYTES_MAX + 1, 'a');
    g_autoptr(GError) error = NULL;
    g_assert_null(keychange_parse(large, strlen(large), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_sign_refuses(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    const struct {
        const NoteSigner *from, *to;
    } pairs[] = {
        {keys.ledger[0], keys.ledger[0]}, {keys.ledger[0], keys.cosign[0]},
        {keys.recovery, keys.ledger[1]},  {keys.ledger[0], keys.recovery},
        {keys.recovery, keys.recovery},
    };
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(keychange_rotate(ORIGIN, pairs[i].from, pairs[i].to, 1, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(keychange_rotate(ORIGIN, keys.ledger[0], keys.ledger[1], G_MAXUINT64, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(keychange_recover(ORIGIN, key_of(keys.ledger[0]), keys.stranger, keys.ledger[1],
                                    1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_rotations(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    assert_valid(history, 0, keys.ledger[0]);
    assert_valid(history, MERKLE_SIZE_MAX, keys.ledger[0]);
    add(history, rotation(keys.ledger[0], keys.ledger[1], 100));
    add(history, rotation(keys.ledger[1], keys.ledger[2], 200));
    add(history, rotation(keys.ledger[2], keys.ledger[3], 200));
    assert_valid(history, 100, keys.ledger[0]);
    assert_valid(history, 101, keys.ledger[1]);
    assert_valid(history, 200, keys.ledger[1]);
    assert_valid(history, 201, keys.ledger[3]);
    g_assert_cmpuint(keychange_history_n_keys(history, KEYCHANGE_LEDGER), ==, 4);
    KeyHistoryKey none = keychange_history_key(history, KEYCHANGE_LEDGER, 2);
    g_assert_cmpuint(none.first, >, none.last);
    g_assert_false(none.is_void);
    g_assert_true(keychange_history_present(history, KEYCHANGE_COSIGN)->id ==
                  key_of(keys.cosign[0])->id);
    add(history, rotation(keys.cosign[0], keys.cosign[1], 50));
    g_assert_true(keychange_history_present(history, KEYCHANGE_COSIGN)->id ==
                  key_of(keys.cosign[1])->id);
    g_assert_true(keychange_history_present(history, KEYCHANGE_LEDGER)->id ==
                  key_of(keys.ledger[3])->id);
    g_assert_cmpstr(keychange_history_origin(history), ==, ORIGIN);
    g_assert_cmphex(keychange_history_recovery(history)->id, ==, key_of(keys.recovery)->id);
}

/* The same again, also with other signatures, is no news and no failure. */
static void test_again(void)
{
    g_auto(Keys) keys;
    gboolean is_new = TRUE;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    g_autofree char *text = rotation(keys.ledger[0], keys.ledger[1], 100);
    add(history, g_strdup(text));
    add(history, rotation(keys.ledger[1], keys.ledger[2], 200));
    g_assert_true(try_add(history, text, &is_new, NULL));
    g_assert_false(is_new);
    assert_valid(history, 201, keys.ledger[2]);

    g_autoptr(KeyHistory) no_cosign =
        keychange_history_new(key_of(keys.ledger[0]), NULL, NULL, NULL);
    g_autofree char *other = rotation(keys.cosign[0], keys.cosign[1], 1);
    is_new = TRUE;
    g_assert_true(try_add(no_cosign, other, &is_new, NULL));
    g_assert_false(is_new);
    g_assert_null(keychange_history_present(no_cosign, KEYCHANGE_COSIGN));
}

static void test_refused(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    assert_refused(history, rotation(keys.ledger[1], keys.ledger[2], 10), CONCERT_ERROR_DENIED,
                   "which nobody accepted");
    assert_refused(history, recovery(&keys, keys.ledger[1], keys.ledger[2], 10),
                   CONCERT_ERROR_DENIED, "which nobody accepted");
    add(history, rotation(keys.ledger[0], keys.ledger[1], 100));
    assert_refused(history, rotation(keys.ledger[0], keys.ledger[2], 150), CONCERT_ERROR_DENIED,
                   "not the key of today");
    assert_refused(history, rotation(keys.ledger[1], keys.ledger[0], 150), CONCERT_ERROR_INPUT,
                   "has or had already");
    assert_refused(history, rotation(keys.ledger[1], keys.ledger[2], 99), CONCERT_ERROR_INPUT,
                   "less than 100");
    add(history, rotation(keys.ledger[1], keys.ledger[2], 100));

    /* Keys that are the ledger's already, for something else. */
    g_autoptr(NoteSigner) as_cosign = make_signer(ORIGIN, NOTE_ED25519, 5);
    g_autoptr(NoteSigner) as_recovery = make_signer(ORIGIN, NOTE_ED25519, 7);
    assert_refused(history, rotation(keys.ledger[2], as_cosign, 200), CONCERT_ERROR_INPUT,
                   "has or had already");
    assert_refused(history, rotation(keys.ledger[2], as_recovery, 200), CONCERT_ERROR_INPUT,
                   "has or had already");

    /* A change that another log signed for itself. */
    g_autoptr(NoteSigner) birch = make_signer("cert.birch.example/ledger", NOTE_ED25519, 9);
    g_autoptr(NoteSigner) birch_new = make_signer("cert.birch.example/ledger", NOTE_ED25519, 10);
    assert_refused(history,
                   keychange_rotate("cert.birch.example/ledger", birch, birch_new, 1, NULL),
                   CONCERT_ERROR_DENIED, "of the log");
}

/* The text, signed by @first and @second instead of those that must. */
static char *sign_again(const char *note_text, const NoteSigner *first, const NoteSigner *second)
{
    g_autoptr(Note) note = note_parse(note_text, strlen(note_text), NULL);
    g_autofree char *body = g_strndup(note->bytes, note->text_length);
    g_autofree char *once = note_sign(body, first, 0, NULL);
    if (!second)
        return g_steal_pointer(&once);
    g_autoptr(Note) signed_once = note_parse(once, strlen(once), NULL);
    g_autofree char *line = note_signature_line(second, body, 0, NULL);
    return note_append(signed_once, line, NULL);
}

static void test_signatures(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    g_autofree char *rotated = rotation(keys.ledger[0], keys.ledger[1], 100);
    g_autofree char *recovered = recovery(&keys, keys.ledger[0], keys.ledger[1], 100);
    const struct {
        const char *note;
        const NoteSigner *first, *second;
    } cases[] = {
        {rotated, keys.ledger[0], NULL},
        {rotated, keys.ledger[1], NULL},
        {rotated, keys.ledger[1], keys.stranger},
        {rotated, keys.ledger[0], keys.stranger},
        {rotated, keys.recovery, keys.ledger[1]},
        {recovered, keys.recovery, NULL},
        {recovered, keys.ledger[1], NULL},
        {recovered, keys.ledger[0], keys.ledger[1]},
        {recovered, keys.stranger, keys.ledger[1]},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_refused(history, sign_again(cases[i].note, cases[i].first, cases[i].second),
                       CONCERT_ERROR_DENIED, "not signed by");
    add(history, sign_again(rotated, keys.ledger[1], keys.ledger[0]));

    g_autoptr(KeyHistory) unrecoverable =
        keychange_history_new(key_of(keys.ledger[0]), NULL, NULL, NULL);
    assert_refused(unrecoverable, g_strdup(recovered), CONCERT_ERROR_DENIED,
                   "no recovery key is known");
    g_autoptr(NoteSigner) another = make_signer(NODE "/recovery", NOTE_ED25519, 11);
    g_autoptr(KeyHistory) other =
        keychange_history_new(key_of(keys.ledger[0]), NULL, key_of(another), NULL);
    assert_refused(other, g_steal_pointer(&recovered), CONCERT_ERROR_DENIED, "not signed by");
}

/* The key was lost: what it signed stays, up to the size named. */
static void test_loss(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    add(history, rotation(keys.ledger[0], keys.ledger[1], 100));
    add(history, recovery(&keys, keys.ledger[1], keys.ledger[2], 300));
    assert_valid(history, 100, keys.ledger[0]);
    assert_valid(history, 300, keys.ledger[1]);
    assert_valid(history, 301, keys.ledger[2]);
    g_assert_false(keychange_history_key(history, KEYCHANGE_LEDGER, 0).is_void);
    g_assert_true(keychange_history_key(history, KEYCHANGE_LEDGER, 1).is_void);
    add(history, rotation(keys.ledger[2], keys.ledger[3], 400));
    assert_valid(history, 401, keys.ledger[3]);
}

/* A thief rotates the stolen key to his own: the recovery of the stolen one voids that too. */
static void test_theft(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    add(history, rotation(keys.ledger[0], keys.stranger, 100));
    assert_valid(history, 101, keys.stranger);
    g_autofree char *again = rotation(keys.stranger, keys.ledger[3], 110);
    add(history, recovery(&keys, keys.ledger[0], keys.ledger[1], 80));
    assert_valid(history, 80, keys.ledger[0]);
    assert_valid(history, 81, keys.ledger[1]);
    assert_valid(history, 101, keys.ledger[1]);
    KeyHistoryKey void_key = keychange_history_key(history, KEYCHANGE_LEDGER, 1);
    g_assert_cmphex(void_key.key->id, ==, key_of(keys.stranger)->id);
    g_assert_true(void_key.is_void);
    g_assert_cmpuint(void_key.first, >, void_key.last);
    assert_refused(history, g_steal_pointer(&again), CONCERT_ERROR_DENIED, "which is void");
    assert_refused(history, rotation(keys.ledger[0], keys.ledger[2], 120), CONCERT_ERROR_DENIED,
                   "not the key of today");
    assert_refused(history, recovery(&keys, keys.stranger, keys.ledger[2], 120),
                   CONCERT_ERROR_DENIED, "which is void");
    assert_refused(history, rotation(keys.ledger[1], keys.stranger, 120), CONCERT_ERROR_INPUT,
                   "has or had already");
    add(history, rotation(keys.ledger[1], keys.ledger[2], 120));
    assert_valid(history, 121, keys.ledger[2]);
}

/* The last size that is trusted lies before the present key began. */
static void test_theft_noticed_late(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    add(history, rotation(keys.ledger[0], keys.ledger[1], 100));
    add(history, recovery(&keys, keys.ledger[1], keys.ledger[2], 60));
    assert_valid(history, 60, keys.ledger[0]);
    assert_valid(history, 61, keys.ledger[2]);
    for (guint i = 0; i < 2; i++)
        g_assert_true(keychange_history_key(history, KEYCHANGE_LEDGER, i).is_void);
    for (guint64 size = 0; size < 130; size++)
        g_assert_nonnull(keychange_history_valid(history, size));
}

static void test_list(void)
{
    g_auto(Keys) keys;
    g_autoptr(GError) error = NULL;
    keys_init(&keys);
    g_autofree char *first = rotation(keys.ledger[0], keys.ledger[1], 100);
    g_autofree char *cosign = rotation(keys.cosign[0], keys.cosign[1], 150);
    g_autofree char *second = rotation(keys.ledger[1], keys.ledger[2], 200);
    g_autofree char *third = recovery(&keys, keys.ledger[2], keys.ledger[3], 250);
    const char *const all[] = {first, cosign, second, third};
    for (guint pinned = 0; pinned < 4; pinned++) {
        g_autoptr(KeyHistory) history = pin(&keys, pinned);
        for (guint times = 0; times < 2; times++) {
            keychange_history_add_list(history, all, G_N_ELEMENTS(all), &error);
            g_assert_no_error(error);
            g_assert_cmpuint(keychange_history_n_keys(history, KEYCHANGE_LEDGER), ==, 4 - pinned);
            assert_valid(history, 251, keys.ledger[3]);
            assert_valid(history, 0, keys.ledger[pinned]);
            g_assert_cmphex(keychange_history_present(history, KEYCHANGE_COSIGN)->id, ==,
                            key_of(keys.cosign[1])->id);
        }
    }
    const char *const gap[] = {first, third};
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    g_assert_false(keychange_history_add_list(history, gap, 2, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_true(g_str_has_prefix(error->message, "key change 1: it leads from "));
    g_clear_error(&error);
    const char *const garbage[] = {first, "garbage"};
    g_assert_false(keychange_history_add_list(history, garbage, 2, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, "key change 1: "));
    g_clear_error(&error);
    g_autofree const char **many = g_new(const char *, KEYCHANGE_LIST_MAX + 1);
    for (guint i = 0; i <= KEYCHANGE_LIST_MAX; i++)
        many[i] = first;
    g_assert_false(keychange_history_add_list(history, many, KEYCHANGE_LIST_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_pins(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    const NoteVerifier *ledger = key_of(keys.ledger[0]), *cosign = key_of(keys.cosign[0]);
    g_autoptr(NoteSigner) same = make_signer(NODE "/recovery", NOTE_ED25519, 1);
    g_autoptr(NoteSigner) same_cosign = make_signer(NODE "/witness", NOTE_COSIGNATURE, 1);
    g_autoptr(NoteSigner) elsewhere = make_signer("cert.birch.example/recovery", NOTE_ED25519, 9);
    g_autoptr(NoteSigner) free_name = make_signer("log.example/2026", NOTE_ED25519, 9);
    const struct {
        const NoteVerifier *ledger, *cosign, *recovery;
        gboolean is_good;
    } pins[] = {
        {ledger, NULL, NULL, TRUE},
        {ledger, cosign, key_of(keys.recovery), TRUE},
        {key_of(free_name), NULL, NULL, TRUE},
        {key_of(free_name), NULL, key_of(keys.recovery), FALSE},
        {cosign, NULL, NULL, FALSE},
        {ledger, ledger, NULL, FALSE},
        {ledger, key_of(same_cosign), NULL, FALSE},
        {ledger, NULL, key_of(same), FALSE},
        {ledger, NULL, key_of(elsewhere), FALSE},
        {ledger, NULL, cosign, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(pins); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(KeyHistory) history =
            keychange_history_new(pins[i].ledger, pins[i].cosign, pins[i].recovery, &error);
        g_assert_cmpint(history != NULL, ==, pins[i].is_good);
        if (!history)
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

static Note *checkpoint_of(const char *origin, guint64 size, const NoteSigner *signer)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_strdup(origin);
    const Checkpoint checkpoint = {.origin = name, .size = size, .root = {{1}}};
    g_autofree char *text = checkpoint_sign(&checkpoint, signer, &error);
    g_assert_no_error(error);
    return note_parse(text, strlen(text), NULL);
}

static void test_checkpoints(void)
{
    g_auto(Keys) keys;
    keys_init(&keys);
    g_autoptr(KeyHistory) history = pin(&keys, 0);
    add(history, rotation(keys.ledger[0], keys.ledger[1], 100));
    add(history, recovery(&keys, keys.ledger[1], keys.ledger[2], 200));
    const struct {
        const char *origin;
        guint64 size;
        const NoteSigner *signer;
        const char *fault;
    } cases[] = {
        {ORIGIN, 100, keys.ledger[0], NULL},
        {ORIGIN, 101, keys.ledger[1], NULL},
        {ORIGIN, 201, keys.ledger[2], NULL},
        {ORIGIN, 101, keys.ledger[0], "not the key for trees of 101 entries"},
        {ORIGIN, 100, keys.ledger[1], "not the key for trees of 100 entries"},
        {ORIGIN, 201, keys.ledger[1], "a recovery voided it"},
        {ORIGIN, 200, keys.ledger[2], "not the key for trees of 200 entries"},
        {ORIGIN, 100, keys.stranger, "sign"},
        {NODE "/other", 100, keys.ledger[0], "of the log"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(Checkpoint) checkpoint = {0};
        g_autoptr(Note) note = checkpoint_of(cases[i].origin, cases[i].size, cases[i].signer);
        keychange_history_verify(history, note, &checkpoint, &error);
        if (!cases[i].fault) {
            g_assert_no_error(error);
            g_assert_cmpuint(checkpoint.size, ==, cases[i].size);
            continue;
        }
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
        if (!strstr(error->message, cases[i].fault))
            g_error("\"%s\" says nothing of \"%s\"", error->message, cases[i].fault);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keychange/vectors", test_vectors);
    g_test_add_func("/keychange/round-trip", test_round_trip);
    g_test_add_func("/keychange/cosign-signature", test_cosign_signature);
    g_test_add_func("/keychange/any-bit", test_any_bit);
    g_test_add_func("/keychange/parse-refuses", test_parse_refuses);
    g_test_add_func("/keychange/sign-refuses", test_sign_refuses);
    g_test_add_func("/keychange/rotations", test_rotations);
    g_test_add_func("/keychange/again", test_again);
    g_test_add_func("/keychange/refused", test_refused);
    g_test_add_func("/keychange/signatures", test_signatures);
    g_test_add_func("/keychange/loss", test_loss);
    g_test_add_func("/keychange/theft", test_theft);
    g_test_add_func("/keychange/theft-noticed-late", test_theft_noticed_late);
    g_test_add_func("/keychange/list", test_list);
    g_test_add_func("/keychange/pins", test_pins);
    g_test_add_func("/keychange/checkpoints", test_checkpoints);
    return g_test_run();
}
