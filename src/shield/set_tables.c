#include "shield/set_tables.h"

#include <string.h>

#include "shield/filter.h"
#include "shield/set_sort.h"

/* Values whose memory is asked for before it is needed. */
#define AHEAD 16

/* Bytes, and entries, that a table has room for at first. */
#define LEAST_ROOM 1024

/* An index by more bits than this leaves the caches. */
#define INDEX_BITS_MAX 18

typedef struct {
    SetTables *tables;
    SetWriter *writer;
    const guint32 *numbers;
    SetKeys *keys;
    guint32 *first_links, *links; /* with room for a link of every entry */
    guint32 values, link_count;
    SetTablesEach each;
    gpointer user;
    guint64 seed;

    const SetTable *table; /* the one under way */
    SetFileTable number;
    guint width; /* of its values; 0: texts */
} Tables;

static void clear_table(SetTable *table)
{
    g_free(table->bytes);
    g_free(table->entries);
    *table = (SetTable){0};
}

void set_tables_clear(SetTables *tables)
{
    for (guint i = 0; i < SET_TABLES; i++)
        clear_table(&tables->tables[i]);
}

/* Room for a value of @size bytes. Doubled each time, which must stay within 32 bits, too. */
static gboolean make_room(SetTable *table, gsize size)
{
    if (table->length > G_MAXUINT32 / 2 - size || table->count >= G_MAXINT32 / 16)
        return FALSE;
    if (table->bytes_room - table->length < size) {
        table->bytes_room = MAX(2 * table->length, table->length + (guint32)size + LEAST_ROOM);
        table->bytes = g_realloc(table->bytes, table->bytes_room);
    }
    if (table->count == table->entries_room) {
        table->entries_room = MAX(2 * table->count, LEAST_ROOM);
        table->entries = g_renew(SetTablesEntry, table->entries, table->entries_room);
    }
    return TRUE;
}

gboolean set_tables_add(SetTables *tables, SetFileTable number, const guint8 *bytes,
                        const char *text, gsize length, guint32 indicator, GError **error)
{
    SetTable *table = &tables->tables[number];
    guint width = set_file_widths[number];
    gsize size = width > 0 ? width : length + 1;

    if (!make_room(table, size)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "too many indicators of type %s",
                    observable_kind_name((ObservableKind)set_file_kinds[number]));
        return FALSE;
    }
    memcpy(table->bytes + table->length, width > 0 ? (const void *)bytes : text, size);
    table->entries[table->count++] = (SetTablesEntry){table->length, indicator};
    table->length += (guint32)size;
    return TRUE;
}

static const guint8 *value_at(const SetTable *table, guint32 entry)
{
    return table->bytes + table->entries[entry].at;
}

/* Of a text without its NUL. Values follow one another. */
static gsize length_of(const Tables *tables, guint32 entry)
{
    const SetTable *table = tables->table;
    if (tables->width > 0)
        return tables->width;
    guint32 end = entry + 1 < table->count ? table->entries[entry + 1].at : table->length;
    return end - table->entries[entry].at - 1;
}

static gint compare_values(const Tables *tables, const SetSortItem *a, const SetSortItem *b)
{
    const guint8 *first = value_at(tables->table, a->entry);
    const guint8 *second = value_at(tables->table, b->entry);
    return tables->width > 0 ? memcmp(first, second, tables->width)
                             : strcmp((const char *)first, (const char *)second);
}

static gint compare_items(gconstpointer a, gconstpointer b, gpointer user)
{
    const SetSortItem *first = a, *second = b;
    gint order = compare_values(user, first, second);
    if (order != 0)
        return order;
    return first->indicator < second->indicator ? -1 : first->indicator > second->indicator;
}

