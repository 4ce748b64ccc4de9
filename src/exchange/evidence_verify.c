#include "exchange/evidence_verify.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"
#include "dossier/evidence.h"
#include "dossier/evidence_certificate.h"
#include "exchange/evidence_bundle.h"
#include "ledger/disclosure.h"

#define PROBLEMS_MAX 1000
#define PARTIES_MAX  256

/* What was read of a frame, for the list at the end. */
typedef struct {
    guint8 hash[SHA256_SIZE];
    char *label;
    gboolean is_told; /* something was wrong with it, and said */
} Seen;

typedef struct {
    const EvidenceTrust *trust;
    EvidenceVerifyReport *report;
    GPtrArray *seen;  /* Seen * */
    GPtrArray *read;  /* EvidenceFile *: frames */
    GPtrArray *small; /* GBytes *: files that a seal names as time stamps */
    guint n_proofs;   /* that were met, legible or not */
    gboolean has_end;
} Verifying;

static void step_free(EvidenceStep *step)
{
    event_free(step->event);
    g_free(step->origin);
    g_free(step);
}

static void file_free(EvidenceFile *file)
{
    g_free(file->name);
    g_free(file);
}

static void seen_free(Seen *seen)
{
    g_free(seen->label);
    g_free(seen);
}

void evidence_verify_report_free(EvidenceVerifyReport *report)
{
    if (!report)
        return;
    g_free(report->dossier);
    g_free(report->maker);
    g_free(report->certificate);
    evidence_chain_free(report->chain);
    engine_result_free(report->result);
    g_ptr_array_unref(report->parties);
    g_ptr_array_unref(report->steps);
    g_ptr_array_unref(report->files);
    g_clear_pointer(&report->stamps, g_ptr_array_unref);
    g_ptr_array_unref(report->problems);
    g_free(report);
}

