/* problem.h - answers that say what is wrong, as TAXII error resources (TAXII 2.1 section 3.6.1).
 */
#pragma once

#include "base/error.h"
#include "server/reply.h"

/* An error reply with @status; @description (may be NULL) is for the person who has to mend it. */
Reply *problem_reply(guint status, const char *description);

/* What @error means to an HTTP client: its status by its code, its message as description. What is
 * the node's own trouble is not told in detail. */
Reply *problem_from_error(const GError *error);

/* 401 with the challenges. */
Reply *problem_unauthorized(const char *description);

/* @status (429 or 503) with Retry-After. */
Reply *problem_later(guint status, const char *description, guint seconds);
