#include "intake/misp_path.h"

#include <math.h>
#include <string.h>

#include "base/timestamp.h"
#include "intake/misp_value.h"
#include "stix/observable.h"

/* Longest type or property name in a path; paths come from tables, so it is a check on them. */
#define NAME_MAX_LENGTH 80

/* Longest text that is joined to. */
#define JOINED_MAX (16 * 1024)

/* How a value is written, once it is known to be right. */
typedef struct {
    char *text;       /* as it goes in */
    char kind;        /* '#', '~', '?', '!', '+', or 0 for a string */
    const char *type; /* what "ip" is */
    gboolean range;   /* text is a range of addresses */
} Leaf;

static void leaf_clear(Leaf *value)
{
    g_clear_pointer(&value->text, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Leaf, leaf_clear)

MispGraph *misp_path_graph_new(yyjson_mut_doc *doc)
{
    MispGraph *graph = g_new0(MispGraph, 1);
    graph->doc = doc;
    graph->nodes = g_ptr_array_new();
    graph->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return graph;
}

void misp_path_graph_free(MispGraph *graph)
{
    if (graph == NULL)
        return;
    g_ptr_array_unref(graph->nodes);
    g_hash_table_unref(graph->by_id);
    g_free(graph);
}

/* Digits a hash of that name has, 0 when not known here. */
static guint hash_digits(const char *name)
{
    static const struct {
        const char *name;
        guint digits;
    } known[] = {
        {"MD5", 32},      {"SHA-1", 40},        {"SHA-224", 56},     {"SHA-256", 64},
        {"SHA-384", 96},  {"SHA-512", 128},     {"SHA-512-224", 56}, {"SHA-512-256", 64},
        {"SHA3-224", 56}, {"SHA3-256", 64},     {"SHA3-384", 96},    {"SHA3-512", 128},
        {"IMPHASH", 32},  {"AUTHENTIHASH", 64}, {"PEHASH", 40},
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].digits;
    return 0;
}

static char *check_hash(const char *name, const char *text)
{
    guint digits = hash_digits(name);
    if (digits == 0)
        return *text != '\0' ? g_strdup(text) : NULL;
    if (strlen(text) != digits || strspn(text, "0123456789abcdefABCDEF") != digits)
        return NULL;
    return g_ascii_strdown(text, -1);
}

/* Six octets as STIX writes them: lower case, colons. */
static char *check_mac(const char *text)
{
    g_autoptr(GString) mac = g_string_new(NULL);
    for (; *text != '\0'; text++) {
        if (g_ascii_isxdigit(*text)) {
            if (mac->len % 3 == 2)
                g_string_append_c(mac, ':');
            g_string_append_c(mac, g_ascii_tolower(*text));
        } else if (strchr(":-.", *text) == NULL) {
            return NULL;
        }
        if (mac->len > 17)
            return NULL;
    }
    return mac->len == 17 ? g_strdup(mac->str) : NULL;
}

/* A registry key with the full name of its hive, as STIX demands. */
static char *check_registry_key(const char *text)
{
    static const struct {
        const char *brief, *full;
    } hives[] = {
        {"HKLM", "HKEY_LOCAL_MACHINE"},  {"HKCU", "HKEY_CURRENT_USER"},
        {"HKCR", "HKEY_CLASSES_ROOT"},   {"HKU", "HKEY_USERS"},
        {"HKCC", "HKEY_CURRENT_CONFIG"},
    };
    gsize hive = strcspn(text, "\\:");
    for (guint i = 0; i < G_N_ELEMENTS(hives); i++)
        if (strlen(hives[i].brief) == hive && g_ascii_strncasecmp(text, hives[i].brief, hive) == 0)
            return g_strconcat(hives[i].full, text + hive + (text[hive] == ':'), NULL);
    return *text != '\0' ? g_strdup(text) : NULL;
}

static char *check_number(char kind, const char *text)
{
    if (kind == '$' && g_ascii_strncasecmp(text, "AS", 2) == 0)
        text += 2;
    if (kind != '~') {
        gint64 integer;
        if (!g_ascii_string_to_signed(text, 10, 0, G_GINT64_CONSTANT(9007199254740991), &integer,
                                      NULL))
            return NULL;
        return g_strdup_printf("%" G_GINT64_FORMAT, integer);
    }
    char *end;
    double number = g_ascii_strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !isfinite(number))
        return NULL;
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_dtostr(buffer, sizeof buffer, number));
}

