#include "shield/set.h"

#include <string.h>

#include "stix/observable_url.h"

#define UUID_SIZE 16
#define UUID_TEXT 36

/* Offsets into the pool of texts are 32 bits; offset 0 is the empty text, "none". */
typedef struct {
    guint8 uuid[UUID_SIZE]; /* of "indicator--<uuid>", when id_text is 0 */
    guint32 id_text;
    guint32 name;
    guint32 source; /* number of the source */
    gint8 confidence;
    guint8 tlp;
    gboolean withdrawn : 1;
    gboolean superseded : 1;
    gint64 version;
    gint64 valid_until;
} Indicator;

typedef struct {
    guint32 text;
    guint32 indicator;
    SetEntry next;
    guint16 length;
    guint8 kind;
} Entry;

struct Set {
    GString *pool;
    GArray *indicators;  /* Indicator */
    GArray *entries;     /* Entry */
    GPtrArray *sources;  /* char *, owned */
    GHashTable *numbers; /* source -> number + 1 */
    guint64 seed;

    guint32 *slots; /* first entry of a value, by its hash; SET_NONE: free */
    gsize slot_mask;
    guint64 *filter; /* four bits a value, in one word */
    gsize filter_mask;
    guint64 *url_hosts; /* the same for the hosts of URLs */
    gsize url_host_mask;
    gboolean has[OBSERVABLE_OTHER + 1];
    gboolean prefixes4[33], prefixes6[129]; /* lengths there are CIDRs of */
    guint shortest4, shortest6;             /* the least of them */
    gsize longest_url;
    guint64 count_values, count_indicators;
};

static guint64 mix(guint64 a, guint64 b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (guint64)product ^ (guint64)(product >> 64);
}

static guint64 hash_start(const Set *set, guint kind)
{
    return set->seed + kind * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
}

/* One byte more; texts are hashed from their end, so that the hash of a name passes through the
 * hashes of all its parents. */
static inline guint64 hash_byte(guint64 hash, char c)
{
    return (hash ^ (guchar)c) * G_GUINT64_CONSTANT(0x2127599bf4325c37) + (hash >> 47);
}

static guint64 hash_end(guint64 hash)
{
    return mix(hash ^ G_GUINT64_CONSTANT(0xa0761d6478bd642f),
               G_GUINT64_CONSTANT(0xe7037ed1a0b428db));
}

static guint64 hash_text(const Set *set, guint kind, const char *text, gsize length)
{
    guint64 hash = hash_start(set, kind);
    while (length > 0)
        hash = hash_byte(hash, text[--length]);
    return hash_end(hash);
}

/* Addresses are hashed by their bytes: a prefix is tried for every length there is, and writing
 * each out as text would cost more than the look-up. */
static guint64 hash_address(const Set *set, const ObservableAddress *address)
{
    guint64 halves[2];
    memcpy(halves, address->bytes, sizeof(halves));
    guint64 hash = mix(halves[0] ^ set->seed, G_GUINT64_CONSTANT(0x8ebc6af09c88c6e3));
    hash = mix(hash ^ halves[1], G_GUINT64_CONSTANT(0x589965cc75374cc3));
    return hash_end(hash + address->prefix * 2 + (address->v6 ? 1 : 0));
}

static guint64 old_filter_bits(guint64 hash)
{
    return G_GUINT64_CONSTANT(1) << (hash & 63) | G_GUINT64_CONSTANT(1) << (hash >> 6 & 63) |
           G_GUINT64_CONSTANT(1) << (hash >> 12 & 63) | G_GUINT64_CONSTANT(1) << (hash >> 18 & 63);
}

static void old_filter_add(guint64 *filter, gsize mask, guint64 hash)
{
    filter[hash >> 24 & mask] |= old_filter_bits(hash);
}

static gboolean old_filter_has(const guint64 *filter, gsize mask, guint64 hash)
{
    guint64 bits = old_filter_bits(hash);
    return (filter[hash >> 24 & mask] & bits) == bits;
}

