/* fuzz_opening.c - the JSON of openings, and what a kind adds to a header. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ledger/opening.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_opening(const char *text, gsize length)
{
    g_autoptr(Opening) opening = opening_parse(text, length, length, NULL);
    if (!opening)
        return;
    const char *origin = opening->origin ? opening->origin : "";
    gboolean is_good =
        opening_verify(opening, origin, opening_entry(opening), OPENING_ENTRY_SIZE, NULL);
    g_autofree char *json = opening_format(opening);
    g_autoptr(Opening) again = opening_parse(json, strlen(json), strlen(json), NULL);
    if (!again || memcmp(opening->entry, again->entry, OPENING_ENTRY_SIZE) != 0)
        g_error("an opening of our own was refused, or is another's");
    if (is_good != opening_verify(again, origin, opening_entry(opening), OPENING_ENTRY_SIZE, NULL))
        g_error("an opening was no longer the same");
    g_autoptr(Opening) nothing = opening_withhold(opening, OPENING_NO_ITEM, NULL);
    for (guint i = 0; i < nothing->n_items; i++)
        if (nothing->items[i].bytes)
            g_error("an item was not withheld");
}

static void build_opening(const char *members, gsize length)
{
    const OpeningSpec spec = {.origin = "cert.alder.example/ledger",
                              .kind = "statement",
                              .is_public = TRUE,
                              .members = members,
                              .members_length = length};
    g_autoptr(Opening) opening = opening_build(&spec, NULL, NULL);
    g_autoptr(GError) error = NULL;
    if (opening &&
        !opening_verify(opening, spec.origin, opening_entry(opening), OPENING_ENTRY_SIZE, &error))
        g_error("what was built is not right: %s", error->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_opening((const char *)data, size);
    build_opening((const char *)data, size);
    return 0;
}
