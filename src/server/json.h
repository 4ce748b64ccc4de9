/* json.h - writing JSON text without building it first, for answers with many entries. */
#pragma once

#include <glib.h>

/* Appends @text, which is UTF-8, in quotes, with what JSON wants escaped. */
void json_append_string(GString *json, const char *text);

/* Appends @us as TAXII writes timestamps: in quotes, with six digits (section 2). */
void json_append_time(GString *json, gint64 us);
