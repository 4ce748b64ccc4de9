#include "shield/set_builder.h"

#include <sodium.h>
#include <string.h>
#include <yyjson.h>

#include "shield/set_sort.h"
#include "shield/set_tables.h"
#include "shield/suffix.h"

#define ID_PREFIX "indicator--"
/* Indicators whose memory is asked for before it is needed. */
#define AHEAD 16

/* Refused domains that are counted, and those that are named in the file. */
#define REFUSED_MAX   100000
#define REFUSED_NAMED 100

#define UUID_TEXT     36

/* An indicator as it will be in the file, with texts in the builder's own pool. */
typedef struct {
    SetFileIndicator file;
    guint64 digest; /* of its values */
    gboolean withdrawn;
    gboolean has_values;
} Indicator;

struct SetBuilder {
    SetTables tables;
    GArray *indicators;  /* Indicator */
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
    builder->indicators = g_array_new(FALSE, TRUE, sizeof(Indicator));
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
    g_array_unref(builder->indicators);
    g_string_free(builder->pool, TRUE);
    g_hash_table_unref(builder->sources);
    suffix_free(builder->suffix);
    g_tree_unref(builder->refused);
    g_tree_unref(builder->notes);
    g_array_unref(builder->marks);
    sodium_memzero(builder->secret, sizeof(builder->secret));
    g_free(builder);
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

    if (!g_str_has_prefix(id, ID_PREFIX) || strlen(text) != UUID_TEXT || text[8] != '-' ||
        text[13] != '-' || text[18] != '-' || text[23] != '-')
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
    Indicator indicator = {
        .file = {.version = given->version,
                 .valid_from = given->valid_from,
                 .valid_until = given->valid_until,
                 .confidence = (gint8)CLAMP(given->confidence, -1, 100),
                 .tlp = (guint8)given->tlp,
                 .pap = (guint8)given->pap},
        .withdrawn = given->withdrawn,
    };
    SetFileIndicator *file = &indicator.file;

    g_return_val_if_fail(!builder->finished, FALSE);
    if (builder->indicators->len >= G_MAXINT32 / sizeof(Indicator)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "too many indicators");
        return FALSE;
    }
    if (!pack_id(given->id, file->uuid) &&
        !keep_text(builder->pool, given->id,
                   MIN(strlen(given->id), sizeof(((SetValue *)NULL)->id) - 1), &file->id, error))
        return FALSE;
    if (given->name &&
        !keep_text(builder->pool, given->name, strlen(given->name), &file->name, error))
        return FALSE;
    if (!keep_source(builder, given->source, &file->source, error))
        return FALSE;
    g_array_append_val(builder->indicators, indicator);
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
    guint number = builder->indicators->len - 1;
    guint8 bytes[64];

    g_return_val_if_fail(!builder->finished && builder->indicators->len > 0, FALSE);
    Indicator *indicator = &g_array_index(builder->indicators, Indicator, number);
    if (length == 0 || length > OBSERVABLE_MAX_LENGTH || indicator->withdrawn)
        return TRUE;
    SetFileTable table = set_file_pack(kind, canonical, length, bytes);
    if (table == SET_TABLE_NONE)
        return TRUE;
    if (table == SET_TABLE_DOMAIN && suffix_is_public(builder->suffix, canonical)) {
        refuse(builder, canonical);
        return TRUE;
    }
    indicator->has_values = TRUE;
    /* A sum, so that the order of the values does not count. */
    indicator->digest += set_file_text_key(builder->secret_seed + kind, canonical, length);
    return set_tables_add(&builder->tables, table, bytes, canonical, length, number, error);
}

static const Indicator *indicator_at(const SetBuilder *builder, guint32 number)
{
    return &g_array_index(builder->indicators, Indicator, number);
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
    const Indicator *a = indicator_at(builder, ((const SetSortItem *)first)->entry);
    const Indicator *b = indicator_at(builder, ((const SetSortItem *)second)->entry);

    gint order = compare_ids(builder, a, b);
    if (order == 0 && a->file.version != b->file.version)
        order = a->file.version > b->file.version ? -1 : 1;
    if (order == 0 && a->withdrawn != b->withdrawn)
        order = a->withdrawn ? -1 : 1;
    if (order == 0)
        order = strcmp(pool_text(builder, a->file.source), pool_text(builder, b->file.source));
    if (order == 0 && a->digest != b->digest)
        order = a->digest < b->digest ? -1 : 1;
    if (order == 0)
        order = strcmp(pool_text(builder, a->file.name), pool_text(builder, b->file.name));
    if (order == 0)
        order = memcmp(&a->file.version, &b->file.version, 3 * sizeof(gint64));
    return order != 0 ? order : memcmp(&a->file.confidence, &b->file.confidence, 4);
}

