#include "shield/set_builder.h"

#include <malloc.h>
#include <sodium.h>
#include <string.h>
#include <yyjson.h>

#include "shield/set_sort.h"
#include "shield/set_tables.h"
#include "shield/suffix.h"

#define ID_PREFIX  "indicator--"

#define CACHE_LINE 64

/* Indicators whose memory is asked for before it is needed. */
#define AHEAD          16

#define INDICATORS_MAX (G_MAXINT32 / CACHE_LINE)

/* Refused domains that are counted, and those that are named in the file. */
#define REFUSED_MAX   100000
#define REFUSED_NAMED 100

#define UUID_TEXT     36

/* An indicator as it will be in the file, with texts in the builder's own pool, in one line of the
 * processor's cache: they are read in no order. `file.spare` has flags until then. */
typedef struct {
    SetFileIndicator file;
    guint64 digest; /* of its values */
} Indicator;

G_STATIC_ASSERT(sizeof(Indicator) == CACHE_LINE);

#define WITHDRAWN  1u
#define HAS_VALUES 2u

/* Indicators that are kept in one piece of memory. */
#define CHUNK_BITS 12
#define CHUNK      (1u << CHUNK_BITS)

struct SetBuilder {
    SetTables tables;
    GPtrArray *chunks;   /* CHUNK of Indicator each */
    guint32 count;       /* of indicators */
    GString *pool;       /* offset 0 is the empty text, "none" */
    GHashTable *sources; /* text -> offset in the pool */
    guint32 source;      /* the one added last */
    guint8 secret[SET_BUILDER_SECRET];
    guint64 secret_seed;
    Suffix *suffix;
    GTree *refused;           /* domains, each once, in order */
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
    builder->chunks = g_ptr_array_new_with_free_func(g_aligned_free);
    builder->pool = g_string_new_len("", 1);
    builder->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    builder->suffix = suffix_new();
    builder->refused = g_tree_new_full(compare_texts, NULL, g_free, NULL);
    builder->notes = g_tree_new_full(compare_texts, NULL, g_free, g_free);
    builder->marks = g_array_new(FALSE, FALSE, sizeof(SetFileMark));
    if (secret)
        memcpy(builder->secret, secret, sizeof(builder->secret));
    else
        randombytes_buf(builder->secret, sizeof(builder->secret));
    memcpy(&builder->secret_seed, builder->secret, sizeof(builder->secret_seed));
    return builder;
}

void set_builder_free(SetBuilder *builder)
{
    if (!builder)
        return;
    set_tables_clear(&builder->tables);
    g_ptr_array_unref(builder->chunks);
    g_string_free(builder->pool, TRUE);
    g_hash_table_unref(builder->sources);
    suffix_free(builder->suffix);
    g_tree_unref(builder->refused);
    g_tree_unref(builder->notes);
    g_array_unref(builder->marks);
    sodium_memzero(builder->secret, sizeof(builder->secret));
    g_free(builder);
}

static Indicator *indicator_at(const SetBuilder *builder, guint32 number)
{
    Indicator *chunk = g_ptr_array_index(builder->chunks, number >> CHUNK_BITS);
    return &chunk[number & (CHUNK - 1)];
}

/* Appends @text and its NUL to @pool. */
static gboolean keep_text(GString *pool, const char *text, gsize length, guint32 *ret_offset,
                          GError **error)
{
    if (pool->len + length + 1 > G_MAXUINT32) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "too many indicators: their texts take more than 4 GiB");
        return FALSE;
    }
    *ret_offset = (guint32)pool->len;
    g_string_append_len(pool, text, (gssize)length);
    g_string_append_c(pool, '\0');
    return TRUE;
}

/* The same for texts that many share. */
static gboolean keep_shared(GString *pool, GHashTable *known, const char *text, guint32 *ret_offset,
                            GError **error)
{
    gpointer offset;
    if (g_hash_table_lookup_extended(known, text, NULL, &offset)) {
        *ret_offset = GPOINTER_TO_UINT(offset);
        return TRUE;
    }
    if (!keep_text(pool, text, strlen(text), ret_offset, error))
        return FALSE;
    g_hash_table_insert(known, g_strdup(text), GUINT_TO_POINTER(*ret_offset));
    return TRUE;
}

