#include "ledger/quorum.h"

#include <string.h>

#include "base/error.h"
#include "ledger/line.h"

#define NOBODY "none"

typedef struct {
    char *name;
    NoteVerifier *key;
    char *url;
} Member;

/* A witness or a group. A group names only what stands before it, so that in this order every
 * group can be counted after its members: no group is ever gone into. */
typedef struct {
    gboolean is_group;
    guint witness;     /* place among the witnesses */
    guint64 threshold; /* of a group */
    GArray *members;   /* guint: places among the voters */
    gboolean is_taken; /* is a member of some group */
} Voter;

struct Quorum {
    GPtrArray *logs;      /* Member */
    GPtrArray *witnesses; /* Member */
    GPtrArray *voters;    /* Voter */
    guint n_groups;
    GHashTable *names; /* name -> place among the voters + 1 */
    gint decisive;     /* the voter that is the quorum; -1 for nobody */
    gboolean has_quorum;
};

static void member_free(gpointer data)
{
    Member *member = data;
    g_free(member->name);
    note_verifier_free(member->key);
    g_free(member->url);
    g_free(member);
}

static void voter_free(gpointer data)
{
    Voter *voter = data;
    g_clear_pointer(&voter->members, g_array_unref);
    g_free(voter);
}

void quorum_free(Quorum *quorum)
{
    if (!quorum)
        return;
    g_ptr_array_unref(quorum->logs);
    g_ptr_array_unref(quorum->witnesses);
    g_ptr_array_unref(quorum->voters);
    g_hash_table_unref(quorum->names);
    g_free(quorum);
}

static gboolean has_room(guint count, guint max, GError **error)
{
    if (count < max)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "more than %u of this kind", max);
    return FALSE;
}

/* A key that is already there counts twice, whatever its name and algorithm. */
static gboolean has_key(const GPtrArray *members, const NoteVerifier *key)
{
    for (guint i = 0; i < members->len; i++) {
        const Member *member = g_ptr_array_index(members, i);
        if (g_bytes_equal(member->key->key, key->key))
            return TRUE;
    }
    return FALSE;
}

static Member *add_member(GPtrArray *members, const char *name, const char *vkey, const char *url,
                          GError **error)
{
    g_autoptr(NoteVerifier) key = note_verifier_parse(vkey, error);
    if (!key)
        return NULL;
    if (has_key(members, key)) {
        error_input(error, "the key of %s+%08x is there already", key->name, key->id);
        return NULL;
    }
    Member *member = g_new0(Member, 1);
    member->name = g_strdup(name);
    member->key = g_steal_pointer(&key);
    member->url = g_strdup(url);
    g_ptr_array_add(members, member);
    return member;
}

static gboolean check_new_name(const Quorum *quorum, const char *name, GError **error)
{
    if (strcmp(name, NOBODY) == 0 || g_hash_table_contains(quorum->names, name))
        return error_input(error, "the name \"%s\" is taken", name);
    return TRUE;
}

static void add_voter(Quorum *quorum, const char *name, Voter *voter)
{
    g_ptr_array_add(quorum->voters, voter);
    g_hash_table_insert(quorum->names, g_strdup(name), GUINT_TO_POINTER(quorum->voters->len));
}

/* The place of a voter; FALSE with @error set if there is none of that name yet. */
static gboolean find_voter(const Quorum *quorum, const char *name, guint *ret_place, GError **error)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(quorum->names, name));
    if (found == 0)
        return error_input(error, "no witness or group \"%s\" stands before this line", name);
    *ret_place = found - 1;
    return TRUE;
}

static gboolean read_log(Quorum *quorum, char **words, guint n_words, GError **error)
{
    return has_room(quorum->logs->len, QUORUM_LOGS_MAX, error) &&
           add_member(quorum->logs, NULL, words[1], words[2], error) != NULL;
}

static gboolean read_witness(Quorum *quorum, char **words, guint n_words, GError **error)
{
    if (!has_room(quorum->witnesses->len, QUORUM_WITNESSES_MAX, error) ||
        !check_new_name(quorum, words[1], error))
        return FALSE;
    const Member *member = add_member(quorum->witnesses, words[1], words[2], words[3], error);
    if (!member)
        return FALSE;
    if (member->key->algorithm != NOTE_COSIGNATURE &&
        member->key->algorithm != NOTE_COSIGNATURE_MLDSA)
        return error_input(error, "a witness has a key for cosignatures, not for %s",
                           note_algorithm_name(member->key->algorithm));
    Voter *voter = g_new0(Voter, 1);
    voter->witness = quorum->witnesses->len - 1;
    add_voter(quorum, words[1], voter);
    return TRUE;
}

