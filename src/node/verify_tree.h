/* verify_tree.h - recomputing all of a log's tree from its files: every bundle of entries is hashed
 * again and every hash of every tile compared.
 *
 * It goes from the root down. What the root proves of the tiles at the right edge, these prove of
 * the tiles below them, and so on to the entries; so each file is read once, each node hashed
 * once, and a fault is told where it is. Where a tile is missing or wrong, the one above it and
 * what is computed from those below say which of them it is. Memory is that of one tile a level
 * and one bundle a thread, however large the log. */
#pragma once

#include <glib.h>

#include "ledger/merkle.h"
#include "node/log_source.h"

#define VERIFY_TREE_PROBLEMS_MAX 1000 /* then it gives up */

typedef enum {
    VERIFY_TREE_MISSING, /* the file is not there */
    VERIFY_TREE_WRONG,
} VerifyTreeKind;

typedef struct {
    VerifyTreeKind kind;
    char *path; /* of the file: "tile/0/x001/x234/067" */
    char *what; /* is wrong: "hash 17 (entry 315923729) is not that of the entry" */
    guint64 order;
} VerifyTreeProblem;

/* Is told, by the calling thread, how many of the entries are done. */
typedef void (*VerifyTreeProgress)(guint64 done, guint64 size, gpointer user_data);

typedef struct {
    gboolean hashes_only; /* tiles of hashes, no entries */
    guint threads;        /* 0: as many as are good */
    VerifyTreeProgress progress;
    gpointer user_data;
} VerifyTreeOptions;

typedef struct {
    guint64 entries, tiles; /* that were read; tiles are those of hashes */
    guint64 openings;       /* see verify_openings.h */
    GPtrArray *problems;    /* VerifyTreeProblem, from left to right */
    gboolean gave_up;       /* after VERIFY_TREE_PROBLEMS_MAX: there may be more */
} VerifyTreeReport;

void verify_tree_report_clear(VerifyTreeReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VerifyTreeReport, verify_tree_report_clear)

VerifyTreeProblem *verify_tree_problem_new(VerifyTreeKind kind, const char *path, const char *what);
void verify_tree_problem_free(VerifyTreeProblem *problem);

/* Verifies the tree of @size leaves and @root. What is wrong with the files stands in
 * @ret_report; FALSE only if they cannot be read for a reason of the system or the network. */
gboolean verify_tree(const LogSource *source, guint64 size, const MerkleHash *root,
                     const VerifyTreeOptions *options, VerifyTreeReport *ret_report,
                     GError **error);
