#include "ledger/quorum.h"

#include <string.h>

#include "base/error.h"

#define ROOT       "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define ORIGIN     "alder.example/ledger"
#define CHECKPOINT ORIGIN "\n42\n" ROOT "\n"
#define WITNESSES  6

/* A log and six witnesses; "%L" and "%1" to "%6" in a policy stand for their keys. */
typedef struct {
    NoteSigner *log;
    NoteSigner *witnesses[WITNESSES];
} Cast;

static void cast_init(Cast *cast)
{
    guint8 seed[NOTE_SEED_SIZE] = {0};
    cast->log = note_signer_new(ORIGIN, NOTE_ED25519, seed, NULL);
    for (guint i = 0; i < WITNESSES; i++) {
        g_autofree char *name = g_strdup_printf("witness%u.example", i + 1);
        seed[0] = (guint8)(i + 1);
        cast->witnesses[i] = note_signer_new(name, NOTE_COSIGNATURE, seed, NULL);
    }
}

static void cast_clear(Cast *cast)
{
    note_signer_free(cast->log);
    for (guint i = 0; i < WITNESSES; i++)
        note_signer_free(cast->witnesses[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cast, cast_clear)

static char *fill_in(const Cast *cast, const char *template)
{
    GString *text = g_string_new(NULL);
    for (const char *p = template; *p; p++) {
        if (*p != '%') {
            g_string_append_c(text, *p);
            continue;
        }
        p++;
        g_autofree char *vkey = note_verifier_format(
            note_signer_verifier(*p == 'L' ? cast->log : cast->witnesses[*p - '1']));
        g_string_append(text, vkey);
    }
    return g_string_free(text, FALSE);
}

static Quorum *parse(const Cast *cast, const char *template, GError **error)
{
    g_autofree char *text = fill_in(cast, template);
    return quorum_parse(text, strlen(text), error);
}

/* The checkpoint with the cosignatures whose bits are set. */
static Note *cosigned(const Cast *cast, guint bits)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *start = note_sign(CHECKPOINT, cast->log, 0, NULL);
    g_string_append(text, start);
    for (guint i = 0; i < WITNESSES; i++) {
        if (!(bits >> i & 1))
            continue;
        g_autofree char *line = note_signature_line(cast->witnesses[i], CHECKPOINT, 5, NULL);
        g_string_append(text, line);
    }
    return note_parse(text->str, text->len, NULL);
}

/* The example of c2sp.org/tlog-policy. */
#define EXAMPLE                                                                                    \
    "log %L\n\n"                                                                                   \
    "witness X1 %1\nwitness X2 %2\nwitness X3 %3\ngroup X-witnesses 2 X1 X2 X3\n\n"                \
    "witness Y1 %4\nwitness Y2 %5\nwitness Y3 %6\ngroup Y-witnesses any Y1 Y2 Y3\n\n"              \
    "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"

static void test_example(void)
{
    g_auto(Cast) cast;
    g_autoptr(GError) error = NULL;
    cast_init(&cast);
    g_autoptr(Quorum) quorum = parse(&cast, EXAMPLE, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(quorum_n_logs(quorum), ==, 1);
    g_assert_cmpuint(quorum_n_witnesses(quorum), ==, 6);
    g_assert_cmpstr(quorum_witness(quorum, 3).name, ==, "Y1");
    g_assert_cmpstr(quorum_witness(quorum, 3).key->name, ==, "witness4.example");
    g_assert_cmpstr(quorum_log(quorum, 0).key->name, ==, ORIGIN);
    g_assert_null(quorum_log(quorum, 0).url);
    for (guint bits = 0; bits < 1 << WITNESSES; bits++) {
        gboolean expected = __builtin_popcount(bits & 7) >= 2 && (bits & 56) != 0;
        gboolean votes[WITNESSES], seen[WITNESSES] = {0};
        for (guint i = 0; i < WITNESSES; i++)
            votes[i] = bits >> i & 1;
        g_assert_cmpint(quorum_is_met(quorum, votes), ==, expected);

        g_autoptr(Note) note = cosigned(&cast, bits);
        g_autoptr(GError) reason = NULL;
        g_auto(Checkpoint) checkpoint = {0};
        g_assert_cmpint(quorum_verify_witnesses(quorum, note, seen, &reason), ==, expected);
        if (expected) {
            g_assert_cmpmem(seen, sizeof seen, votes, sizeof votes);
            g_assert_true(quorum_verify(quorum, note, &checkpoint, NULL));
            g_assert_cmpuint(checkpoint.size, ==, 42);
        } else {
            g_assert_error(reason, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
            g_assert_cmpmem(seen, sizeof seen, votes, sizeof votes);
            g_assert_false(quorum_verify(quorum, note, &checkpoint, NULL));
        }
    }
}

static void test_forms(void)
{
    static const struct {
        const char *policy;
        guint met, unmet; /* sets of witnesses */
    } cases[] = {
        {"quorum none\n", 0, 0},
        {"quorum none", 0, 0},
        {"  # a comment\n\t \n\t quorum \t none \t\n#", 0, 0},
        {"log %L https://alder.example/\nquorum none\nwitness later %1\n", 0, 0},
        {"witness w %1\nquorum w\n", 1, 62},
        {"witness w %1 https://witness1.example/ \nquorum w\n", 1, 62},
        {"witness w %1\nwitness v %2\ngroup g any w v\nquorum g\n", 2, 60},
        {"witness w %1\nwitness v %2\ngroup g all w v\nquorum g\n", 3, 1},
        {"witness w %1\nwitness v %2\ngroup g 2 w v\nquorum w\n", 1, 2},
        {"witness any %1\nwitness 1 %2\ngroup all 1 any 1\nquorum all\n", 2, 0},
        {"witness \xe2\x84\xaa %1\nwitness K %2\ngroup \xff all \xe2\x84\xaa\nquorum \xff\n", 1, 2},
    };
    g_auto(Cast) cast;
    cast_init(&cast);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Quorum) quorum = parse(&cast, cases[i].policy, &error);
        g_assert_no_error(error);
        g_autoptr(Note) met = cosigned(&cast, cases[i].met);
        g_autoptr(Note) unmet = cosigned(&cast, cases[i].unmet);
        g_assert_true(quorum_verify_witnesses(quorum, met, NULL, &error));
        if (cases[i].met != cases[i].unmet)
            g_assert_false(quorum_verify_witnesses(quorum, unmet, NULL, NULL));
    }
    g_autoptr(Quorum) quorum = parse(&cast, cases[3].policy, NULL);
    g_assert_cmpstr(quorum_log(quorum, 0).url, ==, "https://alder.example/");
}

static void test_refuse(void)
{
    static const struct {
        const char *policy;
        guint line;
    } cases[] = {
        {"", 1},
        {"\n\n", 2},
        {"log %L\n", 1},
        {"quorum none\nquorum none\n", 2},
        {"quorum w\nwitness w %1\n", 1},
        {"quorum\n", 1},
        {"quorum none none\n", 1},
        {"Quorum none\n", 1},
        {"quorum none\nhello\n", 2},
        {"log\nquorum none\n", 1},
        {"log %L url more\nquorum none\n", 1},
        {"log %L\n\nlog %L\nquorum none\n", 3},
        {"log nonsense\nquorum none\n", 1},
        {"witness w\nquorum none\n", 1},
        {"witness w %L\nquorum none\n", 1}, /* not a key for cosignatures */
        {"witness none %1\nquorum none\n", 1},
        {"witness w %1\nwitness w %2\nquorum none\n", 2},
        {"witness w %1\nwitness v %1\nquorum none\n", 2},
        {"witness w %1\ngroup w any w\nquorum w\n", 2},
        {"witness w %1\ngroup none any w\nquorum w\n", 2},
        {"witness w %1\ngroup g any\nquorum w\n", 2},
        {"witness w %1\ngroup g 0 w\nquorum w\n", 2},
        {"witness w %1\ngroup g 2 w\nquorum w\n", 2},
        {"witness w %1\ngroup g 01 w\nquorum w\n", 2},
        {"witness w %1\ngroup g -1 w\nquorum w\n", 2},
        {"witness w %1\ngroup g some w\nquorum w\n", 2},
        {"witness w %1\ngroup g any w w\nquorum w\n", 2},
        {"witness w %1\ngroup g any w\ngroup h any w\nquorum w\n", 3},
        {"witness w %1\ngroup g any v\nquorum w\n", 2},
        {"witness w %1\ngroup g any g\nquorum g\n", 2},
        {"group g any none\nquorum g\n", 1},
        {"quorum none\r\n", 1},
        {"# \x7f\nquorum none\n", 1},
        {"# \x01\nquorum none\n", 1},
    };
    g_auto(Cast) cast;
    cast_init(&cast);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *prefix = g_strdup_printf("line %u: ", cases[i].line);
        g_assert_null(parse(&cast, cases[i].policy, &error));
        g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT);
        g_assert_true(g_str_has_prefix(error->message, prefix));
    }
    g_assert_null(quorum_parse("quorum none\0\n", 13, NULL));
}

