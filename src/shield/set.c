#include "shield/set.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shield/set_rows.h"

#define MAP_BYTES (65536 / 8)

static gboolean broken(const char *what, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "not a sound compiled set: %s", what);
    return FALSE;
}

static gboolean check_head(const guint8 *data, gsize length, GError **error)
{
    const SetFileHeader *header = (const SetFileHeader *)(gconstpointer)data;
    guint8 head[SHA256_SIZE];

    if (length < offsetof(SetFileHeader, size) ||
        memcmp(header->magic, SET_FILE_MAGIC, sizeof(header->magic)) != 0) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "not a compiled set");
        return FALSE;
    }
    if (header->byte_order != SET_FILE_BYTE_ORDER)
        return broken("it is for machines of another byte order", error);
    if (header->version > SET_FILE_VERSION) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                    "made by a newer version of Concert (layout %u, this one reads up to %u): "
                    "compile it again here",
                    header->version, SET_FILE_VERSION);
        return FALSE;
    }
    if (header->version < SET_FILE_VERSION) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "made by an older version of Concert (layout %u, this one reads %u): compile "
                    "it again",
                    header->version, SET_FILE_VERSION);
        return FALSE;
    }
    if (length < sizeof(*header) || header->size != length)
        return broken("its length is not what it says; was it cut?", error);
    sha256_digest(header, offsetof(SetFileHeader, head), head);
    if (memcmp(head, header->head, sizeof(head)) != 0)
        return broken("the checksum of its header is wrong", error);
    return TRUE;
}

static gboolean check_places(const SetFileHeader *header, GError **error)
{
    for (guint i = 0; i < SET_PARTS; i++) {
        const SetFilePart *part = &header->parts[i];
        if (part->offset % SET_FILE_ALIGN != 0 || part->offset > header->size ||
            part->length > header->size - part->offset)
            return broken("a part of it lies outside", error);
    }
    if (header->parts[SET_PART_INDICATORS].offset < sizeof(*header))
        return broken("a part of it lies outside", error);
    return TRUE;
}

/* Does the part consist of whole elements, at least @least of them? */
static gboolean is_array(const SetFileHeader *header, guint part, gsize size, guint64 least)
{
    guint64 length = header->parts[part].length;
    return length % size == 0 && length / size >= least;
}

static gboolean ends_in_zero(const guint8 *data, const SetFilePart *part)
{
    return part->length > 0 && data[part->offset + part->length - 1] == 0;
}

static gboolean check_table(const guint8 *data, const SetFileHeader *header, SetFileTable table)
{
    const SetFilePart *values = &header->parts[SET_PART_VALUES + table];
    guint64 index = header->parts[SET_PART_INDEXES + table].length;
    guint64 count = header->counts[table];
    guint width = set_file_widths[table];

    if (count == 0)
        return TRUE;
    if (width == 0)
        return values->length > SET_FILE_TEXT_PAD && values->length <= G_MAXUINT32 &&
               ends_in_zero(data, values) && index % sizeof(SetFileBucket) == 0 &&
               index / sizeof(SetFileBucket) >= 2;
    /* One more than a power of two. */
    guint64 slots = index / sizeof(guint32) - 1;
    return values->length == count * width && index % sizeof(guint32) == 0 && index > 4 &&
           slots <= G_MAXINT32 && (slots & (slots - 1)) == 0;
}

static gboolean check_filters(const guint8 *data, const SetFileHeader *header)
{
    const SetFilePart *lengths = &header->parts[SET_PART_V6_LENGTHS];

    for (guint i = SET_PART_NAME2; i <= SET_PART_URL_HOSTS; i++)
        if (!is_array(header, i, sizeof(guint64), 0) ||
            header->parts[i].length / sizeof(guint64) > G_MAXUINT32)
            return FALSE;
    if (header->parts[SET_PART_LABELS].length != MAP_BYTES ||
        header->parts[SET_PART_V4_NETS].length != MAP_BYTES || lengths->length > 129 ||
        !ends_in_zero(data, lengths))
        return FALSE;
    for (guint i = 0; i < lengths->length; i++)
        if (data[lengths->offset + i] > 128)
            return FALSE;
    return TRUE;
}

