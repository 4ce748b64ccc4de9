/* cmd_dispatch_send.c - `concert dispatch send`: objects of the node, or of files, to peers. */
#include <string.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "cli/cmd_dispatch.h"
#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "cli/letter.h"
#include "node/importer.h"
#include "policy/marking.h"
#include "store/peers.h"

#define CALL_MAX    4096                     /* ids that one call of the operation takes */
#define EXPIRES_MAX (100 * 366 * 24 * 3600u) /* seconds */

/* --- files -------------------------------------------------------------------------------------
 */

/* Imports files, and notes the ids of what is in them. */
typedef struct {
    GPtrArray *ids;   /* char * */
    GHashTable *seen; /* of these */
    guint bad;        /* that cannot be sent as they are */
    OutputProgress progress;
} Gather;

static void gather_event(gpointer user, ImporterEvent event, const char *where, const char *id,
                         const char *message)
{
    Gather *gather = user;
    if (event == IMPORTER_VARIANT)
        message = "this version is here with other bytes, which would be sent instead";
    if (event == IMPORTER_CLAIM)
        message = "it is another source's object, whose version would be sent instead";
    switch (event) {
    case IMPORTER_ACCEPTED:
    case IMPORTER_UNCHANGED:
        if (id && !g_hash_table_contains(gather->seen, id)) {
            g_ptr_array_add(gather->ids, g_strdup(id));
            g_hash_table_add(gather->seen, g_ptr_array_index(gather->ids, gather->ids->len - 1));
        }
        return;
    case IMPORTER_VARIANT:
    case IMPORTER_CLAIM:
    case IMPORTER_REJECTED:
    case IMPORTER_BROKEN:
        gather->bad++;
        break;
    case IMPORTER_UNMAPPED:
        break;
    case IMPORTER_WARNING:
    case IMPORTER_DETECTED:
    case IMPORTER_IGNORED:
        return;
    }
    output_progress_clear(&gather->progress);
    output_note("%-9s %s%s%s%s%s", importer_event_name(event), where ? where : "", id ? ": " : "",
                id ? id : "", message ? ": " : "", message ? message : "");
}

static void gather_progress(gpointer user, guint64 done, guint64 total,
                            const ImporterCounts *counts)
{
    Gather *gather = user;
    output_progress(&gather->progress, "reading: %" G_GUINT64_FORMAT " objects",
                    counts->accepted + counts->unchanged);
}

static gboolean read_files(const CommandCall *call, Importer *importer, GError **error)
{
    const IntakeOptions options = {.confidence = -1};
    for (guint i = 0; i < call->count; i++)
        if (!intake_path(call->arguments[i], &options, importer_sink(importer), error)) {
            command_file_error(error);
            return FALSE;
        }
    return TRUE;
}

static gboolean import_files(const CommandCall *call, Node *node, Gather *gather, GError **error)
{
    static const ObjectLevel levels[] = {OBJECT_LENIENT, OBJECT_DEFAULT, OBJECT_STRICT};
    const Config *config = node_config(node);
    const ImporterOptions options = {
        .source = config_string(config, SETTING_IMPORT_SOURCE),
        .collection = config_string(config, SETTING_IMPORT_COLLECTION),
        .level = levels[config_enum(config, SETTING_IMPORT_LEVEL)],
        .report = gather_event,
        .progress = gather_progress,
        .user = gather,
    };
    ImporterCounts counts = {0};
    Importer *importer = importer_new(node, &options, error);
    if (!importer)
        return FALSE;
    gboolean read = read_files(call, importer, error);
    gboolean kept = importer_finish(importer, &counts, read ? error : NULL);
    output_progress_clear(&gather->progress);
    if (!read || !kept)
        return FALSE;
    if (gather->bad == 0 && gather->ids->len > 0)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                gather->bad > 0 ? "%u objects cannot be sent as they are: nothing was sent"
                                : "there is no object in what was read (%u bad ones)",
                gather->bad);
    return FALSE;
}

/* --- what is sent ------------------------------------------------------------------------------
 */

/* All that the options say; the lists are those of the call. */
typedef struct {
    const char *title, *purpose, *community, *tlp, *pap;
    const char *collection, *type, *source; /* of the objects */
    gint64 modified_after;                  /* G_MININT64: not given */
    const char *const *to;
    const char *const *ids;
    gboolean is_public, is_exercise;
    gint64 expires; /* 0: never */
} Sending;

