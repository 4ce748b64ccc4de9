#include "shield/release.h"

#include <string.h>

#include "base/error.h"
#include "shield/set_builder.h"

#define DAY G_GINT64_CONSTANT(86400000000)
#define NOW (20000 * DAY + 5)

static SetValue make_value(ObservableKind kind, const char *text, const char *id)
{
    SetValue value = {.kind = kind, .source = "birch", .confidence = 80, .pap = MARKING_PAP_GREEN};
    g_strlcpy(value.value, text, sizeof(value.value));
    g_strlcpy(value.id, id, sizeof(value.id));
    return value;
}

/* A release of domains, each "NAME INDICATOR", NULL-terminated. */
static Release *make_release(const char *first, ...)
{
    Release *release = release_new();
    va_list list;
    va_start(list, first);
    for (const char *each = first; each; each = va_arg(list, const char *)) {
        g_auto(GStrv) words = g_strsplit(each, " ", 2);
        const ReleaseEntry entry = {OBSERVABLE_DOMAIN, words[0], words[1], "birch"};
        release_add(release, &entry);
    }
    va_end(list);
    release_finish(release);
    return release;
}

/* --- what is protected -------------------------------------------------------------------------
 */

static void test_protect(void)
{
    static const struct {
        ObservableKind kind;
        const char *value, *label;
    } cases[] = {
        {OBSERVABLE_DOMAIN, "alder.example", "names"},
        {OBSERVABLE_DOMAIN, "www.mail.alder.example", "names"},
        {OBSERVABLE_DOMAIN, "example", "names"}, /* above it */
        {OBSERVABLE_DOMAIN, "xalder.example", NULL},
        {OBSERVABLE_DOMAIN, "alder.example.org", NULL},
        {OBSERVABLE_DOMAIN, "birch.invalid", NULL},
        {OBSERVABLE_URL, "http://www.alder.example/a", "names"},
        {OBSERVABLE_URL, "http://192.0.2.77/", "net"},
        {OBSERVABLE_URL, "http://[2001:db8:1::1]:8080/", "six"},
        {OBSERVABLE_URL, "http://birch.invalid/alder.example", NULL},
        {OBSERVABLE_EMAIL, "x@alder.example", "names"},
        {OBSERVABLE_EMAIL, "alder.example@birch.invalid", NULL},
        {OBSERVABLE_IPV4, "192.0.2.0", "net"},
        {OBSERVABLE_IPV4, "192.0.2.255", "net"},
        {OBSERVABLE_IPV4, "192.0.3.0", NULL},
        {OBSERVABLE_IPV4, "192.0.1.255", NULL},
        {OBSERVABLE_CIDR, "192.0.2.128/25", "net"},
        {OBSERVABLE_CIDR, "192.0.0.0/16", "net"},
        {OBSERVABLE_CIDR, "0.0.0.0/0", "net"},
        {OBSERVABLE_CIDR, "192.0.3.0/24", NULL},
        {OBSERVABLE_IPV4, "198.51.100.7", "one"},
        {OBSERVABLE_CIDR, "198.51.100.0/29", "one"},
        {OBSERVABLE_CIDR, "198.51.100.8/29", NULL},
        {OBSERVABLE_IPV6, "2001:db8:1::9", "six"},
        {OBSERVABLE_CIDR, "2001:db8::/32", "six"},
        {OBSERVABLE_CIDR, "::/0", "six"},
        {OBSERVABLE_IPV6, "2001:db8:2::9", NULL},
        {OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e", NULL},
    };
    g_autoptr(Protect) protect = protect_new();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_null(protect_find(protect, cases[i].kind, cases[i].value));
    protect_add(protect, OBSERVABLE_DOMAIN, "alder.example", "names");
    protect_add(protect, OBSERVABLE_DOMAIN, "alder.example", "again");
    protect_add(protect, OBSERVABLE_CIDR, "192.0.2.0/24", "net");
    protect_add(protect, OBSERVABLE_IPV4, "198.51.100.7", "one");
    protect_add(protect, OBSERVABLE_CIDR, "2001:db8:1::/48", "six");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].value);
        g_assert_cmpstr(protect_find(protect, cases[i].kind, cases[i].value), ==, cases[i].label);
    }
}

