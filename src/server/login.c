#include "server/login.h"

#include <sodium.h>
#include <string.h>

#include "base/timestamp.h"
#include "identity/role.h"
#include "identity/token.h"
#include "server/ratelimit.h"
#include "store/accounts.h"
#include "store/collections.h"
#include "store/consumers.h"

/* Longer headers are nobody's password or token. */
#define MAX_HEADER 1024

/* Failures by account and address: ten at once, then one in ten seconds. */
#define FAILURE_BURST 10
#define FAILURE_RATE  0.1

/* A well-formed hash that no known password has. */
#define PASSWORD_OF_NOBODY                                                                         \
    "$argon2id$v=19$m=32768,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$"                                       \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

#define PASSWORDS_KEPT  1024
#define PASSWORDS_FOR_S 3600

#define ROWS            256
#define PLACES          4

typedef struct {
    guint8 mac[crypto_generichash_BYTES];
    guint64 generation;        /* of the store when it was found out */
    gint64 until;              /* monotonic microseconds */
    LoginPrincipal *principal; /* NULL: free */
} Known;

struct Login {
    Store *store;
    Writer *writer;
    PasswordCache *passwords;
    RateLimit *failures;
    LoginPrincipal *anyone;
    guint64 failed; /* atomic */
    GMutex lock;
    guint8 key[crypto_generichash_KEYBYTES];
    Known known[ROWS * PLACES];
};

LoginPrincipal *login_principal_ref(LoginPrincipal *principal)
{
    g_atomic_ref_count_inc(&principal->references);
    return principal;
}

void login_principal_unref(LoginPrincipal *principal)
{
    if (!g_atomic_ref_count_dec(&principal->references))
        return;
    g_free(principal->name);
    g_free(principal->source);
    g_strfreev(principal->formats);
    g_free(principal);
}

static LoginPrincipal *principal_new(const char *name, const char *source, guint actions,
                                     gboolean anonymous)
{
    LoginPrincipal *principal = g_new0(LoginPrincipal, 1);
    g_atomic_ref_count_init(&principal->references);
    principal->name = g_strdup(name);
    principal->source = g_strdup(source);
    principal->actions = actions;
    principal->anonymous = anonymous;
    return principal;
}

Login *login_new(Store *store, Writer *writer)
{
    g_assert(sodium_init() >= 0);
    Login *login = g_new0(Login, 1);
    login->store = store;
    login->writer = writer;
    login->passwords = password_cache_new(PASSWORDS_KEPT, PASSWORDS_FOR_S);
    login->failures = ratelimit_new(FAILURE_RATE, FAILURE_BURST);
    /* What everybody is granted may be read by everybody; adding takes an account to answer for
     * it. */
    login->anyone = principal_new(COLLECTIONS_ANYONE, NULL, ROLE_ACTION_READ, TRUE);
    g_mutex_init(&login->lock);
    crypto_generichash_keygen(login->key);
    return login;
}

void login_free(Login *login)
{
    for (guint i = 0; i < ROWS * PLACES; i++)
        if (login->known[i].principal)
            login_principal_unref(login->known[i].principal);
    login_principal_unref(login->anyone);
    ratelimit_free(login->failures);
    password_cache_free(login->passwords);
    sodium_memzero(login->key, sizeof login->key);
    g_mutex_clear(&login->lock);
    g_free(login);
}

static Known *known_row(Login *login, const guint8 mac[crypto_generichash_BYTES])
{
    return &login->known[(guint)mac[0] % ROWS * PLACES];
}

/* Keyed, so that nobody can aim at a row, and nothing in memory is a password or its plain hash. */
static void compute_mac(Login *login, const char *header, guint8 ret_mac[crypto_generichash_BYTES])
{
    crypto_generichash(ret_mac, crypto_generichash_BYTES, (const guint8 *)header, strlen(header),
                       login->key, sizeof login->key);
}

