#include "shield/set_tables.h"

#include <string.h>

#include "shield/filter.h"
#include "shield/set_order.h"

/* Values whose memory is asked for before it is needed. */
#define AHEAD 16

/* Values that are worth a thread, and bytes of them that it is told of at once. */
#define MANY         20000
#define TOLD_AT_ONCE (64 * 1024)

/* An index by more bits than this leaves the caches. */
#define INDEX_BITS_MAX 18

typedef struct {
    SetWriter *writer;
    SetKeys *keys;
    guint32 *first_links, *links; /* with room for a link of every entry */
    guint32 values, link_count;
    SetTablesEach each;
    gpointer user;
} Tables;

static void clear_table(SetTable *table)
{
    set_region_clear(&table->bytes);
    set_region_clear(&table->entries);
    *table = (SetTable){0};
}

void set_tables_clear(SetTables *tables)
{
    for (guint i = 0; i < SET_TABLES; i++)
        clear_table(&tables->tables[i]);
}

/* Is there room for a value of @size bytes? Places in the file must stay within 32 bits. */
static gboolean has_room(const SetTable *table, gsize size)
{
    return table->bytes.length <= G_MAXUINT32 / 2 - size && table->count < G_MAXINT32 / 16;
}

gboolean set_tables_add(SetTables *tables, SetFileTable number, const guint8 *bytes,
                        const char *text, gsize length, guint32 indicator, GError **error)
{
    SetTable *table = &tables->tables[number];
    guint width = set_file_widths[number];
    gsize size = width > 0 ? width : length + 1;

    if (!has_room(table, size)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "too many indicators of type %s",
                    observable_kind_name((ObservableKind)set_file_kinds[number]));
        return FALSE;
    }
    const SetTablesEntry entry = {(guint32)table->bytes.length, indicator};
    memcpy(set_region_room(&table->bytes, size), width > 0 ? (const void *)bytes : text, size);
    table->bytes.length += size;
    memcpy(set_region_room(&table->entries, sizeof(entry)), &entry, sizeof(entry));
    table->entries.length += sizeof(entry);
    table->count++;
    return TRUE;
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

static void note_url(SetFileHeader *header, const char *url, gsize length)
{
    gsize host, host_length;

    header->longest_url = MAX(header->longest_url, (guint32)length);
    if (set_file_url_host(url, length, &host, &host_length) && url[host] != '[' &&
        !memchr(url + host, '.', host_length))
        header->flags |= SET_FILE_ONE_LABEL_URLS;
}

/* What follows from values that were written: their keys, marks and the like. */
typedef struct {
    Tables *tables;
    SetFileTable number;
    const guint8 *at; /* the next one */

    /* Of a table with many they are looked at on another thread while more are written. */
    GThread *thread;
    GMutex mutex;
    GCond changed;
    const guint8 *written; /* up to here */
    gboolean ended;
} Noting;

static void note_until(Noting *noting, const guint8 *end)
{
    Tables *tables = noting->tables;
    guint width = set_file_widths[noting->number];

    while (noting->at < end) {
        const guint8 *value = noting->at;
        gsize length = width > 0 ? width : strlen((const char *)value);
        if (width > 0)
            set_keys_add_bytes(tables->keys, noting->number, value);
        else
            set_keys_add_text(tables->keys, noting->number, (const char *)value, length);
        if (noting->number == SET_TABLE_URL)
            note_url(&tables->writer->header, (const char *)value, length);
        if (tables->each)
            tables->each(tables->user, noting->number, value, length);
        noting->at += length + (width == 0);
    }
}

static gpointer note_ahead(gpointer user)
{
    Noting *noting = user;

    g_mutex_lock(&noting->mutex);
    while (noting->at < noting->written || !noting->ended) {
        const guint8 *end = noting->written;
        if (noting->at == end) {
            g_cond_wait(&noting->changed, &noting->mutex);
            continue;
        }
        g_mutex_unlock(&noting->mutex);
        note_until(noting, end);
        g_mutex_lock(&noting->mutex);
    }
    g_mutex_unlock(&noting->mutex);
    return NULL;
}

