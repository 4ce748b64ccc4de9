#include "shield/container.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

typedef struct {
    struct archive *zip;
    char *bytes;
    size_t size, used;
} Packing;

static Packing pack_begin(gsize room, const char *options)
{
    Packing packing = {.zip = archive_write_new(), .bytes = g_malloc(room), .size = room};
    archive_write_set_format_zip(packing.zip);
    g_assert_cmpint(archive_write_set_options(packing.zip, options), ==, ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(packing.zip, 1);
    return packing;
}

static void pack_add(Packing *packing, const char *name, const void *bytes, gsize length)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, name[strlen(name) - 1] == '/' ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_size(entry, (la_int64_t)length);
    g_assert_cmpint(archive_write_header(packing->zip, entry), ==, ARCHIVE_OK);
    archive_entry_free(entry);
    g_assert_cmpint(archive_write_data(packing->zip, bytes, length), ==, length);
}

static GBytes *pack_end(Packing *packing)
{
    g_assert_cmpint(archive_write_close(packing->zip), ==, ARCHIVE_OK);
    archive_write_free(packing->zip);
    return g_bytes_new_take(packing->bytes, packing->used);
}

#define BEGIN(packing, room, options)                                                              \
    Packing packing = pack_begin(room, options);                                                   \
    g_assert_cmpint(                                                                               \
        archive_write_open_memory(packing.zip, packing.bytes, packing.size, &packing.used), ==,    \
        ARCHIVE_OK)

static GBytes *pack_one(const char *name, GBytes *bytes)
{
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);
    BEGIN(packing, length + 4096, "zip:compression=store");
    pack_add(&packing, name, data, length);
    return pack_end(&packing);
}

/* Writes "name=text; " or "name!error; ". */
static gboolean collect(gpointer user, const char *name, Stream *stream, const GError *unreadable)
{
    GString *into = user;
    g_autoptr(GError) error = NULL;
    gsize got = 0, all = 0;
    char buffer[4096];

    g_string_append(into, name);
    if (unreadable) {
        g_string_append_printf(into, "!%s; ", unreadable->message);
        return TRUE;
    }
    g_string_append_c(into, '=');
    while (stream_read(stream, buffer, sizeof(buffer), &got, &error) && got > 0) {
        if (all < 100)
            g_string_append_len(into, buffer, (gssize)MIN(got, 100 - all));
        all += got;
    }
    if (error)
        g_string_append_printf(into, "!%s", error->message);
    g_string_append(into, "; ");
    return !strstr(name, "stop");
}

static char *read_all(GBytes *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    GString *said = g_string_new(NULL);
    g_autofree void *copy = g_memdup2(g_bytes_get_data(bytes, NULL), length);
    g_autoptr(Stream) stream = stream_from_memory(copy, length);
    gboolean is;

    g_assert_true(container_detect(stream, &is, NULL));
    g_assert_true(is);
    if (!container_read(stream, "a.zip", collect, said, &error))
        g_string_append_printf(said, "!!%s", error->message);
    return g_string_free(said, FALSE);
}

static void test_members(void)
{
    BEGIN(packing, 65536, "zip:compression=deflate");
    pack_add(&packing, "logs/", "", 0);
    pack_add(&packing, "logs/a.log", "alder", 5);
    pack_add(&packing, "empty", "", 0);
    pack_add(&packing, "../../etc/b.log", "birch", 5);
    g_autoptr(GBytes) zip = pack_end(&packing);
    g_autofree char *said = read_all(zip, g_bytes_get_size(zip));
    g_assert_cmpstr(said, ==,
                    "a.zip:logs/a.log=alder; a.zip:empty=; a.zip:../../etc/b.log=birch; ");
}

static void test_stop(void)
{
    BEGIN(packing, 65536, "zip:compression=store");
    pack_add(&packing, "stop", "alder", 5);
    pack_add(&packing, "more", "birch", 5);
    g_autoptr(GBytes) zip = pack_end(&packing);
    g_autofree char *said = read_all(zip, g_bytes_get_size(zip));
    g_assert_cmpstr(said, ==, "a.zip:stop=alder; ");
}

static void test_nested(void)
{
    BEGIN(packing, 65536, "zip:compression=deflate");
    pack_add(&packing, "a", "alder", 5);
    g_autoptr(GBytes) once = pack_end(&packing);
    g_autoptr(GBytes) twice = pack_one("b.zip", once);
    g_autoptr(GBytes) thrice = pack_one("c.zip", twice);
    g_autofree char *inner = read_all(twice, g_bytes_get_size(twice));
    g_assert_cmpstr(inner, ==, "a.zip:b.zip:a=alder; ");
    g_autofree char *deeper = read_all(thrice, g_bytes_get_size(thrice));
    g_assert_cmpstr(deeper, ==, "a.zip:c.zip:b.zip!archives nest more than 2 deep; ");
}

/* Whatever is missing at the end: what was there is given, and that it is broken is said. */
static void test_truncated(void)
{
    BEGIN(packing, 65536, "zip:compression=store");
    pack_add(&packing, "a", "alder", 5);
    pack_add(&packing, "b", "birch", 5);
    g_autoptr(GBytes) zip = pack_end(&packing);
    for (gsize length = g_bytes_get_size(zip) - 1; length >= 4; length--) {
        g_autofree char *said = read_all(zip, length);
        gboolean first = g_str_has_prefix(said, "a.zip:a=alder; ");
        /* The directory at the end is not needed to read what it lists. */
        if (length > 100 && length < 110)
            g_assert_true(first);
        g_assert_true(first || strchr(said, '!'));
    }
}

static void test_bomb(void)
{
    gsize size = 80 * 1024 * 1024;
    g_autofree char *spaces = g_strnfill(size, ' ');
    BEGIN(packing, 1024 * 1024, "zip:compression=deflate");
    pack_add(&packing, "small", "alder", 5);
    pack_add(&packing, "bomb", spaces, size);
    pack_add(&packing, "after", "birch", 5);
    g_autoptr(GBytes) zip = pack_end(&packing);
    g_autofree char *said = read_all(zip, g_bytes_get_size(zip));
    g_assert_true(g_str_has_prefix(said, "a.zip:small=alder; a.zip:bomb="));
    g_assert_nonnull(strstr(said, "more than 100 times"));
}

static void test_not(void)
{
    static const char *const texts[] = {"", "PK", "PKzip", "plain text"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Stream) stream = stream_from_memory(texts[i], strlen(texts[i]));
        gboolean is;
        g_assert_true(container_detect(stream, &is, NULL));
        g_assert_false(is);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/container/members", test_members);
    g_test_add_func("/container/stop", test_stop);
    g_test_add_func("/container/nested", test_nested);
    g_test_add_func("/container/truncated", test_truncated);
    g_test_add_func("/container/bomb", test_bomb);
    g_test_add_func("/container/not", test_not);
    return g_test_run();
}
