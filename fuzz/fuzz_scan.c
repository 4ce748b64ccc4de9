/* Whatever the text: what is found lies in the text, in order, and is the value it is said to be;
 * and it is the same when the text comes after a line longer than what is looked at in one go. */
#include <stdint.h>
#include <string.h>

#include "shield/scan.h"
#include "shield/set_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Set *make_set(void)
{
    static const struct {
        ObservableKind kind;
        const char *value;
    } values[] = {
        {OBSERVABLE_IPV4, "192.0.2.1"},
        {OBSERVABLE_IPV6, "2001:db8::1"},
        {OBSERVABLE_CIDR, "198.51.100.0/24"},
        {OBSERVABLE_CIDR, "2001:db8:1::/48"},
        {OBSERVABLE_DOMAIN, "alder.example"},
        {OBSERVABLE_DOMAIN, "xn--bcher-kva.example"},
        {OBSERVABLE_URL, "http://birch.example/a?b"},
        {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e"},
        {OBSERVABLE_JA3, "d41d8cd98f00b204e9800998ecf8427e"},
        {OBSERVABLE_EMAIL, "mallory@cedar.example"},
        {OBSERVABLE_JA4, "t13d1516h2_8daaf6152771_02713d6af862"},
    };
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetIndicator indicator = {.id = "indicator--00000000-0000-4000-8000-000000000001",
                              .source = "fuzz",
                              .confidence = -1};
    set_builder_add_indicator(builder, &indicator, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
        set_builder_add_value(builder, values[i].kind, values[i].value, NULL);
    Set *set = set_builder_open(builder, NULL);
    g_assert_nonnull(set);
    return set;
}

typedef struct {
    guint64 line, column;
    guint count;
} Seen;

static gboolean check_hit(gpointer user, const ScanHit *hit)
{
    Seen *seen = user;
    g_assert_true(hit->line > seen->line ||
                  (hit->line == seen->line && hit->column >= seen->column));
    g_assert_cmpuint(hit->seen_length, >, 0);
    g_assert_null(memchr(hit->seen, '\n', hit->seen_length));
    seen->line = hit->line;
    seen->column = hit->column;
    seen->count++;
    return TRUE;
}

static Seen scan(const Set *set, const void *data, gsize size)
{
    Seen seen = {1, 1, 0};
    g_autoptr(Stream) stream = stream_from_memory(data, size);
    scan_stream(set, stream, check_hit, &seen, NULL);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Set *set;
    if (!set)
        set = make_set();
    Seen alone = scan(set, data, size);
    /* Compressed or UTF-16 it is only at the start of a file. */
    const gboolean marked = size >= 2 && (data[0] >= 0xf0 || data[0] == 0x1f || data[0] == 0x28);
    if (marked)
        return 0;
    g_autoptr(GByteArray) shifted = g_byte_array_new();
    g_byte_array_set_size(shifted, 300 * 1024);
    memset(shifted->data, ' ', shifted->len);
    shifted->data[shifted->len - 1] = '\n';
    g_byte_array_append(shifted, data, (guint)size);
    Seen later = scan(set, shifted->data, shifted->len);
    g_assert_cmpuint(alone.count, ==, later.count);
    return 0;
}
