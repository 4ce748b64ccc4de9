#include "stix/evaluate_value.h"

#include <string.h>

#include "base/timestamp.h"
#include "stix/observable_address.h"

/* Digits after the point that the microseconds of a timestamp hold. */
#define TIME_DIGITS 6

static EvaluateValueOrder sign(int order)
{
    return order < 0 ? EVALUATE_VALUE_LESS : order > 0 ? EVALUATE_VALUE_GREATER : order;
}

static EvaluateValueOrder compare_bytes(const void *a, gsize a_length, const void *b,
                                        gsize b_length)
{
    gsize common = MIN(a_length, b_length);
    int order = common > 0 ? memcmp(a, b, common) : 0;
    return sign(order != 0 ? order : (a_length > b_length) - (a_length < b_length));
}

/* The octets of @text if all its code points are below 256. */
static GBytes *octets_of_text(const char *text, gsize length)
{
    g_autoptr(GByteArray) octets = g_byte_array_sized_new((guint)length);
    for (const char *c = text; c < text + length; c = g_utf8_next_char(c)) {
        gunichar point = *c == '\0' ? 0 : g_utf8_get_char(c);
        guint8 octet = (guint8)point;
        if (point > 0xff)
            return NULL;
        g_byte_array_append(octets, &octet, 1);
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&octets));
}

static GBytes *octets_of_hex(const char *text, gsize length)
{
    if (length % 2 != 0)
        return NULL;
    g_autofree guint8 *octets = g_malloc(length / 2 + 1);
    for (gsize i = 0; i < length; i += 2) {
        int high = g_ascii_xdigit_value(text[i]), low = g_ascii_xdigit_value(text[i + 1]);
        if (high < 0 || low < 0)
            return NULL;
        octets[i / 2] = (guint8)(high << 4 | low);
    }
    return g_bytes_new_take(g_steal_pointer(&octets), length / 2);
}

