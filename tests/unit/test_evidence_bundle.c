/* Evidence bundles: the published one holds and says what happened; no byte of it can be changed,
 * and nothing taken out or put in, without being told. */
#include <glib.h>
#include <string.h>

#include "exchange/evidence_bundle.h"
#include "exchange/evidence_verify.h"

static GBytes *vector(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "data", "evidence", "handed.evidence", NULL);
    g_autoptr(GError) error = NULL;
    char *bytes;
    gsize length;
    g_assert_true(g_file_get_contents(path, &bytes, &length, &error));
    g_assert_no_error(error);
    return g_bytes_new_take(bytes, length);
}

static EvidenceVerifyReport *verify(const void *bytes, gsize length, const EvidenceTrust *trust)
{
    static const EvidenceTrust nobody;
    g_autoptr(Stream) stream = stream_from_memory(bytes, length);
    return evidence_verify(stream, trust ? trust : &nobody, NULL);
}

static void test_vector(void)
{
    g_autoptr(GBytes) bytes = vector();
    g_autoptr(EvidenceVerifyReport) report =
        verify(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
    g_assert_nonnull(report);
    for (guint i = 0; i < report->problems->len; i++)
        g_test_message("%s", (const char *)report->problems->pdata[i]);
    g_assert_cmpuint(report->problems->len, ==, 0);
    g_assert_cmpstr(report->maker, ==, "cert.birch.example/ledger");
    g_assert_cmpuint(report->parties->len, ==, 2);
    g_assert_cmpuint(report->steps->len, ==, 6);
    for (guint i = 0; i < report->steps->len; i++) {
        const EvidenceStep *step = report->steps->pdata[i];
        g_assert_true(step->is_signed && step->is_proven);
        g_assert_cmpint(step->judged->verdict, ==, ENGINE_VALID);
    }
    const EvidenceCopy *copy = evidence_chain_find(report->chain, "copy-1");
    g_assert_cmpstr(copy->custodian, ==, "cert.birch.example");
    const EvidenceFile *file = report->files->pdata[0];
    g_assert_cmpstr(file->name, ==, "hello.txt");
    g_assert_true(file->is_sealed && file->is_here);
}

/* Whether something is said of these bytes. */
static gboolean is_told(const void *bytes, gsize length)
{
    g_autoptr(EvidenceVerifyReport) report = verify(bytes, length, NULL);
    return !report || report->problems->len > 0;
}

static void test_flips(void)
{
    g_autoptr(GBytes) bytes = vector();
    gsize length, step = g_test_slow() ? 1 : 211;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    g_autofree guint8 *broken = g_memdup2(data, length);
    for (gsize i = 0; i < length; i += step) {
        broken[i] ^= 0x01;
        if (!is_told(broken, length))
            g_error("byte %" G_GSIZE_FORMAT " can be changed", i);
        broken[i] = data[i];
    }
}

static void test_cut(void)
{
    g_autoptr(GBytes) bytes = vector();
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    for (gsize i = 0; i < length; i += 997)
        g_assert_true(is_told(data, i));
    g_autofree guint8 *longer = g_malloc0(length + 1);
    memcpy(longer, data, length);
    g_assert_true(is_told(longer, length + 1));
}

/* Where frames begin. */
static GArray *find_frames(const guint8 *data, gsize length)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(gsize));
    for (gsize at = strlen(EVIDENCE_BUNDLE_MAGIC); at < length;) {
        guint64 size;
        memcpy(&size, data + at + 1, sizeof size);
        g_array_append_val(places, at);
        at += EVIDENCE_BUNDLE_HEADER + (gsize)GUINT64_FROM_BE(size);
    }
    g_array_append_val(places, length);
    return places;
}

static void test_frames(void)
{
    g_autoptr(GBytes) bytes = vector();
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    g_autoptr(GArray) places = find_frames(data, length);
    for (guint i = 0; i + 1 < places->len; i++) {
        gsize from = g_array_index(places, gsize, i), to = g_array_index(places, gsize, i + 1);
        g_autoptr(GByteArray) less = g_byte_array_new(), more = g_byte_array_new();
        g_byte_array_append(less, data, (guint)from);
        g_byte_array_append(less, data + to, (guint)(length - to));
        g_byte_array_append(more, data, (guint)to);
        g_byte_array_append(more, data + from, (guint)(length - from));
        g_assert_true(is_told(less->data, less->len));
        g_assert_true(is_told(more->data, more->len));
    }
}

/* Another ledger key than the one that the verifier has is not believed. */
static void test_keys(void)
{
    g_autoptr(GBytes) bytes = vector();
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);
    g_autoptr(EvidenceVerifyReport) report = verify(data, length, NULL);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    const EvidenceParty *birch = report->parties->pdata[0];
    g_assert_false(birch->is_known);
    g_ptr_array_add(keys, note_verifier_parse(birch->ledger_vkey, NULL));
    const EvidenceTrust own = {.keys = keys};
    g_autoptr(EvidenceVerifyReport) known = verify(data, length, &own);
    g_assert_cmpuint(known->problems->len, ==, 0);
    g_assert_true(((const EvidenceParty *)known->parties->pdata[0])->is_known);

    static const guint8 seed[NOTE_SEED_SIZE] = {1};
    g_autoptr(NoteSigner) other = note_signer_new(birch->origin, NOTE_ED25519, seed, NULL);
    g_ptr_array_set_size(keys, 0);
    g_ptr_array_add(keys, note_verifier_copy(note_signer_verifier(other)));
    g_autoptr(EvidenceVerifyReport) forged = verify(data, length, &own);
    g_assert_cmpuint(forged->problems->len, >, 0);
    g_assert_nonnull(strstr(forged->problems->pdata[0], "card of cert.birch.example"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evidence_bundle/vector", test_vector);
    g_test_add_func("/evidence_bundle/flips", test_flips);
    g_test_add_func("/evidence_bundle/cut", test_cut);
    g_test_add_func("/evidence_bundle/frames", test_frames);
    g_test_add_func("/evidence_bundle/keys", test_keys);
    return g_test_run();
}