G_GNUC_PRINTF(2, 3)
static void tell(Verifying *verifying, const char *format, ...)
{
    GPtrArray *problems = verifying->report->problems;
    if (verifying->seen->len > 0)
        ((Seen *)verifying->seen->pdata[verifying->seen->len - 1])->is_told = TRUE;
    if (problems->len >= PROBLEMS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(problems, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* --- parties -----------------------------------------------------------------------------------
 */

static EvidenceParty *find_party(const EvidenceVerifyReport *report, const char *node)
{
    for (guint i = 0; i < report->parties->len; i++) {
        EvidenceParty *party = report->parties->pdata[i];
        if (strcmp(party->node, node) == 0)
            return party;
    }
    return NULL;
}

static EvidenceParty *find_ledger(const EvidenceVerifyReport *report, const char *origin)
{
    for (guint i = 0; i < report->parties->len; i++) {
        EvidenceParty *party = report->parties->pdata[i];
        if (strcmp(party->origin, origin) == 0)
            return party;
    }
    return NULL;
}

static char *take_party(Verifying *verifying, GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, &error);
    EvidenceParty *party = evidence_party_new();
    gboolean good =
        doc && evidence_party_read(party, yyjson_doc_get_root(doc), verifying->trust->keys, &error);
    char *label = g_strdup_printf("card of %s", party->node ? party->node : "somebody");
    if (good && verifying->report->parties->len >= PARTIES_MAX)
        g_set_error(&error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "there are too many");
    else if (good && find_party(verifying->report, party->node))
        g_set_error(&error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "there are two");
    if (good && !error) {
        g_ptr_array_add(verifying->report->parties, party);
        return label;
    }
    tell(verifying, "%s: %s", label, error->message);
    evidence_party_free(party);
    return label;
}

/* --- steps -------------------------------------------------------------------------------------
 */

static gboolean is_signed_by(const Event *event, const EvidenceParty *party)
{
    for (guint i = 0; i < party->messages->len; i++)
        if (event_verify(event, party->messages->pdata[i], NULL))
            return TRUE;
    return FALSE;
}

static char *label_step(const EvidenceVerifyReport *report, guint place)
{
    const Event *event = ((const EvidenceStep *)report->steps->pdata[place])->event;
    return g_strdup_printf("step %u (%s by %s)", place + 1, event->type, event->node);
}

static char *take_event(Verifying *verifying, GBytes *bytes)
{
    EvidenceVerifyReport *report = verifying->report;
    g_autoptr(GError) error = NULL;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    gboolean is_many = report->steps->len >= ENGINE_EVENTS_MAX;
    Event *event = is_many ? NULL : event_parse(text, length, &error);
    if (!event) {
        char *label = g_strdup_printf("step %u", report->steps->len + 1);
        tell(verifying, "%s: %s", label, is_many ? "there are too many" : error->message);
        return label;
    }
    EvidenceStep *step = g_new0(EvidenceStep, 1);
    step->event = event;
    sha256_digest(text, length, step->bytes);
    g_ptr_array_add(report->steps, step);
    char *label = label_step(report, report->steps->len - 1);
    const EvidenceParty *party = find_party(report, event->node);
    if (g_strcmp0(event->dossier, report->dossier) != 0)
        tell(verifying, "%s: it is of another dossier", label);
    if (!party)
        tell(verifying, "%s: there is no card of %s to verify its signature by", label,
             event->node);
    else if (!is_signed_by(event, party))
        tell(verifying,
             "%s: its signature is not by the key of %s: it was changed, or is not theirs", label,
             event->node);
    else
        step->is_signed = TRUE;
    return label;
}

/* The step that an opening's one present item is; -1: none. */
static int find_shown(const EvidenceVerifyReport *report, const Opening *opening)
{
    guint8 digest[SHA256_SIZE];
    for (guint i = 0; i < opening->n_items; i++) {
        const OpeningItem *item = &opening->items[i];
        if (item->state != OPENING_PRESENT || strcmp(item->type, EVENT_MEDIA_TYPE) != 0)
            continue;
        sha256_digest(g_bytes_get_data(item->bytes, NULL), g_bytes_get_size(item->bytes), digest);
        for (guint j = 0; j < report->steps->len; j++)
            if (memcmp(((EvidenceStep *)report->steps->pdata[j])->bytes, digest, SHA256_SIZE) == 0)
                return (int)j;
    }
    return -1;
}

/* Whether the party's ledger key, now or then, signed the checkpoint; and the quorum. */
static gboolean verify_proof(const Verifying *verifying, const Disclosure *disclosure,
                             const EvidenceParty *party, DisclosureResult *ret_result,
                             GError **error)
{
    const DisclosureTrust trust = {
        .ledger = keychange_history_valid(party->history, disclosure->proof->checkpoint.size),
        .recovery = party->card->keys[CARD_RECOVERY_KEY],
        .quorum = verifying->trust->quorum};
    return keychange_history_verify(party->history, disclosure->proof->note, NULL, error) &&
           disclosure_verify(disclosure, &trust, ret_result, error);
}

static char *take_proof(Verifying *verifying, GBytes *bytes)
{
    EvidenceVerifyReport *report = verifying->report;
    g_autoptr(GError) error = NULL;
    gsize length;
    DisclosureResult result;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(Disclosure) disclosure = disclosure_parse(text, length, length, &error);
    verifying->n_proofs++;
    if (!disclosure) { /* of which step it was cannot be read: its place says which it is */
        char *name = g_strdup_printf("ledger proof %u (frame %u of the bundle)",
                                     verifying->n_proofs, verifying->seen->len);
        tell(verifying, "%s: %s", name, error->message);
        return name;
    }
    const char *origin = disclosure->proof->checkpoint.origin;
    const EvidenceParty *party = find_ledger(report, origin);
    int place = find_shown(report, disclosure->opening);
    g_autofree char *of = place >= 0 ? label_step(report, (guint)place) : g_strdup("no step");
    char *label = g_strdup_printf("ledger proof of %s", of);
    if (!party)
        tell(verifying, "%s: there is no card of the ledger %s", label, origin);
    else if (!verify_proof(verifying, disclosure, party, &result, &error))
        tell(verifying, "%s: %s", label, error->message);
    else if (place < 0)
        tell(verifying,
             "a ledger proof (entry %" G_GUINT64_FORMAT " of %s): it shows none of the "
             "steps as they are here",
             disclosure->proof->index, origin);
    else {
        EvidenceStep *step = report->steps->pdata[place];
        step->is_proven = TRUE;
        g_free(step->origin);
        step->origin = g_strdup(origin);
        step->index = result.index;
        step->size = result.size;
        step->n_cosigned = result.n_cosigned;
    }
    return label;
}

/* --- head, certificate, files ------------------------------------------------------------------
 */

static char *take_head(Verifying *verifying, GBytes *bytes)
{
    EvidenceVerifyReport *report = verifying->report;
    g_autoptr(GError) error = NULL;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, &error);
    yyjson_val *root = yyjson_doc_get_root(doc);
    report->dossier = g_strdup(yyjson_get_str(yyjson_obj_get(root, "dossier")));
    report->maker = g_strdup(yyjson_get_str(yyjson_obj_get(root, "origin")));
    yyjson_val *time = yyjson_obj_get(root, "time");
    if (!report->dossier || !report->maker || !yyjson_is_str(time) ||
        !timestamp_parse(yyjson_get_str(time), yyjson_get_len(time), &report->made_us, NULL))
        tell(verifying, "head: %s",
             error ? error->message : "it does not say what it is of, who made it and when");
    return g_strdup("head");
}

static char *take_certificate(Verifying *verifying, GBytes *bytes)
{
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    if (g_utf8_validate_len(text, length, NULL) && !memchr(text, 0, length))
        verifying->report->certificate = g_strndup(text, length);
    else
        tell(verifying, "certificate: it is no text");
    return g_strdup("certificate");
}

static const EvidenceItem *find_sealed(const GArray *items, const guint8 *sha256)
{
    for (guint i = 0; items && i < items->len; i++)
        if (memcmp(g_array_index(items, EvidenceItem, i).sha256.bytes, sha256, SHA256_SIZE) == 0)
            return &g_array_index(items, EvidenceItem, i);
    return NULL;
}

/* Files come after the steps that name them. */
static void keep_stamp(Verifying *verifying, const EvidenceBundleFrame *frame)
{
    const GPtrArray *steps = verifying->report->steps;
    gboolean is_named = FALSE;
    for (guint i = 0; frame->bytes && !is_named && i < steps->len; i++)
        is_named =
            evidence_stamp_is_named(((const EvidenceStep *)steps->pdata[i])->event, frame->file);
    if (is_named && verifying->small->len < EVIDENCE_STAMP_MAX)
        g_ptr_array_add(verifying->small, g_bytes_ref(frame->bytes));
}

/* What the file is called by the events that were read. */
static char *name_file(const EvidenceVerifyReport *report, const guint8 *sha256)
{
    char hex[2 * SHA256_SIZE + 1];
    for (guint i = 0; i < report->steps->len; i++) {
        const Event *event = ((const EvidenceStep *)report->steps->pdata[i])->event;
        g_autoptr(GArray) items = evidence_chain_items(event);
        const EvidenceItem *item = find_sealed(items, sha256);
        if (item)
            return g_strdup(item->name);
    }
    return g_strdup(sha256_hex(sha256, hex));
}

static char *take_file(Verifying *verifying, const EvidenceBundleFrame *frame)
{
    char hex[2 * SHA256_SIZE + 1], found[2 * SHA256_SIZE + 1];
    g_autofree char *name = name_file(verifying->report, frame->file);
    char *label = g_strdup_printf("file \"%s\"", name);
    sha256_hex(frame->file, hex);
    if (memcmp(frame->file, frame->found, SHA256_SIZE) != 0) {
        tell(verifying, "%s: its bytes are not those that were sealed: their SHA-256 is %s, not %s",
             label, sha256_hex(frame->found, found), hex);
        return label;
    }
    EvidenceFile *file = g_new0(EvidenceFile, 1);
    file->size = frame->length - SHA256_SIZE;
    memcpy(file->sha256, frame->file, SHA256_SIZE);
    g_ptr_array_add(verifying->read, file);
    keep_stamp(verifying, frame);
    return label;
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void compare_frames(Verifying *verifying, yyjson_val *list)
{
    size_t at, size;
    yyjson_val *one;
    guint count = verifying->seen->len;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) != count) {
        tell(verifying,
             "end: it lists %zu frames, and there are %u: something was taken out or "
             "put in",
             yyjson_arr_size(list), count);
        return;
    }
    yyjson_arr_foreach (list, at, size, one) {
        const Seen *seen = verifying->seen->pdata[at];
        char hex[2 * SHA256_SIZE + 1];
        if (!yyjson_equals_str(one, sha256_hex(seen->hash, hex)) && !seen->is_told)
            g_ptr_array_add(
                verifying->report->problems,
                g_strdup_printf("%s: it was changed since the bundle was made", seen->label));
    }
}

