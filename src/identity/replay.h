/* replay.h - what keeps a signed request (httpsig.h) from being accepted twice.
 *
 * Each request has a nonce; the nonces that a key used are remembered as long as httpsig_verify()
 * would accept the request again, which is until @window_us after it was created. What is
 * remembered of a key is bounded: when it has sent more, the oldest are forgotten, and whatever was
 * created before the newest forgotten one, or in the same second, is refused. So nothing is
 * accepted twice, whatever a peer sends; and what a peer sends too much costs only itself, for no
 * key takes the place of another.
 *
 * Guaranteed: while a Replay lives, no request is accepted twice. It lives no longer than its
 * process: a request from before a start could be accepted once more until @window_us after it was
 * created. Requests of the exchange change nothing when they are made a second time, so that does
 * no harm; and refusing all that was created before the start would lock out every peer whose clock
 * is behind, for as long as it is behind.
 *
 * Threads may share a Replay. */
#pragma once

#include <glib.h>

#include "base/error.h"

#define REPLAY_NONCE_SIZE 16

typedef struct {
    gint64 window_us;  /* as @max_skew_us of httpsig_verify() */
    guint max_keys;    /* 0: 4096 */
    guint max_per_key; /* nonces; 0: 4096, of 24 bytes each */
} ReplayOptions;

typedef struct Replay Replay;

Replay *replay_new(const ReplayOptions *options);
void replay_free(Replay *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Replay, replay_free)

/* Remembers a request that httpsig_verify() found genuine: only such may come here, or others could
 * fill what a key has. CONCERT_ERROR_DENIED when it was seen before or might have been,
 * CONCERT_ERROR_BUSY when there are too many keys, or of one key too many requests that are newer;
 * nothing is remembered then. */
gboolean replay_accept(Replay *replay, const char *keyid, const guint8 nonce[REPLAY_NONCE_SIZE],
                       gint64 created_us, gint64 now_us, GError **error);
