#include "ledger/origin.h"

#include <string.h>

#include "ledger/line.h"

#define WORD "/ledger"

/* Takes @origin apart: where the node's name ends, and which of its ledgers it is. */
static gboolean split(const char *origin, gsize *ret_node, guint64 *ret_number)
{
    const char *slash = strrchr(origin, '/');
    guint64 number = 1;
    if (!slash || slash == origin || !g_str_has_prefix(slash, WORD) ||
        memchr(origin, '/', (gsize)(slash - origin)))
        return FALSE;
    const char *rest = slash + strlen(WORD);
    if (*rest != '\0' &&
        (*rest != '-' || !line_number(rest + 1, strlen(rest + 1), ORIGIN_NUMBER_MAX, &number) ||
         number < 2))
        return FALSE;
    *ret_node = (gsize)(slash - origin);
    *ret_number = number;
    return TRUE;
}

char *origin_node(const char *origin)
{
    gsize node;
    guint64 number;
    return split(origin, &node, &number) ? g_strndup(origin, node) : NULL;
}

guint64 origin_number(const char *origin)
{
    gsize node;
    guint64 number;
    return split(origin, &node, &number) ? number : 0;
}

char *origin_next(const char *origin)
{
    gsize node;
    guint64 number;
    if (!split(origin, &node, &number) || number == ORIGIN_NUMBER_MAX)
        return NULL;
    return g_strdup_printf("%.*s" WORD "-%" G_GUINT64_FORMAT, (int)node, origin, number + 1);
}
