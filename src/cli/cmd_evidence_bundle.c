/* cmd_evidence_bundle.c - `concert evidence bundle`: one file that proves an evidence to anybody.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/durable.h"
#include "base/jsontext.h"
#include "cli/cmd_evidence.h"
#include "cli/evidence_custody.h"
#include "cli/output.h"
#include "node/evidence_maker.h"

/* The file that is being written. */
typedef struct {
    Node *node;
    const char *path;
    char *under_way; /* its name until it is whole */
    int fd;
} Writing;

static void writing_clear(Writing *writing)
{
    if (writing->fd >= 0) {
        close(writing->fd);
        g_unlink(writing->under_way);
    }
    g_free(writing->under_way);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writing, writing_clear)

static gboolean fail(const Writing *writing, int code, GError **error)
{
    if (code == ENOSPC)
        return disk_fail(error, code, writing->path);
    return error_set(error, code == EEXIST ? CONCERT_ERROR_CONFLICT : CONCERT_ERROR_IO, "%s: %s",
                     writing->path, g_strerror(code));
}

static gboolean put(const void *bytes, gsize length, gpointer user, GError **error)
{
    const Writing *writing = user;
    for (const char *at = bytes; length > 0;) {
        ssize_t written = write(writing->fd, at, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(writing, errno, error);
        at += written;
        length -= (gsize)written;
    }
    return TRUE;
}

static char *sign(const char *body, gpointer user, GError **error)
{
    const Writing *writing = user;
    yyjson_doc *read = yyjson_read(body, strlen(body), 0), *result = NULL;
    yyjson_mut_val *root;
    yyjson_mut_doc *params = jsontext_object(&root);
    yyjson_mut_obj_add_val(params, root, "body",
                           yyjson_val_mut_copy(params, yyjson_doc_get_root(read)));
    yyjson_doc_free(read);
    if (!command_node_call(writing->node, "evidence.sign", params, &result, error))
        return NULL;
    char *text = g_strdup(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(result), "text")));
    yyjson_doc_free(result);
    return text;
}

static gboolean finish(Writing *writing, GError **error)
{
    return (fsync(writing->fd) == 0 && link(writing->under_way, writing->path) == 0) ||
           fail(writing, errno, error);
}

static void report(const CommandCall *call, const char *path, const EvidenceMakerCounts *counts)
{
    char size[OUTPUT_NUMBER_MAX];
    if (command_json(call)) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, root, "file", path);
        yyjson_mut_obj_add_uint(doc, root, "bytes", counts->bytes);
        yyjson_mut_obj_add_uint(doc, root, "parties", counts->parties);
        yyjson_mut_obj_add_uint(doc, root, "steps", counts->steps);
        yyjson_mut_obj_add_uint(doc, root, "proofs", counts->proofs);
        yyjson_mut_obj_add_uint(doc, root, "files", counts->files);
        yyjson_mut_obj_add_uint(doc, root, "files_missing", counts->files_missing);
        yyjson_mut_obj_add_uint(doc, root, "files_malicious", counts->files_malicious);
        output_json(root);
        yyjson_mut_doc_free(doc);
        return;
    }
    output_line("Wrote %s (%s): %u steps, %u ledger proofs, %u files.", path,
                output_size(size, counts->bytes), counts->steps, counts->proofs, counts->files);
    if (counts->files_missing > 0)
        output_note("%u files are not here whole and are not in it.", counts->files_missing);
    if (counts->files_malicious > 0)
        output_note("%u malicious files are not in it: hand them over wrapped, with `concert "
                    "attachment save`.",
                    counts->files_malicious);
}

static int run(const CommandCall *call, GError **error)
{
    EvidenceMakerCounts counts;
    g_auto(Writing) writing = {.path = command_text(call, "output"), .fd = -1};
    if (!writing.path)
        return command_usage(call, error, "say where to: --output FILE");
    if (g_file_test(writing.path, G_FILE_TEST_EXISTS)) {
        fail(&writing, EEXIST, error);
        return COMMAND_ERROR;
    }
    g_autoptr(Node) node = writing.node = command_node_open(call, NODE_WRITE, error);
    g_autoptr(Docket) docket = node ? evidence_custody_load(call, node, error) : NULL;
    if (!docket)
        return COMMAND_ERROR;
    writing.under_way = g_strconcat(writing.path, DURABLE_SUFFIX, NULL);
    writing.fd =
        open(writing.under_way, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (writing.fd < 0) {
        fail(&writing, errno, error);
        return COMMAND_ERROR;
    }
    const EvidenceMaker maker = {.store = node_store(node),
                                 .docket = docket,
                                 .without_files = command_flag(call, "without-files"),
                                 .put = put,
                                 .sign = sign,
                                 .user = &writing};
    if (!evidence_maker_write(&maker, &counts, error) || !finish(&writing, error))
        return COMMAND_ERROR;
    report(call, writing.path, &counts);
    return COMMAND_OK;
}

const Command cmd_evidence_bundle = {
    .name = "bundle",
    .summary = "write one file that proves all of it to anybody",
    .arguments = "ID",
    .description =
        "The file has every step as it was signed, the cards and keys of who signed, the proofs "
        "that the steps stand in the ledgers, the certificate of the collector, and the files "
        "themselves as far as they are here. `concert evidence verify` tells on any machine, "
        "without a node and offline, whether it holds. Malicious files are left out: hand them "
        "over wrapped, and name them to `verify` beside the bundle.",
    .options =
        (const CommandOption[]){
            {"output", 'o', COMMAND_TEXT, "FILE", .help = "the new file (required)"},
            {"without-files", 0, COMMAND_FLAG, .help = "leave the files out; their hashes stay"},
            COMMAND_OPTION_JSON,
            COMMAND_OPTIONS_END,
        },
    .examples = (const CommandExample[]){{"concert evidence bundle 72ad55eb -o web-3.evidence",
                                          "all of it in one file"},
                                         {NULL, NULL}},
    .nothing = "there is no such evidence",
    .min_arguments = 1,
    .uses_node = TRUE,
    .run = run,
};
