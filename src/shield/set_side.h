/* set_side.h - what is known of indicators, read from a set's file when a hit asks for it. Private
 * to set*.c.
 *
 * A scan would make all of it resident that lies near any hit, were it read where it is mapped: the
 * system brings 64 KB and more around each byte that is touched. And a file that was cut meanwhile
 * is an error here, not the end of the process. The last records are kept. */
#pragma once

#include "base/error.h"
#include "shield/set_file.h"

typedef struct SetSide SetSide;

/* Takes @fd over, the file of @header, which was checked. */
SetSide *set_side_new(int fd, const SetFileHeader *header);
void set_side_free(SetSide *side);

typedef struct {
    SetFileIndicator file;
    char *id, *name; /* NULL: none */
} SetSideRecord;

void set_side_clear(SetSideRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SetSideRecord, set_side_clear)

/* Reads what is known of the indicator @number, which there is. When the file cannot be read,
 * FALSE: set_side_failed() says why. */
gboolean set_side_read(SetSide *side, guint32 number, SetSideRecord *ret_record);

/* TRUE, and the first error, when something could not be read. */
gboolean set_side_failed(SetSide *side, GError **error);

/* The SHA-256 of the file from @offset to @end. */
gboolean set_side_digest(const SetSide *side, guint64 offset, guint64 end,
                         guint8 ret_digest[SHA256_SIZE], GError **error);
