#include "shield/export.h"

#include <string.h>

#include "base/timestamp.h"
#include "shield/exports/format.h"
#include "shield/release.h"

/* Bytes that wait before they are written out. */
#define FLUSH_AT (64 * 1024)

static const struct {
    const char *name, *words;
} reasons[EXPORT_REASONS] = {
    [EXPORT_DONE] = {"done", "written"},
    [EXPORT_NARROWED] = {"narrowed", "written without the names under them"},
    [EXPORT_WIDENED] = {"widened", "looked for at every port, not only the indicator's"},
    [EXPORT_COVERED] = {"covered", "within a network that is written"},
    [EXPORT_ONE_PORT] = {"one-port", "meant for one port, which the format cannot say (see "
                                     "--any-port)"},
    [EXPORT_NO_PLACE] = {"no-place", "the format has no place for them"},
    [EXPORT_TOO_LONG] = {"too-long", "too long for the format"},
    [EXPORT_UNSEEN] = {"unseen", "cannot be seen by who reads the format"},
    [EXPORT_UNWANTED] = {"unwanted", "of a kind that was not asked for"},
    [EXPORT_SUPPRESSED] = {"suppressed", "on a warninglist (see --suppressed)"},
    [EXPORT_UNMARKED] = {"unmarked", "no PAP level permits blocking (see --unmarked)"},
    [EXPORT_NOT_PERMITTED] = {"not-permitted", "their PAP level forbids blocking"},
    [EXPORT_TOO_WIDE] = {"too-wide", "shorter prefixes than /16, in IPv6 /32: only a release "
                                     "blocks them"},
    [EXPORT_OUT_OF_DATE] = {"out-of-date", "no longer or not yet valid"},
    [EXPORT_MALFORMED] = {"malformed", "not a value of their kind"},
};

static const ExportFormat *const formats[] = {
    &format_rpz,
    &format_unbound,
    &format_dnsmasq,
    &format_hosts,
    &format_nftables,
    &format_suricata,
    &format_suricata_drop,
    &format_suricata_sets,
    &format_suricata_domain,
    &format_suricata_ip,
    &format_suricata_md5,
    &format_suricata_sha1,
    &format_suricata_sha256,
    &format_suricata_ja3,
    &format_suricata_iprep,
    &format_zeek,
    &format_csv,
    &format_plain,
    &format_stix,
    &format_misp,
    NULL,
};

const char *export_reason_name(ExportReason reason)
{
    return reasons[reason].name;
}

const char *export_reason_words(ExportReason reason)
{
    return reasons[reason].words;
}

guint64 export_counts_sum(const ExportCounts *counts, ExportReason reason)
{
    guint64 sum = 0;
    for (guint kind = 0; kind <= OBSERVABLE_OTHER; kind++)
        sum += counts->by_reason[reason][kind];
    return sum;
}

const ExportFormat *const *export_formats(void)
{
    return formats;
}

const ExportFormat *export_format_find(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; formats[i]; i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", formats[i]->name);
    }
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "there is no export format \"%s\"; there are %s", name, names->str);
    return NULL;
}

const char *export_format_name(const ExportFormat *format)
{
    return format->name;
}

const char *export_format_summary(const ExportFormat *format)
{
    return format->summary;
}

const char *export_format_media_type(const ExportFormat *format)
{
    return format->media_type;
}

gboolean export_format_blocks(const ExportFormat *format)
{
    return format->blocks;
}

/* What has ports: of all else an indicator's port says nothing. */
static gboolean has_ports(ObservableKind kind)
{
    return (FORMAT_ADDRESSES | FORMAT_KIND(DOMAIN)) & 1u << kind;
}

gboolean export_format_lacks_ports(const ExportFormat *format)
{
    return !format->ports && format->kinds & (FORMAT_ADDRESSES | FORMAT_KIND(DOMAIN));
}

gboolean export_format_widens(const ExportFormat *format)
{
    return export_format_lacks_ports(format) || format->lookups;
}

guint32 format_serial(const Export *export)
{
    return (guint32)(MAX(export->options.time, 0) / G_USEC_PER_SEC);
}

