/* What `make bench` measures of compiled sets: makes indicators like those of threat feeds, and
 * compiles them.
 *
 *     bench-shield indicators COUNT           "type<TAB>value" lines, always the same ones
 *     bench-shield compile VALUES FILE        compiles them; prints JSON
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "shield/set_builder.h"

static guint64 state = 88172645463325252u;

static guint32 random_below(guint32 limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (guint32)((state >> 32) * limit >> 32);
}

/* A word that can be pronounced, as names are. */
static void append_word(GString *into, guint syllables)
{
    static const char consonants[] = "bcdfghjklmnprstvwz", vowels[] = "aeiouy";
    for (guint i = 0; i < syllables; i++) {
        g_string_append_c(into, consonants[random_below(sizeof(consonants) - 1)]);
        g_string_append_c(into, vowels[random_below(sizeof(vowels) - 1)]);
        if (random_below(4) == 0)
            g_string_append_c(into, consonants[random_below(sizeof(consonants) - 1)]);
    }
}

static void append_host(GString *into)
{
    static const char *const hosted[] = {"pages.example", "sites.example", "hosting.example"};
    static const char *const tops[] = {"com", "net", "org", "info", "top", "xyz", "ru", "cn", "de"};

    if (random_below(3) == 0) {
        append_word(into, 1 + random_below(2));
        g_string_append_c(into, '.');
    }
    append_word(into, 2 + random_below(4));
    if (random_below(4) == 0)
        g_string_append_printf(into, "-%u", random_below(1000));
    if (random_below(8) == 0)
        g_string_append_printf(into, ".%s", hosted[random_below(G_N_ELEMENTS(hosted))]);
    else
        g_string_append_printf(into, ".%s", tops[random_below(G_N_ELEMENTS(tops))]);
}

static void append_hex(GString *into, guint digits)
{
    for (guint i = 0; i < digits; i++)
        g_string_append_c(into, "0123456789abcdef"[random_below(16)]);
}

static void append_v4(GString *into)
{
    g_string_append_printf(into, "%u.%u.%u.%u", 1 + random_below(223), random_below(256),
                           random_below(256), random_below(256));
}

static void append_url(GString *into)
{
    g_string_append(into, random_below(2) ? "http://" : "https://");
    append_host(into);
    for (guint parts = 1 + random_below(3); parts > 0; parts--) {
        g_string_append_c(into, '/');
        append_word(into, 2 + random_below(3));
    }
    if (random_below(4) == 0) {
        g_string_append(into, "?id=");
        append_hex(into, 12);
    }
}

/* The kinds in the parts of a thousand that large feeds have. */
static void append_indicator(GString *into)
{
    guint32 kind = random_below(1000);
    if (kind < 450) {
        g_string_append(into, "domain\t");
        append_host(into);
    } else if (kind < 700) {
        g_string_append(into, "ipv4\t");
        append_v4(into);
    } else if (kind < 800) {
        g_string_append(into, "sha256\t");
        append_hex(into, 64);
    } else if (kind < 840) {
        g_string_append(into, "md5\t");
        append_hex(into, 32);
    } else if (kind < 865) {
        g_string_append(into, "sha1\t");
        append_hex(into, 40);
    } else if (kind < 975) {
        g_string_append(into, "url\t");
        append_url(into);
    } else if (kind < 985) {
        g_string_append_printf(into, "ipv6\t2001:db8:%x:%x::%x", 1 + random_below(0xfffe),
                               1 + random_below(0xfffe), 1 + random_below(0xfffe));
    } else if (kind < 990) {
        g_string_append_printf(into, "cidr\t%u.%u.%u.0/24", 1 + random_below(223),
                               random_below(256), random_below(256));
    } else if (kind < 998) {
        g_string_append(into, "email\t");
        append_word(into, 3);
        g_string_append_c(into, '@');
        append_host(into);
    } else {
        g_string_append(into, "ja4\tt13d");
        g_string_append_printf(into, "%02u%02uh2_", random_below(100), random_below(100));
        append_hex(into, 12);
        g_string_append_c(into, '_');
        append_hex(into, 12);
    }
    g_string_append_c(into, '\n');
}

static int write_indicators(guint count)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < count; i++) {
        g_string_truncate(line, 0);
        append_indicator(line);
        fwrite(line->str, 1, line->len, stdout);
    }
    return 0;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The most memory of its own that the process ever had: a mapped input does not count. */
static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Adds the lines of @text, which it takes to pieces, one indicator a line. */
static guint add_lines(SetBuilder *builder, char *text)
{
    guint count = 0;
    char id[] = "indicator--00000000-0000-4000-8000-000000000000";

    while (*text) {
        char *tab = strchr(text, '\t');
        char *end = tab ? strchr(tab, '\n') : NULL;
        if (!end)
            break;
        *tab = *end = '\0';
        /* As random as ids are. */
        guint64 bits = (guint64)count * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        for (guint i = 0; i < 8; i++)
            id[11 + i] = "0123456789abcdef"[bits >> (60 - 4 * i) & 15];
        for (guint i = 0; i < 8; i++)
            id[39 + i] = "0123456789abcdef"[count >> (28 - 4 * i) & 15];
        SetIndicator indicator = {
            .id = id, .source = "bench", .confidence = -1, .version = 1 + count};
        if (!set_builder_add_indicator(builder, &indicator, NULL) ||
            !set_builder_add_value(builder, observable_kind_from_name(text), tab + 1, NULL))
            abort();
        count++;
        text = end + 1;
    }
    return count;
}

static int compile(const char *values, const char *path)
{
    static const guint8 secret[SET_BUILDER_SECRET] = {1};
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents(values, &text, &length, NULL))
        return 2;
    long before = peak_kib();
    double start = cpu_seconds();
    g_autoptr(SetBuilder) builder = set_builder_new(secret);
    guint count = add_lines(builder, text);
    double added = cpu_seconds();
    g_autoptr(GBytes) bytes = set_builder_finish(builder, NULL);
    double built = cpu_seconds();
    long peak = peak_kib();
    FILE *file = bytes ? fopen(path, "we") : NULL;
    if (!file || fwrite(g_bytes_get_data(bytes, NULL), 1, g_bytes_get_size(bytes), file) !=
                     g_bytes_get_size(bytes))
        return 2;
    fclose(file);
    double written = cpu_seconds();
    g_autoptr(Set) set = set_open(path, NULL);
    double opened = cpu_seconds();
    if (!set)
        return 2;
    printf("{\"indicators\": %u, \"bytes\": %" G_GSIZE_FORMAT
           ", \"scanned_bytes\": %" G_GSIZE_FORMAT
           ", \"add_seconds\": %.4f, \"build_seconds\": %.4f, \"open_seconds\": %.6f, "
           "\"peak_kib\": %ld}\n",
           count, g_bytes_get_size(bytes), set_scanned_size(set), added - start, built - added,
           opened - written, peak - before);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "indicators") == 0)
        return write_indicators((guint)g_ascii_strtoull(argv[2], NULL, 10));
    if (argc == 4 && strcmp(argv[1], "compile") == 0)
        return compile(argv[2], argv[3]);
    fprintf(stderr, "usage: bench-shield indicators COUNT | compile VALUES FILE\n");
    return 2;
}
