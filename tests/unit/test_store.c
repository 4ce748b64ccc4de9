/* The store through its interface: what is put, what becomes of it, and the pages that show it. */
#include <glib/gstdio.h>
#include <string.h>

#include "store/accounts.h"
#include "store/collections.h"
#include "store/desk.h"
#include "store/objects.h"
#include "store/placed.h"
#include "store/receipts.h"
#include "store/writer.h"

typedef struct {
    char *directory;
    char *path;
    Writer *writer;
    Store *store;
    gint64 collection;
} Fixture;

static gboolean apply_setup(StoreTx *tx, gpointer user, GError **error)
{
    Fixture *fixture = user;
    return collections_add_root(tx, "main", "Main", NULL, error) &&
           collections_add(tx, "main", NULL, "first", "First", NULL, &fixture->collection, error);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-store-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->directory, "concert.db", NULL);
    fixture->writer = writer_open(fixture->path, &error);
    g_assert_no_error(error);
    writer_run(fixture->writer, 0, apply_setup, fixture, &error);
    g_assert_no_error(error);
    fixture->store = store_open(fixture->path, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    store_close(fixture->store);
    writer_close(fixture->writer);
    g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->path);
}

typedef struct {
    const char *source;
    gint64 collection;
    Object **objects;
    gsize count;
    ObjectsResult results[16];
} PutRequest;

static gboolean apply_put(StoreTx *tx, gpointer user, GError **error)
{
    PutRequest *request = user;
    return objects_put(tx, request->source, request->collection, request->objects, request->count,
                       request->results, error);
}

/* Puts one object and says what became of it. */
static ObjectsOutcome put(Fixture *fixture, const char *source, const char *json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Object) object =
        object_read(json, strlen(json), OBJECT_SPEC_20, OBJECT_LENIENT, &error);
    g_assert_no_error(error);
    PutRequest request = {
        .source = source, .collection = fixture->collection, .objects = &object, .count = 1};
    g_assert_true(writer_run(fixture->writer, 1, apply_put, &request, &error));
    g_assert_no_error(error);
    return request.results[0].outcome;
}

#define ID_A "indicator--11111111-1111-4111-8111-111111111111"
#define ID_B "malware--22222222-2222-4222-8222-222222222222"

/* An indicator for 192.0.2.@host, version of second @second. */
static char *indicator(int second, int host, const char *extra)
{
    return g_strdup_printf("{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"" ID_A "\","
                           "\"created\":\"2026-01-01T00:00:00.000Z\","
                           "\"modified\":\"2026-01-01T00:00:%02d.000Z\","
                           "\"pattern_type\":\"stix\",\"valid_from\":\"2026-01-01T00:00:00Z\","
                           "\"pattern\":\"[ipv4-addr:value = '192.0.2.%d']\"%s}",
                           second, host, extra);
}

static char *malware(int second)
{
    return g_strdup_printf("{\"type\":\"malware\",\"spec_version\":\"2.1\",\"id\":\"" ID_B "\","
                           "\"created\":\"2026-01-01T00:00:00.000Z\","
                           "\"modified\":\"2026-01-01T00:00:%02d.000Z\","
                           "\"name\":\"Sample\",\"is_family\":false}",
                           second);
}

