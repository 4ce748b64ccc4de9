/* dispatch_header.h - what the kinds of the exchange add to the header of an entry
 * (docs/protocol.md, "Kinds of the exchange"): read strictly from openings that others made, and
 * written for openings of our own.
 *
 * The readers take an opening as it came; whether it is that of an entry, and whose, is not theirs
 * to tell. Members that are not known are passed over: the opening keeps them. Each reader refuses
 * an erased opening and one of another kind, and says which member is wrong (CONCERT_ERROR_INPUT,
 * _LIMIT). The writers return the text that OpeningSpec.members takes, and refuse what their
 * readers would. */
#pragma once

#include <glib.h>

#include "ledger/merkle.h"
#include "ledger/opening.h"
#include "policy/marking.h"

#define DISPATCH_HEADER_DISPATCH     "dispatch"
#define DISPATCH_HEADER_GRANT        "grant"
#define DISPATCH_HEADER_WITHDRAWAL   "withdrawal"
#define DISPATCH_HEADER_RECALL       "recall"
#define DISPATCH_HEADER_RECEIPT      "receipt"

#define DISPATCH_HEADER_TEXT_MAX     4096 /* bytes of a title, a purpose or a reason */
#define DISPATCH_HEADER_REFUSALS_MAX 100
#define DISPATCH_HEADER_NO_INDEX     G_MAXUINT64
#define DISPATCH_HEADER_NO_TIME      G_MAXINT64

/* "dispatch". */
typedef struct {
    char *title; /* one line */
    MarkingTlp tlp;
    MarkingPap pap;
    char *community; /* NULL: addressed to none */
    char **named;    /* origins, sorted; NULL: the header has no such member, all were named */
    char *purpose;   /* NULL: none */
    gboolean is_exercise;
    gint64 expires_us;    /* DISPATCH_HEADER_NO_TIME: never */
    char *onward_origin;  /* of whom it was received; NULL: it is the author's own */
    guint64 onward_index; /* DISPATCH_HEADER_NO_INDEX if there is no origin */
} DispatchHeader;

DispatchHeader *dispatch_header_read(const Opening *opening, GError **error);
char *dispatch_header_write(const DispatchHeader *header, GError **error);
void dispatch_header_free(DispatchHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DispatchHeader, dispatch_header_free)

/* "grant": the index of the earlier entry that it opens to its audience. */
gboolean dispatch_header_read_grant(const Opening *opening, guint64 *ret_of, GError **error);
char *dispatch_header_write_grant(guint64 of, GError **error);

/* "withdrawal" and "recall". */
typedef struct {
    gboolean is_recall;
    guint64 of;    /* index of an earlier entry of the same ledger */
    guint *places; /* of its items, ascending; NULL: the whole */
    guint n_places;
    char *reason;
} DispatchRetract;

DispatchRetract *dispatch_header_read_retract(const Opening *opening, GError **error);
char *dispatch_header_write_retract(const DispatchRetract *retract, GError **error);
void dispatch_header_retract_free(DispatchRetract *retract);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DispatchRetract, dispatch_header_retract_free)

/* "receipt". */
typedef struct {
    guint64 index; /* of the entry */
    guint place;   /* of the item */
    char *reason;
} DispatchRefusal;

typedef struct {
    char *ledger; /* whose answer it acknowledges */
    guint64 from, end, size;
    MerkleHash root;
    guint64 *indices; /* ascending; grants' older ones included, so some may be below from */
    guint n_indices;
    guint64 stored, known, refused; /* items */
    DispatchRefusal *refusals;      /* the first of them, in any order */
    guint n_refusals;
} DispatchReceipt;

DispatchReceipt *dispatch_header_read_receipt(const Opening *opening, GError **error);
char *dispatch_header_write_receipt(const DispatchReceipt *receipt, GError **error);
void dispatch_header_receipt_free(DispatchReceipt *receipt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DispatchReceipt, dispatch_header_receipt_free)
