/* fuzz_card.c - node cards, the steps of a peering that bear them, and directories of them. What
 * was read is written so that it reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "exchange/directory.h"
#include "exchange/peering.h"
#include "exchange/security_txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_card(const Card *card)
{
    g_autofree char *text = card_format(card);
    g_autoptr(Card) again = card_parse(text, strlen(text), NULL);
    if (!again || !card_equal(card, again) || again->number != card->number)
        g_error("a card that was read cannot be written");
    const PeerCard facts = card_peer(card, text);
    if (!facts.origin || !facts.message_vkey)
        g_error("a card without its keys");
    g_autofree char *security = security_txt_make(card, 0);
    if (security && !g_str_has_prefix(security, "Contact: "))
        g_error("security.txt begins with no contact");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autoptr(Card) card = card_parse(text, size, NULL);
    g_autoptr(Peering) peering = peering_parse(text, size, NULL);
    g_autoptr(GPtrArray) entries = directory_parse(text, size, NULL);
    if (card)
        check_card(card);
    if (peering)
        check_card(peering->card);
    for (guint i = 0; entries && i < entries->len; i++) {
        const DirectoryEntry *entry = entries->pdata[i];
        if (!entry->card == !entry->failure)
            g_error("a place of a directory is neither good nor bad");
        if (entry->card)
            check_card(entry->card);
    }
    return 0;
}
