/* shield_scan.c - how fast text is looked through, against what memory and memchr() can do.
 *
 *     bench-shield-scan INDICATORS LOG [RUNS [ROW]]
 *
 * INDICATORS has lines of a kind, a tab and a value. All on one core, on the same text in memory,
 * in turn; what is told is the CPU time of the fastest run, as others may load the machine. Prints
 * a name and GB/s (10^9) a line, and the hits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "shield/set_builder.h"
#include "shield/spot.h"

#define WINDOW   (256 * 1024)
#define RUNS_MAX 64

typedef struct {
    char *text;
    gsize length;
} Text;

typedef gsize (*Measured)(const Text *text, Sieve *sieve);

static void fail(const char *what)
{
    fprintf(stderr, "bench-shield-scan: %s\n", what);
    exit(2);
}

static double cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static Set *read_set(const char *path)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    guint number = 0;

    if (!g_file_get_contents(path, &text, NULL, &error))
        fail(error->message);
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *value = strchr(line, '\t');
        if (!value)
            continue;
        *value++ = '\0';
        ObservableKind kind = observable_kind_from_name(line);
        g_autofree char *canonical = observable_normalise(kind, value, strlen(value), &kind);
        char id[64];
        g_snprintf(id, sizeof(id), "indicator--00000000-0000-4000-8000-%012u", ++number);
        SetIndicator indicator = {.id = id, .source = "bench", .confidence = -1};
        if (!canonical)
            continue;
        if (!set_builder_add_indicator(builder, &indicator, &error) ||
            !set_builder_add_value(builder, kind, canonical, &error))
            fail(error->message);
    }
    Set *set = set_builder_open(builder, &error);
    if (!set)
        fail(error->message);
    return set;
}

static Text read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail("the log cannot be read");
    fseek(file, 0, SEEK_END);
    gsize length = (gsize)ftell(file);
    rewind(file);
    char *memory =
        mmap(NULL, length + 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("the log does not fit into memory");
    madvise(memory, length + 2 * 4096, MADV_HUGEPAGE);
    Text text = {memory + 4096, length};
    if (fread(text.text, 1, length, file) != length)
        fail("the log cannot be read");
    fclose(file);
    return text;
}

static gsize count_lines(const Text *text, Sieve *sieve)
{
    const char *at = text->text, *end = at + text->length;
    gsize lines = 0;
    while (at < end && (at = memchr(at, '\n', (gsize)(end - at)))) {
        at++;
        lines++;
    }
    return lines;
}

/* As scan.h does: windows that end with a line. */
static gsize window_end(const Text *text, gsize start)
{
    gsize end = MIN(start + WINDOW, text->length);
    const char *feed = memrchr(text->text + start, '\n', end - start);
    return feed && end < text->length ? (gsize)(feed - text->text) + 1 : end;
}

static gsize sieve_places(const Text *text, Sieve *sieve)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gsize));
    gsize found = 0;
    for (gsize start = 0, end; start < text->length; start = end) {
        end = window_end(text, start);
        g_array_set_size(places, 0);
        sieve_text(sieve, text->text + start, end - start, places);
        found += places->len;
    }
    return found;
}

static gsize sieve_hits(const Text *text, Sieve *sieve)
{
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    gsize found = 0;
    for (gsize start = 0, end; start < text->length; start = end) {
        end = window_end(text, start);
        g_array_set_size(matches, 0);
        spot_sieved(sieve, text->text + start, end - start, matches);
        found += matches->len;
    }
    return found;
}

static gsize spot_hits(const Text *text, Sieve *sieve)
{
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    gsize found = 0;
    for (gsize start = 0, end; start < text->length; start = end) {
        end = window_end(text, start);
        g_array_set_size(matches, 0);
        spot_text(sieve_set(sieve), text->text + start, end - start, matches);
        found += matches->len;
    }
    return found;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

typedef struct {
    const char *name, *simd;
    Measured measured;
    Sieve *sieve;
    gsize found;
    double seconds[RUNS_MAX];
} Row;

int main(int argc, char **argv)
{
    Row rows[] = {
        {"memchr per line", NULL, count_lines},
        {"avx512", "avx512", sieve_hits},
        {"avx512, places only", "avx512", sieve_places},
        {"avx2", "avx2", sieve_hits},
        {"plain", "plain", sieve_hits},
        {"byte by byte", "plain", spot_hits},
    };
    static const char *const simds[] = {"plain", "avx2", "avx512"};

    if (argc < 3)
        fail("usage: bench-shield-scan INDICATORS LOG [RUNS]");
    guint runs = argc > 3 ? (guint)CLAMP(atoi(argv[3]), 1, RUNS_MAX) : 5;
    g_autoptr(Set) set = read_set(argv[1]);
    Text text = read_text(argv[2]);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].simd) {
            g_setenv("CONCERT_SIMD", rows[i].simd, TRUE);
            rows[i].sieve = sieve_new(set);
        }
    for (guint run = 0; run < runs; run++)
        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
            if ((rows[i].measured == spot_hits && run > 0) ||
                (argc > 4 && i > 0 && strcmp(rows[i].name, argv[4]) != 0))
                continue;
            double start = cpu_now();
            rows[i].found = rows[i].measured(&text, rows[i].sieve);
            rows[i].seconds[run] = cpu_now() - start;
        }
    printf("indicators %" G_GUINT64_FORMAT "\n", set_count_values(set));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint count = rows[i].measured == spot_hits ? 1 : runs;
        if (rows[i].seconds[0] == 0)
            continue;
        qsort(rows[i].seconds, count, sizeof(double), compare);
        const char *is = rows[i].sieve ? simds[sieve_simd(rows[i].sieve)] : NULL;
        if (is && strcmp(is, rows[i].simd) != 0)
            printf("%-20s skipped: this machine cannot\n", rows[i].name);
        else
            printf("%-20s %7.3f GB/s %7.3f of memchr  %zu\n", rows[i].name,
                   (double)text.length / rows[i].seconds[0] * 1e-9,
                   rows[0].seconds[0] / rows[i].seconds[0], rows[i].found);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        sieve_free(rows[i].sieve);
    return 0;
}
