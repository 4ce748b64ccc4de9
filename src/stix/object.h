/* object.h - one STIX object, read, checked and ready for the writer.
 *
 * An object's bytes are the JSON text exactly as it was received: what is stored, hashed and served
 * is that text and nothing else. Everything here beside the bytes is derived from them. */
#pragma once

#include <glib.h>
#include <yyjson.h>

#include "base/sha256.h"
#include "stix/observable.h"

typedef enum {
    OBJECT_SPEC_20 = 20, /* STIX 2.0 */
    OBJECT_SPEC_21 = 21, /* STIX 2.1 */
} ObjectSpec;

typedef enum {
    OBJECT_LENIENT, /* only what storing needs: JSON, id, type, version; MUSTs become warnings */
    OBJECT_DEFAULT, /* every MUST of the specification; SHOULDs become warnings */
    OBJECT_STRICT,  /* SHOULDs are errors too */
    OBJECT_MUSTS,   /* as OBJECT_DEFAULT, but SHOULDs are not looked at: for who would not read the
                       warnings */
    OBJECT_VALUES, /* takes and refuses what OBJECT_LENIENT does, but there are neither warnings nor
                      a digest, and what was parsed is kept: for who only asks what it says */
} ObjectLevel;

/* Bounds on one object. */
#define OBJECT_MAX_SIZE   (16 * 1024 * 1024)
#define OBJECT_MAX_VALUES 100000
#define OBJECT_MAX_ID     255

/* A value under which the object can be found. */
typedef struct {
    ObservableKind kind;
    gboolean from_pattern; /* of an indicator's pattern, rather than of an observable itself */
    const char *text;      /* canonical; owned by the object */
} ObjectValue;

typedef struct {
    const char *bytes; /* the JSON text; borrowed: must outlive the Object */
    gsize length;
    char *id;
    char *type;
    ObjectSpec spec;
    gint64 version;       /* `modified`, else `created`, else 0; microseconds since 1970 */
    guint version_digits; /* digits after the point in that text; 0 when there was none */
    gboolean revoked;
    gboolean pattern_20;        /* an indicator's STIX pattern is of STIX 2.0's grammar */
    gboolean whole_pattern;     /* it could be read, and says more than "one of these values" */
    guint8 sha256[SHA256_SIZE]; /* of bytes; not made at OBJECT_VALUES */
    GArray *values;             /* ObjectValue; NULL when there are none */
    GStringChunk *texts;        /* owns values' texts; NULL when there are none */
    char **markings; /* ids of the marking-definitions that it bears anywhere, granular ones too;
                        NULL: none */
    GPtrArray *warnings;   /* char *, each "<json path>: <what>"; NULL when there are none */
    yyjson_doc *document;  /* what bytes are; NULL but at OBJECT_VALUES */
    char *pattern_problem; /* "$.pattern: ...", why an indicator's STIX pattern cannot be read,
                              which only OBJECT_VALUES lets pass without a warning; NULL: it can, or
                              is of another language */
} Object;

/* Reads and checks the one JSON object in @bytes (no BOM, nothing but white space around it) at
 * @level. @fallback_spec is the specification of an object that does not say (2.0 for what comes
 * in a 2.0 bundle); an object with `spec_version` "2.1", and observables, are always 2.1.
 *
 * Fails with CONCERT_ERROR_INPUT and a message that begins with the JSON path of what is wrong
 * ("$.modified: ..."), or CONCERT_ERROR_LIMIT. Safe to call from any thread. */
Object *object_read(const char *bytes, gsize length, ObjectSpec fallback_spec, ObjectLevel level,
                    GError **error);

void object_free(Object *object);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Object, object_free)

/* The version as the object itself writes it, from (@version, @digits): its `modified` text. */
char *object_version_text(gint64 version, guint digits);
