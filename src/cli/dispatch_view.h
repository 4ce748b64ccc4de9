/* dispatch_view.h - how commands name and show entries of the exchange: own ones by their index,
 * those of peers as NODE:INDEX. */
#pragma once

#include <yyjson.h>

#include "cli/command.h"
#include "cli/output.h"
#include "store/deliveries.h"
#include "store/records.h"

/* The node whose ledger is called @origin; the origin itself if it is the name of none. Caller
 * frees. */
char *dispatch_view_node(const char *origin);

/* "17" of an own entry (@origin NULL), "cert.birch.example:17" of another's. Caller frees. */
char *dispatch_view_name(const char *origin, guint64 entry);

/* Reads the call's argument @place as INDEX or PEER:INDEX; *ret_origin is NULL for an own entry;
 * caller frees. CONCERT_ERROR_INPUT if it is none, CONCERT_ERROR_NOT_FOUND if there is no such
 * peer. */
gboolean dispatch_view_parse(const CommandCall *call, guint place, Store *store, char **ret_origin,
                             guint64 *ret_entry, GError **error);

/* "TLP:AMBER+STRICT PAP:GREEN" of MarkingTlp and MarkingPap; "" for none. Caller frees. */
char *dispatch_view_marking(guint tlp, guint pap);

/* The title, after a loud word if it is an exercise. Caller frees. */
char *dispatch_view_title(const char *title, gboolean exercise);

/* The title, or the kind of what has none; the record's. */
const char *dispatch_view_heading(const Record *record);

/* "live", "live, 1 taken back", "expired, held". Caller frees. */
char *dispatch_view_state_short(const Record *record);

/* "live, 1 of 3 items taken back", "recalled by entry 20: the reason". Caller frees. */
char *dispatch_view_state(const Record *record);

/* How many of those an own entry is for have confirmed it. */
typedef struct {
    guint recipients, confirmed;
    gboolean is_public; /* it is for everybody: nobody is counted */
} DispatchViewCount;

gboolean dispatch_view_count(Store *store, guint64 entry, DispatchViewCount *ret_count,
                             GError **error);

/* "2 of 3", "public". Caller frees. */
char *dispatch_view_count_text(const DispatchViewCount *count);

/* Members of JSON; what is NULL, 0 or none of its kind is left out. */
void dispatch_view_add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                            const char *text);
void dispatch_view_add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                            gint64 us);
void dispatch_view_add_index(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                             guint64 index);
void dispatch_view_add_node(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                            const char *origin);

/* Adds what a record says of itself: entry, kind, times, title, marking, state and so on. */
void dispatch_view_add_record(yyjson_mut_doc *doc, yyjson_mut_val *object, const Record *record);
