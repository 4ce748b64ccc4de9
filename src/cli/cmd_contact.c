/* cmd_contact.c - `concert contact`: who answers for what, and of what nobody is to be told. */
#include "cli/cmd_contact.h"

#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/signatory.h"
#include "exchange/routing.h"

/* --- list --------------------------------------------------------------------------------------
 */

static void print_contact_json(const Contact *contact)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    const struct {
        const char *name, *text;
    } texts[] = {{"email", contact->email},     {"node", contact->node},
                 {"name", contact->name},       {"language", contact->language},
                 {"openpgp", contact->openpgp}, {"source", contact->source}};
    yyjson_mut_doc_set_root(doc, root);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].text)
            yyjson_mut_obj_add_str(doc, root, texts[i].name, texts[i].text);
    if (contact->smime_until != 0)
        yyjson_mut_obj_add_strcpy(doc, root, "smime_until",
                                  timestamp_format(time, contact->smime_until, 0));
    yyjson_mut_obj_add_uint(doc, root, "scopes", contact->scopes);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_stop_json(const ContactsStop *stop)
{
    char time[TIMESTAMP_MAX];
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "stop", contacts_stop_name(stop->stop));
    yyjson_mut_obj_add_str(doc, root, "kind", contacts_kind_name(stop->kind));
    yyjson_mut_obj_add_str(doc, root, "value", stop->value);
    jsontext_add(doc, root, "reason", stop->reason);
    jsontext_add(doc, root, "by", stop->by);
    if (stop->until != 0)
        yyjson_mut_obj_add_strcpy(doc, root, "until", timestamp_format(time, stop->until, 0));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

/* What mail to it is encrypted with. Caller frees. */
static char *describe_key(const Contact *contact)
{
    char time[OUTPUT_NUMBER_MAX];
    if (contact->openpgp)
        return g_strdup("OpenPGP");
    if (contact->smime_until == 0)
        return NULL;
    return g_strdup_printf("S/MIME, %s %s",
                           contact->smime_until < timestamp_now() ? "expired" : "until",
                           output_time(time, contact->smime_until));
}

static void print_contacts(const CommandCall *call, const GPtrArray *contacts)
{
    OutputTable *table =
        output_table_new("CONTACT", "NAME", "LANGUAGE", "KEY", ">ANSWERS FOR", "LIST", NULL);
    for (guint i = 0; i < contacts->len; i++) {
        const Contact *one = contacts->pdata[i];
        char scopes[OUTPUT_NUMBER_MAX];
        g_autofree char *key = describe_key(one);
        const char *const cells[] = {
            one->key,   one->name, one->language, key, output_number(scopes, one->scopes),
            one->source};
        if (command_json(call))
            print_contact_json(one);
        else
            output_table_row(table, cells);
    }
    output_table_print(table);
}

static void print_stops(const CommandCall *call, const GPtrArray *stops)
{
    OutputTable *table = output_table_new("NOT TOLD", "WHAT", "UNTIL", "BY", "REASON", NULL);
    for (guint i = 0; i < stops->len; i++) {
        const ContactsStop *one = stops->pdata[i];
        char time[OUTPUT_NUMBER_MAX];
        const char *const cells[] = {contacts_stop_name(one->stop), one->value,
                                     one->until ? output_time(time, one->until) : "for good",
                                     one->by, one->reason};
        if (command_json(call))
            print_stop_json(one);
        else
            output_table_row(table, cells);
    }
    output_table_print(table);
}

static int run_list(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) contacts = node ? contacts_list(node_store(node), error) : NULL;
    g_autoptr(GPtrArray) stops = contacts ? contacts_stops(node_store(node), error) : NULL;
    ContactsSummary summary;
    if (!stops || !contacts_summary(node_store(node), &summary, error))
        return COMMAND_ERROR;
    print_contacts(call, contacts);
    if (!command_json(call) && contacts->len > 0 && stops->len > 0)
        output_line("%s", "");
    print_stops(call, stops);
    if (!command_json(call) && summary.routes > 0) {
        char routes[OUTPUT_NUMBER_MAX];
        output_line("%s networks are known to belong to an AS.",
                    output_number(routes, summary.routes));
    }
    return contacts->len + stops->len + summary.routes > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_contact_list = {
    .name = "list",
    .summary = "list the contacts, and of what nobody is told",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "there is none",
    .uses_node = TRUE,
    .run = run_list,
};

