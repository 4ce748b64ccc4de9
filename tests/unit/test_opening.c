#include "ledger/opening.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/jsonguard.h"

#define ALDER    "cert.alder.example/ledger"
#define BIRCH    "cert.birch.example/ledger"
#define CEDAR    "cert.cedar.example/ledger"
#define TIME     1767323045000000 /* 2026-01-02T03:04:05.000000Z */
#define JSON_MAX (1024 * 1024)

static const char *const both[] = {BIRCH, CEDAR, NULL};

/* Counts up from 0. */
static const guint8 *counted(void)
{
    static guint8 nonces[3 * OPENING_NONCE_SIZE];
    for (guint i = 0; i < sizeof nonces; i++)
        nonces[i] = (guint8)i;
    return nonces;
}

static Opening *build(const OpeningSpec *spec)
{
    g_autoptr(GError) error = NULL;
    Opening *opening = opening_build(spec, NULL, &error);
    g_assert_no_error(error);
    return opening;
}

static OpeningSpec plain_spec(void)
{
    return (OpeningSpec){.origin = ALDER, .kind = "statement", .time_us = TIME, .audience = both};
}

static void set_members(OpeningSpec *spec, const char *members)
{
    spec->members = members;
    spec->members_length = strlen(members);
}

static Opening *build_vector(guint which)
{
    g_autoptr(GBytes) first = g_bytes_new_static("hello\n", 6);
    g_autoptr(GBytes) second = g_bytes_new_static("{\"a\":1}", 7);
    const OpeningItemSpec items[] = {{first, "text/plain; charset=utf-8"},
                                     {second, "application/json"}};
    OpeningSpec spec = plain_spec();
    g_autoptr(GError) error = NULL;
    spec.is_public = which == 0;
    spec.audience = which == 0 ? NULL : both;
    spec.items = which == 0 ? NULL : items;
    spec.n_items = which == 0 ? 0 : G_N_ELEMENTS(items);
    set_members(&spec, which == 0 ? "{\"title\":\"Exercise\"}"
                                  : "{ \"title\": \"\\u00dcbung\", \"ranks\": [2.50, 1e2] }");
    Opening *opening = opening_build(&spec, counted(), &error);
    g_assert_no_error(error);
    return opening;
}

static char *hex(const guint8 *bytes, gsize length)
{
    GString *text = g_string_new(NULL);
    for (gsize i = 0; i < length; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

/* The vectors are the lines of docs/protocol.md. */
static void assert_documented(const char *text)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "protocol.md", NULL);
    g_autofree char *document = NULL;
    g_autofree char *line = g_strconcat("\n", text, "\n", NULL);
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &document, NULL, &error);
    g_assert_no_error(error);
    if (!strstr(document, line))
        g_error("docs/protocol.md has no line %s", text);
}

static void test_vectors(void)
{
    for (guint which = 0; which < 2; which++) {
        g_autoptr(Opening) opening = build_vector(which);
        g_autofree char *entry = hex(opening_entry(opening), OPENING_ENTRY_SIZE);
        g_autofree char *json = opening_format(opening);
        assert_documented(opening->header);
        assert_documented(entry);
        assert_documented(json);
    }
    g_autoptr(Opening) opening = build_vector(1);
    g_autoptr(Opening) partial = opening_withhold(opening, 1, NULL);
    opening_erase_item(opening, 0);
    g_autoptr(Opening) gone = opening_new_erased(opening_entry(opening));
    const Opening *const less[] = {partial, opening, gone};
    for (guint i = 0; i < G_N_ELEMENTS(less); i++) {
        g_autofree char *json = opening_format(less[i]);
        assert_documented(json);
    }
}