static void test_protect_text(void)
{
    g_autoptr(Protect) protect = protect_new();
    g_assert_true(protect_add_text(protect, "https://cert.alder.example:8443", "endpoint"));
    g_assert_true(protect_add_text(protect, "https://[2001:db8::5]/x", "six"));
    g_assert_true(protect_add_text(protect, "203.0.113.0/24", "net"));
    g_assert_false(protect_add_text(protect, "what is this", "nothing"));
    g_assert_false(protect_add_text(protect, "", "nothing"));
    g_assert_cmpstr(protect_find(protect, OBSERVABLE_DOMAIN, "cert.alder.example"), ==, "endpoint");
    g_assert_cmpstr(protect_find(protect, OBSERVABLE_IPV6, "2001:db8::5"), ==, "six");
    g_assert_cmpstr(protect_find(protect, OBSERVABLE_IPV4, "203.0.113.9"), ==, "net");
}

/* --- releases ----------------------------------------------------------------------------------
 */

static void test_entries(void)
{
    g_autoptr(Release) release =
        make_release("b.example i1", "a.example i2", "a.example i1", "b.example i1", NULL);
    SetValue value = make_value(OBSERVABLE_DOMAIN, "a.example", "i1");
    guint8 first[SHA256_SIZE], second[SHA256_SIZE];
    g_assert_cmpuint(release_size(release), ==, 3);
    g_assert_cmpuint(release_count_values(release), ==, 2);
    g_assert_true(release_has(release, &value));
    g_strlcpy(value.id, "i3", sizeof(value.id));
    g_assert_false(release_has(release, &value)); /* another indicator of an approved value */
    g_strlcpy(value.id, "i1", sizeof(value.id));
    value.source = "cedar";
    g_assert_false(release_has(release, &value)); /* another source of the same id */
    value = make_value(OBSERVABLE_DOMAIN, "b.example", "i9");
    g_assert_true(release_has_value(release, &value));
    value = make_value(OBSERVABLE_DOMAIN, "c.example", "i1");
    g_assert_false(release_has_value(release, &value));
    value = make_value(OBSERVABLE_EMAIL, "b.example", "i1");
    g_assert_false(release_has_value(release, &value));

    GError *error = NULL;
    g_autoptr(GBytes) bytes = release_write(release, &error);
    g_assert_no_error(error);
    g_autoptr(Release) read = release_read(bytes, &error);
    g_assert_no_error(error);
    release_digest(release, first);
    release_digest(read, second);
    g_assert_cmpmem(first, sizeof first, second, sizeof second);
    g_assert_cmpstr(release_get(read, 1)->id, ==, "i2");
    g_autoptr(Release) other = make_release("b.example i1", "a.example i2", NULL);
    release_digest(other, second);
    g_assert_cmpint(memcmp(first, second, sizeof first), !=, 0);
}

static gboolean has(const Release *release, guint16 port)
{
    SetValue value = make_value(OBSERVABLE_IPV4, "192.0.2.1", "i1");
    value.port = port;
    gboolean of_any = release_has_value(release, &value);
    g_assert_cmpint(release_has(release, &value), ==, of_any);
    return of_any;
}

/* An address: the ports at which it may be blocked, 0 for all; -1 ends them. */
static Release *make_ports(int first, ...)
{
    Release *release = release_new();
    va_list list;
    va_start(list, first);
    for (int port = first; port >= 0; port = va_arg(list, int)) {
        SetValue value = make_value(OBSERVABLE_IPV4, "192.0.2.1", "i1");
        value.port = (guint16)port;
        release_add_value(release, &value);
    }
    va_end(list);
    release_finish(release);
    return release;
}

/* What was approved at one port is not at another one, nor at all of them; the other way round it
 * is. */
static void test_ports(void)
{
    g_autoptr(Release) one = make_ports(8080, -1), two = make_ports(443, 8080, 443, -1);
    g_autoptr(Release) all = make_ports(0, -1);
    guint8 digests[3][SHA256_SIZE];

    g_assert_true(has(one, 8080));
    g_assert_false(has(one, 443));
    g_assert_false(has(one, 0));
    g_assert_true(has(all, 8080) && has(all, 0));
    g_assert_cmpuint(release_count_values(two), ==, 2);
    release_digest(one, digests[0]);
    release_digest(all, digests[1]);
    g_assert_cmpint(memcmp(digests[0], digests[1], SHA256_SIZE), !=, 0);
    g_autoptr(GBytes) bytes = release_write(two, NULL);
    g_autoptr(Release) read = release_read(bytes, NULL);
    g_assert_true(has(read, 443) && has(read, 8080) && !has(read, 0));
    release_digest(two, digests[0]);
    release_digest(read, digests[2]);
    g_assert_cmpmem(digests[0], SHA256_SIZE, digests[2], SHA256_SIZE);

    /* A hash has no port, whatever its indicator asks for beside it. */
    SetValue hash = make_value(OBSERVABLE_MD5, "d41d8cd98f00b204e9800998ecf8427e", "i1");
    hash.port = 8080;
    g_autoptr(Release) hashes = release_new();
    release_add_value(hashes, &hash);
    release_finish(hashes);
    hash.port = 0;
    g_assert_true(release_has(hashes, &hash));
}

