#include "base/error.h"

#include <errno.h>

GQuark error_quark(void)
{
    /* G_DEFINE_QUARK() would write its variable from several threads. */
    static gsize quark;
    if (g_once_init_enter(&quark))
        g_once_init_leave(&quark, g_quark_from_static_string("concert-error"));
    return (GQuark)quark;
}

gboolean error_from_errno(GError **error, int errnum, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    g_autofree char *subject = g_strdup_vprintf(what, args);
    va_end(args);

    ConcertError code = CONCERT_ERROR_IO;
    if (errnum == ENOSPC || errnum == EDQUOT)
        code = CONCERT_ERROR_FULL;
    else if (errnum == ENOENT)
        code = CONCERT_ERROR_NOT_FOUND;
    g_set_error(error, CONCERT_ERROR, code, "%s: %s", subject, g_strerror(errnum));
    return FALSE;
}