/* What is written at once is what a canonical printer makes of it, whatever the kind adds. */
static void test_canonical(void)
{
    static const char *const members[] = {
        NULL,
        "{}",
        "{\"a\":1}",
        "{\"zz\":1,\"w\":2,\"u\":3,\"p\":[4,{\"z\":1,\"b\":2}],\"j\":5,\"b\":6,\"aa\":7,\"\":8}",
        "{\"\\u20ac\":null,\"\\ud83d\\ude00\":1,\"\\ufb33\":true,\"x\\ny\":\"a\\u0007\\\\\\\"\"}",
        "{\"n\":[0.1,-0.0,1e21,9007199254740991,-9007199254740991,1e-7]}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(members) * 2; i++) {
        g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
        const OpeningItemSpec item = {bytes, "application/stix+json;version=2.1"};
        OpeningSpec spec = plain_spec();
        if (members[i / 2])
            set_members(&spec, members[i / 2]);
        spec.items = &item;
        spec.n_items = i % 2;
        g_autoptr(Opening) opening = build(&spec);
        g_autoptr(yyjson_doc) doc = opening_header(opening);
        g_autoptr(GString) again = g_string_new(NULL);
        g_assert_true(jsonguard_check(yyjson_doc_get_root(doc), NULL));
        g_assert_true(canonjson_append(again, yyjson_doc_get_root(doc), NULL));
        g_assert_cmpstr(opening->header, ==, again->str);
        g_assert_cmpuint(opening->header_length, ==, again->len);
        g_autoptr(GError) error = NULL;
        opening_verify(opening, ALDER, opening_entry(opening), OPENING_ENTRY_SIZE, &error);
        g_assert_no_error(error);
    }
}

static void assert_same(const Opening *a, const Opening *b)
{
    g_assert_cmpmem(a->entry, sizeof a->entry, b->entry, sizeof b->entry);
    g_assert_cmpmem(a->nonce, sizeof a->nonce, b->nonce, sizeof b->nonce);
    g_assert_cmpmem(a->header, a->header_length, b->header, b->header_length);
    g_assert_cmpstr(a->origin, ==, b->origin);
    g_assert_cmpstr(a->kind, ==, b->kind);
    g_assert_cmpint(a->time_us, ==, b->time_us);
    g_assert_cmpint(a->is_public, ==, b->is_public);
    g_assert_true(g_strv_equal((const char *const *)a->audience, (const char *const *)b->audience));
    g_assert_cmpuint(a->n_items, ==, b->n_items);
    for (guint i = 0; i < a->n_items; i++) {
        const OpeningItem *left = &a->items[i], *right = &b->items[i];
        g_assert_cmpmem(left->hash, sizeof left->hash, right->hash, sizeof right->hash);
        g_assert_cmpuint(left->length, ==, right->length);
        g_assert_cmpstr(left->type, ==, right->type);
        g_assert_cmpint(left->state, ==, right->state);
        g_assert_cmpmem(left->nonce, sizeof left->nonce, right->nonce, sizeof right->nonce);
        g_assert_true(left->bytes == right->bytes || g_bytes_equal(left->bytes, right->bytes));
    }
}

/* Built, sent and read; built, kept in parts and put together again. */
static void test_round_trip(void)
{
    for (guint which = 0; which < 2; which++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Opening) opening = build_vector(which);
        g_autofree char *text = opening_format(opening);
        g_autoptr(Opening) read = opening_parse(text, strlen(text), strlen(text), &error);
        g_assert_no_error(error);
        assert_same(opening, read);
        OpeningPart parts[2];
        for (guint i = 0; i < opening->n_items; i++)
            parts[i] =
                (OpeningPart){OPENING_PRESENT, opening->items[i].nonce, opening->items[i].bytes};
        g_autoptr(Opening) kept =
            opening_new(opening->nonce, opening->header, opening->header_length, parts,
                        opening->n_items, &error);
        g_assert_no_error(error);
        assert_same(opening, kept);
        g_assert_null(opening_parse(text, strlen(text), strlen(text) - 1, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    }
}

/* Two openings of the same never look alike. */
static void test_nonces(void)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
    const OpeningItemSpec items[] = {{bytes, "text/plain"}, {bytes, "text/plain"}};
    OpeningSpec spec = plain_spec();
    spec.items = items;
    spec.n_items = 2;
    g_autoptr(Opening) first = build(&spec);
    g_autoptr(Opening) second = build(&spec);
    g_assert_cmpint(memcmp(first->entry, second->entry, sizeof first->entry), !=, 0);
    g_assert_cmpint(memcmp(first->nonce, second->nonce, sizeof first->nonce), !=, 0);
    g_assert_cmpint(memcmp(first->items[0].hash, first->items[1].hash, SHA256_SIZE), !=, 0);
    g_assert_cmpint(memcmp(first->items[0].hash, second->items[0].hash, SHA256_SIZE), !=, 0);
}