/* "indicator--" and a UUID in lower case, as bytes; FALSE for any other text. */
static gboolean pack_id(const char *id, guint8 ret_uuid[16])
{
    guint8 uuid[16];
    char digits[2 * sizeof(uuid)];
    const char *text = id + strlen(ID_PREFIX);

    if (strlen(id) != strlen(ID_PREFIX) + UUID_TEXT ||
        memcmp(id, ID_PREFIX, strlen(ID_PREFIX)) != 0 || text[8] != '-' || text[13] != '-' ||
        text[18] != '-' || text[23] != '-')
        return FALSE;
    memcpy(digits, text, 8);
    memcpy(digits + 8, text + 9, 4);
    memcpy(digits + 12, text + 14, 4);
    memcpy(digits + 16, text + 19, 4);
    memcpy(digits + 20, text + 24, 12);
    if (!set_file_pack_hex(digits, uuid, sizeof(uuid)))
        return FALSE;
    memcpy(ret_uuid, uuid, sizeof(uuid));
    return TRUE;
}

/* What comes from one source mostly comes together. */
static gboolean keep_source(SetBuilder *builder, const char *source, guint32 *ret_offset,
                            GError **error)
{
    if (builder->source == 0 || strcmp(builder->pool->str + builder->source, source) != 0) {
        /* It may be the name of a file. */
        g_autofree char *valid =
            g_utf8_validate(source, -1, NULL) ? NULL : g_utf8_make_valid(source, -1);
        if (!keep_shared(builder->pool, builder->sources, valid ? valid : source, &builder->source,
                         error))
            return FALSE;
    }
    *ret_offset = builder->source;
    return TRUE;
}

gboolean set_builder_add_indicator(SetBuilder *builder, const SetIndicator *given, GError **error)
{
    SetFileIndicator file = {
        .version = given->version,
        .valid_from = given->valid_from,
        .valid_until = given->valid_until,
        .confidence = (gint8)CLAMP(given->confidence, -1, 100),
        .tlp = (guint8)given->tlp,
        .pap = (guint8)given->pap,
        .spare = given->withdrawn ? WITHDRAWN : 0,
    };

    g_return_val_if_fail(!builder->finished, FALSE);
    if (builder->count >= INDICATORS_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "too many indicators");
        return FALSE;
    }
    if (!pack_id(given->id, file.uuid) &&
        !keep_text(builder->pool, given->id,
                   MIN(strlen(given->id), sizeof(((SetValue *)NULL)->id) - 1), &file.id, error))
        return FALSE;
    if (given->name &&
        !keep_text(builder->pool, given->name, strlen(given->name), &file.name, error))
        return FALSE;
    if (!keep_source(builder, given->source, &file.source, error))
        return FALSE;
    if (builder->count % CHUNK == 0)
        g_ptr_array_add(builder->chunks, g_aligned_alloc(CHUNK, sizeof(Indicator), CACHE_LINE));
    *indicator_at(builder, builder->count++) = (Indicator){.file = file};
    return TRUE;
}

void set_builder_use_lists(SetBuilder *builder, const Warninglist *lists)
{
    builder->lists = lists;
}

void set_builder_note(SetBuilder *builder, const char *key, const char *text)
{
    g_tree_replace(builder->notes, g_strdup(key), g_strdup(text));
}

/* The first of them are named; any number of them can be under a rule with "*". */
static void refuse(SetBuilder *builder, const char *domain)
{
    if (g_tree_nnodes(builder->refused) < REFUSED_MAX)
        g_tree_replace(builder->refused, g_strdup(domain), NULL);
}

gboolean set_builder_add_value(SetBuilder *builder, ObservableKind kind, const char *canonical,
                               GError **error)
{
    gsize length = strlen(canonical);
    guint8 bytes[64];

    g_return_val_if_fail(!builder->finished && builder->count > 0, FALSE);
    Indicator *indicator = indicator_at(builder, builder->count - 1);
    if (length == 0 || length > OBSERVABLE_MAX_LENGTH || (indicator->file.spare & WITHDRAWN))
        return TRUE;
    SetFileTable table = set_file_pack(kind, canonical, length, bytes);
    if (table == SET_TABLE_NONE)
        return TRUE;
    if (table == SET_TABLE_DOMAIN && suffix_is_public(builder->suffix, canonical)) {
        refuse(builder, canonical);
        return TRUE;
    }
    indicator->file.spare |= HAS_VALUES;
    /* A sum, so that the order of the values does not count. */
    indicator->digest += set_file_text_key(builder->secret_seed + kind, canonical, length);
    return set_tables_add(&builder->tables, table, bytes, canonical, length, builder->count - 1,
                          error);
}

static const char *pool_text(const SetBuilder *builder, guint32 offset)
{
    return builder->pool->str + offset;
}

static gint compare_ids(const SetBuilder *builder, const Indicator *a, const Indicator *b)
{
    if ((a->file.id != 0) != (b->file.id != 0))
        return a->file.id != 0 ? 1 : -1;
    return a->file.id != 0 ? strcmp(pool_text(builder, a->file.id), pool_text(builder, b->file.id))
                           : memcmp(a->file.uuid, b->file.uuid, sizeof(a->file.uuid));
}

