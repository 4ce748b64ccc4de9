/* finding_text.h - findings of lists, logs and prose: whatever in a line is an address, a prefix, a
 * URL, an e-mail address or a name, defanged or not; a hash where the line begins with it. */
#pragma once

#include "intake/finding_maker.h"

gboolean finding_text_read(Stream *stream, FindingMaker *maker, GError **error);
