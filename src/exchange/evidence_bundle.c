#include "exchange/evidence_bundle.h"

#include <string.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "ledger/opening.h"

#define PIECE (256 * 1024) /* bytes that are read at once */

static const char order[] = "HKEPCFZ";

static void make_header(guint8 header[EVIDENCE_BUNDLE_HEADER], EvidenceBundleKind kind,
                        guint64 length)
{
    guint64 big = GUINT64_TO_BE(length);
    header[0] = (guint8)kind;
    memcpy(header + 1, &big, sizeof big);
}

/* --- writing -----------------------------------------------------------------------------------
 */

struct EvidenceBundleWriter {
    EvidenceBundlePut put;
    gpointer user;
    gboolean is_begun;
    guint64 left;   /* bytes of the frame under way */
    Sha256 *hash;   /* of it; NULL: none is under way */
    GArray *hashes; /* EventHash-like: SHA256_SIZE bytes each */
};

EvidenceBundleWriter *evidence_bundle_writer_new(EvidenceBundlePut put, gpointer user)
{
    EvidenceBundleWriter *writer = g_new0(EvidenceBundleWriter, 1);
    writer->put = put;
    writer->user = user;
    writer->hashes = g_array_new(FALSE, FALSE, SHA256_SIZE);
    return writer;
}

void evidence_bundle_writer_free(EvidenceBundleWriter *writer)
{
    guint8 unused[SHA256_SIZE];
    if (!writer)
        return;
    if (writer->hash)
        sha256_end(writer->hash, unused);
    g_array_unref(writer->hashes);
    g_free(writer);
}

static gboolean put_magic(EvidenceBundleWriter *writer, GError **error)
{
    if (writer->is_begun)
        return TRUE;
    writer->is_begun = TRUE;
    return writer->put(EVIDENCE_BUNDLE_MAGIC, strlen(EVIDENCE_BUNDLE_MAGIC), writer->user, error);
}

static void finish_frame(EvidenceBundleWriter *writer)
{
    guint8 digest[SHA256_SIZE];
    if (!writer->hash || writer->left > 0)
        return;
    sha256_end(g_steal_pointer(&writer->hash), digest);
    g_array_append_val(writer->hashes, digest);
}

gboolean evidence_bundle_begin(EvidenceBundleWriter *writer, EvidenceBundleKind kind,
                               guint64 length, GError **error)
{
    guint8 header[EVIDENCE_BUNDLE_HEADER];
    g_return_val_if_fail(!writer->hash, FALSE);
    if (writer->hashes->len >= EVIDENCE_BUNDLE_FRAMES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "a bundle has at most %d frames",
                    EVIDENCE_BUNDLE_FRAMES_MAX);
        return FALSE;
    }
    make_header(header, kind, length);
    writer->hash = sha256_begin();
    writer->left = length;
    sha256_add(writer->hash, header, sizeof header);
    if (!put_magic(writer, error) || !writer->put(header, sizeof header, writer->user, error))
        return FALSE;
    finish_frame(writer);
    return TRUE;
}

gboolean evidence_bundle_add(EvidenceBundleWriter *writer, const void *bytes, gsize length,
                             GError **error)
{
    if (!writer->hash || length > writer->left) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "a frame of the bundle became longer");
        return FALSE;
    }
    sha256_add(writer->hash, bytes, length);
    writer->left -= length;
    if (!writer->put(bytes, length, writer->user, error))
        return FALSE;
    finish_frame(writer);
    return TRUE;
}

gboolean evidence_bundle_write(EvidenceBundleWriter *writer, EvidenceBundleKind kind,
                               const void *bytes, gsize length, GError **error)
{
    return evidence_bundle_begin(writer, kind, length, error) &&
           (length == 0 || evidence_bundle_add(writer, bytes, length, error));
}

