#include "policy/decide.h"

#include <stdlib.h>
#include <string.h>

#include "identity/role.h"

typedef enum {
    RULE_NONE,
    RULE_NOT_AUTHOR,
    RULE_NOT_RECEIVED,
    RULE_NOT_A_PEER,
    RULE_NO_READING,
    RULE_PEER_UNKNOWN,
    RULE_PEER_SUSPENDED,
    RULE_PEER_ENDED,
    RULE_WITHDRAWN,
    RULE_RECALLED,
    RULE_EXPIRED,
    RULE_PUBLIC_NEEDS_CLEAR,
    RULE_AUDIENCE_EMPTY,
    RULE_CLEAR,
    RULE_GREEN,
    RULE_AMBER,
    RULE_STRICT,
    RULE_RED,
    RULE_STAFF,
    RULE_STAFF_NOT_LIVE,
    RULE_CLIENT,
    RULE_AUDIENCE_PUBLIC,
    RULE_AUDIENCE_NOT_PUBLIC,
    RULE_AUDIENCE,
    RULE_AUDIENCE_GRANT,
    RULE_AUDIENCE_NOT_IN,
    RULE_MEMBER,
    RULE_NOT_MEMBER,
    RULE_RED_NAMED,
    RULE_RED_NOT_NAMED,
    RULE_RED_READER,
    RULE_RED_NOT_READER,
    RULE_RED_OFFICER,
    RULE_RED_NOT_OFFICER,
    RULE_CARRY_TLP,
    RULE_CARRY_COMMUNITY,
    RULE_CARRY_PAP,
    RULE_CARRY_EXPIRY,
    RULE_CARRY_EXERCISE,
    RULE_CARRY,
    RULES,
} Rule;

static const DecideRule rules[RULES] = {
    [RULE_NONE] = {"no-rule", FALSE, "No rule allows it."},
    [RULE_NOT_AUTHOR] =
        {"not-author", FALSE,
         "This node is not its author: what was received is sent on, not delivered."},
    [RULE_NOT_RECEIVED] =
        {"not-received", FALSE,
         "This node is its author: it is delivered to its audience, not sent on."},
    [RULE_NOT_A_PEER] = {"not-a-peer", FALSE, "Only peers are sent anything."},
    [RULE_NO_READING] = {"account-no-reading", FALSE,
                         "None of the account's roles allows reading."},
    [RULE_PEER_UNKNOWN] = {"peer-unknown", FALSE, "There is no peering with this node."},
    [RULE_PEER_SUSPENDED] = {"peer-suspended", FALSE, "The peering is suspended."},
    [RULE_PEER_ENDED] = {"peer-ended", FALSE, "The peering has ended."},
    [RULE_WITHDRAWN] = {"state-withdrawn", FALSE, "Its author has withdrawn it."},
    [RULE_RECALLED] = {"state-recalled", FALSE, "Its author has recalled it."},
    [RULE_EXPIRED] = {"state-expired", FALSE, "It has expired."},
    [RULE_PUBLIC_NEEDS_CLEAR] = {"public-needs-clear", FALSE,
                                 "It is addressed to the public but not TLP:CLEAR: as long as the "
                                 "two contradict each other, it is for nobody outside."},
    [RULE_AUDIENCE_EMPTY] = {"audience-empty", FALSE, "Its audience is empty: it is for nobody."},
    [RULE_CLEAR] = {"tlp-clear", TRUE, "TLP:CLEAR may be given to anybody."},
    [RULE_GREEN] = {"tlp-green", FALSE, "TLP:GREEN stays within the community."},
    [RULE_AMBER] = {"tlp-amber", FALSE,
                    "TLP:AMBER stays with the organisation that received it and its clients."},
    [RULE_STRICT] = {"tlp-amber-strict", FALSE,
                     "TLP:AMBER+STRICT stays with the staff of the organisation that received it."},
    [RULE_RED] = {"tlp-red", FALSE, "TLP:RED is for the eyes of the named recipients only."},
    [RULE_STAFF] = {"staff", TRUE, "The account belongs to this node's own organisation."},
    [RULE_STAFF_NOT_LIVE] = {"staff-not-live", TRUE,
                             "It was withdrawn or recalled, or has expired; staff still see it, "
                             "marked so."},
    [RULE_CLIENT] = {"client", TRUE,
                     "The account is a client of this node's organisation, with which the marking "
                     "allows sharing."},
    [RULE_AUDIENCE_PUBLIC] = {"audience-public", TRUE, "It is addressed to the public."},
    [RULE_AUDIENCE_NOT_PUBLIC] = {"audience-not-public", FALSE,
                                  "It is not addressed to the public."},
    [RULE_AUDIENCE] = {"audience", TRUE, "The node is in its audience."},
    [RULE_AUDIENCE_GRANT] = {"audience-grant", TRUE, "It was granted to the node later."},
    [RULE_AUDIENCE_NOT_IN] = {"audience-not-in", FALSE, "The node is not in its audience."},
    [RULE_MEMBER] = {"community-member", TRUE,
                     "The node is a member of the community it was addressed to."},
    [RULE_NOT_MEMBER] = {"community-not-member", FALSE,
                         "TLP:GREEN stays within the community it was addressed to, of which the "
                         "node is no member now."},
    [RULE_RED_NAMED] = {"tlp-red-named", TRUE, "TLP:RED, and the node was named as a recipient."},
    [RULE_RED_NOT_NAMED] =
        {"tlp-red-not-named", FALSE,
         "TLP:RED is only for nodes that were named one by one when it was sent; "
         "this one was reached through a community or a later grant."},
    [RULE_RED_READER] = {"tlp-red-reader", TRUE, "TLP:RED, and the account is a named reader."},
    [RULE_RED_NOT_READER] = {"tlp-red-not-reader", FALSE,
                             "TLP:RED with named readers, of whom the account is none."},
    [RULE_RED_OFFICER] = {"tlp-red-officer", TRUE,
                          "TLP:RED without named readers: the account is an officer's."},
    [RULE_RED_NOT_OFFICER] = {"tlp-red-not-officer", FALSE,
                              "TLP:RED without named readers is for officers only."},
    [RULE_CARRY_TLP] = {"carry-tlp", FALSE,
                        "The dispatch that is to carry it is marked less strictly than it is."},
    [RULE_CARRY_COMMUNITY] = {"carry-community", FALSE,
                              "TLP:GREEN stays within its community: the dispatch that is to carry "
                              "it is addressed to another one."},
    [RULE_CARRY_PAP] = {"carry-pap", FALSE,
                        "The dispatch that is to carry it has a less strict PAP level."},
    [RULE_CARRY_EXPIRY] = {"carry-expiry", FALSE,
                           "The dispatch that is to carry it expires later than it does."},
    [RULE_CARRY_EXERCISE] = {"carry-exercise", FALSE,
                             "It is an exercise, and the dispatch that is to carry it is none."},
    [RULE_CARRY] = {"carry", TRUE, "The dispatch that is to carry it keeps its terms."},
};

