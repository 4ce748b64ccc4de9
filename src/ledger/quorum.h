/* quorum.h - trust policies (c2sp.org/tlog-policy): which logs and witnesses count, and how many of
 * the witnesses must have cosigned. */
#pragma once

#include <glib.h>

#include "ledger/checkpoint.h"
#include "ledger/note.h"

#define QUORUM_BYTES_MAX     (1024 * 1024)
#define QUORUM_LOGS_MAX      256
#define QUORUM_WITNESSES_MAX 256
#define QUORUM_GROUPS_MAX    256

typedef struct Quorum Quorum;

/* A log or witness of the policy; all of it the policy's. */
typedef struct {
    const char *name; /* in the policy; NULL for a log */
    const NoteVerifier *key;
    const char *url; /* NULL if the policy has none */
} QuorumMember;

/* CONCERT_ERROR_INPUT or _LIMIT; the message begins with "line N: ". */
Quorum *quorum_parse(const char *text, gsize length, GError **error);
void quorum_free(Quorum *quorum);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Quorum, quorum_free)

/* In the order of the policy. */
guint quorum_n_logs(const Quorum *quorum);
guint quorum_n_witnesses(const Quorum *quorum);
QuorumMember quorum_log(const Quorum *quorum, guint place);
QuorumMember quorum_witness(const Quorum *quorum, guint place);

/* Whether it is enough that those witnesses have cosigned whose place in @has_cosigned is TRUE. */
gboolean quorum_is_met(const Quorum *quorum, const gboolean *has_cosigned);

/* Whether a log of the policy whose key bears the name @origin has signed the note;
 * CONCERT_ERROR_DENIED if not. */
gboolean quorum_verify_log(const Quorum *quorum, const Note *note, const char *origin,
                           GError **error);

/* Whether the quorum has cosigned the note. ret_cosigned[i] (may be NULL) says whether witness i
 * has; it is filled also when too few have, and only then is the error CONCERT_ERROR_NOT_FOUND. A
 * wrong signature under the name of a witness is CONCERT_ERROR_DENIED. */
gboolean quorum_verify_witnesses(const Quorum *quorum, const Note *note, gboolean *ret_cosigned,
                                 GError **error);

/* All of it: the note is a checkpoint, signed by a log of the policy and cosigned by the quorum. */
gboolean quorum_verify(const Quorum *quorum, const Note *note, Checkpoint *ret_checkpoint,
                       GError **error);
