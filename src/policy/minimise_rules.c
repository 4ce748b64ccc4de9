#include "policy/minimise_rules.h"

#include <string.h>

#include "base/texts.h"
#include "policy/minimise.h"
#include "policy/minimise_references.h"
#include "stix/identifier.h"

typedef struct {
    char *type;     /* NULL: every one */
    char *property; /* NULL: the whole object */
} Rule;

struct MinimiseRules {
    GArray *rules; /* Rule */
    char *text;
};

/* What no rule may be about: what makes an object one, and what says how it may be shared. */
static const char *const kept_properties[] = {
    "type",           "id",      "spec_version",        "created",           "modified",
    "created_by_ref", "revoked", "object_marking_refs", "granular_markings", NULL};
static const char *const kept_types[] = {"marking-definition", "extension-definition", "bundle",
                                         NULL};

static void rule_clear(gpointer data)
{
    Rule *rule = data;
    g_free(rule->type);
    g_free(rule->property);
}

void minimise_rules_free(MinimiseRules *rules)
{
    if (!rules)
        return;
    g_array_unref(rules->rules);
    g_free(rules->text);
    g_free(rules);
}

/* A name of a type or property: letters, digits, "-" and "_". */
static gboolean is_name(const char *text)
{
    gsize length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return length > 0 && length <= 250 && text[length] == '\0';
}

static gboolean add_rule(MinimiseRules *rules, const char *word, GError **error)
{
    const char *dot = strchr(word, '.');
    g_autofree char *type = dot ? g_strndup(word, (gsize)(dot - word)) : g_strdup(word);
    g_autofree char *property = dot ? g_strdup(dot + 1) : NULL;
    gboolean is_any = dot && strcmp(type, "*") == 0;
    if ((!is_any && !is_name(type)) || (property && !is_name(property))) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" is no rule of minimisation: TYPE, TYPE.PROPERTY or *.PROPERTY", word);
        return FALSE;
    }
    if (g_strv_contains(kept_types, type) ||
        (property && g_strv_contains(kept_properties, property))) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" cannot be left out: objects, or how they may be shared, depend on it",
                    word);
        return FALSE;
    }
    Rule rule = {is_any ? NULL : g_steal_pointer(&type), g_steal_pointer(&property)};
    g_array_append_val(rules->rules, rule);
    return TRUE;
}

MinimiseRules *minimise_rules_parse(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, ", \t\r\n", -1);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    for (char **word = words; *word; word++)
        if (**word)
            g_ptr_array_add(sorted, *word);
    g_ptr_array_sort(sorted, texts_compare);

    MinimiseRules *rules = g_new0(MinimiseRules, 1);
    rules->rules = g_array_new(FALSE, TRUE, sizeof(Rule));
    g_array_set_clear_func(rules->rules, rule_clear);
    g_autoptr(GString) joined = g_string_new(NULL);
    gboolean fine = TRUE;
    for (guint i = 0; i < sorted->len && fine; i++) {
        const char *word = sorted->pdata[i];
        if (i > 0 && strcmp(word, sorted->pdata[i - 1]) == 0)
            continue;
        g_string_append_printf(joined, "%s%s", joined->len ? ", " : "", word);
        fine = add_rule(rules, word, error);
        if (fine && rules->rules->len > MINIMISE_RULES_MAX) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                        "there are more than %d rules of minimisation", MINIMISE_RULES_MAX);
            fine = FALSE;
        }
    }
    rules->text = g_string_free(g_steal_pointer(&joined), FALSE);
    if (fine)
        return rules;
    minimise_rules_free(rules);
    return NULL;
}

const char *minimise_rules_text(const MinimiseRules *rules)
{
    return rules->text;
}

static gboolean is_of(const Rule *rule, const char *type, gsize length)
{
    return !rule->type || (strlen(rule->type) == length && memcmp(rule->type, type, length) == 0);
}

gboolean minimise_rules_bans(const MinimiseRules *rules, const char *type, gsize length)
{
    for (guint i = 0; i < rules->rules->len; i++) {
        const Rule *rule = &g_array_index(rules->rules, Rule, i);
        if (!rule->property && is_of(rule, type, length))
            return TRUE;
    }
    return FALSE;
}

gboolean minimise_rules_concern(const MinimiseRules *rules, yyjson_val *object)
{
    yyjson_val *type = yyjson_obj_get(object, "type");
    if (!yyjson_is_str(type) || rules->rules->len == 0)
        return FALSE;
    /* What is inside these has to be looked at. */
    if (yyjson_equals_str(type, "observed-data") || yyjson_equals_str(type, "language-content"))
        return TRUE;
    for (guint i = 0; i < rules->rules->len; i++) {
        const Rule *rule = &g_array_index(rules->rules, Rule, i);
        if (rule->property && is_of(rule, yyjson_get_str(type), yyjson_get_len(type)) &&
            yyjson_obj_get(object, rule->property))
            return TRUE;
    }
    return FALSE;
}

