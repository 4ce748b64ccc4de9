/* hyperscan.c - what Hyperscan, or Vectorscan, makes of the same literal values: a peer of
 * `concert match`. Built only where the library is installed.
 *
 *     bench-hyperscan PATTERNS LOG [RUNS]
 *
 * PATTERNS has a value a line. Prints the seconds of processor that compiling them and looking
 * through the log took (the fastest of the runs), how many matches there were, the bytes of what
 * was compiled, and the most memory that was resident, in KiB.
 *
 * How it is done is what was fastest with a million values: one database (of four, of 250,000
 * values each, all have to look at the text, which takes twice as long), block mode, no flags.
 * hs_compile_multi() with the values escaped makes the same database; HS_FLAG_SINGLEMATCH made it
 * larger and no faster, HS_FLAG_CASELESS was as fast; so were blocks from 4 KB to 50 MB. Values in
 * which most end with the same eight bytes (".example") are no fair question: they are what its
 * tables are keyed by, and compiling takes time by the square of them. */
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* Seconds of processor. */
static double scan(hs_database_t *database, hs_scratch_t *scratch, const char *log, gsize length,
                   guint64 *matches)
{
    double start = cpu_now();
    for (gsize at = 0; at < length;) {
        /* Blocks of its own, as a program would read them. */
        gsize size = MIN(length - at, 256 * 1024);
        if (hs_scan(database, log + at, (unsigned)size, 0, scratch, count, matches) != HS_SUCCESS)
            exit(2);
        at += size;
    }
    return cpu_now() - start;
}

int main(int argc, char **argv)
{
    g_autofree char *patterns = NULL, *log = NULL;
    gsize length;
    hs_scratch_t *scratch = NULL;
    guint64 matches = 0;
    size_t size = 0;
    double fastest = G_MAXDOUBLE;
    struct rusage usage;

    if (argc < 3 || argc > 4 || !g_file_get_contents(argv[1], &patterns, NULL, NULL) ||
        !g_file_get_contents(argv[2], &log, &length, NULL)) {
        fprintf(stderr, "usage: bench-hyperscan PATTERNS LOG [RUNS]\n");
        return 2;
    }
    double start = cpu_now();
    hs_database_t *database = compile(patterns);
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
        return 2;
    double compiled = cpu_now() - start;
    for (int runs = argc > 3 ? atoi(argv[3]) : 1; runs > 0; runs--) {
        matches = 0;
        double seconds = scan(database, scratch, log, length, &matches);
        fastest = MIN(fastest, seconds);
    }
    hs_database_size(database, &size);
    getrusage(RUSAGE_SELF, &usage);
    printf("%.3f %.3f %" G_GUINT64_FORMAT " %" G_GSIZE_FORMAT " %ld\n", compiled, fastest, matches,
           size, usage.ru_maxrss);
    hs_free_scratch(scratch);
    hs_free_database(database);
    return 0;
}