static GBytes *octets_of_base64(const char *text, gsize length)
{
    gsize n;
    if (length % 4 != 0 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789+/=") != length)
        return NULL;
    guint8 *octets = g_base64_decode(text, &n);
    return g_bytes_new_take(octets, n);
}

gboolean evaluate_value_is_octets(const EvaluatePathValue *seen)
{
    return seen->name && yyjson_is_str(seen->value) &&
           (g_str_has_suffix(seen->name, "_hex") || g_str_has_suffix(seen->name, "_bin"));
}

GBytes *evaluate_value_octets(const EvaluatePathValue *seen)
{
    const char *text = yyjson_get_str(seen->value);
    gsize length = yyjson_get_len(seen->value);
    return g_str_has_suffix(seen->name, "_hex") ? octets_of_hex(text, length)
                                                : octets_of_base64(text, length);
}

static EvaluateValueOrder compare_octets(GBytes *seen, GBytes *literal)
{
    gsize seen_length, literal_length;
    const void *a = g_bytes_get_data(seen, &seen_length);
    const void *b = g_bytes_get_data(literal, &literal_length);
    return compare_bytes(a, seen_length, b, literal_length);
}

static gboolean is_address(const EvaluatePathValue *seen)
{
    const char *type = yyjson_get_str(yyjson_obj_get(seen->holder, "type"));
    return type && strcmp(seen->name, "value") == 0 &&
           (strcmp(type, "ipv4-addr") == 0 || strcmp(type, "ipv6-addr") == 0);
}

static gboolean parse_single(const char *text, gsize length, ObservableAddress *ret_address)
{
    return length < OBSERVABLE_ADDRESS_MAX + 4 &&
           observable_address_parse(text, length, ret_address) &&
           ret_address->prefix == (ret_address->v6 ? 128 : 32);
}

static gboolean same_address(const EvaluatePathValue *seen, const PatternLiteral *literal)
{
    ObservableAddress a = {0}, b = {0};
    return is_address(seen) &&
           parse_single(yyjson_get_str(seen->value), yyjson_get_len(seen->value), &a) &&
           parse_single(literal->text, literal->length, &b) && a.v6 == b.v6 &&
           memcmp(a.bytes, b.bytes, a.v6 ? 16 : 4) == 0;
}

/* What follows the digits that microseconds hold, without zeros at the end. */
static const char *further_digits(const char *text, gsize length, gsize *ret_length)
{
    const char *point = memchr(text, '.', length);
    const char *end = text + length - 1; /* the Z */
    if (!point || end - point - 1 <= TIME_DIGITS) {
        *ret_length = 0;
        return text;
    }
    while (end[-1] == '0')
        end--;
    *ret_length = (gsize)MAX(end - point - 1 - TIME_DIGITS, 0);
    return point + 1 + TIME_DIGITS;
}

static EvaluateValueOrder compare_time(const char *text, gsize length,
                                       const PatternLiteral *literal)
{
    gint64 us;
    gsize a_length, b_length;
    if (!timestamp_parse(text, length, &us, NULL))
        return EVALUATE_VALUE_WRONG;
    if (us != literal->us)
        return us < literal->us ? EVALUATE_VALUE_LESS : EVALUATE_VALUE_GREATER;
    const char *a = further_digits(text, length, &a_length);
    const char *b = further_digits(literal->text, literal->length, &b_length);
    return compare_bytes(a, a_length, b, b_length);
}

/* A string, which is octets when its property's name says so. */
static EvaluateValueOrder compare_string(const EvaluatePathValue *seen,
                                         const PatternLiteral *literal)
{
    const char *text = yyjson_get_str(seen->value);
    gsize length = yyjson_get_len(seen->value);
    gboolean octets = evaluate_value_is_octets(seen);
    gboolean octet_literal = literal->kind == PATTERN_HEX || literal->kind == PATTERN_BINARY;

    if (literal->kind == PATTERN_STRING && !octets)
        return same_address(seen, literal)
                   ? EVALUATE_VALUE_EQUAL
                   : compare_bytes(text, length, literal->text, literal->length);
    if (literal->kind == PATTERN_TIMESTAMP)
        return octets ? EVALUATE_VALUE_OTHER_TYPE : compare_time(text, length, literal);
    if (literal->kind != PATTERN_STRING && !octet_literal)
        return EVALUATE_VALUE_OTHER_TYPE;
    g_autoptr(GBytes) a = octets ? evaluate_value_octets(seen) : octets_of_text(text, length);
    g_autoptr(GBytes) b = octet_literal ? g_bytes_new_static(literal->text, literal->length)
                                        : octets_of_text(literal->text, literal->length);
    return a && b ? compare_octets(a, b) : EVALUATE_VALUE_UNEQUAL;
}

static EvaluateValueOrder compare_number(yyjson_val *value, const PatternLiteral *literal)
{
    /* Its mantissa holds every 64-bit integer, so that nothing is rounded. */
    long double a = yyjson_is_uint(value)   ? (long double)yyjson_get_uint(value)
                    : yyjson_is_sint(value) ? (long double)yyjson_get_sint(value)
                                            : (long double)yyjson_get_real(value);
    long double b;
    if (literal->kind == PATTERN_INTEGER)
        b = (long double)literal->integer;
    else if (literal->kind == PATTERN_FLOAT)
        b = (long double)literal->real;
    else
        return EVALUATE_VALUE_OTHER_TYPE;
    return sign((a > b) - (a < b));
}

EvaluateValueOrder evaluate_value_compare(const EvaluatePathValue *seen,
                                          const PatternLiteral *literal)
{
    if (yyjson_is_str(seen->value))
        return compare_string(seen, literal);
    if (yyjson_is_num(seen->value))
        return compare_number(seen->value, literal);
    if (yyjson_is_bool(seen->value) && literal->kind == PATTERN_BOOLEAN)
        return yyjson_get_bool(seen->value) == !!literal->boolean ? EVALUATE_VALUE_EQUAL
                                                                  : EVALUATE_VALUE_OTHER_TYPE;
    return EVALUATE_VALUE_OTHER_TYPE;
}

/* Addresses at any `value` are brought to one form: too many find the same key, none is missed. */
static char *key_of_text(const char *name, const char *text, gsize length)
{
    ObservableAddress address;
    char canonical[OBSERVABLE_ADDRESS_MAX];
    if (strcmp(name, "value") == 0 && parse_single(text, length, &address)) {
        observable_address_format(&address, canonical);
        return g_strconcat("s", canonical, NULL);
    }
    if (memchr(text, '\0', length))
        return NULL;
    return g_strconcat("s", text, NULL);
}

static char *key_of_number(double number)
{
    return g_strdup_printf("n%.17g", number == 0 ? 0.0 : number);
}

char *evaluate_value_key(const EvaluatePathValue *seen)
{
    if (yyjson_is_str(seen->value))
        return key_of_text(seen->name, yyjson_get_str(seen->value), yyjson_get_len(seen->value));
    if (yyjson_is_num(seen->value))
        return key_of_number(yyjson_is_uint(seen->value)   ? (double)yyjson_get_uint(seen->value)
                             : yyjson_is_sint(seen->value) ? (double)yyjson_get_sint(seen->value)
                                                           : yyjson_get_real(seen->value));
    if (yyjson_is_bool(seen->value))
        return g_strdup(yyjson_get_bool(seen->value) ? "true" : "false");
    return NULL;
}

char *evaluate_value_literal_key(const PatternStep *steps, const PatternLiteral *literal)
{
    const char *name = NULL;
    for (; steps; steps = steps->next)
        if (steps->kind == PATTERN_STEP_NAME)
            name = steps->name;
    if (!name)
        return NULL;
    switch (literal->kind) {
    case PATTERN_STRING:
        return g_str_has_suffix(name, "_hex") || g_str_has_suffix(name, "_bin")
                   ? NULL
                   : key_of_text(name, literal->text, literal->length);
    case PATTERN_INTEGER:
        return key_of_number((double)literal->integer);
    case PATTERN_FLOAT:
        return key_of_number(literal->real);
    case PATTERN_BOOLEAN:
        return g_strdup(literal->boolean ? "true" : "false");
    default:
        return NULL;
    }
}
