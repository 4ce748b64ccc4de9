#include "intake/taxii_walk.h"

#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/jsontext.h"
#include "base/timestamp.h"
#include "intake/bundle.h"
#include "intake/envelope.h"

#define NEVER         G_MININT64
#define EMPTY_MAX     64    /* pages in a row with nothing on them */
#define PAGES_MAX     20000 /* of one walk */
#define MANIFESTS_MAX 200   /* pages of a manifest */
#define SETTLE_US     ((gint64)60 * G_USEC_PER_SEC)
#define OVERLAP_US    ((gint64)24 * 3600 * G_USEC_PER_SEC)

/* Where the dates come from. Their names stand in marks. */
typedef enum {
    DATES_HEADERS,
    DATES_MANIFEST,
    DATES_NONE,
} Dates;

static const char *const dates_names[] = {"headers", "manifest", "none"};

typedef struct {
    TaxiiClient *client;
    const char *url;
    const TaxiiWalkOptions *options;
    gint64 begun;       /* wall clock */
    gint64 start;       /* added_after that the run began with; NEVER: none */
    gint64 safe;        /* all up to here was read; what a mark says */
    gint64 base;        /* added_after of the requests: stays while `next` is followed */
    char *next;         /* of the next page; NULL: the one that begins at base */
    gboolean varies;    /* each page has its own `next` */
    gboolean constant;  /* two pages have had the same */
    gboolean unordered; /* not sorted by date */
    gboolean again;     /* `next` was given up, */
    gint64 again_at;    /* at this `safe` */
    Dates dates;
    gboolean has_manifest; /* it was read */
    gint64 until;          /* without headers: what safe becomes at the end; NEVER: not known */
    gint64 newest;         /* latest date of this walk */
    gint64 last;           /* of the last page */
    guint pages, empty;
    GHashTable *seen; /* digests of pages */
    gboolean done;
    guint64 given;    /* to the sink, of this page */
    gboolean refused; /* by the sink */
} Walk;

static gboolean fail(GError **error, const Walk *walk, const char *why)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", walk->options->name, why);
    return FALSE;
}

/* --- marks -------------------------------------------------------------------------------------
 */

static void put_time(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *key, gint64 time)
{
    char text[TIMESTAMP_MAX];
    if (time != NEVER)
        yyjson_mut_obj_add_strcpy(doc, root, key, timestamp_format(text, time, 6));
}

static char *format_mark(const Walk *walk)
{
    yyjson_mut_val *root;
    yyjson_mut_doc *doc = jsontext_object(&root);
    put_time(doc, root, "after", walk->safe);
    if (walk->dates != DATES_HEADERS)
        yyjson_mut_obj_add_str(doc, root, "dates", dates_names[walk->dates]);
    if (walk->next && walk->varies && !walk->constant) {
        put_time(doc, root, "base", walk->base);
        put_time(doc, root, "until", walk->until);
        yyjson_mut_obj_add_str(doc, root, "next", walk->next);
    }
    return jsontext_take(doc);
}

static gint64 get_time(yyjson_val *root, const char *key)
{
    const char *text = yyjson_get_str(yyjson_obj_get(root, key));
    gint64 time = NEVER;
    if (text)
        timestamp_parse(text, strlen(text), &time, NULL);
    return time;
}

static void read_mark(Walk *walk, const char *mark)
{
    gint64 since = walk->options->since;
    yyjson_doc *doc = mark ? yyjson_read(mark, strlen(mark), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *dates = yyjson_get_str(yyjson_obj_get(root, "dates"));
    for (guint i = 0; dates && i < G_N_ELEMENTS(dates_names); i++)
        if (g_str_equal(dates, dates_names[i]))
            walk->dates = (Dates)i;
    walk->start = get_time(root, "after");
    if (walk->start == NEVER && since > 0)
        walk->start = since - 1;
    walk->safe = walk->base = walk->start;
    walk->next = g_strdup(yyjson_get_str(yyjson_obj_get(root, "next")));
    if (walk->next) {
        walk->base = get_time(root, "base");
        walk->until = get_time(root, "until");
        walk->varies = TRUE;
    }
    yyjson_doc_free(doc);
}

/* --- one page ----------------------------------------------------------------------------------
 */

static gboolean is_stopped(const Walk *walk, GError **error)
{
    const gint *stop = walk->client->fetch.stop;
    if (!stop || g_atomic_int_get(stop) == 0)
        return FALSE;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_BUSY, "%s: asked to stop", walk->options->name);
    return TRUE;
}