static void take_end(Verifying *verifying, GBytes *bytes)
{
    const EvidenceVerifyReport *report = verifying->report;
    g_autoptr(GError) error = NULL;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(SignedJson) json =
        signed_json_parse(text, length, length, EVIDENCE_BUNDLE_TYPE, &error);
    const char *origin = json ? yyjson_get_str(yyjson_obj_get(json->body, "origin")) : NULL;
    const EvidenceParty *maker = origin ? find_ledger(report, origin) : NULL;
    verifying->has_end = TRUE;
    if (!json)
        tell(verifying, "end: %s", error->message);
    else if (!maker)
        tell(verifying, "end: there is no card of who made the bundle");
    else if (!signed_json_verify(json, maker->messages->pdata[0], &error))
        tell(verifying, "end: %s", error->message);
    else
        compare_frames(verifying, yyjson_obj_get(json->body, "frames"));
}

static char *take_frame(Verifying *verifying, const EvidenceBundleFrame *frame)
{
    switch (frame->kind) {
    case EVIDENCE_BUNDLE_HEAD:
        return take_head(verifying, frame->bytes);
    case EVIDENCE_BUNDLE_PARTY:
        return take_party(verifying, frame->bytes);
    case EVIDENCE_BUNDLE_EVENT:
        return take_event(verifying, frame->bytes);
    case EVIDENCE_BUNDLE_PROOF:
        return take_proof(verifying, frame->bytes);
    case EVIDENCE_BUNDLE_CERTIFICATE:
        return take_certificate(verifying, frame->bytes);
    case EVIDENCE_BUNDLE_FILE:
        return take_file(verifying, frame);
    case EVIDENCE_BUNDLE_END:
        break;
    }
    return g_strdup("frame");
}

