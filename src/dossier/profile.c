#include "dossier/profile.h"

#include <string.h>

#include "base/canonjson.h"
#include "base/jsontext.h"
#include "base/timestamp.h"

#define WORD_MAX  64
#define TITLE_MAX 512
#define TEXT_MAX  256
#define IN_FORCE  "in-force"
#define NO_BASIS  "no-legal-basis"
#define DAYS      "preservation_days"
#define KINDS_MAX 32

static gboolean fail(GError **error, const char *member, const char *what)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "\"%s\" %s", member, what);
    return FALSE;
}

/* --- members that file and terms have in common -------------------------------------------------
 */

static gboolean is_line(yyjson_val *value, gsize max)
{
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    if (!text || length == 0 || length > max)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (g_ascii_iscntrl(text[i]))
            return FALSE;
    return TRUE;
}

/* Lower-case letters, digits, "-" and "_". */
static gboolean is_word(yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    if (!text || length == 0 || length > WORD_MAX)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_islower(text[i]) && !g_ascii_isdigit(text[i]) && text[i] != '-' &&
            text[i] != '_')
            return FALSE;
    return TRUE;
}

static gboolean check_line(yyjson_val *object, const char *member, gsize max, gboolean is_required,
                           GError **error)
{
    yyjson_val *value = yyjson_obj_get(object, member);
    if (!value)
        return !is_required || fail(error, member, "is missing");
    return is_line(value, max) || fail(error, member, "is not a line of text, or too long");
}

static gboolean check_name(yyjson_val *object, GError **error)
{
    return is_word(yyjson_obj_get(object, "name")) ||
           fail(error, "name", "is not a word of lower-case letters, digits and hyphens");
}

static gboolean check_words(yyjson_val *object, const char *member, GError **error)
{
    yyjson_val *list = yyjson_obj_get(object, member), *one;
    size_t at, size;
    if (!list)
        return TRUE;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > PROFILE_LIST_MAX)
        return fail(error, member, "is not a list of words, or too long");
    yyjson_arr_foreach (list, at, size, one)
        if (!is_word(one))
            return fail(error, member, "has a member that is not a word");
    return TRUE;
}

/* What a profile says of one kind of request. */
static gboolean check_rules(yyjson_val *rules, GError **error)
{
    yyjson_val *days = yyjson_obj_get(rules, DAYS);
    if (days && (!yyjson_is_uint(days) || yyjson_get_uint(days) > PROFILE_DAYS_MAX))
        return fail(error, DAYS, "is not a number of days");
    return check_words(rules, "requires", error) && check_words(rules, "grounds", error) &&
           check_line(rules, "provision", TEXT_MAX, FALSE, error);
}

static gboolean read_day(yyjson_val *object, const char *member, gint64 *ret_us)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, member));
    return text && timestamp_parse_lenient(text, strlen(text), ret_us);
}

/* --- the file ----------------------------------------------------------------------------------
 */

static void party_free(gpointer data)
{
    ProfileParty *party = data;
    g_free(party->name);
    g_free(party->status);
    g_free(party);
}

void profile_free(Profile *profile)
{
    if (!profile)
        return;
    g_free(profile->name);
    g_free(profile->title);
    g_free(profile->status);
    g_clear_pointer(&profile->parties, g_ptr_array_unref);
    yyjson_doc_free(profile->doc);
    g_free(profile);
}

static gboolean read_parties(Profile *profile, yyjson_val *list, GError **error)
{
    size_t at, size;
    yyjson_val *one;
    profile->parties = g_ptr_array_new_with_free_func(party_free);
    if (list && (!yyjson_is_arr(list) || yyjson_arr_size(list) > PROFILE_PARTIES_MAX))
        return fail(error, "parties", "is not a list, or too long");
    yyjson_arr_foreach (list, at, size, one) {
        gint64 since;
        if (!is_line(yyjson_obj_get(one, "party"), TEXT_MAX) ||
            !is_word(yyjson_obj_get(one, "status")) || !read_day(one, "since", &since))
            return fail(error, "parties",
                        "has a member without \"party\", \"status\" and the day \"since\"");
        ProfileParty *party = g_new0(ProfileParty, 1);
        party->name = g_strdup(yyjson_get_str(yyjson_obj_get(one, "party")));
        party->status = g_strdup(yyjson_get_str(yyjson_obj_get(one, "status")));
        party->since = since;
        g_ptr_array_add(profile->parties, party);
    }
    return TRUE;
}

