/* taxii_client.h - asking a TAXII 2.1 server: what it has, and one answer at a time.
 *
 * All requests go through base/fetch.h. A server's links are only followed on the host, and port,
 * that the user named, so that no password goes elsewhere. */
#pragma once

#include "base/fetch.h"
#include "base/jsonguard.h"

typedef struct {
    FetchOptions fetch;      /* bounds, trust, password or token, stop */
    guint64 requests, bytes; /* so far */
    guint wait;              /* seconds that the server wants to be left alone; 0: it did not say */
} TaxiiClient;

typedef struct {
    FetchResult result; /* of status 200 */
    char *first, *last; /* X-TAXII-Date-Added-First and -Last; may be NULL */
} TaxiiClientAnswer;

void taxii_client_answer_clear(TaxiiClientAnswer *answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TaxiiClientAnswer, taxii_client_answer_clear)

/* GETs @url. A server that asks to come again in a few seconds is obeyed. CONCERT_ERROR_BUSY when
 * it is overloaded for longer (see wait) or the client was told to stop, CONCERT_ERROR_DENIED when
 * it wants another password, CONCERT_ERROR_NOT_FOUND for 404 and 410, CONCERT_ERROR_INPUT for other
 * statuses in the 400s and for what is not TAXII 2.1, else as fetch_get(). */
gboolean taxii_client_get(TaxiiClient *client, const char *url, TaxiiClientAnswer *ret_answer,
                          GError **error);

/* GETs a resource other than a page of objects: a JSON object of at most 32 MiB. */
yyjson_doc *taxii_client_resource(TaxiiClient *client, const char *url, GError **error);

typedef struct {
    char *url; /* ends in "/" */
    char *id;
    char *alias; /* may be NULL */
    char *title; /* may be NULL */
    gboolean readable;
} TaxiiClientCollection;

void taxii_client_collection_free(TaxiiClientCollection *collection);

/* The collections of a server: @url is that of its discovery, an API root, its list of collections
 * or a single collection; of a host alone, what is below /taxii2/ there. Element:
 * TaxiiClientCollection
 * *. Root by root, at most TAXII_CLIENT_COLLECTIONS_MAX. An API root that cannot be read is told by
 * @skipped (may be NULL), unless there is no other. */
#define TAXII_CLIENT_COLLECTIONS_MAX 10000
GPtrArray *taxii_client_collections(TaxiiClient *client, const char *url,
                                    void (*skipped)(gpointer user, const char *message),
                                    gpointer user, GError **error);
