#include "stix/evaluate_test.h"

#include <string.h>

#include "base/error.h"
#include "stix/evaluate_path.h"
#include "stix/evaluate_value.h"
#include "stix/observable_address.h"

struct EvaluateTest {
    PatternKind kind;    /* AND, OR or TEST */
    GPtrArray *children; /* EvaluateTest *, of AND and OR */
    const PatternTest *test;
    char *like;              /* LIKE's text, NFC */
    GRegex *regex, *octets;  /* MATCHES over text and over octets; the latter may be NULL */
    guint strikes;           /* of both */
    ObservableAddress range; /* of ISSUBSET and ISSUPERSET */
};

/* Types that may stand together in a set. */
static guint family(PatternLiteralKind kind)
{
    switch (kind) {
    case PATTERN_INTEGER:
    case PATTERN_FLOAT:
        return PATTERN_INTEGER;
    case PATTERN_HEX:
    case PATTERN_BINARY:
        return PATTERN_HEX;
    default:
        return kind;
    }
}

static gboolean fail(GError **error, const char *what, const PatternLiteral *literal)
{
    g_autofree char *text = g_utf8_make_valid(literal->text, (gssize)MIN(literal->length, 80));
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", what, text);
    return FALSE;
}

static gboolean is_ascii(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if ((guint8)text[i] >= 0x80)
            return FALSE;
    return TRUE;
}

/* @text in NFC; itself when it is so already, or cannot be normalised. *ret_owned is to be freed.
 */
static const char *normalise(const char *text, gsize *length, char **ret_owned)
{
    *ret_owned = NULL;
    if (is_ascii(text, *length) || memchr(text, '\0', *length))
        return text;
    *ret_owned = g_utf8_normalize(text, (gssize)*length, G_NORMALIZE_NFC);
    if (!*ret_owned)
        return text;
    *length = strlen(*ret_owned);
    return *ret_owned;
}

static gboolean is_latin1(const char *text)
{
    for (; *text; text = g_utf8_next_char(text))
        if (g_utf8_get_char(text) > 0xff)
            return FALSE;
    return TRUE;
}

static gboolean prepare_regex(EvaluateTest *self, GError **error)
{
    const PatternLiteral *literal = self->test->values;
    gsize length = literal->length;
    g_autofree char *owned = NULL;
    const char *text = normalise(literal->text, &length, &owned);
    g_autofree char *limited =
        g_strconcat("(*LIMIT_MATCH=" EVALUATE_TEST_MATCH_LIMIT ")", text, NULL);

    self->regex = g_regex_new(limited, G_REGEX_DOTALL, G_REGEX_MATCH_DEFAULT, NULL);
    if (!self->regex)
        return fail(error, "MATCHES needs a regular expression of PCRE's syntax", literal);
    if (is_latin1(limited)) {
        g_autofree char *octets = g_convert(limited, -1, "ISO-8859-1", "UTF-8", NULL, NULL, NULL);
        self->octets =
            octets ? g_regex_new(octets, G_REGEX_DOTALL | G_REGEX_RAW, G_REGEX_MATCH_DEFAULT, NULL)
                   : NULL;
    }
    return TRUE;
}

static gboolean prepare(EvaluateTest *self, GError **error)
{
    const PatternLiteral *first = self->test->values;
    gsize length;
    char *owned;

    switch (self->test->comparator) {
    case PATTERN_IN:
        for (const PatternLiteral *value = first; value; value = value->next)
            if (family(value->kind) != family(first->kind))
                return fail(error, "a set cannot hold constants of several types", value);
        return TRUE;
    case PATTERN_LIKE:
        length = first->length;
        normalise(first->text, &length, &owned);
        self->like = owned ? owned : g_strdup(first->text);
        return TRUE;
    case PATTERN_MATCHES:
        return prepare_regex(self, error);
    case PATTERN_ISSUBSET:
    case PATTERN_ISSUPERSET:
        return observable_address_parse(first->text, first->length, &self->range) ||
               fail(error, "ISSUBSET and ISSUPERSET need an IP address or range", first);
    default:
        return TRUE;
    }
}

EvaluateTest *evaluate_test_new(const PatternNode *node, GError **error)
{
    while (node->kind == PATTERN_GROUP || node->kind == PATTERN_OBSERVATION)
        node = node->children;
    g_autoptr(EvaluateTest) self = g_new0(EvaluateTest, 1);
    self->kind = node->kind;
    if (node->kind == PATTERN_TEST) {
        self->test = node->test;
        return prepare(self, error) ? g_steal_pointer(&self) : NULL;
    }
    self->children = g_ptr_array_new_with_free_func((GDestroyNotify)evaluate_test_free);
    for (const PatternNode *child = node->children; child; child = child->next) {
        EvaluateTest *made = evaluate_test_new(child, error);
        if (!made)
            return NULL;
        g_ptr_array_add(self->children, made);
    }
    return g_steal_pointer(&self);
}

