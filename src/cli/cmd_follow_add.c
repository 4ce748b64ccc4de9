/* cmd_follow_add.c - `concert follow taxii` and `concert follow list`: a new source. */
#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_follow.h"
#include "cli/command_node.h"
#include "cli/output.h"
#include "cli/reading_options.h"
#include "cli/secret.h"
#include "intake/taxii_client.h"
#include "node/follow_reading.h"
#include "node/follow_run.h"
#include "node/follow_secret.h"

/* --- what both have ----------------------------------------------------------------------------
 */

/* "feeds.birch.example" of "https://feeds.birch.example/list.txt", and "-2" and so on behind it
 * when that is taken. */
static char *make_name(Store *store, const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
    const char *host = uri ? g_uri_get_host(uri) : NULL;
    g_autofree char *base = g_strndup(host && *host ? host : "source", FOLLOWED_NAME_MAX - 8);
    g_strcanon(base, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-", '-');
    if (!g_ascii_isalnum(base[0]))
        base[0] = 'x';
    for (guint i = 1;; i++) {
        g_autofree char *name = i == 1 ? g_strdup(base) : g_strdup_printf("%s-%u", base, i);
        g_autoptr(Followed) taken = followed_find(store, name, NULL);
        if (!taken)
            return g_steal_pointer(&name);
    }
}

static gboolean read_secret(const CommandCall *call, Followed *followed, char **ret_secret,
                            GError **error)
{
    const char *user = command_text(call, "user");
    const char *password = command_text(call, "password-file");
    const char *token = command_text(call, "token-file");
    if ((user != NULL) != (password != NULL) || (user && token)) {
        command_usage(call, error, "--user with --password-file, or --token-file alone");
        return FALSE;
    }
    const char *path = password ? password : token;
    char *secret = path ? secret_from_file(path, error) : NULL;
    if (path && !secret)
        return FALSE;
    if (secret && !*secret) {
        command_usage(call, error, "%s: the first line is empty", path);
        secret_free(secret);
        return FALSE;
    }
    followed->auth = password ? FOLLOWED_BASIC : token ? FOLLOWED_BEARER : FOLLOWED_OPEN;
    followed->user = g_strdup(user);
    *ret_secret = secret;
    return TRUE;
}

static gboolean read_common(const CommandCall *call, Node *node, Followed *followed,
                            char **ret_secret, GError **error)
{
    static const ObjectLevel levels[] = {OBJECT_LENIENT, OBJECT_DEFAULT, OBJECT_STRICT};
    const Config *config = node_config(node);
    const char *name = command_text(call, "name"), *every = command_text(call, "every");
    const char *into = command_text(call, "into"), *source = command_text(call, "source");
    followed->url = g_strdup(call->arguments[0]);
    followed->name = name ? g_strdup(name) : make_name(node_store(node), followed->url);
    followed->collection = g_strdup(into ? into : config_string(config, SETTING_IMPORT_COLLECTION));
    followed->source = g_strdup(source ? source : followed->name);
    followed->level =
        levels[command_choice(call, "level", (int)config_enum(config, SETTING_IMPORT_LEVEL))];
    followed->every = config_duration(config, SETTING_FOLLOW_EVERY);
    if (every && !config_read_duration(every, FOLLOWED_EVERY_MAX, &followed->every)) {
        command_usage(call, error, "--every %s: not a time such as 90s, 15min, 6h or 1d", every);
        return FALSE;
    }
    if (!followed_check_name(followed->name, error))
        return FALSE;
    g_autoptr(Followed) taken = followed_find(node_store(node), followed->name, NULL);
    if (taken) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                    "a source %s is followed already; give this one another --name", taken->name);
        return FALSE;
    }
    return read_secret(call, followed, ret_secret, error) && follow_run_may_send(followed, error);
}

static gboolean add(Node *node, const Followed *followed, GError **error)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    const struct {
        const char *name, *text;
    } texts[] = {
        {"name", followed->name},       {"url", followed->url},
        {"remote", followed->remote},   {"collection", followed->collection},
        {"source", followed->source},   {"user", followed->user},
        {"reading", followed->reading},
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].text)
            yyjson_mut_obj_add_strcpy(params, root, texts[i].name, texts[i].text);
    yyjson_mut_obj_add_int(params, root, "kind", followed->kind);
    yyjson_mut_obj_add_int(params, root, "level", followed->level);
    yyjson_mut_obj_add_int(params, root, "every", followed->every);
    yyjson_mut_obj_add_int(params, root, "auth", followed->auth);
    yyjson_mut_obj_add_sint(params, root, "since", followed->since);
    return command_node_call(node, "follow.add", params, NULL, error);
}

