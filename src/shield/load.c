#include "shield/load.h"

#include <string.h>
#include <yyjson.h>

#include "base/timestamp.h"
#include "shield/hit_port.h"

static gint64 get_time(yyjson_val *root, const char *key)
{
    yyjson_val *value = yyjson_obj_get(root, key);
    gint64 us = 0;
    if (!yyjson_is_str(value) ||
        !timestamp_parse(yyjson_get_str(value), yyjson_get_len(value), &us, NULL))
        return 0;
    return us;
}

/* A name that only says the value again is not worth keeping. Values that are not the pattern's are
 * names by which the object can be found: this one, too. */
static gboolean adds_something(const char *name, const Object *object)
{
    for (guint i = 0; object->values && i < object->values->len; i++) {
        const ObjectValue *value = &g_array_index(object->values, ObjectValue, i);
        if (value->from_pattern && strcmp(name, value->text) == 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean has_values(const Object *object, gboolean from_pattern)
{
    for (guint i = 0; object->values && i < object->values->len; i++) {
        const ObjectValue *value = &g_array_index(object->values, ObjectValue, i);
        if (!value->from_pattern == !from_pattern && value->kind != OBSERVABLE_OTHER)
            return TRUE;
    }
    return FALSE;
}

static gboolean add_values(SetBuilder *builder, const Object *object, gboolean from_pattern,
                           GError **error)
{
    for (guint i = 0; i < object->values->len; i++) {
        const ObjectValue *value = &g_array_index(object->values, ObjectValue, i);
        if (!value->from_pattern == !from_pattern &&
            !set_builder_add_value(builder, value->kind, value->text, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_out_of_date(const SetIndicator *indicator, const LoadOptions *options)
{
    return (indicator->valid_from > options->now && !options->future) ||
           (indicator->valid_until != 0 && indicator->valid_until <= options->now);
}

void load_describe(const Object *object, yyjson_val *root, const char *source, MarkingTlp tlp,
                   const LoadOptions *options, SetIndicator *ret_indicator)
{
    yyjson_val *confidence = yyjson_obj_get(root, "confidence");
    const char *name = yyjson_get_str(yyjson_obj_get(root, "name"));
    MarkingTlp own_tlp = marking_tlp_from_refs(yyjson_obj_get(root, "object_marking_refs"));
    *ret_indicator = (SetIndicator){
        .id = object->id,
        .source = source,
        .name =
            strcmp(object->type, "indicator") == 0 && name && *name && adds_something(name, object)
                ? name
                : NULL,
        .version = object->version,
        .confidence =
            yyjson_is_int(confidence) ? (int)CLAMP(yyjson_get_sint(confidence), 0, 100) : -1,
        .tlp = own_tlp != MARKING_TLP_NONE ? own_tlp : tlp,
        .pap = MAX(marking_pap_of_object(root), options->pap),
        .valid_from = get_time(root, "valid_from"),
        .valid_until = get_time(root, "valid_until"),
    };
    ret_indicator->withdrawn =
        !options->expired && (object->revoked || is_out_of_date(ret_indicator, options));
}

void load_count(LoadCounts *counts, LoadOutcome outcome)
{
    counts->taken += outcome == LOAD_TAKEN;
    counts->empty += outcome == LOAD_EMPTY;
    counts->misread += outcome == LOAD_MISREAD;
    counts->patterns += outcome == LOAD_PATTERN;
    counts->out_of_date += outcome == LOAD_OUT_OF_DATE;
    counts->unwanted += outcome == LOAD_UNWANTED;
    counts->observables += outcome == LOAD_OBSERVABLE;
}

static gboolean is_wanted(const SetIndicator *indicator, const LoadOptions *options)
{
    return (options->min_confidence == 0 || indicator->confidence >= options->min_confidence) &&
           (options->most_tlp == MARKING_TLP_NONE ||
            (indicator->tlp != MARKING_TLP_NONE && indicator->tlp <= options->most_tlp)) &&
           (options->most_pap == MARKING_PAP_NONE ||
            (indicator->pap != MARKING_PAP_NONE && indicator->pap <= options->most_pap));
}

/* What becomes of an indicator, of which values were @found. */
static LoadOutcome judge(SetIndicator *indicator, gboolean found, const LoadOptions *options)
{
    if (indicator->withdrawn)
        return LOAD_OUT_OF_DATE;
    if (!found && !indicator->pattern)
        return LOAD_EMPTY;
    if (!is_wanted(indicator, options)) {
        /* Its older versions do not count in its place. */
        indicator->withdrawn = TRUE;
        return LOAD_UNWANTED;
    }
    return found ? LOAD_TAKEN : LOAD_PATTERN;
}

gboolean load_made_value(SetBuilder *builder, const SetIndicator *given, const guint8 *space,
                         ObservableKind kind, const char *canonical, guint16 port,
                         const LoadOptions *options, LoadOutcome *ret_outcome, GError **error)
{
    SetIndicator indicator = *given;

    if (indicator.name && (*indicator.name == '\0' || strcmp(indicator.name, canonical) == 0))
        indicator.name = NULL;
    indicator.pap = MAX(indicator.pap, options->pap);
    indicator.withdrawn = !options->expired && is_out_of_date(&indicator, options);
    *ret_outcome = judge(&indicator, TRUE, options);
    g_autofree char *kept = hit_port_join(port, indicator.name);
    if (kept)
        indicator.name = kept;
    return (space ? set_builder_add_made(builder, &indicator, space, error)
                  : set_builder_add_indicator(builder, &indicator, error)) &&
           set_builder_add_value(builder, kind, canonical, error);
}

gboolean load_value(SetBuilder *builder, const SetIndicator *indicator, ObservableKind kind,
                    const char *canonical, guint16 port, const LoadOptions *options,
                    LoadOutcome *ret_outcome, GError **error)
{
    return load_made_value(builder, indicator, NULL, kind, canonical, port, options, ret_outcome,
                           error);
}

gboolean load_object(SetBuilder *builder, const Object *object, const char *source, MarkingTlp tlp,
                     const LoadOptions *options, LoadOutcome *ret_outcome, GError **error)
{
    gboolean is_indicator = strcmp(object->type, "indicator") == 0;
    gboolean found = has_values(object, is_indicator);

    if (!is_indicator && (!found || !options->observables)) {
        *ret_outcome = found ? LOAD_OBSERVABLE : LOAD_OTHER;
        return TRUE;
    }
    yyjson_doc *read = object->document ? NULL : yyjson_read(object->bytes, object->length, 0);
    yyjson_doc *doc = object->document ? object->document : read;
    if (!doc) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: not JSON", object->id);
        return FALSE;
    }
    SetIndicator indicator;
    load_describe(object, yyjson_doc_get_root(doc), source, tlp, options, &indicator);
    yyjson_val *pattern = yyjson_obj_get(yyjson_doc_get_root(doc), "pattern");
    if (object->whole_pattern) {
        indicator.pattern = yyjson_get_str(pattern);
        indicator.pattern_20 = object->pattern_20;
    }
    guint16 port = yyjson_is_str(pattern)
                       ? hit_port_of_pattern(yyjson_get_str(pattern), yyjson_get_len(pattern))
                       : 0;
    *ret_outcome = judge(&indicator, found, options);
    if (*ret_outcome == LOAD_EMPTY && object->pattern_problem)
        *ret_outcome = LOAD_MISREAD;
    g_autofree char *kept = hit_port_join(port, indicator.name);
    if (kept)
        indicator.name = kept;
    gboolean done = set_builder_add_indicator(builder, &indicator, error) &&
                    (!found || add_values(builder, object, is_indicator, error));
    yyjson_doc_free(read);
    return done;
}