/* --- find --------------------------------------------------------------------------------------
 */

/* @text as a finding to look up; its texts are in @canonical. */
static gboolean make_finding(const char *text, Finding *finding, char **ret_canonical)
{
    g_autofree char *as = g_ascii_strncasecmp(text, "AS", 2) == 0
                              ? contacts_canonical(text, CONTACTS_AS, NULL)
                              : NULL;
    *finding = (Finding){0};
    if (as) {
        finding->asn = (guint32)g_ascii_strtoull(as, NULL, 10);
        return TRUE;
    }
    switch (observable_classify(text, strlen(text), ret_canonical)) {
    case OBSERVABLE_IPV4:
    case OBSERVABLE_IPV6:
        finding->address = *ret_canonical;
        return TRUE;
    case OBSERVABLE_CIDR:
        finding->prefix = *ret_canonical;
        return TRUE;
    case OBSERVABLE_DOMAIN:
        finding->domain = *ret_canonical;
        return TRUE;
    case OBSERVABLE_URL:
        finding->url = *ret_canonical;
        return TRUE;
    case OBSERVABLE_EMAIL:
        finding->email = *ret_canonical;
        return TRUE;
    default:
        return FALSE;
    }
}

static void print_found(const CommandCall *call, const Routing *routing, const char *value,
                        const RoutingResult *result)
{
    const char *verdict = routing_verdict_name(result->verdict);
    const char *key =
        result->verdict == ROUTING_PARTY ? routing_party(routing, result->party).key : NULL;
    if (!command_json(call)) {
        output_line("%s: %s (%s)", value, key ? key : verdict, result->why);
        return;
    }
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "value", value);
    yyjson_mut_obj_add_str(doc, root, "verdict", verdict);
    jsontext_add(doc, root, "contact", key);
    yyjson_mut_obj_add_str(doc, root, "why", result->why);
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static int run_find(const CommandCall *call, GError **error)
{
    gboolean all = TRUE;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Routing) routing =
        node ? routing_load(node_store(node), timestamp_now(), error) : NULL;
    if (!routing)
        return COMMAND_ERROR;
    for (guint i = 0; i < call->count; i++) {
        g_autofree char *canonical = NULL;
        g_auto(RoutingResult) result = {0};
        Finding finding;
        if (!make_finding(call->arguments[i], &finding, &canonical))
            return command_usage(call, error,
                                 "\"%s\" is no address, network, AS, domain, URL or mail address",
                                 call->arguments[i]);
        routing_find(routing, &finding, &result);
        print_found(call, routing, call->arguments[i], &result);
        all = all && result.verdict == ROUTING_PARTY;
    }
    return all ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_contact_find = {
    .name = "find",
    .summary = "say who answers for something, and why it is them",
    .arguments = "VALUE...",
    .description = "An address, a network, an AS (as AS64496), a domain, a URL or a mail address.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "of something nobody can be told",
    .min_arguments = 1,
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run_find,
};

/* --- changes -----------------------------------------------------------------------------------
 */

static int run_remove(const CommandCall *call, GError **error)
{
    const char *source = command_text(call, "source");
    if (!source == (call->count == 0))
        return command_usage(call, error, "name a contact, or a list with --source");
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, source ? "source" : "key",
                           source ? source : call->arguments[0]);
    if (!command_node_call(node, "contact.remove", params, NULL, error))
        return COMMAND_ERROR;
    output_line("%s is not known any more.", source ? source : call->arguments[0]);
    return COMMAND_OK;
}

