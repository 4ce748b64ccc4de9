#include "base/nearest.h"

#include <string.h>

#define WORD_MAX 64

/* The optimal string alignment distance: Levenshtein's, with the swap of two neighbours as one. */
static guint distance(const char *a, gsize a_length, const char *b, gsize b_length)
{
    guint rows[3][WORD_MAX + 1];
    guint *before = rows[0], *last = rows[1], *now = rows[2];

    for (gsize j = 0; j <= b_length; j++)
        last[j] = j;
    for (gsize i = 1; i <= a_length; i++) {
        now[0] = i;
        for (gsize j = 1; j <= b_length; j++) {
            guint cost = a[i - 1] != b[j - 1];
            guint best = MIN(MIN(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = MIN(best, before[j - 2] + 1);
            now[j] = best;
        }
        guint *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_length];
}

void nearest_consider(Nearest *nearest, const char *word)
{
    gsize wanted_length = strlen(nearest->wanted), length = strlen(word);
    if (wanted_length == 0 || wanted_length > WORD_MAX || length == 0 || length > WORD_MAX)
        return;

    guint steps = distance(nearest->wanted, wanted_length, word, length);
    gboolean beginning = wanted_length >= 2 && g_str_has_prefix(word, nearest->wanted);
    if (steps > MAX(1, length / 3) && !beginning)
        return;
    if (beginning)
        steps = 1;
    if (steps < nearest->distance) {
        nearest->distance = steps;
        nearest->word = word;
    }
}
