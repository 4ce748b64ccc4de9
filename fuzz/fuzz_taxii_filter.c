/* fuzz_taxii_filter.c - what a TAXII client writes into its request line and headers: query,
 * `next`, path, Accept, Accept-Encoding; the options of exports; and the envelope in a body. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "server/negotiate.h"
#include "server/router.h"
#include "server/shield_query.h"
#include "server/taxii_envelope.h"
#include "server/taxii_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_filter(const char *text)
{
    g_auto(TaxiiFilter) filter = {0};
    gint64 after, until;
    if (!taxii_filter_parse(text, ~0u, &filter, NULL))
        return;
    taxii_filter_position(&filter, "collection", &after, &until, NULL);
    /* What we make ourselves, we take. */
    g_free(filter.next);
    filter.next = NULL;
    filter.next = taxii_filter_next(&filter, "collection", 12, 34);
    if (!taxii_filter_position(&filter, "collection", &after, &until, NULL) || after != 12 ||
        until != 34)
        g_error("a `next` of our own was refused");
}

/* What is taken asks for nothing that may not be had over HTTP. */
static void read_options(const char *text)
{
    for (const ExportFormat *const *format = export_formats(); *format; format++) {
        g_autoptr(GPtrArray) texts = NULL;
        ExportOptions options = {.action = -1};
        if (!shield_query_read(text, *format, &options, &texts, NULL))
            continue;
        g_autofree char *words = export_options_text(&options);
        if (options.unmarked != MARKING_PAP_NONE || options.approved || !words)
            g_error("an option that is not for HTTP");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RouterMatch match;
    g_autofree char *text = g_strndup((const char *)data, size);
    read_filter(text);
    read_options(text);
    negotiate_accepts_taxii(text);
    negotiate_is_taxii(text);
    negotiate_coding(text);
    if (router_fits("/{root}/collections/{id}/objects/{object-id}/", text, &match))
        router_match_clear(&match);
    g_autoptr(GArray) items = taxii_envelope_split((const char *)data, size, NULL);
    for (guint i = 0; items && i < items->len; i++) {
        const TaxiiEnvelopeItem *item = &g_array_index(items, TaxiiEnvelopeItem, i);
        if (item->length == 0 || item->bytes < (const char *)data ||
            item->bytes + item->length > (const char *)data + size)
            g_error("an item outside of its envelope");
    }
    return 0;
}
