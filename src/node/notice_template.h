/* notice_template.h - what notices say, in the languages of those who get them.
 *
 * A template is a text of parts, "[subject]" and so on each on a line of its own; "#" begins a line
 * that is a comment before the first part. In the parts stand names in braces, for which values are
 * put in: a template has no other power, and values are only ever text. Owners may put their own in
 * the place of those that come with the program ([notify] templates). */
#pragma once

#include <glib.h>

#include "base/error.h"

#define NOTICE_TEMPLATE_BYTES_MAX (64 * 1024)

typedef struct NoticeTemplate NoticeTemplate;

/* That of @language (RFC 5646: "pt-BR" is "pt-br", else "pt"), from the directory of the owner's
 * (NULL: none) or of those that come with the program; where there is none, of @otherwise.
 * CONCERT_ERROR_NOT_FOUND, or _INPUT that names the file and what is wrong in it. */
NoticeTemplate *notice_template_load(const char *directory, const char *language,
                                     const char *otherwise, GError **error);
NoticeTemplate *notice_template_parse(const char *language, const char *text, GError **error);
void notice_template_free(NoticeTemplate *template);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NoticeTemplate, notice_template_free)

const char *notice_template_language(const NoticeTemplate *template);

/* A value. Lists end with a NULL name. */
typedef struct {
    const char *name, *text; /* text NULL: nothing */
    gboolean is_block; /* made of a part already: it may have lines. Else it is one line, of which
                          what deceives the eye is escaped, and which stands apart in a text that
                          runs from right to left */
} NoticeValue;

/* The part with the values put in; lines that are left empty by a value are left out, but for one
 * between paragraphs. Caller frees. */
char *notice_template_expand(const NoticeTemplate *template, const char *part,
                             const NoticeValue *values);
