#include "shield/observation.h"

#include <string.h>

#include "shield/spot.h"
#include "stix/observable_domain.h"
#include "stix/observable_url.h"

typedef struct {
    const Set *set;
    const Observation *observation;
    const ObservationValue *value; /* being looked up */
    ObservationFound found;
    gpointer user;
    GArray *known;   /* SetEntry: found in this observation so far */
    guint from, to;  /* those of them that the text of this value need not tell again */
    GArray *matches; /* SpotMatch */
    gboolean stopped;
} LookUp;

void observation_add(Observation *observation, ObservableKind kind, const char *text, gsize length,
                     const char *field, const char *path)
{
    if (observation->count == OBSERVATION_MAX_VALUES) {
        observation->left_out++;
        return;
    }
    observation->values[observation->count++] = (ObservationValue){
        .kind = kind, .text = text, .length = length, .field = field, .path = path};
}

static gboolean is_told(const LookUp *look_up, SetEntry entry)
{
    for (guint i = look_up->from; i < look_up->to; i++)
        if (g_array_index(look_up->known, SetEntry, i) == entry)
            return TRUE;
    return FALSE;
}

static void report(LookUp *look_up, SetEntry entry, const char *seen, gsize seen_length)
{
    ObservationHit hit = {
        .entry = entry, .value = look_up->value, .seen = seen, .seen_length = seen_length};

    if (entry == SET_NONE || look_up->stopped)
        return;
    g_array_append_val(look_up->known, entry);
    look_up->stopped = !look_up->found(look_up->user, look_up->observation, &hit);
}

static void report_all(LookUp *look_up, const SetEntry *entries, guint count)
{
    for (guint i = 0; i < count; i++)
        report(look_up, entries[i], look_up->value->text, look_up->value->length);
}

/* --- Values of a type ------------------------------------------------------------------------ */

/* "192.0.2.0/24" is a network, "192.0.2.1/24" an address and its mask, as in running text. */
static gboolean parse_address(const ObservationValue *value, ObservableAddress *ret_address)
{
    const char *slash = value->length > 0 ? memrchr(value->text, '/', value->length) : NULL;
    ObservableAddress network;

    if (!slash)
        return observable_address_parse(value->text, value->length, ret_address);
    if (!observable_address_parse(value->text, (gsize)(slash - value->text), ret_address) ||
        !observable_address_parse(value->text, value->length, &network))
        return FALSE;
    if (memcmp(network.bytes, ret_address->bytes, sizeof(network.bytes)) == 0)
        *ret_address = network;
    return TRUE;
}

static gboolean look_up_address(LookUp *look_up)
{
    ObservableAddress address;
    SetEntry found[SET_MAX_FOUND];

    if (!parse_address(look_up->value, &address))
        return FALSE;
    report_all(look_up, found, set_find_address(look_up->set, &address, found));
    return TRUE;
}

/* Shortest text that a hash is in. */
#define HASH_LEAST 32

/* A field of names may hold an address as well: a host is either. A label may be a hash: there are
 * services that are asked so. */
static gboolean look_up_domain(LookUp *look_up)
{
    const ObservationValue *value = look_up->value;
    char name[OBSERVABLE_DOMAIN_MAX + 1];
    SetEntry found[SET_MAX_FOUND];

    gsize length = observable_domain_canonical(value->text, value->length, 2, name);
    if (length == 0)
        return look_up_address(look_up);
    look_up->from = look_up->known->len;
    report_all(look_up, found, set_find_domain(look_up->set, name, length, found));
    look_up->to = look_up->known->len;
    return length < HASH_LEAST;
}

static gboolean look_up_exactly(LookUp *look_up)
{
    const ObservationValue *value = look_up->value;

    g_autofree char *canonical =
        observable_normalise(value->kind, value->text, value->length, NULL);
    if (!canonical)
        return FALSE;
    report(look_up, set_find(look_up->set, value->kind, canonical, strlen(canonical)), value->text,
           value->length);
    return TRUE;
}

static gboolean is_fingerprint(const ObservationValue *value)
{
    return value->kind == OBSERVABLE_JA3 || value->kind == OBSERVABLE_JA4;
}

/* --- Text ------------------------------------------------------------------------------------ */

/* In a name of a product, dotted quads are versions unless a URL has them for a host. */
static gboolean is_version(const ObservationValue *value, const SpotMatch *match)
{
    ObservableAddress address;
    return value->kind == OBSERVABLE_OTHER &&
           observable_address_parse(value->text + match->start, match->end - match->start,
                                    &address) &&
           !address.v6 &&
           (match->start < 3 || memcmp(value->text + match->start - 3, "://", 3) != 0);
}

static void look_up_text(LookUp *look_up)
{
    const ObservationValue *value = look_up->value;

    g_array_set_size(look_up->matches, 0);
    spot_text(look_up->set, value->text, value->length, look_up->matches);
    for (guint i = 0; i < look_up->matches->len; i++) {
        const SpotMatch *match = &g_array_index(look_up->matches, SpotMatch, i);
        if (is_version(value, match) || is_told(look_up, match->entry))
            continue;
        report(look_up, match->entry, value->text + match->start, match->end - match->start);
    }
}

/* The whole value is one URL, whatever characters it has; what running text would show in it, its
 * host and what stands in its query, counts beside. Where a field of its own told the host before,
 * that is enough. */
static void look_up_url(LookUp *look_up)
{
    const ObservationValue *value = look_up->value;
    SetEntry whole = SET_NONE;

    if (set_has(look_up->set, OBSERVABLE_URL)) {
        g_autofree char *url =
            observable_normalise(OBSERVABLE_URL, value->text, value->length, NULL);
        if (url)
            whole = set_find(look_up->set, OBSERVABLE_URL, url, strlen(url));
    }
    look_up->to = look_up->known->len;
    if (whole != SET_NONE && !is_told(look_up, whole))
        report(look_up, whole, value->text, value->length);
    look_up->to = look_up->known->len;
    look_up_text(look_up);
}

static void look_up_value(LookUp *look_up)
{
    const ObservationValue *value = look_up->value;
    gboolean is_value = FALSE;

    look_up->from = look_up->to = 0;
    if (value->kind == OBSERVABLE_URL) {
        look_up_url(look_up);
        return;
    }
    if (value->kind != OBSERVABLE_NONE && value->kind != OBSERVABLE_OTHER &&
        value->length <= OBSERVABLE_MAX_LENGTH) {
        if (value->kind <= OBSERVABLE_CIDR)
            is_value = look_up_address(look_up);
        else if (value->kind == OBSERVABLE_DOMAIN)
            is_value = look_up_domain(look_up);
        else if (value->kind != OBSERVABLE_EMAIL)
            is_value = look_up_exactly(look_up) || is_fingerprint(value);
    }
    if (!is_value)
        look_up_text(look_up);
}

gboolean observation_look_up(const Set *set, const Observation *observation, ObservationFound found,
                             gpointer user)
{
    g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(SetEntry));
    g_autoptr(GArray) matches = g_array_new(FALSE, FALSE, sizeof(SpotMatch));
    LookUp look_up = {.set = set,
                      .observation = observation,
                      .found = found,
                      .user = user,
                      .known = known,
                      .matches = matches};

    for (guint i = 0; i < observation->count && !look_up.stopped; i++) {
        look_up.value = &observation->values[i];
        look_up_value(&look_up);
    }
    return !look_up.stopped;
}
