/* config.h - reads concert.conf, an INI file, against the table of settings (node/settings.h).
 *
 *   # a comment stands on a line of its own
 *   [section]
 *   name = value
 *   name = "value with # or ; or blanks at its ends"
 *
 * The reader knows lines: whatever it does not understand is an error that names the file, the line
 * and what is allowed. A section and a setting may be given once; a setting that is not given has
 * its default. The file is UTF-8 of at most 1 MiB. */
#pragma once

#include "base/error.h"
#include "node/settings.h"

typedef struct Config Config;

/* Every setting at its default; relative paths are relative to @directory. */
Config *config_new(const char *directory);

/* Reads @text, called @filename in messages. Every problem is appended to @problems (elements
 * char *, "concert.conf:12: [server] threads = 900: must be a whole number from 1 to 64"). Returns
 * what was understood; never NULL. */
Config *config_parse(const char *directory, const char *filename, const char *text, gsize length,
                     GPtrArray *problems);

/* Reads the file @path. Fails with CONCERT_ERROR_INPUT when it has problems, all of them in the
 * message, one a line; CONCERT_ERROR_NOT_FOUND when there is none. */
Config *config_load(const char *path, GError **error);

/* Reads the concert.conf of the node in @directory, likewise. */
Config *config_load_node(const char *directory, GError **error);

void config_free(Config *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* Values. The setting must be of the type the getter is for. What is returned belongs to @config.
 */

/* SETTING_STRING, SETTING_HOSTNAME; NULL when not set and without default. */
const char *config_string(const Config *config, SettingId id);

/* SETTING_PATH, made absolute; NULL when not set and without default. */
const char *config_path(const Config *config, SettingId id);

gint64 config_int(const Config *config, SettingId id);

/* SETTING_SIZE, in bytes. */
guint64 config_size(const Config *config, SettingId id);

/* SETTING_DURATION, in seconds. */
guint config_duration(const Config *config, SettingId id);

/* Reads @text as a SETTING_DURATION from 1 to @max seconds is written. */
gboolean config_read_duration(const char *text, guint max, guint *ret_seconds);

/* The same of a SETTING_SIZE: 1 to @max bytes. */
gboolean config_read_size(const char *text, guint64 max, guint64 *ret_bytes);

gboolean config_bool(const Config *config, SettingId id);

/* SETTING_ENUM: the index in the setting's `allowed`. */
guint config_enum(const Config *config, SettingId id);

typedef struct {
    char host[46]; /* numeric, without brackets */
    guint16 port;
    gboolean ipv6;
    gboolean loopback;
} ConfigAddress;

/* SETTING_ADDRESSES. */
const ConfigAddress *config_addresses(const Config *config, SettingId id, guint *ret_count);

/* The value as text, of any type; NULL when not set and without default. */
const char *config_text(const Config *config, SettingId id);

/* The line that sets it, or 0 for a default. */
guint config_line(const Config *config, SettingId id);
