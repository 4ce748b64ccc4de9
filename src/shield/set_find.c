#include <string.h>

#include "shield/nets4.h"
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

/* The slot of a table's index that values of one width are found by which begin with @first. */
static const guint32 *slot_of(const Set *set, SetFileTable table, guint64 first)
{
    gsize length;
    const guint32 *index = set_rows_part(set, SET_PART_INDEXES + table, &length);
    guint bits = g_bit_storage(length / sizeof(guint32) - 1) - 1;
    return index + (bits > 0 ? first >> (64 - bits) : 0);
}

static SetEntry find_bytes(const Set *set, SetFileTable table, const guint8 *bytes)
{
    if (set->header->counts[table] == 0)
        return SET_NONE;
    const guint32 *slot = slot_of(set, table, set_file_first(bytes, set_file_widths[table]));
    return find_between(set, table, bytes, slot[0], slot[1]);
}

/* The bucket of a table of texts in which one with this key lies. */
static const SetFileBucket *bucket_of(const Set *set, SetFileTable table, guint64 key)
{
    gsize size;
    const SetFileBucket *directory = set_rows_part(set, SET_PART_INDEXES + table, &size);
    return directory + filter_place(key, (guint32)(size / sizeof(*directory) - 1));
}

static SetEntry find_text(const Set *set, SetFileTable table, const char *text, gsize length)
{
    gsize left;

    if (set->header->counts[table] == 0)
        return SET_NONE;
    guint64 key = set_file_text_key(set->filters.seed, text, length);
    if (!set_texts_may_have(set, key))
        return SET_NONE;
    const SetFileBucket *bucket = bucket_of(set, table, key);
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
    set_texts_missed(set);
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

/* The end of a name, as keys are made of it. */
typedef struct {
    guint8 bytes[KEY_WINDOW]; /* what is before a shorter name is zero */
    guint32 dots;             /* bit 31: the last byte is one */
} NameEnd;

static void name_end(const char *name, gsize length, NameEnd *end)
{
    guint8 *behind = end->bytes + KEY_WINDOW;

    /* Copies of fixed sizes that overlap: names are asked for by the million. */
    if (length >= KEY_WINDOW) {
        memcpy(end->bytes, name + length - KEY_WINDOW, KEY_WINDOW);
    } else {
        memset(end->bytes, 0, KEY_WINDOW);
        if (length >= 16) {
            memcpy(behind - length, name, 16);
            memcpy(behind - 16, name + length - 16, 16);
        } else if (length >= 8) {
            memcpy(behind - length, name, 8);
            memcpy(behind - 8, name + length - 8, 8);
        } else {
            memcpy(behind - length, name, length);
        }
    }
    end->dots = 0;
    for (guint i = 0; i < KEY_WINDOW / 8; i++) {
        guint64 word;
        memcpy(&word, end->bytes + 8 * i, sizeof(word));
        end->dots |= set_file_dots(GUINT64_FROM_LE(word)) << 8 * i;
    }
}

/* Bytes behind the last of @dots; without one all of the @length. */
static guint behind_last(guint32 dots, gsize length)
{
    return dots != 0 ? (guint)__builtin_clz(dots) : (guint)MIN(length, KEY_WINDOW);
}

static guint32 without_last(guint32 dots)
{
    return dots != 0 ? dots & ~(G_GUINT64_CONSTANT(0x80000000) >> (guint)__builtin_clz(dots)) : 0;
}

/* Of most names nothing more is asked than whether their last two labels are known. */
static gboolean may_have_name(const Set *set, const char *name, gsize length,
                              gboolean *ret_may_be_longer)
{
    const Filters *filters = &set->filters;
    NameEnd end;

    name_end(name, length, &end);
    guint32 dots = without_last(end.dots);
    const guint8 *behind = end.bytes + KEY_WINDOW;
    if (!filter_has(&filters->name2, key_tail(key_seed(filters->seed, KEY_NAME2), behind,
                                              behind_last(dots, length))))
        return FALSE;
    dots = without_last(dots);
    *ret_may_be_longer = filter_has(&filters->name3, key_tail(key_seed(filters->seed, KEY_NAME3),
                                                              behind, behind_last(dots, length)));
    return TRUE;
}

guint set_find_domain(const Set *set, const char *canonical, gsize length,
                      SetEntry ret_found[SET_MAX_FOUND])
{
    guint found = 0;
    gboolean may_be_longer;

    if (set->header->counts[SET_TABLE_DOMAIN] == 0 ||
        !may_have_name(set, canonical, length, &may_be_longer) || memchr(canonical, '\0', length) ||
        !memchr(canonical, '.', length))
        return 0;
    gsize last = set_file_last_labels(canonical, length, 1);
    for (guint labels = 2; last < length && found < SET_MAX_FOUND; labels++) {
        last += 1 + set_file_last_labels(canonical, length - last - 1, 1);
        if (labels == 3 && !may_be_longer)
            break;
        SetEntry entry = find_text(set, SET_TABLE_DOMAIN, canonical + length - last, last);
        if (entry != SET_NONE)
            ret_found[found++] = entry;
    }
    return found;
}

static guint32 number_v4(const ObservableAddress *address)
{
    return (guint32)(set_file_first(address->bytes, 4) >> 32);
}

/* The network of IPv4 with the first address @network. */
static SetEntry find_net4(const Set *set, guint32 network, guint prefix)
{
    const guint8 *values = set_rows_part(set, SET_PART_VALUES + SET_TABLE_NET4, NULL);
    guint width = set_file_widths[SET_TABLE_NET4];
    guint64 wanted = (guint64)network << 32;
    guint32 low = set->nets4[prefix];
    guint32 end = MIN(set->nets4[prefix + 1], set->header->counts[SET_TABLE_NET4]);

    for (guint32 count = end - MIN(low, end); count > 0;) {
        guint32 half = count / 2;
        gboolean less = set_file_first(values + (gsize)(low + half) * width + 1, 4) < wanted;
        low += less ? half + 1 : 0;
        count = less ? count - half - 1 : half;
    }
    return low < end && set_file_first(values + (gsize)low * width + 1, 4) == wanted
               ? entry_of(set, SET_TABLE_NET4, low)
               : SET_NONE;
}

/* Narrows prefix lengths down to those of networks that may have the address; FALSE when none has.
 */
static gboolean narrow_down(const Set *set, guint32 number, guint *least, guint *most)
{
    const Filters *filters = &set->filters;

    if (!nets4_reach(filters, number))
        return FALSE;
    if (!nets4_has_narrow(filters, number))
        *most = MIN(*most, NETS4_WIDE);
    if (!nets4_has_wide(filters, number))
        *least = NETS4_WIDE + 1;
    return *least <= *most;
}

/* Appends the networks with prefixes up to @most that the address lies in, the longest first; how
 * many there are then. */
static guint find_nets4(const Set *set, guint32 number, guint most, SetEntry *found, guint count)
{
    const Filters *filters = &set->filters;
    guint least = 0;

    if (!narrow_down(set, number, &least, &most))
        return count;
    /* The bits of the lengths that there are, the longest first. */
    guint32 lengths = set->lengths4 & G_MAXUINT32 >> (31 - most) & G_MAXUINT32 << least;
    while (lengths != 0) {
        guint prefix = 31 - (guint)__builtin_clz(lengths);
        guint32 network = number & (guint32)(G_MAXUINT64 << (32 - prefix));
        lengths ^= 1u << prefix;
        if (!filter_has(&filters->v4_near, key_v4_prefix(filters->seed, network, prefix)))
            continue;
        SetEntry entry = find_net4(set, network, prefix);
        if (entry != SET_NONE && count < SET_MAX_FOUND)
            found[count++] = entry;
    }
    return count;
}

/* The same of IPv6. */
static guint find_nets6(const Set *set, const ObservableAddress *address, guint most,
                        SetEntry *found, guint count)
{
    for (guint prefix = most + 1; prefix-- > 0;) {
        ObservableAddress net = *address;
        guint8 bytes[17];
        if (set->nets6[prefix] >= set->nets6[prefix + 1])
            continue;
        net.prefix = (guint8)prefix;
        for (guint i = prefix / 8; i < sizeof(net.bytes); i++)
            net.bytes[i] &= i == prefix / 8 ? (guint8) ~(0xff >> prefix % 8) : 0;
        if (!filter_has(&set->filters.v6, key_v6(set->filters.seed, net.bytes)))
            continue;
        SetFileTable table = set_file_pack_address(&net, bytes);
        SetEntry entry =
            find_between(set, table, bytes, set->nets6[prefix], set->nets6[prefix + 1]);
        if (entry != SET_NONE && count < SET_MAX_FOUND)
            found[count++] = entry;
    }
    return count;
}

static SetEntry find_address(const Set *set, const ObservableAddress *address)
{
    const Filters *filters = &set->filters;

    if (address->v6)
        return filter_has(&filters->v6, key_v6(filters->seed, address->bytes))
                   ? find_bytes(set, SET_TABLE_IPV6, address->bytes)
                   : SET_NONE;
    return filter_has(&filters->v4, key_v4(filters->seed, number_v4(address)))
               ? find_bytes(set, SET_TABLE_IPV4, address->bytes)
               : SET_NONE;
}

guint set_find_address(const Set *set, const ObservableAddress *address,
                       SetEntry ret_found[SET_MAX_FOUND])
{
    guint found = 0;
    guint bits = address->v6 ? 128 : 32;

    if (address->prefix == bits) {
        SetEntry entry = find_address(set, address);
        if (entry != SET_NONE)
            ret_found[found++] = entry;
    }
    guint most = MIN(address->prefix, bits - 1);
    return address->v6 ? find_nets6(set, address, most, ret_found, found)
                       : find_nets4(set, number_v4(address), most, ret_found, found);
}

gboolean set_may_have_url_host(const Set *set, const char *host, gsize length)
{
    return filter_has(&set->url_hosts, set_file_text_key(set->filters.seed, host, length));
}

static gboolean may_have_v4(const Set *set, guint32 number)
{
    ObservableAddress address = {.prefix = 32};
    SetEntry found[SET_MAX_FOUND];
    char host[OBSERVABLE_ADDRESS_MAX];
    guint32 bytes = GUINT32_TO_BE(number);

    memcpy(address.bytes, &bytes, sizeof(bytes));
    return set_find_address(set, &address, found) > 0 ||
           set_may_have_url_host(set, host, observable_address_format(&address, host));
}

guint64 set_may_have_v4(const Set *set, const guint32 *addresses, guint count)
{
    const guint8 *values = set_rows_part(set, SET_PART_VALUES + SET_TABLE_IPV4, NULL);
    const guint32 *slots[SET_TOGETHER];
    guint64 may_have = 0;

    if (set->header->counts[SET_TABLE_IPV4] > 0) {
        for (guint i = 0; i < count; i++) {
            slots[i] = slot_of(set, SET_TABLE_IPV4, (guint64)addresses[i] << 32);
            __builtin_prefetch(slots[i]);
        }
        for (guint i = 0; i < count; i++)
            __builtin_prefetch(values + *slots[i] * sizeof(guint32));
    }
    for (guint i = 0; i < count; i++)
        may_have |= (guint64)may_have_v4(set, addresses[i]) << i;
    return may_have;
}

/* Names above a name, itself included, that are fetched beforehand: few have more. */
#define NAMES_ABOVE 3

/* Fetches what the names are looked up in: first what the filters have for all of them, then the
 * buckets of those that these let through, then their texts. */
static void fetch_names(const Set *set, const SetName *names, guint count)
{
    guint64 keys[SET_TOGETHER * NAMES_ABOVE];
    guint waiting = 0, kept = 0;

    for (guint i = 0; i < count; i++) {
        const char *text = names[i].text;
        gsize length = names[i].length, last = set_file_last_labels(text, length, 1);
        filter_fetch(&set->url_hosts, set_file_text_key(set->filters.seed, text, length));
        for (guint n = 0; n < NAMES_ABOVE && last < length; n++) {
            last += 1 + set_file_last_labels(text, length - last - 1, 1);
            keys[waiting] = set_file_text_key(set->filters.seed, text + length - last, last);
            set_texts_fetch(set, keys[waiting++]);
        }
    }
    for (guint i = 0; i < waiting; i++)
        if (set_texts_may_have(set, keys[i])) {
            __builtin_prefetch(bucket_of(set, SET_TABLE_DOMAIN, keys[i]));
            keys[kept++] = keys[i];
        }
    for (guint i = 0; i < kept; i++) {
        gsize left;
        guint64 offset = bucket_of(set, SET_TABLE_DOMAIN, keys[i])->offset;
        __builtin_prefetch(set_rows_text(set, SET_PART_VALUES + SET_TABLE_DOMAIN, offset, &left));
    }
}

guint64 set_may_have_names(const Set *set, const SetName *names, guint count)
{
    SetEntry found[SET_MAX_FOUND];
    guint64 may_have = 0;

    if (set->header->counts[SET_TABLE_DOMAIN] > 0)
        fetch_names(set, names, count);
    for (guint i = 0; i < count; i++)
        if (set_may_have_url_host(set, names[i].text, names[i].length) ||
            set_find_domain(set, names[i].text, names[i].length, found) > 0)
            may_have |= G_GUINT64_CONSTANT(1) << i;
    return may_have;
}

SetEntry set_next(const Set *set, SetEntry entry)
{
    const guint32 *links = set_rows_part(set, SET_PART_LINKS, NULL);
    return links[entry] & SET_FILE_LINK_MORE && entry + 1 < set->links ? entry + 1 : SET_NONE;
}
