/* profile.h - legal profiles: what a request can rest on, as data.
 *
 * A profile is a JSON file (docs/requests.md, "Legal profiles"; samples in share/profiles): the
 * instrument's official title, for which kinds of request it is, what such a request must say, for
 * how long data is preserved, on what grounds it may be refused, and who is party to it since when.
 * Nothing of any instrument is in the program.
 *
 * Since all nodes must judge a request alike, whatever profiles they have, the event that opens it
 * carries the profile's TERMS: what follows from it for this kind of request, and the days since
 * which it is in force for either side, as the requester states them. The responder's acceptance
 * confirms or contests them; the digest tells it whether its own copy of the profile says the same.
 *
 *     {"name", "title", "sha256", "requester_since", "responder_since",
 *      "requires"?, "grounds"?, "preservation_days"?, "provision"?} */
#pragma once

#include "base/error.h"
#include "base/jsonguard.h"
#include "base/sha256.h"

#define PROFILE_FORMAT      "legal-profile/v1" /* its member "concert" */
#define PROFILE_FILE_MAX    (256 * 1024)
#define PROFILE_NAME_MAX    64
#define PROFILE_PARTIES_MAX 1024
#define PROFILE_LIST_MAX    64
#define PROFILE_DAYS_MAX    3650

typedef struct {
    char *name;   /* the party: an affiliation as node cards have it, or the name of a node */
    char *status; /* "in-force", "signed", ... */
    gint64 since; /* of the status */
} ProfileParty;

typedef struct {
    char *name, *title;
    char *status;                     /* of the instrument: "in-force"; NULL: not told */
    gint64 since;                     /* of that; 0: not told */
    char sha256[2 * SHA256_SIZE + 1]; /* of all but the parties, in RFC 8785 form */
    GPtrArray *parties;               /* ProfileParty * */
    yyjson_val
        *kinds; /* object: kind -> {"requires", "grounds", "preservation_days", "provision"} */
    yyjson_doc *doc;
} Profile;

/* Reads a profile. CONCERT_ERROR_INPUT or _LIMIT names the member that is wrong. */
Profile *profile_parse(const char *text, gsize length, GError **error);
void profile_free(Profile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Profile, profile_free)

/* Since when the profile is in force for one who goes by any of @names (NULL-terminated).
 * CONCERT_ERROR_DENIED if it is not, at @now_us: the message tells the status there is. */
gboolean profile_in_force(const Profile *profile, const char *const *names, gint64 now_us,
                          gint64 *ret_since, GError **error);

/* The terms for a request of @kind: the text of a JSON object. CONCERT_ERROR_DENIED if the profile
 * is not for that kind. Caller frees. */
char *profile_terms(const Profile *profile, const char *kind, gint64 requester_since,
                    gint64 responder_since, GError **error);

/* --- terms, as an event carries them ------------------------------------------------------------
 */

/* Whether a value is formed as terms are. */
gboolean profile_terms_check(yyjson_val *terms, GError **error);

/* Whether they apply at @time_us: in force for both sides. CONCERT_ERROR_DENIED tells who is not.
 */
gboolean profile_terms_apply(yyjson_val *terms, gint64 time_us, GError **error);

const char *profile_terms_name(yyjson_val *terms);
yyjson_val *
profile_terms_requires(yyjson_val *terms);   /* a list; NULL: nothing more; @terms may be NULL */
guint profile_terms_days(yyjson_val *terms); /* 0: none */

/* Whether a request may be refused on @ground; that there is no legal basis, always. And what they
 * say of it, for people. Caller frees. */
gboolean profile_terms_allows(yyjson_val *terms, const char *ground);
char *profile_terms_grounds(yyjson_val *terms);
