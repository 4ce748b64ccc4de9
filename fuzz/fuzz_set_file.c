/* Whatever a compiled set's bytes say, opening refuses it or every question has an answer that lies
 * in it. The header's length and checksum are put right first, as whoever writes hostile files
 * would. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shield/set.h"
#include "shield/set_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hostile files can have any number of links. */
#define ENTRIES_MAX 1000

static gboolean look_at(gpointer user, SetEntry entry, const SetValue *value)
{
    guint *left = user;
    g_assert_true(g_utf8_validate(value->value, -1, NULL));
    g_assert_true(g_utf8_validate(value->source, -1, NULL));
    return --*left > 0;
}

/* All the texts together are no longer than the file. */
typedef struct {
    gsize size, seen;
} Patterns;

static gboolean look_at_pattern(gpointer user, const SetIndicator *indicator)
{
    Patterns *patterns = user;
    g_assert_true(g_utf8_validate(indicator->pattern, -1, NULL));
    g_assert_true(g_utf8_validate(indicator->source, -1, NULL));
    patterns->seen += strlen(indicator->pattern) + 1;
    g_assert_cmpuint(patterns->seen, <=, patterns->size);
    return TRUE;
}

static void read_all(const Set *set, SetEntry entry)
{
    SetValue value;
    guint16 lists[SET_MAX_LISTS];
    for (guint i = 0; entry != SET_NONE && i < ENTRIES_MAX; i++, entry = set_next(set, entry)) {
        set_read(set, entry, &value);
        set_marks(set, entry, lists);
        set_compare(set, entry, 0);
    }
}

static void ask(const Set *set, gsize size)
{
    Patterns patterns = {.size = size};
    static const struct {
        ObservableKind kind;
        const char *value;
    } values[] = {
        {OBSERVABLE_IPV4, "192.0.2.1"},
        {OBSERVABLE_IPV6, "2001:db8::1"},
        {OBSERVABLE_CIDR, "198.51.100.0/24"},
        {OBSERVABLE_DOMAIN, "www.alder.example"},
        {OBSERVABLE_URL, "http://birch.example/a?b"},
        {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
        {OBSERVABLE_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {OBSERVABLE_EMAIL, "mallory@cedar.example"},
        {OBSERVABLE_JA4, "t13d1516h2_8daaf6152771_02713d6af862"},
    };
    SetEntry found[SET_MAX_FOUND];
    ObservableAddress address;
    guint left = ENTRIES_MAX;
    gsize length;
    SetList list;

    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        const char *value = values[i].value;
        read_all(set, set_find(set, values[i].kind, value, strlen(value)));
        guint count = set_find_domain(set, value, strlen(value), found);
        while (count > 0)
            read_all(set, found[--count]);
        if (!observable_address_parse(value, strlen(value), &address))
            continue;
        count = set_find_address(set, &address, found);
        while (count > 0)
            read_all(set, found[--count]);
    }
    set_may_have_url_host(set, "birch.example", 13);
    set_each(set, look_at, &left);
    set_each_pattern(set, look_at_pattern, &patterns);
    set_info(set, &length);
    for (guint i = 0; i < set_count_lists(set); i++)
        set_read_list(set, i, &list);
    set_check(set, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree guint8 *copy = g_memdup2(data, size);
    SetFileHeader *header = (SetFileHeader *)(gpointer)copy;
    if (size >= sizeof(*header)) {
        header->size = size;
        sha256_digest(header, offsetof(SetFileHeader, head), header->head);
    }
    g_autoptr(GBytes) bytes = g_bytes_new(copy, size);
    g_autoptr(Set) set = set_open_bytes(bytes, NULL);
    if (set)
        ask(set, size);
    return 0;
}
