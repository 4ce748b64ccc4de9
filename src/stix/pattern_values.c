#include "stix/pattern_values.h"

#include <string.h>

#include "stix/pattern_hash.h"

/* Properties that hold an observable of one kind wherever they stand. Names in lower case without
 * hyphens and underscores. */
static const struct {
    const char *name;
    ObservableKind kind;
} named_properties[] = {
    {"ja3", OBSERVABLE_JA3},
    {"ja3fp", OBSERVABLE_JA3},
    {"ja3hash", OBSERVABLE_JA3},
    {"ja3digest", OBSERVABLE_JA3},
    {"ja3md5", OBSERVABLE_JA3},
    {"ja3fingerprint", OBSERVABLE_JA3},
    {"ja3fingerprintmd5", OBSERVABLE_JA3},
    {"ja4", OBSERVABLE_JA4},
    {"ja4fp", OBSERVABLE_JA4},
    {"ja4hash", OBSERVABLE_JA4},
    {"ja4fingerprint", OBSERVABLE_JA4},
};

/* Object types whose `value` is an observable. */
static const struct {
    const char *type;
    ObservableKind kind;
} valued_types[] = {
    {"ipv4-addr", OBSERVABLE_IPV4},     {"ipv6-addr", OBSERVABLE_IPV6},
    {"domain-name", OBSERVABLE_DOMAIN}, {"url", OBSERVABLE_URL},
    {"email-addr", OBSERVABLE_EMAIL},
};

static ObservableKind kind_of_name(const char *name)
{
    char plain[24];
    gsize length = 0;
    for (; *name; name++) {
        if (*name == '-' || *name == '_')
            continue;
        if (length == sizeof plain - 1)
            return OBSERVABLE_NONE;
        plain[length++] = g_ascii_tolower(*name);
    }
    plain[length] = '\0';
    if (!g_str_has_prefix(plain, "ja"))
        return OBSERVABLE_NONE;
    for (gsize i = 0; i < G_N_ELEMENTS(named_properties); i++) {
        if (strcmp(named_properties[i].name, plain) == 0)
            return named_properties[i].kind;
    }
    return OBSERVABLE_NONE;
}

static ObservableKind kind_of_type(const char *type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(valued_types); i++) {
        if (strcmp(valued_types[i].type, type) == 0)
            return valued_types[i].kind;
    }
    return OBSERVABLE_OTHER;
}

/* "src_ref", "to_refs": the object it leads to may be of several types. */
static gboolean is_reference(const char *name)
{
    return g_str_has_suffix(name, "_ref") || g_str_has_suffix(name, "_refs");
}

/* What the path of @test holds. OBSERVABLE_NONE: an address, a domain, a URL or an e-mail address,
 * whatever its looks say. *ret_type: it is a type property, not a value. */
static ObservableKind kind_of_path(const PatternTest *test, gboolean *ret_type)
{
    const char *last = "", *before = NULL;
    gboolean hashes = FALSE;
    for (const PatternStep *step = test->steps; step; step = step->next) {
        if (step->kind != PATTERN_STEP_NAME)
            continue;
        hashes |= strcmp(step->name, "hashes") == 0;
        before = step == test->steps ? NULL : last;
        last = step->name;
    }
    *ret_type = strcmp(last, "type") == 0;
    ObservableKind kind = hashes ? pattern_hash_kind(last) : kind_of_name(last);
    if (kind != OBSERVABLE_NONE)
        return kind;
    if (strcmp(last, "value") == 0 && !before)
        return kind_of_type(test->type);
    if (strcmp(last, "value") == 0 && is_reference(before))
        return OBSERVABLE_NONE;
    if (strcmp(last, "url") == 0 &&
        (strcmp(test->type, "artifact") == 0 || (before && is_reference(before))))
        return OBSERVABLE_URL;
    return OBSERVABLE_OTHER;
}

/* The kind that a value behind a reference has by its looks. */
static char *normalise_by_looks(const char *text, gsize length, ObservableKind *ret_kind)
{
    char *canonical = observable_normalise(OBSERVABLE_IPV4, text, length, ret_kind);
    if (canonical)
        return canonical;
    *ret_kind = strstr(text, "://") ? OBSERVABLE_URL
                : strchr(text, '@') ? OBSERVABLE_EMAIL
                                    : OBSERVABLE_DOMAIN;
    return observable_normalise(*ret_kind, text, length, NULL);
}

void pattern_values_of_test(const PatternTest *test, PatternValue value, void *user)
{
    gboolean subset = test->comparator == PATTERN_ISSUBSET;
    if (test->negated ||
        (test->comparator != PATTERN_EQUAL && test->comparator != PATTERN_IN && !subset))
        return;
    gboolean type;
    ObservableKind expected = kind_of_path(test, &type);
    if (type)
        return;
    for (const PatternLiteral *literal = test->values; literal; literal = literal->next) {
        if (literal->kind != PATTERN_STRING || literal->length == 0 ||
            literal->length > OBSERVABLE_MAX_LENGTH)
            continue;
        ObservableKind kind = subset ? OBSERVABLE_CIDR : expected;
        g_autofree char *canonical = NULL;
        if (kind == OBSERVABLE_NONE)
            canonical = normalise_by_looks(literal->text, literal->length, &kind);
        else if (kind != OBSERVABLE_OTHER)
            canonical = observable_normalise(kind, literal->text, literal->length, &kind);
        value(user, canonical ? kind : OBSERVABLE_OTHER, canonical ? canonical : literal->text);
    }
}
