/* cmd_contact_import.c - `concert contact import` and `concert contact add`: who answers for what.
 */
#include <string.h>

#include "base/jsontext.h"
#include "cli/cmd_contact.h"
#include "cli/command_node.h"
#include "cli/document.h"
#include "cli/output.h"
#include "identity/certificate.h"
#include "intake/contact_list.h"
#include "node/mail_protect.h"
#include "store/contacts.h"
#include "store/peers.h"

#define ROWS_AT_ONCE  1000
#define BYTES_AT_ONCE (1024 * 1024)
#define KEY_MAX       (1024 * 1024)
#define REFUSED_SHOWN 20

/* --- to the node -------------------------------------------------------------------------------
 */

typedef struct {
    Node *node;
    const char *source, *path;
    yyjson_mut_doc *params;
    yyjson_mut_val *contacts, *routes;
    guint rows;
    gsize bytes; /* about */
    guint64 n_contacts, n_routes, n_refused;
    const char *smime; /* certificate of all contacts, DER in base64; NULL: none */
    gboolean by_force; /* whoever's it is */
} Upload;

static void upload_begin(Upload *upload)
{
    yyjson_mut_val *root;
    upload->params = jsontext_object(&root);
    yyjson_mut_obj_add_str(upload->params, root, "source", upload->source);
    upload->contacts = yyjson_mut_obj_add_arr(upload->params, root, "contacts");
    upload->routes = yyjson_mut_obj_add_arr(upload->params, root, "routes");
    upload->rows = 0;
    upload->bytes = 0;
}