static gboolean read_time(const CommandCall *call, const char *option, gint64 *ret_us,
                          GError **error)
{
    const char *text = command_text(call, option);
    if (!text || timestamp_parse_lenient(text, strlen(text), ret_us))
        return TRUE;
    command_usage(call, error, "--%s %s: not a time such as 2026-05-01T10:20:30Z", option, text);
    return FALSE;
}

static gboolean read_expires(const CommandCall *call, gint64 *ret_us, GError **error)
{
    const char *text = command_text(call, "expires");
    gint64 now = timestamp_now(), us;
    guint seconds;
    if (!text)
        return TRUE;
    if (config_read_duration(text, EXPIRES_MAX, &seconds))
        us = now + (gint64)seconds * G_USEC_PER_SEC;
    else if (!timestamp_parse_lenient(text, strlen(text), &us)) {
        command_usage(call, error,
                      "--expires %s: neither a time such as 2026-05-01T10:20:30Z nor a duration "
                      "such as 30d",
                      text);
        return FALSE;
    }
    if (us <= now) {
        command_usage(call, error, "--expires %s: that is past", text);
        return FALSE;
    }
    *ret_us = us;
    return TRUE;
}

static gboolean read_options(const CommandCall *call, Sending *sending, GError **error)
{
    *sending = (Sending){
        .title = command_text(call, "title"),
        .purpose = command_text(call, "purpose"),
        .community = command_text(call, "community"),
        .tlp = command_text(call, "tlp"),
        .pap = command_text(call, "pap"),
        .collection = command_text(call, "collection"),
        .type = command_text(call, "type"),
        .source = command_text(call, "source"),
        .modified_after = G_MININT64,
        .to = command_texts(call, "to"),
        .ids = command_texts(call, "id"),
        .is_public = command_flag(call, "public"),
        .is_exercise = command_flag(call, "exercise"),
    };
    if (!read_time(call, "modified-after", &sending->modified_after, error) ||
        !read_expires(call, &sending->expires, error))
        return FALSE;
    gboolean select = sending->collection || sending->type || sending->source ||
                      sending->modified_after != G_MININT64;
    const char *wrong = NULL;
    if (!sending->title)
        wrong = "say what it is: --title";
    else if (!sending->to && !sending->community && !sending->is_public)
        wrong = "say whom it is for: --to, --community or --public; nobody is not everybody";
    else if (sending->is_public && (sending->to || sending->community))
        wrong = "--public is for everybody: without --to and --community";
    else if ((call->count > 0) + (sending->ids != NULL) + select != 1)
        wrong = "say what is sent: files, or --id, or objects of a --collection, --type, --source";
    if (wrong)
        command_usage(call, error, "%s", wrong);
    return !wrong;
}

/* --- saying so ---------------------------------------------------------------------------------
 */

/* Whom it is for, as far as that is known before it is sent. */
static char *name_audience(Store *store, const Sending *sending, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; sending->to && sending->to[i]; i++) {
        g_autoptr(Peer) peer = peers_get(store, sending->to[i], error);
        if (!peer)
            return NULL;
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", peer->node);
    }
    if (sending->community)
        g_string_append_printf(names, "%sthe members of %s", names->len > 0 ? " and " : "",
                               sending->community);
    if (sending->is_public)
        g_string_append(names, "everybody");
    return g_string_free(g_steal_pointer(&names), FALSE);
}

/* Which mode applies: told before it is too late. */
static gboolean tell_mode(Store *store, const Sending *sending, GError **error)
{
    g_autofree char *names = name_audience(store, sending, error);
    if (!names)
        return FALSE;
    if (!isatty(STDERR_FILENO))
        return TRUE;
    g_autofree char *tlp = sending->tlp ? g_ascii_strup(sending->tlp, -1) : NULL;
    output_note("%sThis can be proven: it is committed in your ledger, to %s, %s%s.",
                sending->is_exercise ? "EXERCISE. " : "", names, tlp ? "TLP:" : "",
                tlp ? tlp : "marked as the strictest of its objects");
    return TRUE;
}

/* --- sending -----------------------------------------------------------------------------------
 */

/* What the calls gave. */
typedef struct {
    GArray *entries;     /* guint64 */
    GPtrArray *audience; /* char *, origins */
    guint64 objects, minimised, left_out;
    MarkingTlp tlp; /* the strictest */
} Sent;

