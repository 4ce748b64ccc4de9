#include "shield/release.h"

#include <string.h>
#include <zstd.h>

#include "base/error.h"

/* Level of compression: content is written rarely, and is mostly random. */
#define LEVEL 3

/* The first bytes of what release_write() gives, before it is compressed. */
#define MAGIC "concert/release/v1\n"

struct Release {
    GStringChunk *texts;
    GArray *entries; /* ReleaseEntry */
    guint64 values;
};

Release *release_new(void)
{
    Release *release = g_new0(Release, 1);
    release->texts = g_string_chunk_new(64 * 1024);
    release->entries = g_array_new(FALSE, FALSE, sizeof(ReleaseEntry));
    return release;
}

void release_free(Release *release)
{
    if (!release)
        return;
    g_string_chunk_free(release->texts);
    g_array_unref(release->entries);
    g_free(release);
}

void release_add(Release *release, const ReleaseEntry *entry)
{
    const ReleaseEntry own = {
        .kind = entry->kind,
        .value = g_string_chunk_insert(release->texts, entry->value),
        .id = g_string_chunk_insert(release->texts, entry->id),
        .source = g_string_chunk_insert_const(release->texts, entry->source),
        .port = entry->port,
    };
    g_array_append_val(release->entries, own);
}

static ReleaseEntry make_entry(const SetValue *value, guint16 port)
{
    return (ReleaseEntry){value->kind, value->value, value->id, value->source, port};
}

void release_add_value(Release *release, const SetValue *value)
{
    const ReleaseEntry entry = make_entry(value, set_value_port(value));
    release_add(release, &entry);
}

static int compare_values(const ReleaseEntry *a, const ReleaseEntry *b)
{
    int order = a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->value, b->value);
    return order != 0 ? order : (int)a->port - (int)b->port;
}

static int compare_entries(gconstpointer first, gconstpointer second)
{
    const ReleaseEntry *a = first, *b = second;
    int order = compare_values(a, b);
    if (order == 0)
        order = strcmp(a->id, b->id);
    return order != 0 ? order : strcmp(a->source, b->source);
}

void release_finish(Release *release)
{
    GArray *entries = release->entries;
    guint kept = 0;
    g_array_sort(entries, compare_entries);
    release->values = 0;
    for (guint i = 0; i < entries->len; i++) {
        const ReleaseEntry *entry = &g_array_index(entries, ReleaseEntry, i);
        const ReleaseEntry *last =
            kept > 0 ? &g_array_index(entries, ReleaseEntry, kept - 1) : NULL;
        if (last && compare_entries(last, entry) == 0)
            continue;
        release->values += !last || compare_values(last, entry) != 0;
        g_array_index(entries, ReleaseEntry, kept++) = *entry;
    }
    g_array_set_size(entries, kept);
}

guint release_size(const Release *release)
{
    return release->entries->len;
}

const ReleaseEntry *release_get(const Release *release, guint i)
{
    return &g_array_index(release->entries, ReleaseEntry, i);
}

guint64 release_count_values(const Release *release)
{
    return release->values;
}

/* The first entry that is not before @entry by @compare. */
static guint lower_bound(const Release *release, const ReleaseEntry *entry)
{
    guint low = 0, high = release->entries->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (compare_entries(release_get(release, middle), entry) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static gboolean has_entry(const Release *release, const SetValue *value, guint16 port)
{
    const ReleaseEntry entry = make_entry(value, port);
    guint at = lower_bound(release, &entry);
    return at < release_size(release) && compare_entries(release_get(release, at), &entry) == 0;
}

gboolean release_has(const Release *release, const SetValue *value)
{
    guint16 port = set_value_port(value);
    return has_entry(release, value, port) || (port != 0 && has_entry(release, value, 0));
}

/* Of any indicator. */
static gboolean has_at(const Release *release, ObservableKind kind, const char *value, guint16 port)
{
    const ReleaseEntry entry = {kind, value, "", "", port};
    guint at = lower_bound(release, &entry);
    return at < release_size(release) && compare_values(release_get(release, at), &entry) == 0;
}

gboolean release_has_value(const Release *release, const SetValue *value)
{
    guint16 port = set_value_port(value);
    return has_at(release, value->kind, value->value, port) ||
           (port != 0 && has_at(release, value->kind, value->value, 0));
}

/* --- as bytes ----------------------------------------------------------------------------------
 */

/* Each entry is four texts, each ended by a NUL: the kind, with a blank and the port if there is
 * one, the value, the indicator and its source. */
static GByteArray *lay_out(const Release *release)
{
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)MAGIC, strlen(MAGIC));
    for (guint i = 0; i < release_size(release); i++) {
        const ReleaseEntry *entry = release_get(release, i);
        char kind[32];
        g_snprintf(kind, sizeof kind, entry->port != 0 ? "%s %u" : "%s",
                   observable_kind_name(entry->kind), entry->port);
        const char *const texts[] = {kind, entry->value, entry->id, entry->source};
        for (guint j = 0; j < G_N_ELEMENTS(texts); j++)
            g_byte_array_append(bytes, (const guint8 *)texts[j], (guint)strlen(texts[j]) + 1);
        if (bytes->len > RELEASE_BYTES_MAX)
            break;
    }
    return bytes;
}

