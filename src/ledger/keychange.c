#include "ledger/keychange.h"

#include <string.h>

#include "base/error.h"
#include "ledger/line.h"
#include "ledger/origin.h"

#define HEADING         "concert/v1 key change"
#define LEDGER_SUFFIX   "/ledger"
#define COSIGN_SUFFIX   "/witness"
#define RECOVERY_SUFFIX "/recovery"

static const char *const type_names[] = {
    [KEYCHANGE_ROTATION] = "rotation",
    [KEYCHANGE_RECOVERY] = "recovery",
};

static const struct {
    const char *suffix; /* of the keys' name, behind that of the node */
    NoteAlgorithm algorithm;
} roles[KEYCHANGE_ROLES] = {
    [KEYCHANGE_LEDGER] = {LEDGER_SUFFIX, NOTE_ED25519},
    [KEYCHANGE_COSIGN] = {COSIGN_SUFFIX, NOTE_COSIGNATURE},
};

/* Whether @name is that of the node whose log is @origin, and @suffix. */
static gboolean is_named(const char *name, const char *origin, const char *suffix)
{
    g_autofree char *node = origin_node(origin);
    return node && g_str_has_prefix(name, node) && strcmp(name + strlen(node), suffix) == 0;
}

/* The ledger's key may belong to a log that is named in another way. */
static gboolean is_of_role(const NoteVerifier *key, const char *origin, KeyChangeRole role)
{
    return key->algorithm == roles[role].algorithm &&
           (role == KEYCHANGE_LEDGER ? strcmp(key->name, origin) == 0
                                     : is_named(key->name, origin, roles[role].suffix));
}

static gboolean is_same_key(const NoteVerifier *a, const NoteVerifier *b)
{
    return a->id == b->id && a->algorithm == b->algorithm && strcmp(a->name, b->name) == 0 &&
           g_bytes_equal(a->key, b->key);
}

void keychange_free(KeyChange *change)
{
    if (!change)
        return;
    g_free(change->origin);
    note_verifier_free(change->old_key);
    note_verifier_free(change->new_key);
    note_free(change->note);
    g_free(change);
}

static char *format_text(const char *origin, KeyChangeType type, const NoteVerifier *old_key,
                         const NoteVerifier *new_key, guint64 size)
{
    g_autofree char *old_vkey = note_verifier_format(old_key);
    g_autofree char *new_vkey = note_verifier_format(new_key);
    return g_strdup_printf(HEADING "\n%s\n%s\n%s\n%s\n%" G_GUINT64_FORMAT "\n", origin,
                           type_names[type], old_vkey, new_vkey, size);
}

