#include "node/shield_cache.h"

#include <string.h>
#include <sys/stat.h>

#include "base/durable.h"
#include "base/jsonguard.h"
#include "node/config.h"
#include "node/shield_source.h"
#include "shield/walk.h"
#include "store/content.h"

#define DIRECTORY "shield"
#define FILE_NAME "current.set"

/* What the note is called that says what the set was made of. */
#define STATE "state"

static gboolean add_file(gpointer user, const char *path, const GError *unreadable)
{
    struct stat status;
    if (!unreadable && stat(path, &status) == 0)
        g_string_append_printf(user, "\n%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%ld", path,
                               (gint64)status.st_size, (gint64)status.st_mtim.tv_sec,
                               status.st_mtim.tv_nsec);
    return TRUE;
}

/* All that the set depends on. */
static char *describe(Store *store, const char *lists, GError **error)
{
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    g_autofree char *content = content_state(store, error);
    if (!content)
        return NULL;
    g_autoptr(GString) files = g_string_new(NULL);
    if (lists)
        walk_files(lists, add_file, files);
    sha256_digest(files->str, files->len, digest);
    return g_strdup_printf("%s %s", content, sha256_hex(digest, hex));
}

/* The set in the file, if it is of this state. Whatever is wrong with it, a new one is made. */
static Set *open_current(const char *path, const char *state)
{
    gsize length;
    g_autoptr(Set) set = set_open(path, NULL);
    const char *info = set ? set_info(set, &length) : NULL;
    g_autoptr(yyjson_doc) doc = info ? jsonguard_read(info, length, NULL) : NULL;
    const char *noted =
        doc ? yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), STATE)) : NULL;
    return noted && strcmp(noted, state) == 0 ? g_steal_pointer(&set) : NULL;
}

static gboolean add_lists(Warninglist *lists, const char *suppress, GError **error)
{
    if (warninglist_add(lists, suppress, error))
        return TRUE;
    g_prefix_error(error, "[shield] suppress: ");
    return FALSE;
}

gboolean shield_cache_add_lists(const Config *config, Warninglist *lists, GError **error)
{
    const char *suppress = config_path(config, SETTING_SHIELD_SUPPRESS);
    return !suppress || add_lists(lists, suppress, error);
}

static GBytes *build(Store *store, const char *state, const char *suppress, GError **error)
{
    guint8 secret[SET_BUILDER_SECRET];
    g_autoptr(Warninglist) lists = suppress ? warninglist_new() : NULL;

    if (!content_secret(store, SHIELD_CACHE_SECRET, secret, error) ||
        (lists && !add_lists(lists, suppress, error)))
        return NULL;
    if (lists)
        warninglist_finish(lists);
    g_autoptr(SetBuilder) builder = set_builder_new(secret);
    set_builder_use_lists(builder, lists);
    set_builder_note(builder, STATE, state);
    return shield_source_read(store, builder, error) ? set_builder_finish(builder, error) : NULL;
}

/* Puts it where the next one looks; that it cannot is no failure. Several, also threads of one
 * process, may be making it at once. */
static void keep(const char *directory, const char *path, GBytes *bytes)
{
    if (durable_make_directory(directory, 0700, NULL))
        durable_write_bytes(path, bytes, 0600, NULL);
}

Set *shield_cache_open_parts(const char *node, const Config *config, Store *store,
                             gboolean *ret_made, GError **error)
{
    const char *suppress = config_path(config, SETTING_SHIELD_SUPPRESS);
    g_autofree char *directory = g_build_filename(node, DIRECTORY, NULL);
    g_autofree char *path = g_build_filename(directory, FILE_NAME, NULL);
    g_autofree char *state = describe(store, suppress, error);

    if (!state)
        return NULL;
    Set *set = open_current(path, state);
    if (ret_made)
        *ret_made = set == NULL;
    if (set)
        return set;
    g_autoptr(GBytes) bytes = build(store, state, suppress, error);
    if (!bytes)
        return NULL;
    keep(directory, path, bytes);
    set = open_current(path, state);
    return set ? set : set_open_bytes(bytes, error);
}

Set *shield_cache_open(Node *node, gboolean *ret_made, GError **error)
{
    return shield_cache_open_parts(node_directory(node), node_config(node), node_store(node),
                                   ret_made, error);
}
