/* texts.h - lists of texts. */
#pragma once

#include <glib.h>

/* Orders two elements of an array of texts (char *) by their bytes: for qsort(), bsearch() and
 * g_ptr_array_sort(). */
int texts_compare(gconstpointer a, gconstpointer b);