/* The values of the table under way in their order, those of indicators left out not among them. */
static GArray *sorted(const Tables *tables, guint32 *ret_different)
{
    const SetTable *table = tables->table;
    GArray *items = g_array_sized_new(FALSE, FALSE, sizeof(SetSortItem), table->count);
    SetSortItem *all = (SetSortItem *)(gpointer)g_array_set_size(items, table->count)->data;
    guint32 count = 0, different = 0;

    for (guint32 i = 0; i < table->count; i++) {
        guint32 indicator = table->entries[i].indicator;
        const guint8 *value = value_at(table, i);
        SetSortItem item = {.entry = i, .indicator = tables->numbers[indicator] & G_MAXINT32};
        if (tables->numbers[indicator] == SET_TABLES_NONE)
            continue;
        item.key = tables->width > 0
                       ? set_file_first(value, tables->width)
                       : set_file_text_key(tables->seed, (const char *)value, length_of(tables, i));
        all[count++] = item;
    }
    g_array_set_size(items, count);
    set_sort(all, items->len, compare_items, (gpointer)tables);
    for (guint i = 0; i < items->len; i++) {
        all[i].same = i > 0 && all[i].key == all[i - 1].key &&
                      compare_values(tables, &all[i], &all[i - 1]) == 0;
        different += !all[i].same;
    }
    *ret_different = different;
    return items;
}

static void add_link(Tables *tables, const SetSortItem *item)
{
    guint32 link = item->indicator;

    if (!item->same) {
        tables->first_links[tables->values++] = tables->link_count;
    } else {
        guint32 *last = &tables->links[tables->link_count - 1];
        if (*last == link)
            return; /* a pattern may name a value twice */
        *last |= SET_FILE_LINK_MORE;
    }
    tables->links[tables->link_count++] = link;
}

static void add_keys(Tables *tables, const guint8 *value, gsize length)
{
    if (tables->width > 0)
        set_keys_add_bytes(tables->keys, tables->number, value);
    else
        set_keys_add_text(tables->keys, tables->number, (const char *)value, length);
    if (tables->each)
        tables->each(tables->user, tables->number, value, length);
}

/* Values lie in the order they were added in: fetches those that are next but some. */
static void fetch_ahead(const Tables *tables, const GArray *items, guint at)
{
    const SetSortItem *all = (const SetSortItem *)(gconstpointer)items->data;
    if (at + 2 * AHEAD < items->len)
        __builtin_prefetch(&tables->table->entries[all[at + 2 * AHEAD].entry]);
    if (at + AHEAD < items->len)
        __builtin_prefetch(value_at(tables->table, all[at + AHEAD].entry));
}

static void note_url(SetFileHeader *header, const char *url, gsize length)
{
    gsize host, host_length;

    header->longest_url = MAX(header->longest_url, (guint32)length);
    if (set_file_url_host(url, length, &host, &host_length) && url[host] != '[' &&
        !memchr(url + host, '.', host_length))
        header->flags |= SET_FILE_ONE_LABEL_URLS;
}

/* Writes the values; the offset of each is told if they are texts. */
static void write_values(Tables *tables, const GArray *items, guint32 *offsets)
{
    static const guint8 pad[SET_FILE_TEXT_PAD];
    SetWriter *writer = tables->writer;

    set_writer_begin(writer, SET_PART_VALUES + tables->number);
    if (offsets && items->len > 0)
        set_writer_append(writer, pad, sizeof(pad));
    for (guint i = 0; i < items->len; i++) {
        const SetSortItem *item = &g_array_index(items, SetSortItem, i);
        fetch_ahead(tables, items, i);
        add_link(tables, item);
        if (item->same)
            continue;
        const guint8 *value = value_at(tables->table, item->entry);
        gsize length = length_of(tables, item->entry);
        guint32 offset = (guint32)set_writer_offset(writer);
        set_writer_append(writer, value, length + (offsets != NULL));
        if (offsets) {
            *offsets++ = offset;
            if (tables->number == SET_TABLE_URL)
                note_url(&writer->header, (const char *)value, length);
        }
        add_keys(tables, writer->bytes + writer->header.parts[writer->part].offset + offset,
                 length);
    }
    set_writer_end(writer);
}

