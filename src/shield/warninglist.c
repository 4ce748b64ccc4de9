#include "shield/warninglist.h"

#include <string.h>
#include <yyjson.h>

#include "base/jsonguard.h"
#include "shield/walk.h"
#include "shield/warninglist_lists.h"
#include "stix/observable_address.h"
#include "stix/observable_domain.h"

/* The largest list there is has a million names. */
#define FILE_MAX    ((gsize)256 * 1024 * 1024)
#define ENTRIES_MAX 10000000
#define REGEX_MAX   1000

typedef enum { STRING, HOSTNAME, CIDR, SUBSTRING, REGEX, TYPES } ListType;

static const char *const type_names[TYPES] = {"string", "hostname", "cidr", "substring", "regex"};

static void free_list(gpointer pointer)
{
    WarninglistList *list = pointer;
    g_free(list->name);
    g_free(list->version);
    g_clear_pointer(&list->regex, g_ptr_array_unref);
    g_free(list);
}

static void unref_array(gpointer array)
{
    g_array_unref(array);
}

static guint hash_net(gconstpointer pointer)
{
    const WarninglistNet *net = pointer;
    guint64 halves[2];
    memcpy(halves, net->bytes, sizeof(halves));
    guint64 hash = (halves[0] ^ halves[1] * 31) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return (guint)(hash >> 32) + net->prefix * 2 + net->v6;
}

static gboolean equal_net(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(WarninglistNet)) == 0;
}

static void init_table(WarninglistTable *table, GHashFunc hash, GEqualFunc equal,
                       GDestroyNotify free_key)
{
    table->keys = g_hash_table_new_full(hash, equal, free_key, NULL);
    table->many = g_ptr_array_new_with_free_func(unref_array);
}

static void clear_table(WarninglistTable *table)
{
    g_hash_table_unref(table->keys);
    g_ptr_array_unref(table->many);
}

Warninglist *warninglist_new(void)
{
    Warninglist *lists = g_new0(Warninglist, 1);
    lists->lists = g_ptr_array_new_with_free_func(free_list);
    lists->texts = g_string_chunk_new(1 << 16);
    init_table(&lists->strings, g_str_hash, g_str_equal, NULL);
    init_table(&lists->hosts, g_str_hash, g_str_equal, NULL);
    init_table(&lists->nets, hash_net, equal_net, g_free);
    lists->stems = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, unref_array);
    lists->short_ones = g_array_new(FALSE, FALSE, sizeof(WarninglistSubstring));
    return lists;
}

void warninglist_free(Warninglist *lists)
{
    if (!lists)
        return;
    g_ptr_array_unref(lists->lists);
    g_string_chunk_free(lists->texts);
    clear_table(&lists->strings);
    clear_table(&lists->hosts);
    clear_table(&lists->nets);
    g_hash_table_unref(lists->stems);
    g_array_unref(lists->short_ones);
    g_free(lists->places);
    g_free(lists->order);
    g_free(lists);
}

/* What the table has to know of a key that is on @known already, and on @number. */
static guint add_number(WarninglistTable *table, guint known, guint16 number)
{
    if (known == 0 || known == number + 1u)
        return number + 1u;
    if (known <= WARNINGLIST_MAX) {
        GArray *numbers = g_array_new(FALSE, FALSE, sizeof(guint16));
        guint16 first = (guint16)(known - 1);
        g_array_append_val(numbers, first);
        g_ptr_array_add(table->many, numbers);
        known = WARNINGLIST_MAX + table->many->len;
    }
    GArray *numbers = g_ptr_array_index(table->many, known - WARNINGLIST_MAX - 1);
    if (g_array_index(numbers, guint16, numbers->len - 1) != number)
        g_array_append_val(numbers, number);
    return known;
}

/* Notes that @key, which the table takes if it owns its keys, is on @number. */
static void add_key(WarninglistTable *table, gpointer key, guint16 number)
{
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(table->keys, key));
    g_hash_table_insert(table->keys, key, GUINT_TO_POINTER(add_number(table, known, number)));
}