static void begin_noting(Noting *noting, guint32 count)
{
    g_mutex_init(&noting->mutex);
    g_cond_init(&noting->changed);
    noting->written = noting->at;
    if (count >= MANY)
        noting->thread = g_thread_try_new("note", note_ahead, noting, NULL);
}

/* All values before @end were written, and no others will be when @ended is set. */
static void tell_written(Noting *noting, const guint8 *end, gboolean ended)
{
    g_mutex_lock(&noting->mutex);
    noting->written = end;
    noting->ended = ended;
    g_cond_signal(&noting->changed);
    g_mutex_unlock(&noting->mutex);
}

static void end_noting(Noting *noting, const guint8 *end)
{
    tell_written(noting, end, TRUE);
    if (noting->thread)
        g_thread_join(noting->thread);
    else
        note_until(noting, end);
    g_mutex_clear(&noting->mutex);
    g_cond_clear(&noting->changed);
}

/* Copies a value to @into and returns how long it is, a text's NUL not counted. */
static gsize copy_value(const SetOrder *order, const SetSortItem *item, guint8 *into)
{
    const guint8 *value = order->table->bytes.bytes + item->at;
    if (set_order_has_keys(order)) {
        guint64 key = GUINT64_TO_BE(item->key);
        memcpy(into, &key, order->width);
        return order->width;
    }
    if (order->width > 0) {
        memcpy(into, value, order->width);
        return order->width;
    }
    gsize length = strlen((const char *)value);
    memcpy(into, value, length + 1);
    return length;
}

/* Writes the values, and notes for each bucket of texts where it begins. */
static void write_values(Tables *tables, SetOrder *order, SetFileBucket *directory, guint32 buckets)
{
    SetWriter *writer = tables->writer;
    const SetSortItem *item = set_order_items(order);
    guint32 position = 0, next = 0;

    set_writer_begin(writer, SET_PART_VALUES + order->number);
    guint8 *start = set_writer_room(writer, order->table->bytes.length + SET_FILE_TEXT_PAD),
           *end = start;
    if (directory && order->count > 0) {
        memset(start, 0, SET_FILE_TEXT_PAD);
        end += SET_FILE_TEXT_PAD;
    }
    Noting noting = {.tables = tables, .number = order->number, .at = end};
    begin_noting(&noting, order->count);
    for (guint32 left = order->count; left > 0; left--, item++) {
        /* Values lie in the order they were added in. */
        if (left > AHEAD)
            __builtin_prefetch(order->table->bytes.bytes + item[AHEAD].at);
        add_link(tables, item);
        if (item->same)
            continue;
        while (directory && next <= filter_place(item->key, buckets))
            directory[next++] = (SetFileBucket){(guint32)(end - start), position};
        position++;
        gsize length = copy_value(order, item, end);
        end += length + (directory != NULL);
        if (end - noting.written >= TOLD_AT_ONCE)
            tell_written(&noting, end, FALSE);
    }
    while (directory && next <= buckets)
        directory[next++] = (SetFileBucket){(guint32)(end - start), position};
    end_noting(&noting, end);
    set_writer_added(writer, (gsize)(end - start));
    set_writer_end(writer);
}

/* Positions by the first bits: about SET_FILE_BUCKET values have the same if they are random. */
static void write_index(SetWriter *writer, SetOrder *order)
{
    const SetSortItem *items = set_order_items(order);
    guint bits =
        order->different > SET_FILE_BUCKET ? g_bit_storage(order->different / SET_FILE_BUCKET) : 0;
    bits = MIN(bits, INDEX_BITS_MAX);
    guint slots = 1u << bits, next = 0;
    g_autofree guint32 *index = g_new(guint32, slots + 1);
    guint32 position = 0;

    for (guint32 i = 0; i < order->count; i++) {
        guint slot = bits > 0 ? (guint)(items[i].key >> (64 - bits)) : 0;
        while (next <= slot)
            index[next++] = position - (items[i].same ? 1 : 0);
        position += !items[i].same;
    }
    while (next <= slots)
        index[next++] = position;
    set_writer_put(writer, SET_PART_INDEXES + order->number, index, (slots + 1) * sizeof(*index));
}

