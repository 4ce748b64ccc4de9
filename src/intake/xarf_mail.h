/* xarf_mail.h - X-ARF in mails: version 0.2, whose report is a part of "Name: value" lines, and
 * later ones, whose report is a JSON file; the lines of version 0.2 may also come alone. */
#pragma once

#include "intake/finding_maker.h"

gboolean xarf_mail_read(Stream *stream, FindingMaker *maker, GError **error);
