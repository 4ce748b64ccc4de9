#include "shield/set_texts.h"

#include "shield/set_rows.h"

/* A look-up in vain takes as long as making the filter takes for so many texts. */
#define TEXTS_A_MISS 4

struct SetTexts {
    guint missed;
    guint64 *words; /* NULL: there is none yet */
    GMutex mutex;   /* whoever makes it has it */
};

SetTexts *set_texts_new(void)
{
    SetTexts *texts = g_new0(SetTexts, 1);
    g_mutex_init(&texts->mutex);
    return texts;
}

void set_texts_free(SetTexts *texts)
{
    if (!texts)
        return;
    g_mutex_clear(&texts->mutex);
    g_free(texts->words);
    g_free(texts);
}

static guint32 count_texts(const Set *set)
{
    guint32 count = 0;
    for (guint table = SET_TABLE_DOMAIN; table < SET_TABLES; table++)
        count += set->header->counts[table];
    return count;
}

static guint32 count_words(const Set *set)
{
    return count_texts(set) / SET_FILE_FILTER_KEYS + 1;
}

static void add_texts(const Set *set, SetFileTable table, guint64 *words, guint32 count)
{
    gsize left;
    const char *at = set_rows_text(set, SET_PART_VALUES + table, SET_FILE_TEXT_PAD, &left);

    /* The part ends in a NUL. */
    for (const char *end = at + (at ? left : 0); at < end;) {
        gsize length = strlen(at);
        filter_add(words, count, set_file_text_key(set->filters.seed, at, length));
        at += length + 1;
    }
}

static void make(const Set *set)
{
    guint32 count = count_words(set);
    guint64 *words = g_new0(guint64, count);

    for (guint table = SET_TABLE_DOMAIN; table < SET_TABLES; table++)
        if (set->header->counts[table] > 0)
            add_texts(set, (SetFileTable)table, words, count);
    g_atomic_pointer_set(&set->texts->words, words);
}

static Filter get_filter(const Set *set)
{
    const Filter filter = {g_atomic_pointer_get(&set->texts->words), count_words(set)};
    return filter;
}

gboolean set_texts_may_have(const Set *set, guint64 key)
{
    const Filter filter = get_filter(set);
    return !filter.words || filter_has(&filter, key);
}

void set_texts_fetch(const Set *set, guint64 key)
{
    const Filter filter = get_filter(set);
    if (filter.words)
        filter_fetch(&filter, key);
}

void set_texts_missed(const Set *set)
{
    SetTexts *texts = set->texts;

    /* When threads count at once some are lost, which does not matter. */
    guint missed = (guint)g_atomic_int_get(&texts->missed) + 1;
    g_atomic_int_set(&texts->missed, missed);
    if (missed < count_texts(set) / TEXTS_A_MISS || g_atomic_pointer_get(&texts->words) ||
        !g_mutex_trylock(&texts->mutex))
        return;
    if (!g_atomic_pointer_get(&texts->words))
        make(set);
    g_mutex_unlock(&texts->mutex);
}
