/* follow_reading.h - how a followed list is read: the options of `concert import` that go with it,
 * as the JSON text that store/followed.h keeps. */
#pragma once

#include <yyjson.h>

#include "intake/intake.h"

/* The object's members are format, columns, confidence, tlp and kind, named as the options of
 * `concert import`; all may be missing, and @text may be NULL. *ret_doc, which may be NULL, has the
 * texts that the options borrow; free it after them. CONCERT_ERROR_INPUT when it is no such
 * object. */
gboolean follow_reading_parse(const char *text, IntakeOptions *ret_options, yyjson_doc **ret_doc,
                              GError **error);

/* NULL when nothing is said. Caller frees. */
char *follow_reading_format(const IntakeOptions *options);
