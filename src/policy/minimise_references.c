#include "policy/minimise_references.h"

#include <string.h>

#include "base/jsonguard.h"

typedef enum { NO_REFERENCE, ONE_REFERENCE, REFERENCES } Kind;

static Kind kind_of(const char *name, gsize length)
{
    static const char *const kept[] = {"created_by_ref", "object_marking_refs", "marking_ref"};
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
        if (strcmp(name, kept[i]) == 0)
            return NO_REFERENCE;
    if (length > 4 && memcmp(name + length - 4, "_ref", 4) == 0)
        return ONE_REFERENCE;
    return length > 5 && memcmp(name + length - 5, "_refs", 5) == 0 ? REFERENCES : NO_REFERENCE;
}

typedef struct {
    void (*found)(void *user, const char *id);
    void *user;
} Finder;

static void find_in(const Finder *finder, yyjson_val *value, guint depth)
{
    size_t at, size;
    yyjson_val *key, *member;
    if (depth > JSONGUARD_MAX_DEPTH)
        return;
    yyjson_arr_foreach (value, at, size, member)
        if (yyjson_is_ctn(member))
            find_in(finder, member, depth + 1);
    yyjson_obj_foreach (value, at, size, key, member) {
        Kind kind = kind_of(yyjson_get_str(key), yyjson_get_len(key));
        size_t place, count;
        yyjson_val *id;
        if (kind == ONE_REFERENCE && yyjson_is_str(member))
            finder->found(finder->user, yyjson_get_str(member));
        if (kind == REFERENCES)
            yyjson_arr_foreach (member, place, count, id)
                if (yyjson_is_str(id))
                    finder->found(finder->user, yyjson_get_str(id));
        if (yyjson_is_ctn(member))
            find_in(finder, member, depth + 1);
    }
}

void minimise_references_each(yyjson_val *object, void (*found)(void *user, const char *id),
                              void *user)
{
    Finder finder = {found, user};
    find_in(&finder, object, 0);
}

typedef struct {
    yyjson_mut_doc *doc;
    const char *(*map)(void *user, const char *id);
    void *user;
    gboolean changed;
} Mapper;

void minimise_references_filter(yyjson_mut_val *list,
                                gboolean (*keep)(void *user, yyjson_mut_val *element), void *user)
{
    g_autoptr(GPtrArray) elements = g_ptr_array_new();
    yyjson_mut_arr_iter iter;
    yyjson_mut_arr_iter_init(list, &iter);
    for (yyjson_mut_val *element; (element = yyjson_mut_arr_iter_next(&iter));)
        g_ptr_array_add(elements, element);
    yyjson_mut_arr_clear(list);
    for (guint i = 0; i < elements->len; i++)
        if (keep(user, elements->pdata[i]))
            yyjson_mut_arr_append(list, elements->pdata[i]);
}

/* FALSE if the reference @value is to be taken out. */
static gboolean map_one(void *user, yyjson_mut_val *value)
{
    Mapper *mapper = user;
    const char *id = yyjson_mut_get_str(value);
    const char *mapped = id ? mapper->map(mapper->user, id) : NULL; /* what is no text stays */
    if (mapped == id)
        return TRUE;
    mapper->changed = TRUE;
    if (!mapped)
        return FALSE;
    yyjson_mut_val *copy = yyjson_mut_strcpy(mapper->doc, mapped);
    yyjson_mut_set_str(value, yyjson_mut_get_str(copy));
    return TRUE;
}

/* FALSE if nothing is left of the list. */
static gboolean map_list(Mapper *mapper, yyjson_mut_val *list)
{
    gsize size = yyjson_mut_arr_size(list);
    minimise_references_filter(list, map_one, mapper);
    return size == 0 || yyjson_mut_arr_size(list) > 0;
}

