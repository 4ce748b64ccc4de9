#include "stix/evaluate_index.h"

#include "stix/evaluate_path.h"
#include "stix/evaluate_value.h"

/* Values at one path. */
typedef struct {
    char *text;               /* tells paths apart */
    const PatternStep *steps; /* borrowed */
    GHashTable *values;       /* char * (evaluate_value_key()) -> GArray of entries */
} IndexPath;

typedef struct {
    GArray *any;      /* entries for every object of the type */
    GPtrArray *paths; /* IndexPath * */
} IndexType;

struct EvaluateIndex {
    GHashTable *types; /* char * -> IndexType * */
};

/* One thing that a leaf can go by. */
typedef struct {
    const char *type;
    const PatternStep *steps; /* NULL: any object of the type */
    char *value;
} Need;

static void clear_need(gpointer need)
{
    g_free(((Need *)need)->value);
}

static void free_path(gpointer data)
{
    IndexPath *path = data;
    g_free(path->text);
    g_hash_table_unref(path->values);
    g_free(path);
}

static void free_type(gpointer data)
{
    IndexType *type = data;
    g_array_unref(type->any);
    g_ptr_array_unref(type->paths);
    g_free(type);
}

EvaluateIndex *evaluate_index_new(void)
{
    EvaluateIndex *index = g_new(EvaluateIndex, 1);
    index->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_type);
    return index;
}

void evaluate_index_free(EvaluateIndex *index)
{
    if (!index)
        return;
    g_hash_table_unref(index->types);
    g_free(index);
}

static GArray *new_needs(void)
{
    GArray *needs = g_array_new(FALSE, FALSE, sizeof(Need));
    g_array_set_clear_func(needs, clear_need);
    return needs;
}

/* By value if all of an equality test's constants can be looked up, else by type. */
static void needs_of_test(const PatternTest *test, GArray *ret_needs)
{
    gboolean equality =
        !test->negated && (test->comparator == PATTERN_EQUAL || test->comparator == PATTERN_IN);
    guint before = ret_needs->len;
    const PatternLiteral *value = equality ? test->values : NULL;

    for (; value; value = value->next) {
        Need need = {test->type, test->steps, evaluate_value_literal_key(test->steps, value)};
        if (!need.value)
            break;
        g_array_append_val(ret_needs, need);
    }
    if (!equality || value) {
        Need need = {.type = test->type};
        g_array_set_size(ret_needs, before);
        g_array_append_val(ret_needs, need);
    }
}

/* Fewer is better, by value better than by type. */
static guint cost(const GArray *needs)
{
    guint cost = 0;
    for (guint i = 0; i < needs->len; i++)
        cost += g_array_index(needs, Need, i).steps ? 1 : 1000;
    return cost;
}

static GArray *needs_of(const PatternNode *node)
{
    while (node->kind == PATTERN_GROUP || node->kind == PATTERN_OBSERVATION)
        node = node->children;
    GArray *needs = new_needs();
    if (node->kind == PATTERN_TEST) {
        needs_of_test(node->test, needs);
        return needs;
    }
    for (const PatternNode *child = node->children; child; child = child->next) {
        GArray *of_child = needs_of(child);
        if (node->kind == PATTERN_OR) {
            g_array_append_vals(needs, of_child->data, of_child->len);
            g_array_set_clear_func(of_child, NULL); /* the values have moved */
        } else if (child == node->children || cost(of_child) < cost(needs)) {
            GArray *worse = needs;
            needs = of_child;
            of_child = worse;
        }
        g_array_unref(of_child);
    }
    return needs;
}

static char *path_text(const PatternStep *steps)
{
    GString *text = g_string_new(NULL);
    for (; steps; steps = steps->next) {
        if (steps->kind == PATTERN_STEP_NAME)
            g_string_append_printf(text, "\001%s", steps->name);
        else if (steps->kind == PATTERN_STEP_INDEX)
            g_string_append_printf(text, "\002%" G_GINT64_FORMAT, steps->index);
        else
            g_string_append_c(text, '\003');
    }
    return g_string_free(text, FALSE);
}

