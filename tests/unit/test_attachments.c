/* Attachments: chunks are kept once, sent once to each peer and put together again; what is not
 * what it is called by is told; what was erased can be added again. */
#include "unit/exchange_nodes.h"

#include <sqlite3.h>

#include "node/attachment_keeper.h"
#include "node/attachment_sender.h"
#include "node/docket_sender.h"
#include "store/attachments.h"
#include "store/deliveries.h"
#include "store/ledger_read.h"

#define FILE_SIZE (2 * CHUNK_BYTES + 5)

typedef struct {
    ExchangeNode alder, birch, cedar;
    guint8 *bytes;
    Chunk chunk; /* of the file */
    char hex[2 * SHA256_SIZE + 1];
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_make(&fixture->alder, "cert.alder.example");
    exchange_nodes_make(&fixture->birch, "cert.birch.example");
    exchange_nodes_make(&fixture->cedar, "cert.cedar.example");
    exchange_nodes_peer(&fixture->alder, &fixture->birch);
    exchange_nodes_peer(&fixture->alder, &fixture->cedar);
    fixture->bytes = g_malloc(FILE_SIZE);
    for (gsize i = 0; i < FILE_SIZE; i++)
        fixture->bytes[i] = (guint8)(i * 2654435761u >> 13);
    fixture->chunk.size = FILE_SIZE;
    sha256_digest(fixture->bytes, FILE_SIZE, fixture->chunk.sha256);
    sha256_hex(fixture->chunk.sha256, fixture->hex);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    exchange_nodes_close(&fixture->alder);
    exchange_nodes_close(&fixture->birch);
    exchange_nodes_close(&fixture->cedar);
    g_free(fixture->bytes);
}

/* --- helpers -----------------------------------------------------------------------------------
 */

typedef struct {
    const Chunk *chunk;
    GBytes *item;
    gboolean is_new;
} Keep;

static gboolean apply_keep(StoreTx *tx, gpointer user, GError **error)
{
    Keep *keep = user;
    return attachments_keep(tx, keep->chunk, keep->item, FALSE, &keep->is_new, error);
}

static gboolean keep(ExchangeNode *node, const Fixture *fixture, guint place)
{
    g_autoptr(GError) error = NULL;
    Chunk chunk = fixture->chunk;
    chunk.place = place;
    g_autoptr(GBytes) item = chunk_make(&chunk, fixture->bytes + (gsize)place * CHUNK_BYTES,
                                        chunk_length(FILE_SIZE, place));
    Keep one = {&chunk, item, FALSE};
    g_assert_true(writer_run(node_writer(node->node), 1, apply_keep, &one, &error));
    g_assert_no_error(error);
    return one.is_new;
}

static void keep_all(ExchangeNode *node, const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < chunk_count(FILE_SIZE); i++)
        keep(node, fixture, i);
    g_assert_true(attachment_keeper_check(node_notary(node->node), NULL, &error));
    g_assert_no_error(error);
}

static gboolean ask(Fixture *fixture, ExchangeNode *to, DocketSent *ret_sent, GError **error)
{
    g_autofree char *payload = g_strdup_printf(
        "{\"to\":\"%s\",\"kind\":\"advice\",\"urgency\":\"high\",\"subject\":\"s\",\"text\":\"t\","
        "\"files\":[{\"name\":\"a\",\"type\":\"text/plain\",\"sha256\":\"%s\",\"size\":%d}]}",
        to->name, fixture->hex, (int)FILE_SIZE);
    const DocketAct act = {.procedure = "request",
                           .type = "sent",
                           .signatory = "Officer",
                           .payload = payload,
                           .tlp = MARKING_TLP_GREEN};
    return docket_sender_send(node_notary(fixture->alder.node), &act, ret_sent, error);
}

static void ask_well(Fixture *fixture, ExchangeNode *to)
{
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    ask(fixture, to, &sent, &error);
    g_assert_no_error(error);
}

