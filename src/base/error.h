/* error.h - the one GError domain of Concert.
 *
 * A code says what kind of failure it is, so that every edge can translate it alike: the command
 * line into an exit status, the HTTP server into a status code. The message says what is wrong and
 * where (file, line, JSON path, object id); it is written for the person who has to mend it. */
#pragma once

#include <glib.h>

typedef enum {
    CONCERT_ERROR_INPUT,     /* the caller's input is wrong: exit 2, HTTP 400 or 422 */
    CONCERT_ERROR_LIMIT,     /* a bound of size, depth, count or time was hit: exit 2, HTTP 422 */
    CONCERT_ERROR_NOT_FOUND, /* no such thing: exit 1, HTTP 404 */
    CONCERT_ERROR_DENIED,    /* not allowed: exit 2, HTTP 403 */
    CONCERT_ERROR_CONFLICT,  /* it exists already, or changed meanwhile: exit 2, HTTP 409 */
    CONCERT_ERROR_BUSY,      /* another process or too much work is in the way: exit 2, HTTP 503 */
    CONCERT_ERROR_FULL,      /* the disk is full: exit 2, HTTP 507 */
    CONCERT_ERROR_IO,        /* the system refused: exit 2, HTTP 500 */
    CONCERT_ERROR_NEWER,     /* data written by a newer version of Concert: exit 2 */
} ConcertError;

#define CONCERT_ERROR (error_quark())

GQuark error_quark(void);

/* Sets @error from errno value @errnum: "<what>: <strerror>". ENOSPC and EDQUOT become
 * CONCERT_ERROR_FULL, ENOENT becomes CONCERT_ERROR_NOT_FOUND, the rest CONCERT_ERROR_IO.
 * Returns FALSE, so that a caller can `return error_from_errno(...)`. */
gboolean error_from_errno(GError **error, int errnum, const char *what, ...) G_GNUC_PRINTF(3, 4);

/* Sets @error to a failure of the kind @code. Returns FALSE, so that a caller can
 * `return error_set(...)`. */
gboolean error_set(GError **error, ConcertError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same with CONCERT_ERROR_INPUT, which most failures are, and with CONCERT_ERROR_DENIED. */
gboolean error_input(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean error_denied(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* As error_input(), for who returns a thing: NULL. */
gpointer error_input_null(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
