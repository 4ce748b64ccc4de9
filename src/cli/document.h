/* document.h - what a command is given as FILE or URL: a card, a directory, an invitation. */
#pragma once

#include "cli/command.h"
#include "node/config.h"

/* Reads the file @what ("-": standard input), or fetches it when it is an http(s) URL; one without
 * a path stands for @well_known ("/.well-known/concert"; NULL: none) of that host. At most @max
 * bytes. Nobody's certificate is asked for: what comes has to say by its own signature whose it is.
 * @config NULL: only a file is read. Caller frees. */
char *document_read(const Config *config, const char *what, const char *well_known, gsize max,
                    gsize *ret_length, GError **error);
