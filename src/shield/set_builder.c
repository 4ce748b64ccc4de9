#include "shield/set_builder.h"

#include <sodium.h>
#include <string.h>
#include <yyjson.h>

#include "shield/set_ahead.h"
#include "shield/set_indicators.h"
#include "shield/set_order.h"
#include "shield/set_records.h"
#include "shield/set_values.h"

/* Refused domains that are named in the file. */
#define REFUSED_NAMED 100

struct SetBuilder {
    SetIndicators indicators;
    SetValues *values;
    guint8 secret[SET_BUILDER_SECRET];
    GTree *notes;             /* key -> text */
    const Warninglist *lists; /* NULL: none */
    GArray *marks;            /* SetFileMark */
    guint32 next_value;
    gboolean finished;
};

static gint compare_texts(gconstpointer a, gconstpointer b, gpointer user)
{
    return strcmp(a, b);
}

SetBuilder *set_builder_new(const guint8 secret[SET_BUILDER_SECRET])
{
    SetBuilder *builder = g_new0(SetBuilder, 1);
    guint64 seed;

    builder->notes = g_tree_new_full(compare_texts, NULL, g_free, g_free);
    builder->marks = g_array_new(FALSE, FALSE, sizeof(SetFileMark));
    if (secret)
        memcpy(builder->secret, secret, sizeof(builder->secret));
    else
        randombytes_buf(builder->secret, sizeof(builder->secret));
    memcpy(&seed, builder->secret, sizeof(seed));
    set_indicators_init(&builder->indicators);
    builder->values = set_values_new(seed);
    return builder;
}

void set_builder_free(SetBuilder *builder)
{
    if (!builder)
        return;
    set_values_free(builder->values);
    set_indicators_clear(&builder->indicators);
    g_tree_unref(builder->notes);
    g_array_unref(builder->marks);
    sodium_memzero(builder->secret, sizeof(builder->secret));
    g_free(builder);
}

gboolean set_builder_add_indicator(SetBuilder *builder, const SetIndicator *given, GError **error)
{
    g_return_val_if_fail(!builder->finished, FALSE);
    return set_indicators_add(&builder->indicators, given, NULL, error);
}

gboolean set_builder_add_made(SetBuilder *builder, const SetIndicator *given,
                              const guint8 space[16], GError **error)
{
    g_return_val_if_fail(!builder->finished, FALSE);
    return set_indicators_add(&builder->indicators, given, space, error);
}

void set_builder_use_lists(SetBuilder *builder, const Warninglist *lists)
{
    builder->lists = lists;
}

void set_builder_note(SetBuilder *builder, const char *key, const char *text)
{
    g_tree_replace(builder->notes, g_strdup(key), g_strdup(text));
}

gboolean set_builder_add_value(SetBuilder *builder, ObservableKind kind, const char *canonical,
                               GError **error)
{
    gsize length = strlen(canonical);

    g_return_val_if_fail(!builder->finished && builder->indicators.count > 0, FALSE);
    if (length == 0 || length > OBSERVABLE_MAX_LENGTH ||
        !set_indicators_want_values(&builder->indicators))
        return TRUE;
    return set_values_add(builder->values, builder->indicators.count - 1, kind, canonical, length,
                          error);
}

/* The seed of this content under this secret. */
static guint64 make_seed(const SetBuilder *builder, guint64 parts, guint64 count)
{
    const guint64 content[2] = {parts, count};
    guint64 seed;
    guint8 hash[crypto_generichash_BYTES];

    crypto_generichash(hash, sizeof(hash), (const guint8 *)content, sizeof(content),
                       builder->secret, sizeof(builder->secret));
    memcpy(&seed, hash, sizeof(seed));
    return seed;
}

/* Marks a value that is being written. */
static void mark_value(gpointer user, SetFileTable table, const guint8 *bytes, gsize length)
{
    SetBuilder *builder = user;
    char buffer[2 * 64 + 1];
    guint16 lists[WARNINGLIST_MAX];
    const char *text = (const char *)bytes;
    SetFileMark mark = {.value = builder->next_value++};

    if (set_file_widths[table] > 0) {
        set_file_unpack(table, bytes, buffer);
        text = buffer;
        length = strlen(buffer);
    }
    guint count = warninglist_match(builder->lists, (ObservableKind)set_file_kinds[table], text,
                                    length, lists);
    for (guint i = 0; i < count; i++) {
        mark.list = lists[i];
        g_array_append_val(builder->marks, mark);
    }
}

static gboolean keep_text(GString *shared, const char *text, guint32 *ret_offset, GError **error)
{
    if (shared->len + strlen(text) + 1 > G_MAXUINT32)
        return error_set(error, CONCERT_ERROR_LIMIT, "too many lists");
    *ret_offset = (guint32)shared->len;
    g_string_append_len(shared, text, (gssize)strlen(text) + 1);
    return TRUE;
}