static void test_damage(void)
{
    g_autoptr(Release) release = make_release("a.example i1", "b.example i2", NULL);
    g_autoptr(GBytes) bytes = release_write(release, NULL);
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    for (gsize cut = 0; cut < length; cut++) {
        g_autoptr(GBytes) part = g_bytes_new(data, cut);
        GError *error = NULL;
        g_assert_null(release_read(part, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
    }
    /* Whatever a bit does, it does not crash. */
    for (gsize i = 0; i < length * 8; i++) {
        g_autofree guint8 *copy = g_memdup2(data, length);
        copy[i / 8] ^= (guint8)(1 << (i % 8));
        g_autoptr(GBytes) wrong = g_bytes_new(copy, length);
        g_autoptr(Release) read = release_read(wrong, NULL);
        g_assert_true(!read || release_size(read) <= length * 8);
    }
}

typedef struct {
    GString *added, *removed;
} Told;

static void tell_added(gpointer user, const ReleaseEntry *entry)
{
    g_string_append_printf(((Told *)user)->added, entry->port ? "%s:%u " : "%s ", entry->value,
                           entry->port);
}

static void tell_removed(gpointer user, const ReleaseEntry *entry)
{
    g_string_append_printf(((Told *)user)->removed, entry->port ? "%s:%u " : "%s ", entry->value,
                           entry->port);
}

static void check_difference(const Release *before, const Release *after, const char *added,
                             const char *removed)
{
    g_autoptr(GString) plus = g_string_new(NULL), minus = g_string_new(NULL);
    Told told = {plus, minus};
    release_compare(before, after, tell_added, tell_removed, &told);
    g_assert_cmpstr(plus->str, ==, added);
    g_assert_cmpstr(minus->str, ==, removed);
    release_compare(before, after, NULL, NULL, NULL);
}

static void test_compare(void)
{
    g_autoptr(Release) before =
        make_release("a.example i1", "b.example i1", "b.example i2", "d.example i1", NULL);
    /* Of b another indicator than before: the value is neither new nor gone. */
    g_autoptr(Release) after =
        make_release("b.example i3", "c.example i1", "c.example i2", "e.example i1", NULL);
    g_autoptr(Release) none = make_release(NULL, NULL);
    check_difference(before, after, "c.example e.example ", "a.example d.example ");
    check_difference(before, before, "", "");
    check_difference(none, after, "b.example c.example e.example ", "");
    check_difference(NULL, after, "b.example c.example e.example ", "");
    check_difference(before, NULL, "", "a.example b.example d.example ");
    check_difference(NULL, NULL, "", "");
    g_autoptr(Release) one = make_ports(8080, -1), two = make_ports(443, 8080, -1);
    g_autoptr(Release) all = make_ports(0, -1), both = make_ports(0, 443, -1);
    check_difference(one, two, "192.0.2.1:443 ", "");
    check_difference(one, all, "192.0.2.1 ", "");
    check_difference(all, one, "", "192.0.2.1 ");
    check_difference(all, both, "", "");
}

/* --- what may be approved ----------------------------------------------------------------------
 */

static void test_judge(void)
{
    g_autoptr(Protect) never = protect_new();
    ReleaseRules rules = {.now = NOW, .never = never};
    SetValue value = make_value(OBSERVABLE_DOMAIN, "a.example", "i1");
    protect_add(never, OBSERVABLE_DOMAIN, "ours.example", "list");

    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_TAKEN);
    value.pap = MARKING_PAP_CLEAR;
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_TAKEN);
    value.pap = MARKING_PAP_AMBER;
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_FORBIDDEN);
    value.pap = MARKING_PAP_RED;
    rules.unmarked = MARKING_PAP_GREEN;
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_FORBIDDEN);
    value.pap = MARKING_PAP_NONE;
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_TAKEN);
    rules.unmarked = MARKING_PAP_NONE;
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_UNMARKED);

    value = make_value(OBSERVABLE_DOMAIN, "a.example", "i1");
    value.valid_from = NOW + 1; /* not yet */
    value.valid_until = NOW + 2;
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_TAKEN);
    value.valid_from = 0;
    value.valid_until = NOW;
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_OUT_OF_DATE);

    value = make_value(OBSERVABLE_DOMAIN, "a.example", "i1");
    value.lists[0] = "Top domains";
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_SUPPRESSED);
    value = make_value(OBSERVABLE_DOMAIN, "mail.ours.example", "i1");
    g_assert_cmpint(release_judge(&rules, &value), ==, RELEASE_NEVER);
    for (int reason = 0; reason < RELEASE_REASONS; reason++) {
        g_assert_nonnull(release_reason_name((ReleaseReason)reason));
        g_assert_nonnull(release_reason_words((ReleaseReason)reason));
    }
}

