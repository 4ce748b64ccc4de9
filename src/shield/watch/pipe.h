/* pipe.h - text that comes through a pipe, looked through as it comes, by whole lines. */
#pragma once

#include "shield/watch/tail.h"

typedef struct Pipe Pipe;

/* @fd is borrowed. */
Pipe *pipe_new(int fd);

void pipe_free(Pipe *pipe);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pipe, pipe_free)

/* Reads once, waiting when there is nothing, and looks at what is whole. TAIL_MORE until the end,
 * then TAIL_END. */
TailState pipe_look(Pipe *pipe, const TailMeans *means);
