/* card.h - the node card (docs/protocol.md, "Node card"): how a node describes itself, signed by
 * its ledger key.
 *
 * What a card says of its organisation is that organisation's word and nothing more. What counts is
 * who signed it: the key that was pinned when the node was first met, or one that its ledger's key
 * changes lead to. */
#pragma once

#include <glib.h>
#include <yyjson.h>

#include "base/jsonguard.h"
#include "ledger/keychange.h"
#include "ledger/signed_json.h"
#include "store/peers.h"

#define CARD_TYPE              "card"
#define CARD_MEDIA_TYPE        "application/vnd.concert.card+json" /* as an item of an entry */
#define CARD_KIND              "card.published"
#define CARD_BYTES_MAX         (256 * 1024)
#define CARD_MEDIA_TYPE        "application/vnd.concert.card+json" /* of an item of a dispatch */
#define CARD_ROLES_MAX         16
#define CARD_LANGUAGES_MAX     32
#define CARD_CONTACTS_MAX      64
#define CARD_ENDPOINTS_MAX     16
#define CARD_PINS_MAX          16
#define CARD_CAPABILITIES_MAX  64
#define CARD_CONSTITUENCY_MAX  4096 /* prefixes; as many AS numbers; as many domains */
#define CARD_PARCEL_KEY_SIZE   32
#define CARD_HOURS_MAX         16 /* different ones that count */
#define CARD_ROLE_ROUND        "contact-point-24-7"
#define CARD_CAPABILITY_LISTED "listed/v1" /* it may be named in others' directories */
#define CARD_CAPABILITY_WITNESS                                                                    \
    "witness/v1" /* it cosigns its peers' ledgers, and has its own cosigned by them */

typedef enum {
    CARD_LEDGER_KEY,
    CARD_COSIGN_KEY,
    CARD_RECOVERY_KEY,
    CARD_MESSAGE_KEY,
} CardKey;
#define CARD_KEYS 4

/* All is the card's; lists are NULL-terminated and never NULL. */
typedef struct {
    char *node, *origin;
    guint64 number;
    gint64 time_us;
    char *organisation;
    char *affiliation;    /* NULL: none */
    char **roles;         /* known ones or not: "national-cert", ... */
    char **languages;     /* in which one may write to it, best first */
    yyjson_val *contacts; /* a list that card_check_contacts() accepts; of json */
    char *hours;          /* when somebody is at work there (base/hours.h), of its contacts and as a
                             24/7 contact point: lines, each once; empty: not said */
    char **endpoints;     /* "https://HOST[:PORT]", without a slash at the end */
    char **tls;           /* "sha256//BASE64" */
    char *vkeys[CARD_KEYS];
    NoteVerifier *keys[CARD_KEYS];
    char *parcel; /* base64 of an X25519 public key */
    char **capabilities;
    char **ip;      /* prefixes and addresses in canonical form (stix/observable_address.h) */
    GArray *as;     /* of guint32 */
    char **domains; /* canonical (stix/observable_domain.h) */
    char *rulebook; /* hex SHA-256; NULL: none */
    SignedJson *json;
} Card;

/* What a card is made of; all borrowed. Lists may be NULL. */
typedef struct {
    const char *node, *origin;
    guint64 number;
    gint64 time_us;
    const char *organisation, *affiliation; /* either may be NULL */
    const char *const *roles, *const *languages, *const *endpoints, *const *tls,
                                                                        *const *capabilities;
    const char *contacts; /* text of a JSON list; NULL: none */
    const char *vkeys[CARD_KEYS];
    const char *parcel;
    const char *const *ip, *const *as, *const *domains;
    const char *rulebook;
} CardSpec;

/* Makes and signs a card with the ledger's key: its text in RFC 8785 form, on one line. Prefixes
 * and names are written in canonical form. CONCERT_ERROR_INPUT or _LIMIT if card_parse() would
 * refuse it; the message names the member. Caller frees. */
char *card_make(const CardSpec *spec, const NoteSigner *ledger, GError **error);

/* Reads a card. That its own ledger key signed it is verified, and that its keys bear the names of
 * its node; whose card it is only card_verify() tells. CONCERT_ERROR_INPUT, _LIMIT, _NEWER, or
 * _DENIED when it is not signed by its key. */
Card *card_parse(const char *text, gsize length, GError **error);
Card *card_read(yyjson_val *value, GError **error); /* of a document jsonguard_check() accepted */
void card_free(Card *card);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Card, card_free)

/* The text of the card, as card_make() wrote it. Caller frees. */
char *card_format(const Card *card);

/* Whether the card is that of the ledger whose pinned keys @history follows: signed by the key of
 * today, and with the same recovery key. CONCERT_ERROR_DENIED if not. */
gboolean card_verify(const Card *card, const KeyHistory *history, GError **error);

/* Whether two cards say the same but for number and time. */
gboolean card_equal(const Card *a, const Card *b);

gboolean card_has_capability(const Card *card, const char *capability);

/* What the store keeps of it; borrowed from @card, and @text, which is card_format()'s. */
PeerCard card_peer(const Card *card, const char *text);

/* Whether @contacts is a list of contacts as a card has it. The error names the place:
 * "contacts[2]:
 * ...". */
gboolean card_check_contacts(yyjson_val *contacts, GError **error);

/* Whether @role is one of those that docs/protocol.md names; and all of them, NULL-terminated. */
gboolean card_role_is_known(const char *role);
const char *const *card_roles(void);