/* Takes from @object the properties that rules for @type are about. */
static gboolean strip_properties(const MinimiseRules *rules, yyjson_mut_val *object,
                                 const char *type, gsize length)
{
    gboolean stripped = FALSE;
    for (guint i = 0; i < rules->rules->len; i++) {
        const Rule *rule = &g_array_index(rules->rules, Rule, i);
        if (rule->property && is_of(rule, type, length) &&
            yyjson_mut_obj_remove_key(object, rule->property))
            stripped = TRUE;
    }
    return stripped;
}

static gboolean is_still_there(void *gone, yyjson_mut_val *key)
{
    return !yyjson_mut_is_str(key) || !g_hash_table_contains(gone, yyjson_mut_get_str(key));
}

/* Takes the keys in @gone out of what refers to them: `..._ref` and `..._refs` of observables
 * inside an observed-data object (STIX 2.0 part 3 section 2.2), which a later validation judges. */
static void drop_local_references(yyjson_mut_val *observable, GHashTable *gone)
{
    yyjson_mut_obj_iter members;
    yyjson_mut_obj_iter_init(observable, &members);
    for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&members));) {
        const char *name = yyjson_mut_get_str(key);
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        if (yyjson_mut_is_str(value) && g_str_has_suffix(name, "_ref") &&
            g_hash_table_contains(gone, yyjson_mut_get_str(value)))
            yyjson_mut_obj_iter_remove(&members);
        if (!yyjson_mut_is_arr(value) || !g_str_has_suffix(name, "_refs"))
            continue;
        minimise_references_filter(value, is_still_there, gone);
        if (yyjson_mut_arr_size(value) == 0)
            yyjson_mut_obj_iter_remove(&members);
    }
}

/* The `objects` of an observed-data object: observables by local names. */
static gboolean strip_observed(const MinimiseRules *rules, yyjson_mut_val *objects)
{
    g_autoptr(GHashTable) gone = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean stripped = FALSE;
    yyjson_mut_obj_iter members;
    yyjson_mut_obj_iter_init(objects, &members);
    for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&members));) {
        yyjson_mut_val *observable = yyjson_mut_obj_iter_get_val(key);
        yyjson_mut_val *type = yyjson_mut_obj_get(observable, "type");
        if (!yyjson_mut_is_str(type))
            continue;
        if (minimise_rules_bans(rules, yyjson_mut_get_str(type), yyjson_mut_get_len(type))) {
            g_hash_table_add(gone, (gpointer)yyjson_mut_get_str(key));
            yyjson_mut_obj_iter_remove(&members);
        } else if (strip_properties(rules, observable, yyjson_mut_get_str(type),
                                    yyjson_mut_get_len(type))) {
            stripped = TRUE;
        }
    }
    if (g_hash_table_size(gone) == 0)
        return stripped;
    yyjson_mut_obj_iter_init(objects, &members);
    for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&members));)
        drop_local_references(yyjson_mut_obj_iter_get_val(key), gone);
    return TRUE;
}

/* The `contents` of a language-content object (STIX 2.1 section 7.1): languages, and in each
 * properties of what it translates. */
static gboolean strip_translations(const MinimiseRules *rules, yyjson_mut_val *object)
{
    yyjson_mut_val *of = yyjson_mut_obj_get(object, "object_ref");
    yyjson_mut_val *contents = yyjson_mut_obj_get(object, "contents");
    if (!yyjson_mut_is_str(of) || !yyjson_mut_is_obj(contents))
        return FALSE;
    const char *type = yyjson_mut_get_str(of);
    gsize length = identifier_type_length(type, yyjson_mut_get_len(of));
    gboolean stripped = FALSE;
    yyjson_mut_obj_iter languages;
    yyjson_mut_obj_iter_init(contents, &languages);
    for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&languages));) {
        yyjson_mut_val *texts = yyjson_mut_obj_iter_get_val(key);
        if (!strip_properties(rules, texts, type, length))
            continue;
        stripped = TRUE;
        if (yyjson_mut_obj_size(texts) == 0)
            yyjson_mut_obj_iter_remove(&languages);
    }
    if (yyjson_mut_obj_size(contents) == 0)
        yyjson_mut_obj_remove_key(object, "contents");
    return stripped;
}

gboolean minimise_rules_strip(const MinimiseRules *rules, yyjson_mut_val *object)
{
    yyjson_mut_val *type = yyjson_mut_obj_get(object, "type");
    if (!yyjson_mut_is_str(type))
        return FALSE;
    gboolean stripped =
        strip_properties(rules, object, yyjson_mut_get_str(type), yyjson_mut_get_len(type));
    if (yyjson_mut_equals_str(type, "observed-data"))
        stripped |= strip_observed(rules, yyjson_mut_obj_get(object, "objects"));
    if (yyjson_mut_equals_str(type, "language-content"))
        stripped |= strip_translations(rules, object);
    return stripped;
}
