#include "exchange/subject.h"

#include <string.h>
#include <yyjson.h>

#include "base/timestamp.h"

/* The texts of a list; whatever else is in it is left out, which denies. */
static char **read_list(yyjson_val *list)
{
    GPtrArray *texts = g_ptr_array_new();
    gsize i, count;
    yyjson_val *text;
    yyjson_arr_foreach (list, i, count, text)
        if (yyjson_is_str(text))
            g_ptr_array_add(texts, g_strdup(yyjson_get_str(text)));
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(texts, FALSE);
}

void subject_of_record(const Record *record, MarkingTlp unmarked, Subject *ret_subject)
{
    yyjson_doc *doc =
        record->header ? yyjson_read(record->header, strlen(record->header), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *audience = yyjson_obj_get(root, "audience"), *named = yyjson_obj_get(root, "named");
    *ret_subject = (Subject){.audience = read_list(audience)};
    ret_subject->named = named ? read_list(named) : g_strdupv(ret_subject->audience);
    ret_subject->subject = (DecideSubject){
        .is_own = record->origin == NULL,
        .is_public = yyjson_equals_str(audience, "public"),
        .audience = decide_list((const char *const *)ret_subject->audience),
        .named = decide_list((const char *const *)ret_subject->named),
        .community = record->community,
        .tlp = (MarkingTlp)record->tlp,
        .unmarked = unmarked,
        .pap = (MarkingPap)record->pap,
        .state = record->state == RECORD_ERASED ? DECIDE_EXPIRED : (DecideState)record->state,
        .expires = record->expires == G_MAXINT64 ? 0 : record->expires,
        .is_exercise = record->exercise};
    if (record->state == RECORD_LIVE && record->expires <= timestamp_now())
        ret_subject->subject.state = DECIDE_EXPIRED;
    yyjson_doc_free(doc);
}

void subject_clear(Subject *subject)
{
    g_clear_pointer(&subject->audience, g_strfreev);
    g_clear_pointer(&subject->named, g_strfreev);
}
