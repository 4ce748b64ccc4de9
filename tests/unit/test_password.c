#include "identity/password.h"
#include "identity/token.h"

#include <string.h>

static void test_hash_and_verify(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *hash = password_hash("correct horse battery", &error);
    g_assert_no_error(error);
    g_autofree char *again = password_hash("correct horse battery", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(hash, !=, again); /* salted */
    g_assert_true(g_str_has_prefix(hash, "$argon2id$"));
    g_assert_true(password_hash_is_valid(hash));
    g_assert_true(password_verify(hash, "correct horse battery"));
    g_assert_false(password_verify(hash, "correct horse batterz"));
    g_assert_false(password_verify(hash, ""));
}

static void test_unfit_passwords(void)
{
    g_autofree char *longest = g_strnfill(PASSWORD_MAX + 1, 'a');
    const char *const wrong[] = {"", "1234567", "with\nline", longest};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(password_hash(wrong[i], &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
}

/* Each of these would otherwise make the node compute what somebody else wrote into its database.
 */
static void test_foreign_hashes(void)
{
    static const char tail[] =
        "$c29tZXNhbHRzb21lc2FsdA$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A";
    static const char *const heads[] = {
        "$argon2id$v=19$m=4194304,t=2,p=1", "$argon2id$v=19$m=65536,t=1000,p=1",
        "$argon2id$v=19$m=65536,t=0,p=1",   "$argon2id$v=19$m=65536,t=2,p=4",
        "$argon2id$v=16$m=65536,t=2,p=1",   "$argon2i$v=19$m=65536,t=2,p=1",
        "$argon2id$v=19$m=-1,t=2,p=1",      "$argon2id$v=19$m=,t=2,p=1",
    };
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autofree char *hash = g_strconcat(heads[i], tail, NULL);
        g_assert_false(password_hash_is_valid(hash));
        g_assert_false(password_verify(hash, "password"));
    }
    g_autofree char *fit = g_strconcat("$argon2id$v=19$m=32768,t=3,p=1", tail, NULL);
    g_assert_true(password_hash_is_valid(fit));
    g_autofree char *huge = g_strconcat(fit, fit, fit, NULL);
    g_assert_false(password_hash_is_valid(huge));
    g_assert_false(password_hash_is_valid(""));
}

static void test_cache(void)
{
    g_autoptr(PasswordCache) cache = password_cache_new(16, 60);
    g_assert_false(password_cache_has(cache, "alder", "$h1", "secret"));
    password_cache_add(cache, "alder", "$h1", "secret");
    g_assert_true(password_cache_has(cache, "alder", "$h1", "secret"));
    g_assert_false(password_cache_has(cache, "alder", "$h1", "Secret"));
    g_assert_false(password_cache_has(cache, "birch", "$h1", "secret"));
    /* A changed password is another hash. */
    g_assert_false(password_cache_has(cache, "alder", "$h2", "secret"));
    /* Moving a letter over a border must not give the same bytes. */
    g_assert_false(password_cache_has(cache, "alder$", "h1", "secret"));
}

static void test_cache_stays_small(void)
{
    g_autoptr(PasswordCache) cache = password_cache_new(8, 60);
    guint kept = 0;
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *name = g_strdup_printf("account-%u", i);
        password_cache_add(cache, name, "$h", "secret");
        g_assert_true(password_cache_has(cache, name, "$h", "secret"));
    }
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *name = g_strdup_printf("account-%u", i);
        kept += password_cache_has(cache, name, "$h", "secret");
    }
    g_assert_cmpuint(kept, >, 0);
    g_assert_cmpuint(kept, <=, 8);
}

static void test_cache_expires(void)
{
    g_autoptr(PasswordCache) cache = password_cache_new(8, 0);
    password_cache_add(cache, "alder", "$h", "secret");
    g_assert_false(password_cache_has(cache, "alder", "$h", "secret"));
}

static void test_generated(void)
{
    g_autofree char *one = password_generate(), *two = password_generate();
    g_assert_cmpuint(strlen(one), ==, 20);
    g_assert_cmpstr(one, !=, two);
    g_assert_null(strpbrk(one, "0O1lI"));
}

static void test_tokens(void)
{
    g_autofree char *one = token_generate(), *two = token_generate();
    g_assert_cmpuint(strlen(one), ==, TOKEN_LENGTH);
    g_assert_true(token_is_valid(one));
    g_assert_cmpstr(one, !=, two);
    guint8 digest[SHA256_SIZE], other[SHA256_SIZE];
    token_digest(one, digest);
    token_digest(two, other);
    g_assert_cmpint(memcmp(digest, other, sizeof digest), !=, 0);
    one[TOKEN_LENGTH - 1] = '+';
    g_assert_false(token_is_valid(one));
    g_assert_false(token_is_valid("concert_"));
    g_assert_false(token_is_valid(""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/password/hash-and-verify", test_hash_and_verify);
    g_test_add_func("/password/unfit-passwords", test_unfit_passwords);
    g_test_add_func("/password/foreign-hashes", test_foreign_hashes);
    g_test_add_func("/password/cache", test_cache);
    g_test_add_func("/password/cache-stays-small", test_cache_stays_small);
    g_test_add_func("/password/cache-expires", test_cache_expires);
    g_test_add_func("/password/generated", test_generated);
    g_test_add_func("/token/form", test_tokens);
    return g_test_run();
}
