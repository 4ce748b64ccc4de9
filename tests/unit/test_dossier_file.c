/* Files of events: what was written is read again, and whatever was changed is named. */
#include "resolution_maker.h"

#include "dossier/dossier_file.h"

static void add_key(GString *text, const char *node)
{
    g_autoptr(NoteSigner) signer = maker_signer(node);
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(signer));
    dossier_file_add_key(text, vkey);
}

/* A draft of Alder's, revised, as a file. */
static GString *make_file(void)
{
    g_auto(Resolution) one = {0};
    GString *text = g_string_new(NULL);
    resolution_draft(&one, "norm", RESOLUTION_TEXT);
    resolution_well(&one, "revised", ALDER, "{\"text\":\"Members answer.\"}", "draft");
    dossier_file_begin(text);
    add_key(text, BIRCH);
    add_key(text, ALDER);
    for (guint i = 0; i < one.events->len; i++) {
        g_autofree char *event = signed_json_format(((const Event *)one.events->pdata[i])->json);
        g_autoptr(GBytes) bytes = g_bytes_new(event, strlen(event));
        dossier_file_add_event(text, bytes);
    }
    return text;
}

static DossierFile *read_well(const char *text, gsize length, const GPtrArray *trusted)
{
    g_autoptr(GError) error = NULL;
    DossierFile *file = dossier_file_read(text, length, trusted, &error);
    g_assert_no_error(error);
    return file;
}

static void test_round(void)
{
    g_autoptr(GString) text = make_file();
    g_autoptr(DossierFile) file = read_well(text->str, text->len, NULL);
    g_assert_cmpuint(file->keys->len, ==, 2);
    g_assert_cmpuint(file->events->len, ==, 2);
    g_assert_cmpuint(file->faults->len, ==, 0);
    g_autoptr(DossierFile) unended = read_well(text->str, text->len - 1, NULL);
    g_assert_cmpuint(unended->events->len, ==, 2);
}

/* Each byte of the file, flipped: refused, or named, or a key that nothing needs. */
static void test_flipped(void)
{
    g_autoptr(GString) text = make_file();
    const char *first = strstr(text->str, "{\"body\"");
    for (gsize at = (gsize)(first - text->str); at < text->len - 1; at += 7) {
        g_autoptr(GError) error = NULL;
        if (text->str[at] == '\n')
            continue;
        text->str[at] ^= 1;
        g_autoptr(DossierFile) file = dossier_file_read(text->str, text->len, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(file->faults->len, >=, 1);
        g_assert_cmpuint(file->events->len, ==, 1);
        text->str[at] ^= 1;
    }
}

/* The same text, signed by another: by the key of another node, or by one under a false name. */
static void test_other_key(void)
{
    g_autoptr(GString) text = make_file();
    const char *alder = strstr(text->str, "{\"key\":\"" ALDER);
    gsize length = strcspn(alder, "\n") + 1;
    g_string_erase(text, alder - text->str, (gssize)length);
    g_autoptr(DossierFile) file = read_well(text->str, text->len, NULL);
    g_assert_cmpuint(file->events->len, ==, 0);
    g_assert_cmpuint(file->faults->len, ==, 2);
    g_assert_nonnull(strstr(file->faults->pdata[0], "drafted of " ALDER));
    g_assert_nonnull(strstr(file->faults->pdata[0], "is not known"));

    guint8 seed[NOTE_SEED_SIZE] = {1};
    g_autoptr(NoteSigner) forger = note_signer_new(ALDER "/message", NOTE_ED25519, seed, NULL);
    g_autofree char *vkey = note_verifier_format(note_signer_verifier(forger));
    g_string_insert(text, alder - text->str, "\n");
    g_autoptr(GString) key = g_string_new(NULL);
    dossier_file_add_key(key, vkey);
    g_string_insert(text, (gssize)strlen("{\"concert\":\"events/v1\"}\n"), key->str);
    g_autoptr(DossierFile) forged = read_well(text->str, text->len, NULL);
    g_assert_cmpuint(forged->events->len, ==, 0);
    g_assert_nonnull(strstr(forged->faults->pdata[0], "its signature is wrong"));
}

static void test_trusted(void)
{
    g_autoptr(GString) text = make_file();
    g_autoptr(NoteSigner) alder = maker_signer(ALDER);
    g_autoptr(GPtrArray) trusted = g_ptr_array_new();
    g_autoptr(DossierFile) none = read_well(text->str, text->len, trusted);
    g_assert_cmpuint(none->events->len, ==, 0);
    g_ptr_array_add(trusted, (gpointer)note_signer_verifier(alder));
    g_autoptr(DossierFile) all = read_well(text->str, text->len, trusted);
    g_assert_cmpuint(all->events->len, ==, 2);
}

static void test_refused(void)
{
    static const struct {
        const char *text;
        ConcertError code;
    } cases[] = {
        {"", CONCERT_ERROR_INPUT},
        {"\n\n", CONCERT_ERROR_INPUT},
        {"{}", CONCERT_ERROR_INPUT},
        {"{\"concert\":\"event/v1\"}", CONCERT_ERROR_INPUT},
        {"{\"concert\":\"events/v2\"}\n", CONCERT_ERROR_NEWER},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(dossier_file_read(cases[i].text, strlen(cases[i].text), NULL, &error));
        g_assert_error(error, CONCERT_ERROR, (int)cases[i].code);
    }
    static const char lines[] =
        "{\"concert\":\"events/v1\"}\n{\"key\":\"x\"}\n{\"key\":7}\nno\n[]\n";
    g_autoptr(DossierFile) file = read_well(lines, strlen(lines), NULL);
    g_assert_cmpuint(file->faults->len, ==, 4);
    g_assert_true(g_str_has_prefix(file->faults->pdata[0], "line 2: "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dossier_file/round", test_round);
    g_test_add_func("/dossier_file/flipped", test_flipped);
    g_test_add_func("/dossier_file/other_key", test_other_key);
    g_test_add_func("/dossier_file/trusted", test_trusted);
    g_test_add_func("/dossier_file/refused", test_refused);
    return g_test_run();
}