static void map_in(Mapper *mapper, yyjson_mut_val *value, guint depth)
{
    if (depth > JSONGUARD_MAX_DEPTH)
        return;
    yyjson_mut_arr_iter elements;
    yyjson_mut_arr_iter_init(value, &elements);
    for (yyjson_mut_val *element; (element = yyjson_mut_arr_iter_next(&elements));)
        if (yyjson_mut_is_ctn(element))
            map_in(mapper, element, depth + 1);

    yyjson_mut_obj_iter members;
    yyjson_mut_obj_iter_init(value, &members);
    for (yyjson_mut_val *key; (key = yyjson_mut_obj_iter_next(&members));) {
        yyjson_mut_val *member = yyjson_mut_obj_iter_get_val(key);
        Kind kind = kind_of(yyjson_mut_get_str(key), yyjson_mut_get_len(key));
        gboolean stays = TRUE;
        if (kind == ONE_REFERENCE && yyjson_mut_is_str(member))
            stays = map_one(mapper, member);
        if (kind == REFERENCES && yyjson_mut_is_arr(member))
            stays = map_list(mapper, member);
        if (!stays)
            yyjson_mut_obj_iter_remove(&members);
        else if (yyjson_mut_is_ctn(member))
            map_in(mapper, member, depth + 1);
    }
}

gboolean minimise_references_map(yyjson_mut_doc *doc, yyjson_mut_val *object,
                                 const char *(*map)(void *user, const char *id), void *user)
{
    Mapper mapper = {doc, map, user, FALSE};
    map_in(&mapper, object, 0);
    return mapper.changed;
}

static gboolean selects(yyjson_mut_val *object, const char *selector)
{
    g_auto(GStrv) steps = g_strsplit(selector, ".", -1);
    yyjson_mut_val *value = object;
    for (char **step = steps; *step && value; step++)
        value = **step == '[' ? yyjson_mut_arr_get(value, g_ascii_strtoull(*step + 1, NULL, 10))
                              : yyjson_mut_obj_get(value, *step);
    return value != NULL;
}

/* What takes the place of a selector; NULL for nothing. Caller frees. */
static char *mended(yyjson_mut_val *object, const char *selector)
{
    const char *place = strstr(selector, "_refs.[");
    g_autofree char *text =
        place ? g_strndup(selector, (gsize)(place + 5 - selector)) : g_strdup(selector);
    return selects(object, text) ? g_steal_pointer(&text) : NULL;
}

typedef struct {
    yyjson_mut_doc *doc;
    yyjson_mut_val *object;
    GHashTable *seen; /* selectors of one marking */
} Mender;

static gboolean mend_selector(void *user, yyjson_mut_val *selector)
{
    Mender *mender = user;
    const char *text = yyjson_mut_get_str(selector);
    if (!text)
        return TRUE;
    g_autofree char *better = mended(mender->object, text);
    if (!better || g_hash_table_contains(mender->seen, better))
        return FALSE;
    if (strcmp(better, text) != 0)
        yyjson_mut_set_str(selector, yyjson_mut_get_str(yyjson_mut_strcpy(mender->doc, better)));
    g_hash_table_add(mender->seen, g_steal_pointer(&better));
    return TRUE;
}

static gboolean mend_marking(void *user, yyjson_mut_val *marking)
{
    Mender *mender = user;
    yyjson_mut_val *selectors = yyjson_mut_obj_get(marking, "selectors");
    if (!yyjson_mut_is_arr(selectors))
        return TRUE;
    g_hash_table_remove_all(mender->seen);
    minimise_references_filter(selectors, mend_selector, mender);
    return yyjson_mut_arr_size(selectors) > 0;
}

void minimise_references_mend_selectors(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    yyjson_mut_val *markings = yyjson_mut_obj_get(object, "granular_markings");
    if (!yyjson_mut_is_arr(markings))
        return;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Mender mender = {doc, object, seen};
    minimise_references_filter(markings, mend_marking, &mender);
    if (yyjson_mut_arr_size(markings) == 0)
        yyjson_mut_obj_remove_key(object, "granular_markings");
}