/* Around the size up to which bytes are copied to be hashed. */
static void test_item_hash(void)
{
    const gsize sizes[] = {0, 1, 991, 992, 993, 1024, 100000};
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint8 expected[SHA256_SIZE];
        g_autofree guint8 *joined = g_malloc0(OPENING_NONCE_SIZE + sizes[i]);
        memset(joined, 7, OPENING_NONCE_SIZE);
        memset(joined + OPENING_NONCE_SIZE, 9, sizes[i]);
        sha256_digest(joined, OPENING_NONCE_SIZE + sizes[i], expected);
        guint8 hash[SHA256_SIZE];
        opening_hash_item(joined, joined + OPENING_NONCE_SIZE, sizes[i], hash);
        g_assert_cmpmem(hash, sizeof hash, expected, sizeof expected);
    }
}

static void test_audience(void)
{
    OpeningSpec spec = plain_spec();
    g_autoptr(Opening) listed = build(&spec);
    g_assert_true(opening_is_for(listed, BIRCH));
    g_assert_true(opening_is_for(listed, CEDAR));
    g_assert_false(opening_is_for(listed, ALDER));
    g_assert_false(opening_is_for(listed, "cert.birch.example"));
    spec.audience = NULL;
    g_autoptr(Opening) nobody = build(&spec);
    g_assert_nonnull(strstr(nobody->header, "\"audience\":[],"));
    g_assert_false(opening_is_for(nobody, BIRCH));
    spec.is_public = TRUE;
    g_autoptr(Opening) everybody = build(&spec);
    g_assert_true(everybody->is_public);
    g_assert_true(opening_is_for(everybody, BIRCH));
    g_autoptr(Opening) erased = opening_new_erased(opening_entry(everybody));
    g_assert_false(opening_is_for(erased, BIRCH));
}

static void assert_refused(const OpeningSpec *spec, ConcertError code, const char *about)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(opening_build(spec, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, (gint)code);
    if (!strstr(error->message, about))
        g_error("\"%s\" says nothing of %s", error->message, about);
}

static void test_refused_names(void)
{
    static const char *const kinds[] = {"",   ".",    "a.",   ".a",       "a..b",
                                        "A",  "a b",  "1a",   "a.1",      "a_b",
                                        "-a", "a.-b", "a\tb", "\303\244", "opening/x"};
    static const char *const types[] = {"",
                                        "text",
                                        "/plain",
                                        "text/",
                                        "text/plain ",
                                        "te xt/plain",
                                        "text/pl\nain",
                                        "text/pl\303\244in",
                                        "text/ plain"};
    static const char *const origins[] = {"", "a b", "a+b", "a\nb", "\377"};
    OpeningSpec spec = plain_spec();
    g_autofree char *long_kind = g_strnfill(OPENING_KIND_MAX + 1, 'a');
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        spec.kind = kinds[i];
        assert_refused(&spec, CONCERT_ERROR_INPUT, "kind");
    }
    spec.kind = long_kind;
    assert_refused(&spec, CONCERT_ERROR_INPUT, "kind");
    g_assert_true(opening_kind_is_valid(long_kind, OPENING_KIND_MAX));
    g_assert_true(opening_kind_is_valid("a1-b.c", 6));
    spec = plain_spec();
    for (guint i = 0; i < G_N_ELEMENTS(origins); i++) {
        const char *const audience[] = {origins[i], NULL};
        spec.origin = origins[i];
        assert_refused(&spec, CONCERT_ERROR_INPUT, "origin");
        spec = plain_spec();
        spec.audience = audience;
        assert_refused(&spec, CONCERT_ERROR_INPUT, "audience");
        spec = plain_spec();
    }
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
        const OpeningItemSpec items[] = {{bytes, "text/plain"}, {bytes, types[i]}};
        spec.items = items;
        spec.n_items = 2;
        assert_refused(&spec, CONCERT_ERROR_INPUT, "item 1");
    }
}