/* Which values an attribute of MISP's is. */
static guint32 kinds_of(const char *attribute)
{
    static const struct {
        const char *name;
        guint32 kinds;
    } known[] = {
        {"ip-src", WARNINGLIST_ADDRESSES},
        {"ip-dst", WARNINGLIST_ADDRESSES},
        {"ip-src|port", WARNINGLIST_ADDRESSES},
        {"ip-dst|port", WARNINGLIST_ADDRESSES},
        {"domain|ip", WARNINGLIST_ADDRESSES | 1u << OBSERVABLE_DOMAIN},
        {"domain", 1u << OBSERVABLE_DOMAIN},
        {"hostname", 1u << OBSERVABLE_DOMAIN},
        {"hostname|port", 1u << OBSERVABLE_DOMAIN},
        {"url", 1u << OBSERVABLE_URL},
        {"uri", 1u << OBSERVABLE_URL},
        {"link", 1u << OBSERVABLE_URL},
        {"md5", 1u << OBSERVABLE_MD5},
        {"filename|md5", 1u << OBSERVABLE_MD5},
        {"x509-fingerprint-md5", 1u << OBSERVABLE_MD5},
        {"sha1", 1u << OBSERVABLE_SHA1},
        {"filename|sha1", 1u << OBSERVABLE_SHA1},
        {"x509-fingerprint-sha1", 1u << OBSERVABLE_SHA1},
        {"sha256", 1u << OBSERVABLE_SHA256},
        {"filename|sha256", 1u << OBSERVABLE_SHA256},
        {"x509-fingerprint-sha256", 1u << OBSERVABLE_SHA256},
        {"sha512", 1u << OBSERVABLE_SHA512},
        {"filename|sha512", 1u << OBSERVABLE_SHA512},
        {"email", 1u << OBSERVABLE_EMAIL},
        {"email-src", 1u << OBSERVABLE_EMAIL},
        {"email-dst", 1u << OBSERVABLE_EMAIL},
        {"target-email", 1u << OBSERVABLE_EMAIL},
        {"whois-registrant-email", 1u << OBSERVABLE_EMAIL},
        {"dns-soa-email", 1u << OBSERVABLE_EMAIL},
        {"ja3-fingerprint-md5", 1u << OBSERVABLE_JA3},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(attribute, known[i].name) == 0)
            return known[i].kinds;
    return 0;
}

static gboolean fail(const char *path, const char *what, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not a warninglist: %s", path, what);
    return FALSE;
}

static void add_text(Warninglist *lists, WarninglistTable *table, const char *text, guint16 number)
{
    add_key(table, g_string_chunk_insert_const(lists->texts, text), number);
}

/* In its canonical form, if it has one. */
static void add_string(Warninglist *lists, const char *text, guint16 number)
{
    g_autofree char *canonical = NULL;
    if (observable_classify(text, strlen(text), &canonical) == OBSERVABLE_NONE)
        canonical = g_ascii_strdown(text, -1);
    add_text(lists, &lists->strings, canonical, number);
}

static void add_host(Warninglist *lists, const char *text, guint16 number)
{
    char name[OBSERVABLE_DOMAIN_MAX + 1];
    while (*text == '.')
        text++;
    if (observable_domain_canonical(text, strlen(text), 1, name) > 0)
        add_text(lists, &lists->hosts, name, number);
}

static void add_net(Warninglist *lists, const char *text, guint16 number)
{
    ObservableAddress address;
    if (!observable_address_parse(text, strlen(text), &address))
        return;
    WarninglistNet *net = g_new0(WarninglistNet, 1);
    net->prefix = address.prefix;
    net->v6 = address.v6 != FALSE;
    memcpy(net->bytes, address.bytes, sizeof(net->bytes));
    lists->prefixes[net->v6][net->prefix] = TRUE;
    add_key(&lists->nets, net, number);
}

