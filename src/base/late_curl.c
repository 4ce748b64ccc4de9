#include "base/late_curl.h"

LATE_DEFINE(late_curl, LateCurl, LATE_CURL_FUNCTIONS, LATE_SONAME_CURL, "libcurl3-gnutls", "http",
            "requests to other nodes and sources, and mail", "required")
