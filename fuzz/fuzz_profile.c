/* fuzz_profile.c - reads legal profiles. Terms made of one that is accepted are formed as terms. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dossier/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_terms(const Profile *profile, const char *kind)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = profile_terms(profile, kind, 0, 0, &error);
    g_assert_no_error(error);
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, strlen(text), &error);
    g_assert_no_error(error);
    profile_terms_check(yyjson_doc_get_root(doc), &error);
    g_assert_no_error(error);
    g_assert_true(profile_terms_allows(yyjson_doc_get_root(doc), "no-legal-basis"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Profile) profile = profile_parse((const char *)data, size, &error);
    size_t at, count;
    yyjson_val *kind, *rules;
    if (!profile)
        return 0;
    yyjson_obj_foreach (profile->kinds, at, count, kind, rules)
        check_terms(profile, yyjson_get_str(kind));
    return 0;
}