const char *format_time(const Export *export, char *buffer)
{
    return timestamp_format(buffer, export->options.time, 3);
}

ObservableAddress format_address(const ExportValue *value)
{
    ObservableAddress address = {0};
    gboolean parsed = observable_address_parse(value->text, strlen(value->text), &address);
    g_assert(parsed); /* export_add() looked */
    return address;
}

void format_head(Export *export, const char *mark)
{
    char time[TIMESTAMP_MAX];
    g_string_append_printf(export->out, "%s Concert %s, %s\n", mark, export->format->name,
                           format_time(export, time));
}

static gboolean flush(Export *export, GError **error)
{
    export->counts.bytes += export->out->len;
    gboolean written = export->out->len == 0 ||
                       export->write(export->user, export->out->str, export->out->len, error);
    g_string_truncate(export->out, 0);
    return written;
}

/* Looks at what the options ask the answer to be. */
static gboolean choose_action(Export *export, GError **error)
{
    static const char *const names[] = {"nxdomain", "nodata", "redirect", "passthru"};
    const ExportFormat *format = export->format;
    const char *redirect = export->options.redirect;
    int action = export->options.action;

    if (action < 0 && redirect)
        action = EXPORT_REDIRECT;
    if (action < 0) {
        export->action =
            format->actions & FORMAT_ACTION(NXDOMAIN) ? EXPORT_NXDOMAIN : EXPORT_REDIRECT;
        return TRUE;
    }
    export->action = (ExportAction)action;
    if (!(format->actions & 1u << action)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "the format %s has no way to say %s",
                    format->name, names[action]);
        return FALSE;
    }
    if ((action == EXPORT_REDIRECT) != (redirect != NULL)) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    redirect ? "a place to redirect to, and the action %s"
                             : "the action %s needs a place to redirect to",
                    names[action]);
        return FALSE;
    }
    if (!redirect)
        return TRUE;
    export->redirect_kind = observable_classify(redirect, strlen(redirect), &export->redirect);
    if (export->redirect_kind != OBSERVABLE_NONE && format->redirects & 1u << export->redirect_kind)
        return TRUE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "%s: the format %s cannot redirect to that", redirect, format->name);
    return FALSE;
}

Export *export_new(const ExportFormat *format, const ExportOptions *options, ExportWrite write,
                   gpointer user, GError **error)
{
    g_autoptr(Export) export = g_new0(Export, 1);
    export->format = format;
    export->options = *options;
    export->write = write;
    export->user = user;
    export->out = g_string_sized_new(FLUSH_AT + OBSERVABLE_MAX_LENGTH);
    export->text = g_string_new(NULL);
    export->ports = g_array_new(FALSE, FALSE, sizeof(guint16));
    export->state = g_malloc0(MAX(format->state_size, 1));
    if (!choose_action(export, error))
        return NULL;
    if (options->exact && format->kinds & FORMAT_KIND(DOMAIN) && format->names == FORMAT_UNDER) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "the format %s has no way to say a name without the names under it",
                    format->name);
        return NULL;
    }
    format->begin(export);
    export->begun = TRUE;
    return g_steal_pointer(&export);
}

/* Whether the text is just what its kind looks like, and nothing a reader of lines would trip over.
 */
static gboolean is_canonical(const ExportValue *value)
{
    gsize length = strlen(value->text);
    ObservableKind kind;
    for (gsize i = 0; i < length; i++)
        if ((guchar)value->text[i] <= ' ' || (guchar)value->text[i] >= 0x7f)
            return FALSE;
    g_autofree char *canonical = observable_normalise(value->kind, value->text, length, &kind);
    return canonical && kind == value->kind && strcmp(canonical, value->text) == 0;
}

/* What in a release needs a second approver: one mistake, or one liar, would block too much. */
static gboolean is_wide(const ExportValue *value)
{
    if (value->kind != OBSERVABLE_CIDR)
        return FALSE;
    ObservableAddress address = format_address(value);
    return address.prefix < (address.v6 ? RELEASE_SHORTEST_V6 : RELEASE_SHORTEST_V4);
}

