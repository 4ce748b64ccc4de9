#include "policy/minimise.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/jsonguard.h"
#include "policy/minimise_references.h"
#include "policy/minimise_rules.h"
#include "stix/identifier.h"
#include "stix/object.h"
#include "stix/validate.h"

struct Minimise {
    MinimiseRules *rules;
};

Minimise *minimise_new(const char *text, GError **error)
{
    MinimiseRules *rules = minimise_rules_parse(text, error);
    if (!rules)
        return NULL;
    Minimise *minimise = g_new0(Minimise, 1);
    minimise->rules = rules;
    return minimise;
}

void minimise_free(Minimise *minimise)
{
    if (!minimise)
        return;
    minimise_rules_free(minimise->rules);
    g_free(minimise);
}

const char *minimise_text(const Minimise *minimise)
{
    return minimise_rules_text(minimise->rules);
}

/* ---- The set. ---- */

struct Name;

typedef struct {
    GBytes *in;
    yyjson_doc *doc;
    yyjson_mut_doc *out; /* NULL as long as it is the same */
    struct Name *name;
    gboolean is_observable;
    gboolean is_checked; /* that it is an object without what was taken from it */
    ObjectLevel level;   /* the strictest that @in passes; known once there is @out */
    char *reason;        /* left out; else NULL */
} Entry;

/* An id that stands in the set, as an object's or as a reference. Versions of one object share its
 * fate: who has the one under a new id has to get the next under it. */
typedef struct Name {
    const char *id; /* a document's */
    gboolean is_banned;
    GPtrArray *versions;  /* Entry */
    guint n_left_out;     /* of them */
    GPtrArray *referrers; /* Entry */
    gboolean is_told_gone;
    char *new_id;
} Name;

typedef struct {
    const MinimiseRules *rules;
    Entry *entries;
    guint n_entries;
    GHashTable *names;  /* id -> Name */
    GPtrArray *news;    /* Name: replaced or gone, and who refers to it does not know yet */
    GPtrArray *changed; /* Entry: lost something since it was checked */
    Entry *reading;     /* whose references are collected */
} Set;

static void name_free(gpointer data)
{
    Name *name = data;
    g_ptr_array_unref(name->versions);
    g_ptr_array_unref(name->referrers);
    g_free(name->new_id);
    g_free(name);
}

static void set_clear(Set *set)
{
    for (guint i = 0; i < set->n_entries; i++) {
        Entry *entry = &set->entries[i];
        g_bytes_unref(entry->in);
        yyjson_doc_free(entry->doc);
        yyjson_mut_doc_free(entry->out);
        g_free(entry->reason);
    }
    g_free(set->entries);
    g_hash_table_unref(set->names);
    g_ptr_array_unref(set->news);
    g_ptr_array_unref(set->changed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Set, set_clear)

/* The name of @id, which must outlive the set. */
static Name *name_of(Set *set, const char *id)
{
    Name *name = g_hash_table_lookup(set->names, id);
    if (name)
        return name;
    name = g_new0(Name, 1);
    name->id = id;
    name->is_banned = minimise_rules_bans(set->rules, id, identifier_type_length(id, strlen(id)));
    name->versions = g_ptr_array_new();
    name->referrers = g_ptr_array_new();
    g_hash_table_insert(set->names, (gpointer)id, name);
    return name;
}

/* Whether no reference to it may go out: its type is left out, or every version of it was. */
static gboolean is_gone(const Name *name)
{
    return name->is_banned || (name->versions->len > 0 && name->n_left_out == name->versions->len);
}

static gboolean load(Set *set, guint place, GBytes *bytes, GError **error)
{
    Entry *entry = &set->entries[place];
    entry->in = g_bytes_ref(bytes);
    set->n_entries = place + 1;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    if (length > OBJECT_MAX_SIZE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "object %u: larger than %d bytes",
                    place, OBJECT_MAX_SIZE);
        return FALSE;
    }
    entry->doc = jsonguard_read(text ? text : "", length, error);
    if (!entry->doc) {
        g_prefix_error(error, "object %u: ", place);
        return FALSE;
    }
    yyjson_val *root = yyjson_doc_get_root(entry->doc);
    yyjson_val *type = yyjson_obj_get(root, "type");
    const char *id = yyjson_get_str(yyjson_obj_get(root, "id"));
    if (!id || !yyjson_is_str(type) || yyjson_get_len(type) == 0 ||
        identifier_type_length(id, strlen(id)) != yyjson_get_len(type) ||
        !g_str_has_prefix(id, yyjson_get_str(type))) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "object %u: no STIX object: type and id are required, and must fit", place);
        return FALSE;
    }
    entry->is_observable = !yyjson_obj_get(root, "created");
    entry->name = name_of(set, id);
    g_ptr_array_add(entry->name->versions, entry);
    return TRUE;
}

