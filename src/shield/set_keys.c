#include "shield/set_keys.h"

#include <string.h>

#include "shield/filter.h"
#include "shield/nets4.h"
#include "shield/script.h"
#include "shield/set_ahead.h"

/* Bits of a map of 16-bit numbers, in words. */
#define MAP_WORDS (65536 / 64)

/* Fewer words than this are not worth saving. */
#define LEAST_WORDS 8

typedef enum { NAME2, NAME3, V4, V4_NEAR, V6, DIGEST, JA4, URL_HOSTS, FILTERS } KeysFilter;

static const guint8 parts[FILTERS] = {
    [NAME2] = SET_PART_NAME2, [NAME3] = SET_PART_NAME3,
    [V4] = SET_PART_V4,       [V4_NEAR] = SET_PART_V4_NEAR,
    [V6] = SET_PART_V6,       [DIGEST] = SET_PART_DIGEST,
    [JA4] = SET_PART_JA4,     [URL_HOSTS] = SET_PART_URL_HOSTS,
};

/* Keys of the first room that is made. */
#define LEAST_ROOM 1024

typedef struct {
    guint64 *all;
    gsize count, room;
} Keys;

struct SetKeys {
    guint64 seed;
    Keys keys[FILTERS];
    guint64 labels[MAP_WORDS], v4_nets[MAP_WORDS];
    gboolean v6_lengths[129];
};

SetKeys *set_keys_new(guint64 seed)
{
    SetKeys *keys = g_new0(SetKeys, 1);
    keys->seed = seed;
    return keys;
}

void set_keys_free(SetKeys *keys)
{
    if (!keys)
        return;
    for (guint i = 0; i < FILTERS; i++)
        g_free(keys->keys[i].all);
    g_free(keys);
}

static void add(SetKeys *keys, KeysFilter filter, guint64 key)
{
    Keys *into = &keys->keys[filter];
    if (into->count == into->room) {
        into->room = MAX(2 * into->room, LEAST_ROOM);
        into->all = g_renew(guint64, into->all, into->room);
    }
    into->all[into->count++] = key;
}

static void set_bit(guint64 *map, guint bit)
{
    map[bit >> 6] |= G_GUINT64_CONSTANT(1) << (bit & 63);
}

static void add_v4_net(SetKeys *keys, const guint8 *bytes)
{
    guint first = (guint)bytes[1] << 8 | bytes[2];
    guint more = bytes[0] < 16 ? (1u << (16 - bytes[0])) - 1 : 0;
    for (guint i = first & ~more; i <= (first | more); i++) {
        set_bit(keys->v4_nets, i);
        if (bytes[0] <= NETS4_WIDE)
            add(keys, V4_NEAR, key_v4_net(keys->seed, 1u << 24 | i));
    }
    add(keys, V4_NEAR,
        key_v4_prefix(keys->seed, (guint32)(set_file_first(bytes + 1, 4) >> 32), bytes[0]));
    guint near = first << 8 | bytes[3], last = bytes[0] < 24 ? (1u << (24 - bytes[0])) - 1 : 0;
    for (guint i = near; bytes[0] > NETS4_WIDE && i <= (near | last); i++)
        add(keys, V4_NEAR, key_v4_net(keys->seed, i));
}

void set_keys_add_bytes(SetKeys *keys, SetFileTable table, const guint8 *bytes)
{
    switch (table) {
    case SET_TABLE_IPV4:
        add(keys, V4, key_v4(keys->seed, (guint32)(set_file_first(bytes, 4) >> 32)));
        break;
    case SET_TABLE_NET4:
        add_v4_net(keys, bytes);
        break;
    case SET_TABLE_IPV6:
        add(keys, V6, key_v6(keys->seed, bytes));
        break;
    case SET_TABLE_NET6:
        keys->v6_lengths[bytes[0]] = TRUE;
        add(keys, V6, key_v6(keys->seed, bytes + 1));
        break;
    default:
        add(keys, DIGEST,
            key_digest(keys->seed, set_file_first(bytes, 8), 2u * set_file_widths[table]));
    }
}

/* Bytes of a name's last label, its last two and its last three, or of all of it; of what is before
 * the last KEY_WINDOW bytes nobody asks. */
static void measure_labels(const char *name, gsize length, guint ret_lengths[3])
{
    guint window = (guint)MIN(length, KEY_WINDOW);
    guint32 dots = 0;

    for (guint i = 0; i < KEY_WINDOW / 8; i++) {
        guint64 word;
        memcpy(&word, name + length - KEY_WINDOW + 8 * i, sizeof(word));
        dots |= set_file_dots(GUINT64_FROM_LE(word)) << 8 * i;
    }
    dots &= (guint32)(G_MAXUINT32 * G_GUINT64_CONSTANT(0x100000000) >> window);
    for (guint i = 0; i < 3; i++) {
        guint behind = dots != 0 ? (guint)__builtin_clz(dots) : window;
        ret_lengths[i] = behind;
        dots &= behind < window ? ~(0x80000000 >> behind) : 0;
    }
}