static void test_selection(void)
{
    static const char *const sources[] = {"cedar", "birch", NULL};
    static const char *const others[] = {"cedar", NULL};
    SetValue value = make_value(OBSERVABLE_DOMAIN, "a.example", "i1");
    g_assert_true(release_selects(&(ReleaseSelection){0}, &value));
    g_assert_true(release_selects(&(ReleaseSelection){.sources = sources}, &value));
    g_assert_false(release_selects(&(ReleaseSelection){.sources = others}, &value));
    g_assert_true(release_selects(&(ReleaseSelection){.kinds = 1u << OBSERVABLE_DOMAIN}, &value));
    g_assert_false(release_selects(&(ReleaseSelection){.kinds = 1u << OBSERVABLE_IPV4}, &value));
    g_assert_true(release_selects(&(ReleaseSelection){.min_confidence = 80}, &value));
    g_assert_false(release_selects(&(ReleaseSelection){.min_confidence = 81}, &value));
    value.confidence = -1;
    g_assert_true(release_selects(&(ReleaseSelection){0}, &value));
    g_assert_false(release_selects(&(ReleaseSelection){.min_confidence = 1}, &value));
}

/* --- what is dangerous -------------------------------------------------------------------------
 */

static void test_danger(void)
{
    g_autoptr(Protect) ground = protect_new();
    protect_add(ground, OBSERVABLE_DOMAIN, "alder.example", "constituency");
    g_assert_cmpstr(release_danger(ground, OBSERVABLE_DOMAIN, "www.alder.example"), ==,
                    "constituency");
    g_assert_null(release_danger(ground, OBSERVABLE_DOMAIN, "birch.example"));
    g_assert_null(release_danger(ground, OBSERVABLE_CIDR, "192.0.0.0/16"));
    g_assert_nonnull(release_danger(ground, OBSERVABLE_CIDR, "192.0.0.0/15"));
    g_assert_nonnull(release_danger(ground, OBSERVABLE_CIDR, "0.0.0.0/0"));
    g_assert_null(release_danger(ground, OBSERVABLE_CIDR, "2001:db8::/32"));
    g_assert_nonnull(release_danger(ground, OBSERVABLE_CIDR, "2001:db8::/31"));
    g_assert_null(release_danger(ground, OBSERVABLE_IPV4, "192.0.2.1"));
}

