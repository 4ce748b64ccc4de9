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

static void set_valist(GError **error, ConcertError code, const char *format, va_list arguments)
    G_GNUC_PRINTF(3, 0);

static void set_valist(GError **error, ConcertError code, const char *format, va_list arguments)
{
    if (error)
        g_propagate_error(error, g_error_new_valist(CONCERT_ERROR, (gint)code, format, arguments));
}

gboolean error_set(GError **error, ConcertError code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_valist(error, code, format, arguments);
    va_end(arguments);
    return FALSE;
}

gboolean error_input(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_valist(error, CONCERT_ERROR_INPUT, format, arguments);
    va_end(arguments);
    return FALSE;
}

gboolean error_denied(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_valist(error, CONCERT_ERROR_DENIED, format, arguments);
    va_end(arguments);
    return FALSE;
}

gpointer error_input_null(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_valist(error, CONCERT_ERROR_INPUT, format, arguments);
    va_end(arguments);
    return NULL;
}
