#include "exchange/community.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "exchange/card_field.h"
#include "exchange/reach.h"
#include "ledger/opening.h"
#include "ledger/origin.h"

#define LOCAL_MAX 64

/* --- names -------------------------------------------------------------------------------------
 */

static gboolean is_local(const char *text, gsize length)
{
    if (length == 0 || length > LOCAL_MAX || text[0] == '-')
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_islower(text[i]) && !g_ascii_isdigit(text[i]) && text[i] != '-')
            return FALSE;
    return TRUE;
}

char *community_name(const char *local, const char *node, GError **error)
{
    if (is_local(local, strlen(local)))
        return g_strconcat(local, "@", node, NULL);
    error_set(error, CONCERT_ERROR_INPUT,
              "\"%s\" is no name of a community: a-z, 0-9 and \"-\", at most %d", local, LOCAL_MAX);
    return NULL;
}

gboolean community_name_is_of(const char *name, const char *origin)
{
    const char *at = strchr(name, '@');
    g_autofree char *node = origin_node(origin);
    return at && node && is_local(name, (gsize)(at - name)) && g_str_equal(at + 1, node);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean read_number(yyjson_val *object, const char *name, guint64 least,
                            guint64 *ret_number, GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) < least ||
        yyjson_get_uint(value) > OPENING_INTEGER_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is no such number", name);
    *ret_number = yyjson_get_uint(value);
    return TRUE;
}

/* Of whoever wrote it: the entry's time is in its header, our own entry has none yet. */
static gint64 read_time(yyjson_val *header)
{
    yyjson_val *value = yyjson_obj_get(header, "time");
    gint64 time;
    return yyjson_is_str(value) &&
                   timestamp_parse(yyjson_get_str(value), yyjson_get_len(value), &time, NULL)
               ? time
               : timestamp_now();
}

static gboolean read_member(yyjson_val *object, CommunityMember *member, GError **error)
{
    yyjson_val *votes = yyjson_obj_get(object, "votes");
    if (!card_field_text(object, "member", CARD_FIELD_LINE, TRUE, &member->origin, error))
        return FALSE;
    g_autofree char *node = origin_node(member->origin);
    if (!node || (votes && !yyjson_is_bool(votes)))
        return error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is no member", member->origin);
    member->votes = yyjson_get_bool(votes);
    return TRUE;
}

/* --- community.opened --------------------------------------------------------------------------
 */

static gboolean check_rules(yyjson_val *header, GBytes *item, GError **error)
{
    gsize length = 0;
    const void *text = item ? g_bytes_get_data(item, &length) : NULL;
    const char *hash = yyjson_get_str(yyjson_obj_get(header, "rulebook"));
    if (!rulebook_check(text, length, error))
        return FALSE;
    g_autofree char *own = rulebook_hash(text, length);
    return (hash && g_str_equal(hash, own)) ||
           error_set(error, CONCERT_ERROR_INPUT, "\"rulebook\" is not the hash of the text");
}

