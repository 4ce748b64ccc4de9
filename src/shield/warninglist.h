/* warninglist.h - lists of values that are well known: public resolvers, content networks, top
 * domains, private addresses. A hit of one of them is hardly ever news.
 *
 * Read from the JSON files of the MISP warninglists (github.com/MISP/misp-warninglists): `name`,
 * `version`, `type` (string, hostname, cidr, substring, regex), `matching_attributes`, `list`.
 * A list names a value when, by its type,
 * - string: it has the very value;
 * - hostname: it has the domain, or the URL's host, or a domain it lies under;
 * - cidr: the address, network or URL's host lies in one of its networks;
 * - substring: the value has one of its texts inside;
 * - regex: one of its expressions matches;
 * and the value's type is one of its attributes. */
#pragma once

#include "base/error.h"
#include "stix/observable.h"

typedef struct Warninglist Warninglist;

/* Lists that can be used at once. */
#define WARNINGLIST_MAX 1024

Warninglist *warninglist_new(void);

void warninglist_free(Warninglist *lists);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Warninglist, warninglist_free)

/* Adds the list in the file @path, or those in all files named *.json below the directory @path. A
 * list of a name and version that was added already is passed over. CONCERT_ERROR_INPUT names a
 * file that is no such list, or has another version of one. */
gboolean warninglist_add(Warninglist *lists, const char *path, GError **error);

/* Ends adding and puts the lists in the order of their names, by which they are numbered. */
void warninglist_finish(Warninglist *lists);

guint warninglist_count(const Warninglist *lists);
const char *warninglist_name(const Warninglist *lists, guint list);
const char *warninglist_version(const Warninglist *lists, guint list);

/* The numbers of the lists that name the canonical value, ascending; returns how many. */
guint warninglist_match(const Warninglist *lists, ObservableKind kind, const char *canonical,
                        gsize length, guint16 ret_lists[WARNINGLIST_MAX]);
