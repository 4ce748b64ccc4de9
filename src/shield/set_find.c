#include <string.h>

#include "shield/set_rows.h"

/* The first entry of the value at @position of @table. */
static SetEntry entry_of(const Set *set, SetFileTable table, guint32 position)
{
    const guint32 *first_links = set_rows_part(set, SET_PART_FIRST_LINKS, NULL);
    if (position >= set->header->counts[table])
        return SET_NONE;
    guint32 entry = first_links[set->first_values[table] + position];
    return entry < set->links ? entry : SET_NONE;
}

/* A value of a table of one width that lies between @low and @high. */
static SetEntry find_between(const Set *set, SetFileTable table, const guint8 *bytes, guint32 low,
                             guint32 high)
{
    const guint8 *values = set_rows_part(set, SET_PART_VALUES + table, NULL);
    guint width = set_file_widths[table];

    high = MIN(high, set->header->counts[table]);
    guint32 position = set_rows_not_less(set, table, bytes, width, low, high);
    return position < high && memcmp(values + (gsize)position * width, bytes, width) == 0
               ? entry_of(set, table, position)
               : SET_NONE;
}

static SetEntry find_bytes(const Set *set, SetFileTable table, const guint8 *bytes)
{
    gsize length;
    const guint32 *index = set_rows_part(set, SET_PART_INDEXES + table, &length);

    if (set->header->counts[table] == 0)
        return SET_NONE;
    guint bits = g_bit_storage(length / sizeof(guint32) - 1) - 1;
    guint64 first = set_file_first(bytes, set_file_widths[table]);
    guint64 slot = bits > 0 ? first >> (64 - bits) : 0;
    return find_between(set, table, bytes, index[slot], index[slot + 1]);
}

static SetEntry find_text(const Set *set, SetFileTable table, const char *text, gsize length)
{
    gsize size, left;
    const SetFileBucket *directory = set_rows_part(set, SET_PART_INDEXES + table, &size);

    if (set->header->counts[table] == 0)
        return SET_NONE;
    guint32 buckets = (guint32)(size / sizeof(*directory) - 1);
    const SetFileBucket *bucket =
        directory + filter_place(set_file_text_key(set->filters.seed, text, length), buckets);
    const char *at = set_rows_text(set, SET_PART_VALUES + table, bucket[0].offset, &left);
    if (!at || bucket[1].offset <= bucket[0].offset)
        return SET_NONE;
    const char *end = at + MIN(left, bucket[1].offset - bucket[0].offset);
    for (guint32 position = bucket[0].first; at < end; position++) {
        if ((gsize)(end - at) > length && at[length] == '\0' && memcmp(at, text, length) == 0)
            return entry_of(set, table, position);
        /* The part ends in a NUL. */
        at += strlen(at) + 1;
    }
    return SET_NONE;
}

static gboolean may_have_digest(const Set *set, SetFileTable table, const guint8 *bytes)
{
    guint digits = 2u * set_file_widths[table];
    return filter_has(&set->filters.digest,
                      key_digest(set->filters.seed, set_file_first(bytes, 8), digits));
}

SetEntry set_find(const Set *set, ObservableKind kind, const char *canonical, gsize length)
{
    guint8 bytes[64];

    if (!set_has(set, kind) || memchr(canonical, '\0', length))
        return SET_NONE;
    SetFileTable table = set_file_pack(kind, canonical, length, bytes);
    if (table == SET_TABLE_NONE)
        return SET_NONE;
    if (table >= SET_TABLE_DOMAIN)
        return find_text(set, table, canonical, length);
    if (table >= SET_TABLE_MD5 && !may_have_digest(set, table, bytes))
        return SET_NONE;
    return find_bytes(set, table, bytes);
}

static gboolean may_have_name(const Set *set, KeyKind kind, const char *name, gsize length,
                              guint labels)
{
    guint8 window[KEY_WINDOW] = {0};
    gsize last = set_file_last_labels(name, length, labels);
    gsize known = MIN(length, sizeof(window));
    const Filter *filter = kind == KEY_NAME2 ? &set->filters.name2 : &set->filters.name3;

    memcpy(window + sizeof(window) - known, name + length - known, known);
    return filter_has(
        filter, key_tail(key_seed(set->filters.seed, kind), window + sizeof(window), (guint)last));
}

