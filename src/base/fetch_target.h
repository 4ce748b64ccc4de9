/* fetch_target.h - where an outgoing request goes, for fetch.h and fetch_session.h: the URL taken
 * apart by libcurl itself, so that what is checked is what is fetched; its addresses resolved and
 * checked; and the connection held to them. */
#pragma once

#include <curl/curl.h>
#include <glib.h>
#include <sys/socket.h>

#include "base/error.h"

#define FETCH_TARGET_ADDRESSES 16 /* of a name; further ones are not tried */

typedef struct {
    char *url, *scheme, *host, *port;
    struct sockaddr_storage addresses[FETCH_TARGET_ADDRESSES]; /* checked */
    guint n_addresses;
    gboolean refused; /* a connection to something else was prevented */
} FetchTarget;

/* Once, by whoever fetches first: most commands never do. CONCERT_ERROR_IO. */
gboolean fetch_target_start(const char *url, GError **error);

/* Takes @text apart; nothing is resolved. CONCERT_ERROR_DENIED when it is not for http or https or
 * names a user, CONCERT_ERROR_INPUT when it is no URL. */
gboolean fetch_target_parse(const char *text, FetchTarget *ret_target, GError **error);
void fetch_target_clear(FetchTarget *target);

/* Resolves the target's host and checks every address it has. One that may not be reached refuses
 * the name as a whole: an honest name has no such address. CONCERT_ERROR_DENIED,
 * CONCERT_ERROR_IO. */
gboolean fetch_target_resolve(FetchTarget *target, gboolean allow_private, GError **error);

/* "host:port:address,address", for CURLOPT_RESOLVE. Caller frees. */
char *fetch_target_pin(const FetchTarget *target);

/* Sets what every request has in common. The handle keeps a pointer to @target. */
void fetch_target_set_options(FetchTarget *target, CURL *curl);

/* CURLOPT_OPENSOCKETFUNCTION, the last word on where a connection goes: only to an address that was
 * checked. @user is the FetchTarget. */
curl_socket_t fetch_target_open_socket(void *user, curlsocktype purpose,
                                       struct curl_sockaddr *address);

/* A header of the answer, at most 1024 bytes; NULL if it has none. Caller frees. */
char *fetch_target_header(CURL *curl, const char *name);

/* Sets @error to "@url: @format". Returns FALSE. */
gboolean fetch_target_fail(GError **error, ConcertError code, const char *url, const char *format,
                           ...) G_GNUC_PRINTF(4, 5);
