/* mime.h - the parts of a mail, as far as reports in mails need them (RFC 2045, RFC 2046): header
 * fields, parts in parts, base64 and quoted-printable undone. */
#pragma once

#include <glib.h>

/* Bounds of what is looked at. */
#define MIME_MAX_SIZE  (32 * 1024 * 1024)
#define MIME_MAX_PARTS 100
#define MIME_MAX_DEPTH 8

typedef struct {
    char *type;    /* of the content, lower case: "text/plain" */
    char *name;    /* of the file, or NULL */
    GString *body; /* decoded */
} MimePart;

/* The parts of @text that hold something themselves, in their order: MimePart *. A text without
 * header fields is one part. */
GPtrArray *mime_parts(const char *text, gsize length);
