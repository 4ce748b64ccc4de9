#include "node/survey.h"

#include "ledger/witness.h"
#include "node/cosigner.h"
#include "node/policy_file.h"
#include "store/ledger_read.h"

const char *survey_answer_name(SurveyAnswer answer)
{
    static const char *const names[] = {
        [SURVEY_AGREES] = "agrees",   [SURVEY_AHEAD] = "ahead",   [SURVEY_FORK] = "fork",
        [SURVEY_UNKNOWN] = "unknown", [SURVEY_SILENT] = "silent",
    };
    return names[answer];
}

void survey_clear(Survey *survey)
{
    g_clear_pointer(&survey->witnesses, g_ptr_array_unref);
    g_clear_pointer(&survey->answers, g_array_unref);
}

static SurveyAnswer answer_at(const Survey *survey, guint place)
{
    return g_array_index(survey->answers, SurveyAnswer, place);
}

gboolean survey_is_answered(const Survey *survey)
{
    for (guint i = 0; i < survey->answers->len; i++)
        if (answer_at(survey, i) <= SURVEY_FORK)
            return TRUE;
    return FALSE;
}

typedef struct {
    CosignerMeans means;
    const Quorum *policy;
    WitnessAsked *asked;
    GThread *thread;
    GError *error;
} Inquiry;

static gpointer inquire(gpointer user)
{
    Inquiry *inquiry = user;
    guint wait;
    inquiry->asked->status = 0;
    cosigner_ask(&inquiry->means, inquiry->policy, inquiry->asked, &wait, &inquiry->error);
    return NULL;
}

/* Every witness is asked on a thread of its own: a slow one holds up nobody. */
static gboolean ask_all(const Inquiry *question, const GPtrArray *witnesses, GError **error)
{
    g_autofree Inquiry *inquiries = g_new0(Inquiry, witnesses->len + 1);
    for (guint i = 0; i < witnesses->len; i++) {
        inquiries[i] = *question;
        inquiries[i].asked = witnesses->pdata[i];
        inquiries[i].thread = g_thread_new("survey", inquire, &inquiries[i]);
    }
    g_autoptr(GError) first = NULL;
    for (guint i = 0; i < witnesses->len; i++) {
        g_thread_join(inquiries[i].thread);
        if (!first)
            first = g_steal_pointer(&inquiries[i].error);
        g_clear_error(&inquiries[i].error);
    }
    if (!first)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}

static SurveyAnswer read_answer(const WitnessAsked *asked, guint64 own)
{
    switch (asked->status) {
    case WITNESS_COSIGN:
        return asked->failure ? SURVEY_SILENT : SURVEY_AGREES;
    case WITNESS_CONFLICT:
        return asked->size > own ? SURVEY_AHEAD : SURVEY_FORK;
    case WITNESS_INCONSISTENT:
        return SURVEY_FORK;
    case WITNESS_FORBIDDEN:
    case WITNESS_UNKNOWN_LOG:
        return SURVEY_UNKNOWN;
    default:
        return SURVEY_SILENT;
    }
}

/* Whether those who agree are enough. A policy that asks for nobody says nothing about a ledger
 * that may have come further. */
static gboolean is_enough(const Survey *survey, const Quorum *policy)
{
    gboolean agrees[QUORUM_WITNESSES_MAX] = {FALSE};
    guint count = 0;
    for (guint i = 0; i < survey->witnesses->len; i++) {
        const WitnessAsked *asked = survey->witnesses->pdata[i];
        if (answer_at(survey, i) != SURVEY_AGREES)
            continue;
        count++;
        for (guint k = 0; policy && k < quorum_n_witnesses(policy); k++) {
            g_autofree char *vkey = note_verifier_format(quorum_witness(policy, k).key);
            agrees[k] = agrees[k] || g_str_equal(vkey, asked->vkey);
        }
    }
    return count > 0 && (!policy || quorum_is_met(policy, agrees));
}

static const char *find_obstacle(const Survey *survey, const Quorum *policy)
{
    gboolean has[SURVEY_SILENT + 1] = {FALSE};
    for (guint i = 0; i < survey->answers->len; i++)
        has[answer_at(survey, i)] = TRUE;
    if (has[SURVEY_FORK])
        return "a witness has cosigned another tree of this ledger";
    if (has[SURVEY_AHEAD])
        return "a witness has cosigned more entries than are here";
    if (survey->witnesses->len == 0)
        return "no witness is asked who could say how far the ledger had come";
    return is_enough(survey, policy) ? NULL : "too few witnesses agree that this is all";
}

static void read_answers(Survey *survey)
{
    for (guint i = 0; i < survey->witnesses->len; i++) {
        const WitnessAsked *asked = survey->witnesses->pdata[i];
        SurveyAnswer answer = read_answer(asked, survey->size);
        g_array_append_val(survey->answers, answer);
        if (answer <= SURVEY_FORK)
            survey->seen = MAX(survey->seen, asked->size);
    }
}

gboolean survey_witnesses(const Config *config, Notary *notary, Survey *ret_survey, GError **error)
{
    Store *store = notary_store(notary);
    g_autoptr(Quorum) policy = NULL;
    g_auto(LedgerReadState) state = {0};
    g_autoptr(GPtrArray) witnesses = NULL;
    if (!policy_file_load(config, &policy, error) || !ledger_read_state(store, &state, error) ||
        !(witnesses = witness_asked(store, error)))
        return FALSE;
    const Inquiry question = {.means = {.config = config,
                                        .store = store,
                                        .writer = notary_writer(notary),
                                        .notary = notary},
                              .policy = policy};
    if (!ask_all(&question, witnesses, error))
        return FALSE;
    Survey survey = {.size = state.size,
                     .witnesses = g_steal_pointer(&witnesses),
                     .answers = g_array_new(FALSE, FALSE, sizeof(SurveyAnswer))};
    read_answers(&survey);
    survey.obstacle = find_obstacle(&survey, policy);
    *ret_survey = survey;
    return TRUE;
}
