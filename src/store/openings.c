#include "store/openings.h"

#include <string.h>

#include "ledger/disclosure.h"
#include "ledger/proof.h"

Opening *openings_read(Store *store, guint64 index, GError **error)
{
    g_autoptr(LedgerReadEntry) entry = ledger_read_entry(store, index, TRUE, error);
    if (!entry)
        return NULL;
    if (!entry->nonce || !entry->header) {
        Opening *opening = opening_new_erased(entry->entry);
        opening->is_lost = entry->is_lost;
        return opening;
    }
    if (g_bytes_get_size(entry->nonce) != OPENING_NONCE_SIZE) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "entry %" G_GUINT64_FORMAT ": its nonce is damaged", index);
        return NULL;
    }
    g_autofree OpeningPart *parts = g_new0(OpeningPart, entry->n_items + 1);
    for (guint i = 0; i < entry->n_items; i++) {
        const LedgerReadItem *item = &entry->items[i];
        parts[i].state = item->bytes ? OPENING_PRESENT : OPENING_ERASED;
        parts[i].nonce = item->nonce ? g_bytes_get_data(item->nonce, NULL) : NULL;
        parts[i].bytes = item->bytes;
    }
    return opening_new(g_bytes_get_data(entry->nonce, NULL), entry->header, strlen(entry->header),
                       parts, entry->n_items, error);
}

LedgerEntry openings_entry(const Opening *opening, LedgerItem **ret_items)
{
    LedgerItem *items = g_new(LedgerItem, opening->n_items);
    for (guint i = 0; i < opening->n_items; i++) {
        const OpeningItem *item = &opening->items[i];
        items[i] = (LedgerItem){NULL};
        if (!item->bytes)
            continue;
        items[i].nonce = item->nonce;
        items[i].bytes = g_bytes_get_data(item->bytes, &items[i].length);
    }
    *ret_items = items;
    return (LedgerEntry){.entry = opening->entry,
                         .nonce = opening->nonce,
                         .header = opening->header,
                         .header_length = opening->header_length,
                         .items = items,
                         .n_items = opening->n_items,
                         .is_public = opening->is_public,
                         .audience = (const char *const *)opening->audience};
}

/* The checkpoint under which is proven, taken apart. */
static Note *read_note(Store *store, const char *text, Checkpoint *ret_checkpoint, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!text) {
        if (!ledger_read_state(store, &state, error))
            return NULL;
        text = state.checkpoint;
    }
    if (!text) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "the ledger is empty");
        return NULL;
    }
    g_autoptr(Note) note = note_parse(text, strlen(text), error);
    if (!note || !checkpoint_parse(note->bytes, note->text_length, ret_checkpoint, error))
        return NULL;
    return g_steal_pointer(&note);
}

char *openings_prove(Store *store, guint64 index, const char *note_text, GError **error)
{
    g_auto(Checkpoint) checkpoint = {0};
    g_autoptr(Note) note = read_note(store, note_text, &checkpoint, error);
    if (!note)
        return NULL;
    if (index >= checkpoint.size) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the ledger has no entry %" G_GUINT64_FORMAT, index);
        return NULL;
    }
    MerkleProof path;
    if (!ledger_read_inclusion(store, index, checkpoint.size, &path, error))
        return NULL;
    return proof_format(index, &path, note, NULL, error);
}

char *openings_disclose(Store *store, guint64 index, guint item, const char *note, GError **error)
{
    g_autofree char *proof = openings_prove(store, index, note, error);
    g_autoptr(Opening) whole = proof ? openings_read(store, index, error) : NULL;
    if (!whole)
        return NULL;
    if (whole->is_lost) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "what entry %" G_GUINT64_FORMAT " says was lost: it can be proven, with "
                    "`concert ledger prove`, but not disclosed",
                    index);
        return NULL;
    }
    g_auto(GStrv) changes = ledger_read_key_changes(store, error);
    if (!changes)
        return NULL;
    g_autoptr(Opening) part = NULL;
    if (item != OPENINGS_ALL_ITEMS) {
        part = opening_withhold(whole, item, error);
        if (!part)
            return NULL;
    }
    return disclosure_format(part ? part : whole, proof, (const char *const *)changes,
                             g_strv_length(changes), error);
}
