#include "shield/set_records.h"

#include <string.h>

/* Indicators lie in memory once, as there is none for all of them twice: each is put where it
 * belongs, which frees the place it was in for the next one. Such a chain waits for memory at each
 * step, so many are followed in turn: each from its own start to the start of another one. */
#define CHAINS 64

/* Records whose checksum is taken at once, while they are in the caches. */
#define HASHED_AT_ONCE 4096

/* What a start is known by, in an order. */
#define START (1u << 31)

typedef struct {
    guint32 to, from;
    gboolean ended;
    guint32 start;
    SetFileIndicator first; /* that was there */
} Chain;

static void look_ahead(const SetIndicators *all, const guint32 *order, guint32 from)
{
    const guint8 *file = (const guint8 *)set_indicators_at(all, from);
    __builtin_prefetch(&order[from]);
    __builtin_prefetch(file, 1);
    __builtin_prefetch(file + sizeof(SetFileIndicator) - 1, 1);
}

static void begin_chains(const SetIndicators *all, guint32 *order, Chain chains[CHAINS])
{
    for (guint i = 0; i < CHAINS; i++) {
        guint32 start = i * (all->count / CHAINS);
        chains[i] = (Chain){.to = start,
                            .from = order[start],
                            .start = start,
                            .first = *set_indicators_at(all, start)};
        look_ahead(all, order, chains[i].from);
    }
    for (guint i = 0; i < CHAINS; i++)
        order[chains[i].start] |= START;
}

/* A step of one of the chains; FALSE when it was the last one. */
static gboolean follow(const SetIndicators *all, guint32 *order, const Chain chains[CHAINS],
                       Chain *chain)
{
    guint32 to = chain->to, from = chain->from, next = order[from];
    SetFileIndicator *file = set_indicators_at(all, to);

    order[to] = to | (order[to] & START);
    if (next & START) {
        for (guint i = 0; i < CHAINS; i++)
            if (chains[i].start == from)
                *file = chains[i].first;
        return FALSE;
    }
    *file = *set_indicators_at(all, from);
    chain->to = from;
    chain->from = next;
    look_ahead(all, order, next);
    return TRUE;
}

static void follow_chains(const SetIndicators *all, guint32 *order)
{
    Chain chains[CHAINS];

    if (all->count < CHAINS)
        return;
    begin_chains(all, order, chains);
    for (guint left = CHAINS; left > 0;)
        for (guint i = 0; i < CHAINS; i++)
            if (!chains[i].ended && !follow(all, order, chains, &chains[i])) {
                chains[i].ended = TRUE;
                left--;
            }
    for (guint i = 0; i < CHAINS; i++)
        order[chains[i].start] &= ~START;
}

/* Puts all in order, those last that no chain came by. */
static void put_in_order(const SetIndicators *all, guint32 *order)
{
    follow_chains(all, order);
    for (guint32 start = 0; start < all->count; start++) {
        guint32 to = start;
        if (order[start] == start)
            continue;
        const SetFileIndicator first = *set_indicators_at(all, start);
        while (order[to] != start) {
            guint32 from = order[to];
            *set_indicators_at(all, to) = *set_indicators_at(all, from);
            order[to] = to;
            to = from;
        }
        *set_indicators_at(all, to) = first;
        order[to] = to;
    }
}

static gint compare_patterns(gconstpointer a, gconstpointer b)
{
    guint32 one = ((const SetFilePattern *)a)->indicator & ~SET_FILE_PATTERN_20;
    guint32 other = ((const SetFilePattern *)b)->indicator & ~SET_FILE_PATTERN_20;
    return one < other ? -1 : one > other;
}

/* Copies a text of the pool to the end of the side, where the part @pool is. */
static guint32 move_text(const SetIndicators *all, SetRecordsSide *side, guint32 offset)
{
    if (offset == 0)
        return 0;
    const char *text = set_indicators_text(all, offset);
    gsize size = strlen(text) + 1;
    guint32 to = (guint32)(side->region.length - side->pool.offset);
    memcpy(set_region_room(&side->region, size), text, size);
    side->region.length += size;
    return to;
}

/* Puts the patterns of what is kept at the end of the side, behind their texts. */
static void write_patterns(const SetIndicators *all, const SetIndicatorsKept *kept,
                           SetRecordsSide *side)
{
    g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(SetFilePattern));

    for (guint i = 0; i < all->patterns->len; i++) {
        SetFilePattern file = g_array_index(all->patterns, SetFilePattern, i);
        guint32 number = kept->numbers[file.indicator & ~SET_FILE_PATTERN_20];
        if (number == SET_INDICATORS_NONE)
            continue;
        file.indicator = number | (file.indicator & SET_FILE_PATTERN_20);
        g_array_append_val(files, file);
    }
    g_array_sort(files, compare_patterns);
    for (guint i = 0; i < files->len; i++) {
        SetFilePattern *file = &g_array_index(files, SetFilePattern, i);
        file->text = move_text(all, side, file->text);
    }
    side->pool.length = side->region.length - side->pool.offset;
    if (files->len == 0)
        return;
    gsize gap = -side->region.length % SET_FILE_ALIGN;
    gsize length = files->len * sizeof(SetFilePattern);
    guint8 *room = set_region_room(&side->region, gap + length);
    memset(room, 0, gap);
    memcpy(room + gap, files->data, length);
    side->patterns = (SetFilePart){side->region.length + gap, length};
    side->region.length += gap + length;
}

/* Sets what a record is to have in the file, and puts its texts at the end of the side. */
static void finish_record(const SetIndicators *all, const SetIndicatorsKept *kept,
                          SetRecordsSide *side, guint32 number)
{
    /* The texts may move what they are put behind. */
    SetFileIndicator *file = (SetFileIndicator *)(gpointer)side->region.bytes + number;
    guint32 id = file->id, name = file->name;

    file->spare = 0;
    file->source = kept->sources[file->source];
    if (id == 0 && name == 0)
        return;
    id = move_text(all, side, id);
    name = move_text(all, side, name);
    file = (SetFileIndicator *)(gpointer)side->region.bytes + number;
    file->id = id;
    file->name = name;
}

/* Takes the checksum of the side up to @end. */
static void hash_side(Sha256 *sha256, const SetRecordsSide *side, gsize end, gsize *hashed)
{
    sha256_add(sha256, side->region.bytes + *hashed, end - *hashed);
    *hashed = end;
}

void set_records_write(SetIndicators *all, SetIndicatorsKept *kept, SetRecordsSide *ret_side)
{
    SetRecordsSide side = {.indicators.length = kept->count * (guint64)sizeof(SetFileIndicator)};
    gsize gap = -side.indicators.length % SET_FILE_ALIGN;

    put_in_order(all, kept->order);
    g_clear_pointer(&kept->order, g_free);
    side.region = all->files;
    all->files = (SetRegion){0};
    /* What was left out lies behind what is kept, and is written over. */
    side.region.length = side.indicators.length;
    memset(set_region_room(&side.region, gap + 1), 0, gap + 1);
    side.pool.offset = side.region.length + gap;
    side.region.length += gap + 1;
    Sha256 *sha256 = sha256_begin();
    gsize hashed = 0;
    for (guint32 i = 0; i < kept->count; i++) {
        finish_record(all, kept, &side, i);
        if ((i + 1) % HASHED_AT_ONCE == 0)
            hash_side(sha256, &side, (gsize)(i + 1) * sizeof(SetFileIndicator), &hashed);
    }
    write_patterns(all, kept, &side);
    hash_side(sha256, &side, side.region.length, &hashed);
    sha256_end(sha256, side.digest);
    *ret_side = side;
}