static void write_texts(Tables *tables, SetOrder *order)
{
    guint32 buckets = order->different / SET_FILE_BUCKET + 1;
    g_autofree SetFileBucket *directory = g_new(SetFileBucket, buckets + 1);

    write_values(tables, order, directory, buckets);
    if (order->different > 0)
        set_writer_put(tables->writer, SET_PART_INDEXES + order->number, directory,
                       (buckets + 1) * sizeof(*directory));
}

/* Writes the table, and gives up what was added. */
static void write_table(Tables *tables, SetOrder *order, SetTable *table)
{
    set_order_items(order);
    tables->writer->header.counts[order->number] = order->different;
    if (order->width == 0) {
        write_texts(tables, order);
    } else {
        write_values(tables, order, NULL, 0);
        if (order->different > 0)
            write_index(tables->writer, order);
    }
    clear_table(table);
}

/* While a table of texts is written, the next one is put in order; the others are already. */
static void write_tables(Tables *tables, SetTable *all, SetOrderBytes *bytes, SetSort *sort,
                         const guint32 *numbers)
{
    const SetOrder order = {.numbers = numbers, .seed = tables->writer->header.seed};
    SetOrder texts[2] = {order, order};

    texts[SET_TABLE_DOMAIN % 2].sort = *sort;
    *sort = (SetSort){0};
    set_order_begin(&texts[SET_TABLE_DOMAIN % 2], &all[SET_TABLE_DOMAIN], SET_TABLE_DOMAIN);
    for (guint i = 0; i < SET_TABLE_DOMAIN; i++) {
        SetOrder *taken = set_order_take_bytes(bytes, (SetFileTable)i, numbers);
        write_table(tables, taken, &all[i]);
        set_sort_clear(&taken->sort);
    }
    for (guint i = SET_TABLE_DOMAIN; i < SET_TABLES; i++) {
        set_order_items(&texts[i % 2]);
        if (i + 1 < SET_TABLES)
            set_order_begin(&texts[(i + 1) % 2], &all[i + 1], (SetFileTable)(i + 1));
        write_table(tables, &texts[i % 2], &all[i]);
    }
    set_sort_clear(&texts[0].sort);
    set_sort_clear(&texts[1].sort);
}

static guint32 count_entries(const SetTables *tables)
{
    guint32 count = 0;
    for (guint i = 0; i < SET_TABLES; i++)
        count += tables->tables[i].count;
    return count;
}

void set_tables_write(SetTables *all, SetOrderBytes *bytes, SetWriter *writer, SetSort *sort,
                      const guint32 *numbers, SetTablesEach each, gpointer user)
{
    g_autoptr(SetKeys) keys = set_keys_new(writer->header.seed);
    guint32 count = count_entries(all);
    g_autofree guint32 *first_links = g_new(guint32, (gsize)count + 1);
    g_autofree guint32 *links = g_new(guint32, (gsize)count + 1);
    Tables tables = {
        .writer = writer,
        .keys = keys,
        .first_links = first_links,
        .links = links,
        .each = each,
        .user = user,
    };

    write_tables(&tables, all->tables, bytes, sort, numbers);
    set_keys_write(keys, writer);
    first_links[tables.values] = tables.link_count;
    set_writer_put(writer, SET_PART_FIRST_LINKS, first_links,
                   ((gsize)tables.values + 1) * sizeof(*first_links));
    set_writer_put(writer, SET_PART_LINKS, links, (gsize)tables.link_count * sizeof(*links));
}

gsize set_tables_size(const SetTables *tables)
{
    gsize size = count_entries(tables) * 4 * sizeof(guint32);
    for (guint i = 0; i < SET_TABLES; i++)
        size += tables->tables[i].bytes.length + SET_FILE_TEXT_PAD;
    return size;
}
