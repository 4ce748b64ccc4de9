/* late_archive.h - libarchive, loaded when the first archive is read or written (late.h). */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "base/late.h"

#define LATE_ARCHIVE_FUNCTIONS(F)                                                                  \
    F(archive_, entry_filetype)                                                                    \
    F(archive_, entry_free)                                                                        \
    F(archive_, entry_new)                                                                         \
    F(archive_, entry_pathname)                                                                    \
    F(archive_, entry_pathname_utf8)                                                               \
    F(archive_, entry_set_filetype)                                                                \
    F(archive_, entry_set_mtime)                                                                   \
    F(archive_, entry_set_pathname)                                                                \
    F(archive_, entry_set_perm)                                                                    \
    F(archive_, entry_set_size)                                                                    \
    F(archive_, error_string)                                                                      \
    F(archive_, read_data)                                                                         \
    F(archive_, read_free)                                                                         \
    F(archive_, read_new)                                                                          \
    F(archive_, read_next_header)                                                                  \
    F(archive_, read_open)                                                                         \
    F(archive_, read_support_format_zip_streamable)                                                \
    F(archive_, set_error)                                                                         \
    F(archive_, write_close)                                                                       \
    F(archive_, write_data)                                                                        \
    F(archive_, write_free)                                                                        \
    F(archive_, write_header)                                                                      \
    F(archive_, write_new)                                                                         \
    F(archive_, write_open_fd)                                                                     \
    F(archive_, write_set_format_zip)                                                              \
    F(archive_, write_set_options)                                                                 \
    F(archive_, write_set_passphrase)

LATE_DECLARE(extern, late_archive, LateArchive, LATE_ARCHIVE_FUNCTIONS)