static gboolean check_parts(const guint8 *data, const SetFileHeader *header, GError **error)
{
    guint64 values = 0;

    for (guint i = 0; i < SET_TABLES; i++) {
        if (!check_table(data, header, (SetFileTable)i))
            return broken("a table of values is not as long as it says", error);
        values += header->counts[i];
    }
    if (!check_filters(data, header))
        return broken("its filters are not as long as they must be", error);
    if (values >= G_MAXINT32 ||
        header->parts[SET_PART_FIRST_LINKS].length != (values + 1) * sizeof(guint32) ||
        !is_array(header, SET_PART_LINKS, sizeof(guint32), values) ||
        header->parts[SET_PART_LINKS].length / sizeof(guint32) > G_MAXINT32 ||
        header->parts[SET_PART_INDICATORS].length !=
            header->indicators * (guint64)sizeof(SetFileIndicator))
        return broken("its indicators are not as many as it says", error);
    if (!is_array(header, SET_PART_PATTERNS, sizeof(SetFilePattern), 0))
        return broken("its patterns are not as long as they must be", error);
    if (!ends_in_zero(data, &header->parts[SET_PART_POOL]) ||
        !ends_in_zero(data, &header->parts[SET_PART_SHARED]) ||
        !ends_in_zero(data, &header->parts[SET_PART_INFO]))
        return broken("a text of it has no end", error);
    if (!is_array(header, SET_PART_MARKS, sizeof(SetFileMark), 0) ||
        !is_array(header, SET_PART_LISTS, sizeof(SetFileList), 0) ||
        header->parts[SET_PART_MARKS].length / sizeof(SetFileMark) > G_MAXUINT32 ||
        header->parts[SET_PART_LISTS].length / sizeof(SetFileList) > SET_MAX_LISTS)
        return broken("its lists are not as long as they must be", error);
    return TRUE;
}

static Filter get_filter(const Set *set, guint part)
{
    gsize length;
    const guint64 *words = set_rows_part(set, part, &length);
    return (Filter){.words = words, .count = (guint32)(length / sizeof(guint64))};
}

static void prepare(Set *set)
{
    set->filters = (Filters){
        .seed = set->header->seed,
        .name2 = get_filter(set, SET_PART_NAME2),
        .name3 = get_filter(set, SET_PART_NAME3),
        .labels = set_rows_part(set, SET_PART_LABELS, NULL),
        .v4 = get_filter(set, SET_PART_V4),
        .v4_nets = set_rows_part(set, SET_PART_V4_NETS, NULL),
        .v4_near = get_filter(set, SET_PART_V4_NEAR),
        .v6 = get_filter(set, SET_PART_V6),
        .v6_lengths = set_rows_part(set, SET_PART_V6_LENGTHS, NULL),
        .digest = get_filter(set, SET_PART_DIGEST),
        .ja4 = get_filter(set, SET_PART_JA4),
    };
    set->url_hosts = get_filter(set, SET_PART_URL_HOSTS);
    for (guint i = 0; i < SET_TABLES; i++)
        set->first_values[i + 1] = set->first_values[i] + set->header->counts[i];
    set->links = (guint32)(set->header->parts[SET_PART_LINKS].length / sizeof(guint32));
    for (guint i = 0; i < G_N_ELEMENTS(set->nets6); i++) {
        guint8 prefix = (guint8)i;
        set->nets6[i] = set_rows_not_less(set, SET_TABLE_NET6, &prefix, 1, 0,
                                          set->header->counts[SET_TABLE_NET6]);
        if (i < G_N_ELEMENTS(set->nets4))
            set->nets4[i] = set_rows_not_less(set, SET_TABLE_NET4, &prefix, 1, 0,
                                              set->header->counts[SET_TABLE_NET4]);
    }
    for (guint i = 0; i < 32; i++)
        set->lengths4 |= (guint32)(set->nets4[i] < set->nets4[i + 1]) << i;
}

