#include "dossier/claim_evidence.h"

#include <string.h>

#define WEIGHTS_MAX (CLAIM_ITEMS_MAX * CLAIM_HYPOTHESES_MAX)
#define TEXT_MAX    1024 /* bytes of a hypothesis, or of why something weighs */

static const char *const kinds[] = {"claimed", "other-actor", "false-flag", "accident",
                                    "insider", "other",       NULL};
static const char *const weights[] = {"for", "against", "neutral", NULL};

/* --- what is in an event -----------------------------------------------------------------------
 */

gboolean claim_evidence_check_name(yyjson_val *value, GError **error)
{
    const char *name = yyjson_get_str(value);
    gsize length = yyjson_get_len(value);
    gboolean good = name && length > 0 && length <= CLAIM_NAME_MAX;
    for (gsize i = 0; good && i < length; i++)
        good = g_ascii_islower(name[i]) || g_ascii_isdigit(name[i]) || name[i] == '-';
    return good ||
           error_set(error, CONCERT_ERROR_INPUT,
                     "a name has 1 to %d lower-case letters, digits and \"-\"", CLAIM_NAME_MAX);
}

gboolean claim_evidence_check_names(yyjson_val *value, GError **error)
{
    size_t at, count;
    yyjson_val *name;
    yyjson_arr_foreach (value, at, count, name) {
        if (!claim_evidence_check_name(name, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_text(yyjson_val *value)
{
    return yyjson_is_str(value) && yyjson_get_len(value) > 0 && yyjson_get_len(value) <= TEXT_MAX &&
           strlen(yyjson_get_str(value)) == yyjson_get_len(value);
}

static gboolean is_word(yyjson_val *value, const char *const *words)
{
    return yyjson_is_str(value) && g_strv_contains(words, yyjson_get_str(value));
}

/* The hypothesis of that name before place @end, or NULL. */
static yyjson_val *find_hypothesis(yyjson_val *list, const char *name, gsize end)
{
    size_t at, count;
    yyjson_val *one;
    yyjson_arr_foreach (list, at, count, one) {
        if (at < end && yyjson_equals_str(yyjson_obj_get(one, "name"), name))
            return one;
    }
    return NULL;
}

static gboolean has_text(yyjson_val *list, const char *text, gsize end)
{
    size_t at, count;
    yyjson_val *one;
    yyjson_arr_foreach (list, at, count, one) {
        if (at < end && yyjson_equals_str(yyjson_obj_get(one, "text"), text))
            return TRUE;
    }
    return FALSE;
}

static gboolean check_hypotheses(yyjson_val *list, GError **error)
{
    size_t at, count;
    yyjson_val *one;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > CLAIM_HYPOTHESES_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "\"hypotheses\" is no list of at most %d",
                         CLAIM_HYPOTHESES_MAX);
    yyjson_arr_foreach (list, at, count, one) {
        yyjson_val *name = yyjson_obj_get(one, "name"), *text = yyjson_obj_get(one, "text");
        if (!claim_evidence_check_name(name, error)) {
            g_prefix_error(error, "hypothesis %zu: ", at + 1);
            return FALSE;
        }
        if (!is_word(yyjson_obj_get(one, "kind"), kinds))
            return error_set(
                error, CONCERT_ERROR_INPUT,
                "hypothesis %s: its \"kind\" is none of claimed, other-actor, false-flag, "
                "accident, insider, other",
                yyjson_get_str(name));
        if (!is_text(text))
            return error_set(error, CONCERT_ERROR_INPUT,
                             "hypothesis %s: it has no \"text\" of 1 to %d bytes",
                             yyjson_get_str(name), TEXT_MAX);
        if (find_hypothesis(list, yyjson_get_str(name), at) ||
            has_text(list, yyjson_get_str(text), at))
            return error_set(error, CONCERT_ERROR_INPUT, "hypothesis %s is there twice",
                             yyjson_get_str(name));
    }
    return TRUE;
}

static gboolean check_weight(yyjson_val *one, yyjson_val *hypotheses, gsize number, GError **error)
{
    yyjson_val *hypothesis = yyjson_obj_get(one, "hypothesis");
    if (!yyjson_is_str(hypothesis) ||
        !find_hypothesis(hypotheses, yyjson_get_str(hypothesis), G_MAXSIZE))
        return error_set(error, CONCERT_ERROR_INPUT, "weight %zu: there is no such \"hypothesis\"",
                         number);
    if (!claim_evidence_check_name(yyjson_obj_get(one, "item"), NULL))
        return error_set(error, CONCERT_ERROR_INPUT, "weight %zu: it names no \"item\"", number);
    if (!is_word(yyjson_obj_get(one, "weight"), weights))
        return error_set(error, CONCERT_ERROR_INPUT,
                         "weight %zu: its \"weight\" is none of for, against, neutral", number);
    return is_text(yyjson_obj_get(one, "why")) ||
           error_set(error, CONCERT_ERROR_INPUT, "weight %zu: it has no \"why\" of 1 to %d bytes",
                     number, TEXT_MAX);
}

gboolean claim_evidence_check_weighing(yyjson_val *value, GError **error)
{
    size_t at, count;
    yyjson_val *one, *list = yyjson_obj_get(value, "weights");
    yyjson_val *hypotheses = yyjson_obj_get(value, "hypotheses");
    if (!yyjson_is_obj(value))
        return error_set(error, CONCERT_ERROR_INPUT, "it is no object");
    if (!check_hypotheses(hypotheses, error))
        return FALSE;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > WEIGHTS_MAX)
        return error_set(error, CONCERT_ERROR_INPUT, "\"weights\" is no list of at most %d",
                         WEIGHTS_MAX);
    yyjson_arr_foreach (list, at, count, one) {
        if (!check_weight(one, hypotheses, at + 1, error))
            return FALSE;
    }
    return TRUE;
}

/* --- items -------------------------------------------------------------------------------------
 */

static gboolean is_dropped(const ClaimView *view, const char *name)
{
    const Event *one;
    for (guint at = 0; (one = claim_view_next(view, "item-dropped", CLAIM_EVER, &at));)
        if (g_strcmp0(event_text(one, "item"), name) == 0)
            return TRUE;
    return FALSE;
}

GPtrArray *claim_evidence_items(const ClaimView *view)
{
    GPtrArray *items = g_ptr_array_new();
    const Event *one;
    for (guint at = 0; (one = claim_view_next(view, "item", CLAIM_EVER, &at));)
        if (!is_dropped(view, event_text(one, "name")))
            g_ptr_array_add(items, (gpointer)one);
    return items;
}

gboolean claim_evidence_is_fact(const Event *item)
{
    return g_strcmp0(event_text(item, "kind"), "fact") == 0;
}

gboolean claim_evidence_is_sealed(const Event *item)
{
    return event_text(item, "sealed") != NULL;
}

gsize claim_evidence_length(const ClaimView *view)
{
    g_autoptr(GPtrArray) items = claim_evidence_items(view);
    gsize length = (gsize)g_utf8_strlen(claim_view_text(view), -1);
    for (guint i = 0; i < items->len; i++)
        length += (gsize)g_utf8_strlen(event_text(items->pdata[i], "text"), -1);
    return length;
}

/* --- roots -------------------------------------------------------------------------------------
 */

/* The roots that facts name, and for each a set of those that it is independent of. */
typedef struct {
    const char *names[CLAIM_ITEMS_MAX];
    guint64 apart[CLAIM_ITEMS_MAX];
    guint count;
} Roots;

/* Its place, or their count. */
static guint find_root(const Roots *roots, const char *name)
{
    guint place = 0;
    while (place < roots->count && strcmp(roots->names[place], name) != 0)
        place++;
    return place;
}

static void add_roots(Roots *roots, const GPtrArray *items)
{
    for (guint i = 0; i < items->len; i++) {
        const char *name = event_text(items->pdata[i], "root");
        if (claim_evidence_is_fact(items->pdata[i]) && name && roots->count < CLAIM_ITEMS_MAX &&
            find_root(roots, name) == roots->count)
            roots->names[roots->count++] = name;
    }
}

/* What an item says its root is independent of, holds both ways. */
static void add_apart(Roots *roots, const Event *item)
{
    size_t at, count;
    yyjson_val *name;
    const char *own = event_text(item, "root");
    guint place = own ? find_root(roots, own) : roots->count;
    if (!claim_evidence_is_fact(item) || place == roots->count)
        return;
    yyjson_arr_foreach (yyjson_obj_get(item->payload, "independent_of"), at, count, name) {
        guint other = find_root(roots, yyjson_get_str(name));
        if (other == roots->count || other == place)
            continue;
        roots->apart[place] |= (guint64)1 << other;
        roots->apart[other] |= (guint64)1 << place;
    }
}

/* How many roots are independent of each other if one begins with the @first. */
static guint count_from(const Roots *roots, guint first)
{
    guint64 chosen = 0;
    guint count = 0;
    for (guint n = 0; n < roots->count; n++) {
        guint place = (first + n) % roots->count;
        if (chosen & ~roots->apart[place])
            continue;
        chosen |= (guint64)1 << place;
        count++;
    }
    return count;
}

guint claim_evidence_roots(const GPtrArray *items, guint *ret_named)
{
    Roots roots = {0};
    guint most = 0;
    add_roots(&roots, items);
    for (guint i = 0; i < items->len; i++)
        add_apart(&roots, items->pdata[i]);
    for (guint first = 0; first < roots.count; first++)
        most = MAX(most, count_from(&roots, first));
    if (ret_named)
        *ret_named = roots.count;
    return most;
}

/* --- hypotheses --------------------------------------------------------------------------------
 */

static gboolean is_of_kind(yyjson_val *hypotheses, const char *kind)
{
    size_t at, count;
    yyjson_val *one;
    yyjson_arr_foreach (hypotheses, at, count, one) {
        if (yyjson_equals_str(yyjson_obj_get(one, "kind"), kind))
            return TRUE;
    }
    return FALSE;
}

static char *pair(const char *hypothesis, const char *item)
{
    return g_strdup_printf("%s %s", hypothesis, item);
}

/* The pairs that have a weight. */
static GHashTable *weighed_pairs(yyjson_val *weighing)
{
    GHashTable *pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t at, count;
    yyjson_val *one;
    yyjson_arr_foreach (yyjson_obj_get(weighing, "weights"), at, count, one) {
        g_hash_table_add(pairs, pair(yyjson_get_str(yyjson_obj_get(one, "hypothesis")),
                                     yyjson_get_str(yyjson_obj_get(one, "item"))));
    }
    return pairs;
}

static gboolean all_weighed(const GPtrArray *items, yyjson_val *weighing, GError **error)
{
    g_autoptr(GHashTable) pairs = weighed_pairs(weighing);
    size_t at, count;
    yyjson_val *one;
    yyjson_arr_foreach (yyjson_obj_get(weighing, "hypotheses"), at, count, one) {
        const char *name = yyjson_get_str(yyjson_obj_get(one, "name"));
        for (guint i = 0; i < items->len; i++) {
            const char *item = event_text(items->pdata[i], "name");
            g_autofree char *wanted = pair(name, item);
            if (!g_hash_table_contains(pairs, wanted))
                return error_set(error, CONCERT_ERROR_DENIED,
                                 "hypothesis %s is not weighed against item %s", name, item);
        }
    }
    return TRUE;
}

gboolean claim_evidence_is_weighed(const ClaimView *view, GError **error)
{
    const Event *event = claim_view_last(view, "weighed", CLAIM_EVER);
    yyjson_val *weighing = event ? yyjson_obj_get(event->payload, "weighing") : NULL;
    yyjson_val *hypotheses = yyjson_obj_get(weighing, "hypotheses");
    if (!event)
        return error_set(error, CONCERT_ERROR_DENIED, "no hypotheses were weighed");
    if (yyjson_arr_size(hypotheses) < CLAIM_HYPOTHESES_MIN)
        return error_set(error, CONCERT_ERROR_DENIED, "there are %zu hypotheses, not %d",
                         yyjson_arr_size(hypotheses), CLAIM_HYPOTHESES_MIN);
    if (!is_of_kind(hypotheses, "claimed"))
        return error_set(error, CONCERT_ERROR_DENIED, "no hypothesis is of the kind \"claimed\"");
    if (!is_of_kind(hypotheses, "false-flag"))
        return error_set(error, CONCERT_ERROR_DENIED,
                         "no hypothesis is of the kind \"false-flag\"");
    g_autoptr(GPtrArray) items = claim_evidence_items(view);
    return all_weighed(items, weighing, error);
}
