/* watch_state.h - where a watcher left its files, in a file: JSON, written whole or not at all. */
#pragma once

#include "shield/watch/tail.h"

/* Files that are remembered, at most. */
#define WATCH_STATE_MAX 100000

typedef struct {
    char *path;
    TailMark mark;
} WatchStateFile;

/* Elements: WatchStateFile *, freed with it. */
GPtrArray *watch_state_new(void);

void watch_state_add(GPtrArray *files, const char *path, const TailMark *mark);

/* Reads @path; none when there is no such file yet. CONCERT_ERROR_INPUT when it is no state, naming
 * the file and what of it is wrong by its JSON path, CONCERT_ERROR_NEWER when a newer Concert made
 * it. */
GPtrArray *watch_state_read(const char *path, GError **error);

/* The same of @text; the message names no file. */
GPtrArray *watch_state_parse(const char *text, gsize length, GError **error);

/* As a text, which the caller frees. */
char *watch_state_format(const GPtrArray *files);

/* Replaces @path, durably (base/durable.h). */
gboolean watch_state_write(const char *path, const GPtrArray *files, GError **error);
