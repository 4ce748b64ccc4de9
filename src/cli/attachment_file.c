#include "cli/attachment_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/jsontext.h"
#include "cli/command_node.h"
#include "store/attachments.h"

#define NAME_MAX_BYTES 255

/* A file on its way in. */
typedef struct {
    Node *node;
    const char *path;
    int fd;
    Chunk chunk; /* its place is that of the chunk under way */
    gboolean is_malicious;
    guint8 *buffer; /* CHUNK_BYTES */
} Adding;

static void adding_clear(Adding *adding)
{
    if (adding->fd >= 0)
        close(adding->fd);
    g_free(adding->buffer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Adding, adding_clear)

static gboolean fail(const char *path, const char *what, GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", path, what);
    return FALSE;
}

static gboolean open_file(Adding *adding, GError **error)
{
    struct stat facts;
    adding->fd = open(adding->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (adding->fd < 0 || fstat(adding->fd, &facts) != 0)
        return fail(adding->path, g_strerror(errno), error);
    if (!S_ISREG(facts.st_mode))
        return fail(adding->path, "is no file that can be attached", error);
    if ((guint64)facts.st_size > CHUNK_SIZE_MAX)
        return fail(adding->path, "is larger than 1 TiB", error);
    adding->chunk.size = (guint64)facts.st_size;
    return TRUE;
}

/* Reads the bytes of a chunk. */
static gboolean read_chunk(Adding *adding, guint place, gsize *ret_length, GError **error)
{
    gsize wanted = chunk_length(adding->chunk.size, place), got = 0;
    while (got < wanted) {
        ssize_t more = pread(adding->fd, adding->buffer + got, wanted - got,
                             (off_t)((guint64)place * CHUNK_BYTES + got));
        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0)
            return fail(adding->path, more < 0 ? g_strerror(errno) : "became shorter", error);
        got += (gsize)more;
    }
    *ret_length = wanted;
    return TRUE;
}

static gboolean hash_file(Adding *adding, GError **error)
{
    Sha256 *hash = sha256_begin();
    gboolean good = TRUE;
    for (guint place = 0; good && place < chunk_count(adding->chunk.size); place++) {
        gsize length = 0;
        good = read_chunk(adding, place, &length, error);
        sha256_add(hash, adding->buffer, length);
    }
    sha256_end(hash, adding->chunk.sha256);
    return good;
}

static yyjson_mut_doc *begin_params(const Adding *adding)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_strcpy(doc, root, "sha256", sha256_hex(adding->chunk.sha256, hex));
    return doc;
}

static gboolean keep_chunk(Adding *adding, guint place, GError **error)
{
    gsize length;
    if (!read_chunk(adding, place, &length, error))
        return FALSE;
    g_autofree char *text = g_base64_encode(adding->buffer, length);
    yyjson_mut_doc *doc = begin_params(adding);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_obj_add_uint(doc, root, "size", adding->chunk.size);
    yyjson_mut_obj_add_uint(doc, root, "place", place);
    yyjson_mut_obj_add_str(doc, root, "bytes", text);
    yyjson_mut_obj_add_bool(doc, root, "malicious", adding->is_malicious);
    return command_node_call(adding->node, "attachment.keep", doc, NULL, error);
}

/* Whether a copy is here that needs nothing: of what is malicious, one that says so. */
static gboolean is_here(const Adding *adding, gboolean *ret_here, GError **error)
{
    g_autoptr(GPtrArray) copies =
        attachments_find(node_store(adding->node), adding->chunk.sha256, error);
    *ret_here = FALSE;
    for (guint i = 0; copies && i < copies->len; i++) {
        const Attachment *copy = copies->pdata[i];
        *ret_here |= copy->state == ATTACHMENT_WHOLE && copy->size == adding->chunk.size &&
                     (copy->is_malicious || !adding->is_malicious);
    }
    return copies != NULL;
}

static gboolean keep_file(Adding *adding, GError **error)
{
    gboolean here;
    if (!is_here(adding, &here, error))
        return FALSE;
    if (here)
        return TRUE;
    g_autoptr(GArray) missing = attachments_missing(node_store(adding->node), adding->chunk.sha256,
                                                    adding->chunk.size, error);
    if (!missing)
        return FALSE;
    /* The first chunk is given again if nothing else is missing: it bears the mark. */
    const guint first = 0;
    if (missing->len == 0)
        g_array_append_val(missing, first);
    for (guint i = 0; i < missing->len; i++)
        if (!keep_chunk(adding, g_array_index(missing, guint, i), error))
            return FALSE;
    if (!command_node_call(adding->node, "attachment.check", begin_params(adding), NULL, error) ||
        !is_here(adding, &here, error))
        return FALSE;
    return here || fail(adding->path, "changed while it was read", error);
}

/* Told by the end of the name; nothing looks into the file. */
static const char *guess_type(const char *name)
{
    static const char *const types[][2] = {
        {".csv", "text/csv"},
        {".eml", "message/rfc822"},
        {".gz", "application/gzip"},
        {".htm", "text/html"},
        {".html", "text/html"},
        {".jpeg", "image/jpeg"},
        {".jpg", "image/jpeg"},
        {".json", "application/json"},
        {".log", "text/plain"},
        {".pcap", "application/vnd.tcpdump.pcap"},
        {".pdf", "application/pdf"},
        {".png", "image/png"},
        {".tsr", "application/timestamp-reply"},
        {".txt", "text/plain"},
        {".xml", "application/xml"},
        {".zip", "application/zip"},
    };
    g_autofree char *lower = g_ascii_strdown(name, -1);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_suffix(lower, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

/* The last part of the path, as a line of text. */
static char *make_name(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *name = g_utf8_make_valid(base, -1);
    for (char *at = name; *at; at++)
        if (g_ascii_iscntrl(*at) || *at == '/')
            *at = '_';
    if (strlen(name) > NAME_MAX_BYTES)
        *g_utf8_find_prev_char(name, name + NAME_MAX_BYTES) = '\0';
    return name;
}

static void describe(const Adding *adding, yyjson_mut_doc *doc, yyjson_mut_val *list)
{
    char hex[2 * SHA256_SIZE + 1];
    g_autofree char *name = make_name(adding->path);
    yyjson_mut_val *file = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_strcpy(doc, file, "name", name);
    yyjson_mut_obj_add_str(doc, file, "type", guess_type(name));
    yyjson_mut_obj_add_strcpy(doc, file, "sha256", sha256_hex(adding->chunk.sha256, hex));
    yyjson_mut_obj_add_uint(doc, file, "size", adding->chunk.size);
    if (adding->is_malicious)
        yyjson_mut_obj_add_bool(doc, file, "malicious", TRUE);
}

gboolean attachment_file_add(Node *node, const char *path, gboolean malicious, yyjson_mut_doc *doc,
                             yyjson_mut_val *list, GError **error)
{
    g_auto(Adding) adding = {.node = node, .path = path, .fd = -1, .is_malicious = malicious};
    if (!open_file(&adding, error))
        return FALSE;
    adding.buffer = g_malloc(CHUNK_BYTES);
    if (!hash_file(&adding, error) || !keep_file(&adding, error))
        return FALSE;
    describe(&adding, doc, list);
    return TRUE;
}