static CollectionPage *page(Fixture *fixture, CollectionFilter filter, gint64 after, gint64 until,
                            guint limit)
{
    g_autoptr(GError) error = NULL;
    CollectionQuery query = {.number = fixture->collection,
                             .filter = filter,
                             .after = after,
                             .until = until,
                             .limit = limit,
                             .max_bytes = G_MAXSIZE};
    CollectionPage *result = collections_objects(fixture->store, &query, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(CollectionPage) members = collections_manifest(fixture->store, &query, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(members->count, ==, result->count);
    g_assert_cmpint(members->more, ==, result->more);
    return result;
}

static void expect_page(Fixture *fixture, CollectionFilter filter, gint64 until,
                        const char *const *expected)
{
    g_autofree char *joined = g_strjoinv(",", (char **)expected);
    g_autoptr(CollectionPage) result = page(fixture, filter, G_MININT64, until, 100);
    g_assert_cmpstr(result->objects->str, ==, joined);
    g_assert_cmpuint(result->count, ==, g_strv_length((char **)expected));
}

#define EXPECT(filter, until, ...)                                                                 \
    expect_page(fixture, (CollectionFilter)filter, until, (const char *const[]){__VA_ARGS__ NULL})
#define FILTER(...)                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void test_outcomes(Fixture *fixture, gconstpointer data)
{
    g_autofree char *one = indicator(1, 1, "");
    g_autofree char *one_other = indicator(1, 1, ",\"name\":\"other bytes\"");
    g_autofree char *two = indicator(2, 2, "");
    g_autofree char *three = indicator(3, 3, "");
    g_assert_cmpint(put(fixture, "alder", one), ==, OBJECTS_ACCEPTED);
    g_assert_cmpint(put(fixture, "alder", one), ==, OBJECTS_UNCHANGED);
    g_assert_cmpint(put(fixture, "birch", one), ==, OBJECTS_UNCHANGED);
    g_assert_cmpint(put(fixture, "alder", one_other), ==, OBJECTS_VARIANT);
    g_assert_cmpint(put(fixture, "alder", one_other), ==, OBJECTS_UNCHANGED);
    g_assert_cmpint(put(fixture, "birch", two), ==, OBJECTS_CLAIM);
    EXPECT(FILTER(), G_MAXINT64, one, );
    /* The first source says it too: the claim takes effect. */
    g_assert_cmpint(put(fixture, "alder", two), ==, OBJECTS_ACCEPTED);
    g_assert_cmpint(put(fixture, "alder", three), ==, OBJECTS_ACCEPTED);
    EXPECT(FILTER(), G_MAXINT64, three, );
    EXPECT(FILTER(.all = TRUE), G_MAXINT64, one, two, three, );

    ObjectsStats stats;
    g_assert_true(objects_stats(fixture->store, &stats, NULL));
    g_assert_cmpuint(stats.objects, ==, 1);
    g_assert_cmpuint(stats.versions, ==, 4);
    g_assert_cmpuint(stats.variants, ==, 1);
    g_assert_cmpuint(stats.claims, ==, 0);
}

static void test_pages_never_change(Fixture *fixture, gconstpointer data)
{
    g_autofree char *two = indicator(2, 2, "");
    g_autofree char *family = malware(1);
    put(fixture, "alder", two);
    g_autoptr(CollectionPage) before =
        page(fixture, (CollectionFilter){0}, G_MININT64, G_MAXINT64, 9);
    gint64 until = before->until;
    g_autofree char *one = indicator(1, 1, "");
    g_autofree char *three = indicator(3, 3, "");
    put(fixture, "alder", family);
    put(fixture, "alder", three);
    put(fixture, "alder", one); /* an older version comes late */
    EXPECT(FILTER(), until, two, );
    EXPECT(FILTER(.first = TRUE), until, two, );
    EXPECT(FILTER(), G_MAXINT64, family, three, );
    EXPECT(FILTER(.first = TRUE), G_MAXINT64, family, one, );
    EXPECT(FILTER(.all = TRUE), G_MAXINT64, two, family, three, one, );
    EXPECT(FILTER(.first = TRUE, .last = TRUE), G_MAXINT64, family, three, one, );

    /* Page by page: every one once, in order. */
    gint64 after = G_MININT64;
    GString *seen = g_string_new(NULL);
    CollectionFilter all = {.all = TRUE};
    for (gboolean more = TRUE; more;) {
        g_autoptr(CollectionPage) next = page(fixture, all, after, G_MAXINT64, 1);
        g_assert_cmpint(next->first, ==, next->last);
        g_assert_cmpint(next->first, >, after);
        g_string_append(seen, next->objects->str);
        after = next->last;
        more = next->more;
    }
    g_autofree char *expected = g_strconcat(two, family, three, one, NULL);
    g_assert_cmpstr(seen->str, ==, expected);
    g_string_free(seen, TRUE);
}

static void test_filters(Fixture *fixture, gconstpointer data)
{
    g_autofree char *one = indicator(1, 1, "");
    g_autofree char *two = indicator(2, 2, "");
    g_autofree char *family = malware(1);
    const char *old =
        "{\"type\":\"malware\",\"id\":\"" ID_B "\",\"name\":\"Old\",\"labels\":[\"x\"],"
        "\"created\":\"2026-01-01T00:00:00.000Z\","
        "\"modified\":\"2026-01-01T00:00:05.000Z\"}";
    put(fixture, "alder", old);
    EXPECT(FILTER(), G_MAXINT64, old, );
    put(fixture, "alder", one);
    put(fixture, "alder", family);
    put(fixture, "alder", two);
    g_auto(GStrv) types = g_strsplit("malware", ",", -1);
    g_auto(GStrv) both_types = g_strsplit("malware,indicator,no-such-type", ",", -1);
    g_auto(GStrv) ids = g_strsplit(ID_A ",tool--33333333-3333-4333-8333-333333333333", ",", -1);
    EXPECT(FILTER(.types = types), G_MAXINT64, family, );
    EXPECT(FILTER(.types = types, .spec20 = TRUE), G_MAXINT64, old, );
    /* Asked for both, an object still has one last version. */
    EXPECT(FILTER(.types = types, .spec20 = TRUE, .spec21 = TRUE), G_MAXINT64, old, );
    EXPECT(FILTER(.types = types, .spec20 = TRUE, .spec21 = TRUE, .all = TRUE), G_MAXINT64, old,
           family, );
    EXPECT(FILTER(.types = both_types), G_MAXINT64, family, two, );
    EXPECT(FILTER(.types = both_types + 2), G_MAXINT64, );
    EXPECT(FILTER(.ids = ids), G_MAXINT64, two, );
    EXPECT(FILTER(.ids = ids, .all = TRUE), G_MAXINT64, one, two, );
    EXPECT(FILTER(.ids = ids + 1), G_MAXINT64, );
    EXPECT(FILTER(.ids = ids, .types = types), G_MAXINT64, );
    g_autoptr(GArray) versions = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 version = G_GINT64_CONSTANT(1767225601000000); /* 2026-01-01T00:00:01Z */
    g_array_append_val(versions, version);
    EXPECT(FILTER(.versions = versions), G_MAXINT64, one, family, );
}

typedef struct {
    gint64 collection;
    CollectionFilter filter;
    guint removed;
} RemoveRequest;

static gboolean apply_remove(StoreTx *tx, gpointer user, GError **error)
{
    RemoveRequest *request = user;
    return collections_remove(tx, request->collection, ID_A, &request->filter, &request->removed,
                              error);
}

static void test_remove(Fixture *fixture, gconstpointer data)
{
    g_autofree char *one = indicator(1, 1, "");
    g_autofree char *two = indicator(2, 2, "");
    g_autofree char *three = indicator(3, 3, "");
    put(fixture, "alder", one);
    put(fixture, "alder", three);
    put(fixture, "alder", two);
    RemoveRequest request = {.collection = fixture->collection, .filter = {.last = TRUE}};
    g_assert_true(writer_run(fixture->writer, 1, apply_remove, &request, NULL));
    g_assert_cmpuint(request.removed, ==, 1);
    EXPECT(FILTER(), G_MAXINT64, two, );
    EXPECT(FILTER(.all = TRUE), G_MAXINT64, one, two, );
    request.filter = (CollectionFilter){.first = TRUE};
    g_assert_true(writer_run(fixture->writer, 1, apply_remove, &request, NULL));
    EXPECT(FILTER(.first = TRUE), G_MAXINT64, two, );
    request.filter = (CollectionFilter){0};
    g_assert_true(writer_run(fixture->writer, 1, apply_remove, &request, NULL));
    g_assert_cmpuint(request.removed, ==, 1);
    EXPECT(FILTER(.all = TRUE), G_MAXINT64, );
    gboolean contains = TRUE;
    g_assert_true(collections_contains(fixture->store, fixture->collection, ID_A, &contains, NULL));
    g_assert_false(contains);
    /* With nothing of that version in the collection, other bytes of it are the first there. */
    g_autofree char *other = indicator(1, 1, ",\"name\":\"other bytes\"");
    g_assert_cmpint(put(fixture, "alder", other), ==, OBJECTS_ACCEPTED);
    EXPECT(FILTER(), G_MAXINT64, other, );
    g_assert_cmpint(put(fixture, "alder", one), ==, OBJECTS_UNCHANGED);
    EXPECT(FILTER(), G_MAXINT64, other, );
    g_assert_true(writer_run(fixture->writer, 1, apply_remove, &request, NULL));
    /* Given again, it is a member again; what the store kept is not stored twice. */
    g_assert_cmpint(put(fixture, "alder", one), ==, OBJECTS_ACCEPTED);
    EXPECT(FILTER(), G_MAXINT64, one, );
    g_autoptr(Collection) collection = collections_lookup(fixture->store, "main", "first", NULL);
    g_assert_cmpint(collection->members, ==, 1);
    ObjectsStats stats;
    g_assert_true(objects_stats(fixture->store, &stats, NULL));
    g_assert_cmpuint(stats.versions, ==, 4);
}

static gboolean collect(const ObjectsRow *row, gpointer user)
{
    g_ptr_array_add(user,
                    g_strndup(g_bytes_get_data(row->bytes, NULL), g_bytes_get_size(row->bytes)));
    return TRUE;
}

static void expect_found(Fixture *fixture, const ObjectsQuery *query, const char *const *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    guint64 count = 99;
    objects_find(fixture->store, query, collect, found, &count, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(count, ==, found->len);
    g_assert_cmpuint(found->len, ==, g_strv_length((char **)expected));
    for (guint i = 0; i < found->len; i++)
        g_assert_cmpstr(found->pdata[i], ==, expected[i]);
}

#define FIND(query, ...)                                                                           \
    expect_found(fixture, &(ObjectsQuery)query, (const char *const[]){__VA_ARGS__ NULL})
#define QUERY(...)                                                                                 \
    {                                                                                              \
        .modified_after = G_MININT64, __VA_ARGS__                                                  \
    }

static void test_find(Fixture *fixture, gconstpointer data)
{
    g_autofree char *one = indicator(1, 1, "");
    g_autofree char *variant = indicator(1, 9, "");
    g_autofree char *two = indicator(2, 2, "");
    g_autofree char *claim = indicator(7, 7, "");
    g_autofree char *family = malware(1);
    put(fixture, "alder", one);
    put(fixture, "alder", variant);
    put(fixture, "alder", family);
    put(fixture, "alder", two);
    put(fixture, "birch", claim);
    FIND(QUERY(0), family, two, );
    FIND(QUERY(.limit = 1), family, );
    FIND(QUERY(.all_versions = TRUE), one, family, two, );
    FIND(QUERY(.variants = TRUE), one, variant, family, two, claim, );
    FIND(QUERY(.id = ID_A), two, );
    FIND(QUERY(.id = ID_A, .variants = TRUE), one, variant, two, claim, );
    FIND(QUERY(.id = "malware--22222222-2222-4222-8222-222222222223"), );
    FIND(QUERY(.type = "malware"), family, );
    FIND(QUERY(.type = "tool"), );
    FIND(QUERY(.source = "birch", .variants = TRUE), claim, );
    FIND(QUERY(.value = "192.0.2.2"), two, );
    FIND(QUERY(.value = "192.0.2.1"), );
    FIND(QUERY(.value = "192.0.2.1", .all_versions = TRUE), one, );
    FIND(QUERY(.value = "192.0.2.9", .variants = TRUE), variant, );
    FIND(QUERY(.value = "192.0.2.2", .kind = OBSERVABLE_IPV4), two, );
    FIND(QUERY(.value = "192.0.2.2", .kind = OBSERVABLE_DOMAIN), );
    FIND(QUERY(.text = "sAMPLE"), family, );
    FIND(QUERY(.collection = fixture->collection, .all_versions = TRUE), one, family, two, );
    FIND(QUERY(.collection = 77), );
}

/* Many objects: more than a slice of a search and more than a pack. */
static void test_many(Fixture *fixture, gconstpointer data)
{
    enum { COUNT = 2000 };
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_free);
    for (int i = 0; i < COUNT; i++) {
        char *text = g_strdup_printf("{\"type\":\"x-note\",\"spec_version\":\"2.1\","
                                     "\"id\":\"x-note--00000000-0000-4000-8000-%012d\","
                                     "\"created\":\"2026-01-01T00:00:00.000Z\","
                                     "\"modified\":\"2026-01-01T00:00:00.000Z\",\"pad\":\"%*s\"}",
                                     i, i % 500, "");
        g_ptr_array_add(texts, text);
        g_autoptr(GError) error = NULL;
        Object *object = object_read(text, strlen(text), OBJECT_SPEC_21, OBJECT_LENIENT, &error);
        g_assert_no_error(error);
        g_ptr_array_add(objects, object);
    }
    for (guint i = 0; i < COUNT; i += 16) {
        PutRequest request = {.source = "alder",
                              .collection = fixture->collection,
                              .objects = (Object **)objects->pdata + i,
                              .count = MIN(16, COUNT - i)};
        g_assert_true(writer_run(fixture->writer, 16, apply_put, &request, NULL));
    }
    g_ptr_array_add(texts, NULL);
    expect_found(fixture, &(ObjectsQuery)OBJECTS_QUERY_INIT, (const char *const *)texts->pdata);
    g_autoptr(CollectionPage) all =
        page(fixture, (CollectionFilter){0}, G_MININT64, G_MAXINT64, COUNT);
    g_autofree char *joined = g_strjoinv(",", (char **)texts->pdata);
    g_assert_cmpstr(all->objects->str, ==, joined);
    g_assert_false(all->more);
    g_autoptr(GError) error = NULL;
    CollectionQuery small = {.number = fixture->collection,
                             .after = G_MININT64,
                             .until = G_MAXINT64,
                             .limit = 1000,
                             .max_bytes = 1};
    g_autoptr(CollectionPage) one = collections_objects(fixture->store, &small, NULL, &error);
    g_assert_cmpuint(one->count, ==, 1);
    g_assert_true(one->more);
}

/* What lies in a collection when it gets a reach was put there by hand: of each collection. */
typedef struct {
    gint64 collections[8], version;
    gboolean placed[8];
} Reaches;

static gboolean apply_reaches(StoreTx *tx, gpointer user, GError **error)
{
    Reaches *reaches = user;
    gint64 *collections = reaches->collections;
    for (guint i = 1; i < G_N_ELEMENTS(reaches->collections); i++) {
        const char name[] = {'c', (char)('0' + i), '\0'};
        if (!collections_add(tx, "main", NULL, name, "", NULL, &collections[i], error) ||
            !objects_join(tx, collections[i], &reaches->version, 1, error))
            return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(reaches->collections); i++)
        if (!collections_set_reach(tx, collections[i], "cert.alder.example", error))
            return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(reaches->collections); i++)
        if (!placed_has(tx, collections[i], reaches->version, &reaches->placed[i], error))
            return FALSE;
    return TRUE;
}

static void test_reach(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = indicator(1, 1, "");
    g_autoptr(Object) object =
        object_read(json, strlen(json), OBJECT_SPEC_21, OBJECT_LENIENT, &error);
    PutRequest request = {
        .source = "alder", .collection = fixture->collection, .objects = &object, .count = 1};
    g_assert_true(writer_run(fixture->writer, 1, apply_put, &request, &error));
    Reaches reaches = {.collections = {fixture->collection}, .version = request.results[0].version};
    g_assert_true(writer_run(fixture->writer, 1, apply_reaches, &reaches, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(reaches.placed); i++)
        g_assert_true(reaches.placed[i]);
}

static gboolean apply_desks(StoreTx *tx, gpointer user, GError **error)
{
    return desk_assign(tx, "first", "Anna", 1, error) && desk_assign(tx, "second", "Ben", 2, error);
}

/* Asked in turns, each question gets its own answer. */
static void test_desk(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(writer_run(fixture->writer, 1, apply_desks, NULL, &error));
    for (guint i = 0; i < 10; i++) {
        g_autoptr(Desk) first = desk_get(fixture->store, "first", &error);
        g_autoptr(GPtrArray) of_ben = desk_list(fixture->store, "Ben", &error);
        g_autoptr(GPtrArray) all = desk_list(fixture->store, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(first->assignee, ==, "Anna");
        g_assert_cmpuint(of_ben->len, ==, 1);
        g_assert_cmpstr(((Desk *)of_ben->pdata[0])->dossier, ==, "second");
        g_assert_cmpuint(all->len, ==, 2);
    }
}

static gboolean apply_adopt(StoreTx *tx, gpointer user, GError **error)
{
    gint64 version;
    return objects_adopt(tx, ID_A, user, &version, error);
}

static void test_adopt(Fixture *fixture, gconstpointer data)
{
    g_autofree char *one = indicator(1, 1, "");
    g_autofree char *variant = indicator(1, 9, "");
    g_autofree char *claim = indicator(7, 7, "");
    put(fixture, "alder", one);
    put(fixture, "alder", variant);
    put(fixture, "birch", claim);
    guint8 sha256[SHA256_SIZE];
    sha256_digest(claim, strlen(claim), sha256);
    g_assert_true(writer_run(fixture->writer, 1, apply_adopt, sha256, NULL));
    EXPECT(FILTER(), G_MAXINT64, claim, );
    EXPECT(FILTER(.all = TRUE), G_MAXINT64, one, claim, );
    sha256_digest(variant, strlen(variant), sha256);
    g_assert_true(writer_run(fixture->writer, 1, apply_adopt, sha256, NULL));
    EXPECT(FILTER(.all = TRUE), G_MAXINT64, claim, variant, );
    EXPECT(FILTER(), G_MAXINT64, claim, );
    EXPECT(FILTER(.first = TRUE), G_MAXINT64, variant, );
    FIND(QUERY(.value = "192.0.2.9", .all_versions = TRUE), variant, );
    g_autoptr(GError) error = NULL;
    g_assert_false(writer_run(fixture->writer, 1, apply_adopt, sha256, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_clear_error(&error);
    sha256[0] ^= 1;
    g_assert_false(writer_run(fixture->writer, 1, apply_adopt, sha256, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

static gboolean apply_accounts(StoreTx *tx, gpointer user, GError **error)
{
    guint8 sha256[SHA256_SIZE] = {1};
    gint64 number;
    return accounts_add(tx, "duty", NULL, 3, "hash", error) &&
           accounts_add_token(tx, "duty", "sensor", sha256, 1000, &number, error) &&
           accounts_set_disabled(tx, "duty", TRUE, error) &&
           collections_grant(tx, *(gint64 *)user, "duty", TRUE, FALSE, error) &&
           receipts_put(tx, "r1", "main", "duty", "{}", 2, error);
}

static gboolean apply_same_account(StoreTx *tx, gpointer user, GError **error)
{
    return accounts_add(tx, "cedar", NULL, 1, NULL, error) &&
           accounts_add(tx, "duty", NULL, 1, NULL, error);
}

static void test_accounts(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(writer_run(fixture->writer, 0, apply_accounts, &fixture->collection, &error));
    g_autoptr(Account) account = accounts_lookup(fixture->store, "duty", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(account->source, ==, "duty");
    g_assert_true(account->disabled);
    guint8 sha256[SHA256_SIZE] = {1};
    g_autoptr(Account) by_token = accounts_lookup_token(fixture->store, sha256, 999, &error);
    g_assert_cmpstr(by_token->name, ==, "duty");
    g_assert_null(accounts_lookup_token(fixture->store, sha256, 1000, NULL));
    gboolean read, write;
    g_assert_true(
        collections_rights(fixture->store, fixture->collection, "duty", &read, &write, NULL));
    g_assert_true(read);
    g_assert_false(write);
    g_assert_true(
        collections_rights(fixture->store, fixture->collection, "other", &read, &write, NULL));
    g_assert_false(read);
    gsize length;
    g_autofree char *receipt = receipts_get(fixture->store, "r1", "main", "duty", &length, &error);
    g_assert_cmpstr(receipt, ==, "{}");
    g_assert_null(receipts_get(fixture->store, "r1", "main", "other", &length, NULL));
    /* A failed request leaves nothing behind, not even its first half. */
    g_assert_false(writer_run(fixture->writer, 0, apply_same_account, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT);
    g_assert_null(accounts_lookup(fixture->store, "cedar", NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/store/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(outcomes);
    TEST(pages_never_change);
    TEST(filters);
    TEST(remove);
    TEST(find);
    TEST(many);
    TEST(reach);
    TEST(desk);
    TEST(adopt);
    TEST(accounts);
    return g_test_run();
}