void release_digest(const Release *release, guint8 ret_digest[SHA256_SIZE])
{
    g_autoptr(GByteArray) bytes = lay_out(release);
    sha256_digest(bytes->data, bytes->len, ret_digest);
}

GBytes *release_write(const Release *release, GError **error)
{
    g_autoptr(GByteArray) bytes = lay_out(release);
    if (bytes->len > RELEASE_BYTES_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT,
                            "there is more to release than can be kept");
        return NULL;
    }
    gsize bound = ZSTD_compressBound(bytes->len);
    guint8 *packed = g_malloc(bound);
    gsize length = ZSTD_compress(packed, bound, bytes->data, bytes->len, LEVEL);
    if (!ZSTD_isError(length))
        return g_bytes_new_take(g_realloc(packed, length), length);
    g_free(packed);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_IO, "zstd: %s", ZSTD_getErrorName(length));
    return NULL;
}

static gboolean refuse(GError **error)
{
    g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "this is no release");
    return FALSE;
}

/* "ipv4", "ipv4 8080"; FALSE when it is no such thing. */
static gboolean read_kind(const char *text, ReleaseEntry *entry)
{
    const char *blank = strchr(text, ' ');
    g_autofree char *name = blank ? g_strndup(text, (gsize)(blank - text)) : NULL;
    guint64 port = 0;

    entry->kind = observable_kind_from_name(name ? name : text);
    if (blank && (!g_ascii_string_to_unsigned(blank + 1, 10, 1, G_MAXUINT16, &port, NULL)))
        return FALSE;
    entry->port = (guint16)port;
    return entry->kind != OBSERVABLE_NONE;
}

static gboolean read_entries(Release *release, const char *text, gsize length, GError **error)
{
    const char *end = text + length;
    if (length < strlen(MAGIC) || memcmp(text, MAGIC, strlen(MAGIC)) != 0 ||
        (length > strlen(MAGIC) && end[-1] != '\0'))
        return refuse(error);
    for (text += strlen(MAGIC); text < end;) {
        const char *texts[4];
        for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
            if (text >= end)
                return refuse(error);
            texts[i] = text;
            text += strlen(text) + 1;
        }
        ReleaseEntry entry = {.value = texts[1], .id = texts[2], .source = texts[3]};
        if (!read_kind(texts[0], &entry))
            return refuse(error);
        release_add(release, &entry);
    }
    release_finish(release);
    return TRUE;
}

Release *release_read(GBytes *bytes, GError **error)
{
    gsize packed;
    const void *data = g_bytes_get_data(bytes, &packed);
    unsigned long long length = data ? ZSTD_getFrameContentSize(data, packed) : 0;
    if (length == 0 || length == ZSTD_CONTENTSIZE_ERROR || length == ZSTD_CONTENTSIZE_UNKNOWN) {
        refuse(error);
        return NULL;
    }
    if (length > RELEASE_BYTES_MAX) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "the release is too large");
        return NULL;
    }
    g_autofree char *text = g_try_malloc(length);
    if (!text || ZSTD_decompress(text, length, data, packed) != length) {
        refuse(error);
        return NULL;
    }
    g_autoptr(Release) release = release_new();
    return read_entries(release, text, length, error) ? g_steal_pointer(&release) : NULL;
}

/* --- differences -------------------------------------------------------------------------------
 */

/* The first entry behind all those of the value at @i. */
static guint next_value(const Release *release, guint i)
{
    const ReleaseEntry *entry = release_get(release, i);
    while (++i < release_size(release) && compare_values(release_get(release, i), entry) == 0)
        continue;
    return i;
}

/* Whether @other (NULL: an empty one) has the entry's value at every port. */
static gboolean is_covered(const ReleaseEntry *entry, const Release *other)
{
    return other && entry->port != 0 && has_at(other, entry->kind, entry->value, 0);
}

void release_compare(const Release *before, const Release *after, ReleaseEach added,
                     ReleaseEach removed, gpointer user)
{
    guint old = 0, new = 0, olds = before ? release_size(before) : 0,
          news = after ? release_size(after) : 0;
    while (old < olds || new < news) {
        int order = old == olds ? 1
                    : new == news
                        ? -1
                        : compare_values(release_get(before, old), release_get(after, new));
        if (order < 0 && removed && !is_covered(release_get(before, old), after))
            removed(user, release_get(before, old));
        if (order > 0 && added && !is_covered(release_get(after, new), before))
            added(user, release_get(after, new));
        if (order <= 0)
            old = next_value(before, old);
        if (order >= 0)
            new = next_value(after, new);
    }
}