/* The smallest power of two not below @number. */
static gsize power_of_two(guint64 number)
{
    gsize power = 1;
    while (power < number)
        power *= 2;
    return power;
}

static Entry *entry_at(const Set *set, SetEntry entry)
{
    return &g_array_index(set->entries, Entry, entry);
}

static Indicator *indicator_at(const Set *set, guint32 indicator)
{
    return &g_array_index(set->indicators, Indicator, indicator);
}

Set *set_new(void)
{
    Set *set = g_new0(Set, 1);
    set->pool = g_string_new_len("", 1);
    set->indicators = g_array_new(FALSE, FALSE, sizeof(Indicator));
    set->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    set->sources = g_ptr_array_new_with_free_func(g_free);
    set->numbers = g_hash_table_new(g_str_hash, g_str_equal);
    set->shortest4 = 32;
    set->shortest6 = 128;
    /* A secret of this process, so that nobody can write a list whose values all collide. */
    set->seed = (guint64)g_random_int() << 32 | g_random_int();
    return set;
}

void set_free(Set *set)
{
    if (!set)
        return;
    g_string_free(set->pool, TRUE);
    g_array_unref(set->indicators);
    g_array_unref(set->entries);
    g_ptr_array_unref(set->sources);
    g_clear_pointer(&set->numbers, g_hash_table_unref);
    g_free(set->slots);
    g_free(set->filter);
    g_free(set->url_hosts);
    g_free(set);
}

static guint32 source_number(Set *set, const char *source)
{
    guint32 number = GPOINTER_TO_UINT(g_hash_table_lookup(set->numbers, source));
    if (number == 0) {
        char *owned = g_strdup(source);
        g_ptr_array_add(set->sources, owned);
        number = set->sources->len;
        g_hash_table_insert(set->numbers, owned, GUINT_TO_POINTER(number));
    }
    return number - 1;
}

/* Appends @text and its NUL to the pool. */
static gboolean keep_text(Set *set, const char *text, gsize length, guint32 *ret_offset,
                          GError **error)
{
    if (set->pool->len + length + 1 > G_MAXUINT32) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "too many indicators: their texts take more than 4 GiB");
        return FALSE;
    }
    *ret_offset = (guint32)set->pool->len;
    g_string_append_len(set->pool, text, (gssize)length);
    g_string_append_c(set->pool, '\0');
    return TRUE;
}

/* "indicator--" and a UUID in lower case, as bytes; FALSE for any other text. */
static gboolean pack_id(const char *id, guint8 ret_uuid[UUID_SIZE])
{
    guint8 uuid[UUID_SIZE];
    guint size = 0;

    if (!g_str_has_prefix(id, "indicator--") || strlen(id += 11) != UUID_TEXT)
        return FALSE;
    for (guint i = 0; i < UUID_TEXT; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (id[i] != '-')
                return FALSE;
            continue;
        }
        if (!g_ascii_isxdigit(id[i]) || g_ascii_isupper(id[i]) || !g_ascii_isxdigit(id[i + 1]) ||
            g_ascii_isupper(id[i + 1]))
            return FALSE;
        uuid[size++] = (guint8)(g_ascii_xdigit_value(id[i]) << 4 | g_ascii_xdigit_value(id[i + 1]));
        i++;
    }
    memcpy(ret_uuid, uuid, UUID_SIZE);
    return TRUE;
}

static void unpack_id(const guint8 uuid[UUID_SIZE], char *id)
{
    static const char digits[] = "0123456789abcdef";
    char *p = g_stpcpy(id, "indicator--");
    for (guint i = 0; i < UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[uuid[i] >> 4];
        *p++ = digits[uuid[i] & 15];
    }
    *p = '\0';
}

