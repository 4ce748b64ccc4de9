/* json_series.h - the objects of a JSON text that is one object, an array of objects, or objects
 * one after the other (a line each or not); in bounded memory. */
#pragma once

#include <yyjson.h>

#include "base/error.h"
#include "base/stream.h"

typedef struct {
    /* @root is object number @number, from 1; @where its place: "$", "$[3]", "report 4". FALSE with
     * @error stops. */
    gboolean (*object)(gpointer user, yyjson_val *root, guint64 number, const char *where,
                       GError **error);
    /* What is no such object. */
    void (*broken)(gpointer user, guint64 number, const char *where, const char *why);
    gpointer user;
} JsonSeriesSink;

/* Reads them all. An object larger than @max bytes, with duplicate keys or too deep, is broken.
 * After text that is no JSON reading goes on at the next line that begins with "{". */
gboolean json_series_read(Stream *stream, gsize max, const JsonSeriesSink *sink, GError **error);
