#include "shield/hit_port.h"

#include <string.h>

#include "stix/pattern.h"

/* --- From patterns to sets ------------------------------------------------------------------- */

static const PatternNode *unwrap(const PatternNode *node)
{
    while (node->kind == PATTERN_GROUP && !node->qualifiers)
        node = node->children;
    return node;
}

static gboolean is_port(const PatternTest *test)
{
    return strcmp(test->type, "network-traffic") == 0 && test->steps->kind == PATTERN_STEP_NAME &&
           !test->steps->next &&
           (strcmp(test->steps->name, "dst_port") == 0 ||
            strcmp(test->steps->name, "src_port") == 0);
}

static guint16 port_of_tests(const PatternNode *node)
{
    guint16 port = 0;

    for (; node; node = node->next) {
        const PatternNode *inner = unwrap(node);
        if (inner->kind != PATTERN_TEST)
            return 0;
        const PatternTest *test = inner->test;
        if (!is_port(test))
            continue;
        if (port != 0 || test->negated || test->comparator != PATTERN_EQUAL ||
            test->values->kind != PATTERN_INTEGER || test->values->integer < 1 ||
            test->values->integer > G_MAXUINT16)
            return 0;
        port = (guint16)test->values->integer;
    }
    return port;
}

guint16 hit_port_of_pattern(const char *pattern, gsize length)
{
    if (!memmem(pattern, length, "_port", 5))
        return 0;
    g_autoptr(Pattern) parsed = pattern_parse(pattern, length, NULL);
    const PatternNode *node = parsed ? unwrap(pattern_root(parsed)) : NULL;
    if (!node || node->kind != PATTERN_OBSERVATION || node->qualifiers)
        return 0;
    node = unwrap(node->children);
    return node->kind == PATTERN_AND ? port_of_tests(node->children) : 0;
}

/* What no name of an indicator has to begin with. */
#define MARK '\1'

char *hit_port_join(guint16 port, const char *name)
{
    if (port == 0 && (!name || name[0] != MARK))
        return NULL;
    return g_strdup_printf("%c%u%c%s", MARK, port, MARK, name ? name : "");
}

const char *hit_port_split(const char *kept, guint16 *ret_port)
{
    char *end;

    *ret_port = 0;
    if (!kept || kept[0] != MARK || !g_ascii_isdigit(kept[1]))
        return kept;
    guint64 port = g_ascii_strtoull(kept + 1, &end, 10);
    if (*end != MARK || port > G_MAXUINT16)
        return kept;
    *ret_port = (guint16)port;
    return end[1] != '\0' ? end + 1 : NULL;
}

/* --- Hits ------------------------------------------------------------------------------------ */

/* ":8080" behind an address or a name, which may stand in brackets and be defanged; 0: nothing that
 * must be a port. */
static guint read_port(const char *text, gsize left)
{
    gsize at = left > 0 && text[0] == ']';
    guint port = 0;

    if (left - at >= 3 &&
        (memcmp(text + at, "[:]", 3) == 0 || g_ascii_strncasecmp(text + at, "%3a", 3) == 0))
        at += 3;
    else if (left > at && (text[at] == ':' || text[at] == '#'))
        at++;
    else
        return 0;
    gsize start = at;
    while (at < left && at - start < 6 && g_ascii_isdigit(text[at]))
        port = port * 10 + (guint)(text[at++] - '0');
    /* A time, a line's number, a longer word. */
    if (at < left &&
        (g_ascii_isalnum(text[at]) || text[at] == ':' || text[at] == '-' || text[at] == '_'))
        return 0;
    if (at + 1 < left && text[at] == '.' && g_ascii_isdigit(text[at + 1]))
        return 0;
    return port <= G_MAXUINT16 ? port : 0;
}

static gboolean is_end(const ObservationEnd *end, const ObservableAddress *address)
{
    return end->known && end->port != 0 && end->address.v6 == address->v6 &&
           memcmp(end->address.bytes, address->bytes, sizeof(address->bytes)) == 0;
}

/* Has an end of the record the address, and another port? */
static gboolean is_refuted(const Observation *observation, const ScanHit *hit)
{
    ObservableAddress address;
    guint16 port = hit->value.port;

    if (!observable_address_parse(hit->seen, hit->seen_length, &address))
        return FALSE;
    gboolean source = is_end(&observation->source, &address);
    gboolean destination = is_end(&observation->destination, &address);
    return (source || destination) && !(source && observation->source.port == port) &&
           !(destination && observation->destination.port == port);
}

gboolean hit_port_fits(const ScanHit *hit, gsize left)
{
    ObservableKind kind = hit->value.kind;

    if (hit->value.port == 0 || (kind > OBSERVABLE_CIDR && kind != OBSERVABLE_DOMAIN))
        return TRUE;
    guint written = read_port(hit->seen + hit->seen_length, left);
    if (written != 0)
        return written == hit->value.port;
    return !hit->observation || !is_refuted(hit->observation, hit);
}
