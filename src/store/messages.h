/* messages.h - messages between people that stand in no ledger (docs/protocol.md, "Messages between
 * people"): emergency messages and notes, those that were sent and those that came.
 *
 * A message is known by its peer, its direction and its id, for ever: the same one a second time
 * changes nothing, also after its text was removed. How far one has come that was sent is read from
 * the post that takes it there (store/outbox.h). */
#pragma once

#include "store/store.h"

#define MESSAGES_TEXT_MAX 2000 /* bytes, as the rest */
#define MESSAGES_BY_MAX   200
#define MESSAGES_OPEN_MAX                                                                          \
    1000 /* of one peer: emergency messages that nobody acknowledged; notes                        \
          */

/* Their numbers are stored: never renumber. */
typedef enum {
    MESSAGE_EMERGENCY = 0,
    MESSAGE_NOTE = 1,
    MESSAGE_ACKNOWLEDGEMENT = 2, /* of an emergency message: stored with it */
} MessageKind;

/* "emergency", "note", "acknowledgement". */
const char *message_kind_name(MessageKind kind);

typedef enum {
    MESSAGE_NEW,          /* came, and nobody acknowledged it */
    MESSAGE_WAITING,      /* the peer could not be reached yet */
    MESSAGE_FAILED,       /* the peer refuses it */
    MESSAGE_DELIVERED,    /* the peer's machine has it */
    MESSAGE_ACKNOWLEDGED, /* by a person, there or here */
} MessageState;

/* "new", "waiting", "failed", "delivered", "acknowledged". A note that came is new. */
const char *message_state_name(MessageState state);

/* Times are microseconds since 1970, 0: never. */
typedef struct {
    gint64 number;
    MessageKind kind;
    gboolean incoming;
    gint64 peer; /* Peer.number */
    char *node;  /* the peer's */
    char *id;
    gint64 made; /* by its author's clock */
    gint64 kept; /* by ours */
    char *text;  /* NULL: removed */
    gboolean exercise;
    char *reply_to; /* NULL: none */
    MessageState state;
    gint64 delivered;               /* to the peer */
    gint64 acknowledged;            /* when, by the clock of who acknowledged it */
    char *acknowledged_by;          /* NULL: not said */
    char *acknowledgement;          /* words; NULL: none */
    gboolean acknowledgement_waits; /* it came and was acknowledged; the peer does not know yet */
    guint tries;   /* of what has to be delivered: itself, or its acknowledgement */
    char *failure; /* of the last try; NULL: none */
} MessageRecord;

void message_record_free(MessageRecord *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MessageRecord, message_record_free)

/* Stores a message: kind, incoming, peer, id, made, text, exercise and reply_to of @record.
 * *ret_new is FALSE when it is known already; nothing changes then. *ret_number may be NULL.
 * CONCERT_ERROR_LIMIT beyond the bounds above. */
gboolean messages_add(StoreTx *tx, const MessageRecord *record, gboolean *ret_new,
                      gint64 *ret_number, GError **error);

/* The post @post takes message @number there, or, of one that came, its acknowledgement. */
gboolean messages_set_post(StoreTx *tx, gint64 number, gint64 post, GError **error);

/* The post @post was delivered: called by outbox_done(). */
gboolean messages_delivered(StoreTx *tx, gint64 post, GError **error);

/* A person acknowledged the emergency message @id that came from @peer (@incoming), or was sent to
 * it. @by and @text may be NULL. The first one counts: *ret_new (may be NULL) is FALSE when it was
 * acknowledged before; nothing changes then. CONCERT_ERROR_NOT_FOUND when there is none,
 * CONCERT_ERROR_CONFLICT when it is a note. */
gboolean messages_acknowledge(StoreTx *tx, gint64 peer, gboolean incoming, const char *id,
                              gint64 when, const char *by, const char *text, gboolean *ret_new,
                              GError **error);

/* Removes the text of message @number, for ever. That it was there stays known. */
gboolean messages_remove(StoreTx *tx, gint64 number, GError **error);

typedef struct {
    MessageKind kind;
    gboolean incoming, outgoing; /* neither: both */
    gint64 peer;                 /* 0: all */
    gboolean open; /* only what waits: for a person here or there, or to be delivered */
    guint max;     /* 0: all */
} MessagesFilter;

/* Newest last. What was removed is left out. Elements: MessageRecord *. */
GPtrArray *messages_list(Store *store, const MessagesFilter *filter, GError **error);

/* The message that @filter lets through whose id begins with @id, of four characters at least.
 * CONCERT_ERROR_NOT_FOUND, or CONCERT_ERROR_CONFLICT when there are several. */
MessageRecord *messages_find(Store *store, const MessagesFilter *filter, const char *id,
                             GError **error);

/* What waits for people. Exercises are counted by themselves. */
typedef struct {
    guint emergencies, exercises; /* that came, and that nobody here acknowledged */
    guint undelivered;            /* emergency messages, no exercises, that are not delivered yet */
    gint64 oldest;                /* of the first: when it came; 0: none */
} MessagesCounts;

gboolean messages_count(Store *store, MessagesCounts *ret_counts, GError **error);
