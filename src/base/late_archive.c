#include "base/late_archive.h"

LATE_DEFINE(late_archive, LateArchive, LATE_ARCHIVE_FUNCTIONS, LATE_SONAME_ARCHIVE, "libarchive13",
            "archives", "ZIP archives of logs, and around attachments", "recommended")
