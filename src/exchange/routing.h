/* routing.h - who answers for an address, a network, a name or a URL, and why it is them.
 *
 * Only what this node was told counts: the constituencies in the node cards of its peers, its own
 * contacts with their networks, AS numbers and domains, and the table of which network belongs to
 * which AS (store/contacts.h). The most exact comes first: of names the nearest domain, then the
 * longest prefix, then the AS. At the same exactness a peer comes before a contact. Nothing is
 * guessed: where nobody was named, there is nobody.
 *
 * What lies in this node's own constituency is its own, unless a contact of its own answers for it.
 * Where something is says who is to be told, and nothing about who did it. */
#pragma once

#include "intake/finding.h"
#include "store/contacts.h"

typedef enum {
    ROUTING_NOBODY,  /* nobody is known */
    ROUTING_PARTY,   /* somebody is to be told */
    ROUTING_OWN,     /* it is in this node's own constituency */
    ROUTING_OPT_OUT, /* somebody wants not to be told, or no word of it */
    ROUTING_HOLD,    /* it is not to be told for now */
} RoutingVerdict;

/* "nobody", "party", "own", "opt-out", "hold". */
const char *routing_verdict_name(RoutingVerdict verdict);

/* Who is told; all is the routing's. */
typedef struct {
    const char *key;      /* node, or mail address in lower case */
    const char *email;    /* NULL: it is a peer */
    const char *name;     /* NULL */
    const char *language; /* the one preferred; NULL: not known */
    const char *openpgp;  /* NULL: none */
} RoutingParty;

typedef struct {
    RoutingVerdict verdict;
    guint party; /* of ROUTING_PARTY, and of ROUTING_OPT_OUT or _HOLD where it is known */
    char *why;   /* one line: by what, and who says so; freed by routing_result_clear() */
} RoutingResult;

#define ROUTING_NO_PARTY G_MAXUINT

void routing_result_clear(RoutingResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RoutingResult, routing_result_clear)

typedef struct Routing Routing;

/* Reads all that is known at @now. */
Routing *routing_load(Store *store, gint64 now, GError **error);
void routing_free(Routing *routing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Routing, routing_free)

guint routing_count(const Routing *routing);
RoutingParty routing_party(const Routing *routing, guint number);

/* Adds who was found elsewhere: @email answers for the very @host (RFC 9116 section 3) where nobody
 * else does. @source: "security.txt of www.alder.example". */
void routing_add_host(Routing *routing, const char *email, const char *language, const char *host,
                      const char *source);

/* Who is to be told of @finding. */
void routing_find(const Routing *routing, const Finding *finding, RoutingResult *ret_result);

/* The name of the host that a finding is about, of its URL or itself; NULL: none. Caller frees. */
char *routing_host(const Finding *finding);