static void test_refused_rest(void)
{
    const char *const unsorted[] = {CEDAR, BIRCH, NULL};
    const char *const twice[] = {BIRCH, BIRCH, NULL};
    static const char *const members[] = {
        "",
        "[]",
        "1",
        "{",
        "{\"a\":1}x",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"\\u0062\":2}}",
        "{\"kind\":\"x\"}",
        "{\"v\":1}",
        "{\"items\":[]}",
        "{\"audience\":1,\"z\":2}",
        "{\"a\":9007199254740992}",
        "{\"a\":[-9007199254740992]}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\377\"}",
    };
    OpeningSpec spec = plain_spec();
    spec.audience = unsorted;
    assert_refused(&spec, CONCERT_ERROR_INPUT, "sorted");
    spec.audience = twice;
    assert_refused(&spec, CONCERT_ERROR_INPUT, "twice");
    spec.audience = both;
    spec.is_public = TRUE;
    assert_refused(&spec, CONCERT_ERROR_INPUT, "public");
    const gint64 times[] = {G_MININT64, G_MAXINT64, -62167219200000001, 253402300800000000};
    spec = plain_spec();
    for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
        spec.time_us = times[i];
        assert_refused(&spec, CONCERT_ERROR_INPUT, "time");
    }
    spec.time_us = 253402300799999999;
    g_autoptr(Opening) last = build(&spec);
    g_assert_nonnull(strstr(last->header, "9999-12-31T23:59:59.999999Z"));
    spec.time_us = -62167219200000000;
    g_autoptr(Opening) first = build(&spec);
    g_assert_nonnull(strstr(first->header, "0000-01-01T00:00:00.000000Z"));
    g_assert_true(opening_verify(first, ALDER, first->entry, OPENING_ENTRY_SIZE, NULL));
    spec = plain_spec();
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autoptr(GError) error = NULL;
        set_members(&spec, members[i]);
        g_assert_null(opening_build(&spec, NULL, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

static void test_bounds(void)
{
    OpeningSpec spec = plain_spec();
    g_autofree char *filler = g_strnfill(OPENING_HEADER_MAX, 'x');
    g_autoptr(Opening) shortest = build(&spec);
    gsize rest = OPENING_HEADER_MAX - shortest->header_length - strlen("\"z\":\"\",");
    for (guint more = 0; more < 2; more++) {
        g_autofree char *members = g_strdup_printf("{\"z\":\"%.*s\"}", (int)(rest + more), filler);
        g_autoptr(GError) error = NULL;
        set_members(&spec, members);
        g_autoptr(Opening) opening = opening_build(&spec, NULL, &error);
        g_assert_cmpint(opening != NULL, ==, more == 0);
        if (more > 0) {
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
            continue;
        }
        g_assert_cmpuint(opening->header_length, ==, OPENING_HEADER_MAX);
        g_autofree char *longer = g_strconcat(opening->header, " ", NULL);
        g_assert_null(opening_new(opening->nonce, longer, strlen(longer), NULL, 0, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    }
    g_autoptr(GBytes) bytes = g_bytes_new_static("", 0);
    g_autofree OpeningItemSpec *items = g_new(OpeningItemSpec, OPENING_ITEMS_MAX + 1);
    for (guint i = 0; i <= OPENING_ITEMS_MAX; i++)
        items[i] = (OpeningItemSpec){bytes, "a/b"};
    spec = plain_spec();
    spec.items = items;
    spec.n_items = OPENING_ITEMS_MAX;
    g_autoptr(Opening) most = build(&spec);
    g_autofree char *text = opening_format(most);
    g_autoptr(Opening) read = opening_parse(text, strlen(text), strlen(text), NULL);
    assert_same(most, read);
    spec.n_items++;
    assert_refused(&spec, CONCERT_ERROR_LIMIT, "items");
}

/* Another header with the same nonce and items, with the entry that goes with it. */
static Opening *with_header(const char *header, guint n_parts, GError **error)
{
    const OpeningPart parts[2] = {{OPENING_WITHHELD, NULL, NULL}, {OPENING_WITHHELD, NULL, NULL}};
    return opening_new(counted(), header, strlen(header), parts, n_parts, error);
}

#define COMMON "\"kind\":\"a\",\"origin\":\"" ALDER "\",\"time\":\"2026-01-02T03:04:05.000000Z\""
#define HASH   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_read_headers(void)
{
    static const char *const good[] = {
        "{\"audience\":[]," COMMON ",\"v\":1}",
        "{\"audience\":\"public\"," COMMON ",\"unknown\":{\"x\":[]},\"v\":1}",
        "{\"audience\":[\"" BIRCH "\",\"" CEDAR "\"]," COMMON ",\"v\":1}",
    };
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"audience\":[]," COMMON ",\"v\":1}x",
        "{\"audience\":[]," COMMON "}",
        "{\"audience\":[]," COMMON ",\"v\":\"1\"}",
        "{\"audience\":[]," COMMON ",\"v\":0}",
        "{\"audience\":[]," COMMON ",\"v\":1,\"v\":1}",
        "{" COMMON ",\"v\":1}",
        "{\"audience\":\"Public\"," COMMON ",\"v\":1}",
        "{\"audience\":null," COMMON ",\"v\":1}",
        "{\"audience\":[1]," COMMON ",\"v\":1}",
        "{\"audience\":[\"a b\"]," COMMON ",\"v\":1}",
        "{\"audience\":[\"a\\u0000\"]," COMMON ",\"v\":1}",
        "{\"audience\":[\"b\",\"a\"]," COMMON ",\"v\":1}",
        "{\"audience\":[\"a\",\"a\"]," COMMON ",\"v\":1}",
        "{\"audience\":[],\"items\":[]," COMMON ",\"v\":1}",
        "{\"audience\":[],\"items\":null," COMMON ",\"v\":1}",
        "{\"audience\":[],\"items\":[1]," COMMON ",\"v\":1}",
        "{\"audience\":[],\"kind\":\"A\",\"origin\":\"a\",\"time\":\"2026-01-02T03:04:05.000000Z\","
        "\"v\":1}",
        "{\"audience\":[],\"kind\":\"a\",\"origin\":\"\",\"time\":\"2026-01-02T03:04:05.000000Z\","
        "\"v\":1}",
        "{\"audience\":[],\"kind\":\"a\",\"origin\":\"a\",\"time\":\"2026-01-02T03:04:05.00000Z\","
        "\"v\":1}",
        "{\"audience\":[],\"kind\":\"a\",\"origin\":\"a\",\"time\":\"2026-02-30T03:04:05.000000Z\","
        "\"v\":1}",
        "{\"audience\":[],\"kind\":\"a\",\"origin\":\"a\",\"time\":\"2026-01-02t03:04:05.000000Z\","
        "\"v\":1}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Opening) opening = with_header(good[i], 0, &error);
        g_assert_no_error(error);
        opening_verify(opening, ALDER, opening->entry, OPENING_ENTRY_SIZE, &error);
        g_assert_no_error(error);
    }
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(with_header(wrong[i], 0, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(with_header("{\"audience\":[]," COMMON ",\"v\":2}", 0, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER);
}

static void test_read_items(void)
{
    static const char *const items[] = {
        "{\"hash\":\"" HASH "\",\"length\":0,\"type\":\"a/b\",\"x\":1}", /* the one that is good */
        "{\"hash\":\"" HASH "0\",\"length\":1,\"type\":\"a/b\"}",
        "{\"hash\":\"G123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
        "\"length\":1,\"type\":\"a/b\"}",
        "{\"hash\":\"A123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
        "\"length\":1,\"type\":\"a/b\"}",
        "{\"length\":1,\"type\":\"a/b\"}",
        "{\"hash\":\"" HASH "\",\"length\":-1,\"type\":\"a/b\"}",
        "{\"hash\":\"" HASH "\",\"length\":1.5,\"type\":\"a/b\"}",
        "{\"hash\":\"" HASH "\",\"length\":9007199254740992,\"type\":\"a/b\"}",
        "{\"hash\":\"" HASH "\",\"type\":\"a/b\"}",
        "{\"hash\":\"" HASH "\",\"length\":1,\"type\":\"ab\"}",
        "{\"hash\":\"" HASH "\",\"length\":1,\"type\":1}",
        "{\"hash\":\"" HASH "\",\"length\":1}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
        g_autofree char *header =
            g_strdup_printf("{\"audience\":[],\"items\":[%s]," COMMON ",\"v\":1}", items[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(Opening) opening = with_header(header, 1, &error);
        g_assert_cmpint(opening != NULL, ==, i == 0);
        if (i > 0) {
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
            g_assert_true(g_str_has_prefix(error->message, "header: item 0: "));
            continue;
        }
        for (guint n = 0; n < 3; n += 2) {
            g_assert_null(with_header(header, n, &error));
            g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
            g_clear_error(&error);
        }
    }
}

static void assert_fails(const Opening *opening, const guint8 *entry, gsize length,
                         const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(opening_verify(opening, ALDER, entry, length, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_verify_entry(void)
{
    guint8 entry[OPENING_ENTRY_SIZE + 1] = {0};
    g_autoptr(Opening) opening = build_vector(1);
    g_autoptr(GError) error = NULL;
    memcpy(entry, opening_entry(opening), OPENING_ENTRY_SIZE);
    for (guint bit = 8; bit < OPENING_ENTRY_SIZE * 8; bit++) {
        entry[bit / 8] ^= (guint8)(1 << bit % 8);
        assert_fails(opening, entry, OPENING_ENTRY_SIZE,
                     "the commitment is not that of the entry: nonce or header differ");
        entry[bit / 8] ^= (guint8)(1 << bit % 8);
    }
    const char *const form = "the entry is not a version byte and a commitment";
    assert_fails(opening, entry, OPENING_ENTRY_SIZE + 1, form);
    assert_fails(opening, entry, OPENING_ENTRY_SIZE - 1, form);
    assert_fails(opening, entry, 0, form);
    entry[0] = 0;
    assert_fails(opening, entry, OPENING_ENTRY_SIZE, form);
    entry[0] = 2;
    g_assert_false(opening_verify(opening, ALDER, entry, OPENING_ENTRY_SIZE, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER);
    g_clear_error(&error);
    g_assert_false(
        opening_verify(opening, BIRCH, opening_entry(opening), OPENING_ENTRY_SIZE, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_verify_form(void)
{
    static const char *const headers[] = {
        "{\"audience\":[], " COMMON ",\"v\":1}",
        "{\"audience\":[]," COMMON ",\"u\":1.0,\"v\":1}",
        "{\"audience\":[]," COMMON ",\"u\":\"\\u0041\",\"v\":1}",
        "{\"audience\":[]," COMMON ",\"u\":9007199254740993,\"v\":1}",
        "{\"audience\":[]," COMMON ",\"v\":1,\"u\":1}",
        "{\"audience\":[]," COMMON ",\"v\":1}\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(Opening) opening = with_header(headers[i], 0, NULL);
        assert_fails(opening, opening->entry, OPENING_ENTRY_SIZE,
                     "the header is not in RFC 8785 form");
    }
}

static void test_verify_items(void)
{
    g_autoptr(Opening) good = build_vector(1);
    g_autoptr(GBytes) other = g_bytes_new_static("hellO\n", 6);
    g_autoptr(GBytes) longer = g_bytes_new_static("hello\n\n", 7);
    OpeningPart parts[] = {{OPENING_PRESENT, good->items[0].nonce, other},
                           {OPENING_ERASED, NULL, NULL}};
    g_autoptr(Opening) changed =
        opening_new(good->nonce, good->header, good->header_length, parts, 2, NULL);
    assert_fails(changed, good->entry, OPENING_ENTRY_SIZE,
                 "item 0: the hash is not that of the header: nonce or bytes differ");
    parts[0].bytes = longer;
    g_autoptr(Opening) grown =
        opening_new(good->nonce, good->header, good->header_length, parts, 2, NULL);
    assert_fails(grown, good->entry, OPENING_ENTRY_SIZE, "item 0: 7 bytes, the header says 6");
    parts[0] = (OpeningPart){OPENING_PRESENT, good->items[1].nonce, good->items[0].bytes};
    g_autoptr(Opening) swapped =
        opening_new(good->nonce, good->header, good->header_length, parts, 2, NULL);
    assert_fails(swapped, good->entry, OPENING_ENTRY_SIZE,
                 "item 0: the hash is not that of the header: nonce or bytes differ");
    parts[0].state = OPENING_WITHHELD;
    g_autoptr(Opening) hidden =
        opening_new(good->nonce, good->header, good->header_length, parts, 2, NULL);
    g_assert_true(opening_verify(hidden, ALDER, good->entry, OPENING_ENTRY_SIZE, NULL));
}

static void test_withhold(void)
{
    static const guint8 zeros[OPENING_NONCE_SIZE];
    g_autoptr(GError) error = NULL;
    g_autoptr(Opening) opening = build_vector(1);
    const guint keeps[] = {0, 1, OPENING_NO_ITEM};
    for (guint k = 0; k < G_N_ELEMENTS(keeps); k++) {
        g_autoptr(Opening) partial = opening_withhold(opening, keeps[k], &error);
        g_assert_no_error(error);
        for (guint i = 0; i < 2; i++) {
            const OpeningItem *item = &partial->items[i];
            g_assert_cmpint(item->state, ==, i == keeps[k] ? OPENING_PRESENT : OPENING_WITHHELD);
            if (i == keeps[k])
                continue;
            g_assert_null(item->bytes);
            g_assert_cmpmem(item->nonce, sizeof item->nonce, zeros, sizeof zeros);
        }
        g_autofree char *text = opening_format(partial);
        g_autoptr(Opening) read = opening_parse(text, strlen(text), JSON_MAX, &error);
        g_assert_no_error(error);
        assert_same(partial, read);
        opening_verify(read, ALDER, opening->entry, OPENING_ENTRY_SIZE, &error);
        g_assert_no_error(error);
    }
    g_assert_null(opening_withhold(opening, 2, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
}

static void test_erased(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Opening) opening = build_vector(1);
    opening_erase_item(opening, 0);
    g_assert_cmpint(opening->items[0].state, ==, OPENING_ERASED);
    g_assert_null(opening->items[0].bytes);
    g_autofree char *text = opening_format(opening);
    g_assert_nonnull(strstr(text, "\"items\":[{\"erased\":true},{\"nonce\":"));
    g_autoptr(Opening) read = opening_parse(text, strlen(text), JSON_MAX, &error);
    g_assert_no_error(error);
    assert_same(opening, read);
    g_autoptr(Opening) partial = opening_withhold(opening, 1, NULL);
    g_assert_cmpint(partial->items[0].state, ==, OPENING_ERASED);
    g_assert_null(opening_withhold(opening, 0, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);

    g_autoptr(Opening) gone = opening_new_erased(opening->entry);
    g_autofree char *gone_text = opening_format(gone);
    g_autoptr(Opening) still = opening_parse(gone_text, strlen(gone_text), JSON_MAX, NULL);
    g_assert_true(still->is_erased);
    g_assert_null(opening_header(still));
    g_assert_true(opening_verify(still, ALDER, opening->entry, OPENING_ENTRY_SIZE, NULL));
    still->entry[5] ^= 1;
    assert_fails(still, opening->entry, OPENING_ENTRY_SIZE,
                 "the entry is not the one that was erased");
}

static void test_refused_json(void)
{
    static const struct {
        const char *find, *put;
        ConcertError code;
    } edits[] = {
        {"opening/v1", "opening/v2", CONCERT_ERROR_NEWER},
        {"opening/v1", "closing/v1", CONCERT_ERROR_INPUT},
        {"\"concert\"", "\"concerto\"", CONCERT_ERROR_INPUT},
        {"\"nonce\":\"AA", "\"nonce\":\"", CONCERT_ERROR_INPUT},
        {"\"nonce\":\"AA", "\"nonce\":\"AAAAAA", CONCERT_ERROR_INPUT},
        {"Hh8=", "Hh9=", CONCERT_ERROR_INPUT},
        {"\"header\":\"", "\"header\":\"x", CONCERT_ERROR_INPUT},
        {"\"header\"", "\"Header\"", CONCERT_ERROR_INPUT},
        {"\"items\":[{\"nonce\"", "\"items\":[1,{\"nonce\"", CONCERT_ERROR_INPUT},
        {"\"items\":[{\"nonce\"", "\"items\":[null,{\"nonce\"", CONCERT_ERROR_INPUT},
        {"\"items\":[{\"nonce\"", "\"atems\":[{\"nonce\"", CONCERT_ERROR_INPUT},
        {"\"bytes\":\"", "\"bytes\":\"=", CONCERT_ERROR_INPUT},
        {"\"bytes\":\"", "\"byte\":\"", CONCERT_ERROR_INPUT},
        {"{\"concert\"", "{\"nonce\":1,\"concert\"", CONCERT_ERROR_INPUT},
        {"{\"concert\"", "[{\"concert\"", CONCERT_ERROR_INPUT},
        {"{\"concert\"", "{\"erased\":true,\"concert\"", CONCERT_ERROR_INPUT},
    };
    g_autoptr(Opening) opening = build_vector(1);
    g_autofree char *text = opening_format(opening);
    for (guint i = 0; i < G_N_ELEMENTS(edits); i++) {
        const char *at = strstr(text, edits[i].find);
        g_assert_nonnull(at);
        g_autofree char *edited = g_strdup_printf("%.*s%s%s", (int)(at - text), text, edits[i].put,
                                                  at + strlen(edits[i].find));
        g_autoptr(GError) error = NULL;
        g_assert_null(opening_parse(edited, strlen(edited), JSON_MAX, &error));
        g_assert_error(error, CONCERT_ERROR, (gint)edits[i].code);
    }
    g_autofree char *more = g_strconcat("{\"more\":[],", text + 1, NULL);
    g_autoptr(Opening) read = opening_parse(more, strlen(more), JSON_MAX, NULL);
    g_assert_nonnull(read);
}

/* One bit anywhere: refused, or what is shown is what was committed to. */
static void test_any_bit(void)
{
    g_autoptr(Opening) opening = build_vector(1);
    g_autofree char *text = opening_format(opening);
    const gsize length = strlen(text);
    guint n_passed = 0;
    for (gsize bit = 0; bit < length * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        g_autoptr(Opening) read = opening_parse(text, length, JSON_MAX, NULL);
        if (read && opening_verify(read, ALDER, opening->entry, OPENING_ENTRY_SIZE, NULL)) {
            assert_same(opening, read);
            n_passed++;
        }
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
    g_assert_cmpuint(n_passed, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/opening/vectors", test_vectors);
    g_test_add_func("/opening/canonical", test_canonical);
    g_test_add_func("/opening/round-trip", test_round_trip);
    g_test_add_func("/opening/nonces", test_nonces);
    g_test_add_func("/opening/item-hash", test_item_hash);
    g_test_add_func("/opening/audience", test_audience);
    g_test_add_func("/opening/refused-names", test_refused_names);
    g_test_add_func("/opening/refused-rest", test_refused_rest);
    g_test_add_func("/opening/bounds", test_bounds);
    g_test_add_func("/opening/read-headers", test_read_headers);
    g_test_add_func("/opening/read-items", test_read_items);
    g_test_add_func("/opening/verify-entry", test_verify_entry);
    g_test_add_func("/opening/verify-form", test_verify_form);
    g_test_add_func("/opening/verify-items", test_verify_items);
    g_test_add_func("/opening/withhold", test_withhold);
    g_test_add_func("/opening/erased", test_erased);
    g_test_add_func("/opening/refused-json", test_refused_json);
    g_test_add_func("/opening/any-bit", test_any_bit);
    return g_test_run();
}