/* What a cell of the truth table demands. */
typedef enum {
    DEMAND_NO,
    DEMAND_FREE,
    DEMAND_STAFF,
    DEMAND_CLIENT,
    DEMAND_PUBLIC,
    DEMAND_AUDIENCE,
    DEMAND_NAMED,
    DEMAND_COMMUNITY,
    DEMAND_READER,
    DEMANDS,
} Demand;

/* From MARKING_TLP_CLEAR to MARKING_TLP_RED. */
#define LEVELS (MARKING_TLP_RED + 1)

static const guint8 truth[LEVELS][DECIDE_COLUMNS] = {
    [MARKING_TLP_CLEAR] =
        {
            [DECIDE_COLUMN_DELIVER] = DEMAND_AUDIENCE,
            [DECIDE_COLUMN_ONWARD] = DEMAND_FREE,
            [DECIDE_COLUMN_STAFF] = DEMAND_STAFF,
            [DECIDE_COLUMN_CLIENT] = DEMAND_CLIENT,
            [DECIDE_COLUMN_PEER_OWN] = DEMAND_AUDIENCE,
            [DECIDE_COLUMN_PEER_RECEIVED] = DEMAND_FREE,
            [DECIDE_COLUMN_ANYONE_OWN] = DEMAND_PUBLIC,
            [DECIDE_COLUMN_ANYONE_RECEIVED] = DEMAND_FREE,
        },
    [MARKING_TLP_GREEN] =
        {
            [DECIDE_COLUMN_DELIVER] = DEMAND_AUDIENCE,
            [DECIDE_COLUMN_ONWARD] = DEMAND_COMMUNITY,
            [DECIDE_COLUMN_STAFF] = DEMAND_STAFF,
            [DECIDE_COLUMN_CLIENT] = DEMAND_CLIENT,
            [DECIDE_COLUMN_PEER_OWN] = DEMAND_AUDIENCE,
            [DECIDE_COLUMN_PEER_RECEIVED] = DEMAND_COMMUNITY,
        },
    [MARKING_TLP_AMBER] =
        {
            [DECIDE_COLUMN_DELIVER] = DEMAND_AUDIENCE,
            [DECIDE_COLUMN_STAFF] = DEMAND_STAFF,
            [DECIDE_COLUMN_CLIENT] = DEMAND_CLIENT,
            [DECIDE_COLUMN_PEER_OWN] = DEMAND_AUDIENCE,
        },
    [MARKING_TLP_AMBER_STRICT] =
        {
            [DECIDE_COLUMN_DELIVER] = DEMAND_AUDIENCE,
            [DECIDE_COLUMN_STAFF] = DEMAND_STAFF,
            [DECIDE_COLUMN_PEER_OWN] = DEMAND_AUDIENCE,
        },
    [MARKING_TLP_RED] =
        {
            [DECIDE_COLUMN_DELIVER] = DEMAND_NAMED,
            [DECIDE_COLUMN_STAFF] = DEMAND_READER,
        },
};

