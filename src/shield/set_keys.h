/* set_keys.h - fills the filters (filter.h) of a set that is being built. Private to set_*.c. */
#pragma once

#include "shield/set_writer.h"

typedef struct SetKeys SetKeys;

SetKeys *set_keys_new(guint64 seed);
void set_keys_free(SetKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SetKeys, set_keys_free)

/* Adds the keys of a value of a table of one width. */
void set_keys_add_bytes(SetKeys *keys, SetFileTable table, const guint8 *bytes);

/* Adds the keys of a text, before which KEY_WINDOW bytes can be read. */
void set_keys_add_text(SetKeys *keys, SetFileTable table, const char *text, gsize length);

/* Writes the parts from SET_PART_NAME2 to SET_PART_V6_LENGTHS. */
void set_keys_write(SetKeys *keys, SetWriter *writer);
