/* The first byte says which format; the rest is a log of it. Whatever it is: what a line says lies
 * in memory that can be read, its place in the line, and looking it up ends. */
#include <stdint.h>
#include <string.h>

#include "shield/input.h"
#include "shield/set_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Set *make_set(void)
{
    g_autoptr(SetBuilder) builder = set_builder_new(NULL);
    SetIndicator indicator = {.id = "indicator--00000000-0000-4000-8000-000000000001",
                              .source = "fuzz",
                              .confidence = -1};
    set_builder_add_indicator(builder, &indicator, NULL);
    set_builder_add_value(builder, OBSERVABLE_IPV4, "192.0.2.1", NULL);
    set_builder_add_value(builder, OBSERVABLE_DOMAIN, "alder.example", NULL);
    set_builder_add_value(builder, OBSERVABLE_URL, "http://alder.example/a", NULL);
    set_builder_add_value(builder, OBSERVABLE_JA3, "d41d8cd98f00b204e9800998ecf8427e", NULL);
    return set_builder_open(builder, NULL);
}

static gboolean take_hit(gpointer user, const Observation *observation, const ObservationHit *hit)
{
    g_assert_true(hit->seen >= hit->value->text);
    g_assert_true(hit->seen + hit->seen_length <= hit->value->text + hit->value->length);
    return TRUE;
}

static void check(const Input *input, const Observation *observation, gsize length)
{
    static volatile char sum;
    for (guint i = 0; i < observation->count; i++) {
        const ObservationValue *value = &observation->values[i];
        for (gsize c = 0; c < value->length; c++)
            sum = (char)(sum ^ value->text[c]);
        g_assert_cmpuint(strlen(value->field), <, 256);
        g_assert_cmpuint(input_offset(input, value, value->text, value->length), <=, length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Set *set;
    static Observation observation;
    const char *const *names = input_format_names();

    if (!set)
        set = make_set();
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size--;
    input_format_detect(text, size);
    g_autoptr(Input) input = input_new(
        input_format_find(names[data[0] % g_strv_length((char **)names)]), 1700000000000000);
    input_take_headers(input, text, size, TRUE);
    for (gsize at = 0; at < size;) {
        const char *feed = memchr(text + at, '\n', size - at);
        gsize length = feed ? (gsize)(feed - text) - at : size - at;
        if (input_read(input, text + at, length, &observation)) {
            check(input, &observation, length);
            observation_look_up(set, &observation, take_hit, NULL);
        }
        at += length + 1;
    }
    return 0;
}
