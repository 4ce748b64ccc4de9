/* contacts.h - who answers for what, as this node's owner was told: contacts with a mail address or
 * a node, the networks, AS numbers and domains that they answer for, which networks belong to which
 * AS, and of what nobody is to be told.
 *
 * What is found by these (exchange/routing.h) is read whole into memory; nothing here decides. */
#pragma once

#include "store/store.h"

#define CONTACTS_MAX        200000
#define CONTACTS_SCOPES_MAX 1000000
#define CONTACTS_ROUTES_MAX 2000000
#define CONTACTS_STOPS_MAX  200000
#define CONTACTS_TEXT_MAX   256 /* bytes of any text */
#define CONTACTS_SMIME_MAX  (64 * 1024)

typedef struct {
    gint64 number;
    char *key;          /* the mail address in lower case, or the node's name */
    char *email;        /* NULL: it is a node */
    char *node;         /* NULL: it has none */
    char *name;         /* who that is; NULL */
    char *language;     /* RFC 5646; NULL: not known */
    char *openpgp;      /* fingerprint of the key to encrypt to, 40 hex digits; NULL: none */
    gint64 smime_until; /* when its certificate for S/MIME expires; 0: it has none */
    char *source;       /* of which list it came */
    guint scopes;       /* how many it answers for; only from contacts_list() */
} Contact;

void contacts_free(Contact *contact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Contact, contacts_free)

/* What a contact answers for. Their numbers are stored: never renumber. */
typedef enum {
    CONTACTS_NETWORK = 1, /* canonical address or prefix (stix/observable_address.h) */
    CONTACTS_AS = 2,      /* decimal */
    CONTACTS_DOMAIN = 3,  /* canonical; what is below it too */
    CONTACTS_ADDRESS = 4, /* of a stop: a recipient's mail address in lower case, or a node */
} ContactsKind;

/* "network", "as", "domain", "address". */
const char *contacts_kind_name(ContactsKind kind);

/* The canonical text of @text, and which kind it is: "192.0.2.0/24", "AS64496" (or "as 64496"; a
 * mere number only if @kind says that it is an AS), "alder.example", "abuse@alder.example". @kind
 * 0: by its looks. NULL if it is none. Caller frees. */
char *contacts_canonical(const char *text, ContactsKind kind, ContactsKind *ret_kind);

/* --- changing ----------------------------------------------------------------------------------
 */

/* Adds a contact, or what is new of one that is known by its key: texts that are NULL stay as they
 * are. number and key are not read. CONCERT_ERROR_INPUT, _LIMIT. */
gboolean contacts_put(StoreTx *tx, const Contact *contact, gint64 *ret_number, GError **error);

/* Gives a contact its certificate, in DER; one that it had goes. CONCERT_ERROR_LIMIT. */
gboolean contacts_put_smime(StoreTx *tx, gint64 contact, GBytes *certificate, gint64 until_us,
                            GError **error);

/* @value is canonical. */
gboolean contacts_put_scope(StoreTx *tx, gint64 contact, ContactsKind kind, const char *value,
                            const char *source, GError **error);

/* The network @prefix (canonical) belongs to @asn, which takes the place of what was said before.
 */
gboolean contacts_put_route(StoreTx *tx, const char *prefix, guint32 asn, const char *source,
                            GError **error);

/* Removes a contact (@key) with all that it answers for, or, if @key is NULL, all that came from
 * @source. CONCERT_ERROR_NOT_FOUND. */
gboolean contacts_remove(StoreTx *tx, const char *key, const char *source, GError **error);

/* Of what nobody is to be told. Their numbers are stored: never renumber. */
typedef enum {
    CONTACTS_OPT_OUT = 1, /* who it is about, or who would be told, does not want it */
    CONTACTS_HOLD = 2,    /* telling would harm what the law protects; kept, and told later */
} ContactsStopKind;

/* "opt-out", "hold". */
const char *contacts_stop_name(ContactsStopKind kind);

typedef struct {
    ContactsStopKind stop;
    ContactsKind kind;
    char *value;        /* canonical */
    char *reason;       /* NULL: none was given */
    char *by;           /* the person who said so */
    gint64 made, until; /* microseconds since 1970; until 0: for good */
} ContactsStop;

void contacts_stop_free(ContactsStop *stop);

gboolean contacts_put_stop(StoreTx *tx, const ContactsStop *stop, GError **error);
gboolean contacts_remove_stop(StoreTx *tx, ContactsStopKind stop, const char *value,
                              GError **error);

/* --- reading -----------------------------------------------------------------------------------
 */

/* All, by key. Elements: Contact *. */
GPtrArray *contacts_list(Store *store, GError **error);

/* The contact of that key; NULL without @error: there is none. Caller frees. */
gboolean contacts_get(Store *store, const char *key, Contact **ret_contact, GError **error);

/* The certificate of the contact of that key; *ret_certificate NULL: none. Caller unrefs. */
gboolean contacts_smime(Store *store, const char *key, GBytes **ret_certificate, GError **error);

/* Elements: ContactsStop *. */
GPtrArray *contacts_stops(Store *store, GError **error);

typedef struct {
    gint64 contact;
    ContactsKind kind;
    const char *value, *source;
} ContactsScope;

/* Hands on every scope (and every route), in any order, within one snapshot. */
gboolean contacts_each_scope(Store *store, void (*each)(gpointer user, const ContactsScope *scope),
                             gpointer user, GError **error);
gboolean contacts_each_route(Store *store,
                             void (*each)(gpointer user, const char *prefix, guint32 asn),
                             gpointer user, GError **error);

typedef struct {
    guint64 contacts, scopes, routes, opt_outs, holds;
} ContactsSummary;

gboolean contacts_summary(Store *store, ContactsSummary *ret_summary, GError **error);
