/* Legal profiles: read from files, in force or not, and what follows for a request. */
#include <string.h>

#include "base/timestamp.h"
#include "dossier/profile.h"

#define HEAD "{\"concert\":\"legal-profile/v1\",\"name\":\"treaty\",\"title\":\"T\","
#define KINDS                                                                                      \
    "\"kinds\":{\"preservation\":{\"requires\":[\"offence\"],\"grounds\":[\"human-rights\"],"      \
    "\"preservation_days\":60,\"provision\":\"Article 1\"},\"advice\":{}}"
#define PARTIES                                                                                    \
    "\"parties\":[{\"party\":\"XA\",\"status\":\"in-force\",\"since\":\"2020-01-01\"},"            \
    "{\"party\":\"XB\",\"status\":\"signed\",\"since\":\"2021-02-03\"},"                           \
    "{\"party\":\"cert.cedar.example\",\"status\":\"in-force\",\"since\":\"2030-01-01\"}]"

static gint64 at(const char *text)
{
    gint64 time;
    g_assert_true(timestamp_parse(text, strlen(text), &time, NULL));
    return time;
}

static Profile *read_profile(const char *text)
{
    g_autoptr(GError) error = NULL;
    Profile *profile = profile_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return profile;
}

static void test_parse(void)
{
    g_autoptr(Profile) profile = read_profile(
        HEAD "\"status\":{\"word\":\"in-force\",\"since\":\"2004-07-01\"}," KINDS "," PARTIES "}");
    g_assert_cmpstr(profile->name, ==, "treaty");
    g_assert_cmpstr(profile->status, ==, "in-force");
    g_assert_cmpint(profile->since, ==, at("2004-07-01T00:00:00Z"));
    g_assert_cmpuint(profile->parties->len, ==, 3);
}

/* Who is party to it is no part of what it says, nor is how the file is written. */
static void test_digest(void)
{
    g_autoptr(Profile) one = read_profile(HEAD KINDS "," PARTIES "}");
    g_autoptr(Profile) none = read_profile(HEAD " " KINDS "}");
    g_autoptr(Profile) other =
        read_profile(HEAD "\"kinds\":{\"preservation\":{\"preservation_days\":61}}}");
    g_assert_cmpstr(one->sha256, ==, none->sha256);
    g_assert_cmpstr(one->sha256, !=, other->sha256);
}

