/* community.h - the records of communities (docs/protocol.md, "Communities"): entries of the
 * owner's ledger, numbered without gaps, which every member applies alike. */
#pragma once

#include <yyjson.h>

#include "exchange/rulebook.h"
#include "store/communities.h"

#define COMMUNITY_OPENED_KIND "community.opened"
#define COMMUNITY_MEMBER_KIND "community.member"

/* The name "LOCAL@NODE" of a community of the node; NULL with CONCERT_ERROR_INPUT when @local is
 * none: 1 to 64 of a-z, 0-9 and "-", a letter or digit first. Caller frees. */
char *community_name(const char *local, const char *node, GError **error);

/* Whether @name is that of a community of the node whose ledger is @origin. */
gboolean community_name_is_of(const char *name, const char *origin);

/* Applies an entry of @author's ledger: @kind one of the above, @header its header, @item its item
 * (of COMMUNITY_OPENED_KIND). The same entry again changes nothing. A member's own wish to leave is
 * applied by the owner, whose ledger is @own; every other record counts only from the owner.
 * FALSE with the reason when it is refused: CONCERT_ERROR_INPUT, _LIMIT, _DENIED (not the owner's),
 * _NOT_FOUND (of a community that was never opened here), _CONFLICT (there is a gap before it,
 * which is kept as a complaint). Nothing else was written then. */
gboolean community_receive(StoreTx *tx, const char *own, const char *author, const char *kind,
                           yyjson_val *header, GBytes *item, GError **error);

/* --- writing: what the kinds add to the header, the text of a JSON object; caller frees --------
 */

/* @community as it is to be told to who joins, or to all: title, rulebook and members. */
char *community_opened_members(const Community *community);

typedef struct {
    const char *community;
    guint64 number; /* 0: a member's wish to leave, which has none */
    const char *member;
    CommunityStep step;
    gboolean votes;
    const char *reason; /* NULL: none */
} CommunityRecord;

char *community_member_members(const CommunityRecord *record);
