#include "node/shield_direct.h"

#include <string.h>

#include "base/timestamp.h"

/* Times from here on are not of four digits' years. */
#define TIME_END G_GINT64_CONSTANT(253402300800000000)

/* The digits that indicator_write() gives times. */
#define TIME_DIGIT 1000

/* Room for "[address]:port" and "name:port". */
#define NAME_SIZE (OBSERVABLE_MAX_LENGTH + 16)

/* Room for what ids are made of: a value, its source, and what is between them. */
#define ID_SIZE (2 * OBSERVABLE_MAX_LENGTH)

/* Texts that are written and read again as they are. */
static gboolean is_plain(const char *text)
{
    gsize length = strlen(text);
    guint8 others = 0;
    for (gsize i = 0; i < length; i++) /* no way out, so that many are looked at in one step */
        others |= (guint8)(text[i] - 0x20) >= 0x7f - 0x20;
    return others == 0 && length > 0 && length <= OBSERVABLE_MAX_LENGTH;
}

static gboolean is_time(gint64 us)
{
    return us >= 0 && us < TIME_END;
}

static gboolean has_kind(const Indicator *indicator)
{
    ObservableKind kind = indicator->kind;
    if (indicator->port == 0)
        return kind > OBSERVABLE_NONE && kind < OBSERVABLE_OTHER;
    return indicator->port <= G_MAXUINT16 &&
           (kind == OBSERVABLE_IPV4 || kind == OBSERVABLE_IPV6 || kind == OBSERVABLE_DOMAIN);
}

static gboolean has_tlp_only(const Indicator *indicator)
{
    const char *const *refs = indicator->marking_refs;
    for (; refs && *refs; refs++)
        if (marking_tlp_from_id(*refs) == MARKING_TLP_NONE)
            return FALSE;
    return TRUE;
}

/* Is all that it says known, without asking how it is written? */
static gboolean is_direct(const Indicator *indicator)
{
    return !indicator->id && !indicator->pattern && !indicator->members && indicator->value &&
           has_kind(indicator) && is_plain(indicator->value) && is_time(indicator->created) &&
           is_time(MAX(indicator->modified, indicator->created)) &&
           is_time(indicator->valid_from) && is_time(indicator->valid_until) &&
           has_tlp_only(indicator) &&
           (!indicator->name || g_utf8_validate(indicator->name, -1, NULL));
}

static gint64 cut(gint64 us)
{
    return us - us % TIME_DIGIT;
}

static SetIndicator describe(const Indicator *indicator)
{
    gint64 until = indicator->valid_until;
    return (SetIndicator){
        .name = indicator->name,
        .version = cut(MAX(indicator->modified, indicator->created)),
        .confidence = indicator->confidence >= 0 ? MIN(indicator->confidence, 100) : -1,
        .tlp = marking_tlp_of_ids(indicator->marking_refs),
        .valid_from = cut(indicator->valid_from),
        .valid_until = until > indicator->valid_from ? cut(until) : 0,
    };
}

gboolean shield_direct_add(SetBuilder *builder, const Indicator *indicator, const char *source,
                           const LoadOptions *options, gboolean *ret_taken,
                           LoadOutcome *ret_outcome, GError **error)
{
    char id[ID_SIZE], name[NAME_SIZE];
    g_autofree char *pattern = NULL;
    gsize length = 0;

    if (is_direct(indicator))
        length = indicator_id_name(id, sizeof(id) - 1, indicator->source, indicator->kind,
                                   indicator->value, indicator->port);
    *ret_taken = length > 0;
    if (!*ret_taken)
        return TRUE;
    id[length] = '\0';
    SetIndicator described = describe(indicator);
    described.id = id;
    described.source = source;
    if (indicator->port > 0) {
        pattern = indicator_port_pattern(indicator->kind, indicator->value, indicator->port);
        described.pattern = pattern;
        if (!described.name)
            described.name = indicator_port_name(name, sizeof(name), indicator);
    }
    return load_made_value(builder, &described, indicator_namespace, indicator->kind,
                           indicator->value, (guint16)indicator->port, options, ret_outcome, error);
}