/* The copy of the file that is at @node; NULL: none. Caller frees the list. */
static const Attachment *find(ExchangeNode *node, const Fixture *fixture, GPtrArray **list)
{
    *list = attachments_find(node_store(node->node), fixture->chunk.sha256, NULL);
    return (*list)->len > 0 ? (const Attachment *)(*list)->pdata[0] : NULL;
}

static void assert_copy(ExchangeNode *node, const Fixture *fixture, AttachmentState state)
{
    g_autoptr(GPtrArray) list = NULL;
    const Attachment *copy = find(node, fixture, &list);
    g_assert_nonnull(copy);
    g_assert_cmpint(copy->state, ==, state);
}

static gboolean gather(const void *bytes, gsize length, gpointer user, GError **error)
{
    g_byte_array_append(user, bytes, (guint)length);
    return TRUE;
}

static void assert_equal(ExchangeNode *node, const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const Attachment *copy = find(node, fixture, &list);
    g_assert_true(attachments_read(node_store(node->node), copy, gather, bytes, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(bytes->data, bytes->len, fixture->bytes, FILE_SIZE);
}

/* How many bytes of files the node keeps, wherever. */
static gint64 kept_bytes(ExchangeNode *node)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    g_autofree char *path = g_build_filename(node->directory, "concert.db", NULL);
    g_assert_cmpint(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
    sqlite3_prepare_v2(db,
                       "SELECT (SELECT coalesce(sum(length(data)), 0) FROM chunk)"
                       " + (SELECT coalesce(sum(length(data)), 0) FROM entry_item)"
                       " + (SELECT coalesce(sum(length(data)), 0) FROM record_item)",
                       -1, &statement, NULL);
    g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
    gint64 bytes = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return bytes;
}

static guint run_sender(ExchangeNode *node)
{
    return attachment_sender_run(node_notary(node->node));
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_once(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch, *cedar = &fixture->cedar;
    g_autoptr(GError) error = NULL;
    g_assert_true(keep(alder, fixture, 1));
    g_assert_false(keep(alder, fixture, 1));
    g_autoptr(GArray) missing =
        attachments_missing(node_store(alder->node), fixture->chunk.sha256, FILE_SIZE, &error);
    g_assert_cmpuint(missing->len, ==, 2);
    g_assert_cmpuint(g_array_index(missing, guint, 1), ==, 2);
    g_auto(DocketSent) sent = {0};
    g_assert_false(ask(fixture, birch, &sent, &error)); /* it is not here whole */
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    keep_all(alder, fixture);
    assert_copy(alder, fixture, ATTACHMENT_WHOLE);

    ask_well(fixture, birch);
    g_assert_cmpuint(run_sender(alder), ==, 3);
    g_assert_cmpuint(run_sender(alder), ==, 0);
    g_assert_cmpint(kept_bytes(alder), <, FILE_SIZE + 64 * 1024);
    exchange_nodes_follow(alder, birch);
    assert_copy(birch, fixture, ATTACHMENT_COMPLETE);
    g_assert_true(attachment_keeper_check(node_notary(birch->node), NULL, &error));
    assert_copy(birch, fixture, ATTACHMENT_WHOLE);
    assert_equal(birch, fixture);
    assert_equal(alder, fixture);
    g_assert_cmpint(kept_bytes(birch), <, FILE_SIZE + 64 * 1024);

    /* The same again goes to nobody; to another by grants, and is not kept twice. */
    ask_well(fixture, birch);
    g_assert_cmpuint(run_sender(alder), ==, 0);
    ask_well(fixture, cedar);
    g_assert_cmpuint(run_sender(alder), ==, 3);
    g_assert_cmpint(kept_bytes(alder), <, FILE_SIZE + 64 * 1024);
    exchange_nodes_follow(alder, cedar);
    assert_equal(cedar, fixture);
}

static gboolean apply_erase(StoreTx *tx, gpointer user, GError **error)
{
    gboolean erased;
    return ledger_erase(tx, *(guint64 *)user, NULL, 0, &erased, error);
}

static void test_erased(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder;
    g_autoptr(GError) error = NULL;
    g_auto(LedgerReadState) state = {0};
    keep_all(alder, fixture);
    ask_well(fixture, &fixture->birch);
    run_sender(alder);
    g_assert_true(ledger_read_state(node_store(alder->node), &state, &error));
    guint64 last = state.size - 1; /* the third chunk */
    g_assert_true(writer_run(node_writer(alder->node), 1, apply_erase, &last, &error));
    assert_copy(alder, fixture, ATTACHMENT_ARRIVING);
    g_autoptr(GArray) missing =
        attachments_missing(node_store(alder->node), fixture->chunk.sha256, FILE_SIZE, &error);
    g_assert_cmpuint(missing->len, ==, 1);
    keep_all(alder, fixture);
    assert_equal(alder, fixture);
}

/* A sender that announces one file and sends another; then it sends the right one. What another
 * sender sends is not concerned. */
typedef struct {
    const char *origin;
    const Chunk *chunk;
    gint64 record;
    guint place;
} Receive;

static gboolean apply_receive(StoreTx *tx, gpointer user, GError **error)
{
    const Receive *receive = user;
    gboolean is_new;
    return attachments_receive(tx, receive->origin, receive->chunk, receive->record, receive->place,
                               &is_new, error);
}

static void test_damaged(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder;
    g_autoptr(GError) error = NULL;
    fixture->bytes[7] ^= 1;
    for (guint i = 0; i < chunk_count(FILE_SIZE); i++)
        keep(alder, fixture, i);
    g_assert_true(attachment_keeper_check(node_notary(alder->node), NULL, &error));
    assert_copy(alder, fixture, ATTACHMENT_DAMAGED);
    g_auto(DocketSent) sent = {0};
    g_assert_false(ask(fixture, &fixture->birch, &sent, NULL));
    fixture->bytes[7] ^= 1;
    keep_all(alder, fixture);
    assert_copy(alder, fixture, ATTACHMENT_WHOLE);
    assert_equal(alder, fixture);

    Chunk chunk = fixture->chunk;
    Receive receive = {"cert.dora.example/ledger", &chunk, 1, 0};
    g_assert_true(writer_run(node_writer(alder->node), 1, apply_receive, &receive, &error));
    g_autoptr(GPtrArray) list = NULL;
    g_assert_null(find(alder, fixture, &list)->origin);
    g_assert_cmpuint(list->len, ==, 2);
    assert_equal(alder, fixture);
}

/* --- passing on --------------------------------------------------------------------------------
 */

typedef struct {
    AttachmentsWanted wanted;
    const char *dossier, *author;
} PassOn;

static gboolean apply_pass_on(StoreTx *tx, gpointer user, GError **error)
{
    const PassOn *pass_on = user;
    return attachments_pass_on(tx, &pass_on->wanted, pass_on->dossier, pass_on->author, error);
}

/* At @node it is known that @author named the file in @dossier, which Cedar is brought into. */
static void pass_on(ExchangeNode *node, const Fixture *fixture, const char *dossier,
                    const char *author)
{
    g_autoptr(GError) error = NULL;
    PassOn one = {.wanted = {.sha256 = fixture->chunk.sha256,
                             .size = FILE_SIZE,
                             .origin = "cert.cedar.example/ledger",
                             .tlp = MARKING_TLP_GREEN},
                  .dossier = dossier,
                  .author = author};
    g_assert_true(writer_run(node_writer(node->node), 1, apply_pass_on, &one, &error));
    g_assert_no_error(error);
}

/* Whoever knows the hash of a file of Alder's does not get it sent to somebody by naming it, but
 * who was sent it may. */
static void test_hash_alone(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder;
    pass_on(alder, fixture, "case-1", "cert.birch.example/ledger");
    keep_all(alder, fixture);
    pass_on(alder, fixture, "case-1", "cert.birch.example/ledger");
    g_assert_cmpuint(run_sender(alder), ==, 0);
    ask_well(fixture, &fixture->birch);
    g_assert_cmpuint(run_sender(alder), ==, 3);
    pass_on(alder, fixture, "case-1", "cert.birch.example/ledger");
    g_assert_cmpuint(run_sender(alder), ==, 3);
    exchange_nodes_follow(alder, &fixture->cedar);
    assert_equal(&fixture->cedar, fixture);
    pass_on(alder, fixture, "case-1", "cert.birch.example/ledger");
    g_assert_cmpuint(run_sender(alder), ==, 0);
}

/* Birch, who got it from Alder in one dossier, does not pass it on because Dora, of whom nothing
 * came, names it in another; in the one it came for, it does. */
static void test_other_dossier(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    g_auto(DocketSent) sent = {0};
    exchange_nodes_peer(birch, &fixture->cedar);
    keep_all(alder, fixture);
    g_assert_true(ask(fixture, birch, &sent, &error));
    run_sender(alder);
    exchange_nodes_follow(alder, birch);
    g_assert_true(attachment_keeper_check(node_notary(birch->node), NULL, &error));
    pass_on(birch, fixture, "case-1", "cert.dora.example/ledger");
    g_assert_cmpuint(run_sender(birch), ==, 0);
    pass_on(birch, fixture, sent.dossier, "cert.dora.example/ledger");
    g_assert_cmpuint(run_sender(birch), ==, 3);
}

/* What is to be passed on waits until it is here, and whole. */
static void test_not_here_yet(Fixture *fixture, gconstpointer data)
{
    ExchangeNode *alder = &fixture->alder, *birch = &fixture->birch;
    g_autoptr(GError) error = NULL;
    exchange_nodes_peer(birch, &fixture->cedar);
    keep_all(alder, fixture);
    ask_well(fixture, birch);
    exchange_nodes_follow(alder, birch); /* the request alone */
    pass_on(birch, fixture, "case-1", "cert.alder.example/ledger");
    g_assert_cmpuint(run_sender(birch), ==, 0);
    run_sender(alder);
    exchange_nodes_follow(alder, birch);
    assert_copy(birch, fixture, ATTACHMENT_COMPLETE);
    g_assert_cmpuint(run_sender(birch), ==, 0);
    g_assert_true(attachment_keeper_check(node_notary(birch->node), NULL, &error));
    g_assert_cmpuint(run_sender(birch), ==, 3);
    exchange_nodes_follow(birch, &fixture->cedar);
    assert_equal(&fixture->cedar, fixture);
}

static void test_chunks(void)
{
    static const struct {
        guint64 size;
        guint count;
        gsize last;
    } cases[] = {{0, 1, 0},
                 {1, 1, 1},
                 {CHUNK_BYTES, 1, CHUNK_BYTES},
                 {CHUNK_BYTES + 1, 2, 1},
                 {CHUNK_SIZE_MAX, 1u << 20, CHUNK_BYTES}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpuint(chunk_count(cases[i].size), ==, cases[i].count);
        g_assert_cmpuint(chunk_length(cases[i].size, cases[i].count - 1), ==, cases[i].last);
    }
    g_autoptr(GError) error = NULL;
    Chunk chunk = {.size = 5}, read;
    g_autoptr(GBytes) item = chunk_make(&chunk, "hello", 5);
    gsize length;
    const guint8 *bytes = g_bytes_get_data(item, &length);
    g_assert_true(chunk_parse(bytes, length, &read, &error));
    g_assert_false(chunk_parse(bytes, length - 1, &read, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_autofree guint8 *later = g_memdup2(bytes, length);
    later[15] = '2';
    g_assert_false(chunk_parse(later, length, &read, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER);
    g_clear_error(&error);
    memcpy(later, bytes, length);
    later[49] = 1; /* a size of 2^56 and more */
    g_assert_false(chunk_parse(later, length, &read, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attachments/chunks", test_chunks);
    g_test_add("/attachments/once", Fixture, NULL, set_up, test_once, tear_down);
    g_test_add("/attachments/erased", Fixture, NULL, set_up, test_erased, tear_down);
    g_test_add("/attachments/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
    g_test_add("/attachments/hash-alone", Fixture, NULL, set_up, test_hash_alone, tear_down);
    g_test_add("/attachments/other-dossier", Fixture, NULL, set_up, test_other_dossier, tear_down);
    g_test_add("/attachments/not-here-yet", Fixture, NULL, set_up, test_not_here_yet, tear_down);
    return g_test_run();
}
