/* event.h - one event of a dossier: a statement that a node signs (docs/protocol.md, "Dossiers").
 *
 * An event is signed JSON of type "event" and travels as the item of a dispatch. It names the
 * events that its author knew (parents); by these a set of events has one order wherever it is. It
 * says what happened (type), not what follows from it: that is for the engine (engine.h) to tell,
 * the same way everywhere.
 *
 * The event without parents opens its dossier. The dossier's id is the hash of that event's other
 * members, so that an id names one opening event and nobody can put another in its place. Members
 * that are not known are covered by hash and signature, and stay. The fields are for reading. */
#pragma once

#include "ledger/signed_json.h"
#include "policy/marking.h"

#define EVENT_SIGNED_TYPE   "event"
#define EVENT_MEDIA_TYPE    "application/vnd.concert.event+json"
#define EVENT_BYTES_MAX     (256 * 1024)
#define EVENT_PARENTS_MAX   256
#define EVENT_WORD_MAX      64  /* bytes of a procedure's or event's name */
#define EVENT_DOSSIER_MAX   112 /* bytes of a dossier's id */
#define EVENT_SIGNATORY_MAX 256 /* bytes */
#define EVENT_NONCE_SIZE    16
#define EVENT_UNTOLD_MAX    256

/* What an event is known by: signed_json_hash(). */
typedef struct {
    guint8 bytes[SHA256_SIZE];
} EventHash;

int event_hash_compare(const EventHash *a, const EventHash *b);

typedef struct {
    EventHash hash;        /* zeros in a draft */
    SignedJson *json;      /* NULL in a draft, and when restored */
    const char *dossier;   /* PROCEDURE-UUID; this and all texts below are the event's */
    const char *procedure; /* "request" */
    const char *type;      /* the name of a transition: "acknowledged" */
    const char *author;    /* the origin of a node's ledger */
    char *node;            /* that node's name */
    const char *signatory; /* the person who made it, by name or office; NULL: a machine did */
    gint64 time_us;        /* as its author claims */
    guint n_parents;       /* 0: it opens the dossier */
    EventHash *parents;    /* ascending, none twice */
    yyjson_val *payload;   /* an object */
    MarkingTlp tlp;        /* never MARKING_TLP_NONE */
    MarkingPap pap;
    gboolean is_exercise;   /* of the event that opens a dossier: all of it is one */
    const char *checkpoint; /* "SIZE ROOT" of a cosigned checkpoint that its author knew; NULL */
    yyjson_val *untold;     /* names of nodes that it is for and that are no peers of its author:
                               others have to send it on to them; NULL: none */
    yyjson_doc *doc;        /* of a draft, or when restored */
} Event;

/* Reads an event from its bytes (at most EVENT_BYTES_MAX). Everything but the signature is checked.
 * CONCERT_ERROR_INPUT says what is wrong, _LIMIT what is too much, _NEWER that it is of a later
 * version. */
Event *event_parse(const char *text, gsize length, GError **error);

/* Reads again what event_parse() once accepted, known by @hash: several times as fast, since
 * nothing is checked but the form. Its `json` is NULL: it cannot be verified. NULL if it is no
 * event. */
Event *event_restore(const char *text, gsize length, const EventHash *hash);

/* Whether @key, a message key of the author's node, signed it. CONCERT_ERROR_DENIED if not. */
gboolean event_verify(const Event *event, const NoteVerifier *key, GError **error);

void event_free(Event *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Event, event_free)

/* What an event is built of; everything is borrowed. */
typedef struct {
    const char *procedure;
    const char *dossier; /* NULL: the event opens one, whose id follows from it */
    const char *type, *author;
    const char *signatory; /* NULL: a machine */
    gint64 time_us;
    const EventHash *parents; /* in any order; none for an opening event */
    guint n_parents;
    const char *payload; /* the text of a JSON object; NULL: an empty one */
    MarkingTlp tlp;
    MarkingPap pap;
    gboolean is_exercise;
    const char *checkpoint;    /* may be NULL */
    const char *const *untold; /* names of nodes, ascending by their bytes; may be NULL */
} EventSpec;

/* The body of an event in RFC 8785 form, for signed_json_make_text(). @nonce (EVENT_NONCE_SIZE
 * bytes) is what makes an opening event like no other: random if NULL. Errors as of event_parse(),
 * which reads what this wrote. Caller frees. */
char *event_build(const EventSpec *spec, const guint8 *nonce, GError **error);

/* Reads a body that nobody has signed yet, to see what it would do (engine_after()). */
Event *event_draft(const char *body, gsize length, GError **error);

/* Builds and signs: the bytes of an event. Caller frees. */
char *event_make(const EventSpec *spec, const NoteSigner *signer, GError **error);

/* Whether @text is formed as the id of a dossier of @procedure (NULL: of any). */
gboolean event_dossier_is_valid(const char *text, const char *procedure);

/* Whether its author could not send it to @node. */
gboolean event_is_untold(const Event *event, const char *node);

/* A text member of the payload, or NULL; the event's. */
const char *event_text(const Event *event, const char *member);

/* 64 hex digits and a NUL; and back. */
const char *event_hash_format(const EventHash *hash, char buffer[2 * SHA256_SIZE + 1]);
gboolean event_hash_parse(const char *text, gsize length, EventHash *ret_hash);