/* Reads all frames; what cannot be read is a problem, and the end. */
static void read_frames(Verifying *verifying, EvidenceBundleReader *reader)
{
    for (;;) {
        g_autoptr(GError) error = NULL;
        g_auto(EvidenceBundleFrame) frame = {0};
        gboolean is_end;
        if (!evidence_bundle_read(reader, &frame, &is_end, &error)) {
            g_ptr_array_add(verifying->report->problems, g_strdup(error->message));
            return;
        }
        if (is_end)
            return;
        if (frame.kind == EVIDENCE_BUNDLE_END) {
            take_end(verifying, frame.bytes);
            continue;
        }
        Seen *seen = g_new0(Seen, 1);
        memcpy(seen->hash, frame.hash, SHA256_SIZE);
        g_ptr_array_add(verifying->seen, seen);
        seen->label = take_frame(verifying, &frame);
    }
}

/* --- what follows from it ----------------------------------------------------------------------
 */

static void judge(Verifying *verifying)
{
    EvidenceVerifyReport *report = verifying->report;
    g_autoptr(GPtrArray) events = g_ptr_array_new();
    for (guint i = 0; i < report->steps->len; i++)
        g_ptr_array_add(events, ((EvidenceStep *)report->steps->pdata[i])->event);
    report->result = engine_run((const Event *const *)events->pdata, events->len);
    if (report->result->procedure != &evidence_procedure)
        g_ptr_array_add(report->problems, g_strdup("it is no evidence that this version knows"));
    report->chain = evidence_chain_new(report->result);
    for (guint i = 0; i < report->steps->len; i++) {
        EvidenceStep *step = report->steps->pdata[i];
        for (guint j = 0; j < report->result->events->len; j++) {
            const EngineEvent *one = &g_array_index(report->result->events, EngineEvent, j);
            if (one->event == step->event)
                step->judged = one;
        }
        if (step->judged && step->judged->verdict == ENGINE_PENDING)
            g_ptr_array_add(report->problems,
                            g_strdup_printf("step %u (%s by %s): steps before it are missing",
                                            i + 1, step->event->type, step->event->node));
    }
    if (!report->result->opening)
        g_ptr_array_add(report->problems, g_strdup("the step that opens the evidence is missing"));
}