static void sent_clear(Sent *sent)
{
    g_clear_pointer(&sent->entries, g_array_unref);
    g_clear_pointer(&sent->audience, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sent, sent_clear)

static Sent sent_new(void)
{
    return (Sent){.entries = g_array_new(FALSE, FALSE, sizeof(guint64)),
                  .audience = g_ptr_array_new_with_free_func(g_free)};
}

static void add_select(yyjson_mut_doc *doc, yyjson_mut_val *root, const Sending *sending)
{
    yyjson_mut_val *select = yyjson_mut_obj_add_obj(doc, root, "select");
    dispatch_view_add_text(doc, select, "collection", sending->collection);
    dispatch_view_add_text(doc, select, "type", sending->type);
    dispatch_view_add_text(doc, select, "source", sending->source);
    if (sending->modified_after != G_MININT64)
        yyjson_mut_obj_add_int(doc, select, "modified_after", sending->modified_after);
}

/* @ids NULL: those of the selection. */
static yyjson_mut_doc *make_params(const Sending *sending, const char *const *ids, guint n_ids,
                                   gboolean check)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    dispatch_view_add_text(doc, root, "title", sending->title);
    dispatch_view_add_text(doc, root, "purpose", sending->purpose);
    dispatch_view_add_text(doc, root, "community", sending->community);
    dispatch_view_add_text(doc, root, "tlp", sending->tlp);
    dispatch_view_add_text(doc, root, "pap", sending->pap);
    yyjson_mut_obj_add_bool(doc, root, "public", sending->is_public);
    yyjson_mut_obj_add_bool(doc, root, "exercise", sending->is_exercise);
    yyjson_mut_obj_add_bool(doc, root, "check", check);
    if (sending->expires > 0)
        yyjson_mut_obj_add_int(doc, root, "expires", sending->expires);
    if (sending->to) {
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "to");
        for (guint i = 0; sending->to[i]; i++)
            yyjson_mut_arr_add_str(doc, list, sending->to[i]);
    }
    if (ids) {
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "ids");
        for (guint i = 0; i < n_ids; i++)
            yyjson_mut_arr_add_str(doc, list, ids[i]);
    } else
        add_select(doc, root, sending);
    return doc;
}

static void add_sent(Sent *sent, yyjson_val *result)
{
    yyjson_val *entries = yyjson_obj_get(result, "entries"), *value;
    yyjson_val *audience = yyjson_obj_get(result, "audience");
    const char *tlp = yyjson_get_str(yyjson_obj_get(result, "tlp"));
    size_t i, count;
    yyjson_arr_foreach (entries, i, count, value) {
        guint64 entry = yyjson_get_uint(value);
        g_array_append_val(sent->entries, entry);
    }
    g_ptr_array_set_size(sent->audience, 0);
    yyjson_arr_foreach (audience, i, count, value)
        g_ptr_array_add(sent->audience, g_strdup(yyjson_get_str(value)));
    sent->objects += yyjson_get_uint(yyjson_obj_get(result, "objects"));
    sent->minimised += yyjson_get_uint(yyjson_obj_get(result, "minimised"));
    sent->left_out += yyjson_get_uint(yyjson_obj_get(result, "left_out"));
    sent->tlp = MAX(sent->tlp, tlp ? marking_tlp_from_name(tlp) : MARKING_TLP_NONE);
}

static gboolean send_part(Node *node, const Sending *sending, const char *const *ids, guint n_ids,
                          gboolean check, Sent *sent, GError **error)
{
    yyjson_doc *result = NULL;
    yyjson_mut_doc *params = make_params(sending, ids, n_ids, check);
    if (!command_node_call(node, "dispatch.send", params, &result, error))
        return FALSE;
    add_sent(sent, yyjson_doc_get_root(result));
    yyjson_doc_free(result);
    return TRUE;
}

/* Sends, or only checks, in as many calls as it takes. */
static gboolean send_parts(Node *node, const Sending *sending, const char *const *ids, guint n_ids,
                           gboolean check, Sent *sent, GError **error)
{
    OutputProgress progress = {0};
    gboolean good = TRUE;
    for (guint done = 0; done < n_ids && good; done += CALL_MAX) {
        if (n_ids > CALL_MAX)
            output_progress(&progress, "%s: %u of %u objects", check ? "checked" : "sent", done,
                            n_ids);
        good =
            send_part(node, sending, ids + done, MIN(CALL_MAX, n_ids - done), check, sent, error);
    }
    output_progress_clear(&progress);
    return good;
}

