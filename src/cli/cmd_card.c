/* cmd_card.c - `concert card`: how this node describes itself, and whether a card is what it says.
 */
#include "cli/cmd_card.h"

#include <string.h>

#include "base/jsontext.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/output.h"
#include "store/own_card.h"

/* --- showing -----------------------------------------------------------------------------------
 */

static void row(const char *name, const char *value)
{
    if (value && *value)
        output_line("%-14s %s", name, value);
}

static void row_list(const char *name, char *const *list)
{
    g_autofree char *joined = g_strjoinv(" ", (char **)list);
    row(name, joined);
}

static void print_contact(yyjson_val *contact)
{
    static const char *const members[] = {"role", "email", "phone", "hours"};
    g_autoptr(GString) line = g_string_new(yyjson_get_str(yyjson_obj_get(contact, "name")));
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        const char *text = yyjson_get_str(yyjson_obj_get(contact, members[i]));
        if (text)
            g_string_append_printf(line, ", %s", text);
    }
    yyjson_val *languages = yyjson_obj_get(contact, "languages"), *language;
    size_t at, count;
    yyjson_arr_foreach (languages, at, count, language)
        g_string_append_printf(line, "%s%s", at == 0 ? ", " : " ", yyjson_get_str(language));
    row("contact", line->str);
}

static void print_numbers(const GArray *as)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < as->len; i++)
        g_string_append_printf(text, "%sAS%u", i > 0 ? " " : "", g_array_index(as, guint32, i));
    row("systems", text->str);
}

void cmd_card_print(const Card *card)
{
    char time[OUTPUT_NUMBER_MAX];
    size_t at, count;
    yyjson_val *contact;
    row("node", card->node);
    row("organisation", card->organisation);
    row("affiliation", card->affiliation);
    row_list("roles", card->roles);
    row_list("languages", card->languages);
    yyjson_arr_foreach (card->contacts, at, count, contact)
        print_contact(contact);
    row_list("endpoints", card->endpoints);
    row_list("prefixes", card->ip);
    print_numbers(card->as);
    row_list("domains", card->domains);
    row_list("capabilities", card->capabilities);
    row("rulebook", card->rulebook);
    output_line("%-14s %" G_GUINT64_FORMAT ", of %s", "card", card->number,
                output_time(time, card->time_us));
    row("ledger key", card->vkeys[CARD_LEDGER_KEY]);
    row("recovery key", card->vkeys[CARD_RECOVERY_KEY]);
    row("message key", card->vkeys[CARD_MESSAGE_KEY]);
}

/* The signed JSON itself, which is one line. */
static void print_text(const Card *card)
{
    g_autofree char *text = card_format(card);
    g_autoptr(yyjson_doc) doc = yyjson_read(text, strlen(text), 0);
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    output_json(yyjson_mut_doc_get_root(copy));
    yyjson_mut_doc_free(copy);
}

static int run_show(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autofree char *text = NULL;
    if (!node || !own_card_get(node_store(node), &text, error))
        return COMMAND_ERROR;
    if (!text) {
        output_note("This node has published no card yet: `concert card publish`.");
        return COMMAND_NOTHING;
    }
    g_autoptr(Card) card = card_parse(text, strlen(text), error);
    if (!card)
        return COMMAND_ERROR;
    if (command_json(call))
        print_text(card);
    else
        cmd_card_print(card);
    return COMMAND_OK;
}

/* --- publishing --------------------------------------------------------------------------------
 */

static int run_publish(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node)
        return COMMAND_ERROR;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_bool(params, root, "force", command_flag(call, "again"));
    g_autoptr(yyjson_doc) result = NULL;
    g_autofree char *text = NULL;
    if (!command_node_call(node, "card.publish", params, &result, error) ||
        !own_card_get(node_store(node), &text, error))
        return COMMAND_ERROR;
    gboolean published = yyjson_get_bool(yyjson_obj_get(yyjson_doc_get_root(result), "published"));
    g_autoptr(Card) card = text ? card_parse(text, strlen(text), error) : NULL;
    if (!card)
        return COMMAND_ERROR;
    if (command_json(call))
        print_text(card);
    else if (published)
        output_line("Published card %" G_GUINT64_FORMAT " of %s.", card->number, card->node);
    else
        output_line("Card %" G_GUINT64_FORMAT " of %s says all of it already.", card->number,
                    card->node);
    return COMMAND_OK;
}

