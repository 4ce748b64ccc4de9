#include "node/parcel_box.h"

#include "exchange/message.h"
#include "exchange/parcel_record.h"
#include "exchange_nodes.h"

/* Alder and Birch are peers, Cedar is Alder's peer; Birch reads parcels. */
typedef struct {
    ExchangeNode alder, birch, cedar;
} Scene;

static void scene_init(Scene *scene)
{
    exchange_nodes_make(&scene->alder, "cert.alder.example");
    exchange_nodes_make(&scene->birch, "cert.birch.example");
    exchange_nodes_make(&scene->cedar, "cert.cedar.example");
    exchange_nodes_peer(&scene->alder, &scene->birch);
    exchange_nodes_peer(&scene->alder, &scene->cedar);
}

static void scene_clear(Scene *scene)
{
    exchange_nodes_close(&scene->alder);
    exchange_nodes_close(&scene->birch);
    exchange_nodes_close(&scene->cedar);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scene, scene_clear)

static gboolean sink(const void *bytes, gsize length, gpointer user, GError **error)
{
    g_byte_array_append(user, bytes, (guint)length);
    return TRUE;
}

/* What somebody put into a parcel for Birch. */
typedef struct {
    ExchangeNode *author;    /* whose answer it is, and who the manifest says it is from */
    ExchangeNode *signer;    /* NULL: the author */
    ExchangeNode *to;        /* NULL: Birch */
    ExchangeNode *asked_for; /* of whom the answer is for; NULL: Birch */
    const char *kind;        /* NULL: an answer */
    gboolean is_damaged;     /* the content, of which the author signs the digest */
} Crafted;

static GBytes *craft_content(const Crafted *crafted, ExchangeNode *reader)
{
    gsize length;
    g_autoptr(GBytes) answer =
        exchange_nodes_answer(crafted->author, crafted->asked_for ? crafted->asked_for : reader);
    g_assert_nonnull(answer);
    g_autofree guint8 *bytes = g_memdup2(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
    length = g_bytes_get_size(answer);
    if (crafted->is_damaged)
        bytes[length - 10] ^= 1;
    return g_bytes_new(bytes, length);
}

static char *craft_manifest(const Crafted *crafted, ExchangeNode *reader, GBytes *content)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    const void *bytes = g_bytes_get_data(content, &length);
    g_autoptr(Answer) answer = answer_parse(content, length, NULL);
    ExchangeNode *signer = crafted->signer ? crafted->signer : crafted->author;
    ParcelManifest manifest = {.origin = crafted->author->origin,
                               .to = crafted->to ? crafted->to->origin : reader->origin,
                               .kind = (char *)(crafted->kind ? crafted->kind : "answer"),
                               .end = answer ? answer->end : 5,
                               .size = answer ? answer->size : 5,
                               .length = length,
                               .is_last = TRUE};
    sha256_digest(bytes, length, manifest.digest);
    const NoteSigner *key = notary_messenger(node_notary(signer->node), &error);
    g_assert_no_error(error);
    char *text = parcel_record_make(&manifest, key, &error);
    g_assert_no_error(error);
    return text;
}

/* A parcel of one part in the file of that name. */
static char *craft(const Crafted *crafted, ExchangeNode *reader)
{
    g_autoptr(GError) error = NULL;
    guint8 key[PARCEL_KEY_SIZE];
    char key_id[PARCEL_KEY_ID_SIZE + 1];
    ParcelPart part = {{0}};
    MerkleHash leaf;
    g_autoptr(GBytes) content = craft_content(crafted, reader);
    g_autofree char *manifest = craft_manifest(crafted, reader, content);
    g_autoptr(GByteArray) sealed = g_byte_array_new();
    g_assert_true(notary_parcel_public(node_notary(reader->node), key, &error));
    g_autoptr(ParcelSeal) seal = parcel_seal_new(key, sink, sealed, &error);
    g_assert_true(parcel_record_write(seal, manifest, NULL, content, &error));
    g_assert_true(parcel_seal_end(seal, &error));
    merkle_leaf_hash(sealed->data, sealed->len, &leaf);
    parcel_key_id(key, key_id);
    g_assert_true(parcel_part_number(&leaf, 1, key_id, &part, &error));
    part.length = sealed->len;
    g_autofree char *head = parcel_part_format(&part);
    g_byte_array_prepend(sealed, (const guint8 *)head, (guint)strlen(head));
    char *path = g_build_filename(reader->directory, "crafted", NULL);
    g_assert_true(g_file_set_contents(path, (const char *)sealed->data, sealed->len, &error));
    return path;
}

