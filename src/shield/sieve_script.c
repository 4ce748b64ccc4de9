/* sieve_script.c - names in scripts other than ASCII.
 *
 * In a text in such a script nearly every sentence has something like a name: two words with a full
 * stop between. What a name is made of is told by the spotter's own rules; of nearly all the last
 * label is none of the set's. */
#include <string.h>

#include "shield/script.h"
#include "shield/sieve_block.h"
#include "shield/spot_view.h"
#include "stix/observable_domain.h"

/* As far as the spotter looks at a name in another script in one go. */
#define OTHER_SCRIPT_MAX 1024

typedef struct {
    const Sieve *sieve;
    gboolean found;
} Pieces;

/* May a host of the set end in the same label? */
static gboolean has_last_label(const Sieve *sieve, const char *label, gsize length)
{
    const guint64 *labels = sieve->filters->labels;
    gsize ascii = 0;
    guint key;

    while (ascii < length && (guchar)label[ascii] < 0x80)
        ascii++;
    if (ascii == length)
        return filter_bit(labels, key_label((const guint8 *)label + length, (guint)length));
    return !script_label_key(sieve->script, label, length, &key) || filter_bit(labels, key);
}

/* May the name, without dots behind it, be of the set as far as its last labels tell? */
static gboolean has_last_labels(const Sieve *sieve, const char *name, gsize length)
{
    char buffer[KEY_WINDOW + SCRIPT_LABELS_MAX] = {0};
    char *labels = buffer + KEY_WINDOW;
    gsize size;

    switch (script_last_labels(sieve->script, name, length, labels, &size)) {
    case SCRIPT_WRITTEN:
        return sieve_rare_name(sieve, labels + size, size);
    case SCRIPT_NO_NAME:
        return FALSE;
    default:
        return TRUE;
    }
}

static gboolean is_piece_of_set(gpointer user, const char *text, gsize length)
{
    Pieces *pieces = user;
    Script *script = pieces->sieve->script;
    char buffer[KEY_WINDOW + OBSERVABLE_DOMAIN_MAX + 1] = {0};
    char *name = buffer + KEY_WINDOW;
    gsize end, label = script_last_label(text, length, &end);

    if (label == 0)
        return TRUE; /* no name: it has no dot */
    /* Marks are left out where they end a name. */
    if (end > label && !(spot_view_class(text[end - 1]) & SPOT_DASH) &&
        (!has_last_label(pieces->sieve, text + label, end - label) ||
         !has_last_labels(pieces->sieve, text, end)))
        return TRUE;
    if (!script_recall(script, text, length, &pieces->found)) {
        gsize size = observable_domain_canonical(text, length, 2, name);
        pieces->found = size > 0 && sieve_rare_name(pieces->sieve, name + size, size);
        script_note(script, text, length, pieces->found);
    }
    return !pieces->found;
}

gboolean sieve_script_name(const Sieve *sieve, const SieveLevel *level, gsize at)
{
    const char *text = (const char *)level->text;
    const guint8 part = SPOT_HOST | SPOT_HIGH;
    Pieces pieces = {.sieve = sieve};
    gsize start = at, until;

    while (start > 0 && spot_view_class(text[start - 1]) & part)
        start--;
    if (!sieve->names)
        return FALSE;
    if (start > 0 && text[start - 1] == '%')
        return TRUE;
    for (gsize i = start; i < at && !pieces.found; i = until) {
        until = i + 1;
        if (!(spot_view_class(text[i]) & SPOT_HIGH))
            continue;
        gsize from = i - MIN(i - start, OTHER_SCRIPT_MAX);
        until = MIN(at, i + OTHER_SCRIPT_MAX);
        spot_name_pieces(text, from, until, is_piece_of_set, &pieces);
    }
    return pieces.found;
}