static char *check_time(const char *text)
{
    gint64 us;
    char buffer[TIMESTAMP_MAX];
    if (!timestamp_parse_lenient(text, strlen(text), &us))
        return NULL;
    return g_strdup(timestamp_format(buffer, us, us % G_USEC_PER_SEC == 0 ? 0 : 6));
}

static char *check_truth(const char *text)
{
    if (g_ascii_strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
        return g_strdup("true");
    if (g_ascii_strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0)
        return g_strdup("false");
    return NULL;
}

/* What @path demands of @text; FALSE when it is not that. */
static gboolean leaf_read(const char *path, const char *text, Leaf *ret_value)
{
    const char *colon = strrchr(path, ':');
    const char *type = colon;
    while (type > path && type[-1] != '>')
        type--;
    char last = path[strlen(path) - 1];
    const char *hashes = strstr(colon, ".hashes.");
    if (g_str_has_prefix(colon, ":hashes."))
        hashes = colon;

    Leaf value = {0};
    if (g_str_has_prefix(type, "ip:")) {
        ObservableKind kind;
        value.text = observable_normalise(OBSERVABLE_IPV4, text, strlen(text), &kind);
        if (value.text != NULL) {
            value.type = strchr(value.text, ':') != NULL ? "ipv6-addr" : "ipv4-addr";
            value.range = kind == OBSERVABLE_CIDR;
        }
    } else if (g_str_has_prefix(type, "mac-addr:")) {
        value.text = check_mac(text);
    } else if (g_str_has_prefix(type, "windows-registry-key:key")) {
        value.text = check_registry_key(text);
    } else if (hashes != NULL) {
        value.text = check_hash(strrchr(path, '.') + 1, text);
    } else if (last == '#' || last == '$' || last == '~') {
        value.kind = last == '$' ? '#' : last;
        value.text = check_number(last, text);
    } else if (last == '!') {
        value.kind = last;
        value.text = check_time(text);
    } else if (last == '?') {
        value.kind = last;
        value.text = check_truth(text);
    } else if (*text != '\0') {
        value.kind = last == '+' ? last : 0;
        value.text = g_strdup(text);
    }
    if (value.text == NULL)
        return FALSE;
    *ret_value = value;
    return TRUE;
}

static yyjson_mut_val *leaf_json(yyjson_mut_doc *doc, const Leaf *value)
{
    switch (value->kind) {
    case '#':
        return yyjson_mut_sint(doc, g_ascii_strtoll(value->text, NULL, 10));
    case '~':
        return yyjson_mut_real(doc, g_ascii_strtod(value->text, NULL));
    case '?':
        return yyjson_mut_bool(doc, value->text[0] == 't');
    default:
        return yyjson_mut_strcpy(doc, value->text);
    }
}

/* Takes the next name of the path into @name; *path stands on what ends it. */
static void take_name(const char **path, char name[NAME_MAX_LENGTH + 1])
{
    gsize length = strcspn(*path, ":.[>#$~?!+");
    g_assert(length > 0 && length <= NAME_MAX_LENGTH);
    memcpy(name, *path, length);
    name[length] = '\0';
    *path += length;
}

static yyjson_mut_val *find_node(const MispGraph *graph, const char *id)
{
    return g_hash_table_lookup(graph->by_id, id);
}

static yyjson_mut_val *add_node(MispGraph *graph, const char *type, const char *id)
{
    yyjson_mut_val *node = yyjson_mut_obj(graph->doc);
    yyjson_mut_obj_add_strcpy(graph->doc, node, "type", type);
    yyjson_mut_obj_add_str(graph->doc, node, "spec_version", "2.1");
    yyjson_mut_obj_add_strcpy(graph->doc, node, "id", id);
    g_ptr_array_add(graph->nodes, node);
    g_hash_table_insert(graph->by_id, g_strdup(id), node);
    return node;
}

/* A new object behind a reference: named after the value, or, when that name is taken, after it and
 * a count. */
static yyjson_mut_val *add_referenced(MispGraph *graph, const char *type, const char *uuid)
{
    g_autofree char *id = g_strdup_printf("%s--%s", type, uuid);
    if (find_node(graph, id) != NULL) {
        g_autofree char *count = g_strdup_printf("%u", graph->nodes->len);
        g_autofree char *other = misp_value_make_uuid(type, uuid, count, NULL);
        g_free(id);
        id = g_strdup_printf("%s--%s", type, other);
    }
    return add_node(graph, type, id);
}

/* Follows the reference @name of @node to an object of @type; NULL when it leads elsewhere. */
static yyjson_mut_val *follow_reference(MispGraph *graph, yyjson_mut_val *node, const char *name,
                                        gboolean list, const char *type, const char *uuid)
{
    yyjson_mut_val *there = yyjson_mut_obj_get(node, name);
    if (there != NULL && !list) {
        const char *id = yyjson_mut_get_str(there);
        gsize length = strlen(type);
        if (strncmp(id, type, length) != 0 || strncmp(id + length, "--", 2) != 0)
            return NULL;
        return find_node(graph, id);
    }
    yyjson_mut_val *target = add_referenced(graph, type, uuid);
    const char *id = yyjson_mut_get_str(yyjson_mut_obj_get(target, "id"));
    if (!list) {
        yyjson_mut_obj_add_strcpy(graph->doc, node, g_intern_string(name), id);
        return target;
    }
    if (there == NULL) {
        there = yyjson_mut_arr(graph->doc);
        yyjson_mut_obj_add_val(graph->doc, node, g_intern_string(name), there);
    }
    yyjson_mut_arr_add_strcpy(graph->doc, there, id);
    return target;
}

/* The object under @name of @node, made when absent: itself, in the first place of a list, or newly
 * appended to a list. */
static yyjson_mut_val *enter(MispGraph *graph, yyjson_mut_val *node, const char *name,
                             gboolean list, gboolean first)
{
    yyjson_mut_val *there = yyjson_mut_obj_get(node, name);
    if (there == NULL) {
        there = list ? yyjson_mut_arr(graph->doc) : yyjson_mut_obj(graph->doc);
        yyjson_mut_obj_add_val(graph->doc, node, g_intern_string(name), there);
    }
    if (!list)
        return there;
    yyjson_mut_val *element = first ? yyjson_mut_arr_get_first(there) : NULL;
    if (element == NULL) {
        element = yyjson_mut_obj(graph->doc);
        yyjson_mut_arr_append(there, element);
    }
    return element;
}

/* Puts the value under @name itself, where the path ends. */
static gboolean put_leaf(MispGraph *graph, yyjson_mut_val *node, const char *name, gboolean list,
                         const Leaf *value)
{
    yyjson_mut_val *there = yyjson_mut_obj_get(node, name);
    yyjson_mut_val *json = leaf_json(graph->doc, value);
    if (list) {
        if (there == NULL) {
            there = yyjson_mut_arr(graph->doc);
            yyjson_mut_obj_add_val(graph->doc, node, g_intern_string(name), there);
        }
        return yyjson_mut_arr_append(there, json);
    }
    if (there == NULL)
        return yyjson_mut_obj_add_val(graph->doc, node, g_intern_string(name), json);
    if (value->kind != '+')
        return yyjson_mut_equals(there, json);
    if (yyjson_mut_get_len(there) > JOINED_MAX)
        return FALSE;
    g_autofree char *joined = g_strconcat(yyjson_mut_get_str(there), " / ", value->text, NULL);
    return yyjson_mut_obj_replace(node, yyjson_mut_str(graph->doc, g_intern_string(name)),
                                  yyjson_mut_strcpy(graph->doc, joined));
}

static gboolean put_reference(MispGraph *graph, yyjson_mut_val *node, const char *source,
                              const char *text)
{
    /* the identifiers of these two have a form of their own; anything else is not one */
    gboolean cve = strcmp(source, "cve") == 0;
    gboolean capec = strcmp(source, "capec") == 0;
    if (cve && !g_str_has_prefix(text, "CVE-"))
        return FALSE;
    gboolean number = capec && strspn(text, "0123456789") == strlen(text);
    if (capec && !number && !g_str_has_prefix(text, "CAPEC-"))
        return FALSE;
    g_autofree char *external_id = g_strconcat(number ? "CAPEC-" : "", text, NULL);

    yyjson_mut_val *list = yyjson_mut_obj_get(node, "external_references");
    if (list == NULL) {
        list = yyjson_mut_arr(graph->doc);
        yyjson_mut_obj_add_val(graph->doc, node, "external_references", list);
    }
    yyjson_mut_val *reference = yyjson_mut_arr_add_obj(graph->doc, list);
    yyjson_mut_obj_add_strcpy(graph->doc, reference, "source_name", source);
    gboolean url = strcmp(source, "url") == 0;
    return yyjson_mut_obj_add_strcpy(graph->doc, reference, url ? "url" : "external_id",
                                     external_id);
}

gboolean misp_path_put(MispGraph *graph, const char *path, const char *root_uuid,
                       const char *value_uuid, const char *text)
{
    g_auto(Leaf) value = {0};
    if (!leaf_read(path, text, &value))
        return FALSE;
    char name[NAME_MAX_LENGTH + 1];
    take_name(&path, name);
    const char *type = strcmp(name, "ip") == 0 ? value.type : name;
    g_autofree char *id = g_strdup_printf("%s--%s", type, root_uuid);
    yyjson_mut_val *node = find_node(graph, id);
    if (node == NULL)
        node = add_node(graph, type, id);

    while (TRUE) {
        path++; /* ':' or '.' */
        if (*path == '@')
            return put_reference(graph, node, path + 1, value.text);
        take_name(&path, name);
        gboolean first = g_str_has_prefix(path, "[0]");
        gboolean list = first || g_str_has_prefix(path, "[]");
        path += first ? 3 : list ? 2 : 0;
        if (*path == '.') {
            node = enter(graph, node, name, list, first);
        } else if (*path == '>') {
            char target[NAME_MAX_LENGTH + 1];
            path++;
            take_name(&path, target);
            node = follow_reference(graph, node, name, list,
                                    strcmp(target, "ip") == 0 ? value.type : target, value_uuid);
            if (node == NULL)
                return FALSE;
        } else {
            return put_leaf(graph, node, name, list, &value);
        }
    }
}

static void append_name(GString *pattern, const char *name)
{
    gboolean plain = g_ascii_isalpha(name[0]) || name[0] == '_';
    for (const char *c = name; *c != '\0'; c++)
        plain = plain && (g_ascii_isalnum(*c) || *c == '_');
    if (plain)
        g_string_append(pattern, name);
    else
        g_string_append_printf(pattern, "'%s'", name);
}

static void append_literal(GString *pattern, const Leaf *value)
{
    if (value->kind == '#' || value->kind == '~' || value->kind == '?') {
        g_string_append(pattern, value->text);
        /* a float literal needs its point */
        if (value->kind == '~' && strpbrk(value->text, ".eE") == NULL)
            g_string_append(pattern, ".0");
        return;
    }
    g_string_append(pattern, value->kind == '!' ? "t'" : "'");
    for (const char *c = value->text; *c != '\0'; c++) {
        if (*c == '\'' || *c == '\\')
            g_string_append_c(pattern, '\\');
        g_string_append_c(pattern, *c);
    }
    g_string_append_c(pattern, '\'');
}

gboolean misp_path_compare(GString *pattern, const char *path, const char *text)
{
    g_auto(Leaf) value = {0};
    if (!leaf_read(path, text, &value))
        return FALSE;
    char name[NAME_MAX_LENGTH + 1];
    g_autoptr(GString) left = g_string_new(NULL);
    take_name(&path, name);
    g_string_append(left, strcmp(name, "ip") == 0 ? value.type : name);
    char separator = ':';
    while (*path != '\0' && strchr(":.[>", *path) != NULL) {
        path++;
        g_string_append_c(left, separator);
        take_name(&path, name);
        append_name(left, name);
        separator = '.';
        if (*path == '[') {
            g_string_append(left, "[*]");
            path = strchr(path, ']') + 1;
        }
        if (*path != '>')
            continue;
        path++;
        take_name(&path, name);
        /* what the end of a connection is, is part of the question */
        if (g_str_has_prefix(left->str, "network-traffic:"))
            g_string_append_printf(pattern, "%s.type = '%s' AND ", left->str,
                                   strcmp(name, "ip") == 0 ? value.type : name);
    }
    g_string_append_printf(pattern, "%s %s ", left->str, value.range ? "ISSUBSET" : "=");
    append_literal(pattern, &value);
    return TRUE;
}

/* Extensions and what they may not be without. */
static const struct {
    const char *name;
    const char *needs[2];
} extensions[] = {
    {"http-request-ext", {"request_method", "request_value"}},
    {"windows-pebinary-ext", {"pe_type"}},
    {"socket-ext", {"address_family"}},
};

static void complete_extensions(yyjson_mut_val *node)
{
    yyjson_mut_val *all = yyjson_mut_obj_get(node, "extensions");
    if (all == NULL)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        yyjson_mut_val *one = yyjson_mut_obj_get(all, extensions[i].name);
        for (guint k = 0; k < 2 && one != NULL && extensions[i].needs[k] != NULL; k++)
            if (yyjson_mut_obj_get(one, extensions[i].needs[k]) == NULL)
                yyjson_mut_obj_remove_key(all, extensions[i].name);
    }
    if (yyjson_mut_obj_size(all) == 0)
        yyjson_mut_obj_remove_key(node, "extensions");
}

