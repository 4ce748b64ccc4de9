#include "base/canonjson.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/jsonguard.h"

/* UTF-8 sorts like code points. UTF-16 differs in one thing: characters beyond U+FFFF, which have a
 * lead byte of 0xf0 and more and are written as surrogates, come before U+E000 to U+FFFF, whose
 * lead bytes are 0xee and 0xef. */
int canonjson_compare_keys(const char *a, gsize a_length, const char *b, gsize b_length)
{
    gsize common = MIN(a_length, b_length);
    for (gsize i = 0; i < common; i++) {
        guchar left = (guchar)a[i];
        guchar right = (guchar)b[i];
        if (left == right)
            continue;
        if (left >= 0xee && right >= 0xee && (left >= 0xf0) != (right >= 0xf0))
            return left >= 0xf0 ? -1 : 1;
        return left < right ? -1 : 1;
    }
    return a_length == b_length ? 0 : a_length < b_length ? -1 : 1;
}

void canonjson_append_string(GString *out, const char *text, gsize length)
{
    static const char short_escapes[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    g_string_append_c(out, '"');
    gsize plain = 0; /* where what needs no escape began */
    for (gsize i = 0; i < length; i++) {
        guchar c = (guchar)text[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        g_string_append_len(out, text + plain, (gssize)(i - plain));
        plain = i + 1;
        if (c < ' ' && (c >= sizeof short_escapes || !short_escapes[c])) {
            g_string_append_printf(out, "\\u%04x", c);
            continue;
        }
        g_string_append_c(out, '\\');
        g_string_append_c(out, c < ' ' ? short_escapes[c] : (char)c);
    }
    g_string_append_len(out, text + plain, (gssize)(length - plain));
    g_string_append_c(out, '"');
}

static void append_whole(GString *out, guint64 number)
{
    char digits[20];
    gsize at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    g_string_append_len(out, digits + at, (gssize)(sizeof digits - at));
}

/* The fewest significant digits that read back as @number (which is positive), as ECMAScript asks;
 * *ret_point is where the decimal point stands, counted from before the first digit. */
static int shortest_digits(double number, char digits[18], int *ret_point)
{
    char text[32];
    int precision = 0;
    do {
        g_snprintf(text, sizeof text, "%.*e", precision, number);
    } while (precision++ < 16 && strtod(text, NULL) != number);

    int count = 0;
    const char *at = text;
    for (; *at && *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            digits[count++] = *at;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    *ret_point = atoi(at + 1) + 1;
    return count;
}

/* Number::toString of ECMAScript, which RFC 8785 section 3.2.2.3 refers to. */
void canonjson_append_number(GString *out, double number)
{
    if (number == 0) { /* minus zero too */
        g_string_append_c(out, '0');
        return;
    }
    if (number < 0) {
        g_string_append_c(out, '-');
        number = -number;
    }
    if (number < 9007199254740992.0 && number == trunc(number)) {
        append_whole(out, (guint64)number);
        return;
    }

    char digits[18];
    int point;
    int count = shortest_digits(number, digits, &point);
    if (count <= point && point <= 21) {
        g_string_append_len(out, digits, count);
        for (int i = count; i < point; i++)
            g_string_append_c(out, '0');
    } else if (point > 0 && point <= 21) {
        g_string_append_len(out, digits, point);
        g_string_append_c(out, '.');
        g_string_append_len(out, digits + point, count - point);
    } else if (point > -6 && point <= 0) {
        g_string_append(out, "0.");
        for (int i = point; i < 0; i++)
            g_string_append_c(out, '0');
        g_string_append_len(out, digits, count);
    } else {
        g_string_append_c(out, digits[0]);
        if (count > 1) {
            g_string_append_c(out, '.');
            g_string_append_len(out, digits + 1, count - 1);
        }
        g_string_append_printf(out, "e%+d", point - 1);
    }
}

int canonjson_compare(const void *a, const void *b)
{
    yyjson_val *left = *(yyjson_val *const *)a;
    yyjson_val *right = *(yyjson_val *const *)b;
    return canonjson_compare_keys(yyjson_get_str(left), yyjson_get_len(left), yyjson_get_str(right),
                                  yyjson_get_len(right));
}

static gboolean append_value(GString *out, yyjson_val *value, guint depth, GError **error);

static gboolean append_object(GString *out, yyjson_val *object, guint depth, GError **error)
{
    gsize count = yyjson_obj_size(object);
    g_autofree yyjson_val **keys = g_new(yyjson_val *, count);
    size_t at, size;
    yyjson_val *key, *value;
    yyjson_obj_foreach (object, at, size, key, value)
        keys[at] = key;
    if (count > 1)
        qsort(keys, count, sizeof *keys, canonjson_compare);

    g_string_append_c(out, '{');
    for (gsize i = 0; i < count; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        canonjson_append_string(out, yyjson_get_str(keys[i]), yyjson_get_len(keys[i]));
        g_string_append_c(out, ':');
        if (!append_value(out, yyjson_obj_iter_get_val(keys[i]), depth, error))
            return FALSE;
    }
    g_string_append_c(out, '}');
    return TRUE;
}

static gboolean append_array(GString *out, yyjson_val *array, guint depth, GError **error)
{
    size_t at, size;
    yyjson_val *element;
    g_string_append_c(out, '[');
    yyjson_arr_foreach (array, at, size, element) {
        if (at > 0)
            g_string_append_c(out, ',');
        if (!append_value(out, element, depth, error))
            return FALSE;
    }
    g_string_append_c(out, ']');
    return TRUE;
}

/* Recursion is bounded by @depth, the levels already open. */
static gboolean append_value(GString *out, yyjson_val *value, guint depth, GError **error)
{
    if (yyjson_is_ctn(value) && depth == JSONGUARD_MAX_DEPTH) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_LIMIT, "nested deeper than %d levels",
                    JSONGUARD_MAX_DEPTH);
        return FALSE;
    }
    if (yyjson_is_obj(value))
        return append_object(out, value, depth + 1, error);
    if (yyjson_is_arr(value))
        return append_array(out, value, depth + 1, error);
    if (yyjson_is_str(value))
        canonjson_append_string(out, yyjson_get_str(value), yyjson_get_len(value));
    else if (yyjson_is_num(value))
        canonjson_append_number(out, yyjson_get_num(value));
    else if (yyjson_is_bool(value))
        g_string_append(out, yyjson_get_bool(value) ? "true" : "false");
    else
        g_string_append(out, "null");
    return TRUE;
}

gboolean canonjson_append(GString *out, yyjson_val *value, GError **error)
{
    return append_value(out, value, 0, error);
}