/* Of one id the latest version comes first; of several that are as late a withdrawn one, and else
 * one that does not depend on the order they came in. */
static gint compare_indicators(gconstpointer first, gconstpointer second, gpointer user)
{
    const SetBuilder *builder = user;
    const Indicator *a = indicator_at(builder, ((const SetSortItem *)first)->at);
    const Indicator *b = indicator_at(builder, ((const SetSortItem *)second)->at);
    guint a_withdrawn = a->file.spare & WITHDRAWN, b_withdrawn = b->file.spare & WITHDRAWN;

    gint order = compare_ids(builder, a, b);
    if (order == 0 && a->file.version != b->file.version)
        order = a->file.version > b->file.version ? -1 : 1;
    if (order == 0 && a_withdrawn != b_withdrawn)
        order = a_withdrawn ? -1 : 1;
    if (order == 0)
        order = strcmp(pool_text(builder, a->file.source), pool_text(builder, b->file.source));
    if (order == 0 && a->digest != b->digest)
        order = a->digest < b->digest ? -1 : 1;
    if (order == 0)
        order = strcmp(pool_text(builder, a->file.name), pool_text(builder, b->file.name));
    if (order == 0)
        order = memcmp(&a->file.version, &b->file.version, 3 * sizeof(gint64));
    return order != 0 ? order : memcmp(&a->file.confidence, &b->file.confidence, 3);
}

/* An indicator's part of what the seed is made of: a sum, so that their order does not count. */
static guint64 seed_part(const SetBuilder *builder, const Indicator *indicator)
{
    return key_mix(indicator->digest ^ builder->secret_seed, indicator->digest);
}