/* The secret is there before the source that needs it. */
static int add_with_secret(Node *node, const Followed *followed, const char *secret, GError **error)
{
    const char *directory = node_directory(node);
    if (secret && !follow_secret_write(directory, followed->name, secret, error))
        return COMMAND_ERROR;
    if (!add(node, followed, error)) {
        if (secret && (*error)->code != CONCERT_ERROR_CONFLICT)
            follow_secret_remove(directory, followed->name);
        return COMMAND_ERROR;
    }
    output_line("%s is followed. `concert serve` reads it every %u s, `concert follow run %s` now.",
                followed->name, followed->every, followed->name);
    return COMMAND_OK;
}

/* --- TAXII -------------------------------------------------------------------------------------
 */

static void note_skipped(gpointer user, const char *message)
{
    output_note("%s", message);
}

static gboolean is_named(const TaxiiClientCollection *collection, const char *name)
{
    return g_str_equal(collection->id, name) || g_strcmp0(collection->alias, name) == 0;
}

/* The ids of the collections that are named, separated by blanks; NULL with @error. */
static char *choose_named(const GPtrArray *found, const char *const *names, GError **error)
{
    g_autoptr(GString) ids = g_string_new(NULL);
    for (guint i = 0; names[i]; i++) {
        const TaxiiClientCollection *chosen = NULL;
        for (guint j = 0; j < found->len && !chosen; j++)
            if (is_named(found->pdata[j], names[i]))
                chosen = found->pdata[j];
        if (!chosen || !chosen->readable) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        chosen ? "this user may not read the collection %s"
                               : "the server has no collection %s for this user",
                        names[i]);
            return NULL;
        }
        g_string_append_printf(ids, "%s%s", ids->len > 0 ? " " : "", chosen->id);
    }
    return g_string_free(g_steal_pointer(&ids), FALSE);
}

/* When nothing is named: the only one there is. */
static char *choose_only(const CommandCall *call, const GPtrArray *found, GError **error)
{
    const TaxiiClientCollection *only = NULL;
    guint count = 0;
    for (guint i = 0; i < found->len; i++) {
        const TaxiiClientCollection *collection = found->pdata[i];
        if (collection->readable) {
            only = collection;
            count++;
        }
    }
    if (count == 1)
        return g_strdup(only->id);
    for (guint i = 0; i < found->len; i++) {
        const TaxiiClientCollection *collection = found->pdata[i];
        if (collection->readable)
            output_note("%s  %s", collection->id, collection->title ? collection->title : "");
    }
    command_usage(call, error,
                  count > 0 ? "%u collections are there: --collection ID for some, or --all"
                            : "%u collections can be read there",
                  count);
    return NULL;
}

/* Asks the server what it has: a wrong address or password is told now rather than by night. */
static gboolean choose(const CommandCall *call, Node *node, Followed *followed, const char *secret,
                       GError **error)
{
    const char *const *names = command_texts(call, "collection");
    gboolean all = command_flag(call, "all");
    if (names && all) {
        command_usage(call, error, "--collection or --all, not both");
        return FALSE;
    }
    TaxiiClient client = {.fetch = follow_run_fetch(node_config(node), followed, secret)};
    g_autoptr(GPtrArray) found =
        taxii_client_collections(&client, followed->url, note_skipped, NULL, error);
    if (!found)
        return command_file_error(error) == COMMAND_OK;
    if (!all)
        followed->remote =
            names ? choose_named(found, names, error) : choose_only(call, found, error);
    return all || followed->remote;
}

static int run_taxii(const CommandCall *call, GError **error)
{
    g_autoptr(Followed) followed = g_new0(Followed, 1);
    g_auto(SecretText) secret = NULL;
    const char *since = command_text(call, "since");
    followed->kind = FOLLOWED_TAXII;
    if (since && !timestamp_parse_lenient(since, strlen(since), &followed->since))
        return command_usage(call, error, "--since %s: not a time such as 2024-05-01T10:20:30Z",
                             since);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !read_common(call, node, followed, &secret, error) ||
        !choose(call, node, followed, secret, error))
        return COMMAND_ERROR;
    return add_with_secret(node, followed, secret, error);
}