static void test_bad(void)
{
    static const struct {
        const char *text, *named;
    } bad[] = {
        {"[]", "concert"},
        {"{\"concert\":\"legal-profile/v2\"}", "concert"},
        {"{\"concert\":\"legal-profile/v1\",\"name\":\"../x\",\"title\":\"t\"}", "name"},
        {"{\"concert\":\"legal-profile/v1\",\"name\":\"x\"}", "title"},
        {HEAD "\"kinds\":{}}", "kinds"},
        {HEAD "\"kinds\":[]}", "kinds"},
        {HEAD "\"kinds\":{\"advice\":7}}", "kinds"},
        {HEAD "\"kinds\":{\"advice\":{\"requires\":[\"A b\"]}}}", "advice: \"requires\""},
        {HEAD "\"kinds\":{\"advice\":{\"grounds\":{}}}}", "grounds"},
        {HEAD "\"kinds\":{\"advice\":{\"preservation_days\":1.5}}}", "preservation_days"},
        {HEAD "\"kinds\":{\"advice\":{\"preservation_days\":3651}}}", "preservation_days"},
        {HEAD "\"kinds\":{\"advice\":{\"provision\":\"a\\nb\"}}}", "provision"},
        {HEAD "\"status\":\"in-force\"," KINDS "}", "status"},
        {HEAD KINDS ",\"parties\":{}}", "parties"},
        {HEAD KINDS ",\"parties\":[{\"party\":\"XA\",\"status\":\"in-force\"}]}", "parties"},
        {HEAD KINDS ",\"name\":\"twice\"}", "name"},
        {HEAD, "JSON"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(profile_parse(bad[i].text, strlen(bad[i].text), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        if (!strstr(error->message, bad[i].named) && i + 1 < G_N_ELEMENTS(bad))
            g_error("%s: \"%s\" does not name %s", bad[i].text, error->message, bad[i].named);
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *large = g_strnfill(PROFILE_FILE_MAX + 1, ' ');
    g_assert_null(profile_parse(large, PROFILE_FILE_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void assert_force(const Profile *profile, const char *node, const char *affiliation,
                         const char *now, const char *says)
{
    g_autoptr(GError) error = NULL;
    const char *names[] = {node, affiliation, NULL};
    gint64 since = 0;
    gboolean is_in_force = profile_in_force(profile, names, at(now), &since, &error);
    g_assert_true(is_in_force == (says == NULL));
    g_assert_true((since != 0) == is_in_force);
    if (says && !strstr(error->message, says))
        g_error("\"%s\" does not say \"%s\"", error->message, says);
}

static void test_in_force(void)
{
    g_autoptr(Profile) profile = read_profile(HEAD KINDS "," PARTIES "}");
    assert_force(profile, "cert.alder.example", "XA", "2026-01-01T00:00:00Z", NULL);
    assert_force(profile, "cert.alder.example", "XA", "2020-01-01T00:00:00Z", NULL);
    assert_force(profile, "cert.alder.example", "XA", "2019-12-31T23:59:59Z",
                 "in-force since 2020-01-01");
    assert_force(profile, "cert.birch.example", "XB", "2026-01-01T00:00:00Z",
                 "for XB: signed since 2021-02-03");
    assert_force(profile, "cert.cedar.example", NULL, "2026-01-01T00:00:00Z", "since 2030-01-01");
    assert_force(profile, "cert.cedar.example", NULL, "2031-01-01T00:00:00Z", NULL);
    assert_force(profile, "cert.dora.example", NULL, "2026-01-01T00:00:00Z", "do not name it");
}

static void test_terms(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = read_profile(HEAD KINDS "," PARTIES "}");
    g_autofree char *text = profile_terms(profile, "preservation", at("2020-01-01T00:00:00Z"),
                                          at("2021-01-01T00:00:00Z"), &error);
    g_assert_no_error(error);
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, strlen(text), &error);
    yyjson_val *terms = yyjson_doc_get_root(doc);
    g_assert_true(profile_terms_check(terms, &error));
    g_assert_cmpstr(profile_terms_name(terms), ==, "treaty");
    g_assert_cmpuint(profile_terms_days(terms), ==, 60);
    g_assert_cmpuint(yyjson_arr_size(profile_terms_requires(terms)), ==, 1);
    g_assert_true(profile_terms_allows(terms, "human-rights"));
    g_assert_true(profile_terms_allows(terms, "no-legal-basis"));
    g_assert_false(profile_terms_allows(terms, "other"));
    g_assert_false(profile_terms_allows(terms, NULL));
    g_assert_true(profile_terms_apply(terms, at("2021-01-01T00:00:00Z"), &error));
    g_assert_false(profile_terms_apply(terms, at("2020-06-01T00:00:00Z"), &error));
    g_assert_nonnull(strstr(error->message, "responder"));
    g_clear_error(&error);
    g_assert_null(profile_terms(profile, "training", 0, 0, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);

    g_autofree char *bare = profile_terms(profile, "advice", 0, 0, NULL);
    g_autoptr(yyjson_doc) second = jsonguard_read(bare, strlen(bare), NULL);
    g_assert_cmpuint(profile_terms_days(yyjson_doc_get_root(second)), ==, 0);
    g_assert_true(profile_terms_allows(yyjson_doc_get_root(second), "other"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/parse", test_parse);
    g_test_add_func("/profile/digest", test_digest);
    g_test_add_func("/profile/bad", test_bad);
    g_test_add_func("/profile/in_force", test_in_force);
    g_test_add_func("/profile/terms", test_terms);
    return g_test_run();
}