void evaluate_test_free(EvaluateTest *test)
{
    if (!test)
        return;
    g_clear_pointer(&test->children, g_ptr_array_unref);
    g_clear_pointer(&test->regex, g_regex_unref);
    g_clear_pointer(&test->octets, g_regex_unref);
    g_free(test->like);
    g_free(test);
}

typedef struct {
    EvaluateTest *test;
    EvaluateTrouble *trouble;
} Asking;

/* Says that there is no answer. */
static gboolean trouble(const Asking *asking, const char *what)
{
    asking->trouble->problems++;
    asking->trouble->what = what;
    return FALSE;
}

/* "%" is any text, "_" any character; all of @text must fit. *ret_holds is set unless it would take
 * too long. */
static gboolean match_like(const char *like, const char *text, gsize length, gboolean *ret_holds)
{
    const char *end = text + length, *star = NULL, *again = NULL;
    for (guint steps = 0; text < end; steps++) {
        if (steps == EVALUATE_TEST_MAX_LIKE)
            return FALSE;
        if (*like == '%') {
            star = like++;
            again = text;
        } else if (*like == '_') {
            like++;
            text = g_utf8_next_char(text);
        } else if (*like != '\0' && *like == *text) {
            like++;
            text++;
        } else if (star) {
            like = star + 1;
            again = g_utf8_next_char(again);
            text = again;
        } else {
            *ret_holds = FALSE;
            return TRUE;
        }
    }
    while (*like == '%')
        like++;
    *ret_holds = *like == '\0';
    return TRUE;
}

static gboolean ask_like(const Asking *asking, const EvaluatePathValue *seen)
{
    g_autofree char *owned = NULL;
    g_autoptr(GBytes) octets = NULL;
    gboolean holds = FALSE;
    gsize length = yyjson_get_len(seen->value);
    const char *text = yyjson_get_str(seen->value);

    if (evaluate_value_is_octets(seen)) {
        /* Octets that are UTF-8 are read as text. */
        octets = evaluate_value_octets(seen);
        text = octets ? g_bytes_get_data(octets, &length) : NULL;
        if (!text || !g_utf8_validate(text, (gssize)length, NULL))
            return asking->test->test->negated;
    }
    text = normalise(text, &length, &owned);
    if (!match_like(asking->test->like, text, length, &holds))
        return trouble(asking, "LIKE would take too long over a text this long");
    return holds != asking->test->test->negated;
}

static gboolean ask_regex(const Asking *asking, const EvaluatePathValue *seen)
{
    EvaluateTest *test = asking->test;
    g_autofree char *owned = NULL;
    g_autoptr(GBytes) octets = NULL;
    g_autoptr(GError) error = NULL;
    GRegex *regex = test->regex;
    gsize length = yyjson_get_len(seen->value);
    const char *text = yyjson_get_str(seen->value);

    if (evaluate_value_is_octets(seen)) {
        octets = test->octets ? evaluate_value_octets(seen) : NULL;
        if (!octets)
            return test->test->negated;
        regex = test->octets;
        text = g_bytes_get_data(octets, &length);
    } else {
        text = normalise(text, &length, &owned);
    }
    if (test->strikes >= EVALUATE_TEST_MAX_STRIKES)
        return trouble(asking, "MATCHES was switched off after it took too long several times");
    if (length > EVALUATE_TEST_MAX_TEXT)
        return trouble(asking, "MATCHES does not look at a text this long");
    gint64 before = g_get_monotonic_time();
    gboolean holds =
        g_regex_match_full(regex, text ? text : "", (gssize)length, 0, 0, NULL, &error);
    if (error || g_get_monotonic_time() - before > EVALUATE_TEST_MAX_MS * 1000) {
        test->strikes++;
        if (error)
            return trouble(asking, "MATCHES would take too long");
    }
    return holds != test->test->negated;
}

static gboolean contains(const ObservableAddress *outer, const ObservableAddress *inner)
{
    if (outer->v6 != inner->v6 || outer->prefix > inner->prefix)
        return FALSE;
    for (guint bit = 0; bit < outer->prefix; bit += 8) {
        guint8 mask = (guint8)(outer->prefix - bit >= 8 ? 0xff : 0xff00 >> (outer->prefix - bit));
        if ((outer->bytes[bit / 8] ^ inner->bytes[bit / 8]) & mask)
            return FALSE;
    }
    return TRUE;
}