/* All that the owner says of the members, in place of what is known. */
static gboolean replace_members(StoreTx *tx, const char *name, yyjson_val *header, guint64 records,
                                GError **error)
{
    yyjson_val *list = yyjson_obj_get(header, "members"), *value;
    size_t at, count;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > COMMUNITIES_MEMBERS_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "\"members\" is no list of at most %d",
                         COMMUNITIES_MEMBERS_MAX);
    if (!communities_clear_members(tx, name, error))
        return FALSE;
    yyjson_arr_foreach (list, at, count, value) {
        CommunityMember member = {
            .step = COMMUNITY_ADMITTED, .record = records, .since = read_time(header)};
        gboolean good =
            read_member(value, &member, error) && communities_set_member(tx, name, &member, error);
        g_free(member.origin);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static gboolean find_community(StoreTx *tx, const char *name, Community **ret_community,
                               GError **error)
{
    g_autoptr(GError) failure = NULL;
    *ret_community = communities_get_tx(tx, name, &failure);
    if (*ret_community || g_error_matches(failure, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

static gboolean receive_opened(StoreTx *tx, const char *author, const char *name,
                               yyjson_val *header, GBytes *item, GError **error)
{
    guint64 number, records;
    g_autofree char *title = NULL;
    g_autoptr(Community) known = NULL;
    if (!card_field_text(header, "title", CARD_FIELD_LINE, TRUE, &title, error) ||
        !read_number(header, "number", 1, &number, error) ||
        !read_number(header, "records", 0, &records, error) || !check_rules(header, item, error) ||
        !find_community(tx, name, &known, error))
        return FALSE;
    gboolean newer_list = !known || records > known->records;
    if (!newer_list && number <= known->rules_number)
        return TRUE;
    gboolean newer_rules = !known || number > known->rules_number;
    return communities_put(tx, name, author, title, newer_rules ? number : known->rules_number,
                           newer_rules ? item : known->rules, newer_list ? records : known->records,
                           error) &&
           (!newer_list || replace_members(tx, name, header, records, error));
}

/* --- community.member --------------------------------------------------------------------------
 */

static gboolean complain(StoreTx *tx, const Community *community, guint64 number, GError **error)
{
    g_autofree char *text =
        g_strdup_printf("record %" G_GUINT64_FORMAT " came after record %" G_GUINT64_FORMAT
                        ": the owner left something out",
                        number, community->records);
    return communities_set_complaint(tx, community->name, text, error) &&
           error_set(error, CONCERT_ERROR_CONFLICT, "%s: %s", community->name, text);
}

static gboolean receive_record(StoreTx *tx, const Community *community, yyjson_val *header,
                               CommunityMember *member, GError **error)
{
    if (!read_number(header, "number", 1, &member->record, error))
        return FALSE;
    if (member->record <= community->records)
        return TRUE;
    if (member->record > community->records + 1)
        return complain(tx, community, member->record, error);
    member->votes = member->votes && member->step == COMMUNITY_ADMITTED;
    return communities_put(tx, community->name, community->owner, community->title,
                           community->rules_number, community->rules, member->record, error) &&
           communities_set_member(tx, community->name, member, error);
}

/* A member tells the owner that it leaves; the owner records it. */
static gboolean receive_leave(StoreTx *tx, const char *own, const char *author,
                              const Community *community, const CommunityMember *wish,
                              GError **error)
{
    if (!g_str_equal(community->owner, own) || !g_str_equal(wish->origin, author) ||
        wish->step != COMMUNITY_LEFT)
        return error_set(error, CONCERT_ERROR_DENIED, "%s: %s is not its owner", community->name,
                         author);
    const CommunityMember *known = communities_member(community, author);
    if (!known || known->step != COMMUNITY_ADMITTED || wish->since < known->since)
        return TRUE;
    CommunityMember leaving = *known;
    leaving.step = COMMUNITY_LEAVING;
    return communities_set_member(tx, community->name, &leaving, error);
}

static gboolean receive_member(StoreTx *tx, const char *own, const char *author, const char *name,
                               yyjson_val *header, CommunityMember *member, GError **error)
{
    const char *step = yyjson_get_str(yyjson_obj_get(header, "step"));
    g_autoptr(Community) community = NULL;
    if (!read_member(header, member, error))
        return FALSE;
    if (!step || !communities_step_parse(step, &member->step))
        return error_set(error, CONCERT_ERROR_INPUT,
                         "\"step\" is not one of admitted, left and removed");
    member->since = read_time(header);
    if (!(community = communities_get_tx(tx, name, error)))
        return FALSE;
    return community_name_is_of(name, author)
               ? receive_record(tx, community, header, member, error)
               : receive_leave(tx, own, author, community, member, error);
}

gboolean community_receive(StoreTx *tx, const char *own, const char *author, const char *kind,
                           yyjson_val *header, GBytes *item, GError **error)
{
    const char *name = yyjson_get_str(yyjson_obj_get(header, "community"));
    if (!name || strlen(name) != yyjson_get_len(yyjson_obj_get(header, "community")))
        return error_set(error, CONCERT_ERROR_INPUT, "\"community\" is missing");
    if (g_str_equal(kind, COMMUNITY_MEMBER_KIND)) {
        CommunityMember member = {0};
        gboolean good = receive_member(tx, own, author, name, header, &member, error) &&
                        reach_review_peer(tx, member.origin, error);
        g_free(member.origin);
        return good;
    }
    if (!g_str_equal(kind, COMMUNITY_OPENED_KIND))
        return error_set(error, CONCERT_ERROR_INPUT, "%s is no record of a community", kind);
    if (!community_name_is_of(name, author))
        return error_set(error, CONCERT_ERROR_DENIED, "%s is no community of the node of %s", name,
                         author);
    return receive_opened(tx, author, name, header, item, error) &&
           reach_review_peer(tx, NULL, error);
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void put_text(GString *json, const char *name, const char *text)
{
    g_string_append_printf(json, "%s\"%s\":", json->str[json->len - 1] == '{' ? "" : ",", name);
    canonjson_append_string(json, text, strlen(text));
}

char *community_opened_members(const Community *community)
{
    gsize length;
    const void *rules = g_bytes_get_data(community->rules, &length);
    g_autofree char *hash = rulebook_hash(rules, length);
    GString *json = g_string_new("{");
    guint written = 0;
    put_text(json, "community", community->name);
    put_text(json, "title", community->title);
    put_text(json, "rulebook", hash);
    g_string_append_printf(
        json, ",\"number\":%" G_GUINT64_FORMAT ",\"records\":%" G_GUINT64_FORMAT ",\"members\":[",
        community->rules_number, community->records);
    for (guint i = 0; i < community->members->len; i++) {
        const CommunityMember *member = community->members->pdata[i];
        if (member->step != COMMUNITY_ADMITTED)
            continue;
        g_string_append(json, written++ > 0 ? ",{" : "{");
        put_text(json, "member", member->origin);
        g_string_append(json, member->votes ? ",\"votes\":true}" : "}");
    }
    g_string_append(json, "]}");
    return g_string_free(json, FALSE);
}

char *community_member_members(const CommunityRecord *record)
{
    GString *json = g_string_new("{");
    put_text(json, "community", record->community);
    put_text(json, "member", record->member);
    put_text(json, "step", communities_step_name(record->step));
    if (record->reason)
        put_text(json, "reason", record->reason);
    if (record->number > 0)
        g_string_append_printf(json, ",\"number\":%" G_GUINT64_FORMAT, record->number);
    g_string_append(json, record->votes ? ",\"votes\":true}" : "}");
    return g_string_free(json, FALSE);
}
