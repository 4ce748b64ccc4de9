#include "dossier/silence.h"

#include <string.h>

#include "base/jsonguard.h"
#include "base/timestamp.h"

const ProcedureField silence_fields[] = {
    {"coordinator", "the node that may be told that there is no answer, and nothing else",
     PROCEDURE_NODE, TRUE},
    {NULL},
};

const ProcedureField silence_end_fields[] = {
    {"text", "a word to the others", PROCEDURE_TEXT, .max = 4 * 1024},
    {NULL},
};

const char *silence_coordinator(const EngineResult *dossier, const char *node)
{
    for (guint i = dossier->events->len; i-- > 0;) {
        const EngineEvent *one = &g_array_index(dossier->events, EngineEvent, i);
        if (one->verdict != ENGINE_VALID || strcmp(one->event->node, node) != 0)
            continue;
        if (strcmp(one->event->type, SILENCE_UNWATCHED) == 0)
            return NULL;
        if (strcmp(one->event->type, SILENCE_WATCHED) == 0)
            return event_text(one->event, silence_fields[0].name);
    }
    return NULL;
}

const char *silence_whom(const EngineResult *dossier, const EngineClock *clock, const char *node,
                         gint64 now_us)
{
    const ProcedureState *state = engine_state(dossier);
    const char *whom = silence_coordinator(dossier, node);
    guint percent, awaited = 0;
    engine_clock_read(clock, now_us, &percent, NULL, NULL);
    if (!whom || !state || !clock->is_running || !clock->clock->reminders ||
        percent < SILENCE_PERCENT)
        return NULL;
    for (guint i = 0; i < dossier->participants->len; i++) {
        const EngineParticipant *one = &g_array_index(dossier->participants, EngineParticipant, i);
        if ((one->roles & state->waits_for) == 0)
            continue;
        awaited++;
        if (strcmp(one->node, node) == 0 ||
            g_strcmp0(silence_coordinator(dossier, one->node), whom) != 0)
            return NULL;
    }
    return awaited > 0 ? whom : NULL;
}

char *silence_write(const char *dossier, gint64 since_us)
{
    char since[TIMESTAMP_MAX];
    return g_strdup_printf("{\"dossier\":\"%s\",\"no_answer_since\":\"%s\"}", dossier,
                           timestamp_format(since, since_us, 0));
}

gboolean silence_read(const char *text, gsize length, char **ret_dossier, gint64 *ret_since_us,
                      GError **error)
{
    if (length > SILENCE_BYTES_MAX) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "silence: more than %d bytes",
                    SILENCE_BYTES_MAX);
        return FALSE;
    }
    g_autoptr(yyjson_doc) doc = jsonguard_read(text, length, error);
    if (!doc)
        return FALSE;
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *dossier = yyjson_get_str(yyjson_obj_get(root, "dossier"));
    yyjson_val *since = yyjson_obj_get(root, "no_answer_since");
    if (!dossier || !event_dossier_is_valid(dossier, NULL) || !yyjson_is_str(since) ||
        !timestamp_parse(yyjson_get_str(since), yyjson_get_len(since), ret_since_us, NULL)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "silence: it is no object with \"dossier\", the id of one, and "
                            "\"no_answer_since\", a time");
        return FALSE;
    }
    *ret_dossier = g_strdup(dossier);
    return TRUE;
}
