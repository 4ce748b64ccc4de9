/* login.h - who makes a request: HTTP Basic (RFC 7617) and Bearer tokens (RFC 6750) against the
 * accounts in the store.
 *
 * What was found out is remembered for a second and while the store does not change, so a request
 * usually costs one hash. A password that was not seen lately must be computed (login_verify()),
 * which takes a tenth of a second and therefore a worker. Failures are counted by account and
 * address; who has too many waits. */
#pragma once

#include "identity/password.h"
#include "store/store.h"
#include "store/writer.h"

/* Who; never changes. */
typedef struct {
    gatomicrefcount references;
    char *name;    /* of the account; COLLECTIONS_ANYONE for who did not log in */
    char *source;  /* what it gives counts as from this source; NULL for who did not log in */
    guint actions; /* set of RoleAction */
    gboolean anonymous;
    char **formats; /* of a consumer of exports, which may do nothing else; NULL: it is none */
} LoginPrincipal;

LoginPrincipal *login_principal_ref(LoginPrincipal *principal);
void login_principal_unref(LoginPrincipal *principal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LoginPrincipal, login_principal_unref)

typedef struct Login Login;

Login *login_new(Store *store, Writer *writer);
void login_free(Login *login);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Login, login_free)

typedef enum {
    LOGIN_KNOWN,     /* *ret_principal is who */
    LOGIN_WRONG,     /* malformed, unknown, disabled, or wrong */
    LOGIN_COMPUTE,   /* call login_verify() where that may take time */
    LOGIN_EXHAUSTED, /* too many failures: again in *ret_wait seconds */
} LoginResult;

/* @authorization is the header (NULL: none, which is anyone); @client (@client_length bytes) stands
 * for the address. */
LoginResult login_check(Login *login, const char *authorization, const void *client,
                        gsize client_length, LoginPrincipal **ret_principal, guint *ret_wait);

/* The same, computing the password when it must be; never LOGIN_COMPUTE. */
LoginResult login_verify(Login *login, const char *authorization, const void *client,
                         gsize client_length, LoginPrincipal **ret_principal, guint *ret_wait);

/* Log-ins that failed since the start. */
guint64 login_failures(Login *login);
