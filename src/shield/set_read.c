#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shield/hit_port.h"
#include "shield/set_rows.h"

/* Whoever keeps patterns keeps their sources: longer ones are not from the builder. */
#define SOURCE_MAX 4096

/* A text of a part of texts; NULL for the empty one and for what is none. What is not UTF-8 is not
 * from the builder. */
static const char *text_of(const Set *set, SetFilePartName part, guint32 offset)
{
    gsize left;
    const char *text = offset > 0 ? set_rows_text(set, part, offset, &left) : NULL;
    return text && g_utf8_validate(text, -1, NULL) ? text : NULL;
}

static void unpack_id(const guint8 uuid[16], char *id)
{
    static const char digits[] = "0123456789abcdef";
    char *p = g_stpcpy(id, "indicator--");
    for (guint i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[uuid[i] >> 4];
        *p++ = digits[uuid[i] & 15];
    }
    *p = '\0';
}

/* The number of the value that the link @entry is of. */
static guint32 value_of(const Set *set, SetEntry entry)
{
    const guint32 *first_links = set_rows_part(set, SET_PART_FIRST_LINKS, NULL);
    guint32 values = set->first_values[SET_TABLES];
    /* Every value before it has a link, and those that have more have the rest between them. */
    guint32 more = set->links - MIN(values, set->links);
    guint32 low = entry > more ? MIN(entry - more, values) : 0, high = MIN(entry + 1, values);

    /* The last value whose links do not begin behind it. */
    while (high - low > 1) {
        guint32 middle = low + (high - low) / 2;
        if (first_links[middle] <= entry)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The text at @position of a table of texts. */
static const char *text_at(const Set *set, SetFileTable table, guint32 position)
{
    gsize size, left;
    const SetFileBucket *directory = set_rows_part(set, SET_PART_INDEXES + table, &size);
    guint32 low = 0, high = (guint32)(size / sizeof(*directory) - 1);

    while (high - low > 1) {
        guint32 middle = low + (high - low) / 2;
        if (directory[middle].first <= position)
            low = middle;
        else
            high = middle;
    }
    const char *text = set_rows_text(set, SET_PART_VALUES + table, directory[low].offset, &left);
    for (guint32 at = directory[low].first; text && at < position; at++) {
        gsize length = strlen(text) + 1;
        left -= length;
        text = left > 0 ? text + length : NULL;
    }
    return text ? text : "";
}

static void copy_text(char value[OBSERVABLE_MAX_LENGTH + 1], const char *text)
{
    g_strlcpy(value, g_utf8_validate(text, -1, NULL) ? text : "", OBSERVABLE_MAX_LENGTH + 1);
}

/* The table that a value is in, and where in it. */
static SetFileTable place_of(const Set *set, guint32 value, guint32 *ret_position)
{
    SetFileTable table = SET_TABLE_IPV4;
    while (table + 1 < SET_TABLES && value >= set->first_values[table + 1])
        table++;
    *ret_position = value - set->first_values[table];
    return table;
}

static void read_value(const Set *set, guint32 value, SetValue *ret_value)
{
    guint32 position;
    SetFileTable table = place_of(set, value, &position);
    guint width = set_file_widths[table];
    const guint8 *values = set_rows_part(set, SET_PART_VALUES + table, NULL);

    ret_value->kind = (ObservableKind)set_file_kinds[table];
    ret_value->value[0] = '\0';
    if (position >= set->header->counts[table])
        return;
    if (width > 0)
        set_file_unpack(table, values + (gsize)position * width, ret_value->value);
    else
        copy_text(ret_value->value, text_at(set, table, position));
}

int set_compare(const Set *set, SetEntry a, SetEntry b)
{
    guint32 first = value_of(set, a), second = value_of(set, b), first_position, second_position;
    SetFileTable table = place_of(set, first, &first_position);

    if (table == place_of(set, second, &second_position) && set_file_widths[table] == 0)
        return strcmp(text_at(set, table, first_position), text_at(set, table, second_position));
    return first < second ? -1 : first > second;
}

static void tell_indicator(const Set *set, const SetFileIndicator *file, const char *id,
                           const char *name, SetValue *ret_value)
{
    const char *source = text_of(set, SET_PART_SHARED, file->source);

    if (id)
        g_strlcpy(ret_value->id, id, sizeof(ret_value->id));
    else
        unpack_id(file->uuid, ret_value->id);
    ret_value->source = source ? source : "";
    ret_value->name = hit_port_split(name, &ret_value->port);
    ret_value->kept = NULL;
    ret_value->confidence = CLAMP(file->confidence, -1, 100);
    ret_value->tlp = file->tlp <= MARKING_TLP_RED ? (MarkingTlp)file->tlp : MARKING_TLP_RED;
    ret_value->pap = file->pap <= MARKING_PAP_RED ? (MarkingPap)file->pap : MARKING_PAP_RED;
    ret_value->version = file->version;
    ret_value->valid_from = file->valid_from;
    ret_value->valid_until = file->valid_until;
}

static guint32 indicator_of(const Set *set, SetEntry entry)
{
    const guint32 *links = set_rows_part(set, SET_PART_LINKS, NULL);
    return links[entry] & ~SET_FILE_LINK_MORE;
}

/* What is known of an indicator, where it lies in memory or is mapped. */
static void view_number(const Set *set, guint32 number, SetValue *ret_value)
{
    static const SetFileIndicator unknown = {.confidence = -1};
    const SetFileIndicator *indicators = set_rows_part(set, SET_PART_INDICATORS, NULL);
    const SetFileIndicator *file =
        number < set->header->indicators ? &indicators[number] : &unknown;

    tell_indicator(set, file, text_of(set, SET_PART_POOL, file->id),
                   text_of(set, SET_PART_POOL, file->name), ret_value);
}

/* The same of the entry's. */
static void view_indicator(const Set *set, SetEntry entry, SetValue *ret_value)
{
    view_number(set, indicator_of(set, entry), ret_value);
    ret_value->entry = entry;
}

/* The same, without touching it there. */
static gboolean read_indicator(const Set *set, SetEntry entry, SetValue *ret_value)
{
    g_auto(SetSideRecord) record = {0};
    guint32 number = indicator_of(set, entry);

    if (!set->side || number >= set->header->indicators) {
        view_indicator(set, entry, ret_value);
        return TRUE;
    }
    if (!set_side_read(set->side, number, &record))
        return FALSE;
    tell_indicator(set, &record.file, record.id, record.name, ret_value);
    ret_value->entry = entry;
    ret_value->kept = g_steal_pointer(&record.name);
    return TRUE;
}

/* The marks of a value: where the first is, if it is one of its. */
static guint32 first_mark(const Set *set, guint32 value, guint32 *ret_count)
{
    gsize length;
    const SetFileMark *marks = set_rows_part(set, SET_PART_MARKS, &length);
    guint32 low = 0, high = (guint32)(length / sizeof(*marks));

    *ret_count = high;
    while (low < high) {
        guint32 middle = low + (high - low) / 2;
        if (marks[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static guint find_lists(const Set *set, guint32 value, guint16 *ret_lists, guint most)
{
    const SetFileMark *marks = set_rows_part(set, SET_PART_MARKS, NULL);
    guint32 count;
    guint found = 0;

    for (guint32 i = first_mark(set, value, &count);
         i < count && marks[i].value == value && found < most; i++)
        if (marks[i].list < set_count_lists(set))
            ret_lists[found++] = (guint16)marks[i].list;
    return found;
}

static void read_lists(const Set *set, guint32 value, SetValue *ret_value)
{
    guint16 lists[SET_VALUE_LISTS];
    SetList list;
    guint count = find_lists(set, value, lists, SET_VALUE_LISTS);

    for (guint i = 0; i < count; i++) {
        set_read_list(set, lists[i], &list);
        ret_value->lists[i] = list.name;
    }
    ret_value->lists[count] = NULL;
}

gboolean set_read(const Set *set, SetEntry entry, SetValue *ret_value)
{
    guint32 value = value_of(set, entry);

    if (!read_indicator(set, entry, ret_value))
        return FALSE;
    read_value(set, value, ret_value);
    read_lists(set, value, ret_value);
    return TRUE;
}

void set_value_clear(SetValue *value)
{
    g_clear_pointer(&value->kept, g_free);
}

/* Tells all entries of one value. */
static gboolean each_entry(const Set *set, guint32 value, SetValue *buffer, SetEach each,
                           gpointer user)
{
    const guint32 *first_links = set_rows_part(set, SET_PART_FIRST_LINKS, NULL);
    guint32 end = MIN(first_links[value + 1], set->links);

    read_lists(set, value, buffer);
    for (guint32 entry = first_links[value]; entry < end; entry++) {
        view_indicator(set, entry, buffer);
        if (!each(user, entry, buffer))
            return FALSE;
    }
    return TRUE;
}

typedef struct {
    const char *text;
    guint32 value;
} Text;

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Text *)a)->text, ((const Text *)b)->text);
}

/* Texts lie in the order of keys, which are different on every node. */
static gboolean each_text(const Set *set, SetFileTable table, SetValue *buffer, SetEach each,
                          gpointer user)
{
    g_autoptr(GArray) texts = g_array_new(FALSE, FALSE, sizeof(Text));
    gsize left = 0;
    const char *at = set_rows_text(set, SET_PART_VALUES + table, SET_FILE_TEXT_PAD, &left);

    for (guint32 i = 0; i < set->header->counts[table] && at && left > 0; i++) {
        Text text = {at, set->first_values[table] + i};
        gsize length = strlen(at) + 1;
        g_array_append_val(texts, text);
        at += length;
        left -= length;
    }
    g_array_sort(texts, compare_texts);
    for (guint i = 0; i < texts->len; i++) {
        const Text *text = &g_array_index(texts, Text, i);
        copy_text(buffer->value, text->text);
        if (!each_entry(set, text->value, buffer, each, user))
            return FALSE;
    }
    return TRUE;
}

static gboolean each_value(const Set *set, SetEach each, gpointer user)
{
    g_autofree SetValue *buffer = g_new0(SetValue, 1);

    for (guint table = 0; table < SET_TABLES; table++) {
        const guint8 *values = set_rows_part(set, SET_PART_VALUES + table, NULL);
        guint width = set_file_widths[table];
        buffer->kind = (ObservableKind)set_file_kinds[table];
        if (width == 0 && !each_text(set, (SetFileTable)table, buffer, each, user))
            return FALSE;
        for (guint32 i = 0; width > 0 && i < set->header->counts[table]; i++) {
            set_file_unpack((SetFileTable)table, values + (gsize)i * width, buffer->value);
            if (!each_entry(set, set->first_values[table] + i, buffer, each, user))
                return FALSE;
        }
    }
    return TRUE;
}

/* Most of the file was looked at, and nothing of it will be soon. */
static void let_go(const Set *set)
{
    gsize start = set->header->parts[SET_PART_INDICATORS].offset;
    gsize page = (gsize)sysconf(_SC_PAGESIZE);
    start += -start % page;
    if (set->side && start < set->header->size)
        madvise((guint8 *)set->data + start, set->header->size - start, MADV_DONTNEED);
}

gboolean set_each(const Set *set, SetEach each, gpointer user)
{
    gboolean all = each_value(set, each, user);
    let_go(set);
    return all;
}

/* Patterns being shown. */
typedef struct {
    SetEachPattern each;
    gpointer user;
    SetValue buffer;
    const char *names; /* the end of the last name */
} Showing;

/* The name in the buffer, unless it is, or is a part of, one that was shown. */
static const char *take_name(Showing *showing)
{
    const char *name = showing->buffer.name;
    if (!name || name < showing->names)
        return NULL;
    showing->names = name + strlen(name) + 1;
    return name;
}

static gboolean show_pattern(const Set *set, const SetFilePattern *file, const char *text,
                             Showing *showing)
{
    SetValue *buffer = &showing->buffer;
    view_number(set, file->indicator & ~SET_FILE_PATTERN_20, buffer);
    gboolean short_source = strnlen(buffer->source, SOURCE_MAX + 1) <= SOURCE_MAX;
    const SetIndicator indicator = {
        .id = buffer->id,
        .source = short_source ? buffer->source : "",
        .name = take_name(showing),
        .version = buffer->version,
        .confidence = buffer->confidence,
        .tlp = buffer->tlp,
        .pap = buffer->pap,
        .valid_from = buffer->valid_from,
        .valid_until = buffer->valid_until,
        .pattern = text,
        .pattern_20 = (file->indicator & SET_FILE_PATTERN_20) != 0,
    };
    return showing->each(showing->user, &indicator);
}

/* Each indicator has one pattern and no text is a part of another, so that a small file by hand
 * cannot make much of it: the first that is not as the builder writes it ends them. */
static gboolean each_pattern(const Set *set, SetEachPattern each, gpointer user)
{
    g_autofree Showing *showing = g_new0(Showing, 1);
    gsize length, left = 0;
    const SetFilePattern *files = set_rows_part(set, SET_PART_PATTERNS, &length);
    guint64 end = 1, next = 0;

    showing->each = each;
    showing->user = user;
    for (gsize i = 0; i < length / sizeof(*files); i++) {
        guint32 number = files[i].indicator & ~SET_FILE_PATTERN_20;
        const char *start = set_rows_text(set, SET_PART_POOL, files[i].text, &left);
        if (number < next || number >= set->header->indicators || files[i].text < end || !start)
            return TRUE;
        next = (guint64)number + 1;
        end = files[i].text + (guint64)strlen(start) + 1;
        const char *text = text_of(set, SET_PART_POOL, files[i].text);
        if (text && !show_pattern(set, &files[i], text, showing))
            return FALSE;
    }
    return TRUE;
}

gboolean set_each_pattern(const Set *set, SetEachPattern each, gpointer user)
{
    gboolean all = each_pattern(set, each, user);
    let_go(set);
    return all;
}

const char *set_info(const Set *set, gsize *ret_length)
{
    const char *info = set_rows_part(set, SET_PART_INFO, ret_length);
    (*ret_length)--; /* its NUL */
    return info;
}

guint set_count_lists(const Set *set)
{
    return (guint)(set->header->parts[SET_PART_LISTS].length / sizeof(SetFileList));
}

void set_read_list(const Set *set, guint list, SetList *ret_list)
{
    const SetFileList *lists = set_rows_part(set, SET_PART_LISTS, NULL);
    const char *name = text_of(set, SET_PART_SHARED, lists[list].name);
    const char *version = text_of(set, SET_PART_SHARED, lists[list].version);

    *ret_list = (SetList){
        .name = name ? name : "",
        .version = version ? version : "",
        .values = lists[list].values,
    };
}

guint set_marks(const Set *set, SetEntry entry, guint16 ret_lists[SET_MAX_LISTS])
{
    return find_lists(set, value_of(set, entry), ret_lists, SET_MAX_LISTS);
}