/* What takes several calls is checked as a whole before any of it is sent, at the level of the
 * strictest of all objects. */
static gboolean check_parts(Node *node, Sending *sending, const char *const *ids, guint n_ids,
                            GError **error)
{
    g_auto(Sent) first = sent_new(), second = sent_new();
    if (!send_parts(node, sending, ids, n_ids, TRUE, &first, error))
        return FALSE;
    if (sending->tlp && marking_tlp_from_name(sending->tlp) == first.tlp)
        return TRUE;
    sending->tlp = marking_tlp_name(first.tlp);
    return send_parts(node, sending, ids, n_ids, TRUE, &second, error);
}

static gboolean send_all(Node *node, Sending *sending, const char *const *ids, guint n_ids,
                         Sent *sent, GError **error)
{
    if (!ids)
        return send_part(node, sending, NULL, 0, FALSE, sent, error);
    if (n_ids > CALL_MAX && !check_parts(node, sending, ids, n_ids, error))
        return FALSE;
    if (send_parts(node, sending, ids, n_ids, FALSE, sent, error))
        return TRUE;
    if (sent->objects > 0)
        g_prefix_error(
            error, "after %" G_GUINT64_FORMAT " of %u objects were sent: ", sent->objects, n_ids);
    return FALSE;
}

/* --- what became of it -------------------------------------------------------------------------
 */

static void print_json(const Sent *sent)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_val *entries = yyjson_mut_obj_add_arr(doc, root, "entries");
    for (guint i = 0; i < sent->entries->len; i++)
        yyjson_mut_arr_add_uint(doc, entries, g_array_index(sent->entries, guint64, i));
    yyjson_mut_obj_add_uint(doc, root, "objects", sent->objects);
    yyjson_mut_obj_add_uint(doc, root, "minimised", sent->minimised);
    yyjson_mut_obj_add_uint(doc, root, "left_out", sent->left_out);
    yyjson_mut_val *audience = yyjson_mut_obj_add_arr(doc, root, "audience");
    for (guint i = 0; i < sent->audience->len; i++)
        yyjson_mut_arr_add_str(doc, audience, sent->audience->pdata[i]);
    dispatch_view_add_text(doc, root, "tlp", marking_tlp_name(sent->tlp));
    output_json(root);
    yyjson_mut_doc_free(doc);
}