static gboolean sink_object(gpointer user, const char *bytes, gsize length, ObjectSpec spec,
                            const char *where, GError **error)
{
    Walk *walk = user;
    const IntakeSink *sink = walk->options->sink;
    walk->given++;
    walk->refused =
        is_stopped(walk, error) || !sink->object(sink->user, bytes, length, spec, where, error);
    return !walk->refused;
}

/* That there are more pages is known here. */
static void sink_note(gpointer user, IntakeNote note, const char *where, const char *message)
{
    const IntakeSink *sink = ((Walk *)user)->options->sink;
    gboolean more = note == INTAKE_IGNORED && where && g_str_has_suffix(where, ": $.more");
    if (sink->note && !more)
        sink->note(sink->user, note, where, message);
}

static gboolean give_objects(Walk *walk, TaxiiClientAnswer *answer, GError **error)
{
    IntakeOptions options = {.format = INTAKE_STIX};
    IntakeSink sink = {.object = sink_object, .note = sink_note, .user = walk};
    g_autofree char *name = g_strdup_printf("%s, page %u", walk->options->name, walk->pages);
    int fd = answer->result.fd;
    answer->result.fd = -1;
    answer->result.length = 0;
    g_autoptr(Stream) stream = stream_from_fd(fd, error);
    walk->given = 0;
    return stream && bundle_read(stream, name, &options, &sink, error);
}

static char *page_url(const Walk *walk, const char *endpoint, gint64 base, const char *next)
{
    char time[TIMESTAMP_MAX];
    g_autoptr(GString) url = g_string_new(walk->url);
    g_string_append_printf(url, "%s/?limit=%u", endpoint, walk->options->limit);
    if (base != NEVER)
        g_string_append_printf(url, "&added_after=%s", timestamp_format(time, base, 6));
    if (next) {
        g_string_append(url, "&next=");
        g_string_append_uri_escaped(url, next, NULL, FALSE);
    }
    return g_string_free(g_steal_pointer(&url), FALSE);
}

/* --- dates -------------------------------------------------------------------------------------
 */

/* The latest date_added of a page of the manifest; its length is returned. */
static gsize latest_of(yyjson_val *objects, gint64 *latest)
{
    size_t at, size;
    yyjson_val *value;
    yyjson_arr_foreach (objects, at, size, value) {
        gint64 date = get_time(value, "date_added");
        *latest = MAX(*latest, date);
    }
    return yyjson_arr_size(objects);
}

/* What the manifest says to be the newest now, before the objects are read: all up to there will
 * have been read then. A manifest that cannot be read to its end gives an earlier date, which is
 * as good. *ret_latest NEVER: there is nothing. FALSE: the server has no manifest. */
static gboolean ask_manifest(Walk *walk, gint64 *ret_latest)
{
    g_autofree char *next = NULL;
    gint64 latest = NEVER, base = walk->safe;
    for (guint pages = 0; pages < MANIFESTS_MAX; pages++) {
        g_autofree char *url = page_url(walk, "manifest", base, next);
        g_autoptr(yyjson_doc) doc = taxii_client_resource(walk->client, url, NULL);
        yyjson_val *root = yyjson_doc_get_root(doc);
        gint64 before = latest;
        if (!doc && pages == 0)
            return FALSE;
        gsize count = latest_of(yyjson_obj_get(root, "objects"), &latest);
        const char *following = yyjson_get_str(yyjson_obj_get(root, "next"));
        if (count == 0 || (!following && !yyjson_is_true(yyjson_obj_get(root, "more"))) ||
            latest == before)
            break;
        g_free(next);
        next = g_strdup(following);
        if (!next)
            base = latest - 1;
    }
    *ret_latest = latest;
    return TRUE;
}

/* Before the first page of a walk without dates in its headers. A manifest that was empty when
 * there were objects is none. */