static void add_referrer(void *user, const char *id)
{
    Set *set = user;
    GPtrArray *referrers = name_of(set, id)->referrers;
    if (referrers->len == 0 || referrers->pdata[referrers->len - 1] != set->reading)
        g_ptr_array_add(referrers, set->reading);
}

/* ---- What is taken out, and what follows from it. ---- */

static void leave_out(Set *set, Entry *entry, char *reason)
{
    Name *name = entry->name;
    entry->reason = reason;
    name->n_left_out++;
    if (is_gone(name) && !name->is_told_gone) {
        name->is_told_gone = TRUE;
        g_ptr_array_add(set->news, name);
    }
}

static Object *read_object(const char *bytes, gsize length, ObjectLevel level, GError **error)
{
    return object_read(bytes, length, OBJECT_SPEC_20, level, error);
}

/* Makes what has the name be replaced. */
static void replace(Set *set, Name *name)
{
    if (name->versions->len == 0 || ((Entry *)name->versions->pdata[0])->out)
        return;
    g_ptr_array_add(set->news, name);
    for (guint i = 0; i < name->versions->len; i++) {
        Entry *entry = name->versions->pdata[i];
        gsize length;
        const char *text = g_bytes_get_data(entry->in, &length);
        g_autoptr(GError) error = NULL;
        g_autoptr(Object) strict = read_object(text, length, OBJECT_MUSTS, NULL);
        g_autoptr(Object) lenient =
            strict ? NULL : read_object(text, length, OBJECT_LENIENT, &error);
        entry->level = strict ? OBJECT_MUSTS : OBJECT_LENIENT;
        entry->out = yyjson_doc_mut_copy(entry->doc, NULL);
        if (!strict && !lenient && !entry->reason)
            leave_out(set, entry, g_strdup_printf("it is no STIX object: %s", error->message));
    }
}

/* Notes that @entry, which is to be replaced, has to be looked at again. */
static void uncheck(Set *set, Entry *entry)
{
    entry->is_checked = FALSE;
    g_ptr_array_add(set->changed, entry);
}

static void strip(Set *set, Entry *entry)
{
    if (!minimise_rules_concern(set->rules, yyjson_doc_get_root(entry->doc)))
        return;
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(entry->doc, NULL);
    if (minimise_rules_strip(set->rules, yyjson_mut_doc_get_root(copy))) {
        replace(set, entry->name);
        yyjson_mut_doc_free(entry->out);
        entry->out = g_steal_pointer(&copy);
        uncheck(set, entry);
    }
    yyjson_mut_doc_free(copy);
}

static void apply_rules(Set *set)
{
    for (guint i = 0; i < set->n_entries; i++) {
        Entry *entry = &set->entries[i];
        if (entry->name->is_banned)
            leave_out(set, entry, g_strdup("objects of its type are left out"));
        else
            strip(set, entry);
    }
    /* What is banned need not be in the set to be referred to. */
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, set->names);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Name *name = value;
        if (name->is_banned && !name->is_told_gone) {
            name->is_told_gone = TRUE;
            g_ptr_array_add(set->news, name);
        }
    }
}

/* Tells who refers to a name that what has it was replaced or is gone. */
static void spread_news(Set *set)
{
    while (set->news->len > 0) {
        Name *name = g_ptr_array_steal_index_fast(set->news, set->news->len - 1);
        for (guint i = 0; i < name->referrers->len; i++) {
            Entry *entry = name->referrers->pdata[i];
            if (entry->reason)
                continue;
            replace(set, entry->name);
            if (is_gone(name))
                uncheck(set, entry);
        }
    }
}

static const char *without_gone(void *user, const char *id)
{
    const Set *set = user;
    const Name *name = g_hash_table_lookup(set->names, id);
    return name && is_gone(name) ? NULL : id;
}

static char *write_out(const Entry *entry, gsize *ret_length)
{
    return yyjson_mut_write(entry->out, YYJSON_WRITE_NOFLAG, ret_length);
}

/* An id that fits whatever is left of an observable, until there is its own: the old one need not,
 * being made of what is gone (STIX 2.1 section 2.9). */