static LoginPrincipal *recall(Login *login, const char *header)
{
    guint8 mac[crypto_generichash_BYTES];
    compute_mac(login, header, mac);
    guint64 generation = writer_generation(login->writer);
    gint64 now = g_get_monotonic_time();
    LoginPrincipal *principal = NULL;
    g_mutex_lock(&login->lock);
    Known *row = known_row(login, mac);
    for (guint i = 0; i < PLACES && !principal; i++)
        if (row[i].principal && row[i].generation == generation && row[i].until > now &&
            sodium_memcmp(row[i].mac, mac, sizeof mac) == 0)
            principal = login_principal_ref(row[i].principal);
    g_mutex_unlock(&login->lock);
    return principal;
}

/* @generation was read before the store was asked. */
static void remember(Login *login, const char *header, guint64 generation,
                     LoginPrincipal *principal)
{
    guint8 mac[crypto_generichash_BYTES];
    compute_mac(login, header, mac);
    g_mutex_lock(&login->lock);
    Known *row = known_row(login, mac), *place = row;
    for (guint i = 0; i < PLACES; i++) {
        if (row[i].principal && memcmp(row[i].mac, mac, sizeof mac) == 0) {
            place = &row[i];
            break;
        }
        if (row[i].until < place->until)
            place = &row[i];
    }
    if (place->principal)
        login_principal_unref(place->principal);
    memcpy(place->mac, mac, sizeof mac);
    place->generation = generation;
    place->until = g_get_monotonic_time() + G_USEC_PER_SEC;
    place->principal = login_principal_ref(principal);
    g_mutex_unlock(&login->lock);
}

static LoginResult fail(Login *login, const char *name, const void *client, gsize client_length)
{
    __atomic_add_fetch(&login->failed, 1, __ATOMIC_RELAXED);
    g_autoptr(GString) key = g_string_new(name);
    g_string_append_c(key, '\0');
    g_string_append_len(key, client, (gssize)client_length);
    ratelimit_take(login->failures, key->str, key->len, 1, NULL);
    return LOGIN_WRONG;
}

/* Has @name from @client failures left? */
static gboolean may_try(Login *login, const char *name, const void *client, gsize client_length,
                        guint *ret_wait)
{
    g_autoptr(GString) key = g_string_new(name);
    g_string_append_c(key, '\0');
    g_string_append_len(key, client, (gssize)client_length);
    return ratelimit_take(login->failures, key->str, key->len, 0, ret_wait);
}

static LoginPrincipal *principal_of(const Account *account)
{
    return principal_new(account->name, account->source, role_actions(account->roles), FALSE);
}

/* A consumer's name cannot be that of an account, which has no colon. */
static LoginPrincipal *principal_of_consumer(Consumer *consumer)
{
    g_autofree char *name = g_strconcat("consumer:", consumer->name, NULL);
    LoginPrincipal *principal = principal_new(name, NULL, 0, FALSE);
    principal->formats = g_steal_pointer(&consumer->formats);
    return principal;
}