static void find_until(Walk *walk)
{
    gboolean first = walk->dates == DATES_HEADERS;
    gint64 latest = NEVER;
    gboolean good =
        walk->dates != DATES_NONE && ask_manifest(walk, &latest) && (!first || latest != NEVER);
    if (first)
        walk->dates = good ? DATES_MANIFEST : DATES_NONE;
    if (walk->dates == DATES_NONE)
        walk->until = walk->begun - OVERLAP_US;
    else /* a manifest that fails this once leaves the mark where it is */
        walk->until = good ? MIN(latest, walk->begun - SETTLE_US) : NEVER;
    walk->newest = latest;
    walk->has_manifest = good;
}

/* Takes the dates of a page that has objects. FALSE: there are none, and the walk begins again. */
static gboolean take_dates(Walk *walk, const TaxiiClientAnswer *answer)
{
    gint64 first = NEVER, last = NEVER;
    if (answer->first)
        timestamp_parse_lenient(answer->first, strlen(answer->first), &first);
    if (answer->last)
        timestamp_parse_lenient(answer->last, strlen(answer->last), &last);
    if (last == NEVER && walk->dates == DATES_HEADERS) {
        find_until(walk);
        g_clear_pointer(&walk->next, g_free);
        g_hash_table_remove_all(walk->seen);
        walk->base = walk->safe;
        return FALSE;
    }
    if (walk->dates != DATES_HEADERS || last == NEVER)
        return TRUE;
    if (first != NEVER && (first > last || (walk->last != NEVER && first < walk->last)))
        walk->unordered = TRUE;
    if (walk->last != NEVER && last < walk->last)
        walk->unordered = TRUE;
    if (walk->unordered)
        walk->safe = walk->start;
    else if (walk->last != NEVER)
        walk->safe = MAX(walk->safe, walk->last - 1);
    walk->newest = MAX(walk->newest, last);
    walk->last = last;
    return TRUE;
}

/* --- from page to page -------------------------------------------------------------------------
 */

static void finish(Walk *walk)
{
    gint64 end =
        walk->dates == DATES_HEADERS ? MIN(walk->newest, walk->begun - SETTLE_US) : walk->until;
    if (end != NEVER)
        walk->safe = MAX(walk->start, end);
    g_clear_pointer(&walk->next, g_free);
    walk->done = TRUE;
}

/* On by dates, where `next` does not lead on. */
static gboolean step_by_date(Walk *walk, const char *why, GError **error)
{
    gint64 step = walk->last == NEVER ? NEVER : walk->last - 1;
    if (step == NEVER || walk->unordered || walk->dates != DATES_HEADERS ||
        (walk->base != NEVER && step <= walk->base))
        return fail(error, walk, why);
    walk->base = walk->safe = step;
    walk->varies = FALSE;
    g_clear_pointer(&walk->next, g_free);
    return TRUE;
}

/* Where the following page is; @circle: not where this page says. */
static gboolean step(Walk *walk, Envelope *envelope, gboolean circle, GError **error)
{
    if (!envelope->more) {
        finish(walk);
        return TRUE;
    }
    walk->empty = walk->given == 0 ? walk->empty + 1 : 0;
    if (walk->empty > EMPTY_MAX)
        return fail(error, walk, "page after page is empty, and yet it says that there is more");
    if (circle)
        return step_by_date(walk, "the server gives the same page again and again", error);
    if (!envelope->next)
        return step_by_date(walk, "the server says that there is more, but not where", error);
    if (walk->next && g_str_equal(walk->next, envelope->next))
        walk->constant = TRUE;
    else if (walk->next)
        walk->varies = TRUE;
    g_free(walk->next);
    walk->next = g_steal_pointer(&envelope->next);
    return TRUE;
}

static gboolean keep(Walk *walk, GError **error)
{
    g_autofree char *mark = format_mark(walk);
    return walk->options->keep(walk->options->user, mark, error);
}

/* A page whose frame is broken: its objects are taken as far as they can be, but where it goes on
 * is not known. */
