/* role.h - what an account may do: the one table of roles and actions.
 *
 * An account has a set of roles. A role allows actions; whether an action may touch a certain
 * collection is decided by that collection's grants on top of this. Running the node is not reading
 * what is in it: admin alone allows no reading. */
#pragma once

#include <glib.h>

#include "base/error.h"

/* The numbers are stored in the database: add at the end, never renumber. */
typedef enum {
    ROLE_READER = 1 << 0,      /* reads what was granted */
    ROLE_CONTRIBUTOR = 1 << 1, /* gives objects, reads what was granted */
    ROLE_ANALYST = 1 << 2,     /* works on objects: also removes and adopts them */
    ROLE_OFFICER = 1 << 3,     /* acts for the node towards partners; works on objects too */
    ROLE_APPROVER = 1 << 4,    /* approves the acts of others; reads what was granted */
    ROLE_AUDITOR = 1 << 5,     /* looks at how the node is used, not at what is in it */
    ROLE_ADMIN = 1 << 6,       /* runs the node */
} Role;

#define ROLE_ALL ((1u << 7) - 1)

typedef enum {
    ROLE_ACTION_READ = 1 << 0,       /* read objects of a collection granted for reading */
    ROLE_ACTION_ADD = 1 << 1,        /* add objects to a collection granted for writing */
    ROLE_ACTION_REMOVE = 1 << 2,     /* take objects out of a collection granted for both */
    ROLE_ACTION_ADOPT = 1 << 3,      /* make a claim or variant effective */
    ROLE_ACTION_MEASURE = 1 << 4,    /* see the node's counts and metrics */
    ROLE_ACTION_ADMINISTER = 1 << 5, /* accounts, collections, grants, backups */
    ROLE_ACTION_AUDIT = 1 << 6, /* see the ledger as it is now, which is not what is said in it */
} RoleAction;

/* What the set @roles allows: a set of RoleAction. Bits that are no role allow nothing. */
guint role_actions(guint roles);

/* Does the set @roles allow @action? */
gboolean role_allows(guint roles, RoleAction action);

/* The role of that name ("reader", ...), or 0. */
guint role_from_name(const char *name);

/* Parses names separated by commas and blanks ("reader, analyst"). Fails with CONCERT_ERROR_INPUT,
 * naming the roles there are, for an unknown or empty name. The empty text is the empty set. */
gboolean role_parse(const char *text, guint *ret_roles, GError **error);

/* The names in @roles, in the order of the table; NULL-terminated static texts in an array the
 * caller frees. */
const char **role_names(guint roles);

/* The same separated by ", "; "none" for the empty set. Caller frees. */
char *role_format(guint roles);
