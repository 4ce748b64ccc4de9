/* Libraries that are loaded when they are first used: all of it, or an error that says what to
 * install. */
#include <string.h>

#include "base/late.h"
#include "base/late_curl.h"

#define THREADS 8

/* Of a library that is there, for it is late itself. */
static GError *load(const char *soname, const char *const *names, guint count, gpointer *functions)
{
    Late late = {soname, "libnosuch99", names, functions, count, FALSE};
    GError *error = NULL;

    g_assert_false(late_load(&late, &error));
    g_assert_false(late.loaded);
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_IO);
    g_assert_nonnull(strstr(error->message, soname));
    g_assert_nonnull(strstr(error->message, "libnosuch99"));
    return error;
}

static void test_no_library(void)
{
    static const char *const names[] = {"curl_easy_init"};
    gpointer functions[] = {NULL};
    g_autoptr(GError) error = load("libnosuch.so.99", names, 1, functions);
    g_assert_nonnull(strstr(error->message, "cannot be loaded"));
    g_assert_null(functions[0]);
}

static void test_no_function(void)
{
    static const char *const names[] = {"curl_easy_init", "curl_no_such_function"};
    gpointer functions[] = {NULL, NULL};
    g_autoptr(GError) error = load(LATE_SONAME_CURL, names, 2, functions);
    g_assert_nonnull(strstr(error->message, "curl_no_such_function"));
    /* None of them, rather than some. */
    g_assert_null(functions[0]);
}

static void test_unloaded(void)
{
    if (g_test_subprocess()) {
        late_curl();
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*loaded*");
}

typedef struct {
    GMutex mutex;
    GCond cond;
    guint waiting;
} Start;

static gpointer use(gpointer user)
{
    Start *start = user;
    g_autoptr(GError) error = NULL;

    g_mutex_lock(&start->mutex);
    if (++start->waiting == THREADS)
        g_cond_broadcast(&start->cond);
    while (start->waiting < THREADS)
        g_cond_wait(&start->cond, &start->mutex);
    g_mutex_unlock(&start->mutex);
    late_curl_load(&error);
    g_assert_no_error(error);
    CURLU *url = late_curl()->url();
    g_assert_cmpint(late_curl()->url_set(url, CURLUPART_URL, "https://alder.example/", 0), ==,
                    CURLUE_OK);
    late_curl()->url_cleanup(url);
    return (gpointer)late_curl();
}

static void test_threads(void)
{
    Start start = {.waiting = 0};
    GThread *threads[THREADS];
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("late", use, &start);
    for (guint i = 0; i < THREADS; i++)
        g_assert_true(g_thread_join(threads[i]) == late_curl());
    g_assert_true(late_curl_load(&error));
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/late/no-library", test_no_library);
    g_test_add_func("/late/no-function", test_no_function);
    g_test_add_func("/late/unloaded", test_unloaded);
    g_test_add_func("/late/threads", test_threads);
    return g_test_run();
}
