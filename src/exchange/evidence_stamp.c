#include "exchange/evidence_stamp.h"

#include <string.h>

static void stamp_free(EvidenceStamp *stamp)
{
    g_free(stamp->name);
    g_free(stamp->of);
    g_free(stamp->signer);
    g_free(stamp->problem);
    g_free(stamp);
}

void evidence_stamp_seal_hash(const EvidenceChain *chain, guint8 ret_hash[SHA256_SIZE])
{
    char hex[2 * SHA256_SIZE + 1];
    Sha256 *hash = sha256_begin();
    for (guint i = 0; i < chain->hashes->len; i++) {
        sha256_hex(g_array_index(chain->hashes, EventHash, i).bytes, hex);
        sha256_add(hash, hex, 2 * SHA256_SIZE);
        sha256_add(hash, "\n", 1);
    }
    sha256_end(hash, ret_hash);
}

/* One file of the member "timestamp" of a seal. */
static gboolean read_hash(yyjson_val *file, EventHash *ret_hash)
{
    yyjson_val *hex = yyjson_obj_get(file, "sha256");
    return yyjson_is_str(hex) &&
           event_hash_parse(yyjson_get_str(hex), yyjson_get_len(hex), ret_hash);
}

gboolean evidence_stamp_is_named(const Event *event, const guint8 sha256[SHA256_SIZE])
{
    yyjson_val *list = yyjson_obj_get(event->payload, "timestamp"), *file;
    size_t at, size;
    EventHash hash;
    yyjson_arr_foreach (list, at, size, file) {
        if (read_hash(file, &hash) && memcmp(hash.bytes, sha256, SHA256_SIZE) == 0)
            return TRUE;
    }
    return FALSE;
}

/* What was sealed by that hash. Caller frees; NULL: nothing. */
static char *find_imprint(const EvidenceChain *chain, const guint8 *imprint)
{
    guint8 seal[SHA256_SIZE];
    g_autoptr(GArray) items = evidence_chain_items(chain->seal);
    for (guint i = 0; i < items->len; i++) {
        const EvidenceItem *item = &g_array_index(items, EvidenceItem, i);
        if (memcmp(item->sha256.bytes, imprint, SHA256_SIZE) == 0)
            return g_strdup(item->name);
    }
    evidence_stamp_seal_hash(chain, seal);
    return memcmp(seal, imprint, SHA256_SIZE) == 0 ? g_strdup("the seal") : NULL;
}

static GBytes *find_bytes(const GPtrArray *files, const guint8 *sha256)
{
    guint8 digest[SHA256_SIZE];
    for (guint i = 0; i < files->len; i++) {
        gsize length;
        const void *bytes = g_bytes_get_data(files->pdata[i], &length);
        sha256_digest(bytes, length, digest);
        if (memcmp(digest, sha256, SHA256_SIZE) == 0)
            return files->pdata[i];
    }
    return NULL;
}

static void judge(const EvidenceChain *chain, GBytes *bytes, struct x509_store_st *trusted,
                  EvidenceStamp *stamp)
{
    g_autoptr(GError) error = NULL;
    char hex[2 * SHA256_SIZE + 1];
    g_autoptr(TimestampToken) token =
        timestamp_token_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &error);
    if (!token) {
        stamp->problem = g_strdup(error->message);
        return;
    }
    stamp->time_us = token->time_us;
    stamp->of = find_imprint(chain, token->imprint);
    stamp->is_verified = trusted && timestamp_token_verify(token, trusted, &error);
    stamp->signer = g_strdup(token->signer);
    if (!stamp->of)
        stamp->problem = g_strdup_printf("it is of %s, which is neither the SHA-256 of a file that "
                                         "was sealed nor that of the seal",
                                         sha256_hex(token->imprint, hex));
    else if (error)
        stamp->problem = g_strdup(error->message);
}

GPtrArray *evidence_stamp_judge(const EvidenceChain *chain, const GPtrArray *files,
                                struct x509_store_st *trusted)
{
    GPtrArray *stamps = g_ptr_array_new_with_free_func((GDestroyNotify)stamp_free);
    yyjson_val *list = chain->seal ? yyjson_obj_get(chain->seal->payload, "timestamp") : NULL;
    yyjson_val *file;
    size_t at, size;
    yyjson_arr_foreach (list, at, size, file) {
        const char *name = yyjson_get_str(yyjson_obj_get(file, "name"));
        EventHash hash;
        if (stamps->len >= EVIDENCE_STAMP_MAX || !read_hash(file, &hash))
            continue;
        EvidenceStamp *stamp = g_new0(EvidenceStamp, 1);
        GBytes *bytes = find_bytes(files, hash.bytes);
        stamp->name = g_strdup(name ? name : "?");
        memcpy(stamp->sha256, hash.bytes, SHA256_SIZE);
        stamp->is_here = bytes != NULL;
        if (bytes)
            judge(chain, bytes, trusted, stamp);
        else if (yyjson_get_uint(yyjson_obj_get(file, "size")) > TIMESTAMP_TOKEN_MAX)
            stamp->problem =
                g_strdup_printf("a time stamp has at most %d bytes", TIMESTAMP_TOKEN_MAX);
        g_ptr_array_add(stamps, stamp);
    }
    return stamps;
}