static gboolean read_kinds(Profile *profile, GError **error)
{
    size_t at, size;
    yyjson_val *kind, *rules;
    profile->kinds = yyjson_obj_get(yyjson_doc_get_root(profile->doc), "kinds");
    if (!yyjson_is_obj(profile->kinds) || yyjson_obj_size(profile->kinds) == 0 ||
        yyjson_obj_size(profile->kinds) > KINDS_MAX)
        return fail(error, "kinds", "does not say for which kinds of request it is");
    yyjson_obj_foreach (profile->kinds, at, size, kind, rules) {
        if (!is_word(kind) || !yyjson_is_obj(rules))
            return fail(error, "kinds", "has a member that is not a kind with an object");
        if (!check_rules(rules, error)) {
            g_prefix_error(error, "%s: ", yyjson_get_str(kind));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_status(Profile *profile, yyjson_val *root, GError **error)
{
    yyjson_val *status = yyjson_obj_get(root, "status");
    if (!status)
        return TRUE;
    if (!is_word(yyjson_obj_get(status, "word")) || !read_day(status, "since", &profile->since))
        return fail(error, "status", "is not a \"word\" with the day \"since\"");
    profile->status = g_strdup(yyjson_get_str(yyjson_obj_get(status, "word")));
    return TRUE;
}

/* The digest of what the instrument says: who is party to it changes, and is told by each. */
static gboolean hash(Profile *profile, yyjson_val *root, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint8 digest[SHA256_SIZE];
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(profile->doc, NULL);
    yyjson_mut_obj_remove_key(yyjson_mut_doc_get_root(copy), "parties");
    yyjson_doc *without = yyjson_mut_doc_imut_copy(copy, NULL);
    gboolean is_good = canonjson_append(text, yyjson_doc_get_root(without), error);
    yyjson_doc_free(without);
    yyjson_mut_doc_free(copy);
    sha256_digest(text->str, text->len, digest);
    sha256_hex(digest, profile->sha256);
    return is_good;
}

Profile *profile_parse(const char *text, gsize length, GError **error)
{
    if (length > PROFILE_FILE_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "it has more than %d bytes",
                    PROFILE_FILE_MAX);
        return NULL;
    }
    g_autoptr(Profile) profile = g_new0(Profile, 1);
    profile->doc = jsonguard_read(text, length, error);
    if (!profile->doc)
        return NULL;
    yyjson_val *root = yyjson_doc_get_root(profile->doc);
    if (!yyjson_equals_str(yyjson_obj_get(root, "concert"), PROFILE_FORMAT)) {
        fail(error, "concert", "is not \"" PROFILE_FORMAT "\": it is no legal profile");
        return NULL;
    }
    if (!check_name(root, error) || !check_line(root, "title", TITLE_MAX, TRUE, error) ||
        !read_status(profile, root, error) || !read_kinds(profile, error) ||
        !read_parties(profile, yyjson_obj_get(root, "parties"), error) ||
        !hash(profile, root, error))
        return NULL;
    profile->name = g_strdup(yyjson_get_str(yyjson_obj_get(root, "name")));
    profile->title = g_strdup(yyjson_get_str(yyjson_obj_get(root, "title")));
    return g_steal_pointer(&profile);
}

gboolean profile_in_force(const Profile *profile, const char *const *names, gint64 now_us,
                          gint64 *ret_since, GError **error)
{
    const ProfileParty *found = NULL;
    char day[TIMESTAMP_MAX];
    for (guint i = 0; i < profile->parties->len && !found; i++) {
        const ProfileParty *party = profile->parties->pdata[i];
        if (g_strv_contains(names, party->name))
            found = party;
    }
    if (!found) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "\"%s\" is not in force for %s: its \"parties\" do not name it", profile->name,
                    names[0]);
        return FALSE;
    }
    if (strcmp(found->status, IN_FORCE) != 0 || found->since > now_us) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "\"%s\" is not in force for %s: %s since %.10s", profile->name, found->name,
                    found->status, timestamp_format(day, found->since, 0));
        return FALSE;
    }
    *ret_since = found->since;
    return TRUE;
}

static void add_member(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_val *from,
                       const char *member)
{
    yyjson_val *value = yyjson_obj_get(from, member);
    if (value)
        yyjson_mut_obj_add_val(doc, object, member, yyjson_val_mut_copy(doc, value));
}