gboolean set_add_indicator(Set *set, const SetIndicator *indicator, GError **error)
{
    Indicator kept = {
        .confidence = (gint8)CLAMP(indicator->confidence, -1, 100),
        .tlp = (guint8)indicator->tlp,
        .withdrawn = indicator->withdrawn != FALSE,
        .version = indicator->version,
        .valid_until = indicator->valid_until,
    };
    g_return_val_if_fail(!set->slots, FALSE);
    if (!pack_id(indicator->id, kept.uuid) &&
        !keep_text(set, indicator->id,
                   MIN(strlen(indicator->id), sizeof(((SetValue *)NULL)->id) - 1), &kept.id_text,
                   error))
        return FALSE;
    if (indicator->name &&
        !keep_text(set, indicator->name, strlen(indicator->name), &kept.name, error))
        return FALSE;
    kept.source = source_number(set, indicator->source);
    g_array_append_val(set->indicators, kept);
    return TRUE;
}

gboolean set_add_value(Set *set, ObservableKind kind, const char *canonical, GError **error)
{
    gsize length = strlen(canonical);
    Entry entry = {
        .indicator = set->indicators->len - 1,
        .next = SET_NONE,
        .length = (guint16)length,
        .kind = (guint8)kind,
    };
    g_return_val_if_fail(!set->slots && set->indicators->len > 0, FALSE);
    if (kind == OBSERVABLE_NONE || kind >= OBSERVABLE_OTHER || length > OBSERVABLE_MAX_LENGTH ||
        indicator_at(set, entry.indicator)->withdrawn)
        return TRUE;
    if (set->entries->len >= G_MAXUINT32 / sizeof(Entry)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "too many indicators");
        return FALSE;
    }
    if (!keep_text(set, canonical, length, &entry.text, error))
        return FALSE;
    g_array_append_val(set->entries, entry);
    return TRUE;
}

/* The identity of an indicator, to compare by. */
static guint indicator_hash(gconstpointer pointer)
{
    const Indicator *indicator = pointer;
    guint64 halves[2];
    memcpy(halves, indicator->uuid, sizeof(halves));
    return (guint)mix(halves[0] ^ G_GUINT64_CONSTANT(0xa0761d6478bd642f),
                      halves[1] ^ G_GUINT64_CONSTANT(0xe7037ed1a0b428db));
}

static gboolean indicator_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(((const Indicator *)a)->uuid, ((const Indicator *)b)->uuid, UUID_SIZE) == 0;
}

/* Of one id only the latest version counts, the first given of several that are as late. */
static void supersede(GHashTable *latest, gpointer key, Indicator *indicator)
{
    Indicator *other = g_hash_table_lookup(latest, key);
    if (!other) {
        g_hash_table_insert(latest, key, indicator);
    } else if (other->version >= indicator->version) {
        indicator->superseded = TRUE;
    } else {
        other->superseded = TRUE;
        g_hash_table_replace(latest, key, indicator);
    }
}

static void supersede_all(Set *set)
{
    g_autoptr(GHashTable) packed = g_hash_table_new(indicator_hash, indicator_equal);
    g_autoptr(GHashTable) texts = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < set->indicators->len; i++) {
        Indicator *indicator = indicator_at(set, i);
        if (indicator->id_text != 0)
            supersede(texts, set->pool->str + indicator->id_text, indicator);
        else
            supersede(packed, indicator, indicator);
    }
}

static gboolean entry_address(const Set *set, const Entry *entry, ObservableAddress *ret_address)
{
    return observable_address_parse(set->pool->str + entry->text, entry->length, ret_address);
}

static gboolean is_address_kind(guint kind)
{
    return kind == OBSERVABLE_IPV4 || kind == OBSERVABLE_IPV6 || kind == OBSERVABLE_CIDR;
}

/* Entries below SET_NONE are used; the hash of what they say. */
static guint64 hash_entry(Set *set, const Entry *entry)
{
    ObservableAddress address;
    if (!is_address_kind(entry->kind) || !entry_address(set, entry, &address))
        return hash_text(set, entry->kind, set->pool->str + entry->text, entry->length);
    if (entry->kind == OBSERVABLE_CIDR) {
        guint *shortest = address.v6 ? &set->shortest6 : &set->shortest4;
        (address.v6 ? set->prefixes6 : set->prefixes4)[address.prefix] = TRUE;
        *shortest = MIN(*shortest, address.prefix);
    }
    return hash_address(set, &address);
}

