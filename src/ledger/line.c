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

/* What a letter of base64 stands for; 64 and more if it is none. */
static guint32 sextet(char letter)
{
    guint upper = (guint)((guchar)letter - 'A'), lower = (guint)((guchar)letter - 'a'),
          digit = (guint)((guchar)letter - '0');
    return upper < 26      ? upper
           : lower < 26    ? lower + 26
           : digit < 10    ? digit + 52
           : letter == '+' ? 62
           : letter == '/' ? 63
                           : 64;
}

/* Decodes exactly @length letters into at most @size bytes; refuses missing padding and unused bits
 * that are set. Nothing here is secret, and of a million nonces libsodium, which takes the same
 * time for all letters, would be a part that one sees. */
static gboolean decode(const char *text, gsize length, guint8 *bytes, gsize size, gsize *ret_used)
{
    gsize padding = 0, used = 0;
    if (length % 4 != 0)
        return FALSE;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    if (length / 4 * 3 - padding > size)
        return FALSE;
    for (gsize i = 0; i < length; i += 4) {
        gsize letters = i + 4 == length ? 4 - padding : 4;
        guint32 group = 0, wrong = 0;
        for (gsize j = 0; j < letters; j++) {
            guint32 value = sextet(text[i + j]);
            wrong |= value & 64;
            group |= value << (18 - 6 * j);
        }
        for (gsize j = 0; j < letters - 1; j++)
            bytes[used++] = (guint8)(group >> (16 - 8 * j));
        if (wrong || (group & (0xffffffu >> (8 * (letters - 1)))) != 0)
            return FALSE;
    }
    *ret_used = used;
    return TRUE;
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
