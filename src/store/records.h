/* records.h - entries of peers' ledgers as they came, and the dispatches among them, our own
 * included.
 *
 * What was received is kept whole: commitment, nonce, header, and of each item its nonce and its
 * bytes, which are those of a stored version where it is an object. So a node can show at any time
 * what it was given, and prove it by the author's ledger. Own dispatches have their openings in the
 * own ledger; here stands only what they are. */
#pragma once

#include "ledger/opening.h"
#include "store/store.h"

#define RECORDS_NO_INDEX G_MAXUINT64

/* The numbers are stored: never renumber. */
typedef enum {
    RECORD_LIVE = 0,
    RECORD_WITHDRAWN = 1,
    RECORD_RECALLED = 2,
    RECORD_EXPIRED = 3,
    RECORD_ERASED = 4, /* only that it came is left: store/retention.h */
} RecordState;

/* "live", "withdrawn", "recalled", "expired", "erased"; static. */
const char *record_state_name(RecordState state);

typedef struct {
    gint64 number;
    char *origin; /* of the author's ledger; NULL: this node */
    guint64 entry;
    char *kind;
    gint64 made;   /* by the author's clock; microseconds since 1970, as all times */
    gint64 stored; /* by ours */
    guint n_items;
    guint64 granted_by; /* the grant by which it came; RECORDS_NO_INDEX */
    char *title;        /* of dispatches, as the rest; NULL: it is none; "": erased */
    guint tlp, pap;     /* MarkingTlp, MarkingPap */
    char *community;    /* NULL: none */
    gboolean exercise;
    gint64 expires; /* G_MAXINT64: never */
    RecordState state;
    guint64 retracted_by; /* entry of the author's ledger; RECORDS_NO_INDEX */
    char *reason;         /* of that; NULL */
    guint64 refused;      /* items that could not be used */
    guint64 taken_back;   /* items that were taken back one by one */
    gint64 held;          /* since when nothing of it may be erased; 0: it may be */
    char *hold_reason;    /* NULL: it is not held */
    char *header;         /* of what was received; NULL: erased, or our own */
} Record;

void record_free(Record *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)

/* An answer that was accepted: everything from @from to before @end of the ledger @origin. */
typedef struct {
    const char *origin;
    guint64 from, end, size;
    const char *statement;  /* signed JSON */
    const char *checkpoint; /* the signed note that the statement's tree is known by */
} RecordsAnswer;

gboolean records_add_answer(StoreTx *tx, const RecordsAnswer *answer, gint64 *ret_number,
                            GError **error);

/* What an item of a record became. */
typedef struct {
    gint64 version;      /* the stored version whose bytes it has; 0: none, `bytes` are kept */
    GBytes *bytes;       /* NULL when there is a version, or when it was erased by its author */
    const char *refusal; /* why it could not be used; NULL: it could */
} RecordsItem;

/* A record that is to be kept; borrowed. */
typedef struct {
    const char *origin; /* NULL: this node; then no opening is kept */
    guint64 entry;
    const Opening *opening;
    guint64 granted_by; /* RECORDS_NO_INDEX */
    gint64 answer;      /* records_add_answer(); 0: none */
    const char *title;  /* of a dispatch, else NULL and the rest is not read */
    guint tlp, pap;
    const char *community;
    gboolean exercise;
    gint64 expires;           /* G_MAXINT64: never */
    const RecordsItem *items; /* as many as the opening has; NULL: nothing is kept of them */
} RecordsSpec;

/* *ret_new FALSE: it was there already (nothing happens, *ret_number is that). */
gboolean records_add(StoreTx *tx, const RecordsSpec *spec, gint64 *ret_number, gboolean *ret_new,
                     GError **error);

/* Takes a record (places NULL: all of it) out of use. *ret_versions gets the versions concerned
 * (gint64; caller unrefs). Nothing happens to what was retracted before, or is not there:
 * *ret_versions is then empty. Own records (@origin NULL) have no versions here. */
gboolean records_retract(StoreTx *tx, const char *origin, guint64 entry, const guint *places,
                         guint n_places, guint64 by, RecordState state, const char *reason,
                         GArray **ret_versions, GError **error);

/* The live records that carry a version, as far as policy needs them: of own ones the header is
 * there, too. Elements: Record *. */
GPtrArray *records_of_version(StoreTx *tx, gint64 version, GError **error);

