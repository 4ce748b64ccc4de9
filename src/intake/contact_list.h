/* contact_list.h - lists of contacts and of routes, as people have them: tables with a header, or
 * without one where the looks of the first record tell, and JSON.
 *
 * Of a table the columns count that are called: email (mail, abuse, abuse_email, contact, ...),
 * node, name (organisation, org, ...), language (lang), openpgp (pgp, fingerprint, key), ip
 * (prefix, network, cidr, range, inetnum), as (asn, as_number, origin) and domain (domains). A cell
 * may hold several networks, AS numbers or domains, separated by blanks, commas or semicolons. A
 * record with a mail address or a node is a contact; one with a network and an AS number alone is a
 * route. JSON is a list of objects with the members email or node, name, language, openpgp, ip, as,
 * domains. */
#pragma once

#include "base/error.h"
#include "base/stream.h"

#define CONTACT_LIST_VALUES_MAX 4096               /* networks and so on of one record */
#define CONTACT_LIST_JSON_MAX   (64 * 1024 * 1024) /* bytes */

/* A contact; all is canonical (store/contacts.h) and lives until the call returns. */
typedef struct {
    guint64 line;                          /* in the input, or the number in a JSON list; from 1 */
    const char *email, *node;              /* one of them */
    const char *name, *language, *openpgp; /* each may be NULL */
    const char *const *networks, *const *as, *const *domains; /* NULL-terminated */
} ContactListRow;

typedef struct {
    gboolean (*contact)(gpointer user, const ContactListRow *row, GError **error);
    gboolean (*route)(gpointer user, const char *network, guint32 as, GError **error);
    /* A record that was passed over. */
    void (*refused)(gpointer user, guint64 line, const char *why);
    gpointer user;
} ContactListSink;

/* CONCERT_ERROR_INPUT when it is no such list. */
gboolean contact_list_read(Stream *stream, const ContactListSink *sink, GError **error);