/* What keeps the claim out, whatever the format. */
static ExportReason refuse(const Export *export, const ExportValue *value)
{
    const ExportOptions *options = &export->options;
    const ExportFormat *format = export->format;

    if (options->kinds != 0 && !(options->kinds & 1u << value->kind))
        return EXPORT_UNWANTED;
    if (!(format->kinds & 1u << value->kind))
        return EXPORT_NO_PLACE;
    if ((value->valid_until != 0 && value->valid_until <= options->now) ||
        value->valid_from > options->now)
        return EXPORT_OUT_OF_DATE;
    if (value->suppressed && !options->suppressed)
        return EXPORT_SUPPRESSED;
    if (format->blocks && !options->approved) {
        MarkingPap pap = value->pap != MARKING_PAP_NONE ? value->pap : options->unmarked;
        if (pap == MARKING_PAP_NONE)
            return EXPORT_UNMARKED;
        if (pap > MARKING_PAP_GREEN)
            return EXPORT_NOT_PERMITTED;
        if (is_wide(value))
            return EXPORT_TOO_WIDE;
    }
    if (value->port != 0 && !format->ports && !options->any_port && has_ports(value->kind))
        return EXPORT_ONE_PORT;
    return EXPORT_DONE;
}

static gboolean is_written(ExportReason outcome)
{
    return outcome <= EXPORT_WIDENED;
}

/* Whether what is written of the value says all that @value does. */
static gboolean is_said(const Export *export, const ExportValue *value)
{
    if (!is_written(export->outcome) || export->format->every)
        return FALSE;
    for (guint i = 0; i < export->ports->len; i++) {
        guint16 port = g_array_index(export->ports, guint16, i);
        if (port == 0 || port == value->port)
            return TRUE;
    }
    return FALSE;
}

/* Counts the value whose claims have all come. */
static void settle(Export *export)
{
    if (export->kind == OBSERVABLE_NONE)
        return;
    if (is_written(export->outcome))
        export->counts.values++;
    export->counts.by_reason[export->outcome][export->kind]++;
    export->kind = OBSERVABLE_NONE;
}

gboolean export_add(Export *export, const ExportValue *value, GError **error)
{
    const ExportFormat *format = export->format;
    g_return_val_if_fail(value->kind > OBSERVABLE_NONE && value->kind <= OBSERVABLE_OTHER, FALSE);
    gboolean again = export->kind == value->kind && strcmp(export->text->str, value->text) == 0;

    if (!again) {
        settle(export);
        export->kind = value->kind;
        g_string_assign(export->text, value->text);
        export->outcome = is_canonical(value) ? EXPORT_REASONS : EXPORT_MALFORMED;
        g_array_set_size(export->ports, 0);
    }
    if (export->outcome == EXPORT_MALFORMED || is_said(export, value))
        return TRUE;
    ExportReason reason = refuse(export, value);
    if (reason == EXPORT_DONE)
        reason = format->value(export, value);
    if (is_written(reason) && value->port != 0 && !format->ports)
        reason = EXPORT_WIDENED;
    guint16 port = format->ports ? value->port : 0;
    if (is_written(reason)) {
        export->counts.entries++;
        if (!format->every)
            g_array_append_val(export->ports, port);
    }
    /* Of several reasons the one that came nearest to being written. */
    export->outcome = MIN(export->outcome, reason);
    return export->out->len < FLUSH_AT || flush(export, error);
}

gboolean export_finish(Export *export, ExportCounts *ret_counts, GError **error)
{
    settle(export);
    if (export->format->end)
        export->format->end(export);
    if (!flush(export, error))
        return FALSE;
    if (ret_counts)
        *ret_counts = export->counts;
    return TRUE;
}

void export_free(Export *export)
{
    if (!export)
        return;
    if (export->begun && export->format->clear)
        export->format->clear(export);
    g_free(export->state);
    g_free(export->redirect);
    g_string_free(export->out, TRUE);
    g_string_free(export->text, TRUE);
    g_array_unref(export->ports);
    g_free(export);
}
