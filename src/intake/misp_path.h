/* misp_path.h - where a MISP value goes in STIX, as one text that both the observables and the
 * pattern are made from.
 *
 * A path names a STIX object type and a property of it, as in a STIX pattern:
 *
 *     domain-name:value
 *     file:hashes.SHA-256
 *     email-message:additional_header_fields.X-Mailer[]      append to a list
 *     windows-registry-key:values[0].data                    the first of a list, made when absent
 *     network-traffic:dst_ref>ip:value                       follow a reference to another object
 *     domain-name:resolves_to_refs[]>ip:value                a new object for each value
 *     vulnerability:@cve, :@url                              an external reference
 *
 * The type "ip" is ipv4-addr or ipv6-addr, as the value is. The last character may tell what the
 * value must be: '#' a whole number, '$' one that may begin with "AS", '~' a number, '?' true or
 * false, '!' a time, '+' text joined to what is there. Values below "hashes" and of "ip", and MAC
 * addresses, are checked and brought to the form STIX demands. */
#pragma once

#include <glib.h>
#include <yyjson.h>

/* Objects being made for one MISP attribute or object. */
typedef struct {
    yyjson_mut_doc *doc;
    GPtrArray *nodes;  /* yyjson_mut_val *, in the order they were made */
    GHashTable *by_id; /* char * -> yyjson_mut_val * */
} MispGraph;

MispGraph *misp_path_graph_new(yyjson_mut_doc *doc);
void misp_path_graph_free(MispGraph *graph);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MispGraph, misp_path_graph_free)

/* Puts @text where @path says. The path's own object is the node "<type>--@root_uuid", made when
 * absent; objects behind references that do not exist yet get @value_uuid. FALSE, and nothing
 * changed, when @text is not what the place demands, or the place is taken by another value. */
gboolean misp_path_put(MispGraph *graph, const char *path, const char *root_uuid,
                       const char *value_uuid, const char *text);

/* Appends the comparison of @path with @text to @pattern ("file:hashes.'SHA-256' = '...'"). FALSE,
 * and nothing changed, when @text is not what the place demands. */
gboolean misp_path_compare(GString *pattern, const char *path, const char *text);

/* Makes @node what the specification demands of its type where MISP is silent: is_multipart,
 * protocols; takes out extensions that are incomplete. Returns FALSE when too little is there. */
gboolean misp_path_complete(MispGraph *graph, yyjson_mut_val *node);
