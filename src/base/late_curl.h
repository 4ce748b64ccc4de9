/* late_curl.h - libcurl, loaded by the first request or mail that goes out (late.h). */
#pragma once

#include <curl/curl.h>

#include "base/late.h"

#define LATE_CURL_FUNCTIONS(F)                                                                     \
    F(curl_, easy_cleanup)                                                                         \
    F(curl_, easy_getinfo)                                                                         \
    F(curl_, easy_header)                                                                          \
    F(curl_, easy_init)                                                                            \
    F(curl_, easy_perform)                                                                         \
    F(curl_, easy_setopt)                                                                          \
    F(curl_, easy_strerror)                                                                        \
    F(curl_, free)                                                                                 \
    F(curl_, getdate)                                                                              \
    F(curl_, global_init)                                                                          \
    F(curl_, multi_add_handle)                                                                     \
    F(curl_, multi_cleanup)                                                                        \
    F(curl_, multi_info_read)                                                                      \
    F(curl_, multi_init)                                                                           \
    F(curl_, multi_perform)                                                                        \
    F(curl_, multi_poll)                                                                           \
    F(curl_, multi_remove_handle)                                                                  \
    F(curl_, multi_setopt)                                                                         \
    F(curl_, multi_wakeup)                                                                         \
    F(curl_, slist_append)                                                                         \
    F(curl_, slist_free_all)                                                                       \
    F(curl_, url)                                                                                  \
    F(curl_, url_cleanup)                                                                          \
    F(curl_, url_get)                                                                              \
    F(curl_, url_set)                                                                              \
    F(curl_, url_strerror)                                                                         \
    F(curl_, version_info)

LATE_DECLARE(extern, late_curl, LateCurl, LATE_CURL_FUNCTIONS)
