/* hyperscan.c - what Hyperscan, or Vectorscan, makes of the same literal values: a peer of
 * `concert match`. Built only where the library is installed.
 *
 *     bench-hyperscan PATTERNS LOG
 *
 * PATTERNS has a value a line. Prints the seconds of processor that compiling them and looking
 * through the log took, and how many matches there were. */
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>

static double cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                 void *user)
{
    (*(guint64 *)user)++;
    return 0;
}

static hs_database_t *compile(char *text)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    g_autoptr(GArray) lengths = g_array_new(FALSE, FALSE, sizeof(size_t));
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(unsigned));
    hs_database_t *database = NULL;
    hs_compile_error_t *error = NULL;

    for (char *line = text, *feed; (feed = strchr(line, '\n')); line = feed + 1) {
        size_t length = (size_t)(feed - line);
        unsigned id = values->len;
        if (length == 0)
            continue;
        *feed = '\0';
        g_ptr_array_add(values, line);
        g_array_append_val(lengths, length);
        g_array_append_val(ids, id);
    }
    g_autofree unsigned *flags = g_new0(unsigned, values->len);
    if (hs_compile_lit_multi((const char *const *)values->pdata, flags, (unsigned *)ids->data,
                             (size_t *)lengths->data, values->len, HS_MODE_BLOCK, NULL, &database,
                             &error) != HS_SUCCESS) {
        fprintf(stderr, "bench-hyperscan: %s\n", error->message);
        exit(2);
    }
    return database;
}

int main(int argc, char **argv)
{
    g_autofree char *patterns = NULL, *log = NULL;
    gsize length;
    hs_scratch_t *scratch = NULL;
    guint64 matches = 0;

    if (argc != 3 || !g_file_get_contents(argv[1], &patterns, NULL, NULL) ||
        !g_file_get_contents(argv[2], &log, &length, NULL)) {
        fprintf(stderr, "usage: bench-hyperscan PATTERNS LOG\n");
        return 2;
    }
    double start = cpu_now();
    hs_database_t *database = compile(patterns);
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
        return 2;
    double compiled = cpu_now();
    for (gsize at = 0; at < length;) {
        /* Blocks of its own, as a program would read them. */
        gsize size = MIN(length - at, 256 * 1024);
        if (hs_scan(database, log + at, (unsigned)size, 0, scratch, count, &matches) != HS_SUCCESS)
            return 2;
        at += size;
    }
    printf("%.3f %.3f %" G_GUINT64_FORMAT "\n", compiled - start, cpu_now() - compiled, matches);
    hs_free_scratch(scratch);
    hs_free_database(database);
    return 0;
}