static void print_text(const Sending *sending, const Sent *sent)
{
    char objects[OUTPUT_NUMBER_MAX];
    g_autofree char *marking = dispatch_view_marking(sent->tlp, MARKING_PAP_NONE);
    g_autoptr(GString) names = g_string_new(sent->audience->len == 0 ? "everybody" : NULL);
    guint64 first = g_array_index(sent->entries, guint64, 0);
    guint64 last = g_array_index(sent->entries, guint64, sent->entries->len - 1);
    for (guint i = 0; i < sent->audience->len; i++) {
        g_autofree char *node = dispatch_view_node(sent->audience->pdata[i]);
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", node);
    }
    g_autofree char *entries =
        first == last ? g_strdup_printf("entry %" G_GUINT64_FORMAT, first)
                      : g_strdup_printf("%u entries, %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                        sent->entries->len, first, last);
    output_line("%sSent %s objects as %s to %s, %s.", sending->is_exercise ? "EXERCISE: " : "",
                output_number(objects, sent->objects), entries, names->str, marking);
    if (sent->minimised + sent->left_out > 0)
        output_line("Minimised: %" G_GUINT64_FORMAT " of them are without what [exchange] minimise "
                    "leaves out; %" G_GUINT64_FORMAT " were left out as a whole.",
                    sent->minimised, sent->left_out);
}

/* Raised, for a dispatch is at least as strict as what is in it. */
static void tell_raised(const char *asked, const Sent *sent)
{
    if (!asked || marking_tlp_from_name(asked) >= sent->tlp)
        return;
    g_autofree char *given = g_ascii_strup(asked, -1);
    g_autofree char *got = g_ascii_strup(marking_tlp_name(sent->tlp), -1);
    output_note("Sent as TLP:%s, not TLP:%s: an object in it is marked so.", got, given);
}

/* "Sent" is a word for what is on its way. */
static void tell_suspended(Node *node, const Sent *sent)
{
    for (guint i = 0; i < sent->audience->len; i++) {
        g_autofree char *name = dispatch_view_node(sent->audience->pdata[i]);
        letter_warn_suspended(node, name);
    }
}

static int run(const CommandCall *call, GError **error)
{
    Sending sending;
    if (!read_options(call, &sending, error))
        return COMMAND_ERROR;
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    Gather gather = {.ids = read, .seen = seen};
    g_auto(Sent) sent = sent_new();
    g_autoptr(Node) node = command_node_open(call, NODE_WRITE, error);
    if (!node || !tell_mode(node_store(node), &sending, error) ||
        (call->count > 0 && !import_files(call, node, &gather, error)))
        return COMMAND_ERROR;
    const char *const *ids = call->count > 0 ? (const char *const *)read->pdata : sending.ids;
    guint n_ids = call->count > 0 ? read->len : ids ? g_strv_length((char **)ids) : 0;
    if (!send_all(node, &sending, ids, n_ids, &sent, error))
        return cmd_dispatch_failed(error);
    if (command_json(call))
        print_json(&sent);
    else
        print_text(&sending, &sent);
    tell_raised(command_text(call, "tlp"), &sent);
    tell_suspended(node, &sent);
    g_clear_pointer(&node, node_close);
    if (!node_is_served(command_node_directory(call)))
        output_note("The node is not served: nobody gets this until `concert serve` runs.");
    return COMMAND_OK;
}

const Command cmd_dispatch_send = {
    .name = "send",
    .summary = "send objects to peers",
    .arguments = "[FILE...|-]",
    .description =
        "Sends the objects of files, which are imported first (any format that `concert import` "
        "reads; \"-\" is standard input), or objects that are here, in their latest versions. The "
        "policy is asked for each object and each recipient: what it forbids refuses the "
        "whole, with the rule that says so.\n\n"
        "The audience is who is named and who is a member of the community now. It never grows: "
        "who comes later gets it only by `concert dispatch grant`. The marking is --tlp, or "
        "that of the strictest object if this is stricter, or else [exchange] unmarked.",
    .options =
        (const CommandOption[]){
            {"title", 't', COMMAND_TEXT, "TEXT", .help = "what it is, in a line"},
            {"to", 0, COMMAND_TEXTS, "PEER", .help = "a peer that gets it; may be repeated"},
            {"community", 0, COMMAND_TEXT, "NAME@NODE", .help = "its members get it"},
            {"public", 0, COMMAND_FLAG, .help = "everybody may get it, who is no peer too"},
            {"tlp", 0, COMMAND_CHOICE, "TLP", .choices = "clear|green|amber|amber+strict|red",
             .help = "who may know of it"},
            {"pap", 0, COMMAND_CHOICE, "PAP", .choices = "clear|green|amber|red",
             .help = "what may be done with it"},
            {"purpose", 'p', COMMAND_TEXT, "TEXT", .help = "what it is sent for"},
            {"exercise", 0, COMMAND_FLAG, .help = "it is an exercise, and shown so everywhere"},
            {"expires", 0, COMMAND_TEXT, "TIME|DURATION",
             .help = "not to be used any more after that: 2026-05-01T10:20:30Z, 30d"},
            {"id", 'i', COMMAND_TEXTS, "ID", .help = "send this object; may be repeated"},
            {"collection", 'c', COMMAND_TEXT, "NAME", .help = "send what is in a collection"},
            {"type", 0, COMMAND_TEXT, "TYPE", .help = "send objects of a type"},
            {"source", 's', COMMAND_TEXT, "NAME", .help = "send what a source gave"},
            {"modified-after", 0, COMMAND_TEXT, "TIME", .help = "of these, versions later than"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert dispatch send --to cert.birch.example --tlp amber -t \"Bank page\" page.json",
             "a file to one peer"},
            {"concert dispatch send --community banks@cert.forum.example -t Blocklist -c main",
             "what is in a collection to the members of a community"},
            {NULL},
        },
    .nothing = "the policy forbids it, or there is no such peer, community or object",
    .max_arguments = COMMAND_ANY_NUMBER,
    .uses_node = TRUE,
    .run = run,
};
