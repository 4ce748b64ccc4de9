#include "server/taxii_filter.h"

#include <string.h>

#define ALL                                                                                        \
    (TAXII_FILTER_PAGE | TAXII_FILTER_ID | TAXII_FILTER_TYPE | TAXII_FILTER_VERSION |              \
     TAXII_FILTER_SPEC_VERSION)

static void parse(const char *query, guint parts, TaxiiFilter *ret_filter)
{
    g_autoptr(GError) error = NULL;
    taxii_filter_parse(query, parts, ret_filter, &error);
    g_assert_no_error(error);
}

static void test_everything(void)
{
    g_auto(TaxiiFilter) filter = {0};
    parse("added_after=2024-05-06T07:08:09.123456Z&limit=7&match%5Bid%5D=a--1,b--2&match[type]=tool"
          "&match[version]=first,2024-01-01T00:00:00.000Z,last&match[spec_version]=2.0&next=abc",
          ALL, &filter);
    g_assert_cmpint(filter.added_after, ==, G_GINT64_CONSTANT(1714979289123456));
    g_assert_cmpuint(filter.limit, ==, 7);
    g_assert_cmpuint(g_strv_length(filter.match.ids), ==, 2);
    g_assert_cmpstr(filter.match.ids[1], ==, "b--2");
    g_assert_cmpstr(filter.match.types[0], ==, "tool");
    g_assert_true(filter.match.first && filter.match.last && !filter.match.all);
    g_assert_cmpuint(filter.match.versions->len, ==, 1);
    g_assert_cmpint(g_array_index(filter.match.versions, gint64, 0), ==,
                    G_GINT64_CONSTANT(1704067200000000));
    g_assert_true(filter.match.spec20 && !filter.match.spec21 && !filter.nothing);
    g_assert_cmpstr(filter.next, ==, "abc");
}

static void test_nothing_given(void)
{
    const char *const queries[] = {NULL, "", "&", "&&&", "x=1", "match[colour]=red", "=", "limit"};
    for (guint i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_auto(TaxiiFilter) filter = {0};
        parse(queries[i], i == 7 ? 0 : ALL, &filter);
        g_assert_cmpint(filter.added_after, ==, G_MININT64);
        g_assert_cmpuint(filter.limit, ==, 0);
        g_assert_null(filter.match.ids);
        g_assert_null(filter.next);
        g_assert_false(filter.match.last);
    }
}

/* A parameter that does not belong to the endpoint is one that it does not know. */
static void test_parts(void)
{
    g_auto(TaxiiFilter) filter = {0};
    parse("limit=0&match[id]=&match[version]=all", TAXII_FILTER_VERSION, &filter);
    g_assert_cmpuint(filter.limit, ==, 0);
    g_assert_null(filter.match.ids);
    g_assert_true(filter.match.all);
}

