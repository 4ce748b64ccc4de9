/* misp_feed.h - what MISP feeds have in common, wherever their files are. */
#pragma once

#include "intake/intake.h"

/* Opens one file of a feed, "manifest.json" or "<uuid>.json". */
typedef Stream *(*MispFeedOpen)(gpointer user, const char *file, GError **error);

/* What of a feed is wanted, for who has read it before. The digest is of what the manifest says of
 * the event: another one means that the event has changed. */
#define MISP_FEED_DIGEST_SIZE 33

typedef struct {
    gboolean (*wants)(gpointer user, const char *uuid, const char *digest);
    /* The event was handed to the sink, as far as there is anything in it. */
    gboolean (*done)(gpointer user, const char *uuid, const char *digest, GError **error);
    /* It could not be fetched. */
    void (*failed)(gpointer user, const char *uuid);
    gpointer user;
} MispFeedFilter;

/* As misp_feed_read() for those events that @filter wants. */
gboolean misp_feed_read_some(const char *name, MispFeedOpen open_file, gpointer user,
                             const MispFeedFilter *filter, const IntakeOptions *options,
                             const IntakeSink *sink, GError **error);

/* Reads the feed called @name: its manifest, then each event that it names by a UUID. */
gboolean misp_feed_read(const char *name, MispFeedOpen open_file, gpointer user,
                        const IntakeOptions *options, const IntakeSink *sink, GError **error);