static gboolean write_lists(const SetBuilder *builder, GString *shared, SetWriter *writer,
                            GError **error)
{
    guint count = builder->lists ? warninglist_count(builder->lists) : 0;
    g_autofree SetFileList *lists = g_new0(SetFileList, count + 1);

    for (guint i = 0; i < count; i++)
        if (!keep_text(shared, warninglist_name(builder->lists, i), &lists[i].name, error) ||
            !keep_text(shared, warninglist_version(builder->lists, i), &lists[i].version, error))
            return FALSE;
    for (guint i = 0; i < builder->marks->len; i++)
        lists[g_array_index(builder->marks, SetFileMark, i).list].values++;
    set_writer_put(writer, SET_PART_MARKS, builder->marks->data,
                   (gsize)builder->marks->len * sizeof(SetFileMark));
    set_writer_put(writer, SET_PART_LISTS, lists, count * sizeof(*lists));
    set_writer_put(writer, SET_PART_SHARED, shared->str, shared->len);
    return TRUE;
}

typedef struct {
    yyjson_mut_doc *doc;
    yyjson_mut_val *into;
    guint left;
} Info;

static gboolean add_refused(gpointer domain, gpointer value, gpointer user)
{
    Info *info = user;
    yyjson_mut_arr_add_str(info->doc, info->into, domain);
    return --info->left == 0;
}

static gboolean add_note(gpointer key, gpointer text, gpointer user)
{
    Info *info = user;
    yyjson_mut_obj_add_str(info->doc, info->into, key, text);
    return FALSE;
}

static void write_info(const SetBuilder *builder, SetWriter *writer)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    Info info = {doc, root, REFUSED_NAMED};
    gsize length;

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "public_suffixes", suffix_version(builder->values->suffix));
    g_tree_foreach(builder->notes, add_note, &info);
    yyjson_mut_obj_add_int(doc, root, "refused_count", g_tree_nnodes(builder->values->refused));
    info.into = yyjson_mut_obj_add_arr(doc, root, "refused");
    g_tree_foreach(builder->values->refused, add_refused, &info);
    char *text = yyjson_mut_write(doc, 0, &length);
    set_writer_put(writer, SET_PART_INFO, text ? text : "{}", text ? length + 1 : 3);
    free(text);
    yyjson_mut_doc_free(doc);
}

/* What is made on a thread of its own: the larger part of the file. */
typedef struct {
    SetIndicators *all;
    SetIndicatorsKept kept;
    SetRecordsSide side;
    GThread *thread;
} Side;

static gpointer write_side(gpointer user)
{
    Side *side = user;
    set_records_write(side->all, &side->kept, &side->side);
    return NULL;
}

/* All that scanning touches, and what hits lead to. */
static gboolean write_parts(SetBuilder *builder, const SetIndicatorsKept *kept,
                            SetOrderBytes *bytes, SetSort *sort, SetWriter *writer, GError **error)
{
    /* So that it need not be moved. */
    set_writer_room(writer, set_tables_size(&builder->values->tables));
    set_tables_write(&builder->values->tables, bytes, writer, sort, kept->numbers,
                     builder->lists ? mark_value : NULL, builder);
    if (!write_lists(builder, kept->shared, writer, error))
        return FALSE;
    write_info(builder, writer);
    return TRUE;
}

static GBytes *join(const Side *side, SetWriter *writer, SetRegion *region)
{
    SetFileHeader *header = &writer->header;
    gsize start = set_writer_end_parts(writer);
    SetFilePart *indicators = &header->parts[SET_PART_INDICATORS];
    SetFilePart *pool = &header->parts[SET_PART_POOL];
    SetFilePart *patterns = &header->parts[SET_PART_PATTERNS];

    *indicators = side->side.indicators;
    *pool = side->side.pool;
    *patterns = side->side.patterns;
    indicators->offset += start;
    pool->offset += start;
    patterns->offset += start;
    header->indicators = side->kept.count;
    memcpy(header->side, side->side.digest, sizeof(header->side));
    return set_writer_finish(writer, region);
}

GBytes *set_builder_finish(SetBuilder *builder, GError **error)
{
    SetWriter writer;
    SetValues *values = builder->values;
    Side side = {.all = &builder->indicators};
    g_auto(SetSort) sort = {0};
    g_auto(SetOrderBytes) order = {0};
    GBytes *bytes = NULL;

    g_return_val_if_fail(!builder->finished, NULL);
    builder->finished = TRUE;
    if (!set_indicators_end(&builder->indicators, error) ||
        !set_values_end(values, builder->indicators.count, error))
        return NULL;
    set_order_begin_bytes(&order, &values->tables);
    set_writer_init(&writer);
    set_indicators_add_patterns(&builder->indicators, &values->of);
    set_indicators_keep(&builder->indicators, &values->of, &sort, &side.kept);
    set_indicators_clear_values(&values->of);
    writer.header.seed = make_seed(builder, side.kept.parts, side.kept.count);
    side.thread = set_ahead_start(write_side, &side);
    gboolean good = write_parts(builder, &side.kept, &order, &sort, &writer, error);
    set_ahead_end(&side.thread);
    if (good)
        bytes = join(&side, &writer, &side.side.region);
    set_region_clear(&side.side.region);
    set_indicators_clear_kept(&side.kept);
    set_writer_clear(&writer);
    return bytes;
}

Set *set_builder_open(SetBuilder *builder, GError **error)
{
    g_autoptr(GBytes) bytes = set_builder_finish(builder, error);
    return bytes ? set_open_bytes(bytes, error) : NULL;
}
