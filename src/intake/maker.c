#include "intake/maker.h"

#include <string.h>

#include "policy/marking.h"

char *maker_source(const char *name)
{
    static const char *const endings[] = {".gz",  ".zst",  ".xz",   ".txt",    ".csv",
                                          ".tsv", ".list", ".json", ".netset", ".ipset"};
    g_autofree char *path = g_strndup(name, strcspn(name, "?#"));
    char *source = g_path_get_basename(path);
    for (gboolean cut = TRUE; cut;) {
        cut = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
            gsize length = strlen(source), ending = strlen(endings[i]);
            if (length > ending && g_ascii_strcasecmp(source + length - ending, endings[i]) == 0) {
                source[length - ending] = '\0';
                cut = TRUE;
            }
        }
    }
    return source;
}

gboolean maker_init(Maker *maker, const char *name, const IntakeOptions *options,
                    const IntakeSink *sink, GError **error)
{
    if (options->tlp && !indicator_tlp_marking(options->tlp)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "\"%s\" is no TLP level: clear, green, amber, amber+strict or red",
                    options->tlp);
        return FALSE;
    }
    *maker = (Maker){.name = name, .options = options, .sink = sink};
    maker->source = options->source ? g_strdup(options->source) : maker_source(name);
    maker->json = g_string_sized_new(1024);
    maker->where = g_string_new(name);
    g_string_append_c(maker->where, ':');
    maker->where_name = maker->where->len;
    return TRUE;
}

void maker_clear(Maker *maker)
{
    g_clear_pointer(&maker->source, g_free);
    if (maker->json)
        g_string_free(maker->json, TRUE);
    if (maker->where)
        g_string_free(maker->where, TRUE);
    maker->json = maker->where = NULL;
}

const char *maker_where(Maker *maker, guint64 line)
{
    char digits[24], *start = digits + sizeof digits;
    do
        *--start = (char)('0' + line % 10);
    while ((line /= 10) > 0);
    g_string_truncate(maker->where, maker->where_name);
    g_string_append_len(maker->where, start, digits + sizeof digits - start);
    return maker->where->str;
}

Indicator maker_indicator(const Maker *maker, const Value *value)
{
    const IntakeOptions *options = maker->options;
    return (Indicator){
        .source = maker->source,
        .kind = value->kind,
        .value = value->canonical,
        .port = value->port,
        .modified = options->valid_from,
        .valid_from = options->valid_from,
        .valid_until = options->valid_until,
        .confidence = options->confidence,
    };
}

static gboolean give_text(Maker *maker, const char *text, gsize length, guint64 line,
                          GError **error)
{
    gboolean good = intake_give_made(maker->sink, text, length, OBJECT_SPEC_21,
                                     maker_where(maker, line), error);
    maker->stopped = !good;
    return good;
}

gboolean maker_give(Maker *maker, Indicator *indicator, const char *tlp, guint64 line,
                    GError **error)
{
    if (!tlp)
        tlp = maker->options->tlp;
    MarkingTlp level = tlp ? marking_tlp_from_name(tlp) : MARKING_TLP_NONE;
    const char *refs[] = {marking_tlp_id(level), NULL};
    if (level != MARKING_TLP_NONE)
        indicator->marking_refs = refs;
    gboolean taken;
    if (!intake_show_indicator(maker->sink, indicator, &taken, error)) {
        maker->stopped = TRUE;
        return FALSE;
    }
    if (taken)
        return TRUE;
    if (level != MARKING_TLP_NONE && !(maker->markings & 1u << level)) {
        const char *definition = indicator_tlp_object(tlp);
        maker->markings |= 1u << level;
        if (!give_text(maker, definition, strlen(definition), line, error))
            return FALSE;
    }
    g_string_truncate(maker->json, 0);
    if (!indicator_write(indicator, maker->json))
        return TRUE;
    return give_text(maker, maker->json->str, maker->json->len, line, error);
}