static void add_substring(Warninglist *lists, const char *text, guint16 number)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    WarninglistSubstring substring = {g_string_chunk_insert_const(lists->texts, lower),
                                      strlen(lower), number};

    if (substring.length == 0)
        return;
    if (substring.length < WARNINGLIST_STEM) {
        g_array_append_val(lists->short_ones, substring);
        return;
    }
    GArray *same = g_hash_table_lookup(lists->stems, warninglist_stem(lower));
    if (!same) {
        same = g_array_new(FALSE, FALSE, sizeof(WarninglistSubstring));
        g_hash_table_insert(lists->stems, warninglist_stem(lower), same);
    }
    g_array_append_val(same, substring);
}

/* "/expression/i" */
static gboolean add_regex(Warninglist *lists, WarninglistList *list, const char *text,
                          GError **error)
{
    const char *end = strrchr(text, '/');
    gboolean delimited = text[0] == '/' && end > text;
    g_autofree char *expression =
        delimited ? g_strndup(text + 1, (gsize)(end - text - 1)) : g_strdup(text);
    GRegexCompileFlags flags = G_REGEX_RAW | G_REGEX_OPTIMIZE;
    if (delimited && strchr(end, 'i'))
        flags |= G_REGEX_CASELESS;
    GRegex *regex = g_regex_new(expression, flags, 0, error);
    if (!regex)
        return FALSE;
    g_ptr_array_add(list->regex, regex);
    lists->has_regex = TRUE;
    return TRUE;
}

static gboolean add_entry(Warninglist *lists, WarninglistList *list, ListType type,
                          const char *text, GError **error)
{
    guint16 number = (guint16)(lists->lists->len - 1);
    switch (type) {
    case STRING:
        add_string(lists, text, number);
        return TRUE;
    case HOSTNAME:
        add_host(lists, text, number);
        return TRUE;
    case CIDR:
        add_net(lists, text, number);
        return TRUE;
    case SUBSTRING:
        add_substring(lists, text, number);
        return TRUE;
    default:
        return add_regex(lists, list, text, error);
    }
}

static gboolean read_type(yyjson_val *root, ListType *ret_type)
{
    const char *name = yyjson_get_str(yyjson_obj_get(root, "type"));
    for (guint i = 0; name && i < TYPES; i++)
        if (strcmp(name, type_names[i]) == 0) {
            *ret_type = (ListType)i;
            return TRUE;
        }
    return FALSE;
}

static guint32 read_kinds(yyjson_val *root)
{
    yyjson_val *attributes = yyjson_obj_get(root, "matching_attributes"), *attribute;
    gsize index, max;
    guint32 kinds = 0;

    if (yyjson_arr_size(attributes) == 0)
        return G_MAXUINT32;
    yyjson_arr_foreach (attributes, index, max, attribute) {
        if (yyjson_is_str(attribute))
            kinds |= kinds_of(yyjson_get_str(attribute));
    }
    return kinds;
}

static char *read_version(yyjson_val *root)
{
    yyjson_val *version = yyjson_obj_get(root, "version");
    if (yyjson_is_str(version))
        return g_strdup(yyjson_get_str(version));
    return yyjson_is_int(version) ? g_strdup_printf("%" G_GINT64_FORMAT, yyjson_get_sint(version))
                                  : g_strdup("");
}

/* Is a list of this name there? *ret_same: and is it the same version? */
static gboolean is_known(const Warninglist *lists, const char *name, const char *version,
                         gboolean *ret_same)
{
    for (guint i = 0; i < lists->lists->len; i++)
        if (g_ascii_strcasecmp(warninglist_list(lists, i)->name, name) == 0) {
            *ret_same = strcmp(warninglist_list(lists, i)->version, version) == 0;
            return TRUE;
        }
    return FALSE;
}

