/* set_records.h - what is known of the indicators of a set that is being built, written as the side
 * of its file (set_file.h). Private to set_*.c. */
#pragma once

#include "shield/set_indicators.h"

/* The side of the file. */
typedef struct {
    SetRegion region;
    SetFilePart indicators, pool, patterns; /* from its beginning */
    guint8 digest[SHA256_SIZE];
} SetRecordsSide;

/* Takes what was gathered to pieces for it. Uses `order`, `count` and `sources` of @kept, and
 * reads its `numbers`. */
void set_records_write(SetIndicators *all, SetIndicatorsKept *kept, SetRecordsSide *ret_side);
