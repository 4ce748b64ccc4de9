#include "node/regain.h"

#include <string.h>

#include "base/jsonguard.h"
#include "ledger/keychange.h"
#include "store/openings.h"

#define CHECKPOINT_MAX   NOTE_BYTES_MAX
#define OPENING_TEXT_MAX (64 * 1024 * 1024)

typedef struct {
    Store *store;
    const LogSource *source;
    LedgerReadState state; /* of what is here */
    char **changes;
    KeyHistory *history;
    Note *note; /* the source's checkpoint */
    Checkpoint checkpoint;
    GByteArray *entries; /* those that are missing here */
    GPtrArray *openings; /* Opening, or NULL, of each of them */
    GByteArray *buffer;
} Regain;

static void regain_clear(Regain *regain)
{
    ledger_read_state_clear(&regain->state);
    g_clear_pointer(&regain->changes, g_strfreev);
    g_clear_pointer(&regain->history, keychange_history_free);
    g_clear_pointer(&regain->note, note_free);
    checkpoint_clear(&regain->checkpoint);
    g_clear_pointer(&regain->entries, g_byte_array_unref);
    g_clear_pointer(&regain->openings, g_ptr_array_unref);
    g_clear_pointer(&regain->buffer, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Regain, regain_clear)

/* --- whose keys --------------------------------------------------------------------------------
 */

/* The key of a role that the ledger began with. */
static NoteVerifier *first_key(const Regain *regain, KeyChangeRole role, LedgerKey key,
                               GError **error)
{
    for (guint i = 0; regain->changes[i]; i++) {
        const char *text = regain->changes[i];
        g_autoptr(KeyChange) change = keychange_parse(text, strlen(text), error);
        if (!change)
            return NULL;
        if (change->role == role)
            return g_steal_pointer(&change->old_key);
    }
    return note_verifier_parse(regain->state.keys[key], error);
}

static gboolean read_own(Regain *regain, GError **error)
{
    if (!ledger_read_history(regain->store, &regain->state, &regain->changes, error))
        return FALSE;
    g_autoptr(NoteVerifier) ledger = first_key(regain, KEYCHANGE_LEDGER, LEDGER_KEY, error);
    g_autoptr(NoteVerifier) cosign =
        ledger ? first_key(regain, KEYCHANGE_COSIGN, LEDGER_COSIGN_KEY, error) : NULL;
    g_autoptr(NoteVerifier) recovery =
        cosign ? note_verifier_parse(regain->state.keys[LEDGER_RECOVERY_KEY], error) : NULL;
    if (!recovery)
        return FALSE;
    regain->history = keychange_history_new(ledger, cosign, recovery, error);
    return regain->history &&
           keychange_history_add_list(regain->history, (const char *const *)regain->changes,
                                      g_strv_length(regain->changes), error);
}

/* --- what is there -----------------------------------------------------------------------------
 */

/* The checkpoint as it claims to be; whether it is signed is seen when the keys are known. */
static gboolean read_checkpoint(Regain *regain, GError **error)
{
    if (!log_source_read(regain->source, "checkpoint", CHECKPOINT_MAX, regain->buffer, error))
        return FALSE;
    regain->note = note_parse((const char *)regain->buffer->data, regain->buffer->len, error);
    if (!regain->note || !checkpoint_parse(regain->note->bytes, regain->note->text_length,
                                           &regain->checkpoint, error)) {
        g_prefix_error(error, "checkpoint: ");
        return FALSE;
    }
    const Checkpoint *theirs = &regain->checkpoint;
    if (!g_str_equal(theirs->origin, regain->state.origin))
        return error_set(error, CONCERT_ERROR_CONFLICT, "that is the log \"%s\", not \"%s\"",
                         theirs->origin, regain->state.origin);
    if (theirs->size < regain->state.size)
        return error_set(error, CONCERT_ERROR_CONFLICT,
                         "%" G_GUINT64_FORMAT
                         " entries are there, fewer than the %" G_GUINT64_FORMAT " that are here",
                         theirs->size, regain->state.size);
    return TRUE;
}

static gboolean take_bundle(Regain *regain, const Tile *tile, guint width, GError **error)
{
    TileEntry entries[TILE_WIDTH];
    if (!tile_bundle_split(regain->buffer->data, regain->buffer->len, width, entries, error))
        return FALSE;
    guint64 first = tile->index * TILE_WIDTH;
    for (guint i = 0; i < tile->width; i++) {
        if (first + i < regain->state.size)
            continue;
        if (entries[i].length != LEDGER_ENTRY_SIZE)
            return error_set(error, CONCERT_ERROR_CONFLICT,
                             "entry %" G_GUINT64_FORMAT " has %" G_GSIZE_FORMAT " bytes", first + i,
                             entries[i].length);
        g_byte_array_append(regain->entries, entries[i].bytes, LEDGER_ENTRY_SIZE);
    }
    return TRUE;
}

static gboolean read_entries(Regain *regain, GError **error)
{
    guint64 size = regain->checkpoint.size;
    if (size - regain->state.size > REGAIN_ENTRIES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                    "%" G_GUINT64_FORMAT " entries are missing here; at most %d can be got back: "
                    "restore a newer backup",
                    size - regain->state.size, REGAIN_ENTRIES_MAX);
        return FALSE;
    }
    for (guint64 i = regain->state.size / TILE_WIDTH; i < tile_count(0, size); i++) {
        const Tile tile = {.entries = TRUE, .index = i, .width = tile_width(0, i, size)};
        char path[TILE_PATH_MAX];
        guint width;
        if (!log_source_read_tile(regain->source, &tile, regain->buffer, &width, error))
            return FALSE;
        if (!take_bundle(regain, &tile, width, error)) {
            g_prefix_error(error, "%s: ", tile_path(&tile, path));
            return FALSE;
        }
    }
    return TRUE;
}

