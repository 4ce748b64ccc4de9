/* stream_ahead.h - a stream that is read, and unpacked, on a thread of its own, so that whoever
 * reads it can work meanwhile. */
#pragma once

#include "base/stream.h"

/* Reads @stream, which it takes over, ahead: at most STREAM_AHEAD_CHUNKS pieces. Bytes come as soon
 * as they are there; what was read before a failure is given before it. */
Stream *stream_ahead_new(Stream *stream);

/* The same, but the caller keeps @stream, and leaves it alone until what this returns is closed. */
Stream *stream_ahead_borrow(Stream *stream);

#define STREAM_AHEAD_CHUNKS 4
#define STREAM_AHEAD_CHUNK  (256 * 1024)
