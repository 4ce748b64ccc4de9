/* Whatever the text: the sieve leads to all that the spotter finds who looks at every byte, with
 * each kind of machine's instructions, after whatever stands before the text. */
#include <stdint.h>
#include <string.h>

#include "../tests/unit/sieve_texts.h"
#include "shield/spot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(Sieve *sieve, const char *text, gsize length, const GArray *expected)
{
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    spot_sieved(sieve, text, length, matches);
    g_assert_cmpuint(matches->len, ==, expected->len);
    for (guint i = 0; i < matches->len; i++) {
        const SpotMatch *a = &g_array_index(matches, SpotMatch, i);
        const SpotMatch *b = &g_array_index(expected, SpotMatch, i);
        g_assert_true(a->start == b->start && a->end == b->end && a->entry == b->entry &&
                      a->depth == b->depth);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const simds[] = {"plain", "avx2", "avx512"};
    static Sieve *sieves[G_N_ELEMENTS(simds)];
    static Set *set;

    if (!set) {
        set = sieve_texts_set();
        for (guint i = 0; i < G_N_ELEMENTS(simds); i++) {
            g_setenv("CONCERT_SIMD", simds[i], TRUE);
            sieves[i] = sieve_new(set);
        }
    }
    /* The first byte says where in a word the text begins. */
    guint shift = size > 0 ? data[0] % 64 : 0;
    g_autofree char *memory = g_malloc(size + shift + 2 * SIEVE_MARGIN);
    memset(memory, 'a', size + shift + 2 * SIEVE_MARGIN);
    char *text = memory + SIEVE_MARGIN + shift;
    if (size > 0)
        memcpy(text, data, size);
    g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    spot_text(set, text, size, expected);
    for (guint i = 0; i < G_N_ELEMENTS(simds); i++)
        compare(sieves[i], text, size, expected);
    return 0;
}