static gboolean same_value(const Set *set, const Entry *entry, guint kind, const char *text,
                           gsize length)
{
    return entry->kind == kind && entry->length == length &&
           memcmp(set->pool->str + entry->text, text, length) == 0;
}

static void add_url_host(Set *set, const Entry *entry)
{
    ObservableUrlParts parts;
    g_autoptr(GString) url = g_string_new(NULL);
    const char *text = set->pool->str + entry->text;
    if (observable_url_append(text, entry->length, url, &parts))
        old_filter_add(set->url_hosts, set->url_host_mask,
                   hash_text(set, OBSERVABLE_URL, url->str + parts.host, parts.host_length));
}

/* Puts the entry before those of the same value. Called from the last entry to the first, this
 * keeps the order they were given in. */
static void insert(Set *set, SetEntry number)
{
    Entry *entry = entry_at(set, number);
    guint64 hash = hash_entry(set, entry);
    gsize slot = hash & set->slot_mask;

    for (; set->slots[slot] != SET_NONE; slot = (slot + 1) & set->slot_mask) {
        Entry *first = entry_at(set, set->slots[slot]);
        if (!same_value(set, first, entry->kind, set->pool->str + entry->text, entry->length))
            continue;
        if (first->indicator == entry->indicator)
            return; /* a pattern may name a value twice */
        entry->next = set->slots[slot];
        break;
    }
    set->slots[slot] = number;
    old_filter_add(set->filter, set->filter_mask, hash);
    set->has[entry->kind] = TRUE;
    set->count_values++;
    if (entry->kind == OBSERVABLE_URL) {
        add_url_host(set, entry);
        set->longest_url = MAX(set->longest_url, entry->length);
    }
}

void set_finish(Set *set)
{
    guint count = set->entries->len;
    guint urls = 0;

    g_return_if_fail(!set->slots);
    supersede_all(set);
    for (guint i = 0; i < count; i++)
        urls += entry_at(set, i)->kind == OBSERVABLE_URL;
    set->slot_mask = power_of_two(2 * (guint64)count + 1) - 1;
    set->slots = g_new(guint32, set->slot_mask + 1);
    memset(set->slots, 0xff, (set->slot_mask + 1) * sizeof(guint32));
    set->filter_mask = power_of_two(count / 4 + 1) - 1;
    set->filter = g_new0(guint64, set->filter_mask + 1);
    set->url_host_mask = power_of_two(urls / 4 + 1) - 1;
    set->url_hosts = g_new0(guint64, set->url_host_mask + 1);
    guint32 last = G_MAXUINT32;
    for (guint i = count; i-- > 0;) {
        guint32 indicator = entry_at(set, i)->indicator;
        if (indicator_at(set, indicator)->superseded)
            continue;
        insert(set, i);
        set->count_indicators += indicator != last;
        last = indicator;
    }
    g_clear_pointer(&set->numbers, g_hash_table_unref);
}

guint64 set_count_values(const Set *set)
{
    return set->count_values;
}

guint64 set_count_indicators(const Set *set)
{
    return set->count_indicators;
}

gboolean set_has(const Set *set, ObservableKind kind)
{
    return set->has[kind];
}

static SetEntry find_hashed(const Set *set, guint64 hash, guint kind, const char *text,
                            gsize length)
{
    if (!old_filter_has(set->filter, set->filter_mask, hash))
        return SET_NONE;
    for (gsize slot = hash & set->slot_mask; set->slots[slot] != SET_NONE;
         slot = (slot + 1) & set->slot_mask)
        if (same_value(set, entry_at(set, set->slots[slot]), kind, text, length))
            return set->slots[slot];
    return SET_NONE;
}

SetEntry set_find(const Set *set, ObservableKind kind, const char *canonical, gsize length)
{
    if (!set->has[kind])
        return SET_NONE;
    return find_hashed(set, hash_text(set, kind, canonical, length), kind, canonical, length);
}

