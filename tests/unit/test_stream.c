#include "base/stream.h"

#include <bzlib.h>
#include <glib/gstdio.h>
#include <lzma.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/stream_ahead.h"

/* --- Making compressed data ------------------------------------------------------------------ */

static void pack_gzip(GByteArray *out, const void *data, gsize length)
{
    z_stream z = {0};
    g_assert_cmpint(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    gsize bound = deflateBound(&z, length);
    guint start = out->len;
    g_byte_array_set_size(out, start + (guint)bound);
    z.next_in = (Bytef *)data;
    z.avail_in = (uInt)length;
    z.next_out = out->data + start;
    z.avail_out = (uInt)bound;
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    g_byte_array_set_size(out, start + (guint)z.total_out);
    deflateEnd(&z);
}

static void pack_bzip2(GByteArray *out, const void *data, gsize length)
{
    unsigned size = (unsigned)(length + length / 50 + 1000);
    guint start = out->len;
    g_byte_array_set_size(out, start + size);
    g_assert_cmpint(BZ2_bzBuffToBuffCompress((char *)out->data + start, &size, (char *)data,
                                             (unsigned)length, 1, 0, 0),
                    ==, BZ_OK);
    g_byte_array_set_size(out, start + size);
}

static void pack_zstd(GByteArray *out, const void *data, gsize length)
{
    gsize bound = ZSTD_compressBound(length);
    guint start = out->len;
    g_byte_array_set_size(out, start + (guint)bound);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); /* as the zstd program does */
    gsize size = ZSTD_compress2(context, out->data + start, bound, data, length);
    ZSTD_freeCCtx(context);
    g_assert_false(ZSTD_isError(size));
    g_byte_array_set_size(out, start + (guint)size);
}

static void pack_xz(GByteArray *out, const void *data, gsize length)
{
    gsize bound = lzma_stream_buffer_bound(length), size = 0;
    guint start = out->len;
    g_byte_array_set_size(out, start + (guint)bound);
    g_assert_cmpint(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, data, length,
                                            out->data + start, &size, bound),
                    ==, LZMA_OK);
    g_byte_array_set_size(out, start + (guint)size);
}

typedef void (*Pack)(GByteArray *out, const void *data, gsize length);

static const struct {
    const char *name;
    Pack pack;
} packers[] = {{"gzip", pack_gzip}, {"bzip2", pack_bzip2}, {"zstd", pack_zstd}, {"xz", pack_xz}};

/* Text that compresses about 3:1, so that no bound of the ratio is near. */
static GString *make_text(gsize length)
{
    GString *text = g_string_sized_new(length);
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    while (text->len < length)
        g_string_append_printf(text, "host-%08x.alder.example\n", g_rand_int(random));
    return text;
}

/* Reads all in pieces of @piece bytes. NULL with @error when the stream fails. */
static GString *read_all(Stream *stream, gsize piece, GError **error)
{
    g_autofree char *buffer = g_malloc(piece);
    g_autoptr(GString) all = g_string_new(NULL);
    for (gsize got = 1; got > 0;) {
        if (!stream_read(stream, buffer, piece, &got, error))
            return NULL;
        g_string_append_len(all, buffer, (gssize)got);
    }
    return g_steal_pointer(&all);
}

static void assert_unpacks(const GByteArray *packed, const GString *expected, gsize piece)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) stream = stream_from_memory(packed->data, packed->len);
    g_autoptr(GString) all = read_all(stream, piece, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(all->str, all->len, expected->str, expected->len);
}

static void assert_fails(const GByteArray *packed, ConcertError code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) stream = stream_from_memory(packed->data, packed->len);
    g_autoptr(GString) all = read_all(stream, 65536, &error);
    g_assert_null(all);
    g_assert_error(error, CONCERT_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, words));
    /* A stream that failed stays failed: no reader takes half for whole by asking twice. */
    char byte;
    gsize got;
    g_assert_false(stream_read(stream, &byte, 1, &got, NULL));
}

