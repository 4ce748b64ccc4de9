#include "shield/sieve.h"

#include <string.h>

#include "shield/sieve_block.h"
#include "shield/spot_view.h"

/* Bytes beside the text that are sieved in one go. */
#define SIDE_SIZE (32 * 1024)

static void sieve_level(Sieve *sieve, guint depth, const guint8 *text, gsize length,
                        GArray *places);

/* The most that the environment lets be used; FALSE when nobody can tell what it says. */
static gboolean read_environment(SieveSimd *ret_most)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};
    const char *wanted = g_getenv("CONCERT_SIMD");

    *ret_most = SIEVE_AVX512;
    if (!wanted || *wanted == '\0')
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(wanted, names[i]) == 0) {
            *ret_most = (SieveSimd)i;
            return TRUE;
        }
    return FALSE;
}

gboolean sieve_check_environment(GError **error)
{
    SieveSimd most;
    return read_environment(&most) ||
           error_input(error, "CONCERT_SIMD=%s: there are plain, avx2, avx512",
                       g_getenv("CONCERT_SIMD"));
}

static SieveSimd choose_simd(void)
{
    SieveSimd most;

    read_environment(&most);
#ifdef SIEVE_HAS_X86
    __builtin_cpu_init();
    if (most >= SIEVE_AVX512 && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq") &&
        __builtin_cpu_supports("gfni") && __builtin_cpu_supports("bmi2"))
        return SIEVE_AVX512;
    if (most >= SIEVE_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2"))
        return SIEVE_AVX2;
#endif
    return SIEVE_PLAIN;
}

static const SieveVariant *variant_of(SieveSimd simd)
{
    switch (simd) {
#ifdef SIEVE_HAS_X86
    case SIEVE_AVX512:
        return &sieve_avx512;
    case SIEVE_AVX2:
        return &sieve_avx2;
#endif
    default:
        return &sieve_plain;
    }
}

static gboolean has_networks(const Filters *filters)
{
    for (guint word = 0; word < 65536 / 64; word++)
        if (filters->v4_nets[word])
            return TRUE;
    return FALSE;
}

Sieve *sieve_new(const Set *set)
{
    Sieve *sieve = g_new0(Sieve, 1);

    sieve->set = set;
    sieve->filters = set_filters(set);
    sieve->seed_name2 = key_seed(sieve->filters->seed, KEY_NAME2);
    sieve->seed_name3 = key_seed(sieve->filters->seed, KEY_NAME3);
    sieve->seed_v4 = key_seed(sieve->filters->seed, KEY_V4);
    sieve->seed_v6 = key_seed(sieve->filters->seed, KEY_V6);
    sieve->names = sieve->filters->name2.count > 0;
    sieve->addresses = sieve->filters->v4.count > 0 || has_networks(sieve->filters);
    sieve->simd = choose_simd();
    sieve->variant = variant_of(sieve->simd);
    sieve->script = script_new();
    for (guint depth = 0; depth <= SIEVE_DEPTH; depth++) {
        SieveLevel *level = &sieve->levels[depth];
        level->block = g_aligned_alloc(1, sizeof(SieveBlock), 64);
        level->side = g_byte_array_new();
        level->pieces = g_array_new(FALSE, FALSE, sizeof(SievePiece));
        level->found = g_array_new(FALSE, FALSE, sizeof(gsize));
    }
    return sieve;
}

void sieve_free(Sieve *sieve)
{
    if (!sieve)
        return;
    for (guint depth = 0; depth <= SIEVE_DEPTH; depth++) {
        SieveLevel *level = &sieve->levels[depth];
        g_aligned_free(level->block);
        g_byte_array_unref(level->side);
        g_array_unref(level->pieces);
        g_array_unref(level->found);
    }
    script_free(sieve->script);
    g_free(sieve);
}

SieveSimd sieve_simd(const Sieve *sieve)
{
    return sieve->simd;
}

const Set *sieve_set(const Sieve *sieve)
{
    return sieve->set;
}

static void clear_side(SieveLevel *level)
{
    g_byte_array_set_size(level->side, SIEVE_MARGIN);
    g_array_set_size(level->pieces, 0);
    g_array_set_size(level->found, 0);
}

/* Sieves the text beside the text; what is found there is a place of where it comes from. */
static void sieve_side(Sieve *sieve, guint depth, GArray *places)
{
    SieveLevel *level = &sieve->levels[depth];
    gsize length = level->side->len - SIEVE_MARGIN;

    if (level->pieces->len == 0)
        return;
    g_byte_array_set_size(level->side, level->side->len + SIEVE_MARGIN);
    sieve_level(sieve, depth + 1, level->side->data + SIEVE_MARGIN, length, level->found);
    for (guint i = 0; i < level->found->len; i++) {
        gsize at = g_array_index(level->found, gsize, i);
        guint low = 0, high = level->pieces->len;
        while (high - low > 1) {
            guint middle = low + (high - low) / 2;
            if (g_array_index(level->pieces, SievePiece, middle).start <= at)
                low = middle;
            else
                high = middle;
        }
        g_array_append_val(places, g_array_index(level->pieces, SievePiece, low).origin);
    }
    clear_side(level);
}

/* What the lists of the block at @base name byte by byte. Of ends of runs the place is the last
 * byte. */
static void look_closer(const Sieve *sieve, const SieveLevel *level, gsize base, GArray *places)
{
    static const struct {
        SieveList list;
        guint back;
        gboolean (*is)(const Sieve *sieve, const SieveLevel *level, gsize at);
    } closer[] = {
        {SIEVE_HOSTS, 0, sieve_rare_host},    {SIEVE_HOST_ENDS, 1, sieve_rare_host_end},
        {SIEVE_HASHES, 0, sieve_rare_hash},   {SIEVE_JA4S, 0, sieve_rare_ja4},
        {SIEVE_COLONS, 1, sieve_rare_colons}, {SIEVE_SPLITS, 1, sieve_rare_split},
        {SIEVE_OTHERS, 1, sieve_script_name},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(closer); i++) {
        const guint32 *list = level->block->lists[closer[i].list];
        for (guint n = 0; n < level->block->counts[closer[i].list]; n++) {
            gsize at = base + list[n];
            if (!closer[i].is(sieve, level, at))
                continue;
            at -= closer[i].back;
            g_array_append_val(places, at);
        }
    }
}

/* Is the address that the filters let through one, and no version? */
static gboolean is_address(const SieveLevel *level, gsize end, gsize length)
{
    gsize run_end = end;

    while (run_end < level->length &&
           spot_view_class((char)level->text[run_end]) & (SPOT_DOT | SPOT_DASH))
        run_end++;
    return !spot_address_is_version((const char *)level->text, level->length, end - length,
                                    run_end);
}

/* Does what the filters did not see ending at @end, as it is two addresses with a dash between or
 * has more marks behind it than they look through, have digits before its marks? */
static gboolean has_digits(const SieveLevel *level, gsize end)
{
    while (end > 0 && spot_view_class((char)level->text[end - 1]) & (SPOT_DOT | SPOT_DASH))
        end--;
    return end > 0 && spot_view_class((char)level->text[end - 1]) & SPOT_DIGIT;
}

/* What may stand beside a name, and makes more of it than what its letters say: an escape, a
 * letter of another script, what a mailbox or a defanged dot has. */
static gboolean changes_name(guint8 byte)
{
    return byte != ':' && (spot_view_class((char)byte) & (SPOT_HOST | SPOT_SPECIAL) ||
                           byte == '@' || byte == ']' || byte == ')' || byte == '}' || byte == '>');
}

/* Is what ends at @end plainly a name, about which the set can be asked at once? Most are, and the
 * spotter takes longer. */
static gboolean read_plain_host(const SieveLevel *level, gsize end, SetName *ret_name)
{
    gsize length = 0;

    while (length < MIN(SET_NAME_MAX, end) &&
           spot_view_class((char)level->text[end - length - 1]) & SPOT_HOST)
        length++;
    gsize start = end - length;
    if (length == SET_NAME_MAX || start == 0 || end >= level->length ||
        changes_name(level->text[start - 1]) || changes_name(level->text[end]) ||
        !(spot_view_class((char)level->text[start]) & SPOT_ALNUM) ||
        !(spot_view_class((char)level->text[end - 1]) & SPOT_ALNUM))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        ret_name->text[i] = g_ascii_tolower((char)level->text[start + i]);
    ret_name->length = length;
    return !g_strstr_len(ret_name->text, (gssize)length, "..") &&
           !g_strstr_len(ret_name->text, (gssize)length, "xn--");
}

/* Asks the set for the names and addresses that wait: only those that it may have are places. */
static void ask_for_names(const Set *set, SieveLevel *level, GArray *places)
{
    guint64 may_have = set_may_have_names(set, level->names, level->name_count);

    for (guint i = 0; i < level->name_count; i++)
        if (may_have >> i & 1)
            g_array_append_val(places, level->last_letters[i]);
    level->name_count = 0;
}

static void ask_for_addresses(const Set *set, SieveLevel *level, GArray *places)
{
    guint64 may_have = set_may_have_v4(set, level->addresses, level->address_count);

    for (guint i = 0; i < level->address_count; i++)
        if (may_have >> i & 1)
            g_array_append_val(places, level->last_digits[i]);
    level->address_count = 0;
}

static void take_name(const Set *set, SieveLevel *level, gsize at, GArray *places)
{
    if (!read_plain_host(level, at + 1, &level->names[level->name_count])) {
        g_array_append_val(places, at);
        return;
    }
    level->last_letters[level->name_count++] = at;
    if (level->name_count == SET_TOGETHER)
        ask_for_names(set, level, places);
}

static void take_hits(const Set *set, SieveLevel *level, gsize base, GArray *places)
{
    const SieveBlock *block = level->block;

    for (guint i = 0; i < block->name_hits; i++)
        take_name(set, level, base + (gsize)(gssize)block->names[i], places);
    for (guint i = 0; i < block->number_hits; i++) {
        gsize end = base + (gsize)(gssize)block->numbers[i].end, at = end - 1;
        gsize length = block->numbers[i].length;
        if (length == 0) {
            if (has_digits(level, end))
                g_array_append_val(places, at);
        } else if (is_address(level, end, length)) {
            level->addresses[level->address_count] = block->numbers[i].address;
            level->last_digits[level->address_count++] = at;
            if (level->address_count == SET_TOGETHER)
                ask_for_addresses(set, level, places);
        }
    }
}

static void sieve_level(Sieve *sieve, guint depth, const guint8 *text, gsize length, GArray *places)
{
    SieveLevel *level = &sieve->levels[depth];
    SieveBlock *block = level->block;

    level->text = text;
    level->length = length;
    level->until[0] = level->until[1] = 0;
    clear_side(level);
    memset(block->carries, 0, sizeof(block->carries));
    for (guint mask = 0; mask < SIEVE_MASKS; mask++)
        block->masks[mask][SIEVE_FIRST - 1] = 0;
    block->known = 0;
    /* One byte more than there is, for the ends of runs that end with the text. */
    for (gsize base = 0; base <= length; base += SIEVE_WORDS * 64) {
        sieve->variant->look(sieve, block, text + base, length - base);
        take_hits(sieve->set, level, base, places);
        look_closer(sieve, level, base, places);
        for (guint i = 0; i < block->counts[SIEVE_ESCAPES]; i++) {
            gsize at = base + block->lists[SIEVE_ESCAPES][i];
            if (depth < SIEVE_DEPTH)
                sieve_side_add(level, at);
            else if (sieve_side_is_skipped(sieve, level, at))
                g_array_append_val(places, at);
        }
        if (level->side->len > SIDE_SIZE)
            sieve_side(sieve, depth, places);
    }
    ask_for_names(sieve->set, level, places);
    ask_for_addresses(sieve->set, level, places);
    if (depth < SIEVE_DEPTH)
        sieve_side(sieve, depth, places);
}

void sieve_text(Sieve *sieve, const char *text, gsize length, GArray *places)
{
    if (length > 0 && set_count_values(sieve->set) > 0)
        sieve_level(sieve, 0, (const guint8 *)text, length, places);
}

SieveCount sieve_counter(const Sieve *sieve)
{
    return sieve->variant->count;
}