static gboolean read_threshold(const char *word, guint n_members, guint64 *ret_threshold,
                               GError **error)
{
    guint64 number = 0;
    if (strcmp(word, "any") == 0)
        number = 1;
    else if (strcmp(word, "all") == 0)
        number = n_members;
    else if (!line_number(word, strlen(word), n_members, &number) || number == 0)
        return error_input(error, "\"%s\" is not \"any\", \"all\" or a number from 1 to %u", word,
                           n_members);
    *ret_threshold = number;
    return TRUE;
}

static gboolean read_group(Quorum *quorum, char **words, guint n_words, GError **error)
{
    guint64 threshold = 0;
    if (!has_room(quorum->n_groups, QUORUM_GROUPS_MAX, error) ||
        !check_new_name(quorum, words[1], error) ||
        !read_threshold(words[2], n_words - 3, &threshold, error))
        return FALSE;
    g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 3; i < n_words; i++) {
        guint place;
        if (!find_voter(quorum, words[i], &place, error))
            return FALSE;
        Voter *member = g_ptr_array_index(quorum->voters, place);
        if (member->is_taken)
            return error_input(error, "\"%s\" is a member already", words[i]);
        member->is_taken = TRUE;
        g_array_append_val(members, place);
    }
    Voter *voter = g_new0(Voter, 1);
    voter->is_group = TRUE;
    voter->threshold = threshold;
    voter->members = g_steal_pointer(&members);
    add_voter(quorum, words[1], voter);
    quorum->n_groups++;
    return TRUE;
}

static gboolean read_quorum(Quorum *quorum, char **words, guint n_words, GError **error)
{
    guint place = 0;
    if (quorum->has_quorum)
        return error_input(error, "a second quorum");
    quorum->has_quorum = TRUE;
    if (strcmp(words[1], NOBODY) == 0)
        return TRUE;
    if (!find_voter(quorum, words[1], &place, error))
        return FALSE;
    quorum->decisive = (gint)place;
    return TRUE;
}

static const struct {
    const char *word;
    const char *form;
    guint min_words, max_words;
    gboolean (*read)(Quorum *quorum, char **words, guint n_words, GError **error);
} kinds[] = {
    {"log", "log VKEY [URL]", 2, 3, read_log},
    {"witness", "witness NAME VKEY [URL]", 3, 4, read_witness},
    {"group", "group NAME any|all|NUMBER MEMBER...", 4,
     3 + QUORUM_WITNESSES_MAX + QUORUM_GROUPS_MAX, read_group},
    {"quorum", "quorum NAME", 2, 2, read_quorum},
};

