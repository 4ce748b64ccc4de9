#include "ledger/line.h"

#include <sodium.h>
#include <string.h>

#define HASH_BASE64 44 /* letters of a hash */

gboolean line_next(LineReader *reader, const char **ret_line, gsize *ret_length)
{
    const char *end = reader->length > 0 ? memchr(reader->rest, '\n', reader->length) : NULL;
    if (!end)
        return FALSE;
    *ret_line = reader->rest;
    *ret_length = (gsize)(end - reader->rest);
    reader->rest = end + 1;
    reader->length -= *ret_length + 1;
    return TRUE;
}

gboolean line_skip(const char **line, gsize *length, const char *prefix)
{
    gsize n = strlen(prefix);
    if (*length < n || memcmp(*line, prefix, n) != 0)
        return FALSE;
    *line += n;
    *length -= n;
    return TRUE;
}

gboolean line_number(const char *text, gsize length, guint64 max, guint64 *ret_number)
{
    guint64 number = 0;
    if (length == 0 || (length > 1 && text[0] == '0'))
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isdigit(text[i]))
            return FALSE;
        guint digit = (guint)(text[i] - '0');
        if (number > (max - MIN(digit, max)) / 10)
            return FALSE;
        number = number * 10 + digit;
    }
    if (number > max)
        return FALSE;
    *ret_number = number;
    return TRUE;
}

/* Decodes exactly @length letters. libsodium refuses missing padding and unused bits that are set,
 * as wanted; but it takes a byte of 0x80 and above for the letter "+" or "/" without that bit. */
static gboolean decode(const char *text, gsize length, guint8 *bytes, gsize size, gsize *ret_used)
{
    for (gsize i = 0; i < length; i++)
        if ((guint8)text[i] >= 0x80)
            return FALSE;
    return length % 4 == 0 && sodium_base642bin(bytes, size, text, length, NULL, ret_used, NULL,
                                                sodium_base64_VARIANT_ORIGINAL) == 0;
}

GBytes *line_base64(const char *text, gsize length)
{
    gsize size = length / 4 * 3, used;
    g_autofree guint8 *bytes = g_malloc(MAX(size, 1));
    return decode(text, length, bytes, size, &used)
               ? g_bytes_new_take(g_steal_pointer(&bytes), used)
               : NULL;
}

gboolean line_hash(const char *text, gsize length, MerkleHash *ret_hash)
{
    MerkleHash hash = {0};
    gsize used;
    if (length != HASH_BASE64 || !decode(text, length, hash.bytes, sizeof hash.bytes, &used) ||
        used != sizeof hash.bytes)
        return FALSE;
    *ret_hash = hash;
    return TRUE;
}

void line_append_base64(GString *text, const void *bytes, gsize length)
{
    gsize size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    gsize before = text->len;
    g_string_set_size(text, before + size - 1);
    sodium_bin2base64(text->str + before, size, bytes, length, sodium_base64_VARIANT_ORIGINAL);
}

void line_append_proof(GString *text, const MerkleProof *proof)
{
    for (guint i = 0; i < proof->count; i++) {
        line_append_base64(text, proof->hashes[i].bytes, SHA256_SIZE);
        g_string_append_c(text, '\n');
    }
}

gboolean line_read_proof(LineReader *reader, guint max, MerkleProof *ret_proof)
{
    MerkleProof proof;
    const char *line;
    gsize length;
    proof.count = 0;
    while (line_next(reader, &line, &length)) {
        if (length == 0) {
            ret_proof->count = proof.count;
            memcpy(ret_proof->hashes, proof.hashes, proof.count * sizeof *proof.hashes);
            return TRUE;
        }
        if (proof.count == max || !line_hash(line, length, &proof.hashes[proof.count++]))
            return FALSE;
    }
    return FALSE;
}