char *profile_terms(const Profile *profile, const char *kind, gint64 requester_since,
                    gint64 responder_since, GError **error)
{
    yyjson_val *rules = yyjson_obj_get(profile->kinds, kind);
    char of_requester[TIMESTAMP_MAX], of_responder[TIMESTAMP_MAX];
    if (!rules) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "\"%s\" is not for requests of the kind %s", profile->name, kind);
        return NULL;
    }
    yyjson_mut_val *terms;
    yyjson_mut_doc *doc = jsontext_object(&terms);
    yyjson_mut_obj_add_str(doc, terms, "name", profile->name);
    yyjson_mut_obj_add_str(doc, terms, "title", profile->title);
    yyjson_mut_obj_add_str(doc, terms, "sha256", profile->sha256);
    yyjson_mut_obj_add_str(doc, terms, "requester_since",
                           timestamp_format(of_requester, requester_since, 0));
    yyjson_mut_obj_add_str(doc, terms, "responder_since",
                           timestamp_format(of_responder, responder_since, 0));
    add_member(doc, terms, rules, "requires");
    add_member(doc, terms, rules, "grounds");
    add_member(doc, terms, rules, DAYS);
    add_member(doc, terms, rules, "provision");
    char *text = yyjson_mut_write(doc, 0, NULL);
    yyjson_mut_doc_free(doc);
    return text;
}

/* --- terms -------------------------------------------------------------------------------------
 */

static gboolean check_sha256(yyjson_val *terms, GError **error)
{
    const char *text = yyjson_get_str(yyjson_obj_get(terms, "sha256"));
    return (text && strlen(text) == (gsize)2 * SHA256_SIZE &&
            strspn(text, "0123456789abcdef") == (gsize)2 * SHA256_SIZE) ||
           fail(error, "sha256", "is not a digest");
}

static gboolean read_since(yyjson_val *terms, const char *member, gint64 *ret_us)
{
    yyjson_val *value = yyjson_obj_get(terms, member);
    return yyjson_is_str(value) &&
           timestamp_parse(yyjson_get_str(value), yyjson_get_len(value), ret_us, NULL);
}

gboolean profile_terms_check(yyjson_val *terms, GError **error)
{
    static const char *const sides[] = {"requester_since", "responder_since"};
    gint64 since;
    if (!yyjson_is_obj(terms))
        return fail(error, "profile", "is not an object");
    for (guint i = 0; i < G_N_ELEMENTS(sides); i++)
        if (!read_since(terms, sides[i], &since))
            return fail(error, sides[i], "is not a time in UTC");
    return check_name(terms, error) && check_line(terms, "title", TITLE_MAX, TRUE, error) &&
           check_sha256(terms, error) && check_rules(terms, error);
}

gboolean profile_terms_apply(yyjson_val *terms, gint64 time_us, GError **error)
{
    static const struct {
        const char *member, *side;
    } sides[] = {{"requester_since", "requester"}, {"responder_since", "responder"}};
    gint64 since;
    for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
        if (read_since(terms, sides[i].member, &since) && since <= time_us)
            continue;
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "\"%s\" is not in force yet for the %s", profile_terms_name(terms),
                    sides[i].side);
        return FALSE;
    }
    return TRUE;
}

const char *profile_terms_name(yyjson_val *terms)
{
    const char *name = yyjson_get_str(yyjson_obj_get(terms, "name"));
    return name ? name : "";
}

yyjson_val *profile_terms_requires(yyjson_val *terms)
{
    return yyjson_obj_get(terms, "requires");
}

guint profile_terms_days(yyjson_val *terms)
{
    return (guint)yyjson_get_uint(yyjson_obj_get(terms, DAYS));
}

gboolean profile_terms_allows(yyjson_val *terms, const char *ground)
{
    yyjson_val *list = yyjson_obj_get(terms, "grounds"), *one;
    size_t at, size;
    if (!list || g_strcmp0(ground, NO_BASIS) == 0)
        return TRUE;
    yyjson_arr_foreach (list, at, size, one)
        if (yyjson_equals_str(one, ground ? ground : ""))
            return TRUE;
    return FALSE;
}

char *profile_terms_grounds(yyjson_val *terms)
{
    yyjson_val *list = yyjson_obj_get(terms, "grounds"), *one;
    size_t at, size;
    if (yyjson_arr_size(list) == 0)
        return g_strdup(list ? "refused on no ground but that there is no legal basis"
                             : "refused on any ground");
    GString *text = g_string_new("refused on the ground of ");
    yyjson_arr_foreach (list, at, size, one)
        g_string_append_printf(text, "%s%s", at > 0 ? ", " : "", yyjson_get_str(one));
    return g_string_free(text, FALSE);
}