char *evidence_bundle_body(const EvidenceBundleWriter *writer, const char *dossier,
                           const char *origin, gint64 time_us)
{
    char time[TIMESTAMP_MAX], hex[2 * SHA256_SIZE + 1];
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    yyjson_mut_obj_add_str(doc, root, "dossier", dossier);
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "frames");
    for (guint i = 0; i < writer->hashes->len; i++)
        yyjson_mut_arr_add_strcpy(
            doc, list,
            sha256_hex((const guint8 *)writer->hashes->data + (gsize)i * SHA256_SIZE, hex));
    yyjson_mut_obj_add_str(doc, root, "origin", origin);
    yyjson_mut_obj_add_strcpy(doc, root, "time",
                              timestamp_format(time, time_us, OPENING_TIME_DIGITS));
    return jsontext_take(doc);
}

gboolean evidence_bundle_end(EvidenceBundleWriter *writer, const char *text, GError **error)
{
    return evidence_bundle_write(writer, EVIDENCE_BUNDLE_END, text, strlen(text), error);
}

/* --- reading -----------------------------------------------------------------------------------
 */

struct EvidenceBundleReader {
    Stream *stream;
    guint64 offset;
    guint frames, files;
    char last; /* kind of the frame before; 0: none */
    guint8 *piece;
};

void evidence_bundle_frame_clear(EvidenceBundleFrame *frame)
{
    g_clear_pointer(&frame->bytes, g_bytes_unref);
}

void evidence_bundle_reader_free(EvidenceBundleReader *reader)
{
    if (!reader)
        return;
    g_free(reader->piece);
    g_free(reader);
}

/* As many bytes as there are, up to @size. */
static gboolean read_up_to(EvidenceBundleReader *reader, void *bytes, gsize size, gsize *ret_got,
                           GError **error)
{
    gsize got = 0;
    for (gsize more = 1; got < size && more > 0; got += more)
        if (!stream_read(reader->stream, (guint8 *)bytes + got, size - got, &more, error))
            return FALSE;
    reader->offset += got;
    *ret_got = got;
    return TRUE;
}

static gboolean refuse(const EvidenceBundleReader *reader, guint64 offset, const char *what,
                       GError **error)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "at byte %" G_GUINT64_FORMAT " of the bundle: %s", offset, what);
    return FALSE;
}

static gboolean read_exactly(EvidenceBundleReader *reader, void *bytes, gsize size, GError **error)
{
    gsize got;
    return read_up_to(reader, bytes, size, &got, error) &&
           (got == size || refuse(reader, reader->offset, "it is cut off", error));
}

EvidenceBundleReader *evidence_bundle_reader_new(Stream *stream, GError **error)
{
    char magic[sizeof EVIDENCE_BUNDLE_MAGIC - 1];
    gsize got, family = strlen("concert/evidence/v");
    g_autoptr(EvidenceBundleReader) reader = g_new0(EvidenceBundleReader, 1);
    reader->stream = stream;
    reader->piece = g_malloc(PIECE);
    if (!read_up_to(reader, magic, sizeof magic, &got, error))
        return NULL;
    if (got == sizeof magic && memcmp(magic, EVIDENCE_BUNDLE_MAGIC, sizeof magic) == 0)
        return g_steal_pointer(&reader);
    if (got >= family && memcmp(magic, EVIDENCE_BUNDLE_MAGIC, family) == 0)
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NEWER,
                            "the evidence bundle is of a later version");
    else
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "this is no evidence bundle: it does not begin as one");
    return NULL;
}

static gboolean check_frame(EvidenceBundleReader *reader, const EvidenceBundleFrame *frame,
                            GError **error)
{
    const char *place = frame->kind ? strchr(order, (char)frame->kind) : NULL;
    const char *before = reader->last ? strchr(order, reader->last) : NULL;
    gboolean is_file = frame->kind == EVIDENCE_BUNDLE_FILE;
    gboolean is_single = frame->kind == EVIDENCE_BUNDLE_HEAD ||
                         frame->kind == EVIDENCE_BUNDLE_CERTIFICATE ||
                         frame->kind == EVIDENCE_BUNDLE_END;
    if (!place)
        return refuse(reader, frame->offset, "there is no frame of that kind", error);
    if (before ? place < before || (place == before && is_single)
               : frame->kind != EVIDENCE_BUNDLE_HEAD)
        return refuse(reader, frame->offset, "a frame of that kind cannot be there", error);
    if (++reader->frames > EVIDENCE_BUNDLE_FRAMES_MAX ||
        (reader->files += is_file) > EVIDENCE_BUNDLE_FILES_MAX)
        return refuse(reader, frame->offset, "there are too many frames", error);
    if (is_file ? frame->length < SHA256_SIZE || frame->length > G_MAXINT64
                : frame->length > EVIDENCE_BUNDLE_SMALL_MAX)
        return refuse(reader, frame->offset, "a frame cannot have that length", error);
    return TRUE;
}