/* --- verifying ---------------------------------------------------------------------------------
 */

Card *cmd_card_read(const Node *node, const char *what, GError **error)
{
    gsize length;
    g_autofree char *text =
        document_read(node_config(node), what, CMD_CARD_PATH, CARD_BYTES_MAX, &length, error);
    if (!text && !strstr(what, "://") && !g_file_test(what, G_FILE_TEST_EXISTS)) {
        g_clear_error(error);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "there is no file \"%s\": a node is named by its URL, https://HOST, or by a "
                    "file with its card",
                    what);
    }
    return text ? card_parse(text, length, error) : NULL;
}

/* Whose card it is, by what this node has pinned. */
static gboolean judge(Store *store, const Card *card, const char **ret_verdict, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *own = NULL;
    if (!own_card_get(store, &own, error))
        return FALSE;
    g_autoptr(Card) mine = own ? card_parse(own, strlen(own), error) : NULL;
    if (mine && g_str_equal(mine->vkeys[CARD_LEDGER_KEY], card->vkeys[CARD_LEDGER_KEY])) {
        *ret_verdict = "this node's own";
        return TRUE;
    }
    g_autoptr(Peer) peer = peers_get(store, card->node, &local);
    if (!peer && !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    g_autoptr(KeyHistory) history = peer ? peers_history(peer, error) : NULL;
    if (peer && (!history || !card_verify(card, history, error)))
        return FALSE;
    *ret_verdict = !peer                               ? "of a node that is not known here"
                   : card->number > peer->card_number  ? "newer than the one known here"
                   : card->number == peer->card_number ? "the one known here"
                                                       : "older than the one known here";
    return TRUE;
}

static int run_verify(const CommandCall *call, GError **error)
{
    const char *verdict;
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(Card) card = node ? cmd_card_read(node, call->arguments[0], error) : NULL;
    if (!card)
        return COMMAND_ERROR;
    if (!judge(node_store(node), card, &verdict, error)) {
        if (!g_error_matches(*error, CONCERT_ERROR, CONCERT_ERROR_DENIED))
            return COMMAND_ERROR;
        output_error((*error)->message);
        g_clear_error(error);
        return COMMAND_NOTHING;
    }
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "node", card->node);
        yyjson_mut_obj_add_uint(doc, root, "number", card->number);
        yyjson_mut_obj_add_str(doc, root, "card", verdict);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return COMMAND_OK;
    }
    cmd_card_print(card);
    output_line("The card is signed by its ledger key. It is %s.", verdict);
    return COMMAND_OK;
}

/* --- tables ------------------------------------------------------------------------------------
 */

static const Command command_show = {
    .name = "show",
    .summary = "show the node's card as it was last published",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "none was published yet",
    .uses_node = TRUE,
    .run = run_show,
};

static const Command command_publish = {
    .name = "publish",
    .summary = "publish the card if it has something new to say",
    .description = "A card is an entry of the ledger that everybody may read, and is served at "
                   "/.well-known/concert. A node that has published one publishes the next by "
                   "itself when it is served, and after its keys have changed.",
    .options =
        (const CommandOption[]){
            {"again", 0, COMMAND_FLAG, .help = "publish it even if it says nothing new"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .uses_node = TRUE,
    .run = run_publish,
};

static const Command command_verify = {
    .name = "verify",
    .summary = "verify somebody's card, and compare it with what was pinned",
    .arguments = "FILE|URL",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "the card is not that of the node whose keys were pinned here",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run_verify,
};

const Command cmd_card = {
    .name = "card",
    .summary = "show and publish how the node describes itself; verify others' cards",
    .description =
        "The card says who owns the node, whom to call, where it is reached, its keys, and what it "
        "is responsible for. It is put together of [node] and [card] in concert.conf, and signed "
        "by the ledger key.",
    .subcommands = (const Command *const[]){&command_show, &command_publish, &command_verify, NULL},
};
