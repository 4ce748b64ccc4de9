/* opening.h - entries and what opens them (docs/protocol.md, "Entries"): a nonce and a header whose
 * commitment is the entry, and the items that the header names by their hashes.
 *
 * An Opening is well-formed as soon as it exists: its header says what the fields below say, and
 * has as many items as there are. Whether it is that of an entry is for opening_verify() to tell.
 * What is withheld or erased is no mistake: it has a state of its own. The fields are for reading.
 */
#pragma once

#include <glib.h>
#include <yyjson.h>

#include "base/sha256.h"

#define OPENING_ENTRY_VERSION 0x01
#define OPENING_ENTRY_SIZE    (1 + SHA256_SIZE)
#define OPENING_NONCE_SIZE    32
#define OPENING_HEADER_MAX    (1024 * 1024) /* bytes */
#define OPENING_ITEMS_MAX     4096
#define OPENING_AUDIENCE_MAX  4096                                 /* origins */
#define OPENING_KIND_MAX      128                                  /* bytes */
#define OPENING_TYPE_MAX      255                                  /* bytes of a media type */
#define OPENING_INTEGER_MAX   G_GUINT64_CONSTANT(9007199254740991) /* what RFC 8785 can write */
#define OPENING_TIME_DIGITS   6
#define OPENING_NO_ITEM       G_MAXUINT

typedef enum {
    OPENING_PRESENT,
    OPENING_WITHHELD, /* the bearer has not given it */
    OPENING_ERASED,   /* the bearer says that it exists no more */
} OpeningState;

typedef struct {
    guint8 hash[SHA256_SIZE]; /* hash, length and type are the header's */
    guint64 length;           /* bytes */
    char *type;               /* media type */
    OpeningState state;
    guint8 nonce[OPENING_NONCE_SIZE]; /* zeros unless present */
    GBytes *bytes;                    /* NULL unless present */
    gboolean is_checked;              /* length and hash are known to be right */
} OpeningItem;

typedef struct {
    guint8 entry[OPENING_ENTRY_SIZE]; /* that nonce and header commit to */
    gboolean is_canonical;            /* the header is known to be in RFC 8785 form */
    gboolean is_erased; /* of the opening nothing is left: all below is zero, NULL and empty */
    gboolean is_lost;   /* erased by nobody: it did not come back with a restore. Known to its owner
                           alone, and in no JSON */
    guint8 nonce[OPENING_NONCE_SIZE];
    char *header; /* as it came, NUL-terminated */
    gsize header_length;
    char *origin;
    char *kind;
    gint64 time_us;
    gboolean is_public;
    char **audience; /* origins, sorted; empty if public or for nobody; NULL only if erased */
    guint n_items;
    OpeningItem *items;
} Opening;

typedef struct {
    GBytes *bytes;
    const char *type;
} OpeningItemSpec;

/* What an opening is built of; everything is borrowed. */
typedef struct {
    const char *origin;
    const char *kind; /* words of a-z, 0-9 and "-" that begin with a letter, joined by dots */
    gint64 time_us;
    gboolean is_public;
    const char *const *audience; /* unless public: origins, sorted by their bytes, none twice,
                                    NULL-terminated; NULL or empty is nobody */
    const OpeningItemSpec *items;
    guint n_items;
    const char *members; /* what the kind adds: the text of a JSON object; NULL for nothing */
    gsize members_length;
} OpeningSpec;

/* Builds an opening: header, commitment, entry. The nonces (of the opening, then of each item,
 * OPENING_NONCE_SIZE bytes each) are random, or @nonces if that is not NULL: only vectors and
 * nonces that were drawn in bulk come that way. CONCERT_ERROR_INPUT or _LIMIT says what in @spec is
 * wrong. The items' bytes are referenced, not copied. */
Opening *opening_build(const OpeningSpec *spec, const guint8 *nonces, GError **error);

/* An item as it is kept: state, and if present its nonce and bytes, both borrowed (the bytes are
 * referenced). */