const Command cmd_contact_remove = {
    .name = "remove",
    .summary = "forget a contact, or all that a list said",
    .arguments = "[ADDRESS|NODE]",
    .options = (const CommandOption[]){{"source", 0, COMMAND_TEXT, "NAME",
                                        .help = "all that came from this list"},
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such contact",
    .max_arguments = 1,
    .uses_node = TRUE,
    .run = run_remove,
};

/* When it ends: a time, or so long from now. 0: never. */
static gboolean read_until(const CommandCall *call, gint64 *ret_until, GError **error)
{
    const char *text = command_text(call, "until");
    guint seconds;
    *ret_until = 0;
    if (!text || timestamp_parse_lenient(text, strlen(text), ret_until))
        return TRUE;
    if (!config_read_duration(text, G_MAXINT32, &seconds)) {
        command_usage(call, error, "--until takes a time or a duration such as 30d");
        return FALSE;
    }
    *ret_until = timestamp_now() + (gint64)seconds * G_USEC_PER_SEC;
    return TRUE;
}

static int stop(const CommandCall *call, ContactsStopKind kind, GError **error)
{
    gint64 until;
    if (!read_until(call, &until, error))
        return COMMAND_ERROR;
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    const char *by = node ? signatory_of(call, node, error) : NULL;
    const char *reason = command_text(call, "reason");
    if (!by)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "stop", contacts_stop_name(kind));
    yyjson_mut_obj_add_str(params, root, "value", call->arguments[0]);
    jsontext_add(params, root, "reason", reason);
    yyjson_mut_obj_add_str(params, root, "by", by);
    yyjson_mut_obj_add_int(params, root, "until", until);
    if (!command_node_call(node, "contact.stop", params, NULL, error))
        return COMMAND_ERROR;
    output_line("No notice is drafted about %s%s.", call->arguments[0],
                kind == CONTACTS_HOLD ? " until it is released" : ", or to it");
    return COMMAND_OK;
}

static int run_opt_out(const CommandCall *call, GError **error)
{
    return stop(call, CONTACTS_OPT_OUT, error);
}

static int run_hold(const CommandCall *call, GError **error)
{
    if (!command_text(call, "reason"))
        return command_usage(call, error, "say by what order it is held: --reason");
    return stop(call, CONTACTS_HOLD, error);
}

static int run_release(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_str(params, root, "stop",
                           command_flag(call, "opt-out") ? "opt-out" : "hold");
    yyjson_mut_obj_add_str(params, root, "value", call->arguments[0]);
    if (!command_node_call(node, "contact.release", params, NULL, error))
        return COMMAND_ERROR;
    output_line("Notices about %s are drafted again.", call->arguments[0]);
    return COMMAND_OK;
}

#define STOP_OPTIONS                                                                               \
    (const CommandOption[])                                                                        \
    {                                                                                              \
        {"reason", 0, COMMAND_TEXT, "TEXT", .help = "why, or by what order"},                      \
            {"until", 0, COMMAND_TEXT, "TIME|DURATION", .help = "when it ends (default: never)"},  \
            {"as", 0, COMMAND_TEXT, "NAME",                                                        \
             .help = "who signs for it (default: [node] signatory)"},                              \
            COMMAND_OPTIONS_END,                                                                   \
    }

const Command cmd_contact_opt_out = {
    .name = "opt-out",
    .summary = "note that somebody wants no notices, or none about something",
    .arguments = "VALUE",
    .description = "A recipient's mail address or node, or the address, network, AS, domain or "
                   "mail address of who was found. Findings about it are listed, and not told.",
    .options = STOP_OPTIONS,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_opt_out,
};

const Command cmd_contact_hold = {
    .name = "hold",
    .summary = "keep findings about something, and tell nobody for now",
    .arguments = "VALUE",
    .description = "A legal hold: where telling would harm an investigation or the law forbids "
                   "it. It comes before everything else, and ends when it is released or its time "
                   "is over.",
    .options = STOP_OPTIONS,
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_hold,
};

const Command cmd_contact_release = {
    .name = "release",
    .summary = "end a hold, or an opt-out",
    .arguments = "VALUE",
    .options = (const CommandOption[]){{"opt-out", 0, COMMAND_FLAG, .help = "it is an opt-out"},
                                       COMMAND_OPTIONS_END},
    .nothing = "there is no such hold or opt-out",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_release,
};

const Command cmd_contact = {
    .name = "contact",
    .summary = "say who answers for networks, AS numbers and domains",
    .description = "Notices go to whoever answers for what was found: peers, as their node cards "
                   "say, and the contacts that are known here. See docs/notices.md.",
    .subcommands =
        (const Command *const[]){
            &cmd_contact_import,
            &cmd_contact_add,
            &cmd_contact_list,
            &cmd_contact_find,
            &cmd_contact_remove,
            &cmd_contact_opt_out,
            &cmd_contact_hold,
            &cmd_contact_release,
            NULL,
        },
};
