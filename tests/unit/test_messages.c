/* What is kept of messages between people: states, bounds, and that nothing changes twice. */
#include "base/timestamp.h"
#include "store/messages.h"
#include "store/outbox.h"
#include "store/writer.h"
#include "tree.h"

#define ID "5f1c0f6e-2d3b-4c55-9a77-0c8e6b7a1d20"

typedef struct {
    char *directory;
    Writer *writer;
    Store *store;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-messages-XXXXXX", &error);
    g_autofree char *path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(path, &error);
    g_assert_no_error(error);
    fixture->store = store_open(path, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
    tree_remove(fixture->directory);
    g_free(fixture->directory);
}

/* Something to do in a transaction; what of it is used depends on what. */
typedef struct {
    MessageRecord record;
    guint count; /* of messages, whose ids follow each other; 0: one, of record.id */
    gboolean is_new;
    gint64 number, post;
    gboolean urgent;
} Doing;

static gboolean apply_add(StoreTx *tx, gpointer data, GError **error)
{
    Doing *doing = data;
    for (guint i = 0; i < MAX(doing->count, 1); i++) {
        MessageRecord record = doing->record;
        g_autofree char *id = g_strdup_printf("%08x-0000-4000-8000-000000000000", i);
        if (doing->count)
            record.id = id;
        if (!messages_add(tx, &record, &doing->is_new, &doing->number, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean apply_post(StoreTx *tx, gpointer data, GError **error)
{
    Doing *doing = data;
    g_autoptr(GBytes) body = g_bytes_new_static("x", 1);
    return (doing->urgent ? outbox_add_urgent(tx, doing->record.peer, "/a", "b", "c", body,
                                              &doing->post, error)
                          : outbox_add(tx, doing->record.peer, "/a", "b", "c", body, 0,
                                       &doing->post, error)) &&
           (!doing->number || messages_set_post(tx, doing->number, doing->post, error));
}

static gboolean apply_done(StoreTx *tx, gpointer data, GError **error)
{
    return outbox_done(tx, ((Doing *)data)->post, error);
}

static gboolean apply_failed(StoreTx *tx, gpointer data, GError **error)
{
    return outbox_failed(tx, ((Doing *)data)->post, timestamp_now(), "no route", 0, error);
}

static gboolean apply_give_up(StoreTx *tx, gpointer data, GError **error)
{
    return outbox_give_up(tx, ((Doing *)data)->post, "forbidden", error);
}

static gboolean apply_acknowledge(StoreTx *tx, gpointer data, GError **error)
{
    Doing *doing = data;
    const MessageRecord *record = &doing->record;
    return messages_acknowledge(tx, record->peer, record->incoming, record->id,
                                record->acknowledged, record->acknowledged_by,
                                record->acknowledgement, &doing->is_new, error);
}

static gboolean apply_remove(StoreTx *tx, gpointer data, GError **error)
{
    return messages_remove(tx, ((Doing *)data)->number, error);
}

static void must(Fixture *fixture, WriterApply apply, Doing *doing)
{
    g_autoptr(GError) error = NULL;
    writer_run(fixture->writer, 1, apply, doing, &error);
    g_assert_no_error(error);
}

static void fails(Fixture *fixture, WriterApply apply, Doing *doing, int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(fixture->writer, 1, apply, doing, &error));
    g_assert_error(error, CONCERT_ERROR, code);
}

static Doing message(MessageKind kind, gboolean incoming)
{
    return (Doing){.record = {.kind = kind,
                              .incoming = incoming,
                              .peer = 1,
                              .id = (char *)ID,
                              .made = 1000,
                              .text = (char *)"please call"}};
}

static MessageRecord *find(Fixture *fixture, MessageKind kind, const char *id)
{
    const MessagesFilter filter = {.kind = kind};
    return messages_find(fixture->store, &filter, id, NULL);
}

static void assert_state(Fixture *fixture, MessageKind kind, MessageState state)
{
    g_autoptr(MessageRecord) record = find(fixture, kind, ID);
    g_assert_cmpstr(message_state_name(record->state), ==, message_state_name(state));
}

static guint count(Fixture *fixture, MessageKind kind, gboolean open)
{
    const MessagesFilter filter = {.kind = kind, .open = open};
    g_autoptr(GPtrArray) list = messages_list(fixture->store, &filter, NULL);
    return list->len;
}

static void test_sent(Fixture *fixture, gconstpointer data)
{
    Doing doing = message(MESSAGE_EMERGENCY, FALSE);
    must(fixture, apply_add, &doing);
    g_assert_true(doing.is_new);
    must(fixture, apply_post, &doing);
    assert_state(fixture, MESSAGE_EMERGENCY, MESSAGE_WAITING);
    must(fixture, apply_failed, &doing);
    g_autoptr(MessageRecord) tried = find(fixture, MESSAGE_EMERGENCY, "5f1c");
    g_assert_cmpuint(tried->tries, ==, 1);
    g_assert_cmpstr(tried->failure, ==, "no route");
    must(fixture, apply_done, &doing);
    assert_state(fixture, MESSAGE_EMERGENCY, MESSAGE_DELIVERED);
    g_assert_cmpuint(count(fixture, MESSAGE_EMERGENCY, TRUE), ==, 1);
    doing.record.acknowledged = 2000;
    doing.record.acknowledged_by = (char *)"A. Example";
    must(fixture, apply_acknowledge, &doing);
    g_assert_true(doing.is_new);
    doing.record.acknowledged = 3000;
    must(fixture, apply_acknowledge, &doing); /* the first one counts */
    g_assert_false(doing.is_new);
    assert_state(fixture, MESSAGE_EMERGENCY, MESSAGE_ACKNOWLEDGED);
    g_autoptr(MessageRecord) record = find(fixture, MESSAGE_EMERGENCY, ID);
    g_assert_cmpint(record->acknowledged, ==, 2000);
    g_assert_cmpuint(count(fixture, MESSAGE_EMERGENCY, TRUE), ==, 0);
    g_assert_cmpuint(count(fixture, MESSAGE_EMERGENCY, FALSE), ==, 1);
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    Doing doing = message(MESSAGE_NOTE, FALSE);
    must(fixture, apply_add, &doing);
    must(fixture, apply_post, &doing);
    must(fixture, apply_give_up, &doing);
    assert_state(fixture, MESSAGE_NOTE, MESSAGE_FAILED);
    g_autoptr(MessageRecord) record = find(fixture, MESSAGE_NOTE, ID);
    g_assert_cmpstr(record->failure, ==, "forbidden");
    fails(fixture, apply_acknowledge, &doing, CONCERT_ERROR_CONFLICT); /* a note */
    doing.record.id = (char *)"00000000-0000-4000-8000-000000000000";
    fails(fixture, apply_acknowledge, &doing, CONCERT_ERROR_NOT_FOUND);
}

static void test_came(Fixture *fixture, gconstpointer data)
{
    MessagesCounts counts;
    Doing doing = message(MESSAGE_EMERGENCY, TRUE);
    must(fixture, apply_add, &doing);
    gint64 number = doing.number;
    doing.record.text = (char *)"something else";
    must(fixture, apply_add, &doing);
    g_assert_false(doing.is_new);
    g_assert_cmpint(doing.number, ==, number);
    g_autoptr(MessageRecord) record = find(fixture, MESSAGE_EMERGENCY, ID);
    g_assert_cmpstr(record->text, ==, "please call");
    g_assert_true(messages_count(fixture->store, &counts, NULL));
    g_assert_cmpuint(counts.emergencies, ==, 1);
    g_assert_cmpint(counts.oldest, ==, record->kept);
    /* The same id of another peer is another message; and of an exercise, which is not counted. */
    Doing exercise = message(MESSAGE_EMERGENCY, TRUE);
    exercise.record.peer = 2;
    exercise.record.exercise = TRUE;
    must(fixture, apply_add, &exercise);
    g_assert_true(exercise.is_new);
    g_assert_true(messages_count(fixture->store, &counts, NULL));
    g_assert_cmpuint(counts.emergencies, ==, 1);
    g_assert_cmpuint(counts.exercises, ==, 1);
    g_autoptr(GError) error = NULL;
    const MessagesFilter both = {.kind = MESSAGE_EMERGENCY}, one = {.peer = 2};
    g_assert_null(messages_find(fixture->store, &both, ID, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_autoptr(MessageRecord) second = messages_find(fixture->store, &one, ID, NULL);
    g_assert_true(second->exercise);
    /* Acknowledged, and the peer does not know yet. */
    doing.record.acknowledged = 2000;
    must(fixture, apply_acknowledge, &doing);
    must(fixture, apply_post, &doing);
    g_assert_cmpuint(count(fixture, MESSAGE_EMERGENCY, TRUE), ==, 2);
    must(fixture, apply_done, &doing);
    g_assert_cmpuint(count(fixture, MESSAGE_EMERGENCY, TRUE), ==, 1);
}

/* What was removed is known all the same, and does not come back. */
static void test_removed(Fixture *fixture, gconstpointer data)
{
    Doing doing = message(MESSAGE_NOTE, TRUE);
    must(fixture, apply_add, &doing);
    must(fixture, apply_remove, &doing);
    g_assert_cmpuint(count(fixture, MESSAGE_NOTE, FALSE), ==, 0);
    must(fixture, apply_add, &doing);
    g_assert_false(doing.is_new);
    g_assert_cmpuint(count(fixture, MESSAGE_NOTE, FALSE), ==, 0);
}

static void test_bounds(Fixture *fixture, gconstpointer data)
{
    Doing doing = message(MESSAGE_EMERGENCY, TRUE);
    doing.count = MESSAGES_OPEN_MAX;
    must(fixture, apply_add, &doing);
    must(fixture, apply_add, &doing); /* known ones need no room */
    Doing one = message(MESSAGE_EMERGENCY, TRUE);
    fails(fixture, apply_add, &one, CONCERT_ERROR_LIMIT);
    Doing other = message(MESSAGE_EMERGENCY, TRUE);
    other.record.peer = 2;
    must(fixture, apply_add, &other);
    Doing note = message(MESSAGE_NOTE, TRUE);
    must(fixture, apply_add, &note);
    Doing seen = message(MESSAGE_EMERGENCY, TRUE);
    seen.record.id = (char *)"00000000-0000-4000-8000-000000000000";
    seen.record.acknowledged = 1;
    must(fixture, apply_acknowledge, &seen);
    must(fixture, apply_add, &one);
    g_assert_true(one.is_new);
}

static void test_find(Fixture *fixture, gconstpointer data)
{
    static const char *const none[] = {"",     "5f1",  "5f1d",
                                       "~~~~", "%%%%", "5f1c0f6e-2d3b-4c55-9a77-0c8e6b7a1d20a"};
    Doing doing = message(MESSAGE_EMERGENCY, TRUE);
    must(fixture, apply_add, &doing);
    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(GError) error = NULL;
        const MessagesFilter filter = {.kind = MESSAGE_EMERGENCY};
        g_assert_null(messages_find(fixture->store, &filter, none[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    }
    const MessagesFilter outgoing = {.kind = MESSAGE_EMERGENCY, .outgoing = TRUE};
    g_assert_null(messages_find(fixture->store, &outgoing, ID, NULL));
    const MessagesFilter incoming = {.kind = MESSAGE_EMERGENCY, .incoming = TRUE};
    g_autoptr(MessageRecord) record = messages_find(fixture->store, &incoming, "5f1c", NULL);
    g_assert_nonnull(record);
}

/* What is urgent neither waits behind what is not, nor for long. */
static void test_urgent(Fixture *fixture, gconstpointer data)
{
    Doing slow = {.record = {.peer = 1}}, urgent = {.record = {.peer = 1}, .urgent = TRUE};
    must(fixture, apply_post, &slow);
    must(fixture, apply_post, &urgent);
    g_autoptr(GPtrArray) due = outbox_due(fixture->store, timestamp_now(), 10, NULL);
    g_assert_cmpuint(due->len, ==, 2);
    g_assert_cmpint(((OutboxPost *)due->pdata[0])->number, ==, urgent.post);
    g_assert_true(((OutboxPost *)due->pdata[0])->urgent);
    for (guint i = 0; i < 12; i++) {
        must(fixture, apply_failed, &slow);
        must(fixture, apply_failed, &urgent);
    }
    gint64 soon = timestamp_now() + OUTBOX_URGENT_WAIT * G_USEC_PER_SEC;
    g_autoptr(GPtrArray) again = outbox_due(fixture->store, soon, 10, NULL);
    g_assert_cmpuint(again->len, ==, 1);
    g_assert_cmpint(((OutboxPost *)again->pdata[0])->number, ==, urgent.post);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(path, function)                                                                       \
    g_test_add("/messages/" path, Fixture, NULL, set_up, function, tear_down)
    TEST("sent", test_sent);
    TEST("refused", test_refused);
    TEST("came", test_came);
    TEST("removed", test_removed);
    TEST("bounds", test_bounds);
    TEST("find", test_find);
    TEST("urgent", test_urgent);
    return g_test_run();
}