static gboolean salvage(Walk *walk, TaxiiClientAnswer *answer, GError *reason, GError **error)
{
    g_autoptr(GError) owned = reason;
    if (!give_objects(walk, answer, error) || !keep(walk, error))
        return FALSE;
    g_propagate_prefixed_error(error, g_steal_pointer(&owned), "%s: ", walk->options->name);
    return FALSE;
}

/* Whether the server refuses a `next`, since it has grown old or for no reason. Then the walk
 * begins at its mark again, and when that does not get on, goes on by dates. */
static gboolean give_up_next(Walk *walk, const GError *failure)
{
    if (!walk->next ||
        (failure->code != CONCERT_ERROR_INPUT && failure->code != CONCERT_ERROR_NOT_FOUND))
        return FALSE;
    if (walk->again && walk->safe == walk->again_at)
        return step_by_date(walk, "", NULL);
    g_clear_pointer(&walk->next, g_free);
    walk->base = walk->safe;
    walk->last = NEVER;
    walk->again = TRUE;
    walk->again_at = walk->safe;
    walk->varies = FALSE;
    g_hash_table_remove_all(walk->seen);
    return TRUE;
}

static gboolean read_page(Walk *walk, GError **error)
{
    g_autofree char *url = page_url(walk, "objects", walk->base, walk->next);
    g_auto(TaxiiClientAnswer) answer = {.result.fd = -1};
    g_auto(Envelope) envelope = {0};
    g_autoptr(GError) failure = NULL;
    walk->pages++;
    if (!taxii_client_get(walk->client, url, &answer, &failure)) {
        if (give_up_next(walk, failure))
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (answer.result.fd < 0)
        return fail(error, walk, "the server answers with nothing");
    if (!envelope_scan(answer.result.fd, &envelope, &failure))
        return salvage(walk, &answer, g_steal_pointer(&failure), error);
    if (!give_objects(walk, &answer, error))
        return FALSE;
    gboolean circle = walk->given > 0 && !g_hash_table_add(walk->seen, g_strdup(envelope.digest));
    if (walk->given > 0 && !circle && !take_dates(walk, &answer))
        return TRUE;
    return step(walk, &envelope, circle, error) && keep(walk, error);
}

/* Whether to leave the rest for the next time: only if that goes on from further than this did. */
static gboolean is_enough(const Walk *walk, const char *next_before)
{
    const TaxiiWalkOptions *options = walk->options;
    gboolean late = (options->deadline > 0 && g_get_monotonic_time() > options->deadline) ||
                    (options->max_bytes > 0 && walk->client->bytes > options->max_bytes) ||
                    walk->pages >= PAGES_MAX;
    gboolean durable_next = walk->next && walk->varies && !walk->constant;
    return late &&
           (walk->safe > walk->start || (durable_next && g_strcmp0(walk->next, next_before) != 0));
}

static gboolean walk_on(Walk *walk, gboolean *ret_more, GError **error)
{
    g_autofree char *next_before = g_strdup(walk->next);
    while (!walk->done) {
        if (is_stopped(walk, error))
            return FALSE;
        if (walk->pages >= 2 * PAGES_MAX)
            return fail(error, walk, "the server gives pages without end and no place to go on");
        if (!read_page(walk, error))
            return FALSE;
        if (!walk->done && is_enough(walk, next_before)) {
            *ret_more = TRUE;
            return TRUE;
        }
    }
    *ret_more = FALSE;
    return TRUE;
}

gboolean taxii_walk(TaxiiClient *client, const char *url, const char *mark,
                    const TaxiiWalkOptions *options, gboolean *ret_more, GError **error)
{
    Walk walk = {.client = client,
                 .url = url,
                 .options = options,
                 .begun = timestamp_now(),
                 .until = NEVER,
                 .newest = NEVER,
                 .last = NEVER};
    read_mark(&walk, mark);
    walk.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean good = TRUE;
    if (walk.dates != DATES_HEADERS && !walk.next)
        find_until(&walk);
    if (walk.dates == DATES_MANIFEST && !walk.next && walk.has_manifest &&
        walk.newest <= walk.start)
        *ret_more = FALSE; /* nothing is newer than what was read */
    else
        good = walk_on(&walk, ret_more, error);
    g_hash_table_unref(walk.seen);
    g_free(walk.next);
    return good;
}