static void test_bounds(void)
{
    guint8 seed[NOTE_SEED_SIZE] = {1};
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i <= QUORUM_WITNESSES_MAX; i++) {
        memcpy(seed, &i, sizeof i);
        g_autoptr(NoteSigner) signer = note_signer_new("w.example", NOTE_COSIGNATURE, seed, NULL);
        g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
        g_string_append_printf(text, "witness w%u %s\n", i, vkey);
        if (i == 0) {
            /* Groups in groups, as deep as there may be groups. */
            for (guint j = 0; j < QUORUM_GROUPS_MAX; j++)
                g_string_append_printf(text, "group g%u all %c%u\n", j, j == 0 ? 'w' : 'g',
                                       j == 0 ? 0 : j - 1);
        }
        if (i == QUORUM_WITNESSES_MAX - 1) {
            gsize length = text->len;
            gboolean votes[QUORUM_WITNESSES_MAX] = {0};
            g_string_append_printf(text, "quorum g%u\n", QUORUM_GROUPS_MAX - 1);
            g_autoptr(Quorum) quorum = quorum_parse(text->str, text->len, &error);
            g_assert_no_error(error);
            g_assert_false(quorum_is_met(quorum, votes));
            votes[0] = TRUE;
            g_assert_true(quorum_is_met(quorum, votes));
            g_string_truncate(text, length);
        }
    }
    g_string_append(text, "quorum none\n");
    g_assert_null(quorum_parse(text->str, text->len, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
    g_clear_error(&error);
    g_autofree char *large = g_strnfill(QUORUM_BYTES_MAX + 1, ' ');
    g_assert_null(quorum_parse(large, QUORUM_BYTES_MAX + 1, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT);
}

static void test_verify(void)
{
    g_auto(Cast) cast;
    g_autoptr(GError) error = NULL;
    cast_init(&cast);
    g_autoptr(Quorum) quorum = parse(&cast, "log %L\nwitness w %1\nquorum w\n", NULL);
    g_autoptr(Quorum) no_log = parse(&cast, "witness w %1\nquorum w\n", NULL);
    g_autoptr(Note) note = cosigned(&cast, 1);
    g_assert_true(quorum_verify(quorum, note, NULL, &error));
    g_assert_true(quorum_verify_log(quorum, note, ORIGIN, &error));
    g_assert_false(quorum_verify(no_log, note, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    g_assert_true(quorum_verify_witnesses(no_log, note, NULL, &error));

    /* Signed by another key of that name; not a checkpoint; one wrong cosignature of two. */
    g_autoptr(NoteSigner) other = note_signer_generate(ORIGIN, NOTE_ED25519, NULL);
    g_autofree char *foreign = note_sign(CHECKPOINT, other, 0, NULL);
    g_autoptr(Note) foreign_note = note_parse(foreign, strlen(foreign), NULL);
    g_assert_false(quorum_verify_log(quorum, foreign_note, ORIGIN, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
    g_clear_error(&error);
    g_autofree char *letter = note_sign("a letter\n", cast.log, 0, NULL);
    g_autoptr(Note) letter_note = note_parse(letter, strlen(letter), NULL);
    g_assert_false(quorum_verify(quorum, letter_note, NULL, NULL));
    g_autofree char *line = note_signature_line(cast.witnesses[0], "another text\n", 6, NULL);
    g_autofree char *spoilt = g_strconcat(note->bytes, line, NULL);
    g_autoptr(Note) spoilt_note = note_parse(spoilt, strlen(spoilt), NULL);
    g_assert_false(quorum_verify_witnesses(quorum, spoilt_note, NULL, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED);
}

/* A witness whose algorithm cannot be verified is listed, and never counts. */
static void test_unverifiable(void)
{
    g_auto(Cast) cast;
    guint8 key[1312] = {7};
    cast_init(&cast);
    g_autoptr(NoteVerifier) verifier =
        note_verifier_new("pq.example", NOTE_COSIGNATURE_MLDSA, key, sizeof key, NULL);
    g_autofree char *vkey = note_verifier_format(verifier);
    g_autofree char *template = g_strconcat("log %L\nwitness p ", vkey,
                                            "\nwitness w %1\ngroup g all p w\nquorum g\n", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Quorum) quorum = parse(&cast, template, &error);
    g_assert_no_error(error);
    g_autoptr(Note) note = cosigned(&cast, 1);
    gboolean seen[2] = {0};
    g_assert_false(quorum_verify_witnesses(quorum, note, seen, &error));
    g_assert_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND);
    g_assert_true(!seen[0] && seen[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/quorum/example", test_example);
    g_test_add_func("/quorum/forms", test_forms);
    g_test_add_func("/quorum/refuse", test_refuse);
    g_test_add_func("/quorum/bounds", test_bounds);
    g_test_add_func("/quorum/verify", test_verify);
    g_test_add_func("/quorum/unverifiable", test_unverifiable);
    return g_test_run();
}