Set *set_open_bytes(GBytes *bytes, GError **error)
{
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    const SetFileHeader *header = (const SetFileHeader *)(gconstpointer)data;

    g_return_val_if_fail(GPOINTER_TO_SIZE(data) % sizeof(guint64) == 0, NULL);
    if (!check_head(data, length, error) || !check_places(header, error) ||
        !check_parts(data, header, error))
        return NULL;
    Set *set = g_new0(Set, 1);
    set->bytes = g_bytes_ref(bytes);
    set->data = data;
    set->header = header;
    set->texts = set_texts_new();
    prepare(set);
    return set;
}

typedef struct {
    void *start;
    gsize length;
} Mapping;

static void unmap(gpointer pointer)
{
    Mapping *mapping = pointer;
    munmap(mapping->start, mapping->length);
    g_free(mapping);
}

static GBytes *map_file(int fd, const char *path, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) < 0) {
        error_from_errno(error, errno, "cannot open %s", path);
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not a compiled set", path);
        return NULL;
    }
    gsize length = (gsize)status.st_size;
    void *start = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
    if (start == MAP_FAILED) {
        error_from_errno(error, errno, "cannot map %s", path);
        return NULL;
    }
    Mapping *mapping = g_new(Mapping, 1);
    *mapping = (Mapping){start, length};
    return g_bytes_new_with_free_func(start, length, unmap, mapping);
}

Set *set_open(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        error_from_errno(error, errno, "cannot open %s", path);
        return NULL;
    }
    g_autoptr(GBytes) bytes = map_file(fd, path, error);
    Set *set = bytes ? set_open_bytes(bytes, error) : NULL;
    if (!set) {
        close(fd);
        if (bytes)
            g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    set->path = g_strdup(path);
    set->side = set_side_new(fd, set->header);
    return set;
}

gboolean set_failed(const Set *set, GError **error)
{
    if (!set->side || !set_side_failed(set->side, error))
        return FALSE;
    g_prefix_error(error, "%s: ", set->path);
    return TRUE;
}

/* The SHA-256 of what lies between two places. */
static gboolean digest(const Set *set, guint64 start, guint64 end, guint8 ret_digest[SHA256_SIZE],
                       GError **error)
{
    if (!set->side) {
        sha256_digest(set->data + start, end - start, ret_digest);
    } else if (!set_side_digest(set->side, start, end, ret_digest, error)) {
        g_prefix_error(error, "%s: ", set->path);
        return FALSE;
    }
    return TRUE;
}

gboolean set_check(const Set *set, GError **error)
{
    const SetFileHeader *header = set->header;
    guint64 start = header->parts[SET_PART_INDICATORS].offset;
    guint8 body[SHA256_SIZE], side[SHA256_SIZE];

    if (!digest(set, sizeof(*header), start, body, error) ||
        !digest(set, start, header->size, side, error))
        return FALSE;
    if (memcmp(body, header->body, sizeof(body)) == 0 &&
        memcmp(side, header->side, sizeof(side)) == 0)
        return TRUE;
    if (set->path)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "%s: not a sound compiled set: its checksum is wrong", set->path);
    else
        broken("its checksum is wrong", error);
    return FALSE;
}

void set_free(Set *set)
{
    if (!set)
        return;
    set_side_free(set->side);
    set_texts_free(set->texts);
    g_bytes_unref(set->bytes);
    g_free(set->path);
    g_free(set);
}

const Filters *set_filters(const Set *set)
{
    return &set->filters;
}

guint64 set_count_values(const Set *set)
{
    return set->links;
}

guint64 set_count_indicators(const Set *set)
{
    return set->header->indicators;
}

guint64 set_count_patterns(const Set *set)
{
    return set->header->parts[SET_PART_PATTERNS].length / sizeof(SetFilePattern);
}

gsize set_scanned_size(const Set *set)
{
    return set->header->parts[SET_PART_FIRST_LINKS].offset;
}

gboolean set_has(const Set *set, ObservableKind kind)
{
    for (guint i = 0; i < SET_TABLES; i++)
        if (set_file_kinds[i] == kind && set->header->counts[i] > 0)
            return TRUE;
    return FALSE;
}

gboolean set_has_one_label_urls(const Set *set)
{
    return (set->header->flags & SET_FILE_ONE_LABEL_URLS) != 0;
}

gsize set_longest_url(const Set *set)
{
    return MIN(set->header->longest_url, OBSERVABLE_MAX_LENGTH);
}