/* Positions by the first bits: about SET_FILE_BUCKET values have the same if they are random. */
static void write_index(Tables *tables, const GArray *items, guint32 different)
{
    guint bits = different > SET_FILE_BUCKET ? g_bit_storage(different / SET_FILE_BUCKET) : 0;
    bits = MIN(bits, INDEX_BITS_MAX);
    guint slots = 1u << bits, next = 0;
    g_autofree guint32 *index = g_new(guint32, slots + 1);
    guint32 position = 0;

    for (guint i = 0; i < items->len; i++) {
        const SetSortItem *item = &g_array_index(items, SetSortItem, i);
        guint slot = bits > 0 ? (guint)(item->key >> (64 - bits)) : 0;
        while (next <= slot)
            index[next++] = position - (item->same ? 1 : 0);
        position += !item->same;
    }
    while (next <= slots)
        index[next++] = position;
    set_writer_put(tables->writer, SET_PART_INDEXES + tables->number, index,
                   (slots + 1) * sizeof(*index));
}

static void write_buckets(Tables *tables, const GArray *items, const guint32 *offsets,
                          guint32 different)
{
    guint32 buckets = different / SET_FILE_BUCKET + 1, next = 0, position = 0;
    g_autofree SetFileBucket *directory = g_new0(SetFileBucket, buckets + 1);
    guint32 end = (guint32)tables->writer->header.parts[SET_PART_VALUES + tables->number].length;

    for (guint i = 0; i < items->len; i++) {
        const SetSortItem *item = &g_array_index(items, SetSortItem, i);
        if (item->same)
            continue;
        while (next <= filter_place(item->key, buckets))
            directory[next++] = (SetFileBucket){offsets[position], position};
        position++;
    }
    while (next <= buckets)
        directory[next++] = (SetFileBucket){end, position};
    set_writer_put(tables->writer, SET_PART_INDEXES + tables->number, directory,
                   (buckets + 1) * sizeof(*directory));
}

static void write_table(Tables *tables, SetFileTable number)
{
    guint32 different;

    tables->number = number;
    tables->width = set_file_widths[number];
    tables->table = &tables->tables->tables[number];
    g_autoptr(GArray) items = sorted(tables, &different);
    g_autofree guint32 *offsets = tables->width > 0 ? NULL : g_new(guint32, different + 1);
    write_values(tables, items, offsets);
    tables->writer->header.counts[number] = different;
    if (different > 0 && offsets)
        write_buckets(tables, items, offsets, different);
    else if (different > 0)
        write_index(tables, items, different);
    clear_table(&tables->tables->tables[number]);
}

static guint32 count_entries(const SetTables *tables)
{
    guint32 count = 0;
    for (guint i = 0; i < SET_TABLES; i++)
        count += tables->tables[i].count;
    return count;
}

void set_tables_write(SetTables *all, SetWriter *writer, const guint32 *numbers, SetTablesEach each,
                      gpointer user)
{
    g_autoptr(SetKeys) keys = set_keys_new(writer->header.seed);
    guint32 count = count_entries(all);
    g_autofree guint32 *first_links = g_new(guint32, (gsize)count + 1);
    g_autofree guint32 *links = g_new(guint32, (gsize)count + 1);
    Tables tables = {
        .tables = all,
        .writer = writer,
        .numbers = numbers,
        .keys = keys,
        .first_links = first_links,
        .links = links,
        .each = each,
        .user = user,
        .seed = writer->header.seed,
    };

    for (guint i = 0; i < SET_TABLES; i++)
        write_table(&tables, (SetFileTable)i);
    set_keys_write(keys, writer);
    first_links[tables.values] = tables.link_count;
    set_writer_put(writer, SET_PART_FIRST_LINKS, first_links,
                   ((gsize)tables.values + 1) * sizeof(*first_links));
    set_writer_put(writer, SET_PART_LINKS, links, (gsize)tables.link_count * sizeof(*links));
}