/* --- openings ----------------------------------------------------------------------------------
 */

static gboolean is_whole(const Opening *opening)
{
    for (guint i = 0; i < opening->n_items; i++)
        if (opening->items[i].state == OPENING_WITHHELD)
            return FALSE;
    return !opening->is_erased;
}

/* The public opening of an entry, if the source has it and it is right; one that is not is as good
 * as none. */
static gboolean read_opening(Regain *regain, guint64 place, GError **error)
{
    guint64 index = regain->state.size + place;
    const guint8 *entry = regain->entries->data + place * LEDGER_ENTRY_SIZE;
    g_autofree char *path = g_strdup_printf("openings/%" G_GUINT64_FORMAT, index);
    g_autoptr(GError) local = NULL;
    g_autoptr(Opening) opening = NULL;
    if (log_source_read(regain->source, path, OPENING_TEXT_MAX, regain->buffer, &local)) {
        opening = opening_parse((const char *)regain->buffer->data, regain->buffer->len,
                                OPENING_TEXT_MAX, NULL);
        if (opening && (!is_whole(opening) || !opening_verify(opening, regain->state.origin, entry,
                                                              LEDGER_ENTRY_SIZE, NULL)))
            g_clear_pointer(&opening, opening_free);
    } else if (!g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND) &&
               !g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_LIMIT)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    g_ptr_array_add(regain->openings, g_steal_pointer(&opening));
    return TRUE;
}

/* The member @name of an opening's header. */
static yyjson_doc *open_header(const Opening *opening, const char *kind, const char *name,
                               yyjson_val **ret_value)
{
    if (!opening || opening->is_erased || !g_str_equal(opening->kind, kind))
        return NULL;
    yyjson_doc *doc = opening_header(opening);
    *ret_value = yyjson_obj_get(yyjson_doc_get_root(doc), name);
    return doc;
}

/* The key change in an opening, or NULL. */
static KeyChange *read_change(const Opening *opening)
{
    yyjson_val *value;
    g_autoptr(yyjson_doc) doc = open_header(opening, "key.changed", "change", &value);
    const char *text = doc ? yyjson_get_str(value) : NULL;
    return text ? keychange_parse(text, strlen(text), NULL) : NULL;
}

/* The keys follow what the entries say; then the checkpoint must be signed by the one of its size.
 */
static gboolean check_signed(Regain *regain, GError **error)
{
    for (guint i = 0; i < regain->openings->len; i++) {
        g_autoptr(KeyChange) change = read_change(regain->openings->pdata[i]);
        if (change && !keychange_history_add(regain->history, change, NULL, error)) {
            g_prefix_error(error,
                           "entry %" G_GUINT64_FORMAT ": key change: ", regain->state.size + i);
            return FALSE;
        }
    }
    return keychange_history_verify(regain->history, regain->note, NULL, error);
}