guint set_find_domain(const Set *set, const char *canonical, gsize length,
                      SetEntry ret_found[SET_MAX_FOUND])
{
    guint found = 0, labels = 1;
    guint64 hash = hash_start(set, OBSERVABLE_DOMAIN);

    if (!set->has[OBSERVABLE_DOMAIN])
        return 0;
    for (gsize i = length; i-- > 0 && found < SET_MAX_FOUND;) {
        if (canonical[i] == '.' && labels++ > 1) {
            SetEntry entry = find_hashed(set, hash_end(hash), OBSERVABLE_DOMAIN, canonical + i + 1,
                                         length - i - 1);
            if (entry != SET_NONE)
                ret_found[found++] = entry;
        }
        hash = hash_byte(hash, canonical[i]);
    }
    SetEntry entry = labels > 1
                         ? find_hashed(set, hash_end(hash), OBSERVABLE_DOMAIN, canonical, length)
                         : SET_NONE;
    if (entry != SET_NONE && found < SET_MAX_FOUND)
        ret_found[found++] = entry;
    return found;
}

static SetEntry find_address(const Set *set, const ObservableAddress *address)
{
    char text[OBSERVABLE_ADDRESS_MAX];
    guint64 hash = hash_address(set, address);

    if (!old_filter_has(set->filter, set->filter_mask, hash))
        return SET_NONE;
    gsize length = observable_address_format(address, text);
    return find_hashed(set, hash, observable_address_kind(address), text, length);
}

guint set_find_address(const Set *set, const ObservableAddress *address,
                       SetEntry ret_found[SET_MAX_FOUND])
{
    guint found = 0;
    ObservableAddress prefix = *address;
    const gboolean *lengths = address->v6 ? set->prefixes6 : set->prefixes4;
    guint size = address->v6 ? 16 : 4;
    guint shortest = address->v6 ? set->shortest6 : set->shortest4;

    /* Clearing one more bit at a time gives every prefix from the longest to the shortest. */
    for (guint length = address->prefix + 1; length-- > MIN(shortest, address->prefix);) {
        prefix.prefix = (guint8)length;
        if (length < 8 * size && length < address->prefix)
            prefix.bytes[length / 8] &= (guint8) ~(0x80 >> length % 8);
        if (length < 8 * size ? !lengths[length]
                              : !set->has[address->v6 ? OBSERVABLE_IPV6 : OBSERVABLE_IPV4])
            continue;
        SetEntry entry = find_address(set, &prefix);
        if (entry != SET_NONE && found < SET_MAX_FOUND)
            ret_found[found++] = entry;
    }
    return found;
}

gboolean set_may_have_url_host(const Set *set, const char *host, gsize length)
{
    return set->has[OBSERVABLE_URL] && old_filter_has(set->url_hosts, set->url_host_mask,
                                                  hash_text(set, OBSERVABLE_URL, host, length));
}

gsize set_longest_url(const Set *set)
{
    return set->longest_url;
}

SetEntry set_next(const Set *set, SetEntry entry)
{
    return entry_at(set, entry)->next;
}

void set_read(const Set *set, SetEntry number, SetValue *ret_value)
{
    const Entry *entry = entry_at(set, number);
    const Indicator *indicator = indicator_at(set, entry->indicator);

    ret_value->kind = entry->kind;
    g_strlcpy(ret_value->value, set->pool->str + entry->text, sizeof(ret_value->value));
    if (indicator->id_text != 0)
        g_strlcpy(ret_value->id, set->pool->str + indicator->id_text, sizeof(ret_value->id));
    else
        unpack_id(indicator->uuid, ret_value->id);
    ret_value->source = g_ptr_array_index(set->sources, indicator->source);
    ret_value->name = indicator->name != 0 ? set->pool->str + indicator->name : NULL;
    ret_value->confidence = indicator->confidence;
    ret_value->tlp = indicator->tlp;
    ret_value->valid_until = indicator->valid_until;
}