static void upload_clear(Upload *upload)
{
    g_clear_pointer(&upload->params, yyjson_mut_doc_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Upload, upload_clear)

static gboolean upload_flush(Upload *upload, GError **error)
{
    if (upload->rows == 0)
        return TRUE;
    yyjson_mut_doc *params = g_steal_pointer(&upload->params);
    if (!command_node_call(upload->node, "contact.put", params, NULL, error))
        return FALSE;
    upload_begin(upload);
    return TRUE;
}

static gboolean upload_grown(Upload *upload, gsize bytes, GError **error)
{
    upload->rows++;
    upload->bytes += bytes;
    return (upload->rows < ROWS_AT_ONCE && upload->bytes < BYTES_AT_ONCE) ||
           upload_flush(upload, error);
}

static gsize add_text(Upload *upload, yyjson_mut_val *object, const char *name, const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(upload->params, object, name, text);
    return text ? strlen(text) : 0;
}

static gsize add_list(Upload *upload, yyjson_mut_val *object, const char *name,
                      const char *const *values)
{
    gsize size = 0;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(upload->params, object, name);
    for (guint i = 0; values && values[i]; i++) {
        yyjson_mut_arr_add_strcpy(upload->params, list, values[i]);
        size += strlen(values[i]) + 3;
    }
    return size;
}

static gboolean put_contact(gpointer user, const ContactListRow *row, GError **error)
{
    Upload *upload = user;
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(upload->params, upload->contacts);
    gsize size = add_text(upload, one, "email", row->email);
    size += add_text(upload, one, "node", row->node);
    size += add_text(upload, one, "name", row->name);
    size += add_text(upload, one, "language", row->language);
    size += add_text(upload, one, "openpgp", row->openpgp);
    size += add_text(upload, one, "smime", upload->smime);
    if (upload->by_force)
        yyjson_mut_obj_add_bool(upload->params, one, "force", TRUE);
    size += add_list(upload, one, "ip", row->networks);
    size += add_list(upload, one, "as", row->as);
    size += add_list(upload, one, "domains", row->domains);
    upload->n_contacts++;
    return upload_grown(upload, size, error);
}

static gboolean put_route(gpointer user, const char *network, guint32 as, GError **error)
{
    Upload *upload = user;
    yyjson_mut_val *pair = yyjson_mut_arr_add_arr(upload->params, upload->routes);
    yyjson_mut_arr_add_strcpy(upload->params, pair, network);
    yyjson_mut_arr_add_uint(upload->params, pair, as);
    upload->n_routes++;
    return upload_grown(upload, strlen(network) + 16, error);
}

static void refuse_row(gpointer user, guint64 line, const char *why)
{
    Upload *upload = user;
    if (upload->n_refused++ < REFUSED_SHOWN)
        output_note("%s: line %" G_GUINT64_FORMAT " is passed over: %s", upload->path, line, why);
}

/* --- import ------------------------------------------------------------------------------------
 */

static void tell(const CommandCall *call, const Upload *upload)
{
    char contacts[OUTPUT_NUMBER_MAX], routes[OUTPUT_NUMBER_MAX], refused[OUTPUT_NUMBER_MAX];
    if (!command_json(call)) {
        output_line(
            "%s contacts, %s routes, %s passed over", output_number(contacts, upload->n_contacts),
            output_number(routes, upload->n_routes), output_number(refused, upload->n_refused));
        return;
    }
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "source", upload->source);
    yyjson_mut_obj_add_uint(doc, root, "contacts", upload->n_contacts);
    yyjson_mut_obj_add_uint(doc, root, "routes", upload->n_routes);
    yyjson_mut_obj_add_uint(doc, root, "refused", upload->n_refused);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_import(const CommandCall *call, GError **error)
{
    const char *path = call->arguments[0], *source = command_text(call, "source");
    g_autofree char *base = g_path_get_basename(path);
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    g_autoptr(Stream) stream = stream_open(path, error);
    if (!stream)
        return command_file_error(error);
    g_auto(Upload) upload = {.node = node, .source = source ? source : base, .path = path};
    const ContactListSink sink = {put_contact, put_route, refuse_row, &upload};
    upload_begin(&upload);
    if (!contact_list_read(stream, &sink, error)) {
        if (error && *error && !g_str_has_prefix((*error)->message, path))
            g_prefix_error(error, "%s: ", path); /* a stream that breaks says it already */
        return COMMAND_ERROR;
    }
    if (!upload_flush(&upload, error))
        return COMMAND_ERROR;
    tell(call, &upload);
    return upload.n_contacts + upload.n_routes > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_contact_import = {
    .name = "import",
    .summary = "read a list of contacts, or of networks and their AS",
    .arguments = "FILE|-",
    .description =
        "A table (CSV) with a header, or JSON. Columns: email or node, name, language, openpgp, "
        "ip, as, domain. Records with a network and an AS number alone say which network belongs "
        "to which AS. What is known already is kept; a list that is read again adds to it.",
    .options = (const CommandOption[]){{"source", 0, COMMAND_TEXT, "NAME",
                                        .help = "what the list is called (default: the file's "
                                                "name)"},
                                       COMMAND_OPTION_JSON,
                                       COMMAND_OPTIONS_END},
    .examples =
        (const CommandExample[]){{"concert contact import isps.csv", "email,name,language,as,ip"},
                                 {"concert contact import routes.csv", "prefix,asn"},
                                 {NULL, NULL}},
    .nothing = "nothing in it could be used",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_import,
};

/* --- add ---------------------------------------------------------------------------------------
 */

/* The key of --key FILE is kept in the node's keyring. Caller frees *ret_openpgp. */
static gboolean read_key(const CommandCall *call, Node *node, char **ret_openpgp, GError **error)
{
    const char *file = command_text(call, "key"), *fingerprint = command_text(call, "openpgp");
    gsize length;
    if (!file) {
        *ret_openpgp = fingerprint ? g_ascii_strup(fingerprint, -1) : NULL;
        return TRUE;
    }
    g_autofree char *text = document_read(NULL, file, NULL, KEY_MAX, &length, error);
    const char *gnupg = config_path(node_config(node), SETTING_MAIL_GNUPG);
    if (!text)
        return FALSE;
    *ret_openpgp = mail_protect_import(gnupg, text, length, error);
    return *ret_openpgp != NULL;
}

/* The certificate of --smime FILE; both NULL without. Caller frees. */
static gboolean read_smime(const CommandCall *call, Certificate **ret_certificate, char **ret_text,
                           GError **error)
{
    const char *file = command_text(call, "smime");
    gsize length;
    if (!file)
        return TRUE;
    g_autofree char *bytes = document_read(NULL, file, NULL, CERTIFICATE_BYTES_MAX, &length, error);
    g_autoptr(Certificate) certificate = bytes ? certificate_read(bytes, length, error) : NULL;
    if (!certificate) {
        if (bytes)
            g_prefix_error(error, "%s: ", file);
        return FALSE;
    }
    g_autoptr(GBytes) der = certificate_bytes(certificate);
    *ret_text = g_base64_encode(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
    *ret_certificate = g_steal_pointer(&certificate);
    return TRUE;
}

/* The values of an option in canonical form. */
static gboolean read_scopes(const CommandCall *call, const char *option, ContactsKind kind,
                            GPtrArray *values, GError **error)
{
    const char *const *given = command_texts(call, option);
    for (guint i = 0; given && given[i]; i++) {
        char *value = contacts_canonical(given[i], kind, NULL);
        if (!value) {
            command_usage(call, error, "\"%s\" is no %s", given[i], contacts_kind_name(kind));
            return FALSE;
        }
        g_ptr_array_add(values, value);
    }
    g_ptr_array_add(values, NULL);
    return TRUE;
}

/* A node is told by way of its peering, and only while it is a peer (exchange/routing.h). */
static void tell_node(Node *node, const char *name)
{
    g_autofree char *canonical = contacts_canonical(name, CONTACTS_ADDRESS, NULL);
    g_autoptr(Peer) peer = canonical ? peers_get(node_store(node), canonical, NULL) : NULL;
    if (!peer || (peer->state != PEER_ACTIVE && peer->state != PEER_SUSPENDED))
        output_note("Without an @ \"%s\" is the name of a node, and none of that name is a peer: "
                    "until one is, it is told nothing.",
                    name);
}

static int run_add(const CommandCall *call, GError **error)
{
    const char *who = call->arguments[0];
    g_autofree char *openpgp = NULL, *smime = NULL;
    g_autoptr(Certificate) certificate = NULL;
    g_autoptr(GPtrArray) networks = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) as = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    if (!read_scopes(call, "ip", CONTACTS_NETWORK, networks, error) ||
        !read_scopes(call, "asn", CONTACTS_AS, as, error) ||
        !read_scopes(call, "domain", CONTACTS_DOMAIN, domains, error) ||
        !read_smime(call, &certificate, &smime, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !read_key(call, node, &openpgp, error))
        return COMMAND_ERROR;
    g_auto(Upload) upload = {.node = node,
                             .source = "added by hand",
                             .smime = smime,
                             .by_force = command_flag(call, "force")};
    const ContactListRow row = {.email = strchr(who, '@') ? who : NULL,
                                .node = strchr(who, '@') ? NULL : who,
                                .name = command_text(call, "name"),
                                .language = command_text(call, "language"),
                                .openpgp = openpgp,
                                .networks = (const char *const *)networks->pdata,
                                .as = (const char *const *)as->pdata,
                                .domains = (const char *const *)domains->pdata};
    upload_begin(&upload);
    if (!put_contact(&upload, &row, error) || !upload_flush(&upload, error))
        return COMMAND_ERROR;
    output_line("%s is a contact.", who);
    if (row.node)
        tell_node(node, who);
    if (openpgp)
        output_line("Mail to it is encrypted with %s.", openpgp);
    if (certificate) {
        char until[OUTPUT_NUMBER_MAX];
        output_line("%s is encrypted to the certificate of %s until %s, when it expires.",
                    openpgp ? "Without that key, mail" : "Mail to it", certificate->name,
                    output_time(until, certificate->until_us));
    }
    return COMMAND_OK;
}

const Command cmd_contact_add = {
    .name = "add",
    .summary = "name who answers for networks, AS numbers or domains",
    .arguments = "ADDRESS|NODE",
    .description = "A mail address, or the name of a peer's node. What is known of it already is "
                   "kept, and what is said now is added.",
    .options =
        (const CommandOption[]){
            {"name", 0, COMMAND_TEXT, "TEXT", .help = "who that is"},
            {"language", 'l', COMMAND_TEXT, "TAG", .help = "in which to write to it, such as fr"},
            {"ip", 0, COMMAND_TEXTS, "NETWORK", .help = "an address or network it answers for"},
            {"asn", 0, COMMAND_TEXTS, "AS", .help = "an AS it answers for"},
            {"domain", 0, COMMAND_TEXTS, "NAME", .help = "a domain it answers for"},
            {"openpgp", 0, COMMAND_TEXT, "FINGERPRINT",
             .help = "the key to encrypt mail to, which the keyring has already"},
            {"key", 0, COMMAND_TEXT, "FILE", .help = "that key itself"},
            {"smime", 0, COMMAND_TEXT, "FILE",
             .help = "the X.509 certificate to encrypt mail to, by S/MIME"},
            {"force", 0, COMMAND_FLAG,
             .help = "take a certificate that is for another mail address"},
            COMMAND_OPTIONS_END,
        },
    .examples = (const CommandExample[]){{"concert contact add abuse@isp.birch.example --language "
                                          "fr --ip 192.0.2.0/24 --asn 64496",
                                          "an operator"},
                                         {NULL, NULL}},
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_add,
};