static void test_limits(void)
{
    g_auto(TaxiiFilter) filter = {0};
    parse("limit=9007199254740991", ALL, &filter);
    g_assert_cmpuint(filter.limit, ==, G_MAXUINT);
    g_autoptr(GString) query = g_string_new("match[type]=t");
    for (guint i = 1; i < TAXII_FILTER_MAX_VALUES; i++)
        g_string_append(query, ",t");
    g_auto(TaxiiFilter) many = {0};
    parse(query->str, ALL, &many);
    g_assert_cmpuint(g_strv_length(many.match.types), ==, TAXII_FILTER_MAX_VALUES);
    g_autoptr(GError) error = NULL;
    g_assert_false(taxii_filter_parse(g_string_append(query, ",t")->str, ALL, &many, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
}

static void test_unknown_specification(void)
{
    g_auto(TaxiiFilter) filter = {0};
    parse("match[spec_version]=2.2,3.0", ALL, &filter);
    g_assert_true(filter.nothing);
    g_auto(TaxiiFilter) both = {0};
    parse("match[spec_version]=2.2,2.1", ALL, &both);
    g_assert_true(both.match.spec21 && !both.nothing);
}

static void test_wrong(void)
{
    static const char *const wrong[] = {
        "limit=0",
        "limit=-1",
        "limit=+1",
        "limit= 1",
        "limit=1e3",
        "limit=99999999999999999999",
        "limit=1&limit=1",
        "next=a&next=b",
        "match[id]=a&match%5bid%5d=b",
        "match[id]=,",
        "match[id]=%",
        "match[id]=%4",
        "match[id]=%4g",
        "match[id]=%80",
        "match[id]=a%00b",
        "%80=1",
        "match[version]=All",
        "match[version]=all,all",
        "match[version]=last,last",
        "match[version]=2024-01-01",
        "match[version]=2024-01-01T00:00:00Z,2024-01-01T00:00:00.000Z",
        "match[spec_version]=",
        "match[spec_version]=v2",
        "match[spec_version]=2.1.1.1.1",
        "added_after=2024-02-30T00:00:00Z",
        "added_after=2024-01-01T00:00:00+00:00",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        TaxiiFilter filter = {.limit = 99};
        g_autoptr(GError) error = NULL;
        if (taxii_filter_parse(wrong[i], ALL, &filter, &error))
            g_error("accepted: %s", wrong[i]);
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_cmpuint(filter.limit, ==, 99); /* untouched */
    }
}

static void test_long_id(void)
{
    g_autofree char *id = g_strnfill(OBJECT_MAX_ID, 'x');
    g_autofree char *fits = g_strconcat("match[id]=", id, NULL);
    g_autofree char *too_long = g_strconcat(fits, "x", NULL);
    g_auto(TaxiiFilter) filter = {0};
    parse(fits, ALL, &filter);
    g_assert_false(taxii_filter_parse(too_long, ALL, &filter, NULL));
}

static void test_next(void)
{
    g_auto(TaxiiFilter) filter = {0};
    parse("match[version]=all&limit=3", ALL, &filter);
    g_autofree char *next = taxii_filter_next(&filter, "c1", 1000, 2000);
    g_assert_null(strpbrk(next, "+/=&%"));
    filter.next = g_strdup(next);
    filter.limit = 9; /* how many at once is no part of what is read */
    gint64 after = 0, until = 0;
    g_autoptr(GError) error = NULL;
    g_assert_true(taxii_filter_position(&filter, "c1", &after, &until, &error));
    g_assert_no_error(error);
    g_assert_cmpint(after, ==, 1000);
    g_assert_cmpint(until, ==, 2000);

    g_assert_false(taxii_filter_position(&filter, "c2", &after, &until, NULL));
    filter.match.all = FALSE;
    g_assert_false(taxii_filter_position(&filter, "c1", &after, &until, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    g_assert_cmpint(after, ==, 1000);
}

static void test_next_that_is_not_ours(void)
{
    g_auto(TaxiiFilter) filter = {.added_after = G_MININT64};
    g_autofree char *good = taxii_filter_next(&filter, "c", 1, 2);
    gsize length = strlen(good);
    gint64 after, until;
    filter.next = g_strdup(good);
    g_assert_true(taxii_filter_position(&filter, "c", &after, &until, NULL));
    /* The last letter has two bits that say nothing. */
    for (gsize i = 0; i + 1 < length; i++) {
        strcpy(filter.next, good);
        filter.next[i] = good[i] == 'A' ? 'B' : 'A';
        g_assert_false(taxii_filter_position(&filter, "c", &after, &until, NULL));
    }
    for (gsize i = 0; i < length; i++) {
        strcpy(filter.next, good);
        filter.next[i] = '\0';
        g_assert_false(taxii_filter_position(&filter, "c", &after, &until, NULL));
    }
    /* Well made, but no place in any collection. */
    const gint64 odd[][2] = {{-1, 5}, {5, 4}, {0, G_MAXINT64}, {G_MININT64, 0}};
    for (guint i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_free(filter.next);
        filter.next = taxii_filter_next(&filter, "c", odd[i][0], odd[i][1]);
        g_assert_false(taxii_filter_position(&filter, "c", &after, &until, NULL));
    }
}

static void test_no_next(void)
{
    g_auto(TaxiiFilter) filter = {0};
    parse("added_after=2024-05-06T07:08:09Z", ALL, &filter);
    gint64 after, until;
    g_assert_true(taxii_filter_position(&filter, "c", &after, &until, NULL));
    g_assert_cmpint(after, ==, filter.added_after);
    g_assert_cmpint(until, ==, G_MAXINT64);
}

static void test_decode(void)
{
    g_autofree char *text = taxii_filter_decode("a%2Fb+%C3%BC", 12);
    g_assert_cmpstr(text, ==, "a/b+\303\274");
    g_assert_null(taxii_filter_decode("%C3", 3));
    g_assert_null(taxii_filter_decode("%4", 2));
    g_autofree char *empty = taxii_filter_decode("", 0);
    g_assert_cmpstr(empty, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/taxii-filter/everything", test_everything);
    g_test_add_func("/taxii-filter/nothing-given", test_nothing_given);
    g_test_add_func("/taxii-filter/parts", test_parts);
    g_test_add_func("/taxii-filter/limits", test_limits);
    g_test_add_func("/taxii-filter/unknown-specification", test_unknown_specification);
    g_test_add_func("/taxii-filter/wrong", test_wrong);
    g_test_add_func("/taxii-filter/long-id", test_long_id);
    g_test_add_func("/taxii-filter/next", test_next);
    g_test_add_func("/taxii-filter/next-not-ours", test_next_that_is_not_ours);
    g_test_add_func("/taxii-filter/no-next", test_no_next);
    g_test_add_func("/taxii-filter/decode", test_decode);
    return g_test_run();
}
