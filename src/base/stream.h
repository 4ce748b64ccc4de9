/* stream.h - reading files, pipes and memory, decompressing gzip, bzip2, zstd and
 * xz on the way.
 *
 * The compression is told from the first bytes, never from the name. A stream that unpacks to more
 * than STREAM_MAX_RATIO times what was read fails with CONCERT_ERROR_LIMIT (after a grace of 64
 * MiB, below which nobody is hurt), and a compressed stream inside a compressed stream is unpacked
 * once more but no deeper. */
#pragma once

#include <glib.h>

#include "base/error.h"

#define STREAM_MAX_RATIO 100

typedef struct Stream Stream;

/* Opens a file ("-": standard input). */
Stream *stream_open(const char *path, GError **error);

/* Takes over an open file descriptor, closed with the stream. */
Stream *stream_from_fd(int fd, GError **error);

/* Reads from memory, which must outlive the stream. */
Stream *stream_from_memory(const void *data, gsize length);

/* Gives up to @size bytes as stream_read() does. */
typedef gboolean (*StreamSource)(gpointer user, void *buffer, gsize size, gsize *ret_read,
                                 GError **error);

/* Reads what @source gives; @free_user (may be NULL) is called with the end of the stream. With
 * @plain nothing is unpacked, whatever it looks like. */
Stream *stream_from_source(StreamSource source, gpointer user, GDestroyNotify free_user,
                           gboolean plain);

/* A read that waits for bytes of a file descriptor finds the end, too, when @fd becomes readable.
 */
void stream_set_wake(Stream *stream, int fd);

/* Has stream_progress() tell that of @under, which must outlive it. */
void stream_set_under(Stream *stream, const Stream *under);

/* Reads up to @size bytes; *ret_read 0 means the end. */
gboolean stream_read(Stream *stream, void *buffer, gsize size, gsize *ret_read, GError **error);

/* Makes at least @wanted unread bytes available without consuming them (fewer at the end of the
 * input; at most 1 MiB): for telling formats. *ret_data lives until the next call. */
gboolean stream_peek(Stream *stream, gsize wanted, const char **ret_data, gsize *ret_length,
                     GError **error);

/* For who reads a plain file itself, at several places at once: its descriptor, and the offset of
 * what has not been read from the stream. FALSE when the stream is anything but a file that
 * stream_open() opened, or nothing was read or peeked: of standard input others go on where it was
 * left. From then on nothing is read from the stream; what is read of the file is counted with
 * stream_count(), from any thread. */
gboolean stream_place(Stream *stream, int *ret_fd, guint64 *ret_offset);

void stream_count(Stream *stream, gsize length);

/* Says that reading the file failed with @errnum; returns FALSE. */
gboolean stream_fail_reading(const Stream *stream, int errnum, GError **error);

/* Bytes taken from the underlying file so far, and its size (0 when unknown), for progress. From
 * any thread. */
void stream_progress(const Stream *stream, guint64 *ret_done, guint64 *ret_total);

/* "gzip", "bzip2", "zstd", "xz", or NULL when plain; known after the first read or peek. */
const char *stream_compression(const Stream *stream);

void stream_close(Stream *stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_close)
