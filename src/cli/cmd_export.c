/* cmd_export.c - `concert export`: objects out, byte for byte. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/durable.h"
#include "cli/command_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "store/collections.h"
#include "store/objects.h"

typedef struct {
    FILE *stream;
    gboolean ndjson;
    ObjectSpec spec; /* 0: any */
    guint64 count;
} Export;

static gboolean write_object(const ObjectsRow *row, gpointer user)
{
    Export *export = user;
    if (export->spec != 0 && row->spec != export->spec)
        return TRUE;
    gsize length;
    const char *bytes = g_bytes_get_data(row->bytes, &length);
    if (!export->ndjson) {
        fputs(export->count > 0 ? ",\n" : "\n", export->stream);
        fwrite(bytes, 1, length, export->stream);
    } else {
        /* A line feed in JSON text is only ever between tokens, where a blank does as well. */
        for (const char *c = bytes, *end = bytes + length; c < end; c++)
            putc(*c == '\n' || *c == '\r' ? ' ' : *c, export->stream);
        putc('\n', export->stream);
    }
    export->count++;
    return !ferror(export->stream);
}

static gboolean write_all(Export *export, Store *store, const ObjectsQuery *query, GError **error)
{
    if (!export->ndjson) {
        g_autofree char *uuid = g_uuid_string_random();
        fprintf(export->stream, "{\"type\":\"bundle\",\"id\":\"bundle--%s\",%s\"objects\":[", uuid,
                export->spec == OBJECT_SPEC_20 ? "\"spec_version\":\"2.0\"," : "");
    }
    if (!objects_find(store, query, write_object, export, NULL, error))
        return FALSE;
    if (!export->ndjson)
        fputs("\n]}\n", export->stream);
    errno = 0;
    if (fflush(export->stream) != 0 || ferror(export->stream))
        return error_from_errno(error, errno ? errno : EIO, "writing");
    return TRUE;
}

typedef struct {
    Export *export;
    Store *store;
    const ObjectsQuery *query;
} Filling;

static gboolean fill(FILE *stream, gpointer user, GError **error)
{
    Filling *filling = user;
    filling->export->stream = stream;
    return write_all(filling->export, filling->store, filling->query, error);
}

static int run(const CommandCall *call, GError **error)
{
    static const ObjectSpec specs[] = {OBJECT_SPEC_20, OBJECT_SPEC_21};
    int spec = command_choice(call, "spec", -1);
    Export export = {
        .stream = stdout,
        .ndjson = command_flag(call, "ndjson"),
        .spec = spec < 0 ? 0 : specs[spec],
    };
    g_autoptr(Node) node = command_node_open(call, NODE_READ, error);
    if (!node)
        return COMMAND_ERROR;
    Store *store = node_store(node);
    ObjectsQuery query = OBJECTS_QUERY_INIT;
    query.type = command_text(call, "type");
    query.source = command_text(call, "source");
    query.all_versions = command_flag(call, "all-versions");
    query.variants = command_flag(call, "variants");
    if (command_text(call, "collection")) {
        g_autoptr(Collection) collection =
            collections_lookup(store, NULL, command_text(call, "collection"), error);
        if (!collection)
            return COMMAND_ERROR;
        query.collection = collection->number;
    }
    const char *path = command_text(call, "output");
    gboolean file = path && !g_str_equal(path, "-");
    Filling filling = {&export, store, &query};
    if (!(file ? durable_write_stream(path, 0600, fill, &filling, error)
               : write_all(&export, store, &query, error)))
        return command_file_error(error);
    if (file) {
        char number[OUTPUT_NUMBER_MAX];
        output_note("%s objects written to %s", output_number(number, export.count), path);
    }
    return export.count > 0 ? COMMAND_OK : COMMAND_NOTHING;
}

const Command cmd_export = {
    .name = "export",
    .summary = "write objects out, byte for byte",
    .description = "Writes one STIX bundle whose objects are the very bytes that were received, in "
                   "the order they were stored. By default the latest version of each object.\n\n"
                   "A bundle of STIX 2.0 objects says so on its outside: when the store holds both "
                   "specifications, export each with --spec.",
    .options =
        (const CommandOption[]){
            {"output", 'o', COMMAND_TEXT, "FILE",
             .help = "write to FILE, which appears only when complete (default: standard output)"},
            {"ndjson", 0, COMMAND_FLAG,
             .help = "one object a line instead of a bundle; line breaks inside become blanks"},
            {"type", 't', COMMAND_TEXT, "TYPE", .help = "only objects of this type"},
            {"source", 's', COMMAND_TEXT, "NAME", .help = "only what this source gave"},
            {"collection", 'c', COMMAND_TEXT, "NAME", .help = "only what is in this collection"},
            {"spec", 0, COMMAND_CHOICE, "SPEC", .choices = "2.0|2.1",
             .help = "only objects of this specification"},
            {"all-versions", 'a', COMMAND_FLAG, .help = "every version, not only the latest"},
            {"variants", 0, COMMAND_FLAG,
             .help = "variants and claims as well; implies --all-versions"},
            COMMAND_OPTIONS_END,
        },
    .examples =
        (const CommandExample[]){
            {"concert export --variants -o everything.json", "all that was ever received"},
            {"concert export -t indicator --ndjson | jq -r .name", "names of indicators"},
            {NULL},
        },
    .nothing = "there is no such object",
    .uses_node = TRUE,
    .run = run,
};
