/* detect.h - what an input is, told from its beginning and never from its name. */
#pragma once

#include "intake/intake.h"

typedef struct {
    IntakeFormat format;
    char *why; /* "STIX 2.1 bundle", "list, mostly ipv4 (48 of 50 lines looked at)"; for INTAKE_NONE
                  what is wrong with it */
} Detection;

void detect_clear(Detection *detection);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Detection, detect_clear)

/* Looks at up to 64 KiB of @stream without consuming them. Fails when the stream does, or the
 * options' column mapping does not fit. */
gboolean detect_format(Stream *stream, const IntakeOptions *options, Detection *ret_detection,
                       GError **error);