/* An A-label stands for one in another script. */
static void add_script_label(SetKeys *keys, const char *host, gsize length, gsize last)
{
    guint key;

    if (last == KEY_WINDOW) {
        const char *dot = memrchr(host, '.', length);
        last = dot ? (gsize)(host + length - dot - 1) : length;
    }
    if (script_a_label_key(host + length - last, last, &key))
        set_bit(keys->labels, key);
}

/* Names only: KEY_WINDOW bytes before @host are readable. */
static void add_name(SetKeys *keys, const char *host, gsize length)
{
    const guint8 *end = (const guint8 *)host + length;
    guint lengths[3];

    measure_labels(host, length, lengths);
    add(keys, NAME2, key_tail(key_seed(keys->seed, KEY_NAME2), end, lengths[1]));
    add(keys, NAME3, key_tail(key_seed(keys->seed, KEY_NAME3), end, lengths[2]));
    set_bit(keys->labels, key_label(end, lengths[0]));
    add_script_label(keys, host, length, lengths[0]);
}

static void add_url(SetKeys *keys, const char *url, gsize length)
{
    ObservableAddress address;
    gsize at, host_length;

    if (!set_file_url_host(url, length, &at, &host_length))
        return;
    const char *host = url + at;
    add(keys, URL_HOSTS, set_file_text_key(keys->seed, host, host_length));
    if ((g_ascii_isdigit(host[0]) || host[0] == '[') &&
        observable_address_parse(host, host_length, &address))
        set_keys_add_bytes(keys, address.v6 ? SET_TABLE_IPV6 : SET_TABLE_IPV4, address.bytes);
    else
        add_name(keys, host, host_length);
}

void set_keys_add_text(SetKeys *keys, SetFileTable table, const char *text, gsize length)
{
    const char *at;

    switch (table) {
    case SET_TABLE_DOMAIN:
        add_name(keys, text, length);
        break;
    case SET_TABLE_URL:
        add_url(keys, text, length);
        break;
    case SET_TABLE_EMAIL:
        at = memrchr(text, '@', length);
        if (at)
            add_name(keys, at + 1, length - (gsize)(at + 1 - text));
        break;
    default:
        add(keys, JA4,
            key_tail(key_seed(keys->seed, KEY_TEXT), (const guint8 *)text + length, (guint)length));
    }
}

/* How many of the keys differ, nearly: many names share their last labels. A few that share a bit
 * of the map by chance do not count, 3 in 100. */
static guint64 count_different(const Keys *keys)
{
    guint32 words = (guint32)(keys->count / 4 + 1);
    guint64 different = 0;
    g_autofree guint64 *map = g_new0(guint64, words);

    for (gsize i = 0; i < keys->count; i++) {
        guint64 key = keys->all[i];
        map[filter_place(key, words)] |= G_GUINT64_CONSTANT(1) << (key & 63);
    }
    for (guint32 i = 0; i < words; i++)
        different += (guint64)__builtin_popcountll(map[i]);
    return different;
}

/* Makes a filter of the keys, in their place. */
static gpointer make_filter(gpointer user)
{
    Keys *keys = user;

    if (keys->count == 0)
        return NULL;
    guint32 count = (guint32)MAX(count_different(keys) / SET_FILE_FILTER_KEYS + 1, LEAST_WORDS);
    guint64 *words = g_new0(guint64, count);
    for (gsize i = 0; i < keys->count; i++)
        filter_add(words, count, keys->all[i]);
    g_free(keys->all);
    *keys = (Keys){.all = words, .count = count};
    return NULL;
}

/* Half of the work, or nearly, is done on another thread. */
static void make_filters(SetKeys *keys)
{
    GThread *other = set_ahead_start(make_filter, &keys->keys[NAME2]);

    for (guint i = 0; i < FILTERS; i++)
        if (i != NAME2)
            make_filter(&keys->keys[i]);
    set_ahead_end(&other);
    if (keys->v6_lengths[0])
        memset(keys->keys[V6].all, 0xff, keys->keys[V6].count * sizeof(guint64));
}

void set_keys_write(SetKeys *keys, SetWriter *writer)
{
    guint8 lengths[130] = {0};
    guint count = 0;

    make_filters(keys);
    for (guint i = 0; i < FILTERS; i++)
        set_writer_put(writer, parts[i], keys->keys[i].all, keys->keys[i].count * sizeof(guint64));
    set_writer_put(writer, SET_PART_LABELS, keys->labels, sizeof(keys->labels));
    set_writer_put(writer, SET_PART_V4_NETS, keys->v4_nets, sizeof(keys->v4_nets));
    for (guint i = 1; i < G_N_ELEMENTS(keys->v6_lengths); i++)
        if (keys->v6_lengths[i])
            lengths[count++] = (guint8)i;
    set_writer_put(writer, SET_PART_V6_LENGTHS, lengths, count + 1);
}