static void set_placeholder(Entry *entry)
{
    const char *id = entry->name->id;
    gsize type = identifier_type_length(id, strlen(id));
    g_autofree char *text =
        g_strdup_printf("%.*s--00000000-0000-4000-8000-000000000000", (int)type, id);
    yyjson_mut_set_str(yyjson_mut_obj_get(yyjson_mut_doc_get_root(entry->out), "id"),
                       yyjson_mut_get_str(yyjson_mut_strcpy(entry->out, text)));
}

/* Takes references out that lead to nothing, and looks whether what is left is an object. */
static void check(Set *set, Entry *entry)
{
    if (entry->is_checked || entry->reason)
        return;
    entry->is_checked = TRUE;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(entry->out);
    minimise_references_map(entry->out, root, without_gone, set);
    minimise_references_mend_selectors(entry->out, root);
    if (entry->is_observable)
        set_placeholder(entry);
    gsize length;
    g_autofree char *text = write_out(entry, &length);
    g_autoptr(GError) error = NULL;
    g_autoptr(Object) object = read_object(text, length, entry->level, &error);
    if (!object)
        leave_out(set, entry,
                  g_strdup_printf("nothing is left that would be an object: %s", error->message));
}

/* Until all know all. An entry is checked again only after something that it refers to was left
 * out, so this ends, and costs no more than there are references. */
static void settle(Set *set)
{
    do {
        spread_news(set);
        while (set->changed->len > 0)
            check(set, g_ptr_array_steal_index_fast(set->changed, set->changed->len - 1));
    } while (set->news->len > 0);
}

/* ---- New ids. ---- */

static const char *without_any(void *user, const char *id)
{
    return NULL;
}

static const char *to_new(void *user, const char *id)
{
    const Set *set = user;
    const Name *name = g_hash_table_lookup(set->names, id);
    return name && name->new_id ? name->new_id : id;
}

/* The observable's content, canonical, without its id and without references: those that are
 * replaced would tell what they stood for. */
static char *content_of(const Entry *entry)
{
    yyjson_mut_doc *copy = yyjson_mut_doc_mut_copy(entry->out, NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(copy);
    yyjson_mut_obj_remove_key(root, "id");
    minimise_references_map(copy, root, without_any, NULL);
    g_autoptr(yyjson_doc) doc = yyjson_mut_doc_imut_copy(copy, NULL);
    yyjson_mut_doc_free(copy);
    g_autoptr(GString) content = g_string_new(NULL);
    canonjson_append(content, yyjson_doc_get_root(doc),
                     NULL); /* no deeper than what it came from */
    return g_string_free(g_steal_pointer(&content), FALSE);
}

static char *derive(const Set *set, const char *id, const char *from)
{
    g_autofree char *name = g_strconcat(minimise_rules_text(set->rules), "\n", from, NULL);
    g_autofree char *type = g_strndup(id, identifier_type_length(id, strlen(id)));
    return identifier_make_v5(type, MINIMISE_NAMESPACE, name, strlen(name));
}

/* Whether an id says nothing of what it names: a UUID that was drawn, not derived. */
static gboolean is_drawn(const char *id)
{
    gsize type = identifier_type_length(id, strlen(id));
    guint version;
    return identifier_is_uuid(id + type + 2, strlen(id) - type - 2, &version) && version == 4;
}

/* Of observables the standard's id, if what is left has one that is another; else one made of what
 * may be told: the old id if it was drawn, the content if the old id was made of that. */
static char *name_observable(Set *set, const Entry *entry)
{
    yyjson_mut_doc *copy = yyjson_mut_doc_mut_copy(entry->out, NULL);
    minimise_references_map(copy, yyjson_mut_doc_get_root(copy), to_new, set);
    g_autoptr(yyjson_doc) doc = yyjson_mut_doc_imut_copy(copy, NULL);
    yyjson_mut_doc_free(copy);
    g_autofree char *standard = identifier_of_observable(yyjson_doc_get_root(doc));
    if (standard && strcmp(standard, entry->name->id) != 0)
        return g_steal_pointer(&standard);

    g_autofree char *content = is_drawn(entry->name->id) ? NULL : content_of(entry);
    char *id = derive(set, entry->name->id, content ? content : entry->name->id);
    /* STIX 2.1 section 2.9: without contributing properties the UUID has to be of version 4. */
    if (!standard)
        id[identifier_type_length(id, strlen(id)) + 2 + 14] = '4';
    return id;
}

/* Whether a reference is among the contributing properties of the observable's type. */
static gboolean is_made_of_references(const Entry *entry)
{
    static const char *const types[] = {"email-message--", "file--", "network-traffic--"};
    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_prefix(entry->name->id, types[i]))
            return TRUE;
    return FALSE;
}