/* --- The tests ------------------------------------------------------------------------------- */

static void test_plain(void)
{
    static const char *const texts[] = {"", "a", "\x1f", "plain text", "\x28\xb5\x2f"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Stream) stream = stream_from_memory(texts[i], strlen(texts[i]));
        g_autoptr(GString) all = read_all(stream, 3, NULL);
        g_assert_cmpstr(all->str, ==, texts[i]);
        g_assert_null(stream_compression(stream));
    }
}

static void test_unpack(void)
{
    g_autoptr(GString) text = make_text(300000);
    for (gsize i = 0; i < G_N_ELEMENTS(packers); i++) {
        g_autoptr(GByteArray) packed = g_byte_array_new();
        packers[i].pack(packed, text->str, text->len);
        assert_unpacks(packed, text, 1);
        assert_unpacks(packed, text, 100000);
        assert_unpacks(packed, text, 5000000);
        g_autoptr(Stream) stream = stream_from_memory(packed->data, packed->len);
        const char *data;
        gsize length;
        g_assert_true(stream_peek(stream, 10, &data, &length, NULL));
        g_assert_cmpstr(stream_compression(stream), ==, packers[i].name);
    }
}

static void test_members(void)
{
    g_autoptr(GString) text = make_text(300000);
    for (gsize i = 0; i < G_N_ELEMENTS(packers); i++) {
        g_autoptr(GByteArray) packed = g_byte_array_new();
        packers[i].pack(packed, "", 0);
        packers[i].pack(packed, text->str, 1000);
        packers[i].pack(packed, "", 0);
        packers[i].pack(packed, text->str + 1000, text->len - 1000);
        packers[i].pack(packed, "", 0);
        assert_unpacks(packed, text, 4096);
    }
}