static void free_entries(gpointer entries)
{
    g_array_unref(entries);
}

/* NULL when there are too many paths. */
static IndexPath *get_path(IndexType *type, const PatternStep *steps)
{
    g_autofree char *text = path_text(steps);
    for (guint i = 0; i < type->paths->len; i++) {
        IndexPath *path = type->paths->pdata[i];
        if (g_str_equal(path->text, text))
            return path;
    }
    if (type->paths->len >= EVALUATE_INDEX_MAX_PATHS)
        return NULL;
    IndexPath *path = g_new(IndexPath, 1);
    path->text = g_steal_pointer(&text);
    path->steps = steps;
    path->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_entries);
    g_ptr_array_add(type->paths, path);
    return path;
}

static IndexType *get_type(EvaluateIndex *index, const char *name)
{
    IndexType *type = g_hash_table_lookup(index->types, name);
    if (type)
        return type;
    type = g_new(IndexType, 1);
    type->any = g_array_new(FALSE, FALSE, sizeof(EvaluateIndexEntry));
    type->paths = g_ptr_array_new_with_free_func(free_path);
    g_hash_table_insert(index->types, g_strdup(name), type);
    return type;
}

/* The same leaf is often added several times in a row. */
static void append_entry(GArray *entries, EvaluateIndexEntry entry)
{
    if (entries->len > 0) {
        const EvaluateIndexEntry *last =
            &g_array_index(entries, EvaluateIndexEntry, entries->len - 1);
        if (last->pattern == entry.pattern && last->leaf == entry.leaf)
            return;
    }
    g_array_append_val(entries, entry);
}

void evaluate_index_add(EvaluateIndex *index, const PatternNode *node, EvaluateIndexEntry entry)
{
    g_autoptr(GArray) needs = needs_of(node);
    for (guint i = 0; i < needs->len; i++) {
        Need *need = &g_array_index(needs, Need, i);
        IndexType *type = get_type(index, need->type);
        IndexPath *path = need->steps ? get_path(type, need->steps) : NULL;
        if (!path) {
            append_entry(type->any, entry);
            continue;
        }
        GArray *entries = g_hash_table_lookup(path->values, need->value);
        if (!entries) {
            entries = g_array_new(FALSE, FALSE, sizeof(EvaluateIndexEntry));
            g_hash_table_insert(path->values, g_steal_pointer(&need->value), entries);
        }
        append_entry(entries, entry);
    }
}

typedef struct {
    const IndexPath *path;
    GArray *entries;
} Finding;

static gboolean find_value(gpointer user, const EvaluatePathValue *seen)
{
    const Finding *finding = user;
    g_autofree char *key = evaluate_value_key(seen);
    const GArray *entries = key ? g_hash_table_lookup(finding->path->values, key) : NULL;
    if (entries)
        g_array_append_vals(finding->entries, entries->data, entries->len);
    return FALSE;
}

gboolean evaluate_index_find(const EvaluateIndex *index, const Observed *observed,
                             GArray *ret_entries)
{
    gboolean all = TRUE;
    for (guint i = 0; i < observed->objects->len; i++) {
        yyjson_val *object = observed->objects->pdata[i];
        const char *name = yyjson_get_str(yyjson_obj_get(object, "type"));
        const IndexType *type = name ? g_hash_table_lookup(index->types, name) : NULL;
        if (!type)
            continue;
        g_array_append_vals(ret_entries, type->any->data, type->any->len);
        for (guint j = 0; j < type->paths->len; j++) {
            Finding finding = {type->paths->pdata[j], ret_entries};
            if (evaluate_path_walk(observed, object, finding.path->steps, find_value, &finding) ==
                EVALUATE_PATH_TOO_FAR)
                all = FALSE;
        }
    }
    return all;
}
