/* misp_feed.h - what MISP feeds have in common, wherever their files are. */
#pragma once

#include "intake/intake.h"

/* Opens one file of a feed, "manifest.json" or "<uuid>.json". */
typedef Stream *(*MispFeedOpen)(gpointer user, const char *file, GError **error);

/* Reads the feed called @name: its manifest, then each event that it names by a UUID. */
gboolean misp_feed_read(const char *name, MispFeedOpen open_file, gpointer user,
                        const IntakeOptions *options, const IntakeSink *sink, GError **error);
