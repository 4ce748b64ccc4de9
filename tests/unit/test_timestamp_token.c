/* Time stamps (RFC 3161), made by openssl: what they are of, when they were made, and who vouches.
 */
#include "identity/timestamp_token.h"

#include <openssl/x509_vfy.h>
#include <string.h>

#include "identity/certificate.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)

static GBytes *load(const char *name)
{
    char *text;
    gsize length;
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "timestamp", name, NULL);
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    return g_bytes_new_take(text, length);
}

static TimestampToken *read_token(const char *name, GError **error)
{
    g_autoptr(GBytes) bytes = load(name);
    return timestamp_token_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
}

static X509_STORE *store(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pem = load(name);
    X509_STORE *made =
        certificate_store(g_bytes_get_data(pem, NULL), g_bytes_get_size(pem), &error);
    g_assert_no_error(error);
    return made;
}

static gboolean is_trusted(const char *token_name, const char *store_name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(X509_STORE) trusted = store(store_name);
    g_autoptr(TimestampToken) token = read_token(token_name, NULL);
    g_assert_nonnull(token);
    gboolean good = timestamp_token_verify(token, trusted, &error);
    if (!good)
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_assert_true(!good || strcmp(token->signer, "CN=Alder Time Stamps") == 0);
    return good;
}

static void test_read(void)
{
    g_autoptr(GError) error = NULL;
    guint8 wanted[SHA256_SIZE];
    g_autoptr(TimestampToken) token = read_token("hello.tsr", &error);
    g_assert_no_error(error);
    sha256_digest("Hello, world\n", 13, wanted);
    g_assert_cmpmem(token->imprint, SHA256_SIZE, wanted, SHA256_SIZE);
    g_assert_cmpstr(token->signer, ==, "CN=Alder Time Stamps");
    g_assert_cmpint(token->time_us, ==, G_GINT64_CONSTANT(1795412938000000));
    g_autoptr(TimestampToken) bare = read_token("bare.tsr", &error);
    g_assert_no_error(error);
    g_assert_null(bare->signer);
    g_assert_null(read_token("sha512.tsr", &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "SHA-256"));
}

/* By the authority, by the signer's own certificate, and by nobody of the same name. */
static void test_trust(void)
{
    g_assert_true(is_trusted("hello.tsr", "ca.pem"));
    g_assert_true(is_trusted("hello.tsr", "tsa.pem"));
    g_assert_false(is_trusted("hello.tsr", "other.pem"));
    g_assert_true(is_trusted("bare.tsr", "tsa.pem"));
    g_assert_false(is_trusted("bare.tsr", "ca.pem"));
    g_assert_false(is_trusted("bare.tsr", "other.pem"));
}

/* Whatever bit of it is changed: it is refused, or says the same. */
static void test_changed(void)
{
    g_autoptr(GBytes) bytes = load("hello.tsr");
    g_autoptr(X509_STORE) trusted = store("ca.pem");
    g_autoptr(TimestampToken) good = read_token("hello.tsr", NULL);
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    g_autofree guint8 *copy = g_memdup2(data, length);
    guint kept = 0;
    for (gsize i = 0; i < length; i++) {
        g_autoptr(GError) error = NULL;
        copy[i] ^= (guint8)(1 << (i % 8));
        g_autoptr(TimestampToken) token = timestamp_token_read(copy, length, &error);
        g_assert_true((token == NULL) == (error != NULL));
        copy[i] = data[i];
        if (!token || !timestamp_token_verify(token, trusted, NULL))
            continue;
        g_assert_cmpmem(token->imprint, SHA256_SIZE, good->imprint, SHA256_SIZE);
        g_assert_cmpint(token->time_us, ==, good->time_us);
        kept++;
    }
    g_assert_cmpuint(kept, <, 40); /* lengths and flags that the signature is not of */
}

static void test_hostile(void)
{
    g_autoptr(GBytes) bytes = load("hello.tsr");
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    for (gsize i = 0; i < length; i++)
        g_assert_null(timestamp_token_read(data, i, NULL));
    g_autofree guint8 *longer = g_malloc0(TIMESTAMP_TOKEN_MAX + 1);
    memcpy(longer, data, length);
    g_autoptr(GError) error = NULL;
    g_assert_null(timestamp_token_read(longer, length + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(timestamp_token_read(longer, TIMESTAMP_TOKEN_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);
    g_assert_null(timestamp_token_read("", 0, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(certificate_store("none", 4, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/timestamp-token/read", test_read);
    g_test_add_func("/timestamp-token/trust", test_trust);
    g_test_add_func("/timestamp-token/changed", test_changed);
    g_test_add_func("/timestamp-token/hostile", test_hostile);
    return g_test_run();
}
