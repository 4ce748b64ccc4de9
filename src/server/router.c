#include "server/router.h"

#include <string.h>

#include "server/taxii_filter.h"

void router_match_clear(RouterMatch *match)
{
    for (guint i = 0; i < ROUTER_MAX_VALUES; i++)
        g_clear_pointer(&match->values[i], g_free);
}

/* Moves *@cursor behind the next segment and the slashes after it. */
static const char *next_segment(const char **cursor, gsize *ret_length)
{
    const char *segment = *cursor;
    *ret_length = strcspn(segment, "/?");
    *cursor = segment + *ret_length + (segment[*ret_length] == '/');
    return segment;
}

static gboolean at_end(const char *cursor)
{
    return *cursor == '\0' || *cursor == '?';
}

/* Takes the value of a variable; FALSE when it cannot be one. */
static gboolean take_value(RouterMatch *match, guint *count, const char *segment, gsize length)
{
    g_autofree char *value = length > 0 ? taxii_filter_decode(segment, length) : NULL;
    if (!value || strchr(value, '/') || *count == ROUTER_MAX_VALUES)
        return FALSE;
    match->values[(*count)++] = g_steal_pointer(&value);
    return TRUE;
}

/* Takes all that is left of the path. */
static gboolean take_rest(RouterMatch *match, guint *count, const char *segment)
{
    gsize length = strcspn(segment, "?");
    if (length == 0 || *count == ROUTER_MAX_VALUES)
        return FALSE;
    match->values[(*count)++] = g_strndup(segment, length);
    return TRUE;
}

gboolean router_fits(const char *template, const char *path, RouterMatch *ret_match)
{
    RouterMatch match = {{NULL}};
    guint count = 0;
    gboolean fits = *template == '/' && *path == '/';
    if (fits) {
        template ++;
        path++;
    }
    while (fits && !(at_end(template) && at_end(path))) {
        gsize wanted_length, length;
        fits = !at_end(template) && !at_end(path);
        if (!fits)
            break;
        const char *wanted = next_segment(&template, &wanted_length);
        const char *segment = next_segment(&path, &length);
        if (wanted_length > 1 && wanted[wanted_length - 2] == '+') {
            fits = take_rest(&match, &count, segment);
            break;
        }
        if (*wanted == '{')
            fits = take_value(&match, &count, segment, length);
        else
            fits = length == wanted_length && memcmp(wanted, segment, length) == 0;
    }
    if (fits)
        *ret_match = match;
    else
        router_match_clear(&match);
    return fits;
}
