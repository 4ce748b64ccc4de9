/* profile_files.h - the legal profiles (dossier/profile.h) that a node's owner put in: files
 * profiles/NAME.json in the node's directory. Without any every request is voluntary. */
#pragma once

#include "dossier/profile.h"

/* All of them by name; elements: Profile *. One that cannot be read is an error that names it.
 * Caller frees. */
GPtrArray *profile_files_list(const char *directory, GError **error);

/* One of them. CONCERT_ERROR_NOT_FOUND if there is none of that name. */
Profile *profile_files_load(const char *directory, const char *name, GError **error);

/* Puts one in, in the place of one of its name. */
gboolean profile_files_put(const char *directory, const char *text, gsize length, GError **error);

/* Takes one away. CONCERT_ERROR_NOT_FOUND if there is none of that name. */
gboolean profile_files_remove(const char *directory, const char *name, GError **error);