typedef struct {
    OpeningState state;
    const guint8 *nonce;
    GBytes *bytes;
} OpeningPart;

/* Parts that own their arrays and bytes: @nonces are where the parts' nonces are. */
typedef struct {
    OpeningPart *parts;
    guint8 *nonces;
    guint count;
} OpeningParts;

void opening_parts_clear(OpeningParts *parts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OpeningParts, opening_parts_clear)

/* An opening out of what is kept of it: the twin of opening_build(), @header being what that wrote.
 * CONCERT_ERROR_INPUT or _LIMIT if the header is none or has not @n_parts items;
 * CONCERT_ERROR_NEWER if it is of a later version. Whether it is in RFC 8785 form is for
 * opening_verify() to tell. */
Opening *opening_new(const guint8 nonce[OPENING_NONCE_SIZE], const char *header, gsize length,
                     const OpeningPart *parts, guint n_parts, GError **error);

/* All that is left of an opening that was erased as a whole. */
Opening *opening_new_erased(const guint8 entry[OPENING_ENTRY_SIZE]);

void opening_free(Opening *opening); /* wipes the nonces */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opening, opening_free)

/* Reads the JSON of an opening of at most @max bytes. Errors as of opening_new(). Members that are
 * not known are passed over: nothing vouches for them. */
Opening *opening_parse(const char *text, gsize length, gsize max, GError **error);

/* The same from a value of a document that jsonguard_check() accepted. */
Opening *opening_read(yyjson_val *value, GError **error);

/* The JSON of an opening, on one line without newline. opening_append() appends it to a text. */
char *opening_format(const Opening *opening);
void opening_append(GString *json, const Opening *opening);

/* Whether @opening opens the entry of @length bytes in the log @origin: header in RFC 8785 form and
 * of that origin, commitment, hash and length of each item that is present.
 * CONCERT_ERROR_INPUT says exactly what is wrong, CONCERT_ERROR_NEWER that the entry is of a later
 * version. Withheld and erased items are passed over; of an erased opening only the entry is
 * compared. */
gboolean opening_verify(const Opening *opening, const char *origin, const guint8 *entry,
                        gsize length, GError **error);

/* Finds out ahead what opening_verify() asks of the header's form and of an item that exists, on
 * any thread but of one opening's item (or form) on one at a time; opening_verify() then need not,
 * and is the one to tell what is wrong. */
void opening_check_form(Opening *opening);
void opening_check_item(Opening *opening, guint item);

/* The 33 bytes of the entry; the opening's. */
const guint8 *opening_entry(const Opening *opening);

/* Whether the ledger @origin may get it: it is public or in the audience. An erased opening is for
 * nobody. */
gboolean opening_is_for(const Opening *opening, const char *origin);

/* The header as JSON, for the members that its kind adds. Caller frees; NULL if erased. */
yyjson_doc *opening_header(const Opening *opening);

/* A copy in which every item but @keep is withheld (erased ones stay erased); OPENING_NO_ITEM
 * keeps none. CONCERT_ERROR_NOT_FOUND if there is no such item or it is not present. */
Opening *opening_withhold(const Opening *opening, guint keep, GError **error);

/* Destroys what is held of an item, which must exist. */
void opening_erase_item(Opening *opening, guint item);

/* Whether a kind is well-formed, as OpeningSpec says; and whether a media type is (loosely: what
 * can be shown, with a "/"). */
gboolean opening_kind_is_valid(const char *kind, gsize length);
gboolean opening_type_is_valid(const char *type, gsize length);

/* The entry that commits to a nonce and a header, and the hash of an item. */
void opening_commit(const guint8 nonce[OPENING_NONCE_SIZE], const char *header, gsize length,
                    guint8 ret_entry[OPENING_ENTRY_SIZE]);
void opening_hash_item(const guint8 nonce[OPENING_NONCE_SIZE], const void *bytes, gsize length,
                       guint8 ret_hash[SHA256_SIZE]);