/* Has a peer ever sent it, whatever became of that? */
gboolean records_was_received(StoreTx *tx, gint64 version, gboolean *ret_received, GError **error);

/* The live ones as readers see them. */
GPtrArray *records_carrying(Store *store, gint64 version, GError **error);

/* All records that ever carried a version, newest first. One of which only that item was taken back
 * is here in the state, and retracted by the entry, of the item. */
GPtrArray *records_bearing(Store *store, gint64 version, GError **error);

/* The versions that are out of use: each was taken back or has expired with every record that
 * carries it, and is in no collection, where people can put it. Keys: gint64 *. Caller unrefs. */
GHashTable *records_retired(Store *store, GError **error);

/* The strictest TLP level of the dispatches by which a version came: version, as by
 * GSIZE_TO_POINTER(), to level, as by GUINT_TO_POINTER(). Caller unrefs. */
GHashTable *records_levels(Store *store, GError **error);

/* The same of their PAP levels; what came as an exercise counts as PAP:RED. */
GHashTable *records_pap_levels(Store *store, GError **error);

/* The versions that came, or went, in dispatches to @community which still stand: as by
 * GSIZE_TO_POINTER(). Caller unrefs. */
GHashTable *records_of_community(Store *store, const char *community, GError **error);

/* The versions that a record carries, live or not; empty when there is no such record. Elements:
 * gint64. Caller unrefs. */
GArray *records_carried(StoreTx *tx, const char *origin, guint64 entry, GError **error);

/* The versions that records carry, those after @after (0: from the first), ascending, at most @max.
 * Elements: gint64. Caller unrefs. */
GArray *records_versions(StoreTx *tx, gint64 after, guint max, GError **error);

/* Marks what expired before @now; at most @max. *ret_versions as above. */
gboolean records_expire(StoreTx *tx, gint64 now, guint max, GArray **ret_versions, GError **error);

/* When the next record expires; G_MAXINT64: none does. */
gboolean records_next_expiry(Store *store, gint64 *ret_when, GError **error);

typedef struct {
    const char *origin; /* NULL: any */
    gboolean own;       /* only our own; `origin` is not read then */
    gboolean objects;   /* not those that carry events or files of dossiers */
    const char *kind;   /* NULL: any */
    gint64 since;       /* stored at or after; 0: any */
    guint limit;        /* the newest ones; 0: all */
} RecordsQuery;

/* What came from @origin, ascending by entry from @from on, at most @max. Elements: Record *. */
GPtrArray *records_page(Store *store, const char *origin, guint64 from, guint max, GError **error);

/* Newest first. Elements: Record *. */
GPtrArray *records_list(Store *store, const RecordsQuery *query, GError **error);

/* One record; @origin NULL: our own. CONCERT_ERROR_NOT_FOUND when there is none. */
Record *records_get(Store *store, const char *origin, guint64 entry, GError **error);

/* The opening of what was received, whole. CONCERT_ERROR_NOT_FOUND when there is none. */
Opening *records_opening(Store *store, const char *origin, guint64 entry, GError **error);

/* The signed statement and checkpoint of the answer that brought an entry; texts, caller frees. */
gboolean records_evidence(Store *store, const char *origin, guint64 entry, char **ret_statement,
                          char **ret_checkpoint, GError **error);

/* The checkpoint by which a tree of @size entries of @origin became known with an answer; NULL: it
 * is not remembered. Caller frees. */
gboolean records_checkpoint(Store *store, const char *origin, guint64 size, char **ret_checkpoint,
                            GError **error);

/* Items of a record: bytes by place, and what became of them. */
typedef struct {
    guint place;
    gint64 version; /* of the object; 0: it is none, or could not be used */
    char *id;       /* of the object; NULL: the same */
    char *refusal;  /* NULL: none */
    gboolean retracted;
    guint64 retracted_by; /* entry of the author's ledger; RECORDS_NO_INDEX */
} RecordItem;

void record_item_free(RecordItem *item);

/* Elements: RecordItem *, by place. */
GPtrArray *records_items(Store *store, gint64 number, GError **error);

/* Count and digest (docs/protocol.md) of what came from @origin before entry @end, grants' older
 * entries left out. */
gboolean records_digest(Store *store, const char *origin, guint64 end, guint64 *ret_count,
                        guint8 ret_digest[SHA256_SIZE], GError **error);