static gboolean ask_range(const Asking *asking, const EvaluatePathValue *seen)
{
    const EvaluateTest *test = asking->test;
    ObservableAddress address;

    if (!observable_address_parse(yyjson_get_str(seen->value), yyjson_get_len(seen->value),
                                  &address))
        return trouble(asking, "ISSUBSET and ISSUPERSET compare addresses; what was seen is none");
    gboolean holds = test->test->comparator == PATTERN_ISSUBSET ? contains(&test->range, &address)
                                                                : contains(&address, &test->range);
    return holds != test->test->negated;
}

static gboolean ask_set(const Asking *asking, const EvaluatePathValue *seen)
{
    const PatternTest *test = asking->test->test;
    gboolean holds = FALSE;

    for (const PatternLiteral *value = test->values; value && !holds; value = value->next) {
        EvaluateValueOrder order = evaluate_value_compare(seen, value);
        if (order == EVALUATE_VALUE_WRONG)
            return trouble(asking, "a timestamp is looked for; what was seen is none");
        holds = order == EVALUATE_VALUE_EQUAL;
    }
    if (test->comparator == PATTERN_NOT_EQUAL)
        holds = !holds;
    return holds != test->negated;
}

static gboolean ask_order(const Asking *asking, const EvaluatePathValue *seen)
{
    const PatternTest *test = asking->test->test;
    EvaluateValueOrder order = evaluate_value_compare(seen, test->values);
    gboolean holds;

    if (order == EVALUATE_VALUE_WRONG)
        return trouble(asking, "a timestamp is looked for; what was seen is none");
    /* Without an order of the two types neither the test nor its contrary holds. */
    if (order == EVALUATE_VALUE_OTHER_TYPE || test->values->kind == PATTERN_BOOLEAN)
        return FALSE;
    if (order == EVALUATE_VALUE_UNEQUAL)
        return test->negated;
    switch (test->comparator) {
    case PATTERN_LESS:
        holds = order < 0;
        break;
    case PATTERN_LESS_EQUAL:
        holds = order <= 0;
        break;
    case PATTERN_GREATER:
        holds = order > 0;
        break;
    default:
        holds = order >= 0;
        break;
    }
    return holds != test->negated;
}

/* Whether @seen passes; ends the walk over the path's values when it does. */
static gboolean ask(gpointer user, const EvaluatePathValue *seen)
{
    const Asking *asking = user;
    const PatternTest *test = asking->test->test;

    switch (test->comparator) {
    case PATTERN_EXISTS:
        return TRUE;
    case PATTERN_EQUAL:
    case PATTERN_NOT_EQUAL:
    case PATTERN_IN:
        return ask_set(asking, seen);
    case PATTERN_LIKE:
        return yyjson_is_str(seen->value) ? ask_like(asking, seen) : test->negated;
    case PATTERN_MATCHES:
        return yyjson_is_str(seen->value) ? ask_regex(asking, seen) : test->negated;
    case PATTERN_ISSUBSET:
    case PATTERN_ISSUPERSET:
        return yyjson_is_str(seen->value) ? ask_range(asking, seen) : test->negated;
    default:
        return ask_order(asking, seen);
    }
}

static gboolean test_object(EvaluateTest *self, const Observed *observed, yyjson_val *object,
                            const char *type, EvaluateTrouble *trouble_seen)
{
    const PatternTest *test = self->test;
    Asking asking = {self, trouble_seen};

    if (strcmp(test->type, type) != 0)
        return FALSE;
    EvaluatePathResult result = evaluate_path_walk(observed, object, test->steps, ask, &asking);
    if (result == EVALUATE_PATH_TOO_FAR)
        return trouble(&asking, "an object path leads to too many values");
    gboolean found = result == EVALUATE_PATH_ENDED;
    return test->comparator == PATTERN_EXISTS ? found != test->negated : found;
}

/* All of the tree must hold of one and the same object (section 9.6: the comparisons of an
 * observation are about one object and what it refers to). */
static gboolean holds_of(EvaluateTest *self, const Observed *observed, yyjson_val *object,
                         const char *type, EvaluateTrouble *trouble_seen)
{
    if (self->kind == PATTERN_TEST)
        return test_object(self, observed, object, type, trouble_seen);
    gboolean all = self->kind == PATTERN_AND;
    for (guint i = 0; i < self->children->len; i++)
        if (holds_of(self->children->pdata[i], observed, object, type, trouble_seen) != all)
            return !all;
    return all;
}

gboolean evaluate_test_holds(EvaluateTest *test, const Observed *observed,
                             EvaluateTrouble *trouble_seen)
{
    for (guint i = 0; i < observed->objects->len; i++) {
        yyjson_val *object = observed->objects->pdata[i];
        const char *type = yyjson_get_str(yyjson_obj_get(object, "type"));
        if (type && holds_of(test, observed, object, type, trouble_seen))
            return TRUE;
    }
    return FALSE;
}