/* "name:password" out of Basic credentials. */
static gboolean split_basic(const char *base64, char **ret_name, char **ret_password)
{
    char decoded[MAX_HEADER + 1];
    size_t length;
    if (sodium_base642bin((guint8 *)decoded, MAX_HEADER, base64, strlen(base64), NULL, &length,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return FALSE;
    decoded[length] = '\0';
    char *colon = memchr(decoded, ':', length);
    gboolean fit =
        colon && !memchr(decoded, '\0', length) && g_utf8_validate(decoded, (gssize)length, NULL);
    if (fit) {
        *ret_name = g_strndup(decoded, (gsize)(colon - decoded));
        *ret_password = g_strdup(colon + 1);
    }
    sodium_memzero(decoded, sizeof decoded);
    return fit;
}

static LoginResult check_basic(Login *login, const char *header, const char *base64,
                               const void *client, gsize client_length, gboolean may_compute,
                               LoginPrincipal **ret_principal, guint *ret_wait)
{
    g_autofree char *name = NULL, *password = NULL;
    if (!split_basic(base64, &name, &password))
        return fail(login, "", client, client_length);
    guint64 generation = writer_generation(login->writer);
    g_autoptr(Account) account = accounts_lookup(login->store, name, NULL);
    /* The cached verdict comes before the count of failures: an attacker who guesses from the same
     * address must not lock the owner out. */
    gboolean usable = account && !account->disabled && account->password_hash;
    LoginResult result = LOGIN_KNOWN;
    if (!usable || !password_cache_has(login->passwords, name, account->password_hash, password)) {
        if (!may_try(login, name, client, client_length, ret_wait))
            result = LOGIN_EXHAUSTED;
        else if (!may_compute)
            result = LOGIN_COMPUTE;
        /* An account that is not there takes as long as a wrong password: it is not to be told by
         * the clock which accounts exist. */
        else if (!password_verify(usable ? account->password_hash : PASSWORD_OF_NOBODY, password) ||
                 !usable)
            result = fail(login, name, client, client_length);
        else
            password_cache_add(login->passwords, name, account->password_hash, password);
    }
    sodium_memzero(password, strlen(password));
    if (result == LOGIN_KNOWN) {
        *ret_principal = principal_of(account);
        remember(login, header, generation, *ret_principal);
    }
    return result;
}

static LoginResult check_bearer(Login *login, const char *header, const char *token,
                                const void *client, gsize client_length,
                                LoginPrincipal **ret_principal)
{
    /* Guessing 256 random bits needs no brake, so a valid token is never made to wait. */
    if (!token_is_valid(token))
        return fail(login, "", client, client_length);
    guint8 digest[SHA256_SIZE];
    token_digest(token, digest);
    guint64 generation = writer_generation(login->writer);
    g_autoptr(Account) account = accounts_lookup_token(login->store, digest, timestamp_now(), NULL);
    g_autoptr(Consumer) consumer =
        account ? NULL : consumers_lookup(login->store, digest, timestamp_now(), NULL);
    if (!consumer && (!account || account->disabled))
        return fail(login, "", client, client_length);
    *ret_principal = consumer ? principal_of_consumer(consumer) : principal_of(account);
    remember(login, header, generation, *ret_principal);
    return LOGIN_KNOWN;
}

/* The credentials behind "@scheme " in @header, or NULL. */
static const char *credentials(const char *header, const char *scheme)
{
    gsize length = strlen(scheme);
    if (g_ascii_strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
        return NULL;
    return header + length + strspn(header + length, " ");
}

static LoginResult check(Login *login, const char *header, const void *client, gsize client_length,
                         gboolean may_compute, LoginPrincipal **ret_principal, guint *ret_wait)
{
    if (!header) {
        *ret_principal = login_principal_ref(login->anyone);
        return LOGIN_KNOWN;
    }
    if (strlen(header) > MAX_HEADER)
        return fail(login, "", client, client_length);
    LoginPrincipal *known = recall(login, header);
    if (known) {
        *ret_principal = known;
        return LOGIN_KNOWN;
    }
    const char *found = credentials(header, "Basic");
    if (found)
        return check_basic(login, header, found, client, client_length, may_compute, ret_principal,
                           ret_wait);
    found = credentials(header, "Bearer");
    if (found)
        return check_bearer(login, header, found, client, client_length, ret_principal);
    return fail(login, "", client, client_length);
}

LoginResult login_check(Login *login, const char *authorization, const void *client,
                        gsize client_length, LoginPrincipal **ret_principal, guint *ret_wait)
{
    return check(login, authorization, client, client_length, FALSE, ret_principal, ret_wait);
}

LoginResult login_verify(Login *login, const char *authorization, const void *client,
                         gsize client_length, LoginPrincipal **ret_principal, guint *ret_wait)
{
    return check(login, authorization, client, client_length, TRUE, ret_principal, ret_wait);
}

guint64 login_failures(Login *login)
{
    return __atomic_load_n(&login->failed, __ATOMIC_RELAXED);
}