static const Rule refusals[LEVELS] = {
    [MARKING_TLP_NONE] = RULE_NONE,           [MARKING_TLP_CLEAR] = RULE_NONE,
    [MARKING_TLP_GREEN] = RULE_GREEN,         [MARKING_TLP_AMBER] = RULE_AMBER,
    [MARKING_TLP_AMBER_STRICT] = RULE_STRICT, [MARKING_TLP_RED] = RULE_RED,
};

static const char *const demand_words[DEMANDS] = {
    [DEMAND_NO] = "no",
    [DEMAND_FREE] = "yes",
    [DEMAND_STAFF] = "yes",
    [DEMAND_CLIENT] = "yes",
    [DEMAND_PUBLIC] = "if public",
    [DEMAND_AUDIENCE] = "audience",
    [DEMAND_NAMED] = "named",
    [DEMAND_COMMUNITY] = "community",
    [DEMAND_READER] = "readers",
};

static const char *const column_words[DECIDE_COLUMNS] = {
    [DECIDE_COLUMN_DELIVER] = "author delivers to a peer",
    [DECIDE_COLUMN_ONWARD] = "recipient sends on to a peer",
    [DECIDE_COLUMN_STAFF] = "staff reads",
    [DECIDE_COLUMN_CLIENT] = "client reads",
    [DECIDE_COLUMN_PEER_OWN] = "peer's account reads at the author",
    [DECIDE_COLUMN_PEER_RECEIVED] = "peer's account reads at a recipient",
    [DECIDE_COLUMN_ANYONE_OWN] = "anyone reads at the author",
    [DECIDE_COLUMN_ANYONE_RECEIVED] = "anyone reads at a recipient",
};

