/* shield_log.c - indicators and a log to look for them in, made up.
 *
 *     bench-shield-log INDICATORS COUNT LOG BYTES
 *
 * Lines of access logs, of connections, of name lookups and of an intrusion detection system; one
 * in a thousand has an indicator, three in a hundred have escapes, other scripts or defanged
 * names. The same numbers give the same files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

typedef struct {
    guint64 state;
} Dice;

static guint roll(Dice *dice, guint below)
{
    dice->state = dice->state * G_GUINT64_CONSTANT(6364136223846793005) +
                  G_GUINT64_CONSTANT(1442695040888963407);
    return (guint)((dice->state >> 33) * below >> 31);
}

static void append_word(GString *into, Dice *dice, guint syllables)
{
    static const char *const parts[] = {"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu",
                                        "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu"};
    while (syllables-- > 0)
        g_string_append(into, parts[roll(dice, G_N_ELEMENTS(parts))]);
}

static void append_hex(GString *into, Dice *dice, guint digits)
{
    while (digits-- > 0)
        g_string_append_c(into, "0123456789abcdef"[roll(dice, 16)]);
}

static void append_name(GString *into, Dice *dice, const char *top)
{
    if (roll(dice, 2))
        g_string_append(into, roll(dice, 2) ? "www." : "cdn.");
    append_word(into, dice, 1 + roll(dice, 3));
    g_string_append_c(into, '.');
    append_word(into, dice, 3 + roll(dice, 3));
    g_string_append_printf(into, ".%s", top);
}

static void append_v4(GString *into, Dice *dice)
{
    g_string_append_printf(into, "%u.%u.%u.%u", 1 + roll(dice, 223), roll(dice, 256),
                           roll(dice, 256), 1 + roll(dice, 254));
}

static void append_path(GString *into, Dice *dice)
{
    for (guint parts = 1 + roll(dice, 4); parts > 0; parts--) {
        g_string_append_c(into, '/');
        append_word(into, dice, 1 + roll(dice, 3));
    }
    g_string_append(into, roll(dice, 2) ? ".html" : "");
}

/* A kind, a tab and a value. */
static void append_indicator(GString *into, Dice *dice)
{
    guint kind = roll(dice, 1000);
    if (kind < 450) {
        g_string_append(into, "domain\t");
        append_name(into, dice, "example");
    } else if (kind < 700) {
        g_string_append(into, "ipv4\t");
        append_v4(into, dice);
    } else if (kind < 705) {
        g_string_append(into, "cidr\t");
        g_string_append_printf(into, "%u.%u.%u.0/24", 1 + roll(dice, 223), roll(dice, 256),
                               roll(dice, 256));
    } else if (kind < 870) {
        g_string_append(into, "sha256\t");
        append_hex(into, dice, 64);
    } else if (kind < 985) {
        g_string_append(into, "url\thttps://");
        append_name(into, dice, "example");
        append_path(into, dice);
    } else {
        g_string_append(into, "email\t");
        append_word(into, dice, 3);
        g_string_append_c(into, '@');
        append_name(into, dice, "example");
    }
}

static void append_odd(GString *into, Dice *dice)
{
    static const char *const odd[] = {
        "q=%D1%81%D0%BB%D0%BE%D0%B2%D0%BE%20%2Fa.b",
        "C:\\\\Users\\\\new\\\\tool.exe",
        "caf\303\251.b\303\274cher.test",
        "hxxp://www[.]forum[.]test/a",
        "http%3A%2F%2Fwww.forum.test%2Fx",
        "\344\276\213\343\200\202\345\255\227",
    };
    g_string_append(into, odd[roll(dice, G_N_ELEMENTS(odd))]);
}

static void append_line(GString *into, Dice *dice, const char *planted)
{
    guint kind = roll(dice, 4);
    if (kind == 0) {
        append_v4(into, dice);
        g_string_append(into, " - - [01/Feb/2030:10:20:30 +0000] \"GET ");
        append_path(into, dice);
        g_string_append_printf(into, " HTTP/1.1\" 200 %u \"https://", roll(dice, 99999));
        append_name(into, dice, "test");
        g_string_append(into,
                        "/\" \"Mozilla/5.0 (X11; Linux x86_64) Chrome/124.0.0.0 Safari/537.36\" ");
    } else if (kind == 1) {
        g_string_append_printf(into, "1900000000.%06u\tC", roll(dice, 1000000));
        append_hex(into, dice, 17);
        g_string_append_c(into, '\t');
        append_v4(into, dice);
        g_string_append_printf(into, "\t%u\t", roll(dice, 65536));
        append_v4(into, dice);
        g_string_append(into, "\t443\ttcp\tssl\t1.234567\t1000\t20000\tSF\t");
    } else if (kind == 2) {
        g_string_append_printf(into, "1900000000.%06u\t10.0.%u.%u\t53\tudp\t", roll(dice, 1000000),
                               roll(dice, 256), roll(dice, 256));
        append_name(into, dice, "test");
        g_string_append(into, "\t1\tC_INTERNET\tA\tNOERROR\t");
    } else {
        g_string_append(into, "{\"timestamp\":\"2030-02-01T10:20:30.123456+0000\",\"src_ip\":\"");
        append_v4(into, dice);
        g_string_append_printf(into, "\",\"dest_ip\":\"2001:db8:%x::%x\",\"http\":{\"hostname\":\"",
                               roll(dice, 65536), roll(dice, 65536));
        append_name(into, dice, "test");
        g_string_append(into, "\",\"url\":\"\\/");
        append_word(into, dice, 3);
        g_string_append(into, "\\/\"},\"sha256\":\"");
        append_hex(into, dice, 64);
        g_string_append(into, "\"} ");
    }
    if (roll(dice, 100) < 3)
        append_odd(into, dice);
    g_string_append_printf(into, " %s\n", planted);
}

int main(int argc, char **argv)
{
    Dice dice = {42};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) planted = g_ptr_array_new_with_free_func(g_free);

    if (argc != 5) {
        fprintf(stderr, "usage: bench-shield-log INDICATORS COUNT LOG BYTES\n");
        return 2;
    }
    FILE *indicators = fopen(argv[1], "w"), *log = fopen(argv[3], "w");
    if (!indicators || !log) {
        fprintf(stderr, "bench-shield-log: the files cannot be written\n");
        return 2;
    }
    for (guint64 i = g_ascii_strtoull(argv[2], NULL, 10); i > 0; i--) {
        g_string_truncate(text, 0);
        append_indicator(text, &dice);
        fprintf(indicators, "%s\n", text->str);
        const char *value = strchr(text->str, '\t') + 1;
        if (planted->len < 1000 && !strstr(value, "/24"))
            g_ptr_array_add(planted, g_strdup(value));
    }
    guint64 left = g_ascii_strtoull(argv[4], NULL, 10);
    while (left > 0) {
        gboolean hit = roll(&dice, 1000) == 0 && planted->len > 0;
        g_string_truncate(text, 0);
        append_line(text, &dice, hit ? planted->pdata[roll(&dice, planted->len)] : "-");
        fwrite(text->str, 1, text->len, log);
        left -= MIN(left, text->len);
    }
    fclose(indicators);
    return fclose(log) == 0 ? 0 : 1;
}
