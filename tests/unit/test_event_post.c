/* Posts of events: what is put in comes out, the newest that fit, and nothing else is read. */
#include "exchange/event_post.h"

#include <string.h>

#include "dossier/event.h"

static void test_round(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    const char *const texts[] = {"{\"a\":\"\\u00fc\\n\"}", "", "no JSON"};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_ptr_array_add(events, g_bytes_new_static(texts[i], strlen(texts[i])));
    g_autoptr(GBytes) body = event_post_make(events);
    gsize length;
    const char *text = g_bytes_get_data(body, &length);
    g_autoptr(GPtrArray) read = event_post_parse(text, length, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(read->len, ==, events->len);
    for (guint i = 0; i < read->len; i++)
        g_assert_true(g_bytes_equal(read->pdata[i], events->pdata[i]));
}

/* Of more than fit the last ones go out. */
static void test_bounds(void)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_assert_null(event_post_make(events));
    for (guint i = 0; i < EVENT_POST_EVENTS + 10; i++)
        g_ptr_array_add(events, g_bytes_new_take(g_strdup_printf("%u", i), i < 10 ? 1 : 2));
    g_autoptr(GBytes) body = event_post_make(events);
    gsize length;
    const char *text = g_bytes_get_data(body, &length);
    g_autoptr(GPtrArray) read = event_post_parse(text, length, NULL);
    g_assert_cmpuint(read->len, ==, EVENT_POST_EVENTS);
    g_assert_cmpmem(g_bytes_get_data(read->pdata[0], NULL), 2, "10", 2);
    char *large = g_strnfill(EVENT_BYTES_MAX, 'x');
    g_ptr_array_add(events, g_bytes_new_take(large, EVENT_BYTES_MAX));
    large = g_strnfill(EVENT_BYTES_MAX, '"');
    g_ptr_array_add(events, g_bytes_new_take(large, EVENT_BYTES_MAX));
    g_autoptr(GBytes) two = event_post_make(events);
    text = g_bytes_get_data(two, &length);
    g_autoptr(GPtrArray) last = event_post_parse(text, length, NULL);
    g_assert_cmpuint(last->len, ==, 1);
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",
        "[]",
        "7",
        "{}",
        "{\"events\":{}}",
        "{\"events\":[]}",
        "{\"events\":[7]}",
        "{\"events\":[\"a\"],\"events\":[\"b\"]}",
        "{\"events\":[\"a\"]",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(event_post_parse(bad[i], strlen(bad[i]), &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
    }
    g_autoptr(GError) error = NULL;
    GString *many = g_string_new("{\"events\":[\"a\"");
    for (guint i = 0; i < EVENT_POST_EVENTS; i++)
        g_string_append(many, ",\"a\"");
    g_string_append(many, "]}");
    g_assert_null(event_post_parse(many->str, many->len, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_string_free(many, TRUE);
    g_clear_error(&error);
    g_autofree char *x = g_strnfill(EVENT_BYTES_MAX + 1, 'x');
    g_autofree char *large = g_strdup_printf("{\"events\":[\"%s\"]}", x);
    g_assert_null(event_post_parse(large, strlen(large), &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/event_post/round", test_round);
    g_test_add_func("/event_post/bounds", test_bounds);
    g_test_add_func("/event_post/bad", test_bad);
    return g_test_run();
}