static gboolean read_small(EvidenceBundleReader *reader, EvidenceBundleFrame *frame, Sha256 *hash,
                           GError **error)
{
    gsize length = (gsize)frame->length;
    g_autofree guint8 *bytes = g_malloc(length + 1);
    if (!read_exactly(reader, bytes, length, error))
        return FALSE;
    sha256_add(hash, bytes, length);
    frame->bytes = g_bytes_new_take(g_steal_pointer(&bytes), length);
    return TRUE;
}

static gboolean read_file(EvidenceBundleReader *reader, EvidenceBundleFrame *frame, Sha256 *hash,
                          Sha256 *content, GError **error)
{
    guint64 left = frame->length - SHA256_SIZE;
    if (!read_exactly(reader, frame->file, SHA256_SIZE, error))
        return FALSE;
    sha256_add(hash, frame->file, SHA256_SIZE);
    gboolean is_kept = left <= EVIDENCE_BUNDLE_KEPT_MAX;
    g_autoptr(GByteArray) kept = g_byte_array_new();
    while (left > 0) {
        gsize size = (gsize)MIN(left, (guint64)PIECE);
        if (!read_exactly(reader, reader->piece, size, error))
            return FALSE;
        if (is_kept)
            g_byte_array_append(kept, reader->piece, (guint)size);
        sha256_add(hash, reader->piece, size);
        sha256_add(content, reader->piece, size);
        left -= size;
    }
    if (is_kept)
        frame->bytes = g_byte_array_free_to_bytes(g_steal_pointer(&kept));
    return TRUE;
}

static gboolean read_body(EvidenceBundleReader *reader, EvidenceBundleFrame *frame, Sha256 *hash,
                          GError **error)
{
    if (frame->kind != EVIDENCE_BUNDLE_FILE)
        return read_small(reader, frame, hash, error);
    Sha256 *content = sha256_begin();
    gboolean good = read_file(reader, frame, hash, content, error);
    sha256_end(content, frame->found);
    return good;
}

static gboolean check_end(EvidenceBundleReader *reader, GError **error)
{
    guint8 beyond;
    gsize got;
    return read_up_to(reader, &beyond, 1, &got, error) &&
           (got == 0 || refuse(reader, reader->offset - 1, "something follows its end", error));
}

gboolean evidence_bundle_read(EvidenceBundleReader *reader, EvidenceBundleFrame *ret_frame,
                              gboolean *ret_end, GError **error)
{
    guint8 header[EVIDENCE_BUNDLE_HEADER];
    guint64 length;
    g_auto(EvidenceBundleFrame) frame = {.offset = reader->offset};
    *ret_end = reader->last == EVIDENCE_BUNDLE_END;
    if (*ret_end)
        return check_end(reader, error);
    if (!read_exactly(reader, header, sizeof header, error))
        return FALSE;
    memcpy(&length, header + 1, sizeof length);
    frame.kind = (EvidenceBundleKind)header[0];
    frame.length = GUINT64_FROM_BE(length);
    if (!check_frame(reader, &frame, error))
        return FALSE;
    Sha256 *hash = sha256_begin();
    sha256_add(hash, header, sizeof header);
    gboolean good = read_body(reader, &frame, hash, error);
    sha256_end(hash, frame.hash);
    if (!good)
        return FALSE;
    reader->last = (char)frame.kind;
    *ret_frame = frame;
    frame = (EvidenceBundleFrame){0};
    return TRUE;
}
