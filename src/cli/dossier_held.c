#include "cli/dossier_held.h"

#include "cli/command_node.h"
#include "cli/dispatch_view.h"
#include "cli/output.h"

static void fill(yyjson_mut_doc *doc, yyjson_mut_val *object, const HeldEvent *event)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_obj_add_strcpy(doc, object, "event", sha256_hex(event->hash, hex));
    yyjson_mut_obj_add_str(doc, object, "dossier", event->dossier);
    yyjson_mut_obj_add_str(doc, object, "type", event->type);
    yyjson_mut_obj_add_str(doc, object, "by", event->author);
    dispatch_view_add_text(doc, object, "from", event->source);
    dispatch_view_add_time(doc, object, "time", event->time);
    dispatch_view_add_time(doc, object, "arrived", event->arrived);
    dispatch_view_add_time(doc, object, "until", event->until);
}

void dossier_held_add(yyjson_mut_doc *doc, yyjson_mut_val *root, const GPtrArray *events)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "held");
    for (guint i = 0; i < events->len; i++)
        fill(doc, yyjson_mut_arr_add_obj(doc, list), events->pdata[i]);
}

void dossier_held_print(const GPtrArray *events)
{
    for (guint i = 0; i < events->len; i++) {
        const HeldEvent *event = events->pdata[i];
        char hex[2 * SHA256_SIZE + 1], time[OUTPUT_NUMBER_MAX], until[OUTPUT_NUMBER_MAX];
        output_line("%s %.8s %s by %s", output_time(time, event->time),
                    sha256_hex(event->hash, hex), event->type, event->author);
        output_line("    HELD until %s: it claims a time ahead", output_time(until, event->until));
    }
}

static int run_held(const CommandCall *call, GError **error)
{
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    g_autoptr(GPtrArray) events = node ? held_events_list(node_store(node), NULL, error) : NULL;
    if (!events)
        return COMMAND_ERROR;
    for (guint i = 0; i < events->len; i++) {
        const HeldEvent *event = events->pdata[i];
        char until[OUTPUT_NUMBER_MAX];
        if (!command_json(call)) {
            output_line("%s  until %s  %s by %s, from %s", event->dossier,
                        output_time(until, event->until), event->type, event->author,
                        event->source);
            continue;
        }
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        fill(doc, root, event);
        output_json(root);
        yyjson_mut_doc_free(doc);
    }
    return events->len > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_dossier_held = {
    .name = "held",
    .summary = "list events that are held back: they claim times ahead",
    .description = "An event that claims a time more than a day ahead of this node's clock has no "
                   "part in its dossier until a day before that time. Who sent it is told. At most "
                   "64 of one peer are held, the others are refused.",
    .options = (const CommandOption[]){COMMAND_OPTION_JSON, COMMAND_OPTIONS_END},
    .nothing = "none is held",
    .uses_node = TRUE,
    .run = run_held,
};