/* The protocols of a connection of which MISP does not say: no more than its addresses tell. */
static void complete_traffic(MispGraph *graph, yyjson_mut_val *node)
{
    if (yyjson_mut_obj_get(node, "protocols") != NULL)
        return;
    const char *protocol = "ip";
    const char *keys[] = {"dst_ref", "src_ref"};
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *id = yyjson_mut_get_str(yyjson_mut_obj_get(node, keys[i]));
        if (id != NULL && g_str_has_prefix(id, "ipv"))
            protocol = id[3] == '4' ? "ipv4" : "ipv6";
    }
    yyjson_mut_val *list = yyjson_mut_arr(graph->doc);
    yyjson_mut_arr_add_str(graph->doc, list, protocol);
    yyjson_mut_obj_add_val(graph->doc, node, "protocols", list);
}

static void complete_message(MispGraph *graph, yyjson_mut_val *node)
{
    yyjson_mut_val *parts = yyjson_mut_obj_get(node, "body_multipart");
    yyjson_mut_val *body = yyjson_mut_obj_get(node, "body");
    if (parts != NULL && body != NULL) {
        yyjson_mut_val *part = yyjson_mut_obj(graph->doc);
        yyjson_mut_obj_add_val(graph->doc, part, "body", yyjson_mut_val_mut_copy(graph->doc, body));
        yyjson_mut_arr_prepend(parts, part);
        yyjson_mut_obj_remove_key(node, "body");
    }
    yyjson_mut_obj_add_bool(graph->doc, node, "is_multipart", parts != NULL);
}

gboolean misp_path_complete(MispGraph *graph, yyjson_mut_val *node)
{
    static const struct {
        const char *type;
        const char *needs[2]; /* one of these */
    } needs[] = {
        {"artifact", {"payload_bin", "url"}},
        {"email-addr", {"value"}},
        {"file", {"hashes", "name"}},
        {"network-traffic", {"src_ref", "dst_ref"}},
        {"software", {"name"}},
        {"user-account", {"account_login", "user_id"}},
        {"autonomous-system", {"number"}},
    };
    complete_extensions(node);
    const char *type = yyjson_mut_get_str(yyjson_mut_obj_get(node, "type"));
    for (guint i = 0; i < G_N_ELEMENTS(needs); i++)
        if (strcmp(needs[i].type, type) == 0 &&
            yyjson_mut_obj_get(node, needs[i].needs[0]) == NULL &&
            (needs[i].needs[1] == NULL || yyjson_mut_obj_get(node, needs[i].needs[1]) == NULL))
            return FALSE;
    if (strcmp(type, "network-traffic") == 0)
        complete_traffic(graph, node);
    else if (strcmp(type, "email-message") == 0)
        complete_message(graph, node);
    return yyjson_mut_obj_size(node) > 3;
}
