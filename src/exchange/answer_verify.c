/* answer_verify.c - whether an answer holds. What convicts the author is told apart from what only
 * fails: for that, the statement is known to be the author's before it is held against the ledger.
 */
#include <string.h>

#include "base/error.h"
#include "exchange/answer.h"
#include "exchange/card.h"

/* One verification. */
typedef struct {
    const Answer *answer;
    const AnswerTrust *trust;
    AnswerVerified result; /* as it grows */
} Check;

static void check_clear(Check *check)
{
    answer_verified_clear(&check->result);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

void answer_verified_clear(AnswerVerified *verified)
{
    g_clear_pointer(&verified->checkpoint, g_free);
    g_clear_pointer(&verified->learnt, g_strfreev);
    g_clear_pointer(&verified->coverage, coverage_free);
    g_clear_pointer(&verified->message_key, note_verifier_free);
}

const char *answer_verdict_name(AnswerVerdict verdict)
{
    static const char *const names[] = {
        [ANSWER_ACCEPTED] = "accepted",
        [ANSWER_DAMAGED] = "damaged",
        [ANSWER_LYING] = "lying",
        [ANSWER_FORKED] = "forked",
    };
    return names[verdict];
}

static AnswerVerdict fail(AnswerVerdict verdict, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static AnswerVerdict fail(AnswerVerdict verdict, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(
            CONCERT_ERROR, verdict == ANSWER_FORKED ? CONCERT_ERROR_CONFLICT : CONCERT_ERROR_INPUT,
            format, arguments);
    va_end(arguments);
    return verdict;
}

/* What failed below here proves nothing. */
static AnswerVerdict damaged(GError **error, const char *where)
{
    g_prefix_error(error, "%s", where);
    return ANSWER_DAMAGED;
}

static AnswerOpening *get_opening(const Answer *answer, guint place)
{
    return g_ptr_array_index(answer->openings, place);
}

/* Whether the answer is to what was asked. */
static AnswerVerdict check_range(Check *check, GError **error)
{
    const Answer *answer = check->answer;
    const AnswerTrust *trust = check->trust;
    if (strcmp(answer->origin, trust->origin) != 0)
        return fail(ANSWER_DAMAGED, error, "head: of the ledger \"%s\", not of \"%s\"",
                    answer->origin, trust->origin);
    if (answer->from > trust->from)
        return fail(ANSWER_DAMAGED, error,
                    "head: begins at entry %" G_GUINT64_FORMAT ", and those from %" G_GUINT64_FORMAT
                    " on are not here",
                    answer->from, trust->from);
    if (answer->end < trust->from)
        return fail(ANSWER_DAMAGED, error,
                    "head: ends before entry %" G_GUINT64_FORMAT
                    ", and all before %" G_GUINT64_FORMAT " is here already",
                    answer->end, trust->from);
    if (answer->size < trust->size)
        return fail(ANSWER_DAMAGED, error,
                    "head: a tree of %" G_GUINT64_FORMAT " entries, and one of %" G_GUINT64_FORMAT
                    " is known: the answer is old, or the ledger was rolled back",
                    answer->size, trust->size);
    return ANSWER_ACCEPTED;
}

/* Key changes. */

static gboolean has_key(const KeyHistory *history, const KeyChange *change, guint first)
{
    guint count = keychange_history_n_keys(history, change->role);
    for (guint i = first; i < count; i++) {
        const NoteVerifier *key = keychange_history_key(history, change->role, i).key;
        if (key->id == change->new_key->id && g_bytes_equal(key->key, change->new_key->key))
            return TRUE;
    }
    return FALSE;
}

/* A key is never a ledger's twice, so the changes that were new are those that led to new keys. */
static AnswerVerdict follow_changes(Check *check, GError **error)
{
    KeyHistory *history = check->trust->history;
    const char *const *changes = (const char *const *)check->answer->changes;
    guint before[KEYCHANGE_ROLES], count = g_strv_length(check->answer->changes);
    for (guint role = 0; role < KEYCHANGE_ROLES; role++)
        before[role] = keychange_history_n_keys(history, (KeyChangeRole)role);
    if (!keychange_history_add_list(history, changes, count, error))
        return ANSWER_DAMAGED;
    g_autoptr(GPtrArray) learnt = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < count; i++) {
        g_autoptr(KeyChange) change = keychange_parse(changes[i], strlen(changes[i]), NULL);
        if (change && has_key(history, change, before[change->role]))
            g_ptr_array_add(learnt, g_strdup(changes[i]));
    }
    g_ptr_array_add(learnt, NULL);
    check->result.learnt = (char **)g_ptr_array_steal(learnt, NULL);
    return ANSWER_ACCEPTED;
}

/* The tree. */

static AnswerVerdict check_checkpoint(Check *check, GError **error)
{
    const Answer *answer = check->answer;
    const AnswerTrust *trust = check->trust;
    g_auto(Checkpoint) checkpoint = {0};
    if (!answer->checkpoint) {
        check->result.root = trust->root;
        return answer->size == trust->size && trust->size > 0
                   ? ANSWER_ACCEPTED
                   : fail(ANSWER_DAMAGED, error,
                          "head: no checkpoint of the tree of %" G_GUINT64_FORMAT " entries",
                          answer->size);
    }
    g_autoptr(Note) note = note_parse(answer->checkpoint, strlen(answer->checkpoint), error);
    if (!note || !keychange_history_verify(trust->history, note, &checkpoint, error))
        return damaged(error, "checkpoint: ");
    if (checkpoint.size != answer->size)
        return fail(ANSWER_DAMAGED, error,
                    "checkpoint: of %" G_GUINT64_FORMAT
                    " entries, the head says %" G_GUINT64_FORMAT,
                    checkpoint.size, answer->size);
    check->result.root = checkpoint.root;
    check->result.checkpoint = g_strdup(answer->checkpoint);
    return ANSWER_ACCEPTED;
}

static AnswerVerdict check_consistency(Check *check, GError **error)
{
    const AnswerTrust *trust = check->trust;
    guint64 size = check->answer->size;
    const MerkleProof *proof =
        trust->consistency ? trust->consistency : &check->answer->consistency;
    MerkleHash other;
    if (trust->size == 0)
        return ANSWER_ACCEPTED;
    if (size == trust->size)
        return merkle_hash_equal(&check->result.root, &trust->root)
                   ? ANSWER_ACCEPTED
                   : fail(ANSWER_FORKED, error,
                          "checkpoint: another tree of %" G_GUINT64_FORMAT
                          " entries than the one that is known: the ledger is forked",
                          size);
    if (merkle_verify_consistency(trust->size, &trust->root, size, &check->result.root, proof,
                                  error))
        return ANSWER_ACCEPTED;
    if (merkle_consistency_root(trust->size, size, &check->result.root, proof, &other)) {
        g_clear_error(error);
        return fail(ANSWER_FORKED, error,
                    "checkpoint: its tree of %" G_GUINT64_FORMAT
                    " entries does not hold the known one of %" G_GUINT64_FORMAT
                    ": the ledger is forked",
                    size, trust->size);
    }
    return damaged(error, "consistency: ");
}

/* The statement. */

static AnswerVerdict read_statement(Check *check, GError **error)
{
    const Answer *answer = check->answer;
    Coverage *coverage = coverage_parse(answer->statement, strlen(answer->statement), error);
    if (!coverage)
        return damaged(error, "coverage: ");
    check->result.coverage = coverage;
    if (strcmp(coverage->origin, answer->origin) != 0)
        return fail(ANSWER_DAMAGED, error, "coverage: of the ledger \"%s\"", coverage->origin);
    if (strcmp(coverage->to, check->trust->to) != 0)
        return fail(ANSWER_DAMAGED, error, "coverage: made for \"%s\"", coverage->to);
    if (coverage->from != answer->from || coverage->end != answer->end ||
        coverage->size != answer->size)
        return fail(ANSWER_DAMAGED, error,
                    "coverage: of entries %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                    " of %" G_GUINT64_FORMAT ", not those of the head",
                    coverage->from, coverage->end, coverage->size);
    return ANSWER_ACCEPTED;
}

static gboolean take_key(Check *check, const NoteVerifier *key, gboolean is_new)
{
    if (!coverage_verify(check->result.coverage, &key, 1, NULL, NULL))
        return FALSE;
    check->result.message_key = note_verifier_copy(key);
    check->result.is_new_message_key = is_new;
    return TRUE;
}

/* Whether the card is the author's, newer than the known one, and its message key signed. */
static gboolean take_card_key(Check *check, const char *text, gsize length)
{
    g_autoptr(Card) card = card_parse(text, length, NULL);
    return card && card->number > check->trust->card_number &&
           card_verify(card, check->trust->history, NULL) &&
           take_key(check, card->keys[CARD_MESSAGE_KEY], TRUE);
}

static gboolean take_opening_key(Check *check, const AnswerOpening *opening)
{
    const Opening *content = opening->opening;
    gsize length;
    if (content->is_erased || strcmp(content->kind, CARD_KIND) != 0 || content->n_items == 0 ||
        content->items[0].state != OPENING_PRESENT)
        return FALSE;
    const char *text = g_bytes_get_data(content->items[0].bytes, &length);
    return take_card_key(check, text, length);
}

/* Finds the key that signed the statement. The openings have been verified. */
static AnswerVerdict check_signature(Check *check, GError **error)
{
    const Answer *answer = check->answer;
    const AnswerTrust *trust = check->trust;
    for (guint i = 0; i < trust->n_message_keys; i++)
        if (take_key(check, trust->message_keys[i], FALSE))
            return ANSWER_ACCEPTED;
    if (answer->card && take_card_key(check, answer->card, strlen(answer->card)))
        return ANSWER_ACCEPTED;
    for (guint i = answer->openings->len; i-- > 0;)
        if (take_opening_key(check, get_opening(answer, i)))
            return ANSWER_ACCEPTED;
    coverage_verify(check->result.coverage, NULL, 0, NULL, error);
    return damaged(error, "coverage: ");
}

/* Whether each "O" stands for an index of the statement and the other way round. What is there and
 * not claimed convicts its author if it is for us. */
static AnswerVerdict check_completeness(const Check *check, GError **error)
{
    const Coverage *coverage = check->result.coverage;
    const Answer *answer = check->answer;
    guint next = 0;
    for (guint i = 0; i < answer->openings->len; i++) {
        const AnswerOpening *opening = get_opening(answer, i);
        if (opening->granted_by != ANSWER_NOT_GRANTED)
            continue;
        if (next < coverage->n_indices && coverage->indices[next] < opening->index)
            break;
        if (next < coverage->n_indices && coverage->indices[next] == opening->index) {
            next++;
            continue;
        }
        if (coverage_omits(coverage, opening->index, opening->opening))
            return fail(ANSWER_LYING, error,
                        "coverage: leaves out entry %" G_GUINT64_FORMAT ", which is for us",
                        opening->index);
        return fail(ANSWER_DAMAGED, error,
                    "coverage: opening %" G_GUINT64_FORMAT " is there and is not claimed",
                    opening->index);
    }
    if (next < coverage->n_indices)
        return fail(ANSWER_DAMAGED, error,
                    "coverage: index %" G_GUINT64_FORMAT " is claimed but not there",
                    coverage->indices[next]);
    return ANSWER_ACCEPTED;
}

/* What the statement says against what the ledger says, now that both are known to be the author's.
 */
static AnswerVerdict check_truth(Check *check, GError **error)
{
    const Coverage *coverage = check->result.coverage;
    const Answer *answer = check->answer;
    if (!merkle_hash_equal(&coverage->root, &check->result.root))
        return fail(ANSWER_LYING, error,
                    "coverage: it names another root of the tree of %" G_GUINT64_FORMAT
                    " entries than the checkpoint",
                    coverage->size);
    for (guint i = 0; i < answer->openings->len; i++) {
        const AnswerOpening *opening = get_opening(answer, i);
        if (opening->granted_by == ANSWER_NOT_GRANTED && !opening->opening->is_erased &&
            coverage_claims(coverage, opening->index) &&
            !opening_is_for(opening->opening, check->trust->to))
            return fail(ANSWER_LYING, error,
                        "coverage: entry %" G_GUINT64_FORMAT
                        " is claimed for us, and we are not in its audience",
                        opening->index);
    }
    return check_completeness(check, error);
}

/* The openings. */

static gboolean check_items(const Opening *opening, GError **error)
{
    for (guint i = 0; i < opening->n_items; i++)
        if (opening->items[i].state == OPENING_WITHHELD) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "item %u: it is withheld", i);
            return FALSE;
        }
    return TRUE;
}

