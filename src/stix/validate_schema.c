#include "stix/validate_schema.h"

#include <string.h>

/* Names of types and properties, found like keys in jsonguard.c: by length and three letters. */
static guint name_slot(const char *name, gsize length)
{
    const guint8 *text = (const guint8 *)name;
    if (length == 0)
        return 0;
    return (guint)(length * 29 + text[0] * 5u + text[length / 2] * 17u + text[length - 1] * 3u);
}

int validate_schema_property(const ValidateCompiled *compiled, const char *name, gsize length)
{
    guint slot = name_slot(name, length) % VALIDATE_SCHEMA_SLOTS;
    for (; compiled->slots[slot] != 0; slot = (slot + 1) % VALIDATE_SCHEMA_SLOTS) {
        guint index = compiled->slots[slot] - 1u;
        if (compiled->properties[index].name_length == length &&
            memcmp(compiled->properties[index].property->name, name, length) == 0)
            return (int)index;
    }
    return -1;
}

/* Everything compiled: schemas by their table, and for each specification its types by name. */
typedef struct {
    GHashTable *by_schema;  /* ValidateSchema -> ValidateCompiled */
    GHashTable *objects[2]; /* name -> ValidateCompiled, for STIX 2.0 and 2.1 */
    GHashTable *extensions[2];
} Registry;

static const ValidateCompiled *compile(Registry *registry, const ValidateSchema *schema);

static void add_property(Registry *registry, ValidateCompiled *compiled,
                         const ValidateProperty *property)
{
    gsize length = strlen(property->name);
    g_assert(compiled->count < VALIDATE_SCHEMA_MAX_PROPERTIES);
    g_assert(validate_schema_property(compiled, property->name, length) < 0);

    guint index = compiled->count++;
    guint64 bit = G_GUINT64_CONSTANT(1) << index;
    compiled->properties[index].property = property;
    compiled->properties[index].name_length = length;
    if (property->part)
        compiled->properties[index].part = compile(registry, property->part);
    if (property->flags & PROPERTY_REQUIRED)
        compiled->required |= bit;
    if (property->flags & PROPERTY_DEPRECATED)
        compiled->deprecated |= bit;

    guint slot = name_slot(property->name, length) % VALIDATE_SCHEMA_SLOTS;
    while (compiled->slots[slot] != 0)
        slot = (slot + 1) % VALIDATE_SCHEMA_SLOTS;
    compiled->slots[slot] = (guint8)(index + 1);
}

static void add_rule(ValidateCompiled *compiled, const ValidateRule *rule)
{
    g_assert(compiled->rule_count < VALIDATE_SCHEMA_MAX_RULES);
    ValidateCompiledRule *target = &compiled->rules[compiled->rule_count++];
    target->kind = rule->kind;
    target->rule = rule;
    if (!rule->names)
        return;
    g_auto(GStrv) names = g_strsplit(rule->names, " ", 0);
    for (guint i = 0; names[i]; i++) {
        int index = validate_schema_property(compiled, names[i], strlen(names[i]));
        g_assert(index >= 0);
        target->names |= G_GUINT64_CONSTANT(1) << index;
        if (i == 0)
            target->first = (guint)index;
        else if (i == 1)
            target->second = (guint)index;
    }
}

static const ValidateCompiled *compile(Registry *registry, const ValidateSchema *schema)
{
    ValidateCompiled *compiled = g_hash_table_lookup(registry->by_schema, schema);
    if (compiled)
        return compiled;
    compiled = g_new0(ValidateCompiled, 1);
    compiled->schema = schema;
    g_hash_table_insert(registry->by_schema, (gpointer)schema, compiled);

    for (const ValidateProperty *property = schema->own; property->name; property++)
        add_property(registry, compiled, property);
    compiled->own = (G_GUINT64_CONSTANT(1) << compiled->count) - 1;
    for (const ValidateProperty *property = schema->common; property && property->name; property++)
        add_property(registry, compiled, property);
    for (const ValidateRule *rule = schema->rules; rule && rule->kind != RULE_END; rule++)
        add_rule(compiled, rule);
    return compiled;
}

static void register_all(Registry *registry, GHashTable *by_name,
                         const ValidateSchema *const *schemas)
{
    for (; *schemas; schemas++)
        g_hash_table_insert(by_name, (gpointer)(*schemas)->name,
                            (gpointer)compile(registry, *schemas));
}

/* Made once and kept to the end of the program. */
static gpointer make_registry(gpointer unused)
{
    Registry *registry = g_new0(Registry, 1);
    registry->by_schema = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < 2; i++) {
        registry->objects[i] = g_hash_table_new(g_str_hash, g_str_equal);
        registry->extensions[i] = g_hash_table_new(g_str_hash, g_str_equal);
    }
    register_all(registry, registry->objects[0], validate_objects20);
    register_all(registry, registry->objects[0], validate_observables20);
    register_all(registry, registry->extensions[0], validate_extensions20);
    register_all(registry, registry->objects[1], validate_objects21);
    register_all(registry, registry->objects[1], validate_observables21);
    register_all(registry, registry->extensions[1], validate_extensions21);
    compile(registry, &validate_objects20_custom);
    compile(registry, &validate_objects21_custom);
    compile(registry, &validate_observables20_custom);
    compile(registry, &validate_observables21_custom);
    return registry;
}

static const Registry *get_registry(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, make_registry, NULL);
}

/* The longest name of a type in the tables, with room to spare. */
#define MAX_NAME 64

static const ValidateCompiled *find(GHashTable *by_name, const char *name, gsize length)
{
    char text[MAX_NAME];
    if (length >= sizeof text)
        return NULL;
    memcpy(text, name, length);
    text[length] = '\0';
    const ValidateCompiled *found = g_hash_table_lookup(by_name, text);
    return found && strlen(found->schema->name) == length ? found : NULL;
}

const ValidateCompiled *validate_schema_find(ObjectSpec spec, const char *name, gsize length)
{
    return find(get_registry()->objects[spec == OBJECT_SPEC_21], name, length);
}

const ValidateCompiled *validate_schema_find_extension(ObjectSpec spec, const char *name,
                                                       gsize length)
{
    return find(get_registry()->extensions[spec == OBJECT_SPEC_21], name, length);
}

const ValidateCompiled *validate_schema_custom(ObjectSpec spec, gboolean observable)
{
    const ValidateSchema *schema =
        spec == OBJECT_SPEC_21
            ? (observable ? &validate_observables21_custom : &validate_objects21_custom)
            : (observable ? &validate_observables20_custom : &validate_objects20_custom);
    return g_hash_table_lookup(get_registry()->by_schema, schema);
}