/* Puts the indicators in the order of their ids, and adds up their parts of the seed. */
static const SetSortItem *sort_indicators(const SetBuilder *builder, SetSort *sort,
                                          guint64 *ret_parts)
{
    SetSortItem *items = set_sort_begin(sort, builder->count);
    guint64 parts = 0;

    for (guint32 i = 0; i < builder->count; i++) {
        const Indicator *indicator = indicator_at(builder, i);
        items[i] = (SetSortItem){
            .key = indicator->file.id != 0 ? G_MAXUINT64 : set_file_first(indicator->file.uuid, 16),
            .at = i,
            .indicator = indicator->file.spare == HAS_VALUES,
        };
        parts += seed_part(builder, indicator);
    }
    set_sort_run(sort, builder->count, compare_indicators, (gpointer)builder);
    *ret_parts = parts;
    return items;
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

/* The indicators that are in the file, which are not older versions, nor withdrawn ones, nor what
 * has no values. */
typedef struct {
    guint32 *numbers; /* of each indicator in the file, or SET_TABLES_NONE */
    guint32 *kept;    /* the indicators by these numbers */
    guint32 count;
    guint64 seed;
} Kept;

static void clear_kept(Kept *kept)
{
    g_free(kept->numbers);
    g_free(kept->kept);
}

static void keep_indicators(const SetBuilder *builder, SetSort *sort, Kept *ret_kept)
{
    guint64 parts;
    const SetSortItem *items = sort_indicators(builder, sort, &parts);
    guint32 *numbers = g_new(guint32, (gsize)builder->count + 1);
    guint32 *kept = g_new(guint32, (gsize)builder->count + 1), count = 0;

    for (guint32 i = 0; i < builder->count; i++) {
        guint32 at = items[i].at;
        gboolean older = i > 0 && items[i].key == items[i - 1].key &&
                         compare_ids(builder, indicator_at(builder, items[i - 1].at),
                                     indicator_at(builder, at)) == 0;
        if (!older && items[i].indicator) {
            numbers[at] = count;
            kept[count++] = at;
        } else {
            numbers[at] = SET_TABLES_NONE;
            parts -= seed_part(builder, indicator_at(builder, at));
        }
    }
    *ret_kept = (Kept){numbers, kept, count, make_seed(builder, parts, count)};
}

static gboolean keep_again(const SetBuilder *builder, GString *pool, guint32 *offset,
                           GError **error)
{
    const char *text = pool_text(builder, *offset);
    return *offset == 0 || keep_text(pool, text, strlen(text), offset, error);
}

/* The indicators and their texts, in the order of the ids. */
static gboolean write_indicators(const SetBuilder *builder, const Kept *kept, GString *pool,
                                 SetWriter *writer, GError **error)
{
    g_autoptr(GHashTable) sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint32 last = 0, last_source = 0; /* in the builder's pool, in the file's */
    gsize size = kept->count * sizeof(SetFileIndicator);

    set_writer_begin(writer, SET_PART_INDICATORS);
    set_writer_room(writer, size);
    for (guint32 i = 0; i < kept->count; i++) {
        SetFileIndicator *file = (gpointer)set_writer_room(writer, sizeof(*file));
        if (i + AHEAD < kept->count)
            __builtin_prefetch(indicator_at(builder, kept->kept[i + AHEAD]));
        *file = indicator_at(builder, kept->kept[i])->file;
        file->spare = 0;
        if (!keep_again(builder, pool, &file->id, error) ||
            !keep_again(builder, pool, &file->name, error))
            return FALSE;
        if (file->source != last) {
            last = file->source;
            if (!keep_shared(pool, sources, pool_text(builder, last), &last_source, error))
                return FALSE;
        }
        file->source = last_source;
        set_writer_added(writer, sizeof(*file));
    }
    set_writer_end(writer);
    writer->header.indicators = kept->count;
    return TRUE;
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

static gboolean write_lists(const SetBuilder *builder, GString *pool, SetWriter *writer,
                            GError **error)
{
    guint count = builder->lists ? warninglist_count(builder->lists) : 0;
    g_autofree SetFileList *lists = g_new0(SetFileList, count + 1);

    for (guint i = 0; i < count; i++) {
        const char *name = warninglist_name(builder->lists, i);
        const char *version = warninglist_version(builder->lists, i);
        if (!keep_text(pool, name, strlen(name), &lists[i].name, error) ||
            !keep_text(pool, version, strlen(version), &lists[i].version, error))
            return FALSE;
    }
    for (guint i = 0; i < builder->marks->len; i++)
        lists[g_array_index(builder->marks, SetFileMark, i).list].values++;
    set_writer_put(writer, SET_PART_MARKS, builder->marks->data,
                   (gsize)builder->marks->len * sizeof(SetFileMark));
    set_writer_put(writer, SET_PART_LISTS, lists, count * sizeof(*lists));
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
    yyjson_mut_obj_add_str(doc, root, "public_suffixes", suffix_version(builder->suffix));
    g_tree_foreach(builder->notes, add_note, &info);
    yyjson_mut_obj_add_int(doc, root, "refused_count", g_tree_nnodes(builder->refused));
    info.into = yyjson_mut_obj_add_arr(doc, root, "refused");
    g_tree_foreach(builder->refused, add_refused, &info);
    char *text = yyjson_mut_write(doc, 0, &length);
    set_writer_put(writer, SET_PART_INFO, text ? text : "{}", text ? length + 1 : 3);
    free(text);
    yyjson_mut_doc_free(doc);
}

static gboolean write_all(SetBuilder *builder, const Kept *kept, SetWriter *writer, GError **error)
{
    g_autoptr(GString) pool = g_string_new_len("", 1);

    if (!write_indicators(builder, kept, pool, writer, error) ||
        !write_lists(builder, pool, writer, error))
        return FALSE;
    set_writer_put(writer, SET_PART_POOL, pool->str, pool->len);
    write_info(builder, writer);
    return TRUE;
}

/* All that scanning touches, and the links from it. */
static void write_values(SetBuilder *builder, SetWriter *writer, Kept *ret_kept)
{
    g_auto(SetSort) sort = {0};

    keep_indicators(builder, &sort, ret_kept);
    writer->header.seed = ret_kept->seed;
    set_sort_clear(&sort);
    /* So that it need not be moved. */
    set_writer_room(writer, set_tables_size(&builder->tables) +
                                ret_kept->count * sizeof(SetFileIndicator) + builder->pool->len);
    set_tables_write(&builder->tables, writer, ret_kept->numbers,
                     builder->lists ? mark_value : NULL, builder);
    g_clear_pointer(&ret_kept->numbers, g_free);
    /* What sorting took goes back before the larger part of the file comes. */
    malloc_trim(0);
}

GBytes *set_builder_finish(SetBuilder *builder, GError **error)
{
    SetWriter writer;
    Kept kept;
    GBytes *bytes = NULL;

    g_return_val_if_fail(!builder->finished, NULL);
    builder->finished = TRUE;
    set_writer_init(&writer);
    write_values(builder, &writer, &kept);
    if (write_all(builder, &kept, &writer, error))
        bytes = set_writer_finish(&writer);
    clear_kept(&kept);
    set_writer_clear(&writer);
    return bytes;
}

Set *set_builder_open(SetBuilder *builder, GError **error)
{
    g_autoptr(GBytes) bytes = set_builder_finish(builder, error);
    return bytes ? set_open_bytes(bytes, error) : NULL;
}