DecideList decide_list(const char *const *names)
{
    DecideList list = {names, 0};
    while (names && names[list.count])
        list.count++;
    return list;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

gboolean decide_list_has(DecideList list, const char *name)
{
    return name && list.count > 0 &&
           bsearch(name, list.names, list.count, sizeof *list.names, compare_names) != NULL;
}

MarkingTlp decide_tlp(MarkingTlp dispatch, MarkingTlp object, MarkingTlp unmarked)
{
    MarkingTlp level = MAX(dispatch, object);
    if (level == MARKING_TLP_NONE)
        level = unmarked == MARKING_TLP_NONE ? MARKING_TLP_AMBER : unmarked;
    return MIN(level, MARKING_TLP_RED);
}

static MarkingTlp level_of(const DecideSubject *subject)
{
    return decide_tlp(subject->tlp, subject->object_tlp, subject->unmarked);
}

/* How @origin is covered: RULE_AUDIENCE_PUBLIC, _AUDIENCE, _AUDIENCE_GRANT or _AUDIENCE_NOT_IN. */
static Rule covered(const DecideSubject *subject, const char *origin)
{
    if (subject->is_public)
        return RULE_AUDIENCE_PUBLIC;
    if (decide_list_has(subject->audience, origin))
        return RULE_AUDIENCE;
    return decide_list_has(subject->grants, origin) ? RULE_AUDIENCE_GRANT : RULE_AUDIENCE_NOT_IN;
}

gboolean decide_is_for(const DecideSubject *subject, const char *origin)
{
    return rules[covered(subject, origin)].allows;
}

static Rule named(const DecideSubject *subject, const char *origin)
{
    Rule rule = covered(subject, origin);
    if (!rules[rule].allows)
        return rule;
    return rule == RULE_AUDIENCE && decide_list_has(subject->named, origin) ? RULE_RED_NAMED
                                                                            : RULE_RED_NOT_NAMED;
}

static Rule in_community(const DecideSubject *subject, const DecideViewer *viewer)
{
    if (!subject->community)
        return covered(subject, viewer->origin);
    return decide_list_has(viewer->communities, subject->community) ? RULE_MEMBER : RULE_NOT_MEMBER;
}

/* What is this node's own names readers at its recipients, none here. */
static Rule may_read_red(const DecideSubject *subject, const DecideViewer *viewer)
{
    if (!subject->is_own && subject->readers.count > 0)
        return decide_list_has(subject->readers, viewer->account) ? RULE_RED_READER
                                                                  : RULE_RED_NOT_READER;
    return viewer->roles & ROLE_OFFICER ? RULE_RED_OFFICER : RULE_RED_NOT_OFFICER;
}

static Rule meet(Demand demand, MarkingTlp level, const DecideSubject *subject,
                 const DecideViewer *viewer)
{
    switch (demand) {
    case DEMAND_FREE:
        return RULE_CLEAR;
    case DEMAND_STAFF:
        return RULE_STAFF;
    case DEMAND_CLIENT:
        return RULE_CLIENT;
    case DEMAND_PUBLIC:
        return subject->is_public ? RULE_AUDIENCE_PUBLIC : RULE_AUDIENCE_NOT_PUBLIC;
    case DEMAND_AUDIENCE:
        return covered(subject, viewer->origin);
    case DEMAND_NAMED:
        return named(subject, viewer->origin);
    case DEMAND_COMMUNITY:
        return in_community(subject, viewer);
    case DEMAND_READER:
        return may_read_red(subject, viewer);
    case DEMAND_NO:
    case DEMANDS:
        break;
    }
    return refusals[level];
}

/* Of a class of accounts that nothing is said of, each still has its roles looked at when it
 * comes. */
static gboolean may_read(const DecideViewer *viewer)
{
    return viewer->who == DECIDE_ANYONE || (!viewer->account && viewer->roles == 0) ||
           role_allows(viewer->roles, ROLE_ACTION_READ);
}

/* Which column answers; RULE_NONE if one does, else why none. */
static Rule find_column(DecideQuestion question, const DecideSubject *subject,
                        const DecideViewer *viewer, DecideColumn *ret_column)
{
    static const guint8 columns[][2] = {
        [DECIDE_PEER] = {DECIDE_COLUMN_PEER_RECEIVED, DECIDE_COLUMN_PEER_OWN},
        [DECIDE_STAFF] = {DECIDE_COLUMN_STAFF, DECIDE_COLUMN_STAFF},
        [DECIDE_CLIENT] = {DECIDE_COLUMN_CLIENT, DECIDE_COLUMN_CLIENT},
        [DECIDE_ANYONE] = {DECIDE_COLUMN_ANYONE_RECEIVED, DECIDE_COLUMN_ANYONE_OWN},
    };
    *ret_column = DECIDE_COLUMNS;
    if ((gsize)viewer->who >= G_N_ELEMENTS(columns))
        return RULE_NONE;
    switch (question) {
    case DECIDE_READ:
        if (!may_read(viewer))
            return RULE_NO_READING;
        *ret_column = (DecideColumn)columns[viewer->who][subject->is_own != FALSE];
        return RULE_NONE;
    case DECIDE_DELIVER:
        if (!subject->is_own)
            return RULE_NOT_AUTHOR;
        *ret_column = DECIDE_COLUMN_DELIVER;
        break;
    case DECIDE_ONWARD:
        if (subject->is_own)
            return RULE_NOT_RECEIVED;
        *ret_column = DECIDE_COLUMN_ONWARD;
        break;
    }
    return viewer->who == DECIDE_PEER ? RULE_NONE : RULE_NOT_A_PEER;
}

/* What keeps @viewer from everything; RULE_NONE if nothing does. */
static Rule bar_of_viewer(const DecideViewer *viewer)
{
    static const Rule bars[] = {
        [DECIDE_PEERING_NONE] = RULE_PEER_UNKNOWN,
        [DECIDE_PEERING_ACTIVE] = RULE_NONE,
        [DECIDE_PEERING_SUSPENDED] = RULE_PEER_SUSPENDED,
        [DECIDE_PEERING_ENDED] = RULE_PEER_ENDED,
    };
    if (viewer->who != DECIDE_PEER)
        return RULE_NONE;
    if (!viewer->origin || (gsize)viewer->peering >= G_N_ELEMENTS(bars))
        return RULE_PEER_UNKNOWN;
    return bars[viewer->peering];
}

/* What keeps @subject from everybody outside this node's staff; RULE_NONE if nothing does. */
static Rule bar_of_subject(const DecideSubject *subject)
{
    static const Rule bars[] = {
        [DECIDE_LIVE] = RULE_NONE,
        [DECIDE_WITHDRAWN] = RULE_WITHDRAWN,
        [DECIDE_RECALLED] = RULE_RECALLED,
        [DECIDE_EXPIRED] = RULE_EXPIRED,
    };
    if ((gsize)subject->state >= G_N_ELEMENTS(bars))
        return RULE_WITHDRAWN;
    if (subject->state != DECIDE_LIVE)
        return bars[subject->state];
    if (subject->is_public)
        return level_of(subject) == MARKING_TLP_CLEAR ? RULE_NONE : RULE_PUBLIC_NEEDS_CLEAR;
    if (subject->audience.count == 0 && subject->grants.count == 0)
        return RULE_AUDIENCE_EMPTY;
    return RULE_NONE;
}

static Rule decide(DecideQuestion question, const DecideSubject *subject,
                   const DecideViewer *viewer)
{
    DecideColumn column;
    Rule rule = find_column(question, subject, viewer, &column);
    if (rule != RULE_NONE || column == DECIDE_COLUMNS)
        return rule;
    rule = bar_of_viewer(viewer);
    if (rule == RULE_NONE && column != DECIDE_COLUMN_STAFF)
        rule = bar_of_subject(subject);
    if (rule != RULE_NONE)
        return rule;

    MarkingTlp level = level_of(subject);
    rule = meet((Demand)truth[level][column], level, subject, viewer);
    if (column == DECIDE_COLUMN_STAFF && rules[rule].allows && subject->state != DECIDE_LIVE)
        return RULE_STAFF_NOT_LIVE;
    return rule;
}

const DecideRule *decide_whether(DecideQuestion question, const DecideSubject *subject,
                                 const DecideViewer *viewer)
{
    return &rules[decide(question, subject, viewer)];
}

/* Whether the next node could pass on what is GREEN to others than it may go to: its own dispatch
 * being GREEN, to the members of another community. */
static gboolean changes_community(const DecideSubject *subject, const DecideCarrier *carrier,
                                  MarkingTlp carried)
{
    return carried == MARKING_TLP_GREEN && carrier->community &&
           g_strcmp0(carrier->community, subject->community) != 0;
}

static Rule carry(const DecideSubject *subject, const DecideCarrier *carrier)
{
    if (subject->is_own)
        return RULE_NOT_RECEIVED;
    Rule bar = bar_of_subject(subject);
    if (bar != RULE_NONE)
        return bar;

    MarkingTlp level = level_of(subject), carried = MAX(carrier->tlp, carrier->object_tlp);
    if (truth[level][DECIDE_COLUMN_ONWARD] == DEMAND_NO)
        return refusals[level];
    if (carrier->is_public && MAX(level, carried) != MARKING_TLP_CLEAR)
        return RULE_PUBLIC_NEEDS_CLEAR;
    if (carried < level && level != MARKING_TLP_CLEAR)
        return RULE_CARRY_TLP;
    if (level == MARKING_TLP_GREEN && changes_community(subject, carrier, carried))
        return RULE_CARRY_COMMUNITY;
    if (carrier->pap < subject->pap)
        return RULE_CARRY_PAP;
    if (subject->expires != 0 && (carrier->expires == 0 || carrier->expires > subject->expires))
        return RULE_CARRY_EXPIRY;
    if (subject->is_exercise && !carrier->is_exercise)
        return RULE_CARRY_EXERCISE;
    return RULE_CARRY;
}

const DecideRule *decide_carry(const DecideSubject *subject, const DecideCarrier *carrier)
{
    return &rules[carry(subject, carrier)];
}

const DecideRule *decide_rules(guint *ret_count)
{
    *ret_count = RULES;
    return rules;
}

const char *decide_column(DecideColumn column)
{
    return (gsize)column < DECIDE_COLUMNS ? column_words[column] : NULL;
}

const char *decide_cell(MarkingTlp tlp, DecideColumn column)
{
    if (tlp < MARKING_TLP_CLEAR || tlp > MARKING_TLP_RED || (gsize)column >= DECIDE_COLUMNS)
        return NULL;
    return demand_words[truth[tlp][column]];
}