/* --- lists -------------------------------------------------------------------------------------
 */

static int run_list(const CommandCall *call, GError **error)
{
    static const IntakeFormat formats[] = {INTAKE_STIX, INTAKE_MISP, INTAKE_MISP_FEED, INTAKE_LIST,
                                           INTAKE_CSV};
    g_autoptr(Followed) followed = g_new0(Followed, 1);
    g_auto(SecretText) secret = NULL;
    const char *kind = command_text(call, "kind");
    int format = command_choice(call, "format", -1);
    const IntakeOptions reading = {
        .format = format < 0 ? INTAKE_NONE : formats[format],
        .csv_columns = command_text(call, "columns"),
        .confidence = (int)command_int(call, "confidence", -1),
        .tlp = command_text(call, "tlp"),
        .kind = kind ? observable_kind_from_name(kind) : OBSERVABLE_NONE,
    };
    followed->kind = FOLLOWED_LIST;
    followed->reading = follow_reading_format(&reading);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !read_common(call, node, followed, &secret, error))
        return COMMAND_ERROR;
    return add_with_secret(node, followed, secret, error);
}

#define COMMON_OPTIONS                                                                             \
    {"name", 'n', COMMAND_TEXT, "NAME", .help = "what to call the source (default: its host)"},    \
        {"into", 'i', COMMAND_TEXT, "COLLECTION",                                                  \
         .help = "collection the objects join (default: [import] collection)"},                    \
        {"source", 's', COMMAND_TEXT, "SOURCE",                                                    \
         .help = "who gives the objects (default: the name)"},                                     \
        {"every", 'e', COMMAND_TEXT, "TIME",                                                       \
         .help = "how often: 90s, 15min, 6h, 1d (default: [follow] every)"},                       \
        {"user", 'u', COMMAND_TEXT, "USER", .help = "log in with a password"},                     \
        {"password-file", 0, COMMAND_TEXT, "FILE",                                                 \
         .help = "its first line is the password; - is standard input"},                           \
        {"token-file", 0, COMMAND_TEXT, "FILE",                                                    \
         .help = "its first line is a bearer token; - is standard input"},                         \
    {                                                                                              \
        "level", 'l', COMMAND_CHOICE, "LEVEL",                                                     \
            .choices = "lenient|default|strict",                                                   \
            .help = "how strictly objects are checked (default: [import] level)"                   \
    }

#define SECRETS                                                                                    \
    "Passwords and tokens are copied into the node's directory, where only its owner can read "    \
    "them; they are in no log, no database and no backup, and go only to the host in URL, over "   \
    "https."

const Command cmd_follow_taxii = {
    .name = "taxii",
    .summary = "follow collections of a TAXII 2.1 server",
    .arguments = "URL",
    .description = "URL is that of the server, of an API root or of a collection. The server is "
                   "asked what it has before anything is added.\n\n" SECRETS,
    .options =
        (const CommandOption[]){
            {"collection", 'c', COMMAND_TEXTS, "ID",
             .help = "a collection of the server, by id or alias; may be given again"},
            {"all", 'a', COMMAND_FLAG,
             .help = "every collection that can be read, those to come too"},
            COMMON_OPTIONS,
            {"since", 0, COMMAND_TEXT, "TIME", .help = "only what was added there since"},
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert follow taxii --all https://taxii.birch.example/taxii2/",
             "all that Birch publishes"},
            {"concert follow taxii -u alder --password-file - -e 5min "
             "https://taxii.cedar.example/api/collections/"
             "a2a0e3f5-23f2-4b6e-9d1c-0c5d1f6e7a89/",
             "one collection, with a password that is asked of standard input"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_taxii,
};

const Command cmd_follow_list = {
    .name = "list",
    .summary = "follow a file, a list or a MISP feed",
    .arguments = "URL",
    .description =
        "URL is that of anything `concert import` understands; one that ends in \"/\" is a MISP "
        "feed, of which only new and changed events are fetched. Everything else is fetched when "
        "its ETag or Last-Modified is another than the last time.\n\n" SECRETS,
    .options =
        (const CommandOption[]){
            COMMON_OPTIONS,
            READING_OPTIONS,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert follow list --tlp green --every 1h https://feeds.birch.example/list.txt",
             "a list that Birch publishes"},
            {"concert follow list https://feeds.cedar.example/misp/", "a MISP feed"},
            {NULL},
        },
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_list,
};