static gboolean check_opening(Check *check, const AnswerOpening *opening, GError **error)
{
    const guint8 *entry = opening_entry(opening->opening);
    MerkleHash leaf;
    merkle_leaf_hash(entry, OPENING_ENTRY_SIZE, &leaf);
    if (!merkle_verify_inclusion(opening->index, check->answer->size, &leaf, &opening->proof,
                                 &check->result.root, error)) {
        g_prefix_error(error, "the entry does not stand there: ");
        return FALSE;
    }
    return opening_verify(opening->opening, check->answer->origin, entry, OPENING_ENTRY_SIZE,
                          error) &&
           check_items(opening->opening, error);
}

static AnswerVerdict check_openings(Check *check, GError **error)
{
    const Answer *answer = check->answer;
    check->result.first_new = answer->openings->len;
    for (guint i = 0; i < answer->openings->len; i++) {
        const AnswerOpening *opening = get_opening(answer, i);
        if (!check_opening(check, opening, error)) {
            g_prefix_error(error, "opening %" G_GUINT64_FORMAT ": ", opening->index);
            return ANSWER_DAMAGED;
        }
        if (i < check->result.first_new && opening->granted_by == ANSWER_NOT_GRANTED &&
            opening->index >= check->trust->from)
            check->result.first_new = i;
    }
    return ANSWER_ACCEPTED;
}

AnswerVerdict answer_verify(const Answer *answer, const AnswerTrust *trust,
                            AnswerVerified *ret_verified, GError **error)
{
    static AnswerVerdict (*const steps[])(Check * check, GError * *error) = {
        check_range,    follow_changes, check_checkpoint, check_consistency,
        read_statement, check_openings, check_signature,  check_truth,
    };
    g_auto(Check) check = {.answer = answer, .trust = trust};
    check.result.end = answer->end;
    check.result.size = answer->size;
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(GError) reason = NULL;
        AnswerVerdict verdict = steps[i](&check, &reason);
        if (verdict != ANSWER_ACCEPTED) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return verdict;
        }
    }
    *ret_verified = check.result;
    check.result = (AnswerVerified){0};
    return ANSWER_ACCEPTED;
}