static gboolean add_entries(Warninglist *lists, WarninglistList *list, ListType type,
                            yyjson_val *entries, const char *path, GError **error)
{
    gsize index, max;
    yyjson_val *entry;

    if (yyjson_arr_size(entries) > (type == REGEX ? REGEX_MAX : ENTRIES_MAX))
        return fail(path, "too many entries", error);
    yyjson_arr_foreach (entries, index, max, entry) {
        if (!yyjson_is_str(entry))
            return fail(path, "an entry is no text", error);
        if (!add_entry(lists, list, type, yyjson_get_str(entry), error)) {
            g_prefix_error(error, "%s: ", path);
            (*error)->domain = CONCERT_ERROR;
            (*error)->code = CONCERT_ERROR_INPUT;
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_root(Warninglist *lists, yyjson_val *root, const char *path, GError **error)
{
    const char *name = yyjson_get_str(yyjson_obj_get(root, "name"));
    yyjson_val *entries = yyjson_obj_get(root, "list");
    ListType type;
    gboolean same;

    if (!name || !*name || !g_utf8_validate(name, -1, NULL))
        return fail(path, "it has no name", error);
    if (!read_type(root, &type))
        return fail(path, "its type is none of string, hostname, cidr, substring, regex", error);
    if (!yyjson_is_arr(entries))
        return fail(path, "it has no list", error);
    g_autofree char *version = read_version(root);
    if (is_known(lists, name, version, &same))
        return same || fail(path, "another version of it was given, too", error);
    if (lists->lists->len == WARNINGLIST_MAX)
        return fail(path, "too many of them", error);
    WarninglistList *list = g_new0(WarninglistList, 1);
    list->name = g_strdup(name);
    list->version = g_steal_pointer(&version);
    list->kinds = read_kinds(root);
    list->regex = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
    g_ptr_array_add(lists->lists, list);
    return add_entries(lists, list, type, entries, path, error);
}

static gboolean add_file(Warninglist *lists, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) reading = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &reading)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, reading->message);
        return FALSE;
    }
    if (length > FILE_MAX)
        return fail(path, "too long", error);
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    if (!doc) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    return add_root(lists, yyjson_doc_get_root(doc), path, error);
}

typedef struct {
    Warninglist *lists;
    const char *given;
    GError **error;
    guint files;
} Walk;

static gboolean take_file(gpointer user, const char *path, const GError *unreadable)
{
    Walk *walk = user;
    if (unreadable) {
        g_set_error_literal(walk->error, CONCERT_ERROR, CONCERT_ERROR_INPUT, unreadable->message);
        return FALSE;
    }
    if (strcmp(path, walk->given) != 0 && !g_str_has_suffix(path, ".json"))
        return TRUE;
    walk->files++;
    return add_file(walk->lists, path, walk->error);
}

gboolean warninglist_add(Warninglist *lists, const char *path, GError **error)
{
    Walk walk = {lists, path, error, 0};
    g_return_val_if_fail(!lists->order, FALSE);
    if (!walk_files(path, take_file, &walk))
        return FALSE;
    if (walk.files == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: no warninglists in it", path);
        return FALSE;
    }
    return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b, gpointer user)
{
    const Warninglist *lists = user;
    return strcmp(warninglist_list(lists, *(const guint16 *)a)->name,
                  warninglist_list(lists, *(const guint16 *)b)->name);
}

void warninglist_finish(Warninglist *lists)
{
    guint count = lists->lists->len;
    lists->order = g_new(guint16, count + 1);
    lists->places = g_new(guint16, count + 1);
    for (guint i = 0; i < count; i++)
        lists->order[i] = (guint16)i;
    g_qsort_with_data(lists->order, (gint)count, sizeof(guint16), compare_names, lists);
    for (guint i = 0; i < count; i++)
        lists->places[lists->order[i]] = (guint16)i;
}

guint warninglist_count(const Warninglist *lists)
{
    return lists->lists->len;
}

const char *warninglist_name(const Warninglist *lists, guint list)
{
    return warninglist_list(lists, lists->order[list])->name;
}

const char *warninglist_version(const Warninglist *lists, guint list)
{
    return warninglist_list(lists, lists->order[list])->version;
}