/* The words of a line, NULL-terminated; @ret_count of them. */
static char **split_words(const char *line, gsize length, guint *ret_count)
{
    GPtrArray *words = g_ptr_array_new();
    const char *end = line + length;
    while (line < end) {
        const char *start = line;
        while (line < end && *line != ' ' && *line != '\t')
            line++;
        if (line > start)
            g_ptr_array_add(words, g_strndup(start, (gsize)(line - start)));
        line++;
    }
    *ret_count = words->len;
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static gboolean read_line(Quorum *quorum, const char *line, gsize length, GError **error)
{
    for (gsize i = 0; i < length; i++)
        if (((guint8)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
            return error_input(error, "a control character");
    guint n_words;
    g_auto(GStrv) words = split_words(line, length, &n_words);
    if (n_words == 0 || words[0][0] == '#')
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(words[0], kinds[i].word) != 0)
            continue;
        if (n_words < kinds[i].min_words || n_words > kinds[i].max_words)
            return error_input(error, "\"%s\" is expected", kinds[i].form);
        return kinds[i].read(quorum, words, n_words, error);
    }
    return error_input(error, "the line begins with none of log, witness, group, quorum");
}

Quorum *quorum_parse(const char *text, gsize length, GError **error)
{
    if (length > QUORUM_BYTES_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the policy is too large");
        return NULL;
    }
    g_autoptr(Quorum) quorum = g_new0(Quorum, 1);
    quorum->logs = g_ptr_array_new_with_free_func(member_free);
    quorum->witnesses = g_ptr_array_new_with_free_func(member_free);
    quorum->voters = g_ptr_array_new_with_free_func(voter_free);
    quorum->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    quorum->decisive = -1;
    LineReader reader = {text, length};
    for (guint number = 1; reader.length > 0; number++) {
        const char *line = reader.rest;
        gsize line_length = reader.length;
        /* Who forgets the last newline is forgiven: the file is written by hand. */
        if (!line_next(&reader, &line, &line_length))
            reader.length = 0;
        if (!read_line(quorum, line, line_length, error)) {
            g_prefix_error(error, "line %u: ", number);
            return NULL;
        }
        if (reader.length == 0 && !quorum->has_quorum) {
            error_input(error, "line %u: the policy ends without a quorum", number);
            return NULL;
        }
    }
    if (!quorum->has_quorum) {
        error_input(error, "line 1: the policy is empty");
        return NULL;
    }
    return g_steal_pointer(&quorum);
}

guint quorum_n_logs(const Quorum *quorum)
{
    return quorum->logs->len;
}

guint quorum_n_witnesses(const Quorum *quorum)
{
    return quorum->witnesses->len;
}

static QuorumMember show_member(const GPtrArray *members, guint place)
{
    g_assert(place < members->len);
    const Member *member = g_ptr_array_index(members, place);
    return (QuorumMember){member->name, member->key, member->url};
}

QuorumMember quorum_log(const Quorum *quorum, guint place)
{
    return show_member(quorum->logs, place);
}

QuorumMember quorum_witness(const Quorum *quorum, guint place)
{
    return show_member(quorum->witnesses, place);
}

gboolean quorum_is_met(const Quorum *quorum, const gboolean *has_cosigned)
{
    g_autofree gboolean *votes = g_new0(gboolean, quorum->voters->len + 1);
    if (quorum->decisive < 0)
        return TRUE;
    for (guint i = 0; i <= (guint)quorum->decisive; i++) {
        const Voter *voter = g_ptr_array_index(quorum->voters, i);
        if (!voter->is_group) {
            votes[i] = has_cosigned[voter->witness];
            continue;
        }
        guint64 count = 0;
        for (guint j = 0; j < voter->members->len; j++)
            count += votes[g_array_index(voter->members, guint, j)] ? 1 : 0;
        votes[i] = count >= voter->threshold;
    }
    return votes[quorum->decisive];
}

gboolean quorum_verify_log(const Quorum *quorum, const Note *note, const char *origin,
                           GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    for (guint i = 0; i < quorum->logs->len; i++) {
        const Member *log = g_ptr_array_index(quorum->logs, i);
        if (strcmp(log->key->name, origin) == 0)
            g_ptr_array_add(keys, log->key);
    }
    if (keys->len == 0) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED, "the policy has no log \"%s\"",
                    origin);
        return FALSE;
    }
    return note_verify(note, (const NoteVerifier *const *)keys->pdata, keys->len, NULL, error);
}

gboolean quorum_verify_witnesses(const Quorum *quorum, const Note *note, gboolean *ret_cosigned,
                                 GError **error)
{
    guint n = quorum->witnesses->len;
    g_autofree const NoteVerifier **keys = g_new0(const NoteVerifier *, n + 1);
    g_autofree gboolean *has_cosigned = g_new0(gboolean, n + 1);
    for (guint i = 0; i < n; i++)
        keys[i] = ((const Member *)g_ptr_array_index(quorum->witnesses, i))->key;
    if (!note_find_signers(note, keys, n, has_cosigned, error))
        return FALSE;
    if (ret_cosigned && n > 0)
        memcpy(ret_cosigned, has_cosigned, n * sizeof *ret_cosigned);
    if (quorum_is_met(quorum, has_cosigned))
        return TRUE;
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                        "the checkpoint lacks cosignatures that the policy demands");
    return FALSE;
}

gboolean quorum_verify(const Quorum *quorum, const Note *note, Checkpoint *ret_checkpoint,
                       GError **error)
{
    g_auto(Checkpoint) checkpoint = {0};
    if (!checkpoint_parse(note->bytes, note->text_length, &checkpoint, error) ||
        !quorum_verify_log(quorum, note, checkpoint.origin, error) ||
        !quorum_verify_witnesses(quorum, note, NULL, error))
        return FALSE;
    if (ret_checkpoint) {
        *ret_checkpoint = checkpoint;
        checkpoint = (Checkpoint){0};
    }
    return TRUE;
}