/* The indicators in the order of their ids. */
static GArray *sort_indicators(const SetBuilder *builder)
{
    guint count = builder->indicators->len;
    GArray *items = g_array_sized_new(FALSE, FALSE, sizeof(SetSortItem), count);

    for (guint32 i = 0; i < count; i++) {
        const Indicator *indicator = indicator_at(builder, i);
        SetSortItem item = {
            .key = indicator->file.id != 0 ? G_MAXUINT64 : set_file_first(indicator->file.uuid, 16),
            .entry = i,
            .indicator = !indicator->withdrawn && indicator->has_values,
        };
        g_array_append_val(items, item);
    }
    set_sort((SetSortItem *)(gpointer)items->data, count, compare_indicators, (gpointer)builder);
    return items;
}

/* The numbers indicators have in the file, SET_TABLES_NONE for those that are not in it: older
 * versions, withdrawn ones, and what has no values. @ret_kept has those that are, in order. */
static guint32 *number_indicators(const SetBuilder *builder, GArray *ret_kept)
{
    g_autoptr(GArray) items = sort_indicators(builder);
    const SetSortItem *all = (const SetSortItem *)(gconstpointer)items->data;
    guint32 *numbers = g_new(guint32, items->len + 1);

    for (guint i = 0; i < items->len; i++) {
        guint32 entry = all[i].entry;
        gboolean older = i > 0 && all[i].key == all[i - 1].key &&
                         compare_ids(builder, indicator_at(builder, all[i - 1].entry),
                                     indicator_at(builder, entry)) == 0;
        gboolean counts = !older && all[i].indicator;
        numbers[entry] = counts ? ret_kept->len : SET_TABLES_NONE;
        if (counts)
            g_array_append_val(ret_kept, entry);
    }
    return numbers;
}

/* The seed of this content under this secret. */
static guint64 make_seed(const SetBuilder *builder, const guint32 *numbers)
{
    guint64 content[2] = {0, 0};
    guint64 seed;
    guint8 hash[crypto_generichash_BYTES];

    for (guint i = 0; i < builder->indicators->len; i++) {
        if (numbers[i] == SET_TABLES_NONE)
            continue;
        guint64 digest = indicator_at(builder, i)->digest;
        content[0] += key_mix(digest ^ builder->secret_seed, digest);
        content[1]++;
    }
    crypto_generichash(hash, sizeof(hash), (const guint8 *)content, sizeof(content),
                       builder->secret, sizeof(builder->secret));
    memcpy(&seed, hash, sizeof(seed));
    return seed;
}

static gboolean keep_again(const SetBuilder *builder, GString *pool, guint32 *offset,
                           GError **error)
{
    const char *text = pool_text(builder, *offset);
    return *offset == 0 || keep_text(pool, text, strlen(text), offset, error);
}

/* The indicators and their texts, in the order of the ids. */
static gboolean write_indicators(const SetBuilder *builder, const GArray *kept, GString *pool,
                                 SetWriter *writer, GError **error)
{
    g_autoptr(GHashTable) sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint32 last = 0, last_source = 0; /* in the builder's pool, in the file's */

    set_writer_begin(writer, SET_PART_INDICATORS);
    for (guint i = 0; i < kept->len; i++) {
        SetFileIndicator file = indicator_at(builder, g_array_index(kept, guint32, i))->file;
        if (i + AHEAD < kept->len)
            __builtin_prefetch(indicator_at(builder, g_array_index(kept, guint32, i + AHEAD)));
        if (!keep_again(builder, pool, &file.id, error) ||
            !keep_again(builder, pool, &file.name, error))
            return FALSE;
        if (file.source != last &&
            !keep_shared(pool, sources, pool_text(builder, file.source), &last_source, error))
            return FALSE;
        last = file.source;
        file.source = last_source;
        set_writer_append(writer, &file, sizeof(file));
    }
    set_writer_end(writer);
    writer->header.indicators = kept->len;
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

static gboolean write_all(SetBuilder *builder, SetWriter *writer, GError **error)
{
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autofree guint32 *numbers = number_indicators(builder, kept);
    g_autoptr(GString) pool = g_string_new_len("", 1);

    writer->header.seed = make_seed(builder, numbers);
    set_tables_write(&builder->tables, writer, numbers, builder->lists ? mark_value : NULL,
                     builder);
    if (!write_indicators(builder, kept, pool, writer, error) ||
        !write_lists(builder, pool, writer, error))
        return FALSE;
    set_writer_put(writer, SET_PART_POOL, pool->str, pool->len);
    write_info(builder, writer);
    return TRUE;
}

GBytes *set_builder_finish(SetBuilder *builder, GError **error)
{
    SetWriter writer;
    GBytes *bytes = NULL;

    g_return_val_if_fail(!builder->finished, NULL);
    builder->finished = TRUE;
    set_writer_init(&writer);
    if (write_all(builder, &writer, error))
        bytes = set_writer_finish(&writer);
    set_writer_clear(&writer);
    return bytes;
}

Set *set_builder_open(SetBuilder *builder, GError **error)
{
    g_autoptr(GBytes) bytes = set_builder_finish(builder, error);
    return bytes ? set_open_bytes(bytes, error) : NULL;
}
