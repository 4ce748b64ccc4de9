#include "shield/punycode.h"

#include <string.h>

/* RFC 3492 section 5. */
enum {
    BASE = 36,
    T_MIN = 1,
    T_MAX = 26,
    SKEW = 38,
    DAMP = 700,
    INITIAL_BIAS = 72,
    INITIAL_N = 0x80,
};

typedef struct {
    char *bytes;
    gsize length;
} Label;

static gboolean append(Label *label, char c)
{
    if (label->length == PUNYCODE_LABEL_MAX)
        return FALSE;
    label->bytes[label->length++] = c;
    return TRUE;
}

static guint adapt(guint delta, guint points, gboolean first)
{
    guint k = 0;

    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static gboolean append_number(Label *label, guint number, guint bias)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (guint k = BASE;; k += BASE) {
        guint t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
        if (number < t)
            return append(label, digits[number]);
        if (!append(label, digits[t + (number - t) % (BASE - t)]))
            return FALSE;
        number = (number - t) / (BASE - t);
    }
}

gsize punycode_label(const gunichar *characters, gsize count, char into[PUNYCODE_LABEL_MAX])
{
    Label label = {into, 4};
    gunichar n = INITIAL_N;
    guint bias = INITIAL_BIAS, delta = 0, basic = 0;

    if (count >= PUNYCODE_LABEL_MAX)
        return 0; /* each takes a byte at least; so few cannot overflow a delta either */
    memcpy(into, "xn--", 4);
    for (gsize i = 0; i < count; i++)
        if (characters[i] < INITIAL_N && !append(&label, (char)characters[i]))
            return 0;
    guint done = basic = (guint)label.length - 4;
    if (basic > 0 && !append(&label, '-'))
        return 0;
    while (done < count) {
        gunichar next = G_MAXUINT32;
        for (gsize i = 0; i < count; i++)
            if (characters[i] >= n && characters[i] < next)
                next = characters[i];
        delta += (next - n) * (done + 1);
        n = next;
        for (gsize i = 0; i < count; i++) {
            delta += characters[i] < n;
            if (characters[i] != n)
                continue;
            if (!append_number(&label, delta, bias))
                return 0;
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
    return label.length;
}