static void test_padding(void)
{
    g_autoptr(GString) text = make_text(1000);
    static const guint8 zeros[300000];
    g_autoptr(GByteArray) packed = g_byte_array_new();
    pack_gzip(packed, text->str, text->len);
    g_byte_array_append(packed, zeros, sizeof zeros);
    assert_unpacks(packed, text, 4096);
    g_byte_array_append(packed, (const guint8 *)"x", 1);
    assert_fails(packed, CONCERT_ERROR_INPUT, "garbage");

    static const guint8 skippable[] = {0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
    g_byte_array_set_size(packed, 0);
    g_byte_array_append(packed, skippable, sizeof skippable);
    pack_zstd(packed, text->str, text->len);
    assert_unpacks(packed, text, 4096);
}

static void test_truncated(void)
{
    g_autoptr(GString) text = make_text(5000);
    for (gsize i = 0; i < G_N_ELEMENTS(packers); i++) {
        g_autoptr(GByteArray) packed = g_byte_array_new();
        packers[i].pack(packed, text->str, text->len);
        for (guint length = packed->len - 1; length >= 6; length -= MIN(length, 97)) {
            g_autoptr(GByteArray) part = g_byte_array_new();
            g_byte_array_append(part, packed->data, length);
            assert_fails(part, CONCERT_ERROR_INPUT, "cut off");
        }
    }
}

static void test_broken(void)
{
    g_autoptr(GString) text = make_text(50000);
    for (gsize i = 0; i < G_N_ELEMENTS(packers); i++) {
        g_autoptr(GByteArray) packed = g_byte_array_new();
        packers[i].pack(packed, text->str, text->len);
        memset(packed->data + packed->len / 2, 0x55, 64);
        assert_fails(packed, CONCERT_ERROR_INPUT, packers[i].name);
        g_byte_array_set_size(packed, 0);
        packers[i].pack(packed, text->str, text->len);
        g_byte_array_append(packed, (const guint8 *)"garbage!", 8);
        assert_fails(packed, CONCERT_ERROR_INPUT, packers[i].name);
    }
}

/* What was unpacked before it showed that something is wrong is there, and looked at beforehand. */
static void test_broken_end(void)
{
    g_autoptr(GString) text = make_text(500);
    g_autoptr(GByteArray) packed = g_byte_array_new();
    g_autofree char *buffer = g_malloc(text->len + 1);
    g_autoptr(GError) error = NULL;
    gsize length = 0, got;
    const char *peeked;

    pack_gzip(packed, text->str, text->len);
    packed->data[packed->len - 6] ^= 1;
    g_autoptr(Stream) stream = stream_from_memory(packed->data, packed->len);
    g_assert_true(stream_peek(stream, text->len + 1, &peeked, &got, &error));
    g_assert_cmpmem(peeked, got, text->str, text->len);
    while (stream_read(stream, buffer + length, text->len + 1 - length, &got, &error) && got > 0)
        length += got;
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_cmpmem(buffer, length, text->str, text->len);
    g_assert_false(stream_read(stream, buffer, 1, &got, NULL));
}

static void test_nested(void)
{
    g_autoptr(GString) text = make_text(50000);
    g_autoptr(GByteArray) once = g_byte_array_new();
    g_autoptr(GByteArray) twice = g_byte_array_new();
    g_autoptr(GByteArray) thrice = g_byte_array_new();
    pack_gzip(once, text->str, text->len);
    pack_zstd(twice, once->data, once->len);
    pack_xz(thrice, twice->data, twice->len);
    assert_unpacks(twice, text, 4096);
    assert_fails(thrice, CONCERT_ERROR_LIMIT, "times over");

    /* Members of members. */
    g_autoptr(GByteArray) members = g_byte_array_new();
    g_autoptr(GString) both = g_string_new(text->str);
    pack_gzip(members, once->data, once->len);
    pack_gzip(members, once->data, once->len);
    g_string_append(both, text->str);
    assert_unpacks(members, both, 4096);
}

/* The same @times over, packed once: the packing is what takes time. */
static void pack_members(GByteArray *out, Pack pack, const void *data, gsize length, guint times)
{
    pack(out, data, length);
    g_autofree guint8 *member = g_memdup2(out->data, out->len);
    guint size = out->len;
    while (--times > 0)
        g_byte_array_append(out, member, size);
}

static void test_bomb(void)
{
    g_autofree char *zeros = g_malloc0(1024 * 1024);
    for (gsize i = 0; i < G_N_ELEMENTS(packers); i++) {
        g_autoptr(GByteArray) packed = g_byte_array_new();
        pack_members(packed, packers[i].pack, zeros, 1024 * 1024, 70);
        assert_fails(packed, CONCERT_ERROR_LIMIT, "100 times");
    }
}

/* Below the grace even zeros may be unpacked. */
static void test_grace(void)
{
    g_autofree char *zeros = g_malloc0(1024 * 1024);
    g_autoptr(GByteArray) packed = g_byte_array_new();
    pack_members(packed, pack_zstd, zeros, 1024 * 1024, 60);
    g_autoptr(Stream) stream = stream_from_memory(packed->data, packed->len);
    g_autoptr(GString) all = read_all(stream, 1 << 20, NULL);
    g_assert_cmpuint(all->len, ==, 60 * 1024 * 1024);
    g_assert_cmpuint(all->len / packed->len, >, STREAM_MAX_RATIO);
}

/* Each layer alone stays below the bound, both together do not. */
static void test_bomb_of_two(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    g_autofree char *text = g_malloc(1024 * 1024);
    for (gsize at = 0; at < 1024 * 1024; at += 128)
        memset(text + at, g_rand_int_range(random, 0, 256), 128);
    g_autoptr(GByteArray) inner = g_byte_array_new();
    g_autoptr(GByteArray) outer = g_byte_array_new();
    pack_members(inner, pack_gzip, text, 1024 * 1024, 80);
    pack_zstd(outer, inner->data, inner->len);
    guint64 length = 80 * 1024 * 1024;
    g_assert_cmpuint(length / inner->len, <, STREAM_MAX_RATIO);
    g_assert_cmpuint(inner->len / outer->len, <, STREAM_MAX_RATIO);
    g_assert_cmpuint(length / outer->len, >, STREAM_MAX_RATIO);
    assert_fails(outer, CONCERT_ERROR_LIMIT, "100 times");
}

static void test_peek(void)
{
    g_autoptr(GString) text = make_text(3000000);
    g_autoptr(Stream) stream = stream_from_memory(text->str, text->len);
    const char *data;
    gsize length, got;
    g_assert_true(stream_peek(stream, 5, &data, &length, NULL));
    g_assert_cmpuint(length, >=, 5);
    g_assert_cmpmem(data, length, text->str, length);
    char buffer[7];
    g_assert_true(stream_read(stream, buffer, sizeof buffer, &got, NULL));
    g_assert_cmpmem(buffer, got, text->str, got);
    gsize at = got;
    g_assert_true(stream_peek(stream, 600000, &data, &length, NULL));
    g_assert_cmpuint(length, >=, 600000);
    g_assert_cmpmem(data, length, text->str + at, length);
    g_assert_true(stream_peek(stream, 100 << 20, &data, &length, NULL));
    g_assert_cmpuint(length, ==, 1 << 20);
    g_autoptr(GString) rest = read_all(stream, 12345, NULL);
    g_assert_cmpmem(rest->str, rest->len, text->str + at, text->len - at);
    g_assert_true(stream_peek(stream, 1, &data, &length, NULL));
    g_assert_cmpuint(length, ==, 0);
}

static void test_files(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("concert-stream-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "feed.gz", NULL);
    g_autoptr(GString) text = make_text(400000);
    g_autoptr(GByteArray) packed = g_byte_array_new();
    pack_gzip(packed, text->str, text->len);
    g_assert_true(g_file_set_contents(path, (const char *)packed->data, packed->len, NULL));
    {
        g_autoptr(Stream) stream = stream_open(path, &error);
        g_assert_no_error(error);
        g_autoptr(GString) all = read_all(stream, 9999, &error);
        g_assert_cmpmem(all->str, all->len, text->str, text->len);
        guint64 done, total;
        stream_progress(stream, &done, &total);
        g_assert_cmpuint(done, ==, packed->len);
        g_assert_cmpuint(total, ==, packed->len);
    }
    g_assert_true(g_file_set_contents(path, (const char *)packed->data, packed->len - 9, NULL));
    {
        g_autoptr(Stream) stream = stream_open(path, &error);
        g_autoptr(GString) all = read_all(stream, 9999, &error);
        g_assert_null(all);
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_true(g_str_has_prefix(error->message, path));
        g_clear_error(&error);
    }
    g_assert_null(stream_open(directory, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_clear_error(&error);
    g_unlink(path);
    g_assert_null(stream_open(path, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_rmdir(directory);
}

static gpointer feed_pipe(gpointer data)
{
    int fd = GPOINTER_TO_INT(data);
    g_autoptr(GString) text = make_text(300000);
    g_autoptr(GByteArray) packed = g_byte_array_new();
    pack_xz(packed, text->str, text->len);
    for (guint at = 0; at < packed->len;) {
        /* The first bytes come one by one: the magic must not be missed for that. */
        gsize piece = at < 10 ? 1 : MIN(packed->len - at, 30000);
        g_assert_cmpint(write(fd, packed->data + at, piece), ==, (gssize)piece);
        at += (guint)piece;
    }
    close(fd);
    return NULL;
}

static void test_pipe(void)
{
    int fds[2];
    g_assert_cmpint(pipe(fds), ==, 0);
    GThread *thread = g_thread_new("feed", feed_pipe, GINT_TO_POINTER(fds[1]));
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) stream = stream_from_fd(fds[0], &error);
    g_assert_no_error(error);
    g_autoptr(GString) all = read_all(stream, 5000, &error);
    g_assert_no_error(error);
    g_autoptr(GString) text = make_text(300000);
    g_assert_cmpmem(all->str, all->len, text->str, text->len);
    guint64 done, total;
    stream_progress(stream, &done, &total);
    g_assert_cmpuint(total, ==, 0);
    g_thread_join(thread);
}

/* A stream that is read ahead gives what it would give, and tells how it fails after that. */
static void test_ahead(void)
{
    g_autoptr(GString) text = make_text(5 * STREAM_AHEAD_CHUNK);
    for (gsize i = 0; i < G_N_ELEMENTS(packers); i++) {
        g_autoptr(GByteArray) packed = g_byte_array_new();
        packers[i].pack(packed, text->str, text->len);
        g_autoptr(Stream) stream = stream_ahead_new(stream_from_memory(packed->data, packed->len));
        g_autoptr(GString) all = read_all(stream, 50000, NULL);
        g_assert_cmpmem(all->str, all->len, text->str, text->len);
        guint64 done, total;
        stream_progress(stream, &done, &total);
        g_assert_cmpuint(done, ==, packed->len);
        g_assert_cmpuint(total, ==, packed->len);

        /* Nobody reads it, or not to its end. */
        g_autoptr(Stream) unread = stream_ahead_new(stream_from_memory(packed->data, packed->len));
        g_autoptr(Stream) begun = stream_ahead_new(stream_from_memory(packed->data, packed->len));
        char byte;
        gsize got;
        g_assert_true(stream_read(begun, &byte, 1, &got, NULL));
        g_assert_cmpint(byte, ==, text->str[0]);

        g_autoptr(Stream) cut = stream_ahead_new(stream_from_memory(packed->data, packed->len - 5));
        g_autoptr(GError) error = NULL;
        g_autofree char *buffer = g_malloc(text->len);
        gsize before = 0;
        while (stream_read(cut, buffer + before, 70000, &got, &error))
            before += got;
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, "cut off"));
        g_assert_cmpmem(buffer, before, text->str, before);
        g_assert_false(stream_read(cut, &byte, 1, &got, NULL));
    }
}

/* What comes is given at once, and closing does not wait for a pipe that stays open. */
static void test_ahead_waits_for_nobody(void)
{
    int fds[2];
    g_assert_cmpint(pipe(fds), ==, 0);
    g_autoptr(GByteArray) packed = g_byte_array_new();
    pack_gzip(packed, "alder\n", 6);
    g_assert_cmpint(write(fds[1], packed->data, packed->len), ==, packed->len);
    Stream *stream = stream_ahead_new(stream_from_fd(fds[0], NULL));
    char buffer[10];
    gsize got;
    g_assert_true(stream_read(stream, buffer, sizeof(buffer), &got, NULL));
    g_assert_cmpmem(buffer, got, "alder\n", 6);
    stream_close(stream);
    close(fds[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream/plain", test_plain);
    g_test_add_func("/stream/unpack", test_unpack);
    g_test_add_func("/stream/members", test_members);
    g_test_add_func("/stream/padding", test_padding);
    g_test_add_func("/stream/truncated", test_truncated);
    g_test_add_func("/stream/broken", test_broken);
    g_test_add_func("/stream/broken-end", test_broken_end);
    g_test_add_func("/stream/nested", test_nested);
    g_test_add_func("/stream/bomb", test_bomb);
    g_test_add_func("/stream/grace", test_grace);
    g_test_add_func("/stream/bomb_of_two", test_bomb_of_two);
    g_test_add_func("/stream/peek", test_peek);
    g_test_add_func("/stream/files", test_files);
    g_test_add_func("/stream/pipe", test_pipe);
    g_test_add_func("/stream/ahead", test_ahead);
    g_test_add_func("/stream/ahead_waits_for_nobody", test_ahead_waits_for_nobody);
    return g_test_run();
}
