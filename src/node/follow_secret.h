/* follow_secret.h - the passwords and tokens of followed sources: a file each, NODE/secrets/NAME,
 * mode 0600. They are in no backup, no log and not in the database. */
#pragma once

#include "base/error.h"

/* Makes or replaces the secret of the source @name (see followed_check_name()) of the node in
 * @directory. CONCERT_ERROR_INPUT when @secret is empty or not one line. */
gboolean follow_secret_write(const char *directory, const char *name, const char *secret,
                             GError **error);

/* Free with seal_secret_free(). CONCERT_ERROR_DENIED when there is none or others may read it. */
char *follow_secret_read(const char *directory, const char *name, GError **error);

/* That there is none is fine. */
void follow_secret_remove(const char *directory, const char *name);
