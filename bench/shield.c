/* What `make bench` measures of compiled sets: makes indicators like those of threat feeds, and
 * compiles them.
 *
 *     bench-shield indicators COUNT           "type<TAB>value" lines, always the same ones
 *     bench-shield compile VALUES FILE        compiles them; prints JSON
 *     bench-shield names VALUES FILE          asks FILE for names, of VALUES and others
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "shield/set_builder.h"
#include "shield/spot.h"

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

static double clock_seconds(void)
{
    return (double)g_get_monotonic_time() / 1e6;
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
    double start = cpu_seconds(), begin = clock_seconds();
    g_autoptr(SetBuilder) builder = set_builder_new(secret);
    guint count = add_lines(builder, text);
    double added = cpu_seconds(), middle = clock_seconds();
    g_autoptr(GBytes) bytes = set_builder_finish(builder, NULL);
    double built = cpu_seconds(), end = clock_seconds();
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
           "\"add_clock\": %.4f, \"build_clock\": %.4f, \"peak_kib\": %ld}\n",
           count, g_bytes_get_size(bytes), set_scanned_size(set), added - start, built - added,
           opened - written, middle - begin, end - middle, peak - before);
    return 0;
}

/* Names that are asked for, in no order, and runs of which the fastest counts. */
#define NAMES 2000000
#define RUNS  5

/* Of the text that a scan looks at in one go. */
#define WINDOW (256 * 1024)

typedef struct {
    GString *text;
    GArray *starts; /* guint32: of each name in @text, and of the end */
} Names;

/* One a line. */
static void names_add(Names *names, const char *name)
{
    g_string_append_printf(names->text, "%s\n", name);
    guint32 start = (guint32)names->text->len;
    g_array_append_val(names->starts, start);
}

/* Like append_host(), but longer, so that next to none is one of the indicators by chance. */
static void append_other_host(GString *into)
{
    static const char *const tops[] = {"com", "net", "org", "info", "top", "xyz", "ru", "cn", "de"};

    if (random_below(3) == 0) {
        append_word(into, 1 + random_below(2));
        g_string_append_c(into, '.');
    }
    append_word(into, 4 + random_below(3));
    g_string_append_printf(into, ".%s", tops[random_below(G_N_ELEMENTS(tops))]);
}

/* Names of which @known in a thousand are of @domains, the rest made up. */
static Names make_names(const GPtrArray *domains, guint known)
{
    const guint32 start = 0;
    Names names = {g_string_sized_new(NAMES * 24), g_array_new(FALSE, FALSE, sizeof(guint32))};
    g_autoptr(GString) name = g_string_new(NULL);

    g_array_append_val(names.starts, start);
    for (guint i = 0; i < NAMES; i++) {
        g_string_truncate(name, 0);
        if (random_below(1000) < known)
            g_string_append(name, domains->pdata[random_below(domains->len)]);
        else
            append_other_host(name);
        names_add(&names, name->str);
    }
    return names;
}

static void ask(const Set *set, const Names *names, const char *what)
{
    const guint32 *starts = (const guint32 *)(gconstpointer)names->starts->data;
    SetEntry found[SET_MAX_FOUND];
    guint hits = 0;
    double fastest = G_MAXDOUBLE;

    for (guint run = 0; run < RUNS; run++) {
        double begin = cpu_seconds();
        hits = 0;
        for (guint i = 0; i < NAMES; i++)
            hits += set_find_domain(set, names->text->str + starts[i],
                                    starts[i + 1] - 1 - starts[i], found) > 0;
        fastest = MIN(fastest, cpu_seconds() - begin);
    }
    printf("one by one, %s: %.1f M/s, %u of %u found\n", what, NAMES / fastest / 1e6, hits, NAMES);
}

/* The same as a log that has nothing else, a name a line. */
static void scan(const Set *set, const Names *names, const char *what)
{
    g_autoptr(GString) margin = g_string_sized_new(names->text->len + 2 * SIEVE_MARGIN);
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    Sieve *sieve = sieve_new(set);
    guint hits = 0;
    double fastest = G_MAXDOUBLE;

    g_string_set_size(margin, names->text->len + 2 * SIEVE_MARGIN);
    memset(margin->str, '\n', margin->len);
    char *text = margin->str + SIEVE_MARGIN, *end = text + names->text->len;
    memcpy(text, names->text->str, names->text->len);
    for (guint run = 0; run < RUNS; run++) {
        double begin = cpu_seconds();
        hits = 0;
        for (const char *at = text, *stop; at < end; at = stop) {
            stop = end - at > WINDOW ? (const char *)memrchr(at, '\n', WINDOW) + 1 : end;
            g_array_set_size(matches, 0);
            spot_sieved(sieve, at, (gsize)(stop - at), matches);
            hits += matches->len;
        }
        fastest = MIN(fastest, cpu_seconds() - begin);
    }
    sieve_free(sieve);
    printf("a log of them, %s: %.1f M/s, %u of %u found\n", what, NAMES / fastest / 1e6, hits,
           NAMES);
}

static int ask_names(const char *values, const char *path)
{
    static const struct {
        const char *what;
        guint known;
    } rows[] = {{"none is known", 0}, {"one of 100 is known", 10}, {"every second is known", 500}};
    g_autoptr(Set) set = set_open(path, NULL);
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    g_autofree char *text = NULL;

    if (!set || !g_file_get_contents(values, &text, NULL, NULL))
        return 2;
    for (char *line = text, *feed; (feed = strchr(line, '\n')); line = feed + 1) {
        *feed = '\0';
        if (g_str_has_prefix(line, "domain\t"))
            g_ptr_array_add(domains, line + strlen("domain\t"));
    }
    state ^= G_GUINT64_CONSTANT(0x9e3779b97f4a7c15); /* other names than the indicators' */
    for (gsize i = 0; i < G_N_ELEMENTS(rows) && domains->len > 0; i++) {
        Names names = make_names(domains, rows[i].known);
        ask(set, &names, rows[i].what);
        scan(set, &names, rows[i].what);
        g_string_free(names.text, TRUE);
        g_array_unref(names.starts);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "indicators") == 0)
        return write_indicators((guint)g_ascii_strtoull(argv[2], NULL, 10));
    if (argc == 4 && strcmp(argv[1], "compile") == 0)
        return compile(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "names") == 0)
        return ask_names(argv[2], argv[3]);
    fprintf(stderr,
            "usage: bench-shield indicators COUNT | compile VALUES FILE | names VALUES FILE\n");
    return 2;
}
