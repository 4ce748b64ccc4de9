#include <string.h>

#include "shield/warninglist_lists.h"
#include "stix/observable_address.h"
#include "stix/observable_url.h"

/* The lists found, as bits by their place. */
typedef struct {
    const Warninglist *lists;
    guint32 kind;
    guint64 places[WARNINGLIST_MAX / 64];
} Found;

static void note(Found *found, guint16 number)
{
    guint place = found->lists->places[number];
    if (warninglist_list(found->lists, number)->kinds & found->kind)
        found->places[place / 64] |= G_GUINT64_CONSTANT(1) << (place % 64);
}

static void look_up(Found *found, const WarninglistTable *table, gconstpointer key)
{
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(table->keys, key));
    if (known == 0)
        return;
    if (known <= WARNINGLIST_MAX) {
        note(found, (guint16)(known - 1));
        return;
    }
    const GArray *numbers = g_ptr_array_index(table->many, known - WARNINGLIST_MAX - 1);
    for (guint i = 0; i < numbers->len; i++)
        note(found, g_array_index(numbers, guint16, i));
}

static void look_up_address(Found *found, const ObservableAddress *address)
{
    const gboolean *prefixes = found->lists->prefixes[address->v6 != FALSE];
    WarninglistNet net = {.v6 = address->v6 != FALSE};

    memcpy(net.bytes, address->bytes, sizeof(net.bytes));
    for (guint prefix = address->prefix + 1u; prefix-- > 0;) {
        net.prefix = (guint8)prefix;
        if (prefix < address->prefix)
            net.bytes[prefix / 8] &= (guint8) ~(0x80 >> prefix % 8);
        if (prefixes[prefix])
            look_up(found, &found->lists->nets, &net);
    }
}

static void look_up_host(Found *found, const char *host)
{
    for (const char *name = host; name; name = strchr(name, '.')) {
        name += *name == '.';
        look_up(found, &found->lists->hosts, name);
    }
}

static void note_if_inside(Found *found, const WarninglistSubstring *substring, const char *at)
{
    if (strncmp(at, substring->text, substring->length) == 0)
        note(found, substring->list);
}

static void look_up_inside(Found *found, const char *text, gsize length)
{
    const Warninglist *lists = found->lists;
    gboolean stems = g_hash_table_size(lists->stems) > 0;

    for (gsize i = 0; i < length && (stems || lists->short_ones->len > 0); i++) {
        for (guint j = 0; j < lists->short_ones->len; j++)
            note_if_inside(found, &g_array_index(lists->short_ones, WarninglistSubstring, j),
                           text + i);
        const GArray *same = length - i >= WARNINGLIST_STEM
                                 ? g_hash_table_lookup(lists->stems, warninglist_stem(text + i))
                                 : NULL;
        for (guint j = 0; same && j < same->len; j++)
            note_if_inside(found, &g_array_index(same, WarninglistSubstring, j), text + i);
    }
}

static void look_up_regex(Found *found, const char *text)
{
    for (guint i = 0; i < found->lists->lists->len; i++) {
        const WarninglistList *list = warninglist_list(found->lists, i);
        for (guint j = 0; list->kinds & found->kind && j < list->regex->len; j++)
            if (g_regex_match(g_ptr_array_index(list->regex, j), text, 0, NULL))
                note(found, (guint16)i);
    }
}

static void look_up_url(Found *found, const char *text, gsize length)
{
    ObservableUrlParts parts;
    ObservableAddress address;
    g_autoptr(GString) url = g_string_new(NULL);

    if (!observable_url_append(text, length, url, &parts))
        return;
    g_autofree char *host = g_strndup(url->str + parts.host, parts.host_length);
    look_up_host(found, host);
    if (observable_address_parse(host, parts.host_length, &address))
        look_up_address(found, &address);
}

guint warninglist_match(const Warninglist *lists, ObservableKind kind, const char *canonical,
                        gsize length, guint16 ret_lists[WARNINGLIST_MAX])
{
    Found found = {.lists = lists, .kind = 1u << kind};
    ObservableAddress address;
    guint count = 0;

    look_up(&found, &lists->strings, canonical);
    if (kind == OBSERVABLE_DOMAIN)
        look_up_host(&found, canonical);
    else if (kind == OBSERVABLE_URL)
        look_up_url(&found, canonical, length);
    else if (found.kind & WARNINGLIST_ADDRESSES &&
             observable_address_parse(canonical, length, &address))
        look_up_address(&found, &address);
    look_up_inside(&found, canonical, length);
    if (lists->has_regex)
        look_up_regex(&found, canonical);
    for (guint i = 0; i < lists->lists->len; i++)
        if (found.places[i / 64] >> (i % 64) & 1)
            ret_lists[count++] = (guint16)i;
    return count;
}
