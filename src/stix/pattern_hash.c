#include "stix/pattern_hash.h"

#include <string.h>

#define LONGEST_NAME 16

/* The hash-algorithm-ov of STIX 2.0 and 2.1 (2.1 section 10.7), names in capitals without hyphens.
 */
static const struct {
    const char *name;
    guint hex_digits; /* 0: not hex */
    ObservableKind kind;
} algorithms[] = {
    {"MD5", 32, OBSERVABLE_MD5},        {"SHA1", 40, OBSERVABLE_SHA1},
    {"SHA256", 64, OBSERVABLE_SHA256},  {"SHA512", 128, OBSERVABLE_SHA512},
    {"SHA224", 56, OBSERVABLE_NONE},    {"SHA384", 96, OBSERVABLE_NONE},
    {"SHA3224", 56, OBSERVABLE_NONE},   {"SHA3256", 64, OBSERVABLE_NONE},
    {"SHA3384", 96, OBSERVABLE_NONE},   {"SHA3512", 128, OBSERVABLE_NONE},
    {"RIPEMD160", 40, OBSERVABLE_NONE}, {"WHIRLPOOL", 128, OBSERVABLE_NONE},
    {"MD6", 0, OBSERVABLE_NONE},        {"SSDEEP", 0, OBSERVABLE_NONE},
};

/* Index into algorithms, or -1. */
static int find_algorithm(const char *name)
{
    char plain[LONGEST_NAME];
    gsize length = 0;
    for (; *name; name++) {
        if (*name == '-')
            continue;
        if (length == sizeof plain - 1)
            return -1;
        plain[length++] = g_ascii_toupper(*name);
    }
    plain[length] = '\0';
    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        if (strcmp(algorithms[i].name, plain) == 0)
            return (int)i;
    }
    return -1;
}

static gboolean is_hex(const char *value, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isxdigit(value[i]))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_ssdeep(const char *value, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isalnum(value[i]) && !strchr("/+:.", value[i]))
            return FALSE;
    }
    return length >= 1 && length <= 128;
}

/* MD6's length is chosen by its user, up to 512 bits; these are the ones in use. */
static gboolean is_md6(const char *value, gsize length)
{
    static const guint lengths[] = {32, 40, 56, 64, 96, 128};
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        if (length == lengths[i])
            return is_hex(value, length);
    }
    return FALSE;
}

gboolean pattern_hash_fits(const char *name, const char *value, gsize length)
{
    int found = find_algorithm(name);
    if (found < 0)
        return TRUE;
    if (algorithms[found].hex_digits > 0)
        return length == algorithms[found].hex_digits && is_hex(value, length);
    return algorithms[found].name[0] == 'M' ? is_md6(value, length) : is_ssdeep(value, length);
}

ObservableKind pattern_hash_kind(const char *name)
{
    int found = find_algorithm(name);
    return found < 0 ? OBSERVABLE_NONE : algorithms[found].kind;
}