static gboolean read_type(const char *word, KeyChangeType *ret_type)
{
    for (guint i = 0; i < G_N_ELEMENTS(type_names); i++) {
        if (strcmp(word, type_names[i]) == 0) {
            *ret_type = (KeyChangeType)i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean read_role(const KeyChange *change, KeyChangeRole *ret_role)
{
    for (guint i = 0; i < KEYCHANGE_ROLES; i++) {
        if (is_of_role(change->old_key, change->origin, (KeyChangeRole)i) &&
            is_of_role(change->new_key, change->origin, (KeyChangeRole)i)) {
            *ret_role = (KeyChangeRole)i;
            return TRUE;
        }
    }
    return FALSE;
}

static NoteVerifier *read_key(const char *vkey, guint line, GError **error)
{
    NoteVerifier *key = note_verifier_parse(vkey, error);
    if (!key)
        g_prefix_error(error, "line %u of a key change: ", line);
    return key;
}

/* The lines of the text, into a change that has its note. */
static gboolean read_text(KeyChange *change, GError **error)
{
    const Note *note = change->note;
    g_autofree char *text = g_strndup(note->bytes, note->text_length);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 8); /* the last one: what follows the size */
    if (strcmp(lines[0], HEADING) != 0)
        return error_set(error, CONCERT_ERROR_INPUT, "line 1 of a key change is \"" HEADING "\"");
    if (g_strv_length(lines) != 7 || lines[6][0] != '\0')
        return error_set(error, CONCERT_ERROR_INPUT, "a key change has six lines");
    if (!note_name_is_valid(lines[1], strlen(lines[1])))
        return error_set(error, CONCERT_ERROR_INPUT, "line 2 of a key change is the log's origin");
    if (!read_type(lines[2], &change->type))
        return error_set(error, CONCERT_ERROR_INPUT,
                         "line 3 of a key change is \"rotation\" or \"recovery\"");
    change->origin = g_strdup(lines[1]);
    change->old_key = read_key(lines[3], 4, error);
    change->new_key = change->old_key ? read_key(lines[4], 5, error) : NULL;
    if (!change->new_key)
        return FALSE;
    return line_number(lines[5], strlen(lines[5]), MERKLE_SIZE_MAX, &change->size) ||
           error_set(error, CONCERT_ERROR_INPUT, "line 6 of a key change is a size in decimal");
}

KeyChange *keychange_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(KeyChange) change = g_new0(KeyChange, 1);
    if (length > KEYCHANGE_BYTES_MAX) {
        error_set(error, CONCERT_ERROR_LIMIT, "a key change has at most %d bytes",
                  KEYCHANGE_BYTES_MAX);
        return NULL;
    }
    change->note = note_parse(text, length, error);
    if (!change->note || !read_text(change, error))
        return NULL;
    if (!read_role(change, &change->role)) {
        error_set(error, CONCERT_ERROR_INPUT,
                  "lines 4 and 5 of a key change are not keys of one role of \"%s\"",
                  change->origin);
        return NULL;
    }
    if (g_bytes_equal(change->old_key->key, change->new_key->key)) {
        error_set(error, CONCERT_ERROR_INPUT, "lines 4 and 5 of a key change are one key");
        return NULL;
    }
    g_autofree char *again =
        format_text(change->origin, change->type, change->old_key, change->new_key, change->size);
    if (strlen(again) != change->note->text_length ||
        memcmp(again, change->note->bytes, change->note->text_length) != 0) {
        error_set(error, CONCERT_ERROR_INPUT, "a key is not spelled as keys are in a key change");
        return NULL;
    }
    return g_steal_pointer(&change);
}

static char *sign(const char *origin, KeyChangeType type, const NoteVerifier *old_key,
                  const NoteSigner *authority, const NoteSigner *new_signer, guint64 size,
                  GError **error)
{
    const NoteVerifier *new_key = note_signer_verifier(new_signer);
    g_autofree char *text = format_text(origin, type, old_key, new_key, size);
    g_autoptr(NoteSigner) first = note_signer_as(authority, NOTE_ED25519, error);
    g_autoptr(NoteSigner) second = note_signer_as(new_signer, NOTE_ED25519, error);
    if (!first || !second)
        return NULL;
    g_autofree char *once = note_sign(text, first, 0, error);
    g_autoptr(Note) note = once ? note_parse(once, strlen(once), error) : NULL;
    g_autofree char *line = note ? note_signature_line(second, text, 0, error) : NULL;
    g_autofree char *signed_text = line ? note_append(note, line, error) : NULL;
    g_autoptr(KeyChange) change =
        signed_text ? keychange_parse(signed_text, strlen(signed_text), error) : NULL;
    if (!change || !keychange_verify(change, note_signer_verifier(authority), error))
        return NULL;
    return g_steal_pointer(&signed_text);
}

char *keychange_rotate(const char *origin, const NoteSigner *authority,
                       const NoteSigner *new_signer, guint64 size, GError **error)
{
    return sign(origin, KEYCHANGE_ROTATION, note_signer_verifier(authority), authority, new_signer,
                size, error);
}

char *keychange_recover(const char *origin, const NoteVerifier *old_key,
                        const NoteSigner *authority, const NoteSigner *new_signer, guint64 size,
                        GError **error)
{
    return sign(origin, KEYCHANGE_RECOVERY, old_key, authority, new_signer, size, error);
}

static gboolean check_recovery_key(const NoteVerifier *key, const char *origin, GError **error)
{
    return (key->algorithm == NOTE_ED25519 && is_named(key->name, origin, RECOVERY_SUFFIX)) ||
           error_set(error, CONCERT_ERROR_INPUT, "%s+%08x is not a recovery key of \"%s\"",
                     key->name, key->id, origin);
}

static gboolean verify_signer(const Note *note, const NoteVerifier *key, GError **error)
{
    gsize length;
    const void *bytes = g_bytes_get_data(key->key, &length);
    g_autoptr(NoteVerifier) plain =
        note_verifier_new(key->name, NOTE_ED25519, bytes, length, error);
    const NoteVerifier *verifier = plain;
    if (!plain)
        return FALSE;
    if (note_verify(note, &verifier, 1, NULL, error))
        return TRUE;
    g_prefix_error(error, "not signed by %s+%08x: ", key->name, plain->id);
    return FALSE;
}

gboolean keychange_verify(const KeyChange *change, const NoteVerifier *recovery, GError **error)
{
    const NoteVerifier *authority = change->old_key;
    if (change->type == KEYCHANGE_RECOVERY) {
        if (!recovery)
            return error_set(error, CONCERT_ERROR_DENIED,
                             "a recovery, and no recovery key is known");
        if (!check_recovery_key(recovery, change->origin, error))
            return FALSE;
        authority = recovery;
    }
    return verify_signer(change->note, authority, error) &&
           verify_signer(change->note, change->new_key, error);
}

/* The history. */

typedef struct {
    NoteVerifier *key;
    guint64 first, last;
    gboolean is_void;
    gboolean is_off; /* a recovery of an earlier key took it out of the chain */
} Accepted;

/* The keys of a role that are not off share out the sizes from 0 to MERKLE_SIZE_MAX: each size is
 * of one key. */
struct KeyHistory {
    NoteVerifier *recovery;
    GArray *accepted[KEYCHANGE_ROLES]; /* Accepted, in the order of acceptance; empty: the role is
                                          not followed */
    GHashTable *texts;                 /* of the changes that were accepted */
};

static void clear_accepted(gpointer data)
{
    Accepted *accepted = data;
    note_verifier_free(accepted->key);
}

void keychange_history_free(KeyHistory *history)
{
    if (!history)
        return;
    for (guint i = 0; i < KEYCHANGE_ROLES; i++)
        g_array_unref(history->accepted[i]);
    g_hash_table_unref(history->texts);
    note_verifier_free(history->recovery);
    g_free(history);
}

static Accepted *get(const KeyHistory *history, KeyChangeRole role, guint place)
{
    return &g_array_index(history->accepted[role], Accepted, place);
}

static guint count(const KeyHistory *history, KeyChangeRole role)
{
    return history->accepted[role]->len;
}

static void accept(KeyHistory *history, KeyChangeRole role, const NoteVerifier *key, guint64 first)
{
    const Accepted accepted = {note_verifier_copy(key), first, MERKLE_SIZE_MAX, FALSE, FALSE};
    g_array_append_val(history->accepted[role], accepted);
}

static Accepted *present(const KeyHistory *history, KeyChangeRole role)
{
    for (guint i = count(history, role); i-- > 0;)
        if (!get(history, role, i)->is_off)
            return get(history, role, i);
    return NULL;
}

/* Whether the ledger has or had that key, whatever it was for. */
static gboolean knows_key(const KeyHistory *history, const NoteVerifier *key)
{
    for (guint role = 0; role < KEYCHANGE_ROLES; role++)
        for (guint i = 0; i < count(history, role); i++)
            if (g_bytes_equal(get(history, role, i)->key->key, key->key))
                return TRUE;
    return history->recovery && g_bytes_equal(history->recovery->key, key->key);
}

KeyHistory *keychange_history_new(const NoteVerifier *ledger, const NoteVerifier *cosign,
                                  const NoteVerifier *recovery, GError **error)
{
    g_autoptr(KeyHistory) history = g_new0(KeyHistory, 1);
    for (guint i = 0; i < KEYCHANGE_ROLES; i++) {
        history->accepted[i] = g_array_new(FALSE, FALSE, sizeof(Accepted));
        g_array_set_clear_func(history->accepted[i], clear_accepted);
    }
    history->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const NoteVerifier *const pinned[KEYCHANGE_ROLES] = {ledger, cosign};
    for (guint role = 0; role < KEYCHANGE_ROLES; role++) {
        const NoteVerifier *key = pinned[role];
        if (!key)
            continue;
        if (!is_of_role(key, ledger->name, (KeyChangeRole)role) || knows_key(history, key)) {
            error_set(error, CONCERT_ERROR_INPUT, "%s+%08x cannot be the %s key of \"%s\"",
                      key->name, key->id, roles[role].suffix + 1, ledger->name);
            return NULL;
        }
        accept(history, (KeyChangeRole)role, key, 0);
    }
    if (recovery && (!check_recovery_key(recovery, ledger->name, error)))
        return NULL;
    if (recovery && knows_key(history, recovery)) {
        error_set(error, CONCERT_ERROR_INPUT, "the recovery key is another one's too");
        return NULL;
    }
    history->recovery = recovery ? note_verifier_copy(recovery) : NULL;
    return g_steal_pointer(&history);
}

/* The place of the key that @change ends; FALSE with @error set if it may not. */
static gboolean find_old(const KeyHistory *history, const KeyChange *change, guint *ret_place,
                         GError **error)
{
    const NoteVerifier *old_key = change->old_key;
    for (guint i = 0; i < count(history, change->role); i++) {
        const Accepted *accepted = get(history, change->role, i);
        if (!is_same_key(accepted->key, old_key))
            continue;
        if (accepted->is_off)
            return error_set(error, CONCERT_ERROR_DENIED, "it leads from %s+%08x, which is void",
                             old_key->name, old_key->id);
        if (change->type == KEYCHANGE_ROTATION && accepted != present(history, change->role))
            return error_set(error, CONCERT_ERROR_DENIED,
                             "it leads from %s+%08x, which is not the key of today", old_key->name,
                             old_key->id);
        *ret_place = i;
        return TRUE;
    }
    return error_set(error, CONCERT_ERROR_DENIED, "it leads from %s+%08x, which nobody accepted",
                     old_key->name, old_key->id);
}

static void rotate(KeyHistory *history, const KeyChange *change, guint place)
{
    get(history, change->role, place)->last = change->size;
    accept(history, change->role, change->new_key, change->size + 1);
}

static void recover(KeyHistory *history, const KeyChange *change, guint place)
{
    for (guint i = 0; i < count(history, change->role); i++) {
        Accepted *accepted = get(history, change->role, i);
        if (i > place) {
            accepted->is_off = TRUE;
            accepted->is_void = TRUE;
        } else if (i == place || accepted->last > change->size) {
            accepted->last = change->size;
            accepted->is_void = TRUE;
        }
    }
    accept(history, change->role, change->new_key, change->size + 1);
}

gboolean keychange_history_add(KeyHistory *history, const KeyChange *change, gboolean *ret_is_new,
                               GError **error)
{
    guint place = 0;
    g_autofree char *text = g_strndup(change->note->bytes, change->note->text_length);
    if (strcmp(change->origin, keychange_history_origin(history)) != 0)
        return error_set(error, CONCERT_ERROR_DENIED, "it is of the log \"%s\", not of \"%s\"",
                         change->origin, keychange_history_origin(history));
    if (count(history, change->role) == 0 || g_hash_table_contains(history->texts, text)) {
        if (ret_is_new)
            *ret_is_new = FALSE;
        return TRUE;
    }
    if (g_hash_table_size(history->texts) == KEYCHANGE_LIST_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "more than %d key changes",
                         KEYCHANGE_LIST_MAX);
    if (!find_old(history, change, &place, error) ||
        !keychange_verify(change, history->recovery, error))
        return FALSE;
    if (knows_key(history, change->new_key))
        return error_set(error, CONCERT_ERROR_INPUT,
                         "it leads to %s+%08x, which the ledger has or had already",
                         change->new_key->name, change->new_key->id);
    guint64 first = get(history, change->role, place)->first;
    if (change->type == KEYCHANGE_ROTATION && change->size + 1 < first)
        return error_set(error, CONCERT_ERROR_INPUT,
                         "its size is %" G_GUINT64_FORMAT ", less than %" G_GUINT64_FORMAT
                         " of the one before",
                         change->size, first - 1);
    (change->type == KEYCHANGE_ROTATION ? rotate : recover)(history, change, place);
    g_hash_table_add(history->texts, g_steal_pointer(&text));
    if (ret_is_new)
        *ret_is_new = TRUE;
    return TRUE;
}

/* How many changes of the list lead up to the pinned key of a role, which is the first accepted. */
static guint find_start(const KeyHistory *history, KeyChangeRole role, const GPtrArray *changes)
{
    for (guint i = changes->len; count(history, role) > 0 && i-- > 0;) {
        const KeyChange *change = g_ptr_array_index(changes, i);
        if (change->role == role && is_same_key(change->new_key, get(history, role, 0)->key))
            return i + 1;
    }
    return 0;
}

gboolean keychange_history_add_list(KeyHistory *history, const char *const *changes,
                                    guint n_changes, GError **error)
{
    g_autoptr(GPtrArray) parsed = g_ptr_array_new_with_free_func((GDestroyNotify)keychange_free);
    guint starts[KEYCHANGE_ROLES];
    if (n_changes > KEYCHANGE_LIST_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "more than %d key changes",
                         KEYCHANGE_LIST_MAX);
    for (guint i = 0; i < n_changes; i++) {
        KeyChange *change = keychange_parse(changes[i], strlen(changes[i]), error);
        if (!change) {
            g_prefix_error(error, "key change %u: ", i);
            return FALSE;
        }
        g_ptr_array_add(parsed, change);
    }
    for (guint role = 0; role < KEYCHANGE_ROLES; role++)
        starts[role] = find_start(history, (KeyChangeRole)role, parsed);
    for (guint i = 0; i < n_changes; i++) {
        const KeyChange *change = g_ptr_array_index(parsed, i);
        if (i >= starts[change->role] && !keychange_history_add(history, change, NULL, error)) {
            g_prefix_error(error, "key change %u: ", i);
            return FALSE;
        }
    }
    return TRUE;
}

const char *keychange_history_origin(const KeyHistory *history)
{
    return get(history, KEYCHANGE_LEDGER, 0)->key->name;
}

const NoteVerifier *keychange_history_present(const KeyHistory *history, KeyChangeRole role)
{
    const Accepted *accepted = present(history, role);
    return accepted ? accepted->key : NULL;
}

const NoteVerifier *keychange_history_recovery(const KeyHistory *history)
{
    return history->recovery;
}

guint keychange_history_n_keys(const KeyHistory *history, KeyChangeRole role)
{
    return count(history, role);
}

KeyHistoryKey keychange_history_key(const KeyHistory *history, KeyChangeRole role, guint place)
{
    g_assert(place < count(history, role));
    const Accepted *accepted = get(history, role, place);
    return accepted->is_off
               ? (KeyHistoryKey){accepted->key, 1, 0, TRUE}
               : (KeyHistoryKey){accepted->key, accepted->first, accepted->last, accepted->is_void};
}

const NoteVerifier *keychange_history_valid(const KeyHistory *history, guint64 size)
{
    for (guint i = 0; i < count(history, KEYCHANGE_LEDGER); i++) {
        const Accepted *accepted = get(history, KEYCHANGE_LEDGER, i);
        if (!accepted->is_off && size >= accepted->first && size <= accepted->last)
            return accepted->key;
    }
    return keychange_history_present(history, KEYCHANGE_LEDGER);
}

/* Says so if it was a key of the history that is not valid for @size. */
static void explain(const KeyHistory *history, const Note *note, guint64 size, GError **error)
{
    for (guint i = 0; i < count(history, KEYCHANGE_LEDGER); i++) {
        const KeyHistoryKey key = keychange_history_key(history, KEYCHANGE_LEDGER, i);
        if (!note_verify(note, &key.key, 1, NULL, NULL))
            continue;
        g_clear_error(error);
        error_set(error, CONCERT_ERROR_DENIED,
                  "signed by %s+%08x, which is not the key for trees of %" G_GUINT64_FORMAT
                  " entries%s",
                  key.key->name, key.key->id, size, key.is_void ? ": a recovery voided it" : "");
        return;
    }
}

gboolean keychange_history_verify(const KeyHistory *history, const Note *note,
                                  Checkpoint *ret_checkpoint, GError **error)
{
    g_auto(Checkpoint) checkpoint = {0};
    const char *origin = keychange_history_origin(history);
    if (!checkpoint_parse(note->bytes, note->text_length, &checkpoint, error))
        return FALSE;
    if (strcmp(checkpoint.origin, origin) != 0)
        return error_set(error, CONCERT_ERROR_DENIED,
                         "the checkpoint is of the log \"%s\", not of \"%s\"", checkpoint.origin,
                         origin);
    const NoteVerifier *key = keychange_history_valid(history, checkpoint.size);
    if (!note_verify(note, &key, 1, NULL, error)) {
        explain(history, note, checkpoint.size, error);
        return FALSE;
    }
    if (ret_checkpoint) {
        *ret_checkpoint = checkpoint;
        checkpoint = (Checkpoint){0};
    }
    return TRUE;
}