static void check_certificate(Verifying *verifying)
{
    EvidenceVerifyReport *report = verifying->report;
    g_autofree char *wanted = evidence_certificate(report->result, report->chain);
    if (report->certificate && strcmp(report->certificate, wanted) != 0)
        g_ptr_array_add(report->problems,
                        g_strdup("certificate: it is not what the steps say: it was changed, or "
                                 "they were"));
}

static gboolean is_beside(const EvidenceTrust *trust, const guint8 *sha256)
{
    for (guint i = 0; trust->hashes && i < trust->hashes->len; i++)
        if (memcmp(((const EventHash *)trust->hashes->pdata[i])->bytes, sha256, SHA256_SIZE) == 0)
            return TRUE;
    return FALSE;
}

/* What was sealed first, then what else is in the bundle. */
static void list_files(Verifying *verifying)
{
    EvidenceVerifyReport *report = verifying->report;
    g_autoptr(GArray) items = report->chain->seal ? evidence_chain_items(report->chain->seal)
                                                  : g_array_new(FALSE, FALSE, sizeof(EvidenceItem));
    for (guint i = 0; i < items->len; i++) {
        const EvidenceItem *item = &g_array_index(items, EvidenceItem, i);
        EvidenceFile *file = g_new0(EvidenceFile, 1);
        file->name = g_strdup(item->name);
        file->size = item->size;
        file->is_sealed = TRUE;
        memcpy(file->sha256, item->sha256.bytes, SHA256_SIZE);
        file->is_here = is_beside(verifying->trust, file->sha256);
        for (guint j = 0; j < verifying->read->len; j++)
            file->is_here |= memcmp(((EvidenceFile *)verifying->read->pdata[j])->sha256,
                                    file->sha256, SHA256_SIZE) == 0;
        g_ptr_array_add(report->files, file);
    }
    for (guint i = 0; i < verifying->read->len; i++) {
        const EvidenceFile *read = verifying->read->pdata[i];
        if (find_sealed(items, read->sha256))
            continue;
        EvidenceFile *file = g_new0(EvidenceFile, 1);
        *file = *read;
        file->name = name_file(report, read->sha256);
        file->is_here = TRUE;
        g_ptr_array_add(report->files, file);
    }
}

static void judge_stamps(Verifying *verifying)
{
    EvidenceVerifyReport *report = verifying->report;
    const EvidenceTrust *trust = verifying->trust;
    for (guint i = 0; trust->small && i < trust->small->len; i++)
        g_ptr_array_add(verifying->small, g_bytes_ref(trust->small->pdata[i]));
    report->stamps = evidence_stamp_judge(report->chain, verifying->small, trust->authorities);
    for (guint i = 0; i < report->stamps->len; i++) {
        const EvidenceStamp *stamp = report->stamps->pdata[i];
        if (stamp->problem)
            g_ptr_array_add(report->problems,
                            g_strdup_printf("time stamp \"%s\": %s", stamp->name, stamp->problem));
    }
}

EvidenceVerifyReport *evidence_verify(Stream *stream, const EvidenceTrust *trust, GError **error)
{
    g_autoptr(EvidenceBundleReader) reader = evidence_bundle_reader_new(stream, error);
    if (!reader)
        return NULL;
    EvidenceVerifyReport *report = g_new0(EvidenceVerifyReport, 1);
    report->parties = g_ptr_array_new_with_free_func((GDestroyNotify)evidence_party_free);
    report->steps = g_ptr_array_new_with_free_func((GDestroyNotify)step_free);
    report->files = g_ptr_array_new_with_free_func((GDestroyNotify)file_free);
    report->problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func((GDestroyNotify)seen_free);
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)file_free);
    g_autoptr(GPtrArray) small = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    Verifying verifying = {
        .trust = trust, .report = report, .seen = seen, .read = read, .small = small};
    read_frames(&verifying, reader);
    if (!verifying.has_end && report->problems->len == 0)
        g_ptr_array_add(report->problems, g_strdup("the bundle has no end"));
    judge(&verifying);
    check_certificate(&verifying);
    list_files(&verifying);
    judge_stamps(&verifying);
    return report;
}