static char *read_parcel(const Crafted *crafted, ExchangeNode *reader, GError **error)
{
    char id[PARCEL_PART_ID_SIZE + 1];
    gboolean known;
    char *result = NULL;
    g_autofree char *path = craft(crafted, reader);
    g_autoptr(GError) local = NULL;
    g_assert_true(parcel_box_take(reader->directory, path, id, &known, &local));
    g_assert_no_error(local);
    g_assert_false(known);
    g_autofree char *params = g_strdup_printf("{\"parcel\":\"%s\"}", id);
    if (!node_call(reader->node, "parcel.read", params, &result, error)) {
        /* It stays, to be looked at again. */
        g_autoptr(ParcelBox) box = parcel_box_find(reader->directory, id, NULL);
        g_assert_nonnull(box);
        g_assert_null(box->read);
        g_assert_cmpuint(box->n_has, ==, 1);
        return NULL;
    }
    return result;
}

static guint64 cursor(ExchangeNode *reader, ExchangeNode *author)
{
    g_autoptr(Peer) peer = peers_get(node_store(reader->node), author->origin, NULL);
    return peer ? peer->cursor : 0;
}

static void assert_refused(const Crafted *crafted, ExchangeNode *reader, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *result = read_parcel(crafted, reader, &error);
    g_assert_null(result);
    if (!strstr(error->message, message))
        g_error("\"%s\" is expected, not \"%s\"", message, error->message);
    g_assert_cmpuint(cursor(reader, crafted->author), ==, 0);
}

/* Whoever sealed it, what counts is who signed. */
static void test_sender(void)
{
    g_auto(Scene) scene;
    g_autoptr(GError) error = NULL;
    scene_init(&scene);
    const Crafted honest = {.author = &scene.alder};
    const Crafted forged = {.author = &scene.alder, .signer = &scene.cedar};
    const Crafted passed_on = {.author = &scene.alder, .to = &scene.cedar};
    const Crafted relabelled = {.author = &scene.alder, .asked_for = &scene.cedar};
    const Crafted damaged = {.author = &scene.alder, .is_damaged = TRUE};
    assert_refused(&forged, &scene.birch, "none of that node's message keys");
    assert_refused(&passed_on, &scene.birch, "it was made for cert.cedar.example/ledger");
    assert_refused(&relabelled, &scene.birch, "coverage: made for \"cert.cedar.example/ledger\"");
    assert_refused(&damaged, &scene.birch, "");
    g_autofree char *result = read_parcel(&honest, &scene.birch, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(cursor(&scene.birch, &scene.alder), >, 0);
    g_assert_nonnull(strstr(result, "\"answers\":1"));
    /* The lies of others convict nobody. */
    g_autoptr(Peer) peer = peers_get(node_store(scene.birch.node), scene.alder.origin, &error);
    g_assert_false(peer->fork);
}

static void test_stranger(void)
{
    g_auto(Scene) scene;
    scene_init(&scene);
    const Crafted crafted = {.author = &scene.cedar, .asked_for = &scene.alder};
    assert_refused(&crafted, &scene.birch, "cert.cedar.example");
}

/* What a later version may send besides answers stops nobody. */
static void test_unknown_kind(void)
{
    g_auto(Scene) scene;
    g_autoptr(GError) error = NULL;
    scene_init(&scene);
    const Crafted crafted = {.author = &scene.alder, .kind = "letter"};
    g_autofree char *result = read_parcel(&crafted, &scene.birch, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(result, "\"unknown_records\":1"));
    g_assert_cmpuint(cursor(&scene.birch, &scene.alder), ==, 0);
}

/* Which parts are missing. */
static void test_missing(void)
{
    static const struct {
        const char *has, *missing;
    } cases[] = {
        {"1", ""},        {"0", "1"},       {"101", "2"},   {"1001", "2, 3"},
        {"10001", "2-4"}, {"0110", "1, 4"}, {"000", "1-3"}, {"110100010", "3, 5-7, 9"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint8 has[16];
        ParcelBox box = {.parts = (guint)strlen(cases[i].has), .has = has};
        for (guint k = 0; k < box.parts; k++)
            has[k] = cases[i].has[k] == '1';
        g_autofree char *missing = parcel_box_missing(&box);
        g_assert_cmpstr(missing, ==, cases[i].missing);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parcel-box/sender", test_sender);
    g_test_add_func("/parcel-box/stranger", test_stranger);
    g_test_add_func("/parcel-box/unknown-kind", test_unknown_kind);
    g_test_add_func("/parcel-box/missing", test_missing);
    return g_test_run();
}
