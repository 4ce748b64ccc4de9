/* set_texts.h - a filter of all texts of an opened set. Private to set_*.c.
 *
 * The filters of a set's file tell names and hosts by their ends. Whoever writes many that end as
 * some of the set's do, and are not of it, has each looked up, and memory is slow. So once texts
 * were asked for in vain for as long as a filter of them takes to make, one is made. */
#pragma once

#include "shield/set.h"

typedef struct SetTexts SetTexts;

SetTexts *set_texts_new(void);

void set_texts_free(SetTexts *texts);

/* May the set have a text with this set_file_text_key()? */
gboolean set_texts_may_have(const Set *set, guint64 key);

/* Begins to fetch what that is told by. */
void set_texts_fetch(const Set *set, guint64 key);

/* It was looked up, and is none of the set's. */
void set_texts_missed(const Set *set);