guint set_find_domain(const Set *set, const char *canonical, gsize length,
                      SetEntry ret_found[SET_MAX_FOUND])
{
    guint found = 0;

    if (set->header->counts[SET_TABLE_DOMAIN] == 0 || memchr(canonical, '\0', length) ||
        !may_have_name(set, KEY_NAME2, canonical, length, 2))
        return 0;
    gsize last = 0;
    for (guint labels = 2; last < length && found < SET_MAX_FOUND; labels++) {
        last = set_file_last_labels(canonical, length, labels);
        if (labels == 2 && !memchr(canonical, '.', length))
            break;
        if (labels == 3 && !may_have_name(set, KEY_NAME3, canonical, length, 3))
            break;
        SetEntry entry = find_text(set, SET_TABLE_DOMAIN, canonical + length - last, last);
        if (entry != SET_NONE)
            ret_found[found++] = entry;
    }
    return found;
}

/* The networks of one prefix length, of which none is longer than @address. */
static SetEntry find_net(const Set *set, const ObservableAddress *address, guint prefix)
{
    ObservableAddress net = *address;
    guint8 bytes[17];
    guint size = address->v6 ? 16 : 4;
    const guint32 *firsts = address->v6 ? set->nets6 : set->nets4;

    if (firsts[prefix] >= firsts[prefix + 1])
        return SET_NONE;
    net.prefix = (guint8)prefix;
    for (guint i = prefix / 8; i < size; i++)
        net.bytes[i] &= i == prefix / 8 ? (guint8) ~(0xff >> prefix % 8) : 0;
    if (address->v6 && !filter_has(&set->filters.v6, key_v6(set->filters.seed, net.bytes)))
        return SET_NONE;
    SetFileTable table = set_file_pack_address(&net, bytes);
    return find_between(set, table, bytes, firsts[prefix], firsts[prefix + 1]);
}

static SetEntry find_address(const Set *set, const ObservableAddress *address)
{
    const Filters *filters = &set->filters;
    guint32 number = (guint32)(set_file_first(address->bytes, 4) >> 32);

    if (address->v6)
        return filter_has(&filters->v6, key_v6(filters->seed, address->bytes))
                   ? find_bytes(set, SET_TABLE_IPV6, address->bytes)
                   : SET_NONE;
    return filter_has(&filters->v4, key_v4(filters->seed, number))
               ? find_bytes(set, SET_TABLE_IPV4, address->bytes)
               : SET_NONE;
}

guint set_find_address(const Set *set, const ObservableAddress *address,
                       SetEntry ret_found[SET_MAX_FOUND])
{
    guint found = 0;
    guint bits = address->v6 ? 128 : 32;
    guint first16 = (guint)address->bytes[0] << 8 | address->bytes[1];

    if (address->prefix == bits) {
        SetEntry entry = find_address(set, address);
        if (entry != SET_NONE)
            ret_found[found++] = entry;
    }
    if (!address->v6 && !filter_bit(set->filters.v4_nets, first16))
        return found;
    for (guint prefix = MIN(address->prefix, bits - 1) + 1; prefix-- > 0;) {
        SetEntry entry = find_net(set, address, prefix);
        if (entry != SET_NONE && found < SET_MAX_FOUND)
            ret_found[found++] = entry;
    }
    return found;
}

gboolean set_may_have_url_host(const Set *set, const char *host, gsize length)
{
    return filter_has(&set->url_hosts, set_file_text_key(set->filters.seed, host, length));
}

SetEntry set_next(const Set *set, SetEntry entry)
{
    const guint32 *links = set_rows_part(set, SET_PART_LINKS, NULL);
    return links[entry] & SET_FILE_LINK_MORE && entry + 1 < set->links ? entry + 1 : SET_NONE;
}