static void test_limit(void)
{
    static const struct {
        const char *text;
        guint64 in_force, may;
    } cases[] = {
        {"10%", 0, 0},
        {"10%", 9, 0},
        {"10%", 1000, 100},
        {"100%", 7, 7},
        {"500", 0, 500},
        {"500", 100000, 500},
        {"0", 5, 0},
        {"0%", 5, 0},
        {"10% or 500", 0, 500},
        {"10% or 500", 100000, 10000},
        {"500 or 10%", 100000, 10000},
    };
    static const char *const wrong[] = {"",     "x",         "10 %",    "101%",       "-1",
                                        "10%%", "10% or",    "10%or 5", "10% or 20%", "5 or 6",
                                        " 5",   "10% and 5", "5 ",      "1e3"};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ReleaseLimit limit;
        GError *error = NULL;
        g_assert_true(release_limit_parse(cases[i].text, &limit, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(release_limit_values(&limit, cases[i].in_force), ==, cases[i].may);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        ReleaseLimit limit;
        GError *error = NULL;
        g_test_message("%s", wrong[i]);
        g_assert_false(release_limit_parse(wrong[i], &limit, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_clear_error(&error);
    }
}

/* --- standing approvals ------------------------------------------------------------------------
 */

static void test_standing(void)
{
    ReleaseStanding standing = {.source = "birch",
                                .kind = OBSERVABLE_DOMAIN,
                                .min_confidence = 80,
                                .daily = 10,
                                .until = NOW + DAY};
    SetValue value = make_value(OBSERVABLE_DOMAIN, "a.example", "i1");
    g_assert_true(release_standing_admits(&standing, &value, NOW));
    g_assert_true(release_standing_admits(&standing, &value, NOW + DAY - 1));
    g_assert_false(release_standing_admits(&standing, &value, NOW + DAY));
    value.confidence = 79;
    g_assert_false(release_standing_admits(&standing, &value, NOW));
    value.confidence = -1;
    g_assert_false(release_standing_admits(&standing, &value, NOW));
    standing.min_confidence = 0;
    g_assert_true(release_standing_admits(&standing, &value, NOW));
    value.source = "birch.example";
    g_assert_false(release_standing_admits(&standing, &value, NOW));
    value.source = "birch";
    value.kind = OBSERVABLE_URL;
    g_assert_false(release_standing_admits(&standing, &value, NOW));
    standing.kind = OBSERVABLE_NONE;
    g_assert_true(release_standing_admits(&standing, &value, NOW));
    standing.paused = TRUE;
    g_assert_false(release_standing_admits(&standing, &value, NOW));

    /* A day's bound, and the next day. */
    g_assert_cmpint(release_day(NOW), ==, 20000);
    g_assert_cmpuint(release_standing_left(&standing, NOW), ==, 10);
    standing.day = 20000;
    standing.used = 7;
    g_assert_cmpuint(release_standing_left(&standing, NOW), ==, 3);
    standing.used = 12;
    g_assert_cmpuint(release_standing_left(&standing, NOW), ==, 0);
    g_assert_cmpuint(release_standing_left(&standing, 20001 * DAY - 1), ==, 0);
    g_assert_cmpuint(release_standing_left(&standing, 20001 * DAY), ==, 10);
}

/* The longest prefix says whose it is; what holds a protected one touches it. */
static void test_routes(void)
{
    static const struct {
        ObservableKind kind;
        const char *value, *label;
    } cases[] = {
        {OBSERVABLE_IPV4, "198.51.100.1", "AS64500"},
        {OBSERVABLE_IPV4, "198.51.100.65", NULL},      /* another's, inside */
        {OBSERVABLE_IPV4, "198.51.100.97", "AS64501"}, /* protected again, inside that */
        {OBSERVABLE_IPV4, "203.0.113.1", NULL},
        {OBSERVABLE_IPV4, "198.51.101.1", NULL},
        {OBSERVABLE_CIDR, "198.51.100.0/25", "AS64500"},
        {OBSERVABLE_CIDR, "198.51.100.64/26", "AS64501"}, /* holds it */
        {OBSERVABLE_CIDR, "198.51.100.64/27", NULL},
        {OBSERVABLE_CIDR, "198.51.0.0/16", "AS64500"},
        {OBSERVABLE_URL, "http://198.51.100.1/a", "AS64500"},
        {OBSERVABLE_IPV6, "2001:db8:1::1", "AS64500"},
        {OBSERVABLE_IPV6, "2001:db8:1:ff00::1", NULL},
        {OBSERVABLE_IPV6, "2001:db8:2::1", NULL},
        {OBSERVABLE_DOMAIN, "alder.example", NULL},
    };
    g_autoptr(Protect) ground = protect_new();
    g_assert_null(release_danger(ground, OBSERVABLE_IPV4, "198.51.100.1"));
    protect_add_route(ground, "198.51.100.96/27", "AS64501");
    protect_add_route(ground, "198.51.100.0/24", "AS64500");
    protect_add_route(ground, "2001:db8:1::/48", "AS64500");
    protect_add_route(ground, "198.51.100.0/24", "AS64502"); /* the first one stays */
    protect_add_route(ground, "198.51.100.64/26", NULL);
    protect_add_route(ground, "2001:db8:1:ff00::/56", NULL);
    protect_add_route(ground, "203.0.113.0/24", NULL);
    protect_add_route(ground, "0.0.0.0/0", NULL);
    protect_add_route(ground, "nonsense", "AS64503");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(release_danger(ground, cases[i].kind, cases[i].value), ==, cases[i].label);
    /* What a card names as a network is protected whatever the routes say. */
    protect_add_text(ground, "198.51.100.64/27", "constituency");
    g_assert_cmpstr(release_danger(ground, OBSERVABLE_IPV4, "198.51.100.65"), ==, "constituency");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/release/protect", test_protect);
    g_test_add_func("/release/protect_text", test_protect_text);
    g_test_add_func("/release/entries", test_entries);
    g_test_add_func("/release/ports", test_ports);
    g_test_add_func("/release/damage", test_damage);
    g_test_add_func("/release/compare", test_compare);
    g_test_add_func("/release/judge", test_judge);
    g_test_add_func("/release/selection", test_selection);
    g_test_add_func("/release/danger", test_danger);
    g_test_add_func("/release/routes", test_routes);
    g_test_add_func("/release/limit", test_limit);
    g_test_add_func("/release/standing", test_standing);
    return g_test_run();
}
