/* observable_refang.h - undoes defanging: "hxxp://www[.]alder[.]example" and the like. */
#pragma once

#include <glib.h>

/* The plain form of the one token @text, or NULL when nothing in it is defanged. What stands after
 * the host is touched only when the scheme or the host was defanged, so that a path that happens to
 * contain "(.)" stays as it is. Never longer than @text plus one. Caller frees. */
char *observable_refang(const char *text, gsize length, gsize *ret_length);

/* The length of the defanged separator ("[.]", "(dot)", "[://]", "[@]", ...) that @text begins
 * with, and in *ret_plain what it stands for (static text); 0 when it begins with none. */
gsize observable_refang_separator(const char *text, gsize length, const char **ret_plain);
