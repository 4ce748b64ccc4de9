/* resolution_text.h - the text of a resolution as its events have it.
 *
 * An amendment names a passage that stands in the text exactly once, and what is to stand there
 * instead. So what the text is after some amendments were accepted or carried is no matter of
 * opinion, and an amendment whose passage is gone has fallen. */
#pragma once

#include "dossier/engine.h"

/* The text as it was drafted, revised and changed by amendments that its sponsor accepted; NULL
 * before it is drafted. Caller frees. */
char *resolution_text_now(const EngineResult *dossier);

/* When that last changed, by the sponsor's clock. */
gint64 resolution_text_since(const EngineResult *dossier);

/* @text with @amendment carried; NULL: its passage does not stand there exactly once, or the text
 * would be empty or longer than RESOLUTION_TEXT_MAX. Caller frees. */
char *resolution_text_amend(const char *text, const Event *amendment);

/* The amendments that are neither accepted nor withdrawn, as they came. Elements: const Event *.
 * Caller frees the array. */
GPtrArray *resolution_text_standing(const EngineResult *dossier);

/* Whether something in it is still in square brackets: not agreed yet. */
gboolean resolution_text_is_bracketed(const char *text);