/* The checkpoint with the log's own signature alone. */
static char *own_note(const Regain *regain)
{
    const Note *note = regain->note;
    const NoteVerifier *key = keychange_history_valid(regain->history, regain->checkpoint.size);
    GString *text = g_string_new_len(note->bytes, (gssize)note->text_length);
    g_string_append_c(text, '\n');
    for (guint i = 0; i < note->n_signatures; i++) {
        if (!note_signature_is_of(&note->signatures[i], key))
            continue;
        g_string_append_len(text, note->signatures[i].line,
                            (gssize)note->signatures[i].line_length);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

/* --- writing it --------------------------------------------------------------------------------
 */

typedef struct {
    const Regain *regain;
    const char *checkpoint;
    GPtrArray *items; /* LedgerItem arrays: the writer needs them until it has written */
} Apply;

static gboolean apply_entry(StoreTx *tx, const Apply *apply, guint place, GError **error)
{
    const Regain *regain = apply->regain;
    const Opening *opening = regain->openings->pdata[place];
    LedgerEntry entry = {.entry = regain->entries->data + (gsize)place * LEDGER_ENTRY_SIZE};
    LedgerItem *items = NULL;
    if (opening)
        entry = openings_entry(opening, &items);
    if (items)
        g_ptr_array_add(apply->items, items);
    guint64 index;
    return ledger_regain(tx, &entry, &index, error);
}

static gboolean apply_change(StoreTx *tx, const Apply *apply, guint place, GError **error)
{
    static const LedgerKey keys[KEYCHANGE_ROLES] = {LEDGER_KEY, LEDGER_COSIGN_KEY};
    g_autoptr(KeyChange) change = read_change(apply->regain->openings->pdata[place]);
    if (!change)
        return TRUE;
    g_autofree char *vkey = note_verifier_format(change->new_key);
    return ledger_change_key(tx, apply->regain->state.size + place, keys[change->role], vkey,
                             change->note->bytes, error);
}

/* What was erased since the backup was taken is in the backup. */
static gboolean apply_erasure(StoreTx *tx, const Apply *apply, guint place, GError **error)
{
    const Regain *regain = apply->regain;
    yyjson_val *index;
    g_autoptr(yyjson_doc) doc =
        open_header(regain->openings->pdata[place], "opening.erased", "erased", &index);
    if (!doc || !yyjson_is_uint(index) || yyjson_get_uint(index) >= regain->state.size + place)
        return TRUE;
    guint64 erased = yyjson_get_uint(index);
    if (erased >= regain->state.size && !regain->openings->pdata[erased - regain->state.size])
        return TRUE; /* nothing of it came back */
    yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), "erased_items");
    g_autofree guint *places = g_new(guint, yyjson_arr_size(list) + 1);
    guint n_places = 0;
    gsize i, count;
    yyjson_val *item;
    yyjson_arr_foreach (list, i, count, item)
        places[n_places++] = (guint)MIN(yyjson_get_uint(item), LEDGER_ITEMS_MAX);
    gboolean changed;
    g_autoptr(GError) local = NULL;
    if (ledger_erase(tx, erased, places, n_places, &changed, &local) ||
        g_error_matches(local, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean apply_regain(StoreTx *tx, gpointer user, GError **error)
{
    Apply *apply = user;
    const Regain *regain = apply->regain;
    const char *origin;
    guint64 size;
    if (!ledger_look(tx, &origin, &size, error))
        return FALSE;
    if (size != regain->state.size || !g_str_equal(origin, regain->state.origin))
        return error_set(error, CONCERT_ERROR_CONFLICT,
                         "the ledger has changed meanwhile: try again");
    g_ptr_array_set_size(apply->items, 0);
    gboolean (*const steps[])(StoreTx *, const Apply *, guint,
                              GError **) = {apply_entry, apply_change, apply_erasure};
    for (guint step = 0; step < G_N_ELEMENTS(steps); step++)
        for (guint i = 0; i < regain->openings->len; i++)
            if (!steps[step](tx, apply, i, error))
                return FALSE;
    return ledger_adopt(tx, apply->checkpoint, regain->checkpoint.size, &regain->checkpoint.root,
                        error);
}

static gboolean write_all(Regain *regain, Writer *writer, GError **error)
{
    g_autofree char *checkpoint = own_note(regain);
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    Apply apply = {.regain = regain, .checkpoint = checkpoint, .items = items};
    return writer_run(writer, 1, apply_regain, &apply, error);
}

static void clear_opening(gpointer opening)
{
    opening_free(opening);
}

static Regain begin(Store *store, const LogSource *source)
{
    return (Regain){.store = store,
                    .source = source,
                    .entries = g_byte_array_new(),
                    .openings = g_ptr_array_new_with_free_func(clear_opening),
                    .buffer = g_byte_array_new()};
}

gboolean regain_ledger(Store *store, Writer *writer, const LogSource *source,
                       RegainReport *ret_report, GError **error)
{
    g_auto(Regain) regain = begin(store, source);
    if (!read_own(&regain, error) || !read_checkpoint(&regain, error) ||
        !read_entries(&regain, error))
        return FALSE;
    RegainReport report = {regain.state.size, regain.checkpoint.size, 0};
    for (guint64 i = 0; i < report.size - report.before; i++) {
        if (!read_opening(&regain, i, error))
            return FALSE;
        report.openings += regain.openings->pdata[i] != NULL;
    }
    if (!check_signed(&regain, error))
        return FALSE;
    if (report.size == report.before) {
        if (!merkle_hash_equal(&regain.checkpoint.root, &regain.state.root))
            return error_set(error, CONCERT_ERROR_CONFLICT,
                             "the ledger's key has signed two trees of %" G_GUINT64_FORMAT
                             " entries: the one that is there and the one that is here",
                             report.size);
    } else if (!write_all(&regain, writer, error)) {
        return FALSE;
    }
    *ret_report = report;
    return TRUE;
}

char *regain_checkpoint(Store *store, const LogSource *source, GError **error)
{
    g_auto(Regain) regain = begin(store, source);
    if (!read_own(&regain, error) || !read_checkpoint(&regain, error) ||
        !check_signed(&regain, error))
        return NULL;
    return own_note(&regain);
}
