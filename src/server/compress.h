/* compress.h - gzip and zstd for answers, at the fast level: the line is to be saved, not the
 * processor spent. */
#pragma once

#include "server/negotiate.h"

/* Below this many bytes compressing is not worth it. */
#define COMPRESS_MIN 1024

/* Compresses @head followed by @body (@head_length may be 0). Returns the bytes, to be freed with
 * g_free(), or NULL when it would not become smaller. */
char *compress_joined(NegotiateCoding coding, const char *head, gsize head_length, const char *body,
                      gsize body_length, gsize *ret_length);
