#include "shield/suffix.h"

#include <libpsl.h>

#include "base/sha256.h"

/* Hexadecimal digits of a checksum that are enough to tell lists apart. */
#define CHECKSUM_DIGITS 16

struct Suffix {
    psl_ctx_t *loaded; /* NULL: the built-in list is used, which belongs to libpsl */
    char *version;
};

static gboolean load_file(Suffix *suffix, const char *path)
{
    g_autofree char *bytes = NULL;
    gsize length;
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    if (!path || !g_file_get_contents(path, &bytes, &length, NULL))
        return FALSE;
    suffix->loaded = psl_load_file(path);
    if (!suffix->loaded)
        return FALSE;
    sha256_digest(bytes, length, digest);
    suffix->version = g_strdup_printf("libpsl %s, %s, sha256 %.*s", psl_get_version(), path,
                                      CHECKSUM_DIGITS, sha256_hex(digest, hex));
    return TRUE;
}

Suffix *suffix_new(void)
{
    Suffix *suffix = g_new0(Suffix, 1);
    if (!load_file(suffix, psl_dist_filename()))
        suffix->version = g_strdup_printf("libpsl %s, built in, sha1 %.*s", psl_get_version(),
                                          CHECKSUM_DIGITS, psl_builtin_sha1sum());
    return suffix;
}

void suffix_free(Suffix *suffix)
{
    if (!suffix)
        return;
    psl_free(suffix->loaded);
    g_free(suffix->version);
    g_free(suffix);
}

gboolean suffix_is_public(const Suffix *suffix, const char *domain)
{
    const psl_ctx_t *list = suffix->loaded ? suffix->loaded : psl_builtin();
    /* The rule "*" makes a suffix of every name of one label, whether anybody has it or not. */
    return list && psl_is_public_suffix(list, domain);
}

const char *suffix_version(const Suffix *suffix)
{
    return suffix->version;
}