/* --- what may be approved ----------------------------------------------------------------------
 */

static const struct {
    const char *name, *words;
} reasons[RELEASE_REASONS] = {
    [RELEASE_TAKEN] = {"taken", "taken"},
    [RELEASE_UNWANTED] = {"unwanted", "not what was asked for"},
    [RELEASE_UNMARKED] = {"unmarked", "bear no PAP level (see [shield] unmarked)"},
    [RELEASE_FORBIDDEN] = {"not-permitted", "their PAP level forbids blocking"},
    [RELEASE_SUPPRESSED] = {"suppressed", "on a warninglist"},
    [RELEASE_NEVER] = {"never-block", "touch the never-block list"},
    [RELEASE_OUT_OF_DATE] = {"out-of-date", "no longer valid"},
};

const char *release_reason_name(ReleaseReason reason)
{
    return reasons[reason].name;
}

const char *release_reason_words(ReleaseReason reason)
{
    return reasons[reason].words;
}

ReleaseReason release_judge(const ReleaseRules *rules, const SetValue *value)
{
    MarkingPap pap = value->pap == MARKING_PAP_NONE ? rules->unmarked : value->pap;
    if (value->valid_until != 0 && value->valid_until <= rules->now)
        return RELEASE_OUT_OF_DATE;
    if (pap == MARKING_PAP_NONE)
        return RELEASE_UNMARKED;
    if (pap > MARKING_PAP_GREEN)
        return RELEASE_FORBIDDEN;
    if (value->lists[0])
        return RELEASE_SUPPRESSED;
    return protect_find(rules->never, value->kind, value->value) ? RELEASE_NEVER : RELEASE_TAKEN;
}

gboolean release_selects(const ReleaseSelection *selection, const SetValue *value)
{
    return (!selection->sources || g_strv_contains(selection->sources, value->source)) &&
           (selection->kinds == 0 || (selection->kinds & (1u << value->kind))) &&
           value->confidence >= (selection->min_confidence > 0 ? selection->min_confidence : -1);
}

/* --- what is dangerous -------------------------------------------------------------------------
 */

const char *release_danger(const Protect *ground, ObservableKind kind, const char *value)
{
    ObservableAddress address;
    const char *label = protect_find(ground, kind, value);
    if (label || kind != OBSERVABLE_CIDR ||
        !observable_address_parse(value, strlen(value), &address))
        return label;
    if (address.v6)
        return address.prefix < RELEASE_SHORTEST_V6 ? "a prefix shorter than /32" : NULL;
    return address.prefix < RELEASE_SHORTEST_V4 ? "a prefix shorter than /16" : NULL;
}

gboolean release_limit_parse(const char *text, ReleaseLimit *ret_limit, GError **error)
{
    ReleaseLimit limit = {0};
    gboolean good = *text != '\0';
    for (const char *at = text; good && *at;) {
        char *end;
        guint64 number = g_ascii_strtoull(at, &end, 10);
        good = g_ascii_isdigit(*at) && number <= G_MAXINT64;
        gboolean is_percent = good && *end == '%';
        good = good && (is_percent ? limit.percent == 0 && number <= 100 : limit.values == 0);
        if (is_percent)
            limit.percent = (guint)number;
        else
            limit.values = number;
        at = end + is_percent;
        if (good && *at) {
            good = at == text + strlen(text) || g_str_has_prefix(at, " or ");
            at += good ? strlen(" or ") : 0;
            good = good && g_ascii_isdigit(*at);
        }
    }
    if (!good) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                    "[shield] change_limit = %s: there are \"10%%\", \"500\" and \"10%% or 500\"",
                    text);
        return FALSE;
    }
    *ret_limit = limit;
    return TRUE;
}

guint64 release_limit_values(const ReleaseLimit *limit, guint64 in_force)
{
    return MAX(limit->values,
               in_force / 100 * limit->percent + in_force % 100 * limit->percent / 100);
}

/* --- standing approvals ------------------------------------------------------------------------
 */

gint64 release_day(gint64 now)
{
    return now / (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC);
}

gboolean release_standing_admits(const ReleaseStanding *standing, const SetValue *value, gint64 now)
{
    return !standing->paused && now < standing->until &&
           strcmp(standing->source, value->source) == 0 &&
           (standing->kind == OBSERVABLE_NONE || standing->kind == value->kind) &&
           value->confidence >= (standing->min_confidence > 0 ? standing->min_confidence : -1);
}

guint64 release_standing_left(const ReleaseStanding *standing, gint64 now)
{
    if (standing->day != release_day(now))
        return standing->daily;
    return standing->daily > standing->used ? standing->daily - standing->used : 0;
}