/* First what needs only itself for its id, then what needs the ids of others. */
static void name_all(Set *set)
{
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < set->n_entries; i++) {
            Entry *entry = &set->entries[i];
            Name *name = entry->name;
            if (!entry->out || entry->reason || name->new_id ||
                is_made_of_references(entry) != pass)
                continue;
            name->new_id = entry->is_observable ? name_observable(set, entry)
                                                : derive(set, name->id, name->id);
        }
}

/* ---- What goes out. ---- */

/* Says of what it was made. Observables have no place for it, and where the old id was made of what
 * was taken out, it would tell it to who guesses. */
static void add_link(const Entry *entry)
{
    yyjson_mut_doc *doc = entry->out;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *references = yyjson_mut_obj_get(root, "external_references");
    if (!references) {
        references = yyjson_mut_arr(doc);
        yyjson_mut_obj_add_val(doc, root, "external_references", references);
    }
    if (!yyjson_mut_is_arr(references))
        return;
    yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, references);
    yyjson_mut_obj_add_str(doc, link, "source_name", "derived-from");
    yyjson_mut_obj_add_str(doc, link, "description", "The same with personal data left out.");
    yyjson_mut_obj_add_str(doc, link, "external_id", entry->name->id);
}

static GBytes *finish(Set *set, Entry *entry)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(entry->out);
    minimise_references_map(entry->out, root, to_new, set);
    yyjson_mut_set_str(yyjson_mut_obj_get(root, "id"), entry->name->new_id);
    if (!entry->is_observable)
        add_link(entry);
    gsize length;
    g_autofree char *text = write_out(entry, &length);
    g_autoptr(GError) error = NULL;
    g_autoptr(Object) object = read_object(text, length, entry->level, &error);
    if (object)
        return g_bytes_new_take(g_steal_pointer(&text), length);
    entry->reason = g_strdup_printf("nothing is left that would be an object: %s", error->message);
    return NULL;
}

static void object_clear(gpointer data)
{
    MinimiseObject *object = data;
    g_clear_pointer(&object->bytes, g_bytes_unref);
    g_free(object->id);
    g_free(object->new_id);
    g_free(object->reason);
    g_free(object);
}

/* @seen has the ids of the observables that go out already. */
static MinimiseObject *conclude(Set *set, Entry *entry, GHashTable *seen)
{
    MinimiseObject *object = g_new0(MinimiseObject, 1);
    object->id = g_strdup(entry->name->id);
    const char *new_id = entry->out ? entry->name->new_id : entry->name->id;
    gboolean merged = entry->out && !entry->reason && entry->is_observable &&
                      !g_hash_table_add(seen, (gpointer)new_id);
    if (entry->out && !entry->reason && !merged)
        object->bytes = finish(set, entry);
    if (entry->reason) {
        object->fate = MINIMISE_LEFT_OUT;
        object->reason = g_strdup(entry->reason);
        return object;
    }
    object->new_id = g_strdup(new_id);
    object->fate = merged ? MINIMISE_MERGED : entry->out ? MINIMISE_REPLACED : MINIMISE_SAME;
    if (!entry->out)
        object->bytes = g_bytes_ref(entry->in);
    return object;
}

static GPtrArray *conclude_all(Set *set)
{
    GPtrArray *objects = g_ptr_array_new_full(set->n_entries, object_clear);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < set->n_entries; i++)
        if (!set->entries[i].out && !set->entries[i].reason)
            g_hash_table_add(seen, (gpointer)set->entries[i].name->id);
    for (guint i = 0; i < set->n_entries; i++)
        g_ptr_array_add(objects, conclude(set, &set->entries[i], seen));
    return objects;
}

GPtrArray *minimise_apply(const Minimise *minimise, GBytes *const *objects, guint n_objects,
                          GError **error)
{
    if (n_objects > MINIMISE_OBJECTS_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %d objects at once",
                    MINIMISE_OBJECTS_MAX);
        return NULL;
    }
    g_auto(Set) set = {
        .rules = minimise->rules,
        .entries = g_new0(Entry, MAX(n_objects, 1)),
        .names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, name_free),
        .news = g_ptr_array_new(),
        .changed = g_ptr_array_new(),
    };
    for (guint i = 0; i < n_objects; i++) {
        if (!load(&set, i, objects[i], error))
            return NULL;
        set.reading = &set.entries[i];
        minimise_references_each(yyjson_doc_get_root(set.entries[i].doc), add_referrer, &set);
    }
    apply_rules(&set);
    settle(&set);
    name_all(&set);
    return conclude_all(&set);
}
