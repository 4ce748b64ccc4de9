/* notice_texts.h - the templates of notices that come with the program: the files of
 * src/node/notice_templates/, embedded by scripts/embed. */
#pragma once

#include <glib.h>

/* The text of the template @name ("en"), or NULL. */
const char *notice_texts_find(const char *name);
