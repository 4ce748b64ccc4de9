/* follower_items.h - the items of a dispatch as the store takes them: read outside the transaction,
 * on several threads where they are many. Private to the follower. */
#pragma once

#include "exchange/dispatch_header.h"
#include "policy/marking.h"
#include "stix/object.h"
#include "store/chunk.h"

typedef enum {
    FOLLOWER_OTHER,  /* kept as it is */
    FOLLOWER_OBJECT, /* a STIX object */
    FOLLOWER_EVENT,  /* of a dossier */
    FOLLOWER_CHUNK,  /* of an attachment */
    FOLLOWER_CARD,   /* of a node that the author introduces */
} FollowerItemKind;

typedef struct {
    FollowerItemKind kind;
    GBytes *bytes;  /* borrowed; NULL: erased */
    Object *object; /* NULL: it is none, or could not be read: `refusal` */
    MarkingTlp tlp; /* that the object bears */
    char *refusal;
    gint64 version;    /* when it was stored */
    gboolean is_known; /* an event or a chunk that was here already */
    gboolean is_held;  /* an event that waits for its time: `refusal` says so */
    Chunk chunk;
} FollowerItem;

/* An opening with what was read of it. */
typedef struct {
    Opening *opening; /* borrowed */
    guint64 index, granted_by;
    DispatchHeader *dispatch; /* NULL: it is none, or not well-formed */
    FollowerItem *items;
} FollowerOpening;

void follower_items_clear(FollowerOpening *opening);

/* Reads headers and items of @count openings, and does what can be done of their verification
 * ahead. What is wrong with an item is its refusal. */
void follower_items_read(FollowerOpening *openings, guint count);
