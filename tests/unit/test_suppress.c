/* Small counts are told neither by themselves nor by what else is shown: held against a reader who
 * tries all values that there could be. */
#include <string.h>

#include "dossier/suppress.h"

#define FIGURES_MAX 12
#define GUESS_MAX   24

/* What a reader sees and tries. */
typedef struct {
    const gint64 *values;
    const gboolean *hidden;
    const SuppressSum *sums;
    guint n, n_sums;
    gint64 guess[FIGURES_MAX];
    gboolean possible[FIGURES_MAX][GUESS_MAX + 1];
} Reader;

static gboolean sums_hold(const Reader *reader, guint known)
{
    for (guint i = 0; i < reader->n_sums; i++) {
        const SuppressSum *sum = &reader->sums[i];
        gboolean is_known = sum->total < known;
        gint64 all = 0;
        for (guint k = 0; k < sum->n_parts; k++) {
            is_known = is_known && sum->parts[k] < known;
            all += sum->parts[k] < known ? reader->guess[sum->parts[k]] : 0;
        }
        if (is_known ? all != reader->guess[sum->total]
                     : sum->total < known && all > reader->guess[sum->total])
            return FALSE;
    }
    return TRUE;
}

static void try_all(Reader *reader, guint at)
{
    if (!sums_hold(reader, at))
        return;
    if (at == reader->n) {
        for (guint i = 0; i < reader->n; i++)
            if (reader->guess[i] <= GUESS_MAX)
                reader->possible[i][reader->guess[i]] = TRUE;
        return;
    }
    gint64 low = reader->hidden[at] ? 1 : reader->values[at];
    gint64 high = reader->hidden[at] ? GUESS_MAX : reader->values[at];
    for (gint64 value = low; value <= high; value++) {
        reader->guess[at] = value;
        try_all(reader, at + 1);
    }
}

static guint count_possible(const Reader *reader, guint figure)
{
    guint count = 0;
    for (guint value = 0; value <= GUESS_MAX; value++)
        count += reader->possible[figure][value];
    return count;
}

/* One table with a total, or two that share one. */
static void check(const gint64 *values, guint n, const SuppressSum *sums, guint n_sums)
{
    gboolean hidden[FIGURES_MAX];
    suppress_find(values, n, sums, n_sums, hidden);
    Reader reader = {.values = values, .hidden = hidden, .sums = sums, .n = n, .n_sums = n_sums};
    try_all(&reader, 0);
    for (guint i = 0; i < n; i++) {
        gboolean is_small = values[i] > 0 && values[i] < SUPPRESS_BELOW;
        g_assert_false(is_small && !hidden[i]);
        g_assert_false(values[i] == 0 && hidden[i]);
        if (is_small)
            g_assert_cmpuint(count_possible(&reader, i), >=, SUPPRESS_WIDTH);
    }
}

static const guint first_parts[] = {1, 2, 3};
static const SuppressSum one_sum[] = {{0, first_parts, 3}};

static void test_one_table(void)
{
    for (gint64 a = 0; a <= 7; a++)
        for (gint64 b = a; b <= 7; b++)
            for (gint64 c = b; c <= 7; c++) {
                const gint64 values[] = {a + b + c, a, b, c};
                check(values, 4, one_sum, 1);
            }
}

/* The same dossiers by two properties: what one table hides the other must not tell. */
static void test_two_tables(void)
{
    static const guint other_parts[] = {4, 5};
    static const SuppressSum sums[] = {{0, first_parts, 3}, {0, other_parts, 2}};
    for (gint64 total = 1; total <= 14; total++)
        for (gint64 a = 0; a <= total / 3; a++)
            for (gint64 b = a; b <= (total - a) / 2; b++)
                for (gint64 d = 0; d <= total / 2; d++) {
                    const gint64 values[] = {total, a, b, total - a - b, d, total - d};
                    check(values, 6, sums, 2);
                }
}

/* A part of one table is the total of another. */
static void test_chained(void)
{
    static const guint parts[] = {1, 2}, same[] = {1}, lower[] = {4, 5};
    static const SuppressSum sums[] = {{0, parts, 2}, {3, same, 1}, {3, lower, 2}};
    for (gint64 across = 0; across <= 8; across++)
        for (gint64 others = 0; others <= 6; others++)
            for (gint64 a = 0; a <= across / 2; a++) {
                const gint64 values[] = {across + others, across, others, across, a, across - a};
                check(values, 6, sums, 3);
            }
}

/* Nothing is hidden without need. */
static void test_no_need(void)
{
    const gint64 values[] = {32, 5, 0, 27};
    gboolean hidden[4];
    suppress_find(values, 4, one_sum, 1, hidden);
    for (guint i = 0; i < 4; i++)
        g_assert_false(hidden[i]);
    const gint64 small[] = {103, 3, 0, 100};
    suppress_find(small, 4, one_sum, 1, hidden);
    g_assert_true(hidden[1] && hidden[3]);
    g_assert_false(hidden[0] || hidden[2]);
}

static void test_alone(void)
{
    const gint64 values[] = {0, 1, 4, 5, 1000};
    gboolean hidden[5];
    suppress_find(values, 5, NULL, 0, hidden);
    const gboolean wanted[] = {FALSE, TRUE, TRUE, FALSE, FALSE};
    g_assert_cmpmem(hidden, sizeof hidden, wanted, sizeof wanted);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/suppress/one_table", test_one_table);
    g_test_add_func("/suppress/two_tables", test_two_tables);
    g_test_add_func("/suppress/chained", test_chained);
    g_test_add_func("/suppress/no_need", test_no_need);
    g_test_add_func("/suppress/alone", test_alone);
    return g_test_run();
}
