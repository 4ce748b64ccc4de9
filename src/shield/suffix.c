#include "shield/suffix.h"

#include <libpsl.h>
#include <string.h>

#include "base/sha256.h"
#include "shield/filter.h"
#include "shield/key.h"
#include "stix/observable_domain.h"

/* Hexadecimal digits of a checksum that are enough to tell lists apart. */
#define CHECKSUM_DIGITS 16

/* Names that libpsl is asked about before the list's text is read, which takes some milliseconds.
 */
#define ASKED_MIN   2000

#define FILTER_SEED G_GUINT64_CONSTANT(0x2d358dccaa6c78a5)

/* What the rules of the list name. libpsl takes a microsecond for a name, so that it is asked only
 * of those that may be named; what it says then counts. */
typedef struct {
    guint64 *words; /* NULL: any name may be */
    guint32 count;
} Names;

struct Suffix {
    psl_ctx_t *loaded; /* NULL: the built-in list is used, which belongs to libpsl */
    char *version;
    guint asked;
    Names rules;   /* whole names */
    Names parents; /* of rules that begin with "*." what follows it */
};

static gboolean load_file(Suffix *suffix, const char *path)
{
    g_autofree char *bytes = NULL;
    gsize length;
    guint8 digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    if (!path || !g_file_get_contents(path, &bytes, &length, NULL))
        return FALSE;
    suffix->loaded = psl_load_file(path);
    if (!suffix->loaded)
        return FALSE;
    sha256_digest(bytes, length, digest);
    suffix->version = g_strdup_printf("libpsl %s, %s, sha256 %.*s", psl_get_version(), path,
                                      CHECKSUM_DIGITS, sha256_hex(digest, hex));
    return TRUE;
}

Suffix *suffix_new(void)
{
    Suffix *suffix = g_new0(Suffix, 1);
    if (!load_file(suffix, psl_dist_filename()))
        suffix->version = g_strdup_printf("libpsl %s, built in, sha1 %.*s", psl_get_version(),
                                          CHECKSUM_DIGITS, psl_builtin_sha1sum());
    return suffix;
}

void suffix_free(Suffix *suffix)
{
    if (!suffix)
        return;
    psl_free(suffix->loaded);
    g_free(suffix->rules.words);
    g_free(suffix->parents.words);
    g_free(suffix->version);
    g_free(suffix);
}

/* Of a name's length and its last eight bytes, which tell apart what rules name from nearly all
 * else. */
static guint64 name_key(const char *name, gsize length)
{
    guint64 word = 0;
    if (length >= sizeof(word))
        memcpy(&word, name + length - sizeof(word), sizeof(word));
    else
        memcpy(&word, name, length);
    return key_mix(word ^ FILTER_SEED, (length + 1) * G_GUINT64_CONSTANT(0x8ebc6af09c88c6e3));
}

static void add_name(Names *names, const char *text, gsize length)
{
    char name[OBSERVABLE_DOMAIN_MAX + 1];
    /* What is no canonical name itself, nobody asks for. */
    length = observable_domain_canonical(text, length, 1, name);
    if (length > 0)
        filter_add(names->words, names->count, name_key(name, length));
}

static gboolean may_be_named(const Names *names, const char *name, gsize length)
{
    const Filter filter = {names->words, names->count};
    return filter_has(&filter, name_key(name, length));
}

static void init_names(Names *names, gsize bytes)
{
    /* Lines have some 16 bytes: twice the words that the filter's rate asks for. */
    names->count = (guint32)(bytes / 32 + 1);
    names->words = g_new0(guint64, names->count);
}

/* The list's text: publicsuffix.org/list, "Format". A rule ends with its line or at white space. */
static void add_rules(Suffix *suffix, const char *text, gsize length)
{
    init_names(&suffix->rules, length);
    init_names(&suffix->parents, length);
    for (const char *end = text + length; text < end;) {
        const char *newline = memchr(text, '\n', (gsize)(end - text));
        const char *next = newline ? newline + 1 : end;
        gsize rule = 0;
        while (text + rule < next && !g_ascii_isspace(text[rule]))
            rule++;
        gboolean parent = rule > 2 && strncmp(text, "*.", 2) == 0;
        if (parent) { /* which libpsl takes for a suffix itself, too */
            add_name(&suffix->parents, text + 2, rule - 2);
            add_name(&suffix->rules, text + 2, rule - 2);
        } else if (rule > 0 && *text != '/' && *text != '!') /* a comment, or an exception */
            add_name(&suffix->rules, text, rule);
        text = next;
    }
}

/* Debian's package has the list as text beside the file for libpsl, made of it. */
static void read_rules(Suffix *suffix)
{
    const char *path = psl_dist_filename();
    g_autofree char *text = NULL;
    gsize length;

    if (!suffix->loaded || !path || !g_str_has_suffix(path, ".dafsa"))
        return;
    g_autoptr(GString) beside = g_string_new(path);
    g_string_truncate(beside, beside->len - strlen(".dafsa"));
    g_string_append(beside, ".dat");
    if (g_file_get_contents(beside->str, &text, &length, NULL) && strstr(text, "\ncom\n"))
        add_rules(suffix, text, length);
}

/* A name is a suffix when a rule names it, or all that is right below its parent; or when it has
 * only one label. */
static gboolean may_be_public(Suffix *suffix, const char *domain)
{
    gsize length = strlen(domain);
    const char *dot = memchr(domain, '.', length);

    if (suffix->asked < ASKED_MIN && ++suffix->asked == ASKED_MIN)
        read_rules(suffix);
    return !suffix->rules.words || !dot || may_be_named(&suffix->rules, domain, length) ||
           may_be_named(&suffix->parents, dot + 1, length - (gsize)(dot + 1 - domain));
}

gboolean suffix_is_public(Suffix *suffix, const char *domain)
{
    const psl_ctx_t *list = suffix->loaded ? suffix->loaded : psl_builtin();
    if (!may_be_public(suffix, domain))
        return FALSE;
    /* The rule "*" makes a suffix of every name of one label, whether anybody has it or not. */
    return list && psl_is_public_suffix(list, domain);
}

const char *suffix_version(const Suffix *suffix)
{
    return suffix->version;
}
